"""`jupyter wegent queue` and `resume`, typed as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.access import credential
from tests.support.machine import Machine
from tests.support.server import JupyterServer, private_environment, wait_for
from tests.support.shell import COMMAND, wegent


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run a server on which nobody else has work."""
    running = JupyterServer(tmp_path_factory.mktemp("queue")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture
def full(server: JupyterServer) -> Iterator[JupyterServer]:
    """Give a server whose one slot is in use."""
    assert wegent(server, "devices", "slots", "This computer", "1").status == 0
    task = server.submit("!hang")["task"]["id"]
    wait_for(lambda: server.turn(task)["state"] == "running", "the slot is in use")
    yield server
    for one in server.get("/tasks").json()["items"]:
        if one["state"] not in ("completed", "failed", "cancelled"):
            server.post(f"/tasks/{one['id']}/cancel", {})
            server.finished(one["id"])
    assert wegent(server, "devices", "slots", "This computer", "5").status == 0


def queued(server: JupyterServer) -> list[dict[str, Any]]:
    ran = wegent(server, "queue", "--json")
    assert ran.status == 0, ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found


def order(server: JupyterServer) -> list[str]:
    return [one["task_title"] for one in queued(server)]


def put(server: JupyterServer, where: str, title: str) -> None:
    turn = next(one["turn"]["id"] for one in queued(server) if one["task_title"] == title)
    ran = wegent(server, "queue", where, str(turn))
    assert ran.status == 0, ran.err


def test_what_waits_is_listed_with_place_and_reason(full: JupyterServer) -> None:
    for name in ("one", "two"):
        full.submit(f"!say {name}")
    table = wegent(full, "queue").out
    head, first, second = table.splitlines()
    assert head.split() == ["PLACE", "TURN", "TASK", "DEVICE", "WHY", "SINCE", "MESSAGE"]
    assert first.startswith("1 ")
    assert "all slots are in use" in first
    assert first.endswith("!say one")
    assert second.endswith("!say two")
    assert wegent(full, "queue", "--device", "This computer").out == table
    assert "queued (1)" in wegent(full, "tasks").out


def test_the_order_is_changed_and_what_is_first_runs_first(full: JupyterServer) -> None:
    made = {name: full.submit(f"!say {name}")["task"]["id"] for name in ("one", "two", "three")}
    put(full, "first", "!say three")
    assert order(full) == ["!say three", "!say one", "!say two"]
    put(full, "later", "!say three")
    assert order(full) == ["!say one", "!say three", "!say two"]
    put(full, "earlier", "!say two")
    assert order(full) == ["!say one", "!say two", "!say three"]
    put(full, "earlier", "!say one")
    assert order(full)[0] == "!say one"
    put(full, "later", "!say three")
    assert order(full)[-1] == "!say three"
    put(full, "first", "!say two")
    hanging = next(one["id"] for one in full.get("/tasks").json()["items"] if one["state"] == "running")
    full.post(f"/tasks/{hanging}/cancel", {})
    started = {name: full.finished(task)["started_at"] for name, task in made.items()}
    assert sorted(started, key=lambda name: started[name]) == ["two", "one", "three"]


def test_a_task_stands_for_its_waiting_turn(full: JupyterServer) -> None:
    full.submit("!say one")
    task = full.submit("!say two")["task"]["id"]
    ran = wegent(full, "queue", "first", str(task))
    assert ran.status == 0, ran.err
    assert "waits at place 1 of This computer" in ran.out
    assert order(full) == ["!say two", "!say one"]


def test_a_turn_is_taken_out(full: JupyterServer) -> None:
    task = full.submit("!say never")["task"]["id"]
    ran = wegent(full, "queue", "cancel", str(task))
    assert ran.status == 0
    assert "cancelled" in ran.out
    assert queued(full) == []
    assert "Nothing waits" in wegent(full, "queue").err


def test_what_does_not_wait_cannot_be_moved(full: JupyterServer) -> None:
    running = next(one["id"] for one in full.get("/tasks").json()["items"] if one["state"] == "running")
    for arguments in (["first", str(running)], ["cancel", "7"], ["move", "7", "--device", "This computer"]):
        ran = wegent(full, "queue", *arguments)
        assert ran.status == 2, ran.err
        assert "jupyter wegent queue" in ran.err
    assert wegent(full, "queue", "first", "the-one").status == 2


def test_a_turn_moves_to_another_device_and_runs_there(full: JupyterServer, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "mover", full, token=credential(full, "key")["secret"]).start()
    try:
        one, two = (full.submit(f"!write {name}.txt hi")["task"]["id"] for name in ("one", "two"))
        moved = wegent(full, "queue", "move", str(one), "--device", "mover", "--workspace", str(machine.files))
        assert moved.status == 0, moved.err
        assert "files do not" in moved.out
        assert full.finished(one)["state"] == "completed"
        assert (machine.files / "one.txt").exists()
        assert wegent(full, "queue", "move", str(two), "--device", "mover", "--new-folder").status == 0
        assert full.finished(two)["device_id"] == machine.device_id
        assert len(list((machine.executor_home / "workspace" / "chats").rglob("two.txt"))) == 1
    finally:
        machine.stop()


def test_run_on_a_busy_device_says_its_place_waits_and_ctrl_c_takes_it_out(full: JupyterServer) -> None:
    full.submit("!say before")
    process = subprocess.Popen(
        [*COMMAND, "run", "--agent", "practice", "!say patient"],
        env=private_environment(full.home),
        cwd=full.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = b""
    while b"queued" not in said:
        chunk = os.read(process.stderr.fileno(), 1000)
        assert chunk, said
        said += chunk
    assert "queued at place 2 of This computer: all slots are in use" in said.decode()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.stderr.close()
    assert order(full) == ["!say before"]


def test_a_paused_task_says_so_and_goes_on_when_told(server: JupyterServer) -> None:
    task = server.submit("!ask May I?\n!error 500", mode="ask")["task"]["id"]
    asked = server.asked(task)
    answer = server.post(f"/tasks/{task}/turns", {"prompt": "!say after all"})
    assert answer.status_code == 201, answer.text
    server.post(f"/approvals/{asked['id']}", {"decision": "allow"})
    wait_for(lambda: server.get(f"/tasks/{task}").json()["paused"], "the task is paused")
    row = next(line for line in wegent(server, "tasks").out.splitlines() if str(task) in line)
    assert "paused: an earlier message failed" in row
    assert "an earlier message failed" in wegent(server, "queue").out
    ran = wegent(server, "resume", str(task))
    assert ran.status == 0, ran.err
    assert "goes on" in ran.out
    assert server.finished(task)["state"] == "completed"
    again = wegent(server, "resume", str(task))
    assert again.status == 1
    assert "not paused" in again.err
