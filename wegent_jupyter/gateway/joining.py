"""Machines that ask to become devices, in memory: a restart forgets them and they ask again.

Nobody knows the owner of a request before a person types its code into a face: then it is theirs. There is no list of
what waits, since whoever reaches the port can ask.
"""

import hashlib
import math
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from wegent_jupyter.gateway.credentials import Credentials
from wegent_jupyter.gateway.devices import Devices
from wegent_jupyter.gateway.errors import Conflict, Forbidden, NotFound, Refused, TooMany
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol.access import JOIN_SECONDS, Join, Joining, JoinRequest, JoinState, printable

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no words come up (RFC 8628, 6.1). Eight of them: 34 bits, for at most 20 codes at a time that only
who is logged in may try."""
MAX_WAITING = 20
MAX_OF_PEER = 5
"""Who asks from one address cannot take every place. When all are taken, whoever holds most loses the oldest."""


class JoinEnded(Refused):
    """Nothing waits with this secret, or its key was given."""

    status = 404

    def __init__(self) -> None:
        """Say so in the same words for both."""
        super().__init__(
            "This request to join has ended.", code="join_ended", fix="Ask again: wegent-executor join URL"
        )


@dataclass(slots=True, eq=False)
class _Request:
    user_code: str
    poll_hash: str
    join: Join
    address: str
    peer: str
    ends: float
    state: JoinState = "waiting"
    owner: str | None = None
    """Who answered."""
    told: bool = False
    """The machine has its key, or is about to get it."""


class Joins:
    """The machines that wait, and those that a person answered a short while ago."""

    def __init__(
        self,
        credentials: Credentials,
        devices: Devices,
        *,
        allowed: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`allowed`: the operator lets machines join."""
        self._credentials, self._devices, self._allowed, self._clock = credentials, devices, allowed, clock
        self._requests: list[_Request] = []

    # What machines ask.

    async def ask(self, join: Join, address: str, peer: str) -> Joining:
        """Let a machine wait for a person, or in at once if it brings a join code; raises Refused.

        `address` is shown to the person; `peer` stands for all addresses that one peer may have.
        """
        self.check_allowed()
        shown = {"name": printable(join.name) or "unnamed", "system": printable(join.system)}
        join = join.model_copy(update=shown)
        if join.code is not None:
            key = await self._credentials.redeem(
                join.code, join.device_id, join.name, lambda owner: self._check_device(owner, join.device_id)
            )
            return Joining(state="approved", key=key)
        self._make_room(join.device_id, peer)
        poll_secret = secrets.token_urlsafe(32)
        request = _Request(self._new_code(), _hash(poll_secret), join, address, peer, self._clock() + JOIN_SECONDS)
        self._requests.append(request)
        return Joining(
            state="waiting", user_code=request.user_code, poll_secret=poll_secret, expires_in=self._left(request)
        )

    async def poll(self, poll_secret: str) -> Joining:
        """Tell a machine what became of its request; the key of an approved one only once; raises JoinEnded."""
        wanted = _hash(poll_secret)
        request = next((one for one in self._live() if one.poll_hash == wanted and not one.told), None)
        if request is None:
            raise JoinEnded
        if request.state != "approved" or request.owner is None:
            return Joining(state=request.state, user_code=request.user_code, expires_in=self._left(request))
        request.told = True  # before anything is awaited: two may ask at once
        try:
            self._check_device(request.owner, request.join.device_id)
            key = await self._credentials.admit(request.owner, request.join.device_id, request.join.name)
        except StoreFailed:
            request.told = False
            raise
        return Joining(state="approved", key=key)

    # What a person does who typed a code.

    def find(self, owner: str, user_code: str) -> JoinRequest:
        """Return the machine that shows this code; raises NotFound."""
        return self._show(owner, self._request(owner, user_code))

    def answer(self, owner: str, user_code: str, approve: bool) -> JoinRequest:
        """Let it in, or not; the first answer counts; raises Refused."""
        request = self._request(owner, user_code)
        state: JoinState = "approved" if approve else "denied"
        if request.state not in ("waiting", state):
            raise Conflict(f"This request was {request.state} already.", code="already_answered")
        if approve:
            self.check_allowed()
            self._check_device(owner, request.join.device_id)
        request.owner, request.state = owner, state
        return self._show(owner, request)

    def forget(self, owner: str, device_id: str) -> None:
        """Drop what was approved for a device that is removed, and not fetched yet."""
        self._requests = [one for one in self._requests if (one.owner, one.join.device_id) != (owner, device_id)]

    def check_allowed(self) -> None:
        """Raise Forbidden where the operator lets no machine join."""
        if not self._allowed:
            raise Forbidden(
                "This server takes no devices beside its own.",
                code="remote_devices_off",
                fix="Its operator can set c.WegentApp.allow_remote_devices = True.",
            )

    # Both.

    def _check_device(self, owner: str, device_id: str) -> None:
        known = self._devices.by_key((owner, device_id))
        if known is not None and known.kept.embedded:
            raise Conflict(
                "This is the identity of the server's own device.",
                code="embedded",
                fix="On the other machine: wegent-executor identity new",
            )

    def _live(self) -> list[_Request]:
        self._requests = [one for one in self._requests if one.ends > self._clock()]
        return self._requests

    def _request(self, owner: str, user_code: str) -> _Request:
        for one in self._live():
            if one.user_code == user_code and one.owner in (None, owner):
                return one
        raise NotFound("Code", user_code)

    def _make_room(self, device_id: str, peer: str) -> None:
        """Keep what waits bounded; a machine that asks again replaces its own request; raises TooMany."""
        waiting = [one for one in self._live() if one.state == "waiting"]
        for one in waiting:
            if (one.peer, one.join.device_id) == (peer, device_id):
                self._requests.remove(one)
                return
        of_peer = Counter(one.peer for one in waiting)
        if of_peer[peer] >= MAX_OF_PEER:
            raise TooMany(
                f"{MAX_OF_PEER} machines at this address wait already.",
                code="too_many_waiting",
                fix="Answer them first, or join with a code: wegent-executor join URL --code -",
            )
        if len(waiting) >= MAX_WAITING:
            most = max(of_peer.values())
            self._requests.remove(next(one for one in waiting if of_peer[one.peer] == most))

    def _new_code(self) -> str:
        taken = {one.user_code for one in self._requests}
        while True:
            letters = "".join(secrets.choice(LETTERS) for _ in range(8))
            code = f"{letters[:4]}-{letters[4:]}"
            if code not in taken:
                return code

    def _left(self, request: _Request) -> int:
        return max(0, math.ceil(request.ends - self._clock()))

    def _show(self, owner: str, request: _Request) -> JoinRequest:
        return JoinRequest(
            user_code=request.user_code,
            device_id=request.join.device_id,
            name=request.join.name,
            system=request.join.system,
            address=request.address,
            known=self._devices.by_key((owner, request.join.device_id)) is not None,
            expires_in=self._left(request),
            state=request.state,
        )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
