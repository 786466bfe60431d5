"""Print the events of a turn: as text for people, as JSON lines for programs."""

import shlex
from typing import Protocol

from wegent_jupyter.cli.screen import Screen, printable
from wegent_jupyter.cli.wording import changed, outcome
from wegent_jupyter.protocol import api
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

    def __init__(self, turn: api.Turn, screen: Screen) -> None:
        """Say first if it is the practice agent or model that answers."""
        self._screen = screen
        self._items: dict[str, Item] = {}
        self._printed: dict[str, int] = {}
        self._said: set[tuple[str, str]] = set()
        if turn.practice:
            screen.say(PRACTICE)

    def show(self, event: api.Event) -> None:
        """Print what an event adds."""
        if event.type == "turn":
            return
        apply_item(self._items, event.type, event.data)
        item = self._items[event.data["item_id"]]
        kind = item["kind"]
        if kind == "message":
            self._show_text(item)
        elif kind == "tool" and item.get("status") in MARKS:
            self._show_tool(item)
        elif kind == "notice":
            self._once(item, f"! {item['text']}")
        elif kind == "steer":
            self._once(item, f"» {item['text']}")
        elif kind == "changes":
            self._show_changes(item)
        elif kind == "trust":
            self._show_trust(item)
        elif kind == "approval":
            self._show_outcome(item)
        self._screen.refresh()

    def end(self, turn: api.Turn) -> None:
        """Print usage, and the error with its fix."""
        self._screen.end_line()
        if turn.error is not None:
            self._screen.say(f"✕ {turn.error.message}")
            if turn.error.fix:
                self._screen.say(f"  What to do: {turn.error.fix}")
        if turn.usage is not None:
            self._screen.say(f"{turn.usage.input_tokens or 0} tokens in, {turn.usage.output_tokens or 0} out")
        practice = f" · {PRACTICE}" if turn.practice else ""
        self._screen.say(f"{turn.state.value} · task {turn.task_id}{practice}")

    def _show_text(self, item: Item) -> None:
        printed = self._printed.get(item["item_id"], 0)
        self._printed[item["item_id"]] = len(item["text"])
        if text := item["text"][printed:]:
            self._screen.write(text)

    def _show_tool(self, item: Item) -> None:
        seconds = f"  {item['seconds']:.1f} s" if item.get("seconds") is not None else ""
        lines = str(item.get("output") or "").splitlines()
        more = [f"  │ … {len(lines) - OUTPUT_LINES} more lines"] if len(lines) > OUTPUT_LINES else []
        shown = [f"  │ {line}" for line in lines[:OUTPUT_LINES]]
        self._once(item, f"{MARKS[item['status']]} {item['title']}{seconds}", *shown, *more)

    def _show_trust(self, item: Item) -> None:
        path = shlex.quote(printable(item["path"]))
        found = ", ".join(printable(one) for one in item["found"])
        self._once(
            item,
            f"! {printable(item['path'])} brings agent configuration of its own ({found}). It is off.",
            f"  To use it from the next message on: jupyter wegent trust {path}",
        )

    def _show_changes(self, item: Item) -> None:
        files = [changed(item["files"], item["total"])] if item["total"] else []
        note = [f"! {printable(item['note'])}"] if item.get("note") else []
        self._once(item, *files, *note)

    def _show_outcome(self, item: Item) -> None:
        approval = api.Approval.model_validate(item["approval"])
        if approval.state == "open":
            self._said.discard((item["item_id"], "expired"))
        elif (item["item_id"], approval.state) not in self._said:
            self._said.add((item["item_id"], approval.state))
            self._screen.say(outcome(approval))

    def _once(self, item: Item, *lines: str) -> None:
        if (item["item_id"], "") not in self._said:
            self._said.add((item["item_id"], ""))
            for line in lines:
                self._screen.say(line)
