"""Socket.IO under `{base_url}wegent/socket.io/`: the server with its settings, and the WebSocket that reaches it."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from engineio.exceptions import SocketIsClosedError
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from wegent_jupyter.protocol import terminals, wire
from wegent_jupyter.server.auth import WegentAuth
from wegent_jupyter.server.engine import Server
from wegent_jupyter.server.packets import Manager, Packet

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

log = logging.getLogger(__name__)

FACES = "/tasks"
"""The namespace that people and programs use; `wire.NAMESPACE` is that of devices."""
PING_INTERVAL, PING_TIMEOUT = 25, 60
"""Seconds. Stock executors answer no ping while a handler of theirs runs, hence the long time-out."""
REGISTER_SECONDS = 10.0
"""A device that has not registered by then is disconnected, and so is who entered no namespace."""
PAUSE_BYTES, MAX_UNSENT_BYTES = 4 << 20, 64 << 20
"""Of what was sent to a peer and is still here: above the first nothing is read of it, above the second it is gone."""
PONG = "3"
"""Engine.IO's answer to a ping."""


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

    To Engine.IO it is what `socketio.get_tornado_handler` makes, behind Jupyter's checks and without a queue.
    """

    ping_interval = 0  # Engine.IO pings by itself
    max_message_size = wire.MAX_MESSAGE_BYTES
    admitted = False
    """A namespace took this connection in."""
    eio_sid = ""
    """Engine.IO's name of this connection."""

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
        self._for_engine: asyncio.Queue[str | None] = asyncio.Queue()
        self._unsent, self._taken = 0, asyncio.Event()
        self._taken.set()
        self._serving = asyncio.create_task(self._serve())
        asyncio.get_running_loop().call_later(REGISTER_SECONDS, self._end_unused)

    async def on_message(self, message: str | bytes) -> None:
        """Handle a message; Tornado reads the next one when that is done, so that a flood waits at its sender."""
        if message == PONG:
            self._for_engine.put_nowait(message)  # what Engine.IO waits for, to see that the client lives
            return
        try:
            await self._sockets.eio.receive(self.eio_sid, message)
            await self._taken.wait()  # who does not read is not read
        except SocketIsClosedError:
            self.close()
        except Exception as error:  # whatever a peer sent that no handler of ours got to see
            log.warning("A message that is no packet was ignored: %r", error)

    async def get_next_message(self) -> str | None:
        """Return the next sign of life, or None at the end: what Engine.IO's driver calls."""
        return await self._for_engine.get()

    def on_close(self) -> None:
        """Tell Engine.IO."""
        self._taken.set()
        self._for_engine.put_nowait(None)

    def send(self, frame: str | bytes) -> None:
        """Send a frame. What the network does not take is kept, up to a limit: then the connection is ended."""
        try:
            written = self.write_message(frame, isinstance(frame, bytes))
        except WebSocketClosedError:
            return  # its disconnect handler tells who has to know
        self._unsent += len(frame)
        written.add_done_callback(partial(self._sent, len(frame)))
        if self._unsent > PAUSE_BYTES:
            self._taken.clear()
        if self._unsent > MAX_UNSENT_BYTES and (stream := getattr(self.ws_connection, "stream", None)) is not None:
            log.warning("A peer that does not read what it is sent was disconnected")
            stream.close()  # a closing handshake would wait behind all of it

    def _sent(self, size: int, written: "asyncio.Future[None]") -> None:
        self._unsent -= size
        failed = written.cancelled() or written.exception() is not None  # asked for, or asyncio complains of it
        if failed or self._unsent <= PAUSE_BYTES:
            self._taken.set()

    @property
    def sending(self) -> bool:
        """Say whether something was sent that the network has not taken yet."""
        return self._unsent > 0

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
