"""Turn what `codex app-server` tells (its notifications) into our items.

Text and output come as deltas, everything else as whole items. What subagents do is shown; what they say is not, since
the answer is the main agent's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from wegent_jupyter.executor.agents import codex_errors, codex_items
from wegent_jupyter.executor.agents.base import Emit
from wegent_jupyter.executor.agents.shapes import Json, mapping, mappings, number, words
from wegent_jupyter.protocol.api import Usage
from wegent_jupyter.protocol.events import Delta, Notice, Plan, Tool
from wegent_jupyter.protocol.jsonable import bounded

MAX_OUTPUT = 1 << 20
"""1 Mi characters of one command's output that are taken while it streams."""
_UNSEEN = ("Model metadata for ",)
"""Warnings that say nothing to whoever configured the model."""
_HARMLESS = frozenset({"userMessage", "agentMessage", "reasoning", "plan", "contextCompaction"})
"""What is only thought and talk. Whatever else comes, also of a kind that is not known here, may have done anything."""
_PLAN_STATUS = {"inProgress": "in_progress", "pending": "pending", "completed": "completed"}


class Messages:
    """The items of one turn of ours; `thread` is the main agent's, set once it is known."""

    def __init__(
        self,
        emit: Emit,
        next_index: Callable[[], int],
        workspace: Path,
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start with no item. `ended` is told of each text of which no more comes."""
        self._emit, self._next_index, self._workspace, self._ended = emit, next_index, workspace, ended
        self.thread = ""
        self.proposal = ""
        """The newest plan that was proposed as a whole, in plan mode."""
        self.acted = False
        """Whether the agent did anything in this turn, or began to."""
        self._texts: dict[str, _Text] = {}
        self._tools: dict[str, Tool] = {}
        self._items: dict[str, Json] = {}
        self._threads: dict[str, Any] = {}
        self._claimed: set[str] = set()
        self._began: dict[str, float] = {}
        self._denials: dict[str, str] = {}
        self._retries: int | None = None
        self._plan: Plan | None = None
        self._told: set[str] = set()
        self._tokens = _Tokens()

    def take(self, method: str, params: Json) -> None:
        """Take one notification; kinds that show nothing are passed over."""
        params = bounded(params)
        main = params.get("threadId") in (self.thread, None)
        if method in ("item/started", "item/completed"):
            item = mapping(params.get("item"))
            self._threads[words(item.get("id"))] = params.get("threadId")
            self._item(item, main, method == "item/completed")
        elif method == "item/commandExecution/outputDelta":
            self._output(words(params.get("itemId")), words(params.get("delta")))
        elif method == "item/fileChange/patchUpdated":
            self._patched(words(params.get("itemId")), params)
        elif main:
            self._main(method, params)

    def item(self, item_id: str) -> Json:
        """Return an item as Codex told it."""
        return self._items.get(item_id, {})

    def diffs(self, item_id: str) -> list[Json]:
        """Return the changes that an item is to make."""
        return self._tools[item_id].diffs if item_id in self._tools else []

    def claim_call(self, params: Json) -> str | None:
        """Return the call of a server's tool for which Codex asks for leave, once; None where there is no such call.

        What asks does not say which call it is, and a server can make a form of its own look like it. So everything
        has to fit: the sentence that Codex says, no field to fill in, and a call that waits and was not asked for yet.
        """
        params = bounded(params)
        said, given = words(params.get("message")), mapping(params.get("_meta")).get("tool_params")
        if mapping(mapping(params.get("requestedSchema")).get("properties")) or not said.startswith("Allow "):
            return None
        where = (params.get("threadId"), params.get("serverName"), mapping(given))
        for item_id, item in self._items.items():
            waiting = item_id in self._tools and self._tools[item_id].status == "in_progress"
            same = where == (self._threads.get(item_id), item.get("server"), mapping(item.get("arguments")))
            named = item.get("type") == "mcpToolCall" and said.endswith(f' to run tool "{item.get("tool")}"?')
            if waiting and same and named and item_id not in self._claimed:
                self._claimed.add(item_id)
                return item_id
        return None

    def decided(self, item_id: str, denial: str | None) -> None:
        """Count the time of an item from now on, a person having decided; `denial` is what its card says."""
        self._began[item_id] = time.monotonic()
        if denial is not None:
            self._denials[item_id] = denial

    def notice(self, text: str, level: Literal["info", "warning"] = "info", index: int | None = None) -> int:
        """Show a sentence of ours; return its place, at which it can be replaced."""
        place = self._next_index() if index is None else index
        self._emit(Notice(f"notice-{place}", place, text, level))
        return place

    @property
    def running(self) -> list[str]:
        """Return the titles of the commands that still run."""
        return [tool.title for tool in self._tools.values() if tool.status == "in_progress" and tool.tool == "execute"]

    @property
    def usage(self) -> Usage | None:
        """Return the tokens of this turn."""
        return self._tokens.usage

    def finish(self) -> None:
        """Mark what still runs as failed: the turn is over."""
        for item_id, tool in list(self._tools.items()):
            if tool.status == "in_progress":
                self._finish(item_id, replace(tool, status="failed"))

    def _main(self, method: str, params: Json) -> None:
        item_id, delta = words(params.get("itemId")), words(params.get("delta"))
        if method in ("item/agentMessage/delta", "item/plan/delta"):
            self._grow(item_id, "message", "text", delta)
        elif method == "item/reasoning/summaryTextDelta":
            self._think(item_id, "summary", number(params.get("summaryIndex")), delta)
        elif method == "item/reasoning/textDelta":
            self._think(item_id, "content", number(params.get("contentIndex")), delta)
        elif method == "turn/plan/updated":
            self._planned(mappings(params.get("plan")))
        elif method == "thread/tokenUsage/updated":
            self._tokens.take(words(params.get("turnId")), mapping(params.get("tokenUsage")))
        elif method == "turn/started":
            self._tokens.turns.add(words(mapping(params.get("turn")).get("id")))
        elif method == "error" and params.get("willRetry"):
            said = codex_errors.retrying(mapping(params.get("error")))
            self._retries = self.notice(said, "warning", self._retries)
        else:
            self._warn(_warning(method, params))

    def _item(self, item: Json, main: bool, ended: bool) -> None:
        kind, item_id = words(item.get("type")), words(item.get("id"))
        self.acted = self.acted or kind not in _HARMLESS
        if kind in ("agentMessage", "plan") and main:
            if ended:
                self._complete(item_id, "message", "text", words(item.get("text")))
                self.proposal = words(item.get("text")) if kind == "plan" else self.proposal
        elif kind == "reasoning" and main:
            for source in ("summary", "content") if ended else ():
                parts = item.get(source)
                whole = "\n\n".join(words(part) for part in parts) if isinstance(parts, list) else ""
                self._complete(item_id, "thought", source, whole)
        elif kind == "contextCompaction" and ended:
            self.notice("The conversation was summarised, to make room for more.")
        else:
            self._tool(item_id, item, ended)

    def _tool(self, item_id: str, item: Json, ended: bool) -> None:
        described = codex_items.describe(item, self._workspace)
        if described is None:
            return
        self._items[item_id] = item
        self._began.setdefault(item_id, time.monotonic())
        old = self._tools.get(item_id)
        tool = Tool(
            f"tool-{item_id}",
            old.index if old else self._next_index(),
            described.title,
            described.kind,
            codex_items.status(item, ended),
            described.input,
            described.output if described.output is not None else (old.output if old else ""),
            old.diffs if old and ended and old.diffs else described.diffs,  # they are of what was on the disk before
            described.locations,
        )
        if item.get("status") == "declined":
            tool.output = self._denials.get(item_id, tool.output)
        self._finish(item_id, tool) if ended else self._show(item_id, tool)

    def _patched(self, item_id: str, params: Json) -> None:
        if item_id in self._items:
            self._tool(item_id, {**self._items[item_id], "changes": params.get("changes")}, False)

    def _output(self, item_id: str, text: str) -> None:
        tool = self._tools.get(item_id)
        if tool is None or not text or len(tool.output) >= MAX_OUTPUT:
            return
        text = text[: MAX_OUTPUT - len(tool.output)]
        self._emit(Delta(tool.item_id, tool.index, "output", len(tool.output), text))
        self._tools[item_id] = replace(tool, output=tool.output + text)

    def _finish(self, item_id: str, tool: Tool) -> None:
        began = self._began.get(item_id)
        self._show(item_id, replace(tool, seconds=round(time.monotonic() - began, 3) if began is not None else None))

    def _show(self, item_id: str, tool: Tool) -> None:
        self._tools[item_id] = tool
        self._emit(replace(tool))

    def _think(self, item_id: str, source: str, part: int, text: str) -> None:
        known = self._texts.get(item_id)
        if known is not None and known.source == source and known.part != part and known.length:
            text = f"\n\n{text}"
        self._grow(item_id, "thought", source, text)
        if item_id in self._texts:
            self._texts[item_id].part = part

    def _grow(self, item_id: str, kind: Literal["message", "thought"], source: str, text: str) -> None:
        if not text:
            return
        grown = self._texts.get(item_id)
        if grown is None:  # a place is taken only by what is shown
            grown = self._texts[item_id] = _Text(self._next_index(), source)
        if grown.source != source:  # the same thoughts once as a summary and once in full
            return
        self._emit(Delta(f"{kind}-{grown.index}", grown.index, kind, grown.length, text))
        grown.length += len(text)

    def _complete(self, item_id: str, kind: Literal["message", "thought"], source: str, whole: str) -> None:
        """Show what of a text was not streamed."""
        grown = self._texts.get(item_id)
        self._grow(item_id, kind, source, whole[grown.length if grown else 0 :])
        known = self._texts.get(item_id)
        if known is not None and known.source == source:
            self._ended(f"{kind}-{known.index}")

    def _planned(self, plan: list[Json]) -> None:
        entries = [
            {
                "content": words(step.get("step")),
                "status": _PLAN_STATUS.get(words(step.get("status")), "pending"),
                "priority": "medium",
            }
            for step in plan
        ]
        if entries:
            self._plan = Plan("plan", self._plan.index if self._plan else self._next_index(), entries)
            self._emit(self._plan)

    def _warn(self, text: str) -> None:
        if text and text not in self._told and not text.startswith(_UNSEEN):
            self._told.add(text)
            self.notice(text, "warning")


@dataclass(slots=True)
class _Text:
    """A message or thought that grows; `source` is the field of Codex's item that it follows."""

    index: int
    source: str
    length: int = 0
    part: int = 0


class _Tokens:
    """Codex counts the tokens of a whole conversation; ours are those since its turn began."""

    def __init__(self) -> None:
        self._before: Json | None = None
        self._now: Json | None = None
        self.turns: set[str] = set()
        """Those of Codex that are part of ours."""

    def take(self, turn: str, told: Json) -> None:
        total, last = mapping(told.get("total")), mapping(told.get("last"))
        if turn not in self.turns:  # a thread that is resumed tells again what it had used
            self._before = total
            return
        self._now = total
        if self._before is None:
            self._before = {name: number(total.get(name)) - number(last.get(name)) for name in total}

    @property
    def usage(self) -> Usage | None:
        now, before = self._now, self._before or {}
        if now is None:
            return None
        names = {"input_tokens": "inputTokens", "output_tokens": "outputTokens", "total_tokens": "totalTokens"}
        used = {ours: number(now.get(theirs)) - number(before.get(theirs)) for ours, theirs in names.items()}
        return Usage.model_validate(used)


def _warning(method: str, params: Json) -> str:
    """Return what a notification says that the person should know, '' for any other."""
    if method == "warning":
        return words(params.get("message"))
    if method == "model/rerouted":
        return f"The provider answers with another model: {words(params.get('toModel')) or 'it does not say which'}."
    if method == "mcpServer/startupStatus/updated" and params.get("status") == "failed":
        return f"The tool server “{words(params.get('name'))}” did not start: {words(params.get('error'))}"
    return ""
