"""What a program switched in the person's terminal is switched back, and nothing else is touched."""

from __future__ import annotations

import pytest

from wegent_jupyter.cli.modes import PLAIN, Modes


def undone(*printed: bytes) -> bytes:
    modes = Modes()
    for data in printed:
        modes.see(data)
    found = modes.undo()
    assert found.endswith(PLAIN)
    assert modes.undo() == PLAIN
    return found.removesuffix(PLAIN)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (b"plain text \x1b[31mred\x1b[m \x1b[2J", b""),
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?1049h\x1b[?1049l", b""),
        (b"\x1b[?25l", b"\x1b[?25h"),
        (b"\x1b[?25h", b""),
        (b"\x1b[?7l\x1b[?1000;1006;2004h", b"\x1b[?7h\x1b[?1000l\x1b[?1006l\x1b[?2004l"),
        (b"\x1b[?3h\x1b[?99999999999999h\x1b[?;h", b""),
        (b"\x1b[>1u\x1b[>u\x1b[<u", b"\x1b[<1u"),
        (b"\x1b[<9u", b""),
        (b"\x1b[>4;2m", b"\x1b[>4m"),
        (b"\x1b[>4;2m\x1b[>4m", b""),
        (b"\x1b[?1049h\x1b[>1u\x1bc", b""),
    ],
)
def test_what_is_switched_is_switched_back_wherever_it_is_cut(printed: bytes, expected: bytes) -> None:
    assert undone(printed) == expected
    for cut in range(len(printed)):
        assert undone(printed[:cut], printed[cut:]) == expected
    assert undone(*(bytes([one]) for one in printed)) == expected
