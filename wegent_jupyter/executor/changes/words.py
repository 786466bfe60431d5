"""What is said of the changes of a turn."""

from collections.abc import Iterable
from typing import Any

from wegent_jupyter.executor.changes.snapshot_place import MAX_FILE, Place, Stamp
from wegent_jupyter.executor.changes.snapshots import Taken
from wegent_jupyter.executor.changes.trees import Change
from wegent_jupyter.protocol.changes import MAX_FILES, FileChange

MAX_CHARS = 256 << 10
"""Of the paths in a transcript."""
NAMED = 3
"""Files that a note names."""


def told(changes: list[Change]) -> list[dict[str, Any]]:
    """Return what of the changes a transcript holds."""
    found, room = list[dict[str, Any]](), MAX_CHARS
    for one in changes[:MAX_FILES]:
        room -= len(one.path)
        if room < 0:
            break
        found.append(describe(one).model_dump())
    return found


def describe(change: Change) -> FileChange:
    """Return a change as it is told."""
    return FileChange(path=change.path, status=change.status, added=change.added, removed=change.removed)


def note(place: Place, taken: Taken, unfit: dict[bytes, Stamp], older: Iterable[bytes]) -> str | None:
    """Return in words what may have changed and is not in the list."""
    large = [name for name, stamp in taken.unfit.items() if unfit.get(name) != stamp]
    parts = [
        (large, f"changed as well, but larger than {MAX_FILE >> 20} MiB, or not readable"),
        (sorted(older), "older than this turn and moved here"),
        (taken.nested if place.common is None else [], "Git repositories inside this folder, which are not looked at"),
    ]
    sentences = [f"Not recorded: {name_some(names)} ({why})." for names, why in parts if names]
    return " ".join(sentences) or None


def name_some(names: list[bytes], most: int = NAMED) -> str:
    """Return the first names in words, and how many more there are."""
    shown = ", ".join(one.decode(errors="replace") for one in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
