"""Secrets stay in 0600 files: not in logs, URLs, arguments, environments, the database or what an agent sees."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.server import TOKEN, JupyterServer, wait_for
from tests.support.sockets import Peer
from wegent_jupyter.executor.processes import MARKER_VARIABLE
from wegent_jupyter.protocol import wire

CANARY = "canary-7f3a91"
ENVIRONMENT = {
    name: f"{CANARY}-{name}"
    for name in (
        "JUPYTER_TOKEN",
        "JUPYTER_GATEWAY_AUTH_TOKEN",
        "JPY_API_TOKEN",
        "JPY_SESSION_NAME",
        "JUPYTERHUB_API_TOKEN",
        "WEGENT_AUTH_TOKEN",
        "WEGENT_BACKEND_URL",
        "DEVICE_ID",
    )
}
"""What a server may have in its environment and no agent may see."""
AGENT_VARIABLES = {MARKER_VARIABLE, "WEGENT_PRACTICE_HOME"}
"""What agents get of ours: the mark by which their processes are found, and where the practice agent keeps sessions."""


@dataclass
class House:
    """A server that logs all it can, was used in every way, and has an agent at work."""

    server: JupyterServer
    secrets: dict[str, str]
    attempt: int

    def processes(self) -> Iterator[psutil.Process]:
        """Yield every process of the server: itself, the executor and the agent's tree."""
        roots = [psutil.Process(self.server.process.pid if self.server.process else 0)]
        roots.append(psutil.Process(self.server.executor_pid()))
        for root in roots:
            yield root
            yield from root.children(recursive=True)

    def leaks(self, text: str) -> list[str]:
        """Return the names of the secrets that a text holds."""
        return [name for name, secret in self.secrets.items() if secret in text]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    before = os.umask(0)  # it forbids nothing: the modes have to be ours
    try:
        server = JupyterServer(
            tmp_path_factory.mktemp("secrets"), options=["--ServerApp.log_level=DEBUG"], environment=ENVIRONMENT
        ).start()
    finally:
        os.umask(before)
    secrets = secrets_of(server)
    assert all(len(secret) >= 10 for secret in secrets.values())
    use_everything(server, secrets)
    task = server.submit("!slow 600 0.1")["task"]["id"]
    turn = wait_for(lambda: server.turn(task)["state"] == "running" and server.turn(task), "the turn runs")
    house = House(server, secrets, turn["attempt_id"])
    wait_for(lambda: len(list(house.processes())) >= 4, "server, executor, guard and agent are there")
    yield house
    server.post(f"/tasks/{task}/cancel")
    server.finished(task)
    server.stop()
    server.end_executor()


def secrets_of(server: JupyterServer) -> dict[str, str]:
    gateway = json.loads((server.data / "gateway.json").read_text())
    return {
        "Jupyter's token": TOKEN,
        "the runtime token": gateway["token"],
        "the token of kernels": gateway["kernel_token"],
        "the embedded device's key": json.loads((server.data / "executor" / "server.json").read_text())["token"],
    }


def use_everything(server: JupyterServer, secrets: dict[str, str]) -> None:
    """Send each secret in each way in which it can be sent, right and wrong ones."""
    url = f"{server.url}wegent/api"
    with httpx.Client(trust_env=False, verify=False, timeout=30) as client:
        for secret in secrets.values():
            for scheme in ("token", "Bearer", "wegent"):
                headers = {"Authorization": f"{scheme} {secret}"}
                for path in ("/version", "/tasks/1", "/nothing", "/tasks?limit=x"):
                    client.get(url + path, headers=headers)
                client.post(f"{url}/tasks", headers=headers, json={"prompt": 7})
                client.get(f"{server.url}wegent/socket.io/?EIO=4&transport=polling", headers=headers)
            client.get(f"{url}/version?token={secret}")
    asyncio.run(use_sockets(server, secrets))
    server.finished(server.submit("!say hello\n!bash true")["task"]["id"])


async def use_sockets(server: JupyterServer, secrets: dict[str, str]) -> None:
    for secret in secrets.values():
        for scheme in ("token", "wegent"):
            async with Peer(server, {"Authorization": f"{scheme} {secret}"}) as peer:
                await peer.connect("/tasks", {"token": secret})
                await peer.connect(wire.NAMESPACE, {"token": secret})


def test_what_holds_secrets_is_readable_by_its_owner_alone(house: House) -> None:
    data = house.server.data
    home = data / "executor"
    directories = [data, home, home / "logs", home / "processes", home / "practice"]
    files = [
        *(data / name for name in ("gateway.json", "gateway.lock", "wegent.db", "wegent.db-wal", "wegent.db-shm")),
        *(home / name for name in ("server.json", "executor.json", "executor.lock", "device-config.json")),
        *(home / name for name in ("journal.db", "journal.db-wal", "journal.db-shm")),
    ]
    assert {path: mode(path) for path in directories} == dict.fromkeys(directories, 0o700)
    assert {path: mode(path) for path in files} == dict.fromkeys(files, 0o600)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_only_in_the_two_files_that_are_for_them(house: House) -> None:
    """Not in the database, the journal, a log, a record or anything else that we keep."""
    holders = {
        path.relative_to(house.server.data).as_posix(): leaks
        for path in house.server.data.rglob("*")
        if path.is_file() and (leaks := house.leaks(path.read_bytes().decode("latin-1")))
    }
    assert holders == {
        "gateway.json": ["the runtime token", "the token of kernels"],
        "executor/server.json": ["the embedded device's key"],
    }


def test_no_secret_is_in_a_log_or_in_a_url_of_it(house: House) -> None:
    log = house.server.log
    assert "GET /wegent/api/version" in log, "the log is not as talkative as this test needs it"
    assert [line for line in log.splitlines() if house.leaks(line)] == []
    # Jupyter itself hides what stands in a URL. Nothing of ours has to be hidden there in the first place.
    assert not re.search(r"wegent[^ ]*[?&](key|auth|code)=", log)


def test_no_secret_is_in_the_arguments_of_a_process(house: House) -> None:
    started_by_this_test = house.server.process
    assert started_by_this_test is not None
    arguments = {process.pid: " ".join(process.cmdline()) for process in house.processes()}
    del arguments[started_by_this_test.pid]
    assert {pid: line for pid, line in arguments.items() if house.leaks(line)} == {}


def test_no_secret_of_ours_is_in_the_environment_of_a_process(house: House) -> None:
    found = {
        process.pid: leaks for process in house.processes() if (leaks := house.leaks(json.dumps(process.environ())))
    }
    assert found == {}


def test_an_agent_and_all_it_starts_see_nothing_of_jupyter_or_wegent(house: House) -> None:
    agents = [one for one in house.processes() if one.environ().get(MARKER_VARIABLE) == str(house.attempt)]
    assert len(agents) >= 2, "the guard and the agent"
    for process in agents:
        assert private(process.environ()) == {}, process.cmdline()


def test_a_command_of_an_agent_sees_nothing_of_jupyter_or_wegent(house: House) -> None:
    workspace = house.server.files
    task = house.server.submit("!bash env -0 > environment", workspace={"path": str(workspace)})["task"]["id"]
    assert house.server.finished(task)["state"] == "completed"
    lines = (workspace / "environment").read_text().split("\0")
    environment = dict(line.split("=", 1) for line in lines if line)
    assert environment["HOME"] == str(house.server.home)
    assert private(environment) == {}


def private(environment: dict[str, str]) -> dict[str, str]:
    """Return what of an environment is ours or a secret."""
    return {
        name: value
        for name, value in environment.items()
        if CANARY in value or (name.startswith(("WEGENT_", "JPY_", "JUPYTERHUB_")) and name not in AGENT_VARIABLES)
    }


def test_a_server_that_ended_leaves_nothing_that_opens_the_next_one(house: House) -> None:
    server, before = house.server, dict(house.secrets)
    server.stop()
    assert not (server.data / "gateway.json").exists()
    server.start()
    house.secrets.update(secrets_of(server))
    headers = {"Authorization": f"wegent {before['the runtime token']}"}
    assert (
        httpx.get(f"{server.url}wegent/api/version", headers=headers, trust_env=False, verify=False).status_code == 403
    )

    async def main() -> str | None:
        async with Peer(server) as peer:
            return await peer.connect(wire.NAMESPACE, {"token": before["the embedded device's key"]})

    assert asyncio.run(main()) == "Invalid or expired token"
