"""What the API takes and gives about credentials, and about how a machine becomes a device."""

from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from wegent_jupyter.protocol.api import Model, Request

TOKEN_DAYS = 7
"""An API token's life (feature page, *Getting JWT Token*)."""
JOIN_SECONDS = 900
"""The life of a join code, and of a request to join that nobody answers."""
POLL_SECONDS = 2

CredentialKind = Literal["token", "key", "join", "device"]
"""An API token (JWT, seven days); a long-lived `wg-` key; a single-use code with which one machine may join; the key
of one device."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def printable(text: str) -> str:
    """Return a stranger's text without what would steer a terminal or turn the direction of writing."""
    return "".join(char for char in text if char.isprintable()).strip()


def _checked(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has characters that cannot be shown")
    return text


DeviceId = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^:/\s]+$"), AfterValidator(_checked)
]


class Credential(Model):
    """A secret that was given out, without the secret."""

    id: int
    kind: CredentialKind
    name: str
    device_id: str | None = None
    """The only device that may use it."""
    created_at: str
    expires_at: str | None = None
    last_used_at: str | None = None
    """To the minute."""


class CreateCredential(Request):
    """Make a secret."""

    kind: Literal["token", "key", "join"] = "token"
    name: Name
    """What it is for, in the person's own words."""


class CreatedCredential(Credential):
    """A new secret: this answer is the only place in which it ever appears."""

    secret: str


class CredentialList(Model):
    """Answer of `GET /credentials`, newest first."""

    items: list[Credential]
    total: int


class Join(Request):
    """A machine asks to become a device. Needs no authentication: a person, or a join code, decides."""

    device_id: DeviceId
    name: Name
    system: Annotated[str, StringConstraints(max_length=100)] = ""
    """Operating system and architecture, shown to who approves."""
    code: Annotated[str, StringConstraints(max_length=1000)] | None = None
    """A join code: no person is asked."""


class PollJoin(Request):
    """The machine asks whether somebody answered."""

    poll_secret: Annotated[str, StringConstraints(max_length=200)]


JoinState = Literal["waiting", "approved", "denied"]


class Joining(Model):
    """What the machine is told, in the manner of RFC 8628."""

    state: JoinState
    user_code: str | None = None
    """`ABCD-EFGH`: shown on the machine, typed by the person into a face."""
    poll_secret: str | None = None
    """With which the machine polls; only in the first answer."""
    expires_in: int | None = None
    interval: int = POLL_SECONDS
    """Seconds between two polls."""
    key: str | None = None
    """The device's own key: given once."""
    gateway_id: str | None = None


class JoinRequest(Model):
    """A machine that waits, as the person sees it who typed its code."""

    user_code: str
    device_id: str
    name: str
    system: str = ""
    address: str
    """From where it asked."""
    known: bool = False
    """A device with this id is there already; approving gives it a new key."""
    expires_in: int
    state: JoinState


class AnswerJoin(Request):
    """Let the machine in, or not."""

    approve: bool


class JoinWay(Model):
    """One way in which another machine reaches this server."""

    id: Literal["ssh", "direct"]
    url: str
    """What the machine gives as its gateway."""
    join: str
    """The command for a person at that machine's terminal (for `ssh`: typed here, it logs in there)."""
    run: str
    """The command that starts the device again later."""
    works: bool
    reason: str | None = None
    """Why it does not work, or what it needs."""
    fix: str | None = None


class AddDevice(Model):
    """Answer of `GET /add-device`: how another machine joins, as this server is reachable now."""

    allowed: bool
    """The operator allows devices beside the embedded one."""
    install: str
    """The command that puts `wegent-executor` on a machine."""
    ways: list[JoinWay]
    """The best one first."""
    stock: bool
    """Wegent's own executors can join: they always use `/socket.io/` at the root."""
    stock_reason: str | None = None
