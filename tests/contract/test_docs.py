"""Every command of the user's pages is run as it stands there, on this computer or on a second machine."""

from __future__ import annotations

import configparser
import getpass
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.access import credential
from tests.support.executor import Program
from tests.support.pages import NAME, PageSettings, Second, page_settings
from tests.support.repositories import repository
from tests.support.server import ROOT, TOKEN, JupyterServer, free_port, private_environment, wait_for
from tests.support.shell import Terminal, wegent
from tests.support.sshd import SshServer
from wegent_jupyter.executor.agents.claude_binary import bundled

PAGES = (
    "README.md",
    "docs/using.md",
    "docs/notebooks.md",
    "docs/devices.md",
    "docs/terminals.md",
    "docs/projects.md",
    "docs/tokens.md",
    "docs/agents.md",
    "docs/personal.md",
    "docs/models.md",
    "docs/skills.md",
    "docs/troubleshooting.md",
)
ELSEWHERE = {
    "make lab": ("Makefile", "\nlab:", "tests/ui/test_newcomer.py and .ci/run start what it starts"),
    "make test": ("Makefile", "\ntest:", "it is what runs this test"),
    "pip install .": (".ci/run", "pip install", "it installs the wheel into an environment of its own"),
    "systemctl --user enable --now wegent-executor": ("docs/devices.md", "[Service]", "the unit is checked below"),
    "loginctl enable-linger": ("docs/devices.md", "[Service]", "it belongs to the account of whoever runs the tests"),
}
PROGRAMS = {"make", "jupyter", "curl", "pip", "ssh", "wegent-executor", "systemctl", "loginctl", "chmod", "printf"}


def commands(page: str) -> list[str]:
    """Return the commands of a page's plain blocks, without comments and prompts of the practice agent."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    plain = [block for language, block in blocks if not language]
    lines = [line for block in plain for line in block.replace("\\\n", "").splitlines()]
    bare = [re.sub(r"\s+#.*", "", line).strip() for line in lines]
    return [line for line in bare if line and not line.startswith("!")]


ALL = [(page, command) for page in PAGES for command in commands(page)]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Share a server whose only other device is the second machine of the pages; one slot is soon in use."""
    running = JupyterServer(tmp_path_factory.mktemp("pages"), options=["--WegentApp.default_slots=1"]).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture(scope="module")
def settings(own_server: JupyterServer) -> Iterator[PageSettings]:
    with page_settings(own_server) as found:
        yield found


@pytest.fixture(scope="module")
def second(
    own_server: JupyterServer, settings: PageSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Second]:
    machine = Second(own_server, settings, tmp_path_factory.mktemp("second"))
    yield machine
    machine.end()


def test_the_pages_have_commands() -> None:
    words = {re.sub(r"^(\w+=\S+ )+", "", command).split()[0] for _, command in ALL}
    assert words == PROGRAMS


def test_the_service_of_the_pages_starts_a_program_of_ours() -> None:
    page = (ROOT / "docs/devices.md").read_text(encoding="utf-8")
    [unit] = re.findall(r"^```ini\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    read = configparser.ConfigParser(interpolation=None)
    read.read_string(unit)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert Path(read["Service"]["ExecStart"]).name in scripts
    assert read["Install"]["WantedBy"] == "default.target"


@pytest.mark.parametrize(("page", "command"), ALL)
def test_a_command_of_the_pages_works_as_it_stands(
    own_server: JupyterServer, second: Second, tmp_path: Path, page: str, command: str
) -> None:
    if command in ELSEWHERE:
        file, text, _why = ELSEWHERE[command]
        assert text in (ROOT / file).read_text()
    elif command.startswith("ssh "):
        over_ssh(second, command, tmp_path)
    elif command.startswith("wegent-executor"):
        there(second, command, tmp_path)
    else:
        here(own_server, second, command, tmp_path)


def here(server: JupyterServer, second: Second, command: str, folder: Path) -> None:
    """Run a command on the server's computer."""
    if f'"{NAME}"' in command and " tokens " not in command:
        second.running()
    ran = bash(filled(server, second, command, folder), environment(server.home), folder)
    assert ran.returncode == 0, ran.stderr.decode()
    if "curl" in command:
        answer = json.loads(ran.stdout)
        assert answer["total"] if command.endswith("/devices") else answer["task"]["id"]
    for one in server.get("/tasks").json()["items"]:
        if one["state"] in ("queued", "running"):
            server.post(f"/tasks/{one['id']}/cancel", {})
            server.finished(one["id"])


def environment(home: Path) -> dict[str, str]:
    found = {**private_environment(home), "TOKEN": TOKEN}
    return {**found, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{found['PATH']}"}


def bash(command: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["bash", "-c", command], env=environment, cwd=folder, capture_output=True, timeout=100)


def filled(server: JupyterServer, second: Second, command: str, folder: Path) -> str:
    """Return a command with what its placeholders stand for, which is made to be there."""
    command = second.settings.ready(command, second.program if NAME in command else None, folder)
    command = command.replace("[options]", "--agent practice --mode edits").replace("[--json]", "--json")
    command = command.replace("http://localhost:8888", server.url.rstrip("/"))
    (server.home / "churn").mkdir(exist_ok=True)
    token = folder / "token"
    if "token" in command.replace("/", " ").replace(")", " ").split() or "=token " in command:
        token.write_text(credential(server, "token")["secret"])
        token.chmod(0o600)
    if "approvals" in command and "ID" in command.split():
        asks = "!ask Which colour? | red | green" if " answer " in command else "!write a.txt a"
        task = server.submit(asks, mode="ask", workspace={"path": str(folder)})["task"]["id"]
        command = command.replace(" ID", f" {server.asked(task)['id']}")
    if "revoke ID" in command:
        command = command.replace(" ID", f" {credential(server, 'key')['id']}")
    if "CODE" in command.split():
        command = command.replace(" CODE", f" {asking(second)} --yes" if "approve" in command else f" {asking(second)}")
    if "churn" in command.split():
        command = with_project(server, command, folder)
    for name in re.findall(r"--attach (\S+)", command):
        (folder / name).touch()
    if "TASK" in command.split():
        command = command.replace(" TASK", f" {a_task(server, command, folder)}")
    if "SESSION" in command.split():
        command = command.replace(" SESSION", f" {a_terminal(server)}")
    if "TURN" in command.split():
        command = command.replace(" TURN", f" {waiting(server)}")
    if "~/bin/claude" in command:
        (server.home / "bin").mkdir(exist_ok=True)
        (server.home / "bin" / "claude").symlink_to(claude())
    return command


def with_project(server: JupyterServer, command: str, folder: Path) -> str:
    """Return a command about the project of the pages, which is there unless the command makes it."""
    for one in server.get("/projects").json()["items"]:
        assert server.request("DELETE", f"/projects/{one['id']}").status_code == 200
    place = repository(folder / "churn")
    if " add " not in command:
        [device] = [one for one in server.get("/devices").json()["items"] if one["embedded"]]
        config = {"execution": {"deviceId": device["device_id"]}, "workspace": {"localPath": str(place)}}
        answer = server.post("/projects", {"name": "churn", "config": config})
        assert answer.status_code == 201, answer.text
    return command.replace("https://git.example.org/churn.git", str(place))


def asking(second: Second) -> str:
    """Return the code of a machine that wants to join."""
    second.end()
    second.count += 1
    second.program = Program(second.folder / str(second.count))
    second.program.start("join", f"{second.server.url}wegent", "--name", NAME)
    return code_of(lambda: second.program.said if second.program else "")


def code_of(said: Callable[[], str]) -> str:
    found = wait_for(lambda: re.search(r"Code:\s+([A-Z]{4}-[A-Z]{4})", said()), "a code is shown")
    return str(found[1])


def a_terminal(server: JupyterServer) -> str:
    """Return the session of a terminal that is open."""
    [device] = [one for one in server.get("/devices").json()["items"] if one["embedded"]]
    answer = server.post(f"/devices/{device['device_id']}/terminal", {})
    assert answer.status_code == 200, answer.text
    session: str = answer.json()["session_id"]
    return session


def a_task(server: JupyterServer, command: str, folder: Path) -> int:
    """Return a task to which a command can be given."""
    if " steer " in command:
        return at_work(server, folder)
    if " resume " in command:
        return paused(server)
    if " changes " in command:
        return finished(server, "!write notes.txt hi", workspace={"path": str(folder)})
    if " worktrees " in command:
        place = repository(folder / "churn")
        return finished(server, workspace={"path": str(place), "worktree": True})
    return finished(server) if "--device" in command or " terminal " in command else failed(server)


def finished(server: JupyterServer, prompt: str = "!say done", **fields: Any) -> int:
    """Return a task of which the turn has ended; by default one that can go on anywhere."""
    task: int = server.submit(prompt, **fields)["task"]["id"]
    server.finished(task)
    return task


def failed(server: JupyterServer) -> int:
    """Return a task that can be taken up: it was stopped in the middle of an answer."""
    task: int = server.submit("!slow 50 0.02")["task"]["id"]
    assert server.post(f"/tasks/{task}/cancel", {}).status_code == 200
    server.finished(task)
    return task


def paused(server: JupyterServer) -> int:
    """Return a task in which a message waits behind one that failed."""
    task: int = server.submit("!ask May I?\n!error 500", mode="ask")["task"]["id"]
    asked = server.asked(task)
    server.post(f"/tasks/{task}/turns", {"prompt": "!say after all"})
    server.post(f"/approvals/{asked['id']}", {"decision": "allow"})
    wait_for(lambda: server.get(f"/tasks/{task}").json()["paused"], "the task is paused")
    return task


def waiting(server: JupyterServer) -> int:
    """Return a turn that waits, with others before and behind it."""
    [device] = [one for one in server.get("/devices").json()["items"] if one["embedded"]]
    for _ in range(device["slot_max"]):
        server.submit("!hang")
    turns = [server.submit(f"!say {name}")["turn"]["id"] for name in ("before", "this", "behind")]
    return int(turns[1])


def at_work(server: JupyterServer, folder: Path) -> int:
    """Return a task whose agent takes messages while it works."""
    claude()
    fields = {"agent": "claude", "model": "practice", "mode": "ask", "workspace": {"path": str(folder)}}
    task: int = server.submit("!write a.txt a", **fields)["task"]["id"]
    server.asked(task)
    return task


def claude() -> Path:
    """Return the real program."""
    program = bundled()
    if program is None:
        pytest.skip("claude-agent-sdk is not installed")
    return Path(program)


def there(second: Second, command: str, folder: Path) -> None:
    """Run a command on the second machine."""
    command = command.replace("http://localhost:8888/", second.server.url)
    if "< join-code" in command:
        (folder / "join-code").write_text(credential(second.server, "join")["secret"] + "\n")
    if command == "wegent-executor":
        stays(second, second.joined(), command, folder, code=False)
    elif " join " in command and "--no-run" not in command:
        second.end()
        stays(second, Program(folder / "home"), f"{command} --name '{NAME}'", folder, code=True)
    else:
        stopped = " identity " in command or " join " in command
        machine = second.joined() if stopped else second.running()
        ran = bash(command, over_there(machine), folder)
        assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()


def over_there(machine: Program) -> dict[str, str]:
    return {**environment(machine.home), **machine.environment, "PATH": environment(machine.home)["PATH"]}


def stays(second: Second, machine: Program, command: str, folder: Path, *, code: bool) -> None:
    """Run a command that makes the machine a device until somebody stops it."""
    log = folder / "said.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            env=over_there(machine),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        if code:
            let_in(second.server, code_of(log.read_text))
        wait_for(second.online, f"{NAME} is online: {log.read_text()}")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def let_in(server: JupyterServer, code: str) -> None:
    approved = wegent(server, "devices", "approve", code, "--yes")
    assert approved.status == 0, approved.err


def over_ssh(second: Second, command: str, folder: Path) -> None:
    """Type a command on the server's computer that starts the device at the other end of an SSH connection."""
    server, joins, tunnel = second.server, " join " in command, str(free_port())
    if joins:
        second.end()
        command += f" --name '\"{NAME}\"'"
    machine = Program(folder / "home") if joins else joined_through(second, tunnel)
    command = command.replace("127.0.0.1:8888 ", f"127.0.0.1:{server.port} ").replace("18888", tunnel)
    command = command.replace("USER@", f"{getpass.getuser()}@")
    with SshServer(folder / "ssh", over_there(machine)) as ssh:
        path = f"{ssh.path}{os.pathsep}{environment(server.home)['PATH']}"
        bash_ = ["bash", "-c", f"exec {command}"]
        with Terminal(server, environment={"PATH": path}, cwd=folder, command=bash_) as terminal:
            if joins:
                terminal.see("Code:")
                terminal.see("devices approve ")
                let_in(server, terminal.word())
            wait_for(second.online, f"{NAME} is online")
            [device] = second.entries()
            task = server.submit("!say over the wire", device_id=device["device_id"])["task"]["id"]
            assert server.finished(task)["state"] == "completed"
            terminal.type("\x03")
            assert terminal.end() == 0, terminal.said


def joined_through(second: Second, tunnel: str) -> Program:
    """Return a machine that has joined, and knows the gateway under the address of a tunnel."""
    machine = second.joined()
    for name in ("device-config.json", "device-key.json"):
        file = machine.executor_home / name
        file.write_text(file.read_text().replace(f"127.0.0.1:{second.server.port}", f"127.0.0.1:{tunnel}"))
    return machine
