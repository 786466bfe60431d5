"""Run one command. Exit statuses: 0 done, 1 failed or refused, 2 bad input, 3 nothing reachable, 4 unanswerable, 130
stopped."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.parser import parser

Command: TypeAlias = "Callable[[argparse.Namespace], Coroutine[Any, Any, int]]"

DONE, FAILED, BAD_INPUT, UNREACHABLE, STOPPED = 0, 1, 2, 3, 130
CONFLICT = 409


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    # After parsing: these take a third of a second, and `--help` should not.
    from pydantic import ValidationError

    from wegent_jupyter.client.client import ApiError, Unreachable

    try:
        return asyncio.run(_command(options)(options))
    except ApiError as error:
        _complain(error.problem.message)
        if error.problem.fix:
            _complain(f"What to do: {error.problem.fix}")
        if error.status == CONFLICT or error.problem.code == "device_busy":
            return FAILED
        return BAD_INPUT if error.status < 500 else UNREACHABLE
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        _complain(": ".join(filter(None, (place, first["msg"].removeprefix("Value error, ")))))
        return BAD_INPUT
    except BadInput as error:
        _complain(str(error))
        return BAD_INPUT
    except Unreachable as error:
        _complain(str(error))
        return UNREACHABLE
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; Python would complain about that once more
        return FAILED


def _command(options: argparse.Namespace) -> Command:
    from wegent_jupyter.cli import (
        agents,
        approvals,
        changes,
        codex,
        doctor,
        export,
        joining,
        listing,
        manage,
        models,
        projects,
        proxy,
        queue,
        run,
        skills,
        tables,
        terminal,
        terminals,
        tokens,
        trust,
        worktrees,
    )

    commands: dict[str, Command | dict[str | None, Command]] = {
        "run": run.run,
        "continue": run.go_on,
        "steer": run.steer,
        "approvals": approvals.approvals,
        "tasks": tables.tasks,
        "changes": changes.changes,
        "export": export.export,
        "projects": {
            None: projects.projects,
            "show": projects.show,
            "add": projects.add,
            "rename": projects.rename,
            "move": projects.move,
            "retry": projects.retry,
            "delete": projects.delete,
        },
        "worktrees": {None: worktrees.worktrees, "remove": worktrees.remove},
        "agents": agents.agents,
        "models": {
            None: models.list_,
            "list": models.list_,
            "providers": models.providers,
            "add": models.add,
            "edit": models.edit,
            "remove": models.remove,
            "test": models.test,
        },
        "codex": {
            None: codex.status,
            "status": codex.status,
            "login": codex.login,
            "import": codex.import_,
            "upload": codex.upload,
            "on": codex.on,
            "off": codex.off,
            "forget": codex.forget,
        },
        "proxy": {
            None: proxy.status,
            "status": proxy.status,
            "set": proxy.set_,
            "clear": proxy.clear,
            "on": proxy.on,
            "off": proxy.off,
            "test": proxy.test,
        },
        "skills": {None: skills.skills, "list": skills.skills, "share": skills.share, "undo": skills.undo},
        "trust": trust.trust,
        "doctor": doctor.doctor,
        "devices": {
            None: listing.devices,
            "show": listing.show,
            "default": manage.default,
            "rename": manage.rename,
            "slots": manage.slots,
            "upgrade": manage.upgrade,
            "delete": manage.delete,
            "add": joining.add,
            "approve": joining.approve,
            "reject": joining.reject,
        },
        "command": manage.command,
        "terminal": terminal.terminal,
        "terminals": {None: terminals.terminals, "end": terminals.end},
        "tokens": {None: tokens.tokens, "create": tokens.create, "revoke": tokens.revoke},
        "queue": {
            None: queue.queue,
            "first": queue.first,
            "earlier": queue.earlier,
            "later": queue.later,
            "move": queue.move,
            "cancel": queue.cancel,
        },
        "resume": queue.resume,
    }
    found = commands[options.command]
    return found[options.action] if isinstance(found, dict) else found


def _complain(message: str) -> None:
    from wegent_jupyter.cli.screen import clean

    print(f"jupyter wegent: {clean(message)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
