"""The language of the practice agent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wegent_jupyter.practice import script
from wegent_jupyter.practice.script import ScriptError, parse


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("!say hello  there", script.Say("hello  there")),
        ("!think hm", script.Think("hm")),
        ("!slow 3 0.5", script.Slow(3, 0.5)),
        ("!slow 10000 60", script.Slow(10_000, 60.0)),
        ("!bash echo 'a b' | cat", script.Bash("echo 'a b' | cat")),
        ("!write a/b.txt one", script.Write("a/b.txt", "one")),
        (r"!write x one\ntwo\tend\\n\q", script.Write("x", "one\ntwo\tend\\n\\q")),
        ('!tool Search {"q": ["é", 1, null]}', script.Tool("Search", {"q": ["é", 1, None]})),
        ("!ask May I go on?", script.Ask("May I go on?")),
        ("!ask Which way? | Left |Right", script.Ask("Which way?", ("Left", "Right"))),
        ("!break", script.Break()),
        ("!error 529 overloaded", script.Error("529 overloaded")),
        ("!hang", script.Hang()),
        ("!garbage", script.Garbage()),
        ("!flood 70000", script.Flood(70_000)),
        ("!detach 2.5", script.Detach(2.5)),
        ("!exit 255", script.Exit(255)),
        ("\t !say\tindented \r", script.Say("indented")),
    ],
)
def test_each_verb_has_its_step(line: str, step: script.Step) -> None:
    assert parse(line) == [step]


def test_steps_keep_their_order_and_other_lines_are_passed_over() -> None:
    prompt = "Please do this:\n!say one\r\nand then\n\n!say two\nThank you!"
    assert parse(prompt) == [script.Say("one"), script.Say("two")]


@pytest.mark.parametrize("prompt", ["", "hello", "What is 2 + 2?\nThanks!", " \n\n", "say !bash rm"])
def test_a_prompt_without_steps_is_free_text(prompt: str) -> None:
    assert parse(prompt) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("!", "no step `!`"),
        ("!dance", "no step `!dance`"),
        ("!Say x", "no step `!Say`"),
        ("!say", "text is missing"),
        ("!think  ", "text is missing"),
        ("!bash", "text is missing"),
        ("!error", "text is missing"),
        ("!slow", "needs"),
        ("!slow 3", "needs"),
        ("!slow 10001 1", "10000"),
        ("!slow -1 1", "whole number"),
        ("!slow 1.5 1", "whole number"),
        ("!slow ² 1", "whole number"),
        ("!slow 1 60.1", "from 0 to 60"),
        ("!slow 1 -1", "from 0 to 60"),
        ("!slow 1 nan", "from 0 to 60"),
        ("!slow 1 inf", "from 0 to 60"),
        ("!slow 1 2 3", "from 0 to 60"),
        ("!write", "needs a path"),
        ("!write a.txt", "needs a path"),
        ("!ask", "text is missing"),
        ("!ask | A | B", "is empty"),
        ("!ask Which? | A | ", "is empty"),
        ("!ask Which? | A", "from 2 to 4 choices"),
        ("!ask Which? | A | B | C | D | E", "from 2 to 4 choices"),
        ("!ask Which? | A | A", "the same"),
        ("!break off", "takes no argument"),
        ("!tool", "needs a name"),
        ("!tool x", "needs a name"),
        ("!tool x {", "bad JSON"),
        ("!tool x [1]", "must be a JSON object"),
        ('!tool x {"a": NaN}', "NaN"),
        ('!tool x {"a": "\\ud800"}', "surrogates"),
        ("!tool x " + "[" * 100_000, "nested too deeply"),
        ("!hang on", "takes no argument"),
        ("!garbage x", "takes no argument"),
        ("!flood", "whole number"),
        ("!flood 1073741825", "1073741824"),
        ("!detach soon", "seconds"),
        ("!exit 256", "from 0 to 255"),
    ],
)
def test_a_bad_step_is_named_with_its_line(line: str, reason: str) -> None:
    with pytest.raises(ScriptError) as raised:
        parse(f"!say fine\n\n{line}\n!dance")
    assert raised.value.number == 3
    assert raised.value.line == line.strip()
    assert reason in raised.value.reason
    assert str(raised.value).startswith("line 3, `!")
    assert len(str(raised.value)) < 500


@given(st.text())
def test_any_text_is_parsed_or_refused(prompt: str) -> None:
    try:
        steps = parse(prompt)
    except ScriptError as error:
        assert error.line.startswith("!")
    else:
        assert len(steps) <= prompt.count("!")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1))
def test_what_is_escaped_comes_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    assert parse(f"!write file {escaped}") == [script.Write("file", text)]
