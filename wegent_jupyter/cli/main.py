"""Parse the command line. Exit statuses: 0 done, 1 the turn failed, 2 bad input, 3 nothing reachable, 130 stopped."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from wegent_jupyter._version import __version__

DONE, FAILED, BAD_INPUT, UNREACHABLE, STOPPED = 0, 1, 2, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    # After parsing: these take a third of a second, and `--help` should not.
    from pydantic import ValidationError

    from wegent_jupyter.cli import run, tables
    from wegent_jupyter.client.client import ApiError, Unreachable

    commands: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, int]]] = {
        "run": run.run,
        "devices": tables.devices,
        "tasks": tables.tasks,
    }
    try:
        return asyncio.run(commands[options.command](options))
    except ApiError as error:
        _complain(error.problem.message)
        if error.problem.fix:
            _complain(f"What to do: {error.problem.fix}")
        return BAD_INPUT if error.status < 500 else UNREACHABLE
    except ValidationError as error:
        first = error.errors()[0]
        _complain(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
        return BAD_INPUT
    except Unreachable as error:
        _complain(str(error))
        return UNREACHABLE
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; Python would complain about that once more
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jupyter wegent", description="Run AI coding agents on your own computers.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    for name, what in (("devices", "list devices"), ("tasks", "list tasks, newest first")):
        listing = commands.add_parser(name, help=what, description=what.capitalize())
        listing.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser(
        "run",
        help="send a prompt and follow the answer",
        description="Send a prompt and follow the answer. Without a running server, a private one serves this run.",
        epilog="Exit status: 0 completed, 1 failed, 2 bad input, 3 no server or device, 130 stopped.",
    )
    run.add_argument("prompt", help="what to do; '-' reads it from standard input")
    run.add_argument("--agent", help="which agent (default: the device's only ready one)")
    run.add_argument("--device", help="id or name of the device (default: the starred one, else this computer)")
    run.add_argument("--workspace", help="directory on the device (default: the current one)")
    run.add_argument("--mode", choices=["edits", "plan", "full"], default="edits", help="how much the agent may do")
    run.add_argument("--task", type=int, help="continue this task instead of making one")
    run.add_argument("--json", action="store_true", help="print the events, one JSON object per line")


def _complain(message: str) -> None:
    print(f"jupyter wegent: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
