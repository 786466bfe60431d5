"""Tell every open face what looks different: whole snapshots, at most one per object and 30 ms."""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import BaseModel

from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.projects import Project
from wegent_jupyter.protocol.terminals import Terminal
from wegent_jupyter.server.tasks_namespace import room_of

FLUSH_SECONDS = 0.03

Emit = Callable[[str, dict[str, object], str], Awaitable[None]]
"""(event, data, room)"""
News = BaseModel | dict[str, object]


class Broadcaster:
    """Collects what changed, and sends it to its owners' faces: of each object the last that was said."""

    def __init__(self, emit: Emit) -> None:
        """Send with `emit`."""
        self._emit = emit
        self._news: dict[tuple[str, object], tuple[str, str, News]] = {}
        """By kind and id: (owner, event, data)."""
        self._flush: asyncio.Task[None] | None = None

    def task_changed(self, owner: str, task: api.Task) -> None:
        """Show a task, soon."""
        self._put("task", task.id, owner, "task:update", task)

    def device_changed(self, owner: str, device: api.Device) -> None:
        """Show a device, soon."""
        self._put("device", (owner, device.device_id), owner, "device:update", device)

    def device_removed(self, owner: str, device_id: str) -> None:
        """Show a device no longer, soon; not after it has registered again."""
        self._put("device", (owner, device_id), owner, "device:removed", {"device_id": device_id})

    def approval_changed(self, owner: str, approval: api.Approval) -> None:
        """Show an approval, soon."""
        self._put("approval", approval.id, owner, "approval:update", approval)

    def project_changed(self, owner: str, project: Project) -> None:
        """Show a project, soon."""
        self._put("project", project.id, owner, "project:update", project)

    def project_removed(self, owner: str, project_id: int) -> None:
        """Show a project no longer, soon."""
        self._put("project", project_id, owner, "project:removed", {"id": project_id})

    def terminal_changed(self, owner: str, terminal: Terminal) -> None:
        """Show a terminal, soon."""
        self._put("terminal", terminal.session_id, owner, "terminal:update", terminal)

    def terminal_removed(self, owner: str, session_id: str) -> None:
        """Show a terminal no longer, soon."""
        self._put("terminal", session_id, owner, "terminal:removed", {"session_id": session_id})

    def settings_changed(self, owner: str, what: str) -> None:
        """Let them fetch again what a person configured."""
        self._put("settings", (owner, what), owner, "settings", {"what": what})

    def _put(self, kind: str, key: object, owner: str, event: str, data: News) -> None:
        self._news[kind, key] = owner, event, data
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._news:
            await asyncio.sleep(FLUSH_SECONDS)
            news, self._news = self._news, {}
            for owner, event, data in news.values():
                told = data.model_dump(mode="json") if isinstance(data, BaseModel) else data
                await self._emit(event, told, room_of(owner))
