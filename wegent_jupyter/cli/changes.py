"""`jupyter wegent changes`: what a turn changed, how, and the way back."""

import argparse
import os
import sys

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean, printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_done, print_json, print_table
from wegent_jupyter.cli.wording import counted, lines_changed
from wegent_jupyter.client.client import ApiError, Client
from wegent_jupyter.client.diffs import unified
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.changes import FileDiff, FileState, NotebookCell, Now, Revert, TurnChanges

STOPPED = 130
HEAD = ("FILE", "WHAT", "LINES", "SINCE THEN")
SINCE: dict[Now, str] = {"as_left": "", "changed_since": "changed again", "reverted": "taken back"}
COLOURS = {"+": 32, "-": 31, "@": 36}


async def changes(options: argparse.Namespace) -> int:
    """List what a turn changed, show how, or take it back."""
    if options.all and options.revert is None:
        raise BadInput("--all says what to take back: it needs --revert.")
    if options.revert is not None and bool(options.revert) == options.all:
        raise BadInput("Which files? --revert PATH…, or --revert --all for all that the turn changed.")
    async with existing_client() as client:
        turn = _turn(await client.task(options.task), options.turn)
        if options.revert is not None:
            return await _revert(client, turn, options)
        if options.diff is not None:
            return await _diff(client, turn, options)
        return _list(turn, await _changed(client, turn), options)


def _turn(task: api.TaskDetail, number: int | None) -> api.Turn:
    """Return a message of a task, by default the newest of which the turn has ended."""
    found = [one for one in task.turn_list if number in (None, one.number)]
    if not found:
        raise BadInput(f"Task {task.id} has no message {number}, but {len(task.turn_list)}.")
    ended = [one for one in found if one.state.final]
    if not ended:
        raise BadInput("The turn is not over yet: what it changed is known at its end.")
    return ended[-1]


async def _changed(client: Client, turn: api.Turn) -> TurnChanges:
    """Return what a turn changed; that of a turn of which nothing is known is empty."""
    try:
        return await client.changes(turn.task_id, turn.id)
    except ApiError as error:
        if error.problem.code != "no_changes":
            raise
        return TurnChanges(turn_id=turn.id, attempt_id=turn.attempt_id or 0, workspace="", items=[], total=0)


def _list(turn: api.Turn, found: TurnChanges, options: argparse.Namespace) -> int:
    if options.json:
        return print_json(found)
    if found.items:
        print_table(HEAD, [_row(one) for one in found.items], "")
    _say_what_is_missing(turn, found)
    return 0


def _row(one: FileState) -> tuple[str, ...]:
    return one.path, one.status, lines_changed(one.added, one.removed), SINCE[one.now]


def _say_what_is_missing(turn: api.Turn, found: TurnChanges) -> None:
    if not found.items:
        which = f"Message {turn.number} of task {turn.task_id}"
        print(f"{which} changed no files, or what it changed is not kept any more.", file=sys.stderr)
    elif found.total > len(found.items):
        print(f"… and {found.total - len(found.items):,} more files", file=sys.stderr)


async def _diff(client: Client, turn: api.Turn, options: argparse.Namespace) -> int:
    paths = options.diff
    if not paths:
        found = await _changed(client, turn)
        paths = [one.path for one in found.items]
        _say_what_is_missing(turn, found)
    if options.json:
        return print_json([await client.diff(turn.task_id, turn.id, path) for path in paths])
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for path in paths:
        for line in _shown(await client.diff(turn.task_id, turn.id, path)):
            colour = COLOURS.get(line[:1]) if coloured else None
            print(clean(line) if colour is None else f"\033[{colour}m{clean(line)}\033[m")
    return 0


def _shown(diff: FileDiff) -> list[str]:
    path = printable(diff.path)
    if diff.binary:
        return [f"{path}: {diff.status}, no text"]
    lines = _cells(path, diff.cells) if diff.cells is not None else unified(path, diff.before, diff.after)
    more = [f"{path}: only its beginning is compared, as it is too long"] if diff.truncated else []
    return [*(lines or [f"{path}: {diff.status}, no line differs"]), *more]


def _cells(path: str, cells: list[NotebookCell]) -> list[str]:
    """Compare a notebook cell by cell."""
    lines = []
    for number, cell in enumerate(cells, 1):
        if cell.status != "same":
            outputs = ", other outputs" if cell.outputs_changed else ""
            lines.append(f"@@ cell {number}, {printable(cell.cell_type)}, {cell.status}{outputs} @@")
            lines += unified(path, cell.before, cell.after)[2:]
    return [f"--- {path}", f"+++ {path}", *lines] if lines else []


async def _revert(client: Client, turn: api.Turn, options: argparse.Namespace) -> int:
    found = await client.changes(turn.task_id, turn.id)
    count = found.total if options.all else len(options.revert)
    where, which = printable(found.workspace), f"message {turn.number} of task {turn.task_id}"
    question = f"In {where}: take back what {which} changed in {counted(count, 'file')}?"
    if not await agreed(question, already=options.yes):
        print("Nothing was taken back.", file=sys.stderr)
        return STOPPED
    done = await client.revert(turn.task_id, turn.id, Revert(paths=options.revert or None))
    return print_done(options, done, "\n".join(f"Taken back: {printable(path)}" for path in done.paths))
