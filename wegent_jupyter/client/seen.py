"""A task as somebody looks at it: its turns, with what the agent did in each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.transcript import Hole, Item, Transcript


@dataclass(slots=True, frozen=True)
class SeenTurn:
    """A turn and the items of its newest attempt, in order (`api.Event` says what they carry)."""

    turn: api.Turn
    items: Sequence[Item]

    @property
    def text(self) -> str:
        """Return what the agent said, without thoughts and tools."""
        return "".join(item.get("text", "") for item in self.items if item["kind"] == "message")


@dataclass(slots=True, frozen=True)
class SeenTask:
    """A task at one moment. Nothing in it changes."""

    gateway_id: str | None
    """Whose numbers these are."""
    task: api.Task
    device_name: str
    turns: Sequence[SeenTurn]
    """By number."""

    def turn(self, turn_id: int | None = None) -> SeenTurn | None:
        """Return one turn, by default the newest; None when it is not known yet."""
        if turn_id is None:
            return self.turns[-1] if self.turns else None
        return next((one for one in self.turns if one.turn.id == turn_id), None)


def turns_of(transcript: Transcript) -> list[SeenTurn]:
    """Return the turns of a transcript as they are now."""
    ordered = sorted(transcript.turns.values(), key=lambda turn: turn.number)
    return [SeenTurn(turn, [dict(item) for item in transcript.items(turn)]) for turn in ordered]


class Seeing:
    """Looks at one task again and again, and reads only what is new."""

    def __init__(self, client: Client, task_id: int) -> None:
        """Know nothing yet."""
        self._client, self._task_id = client, task_id
        self._transcript = Transcript()
        self._one_at_a_time = asyncio.Lock()

    async def look(self) -> SeenTask:
        """Return the task as it is now; raises ApiError and Unreachable."""
        async with self._one_at_a_time:
            task = await self._client.task(self._task_id)
            version, devices = await asyncio.gather(self._client.version(), self._client.devices())
            try:
                await self._read(task.last_pos)
            except Hole:
                self._transcript = Transcript()
                await self._read(task.last_pos)
        names = {device.device_id: device.name for device in devices}
        shown = api.Task.model_validate(task.model_dump())
        name = names.get(task.device_id, task.device_id)
        return SeenTask(version.gateway_id, shown, name, turns_of(self._transcript))

    async def _read(self, least: int) -> None:
        """Read on, to a position at least: what the task's state says is there then."""
        transcript = self._transcript
        while transcript.pos < least and (page := await self._client.events(self._task_id, transcript.pos)).items:
            for event in page.items:
                transcript.apply(event)


async def look(client: Client, task_id: int) -> SeenTask:
    """Read a whole task once; raises ApiError and Unreachable."""
    return await Seeing(client, task_id).look()
