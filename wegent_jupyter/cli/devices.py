"""Which device, and which project, a command is about."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.projects import Project

T = TypeVar("T")


def named(what: str, wanted: str, there: Sequence[tuple[str, str, T]]) -> T:
    """Return what has that id, else that name, of (id, name, object); raises BadInput, which lists what there is."""
    found = [one for id_, _, one in there if id_ == wanted] or [one for _, name, one in there if name == wanted]
    if len(found) == 1:
        return found[0]
    which = "is ambiguous" if found else "is unknown"
    known = ", ".join(f"{name} ({id_})" for id_, name, _ in there) or "none"
    raise BadInput(f"The {what} '{wanted}' {which}. {what.capitalize()}s: {known}")


async def pick(client: Client, wanted: str | None) -> api.Device:
    """Return the device of that id or name; else the starred one, else this computer."""
    devices = await client.devices()
    if wanted is not None:
        return named("device", wanted, [(one.device_id, one.name, one) for one in devices])
    usable = [one for one in devices if one.is_default] or [one for one in devices if one.embedded] or devices
    if not usable:
        raise BadInput("There is no device to run on.")
    return usable[0]


async def pick_project(client: Client, wanted: str) -> Project:
    """Return the project of that id or name."""
    return named("project", wanted, [(str(one.id), one.name, one) for one in await client.projects()])


def here(client: Client, device: api.Device) -> bool:
    """Say whether a device's files are those that this command sees."""
    return device.embedded and not client.remote


def place(client: Client, device: api.Device, path: str) -> str:
    """Return a path of a device; one of this computer may be typed relative to the current directory."""
    return str(Path(path).expanduser().absolute()) if here(client, device) else path
