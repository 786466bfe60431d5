"""Codex is logged in on a device by a code: the real program, its vendor played on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.lone_device import LoneDevice
from tests.support.server import private_environment, wait_for
from tests.support.vendor import REFRESH, Vendor
from wegent_jupyter.executor.agents import codex_binary
from wegent_jupyter.executor.personal.auth_file import VARIABLES
from wegent_jupyter.executor.personal.login import Codex, Logins
from wegent_jupyter.executor.personal.login_words import explain
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.protocol.personal import CODEX_TARGET


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, vendor: Vendor) -> Iterator[LoneDevice]:
    home = tmp_path_factory.mktemp("device")
    with LoneDevice(home, **vendor.environment(home / ".codex")) as device:
        yield device


@pytest.fixture
def device(shared: LoneDevice, vendor: Vendor) -> Iterator[LoneDevice]:
    """Give the device without a login, and a vendor that waits."""
    vendor.verdict, vendor.status, vendor.routes = "wait", 200, True
    wait_for(lambda: ready(shared), "Codex is found")
    yield shared
    order(shared, "cancel")
    shared.login.unlink(missing_ok=True)


def ready(device: LoneDevice) -> bool:
    agents = device.ask("agents:refresh")["agents"]
    return any(one["id"] == "codex" and one["ready"] and one["device_login"] for one in agents)


def order(device: LoneDevice, action: str, agent: str = "codex") -> dict[str, Any]:
    return device.ask("agents:login", agent=agent, action=action)


def started(device: LoneDevice) -> dict[str, Any]:
    """Begin a login, and return it with its code."""
    found = order(device, "start")
    assert found["success"], found
    return wait_for(lambda: _in(device, "waiting"), "there is a code") if found["state"] == "starting" else found


def _in(device: LoneDevice, *states: str) -> dict[str, Any] | None:
    found = order(device, "status")
    return found if found["state"] in states else None


def ended(device: LoneDevice) -> dict[str, Any]:
    found: dict[str, Any] = wait_for(lambda: _in(device, "done", "failed", "cancelled"), "the login ends")
    return found


def app_servers(device: LoneDevice) -> list[psutil.Process]:
    """Return the Codex processes of a device."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            mine = process.environ().get("HOME") == str(device.program.home) and process.name().startswith("codex")
        except psutil.Error:
            continue
        if mine and "app-server" in (process.info["cmdline"] or []):
            found.append(process)
    return found


def test_a_code_is_shown_and_once_it_was_entered_the_agent_is_logged_in(device: LoneDevice, vendor: Vendor) -> None:
    assert order(device, "status")["state"] == "none"
    shown = started(device)
    assert (shown["state"], shown["user_code"]) == ("waiting", f"CODE-{vendor.codes}")
    assert shown["url"] == f"{vendor.url}/codex/device"
    codes = vendor.codes
    assert order(device, "start") == order(device, "status") == shown, "the same one is shown again"
    assert vendor.codes == codes

    vendor.verdict = "approve"
    done = ended(device)
    assert (done["state"], "url" in done, "user_code" in done) == ("done", False, False), done
    assert json.loads(device.login.read_text())["tokens"]["refresh_token"] == REFRESH
    assert stat.S_IMODE(device.login.stat().st_mode) == 0o600
    wait_for(lambda: device.logged_in() is True, "the agent shows as logged in")
    wait_for(lambda: (device.told() or {}).get("exists") is True, "the file is told")
    assert app_servers(device) == []

    before = device.login.read_bytes()
    refused = order(device, "start")
    assert (refused["success"], refused["code"]) == (False, "logged_in")
    assert "codex logout" in refused["fix"]
    assert (device.login.read_bytes(), vendor.codes) == (before, codes), "it is not replaced"
    device.login.unlink()
    assert order(device, "status")["state"] == "none", "it was logged out beside us"
    said = device.program.said + device.program.log + json.dumps(device.gateway.events)
    assert REFRESH not in said


def test_a_login_that_is_cancelled_leaves_nothing(device: LoneDevice, vendor: Vendor) -> None:
    first = started(device)
    assert len(app_servers(device)) == 1
    assert order(device, "cancel")["state"] == "cancelled"
    assert app_servers(device) == []
    vendor.verdict = "approve"  # too late
    assert order(device, "status")["state"] == "cancelled"
    assert not device.login.exists()
    vendor.verdict = "wait"
    assert started(device)["user_code"] != first["user_code"], "a new one can be started"


def test_a_login_that_is_denied_says_so_and_what_to_do(device: LoneDevice, vendor: Vendor) -> None:
    vendor.verdict = "deny"
    started(device)
    failed = ended(device)
    assert (failed["state"], "The login was refused" in failed["text"]) == ("failed", True), failed
    assert failed["fix"]
    assert not device.login.exists()
    assert app_servers(device) == []


@pytest.mark.parametrize(("status", "says"), [(404, "not enabled"), (500, "could not log in")])
def test_a_vendor_that_gives_no_code_is_told(device: LoneDevice, vendor: Vendor, status: int, says: str) -> None:
    vendor.status = status
    assert order(device, "start")["success"]
    failed = ended(device)
    assert (failed["state"], says in failed["text"], "fix" in failed) == ("failed", True, True), failed


def test_a_login_counts_though_the_vendors_other_hosts_are_out_of_reach(device: LoneDevice, vendor: Vendor) -> None:
    vendor.verdict, vendor.routes = "approve", False
    started(device)
    assert ended(device)["state"] == "done"
    assert device.login.exists()


def test_a_saved_login_is_not_written_while_a_person_logs_in(device: LoneDevice) -> None:
    started(device)
    variables = dict(zip(VARIABLES, ("codex", CODEX_TARGET, '{"OPENAI_API_KEY": "saved"}'), strict=True))
    refused = device.command("sync_runtime_auth_file", variables)
    assert (refused["success"], "being logged in" in refused["error"]) == (False, True)
    assert not device.login.exists()
    assert order(device, "cancel")["state"] == "cancelled"
    assert json.loads(device.command("sync_runtime_auth_file", variables)["stdout"])["status"] == "written"


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_a_file_that_comes_from_elsewhere_makes_no_login_a_success(
    device: LoneDevice, vendor: Vendor, state: str
) -> None:
    started(device)
    device.login.write_text('{"OPENAI_API_KEY": "of another"}')
    if state == "cancelled":
        assert order(device, "cancel")["state"] == state
    else:
        vendor.verdict = "deny"
        assert ended(device)["state"] == state


def test_a_codex_that_is_killed_in_the_middle_is_told(device: LoneDevice) -> None:
    started(device)
    [process] = app_servers(device)
    process.kill()
    failed = ended(device)
    assert (failed["state"], "exit status" in failed["text"]) == ("failed", True), failed


def test_orders_that_make_no_sense_are_refused(device: LoneDevice) -> None:
    for agent in ("claude", "practice", "nobody"):
        found = order(device, "start", agent)
        assert (found["success"], found["code"]) == (False, "no_device_login"), agent
    assert order(device, "dance")["code"] == "malformed"
    assert order(device, "cancel")["success"], "there is nothing to cancel, and that is fine"


def test_a_vendor_that_is_not_reached_is_named(tmp_path: Path) -> None:
    failed = asyncio.run(_alone(tmp_path, {"CODEX_APP_SERVER_LOGIN_ISSUER": "http://127.0.0.1:9"}, 60))
    assert failed.state == "failed"
    assert "does not reach 127.0.0.1:9" in (failed.text or "")
    assert "proxy" in (failed.fix or "")


def test_a_code_that_nobody_enters_runs_out(tmp_path: Path, vendor: Vendor) -> None:
    vendor.verdict, vendor.status = "wait", 200
    failed = asyncio.run(_alone(tmp_path, vendor.environment(tmp_path / ".codex"), 0.1))
    assert (failed.state, failed.text) == ("failed", "Nobody entered the code in time.")
    assert explain("device auth timed out after 15 minutes").text == failed.text, "as Codex's own end"
    assert not (tmp_path / ".codex" / "auth.json").exists()


async def _alone(home: Path, environment: dict[str, str], seconds: float) -> Any:
    """Run a login to its end without a device around it."""
    program = codex_binary.bundled()
    assert program is not None
    told: list[str] = []

    async def logged_in() -> None:
        told.append("in")

    logins = Logins(logged_in, seconds)
    own = {**private_environment(home), "CODEX_HOME": str(home / ".codex"), **environment}
    (home / ".codex").mkdir(exist_ok=True)
    async with asyncio.timeout(60):
        logins.begin(Codex(program, own, home, ProcessRecords(home / "processes")))
        while logins.waiting:
            await asyncio.sleep(0.02)
    assert told == []
    return logins.status()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_executor_that_ends_meanwhile_leaves_no_process(tmp_path: Path, vendor: Vendor, how: signal.Signals) -> None:
    vendor.verdict, vendor.status = "wait", 200
    with LoneDevice(tmp_path, **vendor.environment(tmp_path / ".codex")) as device:
        wait_for(lambda: ready(device), "Codex is found")
        started(device)
        assert len(app_servers(device)) == 1
        assert device.program.process is not None
        os.kill(device.program.process.pid, how)
        device.program.process.wait(60)
        wait_for(lambda: app_servers(device) == [], "no process is left")
        assert not device.login.exists()
