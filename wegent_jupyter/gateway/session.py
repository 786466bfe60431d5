"""One connection of one device, whatever carries it: what its messages mean and how they are answered."""

import logging
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wegent_jupyter.gateway.credentials import CredentialEntry
from wegent_jupyter.gateway.devices import DeviceEntry, now
from wegent_jupyter.gateway.ingest import Inbound
from wegent_jupyter.gateway.registering import DISCONNECTED, NotRegistered
from wegent_jupyter.gateway.terminals import EVENTS as TERMINAL_EVENTS
from wegent_jupyter.protocol import attachments, wire
from wegent_jupyter.protocol.channel import Channel

if TYPE_CHECKING:
    from wegent_jupyter.gateway.gateway import Gateway

log = logging.getLogger(__name__)

STALE = {"error": "Stale device connection"}


class DeviceSession:
    """Answers Wegent's device protocol for one connection. Messages have to be handed over in their order."""

    def __init__(
        self,
        gateway: "Gateway",
        owner: str,
        channel: Channel,
        *,
        embedded: bool = False,
        credential: CredentialEntry | None = None,
        address: str | None = None,
    ) -> None:
        """The connection proved to be a device of `owner`; it has not registered yet.

        `credential` is by what it proved that, unless it is the embedded one; `address` is from where it connected.
        """
        self._gateway, self.owner, self._channel, self._embedded = gateway, owner, channel, embedded
        self.credential, self._address = credential, address
        self._told = False
        self._device: DeviceEntry | None = None
        self._inbound: Inbound | None = None

    @property
    def registered(self) -> bool:
        """Say whether the device told who it is; its registration may still be under way."""
        return self._told

    @property
    def foreign(self) -> int:
        """Return how many messages were about attempts of others."""
        return self._inbound.foreign if self._inbound is not None else 0

    @property
    def revoked(self) -> bool:
        """Say whether its credential was revoked."""
        return self.credential is not None and self._gateway.credentials.revoked(self.credential)

    @property
    def expired(self) -> bool:
        """Say whether the time of its credential is over."""
        return self.credential is not None and self._gateway.credentials.expired(self.credential)

    @property
    def busy(self) -> bool:
        """Say whether turns run on it."""
        return self._device is not None and self._gateway.used(self._device) > 0

    async def handle(self, event: str, data: Any) -> dict[str, Any]:
        """Answer one message; stream events are only queued here."""
        if event == wire.REGISTER:
            return await self._register(data)
        if self._device is None or self._inbound is None:
            return {"error": "Not authenticated or not registered"}
        if event == wire.HEARTBEAT:
            return self._heartbeat(self._device, data)
        if event == wire.EVENTS:
            return self._inbound.put_all(data)
        if event.startswith("response.") or event == "error":
            return self._inbound.put(data)
        return await self._other(self._device, event, data)

    async def _other(self, device: DeviceEntry, event: str, data: Any) -> dict[str, Any]:
        """Answer what is neither a sign of life nor a stream; nothing is met with silence."""
        if device.channel is not self._channel:
            return STALE
        try:
            if event == wire.AGENTS:
                await self._gateway.agents_changed(device, wire.AgentsReport.model_validate(data).agents)
            elif event == wire.GOODBYE and device.boot_id is not None:
                await self._gateway.leaves(device)
            elif event == attachments.READ:
                return await self._gateway.attachment_part(device, attachments.Read.model_validate(data))
            elif event in TERMINAL_EVENTS:
                return await self._gateway.terminals.heard(device, event, data)
            elif event in (wire.STATUS, wire.UPGRADE_STATUS):
                self._told_status(device, event, data)
            elif event not in wire.HARMLESS:
                text = f"Event {event[:100]} is not supported"
                return {"success": False, "code": "unsupported_method", "error": text}
        except ValidationError as error:
            return {"error": invalid(error)}
        return {"success": True}

    @staticmethod
    def _told_status(device: DeviceEntry, event: str, data: Any) -> None:
        """Take note of what an executor says of itself. Whether it is online we see ourselves."""
        told = (wire.DeviceStatusReport if event == wire.STATUS else wire.UpgradeStatus).model_validate(data)
        if told.device_id == device.kept.device_id:
            log.info("Device %s says: %s", told.device_id, told.status)

    async def closed(self) -> None:
        """Note that the connection ended."""
        if self._inbound is not None:
            await self._inbound.close()
        if self._device is not None:
            await self._gateway.disconnected(self._device, self._channel)

    async def _register(self, data: Any) -> dict[str, Any]:
        if self._told:
            return {"error": "Registration failed: this connection is registered already"}
        try:
            hello = wire.Register.model_validate(data)
        except ValidationError as error:
            return {"error": invalid(error)}
        self._told = True
        try:
            device, ack, self.credential = await self._gateway.register(
                self.owner,
                hello,
                self._channel,
                embedded=self._embedded,
                credential=self.credential,
                address=self._address,
            )
        except NotRegistered as refused:
            self._told = False
            return {"error": str(refused)}
        if self._channel.closed:
            await self._gateway.disconnected(device, self._channel)
            return {"error": DISCONNECTED}
        self._inbound = self._gateway.inbound(device, self._channel)
        self._device = device
        return ack.model_dump(exclude_none=True)

    def _heartbeat(self, device: DeviceEntry, data: Any) -> dict[str, Any]:
        """Take a heartbeat. The first one says that the device has read the answer to its registration."""
        try:
            beat = wire.Heartbeat.model_validate(data)
        except ValidationError as error:
            return {"error": invalid(error)}
        if beat.device_id != device.kept.device_id:
            return {"error": "Device ID mismatch"}
        if device.channel is not self._channel:
            return STALE
        device.kept.last_seen, device.quiet = now(), 0.0
        self._gateway.ready(device)
        self._gateway.settings.logins.heard(device, beat.runtime_auth_files)
        return {"success": True}


def invalid(error: ValidationError) -> str:
    """Name the first bad field of a message, in Wegent's words."""
    first = error.errors()[0]
    place = ".".join(str(part)[:100] for part in first["loc"]) or "the message"
    return f"Invalid payload: {place}: {first['msg']}"
