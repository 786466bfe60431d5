"""The namespace `/local-executor`: Wegent's device protocol, with device credentials only."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import socketio

from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.server.limits import Rate, neighbourhood
from wegent_jupyter.server.sockets import REGISTER_SECONDS, ask

if TYPE_CHECKING:
    from wegent_jupyter.gateway.credentials import CredentialEntry
    from wegent_jupyter.server.service import Service
    from wegent_jupyter.server.sockets import SocketHandler

log = logging.getLogger(__name__)

CONNECTS, CONNECT_SECONDS = 30, 30.0
"""Wegent's own limit (backend/app/api/ws/device_namespace.py there), which counts by address."""
BAD_MESSAGES, BAD_SECONDS = 100, 60.0
"""Messages of one socket that are malformed, or about what is not its own."""
CLOSE_SECONDS = 1.0
"""For a device to read that it was disconnected, before its connection is closed."""


class DeviceChannel:
    """A Channel to one connected device."""

    def __init__(self, namespace: "DeviceNamespace", sid: str, handler: "SocketHandler") -> None:
        """Talk to the socket `sid`, which is `handler`'s connection."""
        self._namespace, self._sid, self._handler = namespace, sid, handler
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closing = False
        """Nothing more is taken from it."""

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
        self.closing = True
        await self._namespace.disconnect(self._sid)
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._handler.close)


class Refusals:
    """Counts what a socket sends amiss."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._rate = Rate(BAD_MESSAGES, BAD_SECONDS)
        self._foreign = 0

    def too_many(self, answer: Any, foreign: int) -> bool:
        """Count an answer, and the foreign messages, of which `foreign` came in all; says whether it is too much."""
        refused = isinstance(answer, dict) and ("error" in answer or answer.get("success") is False)
        # A terminal of a stock executor may print on after the gateway that knew it was restarted.
        refused = refused and answer.get("code") != "not_found"
        bad = int(refused) + foreign - self._foreign
        self._foreign = foreign
        return not all(self._rate.allows(None) for _ in range(min(bad, BAD_MESSAGES + 1)))


class DeviceNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """`/local-executor`: Wegent's device protocol, with device credentials only."""

    def __init__(self, service: "Service") -> None:
        """Answer for a service."""
        super().__init__(wire.NAMESPACE)
        self._service = service
        self._sessions: dict[str, tuple[DeviceSession, DeviceChannel, Refusals]] = {}
        self._connects = Rate(CONNECTS, CONNECT_SECONDS)

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Accept a device's own credential, and nothing that a browser could send."""
        if environ.get("HTTP_ORIGIN") is not None:
            raise socketio.exceptions.ConnectionRefusedError("Browsers are not devices")
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or not token:
            raise socketio.exceptions.ConnectionRefusedError("Missing authentication token")
        if self._service.state != "running":  # first: else every secret would seem to be a wrong one
            raise socketio.exceptions.ConnectionRefusedError("Server is not ready")
        handler: SocketHandler = environ["tornado.handler"]
        address = handler.request.remote_ip
        embedded = self._service.is_embedded(token)
        entry = None if embedded else self._admit(token, address)
        owner = entry.owner if entry is not None else self._service.embedded_owner()
        handler.admitted = True
        channel = DeviceChannel(self, sid, handler)
        session = DeviceSession(
            self._service.gateway, owner, channel, embedded=embedded, credential=entry, address=address
        )
        self._sessions[sid] = session, channel, Refusals()
        asyncio.get_running_loop().call_later(REGISTER_SECONDS, self._end_unregistered, sid)

    def _admit(self, token: str, address: str | None) -> "CredentialEntry":
        """Return the credential of a device that is not the embedded one; refuses in Wegent's words."""
        entry = self._service.device_credential(token)
        # By credential, so that a stranger at the same address keeps no device away.
        who = neighbourhood(address or "") if entry is None else entry.id
        if not self._connects.allows(who):
            raise socketio.exceptions.ConnectionRefusedError("Too many device connection attempts")
        if entry is not None and not self._service.allows_remote_devices:
            raise socketio.exceptions.ConnectionRefusedError("This server takes no devices beside its own")
        if entry is None:
            what = "API key" if token.startswith("wg-") else "token"
            raise socketio.exceptions.ConnectionRefusedError(f"Invalid or expired {what}")
        return entry

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Note that a device's connection ended."""
        if sid not in self._sessions:
            return
        session, channel, _ = self._sessions.pop(sid)
        channel.end()
        await session.closed()

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Hand a message to its session; one packet of a client is handled at a time."""
        if event in ("connect", "disconnect"):
            return await super().trigger_event(event, *args)
        if args[0] not in self._sessions:
            return {"error": "Not authenticated or not registered"}
        session, channel, refusals = self._sessions[args[0]]
        if channel.closing:
            return {"error": "Disconnected"}
        answer = await session.handle(event, args[1] if len(args) > 1 else None)
        if refusals.too_many(answer, session.foreign):
            log.warning("A device of %s sends what has to be refused; it is disconnected", session.owner)
            self._service.spawn(channel.close("Too many messages were refused"))
        return answer

    async def end(self, entry: "CredentialEntry") -> None:
        """Disconnect whoever is connected by a credential that was revoked."""
        await self._close(lambda session: session.credential is entry, "Its credential was revoked")

    async def end_expired(self) -> None:
        """Disconnect whose token expired, once nothing runs there; and what was revoked while it registered."""
        await self._close(lambda one: one.revoked or (one.expired and not one.busy), "Its credential has ended")

    async def _close(self, which: Callable[[DeviceSession], bool], reason: str) -> None:
        for session, channel, _ in list(self._sessions.values()):
            if which(session):
                await channel.close(reason)

    def _end_unregistered(self, sid: str) -> None:
        if sid not in self._sessions:
            return
        session, channel, _ = self._sessions[sid]
        if not session.registered:
            self._service.spawn(channel.close("It did not register"))
