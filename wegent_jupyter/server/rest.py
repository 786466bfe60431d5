"""REST under `{base_url}wegent/api`. Every answer is a model of `protocol.api`; every error is a `Problem`."""

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from http.client import responses
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, ValidationError
from tornado import web

from wegent_jupyter.gateway.errors import NotFound, Refused, TooLarge, Unavailable
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.server.auth import WegentAuth

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

M = TypeVar("M", bound=BaseModel)
Method = Callable[..., Awaitable[None]]

MAX_BODY_BYTES = 8 << 20
"""8 MiB: a 1 MiB prompt in which every character is escaped as six still fits."""
MAX_PAGE = 200
MAX_DIGITS = 20
EVENTS_PAGE, EVENTS_CHARS = 2_000, 4 << 20


class Malformed(Exception):
    """The body is not what the route takes. What we stored ourselves and cannot read is not the caller's fault."""

    def __init__(self, error: ValidationError) -> None:
        """Keep what is wrong with which field."""
        super().__init__(str(error))
        self.error = error


def store_failed(error: StoreFailed) -> Refused:
    """Return the refusal of what the database could not do now."""
    return Unavailable(f"The database cannot be used now: {error}", code="store_failed")


def route(method: Method) -> Method:
    """Authenticate, authorise, and turn what we refuse into a Problem."""

    @wraps(method)
    async def answer(self: "Handler", *args: str) -> None:
        try:
            await method(self, *args)
        except Refused as refused:
            self.refuse(refused)
        except StoreFailed as error:
            self.refuse(store_failed(error))
        except Malformed as malformed:
            self.unprocessable(malformed.error)

    # Jupyter's decorators are untyped towards us: they keep the signature.
    checked: Method = web.authenticated(authorized(answer))  # type: ignore[assignment]
    return checked


class Handler(WegentAuth, APIHandler):
    """Base of the REST handlers."""

    def read(self, model: type[M]) -> M:
        """Return the body as a model; an empty one counts as `{}`; raises Malformed or TooLarge."""
        if len(self.request.body) > MAX_BODY_BYTES:
            raise TooLarge(f"The body has more than {MAX_BODY_BYTES:,} bytes.", code="body_too_large")
        try:
            return model.model_validate_json(self.request.body or b"{}")
        except ValidationError as error:
            raise Malformed(error) from error

    def reply(self, model: BaseModel, status: int = 200) -> None:
        """Answer with a model."""
        self.set_status(status)
        self.finish(model.model_dump_json())

    def refuse(self, refused: Refused) -> None:
        """Answer with what was refused and why."""
        problem = api.Problem(detail=refused.message, message=refused.message, code=refused.code, fix=refused.fix)
        self.reply(problem, refused.status)

    def unprocessable(self, error: ValidationError) -> None:
        """Answer 422, naming each field, in FastAPI's shape as Wegent does."""
        details = [{"loc": ["body", *e["loc"]], "msg": e["msg"], "type": e["type"]} for e in error.errors()]
        first = details[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "body"
        problem = api.Problem(detail=details, message=f"{place}: {first['msg']}", code="invalid")
        self.reply(problem, 422)

    def number(self, name: str, default: int, maximum: int) -> int:
        """Return a query parameter as a number from 0 to `maximum`; raises Refused."""
        text = self.get_query_argument(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS:
            raise Refused(f"'{name}' has to be a whole number, not '{text[:40]}'.", code="invalid")
        return min(int(text), maximum)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error of Jupyter or Tornado in our shape, without what only the log should hold."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        message = responses.get(status_code, "Error")
        if isinstance(error, web.HTTPError) and status_code < 500 and error.log_message:
            message = error.log_message % error.args
        problem = api.Problem(detail=message, message=message, code=f"http_{status_code}")
        self.set_header("Content-Type", "application/json")
        self.finish(problem.model_dump_json())


class VersionHandler(Handler):
    """`/version`: who answers, and whether the gateway runs here."""

    @route
    async def get(self) -> None:
        """Answer in any state."""
        self.reply(self.service.version())


class DevicesHandler(Handler):
    """`/devices`."""

    @route
    async def get(self) -> None:
        """List the owner's devices, offline ones too."""
        items = self.service.gateway.show_devices(self.owner)
        self.reply(api.DeviceList(items=items, total=len(items)))


class AgentsHandler(Handler):
    """`/agents`."""

    @route
    async def get(self) -> None:
        """List the agents of a device, by default of the one that new tasks go to."""
        device_id = self.get_query_argument("device_id", "")
        devices = self.service.gateway.devices
        device = devices.get(self.owner, device_id) if device_id else devices.default(self.owner)
        if device is None:
            raise NotFound("Device", "default")
        self.reply(api.AgentList(device_id=device.kept.device_id, items=device.agents))


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


class RefreshAgentsHandler(Handler):
    """`/devices/{id}/agents/refresh`."""

    @route
    async def post(self, device_id: str) -> None:
        """Let a device look again which agents can run."""
        self.read(api.RefreshAgents)
        self.reply(await self.service.gateway.ask_agents(self.owner, device_id, wire.REFRESH, {}))


class AgentPathHandler(Handler):
    """`/devices/{id}/agents/{agent}`."""

    @route
    async def put(self, device_id: str, agent_id: str) -> None:
        """Tell a device where an agent's program is."""
        data = {"agent": agent_id, "path": self.read(api.AgentPath).path}
        self.reply(await self.service.gateway.ask_agents(self.owner, device_id, wire.AGENT_PATH, data))


class TrustHandler(Handler):
    """`/devices/{id}/trust`."""

    @route
    async def get(self, device_id: str) -> None:
        """List the directories of a device about which a person decided."""
        await self._ask(device_id, wire.TRUSTED, {})

    @route
    async def put(self, device_id: str) -> None:
        """Say whether the agent configuration that a directory brings may be used."""
        await self._ask(device_id, wire.TRUST, self.read(api.TrustRequest).model_dump())

    async def _ask(self, device_id: str, event: str, data: dict[str, Any]) -> None:
        answer = await self.service.gateway.ask_device(self.owner, device_id, event, data, wire.TrustAnswer)
        self.reply(api.TrustList(items=answer.items))


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


ID = r"([1-9][0-9]{0,15})"
NAME = r"([^/:\s]{1,100})"
APPROVAL = r"([1-9][0-9]{0,15}\.[1-9][0-9]{0,6})"


def routes(base: str, service: "Service") -> list[tuple[str, type[Handler], dict[str, Any]]]:
    """Return the handlers; `base` is `{base_url}wegent/api`, escaped for a pattern."""
    table: list[tuple[str, type[Handler]]] = [
        (r"/version", VersionHandler),
        (r"/devices", DevicesHandler),
        (r"/agents", AgentsHandler),
        (r"/tasks", TasksHandler),
        (rf"/tasks/{ID}", TaskHandler),
        (rf"/tasks/{ID}/turns", TurnsHandler),
        (rf"/tasks/{ID}/cancel", CancelHandler),
        (rf"/tasks/{ID}/events", EventsHandler),
        (rf"/tasks/{ID}/steer", SteerHandler),
        (rf"/tasks/{ID}/continue", ContinueHandler),
        (r"/approvals", ApprovalsHandler),
        (rf"/approvals/{APPROVAL}", ApprovalHandler),
        (rf"/devices/{NAME}/agents/refresh", RefreshAgentsHandler),
        (rf"/devices/{NAME}/agents/{NAME}", AgentPathHandler),
        (rf"/devices/{NAME}/trust", TrustHandler),
        (r"/openapi\.json", OpenApiHandler),
        (r"/(.*)", UnknownHandler),
    ]
    return [(base + pattern, handler, {"service": service}) for pattern, handler in table]
