"""`jupyter wegent tokens`: secrets for programs and machines."""

import argparse
import sys

from wegent_jupyter.cli.screen import clean
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.cli.words import ago, until
from wegent_jupyter.protocol import access

KINDS: dict[access.CredentialKind, str] = {
    "token": "API token",
    "key": "key",
    "join": "join code",
    "device": "key of a device",
}
USES: dict[access.CredentialKind, str] = {
    "token": "An API token. It opens Wegent's API here for",
    "key": "A key. It opens Wegent's API here until it is revoked, for",
    "join": "A join code. One machine may become a device with it, once, for",
}


async def tokens(options: argparse.Namespace) -> int:
    """List what was given out."""
    async with existing_client() as client:
        found = await client.credentials()
    if options.json:
        return print_json(found)
    rows = [
        (str(one.id), KINDS[one.kind], one.name, until(one.expires_at), ago(one.last_used_at) or "never")
        for one in found
    ]
    return print_table(("ID", "KIND", "NAME", "EXPIRES", "LAST USED"), rows, "Nothing was given out.")


async def create(options: argparse.Namespace) -> int:
    """Make a secret and print it, alone, on standard output."""
    request = access.CreateCredential(kind=options.kind, name=options.name)
    async with existing_client() as client:
        made = await client.create_credential(request)
    if options.json:
        return print_json(made)
    how_long = "" if made.expires_at is None else f" It expires {until(made.expires_at)}."
    print(clean(f"{USES[made.kind]} '{made.name}'.{how_long} It is shown this once."), file=sys.stderr)
    print(f"To end it: jupyter wegent tokens revoke {made.id}", file=sys.stderr, flush=True)
    print(made.secret)
    return 0


async def revoke(options: argparse.Namespace) -> int:
    """End a secret, and what was opened with it."""
    async with existing_client() as client:
        answer = await client.revoke_credential(options.id)
    if options.json:
        return print_json(answer)
    print(clean(answer.message))
    return 0
