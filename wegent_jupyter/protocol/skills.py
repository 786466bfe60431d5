"""Skills of a device, and sharing them between Claude Code and Codex (wire §12; feature page, *Shared Local Skills*).

Sharing moves what is in `~/.codex/skills` and `~/.claude/skills` into `~/.agents/skills` and puts a link to that
directory into the place of both. It is planned, shown, written down, done, and can be undone.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from wegent_jupyter.protocol.api import Model, Request
from wegent_jupyter.protocol.wire import Done

LIST = "skills:list"
"""Ours, gateway to device: a `ListSkills`; the ack is a `SkillsAnswer`."""
SHARING = "skills:sharing"
"""Ours, gateway to device: nothing; the ack is a `SharingAnswer`: how it stands and what sharing would do."""
SHARE = "skills:share"
"""Ours, gateway to device: a `ShareSkills`; the ack is a `SharingAnswer` with its `result`."""
UNSHARE = "skills:unshare"
"""Ours, gateway to device: nothing; undo. The ack is a `SharingAnswer` with its `result`."""
SHARE_SECONDS = 120.0
"""For a migration: thousands of skills on a slow disk, or a copy where nothing can be linked."""
MAX_SKILLS = 5_000
MAX_DESCRIPTION = 300
"""Characters (Wegent's ls_skills)."""

SkillSource = Literal["agents", "claude", "codex", "claude-plugin", "codex-plugin", "project-claude", "project-codex"]
"""Where it lies: `~/.agents/skills`, `~/.claude/skills`, `~/.codex/skills`, a plugin of either; and, ours, in the
workspace for Claude Code (`.claude/skills`) or Codex (`.agents/skills`, `.codex/skills`)."""
SharingState = Literal["separate", "shared", "partial", "unfinished"]
"""`partial`: one of the two is linked; `unfinished`: a migration was cut off: share again, or undo."""
LinkStatus = Literal["created", "already_configured", "copied", "removed"]
Path = Annotated[str, StringConstraints(max_length=4_096)]


class Skill(Model):
    """One skill, with Wegent's names."""

    name: Annotated[str, StringConstraints(max_length=255)]
    description: Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION)] = ""
    short_description: Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION)] = ""
    path: Path
    source: SkillSource
    origin: Literal["wegent", "local"] = "local"
    mtime: float = 0.0
    plugin_name: Annotated[str, StringConstraints(max_length=255)] | None = None
    agents: list[Literal["claude", "codex"]] = Field(default=[])
    """Which can use it."""


class SkillList(Model):
    """Answer of `GET /devices/{id}/skills`, by name; one entry for each name and agent that sees it."""

    items: list[Skill]
    total: int
    truncated: bool = False
    shared: bool = False


class Move(Model):
    """One skill that moves, with Wegent's names."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    source: Literal["codex", "claude"]
    from_: Path = Field(alias="from")
    to: Path
    renamed: bool = False


class Link(Model):
    """One of the two legacy directories that becomes a link to the shared one."""

    path: Path
    target: Path
    status: LinkStatus


class Obstacle(Model):
    """Why something cannot be shared; with one of them nothing is done."""

    path: Path
    message: str
    fix: str | None = None


class Sharing(Model):
    """How sharing stands on a device and, where it is not shared yet, what would be done."""

    state: SharingState
    shared_path: Path
    shared_created: bool = False
    """It would be made."""
    legacy_paths: list[Path] = Field(default=[])
    moves: list[Move] = Field(default=[])
    links: list[Link] = Field(default=[])
    """`created`: would be a link; `copied`: links cannot be made here, the skills are copied back instead."""
    left: list[Path] = Field(default=[])
    """Entries that are no skills (such as `.system`) and go along; links that lead to a shared skill already and are
    not needed any more."""
    obstacles: list[Obstacle] = Field(default=[])
    digest: Annotated[str, StringConstraints(max_length=64)] = ""
    """Of all of it: sharing is refused when the device no longer looks like that."""
    undoable: bool = False


class SharingResult(Model):
    """What was done: the shape of Wegent's `setup_shared_skills` (wire §12); `undone` is ours."""

    success: bool = True
    status: Literal["configured", "undone", "failed"] = "configured"
    shared_path: Path
    shared_created: bool = False
    legacy_paths: list[Path] = Field(default=[])
    moved_count: int = 0
    moved: list[Move] = Field(default=[])
    links: list[Link] = Field(default=[])
    error: str | None = None
    kept: list[Path] = Field(default=[])
    """Undo: what stayed in the shared directory, such as what came there later or was replaced since."""


class SharingReport(Model):
    """Answer of `…/skills/sharing`: how it stands, and what was just done."""

    device_id: str
    sharing: Sharing
    result: SharingResult | None = None


class ShareRequest(Request):
    """`POST /devices/{id}/skills/sharing`: do what was shown."""

    digest: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Of the plan that was shown; None: whatever is to be done."""


# What crosses the device link.


class ListSkills(Model):
    """`skills:list`."""

    workspace: Path | None = None
    """Also those that this directory brings."""


class SkillsAnswer(Done):
    """Answer to `skills:list`."""

    items: list[Skill] = Field(default=[], max_length=MAX_SKILLS)
    truncated: bool = False
    shared: bool = False


class ShareSkills(Model):
    """`skills:share`."""

    digest: Annotated[str, StringConstraints(max_length=64)] | None = None


class SharingAnswer(Done):
    """Answer to `skills:sharing`, `skills:share`, `skills:unshare`."""

    sharing: Sharing | None = None
    result: SharingResult | None = None
