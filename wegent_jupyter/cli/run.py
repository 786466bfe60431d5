"""`jupyter wegent run`, `continue`, `steer`: send, print the answer as it comes, end with a status that says how."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

from wegent_jupyter.cli.asking import Asker, choose
from wegent_jupyter.cli.devices import pick
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.printer import JsonPrinter, Printer, TextPrinter
from wegent_jupyter.cli.screen import Screen
from wegent_jupyter.cli.server import any_client, existing_client
from wegent_jupyter.client.client import ApiError, Client
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.states import TurnState

STATUSES = {TurnState.COMPLETED: 0, TurnState.FAILED: 1, TurnState.CANCELLED: 130}
UNANSWERABLE = 4


async def run(options: argparse.Namespace) -> int:
    """Send the prompt and follow its turn to the end."""
    prompt = _text(options.prompt)
    interrupted = _interrupts()
    async with any_client() as client:
        turn = await _send(client, prompt, options)
        return await _to_the_end(client, turn, options, interrupted)


async def go_on(options: argparse.Namespace) -> int:
    """Take up a task that failed or was stopped, and follow it."""
    interrupted = _interrupts()
    async with any_client() as client:
        turn = await client.continue_task(options.task)
        return await _to_the_end(client, turn, options, interrupted)


async def steer(options: argparse.Namespace) -> int:
    """Hand a message to the agent at work."""
    async with existing_client() as client:
        await client.steer(options.task, _text(options.text))
    return 0


def _text(given: str) -> str:
    return sys.stdin.read() if given == "-" else given


def _interrupts() -> asyncio.Event:
    """Return what the first Ctrl-C sets."""
    interrupted = asyncio.Event()
    with suppress(NotImplementedError):  # Windows: Ctrl-C then ends the command at once
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
    return interrupted


async def _to_the_end(client: Client, turn: api.Turn, options: argparse.Namespace, interrupted: asyncio.Event) -> int:
    """Follow a turn; a first Ctrl-C stops it, a second one leaves it."""
    screen = Screen()
    printer: Printer = JsonPrinter() if options.json else TextPrinter(turn, screen)
    asker = choose(client, screen, wait=options.wait_approvals)
    following = asyncio.create_task(_follow(client, turn, printer, asker))
    asking = asyncio.create_task(asker.work())
    stopping = asyncio.create_task(interrupted.wait())
    await asyncio.wait({following, asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    unanswerable = asking.done() and asking.exception() is None
    for task in (asking, stopping):
        task.cancel()
    await asyncio.gather(asking, stopping, return_exceptions=True)
    if not following.done():
        await _stop(client, turn)
        with suppress(NotImplementedError):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    state = (await following).state
    if not asking.cancelled():
        asking.result()  # raises what broke it
    return UNANSWERABLE if unanswerable else STATUSES[state]


async def _send(client: Client, prompt: str, options: argparse.Namespace) -> api.Turn:
    if options.task is not None:
        if options.model is not None:
            raise BadInput("--model is for new tasks; a task keeps its model.")
        return await client.create_turn(options.task, api.CreateTurn(prompt=prompt, mode=options.mode))
    device = await _looked(client, await pick(client, options.device), options.agent)
    request = api.CreateTask(
        prompt=prompt,
        agent=options.agent or _only_agent(device, options.model),
        mode=options.mode or "ask",
        model=options.model,
        device_id=device.device_id,
        workspace=api.Workspace(path=options.workspace or (str(Path.cwd()) if device.embedded else None)),
    )
    return (await client.create_task(request)).turn


async def _looked(client: Client, device: api.Device, wanted: str | None) -> api.Device:
    """Return the device; it looks again for its agents first, if none that could be meant is ready."""
    meant = [one for one in device.agents if one.id == wanted or (wanted is None and not one.practice)]
    if device.status not in ("online", "busy") or any(one.ready for one in meant) or (wanted and not meant):
        return device
    return device.model_copy(update={"agents": await client.refresh_agents(device.device_id)})


def _only_agent(device: api.Device, model: api.ModelName | None) -> str:
    """Return the agent to use when none is named. The practice agent is never chosen for somebody."""
    fit = [one for one in device.agents if model is None or model in one.models]
    ready = [one.id for one in fit if one.ready and not one.practice]
    if len(ready) == 1:
        return ready[0]
    every = ", ".join(one.id for one in fit)
    if not every and model is not None:
        raise BadInput(f"No agent of the device '{device.name}' takes --model {model}.")
    raise BadInput(f"Which agent? Use --agent with one of: {every or 'none, the device offers no agents'}")


async def _follow(client: Client, turn: api.Turn, printer: Printer, asker: Asker) -> api.Turn:
    """Print what belongs to the turn until it is over."""
    async for event in client.follow(turn.task_id):
        if event.turn_id != turn.id:
            continue
        if event.type == "item" and event.data.get("kind") == "approval":
            asker.take(api.Approval.model_validate(event.data["approval"]))
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
