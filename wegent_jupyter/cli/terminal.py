"""`jupyter wegent terminal`: a terminal of a device in this one."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.terminal_faces import Face, Pipe, Tty
from wegent_jupyter.client.choosing import pick, pick_project, place
from wegent_jupyter.client.client import Client
from wegent_jupyter.client.terminal_view import Attached, Away, Exit, Notice, Output, TerminalView
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.projects import ProjectTerminal
from wegent_jupyter.protocol.terminals import ExitReason, StartTerminal

FAILED, BY_SIGNAL = 1, 128
LEAVE_SECONDS = 2.0
"""How long a server that does not answer may keep us from leaving."""
WHY: dict[ExitReason, str] = {
    "closed": "The terminal was ended by somebody.",
    "unused": "The terminal was ended: nobody had looked at it for too long.",
    "executor_ended": "The executor of its device ended, and the shell with it.",
    "device_removed": "Its device was deleted.",
}


@dataclass(slots=True, frozen=True)
class Opened:
    """A terminal that is there."""

    session_id: str
    device_id: str
    device_name: str
    path: str


async def terminal(options: argparse.Namespace) -> int:
    """Open one, or find one that is there, and connect this one to it."""
    if sys.platform == "win32":
        raise BadInput("This needs Linux or macOS. In JupyterLab, terminals open from the menu of a device.")
    face: Face = Tty() if sys.stdin.isatty() else Pipe()
    async with existing_client() as client:
        opened = await _opening(client, options, face)
        if face.size is not None:
            where = f"{opened.device_name}, {opened.path}"
            print(clean(f"[{where}. Ctrl-] leaves it, the shell goes on.]"), file=sys.stderr, flush=True)
        ended = await _connected(client, opened, face)
    return _leave(opened, ended)


async def _opening(client: Client, options: argparse.Namespace, face: Face) -> Opened:
    if options.session is not None:
        return await _found(client, options)
    return await (_opened(client, options, face) if options.project is None else _in_project(client, options, face))


async def _found(client: Client, options: argparse.Namespace) -> Opened:
    """Return the terminal that was named."""
    if options.path is not None:
        raise BadInput("A terminal that is there keeps its directory: --session takes no PATH.")
    one = await client.terminal(options.session)
    if options.device is not None and (await pick(client, options.device)).device_id != one.device_id:
        raise BadInput(f"That terminal is on {one.device_name}. Leave the device out.")
    return Opened(one.session_id, one.device_id, one.device_name, one.path)


async def _opened(client: Client, options: argparse.Namespace, face: Face) -> Opened:
    device = await _device(client, options)
    rows, cols = face.size or (24, 80)
    path = place(client, device, options.path) if options.path is not None else None
    request = StartTerminal(path=path, task_id=options.task, rows=rows, cols=cols)
    started = await client.start_terminal(device.device_id, request)
    return Opened(started.session_id, device.device_id, device.name, started.path)


async def _in_project(client: Client, options: argparse.Namespace, face: Face) -> Opened:
    if options.device is not None:
        raise BadInput("A project has a device and a directory of its own: --project takes no DEVICE and no PATH.")
    project = await pick_project(client, options.project)
    rows, cols = face.size or (24, 80)
    started = await client.start_project_terminal(project.id, ProjectTerminal(rows=rows, cols=cols))
    device = await client.device(started.device_id)
    return Opened(started.session_id, device.device_id, device.name, started.path)


async def _device(client: Client, options: argparse.Namespace) -> api.Device:
    """Return the device that was named, else that of the task."""
    if options.device is None and options.task is not None:
        return await client.device((await client.task(options.task)).device_id)
    return await pick(client, options.device)


async def _connected(client: Client, opened: Opened, face: Face) -> Exit | int:
    """Show and type until the shell ends, or the person leaves: the exit status then."""
    view = TerminalView(client, opened.session_id, opened.device_id, face.size)
    with _stops() as stopped, face.taken():
        ready = asyncio.Event()
        showing = asyncio.create_task(_show(view, face, opened.device_name, ready))
        typing = asyncio.create_task(_type(view, face, ready))
        first: set[asyncio.Future[Any]] = {showing, typing, stopped}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = showing.done()
            for task in (showing, typing):
                task.cancel()
            await asyncio.wait({showing, typing}, timeout=LEAVE_SECONDS)
    if ended:
        return showing.result()
    return stopped.result() if stopped.done() else typing.result()


async def _show(view: TerminalView, face: Face, name: str, ready: asyncio.Event) -> Exit:
    """Show what happens, up to the exit."""
    away = False
    async with contextlib.aclosing(view.events()) as events:
        async for event in events:
            if isinstance(event, Exit):
                return event
            if isinstance(event, Output):
                await face.show(event)
            elif isinstance(event, Notice):
                face.say(f"[{event.message}]")
            elif isinstance(event, Away):
                away = True
                face.say(f"[{'the server' if event.server else name} is reconnecting]")
            else:
                await _attached(view, face, again=ready.is_set())
                if away:
                    away = False
                    face.say(f"[{name} is back]")
            if isinstance(event, Attached | Away):
                ready.set()
    raise AssertionError("events() only ends with an exit")


async def _attached(view: TerminalView, face: Face, *, again: bool) -> None:
    """Let the terminal take this size: the person who has just opened it looks at it."""
    if face.size is not None and not again:
        await view.resize(*face.size, focus=True)


async def _type(view: TerminalView, face: Face, ready: asyncio.Event) -> int:
    """Type, but not before anybody could take it."""
    await ready.wait()
    return await face.type(view)


@contextlib.contextmanager
def _stops() -> "Iterator[asyncio.Future[int]]":
    """Return what becomes the exit status when a signal is to end this command."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()

    def stop(number: int) -> None:
        if not stopped.done():
            stopped.set_result(BY_SIGNAL + number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    for one in signals:
        loop.add_signal_handler(one, stop, int(one))
    try:
        yield stopped
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


def _leave(opened: Opened, ended: Exit | int) -> int:
    """Say what became of the terminal, where that is not plain, and return the exit status."""
    if isinstance(ended, int):
        said = f"\n[The shell goes on. Back to it: jupyter wegent terminal --session {opened.session_id}]"
        with contextlib.suppress(OSError):  # nobody is there who could read it
            print(clean(said), file=sys.stderr, flush=True)
        return ended
    if ended.reason != "exited":
        why = WHY[ended.reason] if ended.reason is not None else ""
        print(clean(f"\n[{' '.join(filter(None, (why, ended.error)))}]"), file=sys.stderr)
    if ended.exit_code is None:
        return FAILED
    return ended.exit_code if ended.exit_code >= 0 else BY_SIGNAL - ended.exit_code
