"""A Socket.IO peer that is written out frame by frame, so that it can also do what no library would."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.support.server import LIVENESS, JupyterServer

_FRAME = re.compile(r"4(?P<type>[0-4])(?P<namespace>/[^,]*)?,?(?P<id>\d*)(?P<data>.*)", re.DOTALL)
CONNECT, DISCONNECT, EVENT, ACK, REFUSED = "0", "1", "2", "3", "4"


class Peer:
    """One WebSocket to a server; use as an asynchronous context manager. A refused handshake is `.status`."""

    def __init__(
        self,
        server: JupyterServer,
        headers: dict[str, str] | None = None,
        query: str = "",
        path: str = "wegent/socket.io/",
    ) -> None:
        self._url = f"{server.url}{path}?{query or 'EIO=4&transport=websocket'}"
        self._headers = headers or {}
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._number = 0
        self.status = 101
        self.events: list[tuple[str, Any]] = []
        self.answer: Callable[[str, Any], Any] = lambda _event, _data: None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await self._session.ws_connect(self._url, headers=self._headers)
        except aiohttp.WSServerHandshakeError as error:
            self.status = error.status
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()

    async def send(self, frame: str) -> None:
        assert self._socket is not None, f"the handshake was refused with {self.status}"
        await self._socket.send_str(frame)

    async def connect(self, namespace: str, auth: Any = None) -> str | None:
        """Ask for a namespace; returns why it was refused, or None."""
        await self.send(f"40{namespace},{json.dumps(auth) if auth is not None else ''}")
        kind, data = await self._until(lambda type_, _id: type_ in (CONNECT, REFUSED))
        return None if kind == CONNECT else str(data["message"] if isinstance(data, dict) else data)

    async def call(self, namespace: str, event: str, data: Any) -> Any:
        """Send an event and return its ack."""
        self._number += 1
        wanted = str(self._number)
        await self.send(f"42{namespace},{wanted}{json.dumps([event, data])}")
        _, answer = await self._until(lambda type_, id_: type_ == ACK and id_ == wanted)
        return answer[0] if answer else None

    async def event(self, name: str) -> Any:
        """Wait for an event and return its data."""
        while True:
            for number, (known, data) in enumerate(self.events):
                if known == name:
                    del self.events[number]
                    return data
            await self._until(lambda type_, _id: type_ == EVENT)

    async def ended(self) -> bool:
        """Wait until the server ends the namespace or the connection; says whether it was the connection."""
        try:
            await self._until(lambda type_, _id: type_ == DISCONNECT)
        except ConnectionError:
            return True
        return False

    async def _until(self, wanted: Callable[[str, str], bool]) -> tuple[str, Any]:
        async with asyncio.timeout(LIVENESS):
            while True:
                type_, id_, data = await self._frame()
                if wanted(type_, id_):
                    return type_, data

    async def _frame(self) -> tuple[str, str, Any]:
        assert self._socket is not None
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError("the server closed the connection")
        if message.data == "2":
            await self.send("3")
        found = _FRAME.fullmatch(message.data)
        if found is None:
            return "", "", None
        data: Any = json.loads(found["data"]) if found["data"] else None
        if found["type"] == EVENT:
            self.events.append((data[0], data[1] if len(data) > 1 else None))
            if found["id"]:
                await self.send(f"43{found['namespace']},{found['id']}{json.dumps([self.answer(*self.events[-1])])}")
        return found["type"], found["id"], data
