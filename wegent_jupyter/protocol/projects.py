"""Projects, worktrees and folders: what the API takes and gives, and what crosses the device link about them.

A project's configuration has Wegent's names (backend/app/schemas/project.py there).
"""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from wegent_jupyter.protocol.access import printable
from wegent_jupyter.protocol.api import Model, Request, TurnError
from wegent_jupyter.protocol.terminals import Side
from wegent_jupyter.protocol.wire import Done, Wire, WireId

PREPARE = "project:prepare"
"""Gateway to device: make a project's directory. Idempotent: asked again it answers how far it is."""
FOLDERS, FILES = "workspace:folders", "workspace:files"
"""Gateway to device: what directories are there; which files of a workspace match."""
WORKTREE, REMOVE_WORKTREE = "worktree:examine", "worktree:remove"
"""Gateway to device: what would be lost with a worktree; remove it if that is nothing."""

MAX_PATH = 4096
"""Linux' PATH_MAX, in characters here."""
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?"
_REMOTE = re.compile(
    rf"https?://{_HOST}(/\S*)?|ssh://([A-Za-z0-9._][\w.-]*@)?{_HOST}/\S+"
    r"|[A-Za-z0-9._][\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?![:-])\S+",
    re.ASCII,
)
"""What may be cloned from elsewhere; a path on the device may be cloned, too."""
_BRANCH = re.compile(r"(?!-)(?!.*(\.\.|//|@\{|\.lock(/|$)))[^\x00-\x20\x7f~^:?*\[\\]{1,255}(?<![/.])")
"""git-check-ref-format(1)."""

Path = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PATH)]


def _whole(path: str) -> str:
    """Refuse what no path holds."""
    if "\0" in path:
        raise ValueError("a path holds no NUL character")
    return path


class ProjectWorkspace(Request):
    """Where a project lies on its device."""

    source: Literal["git", "local_path"] = "local_path"
    localPath: Path | None = None
    """Absolute, or below `~`: an existing directory, or one to be made."""
    checkoutPath: Path | None = None
    """Relative: below `projects/` of the device's workspace root for `git`, below the root itself else."""

    @field_validator("localPath")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is not None and not _whole(value).startswith(("/", "~")) and not re.match(r"[A-Za-z]:[\\/]", value):
            raise ValueError("give a path that starts with / or ~")
        return value

    @field_validator("checkoutPath")
    @classmethod
    def _relative(cls, value: str | None) -> str | None:
        if value is None:
            return None
        names = re.split(r"[\\/]", _whole(value))
        if value.startswith(("/", "~", "\\", "-")) or ".." in names or re.match(r"[A-Za-z]:", value):
            raise ValueError("give a path below the device's workspace root, without '..'")
        return value


class ProjectGit(Request):
    """What is cloned."""

    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]
    """https, http or ssh, or the path of a repository on the device. Never with a password or token in it."""
    branch: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)] | None = None
    """None: the repository's own choice."""

    @field_validator("url")
    @classmethod
    def _cloneable(cls, value: str) -> str:
        if value.startswith("file:///"):
            value = value.removeprefix("file://")
        if value.startswith(("http://", "https://")) and "@" in urlsplit(value).netloc:
            raise ValueError("leave name and password out of the address: a credential helper on the device has them")
        if "\0" in value or not (value.startswith(("/", "~")) or _REMOTE.fullmatch(value)):
            raise ValueError("only https, http and ssh addresses and absolute paths on the device are cloned")
        return value

    @field_validator("branch")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        if value and not _BRANCH.fullmatch(value):
            raise ValueError("this is no name of a branch or tag")
        return value or None


class ProjectExecution(Request):
    """On which device a project lies."""

    deviceId: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    targetType: Literal["local", "cloud", "remote"] | None = None
    """Wegent's; the gateway knows it itself."""


class ProjectConfig(Request):
    """How a project is set up."""

    mode: Literal["workspace"] = "workspace"
    execution: ProjectExecution
    workspace: ProjectWorkspace = Field(default_factory=ProjectWorkspace)
    git: ProjectGit | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        space = self.workspace
        if (space.source == "git") != (self.git is not None):
            raise ValueError("'git' and a workspace of source 'git' belong together")
        if space.localPath and space.checkoutPath:
            raise ValueError("give either localPath or checkoutPath")
        return self


ProjectName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class CreateProject(Request):
    """A new project."""

    name: ProjectName
    config: ProjectConfig

    @field_validator("name")
    @classmethod
    def _shown(cls, value: str) -> str:
        return shown_name(value)


class UpdateProject(Request):
    """A project's new name, or place."""

    name: ProjectName | None = None
    config: ProjectConfig | None = None
    """Another device, path or address: made there; nothing of what is at the old place moves or goes."""

    @field_validator("name")
    @classmethod
    def _shown(cls, value: str | None) -> str | None:
        return None if value is None else shown_name(value)


def shown_name(value: str) -> str:
    """Return what can be shown of a name; raises ValueError when that is nothing."""
    shown = printable(value)
    if not shown:
        raise ValueError("this name cannot be shown")
    return shown


class PrepareProject(Request):
    """Make a project's directory again, after that failed."""


ProjectState = Literal["preparing", "ready", "failed"]


class Progress(Model):
    """How far something is."""

    phase: Annotated[str, StringConstraints(max_length=200)]
    percent: Annotated[int, Field(ge=0, le=100)] | None = None


class Project(Model):
    """A named codebase on a device."""

    id: int
    name: str
    config: ProjectConfig
    device_id: str
    path: str | None = None
    """Where it lies, links followed; None until it was made."""
    state: ProjectState
    progress: Progress | None = None
    """While `preparing`."""
    error: TurnError | None = None
    """Why it `failed`."""
    warnings: list[str] = Field(default=[])
    """What is not as one may think, such as submodules that were not cloned."""
    repository: bool = False
    """It lies in a Git repository, so that tasks can have worktrees of their own."""
    created_at: str
    updated_at: str


class ProjectList(Model):
    """Answer of `GET /projects`, by name."""

    items: list[Project]
    total: int


class ProjectTerminal(Request):
    """Open a terminal in a project."""

    task_id: Annotated[int, Field(gt=0, lt=1 << 53)] | None = None
    """In the directory of this task of the project, and nowhere else."""
    rows: Side = 24
    cols: Side = 80


class Folder(Model):
    """A directory of a device."""

    name: str
    path: str
    repository: bool = False


class FolderList(Model):
    """Answer of `…/folders`: the directories in one, hidden ones last."""

    path: str
    parent: str | None
    home: str
    items: list[Folder]
    truncated: bool = False


class FileList(Model):
    """Answer of `…/files`: what matches best first; relative to the workspace, `/` between names."""

    items: list[str]
    truncated: bool = False
    """There are more files than were looked at."""


class WorktreeReport(Model):
    """What would go with a task's worktree. It is removed only when `removable`."""

    task_id: int
    device_id: str
    path: str
    exists: bool
    source: str | None = None
    """The repository that it belongs to."""
    uncommitted: list[str] = Field(default=[])
    """Changed and unknown files, as `git status --porcelain` names them; the first 200."""
    uncommitted_total: int = 0
    unpushed: list[str] = Field(default=[])
    """Commits that no branch, tag or remote has, `hash subject`; the first 200."""
    unpushed_total: int = 0
    ignored: list[str] = Field(default=[])
    """Ignored files and folders, which are deleted with it; the first 200."""
    ignored_total: int = 0
    reason: str | None = None
    """Why it stays, in words."""
    removable: bool = False


class WorktreeReports(Model):
    """Answer of `GET /worktrees`: the worktrees of all tasks, newest first."""

    items: list[WorktreeReport]
    total: int


# What crosses the device link.


class Prepare(Wire):
    """`project:prepare`."""

    id: Annotated[str, Field(max_length=100)]
    """Of this very order: the same one is not begun twice."""
    path: Annotated[str, Field(max_length=MAX_PATH)] | None = None
    """Absolute, below `~`, or relative to the workspace root. None: below `projects/`, by the repository's name."""
    url: str | None = None
    """To be cloned; None: the directory is only made."""
    branch: str | None = None


class Prepared(Done):
    """Answer to `project:prepare`."""

    state: ProjectState = "failed"
    path: str | None = None
    progress: Progress | None = None
    repository: bool = False
    warnings: list[Annotated[str, Field(max_length=1000)]] = Field(default=[], max_length=20)


class FoldersAnswer(Done):
    """Answer to `workspace:folders` {path: str | None}."""

    path: str = ""
    parent: str | None = None
    home: str = ""
    items: list[Folder] = Field(default=[], max_length=5_000)
    truncated: bool = False


class FilesAnswer(Done):
    """Answer to `workspace:files` {path: str, query: str, limit: int}."""

    items: list[str] = Field(default=[], max_length=1_000)
    truncated: bool = False


class WorktreeQuestion(Wire):
    """`worktree:examine` and `worktree:remove`."""

    task_id: WireId
    path: Annotated[str, Field(max_length=MAX_PATH)]


class WorktreeAnswer(Done):
    """Answer to both; after a removal `exists` is false. Fields as in `WorktreeReport`."""

    exists: bool = False
    source: str | None = None
    uncommitted: list[str] = Field(default=[], max_length=200)
    uncommitted_total: int = 0
    unpushed: list[str] = Field(default=[], max_length=200)
    unpushed_total: int = 0
    ignored: list[str] = Field(default=[], max_length=200)
    ignored_total: int = 0
    reason: str | None = None
    removable: bool = False
