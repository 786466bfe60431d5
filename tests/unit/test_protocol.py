"""What crosses the wire: ids, states, events, transcripts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wegent_jupyter.protocol import events, wire
from wegent_jupyter.protocol.api import Event, TurnError, Usage
from wegent_jupyter.protocol.ids import MAX_ID, IdSource
from wegent_jupyter.protocol.states import (
    AttemptState,
    TurnState,
    UnlawfulChange,
    attempt_change,
    turn_change,
)
from wegent_jupyter.protocol.transcript import Hole, Transcript, apply_item

NOW = 1_790_000_000_000


def test_ids_rise_and_never_repeat_while_the_clock_stands_still_or_goes_back() -> None:
    clock = iter([NOW] * 5000 + [NOW - 60_000] * 100)
    source = IdSource(lambda: next(clock))
    minted = [source.mint() for _ in range(5100)]
    assert minted == sorted(set(minted))
    assert 0 < minted[0] < minted[-1] <= MAX_ID


def test_ids_stay_above_those_of_a_database_from_the_future() -> None:
    assert IdSource(lambda: NOW, floor=MAX_ID - 10).mint() == MAX_ID - 9


def test_ids_are_exact_in_javascript_until_2094() -> None:
    assert IdSource(lambda: 3_913_056_000_000).mint() <= MAX_ID


@pytest.mark.parametrize("final", [state for state in TurnState if state.final])
@pytest.mark.parametrize("then", list(TurnState))
def test_final_turns_stay_final(final: TurnState, then: TurnState) -> None:
    with pytest.raises(UnlawfulChange):
        turn_change(final, then)


def test_a_running_turn_never_returns_to_the_queue() -> None:
    with pytest.raises(UnlawfulChange):
        turn_change(TurnState.RUNNING, TurnState.QUEUED)
    assert turn_change(TurnState.STARTING, TurnState.QUEUED) is TurnState.QUEUED


@pytest.mark.parametrize("state", list(AttemptState))
def test_an_accepted_attempt_is_never_a_non_start(state: AttemptState) -> None:
    if state is AttemptState.SENT:
        assert attempt_change(state, AttemptState.NOT_STARTED) is AttemptState.NOT_STARTED
    else:
        with pytest.raises(UnlawfulChange):
            attempt_change(state, AttemptState.NOT_STARTED)


EVENTS: list[events.AgentEvent] = [
    events.Started("practice", "/data/w", True, "s1"),
    events.Started("practice", "/data/w"),
    events.Delta("message-1", 1, "message", 0, "Zoë 🟢"),
    events.Delta("thought-2", 2, "thought", 3, "x"),
    events.Delta("tool-a", 3, "output", 5, "line\n"),
    events.Tool(
        "tool-a", 3, "ls", "execute", "failed", {"command": "ls"}, "out", [{"path": "a"}], [{"path": "b"}], 0.5
    ),
    events.Plan("plan", 4, [{"content": "one", "status": "pending", "priority": "low"}]),
    events.Notice("notice-1", 5, "shortened", "warning"),
    events.Steered("steer-6", 6, "be brief"),
    events.Trust("trust", 7, "/data/w", [".claude"]),
    events.Asked("approval-1", 8, "7.1", "Write a.txt", tool="edit", input={"path": "a"}, scope="edits", editable=True),
    events.Asked("approval-1", 8, "7.1", "Which?", asks="question", questions=[{"question": "Which?"}], withdrawn=True),
    events.Ended(AttemptState.COMPLETED, "end_turn", Usage(input_tokens=1, output_tokens=2), "s1"),
    events.Ended(AttemptState.CANCELLED, "cancelled"),
    events.Ended(AttemptState.FAILED, error=TurnError(code="agent_missing", message="not found", fix="install it")),
]


ASKED = {"item_id": "approval-1", "index": 1, "approval_id": "7.1", "title": "Run"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_survives_the_wire(event: events.AgentEvent) -> None:
    name, data = events.encode(event)
    decoded = events.decode(name, json.loads(json.dumps(data)))
    if isinstance(event, events.Ended) and event.state is AttemptState.CANCELLED:
        assert isinstance(decoded, events.Ended)
        assert decoded.state is event.state
    else:
        assert decoded == event


def test_only_wegents_three_events_are_terminal() -> None:
    names = {events.encode(event)[0] for event in EVENTS if isinstance(event, events.Ended)}
    assert names == events.TERMINAL_EVENTS


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("response.output_text.delta", {}),
        ("response.output_text.delta", {"block_id": "a", "output_index": "x", "block_offset": 0, "delta": ""}),
        ("response.block.created", {"block": None}),
        ("response.block.created", {"block": {"type": "tool", "item": {"unknown": 1}}}),
        *[
            ("response.block.created", {"block": {"type": "approval", "item": {**ASKED, name: wrong}}})
            for name, wrong in [
                ("approval_id", 7),
                ("approval_id", "7"),
                ("approval_id", "../7.1"),
                ("index", "first"),
                ("asks", "everything"),
                ("questions", "none"),
                ("diffs", [7]),
                ("title", None),
            ]
        ],
        ("response.completed", {"response": 7}),
    ],
)
def test_a_malformed_event_is_refused_with_its_name(name: str, data: dict[str, Any]) -> None:
    with pytest.raises(events.BadEvent, match=name):
        events.decode(name, data)


def test_unknown_events_carry_nothing() -> None:
    assert events.decode("response.in_progress", {}) is None


def test_execute_sends_no_null_in_the_fields_that_stock_executors_are_strict_about() -> None:
    message = wire.Execute(task_id=1, subtask_id=2, prompt="x", bot=[wire.Bot(name="a", shell_type="ClaudeCode")])
    sent = message.model_dump(by_alias=True, exclude_none=True)
    strict = {"system_prompt", "history", "mcp_servers", "skip_git_clone", "new_session", "inherited_sessions"}
    assert strict <= set(sent)
    assert None not in sent.values()
    assert "model_config" in sent


@pytest.mark.parametrize("bad", [0, -1, 1 << 53, "x", None])
def test_ids_out_of_range_are_refused(bad: Any) -> None:
    with pytest.raises(ValidationError):
        wire.Cancel.model_validate({"task_id": 1, "subtask_id": bad})


def delta(offset: int, text: str, pos: int = 0) -> Event:
    data = {"item_id": "m", "index": 1, "kind": "message", "offset": offset, "text": text}
    return Event(task_id=1, pos=pos, turn_id=1, attempt_id=1, type="delta", data=data)


spans = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=20)


@given(st.text(max_size=30), spans)
@settings(max_examples=200, deadline=None)
def test_text_converges_however_often_and_in_which_overlaps_it_is_applied(
    text: str, parts: list[tuple[int, int]]
) -> None:
    items: dict[str, dict[str, Any]] = {}
    have = 0
    for start, length in [*parts, (0, len(text))]:
        start = min(start, have)
        apply_item(items, "delta", delta(start, text[start : start + length]).data)
        have = max(have, min(start + length, len(text)))
        assert items["m"]["text"] == text[:have]
    assert items["m"]["text"] == text


def test_a_hole_is_noticed() -> None:
    with pytest.raises(Hole):
        apply_item({}, "delta", delta(3, "x").data)


def test_a_whole_item_replaces_what_was_there() -> None:
    transcript = Transcript()
    transcript.apply(delta(0, "abc", 1))
    whole = {"item_id": "m", "index": 1, "kind": "message", "text": "abcdef"}
    for _ in range(2):
        transcript.apply(Event(task_id=1, pos=9, turn_id=1, attempt_id=1, type="item", data=whole))
    transcript.apply(delta(3, "def", 4))
    assert transcript._items[1]["m"]["text"] == "abcdef"
