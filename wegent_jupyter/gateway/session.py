"""One connection of one device, whatever carries it: what its messages mean and how they are answered."""

import logging
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wegent_jupyter.gateway.devices import DeviceEntry, now
from wegent_jupyter.gateway.ingest import Inbound
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import Channel

if TYPE_CHECKING:
    from wegent_jupyter.gateway.gateway import Gateway

log = logging.getLogger(__name__)


class DeviceSession:
    """Answers Wegent's device protocol for one connection. Messages have to be handed over in their order."""

    def __init__(self, gateway: "Gateway", owner: str, channel: Channel, *, embedded: bool = False) -> None:
        """The connection proved to be a device of `owner`; it has not registered yet."""
        self._gateway, self._owner, self._channel, self._embedded = gateway, owner, channel, embedded
        self._told = False
        self._device: DeviceEntry | None = None
        self._inbound: Inbound | None = None

    @property
    def registered(self) -> bool:
        """Say whether the device told who it is; its registration may still be under way."""
        return self._told

    async def handle(self, event: str, data: Any) -> dict[str, Any]:
        """Answer one message; stream events are only queued here."""
        if event == wire.REGISTER:
            return await self._register(data)
        if self._device is None or self._inbound is None:
            return {"error": "Not authenticated or not registered"}
        if event == wire.HEARTBEAT:
            return self._heartbeat(self._device, data)
        if event == wire.AGENTS:
            return await self._agents(self._device, data)
        if event == wire.EVENTS:
            return self._inbound.put_all(data)
        if event.startswith("response.") or event == "error":
            return self._inbound.put(data)
        return {"error": f"Unknown event {event[:100]}"}

    async def closed(self) -> None:
        """Note that the connection ended."""
        if self._inbound is not None:
            await self._inbound.close()
        if self._device is not None:
            self._gateway.disconnected(self._device, self._channel)

    async def _register(self, data: Any) -> dict[str, Any]:
        if self._told:
            return {"error": "Registration failed: this connection is registered already"}
        try:
            hello = wire.Register.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            return {"error": f"Invalid payload: {first['loc']}: {first['msg']}"}
        self._told = True
        device, ack = await self._gateway.register(self._owner, hello, self._channel, embedded=self._embedded)
        if self._channel.closed:
            self._gateway.disconnected(device, self._channel)
            return {"error": "Client disconnected during device registration"}
        self._inbound = self._gateway.inbound(device, self._channel)
        self._device = device
        return ack.model_dump(exclude_none=True)

    async def _agents(self, device: DeviceEntry, data: Any) -> dict[str, Any]:
        try:
            report = wire.AgentsReport.model_validate(data)
        except ValidationError as error:
            return {"error": f"Invalid payload: {error.errors()[0]['loc']}"}
        await self._gateway.agents_changed(device, report.agents)
        return {"success": True}

    def _heartbeat(self, device: DeviceEntry, data: Any) -> dict[str, Any]:
        """Take a heartbeat. The first one says that the device has read the answer to its registration."""
        try:
            beat = wire.Heartbeat.model_validate(data)
        except ValidationError as error:
            return {"error": f"Invalid payload: {error.errors()[0]['loc']}"}
        if beat.device_id != device.kept.device_id:
            return {"error": "Device ID mismatch"}
        if device.channel is not self._channel:
            return {"error": "Stale device connection"}
        device.kept.last_seen = now()
        self._gateway.ready(device)
        return {"success": True}
