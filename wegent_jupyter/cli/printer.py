"""Print the events of a turn: as text for people, as JSON lines for programs."""

import sys
from typing import Protocol

from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.states import TurnState
from wegent_jupyter.protocol.transcript import Item, apply_item

PRACTICE = "PRACTICE: scripted, not AI"
OUTPUT_LINES = 20
"""Lines of a tool's output that are shown; the rest is in the task."""
MARKS = {"completed": "✓", "failed": "✕"}


class Printer(Protocol):
    """Shows a turn."""

    def show(self, event: api.Event) -> None:
        """Show one event."""
        ...

    def end(self, turn: api.Turn) -> None:
        """Show how it went."""
        ...


class JsonPrinter:
    """One JSON object per line and event."""

    def show(self, event: api.Event) -> None:
        """Print the event."""
        print(event.model_dump_json(), flush=True)

    def end(self, turn: api.Turn) -> None:
        """Print nothing: the last event said it."""


class TextPrinter:
    """Text to standard output as it comes; everything else, marked, to standard error."""

    def __init__(self, turn: api.Turn) -> None:
        """Say first if it is the practice agent that answers."""
        self._items: dict[str, Item] = {}
        self._printed: dict[str, int] = {}
        self._done: set[str] = set()
        self._at_line_start = True
        if turn.practice:
            self._say(PRACTICE)
        if turn.state is TurnState.QUEUED:
            self._say("queued: waiting for a free slot …")

    def show(self, event: api.Event) -> None:
        """Print what an event adds."""
        if event.type == "turn":
            return
        apply_item(self._items, event.type, event.data)
        item = self._items[event.data["item_id"]]
        if item["kind"] == "message":
            self._show_text(item)
        elif item["kind"] == "tool" and item.get("status") in MARKS:
            self._show_tool(item)
        elif item["kind"] == "notice":
            self._say(f"! {item['text']}")

    def end(self, turn: api.Turn) -> None:
        """Print usage, and the error with its fix."""
        self._new_line()
        if turn.error is not None:
            self._say(f"✕ {turn.error.message}")
            if turn.error.fix:
                self._say(f"  What to do: {turn.error.fix}")
        if turn.usage is not None:
            self._say(f"{turn.usage.input_tokens or 0} tokens in, {turn.usage.output_tokens or 0} out")
        self._say(f"{turn.state.value} · task {turn.task_id}" + (f" · {PRACTICE}" if turn.practice else ""))

    def _show_text(self, item: Item) -> None:
        printed = self._printed.get(item["item_id"], 0)
        text = clean(item["text"][printed:])
        self._printed[item["item_id"]] = len(item["text"])
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()
            self._at_line_start = text.endswith("\n")

    def _show_tool(self, item: Item) -> None:
        if item["item_id"] in self._done:
            return
        self._done.add(item["item_id"])
        seconds = f"  {item['seconds']:.1f} s" if item.get("seconds") is not None else ""
        self._say(f"{MARKS[item['status']]} {item['title']}{seconds}")
        lines = str(item.get("output") or "").splitlines()
        for line in lines[:OUTPUT_LINES]:
            self._say(f"  │ {line}")
        if len(lines) > OUTPUT_LINES:
            self._say(f"  │ … {len(lines) - OUTPUT_LINES} more lines")

    def _say(self, text: str) -> None:
        self._new_line()
        print(clean(text), file=sys.stderr, flush=True)

    def _new_line(self) -> None:
        if not self._at_line_start:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._at_line_start = True


def clean(text: str) -> str:
    """Return text without control characters but tab and newline: an agent must not steer the terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else "�" for one in text)
