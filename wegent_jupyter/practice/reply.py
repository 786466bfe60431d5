"""The practice model's reply to one request: a stream of events, a whole message, or an error."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable

from aiohttp import web

from wegent_jupyter.practice import answers
from wegent_jupyter.practice.events import Event, Message, encoded

_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def failed(status: int, text: str) -> web.Response:
    """Return an error as Anthropic's API has it."""
    return web.json_response(_error(status, text), status=status)


def _error(status: int, text: str) -> Event:
    return {"type": "error", "error": {"type": _ERRORS.get(status, "api_error"), "message": text}}


class Reply:
    """Sends the parts of an answer to one request, as they come or as a whole."""

    def __init__(self, request: web.Request, message: Message, streaming: bool) -> None:
        """Nothing is sent yet."""
        self._request, self._message, self._streaming = request, message, streaming
        self._response: web.StreamResponse | None = None

    async def send(self, parts: Iterable[answers.Part]) -> web.StreamResponse:
        """Send all parts; return what the request is answered with."""
        for part in parts:
            match part:
                case answers.Pause(seconds):
                    await _pause(seconds)
                case answers.Break():
                    self._break()
                case answers.Failure(status, text):
                    return await self._fail(status, text)
                case _:
                    await self._put(self._message.add(part))
        await self._put(self._message.end())
        return self._response or web.json_response(self._message.whole())

    async def _put(self, events: Iterable[Event]) -> None:
        """Stream events, or only let them add up to the message."""
        for event in events:
            if self._streaming:
                await self._write(event)

    async def _write(self, event: Event) -> None:
        if self._response is None:
            self._response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await self._response.prepare(self._request)
            for first in self._message.begin():
                await self._response.write(encoded(first))
        await self._response.write(encoded(event))

    async def _fail(self, status: int, text: str) -> web.StreamResponse:
        """Answer the status, or, once a stream has begun, end it with an event that says so."""
        if self._response is None:
            return failed(status, text)
        await self._response.write(encoded(_error(status, text)))
        return self._response

    def _break(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
        raise asyncio.CancelledError


async def _pause(seconds: float) -> None:
    if math.isinf(seconds):
        await asyncio.Event().wait()
    await asyncio.sleep(seconds)
