"""Snapshots of a directory with git's plumbing: objects, index and refs of our own, in the executor's home.

Of the person's repository only the object store is used, to read from: what it has need not be kept twice, which makes
the first snapshot of a large one five times cheaper and a hundred times smaller. Should it be gone later, that is said.

Byte for byte: attributes of ours, which count more than any other, switch off whatever would change a file's content on
its way, so that no filter runs and no line end is converted.
"""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor.changes import snapshot_place
from wegent_jupyter.executor.changes.objects import Objects, told
from wegent_jupyter.executor.changes.snapshot_place import REPOSITORY_FILES, Place, Sorted, Stamp, TooLarge
from wegent_jupyter.executor.changes.trees import Outside
from wegent_jupyter.executor.git import Git, GitFailed

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Known to every git without being stored."""
LIST_SECONDS = 20.0
ADD_SECONDS = 120.0

_CONFIG = """\
[core]
	repositoryformatversion = 0
	bare = false
	fileMode = true
	symlinks = true
	autocrlf = false
	safecrlf = false
	sparseCheckout = false
	protectHFS = false
	protectNTFS = false
	splitIndex = false
	untrackedCache = false
	bigFileThreshold = 4m
[gc]
	packRefs = false
	cruftPacks = false
	writeCommitGraph = false
[pack]
	threads = 1
	windowMemory = 32m
"""
_ATTRIBUTES = "* -text -filter -ident !eol !working-tree-encoding !diff\n"


class _Unsettled(GitFailed):
    """A file could not be added: it may have changed while it was read."""


class Taken(NamedTuple):
    """A snapshot: its tree, and what is not in it."""

    tree: str
    unfit: dict[bytes, Stamp]
    nested: list[bytes]
    rules: bytes = b""
    """What decided from outside of the directory about what is in it."""
    nothing: bool = False
    """There is neither a file nor a folder."""


class Store(Objects):
    """The snapshots of one directory. One is taken at a time."""

    def __init__(self, path: Path, place: Place, home: Path, git: Git) -> None:
        """Keep everything in `path`, which need not exist; `home` is the executor's, which is left out."""
        super().__init__(path, place, git)
        self._home = home
        self.lock = asyncio.Lock()
        """Held by who changes the directory, or the store as a whole."""
        self._tree: str | None = None
        """Of the index as it is, once it was written."""

    async def ignored(self) -> bool:
        """Say whether the directory is one that its repository ignores; raises GitFailed."""
        async with self.lock:
            await asyncio.to_thread(self._prepare)
            below = "./" + os.fsdecode(self.place.prefix.rstrip(b"/"))
            asked = await self.run(["check-ignore", "-q", "--no-index", "--", below], cwd=self.place.top)
        return asked.status == 0

    async def take(self, *, before: bool) -> Taken:
        """Take a snapshot; raises TooLarge, GitFailed, OSError.

        `before` a turn, what no longer fits leaves the store; after it, it stays as it was: it did not go away.
        """
        async with self.lock:
            if not await asyncio.to_thread(self._prepare):
                rules = snapshot_place.rules(self.place, self._home)
                return Taken(EMPTY_TREE, {}, [], rules, nothing=True)
            try:
                return await self._take(before)
            except GitFailed as error:
                if error.status is None:  # it cannot be run, or takes too long
                    raise
                if not isinstance(error, _Unsettled):  # the index is damaged, or what was borrowed is gone
                    await asyncio.to_thread(self._forget)
                return await self._take(before)

    async def outside(self, taken: Taken) -> Outside:
        """Return what is there and not in the snapshot that was just taken; raises GitFailed."""
        if taken.nothing:
            return Outside()
        listed = await self._list(["--others", "--directory"])
        if listed == [b"./"]:  # nothing in the directory is in the snapshot
            listed = await asyncio.to_thread(self._children)
        folders = [name for name in listed if name.endswith(b"/")]
        empty = await asyncio.to_thread(lambda: {name for name in folders if self._is_empty(name)})
        ours = snapshot_place.home_in(self._home, self.place)
        hidden = {name for name in listed if name not in empty and name != ours}
        return Outside({*taken.unfit, *taken.nested}, hidden, empty)

    async def _take(self, before: bool) -> Taken:
        names = {*await self._list(["--modified", "--deleted", "--others", "--exclude-standard"])}
        if len(names) > REPOSITORY_FILES:
            raise TooLarge(
                f"More than {REPOSITORY_FILES:,} files of this folder are new or changed, "
                "so what a turn changes here is not recorded."
            )
        found = await asyncio.to_thread(snapshot_place.sort_out, self.place, self._home, sorted(names))
        gone = [*found.beyond, *(found.unfit if before else [])]
        if found.wanted or gone:
            self._tree = None
        await self._add(found, gone)
        if self._tree is None:
            self._tree = await self._write_tree()
        rules = await asyncio.to_thread(snapshot_place.rules, self.place, self._home)
        return Taken(self._tree, found.unfit, found.nested, rules)

    async def _add(self, found: Sorted, gone: list[bytes]) -> None:
        index = ["update-index", "-z"]
        if gone and self._index.exists():
            await self.ask([*index, "--force-remove", "--stdin"], stdin=b"\0".join([*gone, b""]))
        if found.wanted:
            # A name is taken as it stands; what was a file and is a folder now, or the reverse, is replaced.
            stdin = b"\0".join([*found.wanted, b""])
            added = await self.run(
                [*index, "--add", "--remove", "--replace", "--stdin"], stdin=stdin, seconds=ADD_SECONDS
            )
            try:
                told(added)
            except GitFailed as error:
                raise _Unsettled(str(error), error.status) from error

    async def _write_tree(self) -> str:
        if not self._index.exists():
            return EMPTY_TREE
        return (await self.ask(["write-tree"])).decode().strip()

    async def _list(self, arguments: Sequence[str]) -> list[bytes]:
        listed = told(await self.run(["ls-files", "-z", *arguments], seconds=LIST_SECONDS))
        return [name for name in listed.split(b"\0") if name]

    @property
    def _index(self) -> Path:
        return self.path / "index"

    def _prepare(self) -> bool:
        """Bring the store up to date; says whether there is something to look at; raises TooLarge, OSError."""
        if not self.path.exists():
            self._tree = None
        for folder in (self.path.parent, self.path, self.path / "info", self.path / "objects" / "info", self.refs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lender = snapshot_place.lender(self.place)
        files = {
            "HEAD": b"ref: refs/heads/none\n",
            "config": _CONFIG.encode(),
            "info/attributes": _ATTRIBUTES.encode(),
            "info/exclude": snapshot_place.excludes(self.place, self._home),
            "objects/info/alternates": os.fsencode(f"{lender}\n") if lender else b"",
        }
        for name, data in files.items():
            _write_if_new(self.path / name, data)
        os.utime(self.path)
        # The home is ours alone: who held it was killed.
        (self.path / "index.lock").unlink(missing_ok=True)
        there = self.place.common is not None or snapshot_place.measure(self.place, self._home) > 0
        return there or self._index.exists()

    def _forget(self) -> None:
        """Forget what is in the index; what is stored stays."""
        self._tree = None
        self._index.unlink(missing_ok=True)
        (self.path / "index.lock").unlink(missing_ok=True)

    def _children(self) -> list[bytes]:
        with os.scandir(os.fsencode(self.place.workspace)) as entries:
            found = [entry.name + b"/" if entry.is_dir(follow_symlinks=False) else entry.name for entry in entries]
        return [name for name in found if name != b".git/"]

    def _is_empty(self, name: bytes) -> bool:
        """Say whether a folder has no file in it, as far as a hundred folders tell."""
        waiting, looked = [os.fsencode(self.place.workspace) + b"/" + name], 0
        while waiting and looked < 100:
            looked += 1
            with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        return False
                    waiting.append(entry.path)
        return not waiting


def _write_if_new(path: Path, data: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == data:
            return
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)
