"""`jupyter wegent run`, `continue`, `steer`: send, print the answer as it comes, end with a status that says how."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

from wegent_jupyter.cli.asking import Asker, choose
from wegent_jupyter.cli.attaching import attached
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.printer import JsonPrinter, Printer, TextPrinter
from wegent_jupyter.cli.screen import Screen, clean
from wegent_jupyter.cli.server import any_client, existing_client
from wegent_jupyter.cli.words import REASONS, TRAVELS
from wegent_jupyter.client.choosing import here, kind_of, looked, only_agent, pick, pick_project
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
    if turn.state is TurnState.QUEUED and (line := await _waits(client, turn)) and not options.json:
        screen.say(line)
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
    async with attached(client, options.attach) as attachments:
        if options.task is not None:
            return await _follow_up(client, prompt, options, attachments)
        return await _first(client, prompt, options, attachments)


async def _first(client: Client, prompt: str, options: argparse.Namespace, attachments: list[int]) -> api.Turn:
    """Send the first message of a task."""
    project = await pick_project(client, options.project) if options.project is not None else None
    wanted = project.device_id if project is not None and options.device is None else options.device
    device = await looked(client, await pick(client, wanted), options.agent)
    path = options.workspace or (str(Path.cwd()) if project is None and here(client, device) else None)
    request = api.CreateTask(
        prompt=prompt,
        agent=options.agent or only_agent(device, options.model, await kind_of(client, options.model)),
        mode=options.mode or "ask",
        model=options.model,
        device_id=device.device_id,
        workspace=api.Workspace(path=path, worktree=options.worktree),
        project_id=project.id if project is not None else None,
        attachments=attachments,
    )
    return (await client.create_task(request)).turn


async def _follow_up(client: Client, prompt: str, options: argparse.Namespace, attachments: list[int]) -> api.Turn:
    """Send the next message of a task, on another device if one is named."""
    for name in ("project", "worktree"):
        if getattr(options, name):
            raise BadInput(f"--{name} is for new tasks; a task keeps what it has.")
    task = await client.task(options.task)
    device = await pick(client, options.device) if options.device is not None else None
    request = api.CreateTurn(
        prompt=prompt,
        mode=options.mode,
        device_id=device.device_id if device is not None else None,
        agent=options.agent,
        model=options.model,
        workspace=api.Workspace(path=options.workspace) if options.workspace is not None else None,
        attachments=attachments,
    )
    turn = await client.create_turn(task.id, request)
    if device is not None and device.device_id != task.device_id:
        print(clean(f"The task goes on on {device.name}, with a new session of the agent. {TRAVELS}"), file=sys.stderr)
    return turn


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


async def _waits(client: Client, turn: api.Turn) -> str:
    """Return where a turn waits, and why; empty when it is about to start."""
    try:
        found = [one for one in await client.queue(turn.device_id) if one.turn.id == turn.id]
        device = await client.device(turn.device_id)
    except ApiError:
        return ""  # the device was deleted in the same moment: the turn's own end says so
    if not found or found[0].reason is None:
        return ""
    return f"queued at place {found[0].position} of {device.name}: {REASONS[found[0].reason]} …"


async def _stop(client: Client, turn: api.Turn) -> None:
    try:
        await client.cancel(turn.task_id, turn.id)
    except ApiError as error:
        if error.status not in (404, 409):  # it ended in the same moment
            raise
