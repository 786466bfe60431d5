"""What is kept of a terminal's output: the newest bytes, at their offsets, and the modes that older ones switched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wegent_jupyter.protocol.ring import Ring

CAPACITY = 64
pieces = st.lists(st.binary(max_size=100), max_size=30)


@given(pieces)
def test_what_is_kept_is_the_newest_output_at_its_offsets(printed: list[bytes]) -> None:
    ring, whole = Ring(CAPACITY), b""
    for piece in printed:
        ring.append(piece)
        whole += piece
        assert ring.end == len(whole)
        assert ring.read(ring.start, len(whole)) == whole[ring.start :]


@given(pieces)
def test_memory_is_bounded_and_a_little_output_is_kept_whole(printed: list[bytes]) -> None:
    ring, whole = Ring(CAPACITY), b""
    for piece in printed:
        ring.append(piece)
        whole += piece
        assert ring.end - ring.start <= CAPACITY + CAPACITY // 8
        assert ring.start == 0 or ring.end - ring.start > CAPACITY - 4
    assert len(whole) > CAPACITY or ring.read(0, CAPACITY) == whole


@given(st.integers(0, 200), st.integers(0, 50))
def test_a_part_is_read_from_where_one_asks(since: int, most: int) -> None:
    ring = Ring(1000)
    whole = bytes(range(200))
    ring.append(whole)
    assert ring.read(since, most) == whole[since : since + most]


def test_a_character_is_not_cut_in_two_by_what_is_dropped() -> None:
    ring = Ring(CAPACITY)
    for _ in range(1000):
        ring.append("日本語é🙂".encode())
        ring.read(ring.start, 1000).decode()


def test_modes_that_were_switched_long_ago_are_known() -> None:
    ring = Ring(CAPACITY)
    ring.append(b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b=")
    assert (ring.full_screen, ring.preamble) == (False, b""), "all of it is still there"
    ring.append(b"x" * 200)
    assert ring.full_screen
    assert ring.preamble == b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b="


def test_modes_that_were_switched_back_are_what_they_are_now() -> None:
    ring = Ring(CAPACITY)
    ring.append(b"\x1b[?1049h\x1b[?1;1006h" + b"x" * 200 + b"\x1b[?1049l\x1b[?1l" + b"y" * 200)
    assert not ring.full_screen
    assert ring.preamble == b"\x1b[?1006h\x1b[?1049l\x1b[?1l"


def test_a_reset_of_the_terminal_forgets_the_modes() -> None:
    for reset in (b"\x1bc", b"\x1b[!p"):
        ring = Ring(CAPACITY)
        ring.append(b"\x1b[?1049h\x1b=" + reset + b"x" * 200)
        assert ring.preamble == b""


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40))
def test_modes_are_known_however_their_sequences_were_cut(cuts: list[int]) -> None:
    ring, printed, at = Ring(CAPACITY), b"\x1b[?1049h\x1b[31m\x1b[?1002;1006h" + b"z" * 30, 0
    for cut in cuts:
        ring.append(printed[at : at + cut])
        at += cut
    ring.append(printed[at:])
    for _ in range(200):
        ring.append(b"z")
    assert ring.preamble == b"\x1b[?1049h\x1b[?1002h\x1b[?1006h"
