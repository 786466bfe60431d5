"""The single steps of a migration, each whole or not at all; nothing is overwritten and no link is followed."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from wegent_jupyter.executor.skills.observe import kind_of
from wegent_jupyter.executor.skills.scene import Entry, Kind

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextlib.contextmanager
def opened(home: Path, path: Path) -> Iterator[int]:
    """Open a directory below the home directory; raises OSError, also where a link is on the way."""
    descriptor, at = os.open(home, os.O_RDONLY | os.O_DIRECTORY), home
    try:
        for part in path.relative_to(home).parts:
            at = at / part
            inner = _open(at, descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path, parent: int) -> int:
    try:
        return os.open(path.name, FOLDER, dir_fd=parent)
    except OSError as error:
        why = "it is a link" if path.is_symlink() else error.strerror
        raise OSError(error.errno, why, str(path)) from error


def entry(folder: int, name: str) -> Entry | None:
    """Return what a directory has under a name; raises OSError."""
    try:
        about = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = kind_of(about)
        text = os.readlink(name, dir_fd=folder) if kind == "link" else ""
    except FileNotFoundError:
        return None
    blank = not _names(folder, name) if kind == "folder" else about.st_size == 0
    return Entry(name, kind, about.st_ino, about.st_mtime_ns, text, blank=blank)


def _names(folder: int, name: str) -> list[str]:
    try:
        descriptor = os.open(name, FOLDER, dir_fd=folder)
    except PermissionError:
        return [name]  # whatever is in it, it is not known to be empty
    try:
        return os.listdir(descriptor)  # noqa: PTH208 - by descriptor
    finally:
        os.close(descriptor)


def make(home: Path, path: Path, mode: int) -> None:
    """Make a directory if it is not there; raises OSError."""
    with opened(home, path.parent) as parent:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path.name, mode, dir_fd=parent)
        os.close(_open(path, parent))


def move(source: int, name: str, target: int, to: str, kind: Kind, *, held: bool = False) -> None:
    """Move an entry to where nothing is; raises OSError, FileExistsError where something is.

    A rename would replace what came there since we looked. So the place is held first, by something empty that only
    one can make, and that is replaced. `held`: it is held already.
    """
    if not held:
        if kind == "folder":
            os.mkdir(to, 0o700, dir_fd=target)
        else:
            os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=target))
    try:
        os.rename(name, to, src_dir_fd=source, dst_dir_fd=target)
    except OSError:
        with contextlib.suppress(OSError):
            release(target, to, kind)
        raise


def release(folder: int, name: str, kind: Kind) -> None:
    """Remove what holds a place; raises OSError."""
    if kind == "folder":
        os.rmdir(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)


def link(text: str, folder: int, name: str) -> None:
    """Make a link where nothing is; raises OSError, FileExistsError where something is."""
    os.symlink(text, name, dir_fd=folder)


def can_link(folder: Path) -> bool:
    """Say whether links can be made on this system, by making one in a directory of ours."""
    name = f".link-{os.getpid()}"
    descriptor = os.open(folder, FOLDER)
    try:
        link("nowhere", descriptor, name)
        os.unlink(name, dir_fd=descriptor)
    except FileExistsError:  # one of an earlier process
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
