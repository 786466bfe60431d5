"""Print devices and tasks, as tables for people or as JSON for programs."""

import argparse
import json
import sys
from collections.abc import Sequence

from wegent_jupyter.cli.screen import printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.protocol import api

STATUS_SIGNS = {"online": "🟢", "busy": "🟡", "reconnecting": "🟠", "offline": "🔴"}
"""The feature page's signs."""


async def devices(options: argparse.Namespace) -> int:
    """List devices."""
    async with existing_client() as client:
        found = await client.devices()
    if options.json:
        return print_json(found)
    rows = [
        (
            f"{'⭐ ' if one.is_default else ''}{one.name}",
            f"{STATUS_SIGNS[one.status]} {one.status}",
            f"{one.slot_used}/{one.slot_max}",
            str(one.queued),
            one.executor_version or "",
            ", ".join(agent.id if agent.ready else f"{agent.id} (not ready)" for agent in one.agents),
            one.device_id,
        )
        for one in found
    ]
    return print_table(("NAME", "STATUS", "SLOTS", "QUEUED", "VERSION", "AGENTS", "ID"), rows, "No devices yet.")


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
        why = ": the slots wait for you" if task.queue_reason == "waiting_for_you" else ""
        return f"queued ({task.queue_position}{why})"
    if task.cancelling:
        return "stopping"
    return "waiting for you" if task.waiting else task.state.value


def print_json(items: Sequence[api.Model]) -> int:
    """Print items as a JSON list."""
    json.dump([item.model_dump(mode="json") for item in items], sys.stdout, indent=2, ensure_ascii=False)
    print()
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
