"""`jupyter wegent doctor` on a good machine, and on machines with one thing wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import ROOT, JupyterServer, wait_for
from tests.support.shell import Ran, wegent
from wegent_jupyter.cli import doctor_local, doctor_server
from wegent_jupyter.executor.agents import codex_binary
from wegent_jupyter.executor.agents.claude_binary import bundled
from wegent_jupyter.protocol import api

Start = Callable[..., JupyterServer]


def checks(ran: Ran) -> dict[str, dict[str, Any]]:
    """Return what `--json` said, by check."""
    return {check["name"]: check for check in json.loads(ran.out)}


def doctor(server: JupyterServer | Path, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    ran = wegent(server, "doctor", "--json", environment=environment)
    assert "Traceback" not in ran.err
    return ran.status, checks(ran)


def test_on_a_good_machine_nothing_fails_and_real_turns_end(server: JupyterServer) -> None:
    status, found = doctor(server)
    assert status == 0, found
    for name in ("version", "data directory", "runtime directory", "executor home", "memory", "terminal", "proxy"):
        assert found[name]["status"] == "ok", found[name]
    for name in ("server", "token", "gateway", "clock", "database", "device", "practice turn", "skills"):
        assert found[name]["status"] == "ok", found[name]
    assert " s (scripted, not AI)" in found["practice turn"]["message"]
    if bundled() is not None:
        assert found["claude turn"]["status"] == "ok", found["claude turn"]
    if codex_binary.bundled() is not None:
        assert found["codex turn"]["status"] == "ok", found["codex turn"]
    assert found["saved logins and keys"]["status"] == "ok", found["saved logins and keys"]


def test_people_get_one_line_for_each_check_in_signs_and_words(server: JupyterServer) -> None:
    ran = wegent(server, "doctor", environment={"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""})
    assert ran.status == 0, ran.out
    lines = ran.out.splitlines()
    assert any(line.startswith("✓ ok      practice turn: ") for line in lines)
    assert any(line.startswith("! warning proxy: ") and "NO_PROXY=127.0.0.1" in line for line in lines)
    assert lines[-1] == f"{len(lines) - 1} checks: 0 failed, {sum(line.startswith('!') for line in lines)} warnings"


def test_without_a_server_a_private_one_is_started_for_the_check_and_ended(tmp_path: Path) -> None:
    status, found = doctor(tmp_path)
    assert status == 0, found
    assert "private" in found["server"]["message"]
    assert found["practice turn"]["status"] == "ok"
    wait_for(lambda: not (tmp_path / "data" / "wegent" / "gateway.json").exists(), "the private server ends")


def test_a_token_that_the_server_does_not_know_is_found(start_server: Start) -> None:
    server = start_server()
    place = server.data / "gateway.json"
    published = json.loads(place.read_text())
    place.write_text(json.dumps({**published, "token": "another"}))
    status, found = doctor(server)
    assert status == 1
    assert found["token"]["status"] == "failed"
    assert "Restart" in found["token"]["fix"]
    assert found["the rest"]["status"] == "skipped"
    assert "another" not in json.dumps(found), "a token is no business of a report"


def test_a_gateway_in_a_server_that_cannot_be_found_is_named(start_server: Start) -> None:
    server = start_server()
    (server.data / "gateway.json").unlink()
    status, found = doctor(server)
    assert status == 1
    assert found["server"]["status"] == "failed"
    assert "runs in another server" in found["server"]["message"]


def test_a_broken_database_is_found_with_its_reason(tmp_path: Path) -> None:
    data = tmp_path / "data" / "wegent"
    data.mkdir(parents=True, mode=0o700)
    (data / "wegent.db").write_bytes(b"this is no database" * 100)
    status, found = doctor(tmp_path)
    assert status == 1
    assert "wegent.db" in found["server"]["message"]
    assert (data / "wegent.db").read_bytes().startswith(b"this is no database")


def test_a_data_directory_that_is_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "wegent").write_text("in the way")
    status, found = doctor(tmp_path)
    assert status == 1
    assert found["data directory"]["status"] == "failed"
    assert "is not a directory" in found["data directory"]["message"]
    assert "mv " in found["data directory"]["fix"]


def test_a_device_configuration_that_is_no_json_is_found_and_left_alone(start_server: Start) -> None:
    server = start_server()
    config = server.data / "executor" / "device-config.json"
    config.write_text("{")
    status, found = doctor(server)
    assert status == 1
    assert str(config) in found["device configuration"]["message"]
    assert config.read_text() == "{"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert doctor_local.directory("data directory", tmp_path).status == "failed"
    tmp_path.chmod(0o700)


def test_a_directory_open_to_others_is_warned_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = doctor_local.directory("data directory", tmp_path)
    assert (found.status, found.fix) == ("warning", f"chmod 700 {tmp_path}")


@pytest.mark.parametrize(("free", "status"), [(2 << 30, "ok"), (500 << 20, "warning"), (50 << 20, "failed")])
def test_a_disk_that_fills_up_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free}))
    assert doctor_local.directory("data directory", tmp_path).status == status


def test_a_missing_agent_is_warned_of_with_its_fix(start_server: Start, tmp_path: Path) -> None:
    home = tmp_path / "server-0"
    config = home / "data" / "wegent" / "executor" / "device-config.json"
    config.parent.mkdir(parents=True, mode=0o700)
    config.write_text(json.dumps({"agents": {"ghost": {"command": ["no-such-agent"], "fix": "install ghost"}}}))
    status, found = doctor(start_server(home))
    assert status == 0, found
    assert found["agent ghost"]["status"] == "warning"
    assert found["agent ghost"]["fix"] == "install ghost"
    assert found["practice turn"]["status"] == "ok"


def test_turns_that_wait_for_a_person_are_named(start_server: Start) -> None:
    server = start_server(options=["--WegentApp.default_slots=1"])
    server.asked(server.submit("!write a.txt a", mode="ask")["task"]["id"])
    status, found = doctor(server)
    assert status == 0, found
    slots = found["slots of This computer"]
    assert slots["status"] == "warning"
    assert "1 turn waits for you" in slots["message"]
    assert slots["fix"] == "jupyter wegent approvals"
    assert found["practice turn"]["status"] == "skipped"


def test_this_computer_switched_off_is_warned_of(start_server: Start) -> None:
    server = start_server(options=["--WegentApp.embedded_executor=off"], wait=False)
    wait_for((server.data / "gateway.json").exists, "the gateway runs")
    status, found = doctor(server)
    assert status == 0, found
    assert found["device"]["status"] == "warning"


def test_devices_of_one_name_and_an_absent_one_are_explained() -> None:
    one = api.Device(device_id="a", name="mac", status="offline", embedded=True, problem="it was ended", queued=1)
    two = api.Device(device_id="b", name="mac", status="busy", slot_used=5, queued=2)
    found = {check.name: check for check in doctor_server.devices([one, two])}
    assert found["device"].status == "failed"
    assert "it was ended" in found["device"].message
    assert "an id of its own" in found["names"].message
    assert found["slots of mac"].status == "warning"


def test_a_wrong_clock_is_warned_of(server: JupyterServer) -> None:
    line = "import asyncio, time; real = time.time; time.time = lambda: real() + 300;"
    line += "from wegent_jupyter.cli import doctor_server; print(asyncio.run(doctor_server.clock()))"
    environment = {"JUPYTER_DATA_DIR": str(server.home / "data"), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", line], env=environment, capture_output=True, timeout=60)
    assert b"status='warning'" in ran.stdout, ran
    assert re.search(rb"differs by (299|30\d) s", ran.stdout)


def test_a_terminal_without_a_shell_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = doctor_local.pty()
    assert found.status == "failed"
    assert found.fix
