"""A device on another machine, and every way in which a network between them fails."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.machine import Machine
from tests.support.proxy import DEVICE, SERVER, Proxy, Towards
from tests.support.server import ROOT, JupyterServer, wait_for
from tests.support.viewer import Viewer
from tests.support.world import World
from wegent_jupyter.gateway import gateway as gateway_module
from wegent_jupyter.gateway import registering
from wegent_jupyter.gateway.gateway import LOOP_GAP
from wegent_jupyter.protocol.api import Event
from wegent_jupyter.protocol.transcript import Transcript

if os.name != "posix":
    pytest.skip("ends processes with POSIX signals", allow_module_level=True)

WINDOW = 3.0
"""The reconnect window that is waited for, in seconds."""
STREAM = "!say start\n!slow 150 0.02\n!say end"
NUMBERS = " ".join(str(number) for number in range(1, 151))
UNTIL_GO = "!bash until [ -e go ]; do sleep 0.05; done; echo gone\n!say end"
OPTIONS = [f"--WegentApp.reconnect_window={WINDOW}"]
LONGER = 8.0
"""Where a test waits for longer than the window and nothing may count as lost: a busy machine takes seconds to come
back after a start of the server."""
PATIENT = [f"--WegentApp.reconnect_window={LONGER}"]

QUICK = {"LOCAL_HEARTBEAT_INTERVAL": "1", "LOCAL_HEARTBEAT_CALL_TIMEOUT": "1", "LOCAL_RECONNECT_MAX_DELAY": "1"}
"""Seconds, so that a test need not wait for as long as people can."""
NUMBERS_OF_MACHINES = itertools.count(1)

Start = Callable[..., JupyterServer]
Join = Callable[..., Machine]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Share a server among the tests that only harm the network: its window is the default, which no test outlasts."""
    yield from shared(JupyterServer(tmp_path_factory.mktemp("gateway")))


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Share a server whose window ends soon."""
    yield from shared(JupyterServer(tmp_path_factory.mktemp("hasty"), options=OPTIONS))


def shared(server: JupyterServer) -> Iterator[JupyterServer]:
    server.start()
    yield server
    server.kill()
    server.end_executor()


@pytest.fixture
def proxy(gateway: JupyterServer) -> Iterator[Proxy]:
    """Stand between the shared server and a machine."""
    with Proxy(gateway.port) as between:
        yield between


@pytest.fixture
def join(tmp_path: Path) -> Iterator[Join]:
    """Make machines of a test's own; all are ended with it."""
    made: list[Machine] = []

    def start(server: JupyterServer, *, wait: bool = True, **fields: Any) -> Machine:
        machine = Machine(tmp_path / f"box-{next(NUMBERS_OF_MACHINES)}", server, **fields)
        made.append(machine)
        return machine.start(wait=wait)

    yield start
    for machine in made:
        machine.kill()


@pytest.fixture
def machine(gateway: JupyterServer, proxy: Proxy, join: Join) -> Machine:
    """Return a second machine, beyond the proxy."""
    return join(gateway, url=proxy.url)


def timed_items(server: JupyterServer, task: int) -> list[dict[str, Any]]:
    """Return the items of a task's newest turn from what is stored."""
    shown = Transcript()
    while page := server.get(f"/tasks/{task}/events?after_pos={shown.pos}").json()["items"]:
        for item in page:
            shown.apply(Event.model_validate(item))
    return shown.items(shown.turns[max(shown.turns)]) if shown.turns else []


def items(server: JupyterServer, task: int) -> list[dict[str, Any]]:
    """Return the items of a task's newest turn from what is stored, without times."""
    return [{**item, "seconds": None} for item in timed_items(server, task)]


def said(found: list[dict[str, Any]]) -> str:
    return "".join(item["text"] for item in found if item["kind"] == "message")


def streams(viewer: Viewer, beyond: int = 0) -> int:
    """Wait until more than a few events came; returns the position."""
    few = 0 if beyond else 8  # what waited during a cut comes in few events
    wait_for(lambda: viewer.pos > beyond + few, "it streams")
    return viewer.pos


def done_alone(machine: Machine, attempt: int) -> bool:
    """Say whether a device has ended an attempt of which the gateway does not have the end yet."""
    with contextlib.closing(sqlite3.connect(machine.executor_home / "journal.db")) as journal:
        found = journal.execute("SELECT running FROM attempts WHERE id = ?", (attempt,)).fetchone()
    return bool(found == (0,))


def state(server: JupyterServer, task: int) -> str:
    found: str = server.turn(task)["state"]
    return found


# Shorter than the window.


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_cut_in_mid_stream_is_shown_at_once_and_nothing_is_lost_doubled_or_out_of_order(
    gateway: JupyterServer, proxy: Proxy, machine: Machine, reset: bool
) -> None:
    task = machine.submit(STREAM)
    with Viewer(gateway, task) as viewer:
        streams(viewer)
        began = time.monotonic()
        proxy.cut(reset=reset)
        proxy.refuse()
        viewer.first(machine.device_id, "reconnecting", began)
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))
        assert state(gateway, task) == "running"
        before = viewer.pos
        proxy.accept()
        streams(viewer, before)
        viewer.reach("completed")
        found = viewer.items()
    turn = gateway.turn(task)
    assert (turn["state"], turn["corrected"], turn["error"]) == ("completed", False, None)
    assert found == items(gateway, task)
    assert NUMBERS in said(found)
    assert said(found).endswith("end")
    assert "offline" not in viewer.statuses_of(machine.device_id)
    assert machine.reach("online")["slot_used"] == 0


@pytest.mark.parametrize("towards", [SERVER, DEVICE])
def test_a_connection_that_breaks_inside_a_message_loses_nothing(
    gateway: JupyterServer, proxy: Proxy, machine: Machine, towards: Towards
) -> None:
    prompt = f"!say {'x' * 6000}\n!flood 40000\n!say end"
    proxy.cut_inside(towards, 4000)
    task = machine.submit(prompt)
    with Viewer(gateway, task) as viewer:
        assert gateway.finished(task)["state"] == "completed"
        viewer.reach("completed")
        found = viewer.items()
    assert not proxy.armed
    assert len(proxy.attempts) >= 2
    reference = machine.submit(prompt)
    gateway.finished(reference)
    assert found == items(gateway, task) == items(gateway, reference)


def test_a_connection_asked_for_twice_does_not_disturb_what_runs(
    gateway: JupyterServer, proxy: Proxy, machine: Machine
) -> None:
    task = machine.submit(STREAM)
    with Viewer(gateway, task) as viewer:
        streams(viewer)
        proxy.twice = True
        proxy.cut()
        viewer.reach("completed")
        assert viewer.items() == items(gateway, task)
        assert NUMBERS in said(viewer.items())
    machine.reach("online")
    assert gateway.finished(machine.submit("!say hi"))["state"] == "completed"


def test_seconds_of_latency_only_make_it_slow(gateway: JupyterServer, proxy: Proxy, machine: Machine) -> None:
    proxy.delay = 1.0
    proxy.cut()
    machine.reach("reconnecting")
    machine.reach("online")
    task = machine.submit("!say start\n!write kept.txt hi\n!slow 50 0.02\n!say end", mode="ask")
    with Viewer(gateway, task) as viewer:
        approval = gateway.asked(task)["id"]
        assert gateway.post(f"/approvals/{approval}", {"decision": "allow"}).json()["state"] == "allowed"
        viewer.reach("completed")
        assert viewer.items() == items(gateway, task)
        assert set(viewer.statuses_of(machine.device_id)) <= {"online", "busy"}
    assert (machine.files / "kept.txt").read_text() == "hi"


def test_what_people_say_while_the_device_is_away_reaches_it_when_it_is_back(
    gateway: JupyterServer, proxy: Proxy, machine: Machine
) -> None:
    stopped = machine.submit("!bash sleep 300\n!say never")
    asking = machine.submit("!write kept.txt hi\n!say end", mode="ask")
    approval = gateway.asked(asking)["id"]
    wait_for(lambda: state(gateway, stopped) == "running", "it runs")
    proxy.refuse()
    machine.reach("reconnecting")
    assert gateway.post(f"/approvals/{approval}", {"decision": "allow"}).json()["state"] == "allowed"
    assert gateway.post(f"/tasks/{stopped}/cancel", {}).status_code == 200
    queued = machine.submit("!say from the queue")
    assert (state(gateway, stopped), state(gateway, queued)) == ("running", "queued")
    proxy.accept()
    ended = [gateway.finished(task)["state"] for task in (stopped, asking, queued)]
    assert ended == ["cancelled", "completed", "completed"]
    assert (machine.files / "kept.txt").read_text() == "hi"
    assert "never" not in said(items(gateway, stopped))


# Longer than the window.


def test_a_device_beyond_the_window_is_lost_and_what_it_did_meanwhile_corrects_the_verdict(
    hasty: JupyterServer, join: Join
) -> None:
    with Proxy(hasty.port) as proxy:
        machine = join(hasty, url=proxy.url)
        done = machine.submit("!bash until [ -e done ]; do sleep 0.05; done\n!say finished alone")
        goes_on = machine.submit(f"!say start\n{UNTIL_GO}")
        for task in (done, goes_on):
            wait_for(partial(items, hasty, task), "it runs")
        attempts = [hasty.turn(task)["attempt_id"] for task in (done, goes_on)]
        with Viewer(hasty, goes_on) as viewer:
            began = time.monotonic()
            proxy.refuse()
            lost = [hasty.finished(task) for task in (done, goes_on)]
            assert time.monotonic() - began > WINDOW - 1.5
            for turn in lost:
                assert (turn["state"], turn["error"]["code"], turn["corrected"]) == ("failed", "device_lost", False)
                assert "disconnected" in turn["error"]["message"].lower()
                assert machine.home.name in turn["error"]["message"]
            shown = machine.reach("offline")
            assert (shown["slot_used"], shown["running_tasks"]) == (0, [])
            (machine.files / "done").touch()
            wait_for(lambda: done_alone(machine, attempts[0]), "one of them ends alone")
            viewer.reach("failed")
            proxy.accept()
            viewer.reach("running")
            assert hasty.turn(goes_on)["corrected"]
            (machine.files / "go").touch()
            viewer.reach("completed")
        for task, attempt, text in zip((done, goes_on), attempts, ("finished alone", "end"), strict=True):
            turn = hasty.finished(task)
            assert (turn["state"], turn["corrected"], turn["error"]) == ("completed", True, None)
            assert turn["attempt_id"] == attempt
            assert said(items(hasty, task)).endswith(text)
        assert machine.reach("online")["slot_used"] == 0


def test_a_machine_that_slept_beyond_the_window_goes_on_where_it_was(hasty: JupyterServer, join: Join) -> None:
    with Proxy(hasty.port) as proxy:
        machine = join(hasty, url=proxy.url)
        task = machine.submit(f"!say start\n{UNTIL_GO}")
        wait_for(lambda: items(hasty, task), "it runs")
        machine.pause()
        proxy.cut()  # as a router does meanwhile
        try:
            assert hasty.finished(task)["error"]["code"] == "device_lost"
        finally:
            machine.resume()
        (machine.files / "go").touch()
        wait_for(lambda: hasty.turn(task)["corrected"], "it is found again")
        assert hasty.finished(task)["state"] == "completed"


# Nobody hears an end.


def test_a_half_open_connection_is_given_up_and_nothing_of_the_stream_is_lost(
    gateway: JupyterServer, proxy: Proxy, join: Join
) -> None:
    # Beats come every 30 s as always: it is the stream without acks that makes the device ask.
    machine = join(gateway, url=proxy.url, environment={"LOCAL_HEARTBEAT_CALL_TIMEOUT": "0.5"})
    task = machine.submit(STREAM)
    with Viewer(gateway, task) as viewer:
        streams(viewer)
        tried = len(proxy.attempts)
        began = time.monotonic()
        proxy.hold(newer=False)
        wait_for(lambda: len(proxy.attempts) > tried, "it connects anew")
        assert time.monotonic() - began < 60  # Engine.IO would take 85
        viewer.reach("completed")
        assert viewer.items() == items(gateway, task)
        assert NUMBERS in said(viewer.items())
        proxy.release()  # what was held arrives now, from a connection that counts no more
        assert gateway.finished(machine.submit("!say hi"))["state"] == "completed"
    assert gateway.turn(task)["state"] == "completed"
    assert machine.reach("online")["slot_used"] == 0


def test_a_device_that_is_gone_without_a_word_is_soon_shown_as_reconnecting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(gateway_module, "LEASE_TICK", 0.05)
    monkeypatch.setattr(registering, "PING_SECONDS", 0.1)

    async def check() -> None:
        async with World(tmp_path, reconnect_window=30.0) as world:
            assert world.device is not None
            world.faults.drop = 1.0
            await world.until(lambda: seen(world, "reconnecting"), "it is shown")
            world.faults.drop = 0.0
            world.cut()
            await world.until(world.is_online, "it is back")
            assert "offline" not in [device.status for device in world.faces.devices]

    asyncio.run(check())


async def seen(world: World, status: str) -> bool:
    return any(device.status == status for device in world.faces.devices)


# One end alone.


def test_a_killed_gateway_finds_everything_again_after_more_than_the_window(start_server: Start, join: Join) -> None:
    server = start_server(options=PATIENT)
    machine = join(server, environment=QUICK)
    alone = "!bash until [ -e alone ]; do sleep 0.05; done\n!say finished alone"
    done = machine.submit(f"!slow 100 0.02\n{alone}")
    goes_on = machine.submit(f"!slow 100 0.02\n{UNTIL_GO}")
    for task in (done, goes_on):
        wait_for(partial(items, server, task), "it streams")
    attempts = [server.turn(task)["attempt_id"] for task in (done, goes_on)]
    server.kill()
    (machine.files / "alone").touch()
    began = time.monotonic()
    wait_for(lambda: done_alone(machine, attempts[0]), "one of them ends alone")
    time.sleep(max(0.0, LONGER + 1 - (time.monotonic() - began)))
    server.start()
    machine.reach("online", "busy")
    with Viewer(server, goes_on) as viewer:
        assert state(server, goes_on) == "running"
        (machine.files / "go").touch()
        viewer.reach("completed")
    for task, attempt, text in zip((done, goes_on), attempts, ("finished alone", "end"), strict=True):
        turn = server.finished(task)
        assert (turn["state"], turn["corrected"], turn["error"]) == ("completed", False, None)
        assert turn["attempt_id"] == attempt
        assert said(items(server, task)).endswith(text)
        assert " 99 100" in said(items(server, task))


def test_a_gateway_that_slept_takes_nothing_for_lost(start_server: Start, join: Join) -> None:
    server = start_server(options=PATIENT)
    with Proxy(server.port) as proxy:
        machine = join(server, url=proxy.url, environment=QUICK)
        task = machine.submit(f"!say start\n{UNTIL_GO}")
        wait_for(lambda: items(server, task), "it runs")
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        proxy.refuse()
        time.sleep(LOOP_GAP + 1)
        server.process.send_signal(signal.SIGCONT)
        machine.reach("reconnecting")
        proxy.accept()
        machine.reach("online", "busy")
        (machine.files / "go").touch()
        turn = server.finished(task)
    assert (turn["state"], turn["corrected"]) == ("completed", False)


def test_a_killed_executor_fails_its_turns_as_soon_as_it_is_back(gateway: JupyterServer, machine: Machine) -> None:
    task = machine.submit("!say start\n!bash sleep 300")
    wait_for(lambda: items(gateway, task), "it runs")
    machine.kill()
    machine.start()
    turn = gateway.finished(task)
    assert (turn["state"], turn["error"]["code"]) == ("failed", "executor_restarted")
    assert gateway.post(f"/tasks/{task}/continue", {}).status_code == 201
    assert gateway.finished(task)["state"] == "completed"
    assert machine.reach("online")["slot_used"] == 0


# One identity twice.


def test_the_second_process_with_an_identity_is_refused_until_the_first_is_silent(
    gateway: JupyterServer, join: Join
) -> None:
    identity = {"DEVICE_ID": "twin", **QUICK}
    first = join(gateway, environment=identity)
    running = first.submit(f"!say start\n{UNTIL_GO}")
    wait_for(lambda: items(gateway, running), "it runs")
    second = join(gateway, environment=identity, wait=False)
    told = wait_for(lambda: second.status().get("state") == "refused" and second.status(), "the second is told")
    assert "another executor with this identity is connected" in told["error"]
    assert "wegent-executor identity new" in told["error"]
    assert first.reach("online", "busy")["status"] in ("online", "busy")
    (first.files / "go").touch()
    assert gateway.finished(running)["state"] == "completed"
    first.pause()
    try:
        wait_for(lambda: second.status()["state"] == "connected", "the second takes over")
        task = second.submit("!bash pwd")
        assert gateway.finished(task)["state"] == "completed"
        assert str(second.files) in str(items(gateway, task))
    finally:
        first.resume()
    wait_for(lambda: first.status()["state"] == "refused", "now the first is refused")
    assert second.status()["state"] == "connected"


# A clock that is wrong.

CLOCK = """
import time
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + {seconds}
time.time_ns = lambda: _time_ns() + {seconds} * 10**9
"""


@pytest.mark.parametrize("seconds", [3600, -3600], ids=["fast", "slow"])
def test_a_device_whose_clock_is_an_hour_wrong_works_the_same(
    gateway: JupyterServer, proxy: Proxy, join: Join, tmp_path: Path, seconds: int
) -> None:
    clock = tmp_path / "clock"
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(CLOCK.format(seconds=seconds))
    machine = join(gateway, url=proxy.url, environment={"PYTHONPATH": f"{clock}{os.pathsep}{ROOT}"})
    task = machine.submit(f"!say start\n!slow 50 0.02\n{UNTIL_GO}")
    with Viewer(gateway, task) as viewer:
        streams(viewer)
        proxy.refuse()
        viewer.first(machine.device_id, "reconnecting", 0)
        proxy.accept()
        (machine.files / "go").touch()
        viewer.reach("completed")
        assert viewer.items() == items(gateway, task)
        assert "offline" not in viewer.statuses_of(machine.device_id)
    turn = gateway.turn(task)
    assert turn["created_at"] <= turn["started_at"] <= turn["ended_at"]
    assert all(0 <= item["seconds"] < 60 for item in timed_items(gateway, task) if item.get("seconds") is not None)


def test_work_goes_on_when_the_terminal_is_gone_and_the_next_executor_takes_over(
    gateway: JupyterServer, join: Join
) -> None:
    """A cut SSH connection hangs up on what it had started."""
    first = join(gateway)
    task = first.submit(UNTIL_GO)
    wait_for(lambda: gateway.turn(task)["state"] == "running", "it runs")
    assert first.process is not None
    first.process.send_signal(signal.SIGHUP)
    second = Machine(first.home, gateway, token=first.token)
    try:
        second.start("--wait", wait=False)
        wait_for(lambda: "waiting until it ends" in second.log, "the next one waits")
        assert gateway.turn(task)["state"] == "running"
        (first.files / "go").touch()
        gateway.finished(task)
        assert first.process.wait(30) == 0
        second.reach("online")
        assert gateway.turn(task)["state"] == "completed"
        assert second.process is not None
        second.process.send_signal(signal.SIGHUP)
        assert second.process.wait(30) == 0  # nothing runs: it ends with its terminal
    finally:
        second.kill()
