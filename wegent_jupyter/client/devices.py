"""The routes of devices: names, slots, queues, agents, trust, commands."""

from urllib.parse import quote

from wegent_jupyter.client.rest import REQUEST_SECONDS, Rest
from wegent_jupyter.protocol import api, managing

UPGRADE_SECONDS = 60.0


class DeviceRoutes(Rest):
    """What can be asked of devices, and done to them."""

    async def devices(self) -> list[api.Device]:
        """Return all devices."""
        return (await self._get("/devices", api.DeviceList)).items

    async def device(self, device_id: str) -> api.Device:
        """Return one device."""
        return await self._get(_path(device_id), api.Device)

    async def set_default(self, device_id: str) -> managing.Message:
        """Give a device the star: new tasks go there."""
        return await self._put(_path(device_id, "/default"), None, managing.Message)

    async def unset_default(self, device_id: str) -> managing.Message:
        """Take the star from a device."""
        return await self._delete(_path(device_id, "/default"), managing.Message)

    async def rename_device(self, device_id: str, name: str) -> managing.AliasMessage:
        """Give a device a name of one's own."""
        return await self._put(_path(device_id, "/alias"), managing.DeviceAlias(alias=name), managing.AliasMessage)

    async def delete_device(self, device_id: str, *, revoke: bool = False) -> managing.Message:
        """Remove a device; `revoke`: it cannot register again by itself."""
        return await self._delete(_path(device_id, "?revoke=true" if revoke else ""), managing.Message)

    async def set_slots(self, device_id: str, slots: int) -> managing.RuntimeSettings:
        """Set how many turns a device may run at once."""
        request = managing.SetRuntimeSettings(max_concurrent_tasks=slots)
        return await self._put(_path(device_id, "/runtime-settings"), request, managing.RuntimeSettings)

    async def upgrade_device(self, device_id: str) -> managing.UpgradeSent:
        """Ask an executor to upgrade itself; ours answers with what a person does instead."""
        return await self._post(_path(device_id, "/upgrade"), managing.Upgrade(), managing.UpgradeSent, UPGRADE_SECONDS)

    async def queue(self, device_id: str) -> list[managing.QueuedTurn]:
        """Return what waits for a device, next first."""
        return (await self._get(_path(device_id, "/queue"), managing.Queue)).items

    async def requeue(self, turn: api.Turn, request: managing.Requeue) -> api.Turn:
        """Give a waiting turn another place, or another device."""
        return await self._put(f"/tasks/{turn.task_id}/turns/{turn.id}/queue", request, api.Turn)

    async def command(self, device_id: str, request: managing.Command) -> managing.CommandResult:
        """Run one of the commands that devices know by key."""
        timeout = REQUEST_SECONDS + request.timeout_seconds
        return await self._post(_path(device_id, "/commands"), request, managing.CommandResult, timeout)

    async def refresh_agents(self, device_id: str) -> list[api.Agent]:
        """Let a device look again which agents can run."""
        return (await self._post(_path(device_id, "/agents/refresh"), api.RefreshAgents(), api.AgentList)).items

    async def set_agent_path(self, device_id: str, agent: str, path: str | None) -> list[api.Agent]:
        """Tell a device where an agent's program is; None: let it look by itself."""
        url = _path(device_id, f"/agents/{quote(agent, safe='')}")
        return (await self._put(url, api.AgentPath(path=path), api.AgentList)).items

    async def trusted(self, device_id: str) -> list[api.TrustedPath]:
        """Return the directories of a device about which a person decided."""
        return (await self._get(_path(device_id, "/trust"), api.TrustList)).items

    async def trust(self, device_id: str, path: str, trusted: bool | None) -> list[api.TrustedPath]:
        """Say whether the agent configuration that a directory brings may be used; None: forget the answer."""
        request = api.TrustRequest(path=path, trusted=trusted)
        return (await self._put(_path(device_id, "/trust"), request, api.TrustList)).items


def _path(device_id: str, rest: str = "") -> str:
    return f"/devices/{quote(device_id, safe='')}{rest}"
