"""Viewers of a task's events. Each is a cursor that pulls: one batch is under way at a time, the next one is made when
the viewer has acknowledged it. So a slow viewer slows nobody and costs one batch of memory, however far behind it is.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from itertools import takewhile

from wegent_jupyter.gateway.store.records import Stored

log = logging.getLogger(__name__)

BATCH_EVENTS = 512
BATCH_CHARS = 256 << 10
"""256 KiB of events in one batch: large enough that the round trip between two does not matter."""
TAIL_EVENTS = 4096
TAIL_CHARS = 4 << 20
"""Newest events of a watched task that are kept in memory (4 MiB), so that a live viewer needs no read of the store."""
ACK_SECONDS = 30.0
"""A viewer that does not acknowledge a batch for so long is told `lagged` and has to join again."""

Read = Callable[[int, int, int, int], Awaitable[list[Stored]]]
"""(task_id, after_pos, limit, max_chars) -> events"""
Send = Callable[[list[Stored]], Awaitable[None]]
"""Deliver one batch; returns when the viewer has it."""
Lagged = Callable[[int], Awaitable[None]]
"""Tell a viewer that it was dropped at a position."""


@dataclass(slots=True)
class _Watched:
    """What is kept of a task while somebody looks at it. `start`: every event beyond it is in `tail`."""

    start: int | None = None
    chars: int = 0
    tail: deque[Stored] = field(default_factory=deque)
    wakers: set[asyncio.Event] = field(default_factory=set)

    def add(self, new: list[Stored]) -> None:
        if self.start is None:
            self.start = new[0].pos - 1
        self.tail.extend(new)
        self.chars += sum(len(one.text) for one in new)
        while len(self.tail) > TAIL_EVENTS or self.chars > TAIL_CHARS:
            gone = self.tail.popleft()
            self.start, self.chars = gone.pos, self.chars - len(gone.text)
        for waker in self.wakers:
            waker.set()

    def after(self, cursor: int) -> list[Stored] | None:
        """Return the next batch from memory, empty if there is nothing new, None if only the store knows."""
        if self.start is None or cursor < self.start:
            return None
        newer = list(takewhile(lambda one: one.pos > cursor, reversed(self.tail)))
        batch: list[Stored] = []
        chars = 0
        for one in reversed(newer):
            chars += len(one.text)
            if batch and (len(batch) == BATCH_EVENTS or chars > BATCH_CHARS):
                break
            batch.append(one)
        return batch


class Viewers:
    """Everybody who follows the events of a task."""

    def __init__(self, read: Read) -> None:
        """Use `read` for what is no longer in memory."""
        self._read = read
        self._watched: dict[int, _Watched] = {}
        self._pumps: dict[tuple[str, int], asyncio.Task[None]] = {}

    def publish(self, task_id: int, new: Iterable[Stored]) -> None:
        """Hand committed events, in order, to whoever looks at the task; nothing is made of them for nobody."""
        watched = self._watched.get(task_id)
        if watched is not None and (made := list(new)):
            watched.add(made)

    def join(self, viewer: str, task_id: int, after_pos: int, send: Send, lagged: Lagged) -> None:
        """Send everything beyond `after_pos`, then whatever comes; joining again replaces the earlier cursor."""
        self.leave(viewer, task_id)
        waker = asyncio.Event()
        watched = self._watched.setdefault(task_id, _Watched())
        watched.wakers.add(waker)
        pump = asyncio.create_task(self._pump(task_id, watched, waker, after_pos, send, lagged))
        self._pumps[viewer, task_id] = pump
        pump.add_done_callback(lambda _done: self._gone(viewer, task_id, pump, waker))

    def leave(self, viewer: str, task_id: int) -> None:
        """Stop sending a task's events to a viewer."""
        pump = self._pumps.pop((viewer, task_id), None)
        if pump is not None:
            pump.cancel()

    def leave_all(self, viewer: str) -> None:
        """Forget a viewer whose connection ended."""
        for known, task_id in [key for key in self._pumps if key[0] == viewer]:
            self.leave(known, task_id)

    async def close(self) -> None:
        """End all pumps."""
        pumps = list(self._pumps.values())
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    def _gone(self, viewer: str, task_id: int, pump: asyncio.Task[None], waker: asyncio.Event) -> None:
        if self._pumps.get((viewer, task_id)) is pump:
            del self._pumps[viewer, task_id]
        watched = self._watched.get(task_id)
        if watched is not None:
            watched.wakers.discard(waker)
            if not watched.wakers:
                del self._watched[task_id]
        if not pump.cancelled() and (error := pump.exception()) is not None:
            log.warning("A viewer of task %d ended: %s", task_id, error)

    async def _pump(
        self, task_id: int, watched: _Watched, waker: asyncio.Event, cursor: int, send: Send, lagged: Lagged
    ) -> None:
        while True:
            waker.clear()
            batch = watched.after(cursor)
            if batch is None:
                batch = await self._read(task_id, cursor, BATCH_EVENTS, BATCH_CHARS)
            if not batch:
                await waker.wait()
                continue
            try:
                async with asyncio.timeout(ACK_SECONDS):
                    await send(batch)
            except TimeoutError:
                await lagged(cursor)
                return
            cursor = batch[-1].pos
