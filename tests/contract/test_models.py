"""Providers of models as people keep them, and by whose account each turn is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.support.entrusted import AGENTS, Desk, Safe, a_safe
from tests.support.model import running_model
from tests.support.server import JupyterServer
from tests.support.world import OWNER, World
from wegent_jupyter.gateway import dispatch
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.providers import MAX_PROVIDERS
from wegent_jupyter.gateway.store import personal_records
from wegent_jupyter.gateway.vault import Unreadable
from wegent_jupyter.protocol import api, models, wire
from wegent_jupyter.protocol.managing import Requeue
from wegent_jupyter.protocol.models import TestNewProvider, TestProvider, UpdateProvider
from wegent_jupyter.protocol.states import TurnState

PROVIDERS = "/models/providers"
CANARY = "canary-sk-77a0"
WORK = {"name": "work", "kind": "openai", "models": ["gpt-5.5"]}
Script = Callable[[Safe], Coroutine[Any, Any, None]]


def in_safe(tmp_path: Path, script: Script, **options: Any) -> None:
    async def scenario() -> None:
        async with a_safe(tmp_path, **options) as safe:
            await script(safe)

    asyncio.run(scenario())


async def refusal(work: Coroutine[Any, Any, Any]) -> tuple[int, str, str, str | None]:
    with pytest.raises(Refused) as caught:
        await work
    error = caught.value
    return error.status, error.code, error.message, error.fix


# Providers, over HTTP.


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    server = JupyterServer(tmp_path_factory.mktemp("models")).start()
    yield server
    server.stop()
    server.end_executor()


@pytest.fixture
def clean(house: JupyterServer) -> JupyterServer:
    for one in house.get(PROVIDERS).json()["items"]:
        assert house.request("DELETE", f"{PROVIDERS}/{one['id']}").status_code == 200
    return house


def test_a_provider_is_added_changed_and_removed_and_its_key_never_shown(clean: JupyterServer) -> None:
    body = {**WORK, "base_url": "https://llm.example/v1/", "key": f" {CANARY} ", "models": ["a/b", "c", "c"]}
    made = clean.post(PROVIDERS, {**body, "default_model": "c"})
    provider = made.json()
    assert (made.status_code, provider["base_url"], provider["has_key"]) == (201, "https://llm.example/v1", True)
    assert (provider["models"], provider["default_model"], provider["problem"]) == (["a/b", "c"], "c", None)
    path = f"{PROVIDERS}/{provider['id']}"
    changed = clean.request("PUT", path, json={"models": ["c", "d"], "default_model": "d"})
    assert (changed.json()["models"], changed.json()["default_model"]) == (["c", "d"], "d")
    assert clean.request("PUT", path, json={"default_model": ""}).json()["default_model"] is None
    choices = clean.get("/models").json()
    assert choices["items"] == [
        {"model": f"work/{name}", "kind": "openai", "is_default": False, "issued": True} for name in ("c", "d")
    ]
    for answer in (made, changed, clean.get(path), clean.get(PROVIDERS), clean.get("/models")):
        assert CANARY not in answer.text
    assert clean.request("DELETE", path).status_code == 200
    assert (clean.get(path).status_code, clean.get(PROVIDERS).json()) == (404, {"items": [], "total": 0})
    assert clean.get("/models").json() == {"items": [], "total": 0}


def test_one_default_for_each_kind(clean: JupyterServer) -> None:
    for name, kind in (("one", "openai"), ("two", "openai"), ("three", "anthropic")):
        body = {"name": name, "kind": kind, "models": ["m"], "default_model": "m"}
        assert clean.post(PROVIDERS, body).status_code == 201
    defaults = {one["name"]: one["default_model"] for one in clean.get(PROVIDERS).json()["items"]}
    assert defaults == {"one": None, "three": "m", "two": "m"}
    marked = [one["model"] for one in clean.get("/models").json()["items"] if one["is_default"]]
    assert marked == ["three/m", "two/m"]


BAD = [
    ({**WORK, "name": "Work"}, 422, "invalid"),
    ({**WORK, "name": "a/b"}, 422, "invalid"),
    ({**WORK, "name": "x" * 41}, 422, "invalid"),
    ({**WORK, "name": "practice"}, 400, "name_taken"),
    ({**WORK, "name": "taken"}, 409, "name_taken"),
    ({**WORK, "kind": CANARY}, 422, "invalid"),
    ({**WORK, "models": []}, 422, "invalid"),
    ({**WORK, "models": ["m"] * 51}, 422, "invalid"),
    ({**WORK, "models": ["a b"]}, 422, "invalid"),
    ({**WORK, "models": ["x" * 151]}, 422, "invalid"),
    ({**WORK, "default_model": "other"}, 400, "default_unknown"),
    ({**WORK, "key": f"{CANARY}\nx"}, 422, "invalid"),
    ({**WORK, "key": CANARY * 1_000}, 422, "invalid"),
    ({**WORK, "base_url": f"ftp://{CANARY}"}, 422, "invalid"),
    ({**WORK, "base_url": f"https://u:{CANARY}@llm.example"}, 422, "invalid"),
    ({**WORK, "base_url": f"https://llm.example/?key={CANARY}"}, 422, "invalid"),
    ({**WORK, "base_url": "https://llm.example/?"}, 422, "invalid"),
    ({**WORK, "base_url": "https://llm.example/v1/#/"}, 422, "invalid"),
    ({**WORK, "api_key": CANARY}, 422, "invalid"),
    ({}, 422, "invalid"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD, ids=lambda value: repr(value)[:60])
def test_a_provider_that_makes_no_sense_is_refused_in_words(
    clean: JupyterServer, body: dict[str, Any], status: int, code: str
) -> None:
    clean.post(PROVIDERS, {**WORK, "name": "taken"})
    device = clean.get("/devices").json()["items"][0]["device_id"]
    paths = [PROVIDERS] if code == "name_taken" and status == 409 else [PROVIDERS, "/models/test"]
    for path in paths:
        answer = clean.post(path, body if path == PROVIDERS else {**body, "device_id": device})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["message"]
        assert CANARY not in answer.text
    assert [one["name"] for one in clean.get(PROVIDERS).json()["items"]] == ["taken"]


def test_a_change_that_makes_no_sense_changes_nothing(clean: JupyterServer) -> None:
    made = clean.post(PROVIDERS, {**WORK, "key": CANARY, "default_model": "gpt-5.5"}).json()
    path = f"{PROVIDERS}/{made['id']}"
    for body, status, code in (
        ({"base_url": "https://evil.example"}, 400, "key_needed"),
        ({"base_url": "evil"}, 422, "invalid"),
        ({"models": ["other"]}, 400, "default_unknown"),
        ({"default_model": "other"}, 400, "default_unknown"),
        ({"name": "other"}, 422, "invalid"),
        ({"kind": "anthropic"}, 422, "invalid"),
        ({"models": []}, 422, "invalid"),
    ):
        answer = clean.request("PUT", path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
        assert clean.get(path).json() == made
    assert clean.request("PUT", f"{PROVIDERS}/1", json={"key": "x"}).status_code == 404
    moved = clean.request("PUT", path, json={"base_url": "https://other.example", "key": ""}).json()
    assert (moved["base_url"], moved["has_key"]) == ("https://other.example", False)
    back = clean.request("PUT", path, json={"base_url": ""}).json()
    assert (back["base_url"], back["has_key"]) == ("", False), "without a key there is none to be sent elsewhere"


def test_a_device_tries_a_provider_before_a_turn_needs_it(clean: JupyterServer) -> None:
    """The real device, against the practice model: a key that is right, and one that is not."""
    device = clean.get("/devices").json()["items"][0]["device_id"]
    with running_model() as model:
        body = {"name": "house", "kind": "anthropic", "base_url": model.url, "key": model.key, "models": ["claude-m"]}
        good = clean.post("/models/test", {**body, "device_id": device})
        assert (good.status_code, good.json()["ok"]) == (200, True), good.text
        bad = clean.post("/models/test", {**body, "key": CANARY, "device_id": device}).json()
        assert (bad["ok"], CANARY in json.dumps(bad)) == (False, False)
        provider = clean.post(PROVIDERS, body).json()
        saved = clean.post(f"{PROVIDERS}/{provider['id']}/test", {"device_id": device}).json()
        assert saved["ok"], saved
        assert saved["seconds"] is not None
    gone = clean.post(f"{PROVIDERS}/{provider['id']}/test", {"device_id": device}).json()
    assert (gone["ok"], bool(gone["message"])) == (False, True)
    for path, new in ((f"{PROVIDERS}/{provider['id']}/test", {}), ("/models/test", body)):
        assert clean.post(path, {**new, "device_id": "nowhere"}).status_code == 404


def test_claude_is_answered_by_the_provider_that_a_task_names(clean: JupyterServer) -> None:
    """The real program on the real device, which has no login of its own."""
    clean.agent_ready("claude")
    with running_model() as model:
        body = {"name": "house", "kind": "anthropic", "base_url": model.url, "key": model.key}
        clean.post(PROVIDERS, {**body, "models": ["claude-haiku-4-5", "claude-sonnet-4-5"]})
        task = clean.submit("!say hello", agent="claude", model="house/claude-sonnet-4-5")["task"]
        turn = clean.finished(task["id"])
        assert (turn["state"], turn["error"], turn["practice"]) == ("completed", None, False)
        assert (task["model"], task["practice"]) == ("house/claude-sonnet-4-5", False)
        asked = {one["body"].get("model") for one in model.requests if one["path"].startswith("/v1/messages")}
        assert asked == {"claude-sonnet-4-5"}
        second = {"prompt": "!say again", "model": "house/claude-haiku-4-5"}
        assert clean.post(f"/tasks/{task['id']}/turns", second).json()["model"] == "house/claude-haiku-4-5"
        assert clean.finished(task["id"])["state"] == "completed"
        assert "claude-haiku-4-5" in {request["body"].get("model") for request in model.requests}


def test_codex_is_answered_by_the_default_provider_of_its_kind(clean: JupyterServer) -> None:
    """The real program, which has no login either; a task that names no model gets the default."""
    clean.agent_ready("codex")
    with running_model() as model:
        body = {"name": "house", "kind": "openai", "base_url": f"{model.url}/v1", "key": model.key}
        clean.post(PROVIDERS, {**body, "models": ["gpt-5.5"], "default_model": "gpt-5.5"})
        task = clean.submit("!say hello", agent="codex")["task"]
        turn = clean.finished(task["id"])
        assert (turn["state"], turn["error"], turn["practice"]) == ("completed", None, False)
        asked = {one["body"].get("model") for one in model.requests if one["path"] == "/v1/responses"}
        assert asked == {"gpt-5.5"}


# Who answers a turn.

OPENAI = {"model": "openai", "protocol": "responses", "model_id": "m"}
ANTHROPIC = {"model": "claude", "protocol": "anthropic-messages", "model_id": "m"}
NONE = {"model": "", "protocol": "", "model_id": ""}
OWN = {"api_key": "", "base_url": ""}
VENDOR = {"api_key": "sk", "base_url": "https://api.openai.com/v1"}
HERE = {"api_key": "sk", "base_url": "http://127.0.0.1:9/v1"}
KEYLESS = {"api_key": "", "base_url": "http://127.0.0.1:9/v1"}
CLAUDE_VENDOR = {"api_key": "sk", "base_url": "https://api.anthropic.com"}

ACCOUNTS: list[tuple[str, dict[str, Any], bool, dict[str, Any], dict[str, str] | None]] = [
    # (agent, its provider or none, use personal configuration, what the task names, what is given)
    ("codex", {}, False, {"model": "practice"}, None),
    ("claude", {}, False, {"model": "practice"}, None),
    ("practice", {}, True, {}, None),
    ("opencode", {"key": "sk", "default_model": "m"}, True, {}, None),
    ("codex", {}, False, {}, {**NONE, **OWN}),
    ("claude", {}, False, {}, None),
    ("codex", {"key": "sk"}, False, {}, {**NONE, **OWN}),
    ("codex", {"key": "sk"}, False, {"model": "p/m"}, {**OPENAI, **VENDOR}),
    ("codex", {"key": "sk"}, True, {"model": "p/m"}, {**OPENAI, **VENDOR}),
    ("codex", {"key": "sk", "base_url": HERE["base_url"]}, False, {"model": "p/m"}, {**OPENAI, **HERE}),
    ("codex", {"base_url": HERE["base_url"]}, True, {"model": "p/m"}, {**OPENAI, **KEYLESS}),
    ("codex", {}, False, {"model": "p/m"}, {**OPENAI, **OWN}),
    ("codex", {"key": "sk", "default_model": "m"}, False, {}, {**OPENAI, **VENDOR}),
    ("codex", {"key": "sk", "default_model": "m"}, True, {}, {**NONE, **OWN}),
    ("codex", {"default_model": "m"}, False, {}, {**OPENAI, **OWN}),
    ("claude", {"key": "sk", "kind": "anthropic"}, True, {"model": "p/m"}, {**ANTHROPIC, **CLAUDE_VENDOR}),
    ("claude", {"key": "sk", "kind": "anthropic", "default_model": "m"}, True, {}, {**ANTHROPIC, **CLAUDE_VENDOR}),
    ("claude", {"key": "sk", "default_model": "m"}, False, {}, None),
]


@pytest.mark.parametrize(("agent", "provider", "personal", "named", "expected"), ACCOUNTS)
def test_whose_account_answers_a_turn(
    tmp_path: Path,
    agent: str,
    provider: dict[str, Any],
    personal: bool,
    named: dict[str, Any],
    expected: dict[str, str] | None,
) -> None:
    """The decision is explicit in what is sent, and a login is never sent to an address that was issued."""

    async def script(safe: Safe) -> None:
        await safe.provider("p", **provider)
        await safe.switch(use=personal)
        config = await safe.given(await safe.desk(), agent=agent, **named)
        runtime = config.pop("runtime_config", None)
        assert config == (expected or {})
        if agent != "codex" or not expected:
            assert runtime is None
            return
        issued = bool(expected["api_key"] or expected["base_url"])
        assert runtime["codex"]["use_user_config"] is not issued
        assert runtime["codex"]["use_proxy"] is False

    in_safe(tmp_path, script)


def test_the_proxy_is_given_to_codex_alone_and_only_when_it_is_switched_on(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        url = "http://ann:x@proxy:3128"
        await safe.gateway.settings.personal.set_proxy(OWNER, url)
        desk = await safe.desk()
        off = await safe.given(desk)
        assert "proxy" not in off
        codex = off["runtime_config"]["codex"]
        assert (codex["use_proxy"], codex["proxy_configured"]) == (False, True)
        await safe.switch(use=False, proxy=True)
        await safe.provider("p", key="sk")
        await safe.provider("q", "anthropic", key="sk")
        for named in ({}, {"model": "p/m"}):
            config = await safe.given(desk, **named)
            assert (config["proxy"], config["runtime_config"]["codex"]["use_proxy"]) == ({"url": url}, True)
            assert models.ModelConfig.model_validate(config).proxy_url == url
        for named in ({"agent": "claude"}, {"agent": "claude", "model": "q/m"}, {"model": "practice"}):
            assert "proxy" not in await safe.given(desk, **named)

    in_safe(tmp_path, script, default_slots=20)


def test_what_is_configured_is_told_with_its_digest(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.upload()
        shown = await safe.gateway.settings.personal.show(OWNER)
        told = (await safe.given(await safe.desk()))["runtime_config"]["codex"]
        assert (told["configured"], told["auth_json_sha256"]) == (True, shown.auth_json_sha256)
        assert told["target_path"] == "~/.codex/auth.json"

    in_safe(tmp_path, script)


@pytest.mark.parametrize(
    ("agent", "model", "said"),
    [
        ("codex", "nobody/m", "no model 'nobody/m'"),
        ("codex", "p", "no model 'p'"),
        ("codex", "p/", "no model 'p/'"),
        ("codex", "p/other", "no model 'other'"),
        ("codex", "q/m", "Anthropic's Messages API"),
        ("claude", "p/m", "OpenAI's Responses API"),
        ("opencode", "p/m", "uses no providers"),
        ("opencode", "practice", "no model 'practice'"),
        ("practice", "p/m", "uses no providers"),
    ],
)
def test_a_model_that_the_agent_cannot_use_is_refused_with_what_can(
    tmp_path: Path, agent: str, model: str, said: str
) -> None:
    async def script(safe: Safe) -> None:
        await safe.provider("p")
        await safe.provider("q", "anthropic")
        desk = await safe.desk()
        status, code, message, fix = await refusal(safe.submit(desk, agent=agent, model=model))
        assert (status, code) == (400, "model_unknown")
        assert said in message
        assert fix
        assert (await safe.gateway.tasks.list(OWNER, 10, None))[1] == 0

    in_safe(tmp_path, script)


@pytest.mark.parametrize("loss", ["provider", "model", "key"])
def test_a_turn_whose_model_is_gone_fails_before_it_is_sent_and_says_what_to_do(tmp_path: Path, loss: str) -> None:
    async def script(safe: Safe) -> None:
        provider = await safe.provider("p", key="sk")
        desk = await safe.desk()
        await desk.leave()
        waiting = await safe.submit(desk, model="p/m")
        providers = safe.gateway.settings.providers
        if loss == "provider":
            await providers.delete(OWNER, provider.id)
        elif loss == "model":
            await providers.update(OWNER, provider.id, UpdateProvider(models=["n"]))
        else:
            safe.key_file.unlink()
            assert "vault.key" in ((await providers.show(OWNER, provider.id)).problem or "")
        back = await safe.desk()
        error = await safe.failed(waiting)
        assert (error.code, bool(error.fix)) == ("secret_unreadable" if loss == "key" else "model_unknown", True)
        assert back.sent == []
        if loss == "key":
            await providers.update(OWNER, provider.id, UpdateProvider(key="sk-new"))
            assert (await safe.given(back, model="p/m"))["api_key"] == "sk-new"

    in_safe(tmp_path, script)


@pytest.mark.parametrize("damage", ["π", "nothing", "owner"])
def test_a_damaged_key_fails_its_turn_and_keeps_no_slot(tmp_path: Path, damage: str) -> None:
    async def script(safe: Safe) -> None:
        providers = safe.gateway.settings.providers
        await safe.provider("p", key="sk", default_model="m")
        kept = providers.named(OWNER, "p")
        assert kept is not None
        assert kept.sealed is not None
        sealed: Any = {"π": kept.sealed[:-1] + "π", "nothing": kept.sealed.rpartition(":")[0], "owner": 7}[damage]
        row = {**asdict(kept), "sealed": sealed}
        await providers._store.write(lambda c: personal_records.save_providers(c, OWNER, {row["id"]: row}))
        await safe.restart()
        desk = await safe.desk()
        error = await safe.failed(await safe.submit(desk))
        assert (error.code, bool(error.fix)) == ("internal_error" if damage == "owner" else "secret_unreadable", True)
        if damage != "owner":
            assert "under Models" in (error.fix or "")
            testing = safe.gateway.settings.checks.provider(OWNER, kept.id, TestProvider(device_id="desk"))
            assert (await refusal(testing))[3] == "Enter it again under Models."
        assert desk.sent == []
        assert (await safe.given(desk, model="practice")) == {}, "its slot is free"

    in_safe(tmp_path, script, default_slots=1)


def test_a_turn_that_is_stopped_while_its_key_is_looked_for_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(safe: Safe) -> None:
        await safe.provider("p", key="sk")
        desk = await safe.desk()
        looking, stopped = asyncio.Event(), asyncio.Event()

        async def unreadable(*_args: Any) -> str:
            looking.set()
            await stopped.wait()
            raise Unreadable("It is damaged.")

        monkeypatch.setattr(safe.gateway.settings.providers, "key", unreadable)
        task_id = await safe.submit(desk, model="p/m")
        await looking.wait()
        await safe.gateway.cancel(OWNER, task_id, None)
        stopped.set()

        async def ended() -> api.Turn | None:
            turn = (await safe.gateway.tasks.detail(OWNER, task_id)).turn_list[-1]
            return turn if turn.state.final else None

        turn = await World.until(ended, "it ended")
        assert (turn.state, turn.error, desk.sent) == (TurnState.CANCELLED, None, [])

    in_safe(tmp_path, script)


@pytest.mark.parametrize("change", [{"base_url": "https://evil.example"}, {"id": 7}])
def test_a_key_opens_for_its_own_provider_at_its_own_address_only(tmp_path: Path, change: dict[str, Any]) -> None:
    """Whoever can write the database, but not read the key file, cannot have a key sent to another address."""

    async def script(safe: Safe) -> None:
        providers = safe.gateway.settings.providers
        await safe.provider("p", key="sk")
        kept = providers.named(OWNER, "p")
        assert kept is not None
        row = {**asdict(kept), **change}
        await providers._store.write(lambda c: personal_records.remove_provider(c, kept.id))
        await providers._store.write(lambda c: personal_records.save_providers(c, OWNER, {row["id"]: row}))
        await safe.restart()
        error = await safe.failed(await safe.submit(await safe.desk(), model=f"{row['name']}/m"))
        assert error.code == "secret_unreadable"

    in_safe(tmp_path, script)


async def done(safe: Safe, desk: Desk, task_id: int) -> None:
    """Let the turn of a task that was sent end well."""
    message = next(one for one in reversed(desk.sent) if one["task_id"] == task_id)
    event = {"event_type": "response.completed", "seq": 1, "data": {"response": {"status": "completed"}}}
    await desk.tell("response.completed", {"task_id": task_id, "subtask_id": message["subtask_id"], **event})

    async def ended() -> bool:
        return (await safe.gateway.tasks.detail(OWNER, task_id)).turn_list[-1].state is TurnState.COMPLETED

    await World.until(ended, "it ended")


def test_the_next_message_may_name_another_model_of_the_same_kind_or_none(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.provider("p", key="sk", models=["m", "n"])
        await safe.provider("q", "anthropic", key="sk")
        desk = await safe.desk()
        await safe.given(desk, model="p/m")
        task_id: int = desk.sent[-1]["task_id"]
        await done(safe, desk, task_id)

        async def say(**fields: Any) -> tuple[api.Turn, dict[str, Any]]:
            before = len(desk.sent)
            request = api.CreateTurn.model_validate({"prompt": "more", **fields})
            turn = await safe.gateway.create_turn(OWNER, task_id, request)

            async def sent() -> bool:
                return len(desk.sent) > before

            await World.until(sent, "it was sent")
            await done(safe, desk, task_id)
            return turn, desk.sent[-1]["model_config"]

        turn, config = await say()
        assert (turn.model, config["model_id"]) == ("p/m", "m")
        turn, config = await say(model="p/n")
        assert (turn.model, config["model_id"]) == ("p/n", "n")
        turn, config = await say()
        assert (turn.model, config["model_id"]) == ("p/n", "n"), "as before"
        for model, code in (("q/m", "model_unknown"), ("nobody/m", "model_unknown"), ("practice", "practice_stays")):
            request = api.CreateTurn.model_validate({"prompt": "more", "model": model})
            assert (await refusal(safe.gateway.create_turn(OWNER, task_id, request)))[:2] == (400, code)
        turn, config = await say(model="")
        assert (turn.model, config["model_id"]) == (None, "")
        shown = (await safe.gateway.tasks.detail(OWNER, task_id)).model_dump()
        assert (shown["model"], shown["practice"]) == (None, False)

    in_safe(tmp_path, script)


def test_a_practice_run_stays_one(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.provider("p", key="sk")
        desk = await safe.desk()
        await safe.given(desk, model="practice")
        task_id: int = desk.sent[-1]["task_id"]
        await done(safe, desk, task_id)
        assert (await safe.gateway.tasks.detail(OWNER, task_id)).practice
        for model in ("p/m", ""):
            request = api.CreateTurn.model_validate({"prompt": "more", "model": model})
            assert (await refusal(safe.gateway.create_turn(OWNER, task_id, request)))[:2] == (400, "practice_stays")

    in_safe(tmp_path, script)


def test_on_another_device_the_agent_has_to_fit_the_model(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.provider("p", key="sk")
        await safe.provider("q", "anthropic", key="sk")
        desk, other = await safe.desk(), await safe.desk("other")
        await safe.given(desk, model="p/m")
        task_id: int = desk.sent[-1]["task_id"]
        await done(safe, desk, task_id)
        move = {"prompt": "more", "device_id": "other", "agent": "claude"}
        refused = await refusal(safe.gateway.create_turn(OWNER, task_id, api.CreateTurn.model_validate(move)))
        assert refused[:2] == (400, "model_unknown")
        assert (await safe.gateway.tasks.detail(OWNER, task_id)).device_id == "desk"
        there = api.CreateTurn.model_validate({**move, "model": "q/m"})
        await safe.gateway.create_turn(OWNER, task_id, there)

        async def sent() -> bool:
            return bool(other.sent)

        await World.until(sent, "it was sent")
        assert other.sent[-1]["model_config"]["api_key"] == "sk"
        shown = await safe.gateway.tasks.detail(OWNER, task_id)
        assert (shown.model, shown.agent, shown.device_id) == ("q/m", "claude", "other")

    in_safe(tmp_path, script)


def test_continue_takes_up_what_failed_with_its_own_device_agent_and_model(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.provider("p", key="sk")
        await safe.provider("q", "anthropic", key="sk")
        desk, other = await safe.desk(), await safe.desk("other")
        for named in ({"model": "p/m"}, {}):
            first = await safe.given(desk, **named)
            message = desk.sent[-1]
            task_id: int = message["task_id"]
            request = {"prompt": "more", "device_id": "other", "agent": "claude", "model": "q/m"}
            await safe.gateway.create_turn(OWNER, task_id, api.CreateTurn.model_validate(request))
            end = {"event_type": "error", "seq": 1, "data": {"message": "It broke."}}
            await desk.tell("error", {"task_id": task_id, "subtask_id": message["subtask_id"], **end})

            async def paused(task_id: int = task_id) -> bool:
                return (await safe.gateway.tasks.detail(OWNER, task_id)).paused

            await World.until(paused, "what waits lets a person decide")
            turn = await safe.gateway.continue_task(OWNER, task_id)
            assert (turn.device_id, turn.agent, turn.model) == ("desk", "codex", named.get("model"))

            async def again(task_id: int = task_id) -> bool:
                return len([one for one in desk.sent if one["task_id"] == task_id]) == 2

            await World.until(again, "it was sent again")
            assert desk.sent[-1]["model_config"] == first
        assert other.sent == []

    in_safe(tmp_path, script)


def test_a_waiting_turn_is_not_moved_to_where_its_model_does_not_fit(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.provider("p", key="sk")
        desk = await safe.desk()
        await desk.leave()
        other = Desk(safe.gateway, "other")
        codex = {name: value for name, value in AGENTS[0].items() if name != "provider"}
        await other.register("other", "boot", ours={"agents": [codex]})
        await other.beats()
        task_id = await safe.submit(desk, model="p/m")
        turn = (await safe.gateway.tasks.detail(OWNER, task_id)).turn_list[-1]
        moving = safe.gateway.queues.requeue(OWNER, task_id, turn.id, Requeue(device_id="other"))
        assert (await refusal(moving))[:2] == (400, "model_unknown")
        assert (await safe.gateway.tasks.detail(OWNER, task_id)).device_id == "desk"

    in_safe(tmp_path, script)


# Tests from devices, and limits.


def test_what_a_device_is_asked_to_try_and_what_is_told_of_it(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        checks = safe.gateway.settings.checks
        desk = await safe.desk()
        desk.answers[models.TEST_PROVIDER] = {
            "success": True,
            "ok": False,
            "result": f"Incorrect API key provided: {CANARY}",
            "fix": f"Not {CANARY}",
        }
        proxy = "http://ann:x@proxy:3128"
        await safe.gateway.settings.personal.set_proxy(OWNER, proxy)
        await safe.switch(proxy=True)
        openai = await safe.provider("p", key=CANARY, models=["m", "n"], default_model="n")
        claude = await safe.provider("q", "anthropic", key=CANARY)
        bare = await safe.provider("r")
        result = await checks.provider(OWNER, openai.id, TestProvider(device_id="desk"))
        assert (result.ok, result.message, result.fix) == (False, "Incorrect API key provided: ***", "Not ***")
        base = {"kind": "openai", "base_url": "https://api.openai.com/v1", "api_key": CANARY}
        assert desk.got[-1][1] == {**base, "model_id": "n", "proxy_url": proxy}
        await checks.provider(OWNER, claude.id, TestProvider(device_id="desk", model="other"))
        sent = desk.got[-1][1]
        assert (sent["base_url"], sent["model_id"]) == ("https://api.anthropic.com", "other")
        assert "proxy_url" not in sent
        asked = len(desk.got)
        nothing = await checks.provider(OWNER, bare.id, TestProvider(device_id="desk"))
        assert (nothing.ok, bool(nothing.fix), len(desk.got)) == (False, True, asked)

        request = TestNewProvider(device_id="desk", name="p", kind="openai", key="sk", models=["m"])
        assert not (await checks.new_provider(OWNER, request)).ok, "a name that is taken can be tried"
        await safe.desk("stock", ours=False)
        stock = request.model_copy(update={"device_id": "stock"})
        assert (await refusal(checks.new_provider(OWNER, stock)))[:2] == (400, "stock_device")
        await desk.leave()
        assert (await refusal(checks.new_provider(OWNER, request)))[:2] == (409, "device_offline")
        assert (await refusal(checks.provider("bob", openai.id, TestProvider(device_id="desk"))))[0] == 404

    in_safe(tmp_path, script)


def test_a_device_that_cannot_try_does_not_repeat_the_key(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        texts = {"code": CANARY, "message": f"{CANARY}: {'x' * 9_000}", "fix": f"Not {CANARY}"}
        desk.answers[models.TEST_PROVIDER] = {"success": False, **texts}
        request = TestNewProvider(device_id="desk", name="p", kind="openai", key=CANARY, models=["m"])
        found = await refusal(safe.gateway.settings.checks.new_provider(OWNER, request))
        assert (found[0], found[1], found[3]) == (400, "***", "Not ***")
        assert found[2].startswith("***: xxx")
        assert len(found[2]) <= 4_000
        desk.answers[models.TEST_PROVIDER] = {"success": True, "ok": False, "result": "\ud800"}
        found = await refusal(safe.gateway.settings.checks.new_provider(OWNER, request))
        assert found[:2] == (503, "bad_answer")

    in_safe(tmp_path, script)


@pytest.mark.parametrize("nonsense", [False, True])
def test_a_device_that_repeats_what_a_turn_was_given_has_it_neither_logged_nor_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, nonsense: bool
) -> None:
    monkeypatch.setattr(dispatch, "RETRY_SECONDS", 0.05)

    async def script(safe: Safe) -> None:
        await safe.provider("p", key=CANARY)
        desk = await safe.desk()
        said = f"No model_config {CANARY}\n\ud800{'x' * 9_000}"
        refused = {"accepted": False, "code": CANARY, "message": said, "fix": said}
        desk.executes = [{"accepted": CANARY, "state": CANARY}, refused] if nonsense else [refused]
        error = await safe.failed(await safe.submit(desk, model="p/m"))
        assert error.message.startswith("No model_config ***\n?xxx")
        assert max(len(error.message), len(error.fix or "")) <= 4_000
        assert CANARY not in error.model_dump_json()
        assert ("an answer that is none" in caplog.text) is nonsense
        assert CANARY not in caplog.text

    in_safe(tmp_path, script)


def test_an_executor_that_is_too_old_for_a_question_is_said_to_be(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        told = f"{models.TEST_PROVIDER} is not supported"
        desk.answers[models.TEST_PROVIDER] = {"success": False, "code": "unsupported_method", "error": told}
        request = TestNewProvider(device_id="desk", name="p", kind="openai", key="sk", models=["m"])
        found = await refusal(safe.gateway.settings.checks.new_provider(OWNER, request))
        assert (found[:2], found[3]) == ((400, "not_supported"), "Upgrade wegent-jupyter there.")

    in_safe(tmp_path, script)


def test_so_many_providers_and_no_more(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        for number in range(MAX_PROVIDERS):
            await safe.provider(f"p{number}")
        assert (await refusal(safe.provider("more")))[:2] == (409, "too_many_providers")

    in_safe(tmp_path, script)


def test_of_two_that_change_at_once_neither_undoes_the_other(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        both = await asyncio.gather(
            *(safe.provider("same") for _ in range(2)),
            *(safe.provider(name, default_model="m") for name in ("a", "b", "c")),
            return_exceptions=True,
        )
        refused = [one.code for one in both if isinstance(one, Refused)]
        await safe.restart()
        kept = safe.gateway.settings.providers.of(OWNER)
        assert refused == ["name_taken"]
        assert [one.name for one in kept] == ["a", "b", "c", "same"]
        assert len([one for one in kept if one.default_model]) == 1

    in_safe(tmp_path, script)


def test_a_message_that_cannot_be_read_does_not_repeat_its_secrets() -> None:
    bad = {"task_id": CANARY, "model_config": {"api_key": CANARY}, "bot": CANARY}
    with pytest.raises(ValueError, match="task_id") as caught:
        wire.Execute.model_validate(bad)
    assert CANARY not in str(caught.value)


def test_null_is_nothing_in_what_a_turn_is_given() -> None:
    """Wegent's backend sends null for what it does not know."""
    nothing = dict.fromkeys(("model", "model_id", "api_key", "base_url", "protocol", "runtime_config", "proxy"))
    assert models.ModelConfig.model_validate(nothing) == models.ModelConfig()
    codex = dict.fromkeys(("use_user_config", "configured", "target_path", "use_proxy", "proxy_configured"))
    config = {"model_id": "m", "api_key": None, "runtime_config": {"codex": codex}, "proxy": {"url": None}}
    found = models.ModelConfig.model_validate(config)
    assert found.model_id == "m"
    assert (found.issued, found.proxy_url) == (False, None)
    assert found.runtime_config == models.RuntimeConfigs(codex=models.CodexRuntime())
    message = {"task_id": 1, "subtask_id": 2, "prompt": "x", "bot": [], "model_config": None}
    assert wire.Execute.model_validate(message).llm == {}
