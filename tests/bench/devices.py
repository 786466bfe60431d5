"""A thousand devices at one gateway: simulated ones, so that what is measured is the gateway."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import aiohttp
import psutil

from tests.bench import peer, servers
from tests.bench.rows import Aim, Row, row
from tests.support.machine import device_keys
from tests.support.server import JupyterServer
from wegent_jupyter.protocol import wire

COUNT = 1_000
AT_ONCE = 32
"""Connections that are being made at the same time."""
WARM = 50
BEATS_SECONDS = 6.0
"""In which each device beats once: five times as often as real ones, which beat every 30 s."""
SETTLE_SECONDS = 1.0
SECONDS = 120.0
KIB = 1 << 10

REFERENCE = "a connection to a namespace of plain python-socketio in Tornado, same client"


@dataclass(frozen=True)
class Round:
    """Per second; milliseconds."""

    rate: float
    beat: float


def rows(rounds: int) -> list[Row]:
    """Connect all to the reference and to the gateway in turn."""
    keys: dict[str, str] = {}

    def let_in(server: JupyterServer) -> None:
        keys.update(device_keys(server.data, [f"bench-{number}" for number in range(COUNT)]))

    with servers.raw("raw_sockets") as (port, raw_pid), servers.jupyter(prepare=let_in) as server:
        assert server.process is not None
        return asyncio.run(_rows(rounds, server, keys, f"http://127.0.0.1:{port}/", raw_pid, server.process.pid))


async def _rows(
    rounds: int, server: JupyterServer, keys: dict[str, str], raw: str, raw_pid: int, pid: int
) -> list[Row]:
    rates: list[tuple[float, float | None]] = []
    beats: list[tuple[float, float | None]] = []
    # Not counted as a round: what both hold of each device for the first time is what it costs.
    await _raw(raw, WARM)
    await _ours(server, keys, WARM, 0.0)
    theirs, before = _rss(raw_pid), _rss(pid)
    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
        await _connect_raw(stack, raw, COUNT)
        theirs = (_rss(raw_pid) - theirs) / COUNT
        await _connect_ours(stack, server, keys, COUNT)
        await asyncio.sleep(SETTLE_SECONDS)
        memory = (_rss(pid) - before) / COUNT
    for _ in range(rounds):
        plain = await _raw(raw, COUNT)
        one = await _ours(server, keys, COUNT, BEATS_SECONDS)
        rates.append((one.rate, plain))
        beats.append((one.beat, None))
    note = f"{COUNT:,} devices with keys of their own, {AT_ONCE} at a time"
    return [
        row(
            "devices: connected and registered",
            "devices/s",
            rates,
            reference_is=REFERENCE,
            compare="ratio",
            aim=Aim("at least", 0.5),
            note=note,
        ),
        row(
            "devices: idle heartbeat, p99",
            "ms",
            beats,
            aim=Aim("at most", 50),
            note=f"{COUNT / BEATS_SECONDS:.0f} a second, five times as many as {COUNT:,} real ones",
        ),
        row(
            "devices: memory of the server for each",
            "KiB",
            [(memory, theirs)],
            reference_is=REFERENCE,
            aim=Aim("at most", 60),
            note="growth of RSS with the first thousand, a second after the last",
        ),
    ]


async def _raw(url: str, count: int) -> float:
    """Return the connections per second to the reference."""
    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
        started = time.perf_counter()
        await _connect_raw(stack, url, count)
        return count / (time.perf_counter() - started)


async def _ours(server: JupyterServer, keys: dict[str, str], count: int, seconds: float) -> Round:
    """Let devices come, and then beat once each within so many seconds."""
    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
        started = time.perf_counter()
        sockets = await _connect_ours(stack, server, keys, count)
        rate = count / (time.perf_counter() - started)
        await asyncio.gather(*(_beat(socket, id_, 0.0) for id_, socket in sockets.items()))
        if not seconds:
            return Round(rate, 0.0)
        times = await asyncio.gather(
            *(_beat(socket, id_, seconds * n / count) for n, (id_, socket) in enumerate(sockets.items()))
        )
        return Round(rate, 1000 * quantiles(times, n=100)[98])


async def _connect_raw(stack: AsyncExitStack, url: str, count: int) -> None:
    http = await stack.enter_async_context(_session())
    room = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with room:
            await stack.enter_async_context(peer.connected_to(http, url, wire.NAMESPACE, {"token": "any"}))

    await asyncio.gather(*(one() for _ in range(count)))


async def _connect_ours(
    stack: AsyncExitStack, server: JupyterServer, keys: dict[str, str], count: int
) -> dict[str, peer.Socket]:
    http = await stack.enter_async_context(_session())
    room = asyncio.Semaphore(AT_ONCE)
    sockets: dict[str, peer.Socket] = {}

    async def one(id_: str, key: str) -> None:
        async with room:
            connecting = peer.connected_to(http, server.url, wire.NAMESPACE, {"token": key})
            socket = sockets[id_] = await stack.enter_async_context(connecting)
            answer = await socket.call(wire.REGISTER, peer.hello(id_))
            assert answer.get("success"), answer

    await asyncio.gather(*(one(id_, key) for id_, key in list(keys.items())[:count]))
    return sockets


async def _beat(socket: peer.Socket, id_: str, after: float) -> float:
    await asyncio.sleep(after)
    started = time.perf_counter()
    answer: dict[str, Any] = await socket.call(wire.HEARTBEAT, {"device_id": id_})
    assert answer.get("success"), json.dumps(answer)
    return time.perf_counter() - started


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


def _rss(pid: int) -> float:
    """Return KiB."""
    rss: int = psutil.Process(pid).memory_info().rss
    return rss / KIB
