"""What goes wrong, as a notebook shows it: a sentence and what to do, no traceback of ours."""


class WegentError(Exception):
    """Something that Wegent could not do. IPython shows the message alone."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        """Keep what went wrong, and what to do about it."""
        super().__init__(message if fix is None else f"{message}\n{fix}")
        self.message, self.fix = message, fix

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints instead of a traceback."""
        return [f"Wegent: {self.message}", *([self.fix] if self.fix else [])]


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
