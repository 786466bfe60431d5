"""How long to wait before the next try to connect."""


def pause(failures: int, first: float, longest: float, chance: float) -> float:
    """Return the seconds to wait after so many failures in a row: none, then full jitter below a doubling bound.

    `chance` is a random number in [0, 1): a hundred devices that lost the same gateway spread over the whole span.
    """
    if failures <= 0:
        return 0.0
    return chance * min(longest, first * 2.0 ** min(failures - 1, 30))


def long_pause(longest: float, chance: float) -> float:
    """Return the seconds to wait after a refusal that will not pass by itself: near the longest pause."""
    return longest * (0.75 + 0.25 * chance)
