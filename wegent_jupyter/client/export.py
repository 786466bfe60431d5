"""A task as a notebook: what was said as Markdown, what was run and written as code, with outputs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wegent_jupyter.client.agents import AGENTS
from wegent_jupyter.client.export_cells import Cells, quoted
from wegent_jupyter.client.export_items import add_items
from wegent_jupyter.client.harmless import harmless, typed, words
from wegent_jupyter.client.seen import SeenTask, SeenTurn
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.changes import FileDiff
from wegent_jupyter.protocol.states import TurnState

VERSION: Final = 1
"""Of the metadata."""
KEY: Final = "wegent"
PRACTICE: Final = "**PRACTICE: scripted, not AI**"
NAME: Final = "transcript.ipynb"
CAUTION = (
    "Nothing runs when this notebook is opened. Its code cells are what the agent ran and wrote, on its device: "
    "*Run All* would run them here."
)
MODES: dict[api.Mode, str] = {
    "ask": "asks first",
    "edits": "accepts edits",
    "plan": "plans only",
    "full": "full access",
}


def notebook(seen: SeenTask, changes: Mapping[int, Sequence[FileDiff]] | None = None, name: str = NAME) -> Any:
    """Return a valid nbformat notebook of a task; `changes` has the diffs of its turns by id, `name` is its file."""
    import nbformat
    from nbformat import v4

    cells = Cells()
    cells.say(*_head(seen))
    for turn in seen.turns:
        _add_turn(cells, seen, turn, (changes or {}).get(turn.turn.id, ()))
    _add_foot(cells, name)
    made = v4.new_notebook(cells=cells.made, metadata=_metadata(seen))
    nbformat.validate(made)
    return made


def _metadata(seen: SeenTask) -> dict[str, Any]:
    return {
        "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
        "language_info": {"name": "python"},
        KEY: {"version": VERSION, "gateway": seen.gateway_id, "task_id": seen.task.id},
    }


def _head(seen: SeenTask) -> list[str]:
    task = seen.task
    about = [
        f"- Task {task.id}, {_day(task.created_at)}",
        f"- On {words(seen.device_name)}" + (f", in {words(task.workspace)}" if task.workspace else ""),
    ]
    practice = PRACTICE if any(one.turn.practice for one in seen.turns) else ""
    return [f"# {words(task.title) or f'Task {task.id}'}", practice, "\n".join(about), CAUTION]


def _add_turn(cells: Cells, seen: SeenTask, turn: SeenTurn, diffs: Sequence[FileDiff]) -> None:
    one = turn.turn
    cells.say(f"## {one.number}. You", typed(one.prompt), *_sent(one))
    cells.say(f"### {words(AGENTS.get(one.agent, one.agent))}", PRACTICE if one.practice else "", _how(seen, one))
    add_items(cells, turn.items, diffs, seen.task.workspace or "")
    cells.say(*_end(one))


def _sent(turn: api.Turn) -> list[str]:
    sent = [words(one.name) + (f" ({words(one.detail)})" if one.detail else "") for one in turn.context]
    sent += [f"{words(one.name)} ({one.size:,} bytes)" for one in turn.attachments]
    return [f"*Sent with it:* {', '.join(sent)}"] if sent else []


def _how(seen: SeenTask, turn: api.Turn) -> str:
    elsewhere = [f"on device {words(turn.device_id)}"] if turn.device_id != seen.task.device_id else []
    model = [f"model {words(turn.model)}"] if turn.model else []
    began = [_day(turn.started_at)] if turn.started_at else []
    return " · ".join([MODES[turn.mode], *model, *elsewhere, *began])


def _end(turn: api.Turn) -> list[str]:
    said = [f"*{_state(turn)}{_used(turn.usage)}*"]
    if turn.error is not None:
        said.append(quoted(harmless(turn.error.message)))
        said += [quoted("What to do: " + harmless(turn.error.fix))] if turn.error.fix else []
    return said


def _state(turn: api.Turn) -> str:
    words_ = {TurnState.COMPLETED: "Completed", TurnState.FAILED: "Failed", TurnState.CANCELLED: "Stopped"}
    return words_.get(turn.state, "Not over when this was saved")


def _used(usage: api.Usage | None) -> str:
    if usage is None:
        return ""
    cost = f" · {usage.session_cost_usd:.4f} US dollars so far" if usage.session_cost_usd is not None else ""
    return f" · {usage.input_tokens or 0:,} tokens in, {usage.output_tokens or 0:,} out{cost}"


def _day(iso: str) -> str:
    """Return a time of ours, to the minute; it came from a server."""
    return words(iso[:16].replace("T", " ")) + " UTC"


def _add_foot(cells: Cells, name: str) -> None:
    cells.say(
        "## Go on with this task",
        "Run the next cell on the server on which the task is; then, in a new cell, `task.reply('…')`.",
    )
    load = f"task = wg.load({json.dumps(name, ensure_ascii=False)})"
    cells.code(f"from wegent_jupyter import notebook as wg\n\n{load}\ntask", tag="wegent-continue")
