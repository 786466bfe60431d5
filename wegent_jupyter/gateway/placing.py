"""On which device, and where on it, a message runs: what people name, what a task has, what its project says."""

from wegent_jupyter.gateway.asking import read, told
from wegent_jupyter.gateway.devices import DeviceEntry, Devices
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused
from wegent_jupyter.gateway.ledger import TaskEntry
from wegent_jupyter.gateway.places import Place
from wegent_jupyter.gateway.projects import Projects
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import CreateTask, CreateTurn, Workspace
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.projects import Project

WORKSPACE_SECONDS = 10.0


class Placing:
    """Chooses devices and directories for tasks."""

    def __init__(self, devices: Devices, projects: Projects) -> None:
        """Choose among `devices`; tasks of `projects` run where these are."""
        self._devices, self._projects = devices, projects

    def first_device_and_path(self, owner: str, request: CreateTask) -> tuple[DeviceEntry, str | None]:
        """Return on which device, and at which path of it, a new task starts; raises Refused."""
        path = request.workspace.path
        if request.project_id is None:
            check_worktree(request.workspace)
            return self._target(owner, request.device_id), path
        project = self._projects.ready(owner, request.project_id)
        if request.device_id not in (None, project.device_id):
            raise _elsewhere(project)
        if path is not None:
            raise Refused(
                "A task of a project runs in the project's directory.",
                code="project_path",
                fix="Leave out either the path or the project.",
            )
        if request.workspace.worktree and not project.repository:
            raise Refused(
                f"“{project.name}” is no Git repository.", code="no_repository", fix="Work without a worktree."
            )
        return self._devices.get(owner, project.device_id), project.path

    def next_device(self, entry: TaskEntry, request: CreateTurn) -> DeviceEntry:
        """Return where the next message of a task is to run; raises Refused."""
        task = entry.task
        project = self._projects.known(entry.owner, task.project_id)
        home = project.device_id if project is not None else task.device_id
        if request.device_id not in (None, home) and project is not None:
            raise _elsewhere(project)
        if request.device_id is None and self._devices.by_key((entry.owner, home)) is None:
            raise Conflict("The device of this task was deleted.", code="device_removed", fix="Choose another device.")
        device = self._devices.get(entry.owner, request.device_id or home)
        if device.kept.device_id == task.device_id:
            path = request.workspace.path if request.workspace else None
            if request.agent not in (None, task.agent) or path not in (None, task.workspace):
                raise Refused(
                    "A task keeps its agent and its directory as long as it stays on its device.",
                    code="same_device",
                    fix="Choose another device, or start a new task.",
                )
        return device

    async def place_for(self, entry: TaskEntry, device: DeviceEntry, wanted: Workspace | None) -> Place:
        """Return what a task will have on a device; raises Refused.

        By default it goes on where it was there before, else in its project or in a new chat folder. A session belongs
        to its directory.
        """
        before = entry.places.get(device.kept.device_id)
        if wanted is None:
            return self._usual_place(entry, device, before)
        path = await self.check_workspace(device, wanted.path)
        still_there(device)
        check_worktree(wanted)
        same = before is not None and path is not None and not wanted.worktree and before.workspace == path
        return before if before is not None and same else Place.at(path, wanted.worktree)

    def check_bound(self, entry: TaskEntry, device: DeviceEntry, wanted: Workspace | None) -> None:
        """Refuse to bring a task of a project to another device without a directory there."""
        project = self._projects.known(entry.owner, entry.task.project_id)
        away = project is not None and project.device_id != device.kept.device_id
        if project is not None and away and (wanted is None or wanted.path is None):
            raise Refused(
                f"This task belongs to the project “{project.name}” on its device.",
                code="project_bound",
                fix="Say in which directory of the other device it goes on.",
            )

    def _usual_place(self, entry: TaskEntry, device: DeviceEntry, before: Place | None) -> Place:
        """Return where a task goes on: a project that was moved is where it is now; a worktree stays what it is."""
        project = self._projects.known(entry.owner, entry.task.project_id)
        if project is None or project.device_id != device.kept.device_id:
            return before or Place.at(None)
        here = self._projects.ready(entry.owner, project.id).path
        if before is not None and (before.source == "git_worktree" or before.workspace == here):
            return before
        return Place.at(here, entry.task.workspace_source == "git_worktree")

    def _target(self, owner: str, device_id: str | None) -> DeviceEntry:
        if device_id is not None:
            return self._devices.get(owner, device_id)
        device = self._devices.default(owner)
        if device is None:
            raise Refused("There is no device to run on.", code="no_device", fix="Wait until the executor is online.")
        return device

    async def check_workspace(self, device: DeviceEntry, path: str | None) -> str | None:
        """Ask the device whether a turn can run in `path`; an absent device is asked again at dispatch.

        Raises Refused, Unavailable for an answer that makes no sense.
        """
        if path is None or device.channel is None:
            return path
        try:
            answer = await device.channel.call(wire.CHECK_WORKSPACE, {"path": path}, WORKSPACE_SECONDS)
        except (NotSent, Unanswered):
            return path
        checked = read(device, answer, wire.WorkspaceAnswer)
        if not checked.ok:
            raise Refused(told(checked.message or "") or f"{path} cannot be used.", code="bad_workspace")
        return checked.path


def still_there(device: DeviceEntry) -> None:
    """Refuse a device that was deleted while something was asked."""
    if device.removed:
        raise NotFound("Device", device.kept.device_id)


def check_worktree(wanted: Workspace) -> None:
    """Refuse a worktree of nothing."""
    if wanted.worktree and wanted.path is None:
        raise Refused(
            "A worktree needs a repository.", code="worktree_without_folder", fix="Name a folder of it, or a project."
        )


def _elsewhere(project: Project) -> Refused:
    return Refused(
        f"Tasks of “{project.name}” run on the project's device.",
        code="project_device",
        fix="Move the project, or start a task without it.",
    )
