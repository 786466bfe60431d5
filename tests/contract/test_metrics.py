"""What the server's `/metrics` says about us."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.server import TOKEN, JupyterServer
from tests.support.world import World
from wegent_jupyter.protocol.states import TurnState
from wegent_jupyter.server.metrics import Metrics

Values = dict[str, float]


def parsed(text: str) -> Values:
    """Return our samples by name and labels."""
    found: Values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("wegent_"):
                found[sample.name + "".join(f",{key}={value}" for key, value in sample.labels.items())] = sample.value
    return found


def test_a_server_tells_of_its_devices_slots_queue_and_dispatches(server: JupyterServer) -> None:
    server.finished(server.submit("!say x")["task"]["id"])
    answer = httpx.get(
        f"{server.url}metrics", headers={"Authorization": f"token {TOKEN}"}, trust_env=False, verify=False
    )
    values = parsed(answer.text)
    assert values["wegent_devices,state=online"] >= 1
    assert values["wegent_slots_max"] >= 5
    assert values["wegent_queue_depth"] >= 0
    assert values["wegent_dispatch_seconds_count"] >= 1
    assert values["wegent_dispatch_seconds_bucket,le=+Inf"] == values["wegent_dispatch_seconds_count"]
    assert "wegent_device_reconnects_total" in values
    device = server.device_online()
    assert device is not None
    assert device["device_id"] not in answer.text


def test_the_figures_follow_what_happens(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, default_slots=1)
        metrics = Metrics(lambda: world.gateway)
        world.dispatched = metrics.dispatched
        registry = CollectorRegistry()
        registry.register(metrics)

        def now() -> Values:
            return parsed(generate_latest(registry).decode())

        assert now() == {}, "no gateway, nothing to say"
        async with world:
            gpu = await world.add_device("gpu")
            running = await world.submit("!hang")
            await world.reach(running, TurnState.RUNNING)
            waiting = await world.submit("!say later")
            values = now()
            assert (values["wegent_devices,state=busy"], values["wegent_devices,state=online"]) == (1, 1)
            assert (values["wegent_slots_used"], values["wegent_slots_max"]) == (1, 2)
            assert (values["wegent_queue_depth"], values["wegent_device_reconnects_total"]) == (1, 0)
            assert values["wegent_dispatch_seconds_count"] == 1
            gpu.cut()

            async def back() -> bool:
                return now()["wegent_device_reconnects_total"] == 1

            await world.until(back, "it came back")
            gpu.connect = False
            gpu.cut()

            async def away() -> bool:
                return now()["wegent_devices,state=reconnecting"] == 1

            await world.until(away, "it is away")
            await world.cancel(running)
            await world.finish(waiting)
            values = now()
            assert (values["wegent_dispatch_seconds_count"], values["wegent_queue_depth"]) == (2, 0)
            assert values["wegent_dispatch_seconds_sum"] > 0

    asyncio.run(scenario())
