"""`jupyter wegent devices add`, `approve`, `reject`: how another machine becomes a device."""

import argparse
import sys

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean, printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_done, print_json
from wegent_jupyter.protocol import access

WAYS = {"ssh": "Over SSH, typed on the server's computer:", "direct": "Directly, typed on the other machine:"}
CODE_LETTERS, HALF = 8, 4
STOPPED = 130


async def add(options: argparse.Namespace) -> int:
    """Print the commands that work, and why the others do not."""
    async with existing_client() as client:
        found = await client.add_device()
    if options.json:
        return print_json(found)
    for line in _explain(found):
        print(clean(line))
    return 0


def _explain(found: access.AddDevice) -> list[str]:
    if not found.allowed:
        return ["The operator of this server allows no other devices (c.WegentApp.allow_remote_devices)."]
    working = [way for way in found.ways if way.works]
    lines = ["1. On the other machine, once:", f"     {found.install}"] if working else []
    for number, way in enumerate(working, 2):
        lines += [f"{number}. {'Or: ' if number > 2 else ''}{WAYS[way.id]}", f"     {way.join}"]
        lines += [f"     Note: {' '.join(filter(None, (way.reason, way.fix)))}"] if way.reason else []
        lines += [f"   and to start it again later:\n     {way.run}"]
    if working:
        lines += ["It shows a code. Approve it in the sidebar, or with: jupyter wegent devices approve CODE"]
    for way in found.ways:
        if not way.works:
            lines += [f"Not {way.id}: {way.reason or 'it does not work here'}"]
            lines += [f"   What to do: {way.fix}"] if way.fix else []
    if not found.stock:
        lines += [f"Wegent's own executors cannot join: {found.stock_reason or 'not here'}"]
    return lines


async def approve(options: argparse.Namespace) -> int:
    """Show which machine has the code, and let it in."""
    code = user_code(options.code)
    async with existing_client() as client:
        asking = await client.join_request(code)
        print(clean(_describe(asking)), file=sys.stderr)
        if asking.state == "waiting" and not await agreed("Let it in?", already=options.yes):
            print("Nothing was answered. To say no: jupyter wegent devices reject " + code, file=sys.stderr)
            return STOPPED
        answer = await client.answer_join(code, approve=True)
    return print_done(options, answer, f"{answer.name} is let in. It connects within seconds.")


async def reject(options: argparse.Namespace) -> int:
    """Keep the machine with the code out."""
    async with existing_client() as client:
        answer = await client.answer_join(user_code(options.code), approve=False)
    return print_done(options, answer, f"{answer.name} is kept out.")


def user_code(typed: str) -> str:
    """Return a code as the machine shows it, however it was typed."""
    letters = "".join(one for one in typed.upper() if one.isalpha())
    if len(letters) != CODE_LETTERS or not letters.isascii():
        raise BadInput(f"'{typed}' is not a code. The machine that wants to join shows one, such as ABCD-EFGH.")
    return f"{letters[:HALF]}-{letters[HALF:]}"


def _describe(asking: access.JoinRequest) -> str:
    system = f" ({printable(asking.system)})" if asking.system else ""
    known = "\n  It is a device already: it would get a new key." if asking.known else ""
    return (
        f"{printable(asking.name)}{system} asks from {printable(asking.address)} to become a device.\n"
        f"  Code {asking.user_code}, id {printable(asking.device_id)}. Agents there will do what you tell them.{known}"
    )
