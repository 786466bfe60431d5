"""What a check of `doctor` finds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(slots=True, frozen=True)
class Check:
    """One line of the doctor's report."""

    name: str
    status: Status
    message: str
    fix: str | None = None


Checks = AsyncIterator[Check]


def ok(name: str, message: str) -> Check:
    """Return that all is well."""
    return Check(name, "ok", message)


def warn(name: str, message: str, fix: str | None = None) -> Check:
    """Return what may get in the way."""
    return Check(name, "warning", message, fix)


def fail(name: str, message: str, fix: str | None = None) -> Check:
    """Return what is in the way."""
    return Check(name, "failed", message, fix)


def skip(name: str, message: str) -> Check:
    """Return what could not be looked at."""
    return Check(name, "skipped", message)
