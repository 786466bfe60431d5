"""`wegent-executor join`: a second machine becomes a device of a real server, by a person or by a code."""

from __future__ import annotations

import json
import re
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support.executor import Program
from tests.support.server import JupyterServer, free_port, wait_for
from wegent_jupyter.executor.config import load

CODE = re.compile(r"\b[A-Z]{4}-[A-Z]{4}\b")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Program]:
    with Program(tmp_path / "machine", HOME=str(tmp_path / "machine")) as program:
        yield program


def shown_code(program: Program, count: int = 1) -> str:
    wait_for(lambda: len(CODE.findall(program.said)) >= 2 * count, f"a code is shown: {program.said}")
    found: str = CODE.findall(program.said)[-1]
    return found


def join_code(server: JupyterServer) -> str:
    made: str = server.post("/credentials", {"kind": "join", "name": "a machine"}).json()["secret"]
    return made


def device(server: JupyterServer, name: str) -> dict[str, Any] | None:
    items = server.get("/devices").json()["items"]
    return next((one for one in items if one["name"] == name), None)


def online(server: JupyterServer, name: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        found = device(server, name)
        return found if found is not None and found["status"] == "online" else None

    shown: dict[str, Any] = wait_for(there, f"{name} is online")
    return shown


def test_a_person_lets_a_machine_in_and_it_works_at_once(server: JupyterServer, machine: Program) -> None:
    machine.start("join", f"{server.url}lab/tree/x", "--name", "person's box")
    code = shown_code(machine)
    asked = server.get(f"/join/{code}").json()
    assert (asked["name"], asked["state"]) == ("person's box", "waiting")
    assert server.post(f"/join/{code}", {"approve": True}).status_code == 200
    shown = online(server, "person's box")
    embedded = next(one for one in server.get("/devices").json()["items"] if one["name"] == "This computer")
    assert shown["machine"] == embedded["machine"], "both are on this machine"
    machine.reach("connected")
    key = machine.executor_home / "device-key.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = json.loads(key.read_text())["key"]
    written = machine.said + machine.log + (machine.executor_home / "device-config.json").read_text()
    assert secret not in written
    assert secret not in server.log
    created = server.submit("Hello", device_id=shown["device_id"])
    assert server.finished(created["task"]["id"])["state"] == "completed"


def test_it_connects_again_after_a_restart_without_being_asked_anything(
    server: JupyterServer, machine: Program
) -> None:
    joined = machine.run("join", server.url, "--code", "-", "--name", "again", "--no-run", stdin=join_code(server))
    assert joined.returncode == 0, joined.stderr
    for _ in range(2):
        machine.start()
        online(server, "again")
        assert machine.stop() == 0


def test_a_machine_that_is_denied_stays_out(server: JupyterServer, machine: Program) -> None:
    machine.start("join", server.url)
    server.post(f"/join/{shown_code(machine)}", {"approve": False})
    assert machine.process is not None
    assert machine.process.wait(20) == 1
    assert "denied" in machine.said
    assert not (machine.executor_home / "device-key.json").exists()


def test_a_join_code_is_good_once(server: JupyterServer, machine: Program, tmp_path: Path) -> None:
    code = join_code(server)
    first = machine.run("join", f"{server.url}wegent/", "--code", code, "--no-run")
    assert first.returncode == 0, first.stderr
    with Program(tmp_path / "other") as other:
        second = other.run("join", server.url, "--code", code, "--no-run")
    assert second.returncode == 1
    assert "used" in second.stderr
    assert code not in first.stdout + first.stderr + second.stderr


def test_a_join_code_in_the_environment_becomes_a_key_of_the_devices_own(
    server: JupyterServer, machine: Program
) -> None:
    code = join_code(server)
    machine.environment = {
        **machine.environment,
        "WEGENT_BACKEND_URL": f"{server.url}wegent",
        "WEGENT_AUTH_TOKEN": code,
        "DEVICE_NAME": "container",
    }
    machine.start()
    online(server, "container")
    assert machine.stop() == 0
    machine.start()  # with the same, now used code
    online(server, "container")
    assert code not in machine.said + machine.log + (machine.executor_home / "device-config.json").read_text()


def test_a_token_is_replaced_by_a_key_of_the_devices_own(server: JupyterServer, machine: Program) -> None:
    made = server.post("/credentials", {"kind": "token", "name": "t"}).json()
    machine.environment = {
        **machine.environment,
        "WEGENT_BACKEND_URL": f"{server.url}wegent",
        "WEGENT_AUTH_TOKEN": made["secret"],
        "DEVICE_NAME": "by token",
    }
    machine.start()
    online(server, "by token")
    wait_for(lambda: (machine.executor_home / "device-key.json").exists(), "it has a key")
    assert machine.stop() == 0
    machine.environment = {k: v for k, v in machine.environment.items() if k != "WEGENT_AUTH_TOKEN"}
    machine.start()
    online(server, "by token")
    assert server.request("DELETE", f"/credentials/{made['id']}").status_code == 200
    machine.reach("refused")


def test_a_key_for_which_the_disk_has_no_room_is_used_while_the_executor_runs(
    server: JupyterServer, machine: Program
) -> None:
    (machine.executor_home / "device-key.json").mkdir(parents=True)  # cannot be replaced by a file
    machine.environment = {
        **machine.environment,
        "WEGENT_BACKEND_URL": f"{server.url}wegent",
        "WEGENT_AUTH_TOKEN": join_code(server),
        "DEVICE_NAME": "no room",
    }
    machine.start()
    online(server, "no room")
    machine.reach("connected")
    assert "cannot be kept" in machine.log


class Gateway(BaseHTTPRequestHandler):
    """Lets whoever asks wait, and says what `answers` has to each poll."""

    answers: ClassVar[list[tuple[int, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        waiting = {"state": "waiting", "user_code": "BCDF-GHJK", "poll_secret": "s", "expires_in": 60, "interval": 1}
        status, body = self.answers.pop(0) if self.path.endswith("/poll") else (201, waiting)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_gateway_that_cannot_answer_a_poll_is_asked_again(machine: Program) -> None:
    starting = {"code": "starting", "message": "Wegent is starting."}
    Gateway.answers = [(503, starting), (429, {"code": "too_many", "message": "Too many requests."})]
    Gateway.answers.append((200, {"state": "approved", "key": "wgd-x", "gateway_id": "g"}))
    with HTTPServer(("127.0.0.1", 0), Gateway) as gateway:
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        ran = machine.run("join", f"http://127.0.0.1:{gateway.server_port}", "--no-run")
        gateway.shutdown()
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("does not answer at the moment") == 1
    assert json.loads((machine.executor_home / "device-key.json").read_text())["key"] == "wgd-x"


def test_a_key_that_was_revoked_is_said_once_and_joining_again_is_taken_up_while_it_runs(
    server: JupyterServer, machine: Program
) -> None:
    machine.run("join", server.url, "--code", "-", "--name", "revoked", "--no-run", stdin=join_code(server))
    machine.start()
    device_id = online(server, "revoked")["device_id"]
    keys = [one for one in server.get("/credentials").json()["items"] if one["device_id"] == device_id]
    for key in keys:
        server.request("DELETE", f"/credentials/{key['id']}")
    told = machine.reach("refused")
    assert "wegent-executor join" in told["fix"]
    assert machine.said.count("refused this device") == 1
    again = machine.run("join", server.url, "--code", "-", stdin=join_code(server))
    assert again.returncode == 0
    assert "by itself" in again.stdout
    machine.reach("connected")
    online(server, "revoked")


def test_a_gateway_that_is_restarted_forgets_who_asked_and_the_machine_asks_again(
    start_server: Callable[..., JupyterServer], machine: Program
) -> None:
    server = start_server()
    machine.start("join", server.url, "--name", "patient", "--no-run")
    first = shown_code(machine)
    server.kill()
    wait_for(lambda: "does not answer at the moment" in machine.said, "it says that it waits")
    server.start()
    wait_for(lambda: "There is a new code" in machine.said, "it asks again")
    code = wait_for(lambda: next((one for one in CODE.findall(machine.said) if one != first), None), "a new code")
    server.post(f"/join/{code}", {"approve": True})
    assert machine.process is not None
    assert machine.process.wait(30) == 0, machine.said


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("join", "{url}?token=canary"), 2, "Leave the token out"),
        (("join", "localhost:8888"), 2, "http://"),
        (("join", "http://127.0.0.1:{free}/lab"), 3, "refused"),
        (("join", "http://no-such-host.invalid/"), 3, "not known here"),
        (("join", "{url}elsewhere/wegent"), 3, "404"),
        (("join", "{url}", "--code", "ABCD-EFGH"), 1, "wgj-"),
        (("join", "{url}", "--code", "-"), 1, "standard input"),
        (("join", "{url}", "--code", "wgj-unknown"), 1, "join code"),
        (("join",), 2, "URL"),
        (("nonsense",), 2, "invalid choice"),
        (("logs", "-n", "-3"), 2, "-n"),
    ],
)
def test_what_cannot_work_is_said_calmly(
    server: JupyterServer, machine: Program, arguments: tuple[str, ...], status: int, says: str
) -> None:
    given = [one.format(url=server.url, free=free_port()) for one in arguments]
    ran = machine.run(*given)
    assert (ran.returncode, says in ran.stderr) == (status, True), ran.stderr
    assert "Traceback" not in ran.stderr
    assert "canary" not in ran.stderr
    assert not (machine.executor_home / "device-key.json").exists()


def test_joining_changes_of_the_file_only_what_it_says(server: JupyterServer, machine: Program) -> None:
    machine.executor_home.mkdir()
    path = machine.executor_home / "device-config.json"
    path.write_text(json.dumps({"device_id": "mine", "device_name": "n", "update": {"registry": "r"}}))
    machine.run("join", server.url, "--code", join_code(server), "--no-run")
    values = json.loads(path.read_text())
    assert values["update"] == {"registry": "r"}
    assert (values["device_id"], values["connection"]["backend_url"]) == ("mine", f"{server.url}wegent")
    settings = load({"WEGENT_EXECUTOR_HOME": str(machine.executor_home)})
    assert settings.backend_url == f"{server.url}wegent"


def test_a_broken_file_is_left_alone_by_join_too(server: JupyterServer, machine: Program) -> None:
    machine.executor_home.mkdir()
    path = machine.executor_home / "device-config.json"
    path.write_text('{\n  "connection": nothing\n}')
    ran = machine.run("join", server.url)
    assert ran.returncode == 2
    assert "line 2" in ran.stderr
    assert path.read_text() == '{\n  "connection": nothing\n}'
