"""Bring the saved Codex login to devices that say they have none, and fetch one from a device (wire §11.2).

What devices have is told by their heartbeats and kept in memory: it is asked for again, not stored.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from wegent_jupyter.gateway.asking import told
from wegent_jupyter.gateway.devices import DeviceEntry, Devices, now
from wegent_jupyter.gateway.errors import Conflict, Refused
from wegent_jupyter.gateway.hiding import strings_in
from wegent_jupyter.gateway.personal import Personal
from wegent_jupyter.gateway.scheduler import DeviceKey
from wegent_jupyter.gateway.vault import Unreadable
from wegent_jupyter.protocol.managing import CommandResult
from wegent_jupyter.protocol.personal import CODEX_TARGET, DeviceAuth, RuntimeConfig, SyncStatus
from wegent_jupyter.protocol.wire import AuthFile

log = logging.getLogger(__name__)

SYNC, READ = "sync_runtime_auth_file", "read_runtime_auth_file"
SECONDS = 30
FIRST_BACK_OFF, LONGEST_BACK_OFF = 60.0, 3600.0
"""Seconds from a failure to the next try: twice as many each time."""
STOCK = "Wegent's own executors get a login from a Wegent backend only"
MAX_ERROR = 1_000

RunCommand = Callable[[DeviceEntry, str, dict[str, str], int], Awaitable[CommandResult]]
"""(device, key, variables, seconds); raises Refused."""


class FileAnswer(BaseModel):
    """What the two commands print."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    status: Literal["written", "skipped_existing", "read", "failed"]
    path: str | None = None
    content: Any = None
    error: str | None = None


@dataclass(slots=True)
class _Known:
    """What is known of one device's login file."""

    report: AuthFile | None = None
    """None: it said nothing of it."""
    status: SyncStatus | None = None
    """What became of sending it there; None: nothing was sent."""
    error: str | None = None
    at: str | None = None
    sha256: str | None = None
    """Of what was sent."""
    not_before: float = 0.0
    """Of the loop's clock: when to try again after a failure."""
    back_off: float = FIRST_BACK_OFF

    def try_again(self) -> None:
        self.not_before, self.back_off = 0.0, FIRST_BACK_OFF

    def try_later(self) -> None:
        self.not_before = asyncio.get_running_loop().time() + self.back_off
        self.back_off = min(self.back_off * 2, LONGEST_BACK_OFF)


class AuthSync:
    """The Codex login files of all devices."""

    def __init__(
        self,
        personal: Personal,
        devices: Devices,
        *,
        run: RunCommand,
        changed: Callable[[str], None],
        spawn: Callable[[Coroutine[Any, Any, None]], Any],
    ) -> None:
        """`run` has a device run a command; `changed` tells an owner's faces; `spawn` is for the background."""
        self._personal, self._devices, self._run = personal, devices, run
        self._changed, self._spawn = changed, spawn
        self._known: dict[DeviceKey, _Known] = {}
        self._writing: set[DeviceKey] = set()

    def heard(self, device: DeviceEntry, files: dict[str, AuthFile]) -> None:
        """Take a heartbeat's report. One that says nothing does not say that the file is missing."""
        report = files.get("codex")
        known = self._known.get(device.key)
        if report is None and known is None:
            return
        known = known or self._known.setdefault(device.key, _Known())
        changed, known.report = known.report != report, report
        if report is not None and report.exists:
            known.try_again()
            if known.status == "failed":
                changed, known.status, known.error = True, None, None
        if changed:
            self._changed(device.owner)
        self._look(device, known)

    def forget(self, key: DeviceKey) -> None:
        """Forget a device that was deleted."""
        self._known.pop(key, None)

    def now_wanted(self, owner: str) -> None:
        """Look at all devices of an owner, as they last reported: the login was saved, or switched on."""
        for device in self._devices.of(owner):
            known = self._known.get(device.key)
            if known is not None:
                known.try_again()
                self._look(device, known)

    def _look(self, device: DeviceEntry, known: _Known) -> None:
        """Send the login to a device that has none, at most once at a time, and not soon after a failure."""
        if not self._wanted(device.owner) or not device.online or known.report is None or known.report.exists:
            return
        if device.key in self._writing or asyncio.get_running_loop().time() < known.not_before:
            return
        self._writing.add(device.key)
        known.status, known.error = "writing", None
        self._changed(device.owner)
        self._spawn(self._send(device, known))

    def _wanted(self, owner: str) -> bool:
        codex = self._personal.codex(owner)
        return self._personal.allow_upload and codex.use_user_config and codex.sealed is not None

    async def _send(self, device: DeviceEntry, known: _Known) -> None:
        owner, sha256 = device.owner, self._personal.codex(device.owner).sha256
        before = known.sha256 if known.at is not None else None
        status: SyncStatus
        error: str | None
        try:
            status, error = await self._written(device)
        except Exception:
            log.exception("The Codex login could not be sent")
            status, error = "failed", "The server could not send it; its log says why."
        finally:
            self._writing.discard(device.key)
        if status == "failed":
            known.try_later()
            # Not why: the words are the device's, which may repeat what it was sent.
            log.warning("The Codex login did not reach %s", device.kept.device_id)
        else:
            if before == sha256:
                known.try_later()  # it took the same before, and says that it has none
            else:
                known.try_again()
            # Until its next heartbeat, which may have been under way, what it said before no longer holds.
            known.report = AuthFile(target_path=known.report.target_path if known.report else "", exists=True)
            # A report from before we wrote makes us ask twice: the second answer is about our own file.
            ours = status == "skipped_existing" and before == sha256
            status, known.sha256, known.at = "written" if ours else status, sha256, now()
        known.status, known.error = status, error
        self._changed(owner)

    async def _written(self, device: DeviceEntry) -> tuple[SyncStatus, str | None]:
        """Send the login to a device; returns what became of it, and why it failed."""
        text: str | None = None
        try:
            text = await self._personal.auth_text(device.owner)
            if text is None:
                return "failed", "It was removed meanwhile"
            answer = await self._ask(device, SYNC, WEGENT_RUNTIME_CONFIG_CONTENT=text)
        except Unreadable as error:
            return "failed", f"The saved login: {error}"
        except Refused as error:
            return "failed", told(error.message, strings_in(text or ""), MAX_ERROR)
        if answer.status in ("written", "skipped_existing"):
            return answer.status, None
        return "failed", _said(answer, device, strings_in(text))

    async def fetch(self, owner: str, device_id: str) -> RuntimeConfig:
        """Keep the login of an online device; raises Conflict when it does not come, Refused when it is none."""
        self._personal.check_upload()
        device = self._devices.get(owner, device_id)
        answer = await self._ask(device, READ)
        if answer.status != "read" or not answer.content:
            raise Conflict(_said(answer, device), code="auth_not_read", fix="Log in to Codex on that device first.")
        return await self._personal.upload(owner, answer.content)

    async def _ask(self, device: DeviceEntry, key: str, **variables: str) -> FileAnswer:
        """Let a device read or write its file; raises Conflict."""
        if not device.kept.ours:
            raise Conflict(f"{STOCK}.", code="stock_device", fix="Log in on that machine.")
        environment = {
            "WEGENT_RUNTIME_CONFIG_RUNTIME": "codex",
            "WEGENT_RUNTIME_CONFIG_TARGET_PATH": CODEX_TARGET,
            **variables,
        }
        try:
            result = await self._run(device, key, environment, SECONDS)
        except Refused as error:
            raise Conflict(error.message, code=error.code, fix=error.fix) from error
        return _answer(result, device)

    # What people see.

    def shown(self, owner: str) -> list[DeviceAuth]:
        """Return what is known of an owner's devices that run Codex, or could."""
        return [self._shown(one) for one in self._devices.of(owner) if one.key in self._known or _offers_codex(one)]

    def _shown(self, device: DeviceEntry) -> DeviceAuth:
        known = self._known.get(device.key) or _Known()
        report = known.report
        reported: SyncStatus = "unknown" if report is None else "present" if report.exists else "missing"
        return DeviceAuth(
            device_id=device.kept.device_id,
            name=device.name,
            online=device.online,
            exists=report.exists if report is not None else None,
            target_path=(report.target_path or None) if report is not None else None,
            status=_newest(known.status, reported),
            error=known.error,
            synced_at=known.at,
        )


def _offers_codex(device: DeviceEntry) -> bool:
    return any(agent.get("id") == "codex" for agent in device.kept.agents)


def _newest(sent: SyncStatus | None, reported: SyncStatus) -> SyncStatus:
    """Return which counts: what was sent, unless the device says since that it is there, or no longer there."""
    if sent is None or (sent == "failed" and reported == "present"):
        return reported
    return reported if sent in ("written", "skipped_existing") and reported == "missing" else sent


def _answer(result: CommandResult, device: DeviceEntry) -> FileAnswer:
    try:
        return FileAnswer.model_validate(result.stdout)
    except ValidationError:
        why = result.error or "it answered nonsense"
        return FileAnswer(status="failed", error=f"{device.name}: {why}")


def _said(answer: FileAnswer, device: DeviceEntry, secrets: Iterable[str] = ()) -> str:
    return told(answer.error or f"{device.name} has no login file of Codex.", secrets, MAX_ERROR)
