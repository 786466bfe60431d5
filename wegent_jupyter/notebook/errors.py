"""What goes wrong, as a notebook shows it: a sentence and what to do, no traceback of ours."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wegent_jupyter.notebook.results import Results


class WegentError(Exception):
    """Something that Wegent could not do. IPython shows the message alone."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        """Keep what went wrong, and what to do about it."""
        super().__init__(message if fix is None else f"{message}\n{fix}")
        self.message, self.fix = message, fix

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints instead of a traceback."""
        return [_visible(f"Wegent: {self.message}"), *([_visible(self.fix)] if self.fix else [])]


class NoServer(WegentError):
    """No server with Wegent was found, or it does not answer."""


class Refused(WegentError):
    """The server said no; `code` and `status` as in its answer."""

    def __init__(self, message: str, fix: str | None, code: str, status: int) -> None:
        """Keep the answer."""
        super().__init__(message, fix)
        self.code, self.status = code, status


class BadCall(WegentError):
    """What was asked for makes no sense; the message says what to write instead."""


class TookTooLong(WegentError, TimeoutError):
    """What was waited for did not come in the time that was given."""


class Interrupted(WegentError):
    """Many prompts were interrupted; `results` is what came of them until then."""

    def __init__(self, message: str, fix: str, results: "Results") -> None:
        """Keep it."""
        super().__init__(message, fix)
        self.results = results


def text_of(given: object, what: str) -> str:
    """Return a text that a person gave; raises BadCall for anything else, and for one without a word."""
    if not isinstance(given, str) or not given.strip():
        raise BadCall(f"{what} is empty, or no text: write what the agent shall do.")
    return given


def path_of(given: object, what: str) -> Path:
    """Return a path that a person gave; raises BadCall for what is none."""
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else given
    if not isinstance(path, str) or not path or "\0" in path:
        raise BadCall(f"{what} is a path, such as {what}='notes'; {_kind(given)} is none.")
    return Path(path)


def seconds_of(given: object, what: str) -> float | None:
    """Return a time that a person gave, in seconds; None: without end. Raises BadCall."""
    if given is None:
        return None
    try:
        seconds = float("nan") if isinstance(given, str | bytes | bool) else float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        seconds = float("nan")
    if seconds != seconds:
        raise BadCall(f"{what} is a number of seconds, such as {what}=60; {_kind(given)} is none.")
    return seconds


def count_of(given: object, what: str) -> int:
    """Return a whole number that a person gave, as Python or a table has it; raises BadCall."""
    try:
        if not isinstance(given, bool):
            return given.__index__()  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, TypeError):
        pass
    raise BadCall(f"{what}; {_kind(given)} is none.")


def _kind(given: object) -> str:
    return repr(given) if given == "" else type(given).__name__


def _visible(text: str) -> str:
    """Return text without what a terminal or a notebook would obey: names in it may be anybody's."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)
