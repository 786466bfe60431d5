"""Take in what a device streams: check, number, store, show, acknowledge. One consumer per connection, in order."""

import asyncio
import logging
from typing import Any, Protocol

from pydantic import ValidationError

from wegent_jupyter.gateway.ledger import Changes, Ledger, OpenTurn
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import Channel, NotSent
from wegent_jupyter.protocol.events import BadEvent, Ended, Started, decode, viewer_event

log = logging.getLogger(__name__)

MAX_WAITING = 20_000
"""Messages of one device that may wait. Ours has at most 512 events of an attempt under way: only a hostile peer
gets here."""


class Turns(Protocol):
    """What the consumer needs to know about turns."""

    def running_on(self, owner: str, device_id: str, attempt_id: int) -> OpenTurn | None:
        """Return the turn whose newest attempt this is, if it runs on that device."""
        ...

    def started(self, open_turn: OpenTurn, event: Started, changes: Changes) -> None:
        """Note what the agent's start tells."""
        ...

    def ended(self, open_turn: OpenTurn, event: Ended, changes: Changes) -> None:
        """End the turn."""
        ...


class Inbound:
    """The stream of one connection of one device."""

    def __init__(self, owner: str, device_id: str, channel: Channel, ledger: Ledger, turns: Turns) -> None:
        """Start consuming."""
        self._owner, self._device_id = owner, device_id
        self._channel, self._ledger, self._turns = channel, ledger, turns
        self._waiting: asyncio.Queue[wire.Envelope] = asyncio.Queue(MAX_WAITING)
        self._consumer = asyncio.create_task(self._consume())

    def put(self, data: Any) -> dict[str, Any]:
        """Queue one stream event, synchronously so that packets keep their order; returns Wegent's ack."""
        try:
            envelope = wire.Envelope.model_validate(data)
            self._waiting.put_nowait(envelope)
        except ValidationError as error:
            return {"error": f"Invalid event data format: {error.errors()[0]['loc']}"}
        except asyncio.QueueFull:
            return {"error": "Too many events are waiting"}
        return {"success": True}

    async def close(self) -> None:
        """Stop; what was not taken in yet is sent again by the device."""
        self._consumer.cancel()
        await asyncio.gather(self._consumer, return_exceptions=True)

    async def _consume(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            acks: dict[int, int] = {}
            touched: dict[int, OpenTurn] = {}
            changes = Changes()
            for envelope in batch:
                self._take(envelope, changes, acks, touched)
            if touched:
                await self._store(changes, touched)
            await self._acknowledge(acks)

    async def _store(self, changes: Changes, touched: dict[int, OpenTurn]) -> None:
        def build() -> Changes:
            again = Changes(events=changes.events)
            for open_turn in touched.values():
                again.task(open_turn.entry)
                again.turns.append(open_turn.turn.model_copy())
                again.attempt(open_turn)
            return again

        await self._ledger.save_surely(build)

    async def _acknowledge(self, acks: dict[int, int]) -> None:
        message = {"acks": {str(attempt_id): seq for attempt_id, seq in acks.items()}}
        try:
            await self._channel.emit(wire.ACKS, message)
        except NotSent:
            log.debug("No acks to %s: the connection is gone; it asks again when it registers", self._device_id)

    def _take(
        self, envelope: wire.Envelope, changes: Changes, acks: dict[int, int], touched: dict[int, OpenTurn]
    ) -> None:
        attempt_id = envelope.subtask_id
        open_turn = touched.get(attempt_id) or self._turns.running_on(self._owner, self._device_id, attempt_id)
        if open_turn is None or open_turn.attempt is None or open_turn.attempt.state.final:
            # Superseded, finished or never this device's. Acknowledged, so that it stops sending; changes nothing.
            log.info("Ignored %s of attempt %d from %s", envelope.event_type, attempt_id, self._device_id)
            acks[attempt_id] = max(acks.get(attempt_id, 0), envelope.seq)
            return
        attempt = open_turn.attempt
        if envelope.seq == attempt.last_seq + 1:
            attempt.last_seq = envelope.seq
            touched[attempt_id] = open_turn
            self._apply(envelope, open_turn, changes)
        # A repeated or early event changes nothing; the ack tells the device from where to go on.
        acks[attempt_id] = attempt.last_seq

    def _apply(self, envelope: wire.Envelope, open_turn: OpenTurn, changes: Changes) -> None:
        try:
            event = decode(envelope.event_type, envelope.data)
        except BadEvent as error:
            log.warning("A bad event of attempt %d was dropped: %s", envelope.subtask_id, error)
            return
        if isinstance(event, Started):
            self._turns.started(open_turn, event, changes)
        elif isinstance(event, Ended):
            self._turns.ended(open_turn, event, changes)
        elif event is not None:
            type_, data = viewer_event(event)
            changes.event(open_turn.turn.task_id, open_turn.turn.id, envelope.subtask_id, type_, data)
