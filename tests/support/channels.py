"""Channels for tests: in memory, always serialising, and with faults on demand."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from wegent_jupyter.protocol.channel import NotSent, Unanswered

Receive = Callable[[str, Any], Awaitable[Any]]


@dataclass
class Faults:
    """Probabilities for each message and each ack. A cut ends the connection; who serves it makes a new one."""

    seed: int = 0
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    cut: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def happens(self, name: str) -> bool:
        happened = bool(self.random.random() < getattr(self, name))
        self.counts[name] = self.counts.get(name, 0) + happened
        return happened


class MemoryChannel:
    """One end of a connection in memory: what is sent is delivered to the other end in order, unless faults say so."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._peer: MemoryChannel | None = None
        self._receive: Receive | None = None
        self._inbox: asyncio.Queue[tuple[str, str, asyncio.Future[str] | None]] = asyncio.Queue()
        self._held: list[tuple[str, str, asyncio.Future[str] | None]] = []
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()

    def connect(self, peer: MemoryChannel, receive: Receive, *, in_order: bool) -> None:
        """Deliver what `peer` sends to `receive`, one after the other or, as Socket.IO clients do, a task for each."""
        self._peer, self._receive = peer, receive
        self._run(self._deliver(in_order))

    @property
    def closed(self) -> bool:
        return self._ended.done()

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        self._send(event, data, None)

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._send(event, data, answer)
        either: set[asyncio.Future[Any]] = {answer, self._ended}
        await asyncio.wait(either, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise Unanswered
        return json.loads(answer.result(), object_hook=_with_bytes)

    async def close(self, reason: str) -> None:
        self.end()

    def end(self) -> None:
        """End both ends, as a cut cable does."""
        for side in (self, self._peer):
            if side is not None and not side._ended.done():
                side._ended.set_result(None)
                for task in side._tasks:
                    if task is not asyncio.current_task():
                        task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._ended)

    def _send(self, event: str, data: dict[str, Any], answer: asyncio.Future[str] | None) -> None:
        if self.closed or self._peer is None:
            raise NotSent
        message = (event, json.dumps(data), answer)
        if self._faults.happens("cut"):
            self.end()
        if self._faults.happens("drop"):
            return
        if self._faults.happens("reorder"):
            self._held.append(message)
            return
        for _ in range(2 if self._faults.happens("duplicate") else 1):
            self._peer._inbox.put_nowait(message)
        held, self._held = self._held, []
        for late in held:
            self._peer._inbox.put_nowait(late)

    async def _deliver(self, in_order: bool) -> None:
        while not self.closed:
            event, data, answer = await self._inbox.get()
            if self._faults.happens("delay"):
                await asyncio.sleep(0.02)
            handling = self._handle(event, data, answer)
            if in_order:
                await handling
            else:
                self._run(handling)

    async def _handle(self, event: str, data: str, answer: asyncio.Future[str] | None) -> None:
        assert self._receive is not None
        result = json.dumps(await self._receive(event, json.loads(data)), default=_of_bytes)
        if answer is None or answer.done() or self._faults.happens("drop"):
            return
        answer.set_result(result)

    def _run(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a handler of a test channel failed", "exception": task.exception()}
            )


def _of_bytes(data: bytes) -> dict[str, str]:
    """Let bytes through in an answer, as Socket.IO does."""
    return {"_bytes": base64.b64encode(data).decode()}


def _with_bytes(found: dict[str, Any]) -> Any:
    return base64.b64decode(found["_bytes"]) if found.keys() == {"_bytes"} else found
