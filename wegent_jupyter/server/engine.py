"""Socket.IO's server as we run it: WebSockets only, nothing between a message and its handler, and with an end.

By itself it starts a task and a timer for each message in either direction, and passes both through queues, which costs
more than all that the gateway does with a message. And it leaves tasks behind that asyncio complains of when the server
stops.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import engineio
import socketio
from engineio.exceptions import SocketIsClosedError

if TYPE_CHECKING:
    from wegent_jupyter.server.sockets import SocketHandler

LEAVE_SECONDS = 1.0
"""For the connections to be closed when the server stops."""
MESSAGE = "4"
"""Engine.IO's type of a packet that is Socket.IO's; binary ones are sent as they are."""


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO that knows what it started: among it, for each connection, the wait for the next ping."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what `engineio.AsyncServer` takes."""
        super().__init__(*args, **kwargs)
        self._started: set[asyncio.Task[Any]] = set()

    def start_background_task(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> "asyncio.Task[Any]":
        """Start a task, and remember it while it runs."""
        task: asyncio.Task[Any] = super().start_background_task(target, *args, **kwargs)
        self._started.add(task)
        task.add_done_callback(self._started.discard)
        return task

    async def receive(self, eio_sid: str, message: str | bytes) -> None:
        """Have a message handled; returns when that is done. Raises SocketIsClosedError for one that was given up."""
        connection = self.sockets.get(eio_sid)
        if connection is None or connection.closed:
            raise SocketIsClosedError
        await connection.receive(engineio.packet.Packet(encoded_packet=message))

    async def shutdown(self) -> None:
        """End everything that was started."""
        started = list(self._started)
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO over that engine."""

    eio: Engine

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        handler: SocketHandler = environ["tornado.handler"]
        handler.eio_sid = eio_sid

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        """Write a packet, all frames of it at once; Tornado keeps what the network does not take yet."""
        environ = self.environ.get(eio_sid)
        if environ is None:
            return  # it left
        handler: SocketHandler = environ["tornado.handler"]
        encoded = pkt.encode()
        for part in encoded if isinstance(encoded, list) else [encoded]:
            handler.send(part if isinstance(part, bytes) else MESSAGE + part)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception:
            self._binary_packet.pop(eio_sid, None)  # else whatever came next would count as its missing part
            raise

    async def shutdown(self) -> None:
        """Close every connection, as a network would: a face that was told to leave would not come back."""
        leaving = [environ["tornado.handler"].leave() for environ in self.environ.values()]
        if leaving:
            await asyncio.wait(leaving, timeout=LEAVE_SECONDS)
        await super().shutdown()
