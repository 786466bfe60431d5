"""Carry the Claude Agent SDK's control protocol over a guarded process of ours.

The SDK would start the program itself: with our whole environment, without the guard, and with an end that takes up to
20 s. So it gets this instead (its `Transport`). It also keeps only the control messages: everything else that the
program says is handed to `observe`, in the order in which it was said.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from wegent_jupyter.executor.processes import GuardedProcess

log = logging.getLogger(__name__)

LINE_LIMIT = 64 << 20
"""Bytes of one message: a file that was read, or a picture in base64, is one line."""
EXIT_SECONDS = 2.0
"""For the program's own end after the end of its input; it takes 0.04 s, and the rest of its tree is not waited for."""
WORDS = 2000
"""Characters of standard error that an error shows."""


class Gone(Exception):
    """The program ended, or no longer says what can be read."""


class GuardedTransport:
    """One started program; `observe` gets each of its messages that is not of the control protocol.

    `gone` is told when it ended without having been ended by us.
    """

    def __init__(
        self, process: GuardedProcess, observe: Callable[[dict[str, Any]], None], gone: Callable[[Gone], None]
    ) -> None:
        """Take over the process; `close` ends it."""
        self._process, self._observe, self._gone = process, observe, gone
        self._writing = asyncio.Lock()
        self._ending = False

    async def connect(self) -> None:
        """Do nothing: the process runs."""

    def is_ready(self) -> bool:
        """Say whether the program can be written to."""
        return self._process.returncode is None

    async def write(self, data: str) -> None:
        """Send lines to the program; raises Gone when it ended."""
        async with self._writing:
            try:
                self._process.stdin.write(data.encode())
                await self._process.stdin.drain()
            except (ConnectionError, RuntimeError) as error:
                raise Gone("its input is closed") from error

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the control messages; raises Gone at the end, so that nothing waits for an answer any more."""
        try:
            while line := await self._line():
                message = _parse(line)
                if message is not None and str(message.get("type")).startswith("control_"):
                    yield message
                elif message is not None:
                    self._observe(message)
            if not self._ending:
                raise Gone("it ended")
        except Gone as error:
            self._gone(error)
            raise

    async def _line(self) -> bytes:
        try:
            return await self._process.stdout.readline()
        except ValueError as error:
            raise Gone(f"it said more than {LINE_LIMIT >> 20} MiB in one line") from error

    async def end_input(self) -> None:
        """Tell the program that nothing more comes."""
        self._process.stdin.close()

    async def close(self) -> None:
        """Let the program end by itself, then end its tree."""
        self._ending = True
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_SECONDS):
                await self._process.wait()
        await self._process.end()

    async def kill(self) -> None:
        """End the tree now."""
        self._ending = True
        await self._process.end()

    async def died(self) -> str:
        """Return how the program ended and its last words."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_SECONDS):
                await self._process.wait()
        words = self._process.stderr_tail.strip()[-WORDS:]
        status = self._process.returncode
        how = f"ended with exit status {status}" if status is not None else "stopped answering"
        return f"{how} in mid-turn.{' Its last words: ' + words if words else ''}"


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        log.debug("The program said what is not JSON: %r", line[:200])
        return None
    return message if isinstance(message, dict) else None
