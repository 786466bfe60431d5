"""Read from the terminal without blocking anything else."""

import asyncio
import os
import sys
from contextlib import suppress

END_OF_FILE = None
READ_BYTES = 64 << 10


def is_there() -> bool:
    """Say whether a person sees what is asked and can type."""
    return sys.platform != "win32" and sys.stdin.isatty() and sys.stderr.isatty()


async def line() -> str | None:
    """Return the next line that the person types, None at the end of input. What was typed before does not count."""
    descriptor = sys.stdin.fileno()
    _forget_typed(descriptor)
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        loop.remove_reader(descriptor)
        data = b""
        with suppress(OSError):  # the terminal is gone
            data = os.read(descriptor, 1 << 16)
        if not typed.done():
            typed.set_result(data)

    loop.add_reader(descriptor, read)
    try:
        data = await typed
    finally:
        loop.remove_reader(descriptor)
    return data.decode(errors="replace").rstrip("\r\n") if data else END_OF_FILE


async def hidden_line() -> str | None:
    """Return the next line without showing what is typed."""
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    hidden = [*before]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, hidden)
    try:
        return await line()
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


async def data() -> bytes:
    """Return what comes next on standard input, nothing at its end."""
    descriptor = sys.stdin.fileno()
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
    except PermissionError:
        readable.set()  # a file, which never lets one wait
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    try:
        return os.read(descriptor, READ_BYTES)
    except OSError:
        return b""  # the terminal is gone


def _forget_typed(descriptor: int) -> None:
    """Throw away what was typed for an earlier question: it must not answer this one."""
    import termios

    with suppress(termios.error):
        termios.tcflush(descriptor, termios.TCIFLUSH)
