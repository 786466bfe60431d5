"""What turns change, end to end: gateway, device link, a real agent process, the directory, and back again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.changes import picture
from tests.support.repositories import git, repository
from tests.support.world import OWNER, World
from wegent_jupyter.executor.changes.stores import Stores
from wegent_jupyter.gateway.errors import Conflict, Refused
from wegent_jupyter.protocol.changes import Revert
from wegent_jupyter.protocol.states import TurnState


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return repository(tmp_path / "project", **{"a.txt": "one\ntwo\n", "b.txt": "b\n"})


async def items(world: World, task: int, kind: str = "changes") -> list[dict[str, Any]]:
    """Return what a transcript says of one kind, over all turns."""
    transcript = await world.transcript(task)
    return [item for turn in transcript.turns.values() for item in transcript.items(turn) if item["kind"] == kind]


def here(path: Path) -> dict[str, Any]:
    return {"workspace": {"path": str(path)}}


def test_a_turns_changes_are_told_shown_and_taken_back(tmp_path: Path, project: Path) -> None:
    async def scenario() -> None:
        before, status = picture(project), git(project, "--no-optional-locks", "status", "--porcelain")
        async with World(tmp_path) as world:
            assert world.gateway is not None
            prompt = "!write a.txt one\n!bash rm b.txt; mkdir new; printf 'x\\r\\n' > new/file\n!say done"
            task = await world.submit(prompt, **here(project))
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED, turn.error
            [told] = await items(world, task)
            shown = {one["path"]: (one["status"], one["added"], one["removed"]) for one in told["files"]}
            assert shown.keys() == {"a.txt", "b.txt", "new/file"}
            assert (shown["b.txt"], shown["new/file"]) == (("deleted", 0, 1), ("added", 1, 0))
            listed = await world.gateway.files.changed(OWNER, task, turn.id)
            assert listed.workspace == str(project)
            assert {one.path: one.now for one in listed.items} == dict.fromkeys(shown, "as_left")
            diff = await world.gateway.files.diff(OWNER, task, turn.id, "new/file")
            assert (diff.before, diff.after, diff.status) == (None, "x\r\n", "added")

            half = await world.gateway.files.revert(OWNER, task, turn.id, Revert(paths=["b.txt"]))
            assert half.paths == ["b.txt"]
            (project / "a.txt").write_text("mine\n")
            with pytest.raises(Conflict, match=r"a\.txt") as refused:
                await world.gateway.files.revert(OWNER, task, turn.id, Revert())
            assert refused.value.code == "changed_since"
            assert (project / "new" / "file").exists()
            await world.gateway.files.revert(OWNER, task, turn.id, Revert(paths=["new/file"]))
            (project / "a.txt").write_text("one\ntwo\n")
        assert picture(project) == before
        assert git(project, "--no-optional-locks", "status", "--porcelain") == status

    asyncio.run(scenario())


def test_the_last_thing_that_a_turn_says_is_what_it_changed(tmp_path: Path, project: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            for prompt in ("!bash echo x > c.txt\n!error 500", "!bash echo y > c.txt\n!say fine"):
                task = await world.submit(prompt, **here(project))
                turn = await world.finish(task)
                said = (await world.transcript(task)).items(turn)
                assert said[-1]["kind"] == "changes"
                assert [one["path"] for one in said[-1]["files"]] == ["c.txt"]

    asyncio.run(scenario())


def test_a_stopped_turn_has_changes_too(tmp_path: Path, project: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!bash echo x > c.txt; sleep 300", **here(project))

            async def written() -> bool:
                return (project / "c.txt").exists()

            await world.until(written, "the file is written")
            await world.cancel(task)
            assert (await world.finish(task)).state is TurnState.CANCELLED
            [told] = await items(world, task)
            assert [one["path"] for one in told["files"]] == ["c.txt"]
            assert world.gateway is not None
            turn = await world.finish(task)
            await world.gateway.files.revert(OWNER, task, turn.id, Revert())
            assert not (project / "c.txt").exists()

    asyncio.run(scenario())


def test_nothing_is_taken_back_while_a_turn_runs_in_the_directory(tmp_path: Path, project: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            task = await world.submit("!bash echo x > c.txt", **here(project))
            turn = await world.finish(task)
            (project / "below").mkdir()
            other = await world.submit("!hang", **here(project / "below"))
            await world.reach(other, TurnState.RUNNING)
            with pytest.raises(Conflict) as refused:
                await world.gateway.files.revert(OWNER, task, turn.id, Revert())
            assert refused.value.code == "busy"
            await world.cancel(other)
            await world.finish(other)
            await world.gateway.files.revert(OWNER, task, turn.id, Revert())
            assert not (project / "c.txt").exists()

    asyncio.run(scenario())


def test_a_turn_without_changes_says_so_when_asked(tmp_path: Path, project: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            task = await world.submit("!say nothing", **here(project))
            turn = await world.finish(task)
            assert await items(world, task) == []
            with pytest.raises(Refused, match="changed no files") as refused:
                await world.gateway.files.changed(OWNER, task, turn.id)
            assert refused.value.code == "no_changes"

    asyncio.run(scenario())


def test_a_snapshot_that_fails_fails_no_turn(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async def broken(*_: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(Stores, "of", broken)
        async with World(tmp_path) as world:
            task = await world.submit("!bash echo x > c.txt", **here(project))
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED
            [told] = await items(world, task)
            assert (told["files"], "internal error" in told["note"]) == ([], True)

    asyncio.run(scenario())


def test_what_a_turn_changed_is_known_after_its_executor_was_stopped(tmp_path: Path, project: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            task = await world.submit("!bash echo x > c.txt; sleep 300", **here(project))

            async def written() -> bool:
                return (project / "c.txt").exists()

            await world.until(written, "the file is written")
            await world.stop_device()
            await world.start_device()
            turn = await world.finish(task)
            assert turn.state is TurnState.FAILED
            [told] = await items(world, task)
            assert [one["path"] for one in told["files"]] == ["c.txt"]
            await world.gateway.files.revert(OWNER, task, turn.id, Revert())
            assert not (project / "c.txt").exists()

    asyncio.run(scenario())
