"""Take in what a device streams: check, number, store, show, acknowledge. One consumer per connection, in order."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pydantic import ValidationError

from wegent_jupyter.gateway.ledger import Changes, Ledger, OpenTurn
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import Channel, NotSent
from wegent_jupyter.protocol.events import Asked, BadEvent, Delta, Ended, Plain, Started, decode, viewer_event

log = logging.getLogger(__name__)

MAX_WAITING = 20_000
"""Events of one device that may wait. Ours has at most 512 of an attempt under way: only a hostile peer gets here."""
JOINED_CHARS = 64 << 10
"""Text of one item that arrives within one transaction is stored as one event, up to 64 Ki characters. The more waits,
the less each costs; when nothing waits, every event stays what it was."""


class Turns(Protocol):
    """What the consumer needs to know about turns."""

    def running_on(self, owner: str, device_id: str, attempt_id: int) -> OpenTurn | None:
        """Return the turn whose newest attempt this is, if it runs on that device."""
        ...

    def started(self, open_turn: OpenTurn, event: Started, changes: Changes) -> None:
        """Note what the agent's start tells."""
        ...

    def asked(self, open_turn: OpenTurn, event: Asked, changes: Changes) -> None:
        """Note what the agent asks."""
        ...

    def ended(self, open_turn: OpenTurn, event: Ended, changes: Changes) -> None:
        """End the turn."""
        ...


@dataclass(slots=True)
class _Text:
    """Deltas that continue each other, to become one."""

    turn: OpenTurn
    attempt_id: int
    first: Delta
    parts: list[str]
    end: int

    def takes(self, attempt_id: int, delta: Delta) -> bool:
        return (
            (attempt_id, delta.item_id, delta.kind, delta.offset)
            == (self.attempt_id, self.first.item_id, self.first.kind, self.end)
        ) and self.end - self.first.offset < JOINED_CHARS


@dataclass(slots=True)
class _Batch:
    """What one transaction takes in: `acks` and `touched` by attempt."""

    changes: Changes = field(default_factory=Changes)
    acks: dict[int, int] = field(default_factory=dict)
    touched: dict[int, OpenTurn] = field(default_factory=dict)
    text: _Text | None = None

    def delta(self, open_turn: OpenTurn, attempt_id: int, delta: Delta) -> None:
        """Add text."""
        if self.text is None or not self.text.takes(attempt_id, delta):
            self.join()
            self.text = _Text(open_turn, attempt_id, delta, [], delta.offset)
        self.text.parts.append(delta.text)
        self.text.end += len(delta.text)

    def join(self) -> None:
        """Make an event of the text so far: before any other event, and at the end."""
        text, self.text = self.text, None
        if text is not None:
            self.item(text.turn, text.attempt_id, replace(text.first, text="".join(text.parts)))

    def item(self, open_turn: OpenTurn, attempt_id: int, event: Delta | Plain) -> None:
        """Add an event to the history."""
        type_, data = viewer_event(event)
        self.changes.event(open_turn.turn.task_id, open_turn.turn.id, attempt_id, type_, data)


class Inbound:
    """The stream of one connection of one device."""

    def __init__(self, owner: str, device_id: str, channel: Channel, ledger: Ledger, turns: Turns) -> None:
        """Start consuming."""
        self._owner, self._device_id = owner, device_id
        self._channel, self._ledger, self._turns = channel, ledger, turns
        self._waiting: list[wire.Events] = []
        self._count = 0
        self.foreign = 0
        """Messages about attempts that this connection never had."""
        self._had: set[int] = set()
        self._arrived = asyncio.Event()
        self._closing = False
        self._consumer = asyncio.create_task(self._consume())
        self._consumer.add_done_callback(self._ended)

    def put(self, data: Any) -> dict[str, Any]:
        """Queue one stream event, synchronously so that packets keep their order; returns Wegent's ack."""
        return self._queue(lambda: _alone(wire.Envelope.model_validate(data)))

    def put_all(self, data: Any) -> dict[str, Any]:
        """Queue several stream events of an attempt, as `put`."""
        return self._queue(lambda: wire.Events.model_validate(data))

    def _queue(self, read: Callable[[], wire.Events]) -> dict[str, Any]:
        try:
            events = read()
        except ValidationError as error:
            return {"error": f"Invalid event data format: {error.errors()[0]['loc']}"}
        if self._count + len(events.events) > MAX_WAITING:
            return {"error": "Too many events are waiting"}
        self._waiting.append(events)
        self._count += len(events.events)
        self._arrived.set()
        return {"success": True}

    async def close(self) -> None:
        """Stop once what was taken in is stored; what still waits is sent again by the device.

        Not in the middle: memory would know of events that the disk does not have, and acknowledge them.
        """
        self._closing = True
        self._arrived.set()
        await asyncio.wait({self._consumer})

    def _ended(self, consumer: "asyncio.Task[None]") -> None:
        if not consumer.cancelled() and (error := consumer.exception()) is not None:
            log.error("What %s streams cannot be taken in", self._device_id, exc_info=error)
            # Kept: asyncio has only weak references to tasks.
            self._disconnecting = asyncio.ensure_future(self._channel.close("Internal error"))

    async def _consume(self) -> None:
        while True:
            await self._arrived.wait()
            if self._closing:
                return
            self._arrived.clear()
            waiting, self._waiting, self._count = self._waiting, [], 0
            batch = _Batch()
            for events in waiting:
                self._take(events, batch)
            batch.join()
            if batch.touched:
                await self._store(batch)
            await self._acknowledge(batch.acks)

    async def _store(self, batch: _Batch) -> None:
        # Most events change nothing but the history: beside them, only how far the attempt got is stored.
        changed = {task.id for _, task, _ in batch.changes.tasks}
        asked = {approval.id for _, approval, _ in batch.changes.approvals}

        def build() -> Changes:
            again = Changes(events=batch.changes.events)
            for open_turn in batch.touched.values():
                if open_turn.entry.task.id in changed:
                    again.task(open_turn.entry)
                    again.turns.append(open_turn.turn.model_copy())
                again.approvals_of(open_turn, asked)
                again.attempt(open_turn)
            return again

        await self._ledger.save_surely(build)

    async def _acknowledge(self, acks: dict[int, int]) -> None:
        message = {"acks": {str(attempt_id): seq for attempt_id, seq in acks.items()}}
        try:
            await self._channel.emit(wire.ACKS, message)
        except NotSent:
            log.debug("No acks to %s: the connection is gone; it asks again when it registers", self._device_id)

    def _take(self, events: wire.Events, batch: _Batch) -> None:
        attempt_id, last = events.subtask_id, events.seq + len(events.events) - 1
        open_turn = batch.touched.get(attempt_id) or self._turns.running_on(self._owner, self._device_id, attempt_id)
        if open_turn is None or open_turn.attempt is None:
            self.foreign += attempt_id not in self._had
            self._ignore(attempt_id, last, batch)
            return
        self._had.add(attempt_id)
        attempt = open_turn.attempt
        for seq, (name, data) in enumerate(events.events, start=events.seq):
            if attempt.state.final:
                self._ignore(attempt_id, last, batch)
                return
            if seq == attempt.last_seq + 1:
                attempt.last_seq = seq
                batch.touched[attempt_id] = open_turn
                self._apply(name, data, open_turn, attempt_id, batch)
            # A repeated or early event changes nothing; the ack tells the device from where to go on.
        batch.acks[attempt_id] = attempt.last_seq

    def _ignore(self, attempt_id: int, seq: int, batch: _Batch) -> None:
        """Acknowledge what is superseded, finished or never was this device's, so that it stops sending it."""
        log.info("Ignored events of attempt %d from %s", attempt_id, self._device_id)
        batch.acks[attempt_id] = max(batch.acks.get(attempt_id, 0), seq)

    def _apply(self, name: str, data: dict[str, Any], open_turn: OpenTurn, attempt_id: int, batch: _Batch) -> None:
        try:
            event = decode(name, data)
        except BadEvent as error:
            log.warning("A bad event of attempt %d was dropped: %s", attempt_id, error)
            return
        if event is None:
            return
        if isinstance(event, Delta):
            batch.delta(open_turn, attempt_id, event)
            return
        batch.join()
        if isinstance(event, Started):
            self._turns.started(open_turn, event, batch.changes)
            batch.changes.task(open_turn.entry)
        elif isinstance(event, Asked):
            self._turns.asked(open_turn, event, batch.changes)
        elif isinstance(event, Ended):
            self._turns.ended(open_turn, event, batch.changes)
        else:
            batch.item(open_turn, attempt_id, event)


def _alone(envelope: wire.Envelope) -> wire.Events:
    return wire.Events(
        task_id=envelope.task_id,
        subtask_id=envelope.subtask_id,
        seq=envelope.seq,
        events=[(envelope.event_type, envelope.data)],
    )
