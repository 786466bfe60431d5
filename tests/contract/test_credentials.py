"""API tokens, keys, join codes and device keys over a real server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from tests.support import people
from tests.support.access import DEVICES, admission, bare, credential, hello, join_by_code, online
from tests.support.server import JupyterServer, wait_for
from tests.support.sockets import Peer
from wegent_jupyter.protocol import wire


def lasts(made: dict[str, str]) -> timedelta:
    return datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])


def test_a_token_lasts_seven_days_and_is_told_once(server: JupyterServer) -> None:
    made = credential(server, "token")
    claims = jwt.decode(made["secret"], options={"verify_signature": False})
    assert lasts(made) == timedelta(days=7)
    assert {"sub", "user_id", "exp", "iat", "jti"} <= set(claims)
    assert "secret" not in server.get("/credentials").json()["items"][0]
    assert (made["kind"], made["name"], made["last_used_at"]) == ("token", "a token", None)


def test_a_key_has_no_end_and_a_join_code_fifteen_minutes(server: JupyterServer) -> None:
    key, code = credential(server, "key"), credential(server, "join")
    assert key["secret"].startswith("wg-")
    assert key["expires_at"] is None
    assert code["secret"].startswith("wgj-")
    assert lasts(code) == timedelta(minutes=15)


def test_credentials_are_listed_newest_first_with_their_last_use_to_the_minute(server: JupyterServer) -> None:
    first, second = credential(server, "key"), credential(server, "token")
    before = datetime.now(UTC).replace(second=0, microsecond=0)
    headers = {"Authorization": f"Bearer {first['secret']}"}
    assert bare(server, "GET", "/version", **headers).status_code == 200
    items = server.get("/credentials").json()["items"]
    assert [one["id"] for one in items[:2]] == [second["id"], first["id"]]
    used = datetime.fromisoformat(items[1]["last_used_at"])
    assert before <= used <= datetime.now(UTC)
    assert (used.second, used.microsecond) == (0, 0)
    assert items[0]["last_used_at"] is None


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "  "}, {"name": "x", "kind": "device"}, {"name": "x", "days": 9}, {"name": 1}]
)
def test_a_malformed_request_for_a_credential_is_refused(server: JupyterServer, body: dict[str, object]) -> None:
    before = server.get("/credentials").json()["total"]
    assert server.post("/credentials", body).status_code == 422
    assert server.get("/credentials").json()["total"] == before


def test_revoking_ends_a_credential_for_good(server: JupyterServer) -> None:
    made = credential(server, "key")
    answer = server.request("DELETE", f"/credentials/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"message": "'a key' revoked"})
    assert made["id"] not in [one["id"] for one in server.get("/credentials").json()["items"]]
    again = server.request("DELETE", f"/credentials/{made['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_credentials_survive_a_restart(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server()
    secrets = [credential(server, kind)["secret"] for kind in ("token", "key")]
    device, revoked = join_by_code(server, "box"), credential(server, "key")
    server.request("DELETE", f"/credentials/{revoked['id']}")
    before = {one["id"]: one["name"] for one in server.get("/credentials").json()["items"]}
    server.kill()
    server.start()
    assert {one["id"]: one["name"] for one in server.get("/credentials").json()["items"]} == before
    for secret in secrets:
        assert bare(server, "GET", "/tasks", Authorization=f"Bearer {secret}").status_code == 200
        assert asyncio.run(admission(server, secret)) is None
    assert asyncio.run(admission(server, device)) is None
    assert asyncio.run(admission(server, revoked["secret"])) == "Invalid or expired API key"


@pytest.mark.parametrize("kind", ["token", "key"])
def test_our_executor_that_comes_with_a_token_gets_a_key_of_its_own(server: JupyterServer, kind: str) -> None:
    """So that a token's seven days do not end a daemon; its revocation does."""
    made, device_id = credential(server, kind), f"daemon-{kind}"

    async def main() -> None:
        async with Peer(server) as peer:
            key = (await online(peer, made["secret"], device_id))["wegentJupyter"]["device_key"]
            assert key.startswith("wgd-")
        async with Peer(server) as peer:
            answer = await online(peer, key, device_id)
            assert "device_key" not in answer["wegentJupyter"]
            [own] = [one for one in server.get("/credentials").json()["items"] if one["device_id"] == device_id]
            assert (own["kind"], own["name"], own["expires_at"]) == ("device", device_id, None)
            assert server.request("DELETE", f"/credentials/{made['id']}").status_code == 200
            await peer.ended()
        assert await admission(server, key) == "Invalid or expired token"

    asyncio.run(main())


def test_a_stock_executor_keeps_the_key_that_it_came_with(server: JupyterServer) -> None:
    made = credential(server, "key")

    async def main() -> None:
        async with Peer(server) as peer:
            assert await online(peer, made["secret"], "stock", ours=False) == {"success": True, "device_id": "stock"}

    asyncio.run(main())
    assert "stock" not in [one["device_id"] for one in server.get("/credentials").json()["items"]]


def test_a_new_key_of_a_device_ends_the_earlier_ones_when_it_is_used(server: JupyterServer) -> None:
    first = join_by_code(server, "twice")

    async def main() -> None:
        async with Peer(server) as before, Peer(server) as after:
            await online(before, first, "twice")
            second = join_by_code(server, "twice")
            assert await before.call(DEVICES, wire.HEARTBEAT, {"device_id": "twice"}) == {"success": True}
            assert await after.connect(DEVICES, {"token": second}) is None
            assert await before.call(DEVICES, wire.HEARTBEAT, {"device_id": "twice"}) == {"success": True}
            assert (await after.call(DEVICES, wire.REGISTER, hello("twice")))["success"]
            await before.ended()
        assert await admission(server, first) == "Invalid or expired token"

    asyncio.run(main())


def test_a_copy_that_is_let_in_does_not_push_out_the_device_that_lives(server: JupyterServer) -> None:
    first = join_by_code(server, "original")

    async def main() -> None:
        async with Peer(server) as original, Peer(server) as copy:
            await online(original, first, "original", boot_id="a")
            assert await copy.connect(DEVICES, {"token": join_by_code(server, "original")}) is None
            asking = asyncio.create_task(copy.call(DEVICES, wire.REGISTER, hello("original", boot_id="b")))
            await original.event(wire.PING)  # its peer has answered
            assert "another executor with this identity is connected" in (await asking)["error"]
            assert await original.call(DEVICES, wire.HEARTBEAT, {"device_id": "original"}) == {"success": True}
        assert await admission(server, first) is None

    asyncio.run(main())


def test_a_good_key_is_not_called_a_wrong_one_where_the_gateway_does_not_run(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server()
    key = join_by_code(server, "box")
    second = start_server(server.home, wait=False)

    def runs_elsewhere() -> bool:
        try:
            return bool(second.get("/version").json()["state"] == "elsewhere")
        except (httpx.TransportError, ValueError):  # it does not listen, or has no routes of ours yet
            return False

    wait_for(runs_elsewhere, "the second server sees the first")
    assert asyncio.run(admission(second, key)) == "Server is not ready"
    assert asyncio.run(admission(server, key)) is None


def test_api_tokens_work_where_jupyterhub_decides_who_may_do_what(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server(options=people.HUB_OPTIONS, environment=people.ENVIRONMENT)
    for kind in ("token", "key"):
        secret = credential(server, kind)["secret"]
        assert bare(server, "GET", "/tasks", Authorization=f"Bearer {secret}").status_code == 200

        async def face(secret: str = secret) -> str | None:
            async with Peer(server, {"Authorization": f"Bearer {secret}"}) as peer:
                return await peer.connect("/tasks")

        assert asyncio.run(face()) is None
    published = json.loads((server.data / "gateway.json").read_text())
    for name in ("token", "kernel_token"):
        mine = bare(server, "GET", "/devices", Authorization=f"wegent {published[name]}").json()
        assert mine["total"] == 1, "the Hub's user owns the device of its server"
    # People, and whoever is nobody, are the Hub's affair as ever.
    assert bare(server, "GET", "/tasks", Authorization="token carol-token").status_code == 403
    assert bare(server, "GET", "/tasks", Authorization="Bearer wg-wrong").status_code == 403


def test_the_sockets_of_devices_are_also_at_the_root_when_the_server_is(
    server: JupyterServer, start_server: Callable[..., JupyterServer]
) -> None:
    """Wegent's own executors know no other path."""
    key = credential(server, "key")["secret"]

    async def main() -> None:
        async with Peer(server, path="socket.io/") as peer:
            assert (await online(peer, key, "stock-at-root", ours=False))["success"]
        async with Peer(server, {"Origin": "https://evil.example"}, path="socket.io/") as page:
            assert page.status == 403

    asyncio.run(main())
    elsewhere = start_server(base_url="/team/")

    async def refused() -> int:
        async with Peer(elsewhere, path="../socket.io/") as peer:
            return peer.status

    assert asyncio.run(refused()) == 404


def test_where_the_operator_forbids_it_no_other_machine_is_a_device(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server(options=["--WegentApp.allow_remote_devices=False"])
    key = credential(server, "key")["secret"]
    assert asyncio.run(admission(server, key)) == "This server takes no devices beside its own"
    asked = bare(server, "POST", "/join", {"device_id": "box", "name": "Box"})
    code = server.post("/credentials", {"kind": "join", "name": "x"})
    for answer in (asked, code):
        assert (answer.status_code, answer.json()["code"]) == (403, "remote_devices_off")
    assert server.get("/add-device").json()["allowed"] is False
    assert server.device_online() is not None
    server.finished(server.submit("!say hello")["task"]["id"])


def test_the_library_for_tokens_is_loaded_when_the_first_is_seen() -> None:
    """It takes 9 MiB, which a server without tokens has for other things."""
    code = "import sys, wegent_jupyter.server.service; print('jwt' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
