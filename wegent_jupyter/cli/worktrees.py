"""`jupyter wegent worktrees`: the Git worktrees of tasks, and what would be lost with them."""

import argparse
import sys

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.cli.wording import counted
from wegent_jupyter.client.client import ApiError, Client
from wegent_jupyter.protocol.projects import WorktreeReport

FAILED, STOPPED = 1, 130
HEAD = ("TASK", "DEVICE", "DIRECTORY", "NOT COMMITTED", "NOT PUSHED", "IGNORED", "WHY IT STAYS")
NAMED = 10
"""Files and commits that are named of each kind."""


async def worktrees(options: argparse.Namespace) -> int:
    """List all."""
    async with existing_client() as client:
        found = await client.worktrees()
        names = {one.device_id: one.name for one in await client.devices()}
    if options.json:
        return print_json(found)
    rows = [_row(one, names.get(one.device_id, one.device_id)) for one in found]
    return print_table(HEAD, rows, "No task has a worktree.")


def _row(one: WorktreeReport, device: str) -> tuple[str, ...]:
    counts = (one.uncommitted_total, one.unpushed_total, one.ignored_total)
    return str(one.task_id), device, one.path, *map(str, counts), one.reason or ""


async def remove(options: argparse.Namespace) -> int:
    """Remove some, after saying what goes with each; what would lose something stays."""
    if bool(options.tasks) == options.clean:
        raise BadInput("Which? jupyter wegent worktrees remove TASK…, or --clean for all with which nothing is lost.")
    async with existing_client() as client:
        found = await client.worktrees() if options.clean else [await client.worktree(one) for one in options.tasks]
        for line in [line for one in found for line in _describe(one)]:
            print(printable(line), file=sys.stderr)
        going = [one for one in found if one.removable]
        question = f"Delete {counted(len(going), 'worktree')}?"
        if going and not await agreed(question, already=options.yes):
            print("Nothing was deleted.", file=sys.stderr)
            return STOPPED
        return await _remove(client, going, options) or (FAILED if len(going) < len(found) and options.tasks else 0)


async def _remove(client: Client, going: list[WorktreeReport], options: argparse.Namespace) -> int:
    """Remove them; one that is refused keeps none of the others."""
    gone, refused = [], []
    for one in going:
        try:
            gone.append(await client.remove_worktree(one.task_id))
        except ApiError as error:
            refused.append(error)
    if options.json:
        print_json(gone)
    elif gone:
        print("\n".join(printable(f"Deleted: {one.path}") for one in gone))
    else:
        print("No worktree was deleted.", file=sys.stderr)
    if refused:
        raise refused[0]
    return 0


def _describe(one: WorktreeReport) -> list[str]:
    """Return what goes with a worktree, or why it stays."""
    if not one.removable:
        lost = [*_some(one.uncommitted, one.uncommitted_total), *_some(one.unpushed, one.unpushed_total)]
        return [f"Task {one.task_id} keeps {one.path}: {one.reason or 'it cannot be looked at.'}", *lost]
    if not one.exists:
        return [f"Of task {one.task_id} is gone already {one.path}"]
    ignored = f", with what Git ignores there: {one.ignored_total:,}" if one.ignored_total else ""
    return [f"Of task {one.task_id} goes {one.path}{ignored}", *_some(one.ignored, one.ignored_total)]


def _some(names: list[str], total: int) -> list[str]:
    lines = [f"    {name}" for name in names[:NAMED]]
    return [*lines, f"    … and {total - len(lines):,} more"] if total > len(lines) else lines
