"""Parts of an answer as a response of OpenAI's Responses API: streamed events, or one response."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from wegent_jupyter.practice.parts import Call, Mark, Text, Thought
from wegent_jupyter.practice.transcript import words

Event = dict[str, Any]
_ENCRYPTED = "c2NyaXB0ZWQ="  # "scripted": clients hand it back with a thought, none can read it
_ERRORS = {
    400: ("invalid_request_error", "invalid_prompt"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "access_denied"),
    404: ("invalid_request_error", "not_found"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("requests", "rate_limit_exceeded"),
    503: ("server_error", "server_is_overloaded"),
    529: ("server_error", "server_is_overloaded"),
}


def error(status: int, text: str) -> Event:
    """Return the body of an error."""
    kind, code = _ERRORS.get(status, ("server_error", "server_error"))
    return {"error": {"message": text, "type": kind, "param": None, "code": code}}


class Response:
    """One answer; makes events of its parts, and in the end the response that they add up to."""

    def __init__(self, model: str, asked: int) -> None:
        """Take the name that the client gave the model, and the words that are new to it."""
        self._head = {"id": f"resp_practice_{uuid.uuid4().hex[:16]}", "object": "response", "model": model}
        self._created, self._asked, self._written = int(time.time()), asked, 0
        self._output: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None
        self._status = "in_progress"
        self._number, self._step = -1, 0

    def begin(self) -> Iterator[Event]:
        """Yield the first events."""
        yield self._event("response.created", response=self.whole())
        yield self._event("response.in_progress", response=self.whole())

    def add(self, part: Mark | Text | Thought | Call) -> Iterator[Event]:
        """Yield the events of a part."""
        match part:
            case Mark(step):
                self._step = step  # the ids tell it, so that a conversation that is cut off can go on
            case Text(text):
                yield from self._begin_item("message")
                yield self._delta("response.output_text.delta", text, content_index=0)
                self._item["content"][0]["text"] += text
                self._written += len(text.split())
            case Thought(text):
                yield from self._begin_item("reasoning")
                yield self._delta("response.reasoning_summary_text.delta", text, summary_index=0)
                self._item["summary"][0]["text"] += text
                self._written += len(text.split())
            case Call():
                yield from self._close()
                yield from self._call(part)

    def end(self) -> Iterator[Event]:
        """Yield the last events."""
        yield from self._close()
        self._status = "completed"
        yield self._event("response.completed", response=self.whole())

    def fail(self, status: int, text: str) -> Iterator[Event]:
        """Yield the event that ends a stream with an error."""
        self._status = "failed"
        told = error(status, text)["error"]
        yield self._event(
            "response.failed", response={**self.whole(), "error": {"code": told["code"], "message": text}}
        )

    def whole(self) -> Event:
        """Return the response as far as it has come."""
        usage = {
            "input_tokens": self._asked,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self._written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self._asked + self._written,
        }
        return {
            **self._head,
            "created_at": self._created,
            "status": self._status,
            "error": None,
            "incomplete_details": None,
            "output": [dict(item) for item in self._output],
            "usage": usage if self._status == "completed" else None,
        }

    def _call(self, call: Call) -> Iterator[Event]:
        free = isinstance(call.input, str)
        text = call.input if isinstance(call.input, str) else json.dumps(call.input, ensure_ascii=False)
        field, kind = ("input", "custom_tool_call") if free else ("arguments", "function_call")
        name = {"name": call.name} if call.namespace is None else {"name": call.name, "namespace": call.namespace}
        self._start({"type": kind, "call_id": call.id, **name, field: ""}, "ctc" if free else "fc")
        yield self._event("response.output_item.added", output_index=self._index, item=dict(self._item))
        stream = "response.custom_tool_call_input" if free else "response.function_call_arguments"
        yield self._delta(f"{stream}.delta", text)
        self._item[field] = text
        yield self._event(f"{stream}.done", item_id=self._item["id"], output_index=self._index, **{field: text})
        yield self._done()
        self._written += words(call.input)

    def _begin_item(self, kind: str) -> Iterator[Event]:
        if self._open is not None and self._open["type"] == kind:
            return
        yield from self._close()
        if kind == "message":
            self._start({"type": kind, "role": "assistant", "content": []}, "msg")
        else:
            self._start({"type": kind, "summary": [], "encrypted_content": _ENCRYPTED}, "rs")
        yield self._event("response.output_item.added", output_index=self._index, item=dict(self._item))
        yield self._event(f"response.{_part(kind)}.added", **self._place(), part=dict(self._add_part()))

    def _close(self) -> Iterator[Event]:
        """Yield the events that end a text or a thought."""
        if self._open is None:
            return
        kind = self._open["type"]
        part = self._open["content" if kind == "message" else "summary"][0]
        stream = "response.output_text" if kind == "message" else "response.reasoning_summary_text"
        yield self._event(f"{stream}.done", **self._place(), text=part["text"])
        yield self._event(f"response.{_part(kind)}.done", **self._place(), part=dict(part))
        yield self._done()

    def _start(self, item: dict[str, Any], prefix: str) -> None:
        self._open = {"id": f"{prefix}_practice_{self._step}_{uuid.uuid4().hex[:12]}", "status": "in_progress", **item}
        self._output.append(self._open)

    def _done(self) -> Event:
        item = self._item
        item["status"], self._open = "completed", None
        return self._event("response.output_item.done", output_index=self._index, item=dict(item))

    def _add_part(self) -> dict[str, Any]:
        if self._item["type"] == "message":
            self._item["content"].append({"type": "output_text", "text": "", "annotations": []})
            return dict(self._item["content"][0])
        self._item["summary"].append({"type": "summary_text", "text": ""})
        return dict(self._item["summary"][0])

    def _place(self) -> dict[str, Any]:
        index = "content_index" if self._item["type"] == "message" else "summary_index"
        return {"item_id": self._item["id"], "output_index": self._index, index: 0}

    def _delta(self, kind: str, text: str, **more: int) -> Event:
        return self._event(kind, item_id=self._item["id"], output_index=self._index, **more, delta=text)

    def _event(self, kind: str, **more: Any) -> Event:
        self._number += 1
        return {"type": kind, "sequence_number": self._number, **more}

    @property
    def _item(self) -> dict[str, Any]:
        return self._output[-1]

    @property
    def _index(self) -> int:
        return len(self._output) - 1


def _part(kind: str) -> str:
    return "content_part" if kind == "message" else "reasoning_summary_part"
