"""The `wegent-executor` program: the executor itself, and the commands that a person gives on its machine."""

import argparse
import os
import sys
from pathlib import Path

from wegent_jupyter._version import __version__
from wegent_jupyter.executor import serving
from wegent_jupyter.executor.config import ConfigBroken, Settings, load
from wegent_jupyter.executor.serving import give_up

_EPILOG = """\
Without a command it runs the executor in the foreground, until Ctrl-C or SIGTERM.

exit status: 0 done, 1 failed, 2 bad settings or input, 3 another executor works here, or the gateway is not reached
"""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "doctor":
        from wegent_jupyter.executor import doctor

        return doctor.run(os.environ, options.config)
    try:
        settings = load(os.environ, options.config)
    except ConfigBroken as error:
        return give_up(str(error), 2)
    match options.command:
        case "join":
            return _join(settings, options)
        case "status":
            from wegent_jupyter.executor import status

            return status.show(settings)
        case "logs":
            from wegent_jupyter.executor import logs

            return logs.show(settings.logs.path, options.lines, follow=options.follow)
        case "identity":
            return _identity(settings, options.do)
    return _run(settings, options.wait)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wegent-executor",
        description="Run AI coding agents on this machine, for a Wegent gateway.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", "-v", action="version", version=__version__)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the device configuration (default: device-config.json in the home)"
    )
    parser.add_argument(
        "--wait", action="store_true", help="if an executor works here already, stay until it ends, then take over"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    join = commands.add_parser("join", help="let a gateway take this machine in, then run")
    join.add_argument("url", metavar="URL", help="the gateway, as Add device in JupyterLab shows it")
    join.add_argument("--code", metavar="CODE", help="a join code, so that nobody is asked; - reads it from the input")
    join.add_argument("--name", help="how the device is called")
    join.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust beside the system's")
    join.add_argument("--no-run", action="store_true", help="only join")
    commands.add_parser("status", help="say whether it runs and is connected")
    logs = commands.add_parser("logs", help="print the end of the log")
    logs.add_argument("-f", "--follow", action="store_true", help="go on printing what comes")
    logs.add_argument("-n", "--lines", type=_count, default=100, metavar="N", help="how many lines (default: 100)")
    commands.add_parser("doctor", help="look for what is wrong")
    identity = commands.add_parser("identity", help="who this device is")
    identity.add_argument("do", choices=("show", "new", "keep"), nargs="?", default="show")
    return parser


def _count(given: str) -> int:
    if not given.isdecimal():
        raise argparse.ArgumentTypeError(f"'{given}' is not a number of lines")
    return int(given)


def _run(settings: Settings, wait: bool) -> int:
    if settings.embedded is None and not settings.backend_url:
        return give_up(
            "There is no gateway to connect to. Run: wegent-executor join URL "
            "(Add device in JupyterLab shows the URL), or set WEGENT_BACKEND_URL and WEGENT_AUTH_TOKEN.",
            2,
        )
    return serving.run(settings, wait=wait)


def _join(settings: Settings, options: argparse.Namespace) -> int:
    from wegent_jupyter.executor import joining

    status = joining.join(settings, options.url, options.code, options.name, options.ca)
    if status != 0:
        return status
    joined = load({**os.environ, "WEGENT_BACKEND_URL": ""}, options.config)
    running = joining.other_executor(settings, joined.backend_url)
    if running is not None:
        print(running)
        if not options.wait:
            return 0
    if options.no_run:
        print("Start it with: wegent-executor")
        return 0
    return _run(joined, options.wait)


def _identity(settings: Settings, do: str) -> int:
    from wegent_jupyter.executor import identity, status

    if do != "show" and (pid := status.running(settings.home)) is not None:
        return give_up(f"An executor works in {settings.home} (process {pid}). Stop it first.", 3)
    try:
        if do == "keep":
            identity.keep(settings.home)
        if do == "new":
            if "DEVICE_ID" in settings.from_environment:
                return give_up("DEVICE_ID sets the identity of this device. Change it, or unset it.", 2)
            print(f"This device is now {identity.renew(settings.home, settings.config)}. Let it join: ", end="")
            print("wegent-executor join URL")
            return 0
    except (OSError, ValueError) as error:
        return give_up(f"The identity cannot be changed: {error}.", 1)
    here, known = identity.machine(), identity.made_on(settings.home)
    print(f"Device   {settings.device_id}\nName     {settings.device_name}\nHome     {settings.home}")
    if here is None:
        print("Machine  not known: this machine has no id of its own")
    else:
        print(f"Machine  {'this one' if known in (None, here) else 'another one: run identity new, or identity keep'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
