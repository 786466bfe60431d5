"""Give every entry that moves a name that nothing else in the shared directory has."""

import os
from collections.abc import Iterator

from wegent_jupyter.executor.skills.journal import Record, Step
from wegent_jupyter.executor.skills.observe import shown
from wegent_jupyter.executor.skills.places import AgentId
from wegent_jupyter.executor.skills.scene import Entry, Kind, Place, Scene, fold
from wegent_jupyter.protocol.skills import Obstacle

MAX_SUFFIX = 999
"""Wegent's last attempt at a free name (wire §12)."""
MAX_NAME_BYTES = 255


class Naming:
    """The names of one plan; what a record says of entries that did not move yet is kept to."""

    def __init__(self, scene: Scene, record: Record | None) -> None:
        """Nothing has a new name yet."""
        self._scene, self._record = scene, record
        self._pending = {
            (step.agent, step.name): step for step in (record.steps if record is not None else []) if not step.dropped
        }
        self._taken = {fold(entry.name): entry for entry in scene.entries}
        self._names = set(self._taken)
        self._redundant = _redundant(scene)
        self.obstacles: list[Obstacle] = []
        self.held: set[tuple[AgentId, str]] = set()
        self.unneeded: list[tuple[AgentId, str, Kind]] = []

    def steps(self, place: Place) -> Iterator[Step]:
        """Yield what moves out of an agent's directory, in Wegent's order."""
        for entry in sorted(place.entries, key=lambda one: (one.name.casefold(), one.name)):
            if self._only_holds(place, entry):
                self.unneeded.append((place.agent, entry.name, entry.kind))
                continue
            if entry.copied and not self._is_pending(place, entry):
                continue
            if (place.agent, entry.name) in self._redundant:
                yield _step(place, entry, "")
                continue
            to = self._kept(place, entry) or self._free(place, entry)
            if to is None:
                path = place.path / entry.name
                text = f"There is no free name for {path} in {self._scene.shared}."
                self.obstacles.append(Obstacle(path=str(path), message=text, fix="Rename it."))
                continue
            self._names.add(fold(to))
            yield _step(place, entry, to)

    def lacking(self, place: Place, steps: list[Step]) -> list[str]:
        """Return what is or will be shared and has no copy in an agent's directory."""
        going = {step.name for step in steps if step.agent == place.agent}
        going |= {name for agent, name, _ in self.unneeded if agent == place.agent}
        there = {entry.name for entry in place.entries} - going
        names = {entry.name for entry in self._scene.entries} | {step.to for step in steps if step.to}
        return sorted(name for name in names - there if shown(name) == name)  # no agent lists another

    def written_text(self, step: Step) -> str:
        """Return what was written down for a link that is still to move."""
        pending = self._pending.get((step.agent, step.name))
        return pending.new_text if pending is not None and pending.text == step.text else ""

    def _kept(self, place: Place, entry: Entry) -> str | None:
        """Return the name that was written down, where it is free, or held for this entry."""
        step = self._pending.get((place.agent, entry.name))
        if step is None or not step.is_of(entry):
            return None
        there = self._taken.get(fold(step.to))
        if there is not None and there.name == step.to and is_held(step, there):
            self.held.add((place.agent, entry.name))
            return step.to
        return step.to if fold(step.to) not in self._names else None

    def _is_pending(self, place: Place, entry: Entry) -> bool:
        """Say whether an entry is what was to move, and no copy of it, which has its time."""
        step = self._pending.get((place.agent, entry.name))
        return step is not None and step.is_of(entry) and step.inode == entry.inode

    def _only_holds(self, place: Place, entry: Entry) -> bool:
        """Say whether an entry was to be replaced: by what is in the shared directory still, or by a copy of it."""
        step = self._pending.get((place.agent, entry.name))
        if self._record is None or self._record.state == "shared" or (step is not None and step.is_of(entry)):
            return False
        if self._record.state == "undoing" and step is not None:
            there = self._taken.get(fold(step.to))
            return there is not None and step.moved_to(there) and holds(step.kind, entry)
        side, there = self._record.side(place.agent), self._taken.get(fold(entry.name))
        copied = side is not None and entry.name in side.copies
        return copied and there is not None and there.name == entry.name and holds(there.kind, entry)

    def _free(self, place: Place, entry: Entry) -> str | None:
        """Return the first free name (wire §12). Names that differ in case only are one on some file systems."""
        suffixes = ["", f"-{place.agent}", *(f"-{place.agent}-{number}" for number in range(2, MAX_SUFFIX + 1))]
        for suffix in suffixes:
            name = entry.name + suffix
            if fold(name) not in self._names and len(os.fsencode(name)) <= MAX_NAME_BYTES:
                return name
        return None


def is_held(step: Step, there: Entry) -> bool:
    """Say whether an entry of the shared directory is what holds the place for one that has not moved yet."""
    if step.new_text:
        return there.kind == "link" and there.text == step.new_text
    return holds(step.kind, there)


def holds(kind: Kind, entry: Entry) -> bool:
    """Say whether an entry is like what is made to hold a place for one of this kind (`steps.move`)."""
    return entry.blank and entry.kind == ("folder" if kind == "folder" else "file")


def _step(place: Place, entry: Entry, to: str) -> Step:
    return Step(place.agent, entry.name, to, entry.kind, entry.inode, entry.mtime, entry.text)


def _redundant(scene: Scene) -> set[tuple[AgentId, str]]:
    """Return the links that lead to what will be in the shared directory under their own name anyway."""
    real = {
        os.path.join(place.real, entry.name)  # noqa: PTH118 - thousands of them
        for place in scene.places
        for entry in place.entries
        if entry.kind != "link"
    }
    real |= {os.path.join(scene.real, entry.name) for entry in scene.entries if entry.kind != "link"}  # noqa: PTH118
    return {
        (place.agent, entry.name)
        for place in scene.places
        for entry in place.entries
        if entry.kind == "link" and entry.leads in real and os.path.basename(entry.leads) == entry.name  # noqa: PTH119
    }
