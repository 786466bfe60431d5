"""The language of practice: one step per line of the prompt, parsed as a whole before anything is done.

`!say TEXT` · `!think TEXT` · `!slow N SEC` · `!bash CMD` · `!write PATH TEXT` · `!ask TEXT` (for leave) ·
`!ask QUESTION | A | B` (two to four choices) · `!tool NAME {json}` · `!error STATUS`

For fault tests only: `!hang` (never answers, not even a cancel) · `!garbage` (writes what is not JSON, then ends) ·
`!flood BYTES` (streams that much text) · `!detach SEC` (leaves a daemon that sleeps) · `!exit CODE` (ends at once) ·
`!break` (breaks off in the middle of the answer).

The practice model speaks it as well; of the fault tests it knows `!hang`, `!flood` and `!break`.

Lines without `!` are passed over. A prompt without any step is free text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from wegent_jupyter.protocol.context import without_context

MAX_CHUNKS = 10_000
MAX_PAUSE = 60.0
"""Seconds between two chunks of `!slow`."""
MAX_FLOOD = 1 << 30
"""Bytes of `!flood`."""
MAX_SLEEP = 3600.0
"""Seconds of `!detach`."""
MAX_CHOICES = 4
"""Choices of `!ask`, as many as Claude Code's questions have."""
SHOWN = 200
"""Characters of a wrong line that are repeated in the message."""


class ScriptError(ValueError):
    """A line of the prompt is not a step that can be done."""

    def __init__(self, number: int, line: str, reason: str) -> None:
        """Take the 1-based line number, the line and what is wrong with it."""
        super().__init__(f"line {number}, `{line[:SHOWN]}`: {reason}")
        self.number, self.line, self.reason = number, line, reason


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with text."""

    text: str


@dataclass(frozen=True, slots=True)
class Think:
    """Show a thought."""

    text: str


@dataclass(frozen=True, slots=True)
class Slow:
    """Stream `count` chunks, `pause` seconds apart."""

    count: int
    pause: float


@dataclass(frozen=True, slots=True)
class Bash:
    """Run a shell command."""

    command: str


@dataclass(frozen=True, slots=True)
class Write:
    """Write a text file; `path` is relative to the session's directory."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the user for leave, or, if there are choices, a question."""

    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """Show a tool call that does nothing; of the model: call that tool of the agent."""

    name: str
    input: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Error:
    """Fail the turn."""

    status: str


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """Break the protocol, then end."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Stream `size` bytes of text."""

    size: int


@dataclass(frozen=True, slots=True)
class Detach:
    """Leave a process that sleeps `seconds` outside the agent's session."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exit:
    """End the agent's process at once."""

    code: int


@dataclass(frozen=True, slots=True)
class Break:
    """Break off in the middle of the answer."""


Step: TypeAlias = (
    Say | Think | Slow | Bash | Write | Ask | Tool | Error | Hang | Garbage | Flood | Detach | Exit | Break
)


def parse(prompt: str) -> list[Step]:
    """Return the steps of a prompt, none for free text; ScriptError names the first line that is wrong."""
    lines = [(number, line.strip()) for number, line in enumerate(re.split(r"\r\n|\r|\n", without_context(prompt)), 1)]
    return [_step(number, line) for number, line in lines if line.startswith("!")]


def _step(number: int, line: str) -> Step:
    verb, _, rest = re.sub(r"\s", " ", line[1:], count=1).partition(" ")
    parser = _VERBS.get(verb, _unknown(verb))
    try:
        return parser(rest.strip())
    except ValueError as error:
        raise ScriptError(number, line, str(error)) from None


def _unknown(verb: str) -> Callable[[str], Step]:
    def refuse(_: str) -> Step:
        raise ValueError(f"there is no step `!{verb}`")

    return refuse


def _text(rest: str) -> str:
    if not rest:
        raise ValueError("text is missing")
    return rest


def _nothing(rest: str) -> None:
    if rest:
        raise ValueError("takes no argument")


def _pair(rest: str, names: str) -> tuple[str, str]:
    first, _, second = rest.partition(" ")
    if not first or not second.strip():
        raise ValueError(f"needs {names}")
    return first, second.strip()


def _whole(word: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", word) or int(word) > most:
        raise ValueError(f"`{word}` is not a whole number from 0 to {most}")
    return int(word)


def _seconds(word: str, most: float) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= most:  # also refuses nan
        raise ValueError(f"`{word}` is not a number of seconds from 0 to {most:g}")
    return seconds


def _slow(rest: str) -> Slow:
    count, pause = _pair(rest, "a number of chunks and the seconds between them")
    return Slow(_whole(count, MAX_CHUNKS), _seconds(pause, MAX_PAUSE))


def _write(rest: str) -> Write:
    path, text = _pair(rest, "a path and a text")
    return Write(path, _unescape(text))


def _unescape(text: str) -> str:
    return re.sub(r"\\([nt\\])", lambda match: {"n": "\n", "t": "\t", "\\": "\\"}[match[1]], text)


def _ask(rest: str) -> Ask:
    question, *choices = [part.strip() for part in _text(rest).split("|")]
    if not question or not all(choices):
        raise ValueError("the question, or a choice, is empty")
    if choices and not 2 <= len(choices) <= MAX_CHOICES:
        raise ValueError(f"a question has from 2 to {MAX_CHOICES} choices")
    if len(set(choices)) < len(choices):
        raise ValueError("two choices are the same")
    return Ask(question, tuple(choices))


def _tool(rest: str) -> Tool:
    name, text = _pair(rest, "a name and a JSON object")
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"bad JSON: {error}") from None
    except RecursionError:
        raise ValueError("bad JSON: nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("the input must be a JSON object")
    json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair could not be sent
    return Tool(name, value)


def _no_constant(name: str) -> Any:
    raise ValueError(f"bad JSON: {name} is not JSON")


def _hang(rest: str) -> Hang:
    _nothing(rest)
    return Hang()


def _garbage(rest: str) -> Garbage:
    _nothing(rest)
    return Garbage()


def _break(rest: str) -> Break:
    _nothing(rest)
    return Break()


_VERBS: dict[str, Callable[[str], Step]] = {
    "say": lambda rest: Say(_text(rest)),
    "think": lambda rest: Think(_text(rest)),
    "slow": _slow,
    "bash": lambda rest: Bash(_text(rest)),
    "write": _write,
    "ask": _ask,
    "tool": _tool,
    "error": lambda rest: Error(_text(rest)),
    "hang": _hang,
    "garbage": _garbage,
    "flood": lambda rest: Flood(_whole(rest, MAX_FLOOD)),
    "detach": lambda rest: Detach(_seconds(rest, MAX_SLEEP)),
    "exit": lambda rest: Exit(_whole(rest, 255)),
    "break": _break,
}
