"""`jupyter wegent run`: send a prompt, print the answer as it comes, end with a status that says how it went."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

from wegent_jupyter.cli.printer import JsonPrinter, Printer, TextPrinter
from wegent_jupyter.cli.server import any_client
from wegent_jupyter.client.client import ApiError, Client
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.states import TurnState

STATUSES = {TurnState.COMPLETED: 0, TurnState.FAILED: 1, TurnState.CANCELLED: 130}


async def run(options: argparse.Namespace) -> int:
    """Send the prompt and follow its turn to the end; a first Ctrl-C stops the turn, a second one leaves it."""
    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: Ctrl-C then ends the command at once
        loop.add_signal_handler(signal.SIGINT, interrupted.set)
    async with any_client() as client:
        turn = await _send(client, prompt, options)
        printer: Printer = JsonPrinter() if options.json else TextPrinter(turn)
        following = asyncio.create_task(_follow(client, turn, printer))
        stopping = asyncio.create_task(interrupted.wait())
        await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not following.done():
            await _stop(client, turn)
            with suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)
        stopping.cancel()
        return STATUSES[(await following).state]


async def _send(client: Client, prompt: str, options: argparse.Namespace) -> api.Turn:
    if options.task is not None:
        return await client.create_turn(options.task, api.CreateTurn(prompt=prompt, mode=options.mode))
    device = await _device(client, options.device)
    request = api.CreateTask(
        prompt=prompt,
        agent=options.agent or _only_agent(device),
        mode=options.mode,
        device_id=device.device_id,
        workspace=api.Workspace(path=options.workspace or (str(Path.cwd()) if device.embedded else None)),
    )
    return (await client.create_task(request)).turn


async def _device(client: Client, wanted: str | None) -> api.Device:
    devices = await client.devices()
    if wanted is not None:
        found = [one for one in devices if wanted in (one.device_id, one.name)]
        if len(found) == 1:
            return found[0]
        there = ", ".join(f"{one.name} ({one.device_id})" for one in devices) or "none"
        which = "is ambiguous" if found else "is unknown"
        raise _bad_input(f"The device '{wanted}' {which}. Devices: {there}")
    usable = [one for one in devices if one.is_default] or [one for one in devices if one.embedded] or devices
    if not usable:
        raise _bad_input("There is no device to run on.")
    return usable[0]


def _only_agent(device: api.Device) -> str:
    """Return the agent to use when none is named. The practice agent is never chosen for somebody."""
    ready = [one.id for one in device.agents if one.ready and not one.practice]
    if len(ready) == 1:
        return ready[0]
    every = ", ".join(one.id for one in device.agents)
    raise _bad_input(f"Which agent? Use --agent with one of: {every}")


def _bad_input(message: str) -> ApiError:
    return ApiError(400, api.Problem(detail=message, message=message, code="bad_input"))


async def _follow(client: Client, turn: api.Turn, printer: Printer) -> api.Turn:
    """Print what belongs to the turn until it is over."""
    async for event in client.follow(turn.task_id):
        if event.turn_id != turn.id:
            continue
        printer.show(event)
        if event.type == "turn":
            current = api.Turn.model_validate(event.data)
            if current.state.final:
                printer.end(current)
                return current
    raise AssertionError("follow() only ends with an exception")


async def _stop(client: Client, turn: api.Turn) -> None:
    try:
        await client.cancel(turn.task_id, turn.id)
    except ApiError as error:
        if error.status not in (404, 409):  # it ended in the same moment
            raise
