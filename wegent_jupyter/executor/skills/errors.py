"""Why skills were not shared, or not taken back."""

from wegent_jupyter.protocol.skills import Obstacle

USAGE, IO = 64, 74
"""Wegent's exit statuses (wire §12)."""


class NotDone(Exception):
    """Why; the text says it."""

    def __init__(self, code: str, message: str, fix: str | None = None, status: int = IO) -> None:
        """`code` is for programs, `status` is that of a command."""
        super().__init__(message)
        self.code, self.fix, self.status = code, fix, status


class Again(Exception):
    """Something came meanwhile: what is to be done is to be looked at again."""


def in_the_way(obstacles: list[Obstacle]) -> NotDone:
    """Return why nothing is done."""
    first, others = obstacles[0], len(obstacles) - 1
    more = f" And {others} more." if others else ""
    return NotDone("in_the_way", f"{first.message}{more}", first.fix, USAGE)
