"""Socket.IO under `{base_url}wegent/socket.io/`: `/tasks` for people and programs, `/local-executor` for devices."""

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated, Any

import socketio
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from pydantic import BaseModel, Field, ValidationError
from tornado import web

from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.gateway.store.records import Stored
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.server.auth import WegentAuth
from wegent_jupyter.server.engine import Server
from wegent_jupyter.server.packets import Encoded, Manager, Packet

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

log = logging.getLogger(__name__)

FACES = "/tasks"
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
        namespaces=[FACES, wire.NAMESPACE],  # without this, anybody may enter "/"
        # In order, one packet of a client at a time: the handlers enqueue and return.
        async_handlers=False,
        # Jupyter's own check of the Origin header decides, in the handler.
        cors_allowed_origins=[],
        http_compression=False,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_http_buffer_size=wire.MAX_MESSAGE_BYTES,
    )


def make_handler(server: socketio.AsyncServer) -> type[web.RequestHandler]:
    """Return the Tornado handler of a Socket.IO server, behind Jupyter's checks."""
    plain: Any = socketio.get_tornado_handler(server)

    class SocketHandler(WebSocketMixin, WegentAuth, JupyterHandler, plain):  # type: ignore[misc]
        """A WebSocket: people come with Jupyter's identity, devices with none and without an Origin header."""

        ping_interval = 0  # Engine.IO pings by itself
        max_message_size = wire.MAX_MESSAGE_BYTES
        admitted = False
        """A namespace took this connection in."""

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
            await super().get(*args, **kwargs)  # type: ignore[misc]

        async def open(self, *_args: Any, **_kwargs: Any) -> None:
            """Start without Nagle's algorithm, which costs 40 ms per small message of two frames."""
            self.set_nodelay(True)
            # Engine.IO's own queue has no bound, so that a flood would end up in memory.
            self.receive_queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(MAX_UNREAD)
            self._serving = asyncio.create_task(self._serve())
            asyncio.get_running_loop().call_later(REGISTER_SECONDS, self._end_unused)

        async def _serve(self) -> None:
            """Let Engine.IO have the connection; one that it refuses would stay open without a reader."""
            try:
                await server.handle_request(self)
            finally:
                self.close()

        def leave(self) -> "asyncio.Task[None]":
            """Close the connection; returns what is done when nothing of it is left."""
            self.close()
            self.on_close()
            return self._serving

        def _end_unused(self) -> None:
            if not self.admitted:
                self.close()

        def on_close(self) -> None:
            """Tell the reader, who may be behind."""
            if self.receive_queue.full():
                self.receive_queue.get_nowait()
            self.receive_queue.put_nowait(None)

        @allow_unauthenticated
        async def post(self, *args: Any, **kwargs: Any) -> None:
            """Refuse polling."""
            raise web.HTTPError(405)

        options = post

    return SocketHandler


class Follow(BaseModel):
    """What `task:join` and `task:leave` say."""

    task_id: wire.WireId
    after_pos: Annotated[int, Field(ge=0, lt=1 << 53)] | None = None


class TasksNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """`/tasks`: what faces follow."""

    def __init__(self, service: "Service") -> None:
        """Answer for a service."""
        super().__init__(FACES)
        self._service = service
        self._owners: dict[str, str] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any], _auth: Any = None) -> None:
        """Accept whom Jupyter knows."""
        handler = environ["tornado.handler"]
        if handler.current_user is None:
            raise socketio.exceptions.ConnectionRefusedError("Not authenticated")
        handler.admitted = True
        self._owners[sid] = self._service.owner_of(handler.current_user)

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Forget a viewer."""
        self._owners.pop(sid, None)
        self._service.forget_viewer(sid)

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Answer `watch`, `task:join` and `task:leave`."""
        answers = {"watch": self._watch, "task:join": self._join, "task:leave": self._leave}
        if event not in answers:
            return await super().trigger_event(event, *args)
        sid, data = args[0], args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
        try:
            return {"ok": True, **await answers[event](sid, data)}
        except Refused as refused:
            return _problem(refused.message, refused.code, refused.status)
        except StoreFailed as error:
            return _problem(f"The database cannot be used now: {error}", "store_failed", 503)
        except ValidationError as error:
            first = error.errors()[0]
            return _problem(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", "invalid", 422)

    async def _watch(self, sid: str, _data: dict[str, Any]) -> dict[str, Any]:
        owner = self._owners[sid]
        await self.enter_room(sid, room_of(owner))
        snapshot: dict[str, Any] = {"version": self._service.version().model_dump(), "devices": [], "tasks": []}
        if self._service.state == "running":
            gateway = self._service.gateway
            tasks, _ = await gateway.tasks.list(owner, 50, None)
            snapshot["tasks"] = [task.model_dump(mode="json") for task in tasks]
            snapshot["devices"] = [device.model_dump(mode="json") for device in gateway.show_devices(owner)]
        return snapshot

    async def _join(self, sid: str, data: dict[str, Any]) -> dict[str, Any]:
        wanted = Follow.model_validate(data)
        task_id = wanted.task_id

        async def send(events: list[Stored]) -> None:
            batch = ",".join(event.text for event in events)
            await (await ask(self, sid, "task:events", Encoded(f'{{"task_id":{task_id},"events":[{batch}]}}')))

        async def lagged(pos: int) -> None:
            await self.emit("lagged", {"task_id": task_id, "pos": pos}, to=sid)

        await self._service.gateway.join(self._owners[sid], sid, task_id, wanted.after_pos or 0, send, lagged)
        return {}

    async def _leave(self, sid: str, data: dict[str, Any]) -> dict[str, Any]:
        self._service.gateway.viewers.leave(sid, Follow.model_validate(data).task_id)
        return {}


def room_of(owner: str) -> str:
    """Return the room of an owner's faces."""
    return f"owner:{owner}"


def _problem(message: str, code: str, status: int) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "status": status}}


class DeviceChannel:
    """A Channel to one connected device."""

    def __init__(self, namespace: "DeviceNamespace", sid: str) -> None:
        """Talk to the socket `sid`."""
        self._namespace, self._sid = namespace, sid
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
        if self.closed:
            raise NotSent
        await self._namespace.emit(event, data, to=self._sid)

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        """Send and wait for the ack, at most until the connection ends; raises NotSent or Unanswered."""
        if self.closed:
            raise NotSent
        answer = await ask(self._namespace, self._sid, event, data)
        await asyncio.wait({answer, self._ended}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise Unanswered
        return answer.result()

    async def close(self, reason: str) -> None:
        """Disconnect the device."""
        log.info("Disconnecting a device: %s", reason)
        await self._namespace.disconnect(self._sid)


class DeviceNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """`/local-executor`: Wegent's device protocol, with device credentials only."""

    def __init__(self, service: "Service") -> None:
        """Answer for a service."""
        super().__init__(wire.NAMESPACE)
        self._service = service
        self._sessions: dict[str, tuple[DeviceSession, DeviceChannel]] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Accept a device's own credential, and nothing that a browser could send."""
        if environ.get("HTTP_ORIGIN") is not None:
            raise socketio.exceptions.ConnectionRefusedError("Browsers are not devices")
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or not token:
            raise socketio.exceptions.ConnectionRefusedError("Missing authentication token")
        known = self._service.device_credential(token)
        if known is None:
            raise socketio.exceptions.ConnectionRefusedError("Invalid or expired token")
        if self._service.state != "running":
            raise socketio.exceptions.ConnectionRefusedError("Server is not ready")
        environ["tornado.handler"].admitted = True
        owner, embedded = known
        channel = DeviceChannel(self, sid)
        self._sessions[sid] = DeviceSession(self._service.gateway, owner, channel, embedded=embedded), channel
        asyncio.get_running_loop().call_later(REGISTER_SECONDS, self._end_unregistered, sid)

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Note that a device's connection ended."""
        session, channel = self._sessions.pop(sid, (None, None))
        if session is not None and channel is not None:
            channel.end()
            await session.closed()

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Hand a message to its session; one packet of a client is handled at a time."""
        if event in ("connect", "disconnect"):
            return await super().trigger_event(event, *args)
        found = self._sessions.get(args[0])
        if found is None:
            return {"error": "Not authenticated or not registered"}
        return await found[0].handle(event, args[1] if len(args) > 1 else None)

    def _end_unregistered(self, sid: str) -> None:
        session, channel = self._sessions.get(sid, (None, None))
        if session is not None and channel is not None and not session.registered:
            self._service.spawn(channel.close("It did not register"))
