"""Secrets that were given out: made, checked, revoked. Only their hashes are kept; few enough to be all in memory."""

import hashlib
import logging
import secrets
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from wegent_jupyter.gateway.errors import Conflict, Forbidden, NotFound
from wegent_jupyter.gateway.store import credential_records as records
from wegent_jupyter.gateway.store.records import Row
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.protocol.access import (
    JOIN_SECONDS,
    TOKEN_DAYS,
    CreateCredential,
    CreatedCredential,
    Credential,
    CredentialKind,
)
from wegent_jupyter.protocol.ids import IdSource

log = logging.getLogger(__name__)

KEY_PREFIX = "wg-"
JOIN_PREFIX = "wgj-"
DEVICE_PREFIX = "wgd-"
SECRET_BYTES = 32
JOIN_BYTES = 18
"""24 characters: it is typed or pasted by hand."""
MAX_SECRET = 1_000
"""Characters: what is longer is none of ours, and need not be hashed."""
DAY = 86_400
USED_STEP = 60.0
"""Seconds: last use is known to the minute, and stored at most as often."""
MAX_OF_OWNER = 200
"""Tokens, keys and codes of one owner. Keys of devices are not counted: at most two for each."""

REMOVED = "Registration failed: this device was removed. Join it again: wegent-executor join URL"


@dataclass(slots=True, eq=False)
class CredentialEntry:
    """One secret of one owner, without the secret."""

    id: int
    owner: str
    kind: CredentialKind
    hash: str
    name: str
    created: float
    """Seconds since 1970, as all times here."""
    device_id: str | None = None
    """The only device that may use it. A join code has one once it was used."""
    expires: float | None = None
    used: float | None = None
    made_by: int | None = None
    """The token or key with which the device came; None: a person or a join code let it in."""
    code: int | None = None
    """The join code by which it was made."""

    def show(self) -> Credential:
        """Return what a person sees of it."""
        return Credential(
            id=self.id,
            kind=self.kind,
            name=self.name,
            device_id=self.device_id,
            created_at=_iso(self.created),
            expires_at=_iso(self.expires) if self.expires is not None else None,
            last_used_at=_iso(self.used) if self.used is not None else None,
        )

    def data(self) -> Row:
        """Return what is stored beside the columns."""
        return {
            "name": self.name,
            "created": self.created,
            "device_id": self.device_id,
            "expires": self.expires,
            "used": self.used,
            "made_by": self.made_by,
            "code": self.code,
        }

    def row(self) -> Row:
        """Return all that is stored."""
        return {"id": self.id, "owner": self.owner, "kind": self.kind, "hash": self.hash, "data": self.data()}


Revoked = Callable[[CredentialEntry], Awaitable[None]]
"""Told after a credential is gone, so that what lives by it is ended."""


class Credentials:
    """All credentials of one gateway."""

    def __init__(
        self, store: Store, ids: IdSource, token_key: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """`token_key` signs API tokens; None: they end with this process."""
        self._store, self._ids, self._clock = store, ids, clock
        self._signer = Signer(token_key or secrets.token_hex(SECRET_BYTES))
        self._by_hash: dict[str, CredentialEntry] = {}
        self._by_device: dict[tuple[str, str], list[CredentialEntry]] = {}
        """By owner and device id: its keys, and the join codes that it used."""
        self._removed: set[tuple[str, str]] = set()
        self.on_revoked: Revoked | None = None

    async def open(self) -> None:
        """Read what is stored, and forget what nobody can use any more."""
        for row in await self._store.read(records.all_credentials):
            entry = CredentialEntry(row["id"], row["owner"], row["kind"], row["hash"], **row["data"])
            self._keep(entry)
            self._ids.raise_floor(entry.id)
        self._removed = await self._store.read(records.all_removed)
        try:
            await self._forget_old()
        except StoreFailed as error:  # a full disk is no reason not to start
            log.error("What nobody can use any more stays: %s", error)

    # Checking.

    def check(self, secret: str, *kinds: CredentialKind) -> CredentialEntry | None:
        """Return the credential with this secret if it is of one of these kinds and may be used now; notes the use."""
        entry = self._find(secret)
        if entry is None or entry.kind not in kinds or self.expired(entry):
            return None
        if entry.kind == "token" and not self._signer.signed(secret):
            return None
        self._note_use(entry)
        return entry

    def _find(self, secret: str) -> CredentialEntry | None:
        return self._by_hash.get(_hash(secret)) if len(secret) <= MAX_SECRET else None

    def alive(self, entry: CredentialEntry) -> bool:
        """Say whether a credential that was checked before may still be used."""
        return not self.revoked(entry) and not self.expired(entry)

    def revoked(self, entry: CredentialEntry) -> bool:
        """Say whether it was revoked, or replaced by a newer one."""
        return self._by_hash.get(entry.hash) is not entry

    def expired(self, entry: CredentialEntry) -> bool:
        """Say whether its time is over."""
        return entry.expires is not None and entry.expires <= self._clock()

    def removed(self, owner: str, device_id: str) -> bool:
        """Say whether a device was deleted and revoked: then it has to join again."""
        return (owner, device_id) in self._removed

    def joined(self, owner: str, device_id: str) -> bool:
        """Say whether a device has a key that it got by joining, and uses it."""
        return any(one.used is not None and one.made_by is None for one in self._device_keys(owner, device_id))

    def of(self, owner: str) -> list[Credential]:
        """Return an owner's credentials, newest first."""
        mine = [entry for entry in self._by_hash.values() if entry.owner == owner and self._listed(entry)]
        return [entry.show() for entry in sorted(mine, key=lambda entry: -entry.id)]

    # Making.

    async def create(self, owner: str, request: CreateCredential) -> CreatedCredential:
        """Make a token, a key or a join code; raises Conflict."""
        await self._forget_old()
        if sum(entry.owner == owner and entry.kind != "device" for entry in self._by_hash.values()) >= MAX_OF_OWNER:
            raise Conflict(
                f"There are {MAX_OF_OWNER} tokens, keys and codes already.",
                code="too_many_credentials",
                fix="Revoke those that nobody needs.",
            )
        entry, secret = self._make(owner, request.kind, request.name)
        await self._store.write(partial(records.add_credential, row=entry.row()))
        self._keep(entry)
        return CreatedCredential(**entry.show().model_dump(), secret=secret)

    async def create_device_key(
        self, by: CredentialEntry, device_id: str, name: str
    ) -> tuple[CredentialEntry, str] | None:
        """Make the key of a device that came with a token or a key; returns it with its secret.

        None where there is none to have: the device has one from joining, or was removed, or what it came with was
        revoked. So a token that leaked takes no device from who let it in.
        """
        if self.joined(by.owner, device_id) or self.removed(by.owner, device_id):
            return None
        entry, secret = self._make(by.owner, "device", name, device_id)
        entry.made_by = by.id
        await self._add_device_key(entry)
        if self.revoked(by) or self.removed(by.owner, device_id):  # meanwhile
            await self._remove([entry])
            return None
        return entry, secret

    async def admit(self, owner: str, device_id: str, name: str) -> str:
        """Make the key of a device that a person lets in, removed before or not; returns its secret."""
        entry, secret = self._make(owner, "device", name, device_id)
        await self._add_device_key(entry)
        return secret

    async def redeem(self, code: str, device_id: str, name: str, check: Callable[[str], None]) -> str:
        """Let in a device that brings a join code; returns its key; raises Forbidden.

        The code is that device's from then on: it may bring it again, as the answer may be lost, until it used its key.
        `check` is given the owner, and raises Refused when such a device cannot be theirs.
        """
        found = self._find(code)
        if found is None or found.kind != "join" or self.expired(found) or found.device_id not in (None, device_id):
            raise _bad_code()
        if any(one.code == found.id and one.used is not None for one in self._device_keys(found.owner, device_id)):
            raise _bad_code()
        check(found.owner)
        if found.device_id is None:  # before anything is awaited: two machines may come at once
            found.device_id = device_id
            self._by_device.setdefault((found.owner, device_id), []).append(found)
        entry, secret = self._make(found.owner, "device", name, device_id)
        entry.code = found.id
        await self._add_device_key(entry, found)
        return secret

    async def confirm(self, entry: CredentialEntry) -> None:
        """Note that a device has the key that it was given: its earlier ones end, and its join codes.

        A key that came by a token ends only such; one that came from joining ends all of those.
        """
        if entry.kind != "device" or entry.device_id is None:
            return
        others = [one for one in self._of_device(entry.owner, entry.device_id) if one is not entry]
        if entry.made_by is None:
            ended = [one for one in others if one.id < entry.id or one.made_by is not None]
        else:
            ended = [one for one in others if one.id < entry.id and one.made_by is not None]
        try:
            await self._remove(ended)
        except StoreFailed as error:
            log.error("The earlier keys of %s could not be revoked: %s", entry.device_id, error)

    async def _add_device_key(self, entry: CredentialEntry, code: CredentialEntry | None = None) -> None:
        """Add a device's key. Earlier ones that it never used end now, the others when it uses this one."""
        owner, device_id, joined = entry.owner, entry.device_id or "", entry.made_by is None
        unused = [
            other
            for other in self._device_keys(owner, device_id)
            if other.used is None and (joined or other.made_by is not None)
        ]

        def write(connection: Connection) -> None:
            if code is not None and not records.set_credential(connection, code.id, code.data()):
                raise _bad_code()  # revoked in this moment
            if joined:
                records.set_removed(connection, owner, device_id, False)
            records.remove_credentials(connection, [other.id for other in unused])
            records.add_credential(connection, entry.row())

        await self._store.write(write)
        if joined:
            self._removed.discard((owner, device_id))
        self._keep(entry)
        await self._forget(unused)

    def _make(
        self, owner: str, kind: CredentialKind, name: str, device_id: str | None = None
    ) -> tuple[CredentialEntry, str]:
        id_, now = self._ids.mint(), self._clock()
        expires: float | None = None
        if kind == "token":
            expires = now + TOKEN_DAYS * DAY
            secret = self._signer.token(owner, id_, now, expires)
        elif kind == "join":
            expires = now + JOIN_SECONDS
            secret = JOIN_PREFIX + secrets.token_urlsafe(JOIN_BYTES)
        else:
            secret = (KEY_PREFIX if kind == "key" else DEVICE_PREFIX) + secrets.token_urlsafe(SECRET_BYTES)
        return CredentialEntry(id_, owner, kind, _hash(secret), name, now, device_id, expires), secret

    # Ending.

    async def revoke(self, owner: str, credential_id: int) -> Credential:
        """End a credential, what was made by it, and whatever is connected by them; raises NotFound.

        The device whose key it is does not come back by a token or a key of its owner either.
        """
        entry = next((e for e in self._by_hash.values() if e.id == credential_id and e.owner == owner), None)
        if entry is None:
            raise NotFound("Credential", credential_id)
        if entry.kind == "device" and entry.device_id is not None:
            await self._lock_out(owner, entry.device_id, partial(self._falls_with_key, entry))
        else:
            await self._remove_all(partial(self._falls_with, entry))
        return entry.show()

    async def revoke_device(self, owner: str, device_id: str) -> None:
        """End the keys of a device, and keep it from coming back by a token or a key of its owner."""
        await self._lock_out(owner, device_id, lambda: self._of_device(owner, device_id))

    def _falls_with(self, entry: CredentialEntry) -> list[CredentialEntry]:
        return [one for one in self._by_hash.values() if one is entry or one.made_by == entry.id]

    def _falls_with_key(self, entry: CredentialEntry) -> list[CredentialEntry]:
        """Return a device's key, those that a token got for it, and the code that would make another."""
        of_device = self._of_device(entry.owner, entry.device_id or "")
        return [one for one in of_device if one is entry or one.made_by is not None or one.id == entry.code]

    async def _lock_out(self, owner: str, device_id: str, find: Callable[[], list[CredentialEntry]]) -> None:
        marked = self.removed(owner, device_id)
        self._removed.add((owner, device_id))  # at once: it may be registering
        try:
            await self._store.write(partial(records.set_removed, owner=owner, device_id=device_id, removed=True))
            self._removed.add((owner, device_id))  # it may have been let in just before
            await self._remove_all(find)
        except StoreFailed:
            if not marked:
                self._removed.discard((owner, device_id))
            raise

    async def _remove_all(self, find: Callable[[], list[CredentialEntry]]) -> None:
        """Remove what is found, and what was being stored meanwhile."""
        while entries := find():
            await self._remove(entries)

    async def _remove(self, entries: list[CredentialEntry]) -> None:
        if entries:
            await self._store.write(partial(records.remove_credentials, ids=[entry.id for entry in entries]))
            await self._forget(entries)

    async def _forget(self, entries: Iterable[CredentialEntry]) -> None:
        for entry in entries:
            if self._drop(entry) and self.on_revoked is not None:
                await self.on_revoked(entry)

    def _keep(self, entry: CredentialEntry) -> None:
        self._by_hash[entry.hash] = entry
        if entry.device_id is not None:
            self._by_device.setdefault((entry.owner, entry.device_id), []).append(entry)

    def _drop(self, entry: CredentialEntry) -> bool:
        """Forget a credential; says whether it was there."""
        if self._by_hash.pop(entry.hash, None) is None:
            return False
        if entry.device_id is not None:
            place = entry.owner, entry.device_id
            self._by_device[place].remove(entry)
            if not self._by_device[place]:
                del self._by_device[place]
        return True

    async def _forget_old(self) -> None:
        await self._remove([entry for entry in self._by_hash.values() if self._old(entry)])

    def _old(self, entry: CredentialEntry) -> bool:
        """Say whether it is of no interest any more: a token that expired is shown for as long as it lived."""
        if entry.expires is None or not self.expired(entry):
            return False
        return entry.kind == "join" or entry.expires + TOKEN_DAYS * DAY <= self._clock()

    def _listed(self, entry: CredentialEntry) -> bool:
        """Say whether a person is shown it: a join code until a device used it."""
        return not self._old(entry) and (entry.kind != "join" or entry.device_id is None)

    def _of_device(self, owner: str, device_id: str) -> list[CredentialEntry]:
        return list(self._by_device.get((owner, device_id), ()))

    def _device_keys(self, owner: str, device_id: str) -> list[CredentialEntry]:
        return [entry for entry in self._of_device(owner, device_id) if entry.kind == "device"]

    def _note_use(self, entry: CredentialEntry) -> None:
        minute = self._clock() // USED_STEP * USED_STEP
        if entry.used == minute:
            return
        entry.used = minute
        stored = self._store.write(partial(records.set_credential, credential_id=entry.id, data=entry.data()))
        # A last use that was not stored is no reason to refuse this one.
        stored.add_done_callback(lambda done: done.cancelled() or done.exception())


class Signer:
    """Signs API tokens: JWT, HS256. PyJWT is imported when the first one is seen, as it takes 9 MiB."""

    def __init__(self, key: str) -> None:
        """Sign with a key of at least 32 bytes."""
        self._key = key

    def token(self, owner: str, id_: int, issued: float, expires: float) -> str:
        """Return a token with Wegent's claims (backend/app/core/security.py there), and the credential's id."""
        import jwt

        claims = {
            "sub": owner,
            "user_id": zlib.crc32(owner.encode()),  # theirs are numbers
            "iat": int(issued),
            "exp": int(expires),
            "jti": str(id_),
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def signed(self, token: str) -> bool:
        """Say whether we signed it; when it ends is the credential's affair."""
        import jwt

        try:
            jwt.decode(token, self._key, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidTokenError:
            return False
        return True


def _hash(secret: str) -> str:
    """Return what is kept of a secret. They are random and long, so that a slow hash would protect nothing more.

    A JSON string may hold half a surrogate pair, so that is let through.
    """
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _bad_code() -> Forbidden:
    return Forbidden(
        "This join code is unknown, used or expired.",
        code="join_code_invalid",
        fix="Make a new one under Connections, Add device: each lets one machine in, within 15 minutes.",
    )
