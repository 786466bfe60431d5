"""How often something may be done: counted per key over a sliding window, in memory that is bounded too."""

import ipaddress
import time
from collections import deque
from collections.abc import Callable

MAX_KEYS = 10_000
"""Keys that are remembered. Whoever comes from more addresses than that within a window needs no limit to be stopped:
the oldest are forgotten."""


class Rate:
    """At most `limit` per `seconds` for each key."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing happened yet."""
        self._limit, self._seconds, self._clock = limit, seconds, clock
        self._times: dict[object, deque[float]] = {}

    def allows(self, key: object) -> bool:
        """Count one more and say whether it is allowed; what is refused is not counted."""
        times = self._recent(key)
        allowed = len(times) < self._limit
        if allowed:
            times.append(self._clock())
            self._times[key] = times
        if len(self._times) > MAX_KEYS:
            del self._times[next(iter(self._times))]
        return allowed

    def exhausted(self, key: object) -> bool:
        """Say whether one more would be refused, without counting it."""
        return len(self._recent(key)) >= self._limit

    def _recent(self, key: object) -> deque[float]:
        """Return when a key was counted within the window; a key that was used last comes last."""
        times = self._times.pop(key, None) or deque()
        while times and times[0] <= self._clock() - self._seconds:
            times.popleft()
        if times:
            self._times[key] = times
        return times


def neighbourhood(address: str) -> str:
    """Return what one peer can choose its addresses from: the /64 of an IPv6 address, else the address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a unix socket
    if isinstance(found, ipaddress.IPv4Address) or found.is_loopback:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
