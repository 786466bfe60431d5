"""The parts that an answer of the practice model is made of, whichever API it is sent by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Mark:
    """What follows belongs to this step, by its number; nothing that is said."""

    step: int


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of a thought."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the agent's tools; the answer ends with it."""

    id: str
    name: str
    input: dict[str, Any] | str
    """A JSON object, or the text of a tool that takes free text."""
    namespace: str | None = None
    """The group in which the agent offers the tool, where it does."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds in which nothing comes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer is, or ends with, an HTTP status."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Break:
    """The connection ends in the middle of the answer."""


Part: TypeAlias = Mark | Text | Thought | Call | Pause | Failure | Break
