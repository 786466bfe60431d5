"""A network that misbehaves on purpose: a TCP proxy on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, TypeVar

T = TypeVar("T")
CHUNK = 64 << 10
QUEUED = 256
"""Chunks that may be on their way: with a latency, more than one is."""
Towards = Literal["device", "server"]
DEVICE: Towards = "device"
SERVER: Towards = "server"


@dataclass(eq=False)
class _Line:
    """One accepted connection: both sockets, and whether anything passes."""

    near: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    far: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    passes: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, *, reset: bool) -> None:
        for _, writer in (self.near, self.far):
            _end(writer, reset=reset)


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """Close a socket: with RST, which says that nobody is there, or with FIN."""
    if reset:
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
    else:
        writer.close()


class Proxy:
    """Forwards to a port of this machine; use as a context manager. Every method takes effect before it returns."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self.attempts: list[float] = []
        """When each connection was asked for, by the monotonic clock; those that are refused are not seen."""
        self.delay = 0.0
        """Seconds that each byte is on its way, in either direction."""
        self.twice = False
        """Ask for the next connection twice: the second says what the first says, and nobody hears its answers."""
        self.watched: bytes | None = None
        self.passed: list[float] = []
        """When bytes with `watched` in them went by towards the device, by the monotonic clock."""
        self._lines: set[_Line] = set()
        self._held = False
        self._broken: tuple[Towards, int] | None = None
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """Return where the gateway of a server at `/` seems to be."""
        return f"http://127.0.0.1:{self.port}/wegent"

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What happens to a network.

    def cut(self, *, reset: bool = True) -> int:
        """End every connection; the next one passes. Returns how many there were."""

        async def end() -> int:
            lines = list(self._lines)
            for line in lines:
                line.end(reset=reset)
            return len(lines)

        return self._do(end)

    def refuse(self) -> None:
        """End every connection and let nobody connect."""

        async def stop() -> None:
            if self._listening is not None:
                self._listening.close()
                self._listening = None

        self._do(stop)
        self.cut()

    def accept(self) -> None:
        """Let connect again, at the same port."""

        async def listen() -> None:
            if self._listening is None:
                self._listening = await asyncio.start_server(self._accepted, "127.0.0.1", self.port, limit=CHUNK)
                self.port = self._listening.sockets[0].getsockname()[1]

        self._do(listen)

    def hold(self, *, newer: bool = True) -> None:
        """Let nothing pass and nobody hear an end, as behind a router that forgot; `newer`: new ones neither."""

        async def stop() -> None:
            self._held = newer
            for line in self._lines:
                line.passes.clear()

        self._do(stop)

    def release(self) -> None:
        """Let pass again, what waited first."""

        async def go() -> None:
            self._held = False
            for line in self._lines:
                line.passes.set()

        self._do(go)

    def cut_inside(self, towards: Towards, size: int) -> None:
        """Deliver half of the next bytes of at least `size`, then end the connection: in the middle of a frame."""

        async def arm() -> None:
            self._broken = (towards, size)

        self._do(arm)

    @property
    def armed(self) -> bool:
        """Say whether `cut_inside` still waits for its frame."""
        return self._broken is not None

    @property
    def connections(self) -> int:
        """Return how many connections there are."""
        return len(self._lines)

    # How it is done.

    def _do(self, work: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts.append(time.monotonic())
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry both directions until one of them ends."""
        twice, self.twice = self.twice, False
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
            shadow = (await asyncio.open_connection("127.0.0.1", self.target))[1] if twice else None
        except OSError:
            _end(writer, reset=True)
            return
        line = _Line((reader, writer), far)
        if not self._held:
            line.passes.set()
        self._lines.add(line)
        tasks = [
            asyncio.create_task(self._carry(line, reader, far[1], SERVER, shadow)),
            asyncio.create_task(self._carry(line, far[0], writer, DEVICE, None)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._lines.discard(line)
            line.end(reset=False)
            if shadow is not None:
                shadow.close()

    async def _carry(
        self,
        line: _Line,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        towards: Towards,
        shadow: asyncio.StreamWriter | None,
    ) -> None:
        """Carry one direction to its end; then both ends hear of it, unless nothing passes."""
        under_way: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(QUEUED)
        reading = asyncio.create_task(self._read(reader, under_way))
        try:
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await line.passes.wait()
                if not data:
                    line.end(reset=data is None)
                    return
                broken = self._broken is not None and self._broken[0] == towards and len(data) >= self._broken[1]
                if towards == DEVICE and self.watched is not None and self.watched in data:
                    self.passed.append(time.monotonic())
                writer.write(data[: len(data) // 2] if broken else data)
                await writer.drain()
                if shadow is not None:
                    shadow.write(data)
                if broken:
                    self._broken = None
                    return
        except ConnectionError:
            line.end(reset=True)
        finally:
            reading.cancel()

    async def _read(self, reader: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes | None]]) -> None:
        """Read one end: bytes, then nothing where it said that it ends, or None where it broke."""
        data: bytes | None = b"-"
        while data:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = None
            await under_way.put((time.monotonic() + self.delay, data))
