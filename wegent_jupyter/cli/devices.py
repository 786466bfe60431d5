"""Which device a command is about."""

from pathlib import Path

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api


async def pick(client: Client, wanted: str | None) -> api.Device:
    """Return the device of that id or name; else the starred one, else this computer."""
    devices = await client.devices()
    if wanted is not None:
        found = [one for one in devices if one.device_id == wanted] or [one for one in devices if one.name == wanted]
        if len(found) == 1:
            return found[0]
        there = ", ".join(f"{one.name} ({one.device_id})" for one in devices) or "none"
        which = "is ambiguous" if found else "is unknown"
        raise BadInput(f"The device '{wanted}' {which}. Devices: {there}")
    usable = [one for one in devices if one.is_default] or [one for one in devices if one.embedded] or devices
    if not usable:
        raise BadInput("There is no device to run on.")
    return usable[0]


def here(client: Client, device: api.Device) -> bool:
    """Say whether a device's files are those that this command sees."""
    return device.embedded and not client.remote


def place(client: Client, device: api.Device, path: str) -> str:
    """Return a path of a device; one of this computer may be typed relative to the current directory."""
    return str(Path(path).expanduser().absolute()) if here(client, device) else path
