"""Devices as a table, and one of them whole."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence

from wegent_jupyter.cli.screen import printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_facts, print_json, print_table
from wegent_jupyter.cli.words import ago
from wegent_jupyter.client.choosing import pick
from wegent_jupyter.protocol import api

STATUS_SIGNS = {"online": "🟢", "busy": "🟡", "reconnecting": "🟠", "offline": "🔴"}
"""The feature page's signs."""
HEAD = ("NAME", "STATUS", "SLOTS", "QUEUED", "VERSION", "LAST SEEN", "AGENTS", "ID")


async def devices(options: argparse.Namespace) -> int:
    """List all."""
    async with existing_client() as client:
        found = await client.devices()
    if options.json:
        return print_json(found)
    print_table(HEAD, [_row(one) for one in found], "No devices yet.")
    for names in _shared_machines(found):
        print(printable(f"On one machine: {', '.join(names)}."), file=sys.stderr)
    return 0


async def show(options: argparse.Namespace) -> int:
    """Show one."""
    async with existing_client() as client:
        device = await pick(client, options.device)
    if options.json:
        return print_json(device)
    return print_facts(_facts(device))


def _row(device: api.Device) -> tuple[str, ...]:
    return (
        f"{'⭐ ' if device.is_default else ''}{device.name}",
        f"{STATUS_SIGNS[device.status]} {device.status}",
        f"{device.slot_used}/{device.slot_max}",
        str(device.queued),
        device.executor_version or "",
        _seen(device),
        ", ".join(agent.id if agent.ready else f"{agent.id} (not ready)" for agent in device.agents),
        device.device_id,
    )


def _facts(device: api.Device) -> list[tuple[str, str | None]]:
    update = f" (there is {device.latest_version})" if device.update_available else ""
    running = [f"{one.title}{' (waits for you)' if one.waiting else ''}" for one in device.running_tasks]
    window = f", {device.reconnect_seconds} s left to come back" if device.reconnect_seconds is not None else ""
    return [
        ("Name", device.name),
        ("It says", device.reported_name if device.reported_name != device.name else None),
        ("Id", device.device_id),
        ("Status", f"{STATUS_SIGNS[device.status]} {device.status}{window}"),
        ("Why", device.problem),
        ("Last seen", _seen(device)),
        ("Default", "⭐ yes" if device.is_default else None),
        ("Type", "this server's own computer" if device.embedded else device.device_type),
        ("Slots", f"{device.slot_used}/{device.slot_max} in use"),
        ("Running", ", ".join(running)),
        ("Queued", str(device.queued)),
        ("Version", f"{device.executor_version or 'unknown'}{update}"),
        ("Agents", ", ".join(one.id if one.ready else f"{one.id} (not ready)" for one in device.agents)),
        ("Chats in", device.workspace_root),
        ("Address", device.client_ip),
        ("Machine", device.machine),
    ]


def _seen(device: api.Device) -> str:
    return "now" if device.status in ("online", "busy") else ago(device.last_heartbeat)


def _shared_machines(found: Sequence[api.Device]) -> list[list[str]]:
    """Return the names of the devices of each machine that has several."""
    machines = defaultdict(list)
    for one in found:
        if one.machine:
            machines[one.machine].append(one.name)
    return [names for names in machines.values() if len(names) > 1]
