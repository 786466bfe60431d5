"""REST over httpx, events over Socket.IO."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import httpx
import socketio
from pydantic import BaseModel

from wegent_jupyter.client.discover import Server
from wegent_jupyter.protocol import api

M = TypeVar("M", bound=BaseModel)

NAMESPACE = "/tasks"
RECONNECT_SECONDS = 1.0
REQUEST_SECONDS = 30.0
MAX_MESSAGE_BYTES = 16 << 20


class ApiError(Exception):
    """The server refused; `problem` says why and what to do."""

    def __init__(self, status: int, problem: api.Problem) -> None:
        """Keep the status code and the answer."""
        super().__init__(problem.message)
        self.status, self.problem = status, problem


class Unreachable(Exception):
    """No server answers."""


class Client:
    """A connection to one gateway; use as an asynchronous context manager."""

    def __init__(self, server: Server, find: Callable[[], Server | None] = lambda: None) -> None:
        """Connect nothing yet. `find` says where the server is after a restart, which changes port and token."""
        self._find = find
        self._use(server)

    def _use(self, server: Server) -> None:
        self._server = server
        self._context = trust(server)
        transport = httpx.AsyncHTTPTransport(
            uds=server.unix, verify=self._context if self._context is not None else True, retries=1
        )
        self._http = httpx.AsyncClient(
            base_url=f"{server.url}/api",
            headers={"Authorization": server.authorization},
            transport=transport,
            timeout=REQUEST_SECONDS,
        )

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

    async def devices(self) -> list[api.Device]:
        """Return all devices."""
        return (await self._get("/devices", api.DeviceList)).items

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

    async def steer(self, task_id: int, text: str) -> api.Turn:
        """Hand a message to the agent at work."""
        return await self._post(f"/tasks/{task_id}/steer", api.Steer(prompt=text), api.Turn)

    async def approvals(self) -> list[api.Approval]:
        """Return what waits for a person, oldest first."""
        return (await self._get("/approvals", api.ApprovalList)).items

    async def decide(self, approval_id: str, decision: api.Decision) -> api.Approval:
        """Answer an approval; ApiError 409 when somebody else was faster."""
        return await self._post(f"/approvals/{approval_id}", decision, api.Approval)

    async def refresh_agents(self, device_id: str) -> list[api.Agent]:
        """Let a device look again which agents can run."""
        path = f"/devices/{quote(device_id)}/agents/refresh"
        return (await self._post(path, api.RefreshAgents(), api.AgentList)).items

    async def set_agent_path(self, device_id: str, agent: str, path: str | None) -> list[api.Agent]:
        """Tell a device where an agent's program is; None: let it look by itself."""
        url = f"/devices/{quote(device_id)}/agents/{quote(agent)}"
        return (await self._put(url, api.AgentPath(path=path), api.AgentList)).items

    async def trusted(self, device_id: str) -> list[api.TrustedPath]:
        """Return the directories of a device about which a person decided."""
        return (await self._get(f"/devices/{quote(device_id)}/trust", api.TrustList)).items

    async def trust(self, device_id: str, path: str, trusted: bool | None) -> list[api.TrustedPath]:
        """Say whether the agent configuration that a directory brings may be used; None: forget the answer."""
        request = api.TrustRequest(path=path, trusted=trusted)
        return (await self._put(f"/devices/{quote(device_id)}/trust", request, api.TrustList)).items

    async def _get(self, path: str, model: type[M]) -> M:
        return await self._request("GET", path, None, model)

    async def _post(self, path: str, body: BaseModel, model: type[M]) -> M:
        return await self._request("POST", path, body.model_dump_json(exclude_none=True), model)

    async def _put(self, path: str, body: BaseModel, model: type[M]) -> M:
        return await self._request("PUT", path, body.model_dump_json(), model)

    async def _request(self, method: str, path: str, body: str | None, model: type[M]) -> M:
        try:
            answer = await self._http.request(method, path, content=body)
        except httpx.TransportError as error:
            raise Unreachable(f"{self._server.url} does not answer: {error}") from error
        if answer.is_error:
            raise ApiError(answer.status_code, _problem(answer))
        return model.model_validate_json(answer.content)

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

    async def _connection(self, task_id: int, pos: int) -> AsyncIterator[api.Event]:
        """Yield events over one connection until it ends; raises ApiError when the server refuses."""
        arrived: asyncio.Queue[list[Any] | None] = asyncio.Queue()
        connector = aiohttp.UnixConnector(self._server.unix) if self._server.unix else _tcp(self._context)
        async with aiohttp.ClientSession(connector=connector) as session:
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


def trust(server: Server) -> ssl.SSLContext | None:
    """Return what trusts the server's own certificate; None where that is not needed."""
    if server.ca is None:
        return None
    context = ssl.create_default_context(cafile=server.ca)
    context.check_hostname = False  # the server's own certificate, read from its file: it is pinned
    return context


def _tcp(context: ssl.SSLContext | None) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(ssl=context) if context is not None else aiohttp.TCPConnector()


def _problem(answer: httpx.Response) -> api.Problem:
    try:
        return api.Problem.model_validate_json(answer.content)
    except ValueError:
        text = f"The server answered {answer.status_code}."
        return api.Problem(detail=text, message=text, code=f"http_{answer.status_code}")
