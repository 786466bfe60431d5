"""A Channel over one connection of python-socketio's client."""

import asyncio
import logging
from typing import Any

import socketio
from socketio.exceptions import BadNamespaceError, DisconnectedError
from socketio.exceptions import TimeoutError as AckTimeout

from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered

log = logging.getLogger(__name__)

MAX_WAITING = 64
"""Packets that may wait to be sent; output of a terminal has 64 KiB in two of them."""


class SocketChannel:
    """A Channel over one connection of python-socketio's client."""

    def __init__(self, client: socketio.AsyncClient) -> None:
        """Wrap a client that is about to connect."""
        self._client = client
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def closed(self) -> bool:
        """Say whether the connection ended."""
        return self._ended.done()

    def end(self) -> None:
        """Note that the connection ended."""
        if not self._ended.done():
            self._ended.set_result(None)

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        """Send; raises NotSent."""
        try:
            await self._client.emit(event, data, namespace=wire.NAMESPACE)
            await self._taken()
        except (BadNamespaceError, DisconnectedError) as error:
            raise NotSent from error

    async def _taken(self) -> None:
        """Wait while much of what was sent waits for the network: python-socketio keeps it without a limit."""
        waiting: asyncio.Queue[Any] = self._client.eio.queue
        if waiting.qsize() < MAX_WAITING or self.closed:
            return
        emptied = asyncio.ensure_future(waiting.join())
        await asyncio.wait({emptied, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        emptied.cancel()

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        """Send and wait for the ack, at most until the connection ends; raises NotSent or Unanswered."""
        if self.closed:
            raise NotSent
        # python-socketio leaves a pending call alone when the connection ends, so the end is raced.
        asked = asyncio.ensure_future(self._client.call(event, data, namespace=wire.NAMESPACE, timeout=timeout))
        try:
            await asyncio.wait({asked, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not asked.done():
                asked.cancel()
        if not asked.done():
            raise Unanswered
        try:
            return asked.result()
        except (BadNamespaceError, DisconnectedError) as error:
            raise NotSent from error
        except (AckTimeout, asyncio.CancelledError) as error:
            raise Unanswered from error

    async def close(self, reason: str) -> None:
        """Disconnect."""
        log.info("Disconnecting: %s", reason)
        await self._client.disconnect()
