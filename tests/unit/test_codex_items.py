"""What Codex says, as our items: text, commands, patches, tools, plans, tokens; of any shape."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, TypeVar

import pytest

from wegent_jupyter.executor.agents import codex_items, codex_patch
from wegent_jupyter.executor.agents.codex_messages import Messages
from wegent_jupyter.protocol.events import AgentEvent, Delta, Notice, Plan, Tool

WORKSPACE = Path("/folder")
One = TypeVar("One")


class Heard:
    """The items of one turn, told by hand."""

    def __init__(self) -> None:
        self.events: list[AgentEvent] = []
        self.messages = Messages(self.events.append, itertools.count(1).__next__, WORKSPACE)
        self.messages.thread = "main"

    def tell(self, method: str, thread: str = "main", **params: Any) -> None:
        self.messages.take(method, {"threadId": thread, "turnId": "t", **params})

    def item(self, method: str, thread: str = "main", **item: Any) -> None:
        self.tell(f"item/{method}", thread, item={"id": "i", **item})

    def of(self, kind: type[One]) -> list[One]:
        return [event for event in self.events if isinstance(event, kind)]

    def text(self, kind: str = "message") -> str:
        return "".join(event.text for event in self.of(Delta) if event.kind == kind)


@pytest.fixture
def heard() -> Heard:
    return Heard()


COMMANDS = {
    "/bin/bash -lc 'ls -la'": "ls -la",
    "/usr/bin/zsh -c \"echo 'a'\"": "echo 'a'",
    "/bin/bash -lc ls": "ls",
    "bash script.sh": "bash script.sh",
    "/bin/bash -lc ls extra": "/bin/bash -lc ls extra",
    "python -c 'print(1)'": "python -c 'print(1)'",
    "echo 'unbalanced": "echo 'unbalanced",
    "": "",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_shown_without_the_shell_around_it(command: str) -> None:
    assert codex_items.script(command) == COMMANDS[command]


MCP = {"type": "mcpToolCall", "server": "s", "tool": "t"}
ITEMS: dict[str, tuple[dict[str, Any], tuple[str, str, Any, str | None]]] = {
    "a command that failed": (
        {
            "type": "commandExecution",
            "command": "sh -c false",
            "cwd": "/folder",
            "aggregatedOutput": None,
            "exitCode": 1,
        },
        ("false", "execute", {"command": "false"}, "(exit status 1)"),
    ),
    "a command elsewhere": (
        {"type": "commandExecution", "command": "ls", "cwd": "/other", "aggregatedOutput": "a\n", "exitCode": 0},
        ("ls", "execute", {"command": "ls", "cwd": "/other"}, "a\n"),
    ),
    "a tool of a server": (
        {**MCP, "arguments": {"a": 1}, "result": {"content": [{"type": "text", "text": "x"}, {"type": "image"}]}},
        ("s: t", "other", {"a": 1}, "x\n[image]"),
    ),
    "a tool of a server that failed": (
        {**MCP, "arguments": {}, "error": {"message": "no"}},
        ("s: t", "other", {}, "no"),
    ),
    "a search": ({"type": "webSearch", "query": "q"}, ("Search the web for “q”", "fetch", None, None)),
    "a picture": (
        {"type": "imageView", "path": "/folder/a.png"},
        ("Look at a.png", "read", {"path": "/folder/a.png"}, None),
    ),
    "a subagent": (
        {"type": "collabAgentToolCall", "tool": "spawnAgent", "prompt": "look"},
        ("Subagent: look", "think", {"prompt": "look"}, None),
    ),
    "nothing that is known": (
        {"type": "commandExecution", "command": 5, "cwd": [], "exitCode": "x"},
        ("", "execute", {"command": ""}, None),
    ),
}


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_is_described_in_words(name: str) -> None:
    item, expected = ITEMS[name]
    found = codex_items.describe(item, WORKSPACE)
    assert found is not None
    assert (found.title, found.kind, found.input, found.output) == expected


@pytest.mark.parametrize("kind", ["userMessage", "hookPrompt", "enteredReviewMode", "of-the-future", None, 5])
def test_what_is_no_tool_is_not_shown_as_one(kind: Any) -> None:
    assert codex_items.describe({"type": kind}, WORKSPACE) is None


def change(kind: str, diff: str, **how: Any) -> dict[str, Any]:
    return {"path": "/folder/a.py", "kind": {"type": kind, **how}, "diff": diff}


CHANGES: dict[str, tuple[dict[str, Any], str, list[tuple[str, str | None, str]]]] = {
    "a new file": (change("add", "x\n"), "edit", [("/folder/a.py", None, "x\n")]),
    "a deleted file": (change("delete", "x\n"), "delete", [("/folder/a.py", "x\n", "")]),
    "two places": (
        change("update", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -9 +9 @@\n-d\n+e\n"),
        "edit",
        [("/folder/a.py", "a\nb\n", "a\nc\n"), ("/folder/a.py", "d\n", "e\n")],
    ),
    "no line break at the end": (
        change("update", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"),
        "edit",
        [("/folder/a.py", "a", "b\n")],
    ),
    "no line break at either end": (
        change("update", "@@ -1,2 +1,2 @@\n-a\n b\n\\ No newline at end of file\n"),
        "edit",
        [("/folder/a.py", "a\nb", "b")],
    ),
    "ends of lines that are none": (
        change("update", "@@ -1 +1,3 @@\n x\n+// fine\u2028-evil()\n+ok\r@@ hidden()\n+\x0b\\ \x85 gone\r\n"),
        "edit",
        [("/folder/a.py", "x\n", "x\n// fine\u2028-evil()\nok\r@@ hidden()\n\x0b\\ \x85 gone\r\n")],
    ),
    "a lone CR, after which Codex puts another sign": (
        change("update", "@@ -1 +1,3 @@\n-x\r-y\n+// ok\r+@@ hidden()\n+\r\n+z\r"),
        "edit",
        [("/folder/a.py", "x\ry\n", "// ok\r@@ hidden()\n\r\nz\r")],
    ),
    "a lone CR in an unended line": (
        change("update", "@@ -1 +1 @@\n-x\n+a\rb"),
        "edit",
        [("/folder/a.py", "x\n", "a\rb")],
    ),
    "a move with Codex's note": (
        change("update", "@@ -1 +1 @@\n-a\n+b\n\n\nMoved to: /folder/b.py", move_path="/folder/b.py"),
        "move",
        [("/folder/b.py", "a\n", "b\n")],
    ),
    "a move": (
        change("update", "@@ -1 +1 @@\n-a\n+b\n", move_path="/folder/b.py"),
        "move",
        [("/folder/b.py", "a\n", "b\n")],
    ),
    "a move alone": (change("update", "", move_path="/folder/b.py"), "move", [("/folder/b.py", "", "")]),
    "lines that look like headers": (
        change("update", "@@ -1,2 +1 @@\n--- a\n+++ b\n"),
        "edit",
        [("/folder/a.py", "-- a\n", "++ b\n")],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_becomes_diffs_of_its_places(name: str) -> None:
    given, kind, expected = CHANGES[name]
    assert [(one["path"], one["old"], one["new"]) for one in codex_patch.diffs([given])] == expected
    assert codex_patch.kind([given]) == kind


def test_all_files_that_a_patch_touches_are_named() -> None:
    moved = change("update", "", move_path="/elsewhere/b.py")
    assert codex_patch.paths([moved, {"path": "c.py"}], WORKSPACE) == [
        Path("/folder/a.py"),
        Path("/elsewhere/b.py"),
        Path("/folder/c.py"),
    ]


def test_leave_to_edit_is_no_leave_to_delete_or_move() -> None:
    edit, deleted = change("update", ""), change("delete", "")
    moved = change("update", "", move_path="/folder/b.py")
    assert codex_patch.kind([edit, change("add", "")]) == "edit"
    assert codex_patch.kind([edit, moved]) == codex_patch.kind([moved, edit]) == "move"
    for others in ([edit], [moved], [edit, moved]):
        assert codex_patch.kind([*others, deleted]) == codex_patch.kind([deleted, *others]) == "delete"


def test_a_move_shows_what_it_overwrites(tmp_path: Path) -> None:
    there = tmp_path / "there.txt"
    there.write_text("precious\n")
    moved = change("update", "@@ -1 +1 @@\n-a\n+b\n", move_path=str(there))
    assert codex_patch.diffs([moved]) == [
        {"path": str(there), "old": "precious\n", "new": ""},
        {"path": str(there), "old": "a\n", "new": "b\n"},
    ]


@pytest.mark.parametrize("changes", [None, 5, "x", [None], [{"path": 5, "kind": 5, "diff": 5}], {}])
def test_a_patch_of_any_shape_is_survived(changes: Any) -> None:
    assert isinstance(codex_patch.diffs(changes), list)
    assert isinstance(codex_patch.paths(changes, WORKSPACE), list)
    assert codex_patch.kind(changes) == "edit"


def test_text_that_was_not_streamed_is_shown_at_its_end(heard: Heard) -> None:
    heard.tell("item/agentMessage/delta", itemId="i", delta="so")
    heard.item("completed", type="agentMessage", text="so far")
    heard.tell("item/completed", item={"id": "j", "type": "agentMessage", "text": "whole"})
    assert heard.text() == "so far" + "whole"
    assert [(one.item_id, one.offset) for one in heard.of(Delta)] == [
        ("message-1", 0),
        ("message-1", 2),
        ("message-2", 0),
    ]


def test_thoughts_are_shown_once_whether_as_a_summary_or_in_full(heard: Heard) -> None:
    heard.tell("item/reasoning/summaryTextDelta", itemId="i", delta="first", summaryIndex=0)
    heard.tell("item/reasoning/textDelta", itemId="i", delta="in full", contentIndex=0)
    heard.tell("item/reasoning/summaryTextDelta", itemId="i", delta="second", summaryIndex=1)
    heard.item("completed", type="reasoning", summary=["first", "second"], content=["in full"])
    assert heard.text("thought") == "first\n\nsecond"


def test_what_subagents_do_is_shown_and_what_they_say_is_not(heard: Heard) -> None:
    heard.tell("item/agentMessage/delta", "below", itemId="m", delta="said below")
    heard.item("completed", "below", type="agentMessage", text="said below")
    heard.tell("turn/plan/updated", "below", plan=[{"step": "x", "status": "pending"}])
    heard.item("started", "below", type="commandExecution", command="ls", status="inProgress")
    assert heard.text() == ""
    assert heard.of(Plan) == []
    assert [tool.title for tool in heard.of(Tool)] == ["ls"]


def test_output_is_streamed_and_replaced_by_the_whole(heard: Heard) -> None:
    heard.item("started", type="commandExecution", command="ls", status="inProgress")
    heard.tell("item/commandExecution/outputDelta", itemId="i", delta="b\n")
    heard.tell("item/commandExecution/outputDelta", itemId="unknown", delta="c\n")
    heard.item(
        "completed", type="commandExecution", command="ls", status="completed", aggregatedOutput="a\nb\n", exitCode=0
    )
    assert [(one.item_id, one.offset, one.text) for one in heard.of(Delta)] == [("tool-i", 0, "b\n")]
    assert [(tool.status, tool.output) for tool in heard.of(Tool)] == [("in_progress", ""), ("completed", "a\nb\n")]


def test_streamed_output_stays_where_the_whole_is_not_told(heard: Heard) -> None:
    heard.item("started", type="commandExecution", command="ls", status="inProgress")
    heard.tell("item/commandExecution/outputDelta", itemId="i", delta="b\n")
    heard.messages.finish()
    assert (heard.of(Tool)[-1].status, heard.of(Tool)[-1].output) == ("failed", "b\n")


def test_a_patch_keeps_the_diff_from_before_it_was_made(heard: Heard, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old\n")
    patch: dict[str, Any] = {
        "type": "fileChange",
        "changes": [{"path": str(path), "kind": {"type": "add"}, "diff": "new\n"}],
    }
    heard.item("started", **patch, status="inProgress")
    path.write_text("new\n")
    heard.item("completed", **patch, status="completed")
    assert [tool.diffs for tool in heard.of(Tool)] == [[{"path": str(path), "old": "old\n", "new": "new\n"}]] * 2


def test_a_plan_replaces_itself(heard: Heard) -> None:
    for status in ("inProgress", "completed", "odd"):
        heard.tell("turn/plan/updated", plan=[{"step": "one", "status": status}])
    assert [(one.item_id, one.index, one.entries[0]["status"]) for one in heard.of(Plan)] == [
        ("plan", 1, "in_progress"),
        ("plan", 1, "completed"),
        ("plan", 1, "pending"),
    ]


def test_retries_replace_their_notice(heard: Heard) -> None:
    for times in (1, 2):
        error = {"message": f"Reconnecting... {times}/5", "additionalDetails": "stream closed."}
        heard.tell("error", willRetry=True, error=error)
    assert [(one.index, one.text) for one in heard.of(Notice)] == [
        (1, "stream closed. Reconnecting... 1/5"),
        (1, "stream closed. Reconnecting... 2/5"),
    ]


def test_warnings_are_said_once_and_only_those_that_help(heard: Heard) -> None:
    for text in ("careful", "careful", "Model metadata for `x` not found."):
        heard.tell("warning", message=text)
    heard.tell("mcpServer/startupStatus/updated", name="s", status="failed", error="no such file")
    heard.tell("mcpServer/startupStatus/updated", name="s", status="ready")
    heard.tell("model/rerouted", fromModel="a", toModel="b")
    heard.item("completed", type="contextCompaction")
    assert [one.text for one in heard.of(Notice)] == [
        "careful",
        "The tool server “s” did not start: no such file",
        "The provider answers with another model: b.",
        "The conversation was summarised, to make room for more.",
    ]


def tokens(total: int, last: int) -> dict[str, Any]:
    def part(count: int) -> dict[str, int]:
        return {"inputTokens": count, "outputTokens": 1, "totalTokens": count + 1}

    return {"total": part(total), "last": part(last)}


@pytest.mark.parametrize("told", ["before", "late", "not at all"])
def test_tokens_are_those_of_the_turn_and_not_of_the_conversation(told: str, heard: Heard) -> None:
    """A thread that is resumed tells what its last turn had used: before ours begins, or after that, or not."""
    used: dict[str, Any] = {"turnId": "an earlier one", "tokenUsage": tokens(1000, 300)}
    if told == "before":
        heard.tell("thread/tokenUsage/updated", **used)
    heard.tell("turn/started", turn={"id": "t"})
    if told == "late":
        heard.tell("thread/tokenUsage/updated", **used)
    seen = [heard.messages.usage]
    for total, last in ((1010, 10), (1030, 20)):
        heard.tell("thread/tokenUsage/updated", tokenUsage=tokens(total, last))
        seen.append(heard.messages.usage)
    assert [usage and usage.input_tokens for usage in seen] == [None, 10, 30]


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [None], {"item": 5}])
@pytest.mark.parametrize(
    "method",
    [
        "item/started",
        "item/completed",
        "item/agentMessage/delta",
        "item/commandExecution/outputDelta",
        "item/fileChange/patchUpdated",
        "item/reasoning/summaryTextDelta",
        "turn/plan/updated",
        "thread/tokenUsage/updated",
        "error",
        "warning",
        "of/the/future",
    ],
)
def test_messages_of_any_shape_are_survived(method: str, value: Any, heard: Heard) -> None:
    keys = ("item", "itemId", "delta", "plan", "tokenUsage", "error", "message", "changes", "willRetry", "summaryIndex")
    heard.tell(method, **dict.fromkeys(keys, value))
    heard.messages.finish()
    assert all(isinstance(event, Delta | Tool | Plan | Notice) for event in heard.events)


KINDS = {
    "userMessage": False,
    "agentMessage": False,
    "reasoning": False,
    "plan": False,
    "contextCompaction": False,
    "commandExecution": True,
    "collabAgentToolCall": True,
    "ofTheFuture": True,
}


@pytest.mark.parametrize("kind", KINDS)
def test_only_thought_and_talk_count_as_having_done_nothing(kind: str, heard: Heard) -> None:
    heard.item("started", type=kind)
    assert heard.messages.acted is KINDS[kind]


CALL: dict[str, Any] = {"type": "mcpToolCall", "server": "demo", "status": "inProgress", "arguments": {}}
ASKED: dict[str, Any] = {
    "threadId": "main",
    "serverName": "demo",
    "_meta": {"codex_approval_kind": "mcp_tool_call", "tool_params": {}},
    "message": 'Allow the demo MCP server to run tool "soft"?',
    "requestedSchema": {"type": "object", "properties": {}},
}


def test_each_of_several_calls_at_once_is_asked_for_as_itself_and_once(heard: Heard) -> None:
    for tool in ("soft", "peek", "last"):
        heard.item("started", **{**CALL, "id": tool, "tool": tool})
    heard.item("completed", **{**CALL, "id": "last", "tool": "last", "status": "completed"})

    def claimed(tool: str) -> str | None:
        return heard.messages.claim_call({**ASKED, "message": ASKED["message"].replace("soft", tool)})

    assert [claimed(tool) for tool in ("peek", "soft", "soft", "last")] == ["peek", "soft", None, None]


OTHERS: dict[str, dict[str, Any]] = {
    "another thread": {"threadId": "sub"},
    "another server": {"serverName": "other"},
    "other arguments": {"_meta": {"tool_params": {"a": 1}}},
    "a sentence of its own": {"message": "Delete your account?"},
    "fields to fill in": {"requestedSchema": {"properties": {"sure": {"type": "boolean"}}}},
    "another shape": {"_meta": 5, "requestedSchema": 5, "message": None},
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_looks_like_a_question_of_codex_claims_no_call(name: str, heard: Heard) -> None:
    heard.item("started", **{**CALL, "id": "soft", "tool": "soft"})
    assert heard.messages.claim_call({**ASKED, **OTHERS[name]}) is None
    assert heard.messages.claim_call(ASKED) == "soft"


def test_it_is_told_when_no_more_comes_of_a_text() -> None:
    ended: list[str] = []
    messages = Messages(lambda _: None, itertools.count(1).__next__, WORKSPACE, ended.append)
    messages.take("item/agentMessage/delta", {"itemId": "i", "delta": "one"})
    assert ended == []
    messages.take("item/completed", {"item": {"type": "agentMessage", "id": "i", "text": "one"}})
    messages.take("item/completed", {"item": {"type": "reasoning", "id": "r", "summary": ["two"]}})
    assert ended == ["message-1", "thought-2"]
