"""Streamed events of 1 KiB: a simulated device, the gateway with its store, one viewer."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Literal

import aiohttp

from tests.bench import peer, servers
from tests.bench.rows import Aim, Row, row
from tests.support.server import JupyterServer
from wegent_jupyter.executor.sender import MESSAGE_EVENTS, WINDOW
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.events import Delta, Tool, encode, viewer_event

SIZE = 1024
BATCH = MESSAGE_EVENTS
"""Events in one message of the device; with text, also the length of one message of the agent."""
COUNT = 300 * BATCH
"""Events of a round: below the 20,000 that may wait in the gateway, so that none is refused when all come at once."""
RAW_COUNT = 64_000
SECONDS = 120.0
"""A round that takes so long is stuck."""

Kind = Literal["text", "tools"]
AIM = Aim("at least", 0.5)
REFERENCE = "a raw Tornado WebSocket that sends messages of 1 KiB to one aiohttp client"


class Viewer:
    """Counts what arrives of a task, in events as the device sent them, and checks that nothing is missing."""

    def __init__(self, socket: peer.Socket) -> None:
        self._socket = socket
        self._pos = self._count = self._wanted = 0
        self._lengths: dict[str, int] = {}
        self._there = asyncio.Event()
        socket.on = {"task:events": self._take}

    async def join(self, task_id: int) -> None:
        self._pos = self._count = 0
        self._lengths = {}
        await self._socket.call("task:leave", {"task_id": task_id})
        await self._socket.call("task:join", {"task_id": task_id, "after_pos": 0})

    async def reach(self, count: int) -> None:
        self._wanted = count
        if self._count < count:
            self._there.clear()
            await self._there.wait()

    def _take(self, batch: dict[str, Any]) -> bool:
        for event in batch["events"]:
            assert event["pos"] == self._pos + 1, (event["pos"], self._pos)
            self._pos = event["pos"]
            if event["type"] != "turn":
                self._count += self._text(event["data"]) if event["type"] == "delta" else 1
        if self._count >= self._wanted:
            self._there.set()
        return True

    def _text(self, data: dict[str, Any]) -> int:
        """Return of how many events the gateway has joined this text."""
        have = self._lengths.get(data["item_id"], 0)
        assert data["offset"] == have, (data["offset"], have)
        self._lengths[data["item_id"]] = have + len(data["text"])
        return len(data["text"]) // SIZE


def rows(rounds: int) -> list[Row]:
    """Measure all ways one after the other, and that in each round."""
    return asyncio.run(_rows(rounds))


async def _rows(rounds: int) -> list[Row]:
    rates: dict[str, list[tuple[float, float | None]]] = {"all": [], "text": [], "tools": [], "replay": []}
    with servers.raw_websocket() as url, servers.jupyter() as server:
        async with aiohttp.ClientSession() as http:
            for _ in range(rounds):
                reference = await raw(http, url)
                at_once, _ = await _stream(http, server, "text", COUNT)
                text, _ = await _stream(http, server, "text", WINDOW)
                tools, replay = await _stream(http, server, "tools", WINDOW)
                for name, rate in (("all", at_once), ("text", text), ("tools", tools), ("replay", replay)):
                    rates[name].append((rate, reference))

    def made(what: str, name: str, note: str, aim: Aim | None = AIM) -> Row:
        return row(what, "events/s", rates[name], reference_is=REFERENCE, compare="ratio", aim=aim, note=note)

    path = f"device → store → viewer, {COUNT:,} events, {BATCH} in a message"
    window = f"at most {WINDOW} un-acknowledged, as our executor does it"
    return [
        made("events: text, all at once", "all", path),
        made("events: text", "text", f"{window}; text that waits is joined"),
        made("events: tool calls", "tools", f"{window}; the worst case: never joined, 2 KiB from the device", None),
        made("events: replay from the store", "replay", f"{COUNT:,} tool calls"),
    ]


async def raw(http: aiohttp.ClientSession, url: str) -> float:
    async with http.ws_connect(url, max_msg_size=0) as websocket:
        started = time.perf_counter()
        await websocket.send_str(f"{RAW_COUNT} {SIZE}")
        for _ in range(RAW_COUNT):
            await websocket.receive()
        return RAW_COUNT / (time.perf_counter() - started)


async def _stream(http: aiohttp.ClientSession, server: JupyterServer, kind: Kind, window: int) -> tuple[float, float]:
    """Return the events per second of the live stream and of a replay, both to one viewer."""
    async with (
        asyncio.timeout(SECONDS),
        peer.device(http, server, time.perf_counter) as device,
        peer.connected(http, server, "/tasks") as socket,
    ):
        created = await peer.submit(http, server)
        _, execute = await device.given.get()
        viewer = Viewer(socket)
        task_id = created["task"]["id"]
        await viewer.join(task_id)
        messages = [_message(execute, first, kind) for first in range(1, COUNT + 1, BATCH)]
        started = time.perf_counter()
        for number, message in enumerate(messages, start=1):
            await device.reach(number * BATCH - window)
            await device.socket.send(message)
        await viewer.reach(COUNT)
        live = COUNT / (time.perf_counter() - started)
        started = time.perf_counter()
        await viewer.join(task_id)
        await viewer.reach(COUNT)
        replay = COUNT / (time.perf_counter() - started)
        await peer.finish(device, execute, COUNT + 1)
        await device.reach(COUNT + 1)
    return live, replay


def _message(execute: dict[str, Any], first: int, kind: Kind) -> str:
    events = [encode(_event(first, n, kind)) for n in range(BATCH)]
    ids = {"task_id": execute["task_id"], "subtask_id": execute["subtask_id"]}
    return json.dumps([wire.EVENTS, {**ids, "seq": first, "events": events}])


def _event(first: int, n: int, kind: Kind) -> Delta | Tool:
    if kind == "text":
        return Delta(f"message-{first}", first, "message", n * SIZE, "x" * SIZE)
    tool = Tool(f"tool-{first + n}", first + n, "Read a file", "read", "completed")
    tool.output = "x" * (SIZE - len(json.dumps(viewer_event(tool)[1])))
    return tool
