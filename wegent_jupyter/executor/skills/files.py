"""Find SKILL.md files as the two agents do, and read their heads; what cannot be read is skipped."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wegent_jupyter.executor.skills import front_matter

NAME = "SKILL.md"
MAX_READ = 64 << 10
"""Bytes of a file in which its head is looked for."""
MAX_DEPTH = 6
"""Directories below its root in which Codex looks for skills (seen with 0.163)."""
MAX_VISITED = 100_000
"""Directories and files that are looked at for one listing, whatever is in them."""
MAX_CODEX_NAME = 64
"""Characters; Codex refuses longer ones."""


@dataclass(slots=True, frozen=True)
class Found:
    """One SKILL.md."""

    folder: Path
    real: Path
    """Where it really is, links followed."""
    fields: front_matter.Fields | None
    """None: it has no head."""
    linked: bool
    """The file itself is a link, which Codex does not follow."""
    mtime: float

    @property
    def claude_name(self) -> str | None:
        """Return what Claude Code calls it; None where a person cannot call it."""
        hidden = (self.fields or {}).get("user-invocable", "").lower() == "false"
        return None if hidden else self.folder.name

    @property
    def codex_name(self) -> str | None:
        """Return what Codex calls it; None where it does not take it."""
        if self.linked or not (self.fields or {}).get("description"):
            return None
        name = (self.fields or {}).get("name") or self.folder.name
        return name if len(name) <= MAX_CODEX_NAME else None


class Finder:
    """Looks through directories, up to a number of entries in all."""

    def __init__(self) -> None:
        """Nothing has been looked at."""
        self._left = MAX_VISITED

    @property
    def exhausted(self) -> bool:
        """Say whether there is more than was looked at."""
        return self._left <= 0

    def flat(self, root: Path) -> Iterator[Found]:
        """Yield the skills directly in a directory, as Claude Code does: entries with a dot, too."""
        for folder in self._folders(root):
            yield from _read(folder)

    def deep(self, root: Path) -> Iterator[Found]:
        """Yield the skills in a directory and below, as Codex does: no entries with a dot."""
        yield from self._below(root, MAX_DEPTH, frozenset())

    def _below(self, folder: Path, depth: int, above: frozenset[Path]) -> Iterator[Found]:
        real = _real(folder)
        if real is None or real in above:  # a loop of links
            return
        yield from _read(folder)
        if depth:
            for inner in self._folders(folder):
                if not inner.name.startswith("."):
                    yield from self._below(inner, depth - 1, above | {real})

    def _folders(self, folder: Path) -> list[Path]:
        try:
            with os.scandir(folder) as entries:
                found = []
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        break
                    if _text(entry.name) and _is_folder(entry):
                        found.append(Path(entry.path))
        except OSError:  # it is not there, or not for us
            return []
        return sorted(found)


def _text(name: str) -> bool:
    """Say whether a name can be shown."""
    return all(character >= " " and not "\ud800" <= character <= "\udfff" for character in name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _real(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None


def _read(folder: Path) -> Iterator[Found]:
    """Yield the skill that a directory is, if it is one."""
    path = folder / NAME
    try:
        linked = path.is_symlink()
        # A pipe in its place must not hold us up.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return
            text = file.read(MAX_READ).decode(errors="replace")
        real = path.resolve()
    except (OSError, RuntimeError):
        return
    yield Found(folder, real, front_matter.parse(text), linked, about.st_mtime)
