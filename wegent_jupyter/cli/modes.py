"""What a program has switched in the person's terminal, so that it can be left in the middle of that program."""

import re

ON_AT_FIRST = frozenset({7, 25})
"""Wrapping, and the cursor."""
KNOWN = ON_AT_FIRST | {1, 5, 6, 9, 47, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1049, 2004}
"""Private modes whose normal state is certain: keys, colours, mouse, focus, the other screen, pastes."""
LONGEST = 64
"""Bytes of a sequence that is looked at."""
_CHANGES = re.compile(rb"\x1b(?:\[\?([0-9;]+)([hl])|\[>([0-9]*)u|\[<([0-9]*)u|\[>4(;[0-9]+)?m|c)")
PLAIN = b"\x1b7\x1b[r\x1b8\x1b(B\x1b[m\x1b>"
"""No margins, and the cursor where it was; plain letters, colours and keypad."""


class Modes:
    """Watches what is printed."""

    def __init__(self) -> None:
        """Nothing is switched yet."""
        self._rest = b""
        self._forget()

    def _forget(self) -> None:
        self._changed: set[int] = set()
        self._key_levels = 0
        self._other_keys = False

    def see(self, data: bytes) -> None:
        """Take note of what is printed; sequences may be cut."""
        text, end = self._rest + data, 0
        for found in _CHANGES.finditer(text):
            self._change(found)
            end = found.end()
        begun = text.rfind(b"\x1b", max(end, len(text) - LONGEST))
        self._rest = text[begun:] if begun >= 0 else b""

    def _change(self, found: "re.Match[bytes]") -> None:
        modes, switch, pushed, popped, other = found.groups()
        if modes is not None:
            for mode in KNOWN.intersection(int(one) for one in modes.split(b";") if one and len(one) < 6):
                (self._changed.discard if (switch == b"h") == (mode in ON_AT_FIRST) else self._changed.add)(mode)
        elif pushed is not None:
            self._key_levels += 1
        elif popped is not None:
            self._key_levels = max(0, self._key_levels - int(popped[:6] or 1))
        elif found.group().endswith(b"m"):
            self._other_keys = other not in (None, b";0")
        else:
            self._forget()  # a full reset

    def undo(self) -> bytes:
        """Return what makes the terminal as it was, and forget."""
        keys = b"\x1b[<%du" % self._key_levels if self._key_levels else b""
        keys += b"\x1b[>4m" if self._other_keys else b""
        back = (b"\x1b[?%d%c" % (mode, b"h" if mode in ON_AT_FIRST else b"l") for mode in sorted(self._changed))
        undone = keys + b"".join(back) + PLAIN
        self._forget()
        return undone
