"""Secrets stay out of what a turn shows, however an agent's text is cut into parts."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wegent_jupyter.executor.agents.hiding import Hiding, of_url
from wegent_jupyter.protocol.events import AgentEvent, Asked, Delta, Notice, Plan, Tool

KEY = "sk-secret-123"
SECRETS = (KEY, "sk-secret-123456", "123sk-", "aaaaaaab")
"""One begins like another, one begins where another ends, one begins within itself."""


def whole(text: str) -> str:
    longest = sorted(SECRETS, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest)), "***", text)


def shown(events: list[AgentEvent]) -> str:
    """Put the text of one item together as a viewer does."""
    text = ""
    for event in events:
        if isinstance(event, Tool):
            text = event.output
        if isinstance(event, Delta):
            assert event.offset == len(text), "each part begins where the text so far ends"
            assert event.text
            text += event.text
    return text


pieces = st.lists(st.sampled_from([*SECRETS, "sk-", "secret-", "123", "a", "aaa", "b", "😀 ", "***", "x"]), max_size=9)


@given(pieces, st.lists(st.integers(0, 80), max_size=12))
def test_any_split_of_a_text_shows_the_same_without_the_secrets(parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    events: list[AgentEvent] = []
    hiding = Hiding(events.append, SECRETS)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for begin, end in pairwise(places):
        hiding(Delta("message-1", 1, "message", begin, text[begin:end]))
        held = whole(text[:end]).removeprefix(shown(events))
        assert len(held) < max(map(len, SECRETS)), "no more is held back than may be the beginning of a secret"
        assert held == "" or any(one.startswith(held[0]) for one in (*SECRETS, "*"))
    hiding.end("message-1")
    assert shown(events) == whole(text)


@given(pieces, pieces, st.integers(0, 80))
def test_output_that_goes_on_from_a_tool_card_is_hidden_across_the_seam(
    before: list[str], after: list[str], cut: int
) -> None:
    first, rest = "".join(before), "".join(after)
    events: list[AgentEvent] = []
    hiding = Hiding(events.append, SECRETS)
    hiding(Tool("tool-1", 1, "env", status="in_progress", output=first))
    hiding(Delta("tool-1", 1, "output", len(first), rest[:cut]))
    hiding(Delta("tool-1", 1, "output", len(first + rest[:cut]), rest[cut:]))
    hiding.flush()
    assert shown(events) == whole(first + rest)
    hiding(Tool("tool-1", 1, "env", status="completed", output=first + rest))
    assert shown(events) == whole(first + rest)


def test_texts_that_grow_at_the_same_time_do_not_mix() -> None:
    events: list[AgentEvent] = []
    hiding = Hiding(events.append, SECRETS)
    for at, part in enumerate((KEY[:5], KEY[5:])):
        hiding(Delta("tool-1", 1, "output", at * 5, part))
        hiding(Delta("message-2", 2, "message", at, "so"[at]))
    hiding.flush()
    assert shown([one for one in events if isinstance(one, Delta) and one.item_id == "tool-1"]) == "***"
    assert shown([one for one in events if isinstance(one, Delta) and one.item_id == "message-2"]) == "so"


EVENTS: dict[str, AgentEvent] = {
    "a notice": Notice("n", 1, f"refused: {KEY}"),
    "a plan": Plan("plan", 1, [{"content": f"use {KEY}", "status": "pending"}]),
    "a tool": Tool("t", 1, f"echo {KEY}", input={"command": [f"echo {KEY}"], KEY: 1}, output=KEY, status="failed"),
    "a change": Tool("t", 1, "Edit", diffs=[{"path": f"/{KEY}", "old": None, "new": f"key = {KEY}"}]),
    "a question": Asked("a", 1, "1.1", f"echo {KEY}", input={"command": KEY}, questions=[{"question": f"{KEY}?"}]),
}


@pytest.mark.parametrize("name", EVENTS)
def test_no_string_of_an_event_keeps_a_secret(name: str) -> None:
    events: list[AgentEvent] = []
    Hiding(events.append, [KEY])(EVENTS[name])
    assert KEY not in repr(events)
    assert "***" in repr(events)
    assert KEY in repr(EVENTS[name]), "what the driver goes on with is as it was"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"curl -H {KEY[:8]} …", "curl -H *** …"),
        (f"curl -H {KEY[:8]}", f"curl -H {KEY[:8]}"),
        ("a disk …", "a disk …"),
        (f"{KEY} …", "*** …"),
    ],
)
def test_a_title_that_was_cut_within_a_secret_shows_none_of_it(text: str, expected: str) -> None:
    assert Hiding(lambda _: None, [KEY]).text(text) == expected


@pytest.mark.parametrize(
    ("secrets", "text"), [((), KEY), ((None, "", "none"), "none at all"), (of_url("http://[broken"), "http")]
)
def test_what_is_no_secret_is_left_alone(secrets: Any, text: str) -> None:
    assert Hiding(lambda _: None, secrets).text(text) == text


def test_the_password_of_a_proxy_is_a_secret_wherever_it_stands() -> None:
    secrets = of_url("http://somebody:p%40ssword@proxy:8080")
    hiding = Hiding(lambda _: None, secrets)
    assert hiding.text("user somebody, password p@ssword or p%40ssword") == "user somebody, password *** or ***"
    assert hiding.text("HTTPS_PROXY=http://somebody:p%40ssword@proxy:8080") == "HTTPS_PROXY=***"
