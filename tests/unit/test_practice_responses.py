"""What the practice model makes of a conversation in the shapes in which Codex sends one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wegent_jupyter.practice import answers
from wegent_jupyter.practice.parts import Call, Text
from wegent_jupyter.practice.responses_read import read
from wegent_jupyter.practice.transcript import Transcript, call_id

PREFACE = "Practice: a scripted answer, not AI."
SCRIPT = "!bash a\n!bash b\n!say end"
OLD, TURN, NEW = (f"01a22893-{moment}-7aaa-8aaa-aaaaaaaaaaaa" for moment in ("0001", "0002", "0003"))
"""Ids of before, of the beginning of, and of within the running turn."""
EXEC, STDIN, ASK = (
    {"type": "function", "name": name} for name in ("exec_command", "write_stdin", "request_user_input")
)
PATCH = {"type": "custom", "name": "apply_patch"}
CODEX = [EXEC, STDIN, ASK, PATCH]


def user(text: str, moment: str = "") -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content, **({"id": f"msg_{moment}"} if moment else {})}


def said(step: int, kind: str = "message") -> dict[str, Any]:
    """Return a text or a thought of the model that began with a step."""
    return {"type": kind, "role": "assistant", "id": f"{'rs' if kind == 'reasoning' else 'msg'}_practice_{step}_ab"}


def done(step: int, output: Any = "Process exited with code 0", tool: str = "exec_command") -> list[dict[str, Any]]:
    """Return a call and its output."""
    called = call_id(step, tool, "call")
    return [
        {"type": "function_call", "call_id": called, "name": tool, "arguments": "{}"},
        {"type": "function_call_output", "call_id": called, "output": output},
    ]


def conversation(*items: dict[str, Any], tools: Any = CODEX, **more: Any) -> Transcript:
    return read({"input": list(items), "tools": tools, **more})


def answered(*items: dict[str, Any], **more: Any) -> tuple[str, Any]:
    """Return the text of the answer, and the name and input of its call or None."""
    parts = list(answers.answer(conversation(*items, **more)))
    calls = [(part.name, part.input) for part in parts if isinstance(part, Call)]
    return "".join(part.text for part in parts if isinstance(part, Text)), calls[0] if calls else None


def running(command: str) -> tuple[str, dict[str, Any]]:
    return "exec_command", {"cmd": command, "yield_time_ms": 30_000}


IN_TURN = {"client_metadata": {"turn_id": TURN}}


def test_each_result_leads_to_the_next_step_until_the_end() -> None:
    assert answered(user(SCRIPT)) == (PREFACE, running("a"))
    assert answered(user(SCRIPT), said(0), *done(0)) == ("", running("b"))
    assert answered(user(SCRIPT), said(0), *done(0), *done(1)) == ("end", None)


def test_a_text_alone_is_a_prompt() -> None:
    parts = answers.answer(read({"input": "!say hi", "tools": CODEX}))
    assert "".join(part.text for part in parts if isinstance(part, Text)) == f"{PREFACE}\n\nhi"


@pytest.mark.parametrize(
    "context",
    [
        "<environment_context>\n  <cwd>/x</cwd>\n!say no\n</environment_context>",
        "<skill>\n<name>x</name>\n!say no\n</skill>",
        "# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\n!say no\n</INSTRUCTIONS>",
        "<earlier-conversation>\nUser: !say no\n</earlier-conversation>",
    ],
)
def test_what_codex_says_in_the_name_of_the_user_is_no_script(context: str) -> None:
    assert answered(user(context), user("!say yes"), user(context)) == (f"{PREFACE}\n\nyes", None)


def test_history_and_prompt_may_come_in_one_message() -> None:
    both = user("<earlier-conversation>\nUser: !say no\n</earlier-conversation>")
    both["content"].append({"type": "input_text", "text": "!say yes"})
    assert answered(both) == (f"{PREFACE}\n\nyes", None)


def test_what_is_said_while_a_command_runs_is_said_back_once_and_costs_no_step() -> None:
    told = [user(SCRIPT), *done(0), user("Use tabs")]
    assert answered(*told) == ("You said meanwhile: Use tabs", running("b"))
    assert answered(*told, *done(1)) == ("end", None)


def test_what_is_said_in_mid_answer_begins_no_other_script() -> None:
    told = [user("!slow 2 0\n!bash a", NEW), user("Use tabs", NEW)]
    assert answered(*told, **IN_TURN) == (f"{PREFACE}\n\nYou said meanwhile: Use tabs\n\n1 2", running("a"))


@pytest.mark.parametrize(
    ("got", "rest"),
    [
        ([said(0)], "four"),
        ([said(0), said(2, "reasoning")], "\n\nfour"),
        ([said(0), said(2, "reasoning"), said(3)], ""),
    ],
)
def test_what_the_user_has_got_before_steering_is_not_said_again(got: list[dict[str, Any]], rest: str) -> None:
    script = user("!say one\n!say two\n!think three\n!say four", NEW)
    text, _ = answered(script, *got, user("Use tabs", NEW), **IN_TURN)
    assert text == f"You said meanwhile: Use tabs{rest}"


def test_steering_between_a_text_and_its_call_does_not_lose_the_call() -> None:
    told = [user(SCRIPT, NEW), said(0), user("Use tabs", NEW)]
    assert answered(*told, **IN_TURN) == ("You said meanwhile: Use tabs", running("a"))


def test_after_a_failed_turn_the_newest_prompt_counts() -> None:
    text, _ = answered(user("!error 500", OLD), user("!say on", NEW), **IN_TURN)
    assert text == f"{PREFACE} (message 2 of this conversation)\n\non"


@pytest.mark.parametrize(
    "end",
    [
        done(0, "Wall time: 1.0 seconds\naborted by user"),
        done(0, "aborted"),
        [*done(0), user("<turn_aborted>\nThe user interrupted the previous turn on purpose.\n</turn_aborted>")],
    ],
)
def test_a_prompt_after_an_interrupt_starts_at_its_first_step(end: list[dict[str, Any]]) -> None:
    text, call = answered(user(SCRIPT), *end, user("!bash next"))
    assert (text, call) == (f"{PREFACE} (message 2 of this conversation)", running("next"))


def test_a_prompt_after_codex_died_in_mid_turn_starts_at_its_first_step() -> None:
    text, call = answered(user(SCRIPT, OLD), *done(0), user("!bash next", NEW), **IN_TURN)
    assert (text, call) == (f"{PREFACE} (message 2 of this conversation)", running("next"))


def test_a_command_that_still_runs_is_waited_for() -> None:
    told = [user(SCRIPT), *done(0, "Wall time: 30 seconds\nProcess running with session ID 7\nOutput:\n")]
    wait = ("write_stdin", {"session_id": 7, "chars": "", "yield_time_ms": 30_000})
    assert answered(*told) == ("", wait)
    assert answered(*told, *done(0, tool="write_stdin")) == ("", running("b"))


@pytest.mark.parametrize(
    ("tools", "call"),
    [
        ([EXEC, PATCH], ("apply_patch", "*** Begin Patch\n*** Add File: it's.txt\n+x\n+y\n*** End Patch\n")),
        ([EXEC], running("cat > 'it'\"'\"'s.txt' <<'END'\nx\ny\nEND")),
    ],
)
def test_a_file_is_written_by_a_patch_or_else_by_the_shell(tools: Any, call: Any) -> None:
    assert answered(user("!write it's.txt x\\ny"), tools=tools) == (PREFACE, call)


@pytest.mark.parametrize(
    ("tool", "value"),
    [("shell_command", {"command": "ls"}), ("shell", {"command": ["bash", "-lc", "ls"]}), ("exec_command", None)],
)
def test_the_shell_that_is_offered_is_used(tool: str, value: Any) -> None:
    _, call = answered(user("!bash ls"), tools=[{"type": "function", "name": tool}])
    assert call == (running("ls") if value is None else (tool, value))


def test_a_tool_of_a_group_is_called_in_it_and_one_for_text_with_text() -> None:
    group = {"type": "namespace", "name": "mcp__demo", "tools": [{"type": "function", "name": "add"}]}
    for step, name, value, namespace in (
        ('!tool mcp__demo__add {"a": 1}', "add", {"a": 1}, "mcp__demo"),
        ('!tool apply_patch {"input": "x"}', "apply_patch", "x", None),
        ('!tool nope {"a": 1}', "nope", {"a": 1}, None),
    ):
        parts = answers.answer(conversation(user(step), tools=[EXEC, PATCH, group]))
        (call,) = (part for part in parts if isinstance(part, Call))
        assert (call.name, call.input, call.namespace) == (name, value, namespace)


@pytest.mark.parametrize(
    ("tool", "output", "words"),
    [
        ("request_user_input", '{"answers": {"practice": {"answers": ["Right"]}}}', "You chose Right.\n\nend"),
        ("request_user_input", "unavailable in Default mode", "That failed: unavailable in Default mode\n\nend"),
        ("apply_patch", "patch rejected by user", "That was not allowed: rejected by user\n\nend"),
        ("apply_patch", "Exit code: 0\nOutput:\nSuccess. Updated the following files:\nA a.txt\n", "end"),
        ("apply_patch", [{"type": "input_text", "text": "no such file"}], "That failed: no such file\n\nend"),
        (
            "exec_command",
            'CreateProcess { message: "rejected by user" }',
            "That was not allowed: rejected by user\n\nend",
        ),
        ("exec_command", "Process exited with code 3", "end"),
        ("Tool", "unsupported call: Nope", "That failed: unsupported call: Nope\n\nend"),
    ],
)
def test_what_was_chosen_denied_or_impossible_is_said(tool: str, output: Any, words: str) -> None:
    assert answered(user("!bash a\n!say end"), *done(0, output, tool)) == (words, None)


def test_a_question_cannot_be_asked_where_codex_has_no_way() -> None:
    text, call = answered(user("!ask Well?"), tools=[EXEC])
    assert (text, call) == (f"{PREFACE}\n\nA model cannot do `!ask`; this step was passed over.", None)


BASH = {"type": "function", "name": "bash"}


@pytest.mark.parametrize(
    ("other", "call"),
    [
        ({"type": "function", "name": "write"}, ("write", {"filePath": "/w/a", "content": "x"})),
        (
            {"type": "function", "name": "apply_patch"},
            ("apply_patch", {"patchText": "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\n"}),
        ),
    ],
)
def test_an_agent_with_tools_of_opencode_is_given_calls_of_its_own(other: Any, call: Any) -> None:
    told = {"role": "developer", "content": "<env>\n  Working directory: /w\n</env>"}
    assert answered(told, user("!write a x"), tools=[BASH, other]) == (PREFACE, call)


def test_a_summary_that_codex_asks_for_itself_is_no_turn() -> None:
    assert answered(user(SCRIPT), said(0), user("Create a summary.\n!error 500"), tools=[]) == (PREFACE, None)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["message", "reasoning", "function_call", "function_call_output", "x"]),
                "role": st.sampled_from(["user", "assistant", "developer"]),
                "id": st.sampled_from([f"msg_{NEW}", "msg_practice_9_ab", ""]),
                "content": st.text(),
            }
        ),
        min_size=1,
    )
)
def test_any_conversation_gets_an_answer(items: list[dict[str, Any]]) -> None:
    assert any(isinstance(part, Text) for part in answers.answer(conversation(*items, **IN_TURN)))
