"""REST of devices: list, manage, their queues, agents, trust and commands."""

from typing import Any

from wegent_jupyter.gateway.errors import NotFound
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.server.handler import NAME, Handler, route


class DevicesHandler(Handler):
    """`/devices`."""

    @route
    async def get(self) -> None:
        """List the owner's devices, offline ones too."""
        items = self.service.gateway.show_devices(self.owner)
        self.reply(api.DeviceList(items=items, total=len(items)))


class AgentsHandler(Handler):
    """`/agents`."""

    @route
    async def get(self) -> None:
        """List the agents of a device, by default of the one that new tasks go to."""
        device_id = self.get_query_argument("device_id", "")
        devices = self.service.gateway.devices
        device = devices.get(self.owner, device_id) if device_id else devices.default(self.owner)
        if device is None:
            raise NotFound("Device", "default")
        self.reply(api.AgentList(device_id=device.kept.device_id, items=device.agents))


class RefreshAgentsHandler(Handler):
    """`/devices/{id}/agents/refresh`."""

    @route
    async def post(self, device_id: str) -> None:
        """Let a device look again which agents can run."""
        self.read(api.RefreshAgents)
        self.reply(await self.service.gateway.ask_agents(self.owner, device_id, wire.REFRESH, {}))


class AgentPathHandler(Handler):
    """`/devices/{id}/agents/{agent}`."""

    @route
    async def put(self, device_id: str, agent_id: str) -> None:
        """Tell a device where an agent's program is."""
        data = {"agent": agent_id, "path": self.read(api.AgentPath).path}
        self.reply(await self.service.gateway.ask_agents(self.owner, device_id, wire.AGENT_PATH, data))


class TrustHandler(Handler):
    """`/devices/{id}/trust`."""

    @route
    async def get(self, device_id: str) -> None:
        """List the directories of a device about which a person decided."""
        await self._ask(device_id, wire.TRUSTED, {})

    @route
    async def put(self, device_id: str) -> None:
        """Say whether the agent configuration that a directory brings may be used."""
        await self._ask(device_id, wire.TRUST, self.read(api.TrustRequest).model_dump())

    async def _ask(self, device_id: str, event: str, data: dict[str, Any]) -> None:
        answer = await self.service.gateway.ask_device(self.owner, device_id, event, data, wire.TrustAnswer)
        self.reply(api.TrustList(items=answer.items))


TABLE: list[tuple[str, type[Handler]]] = [
    (r"/devices", DevicesHandler),
    (r"/agents", AgentsHandler),
    (rf"/devices/{NAME}/agents/refresh", RefreshAgentsHandler),
    (rf"/devices/{NAME}/agents/{NAME}", AgentPathHandler),
    (rf"/devices/{NAME}/trust", TrustHandler),
]
