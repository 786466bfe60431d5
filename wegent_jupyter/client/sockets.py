"""Socket.IO connections to the server, and finding it again after it was restarted."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import socketio

from wegent_jupyter.client.rest import REFUSED, ApiError, Rest, Unreachable
from wegent_jupyter.protocol import api

RECONNECT_SECONDS = 1.0
MAX_MESSAGE_BYTES = 16 << 20
DROPPED: Final = (
    socketio.exceptions.ConnectionError,
    socketio.exceptions.TimeoutError,
    socketio.exceptions.BadNamespaceError,  # raised by what is sent after the end
)
"""What is raised when a connection cannot be made, or ends while something is asked: try again."""


class Sockets(Rest):
    """Opens connections with what opens the API."""

    @contextlib.asynccontextmanager
    async def socket(
        self, namespace: str, handlers: Mapping[str, Callable[..., Any]]
    ) -> AsyncIterator[socketio.AsyncClient]:
        """Connect to a namespace, and disconnect at the end; raises DROPPED."""
        connector = aiohttp.UnixConnector(self._server.unix) if self._server.unix else _tcp(self._context)
        async with aiohttp.ClientSession(connector=connector, trust_env=self.remote) as session:
            client = socketio.AsyncClient(
                reconnection=False,
                handle_sigint=False,
                http_session=session,
                websocket_extra_options={"max_msg_size": MAX_MESSAGE_BYTES},
            )
            for event, handler in handlers.items():
                client.on(event, handler, namespace=namespace)
            try:
                await self._connect(client, namespace)
                yield client
            finally:
                await client.disconnect()

    async def _connect(self, client: socketio.AsyncClient, namespace: str) -> None:
        parts = urlsplit(self._server.url)
        await client.connect(
            f"{parts.scheme}://{parts.netloc}",
            headers={"Authorization": self._server.authorization},
            namespaces=[namespace],
            transports=["websocket"],
            socketio_path=f"{parts.path.strip('/')}/socket.io",
        )

    async def find_again(self) -> None:
        """Give the server a moment, then look where it is now; raises ApiError when it does not know us any more."""
        await asyncio.sleep(RECONNECT_SECONDS)
        await self._look()
        if self.remote:
            await self._check_token()

    async def _check_token(self) -> None:
        """Raise ApiError when what a person gave does not open the server any more: no restart mends that."""
        try:
            await self._get("/version", api.Version)
        except Unreachable:
            return
        except ApiError as error:
            if error.status in REFUSED:
                raise


def _tcp(context: ssl.SSLContext | None) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(ssl=context) if context is not None else aiohttp.TCPConnector()
