"""States of turns and attempts, and which changes between them are lawful (docs/architecture.md)."""

from enum import StrEnum


class TurnState(StrEnum):
    """Where one user message and its answer stand."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Say whether nothing can follow."""
        return self in FINAL

    @property
    def holds_slot(self) -> bool:
        """Say whether a turn in this state occupies a slot of its device."""
        return self in (TurnState.STARTING, TurnState.RUNNING)


class AttemptState(StrEnum):
    """What the gateway knows of one dispatch."""

    SENT = "sent"
    """Written down and handed to the channel; whether the device has it is not known."""
    RUNNING = "running"
    """The device said that it accepted it."""
    NOT_STARTED = "not_started"
    """Proven: never sent, or refused by the device."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Say whether nothing can follow."""
        return self not in (AttemptState.SENT, AttemptState.RUNNING)


FINAL = frozenset({TurnState.COMPLETED, TurnState.FAILED, TurnState.CANCELLED})

_TURN_CHANGES: dict[TurnState, frozenset[TurnState]] = {
    TurnState.QUEUED: frozenset({TurnState.STARTING, TurnState.CANCELLED, TurnState.FAILED}),
    # Back to QUEUED only from a proven non-start: invariant 1.
    TurnState.STARTING: frozenset({TurnState.RUNNING, TurnState.QUEUED}) | FINAL,
    TurnState.RUNNING: FINAL,
    TurnState.COMPLETED: frozenset(),
    TurnState.FAILED: frozenset(),
    TurnState.CANCELLED: frozenset(),
}

_ATTEMPT_CHANGES: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.SENT: frozenset(AttemptState) - {AttemptState.SENT},
    AttemptState.RUNNING: frozenset({AttemptState.COMPLETED, AttemptState.FAILED, AttemptState.CANCELLED}),
    AttemptState.NOT_STARTED: frozenset(),
    AttemptState.COMPLETED: frozenset(),
    AttemptState.FAILED: frozenset(),
    AttemptState.CANCELLED: frozenset(),
}


class UnlawfulChange(Exception):
    """A state change that the state machines forbid; always a bug of ours."""


def turn_change(old: TurnState, new: TurnState) -> TurnState:
    """Return `new`, or raise UnlawfulChange when a turn in `old` cannot become it."""
    if new not in _TURN_CHANGES[old]:
        raise UnlawfulChange(f"turn: {old} -> {new}")
    return new


def attempt_change(old: AttemptState, new: AttemptState) -> AttemptState:
    """Return `new`, or raise UnlawfulChange when an attempt in `old` cannot become it."""
    if new not in _ATTEMPT_CHANGES[old]:
        raise UnlawfulChange(f"attempt: {old} -> {new}")
    return new


def turn_found(old: TurnState) -> TurnState:
    """Return RUNNING for a turn that had failed with its lost device, which came back: the one way out of an end."""
    if old is not TurnState.FAILED:
        raise UnlawfulChange(f"turn: {old} was not lost")
    return TurnState.RUNNING
