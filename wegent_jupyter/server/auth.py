"""Who asks: people and programs through Jupyter's identity, our own command line through a narrow token."""

import hmac
from typing import TYPE_CHECKING, Any

from jupyter_server.auth import IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

SINGLE_OWNER = "local"
"""The one owner where identities are not stable."""
TOKEN_SCHEME = "wegent "  # noqa: S105 - a scheme, not a secret


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time. A JSON string may hold half a surrogate pair, so that is let through."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


class RuntimeIdentity(IdentityProvider):
    """Says who comes with the runtime token, whatever provider the server has for everybody else."""

    def __init__(self, owner: str) -> None:
        """The token stands for `owner`."""
        super().__init__()
        self._user = User(username=owner)

    def get_user(self, handler: web.RequestHandler) -> User:
        """Return the owner."""
        return self._user

    def is_token_authenticated(self, handler: web.RequestHandler) -> bool:
        """Say yes: a page cannot send this header, so there is no forgery to check for."""
        return True


class WegentAuth(JupyterHandler):
    """Base of all our handlers: Jupyter's authentication, authorisation and XSRF check, and our runtime token."""

    auth_resource = "wegent"
    service: "Service"
    _by_runtime_token = False

    def initialize(self, service: "Service") -> None:
        """Take the service that answers."""
        self.service = service

    async def prepare(self, *args: Any, **kwargs: Any) -> Any:
        """Accept the runtime token of this server's 0600 file; it opens `/wegent/…` and nothing else."""
        given = self.request.headers.get("Authorization", "")
        ours = given.lower().startswith(TOKEN_SCHEME)
        self._by_runtime_token = ours and same_secret(given[len(TOKEN_SCHEME) :].strip(), self.service.runtime_token)
        return await super().prepare(*args, **kwargs)

    @property
    def identity_provider(self) -> IdentityProvider:
        """Return who identifies this request: the server's provider, which need not know our token, or ours."""
        return self.service.runtime_identity if self._by_runtime_token else super().identity_provider

    @property
    def owner(self) -> str:
        """Return whom the objects of this request belong to."""
        return self.service.owner_of(self.current_user)
