"""`jupyter wegent devices …` and `command`, typed as a user types them, with a second machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.access import credential
from tests.support.executor import Program
from tests.support.machine import Machine
from tests.support.server import JupyterServer, private_environment, wait_for
from tests.support.shell import COMMAND, Ran, Terminal, wegent

Start = Callable[..., JupyterServer]


@pytest.fixture(scope="module")
def box(server: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Share a second machine among tests that leave it as it was."""
    with_key = credential(server, "key")["secret"]
    machine = Machine(tmp_path_factory.mktemp("second") / "gpubox", server, token=with_key).start()
    yield machine
    machine.stop()


@pytest.fixture
def own_box(server: JupyterServer, tmp_path: Path) -> Iterator[Callable[[str], Machine]]:
    """Start machines of a test's own, which it may remove."""
    started: list[Machine] = []

    def start(name: str) -> Machine:
        machine = Machine(tmp_path / name, server, token=credential(server, "key")["secret"])
        started.append(machine)
        return machine.start()

    yield start
    for machine in started:
        machine.stop()


def shown(server: JupyterServer, device: str) -> dict[str, Any]:
    ran = wegent(server, "devices", "show", device, "--json")
    assert ran.status == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def done(ran: Ran) -> str:
    assert ran.status == 0, ran.err
    return ran.out


def test_every_device_is_listed_with_slots_version_and_when_it_was_seen(server: JupyterServer, box: Machine) -> None:
    ran = wegent(server, "devices")
    head, *rows = done(ran).splitlines()
    assert head.split() == ["NAME", "STATUS", "SLOTS", "QUEUED", "VERSION", "LAST", "SEEN", "AGENTS", "ID"]
    [row] = [one for one in rows if "gpubox" in one]
    assert all(part in row for part in ("🟢 online", "0/5", "now", "practice", box.device_id))


def test_executors_of_one_machine_are_said_to_be_on_one_machine(server: JupyterServer, box: Machine) -> None:
    machines = {one["machine"] for one in json.loads(wegent(server, "devices", "--json").out)}
    if None in machines:
        pytest.skip("this machine has no id")
    said = wegent(server, "devices").err
    assert re.search(r"On one machine: .*This computer", said)
    assert "gpubox" in said


def test_one_device_is_shown_whole_by_name_or_id(server: JupyterServer, box: Machine) -> None:
    by_name, by_id = (wegent(server, "devices", "show", which) for which in ("gpubox", box.device_id))
    assert done(by_name) == done(by_id)
    for name in ("Name:", "Id:", "Status:", "Slots:", "Version:", "Agents:"):
        assert name in by_name.out


def test_the_star_goes_from_one_device_to_another_and_away(server: JupyterServer, box: Machine) -> None:
    done(wegent(server, "devices", "default", "This computer"))
    assert "⭐ gpubox" in done(wegent(server, "devices", "default", "gpubox"))
    assert "⭐ gpubox" in wegent(server, "devices").out
    starred = [one["name"] for one in json.loads(wegent(server, "devices", "--json").out) if one["is_default"]]
    assert starred == ["gpubox"]
    assert "gpubox has no star any more" in done(wegent(server, "devices", "default", "--none"))
    assert "No device had the star" in done(wegent(server, "devices", "default", "--none"))
    assert "⭐" not in wegent(server, "devices").out


def test_run_goes_to_the_starred_device_in_a_folder_of_its_own(server: JupyterServer, box: Machine) -> None:
    done(wegent(server, "devices", "default", "gpubox"))
    try:
        assert wegent(server, "run", "--agent", "practice", "--mode", "edits", "!write here.txt hi").status == 0
    finally:
        wegent(server, "devices", "default", "--none")
    assert len(list((box.executor_home / "workspace" / "chats").rglob("here.txt"))) == 1


def test_a_name_of_ones_own_wins_and_is_found(server: JupyterServer, own_box: Callable[[str], Machine]) -> None:
    own_box("plain")
    assert "is called Big one now" in done(wegent(server, "devices", "rename", "plain", "Big one"))
    found = shown(server, "Big one")
    assert (found["name"], found["reported_name"]) == ("Big one", "plain")
    assert wegent(server, "devices", "show", "plain").status == 2


def test_slots_are_set_live(server: JupyterServer, box: Machine) -> None:
    try:
        assert "0/2 slots in use" in done(wegent(server, "devices", "slots", "gpubox", "2"))
        assert shown(server, "gpubox")["slot_max"] == 2
        for wrong in ("0", "21", "many"):
            assert wegent(server, "devices", "slots", "gpubox", wrong).status == 2
    finally:
        wegent(server, "devices", "slots", "gpubox", "5")


def test_an_ambiguous_name_is_refused_with_the_ids(server: JupyterServer, own_box: Callable[[str], Machine]) -> None:
    one, two = own_box("left"), own_box("right")
    for machine in (one, two):
        done(wegent(server, "devices", "rename", machine.device_id, "twin"))
    ran = wegent(server, "devices", "show", "twin")
    assert ran.status == 2
    assert "ambiguous" in ran.err
    assert one.device_id in ran.err
    assert two.device_id in ran.err
    assert shown(server, one.device_id)["name"] == "twin"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["devices", "show", "moon"], "'moon' is unknown"),
        (["devices", "default"], "Which device?"),
        (["devices", "default", "gpubox", "--none"], "Which device?"),
        (["devices", "rename", "gpubox", "  "], "at least 1 character"),
        (["devices", "approve", "ABC"], "is not a code"),
        (["devices", "approve", "QQQQ-QQQQ"], "QQQQ-QQQQ"),
        (["devices", "delete", "This computer", "--yes"], "cannot be deleted"),
        (["devices", "dance"], "invalid choice: 'dance'"),
        (["command", "gpubox", "rm_rf"], "rm_rf"),
    ],
)
def test_bad_input_exits_with_2_and_says_what_is_wrong(
    server: JupyterServer, box: Machine, arguments: list[str], says: str
) -> None:
    ran = wegent(server, *arguments)
    assert ran.status == 2, (ran.out, ran.err)
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_nothing_is_deleted_without_a_yes(server: JupyterServer, box: Machine) -> None:
    ran = wegent(server, "devices", "delete", "gpubox")
    assert ran.status == 2
    assert "--yes" in ran.err
    with Terminal(server, "devices", "delete", "gpubox") as terminal:
        terminal.see("[y/N] ")
        terminal.type("n\n")
        terminal.see("Nothing was deleted")
        assert terminal.end() == 130
    assert shown(server, "gpubox")["status"] == "online"


def test_a_deleted_device_that_still_runs_comes_back(server: JupyterServer, own_box: Callable[[str], Machine]) -> None:
    machine = own_box("boomerang")
    before = shown(server, "boomerang")["id"]
    with Terminal(server, "devices", "delete", "boomerang") as terminal:
        terminal.see("It keeps its key")
        terminal.see("[y/N] ")
        terminal.type("y\n")
        terminal.see("is deleted")
        assert terminal.end() == 0
    wait_for(lambda: (found := machine.device()) and found["id"] != before, "it is a new entry")
    machine.reach("online")


def test_a_revoked_device_stays_away(server: JupyterServer, own_box: Callable[[str], Machine]) -> None:
    machine = own_box("gone")
    assert "is deleted" in done(wegent(server, "devices", "delete", "gone", "--revoke", "--yes"))
    wait_for(lambda: "refused" in (machine.executor_home / "status.json").read_text(), "it is told why")
    assert wegent(server, "devices", "show", "gone").status == 2


def test_a_device_is_not_deleted_while_turns_run_there(server: JupyterServer, box: Machine) -> None:
    task = box.submit("!hang")
    wait_for(lambda: server.turn(task)["state"] == "running", "the turn runs")
    ran = wegent(server, "devices", "delete", "gpubox", "--yes")
    assert ran.status == 1, ran.err
    server.post(f"/tasks/{task}/cancel", {})
    server.finished(task)


def test_add_says_only_what_works_and_why_the_rest_does_not(server: JupyterServer) -> None:
    said = done(wegent(server, "devices", "add"))
    assert f"-R 127.0.0.1:18888:127.0.0.1:{server.port}" in said
    assert "wegent-executor --wait join" in said
    assert "jupyter wegent devices approve CODE" in said
    assert "Not direct: This server listens on 127.0.0.1 only" in said
    assert f"wegent-executor join http://{server.url.split('/')[2]}" not in said
    assert json.loads(done(wegent(server, "devices", "add", "--json")))["ways"]


def code_of(program: Program) -> str:
    """Return the code that a machine shows which wants to join."""
    found = wait_for(lambda: re.search(r"Code:\s+([A-Z]{4}-[A-Z]{4})", program.said), "it shows a code")
    return str(found[1])


def test_a_machine_is_let_in_by_the_code_that_it_shows(server: JupyterServer, tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.start("join", f"{server.url}wegent", "--name", "visitor")
        code = code_of(program)
        with Terminal(server, "devices", "approve", code.lower().replace("-", "")) as terminal:
            terminal.see("visitor")
            terminal.see("asks from 127.0.0.1")
            terminal.see(code)
            terminal.see("[y/N] ")
            terminal.type("y\n")
            terminal.see("visitor is let in")
            assert terminal.end() == 0
        program.reach("connected")
        wait_for(lambda: shown(server, "visitor")["status"] == "online", "it is online")
        key = (program.executor_home / "device-key.json").stat()
        assert key.st_mode & 0o077 == 0


def test_nobody_is_let_in_without_a_yes(server: JupyterServer, tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.start("join", f"{server.url}wegent", "--name", "stranger")
        code = code_of(program)
        ran = wegent(server, "devices", "approve", code)
        assert ran.status == 2
        assert "stranger" in ran.err
        assert "--yes" in ran.err
        assert "kept out" in done(wegent(server, "devices", "reject", code))
        assert program.process is not None
        assert program.process.wait(30) == 1
    assert wegent(server, "devices", "show", "stranger").status == 2


def test_a_machine_joins_with_a_code_that_was_piped(server: JupyterServer, tmp_path: Path) -> None:
    code = done(wegent(server, "tokens", "create", "unattended", "--join"))
    with Program(tmp_path) as program:
        joined = program.run("join", f"{server.url}wegent", "--name", "piped", "--code", "-", "--no-run", stdin=code)
        assert joined.returncode == 0, joined.stderr
        program.start().reach("connected")
        wait_for(lambda: shown(server, "piped")["status"] == "online", "it is online")


def test_a_command_of_a_device_prints_what_it_found(server: JupyterServer, box: Machine) -> None:
    assert done(wegent(server, "command", "gpubox", "home_dir")).strip() == str(box.home)
    result = json.loads(done(wegent(server, "command", "gpubox", "home_dir", "--json")))
    assert (result["success"], result["stdout"].strip()) == (True, str(box.home))


def test_upgrade_says_what_upgrades_our_executor(server: JupyterServer, box: Machine) -> None:
    assert "pip install --upgrade" in done(wegent(server, "devices", "upgrade", "gpubox"))


def test_chat_folders_are_made_where_the_device_says(server: JupyterServer, tmp_path: Path) -> None:
    key = credential(server, "key")["secret"]
    chats = {"WEGENT_EXECUTOR_CHATS_DIR": str(tmp_path / "talks")}
    machine = Machine(tmp_path / "chatty", server, token=key, environment=chats).start()
    try:
        prompt = ["--mode", "edits", "!write here.txt hi"]
        done(wegent(server, "run", "--agent", "practice", "--device", "chatty", *prompt))
        assert len(list((tmp_path / "talks").rglob("here.txt"))) == 1
    finally:
        machine.stop()


def test_a_command_that_fails_exits_with_1(server: JupyterServer, box: Machine) -> None:
    ran = wegent(server, "command", "gpubox", "path_exists", "nothing-of-that-name")
    assert ran.status == 1, (ran.out, ran.err)


def test_run_on_a_device_that_is_away_waits_and_says_so(
    server: JupyterServer, own_box: Callable[[str], Machine]
) -> None:
    machine = own_box("sleeper")
    machine.stop()
    machine.process = None
    machine.reach("reconnecting", "offline")
    process = subprocess.Popen(
        [*COMMAND, "run", "--agent", "practice", "--device", "sleeper", "!say awake"],
        env=private_environment(server.home),
        cwd=server.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = ""
    while "queued" not in said:
        line = process.stderr.readline()
        assert line, f"it ended: {said}"
        said += line.decode()
    assert "queued at place 1 of sleeper: its device is away" in said
    machine.start()
    out, _ = process.communicate(timeout=90)
    assert process.returncode == 0
    assert "awake" in out.decode()


def test_a_follow_up_on_another_device_says_what_travels(server: JupyterServer, box: Machine, tmp_path: Path) -> None:
    wegent(server, "run", "--agent", "practice", "--mode", "edits", "!write stays.txt hi", cwd=tmp_path)
    task = json.loads(wegent(server, "tasks", "--json").out)[0]["id"]
    ran = wegent(server, "run", "--task", str(task), "--device", "gpubox", "--mode", "full", "!bash ls")
    assert ran.status == 0, ran.err
    assert "The task goes on on gpubox" in ran.err
    assert "files do not" in ran.err
    assert "stays.txt" not in ran.out + ran.err
    back = wegent(server, "run", "--task", str(task), "--device", "This computer", "--mode", "full", "!bash ls")
    assert "stays.txt" in back.err


def test_a_follow_up_stays_where_it_is_unless_it_is_told(server: JupyterServer, box: Machine) -> None:
    done(wegent(server, "run", "--agent", "practice", "--device", "gpubox", "!say one"))
    task = json.loads(wegent(server, "tasks", "--json").out)[0]
    ran = wegent(server, "run", "--task", str(task["id"]), "!say two")
    assert ran.status == 0
    assert "travel" not in ran.err
    assert "goes on on" not in ran.err
    assert server.get(f"/tasks/{task['id']}").json()["device_id"] == box.device_id


def test_without_a_server_nothing_is_managed(tmp_path: Path) -> None:
    for arguments in (["devices", "show", "x"], ["queue"], ["tokens"], ["devices", "add"]):
        ran = wegent(tmp_path, *arguments)
        assert ran.status == 3, (arguments, ran.err)
        assert "jupyter lab" in ran.err


def test_help_names_every_action() -> None:
    said = subprocess.run([sys.executable, "-m", "wegent_jupyter.cli.main", "devices", "--help"], capture_output=True)
    for action in ("show", "default", "rename", "slots", "upgrade", "delete", "add", "approve", "reject"):
        assert f"\n    {action} " in said.stdout.decode()
