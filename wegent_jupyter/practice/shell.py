"""Shell commands of the practice agent: a process group, its output followed and bounded."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

MAX_OUTPUT = 256 << 10
"""Bytes of output that are kept: its beginning."""

INTERVAL = 0.1
"""Seconds between two looks at the output, each of which carries all of it."""

DRAIN_GRACE = 0.2
"""Seconds to wait for more output after the command ended, if something in the background holds the pipe."""


class Result(NamedTuple):
    """How a command ended (128+N for signal N, as shells count) and what it wrote."""

    exit_code: int
    output: str


class Output:
    """The beginning of a byte stream as text, with a note of what was left out."""

    def __init__(self, limit: int = MAX_OUTPUT) -> None:
        """Keep `limit` bytes."""
        self._kept, self._limit, self._dropped = bytearray(), limit, 0

    def add(self, data: bytes) -> None:
        """Take more bytes."""
        room = self._limit - len(self._kept)
        self._kept += data[:room]
        self._dropped += len(data[room:])

    def text(self, final: bool = False) -> str:
        """Return what was kept, without a character that is not complete yet; `final` adds the note."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(self._kept, final and not self._dropped)
        return f"{text}\n[output truncated: {self._dropped} more bytes]" if final and self._dropped else text


class _Command(asyncio.SubprocessProtocol):
    """Collects output; `ended` is set when the process is gone and its output complete."""

    def __init__(self) -> None:
        self.output = Output()
        self.ended = asyncio.Event()
        self._exited = self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.output.add(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._closed = True
        if self._exited:
            self._finish()

    def process_exited(self) -> None:
        self._exited = True
        if self._closed:
            self._finish()
        else:
            asyncio.get_running_loop().call_later(DRAIN_GRACE, self._finish)

    def _finish(self) -> None:
        self.ended.set()
        self._transport.close()


async def run(command: str, cwd: Path, show: Callable[[str], Awaitable[None]]) -> Result:
    """Run a shell command in `cwd`, showing all output so far at most ten times a second; a cancel kills its group.

    Raises FileNotFoundError where there is no shell, OSError when it cannot be started.
    """
    shell = shutil.which("bash") or shutil.which("sh")
    if shell is None:
        raise FileNotFoundError("no shell was found")
    transport, running = await asyncio.get_running_loop().subprocess_exec(
        _Command,
        *(shell, "-c", command),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        await _follow(running, show)
        code = transport.get_returncode() or 0
        return Result(128 - code if code < 0 else code, running.output.text(final=True))
    finally:
        _end(transport)


async def _follow(running: _Command, show: Callable[[str], Awaitable[None]]) -> None:
    shown = ""
    while not running.ended.is_set():
        text = running.output.text()
        if text != shown:
            await show(text)
            shown = text
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL):
                await running.ended.wait()


def _end(transport: asyncio.SubprocessTransport) -> None:
    """End what still runs. Not by closing the transport: that would take the exit status from who waits for it."""
    if transport.get_returncode() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(transport.get_pid(), signal.SIGKILL) if sys.platform != "win32" else transport.kill()
    pipe = transport.get_pipe_transport(1)
    if pipe is not None:
        pipe.close()


def detached_sleep(seconds: float) -> list[str]:
    """Return a command that leaves `sleep` behind as an orphan; run it in a session of its own."""
    return ["sh", "-c", 'sleep "$1" </dev/null >/dev/null 2>&1 &', "sh", str(seconds)]
