"""Look at the files of a directory without following any link, and so never outside of it."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from wegent_jupyter.executor.changes.snapshot_place import MAX_FILE
from wegent_jupyter.executor.changes.trees import Change, object_id
from wegent_jupyter.protocol.changes import Now

LINK, PROGRAM, FILE = "120000", "100755", "100644"
"""Git's modes."""
Entry = tuple[str, str]
"""(mode, object id), as git has them."""
OTHER: Entry = ("", "")
"""Something that no snapshot has: a pipe, a file that is too large or cannot be read."""
MAX_LISTED = 10_000
"""Entries of a folder that has to make room for a file."""


class Folder:
    """A directory of which the files are reached step by step, so that no link leads out. Use it in a `with`."""

    def __init__(self, path: Path) -> None:
        """Open it; raises OSError."""
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

    def __enter__(self) -> "Folder":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        os.close(self._fd)

    @contextlib.contextmanager
    def around(self, name: bytes) -> Iterator[tuple[int, bytes]]:
        """Open the folder in which a file is; gives its descriptor and the file's last name; raises OSError."""
        *above, last = name.split(b"/")
        descriptor = os.dup(self._fd)
        try:
            for part in above:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor, last
        finally:
            os.close(descriptor)

    def about(self, name: bytes) -> os.stat_result | None:
        """Return what is known of an entry; None where there is none, or only behind a link; raises OSError."""
        try:
            with self.around(name) as (folder, last):
                return os.stat(last, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                return None
            raise

    def entry(self, name: bytes) -> Entry | None:
        """Return what git would have of a file; None where there is none, or a folder."""
        try:
            about = self.about(name)
            if about is None or stat.S_ISDIR(about.st_mode):
                return None
            with self.around(name) as (folder, last):
                if stat.S_ISLNK(about.st_mode):
                    return LINK, object_id(os.fsencode(os.readlink(last, dir_fd=folder)))
                return _file_entry(folder, last)
        except OSError:
            return OTHER

    def is_folder(self, name: bytes) -> bool:
        """Say whether a folder is there, which no link replaces."""
        about = self.about(name)
        return about is not None and stat.S_ISDIR(about.st_mode)

    def content(self, name: bytes) -> tuple[list[bytes], list[bytes]] | None:
        """Return the files in a folder and below, and the folders, outer before inner; None where they are too many."""
        files, folders = list[bytes](), [name]
        for inner in folders:
            with self.around(inner + b"/.") as (folder, _), os.scandir(folder) as entries:
                for entry in entries:
                    if len(files) + len(folders) > MAX_LISTED:
                        return None
                    path = inner + b"/" + os.fsencode(entry.name)
                    (folders if entry.is_dir(follow_symlinks=False) else files).append(path)
        return files, folders


def _file_entry(folder: int, last: bytes) -> Entry:
    descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_FILE:
            return OTHER
        return _mode(about), object_id(file.read(MAX_FILE + 1))


def _mode(about: os.stat_result) -> str:
    return PROGRAM if about.st_mode & stat.S_IXUSR else FILE


def state(folder: Folder | None, change: Change) -> Now:
    """Say how a changed file looks now; the directory itself may be gone."""
    entry = folder.entry(change.name) if folder is not None else None
    if entry == change.after:
        return "as_left"
    return "reverted" if entry == change.before else "changed_since"
