"""Where a turn, a terminal or an IDE runs: one table for all of them (Wegent's project_device_session_service.py)."""

from dataclasses import dataclass
from typing import Any, Literal

from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.protocol.api import Task, WorkspaceSource
from wegent_jupyter.protocol.projects import Project, ProjectConfig

What = Literal["turn", "session"]
"""A session is a terminal or an IDE: it starts in a directory that there is."""


@dataclass(slots=True)
class Place:
    """What a task has on one device."""

    workspace: str | None = None
    """The directory in which it runs there; None until a chat folder or worktree was made."""
    session: str | None = None
    """The agent's own."""
    agent: str = ""
    """Whose session it is."""
    source: WorkspaceSource = "local_path"
    worktree_of: str | None = None
    """The directory of whose repository it has, or will have, a worktree of its own."""

    @classmethod
    def at(cls, path: str | None, worktree: bool = False) -> "Place":
        """Return the place of a task that starts in a directory, in a worktree of its repository, or in neither."""
        if worktree:
            return cls(source="git_worktree", worktree_of=path)
        return cls(path, source="local_path" if path else "chat")

    def show(self, task: Task) -> None:
        """Let a task show where it is."""
        task.workspace, task.workspace_source = self.workspace, self.source
        task.standalone_chat_workspace_path = self.workspace if self.source == "chat" else None


@dataclass(slots=True, frozen=True)
class Where:
    """A directory of a device. `path`: None is the device's own choice; `create`: it is made when missing."""

    path: str | None = None
    create: bool = False
    worktree_of: str | None = None
    """First a worktree of this directory's repository is made; there, and nowhere else, it runs."""


def where(what: What, *, given: str | None = None, place: Place | None = None, project: Project | None = None) -> Where:
    """Return where something runs; raises Refused.

    `given`: the path that a person named; `place`: what the task that was named has on the device. A task's own
    directory is never replaced by its project's.
    """
    if given:
        return Where(given)
    if place is not None:
        return _of_task(what, place)
    if project is not None:
        return Where(project.path or configured_path(project.id, project.config), create=True)
    return Where(create=True)


def _of_task(what: What, place: Place) -> Where:
    if place.workspace:
        return Where(place.workspace)
    if what == "session":
        raise Refused(
            "Task execution workspace path is required: this task has no folder on this device.",
            code="no_workspace",
            fix="Give a path, or open the terminal on the device on which the task runs.",
        )
    return Where(worktree_of=place.worktree_of) if place.source == "git_worktree" else Where(create=True)


def configured_path(project_id: int, config: ProjectConfig) -> str:
    """Return where a project's configuration says that it lies; relative to the device's workspace root."""
    space = config.workspace
    if space.source == "git" and space.checkoutPath:
        return f"projects/{space.checkoutPath}"
    return space.localPath or space.checkoutPath or f"project{project_id}"


def places_of(data: dict[str, Any], task: Task) -> dict[str, Place]:
    """Return what a stored task has on each device; older ones had one device, and only sessions by device."""
    places, sessions = data.get("places"), data.get("sessions")
    if isinstance(places, dict):
        return {id_: Place(**place) for id_, place in places.items()}
    session = sessions.get(task.device_id) if isinstance(sessions, dict) else None
    return {task.device_id: Place(task.workspace, session, task.agent)}
