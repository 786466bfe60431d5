"""How a machine becomes a device: it asks, a person who typed its code answers, it gets a key of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import people
from tests.support.access import admission, bare, credential, online
from tests.support.server import JupyterServer
from tests.support.sockets import Peer

BOB = {"Authorization": "token bob-token"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server of Alice and Bob."""
    home = tmp_path_factory.mktemp("joining")
    running = JupyterServer(home, options=people.OPTIONS, environment=people.ENVIRONMENT).start()
    yield running
    running.stop()
    running.end_executor()


def ask(server: JupyterServer, device_id: str, **fields: Any) -> dict[str, Any]:
    answer = bare(server, "POST", "/join", {"device_id": device_id, "name": "Box", "system": "Linux x86_64", **fields})
    assert answer.status_code == 201, answer.text
    joining: dict[str, Any] = answer.json()
    return joining


def poll(server: JupyterServer, joining: dict[str, Any]) -> dict[str, Any]:
    answer = bare(server, "POST", "/join/poll", {"poll_secret": joining["poll_secret"]})
    told: dict[str, Any] = {"status": answer.status_code, **answer.json()}
    return told


def test_a_machine_joins_by_a_code_that_a_person_types(shared: JupyterServer) -> None:
    joining = ask(shared, "box")
    assert re.fullmatch("[A-Z]{4}-[A-Z]{4}", joining["user_code"])
    assert (joining["state"], joining["interval"], joining["key"]) == ("waiting", 2, None)
    assert 890 <= joining["expires_in"] <= 900
    assert poll(shared, joining)["state"] == "waiting"

    seen = shared.get(f"/join/{joining['user_code']}").json()
    assert {**seen, "expires_in": 0} == {
        "user_code": joining["user_code"],
        "device_id": "box",
        "name": "Box",
        "system": "Linux x86_64",
        "address": "127.0.0.1",
        "known": False,
        "expires_in": 0,
        "state": "waiting",
    }
    assert shared.post(f"/join/{joining['user_code']}", {"approve": True}).json()["state"] == "approved"
    told = poll(shared, joining)
    assert told["state"] == "approved"
    assert told["gateway_id"] == joining["gateway_id"]
    again = poll(shared, joining)
    assert (again["status"], again["code"]) == (404, "join_ended")

    async def main() -> None:
        async with Peer(shared) as peer:
            assert (await online(peer, told["key"], "box"))["wegentJupyter"]["gateway_id"] == told["gateway_id"]
            [device] = [one for one in shared.get("/devices").json()["items"] if one["device_id"] == "box"]
            assert device["status"] == "online"

    asyncio.run(main())
    [kept] = [one for one in shared.get("/credentials").json()["items"] if one["device_id"] == "box"]
    assert (kept["kind"], kept["name"]) == ("device", "Box")
    assert ask(shared, "box")["state"] == "waiting"


def test_a_machine_that_is_known_is_shown_as_such(shared: JupyterServer) -> None:
    key = bare(
        shared, "POST", "/join", {"device_id": "known", "name": "x", "code": credential(shared, "join")["secret"]}
    ).json()["key"]

    async def main() -> None:
        async with Peer(shared) as peer:
            await online(peer, key, "known")

    asyncio.run(main())
    code = ask(shared, "known")["user_code"]
    assert shared.get(f"/join/{code}").json()["known"] is True
    assert shared.get(f"/join/{code}", headers=BOB).json()["known"] is False
    shared.post(f"/join/{code}", {"approve": False})


def test_a_machine_belongs_to_who_types_its_code(shared: JupyterServer) -> None:
    joining = ask(shared, "bobs")
    path = f"/join/{joining['user_code']}"
    assert shared.request("POST", path, json={"approve": True}, headers=BOB).status_code == 200
    for answer in (shared.get(path), shared.post(path, {"approve": False})):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    key = poll(shared, joining)["key"]

    async def main() -> None:
        async with Peer(shared) as peer:
            await online(peer, key, "bobs")

    asyncio.run(main())
    assert "bobs" in [one["device_id"] for one in shared.get("/devices", headers=BOB).json()["items"]]
    assert "bobs" not in [one["device_id"] for one in shared.get("/devices").json()["items"]]


def test_nothing_lists_the_machines_that_wait(shared: JupyterServer) -> None:
    joining = ask(shared, "hidden-one", name="hidden-name")
    for path in ("/devices", "/credentials", "/add-device", "/version"):
        assert "hidden-" not in shared.get(path).text
    assert shared.get("/join").status_code == 405
    shared.post(f"/join/{joining['user_code']}", {"approve": False})


def test_a_machine_that_was_denied_is_told_so(shared: JupyterServer) -> None:
    joining = ask(shared, "denied")
    path = f"/join/{joining['user_code']}"
    assert shared.post(path, {"approve": False}).json()["state"] == "denied"
    assert (poll(shared, joining)["state"], poll(shared, joining)["key"]) == ("denied", None)
    late = shared.post(path, {"approve": True})
    assert (late.status_code, late.json()["code"]) == (409, "already_answered")


def test_the_codes_of_nobody_are_not_found(shared: JupyterServer) -> None:
    for code in ("AAAA-AAAA", "aaaa-aaaa", "AAAAAAAA", "x"):
        assert shared.get(f"/join/{code}").status_code == 404


def test_revoking_a_device_also_takes_back_what_was_approved_and_not_fetched(shared: JupyterServer) -> None:
    code = credential(shared, "join")["secret"]
    key = bare(shared, "POST", "/join", {"device_id": "twice", "name": "x", "code": code}).json()["key"]

    async def main() -> None:
        async with Peer(shared) as peer:
            await online(peer, key, "twice")

    asyncio.run(main())
    joining = ask(shared, "twice")
    assert shared.post(f"/join/{joining['user_code']}", {"approve": True}).status_code == 200
    assert shared.request("DELETE", "/devices/twice?revoke=true").status_code == 200
    assert poll(shared, joining)["code"] == "join_ended"


def test_another_page_cannot_use_up_a_persons_tries(shared: JupyterServer) -> None:
    for _ in range(30):
        answer = shared.get("/join/BBBB-BBBB", headers={"Sec-Fetch-Site": "same-site"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_site")
    code = ask(shared, "tried")["user_code"]
    assert shared.get(f"/join/{code}", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_join_code_lets_a_machine_in_without_a_person(server: JupyterServer) -> None:
    code = credential(server, "join")["secret"]
    joining = ask(server, "unattended", code=code)
    assert (joining["state"], joining["user_code"], joining["poll_secret"]) == ("approved", None, None)
    assert asyncio.run(admission(server, joining["key"])) is None
    again = bare(server, "POST", "/join", {"device_id": "second", "name": "x", "code": code})
    assert (again.status_code, again.json()["code"]) == (403, "join_code_invalid")
    assert "new one" in again.json()["fix"]
    assert asyncio.run(admission(server, joining["key"])) is None


def test_a_key_or_a_token_is_no_join_code(server: JupyterServer) -> None:
    for kind in ("key", "token"):
        secret = credential(server, kind)["secret"]
        answer = bare(server, "POST", "/join", {"device_id": "box", "name": "x", "code": secret})
        assert (answer.status_code, answer.json()["code"]) == (403, "join_code_invalid")


def test_nobody_joins_as_the_servers_own_device(server: JupyterServer) -> None:
    embedded = server.device_online()
    assert embedded is not None
    code = credential(server, "join")["secret"]
    body = {"device_id": embedded["device_id"], "name": "x", "code": code}
    answer = bare(server, "POST", "/join", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "embedded")
    assert "identity new" in answer.json()["fix"]
    assert ask(server, "box", code=code)["state"] == "approved"  # it was not used up


def test_a_restart_forgets_who_waits_and_the_machine_asks_again(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server()
    joining = ask(server, "box")
    server.stop()
    server.start()
    assert server.get(f"/join/{joining['user_code']}").status_code == 404
    assert poll(server, joining)["code"] == "join_ended"
    assert ask(server, "box")["state"] == "waiting"
