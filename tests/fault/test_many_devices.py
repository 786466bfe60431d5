"""A hundred devices whose gateway restarts: real links, each with its own socket, of devices that only pretend."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from tests.support.machine import device_keys
from tests.support.server import TOKEN, JupyterServer, wait_for
from wegent_jupyter.executor import delays
from wegent_jupyter.executor.config import load
from wegent_jupyter.executor.device import Device, Refused
from wegent_jupyter.executor.device_key import DeviceKey, save
from wegent_jupyter.executor.link import Link
from wegent_jupyter.executor.status import Reporter
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import Channel

if os.name != "posix":
    pytest.skip("ends processes with POSIX signals", allow_module_level=True)

COUNT = 100
LONGEST = "2"
"""Seconds between two tries, so that the test need not wait for as long as people can."""
SPREAD_SECONDS = 0.2
"""The middle half of their pauses lies further apart: 0 without jitter, half a second or more with it. What they choose
counts, not when they are back: a busy server lets in together what knocked apart."""


class Pretender:
    """Takes every turn and says that it runs, until it is told to end it."""

    def __init__(self, device_id: str) -> None:
        self.device_id = device_id
        self.attempts: dict[int, dict[str, int]] = {}
        self._woken = asyncio.Event()
        self._channel: Channel | None = None

    async def serve(self, channel: Channel, registered: Callable[[wire.RegisterAck], None]) -> None:
        """Register, and stay until the connection ends."""
        answer = await channel.call(wire.REGISTER, self._hello(), 10.0)
        if not answer.get("success"):
            raise Refused(str(answer.get("error")))
        registered(wire.RegisterAck.model_validate(answer))
        await channel.call(wire.HEARTBEAT, {"device_id": self.device_id}, 10.0)
        self._channel = channel
        while not channel.closed:
            self._woken.clear()
            await self._woken.wait()

    def _hello(self) -> dict[str, Any]:
        reports = [
            {"task_id": ids["task_id"], "attempt_id": attempt, "running": True, "last_seq": 0}
            for attempt, ids in self.attempts.items()
        ]
        agents = [{"id": "practice", "name": "Pretender", "practice": True}]
        ours = {"version": 1, "boot_id": self.device_id, "agents": agents, "attempts": reports}
        return {
            "device_id": self.device_id,
            "name": self.device_id,
            "runtime_features": {"wegentJupyter": ours},
        }

    async def handle(self, _channel: Channel, event: str, data: Any) -> Any:
        if event == wire.EXECUTE:
            self.attempts[data["subtask_id"]] = {"task_id": data["task_id"], "subtask_id": data["subtask_id"]}
            return {"accepted": True}
        return {"success": True}

    async def alive(self, _channel: Channel, _seconds: float) -> bool:
        return True

    def wake(self) -> None:
        self._woken.set()

    async def finish(self) -> None:
        """End what runs."""
        assert self._channel is not None
        for ids in self.attempts.values():
            ended = {"response": {"status": "completed"}}
            await self._channel.emit(wire.EVENTS, {**ids, "seq": 1, "events": [["response.completed", ended]]})


def linked(home: Path, url: str, device: Pretender, key: str) -> Link:
    """Make the link of a device in a home of its own."""
    settings = load(
        {
            "WEGENT_EXECUTOR_HOME": str(home),
            "WEGENT_BACKEND_URL": url,
            "DEVICE_ID": device.device_id,
            "DEVICE_NAME": device.device_id,
            "LOCAL_RECONNECT_MAX_DELAY": LONGEST,
        }
    )
    save(home, DeviceKey(settings.backend_url, key, None))
    return Link(settings, cast(Device, device), Reporter(home))


def test_a_hundred_devices_come_back_spread_out_after_a_restart_and_none_of_their_turns_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[float] = []
    pause = delays.pause

    def heard(*arguments: float) -> float:
        chosen.append(pause(*arguments))  # type: ignore[arg-type]
        return chosen[-1]

    monkeypatch.setattr(delays, "pause", heard)
    server = JupyterServer(tmp_path / "server")
    keys = device_keys(server.data, [f"many-{number}" for number in range(COUNT)])
    try:
        server.start()
        asyncio.run(restart(server, tmp_path, keys, chosen))
    finally:
        server.kill()
        server.end_executor()


async def restart(server: JupyterServer, place: Path, keys: dict[str, str], chosen: list[float]) -> None:
    devices = {id_: Pretender(id_) for id_ in keys}
    links = [linked(place / id_, f"{server.url}wegent", devices[id_], key) for id_, key in keys.items()]
    http = aiohttp.ClientSession(f"{server.url}wegent/api/", headers={"Authorization": f"token {TOKEN}"})
    working = [asyncio.create_task(link.run()) for link in links]
    try:
        await states(server, {"online"})
        tasks = [await submit(http, id_) for id_ in keys]
        await until(lambda: all(one.attempts for one in devices.values()), "each has its turn")
        before = {id_: dict(one.attempts) for id_, one in devices.items()}
        chosen.clear()
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await states(server, {"online"})
        pauses = sorted(seconds for seconds in chosen if seconds)
        assert len(pauses) >= COUNT
        middle = pauses[len(pauses) // 4 : -len(pauses) // 4]
        assert middle[-1] - middle[0] > SPREAD_SECONDS, "they do not come all at once"
        await turns(http, tasks, "running")
        for device in devices.values():
            await device.finish()
        ended = await turns(http, tasks, "completed")
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await http.close()
    assert not any(turn["corrected"] for turn in ended)
    assert {id_: one.attempts for id_, one in devices.items()} == before, "nothing was given out twice"


async def submit(http: aiohttp.ClientSession, device_id: str) -> int:
    body = {"prompt": "pretend", "agent": "practice", "mode": "full", "device_id": device_id}
    async with http.post("tasks", json=body) as answer:
        assert answer.status == 201, await answer.text()
        task: int = (await answer.json())["task"]["id"]
        return task


async def turns(http: aiohttp.ClientSession, tasks: list[int], state: str) -> list[dict[str, Any]]:
    """Wait until all tasks are in a state, and return their newest turns."""

    async def turn(task: int) -> dict[str, Any]:
        while True:
            async with http.get(f"tasks/{task}") as answer:
                found: dict[str, Any] = (await answer.json())["turn_list"][-1]
            if found["state"] == state:
                return found
            assert found["state"] != "failed", found
            await asyncio.sleep(0.1)

    return [await turn(task) for task in tasks]


async def states(server: JupyterServer, wanted: set[str]) -> None:
    """Wait until all are shown in these states."""

    def there() -> bool:
        items = server.get("/devices").json()["items"]
        found = {item["device_id"]: item["status"] for item in items if item["device_id"].startswith("many-")}
        return len(found) == COUNT and set(found.values()) <= wanted

    await asyncio.to_thread(wait_for, there, f"all are {wanted}")


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for what happens in this loop."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)
    assert condition(), what
