"""What is known of terminal output without drawing it: modes that stay switched, and questions to the terminal.

Sequences are those of xterm (ctlseqs: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html). Output is cut into
them as a terminal does it, in one pass, since it may be written to keep us busy or to slip through.
"""

import re
from collections.abc import Iterator

ALTERNATE = (47, 1047, 1049)
"""DEC private modes that switch to the alternate screen, on which vim and htop draw."""
KEPT_MODES = frozenset({1, 5, 6, 7, 9, 12, 25, 45, 66, *ALTERNATE, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004})
"""DEC private modes that a terminal starts without, or, 7 and 25, with."""
MAX_SEQUENCE = 4096
"""Bytes after which an unfinished sequence counts as text: no question of a program is longer."""
CANCEL = b"\x18"
"""CAN ends an unfinished sequence, as the question that stood behind it did."""
ENQUIRY = b"\x05"

# Each in seven bits, and in eight as UTF-8. In a CSI sequence, control characters are obeyed and it goes on; CAN, SUB
# and ESC end it, and a string as well.
_PARAMETERS = rb"[^\x18\x1a\x1b\x40-\x7e\x80-\xff]{0,4096}+"
_STRING = rb"(?:[^\x07\x18\x1a\x1b\xc2]|\xc2(?=[^\x9c])){0,4096}+"
_CSI = rb"(?:\x1b\[|\xc2\x9b)" + _PARAMETERS
_TEXT = rb"(?:\x1b[PX\]^_]|\xc2[\x90\x98\x9d-\x9f])" + _STRING
_SEQUENCE = re.compile(
    rb"(?P<whole>" + _CSI + rb"[\x40-\x7e]"
    rb"|" + _TEXT + rb"(?:\x07|\x1b\\|\xc2\x9c|(?P<cut>(?=\x1b[^\\])))"
    rb"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    rb"|" + ENQUIRY + rb")"
    rb"|(?P<open>(?:" + _CSI + rb"|" + _TEXT + rb"(?:\x1b|\xc2)?|\x1b[ -/]*|\xc2)\Z)"
    rb"|" + _CSI + rb"|" + _TEXT + rb"|\x1b[ -/]*"
)
"""A whole one, one whose end is not there yet, or one that something else cut off."""
_BEGINNING = re.compile(rb"[\x05\x1b\xc2]")
_CONTROLS = re.compile(rb"[\x00-\x1a\x1c-\x1f\x7f]")
_QUESTION = re.compile(
    rb"\x1b\[(?:"
    rb"[?>=]?[\d;:]*c"  # DA1, DA2, DA3: what are you?
    rb"|\??[\d;:]*n"  # DSR: status, cursor position
    rb"|>[\d;:]*q"  # XTVERSION
    rb"|\??[\d;:]*\$p"  # DECRQM: is this mode on?
    rb"|\?u"  # the keyboard protocol of kitty: which flags?
    rb"|[\d;:]*x"  # DECREQTPARM
    rb"|0*(?:1[1-9]|2[01])(?:[;:]\d*)*t"  # window size, position, title
    rb")"
    rb"|\x1bP[\d;:]*[$+]q.*"  # DECRQSS, XTGETTCAP
    rb"|\x1b\]0*(?:4|5|1\d|52);(?:.*;)?\?(?:;.*)?"  # colours, clipboard
    rb"|\x1bZ",  # DECID
    re.DOTALL,
)
_SWITCH = re.compile(rb"\x1b\[\?([\d;]+)([hl])|\x1b([=>c])|\x1b\[(!p)")
_EIGHT_BITS = {b"\xc2\x9b": b"\x1b[", b"\xc2\x90": b"\x1bP", b"\xc2\x9d": b"\x1b]"}


class Modes:
    """Which modes output has switched, so that it can be shown from its middle on."""

    def __init__(self) -> None:
        """Everything is as a terminal starts."""
        self._switched: dict[int, bool] = {}
        self._keypad = b""
        self._rest = b""

    @property
    def alternate(self) -> bool:
        """Say whether the alternate screen is shown."""
        return any(self._switched.get(mode) for mode in ALTERNATE)

    def feed(self, data: bytes) -> None:
        """Take the next output."""
        data = self._rest + data
        self._rest = _unfinished(data)
        for numbers, switch, keypad, soft in _SWITCH.findall(data):
            if keypad == b"c" or soft:
                self._switched, self._keypad = {}, b""
            elif keypad:
                self._keypad = b"\x1b" + keypad
            for number in numbers.split(b";"):
                if number and len(number) < 6 and int(number) in KEPT_MODES:
                    self._switched.pop(int(number), None)  # in the order in which they were switched last
                    self._switched[int(number)] = switch == b"h"

    def preamble(self) -> bytes:
        """Return what switches them, and then what was cut in two by the end of the data."""
        switches = b"".join(b"\x1b[?%d%c" % (mode, b"h" if on else b"l") for mode, on in self._switched.items())
        return switches + self._keypad + self._rest


class QuestionFilter:
    """Takes out of output what a terminal would answer: nobody waits any more for an answer to what is replayed.

    A sequence that is not complete is held back until the next piece shows what it is.
    """

    def __init__(self) -> None:
        """Nothing is held back."""
        self.held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be shown now."""
        data, self.held = self.held + data, b""
        shown, done, cut_off = [], 0, -1
        for found in _sequences(data):
            sequence = found.group()
            if found["open"] is not None:
                self.held = sequence
            elif found["whole"] is None:
                cut_off = found.end()
                continue
            elif not _asks(sequence):
                cut_off = found.end() if found["cut"] is not None else cut_off
                if ENQUIRY not in sequence:
                    continue
                sequence = sequence.replace(ENQUIRY, b"")
                shown += [data[done : found.start()], sequence]
                done = found.end()
                continue
            shown.append(data[done : found.start()])
            if found.start() == cut_off and not self.held:
                shown.append(CANCEL)  # else what was before and what is behind would become a question
            done = found.end()
        return b"".join((*shown, data[done:]))


def _sequences(data: bytes, start: int = 0) -> Iterator[re.Match[bytes]]:
    while (begins := _BEGINNING.search(data, start)) is not None:  # a search for one of a few bytes is fast
        found = _SEQUENCE.match(data, begins.start())
        if found is not None:
            yield found
        start = found.end() if found is not None else begins.end()


def _asks(sequence: bytes) -> bool:
    if sequence == ENQUIRY:
        return True
    plain = _EIGHT_BITS.get(sequence[:2], sequence[:2]) + sequence[2:]
    if plain[:2] == b"\x1b[":
        plain = plain[:1] + _CONTROLS.sub(b"", plain[1:])
    else:
        plain = plain.removesuffix(b"\x1b\\").removesuffix(b"\xc2\x9c").removesuffix(b"\x07")
    return _QUESTION.fullmatch(plain) is not None


def _unfinished(data: bytes) -> bytes:
    """Return the sequence at the end whose own end is not there yet."""
    near = _sequences(data, max(0, len(data) - 2 * MAX_SEQUENCE))
    return b"".join(found.group() for found in near if found["open"] is not None)
