"""A device on another machine: how soon it has a turn, and how fast it tells what it did while it was away."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from tests.bench import dispatch, events, peer, servers
from tests.bench.rows import Aim, Row, row
from tests.support.machine import Machine
from tests.support.proxy import Proxy
from tests.support.server import JupyterServer, wait_for
from wegent_jupyter.protocol import wire

TURNS = 6
TOOLS = 3_334
"""Of a round; each tool call is three events."""
PAUSE_SECONDS = 0.1
SECONDS = 240.0
STATES = ("completed", "failed", "cancelled")


def rows(rounds: int) -> list[Row]:
    """Measure turns and a replay in each round, each beside its reference."""
    with (
        servers.raw_websocket() as raw,
        servers.jupyter() as server,
        Proxy(server.port) as proxy,
        joined(server, proxy) as machine,
    ):
        return asyncio.run(_rows(rounds, raw, server, proxy, machine))


@contextmanager
def joined(server: JupyterServer, proxy: Proxy) -> Iterator[Machine]:
    """Run a second machine, beyond a proxy that can be cut."""
    with tempfile.TemporaryDirectory(prefix="wegent-bench-") as home:
        quick = {"LOCAL_RECONNECT_MAX_DELAY": "0.2"}
        machine = Machine(Path(home) / "remote", server, url=proxy.url, environment=quick)
        try:
            yield machine.start()
        finally:
            machine.stop()


async def _rows(rounds: int, raw: str, server: JupyterServer, proxy: Proxy, machine: Machine) -> list[Row]:
    given: list[tuple[float, float | None]] = []
    replay: list[tuple[float, float | None]] = []
    async with (
        asyncio.timeout(SECONDS),
        aiohttp.ClientSession() as http,
        peer.connected(http, server, "/tasks") as face,
    ):
        proxy.watched = wire.EXECUTE.encode()
        tasks = Tasks(face)
        await face.call("watch", {})
        await _turn(http, machine, proxy, tasks)  # not counted: it brings the agent into the cache
        for _ in range(rounds):
            call = await dispatch.calls(face)
            given.append((median([await _turn(http, machine, proxy, tasks) for _ in range(TURNS)]), call))
            rate = await events.raw(http, raw)
            replay.append((await _replay(machine, proxy, tasks), rate))
    return [
        row(
            "remote: 201 → task:execute, p50",
            "ms",
            given,
            reference_is=dispatch.REFERENCE,
            compare="ratio",
            aim=Aim("at most", 3.0),
            note="to a real executor: when the message reaches its machine",
        ),
        row(
            "remote: replay after an absence",
            "events/s",
            replay,
            reference_is=events.REFERENCE,
            compare="ratio",
            note=f"{3 * TOOLS:,} events: from the accepted connection, registration included, to the turn's end",
        ),
    ]


class Tasks:
    """When tasks were first shown in a state."""

    def __init__(self, face: peer.Socket) -> None:
        self._seen: dict[tuple[int, str], float] = {}
        self._more = asyncio.Event()
        face.on["task:update"] = self._take

    def _take(self, task: dict[str, Any]) -> None:
        self._seen.setdefault((task["id"], task["state"]), time.perf_counter())
        self._more.set()

    async def reach(self, task_id: int, *states: str) -> float:
        """Wait until a task was shown in one of the states, and return when that was."""
        while not (found := [at for one in states if (at := self._seen.get((task_id, one)))]):
            self._more.clear()
            await self._more.wait()
        return min(found)


async def _turn(http: aiohttp.ClientSession, machine: Machine, proxy: Proxy, tasks: Tasks) -> float:
    """Return the milliseconds from the answer to when the message reaches the machine; both are under way at once."""
    body = {"prompt": "!say hi", "agent": "practice", "mode": "full", "device_id": machine.device_id}
    proxy.passed.clear()
    async with http.post(f"{machine.server.url}wegent/api/tasks", json=body, headers=peer.AUTHORIZED) as answer:
        assert answer.status == 201, await answer.text()
        task_id: int = (await answer.json())["task"]["id"]
    answered = time.monotonic()
    await tasks.reach(task_id, *STATES)
    return 1000 * (proxy.passed[0] - answered)


async def _replay(machine: Machine, proxy: Proxy, tasks: Tasks) -> float:
    """Let a device do much while it is away; returns the events per second that it tells when it is back."""
    prompt = "!bash until [ -e go ]; do sleep 0.02; done\n" + "!tool Read {}\n" * TOOLS
    go = machine.files / "go"
    go.unlink(missing_ok=True)
    task_id = await asyncio.to_thread(machine.submit, prompt)
    await tasks.reach(task_id, "running")
    attempt = machine.server.turn(task_id)["attempt_id"]
    await asyncio.to_thread(proxy.refuse)
    go.touch()
    count: int = await asyncio.to_thread(wait_for, lambda: _told(machine, attempt), "the turn ends", SECONDS)
    tried = len(proxy.attempts)
    await asyncio.to_thread(proxy.accept)
    await tasks.reach(task_id, *STATES)
    # A face is told while the end is being stored; what counts is that it is.
    ended = await asyncio.to_thread(machine.server.finished, task_id)
    assert ended["state"] == "completed", ended["state"]
    return count / (time.monotonic() - proxy.attempts[tried])


def _told(machine: Machine, attempt: int) -> int:
    """Return how many events a device has of an attempt that it ended, else 0."""
    time.sleep(PAUSE_SECONDS)
    with contextlib.closing(sqlite3.connect(machine.executor_home / "journal.db")) as journal:
        found = journal.execute("SELECT last_seq - acked, running FROM attempts WHERE id = ?", (attempt,)).fetchone()
    return 0 if found is None or found[1] else int(found[0])
