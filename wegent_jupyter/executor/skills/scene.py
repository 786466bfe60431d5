"""What there is to share: the directories and their entries, as they were found."""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wegent_jupyter.executor.skills.places import AgentId
from wegent_jupyter.protocol.skills import Obstacle

COPYING = ".wegent-copying"
"""A copy that is being made, in the directory where it belongs."""
Kind = Literal["folder", "file", "link"]


@dataclass(slots=True, frozen=True)
class Entry:
    """One entry of a directory of skills."""

    name: str
    kind: Kind
    inode: int
    mtime: int
    """Nanoseconds."""
    text: str = ""
    """Of a link: what it says."""
    leads: str = ""
    """Of a link: where that really is."""
    steady: bool = True
    """Of a link: it would lead to the same place from the shared directory."""
    siblings: tuple[str, ...] = ()
    """Other entries of its directory to which links in this one lead, relatively."""
    blank: bool = False
    """Nothing is in it: it may be the place that was held for an entry when a migration was cut off."""
    copied: bool = False
    """The shared directory has the same, under the same name."""

    @property
    def dotted(self) -> bool:
        """Say whether its name makes it no skill."""
        return self.name.startswith(".")


@dataclass(slots=True)
class Place:
    """The directory of one agent."""

    agent: AgentId
    path: Path
    real: str = ""
    state: Literal["missing", "own", "linked"] = "missing"
    """`own`: a directory; `linked`: a link to the shared one."""
    mode: int = 0o755
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Scene:
    """All of it."""

    home: Path
    shared: Path
    real: str
    """Where the shared directory is or will be, links followed."""
    exists: bool
    """The shared directory is there."""
    entries: list[Entry]
    """Those of the shared directory."""
    places: list[Place]
    obstacles: list[Obstacle]
    linkable: bool = True
    """Links can be made here."""


def fold(name: str) -> str:
    """Return what two names have in common that are one on some file systems."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
