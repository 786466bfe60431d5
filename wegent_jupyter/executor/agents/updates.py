"""Turn ACP's session updates into our items: text grows by deltas, tool calls are sent whole."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from wegent_jupyter.executor.agents.base import Emit
from wegent_jupyter.protocol.events import Delta, Plan, Tool
from wegent_jupyter.protocol.jsonable import bounded

_TEXT: dict[str, Literal["message", "thought"]] = {"agent_message_chunk": "message", "agent_thought_chunk": "thought"}
_STATUSES = ("pending", "in_progress", "completed", "failed")


class Updates:
    """The items of one turn. `next_index` gives each its place; `clock` gives seconds, for how long a call took."""

    def __init__(self, emit: Emit, next_index: Callable[[], int], clock: Callable[[], float]) -> None:
        """Start with no item."""
        self._emit, self._index, self._clock = emit, next_index, clock
        self._text: tuple[str, int, Literal["message", "thought"]] | None = None
        self._length = 0
        self._tools: dict[str, Tool] = {}
        self._asked: dict[str, list[dict[str, Any]]] = {}
        """The diffs with which a call was asked for."""
        self._started: dict[str, float] = {}
        self._plan: Plan | None = None

    def take(self, update: dict[str, Any]) -> None:
        """Take one `session/update`; kinds that show nothing are passed over."""
        update = bounded(update)
        name = str(update.get("sessionUpdate"))
        if name in _TEXT:
            self._add_text(_TEXT[name], update.get("content"))
        elif name in ("tool_call", "tool_call_update"):
            self._tool(update)
        elif name == "plan":
            self._set_plan(update.get("entries"))

    def call(self, update: dict[str, Any]) -> Tool:
        """Return a tool call as it is asked for, which need not have been announced.

        Agents ask with less than they announced, or show a diff only here: nothing that is known of the call is lost.
        """
        update = bounded(update)
        call = str(update.get("toolCallId"))
        known = self._tools.get(call)
        if known is None:
            return _merge(Tool(f"tool-{call}", 0, ""), update)
        asked = _merge(known, update)
        if isinstance(known.input, dict) and isinstance(asked.input, dict):
            asked.input = {**known.input, **asked.input}
        asked.locations = asked.locations or known.locations
        self._asked[call] = asked.diffs = asked.diffs or known.diffs
        return asked

    def finish(self) -> None:
        """Mark what still runs as failed: the turn is over."""
        for tool in self._tools.values():
            if tool.status in ("pending", "in_progress"):
                self._finish(replace(tool, status="failed"))

    def _add_text(self, kind: Literal["message", "thought"], content: Any) -> None:
        text = content.get("text") if isinstance(content, dict) else None
        if not isinstance(text, str) or not text:
            return
        if self._text is None or self._text[2] != kind:
            index = self._index()
            self._text, self._length = (f"{kind}-{index}", index, kind), 0
        item_id, index, _ = self._text
        self._emit(Delta(item_id, index, kind, self._length, text))
        self._length += len(text)

    def _tool(self, update: dict[str, Any]) -> None:
        call = str(update.get("toolCallId"))
        self._text = None  # text after a tool call is a new item
        old = self._tools.get(call)
        if old is None:
            old = Tool(f"tool-{call}", self._index(), "")
            self._started[call] = self._clock()
        new = _merge(old, update)
        new.diffs = new.diffs or self._asked.get(call, [])
        self._tools[call] = new
        added = new.output.removeprefix(old.output)
        if replace(new, output=old.output) == old and old.title and new.output.startswith(old.output):
            if added:
                self._emit(Delta(new.item_id, new.index, "output", len(old.output), added))
            return
        self._finish(new) if new.status in ("completed", "failed") else self._emit(replace(new))

    def _finish(self, tool: Tool) -> None:
        call = tool.item_id.removeprefix("tool-")
        if tool.seconds is None:
            tool = replace(tool, seconds=round(self._clock() - self._started[call], 3))
        self._tools[call] = tool
        self._emit(replace(tool))

    def _set_plan(self, entries: Any) -> None:
        if not isinstance(entries, list):
            return
        shown = [
            {key: str(entry.get(key, "")) for key in ("content", "status", "priority")}
            for entry in entries
            if isinstance(entry, dict)
        ]
        index = self._plan.index if self._plan else self._index()
        self._plan = Plan("plan", index, shown)
        self._emit(self._plan)


def _merge(tool: Tool, update: dict[str, Any]) -> Tool:
    """Return a tool call with an update laid over it; ACP's collections replace, absent fields stay."""
    status = update.get("status")
    new = replace(
        tool,
        title=str(update.get("title") or tool.title or "Tool"),
        tool=str(update.get("kind") or tool.tool),
        status=status if status in _STATUSES else tool.status,
        input=update["rawInput"] if update.get("rawInput") is not None else tool.input,
    )
    if isinstance(update.get("locations"), list):
        new.locations = [_location(one) for one in update["locations"] if isinstance(one, dict)]
    if isinstance(update.get("content"), list):
        parts = [part for part in update["content"] if isinstance(part, dict)]
        new.output = "".join(_text_of(part) for part in parts)
        new.diffs = [_diff(part) for part in parts if part.get("type") == "diff"]
    elif update.get("rawOutput") is not None and not new.output:
        new.output = _raw(update["rawOutput"])
    return new


def _location(location: dict[str, Any]) -> dict[str, Any]:
    return {"path": str(location.get("path", "")), "line": location.get("line")}


def _text_of(part: dict[str, Any]) -> str:
    content = part.get("content")
    text = content.get("text") if part.get("type") == "content" and isinstance(content, dict) else None
    return text if isinstance(text, str) else ""


def _diff(part: dict[str, Any]) -> dict[str, Any]:
    return {"path": str(part.get("path", "")), "old": part.get("oldText"), "new": part.get("newText", "")}


def _raw(output: Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False, indent=1)
