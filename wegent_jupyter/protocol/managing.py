"""What the API takes and gives about managing devices: names, slots, queues, commands.

Bodies and answers of what Wegent has, too, are Wegent's (backend/app/schemas/device.py there).
"""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from wegent_jupyter.protocol.api import MAX_SLOTS, Model, QueueReason, Request, Turn, Workspace

MAX_OUTPUT_BYTES = 5 << 20


class Message(Model):
    """Wegent's answer to what was done."""

    message: str


class DeviceAlias(Request):
    """A name of the person's own, which wins over the device's."""

    alias: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class AliasMessage(Message):
    """Answer to a new name."""

    alias: str


class SetRuntimeSettings(Request):
    """How many turns a device may run at once."""

    max_concurrent_tasks: int = Field(ge=1, le=MAX_SLOTS)


class RuntimeSettings(Model):
    """Answer of `…/runtime-settings`."""

    device_id: str
    max_concurrent_tasks: int
    active_tasks: int
    queued_tasks: int


class Upgrade(Request):
    """Ask an executor to upgrade itself."""

    force: bool = False
    auto_confirm: bool = True
    verbose: bool = False
    force_stop_tasks: bool = False
    registry: str | None = None
    registry_token: str | None = None


class UpgradeSent(Message):
    """Answer to it."""

    success: bool = True


class QueuedTurn(Model):
    """A turn that waits, at its place."""

    position: int
    """1 for the next."""
    task_title: str
    reason: QueueReason | None = None
    turn: Turn


class Queue(Model):
    """Answer of `GET /devices/{id}/queue`, next first."""

    device_id: str
    items: list[QueuedTurn]
    total: int


class Requeue(Request):
    """Give a waiting turn another place, or another device."""

    position: int | None = Field(default=None, ge=1)
    """1: next. Beyond the end: last. None: where it is, or last on the other device."""
    device_id: str | None = None
    workspace: Workspace | None = None
    """On the other device. None: where the task ran there before, else a new chat folder."""


class Command(Request):
    """Run one of the commands that the gateway knows by key (Wegent's `POST /devices/{id}/commands`)."""

    command_key: str = Field(min_length=1, max_length=100)
    path: str | None = Field(default=None, max_length=4096)
    """The working directory; `cwd` is its old name."""
    args: list[str] = Field(default=[], max_length=100)
    env: dict[str, str] = Field(default={}, max_length=100)
    timeout_seconds: int = Field(default=60, ge=1, le=600)
    max_output_bytes: int = Field(default=1 << 20, ge=1, le=MAX_OUTPUT_BYTES)
    """Of each stream."""

    @model_validator(mode="before")
    @classmethod
    def _old_name(cls, data: Any) -> Any:
        """Take `cwd` for `path`, which wins."""
        if not isinstance(data, dict) or "cwd" not in data:
            return data
        return {"path": data["cwd"], **{name: value for name, value in data.items() if name != "cwd"}}


class CommandResult(Model):
    """What it printed. `stdout` is what the key's rule made of it: text, a list, or an object."""

    success: bool
    exit_code: int | None = None
    stdout: Any = ""
    stderr: str = ""
    duration: float = 0.0
    """Seconds."""
    timed_out: bool = False
    error: str | None = None
    stdout_truncated: bool = False
    stderr_truncated: bool = False
