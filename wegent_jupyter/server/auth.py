"""Who asks: people and programs through Jupyter's identity, our command line and kernels through narrow tokens."""

import hmac
from typing import TYPE_CHECKING, Any

from jupyter_server.auth import AllowAllAuthorizer, Authorizer, IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from tornado.httputil import HTTPHeaders

from wegent_jupyter.gateway.errors import Forbidden

if TYPE_CHECKING:
    from wegent_jupyter.gateway.credentials import CredentialEntry
    from wegent_jupyter.server.service import Service

SINGLE_OWNER = "local"
"""The one owner where identities are not stable."""
TOKEN_SCHEME = "wegent "  # noqa: S105 - a scheme, not a secret
KERNELS_MAY_NOT = "Kernels of notebooks cannot do this."
IN_A_FACE = "Do it in JupyterLab, or with `jupyter wegent` on the computer on which it runs."


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time. A JSON string may hold half a surrogate pair, so that is let through."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


def presented(headers: HTTPHeaders) -> str | None:
    """Return the API token or key that a request brings, as Wegent's clients send them."""
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    return headers.get("X-API-Key")


class OwnerIdentity(IdentityProvider):
    """Says who comes with a secret of ours, whatever provider the server has for everybody else."""

    def __init__(self, owner: str) -> None:
        """The secret stands for `owner`."""
        super().__init__()
        self._user = User(username=owner)

    def get_user(self, handler: web.RequestHandler) -> User:
        """Return the owner."""
        return self._user

    def is_token_authenticated(self, handler: web.RequestHandler) -> bool:
        """Say yes: a page cannot send this header, so there is no forgery to check for."""
        return True


def knows_hub_users_only(authorizer: Authorizer) -> bool:
    """Say whether it is JupyterHub's: it asks the Hub about the Hub's own kind of user, and fails with any other."""
    return any(one.__module__.partition(".")[0] == "jupyterhub" for one in type(authorizer).__mro__)


class WegentAuth(JupyterHandler):
    """Base of all our handlers: Jupyter's authentication, authorisation and XSRF check, and secrets of our own."""

    auth_resource = "wegent"
    service: "Service"
    credential: "CredentialEntry | None" = None
    """The API token or key by which this request came."""
    by_kernel = False
    """This request came by the token that kernels get."""
    _by_runtime_token = False

    def initialize(self, service: "Service") -> None:
        """Take the service that answers."""
        self.service = service

    async def prepare(self, *args: Any, **kwargs: Any) -> Any:
        """Accept our own secrets, which open `/wegent/…` and nothing else."""
        given = self.request.headers.get("Authorization", "")
        ours = given.lower().startswith(TOKEN_SCHEME)
        token = given[len(TOKEN_SCHEME) :].strip() if ours else ""
        self._by_runtime_token = same_secret(token, self.service.runtime_token)
        self.by_kernel = same_secret(token, self.service.kernels.token)
        if not ours and (secret := presented(self.request.headers)):
            self.credential = self.service.api_credential(secret)
        return await super().prepare(*args, **kwargs)

    @property
    def identity_provider(self) -> IdentityProvider:
        """Return who identifies this request: the server's provider, which need not know our secrets, or ours."""
        if self._by_runtime_token or self.by_kernel:
            return self.service.identity_of(self.service.embedded_owner())
        if self.credential is not None:
            return self.service.identity_of(self.credential.owner)
        return super().identity_provider

    @property
    def authorizer(self) -> Authorizer:
        """Return who decides what this request may do: the operator's, wherever it can judge who comes."""
        theirs: Authorizer = super().authorizer
        ours = self._by_runtime_token or self.by_kernel or self.credential is not None
        return AllowAllAuthorizer() if ours and knows_hub_users_only(theirs) else theirs

    def need_person(self) -> None:
        """Refuse what neither a token or key nor a kernel must do: make others, let machines in; raises Forbidden."""
        self.need_person_or_kernel()
        self.refuse_kernel()

    def need_person_or_kernel(self) -> None:
        """Refuse what a token or key must not do, and the owner's kernels may; raises Forbidden."""
        if self.credential is not None:
            raise Forbidden(
                "API tokens and keys cannot do this.",
                code="tokens_make_no_tokens",
                fix=IN_A_FACE,
            )

    def refuse_kernel(self) -> None:
        """Refuse what a kernel has no need to do, whose code may be somebody else's; raises Forbidden."""
        if self.by_kernel:
            raise Forbidden(KERNELS_MAY_NOT, code="not_from_kernels", fix=IN_A_FACE)

    @property
    def owner(self) -> str:
        """Return whom the objects of this request belong to."""
        return self.service.owner_of(self.current_user)
