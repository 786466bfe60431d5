"""Git worktrees of tasks: made for a task's first turn (removed by `worktree_removal.py`).

They are `{workspace root}/worktrees/{task id}/{name of the repository}`, detached, so that no branch is in the way.
None of the repository's programs runs: its hooks, and filters that only it names.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor import command_git, git_words, guarded, workspaces
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.git import Git, GitFailed, Place, Result, enter
from wegent_jupyter.executor.processes import ProcessRecords, ProgramNotFound
from wegent_jupyter.executor.workspaces import BadWorkspace, shown
from wegent_jupyter.locks import write_private

FILE_NAME = "worktrees.json"
REMOVAL_SECONDS = 600.0
"""For git to delete a work tree with all that was built in it."""


class NotMade(Exception):
    """There is no worktree; the text says why."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        """Keep what the turn will show."""
        super().__init__(message)
        self.fix = fix


@dataclass
class Made:
    """A worktree in which a turn can start."""

    workspace: Path
    notices: list[str] = field(default_factory=list)
    """What of the source is not in it."""


class _Source(NamedTuple):
    git: Git
    place: Place
    folder: Path
    """Where a worktree's git can be asked."""
    name: str
    below: Path
    """Where the directory that was named is in its work tree."""
    commit: str


class Worktrees:
    """Where the worktrees of a device are, and how they are made."""

    def __init__(self, settings: Settings, records: ProcessRecords) -> None:
        """Nothing is being made."""
        self._base, self._records = settings.workspace_root.absolute() / "worktrees", records
        self._register = settings.home / FILE_NAME
        self.leaving: set[int] = set()
        """Tasks whose worktree is being removed: nothing of them starts meanwhile."""

    def home(self, task_id: int) -> Path:
        """Return the directory of a task's worktrees; it need not exist."""
        return self._base.resolve() / str(task_id)

    async def make(self, task_id: int, source: str) -> Made:
        """Make a task's worktree, or find it made, and say where to start; raises NotMade, and then there is none."""
        try:
            origin = await _source(source)
            home = await asyncio.to_thread(self._make_home, task_id)
            try:
                return await self._make(origin, workspaces.telling(home / origin.name))
            finally:
                with contextlib.suppress(OSError):  # there is one in it
                    home.rmdir()
        except GitFailed as error:
            reason = git_words.explain(str(error), source=source)
            raise NotMade(reason.message, reason.fix) from error
        except (BadWorkspace, ProgramNotFound) as error:
            raise NotMade(str(error)) from error
        except OSError as error:
            raise NotMade(f"No worktree could be made: {error.strerror or error}.") from error

    async def _make(self, origin: _Source, top: Path) -> Made:
        common = origin.place.common
        new = not await _whole(origin, top)
        try:
            if new:
                self.note(top, common)
                await build(origin.git, common, origin.folder, top, origin.commit, self._records)
            start = await asyncio.to_thread(_start, top, origin.below)
            return Made(start, await _notices(origin, top))
        except BaseException:
            if new:
                await _discard(origin.git, common, top)
                with contextlib.suppress(OSError):  # it is only one too many
                    self.note(top, None)
            raise

    def _make_home(self, task_id: int) -> Path:
        home = self.home(task_id)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if home.is_symlink():
            raise BadWorkspace(f"{home} is a link, not a directory.")
        return home

    # Which repository each belongs to, for when it has vanished.

    def noted(self, top: Path) -> Path | None:
        """Return the git directory of the repository that a worktree belonged to."""
        found = self._read().get(str(top))
        return Path(found) if found else None

    def note(self, top: Path, common: Path | None) -> None:
        """Keep, or forget, to which repository a worktree belongs; raises OSError."""
        known = self._read()
        if common is None and str(top) not in known:
            return
        known.pop(str(top), None)
        if common is not None:
            known[str(top)] = str(common)
        write_private(self._register, json.dumps(known, indent=2, sort_keys=True) + "\n")

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._register.read_text(encoding="utf-8"))
            return {str(top): str(common) for top, common in found.items()}
        except (OSError, ValueError, AttributeError):
            return {}


async def build(git: Git, common: Path, folder: Path, top: Path, commit: str, records: ProcessRecords) -> None:
    """Make a worktree of a commit where there is none but a half-made one; raises NotMade, GitFailed, OSError.

    `git` is the one with which the repository is asked in `folder`.
    """
    await _discard(git, common, top)
    try:
        await _check_out(git, folder, top, commit, records)
    except BaseException:
        await _discard(git, common, top)
        raise


async def _check_out(git: Git, folder: Path, top: Path, commit: str, records: ProcessRecords) -> None:
    add = ["worktree", "add", "--quiet", "--no-checkout", "--detach", str(top), commit]
    await git.ask(add, folder)
    # With settings of its own: a repository can have some that hold in this worktree only.
    own, _ = await enter(top)
    ran = await guarded.run(
        ["git", "reset", "--quiet", "--hard", "--no-recurse-submodules"],
        cwd=top,
        env=own.environment,
        marker=f"worktree-{secrets.token_hex(8)}",
        records=records,
        limit=0,
    )
    if ran.status != 0:
        reason = git_words.explain(ran.stderr, source=str(folder), status=ran.status)
        raise NotMade(f"The files could not be checked out. {reason.message}", reason.fix)


async def _discard(git: Git, common: Path, top: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, top, True)
    with contextlib.suppress(GitFailed):
        await unregister(git, common, top, "--force", "--force")


async def unregister(git: Git, common: Path, top: Path, *options: str) -> Result:
    """Have a repository remove a worktree, or forget one that is gone; raises GitFailed when git cannot be run."""
    arguments = [f"--git-dir={common}", "worktree", "remove", *options, "--", str(top)]
    return await git.run(arguments, common, seconds=REMOVAL_SECONDS)


def repository(common: Path) -> str:
    """Return the directory by which people know a repository."""
    return str(common.parent if common.name == ".git" else common)


async def _source(given: str) -> _Source:
    folder = await asyncio.to_thread(workspaces.existing, given)
    try:
        git, place = await enter(folder)
    except GitFailed as error:
        if "not a git repository" not in str(error):
            raise
        text = f"{shown(str(folder))} is in no Git repository, so the task cannot have a worktree of it."
        raise NotMade(text, "Start a task without one, or run `git init` there and commit something.") from error
    if place.top is not None and not folder.is_relative_to(place.top):
        raise NotMade(f"The work tree of {shown(str(folder))} is elsewhere (core.worktree).")
    head = await git.run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], folder)
    if head.status != 0:
        text = f"{repository(place.common)} has no commit yet, so there is nothing to make a worktree of."
        raise NotMade(text, "Commit something first.")
    name = place.top.name if place.top else Path(repository(place.common)).name.removesuffix(".git")
    below = folder.relative_to(place.top) if place.top else Path()
    return _Source(git, place, folder, name or "repository", below, head.stdout.decode().strip())


async def _whole(origin: _Source, top: Path) -> bool:
    """Say whether a worktree is there already; raises NotMade when something else is."""
    if await asyncio.to_thread(blank, top):
        return False
    try:
        _, place = await enter(top)
    except GitFailed:
        place = None
    if place is None or place.own == place.common or (place.top, place.common) != (top, origin.place.common):
        text = f"{shown(str(top))} is there already, and is no worktree of this repository."
        raise NotMade(text, "Move it away, then send the message again.")
    # git writes the index when all files are there.
    return await asyncio.to_thread((place.own / "index").is_file)


def blank(top: Path) -> bool:
    """Say whether nothing is there, or nothing but what git begins a worktree with."""
    if top.is_symlink() or not top.is_dir():
        return not os.path.lexists(top)
    found = list(top.iterdir())
    return not found or ([one.name for one in found] == [".git"] and found[0].is_file() and not found[0].is_symlink())


def _start(top: Path, below: Path) -> Path:
    """Return where to start, which git does not have if nothing in it is committed."""
    start = top / below
    if start.resolve() != start:
        raise NotMade(f"{below} is a link in the last commit, so no task can start there.")
    start.mkdir(parents=True, exist_ok=True)
    return start


async def _notices(origin: _Source, top: Path) -> list[str]:
    found = []
    if origin.place.top is not None:
        status = ["status", "--porcelain=v1", "--ignore-submodules=all"]
        with contextlib.suppress(GitFailed):  # it takes too long
            if (await origin.git.run(status, origin.place.top)).stdout:
                where = shown(str(origin.place.top))
                found.append(f"This is a worktree of the last commit: what is not committed in {where} is not in it.")
    git, _ = await enter(top)
    if await command_git.links(git.text, top):
        found.append("Submodules are empty in this worktree: `git submodule update --init` fills them.")
    return found
