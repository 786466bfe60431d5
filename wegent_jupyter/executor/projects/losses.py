"""What would be lost with a worktree: what no commit has, and commits that nothing else keeps.

Submodules are looked at one by one, each with git of its own: git would have them tell it by their own settings.
"""

import asyncio
import os
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from wegent_jupyter.executor import command_git
from wegent_jupyter.executor.git import Git, GitFailed, Place, enter
from wegent_jupyter.executor.workspaces import shown

MAX_LISTED = 200
MAX_REFLOG = 1_000
MAX_DEPTH = 5
"""Of submodules in submodules."""
STATUS = [
    "status",
    "--porcelain=v1",
    "-z",
    "--no-renames",
    "--untracked-files=all",
    "--ignored=matching",
    "--ignore-submodules=dirty",
]
OPERATIONS = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisect",
}
"""What git keeps in a git directory while it is in the middle of something."""


@dataclass
class Losses:
    """What goes with a worktree, as people read it."""

    uncommitted: list[str] = field(default_factory=list)
    unpushed: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    """What else speaks against it, as sentences."""

    @property
    def reasons(self) -> list[str]:
        """Say why the worktree has to stay, in sentences; empty when nothing would be lost."""
        found = list(self.obstacles)
        if self.unpushed:
            found.insert(0, f"Commits that no branch, tag or remote has: {len(self.unpushed):,}.")
        if self.uncommitted:
            found.insert(0, f"Files with changes that are not committed: {len(self.uncommitted):,}.")
        return found


async def look(git: Git, place: Place, top: Path) -> Losses:
    """Return what would be lost with a work tree; raises GitFailed when git cannot tell."""
    losses = Losses()
    await _look(git, place, top, "", losses, 0)
    return losses


async def submodules(git: Git, top: Path) -> list[str]:
    """Return the paths of a work tree's submodules."""
    return await command_git.links(git.text, top)


async def _look(git: Git, place: Place, top: Path, below: str, losses: Losses, depth: int) -> None:
    await _files(git, top, below, losses)
    await _hidden(git, top, below, losses)
    await _commits(git, top, below, losses)
    where = f" in the submodule {below}" if below else ""
    losses.obstacles += await asyncio.to_thread(_obstacles, place, where)
    for link in await submodules(git, top):
        path = top / link
        there = await asyncio.to_thread(_there, path)
        if ".git" not in there:  # it was not cloned, and git does not look at what else may be there
            losses.uncommitted += [f"?? {below}{_words(link)}/{_words(one)}" for one in there]
            continue
        inner, inside = await enter(path)
        if inside.top != path or depth == MAX_DEPTH:
            raise GitFailed(f"What is at {shown(str(path))} cannot be told.")
        await _look(inner, inside, path, f"{below}{_words(link)}/", losses, depth + 1)


async def _files(git: Git, top: Path, below: str, losses: Losses) -> None:
    for entry in os.fsdecode(await git.ask(STATUS, top)).split("\0"):
        if entry:
            path = f"{below}{_words(entry[3:])}"
            if entry.startswith("!!"):
                losses.ignored.append(path)
            else:
                losses.uncommitted.append(f"{entry[:3]}{path}")


async def _hidden(git: Git, top: Path, below: str, losses: Losses) -> None:
    """Add files of which git was told not to look whether they changed (update-index(1): --assume-unchanged)."""
    listed = os.fsdecode(await git.ask(["ls-files", "-v", "-z"], top)).split("\0")
    marked = [one for one in listed if one[:1] == "S" or one[:1].islower()]
    there = await asyncio.to_thread(lambda: [one for one in marked if os.path.lexists(top / one[2:])])
    losses.uncommitted += [f" M {below}{_words(one[2:])} (git does not look)" for one in there]


async def _commits(git: Git, top: Path, below: str, losses: Losses) -> None:
    """Add commits that would not be found again. A submodule's own branches and stash go with it."""
    tips = [*await _left(git, top), *(["HEAD"] if await _born(git, top) else [])]
    kept = ["--remotes"] if below else ["--branches", "--tags", "--remotes"]
    own = ["--all"] if below else []
    if tips or own:
        found = await git.ask(["log", "--no-show-signature", "--format=%h %s", *tips, *own, "--not", *kept], top)
        losses.unpushed += [f"{below}{line}" for line in found.decode(errors="replace").splitlines()]


async def _born(git: Git, top: Path) -> bool:
    return (await git.text(["rev-parse", "--verify", "--quiet", "HEAD"], top))[0] == 0


async def _left(git: Git, top: Path) -> list[str]:
    """Return the commits that were left by checking out others: on no branch, only this work tree knows them."""
    status, told = await git.text(["reflog", "show", f"--max-count={MAX_REFLOG}", "--format=%H %gs", "HEAD"], top)
    lines = [line.partition(" ") for line in told.splitlines()] if status == 0 else []
    return sorted({old[0] for new, old in pairwise(lines) if new[2].startswith("checkout: moving")})


def _there(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir()) if path.is_dir() and not path.is_symlink() else []


def _obstacles(place: Place, where: str) -> list[str]:
    found = {words for name, words in OPERATIONS.items() if os.path.lexists(place.own / name)}
    told = [f"git is in the middle of {words}{where}." for words in sorted(found)]
    try:
        reason = (place.own / "locked").read_text(errors="replace").strip()
        told.append(f"It is locked (git-worktree lock){f': {shown(reason)}' if reason else ''}.")
    except FileNotFoundError:
        pass
    return told


def _words(path: str) -> str:
    return os.fsencode(path).decode(errors="replace")
