"""What was said in a task, for an agent that was not there. Every function runs in a store thread."""

from collections.abc import Iterator

from pydantic_core import from_json
from sqlalchemy import Connection, select

from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.tables import events
from wegent_jupyter.protocol.api import Turn
from wegent_jupyter.protocol.context import CLOSING, OPENING, with_context, without_context
from wegent_jupyter.protocol.transcript import Item, apply_item

Said = dict[str, str]
"""{role: "user" | "assistant" | "note", content}"""

MAX_BYTES = 64 << 10
"""64 KiB of UTF-8 in all: about 16,000 tokens, which every model has room for beside its work."""
CUT = "What was said before this was left out, as it is too long."
_OURS = ("notice", "trust", "changes")
"""Kinds of items that are about a run and not of it: there are some before the agent has its prompt."""
_ROLES = {"message": "assistant", "steer": "user"}


def said(connection: Connection, turn: Turn, *, session: bool) -> list[Said]:
    """Return what was said in the task of `turn` before it, oldest first and at most `MAX_BYTES`: the newest is kept.

    With a `session`, its agent on that device knows all up to the last turn that it worked on there.
    """
    before = [one for one in records.turns_of(connection, turn.task_id) if one.id != turn.id and one.started_at]
    before.sort(key=lambda one: one.started_at or "")
    if session:
        before = before[_known(connection, turn, before) :]
    return bounded(_backwards(connection, turn, before))


def _known(connection: Connection, turn: Turn, before: list[Turn]) -> int:
    """Return how many of the turns before it the session in which `turn` goes on has."""
    for number in range(len(before), 0, -1):
        one = before[number - 1]
        if (one.device_id, one.agent) == (turn.device_id, turn.agent) and worked(connection, one):
            return number
    return 0


def worked(connection: Connection, turn: Turn) -> bool:
    """Say whether an agent did anything in a turn; else it may have failed before it had the prompt."""
    query = select(events.c.data).where(events.c.attempt_id == turn.attempt_id, events.c.type != "turn")
    return any(from_json(row.data).get("kind") not in _OURS for row in connection.execute(query))


def _backwards(connection: Connection, turn: Turn, before: list[Turn]) -> Iterator[Said]:
    """Yield what was said, newest first, so that nothing is read that would be left out."""
    for one in reversed(before):
        answered = _answered(connection, one)
        if not answered and (one.prompt, one.context) == (turn.prompt, turn.context):
            continue  # it failed before it said anything, and is being tried again
        yield from reversed([{"role": "user", "content": with_context(one.prompt, one.context)}, *answered])


def _answered(connection: Connection, turn: Turn) -> list[Said]:
    """Return what agent and user said after the prompt, in order; thoughts, tools and plans are not said."""
    query = select(events.c.type, events.c.data).where(events.c.attempt_id == turn.attempt_id).order_by(events.c.pos)
    parts: dict[str, list[tuple[str, Item]]] = {}
    for row in connection.execute(query):
        data = from_json(row.data) if row.type != "turn" else {}
        if data.get("kind") in _ROLES:
            parts.setdefault(data["item_id"], []).append((row.type, data))
    items: dict[str, Item] = {}
    for several in parts.values():
        for type_, data in records.joined(several):
            apply_item(items, type_, data)
    ordered = sorted(items.values(), key=lambda item: item["index"])
    return [{"role": _ROLES[item["kind"]], "content": item["text"]} for item in ordered if item["text"].strip()]


def bounded(newest_first: Iterator[Said]) -> list[Said]:
    """Return the newest of what was said, oldest first; says so when something was left out."""
    kept: list[Said] = []
    left = MAX_BYTES
    for one in newest_first:
        content = one["content"].encode()
        if len(content) > left:
            # The end of a text is worth more than its beginning, except when hardly anything of it is left.
            if left > MAX_BYTES // 8:
                kept.append({**one, "content": _end(one["content"], left)})
            kept.append({"role": "note", "content": CUT})
            break
        kept.append(one)
        left -= len(content)
    return kept[::-1]


def _end(text: str, size: int) -> str:
    """Return the last `size` bytes of what was said: never half of what a person sent, which would read as said."""
    kept = text.encode()[-size:].decode(errors="ignore")
    if CLOSING in kept and OPENING not in kept:
        kept = without_context(text).encode()[-size:].decode(errors="ignore")
    return f"…{kept}"
