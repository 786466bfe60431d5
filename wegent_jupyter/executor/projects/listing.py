"""List a device's directories, for choosing one, and the files of a workspace, for `@file`."""

import asyncio
import heapq
import json
import os
import re
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from wegent_jupyter.executor import workspaces
from wegent_jupyter.executor.git import GitFailed, enter
from wegent_jupyter.protocol.projects import MAX_PATH, FilesAnswer, Folder, FoldersAnswer

MAX_FOLDERS = 5_000
MAX_FILES = 100_000
"""Files of a repository that are looked at."""
MAX_WALK = 50_000
"""Entries of directories that are looked at where there is no repository."""
SKIPPED = frozenset({".git", "node_modules", "__pycache__", ".venv"})
CACHE_SECONDS = 10.0
CACHED = 8
"""Workspaces of which the files are kept."""
DEFAULT_LIMIT, MAX_LIMIT = 50, 1_000
MAX_QUERY = 200
MAX_ENCODED = 8 << 20
"""Bytes of JSON: a larger message would end the connection."""
LIST = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]

T = TypeVar("T")


class _Files(NamedTuple):
    paths: list[str]
    lower: list[str]
    truncated: bool


class Listing:
    """What there is on a device to choose from."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._files: dict[Path, tuple[float, asyncio.Task[_Files]]] = {}

    async def folders(self, data: dict[str, Any]) -> dict[str, Any]:
        """Answer `workspace:folders`: the directories in one, which is the home directory if none is named."""
        try:
            answer = await asyncio.to_thread(_folders, _text(data, "path") or "~")
        except workspaces.BadWorkspace as error:
            answer = FoldersAnswer(success=False, code="bad_path", message=str(error))
        return answer.model_dump(exclude_none=True)

    async def files(self, data: dict[str, Any]) -> dict[str, Any]:
        """Answer `workspace:files`: what fits a query best; truncated where there are more files than are looked at."""
        try:
            folder = await asyncio.to_thread(workspaces.existing, _text(data, "path"))
        except workspaces.BadWorkspace as error:
            return FilesAnswer(success=False, code="bad_path", message=str(error)).model_dump(exclude_none=True)
        given = data.get("limit")
        limit = min(max(given, 1), MAX_LIMIT) if isinstance(given, int) else DEFAULT_LIMIT
        found = await asyncio.shield(self._of(folder))
        items = _fitting(await asyncio.to_thread(_matching, found, _text(data, "query"), limit))
        return FilesAnswer(success=True, items=items, truncated=found.truncated).model_dump(exclude_none=True)

    def _of(self, folder: Path) -> "asyncio.Task[_Files]":
        """Return a workspace's files, looked up once for all who ask meanwhile and for 10 s."""
        now = self._clock()
        known = self._files.get(folder)
        if known is not None and (not known[1].done() or known[0] > now):
            return known[1]
        for old in list(self._files)[: max(0, len(self._files) + 1 - CACHED)]:
            del self._files[old]
        looking = asyncio.create_task(_look(folder))
        self._files.pop(folder, None)
        self._files[folder] = (now + CACHE_SECONDS, looking)
        return looking


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value[:MAX_PATH] if isinstance(value, str) else ""


def _folders(given: str) -> FoldersAnswer:
    path = workspaces.existing(given)
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if _is_folder(entry)]
    except OSError as error:
        raise workspaces.BadWorkspace(f"{workspaces.shown(given)} cannot be read: {error.strerror}.") from error
    names.sort(key=lambda name: (name.startswith("."), name.casefold(), name))
    told = _fitting([(name, str(path / name)) for name in names[:MAX_FOLDERS]])
    return FoldersAnswer(
        success=True,
        path=str(path),
        parent=str(path.parent) if path != path.parent else None,
        home=str(Path.home()),
        items=[Folder(name=name, path=whole, repository=_repository(Path(whole))) for name, whole in told],
        truncated=len(names) > len(told),
    )


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir() and _tellable(entry.name)
    except OSError:  # a link to where nobody may look
        return False


def _repository(path: Path) -> bool:
    try:
        return (path / ".git").exists()
    except OSError:  # not for this user
        return False


def _tellable(name: str) -> bool:
    """Say whether a name is UTF-8, as all that is told has to be."""
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


async def _look(folder: Path) -> _Files:
    paths, truncated = await _tracked(folder)
    if not paths:  # in no repository, or in one that ignores it
        paths, truncated = await asyncio.to_thread(_walk, folder)
    return await asyncio.to_thread(_files, paths, truncated)


def _files(paths: list[str], truncated: bool) -> _Files:
    told = sorted((one for one in paths if _tellable(one)), key=lambda one: (one.count("/"), one))
    return _Files(told, [one.lower() for one in told], truncated)


async def _tracked(folder: Path) -> tuple[list[str], bool]:
    """Return the files that are there and not ignored, in a repository."""
    try:
        git, _ = await enter(folder)
        listed = os.fsdecode(await git.ask(LIST, folder)).split("\0")
        gone = set(os.fsdecode(await git.ask(["ls-files", "-z", "--deleted"], folder)).split("\0"))
    except GitFailed:
        return [], False
    paths = [one for one in listed if one and one not in gone]
    return paths[:MAX_FILES], len(paths) > MAX_FILES


def _walk(folder: Path) -> tuple[list[str], bool]:
    """Return the files below a directory, nearer ones first, without following links to directories."""
    found: list[str] = []
    waiting, seen = deque([""]), 0
    while waiting:
        below = waiting.popleft()
        try:
            with os.scandir(folder / below) as entries:
                for entry in entries:
                    seen += 1
                    if seen > MAX_WALK:
                        return found, True
                    if not entry.is_dir(follow_symlinks=False):
                        found.append(below + entry.name)
                    elif entry.name not in SKIPPED:
                        waiting.append(f"{below}{entry.name}/")
        except OSError:  # unreadable, or gone meanwhile
            continue
    return found, False


def _matching(files: _Files, query: str, limit: int) -> list[str]:
    """Return what fits best: a name that begins with it, then a path that holds it, then one with all its letters.

    Paths nearer to the top come first, and shorter ones.
    """
    asked = query.lower()
    if not asked:
        return files.paths[:limit]
    if len(asked) > MAX_QUERY:
        return []
    # Each letter up to its first place, so that no text makes the search go back and forth.
    in_order = re.compile("".join(f"[^{re.escape(char)}]*{re.escape(char)}" for char in asked))
    ranked: list[tuple[int, int, int]] = []
    for number, path in enumerate(files.lower):
        if asked in path:
            rank = 0 if path.startswith(asked, path.rfind("/") + 1) else 1
        elif in_order.match(path):
            rank = 2
        else:
            continue
        ranked.append((rank, len(path), number))
    return [files.paths[number] for _, _, number in heapq.nsmallest(limit, ranked)]


def _fitting(items: list[T]) -> list[T]:
    """Return so many as fit into a message."""
    room = MAX_ENCODED
    for number, item in enumerate(items):
        room -= len(json.dumps(item))
        if room < 0:
            return items[:number]
    return items
