"""The grammar of what `jupyter wegent` does with projects, worktrees, and what turns changed."""

import argparse

from wegent_jupyter.cli.parser_devices import Commands, add_action, add_json, add_yes


def add_projects(commands: Commands) -> None:
    """Add `projects`."""
    projects = commands.add_parser(
        "projects",
        help="list and manage projects",
        description="List projects, or manage them. PROJECT is an id or a name.",
        epilog="Exit status: 0 done, 1 refused, or a clone failed, 2 bad input, 3 no server, 130 not done; a clone "
        "that Ctrl-C leaves goes on.",
    )
    add_json(projects)
    actions = projects.add_subparsers(dest="action", metavar="ACTION")
    add = add_action(actions, "add", "make a project of a directory, which is made if it is missing, or of a clone")
    add.add_argument("name", metavar="NAME", help="what it is to be called")
    add.add_argument("--device", help="id or name of the device (default: the starred one, else this computer)")
    _add_place(add, "without --git, on this computer: the current one; else a new one in the device's workspace")
    _of_project(actions, "show", "show one whole")
    rename = _of_project(actions, "rename", "give a project another name")
    rename.add_argument("name", metavar="NAME", help="the new name")
    move = _of_project(actions, "move", "give a project another device or directory; nothing at the old one is touched")
    move.add_argument("--device", help="id or name of the new device (default: as before)")
    _add_place(move, "as before")
    _of_project(actions, "retry", "try again what failed, such as a clone")
    add_yes(_of_project(actions, "delete", "forget a project; its files stay"))


def _add_place(command: argparse.ArgumentParser, default: str) -> None:
    where = command.add_mutually_exclusive_group()
    where.add_argument("--path", help=f"directory on the device, absolute or below ~ (default: {default})")
    where.add_argument(
        "--checkout", metavar="PATH", help="directory below the device's workspace, or with --git below its projects"
    )
    command.add_argument("--git", metavar="URL", help="clone this repository, by https, http, ssh or a path there")
    command.add_argument("--branch", help="branch or tag to clone (default: the repository's own choice)")


def add_changes(commands: Commands) -> None:
    """Add `changes`."""
    changes = commands.add_parser(
        "changes",
        help="list, show and take back what a turn changed",
        description="List the files that a turn changed, show how, or take that back. PATH is as the list shows it.",
        epilog="Exit status: 0 done, 1 refused, as a file was changed since, 2 bad input, 3 no server, 130 not done.",
    )
    changes.add_argument("task", metavar="TASK", type=int, help="id of the task")
    changes.add_argument(
        "--turn", metavar="N", type=int, help="which message of it (default: the newest that has ended)"
    )
    what = changes.add_mutually_exclusive_group()
    what.add_argument("--diff", metavar="PATH", nargs="*", help="show a diff of these files (default: all)")
    what.add_argument("--revert", metavar="PATH", nargs="*", help="take back what happened to these files")
    changes.add_argument("--all", action="store_true", help="with --revert: to all files of the turn")
    add_yes(changes)
    add_json(changes)


def add_worktrees(commands: Commands) -> None:
    """Add `worktrees`."""
    worktrees = commands.add_parser(
        "worktrees",
        help="list and remove the Git worktrees of tasks",
        description="List the Git worktrees of tasks with what would be lost with each, or remove some.",
        epilog="Exit status: 0 done, 1 one that was named stays, 2 bad input, 3 no server, 130 not done.",
    )
    add_json(worktrees)
    actions = worktrees.add_subparsers(dest="action", metavar="ACTION")
    remove = add_action(actions, "remove", "remove those with which nothing is lost, and say why the others stay")
    remove.add_argument("tasks", metavar="TASK", type=int, nargs="*", help="id of the task")
    remove.add_argument("--clean", action="store_true", help="all with which nothing is lost")
    add_yes(remove)


def _of_project(actions: Commands, name: str, what: str) -> argparse.ArgumentParser:
    action = add_action(actions, name, what)
    action.add_argument("project", metavar="PROJECT", help="id or name")
    return action
