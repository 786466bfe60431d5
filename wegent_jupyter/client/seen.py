"""A task as somebody looks at it: its turns, with what the agent did in each."""

from collections.abc import Sequence
from dataclasses import dataclass

from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.transcript import Item, Transcript


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


async def look(client: Client, task_id: int) -> SeenTask:
    """Read a whole task once; raises ApiError and Unreachable."""
    task, version, transcript = await client.task(task_id), await client.version(), Transcript()
    while (page := await client.events(task_id, transcript.pos)).items:
        for event in page.items:
            transcript.apply(event)
    names = {device.device_id: device.name for device in await client.devices()}
    shown = api.Task.model_validate(task.model_dump())
    name = names.get(task.device_id, task.device_id)
    return SeenTask(version.gateway_id, shown, name, turns_of(transcript))
