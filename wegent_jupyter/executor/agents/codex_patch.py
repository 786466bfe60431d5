"""Turn the changes that Codex makes to files into our diffs: {path, old, new}, one for each place."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents.old_text import on_disk
from wegent_jupyter.executor.agents.shapes import mapping, mappings, words

_STARTS = re.compile(r"(?<=\n)|(?<=\r)(?=[-+ ])")
"""Where a line of Codex's diffs begins: also after a lone CR, with a sign of its own; nothing else ends a line."""
KINDS = {"add": "edit", "update": "edit", "delete": "delete"}


def diffs(changes: Any) -> list[dict[str, Any]]:
    """Return what the changes of a `fileChange` make of what; to be asked before they are made."""
    return [diff for change in mappings(changes) for diff in _diffs(change)]


def paths(changes: Any, workspace: Path) -> list[Path]:
    """Return all files that the changes touch, also where they move one to."""
    said = [(words(one.get("path")), words(mapping(one.get("kind")).get("move_path"))) for one in mappings(changes)]
    return [workspace / path for pair in said for path in pair if path]


def kind(changes: Any) -> str:
    """Return ACP's kind of the changes as a whole: leave to edit is none to take files away."""
    return next(iter(kinds(changes)), "edit")


def kinds(changes: Any) -> list[str]:
    """Return the kinds of all changes, the gravest first."""
    found = {_kind(change) for change in mappings(changes)}
    return [one for one in ("delete", "move", "edit") if one in found]


def _kind(change: dict[str, Any]) -> str:
    how = mapping(change.get("kind"))
    return "move" if words(how.get("move_path")) else KINDS.get(words(how.get("type")), "edit")


def _diffs(change: dict[str, Any]) -> Iterator[dict[str, Any]]:
    path, diff = words(change.get("path")), words(change.get("diff"))
    how = mapping(change.get("kind"))
    target = words(how.get("move_path"))
    if how.get("type") == "add":
        yield {"path": path, "old": on_disk(Path(path)) if Path(path).is_absolute() else None, "new": diff}
    elif how.get("type") == "delete":
        yield {"path": path, "old": diff, "new": ""}
    else:
        if target and (lost := on_disk(Path(target)) if Path(target).is_absolute() else None) is not None:
            yield {"path": target, "old": lost, "new": ""}  # the file that is there is overwritten
        hunks = list(_hunks(diff.removesuffix(f"\n\nMoved to: {target}") if target else diff))  # a note of Codex's own
        for old, new in hunks or [("", "")]:
            yield {"path": target or path, "old": old, "new": new}


def _hunks(diff: str) -> Iterator[tuple[str, str]]:
    """Yield the old and new text of each place of a unified diff, with the lines around it."""
    old: list[str] = []
    new: list[str] = []
    sides: tuple[list[str], ...] = ()
    inside = False
    for line in filter(None, _STARTS.split(diff)):
        if line.startswith("@@"):
            if inside:
                yield "".join(old), "".join(new)
            old, new, sides, inside = [], [], (), True
        elif inside and line.startswith("\\"):  # `\ No newline at end of file`: said of the line before
            for side in sides:
                side[-1] = side[-1].removesuffix("\n")
        elif inside:
            sides = (new,) if line.startswith("+") else (old,) if line.startswith("-") else (old, new)
            for side in sides:
                side.append(line[1:])
    if inside:
        yield "".join(old), "".join(new)
