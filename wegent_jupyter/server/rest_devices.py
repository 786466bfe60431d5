"""REST of devices: list, manage, their queues, agents, trust and commands."""

from typing import Any

from wegent_jupyter.gateway.errors import NotFound
from wegent_jupyter.protocol import api, managing, wire
from wegent_jupyter.protocol.commands import COMMANDS
from wegent_jupyter.server.handler import NAME, Handler, route


class DevicesHandler(Handler):
    """`/devices`."""

    @route
    async def get(self) -> None:
        """List the owner's devices, offline ones too."""
        items = self.service.gateway.show_devices(self.owner)
        self.reply(api.DeviceList(items=items, total=len(items)))


class OnlineHandler(Handler):
    """`/devices/online`."""

    @route
    async def get(self) -> None:
        """List the owner's devices that are connected."""
        items = [one for one in self.service.gateway.show_devices(self.owner) if one.status in ("online", "busy")]
        self.reply(api.DeviceList(items=items, total=len(items)))


class DeviceHandler(Handler):
    """`/devices/{id}`."""

    @route
    async def get(self, device_id: str) -> None:
        """Show a device."""
        gateway = self.service.gateway
        self.reply(gateway.show_device(gateway.devices.get(self.owner, device_id)))

    @route
    async def delete(self, device_id: str) -> None:
        """Remove a device; with `revoke=true` it cannot register again by itself."""
        self.refuse_kernel()
        revoke = self.flag("revoke")
        if revoke:
            self.need_person()
        await self.service.gateway.manage.delete(self.owner, device_id, revoke=revoke)
        self.reply(managing.Message(message=f"Device '{device_id}' deleted"))


class DefaultHandler(Handler):
    """`/devices/{id}/default`."""

    @route
    async def put(self, device_id: str) -> None:
        """Give a device the star: new tasks go there."""
        await self.service.gateway.manage.set_default(self.owner, device_id, star=True)
        self.reply(managing.Message(message=f"Device '{device_id}' set as default"))

    @route
    async def delete(self, device_id: str) -> None:
        """Take the star away."""
        await self.service.gateway.manage.set_default(self.owner, device_id, star=False)
        self.reply(managing.Message(message=f"Device '{device_id}' is not the default"))


class AliasHandler(Handler):
    """`/devices/{id}/alias`."""

    @route
    async def put(self, device_id: str) -> None:
        """Give a device a name of the person's own."""
        alias = self.read(managing.DeviceAlias).alias
        await self.service.gateway.manage.rename(self.owner, device_id, alias)
        self.reply(managing.AliasMessage(message=f"Device '{device_id}' renamed", alias=alias))


class RuntimeSettingsHandler(Handler):
    """`/devices/{id}/runtime-settings`."""

    @route
    async def get(self, device_id: str) -> None:
        """Say how many turns a device may run at once, runs, and has waiting."""
        self.reply(self.service.gateway.manage.settings(self.owner, device_id))

    @route
    async def put(self, device_id: str) -> None:
        """Set how many turns a device may run at once."""
        slots = self.read(managing.SetRuntimeSettings).max_concurrent_tasks
        self.reply(await self.service.gateway.manage.set_slots(self.owner, device_id, slots))


class UpgradeHandler(Handler):
    """`/devices/{id}/upgrade`."""

    @route
    async def post(self, device_id: str) -> None:
        """Ask an executor to upgrade itself."""
        self.refuse_kernel()
        request = self.read(managing.Upgrade)
        self.reply(await self.service.gateway.commands.upgrade(self.owner, device_id, request))


class CommandsHandler(Handler):
    """`/devices/{id}/commands`."""

    @route
    async def post(self, device_id: str) -> None:
        """Run one of the commands that are known by key."""
        request = self.read(managing.Command)
        spec = COMMANDS.get(request.command_key)
        if spec is not None and spec.person:
            self.need_person()
        self.reply(await self.service.gateway.commands.run(self.owner, device_id, request))


class QueueHandler(Handler):
    """`/devices/{id}/queue`."""

    @route
    async def get(self, device_id: str) -> None:
        """List what waits for a device, next first."""
        self.reply(self.service.gateway.queues.show(self.owner, device_id))


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
        self.refuse_kernel()
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
        self.refuse_kernel()
        await self._ask(device_id, wire.TRUST, self.read(api.TrustRequest).model_dump())

    async def _ask(self, device_id: str, event: str, data: dict[str, Any]) -> None:
        answer = await self.service.gateway.ask_device(self.owner, device_id, event, data, wire.TrustAnswer)
        self.reply(api.TrustList(items=answer.items))


TABLE: list[tuple[str, type[Handler]]] = [
    (r"/devices", DevicesHandler),
    (r"/devices/online", OnlineHandler),
    (rf"/devices/{NAME}", DeviceHandler),
    (rf"/devices/{NAME}/default", DefaultHandler),
    (rf"/devices/{NAME}/alias", AliasHandler),
    (rf"/devices/{NAME}/runtime-settings", RuntimeSettingsHandler),
    (rf"/devices/{NAME}/upgrade", UpgradeHandler),
    (rf"/devices/{NAME}/commands", CommandsHandler),
    (rf"/devices/{NAME}/queue", QueueHandler),
    (r"/agents", AgentsHandler),
    (rf"/devices/{NAME}/agents/refresh", RefreshAgentsHandler),
    (rf"/devices/{NAME}/agents/{NAME}", AgentPathHandler),
    (rf"/devices/{NAME}/trust", TrustHandler),
]
