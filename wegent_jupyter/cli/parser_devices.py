"""The grammar of what `jupyter wegent` does with devices, their queues, and secrets."""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_devices(commands: Commands) -> None:
    """Add `devices`."""
    devices = commands.add_parser(
        "devices",
        help="list and manage devices",
        description="List devices, or manage them. DEVICE is an id or a name.",
        epilog="Exit status: 0 done, 1 refused, such as while turns run there, 2 bad input, 3 no server, 130 not done.",
    )
    add_json(devices)
    actions = devices.add_subparsers(dest="action", metavar="ACTION")
    _of_device(actions, "show", "show one whole")
    default = add_action(actions, "default", "give a device the star: new tasks go there")
    default.add_argument("device", nargs="?", metavar="DEVICE", help="id or name")
    default.add_argument("--none", action="store_true", help="take the star away")
    rename = _of_device(actions, "rename", "give a device a name of your own")
    rename.add_argument("name", metavar="NAME", help="the new name")
    slots = _of_device(actions, "slots", "set how many turns a device may run at once")
    slots.add_argument("slots", metavar="N", type=int, help="1 to 20; lowering it stops nothing")
    _of_device(actions, "upgrade", "ask the executor of a device to upgrade itself, or say what does it")
    delete = _of_device(actions, "delete", "remove a device, and cancel what waits for it")
    delete.add_argument("--revoke", action="store_true", help="and end its keys: it cannot come back by itself")
    add_yes(delete)
    add_action(actions, "add", "say how another machine becomes a device of this server")
    approve = add_action(actions, "approve", "let a machine in that shows a code")
    add_yes(approve)
    reject = add_action(actions, "reject", "keep a machine out that shows a code")
    for action in (approve, reject):
        action.add_argument("code", metavar="CODE", help="as the machine shows it, such as ABCD-EFGH")


def add_tokens(commands: Commands) -> None:
    """Add `tokens`."""
    tokens = commands.add_parser(
        "tokens",
        help="list, make and revoke API tokens, keys and join codes",
        description="List the secrets that were given out, make one, or end one.",
    )
    add_json(tokens)
    actions = tokens.add_subparsers(dest="action", metavar="ACTION")
    create = add_action(actions, "create", "make one; the secret alone is printed on standard output, this once")
    create.add_argument("name", metavar="NAME", help="what it is for, in your own words")
    kind = create.add_mutually_exclusive_group()
    kind.add_argument("--key", dest="kind", action="store_const", const="key", help="valid until it is revoked")
    kind.add_argument(
        "--join", dest="kind", action="store_const", const="join", help="lets one machine join, once, within 15 minutes"
    )
    create.set_defaults(kind="token")
    revoke = add_action(actions, "revoke", "end one, and every connection that it opened")
    revoke.add_argument("id", metavar="ID", type=int, help="as 'tokens' lists it")


def add_queue(commands: Commands) -> None:
    """Add `queue` and `resume`."""
    queue = commands.add_parser(
        "queue",
        help="list and order what waits",
        description="List what waits for a device, next first, or change it. TURN is the id of a turn or of its task.",
    )
    queue.add_argument("--device", help="id or name of the device (default: all)")
    add_json(queue)
    actions = queue.add_subparsers(dest="action", metavar="ACTION")
    for name, what in (
        ("first", "put it before all others"),
        ("earlier", "put it one place to the front"),
        ("later", "put it one place to the back"),
        ("cancel", "take it out"),
    ):
        _of_turn(actions, name, what)
    move = _of_turn(actions, "move", "let it wait for another device")
    move.add_argument("--device", required=True, default=argparse.SUPPRESS, help="id or name of that device")
    where = move.add_mutually_exclusive_group()
    where.add_argument(
        "--workspace", metavar="PATH", help="directory there (default: where the task ran there before, else a new one)"
    )
    where.add_argument("--new-folder", action="store_true", help="a new chat folder there")
    resume = commands.add_parser(
        "resume",
        help="let a task go on that paused because a message failed",
        description="Let the waiting messages of a task run after an earlier one failed.",
    )
    resume.add_argument("task", metavar="TASK", type=int, help="id of the task")
    add_json(resume)


def add_command(commands: Commands) -> None:
    """Add `command`."""
    command = commands.add_parser(
        "command",
        help="run one of the commands that devices know by key",
        description="Run one of the commands that devices know by key, such as pwd, ls_dirs or git_branch.",
        epilog="Exit status: 0 it succeeded, 1 it did not, 2 bad input, 3 no server.",
    )
    command.add_argument("device", metavar="DEVICE", help="id or name of the device")
    command.add_argument("key", metavar="KEY", help="which command")
    command.add_argument("arguments", metavar="ARG", nargs="*", help="its arguments")
    command.add_argument("--path", help="directory on the device")
    command.add_argument("--timeout", metavar="SECONDS", type=int, default=60, help="1 to 600 (default: 60)")
    add_json(command)


def add_json(
    command: argparse.ArgumentParser, what: str = "print JSON instead of text", default: bool | str = False
) -> None:
    """Add `--json`."""
    command.add_argument("--json", action="store_true", help=what, default=default)


def add_yes(command: argparse.ArgumentParser) -> None:
    """Add `--yes`."""
    command.add_argument("--yes", action="store_true", help="do not ask")


def add_action(actions: Commands, name: str, what: str) -> argparse.ArgumentParser:
    """Add an action of a command, with `--json`."""
    action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    add_json(action, default=argparse.SUPPRESS)
    return action


def _of_device(actions: Commands, name: str, what: str) -> argparse.ArgumentParser:
    action = add_action(actions, name, what)
    action.add_argument("device", metavar="DEVICE", help="id or name")
    return action


def _of_turn(actions: Commands, name: str, what: str) -> argparse.ArgumentParser:
    action = add_action(actions, name, what)
    action.add_argument("turn", metavar="TURN", type=int, help="id of the turn, or of its task")
    return action
