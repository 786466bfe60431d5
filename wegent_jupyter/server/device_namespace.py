"""The namespace `/local-executor`: Wegent's device protocol, with device credentials only."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import socketio

from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.server.sockets import REGISTER_SECONDS, ask

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

log = logging.getLogger(__name__)


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
