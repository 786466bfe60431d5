"""By whose account the real Codex works, what it may use of a folder, and what it leaves alone."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import ClientSession, web

from tests.support.codex import Bench, Json, Turn, saying
from tests.support.model import Model, running_model
from wegent_jupyter.executor.agents import codex_errors
from wegent_jupyter.executor.agents.codex_binary import bundled
from wegent_jupyter.executor.agents.codex_login import auth_file, logged_in
from wegent_jupyter.executor.processes import marked
from wegent_jupyter.executor.trust import TrustStore
from wegent_jupyter.protocol.api import Decision, Mode
from wegent_jupyter.protocol.events import Asked, Delta, Started, Trust
from wegent_jupyter.protocol.models import ModelConfig

if bundled() is None:
    pytest.skip("openai-codex-cli-bin is not installed", allow_module_level=True)

OWN = "sk-of-the-person"
SERVER = Path(__file__).parents[1] / "support" / "mcp_demo.py"
DEMO = f"[mcp_servers.demo]\ncommand = {json.dumps(sys.executable)}\nargs = [{json.dumps(str(SERVER))}]\n"


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """The practice model as a provider that somebody configured."""
    with running_model() as found:
        yield found


@pytest.fixture
def bench(tmp_path: Path, model: Model) -> Iterator[Bench]:
    """A device whose turns are answered by an issued provider; no process may be left when the test ends."""
    found = Bench(tmp_path, model=None, llm=issued(model))
    yield found
    assert found.processes() == []


def issued(model: Model, **more: Any) -> ModelConfig:
    given = {"model": "openai", "protocol": "responses", "model_id": "gpt-5.5", "base_url": f"{model.url}/v1"}
    return ModelConfig.model_validate({**given, "api_key": model.key, **more})


def person(bench: Bench, config: str = "") -> bytes:
    """Give the device a person with a login and settings of their own; return the login file."""
    bench.codex_home.mkdir(exist_ok=True)
    (bench.codex_home / "auth.json").write_text(json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": OWN}))
    (bench.codex_home / "config.toml").write_text(config)
    return (bench.codex_home / "auth.json").read_bytes()


def on(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def test_an_issued_provider_answers_and_the_own_login_stays_unused(bench: Bench, model: Model) -> None:
    login, before = person(bench), len(model.requests)
    turn = asyncio.run(bench.run("!bash env > found\n!say hello"))
    assert turn.text().endswith("hello"), "with any other key the model refuses"
    asked = model.requests[before:]
    assert {one["path"] for one in asked} == {"/v1/responses"}
    assert {one["body"]["model"] for one in asked} == {"gpt-5.5"}
    assert OWN not in json.dumps(asked)
    assert (bench.codex_home / "auth.json").read_bytes() == login
    assert model.key not in (bench.workspace / "found").read_text(), "commands are not given the key"
    assert model.key not in str(turn.events)


def test_no_secret_is_in_an_argument_list_or_a_file(bench: Bench, model: Model) -> None:
    proxy = "http://somebody:proxy-password@127.0.0.1:1"
    config = {"codex": {"use_proxy": True}}
    bench.llm = issued(model, runtime_config=config, proxy={"url": proxy})

    async def check() -> None:
        bench.answer = lambda asked: None
        turn = bench.turn("!bash true")
        await turn.until(lambda: turn.of(Asked), "it asks")
        processes = marked({str(turn.run.attempt_id)})
        assert len(processes) >= 2, "the guard and the program"
        shown = " ".join(part for process in processes for part in process.cmdline())
        assert "app-server" in shown
        turn.run.stop.set()
        await turn.finish()
        kept = "".join(path.read_text(errors="replace") for path in bench.home.rglob("*") if path.is_file())
        for secret in (model.key, "proxy-password"):
            assert secret not in shown
            assert secret not in kept

    on(check)


def test_a_wrong_key_of_a_provider_says_where_to_look_and_never_the_key(bench: Bench, model: Model) -> None:
    async def check() -> None:
        bench.llm = issued(model, api_key="sk-wrong-canary")
        error = await bench.turn("!say hello").failure()
        assert error.code == "agent_login"
        assert error.fix == "Check the provider's key in the settings, under Models."
        assert "canary" not in error.message

    on(check)


def exact(turn: Turn) -> bool:
    """Say whether each part of a text begins where the one before it ended."""
    lengths: dict[str, int] = {}
    for delta in turn.of(Delta):
        if delta.offset != lengths.get(delta.item_id, 0):
            return False
        lengths[delta.item_id] = delta.offset + len(delta.text)
    return True


def test_what_is_secret_of_a_turn_is_in_nothing_that_it_shows(bench: Bench, model: Model) -> None:
    """A command finds the key where the program keeps it, and the model says it again, in parts."""
    proxy = "http://somebody:proxy-password@127.0.0.1:1"
    bench.llm = issued(model, runtime_config={"codex": {"use_proxy": True}}, proxy={"url": proxy})
    look = "!bash tr '\\0' '\\n' < /proc/$PPID/environ | grep -a -e WEGENT_CODEX_KEY -e HTTPS_PROXY | sort"
    turn = asyncio.run(bench.run(f"{look}\n!bash : {model.key}\n!think it is {model.key}\n!say it is {model.key}."))
    for secret in (model.key, "proxy-password"):
        assert secret not in repr(turn.events)
    looked, named = turn.tools()
    assert looked.output == "HTTPS_PROXY=***\nWEGENT_CODEX_KEY=***\n"
    assert (named.title, [one.title for one in turn.of(Asked)][-1]) == (": ***", ": ***")
    assert turn.text().endswith("it is ***.")
    assert turn.text("thought").endswith("it is ***")
    assert exact(turn)


def test_a_provider_that_repeats_the_key_does_not_show_it(bench: Bench) -> None:
    async def check() -> None:
        async def refuse(request: web.BaseRequest) -> web.Response:
            said = {"error": {"message": f"This key is not good: {request.headers.get('Authorization')}"}}
            return web.json_response(said, status=401)

        runner = web.ServerRunner(web.Server(refuse))
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            bench.llm = ModelConfig(
                base_url=f"http://127.0.0.1:{runner.addresses[0][1]}/v1", api_key="sk-canary-0123", model_id="gpt-5.5"
            )
            turn = bench.turn("!say hello")
            error = await turn.failure()
        finally:
            await runner.cleanup()
        assert "This key is not good: Bearer ***" in error.message
        assert "canary" not in f"{error}{turn.events}"

    on(check)


def test_a_conversation_with_a_provider_goes_on_with_the_own_login_and_back(bench: Bench, model: Model) -> None:
    provider = f'model_provider = "own"\n[model_providers.own]\nname = "own"\nbase_url = "{model.url}/v1"\n'
    person(bench, 'model = "gpt-5.4"\n' + provider + 'env_key = "KEY_OF_THE_PERSON"\n')
    bench.extra = {"KEY_OF_THE_PERSON": model.key}

    async def check() -> None:
        session, before = None, len(model.requests)
        for number, llm in enumerate((issued(model), ModelConfig(), issued(model)), 1):
            bench.llm = llm
            turn = await bench.run("!say hello", session=session)
            session = (await turn.finish()).session_id
            assert turn.notices() == []
            assert f"(message {number} of this conversation)" in turn.text() or number == 1
        assert [one["body"]["model"] for one in model.requests[before:]] == ["gpt-5.5", "gpt-5.4", "gpt-5.5"]

    on(check)


def test_the_agents_own_login_answers_where_nothing_is_issued(bench: Bench, model: Model) -> None:
    """The person's own settings name a provider: what they say is used, with the model that the task names."""
    provider = f'model_provider = "own"\n[model_providers.own]\nname = "own"\nbase_url = "{model.url}/v1"\n'
    person(bench, provider + 'env_key = "KEY_OF_THE_PERSON"\nrequest_max_retries = 0\n')
    bench.extra = {"KEY_OF_THE_PERSON": model.key}
    bench.llm = ModelConfig(model="openai", model_id="gpt-5.5")
    turn = asyncio.run(bench.run("!say hello"))
    assert turn.text().endswith("hello")
    assert model.requests[-1]["body"]["model"] == "gpt-5.5"


def test_nobody_logged_in_says_how_to_log_in_without_trying(bench: Bench) -> None:
    async def check() -> None:
        bench.llm = ModelConfig()
        error = await bench.turn("!say hello").failure()
        assert (error.code, error.fix) == ("agent_login", "Log in: `codex login`")

    on(check)


def test_an_unreachable_provider_is_told_as_such(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codex itself would wait for the network for ever."""
    monkeypatch.setattr(codex_errors, "NETWORK_SECONDS", 0.5)

    async def check() -> None:
        provider = 'model_provider = "own"\n[model_providers.own]\nname = "own"\nbase_url = "http://127.0.0.1:1/v1"\n'
        person(bench, provider + "request_max_retries = 1\nstream_max_retries = 1\n")
        bench.llm = ModelConfig(model_id="gpt-5.5")
        turn = bench.turn("!say hello")
        error = await turn.failure()
        assert error.code == "model_unreachable"
        assert "network" in (error.fix or "")
        assert "error sending request" in turn.notices()[0], "it is said while it is tried again"

    on(check)


def test_an_issued_proxy_is_used_by_codex_and_this_machine_is_still_reached_directly(
    bench: Bench, model: Model
) -> None:
    async def check() -> None:
        seen: list[str] = []

        async def forward(request: web.BaseRequest) -> web.Response:
            seen.append(str(request.url))
            url = f"{model.url}{request.path}"
            headers = {name: text for name, text in request.headers.items() if name != "Host"}
            async with ClientSession() as http, http.post(url, data=await request.read(), headers=headers) as answer:
                return web.Response(body=await answer.read(), content_type="text/event-stream")

        runner = web.ServerRunner(web.Server(forward))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        proxy = {"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}
        chosen = {"codex": {"use_proxy": True, "use_user_config": False}}
        try:
            bench.llm = issued(model, base_url="http://model.invalid/v1", runtime_config=chosen, proxy=proxy)
            assert (await bench.run("!say through the proxy")).text().endswith("through the proxy")
            assert seen == ["http://model.invalid/v1/responses"]
            bench.llm = issued(model, runtime_config=chosen, proxy=proxy)
            assert (await bench.run("!say directly")).text().endswith("directly")
            assert len(seen) == 1
        finally:
            await runner.cleanup()

    on(check)


def test_the_practice_model_leaves_the_persons_own_configuration_alone(bench: Bench) -> None:
    login = person(bench, 'model = "of-the-person"\n')
    bench.model, bench.llm = "practice", ModelConfig()
    bench.extra = {"OPENAI_API_KEY": OWN, "CODEX_HOME": str(bench.codex_home)}
    before = sorted(bench.codex_home.rglob("*"))
    turn = asyncio.run(bench.run("!say hello"))
    assert turn.text().endswith("hello")
    assert sorted(bench.codex_home.rglob("*")) == before
    assert (bench.codex_home / "auth.json").read_bytes() == login
    kept = [path for path in (bench.home / "practice" / "codex").rglob("*") if path.is_file()]
    assert kept
    assert all(OWN not in path.read_text(errors="replace") for path in kept)


def configure(folder: Path, ran: Path) -> None:
    """Put everything into a folder by which it could configure Codex."""
    skill = "---\nname: {0}\ndescription: canary-{0}\n---\nDo it.\n"
    files = {
        ".codex/config.toml": f'developer_instructions = "canary-config"\n[mcp_servers.own]\ncommand = "touch"\n'
        f"args = [{json.dumps(str(ran))}]\n",
        ".codex/rules/default.rules": 'prefix_rule(pattern=["touch"], decision="allow")\n',
        ".codex/skills/one/SKILL.md": skill.format("one"),
        ".agents/skills/two/SKILL.md": skill.format("two"),
        "AGENTS.md": "canary-instructions",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


CANARIES = ("canary-config", "canary-one", "canary-two", "canary-instructions")


@pytest.mark.parametrize("repository", [False, True], ids=["a folder", "a folder of a repository"])
def test_configuration_of_an_untrusted_folder_stays_off_until_it_is_trusted(
    repository: bool, bench: Bench, model: Model
) -> None:
    root = bench.workspace
    configure(root, bench.home / "served")
    if repository:
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        bench.workspace = root / "below"
        bench.workspace.mkdir()
    person(bench)
    (bench.codex_home / "AGENTS.md").write_text("canary-of-the-person")

    async def said() -> tuple[str, bool]:
        before = len(model.requests)
        turn = await bench.run("!bash touch made\n!say hello")
        trusts = turn.of(Trust)
        if trusts:
            assert (trusts[0].path, [Path(one).name for one in trusts[0].found]) == (
                str(root),
                [".codex", ".agents", "AGENTS.md"],
            )
        return json.dumps(model.requests[before:]), bool(turn.of(Asked))

    async def check() -> None:
        for answer in (None, False):
            TrustStore(bench.home).set(root, answer)
            text, asked = await said()
            assert [one for one in CANARIES if one in text] == []
            assert "canary-of-the-person" in text, "what is the person's own is always on"
            assert asked, "a rule of the folder allows nothing"
            assert not (bench.home / "served").exists()
        TrustStore(bench.home).set(root, True)
        text, _ = await said()
        assert [one for one in CANARIES if one in text] == list(CANARIES)
        assert (bench.home / "served").exists()
        assert (bench.codex_home / "config.toml").read_text() == "", "Codex keeps no trust of its own"

    on(check)


def test_skills_of_an_untrusted_folder_stay_off_also_where_its_settings_cannot_be_read(
    bench: Bench, model: Model
) -> None:
    """Also of one that the person's own Codex trusts: it tells nothing then of which skills there are."""
    configure(bench.workspace, bench.home / "served")
    (bench.workspace / ".codex" / "config.toml").write_text("this = = broken")
    person(bench, f'[projects.{json.dumps(str(bench.workspace))}]\ntrust_level = "trusted"\n')
    before = len(model.requests)
    assert asyncio.run(bench.run("!say hello")).text().endswith("hello")
    text = json.dumps(model.requests[before:])
    assert [one for one in CANARIES if one in text] == []


def test_a_declined_folder_is_named_in_every_turn(bench: Bench) -> None:
    (bench.workspace / "AGENTS.md").write_text("x")
    TrustStore(bench.home).set(bench.workspace, False)
    turn = asyncio.run(bench.run("!say hello"))
    assert turn.notices() == [f"The agent configuration of {bench.workspace} stays off (AGENTS.md)."]


def test_a_tool_of_a_server_is_asked_for_by_its_name(bench: Bench, model: Model) -> None:
    person(bench, DEMO)
    bench.llm = issued(model, model_id="unknown-model")  # those that Codex knows have to search for such tools
    bench.answer = lambda asked: Decision(decision="allow_task")
    turn = asyncio.run(bench.run('!tool mcp__demo__add {"a": 1}\n!tool mcp__demo__add {"a": 2}'))
    (asked,) = turn.of(Asked)
    assert (asked.title, asked.input, asked.scope) == ("demo: add", {"a": 1}, "the tool demo: add")
    first, second = turn.tools()
    assert (first.title, first.status, first.output) == ("demo: add", "completed", "sum 3")
    assert asked.tool_item == first.item_id
    assert second.input == {"a": 2}

    planning = asyncio.run(bench.run('!tool mcp__demo__add {"a": 3}', mode="plan"))
    assert planning.tools()[0].status == "failed", "nothing of the kind while it plans"


def served_by(bench: Bench, script: str, more: str = "") -> None:
    """Give the person a server of tools of ours."""
    server = Path(__file__).parents[1] / "support" / script
    program = f"command = {json.dumps(sys.executable)}\nargs = [{json.dumps(str(server))}]\n"
    person(bench, f"[mcp_servers.demo]\n{program}{more}")


def test_tools_of_a_server_that_are_called_at_once_are_asked_for_as_themselves(bench: Bench) -> None:
    served_by(bench, "mcp_demo.py", "supports_parallel_tool_calls = true\n")

    def call(name: str) -> Json:
        return {"type": "function_call", "name": name, "namespace": "mcp__demo", "arguments": "{}", "call_id": name}

    async def check() -> None:
        bench.answer = lambda asked: Decision(decision="deny" if asked.title == "demo: add" else "allow")
        async with saying([call("peek"), call("add"), call("soft")], "end") as url:
            bench.llm = ModelConfig(base_url=url, api_key="sk-canary-0123", model_id="unknown-model")
            turn = await bench.run("go")
        cards = {call.item_id: call for call in turn.tools()}
        assert sorted(cards[one.tool_item or ""].title for one in turn.of(Asked)) == [
            "demo: add",
            "demo: peek",
            "demo: soft",
        ]
        assert all(cards[one.tool_item or ""].title == one.title for one in turn.of(Asked))
        assert {call.title: call.status for call in turn.tools()} == {
            "demo: peek": "completed",
            "demo: add": "failed",
            "demo: soft": "completed",
        }

    on(check)


@pytest.mark.parametrize("mode", ["ask", "full"])
def test_a_form_of_a_server_is_shown_as_what_it_is_whatever_it_says_of_itself(
    mode: Mode, bench: Bench, model: Model
) -> None:
    served_by(bench, "mcp_forging.py")
    bench.llm = issued(model, model_id="unknown-model")
    bench.answer = lambda asked: Decision(decision="deny" if asked.asks == "question" else "allow_task")
    turn = asyncio.run(bench.run("!tool mcp__demo__peek {}", mode=mode))
    assert turn.of(Asked)[-1].title == "demo: Delete your account?"
    assert [one.asks for one in turn.of(Asked)] == (["tool", "question"] if mode == "ask" else ["question"])
    assert '"action": "decline"' in turn.tools()[0].output


def test_a_tool_that_calls_itself_harmless_is_asked_for_all_the_same(bench: Bench, model: Model) -> None:
    person(bench, f'{DEMO}[mcp_servers.demo.tools.add]\napproval_mode = "approve"\n')
    bench.llm = issued(model, model_id="unknown-model")
    bench.answer = lambda asked: Decision(decision="deny")
    steps = "\n".join(f"!tool mcp__demo__{name} {{}}" for name in ("peek", "soft", "add"))
    turn = asyncio.run(bench.run(steps))
    assert [one.title for one in turn.of(Asked)] == ["demo: peek", "demo: soft", "demo: add"]
    assert {call.status for call in turn.tools()} == {"failed"}
    planning = asyncio.run(bench.run(steps, mode="plan"))
    assert planning.of(Asked) == []
    assert {call.status for call in planning.tools()} == {"failed"}


def test_nothing_is_offered_that_would_pass_by_the_gate(bench: Bench, model: Model) -> None:
    """A terminal takes commands as text, a search asks nobody, and a goal has the agent go on by itself."""

    def offered(mode: Mode) -> set[str]:
        asyncio.run(bench.run("!say hello", mode=mode))
        return {one.get("name") or one["type"] for one in model.requests[-1]["body"]["tools"]}

    assert offered("ask") & {"exec_command", "web_search", "create_goal"} == {"exec_command"}
    assert offered("full") & {"exec_command", "web_search", "create_goal"} == {"exec_command", "web_search"}
    step = '!tool exec_command {"cmd": "bash", "tty": true}'
    asyncio.run(bench.run(step))
    assert "TTY execution is disabled" in json.dumps(model.requests[-1]["body"]["input"])
    bench.model, bench.llm = "practice", ModelConfig()
    assert asyncio.run(bench.run(step)).of(Asked) == [], "nor when it practises: it is refused before anybody is asked"


def test_rules_by_which_codex_asks_nobody_are_named_and_end_plan_mode(bench: Bench) -> None:
    async def check() -> None:
        rules = bench.codex_home / "rules" / "default.rules"
        rules.parent.mkdir(parents=True)
        rules.write_text('prefix_rule(pattern=["touch"], decision="prompt")\n')
        assert (await bench.run("!say hello", mode="plan")).notices() == []
        rules.write_text('prefix_rule(pattern=["touch"], decision="allow")\n')
        error = await bench.turn("!bash touch made", mode="plan").failure()
        assert error.code == "agent_rules"
        assert str(rules) in error.message
        assert "allow" in (error.fix or "")
        assert not (bench.workspace / "made").exists()
        turn = await bench.run("!bash touch made")
        assert turn.notices() == [f"Codex does not ask before it runs what {rules} allows."]
        assert (await bench.run("!say hello", mode="full")).notices() == []

    on(check)


def test_the_agent_gets_the_environment_of_the_run_and_nothing_of_the_executors(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEGENT_AUTH_TOKEN", "canary-of-the-executor")
    bench.extra = {"OF_THE_PERSON": "given", "no_proxy": "own.example"}
    turn = asyncio.run(bench.run("!bash env > found"))
    assert turn.tools()[0].status == "completed"
    found = dict(line.partition("=")[::2] for line in (bench.workspace / "found").read_text().splitlines())
    assert found["OF_THE_PERSON"] == "given"
    assert found["NO_PROXY"] == found["no_proxy"] == "own.example,127.0.0.1,localhost,::1"
    assert found["WEGENT_ATTEMPT"] == str(turn.run.attempt_id)
    assert "canary" not in "".join(found.values())


def test_every_process_of_a_turn_carries_its_marker(bench: Bench) -> None:
    async def check() -> None:
        others = set(psutil.Process().children(recursive=True))
        turn = bench.turn("!bash touch begun; for i in 1 2 3 4 5 6; do sleep 30; done")
        async with asyncio.timeout(60):
            while not (bench.workspace / "begun").exists():
                await asyncio.sleep(0.02)
        own = set(psutil.Process().children(recursive=True)) - others
        assert {process.pid for process in own} <= {one.pid for one in marked({str(turn.run.attempt_id)})}
        turn.run.stop.set()
        await turn.finish()
        assert turn.of(Started)

    on(check)


LOGINS: dict[str, tuple[dict[str, Any], str, bool | None]] = {
    "nothing": ({}, "", False),
    "a key": ({"auth_mode": "apikey", "OPENAI_API_KEY": "k"}, "", True),
    "a login with tokens": ({"tokens": {"access_token": "a", "refresh_token": "r"}}, "", True),
    "an emptied login": ({"OPENAI_API_KEY": None, "tokens": None}, "", False),
    "a provider of the person's own": ({}, 'model_provider = "own"', None),
    "a login in the keyring": ({}, 'cli_auth_credentials_store = "keyring"', None),
}


@pytest.mark.parametrize("name", LOGINS)
def test_a_login_is_seen_without_running_anything(name: str, tmp_path: Path) -> None:
    auth, config, expected = LOGINS[name]
    where = auth_file({}, tmp_path)
    assert where == tmp_path / ".codex" / "auth.json"
    where.parent.mkdir()
    if auth:
        where.write_text(json.dumps(auth))
    (where.parent / "config.toml").write_text(config)
    assert logged_in({}, tmp_path) is expected
    assert logged_in({"CODEX_HOME": str(where.parent)}, tmp_path / "elsewhere") is expected
