"""`jupyter wegent doctor`: check everything that can be wrong, up to a real turn, and say what mends it."""

import argparse
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict

from wegent_jupyter.cli import doctor_local, doctor_personal, doctor_server, doctor_turns
from wegent_jupyter.cli.checks import Check, Checks, fail, skip
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import erase_progress, printable, progress
from wegent_jupyter.cli.server import any_client, find
from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.client.discover import SERVER_URL, running_server

MARKS = {"ok": "✓ ok     ", "warning": "! warning", "failed": "✗ failed ", "skipped": "· skipped"}
REST = "device, agents and turns: there is no gateway to ask"


async def doctor(options: argparse.Namespace) -> int:
    """Print what each check finds as it is found; 1 when one failed."""
    if (named := find()) is not None and named.remote:
        raise BadInput(f"The doctor looks at the computer that it runs on. Run it there, or unset {SERVER_URL}.")
    found: list[Check] = []
    _progress("checking", quiet=options.json)
    async for check in _every(quiet=options.json):
        found.append(check)
        if not options.json:
            erase_progress()
            _print(check)
            _progress("checking", quiet=False)
    if not options.json:
        erase_progress()
    failed = sum(check.status == "failed" for check in found)
    if options.json:
        json.dump([asdict(check) for check in found], sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        warnings = sum(check.status == "warning" for check in found)
        print(f"{len(found)} checks: {failed} failed, {warnings} warnings")
    return 1 if failed else 0


async def _every(*, quiet: bool) -> Checks:
    yield doctor_local.version()
    for check in doctor_local.directories():
        yield check
    yield doctor_local.configuration()
    yield doctor_local.resources()
    yield doctor_local.pty()
    yield doctor_local.proxy()
    private = running_server() is None
    erase_progress()
    async with AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(any_client())
        except Unreachable as error:
            yield fail("server", str(error), "Start one and look at what it says: jupyter lab")
            yield skip("the rest", REST)
            return
        async for check in _served(client, private=private, quiet=quiet):
            yield check


async def _served(client: Client, *, private: bool, quiet: bool) -> Checks:
    """Check what a server is needed for."""
    usable = True
    async for check in doctor_server.server(client, private=private):
        usable = usable and check.status != "failed"
        yield check
    if (clock := await doctor_server.clock()) is not None:
        yield clock
    if not usable:
        yield skip("the rest", REST)
        return
    yield await doctor_server.database(client)
    async for check in doctor_personal.saved(client):
        yield check
    try:
        devices = await client.devices()
    except (ApiError, Unreachable) as error:
        yield fail("device", str(error), "Restart JupyterLab.")
        return
    for check in doctor_server.devices(devices):
        yield check
    for device in devices:
        if device.embedded and device.status in ("online", "busy"):
            _progress("looking for agents", quiet=quiet)
            device = await doctor_server.look_again(client, device)
            for check in doctor_server.agents(device):
                yield check
            yield await doctor_personal.skills(client, device)
            _progress("a turn of the practice agent", quiet=quiet)
            yield await doctor_turns.practice_agent(client, device)
            _progress("a turn of the real agents with the practice model", quiet=quiet)
            for check in await doctor_turns.practice_model(client, device):
                yield check


def _print(check: Check) -> None:
    fix = f". What to do: {check.fix}" if check.fix else ""
    print(printable(f"{MARKS[check.status]} {check.name}: {check.message.rstrip('.')}{fix}"), flush=True)


def _progress(what: str, *, quiet: bool) -> None:
    if not quiet:
        progress(what)
