"""What the practice model makes of a conversation, in all the shapes in which agents send one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wegent_jupyter.practice import answers
from wegent_jupyter.practice.messages_read import read
from wegent_jupyter.practice.parts import Call, Text
from wegent_jupyter.practice.transcript import Transcript, call_id

PREFACE = "Practice: a scripted answer, not AI."
SCRIPT = "!bash a\n!bash b\n!say end"


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def done(step: int, *after: Any, tool: str = "Bash", result: str = "", failed: bool = False) -> list[dict[str, Any]]:
    """Return the messages of a call and its result; `after` are blocks that came with the result."""
    called = call_id(step, tool)
    use = {"type": "tool_use", "id": called, "name": tool, "input": {}}
    come = {"type": "tool_result", "tool_use_id": called, "content": result, "is_error": failed}
    return [{"role": "assistant", "content": [use]}, user(come, *after)]


def conversation(*messages: dict[str, Any], **more: Any) -> Transcript:
    return read({"messages": list(messages), "tools": [{"name": "Bash"}], **more})


def answered(*messages: dict[str, Any], **more: Any) -> tuple[str, Any]:
    """Return the text of the answer, and the input of its call or None."""
    parts = list(answers.answer(conversation(*messages, **more)))
    calls = [part.input for part in parts if isinstance(part, Call)]
    return "".join(part.text for part in parts if isinstance(part, Text)), calls[0] if calls else None


def command(call: Any) -> Any:
    return call["command"]


@pytest.mark.parametrize(
    "content", [SCRIPT, [text(SCRIPT)], [text("<system-reminder>!say no</system-reminder>"), text(SCRIPT)]]
)
def test_the_prompt_is_found_in_every_shape(content: Any) -> None:
    said, call = answered({"role": "user", "content": content})
    assert (said, command(call)) == (PREFACE, "a")


def test_each_result_leads_to_the_next_step_until_the_end() -> None:
    said, call = answered(user(text(SCRIPT)), *done(0))
    assert (said, command(call)) == ("", "b")
    assert answered(user(text(SCRIPT)), *done(0), *done(1)) == ("end", None)


def test_a_prompt_after_an_interrupt_starts_at_its_first_step() -> None:
    cut = done(0, text("[Request interrupted by user for tool use]\n"), text("!say next"), failed=True)
    assert answered(user(text(SCRIPT)), *cut) == (f"{PREFACE} (message 2 of this conversation)\n\nnext", None)


def test_after_a_failed_answer_the_newest_prompt_counts() -> None:
    said, _ = answered(user(text("!error 529\n"), text("!say on")))
    assert said.endswith("on")


@pytest.mark.parametrize(
    "steering",
    [
        user(text("Use tabs")),
        user(text("The user sent a new message while you were working:\nUse tabs\n\nThis is how it is.")),
        user(
            text("<system-reminder>\nThe user sent the following message:\nUse tabs\n\nIMPORTANT: x</system-reminder>")
        ),
        {
            "role": "system",
            "content": "The user sent a new message while you were working:\nUse tabs\n\nThis is how it is.",
        },
    ],
)
def test_steering_is_said_back_once_and_costs_no_step(steering: dict[str, Any]) -> None:
    told = [user(text(SCRIPT)), *done(0), steering]
    said, call = answered(*told)
    assert (said, command(call)) == ("You said meanwhile: Use tabs", "b")
    assert answered(*told, *done(1)) == ("end", None)


def test_an_answer_that_was_cut_off_is_given_again() -> None:
    partial = {"role": "assistant", "content": [text(PREFACE)]}
    again = user(text("Your response above was cut off mid-stream. Resume directly from where it stops."))
    said, call = answered(user(text(SCRIPT)), partial, again)
    assert (said, command(call)) == (PREFACE, "a")


def test_news_after_the_end_do_not_repeat_the_script() -> None:
    ended = {"role": "assistant", "content": [text("end")]}
    news = user(text("<system-reminder>[SYSTEM NOTIFICATION - NOT USER INPUT]</system-reminder>"))
    assert answered(user(text("!say end")), ended, news) == ("What ran in the background has ended.", None)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({}, "a.txt"),
        ({"system": "<env>\nWorking directory: /some/where\n</env>"}, "/some/where/a.txt"),
        (
            {"system": [text("# Environment\n - Primary working directory: /some where\n - Git: no")]},
            "/some where/a.txt",
        ),
    ],
)
def test_files_are_written_in_the_working_directory(more: dict[str, Any], path: str) -> None:
    _, call = answered(user(text("!write a.txt x")), **more)
    assert call == {"file_path": path, "content": "x"}


def test_a_resumed_conversation_works_in_its_newest_directory() -> None:
    told = [{"role": "system", "content": f" - Primary working directory: /{name}"} for name in ("old", "new")]
    assert conversation(user(text("cwd: /spoofed")), *told).folder == "/new"


def test_a_denial_is_said_and_the_script_goes_on() -> None:
    said, call = answered(user(text(SCRIPT)), *done(0, result="too dear", failed=True))
    assert (said, command(call)) == ("That was not allowed: too dear", "b")


def test_a_file_is_read_before_it_is_overwritten() -> None:
    told = [
        user(text("!write a x\n!say end")),
        *done(0, tool="Write", result="File has not been read yet", failed=True),
    ]
    assert answered(*told) == ("", {"file_path": "a"})
    told += done(0, tool="Read", result="old")
    assert answered(*told) == ("", {"file_path": "a", "content": "x"})
    assert answered(*told, *done(0, tool="Write")) == ("end", None)


@given(
    st.lists(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": st.text()}),
        min_size=1,
    )
)
def test_any_conversation_gets_an_answer(messages: list[dict[str, Any]]) -> None:
    assert next(answers.answer(conversation(*messages)), None) is not None
