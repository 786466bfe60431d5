"""Bring the journal's events to the gateway: in order, a window at a time, again from the last ack when in doubt."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from wegent_jupyter.executor.journal import Journal, Key, Stored
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import Channel, NotSent

log = logging.getLogger(__name__)

WINDOW = 512
"""Events of one attempt that may be under way unacknowledged."""
MESSAGE_EVENTS, MESSAGE_CHARS = 64, 256 << 10
"""What goes into one message where the gateway takes several events in one."""
RESEND_SECONDS = 5.0
"""Without an ack for so long, what was sent counts as lost and is sent again."""


@dataclass(slots=True)
class _Cursor:
    task_id: int
    last: int
    acked: int
    sent: int


class Sender:
    """The way of all attempts' events to one gateway. What does not fit the window waits on the disk."""

    def __init__(self, journal: Journal, silent: Callable[[], None] = lambda: None) -> None:
        """Nothing is sent before `run`; `silent` is called when acks stay out."""
        self._journal, self._silent = journal, silent
        self._cursors: dict[Key, _Cursor] = {}
        self._wake = asyncio.Event()
        self._progress = asyncio.Event()
        self._gateway = ""

    def add(self, key: Key, task_id: int, last: int, acked: int) -> None:
        """Take an attempt on."""
        self._cursors[key] = _Cursor(task_id, last, acked, acked)
        self._wake.set()

    def appended(self, key: Key, last: int) -> None:
        """Note that the journal has events up to `last`."""
        cursor = self._cursors.get(key)
        if cursor is not None:
            cursor.last = last
            self._wake.set()

    def acknowledged(self, key: Key, seq: int) -> None:
        """Note that the gateway has everything up to `seq`."""
        self._progress.set()
        cursor = self._cursors.get(key)
        if cursor is None or seq < cursor.acked:
            return
        if seq > cursor.acked:
            try:
                self._journal.acknowledge(key, seq)
            except sqlite3.OperationalError as error:
                # A full disk. What was acknowledged is sent again, and acknowledged again.
                log.error("Attempt %d: cannot note what the gateway has: %s", key[1], error)
                return
            cursor.acked = seq
        else:
            cursor.sent = min(cursor.sent, seq)  # it got something out of order: go back
        cursor.sent = max(cursor.sent, seq)
        if self._journal.get(key) is None:
            del self._cursors[key]
        self._wake.set()

    def forget(self, key: Key) -> None:
        """Drop an attempt that the gateway does not want."""
        self._cursors.pop(key, None)
        self._journal.forget(key)

    @property
    def keys(self) -> list[Key]:
        """Return the attempts that still have something to tell."""
        return list(self._cursors)

    async def delivered(self, gateway: str) -> None:
        """Wait until a gateway has everything."""
        while any(key[0] == gateway and cursor.acked < cursor.last for key, cursor in self._cursors.items()):
            self._progress.clear()
            await self._progress.wait()

    async def run(self, gateway: str, channel: Channel, *, together: bool) -> None:
        """Send over one connection until it ends or this is cancelled; `together`: several events in a message."""
        send = _send_together if together else _send_singly
        for cursor in self._cursors.values():
            cursor.sent = cursor.acked
        while True:
            self._wake.clear()
            try:
                for key in [key for key in self._cursors if key[0] == gateway]:
                    await self._send_some(key, channel, send)
            except NotSent:
                return
            await self._wait()

    async def _wait(self) -> None:
        """Wait for something to send; after a silence with events under way, go back to the last ack."""
        under_way = {key: cursor.acked for key, cursor in self._cursors.items() if cursor.sent > cursor.acked}
        if not under_way:
            await self._wake.wait()
            return
        try:
            async with asyncio.timeout(RESEND_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            self._silent()
            for key, acked in under_way.items():
                cursor = self._cursors.get(key)
                if cursor is not None and cursor.acked == acked:
                    log.info("No ack for attempt %d beyond %d: sending again", key[1], acked)
                    cursor.sent = acked

    async def _send_some(self, key: Key, channel: Channel, send: "_Send") -> None:
        cursor = self._cursors.get(key)
        while cursor is not None and cursor.sent < min(cursor.last, cursor.acked + WINDOW):
            room = cursor.acked + WINDOW - cursor.sent
            events = self._journal.after(key, cursor.sent, min(room, MESSAGE_EVENTS), MESSAGE_CHARS)
            if not events:
                return
            cursor.sent = events[-1][0]
            await send(channel, {"task_id": cursor.task_id, "subtask_id": key[1]}, events)
            cursor = self._cursors.get(key)


_Send = Callable[[Channel, dict[str, Any], list[Stored]], Awaitable[None]]


async def _send_together(channel: Channel, attempt: dict[str, Any], events: list[Stored]) -> None:
    message = {**attempt, "seq": events[0][0], "events": [[name, data] for _, name, data in events]}
    await channel.emit(wire.EVENTS, message)


async def _send_singly(channel: Channel, attempt: dict[str, Any], events: list[Stored]) -> None:
    for seq, name, data in events:
        await channel.emit(name, {"event_type": name, **attempt, "seq": seq, "data": data})
