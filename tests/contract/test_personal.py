"""The personal configuration: the Codex login and its way to devices, the proxy, and what survives a restart."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.entrusted import AGENTS, LOGIN, Desk, Safe, a_safe
from tests.support.machine import Machine
from tests.support.peers import Peer
from tests.support.server import JupyterServer, wait_for
from tests.support.world import OWNER, World
from wegent_jupyter.gateway import auth_sync
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.managing import Command
from wegent_jupyter.protocol.personal import MAX_AUTH_BYTES, TestProxy

CODEX = "/users/me/runtime-configs/codex"
PROXY = "/users/me/proxy-config"
CANARY = "canary-2f81"
TEXT = json.dumps(LOGIN, indent=2, sort_keys=True) + "\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
Script = Callable[[Safe], Coroutine[Any, Any, None]]


def in_safe(tmp_path: Path, script: Script, **options: Any) -> None:
    async def scenario() -> None:
        async with a_safe(tmp_path, **options) as safe:
            await script(safe)

    asyncio.run(scenario())


async def refusal(work: Coroutine[Any, Any, Any]) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await work
    assert caught.value.message
    return caught.value.status, caught.value.code


# Over HTTP, in Wegent's shapes.


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server of this file's own: what a person configures there concerns all their tasks."""
    server = JupyterServer(tmp_path_factory.mktemp("personal")).start()
    yield server
    server.stop()
    server.end_executor()


@pytest.fixture
def clean(personal: JupyterServer) -> JupyterServer:
    personal.request("DELETE", f"{CODEX}/auth-json")
    personal.request("PUT", PROXY, json={"proxy_url": ""})
    personal.request("PUT", CODEX, json={"use_user_config": False, "use_proxy": False})
    return personal


def test_a_login_is_uploaded_shown_by_its_digest_alone_and_forgotten(clean: JupyterServer) -> None:
    for given in (LOGIN, json.dumps(LOGIN)):
        shown = clean.post(f"{CODEX}/auth-json", {"auth_json": given})
        assert (shown.status_code, "canary" in shown.text) == (200, False)
        found = shown.json()
        assert (found["configured"], found["auth_json_sha256"], found["auth_kind"]) == (True, DIGEST, "chatgpt")
        assert found["auth_json_updated_at"]
    fixed = ("runtime", "display_name", "target_path", "use_user_config", "upload_allowed", "problem")
    assert [clean.get(CODEX).json()[name] for name in fixed] == [
        "codex",
        "Codex",
        "~/.codex/auth.json",
        False,
        True,
        None,
    ]
    clean.request("PUT", CODEX, json={"use_user_config": True})
    gone = clean.request("DELETE", f"{CODEX}/auth-json").json()
    assert (gone["configured"], gone["auth_json_sha256"], gone["auth_kind"]) == (False, None, None)
    assert gone["use_user_config"], "the login on the device is meant from now on"


def test_a_proxy_is_masked_for_ever_and_used_only_when_there_is_one(clean: JupyterServer) -> None:
    refused = clean.request("PUT", CODEX, json={"use_user_config": False, "use_proxy": True})
    assert (refused.status_code, refused.json()["detail"]) == (400, "proxy is not configured")
    saved = clean.request("PUT", PROXY, json={"proxy_url": f"http://ann:{CANARY}@proxy.example:3128"})
    assert (saved.status_code, saved.json()["configured"]) == (200, True)
    on = clean.request("PUT", CODEX, json={"use_user_config": False, "use_proxy": True})
    assert (on.status_code, on.json()["use_proxy"]) == (200, True)
    assert clean.request("PUT", CODEX, json={"use_user_config": True}).json()["use_proxy"], "None: as it is"
    for answer in (saved, on, clean.get(PROXY), clean.get(CODEX)):
        assert answer.json()["proxy_url_masked"] == "http://***:***@proxy.example:3128"
        assert CANARY not in answer.text
    cleared = clean.request("PUT", PROXY, json={"proxy_url": " "}).json()
    assert (cleared["configured"], cleared["proxy_url_masked"]) == (False, None)
    now = clean.get(CODEX).json()
    assert (now["use_proxy"], now["use_user_config"], now["proxy_configured"]) == (False, True, False)


BAD = [
    ("POST", f"{CODEX}/auth-json", {"auth_json": CANARY}, 400, "auth_invalid"),
    ("POST", f"{CODEX}/auth-json", {"auth_json": [CANARY]}, 400, "auth_invalid"),
    ("POST", f"{CODEX}/auth-json", {"auth_json": None}, 400, "auth_invalid"),
    ("POST", f"{CODEX}/auth-json", {"auth_json": {"a": CANARY + "x" * MAX_AUTH_BYTES}}, 413, "auth_too_large"),
    ("POST", f"{CODEX}/auth-json", {"auth_json": CANARY + "x" * (9 << 20)}, 413, "body_too_large"),
    ("POST", f"{CODEX}/auth-json", {}, 422, "invalid"),
    ("POST", f"{CODEX}/auth-json", {"auth": {"a": CANARY}}, 422, "invalid"),
    ("PUT", CODEX, {}, 422, "invalid"),
    ("PUT", CODEX, {"use_user_config": CANARY}, 422, "invalid"),
    ("PUT", CODEX, {"use_user_config": True, "use_proxy": True}, 400, "proxy_not_configured"),
    ("POST", f"{CODEX}/import-device", {"device_id": "nowhere"}, 404, "not_found"),
    ("POST", f"{CODEX}/import-device", {}, 422, "invalid"),
    ("PUT", PROXY, {"proxy_url": f"ftp://u:{CANARY}@p:1"}, 400, "proxy_invalid"),
    ("PUT", PROXY, {"proxy_url": f"http://u:{CANARY}@p"}, 400, "proxy_invalid"),
    ("PUT", PROXY, {"proxy_url": f"http://u:{CANARY * 300}@p:1"}, 400, "proxy_invalid"),
    ("PUT", PROXY, {"proxy_url": None}, 422, "invalid"),
    ("PUT", PROXY, {}, 422, "invalid"),
    ("POST", f"{PROXY}/test", {"device_id": "nowhere"}, 404, "not_found"),
    ("GET", "/users/me/runtime-configs/claude", None, 404, "not_found"),
    ("PUT", "/users/me/runtime-configs/claude", {"use_user_config": True}, 404, "not_found"),
    ("POST", "/users/me/runtime-configs/claude/auth-json", {"auth_json": {"a": CANARY}}, 404, "not_found"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), BAD)
def test_bad_input_is_answered_in_words_and_changes_nothing(
    clean: JupyterServer, method: str, path: str, body: Any, status: int, code: str
) -> None:
    before = clean.get(CODEX).json(), clean.get(PROXY).json()
    answer = clean.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert CANARY not in answer.text
    assert (clean.get(CODEX).json(), clean.get(PROXY).json()) == before


def test_a_device_without_a_saved_proxy_is_asked_for_the_one_to_try(clean: JupyterServer) -> None:
    device = clean.get("/devices").json()["items"][0]["device_id"]
    missing = clean.post(f"{PROXY}/test", {"device_id": device})
    assert (missing.status_code, missing.json()["message"]) == (400, "proxy is not configured")
    tried = clean.post(f"{PROXY}/test", {"device_id": device, "proxy_url": f"http://u:{CANARY}@127.0.0.1:1"})
    assert (tried.status_code, tried.json()["ok"]) == (200, False), "a test that failed is an answer"
    assert tried.json()["message"]
    assert CANARY not in tried.text


def test_keys_of_commands_with_secrets_are_not_a_programs_to_run(clean: JupyterServer) -> None:
    device = clean.get("/devices").json()["items"][0]["device_id"]
    for key in ("sync_runtime_auth_file", "read_runtime_auth_file"):
        answer = clean.post(f"/devices/{device}/commands", {"command_key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "command_unknown")


def test_everything_is_there_after_a_restart_of_the_server(clean: JupyterServer) -> None:
    clean.post(f"{CODEX}/auth-json", {"auth_json": LOGIN})
    clean.request("PUT", PROXY, json={"proxy_url": f"http://ann:{CANARY}@proxy.example:3128"})
    clean.request("PUT", CODEX, json={"use_user_config": True, "use_proxy": True})
    made = clean.post("/models/providers", {"name": "work", "kind": "openai", "key": CANARY, "models": ["m"]})
    assert made.status_code == 201
    before = [clean.get(path).json() for path in (CODEX, PROXY, "/models/providers", "/models")]
    clean.stop()
    clean.start()
    assert [clean.get(path).json() for path in (CODEX, PROXY, "/models/providers", "/models")] == before
    assert before[0]["problem"] is None


def test_what_the_operator_forbids_is_refused_and_said(clean: JupyterServer) -> None:
    clean.stop()
    clean.options = ["--WegentApp.allow_codex_upload=False"]
    clean.start()
    try:
        refused = clean.post(f"{CODEX}/auth-json", {"auth_json": LOGIN})
        assert (refused.status_code, refused.json()["code"]) == (403, "codex_upload_forbidden")
        device = clean.get("/devices").json()["items"][0]["device_id"]
        imported = clean.post(f"{CODEX}/import-device", {"device_id": device})
        assert (imported.status_code, bool(imported.json()["fix"])) == (403, True)
        assert clean.get(CODEX).json()["upload_allowed"] is False
    finally:
        clean.stop()
        clean.options = []
        clean.start()


# To devices, and from them.


def test_a_second_machine_without_the_file_gets_it_and_one_with_it_keeps_its_own(
    clean: JupyterServer, tmp_path: Path
) -> None:
    """The real thing: two executors in processes and homes of their own, by their heartbeats."""
    own = '{"OPENAI_API_KEY": "sk-own"}'
    seldom = {"LOCAL_HEARTBEAT_INTERVAL": "600"}  # so that it does not tell of the file before it is sent one
    without, late = Machine(tmp_path / "without", clean), Machine(tmp_path / "late", clean, environment=seldom)
    having = Machine(tmp_path / "having", clean)
    (having.home / ".codex").mkdir(parents=True)
    (having.home / ".codex" / "auth.json").write_text(own)

    def of(machine: Machine) -> dict[str, Any]:
        items = clean.get(f"{CODEX}/devices").json()["items"]
        found: dict[str, Any] = next(one for one in items if one["device_id"] == machine.device_id)
        return found

    def reach(machine: Machine, *status: str) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            found = of(machine)
            return found if found["status"] in status else None

        shown: dict[str, Any] = wait_for(there, f"{machine.home.name} is {status}\n{machine.log[-1000:]}")
        return shown

    try:
        for machine in (without, late, having):
            machine.start(wait=False)
        for machine in (without, late, having):
            machine.reach("online")
        assert (reach(without, "missing")["exists"], reach(having, "present")["exists"]) == (False, True)
        assert reach(late, "missing")["target_path"] == str(late.home / ".codex" / "auth.json")
        (late.home / ".codex").mkdir()
        (late.home / ".codex" / "auth.json").write_text(own)  # a person was faster than the next heartbeat
        clean.post(f"{CODEX}/auth-json", {"auth_json": LOGIN})
        assert not (without.home / ".codex").exists(), "nothing is sent before it is switched on"
        clean.request("PUT", CODEX, json={"use_user_config": True})
        written = reach(without, "written", "failed")
        assert (written["status"], written["error"]) == ("written", None)
        assert written["synced_at"]
        reach(late, "skipped_existing")
        target = without.home / ".codex" / "auth.json"
        assert (target.read_text(), target.stat().st_mode & 0o777) == (TEXT, 0o600)
        for machine in (late, having):
            assert (machine.home / ".codex" / "auth.json").read_text() == own
        assert of(having)["status"] == "present"

        answer = clean.post(f"{CODEX}/import-device", {"device_id": having.device_id})
        assert (answer.status_code, answer.json()["auth_kind"]) == (200, "api_key")
        assert answer.json()["auth_json_sha256"] != DIGEST
        assert target.read_text() == TEXT, "a new login never replaces a file"
        having.stop()
        wait_for(lambda: not of(having)["online"], "it is offline")
        offline = clean.post(f"{CODEX}/import-device", {"device_id": having.device_id})
        assert (offline.status_code, offline.json()["code"]) == (409, "device_offline")
    finally:
        for machine in (without, late, having):
            machine.kill()


def test_a_login_goes_only_to_a_device_that_says_it_has_none(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.upload()
        await safe.switch()
        silent = Desk(safe.gateway, "silent")
        await silent.register("silent", "boot", ours={"agents": AGENTS})
        for files in ({}, None, {"codex": None}, {"codex": {"exists": "?"}}, {"other": {"exists": False}}, 7):
            beat = {"device_id": "silent", "runtime_auth_files": files}
            assert await silent.tell(wire.HEARTBEAT, beat) == {"success": True}, "which is no reason to end a device"
        desk = await safe.desk(login="own")
        await desk.beats()
        assert (silent.commands, desk.commands) == ([], [])
        assert (safe.auth("silent")["status"], safe.auth()["status"]) == ("unknown", "present")
        other = Peer(safe.gateway)
        await other.register("other", "boot-other", ours={"agents": AGENTS[1:]})
        names = [one.device_id for one in safe.gateway.settings.logins.shown(OWNER)]
        assert names == ["desk", "silent"], "a device without Codex has no login of it"
        desk.login = None
        await desk.beats()
        await safe.reach("written")
        assert desk.login == TEXT
        assert {"codex"} == set(safe.faces.settings)

    in_safe(tmp_path, script)


@pytest.mark.parametrize("off", ["not enabled", "not uploaded", "operator"])
def test_nothing_is_sent_unless_it_is_saved_and_switched_on(tmp_path: Path, off: str) -> None:
    async def script(safe: Safe) -> None:
        if off != "not uploaded":
            await safe.upload()
        if off != "not enabled":
            await safe.switch()
        safe.gateway.settings.personal.allow_upload = off != "operator"
        desk = await safe.desk()
        await desk.beats()
        assert (desk.commands, safe.auth()["status"]) == ([], "missing")

    in_safe(tmp_path, script)


@pytest.mark.parametrize("last", ["upload", "switch"])
def test_the_last_step_of_a_person_uses_what_a_device_said_last(tmp_path: Path, last: str) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        if last == "upload":
            await safe.switch()
            await safe.upload()
        else:
            await safe.upload()
            await safe.switch()
        assert (await safe.reach("written"))["exists"]
        assert desk.login == TEXT

    in_safe(tmp_path, script)


def test_a_device_is_sent_a_login_once_at_a_time(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        desk.hold = asyncio.Event()
        await safe.upload()
        await safe.switch()
        for _ in range(3):
            await desk.beats()
            await safe.switch()
        assert safe.auth()["status"] == "writing"
        desk.hold.set()
        await safe.reach("written")
        await desk.beats()
        assert desk.commands == ["sync_runtime_auth_file"]

    in_safe(tmp_path, script)


def test_a_failure_is_shown_and_tried_again_later_or_when_a_person_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        desk.fails = "The disk is full."
        await safe.upload()
        await safe.switch()
        assert (await safe.reach("failed"))["error"] == "The disk is full."
        for _ in range(3):
            await desk.beats()
        assert len(desk.commands) == 1, "not with each heartbeat"
        monkeypatch.setattr(auth_sync, "FIRST_BACK_OFF", 0.0)
        await safe.switch()

        async def again() -> bool:
            return len(desk.commands) == 2 and safe.auth()["status"] == "failed"

        await World.until(again, "it was tried again")
        desk.fails = None
        await desk.beats()
        assert (await safe.reach("written"))["error"] is None

    in_safe(tmp_path, script)


def test_a_failure_is_forgotten_once_the_file_is_there(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        desk.fails = "The disk is full."
        await safe.upload()
        await safe.switch()
        await safe.reach("failed")
        desk.login = "of a person's own"
        await desk.beats()
        assert (safe.auth()["status"], safe.auth()["error"]) == ("present", None)
        await desk.beats(runtime_auth_files={"codex": {"exists": False}})
        assert safe.auth()["error"] is None

    in_safe(tmp_path, script)


def test_a_login_that_a_device_repeats_is_neither_shown_nor_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        desk.fails = f"Cannot write {json.dumps(LOGIN)}\nForged: line {'x' * 9_000}"
        await safe.upload()
        await safe.switch()
        error = (await safe.reach("failed"))["error"]
        assert error.startswith("Cannot write ")
        assert "***" in error
        assert len(error) <= auth_sync.MAX_ERROR
        assert "canary" not in error
        assert "desk" in caplog.text
        for secret in ("canary", "Forged"):
            assert secret not in caplog.text

    in_safe(tmp_path, script)


def test_what_cannot_be_passed_on_of_a_devices_answer_is_a_failure_in_words(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        desk.fails = "It is \ud800."
        await safe.upload()
        await safe.switch()
        assert (await safe.reach("failed"))["error"].encode()
        assert await refusal(safe.gateway.settings.logins.fetch(OWNER, "desk")) == (409, "bad_answer")

    in_safe(tmp_path, script)


@pytest.mark.parametrize("status", ["written", "skipped_existing"])
def test_a_device_that_keeps_saying_it_has_none_gets_the_login_less_and_less_often(tmp_path: Path, status: str) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        desk.claims = status
        await safe.upload()
        await safe.switch()
        for _ in range(5):
            await desk.beats(runtime_auth_files={"codex": {"exists": False}})

            async def settled() -> bool:
                return bool(safe.auth()["status"] != "writing")

            await World.until(settled, "it has answered")
        assert len(desk.commands) == 2, "once more, in case the report was an old one"
        await safe.switch()
        await desk.beats(runtime_auth_files={"codex": {"exists": False}})

        async def again() -> bool:
            return len(desk.commands) == 3

        await World.until(again, "a person acted")

    in_safe(tmp_path, script)


@pytest.mark.parametrize("damage", ["π", "nothing", "unknown"])
def test_a_damaged_login_is_a_failure_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    async def script(safe: Safe) -> None:
        personal = safe.gateway.settings.personal
        await safe.upload()
        kept = personal.codex(OWNER)
        assert kept.sealed is not None
        sealed = kept.sealed[:-1] + "π" if damage == "π" else kept.sealed.rpartition(":")[0]
        await personal._save(OWNER, codex=replace(kept, sealed=sealed))
        if damage == "unknown":

            async def broken(_owner: str) -> str:
                raise RuntimeError

            monkeypatch.setattr(personal, "auth_text", broken)
        await safe.switch()
        await safe.desk()
        said = "its log says why" if damage == "unknown" else "damaged"
        assert said in (await safe.reach("failed"))["error"]

    in_safe(tmp_path, script)


def test_a_proxy_that_cannot_be_read_can_be_switched_off(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.gateway.settings.personal.set_proxy(OWNER, "http://ann:x@proxy:3128")
        await safe.switch(use=False, proxy=True)
        safe.key_file.unlink()
        desk = await safe.desk()
        error = await safe.failed(await safe.submit(desk))
        assert error.fix == "Enter it again under Personal, or switch the proxy off."
        await safe.switch(use=False, proxy=False)
        assert "proxy" not in await safe.given(desk)

    in_safe(tmp_path, script)


def test_a_device_that_goes_away_meanwhile_gets_the_login_when_it_is_back(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        desk.hold = asyncio.Event()
        await safe.upload()
        await safe.switch()
        await safe.reach("writing")
        await desk.leave()
        assert (await safe.reach("failed"))["error"]
        await safe.switch()
        back = await safe.desk()
        await safe.reach("written")
        assert back.login == TEXT

    in_safe(tmp_path, script)


def test_a_report_from_before_the_file_was_written_does_not_unsay_it(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        await safe.upload()
        await safe.switch()
        await safe.reach("written")
        desk.got.clear()
        stale = {"codex": {"target_path": "/x", "exists": False}}
        await desk.beats(runtime_auth_files=stale)

        async def asked() -> bool:
            return desk.commands == ["sync_runtime_auth_file"] and safe.auth()["status"] != "writing"

        await World.until(asked, "it was asked again")
        assert (safe.auth()["status"], desk.login) == ("written", TEXT)

    in_safe(tmp_path, script)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (json.dumps(LOGIN), None),
        (LOGIN, None),
        (None, (409, "auth_not_read")),
        ("", (409, "auth_not_read")),
        ("{", (400, "auth_invalid")),
        ("[1]", (400, "auth_invalid")),
        ('{"a": "' + "x" * MAX_AUTH_BYTES + '"}', (413, "auth_too_large")),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_a_device_has_is_imported_if_it_is_a_login(
    tmp_path: Path, content: Any, expected: tuple[int, str] | None
) -> None:
    async def script(safe: Safe) -> None:
        await safe.desk(login=content)
        fetching = safe.gateway.settings.logins.fetch(OWNER, "desk")
        if expected is None:
            assert (await fetching).auth_json_sha256 == DIGEST
        else:
            assert await refusal(fetching) == expected
            assert not (await safe.gateway.settings.personal.show(OWNER)).configured

    in_safe(tmp_path, script)


def test_an_import_from_a_device_that_is_away_or_not_of_ours_is_a_conflict(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        logins = safe.gateway.settings.logins
        gone = await safe.desk("gone")
        await gone.leave()
        assert await refusal(logins.fetch(OWNER, "gone")) == (409, "device_offline")
        await safe.desk("stock", ours=False)
        assert await refusal(logins.fetch(OWNER, "stock")) == (409, "stock_device")
        await safe.upload()
        await safe.switch()
        assert "Wegent's own" in (await safe.reach("failed", "stock"))["error"]
        assert await refusal(logins.fetch("bob", "gone")) == (404, "not_found")

    in_safe(tmp_path, script)


def test_where_the_operator_keeps_no_logins_none_is_taken(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        await safe.desk(login=json.dumps(LOGIN))
        forbidden = (403, "codex_upload_forbidden")
        assert await refusal(safe.upload()) == forbidden
        assert await refusal(safe.gateway.settings.logins.fetch(OWNER, "desk")) == forbidden
        shown = await safe.gateway.settings.personal.show(OWNER)
        assert (shown.upload_allowed, shown.configured) == (False, False)
        await safe.switch()  # the login on the device is still a person's to use

    in_safe(tmp_path, script, allow_codex_upload=False)


def test_a_device_that_was_deleted_leaves_nothing_behind(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk()
        await desk.leave()
        await safe.gateway.manage.delete(OWNER, "desk", revoke=False)
        assert safe.gateway.settings.logins.shown(OWNER) == []

    in_safe(tmp_path, script)


def test_a_private_command_is_refused_also_for_ones_own_device(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        desk = await safe.desk(login=json.dumps(LOGIN))
        request = Command(command_key="read_runtime_auth_file")
        assert await refusal(safe.gateway.commands.run(OWNER, "desk", request)) == (400, "command_unknown")
        assert desk.commands == []

    in_safe(tmp_path, script)


# What is kept, and for whom.


def test_another_owner_sees_and_gets_nothing(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        personal = safe.gateway.settings.personal
        theirs = Desk(safe.gateway, "theirs", "bob")
        await theirs.start()
        await safe.switch(owner="bob")
        await safe.upload()
        await personal.set_proxy(OWNER, "http://proxy:3128")
        await theirs.beats()
        shown = await personal.show("bob")
        assert (shown.configured, shown.proxy_configured, theirs.commands) == (False, False, [])
        assert not (await personal.show_proxy("bob")).configured

    in_safe(tmp_path, script)


@pytest.mark.parametrize("damage", ["lost", "damaged", "another"])
def test_with_a_key_file_that_is_gone_everything_says_so_and_can_be_entered_again(tmp_path: Path, damage: str) -> None:
    async def script(safe: Safe) -> None:
        personal = safe.gateway.settings.personal
        await safe.upload()
        await personal.set_proxy(OWNER, "http://ann:x@proxy:3128")
        await safe.switch(proxy=True)
        if damage == "lost":
            safe.key_file.unlink()
        else:
            safe.key_file.write_text("x" if damage == "damaged" else "A" * 43 + "=")
        await safe.restart()
        personal, settings = safe.gateway.settings.personal, safe.gateway.settings
        shown, proxy = await personal.show(OWNER), await personal.show_proxy(OWNER)
        assert (shown.configured, shown.auth_json_sha256, proxy.configured) == (True, DIGEST, True)
        assert "vault.key" in (shown.problem or "")
        assert "vault.key" in (proxy.problem or "")
        desk = await safe.desk()
        assert "vault.key" in ((await safe.reach("failed"))["error"] or "")
        error = await safe.failed(await safe.submit(desk))
        assert (error.code, desk.sent) == ("secret_unreadable", [])
        assert "proxy" in error.message
        assert await refusal(settings.checks.proxy(OWNER, TestProxy(device_id="desk"))) == (409, "secret_unreadable")
        await safe.upload()
        await personal.set_proxy(OWNER, "http://ann:y@proxy:3128")
        assert (await safe.reach("written"))["error"] is None
        again = await personal.show(OWNER)
        assert (again.problem, (await personal.show_proxy(OWNER)).problem) == (None, None)
        assert (await safe.given(desk))["proxy"] == {"url": "http://ann:y@proxy:3128"}

    in_safe(tmp_path, script)


def test_a_proxy_is_tried_from_a_device_and_never_repeated(tmp_path: Path) -> None:
    async def script(safe: Safe) -> None:
        peer = Peer(safe.gateway)
        await peer.register("desk", "boot")
        await peer.beat("desk")
        await safe.gateway.settings.personal.set_proxy(OWNER, f"http://ann:{CANARY}@proxy:3128")
        said = f"http://ann:{CANARY}@proxy:3128 said 407 to ann:{CANARY}"
        peer.answers["proxy:test"] = {"success": True, "ok": False, "result": said, "seconds": 0.1}
        result = await safe.gateway.settings.checks.proxy(OWNER, TestProxy(device_id="desk"))
        assert (result.ok, result.message) == (False, "*** said 407 to ***")
        assert peer.got[-1] == ("proxy:test", {"proxy_url": f"http://ann:{CANARY}@proxy:3128"})
        await peer.leave()
        assert await refusal(safe.gateway.settings.checks.proxy(OWNER, TestProxy(device_id="desk"))) == (
            409,
            "device_offline",
        )

    in_safe(tmp_path, script)
