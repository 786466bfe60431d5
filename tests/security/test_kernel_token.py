"""What a kernel's token opens and what not, and where it is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.security.test_routes import CALLS, DEVICES, FACES, TERMINALS, Call, House, house, token_of
from tests.support.kernels import Kernel
from tests.support.server import TOKEN, JupyterServer, wait_for
from tests.support.sockets import Peer
from tests.support.terminal import open_terminal

__all__ = ["house"]

CLOSED = {
    "POST /api/credentials",
    "DELETE /api/credentials/{credential}",
    "GET /api/join/{code}",
    "POST /api/join/{code}",
    "DELETE /api/devices/{device}?revoke=true",
    "POST /api/devices/{device}/upgrade",
    "PUT /api/devices/{device}/agents/claude",
    "PUT /api/devices/{device}/trust",
    "POST /api/devices/{device}/terminal",
    "DELETE /api/terminals/{terminal}",
    "POST /api/projects/{project}/terminal",
    "POST /api/models/test",
    "POST /api/models/providers",
    "PUT /api/models/providers/{provider}",
    "DELETE /api/models/providers/{provider}",
    "POST /api/models/providers/{provider}/test",
}
"""What a kernel may not do. `test_routes.py` holds the calls against the live route table."""
OPENED = (
    r"GET /api/(version|openapi\.json|agents|credentials|add-device|models|models/providers|terminals)(/.*|\?.*)?",
    r"\w+ /api/(tasks|approvals|attachments|projects|worktrees|users/me|nothing)(/.*)?",
    r"GET /api/devices(/.*)?",
    r"\w+ /api/devices/\{device\}/(default|alias|runtime-settings|commands|skills/sharing)",
    r"\w+ /api/devices/\{device\}/agents/(refresh|practice/login)",
)
"""What it may, unless it is named above."""


def published(server: JupyterServer) -> Path:
    """Return the file by which a server's kernels find it."""
    assert server.process is not None
    return server.home / "runtime" / f"wegent-{server.process.pid}.json"


def kernel_token(server: JupyterServer) -> str:
    token: str = json.loads(published(server).read_text())["token"]
    return token


def by_kernel(house: House) -> dict[str, str]:
    return token_of(kernel_token(house.server), "wegent")


# What it opens.


def test_of_each_route_it_was_decided_whether_kernels_may() -> None:
    calls = {str(call) for call in CALLS}
    assert calls >= CLOSED
    assert [one for one in calls - CLOSED if not any(re.fullmatch(pattern, one) for pattern in OPENED)] == []


@pytest.mark.parametrize("call", [call for call in CALLS if str(call) not in CLOSED], ids=str)
def test_a_kernel_does_its_owners_work(house: House, call: Call) -> None:
    assert house.ask(call, by_kernel(house)).status_code == call.status
    house.server.finished(house.task)


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_a_kernel_is_refused_what_it_has_no_need_to_do(house: House, name: str) -> None:
    call = next(one for one in CALLS if str(one) == name)
    before = house.state()
    answer = house.ask(call, by_kernel(house))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_kernels")
    assert answer.json()["message"] == "Kernels of notebooks cannot do this."
    assert "JupyterLab" in answer.json()["fix"]
    assert house.state() == before


@pytest.mark.parametrize(
    "call",
    [
        Call("DELETE", "/api/devices/{device}", 403),
        Call("POST", "/api/devices/{device}/commands", 403, {"command_key": "setup_shared_skills"}),
        Call("POST", "/api/credentials", 403, {"kind": "join", "name": "x"}),
    ],
    ids=str,
)
def test_a_kernel_is_refused_these_ways_too(house: House, call: Call) -> None:
    assert house.ask(call, by_kernel(house)).json()["code"] == "not_from_kernels"


def test_what_a_kernel_makes_belongs_to_the_servers_owner_alone(house: House) -> None:
    call = Call("POST", "/api/tasks", 201, {"prompt": "!say mine", "agent": "practice", "mode": "full"})
    task = house.ask(call, by_kernel(house)).json()["task"]["id"]
    house.server.finished(task)
    shown = Call("GET", f"/api/tasks/{task}", 200)
    assert house.ask(shown, token_of(TOKEN)).status_code == 200
    assert house.ask(shown, token_of("bob-token")).status_code == 404


@pytest.mark.parametrize("scheme", ["wegent", "token", "Bearer"])
@pytest.mark.parametrize("path", ["api/contents", "api/kernels", "api/sessions", "api/terminals", "api/me", "lab"])
def test_the_token_opens_nothing_else_of_jupyter(house: House, path: str, scheme: str) -> None:
    headers = token_of(kernel_token(house.server), scheme)
    refused = httpx.get(f"{house.server.url}{path}", headers=headers, trust_env=False)
    assert refused.status_code in (302, 403)
    assert "login" in refused.headers.get("Location", "login")


@pytest.mark.parametrize("scheme", ["token", "Bearer"])
def test_the_token_opens_nothing_under_another_scheme(house: House, scheme: str) -> None:
    call = Call("GET", "/api/tasks", 200)
    assert house.ask(call, token_of(kernel_token(house.server), scheme)).status_code == 403


def admission(house: House, namespace: str, auth: Any = None) -> str | None:
    """Return why a namespace refused a kernel, None if it did not."""

    async def main() -> str | None:
        async with Peer(house.server, by_kernel(house)) as peer:
            return await peer.connect(namespace, auth)

    return asyncio.run(main())


def test_a_kernel_follows_tasks_and_types_into_no_terminal_and_is_no_device(house: House) -> None:
    assert admission(house, FACES) is None
    assert admission(house, TERMINALS) == "Kernels of notebooks cannot do this."
    assert admission(house, DEVICES, {"token": kernel_token(house.server)}) == "Invalid or expired token"


# Where it is.


def test_the_file_is_its_owners_alone_and_says_no_more_than_a_kernel_needs(house: House) -> None:
    file = published(house.server)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = json.loads(file.read_text())
    assert set(found) == {"pid", "url", "token", "unix", "ca"}
    assert found["url"] == f"{house.server.url}wegent"
    gateway = json.loads((house.server.data / "gateway.json").read_text())
    assert found["token"] not in (gateway["token"], TOKEN)
    assert found["token"] == gateway["kernel_token"]


USE = """
from wegent_jupyter.notebook.session import session
session().ready()
import os, subprocess
own, inherited = dict(os.environ), subprocess.run(["env", "-0"], capture_output=True, text=True).stdout
"""


@pytest.fixture
def kernel(house: House) -> Iterator[Kernel]:
    with Kernel(house.server) as made:
        yield made


def test_nothing_secret_is_in_the_environment_of_kernels_terminals_or_agents(house: House, kernel: Kernel) -> None:
    server = house.server
    secrets = [*tokens(server), json.loads((server.data / "executor" / "server.json").read_text())["token"]]
    open_terminal(server)
    httpx.post(f"{server.url}api/terminals", headers=token_of(TOKEN), trust_env=False).raise_for_status()
    task = server.submit("!slow 600 0.1")["task"]["id"]
    wait_for(lambda: server.turn(task)["state"] == "running", "the turn runs")
    seen = kernel.value("[own, inherited]", USE)
    everywhere = [json.dumps(one) for one in seen] + started(server, psutil.Process.environ)
    server.post(f"/tasks/{task}/cancel", {})
    server.finished(task)
    assert "JPY_PARENT_PID" in seen[0], "it is the environment of a kernel"
    assert len(everywhere) >= 6, "kernel, shells, executor, guard and agent"
    assert [secret for secret in secrets if any(secret in text for text in everywhere)] == []


def tokens(server: JupyterServer) -> list[str]:
    """Return what opens our routes: the tokens of the command line and of kernels."""
    gateway = json.loads((server.data / "gateway.json").read_text())
    return [gateway["token"], gateway["kernel_token"]]


def started(server: JupyterServer, ask: Callable[[psutil.Process], Any]) -> list[str]:
    """Return an answer about each process that a server and its executor started."""
    assert server.process is not None
    executor = psutil.Process(server.executor_pid())
    found = []
    for process in [executor, *executor.children(recursive=True), *psutil.Process(server.process.pid).children(True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):  # it has ended meanwhile
            found.append(json.dumps(ask(process)))
    return found


def test_the_token_is_in_no_argument_log_or_error(house: House, kernel: Kernel) -> None:
    assert kernel.value("len(own)", USE) > 0
    for name in ("DELETE", "PATCH", "GET"):
        house.ask(Call(name, "/api/nothing", 404), by_kernel(house))
    wrong = house.ask(Call("GET", "/api/tasks", 200), token_of(kernel_token(house.server) + "x", "wegent"))
    assert wrong.status_code == 403
    texts = [wrong.text, house.server.log]
    texts += started(house.server, psutil.Process.cmdline)
    assert len(texts) >= 4, "the executor and the kernel are there"
    assert not any(kernel_token(house.server) in text for text in texts)


def test_each_start_has_a_new_token_and_what_ended_leaves_none(start_server: Any, tmp_path: Path) -> None:
    server = start_server(tmp_path / "home")
    before = kernel_token(server)
    place = published(server)
    server.stop()
    assert not place.exists()
    server.start()
    assert kernel_token(server) != before
    assert server.request("GET", "/tasks", headers=token_of(before, "wegent")).status_code == 403
    assert server.request("GET", "/tasks", headers=token_of(kernel_token(server), "wegent")).status_code == 200
