"""The statements of the gateway. Every function runs in a store thread, on the connection it is given."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

from pydantic_core import PydanticSerializationError, from_json, to_json
from sqlalchemy import Connection, Executable, Table, bindparam, delete, func, select, update

from wegent_jupyter.gateway.store.tables import (
    approvals,
    attachments,
    attempts,
    devices,
    events,
    meta,
    projects,
    providers,
    tasks,
    turns,
)
from wegent_jupyter.protocol.api import Approval, Task, Turn
from wegent_jupyter.protocol.jsonable import bounded
from wegent_jupyter.protocol.states import AttemptState
from wegent_jupyter.protocol.transcript import Item, apply_item

Row = dict[str, Any]
EventType = Literal["turn", "delta", "item"]
NewEvent = tuple[int, int | None, EventType, str]
"""(turn_id, attempt_id, type, data as JSON)"""


MAX_WORKSPACES = 1_000
"""Tasks of which a command may use the directory."""


@dataclass(slots=True, frozen=True)
class Stored:
    """An event of a task's history. `text` is the whole `api.Event` as JSON: it is passed on as it is, never parsed."""

    pos: int
    text: str

    @classmethod
    def of(cls, task_id: int, pos: int, new: NewEvent) -> "Stored":
        """Return an event at its place in a task's history."""
        turn_id, attempt_id, type_, data = new
        head = f'{{"task_id":{task_id},"pos":{pos},"turn_id":{turn_id},"attempt_id":{attempt_id or "null"}'
        return cls(pos, f'{head},"type":"{type_}","data":{data}}}')


# Statements of the hot paths are made once: building one takes SQLAlchemy five times as long as running it.
_RESERVE = (
    update(tasks)
    .where(tasks.c.id == bindparam("task"))
    .values(last_pos=tasks.c.last_pos + bindparam("count"))
    .returning(tasks.c.last_pos)
)
_APPEND = events.insert()
_EVENTS_AFTER = (
    select(events.c.pos, events.c.turn_id, events.c.attempt_id, events.c.type, events.c.data)
    .where(events.c.task_id == bindparam("task"), events.c.pos > bindparam("after"))
    .order_by(events.c.pos)
    .limit(bindparam("most"))
)
_UPDATE_TASK = (
    update(tasks)
    .where(tasks.c.id == bindparam("task"))
    .values(owner=bindparam("owner"), updated_at=bindparam("updated_at"), data=bindparam("data"))
)


def dumps(data: Any) -> str:
    """Return compact JSON that keeps other scripts readable, with `null` for numbers that JSON does not have.

    Half of a surrogate pair, which a peer in JavaScript can send and no database takes, becomes U+FFFD; what is nested
    too deeply becomes `…`.
    """
    try:
        return to_json(data, inf_nan_mode="null").decode()  # a quarter of the standard library's time
    except PydanticSerializationError:
        text = json.dumps(bounded(data), ensure_ascii=False)
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return to_json(json.loads(whole), inf_nan_mode="null").decode()


def storable(data: Row) -> Row:
    """Return data as it will be when it is read again."""
    found: Row = json.loads(dumps(bounded(data)))
    return found


@cache
def _upsert(table: Table, names: tuple[str, ...], dialect: str) -> Executable:
    # Each dialect takes 2 MiB, so only the one in use is imported.
    statement: Any = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in names if name not in keys}
    made: Executable = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return made


def upsert(connection: Connection, table: Table, row: Row) -> None:
    """Insert a row, or replace the columns given of the one with its key."""
    connection.execute(_upsert(table, tuple(row), connection.dialect.name), row)


def get_meta(connection: Connection, key: str) -> str | None:
    """Return a value of the `meta` table."""
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Set a value of the `meta` table."""
    upsert(connection, meta, {"key": key, "value": value})


def highest_id(connection: Connection) -> int:
    """Return the highest id that was ever stored, 0 in an empty database."""
    return max(
        connection.execute(select(func.max(t.c.id))).scalar() or 0
        for t in (tasks, turns, attempts, projects, attachments, providers)
    )


def all_devices(connection: Connection) -> list[tuple[str, Row]]:
    """Return (owner, data) of every device."""
    return [(row.owner, json.loads(row.data)) for row in connection.execute(select(devices))]


def save_device(connection: Connection, owner: str, device_id: str, data: Row) -> None:
    """Insert or replace a device."""
    upsert(connection, devices, {"owner": owner, "device_id": device_id, "data": dumps(data)})


def remove_device(connection: Connection, owner: str, device_id: str) -> None:
    """Remove a device."""
    connection.execute(delete(devices).where(devices.c.owner == owner, devices.c.device_id == device_id))


def save_task(connection: Connection, owner: str, task: Task, extra: Row) -> None:
    """Insert or replace a task; its `last_pos` is left alone."""
    data = {**task.model_dump(mode="json"), **extra}
    row = {"owner": owner, "updated_at": task.updated_at, "data": dumps(data)}
    if connection.execute(_UPDATE_TASK, {"task": task.id, **row}).rowcount == 0:
        connection.execute(tasks.insert(), {"id": task.id, **row, "last_pos": 0})


def load_task(connection: Connection, task_id: int) -> tuple[str, Row, int] | None:
    """Return (owner, data, last_pos) of a task."""
    row = connection.execute(select(tasks).where(tasks.c.id == task_id)).first()
    return None if row is None else (row.owner, json.loads(row.data), row.last_pos)


def list_tasks(connection: Connection, owner: str, limit: int, before: str | None) -> tuple[list[Row], int]:
    """Return the data of an owner's tasks, newest activity first, and how many there are in all."""
    mine = tasks.c.owner == owner
    query = select(tasks.c.data).where(mine).order_by(tasks.c.updated_at.desc(), tasks.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tasks.c.updated_at < before)
    total = connection.execute(select(func.count()).select_from(tasks).where(mine)).scalar_one()
    return [json.loads(row.data) for row in connection.execute(query)], total


def workspaces_on(connection: Connection, owner: str, device_id: str) -> list[str]:
    """Return the directories in which an owner's tasks run on a device, those of the newest tasks first."""
    rows, _ = list_tasks(connection, owner, MAX_WORKSPACES, None)
    found: dict[str, None] = {}
    for row in rows:
        place = row["places"].get(device_id, {}) if "places" in row else {}
        path = place.get("workspace") if "places" in row or row["device_id"] != device_id else row["workspace"]
        if path:
            found[path] = None
    return list(found)


def worktrees_of(connection: Connection, owner: str) -> list[tuple[int, str, str]]:
    """Return (task, device, directory) of the worktrees of an owner's tasks, newest first."""
    rows, _ = list_tasks(connection, owner, MAX_WORKSPACES, None)
    return [
        (row["id"], device_id, place["workspace"])
        for row in rows
        for device_id, place in row.get("places", {}).items()
        if place.get("source") == "git_worktree" and place.get("workspace")
    ]


def save_turn(connection: Connection, turn: Turn) -> None:
    """Insert or replace a turn."""
    data = dumps(turn.model_dump(mode="json"))
    upsert(connection, turns, {"id": turn.id, "task_id": turn.task_id, "final": turn.state.final, "data": data})


def turns_of(connection: Connection, task_id: int) -> list[Turn]:
    """Return a task's turns in order."""
    rows = connection.execute(select(turns.c.data).where(turns.c.task_id == task_id).order_by(turns.c.id))
    return [Turn.model_validate_json(row.data) for row in rows]


def open_turns(connection: Connection) -> list[Turn]:
    """Return every turn that is not finished, oldest first."""
    rows = connection.execute(select(turns.c.data).where(turns.c.final.is_(False)).order_by(turns.c.id))
    return [Turn.model_validate_json(row.data) for row in rows]


def save_attempt(connection: Connection, row: Row) -> None:
    """Insert or replace an attempt."""
    upsert(connection, attempts, row)


def set_attempt(connection: Connection, attempt_id: int, state: AttemptState, last_seq: int) -> None:
    """Store where an attempt stands."""
    connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(state=state.value, last_seq=last_seq))


def load_attempts(connection: Connection, turn_ids: Sequence[int]) -> list[Row]:
    """Return the attempts of the given turns."""
    rows = connection.execute(select(attempts).where(attempts.c.turn_id.in_(turn_ids)))
    return [dict(row._mapping) for row in rows]


def save_approval(connection: Connection, owner: str, approval: Approval, delivered: bool) -> None:
    """Insert or replace an approval."""
    data = dumps(approval.model_dump(mode="json"))
    row = {"id": approval.id, "turn_id": approval.turn_id, "owner": owner, "delivered": delivered, "data": data}
    upsert(connection, approvals, row)


def load_approval(connection: Connection, owner: str, approval_id: str) -> Approval | None:
    """Return an approval of an owner."""
    query = select(approvals.c.data).where(approvals.c.id == approval_id, approvals.c.owner == owner)
    data = connection.execute(query).scalar()
    return None if data is None else Approval.model_validate_json(data)


def approvals_of(connection: Connection, turn_id: int) -> list[tuple[Approval, bool]]:
    """Return a turn's approvals, and whether its device has the answer, in the order in which they were asked."""
    rows = connection.execute(select(approvals).where(approvals.c.turn_id == turn_id))
    found = [(Approval.model_validate(json.loads(row.data)), bool(row.delivered)) for row in rows]
    return sorted(found, key=lambda one: one[0].created_at)


def lost_turn(connection: Connection, attempt_id: int) -> tuple[Turn | None, Row | None]:
    """Return a failed attempt, and its turn if no newer attempt was made of it."""
    row = connection.execute(select(attempts).where(attempts.c.id == attempt_id)).first()
    if row is None or row.state != AttemptState.FAILED:
        return None, None
    data = connection.execute(select(turns.c.data).where(turns.c.id == row.turn_id)).scalar_one()
    turn = Turn.model_validate_json(data)
    return (turn if turn.attempt_id == attempt_id else None), dict(row._mapping)


def append_events(connection: Connection, task_id: int, new: Iterable[NewEvent]) -> list[tuple[int, NewEvent]]:
    """Append to a task's history; returns (pos, event) as this transaction numbers them."""
    batch = list(new)
    last: int = connection.execute(_RESERVE, {"task": task_id, "count": len(batch)}).scalar_one()
    placed = list(enumerate(batch, start=last - len(batch) + 1))
    connection.execute(
        _APPEND,
        [
            {"task_id": task_id, "pos": pos, "turn_id": e[0], "attempt_id": e[1], "type": e[2], "data": e[3]}
            for pos, e in placed
        ],
    )
    return placed


def events_after(connection: Connection, task_id: int, after: int, limit: int, max_chars: int) -> list[Stored]:
    """Return a task's events beyond a position: at most `limit`, and at most `max_chars` of data but at least one."""
    found: list[Stored] = []
    chars = 0
    for row in connection.execute(_EVENTS_AFTER, {"task": task_id, "after": after, "most": limit}):
        pos, turn_id, attempt_id, type_, data = row
        chars += len(data)
        if found and chars > max_chars:
            break
        found.append(Stored.of(task_id, pos, (turn_id, attempt_id, type_, data)))
    return found


_MAKE_WHOLE = (
    update(events)
    .where(events.c.task_id == bindparam("task"), events.c.pos == bindparam("last"))
    .values(type="item", data=bindparam("whole"))
)
"""One statement for all items: one for each took 0.2 ms, while every other write waited."""


def compact_attempt(connection: Connection, attempt_id: int) -> int:
    """Replace the events of each item of a finished attempt by one, at its last position; returns how many went.

    A viewer whose cursor lies inside gets the whole item, which replaces what it had.
    """
    query = select(events).where(events.c.attempt_id == attempt_id, events.c.type != "turn").order_by(events.c.pos)
    parts: dict[str, list[tuple[str, Item]]] = {}
    places: dict[str, list[int]] = {}
    task_id = 0
    for row in connection.execute(query):
        data = from_json(row.data)
        parts.setdefault(data["item_id"], []).append((row.type, data))
        places.setdefault(data["item_id"], []).append(row.pos)
        task_id = row.task_id
    items: dict[str, Item] = {}
    for several in parts.values():
        for type_, data in joined(several):
            apply_item(items, type_, data)
    gone = [pos for several in places.values() for pos in several[:-1]]
    for start in range(0, len(gone), 500):
        some = gone[start : start + 500]
        connection.execute(delete(events).where(events.c.task_id == task_id, events.c.pos.in_(some)))
    whole = [
        {"task": task_id, "last": positions[-1], "whole": dumps(items[item_id])}
        for item_id, positions in places.items()
        if len(positions) > 1
    ]
    if whole:
        connection.execute(_MAKE_WHOLE, whole)
    return len(gone)


def joined(parts: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
    """Yield the events of one item, deltas that continue each other as one: one by one they take quadratic time."""
    held: Item | None = None
    texts: list[str] = []
    end = 0
    for type_, data in parts:
        follows = held is not None and type_ == "delta" and (data["kind"], data["offset"]) == (held["kind"], end)
        if held is not None and not follows:
            yield "delta", {**held, "text": "".join(texts)}
            held = None
        if type_ != "delta":
            yield type_, data
            continue
        if held is None:
            held, texts, end = data, [], data["offset"]
        texts.append(data["text"])
        end += len(data["text"])
    if held is not None:
        yield "delta", {**held, "text": "".join(texts)}
