"""Questions that programs ask a terminal are taken out of what is replayed; everything else is left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wegent_jupyter.protocol.screen import MAX_SEQUENCE, QuestionFilter

QUESTIONS = {
    "what are you": b"\x1b[c",
    "what are you, 0": b"\x1b[0c",
    "secondary": b"\x1b[>c",
    "secondary, 0": b"\x1b[>0c",
    "tertiary": b"\x1b[=c",
    "DECID": b"\x1bZ",
    "ENQ": b"\x05",
    "are you well": b"\x1b[5n",
    "where is the cursor": b"\x1b[6n",
    "where is the cursor, DEC": b"\x1b[?6n",
    "name and version": b"\x1b[>q",
    "name and version, 0": b"\x1b[>0q",
    "is the mode on": b"\x1b[?2026$p",
    "is the ANSI mode on": b"\x1b[4$p",
    "setting": b"\x1bP$qm\x1b\\",
    "termcap": b"\x1bP+q544e\x1b\\",
    "keyboard flags": b"\x1b[?u",
    "parameters": b"\x1b[x",
    "size in characters": b"\x1b[18t",
    "size in pixels": b"\x1b[14;2t",
    "title": b"\x1b[21t",
    "foreground": b"\x1b]10;?\x07",
    "background": b"\x1b]11;?\x1b\\",
    "colour of the palette": b"\x1b]4;12;?\x07",
    "clipboard": b"\x1b]52;c;?\x07",
    "with a control character in it": b"\x1b[6\nn",
    "with a zero in it": b"\x1b[\x006n",
    "setting, with a parameter": b"\x1bP0$qm\x1b\\",
    "two colours": b"\x1b]10;?;?\x07",
    "two colours of the palette": b"\x1b]4;1;?;2;?\x07",
    "size, with a leading zero": b"\x1b[014t",
    "with a sub-parameter": b"\x1b[0:c",
    "in eight bits": "\x9b6n".encode(),
    "in eight bits, string": "\x9d10;?\x9c".encode(),
}
HARMLESS = {
    "text": b"hello, world\r\n",
    "colours": b"\x1b[1;31mred\x1b[0m",
    "cursor": b"\x1b[10;20H\x1b[2J\x1b[?25l\x1b[u\x1b[s",
    "title": b"\x1b]0;vim - a.txt\x07",
    "link": b"\x1b]8;;https://example.org/?\x1b\\x\x1b]8;;\x1b\\",
    "colour": b"\x1b]11;#ff0000\x07",
    "modes": b"\x1b[?1049h\x1b[?2004h\x1b[>4;2m",
    "UTF-8": "日本語 Ü 🙂 Âé".encode(),
    "not UTF-8": bytes(set(range(256)) - {0x05, 0x1B, 0xC2}),
    "scroll": b"\x1b[2;40r\x1b[3S\x1b[8;24;80t",
}


def filtered(data: bytes, cuts: list[int]) -> bytes:
    """Feed it in pieces; what is held back at the end counts as shown."""
    filter_, shown, at = QuestionFilter(), b"", 0
    for cut in [*cuts, len(data)]:
        shown += filter_.feed(data[at : at + cut])
        at += cut
    return shown + filter_.held


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, 4), max_size=20))
def test_a_question_is_taken_out_however_it_is_cut(question: bytes, cuts: list[int]) -> None:
    assert filtered(b"before" + question + b"after", [5, *cuts]) == b"beforeafter"


@pytest.mark.parametrize("output", HARMLESS.values(), ids=HARMLESS)
@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, 4), max_size=20))
def test_everything_else_is_left_as_it_is(output: bytes, cuts: list[int]) -> None:
    assert filtered(output, cuts) == output


@given(st.lists(st.sampled_from([*QUESTIONS.values(), *HARMLESS.values()]), max_size=20), st.data())
def test_questions_among_other_output_are_taken_out(parts: list[bytes], data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, 30), max_size=20))
    expected = b"".join(part for part in parts if part not in QUESTIONS.values())
    assert filtered(b"".join(parts), cuts) == expected


def test_no_question_comes_into_being_where_one_was_taken_out() -> None:
    for nested in (
        b"\x1b[\x1b[6n6n",
        b"\x1b\x1b[c[c",
        b"\x1b[\x056n",
        b"\x1b]10\x1b[6n;?\x07",
        b"\x1b[\x1b[\x1b[6n6n6n",
    ):
        once = filtered(nested, [])
        assert filtered(once, []) == once, "nothing is left in it that a terminal would answer"


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x05" * (1 << 20),
        b"\x1b[6n" * (1 << 18),
        (b"\xc2\x90" * 2000 + b"\x07" + b"\x05" * 40) * 256,
        b"\x1b[" * (1 << 19),
        b"\x1b]0;" * (1 << 18),
        (b"\x1bP" + b"x" * 5000) * 200,
        b"\x1b[" + b"\x00" * (1 << 20),
    ],
    ids=range(7),
)
def test_output_that_is_made_to_keep_us_busy_does_not(hostile: bytes) -> None:
    """Quadratic work would take minutes here, and run into the time-out of every test."""
    filter_ = QuestionFilter()
    shown = b"".join(filter_.feed(hostile[at : at + (64 << 10)]) for at in range(0, len(hostile), 64 << 10))
    assert b"\x05" not in shown
    assert b"\x1b[6n" not in shown


def test_a_question_that_another_sequence_ends_is_taken_out_and_the_other_is_left() -> None:
    assert filtered(b"a\x1b]11;?\x1bMb", []) == b"a\x1bMb"


def test_what_begins_and_never_ends_is_not_held_back_for_ever() -> None:
    endless = b"\x1b]0;" + b"x" * (2 * MAX_SEQUENCE)
    filter_ = QuestionFilter()
    shown = filter_.feed(endless)
    assert shown + filter_.held == endless
    assert len(filter_.held) <= MAX_SEQUENCE
