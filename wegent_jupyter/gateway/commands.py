"""Have a device run a command that is known by its key, and make of its output what the key says."""

import json
import shlex
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.gateway.asking import is_text
from wegent_jupyter.gateway.devices import DeviceEntry, Devices
from wegent_jupyter.gateway.errors import NotFound, Refused
from wegent_jupyter.gateway.registered import Registered
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.commands import COMMANDS, CommandSpec, allowed_for_stock
from wegent_jupyter.protocol.managing import MAX_OUTPUT_BYTES, Command, CommandResult, Upgrade, UpgradeSent

ROOTS = "WEGENT_WORKSPACE_ROOTS"
MARGIN_SECONDS = 5.0
"""Beyond the command's own time, for its answer to arrive (Wegent's command_service.py)."""
UPGRADE_SECONDS = 10.0
DENIED = "Device not found or access denied"
MAX_ERROR = 4_000


class Commands:
    """Asks devices to do something, in the words of Wegent's REST API."""

    def __init__(self, devices: Devices, registered: Registered, used: Callable[[DeviceEntry], int]) -> None:
        """Find devices in `devices`, more of their directories in `registered`, how many turns run with `used`."""
        self._devices, self._registered, self._used = devices, registered, used

    async def run(self, owner: str, device_id: str, request: Command) -> CommandResult:
        """Run one command; raises Refused with Wegent's texts."""
        device = self._find(owner, device_id)
        spec = _allowed(device, request)
        return await self._run(device, spec, await self._message(device, spec, request), _most(spec, request))

    async def run_private(self, device: DeviceEntry, key: str, env: dict[str, str], seconds: int) -> CommandResult:
        """Run a command of which only the gateway may see what goes in and comes out; raises Refused."""
        message = wire.ExecuteCommand(
            command=key, command_key=key, env=env, timeout_seconds=seconds, max_output_bytes=MAX_OUTPUT_BYTES
        )
        return await self._run(device, COMMANDS[key], message.model_dump(exclude_none=True), MAX_OUTPUT_BYTES)

    async def _run(self, device: DeviceEntry, spec: CommandSpec, message: dict[str, Any], most: int) -> CommandResult:
        answer = await self._call(device, wire.COMMAND, message, message["timeout_seconds"] + MARGIN_SECONDS)
        try:
            result = CommandResult.model_validate(answer)
        except ValidationError as error:
            field = ".".join(map(str, error.errors()[0]["loc"])) or "the answer"
            raise Refused(f"Command RPC failed: {field} is not what it should be", code="bad_answer") from error
        made = processed(_cut(result, most), spec.post)
        if not is_text([made.stdout, made.stderr, made.error]):
            raise Refused("Command RPC failed: it answered half a character", code="bad_answer")
        return made

    async def upgrade(self, owner: str, device_id: str, request: Upgrade) -> UpgradeSent:
        """Ask an executor to upgrade itself; raises Refused. Ours says what a person has to do instead."""
        device = self._find(owner, device_id)
        running = self._used(device)
        if running and not (request.force_stop_tasks or request.force):
            raise Refused(f"Device has {running} running task(s). Stop them first.", code="device_busy")
        if not device.kept.ours:
            return await self._send_upgrade(device, request)
        answer = await self._call(device, wire.UPGRADE, request.model_dump(), UPGRADE_SECONDS)
        told = answer if isinstance(answer, dict) else {}
        text = told.get("error") or told.get("message") or "Upgrade command sent to device"
        return UpgradeSent(message=str(text)[:MAX_ERROR], success=bool(told.get("success")))

    async def _send_upgrade(self, device: DeviceEntry, request: Upgrade) -> UpgradeSent:
        """Send it to one of Wegent's executors, which answers when it is done, if at all."""
        try:
            if device.channel is None or not device.online:
                raise NotSent
            await device.channel.emit(wire.UPGRADE, request.model_dump())
        except NotSent:
            raise _offline() from None
        return UpgradeSent(message="Upgrade command sent to device")

    def _find(self, owner: str, device_id: str) -> DeviceEntry:
        try:
            return self._devices.get(owner, device_id)
        except NotFound as error:
            error.message = DENIED
            raise

    async def _call(self, device: DeviceEntry, event: str, message: dict[str, Any], seconds: float) -> Any:
        if device.channel is None or not device.online:
            raise _offline()
        try:
            return await device.channel.call(event, message, seconds)
        except NotSent:
            raise _offline() from None
        except Unanswered:
            raise Refused(f"Command RPC failed: {device.name} did not answer", code="unanswered") from None

    async def _message(self, device: DeviceEntry, spec: CommandSpec, request: Command) -> dict[str, Any]:
        argv = [*spec.argv, *request.args] if spec.argv else []
        env = {name: value for name, value in request.env.items() if name != ROOTS}
        roots = await self._registered.on(device)
        message = wire.ExecuteCommand(
            command=shlex.join(argv) or request.command_key,
            command_key=request.command_key,
            cwd=request.path,
            timeout_seconds=request.timeout_seconds,
            max_output_bytes=_most(spec, request),
        )
        if device.kept.ours:
            message.args, message.env, message.roots = request.args, env, roots
        else:
            message.argv, message.env = argv, {**env, ROOTS: ":".join(roots)}
            message.command_key = None if argv else request.command_key
            message.args = [] if argv else request.args
        return message.model_dump(exclude_none=True)


def _allowed(device: DeviceEntry, request: Command) -> CommandSpec:
    """Return what a key stands for; raises Refused when this device cannot do it."""
    key, kept = request.command_key, device.kept
    spec = COMMANDS.get(key)
    if spec is None or spec.private or not (kept.ours or spec.stock):
        raise Refused(f"Device command key '{key}' is not configured", code="command_unknown")
    if not (kept.ours or allowed_for_stock(key, kept.device_type)):
        text = f"Device command key '{key}' is not supported for {kept.device_type} devices"
        raise Refused(text, code="command_not_supported")
    if not spec.min_args <= len(request.args) <= spec.max_args:
        few = spec.min_args if spec.min_args == spec.max_args else f"{spec.min_args} to {spec.max_args}"
        raise Refused(f"Device command key '{key}' takes {few} arguments", code="bad_arguments")
    return spec


def _most(spec: CommandSpec, request: Command) -> int:
    """Return how much it may print: what is read as JSON has limits of its own, and is worth nothing when cut."""
    return MAX_OUTPUT_BYTES if spec.post == "json" else request.max_output_bytes


def _offline() -> Refused:
    return Refused("Device is offline", code="device_offline")


def _cut(result: CommandResult, most: int) -> CommandResult:
    """Hold a device to the limits that it was given."""
    for name in ("stdout", "stderr"):
        text = getattr(result, name)
        data = text.encode(errors="replace") if isinstance(text, str) else b""
        if len(data) > most:
            setattr(result, name, data[:most].decode(errors="ignore"))
            setattr(result, f"{name}_truncated", True)
    return result


def processed(result: CommandResult, post: str) -> CommandResult:
    """Make of the output what a key says (Wegent's command_post_processor.py)."""
    if not isinstance(result.stdout, str) or post == "text":
        return result
    if post == "json":
        return _as_json(result)
    lines = [line for line in result.stdout.splitlines() if line]
    if post == "directory_list":
        lines = [line.removesuffix("/") for line in lines if line.endswith("/")]
    result.stdout = [line for line in lines if line not in (".", "..")]
    return result


def _as_json(result: CommandResult) -> CommandResult:
    if result.stdout_truncated:
        text = "output exceeded max_output_bytes, so that it cannot be read as JSON"
        return result.model_copy(update={"success": False, "error": text})
    try:
        result.stdout = json.loads(result.stdout)
    except (ValueError, RecursionError):
        failed = {"success": False, "error": "The command printed no valid JSON"} if result.success else {}
        return result.model_copy(update=failed)
    said = result.stdout.get("error") if isinstance(result.stdout, dict) else None
    if not result.success and isinstance(said, str):
        result.error = said[:MAX_ERROR]
    return result
