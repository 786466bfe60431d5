"""Write down what a migration does before it does it, so that it can be finished or undone after whatever happens."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from wegent_jupyter.executor.skills.places import AgentId
from wegent_jupyter.executor.skills.scene import Entry, Kind

VERSION: Literal[1] = 1
State = Literal["sharing", "shared", "undoing"]


class Damaged(Exception):
    """The journal cannot be used; the text names it."""


@dataclass(slots=True)
class Step:
    """One entry that leaves its directory."""

    agent: AgentId
    name: str
    to: str
    """Its name in the shared directory; empty for a link that is not needed any more and is removed."""
    kind: Kind
    inode: int
    mtime: int
    text: str = ""
    """Of a link: what it said."""
    new_text: str = ""
    """Of a link: what it says in the shared directory, if that is something else."""

    @property
    def dropped(self) -> bool:
        """Say whether it is a link that is removed."""
        return not self.to

    @property
    def dotted(self) -> bool:
        """Say whether it is no skill."""
        return self.name.startswith(".")

    def is_of(self, entry: Entry) -> bool:
        """Say whether an entry is what was written down, still where it was."""
        return self.name == entry.name and self.kind == entry.kind and self.same(entry)

    def moved_to(self, entry: Entry) -> bool:
        """Say whether an entry of the shared directory is what was moved there."""
        if self.new_text:
            return (entry.name, entry.kind, entry.text) == (self.to, "link", self.new_text)
        return self.to == entry.name and self.kind == entry.kind and self.same(entry)

    def same(self, entry: "Entry | Step") -> bool:
        """Compare what a move keeps. Some file systems number their files anew with each start."""
        if self.kind == "link":
            return entry.text == self.text
        return entry.inode == self.inode or entry.mtime == self.mtime


@dataclass(slots=True)
class Side:
    """What becomes of the directory of one agent."""

    agent: AgentId
    path: str
    existed: bool
    mode: int
    copies: list[str] = field(default_factory=list)
    """Where no links can be made it stays a directory, with copies of these shared entries."""


@dataclass(slots=True)
class Record:
    """One migration and what was added to it by later ones."""

    shared: str
    state: State
    version: Literal[1] = VERSION
    made: list[str] = field(default_factory=list)
    """Directories that were not there before, outer before inner."""
    before: list[str] = field(default_factory=list)
    """What was in the shared directory."""
    sides: list[Side] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    reported: int = 0
    """Steps of migrations that were finished."""

    def side(self, agent: AgentId) -> Side | None:
        """Return what was written down about an agent's directory."""
        return next((one for one in self.sides if one.agent == agent), None)


_RECORD = TypeAdapter(Record)


class Journal:
    """The record of one person's directories, in the executor's home."""

    def __init__(self, home: Path, shared: Path) -> None:
        """Nothing is read yet."""
        # By directory: the same executor's home may serve with another HOME.
        self._file = home / f"skills-{hashlib.sha256(os.fsencode(shared)).hexdigest()[:12]}.json"

    def read(self) -> Record | None:
        """Return the record, if there is one; raises Damaged."""
        try:
            return _RECORD.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not what we wrote"
            raise Damaged(f"{self._file} cannot be read: {reason}. It was left as it is.") from error

    def write(self, record: Record) -> None:
        """Keep a record for good; raises OSError, and then the one before is still there."""
        data = _RECORD.dump_json(record)
        temporary = self._file.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync(self._file.parent)

    def remove(self) -> None:
        """Forget it: all was put back."""
        self._file.unlink(missing_ok=True)
        sync(self._file.parent)


def sync(folder: Path | int) -> None:
    """Let a directory's entries outlast a loss of power, where the file system can do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY) if isinstance(folder, Path) else os.dup(folder)
    try:
        os.fsync(descriptor)
    except OSError:  # not every file system syncs directories
        return
    finally:
        os.close(descriptor)
