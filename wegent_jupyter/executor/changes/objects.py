"""The objects and refs of a directory's snapshots: a git directory of our own, in the executor's home."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from wegent_jupyter.executor.changes.snapshot_place import Place
from wegent_jupyter.executor.changes.trees import Change, object_id, parse
from wegent_jupyter.executor.git import Git, GitFailed, Result

COUNT_SECONDS = 5.0
"""For counting lines: of many thousand files they are not counted."""
GC_SECONDS = 600.0
_GONE = (
    "A content that was kept of this turn is gone: it was in the repository, from which git has removed it since, "
    "or which is not there any more."
)


class ObjectGone(GitFailed):
    """A content that a snapshot needs is not there any more; the text says so."""


class Objects:
    """What is stored. Reading needs no work tree: it may be gone."""

    def __init__(self, path: Path, place: Place, git: Git) -> None:
        """Keep everything in `path`, which need not exist."""
        self.path, self.place, self._git = path, place, git
        self._tidying = False

    async def keep(self, attempt: str, name: str, oid: str) -> None:
        """Keep an object for as long as the attempt is known; raises OSError."""
        await asyncio.to_thread(self._write_ref, attempt, name, oid)

    def drop(self, attempt: str) -> None:
        """Keep nothing for an attempt any more."""
        shutil.rmtree(self.refs / attempt, ignore_errors=True)

    async def write(self, data: bytes) -> str:
        """Store a content and return its object id; raises GitFailed."""
        oid = object_id(data)
        if await asyncio.to_thread((self.path / "objects" / oid[:2] / oid[2:]).exists):
            return oid
        return (await self.ask(["hash-object", "-w", "--stdin"], cwd=self.path, stdin=data)).decode().strip()

    async def compare(self, before: str, after: str, prefix: bytes, *, lines: bool) -> list[Change]:
        """Return what differs between two trees below `prefix`, sorted by name; raises GitFailed.

        `lines`: count them, as far as that can be done in a short time and their contents are still there.
        """
        if before == after:
            return []
        asked = ["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--raw"]
        if lines:
            with contextlib.suppress(GitFailed):
                found = await self.run([*asked, "--numstat", before, after], cwd=self.path, seconds=COUNT_SECONDS)
                if found.status == 0:
                    return parse(found.stdout, prefix)
        found = await self.run([*asked, before, after], cwd=self.path)
        if found.status != 0:
            raise ObjectGone(_GONE)
        return parse(found.stdout, prefix)

    async def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """Return the sizes of contents; raises GitFailed."""
        told = await self._batch("--batch-check", sorted(set(oids)))
        lines = [line.split() for line in told.decode().splitlines()]
        if any(len(line) != 3 for line in lines):
            raise ObjectGone(_GONE)
        return {oid: int(size) for oid, _, size in lines}

    async def contents(self, oids: Iterable[str]) -> dict[str, bytes]:
        """Return contents, which are checked; they have to fit into memory; raises GitFailed."""
        wanted = sorted(set(oids))
        told = await self._batch("--batch", wanted)
        found, at = dict[str, bytes](), 0
        for oid in wanted:
            end = told.find(b"\n", at)
            words = told[at:end].split()
            if len(words) != 3:
                raise ObjectGone(_GONE)
            found[oid] = told[end + 1 : end + 1 + int(words[2])]
            at = end + 2 + int(words[2])
        if any(object_id(data) != oid for oid, data in found.items()):
            # The repository from which it is borrowed may be anybody's.
            raise ObjectGone("What was kept of this turn is damaged.")
        return found

    async def names(self, tree: str, prefix: bytes) -> dict[bytes, str]:
        """Return the files of a tree below `prefix`, with their object ids; raises GitFailed."""
        told = await self.ask(["ls-tree", "-r", "-z", tree], cwd=self.path)
        entries = [one.partition(b"\t") for one in told.split(b"\0") if one]
        return {
            name.removeprefix(prefix): about.split()[2].decode()
            for about, _, name in entries
            if name.startswith(prefix)
        }

    async def tidy(self) -> None:
        """Let git clean up what nobody needs, if there is much of it; raises GitFailed.

        What was made within two hours stays: a snapshot that is being taken has no ref yet.
        """
        if self._tidying or not await asyncio.to_thread(self._untidy):
            return
        self._tidying = True
        try:
            await self.run(["gc", "--quiet", "--prune=2.hours.ago"], cwd=self.path, seconds=GC_SECONDS)
        finally:
            self._tidying = False

    async def ask(self, arguments: Sequence[str], *, cwd: Path | None = None, stdin: bytes = b"") -> bytes:
        """Return what git prints; raises GitFailed."""
        return told(await self.run(arguments, cwd=cwd, stdin=stdin))

    async def run(
        self, arguments: Sequence[str], *, cwd: Path | None = None, stdin: bytes = b"", seconds: float = 60.0
    ) -> Result:
        """Run git on the store, by default in the directory, else in `cwd`; raises GitFailed."""
        where = {"GIT_DIR": str(self.path)}
        if cwd != self.path:
            where["GIT_WORK_TREE"] = str(self.place.top)
        return await self._git.run(
            arguments, cwd or self.place.workspace, environment=where, stdin=stdin, seconds=seconds
        )

    @property
    def refs(self) -> Path:
        """Return where the refs are: plain files, which is one of git's formats, written without a process each."""
        return self.path / "refs" / "turns"

    async def _batch(self, how: str, oids: Sequence[str]) -> bytes:
        return await self.ask(["cat-file", how], cwd=self.path, stdin="".join(f"{one}\n" for one in oids).encode())

    def _write_ref(self, attempt: str, name: str, oid: str) -> None:
        folder = self.refs / attempt
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = folder / f".{name}"
        temporary.write_text(f"{oid}\n")
        temporary.replace(folder / name)

    def _untidy(self) -> bool:
        """Say whether there are some thousand loose objects, or many packs; git guesses in the same way."""
        objects = self.path / "objects"
        loose = sum(1 for _ in (objects / "17").iterdir()) if (objects / "17").is_dir() else 0
        packs = sum(1 for _ in (objects / "pack").glob("*.pack"))
        return loose > 10 or packs > 20


def told(result: Result) -> bytes:
    """Return what git printed; raises GitFailed with the line that says what was wrong."""
    if result.status == 0:
        return result.stdout
    lines = [line for line in result.stderr.splitlines() if line.startswith(("error: ", "fatal: "))]
    text = lines[0].partition(": ")[2] if lines else result.stderr[-500:]
    raise GitFailed(text or f"git failed with status {result.status}.", result.status)
