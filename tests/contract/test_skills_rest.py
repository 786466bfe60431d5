"""Skills and logins of agents over HTTP: what a device says of them, passed on in its own words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.entrusted import Desk, Safe, a_safe
from tests.support.server import JupyterServer
from tests.support.world import OWNER
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.protocol import personal, skills
from wegent_jupyter.protocol.personal import LoginOrder
from wegent_jupyter.protocol.skills import ShareRequest

SHARED = {"state": "separate", "shared_path": "/home/ann/.agents/skills", "digest": "d1", "undoable": False}
MOVE = {"source": "codex", "from": "/home/ann/.codex/skills/lint", "to": "/home/ann/.agents/skills/lint"}
Script = Callable[[Safe, Desk], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[JupyterServer, str]]:
    """A server on a computer with a skill of either agent, and its device."""
    server = JupyterServer(tmp_path_factory.mktemp("skills"))
    for place, name in ((".claude/skills", "review"), (".codex/skills", "lint"), (".codex/skills", ".system")):
        folder = server.home / place / name
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: It can {name}.\n---\nDo it.\n")
    server.start()
    yield server, server.get("/devices").json()["items"][0]["device_id"]
    server.stop()
    server.end_executor()


def test_skills_are_listed_shared_as_shown_repeated_and_taken_back(house: tuple[JupyterServer, str]) -> None:
    """The real executor, in a home of its own."""
    server, device = house
    path, home = f"/devices/{device}/skills/sharing", server.home
    listed = server.get(f"/devices/{device}/skills").json()
    assert {(one["name"], one["source"], tuple(one["agents"])) for one in listed["items"]} >= {
        ("lint", "codex", ("codex",)),
        ("review", "claude", ("claude",)),
    }
    assert (listed["shared"], listed["truncated"]) == (False, False)

    plan = server.get(path).json()["sharing"]
    assert plan["state"] == "separate"
    assert {(move["source"], Path(move["from"]).name) for move in plan["moves"]} == {
        ("codex", "lint"),
        ("claude", "review"),
    }
    old = server.post(path, {"digest": "of another plan"})
    assert (old.status_code, old.json()["code"]) == (409, "changed_since")
    assert not (home / ".agents").exists(), "showing and refusing change nothing"

    done = server.post(path, {"digest": plan["digest"]})
    assert done.status_code == 200, done.text
    assert (done.json()["sharing"]["state"], done.json()["result"]["moved_count"]) == ("shared", 2)
    assert all("from" in move for move in done.json()["result"]["moved"])
    assert (home / ".claude" / "skills").resolve() == home / ".agents" / "skills"
    again = server.post(path, {}).json()
    assert (again["sharing"]["state"], again["result"]["moved_count"]) == ("shared", 0)
    both = {one["name"]: one["agents"] for one in server.get(f"/devices/{device}/skills").json()["items"]}
    assert {name: sorted(agents) for name, agents in both.items() if name == "lint"} == {"lint": ["claude", "codex"]}

    undone = server.request("DELETE", path)
    assert (undone.status_code, undone.json()["sharing"]["state"]) == (200, "separate")
    assert (home / ".codex" / "skills" / "lint" / "SKILL.md").is_file()
    assert not (home / ".claude" / "skills").is_symlink()
    nothing = server.request("DELETE", path)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "not_undoable")


def test_the_skills_of_a_workspace_are_listed_with_it(house: tuple[JupyterServer, str], tmp_path: Path) -> None:
    server, device = house
    with_space = server.request("GET", f"/devices/{device}/skills", params={"workspace": str(tmp_path)})
    assert with_space.status_code == 200
    for workspace in ("not/absolute", "/" + "x" * 5_000):
        refused = server.request("GET", f"/devices/{device}/skills", params={"workspace": workspace})
        assert (refused.status_code, bool(refused.json()["message"])) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/devices/nowhere/skills", None, 404, "not_found"),
        ("GET", "/devices/nowhere/skills/sharing", None, 404, "not_found"),
        ("POST", "/devices/nowhere/skills/sharing", {}, 404, "not_found"),
        ("DELETE", "/devices/nowhere/skills/sharing", None, 404, "not_found"),
        ("POST", "/devices/{device}/skills/sharing", {"digest": 7}, 422, "invalid"),
        ("POST", "/devices/{device}/skills/sharing", {"digest": "x" * 65}, 422, "invalid"),
        ("POST", "/devices/{device}/skills/sharing", {"force": True}, 422, "invalid"),
        ("GET", "/devices/nowhere/agents/codex/login", None, 404, "not_found"),
        ("POST", "/devices/nowhere/agents/codex/login", {}, 404, "not_found"),
        ("POST", "/devices/{device}/agents/nobody/login", {}, 400, "agent_unknown"),
        ("POST", "/devices/{device}/agents/practice/login", {}, 400, "no_device_login"),
        ("POST", "/devices/{device}/agents/codex/login", {"code": "x"}, 422, "invalid"),
    ],
)
def test_bad_input_is_answered_in_words(
    house: tuple[JupyterServer, str], method: str, path: str, body: Any, status: int, code: str
) -> None:
    server, device = house
    answer = server.request(method, path.format(device=device), json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


# What the gateway makes of a device's answers.


def with_desk(tmp_path: Path, script: Script) -> None:
    async def scenario() -> None:
        async with a_safe(tmp_path) as safe:
            await script(safe, await safe.desk())

    asyncio.run(scenario())


async def refusal(work: Coroutine[Any, Any, Any]) -> tuple[int, str, str, str | None]:
    with pytest.raises(Refused) as caught:
        await work
    error = caught.value
    return error.status, error.code, error.message, error.fix


def test_a_login_passes_through_with_url_and_code(tmp_path: Path) -> None:
    async def script(safe: Safe, desk: Desk) -> None:
        waiting = {"success": True, "state": "waiting", "url": "https://auth.example/device", "user_code": "ABCD-1234"}
        desk.answers[personal.LOGIN] = waiting
        order = LoginOrder(agent="codex", action="start")
        found = await safe.gateway.relay.login(OWNER, "desk", order)
        shown = {"state": "waiting", "url": waiting["url"], "code": "ABCD-1234", "message": None, "fix": None}
        assert found.model_dump() == {"device_id": "desk", "agent": "codex", **shown}
        assert desk.got[-1] == (personal.LOGIN, {"agent": "codex", "action": "start"})
        failed = {"success": True, "state": "failed", "text": "Nobody entered the code in time.", "fix": "Start again."}
        desk.answers[personal.LOGIN] = failed
        status = LoginOrder(agent="codex", action="status")
        found = await safe.gateway.relay.login(OWNER, "desk", status)
        assert (found.state, found.message, found.fix) == ("failed", failed["text"], "Start again.")
        desk.answers[personal.LOGIN] = {"success": False, "code": "logged_in", "message": "It has one.", "fix": "x"}
        assert await refusal(safe.gateway.relay.login(OWNER, "desk", order)) == (409, "logged_in", "It has one.", "x")

    with_desk(tmp_path, script)


@pytest.mark.parametrize("event", ["list", "sharing", "share", "unshare", "login"])
def test_who_cannot_be_asked_is_said_why(tmp_path: Path, event: str) -> None:
    async def script(safe: Safe, desk: Desk) -> None:
        relay = safe.gateway.relay

        def ask(device: str, owner: str = OWNER) -> Coroutine[Any, Any, Any]:
            asking: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
                "list": lambda: relay.skills(owner, device, None),
                "sharing": lambda: relay.sharing(owner, device),
                "share": lambda: relay.share(owner, device, ShareRequest()),
                "unshare": lambda: relay.unshare(owner, device),
                "login": lambda: relay.login(owner, device, LoginOrder(agent="codex", action="start")),
            }
            return asking[event]()

        name = {"list": skills.LIST, "login": personal.LOGIN}.get(event, f"skills:{event}")
        desk.answers[name] = {"success": False, "code": "in_the_way", "message": "A file is there.", "fix": "Move it."}
        assert await refusal(ask("desk")) == (409, "in_the_way", "A file is there.", "Move it.")
        desk.answers[name] = {"success": False, "code": "device_storage", "message": "The disk is full."}
        assert (await refusal(ask("desk")))[:3] == (400, "device_storage", "The disk is full.")
        desk.answers[name] = {"success": False, "code": "unsupported_method", "error": "?"}
        assert (await refusal(ask("desk")))[:2] == (400, "not_supported")
        desk.answers[name] = {"success": True, "items": 7, "sharing": 7, "state": 7}
        assert (await refusal(ask("desk")))[:2] == (503, "bad_answer")
        assert (await refusal(ask("desk", "bob")))[:2] == (404, "not_found")
        await safe.desk("stock", ours=False)
        stock = await refusal(ask("stock"))
        assert stock[:2] == (400, "stock_device")
        assert "Wegent's own executor" in stock[2]
        await desk.leave()
        assert (await refusal(ask("desk")))[:2] == (409, "device_offline")

    with_desk(tmp_path, script)


def test_a_devices_plan_and_result_pass_through_with_wegents_names(tmp_path: Path) -> None:
    async def script(safe: Safe, desk: Desk) -> None:
        result = {"status": "configured", "shared_path": "/x", "moved_count": 1, "moved": [MOVE]}
        desk.answers[skills.SHARE] = {"success": True, "sharing": {**SHARED, "moves": [MOVE]}, "result": result}
        report = await safe.gateway.relay.share(OWNER, "desk", ShareRequest(digest="d1"))
        assert desk.got[-1] == (skills.SHARE, {"digest": "d1"})
        told = report.model_dump(by_alias=True)
        assert (told["device_id"], told["sharing"]["digest"]) == ("desk", "d1")
        assert told["result"]["moved"] == [{**MOVE, "renamed": False}] == told["sharing"]["moves"]
        desk.answers[skills.SHARING] = {"success": True}
        assert (await refusal(safe.gateway.relay.sharing(OWNER, "desk")))[:2] == (503, "bad_answer")

    with_desk(tmp_path, script)


HALF = "\ud800"
"""Half a character of two, which JSON can carry and UTF-8 cannot."""


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        (personal.LOGIN, {"success": True, "state": "failed", "text": HALF}),
        (personal.LOGIN, {"success": False, "message": f"It is {HALF}."}),
        (personal.LOGIN, {"success": False, "message": "It is.", "fix": HALF}),
        (personal.LOGIN, {"success": True, "state": HALF}),
        (skills.LIST, {"success": True, "items": [{"name": "x", "source": "codex", "path": "/", "description": HALF}]}),
        (skills.LIST, {"success": True, HALF: 7}),
    ],
)
def test_an_answer_that_cannot_be_passed_on_is_refused_as_nonsense(tmp_path: Path, event: str, answer: Any) -> None:
    async def script(safe: Safe, desk: Desk) -> None:
        desk.answers[event] = answer
        order = LoginOrder(agent="codex", action="start")
        asking = safe.gateway.relay.login(OWNER, "desk", order)
        if event == skills.LIST:
            asking.close()
            found = await refusal(safe.gateway.relay.skills(OWNER, "desk", None))
        else:
            found = await refusal(asking)
        assert found[:2] == (503, "bad_answer")
        assert found[2].encode()

    with_desk(tmp_path, script)


def test_what_a_device_says_is_shown_within_bounds(tmp_path: Path) -> None:
    async def script(safe: Safe, desk: Desk) -> None:
        desk.answers[skills.LIST] = {"success": False, "code": "c" * 9_000, "message": "m" * 9_000, "fix": "f" * 9_000}
        found = await refusal(safe.gateway.relay.skills(OWNER, "desk", None))
        assert max(len(str(part)) for part in found) <= 4_000
        assert found[2].startswith("mmm")

    with_desk(tmp_path, script)
