"""`jupyter wegent export`: a task's transcript as a notebook."""

import argparse

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.client.transcript_file import BadTranscript, check, save


async def export(options: argparse.Namespace) -> int:
    """Write the transcript and say where."""
    try:
        check(options.file, overwrite=options.overwrite)  # needs no server
        async with existing_client() as client:
            target = await save(client, options.task, options.file, overwrite=options.overwrite)
    except BadTranscript as error:
        raise BadInput(str(error)) from error
    print(f"Saved: {printable(str(target))}")
    return 0
