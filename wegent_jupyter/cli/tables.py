"""Print tasks, and whatever else is listed, as tables for people or as JSON for programs."""

import argparse
import json
import sys
from collections.abc import Sequence

from pydantic_core import to_jsonable_python

from wegent_jupyter.cli.screen import clean, printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.words import REASONS
from wegent_jupyter.protocol import api


async def tasks(options: argparse.Namespace) -> int:
    """List tasks, newest first."""
    async with existing_client() as client:
        found = await client.tasks()
        names = {one.device_id: one.name for one in await client.devices()}
    if options.json:
        return print_json(found)
    rows = [
        (str(one.id), state_of(one), one.agent, names.get(one.device_id, one.device_id), one.title) for one in found
    ]
    return print_table(("ID", "STATE", "AGENT", "DEVICE", "TITLE"), rows, 'No tasks yet. Try: jupyter wegent run "…"')


def state_of(task: api.Task) -> str:
    """Return a task's state in words."""
    if task.queue_position is not None:
        why = f": {REASONS[task.queue_reason]}" if task.queue_reason not in (None, "slots") else ""
        return f"paused{why}" if task.paused else f"queued ({task.queue_position}{why})"
    if task.cancelling:
        return "stopping"
    return "waiting for you" if task.waiting else task.state.value


def print_json(what: Sequence[api.Model] | api.Model) -> int:
    """Print an object, or a list of them, as JSON; on a terminal, without characters that could steer it."""
    json.dump(to_jsonable_python(what), sys.stdout, indent=2, ensure_ascii=sys.stdout.isatty())
    print()
    return 0


def print_done(options: argparse.Namespace, answer: api.Model, text: str) -> int:
    """Print what was done: in words, or as the JSON object that the server answered."""
    if options.json:
        return print_json(answer)
    print(clean(text))
    return 0


def print_facts(facts: Sequence[tuple[str, str | None]]) -> int:
    """Print what is known of one thing, a line each, without what is empty."""
    for name, value in facts:
        if value:
            print(printable(f"{name + ':':<12} {value}"))
    return 0


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], empty: str) -> int:
    """Print rows below a head; without rows, say `empty` on standard error."""
    if not rows:
        print(empty, file=sys.stderr)
        return 0
    cells = [head, *[tuple(printable(cell) for cell in row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0
