"""Tell every open face what looks different: whole snapshots, at most one per object and 30 ms."""

import asyncio
from collections.abc import Awaitable, Callable

from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.terminals import Terminal
from wegent_jupyter.server.tasks_namespace import room_of

FLUSH_SECONDS = 0.03

Emit = Callable[[str, dict[str, object], str], Awaitable[None]]
"""(event, data, room)"""


class Broadcaster:
    """Collects changed tasks, devices, approvals and terminals, and sends them to their owners' faces."""

    def __init__(self, emit: Emit) -> None:
        """Send with `emit`."""
        self._emit = emit
        self._tasks: dict[int, tuple[str, api.Task]] = {}
        self._devices: dict[tuple[str, str], api.Device] = {}
        self._removed: dict[tuple[str, str], None] = {}
        self._approvals: dict[str, tuple[str, api.Approval]] = {}
        self._terminals: dict[str, tuple[str, Terminal | None]] = {}
        """By session; None: it is gone."""
        self._flush: asyncio.Task[None] | None = None

    def task_changed(self, owner: str, task: api.Task) -> None:
        """Show a task, soon."""
        self._tasks[task.id] = (owner, task)
        self._soon()

    def device_changed(self, owner: str, device: api.Device) -> None:
        """Show a device, soon."""
        self._devices[owner, device.device_id] = device
        self._soon()

    def device_removed(self, owner: str, device_id: str) -> None:
        """Show a device no longer, soon; not after it has registered again."""
        self._devices.pop((owner, device_id), None)
        self._removed[owner, device_id] = None
        self._soon()

    def approval_changed(self, owner: str, approval: api.Approval) -> None:
        """Show an approval, soon."""
        self._approvals[approval.id] = (owner, approval)
        self._soon()

    def terminal_changed(self, owner: str, terminal: Terminal) -> None:
        """Show a terminal, soon."""
        self._terminals[terminal.session_id] = (owner, terminal)
        self._soon()

    def terminal_removed(self, owner: str, session_id: str) -> None:
        """Show a terminal no longer, soon."""
        self._terminals[session_id] = (owner, None)
        self._soon()

    def _soon(self) -> None:
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._tasks or self._devices or self._removed or self._approvals or self._terminals:
            await asyncio.sleep(FLUSH_SECONDS)
            tasks, self._tasks = self._tasks, {}
            devices, self._devices = self._devices, {}
            removed, self._removed = self._removed, {}
            approvals, self._approvals = self._approvals, {}
            terminals, self._terminals = self._terminals, {}
            for owner, task in tasks.values():
                await self._emit("task:update", task.model_dump(mode="json"), room_of(owner))
            for owner, device_id in removed:
                await self._emit("device:removed", {"device_id": device_id}, room_of(owner))
            for (owner, _), device in devices.items():
                await self._emit("device:update", device.model_dump(mode="json"), room_of(owner))
            for owner, approval in approvals.values():
                await self._emit("approval:update", approval.model_dump(mode="json"), room_of(owner))
            for session_id, (owner, terminal) in terminals.items():
                event = "terminal:update" if terminal is not None else "terminal:removed"
                shown: dict[str, object] = terminal.model_dump() if terminal is not None else {"session_id": session_id}
                await self._emit(event, shown, room_of(owner))
