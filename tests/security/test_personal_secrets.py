"""What people entrust to the gateway reaches the device that needs it, and nothing that we keep, log, show or tell."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support import access, people
from tests.support.machine import Machine
from tests.support.model import Model, running_model
from tests.support.server import TOKEN, JupyterServer, wait_for
from tests.support.sockets import Peer

CODEX = "/users/me/runtime-configs/codex"
PROXY = "/users/me/proxy-config"
PROVIDERS = "/models/providers"
CANARY = "canary-8d13f6"
LOGIN = {"tokens": {"refresh_token": f"{CANARY}-refresh", "id_token": f"{CANARY}-id"}, "last_refresh": "2026-01-01"}
PROXY_URL = f"http://ann:{CANARY}-proxy@127.0.0.1:9"


@dataclass
class House:
    """A server that logs all it can, to which Alice entrusted everything, with an agent at work on an issued key."""

    server: JupyterServer
    machine: Machine
    """Her second computer, which got her Codex login."""
    model: Model
    """What the provider's key is for."""
    device: str
    tasks: list[int]
    """Of the agents that work."""
    told: list[str]
    """Every answer that was given, and every event of the faces."""

    @property
    def secrets(self) -> dict[str, str]:
        return {"a canary": CANARY, "the provider's key": self.model.key}

    def leaks(self, text: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in text]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Ask as who has these headers, by default as Alice, and remember the answer."""
        headers = headers or {"Authorization": f"token {TOKEN}"}
        answer = access.bare(self.server, method, path, body, **headers)
        self.told.append(f"{answer.headers}{answer.text}")
        return answer

    def ours(self) -> list[psutil.Process]:
        """Return the server and the executors."""
        pids = [self.server.process, self.machine.process]
        found = [psutil.Process(one.pid) for one in pids if one is not None]
        return [*found, psutil.Process(self.server.executor_pid())]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("entrusted")
    options = [*people.OPTIONS, "--ServerApp.log_level=DEBUG"]
    environment = {**people.ENVIRONMENT, "CLAUDE_CODE_MAX_RETRIES": "0"}
    server = JupyterServer(home / "server", options=options, environment=environment)
    with running_model() as model:
        server.start()
        machine = Machine(home / "second", server).start()
        made = House(server, machine, model, server.get("/devices/online").json()["items"][0]["device_id"], [], [])
        try:
            use_everything(made)
            yield made
        finally:
            machine.kill()
            server.stop()
            server.end_executor()


def use_everything(house: House) -> None:
    """Entrust, show, change, try, send and misspell everything, with a face that looks on."""
    asyncio.run(with_a_face(house))
    for agent, model in (("claude", "house/claude-haiku-4-5"), ("codex", "house-2/gpt-5.5")):
        house.server.agent_ready(agent)
        failing = house.server.submit("!error 401", agent=agent, model=model)["task"]["id"]
        assert house.server.finished(failing)["state"] == "failed"
        working: int = house.server.submit("!slow 2000 0.05", agent=agent, model=model)["task"]["id"]
        wait_for(partial(streams, house, working), f"{agent} streams")
        house.tasks.append(working)


def streams(house: House, task: int) -> bool:
    assert house.server.turn(task)["error"] is None
    events = house.server.get(f"/tasks/{task}/events").json()["items"]
    return any(event["type"] == "delta" and event["data"]["kind"] == "message" for event in events)


async def with_a_face(house: House) -> None:
    async with Peer(house.server, {"Authorization": f"token {TOKEN}"}) as face:
        assert await face.connect("/tasks") is None
        assert (await face.call("/tasks", "watch", {}))["ok"]
        await asyncio.to_thread(entrust, house)
        while {data["what"] for name, data in face.events if name == "settings"} != {"codex", "proxy", "models"}:
            await face.call("/tasks", "watch", {})
        house.told += [json.dumps(event) for event in face.events]


def entrust(house: House) -> None:
    key = house.model.key
    anthropic = {"kind": "anthropic", "base_url": house.model.url, "key": key, "models": ["claude-haiku-4-5"]}
    openai = {"kind": "openai", "base_url": f"{house.model.url}/v1", "key": key, "models": ["gpt-5.5"]}
    right: list[tuple[str, str, Any]] = [
        ("POST", f"{CODEX}/auth-json", {"auth_json": LOGIN}),
        ("POST", f"{CODEX}/auth-json", {"auth_json": json.dumps(LOGIN)}),
        ("PUT", PROXY, {"proxy_url": PROXY_URL}),
        ("PUT", CODEX, {"use_user_config": True, "use_proxy": True}),
        ("POST", PROVIDERS, {"name": "house", **anthropic}),
        ("POST", PROVIDERS, {"name": "house-2", **openai}),
        ("POST", PROVIDERS, {"name": "vendor", "kind": "openai", "key": f"{CANARY}-key", "models": ["m"]}),
        ("POST", "/models/test", {"name": "x", **anthropic, "device_id": house.device}),
        ("POST", "/models/test", {"name": "x", **anthropic, "key": f"{CANARY}-wrong", "device_id": house.device}),
        ("POST", f"{PROXY}/test", {"device_id": house.device}),
        *(("GET", path, None) for path in (CODEX, f"{CODEX}/devices", PROXY, PROVIDERS, "/models", "/devices")),
    ]
    for method, path, body in right:
        answer = house.ask(method, path, body)
        assert answer.status_code in (200, 201), answer.text
    wrong: list[tuple[str, str, Any]] = [
        ("POST", f"{CODEX}/auth-json", {"auth_json": f'{{"a": "{CANARY}"'}),
        ("POST", f"{CODEX}/auth-json", {"auth_jsn": LOGIN}),
        ("POST", f"{CODEX}/auth-json", LOGIN),
        ("PUT", PROXY, {"proxy_url": f"ftp://ann:{CANARY}@proxy:1"}),
        ("PUT", PROXY, {"proxy_url": [PROXY_URL]}),
        ("POST", PROVIDERS, {"name": "Y", "kind": "openai", "key": f"{CANARY}\n", "models": []}),
        ("POST", PROVIDERS, {"name": "y", "kind": "openai", "key": {"key": CANARY}, "models": ["m"]}),
        ("POST", PROVIDERS, {"name": "y", "kind": "openai", "base_url": f"https://a:{CANARY}@x", "models": ["m"]}),
        ("POST", f"/devices/{house.device}/commands", {"command_key": "read_runtime_auth_file"}),
    ]
    for method, path, body in wrong:
        assert house.ask(method, path, body).status_code in (400, 422)


def test_the_login_reached_the_second_computer_and_its_file_alone(house: House) -> None:
    target = house.machine.home / ".codex" / "auth.json"
    wait_for(target.exists, f"the login is there\n{house.machine.log[-1000:]}")
    assert json.loads(target.read_text()) == LOGIN
    assert holders(house, house.machine.home) == [target]
    imported = house.ask("POST", f"{CODEX}/import-device", {"device_id": house.machine.device_id})
    assert (imported.status_code, imported.json()["auth_kind"]) == (200, "chatgpt")


def holders(house: House, folder: Path) -> list[Path]:
    """Return the files that hold a secret."""
    return [path for path in folder.rglob("*") if path.is_file() and house.leaks(path.read_bytes().decode("latin-1"))]


def test_no_secret_is_in_anything_that_the_gateway_or_a_device_keeps(house: House) -> None:
    """Not in the database, its journal, the executors' journals, logs and records."""
    assert (house.server.data / "vault.key").stat().st_mode & 0o777 == 0o600
    assert holders(house, house.server.data) == []
    assert holders(house, house.machine.executor_home) == []


def test_the_key_that_opens_them_is_in_its_own_file_alone(house: House) -> None:
    key = (house.server.data / "vault.key").read_bytes().strip()
    found = [path.name for path in house.server.data.rglob("*") if path.is_file() and key in path.read_bytes()]
    assert found == ["vault.key"]
    assert key.decode() not in "".join([*house.told, house.server.log, house.machine.log])


def test_no_secret_is_in_a_log_or_in_a_url_of_it(house: House) -> None:
    log = house.server.log
    assert f"POST /wegent/api{CODEX}/auth-json" in log, "the log is not as talkative as this test needs it"
    assert [line for line in log.splitlines() if house.leaks(line)] == []
    assert [line for line in house.machine.log.splitlines() if house.leaks(line)] == []


def test_no_secret_is_in_an_answer_or_in_an_event_of_a_face(house: House) -> None:
    assert len(house.told) > 25
    assert any('"settings"' in one for one in house.told)
    assert [one for one in house.told if house.leaks(one)] == []


def test_no_secret_is_in_the_history_of_a_task(house: House) -> None:
    for task in house.server.get("/tasks").json()["items"]:
        for path in (f"/tasks/{task['id']}", f"/tasks/{task['id']}/events"):
            answer = house.server.get(path).text
            assert task["agent"] in answer
            assert house.leaks(answer) == []


def test_no_secret_is_in_the_arguments_of_a_process_or_in_the_environment_of_ours(house: House) -> None:
    ours = house.ours()
    tree = {child for one in ours for child in [one, *one.children(recursive=True)]}
    lines = [" ".join(one.cmdline()) for one in tree]
    for agent in ("claude", "codex"):
        assert any(agent in line for line in lines), f"{agent} is at work"
    assert [one.cmdline() for one in tree if house.leaks(" ".join(one.cmdline()))] == []
    assert [one.cmdline() for one in ours if house.leaks(json.dumps(one.environ()))] == []


READS = (CODEX, f"{CODEX}/devices", PROXY, PROVIDERS, "/models", "/tasks")


def test_somebody_else_sees_nothing_of_it(house: House) -> None:
    bob = {"Authorization": "token bob-token"}
    seen = [house.ask("GET", path, **bob).json() for path in READS]
    assert (seen[0]["configured"], seen[0]["proxy_configured"], seen[2]["configured"]) == (False, False, False)
    assert [one["items"] for one in (seen[1], *seen[3:])] == [[], [], [], []]
    provider = house.server.get(PROVIDERS).json()["items"][0]["id"]
    for method in ("GET", "PUT", "DELETE"):
        assert house.ask(method, f"{PROVIDERS}/{provider}", {}, **bob).status_code == 404
    new = {"name": "house", "kind": "openai", "models": ["m"]}
    created = house.ask("POST", PROVIDERS, new, **bob)
    assert created.status_code == 201, "names are one's own"
    house.ask("DELETE", f"{PROVIDERS}/{created.json()['id']}", **bob)


WRITES: list[tuple[str, str, Any]] = [
    ("PUT", CODEX, {"use_user_config": False}),
    ("POST", f"{CODEX}/auth-json", {"auth_json": {"a": 1}}),
    ("DELETE", f"{CODEX}/auth-json", None),
    ("POST", f"{CODEX}/import-device", {"device_id": "{device}"}),
    ("PUT", PROXY, {"proxy_url": ""}),
    ("POST", f"{PROXY}/test", {"device_id": "{device}"}),
    ("POST", PROVIDERS, {"name": "z", "kind": "openai", "models": ["m"]}),
    ("PUT", f"{PROVIDERS}/{{provider}}", {"key": "x"}),
    ("DELETE", f"{PROVIDERS}/{{provider}}", None),
    ("POST", f"{PROVIDERS}/{{provider}}/test", {"device_id": "{device}"}),
    ("POST", "/models/test", {"name": "z", "kind": "openai", "models": ["m"], "device_id": "{device}"}),
    ("POST", "/devices/{device}/skills/sharing", {}),
    ("DELETE", "/devices/{device}/skills/sharing", None),
    ("POST", "/devices/{device}/commands", {"command_key": "setup_shared_skills"}),
    ("POST", "/devices/{device}/agents/codex/login", {}),
    ("DELETE", "/devices/{device}/agents/codex/login", None),
]


@pytest.mark.parametrize("kind", ["token", "key"])
def test_an_api_token_or_key_reads_what_is_shown_and_changes_or_starts_nothing(house: House, kind: str) -> None:
    secret = access.credential(house.server, kind)["secret"]
    bearer = {"Authorization": f"Bearer {secret}"}
    before = [house.ask("GET", path).json() for path in READS[:-1]]
    for path in READS:
        assert house.ask("GET", path, **bearer).status_code == 200
    provider = house.server.get(PROVIDERS).json()["items"][0]["id"]
    for method, path, body in WRITES:
        filled = json.loads(json.dumps(body).replace("{device}", house.device))
        answer = house.ask(method, path.format(device=house.device, provider=provider), filled, **bearer)
        assert (answer.status_code, answer.json()["code"]) == (403, "tokens_make_no_tokens"), path
    assert [house.ask("GET", path).json() for path in READS[:-1]] == before


def test_what_was_forgotten_is_in_the_database_no_more_even_encrypted(house: House) -> None:
    """Last: the rows go, so that a key file that leaks later opens nothing of it."""
    for task in house.tasks:
        house.server.post(f"/tasks/{task}/cancel", {})
        house.server.finished(task)
    assert house.ask("DELETE", f"{CODEX}/auth-json").status_code == 200
    assert house.ask("PUT", PROXY, {"proxy_url": ""}).status_code == 200
    for one in house.server.get(PROVIDERS).json()["items"]:
        assert house.ask("DELETE", f"{PROVIDERS}/{one['id']}").status_code == 200
    with contextlib.closing(sqlite3.connect(house.server.data / "wegent.db")) as database:
        rows = [*database.execute("SELECT data FROM personal"), *database.execute("SELECT data FROM providers")]
    assert rows
    assert [row for row in rows if "gAAAA" in row[0]] == [], "which every token of Fernet begins with"
