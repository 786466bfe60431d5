"""Commands about a repository that take several calls of git."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

Git = Callable[[Sequence[str], Path], Awaitable[tuple[int, str]]]
"""Runs git in a directory; returns exit status and output, what is no UTF-8 as surrogates."""
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""What a repository without a commit differs from."""
BASES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
MAX_UNKNOWN = 200
"""Files that git does not know, of which the content is shown."""
SAFER = {
    "diff": ("--no-ext-diff", "--no-textconv", "--submodule=short", "--ignore-submodules=all"),
    "show": ("--no-ext-diff", "--no-textconv", "--submodule=short", "--no-show-signature"),
    "status": ("--ignore-submodules=all",),
    # Quiet: else it ends with a status of each submodule.
    "switch": ("--quiet", "--no-recurse-submodules"),
    "fetch": ("--no-recurse-submodules",),
    "push": ("--no-recurse-submodules", "--receive-pack=git-receive-pack"),
}
"""Options with which a command of git runs no program that a repository, or a submodule's own settings, name."""
DIFF = ("diff", *SAFER["diff"])


async def diff(git: Git, folder: Path, limit: int) -> tuple[int, str]:
    """Return what differs from the last commit, unknown files included, until beyond the limit."""
    return await _whole_diff(git, folder, await _commit(git, folder, "HEAD") or EMPTY_TREE, limit)


async def branch_diff(git: Git, folder: Path, limit: int) -> tuple[int, str]:
    """Return what differs from where the branch began, unknown files included, until beyond the limit."""
    return await _whole_diff(git, folder, await _base(git, folder), limit)


async def branch_shortstat(git: Git, folder: Path) -> tuple[int, str]:
    """Return in one line how much differs from where the branch began."""
    return await git([*DIFF, "--shortstat", await _base(git, folder)], folder)


async def folder_status(git: Git, folder: Path) -> dict[str, Any]:
    """Return what a directory is to a project, with Wegent's names."""
    exists, is_directory, is_empty = await asyncio.to_thread(_look, folder)
    top = (await git(["rev-parse", "--show-toplevel"], folder)) if is_directory else (1, "")
    is_repository = top[0] == 0
    remote = await git(["remote", "get-url", "origin"], folder) if is_repository else (1, "")
    return {
        "exists": exists,
        "isDirectory": is_directory,
        "isEmpty": is_empty,
        "isGitRepo": is_repository,
        "remoteUrl": os.fsencode(remote[1].strip()).decode(errors="replace") if remote[0] == 0 else None,
        "headCommit": await _commit(git, folder, "HEAD") if is_repository else None,
    }


def _look(folder: Path) -> tuple[bool, bool, bool]:
    is_directory = folder.is_dir()
    return folder.exists(), is_directory, is_directory and next(folder.iterdir(), None) is None


async def links(git: Git, top: Path) -> list[str]:
    """List the submodules of a repository, by their paths from its top."""
    _, found = await git(["ls-files", "--stage", "-z"], top)
    return [one.partition("\t")[2] for one in found.split("\0") if one.startswith("160000 ")]


async def _whole_diff(git: Git, folder: Path, base: str, limit: int) -> tuple[int, str]:
    status, known = await git([*DIFF, "--binary", base], folder)
    room = limit - _size(known)
    if status != 0 or room < 0:
        return status, known
    _, names = await git(["ls-files", "--others", "--exclude-standard", "-z"], folder)
    parts = [known]
    for name in [one for one in names.split("\0") if one][:MAX_UNKNOWN]:
        # Its exit status is 1 where there is a difference, as there is.
        parts.append((await git([*DIFF, "--binary", "--no-index", "--", "/dev/null", name], folder))[1])
        room -= _size(parts[-1])
        if room < 0:
            break
    return 0, "".join(parts)


def _size(text: str) -> int:
    return len(os.fsencode(text))


async def _base(git: Git, folder: Path) -> str:
    head = await _commit(git, folder, "HEAD")
    for name in BASES:
        commit = await _commit(git, folder, name)
        if head and commit:
            status, found = await git(["merge-base", commit, head], folder)
            if status == 0:
                return found.strip()
    return head or EMPTY_TREE


async def _commit(git: Git, folder: Path, name: str) -> str | None:
    status, found = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], folder)
    return found.strip() if status == 0 else None
