"""A terminal of one of Wegent's own executors: it sends text, to nobody in particular, and keeps nothing."""

import asyncio
import codecs
import time
from collections.abc import Awaitable, Callable
from typing import Any

from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.protocol.audience import Audience
from wegent_jupyter.protocol.ring import Ring

Emit = Callable[[str, dict[str, Any]], Awaitable[None]]
"""(event, data)"""


class StockTerminal:
    """Has the ring and the viewers that our executors have themselves. It cannot make such a device wait."""

    def __init__(self, start: wire.Start, emit: Emit, deliver: Emit) -> None:
        """Tell the device with `emit`, viewers with `deliver`."""
        self._session_id, self._emit, self._deliver = start.session_id, emit, deliver
        self._ring = Ring(wire.STOCK_RING_BYTES)
        self._audience = Audience(start.session_id, self._ring, start.rows, start.cols)
        self._size: tuple[int, int] | None = None
        """What the device was told; it starts with a size of its own."""
        self._typed = codecs.getincrementaldecoder("utf-8")("replace")
        self._exit: wire.Exit | None = None
        self._asked = False
        self._due = asyncio.Event()
        self._sending = asyncio.create_task(self._send())

    def attach(self, watch: wire.Watch) -> None:
        """Let a viewer see it; with the first one, the device is asked to send output."""
        self._audience.attach(watch, time.monotonic())
        self._due.set()

    def detach(self, key: str) -> None:
        """Forget a viewer."""
        self._audience.detach(key)
        self._due.set()

    def resize(self, message: wire.Resize) -> None:
        """Note a viewer's size."""
        self._audience.resize(message)
        self._due.set()

    def credit(self, key: str, offset: int) -> None:
        """Note what a viewer has shown."""
        self._audience.credit(key, offset, time.monotonic())
        self._due.set()

    async def input(self, key: str, data: bytes) -> None:
        """Hand on what was typed, as text."""
        self._audience.typed(key)
        self._due.set()
        if text := self._typed.decode(data):
            await self._emit(wire.INPUT, {"session_id": self._session_id, "data": text})

    def printed(self, data: bytes) -> None:
        """Keep output, and pass it on."""
        self._ring.append(data)
        self._due.set()

    def ended(self, exit_code: int | None, reason: wire.ExitReason) -> None:
        """Note its end."""
        self._exit = wire.Exit(session_id=self._session_id, exit_code=exit_code, reason=reason)
        self._due.set()

    def close(self) -> None:
        """Send nothing any more."""
        self._sending.cancel()

    async def _send(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            await self._tell_device()
            while messages := self._audience.messages(time.monotonic(), self._exit):
                for event, data in messages:
                    await self._deliver(event, data)

    async def _tell_device(self) -> None:
        if not self._asked and len(self._audience):
            self._asked = True
            await self._emit(wire.ATTACH, {"session_id": self._session_id})
        if self._size != self._audience.size and len(self._audience):
            self._size = self._audience.size
            rows, cols = self._size
            await self._emit(wire.RESIZE, {"session_id": self._session_id, "rows": rows, "cols": cols})
