"""What can go wrong with Claude Code and its model: the turn fails with the provider's own words, nothing is left."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.claude import INSTALL, Bench, Turn
from tests.support.model import running_model
from wegent_jupyter.executor.agents import claude
from wegent_jupyter.executor.agents.claude_binary import bundled
from wegent_jupyter.protocol.api import TurnError
from wegent_jupyter.protocol.events import Asked, Started
from wegent_jupyter.protocol.states import AttemptState

if bundled() is None:
    pytest.skip("claude-agent-sdk is not installed", allow_module_level=True)

LOOP = "for i in 1 2 3 4 5 6 7 8 9; do command sleep 30; done"

STUBBORN = """
import json, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "control_request" and message["request"]["subtype"] == "initialize":
        answer = {"subtype": "success", "request_id": message["request_id"], "response": {}}
        print(json.dumps({"type": "control_response", "response": answer}), flush=True)
        print("this is not JSON", flush=True)
        print(json.dumps({"type": "news", "from": "the future"}), flush=True)
    if message["type"] == "user":
        print(json.dumps({"type": "assistant", "message": {"id": "m", "content": [{"type": "text", "text": "on"}]}}))
        sys.stdout.flush()
while True:
    signal.pause()
"""
"""Answers enough to be talked to, and then neither heeds an interrupt nor a signal nor the end of its input."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A device in a home of its own; no process may be left when the test ends."""
    found = Bench(tmp_path)
    yield found
    assert found.processes() == []


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


@pytest.mark.parametrize(
    ("status", "code", "fix"),
    [
        (401, "agent_login", "claude auth login"),
        (403, "agent_login", "claude auth login"),
        (429, "model_rate_limit", "Wait"),
        (529, "model_overloaded", "few minutes"),
        (500, "model_error", "continue"),
    ],
)
def test_a_refusing_model_fails_the_turn_in_its_own_words_with_the_fix(
    status: int, code: str, fix: str, bench: Bench
) -> None:
    bench.model = None
    with running_model() as model:
        bench.extra = model.environment(bench.home)
        error, _ = failure(bench, f"!error {status}")
    assert error.code == code
    assert f"Scripted error: {status}" in error.message
    assert fix in (error.fix or "")


def test_the_practice_model_asks_nobody_to_log_in(bench: Bench) -> None:
    error, turn = failure(bench, "!error 401")
    assert (error.code, error.fix) == ("agent_login", None)
    assert turn.notices() == ["The model answered 401; trying again (1 of 1)."]


def test_a_program_without_a_login_says_so(bench: Bench) -> None:
    bench.model = None
    error, _ = failure(bench, "!say hello")
    assert error.code == "agent_login"
    assert "Not logged in" in error.message
    assert error.fix == "Log in: `claude auth login`"


def test_an_unreachable_model_fails_the_turn(bench: Bench) -> None:
    bench.model = None
    bench.extra = {
        "ANTHROPIC_API_KEY": "k",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
    }
    error, _ = failure(bench, "!say hello")
    assert error.code == "model_unreachable"
    assert "ECONNREFUSED" in error.message
    assert "network" in (error.fix or "")


def test_a_stream_that_breaks_off_fails_the_turn_and_keeps_what_came(bench: Bench) -> None:
    error, turn = failure(bench, "!say half of it\n!slow 5 0.1\n!break")
    assert error.code == "model_unreachable"
    assert "half of it" in turn.text()


def test_the_next_turn_of_a_failed_conversation_works(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!error 529")
        await turn.failure()
        session = turn.run.session_id or next(one.session_id for one in turn.of(Started))
        again = await bench.run("!say better", session=session)
        assert "better" in again.text()
        assert again.notices() == []

    asyncio.run(check())


def test_a_program_that_was_deleted_is_named_with_the_fix(bench: Bench, tmp_path: Path) -> None:
    bench.program = tmp_path / "gone" / "claude"
    error, _ = failure(bench, "!say hello")
    assert (error.code, error.fix) == ("agent_missing", INSTALL)
    assert str(bench.program) in error.message


def test_an_sdk_that_was_removed_is_named_with_the_fix(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.program = bundled()
    monkeypatch.setitem(sys.modules, "claude_agent_sdk", None)
    error, _ = failure(bench, "!say hello")
    assert (error.code, error.fix) == ("agent_missing", INSTALL)


def test_a_program_that_ends_at_once_is_quoted(bench: Bench, tmp_path: Path) -> None:
    bench.program = script_program(tmp_path / "claude", "import sys; sys.exit('bad library')")
    error, _ = failure(bench, "!say hello")
    assert error.code == "agent_exited"
    assert "exit status 1" in error.message
    assert "bad library" in error.message


def test_a_program_that_never_answers_is_given_up(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claude, "START_SECONDS", 0.5)
    bench.program = script_program(tmp_path / "claude", "import time; time.sleep(300)")
    error, _ = failure(bench, "!say hello")
    assert error.code == "agent_silent"


def test_a_practice_model_that_does_not_start_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    error, _ = failure(bench, "!say hello")
    assert error.code == "practice_model"


def test_a_program_that_ignores_everything_is_gone_soon_after_stop(bench: Bench, tmp_path: Path) -> None:
    bench.program = script_program(tmp_path / "claude", STUBBORN)

    async def check() -> None:
        turn = bench.turn("hello")
        await turn.until(lambda: turn.text() == "on", "it answers, odd lines or not")
        began = time.monotonic()
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert time.monotonic() - began < 60
        assert bench.processes() == []

    asyncio.run(check())


@pytest.mark.parametrize("which", ["guard", "program"])
def test_a_kill_in_mid_turn_fails_the_turn_and_leaves_nothing(which: str, bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn(f"!bash (setsid sleep 300 &); touch begun; {LOOP}\n!say after")
        await begun(bench)
        victim(which, turn).send_signal(signal.SIGKILL)
        error = await turn.failure()
        assert error.code == "agent_exited"
        assert "in mid-turn" in error.message
        assert turn.tools()[0].status == "failed"
        assert bench.processes() == []
        assert list((bench.home / "processes").glob("*.json")) == []

    asyncio.run(check())


def test_a_kill_while_it_asks_withdraws_what_was_asked(bench: Bench) -> None:
    async def check() -> None:
        bench.answer = lambda asked: None
        turn = bench.turn("!bash touch made")
        await turn.until(lambda: turn.of(Asked), "it asks")
        victim("program", turn).send_signal(signal.SIGKILL)
        assert (await turn.failure()).code == "agent_exited"
        assert turn.of(Asked)[-1].withdrawn
        assert not (bench.workspace / "made").exists()

    asyncio.run(check())


def test_a_model_that_dies_in_mid_turn_fails_the_turn(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!bash touch begun; while [ ! -e go ]; do command sleep 0.1; done\n!say after")
        await begun(bench)
        victim("model", turn).send_signal(signal.SIGKILL)
        (bench.workspace / "go").touch()
        error = await turn.failure()
        assert error.code == "model_unreachable"
        assert bench.processes() == []

    asyncio.run(check())


async def begun(bench: Bench) -> None:
    """Wait until the command of a turn runs."""
    async with asyncio.timeout(60):
        while not (bench.workspace / "begun").exists():
            await asyncio.sleep(0.02)


def victim(which: str, turn: Turn) -> psutil.Process:
    """Return the guard, the program or the practice model of a turn."""
    own = psutil.Process(os.getpid()).children()
    kind = "practice.model" if which == "model" else "stream-json"
    guard = next(one for one in own if kind in " ".join(one.cmdline()) and "guard.py" in " ".join(one.cmdline()))
    return guard if which == "guard" else guard.children()[0]


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
