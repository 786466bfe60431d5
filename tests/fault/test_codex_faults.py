"""What can go wrong with Codex and its model: the turn fails in words, nothing runs twice, nothing is left."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.codex import INSTALL, Bench, Turn
from wegent_jupyter.executor.agents import codex_errors, codex_rpc
from wegent_jupyter.executor.agents.codex_binary import bundled
from wegent_jupyter.protocol.api import TurnError
from wegent_jupyter.protocol.events import Asked, Started, Steered
from wegent_jupyter.protocol.states import AttemptState

if bundled() is None:
    pytest.skip("openai-codex-cli-bin is not installed", allow_module_level=True)

LOOP = "for i in 1 2 3 4 5 6 7 8 9; do command sleep 30; done"

SERVER = """
import json, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
def say(**message):
    print(json.dumps(message), flush=True)
thread = {"id": "01a22892-0000-7000-8000-000000000000"}
answers = {"thread/start": {"thread": thread, "model": "m"}, "turn/start": {"turn": {"id": "t"}}, "initialize": {}}
if SILENT:
    answers = {}
for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if method in answers or method in ("skills/list", "account/read", "config/read"):
        say(id=message["id"], result=answers.get(method, {}))
    if method == "turn/start":
        print("this is not JSON", flush=True)
        print("[1, 2]", flush=True)
        print(json.dumps("\\ud800")[1:], flush=True)
        say(method="news/from/the/future", params={"threadId": thread["id"], "odd": [None]})
        say(method="item/started", params={"threadId": thread["id"], "item": {"type": 5, "id": []}})
        say(method="item/completed", params={"threadId": thread["id"], "item": "none"})
        say(method="item/agentMessage/delta", params={"threadId": thread["id"], "itemId": "i", "delta": "on"})
        say(id="odd", method="of/the/future", params={})
        say(id=7, result={"nobody": "asked"})
while True:
    signal.pause()
"""
"""Answers enough to be talked to, oddly, and then heeds neither an interrupt nor a signal nor the end of its input."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A device in a home of its own; no process may be left when the test ends."""
    found = Bench(tmp_path)
    yield found
    assert found.processes() == []
    assert list((tmp_path / "processes").glob("*.json")) == []


def script_program(path: Path, code: str) -> Path:
    """Make a program of Python code."""
    source = path.with_suffix(".py")
    source.write_text(code)
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(source))} "$@"\n')
    path.chmod(0o755)
    return path


def failure(bench: Bench, prompt: str, **options: Any) -> tuple[TurnError, Turn]:
    async def run() -> tuple[TurnError, Turn]:
        turn = bench.turn(prompt, **options)
        return await turn.failure(), turn

    return asyncio.run(run())


async def begun(bench: Bench) -> None:
    """Wait until the command of a turn runs."""
    async with asyncio.timeout(60):
        while not (bench.workspace / "begun").exists():
            await asyncio.sleep(0.02)


def victim(which: str) -> psutil.Process:
    """Return the guard, the program or the practice model of the turn that runs."""
    own = psutil.Process(os.getpid()).children()
    kind = "practice.model" if which == "model" else "app-server"
    guard = next(one for one in own if kind in " ".join(one.cmdline()) and "guard.py" in " ".join(one.cmdline()))
    return guard if which == "guard" else guard.children()[0]


@pytest.mark.parametrize("which", ["guard", "program"])
def test_a_kill_in_the_middle_of_a_command_fails_the_turn_and_runs_nothing_twice(which: str, bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn(f"!bash (setsid sleep 300 &); echo x >> begun; {LOOP}\n!say after")
        await begun(bench)
        victim(which).send_signal(signal.SIGKILL)
        error = await turn.failure()
        assert error.code == "agent_exited"
        assert "exit status -9" in error.message
        assert error.fix == "Continue: it goes on where it was."
        assert turn.tools()[0].status == "failed"
        assert (bench.workspace / "begun").read_text() == "x\n"
        assert bench.processes() == []
        (session,) = [one.session_id for one in turn.of(Started)]
        again = await bench.run("!say on it goes", session=session)
        assert "(message 2 of this conversation)" in again.text()
        assert again.notices() == [], "the conversation was kept"

    asyncio.run(check())


def test_a_kill_while_it_only_talks_starts_it_again_once_with_the_same_message(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 5 0.2\n!bash echo x >> made\n!say at the end")
        await turn.until(lambda: "2" in turn.text(), "it talks")
        victim("program").send_signal(signal.SIGKILL)
        end = await turn.finish()
        assert end.state is AttemptState.COMPLETED
        assert turn.text().endswith("at the end")
        assert (bench.workspace / "made").read_text() == "x\n"
        (notice,) = turn.notices()
        assert "It had not done anything yet, so it is started again." in notice
        assert {one.session_id for one in turn.of(Started)} == {end.session_id}

    asyncio.run(check())


def test_what_was_said_to_it_meanwhile_is_said_again_after_a_kill_and_nothing_twice(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 40 0.1\n!say at the end")
        await turn.until(lambda: "2" in turn.text(), "it talks")
        turn.run.steering.put_nowait("use tabs")
        await turn.until(lambda: turn.of(Steered), "the message is sent")
        victim("program").send_signal(signal.SIGKILL)
        end = await turn.finish()
        assert end.state is AttemptState.COMPLETED
        assert [one.text for one in turn.of(Steered)] == ["use tabs"]
        kept = [json.loads(line) for path in bench.home.rglob("rollout-*.jsonl") for line in path.open()]
        said = [part.get("text") for one in kept for part in user_message(one)]
        assert [said.count(text) for text in (turn.run.prompt, "use tabs")] == [1, 1]

    asyncio.run(check())


def user_message(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the user said, by one line of what Codex keeps."""
    payload = line["payload"]
    mine = line["type"] == "response_item" and payload.get("role") == "user"
    return list(payload["content"]) if mine else []


EARLIER = """
import json, sys
def say(**message):
    print(json.dumps(message), flush=True)
thread = "01a22892-0000-7000-8000-000000000000"
def tell(method, **params):
    say(method=method, params={"threadId": thread, **params})
answers = {"thread/start": {"thread": {"id": thread}, "model": "m"}, "turn/start": {"turn": {"id": "new"}}}
for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if "id" in message:
        say(id=message["id"], result=answers.get(method, {}))
    if method == "turn/start":
        tell("turn/started", turn={"id": "new"})
        tell("turn/completed", turn={"id": "earlier", "status": "completed"})
        tell("item/agentMessage/delta", itemId="i", delta="on")
    if method == "turn/steer":
        tell("item/agentMessage/delta", itemId="i", delta=" and on")
        tell("turn/completed", turn={"id": "new", "status": "completed"})
"""
"""Tells the end of an earlier turn once more when the next one has begun."""


def test_the_late_end_of_an_earlier_turn_does_not_end_the_one_that_runs(bench: Bench, tmp_path: Path) -> None:
    bench.program = script_program(tmp_path / "codex", EARLIER)

    async def check() -> None:
        turn = bench.turn("hello")
        await turn.until(lambda: turn.text() == "on", "it works")
        turn.run.steering.put_nowait("go on")
        assert (await turn.finish()).state is AttemptState.COMPLETED
        assert turn.text() == "on and on"

    asyncio.run(check())


def test_a_second_kill_fails_the_turn(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 300 0.2")
        await turn.until(lambda: "3" in turn.text(), "it talks")
        victim("program").send_signal(signal.SIGKILL)
        await turn.until(lambda: len(turn.of(Started)) == 2, "it is started again")
        victim("program").send_signal(signal.SIGKILL)
        assert (await turn.failure()).code == "agent_exited"
        assert len(turn.of(Started)) == 2

    asyncio.run(check())


def test_a_kill_while_it_asks_withdraws_what_was_asked(bench: Bench) -> None:
    async def check() -> None:
        bench.answer = lambda asked: None
        turn = bench.turn("!bash touch made")
        await turn.until(lambda: turn.of(Asked), "it asks")
        victim("program").send_signal(signal.SIGKILL)
        assert (await turn.failure()).code == "agent_exited"
        assert turn.of(Asked)[-1].withdrawn
        assert not (bench.workspace / "made").exists()

    asyncio.run(check())


def test_a_program_that_ignores_everything_is_gone_soon_after_stop(bench: Bench, tmp_path: Path) -> None:
    bench.program = script_program(tmp_path / "codex", f"SILENT = False\n{SERVER}")

    async def check() -> None:
        turn = bench.turn("hello")
        await turn.until(lambda: turn.text() == "on", "it answers, odd lines or not")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert bench.processes() == []

    asyncio.run(check())


def test_a_program_that_never_answers_is_given_up(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codex_rpc, "START_SECONDS", 0.5)
    bench.program = script_program(tmp_path / "codex", f"SILENT = True\n{SERVER}")
    error, _ = failure(bench, "!say hello")
    assert error.code == "agent_silent"
    assert "did not answer `initialize`" in error.message


def test_a_program_that_ends_at_once_is_quoted(bench: Bench, tmp_path: Path) -> None:
    bench.program = script_program(tmp_path / "codex", "import sys; sys.exit('bad library')")
    error, turn = failure(bench, "!say hello")
    assert error.code == "agent_exited"
    assert "exit status 1" in error.message
    assert "bad library" in error.message
    assert turn.notices() == [], "what does not start is not started again"


def test_a_program_that_was_deleted_is_named_with_the_fix(bench: Bench, tmp_path: Path) -> None:
    bench.program = tmp_path / "gone" / "codex"
    error, _ = failure(bench, "!say hello")
    assert (error.code, error.fix) == ("agent_missing", INSTALL)
    assert str(bench.program) in error.message


def test_settings_that_codex_cannot_read_are_named(bench: Bench) -> None:
    home = bench.home / "practice" / "codex"
    home.mkdir(parents=True)
    (home / "config.toml").write_text("model = [broken\n")
    error, _ = failure(bench, "!say hello")
    assert error.code in ("agent_exited", "agent_error")
    assert "config.toml" in error.message


def test_a_practice_model_that_does_not_start_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    error, _ = failure(bench, "!say hello")
    assert error.code == "practice_model"


@pytest.mark.parametrize(
    ("status", "code", "said", "fix"),
    [
        (401, "agent_login", "Scripted error: 401", ""),
        (429, "model_rate_limit", "429 Too Many Requests", "Wait"),
        (500, "model_error", "high demand", "continue"),
    ],
)
def test_a_refusing_model_fails_the_turn_in_codexs_words_with_the_fix(
    status: int, code: str, said: str, fix: str, bench: Bench
) -> None:
    error, _ = failure(bench, f"!error {status}")
    assert error.code == code
    assert said in error.message
    assert fix in (error.fix or "")


def test_a_model_that_dies_in_mid_turn_fails_the_turn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codex_errors, "NETWORK_SECONDS", 0.5)

    async def check() -> None:
        turn = bench.turn("!bash touch begun; until [ -e go ]; do sleep 0.1; done\n!say after")
        await begun(bench)
        victim("model").send_signal(signal.SIGKILL)
        (bench.workspace / "go").touch()
        assert (await turn.failure()).code == "model_unreachable"

    asyncio.run(check())


def test_the_next_turn_of_a_failed_conversation_works(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!error 500")
        await turn.failure()
        again = await bench.run("!say better", session=turn.of(Started)[-1].session_id)
        assert again.text().endswith("better")
        assert again.notices() == []

    asyncio.run(check())


def test_an_executor_that_stops_leaves_no_process_of_a_turn(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn(f"!bash (setsid sleep 300 &); touch begun; {LOOP}")
        await begun(bench)
        turn.work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn.work
        assert bench.processes() == []

    asyncio.run(check())


def test_a_flood_of_text_and_output_goes_through(bench: Bench) -> None:
    turn = asyncio.run(bench.run("!flood 2000000\n!bash head -c 3000000 /dev/zero | tr '\\0' x"))
    assert len(turn.text()) >= 2_000_000
    assert turn.tools()[0].status == "completed"
