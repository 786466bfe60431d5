"""`jupyter wegent queue` and `resume`: what waits, and in which order."""

import argparse
from collections.abc import Callable

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.cli.words import REASONS, TRAVELS, ago
from wegent_jupyter.client.choosing import pick, place
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api, managing

HEAD = ("PLACE", "TURN", "TASK", "DEVICE", "WHY", "SINCE", "MESSAGE")


async def queue(options: argparse.Namespace) -> int:
    """List what waits, for one device or for all."""
    async with existing_client() as client:
        devices = await client.devices()
        asked = [await pick(client, options.device)] if options.device is not None else devices
        found = [(device, one) for device in asked for one in await client.queue(device.device_id)]
    if options.json:
        return print_json([one for _, one in found])
    rows = [_row(device, one) for device, one in found]
    return print_table(HEAD, rows, "Nothing waits.")


def _row(device: api.Device, one: managing.QueuedTurn) -> tuple[str, ...]:
    why = REASONS[one.reason] if one.reason is not None else ""
    task = f"{one.turn.task_id} {one.task_title}"
    first_line = one.turn.prompt.strip().partition("\n")[0]
    return (str(one.position), str(one.turn.id), task, device.name, why, ago(one.turn.created_at), first_line)


async def first(options: argparse.Namespace) -> int:
    """Put a turn before all others."""
    return await _put(options, lambda _now: 1)


async def earlier(options: argparse.Namespace) -> int:
    """Put a turn one place to the front."""
    return await _put(options, lambda now: max(1, now - 1))


async def later(options: argparse.Namespace) -> int:
    """Put a turn one place to the back."""
    return await _put(options, lambda now: now + 1)


async def _put(options: argparse.Namespace, place_of: Callable[[int], int]) -> int:
    async with existing_client() as client:
        one = await _waiting(client, options.turn)
        turn = await client.requeue(one.turn, managing.Requeue(position=place_of(one.position)))
        return await _say(client, options, turn)


async def move(options: argparse.Namespace) -> int:
    """Let a turn wait for another device."""
    async with existing_client() as client:
        one = await _waiting(client, options.turn)
        device = await pick(client, options.device)
        workspace = _workspace(client, device, options)
        request = managing.Requeue(device_id=device.device_id, workspace=workspace)
        return await _say(client, options, await client.requeue(one.turn, request), f" {TRAVELS}")


def _workspace(client: Client, device: api.Device, options: argparse.Namespace) -> api.Workspace | None:
    """Return the directory that was typed; None: where the task ran there before, else a new chat folder."""
    if options.new_folder:
        return api.Workspace()
    return api.Workspace(path=place(client, device, options.workspace)) if options.workspace is not None else None


async def cancel(options: argparse.Namespace) -> int:
    """Take a turn out."""
    async with existing_client() as client:
        one = await _waiting(client, options.turn)
        turn = await client.cancel(one.turn.task_id, one.turn.id)
    if options.json:
        return print_json(turn)
    print(f"Turn {turn.id} is {turn.state.value}.")
    return 0


async def resume(options: argparse.Namespace) -> int:
    """Let the messages of a task run that paused after a failure."""
    async with existing_client() as client:
        task = await client.resume(options.task)
    if options.json:
        return print_json(task)
    print(f"Task {task.id} goes on.")
    return 0


async def _waiting(client: Client, wanted: int) -> managing.QueuedTurn:
    """Return the waiting turn of that id, else the next one of the task of that id."""
    queues = [await client.queue(device.device_id) for device in await client.devices()]
    found = [one for items in queues for one in items if one.turn.id == wanted]
    found = found or [one for items in queues for one in items if one.turn.task_id == wanted]
    if not found:
        raise BadInput(f"No turn {wanted} waits. What does: jupyter wegent queue")
    return found[0]


async def _say(client: Client, options: argparse.Namespace, turn: api.Turn, more: str = "") -> int:
    if options.json:
        return print_json(turn)
    device = await client.device(turn.device_id)
    places = [one.position for one in await client.queue(turn.device_id) if one.turn.id == turn.id]
    where = f"waits at place {places[0]} of {device.name}" if places else f"runs on {device.name}"
    print(clean(f"Turn {turn.id} {where}.{more}"))
    return 0
