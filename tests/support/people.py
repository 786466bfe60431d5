"""A front door for test servers: three people with stable names, an authorizer that writes down what it is asked.

Given to a server by name, in `OPTIONS`. `GET {base_url}walk` tells the live routes that are ours, and forgets and tells
what was asked of the authorizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from jupyter_server.auth import Authorizer, IdentityProvider, User
from tornado import web
from tornado.routing import PathMatches, RuleRouter

from tests.support.server import TOKEN

TOKENS = {TOKEN: "alice", "bob-token": "bob", "carol-token": "carol"}
"""Alice owns the embedded device; Bob is somebody else; Carol may not use Wegent."""

OPTIONS = [
    "--WegentApp.stable_identities=True",
    "--ServerApp.identity_provider_class=tests.support.people.People",
    "--ServerApp.authorizer_class=tests.support.people.Door",
]
HUB_OPTIONS = [
    "--WegentApp.stable_identities=True",
    "--ServerApp.identity_provider_class=tests.support.people.HubPeople",
    "--ServerApp.authorizer_class=tests.support.people.HubDoor",
]
ENVIRONMENT = {"JUPYTERHUB_USER": "alice"}


class People(IdentityProvider):
    """Knows people by token or cookie. It answers `get_user` alone, as JupyterHub's provider does."""

    async def get_user(self, handler: web.RequestHandler) -> User | None:
        scheme, _, token = handler.request.headers.get("Authorization", "").partition(" ")
        name = TOKENS.get(token) if scheme == "token" else None
        if name is None:
            found = self.get_user_cookie(handler)
            assert found is None or isinstance(found, User)
            return found
        handler._token_authenticated = True  # type: ignore[attr-defined]
        user = User(name)
        self.set_login_cookie(handler, user)
        return user

    def get_handlers(self) -> list[tuple[str, object]]:
        return [*super().get_handlers(), (r"/walk", Walk)]


class Door(Authorizer):
    """Lets everybody do everything, except Carol with Wegent."""

    asked: ClassVar[list[tuple[str, str, str]]] = []

    def is_authorized(self, handler: web.RequestHandler, user: User, action: str, resource: str) -> bool:
        self.asked.append((user.username, action, resource))
        return not (user.username == "carol" and resource == "wegent")


class HubUser(User):
    """Has what JupyterHub's provider adds."""

    hub_user: dict[str, str]


class HubPeople(People):
    """Knows people as JupyterHub's provider does."""

    async def get_user(self, handler: web.RequestHandler) -> User | None:
        user = await super().get_user(handler)
        if user is None:
            return None
        known = HubUser(user.username)
        known.hub_user = {"name": user.username}
        return known


class HubDoor(Authorizer):
    """Looks at users as JupyterHub's authorizer does (jupyterhub/singleuser/extension.py): those of the Hub only."""

    __module__ = "jupyterhub.singleuser.extension"

    def is_authorized(self, handler: web.RequestHandler, user: User, action: str, resource: str) -> bool:
        hub_user: dict[str, str] = user.hub_user  # type: ignore[attr-defined]
        return hub_user["name"] != "carol"


class Walk(web.RequestHandler):
    """Tells what only this process knows."""

    def get(self) -> None:
        asked, Door.asked[:] = list(Door.asked), []
        self.finish({"routes": list(_routes(self.application.default_router)), "asked": asked})


def _routes(router: RuleRouter) -> Iterator[dict[str, Any]]:
    """Walk the live table: everything whose path or handler is ours."""
    for rule in router.rules:
        target: Any = rule.target
        if isinstance(target, RuleRouter):
            yield from _routes(target)
            continue
        pattern = rule.matcher.regex.pattern if isinstance(rule.matcher, PathMatches) else ""
        if "wegent" in pattern or getattr(target, "__module__", "").startswith("wegent_jupyter"):
            yield {"pattern": pattern, "methods": _methods(target)}


def _methods(handler: type[web.RequestHandler]) -> list[str]:
    missing = web.RequestHandler._unimplemented_method
    return [name for name in handler.SUPPORTED_METHODS if getattr(handler, name.lower()) is not missing]
