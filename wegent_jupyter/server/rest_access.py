"""REST of credentials: API tokens, keys, join codes, and how a machine becomes a device."""

from wegent_jupyter.gateway.errors import Forbidden, NotFound, TooLarge, TooMany
from wegent_jupyter.protocol import access, managing
from wegent_jupyter.server.handler import ID, Handler, open_route, route
from wegent_jupyter.server.limits import neighbourhood
from wegent_jupyter.server.reach import ways_in

CODE = r"([A-Z]{4}-[A-Z]{4})"
MAX_JOIN_BYTES = 16 << 10


class CredentialsHandler(Handler):
    """`/credentials`."""

    @route
    async def get(self) -> None:
        """List the owner's credentials, without their secrets."""
        items = self.service.gateway.credentials.of(self.owner)
        self.reply(access.CredentialList(items=items, total=len(items)))

    @route
    async def post(self) -> None:
        """Make a token, a key or a join code; its secret is in this answer only."""
        self.need_person()
        request = self.read(access.CreateCredential)
        gateway = self.service.gateway
        if request.kind == "join":
            gateway.joins.check_allowed()
        self.reply(await gateway.credentials.create(self.owner, request), 201)


class CredentialHandler(Handler):
    """`/credentials/{id}`."""

    @route
    async def delete(self, credential_id: str) -> None:
        """End a credential, and whatever is connected by it."""
        self.need_person()
        gone = await self.service.gateway.credentials.revoke(self.owner, int(credential_id))
        self.reply(managing.Message(message=f"'{gone.name}' revoked"))


class AddDeviceHandler(Handler):
    """`/add-device`."""

    @route
    async def get(self) -> None:
        """Say how another machine reaches this server as it runs now."""
        self.reply(ways_in(self.service.serverapp, allowed=self.service.allows_remote_devices))


class OpenHandler(Handler):
    """Base of what a machine asks that is no device yet."""

    def check_xsrf_cookie(self) -> None:
        """Let pass: these routes do not look at cookies, and refuse every page by its Origin header."""

    @property
    def peer(self) -> str:
        """Return what stands for all addresses of who asks."""
        return neighbourhood(self.request.remote_ip or "")

    def check_size(self) -> None:
        """Raise TooLarge where the body is longer than any such request."""
        if len(self.request.body) > MAX_JOIN_BYTES:
            raise TooLarge(f"The body has more than {MAX_JOIN_BYTES:,} bytes.", code="body_too_large")

    def check_rate(self, allowed: bool) -> None:
        """Raise TooMany unless it is allowed."""
        if not allowed:
            raise TooMany("Too many requests to join from this address.", code="too_many", fix="Wait a minute.")


class JoinHandler(OpenHandler):
    """`/join`."""

    @open_route
    async def post(self) -> None:
        """Let a machine wait for a person, or in at once if it brings a join code."""
        self.check_size()
        request = self.read(access.Join)
        rate, gateway = self.service.join_rate, self.service.gateway
        if request.code is None:
            self.check_rate(rate.allows(self.peer))
        try:
            joining = await gateway.joins.ask(request, self.request.remote_ip or "", self.peer)
        except Forbidden:
            # Good codes are not counted: a stranger at the same address cannot use up what a machine needs.
            self.check_rate(rate.allows(self.peer))
            raise
        self.reply(joining.model_copy(update={"gateway_id": gateway.id}), 201)


class PollJoinHandler(OpenHandler):
    """`/join/poll`."""

    @open_route
    async def post(self) -> None:
        """Tell a machine what became of its request to join."""
        self.check_size()
        request = self.read(access.PollJoin)
        self.check_rate(self.service.poll_rate.allows(self.peer))
        gateway = self.service.gateway
        joining = await gateway.joins.poll(request.poll_secret)
        self.reply(joining.model_copy(update={"gateway_id": gateway.id}))


class JoinRequestHandler(Handler):
    """`/join/{code}`."""

    @route
    async def get(self, user_code: str) -> None:
        """Show the machine that has this code on its screen."""
        self.need_person()
        self.reply(self._found(user_code))

    @route
    async def post(self, user_code: str) -> None:
        """Let it in, or not."""
        self.need_person()
        answer = self.read(access.AnswerJoin)
        self._found(user_code)
        self.reply(self.service.gateway.joins.answer(self.owner, user_code, answer.approve))

    def _found(self, user_code: str) -> access.JoinRequest:
        """Return the machine; raises NotFound, and TooMany for whoever tries codes."""
        if self.request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            # A browser sends cookies along with what another page asks for: its tries must not count as the person's.
            raise Forbidden("Another site asked for this.", code="foreign_site")
        gateway, tries = self.service.gateway, self.service.code_rate
        if tries.exhausted(self.owner):
            raise TooMany("Too many wrong codes.", code="too_many", fix="Wait a minute.")
        try:
            return gateway.joins.find(self.owner, user_code)
        except NotFound:
            tries.allows(self.owner)
            raise


TABLE: list[tuple[str, type[Handler]]] = [
    (r"/credentials", CredentialsHandler),
    (rf"/credentials/{ID}", CredentialHandler),
    (r"/add-device", AddDeviceHandler),
    (r"/join", JoinHandler),
    (r"/join/poll", PollJoinHandler),
    (rf"/join/{CODE}", JoinRequestHandler),
]
