"""The newest output of a terminal, addressed by byte offsets in all that it ever printed."""

from itertools import takewhile

from wegent_jupyter.protocol.screen import Modes


class Ring:
    """Keeps the last `capacity` bytes. What was dropped leaves the modes that it had switched behind."""

    def __init__(self, capacity: int) -> None:
        """Nothing was printed yet."""
        self._capacity = capacity
        self._kept = bytearray()
        self.start = 0
        """Offset of the first byte that is kept."""
        self._modes = Modes()

    @property
    def end(self) -> int:
        """Return the offset after the last byte."""
        return self.start + len(self._kept)

    @property
    def preamble(self) -> bytes:
        """Return what brings an empty terminal into the modes in which the first kept byte was printed."""
        return self._modes.preamble()

    @property
    def full_screen(self) -> bool:
        """Say whether a program had the alternate screen when the first kept byte was printed."""
        return self._modes.alternate

    def append(self, data: bytes) -> None:
        """Add output."""
        self._kept += data
        # An eighth at once: the modes in it are read with one search instead of one for each message.
        if len(self._kept) > self._capacity + self._capacity // 8:
            self._drop(len(self._kept) - self._capacity)

    def read(self, since: int, most: int) -> bytes:
        """Return at most `most` bytes from an offset on, which has to lie within what is kept."""
        first = since - self.start
        return bytes(memoryview(self._kept)[first : first + most])

    def _drop(self, count: int) -> None:
        """Forget the oldest bytes, and the rest of a character that this would cut in two."""
        rest = (byte & 0xC0 == 0x80 for byte in self._kept[count : count + 3])
        count += sum(takewhile(bool, rest))
        self._modes.feed(bytes(memoryview(self._kept)[:count]))
        del self._kept[:count]
        self.start += count
