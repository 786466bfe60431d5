"""Parts of an answer as messages of Anthropic's Messages API: streamed events, or one message."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from wegent_jupyter.practice.parts import Call, Mark, Text, Thought
from wegent_jupyter.practice.transcript import words

Event = dict[str, Any]
_SIGNATURE = "c2NyaXB0ZWQ="  # "scripted": clients want a signature below a thought, none can check it
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def error(status: int, text: str) -> Event:
    """Return the body of an error."""
    return {"type": "error", "error": {"type": _ERRORS.get(status, "api_error"), "message": text}}


class Message:
    """One answer: makes events of its parts, and in the end the message that they add up to."""

    def __init__(self, model: str, asked: int) -> None:
        """Take the name that the client gave the model, and the words that are new to it."""
        self._head = {"id": f"msg_practice_{uuid.uuid4().hex[:16]}", "type": "message", "role": "assistant"}
        self._model, self._asked, self._written = model, asked, 0
        self._content: list[dict[str, Any]] = []
        self._reason = "end_turn"

    def begin(self) -> Iterator[Event]:
        """Yield the first event."""
        yield {"type": "message_start", "message": self._message([], None, 0)}

    def add(self, part: Mark | Text | Thought | Call) -> Iterator[Event]:
        """Yield the events of a part."""
        match part:
            case Text(text):
                yield from self._open({"type": "text", "text": ""})
                yield self._delta("text", text, {"type": "text_delta", "text": text})
                self._written += len(text.split())
            case Thought(text):
                yield from self._open({"type": "thinking", "thinking": "", "signature": ""})
                yield self._delta("thinking", text, {"type": "thinking_delta", "thinking": text})
                self._written += len(text.split())
            case Call():
                yield from self._call(part)

    def end(self) -> Iterator[Event]:
        """Yield the last events."""
        yield from self._close()
        ending = {"stop_reason": self._reason, "stop_sequence": None}
        yield {"type": "message_delta", "delta": ending, "usage": self._usage(self._written)}
        yield {"type": "message_stop"}

    def fail(self, status: int, text: str) -> Iterator[Event]:
        """Yield the event that ends a stream with an error."""
        yield error(status, text)

    def whole(self) -> Event:
        """Return the whole message, after its last event."""
        return self._message(self._content, self._reason, self._written)

    def _call(self, call: Call) -> Iterator[Event]:
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        yield from self._open(block)
        text = json.dumps(call.input, ensure_ascii=False)
        yield {"type": "content_block_delta", "index": self._index, "delta": _input(text)}
        self._content[-1]["input"] = call.input
        self._reason = "tool_use"
        self._written += words(call.input)

    def _open(self, block: dict[str, Any]) -> Iterator[Event]:
        if self._content and self._content[-1]["type"] == block["type"]:
            return
        yield from self._close()
        self._content.append(dict(block))
        yield {"type": "content_block_start", "index": self._index, "content_block": block}

    def _close(self) -> Iterator[Event]:
        if not self._content:
            return
        block = self._content[-1]
        if block["type"] == "thinking":
            yield self._delta("signature", _SIGNATURE, {"type": "signature_delta", "signature": _SIGNATURE})
        yield {"type": "content_block_stop", "index": self._index}

    def _delta(self, field: str, text: str, delta: Event) -> Event:
        self._content[-1][field] += text
        return {"type": "content_block_delta", "index": self._index, "delta": delta}

    @property
    def _index(self) -> int:
        return len(self._content) - 1

    def _message(self, content: list[dict[str, Any]], reason: str | None, written: int) -> Event:
        rest = {"content": content, "stop_reason": reason, "stop_sequence": None, "usage": self._usage(written)}
        return {**self._head, "model": self._model, **rest}

    def _usage(self, written: int) -> dict[str, int]:
        caches = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        return {"input_tokens": self._asked, "output_tokens": written, **caches}


def _input(text: str) -> Event:
    return {"type": "input_json_delta", "partial_json": text}
