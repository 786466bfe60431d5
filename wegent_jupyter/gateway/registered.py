"""Directories of a device that the gateway knows of: commands and terminals may start there, too."""

from dataclasses import dataclass

from wegent_jupyter.gateway.devices import DeviceEntry
from wegent_jupyter.gateway.projects import Projects
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store


@dataclass(slots=True, frozen=True)
class Registered:
    """Those of projects and tasks, and what the server's file browser shows (`file_root`) on its own device."""

    store: Store
    projects: Projects
    file_root: str | None

    async def on(self, device: DeviceEntry) -> list[str]:
        """Return a device's."""
        owner, device_id = device.key
        found = await self.store.read(lambda connection: records.workspaces_on(connection, owner, device_id))
        found += self.projects.paths_on(owner, device_id)
        return [*found, self.file_root] if device.kept.embedded and self.file_root else found
