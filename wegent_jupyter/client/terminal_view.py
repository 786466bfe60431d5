"""One terminal as somebody looks at it: what it prints, and what is typed."""

import asyncio
import contextlib
import functools
import secrets
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import socketio

from wegent_jupyter.client.rest import ApiError
from wegent_jupyter.client.sockets import DROPPED, Sockets
from wegent_jupyter.protocol import api, terminals

ATTACH_SECONDS = 2.0
"""How long until a terminal is tried again whose device is away."""
ANSWER_SECONDS = 40.0
"""How long an answer may take. The gateway waits for nobody to give it; a connection that is half open gives none."""
PIECE = terminals.CHUNK
"""Bytes of input in one message."""

_RETRY: Final = "retry"
_HEARD: Final = (terminals.OUTPUT, terminals.EXIT, terminals.NOTICE, terminals.AWAY, terminals.BACK)


@dataclass(slots=True, frozen=True)
class Output:
    """What the terminal printed. A character may be cut between two of them."""

    data: bytes
    reset: bool
    """It does not continue what came before, which has to be forgotten."""


@dataclass(slots=True, frozen=True)
class Attached:
    """It is there: at first, and again after it was away. Now what is typed arrives."""


@dataclass(slots=True, frozen=True)
class Away:
    """It stands still, and what is typed is lost: its device is not connected, or (`server`) the server is not."""

    server: bool


@dataclass(slots=True, frozen=True)
class Notice:
    """A sentence about the terminal."""

    message: str


@dataclass(slots=True, frozen=True)
class Exit:
    """It is over, after all of its output."""

    exit_code: int | None
    """-N for signal N."""
    reason: terminals.ExitReason | None
    """None: it ended while nobody could say why."""
    error: str | None


Event: TypeAlias = Output | Attached | Away | Notice | Exit
_Arrived: TypeAlias = "asyncio.Queue[tuple[str, Any] | None]"


class TerminalView:
    """Looks into a terminal with `events`; typing and sizes go the other way meanwhile."""

    def __init__(
        self, sockets: Sockets, session_id: str, device_id: str | None, size: tuple[int, int] | None = None
    ) -> None:
        """Connect nothing yet. `size`: rows and columns; without, the terminal keeps its own."""
        self._sockets, self._size = sockets, size
        self._whose = {"session_id": session_id, "viewer": secrets.token_hex(8)}
        self._device_id = device_id
        self._client: socketio.AsyncClient | None = None
        self._cursor: int | None = None
        self._credited = 0
        self._asked = self._known = self._away = False
        self.attached = asyncio.Event()
        """What is typed now arrives, as far as anybody knows."""

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield what happens up to the exit, nothing twice; reconnects by itself. Leaving it detaches.

        The terminal waits for whoever asks for the next event. Raises ApiError when it cannot be looked into.
        """
        while True:
            async with contextlib.aclosing(self._connection()) as connection:
                async for event in connection:
                    yield event
                    if isinstance(event, Exit):
                        return
            if (away := self._left(server=True)) is not None:
                yield away
            await self._sockets.find_again()

    async def input(self, data: bytes) -> bool:
        """Type. What is typed while the terminal is away is dropped, and said so."""
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            # As text it travels in one packet, not in two.
            if not await self._send(terminals.INPUT, {"data": piece.decode() if piece.isascii() else piece}):
                return False
        return True

    async def resize(self, rows: int, cols: int, *, focus: bool = False) -> None:
        """Say how large the view is now; `focus`: its person looks at it, so the terminal takes that size."""
        self._size = rows, cols
        await self._send(terminals.RESIZE, {"rows": rows, "cols": cols, "focus": focus})

    async def close(self) -> None:
        """End the shell and all that it started; the exit comes as an event."""
        await self._send(terminals.CLOSE, {})

    async def _send(self, event: str, data: dict[str, Any]) -> bool:
        if self._client is None or not self.attached.is_set():
            return False
        try:
            await self._client.emit(event, {**self._whose, **data}, namespace=terminals.NAMESPACE)
        except DROPPED:
            self.attached.clear()
            return False
        return True

    async def _connection(self) -> AsyncGenerator[Event, None]:
        """Yield events over one connection until it ends."""
        arrived: _Arrived = asyncio.Queue()
        try:
            async with self._sockets.socket(terminals.NAMESPACE, _handlers(arrived)) as self._client:
                await self._attach(self._client, arrived)
                while (one := await self._next(arrived)) is not None:
                    if (event := self._take(*one)) is not None:
                        yield event
                    if one[0] in (terminals.BACK, _RETRY) and not self._asked:
                        await self._attach(self._client, arrived)
                    await self._credit()
        except DROPPED:
            return  # the caller tries again
        finally:
            self._client, self._asked = None, False
            self.attached.clear()

    async def _attach(self, client: socketio.AsyncClient, arrived: _Arrived) -> None:
        """Ask for what is new. The answer comes as an arrival, so that it has its place in the order."""
        rows, cols = self._size or (None, None)
        data = {**self._whose, "device_id": self._device_id, "since": self._cursor, "rows": rows, "cols": cols}
        self._asked, self._credited = True, self._cursor or 0
        answered = functools.partial(_put, arrived, terminals.ATTACH)
        await client.emit(terminals.ATTACH, data, namespace=terminals.NAMESPACE, callback=answered)

    async def _next(self, arrived: _Arrived) -> tuple[str, Any] | None:
        """Return what arrives next, None at the end; while the device is away, an occasion to try again."""
        if not self._asked and self.attached.is_set():
            return await arrived.get()
        try:
            return await asyncio.wait_for(arrived.get(), ANSWER_SECONDS if self._asked else ATTACH_SECONDS)
        except TimeoutError:
            return None if self._asked else (_RETRY, None)

    def _take(self, name: str, data: Any) -> Event | None:
        if name == terminals.ATTACH:
            return self._answered(data)
        if name == terminals.OUTPUT:
            return self._printed(terminals.Output.model_validate(data))
        if name == terminals.AWAY:
            return self._left(server=False)
        if name == terminals.NOTICE:
            return Notice(terminals.Notice.model_validate(data).message)
        if name == terminals.EXIT:
            ended = terminals.Exit.model_validate(data)
            return Exit(ended.exit_code, ended.reason, ended.error)
        return None

    def _answered(self, answer: dict[str, Any]) -> Event | None:
        self._asked = False
        if "error" not in answer:
            self._known, self._away = True, False
            self.attached.set()
            return Attached()
        message, code, status = str(answer["error"]), answer.get("code", "refused"), answer.get("status", 400)
        if code == "device_offline" or (self._known and status >= 500):
            return self._left(server=code != "device_offline")
        if code == "not_found" and self._known:
            return Exit(None, None, message)
        raise ApiError(status, api.Problem(detail=message, message=message, code=code))

    def _printed(self, output: terminals.Output) -> Event | None:
        if self._cursor is not None and output.end <= self._cursor:
            return None
        data, had = output.data, (self._cursor or 0) - output.offset
        if had > 0 and not output.reset and len(data) == output.end - output.offset:
            data = data[had:]
        self._cursor = output.end
        return Output(data, output.reset)

    def _left(self, *, server: bool) -> Away | None:
        """Note that it is away; returns an event only for the first who says so."""
        self.attached.clear()
        if self._away:
            return None
        self._away = True
        return Away(server)

    async def _credit(self) -> None:
        """Say how much was shown, once that is enough to be said."""
        shown = self._cursor or 0
        if shown - self._credited >= terminals.CREDIT_STEP and await self._send(terminals.CREDIT, {"offset": shown}):
            self._credited = shown


def _handlers(arrived: _Arrived) -> dict[str, Callable[..., Any]]:
    heard: dict[str, Callable[..., Any]] = {name: functools.partial(_put, arrived, name) for name in _HEARD}
    return {**heard, "disconnect": lambda *_reason: arrived.put_nowait(None)}


def _put(arrived: _Arrived, name: str, data: Any) -> None:
    arrived.put_nowait((name, data))
