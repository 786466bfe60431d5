"""List the skills of a device, each with the agents that can be told to use it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wegent_jupyter.executor.skills import plugins
from wegent_jupyter.executor.skills.files import Finder, Found
from wegent_jupyter.executor.skills.places import Places
from wegent_jupyter.executor.trust import repository
from wegent_jupyter.protocol.skills import MAX_DESCRIPTION, MAX_SKILLS, Skill, SkillSource

AgentName = Literal["claude", "codex"]
MAX_NAME, MAX_PATH = 255, 4_096


@dataclass(slots=True, frozen=True)
class Root:
    """A directory of skills, and who looks there."""

    source: SkillSource
    path: Path
    agent: AgentName | None
    """None: nobody in our turns."""
    deep: bool = False
    plugin: str | None = None


@dataclass(slots=True)
class _Entries:
    """What was found so far: one entry for each name and agent, and each file once."""

    items: dict[tuple[str, Path], Skill] = field(default_factory=dict)
    taken: set[tuple[str, AgentName]] = field(default_factory=set)

    def add(self, root: Root, found: Found, name: str) -> None:
        if root.agent is not None:
            if (name, root.agent) in self.taken:
                return
            self.taken.add((name, root.agent))
        known = self.items.get((name, found.real))
        if known is None:
            self.items[name, found.real] = _skill(root, found, name)
        elif root.agent is not None and root.agent not in known.agents:
            known.agents = sorted([*known.agents, root.agent])


def collect(places: Places, *, workspace: Path | None = None, trusted: bool = False) -> tuple[list[Skill], bool]:
    """Return the skills by name, and whether there are more than that.

    Those of a workspace too, if given; the agents may use them where the workspace is `trusted`.
    """
    finder, entries, off = Finder(), _Entries(), plugins.off_in_codex(places.codex_home)
    for root in _roots(places, workspace, trusted):
        for found in finder.deep(root.path) if root.deep else finder.flat(root.path):
            # Claude Code looks into the directories of a directory, Codex further down; each names skills its own way.
            name = found.codex_name if root.deep else found.claude_name
            if name is None or not _fits(name, found) or (root.agent == "codex" and off & {name, str(found.real)}):
                continue
            entries.add(root, found, f"{root.plugin}:{name}" if root.plugin else name)
    items = sorted(entries.items.values(), key=lambda one: (one.name.casefold(), one.name, one.path))
    return items[:MAX_SKILLS], finder.exhausted or len(items) > MAX_SKILLS


def _roots(places: Places, workspace: Path | None, trusted: bool) -> Iterator[Root]:
    """Yield where skills are looked for; of two with one name the earlier is meant."""
    yield Root("agents", places.shared, "codex", deep=True)
    yield Root("claude", places.claude_home / "skills", "claude")
    yield Root("codex", places.codex_home / "skills", "codex", deep=True)
    yield Root("codex", places.codex_home / "skills" / ".system", "codex", deep=True)
    for name, path in plugins.of_claude(places.claude_home):
        yield Root("claude-plugin", path, "claude", plugin=name)
    for name, path in plugins.of_codex(places.codex_home):
        # Codex runs without its plugins in our turns: they would ask servers on the internet (`agents/codex_rpc.py`).
        yield Root("codex-plugin", path, None, deep=True, plugin=name)
    for folder in _upwards(workspace, places.home):
        yield Root("project-claude", folder / ".claude" / "skills", "claude" if trusted else None)
        yield Root("project-codex", folder / ".agents" / "skills", "codex" if trusted else None, deep=True)
        yield Root("project-codex", folder / ".codex" / "skills", "codex" if trusted else None, deep=True)


def _upwards(workspace: Path | None, home: Path) -> list[Path]:
    """Return a workspace and its parents up to the repository; the home directory's are the person's own."""
    if workspace is None:
        return []
    root = repository(workspace)
    folders = [workspace, *(one for one in workspace.parents if one.is_relative_to(root))]
    return [one for one in folders if one.resolve() != home.resolve()]


def _skill(root: Root, found: Found, name: str) -> Skill:
    fields = found.fields or {}
    return Skill(
        name=name,
        description=fields.get("description", "")[:MAX_DESCRIPTION],
        short_description=fields.get("metadata.short-description", fields.get("short-description", ""))[
            :MAX_DESCRIPTION
        ],
        path=str(found.folder),
        source=root.source,
        mtime=found.mtime,
        plugin_name=root.plugin,
        agents=[root.agent] if root.agent is not None else [],
    )


def _fits(name: str, found: Found) -> bool:
    return 0 < len(name) <= MAX_NAME and len(str(found.folder)) <= MAX_PATH


def by_name(items: list[Skill]) -> list[Mapping[str, object]]:
    """Return each name once, as Wegent's `ls_skills` does: without what a workspace brings."""
    order = ("agents", "claude", "codex", "claude-plugin", "codex-plugin")
    known: dict[str, Skill] = {}
    for item in sorted((one for one in items if one.source in order), key=lambda one: order.index(one.source)):
        known.setdefault(item.name, item)
    return [one.model_dump(exclude={"agents"}) for one in sorted(known.values(), key=lambda one: one.name.casefold())]
