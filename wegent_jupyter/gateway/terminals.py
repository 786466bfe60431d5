"""Terminals as the gateway knows them: whose they are, on which device, and who looks at them. Devices own them."""

import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.gateway.devices import DeviceEntry, Devices, now
from wegent_jupyter.gateway.errors import Conflict, Forbidden, NotFound, Refused, TooMany, Unavailable
from wegent_jupyter.gateway.places import Place, Where, where
from wegent_jupyter.gateway.registered import Registered
from wegent_jupyter.gateway.stock_terminal import StockTerminal
from wegent_jupyter.gateway.tasks import Tasks
from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.protocol.channel import Channel, NotSent, Unanswered
from wegent_jupyter.protocol.projects import Project, ProjectTerminal
from wegent_jupyter.protocol.wire import Wire

log = logging.getLogger(__name__)

START_SECONDS = 15.0
"""Wegent's (backend/app/services/device/session_service.py)."""
ATTACH_SECONDS = 5.0
END_SECONDS = 10.0
MAX_ON_STOCK = 100
"""Terminals on a device that is not ours; ours count by themselves."""
MAX_ENDED, MAX_ENDED_STOCK = 100, 10
"""Ended terminals that can still be read; what those of stock devices printed is kept here."""
MAX_VIEWERS = 50
"""Of one terminal."""
DISABLED = "Terminals are turned off on this server."
FROM_DEVICES: dict[str, type[wire.Output | wire.Exit | wire.Notice | wire.Report]] = {
    wire.OUTPUT: wire.Output,
    wire.EXIT: wire.Exit,
    wire.NOTICE: wire.Notice,
    wire.REPORT: wire.Report,
}
EVENTS = (*FROM_DEVICES, wire.REPORT_ALL)
"""What devices say of their terminals."""
GONE = "Terminal session not found or access denied"

Send = Callable[[str, dict[str, Any]], Awaitable[None]]
"""(event, data), to one viewer."""


@dataclass(slots=True)
class Viewer:
    """One place in one face in which a terminal is shown. `key`: what its device calls it."""

    key: str
    send: Send
    channel: Channel | None = None
    """The connection of the device over which it looks."""


@dataclass(slots=True)
class Entry:
    """One terminal."""

    owner: str
    device: DeviceEntry
    report: wire.Report
    viewers: dict[str, Viewer] = field(default_factory=dict)
    stock: StockTerminal | None = None
    """Of one of Wegent's own executors: what it printed is kept here."""

    def show(self) -> wire.Terminal:
        """Return it as faces show it."""
        report, here = self.report, self.device.online
        return wire.Terminal(
            session_id=report.session_id,
            device_id=self.device.kept.device_id,
            device_name=self.device.name,
            project_id=report.project_id,
            path=report.path,
            created_at=report.created_at,
            state="ended" if report.ended else "open" if here else "away",
            busy=report.busy,
            viewers=len(self.viewers),
            exit_code=report.exit_code,
        )


class Terminals:
    """Routes between faces and devices."""

    def __init__(
        self,
        devices: Devices,
        tasks: Tasks,
        registered: Registered,
        *,
        allowed: bool,
        changed: Callable[[str, wire.Terminal], None],
        removed: Callable[[str, str], None],
    ) -> None:
        """None yet. `registered`: where they may start, beside a device's own directories.

        `changed` is called with (owner, terminal), `removed` with (owner, session).
        """
        self._devices, self._tasks, self._registered = devices, tasks, registered
        self._allowed = allowed
        self._changed, self._removed = changed, removed
        self._all: dict[str, Entry] = {}

    # REST.

    async def start(self, owner: str, device_id: str, request: wire.StartTerminal) -> wire.StartedTerminal:
        """Open one; raises Refused with the device's own reason."""
        device = self._devices.get(owner, device_id)
        if not self._allowed:
            raise Forbidden(DISABLED, code="terminals_disabled")
        to = where("session", given=request.path, place=await self._place(owner, device, request.task_id))
        return await self._start(device, to, request.rows, request.cols)

    async def start_in_project(
        self, owner: str, project: Project, request: ProjectTerminal
    ) -> wire.StartedProjectTerminal:
        """Open one in a project, or where a task of it works; raises Refused."""
        device = self._devices.by_key((owner, project.device_id))
        if not self._allowed:
            raise Forbidden(DISABLED, code="terminals_disabled")
        if device is None:
            raise NotFound("Device", project.device_id)
        if (
            request.task_id is not None
            and (await self._tasks.entry(owner, request.task_id)).task.project_id != project.id
        ):
            raise NotFound("Task of this project", request.task_id)
        to = where("session", place=await self._place(owner, device, request.task_id), project=project)
        started = await self._start(device, to, request.rows, request.cols, project.id)
        return wire.StartedProjectTerminal(**started.model_dump())

    async def _start(
        self, device: DeviceEntry, to: Where, rows: int, cols: int, project_id: int = 0
    ) -> wire.StartedTerminal:
        self._check_ready(device)
        if not device.kept.ours and sum(not one.report.ended for one in self._of(device)) >= MAX_ON_STOCK:
            raise TooMany(f"{MAX_ON_STOCK} terminals are open on {device.name}.", code="too_many_terminals")
        session_id = f"terminal-{project_id}-{secrets.token_urlsafe(16)}"
        message = wire.Start(
            session_id=session_id,
            project_id=project_id,
            path=to.path or "",
            create_if_missing=to.create,
            access_token=secrets.token_urlsafe(32),
            rows=rows,
            cols=cols,
            roots=await self._registered.on(device),
        )
        try:
            answer = await self._ask(device, wire.START, message.model_dump(), START_SECONDS)
        except Unavailable:
            await _tell(device, wire.CLOSE, {"session_id": session_id})  # should it start after all
            raise
        report = wire.Report(session_id=session_id, project_id=project_id, path=answer.path, created_at=now())
        self._add(device, report, message)
        return wire.StartedTerminal(
            session_id=session_id, device_id=device.kept.device_id, project_id=project_id, path=answer.path
        )

    def items(self, owner: str) -> list[wire.Terminal]:
        """Return an owner's terminals that live, oldest first."""
        if not self._allowed:
            return []
        mine = [one.show() for one in self._all.values() if one.owner == owner and not one.report.ended]
        return sorted(mine, key=lambda one: one.created_at)

    def show(self, owner: str, session_id: str) -> wire.Terminal:
        """Return one; raises NotFound."""
        return self._find(owner, session_id).show()

    def check_end(self, owner: str, session_id: str) -> Entry:
        """Return the terminal if it can be ended, or is; raises Refused."""
        entry = self._find(owner, session_id)
        if not entry.report.ended and not entry.device.online:
            raise _away(entry.device)
        return entry

    async def end(self, owner: str, session_id: str) -> None:
        """End a shell and all that it started; raises Refused."""
        entry = self.check_end(owner, session_id)
        if entry.report.ended:
            return
        if entry.stock is not None:
            entry.stock.ended(None, "closed")
            self._end(entry, None)
            await self._emit(entry, wire.CLOSE, {"session_id": session_id})
            return
        await self._ask(entry.device, wire.CLOSE, {"session_id": session_id}, END_SECONDS)

    # Faces.

    async def attach(self, owner: str, viewer: Viewer, message: wire.Attach) -> dict[str, Any]:
        """Let a viewer see a terminal; returns the ack; raises Refused."""
        entry = self._all.get(message.session_id)
        if entry is None or entry.owner != owner:
            raise self._missing(owner, message)
        device = entry.device
        if not self._allowed:
            raise Forbidden(DISABLED, code="terminals_disabled")
        if not device.online:
            raise _away(device)
        if len(entry.viewers) >= MAX_VIEWERS and viewer.key not in entry.viewers:
            raise TooMany(f"{MAX_VIEWERS} viewers look at this terminal already.", code="too_many_viewers")
        watch = wire.Watch(
            session_id=message.session_id,
            viewer=viewer.key,
            since=message.since,
            rows=message.rows,
            cols=message.cols,
        )
        viewer.channel = device.channel
        entry.viewers[viewer.key] = viewer
        if entry.stock is not None:
            entry.stock.attach(watch)
        else:
            await self._emit(entry, wire.ATTACH, watch.model_dump(exclude_none=True))
        self._show(entry)
        kept = entry.report
        ack = {"session_id": kept.session_id, "device_id": device.kept.device_id, "project_id": kept.project_id}
        return {"success": True, **ack, "path": kept.path}

    async def detach(self, session_id: str, key: str) -> None:
        """Forget a viewer."""
        entry = self._all.get(session_id)
        if entry is None or entry.viewers.pop(key, None) is None:
            return
        if entry.stock is not None:
            entry.stock.detach(key)
        else:
            await self._emit(entry, wire.DETACH, {"session_id": session_id, "viewer": key})
        self._show(entry)

    async def input(self, key: str, message: wire.Input) -> None:
        """Hand on what was typed; raises Refused."""
        entry = self._watched(message.session_id, key)
        if entry.stock is not None:
            await entry.stock.input(key, message.data)
        else:
            data: bytes | str = message.data
            if message.data.isascii():
                data = message.data.decode("ascii")  # one frame instead of two
            await self._emit(entry, wire.INPUT, {"session_id": message.session_id, "viewer": key, "data": data})

    async def resize(self, key: str, message: wire.Resize) -> None:
        """Hand on a viewer's size; raises Refused."""
        entry = self._watched(message.session_id, key)
        message = message.model_copy(update={"viewer": key})
        if entry.stock is not None:
            entry.stock.resize(message)
        else:
            await self._emit(entry, wire.RESIZE, message.model_dump())

    async def credit(self, key: str, session_id: str, offset: int) -> None:
        """Hand on what a viewer has shown; raises Refused."""
        entry = self._watched(session_id, key)
        if entry.stock is not None:
            entry.stock.credit(key, offset)
        else:
            await self._emit(entry, wire.CREDIT, {"session_id": session_id, "viewer": key, "offset": offset})

    def close(self) -> None:
        """End what runs for terminals of stock devices."""
        for entry in self._all.values():
            if entry.stock is not None:
                entry.stock.close()

    # Devices.

    async def heard(self, device: DeviceEntry, event: str, data: Any) -> dict[str, Any]:
        """Take a message of a device; raises ValidationError."""
        if event == wire.REPORT_ALL:
            await self._all_reported(device, wire.Reports.model_validate(data).terminals)
            return {"success": True}
        message = FROM_DEVICES[event].model_validate(data)
        entry = self._all.get(message.session_id)
        if entry is None:
            return {"error": "Terminal session not found", "code": "not_found"}
        if entry.device is not device:
            return {"error": "Terminal session does not belong to this device"}
        if entry.stock is not None:
            self._stock_heard(entry, entry.stock, message)
        elif isinstance(message, wire.Report):
            self._reported(entry, message)
        else:
            told = message.model_dump(exclude_none=True)
            if event == wire.OUTPUT:
                told["data"] = data["data"]  # as it came: text is one frame, and bytes are two
            await self._pass_on(entry, event, told)
        return {"success": True}

    async def device_away(self, device: DeviceEntry) -> None:
        """Tell who looks that the device dropped its connection; its terminals may live on."""
        device.terminals_told = False
        for entry in self._of(device):
            if not entry.report.ended:
                await self._everybody(entry, wire.AWAY, {"session_id": entry.report.session_id})
                self._show(entry)

    async def stock_back(self, device: DeviceEntry) -> None:
        """See what one of Wegent's executors, which reports nothing, still has after it was away."""
        for entry in self._of(device):
            if entry.report.ended:
                continue
            if device.channel is None:
                return  # it is away again
            try:
                answer = await device.channel.call(wire.ATTACH, {"session_id": entry.report.session_id}, ATTACH_SECONDS)
            except NotSent:
                return
            except Unanswered:
                answer = None  # its older executors know no such message, and print without it
            if isinstance(answer, dict) and answer.get("success") is False:
                await self._over(entry, "executor_ended")
            else:
                await self._call_back(entry)
                self._show(entry)

    async def device_left(self, device: DeviceEntry, reason: wire.ExitReason) -> None:
        """End all terminals of a device that ended, or was deleted."""
        for entry in self._of(device):
            await self._over(entry, reason)

    async def _all_reported(self, device: DeviceEntry, reports: list[wire.Report]) -> None:
        """Compare with what a device has; those that it does not name ended with its earlier process."""
        there = {report.session_id: report for report in reports}
        over = [entry for entry in self._of(device) if entry.report.session_id not in there]
        known = [entry for entry in self._of(device) if entry.report.session_id in there]
        for session_id, report in there.items():
            if session_id not in self._all:
                self._add(device, report, None)
        # Before anybody hears that a terminal is over: who looked at it asks again at once.
        device.terminals_told = True
        for entry in over:
            await self._over(entry, "executor_ended")
        for entry in known:
            self._reported(entry, there[entry.report.session_id])
            await self._call_back(entry)

    def _reported(self, entry: Entry, report: wire.Report) -> None:
        if report.ended and not entry.report.ended:
            self._end(entry, report.exit_code)
        entry.report = report
        self._show(entry)

    # Parts of it.

    def _find(self, owner: str, session_id: str) -> Entry:
        entry = self._all.get(session_id)
        if entry is None or entry.owner != owner:
            raise NotFound("Terminal", session_id)
        return entry

    def _watched(self, session_id: str, key: str) -> Entry:
        """Return the terminal that a viewer looks at: no other check is needed than that it was let in."""
        entry = self._all.get(session_id)
        if entry is None or key not in entry.viewers:
            raise Conflict("Terminal session is not attached", code="not_attached")
        return entry

    def _of(self, device: DeviceEntry) -> list[Entry]:
        return [one for one in self._all.values() if one.device is device]

    def _missing(self, owner: str, message: wire.Attach) -> Refused:
        """Tell a terminal that never was, or is over, from one whose device has not said yet what it has."""
        device = self._devices.by_key((owner, message.device_id)) if message.device_id else None
        if device is not None and not (device.online and (device.terminals_told or not device.kept.ours)):
            return _away(device)
        missing = NotFound("Terminal", message.session_id)
        missing.message = GONE
        return missing

    async def _place(self, owner: str, device: DeviceEntry, task_id: int | None) -> Place | None:
        """Return what a task has on a device, or None where none is named."""
        if task_id is None:
            return None
        entry = await self._tasks.entry(owner, task_id)
        return entry.places.get(device.kept.device_id) or Place()

    def _check_ready(self, device: DeviceEntry) -> None:
        if not device.online:
            raise _away(device)
        if not device.may_work():
            text = f"The token of {device.name} has expired: nothing new starts there."
            raise Conflict(text, code="token_expired", fix="Let the device join again.")

    async def _ask(self, device: DeviceEntry, event: str, message: dict[str, Any], seconds: float) -> wire.StartAnswer:
        if device.channel is None:
            raise _away(device)
        try:
            answer = wire.StartAnswer.model_validate(await device.channel.call(event, message, seconds))
        except NotSent:
            raise _away(device) from None
        except (Unanswered, ValidationError) as error:
            raise Unavailable(f"{device.name} did not answer.", code="unanswered") from error
        if not answer.success:
            kind = TooMany if answer.code == "too_many_terminals" else Refused
            raise kind(answer.error or "Device failed to start session", code=answer.code)
        return answer

    def _add(self, device: DeviceEntry, report: wire.Report, start: wire.Start | None) -> None:
        entry = Entry(device.owner, device, report)
        if start is not None and not device.kept.ours:
            entry.stock = StockTerminal(
                start,
                emit=lambda event, data: self._emit(entry, event, data),
                deliver=lambda event, data: self._pass_on(entry, event, data),
            )
        self._all[report.session_id] = entry
        ended = [one for one in self._all.values() if one.report.ended]
        for old in [*ended[:-MAX_ENDED], *[one for one in ended if one.stock is not None][:-MAX_ENDED_STOCK]]:
            self._forget(old)
        if not report.ended:
            self._show(entry)

    def _forget(self, entry: Entry) -> None:
        self._all.pop(entry.report.session_id, None)
        if entry.stock is not None:
            entry.stock.close()

    async def _over(self, entry: Entry, reason: wire.ExitReason) -> None:
        """End one of which nothing is left on its device."""
        if not entry.report.ended:
            gone = wire.Exit(session_id=entry.report.session_id, reason=reason)
            await self._everybody(entry, wire.EXIT, gone.model_dump(exclude_none=True))
            self._removed(entry.owner, entry.report.session_id)
        self._forget(entry)

    def _end(self, entry: Entry, exit_code: int | None) -> None:
        """Take it off the lists; its last output can still be read."""
        entry.report = entry.report.model_copy(update={"ended": True, "busy": False, "exit_code": exit_code})
        self._removed(entry.owner, entry.report.session_id)

    def _show(self, entry: Entry) -> None:
        if not entry.report.ended:
            self._changed(entry.owner, entry.show())

    def _stock_heard(self, entry: Entry, stock: StockTerminal, message: Wire) -> None:
        if isinstance(message, wire.Output):
            stock.printed(message.data)
        elif isinstance(message, wire.Exit) and not entry.report.ended:
            stock.ended(message.exit_code, "exited")
            self._end(entry, message.exit_code)

    async def _emit(self, entry: Entry, event: str, data: dict[str, Any]) -> None:
        await _tell(entry.device, event, data)

    async def _call_back(self, entry: Entry) -> None:
        """Let those attach again who looked over an earlier connection of the device."""
        for viewer in list(entry.viewers.values()):
            if viewer.channel is not entry.device.channel:
                await viewer.send(wire.BACK, {"session_id": entry.report.session_id})

    async def _everybody(self, entry: Entry, event: str, data: dict[str, Any]) -> None:
        for viewer in list(entry.viewers.values()):
            await viewer.send(event, data)

    async def _pass_on(self, entry: Entry, event: str, data: dict[str, Any]) -> None:
        viewer = entry.viewers.get(data.get("viewer") or "")
        if viewer is not None:
            await viewer.send(event, data)
            if event == wire.EXIT:
                entry.viewers.pop(viewer.key, None)


async def _tell(device: DeviceEntry, event: str, data: dict[str, Any]) -> None:
    """Tell a device; what it misses while it is away, it needs not know when it is back."""
    if device.channel is not None:
        with contextlib.suppress(NotSent):
            await device.channel.emit(event, data)


def _away(device: DeviceEntry) -> Conflict:
    return Conflict(f"Device '{device.name}' is offline", code="device_offline")
