"""Run what the gateway asks for by key (`protocol/commands.py`).

In the device's workspaces, from argument lists, bounded in time and output, ended with the whole tree. A repository's
own hooks, filters and other programs never run (`git_settings.py`).
"""

import asyncio
import json
import os
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from wegent_jupyter.executor import command_files, command_git, git_settings, guarded
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.environment import agent_environment
from wegent_jupyter.executor.git import Git, GitFailed, Place, find, taming
from wegent_jupyter.executor.personal.answers import PersonalAnswers
from wegent_jupyter.executor.personal.auth_file import VARIABLES as AUTH_VARIABLES
from wegent_jupyter.executor.processes import STDERR_TAIL, ProcessRecords, ProgramNotFound
from wegent_jupyter.executor.projects import worktrees
from wegent_jupyter.executor.projects.worktree_removal import NotRemoved, Removal
from wegent_jupyter.executor.projects.worktrees import NotMade
from wegent_jupyter.executor.roots import Outside, roots_of
from wegent_jupyter.executor.skills.answers import SkillAnswers
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.commands import COMMANDS, CommandSpec

AT_ONCE = 8
"""Commands that may run at the same time."""
OUTSIDE_STATUS = 64
"""Wegent's exit status of what is refused."""
MAX_INTERNAL = 4 << 20
"""Bytes of output that is read here and not passed on."""
MAX_ENCODED = 12 << 20
"""Bytes that an output may have as JSON, as it travels: a larger message would end the connection."""
MAX_ERROR = 4_000
SYNC_AUTH, READ_AUTH = "sync_runtime_auth_file", "read_runtime_auth_file"
OTHER_REPOSITORY = "The git repository of this folder lies outside of the workspaces of this device."
_REMOTE = re.compile(r"(https?|ssh)://[^-\s]\S*|[A-Za-z0-9._][\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?![:-])\S+", re.ASCII)
"""What may be cloned, beside a path in the workspaces."""
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

    def __init__(
        self, settings: Settings, records: ProcessRecords, removal: Removal, personal: PersonalAnswers | None = None
    ) -> None:
        """Nothing runs yet. Without `personal` there is no login file."""
        self._settings, self._records, self._removal = settings, records, removal
        self._personal = personal
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
                key = _auth_key(message)
                if key is not None and self._personal is not None:
                    # Its variables hold a login: no program gets them.
                    status, answer = await self._personal.auth_command(key, message.env)
                    return _result(began, _Output(status, json.dumps(answer)), error=answer.get("error"))
                command = _Command(self._settings, self._records, self._removal, message)
                return _result(began, await command.run())
        except TimeoutError:
            text = f"Command timed out after {message.timeout_seconds} seconds"
            return _result(began, error=text, timed_out=True)
        except Outside as error:
            refusal = _Output(OUTSIDE_STATUS, json.dumps({"success": False, "error": str(error)}))
            return _result(began, refusal, error=str(error))
        except (Refused, command_files.NotDone, NotMade, NotRemoved, GitFailed) as error:
            return _result(began, error=str(error))
        except (ProgramNotFound, OSError) as error:
            return _result(began, error=f"It cannot be run here: {error}")
        finally:
            self._running -= 1


class _Command:
    """One command."""

    def __init__(
        self, settings: Settings, records: ProcessRecords, removal: Removal, message: wire.ExecuteCommand
    ) -> None:
        self._settings, self._records, self._removal, self._message = settings, records, removal, message
        self._projects = settings.workspace_root / "projects"
        self._roots = roots_of(settings, message.roots)
        self._git_settings = git_settings.ALWAYS

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
        if key == "git_clone":
            args = await self._cloned(args, folder)
        elif key.startswith("git_"):
            _check_options(key, args)
            if key.startswith("git_worktree_"):
                folder = Path(args[0])
            top = await self._enter(folder)
            if isinstance(top, _Output):
                return top
            if key == "git_add_all":
                return await self._add_all(top)
        if not spec.argv:
            return await self._ourselves(key, folder, args)
        return await self._execute([*_safer(spec.argv), *args], folder)

    @property
    def _limit(self) -> int:
        return self._message.max_output_bytes

    def _folder(self) -> Path:
        root = self._settings.workspace_root
        if not self._message.cwd:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self._roots.inside(self._message.cwd or str(root))
        if not folder.is_dir():
            raise Refused(f"Working directory does not exist: {folder}")
        return folder

    async def _enter(self, folder: Path) -> Path | _Output:
        """Return the top of a folder's repository, none of whose programs runs from now on; or what git says."""
        git = Git(git_settings.ALWAYS, self._roots.ceilings())
        try:
            place = await find(git, folder)
        except GitFailed as error:
            if error.status is None:
                raise Refused(str(error)) from error
            return _Output(error.status, "", f"{error}\n")
        self._check_places(place)
        try:
            self._git_settings = await taming(git, folder)
        except GitFailed as error:
            raise Refused(str(error)) from error
        return place.top or folder

    async def _cloned(self, args: list[str], folder: Path) -> list[str]:
        """Return what to clone, and to where; raises Refused, Outside."""
        source, *target = args
        if not _REMOTE.fullmatch(source):
            if source.startswith("-") or "://" in source or "::" in source:
                raise Refused("Only https, http and ssh addresses and paths in the workspaces are cloned.")
            source = str(await self._cloneable(self._roots.inside(source, folder)))
        return [source, *(str(self._roots.inside(one, folder)) for one in target)]

    async def _cloneable(self, path: Path) -> Path:
        """Return a repository's path if all of it lies in the workspaces; raises Refused."""
        place = await asyncio.to_thread(_git_place, path)
        if place is None:
            raise Refused(f"{path} is no git repository.")
        try:
            self._check_places(await find(Git(git_settings.ALWAYS), path, git_dir=place))
        except GitFailed as error:
            raise Refused(f"{path} is no git repository.") from error
        return path

    def _check_places(self, place: Place) -> None:
        """Raise Refused if any part of a repository lies outside of the workspaces."""
        try:
            for path in (place.top, place.own, place.common):
                if path is not None:
                    self._roots.inside(str(path))
        except Outside as error:
            raise Refused(OTHER_REPOSITORY) from error

    async def _add_all(self, top: Path) -> _Output:
        """Stage all; submodules apart, since `git add` has each tell its status, by its own settings."""
        links = await command_git.links(self._git, top)
        without = [f":(top,exclude,literal){one}" for one in links]
        added = await self._execute(["git", "add", "--all", "--", ":/", *without], top)
        if added.status != 0 or not links:
            return added
        return await self._execute(["git", "update-index", "--remove", "--", *links], top)

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
                if target.is_dir():
                    await self._enter(target)
                return _json(await command_git.folder_status(self._git, target))
            case "git_worktree_list":
                return await self._execute(["git", "worktree", "list", "--porcelain"], folder)
            case "git_worktree_add":
                return await self._add_worktree(folder, Path(args[1]), *args[2:])
            case "git_worktree_remove" | "remove_worktree_dir":
                await self._removal.remove_named(Path(args[-1]))
                return _Output(0, "")
            case "find_worktree_dirs":
                return self._cut(0, await asyncio.to_thread(command_files.folders_within, target))
            case "git_diff":
                return self._cut(*await command_git.diff(self._git, folder, self._limit))
            case "git_branch_diff":
                return self._cut(*await command_git.branch_diff(self._git, folder, self._limit))
            case "git_branch_diff_shortstat":
                return self._cut(*await command_git.branch_shortstat(self._git, folder))
            case "ls_skills" | "setup_shared_skills":
                skills = SkillAnswers(self._settings)
                printed = await (skills.ls_skills() if key == "ls_skills" else skills.setup_shared_skills())
                return self._cut(printed.status, printed.stdout)._replace(stderr=printed.stderr)
        raise Refused(f"Device command key '{key}' is not known to this executor.")

    async def _add_worktree(self, folder: Path, target: Path, commit: str = "HEAD") -> _Output:
        """Make a worktree where there is nothing yet."""
        git = Git(self._git_settings, self._roots.ceilings())
        found = await git.run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"], folder)
        if found.status != 0:
            raise Refused(f"The repository has no commit {commit}.")
        if not await asyncio.to_thread(worktrees.blank, target):
            raise Refused(f"{target} is there already.")
        place = await find(git, folder)
        await worktrees.build(git, place.common, folder, target, found.stdout.decode().strip(), self._records)
        return _Output(0, "")

    def _cut(self, status: int, text: str) -> _Output:
        data = os.fsencode(text)
        return _Output(status, data[: self._limit].decode(errors="replace"), stdout_cut=len(data) > self._limit)

    async def _git(self, arguments: Sequence[str], folder: Path) -> tuple[int, str]:
        # One more than may be told, to see that it is too much.
        limit = max(MAX_INTERNAL, self._limit + 1)
        found = await self._execute(["git", *arguments], folder, limit, "surrogateescape")
        return found.status, found.stdout

    async def _execute(self, argv: list[str], folder: Path, limit: int = 0, errors: str = "replace") -> _Output:
        """Run it; of its output keep `limit` bytes, or as many as were asked for."""
        ran = await guarded.run(
            argv,
            cwd=folder,
            env=self._environment(),
            marker=f"command-{secrets.token_hex(8)}",
            records=self._records,
            limit=limit or self._limit,
        )
        tail = min(self._limit, STDERR_TAIL)
        text = ran.stdout.decode(errors=errors)
        return _Output(ran.status, text, ran.stderr[-tail:], ran.cut, len(ran.stderr) >= tail)

    def _environment(self) -> dict[str, str]:
        given = self._message.env
        unfit = [name for name in given if not _ENVIRONMENT.fullmatch(name)]
        if unfit or any("\0" in value for value in given.values()):
            raise Refused(f"A command takes no {unfit[0] if unfit else 'NUL character'} in its environment.")
        own = {name: value for name, value in agent_environment().items() if name not in git_settings.LOCAL}
        return {**own, **git_settings.environment(self._roots.ceilings(), self._git_settings, os.pathsep), **given}


def _auth_key(message: wire.ExecuteCommand) -> str | None:
    """Return which of the two about a login is meant; a stock backend sends a program for it, and the variables."""
    if message.command_key is not None:
        return message.command_key if message.command_key in (SYNC_AUTH, READ_AUTH) else None
    if AUTH_VARIABLES[0] not in message.env:
        return None
    return SYNC_AUTH if AUTH_VARIABLES[2] in message.env else READ_AUTH


def _git_place(path: Path) -> Path | None:
    """Return where a directory's git repository may be; None where there is no directory."""
    if not path.is_dir():
        return None
    return path / ".git" if os.path.lexists(path / ".git") else path


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
    return (key, number) not in (("workspace_read_file_chunk", 1), ("git_worktree_add", 2))


def _safer(argv: tuple[str, ...]) -> list[str]:
    """Let git run no program that the repository names."""
    if argv[:1] != ("git",):
        return list(argv)
    return [*argv[:2], *command_git.SAFER.get(argv[1], ()), *argv[2:]]


def _check_options(key: str, args: list[str]) -> None:
    """Let no argument be an option of git; a commit's message follows `-m`, and may be any text."""
    if key != "git_commit" and any(one.startswith("-") for one in args):
        raise Refused("An argument of a git command may not begin with '-'.")


def _json(value: Any) -> _Output:
    return _Output(0, json.dumps(value))


def _result(
    began: float, output: _Output | None = None, *, error: str | None = None, timed_out: bool = False
) -> dict[str, Any]:
    output = _fitting(output or _Output(-1, ""))
    return {
        "success": error is None and output.status == 0,
        "exit_code": None if output.status == -1 and error is not None else output.status,
        "stdout": output.stdout,
        "stderr": output.stderr,
        "duration": round(time.monotonic() - began, 3),
        "timed_out": timed_out,
        "error": error[:MAX_ERROR] if error else error,
        "stdout_truncated": output.stdout_cut,
        "stderr_truncated": output.stderr_cut,
    }


def _fitting(output: _Output) -> _Output:
    """Cut an output of which the encoded form would not fit into a message."""
    room = MAX_ENCODED
    for start in range(0, len(output.stdout), guarded.READ_BYTES):
        room -= len(json.dumps(output.stdout[start : start + guarded.READ_BYTES]))
        if room < 0:
            return output._replace(stdout=output.stdout[:start], stdout_cut=True)
    return output
