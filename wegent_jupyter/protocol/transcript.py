"""Fold a task's events into its transcript. The front end's `model/transcript.ts` follows the same rules."""

from typing import Any

from wegent_jupyter.protocol.api import Event, Turn

Item = dict[str, Any]


class Hole(Exception):
    """A delta starts beyond the text that we have: events were missed; read the task again from the start."""


class Transcript:
    """Turns and items of one task. Applying an event twice changes nothing."""

    def __init__(self) -> None:
        """Start empty, before position 1."""
        self.pos = 0
        self.turns: dict[int, Turn] = {}
        self._items: dict[int, dict[str, Item]] = {}

    def apply(self, event: Event) -> None:
        """Apply one event; raises Hole."""
        if event.type == "turn":
            self.turns[event.turn_id] = Turn.model_validate(event.data)
        elif event.attempt_id is not None:
            items = self._items.setdefault(event.attempt_id, {})
            apply_item(items, event.type, event.data)
        self.pos = max(self.pos, event.pos)

    def items(self, turn: Turn) -> list[Item]:
        """Return the items of the turn's newest attempt, in order."""
        found = self._items.get(turn.attempt_id or 0, {}).values()
        return sorted(found, key=lambda item: item["index"])

    def text(self, turn: Turn) -> str:
        """Return what the agent said in a turn, without thoughts and tools."""
        return "".join(item["text"] for item in self.items(turn) if item["kind"] == "message")


def apply_item(items: dict[str, Item], kind: str, data: dict[str, Any]) -> None:
    """Apply one `item` or `delta` to the items of an attempt; raises Hole."""
    if kind == "item":
        items[data["item_id"]] = dict(data)
        return
    output = data["kind"] == "output"
    key = "output" if output else "text"
    item = items.get(data["item_id"])
    if item is None:
        item = {"item_id": data["item_id"], "index": data["index"], "kind": "tool" if output else data["kind"], key: ""}
        items[data["item_id"]] = item
    have = len(item.get(key) or "")
    if data["offset"] > have:
        raise Hole(f"item {data['item_id']}: have {have} characters, got offset {data['offset']}")
    item[key] = (item.get(key) or "") + data["text"][have - data["offset"] :]
