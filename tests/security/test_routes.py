"""Every route of ours, every method, every way in that must stay shut. The table is held against the live router."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support import access, people
from tests.support.server import TOKEN, JupyterServer
from tests.support.sockets import Peer
from tests.support.terminal import open_terminal
from wegent_jupyter.protocol import terminals, wire

BASE_URL = "/team.1/"
"""With a dot, so that a base that was not escaped would show."""
FACES, TERMINALS, DEVICES = "/tasks", terminals.NAMESPACE, wire.NAMESPACE
SESSION = r"([A-Za-z0-9_-]{1,100})"
ID = r"([1-9][0-9]{0,15})"
NAME = r"([^/:\s]{1,1200})"
APPROVAL = r"([1-9][0-9]{0,15}\.[1-9][0-9]{0,6})"
CODE = r"([A-Z]{4}-[A-Z]{4})"
READS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Call:
    """One method of one route as its owner uses it. `owned`: the path names an object of that owner."""

    method: str
    path: str
    status: int
    body: dict[str, Any] | None = None
    owned: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Route:
    """A pattern below `{base_url}wegent`, and every method that its handler has."""

    pattern: str
    calls: list[Call] = field(default_factory=list)
    others: frozenset[str] = frozenset({"OPTIONS"})
    """Methods without a meaning of their own, which tell nobody anything."""


PROMPT = {"prompt": "!say one"}
NEW = {**PROMPT, "agent": "practice", "mode": "full"}
NEW_PROJECT = {
    "name": "Churn",
    "config": {
        "execution": {"deviceId": "{device}"},
        "workspace": {"source": "local_path", "checkoutPath": "churn{fresh}"},
    },
}

CODEX = "/users/me/runtime-configs/codex"
# Without key and address: there is nothing to try, which the answer says.
NEW_PROVIDER = {"name": "p{fresh}", "kind": "openai", "models": ["m"]}
LOGIN: list[tuple[str, dict[str, Any] | None]] = [("GET", None), ("POST", {}), ("DELETE", None)]

REST = [
    Route(r"/api/version", [Call("GET", "/api/version", 200)]),
    Route(r"/api/devices", [Call("GET", "/api/devices", 200)]),
    Route(r"/api/devices/online", [Call("GET", "/api/devices/online", 200)]),
    # 400: the server's own device stays. To anybody else it does not exist.
    Route(
        rf"/api/devices/{NAME}",
        [
            Call("GET", "/api/devices/{device}", 200, owned=True),
            Call("DELETE", "/api/devices/{device}?revoke=true", 400, owned=True),
        ],
    ),
    Route(
        rf"/api/devices/{NAME}/default",
        [
            Call("PUT", "/api/devices/{device}/default", 200, owned=True),
            Call("DELETE", "/api/devices/{device}/default", 200, owned=True),
        ],
    ),
    Route(
        rf"/api/devices/{NAME}/alias", [Call("PUT", "/api/devices/{device}/alias", 200, {"alias": "Desk"}, owned=True)]
    ),
    Route(
        rf"/api/devices/{NAME}/runtime-settings",
        [
            Call("GET", "/api/devices/{device}/runtime-settings", 200, owned=True),
            Call("PUT", "/api/devices/{device}/runtime-settings", 200, {"max_concurrent_tasks": 4}, owned=True),
        ],
    ),
    Route(rf"/api/devices/{NAME}/upgrade", [Call("POST", "/api/devices/{device}/upgrade", 200, {}, owned=True)]),
    Route(
        rf"/api/devices/{NAME}/commands",
        [Call("POST", "/api/devices/{device}/commands", 200, {"command_key": "pwd"}, owned=True)],
    ),
    # 400: no terminal starts there.
    Route(
        rf"/api/devices/{NAME}/terminal",
        [Call("POST", "/api/devices/{device}/terminal", 400, {"path": "/etc"}, owned=True)],
    ),
    Route(r"/api/terminals", [Call("GET", "/api/terminals", 200)]),
    Route(
        rf"/api/terminals/{SESSION}",
        [
            Call("GET", "/api/terminals/{terminal}", 200, owned=True),
            Call("DELETE", "/api/terminals/{terminal}", 200, owned=True),
        ],
    ),
    Route(rf"/api/devices/{NAME}/queue", [Call("GET", "/api/devices/{device}/queue", 200, owned=True)]),
    Route(r"/api/agents", [Call("GET", "/api/agents?device_id={device}", 200, owned=True)]),
    Route(
        r"/api/tasks",
        [Call("GET", "/api/tasks", 200), Call("POST", "/api/tasks", 201, {**NEW, "device_id": "{device}"}, owned=True)],
    ),
    Route(rf"/api/tasks/{ID}", [Call("GET", "/api/tasks/{task}", 200, owned=True)]),
    Route(rf"/api/tasks/{ID}/turns", [Call("POST", "/api/tasks/{task}/turns", 201, PROMPT, owned=True)]),
    # 409: nothing of it runs any more. To anybody else the task does not exist at all.
    Route(rf"/api/tasks/{ID}/cancel", [Call("POST", "/api/tasks/{task}/cancel", 409, {}, owned=True)]),
    Route(rf"/api/tasks/{ID}/steer", [Call("POST", "/api/tasks/{task}/steer", 409, PROMPT, owned=True)]),
    Route(rf"/api/tasks/{ID}/continue", [Call("POST", "/api/tasks/{task}/continue", 409, {}, owned=True)]),
    # 409: it is not paused, and its first turn is finished.
    Route(rf"/api/tasks/{ID}/resume", [Call("POST", "/api/tasks/{task}/resume", 409, {}, owned=True)]),
    Route(
        rf"/api/tasks/{ID}/turns/{ID}/queue",
        [Call("PUT", "/api/tasks/{task}/turns/{turn}/queue", 409, {"position": 1}, owned=True)],
    ),
    Route(r"/api/approvals", [Call("GET", "/api/approvals", 200)]),
    # 409: it was answered. To anybody else it does not exist.
    Route(
        rf"/api/approvals/{APPROVAL}",
        [Call("POST", "/api/approvals/{approval}", 409, {"decision": "allow"}, owned=True)],
    ),
    Route(
        rf"/api/devices/{NAME}/agents/refresh",
        [Call("POST", "/api/devices/{device}/agents/refresh", 200, {}, owned=True)],
    ),
    Route(
        rf"/api/devices/{NAME}/agents/{NAME}",
        [Call("PUT", "/api/devices/{device}/agents/claude", 200, {"path": None}, owned=True)],
    ),
    Route(
        rf"/api/devices/{NAME}/trust",
        [
            Call("GET", "/api/devices/{device}/trust", 200, owned=True),
            Call("PUT", "/api/devices/{device}/trust", 200, {"path": "/srv/code", "trusted": None}, owned=True),
        ],
    ),
    Route(r"/api/projects", [Call("GET", "/api/projects", 200), Call("POST", "/api/projects", 201, NEW_PROJECT, True)]),
    Route(
        rf"/api/projects/{ID}",
        [
            Call("GET", "/api/projects/{project}", 200, owned=True),
            Call("PUT", "/api/projects/{project}", 200, {"name": "Other"}, owned=True),
            Call("DELETE", "/api/projects/{project}", 200, owned=True),
        ],
    ),
    Route(rf"/api/projects/{ID}/prepare", [Call("POST", "/api/projects/{project}/prepare", 200, {}, owned=True)]),
    Route(rf"/api/projects/{ID}/terminal", [Call("POST", "/api/projects/{project}/terminal", 200, {}, owned=True)]),
    # 400: it is Wegent's answer for local devices.
    Route(
        rf"/api/projects/{ID}/code-server", [Call("POST", "/api/projects/{project}/code-server", 400, {}, owned=True)]
    ),
    Route(rf"/api/devices/{NAME}/folders", [Call("GET", "/api/devices/{device}/folders", 200, owned=True)]),
    # 400: no such directory.
    Route(rf"/api/devices/{NAME}/files", [Call("GET", "/api/devices/{device}/files?path=/none", 400, owned=True)]),
    Route(r"/api/worktrees", [Call("GET", "/api/worktrees", 200)]),
    # 404: the task has none. To anybody else the task does not exist, either.
    Route(
        rf"/api/tasks/{ID}/worktree",
        [
            Call("GET", "/api/tasks/{task}/worktree", 404, owned=True),
            Call("DELETE", "/api/tasks/{task}/worktree", 404, owned=True),
        ],
    ),
    Route(
        rf"/api/tasks/{ID}/turns/{ID}/changes",
        [Call("GET", "/api/tasks/{task}/turns/{turn}/changes", 200, owned=True)],
    ),
    Route(
        rf"/api/tasks/{ID}/turns/{ID}/changes/file",
        [Call("GET", "/api/tasks/{task}/turns/{turn}/changes/file?path=made.txt", 200, owned=True)],
    ),
    Route(
        rf"/api/tasks/{ID}/turns/{ID}/changes/revert",
        [Call("POST", "/api/tasks/{task}/turns/{turn}/changes/revert", 200, {"paths": ["made.txt"]}, owned=True)],
    ),
    # 422: it says no name.
    Route(r"/api/attachments", [Call("POST", "/api/attachments", 422, {})]),
    Route(
        rf"/api/attachments/{ID}",
        [
            Call("GET", "/api/attachments/{attachment}", 200, owned=True),
            Call("DELETE", "/api/attachments/{attachment}", 200, owned=True),
        ],
    ),
    Route(rf"/api/tasks/{ID}/events", [Call("GET", "/api/tasks/{task}/events", 200, owned=True)]),
    Route(
        r"/api/credentials",
        [Call("GET", "/api/credentials", 200), Call("POST", "/api/credentials", 201, {"kind": "key", "name": "x"})],
    ),
    Route(rf"/api/credentials/{ID}", [Call("DELETE", "/api/credentials/{credential}", 200, owned=True)]),
    Route(r"/api/add-device", [Call("GET", "/api/add-device", 200)]),
    # Alice answered: to anybody else the machine does not wait any more.
    Route(
        rf"/api/join/{CODE}",
        [
            Call("GET", "/api/join/{code}", 200, owned=True),
            Call("POST", "/api/join/{code}", 200, {"approve": True}, owned=True),
        ],
    ),
    Route(
        rf"/api{CODEX}",
        [Call("GET", f"/api{CODEX}", 200), Call("PUT", f"/api{CODEX}", 200, {"use_user_config": False})],
    ),
    Route(
        rf"/api{CODEX}/auth-json",
        [
            Call("POST", f"/api{CODEX}/auth-json", 200, {"auth_json": {"OPENAI_API_KEY": "x"}}),
            Call("DELETE", f"/api{CODEX}/auth-json", 200),
        ],
    ),
    # 409: nobody is logged in there. To anybody else the device does not exist.
    Route(
        rf"/api{CODEX}/import-device",
        [Call("POST", f"/api{CODEX}/import-device", 409, {"device_id": "{device}"}, owned=True)],
    ),
    Route(rf"/api{CODEX}/devices", [Call("GET", f"/api{CODEX}/devices", 200)]),
    Route(
        r"/api/users/me/proxy-config",
        [
            Call("GET", "/api/users/me/proxy-config", 200),
            Call("PUT", "/api/users/me/proxy-config", 200, {"proxy_url": ""}),
        ],
    ),
    # 400: there is none to try.
    Route(
        r"/api/users/me/proxy-config/test",
        [Call("POST", "/api/users/me/proxy-config/test", 400, {"device_id": "{device}"}, owned=True)],
    ),
    Route(r"/api/models", [Call("GET", "/api/models", 200)]),
    Route(
        r"/api/models/test", [Call("POST", "/api/models/test", 200, {**NEW_PROVIDER, "device_id": "{device}"}, True)]
    ),
    Route(
        r"/api/models/providers",
        [Call("GET", "/api/models/providers", 200), Call("POST", "/api/models/providers", 201, NEW_PROVIDER)],
    ),
    Route(
        rf"/api/models/providers/{ID}",
        [
            Call("GET", "/api/models/providers/{provider}", 200, owned=True),
            Call("PUT", "/api/models/providers/{provider}", 200, {"key": "x"}, owned=True),
            Call("DELETE", "/api/models/providers/{provider}", 200, owned=True),
        ],
    ),
    Route(
        rf"/api/models/providers/{ID}/test",
        [Call("POST", "/api/models/providers/{provider}/test", 200, {"device_id": "{device}"}, owned=True)],
    ),
    Route(rf"/api/devices/{NAME}/skills", [Call("GET", "/api/devices/{device}/skills", 200, owned=True)]),
    # 409: nothing was shared that could be taken back.
    Route(
        rf"/api/devices/{NAME}/skills/sharing",
        [
            Call("GET", "/api/devices/{device}/skills/sharing", 200, owned=True),
            Call("POST", "/api/devices/{device}/skills/sharing", 409, {"digest": "old"}, owned=True),
            Call("DELETE", "/api/devices/{device}/skills/sharing", 409, owned=True),
        ],
    ),
    # 400: the practice agent has no login.
    Route(
        rf"/api/devices/{NAME}/agents/{NAME}/login",
        [Call(m, "/api/devices/{device}/agents/practice/login", 400, b, True) for m, b in LOGIN],
    ),
    Route(r"/api/openapi\.json", [Call("GET", "/api/openapi.json", 200)]),
    Route(r"/api/(.*)", [Call(name, "/api/nothing", 404) for name in ("GET", "POST", "PUT", "PATCH", "DELETE")]),
]
OPEN = [
    Route(r"/api/join", [Call("POST", "/api/join", 403, {"device_id": "x", "name": "x", "code": "wgj-wrong"})]),
    Route(r"/api/join/poll", [Call("POST", "/api/join/poll", 404, {"poll_secret": "wrong"})]),
]
"""Those that answer whoever asks, since a machine that joins has no identity yet; and nobody who knows nothing."""
SOCKET = Route(r"/socket\.io/", [], frozenset({"GET", "POST", "OPTIONS"}))
CALLS = [call for route in REST for call in route.calls]


@dataclass
class House:
    """A server with three people, a finished task of Alice and her device."""

    server: JupyterServer
    task: int
    device: str
    approval: str
    """One that Alice denied."""
    turn: int
    """The first of the task."""
    code: str
    """Of a machine that Alice let in."""
    credential: int
    """A key of Alice; when one is revoked, a new one."""
    terminal: str
    """One of Alice's device; once ended, it can still be read."""
    project: int = 0
    """When one is deleted, a new one."""
    attachment: int = 0
    """One that was not sent; when one is removed, a new one."""
    provider: int = 0
    """When one is deleted, a new one."""
    fresh: int = 0
    logins: dict[str, dict[str, str]] = field(default_factory=dict)

    def ask(
        self, call: Call, headers: Mapping[str, str] | None = None, cookies: dict[str, str] | None = None
    ) -> httpx.Response:
        """Make a call with nothing but these headers and cookies."""
        self.fresh += 1
        body = json.loads(json.dumps(call.body).replace("{device}", self.device).replace("{fresh}", str(self.fresh)))
        names = {"task": self.task, "turn": self.turn, "device": self.device, "approval": self.approval}
        names |= {"terminal": self.terminal, "project": self.project, "attachment": self.attachment}
        names |= {"provider": self.provider}
        path = call.path.format(code=self.code, credential=self.credential, **names)
        with httpx.Client(trust_env=False, verify=False, timeout=30, cookies=cookies) as client:
            answer = client.request(
                call.method, f"{self.server.url}wegent{path}", json=body, headers=httpx.Headers(headers, "utf-8")
            )
        if "{credential}" in call.path and answer.status_code == 200:
            self.credential = access.credential(self.server, "key")["id"]
        if call.path == "/api/models/providers" and answer.status_code == 201:
            self.server.request("DELETE", f"/models/providers/{answer.json()['id']}")
        if call.method == "DELETE" and answer.status_code == 200:
            self.renew()
        return answer

    def renew(self) -> None:
        """Make what a call may have removed."""
        self.fresh += 1
        body = json.dumps(NEW_PROJECT).replace("{device}", self.device).replace("{fresh}", f"-new-{self.fresh}")
        self.project = self.server.post("/projects", json.loads(body)).json()["id"]
        made = self.server.request("POST", "/attachments?name=a.txt", content=b"hi")
        self.attachment = made.json()["id"]
        self.server.request("DELETE", f"/models/providers/{self.provider or 1}")
        body = json.dumps(NEW_PROVIDER).replace("{fresh}", f"-new-{self.fresh}")
        self.provider = self.server.post("/models/providers", json.loads(body)).json()["id"]

    def walk(self) -> dict[str, Any]:
        """Return the live routes, and what the authorizer was asked since the last time."""
        found: dict[str, Any] = httpx.get(f"{self.server.url}walk", trust_env=False, verify=False).json()
        return found

    def cookies(self, token: str) -> dict[str, str]:
        """Return what a browser has after a login: Jupyter's login cookie and the XSRF token."""
        if token in self.logins:
            return self.logins[token]
        with httpx.Client(trust_env=False, verify=False, timeout=30) as client:
            client.get(f"{self.server.url}login").raise_for_status()
            client.get(f"{self.server.url}api/me", headers=token_of(token)).raise_for_status()
            found = self.logins[token] = dict(client.cookies)
        assert "_xsrf" in found
        assert any(name.startswith("username-") for name in found)
        return found

    def state(self) -> tuple[int, int]:
        """Return how many tasks Alice has, and how many turns the one of this house has."""
        tasks = self.server.get("/tasks").json()["total"]
        return tasks, self.server.get(f"/tasks/{self.task}").json()["turns"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    server = JupyterServer(
        tmp_path_factory.mktemp("house"),
        base_url=BASE_URL,
        options=people.OPTIONS,
        pages=True,
        environment=people.ENVIRONMENT,
    ).start()
    created = server.submit("!say first\n!write made.txt hi")["task"]
    server.finished(created["id"])
    asking = server.submit("!bash true", mode="ask")["task"]
    approval = server.asked(asking["id"])["id"]
    assert server.post(f"/approvals/{approval}", {"decision": "deny"}).status_code == 200
    server.finished(asking["id"])
    turn = server.turn(created["id"])["id"]
    waiting = server.post("/join", {"device_id": "box", "name": "Box"}).json()["user_code"]
    assert server.post(f"/join/{waiting}", {"approve": True}).status_code == 200
    credential, terminal = access.credential(server, "key")["id"], open_terminal(server)["session_id"]
    made = House(server, created["id"], created["device_id"], approval, turn, waiting, credential, terminal)
    made.renew()
    yield made
    server.stop()
    server.end_executor()


def token_of(token: str, scheme: str = "token") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


def runtime_token(house: House) -> str:
    token: str = json.loads((house.server.data / "gateway.json").read_text())["token"]
    return token


def device_key(house: House) -> str:
    key: str = json.loads((house.server.data / "executor" / "server.json").read_text())["token"]
    return key


# The table.


def test_every_live_route_of_ours_is_in_the_table_with_every_method_that_it_has(house: House) -> None:
    base = re.escape(f"{BASE_URL}wegent")
    live = {route["pattern"]: set(route["methods"]) for route in house.walk()["routes"]}
    table = {base + one.pattern + "$": {call.method for call in one.calls} | one.others for one in [*REST, *OPEN]}
    table[base + SOCKET.pattern + "$"] = set(SOCKET.others)
    assert live == table


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_route_answers_its_owner(house: House, call: Call) -> None:
    """Otherwise a refusal below would prove nothing."""
    house.walk()
    assert house.ask(call, token_of(TOKEN)).status_code == call.status
    house.server.finished(house.task)
    action = "read" if call.method == "GET" else "write"
    assert ["alice", action, "wegent"] in house.walk()["asked"]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_route_is_shut_without_authentication(house: House, call: Call) -> None:
    before = house.state()
    assert house.ask(call).status_code == 403
    assert house.state() == before


@pytest.mark.parametrize("header", ["token wrong", "Bearer wrong", "wegent wrong", "wegent", "wegent é", "Basic eDp5"])
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_route_is_shut_for_a_wrong_token(house: House, call: Call, header: str) -> None:
    assert house.ask(call, {"Authorization": header}).status_code == 403


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_route_is_shut_for_a_devices_key(house: House, call: Call) -> None:
    for scheme in ("token", "Bearer", "wegent"):
        assert house.ask(call, token_of(device_key(house), scheme)).status_code == 403


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_route_is_shut_for_whom_the_authorizer_refuses(house: House, call: Call) -> None:
    before = house.state()
    house.walk()
    answer = house.ask(call, token_of("carol-token"))
    action = "read" if call.method == "GET" else "write"
    assert answer.status_code == 403
    assert house.walk()["asked"] == [["carol", action, "wegent"]]
    assert house.state() == before


@pytest.mark.parametrize("call", [call for call in CALLS if call.owned], ids=str)
def test_what_belongs_to_somebody_else_does_not_exist(house: House, call: Call) -> None:
    before = house.state()
    answer = house.ask(call, token_of("bob-token"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert house.state() == before


def test_lists_hold_only_what_is_ones_own(house: House) -> None:
    asking = house.server.submit("!bash true", mode="ask")["task"]["id"]
    house.server.asked(asking)
    open_terminal(house.server)
    for path in ("/api/tasks", "/api/devices", "/api/approvals", "/api/terminals"):
        mine, theirs = (house.ask(Call("GET", path, 200), token_of(token)).json() for token in (TOKEN, "bob-token"))
        assert mine["total"] > 0
        assert theirs == {"items": [], "total": 0}
    house.server.post(f"/tasks/{asking}/cancel", {})
    house.server.finished(asking)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_foreign_page_with_the_cookie_gets_nothing(house: House, call: Call) -> None:
    before = house.state()
    cookies = house.cookies(TOKEN)
    headers = {"Origin": "https://evil.example", "X-XSRFToken": cookies["_xsrf"]}
    answer = house.ask(call, headers, cookies)
    assert answer.status_code in (403, 404)
    assert "items" not in answer.json()
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert house.state() == before
    if call.status < 300:  # the same request of our own page is answered
        headers["Origin"] = house.server.url.removesuffix(BASE_URL)
        assert house.ask(call, headers, cookies).status_code == call.status
        house.server.finished(house.task)


@pytest.mark.parametrize("route", [*REST, *OPEN, SOCKET], ids=lambda route: route.pattern)
def test_a_preflight_grants_a_foreign_page_nothing(house: House, route: Route) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    path = route.calls[0].path if route.calls else "/socket.io/"
    for cookies in ({}, house.cookies(TOKEN)):
        answer = house.ask(Call("OPTIONS", path, 0), headers, cookies)
        assert not {"access-control-allow-origin", "access-control-allow-credentials"} & set(answer.headers)
        assert answer.status_code == (405 if route is SOCKET else 200)
        assert route is SOCKET or answer.content == b""


@pytest.mark.parametrize("call", [call for call in CALLS if call.method not in READS], ids=str)
def test_a_change_by_cookie_needs_the_xsrf_token(house: House, call: Call) -> None:
    before = house.state()
    cookies = house.cookies(TOKEN)
    assert house.ask(call, None, cookies).status_code == 403
    assert house.ask(call, {"X-XSRFToken": "forged"}, cookies).status_code == 403
    assert house.state() == before
    assert house.ask(call, {"X-XSRFToken": cookies["_xsrf"]}, cookies).status_code == call.status
    house.server.finished(house.task)


@pytest.mark.parametrize("route", [*REST, *OPEN], ids=lambda route: route.pattern)
def test_methods_that_a_route_does_not_have_do_nothing(house: House, route: Route) -> None:
    before = house.state()
    known = {call.method for call in route.calls} | route.others
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - known:
        path = route.calls[0].path
        assert house.ask(Call(method, path, 0)).status_code in (403, 405)
        assert house.ask(Call(method, path, 0), token_of(TOKEN)).status_code == 405
    assert house.state() == before


@pytest.mark.parametrize("call", [call for route in OPEN for call in route.calls], ids=str)
def test_an_open_route_treats_everybody_alike_and_no_page(house: House, call: Call) -> None:
    cookies = house.cookies(TOKEN)
    own = house.server.url.removesuffix(BASE_URL)
    for headers in (None, token_of(TOKEN), token_of("bob-token"), token_of(device_key(house), "Bearer")):
        assert house.ask(call, headers).status_code == call.status
        assert house.ask(call, headers, cookies).status_code == call.status
    for origin in (own, "https://evil.example", "null"):
        for headers in ({"Origin": origin}, {"Origin": origin, "X-XSRFToken": cookies["_xsrf"]}):
            answer = house.ask(call, headers, cookies)
            assert answer.status_code in (403, 404)
            assert answer.json()["code"] in ("no_browsers", "http_404")
            assert "Access-Control-Allow-Origin" not in answer.headers


# The runtime token of `gateway.json`.


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_the_runtime_token_opens_our_routes(house: House, call: Call) -> None:
    assert house.ask(call, token_of(runtime_token(house), "wegent")).status_code == call.status
    house.server.finished(house.task)


@pytest.mark.parametrize("scheme", ["wegent", "token", "Bearer"])
@pytest.mark.parametrize("path", ["api/contents", "api/kernels", "api/sessions", "api/me", "files/x", "lab"])
def test_the_runtime_token_opens_nothing_else_of_jupyter(house: House, path: str, scheme: str) -> None:
    url = f"{house.server.url}{path}"
    refused = httpx.get(url, headers=token_of(runtime_token(house), scheme), trust_env=False, verify=False)
    assert refused.status_code in (302, 403)
    assert "login" in refused.headers.get("Location", "login")
    assert httpx.get(url, headers=token_of(TOKEN), trust_env=False, verify=False).status_code in (200, 404)


# Sockets.


def handshake(house: House, headers: dict[str, str] | None = None, query: str = "") -> int:
    async def main() -> int:
        async with Peer(house.server, headers, query) as peer:
            return peer.status

    return asyncio.run(main())


def admission(house: House, namespace: str, headers: dict[str, str] | None = None, auth: Any = None) -> str | None:
    """Return why a namespace refused us, None if it did not."""

    async def main() -> str | None:
        async with Peer(house.server, headers) as peer:
            return await peer.connect(namespace, auth)

    return asyncio.run(main())


def cookie_of(house: House, token: str = TOKEN) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in house.cookies(token).items())}


def own_origin(house: House) -> dict[str, str]:
    return {"Origin": house.server.url.removesuffix(BASE_URL)}


def test_the_faces_namespace_is_shut_without_an_identity(house: House) -> None:
    assert admission(house, FACES) == "Not authenticated"
    assert admission(house, FACES, token_of("wrong")) == "Not authenticated"
    assert admission(house, FACES, auth={"token": TOKEN}) == "Not authenticated"
    assert admission(house, FACES, auth={"token": device_key(house)}) == "Not authenticated"


def test_the_faces_namespace_takes_jupyters_identities_and_the_runtime_token(house: House) -> None:
    house.walk()
    assert admission(house, FACES, token_of(TOKEN)) is None
    assert admission(house, FACES, cookie_of(house)) is None
    assert admission(house, FACES, {**cookie_of(house), **own_origin(house)}) is None
    assert admission(house, FACES, token_of(runtime_token(house), "wegent")) is None
    assert ["alice", "execute", "wegent"] in house.walk()["asked"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1.evil.example"]
)
def test_a_foreign_page_cannot_open_a_socket(house: House, origin: str) -> None:
    assert handshake(house, {"Origin": origin}) == 403
    assert handshake(house, {**cookie_of(house), "Origin": origin}) == 403


def test_a_page_of_our_own_origin_without_a_login_cannot_open_a_socket(house: House) -> None:
    assert handshake(house, own_origin(house)) == 403


def test_whom_the_authorizer_refuses_cannot_open_a_socket(house: House) -> None:
    house.walk()
    assert handshake(house, token_of("carol-token")) == 403
    assert handshake(house, {**cookie_of(house, "carol-token"), **own_origin(house)}) == 403
    assert [one for one in house.walk()["asked"] if one[2] == "wegent"] == [["carol", "execute", "wegent"]] * 2


def test_polling_is_refused(house: House) -> None:
    polling = "/socket.io/?EIO=4&transport=polling"
    for headers in (None, token_of(TOKEN)):
        assert house.ask(Call("GET", polling, 0), headers).status_code == 400
        assert house.ask(Call("POST", polling, 0, {}), headers).status_code in (403, 405)


@pytest.mark.parametrize("namespace", ["/", "/nothing", "/admin"])
def test_there_are_no_other_namespaces(house: House, namespace: str) -> None:
    assert admission(house, namespace, token_of(TOKEN)) == "Unable to connect"


def test_the_device_namespace_takes_device_credentials_only(house: House) -> None:
    missing, invalid = "Missing authentication token", "Invalid or expired token"
    for headers in ({}, token_of(TOKEN), cookie_of(house), token_of(runtime_token(house), "wegent")):
        for nothing in (None, {}, {"token": ""}, {"token": None}, {"token": [TOKEN]}, {"token": 7}, [TOKEN], "token"):
            assert admission(house, DEVICES, headers, nothing) == missing
        for wrong in (TOKEN, runtime_token(house)):
            assert admission(house, DEVICES, headers, {"token": wrong}) == invalid
    for wrong in ("wrong", "bob-token", device_key(house)[:-1], "é", "\ud800", "\0"):
        assert admission(house, DEVICES, auth={"token": wrong}) == invalid
    assert admission(house, DEVICES, auth={"token": device_key(house)}) is None


def test_the_device_namespace_takes_nothing_that_came_from_a_page(house: House) -> None:
    headers = {**cookie_of(house), **own_origin(house)}
    assert admission(house, DEVICES, headers, {"token": device_key(house)}) == "Browsers are not devices"
    # Jupyter lets a token in from any origin, since no page has it; a device still has no origin.
    headers = {**token_of(TOKEN), "Origin": "https://tool.example"}
    assert admission(house, DEVICES, headers, {"token": device_key(house)}) == "Browsers are not devices"


def test_a_task_of_somebody_else_cannot_be_joined_or_watched(house: House) -> None:
    async def main() -> None:
        async with Peer(house.server, token_of("bob-token")) as bob, Peer(house.server, token_of(TOKEN)) as alice:
            assert (await bob.connect(FACES), await alice.connect(FACES)) == (None, None)
            joined = await bob.call(FACES, "task:join", {"task_id": house.task, "after_pos": 0})
            assert (joined["error"]["status"], joined["error"]["code"]) == (404, "not_found")
            seen = await bob.call(FACES, "watch", {})
            assert (seen["tasks"], seen["devices"]) == ([], [])
            assert house.task in [task["id"] for task in (await alice.call(FACES, "watch", {}))["tasks"]]
            # Alice is told what she does now; what Bob gets next is the answer to his own question.
            hidden = house.server.submit("!say hidden")["task"]["id"]
            while (await alice.event("task:update"))["id"] != hidden:
                continue  # what was on its way from an earlier one
            assert (await alice.event("device:update"))["device_id"] == house.device
            assert await bob.call(FACES, "task:leave", {"task_id": hidden}) == {"ok": True}
            assert bob.events == []
            assert await alice.call(FACES, "task:join", {"task_id": hidden, "after_pos": 0}) == {"ok": True}
            assert (await alice.event("task:events"))["task_id"] == hidden

    asyncio.run(main())


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("task:join", {}),
        ("task:join", None),
        ("task:join", []),
        ("task:join", {"task_id": "x"}),
        ("task:join", {"task_id": None}),
        ("task:join", {"task_id": [1]}),
        ("task:join", {"task_id": 1 << 70}),
        ("task:join", {"task_id": float("inf")}),
        ("task:join", {"task_id": 1, "after_pos": float("nan")}),
        ("task:join", {"task_id": 1, "after_pos": 1 << 70}),
        ("task:leave", {"task_id": {}}),
        ("task:leave", {}),
    ],
)
def test_nonsense_on_a_face_socket_is_answered_with_an_error(house: House, event: str, data: Any) -> None:
    async def main() -> None:
        async with Peer(house.server, token_of(TOKEN)) as peer:
            assert await peer.connect(FACES) is None
            answer = await peer.call(FACES, event, data)
            assert answer["error"]["status"] == 422
            assert (await peer.call(FACES, "watch", {}))["ok"]

    asyncio.run(main())


def test_the_terminal_namespace_is_shut_without_an_identity(house: House) -> None:
    assert admission(house, TERMINALS) == "Not authenticated"
    assert admission(house, TERMINALS, token_of("wrong")) == "Not authenticated"
    assert admission(house, TERMINALS, auth={"token": TOKEN}) == "Not authenticated"
    assert admission(house, TERMINALS, auth={"token": device_key(house)}) == "Not authenticated"
    assert admission(house, TERMINALS, token_of(TOKEN)) is None
    assert admission(house, TERMINALS, {**cookie_of(house), **own_origin(house)}) is None


def test_a_terminal_of_somebody_else_cannot_be_seen_typed_into_or_ended(house: House) -> None:
    session = open_terminal(house.server)["session_id"]
    named = {"session_id": session, "viewer": "v"}

    async def main() -> None:
        async with Peer(house.server, token_of("bob-token")) as bob, Peer(house.server, token_of(TOKEN)) as alice:
            assert (await bob.connect(TERMINALS), await alice.connect(TERMINALS)) == (None, None)
            for device_id in (None, house.device):
                answer = await bob.call(TERMINALS, "terminal:attach", {**named, "device_id": device_id})
                assert (answer["status"], answer["code"]) == (404, "not_found")
            assert (await alice.call(TERMINALS, "terminal:attach", named))["success"]
            for event, more in (
                ("terminal:input", {"data": "exit\n"}),
                ("terminal:resize", {"rows": 5, "cols": 5, "focus": True}),
                ("terminal:credit", {"offset": 1}),
            ):
                answer = await bob.call(TERMINALS, event, {**named, **more})
                assert (answer["status"], answer["code"]) == (409, "not_attached")
            assert (await bob.call(TERMINALS, "terminal:close", named))["status"] == 404
            assert (await bob.call(TERMINALS, "terminal:detach", named)) == {"success": True}, "which detached nobody"
            shown = house.server.get(f"/terminals/{session}").json()
            assert (shown["state"], shown["viewers"]) == ("open", 1)

    asyncio.run(main())


# A peer that has a device's key and does not behave.


async def register(peer: Peer, house: House, device_id: str) -> dict[str, Any]:
    assert await peer.connect(DEVICES, {"token": device_key(house)}) is None
    hello = {"device_id": device_id, "name": device_id, "runtime_features": {"schemaVersion": 1}}
    answer: dict[str, Any] = await peer.call(DEVICES, wire.REGISTER, hello)
    assert answer["success"], answer
    beat = await peer.call(DEVICES, wire.HEARTBEAT, {"device_id": device_id})
    assert beat == {"success": True}
    return answer


def test_who_does_not_register_or_enters_no_namespace_is_disconnected(house: House) -> None:
    async def silent_device() -> None:
        async with Peer(house.server) as peer:
            assert await peer.connect(DEVICES, {"token": device_key(house)}) is None
            await peer.ended()

    async def unknown_device() -> None:
        async with Peer(house.server) as peer:
            assert await peer.connect(DEVICES, {"token": "wrong"}) is not None
            assert await peer.ended()

    async def nobody() -> None:
        async with Peer(house.server) as peer:
            assert await peer.ended()

    async def registered_and_viewer() -> None:
        async with Peer(house.server) as device, Peer(house.server, token_of(TOKEN)) as viewer:
            await register(device, house, "stays")
            assert await viewer.connect(FACES) is None
            await asyncio.gather(silent_device(), unknown_device(), nobody())
            assert await device.call(DEVICES, wire.HEARTBEAT, {"device_id": "stays"}) == {"success": True}
            assert (await viewer.call(FACES, "watch", {}))["ok"]

    asyncio.run(registered_and_viewer())


@pytest.mark.parametrize(
    "query", ["EIO=3&transport=websocket", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x"]
)
def test_a_socket_that_speaks_no_engine_io_of_ours_is_closed(house: House, query: str) -> None:
    """It would stay open otherwise, and everything sent to it would stay in memory."""

    async def main() -> None:
        async with Peer(house.server, query=query) as peer:
            assert await peer.ended()

    asyncio.run(main())


def test_a_flood_waits_at_its_sender_while_the_server_is_busy(house: House) -> None:
    """Held up by a lock on the database, the server does not take 64 MiB into its memory meanwhile."""
    hello = json.dumps([wire.REGISTER, {"device_id": "flood", "name": "flood"}])
    beat = json.dumps([wire.HEARTBEAT, {"device_id": "flood", "padding": "x" * (1 << 20)}])

    async def main() -> None:
        async with Peer(house.server) as peer:
            assert await peer.connect(DEVICES, {"token": device_key(house)}) is None
            with contextlib.closing(sqlite3.connect(house.server.data / "wegent.db")) as database:
                database.execute("BEGIN IMMEDIATE")
                await peer.send(f"42{DEVICES},{hello}")
                flood = asyncio.create_task(send_all(peer))
                await asyncio.wait({flood}, timeout=2)
                assert not flood.done()
            await flood
            assert await peer.call(DEVICES, wire.HEARTBEAT, {"device_id": "flood"}) == {"success": True}

    async def send_all(peer: Peer) -> None:
        for _ in range(64):
            await peer.send(f"42{DEVICES},{beat}")

    asyncio.run(main())


def test_nothing_is_taken_from_a_device_before_it_registers(house: House) -> None:
    async def main() -> None:
        async with Peer(house.server) as peer:
            assert await peer.connect(DEVICES, {"token": device_key(house)}) is None
            for event in (wire.HEARTBEAT, "response.completed", "error", "anything"):
                answer = await peer.call(DEVICES, event, {"device_id": house.device})
                assert answer == {"error": "Not authenticated or not registered"}

    asyncio.run(main())


@pytest.mark.parametrize(
    "hello",
    [
        None,
        {},
        [],
        "text",
        {"device_id": "", "name": "x"},
        {"device_id": "with:colon", "name": "x"},
        {"device_id": "x" * 101, "name": "x"},
        {"device_id": "x", "name": "x" * 101},
        {"device_id": "x", "name": "x", "device_type": "toaster"},
        {"device_id": "x", "name": "x", "runtime_features": {"wegentJupyter": {"version": 1}}},
    ],
    ids=repr,
)
def test_a_malformed_registration_is_refused_by_name_of_the_field(house: House, hello: Any) -> None:
    async def main() -> None:
        async with Peer(house.server) as peer:
            assert await peer.connect(DEVICES, {"token": device_key(house)}) is None
            answer = await peer.call(DEVICES, wire.REGISTER, hello)
            assert answer["error"].startswith("Invalid payload: ")

    asyncio.run(main())


def test_events_for_an_attempt_of_another_device_change_nothing(house: House) -> None:
    forged: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"workspace": "/forged", "session_id": "forged"}),
        ("response.output_text.delta", {"block_id": "x", "output_index": 1, "block_offset": 0, "delta": "forged"}),
        ("response.completed", {"response": {"status": "completed"}}),
        ("error", {"code": "forged", "message": "forged"}),
    ]

    async def main() -> None:
        task = house.server.submit("!slow 600 0.1")["task"]["id"]
        attempt = (await until_running(house, task))["attempt_id"]
        target = {"task_id": task, "subtask_id": attempt}
        async with Peer(house.server) as peer:
            await register(peer, house, "intruder")
            for seq in (1, 2, 10**6):
                for name, data in forged:
                    envelope = {**target, "event_type": name, "seq": seq, "data": data}
                    assert await peer.call(DEVICES, name, envelope) == {"success": True}
                    assert await peer.event(wire.ACKS) == {"acks": {str(attempt): seq}}
                several = {**target, "seq": seq, "events": forged}
                assert await peer.call(DEVICES, wire.EVENTS, several) == {"success": True}
                assert await peer.event(wire.ACKS) == {"acks": {str(attempt): seq + len(forged) - 1}}
            # Nor does a heartbeat in another device's name.
            stolen = await peer.call(DEVICES, wire.HEARTBEAT, {"device_id": house.device})
            assert stolen == {"error": "Device ID mismatch"}
        after = house.server.turn(task)
        assert (after["state"], after["error"]) == ("running", None)
        house.server.post(f"/tasks/{task}/cancel")
        assert house.server.finished(task)["state"] == "cancelled"
        assert "forged" not in house.server.get(f"/tasks/{task}/events").text
        assert "forged" not in house.server.get(f"/tasks/{task}").text

    asyncio.run(main())


async def until_running(house: House, task: int) -> dict[str, Any]:
    """Follow a task until its turn runs, and return the turn."""
    async with Peer(house.server, token_of(TOKEN)) as peer:
        assert await peer.connect(FACES) is None
        assert (await peer.call(FACES, "task:join", {"task_id": task, "after_pos": 0}))["ok"]
        while True:
            for event in (await peer.event("task:events"))["events"]:
                if event["type"] == "turn" and event["data"]["state"] == "running":
                    found: dict[str, Any] = event["data"]
                    return found
