"""Taking back what a turn changed: all that is asked for or nothing, and never outside of the directory."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.changes import Home, paths, picture, story
from wegent_jupyter.executor.changes import answers as change_answers
from wegent_jupyter.executor.changes import contained, reverting
from wegent_jupyter.protocol.changes import REVERT


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "executor")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with three files, one of them in a folder."""
    made = tmp_path / "work"
    (made / "inner").mkdir(parents=True)
    for name in ("a", "b", "inner/c"):
        (made / name).write_text(f"{name} before\n")
    return made


async def a_turn(home: Home, folder: Path) -> None:
    """Change one, delete one, add one, and change the one in the folder."""

    def work() -> None:
        (folder / "a").write_text("a after\n")
        (folder / "b").unlink()
        (folder / "new").write_text("new\n")
        (folder / "inner" / "c").write_text("c after\n")

    changed = await home.turn(folder, work)
    assert paths(changed) == ["modified a", "deleted b", "modified inner/c", "added new"]


def test_single_files_are_taken_back(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await a_turn(home, folder)
        answer = await home.revert(["a", "new"])
        assert (answer["success"], answer["paths"]) == (True, ["a", "new"])
        assert sorted(one.name for one in folder.iterdir()) == ["a", "inner"]
        assert (folder / "a").read_text() == "a before\n"
        assert await home.states() == {"a": "reverted", "b": "as_left", "inner/c": "as_left", "new": "reverted"}
        assert (await home.revert())["success"], "what is taken back already is no error"
        assert set((await home.states()).values()) == {"reverted"}

    story(scenario)


@pytest.mark.parametrize(
    "change", ["edited", "deleted", "came back", "mode", "a folder", "a link", "a pipe", "too large"]
)
def test_a_file_that_changed_since_keeps_everything_as_it_is(
    home: Home, folder: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        await a_turn(home, folder)
        path = folder / ("b" if change == "came back" else "a")
        match change:
            case "edited" | "came back":
                path.write_text("mine\n")
            case "deleted":
                path.unlink()
            case "mode":
                path.chmod(0o755)
            case "a folder":
                path.unlink()
                path.mkdir()
            case "a link":
                path.rename(folder / "elsewhere")
                path.symlink_to("elsewhere")
            case "a pipe":
                path.unlink()
                os.mkfifo(path)
            case "too large":
                monkeypatch.setattr(contained, "MAX_FILE", 4)
        before = picture(folder)
        answer = await home.revert()
        assert (answer["success"], answer["code"]) == (False, "changed_since")
        assert path.name in answer["message"]
        assert picture(folder) == before
        assert (await home.states())[path.name] == "changed_since"

    story(scenario)


def test_a_refusal_names_ten_files_at_most(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        def work() -> None:
            for number in range(15):
                (folder / f"n{number:02}").write_text("x")

        await home.turn(folder, work)
        for path in folder.glob("n*"):
            path.write_text("mine")
        answer = await home.revert()
        assert answer["message"].endswith("n08, n09 and 5 more.")

    story(scenario)


def test_an_unknown_file_is_refused(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await a_turn(home, folder)
        before = picture(folder)
        for path in ("inner/../../secret", "/etc/passwd", "unknown", "inner"):
            answer = await home.revert(["a", path])
            assert (answer["success"], answer["code"]) == (False, "no_changes")
            assert path in answer["message"]
        assert picture(folder) == before
        assert (await home.ask(REVERT, paths=["a"], attempt_id=0))["code"] == "malformed"
        assert (await home.revert(attempt_id=4711))["code"] == "no_changes"

    story(scenario)


def test_nothing_is_taken_back_while_a_turn_runs_there(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await a_turn(home, folder)
        home.busy.add(folder)
        assert (await home.revert())["code"] == "busy"
        assert (folder / "a").read_text() == "a after\n"
        home.busy.clear()
        assert (await home.revert())["success"]

    story(scenario)


@pytest.mark.parametrize("which", ["inner", "the directory itself", "one above it"])
def test_no_link_is_followed_out_of_the_directory(home: Home, tmp_path: Path, folder: Path, which: str) -> None:
    """Whether a folder became a link after the turn, or the directory, or one above: what is there is not ours."""

    async def scenario() -> None:
        work = folder / "below"
        shutil.copytree(folder, tmp_path / "copy")
        shutil.move(tmp_path / "copy", work)
        await a_turn(home, work)
        replaced = {"inner": work / "inner", "the directory itself": work, "one above it": folder}[which]
        outside = tmp_path / "outside"
        replaced.rename(outside)
        replaced.symlink_to(outside)
        before = picture(outside)
        answer = await home.revert()
        assert (answer["success"], answer["code"]) == (False, "changed_since" if which == "inner" else "no_workspace")
        assert picture(outside) == before

    story(scenario)


def test_a_folder_that_became_a_link_keeps_a_deleted_file_from_coming_back(
    home: Home, tmp_path: Path, folder: Path
) -> None:
    async def scenario() -> None:
        await home.turn(folder, lambda: (folder / "inner" / "c").unlink())
        (folder / "inner").rmdir()
        outside = tmp_path / "outside"
        outside.mkdir()
        (folder / "inner").symlink_to(outside)
        assert (await home.revert())["code"] == "changed_since"
        assert list(outside.iterdir()) == []

    story(scenario)


def test_a_link_is_put_back_as_a_link_and_what_it_leads_to_is_not_touched(
    home: Home, tmp_path: Path, folder: Path
) -> None:
    async def scenario() -> None:
        outside = tmp_path / "outside"
        outside.write_text("secret\n")
        (folder / "link").symlink_to(outside)

        def work() -> None:
            (folder / "link").unlink()
            (folder / "link").write_text("a file\n")
            (folder / "a").unlink()
            (folder / "a").symlink_to(outside)

        await home.turn(folder, work)
        assert (await home.revert())["success"]
        assert (folder / "link").readlink() == outside
        assert (folder / "a").read_text() == "a before\n"
        assert outside.read_text() == "secret\n"

    story(scenario)


def test_a_directory_that_is_gone_is_said(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await a_turn(home, folder)
        shutil.rmtree(folder)
        assert await home.states() == {
            "a": "changed_since",
            "b": "as_left",
            "inner/c": "changed_since",
            "new": "reverted",
        }
        answer = await home.revert()
        assert (answer["success"], answer["code"]) == (False, "no_workspace")
        assert (await home.file("a"))["before"] == "a before\n"

    story(scenario)


def test_modes_that_git_does_not_know_are_kept(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        (folder / "a").chmod(0o600)
        (folder / "b").chmod(0o640)

        def work() -> None:
            (folder / "a").write_text("a after\n")
            (folder / "b").chmod(0o750)

        await home.turn(folder, work)
        assert (await home.revert())["success"]
        assert [stat.S_IMODE((folder / name).stat().st_mode) for name in ("a", "b")] == [0o600, 0o640]

    story(scenario)


# Faults.


@pytest.fixture
def limited() -> Iterator[None]:
    """Let this process write no file of more than 50,000 bytes, which fails as a full disk does."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_takes_nothing_back(home: Home, folder: Path, request: pytest.FixtureRequest) -> None:
    async def scenario() -> None:
        (folder / "z-large").write_bytes(os.urandom(100_000))
        await home.turn(folder, lambda: [(folder / name).write_text("after\n") for name in ("a", "inner/c", "z-large")])
        before = picture(folder)
        request.getfixturevalue("limited")
        answer = await home.revert()
        assert (answer["success"], answer["code"]) == (False, "device_storage")
        assert "Nothing was taken back" in answer["message"]
        assert picture(folder) == before

    story(scenario)


@pytest.mark.parametrize("fails", range(12))
def test_an_error_half_way_is_undone(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    """Whichever step of putting things in place fails: everything is as the turn left it, or as it was before."""

    async def scenario() -> None:
        before_turn = picture(folder)

        def work() -> None:
            (folder / "a").write_text("a after\n")
            shutil.rmtree(folder / "inner")
            (folder / "b").unlink()
            (folder / "b" / "deep").mkdir(parents=True)
            (folder / "b" / "deep" / "x").write_text("x\n")
            (folder / "new").write_text("new\n")

        await home.turn(folder, work)
        left, count = picture(folder), 0
        real = {name: getattr(os, name) for name in ("replace", "link", "mkdir", "rmdir")}

        def failing(name: str) -> Callable[..., Any]:
            def call(*given: Any, **fields: Any) -> Any:
                nonlocal count
                count += bool(fields)
                if fields and count == fails + 1:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                return real[name](*given, **fields)

            return call

        for name in real:
            monkeypatch.setattr(os, name, failing(name))
        answer = await home.revert()
        monkeypatch.undo()
        assert picture(folder) == (before_turn if answer["success"] else left)
        assert answer["success"] or "Nothing was taken back" in answer["message"]

    story(scenario)


def test_a_file_that_changes_at_the_last_moment_is_noticed(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        await a_turn(home, folder)
        real = reverting.Reverting.prepare

        def prepare(*given: Any) -> None:
            real(*given)
            (folder / "inner" / "c").write_text("at the last moment\n")

        monkeypatch.setattr(reverting.Reverting, "prepare", prepare)
        before = sorted(picture(folder))
        assert (await home.revert())["code"] == "changed_since"
        assert (folder / "a").read_text() == "a after\n"
        assert sorted(picture(folder)) == before

    story(scenario)


def test_much_is_taken_back_in_parts_that_fit_into_memory(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(change_answers, "BATCH_BYTES", 1_000)
        for number in range(50):
            (folder / f"n{number}").write_text(f"{number}" * 200)
        before = picture(folder)
        await home.turn(folder, lambda: [one.write_text("x") for one in folder.glob("n*")])
        assert (await home.revert())["success"]
        assert picture(folder) == before

    story(scenario)


def test_the_end_of_a_connection_does_not_cut_it_in_half(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await a_turn(home, folder)
        asking = asyncio.create_task(home.revert())
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(30):
            while set((await home.states()).values()) != {"reverted"}:
                await asyncio.sleep(0.01)

    story(scenario)
