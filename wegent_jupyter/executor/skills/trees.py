"""Compare, copy and remove directories of skills, where links cannot be made; no link is followed."""

import filecmp
import os
import shutil
import stat
from pathlib import Path

from wegent_jupyter.executor.skills.journal import sync

MAX_COMPARED = 50_000
"""Files of one skill."""


def equal(one: Path, other: Path) -> bool:
    """Say whether two entries have the same content: names, texts of links, bytes of files."""
    return _equal(one, other, [MAX_COMPARED])


def _equal(one: Path, other: Path, left: list[int]) -> bool:
    left[0] -= 1
    try:
        first, second = one.lstat(), other.lstat()
        kind = stat.S_IFMT(first.st_mode)
        if left[0] < 0 or kind != stat.S_IFMT(second.st_mode):
            return False
        if kind == stat.S_IFLNK:
            return os.readlink(one) == os.readlink(other)  # noqa: PTH115 - the texts themselves
        if kind == stat.S_IFREG:
            return filecmp.cmp(one, other, shallow=False)
        names = sorted(os.listdir(one)) if kind == stat.S_IFDIR else []  # noqa: PTH208
        return (
            kind == stat.S_IFDIR
            and names == sorted(os.listdir(other))  # noqa: PTH208
            and all(_equal(one / name, other / name, left) for name in names)
        )
    except OSError:
        return False


def copy(source: Path, target: Path) -> None:
    """Copy an entry to where nothing is yet, for good; raises OSError, and leaves what it made then."""
    if source.is_symlink():
        target.symlink_to(os.readlink(source))  # noqa: PTH115 - the text itself
    elif source.is_dir():
        target.mkdir(mode=0o700)
        for inner in sorted(source.iterdir()):
            copy(inner, target / inner.name)
        shutil.copystat(source, target)
        sync(target)
    elif source.is_file():
        with source.open("rb") as reading, target.open("xb") as writing:
            shutil.copyfileobj(reading, writing)
            writing.flush()
            os.fsync(writing.fileno())
        shutil.copystat(source, target)


def remove(path: Path) -> None:
    """Remove a copy that we made; raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
