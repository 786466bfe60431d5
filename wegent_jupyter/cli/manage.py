"""`jupyter wegent devices default`, `rename`, `slots`, `upgrade`, `delete`, and `command`."""

import argparse
import json
import sys

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_done, print_json
from wegent_jupyter.client.choosing import pick
from wegent_jupyter.protocol import api, managing

FAILED, STOPPED = 1, 130


async def default(options: argparse.Namespace) -> int:
    """Give a device the star, or take it away."""
    if (options.device is None) != options.none:
        raise BadInput("Which device? jupyter wegent devices default DEVICE, or --none for none.")
    async with existing_client() as client:
        if options.device is not None:
            device = await pick(client, options.device)
            return print_done(options, await client.set_default(device.device_id), f"⭐ {device.name}")
        starred = [one for one in await client.devices() if one.is_default]
        for one in starred:
            await client.unset_default(one.device_id)
    text = f"{starred[0].name} has no star any more." if starred else "No device had the star."
    return print_done(options, managing.Message(message=text), text)


async def rename(options: argparse.Namespace) -> int:
    """Give a device a name of one's own."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        answer = await client.rename_device(device.device_id, options.name)
    return print_done(options, answer, f"{device.name} is called {answer.alias} now.")


async def slots(options: argparse.Namespace) -> int:
    """Set how many turns a device may run at once."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        answer = await client.set_slots(device.device_id, options.slots)
    use = f"{answer.active_tasks}/{answer.max_concurrent_tasks} slots in use, {answer.queued_tasks} queued"
    return print_done(options, answer, f"{device.name}: {use}")


async def upgrade(options: argparse.Namespace) -> int:
    """Ask an executor to upgrade itself, or say what does it."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        answer = await client.upgrade_device(device.device_id)
    return print_done(options, answer, answer.message)


async def delete(options: argparse.Namespace) -> int:
    """Remove a device."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        if not await agreed(_warning(device, revoke=options.revoke), already=options.yes):
            print("Nothing was deleted.", file=sys.stderr)
            return STOPPED
        answer = await client.delete_device(device.device_id, revoke=options.revoke)
    return print_done(options, answer, f"{device.name} is deleted.")


def _warning(device: api.Device, *, revoke: bool) -> str:
    queued = f" {device.queued} waiting messages are cancelled." if device.queued else ""
    after = (
        "Its keys end: it can only come back by joining again."
        if revoke
        else "It keeps its key: it is back as soon as it connects again (--revoke ends that)."
    )
    return f"Delete {device.name} ({device.device_id})?{queued} {after}"


async def command(options: argparse.Namespace) -> int:
    """Run one of the commands that devices know by key."""
    request = managing.Command(
        command_key=options.key, args=options.arguments, path=options.path, timeout_seconds=options.timeout
    )
    async with existing_client() as client:
        device = await pick(client, options.device)
        result = await client.command(device.device_id, request)
    if options.json:
        print_json(result)
    else:
        _print(result)
    return 0 if result.success else FAILED


def _print(result: managing.CommandResult) -> None:
    out = result.stdout if isinstance(result.stdout, str) else json.dumps(result.stdout, indent=2, ensure_ascii=False)
    print(clean(out), end="" if not out or out.endswith("\n") else "\n")
    errors = [result.stderr.rstrip("\n"), result.error or "", "It took too long." if result.timed_out else ""]
    for text in filter(None, errors):
        print(clean(text), file=sys.stderr)
