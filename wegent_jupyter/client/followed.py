"""A task that somebody follows over a connection which several share."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from wegent_jupyter.client.rest import ApiError
from wegent_jupyter.client.seen import turns_of
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.transcript import Hole, Transcript


class Followed:
    """A task that is being followed: its transcript as far as it is known, shared by all who follow it."""

    def __init__(self, task_id: int) -> None:
        """Know nothing yet."""
        self.task_id = task_id
        self.transcript = Transcript()
        self.users = 0
        self.error: ApiError | None = None
        """Why it cannot be followed: there is no such task here, or not for us."""
        self._readers: set[asyncio.Queue[api.Event | None]] = set()

    def apply(self, events: list[dict[str, Any]]) -> bool:
        """Take a batch; says whether it continues what is there: else the task has to be read from its start."""
        for data in events:
            event = api.Event.model_validate(data)
            if event.pos <= self.transcript.pos:
                continue
            try:
                self.transcript.apply(event)
            except Hole:
                self.transcript = Transcript()
                return False
            for reader in self._readers:
                reader.put_nowait(event)
        return True

    def fail(self, error: ApiError) -> None:
        """Tell all who read that there is nothing to read."""
        self.error = error
        for reader in self._readers:
            reader.put_nowait(None)

    async def events(self) -> AsyncGenerator[api.Event, None]:
        """Yield what is known, as whole objects, then whatever comes, for ever; raises ApiError.

        After a hole in what came, it yields the task from its start again: applying an event twice changes nothing.
        """
        reader: asyncio.Queue[api.Event | None] = asyncio.Queue()
        self._readers.add(reader)
        try:
            for event in self._known():
                yield event
            while self.error is None and (event_or_end := await reader.get()) is not None:
                yield event_or_end
        finally:
            self._readers.discard(reader)
        if self.error is not None:
            raise self.error

    def _known(self) -> list[api.Event]:
        found, pos = [], self.transcript.pos
        for seen in turns_of(self.transcript):
            turn = seen.turn
            about = {"task_id": self.task_id, "pos": pos, "turn_id": turn.id, "attempt_id": turn.attempt_id}
            found += [api.Event.model_validate({**about, "type": "item", "data": item}) for item in seen.items]
            found.append(api.Event.model_validate({**about, "type": "turn", "data": turn.model_dump(mode="json")}))
        return found
