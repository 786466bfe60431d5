"""Put files of a directory back as they were, without following any link: all of them, or none."""

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Mapping

from wegent_jupyter.executor.changes.contained import LINK, PROGRAM, Folder, state
from wegent_jupyter.executor.changes.snapshot_place import stamp
from wegent_jupyter.executor.changes.trees import Change, folders_of


class InTheWay(Exception):
    """What has changed since, so that nothing is taken back; `names` are the files."""

    def __init__(self, names: list[bytes]) -> None:
        """Name them."""
        super().__init__(b", ".join(names))
        self.names = names


class Reverting:
    """Takes back changes: `check`, then `prepare` with the old contents, then `put`; `clean` in any case."""

    def __init__(self, folder: Folder, changes: Iterable[Change], made: Callable[[bytes], bool]) -> None:
        """Take back these; `made` says of a folder, with a slash at its end, whether the turn made it."""
        self._folder, self._made = folder, made
        self._changes = {one.name: one for one in changes}
        self._todo: list[Change] = []
        self._seen: dict[bytes, os.stat_result | None] = {}
        self._ready: dict[bytes, bytes] = {}
        """The file with the old content, for each that is put back."""
        self._aside: list[tuple[bytes, bytes]] = []
        """(where it was, where it is meanwhile)"""
        self._blocked: list[bytes] = []
        """Folders where files have to be."""
        self._new: list[bytes] = []
        """Folders that were made for what is put back."""

    def check(self) -> list[Change]:
        """Look at all files and return those that have to be put back; raises InTheWay, OSError."""
        wrong = []
        for change in self._changes.values():
            now = state(self._folder, change)
            if now == "as_left":
                self._todo.append(change)
                self._seen[change.name] = self._folder.about(change.name)
            elif now == "changed_since":
                wrong.append(change.name)
        going = {one.name for one in self._todo if one.before is None}
        wrong += [one.name for one in self._todo if one.before is not None and not self._has_room(one.name, going)]
        if wrong:
            raise InTheWay(sorted(set(wrong)))
        return [one for one in self._todo if one.before is not None]

    def prepare(self, contents: Mapping[str, bytes], changes: Iterable[Change]) -> None:
        """Write old contents into new files near where they belong; raises OSError."""
        for change in changes:
            if change.before is None:
                continue
            mode, oid = change.before
            near = next((one for one in folders_of(change.name) if self._folder.is_folder(one.rstrip(b"/"))), b"")
            ready = near + _new_name()
            self._ready[change.name] = ready
            with self._folder.around(ready) as (folder, last):
                _write(folder, last, mode, contents[oid], self._seen[change.name])

    def put(self) -> None:
        """Put everything in place; raises InTheWay, OSError. What fails on the way is undone."""
        late = [name for name, seen in self._seen.items() if _differs(seen, self._folder.about(name))]
        if late:
            raise InTheWay(sorted(late))
        done: list[tuple[bytes, bytes]] = []
        self._blocked = [name for name in self._ready if self._folder.is_folder(name)]
        try:
            for change in self._todo:
                if change.after is not None:
                    self._set_aside(change.name)
            for name in self._blocked:
                self._clear(name)
            for name, ready in sorted(self._ready.items()):
                self._make_folders(name)
                self._move(ready, name)
                done.append((name, ready))
        except BaseException:
            self._undo(done)
            raise
        aside, self._aside = self._aside, []
        for _, name in aside:
            self._unlink(name)
        self._remove_folders({one for change in self._todo if change.before is None for one in folders_of(change.name)})

    def clean(self) -> None:
        """Remove what was prepared and is not in place."""
        for ready in self._ready.values():
            self._unlink(ready)

    def _has_room(self, name: bytes, going: set[bytes]) -> bool:
        """Say whether a file can be put there: in folders, not behind links, in place of nothing but what goes."""
        for above in folders_of(name):
            path = above.rstrip(b"/")
            about = self._folder.about(path)
            if about is not None and not stat.S_ISDIR(about.st_mode) and path not in going:
                return False
        if not self._folder.is_folder(name):
            return True
        content = self._folder.content(name)
        return content is not None and going.issuperset(content[0])

    def _set_aside(self, name: bytes) -> None:
        """Keep a file that goes under another name, until all is in place."""
        blocked = next((one for one in self._blocked if name.startswith(one + b"/")), name)
        around, slash, _ = blocked.rpartition(b"/")
        aside = around + slash + _new_name()
        if name not in self._ready or not self._link(name, aside):
            self._move(name, aside)
        self._aside.append((name, aside))

    def _link(self, name: bytes, aside: bytes) -> bool:
        """Let a file have two names, so that one is there at any time; says whether the file system can do that."""
        with self._folder.around(name) as (folder, last):
            try:
                os.link(last, aside.rpartition(b"/")[2], src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            except OSError:
                return False
        return True

    def _clear(self, name: bytes) -> None:
        """Remove a folder in which no file is left; raises OSError."""
        content = self._folder.content(name)
        for inner in reversed(content[1] if content is not None else []):
            with self._folder.around(inner) as (folder, last):
                os.rmdir(last, dir_fd=folder)

    def _make_folders(self, name: bytes) -> None:
        for above in reversed(folders_of(name)):
            path = above.rstrip(b"/")
            if not self._folder.is_folder(path):
                with self._folder.around(path) as (folder, last):
                    os.mkdir(last, dir_fd=folder)
                self._new.append(path)

    def _remove_folders(self, folders: Iterable[bytes]) -> None:
        """Remove those that the turn made and that are empty, the innermost first."""
        for above in sorted(folders, key=lambda one: -one.count(b"/")):
            if self._made(above):
                with contextlib.suppress(OSError), self._folder.around(above.rstrip(b"/")) as (folder, last):
                    os.rmdir(last, dir_fd=folder)

    def _undo(self, done: list[tuple[bytes, bytes]]) -> None:
        for name, ready in reversed(done):
            with contextlib.suppress(OSError):
                self._move(name, ready)
        for path in reversed(self._new):
            with contextlib.suppress(OSError), self._folder.around(path) as (folder, last):
                os.rmdir(last, dir_fd=folder)
        for name, aside in reversed(self._aside):
            with contextlib.suppress(OSError):
                self._make_folders(name)
                self._move(aside, name)
                self._unlink(aside)  # two names of one file: renaming the one to the other leaves both

    def _move(self, old: bytes, new: bytes) -> None:
        with self._folder.around(old) as (source, last), self._folder.around(new) as (target, name):
            os.replace(last, name, src_dir_fd=source, dst_dir_fd=target)

    def _unlink(self, name: bytes) -> None:
        with contextlib.suppress(OSError), self._folder.around(name) as (folder, last):
            os.unlink(last, dir_fd=folder)


def _new_name() -> bytes:
    return b".wegent-%s" % secrets.token_hex(8).encode()


def _differs(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    if one is None or other is None:
        return one is not other
    if stat.S_ISDIR(one.st_mode) and stat.S_ISDIR(other.st_mode):
        return False
    return stamp(one) != stamp(other)


def _write(folder: int, last: bytes, mode: str, data: bytes, seen: os.stat_result | None) -> None:
    """Write a file or a link that is not there; an existing one's other permissions are kept."""
    if mode == LINK:
        os.symlink(data, last, dir_fd=folder)
        return
    new = 0o777 if mode == PROGRAM else 0o666
    descriptor = os.open(last, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, new, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if seen is not None and stat.S_ISREG(seen.st_mode):
            readers = (seen.st_mode & 0o444) >> 2
            os.fchmod(descriptor, seen.st_mode & 0o666 | (readers if mode == PROGRAM else 0))
