"""Where a terminal of a device is shown, and who types: the person's own terminal, or a pipe."""

import asyncio
import contextlib
import os
import re
import select
import signal
import sys
from collections.abc import Iterator
from typing import Final, Protocol

from wegent_jupyter.cli import keyboard
from wegent_jupyter.cli.modes import Modes
from wegent_jupyter.cli.screen import printable
from wegent_jupyter.client.terminal_view import Output, TerminalView
from wegent_jupyter.protocol.terminals import MAX_SIDE

HUNG_UP: Final = 128 + 1
"""The exit status of a command whose terminal has gone: as if SIGHUP had ended it."""
DETACH = re.compile(rb"\x1d|\x1b\[93;5(?::1)?u|\x1b\[27;5;93~")
"""Ctrl-], also as a program may have told the terminal to send it (kitty's keys, xterm's modifyOtherKeys)."""
END_OF_INPUT, AGAIN_SECONDS = b"\x04", 1.0
"""Ctrl-D, which only counts while somebody reads: it is typed again until the shell ends."""
FORGET = b"\x18"
"""CAN: ends a sequence that was cut off."""
LAST_WRITE_SECONDS = 1.0


class Face(Protocol):
    """Shows and types."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Rows and columns, where there is such a thing."""
        ...

    def taken(self) -> contextlib.AbstractContextManager[None]:
        """Make it ready; leave it as it was."""
        ...

    async def show(self, output: Output) -> None:
        """Show what was printed; returns when that has happened."""
        ...

    def say(self, text: str) -> None:
        """Say a sentence of our own."""
        ...

    async def type(self, view: TerminalView) -> int:
        """Type what comes; returns an exit status when the person leaves."""
        ...


class Pipe:
    """Standard input is no terminal: what comes there is typed, and its end is Ctrl-D."""

    size: tuple[int, int] | None = None

    def taken(self) -> contextlib.AbstractContextManager[None]:
        """Nothing has to be made ready."""
        return contextlib.nullcontext()

    async def show(self, output: Output) -> None:
        """Write it."""
        await _write(output.data)

    def say(self, text: str) -> None:
        """Say it on standard error."""
        print(printable(text), file=sys.stderr, flush=True)

    async def type(self, view: TerminalView) -> int:
        """Type to the end, and that again until the shell ends: never returns."""
        last = b"\n"
        while data := await keyboard.data():
            await _surely(view, data)
            last = data[-1:]
        if last != b"\n":
            await _surely(view, b"\n")  # in the middle of a line Ctrl-D ends nothing
        while True:
            await _surely(view, END_OF_INPUT)
            await asyncio.sleep(AGAIN_SECONDS)


async def _surely(view: TerminalView, data: bytes) -> None:
    """Type when somebody takes it."""
    while not await view.input(data):
        await view.attached.wait()


class Tty:
    """The person's own terminal, raw."""

    def __init__(self) -> None:
        """Nothing is shown yet."""
        self._in, self._shown, self._modes = sys.stdin.fileno(), False, Modes()

    @property
    def size(self) -> tuple[int, int] | None:
        """Return rows and columns; a terminal that does not know them has the usual ones."""
        columns = rows = 0
        with contextlib.suppress(OSError):  # it is gone
            columns, rows = os.get_terminal_size(self._in)
        return min(rows or 24, MAX_SIDE), min(columns or 80, MAX_SIDE)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Make it raw; give it back as it was, whatever happens."""
        import termios
        import tty

        before = termios.tcgetattr(self._in)
        try:
            tty.setraw(self._in, termios.TCSADRAIN)  # what was typed already counts
            yield
        finally:
            with contextlib.suppress(OSError):
                _put(self._modes.undo() if self._shown and sys.stdout.isatty() else b"")
            with contextlib.suppress(termios.error):  # it is gone
                termios.tcsetattr(self._in, termios.TCSADRAIN, before)

    async def show(self, output: Output) -> None:
        """Write it as it is: this is a terminal."""
        data = output.data
        if output.reset and self._shown:
            # Not a full reset: what was printed before us is the person's.
            data = FORGET + self._modes.undo() + b"\x1b[H\x1b[2J" + data
        self._shown = True
        self._modes.see(data)
        try:
            await _write(data)
        except OSError as error:
            raise BrokenPipeError from error  # it is gone

    def say(self, text: str) -> None:
        """Say it on a line of its own."""
        sys.stderr.write(f"\r\n{printable(text)}\r\n")
        sys.stderr.flush()

    async def type(self, view: TerminalView) -> int:
        """Type up to Ctrl-]; sizes go the same way."""
        following = asyncio.create_task(self._follow_size(view))
        try:
            while data := await keyboard.data():
                if left := DETACH.search(data):
                    await view.input(data[: left.start()])
                    return 0
                await view.input(data)
            return HUNG_UP
        finally:
            following.cancel()

    async def _follow_size(self, view: TerminalView) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGWINCH, changed.set)
        try:
            while await changed.wait():
                changed.clear()
                if self.size is not None:
                    await view.resize(*self.size, focus=True)
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)


async def _write(data: bytes) -> None:
    """Write to standard output, which may make us wait: a pager, a slow line."""
    writing = asyncio.ensure_future(asyncio.to_thread(_put, data))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait({writing}, timeout=LAST_WRITE_SECONDS)  # what follows must not come in between
        raise


def _put(data: bytes) -> None:
    out = sys.stdout.fileno()
    while data:
        try:
            data = data[os.write(out, data) :]
        except BlockingIOError:  # another program made it so
            select.select([], [out], [])
