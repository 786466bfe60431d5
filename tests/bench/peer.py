"""The other end of our sockets, written out frame by frame: it costs next to nothing, so that what is measured is ours.

python-socketio's client takes 0.1 ms for a message, several times what the gateway takes for an event.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from pydantic_core import from_json

from tests.support.server import TOKEN, JupyterServer
from wegent_jupyter.protocol import wire

_FRAME = re.compile(r"4([23])(?:/[^,]*,)?(\d*)")
EVENT, ACK = "2", "3"

AUTHORIZED = {"Authorization": f"token {TOKEN}"}
DEVICE_ID = "bench-device"


class Socket:
    """One namespace of one Socket.IO connection. `on` answers events; what it returns is the ack."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, namespace: str) -> None:
        self.on: dict[str, Callable[[Any], Any]] = {}
        self._websocket, self._namespace = websocket, namespace
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._number = 0

    async def send(self, text: str) -> None:
        """Send an event that is encoded already: a JSON array of its name and its payload."""
        await self._websocket.send_str(f"42{self._namespace},{text}")

    async def call(self, event: str, data: Any) -> Any:
        """Send an event and return its ack."""
        self._number += 1
        answer = self._asked[self._number] = asyncio.get_running_loop().create_future()
        await self._websocket.send_str(f"42{self._namespace},{self._number}{json.dumps([event, data])}")
        return await answer

    async def serve(self) -> None:
        """Take in what comes, until the connection ends."""
        async for message in self._websocket:
            if message.data == "2":
                await self._websocket.send_str("3")
            elif found := _FRAME.match(message.data):
                await self._take(found[1], found[2], from_json(message.data[found.end() :]))
        for answer in self._asked.values():
            answer.set_exception(ConnectionError("the server ended the connection"))

    async def _take(self, type_: str, number: str, data: list[Any]) -> None:
        if type_ == ACK:
            self._asked.pop(int(number)).set_result(data[0] if data else None)
            return
        handler = self.on.get(data[0])
        answer = handler(data[1]) if handler is not None else None
        if number:
            await self._websocket.send_str(f"43{self._namespace},{number}{json.dumps([answer])}")


@asynccontextmanager
async def connected(
    http: aiohttp.ClientSession, server: JupyterServer, namespace: str, auth: dict[str, str] | None = None
) -> AsyncIterator[Socket]:
    """Connect to a namespace: as a person with Jupyter's token, or as a device with `auth`."""
    async with connected_to(http, server.url, namespace, auth) as socket:
        yield socket


@asynccontextmanager
async def connected_to(
    http: aiohttp.ClientSession, base: str, namespace: str, auth: dict[str, str] | None
) -> AsyncIterator[Socket]:
    """Connect to a namespace of a server, whichever it is."""
    url = f"{base}wegent/socket.io/?EIO=4&transport=websocket"
    async with http.ws_connect(url, headers={} if auth else AUTHORIZED, max_msg_size=0) as websocket:
        await websocket.receive_str()
        await websocket.send_str(f"40{namespace},{json.dumps(auth) if auth else ''}")
        answer = await websocket.receive_str()
        assert answer.startswith("40"), answer
        socket = Socket(websocket, namespace)
        serving = asyncio.create_task(socket.serve())
        try:
            yield socket
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def hello(device_id: str = DEVICE_ID) -> dict[str, Any]:
    """Return the registration of a device with one agent and all slots."""
    agents = [{"id": "practice", "name": "Bench", "practice": True}]
    ours = {"version": wire.EXTENSION_VERSION, "boot_id": "bench", "agents": agents}
    return {"device_id": device_id, "name": "Bench", "runtime_features": {"wegentJupyter": ours}}


class Device:
    """A simulated device: takes every task, one at a time, and keeps what it was given and when."""

    def __init__(self, socket: Socket, clock: Callable[[], float]) -> None:
        self.socket = socket
        self.given: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()
        self._attempt, self._acked = "", 0
        self._more = asyncio.Event()
        self._clock = clock
        socket.on = {wire.EXECUTE: self._execute, wire.ACKS: self._acks, wire.CANCEL: lambda _data: {"success": True}}

    async def register(self) -> None:
        answer = await self.socket.call(wire.REGISTER, hello())
        assert answer.get("success"), answer
        answer = await self.socket.call(wire.HEARTBEAT, {"device_id": DEVICE_ID})
        assert answer.get("success"), answer

    def _execute(self, data: dict[str, Any]) -> dict[str, Any]:
        self._attempt, self._acked = str(data["subtask_id"]), 0
        self.given.put_nowait((self._clock(), data))
        return {"accepted": True}

    def _acks(self, data: dict[str, Any]) -> None:
        self._acked = data["acks"].get(self._attempt, self._acked)
        self._more.set()

    async def reach(self, seq: int) -> None:
        """Wait until the gateway has acknowledged the newest attempt up to `seq`."""
        while self._acked < seq:
            self._more.clear()
            await self._more.wait()


@asynccontextmanager
async def device(
    http: aiohttp.ClientSession, server: JupyterServer, clock: Callable[[], float]
) -> AsyncIterator[Device]:
    """Register a simulated device beside the embedded one, with the embedded one's credential."""
    key = json.loads((server.data / "executor" / "server.json").read_text())["token"]
    async with connected(http, server, wire.NAMESPACE, {"token": key}) as socket:
        one = Device(socket, clock)
        await one.register()
        yield one


async def submit(http: aiohttp.ClientSession, server: JupyterServer) -> dict[str, Any]:
    """Make a task for the simulated device and return the answer."""
    body = {"prompt": "bench", "agent": "practice", "mode": "full", "device_id": DEVICE_ID}
    async with http.post(f"{server.url}wegent/api/tasks", json=body, headers=AUTHORIZED) as answer:
        assert answer.status == 201, await answer.text()
        created: dict[str, Any] = await answer.json()
        return created


async def finish(one: Device, execute: dict[str, Any], seq: int) -> None:
    """End a turn, so that its slot is free again."""
    completed = {"response": {"status": "completed"}}
    await one.socket.send(event("response.completed", execute, seq, completed))


def envelope(name: str, execute: dict[str, Any], seq: int, data: dict[str, Any]) -> str:
    """Return one stream event of an attempt."""
    ids = {"task_id": execute["task_id"], "subtask_id": execute["subtask_id"]}
    return json.dumps({"event_type": name, **ids, "seq": seq, "data": data})


def event(name: str, execute: dict[str, Any], seq: int, data: dict[str, Any]) -> str:
    """Return one stream event as a message of its own, encoded."""
    return f'["{name}",{envelope(name, execute, seq, data)}]'
