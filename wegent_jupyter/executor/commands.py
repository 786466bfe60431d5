"""Run what the gateway asks for by key (`protocol/commands.py`).

In the device's workspaces, from argument lists, bounded in time and output, ended with the whole tree.
"""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from wegent_jupyter.executor import command_files, command_git
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.processes import STDERR_TAIL, GuardedProcess, ProcessRecords, ProgramNotFound, spawn
from wegent_jupyter.executor.roots import Outside, Roots
from wegent_jupyter.executor.runner import agent_environment
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.commands import COMMANDS, CommandSpec

AT_ONCE = 8
"""Commands that may run at the same time."""
OUTSIDE_STATUS = 64
"""Wegent's exit status of what is refused."""
READ_BYTES = 64 << 10
_GIT_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    # A repository may name a program here that every `git status` runs.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.fsmonitor",
    "GIT_CONFIG_VALUE_0": "false",
}
_ENVIRONMENT = re.compile(r"LANG|LC_[A-Z]+|TZ|GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)")
"""What a caller may set: nothing that makes a program run another one."""


class Refused(Exception):
    """What is not run; the text says why."""


class _Output(NamedTuple):
    status: int
    stdout: str
    stderr: str = ""
    stdout_cut: bool = False
    stderr_cut: bool = False


class Commands:
    """The commands of one device."""

    def __init__(self, settings: Settings, records: ProcessRecords) -> None:
        """Nothing runs yet."""
        self._settings, self._records = settings, records
        self._running = 0

    async def run(self, data: dict[str, Any]) -> dict[str, Any]:
        """Run one and return its result, with Wegent's names; never raises for what was asked."""
        began = time.monotonic()
        try:
            message = wire.ExecuteCommand.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            return _result(began, error=f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        if self._running >= AT_ONCE:
            return _result(began, error=f"{AT_ONCE} commands are running on this device; try again in a moment.")
        self._running += 1
        try:
            async with asyncio.timeout(message.timeout_seconds):
                return _result(began, await _Command(self._settings, self._records, message).run())
        except TimeoutError:
            text = f"Command timed out after {message.timeout_seconds} seconds"
            return _result(began, error=text, timed_out=True)
        except Outside as error:
            refusal = _Output(OUTSIDE_STATUS, json.dumps({"success": False, "error": str(error)}))
            return _result(began, refusal, error=str(error))
        except (Refused, command_files.NotDone) as error:
            return _result(began, error=str(error))
        except (ProgramNotFound, OSError) as error:
            return _result(began, error=f"It cannot be run here: {error}")
        finally:
            self._running -= 1


class _Command:
    """One command."""

    def __init__(self, settings: Settings, records: ProcessRecords, message: wire.ExecuteCommand) -> None:
        self._settings, self._records, self._message = settings, records, message
        root = settings.workspace_root
        self._projects = root / "projects"
        own = [root, settings.chats, self._projects, root / "worktrees", *settings.workspace_roots]
        self._roots = Roots([*own, *(Path(one) for one in message.roots)])

    async def run(self) -> _Output:
        """Run it; raises Refused, Outside, NotDone, ProgramNotFound, OSError."""
        key, spec, args = _meant(self._message)
        if not spec.min_args <= len(args) <= spec.max_args:
            raise Refused(f"{key} takes {spec.min_args} to {spec.max_args} arguments; it got {len(args)}.")
        if any("\0" in one for one in args):
            raise Refused("An argument holds a NUL character.")
        if key in ("home_dir", "project_workspace_root"):
            return _Output(0, f"{Path.home() if key == 'home_dir' else self._projects}\n")
        folder = self._folder()
        if spec.paths:
            args = [str(self._roots.inside(one, folder)) if _is_path(key, n) else one for n, one in enumerate(args)]
        if key == "git_clone" and len(args) > 1:
            args[1] = str(self._roots.inside(args[1], folder))
        if not spec.argv:
            return await self._ourselves(key, folder, args)
        return await self._execute([*_safer(spec.argv), *args], folder)

    def _folder(self) -> Path:
        root = self._settings.workspace_root
        if not self._message.cwd:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self._roots.inside(self._message.cwd or str(root))
        if not folder.is_dir():
            raise Refused(f"Working directory does not exist: {folder}")
        return folder

    async def _ourselves(self, key: str, folder: Path, args: list[str]) -> _Output:
        target = Path(args[0]) if args else folder
        match key:
            case "workspace_tree":
                return _json(await asyncio.to_thread(command_files.tree, target))
            case "workspace_read_text_file":
                return _json(await asyncio.to_thread(command_files.read_text, target))
            case "workspace_read_file_chunk":
                return _json(await asyncio.to_thread(command_files.read_chunk, target, *args[1:]))
            case "project_folder_status":
                return _json(await command_git.folder_status(self._git, target))
            case "git_diff":
                return self._cut(*await command_git.diff(self._git, folder))
            case "git_branch_diff":
                return self._cut(*await command_git.branch_diff(self._git, folder))
            case "git_branch_diff_shortstat":
                return self._cut(*await command_git.branch_shortstat(self._git, folder))
        raise Refused(f"Device command key '{key}' is not known to this executor.")

    def _cut(self, status: int, text: str) -> _Output:
        data, limit = text.encode(), self._message.max_output_bytes
        return _Output(status, data[:limit].decode(errors="replace"), stdout_cut=len(data) > limit)

    async def _git(self, arguments: Sequence[str], folder: Path) -> tuple[int, str]:
        found = await self._execute(["git", *arguments], folder)
        return found.status, found.stdout

    async def _execute(self, argv: list[str], folder: Path) -> _Output:
        process = await spawn(
            argv,
            cwd=folder,
            env=self._environment(),
            marker=f"command-{secrets.token_hex(8)}",
            records=self._records,
        )
        try:
            process.stdin.close()
            stdout, cut = await _read(process, self._message.max_output_bytes)
            status = await process.wait()
        finally:
            await process.end()
        stderr = process.stderr_tail
        limit = min(self._message.max_output_bytes, STDERR_TAIL)
        return _Output(status, stdout, stderr[-limit:], cut, len(stderr) >= limit)

    def _environment(self) -> dict[str, str]:
        given = self._message.env
        unfit = [name for name in given if not _ENVIRONMENT.fullmatch(name)]
        if unfit or any("\0" in value for value in given.values()):
            raise Refused(f"A command takes no {unfit[0] if unfit else 'NUL character'} in its environment.")
        return {**agent_environment(), **_GIT_ENVIRONMENT, **given}


def _meant(message: wire.ExecuteCommand) -> tuple[str, CommandSpec, list[str]]:
    """Return what is asked for: by its key, or, by a stock backend, as the very words of one of our keys."""
    if message.command_key is not None:
        spec = COMMANDS.get(message.command_key)
        if spec is None:
            raise Refused(f"Device command key '{message.command_key}' is not known to this executor.")
        return message.command_key, spec, list(message.args)
    words = tuple(message.argv)
    known = [(key, spec) for key, spec in COMMANDS.items() if spec.argv and words[: len(spec.argv)] == spec.argv]
    for key, spec in sorted(known, key=lambda one: -len(one[1].argv)):
        rest = [*words[len(spec.argv) :], *message.args]
        if spec.min_args <= len(rest) <= spec.max_args:
            return key, spec, rest
    raise Refused("This executor runs known commands only, by their key.")


def _is_path(key: str, number: int) -> bool:
    return not (key == "workspace_read_file_chunk" and number == 1)


def _safer(argv: tuple[str, ...]) -> list[str]:
    """Let a diff run no program that the repository names."""
    if argv[:1] == ("git",) and argv[1:2] in (("diff",), ("show",)):
        return [*argv[:2], "--no-ext-diff", "--no-textconv", *argv[2:]]
    return list(argv)


async def _read(process: GuardedProcess, limit: int) -> tuple[str, bool]:
    """Read all output, keep its beginning; says whether it was cut."""
    kept, cut = bytearray(), False
    while data := await process.stdout.read(READ_BYTES):
        room = limit - len(kept)
        kept += data[:room]
        cut = cut or len(data) > room
    return kept.decode(errors="replace"), cut


def _json(value: Any) -> _Output:
    return _Output(0, json.dumps(value))


def _result(
    began: float, output: _Output | None = None, *, error: str | None = None, timed_out: bool = False
) -> dict[str, Any]:
    output = output or _Output(-1, "")
    return {
        "success": error is None and output.status == 0,
        "exit_code": None if output.status == -1 and error is not None else output.status,
        "stdout": output.stdout,
        "stderr": output.stderr,
        "duration": round(time.monotonic() - began, 3),
        "timed_out": timed_out,
        "error": error,
        "stdout_truncated": output.stdout_cut,
        "stderr_truncated": output.stderr_cut,
    }
