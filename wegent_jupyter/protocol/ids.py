"""Ids on the wire: non-zero, time-ordered integers below 2^53, so that JavaScript keeps them exact."""

from collections.abc import Callable

EPOCH_MS = 1_735_689_600_000
"""2025-01-01T00:00:00Z. 41 bits of milliseconds from there last until 2094."""
COUNTER_BITS = 12
"""4,096 ids in one millisecond; more borrow from the next one."""
MAX_ID = (1 << 53) - 1


class IdSource:
    """Mint ids that never repeat, also when the clock stands still or goes back."""

    def __init__(self, now_ms: Callable[[], int], floor: int = 0) -> None:
        """Start above `floor`, the highest id ever minted here; `now_ms` is milliseconds since 1970."""
        self._now_ms = now_ms
        self._last = floor

    def mint(self) -> int:
        """Return the next id."""
        by_clock = (self._now_ms() - EPOCH_MS) << COUNTER_BITS
        self._last = max(by_clock, self._last + 1)
        return self._last

    def raise_floor(self, floor: int) -> None:
        """Stay above `floor` from now on."""
        self._last = max(self._last, floor)
