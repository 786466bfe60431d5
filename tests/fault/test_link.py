"""The executor's link on bad days: it connects again in time, says each reason once, and ends when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.executor import Program
from tests.support.server import free_port, wait_for
from tests.support.stand_in import StandIn
from wegent_jupyter.executor import identity, link, network
from wegent_jupyter.executor.config import load
from wegent_jupyter.executor.delays import long_pause, pause

if os.name != "posix":
    pytest.skip("signals", allow_module_level=True)


@pytest.fixture
def gateway() -> Iterator[StandIn]:
    with StandIn() as gateway:
        yield gateway


@pytest.fixture
def executor(tmp_path: Path, gateway: StandIn) -> Iterator[Program]:
    with Program(tmp_path, WEGENT_BACKEND_URL=gateway.url, WEGENT_AUTH_TOKEN="a-token") as program:
        yield program


def test_the_first_retry_is_at_once_and_later_ones_are_spread_below_a_bound() -> None:
    assert pause(0, 1.0, 30.0, 0.999) == 0.0
    bounds = [pause(failures, 1.0, 30.0, 1.0) for failures in range(1, 9)]
    assert bounds == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert pause(5, 1.0, 30.0, 0.0) == 0.0
    assert pause(10**9, 1.0, 30.0, 0.5) == 15.0
    assert long_pause(30.0, 0.0) == 22.5
    assert long_pause(30.0, 1.0) == 30.0


def test_a_connection_that_was_good_is_made_again_at_once(gateway: StandIn, executor: Program) -> None:
    executor.start()
    gateway.registered()
    time.sleep(2.5)  # so long is good
    ended = time.monotonic()
    gateway.drop()
    gateway.registered(2)
    assert gateway.tokens[-1][0] - ended < 1.5


def test_a_gateway_that_drops_every_connection_is_not_stormed(gateway: StandIn, tmp_path: Path) -> None:
    with Program(
        tmp_path, WEGENT_BACKEND_URL=gateway.url, WEGENT_AUTH_TOKEN="t", LOCAL_RECONNECT_MAX_DELAY="30"
    ) as program:
        program.start()
        until = time.monotonic() + 8
        while time.monotonic() < until:
            gateway.drop()
            time.sleep(0.05)
        assert 2 <= len(gateway.tokens) <= 20


def test_a_refused_credential_is_said_once_and_does_not_spin(gateway: StandIn, tmp_path: Path) -> None:
    gateway.refuses = lambda _token: "Invalid or expired token"
    with Program(
        tmp_path, WEGENT_BACKEND_URL=gateway.url, WEGENT_AUTH_TOKEN="secret-1", LOCAL_RECONNECT_MAX_DELAY="1.5"
    ) as program:
        program.start()
        wait_for(lambda: len(gateway.tokens) >= 3, "it tries now and then")
        first, last = gateway.tokens[0][0], gateway.tokens[2][0]
        assert last - first > 2 * 1.5 * 0.7
        told = program.reach("refused")
        assert "Invalid or expired token" in told["error"]
        assert f"wegent-executor join {gateway.url}" in told["fix"]
        assert program.said.count("Invalid or expired token") == 1
        assert "secret-1" not in program.said + program.log + json.dumps(told)


def test_a_key_that_is_no_longer_good_gives_way_to_the_token(gateway: StandIn, executor: Program) -> None:
    gateway.registration = {"wegentJupyter": {"gateway_id": "g", "device_key": "wgd-first"}}
    executor.start()
    gateway.registered()
    executor.reach("connected")
    gateway.registration = {}
    gateway.refuses = lambda token: "Invalid or expired token" if token.startswith("wgd-") else None
    gateway.drop()
    gateway.registered(2)
    assert [token for _, token in gateway.tokens][-2:] == ["wgd-first", "a-token"]


def test_a_device_key_is_kept_private_and_used_from_then_on(gateway: StandIn, executor: Program) -> None:
    gateway.registration = {"wegentJupyter": {"gateway_id": "g", "device_key": "wgd-mine"}}
    executor.start()
    gateway.registered()
    executor.reach("connected")
    path = executor.executor_home / "device-key.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    gateway.drop()
    gateway.registered(2)
    assert gateway.tokens[-1][1] == "wgd-mine"
    assert "a-token" not in (executor.executor_home / "device-config.json").read_text()
    assert "wgd-mine" not in executor.said + executor.log


def test_another_gateway_at_the_address_of_the_one_that_gave_the_key_is_refused(
    gateway: StandIn, executor: Program
) -> None:
    gateway.registration = {"wegentJupyter": {"gateway_id": "g", "device_key": "wgd-mine"}}
    executor.start()
    gateway.registered()
    executor.reach("connected")
    path = executor.executor_home / "device-key.json"
    for other in ({"wegentJupyter": {"gateway_id": "another", "device_key": "wgd-theirs"}}, {}):
        gateway.registration = other
        count, beats = len(gateway.got("device:register")), len(gateway.got("device:heartbeat"))
        gateway.drop()
        gateway.registered(count + 1)
        assert "Another gateway" in executor.reach("refused")["error"]
        assert json.loads(path.read_text())["key"] == "wgd-mine"
        assert len(gateway.got("device:heartbeat")) == beats
    assert executor.said.count("Another gateway") == 1
    gateway.registration = {"wegentJupyter": {"gateway_id": "g"}}
    executor.reach("connected")


OTHER_USER = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    connection, _ = listening.accept()
    print("reached", flush=True)
    print(connection.recv(1000), flush=True)
"""


@contextlib.contextmanager
def other_users_program(port: int, directory: Path) -> Iterator[Path]:
    """Let another user listen; gives the file in which it writes who came."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root on Linux can listen as another user")
    heard = directory / "heard"
    with heard.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", OTHER_USER, str(port)], stdout=file, stderr=file)
    try:
        wait_for(lambda: "listening" in heard.read_text(), "another user listens")
        yield heard
    finally:
        process.kill()
        process.wait()


def test_another_user_who_takes_the_port_of_a_broken_tunnel_gets_nothing(
    gateway: StandIn, executor: Program, tmp_path: Path
) -> None:
    executor.start()
    gateway.registered()
    executor.reach("connected")
    assert executor.process is not None
    executor.process.send_signal(signal.SIGSTOP)  # it is not to be on its way while the port changes hands
    gateway.leave()
    with other_users_program(gateway.port, tmp_path) as heard:
        executor.process.send_signal(signal.SIGCONT)
        wait_for(lambda: "another user" in str(executor.status["error"]), "it says who listens")
        time.sleep(3)  # several tries
        assert executor.status["state"] == "reconnecting"
        assert executor.said.count("is held by another user") == 1
        for command in (("join", gateway.url), ("join", gateway.url, "--code", "wgj-secret")):
            ran = executor.run(*command)
            assert (ran.returncode, "another user" in ran.stderr) == (3, True), ran.stderr
        secret = ("Upgrade", "POST", "Authorization", "a-token", "wgd-", "wgj-")
        assert not any(word in heard.read_text() for word in secret)
    gateway.come_back()
    executor.reach("connected")


def test_a_port_that_changes_hands_while_it_connects_gets_no_credential(
    gateway: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def look(url: str) -> None:
        looks.append(url)
        if len(looks) > 1:
            raise network.ForeignListener("held by another user")

    monkeypatch.setattr(network, "check_listener", look)
    environment = {"WEGENT_EXECUTOR_HOME": str(tmp_path / "home"), "WEGENT_BACKEND_URL": gateway.url}
    settings = load({**environment, "WEGENT_AUTH_TOKEN": "a-token"})
    with pytest.raises(network.ForeignListener):
        asyncio.run(link.check(settings))
    assert [token for _, token in gateway.tokens] == ["None"], "it answered, and was shown nothing"


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://127.0.0.1:{port}/wegent", True),
        ("http://localhost:{port}", True),
        ("http://127.0.0.2:{port}", False),
        ("http://[::1]:{port}", False),
        ("https://127.0.0.1:{port}", False),  # its certificate shows who it is
        ("http://gateway.example:{port}", False),
    ],
)
def test_who_listens_is_looked_at_where_a_port_is_anybodys(tmp_path: Path, url: str, refused: bool) -> None:
    port = free_port()
    network.check_listener(url.format(port=port))
    with (
        other_users_program(port, tmp_path),
        pytest.raises(network.ForeignListener) if refused else contextlib.nullcontext(),
    ):
        network.check_listener(url.format(port=port))


def test_a_listener_of_ones_own_on_the_address_goes_before_anothers_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, mine = os.getuid() + 1, os.getuid()
    for listening, url, refused in (
        ([("0100007F", mine), ("00000000", theirs)], "http://127.0.0.1:8", False),
        ([("0100007F", 0)], "http://127.0.0.1:8", False),
        ([("00000000", theirs)], "http://127.0.0.1:8", True),
        ([("0" * 32, theirs)], "http://127.0.0.1:8", True),
        ([("0000000000000000FFFF00000100007F", theirs)], "http://127.0.0.1:8", True),
        ([("00000000000000000000000001000000", theirs)], "http://[::1]:8", True),
        ([("0100007F", mine), ("00000000000000000000000001000000", theirs)], "http://localhost:8", True),
        ([], "http://127.0.0.1:8", False),
    ):
        monkeypatch.setattr(network, "_listening", lambda _port, found=listening: found)
        with pytest.raises(network.ForeignListener) if refused else contextlib.nullcontext():
            network.check_listener(url)


def test_a_key_that_join_brings_is_used_by_the_executor_that_runs(gateway: StandIn, tmp_path: Path) -> None:
    with Program(tmp_path, WEGENT_BACKEND_URL=gateway.url, LOCAL_RECONNECT_MAX_DELAY="600") as program:
        program.start()
        told = program.reach("not joined")
        assert "wegent-executor join" in told["fix"]
        assert gateway.tokens == []
        key = {"url": gateway.url, "key": "wgd-new", "gateway_id": None}
        (program.executor_home / "device-key.json").write_text(json.dumps(key))
        gateway.registered()
        assert gateway.tokens[-1][1] == "wgd-new"


def test_a_refused_registration_is_said_once_with_the_gateways_words(gateway: StandIn, executor: Program) -> None:
    gateway.registration = {"success": False, "error": "Registration failed: another executor is connected"}
    executor.start()
    gateway.registered(2)
    assert "another executor is connected" in executor.reach("refused")["error"]
    assert executor.said.count("another executor is connected") == 1


def test_a_gateway_that_comes_back_is_found_by_itself(gateway: StandIn, executor: Program) -> None:
    executor.start()
    gateway.registered()
    gateway.leave()
    wait_for(lambda: "refused" in str(executor.status["error"]), "the cause is named")
    assert executor.status["state"] == "reconnecting"
    gateway.come_back()
    gateway.registered(2)
    executor.reach("connected")


def test_a_terminated_executor_ends_its_turns_tells_it_and_leaves_nothing(gateway: StandIn, executor: Program) -> None:
    gateway.registration = {"wegentJupyter": {"gateway_id": "g"}}
    executor.start()
    hello = gateway.registered()
    executor.reach("connected")
    extension = {"agent": "practice", "mode": "full", "turn_id": 3}
    message: dict[str, Any] = {
        "task_id": 1,
        "subtask_id": 2,
        "prompt": "!bash sleep 300",
        "bot": [{"name": "x", "shell_type": "ClaudeCode"}],
        "wegent_jupyter": extension,
    }
    assert gateway.call("task:execute", message)["accepted"] is True
    assert executor.process is not None
    tree = psutil.Process(executor.process.pid)
    wait_for(lambda: any(one.name() == "sleep" for one in tree.children(recursive=True)), "it sleeps")
    children = tree.children(recursive=True)
    began = time.monotonic()
    assert executor.stop() == 0
    assert time.monotonic() - began < 30
    assert not [one for one in children if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    sent = [name for message in gateway.got("attempt:events") for name, _ in message["events"]]
    assert "error" in sent
    assert executor.status["state"] == "stopped"
    assert hello["runtime_features"]["wegentJupyter"]["machine"] == identity.machine()


def test_an_executor_is_stopped_within_seconds_whatever_its_gateway_does(tmp_path: Path) -> None:
    with Program(tmp_path, WEGENT_BACKEND_URL="http://127.0.0.1:9", WEGENT_AUTH_TOKEN="t") as program:
        program.start()
        program.reach("reconnecting")
        began = time.monotonic()
        assert program.stop() == 0
        assert time.monotonic() - began < 30


def test_a_process_that_stood_still_finds_its_gateway_again(tmp_path: Path) -> None:
    with (
        StandIn(ping=(1, 1)) as gateway,
        Program(tmp_path, WEGENT_BACKEND_URL=gateway.url, WEGENT_AUTH_TOKEN="t") as program,
    ):
        program.start()
        gateway.registered()
        program.reach("connected")
        assert program.process is not None
        program.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: gateway.ended, "the gateway gives it up")
        time.sleep(6)  # longer than what counts as having slept
        program.process.send_signal(signal.SIGCONT)
        gateway.registered(2)
        wait_for(lambda: "slept for" in program.log, "it noticed")
        program.reach("connected")


def test_a_second_process_on_a_home_says_which_one_works_there(gateway: StandIn, executor: Program) -> None:
    executor.start()
    gateway.registered()
    second = executor.run()
    assert executor.process is not None
    assert second.returncode == 3
    assert str(executor.process.pid) in second.stderr
    assert len(gateway.got("device:register")) == 1


@pytest.mark.skipif(identity.machine() is None, reason="this machine has no id")
def test_a_home_of_another_machine_is_refused_until_a_person_decides(gateway: StandIn, executor: Program) -> None:
    executor.run("identity", "keep")
    there = executor.executor_home / "identity.json"
    there.write_text(json.dumps({"machine": "0" * 32}))
    refused = executor.run()
    assert refused.returncode == 2
    assert "identity new" in refused.stderr
    assert "identity keep" in refused.stderr
    assert gateway.tokens == []
    before = executor.run("identity").stdout
    assert executor.run("identity", "new").returncode == 0
    assert executor.run("identity").stdout != before
    executor.start()
    gateway.registered()


@pytest.mark.skipif(identity.machine() is None, reason="this machine has no id")
def test_a_home_that_moved_goes_on_as_the_same_device(gateway: StandIn, executor: Program) -> None:
    executor.start()
    first = gateway.registered()
    executor.stop()
    moved = executor.home / "moved"
    shutil.move(executor.executor_home, moved)
    (moved / "identity.json").write_text(json.dumps({"machine": "0" * 32}))
    executor.environment = {**executor.environment, "WEGENT_EXECUTOR_HOME": str(moved)}
    assert executor.run("identity", "keep").returncode == 0
    executor.start()
    assert gateway.registered(2)["device_id"] == first["device_id"]
