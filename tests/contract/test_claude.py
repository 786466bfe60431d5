"""The real Claude Code under our driver, against the practice model."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.claude import Bench, Turn
from tests.support.model import running_model
from tests.support.server import private_environment
from wegent_jupyter.executor.agents.claude_binary import bundled, login_command
from wegent_jupyter.executor.agents.claude_login import logged_in
from wegent_jupyter.executor.processes import marked
from wegent_jupyter.executor.trust import TrustStore
from wegent_jupyter.protocol.api import Decision, Mode
from wegent_jupyter.protocol.events import Asked, Delta, Plan, Started, Steered, Tool, Trust
from wegent_jupyter.protocol.states import AttemptState

if bundled() is None:
    pytest.skip("claude-agent-sdk is not installed", allow_module_level=True)

LOOP = "for i in 1 2 3 4 5 6 7 8 9; do command sleep 30; done"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A device in a home of its own; no process may be left when the test ends."""
    found = Bench(tmp_path)
    yield found
    assert found.processes() == []


def script(*steps: str) -> str:
    return "\n".join(steps)


def tool(name: str, **given: Any) -> str:
    return f"!tool {name} {json.dumps(given)}"


def on(loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(loop())


def test_text_and_thoughts_are_streamed_in_order_with_exact_offsets(bench: Bench) -> None:
    turn = asyncio.run(bench.run("!think first a thought\n!say then 😀 text"))
    assert turn.text().endswith("then 😀 text")
    assert turn.text("thought") == "first a thought"
    lengths: dict[str, int] = {}
    for delta in turn.of(Delta):
        assert delta.offset == lengths.get(delta.item_id, 0)
        lengths[delta.item_id] = delta.offset + len(delta.text)
    assert len([one for one in turn.of(Delta) if one.kind == "message"]) > 3, "token by token, not at once"


def test_the_session_is_known_once_the_program_has_it_and_is_that_of_the_end(bench: Bench) -> None:
    async def check() -> None:
        turn = await bench.run("!say hello")
        assert isinstance(turn.events[0], Started)
        end = await turn.finish()
        started = turn.of(Started)
        assert [one.session_id for one in started] == [None, end.session_id], "none before the program has it"
        assert end.state is AttemptState.COMPLETED

    on(check)


def test_tokens_and_cost_are_reported(bench: Bench) -> None:
    async def check() -> None:
        end = await (await bench.run("!say hello")).finish()
        assert end.usage is not None
        assert end.usage.input_tokens and end.usage.output_tokens and end.usage.session_cost_usd
        assert end.usage.total_tokens == end.usage.input_tokens + end.usage.output_tokens

    on(check)


def test_an_edit_is_asked_for_and_shown_as_a_diff(bench: Bench) -> None:
    path = bench.workspace / "utils.py"
    path.write_text("old = 1\n")
    given = {"file_path": str(path), "old_string": "old", "new_string": "new"}
    turn = asyncio.run(bench.run(script(tool("Read", file_path=str(path)), tool("Edit", **given))))
    assert path.read_text() == "new = 1\n"
    read, edit = turn.tools()
    assert (read.title, read.tool, read.status) == ("Read utils.py", "read", "completed")
    assert (edit.title, edit.tool, edit.status) == ("Edit utils.py", "edit", "completed")
    assert edit.diffs == [{"path": str(path), "old": "old", "new": "new"}]
    assert edit.locations == [{"path": str(path), "line": None}]
    assert edit.seconds is not None
    asked = turn.of(Asked)
    assert [one.title for one in asked] == ["Edit utils.py"], "reading in the folder is not asked for"
    assert asked[0].diffs == edit.diffs
    assert asked[0].tool_item == edit.item_id


def test_an_overwritten_file_is_shown_with_its_old_text(bench: Bench) -> None:
    path = bench.workspace / "notes.txt"
    path.write_text("before")
    steps = script(tool("Read", file_path=str(path)), tool("Write", file_path=str(path), content="after"))
    turn = asyncio.run(bench.run(steps))
    assert turn.tools()[-1].diffs == [{"path": str(path), "old": "before", "new": "after"}]
    assert path.read_text() == "after"


def test_a_denied_command_does_not_run_and_the_agent_hears_why(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="deny", reason="not on a Friday")
    turn = asyncio.run(bench.run("!bash touch made\n!say after"))
    assert not (bench.workspace / "made").exists()
    (call,) = turn.tools()
    assert (call.status, call.output) == ("failed", "not on a Friday")
    assert "after" in turn.text()


def test_an_edited_input_is_what_runs(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="allow", input={**asked.input, "command": "touch other"})
    turn = asyncio.run(bench.run("!bash touch made"))
    assert not (bench.workspace / "made").exists()
    assert (bench.workspace / "other").exists()
    assert turn.tools()[0].title == "touch other", "the card shows what ran"


def test_an_edited_input_that_the_agent_rejects_is_a_failed_call_of_a_turn_that_goes_on(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="allow", input={"file_path": 5})
    turn = asyncio.run(bench.run("!write made text\n!say after"))
    (call,) = turn.tools()
    assert call.status == "failed"
    assert "failed schema validation" in call.output
    assert "after" in turn.text()


def test_what_was_allowed_for_the_task_is_not_asked_again(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="allow_task")
    turn = asyncio.run(bench.run("!bash touch made\n!bash touch made"))
    assert len(turn.of(Asked)) == 1
    assert len(turn.tools()) == 2


def test_a_command_may_look_around_in_the_folder_without_asking_and_nowhere_else(bench: Bench) -> None:
    """Claude Code itself lets such commands pass; this watches over how far that goes."""
    (bench.home / "elsewhere").write_text("private")
    commands = ("ls", "ls /", f"cat {bench.home}/elsewhere", f"cd {bench.home} && cat elsewhere", "env", "ls > made")
    turn = asyncio.run(bench.run(script(*(f"!bash {command}" for command in commands))))
    assert [one.title for one in turn.of(Asked)] == list(commands[1:])


def test_full_access_asks_nobody(bench: Bench) -> None:
    turn = asyncio.run(bench.run("!bash touch made", mode="full"))
    assert turn.of(Asked) == []
    assert (bench.workspace / "made").exists()


def test_a_question_is_answered_by_a_person(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="allow", answers={"Which one?": ["B", "C"]})
    options = [{"label": label, "description": label.lower()} for label in "ABC"]
    question = {"question": "Which one?", "header": "Pick", "multiSelect": True, "options": options}
    turn = asyncio.run(bench.run(script(tool("AskUserQuestion", questions=[question]))))
    (asked,) = turn.of(Asked)
    assert asked.asks == "question"
    assert asked.questions == [{"question": "Which one?", "header": "Pick", "multiple": True, "options": options}]
    assert '"Which one?"="B, C"' in turn.tools()[0].output


def test_plan_mode_changes_nothing_until_the_plan_is_allowed(bench: Bench) -> None:
    steps = script("!write early text", tool("ExitPlanMode", plan="# Write late"), "!write late text")
    turn = asyncio.run(bench.run(steps, mode="plan"))
    assert not (bench.workspace / "early").exists()
    plan, write = turn.of(Asked)
    assert (plan.asks, plan.input) == ("plan", {"plan": "# Write late"})
    assert (write.asks, write.title) == ("tool", "Write late"), "carried out step by step before the person's eyes"
    assert (bench.workspace / "late").read_text() == "text"


def test_the_time_of_a_call_is_that_of_the_call_and_not_of_the_person(bench: Bench) -> None:
    bench.answer = lambda asked: None

    async def check() -> None:
        turn = bench.turn("!bash touch made")
        await turn.until(lambda: turn.of(Asked), "it asks")
        await asyncio.sleep(3)  # the person thinks
        turn.gate.decide(turn.of(Asked)[0].approval_id, Decision(decision="allow"))
        await turn.finish()
        assert (turn.tools()[0].seconds or 0) < 3

    on(check)


def test_a_refused_plan_leaves_everything_as_it_is(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="deny", reason="simpler, please")
    turn = asyncio.run(bench.run(script(tool("ExitPlanMode", plan="big"), "!write late text"), mode="plan"))
    assert "simpler, please" in turn.tools()[0].output
    assert not (bench.workspace / "late").exists()


def test_a_conversation_goes_on_in_a_new_process(bench: Bench) -> None:
    async def check() -> None:
        first = await (await bench.run("!say one")).finish()
        turn = await bench.run("!say two", session=first.session_id)
        second = await turn.finish()
        assert second.session_id == first.session_id
        assert "(message 2 of this conversation)" in turn.text()
        assert first.usage and second.usage
        assert (second.usage.session_cost_usd or 0) > (first.usage.session_cost_usd or 0)

    on(check)


@pytest.mark.parametrize("unknown", ["11111111-1111-4111-8111-111111111111", "no id at all"])
def test_a_lost_conversation_starts_anew_and_says_so(unknown: str, bench: Bench) -> None:
    async def check() -> None:
        turn = await bench.run("!say hello", session=unknown)
        end = await turn.finish()
        assert "no longer has this conversation" in turn.notices()[0]
        assert end.session_id not in (None, unknown)
        assert turn.of(Started)[-1].session_id == end.session_id
        assert "hello" in turn.text()

    on(check)


def test_stop_ends_a_running_command_with_everything_below_it(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn(f"!bash (setsid sleep 300 &) ; echo $$ > pid; {LOOP}")
        await until(lambda: (bench.workspace / "pid").exists(), turn)
        turn.run.stop.set()
        end = await turn.finish()
        assert end.state is AttemptState.CANCELLED
        assert not psutil.pid_exists(int((bench.workspace / "pid").read_text()))
        assert turn.tools()[0].status == "failed"
        assert bench.processes() == []

    on(check)


def test_stop_withdraws_what_is_asked(bench: Bench) -> None:
    async def check() -> None:
        bench.answer = lambda asked: None
        turn = bench.turn("!bash touch made")
        await turn.until(lambda: turn.of(Asked), "it asks")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert turn.of(Asked)[-1].withdrawn
        assert not (bench.workspace / "made").exists()

    on(check)


def test_stop_at_once_starts_nothing(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 100 0.1")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert turn.events == []

    on(check)


def test_stop_before_the_first_word_keeps_the_message_from_the_agent(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 100 0.1")
        await turn.until(lambda: turn.of(Started), "the program was started")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert turn.text() == ""

    on(check)


def test_stop_in_mid_text_keeps_what_came(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 300 0.1")
        await turn.until(lambda: "5" in turn.text(), "it talks")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert "300" not in turn.text()

    on(check)


def test_a_stopped_conversation_can_be_resumed(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn(f"!bash touch begun; {LOOP}")
        await until(lambda: (bench.workspace / "begun").exists(), turn)
        turn.run.stop.set()
        end = await turn.finish()
        again = await bench.run("!say here again", session=end.session_id)
        assert "here again" in again.text()
        assert again.notices() == []

    on(check)


def test_a_message_to_the_working_agent_is_answered_in_the_same_turn(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!bash touch begun; while [ ! -e go ]; do command sleep 0.1; done\n!say after")
        await until(lambda: (bench.workspace / "begun").exists(), turn)
        assert turn.run.steerable
        turn.run.steering.put_nowait("use tabs")
        await turn.until(lambda: turn.of(Steered), "the message is sent")
        (bench.workspace / "go").touch()
        end = await turn.finish()
        assert end.state is AttemptState.COMPLETED
        assert turn.of(Steered)[0].text == "use tabs"
        assert "You said meanwhile: use tabs" in turn.text()
        assert not turn.run.steerable

    on(check)


def test_a_message_during_the_last_words_gets_an_answer_of_its_own(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 10 0.1")
        await turn.until(lambda: turn.run.steerable and "2" in turn.text(), "it talks")
        turn.run.steering.put_nowait("!say to you, too")
        assert (await turn.finish()).state is AttemptState.COMPLETED
        assert "10" in turn.text()
        assert "to you, too" in turn.text()

    on(check)


def test_a_turn_waits_for_its_background_shell_and_says_so(bench: Bench) -> None:
    command = "while [ ! -e go ]; do command sleep 0.1; done; touch done"
    steps = script(tool("Bash", command=command, description="build it", run_in_background=True), "!say begun")

    async def check() -> None:
        turn = bench.turn(steps)
        await turn.until(turn.notices, "it says that it waits")
        assert turn.notices() == ["Waiting for what still runs in the background: build it."]
        assert not turn.work.done()
        (bench.workspace / "go").touch()
        assert (await turn.finish()).state is AttemptState.COMPLETED
        assert (bench.workspace / "done").exists()
        assert "What ran in the background has ended." in turn.text(), "the agent is told, and answers that as well"

    on(check)


def test_a_device_can_be_set_to_end_background_shells_with_the_turn(bench: Bench) -> None:
    bench.background = "end"
    command = f"echo $$ > pid; {LOOP}"
    steps = script(tool("Bash", command=command, description="serve", run_in_background=True), "!say begun")
    turn = asyncio.run(bench.run(steps))
    assert turn.notices() == ["Ended with the turn, as this device is set: serve."]
    assert not psutil.pid_exists(int((bench.workspace / "pid").read_text()))


def test_stop_ends_background_shells(bench: Bench) -> None:
    steps = script(tool("Bash", command=LOOP, description="serve", run_in_background=True), "!say begun")

    async def check() -> None:
        turn = bench.turn(steps)
        await turn.until(turn.notices, "it waits for the shell")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert bench.processes() == []

    on(check)


def test_the_tools_of_a_subagent_are_shown_and_its_text_is_not(bench: Bench) -> None:
    prompt = script("!say said by the subagent", "!bash touch made-below")
    steps = script(tool("Task", description="look around", prompt=prompt, subagent_type="general-purpose"), "!say end")
    turn = asyncio.run(bench.run(steps))
    titles = [call.title for call in turn.tools()]
    assert "Subagent: look around" in titles
    assert "touch made-below" in titles
    assert (bench.workspace / "made-below").exists()
    assert "said by the subagent" not in turn.text()
    assert [call.status for call in turn.tools()] == ["completed", "completed"]


def test_the_agents_own_list_of_steps_is_shown_as_a_plan(bench: Bench) -> None:
    bench.model = None
    with running_model() as model:
        bench.extra = {**model.environment(bench.home), "ANTHROPIC_MODEL": "claude-haiku-4-5"}
        first = tool("TaskCreate", subject="Read the code", description="all of it")
        done = tool("TaskUpdate", taskId="1", status="completed")
        turn = asyncio.run(bench.run(script(first, tool("TaskCreate", subject="Write", description="some"), done)))
    entries = [(one["content"], one["status"]) for one in turn.of(Plan)[-1].entries]
    assert entries == [("Read the code", "completed"), ("Write", "pending")]


def test_configuration_of_an_untrusted_folder_stays_off_until_it_is_trusted(bench: Bench) -> None:
    bench.model = None
    (bench.workspace / "CLAUDE.md").write_text("canary-in-the-instructions")
    (bench.workspace / ".claude").mkdir()
    hook = {"hooks": [{"type": "command", "command": f"touch {bench.home / 'hooked'}"}]}
    (bench.workspace / ".claude" / "settings.json").write_text(json.dumps({"hooks": {"UserPromptSubmit": [hook]}}))
    server = {"command": "touch", "args": [str(bench.home / "served")]}
    (bench.workspace / ".mcp.json").write_text(json.dumps({"mcpServers": {"own": server}}))

    async def check() -> None:
        with running_model() as model:
            bench.extra = model.environment(bench.home)
            turn = await bench.run("!say hello")
            (question,) = turn.of(Trust)
            assert (question.item_id, question.path) == ("trust", str(bench.workspace))
            assert question.found == [".claude", ".mcp.json", "CLAUDE.md"]
            assert "canary-in-the-instructions" not in json.dumps(model.requests)
            assert not (bench.home / "hooked").exists()
            assert not (bench.home / "served").exists()

            TrustStore(bench.home).set(bench.workspace, False)
            assert "stays off" in (await bench.run("!say hello")).notices()[0]
            assert not (bench.home / "hooked").exists()

            TrustStore(bench.home).set(bench.workspace, True)
            trusting = await bench.run("!say hello")
            assert trusting.of(Trust) == []
            assert "canary-in-the-instructions" in json.dumps(model.requests)
            assert (bench.home / "hooked").exists()

    on(check)


def test_the_practice_model_leaves_the_persons_own_configuration_alone(bench: Bench) -> None:
    bench.extra = {"ANTHROPIC_API_KEY": "sk-of-the-person", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
    turn = asyncio.run(bench.run("!say hello"))
    assert "hello" in turn.text()
    assert not (bench.home / ".claude").exists()
    assert not (bench.home / ".claude.json").exists()
    kept = [path for path in (bench.home / "practice").rglob("*") if path.is_file()]
    assert kept
    assert all("sk-of-the-person" not in path.read_text(errors="replace") for path in kept)


def test_a_long_command_is_never_hidden_behind_its_title(bench: Bench) -> None:
    command = f"touch made; true {'x' * 200}"
    turn = asyncio.run(bench.run(script(f"!bash {command}")))
    (asked,) = turn.of(Asked)
    assert asked.title.endswith(" …")
    assert asked.input["command"] == command


def test_the_agent_gets_the_environment_of_the_run_and_nothing_of_the_executors(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEGENT_AUTH_TOKEN", "canary-of-the-executor")
    monkeypatch.setenv("JUPYTER_TOKEN", "canary-of-the-server")
    bench.extra = {"OF_THE_PERSON": "given", "no_proxy": "own.example"}
    turn = asyncio.run(bench.run("!bash env > found"))
    assert turn.tools()[0].status == "completed"
    found = dict(line.partition("=")[::2] for line in (bench.workspace / "found").read_text().splitlines())
    assert found["OF_THE_PERSON"] == "given"
    assert found["NO_PROXY"] == found["no_proxy"] == "own.example,127.0.0.1,localhost,::1"
    assert [name for name in found if name.startswith("WEGENT_")] == ["WEGENT_ATTEMPT"]
    assert "canary" not in "".join(found.values())


def test_no_process_is_left_after_a_turn(bench: Bench) -> None:
    turn = asyncio.run(bench.run("!bash touch made; (setsid sleep 300 &)"))
    assert turn.tools()[0].status == "completed"
    assert bench.processes() == []
    assert list((bench.home / "processes").glob("*.json")) == []


def test_every_process_of_a_turn_carries_its_marker(bench: Bench) -> None:
    async def check() -> None:
        others = psutil.Process(os.getpid()).children(recursive=True)
        turn = bench.turn(f"!bash touch begun; {LOOP}")
        await until(lambda: (bench.workspace / "begun").exists(), turn)
        own = set(psutil.Process(os.getpid()).children(recursive=True)) - set(others)
        found = {process.pid for process in marked({str(turn.run.attempt_id), f"{turn.run.attempt_id}-model"})}
        assert {process.pid for process in own} - found == set()
        turn.run.stop.set()
        await turn.finish()

    on(check)


async def until(condition: Callable[[], bool], turn: Turn) -> None:
    """Wait for something outside of the turn's events."""
    async with asyncio.timeout(60):
        while not condition():
            assert not turn.work.done(), turn.work
            await asyncio.sleep(0.02)


def test_tool_cards_come_in_the_order_of_their_places(bench: Bench) -> None:
    turn = asyncio.run(bench.run("!say a\n!bash touch b\n!say c\n!bash touch d\n!say e"))
    places: dict[str, int] = {}
    for event in turn.events:
        if isinstance(event, Tool | Delta | Asked):
            assert places.setdefault(event.item_id, event.index) == event.index
    assert list(places.values()) == sorted(places.values())


LOGINS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "a key": ({"ANTHROPIC_API_KEY": "k"}, {}),
    "a token": ({"ANTHROPIC_AUTH_TOKEN": "t"}, {}),
    "a long-lived token": ({"CLAUDE_CODE_OAUTH_TOKEN": "t"}, {}),
    "a key in the settings": ({}, {"settings.json": {"env": {"ANTHROPIC_API_KEY": "k"}}}),
    "a helper": ({}, {"settings.json": {"apiKeyHelper": "echo k"}}),
    "a login": (
        {},
        {
            ".credentials.json": {
                "claudeAiOauth": {
                    "accessToken": "a",
                    "refreshToken": "r",
                    "expiresAt": 4_000_000_000_000,
                    "scopes": ["user:inference"],
                    "subscriptionType": "max",
                }
            }
        },
    ),
}


@pytest.mark.parametrize("kind", list(LOGINS))
def test_our_idea_of_a_login_is_that_of_the_program(kind: str, tmp_path: Path) -> None:
    """`claude auth status` is not asked in earnest: it looks up names in the network and makes files."""
    variables, files = LOGINS[kind]
    (tmp_path / ".claude").mkdir()
    for name, content in files.items():
        (tmp_path / ".claude" / name).write_text(json.dumps(content))
    environment = {**private_environment(tmp_path), **variables, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    ours = logged_in(environment, tmp_path)
    answer = subprocess.run([str(bundled()), "auth", "status"], env=environment, capture_output=True, check=False)
    assert json.loads(answer.stdout)["loggedIn"] is ours
    assert ours is (kind != "nothing")


def test_the_login_command_is_one_that_the_program_has() -> None:
    program = bundled()
    assert program is not None
    command = [*shlex.split(login_command(program)), "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Sign in" in answer.stdout


def test_looking_for_it_imports_nothing_of_the_sdk(tmp_path: Path) -> None:
    """Else every idle executor would pay half a second and 20 MiB for it."""
    code = (
        "import asyncio, pathlib, sys\n"
        "from wegent_jupyter.executor.agents.catalogue import Catalogue\n"
        f"catalogue = Catalogue({{}}, pathlib.Path({str(tmp_path)!r}))\n"
        "asyncio.run(catalogue.refresh())\n"
        "catalogue.driver('claude')\n"
        "print([one.ready for one in catalogue.report() if one.id == 'claude'])\n"
        "print([name for name in sys.modules if name.startswith(('claude_agent_sdk', 'anyio', 'mcp'))])\n"
    )
    environment = private_environment(tmp_path)
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["[True]", "[]"]


@pytest.mark.parametrize("mode", ["plan", "ask"])
def test_what_a_person_attached_is_read_without_asking_pictures_too(bench: Bench, mode: Mode) -> None:
    given = bench.home / "attachments" / "7"
    given.mkdir(parents=True)
    (given / "notes.txt").write_text("attached words\n")
    # A white pixel.
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
    (given / "picture.png").write_bytes(base64.b64decode(picture))
    steps = script(*(tool("Read", file_path=str(given / name)) for name in ("notes.txt", "picture.png")))
    turn = asyncio.run(bench.run(steps, mode=mode))
    assert [one.status for one in turn.tools()] == ["completed", "completed"]
    assert "attached words" in turn.tools()[0].output
    assert turn.of(Asked) == []
