"""`jupyter wegent trust`: whether agents may use the configuration that a directory brings."""

import argparse

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.client.choosing import pick, place

ANSWERS = {True: "trusted", False: "not trusted"}


async def trust(options: argparse.Namespace) -> int:
    """Say it of a directory, or list what was said."""
    if options.path is None and (options.no or options.forget):
        raise BadInput("Of which directory? jupyter wegent trust PATH --no")
    async with existing_client() as client:
        device = await pick(client, options.device)
        if options.path is None:
            found = await client.trusted(device.device_id)
        else:
            said = None if options.forget else not options.no
            found = await client.trust(device.device_id, place(client, device, options.path), said)
    if options.json:
        return print_json(found)
    return print_table(
        ("DIRECTORY", "ANSWER"), [(one.path, ANSWERS[one.trusted]) for one in found], "Nothing was said about any."
    )
