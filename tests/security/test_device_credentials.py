"""Credentials of devices and programs against whoever should not have what they open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest

from tests.support import people
from tests.support.access import DEVICES, admission, bare, credential, hello, join_by_code, online, register
from tests.support.server import TOKEN, JupyterServer
from tests.support.sockets import Peer
from wegent_jupyter.protocol import wire

FACES = "/tasks"
BOB = {"Authorization": "token bob-token"}
INVALID_TOKEN, INVALID_KEY = "Invalid or expired token", "Invalid or expired API key"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server of Alice and Bob that logs all it can."""
    before = os.umask(0)  # it forbids nothing: the modes have to be ours
    try:
        server = JupyterServer(
            tmp_path_factory.mktemp("credentials"),
            options=[*people.OPTIONS, "--ServerApp.log_level=DEBUG"],
            environment=people.ENVIRONMENT,
        ).start()
    finally:
        os.umask(before)
    yield server
    server.stop()
    server.end_executor()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def ids(server: JupyterServer, kind: str) -> list[int]:
    return [one["id"] for one in server.get("/credentials").json()["items"] if one["kind"] == kind]


# What opens what.


def test_an_api_token_and_a_key_open_the_api_as_their_owner_without_xsrf(house: JupyterServer) -> None:
    task = house.submit("!say hello")["task"]["id"]
    house.finished(task)
    for kind in ("token", "key"):
        mine, bobs = credential(house, kind)["secret"], credential(house, kind, **BOB)["secret"]
        assert bare(house, "GET", f"/tasks/{task}", **bearer(mine)).status_code == 200
        assert bare(house, "GET", f"/tasks/{task}", **bearer(bobs)).status_code == 404
        assert bare(house, "POST", f"/tasks/{task}/cancel", {}, **bearer(mine)).status_code == 409
        assert bare(house, "POST", f"/tasks/{task}/cancel", {}, **bearer(bobs)).status_code == 404
    key = credential(house, "key")["secret"]
    assert bare(house, "GET", f"/tasks/{task}", **{"X-API-Key": key}).status_code == 200


def test_no_secret_opens_anything_else_of_jupyter(house: JupyterServer) -> None:
    secrets = [credential(house, kind)["secret"] for kind in ("token", "key", "join")]
    for secret in [*secrets, join_by_code(house, "elsewhere")]:
        for headers in (bearer(secret), {"X-API-Key": secret}, {"Authorization": f"token {secret}"}):
            assert bare(house, "GET", "/../../api/contents", **headers).status_code == 403
            assert bare(house, "GET", "/../../api/me", **headers).status_code == 403


def test_codes_and_device_keys_open_no_api_and_no_face(house: JupyterServer) -> None:
    async def face(headers: dict[str, str]) -> str | None:
        async with Peer(house, headers) as peer:
            return await peer.connect(FACES)

    for secret in (credential(house, "join")["secret"], join_by_code(house, "no-face")):
        for headers in (bearer(secret), {"X-API-Key": secret}, {"Authorization": f"wegent {secret}"}):
            answer = bare(house, "GET", "/tasks", **headers)
            assert answer.status_code == 403
            assert asyncio.run(face(headers)) == "Not authenticated"


@pytest.mark.parametrize("kind", ["token", "key"])
def test_tokens_and_keys_make_no_others_and_let_nobody_in(house: JupyterServer, kind: str) -> None:
    """One that leaked can be revoked: it cannot have made itself a successor."""
    made = credential(house, kind)
    waiting = bare(house, "POST", "/join", {"device_id": f"leak-{kind}", "name": "x"}).json()
    before = house.get("/credentials").json()["total"]
    for method, path, body in (
        ("POST", "/credentials", {"kind": "key", "name": "x"}),
        ("DELETE", f"/credentials/{made['id']}", None),
        ("POST", f"/join/{waiting['user_code']}", {"approve": True}),
        ("DELETE", "/devices/any?revoke=true", None),
    ):
        answer = bare(house, method, path, body, **bearer(made["secret"]))
        assert (answer.status_code, answer.json()["code"]) == (403, "tokens_make_no_tokens")
    assert house.get("/credentials").json()["total"] == before
    assert house.get(f"/join/{waiting['user_code']}").json()["state"] == "waiting"


@pytest.mark.parametrize("secret", ["wg-wrong", "wgd-wrong", "a.b.c", "x" * 5000])
def test_a_wrong_secret_is_refused_with_what_to_do(house: JupyterServer, secret: str) -> None:
    answer = bare(house, "GET", "/tasks", **bearer(secret))
    assert answer.status_code == 403
    assert "wrong, expired or revoked" in answer.json()["message"]
    assert "Make a new one" in answer.json()["fix"]


def test_another_owners_credentials_do_not_exist(house: JupyterServer) -> None:
    mine = credential(house, "key")
    answer = house.request("DELETE", f"/credentials/{mine['id']}", headers=BOB)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert bare(house, "GET", "/tasks", **bearer(mine["secret"])).status_code == 200
    assert mine["id"] not in [one["id"] for one in house.get("/credentials", headers=BOB).json()["items"]]


# The devices' namespace.


def test_wrong_secrets_are_refused_in_wegents_words(house: JupyterServer) -> None:
    key = credential(house, "key")["secret"]
    forged = jwt.encode({"sub": "alice", "user_id": 1, "exp": int(time.time()) + 1000}, "secret-key" * 4, "HS256")
    for secret, why in (
        ("wg-wrong", INVALID_KEY),
        (key + "x", INVALID_KEY),
        ("wgd-wrong", INVALID_TOKEN),
        (credential(house, "join")["secret"], INVALID_TOKEN),
        (forged, INVALID_TOKEN),
        (TOKEN, INVALID_TOKEN),
        ("Bearer " + key, INVALID_TOKEN),
    ):
        assert asyncio.run(admission(house, secret)) == why


def test_a_revoked_credential_is_refused(house: JupyterServer) -> None:
    for kind, why in (("token", INVALID_TOKEN), ("key", INVALID_KEY)):
        made = credential(house, kind)
        assert asyncio.run(admission(house, made["secret"])) is None
        assert house.request("DELETE", f"/credentials/{made['id']}").status_code == 200
        assert asyncio.run(admission(house, made["secret"])) == why
        assert bare(house, "GET", "/tasks", **bearer(made["secret"])).status_code == 403


def test_a_page_cannot_be_a_device_whatever_it_knows(house: JupyterServer) -> None:
    key = join_by_code(house, "page")

    async def main() -> None:
        # Without an identity of Jupyter's the handshake already fails; a token lets it pass.
        async with Peer(house, {"Origin": "https://evil.example"}) as peer:
            assert peer.status == 403
        headers = {"Origin": "https://evil.example", "Authorization": f"token {TOKEN}"}
        async with Peer(house, headers) as peer:
            assert await peer.connect(DEVICES, {"token": key}) == "Browsers are not devices"

    asyncio.run(main())


def test_a_devices_key_is_for_its_own_device_id_only(house: JupyterServer) -> None:
    key, embedded = join_by_code(house, "mine"), house.device_online()
    assert embedded is not None

    async def main() -> None:
        for device_id in ("other", embedded["device_id"]):
            async with Peer(house) as peer:
                answer = await register(peer, key, device_id)
                assert answer["error"].startswith("Registration failed: this ")
        async with Peer(house) as peer:
            assert (await online(peer, key, "mine"))["success"]

    asyncio.run(main())
    assert "other" not in [one["device_id"] for one in house.get("/devices").json()["items"]]


def test_nobody_registers_as_the_embedded_device(house: JupyterServer) -> None:
    embedded = house.device_online()
    assert embedded is not None
    key = credential(house, "key")["secret"]

    async def main() -> None:
        for ours in (True, False):
            async with Peer(house) as peer:
                answer = await register(peer, key, embedded["device_id"], ours=ours)
                assert "the server's own device" in answer["error"]

    asyncio.run(main())
    after = house.device_online()
    assert after is not None
    assert (after["embedded"], after["device_id"]) == (True, embedded["device_id"])


def test_the_same_device_id_of_two_owners_is_two_devices(house: JupyterServer) -> None:
    mine, bobs = credential(house, "key")["secret"], credential(house, "key", **BOB)["secret"]

    async def main() -> None:
        async with Peer(house) as first, Peer(house) as second:
            await online(first, mine, "shared", boot_id="a")
            await online(second, bobs, "shared", boot_id="b")
            assert await first.call(DEVICES, wire.HEARTBEAT, {"device_id": "shared"}) == {"success": True}
            theirs = house.get("/devices", headers=BOB).json()["items"]
            assert [one["device_id"] for one in theirs] == ["shared"]

    asyncio.run(main())


# Revoking ends what is connected.


def test_revoking_ends_the_live_socket_of_a_device(house: JupyterServer) -> None:
    key = join_by_code(house, "cut")

    async def main() -> None:
        async with Peer(house) as peer, Peer(house) as other:
            await online(peer, key, "cut")
            await online(other, join_by_code(house, "stays"), "stays")
            [mine] = [one["id"] for one in house.get("/credentials").json()["items"] if one["device_id"] == "cut"]
            assert house.request("DELETE", f"/credentials/{mine}").status_code == 200
            assert not await peer.ended()  # it is told so,
            assert await peer.ended()  # and whoever does not listen is cut
            assert await other.call(DEVICES, wire.HEARTBEAT, {"device_id": "stays"}) == {"success": True}

    asyncio.run(main())


def test_revoking_ends_the_live_sockets_of_a_stock_device_and_of_a_face(house: JupyterServer) -> None:
    made = credential(house, "key")
    other = credential(house, "key")["secret"]

    async def main() -> None:
        async with (
            Peer(house) as device,
            Peer(house, bearer(made["secret"])) as face,
            Peer(house, bearer(made["secret"])) as undecided,
            Peer(house, bearer(other)) as bystander,
        ):
            await online(device, made["secret"], "stock", ours=False)
            assert await face.connect(FACES) is None
            assert await bystander.connect(FACES) is None
            assert (await face.call(FACES, "watch", {}))["ok"]
            assert house.request("DELETE", f"/credentials/{made['id']}").status_code == 200
            await device.ended()
            await face.ended()
            # The handshake was before, the namespace comes after.
            assert await undecided.connect(FACES) == "Not authenticated"
            assert (await bystander.call(FACES, "watch", {}))["ok"]

    asyncio.run(main())


def test_delete_and_revoke_keeps_a_device_out_until_it_joins_again(house: JupyterServer) -> None:
    key, token = join_by_code(house, "gone"), credential(house, "token")["secret"]

    async def main() -> None:
        async with Peer(house) as peer:
            await online(peer, key, "gone")
            assert house.request("DELETE", "/devices/gone?revoke=true").status_code == 200
            await peer.ended()
        assert await admission(house, key) == INVALID_TOKEN
        async with Peer(house) as peer:
            answer = await register(peer, token, "gone")
            assert answer["error"].startswith("Registration failed: this device was removed. Join it again")
        async with Peer(house) as peer:
            await online(peer, join_by_code(house, "gone"), "gone")

    asyncio.run(main())


def test_who_has_a_leaked_token_takes_no_device_over_and_keeps_nothing(house: JupyterServer) -> None:
    real, leaked = join_by_code(house, "real"), credential(house, "token")

    async def main() -> None:
        async with Peer(house) as peer:
            await online(peer, real, "real")
        async with Peer(house) as thief, Peer(house) as other:
            assert "key of its own" in (await register(thief, leaked["secret"], "real"))["error"]
            key = (await online(other, leaked["secret"], "thiefs"))["wegentJupyter"]["device_key"]
            assert house.request("DELETE", f"/credentials/{leaked['id']}").status_code == 200
            await other.ended()
        assert await admission(house, key) == INVALID_TOKEN
        async with Peer(house) as peer:
            await online(peer, real, "real")

    asyncio.run(main())


def test_a_device_whose_key_is_revoked_does_not_come_back_by_a_token(house: JupyterServer) -> None:
    token = credential(house, "token")["secret"]

    async def main() -> None:
        async with Peer(house) as peer:
            key = (await online(peer, token, "barred"))["wegentJupyter"]["device_key"]
            [mine] = [one["id"] for one in house.get("/credentials").json()["items"] if one["device_id"] == "barred"]
            assert house.request("DELETE", f"/credentials/{mine}").status_code == 200
            await peer.ended()
        assert await admission(house, key) == INVALID_TOKEN
        async with Peer(house) as peer:
            answer = await register(peer, token, "barred")
            assert answer["error"].startswith("Registration failed: this device was removed. Join it again")
        async with Peer(house) as peer:
            await online(peer, join_by_code(house, "barred"), "barred")

    asyncio.run(main())


def test_a_token_that_expires_ends_what_is_connected_by_it(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server()
    token, key = credential(server, "token")["secret"], credential(server, "key")["secret"]
    server.stop()
    shorten(server, 25)  # a start on a busy machine takes its time
    server.start()

    async def main() -> None:
        async with Peer(server) as device, Peer(server, bearer(token)) as face, Peer(server, bearer(key)) as other:
            await online(device, token, "stock", ours=False)
            assert await face.connect(FACES) is None
            assert await other.connect(FACES) is None
            assert bare(server, "GET", "/tasks", **bearer(token)).status_code == 200
            await asyncio.gather(device.ended(), face.ended())
            assert bare(server, "GET", "/tasks", **bearer(token)).status_code == 403
            assert await admission(server, token) == INVALID_TOKEN
            assert (await other.call(FACES, "watch", {}))["ok"]

    asyncio.run(main())


def shorten(server: JupyterServer, seconds: float) -> None:
    """Let all tokens of a stopped server expire soon."""
    with contextlib.closing(sqlite3.connect(server.data / "wegent.db")) as database, database:
        for id_, data in database.execute("select id, data from credentials where kind = 'token'").fetchall():
            changed = json.dumps({**json.loads(data), "expires": time.time() + seconds})
            database.execute("update credentials set data = ? where id = ?", (changed, id_))


# Floods.


def test_attempts_to_connect_are_limited_for_each_credential_and_for_strangers(house: JupyterServer) -> None:
    key, other = join_by_code(house, "eager"), join_by_code(house, "calm")

    async def main() -> None:
        refused = [await admission(house, key) for _ in range(32)]
        assert refused[:30] == [None] * 30
        assert refused[30:] == ["Too many device connection attempts"] * 2
        assert await admission(house, other) is None  # from the same address
        strangers = [await admission(house, f"wg-{n}") for n in range(40)]
        assert strangers[-1] == "Too many device connection attempts"
        assert await admission(house, other) is None

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["unknown", "malformed", "foreign"])
def test_who_sends_only_what_has_to_be_refused_is_disconnected_and_named_once(house: JupyterServer, kind: str) -> None:
    key, canary = join_by_code(house, f"noisy-{kind}"), f"canary-{kind}"
    event, data = {
        "unknown": ("no:such:event", {"x": canary}),
        "malformed": (wire.EVENTS, {"task_id": canary}),
        "foreign": (wire.EVENTS, {"task_id": 1, "subtask_id": 7, "seq": 1, "events": [["response.created", {}]]}),
    }[kind]
    before = len(re.findall("has to be refused", house.log))

    async def main() -> None:
        async with Peer(house) as peer, Peer(house) as other:
            await online(peer, key, f"noisy-{kind}")
            await online(other, join_by_code(house, f"quiet-{kind}"), f"quiet-{kind}")
            for _ in range(90):
                await peer.call(DEVICES, event, data)
            with pytest.raises(ConnectionError):
                for _ in range(5000):
                    await peer.call(DEVICES, event, data)
            assert await other.call(DEVICES, wire.HEARTBEAT, {"device_id": f"quiet-{kind}"}) == {"success": True}

    asyncio.run(main())
    assert len(re.findall("has to be refused", house.log)) == before + 1
    assert canary not in house.log


def test_requests_to_join_are_limited_and_never_shut_out_a_good_code(house: JupyterServer) -> None:
    code = credential(house, "join")["secret"]
    answers = [bare(house, "POST", "/join", {"device_id": f"flood-{n}", "name": "x"}).status_code for n in range(30)]
    assert answers.count(201) <= 5
    assert set(answers) <= {201, 429}
    guesses = [
        bare(house, "POST", "/join", {"device_id": "guess", "name": "x", "code": f"wgj-{n}"}).status_code
        for n in range(15)
    ]
    assert guesses[-1] == 429
    assert bare(house, "POST", "/join", {"device_id": "good", "name": "x", "code": code}).status_code == 201


def test_codes_on_screens_cannot_be_tried_out(house: JupyterServer) -> None:
    tried = [house.get(f"/join/BBBB-BBB{letter}", headers=BOB).status_code for letter in "BCDFGHJKLMNPQRSTVWXZAEIOU"]
    assert tried[0] == 404
    assert tried[-1] == 429
    assert house.get("/join/BBBB-BBBB").status_code == 404  # Alice did nothing


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        '{"device_id": "x"}',
        '{"device_id": "a/b", "name": "x"}',
        '{"device_id": "a\\u001b", "name": "x"}',
        "x" * 20_000,
    ],
)
def test_nonsense_that_asks_to_join_is_refused(house: JupyterServer, body: str) -> None:
    for path in ("/join", "/join/poll"):
        answer = httpx.post(f"{house.url}wegent/api{path}", content=body, trust_env=False, verify=False)
        assert answer.status_code in (413, 422)


def test_a_join_code_is_good_for_one_of_two_machines_that_race(house: JupyterServer) -> None:
    code = credential(house, "join")["secret"]

    async def main() -> list[int]:
        body = {"name": "x", "code": code}
        asking = [asyncio.to_thread(bare, house, "POST", "/join", {**body, "device_id": f"race-{n}"}) for n in range(4)]
        return [answer.status_code for answer in await asyncio.gather(*asking)]

    assert sorted(asyncio.run(main()))[0] == 201
    assert (
        len([one for one in house.get("/credentials").json()["items"] if (one["device_id"] or "")[:5] == "race-"]) == 1
    )


# Where secrets are.


def test_no_secret_is_in_the_log_or_the_database(house: JupyterServer) -> None:
    secrets = [credential(house, kind)["secret"] for kind in ("token", "key", "join")]
    device = join_by_code(house, "canary")
    secrets.append(device)

    async def main() -> None:
        for secret in secrets:
            await admission(house, secret)
            for headers in (bearer(secret), {"X-API-Key": secret}, {"Authorization": f"token {secret}"}):
                bare(house, "GET", "/tasks", **headers)
                bare(house, "POST", "/tasks", {"prompt": 7}, **headers)
                async with Peer(house, headers) as peer:
                    await peer.connect(FACES, {"token": secret})
            bare(house, "POST", "/join", {"device_id": "x", "name": "x", "code": secret, "more": secret})
            bare(house, "POST", "/join/poll", {"poll_secret": secret})
        async with Peer(house) as peer:
            given = (await online(peer, secrets[0], "given"))["wegentJupyter"]["device_key"]
            secrets.append(given)
            await peer.call(DEVICES, wire.REGISTER, hello("given"))

    asyncio.run(main())
    files = [house.home / "server.log", *(path for path in house.data.rglob("*") if path.is_file())]
    kept = {path.name: path.read_bytes() for path in files}
    assert "wegent.db" in kept
    leaks = [(name, secret[:8]) for name, content in kept.items() for secret in secrets if secret.encode() in content]
    assert leaks == []
    key = kept["secret.key"]
    assert [name for name, content in kept.items() if key in content] == ["secret.key"]


def test_the_signing_key_is_readable_by_its_owner_alone(house: JupyterServer) -> None:
    file = house.data / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text()) >= 64


def test_a_secret_is_told_once(house: JupyterServer) -> None:
    made: dict[str, Any] = credential(house, "key")
    [shown] = [one for one in house.get("/credentials").json()["items"] if one["id"] == made["id"]]
    assert {**shown, "secret": made["secret"]} == made
