"""The practice model's reply to one request: a stream of events, a whole message, or an error."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from aiohttp import web

from wegent_jupyter.practice import messages_events, messages_read, responses_events, responses_read
from wegent_jupyter.practice.parts import Break, Call, Failure, Mark, Part, Pause, Text, Thought
from wegent_jupyter.practice.transcript import Transcript

Event = dict[str, Any]


class Message(Protocol):
    """One answer in the words of an API."""

    def begin(self) -> Iterator[Event]:
        """Yield the first events."""

    def add(self, part: Mark | Text | Thought | Call) -> Iterator[Event]:
        """Yield the events of a part."""

    def end(self) -> Iterator[Event]:
        """Yield the last events."""

    def fail(self, status: int, text: str) -> Iterator[Event]:
        """Yield the event that ends a stream with an error."""

    def whole(self) -> Event:
        """Return the whole message, after its last event."""


class Api(NamedTuple):
    """How an API asks, answers and fails."""

    read: Callable[[Event], Transcript]
    message: Callable[[str, int], Message]
    error: Callable[[int, str], Event]


MESSAGES = Api(messages_read.read, messages_events.Message, messages_events.error)
RESPONSES = Api(responses_read.read, responses_events.Response, responses_events.error)


def failed(api: Api, status: int, text: str) -> web.Response:
    """Return an error as an API has it."""
    return web.json_response(api.error(status, text), status=status)


def encoded(event: Event) -> bytes:
    """Return an event as a server sends it."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


class Reply:
    """Sends the parts of an answer to one request, as they come or as a whole."""

    def __init__(self, request: web.Request, api: Api, message: Message, streaming: bool) -> None:
        """Nothing is sent yet."""
        self._request, self._api, self._message, self._streaming = request, api, message, streaming
        self._first = list(message.begin())  # now, for it tells what there is before anything else
        self._response: web.StreamResponse | None = None

    async def send(self, parts: Iterable[Part]) -> web.StreamResponse:
        """Send all parts; return what the request is answered with."""
        for part in parts:
            match part:
                case Pause(seconds):
                    await _pause(seconds)
                case Break():
                    self._break()
                case Failure(status, text):
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
            for first in self._first:
                await self._response.write(encoded(first))
        await self._response.write(encoded(event))

    async def _fail(self, status: int, text: str) -> web.StreamResponse:
        """Answer the status, or, once a stream has begun, end it with an event that says so."""
        if self._response is None:
            return failed(self._api, status, text)
        for event in self._message.fail(status, text):
            await self._response.write(encoded(event))
        return self._response

    def _break(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
        raise asyncio.CancelledError


async def _pause(seconds: float) -> None:
    if math.isinf(seconds):
        await asyncio.Event().wait()
    await asyncio.sleep(seconds)
