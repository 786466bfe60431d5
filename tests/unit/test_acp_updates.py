"""What is shown of a tool call of an ACP agent, in the shapes in which agents announce it and ask for it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from wegent_jupyter.executor.agents.updates import Updates
from wegent_jupyter.protocol.events import AgentEvent, Tool

DIFF = {"type": "diff", "path": "/w/a", "oldText": "x", "newText": "y"}
SHOWN = [{"path": "/w/a", "old": "x", "new": "y"}]
DONE = {"status": "completed", "content": [{"type": "content", "content": {"type": "text", "text": "Written."}}]}


@pytest.fixture
def shown() -> list[AgentEvent]:
    return []


@pytest.fixture
def updates(shown: list[AgentEvent]) -> Updates:
    return Updates(shown.append, itertools.count(1).__next__, lambda: 0.0)


def announced(**more: Any) -> dict[str, Any]:
    return {"sessionUpdate": "tool_call", "toolCallId": "c", "title": "read", "kind": "read", **more}


def later(**more: Any) -> dict[str, Any]:
    return {"sessionUpdate": "tool_call_update", "toolCallId": "c", **more}


def test_a_call_that_is_asked_for_with_nothing_shows_what_was_announced(updates: Updates) -> None:
    updates.take(announced(rawInput={"filePath": "/etc/x"}, locations=[{"path": "/etc/x"}]))
    asked = updates.call({"toolCallId": "c", "title": "read", "kind": "read", "rawInput": {}, "locations": []})
    assert asked.input == {"filePath": "/etc/x"}
    assert asked.locations == [{"path": "/etc/x", "line": None}]


def test_what_is_asked_for_counts_where_it_differs_from_what_was_announced(updates: Updates) -> None:
    updates.take(announced(kind="execute", rawInput={"command": "ls", "workdir": "/etc"}))
    asked = updates.call({"toolCallId": "c", "rawInput": {"command": "rm x"}, "locations": [{"path": "/x"}]})
    assert asked.input == {"command": "rm x", "workdir": "/etc"}
    assert asked.locations == [{"path": "/x", "line": None}]


def test_a_call_that_was_never_announced_shows_what_is_asked(updates: Updates) -> None:
    asked = updates.call({"toolCallId": "new", "title": "Run", "kind": "execute", "rawInput": {"command": "ls"}})
    assert (asked.title, asked.tool, asked.input) == ("Run", "execute", {"command": "ls"})


def test_a_diff_that_was_shown_with_the_question_stays_with_the_call(updates: Updates, shown: list[AgentEvent]) -> None:
    updates.take(announced(kind="edit"))
    assert updates.call({"toolCallId": "c", "content": [DIFF]}).diffs == SHOWN
    updates.take(later(**DONE))
    (*_, last) = shown
    assert isinstance(last, Tool)
    assert (last.status, last.output, last.diffs) == ("completed", "Written.", SHOWN)


def test_a_diff_that_comes_with_the_result_replaces_the_one_of_the_question(
    updates: Updates, shown: list[AgentEvent]
) -> None:
    updates.take(announced(kind="edit"))
    updates.call({"toolCallId": "c", "content": [DIFF]})
    updates.take(later(status="completed", content=[{**DIFF, "newText": "z"}]))
    (*_, last) = shown
    assert isinstance(last, Tool)
    assert last.diffs == [{"path": "/w/a", "old": "x", "new": "z"}]
