"""Turns in a directory that the device makes first: a worktree, a task's folder, one for which a script was run."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support import world as support
from tests.support.repositories import commit, git, repository
from tests.support.world import OWNER, World
from wegent_jupyter.executor.config import ConfigBroken, load
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.projects import WORKTREE
from wegent_jupyter.protocol.states import TurnState


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return repository(tmp_path / "demo", **{"a.txt": "one\n", "sub__b.txt": "two\n"})


def device_with(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Let the devices of a world have more in their environment."""
    monkeypatch.setattr(support, "load", lambda environment: load({**environment, **more}))


async def say(world: World, task_id: int, prompt: str) -> None:
    assert world.gateway is not None
    await world.gateway.create_turn(OWNER, task_id, api.CreateTurn(prompt=prompt))


def items(transcript: Any, kind: str) -> list[dict[str, Any]]:
    return [item for turn in transcript.turns.values() for item in transcript.items(turn) if item["kind"] == kind]


def slow_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a git on the way whose checkouts do not end, and return the file that is there when one began."""
    programs, there = tmp_path / "programs", tmp_path / "there"
    programs.mkdir()
    real = shutil.which("git")
    (programs / "git").write_text(
        f'#!/bin/sh\n[ "$1" != reset ] || {{ touch {there}; sleep 299; }}\nexec {real} "$@"\n'
    )
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    return there


def test_a_task_works_in_its_worktree_and_goes_on_there(tmp_path: Path, source: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            folder = {"path": str(source / "sub"), "worktree": True}
            task_id = await world.submit("!write new.txt hello", workspace=folder)
            assert (await world.finish(task_id)).state is TurnState.COMPLETED
            place = tmp_path / "home" / "workspace" / "worktrees" / str(task_id) / "demo" / "sub"
            task = await world.detail(task_id)
            assert (task.workspace, task.workspace_source) == (str(place), "git_worktree")
            assert (place / "new.txt").read_text().strip() == "hello"
            await say(world, task_id, "!bash pwd")
            assert (await world.finish(task_id)).state is TurnState.COMPLETED
            assert str(place) in items(await world.transcript(task_id), "tool")[-1]["output"]
            assert git(source, "status", "--porcelain") == ""
            assert world.device is not None
            assert world.wire is not None
            told = await world.device.handle(world.wire, WORKTREE, {"task_id": task_id, "path": str(place)})
            assert told["uncommitted"] == ["?? sub/new.txt"]

    asyncio.run(scenario())


def test_a_worktree_that_cannot_be_made_fails_the_turn_and_nothing_else_is_used(tmp_path: Path, source: Path) -> None:
    (tmp_path / "unborn").mkdir()
    git(tmp_path / "unborn", "init", "-q")

    async def scenario() -> None:
        async with World(tmp_path) as world:
            folder = {"path": str(tmp_path / "unborn"), "worktree": True}
            task_id = await world.submit("!write new.txt hello", workspace=folder)
            turn = await world.finish(task_id)
            assert turn.state is TurnState.FAILED
            assert turn.error is not None
            assert (turn.error.code, turn.error.fix) == ("worktree_failed", "Commit something first.")
            assert (await world.detail(task_id)).workspace is None
            assert sorted(path.name for path in (tmp_path / "unborn").iterdir()) == [".git"]
            assert not (tmp_path / "home" / "workspace" / "worktrees" / str(task_id)).exists()
            assert not (tmp_path / "home" / "workspace" / "chats").exists()
            commit(tmp_path / "unborn", **{"a.txt": "x"})
            await say(world, task_id, "!write new.txt hello")
            assert (await world.finish(task_id)).state is TurnState.COMPLETED
            assert (await world.detail(task_id)).workspace_source == "git_worktree"

    asyncio.run(scenario())


def test_what_is_not_committed_is_told_in_the_transcript(tmp_path: Path, source: Path) -> None:
    (source / "a.txt").write_text("changed\n")

    async def scenario() -> None:
        async with World(tmp_path) as world:
            task_id = await world.submit("!bash cat a.txt", workspace={"path": str(source), "worktree": True})
            await world.finish(task_id)
            transcript = await world.transcript(task_id)
            assert "not committed" in items(transcript, "notice")[0]["text"]
            assert "one" in items(transcript, "tool")[0]["output"]

    asyncio.run(scenario())


@pytest.mark.parametrize("way", ["cancelled", "executor stopped"])
def test_a_turn_that_ends_while_its_worktree_is_made_leaves_nothing(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    there = slow_checkout(tmp_path, monkeypatch)

    async def begun() -> bool:
        return there.exists()

    async def scenario() -> None:
        async with World(tmp_path) as world:
            task_id = await world.submit("!say hello", workspace={"path": str(source), "worktree": True})
            await world.until(begun, "the checkout began")
            if way == "cancelled":
                await world.cancel(task_id)
                assert (await world.finish(task_id)).state is TurnState.CANCELLED
            else:
                await world.first.end()
                turn = await world.finish(task_id)
                assert (turn.state, turn.error and turn.error.code) == (TurnState.FAILED, "executor_stopped")
            assert not (tmp_path / "home" / "workspace" / "worktrees" / str(task_id)).exists()
            assert git(source, "worktree", "list", "--porcelain").count("worktree ") == 1

    asyncio.run(scenario())


def test_a_task_without_a_workspace_has_a_folder_by_its_id_where_chats_are_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_with(monkeypatch, WEGENT_EXECUTOR_STANDALONE_CHATS_ENABLED="off")

    async def scenario() -> None:
        async with World(tmp_path) as world:
            task_id = await world.submit("!write a.txt hello")
            assert (await world.finish(task_id)).state is TurnState.COMPLETED
            place = tmp_path / "home" / "workspace" / str(task_id)
            assert (place / "a.txt").exists()
            assert (await world.detail(task_id)).workspace == str(place)
            await say(world, task_id, "!bash ls")
            await world.finish(task_id)
            assert "a.txt" in items(await world.transcript(task_id), "tool")[-1]["output"]
            assert [path.name for path in place.parent.iterdir()] == [place.name]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("said", "means"),
    [*((word, True) for word in ("1", "TRUE", "yes", "on", "")), *((word, False) for word in ("0", "no", "OFF"))],
)
def test_whether_tasks_get_chat_folders_is_said_in_wegents_words(tmp_path: Path, said: str, means: bool) -> None:
    variable = {"WEGENT_EXECUTOR_STANDALONE_CHATS_ENABLED": said}
    assert load({"WEGENT_EXECUTOR_HOME": str(tmp_path), **variable}).standalone_chats is means


def test_another_word_is_named_with_its_variable(tmp_path: Path) -> None:
    variable = {"WEGENT_EXECUTOR_STANDALONE_CHATS_ENABLED": "maybe"}
    with pytest.raises(ConfigBroken, match="WEGENT_EXECUTOR_STANDALONE_CHATS_ENABLED is 'maybe'"):
        load({"WEGENT_EXECUTOR_HOME": str(tmp_path), **variable})


def test_the_operators_script_is_run_in_the_turns_directory_before_its_agent(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(source, "remote", "add", "origin", "https://ann:canary@example.org/demo.git")
    script = tmp_path / "my hook.sh"
    script.write_text('echo "$1|$PWD|$WEGENT_TASK_DIR|$WEGENT_TASK_ID|$WEGENT_GIT_URL|$WEGENT_AUTH_TOKEN" > told\n')
    monkeypatch.setenv("WEGENT_AUTH_TOKEN", "canary")
    device_with(monkeypatch, WEGENT_HOOK_PRE_EXECUTE=str(script))

    async def scenario() -> None:
        async with World(tmp_path) as world:
            task_id = await world.submit("!bash cat told", workspace={"path": str(source), "worktree": True})
            await world.finish(task_id)
            place = (await world.detail(task_id)).workspace
            transcript = await world.transcript(task_id)
            expected = f"{place}|{place}|{place}|{task_id}|https://example.org/demo.git|\n"
            assert items(transcript, "tool")[0]["output"].endswith(expected)
            assert items(transcript, "notice") == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "says"),
    [("echo broken >&2; exit 3", "ended with status 3: broken"), ("sleep 299", "longer than"), (None, "status 127")],
)
def test_a_script_that_fails_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, says: str
) -> None:
    if text is not None:
        (tmp_path / "hook.sh").write_text(text)
    device_with(monkeypatch, WEGENT_HOOK_PRE_EXECUTE=str(tmp_path / "hook.sh"))
    monkeypatch.setattr("wegent_jupyter.executor.hook.SECONDS", 1.0 if text == "sleep 299" else 30.0)

    async def scenario() -> None:
        async with World(tmp_path) as world:
            task_id = await world.submit("!say hello")
            assert (await world.finish(task_id)).state is TurnState.COMPLETED
            notice = items(await world.transcript(task_id), "notice")[0]
            assert (says in notice["text"], notice["level"]) == (True, "warning")

    asyncio.run(scenario())
