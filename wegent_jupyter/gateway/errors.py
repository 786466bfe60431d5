"""What the gateway refuses, and why. The server turns each into a status code and a `Problem`."""


class Refused(Exception):
    """A request that cannot be met; `fix` says what to do about it."""

    status = 400

    def __init__(self, message: str, *, code: str, fix: str | None = None) -> None:
        """Keep the sentence for people, the code for programs."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.fix = fix


class NotFound(Refused):
    """Unknown, or somebody else's: the two look the same."""

    status = 404

    def __init__(self, what: str, id_: object) -> None:
        """Name what was looked for."""
        super().__init__(f"{what} '{str(id_)[:200]}' not found", code="not_found")


class Conflict(Refused):
    """Not possible in the object's present state."""

    status = 409


class TooLarge(Refused):
    """Over a size limit."""

    status = 413


class Forbidden(Refused):
    """The operator does not allow it."""

    status = 403


class Unavailable(Refused):
    """The gateway does not run here, or cannot store anything now."""

    status = 503


class TooMany(Refused):
    """Asked too often, or too much at once."""

    status = 429
