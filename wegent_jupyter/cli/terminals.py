"""`jupyter wegent terminals`: list and end them."""

import argparse

from wegent_jupyter.cli.screen import clean
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.cli.words import ago
from wegent_jupyter.client.client import ApiError
from wegent_jupyter.protocol.terminals import Terminal

HEAD = ("SESSION", "DEVICE", "STATE", "BUSY", "VIEWERS", "DIRECTORY", "OPENED")


async def terminals(options: argparse.Namespace) -> int:
    """List all."""
    async with existing_client() as client:
        found = await client.terminals()
    if options.json:
        return print_json(found)
    empty = "No terminals. Open one with: jupyter wegent terminal DEVICE"
    return print_table(HEAD, [_row(one) for one in found], empty)


def _row(one: Terminal) -> tuple[str, ...]:
    code = f" ({one.exit_code})" if one.exit_code is not None else ""
    busy = "busy" if one.busy else ""
    return one.session_id, one.device_name, one.state + code, busy, str(one.viewers), one.path, ago(one.created_at)


async def end(options: argparse.Namespace) -> int:
    """End some; one that is refused keeps none of the others."""
    answers, refused = [], []
    async with existing_client() as client:
        for session_id in options.sessions:
            try:
                answers.append(await client.end_terminal(session_id))
            except ApiError as error:
                refused.append(error)
    if options.json:
        print_json(answers)
    else:
        for answer in answers:
            print(clean(answer.message))
    if refused:
        raise refused[0]
    return 0
