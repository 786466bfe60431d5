"""What goes wrong, as a notebook shows it: a sentence and what to do, no traceback of ours."""


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


def text_of(given: object, what: str) -> str:
    """Return a text that a person gave; raises BadCall for anything else, and for one without a word."""
    if not isinstance(given, str) or not given.strip():
        raise BadCall(f"{what} is empty, or no text: write what the agent shall do.")
    return given


def _visible(text: str) -> str:
    """Return text without what a terminal or a notebook would obey: names in it may be anybody's."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)
