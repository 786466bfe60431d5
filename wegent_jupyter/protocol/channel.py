"""The port between a gateway and a device. Socket.IO in production; in-process and faulty ones in the tests."""

from typing import Any, Protocol


class NotSent(Exception):
    """Proven: the message did not leave this side."""


class Unanswered(Exception):
    """The message was sent and no answer came; whether it arrived is unknown."""


class Channel(Protocol):
    """One live connection to a peer. It delivers in order, or closes; messages are JSON objects."""

    @property
    def closed(self) -> bool:
        """Say whether it can no longer carry anything."""
        ...

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        """Send without asking for an answer; raises NotSent."""
        ...

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        """Send and return the peer's answer within `timeout` seconds; raises NotSent or Unanswered."""
        ...

    async def close(self, reason: str) -> None:
        """End the connection; the peer is told when it can be."""
        ...
