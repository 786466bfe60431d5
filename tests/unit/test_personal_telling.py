"""A device tells of its Codex login in the background: nobody waits for it, and a look that fails is not lost."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from wegent_jupyter.executor.personal import presence
from wegent_jupyter.executor.personal.answers import PersonalAnswers
from wegent_jupyter.executor.personal.auth_file import VARIABLES
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.protocol.api import Agent
from wegent_jupyter.protocol.personal import CODEX_TARGET

GIVEN = dict(zip(VARIABLES, ("codex", CODEX_TARGET, '{"OPENAI_API_KEY": "k"}'), strict=True))
CODEX = Agent(id="codex", name="Codex", provider="openai", ready=True)


def test_a_login_that_was_written_is_told_without_keeping_the_command_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CODEX_HOME", raising=False)

    async def run() -> Any:
        answered, looked = asyncio.Event(), asyncio.Event()

        async def look() -> None:
            await answered.wait()
            looked.set()
            raise RuntimeError("no agents today")

        answers = PersonalAnswers(tmp_path, ProcessRecords(tmp_path), lambda: [CODEX], wake=lambda: None, look=look)
        async with asyncio.timeout(60):
            found = await answers.auth_command("sync_runtime_auth_file", GIVEN)
            answered.set()
            await looked.wait()
        await asyncio.sleep(0)
        await answers.close()
        return found

    status, answer = asyncio.run(run())
    assert (status, answer["status"]) == (0, "written")
    assert "no agents today" in caplog.text


def test_a_look_at_the_agents_that_fails_is_logged_and_the_next_heartbeat_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "auth.json"
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))

    async def run() -> Any:
        woken = asyncio.Event()

        async def agents() -> None:
            raise RuntimeError("no agents today")

        async def changed() -> Any:
            woken.clear()
            while not woken.is_set():  # one look at a time: the one under way may have seen what was before
                watch.report()
                await asyncio.sleep(0.01)
            return watch.report()["codex"].exists

        watch = presence.Presence(lambda: True, woken.set, agents)
        async with asyncio.timeout(60):
            assert await changed() is False
            path.write_text("{}")
            assert await changed() is True
            path.unlink()
            assert await changed() is False
        await watch.close()

    asyncio.run(run())
    ours = [one for one in caplog.records if one.name == presence.__name__ and one.levelno == logging.ERROR]
    assert ours
    assert "no agents today" in caplog.text
