"""The grammar of what `jupyter wegent` does with terminals."""

import argparse

from wegent_jupyter.cli.parser_devices import Commands, add_json


def add_terminal(commands: Commands) -> None:
    """Add `terminal`."""
    terminal = commands.add_parser(
        "terminal",
        help="open a terminal on a device, or look into one again",
        description="Open a terminal on a device, and connect this one to it. Ctrl-] leaves it, and the shell goes on. "
        "Without a terminal on standard input it works in a pipe: what comes there is typed, the end of it is Ctrl-D, "
        "and what the shell prints is shown until it ends.",
        epilog="Exit status: that of the shell, 128+N if signal N ended it; 0 after Ctrl-]. Else 1 refused, or the "
        "terminal is gone, 2 bad input, 3 no server, 128+N when signal N ended this command.",
    )
    terminal.add_argument(
        "device",
        nargs="?",
        metavar="DEVICE",
        help="id or name of the device (default: that of the task, else the starred one, else this computer)",
    )
    terminal.add_argument(
        "path", nargs="?", metavar="PATH", help="directory there (default: that of the task, else the workspace)"
    )
    which = terminal.add_mutually_exclusive_group()
    which.add_argument("--task", metavar="ID", type=int, help="start where this task works on the device")
    which.add_argument("--project", metavar="PROJECT", help="id or name: on the project's device, in its directory")
    which.add_argument("--session", metavar="ID", help="look into this terminal, as 'terminals' lists it")


def add_terminals(commands: Commands) -> None:
    """Add `terminals`."""
    terminals = commands.add_parser(
        "terminals",
        help="list and end terminals",
        description="List the terminals of all devices, oldest first, or end some.",
    )
    add_json(terminals)
    actions = terminals.add_subparsers(dest="action", metavar="ACTION")
    end = actions.add_parser("end", help="end shells and all that they started", description="End terminals.")
    add_json(end, default=argparse.SUPPRESS)
    end.add_argument("sessions", metavar="SESSION", nargs="+", help="as 'terminals' lists it")
