"""The grammar of `jupyter wegent …`."""

import argparse

from wegent_jupyter._version import __version__
from wegent_jupyter.cli import parser_devices, parser_personal, parser_projects, parser_terminals
from wegent_jupyter.cli.parser_devices import Commands, add_json

STATUSES = (
    "Exit status: 0 completed, 1 failed, 2 bad input, 3 no server or device, 4 needs an answer that nobody can give, "
    "130 stopped."
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    whole = argparse.ArgumentParser(prog="jupyter wegent", description="Run AI coding agents on your own computers.")
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_continue(commands)
    _add_steer(commands)
    _add_approvals(commands)
    _add_tasks(commands)
    parser_projects.add_changes(commands)
    _add_export(commands)
    parser_projects.add_projects(commands)
    parser_projects.add_worktrees(commands)
    parser_devices.add_devices(commands)
    parser_devices.add_queue(commands)
    parser_devices.add_tokens(commands)
    parser_devices.add_command(commands)
    parser_terminals.add_terminal(commands)
    parser_terminals.add_terminals(commands)
    _add_agents(commands)
    parser_personal.add_models(commands)
    parser_personal.add_codex(commands)
    parser_personal.add_proxy(commands)
    parser_personal.add_skills(commands)
    _add_trust(commands)
    _add_doctor(commands)
    return whole


def _add_run(commands: Commands) -> None:
    run = commands.add_parser(
        "run",
        help="send a prompt and follow the answer",
        description="Send a prompt and follow the answer. Without a running server, a private one serves this run.",
        epilog=STATUSES,
    )
    run.add_argument("prompt", help="what to do; '-' reads it from standard input")
    run.add_argument("--agent", help="which agent (default: the device's only ready one)")
    run.add_argument(
        "--device",
        help="id or name of the device (default: the starred one, else this computer; with --task: as before)",
    )
    where = run.add_mutually_exclusive_group()
    where.add_argument(
        "--workspace", help="directory on the device (default: the current one, elsewhere a new chat folder)"
    )
    where.add_argument("--project", metavar="PROJECT", help="id or name: on the project's device, in its directory")
    run.add_argument(
        "--worktree",
        action="store_true",
        help="in a new Git worktree of that directory's repository, of the task's own",
    )
    run.add_argument(
        "--attach",
        metavar="FILE",
        action="append",
        default=[],
        help="send this file with the prompt, 10 MiB at most; can be given several times",
    )
    run.add_argument(
        "--mode",
        choices=["ask", "edits", "plan", "full"],
        help="how much the agent may do without asking (default: ask; with --task: as before)",
    )
    run.add_argument(
        "--model",
        metavar="NAME",
        help="which model answers, as 'models' lists it, or practice: a scripted one, no AI (default: as configured; "
        "with --task: as before)",
    )
    run.add_argument("--task", type=int, help="continue this task instead of making one")
    _add_following(run)


def _add_continue(commands: Commands) -> None:
    go_on = commands.add_parser(
        "continue",
        help="take up a task that failed or was stopped",
        description="Take up a task whose newest turn failed or was stopped, and follow the answer.",
        epilog=STATUSES,
    )
    go_on.add_argument("task", type=int, help="id of the task")
    _add_following(go_on)


def _add_following(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--wait-approvals",
        action="store_true",
        help="without a terminal: wait until somebody answers in the sidebar or with 'approvals'",
    )
    add_json(command, "print the events, one JSON object per line")


def _add_steer(commands: Commands) -> None:
    steer = commands.add_parser(
        "steer", help="say something to the agent at work", description="Say something to the agent at work."
    )
    steer.add_argument("task", type=int, help="id of the task")
    steer.add_argument("text", help="the message; '-' reads it from standard input")


def _add_approvals(commands: Commands) -> None:
    approvals = commands.add_parser(
        "approvals",
        help="list and answer what agents ask",
        description="List what waits for an answer, or answer it. The first answer wins, whichever face it comes from.",
        epilog="Exit status: 0 done, 1 already answered or no longer asked, 2 bad input, 3 no server.",
    )
    add_json(approvals)
    actions = approvals.add_subparsers(dest="action", metavar="ACTION")
    show = actions.add_parser("show", help="show one whole: diff, command, questions")
    add_json(show, default=argparse.SUPPRESS)
    allow = actions.add_parser("allow", help="let it happen")
    allow.add_argument("--for-task", action="store_true", help="and do not ask for the like again in this task")
    allow.add_argument("--input", metavar="JSON", help="with this input instead of the agent's, where it is editable")
    deny = actions.add_parser("deny", help="do not let it happen")
    deny.add_argument("--reason", help="why not; the agent is told")
    answer = actions.add_parser("answer", help="answer an agent's questions")
    for action in (show, allow, deny, answer):
        action.add_argument("id", help="as 'approvals' lists it")
    answer.add_argument(
        "answers",
        nargs="+",
        metavar="ANSWER",
        help="one for each question, in order, or QUESTION=ANSWER; a label, its number, or your own words",
    )


def _add_tasks(commands: Commands) -> None:
    add_json(commands.add_parser("tasks", help="list tasks, newest first", description="List tasks, newest first."))


def _add_export(commands: Commands) -> None:
    export = commands.add_parser(
        "export",
        help="save a task's transcript as a notebook",
        description="Save a task's transcript as a notebook: what was said, run and changed, and how to go on.",
        epilog="Exit status: 0 done, 2 bad input, 3 no server.",
    )
    export.add_argument("task", metavar="TASK", type=int, help="id of the task")
    export.add_argument("file", metavar="FILE", help="where to; its name ends in .ipynb")
    export.add_argument("--overwrite", action="store_true", help="even if there is such a file")


def _add_agents(commands: Commands) -> None:
    agents = commands.add_parser(
        "agents",
        help="list a device's agents: installed, logged in, and what mends it",
        description="List a device's agents, or say where the program of one is.",
    )
    agents.add_argument("--refresh", action="store_true", help="let the device look again first")
    _add_device(agents)
    add_json(agents)
    actions = agents.add_subparsers(dest="action", metavar="ACTION")
    path = actions.add_parser("set-path", help="say where an agent's program is")
    path.add_argument("agent", help="id of the agent")
    path.add_argument("path", nargs="?", help="the program; without it, the device looks by itself")
    _add_device(path, default=argparse.SUPPRESS)
    add_json(path, default=argparse.SUPPRESS)


def _add_trust(commands: Commands) -> None:
    trust = commands.add_parser(
        "trust",
        help="let agents use the configuration that a directory brings",
        description="Say whether agents may use the configuration (hooks, MCP servers …) that a directory brings. "
        "Without a directory, list what was said.",
    )
    trust.add_argument("path", nargs="?", help="the directory")
    said = trust.add_mutually_exclusive_group()
    said.add_argument("--no", action="store_true", help="leave it off, and do not ask again")
    said.add_argument("--forget", action="store_true", help="forget what was said")
    _add_device(trust)
    add_json(trust)


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="check everything that can be wrong, and say what mends it",
        description="Check everything that can be wrong, up to a real turn, and say what mends it.",
        epilog="Exit status: 0 nothing failed, 1 something did.",
    )
    add_json(doctor)


def _add_device(command: argparse.ArgumentParser, default: str | None = None) -> None:
    which = "id or name of the device (default: the starred one, else this computer)"
    command.add_argument("--device", help=which, default=default)
