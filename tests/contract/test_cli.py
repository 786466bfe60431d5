"""`jupyter wegent`, typed as a user types it, against real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.server import JupyterServer, private_environment, wait_for
from tests.support.shell import COMMAND, Terminal, wegent
from wegent_jupyter.executor.agents.claude_binary import bundled

Start = Callable[..., JupyterServer]


def test_run_streams_does_the_work_and_exits_with_0(server: JupyterServer, tmp_path: Path) -> None:
    ran = wegent(server, "run", "--agent", "practice", "--mode", "edits", "!write hello.txt hi", cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert (tmp_path / "hello.txt").read_text() == "hi"
    assert "✓ Write hello.txt" in ran.err
    assert ran.out.startswith("Practice: a scripted answer, not AI.")


def test_every_practice_run_says_that_it_is_scripted(server: JupyterServer) -> None:
    ran = wegent(server, "run", "--agent", "practice", "!say hello")
    assert ran.err.startswith("PRACTICE: scripted, not AI")
    assert ran.err.rstrip().endswith("PRACTICE: scripted, not AI")


def test_only_the_answer_goes_to_standard_output(server: JupyterServer) -> None:
    ran = wegent(server, "run", "--agent", "practice", "--mode", "full", "!think aside\n!bash echo inner\n!say outer")
    assert "outer" in ran.out
    assert "inner" not in ran.out
    assert "inner" in ran.err


def test_the_answer_comes_while_the_agent_still_works(server: JupyterServer) -> None:
    process = subprocess.Popen(
        [*COMMAND, "run", "--agent", "practice", "!say early\n!hang"],
        env=private_environment(server.home),
        cwd=server.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    seen = b""
    while b"early" not in seen:
        chunk = os.read(process.stdout.fileno(), 1000)
        assert chunk, "it ended before it said anything"
        seen += chunk
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.stdout.close()


def test_a_failed_turn_exits_with_1_and_says_why(server: JupyterServer) -> None:
    ran = wegent(server, "run", "--agent", "practice", "!error 529")
    assert ran.status == 1
    assert "✕" in ran.err
    assert "529" in ran.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--agent", "nobody", "!say x"], "no agent 'nobody'"),
        (["run", "--agent", "practice", "--device", "moon", "!say x"], "'moon' is unknown"),
        (["run", "--agent", "practice", "--workspace", "/no/such", "!say x"], "does not exist"),
        (["run", "--agent", "practice", "--workspace", "relative", "!say x"], "absolute"),
        (["run", "--agent", "practice", "   "], "prompt"),
        (["run", "--agent", "practice", "--task", "7", "!say x"], "'7' not found"),
        (["run", "--agent", "practice", "--mode", "wild", "!say x"], "invalid choice: 'wild'"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_bad_input_exits_with_2_and_says_what_to_do(server: JupyterServer, arguments: list[str], says: str) -> None:
    ran = wegent(server, *arguments)
    assert ran.status == 2, (ran.out, ran.err)
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_the_practice_agent_is_never_chosen_for_somebody(start_server: Start) -> None:
    server = start_server(options=[f"--WegentApp.allowed_agents={agent}" for agent in ("practice", "ghost")])
    ran = wegent(server, "run", "!say x")
    assert ran.status == 2
    assert "--agent with one of: practice" in ran.err


def test_the_prompt_can_come_from_standard_input(server: JupyterServer) -> None:
    ran = wegent(server, "run", "--agent", "practice", "-", text="!say from the pipe")
    assert ran.status == 0
    assert "from the pipe" in ran.out


def test_a_task_is_continued_in_its_own_directory(server: JupyterServer, tmp_path: Path) -> None:
    wegent(server, "run", "--agent", "practice", "--mode", "edits", "!write note.txt kept", cwd=tmp_path)
    [task, *_] = json.loads(wegent(server, "tasks", "--json").out)
    ran = wegent(server, "run", "--task", str(task["id"]), "--mode", "full", "!bash cat note.txt")
    assert ran.status == 0, ran.err
    assert "kept" in ran.err


def test_json_prints_one_event_per_line(server: JupyterServer) -> None:
    ran = wegent(server, "run", "--agent", "practice", "--json", "!say hello")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.status == 0
    assert [event["pos"] for event in events] == sorted({event["pos"] for event in events})
    assert events[-1]["data"]["state"] == "completed"
    assert events[-1]["data"]["practice"] is True


def test_devices_and_tasks_are_tables_for_people_and_json_for_programs(server: JupyterServer) -> None:
    wegent(server, "run", "--agent", "practice", "!say listed")
    table = wegent(server, "devices").out
    assert "This computer" in table
    assert "online" in table
    assert "/5" in table
    devices = json.loads(wegent(server, "devices", "--json").out)
    [device] = [one for one in devices if one["embedded"]]
    assert (device["name"], device["embedded"], device["slot_max"]) == ("This computer", True, 5)
    assert "!say listed" in wegent(server, "tasks").out
    assert json.loads(wegent(server, "tasks", "--json").out)[0]["title"] == "!say listed"


def test_an_agent_cannot_steer_the_terminal(server: JupyterServer) -> None:
    ran = wegent(server, "run", "--agent", "practice", "--mode", "full", "!bash printf '\\033]0;title\\007\\033[2Jred'")
    assert ran.status == 0
    assert "\x1b" not in ran.out + ran.err
    assert "\x07" not in ran.out + ran.err


def test_without_a_server_run_starts_a_private_one_and_ends_it(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    ran = wegent(tmp_path, "run", "--agent", "practice", "--mode", "edits", "!write hello.txt hi", cwd=work)
    assert ran.status == 0, ran.err
    assert (work / "hello.txt").read_text() == "hi"
    data = tmp_path / "data" / "wegent"
    assert not (data / "gateway.json").exists()
    wait_for(lambda: not (data / "executor" / "executor.json").exists(), "the private server's executor ends")


@pytest.mark.skipif(bundled() is None, reason="claude-agent-sdk is not installed")
def test_a_private_server_is_given_the_time_to_find_its_agents(tmp_path: Path) -> None:
    ran = wegent(tmp_path, "run", "--agent", "claude", "--model", "practice", "!say found")
    assert ran.status == 0, ran.err
    assert "found" in ran.out


def test_listing_without_a_server_exits_with_3_and_says_how_to_start_one(tmp_path: Path) -> None:
    ran = wegent(tmp_path, "devices")
    assert ran.status == 3
    assert "jupyter lab" in ran.err


def test_a_killed_server_is_not_taken_for_a_running_one(start_server: Start) -> None:
    server = start_server()
    server.kill()
    assert (server.data / "gateway.json").exists()
    assert wegent(server, "devices").status == 3


def test_ctrl_c_in_a_terminal_stops_the_turn(server: JupyterServer, tmp_path: Path) -> None:
    line = ["run", "--agent", "practice", "--mode", "full", "!bash touch started; sleep 300"]
    with Terminal(server, *line, cwd=tmp_path) as terminal:
        wait_for((tmp_path / "started").exists, "the command runs")
        terminal.type("\x03")
        assert terminal.end() == 130
    [task, *_] = json.loads(wegent(server, "tasks", "--json").out)
    assert task["state"] == "cancelled"


def test_the_server_may_restart_while_run_follows(start_server: Start) -> None:
    server = start_server()
    process = subprocess.Popen(
        [*COMMAND, "run", "--agent", "practice", "!say begun\n!slow 60 0.1\n!say whole"],
        env=private_environment(server.home),
        cwd=server.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    seen = b""
    while b"begun" not in seen:
        seen += os.read(process.stdout.fileno(), 1000)
    server.kill()
    server.start()
    rest, _ = process.communicate(timeout=90)
    assert process.returncode == 0
    said = (seen + rest).decode()
    assert said.rstrip().endswith("whole")
    assert [word for word in said.split() if word.isdigit()] == [str(n) for n in range(1, 61)]
