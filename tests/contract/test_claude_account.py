"""By whose account the real Claude Code works: what was issued for a turn never meets the login on the device."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.claude import Bench
from tests.support.model import Model, running_model
from wegent_jupyter.executor.agents.claude_binary import bundled
from wegent_jupyter.executor.agents.claude_environment import naming_accounts
from wegent_jupyter.executor.processes import marked
from wegent_jupyter.executor.trust import TrustStore
from wegent_jupyter.protocol.events import Asked, Delta
from wegent_jupyter.protocol.models import ModelConfig

if bundled() is None:
    pytest.skip("claude-agent-sdk is not installed", allow_module_level=True)

OWN = "sk-of-the-person"


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """The practice model as a provider that somebody configured."""
    with running_model() as found:
        yield found


@pytest.fixture
def bench(tmp_path: Path, model: Model) -> Iterator[Bench]:
    """A device whose turns are answered by an issued provider; no process may be left when the test ends."""
    given = {"model": "claude", "model_id": "claude-of-the-provider", "base_url": model.url, "api_key": model.key}
    found = Bench(tmp_path, model=None, llm=ModelConfig.model_validate(given))
    yield found
    assert found.processes() == []


def own_login(bench: Bench) -> None:
    """Give the device a person who is logged in, and has a key, in each way."""
    (bench.home / ".claude").mkdir(exist_ok=True)
    token = {"accessToken": OWN, "refreshToken": OWN, "expiresAt": 4_000_000_000_000, "scopes": ["user:inference"]}
    (bench.home / ".claude" / ".credentials.json").write_text(json.dumps({"claudeAiOauth": token}))
    bench.extra = {
        "ANTHROPIC_AUTH_TOKEN": OWN,
        "CLAUDE_CODE_OAUTH_TOKEN": OWN,
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
    }


def test_an_issued_provider_answers_with_its_model_and_the_own_login_stays_unused(bench: Bench, model: Model) -> None:
    own_login(bench)
    before = len(model.requests)
    turn = asyncio.run(bench.run("!say hello"))
    assert turn.text().endswith("hello"), "with any other key the model refuses"
    asked = model.requests[before:]
    assert {one["body"]["model"] for one in asked} == {"claude-of-the-provider"}
    assert OWN not in json.dumps(asked)


def test_settings_that_name_another_account_stay_off_and_it_is_said(bench: Bench, model: Model) -> None:
    """They win over the environment: the person's own key would be sent to the address that was issued."""
    own_login(bench)
    settings = {"env": {"ANTHROPIC_API_KEY": OWN, "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}}
    (bench.home / ".claude" / "settings.json").write_text(json.dumps(settings))
    (bench.workspace / ".claude").mkdir()
    (bench.workspace / ".claude" / "settings.json").write_text(json.dumps({"apiKeyHelper": f"echo {OWN}"}))
    TrustStore(bench.home).set(bench.workspace, True)
    turn = asyncio.run(bench.run("!say hello"))
    assert turn.text().endswith("hello")
    assert OWN not in json.dumps(model.requests)
    (notice,) = turn.notices()
    assert (
        notice
        == "Claude Code's user and project settings name an account of their own, so they stay off for this provider."
    )


def test_an_address_without_a_key_never_gets_the_own_login(bench: Bench) -> None:
    async def check() -> None:
        seen: list[str] = []

        async def refuse(request: web.BaseRequest) -> web.Response:
            seen.append(str(dict(request.headers)))
            return web.json_response({"type": "error", "error": {"type": "authentication_error"}}, status=401)

        runner = web.ServerRunner(web.Server(refuse))
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            own_login(bench)
            bench.extra["CLAUDE_CODE_MAX_RETRIES"] = "0"
            bench.llm = ModelConfig(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", model_id="m")
            error = await bench.turn("!say hello").failure()
        finally:
            await runner.cleanup()
        assert (error.code, error.fix) == ("agent_login", "Check the provider's key in the settings, under Models.")
        assert seen
        assert not any(OWN in one for one in seen)

    asyncio.run(check())


def test_the_key_is_in_nothing_that_a_turn_shows(bench: Bench, model: Model) -> None:
    """Every command is given the program's environment, and the model says again what it saw, in parts."""
    steps = f"!bash env | grep API_KEY\n!bash : {model.key}\n!think it is {model.key}\n!say it is {model.key}."
    turn = asyncio.run(bench.run(steps))
    assert model.key not in repr(turn.events)
    looked, named = turn.tools()
    assert looked.output == "ANTHROPIC_API_KEY=***"
    assert (named.title, [one.title for one in turn.of(Asked)][-1]) == (": ***", ": ***")
    assert turn.text().endswith("it is ***.")
    assert turn.text("thought").endswith("it is ***")
    lengths: dict[str, int] = {}
    for delta in turn.of(Delta):
        assert delta.offset == lengths.get(delta.item_id, 0)
        lengths[delta.item_id] = delta.offset + len(delta.text)


def test_no_secret_is_in_an_argument_list(bench: Bench, model: Model) -> None:
    async def check() -> None:
        bench.answer = lambda asked: None
        turn = bench.turn("!bash touch made")
        await turn.until(lambda: turn.of(Asked), "it asks")
        shown = [" ".join(process.cmdline()) for process in marked({str(turn.run.attempt_id)})]
        assert any("--model claude-of-the-provider" in one for one in shown)
        assert not any(model.key in one for one in shown)
        turn.run.stop.set()
        await turn.finish()

    asyncio.run(check())


NAMING: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, False),
    "a model": ({"env": {"ANTHROPIC_MODEL": "m", "ANTHROPIC_DEFAULT_HAIKU_MODEL": "m"}, "model": "m"}, False),
    "a key": ({"env": {"ANTHROPIC_API_KEY": "k"}}, True),
    "an address": ({"env": {"ANTHROPIC_BASE_URL": "https://x"}}, True),
    "headers": ({"env": {"ANTHROPIC_CUSTOM_HEADERS": "x: y"}}, True),
    "a cloud": ({"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}, True),
    "a helper": ({"apiKeyHelper": "echo k"}, True),
}


@pytest.mark.parametrize("name", NAMING)
def test_settings_that_say_who_answers_are_told_from_others(name: str, tmp_path: Path) -> None:
    settings, expected = NAMING[name]
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text(json.dumps(settings))
    assert naming_accounts({"HOME": str(tmp_path)}, tmp_path / "work") == (("user",) if expected else ())
