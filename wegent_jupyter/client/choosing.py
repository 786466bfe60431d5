"""What a person means who names a device, a project, a model or an agent; and who names none."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.models import ProviderKind
from wegent_jupyter.protocol.projects import Project

T = TypeVar("T")


class BadInput(Exception):
    """What was asked for cannot be done as it was said; the text says what to say instead."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        """Keep what is wrong, and what there is to know about it."""
        super().__init__(message if fix is None else f"{message}\n{fix}")
        self.message, self.fix = message, fix


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
    """Say whether a device's files are those that this process sees."""
    return device.embedded and not client.remote


def place(client: Client, device: api.Device, path: str) -> str:
    """Return a path of a device; one of this computer may be typed relative to the current directory."""
    return str(Path(path).expanduser().absolute()) if here(client, device) else path


async def looked(client: Client, device: api.Device, wanted: str | None) -> api.Device:
    """Return the device; it looks again for its agents first, if none that could be meant is ready."""
    meant = [one for one in device.agents if one.id == wanted or (wanted is None and not one.practice)]
    if device.status not in ("online", "busy") or any(one.ready for one in meant) or (wanted and not meant):
        return device
    return device.model_copy(update={"agents": await client.refresh_agents(device.device_id)})


def only_agent(device: api.Device, model: api.ModelName | None, kind: ProviderKind | None, say: str = "--agent") -> str:
    """Return the agent to use when none is named; `kind` is that of a provider's model. Raises BadInput.

    The practice agent is never chosen for somebody. `say` is how this face has an agent named.
    """
    fit = [one for one in device.agents if model is None or model in one.models or (kind and one.provider == kind)]
    ready = [one for one in fit if one.ready and not one.practice]
    if len(ready) > 1 and model is None:
        ready = [one for one in ready if one.logged_in is not False]
    if len(ready) == 1:
        return ready[0].id
    every = ", ".join(one.id for one in fit)
    if not every and model is not None:
        raise BadInput(f"No agent of the device '{device.name}' takes the model '{model}'.")
    which = f"Which agent? Use {say} with one of: {every or 'none, the device offers no agents'}"
    raise BadInput(which, None if ready else _not_ready(device, fit))


def _not_ready(device: api.Device, agents: Sequence[api.Agent]) -> str | None:
    """Return why none of the agents can be meant, and what makes each one ready: a line for each."""
    others = [one for one in agents if not one.practice]
    if not others:
        return None
    scripted = ", but for the practice agent, which is scripted, not AI" if len(others) < len(agents) else ""
    return "\n".join([f"None is ready on {device.name}{scripted}.", *map(_why_not, others)])


def _why_not(agent: api.Agent) -> str:
    if agent.ready:
        why, fix = "It is not logged in.", agent.login_command
    else:
        why, fix = agent.reason or "It is not ready.", agent.fix or agent.install_command
    told = f"{agent.name}: {' '.join(why.split())}"
    return f"{told} To make it ready: {' '.join(fix.split())}" if fix else told


async def kind_of(client: Client, model: api.ModelName | None) -> ProviderKind | None:
    """Return which API a provider's model speaks; raises BadInput, which lists the models that there are."""
    if model is None or model == api.PRACTICE_MODEL:
        return None
    there = {one.model: one.kind for one in await client.models()}
    if model not in there:
        known = ", ".join([*there, api.PRACTICE_MODEL])
        raise BadInput(f"The model '{model}' is unknown. Models: {known}. To add one: jupyter wegent models add --help")
    return there[model]
