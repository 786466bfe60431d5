"""One viewer of a terminal: what it has, what it may get now, and what it must not see."""

import codecs

from wegent_jupyter.protocol.ring import Ring
from wegent_jupyter.protocol.screen import QuestionFilter
from wegent_jupyter.protocol.terminals import CHUNK, CREDIT_STEP, WINDOW

SMALL = 1 << 10
"""Plain text below this travels as text: in Socket.IO that is one frame, while bytes are two, which an echo notices."""
STALLED_SECONDS = 10.0
"""A viewer that has shown nothing for so long, though it had more to show, no longer holds up the terminal."""


class Viewer:
    """A cursor in the ring, a credit window, and a filter for what is replayed. Times are of a monotonic clock."""

    def __init__(self, id_: str, ring: Ring, since: int | None, now: float) -> None:
        """Start after `since`, or with all that is kept. Without a name it is a stock backend: text, no credit."""
        self.id, self._ring = id_, ring
        known = since if since is not None else 0
        self._reset = not ring.start <= known <= ring.end
        self._cursor = ring.start if self._reset else known
        """What was sent, and what the filter holds back."""
        self._shown = self._cursor
        """What it said that it has shown."""
        self._progress = now
        self._replay_end = ring.end
        self._filter = QuestionFilter()
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self.answers = False
        """Its terminal answers what programs ask; only one viewer's may."""
        self.size: tuple[int, int] | None = None
        """Rows and columns."""

    @property
    def starts_over(self) -> bool:
        """Say whether it sees the terminal from the middle of its output on."""
        return self._reset

    @property
    def has_all(self) -> bool:
        """Say whether everything was sent to it."""
        return self._cursor >= self._ring.end and not self._filter.held

    @property
    def has_room(self) -> bool:
        """Say whether it keeps up: it has shown all but the newest output."""
        return self._ring.end - self._shown < WINDOW

    def stalled(self, now: float) -> bool:
        """Say whether it shows nothing any more."""
        return not self.has_room and now - self._progress > STALLED_SECONDS

    def credit(self, offset: int, now: float) -> None:
        """Note that it has shown everything up to an offset."""
        if self._shown < offset <= self._cursor:
            self._shown, self._progress = offset, now

    def next(self, now: float, *, last: bool) -> dict[str, object] | None:
        """Return its next `terminal:output`, None if there is none now; `last`: the terminal will print no more."""
        if self._cursor < self._ring.start:
            if self._cursor - self._shown >= CREDIT_STEP:
                return None  # it has not even shown what it got; more would only pile up on the way to it
            self._start_over()
        if self.has_room:
            self._progress = now
        room = self._shown + WINDOW - self._cursor
        raw = self._ring.read(self._cursor, min(CHUNK, room)) if room > 0 else b""
        last = last and self._cursor + len(raw) >= self._ring.end
        if not (raw or self._reset or (last and self._filter.held)):
            return None
        offset = self._cursor - len(self._filter.held)
        data = self._visible(raw, last)
        self._cursor += len(raw)
        end = self._cursor - len(self._filter.held)
        if self._reset:
            data = self._ring.preamble + data
        elif not data and end == offset:
            return None  # all of it is held back
        shown = data.decode("ascii") if len(data) < SMALL and data.isascii() else data
        message: dict[str, object] = {"viewer": self.id, "offset": offset, "end": end, "data": shown}
        if self._reset:
            message["reset"], self._reset = True, False
        return message if self.id else self._plain(data, end, now)

    def _start_over(self) -> None:
        """Go on with the oldest output that there is: the viewer was too slow, and fell out of the ring."""
        self._reset, self._filter = True, QuestionFilter()
        self._cursor = self._shown = self._ring.start
        self._replay_end = self._ring.end

    def _visible(self, raw: bytes, last: bool) -> bytes:
        """Return what may be seen of the bytes at the cursor: no question that is old, or for another to answer."""
        old = max(0, self._replay_end - self._cursor) if self.answers else len(raw)
        data, rest = self._filter.feed(raw[:old]), raw[old:]
        if rest or last:
            data, self._filter.held = data + self._filter.held, b""
        return data + rest

    def _plain(self, data: bytes, end: int, now: float) -> dict[str, object]:
        self.credit(end, now)
        return {"data": self._text.decode(data)}
