"""Store a set of changes in one transaction, then tell viewers. Memory may run ahead of the disk, never the viewers."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection

from wegent_jupyter.gateway.devices import DeviceEntry
from wegent_jupyter.gateway.places import Place
from wegent_jupyter.gateway.scheduler import DeviceKey
from wegent_jupyter.gateway.store import project_records, records
from wegent_jupyter.gateway.store.records import NewEvent, Stored
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.gateway.viewers import Viewers
from wegent_jupyter.protocol.api import Approval, Task, Turn
from wegent_jupyter.protocol.states import AttemptState

log = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


@dataclass(slots=True, weakref_slot=True)
class TaskEntry:
    """A task and what faces do not see of it."""

    owner: str
    task: Task
    places: dict[str, Place] = field(default_factory=dict)
    """By device."""
    ran_on: str | None = None
    """The device of the turn that ran last."""
    ran_at: str = ""
    """When that started."""
    open: dict[int, "OpenTurn"] = field(default_factory=dict)
    """Its turns that are not finished, by id."""

    def place(self, device_id: str) -> Place:
        """Return what it has on a device."""
        return self.places.setdefault(device_id, Place())

    def session(self, device_id: str, agent: str) -> str | None:
        """Return the session of an agent on a device."""
        place = self.places.get(device_id)
        return place.session if place is not None and place.agent == agent else None

    def remember_session(self, device_id: str, agent: str, session_id: str) -> None:
        """Note the session of an agent on a device."""
        place = self.place(device_id)
        place.session, place.agent = session_id, agent

    def extra(self) -> dict[str, Any]:
        """Return what is stored beside the task."""
        places = {id_: asdict(place) for id_, place in self.places.items()}
        return {"places": places, "ran_on": self.ran_on, "ran_at": self.ran_at}


@dataclass(slots=True)
class Attempt:
    """One dispatch of a turn. `last_seq` is the newest event that was taken in."""

    id: int
    state: AttemptState = AttemptState.SENT
    last_seq: int = 0


@dataclass(slots=True)
class Asking:
    """An approval of an open turn."""

    approval: Approval
    delivered: bool = False
    """Its device has the answer."""


@dataclass(slots=True)
class OpenTurn:
    """A turn that is not finished."""

    entry: TaskEntry
    turn: Turn
    attempt: Attempt | None = None
    asking: dict[str, Asking] = field(default_factory=dict)
    """Its newest attempt's approvals, by id."""

    @property
    def key(self) -> DeviceKey:
        """Return what the scheduler calls its device."""
        return self.entry.owner, self.turn.device_id

    @property
    def waiting(self) -> int:
        """Return how many approvals wait for a person."""
        return sum(one.approval.state == "open" for one in self.asking.values())


@dataclass(slots=True)
class Changes:
    """What one transaction stores. Everything is taken as it is now, not as it will be when the writer gets to it."""

    tasks: list[tuple[str, Task, dict[str, Any]]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[tuple[str, Approval, bool]] = field(default_factory=list)
    devices: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    """Devices to remove: (owner, device_id)."""
    events: dict[int, list[NewEvent]] = field(default_factory=dict)

    def task(self, entry: TaskEntry) -> None:
        """Store a task."""
        self.tasks.append((entry.owner, entry.task.model_copy(), entry.extra()))

    def turn(self, turn: Turn) -> None:
        """Store a turn, and show it to viewers."""
        self.turns.append(turn.model_copy())
        self.event(turn.task_id, turn.id, turn.attempt_id, "turn", turn.model_dump(mode="json"))

    def attempt(self, open_turn: OpenTurn) -> None:
        """Store the newest attempt of a turn."""
        attempt, turn = open_turn.attempt, open_turn.turn
        if attempt is None:
            return
        self.attempts.append(
            {
                "id": attempt.id,
                "turn_id": turn.id,
                "task_id": turn.task_id,
                "owner": open_turn.entry.owner,
                "device_id": turn.device_id,
                "state": attempt.state.value,
                "last_seq": attempt.last_seq,
            }
        )

    def approval(self, open_turn: OpenTurn, asking: Asking) -> None:
        """Store an approval, and show it to viewers at its place in the history."""
        approval = asking.approval.model_copy()
        self.approvals.append((open_turn.entry.owner, approval, asking.delivered))
        item_id = f"approval-{approval.id.partition('.')[2]}"
        data = {
            "kind": "approval",
            "item_id": item_id,
            "index": approval.index,
            "approval": approval.model_dump(mode="json"),
        }
        self.event(approval.task_id, approval.turn_id, approval.attempt_id, "item", data)

    def approvals_of(self, open_turn: OpenTurn, ids: Iterable[str]) -> None:
        """Store some of a turn's approvals as they are now."""
        some = [open_turn.asking[id_] for id_ in ids if id_ in open_turn.asking]
        self.approvals += [(open_turn.entry.owner, one.approval.model_copy(), one.delivered) for one in some]

    @classmethod
    def of_devices(cls, entries: Iterable[DeviceEntry]) -> "Changes":
        """Return the change that stores devices, but for those that were deleted."""
        kept = [(one.owner, one.kept.device_id, asdict(one.kept)) for one in entries if not one.removed]
        return cls(devices=kept)

    @classmethod
    def of_device(cls, entry: DeviceEntry) -> "Changes":
        """Return the change that stores a device."""
        return cls.of_devices([entry])

    def event(
        self,
        task_id: int,
        turn_id: int,
        attempt_id: int | None,
        type_: Literal["turn", "delta", "item"],
        data: dict[str, Any],
    ) -> None:
        """Append an event to a task's history."""
        self.events.setdefault(task_id, []).append((turn_id, attempt_id, type_, records.dumps(data)))

    def run(self, connection: Connection) -> dict[int, list[tuple[int, NewEvent]]]:
        """Do it all; returns the events with their positions."""
        for owner, task, extra in self.tasks:
            records.save_task(connection, owner, task, extra)
        for turn in self.turns:
            records.save_turn(connection, turn)
            if turn.attachments:
                project_records.send_attachments(connection, [one.id for one in turn.attachments], turn.id)
        for row in self.attempts:
            records.save_attempt(connection, row)
        for owner, approval, delivered in self.approvals:
            records.save_approval(connection, owner, approval, delivered)
        for owner, device_id, data in self.devices:
            records.save_device(connection, owner, device_id, data)
        for owner, device_id in self.gone:
            records.remove_device(connection, owner, device_id)
        return {task_id: records.append_events(connection, task_id, new) for task_id, new in self.events.items()}


class Ledger:
    """The one way in which state reaches the disk and, from there, the viewers."""

    def __init__(self, store: Store, viewers: Viewers) -> None:
        """Write to `store`, publish to `viewers`."""
        self._store = store
        self._viewers = viewers
        self._closing = False

    def close(self) -> None:
        """Try nothing again from now on."""
        self._closing = True

    def save(self, changes: Changes) -> "asyncio.Future[Any]":
        """Commit once; the future raises StoreFailed when nothing of it was stored."""
        future = self._store.write(changes.run)
        # A callback, not the awaiting coroutine: callbacks run in commit order.
        future.add_done_callback(self._publish)
        # Who waits may be cancelled, such as the consumer of a connection that drops. The commit goes on, so it has
        # to be published as well: otherwise live viewers would miss it.
        return asyncio.shield(future)

    async def save_surely(self, build: Callable[[], Changes]) -> None:
        """Commit what `build` returns, trying again until it works: for facts that cannot be refused.

        It is built anew for each try, so that a late one never puts back an older state.
        """
        while True:
            try:
                await self.save(build())
            except StoreFailed as error:
                if self._closing:
                    raise
                log.error("Cannot store what happened, trying again in %s s: %s", RETRY_SECONDS, error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def _publish(self, future: "asyncio.Future[dict[int, list[tuple[int, NewEvent]]]]") -> None:
        if future.cancelled() or future.exception() is not None:
            return
        for task_id, placed in future.result().items():
            self._viewers.publish(task_id, (Stored.of(task_id, pos, new) for pos, new in placed))
