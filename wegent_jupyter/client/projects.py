"""The routes of projects, worktrees, what turns changed, and attachments."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

from wegent_jupyter.client.rest import ApiError, Unreachable
from wegent_jupyter.client.sockets import Sockets
from wegent_jupyter.protocol.api import Attachment
from wegent_jupyter.protocol.changes import FileDiff, Revert, Reverted, TurnChanges
from wegent_jupyter.protocol.managing import Message
from wegent_jupyter.protocol.projects import (
    CreateProject,
    PrepareProject,
    Project,
    ProjectList,
    ProjectTerminal,
    UpdateProject,
    WorktreeReport,
    WorktreeReports,
)
from wegent_jupyter.protocol.terminals import StartedProjectTerminal

LOOK_SECONDS = 0.5
"""Between two looks at a project that is being made."""
DEVICE_SECONDS = 320.0
"""The server waits for the device meanwhile, and says so itself when that does not answer."""


class ProjectRoutes(Sockets):
    """What can be asked of projects and of the files of tasks, and done to them."""

    async def projects(self) -> list[Project]:
        """Return all projects, by name."""
        return (await self._get("/projects", ProjectList)).items

    async def project(self, project_id: int) -> Project:
        """Return one project."""
        return await self._get(f"/projects/{project_id}", Project)

    async def create_project(self, request: CreateProject) -> Project:
        """Make a project: its directory is there, or being cloned, when this returns."""
        return await self._post("/projects", request, Project, DEVICE_SECONDS)

    async def update_project(self, project_id: int, request: UpdateProject) -> Project:
        """Rename a project, or give it another place."""
        return await self._put(f"/projects/{project_id}", request, Project, DEVICE_SECONDS)

    async def prepare_project(self, project_id: int) -> Project:
        """Try once more to make a project's directory."""
        path = f"/projects/{project_id}/prepare"
        return await self._post(path, PrepareProject(), Project, DEVICE_SECONDS)

    async def delete_project(self, project_id: int) -> Message:
        """Forget a project; its files stay."""
        return await self._delete(f"/projects/{project_id}", Message)

    async def making(self, project: Project) -> AsyncIterator[Project]:
        """Yield a project, and again at each change, until its directory is there or not; waits for a lost server."""
        yield project
        while project.state == "preparing":
            await asyncio.sleep(LOOK_SECONDS)
            try:
                found = await self.project(project.id)
            except (ApiError, Unreachable) as error:
                if isinstance(error, ApiError) and not starting(error):
                    raise
                await self.find_again()
                continue
            if found != project:
                project = found
                yield project

    async def start_project_terminal(self, project_id: int, request: ProjectTerminal) -> StartedProjectTerminal:
        """Open a terminal in a project."""
        return await self._post(f"/projects/{project_id}/terminal", request, StartedProjectTerminal, DEVICE_SECONDS)

    async def worktrees(self) -> list[WorktreeReport]:
        """Return the worktrees of all tasks, newest first, with what would go with each."""
        return (await self._get("/worktrees", WorktreeReports, DEVICE_SECONDS)).items

    async def worktree(self, task_id: int) -> WorktreeReport:
        """Return what would go with a task's worktree."""
        return await self._get(f"/tasks/{task_id}/worktree", WorktreeReport, DEVICE_SECONDS)

    async def remove_worktree(self, task_id: int) -> WorktreeReport:
        """Remove a task's worktree; ApiError 409 when something would be lost."""
        return await self._delete(f"/tasks/{task_id}/worktree", WorktreeReport, DEVICE_SECONDS)

    async def changes(self, task_id: int, turn_id: int) -> TurnChanges:
        """Return what a turn changed, and how that looks now."""
        return await self._get(_changes(task_id, turn_id), TurnChanges, DEVICE_SECONDS)

    async def diff(self, task_id: int, turn_id: int, path: str) -> FileDiff:
        """Return one file before and after a turn."""
        url = f"{_changes(task_id, turn_id)}/file?{urlencode({'path': path}, quote_via=quote)}"
        return await self._get(url, FileDiff, DEVICE_SECONDS)

    async def revert(self, task_id: int, turn_id: int, request: Revert) -> Reverted:
        """Take back what a turn changed, all that is asked or nothing; ApiError 409 when a file changed since."""
        return await self._post(f"{_changes(task_id, turn_id)}/revert", request, Reverted, DEVICE_SECONDS)

    async def attach(self, name: str, type_: str, data: bytes) -> Attachment:
        """Upload a file that is to be sent with a message."""
        query = urlencode({"name": name, "type": type_}, quote_via=quote)
        return await self._request("POST", f"/attachments?{query}", data, Attachment, DEVICE_SECONDS)

    async def detach(self, attachment_id: int) -> Message:
        """Forget a file that was uploaded and not sent."""
        return await self._delete(f"/attachments/{attachment_id}", Message)


def starting(error: ApiError) -> bool:
    """Say whether it is not the gateway that answered: a server that starts knows our routes late."""
    return error.status >= 500 or error.problem.code == f"http_{error.status}"


def _changes(task_id: int, turn_id: int) -> str:
    return f"/tasks/{task_id}/turns/{turn_id}/changes"
