"""What is known of terminal output without drawing it: modes that stay switched, and questions to the terminal.

Sequences are those of xterm (ctlseqs: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html).
"""

import re

ALTERNATE = (47, 1047, 1049)
"""DEC private modes that switch to the alternate screen, on which vim and htop draw."""
KEPT_MODES = frozenset({1, 5, 6, 7, 9, 12, 25, 45, 66, *ALTERNATE, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004})
"""DEC private modes that a terminal starts without, or, 7 and 25, with."""
CANCEL = b"\x18"
"""CAN ends an unfinished sequence, as the question itself did."""
MAX_SEQUENCE = 4096
"""Bytes after which an unfinished sequence counts as text: no question of a program is longer."""

_SWITCH = re.compile(rb"\x1b\[\?([\d;]+)([hl])|\x1b([=>c])|\x1b\[(!p)")
_CSI, _DCS, _OSC = rb"(?:\x1b\[|\xc2\x9b)", rb"(?:\x1bP|\xc2\x90)", rb"(?:\x1b\]|\xc2\x9d)"
_END = rb"(?:\x1b\\|\xc2\x9c)"
"""Each in seven bits, and in eight as UTF-8."""
_STRING = rb"(?:\x1b[\]P_^X]|\xc2[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*"
_UNFINISHED = re.compile(rb"(?:\xc2|" + _CSI + rb"[0-?]*[ -/]*|" + _STRING + rb"\x1b?|\x1b[ -/]*)\Z")
"""A sequence whose end is not there yet, at the end of a piece."""
_QUESTION = re.compile(
    _CSI + rb"(?:[?>=]?[\d;]*c"  # DA1, DA2, DA3: what are you?
    rb"|\??[\d;]*n"  # DSR: status, cursor position
    rb"|>\d*q"  # XTVERSION
    rb"|\??\d*\$p"  # DECRQM: is this mode on?
    rb"|\?u"  # the keyboard protocol of kitty: which flags?
    rb"|[\d;]*x"  # DECREQTPARM
    rb"|(?:1[1-9]|2[01])(?:;\d+)*t)"  # window size, position, title
    rb"|"
    + _DCS
    + rb"[$+]q[^\x07\x1b\x9c]*"
    + _END  # DECRQSS, XTGETTCAP
    + rb"|"
    + _OSC
    + rb"[\d;a-z]*;\?(?:\x07|"
    + _END
    + rb")"  # colours, clipboard
    rb"|\x1bZ|\x05"  # DECID, ENQ
)


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
        rest = _UNFINISHED.search(data, max(0, len(data) - MAX_SEQUENCE))
        self._rest = rest.group() if rest else b""
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
        """Return what switches them, beginning with what was cut in two by the end of the data."""
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
        data = _without_questions(self.held + data)
        rest = _UNFINISHED.search(data, max(0, len(data) - MAX_SEQUENCE))
        cut = rest.start() if rest else len(data)
        self.held = data[cut:]
        return data[:cut]


def _without_questions(data: bytes) -> bytes:
    """Take them out, so that what was before and behind one does not become another."""

    def instead(question: re.Match[bytes]) -> bytes:
        before = data[max(0, question.start() - MAX_SEQUENCE) : question.start()]
        return CANCEL if _UNFINISHED.search(before) else b""

    return _QUESTION.sub(instead, data)
