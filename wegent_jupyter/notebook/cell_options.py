"""What stands behind `%%wegent`."""

import argparse
import keyword
import shlex
from dataclasses import dataclass
from typing import Any, Final, NoReturn, get_args

from wegent_jupyter.notebook.errors import BadCall
from wegent_jupyter.protocol import api

HELP: Final = "%wegent lists all options."


@dataclass(slots=True, frozen=True)
class CellOptions:
    """The options of a cell, checked as far as that goes without a server."""

    device: str | None
    agent: str | None
    mode: api.Mode | None
    model: str | None
    cwd: str | None
    variables: list[str]
    wait: bool
    name: str | None
    """Of the variable that gets the task."""
    task: str | None
    """Number, or variable, of the task to go on with."""
    worktree: bool
    project: str | None


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the kernel."""

    def error(self, message: str) -> NoReturn:
        """Refuse the line; raises BadCall."""
        raise BadCall(f"%%wegent: {message}", HELP)


class _Once(argparse.Action):
    """Takes an option that is given once: of two, nobody knows which is meant."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Keep the value; raises BadCall."""
        if getattr(namespace, self.dest) is not None:
            raise BadCall(f"%%wegent: {option_string} is given twice.", HELP)
        if not values.strip():
            raise BadCall(f"%%wegent: {option_string} is empty.", HELP)
        setattr(namespace, self.dest, values)


def parse(line: str) -> CellOptions:
    """Return the options of a cell; raises BadCall with one short message."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BadCall(f"%%wegent: {str(error).lower()} in this line.", HELP) from None
    given = _parser().parse_args(words)
    options = CellOptions(
        device=given.device,
        agent=given.agent,
        mode=given.mode,
        model=given.model,
        cwd=given.cwd,
        variables=_variables(given.variables or ""),
        wait=given.wait,
        name=given.name,
        task=given.task,
        worktree=given.worktree,
        project=given.project,
    )
    if options.name is not None and (not options.name.isidentifier() or keyword.iskeyword(options.name)):
        raise BadCall(f"%%wegent: --as {options.name} is no name for a variable.", "Write for instance: --as t")
    if options.task is not None and (options.worktree or options.project is not None):
        raise BadCall("%%wegent: --worktree and --project are for new tasks; a task keeps what it has.")
    return options


def _variables(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        if not name.isidentifier():
            raise BadCall(
                f"%%wegent: --with {name}: variables are given by name.", "Write for instance: --with df,model"
            )
    return list(dict.fromkeys(names))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="%%wegent", add_help=False, allow_abbrev=False)
    for name in ("device", "agent", "model", "cwd", "task", "project"):
        parser.add_argument(f"--{name}", action=_Once)
    parser.add_argument("--mode", choices=get_args(api.Mode))
    parser.add_argument("--with", action=_Once, dest="variables")
    parser.add_argument("--as", action=_Once, dest="name")
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--worktree", action="store_true")
    return parser
