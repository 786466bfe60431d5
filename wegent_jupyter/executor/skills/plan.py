"""Decide what sharing does: which entry moves where, under which name. Nothing is looked at or touched here."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wegent_jupyter.executor.skills.journal import Record, Step
from wegent_jupyter.executor.skills.naming import Naming
from wegent_jupyter.executor.skills.observe import shown as as_text
from wegent_jupyter.executor.skills.places import AgentId
from wegent_jupyter.executor.skills.scene import Entry, Kind, Place, Scene
from wegent_jupyter.protocol.skills import Link, LinkStatus, Move, Obstacle, Sharing, SharingState

MAX_OBSTACLES = 50


@dataclass(slots=True)
class Plan:
    """What is to be done, and how it is shown."""

    sharing: Sharing
    steps: list[Step] = field(default_factory=list)
    copies: dict[AgentId, list[str]] = field(default_factory=dict)
    """Where no links can be made: what each directory is to get copies of."""
    held: set[tuple[AgentId, str]] = field(default_factory=set)
    """Entries whose new place is held already, by a migration that was cut off."""
    unneeded: list[tuple[AgentId, str, Kind]] = field(default_factory=list)
    """What an undoing that was cut off put there to hold the place of an entry."""

    @property
    def complete(self) -> bool:
        """Say whether nothing is to be done."""
        linked = all(link.status == "already_configured" for link in self.sharing.links)
        return linked and not self.steps and not self.sharing.shared_created


def make(scene: Scene, record: Record | None) -> Plan:
    """Plan what is still to do; what a record says of entries that did not move yet is kept to."""
    naming = Naming(scene, record)
    steps = [step for place in scene.places for step in naming.steps(place)]
    for step, text in _new_texts(scene, steps):
        step.new_text = text or naming.written_text(step)
    obstacles = [*scene.obstacles, *naming.obstacles, *_loops(scene), *_parted(scene, steps), *_others(scene, record)][
        :MAX_OBSTACLES
    ]
    copies = {} if scene.linkable else {place.agent: naming.lacking(place, steps) for place in scene.places}
    links = [_shown_link(scene, place, copies) for place in scene.places]
    sharing = Sharing(
        state=_state(scene, record, links, steps),
        shared_path=str(scene.shared),
        shared_created=not scene.exists,
        legacy_paths=[str(place.path) for place in scene.places],
        moves=shown(scene.shared, {place.agent: place.path for place in scene.places}, steps),
        links=links,
        left=[str(_path(scene, step)) for step in steps if step.dotted or step.dropped],
        obstacles=obstacles,
        undoable=record is not None,
    )
    return Plan(
        sharing.model_copy(update={"digest": _digest(scene, sharing)}), steps, copies, naming.held, naming.unneeded
    )


def shown(shared: Path, paths: dict[AgentId, Path], steps: list[Step]) -> list[Move]:
    """Return the moves of skills, with Wegent's names."""
    return [
        Move.model_validate(
            {
                "source": step.agent,
                "from": str(paths[step.agent] / step.name),
                "to": str(shared / step.to),
                "renamed": step.to != step.name,
            }
        )
        for step in steps
        if not step.dotted and not step.dropped
    ]


def _new_texts(scene: Scene, steps: list[Step]) -> Iterator[tuple[Step, str]]:
    """Yield the links that move, and what each has to say then to lead where it led."""
    entries = {(place.agent, entry.name): entry for place in scene.places for entry in place.entries}
    names = {(step.agent, step.name): step.to for step in steps if not step.dropped}
    for step in steps:
        if step.kind == "link" and not step.dropped:
            yield step, _new_text(scene, entries[step.agent, step.name], names)


def _new_text(scene: Scene, entry: Entry, names: dict[tuple[AgentId, str], str]) -> str:
    """Return what a link has to say in the shared directory; empty: the same as before."""
    for place in _own(scene):
        if entry.leads.startswith(f"{place.real}{os.sep}"):
            first, *rest = Path(entry.leads[len(place.real) + 1 :]).parts
            to = names.get((place.agent, first))
            return os.path.join(to, *rest) if to else ""  # noqa: PTH118 - relative
    return "" if entry.steady else entry.leads


def _loops(scene: Scene) -> Iterator[Obstacle]:
    """Name links in the shared directory that lead to what would move there."""
    for entry in scene.entries:
        if entry.kind == "link" and any(entry.leads.startswith(f"{place.real}{os.sep}") for place in _own(scene)):
            path = as_text(scene.shared / entry.name)
            text = f"{path} leads to {as_text(entry.leads)}, which would move."
            yield Obstacle(path=path, message=text, fix="Remove this link: sharing makes it needless.")


def _own(scene: Scene) -> list[Place]:
    return [place for place in scene.places if place.state == "own"]


def _parted(scene: Scene, steps: list[Step]) -> Iterator[Obstacle]:
    """Name skills with links to others that would get another name."""
    renamed = {(step.agent, step.name) for step in steps if step.to != step.name}
    for place in scene.places:
        for entry in place.entries:
            lost = [one for one in entry.siblings if (place.agent, one) in renamed]
            if lost:
                path = place.path / entry.name
                text = f"{path} has links to {lost[0]}, which would get another name."
                yield Obstacle(path=str(path), message=text, fix=f"Rename {lost[0]} or make these links absolute.")


def _others(scene: Scene, record: Record | None) -> Iterator[Obstacle]:
    """Name directories that are not those of an earlier migration, which could then not be undone."""
    for place in scene.places:
        side = record.side(place.agent) if record is not None else None
        if side is not None and side.path != str(place.path):
            text = f"Skills were shared with {side.path}; now {place.path} would be."
            yield Obstacle(path=str(place.path), message=text, fix="Undo sharing first, then share again.")


def _shown_link(scene: Scene, place: Place, copies: dict[AgentId, list[str]]) -> Link:
    status: LinkStatus = "created"
    if place.state == "linked":
        status = "already_configured"
    elif not scene.linkable:
        complete = scene.exists and place.state == "own" and not copies[place.agent]
        status = "already_configured" if complete else "copied"
    return Link(path=str(place.path), target=str(scene.shared), status=status)


def _state(scene: Scene, record: Record | None, links: list[Link], steps: list[Step]) -> SharingState:
    if record is not None and record.state != "shared":
        return "unfinished"
    done = [link.status == "already_configured" for link in links]
    if done and all(done) and not steps and scene.exists and not scene.obstacles:
        return "shared"
    return "partial" if any(done) else "separate"


def _path(scene: Scene, step: Step) -> Path:
    return next(place.path for place in scene.places if place.agent == step.agent) / step.name


def _digest(scene: Scene, sharing: Sharing) -> str:
    """Return what changes when the directories look otherwise; not with Codex's own entries, which it makes anew."""
    looks = [
        [(one.name, one.kind, one.inode, one.mtime, one.text) for one in entries if not one.dotted]
        for entries in (scene.entries, *(place.entries for place in scene.places))
    ]
    told = sharing.model_dump(mode="json", exclude={"left", "undoable", "digest"})
    return hashlib.sha256(json.dumps([told, looks], sort_keys=True).encode()).hexdigest()
