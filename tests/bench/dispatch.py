"""From an accepted message to `task:execute` on the device."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from tests.bench import peer, servers
from tests.bench.rows import Aim, Row, row
from tests.support.server import JupyterServer
from wegent_jupyter.gateway.gateway import Gateway, Options
from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.protocol.projects import Project
from wegent_jupyter.protocol.terminals import Terminal

CALLS = 200
TURNS = 60
"""Of a round. One turn at a time: what is measured is latency."""
OWNER = "bench"
SECONDS = 300.0
"""A run that takes so long is stuck."""

REFERENCE = "one Socket.IO call and its ack, same server, same client"


def rows(rounds: int) -> list[Row]:
    """Measure calls, turns over the socket and turns in this process, one after the other in each round."""
    return asyncio.run(_rows(rounds))


async def _rows(rounds: int) -> list[Row]:
    slotted: list[tuple[float, float | None]] = []
    answer: list[tuple[float, float | None]] = []
    request: list[tuple[float, float | None]] = []
    inside: list[tuple[float, float | None]] = []
    with servers.jupyter() as server:
        async with (
            asyncio.timeout(SECONDS),
            aiohttp.ClientSession() as http,
            peer.connected(http, server, "/tasks") as face,
            peer.device(http, server, time.time) as device,
        ):
            for _ in range(rounds):
                call = await calls(face)
                turns = [await _turn(http, server, device) for _ in range(TURNS)]
                for samples, times in zip((slotted, answer, request), zip(*turns, strict=True), strict=True):
                    samples.append((median(times), call))
                inside.append((await _in_process(), call))

    def made(what: str, samples: list[tuple[float, float | None]], note: str, aim: Aim | None = None) -> Row:
        return row(what, "ms", samples, reference_is=REFERENCE, compare="ratio", aim=aim, note=note)

    told = (
        "from when the client has read the 201 to when the device has read `task:execute`; both are under way at once"
    )
    slot = "from the turn's `started_at`: it has a slot, the attempt is stored and sent while the 201 is written"
    return [
        made("dispatch: 201 → task:execute, p50", answer, told, Aim("at most", 3.0)),
        made("dispatch: slot → task:execute, p50", slotted, slot),
        made(
            "dispatch: POST → task:execute, p50", request, "with all that Jupyter does for a request, and two commits"
        ),
        made(
            "dispatch: the gateway alone, p50", inside, "without sockets: accepted → the channel of a device in memory"
        ),
    ]


async def calls(face: peer.Socket) -> float:
    """Return the milliseconds of one call and its ack."""

    async def call() -> float:
        started = time.perf_counter()
        await face.call("task:leave", {"task_id": 1})
        return time.perf_counter() - started

    return 1000 * median([await call() for _ in range(CALLS)])


async def _turn(http: aiohttp.ClientSession, server: JupyterServer, device: peer.Device) -> tuple[float, float, float]:
    """Return the milliseconds to `task:execute` since slot, answer and request. There is one clock, this machine's."""
    asked = time.time()
    created = await peer.submit(http, server)
    answered = time.time()
    given, execute = await device.given.get()
    started = await _started_at(http, server, created["task"]["id"])
    await peer.finish(device, execute, 1)
    await device.reach(1)
    return 1000 * (given - started), 1000 * (given - answered), 1000 * (given - asked)


async def _started_at(http: aiohttp.ClientSession, server: JupyterServer, task_id: int) -> float:
    async with http.get(f"{server.url}wegent/api/tasks/{task_id}", headers=peer.AUTHORIZED) as answer:
        return datetime.fromisoformat((await answer.json())["turn_list"][0]["started_at"]).timestamp()


class _Faces:
    def task_changed(self, owner: str, task: api.Task) -> None:
        pass

    def device_changed(self, owner: str, device: api.Device) -> None:
        pass

    def approval_changed(self, owner: str, approval: api.Approval) -> None:
        pass

    def device_removed(self, owner: str, device_id: str) -> None:
        pass

    def terminal_changed(self, owner: str, terminal: Terminal) -> None:
        pass

    def terminal_removed(self, owner: str, session_id: str) -> None:
        pass

    def project_changed(self, owner: str, project: Project) -> None:
        pass

    def project_removed(self, owner: str, project_id: int) -> None:
        pass

    def settings_changed(self, owner: str, what: str) -> None:
        pass


class _Channel:
    """A device in memory, which notes when it is given a task."""

    closed = False

    def __init__(self) -> None:
        self.given: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        pass

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        self.given.put_nowait((time.perf_counter(), data))
        return {"accepted": True}

    async def close(self, reason: str) -> None:
        self.closed = True


async def _in_process() -> float:
    """Return the milliseconds from an accepted turn to the channel of a device in memory."""
    with tempfile.TemporaryDirectory(prefix="wegent-bench-") as home:
        gateway = Gateway(Options(f"sqlite:///{Path(home) / 'wegent.db'}", Path(home) / "attachments"), _Faces())
        await gateway.open()
        channel = _Channel()
        session = DeviceSession(gateway, OWNER, channel)
        await session.handle(wire.REGISTER, peer.hello())
        await session.handle(wire.HEARTBEAT, {"device_id": peer.DEVICE_ID})
        try:
            return 1000 * median([await _turn_in_process(gateway, channel, session.handle) for _ in range(TURNS)])
        finally:
            await session.closed()
            await gateway.close()


async def _turn_in_process(
    gateway: Gateway, channel: _Channel, handle: Callable[[str, Any], Awaitable[dict[str, Any]]]
) -> float:
    request = api.CreateTask(prompt="bench", agent="practice", mode="full", device_id=peer.DEVICE_ID)
    await gateway.create_task(OWNER, request)
    accepted = time.perf_counter()
    given, execute = await channel.given.get()
    ids = {"task_id": execute["task_id"], "subtask_id": execute["subtask_id"]}
    data = {"response": {"status": "completed"}}
    await handle("response.completed", {"event_type": "response.completed", **ids, "seq": 1, "data": data})
    while gateway.tasks.open:
        await asyncio.sleep(0.001)
    return given - accepted
