"""Socket.IO under `{base_url}wegent/socket.io/`: the server with its settings, and the WebSocket that reaches it."""

import asyncio
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketHandler

from wegent_jupyter.protocol import terminals, wire
from wegent_jupyter.server.auth import WegentAuth
from wegent_jupyter.server.engine import Server
from wegent_jupyter.server.packets import Manager, Packet

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

FACES = "/tasks"
"""The namespace that people and programs use; `wire.NAMESPACE` is that of devices."""
PING_INTERVAL, PING_TIMEOUT = 25, 60
"""Seconds. Stock executors answer no ping while a handler of theirs runs, hence the long time-out."""
REGISTER_SECONDS = 10.0
"""A device that has not registered by then is disconnected, and so is who entered no namespace."""
MAX_UNREAD = 8
"""Messages of one socket that wait for their handler; the others wait at the sender."""


async def ask(namespace: Any, sid: str, event: str, data: Any) -> "asyncio.Future[Any]":
    """Send, and return what the ack is going to be.

    `AsyncServer.call` refuses to work with `async_handlers=False`, since it would dead-lock inside a handler; this is
    only called outside of one.
    """
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def settle(*values: Any) -> None:
        if not answered.done():
            answered.set_result(values[0] if values else None)

    await namespace.emit(event, data, to=sid, callback=settle)
    return answered


def make_server() -> Server:
    """Return the Socket.IO server with the settings that it needs inside Jupyter."""
    return Server(
        async_mode="tornado",
        serializer=Packet,
        client_manager=Manager(),
        transports=["websocket"],
        namespaces=[FACES, terminals.NAMESPACE, wire.NAMESPACE],  # without this, anybody may enter "/"
        # In order, one packet of a client at a time: the handlers enqueue and return.
        async_handlers=False,
        # Jupyter's own check of the Origin header decides, in the handler.
        cors_allowed_origins=[],
        http_compression=False,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_http_buffer_size=wire.MAX_MESSAGE_BYTES,
    )


class SocketHandler(WebSocketMixin, WegentAuth, JupyterHandler, WebSocketHandler):
    """A WebSocket: people come with Jupyter's identity, devices with none and without an Origin header.

    To Engine.IO it is what `socketio.get_tornado_handler` makes, behind Jupyter's checks and with a bounded queue.
    """

    ping_interval = 0  # Engine.IO pings by itself
    max_message_size = wire.MAX_MESSAGE_BYTES
    admitted = False
    """A namespace took this connection in."""

    def initialize(self, service: "Service", sockets: Server) -> None:  # type: ignore[override]
        """Take the service, and the Socket.IO server that gets the connection."""
        super().initialize(service)
        self._sockets = sockets

    def get_compression_options(self) -> None:
        """Send as it is: compression costs a third of the throughput and this is mostly loopback."""

    # What a device is shows in its CONNECT packet, later; the checks before it are below.
    @allow_unauthenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open a WebSocket; plain HTTP polling is not offered."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise web.HTTPError(400, "Only WebSocket connections are accepted here.")
        user = self.current_user
        if user is None and self.get_origin() is not None:
            raise web.HTTPError(403)  # a browser without an identity
        if user is not None:
            allowed = self.authorizer.is_authorized(self, user, "execute", self.auth_resource)
            if not await ensure_async(allowed):
                raise web.HTTPError(403)
        await super().get(*args, **kwargs)

    @allow_unauthenticated
    async def post(self, *args: Any, **kwargs: Any) -> None:
        """Refuse polling."""
        raise web.HTTPError(405)

    options = post

    async def open(self, *_args: Any, **_kwargs: Any) -> None:
        """Start without Nagle's algorithm, which costs 40 ms per small message of two frames."""
        self.set_nodelay(True)
        self._unread: asyncio.Queue[str | bytes | None] = asyncio.Queue(MAX_UNREAD)
        self._serving = asyncio.create_task(self._serve())
        asyncio.get_running_loop().call_later(REGISTER_SECONDS, self._end_unused)

    async def on_message(self, message: str | bytes) -> None:
        """Keep a message for Engine.IO; Tornado reads the next one when there is room for it."""
        await self._unread.put(message)

    async def get_next_message(self) -> str | bytes | None:
        """Return the next message, or None at the end: what Engine.IO's driver calls."""
        return await self._unread.get()

    def on_close(self) -> None:
        """Tell the reader, who may be behind."""
        if self._unread.full():
            self._unread.get_nowait()
        self._unread.put_nowait(None)

    @property
    def sending(self) -> bool:
        """Say whether something was sent that the network has not taken yet."""
        connection = self.ws_connection
        stream = getattr(connection, "stream", None)
        return stream is not None and not stream.closed() and stream.writing()

    def leave(self) -> "asyncio.Task[None]":
        """Close the connection; returns what is done when nothing of it is left."""
        self.close()
        self.on_close()
        return self._serving

    async def _serve(self) -> None:
        """Let Engine.IO have the connection; one that it refuses would stay open without a reader."""
        try:
            await self._sockets.handle_request(self)
        finally:
            self.close()

    def _end_unused(self) -> None:
        if not self.admitted:
            self.close()
