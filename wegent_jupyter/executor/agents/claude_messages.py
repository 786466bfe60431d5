"""Turn what Claude Code says (its `stream-json` messages) into our items.

Text comes as deltas of the model's own stream, tool calls as whole blocks. What subagents do is shown; what they say is
not, since the answer is the main agent's.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from wegent_jupyter.executor.agents import claude_tools
from wegent_jupyter.executor.agents.base import Emit
from wegent_jupyter.executor.agents.shapes import Json, mapping, mappings, words
from wegent_jupyter.protocol.events import Delta, Notice, Plan, Tool
from wegent_jupyter.protocol.jsonable import bounded

_TEXT: dict[str, Literal["message", "thought"]] = {"text": "message", "thinking": "thought"}
_PLANNING = ("TodoWrite", "TaskCreate", "TaskUpdate")


class Messages:
    """The items of one turn."""

    def __init__(
        self,
        emit: Emit,
        next_index: Callable[[], int],
        workspace: Path,
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start with no item. `ended` is told of each text of which no more comes."""
        self._emit, self._next_index, self._workspace, self._ended = emit, next_index, workspace, ended
        self._streamed: set[str] = set()
        self._text: _Text | None = None
        self._tools: dict[str, Tool] = {}
        self._names: dict[str, str] = {}
        self._inputs: dict[str, Json] = {}
        self._began: dict[str, float] = {}
        self._retries: int | None = None
        self._plan = _Entries()
        self.said = False
        """Whether the agent said anything in this turn."""

    def take(self, message: Json) -> None:
        """Take one message; kinds that show nothing are passed over."""
        message = bounded(message)
        kind, main = message.get("type"), message.get("parent_tool_use_id") is None
        if kind == "stream_event" and main:
            self._stream(mapping(message.get("event")))
        elif kind == "assistant":
            self._assistant(message, main)
        elif kind == "user":
            self._results(message)
        elif kind == "system" and message.get("subtype") == "api_retry":
            self._retry(message)
        elif kind == "system" and message.get("subtype") == "compact_boundary":
            self.notice("The conversation was summarised, to make room for more.")

    def given(self, tool_use_id: str) -> Json:
        """Return the input of a tool call as the model gave it."""
        return self._inputs.get(tool_use_id, {})

    def decided(self, tool_use_id: str, given: Json | None) -> None:
        """Count the time of a call from now on, a person having decided; `given` is its input if they changed it."""
        self._began[tool_use_id] = time.monotonic()
        tool = self._tools.get(tool_use_id)
        if tool is not None and given is not None:
            self._announce(tool_use_id, self._names[tool_use_id], given)

    def say(self, text: str) -> None:
        """Show a text that did not come as a stream."""
        self._open_text("message")
        self._grow(text)
        self._close_text()

    def notice(self, text: str, level: Literal["info", "warning"] = "info", index: int | None = None) -> int:
        """Show a sentence of ours; return its place, at which it can be replaced."""
        place = self._next_index() if index is None else index
        self._emit(Notice(f"notice-{place}", place, text, level))
        return place

    def finish(self) -> None:
        """Mark what still runs as failed: the turn is over."""
        for call, tool in list(self._tools.items()):
            if tool.status in ("pending", "in_progress"):
                self._finish(call, replace(tool, status="failed"))

    def _stream(self, event: Json) -> None:
        kind = event.get("type")
        if kind == "message_start":
            self._streamed.add(str(mapping(event.get("message")).get("id")))
        elif kind == "content_block_start":
            self._block(mapping(event.get("content_block")))
        elif kind == "content_block_delta":
            delta = mapping(event.get("delta"))
            self._grow(words(delta.get("text")) or words(delta.get("thinking")))
        elif kind == "content_block_stop":
            self._close_text()

    def _block(self, block: Json) -> None:
        kind = _TEXT.get(str(block.get("type")))
        self._close_text()
        if kind is not None:
            self._open_text(kind)
            self._grow(words(block.get("text")) or words(block.get("thinking")))
        elif block.get("type") == "tool_use":
            call, name = str(block.get("id")), str(block.get("name"))
            self._show(call, Tool(f"tool-{call}", self._next_index(), name, claude_tools.kind_of(name)))

    def _open_text(self, kind: Literal["message", "thought"]) -> None:
        self._text = _Text(kind)

    def _close_text(self) -> None:
        if self._text is not None and self._text.index:
            self._ended(f"{self._text.kind}-{self._text.index}")
        self._text = None

    def _grow(self, text: str) -> None:
        if self._text is None:
            return
        text = self._text.complete(text)
        if not text:
            return
        if self._text.index == 0:  # a place is taken only by what is shown
            self._text.index = self._next_index()
        self.said = self.said or self._text.kind == "message"
        index, kind = self._text.index, self._text.kind
        self._emit(Delta(f"{kind}-{index}", index, kind, self._text.length, text))
        self._text.length += len(text)

    def _assistant(self, message: Json, main: bool) -> None:
        content = mapping(message.get("message"))
        streamed = str(content.get("id")) in self._streamed
        for block in mappings(content.get("content")):
            if block.get("type") == "tool_use":
                self._announce(str(block.get("id")), str(block.get("name")), mapping(block.get("input")))
            elif block.get("type") == "text" and main and not streamed and not message.get("error"):
                self.say(words(block.get("text")))

    def _announce(self, call: str, name: str, given: Json) -> None:
        described = claude_tools.describe(name, given, self._workspace)
        old = self._tools.get(call)
        self._names[call], self._inputs[call] = name, given
        self._began.setdefault(call, time.monotonic())
        self._show(
            call,
            Tool(
                f"tool-{call}",
                old.index if old else self._next_index(),
                described.title,
                described.kind,
                "in_progress",
                given,
                diffs=described.diffs,
                locations=described.locations,
            ),
        )
        if name == "TodoWrite":
            self._planned(self._plan.replace(mappings(given.get("todos"))))

    def _results(self, message: Json) -> None:
        content = mapping(message.get("message")).get("content")
        for block in mappings(content):
            call = str(block.get("tool_use_id"))
            tool = self._tools.get(call)
            if block.get("type") == "tool_result" and tool is not None:
                failed = bool(block.get("is_error"))
                output = _output(block.get("content"))
                self._finish(call, replace(tool, status="failed" if failed else "completed", output=output))
                if not failed and self._names.get(call) in _PLANNING:
                    self._planned(self._plan.take(self._names[call], self._inputs[call], message))

    def _finish(self, call: str, tool: Tool) -> None:
        began = self._began.get(call)
        seconds = round(time.monotonic() - began, 3) if began is not None else None
        self._show(call, replace(tool, seconds=seconds))

    def _show(self, call: str, tool: Tool) -> None:
        self._tools[call] = tool
        self._emit(replace(tool))

    def _planned(self, entries: list[Json]) -> None:
        if entries:
            self._plan.index = self._plan.index or self._next_index()
            self._emit(Plan("plan", self._plan.index, entries))

    def _retry(self, message: Json) -> None:
        status = message.get("error_status")
        why = f"The model answered {status}" if status else "The connection to the model failed"
        tries = f"{message.get('attempt')} of {message.get('max_retries')}"
        self._retries = self.notice(f"{why}; trying again ({tries}).", "warning", self._retries)


class _Text:
    """A message or thought that grows."""

    def __init__(self, kind: Literal["message", "thought"]) -> None:
        self.kind = kind
        self.index = 0
        self.length = 0
        self._half = ""

    def complete(self, text: str) -> str:
        """Return the text up to a half of a surrogate pair, which is kept for the next part."""
        text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Entries:
    """The agent's plan, which it writes whole (`TodoWrite`) or entry by entry (`TaskCreate`, `TaskUpdate`)."""

    def __init__(self) -> None:
        self.index = 0
        self._entries: dict[str, Json] = {}

    def replace(self, todos: list[Json]) -> list[Json]:
        """Take a whole plan."""
        self._entries = {str(at): _entry(todo, "content") for at, todo in enumerate(todos)}
        return list(self._entries.values())

    def take(self, name: str, given: Json, message: Json) -> list[Json]:
        """Take one entry, made or changed."""
        if name == "TaskCreate":
            made = mapping(mapping(message.get("tool_use_result")).get("task"))
            self._entries[str(made.get("id") or len(self._entries) + 1)] = _entry(given, "subject")
        elif name == "TaskUpdate":
            key = str(given.get("taskId"))
            if given.get("status") == "deleted":
                self._entries.pop(key, None)
            elif key in self._entries:
                old = self._entries[key]
                changed = {"content": words(given.get("subject")), "status": words(given.get("status"))}
                self._entries[key] = {**old, **{name: value for name, value in changed.items() if value}}
        return list(self._entries.values())


def _entry(given: Json, text: str) -> Json:
    status = words(given.get("status")) or "pending"
    return {"content": words(given.get(text)), "status": status, "priority": "medium"}


def _output(content: Any) -> str:
    if isinstance(content, str):
        text = content
    else:
        parts = (
            block.get("text") if block.get("type") == "text" else f"[{block.get('type')}]"
            for block in mappings(content)
        )
        text = "\n".join(part for part in parts if isinstance(part, str))
    return text.removeprefix("<tool_use_error>").removesuffix("</tool_use_error>")
