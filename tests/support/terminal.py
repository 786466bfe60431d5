"""Somebody who looks at a terminal over `/terminal`, and notices when a byte is missing or comes twice."""

from __future__ import annotations

import asyncio
import itertools
import json
from types import TracebackType
from typing import Any, Self

import aiohttp
import socketio

from tests.support.server import LIVENESS, TOKEN, JupyterServer
from wegent_jupyter.protocol import terminals as wire

NAMES = itertools.count(1)


class Seen:
    """What one viewer was shown, byte by byte. Subclasses say how it speaks to the gateway, or to a device."""

    def __init__(self, *, shows: bool = True) -> None:
        self.shows = shows
        """It gives credit for what it got, as a terminal on a screen does."""
        self.output = bytearray()
        self.cursor = 0
        self.resets = 0
        self.exits: list[dict[str, Any]] = []
        self.notices: list[str] = []
        self.events: list[str] = []
        """`terminal:away` and `terminal:back`, in their order."""
        self.changed = asyncio.Event()

    def take(self, event: str, data: dict[str, Any]) -> None:
        """Take what arrives; bytes have to continue what is there."""
        self.changed.set()
        if event == wire.EXIT:
            self.exits.append(data)
        elif event == wire.NOTICE:
            self.notices.append(data["message"])
        elif event != wire.OUTPUT:
            self.events.append(event)
        elif data.get("reset"):
            self.resets += 1
            self.output, self.cursor = bytearray(_bytes(data["data"])), data["end"]
        elif data["end"] > self.cursor:
            assert data["offset"] == self.cursor, f"{data['offset']} after {self.cursor}"
            self.output += _bytes(data["data"])
            self.cursor = data["end"]

    async def until(self, what: bytes, after: int = 0) -> int:
        """Wait until this was printed; returns where it ends."""
        try:
            async with asyncio.timeout(LIVENESS):
                while (at := self.output.find(what, after)) < 0:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"{what!r} was not printed: …{self.output[-500:]!r}") from None
        return at + len(what)

    async def exit(self) -> dict[str, Any]:
        """Wait for the end."""
        found: dict[str, Any] = await self._some(lambda: self.exits)
        return found

    async def notice(self) -> str:
        """Wait for a sentence about the terminal."""
        return str(await self._some(lambda: self.notices))

    async def event(self, name: str) -> None:
        """Wait until it was told this."""
        await self._some(lambda: [one for one in self.events if one == name])

    async def _some(self, found: Any) -> Any:
        async with asyncio.timeout(LIVENESS):
            while not found():
                self.changed.clear()
                await self.changed.wait()
        return found()[-1]


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


class Screen(Seen):
    """A viewer in a face; use as an asynchronous context manager. Connects to `url`, by default the server itself."""

    def __init__(self, server: JupyterServer, session: dict[str, Any], *, url: str = "", shows: bool = True) -> None:
        super().__init__(shows=shows)
        self.server, self.session_id, self.device_id = server, session["session_id"], session["device_id"]
        self.url = url or f"http://127.0.0.1:{server.port}"
        self.viewer = f"v{next(NAMES)}"
        self.size = (24, 80)
        self._http: aiohttp.ClientSession | None = None
        self._client: socketio.AsyncClient | None = None
        self._credited = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self.connect()
        assert (await self.attach()).get("success")
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    async def connect(self, headers: dict[str, str] | None = None) -> None:
        """Open the socket."""
        self._http = aiohttp.ClientSession()
        client = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            http_session=self._http,
            websocket_extra_options={"max_msg_size": 0},
        )
        client.on("*", self._on_any, namespace=wire.NAMESPACE)
        await client.connect(
            self.url,
            headers=headers or {"Authorization": f"token {TOKEN}"},
            namespaces=[wire.NAMESPACE],
            transports=["websocket"],
            socketio_path=f"{self.server.base_url.strip('/')}/wegent/socket.io".lstrip("/"),
        )
        self._client = client

    async def disconnect(self) -> None:
        """Close it."""
        if self._client is not None:
            await self._client.disconnect()
        if self._http is not None:
            await self._http.close()
        for task in self._tasks:
            task.cancel()

    async def attach(self, **fields: Any) -> dict[str, Any]:
        """Look at the terminal from where it stopped; returns the ack."""
        rows, cols = self.size
        message = {
            "session_id": self.session_id,
            "device_id": self.device_id,
            "viewer": self.viewer,
            "since": self.cursor or None,
            "rows": rows,
            "cols": cols,
            **fields,
        }
        return await self.call(wire.ATTACH, message)

    async def attached(self) -> None:
        """Attach again and again until it is possible."""
        async with asyncio.timeout(LIVENESS):
            while not (ack := await self.attach()).get("success"):
                assert ack["code"] == "device_offline", ack
                await asyncio.sleep(0.05)

    async def call(self, event: str, data: Any) -> dict[str, Any]:
        """Send a message and return its ack."""
        assert self._client is not None
        ack: dict[str, Any] = await self._client.call(event, data, namespace=wire.NAMESPACE, timeout=30)
        return ack

    async def send(self, event: str, **fields: Any) -> None:
        """Send a message about this viewer."""
        assert self._client is not None
        message = {"session_id": self.session_id, "viewer": self.viewer, **fields}
        await self._client.emit(event, message, namespace=wire.NAMESPACE)

    async def type(self, text: str | bytes) -> None:
        """Type."""
        await self.send(wire.INPUT, data=text)

    async def resize(self, rows: int, cols: int, *, focus: bool = True) -> None:
        """Change the size of the window."""
        self.size = rows, cols
        await self.send(wire.RESIZE, rows=rows, cols=cols, focus=focus)

    async def run(self, command: str) -> bytes:
        """Type a command, and return what was printed between it and its end."""
        number = next(NAMES)
        await self.type(f"printf 'sta''rt {number}\\n'; {command}; printf 'e''nd {number}'\n")
        begin = await self.until(b"start %d\r\n" % number)
        mark = b"end %d" % number
        end = await self.until(mark, begin)
        return bytes(self.output[begin : end - len(mark)])

    async def show(self) -> None:
        """Give credit for everything that arrived."""
        self._credited = self.cursor
        await self.send(wire.CREDIT, offset=self.cursor)

    async def _on_any(self, event: str, data: Any = None) -> None:
        self.take(event, data)
        if self.shows and self.cursor - self._credited >= wire.CREDIT_STEP:
            self._credited = self.cursor
            task = asyncio.ensure_future(self.send(wire.CREDIT, offset=self.cursor))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def open_terminal(server: JupyterServer, device_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """Open a terminal on a device, by default the server's own."""
    device_id = device_id or server.get("/devices").json()["items"][0]["device_id"]
    answer = server.post(f"/devices/{device_id}/terminal", fields)
    assert answer.status_code == 200, answer.text
    opened: dict[str, Any] = json.loads(answer.text)
    return opened
