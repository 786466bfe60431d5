"""What Claude Code says becomes items, whatever it says; and a turn is over when it is, not before."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wegent_jupyter.executor.agents import claude_errors, claude_progress, claude_tools
from wegent_jupyter.executor.agents.claude_messages import Messages
from wegent_jupyter.executor.agents.claude_progress import Progress
from wegent_jupyter.protocol.events import AgentEvent, Delta, Notice, Tool

WORK = Path("/work-folder")
Json = dict[str, Any]


class Shown:
    """A turn's items."""

    def __init__(self) -> None:
        self.events: list[AgentEvent] = []
        self.messages = Messages(self.events.append, count(1).__next__, WORK)

    def stream(self, *events: Json) -> None:
        for event in events:
            self.messages.take({"type": "stream_event", "event": event, "parent_tool_use_id": None})

    def deltas(self) -> list[tuple[int, str]]:
        return [(event.offset, event.text) for event in self.events if isinstance(event, Delta)]


def text(*parts: str) -> list[Json]:
    start = {"type": "content_block_start", "content_block": {"type": "text", "text": ""}}
    deltas = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": part}} for part in parts]
    return [start, *deltas, {"type": "content_block_stop"}]


def call(name: str, given_: Json, call_id: str = "t1") -> Json:
    block = {"type": "tool_use", "id": call_id, "name": name, "input": given_}
    return {"type": "assistant", "message": {"id": "m", "content": [block]}, "parent_tool_use_id": None}


def test_a_character_that_comes_in_two_halves_is_one() -> None:
    shown = Shown()
    shown.stream(*text("a\ud83d", "\ude00b", "c"))
    assert shown.deltas() == [(0, "a"), (1, "😀b"), (3, "c")]


def test_it_is_told_when_no_more_comes_of_a_text() -> None:
    ended: list[str] = []
    messages = Messages(lambda _: None, count(1).__next__, WORK, ended.append)
    for event in text("one", "two"):
        assert ended == []
        messages.take({"type": "stream_event", "event": event, "parent_tool_use_id": None})
    messages.say("three")
    assert ended == ["message-1", "message-2"]


def test_text_that_was_streamed_is_not_shown_again_when_it_comes_whole() -> None:
    shown = Shown()
    shown.stream({"type": "message_start", "message": {"id": "m1"}}, *text("hello"))
    whole = [{"type": "text", "text": "hello"}]
    shown.messages.take({"type": "assistant", "message": {"id": "m1", "content": whole}, "parent_tool_use_id": None})
    shown.messages.take({"type": "assistant", "message": {"id": "m2", "content": whole}, "parent_tool_use_id": None})
    assert shown.deltas() == [(0, "hello"), (0, "hello")], "once as a stream, once as another, whole message"


def test_the_words_of_an_error_are_the_turns_error_and_not_an_answer() -> None:
    shown = Shown()
    content = [{"type": "text", "text": "API Error: 500"}]
    shown.messages.take({"type": "assistant", "message": {"content": content}, "error": "server_error"})
    assert shown.events == []


def test_tries_are_counted_in_one_notice() -> None:
    shown = Shown()
    for attempt in (1, 2):
        retry = {"type": "system", "subtype": "api_retry", "attempt": attempt, "max_retries": 10, "error_status": 529}
        shown.messages.take(retry)
    notices = [event for event in shown.events if isinstance(event, Notice)]
    assert {notice.item_id for notice in notices} == {"notice-1"}
    assert notices[-1].text == "The model answered 529; trying again (2 of 10)."


def test_a_call_that_has_no_result_at_the_end_is_failed() -> None:
    shown = Shown()
    shown.messages.take(call("Bash", {"command": "true"}))
    shown.messages.finish()
    assert isinstance(shown.events[-1], Tool)
    assert shown.events[-1].status == "failed"


@pytest.mark.parametrize(
    ("name", "given_", "title"),
    [
        ("Bash", {"command": "pytest -q"}, "pytest -q"),
        ("Bash", {"command": "true\nrm -rf ~"}, "true …"),
        ("Bash", {"command": "x" * 500}, "x" * 120 + " …"),
        ("Bash", {"command": "ls \x1b[2K\u202erm"}, "ls \ufffd[2K\ufffdrm"),
        ("Bash", {"command": ["not", "text"]}, "Bash"),
        ("Read", {"file_path": "/work-folder/src/a.py"}, "Read src/a.py"),
        ("Edit", {"file_path": "/elsewhere/a.py"}, "Edit /elsewhere/a.py"),
        ("Write", {"file_path": "a.py"}, "Write a.py"),
        ("NotebookEdit", {"notebook_path": "/work-folder/a.ipynb"}, "Edit a.ipynb"),
        ("Grep", {"pattern": "x", "path": "/work-folder/src"}, "Search “x” in src"),
        ("Glob", {"pattern": "*.py"}, "Find *.py"),
        ("WebFetch", {"url": "https://example.org"}, "Fetch https://example.org"),
        ("Task", {"description": "look"}, "Subagent: look"),
        ("mcp__jira__make_issue", {}, "jira: make_issue"),
        ("SomethingNew", {"a": 1}, "SomethingNew"),
    ],
)
def test_titles_say_what_happens_and_never_less_than_they_seem_to(name: str, given_: Json, title: str) -> None:
    assert claude_tools.describe(name, given_, WORK).title == title


def test_whatever_runs_a_command_is_asked_for_as_that_command() -> None:
    for name in ("Bash", "Monitor"):
        assert claude_tools.describe(name, {"command": "rm x"}, WORK).command == "rm x"
    assert claude_tools.describe("Edit", {"command": "rm x", "file_path": "/a"}, WORK).command is None


KINDS = ("assistant", "user", "system", "result", "stream_event", "command_lifecycle", "news")
SUBTYPES = ("init", "api_retry", "background_tasks_changed", "task_started", "task_updated", "task_notification")


def _values(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(
        ("type", "id", "content", "message", "text", "input", "name", "status", "tool_use_id", "task")
    )
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: _values(inner), max_leaves=20))
def test_no_message_of_any_shape_breaks_a_turn(value: Any) -> None:
    shown, progress = Shown(), Progress()
    shapes = [
        *({"type": kind, **extra} for kind in KINDS for extra in _extras(value)),
        call("Edit", value if isinstance(value, dict) else {"file_path": value, "edits": value}),
        call("TodoWrite", {"todos": value}, "t2"),
    ]
    for message in shapes:
        shown.messages.take(message)
        progress.take(message)
    progress.left()
    claude_errors.failure({"errors": value, "result": value, "api_error_status": value}, None, None)
    claude_errors.session_is_lost({"errors": value})


def _extras(value: Any) -> list[Json]:
    fields = ("message", "event", "usage", "patch", "tasks", "status", "errors", "task_id", "description", "state")
    everything = dict.fromkeys(fields, value)
    blocks = {"message": {"content": [value, {"type": "tool_use", "input": value}, {"type": "tool_result"}]}}
    events = [
        {"event": {"type": kind, "delta": value, "content_block": value, "message": value}}
        for kind in ("message_start", "content_block_start", "content_block_delta", "content_block_stop")
    ]
    return [everything, blocks, *events, *({**everything, "subtype": subtype} for subtype in SUBTYPES)]


def system(subtype: str, **fields: Any) -> Json:
    return {"type": "system", "subtype": subtype, **fields}


def state(name: str) -> Json:
    return system("session_state_changed", state=name)


def lifecycle(uuid: str, name: str) -> Json:
    return {"type": "command_lifecycle", "command_uuid": uuid, "state": name}


RESULT: Json = {"type": "result", "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 4}}


def after(*messages: Json, sent: tuple[str, ...] = ("a",)) -> Progress:
    progress = Progress()
    for uuid in sent:
        progress.sent(uuid)
    for message in messages:
        progress.take(message)
    return progress


def test_a_turn_is_over_when_all_was_answered_and_nothing_is_owed() -> None:
    answered = (lifecycle("a", "started"), state("running"), RESULT, lifecycle("a", "completed"))
    assert after(*answered).left() is None, "still running"
    assert after(*answered, state("idle")).left() == 0.0
    assert after(*answered, state("idle"), sent=("a", "b")).left() is None, "the second message has no answer yet"
    assert after(RESULT).left() == 0.0, "a program that tells no more than that"
    assert after(*answered, RESULT).tokens == {"input_tokens": 6, "output_tokens": 8}


def test_a_turn_is_not_over_while_something_runs_in_the_background() -> None:
    task = {"task_id": "b1", "description": "build", "task_type": "local_bash"}
    new = (system("background_tasks_changed", tasks=[task]), RESULT, state("idle"))
    old = (system("task_started", **task), RESULT, state("idle"))
    for begun in (new, old):
        progress = after(*begun)
        assert (progress.left(), progress.background, progress.answered) == (None, ["build"], True)
        progress.take(system("task_updated", task_id="b1", patch={"status": "running"}))
        assert progress.background == ["build"]
        progress.take(system("task_updated", task_id="b1", patch={"status": "completed"}))
        assert progress.background == []
        assert 0 < (progress.left() or 0) <= claude_progress.WAKE_SECONDS, "its end may wake the agent up"
        progress.take(state("running"))
        assert progress.left() is None
        progress.take(RESULT)
        progress.take(state("idle"))
        assert progress.left() == 0.0


@pytest.mark.skipif(os.name != "posix", reason="makes a named pipe")
def test_a_path_that_never_ends_holds_up_nobody(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), Path("/dev/tty"), tmp_path):
        given = {"file_path": str(path), "content": "x"}
        assert claude_tools.describe("Write", given, tmp_path).diffs[0]["old"] is None


def test_a_relative_path_is_meant_in_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("before")
    described = claude_tools.describe("Write", {"file_path": "a.txt", "content": "x"}, tmp_path)
    assert described.paths == [tmp_path / "a.txt"]
    assert described.diffs[0]["old"] == "before"


def test_a_tool_that_is_no_shell_is_not_asked_for_as_a_command() -> None:
    assert claude_tools.describe("mcp__ssh__exec", {"host": "a", "command": "rm x"}, WORK).command is None
