"""Real turns: what they need cannot all be listed, and this finds what is missing."""

import asyncio
import time
from pathlib import Path

from wegent_jupyter.cli.checks import Check, fail, ok, skip, warn
from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.protocol import api

TURN_SECONDS = 60.0
FILE, TEXT = "doctor.txt", "written by the doctor"
STUCK = "Restart JupyterLab. If memory or processors are short, close programs."


async def practice_agent(client: Client, device: api.Device) -> Check:
    """Let the practice agent write a file."""
    name = "practice turn"
    if not any(agent.practice and agent.ready for agent in device.agents):
        return skip(name, "the practice agent is not offered here")
    return await _turn(client, device, name, "practice", None)


async def practice_model(client: Client, device: api.Device) -> list[Check]:
    """Let each real agent that can ask the practice model write a file."""
    able = [agent for agent in device.agents if agent.ready and "practice" in agent.models]
    return [await _turn(client, device, f"{agent.id} turn", agent.id, "practice") for agent in able]


async def _turn(client: Client, device: api.Device, name: str, agent: str, model: api.ModelName | None) -> Check:
    if device.slot_used >= device.slot_max:
        return skip(name, "every slot is in use")
    request = api.CreateTask(
        prompt=f"!write {FILE} {TEXT}",
        agent=agent,
        mode="edits",
        model=model,
        device_id=device.device_id,
        title=f"doctor: {name}",
    )
    started = time.monotonic()
    try:
        turn = (await client.create_task(request)).turn
        ended = await _end(client, turn)
        if ended is None:
            return await _stuck(client, turn, name)
        task = await client.task(turn.task_id)
    except (ApiError, Unreachable) as error:
        return fail(name, str(error), getattr(getattr(error, "problem", None), "fix", None))
    return _judge(name, ended, task, device, time.monotonic() - started)


async def _end(client: Client, turn: api.Turn) -> api.Turn | None:
    """Return how the turn ended, as a viewer sees it; None when that does not come in time."""
    try:
        async with asyncio.timeout(TURN_SECONDS):
            async for event in client.follow(turn.task_id):
                if event.type == "turn" and event.turn_id == turn.id:
                    current = api.Turn.model_validate(event.data)
                    if current.state.final:
                        return current
    except TimeoutError:
        return None
    return None


async def _stuck(client: Client, turn: api.Turn, name: str) -> Check:
    """Say whether the turn or its events are stuck, and leave nothing running."""
    task = await client.task(turn.task_id)
    if task.state.final:
        fix = "Let WebSocket connections to the server through: a proxy or firewall holds them."
        return fail(name, "it ended, but its events did not arrive", fix)
    await client.cancel(turn.task_id, turn.id)
    if task.queue_position is not None:
        return warn(name, f"it was still queued after {TURN_SECONDS:.0f} s", "jupyter wegent tasks")
    if task.waiting:
        return fail(name, "it asked for leave, which this mode should have given", STUCK)
    return fail(name, f"no end within {TURN_SECONDS:.0f} s", STUCK)


def _judge(name: str, turn: api.Turn, task: api.Task, device: api.Device, seconds: float) -> Check:
    if turn.error is not None:
        return fail(name, turn.error.message, turn.error.fix)
    if turn.state.value != "completed":
        return fail(name, f"it ended {turn.state.value}")
    if device.embedded and task.workspace is not None:
        written = Path(task.workspace, FILE)
        if not written.is_file() or TEXT not in written.read_text(encoding="utf-8", errors="replace"):
            return fail(name, f"it completed, but {written} was not written", "Look at the task in the sidebar.")
    return ok(name, f"wrote a file in {seconds:.1f} s (scripted, not AI)")
