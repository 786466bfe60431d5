"""REST over httpx, events over Socket.IO."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

import socketio

from wegent_jupyter.client.access import AccessRoutes
from wegent_jupyter.client.devices import DeviceRoutes
from wegent_jupyter.client.models import ModelRoutes
from wegent_jupyter.client.personal import PersonalRoutes
from wegent_jupyter.client.projects import ProjectRoutes
from wegent_jupyter.client.rest import ApiError, Unreachable, trust, verifying
from wegent_jupyter.client.skills import SkillRoutes
from wegent_jupyter.client.sockets import DROPPED
from wegent_jupyter.client.terminals import TerminalRoutes
from wegent_jupyter.protocol import api

__all__ = ["ApiError", "Client", "Unreachable", "trust", "verifying"]

NAMESPACE = "/tasks"


class Client(DeviceRoutes, AccessRoutes, TerminalRoutes, ProjectRoutes, PersonalRoutes, ModelRoutes, SkillRoutes):
    """A connection to one gateway; use as an asynchronous context manager."""

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._http.aclose()

    async def version(self) -> api.Version:
        """Return who answers."""
        return await self._get("/version", api.Version)

    async def tasks(self, limit: int = 50) -> list[api.Task]:
        """Return the newest tasks."""
        return (await self._get(f"/tasks?limit={limit}", api.TaskList)).items

    async def task(self, task_id: int) -> api.TaskDetail:
        """Return a task with its turns."""
        return await self._get(f"/tasks/{task_id}", api.TaskDetail)

    async def events(self, task_id: int, after_pos: int = 0) -> api.EventList:
        """Return a page of a task's history; the last one is empty."""
        return await self._get(f"/tasks/{task_id}/events?after_pos={after_pos}", api.EventList)

    async def create_task(self, request: api.CreateTask) -> api.CreatedTask:
        """Make a task."""
        return await self._post("/tasks", request, api.CreatedTask)

    async def create_turn(self, task_id: int, request: api.CreateTurn) -> api.Turn:
        """Add a message to a task."""
        return await self._post(f"/tasks/{task_id}/turns", request, api.Turn)

    async def cancel(self, task_id: int, turn_id: int | None = None) -> api.Turn:
        """Stop a turn."""
        return await self._post(f"/tasks/{task_id}/cancel", api.CancelTurn(turn_id=turn_id), api.Turn)

    async def continue_task(self, task_id: int) -> api.Turn:
        """Take up what failed or was stopped."""
        return await self._post(f"/tasks/{task_id}/continue", api.ContinueTask(), api.Turn)

    async def resume(self, task_id: int) -> api.Task:
        """Let the messages of a task that paused after a failure run."""
        return await self._post(f"/tasks/{task_id}/resume", api.ResumeTask(), api.Task)

    async def steer(self, task_id: int, text: str) -> api.Turn:
        """Hand a message to the agent at work."""
        return await self._post(f"/tasks/{task_id}/steer", api.Steer(prompt=text), api.Turn)

    async def approvals(self) -> list[api.Approval]:
        """Return what waits for a person, oldest first."""
        return (await self._get("/approvals", api.ApprovalList)).items

    async def decide(self, approval_id: str, decision: api.Decision) -> api.Approval:
        """Answer an approval; ApiError 409 when somebody else was faster."""
        return await self._post(f"/approvals/{approval_id}", decision, api.Approval)

    async def follow(self, task_id: int, after_pos: int = 0) -> AsyncIterator[api.Event]:
        """Yield a task's events from a position on, for ever; reconnects by itself and yields nothing twice."""
        pos = after_pos
        while True:
            async for event in self._connection(task_id, pos):
                if event.pos > pos:
                    pos = event.pos
                    yield event
            await self.find_again()

    async def _connection(self, task_id: int, pos: int) -> AsyncIterator[api.Event]:
        """Yield events over one connection until it ends; raises ApiError when the server refuses."""
        arrived: asyncio.Queue[list[Any] | None] = asyncio.Queue()
        try:
            async with self.socket(NAMESPACE, _handlers(arrived)) as client:
                await _join(client, task_id, pos)
                while (batch := await arrived.get()) is not None:
                    for data in batch:
                        yield api.Event.model_validate(data)
        except DROPPED:
            return  # the caller tries again


async def _join(client: socketio.AsyncClient, task_id: int, pos: int) -> None:
    answer = await client.call("task:join", {"task_id": task_id, "after_pos": pos}, namespace=NAMESPACE)
    if "error" in answer:
        error = answer["error"]
        problem = api.Problem(detail=error["message"], message=error["message"], code=error["code"])
        raise ApiError(error["status"], problem)


def _handlers(arrived: "asyncio.Queue[list[Any] | None]") -> dict[str, Callable[..., Any]]:
    async def events(data: dict[str, Any]) -> bool:
        arrived.put_nowait(data["events"])
        return True  # the acknowledgement that asks for the next batch

    async def ended(*_reason: Any) -> None:
        arrived.put_nowait(None)

    return {"task:events": events, "lagged": ended, "disconnect": ended}
