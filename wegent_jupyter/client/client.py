"""REST over httpx, events over Socket.IO."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import socketio

from wegent_jupyter.client.access import AccessRoutes
from wegent_jupyter.client.devices import DeviceRoutes
from wegent_jupyter.client.discover import Server
from wegent_jupyter.client.rest import ApiError, Unreachable, trust
from wegent_jupyter.protocol import api

__all__ = ["ApiError", "Client", "Unreachable", "trust"]

NAMESPACE = "/tasks"
RECONNECT_SECONDS = 1.0
REFUSED = (401, 403)
MAX_MESSAGE_BYTES = 16 << 20


class Client(DeviceRoutes, AccessRoutes):
    """A connection to one gateway; use as an asynchronous context manager."""

    def __init__(self, server: Server, find: Callable[[], Server | None] = lambda: None) -> None:
        """Connect nothing yet. `find` says where the server is after a restart, which changes port and token."""
        super().__init__(server)
        self._find = find

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
            await asyncio.sleep(RECONNECT_SECONDS)
            await self._find_again()

    async def _find_again(self) -> None:
        found = self._find()
        if found is not None and found != self._server:
            await self._http.aclose()
            self._use(found)
        if self.remote:
            await self._check_token()

    async def _check_token(self) -> None:
        """Raise ApiError when what a person gave does not open the server any more: no restart mends that."""
        try:
            await self.version()
        except Unreachable:
            return
        except ApiError as error:
            if error.status in REFUSED:
                raise

    async def _connection(self, task_id: int, pos: int) -> AsyncIterator[api.Event]:
        """Yield events over one connection until it ends; raises ApiError when the server refuses."""
        arrived: asyncio.Queue[list[Any] | None] = asyncio.Queue()
        connector = aiohttp.UnixConnector(self._server.unix) if self._server.unix else _tcp(self._context)
        async with aiohttp.ClientSession(connector=connector, trust_env=self.remote) as session:
            client = socketio.AsyncClient(
                reconnection=False,
                handle_sigint=False,
                http_session=session,
                websocket_extra_options={"max_msg_size": MAX_MESSAGE_BYTES},
            )
            _listen(client, arrived)
            try:
                await self._join(client, task_id, pos)
                while (batch := await arrived.get()) is not None:
                    for data in batch:
                        yield api.Event.model_validate(data)
            except (socketio.exceptions.ConnectionError, socketio.exceptions.TimeoutError):
                return  # the caller tries again
            finally:
                await client.disconnect()

    async def _join(self, client: socketio.AsyncClient, task_id: int, pos: int) -> None:
        parts = urlsplit(self._server.url)
        await client.connect(
            f"{parts.scheme}://{parts.netloc}",
            headers={"Authorization": self._server.authorization},
            namespaces=[NAMESPACE],
            transports=["websocket"],
            socketio_path=f"{parts.path.strip('/')}/socket.io",
        )
        answer = await client.call("task:join", {"task_id": task_id, "after_pos": pos}, namespace=NAMESPACE)
        if "error" in answer:
            error = answer["error"]
            problem = api.Problem(detail=error["message"], message=error["message"], code=error["code"])
            raise ApiError(error["status"], problem)


def _listen(client: socketio.AsyncClient, arrived: "asyncio.Queue[list[Any] | None]") -> None:
    async def events(data: dict[str, Any]) -> bool:
        arrived.put_nowait(data["events"])
        return True  # the acknowledgement that asks for the next batch

    async def ended(*_reason: Any) -> None:
        arrived.put_nowait(None)

    client.on("task:events", events, namespace=NAMESPACE)
    client.on("lagged", ended, namespace=NAMESPACE)
    client.on("disconnect", ended, namespace=NAMESPACE)


def _tcp(context: ssl.SSLContext | None) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(ssl=context) if context is not None else aiohttp.TCPConnector()
