"""The base of the REST handlers: who may, what comes in, what is refused and how."""

from collections.abc import Awaitable, Callable
from functools import wraps
from http.client import responses
from typing import Any, TypeVar

from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, ValidationError
from tornado import web

from wegent_jupyter.gateway.errors import Forbidden, NotFound, Refused, TooLarge, Unavailable
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import api
from wegent_jupyter.server.auth import WegentAuth, presented

M = TypeVar("M", bound=BaseModel)
Method = Callable[..., Awaitable[None]]

MAX_BODY_BYTES = 8 << 20
"""8 MiB: a 1 MiB prompt in which every character is escaped as six still fits."""
MAX_DIGITS = 20
ID = r"([1-9][0-9]{0,15})"
NAME = r"([^/:\s]{1,1200})"
"""A name as it is in a path: each of its characters may be there as up to twelve, percent-encoded."""
MAX_NAME = 100


class Malformed(Exception):
    """The body is not what the route takes. What we stored ourselves and cannot read is not the caller's fault."""

    def __init__(self, error: ValidationError) -> None:
        """Keep what is wrong with which field."""
        super().__init__(str(error))
        self.error = error


def store_failed(error: StoreFailed) -> Refused:
    """Return the refusal of what the database could not do now."""
    return Unavailable(f"The database cannot be used now: {error}", code="store_failed")


def answering(method: Method) -> Method:
    """Turn what we refuse into a Problem."""

    @wraps(method)
    async def answer(self: "Handler", *args: str) -> None:
        try:
            if any(len(name) > MAX_NAME for name in args):
                raise NotFound("Name", args[0])
            await method(self, *args)
        except Refused as refused:
            self.refuse(refused)
        except StoreFailed as error:
            self.refuse(store_failed(error))
        except Malformed as malformed:
            self.unprocessable(malformed.error)

    return answer


def route(method: Method) -> Method:
    """Authenticate, authorise, and turn what we refuse into a Problem."""
    # Jupyter's decorators are untyped towards us: they keep the signature.
    checked: Method = web.authenticated(authorized(answering(method)))  # type: ignore[assignment]
    return checked


def open_route(method: Method) -> Method:
    """Answer anybody, but not a page in a browser: a machine that joins has no identity yet."""

    async def answer(self: "Handler", *args: str) -> None:
        if "Origin" in self.request.headers:
            raise Forbidden("Browsers are not devices.", code="no_browsers")
        await method(self, *args)

    return allow_unauthenticated(answering(answer))


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
        self.finish(model.model_dump_json(by_alias=True))

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

    def flag(self, name: str) -> bool:
        """Return a query parameter that is `true` or `false`, by default false; raises Refused."""
        text = self.get_query_argument(name, "false").lower()
        if text not in ("true", "false"):
            raise Refused(f"'{name}' has to be true or false, not '{text[:40]}'.", code="invalid")
        return text == "true"

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error of Jupyter or Tornado in our shape, without what only the log should hold."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        message = responses.get(status_code, "Error")
        if isinstance(error, web.HTTPError) and status_code < 500 and error.log_message:
            message = error.log_message % error.args
        fix = None
        unknown = getattr(self, "_jupyter_current_user", None) is None
        if status_code == 403 and unknown and presented(self.request.headers):
            message = "This token or key is wrong, expired or revoked."
            fix = "Make a new one in JupyterLab: Connections, API tokens."
        problem = api.Problem(detail=message, message=message, code=f"http_{status_code}", fix=fix)
        self.set_header("Content-Type", "application/json")
        self.finish(problem.model_dump_json())
