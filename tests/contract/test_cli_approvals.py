"""What agents ask, answered from a shell: by commands, and at the prompt of a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import JupyterServer, wait_for
from tests.support.shell import Terminal, wegent
from wegent_jupyter.executor.agents.claude_binary import bundled

PROMPT = "[s]kip: "
needs_claude = pytest.mark.skipif(bundled() is None, reason="claude-agent-sdk is not installed")


def asked(server: JupyterServer, prompt: str, tmp_path: Path, **fields: Any) -> dict[str, Any]:
    """Start a task that asks, and return its approval."""
    created = server.submit(prompt, mode="ask", workspace={"path": str(tmp_path)}, **fields)
    return server.asked(created["task"]["id"])


def newest(server: JupyterServer, tmp_path: Path) -> dict[str, Any]:
    """Wait for what the task of a directory asks."""

    def found() -> dict[str, Any] | None:
        items = server.get("/approvals").json()["items"]
        return next((one for one in items if one["workspace"] == str(tmp_path)), None)

    approval: dict[str, Any] = wait_for(found, "an approval is open")
    return approval


def said(server: JupyterServer, task_id: int) -> str:
    """Return a task's whole history as text."""
    return server.get(f"/tasks/{task_id}/events").text


# Commands.


def test_what_waits_is_listed_and_shown_whole(server: JupyterServer, tmp_path: Path) -> None:
    approval = asked(server, "!write hello.txt first line", tmp_path)
    listed = wegent(server, "approvals")
    assert listed.status == 0
    for word in ("ID", "TASK", "WHAT", "WHERE", approval["id"], "Write hello.txt", str(tmp_path)):
        assert word in listed.out
    assert approval["id"] in [one["id"] for one in json.loads(wegent(server, "approvals", "--json").out)]
    shown = wegent(server, "approvals", "show", approval["id"])
    assert shown.status == 0
    assert "+first line" in shown.out
    assert "PRACTICE: scripted, not AI" in shown.out
    assert "edits of files in this folder" in shown.out
    assert json.loads(wegent(server, "approvals", "show", approval["id"], "--json").out)["title"] == "Write hello.txt"
    assert wegent(server, "approvals", "deny", approval["id"]).status == 0


def test_allowing_lets_it_happen_and_a_second_answer_is_too_late(server: JupyterServer, tmp_path: Path) -> None:
    approval = asked(server, "!write hello.txt hi", tmp_path)
    allowed = wegent(server, "approvals", "allow", approval["id"])
    assert (allowed.status, allowed.out) == (0, "✓ allowed: Write hello.txt\n")
    assert server.finished(approval["task_id"])["state"] == "completed"
    assert (tmp_path / "hello.txt").read_text() == "hi"
    late = wegent(server, "approvals", "deny", approval["id"])
    assert late.status == 1
    assert "answered already: allowed" in late.err


def test_a_denied_agent_hears_why(server: JupyterServer, tmp_path: Path) -> None:
    approval = asked(server, "!write hello.txt hi", tmp_path)
    assert wegent(server, "approvals", "deny", approval["id"], "--reason", "not on a Friday").status == 0
    server.finished(approval["task_id"])
    assert not (tmp_path / "hello.txt").exists()
    assert "not on a Friday" in said(server, approval["task_id"])


def test_allowed_for_the_task_is_not_asked_again(server: JupyterServer, tmp_path: Path) -> None:
    approval = asked(server, "!write a.txt a\n!write b.txt b", tmp_path)
    assert wegent(server, "approvals", "allow", approval["id"], "--for-task").status == 0
    assert server.finished(approval["task_id"])["state"] == "completed"
    assert (tmp_path / "b.txt").read_text() == "b"


@pytest.mark.parametrize("answer", ["green", "2", "Which colour?=green"])
def test_a_question_is_answered_by_label_number_or_name(server: JupyterServer, tmp_path: Path, answer: str) -> None:
    approval = asked(server, "!ask Which colour? | red | green", tmp_path)
    assert "2. green" in wegent(server, "approvals", "show", approval["id"]).out
    answered = wegent(server, "approvals", "answer", approval["id"], answer)
    assert answered.status == 0, answered.err
    server.finished(approval["task_id"])
    assert "You chose green" in said(server, approval["task_id"])


def test_an_answer_that_does_not_fit_is_bad_input_and_leaves_it_open(server: JupyterServer, tmp_path: Path) -> None:
    question = asked(server, "!ask Which colour? | red | green", tmp_path)
    for arguments, says in (
        (["answer", question["id"], "blue"], "Answer with 1-2"),
        (["answer", question["id"], "red", "green"], "2 answers for 1 questions"),
        (["allow", question["id"], "--input", "[1]"], "has to be a JSON object"),
        (["allow", question["id"], "--input", "{"], "not JSON"),
        (["show", "7.7"], "No approval '7.7'"),
        (["allow", "7.7"], "not found"),
        (["dance", "7.7"], "invalid choice"),
    ):
        ran = wegent(server, "approvals", *arguments)
        assert (ran.status, says in ran.err) == (2, True), (arguments, ran.err)
        assert "Traceback" not in ran.err
    assert wegent(server, "approvals", "deny", question["id"]).status == 0


def test_without_a_server_answering_exits_with_3(tmp_path: Path) -> None:
    assert wegent(tmp_path, "approvals").status == 3
    assert wegent(tmp_path, "approvals", "allow", "1.1").status == 3


# `run` without a terminal.


def test_without_a_terminal_an_approval_ends_the_run_with_a_hint(server: JupyterServer, tmp_path: Path) -> None:
    ran = wegent(server, "run", "--agent", "practice", "!write hello.txt hi", cwd=tmp_path)
    assert ran.status == 4
    for words in ("Write hello.txt", "--wait-approvals", "--mode edits", "+hi"):
        assert words in ran.err
    [task, *_] = json.loads(wegent(server, "tasks", "--json").out)
    assert (task["state"], task["waiting"]) == ("cancelled", 0)
    assert not (tmp_path / "hello.txt").exists()


def test_a_run_can_wait_for_another_face(server: JupyterServer, tmp_path: Path) -> None:
    line = ["run", "--agent", "practice", "--wait-approvals", "--json", "!write hello.txt hi"]
    with Terminal(server, *line, cwd=tmp_path, pipes=True) as command:
        command.see("Waiting for an answer")
        approval = newest(server, tmp_path)
        assert wegent(server, "approvals", "allow", approval["id"]).status == 0
        assert command.end() == 0
    assert (tmp_path / "hello.txt").read_text() == "hi"


# `run` on a terminal.


def test_a_person_at_the_terminal_sees_the_change_and_allows_it(server: JupyterServer, tmp_path: Path) -> None:
    with Terminal(server, "run", "--agent", "practice", "!write hello.txt hi", cwd=tmp_path) as terminal:
        terminal.see("Write hello.txt")
        terminal.see("+hi")
        terminal.see("for this [t]ask (edits of files in this folder)")
        terminal.see(PROMPT)
        assert not (tmp_path / "hello.txt").exists()
        terminal.type("a\n")
        terminal.see("✓ allowed: Write hello.txt")
        assert terminal.end() == 0
    assert (tmp_path / "hello.txt").read_text() == "hi"


def test_a_person_at_the_terminal_denies_with_a_reason(server: JupyterServer, tmp_path: Path) -> None:
    with Terminal(server, "run", "--agent", "practice", "!write hello.txt hi", cwd=tmp_path) as terminal:
        terminal.see(PROMPT)
        terminal.type("d\n")
        terminal.see("Why not?")
        terminal.type("wrong folder\n")
        terminal.see("✕ denied: Write hello.txt (wrong folder)")
        terminal.end()
    assert not (tmp_path / "hello.txt").exists()


def test_allowed_for_the_task_at_the_terminal_is_asked_once(server: JupyterServer, tmp_path: Path) -> None:
    with Terminal(server, "run", "--agent", "practice", "!write a.txt a\n!write b.txt b", cwd=tmp_path) as terminal:
        terminal.see(PROMPT)
        terminal.type("nonsense\n")
        terminal.see(PROMPT)
        terminal.type("t\n")
        assert terminal.end() == 0
        assert PROMPT not in terminal.said
    assert (tmp_path / "b.txt").read_text() == "b"


def test_an_answer_from_elsewhere_frees_the_prompt_at_once(server: JupyterServer, tmp_path: Path) -> None:
    prompt = "!write a.txt a\n!say between\n!bash echo second"
    with Terminal(server, "run", "--agent", "practice", prompt, cwd=tmp_path) as terminal:
        terminal.see(PROMPT)
        terminal.type("a")  # half an answer, without Enter
        assert wegent(server, "approvals", "deny", newest(server, tmp_path)["id"]).status == 0
        terminal.see("answered at another face")
        terminal.see("$ echo second")
        terminal.see(PROMPT)
        terminal.type("\n")  # what was typed for the first one does not answer the second
        terminal.see(PROMPT)
        terminal.type("d\n")
        terminal.see("Why not?")
        terminal.type("\n")
        terminal.see("✕ denied: echo second")
        terminal.end()
    assert not (tmp_path / "a.txt").exists()


def test_skipping_leaves_it_to_another_face(server: JupyterServer, tmp_path: Path) -> None:
    with Terminal(server, "run", "--agent", "practice", "!write hello.txt hi", cwd=tmp_path) as terminal:
        terminal.see(PROMPT)
        terminal.type("s\n")
        terminal.see("Waiting for an answer")
        assert wegent(server, "approvals", "allow", newest(server, tmp_path)["id"]).status == 0
        terminal.see("✓ allowed: Write hello.txt")
        assert terminal.end() == 0


def test_a_question_is_answered_by_number_at_the_terminal(server: JupyterServer, tmp_path: Path) -> None:
    with Terminal(server, "run", "--agent", "practice", "!ask Which? | red | green", cwd=tmp_path) as terminal:
        terminal.see("2. green")
        terminal.see("leave it open): ")
        terminal.type("9\n")
        terminal.see("not offered")
        terminal.see("leave it open): ")
        terminal.type("2\n")
        terminal.see("You chose green")
        assert terminal.end() == 0


def test_ctrl_c_at_the_prompt_stops_the_turn(server: JupyterServer, tmp_path: Path) -> None:
    with Terminal(server, "run", "--agent", "practice", "!write hello.txt hi", cwd=tmp_path) as terminal:
        terminal.see(PROMPT)
        terminal.type("\x03")
        terminal.see("no longer asked")
        assert terminal.end() == 130


def test_an_approval_cannot_steer_the_terminal(server: JupyterServer, tmp_path: Path) -> None:
    line = ["run", "--agent", "practice", "!bash printf '\x1b[2J\x07\u202e'"]
    with Terminal(server, *line, cwd=tmp_path) as terminal:
        terminal.see("$ printf '�[2J��'")
        terminal.see(PROMPT)
        terminal.type("s\n")
        terminal.see("Waiting for an answer")
        assert "\x1b" not in terminal.said


@needs_claude
def test_the_input_of_a_tool_is_edited_in_the_persons_editor(server: JupyterServer, tmp_path: Path) -> None:
    editor = {"EDITOR": "sed -i s/before/after/", "VISUAL": ""}
    line = ["run", "--agent", "claude", "--model", "practice", "!write hello.txt before"]
    with Terminal(server, *line, cwd=tmp_path, environment=editor) as terminal:
        terminal.see("PRACTICE: scripted, not AI")
        terminal.see("[e]dit")
        terminal.see(PROMPT)
        terminal.type("e\n")
        terminal.see("✓ allowed")
        assert terminal.end() == 0
    assert "after" in (tmp_path / "hello.txt").read_text()


# Neighbours of `run`.


def test_an_agent_that_takes_no_messages_at_work_says_so(server: JupyterServer, tmp_path: Path) -> None:
    approval = asked(server, "!write hello.txt hi", tmp_path)
    ran = wegent(server, "steer", str(approval["task_id"]), "hurry")
    assert ran.status == 1
    assert "What to do" in ran.err
    wegent(server, "approvals", "deny", approval["id"])


@needs_claude
def test_an_agent_at_work_is_steered_and_the_run_shows_it(server: JupyterServer, tmp_path: Path) -> None:
    line = ["run", "--agent", "claude", "--model", "practice", "--wait-approvals", "!write a.txt a\n!say done"]
    with Terminal(server, *line, cwd=tmp_path, pipes=True) as command:
        command.see("Waiting for an answer")
        approval = newest(server, tmp_path)
        steered = wegent(server, "steer", str(approval["task_id"]), "also this")
        assert steered.status == 0, steered.err
        assert wegent(server, "approvals", "allow", approval["id"]).status == 0
        command.see("» also this")
        assert command.end() == 0


def test_what_failed_is_continued_and_followed(server: JupyterServer) -> None:
    wegent(server, "run", "--agent", "practice", "!error 529")
    [task, *_] = json.loads(wegent(server, "tasks", "--json").out)
    ran = wegent(server, "continue", str(task["id"]))
    assert ran.status in (0, 1), ran.err
    assert f"task {task['id']}" in ran.err
    done = server.submit("!say done")["task"]["id"]
    server.finished(done)
    refused = wegent(server, "continue", str(done))
    assert refused.status == 1, refused.err


def test_a_directory_is_trusted_and_forgotten(server: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    place = str(tmp_path / "project")
    assert wegent(server, "trust", "project", cwd=tmp_path).status == 0
    assert f"{place}  trusted" in wegent(server, "trust").out
    assert wegent(server, "trust", place, "--no").status == 0
    listed = json.loads(wegent(server, "trust", "--json").out)
    assert {"path": place, "trusted": False} in listed
    assert wegent(server, "trust", place, "--forget").status == 0
    assert place not in wegent(server, "trust").out
    assert wegent(server, "trust", "--no").status == 2


@needs_claude
def test_a_run_says_that_the_folders_own_configuration_is_off(server: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text("{}")
    ran = wegent(server, "run", "--agent", "claude", "--model", "practice", "!say hello", cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert f"jupyter wegent trust {tmp_path}" in ran.err
    assert ".claude" in ran.err


def test_agents_are_listed_with_what_mends_them(server: JupyterServer) -> None:
    listed = wegent(server, "agents")
    assert listed.status == 0
    assert "practice" in listed.out
    agents = json.loads(wegent(server, "agents", "--refresh", "--json").out)
    assert {"id": "practice", "practice": True}.items() <= agents[0].items()
    missing = wegent(server, "agents", "set-path", "claude", "nowhere")
    assert missing.status == 2, missing.err
    assert "nowhere" in missing.err
