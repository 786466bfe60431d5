"""Write down what an agent does: deltas are put together, everything is bounded, nothing is lost."""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace

from wegent_jupyter.executor.journal import Journal, Key
from wegent_jupyter.protocol.events import AgentEvent, Delta, Ended, Notice, Plan, Tool, encode

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.02
"""Deltas of one item within 20 ms become one event: 50 a second read as smooth, and cost little."""
FLUSH_CHARS = 16 << 10
MAX_DELTA = 64 << 10
"""64 Ki characters in one delta: escaped in JSON, at most 768 KiB, so that one always fits into a message."""
RETRY_SECONDS = 1.0

MAX_TEXT = 4 << 20
"""4 Mi characters of messages and thoughts in one attempt; the rest is dropped with a notice."""
MAX_OUTPUT = 256 << 10
"""256 Ki characters of output of one tool call."""
MAX_ITEM = 1 << 20
"""1 Mi characters of input and diffs of one tool call, as JSON."""
MAX_ITEMS = 5_000


class Recorder:
    """Takes the events of one attempt, in order, and appends them to the journal."""

    def __init__(self, journal: Journal, key: Key, appended: Callable[[Key, int], None]) -> None:
        """Call `appended` with the last `seq` after each write."""
        self._journal, self._key, self._appended = journal, key, appended
        self._pending: list[AgentEvent] = []
        self._pending_chars = 0
        self._timer: asyncio.TimerHandle | None = None
        self._flushed = 0.0
        self._limits = Limits()
        self.ended = False

    def __call__(self, event: AgentEvent) -> None:
        """Take one event; those after the terminal one are dropped (invariant 6)."""
        if self.ended:
            log.warning("Attempt %d: %s after its end was dropped", self._key[1], type(event).__name__)
            return
        for kept in self._limits.apply(event):
            for piece in _pieces(kept):
                self._add(piece)
        self.ended = isinstance(event, Ended)
        self._flush_in_time()

    def _add(self, event: AgentEvent) -> None:
        last = self._pending[-1] if self._pending else None
        if isinstance(event, Delta):
            self._pending_chars += len(event.text)
            if isinstance(last, Delta) and _continues(last, event):
                last.text += event.text
                return
            event = replace(event)
        self._pending.append(event)

    def _flush_in_time(self) -> None:
        waited = time.monotonic() - self._flushed
        if self.ended or self._pending_chars >= FLUSH_CHARS or waited >= FLUSH_SECONDS:
            self.flush()
        elif self._timer is None and self._pending:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS - waited, self.flush)

    def flush(self) -> None:
        """Write what is pending; on a full disk it stays in memory, which is bounded, and is tried again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pending:
            return
        try:
            last = self._journal.append(self._key, [encode(event) for event in self._pending], ended=self.ended)
        except sqlite3.OperationalError as error:
            log.error("Attempt %d: cannot write to the journal: %s", self._key[1], error)
            self._timer = asyncio.get_running_loop().call_later(RETRY_SECONDS, self.flush)
            return
        self._pending, self._pending_chars, self._flushed = [], 0, time.monotonic()
        self._appended(self._key, last)


def _pieces(event: AgentEvent) -> list[AgentEvent]:
    """Return an event as events that each fit into a message."""
    if not isinstance(event, Delta) or len(event.text) <= MAX_DELTA:
        return [event]
    starts = range(0, len(event.text), MAX_DELTA)
    return [replace(event, offset=event.offset + at, text=event.text[at : at + MAX_DELTA]) for at in starts]


def _continues(last: Delta, event: Delta) -> bool:
    same = (last.item_id, last.kind) == (event.item_id, event.kind)
    return same and len(last.text) + len(event.text) <= MAX_DELTA


class Limits:
    """What of an agent's events is kept, so that no agent can fill memory or disk."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._text = 0
        self._outputs: dict[str, int] = {}
        self._items: set[str] = set()
        self._noticed: set[str] = set()
        self._next_notice = 1_000_000

    def apply(self, event: AgentEvent) -> list[AgentEvent]:
        """Return what to keep of an event: itself, a shorter one, a notice, or nothing."""
        if isinstance(event, Delta | Tool | Plan) and event.item_id not in self._items:
            if len(self._items) >= MAX_ITEMS:
                return self._notice("items", f"More than {MAX_ITEMS:,} steps: the rest is not shown.")
            self._items.add(event.item_id)
        if isinstance(event, Delta):
            return self._delta(event)
        return self._tool(event) if isinstance(event, Tool) else [event]

    def _delta(self, event: Delta) -> list[AgentEvent]:
        output = event.kind == "output"
        have = self._outputs.get(event.item_id, 0) if output else self._text
        limit = MAX_OUTPUT if output else MAX_TEXT
        room = limit - have
        text = event.text[: max(room, 0)]
        if output:
            self._outputs[event.item_id] = have + len(text)
        else:
            self._text += len(text)
        kept: list[AgentEvent] = [replace(event, text=text)] if text else []
        if len(text) == len(event.text):
            return kept
        what = f"output:{event.item_id}" if output else "text"
        return kept + self._notice(
            what, f"The {event.kind} is longer than {limit:,} characters: the rest is not shown."
        )

    def _tool(self, event: Tool) -> list[AgentEvent]:
        kept = event
        if len(event.output) > MAX_OUTPUT:
            kept = replace(kept, output=event.output[:MAX_OUTPUT])
        self._outputs[event.item_id] = len(kept.output)
        if len(json.dumps([event.input, event.diffs, event.locations])) > MAX_ITEM:
            kept = replace(kept, input="(too long to show)", diffs=[], locations=[])
        if kept is event:
            return [event]
        return [kept, *self._notice(f"tool:{event.item_id}", f"“{event.title[:80]}” is too long to be shown whole.")]

    def _notice(self, what: str, text: str) -> list[AgentEvent]:
        """Say once per `what` that something is left out."""
        if what in self._noticed:
            return []
        self._noticed.add(what)
        self._next_notice += 1
        return [Notice(f"notice-{self._next_notice}", self._next_notice, text, "warning")]
