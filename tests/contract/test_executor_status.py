"""`status`, `logs`, `doctor` and `identity` of the executor tell the truth, while it runs and when it does not."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.executor import Program
from tests.support.server import JupyterServer, free_port, wait_for
from tests.support.stand_in import StandIn
from wegent_jupyter._version import __version__


@pytest.fixture
def gateway() -> Iterator[StandIn]:
    with StandIn() as gateway:
        yield gateway


@pytest.fixture
def program(tmp_path: Path, gateway: StandIn) -> Iterator[Program]:
    with Program(tmp_path, WEGENT_BACKEND_URL=gateway.url, WEGENT_AUTH_TOKEN="canary-token") as program:
        yield program


def test_the_status_follows_the_executor(gateway: StandIn, program: Program) -> None:
    before = program.run("status")
    assert (before.returncode, "not running" in before.stdout) == (1, True)
    program.start()
    program.reach("connected")
    running = program.run("status")
    assert running.returncode == 0
    assert "connected since 20" in running.stdout
    assert str(program.process.pid if program.process else "?") in running.stdout
    assert gateway.url in running.stdout
    gateway.leave()
    wait_for(lambda: "refused" in str(program.status["error"]), "it knows why")
    lost = program.run("status")
    assert (lost.returncode, "Nothing listens on" in lost.stdout) == (3, True)
    assert program.stop() == 0
    assert program.run("status").returncode == 1
    assert "canary-token" not in running.stdout + lost.stdout
    assert stat.S_IMODE((program.executor_home / "status.json").stat().st_mode) == 0o600
    gateway.come_back()


def test_a_killed_executor_is_not_said_to_run(gateway: StandIn, program: Program) -> None:
    program.start()
    program.reach("connected")
    assert program.process is not None
    program.process.kill()
    program.process.wait()
    assert program.status["state"] == "connected", "nobody could write it"
    assert program.run("status").returncode == 1
    assert "not running" in program.run("status").stdout


def test_the_log_is_shown_while_it_runs_and_afterwards(gateway: StandIn, program: Program) -> None:
    assert program.run("logs").returncode == 1
    program.start()
    program.reach("connected")
    while_running = program.run("logs", "-n", "2")
    assert len(while_running.stdout.splitlines()) == 2
    assert "Connected to" in while_running.stdout
    program.stop()
    assert "Stopped." in program.run("logs").stdout
    assert program.run("logs", "-n", "0").stdout == ""


def test_a_log_that_is_followed_shows_what_comes_and_goes_on_after_rotation(program: Program) -> None:
    log = program.executor_home / "logs" / "executor.log"
    log.parent.mkdir(parents=True)
    log.write_text("first\n")
    program.start("logs", "-f")
    wait_for(lambda: "first" in program.said, "what was there")
    with log.open("a") as file:
        file.write("second\n")
    wait_for(lambda: "second" in program.said, "what came")
    with log.open("a") as file:
        file.write("third\n")
    log.rename(log.with_name("executor.log.1"))
    log.write_text("fourth\n")
    wait_for(lambda: "fourth" in program.said, "what came after the rotation")
    assert program.said == "first\nsecond\nthird\nfourth\n"
    assert program.process is not None
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(10) == 0


def test_the_log_rotates_by_size(gateway: StandIn, tmp_path: Path) -> None:
    environment = {
        "WEGENT_BACKEND_URL": gateway.url,
        "WEGENT_AUTH_TOKEN": "t",
        "WEGENT_EXECUTOR_LOG_MAX_SIZE": "0.0002",
        "WEGENT_EXECUTOR_LOG_BACKUP_COUNT": "2",
    }
    with Program(tmp_path, **environment) as program:
        for _ in range(3):
            program.start()
            wait_for(lambda: "Connected to" in program.said, "connected")
            program.reach("connected")
            program.stop()
        names = sorted(path.name for path in (program.executor_home / "logs").iterdir())
    assert names == ["executor.log", "executor.log.1", "executor.log.2"]


def test_the_doctor_finds_nothing_wrong_with_a_device_that_works(server: JupyterServer, tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        code = server.post("/credentials", {"kind": "join", "name": "x"}).json()["secret"]
        program.run("join", server.url, "--code", "-", "--no-run", stdin=code)
        program.start()
        program.reach("connected")
        ran = program.run("doctor")
        assert ran.returncode == 0, ran.stdout
        for said in ("connected", "key of its own", "WebSocket", "takes this device's credential", "clock: It agrees"):
            assert said in ran.stdout
        assert program.status["state"] == "connected", "the look has not disturbed it"
        assert json.loads((program.executor_home / "device-key.json").read_text())["key"] not in ran.stdout


def test_the_doctor_names_a_refused_credential(gateway: StandIn, program: Program) -> None:
    gateway.refuses = lambda _token: "Invalid or expired token"
    ran = program.run("doctor")
    assert ran.returncode == 1
    assert "✕ access: The gateway refuses this device's credential: Invalid or expired token." in ran.stdout
    assert "canary-token" not in ran.stdout + ran.stderr
    assert gateway.got("device:register") == []


def test_the_doctor_names_a_gateway_that_is_not_reached(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/wegent"
    with Program(tmp_path, WEGENT_BACKEND_URL=url, WEGENT_AUTH_TOKEN="t") as program:
        ran = program.run("doctor")
        assert (ran.returncode, "refused" in ran.stdout) == (3, True)


def test_the_doctor_names_a_broken_configuration(program: Program) -> None:
    program.executor_home.mkdir()
    (program.executor_home / "device-config.json").write_text("{\n!")
    ran = program.run("doctor")
    assert (ran.returncode, "line 2" in ran.stdout) == (2, True)


def test_the_doctor_says_how_to_join(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        ran = program.run("doctor")
        assert (ran.returncode, "wegent-executor join URL" in ran.stdout) == (3, True)


def test_who_this_device_is_is_told_and_is_not_changed_while_it_runs(gateway: StandIn, program: Program) -> None:
    shown = program.run("identity")
    device_id = json.loads((program.executor_home / "device-config.json").read_text())["device_id"]
    assert device_id in shown.stdout
    program.start()
    program.reach("connected")
    for do in ("new", "keep"):
        assert program.run("identity", do).returncode == 3
    program.stop()
    assert program.run("identity", "new").returncode == 0
    assert device_id not in program.run("identity", "show").stdout


def test_an_identity_that_the_environment_sets_is_not_changed_here(tmp_path: Path) -> None:
    with Program(tmp_path, DEVICE_ID="mine") as program:
        ran = program.run("identity", "new")
        assert (ran.returncode, "DEVICE_ID" in ran.stderr) == (2, True)


def test_version_and_help_are_given(program: Program) -> None:
    for flag in ("--version", "-v"):
        assert program.run(flag).stdout.strip() == __version__
    shown = program.run("--help").stdout
    for word in ("join", "status", "logs", "doctor", "identity", "--config", "exit status"):
        assert word in shown


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_control_c_ends_it_like_any_program(gateway: StandIn, program: Program) -> None:
    program.start()
    program.reach("connected")
    assert program.process is not None
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(15) == 0
    assert "Traceback" not in program.said


def test_the_end_of_a_pipe_is_no_error(program: Program) -> None:
    log = program.executor_home / "logs" / "executor.log"
    log.parent.mkdir(parents=True)
    log.write_text("line\n" * 200_000)
    with subprocess.Popen(
        [*program._command(("logs", "-n", "200000"))],
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as shown:
        assert shown.stdout is not None
        assert shown.stdout.readline() == b"line\n"
        shown.stdout.close()
        assert shown.stderr is not None
        assert b"Traceback" not in shown.stderr.read()
