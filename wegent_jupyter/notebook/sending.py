"""What is sent for a person who writes `wg.run(…)` or `task.reply(…)`: where to, to whom, and with what."""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard, runtime_checkable

from wegent_jupyter.client.choosing import here, kind_of, looked, only_agent, pick, pick_project, place
from wegent_jupyter.client.client import Client
from wegent_jupyter.notebook.context import Gathered
from wegent_jupyter.notebook.errors import BadCall, path_of, text_of
from wegent_jupyter.notebook.session import session
from wegent_jupyter.protocol import api

ROOTED = ("/", "~", "\\")
"""How paths begin that do not count from the kernel's directory; and those with a drive letter."""


@runtime_checkable
class Selector(Protocol):
    """What knows a device by its id: such as the widget."""

    value: Any


Chosen = str | api.Device | Selector
"""A device by id or name, as an object, or by what chose it."""


@dataclass(slots=True, frozen=True)
class Message:
    """A message as a person gave it."""

    prompt: str
    device: Chosen | None = None
    agent: str | None = None
    mode: api.Mode | None = None
    model: str | None = None
    cwd: str | os.PathLike[str] | None = None
    sent: Gathered = field(default_factory=Gathered)
    """What goes with it, rendered already: that is done in the thread of the notebook."""
    project: str | int | None = None
    worktree: bool = False
    title: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no message; raises BadCall."""
        if len(text_of(self.prompt, "The prompt").encode(errors="replace")) > api.MAX_PROMPT_BYTES:
            raise BadCall(
                f"The prompt is longer than {api.MAX_PROMPT_BYTES >> 20} MiB. Put it into a file, and name that."
            )
        if self.cwd is not None:
            path_of(self.cwd, "cwd")


_used: Chosen | None = None
_used_lock = threading.Lock()


def use(device: Chosen | None) -> api.Device | None:
    """Run on a device from now on, by default; None: on the starred one, else this computer. Raises WegentError.

    A `DeviceSelector` stays bound: whatever it shows at the time of a run counts.
    """
    global _used
    found = None
    if device is not None and not _is_selector(device):
        here_ = session()
        found = here_.call(pick(here_.client, _id(device)))
        device = found.device_id
    with _used_lock:
        _used = device
    return found


def default_device() -> str | None:
    """Return what `use` chose: an id, None for the server's choice."""
    return _id(_used)


async def first(client: Client, message: Message, default: str | None = None, say: str = "agent=…") -> api.CreatedTask:
    """Make a task; raises BadInput, BadCall and the client's errors."""
    project = await pick_project(client, str(message.project)) if message.project is not None else None
    wanted = _id(message.device) or (project.device_id if project is not None else default)
    device = await looked(client, await pick(client, wanted), message.agent)
    path = _path(client, device, message.cwd)
    if path is None and project is None and here(client, device):
        path = _place(client, device, ".")
    agent = message.agent or only_agent(device, message.model, await kind_of(client, message.model), say)
    sent = message.sent
    async with sent.attached(client) as attachments:
        request = api.CreateTask(
            prompt=message.prompt,
            agent=agent,
            mode=message.mode or "ask",
            model=message.model,
            device_id=device.device_id,
            workspace=api.Workspace(path=path, worktree=message.worktree),
            project_id=project.id if project is not None else None,
            attachments=attachments,
            context=sent.items,
            title=message.title,
        )
        return await client.create_task(request)


async def several(client: Client, devices: object) -> list[api.Device]:
    """Return the devices that are meant, each once, by default the one that `first` would use; raises BadInput."""
    if devices is None:
        wanted = [default_device()]
    elif isinstance(devices, Iterable) and not isinstance(devices, str | api.Device):
        wanted = [_id(one) for one in devices]
    else:
        raise BadCall("devices is a list of devices, such as devices=['gpu-box'].")
    if not wanted:
        raise BadCall("devices is empty: name one at least, or leave it out.")
    found = {one.device_id: one for one in [await pick(client, each) for each in wanted]}
    return list(found.values())


async def next_one(client: Client, task: api.Task, message: Message) -> api.Turn:
    """Send the next message of a task, on another device if one is named; raises as `first`."""
    moves = message.device is not None
    device = await pick(client, _id(message.device) if moves else task.device_id)
    path = _path(client, device, message.cwd)
    sent = message.sent
    async with sent.attached(client) as attachments:
        request = api.CreateTurn(
            prompt=message.prompt,
            mode=message.mode,
            device_id=device.device_id if moves else None,
            agent=message.agent,
            model=message.model,
            workspace=api.Workspace(path=path) if path is not None else None,
            attachments=attachments,
            context=sent.items,
        )
        return await client.create_turn(task.id, request)


def _path(client: Client, device: api.Device, given: str | os.PathLike[str] | None) -> str | None:
    """Return a directory of the device; raises BadCall for one that counts from the kernel's directory elsewhere."""
    if given is None:
        return None
    path = os.fspath(given)
    if not here(client, device) and not (path.startswith(ROOTED) or path[1:2] == ":"):
        raise BadCall(
            f"cwd={path!r} counts from this notebook's directory, which the device '{device.name}' does not have.",
            "Give an absolute path of that device, or leave cwd out: it then works in a folder of its own.",
        )
    return _place(client, device, path)


def _place(client: Client, device: api.Device, path: str) -> str:
    try:
        return place(client, device, path)
    except (OSError, RuntimeError) as error:  # the kernel's directory was removed; there is no such user
        raise BadCall(f"The directory {path!r} is not there: {error}", "Give an absolute path as cwd.") from None


def _is_selector(device: object) -> TypeGuard[Selector]:
    return not isinstance(device, str | api.Device) and isinstance(device, Selector)


def _id(device: Chosen | None) -> str | None:
    """Return which device is meant, by id or name; raises BadCall."""
    if isinstance(device, api.Device):
        return device.device_id
    found = device.value if device is not None and _is_selector(device) else device
    if found is not None and not isinstance(found, str):
        raise BadCall("A device is given by its name or id, as an object of wg.devices(), or by a DeviceSelector.")
    return found or None
