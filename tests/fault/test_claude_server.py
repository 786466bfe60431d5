"""The real Claude Code on the practice model, through a real server and executor that are stopped and killed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.server import JupyterServer, wait_for
from wegent_jupyter.executor.processes import marked
from wegent_jupyter.protocol.api import Event
from wegent_jupyter.protocol.transcript import Transcript

if os.name != "posix":
    pytest.skip("ends processes with POSIX signals", allow_module_level=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[JupyterServer]:
    made = JupyterServer(tmp_path / "home").start()
    made.agent_ready("claude")
    yield made
    made.stop()
    made.end_executor()


def submit(server: JupyterServer, prompt: str, mode: str = "ask") -> int:
    place = {"path": str(server.files)}
    created = server.submit(prompt, agent="claude", model="practice", mode=mode, workspace=place)
    assert created["turn"]["practice"], "the model is a script, and every face has to say so"
    task: int = created["task"]["id"]
    return task


def transcript(server: JupyterServer, task: int) -> Transcript:
    shown = Transcript()
    while items := server.get(f"/tasks/{task}/events?after_pos={shown.pos}").json()["items"]:
        for item in items:
            shown.apply(Event.model_validate(item))
    return shown


def text(server: JupyterServer, task: int) -> str:
    shown = transcript(server, task)
    return shown.text(shown.turns[max(shown.turns)])


def tree(attempt: int) -> list[psutil.Process]:
    return list(marked({str(attempt), f"{attempt}-model"}))


def test_a_file_is_edited_after_one_approval_and_a_command_is_denied_with_a_reason(server: JupyterServer) -> None:
    task = submit(server, "!write made.txt hi\n!bash touch other.txt\n!say end")
    edit = server.asked(task)
    assert edit["diffs"] == [{"path": str(server.files / "made.txt"), "old": None, "new": "hi"}]
    assert not (server.files / "made.txt").exists()
    server.post(f"/approvals/{edit['id']}", {"decision": "allow"})
    wait_for(lambda: (server.files / "made.txt").exists(), "the file is written")
    command = server.asked(task)
    assert command["input"]["command"] == "touch other.txt"
    server.post(f"/approvals/{command['id']}", {"decision": "deny", "reason": "no other files"})
    turn = server.finished(task)
    assert turn["state"] == "completed", turn["error"]
    assert not (server.files / "other.txt").exists()
    assert "no other files" in text(server, task), "the model was told why"
    assert turn["usage"]["output_tokens"] > 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_an_approval_survives_the_server_and_the_turn_goes_on(server: JupyterServer, end: str) -> None:
    task = submit(server, "!write made.txt hi\n!say end")
    asked, attempt = server.asked(task), server.turn(task)["attempt_id"]
    getattr(server, end)()
    assert tree(attempt), "the agent waits without a server"
    server.start()
    assert server.asked(task) == asked
    server.post(f"/approvals/{asked['id']}", {"decision": "allow"})
    turn = server.finished(task)
    assert (turn["state"], turn["attempt_id"]) == ("completed", attempt)
    assert (server.files / "made.txt").read_text() == "hi"
    assert text(server, task).endswith("end")
    wait_for(lambda: not tree(attempt), "no process of the agent is left")


def test_a_killed_executor_leaves_no_process_and_continue_resumes_the_session(server: JupyterServer) -> None:
    task = submit(server, "!say the word is plum\n!bash for i in 1 2 3 4 5 6; do command sleep 60; done", "full")
    wait_for(lambda: any("sleep" in one.name() for one in tree(server.turn(task)["attempt_id"])), "a command runs")
    attempt = server.turn(task)["attempt_id"]
    psutil.Process(server.executor_pid()).kill()
    turn = server.finished(task)
    assert (turn["state"], turn["error"]["code"]) == ("failed", "executor_restarted")
    wait_for(lambda: not tree(attempt), "no process of the agent is left")
    server.agent_ready("claude")
    answer = server.post(f"/tasks/{task}/continue", {})
    assert answer.status_code == 201, answer.text
    turn = server.finished(task)
    assert turn["state"] == "completed", turn["error"]
    assert "message 2 of this conversation" in text(server, task), "the model saw what was said before"


def test_a_message_to_the_working_agent_arrives_once(server: JupyterServer) -> None:
    task = submit(server, "!slow 30 0.1\n!bash true\n!say end", "full")
    wait_for(lambda: text(server, task), "it streams")
    answer = server.post(f"/tasks/{task}/steer", {"prompt": "and be brief"})
    assert answer.status_code == 200, answer.text
    turn = server.finished(task)
    assert turn["state"] == "completed", turn["error"]
    shown = transcript(server, task)
    said = [item["text"] for item in shown.items(shown.turns[turn["id"]]) if item["kind"] == "steer"]
    assert said == ["and be brief"]
    assert text(server, task).count("and be brief") == 1, "the model answers it once"


def test_a_folder_with_its_own_configuration_is_off_until_it_is_trusted(server: JupyterServer) -> None:
    (server.files / ".claude").mkdir()
    hook = {"hooks": [{"type": "command", "command": f"touch {server.files / 'hooked'}"}]}
    settings = {"hooks": {"UserPromptSubmit": [hook]}}
    (server.files / ".claude" / "settings.json").write_text(json.dumps(settings))
    task = submit(server, "!say one", "full")
    assert server.finished(task)["state"] == "completed"
    shown = transcript(server, task)
    asked = [item for item in shown.items(shown.turns[max(shown.turns)]) if item["kind"] == "trust"]
    assert [(item["path"], item["found"]) for item in asked] == [(str(server.files), [".claude"])]
    assert not (server.files / "hooked").exists()
    device = server.turn(task)["device_id"]
    answer = server.request("PUT", f"/devices/{device}/trust", json={"path": asked[0]["path"], "trusted": True})
    assert answer.json() == {"items": [{"path": str(server.files), "trusted": True}]}
    server.post(f"/tasks/{task}/turns", {"prompt": "!say two"})
    assert server.finished(task)["state"] == "completed"
    assert (server.files / "hooked").exists()
    shown = transcript(server, task)
    assert not [item for item in shown.items(shown.turns[max(shown.turns)]) if item["kind"] == "trust"]
