"""REST of projects, worktrees, folders, what turns changed, and attachments."""

from urllib.parse import quote

from pydantic import ValidationError

from wegent_jupyter.gateway.attachments import check_attachment_size
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.protocol import changes, managing, projects
from wegent_jupyter.protocol.attachments import NewAttachment
from wegent_jupyter.server.handler import ID, NAME, Handler, Malformed, route

MAX_FILES = 200
"""Files that one question about completion gets."""
NO_IDE = "Local devices do not support code-server sessions"
"""Wegent's words."""


class ProjectsHandler(Handler):
    """`/projects`."""

    @route
    async def get(self) -> None:
        """List the owner's projects, by name."""
        items = self.service.gateway.projects.items(self.owner)
        self.reply(projects.ProjectList(items=items, total=len(items)))

    @route
    async def post(self) -> None:
        """Make a project: its directory is there, or is being cloned, when this answers."""
        request = self.read(projects.CreateProject)
        self.reply(await self.service.gateway.projects.create(self.owner, request), 201)


class ProjectHandler(Handler):
    """`/projects/{id}`."""

    @route
    async def get(self, project_id: str) -> None:
        """Show a project."""
        self.reply(self.service.gateway.projects.show(self.owner, int(project_id)))

    @route
    async def put(self, project_id: str) -> None:
        """Rename a project, or give it another place."""
        request = self.read(projects.UpdateProject)
        self.reply(await self.service.gateway.projects.update(self.owner, int(project_id), request))

    @route
    async def delete(self, project_id: str) -> None:
        """Forget a project; its files stay."""
        await self.service.gateway.projects.delete(self.owner, int(project_id))
        self.reply(managing.Message(message=f"Project '{project_id}' deleted; its files stay"))


class PrepareHandler(Handler):
    """`/projects/{id}/prepare`."""

    @route
    async def post(self, project_id: str) -> None:
        """Try once more to make a project's directory."""
        self.read(projects.PrepareProject)
        self.reply(await self.service.gateway.projects.prepare(self.owner, int(project_id)))


class ProjectTerminalHandler(Handler):
    """`/projects/{id}/terminal`."""

    @route
    async def post(self, project_id: str) -> None:
        """Open a terminal in a project, or where a task of it works; Wegent's `client_origin` changes nothing."""
        self.refuse_kernel()
        request = self.read(projects.ProjectTerminal)
        self.reply(await self.service.gateway.project_terminal(self.owner, int(project_id), request))


class ProjectIdeHandler(Handler):
    """`/projects/{id}/code-server`."""

    @route
    async def post(self, project_id: str) -> None:
        """Say that there is none here."""
        self.service.gateway.projects.show(self.owner, int(project_id))
        raise Refused(NO_IDE, code="no_code_server", fix="Open a terminal, or choose a cloud device.")


class FoldersHandler(Handler):
    """`/devices/{id}/folders`."""

    @route
    async def get(self, device_id: str) -> None:
        """List the directories in a directory of a device, by default the home."""
        path = self.get_query_argument("path", "") or None
        self.reply(await self.service.gateway.files.folders(self.owner, device_id, path))


class FilesHandler(Handler):
    """`/devices/{id}/files`."""

    @route
    async def get(self, device_id: str) -> None:
        """List the files of a workspace that match, best first."""
        path, query = self.get_query_argument("path", ""), self.get_query_argument("query", "", strip=False)
        if not path:
            raise Refused("'path' has to be the directory to look in.", code="invalid")
        limit = self.number("limit", 0, MAX_FILES)
        self.reply(await self.service.gateway.files.files(self.owner, device_id, path, query[:1000], limit))


class WorktreesHandler(Handler):
    """`/worktrees`."""

    @route
    async def get(self) -> None:
        """List the worktrees of all tasks, newest first, with what would go with each."""
        items = await self.service.gateway.files.worktrees(self.owner)
        self.reply(projects.WorktreeReports(items=items, total=len(items)))


class WorktreeHandler(Handler):
    """`/tasks/{id}/worktree`."""

    @route
    async def get(self, task_id: str) -> None:
        """Show what would go with a task's worktree."""
        self.reply(await self.service.gateway.files.worktree(self.owner, int(task_id)))

    @route
    async def delete(self, task_id: str) -> None:
        """Remove it, if nothing is lost with it."""
        self.reply(await self.service.gateway.files.remove_worktree(self.owner, int(task_id)))


class ChangesHandler(Handler):
    """`/tasks/{id}/turns/{turn}/changes`."""

    @route
    async def get(self, task_id: str, turn_id: str) -> None:
        """List what a turn changed, and how that looks now."""
        self.reply(await self.service.gateway.files.changed(self.owner, int(task_id), int(turn_id)))


class DiffHandler(Handler):
    """`/tasks/{id}/turns/{turn}/changes/file`."""

    @route
    async def get(self, task_id: str, turn_id: str) -> None:
        """Show one file before and after a turn."""
        path = self.get_query_argument("path", "", strip=False)
        if not path:
            raise Refused("'path' has to be a file that the turn changed.", code="invalid")
        self.reply(await self.service.gateway.files.diff(self.owner, int(task_id), int(turn_id), path))


class RevertHandler(Handler):
    """`/tasks/{id}/turns/{turn}/changes/revert`."""

    @route
    async def post(self, task_id: str, turn_id: str) -> None:
        """Take back what a turn changed: all that is asked, or nothing."""
        request = self.read(changes.Revert)
        self.reply(await self.service.gateway.files.revert(self.owner, int(task_id), int(turn_id), request))


class AttachmentsHandler(Handler):
    """`/attachments`."""

    @route
    async def post(self) -> None:
        """Keep a file to be sent with a message; the body is the file."""
        check_attachment_size(len(self.request.body))
        given = {name: value for name in ("name", "type") if (value := self.get_query_argument(name, ""))}
        try:
            new = NewAttachment.model_validate(given)
        except ValidationError as error:
            raise Malformed(error) from error
        self.reply(await self.service.gateway.attachments.add(self.owner, new, self.request.body), 201)


class AttachmentHandler(Handler):
    """`/attachments/{id}`."""

    @route
    async def get(self, attachment_id: str) -> None:
        """Download a file that was sent."""
        found, data = await self.service.gateway.attachments.content(self.owner, int(attachment_id))
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(found.name, safe='')}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(data, set_content_type=found.type)

    @route
    async def delete(self, attachment_id: str) -> None:
        """Forget a file that was not sent."""
        await self.service.gateway.attachments.remove(self.owner, int(attachment_id))
        self.reply(managing.Message(message=f"Attachment '{attachment_id}' removed"))


TURN = rf"/tasks/{ID}/turns/{ID}/changes"
TABLE: list[tuple[str, type[Handler]]] = [
    (r"/projects", ProjectsHandler),
    (rf"/projects/{ID}", ProjectHandler),
    (rf"/projects/{ID}/prepare", PrepareHandler),
    (rf"/projects/{ID}/terminal", ProjectTerminalHandler),
    (rf"/projects/{ID}/code-server", ProjectIdeHandler),
    (rf"/devices/{NAME}/folders", FoldersHandler),
    (rf"/devices/{NAME}/files", FilesHandler),
    (r"/worktrees", WorktreesHandler),
    (rf"/tasks/{ID}/worktree", WorktreeHandler),
    (TURN, ChangesHandler),
    (rf"{TURN}/file", DiffHandler),
    (rf"{TURN}/revert", RevertHandler),
    (r"/attachments", AttachmentsHandler),
    (rf"/attachments/{ID}", AttachmentHandler),
]
