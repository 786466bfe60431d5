"""What of a directory is kept in a snapshot: where its work tree begins, how large it may be, which files fit."""

import os
import re
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor import trust

MAX_FILE = 16 << 20
"""16 MiB: a larger file is not kept."""
PLAIN_FILES, PLAIN_BYTES = 20_000, 200 << 20
"""Of a directory that is in no repository: all of it is looked at, since nothing says what does not matter."""
REPOSITORY_FILES, REPOSITORY_BYTES = 200_000, 1 << 30
"""Of a repository's directory; the bytes are those of one snapshot that are not kept yet."""
WALK_SECONDS = 5.0
PASSED_OVER = ("node_modules", ".venv", "venv", "__pycache__", ".ipynb_checkpoints")
"""Directories that programs fill and fill again; in a repository its .gitignore names them."""
MAX_SMALL = 1 << 20
"""Bytes that are read of what a repository says of itself."""
MAX_PATH = 4_000

Stamp = tuple[int, int, int]
"""(size, mtime_ns, inode)"""


class TooLarge(Exception):
    """A directory of which no snapshot is taken; the text is a sentence that says why."""


class Place(NamedTuple):
    """A directory, and the work tree that it is a part of: its repository's, or itself."""

    workspace: Path
    top: Path
    common: Path | None = None
    """The git directory that all work trees of the repository share; None: there is no repository."""

    @property
    def prefix(self) -> bytes:
        """Return the way from the work tree's top to the directory, ending with a slash unless it is empty."""
        below = self.workspace.relative_to(self.top)
        return b"" if self.workspace == self.top else os.fsencode(below.as_posix()) + b"/"


@dataclass(slots=True)
class Sorted:
    """Names that git found to be new, changed or gone, and what is done about each."""

    wanted: list[bytes] = field(default_factory=list)
    """To be kept as they are now, or as gone."""
    beyond: list[bytes] = field(default_factory=list)
    """Gone, too: what is there is behind a link."""
    unfit: dict[bytes, Stamp] = field(default_factory=dict)
    """Too large, or not readable."""
    nested: list[bytes] = field(default_factory=list)
    """Repositories of their own; each ends with a slash."""


def find(workspace: Path) -> Place:
    """Return where the work tree of a directory begins; nothing that the repository names is run."""
    top = trust.repository(workspace)
    common = _common(top)
    return Place(workspace, top, common) if common is not None else Place(workspace, workspace)


def _common(top: Path) -> Path | None:
    """Return a repository's shared git directory, if there is one that looks like it."""
    dot = top / ".git"
    try:
        own = dot.resolve()
        if not dot.is_dir():
            pointer = os.fsdecode(read_small(dot)).strip()
            if not pointer.startswith("gitdir:"):
                return None
            own = (top / pointer.removeprefix("gitdir:").strip()).resolve()
        shared = own / "commondir"
        common = (own / os.fsdecode(read_small(shared)).strip()).resolve() if shared.exists() else own
        return common if (own / "HEAD").exists() and (common / "objects").is_dir() else None
    except (OSError, ValueError, RuntimeError):
        return None


def read_small(path: Path) -> bytes:
    """Return the beginning of a regular file; raises OSError, also for a pipe, which would never end."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is no file")
        return file.read(MAX_SMALL)


def lender(place: Place) -> Path | None:
    """Return the repository's object store, from which what is there need not be copied."""
    if place.common is None or "\n" in str(place.common):
        return None
    try:
        other_hash = b"sha256" in read_small(place.common / "config").lower()
    except OSError:
        other_hash = False
    return None if other_hash else place.common / "objects"


def excludes(place: Place, home: Path) -> bytes:
    """Return what of the work tree is not looked at, beside what its .gitignore files say."""
    if place.common is None:
        lines = [os.fsencode(f"{name}/") for name in PASSED_OVER]
    else:
        try:
            lines = [read_small(place.common / "info" / "exclude")]
        except OSError:
            lines = []
    if home.is_relative_to(place.top) and not place.workspace.is_relative_to(home):
        ours = home.relative_to(place.top).as_posix()
        # A name with a newline cannot be said here; `sort_out` leaves it out as well.
        lines.append(os.fsencode("/" + re.sub(r"([\\*?\[])", r"\\\1", ours.replace("\n", "?")) + "/"))
    return b"\n".join([*lines, b""])


def rules(place: Place, home: Path) -> bytes:
    """Return what decides from outside of the directory which of its files are looked at."""
    said = [excludes(place, home)]
    for folder in [one for one in place.workspace.parents if one.is_relative_to(place.top)]:
        try:
            said.append(read_small(folder / ".gitignore"))
        except OSError:
            said.append(b"")
    return b"\0".join(said)


def measure(place: Place, home: Path) -> int:
    """Walk a directory that is in no repository, to its limits at most; returns what is in it; raises TooLarge.

    Nested repositories are not entered, as git does not enter them.
    """
    files = folders = size = 0
    ours, end = os.fsencode(home), time.monotonic() + WALK_SECONDS
    waiting = [os.fsencode(place.workspace)]
    while waiting:
        for entry in _entries(waiting.pop()):
            if entry.is_dir(follow_symlinks=False):
                folders += 1
                if _entered(entry, ours):
                    waiting.append(entry.path)
                continue
            files += 1
            size += _kept_size(entry)
            if files > PLAIN_FILES or folders > PLAIN_FILES:
                raise TooLarge(
                    f"This folder has more than {PLAIN_FILES:,} files and is no Git repository, "
                    "so what a turn changes here is not recorded."
                )
            if size > PLAIN_BYTES:
                raise TooLarge(
                    f"This folder has more than {PLAIN_BYTES >> 20} MiB and is no Git repository, "
                    "so what a turn changes here is not recorded."
                )
        if time.monotonic() > end:
            raise TooLarge(
                f"This folder could not be looked through in {WALK_SECONDS:.0f} s, "
                "so what a turn changes here is not recorded."
            )
    return files + folders


def _entries(folder: bytes) -> "list[os.DirEntry[bytes]]":
    try:
        with os.scandir(folder) as found:
            # More than the limit need not be held.
            return [entry for entry, _ in zip(found, range(PLAIN_FILES + 2), strict=False)]
    except OSError:  # not ours to read, or gone
        return []


def _entered(entry: "os.DirEntry[bytes]", ours: bytes) -> bool:
    if os.fsdecode(entry.name) in (*PASSED_OVER, ".git") or entry.path == ours:
        return False
    return not os.path.lexists(entry.path + b"/.git")


def _kept_size(entry: "os.DirEntry[bytes]") -> int:
    try:
        size = entry.stat(follow_symlinks=False).st_size if entry.is_file(follow_symlinks=False) else 0
    except OSError:
        return 0
    return size if size <= MAX_FILE else 0


def sort_out(place: Place, home: Path, names: list[bytes]) -> Sorted:
    """Say what is done about each name, relative to the directory; raises TooLarge."""
    found, size = Sorted(), 0
    root, links = os.fsencode(place.workspace), dict[bytes, bool]()
    ours = home_in(home, place)
    for name in names:
        if (ours and name.startswith(ours)) or len(name) > MAX_PATH:
            continue
        if name.endswith(b"/"):
            found.nested.append(name)
        elif _behind_link(root, name.rpartition(b"/")[0], links):
            found.beyond.append(name)
        else:
            size += _sort(root, name, found)
    most = PLAIN_BYTES if place.common is None else REPOSITORY_BYTES
    if size > most:
        raise TooLarge(
            f"More than {most >> 20} MiB of files in this folder are new or changed, "
            "so what a turn changes here is not recorded."
        )
    return found


def home_in(home: Path, place: Place) -> bytes:
    """Return the executor's home as a prefix of names, if it is in the directory."""
    if not home.is_relative_to(place.workspace) or home == place.workspace:
        return b""
    return os.fsencode(home.relative_to(place.workspace).as_posix()) + b"/"


def _behind_link(root: bytes, folder: bytes, known: dict[bytes, bool]) -> bool:
    if not folder:
        return False
    if folder not in known:
        above = folder.rpartition(b"/")[0]
        known[folder] = _behind_link(root, above, known) or stat.S_ISLNK(_lstat_mode(root + b"/" + folder))
    return known[folder]


def _lstat_mode(path: bytes) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _sort(root: bytes, name: bytes, found: Sorted) -> int:
    """Sort one name; returns how many bytes are to be kept."""
    path = root + b"/" + name
    try:
        about = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        found.wanted.append(name)
        return 0
    except OSError:
        found.unfit[name] = (0, 0, 0)
        return 0
    if stat.S_ISREG(about.st_mode) and (about.st_size > MAX_FILE or not os.access(path, os.R_OK)):
        found.unfit[name] = stamp(about)
        return 0
    found.wanted.append(name)
    return about.st_size if stat.S_ISREG(about.st_mode) else 0


def stamp(about: os.stat_result) -> Stamp:
    """Return what tells a file from what it was before."""
    return about.st_size, about.st_mtime_ns, about.st_ino
