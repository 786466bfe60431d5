"""Requests to the API, and what it answers."""

import ssl
from collections.abc import Callable
from typing import Final, TypeVar

import httpx
from pydantic import BaseModel

from wegent_jupyter.client.discover import Server
from wegent_jupyter.protocol import api

M = TypeVar("M", bound=BaseModel)

REQUEST_SECONDS = 30.0
REFUSED: Final = (401, 403)
Find = Callable[[], Server | None]


class ApiError(Exception):
    """The server refused; `problem` says why and what to do."""

    def __init__(self, status: int, problem: api.Problem) -> None:
        """Keep the status code and the answer."""
        super().__init__(problem.message)
        self.status, self.problem = status, problem


class Unreachable(Exception):
    """No server answers."""


class NotListening(Unreachable):
    """Nobody took the request."""


class Rest:
    """Sends requests to one server, wherever that is by now."""

    def __init__(self, server: Server, find: Find = lambda: None) -> None:
        """Connect nothing yet. `find` says where the server is after a restart, which changes port and token."""
        self._find = find
        self._use(server)

    @property
    def remote(self) -> bool:
        """Say whether the server may be on another machine: its paths are not ours then."""
        return self._server.remote

    def _use(self, server: Server) -> None:
        self._server = server
        self._context = trust(server)
        self._http = http_client(server, self._context, f"{server.url}/api", REQUEST_SECONDS)

    async def _get(self, path: str, model: type[M], timeout: float = REQUEST_SECONDS) -> M:
        return await self._request("GET", path, None, model, timeout)

    async def _post(self, path: str, body: BaseModel, model: type[M], timeout: float = REQUEST_SECONDS) -> M:
        return await self._request("POST", path, body.model_dump_json(exclude_none=True), model, timeout)

    async def _put(self, path: str, body: BaseModel | None, model: type[M], timeout: float = REQUEST_SECONDS) -> M:
        return await self._request("PUT", path, body.model_dump_json() if body is not None else "{}", model, timeout)

    async def _delete(self, path: str, model: type[M], timeout: float = REQUEST_SECONDS) -> M:
        return await self._request("DELETE", path, None, model, timeout)

    async def _request(
        self, method: str, path: str, body: str | bytes | None, model: type[M], timeout: float = REQUEST_SECONDS
    ) -> M:
        answer = await self._ask(method, path, body, timeout)
        if answer.is_error:
            raise ApiError(answer.status_code, _problem(answer))
        try:
            return model.model_validate_json(answer.content)
        except ValueError as error:
            raise Unreachable(f"{self._server.url} does not answer as a gateway does: is the address right?") from error

    async def _ask(self, method: str, path: str, body: str | bytes | None, timeout: float) -> httpx.Response:
        """Send a request, and once more if the server has moved and nobody can have acted on it."""
        asked = self._server
        try:
            answer = await self._send(method, path, body, timeout)
        except NotListening:
            if not await self._moved(asked):
                raise
        else:
            if answer.status_code not in REFUSED or not await self._moved(asked):
                return answer
        return await self._send(method, path, body, timeout)

    async def _send(self, method: str, path: str, body: str | bytes | None, timeout: float) -> httpx.Response:
        url = self._server.url
        try:
            return await self._http.request(method, path, content=body, timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotListening(f"{url} does not answer: {error}") from error
        except httpx.TransportError as error:
            raise Unreachable(f"{url} does not answer: {error}") from error

    async def _moved(self, asked: Server) -> bool:
        """Say whether a server that published itself is elsewhere by now; if so it is the one in use."""
        if self._server == asked and asked.published:
            await self._look()
        return self._server != asked

    async def _look(self) -> None:
        """Use the server where it is now, if that can be told."""
        found = self._find()
        if found is not None and found != self._server:
            before = self._http
            self._use(found)
            await before.aclose()


def http_client(server: Server, context: ssl.SSLContext | None, base: str, timeout: float) -> httpx.AsyncClient:
    """Return what speaks to a server. Only the way to another machine may lead through a proxy."""
    verify = verifying(server, context)
    # A transport of our own switches httpx's look at the proxies of the environment off.
    transport = None if server.remote else httpx.AsyncHTTPTransport(uds=server.unix, verify=verify, retries=1)
    headers = {"Authorization": server.authorization}
    return httpx.AsyncClient(base_url=base, headers=headers, transport=transport, verify=verify, timeout=timeout)


def verifying(server: Server, context: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    """Return what httpx shall verify with: without TLS nothing, as reading all certificates takes it 34 ms."""
    return context if context is not None else server.url.startswith("https:")


def trust(server: Server) -> ssl.SSLContext | None:
    """Return what says which certificates are believed; None where none is shown."""
    if server.ca is not None:
        context = ssl.create_default_context(cafile=server.ca)
        context.check_hostname = False  # the server's own certificate, read from its file: it is pinned
        return context
    return ssl.create_default_context() if server.remote and server.url.startswith("https:") else None


def _problem(answer: httpx.Response) -> api.Problem:
    try:
        return api.Problem.model_validate_json(answer.content)
    except ValueError:
        text = f"The server answered {answer.status_code}, not as a gateway does: it starts, or has no Wegent."
        return api.Problem(detail=text, message=text, code=f"http_{answer.status_code}")
