"""What came of many prompts: rows that make a DataFrame, a table to look at, and how far it is meanwhile."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from wegent_jupyter.client.seen import SeenTask

if TYPE_CHECKING:
    from wegent_jupyter.notebook.task_object import Task

Row = dict[str, Any]
MAX_ROWS, MAX_CELL = 100, 120
"""Rows, and characters of a cell, that are shown; all are there."""
NOTHING: Final[Row] = {
    "task_id": None,
    "device": None,
    "agent": None,
    "practice": False,
    "status": "not started",
    "text": "",
    "error": None,
    "seconds": None,
    "input_tokens": None,
    "output_tokens": None,
    "cost": None,
}
_FONT: Final = (
    "font-family:var(--jp-ui-font-family, system-ui, sans-serif);font-size:var(--jp-ui-font-size1, 13px);"
    "color:var(--jp-ui-font-color1, inherit)"
)
PRACTICE: Final = "PRACTICE: scripted, not AI"


def row_of(prompt: str, seen: SeenTask | None = None, **known: Any) -> Row:
    """Return the row of a prompt."""
    turn = seen.turn() if seen is not None else None
    if seen is None or turn is None:
        return {"prompt": prompt, **NOTHING, **known}
    one, usage = turn.turn, turn.turn.usage
    return {
        "prompt": prompt,
        "task_id": one.task_id,
        "device": seen.device_name,
        "agent": one.agent,
        "practice": one.practice,
        "status": one.state.value,
        "text": turn.text,
        "error": one.error.message if one.error is not None else None,
        "seconds": _seconds(one.started_at, one.ended_at),
        "input_tokens": usage.input_tokens if usage is not None else None,
        "output_tokens": usage.output_tokens if usage is not None else None,
        "cost": usage.session_cost_usd if usage is not None else None,
    }


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 3)


class Results(list[Row]):
    """A row for each prompt, in their order: `pandas.DataFrame(results)` makes a table of them."""

    def __init__(self, rows: Iterable[Row] = (), tasks: Sequence["Task | None"] = ()) -> None:
        """Keep rows, and the tasks behind them."""
        super().__init__(rows)
        self.tasks = list(tasks)
        """None for a prompt that was not started."""

    def __repr__(self) -> str:
        """Return a table as text."""
        from wegent_jupyter.notebook.widgets.looks import plain

        return plain(self._parts())

    def _repr_html_(self) -> str:
        """Return a table."""
        from wegent_jupyter.notebook.widgets.looks import page

        return page(self._parts())

    def _parts(self) -> list[Any]:
        from wegent_jupyter.notebook.widgets.looks import Code, Line, Table

        rows = [
            [
                _short(one["prompt"]),
                one["device"] or "",
                _mark(one["status"]),
                _short(one["error"] or one["text"]),
                f"{one['seconds']:.1f}" if one["seconds"] is not None else "",
            ]
            for one in self[:MAX_ROWS]
        ]
        head = ("Prompt", "Device", "How it ended", "Answer", "Seconds")
        band = [Line(PRACTICE, "warning")] if any(one["practice"] for one in self) else []
        how = Line(["All of it:", Code("pandas.DataFrame(results)"), "The tasks:", Code("results.tasks")], "hint")
        return [*band, Table(head, rows, max(0, len(self) - MAX_ROWS)), how]


class Progress:
    """A bar in the output of a cell, where there is one."""

    def __init__(self, all_: int) -> None:
        """Show nothing yet."""
        self._all, self._count = all_, {"finished": 0}
        self._handle: Any = None
        self._last: Any = None

    def show(self, count: dict[str, int]) -> None:
        """Show how many stand how; to be called in the thread of the notebook."""
        if count == self._last or not self._all or not _in_notebook():
            return
        from IPython.display import display

        self._last = self._count = count
        if self._handle is None:
            self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]  # IPython is not typed
        else:
            self._handle.update(self)

    def __repr__(self) -> str:
        """Return it as words."""
        words = {"finished": "finished", "failed": "failed", "running": "running", "queued": "waiting for a slot"}
        said = [f"{self._count.get(key, 0)} {word}" for key, word in words.items() if self._count.get(key)]
        waiting = self._count.get("waiting", 0)
        asks = [f"{waiting} {'waits' if waiting == 1 else 'wait'} for you (sidebar)"] if waiting else []
        return f"{self._done} of {self._all}: {', '.join([*said, *asks]) or 'starting'}"

    def _repr_html_(self) -> str:
        """Return a bar with words beside it."""
        from html import escape

        words = escape(repr(self))
        return (
            f'<div style="display:flex;gap:8px;align-items:center;{_FONT}"><progress aria-label="{words}" '
            f'value="{self._done}" max="{self._all}" style="width:16em"></progress><span>{words}</span></div>'
        )

    @property
    def _done(self) -> int:
        return self._count.get("finished", 0) + self._count.get("failed", 0)


def _in_notebook() -> bool:
    there = sys.modules.get("IPython")
    return there is not None and there.get_ipython() is not None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_CELL else f"{line[: MAX_CELL - 1]}…"


def _mark(status: str) -> Any:
    from wegent_jupyter.notebook.card import STATES
    from wegent_jupyter.notebook.widgets.looks import Mark

    tone = {"completed": "good", "failed": "bad", "not started": "bad"}.get(status, "none")
    return Mark(STATES.get(status, status), tone)  # type: ignore[arg-type]
