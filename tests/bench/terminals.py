"""Terminals through gateway and executor process, against jupyter_server_terminals' WebSocket in the same server."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tests.bench.peer import AUTHORIZED
from tests.bench.rows import Aim, Row, row
from tests.support.server import JupyterServer
from tests.support.terminal import open_terminal
from wegent_jupyter.protocol import terminals as wire

KEYS, WARM = 1_000, 100
LINES = 5_000_000
"""`seq 1 5000000` prints 43.9 MB."""
BULK_MB: float = (sum(9 * 10**digits * (digits + 3) for digits in range(6)) + (LINES - 999_999) * 9) / 1e6
STALLED_BYTES = 200 << 20
_PLACEHOLDER = re.compile(r"45\d-/terminal,")
_TEXT = re.compile(r"42/terminal,")


class Viewer:
    """What both have: the end of what was printed."""

    def __init__(self) -> None:
        self.tail = b""
        self._arrived = asyncio.Event()

    def printed(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-200:]
        self._arrived.set()

    async def until(self, what: bytes) -> None:
        while what not in self.tail:
            await self.more()

    async def more(self) -> None:
        self._arrived.clear()
        await self._arrived.wait()


class Ours(Viewer):
    """A viewer over `/terminal`, frame by frame."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, session_id: str, *, keep: bool = False) -> None:
        super().__init__()
        self._websocket, self._session_id, self._keep = websocket, session_id, keep
        self.hash = hashlib.sha256()
        self.size = 0
        self.cursor = self._credited = 0

    async def send(self, event: str, **fields: Any) -> None:
        message = json.dumps([event, {"session_id": self._session_id, "viewer": "v", **fields}])
        await self._websocket.send_str(f"42/terminal,{message}")

    async def type(self, text: str) -> None:
        await self.send(wire.INPUT, data=text)

    async def serve(self) -> None:
        """Take in what comes."""
        waiting: dict[str, Any] | None = None
        async for message in self._websocket:
            if message.type is aiohttp.WSMsgType.BINARY:
                assert waiting is not None
                await self._take(waiting, message.data)
                waiting = None
            elif message.data == "2":
                await self._websocket.send_str("3")
            elif found := _PLACEHOLDER.match(message.data):
                waiting = json.loads(message.data[found.end() :])[1]
            elif found := _TEXT.match(message.data):
                event, data = json.loads(message.data[found.end() :])
                if event == wire.OUTPUT:
                    await self._take(data, data["data"].encode())

    async def _take(self, data: dict[str, Any], printed: bytes) -> None:
        assert data["offset"] == self.cursor and not data.get("reset")
        self.cursor = data["end"]
        self.size += len(printed)
        if self._keep:
            self.hash.update(printed)
        self.printed(printed)
        if self.cursor - self._credited >= wire.CREDIT_STEP:
            self._credited = self.cursor
            await self.send(wire.CREDIT, offset=self.cursor)


class Theirs(Viewer):
    """A client of jupyter_server_terminals."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__()
        self._websocket = websocket

    async def type(self, text: str) -> None:
        await self._websocket.send_str(json.dumps(["stdin", text]))

    async def serve(self) -> None:
        async for message in self._websocket:
            kind, *data = json.loads(message.data)
            if kind == "stdout":
                self.printed(data[0].encode())


@asynccontextmanager
async def serving(one: Ours | Theirs) -> AsyncIterator[None]:
    task = asyncio.create_task(one.serve())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def ours(http: aiohttp.ClientSession, server: JupyterServer, *, keep: bool = False) -> AsyncIterator[Ours]:
    """Open a terminal of the embedded device, and look at it."""
    session = (await asyncio.to_thread(open_terminal, server))["session_id"]
    url = f"{server.url}wegent/socket.io/?EIO=4&transport=websocket"
    async with http.ws_connect(url, headers=AUTHORIZED, max_msg_size=0) as websocket:
        await websocket.receive_str()
        await websocket.send_str("40/terminal,")
        await websocket.receive_str()
        one = Ours(websocket, session, keep=keep)
        await one.send(wire.ATTACH, rows=24, cols=80)
        async with serving(one):
            yield one


@asynccontextmanager
async def theirs(http: aiohttp.ClientSession, server: JupyterServer) -> AsyncIterator[Theirs]:
    """Open a terminal of Jupyter's own."""
    async with http.post(f"{server.url}api/terminals", headers=AUTHORIZED) as answer:
        name: str = (await answer.json())["name"]
    async with http.ws_connect(
        f"{server.url}terminals/websocket/{name}", headers=AUTHORIZED, max_msg_size=0
    ) as websocket:
        one = Theirs(websocket)
        async with serving(one):
            yield one


async def quiet(one: Ours | Theirs, command: str) -> None:
    """Run something in a terminal that adds nothing of its own, and wait until it runs."""
    await one.type(f"stty raw -echo; printf 'rea''dy'; {command}\n")
    await one.until(b"ready")
    await asyncio.sleep(0.3)


async def echo(one: Ours | Theirs) -> list[float]:
    """Return how long each key took to come back, in ms, sorted."""
    found = []
    for _ in range(WARM + KEYS):
        began = time.perf_counter()
        await one.type("x")
        await one.more()
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found[WARM:])


async def bulk(one: Ours | Theirs) -> float:
    """Return how many MB/s arrive."""
    await one.type("stty -echo; printf 'rea''dy'\n")
    await one.until(b"ready")
    began = time.perf_counter()
    await one.type(f"seq 1 {LINES}; printf 'fini''shed'\n")
    await one.until(b"finished")
    return BULK_MB / (time.perf_counter() - began)


Opened = Callable[[aiohttp.ClientSession, JupyterServer], Any]


async def alone(open_: Opened, server: JupyterServer, measure: Callable[[Any], Awaitable[Any]], command: str) -> Any:
    """Measure one terminal with nothing beside it."""
    async with aiohttp.ClientSession() as http, open_(http, server) as one:
        if command:
            await quiet(one, command)
        return await measure(one)


async def beside(server: JupyterServer, command: str) -> list[float]:
    """Return the echo of a terminal while another one does something."""
    async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        other = await stack.enter_async_context(ours(http, server))
        await quiet(other, command)
        one = await stack.enter_async_context(ours(http, server))
        await quiet(one, "cat")
        if "head" not in command:
            for _ in range(64):
                await other.type("y" * (32 << 10))
        return await echo(one)


async def random_bytes(server: JupyterServer, path: Path, expected: str) -> float:
    """Return how fast random bytes arrive, in MB/s, which have to be the same."""
    async with aiohttp.ClientSession() as http, ours(http, server, keep=True) as one:
        await one.type(f"exec sh -c \"stty raw -echo; printf 'rea''dy'; read x; cat {path}\"\n")
        await one.until(b"ready")
        await asyncio.sleep(0.3)
        one.hash, before = hashlib.sha256(), one.size
        began = time.perf_counter()
        await one.type("\n")
        while one.size - before < path.stat().st_size:
            await one.more()
        seconds = time.perf_counter() - began
        assert one.hash.hexdigest() == expected, "every byte is what it was"
        megabytes: float = path.stat().st_size / 1e6
        return megabytes / seconds


async def stalled(server: JupyterServer) -> tuple[float, float]:
    """Return the gateway's memory in MiB before, and after 200 MiB that one viewer read and another did not."""
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    session = (await asyncio.to_thread(open_terminal, server))["session_id"]
    url = f"{server.url}wegent/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        viewers = []
        for _ in range(2):
            websocket = await stack.enter_async_context(http.ws_connect(url, headers=AUTHORIZED, max_msg_size=0))
            await websocket.receive_str()
            await websocket.send_str("40/terminal,")
            await websocket.receive_str()
            viewers.append(Ours(websocket, session))
            await viewers[-1].send(wire.ATTACH, rows=24, cols=80)
        reads, _never = viewers
        async with serving(reads):
            await quiet(reads, "true")
            before = process.memory_info().rss / (1 << 20)
            await reads.type(f"head -c {STALLED_BYTES} /dev/zero | tr '\\0' x; printf 'fini''shed'\n")
            highest = before
            while b"finished" not in reads.tail:
                await reads.more()
                highest = max(highest, process.memory_info().rss / (1 << 20))
        return highest, before


def rows(rounds: int) -> list[Row]:
    """Measure with one server; each round measures ours and theirs one after the other."""
    with tempfile.TemporaryDirectory() as directory:
        server = JupyterServer(Path(directory) / "home", environment={"SHELL": "/bin/sh"}).start()
        data = Path(directory) / "random"
        hashed = hashlib.sha256()
        with Path("/dev/urandom").open("rb") as source, data.open("wb") as file:
            for _ in range(200):
                hashed.update(piece := source.read(1_000_000))
                file.write(piece)
        try:
            return asyncio.run(_rows(server, rounds, data, hashed.hexdigest()))
        finally:
            server.stop()
            server.end_executor()


async def _rows(server: JupyterServer, rounds: int, data: Path, expected: str) -> list[Row]:
    p50: list[tuple[float, float | None]] = []
    p99: list[tuple[float, float | None]] = []
    speed: list[tuple[float, float | None]] = []
    flood: list[tuple[float, float | None]] = []
    stuck: list[tuple[float, float | None]] = []
    memory: list[tuple[float, float | None]] = []
    whole: list[tuple[float, float | None]] = []
    for _ in range(rounds):
        mine, reference = await alone(ours, server, echo, "cat"), await alone(theirs, server, echo, "cat")
        p50.append((mine[KEYS // 2], reference[KEYS // 2]))
        p99.append((mine[KEYS * 99 // 100], reference[KEYS * 99 // 100]))
        speed.append((await alone(ours, server, bulk, ""), await alone(theirs, server, bulk, "")))
        flood.append(((await beside(server, "head -c 1000000000000 /dev/zero"))[KEYS * 99 // 100], p99[-1][0]))
        stuck.append(((await beside(server, "sleep 1000"))[KEYS * 99 // 100], p99[-1][0]))
        memory.append(await stalled(server))
        whole.append((await random_bytes(server, data, expected), None))
        for one in server.get("/terminals").json()["items"]:
            server.request("DELETE", f"/terminals/{one['session_id']}")
    jupyter, alone_ = "jupyter_server_terminals' WebSocket", "the same alone"
    return [
        row("terminal echo, p50", "ms", p50, reference_is=jupyter, compare="ratio", aim=Aim("at most", 2)),
        row("terminal echo, p99", "ms", p99, reference_is=jupyter, compare="ratio", aim=Aim("at most", 2)),
        row("terminal bulk", "MB/s", speed, reference_is=jupyter, compare="ratio", aim=Aim("at least", 1)),
        row("echo beside a flood, p99", "ms", flood, reference_is=alone_, compare="ratio", aim=Aim("at most", 3)),
        row(
            "echo beside one that reads nothing, p99",
            "ms",
            stuck,
            reference_is=alone_,
            compare="ratio",
            aim=Aim("at most", 3),
        ),
        row(
            "gateway memory with a stalled viewer, 200 MiB printed",
            "MiB",
            memory,
            reference_is="before",
            compare="difference",
            aim=Aim("at most", 8),
        ),
        row("200 MB of random bytes, identical", "MB/s", whole),
    ]
