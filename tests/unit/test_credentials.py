"""Credentials, the machines that wait, and rates: what is kept, what is given once, what ends when."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from wegent_jupyter.gateway.credentials import CredentialEntry, Credentials
from wegent_jupyter.gateway.devices import Devices, Kept
from wegent_jupyter.gateway.errors import Conflict, Forbidden, NotFound, TooMany
from wegent_jupyter.gateway.joining import LETTERS, MAX_OF_PEER, MAX_WAITING, JoinEnded, Joins
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.protocol.access import JOIN_SECONDS, TOKEN_DAYS, CreateCredential, Join
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.server.limits import MAX_KEYS, Rate, neighbourhood

KEY = "k" * 64
DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


class Vault:
    """Credentials over a real store, with a clock that a test sets; `again` opens the same database anew."""

    def __init__(self, directory: Path, clock: Clock, key: str = KEY) -> None:
        self.clock, self.database = clock, directory / "test.db"
        self.store = Store(f"sqlite:///{self.database}")
        self.ids = IdSource(lambda: int(clock.time * 1000))
        self.credentials = Credentials(self.store, self.ids, key, clock)
        self.revoked: list[CredentialEntry] = []
        self.credentials.on_revoked = self._revoked

    async def _revoked(self, entry: CredentialEntry) -> None:
        self.revoked.append(entry)

    async def open(self) -> Vault:
        await self.store.open()
        await self.credentials.open()
        return self

    async def again(self, key: str = KEY) -> Vault:
        await self.store.close()
        return await Vault(self.database.parent, self.clock, key).open()

    async def make(self, kind: Any, owner: str = "ann") -> str:
        made = await self.credentials.create(owner, CreateCredential(kind=kind, name="laptop"))
        return made.secret

    def stored(self) -> int:
        with sqlite3.connect(self.database) as connection:
            count: int = connection.execute("select count(*) from credentials").fetchone()[0]
            return count


def with_vault(directory: Path, scenario: Callable[[Vault], Awaitable[Vault | None]]) -> None:
    async def run() -> None:
        vault = await Vault(directory, Clock()).open()
        try:
            vault = await scenario(vault) or vault
        finally:
            await vault.store.close()

    asyncio.run(run())


def test_a_token_is_a_jwt_of_seven_days_with_wegents_claims(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        token = await vault.make("token")
        claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
        [shown] = vault.credentials.of("ann")
        assert claims["sub"] == "ann"
        assert isinstance(claims["user_id"], int)
        assert claims["exp"] - claims["iat"] == TOKEN_DAYS * DAY
        assert claims["jti"] == str(shown.id)

    with_vault(tmp_path, scenario)


def test_a_token_ends_after_seven_days_by_the_gateways_clock(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        token = await vault.make("token")
        vault.clock.time += TOKEN_DAYS * DAY - 1
        assert vault.credentials.check(token, "token") is not None
        vault.clock.time += 1
        assert vault.credentials.check(token, "token") is None
        # It is shown as expired for a while, so that a person sees why it does not work any more.
        assert len(vault.credentials.of("ann")) == 1
        vault.clock.time += TOKEN_DAYS * DAY
        assert vault.credentials.of("ann") == []

    with_vault(tmp_path, scenario)


def test_a_token_that_we_did_not_give_out_is_nothing_whoever_signed_it(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        token = await vault.make("token")
        head, body, signature = token.split(".")
        claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
        none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
        later = jwt.encode({**claims, "exp": claims["exp"] + DAY}, KEY, algorithm="HS256")
        for forged in (later, f"{none}.{body}.", f"{head}.{body}.", f"{head}.{body}.{signature[:-2]}xx", token + " "):
            assert vault.credentials.check(forged, "token") is None

    with_vault(tmp_path, scenario)


def test_tokens_end_when_the_signing_key_is_replaced(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        token, key = await vault.make("token"), await vault.make("key")
        same = await vault.again()
        assert same.credentials.check(token, "token") is not None
        other = await same.again("o" * 64)
        assert other.credentials.check(token, "token") is None
        assert other.credentials.check(key, "key") is not None
        return other

    with_vault(tmp_path, scenario)


def test_a_secret_is_accepted_only_as_what_it_is(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        token, key, code = [await vault.make(kind) for kind in ("token", "key", "join")]
        device = await vault.credentials.admit("ann", "box", "Box")
        check = vault.credentials.check
        assert key.startswith("wg-")
        assert code.startswith("wgj-")
        assert len(code) == len("wgj-") + 24
        assert device.startswith("wgd-")
        for secret, kind in ((token, "token"), (key, "key"), (code, "join"), (device, "device")):
            kinds: Any = {"token", "key", "join", "device"}
            assert check(secret, kind) is not None  # type: ignore[arg-type]
            assert check(secret, *(kinds - {kind})) is None

    with_vault(tmp_path, scenario)


@pytest.mark.parametrize("nonsense", ["", "wg-", "\0", "\ud800", "é", "x" * (1 << 20), "a.b.c", "wg-" + "A" * 43])
def test_nonsense_is_no_credential(tmp_path: Path, nonsense: str) -> None:
    async def scenario(vault: Vault) -> None:
        await vault.make("key")
        assert vault.credentials.check(nonsense, "token", "key", "device", "join") is None

    with_vault(tmp_path, scenario)


def test_no_secret_is_stored(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        secrets = [await vault.make(kind) for kind in ("token", "key", "join")]
        secrets.append(await vault.credentials.admit("ann", "box", "Box"))
        for secret in secrets:
            vault.credentials.check(secret, "token", "key", "join", "device")
        await vault.store.read(lambda c: None)
        for file in tmp_path.iterdir():
            content = file.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content]
        shown = "".join(one.model_dump_json() for one in vault.credentials.of("ann"))
        assert not [secret for secret in secrets if secret in shown]

    with_vault(tmp_path, scenario)


def test_credentials_and_their_last_use_survive_a_restart(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        key = await vault.make("key")
        vault.clock.time += 3601
        assert vault.credentials.check(key, "key") is not None
        before = vault.credentials.of("ann")
        after = await vault.again()
        assert after.credentials.of("ann") == before
        assert before[0].last_used_at is not None
        assert before[0].last_used_at.endswith(":00+00:00")
        assert after.credentials.check(key, "key") is not None
        return after

    with_vault(tmp_path, scenario)


def test_last_use_is_written_at_most_once_a_minute(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        key = await vault.make("key")
        writes = 0
        write = vault.store.write

        def counted(job: Any) -> Any:
            nonlocal writes
            writes += 1
            return write(job)

        vault.store.write = counted  # type: ignore[method-assign]
        for _ in range(600):
            assert vault.credentials.check(key, "key") is not None
            vault.clock.time += 0.1
        assert writes <= 2

    with_vault(tmp_path, scenario)


def test_a_use_at_the_moment_of_the_revocation_does_not_bring_a_credential_back(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        key = await vault.make("key")
        [shown] = vault.credentials.of("ann")
        revoking = asyncio.ensure_future(vault.credentials.revoke("ann", shown.id))
        await asyncio.sleep(0)
        vault.clock.time += 60
        vault.credentials.check(key, "key")
        await revoking
        assert vault.credentials.check(key, "key") is None
        after = await vault.again()
        assert after.credentials.of("ann") == []
        return after

    with_vault(tmp_path, scenario)


def test_revoking_tells_who_has_to_end_what_lives_by_it_once_it_is_gone(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        key = await vault.make("key")
        entry = vault.credentials.check(key, "key")
        assert entry is not None
        with pytest.raises(NotFound):
            await vault.credentials.revoke("bob", entry.id)
        assert vault.credentials.alive(entry)
        await vault.credentials.revoke("ann", entry.id)
        assert vault.revoked == [entry]
        assert not vault.credentials.alive(entry)
        assert vault.stored() == 0
        with pytest.raises(NotFound):
            await vault.credentials.revoke("ann", entry.id)

    with_vault(tmp_path, scenario)


def test_a_revocation_that_was_not_stored_is_not_claimed(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        key = await vault.make("key")
        entry = vault.credentials.check(key, "key")
        assert entry is not None
        break_writes(vault)
        with pytest.raises(StoreFailed):
            await vault.credentials.revoke("ann", entry.id)
        assert vault.credentials.alive(entry)
        assert vault.revoked == []

    with_vault(tmp_path, scenario)


def break_writes(vault: Vault) -> None:
    def failing(job: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_exception(StoreFailed("disk is full"))
        return future

    vault.store.write = failing  # type: ignore[method-assign]


def test_an_owner_has_a_bounded_number_of_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wegent_jupyter.gateway.credentials.MAX_OF_OWNER", 3)

    async def scenario(vault: Vault) -> None:
        for _ in range(3):
            await vault.make("join")
        with pytest.raises(Conflict):
            await vault.make("key")
        await vault.make("key", owner="bob")
        vault.clock.time += JOIN_SECONDS
        await vault.make("key")  # what expired does not count
        assert vault.stored() == 2

    with_vault(tmp_path, scenario)


# Devices.


def fits(_owner: str) -> None:
    """Any device may be theirs."""


def test_a_join_code_lets_one_machine_in_even_when_two_come_at_once(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        code = await vault.make("join")
        came = [vault.credentials.redeem(code, f"box-{n}", "Box", fits) for n in range(10)]
        results = await asyncio.gather(*came, return_exceptions=True)
        keys = [one for one in results if isinstance(one, str)]
        assert len(keys) == 1
        assert [type(one) for one in results if one not in keys] == [Forbidden] * 9
        with pytest.raises(Forbidden):
            await vault.credentials.redeem(code, "late", "Late", fits)
        entry = vault.credentials.check(keys[0], "device")
        assert entry is not None
        assert (entry.owner, entry.device_id) == ("ann", f"box-{results.index(keys[0])}")

    with_vault(tmp_path, scenario)


def test_a_join_code_ends_after_fifteen_minutes_or_when_revoked(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        code, other = await vault.make("join"), await vault.make("join")
        await vault.credentials.revoke("ann", vault.credentials.of("ann")[0].id)
        with pytest.raises(Forbidden):
            await vault.credentials.redeem(other, "box", "Box", fits)
        vault.clock.time += JOIN_SECONDS
        with pytest.raises(Forbidden):
            await vault.credentials.redeem(code, "box", "Box", fits)
        assert vault.credentials.of("ann") == []

    with_vault(tmp_path, scenario)


def test_a_join_code_revoked_while_it_is_used_gives_no_key(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        code = await vault.make("join")
        [shown] = vault.credentials.of("ann")
        results = await asyncio.gather(
            vault.credentials.revoke("ann", shown.id),
            vault.credentials.redeem(code, "box", "Box", fits),
            return_exceptions=True,
        )
        assert isinstance(results[1], Forbidden)
        assert vault.credentials.of("ann") == []

    with_vault(tmp_path, scenario)


def test_a_join_code_that_could_not_be_used_up_stays_good(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        code = await vault.make("join")
        write = vault.store.write
        break_writes(vault)
        with pytest.raises(StoreFailed):
            await vault.credentials.redeem(code, "box", "Box", fits)
        vault.store.write = write  # type: ignore[method-assign]
        assert await vault.credentials.redeem(code, "box", "Box", fits)

    with_vault(tmp_path, scenario)


def test_a_devices_earlier_keys_end_when_it_uses_the_new_one_and_no_other_devices(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        first = await vault.credentials.admit("ann", "box", "Box")
        other = await vault.credentials.admit("ann", "other", "Other")
        strangers = await vault.credentials.admit("bob", "box", "Box")
        assert vault.credentials.check(first, "device") is not None
        second = await vault.credentials.admit("ann", "box", "Box")
        assert vault.credentials.check(first, "device") is not None  # the new one may never arrive
        used = vault.credentials.check(second, "device")
        assert used is not None
        await vault.credentials.confirm(used)
        assert vault.credentials.check(first, "device") is None
        for secret in (second, other, strangers):
            assert vault.credentials.check(secret, "device") is not None

    with_vault(tmp_path, scenario)


def test_keys_that_never_arrived_do_not_pile_up(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        token = await come_by(vault, "token")
        for _ in range(50):
            await vault.credentials.create_device_key(token, "box", "Box")
        assert len(vault.credentials.of("ann")) == vault.stored() == 2
        for _ in range(50):
            await vault.credentials.admit("ann", "box", "Box")
        assert len(vault.credentials.of("ann")) == vault.stored() == 2

    with_vault(tmp_path, scenario)


async def come_by(vault: Vault, kind: Any, owner: str = "ann") -> CredentialEntry:
    """Make a token or a key, and use it."""
    entry = vault.credentials.check(await vault.make(kind, owner), kind)
    assert entry is not None
    return entry


async def own_key(vault: Vault, by: CredentialEntry, device_id: str = "box") -> CredentialEntry:
    """Let a device that came by a token or key have its own, and use it."""
    made = await vault.credentials.create_device_key(by, device_id, "Box")
    assert made is not None
    assert vault.credentials.check(made[1], "device") is made[0]
    return made[0]


async def joined(vault: Vault, device_id: str = "box") -> CredentialEntry:
    """Let a person let a device in, and use its key."""
    entry = vault.credentials.check(await vault.credentials.admit("ann", device_id, "Box"), "device")
    assert entry is not None
    return entry


@pytest.mark.parametrize("kind", ["token", "key"])
def test_a_revoked_token_takes_the_keys_made_by_it_with_it_and_no_others(tmp_path: Path, kind: Any) -> None:
    async def scenario(vault: Vault) -> Vault:
        leaked, other = await come_by(vault, kind), await come_by(vault, "key")
        mine = await own_key(vault, leaked), await own_key(vault, leaked, "second")
        theirs = await own_key(vault, other, "third"), await joined(vault, "fourth")
        vault = await vault.again()
        await vault.credentials.revoke("ann", leaked.id)
        assert [entry.id for entry in vault.revoked] == [leaked.id, *(entry.id for entry in mine)]
        left = {shown.id for shown in vault.credentials.of("ann")}
        assert left == {other.id, *(entry.id for entry in theirs)}
        assert vault.stored() == 3
        return vault

    with_vault(tmp_path, scenario)


def test_a_key_that_is_made_while_its_token_is_revoked_does_not_outlive_it(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        for first in ("make", "revoke"):
            token = await come_by(vault, "token")
            making, revoking = (
                lambda by=token: vault.credentials.create_device_key(by, "box", "Box"),
                lambda by=token: vault.credentials.revoke("ann", by.id),
            )
            both = (making, revoking) if first == "make" else (revoking, making)
            await asyncio.gather(*(one() for one in both))
            assert vault.credentials.of("ann") == []
            assert vault.stored() == 0

    with_vault(tmp_path, scenario)


def test_a_key_made_by_a_token_outlives_the_days_of_the_token(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        key = await own_key(vault, await come_by(vault, "token"))
        vault.clock.time += 3 * TOKEN_DAYS * DAY
        vault = await vault.again()
        assert [shown.id for shown in vault.credentials.of("ann")] == [key.id]
        assert vault.stored() == 1
        return vault

    with_vault(tmp_path, scenario)


def test_a_token_gets_no_key_for_a_device_that_joined_and_ends_none_of_its_keys(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        token = await come_by(vault, "token")
        on_its_way = await vault.credentials.admit("ann", "box", "Box")
        made = await own_key(vault, token)
        await vault.credentials.confirm(made)
        mine = vault.credentials.check(on_its_way, "device")
        assert mine is not None
        await vault.credentials.confirm(mine)
        assert not vault.credentials.alive(made)
        assert await vault.credentials.create_device_key(token, "box", "Box") is None
        assert vault.credentials.alive(mine)
        assert await vault.credentials.create_device_key(token, "another", "Box") is not None

    with_vault(tmp_path, scenario)


def test_a_newer_key_by_a_token_ends_the_earlier_one_by_a_token(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        first = await own_key(vault, await come_by(vault, "token"))
        second = await own_key(vault, await come_by(vault, "key"))
        assert vault.credentials.alive(first)
        await vault.credentials.confirm(second)
        assert not vault.credentials.alive(first)

    with_vault(tmp_path, scenario)


def test_a_device_whose_key_is_revoked_comes_back_by_joining_only(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        token = await come_by(vault, "token")
        key = await own_key(vault, token)
        await vault.credentials.revoke("ann", key.id)
        assert vault.credentials.alive(token)
        vault = await vault.again()
        assert vault.credentials.removed("ann", "box")
        assert await vault.credentials.create_device_key(token, "box", "Box") is None
        await joined(vault)
        assert not vault.credentials.removed("ann", "box")
        return vault

    with_vault(tmp_path, scenario)


def test_a_start_on_a_full_disk_only_forgets_less(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        key = await vault.make("key")
        await vault.make("join")
        vault.clock.time += JOIN_SECONDS
        await vault.store.close()
        again = Vault(tmp_path, vault.clock)
        await again.store.open()
        write = again.store.write
        break_writes(again)
        await again.credentials.open()
        again.store.write = write  # type: ignore[method-assign]
        assert again.credentials.check(key, "key") is not None
        assert len(again.credentials.of("ann")) == 1
        return again

    with_vault(tmp_path, scenario)


def test_a_device_may_bring_its_join_code_again_until_it_used_its_key(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        code = await vault.make("join")
        lost = await vault.credentials.redeem(code, "box", "Box", fits)
        vault = await vault.again()
        arrived = await vault.credentials.redeem(code, "box", "Box", fits)
        assert vault.credentials.check(lost, "device") is None
        assert [shown.kind for shown in vault.credentials.of("ann")] == ["device"], "the code is no longer offered"
        with pytest.raises(Forbidden):
            await vault.credentials.redeem(code, "other", "Other", fits)
        entry = vault.credentials.check(arrived, "device")
        assert entry is not None
        for _ in range(2):
            with pytest.raises(Forbidden):
                await vault.credentials.redeem(code, "box", "Box", fits)
            await vault.credentials.confirm(entry)
        assert vault.credentials.alive(entry)
        assert vault.stored() == 1
        return vault

    with_vault(tmp_path, scenario)


def test_a_used_join_code_ends_with_its_time_or_with_the_key_that_it_gave(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        codes = [await vault.make("join") for _ in range(3)]
        for number, code in enumerate(codes):
            await vault.credentials.redeem(code, f"box-{number}", "Box", fits)
        first = next(one for one in vault.credentials.of("ann") if one.device_id == "box-0")
        await vault.credentials.revoke("ann", first.id)
        await vault.credentials.revoke_device("ann", "box-1")
        for number in (0, 1):
            with pytest.raises(Forbidden):
                await vault.credentials.redeem(codes[number], f"box-{number}", "Box", fits)
        vault.clock.time += JOIN_SECONDS
        with pytest.raises(Forbidden):
            await vault.credentials.redeem(codes[2], "box-2", "Box", fits)
        assert len(vault.credentials.of("ann")) == 1

    with_vault(tmp_path, scenario)


def test_a_device_that_was_deleted_and_revoked_stays_out_until_it_joins_again(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> Vault:
        key = await vault.credentials.admit("ann", "box", "Box")
        await vault.credentials.revoke_device("ann", "box")
        await vault.credentials.revoke_device("ann", "box")
        assert vault.credentials.check(key, "device") is None
        assert vault.credentials.removed("ann", "box")
        assert not vault.credentials.removed("bob", "box")
        after = await vault.again()
        assert after.credentials.removed("ann", "box")
        code = await after.make("join")
        assert await after.credentials.redeem(code, "box", "Box", fits)
        assert not after.credentials.removed("ann", "box")
        last = await after.again()
        assert not last.credentials.removed("ann", "box")
        return last

    with_vault(tmp_path, scenario)


# Machines that wait.


def waiting_room(vault: Vault, *, allowed: bool = True) -> tuple[Joins, Devices]:
    devices = Devices(5, 20, vault.ids)
    return Joins(vault.credentials, devices, allowed=allowed, clock=vault.clock), devices


def machine(device_id: str = "box", **fields: Any) -> Join:
    return Join.model_validate({"device_id": device_id, "name": "Box", **fields})


async def ask(joins: Joins, join: Join, address: str = "10.0.0.1") -> tuple[str, str]:
    joining = await joins.ask(join, address, address)
    assert joining.user_code is not None
    assert joining.poll_secret is not None
    return joining.user_code, joining.poll_secret


def test_an_approved_machine_gets_its_key_once_even_when_it_polls_twice_at_once(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        code, secret = await ask(joins, machine())
        assert (await joins.poll(secret)).state == "waiting"
        assert joins.answer("ann", code, True).state == "approved"
        results = await asyncio.gather(*[joins.poll(secret) for _ in range(5)], return_exceptions=True)
        keys = [one.key for one in results if not isinstance(one, BaseException)]
        assert len(keys) == 1
        assert [type(one) for one in results if isinstance(one, BaseException)] == [JoinEnded] * 4
        found = vault.credentials.check(keys[0] or "", "device")
        assert found is not None
        assert (found.owner, found.device_id) == ("ann", "box")

    with_vault(tmp_path, scenario)


def test_a_key_that_could_not_be_stored_is_asked_for_again(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        code, secret = await ask(joins, machine())
        joins.answer("ann", code, True)
        write = vault.store.write
        break_writes(vault)
        with pytest.raises(StoreFailed):
            await joins.poll(secret)
        vault.store.write = write  # type: ignore[method-assign]
        assert (await joins.poll(secret)).key

    with_vault(tmp_path, scenario)


def test_a_denied_machine_is_told_so_and_gets_nothing(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        code, secret = await ask(joins, machine())
        assert joins.answer("ann", code, False).state == "denied"
        told = await joins.poll(secret)
        assert (told.state, told.key) == ("denied", None)
        with pytest.raises(Conflict):
            joins.answer("ann", code, True)

    with_vault(tmp_path, scenario)


def test_a_request_belongs_to_who_answers_first(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, devices = waiting_room(vault)
        devices.restore("ann", Kept("box", "Box"))
        code, _ = await ask(joins, machine())
        assert joins.find("ann", code).known
        assert not joins.find("bob", code).known
        joins.answer("ann", code, True)
        assert joins.answer("ann", code, True).state == "approved"
        with pytest.raises(NotFound):
            joins.find("bob", code)
        with pytest.raises(NotFound):
            joins.answer("bob", code, False)

    with_vault(tmp_path, scenario)


def test_nobody_waits_for_longer_than_fifteen_minutes(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        code, secret = await ask(joins, machine())
        vault.clock.time += JOIN_SECONDS
        with pytest.raises(NotFound):
            joins.answer("ann", code, True)
        with pytest.raises(JoinEnded):
            await joins.poll(secret)

    with_vault(tmp_path, scenario)


def test_the_code_of_one_request_is_no_poll_secret_and_reads_like_one(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        code, _ = await ask(joins, machine())
        with pytest.raises(JoinEnded):
            await joins.poll(code)
        assert len(code) == 9
        assert code[4] == "-"
        assert set(code) - {"-"} <= set(LETTERS)

    with_vault(tmp_path, scenario)


def test_a_flood_of_requests_is_bounded_and_keeps_nobody_else_out(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        honest, _ = await ask(joins, machine("honest"), "10.0.0.99")
        for n in range(MAX_OF_PEER):
            await ask(joins, machine(f"flood-{n}"))
        with pytest.raises(TooMany):
            await ask(joins, machine("flood-more"))
        for peer in range(2, 12):
            for n in range(MAX_OF_PEER):
                await ask(joins, machine(f"flood-{n}"), f"10.0.0.{peer}")
        assert len(joins._requests) <= MAX_WAITING
        assert joins.find("ann", honest).device_id == "honest"
        late, _ = await ask(joins, machine("late"), "10.0.0.98")
        assert joins.find("ann", late).device_id == "late"

    with_vault(tmp_path, scenario)


def test_a_machine_that_asks_again_replaces_its_own_request_only(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        first, _ = await ask(joins, machine())
        elsewhere, _ = await ask(joins, machine(), "10.0.0.2")
        second, _ = await ask(joins, machine())
        with pytest.raises(NotFound):
            joins.find("ann", first)
        for code in (elsewhere, second):
            assert joins.find("ann", code).device_id == "box"

    with_vault(tmp_path, scenario)


def test_nobody_joins_as_the_embedded_device(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, devices = waiting_room(vault)
        devices.restore("ann", Kept("embedded", "This computer", embedded=True))
        user_code, _ = await ask(joins, machine("embedded"))
        join_code = await vault.make("join")
        with pytest.raises(Conflict):
            joins.answer("ann", user_code, True)
        with pytest.raises(Conflict):
            await joins.ask(machine("embedded", code=join_code), "10.0.0.1", "10.0.0.1")
        assert (await joins.ask(machine("box", code=join_code), "10.0.0.1", "10.0.0.1")).key  # it was not used up

    with_vault(tmp_path, scenario)


def test_where_the_operator_forbids_it_nobody_joins(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault, allowed=False)
        code = await vault.make("join")
        for join in (machine(), machine(code=code)):
            with pytest.raises(Forbidden) as refused:
                await joins.ask(join, "10.0.0.1", "10.0.0.1")
            assert refused.value.code == "remote_devices_off"

    with_vault(tmp_path, scenario)


def test_what_a_stranger_writes_cannot_steer_a_terminal(tmp_path: Path) -> None:
    async def scenario(vault: Vault) -> None:
        joins, _ = waiting_room(vault)
        code, _ = await ask(joins, machine(name="ev\x1b[2Jil\u202etxt\n", system="\x07Linux\u200b"))
        shown = joins.find("ann", code)
        assert (shown.name, shown.system) == ("ev[2Jiltxt", "Linux")
        nameless, _ = await ask(joins, machine("other", name="\x07\x1b"))
        assert joins.find("ann", nameless).name == "unnamed"

    with_vault(tmp_path, scenario)


# Rates.


def test_a_rate_allows_so_many_in_any_window() -> None:
    clock = Clock()
    rate = Rate(3, 10, clock)
    assert [rate.allows("a") for _ in range(4)] == [True, True, True, False]
    assert rate.exhausted("a")
    assert rate.allows("b")
    clock.time += 9.9
    assert not rate.allows("a")
    clock.time += 0.1
    assert not rate.exhausted("a")
    assert [rate.allows("a") for _ in range(4)] == [True, True, True, False]


def test_a_rate_remembers_a_bounded_number_of_keys() -> None:
    rate = Rate(1, 10, Clock())
    for key in range(MAX_KEYS * 2):
        rate.allows(key)
    assert len(rate._times) <= MAX_KEYS


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8:1:2:3::4", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::1", "127.0.0.1", False),
        ("", "", True),
    ],
)
def test_addresses_that_one_peer_can_choose_from_count_as_one(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same
