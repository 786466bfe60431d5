"""The task card as an output of a notebook: what the front end makes live, Markdown for whoever cannot, plain text.

All of it is saved in the notebook, and goes wherever that goes: it says what was asked and answered, and no address.
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from wegent_jupyter.client.agents import AGENTS
from wegent_jupyter.client.seen import SeenTask, SeenTurn
from wegent_jupyter.notebook.changed import files_of
from wegent_jupyter.notebook.markdown import clean, code, cut, inline, one_line, prose
from wegent_jupyter.protocol.api import Usage
from wegent_jupyter.protocol.states import TurnState
from wegent_jupyter.protocol.transcript import Item

MIME: Final = "application/vnd.wegent.task+json"
VERSION: Final = 1
MAX_ANSWER, MAX_PROMPT, MAX_LIST = 20_000, 4_000, 50
"""Characters, characters, entries: a notebook keeps every card."""
CUT: Final = "\n\n… (cut: the task has all of it)"
PRACTICE: Final = "PRACTICE: scripted, not AI"
STATES: Final = {
    "queued": "Queued",
    "starting": "Starting",
    "running": "Running",
    "waiting": "Waiting for you",
    "completed": "Done",
    "failed": "Failed",
    "cancelled": "Stopped",
}
MARKS: Final = {"completed": "✓", "failed": "✕", "cancelled": "✕"}


def bundle(seen: SeenTask, turn_id: int | None = None) -> dict[str, Any]:
    """Return an output by MIME type: the card of a task, or of one of its turns."""
    card = {
        "version": VERSION,
        "gateway": seen.gateway_id,
        "task_id": seen.task.id,
        "turn_id": turn_id,
        "snapshot": snapshot(seen, turn_id),
    }
    return {MIME: card, "text/markdown": markdown(card), "text/plain": plain(card)}


def snapshot(seen: SeenTask, turn_id: int | None = None) -> dict[str, Any]:
    """Return what a card says: of that turn, else of the newest."""
    task, one = seen.task, seen.turn(turn_id)
    turn = one.turn if one is not None else None
    agent, error = (turn or task).agent, (turn or task).error
    answer = clean(one.text).strip() if one is not None else ""
    return {
        "title": one_line(task.title),
        "agent": one_line(agent),
        "agent_name": AGENTS.get(agent, one_line(agent)),
        "practice": (turn or task).practice,
        "device": one_line(seen.device_name),
        "mode": (turn or task).mode,
        "state": state_of(one) if one is not None else task.state.value,
        "prompt": cut(clean(turn.prompt), MAX_PROMPT, CUT) if turn is not None else "",
        "sent": _sent(one) if one is not None else [],
        "answer": cut(answer, MAX_ANSWER, CUT),
        "tools": _tools(one) if one is not None else [],
        "diffs": _diffs(one, task.workspace) if one is not None else [],
        "error": {"message": _text(error.message), "fix": _text(error.fix)} if error is not None else None,
        "usage": _used(turn.usage) if turn is not None and turn.usage is not None else None,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def state_of(seen: SeenTurn) -> str:
    """Return a turn's state; `waiting` while it needs a person."""
    state = seen.turn.state
    return "waiting" if state is TurnState.RUNNING and any(map(_asks, seen.items)) else state.value


def _asks(item: Item) -> bool:
    approval = item.get("approval") if item["kind"] == "approval" else None
    return isinstance(approval, dict) and approval.get("state") == "open"


def markdown(card: dict[str, Any]) -> str:
    """Return a card for renderers that do not know it; nothing in it does anything."""
    shown = card["snapshot"]
    return "\n\n".join(part for part in _markdown(card["task_id"], shown) if part)


def _markdown(task_id: int, shown: dict[str, Any]) -> Iterator[str]:
    yield f"**Wegent task {task_id}:** {inline(shown['title'])}"
    if shown["practice"]:
        yield f"**{PRACTICE}**"
    yield inline(_about(shown))
    yield "**You asked:**"
    yield prose(shown["prompt"], breaks=True)
    yield _bullets("Sent with it:", [f"{code(one['name'])} {inline(_sent_line(one))}" for one in shown["sent"]])
    yield "**Answer:**" if shown["answer"] else ""
    yield prose(shown["answer"])
    yield _bullets(
        "What it did:", [f"{MARKS.get(one['status'], '•')} {inline(one['title'])}" for one in shown["tools"]]
    )
    yield _bullets("What it changed:", [f"{code(one['path'])} {_lines(one)}" for one in shown["diffs"]])
    if shown["error"] is not None:
        yield f"**Error:** {inline(shown['error']['message'])}"
        yield inline(shown["error"]["fix"] or "")
    yield inline(_usage(shown["usage"]))


def plain(card: dict[str, Any]) -> str:
    """Return a card as text for a terminal."""
    shown = card["snapshot"]
    error = shown["error"] or {"message": "", "fix": ""}
    lines = [
        f"Wegent task {card['task_id']}: {shown['title']}",
        PRACTICE if shown["practice"] else "",
        _about(shown),
        *(f"sent {one['name']}: {_sent_line(one)}" for one in shown["sent"]),
        *(f"{MARKS.get(one['status'], '•')} {one['title']}" for one in shown["tools"]),
        *(f"changed {one['path']} {_lines(one)}" for one in shown["diffs"]),
        shown["answer"],
        error["message"],
        error["fix"],
    ]
    return "\n".join(line for line in lines if line)


def _about(shown: dict[str, Any]) -> str:
    return f"{shown['agent_name']} on {shown['device']} · {STATES.get(shown['state'], shown['state'])}"


def _bullets(head: str, lines: list[str]) -> str:
    return "\n".join([f"**{head}**", "", *(f"- {line}" for line in lines)]) if lines else ""


def _sent(seen: SeenTurn) -> list[dict[str, Any]]:
    items = [(one.name, one.detail, len(one.text.encode())) for one in seen.turn.context]
    files = [(one.name, one.type, one.size) for one in seen.turn.attachments]
    return [{"name": one_line(name), "detail": one_line(detail), "size": size} for name, detail, size in items + files]


def _sent_line(one: dict[str, Any]) -> str:
    return f"{one['detail']}{'; ' if one['detail'] else ''}{size_of(one['size'])}"


def size_of(count: int) -> str:
    """Return a number of bytes in words."""
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    return f"{count / 1000:.0f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _tools(seen: SeenTurn) -> list[dict[str, str]]:
    tools = [one for one in seen.items if one["kind"] == "tool"]
    return [
        {"title": one_line(_str(one.get("title")) or "A tool"), "status": one_line(_str(one.get("status")))}
        for one in tools[-MAX_LIST:]
    ]


def _diffs(seen: SeenTurn, workspace: str | None) -> list[dict[str, Any]]:
    """Return what the turn changed: as its device found at its end; until then, as its tools say."""
    try:
        found = [(one.path, one.added, one.removed) for one in files_of(seen)]
    except ValidationError:  # a device says what it likes
        found = []
    files = (found or list(_edits(seen, workspace)))[:MAX_LIST]
    return [{"path": one_line(path, 400), "added": added, "removed": removed} for path, added, removed in files]


def _edits(seen: SeenTurn, workspace: str | None) -> Iterator[tuple[str, int, int]]:
    texts: dict[str, tuple[str | None, str | None]] = {}
    """Before the turn and now; None: there is no such file."""
    for diff in (one for item in seen.items if item["kind"] == "tool" for one in item.get("diffs") or []):
        if isinstance(diff, dict) and (path := _below(workspace, _str(diff.get("path")))):
            old, new = (one if isinstance(one, str) else None for one in (diff.get("old"), diff.get("new")))
            texts[path] = (texts[path][0] if path in texts else old, new)
    changed = [(path, old or "", new or "") for path, (old, new) in texts.items() if old != new]
    for path, before, after in changed[:MAX_LIST]:
        gone, come = Counter(before.splitlines()), Counter(after.splitlines())  # a line that moved does not count
        yield path, (come - gone).total(), (gone - come).total()


def _below(workspace: str | None, path: str) -> str:
    """Return a path as the device tells it at the end of the turn: from the task's directory on, with `/`."""
    root = (workspace or "").rstrip("/\\")
    if not root or not path.startswith((f"{root}/", f"{root}\\")):
        return path
    below = path[len(root) + 1 :]
    return below.replace("\\", "/") if "\\" in root else below


def _lines(one: dict[str, Any]) -> str:
    return (
        "" if one["added"] is None or one["removed"] is None else f"+{one['added']:,} \N{MINUS SIGN}{one['removed']:,}"
    )


def _used(usage: Usage) -> dict[str, Any]:
    """Return what is known of it; what is no number is no JSON either."""
    return {name: value for name, value in usage.model_dump(exclude_none=True).items() if math.isfinite(value)}


def _usage(usage: dict[str, Any] | None) -> str:
    if not usage:
        return ""
    cost = usage.get("session_cost_usd")
    tokens = f"{usage.get('input_tokens', 0):,} tokens in, {usage.get('output_tokens', 0):,} out"
    return tokens if cost is None else f"{tokens}, {cost:.4f} US dollars so far"


def _str(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _text(value: str | None) -> str | None:
    return cut(clean(value), 2000) if value is not None else None
