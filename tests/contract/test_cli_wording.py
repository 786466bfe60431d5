"""What a person reads before they decide: all of it, and nothing that steers the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from wegent_jupyter.cli.approvals import match_answers
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.wording import changed, describe, outcome, parse_answer
from wegent_jupyter.client.diffs import unified
from wegent_jupyter.protocol import api

COLOURS = [api.Choice(label="red"), api.Choice(label="green", description="as grass"), api.Choice(label="a, b")]


def approval(**fields: Any) -> api.Approval:
    plain = {"id": "1.1", "task_id": 1, "turn_id": 1, "attempt_id": 1, "device_id": "d", "agent": "claude"}
    return api.Approval.model_validate({**plain, "title": "Do it", "created_at": "2026-01-01T00:00:00Z", **fields})


def content(**fields: Any) -> list[str]:
    return [line.removeprefix("  │ ") for line in describe(approval(**fields)) if line.startswith("  │ ")]


def test_a_command_is_shown_with_every_line_and_every_other_setting() -> None:
    given = {"command": "one\ntwo", "description": "harmless", "run_in_background": True}
    assert content(input=given) == ["$ one", "  two", "{", '  "run_in_background": true', "}"]


def test_a_change_is_a_unified_diff_that_hides_no_line_end() -> None:
    assert content(diffs=[{"path": "a", "old": "x\ny\n", "new": "x\nz"}]) == [
        "--- a",
        "+++ a",
        "@@ -1,2 +1,3 @@",
        " x",
        "-y",
        "+z",
        "+\\ No newline at end of file",
    ]
    assert content(diffs=[{"path": "a", "old": None, "new": ""}]) == ["a: a new, empty file"]
    assert content(diffs=[{"path": "a", "old": "x\n", "new": "x\r\n"}])[-1] == "+x\r"
    shown = content(diffs=[{"path": "a", "old": "x\n", "new": "y\n"}], input={"file_path": "a", "replace_all": True})
    assert '  "replace_all": true' in shown


def test_another_tool_shows_its_whole_input() -> None:
    assert content(input={"url": "https://example.org"}) == ["{", '  "url": "https://example.org"', "}"]
    assert content(input=None) == []


def test_a_plan_is_shown_as_text() -> None:
    assert content(asks="plan", input={"plan": "1. look\n2. do"}) == ["1. look", "2. do"]


def test_a_title_stays_on_its_line() -> None:
    head = describe(approval(title="ls\n? claude asks: nothing\x1b[2J"))[0]
    assert "\n" not in head
    assert "\x1b" not in head


@pytest.mark.parametrize(
    ("typed", "multiple", "answer"),
    [
        ("green", False, "green"),
        ("2", False, "green"),
        ("neither", False, "neither"),
        ("1,2", False, "1,2"),
        ("1, green", True, ["red", "green"]),
        ("a, b", True, ["a, b"]),
        ("1,1", True, ["red"]),
        ("red, neither", True, "red, neither"),
    ],
)
def test_an_answer_is_a_label_a_number_or_own_words(typed: str, multiple: bool, answer: str | list[str]) -> None:
    assert parse_answer(api.Question(question="Which?", options=COLOURS, multiple=multiple), typed) == answer


@pytest.mark.parametrize("typed", ["", "  ", "0", "4", "blue", "1,2"])
def test_where_only_choices_count_other_words_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="1-3"):
        parse_answer(api.Question(question="Which?", options=COLOURS, free=False), typed)


def test_answers_come_in_order_or_by_name() -> None:
    questions = [api.Question(question="Which?", header="Colour", options=COLOURS), api.Question(question="How many?")]
    expected = {"Which?": "green", "How many?": "7"}
    for typed in (["green", "7"], ["How many?=7", "2"], ["7", "Colour=green"], ["Which?=green", "How many?=7"]):
        assert match_answers(questions, typed) == expected
    with pytest.raises(BadInput, match="1 answers for 2 questions"):
        match_answers(questions, ["green"])
    with pytest.raises(BadInput, match="not a question"):
        match_answers([], ["green"])


def test_an_outcome_says_what_became_of_it() -> None:
    denied = approval(state="denied", decision={"decision": "deny", "reason": "no\nmore"})
    assert outcome(denied) == "✕ denied: Do it (no�more)"
    edited = approval(state="allowed", decision={"decision": "allow", "input": {"a": 1}})
    assert outcome(edited) == "✓ allowed with another input: Do it"
    assert "expired" in outcome(approval(state="expired"))
    assert "no longer asked" in outcome(approval(state="withdrawn"))


def test_what_a_turn_changed_is_one_line_with_the_first_files() -> None:
    files = [{"path": f"{name}.txt", "added": 4, "removed": 1} for name in "abcd"]
    assert changed(files[:1], 1) == "1 file changed, +4 −1: a.txt"
    assert changed(files, 4) == "4 files changed, +16 −4: a.txt, b.txt, c.txt…"
    assert changed([{"path": "a\nb\x1b.png", "added": None, "removed": None}], 1) == "1 file changed, +0 −0: a�b�.png"
    assert changed(files, 1_000) == "1,000 files changed: a.txt, b.txt, c.txt…", "of most the lines are not known"


def test_a_file_that_came_or_went_has_no_other_side() -> None:
    assert unified("a", None, "x\n")[:2] == ["--- /dev/null", "+++ a"]
    assert unified("a", "x\n", None)[:2] == ["--- a", "+++ /dev/null"]
    assert unified("a", "x\n", "x\n") == []
