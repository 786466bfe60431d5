"""Times, and why something waits, in words for a terminal."""

from datetime import UTC, datetime, timedelta

from wegent_jupyter.protocol import api

REASONS: dict[api.QueueReason, str] = {
    "offline": "its device is away",
    "earlier_message": "after the message before it",
    "paused": "an earlier message failed",
    "waiting_for_you": "the slots wait for you",
    "slots": "all slots are in use",
}
TRAVELS = "What was said goes along; files do not."
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def ago(iso: str | None, now: datetime | None = None) -> str:
    """Return how long ago something was, empty when it never was."""
    if iso is None:
        return ""
    past = (now or datetime.now(UTC)) - datetime.fromisoformat(iso)
    return "now" if past < timedelta(minutes=1) else f"{_span(past)} ago"


def until(iso: str | None, now: datetime | None = None) -> str:
    """Return how long something lasts."""
    if iso is None:
        return "never"
    left = datetime.fromisoformat(iso) - (now or datetime.now(UTC))
    if left <= timedelta(0):
        return "expired"
    return "in less than a minute" if left < timedelta(minutes=1) else f"in {_span(left)}"


def _span(time: timedelta) -> str:
    if time >= DAY:
        return "1 day" if time.days == 1 else f"{time.days} days"
    return f"{time // HOUR} h" if time >= HOUR else f"{time // timedelta(minutes=1)} min"
