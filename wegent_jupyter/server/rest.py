"""REST under `{base_url}wegent/api`. Every answer is a model of `protocol`; every error is a `Problem`."""

import json
from typing import TYPE_CHECKING, Any

from wegent_jupyter.gateway.errors import NotFound
from wegent_jupyter.protocol import api, managing
from wegent_jupyter.server import (
    rest_access,
    rest_devices,
    rest_models,
    rest_personal,
    rest_projects,
    rest_skills,
    rest_terminals,
)
from wegent_jupyter.server.handler import ID, Handler, route

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

MAX_PAGE = 200
EVENTS_PAGE, EVENTS_CHARS = 2_000, 4 << 20


class VersionHandler(Handler):
    """`/version`: who answers, and whether the gateway runs here."""

    @route
    async def get(self) -> None:
        """Answer in any state."""
        self.reply(self.service.version())


class TasksHandler(Handler):
    """`/tasks`."""

    @route
    async def get(self) -> None:
        """List the owner's tasks, newest activity first; `before` is the `updated_at` of the last one seen."""
        limit = self.number("limit", 50, MAX_PAGE)
        before = self.get_query_argument("before", "") or None
        items, total = await self.service.gateway.tasks.list(self.owner, limit, before)
        self.reply(api.TaskList(items=items, total=total))

    @route
    async def post(self) -> None:
        """Make a task with its first turn."""
        gateway = self.service.gateway
        self.reply(await gateway.create_task(self.owner, self.read(api.CreateTask)), 201)


class TaskHandler(Handler):
    """`/tasks/{id}`."""

    @route
    async def get(self, task_id: str) -> None:
        """Show a task with its turns."""
        self.reply(await self.service.gateway.tasks.detail(self.owner, int(task_id)))


class TurnsHandler(Handler):
    """`/tasks/{id}/turns`."""

    @route
    async def post(self, task_id: str) -> None:
        """Add a message to a task."""
        gateway = self.service.gateway
        self.reply(await gateway.create_turn(self.owner, int(task_id), self.read(api.CreateTurn)), 201)


class CancelHandler(Handler):
    """`/tasks/{id}/cancel`."""

    @route
    async def post(self, task_id: str) -> None:
        """Stop a turn of a task."""
        request = self.read(api.CancelTurn)
        self.reply(await self.service.gateway.cancel(self.owner, int(task_id), request.turn_id))


class SteerHandler(Handler):
    """`/tasks/{id}/steer`."""

    @route
    async def post(self, task_id: str) -> None:
        """Hand a message to the agent at work."""
        self.reply(await self.service.gateway.steer(self.owner, int(task_id), self.read(api.Steer)))


class ContinueHandler(Handler):
    """`/tasks/{id}/continue`."""

    @route
    async def post(self, task_id: str) -> None:
        """Take up a conversation whose newest turn failed or was stopped."""
        self.read(api.ContinueTask)
        self.reply(await self.service.gateway.continue_task(self.owner, int(task_id)), 201)


class RequeueHandler(Handler):
    """`/tasks/{id}/turns/{turn}/queue`."""

    @route
    async def put(self, task_id: str, turn_id: str) -> None:
        """Give a waiting turn another place, or another device."""
        request = self.read(managing.Requeue)
        queues = self.service.gateway.queues
        self.reply(await queues.requeue(self.owner, int(task_id), int(turn_id), request))


class ResumeHandler(Handler):
    """`/tasks/{id}/resume`."""

    @route
    async def post(self, task_id: str) -> None:
        """Let the messages of a paused conversation run."""
        self.read(api.ResumeTask)
        self.reply(await self.service.gateway.queues.resume(self.owner, int(task_id)))


class ApprovalsHandler(Handler):
    """`/approvals`."""

    @route
    async def get(self) -> None:
        """List what waits for a person, oldest first."""
        items = self.service.gateway.approvals.open(self.owner)
        self.reply(api.ApprovalList(items=items, total=len(items)))


class ApprovalHandler(Handler):
    """`/approvals/{id}`."""

    @route
    async def post(self, approval_id: str) -> None:
        """Answer; the first answer wins."""
        decision = self.read(api.Decision)
        self.reply(await self.service.gateway.approvals.decide(self.owner, approval_id, decision))


class EventsHandler(Handler):
    """`/tasks/{id}/events`."""

    @route
    async def get(self, task_id: str) -> None:
        """Return a page of a task's history; ask again with `after_pos` = the last `pos` until it is empty."""
        after = self.number("after_pos", 0, 1 << 53)
        items = await self.service.gateway.events(self.owner, int(task_id), after, EVENTS_PAGE, EVENTS_CHARS)
        self.reply(api.EventList(items=items, last_pos=items[-1].pos if items else after))


class OpenApiHandler(Handler):
    """`/openapi.json`."""

    @route
    async def get(self) -> None:
        """Describe this API."""
        from wegent_jupyter.server.openapi import document

        self.finish(json.dumps(document()))


class UnknownHandler(Handler):
    """Anything else below `/wegent/api`."""

    async def _nothing(self, path: str) -> None:
        """Say that there is nothing."""
        raise NotFound("Path", f"/{path}"[:200])

    # One each: Jupyter's decorator remembers the action of the first method that it authorised.
    get = route(_nothing)
    post = route(_nothing)
    put = route(_nothing)
    patch = route(_nothing)
    delete = route(_nothing)


APPROVAL = r"([1-9][0-9]{0,15}\.[1-9][0-9]{0,6})"


def routes(base: str, service: "Service") -> list[tuple[str, type[Handler], dict[str, Any]]]:
    """Return the handlers; `base` is `{base_url}wegent/api`, escaped for a pattern."""
    table: list[tuple[str, type[Handler]]] = [
        (r"/version", VersionHandler),
        (r"/tasks", TasksHandler),
        (rf"/tasks/{ID}", TaskHandler),
        (rf"/tasks/{ID}/turns", TurnsHandler),
        (rf"/tasks/{ID}/cancel", CancelHandler),
        (rf"/tasks/{ID}/events", EventsHandler),
        (rf"/tasks/{ID}/steer", SteerHandler),
        (rf"/tasks/{ID}/continue", ContinueHandler),
        (rf"/tasks/{ID}/resume", ResumeHandler),
        (rf"/tasks/{ID}/turns/{ID}/queue", RequeueHandler),
        (r"/approvals", ApprovalsHandler),
        (rf"/approvals/{APPROVAL}", ApprovalHandler),
        *rest_devices.TABLE,
        *rest_terminals.TABLE,
        *rest_projects.TABLE,
        *rest_access.TABLE,
        *rest_personal.TABLE,
        *rest_models.TABLE,
        *rest_skills.TABLE,
        (r"/openapi\.json", OpenApiHandler),
        (r"/(.*)", UnknownHandler),
    ]
    return [(base + pattern, handler, {"service": service}) for pattern, handler in table]
