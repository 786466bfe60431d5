"""Who asks: people and programs through Jupyter's identity, our own command line through a narrow token."""

import hmac
from typing import TYPE_CHECKING, Any

from jupyter_server.auth import User
from jupyter_server.base.handlers import JupyterHandler

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service

SINGLE_OWNER = "local"
"""The one owner where identities are not stable."""
TOKEN_SCHEME = "wegent "  # noqa: S105 - a scheme, not a secret


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


class WegentAuth(JupyterHandler):
    """Base of all our handlers: Jupyter's authentication, authorisation and XSRF check, and our runtime token."""

    auth_resource = "wegent"
    service: "Service"

    def initialize(self, service: "Service") -> None:
        """Take the service that answers."""
        self.service = service

    async def prepare(self, *args: Any, **kwargs: Any) -> Any:
        """Accept the runtime token of this server's 0600 file; it opens `/wegent/…` and nothing else."""
        given = self.request.headers.get("Authorization", "")
        ours = given.lower().startswith(TOKEN_SCHEME)
        if ours and same_secret(given[len(TOKEN_SCHEME) :].strip(), self.service.runtime_token):
            self._jupyter_current_user = User(username=self.service.embedded_owner())
            self._token_authenticated = True
        return await super().prepare(*args, **kwargs)

    @property
    def owner(self) -> str:
        """Return whom the objects of this request belong to."""
        return self.service.owner_of(self.current_user)
