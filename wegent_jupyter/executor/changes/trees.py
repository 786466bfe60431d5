"""What differs between two snapshots, and what was there and is in none."""

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

from wegent_jupyter.protocol.changes import Status


class Change(NamedTuple):
    """A file that differs between two snapshots. Mode and object id are None where there is no such file."""

    name: bytes
    """Relative to the directory."""
    before: tuple[str, str] | None
    after: tuple[str, str] | None
    added: int | None = None
    removed: int | None = None

    @property
    def path(self) -> str:
        """Return the name as it can be told: what is no UTF-8 is replaced."""
        return self.name.decode(errors="replace")

    @property
    def status(self) -> Status:
        """Say what happened to it."""
        if self.before is None:
            return "added"
        return "deleted" if self.after is None else "modified"


@dataclass(slots=True)
class Outside:
    """What was there before a turn and is in no snapshot: what seems to be new below it may be the person's."""

    unfit: set[bytes] = field(default_factory=set)
    """Files that are not kept, and nested repositories, which end with a slash."""
    hidden: set[bytes] = field(default_factory=set)
    """Ignored files and folders: of interest when a turn changes what is ignored."""
    empty: set[bytes] = field(default_factory=set)
    """Folders without a file."""

    def encode(self) -> bytes:
        """Return all of it as one content."""
        kinds = ((b"u", self.unfit), (b"h", self.hidden), (b"e", self.empty))
        return b"\0".join(kind + name for kind, names in kinds for name in sorted(names))

    @classmethod
    def decode(cls, data: bytes) -> "Outside":
        """Return what `encode` gave."""
        found = cls()
        kinds = {b"u": found.unfit, b"h": found.hidden, b"e": found.empty}
        for one in data.split(b"\0") if data else []:
            kinds[one[:1]].add(one[1:])
        return found

    def without(self, changes: list[Change]) -> list[Change]:
        """Return the changes but those of files that may have been there, though they seem to be new."""
        # What is ignored may be new only since it is not ignored any more.
        rules = any(one.name.rpartition(b"/")[2] == b".gitignore" for one in changes)
        known = self.unfit | self.hidden if rules else self.unfit
        if not known:
            return changes
        return [one for one in changes if one.before is not None or not known.intersection(_ways(one.name))]


def _ways(name: bytes) -> list[bytes]:
    return [name, *folders_of(name)]


def folders_of(name: bytes) -> list[bytes]:
    """Return the folders around a file, the innermost first; each ends with a slash."""
    parts = name.split(b"/")[:-1]
    return [b"/".join(parts[:count]) + b"/" for count in range(len(parts), 0, -1)]


def object_id(data: bytes) -> str:
    """Return git's name of a content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def parse(told: bytes, prefix: bytes) -> list[Change]:
    """Return what `diff-tree -z --raw --numstat` printed: first all of the one, then all of the other."""
    tokens = iter(told.split(b"\0"))
    found = dict[bytes, Change]()
    for token in tokens:
        if token.startswith(b":"):
            old_mode, new_mode, old, new, _ = token[1:].decode().split(" ")
            name = next(tokens)
            before = None if old_mode == "000000" else (old_mode, old)
            after = None if new_mode == "000000" else (new_mode, new)
            found[name] = Change(name.removeprefix(prefix), before, after)
        elif token:
            added, removed, name = token.split(b"\t", 2)
            if added != b"-":
                found[name] = found[name]._replace(added=int(added), removed=int(removed))
    return [found[name] for name in sorted(found) if name.startswith(prefix)]
