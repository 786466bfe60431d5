"""Snapshots under limits and faults: no turn fails for them, nothing is lost, and what is not known is said."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.changes import GATEWAY, Home, fill, paths, picture, run_in, story
from tests.support.repositories import git, repository
from wegent_jupyter.executor import git_settings
from wegent_jupyter.executor.changes import records as change_records
from wegent_jupyter.executor.changes import snapshot_place
from wegent_jupyter.executor.changes import watching as changes
from wegent_jupyter.executor.changes.trees import object_id
from wegent_jupyter.executor.git import Git


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "person"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


@pytest.fixture
def home(tmp_path: Path, person: Path) -> Home:
    return Home(tmp_path / "executor")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory that is in no repository."""
    made = tmp_path / "plain"
    made.mkdir()
    return made


# What is kept, and what it costs.


def test_what_the_repository_has_is_not_kept_twice_and_its_loss_is_said(home: Home, tmp_path: Path) -> None:
    async def scenario() -> None:
        top = repository(tmp_path / "work", a=os.urandom(50_000).hex())
        git(top, "gc", "-q")
        await home.turn(top, lambda: (top / "a").write_text("changed\n"))
        stored = sum(one.stat().st_size for one in (home.path / "snapshots").rglob("*") if one.is_file())
        assert stored < 20_000
        shutil.rmtree(top / ".git" / "objects" / "pack")
        for answer in (await home.file("a"), await home.revert()):
            assert answer["code"] == "not_kept"
            assert "gone" in answer["message"]
        assert (top / "a").read_text() == "changed\n"
        changed = await home.turn(top, lambda: (top / "a").write_text("again\n"))
        assert paths(changed) == ["modified a"], "a later turn does not suffer from it"
        assert (await home.revert())["success"]
        assert (top / "a").read_text() == "changed\n"

    story(scenario)


def test_a_repository_that_lends_wrong_contents_is_found_out(home: Home, tmp_path: Path) -> None:
    async def scenario() -> None:
        top = repository(tmp_path / "work", a="a\n")
        git(top, "gc", "-q")
        await home.turn(top, lambda: (top / "a").write_text("changed\n"))
        shutil.rmtree(top / ".git" / "objects" / "pack")
        (top / ".git" / "objects" / "pack").mkdir()
        store = next((home.path / "snapshots").glob("*/objects")).parent
        (top / "wrong").write_text("other\n")
        wrong, meant = git(top, "hash-object", "-w", "wrong"), object_id(b"a\n")
        (store / "objects" / meant[:2]).mkdir(exist_ok=True)
        shutil.copy(top / ".git/objects" / wrong[:2] / wrong[2:], store / "objects" / meant[:2] / meant[2:])
        assert not (await home.revert())["success"]
        assert (top / "a").read_text() == "changed\n"

    story(scenario)


def test_the_store_is_private(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await home.turn(folder, lambda: (folder / "x").write_text("x"))
        folders = [home.path / "snapshots", *(home.path / "snapshots").iterdir()]
        assert {stat.S_IMODE(one.stat().st_mode) for one in folders} == {0o700}

    story(scenario)


@pytest.mark.parametrize("inside", [True, False])
def test_the_executors_own_files_are_not_looked_at(tmp_path: Path, inside: bool) -> None:
    async def scenario() -> None:
        work = tmp_path / "work [x]"
        work.mkdir()
        home = Home(work / "a home*" / "executor" if inside else tmp_path / "executor")
        chat = home.path / "workspace" / "chat"
        chat.mkdir(parents=True)

        def works() -> None:
            (work / "x").write_text("x\n")
            (chat / "y").write_text("y\n")
            (home.path / "trust.json").write_text("{}")

        assert paths(await home.turn(work, works)) == ["added x"]
        assert paths(await home.turn(chat, lambda: (chat / "y").write_text("z\n"))) == ["modified y"]
        changed = await home.turn(home.path, lambda: (home.path / "z").write_text("z\n"))
        assert changed is not None
        assert "executor's own" in str(changed.note)

    story(scenario)


def test_a_directory_that_is_too_large_is_said_once_and_the_turn_goes_on(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        for number in range(30):
            (folder / str(number)).write_text("x" * 100)
        for limit, value in (("PLAIN_FILES", 20), ("PLAIN_BYTES", 2_000), ("WALK_SECONDS", -1.0)):
            with monkeypatch.context() as patched:
                patched.setattr(snapshot_place, limit, value)
                changed = await home.turn(folder, lambda: (folder / "new").write_text("x"))
                assert changed is not None
                assert (changed.files, changed.total) == ([], 0)
                assert "not recorded" in str(changed.note)
                assert (folder / "new").exists()
        monkeypatch.setattr("wegent_jupyter.executor.changes.snapshots.REPOSITORY_FILES", 20)
        git(folder, "init", "-q")
        changed = await home.turn(folder, lambda: None)
        assert changed is not None
        assert "20 files" in str(changed.note)

    story(scenario)


def test_a_directory_that_became_too_large_in_the_turn_is_said(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(snapshot_place, "PLAIN_FILES", 20)

        def work() -> None:
            for number in range(30):
                (folder / str(number)).write_text("x")

        changed = await home.turn(folder, work)
        assert changed is not None
        assert "20 files" in str(changed.note)
        assert (await home.list())["code"] == "no_changes"

    story(scenario)


def test_nothing_of_a_large_directory_is_read_before_its_size_is_known(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        asked: list[Any] = []
        monkeypatch.setattr(Git, "run", lambda *given, **_: asked.append(given))
        monkeypatch.setattr(snapshot_place, "PLAIN_FILES", 1)
        (folder / "a").write_text("a")
        (folder / "b").write_text("b")
        assert await home.turn(folder, lambda: None) is not None
        assert asked == []

    story(scenario)


def test_what_programs_fill_does_not_count(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(snapshot_place, "PLAIN_FILES", 5)
        for name in (*snapshot_place.PASSED_OVER, "repository/.git"):
            (folder / "sub" / name).mkdir(parents=True, exist_ok=True)
            for number in range(10):
                (folder / "sub" / name / str(number)).write_text("x")
        assert paths(await home.turn(folder, lambda: (folder / "sub" / "x").write_text("x"))) == ["added sub/x"]

    story(scenario)


def test_a_large_file_is_not_kept_and_not_taken_for_another(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was too large, or becomes so, is neither added nor deleted: nothing is lost when all is taken back."""

    async def scenario() -> None:
        monkeypatch.setattr(snapshot_place, "MAX_FILE", 1_000)
        for name in ("large", "shrinks", "large-and-gone"):
            (folder / name).write_text("x" * 2_000)
        (folder / "grows").write_text("small\n")
        (folder / "other").write_text("small\n")

        def work() -> None:
            (folder / "shrinks").write_text("small\n")
            (folder / "grows").write_text("x" * 3_000)
            (folder / "new").write_text("x" * 3_000)
            (folder / "other").write_text("changed\n")
            (folder / "large-and-gone").unlink()

        changed = await home.turn(folder, work)
        assert paths(changed) == ["modified other"]
        assert changed is not None
        assert "grows, new" in str(changed.note)
        assert (await home.revert())["success"]
        assert (folder / "shrinks").read_text() == "small\n"
        assert len((folder / "grows").read_text()) == len((folder / "new").read_text()) == 3_000
        changed = await home.turn(folder, lambda: (folder / "grows").write_text("small again\n"))
        assert changed is None, "what it was before is not known, so it cannot be taken back"

    story(scenario)


def test_an_unreadable_file_stops_nothing(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        (folder / "secret").write_text("x\n")
        (folder / "own").write_text("x\n")
        os.mkfifo(folder / "pipe")
        real = os.access
        # As root, the tests can read everything.
        monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("secret'") and real(path, mode))
        changed = await home.turn(folder, lambda: (folder / "own").write_text("y\n"))
        assert paths(changed) == ["modified own"]
        monkeypatch.undo()
        changed = await home.turn(folder, lambda: (folder / "own").write_text("z\n"))
        assert paths(changed) == ["modified own"]

    story(scenario)


# What only seems to be new.


def test_a_file_that_is_not_ignored_any_more_was_there_before(home: Home, tmp_path: Path) -> None:
    """Taking a turn back must not delete the person's data, which the turn only stopped ignoring."""

    async def scenario() -> None:
        top = repository(tmp_path / "work", **{".gitignore": "data.csv\nbuild/\n"})
        (top / "data.csv").write_text("precious\n")
        (top / "build").mkdir()
        (top / "build" / "x").write_text("x\n")

        def work() -> None:
            (top / ".gitignore").write_text("")
            (top / "data.csv").write_text("precious, and changed\n")
            (top / "build" / "y").write_text("y\n")
            (top / "new").write_text("new\n")

        assert paths(await home.turn(top, work)) == ["modified .gitignore", "added new"]
        assert (await home.revert())["success"]
        assert (top / "data.csv").read_text() == "precious, and changed\n"
        assert (top / "build" / "x").exists()
        assert not (top / "new").exists()

    story(scenario)


@pytest.mark.parametrize("where", [".gitignore", ".git/info/exclude"])
def test_what_is_ignored_from_outside_of_the_directory_was_there_before_too(
    home: Home, tmp_path: Path, where: str
) -> None:
    async def scenario() -> None:
        top = repository(tmp_path / "work")
        (top / where).write_text("data.csv\n")
        inner = top / "inner"
        inner.mkdir()
        (inner / "data.csv").write_text("precious\n")

        def work() -> None:
            (top / where).write_text("")
            (inner / "data.csv").write_text("precious, and changed\n")
            (inner / "new").write_text("new\n")

        assert paths(await home.turn(inner, work)) == ["added new"]
        assert (await home.list())["total"] == 1
        assert (await home.revert())["success"]
        assert [one.name for one in inner.iterdir()] == ["data.csv"]

    story(scenario)


def test_a_folder_that_was_ignored_and_is_moved_is_not_deleted(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        top = repository(tmp_path / "work", **{".gitignore": "data/\n"})
        (top / "data").mkdir()
        (top / "data" / "x.csv").write_text("precious\n")
        monkeypatch.setattr(changes, "OLDER_SECONDS", -60.0)  # no file can be made to look older than the test
        changed = await home.turn(top, lambda: (top / "data").rename(top / "kept"))
        assert changed is not None
        assert (changed.files, "kept/x.csv" in str(changed.note)) == ([], True)

    story(scenario)


def test_a_nested_repository_that_is_none_any_more_is_not_deleted(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        nested = repository(folder / "nested", a="a\n")
        (folder / "x").write_text("x\n")

        def work() -> None:
            shutil.rmtree(nested / ".git")
            (folder / "x").write_text("y\n")

        assert paths(await home.turn(folder, work)) == ["modified x"]
        assert (await home.revert())["success"]
        assert (nested / "a").exists()

    story(scenario)


def test_folders_that_were_empty_before_stay(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        (folder / "empty" / "inner").mkdir(parents=True)

        def work() -> None:
            (folder / "empty" / "inner" / "x").write_text("x")
            (folder / "made" / "deep").mkdir(parents=True)
            (folder / "made" / "deep" / "x").write_text("x")
            (folder / "used").mkdir()
            (folder / "used" / "x").write_text("x")

        await home.turn(folder, work)
        (folder / "used" / "mine").mkdir()
        assert (await home.revert())["success"]
        assert sorted(picture(folder)) == ["empty", "empty/inner", "used", "used/mine"]

    story(scenario)


def test_files_and_folders_may_change_places(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        (folder / "file").write_text("file\n")
        (folder / "folder" / "inner").mkdir(parents=True)
        (folder / "folder" / "inner" / "x").write_text("x\n")
        (folder / "linked").mkdir()
        (folder / "linked" / "y").write_text("y\n")
        before = picture(folder)

        def work() -> None:
            (folder / "file").unlink()
            (folder / "file" / "deep").mkdir(parents=True)
            (folder / "file" / "deep" / "z").write_text("z\n")
            shutil.rmtree(folder / "folder")
            (folder / "folder").write_text("a file\n")
            shutil.rmtree(folder / "linked")
            (folder / "linked").symlink_to(folder.parent)

        changed = await home.turn(folder, work)
        assert paths(changed) == [
            "deleted file",
            "added file/deep/z",
            "added folder",
            "deleted folder/inner/x",
            "added linked",
            "deleted linked/y",
        ]
        assert set((await home.states()).values()) == {"as_left"}
        assert (await home.revert())["success"]
        assert picture(folder) == before

    story(scenario)


# Faults.


@pytest.mark.parametrize("damage", ["stale lock", "damaged index", "no index", "damaged config", "no store"])
def test_a_killed_executor_leaves_nothing_that_blocks(home: Home, folder: Path, damage: str) -> None:
    async def scenario() -> None:
        fill(folder)
        await home.turn(folder, lambda: (folder / "text.txt").write_text("one\n"))
        store = next(one for one in (home.path / "snapshots").iterdir() if (one / "objects").exists())
        match damage:
            case "stale lock":
                (store / "index.lock").write_bytes(b"half")
            case "damaged index":
                (store / "index").write_bytes((store / "index").read_bytes()[:-30])
            case "no index":
                (store / "index").unlink()
            case "damaged config":
                (store / "config").write_text("[core")
            case "no store":
                shutil.rmtree(store)
        again = await home.started_again()
        changed = await again.turn(folder, lambda: (folder / "text.txt").write_text("two\n"), number=5)
        assert paths(changed) == ["modified text.txt"]
        assert (await again.revert())["success"]
        assert (folder / "text.txt").read_text() == "one\n"

    story(scenario)


def test_a_device_without_git_says_so_and_works(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        without = Home(home.path)
        (folder / "x").write_text("x\n")
        changed = await without.turn(folder, lambda: (folder / "x").write_text("y\n"))
        assert changed is not None
        assert "git was not found" in str(changed.note)

    story(scenario)


def test_a_full_disk_is_said_and_the_next_turn_is_recorded(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        (folder / "x").write_text("x\n")
        await home.turn(folder, lambda: (folder / "x").write_text("y\n"))
        monkeypatch.setenv("PATH", f"{limited(home.path.parent)}:{os.environ['PATH']}")
        full = Home(home.path)
        changed = await full.turn(folder, lambda: (folder / "large").write_bytes(os.urandom(200_000)), number=5)
        assert changed is not None
        assert changed.files == []
        assert "large" in str(changed.note) or "write" in str(changed.note), changed.note
        monkeypatch.undo()
        changed = await home.turn(folder, lambda: (folder / "x").write_text("z\n"), number=6)
        assert paths(changed) == ["modified x"]

    story(scenario)


def limited(folder: Path) -> Path:
    """Make a git that can write no file of more than 100 KiB, which fails as on a full disk."""
    bin_ = folder / "bin"
    bin_.mkdir()
    script = f"#!/bin/sh\nulimit -f 200\ntrap '' XFSZ\nexec {shutil.which('git')} \"$@\"\n"
    (bin_ / "git").write_text(script)
    (bin_ / "git").chmod(0o755)
    return bin_


def test_a_directory_that_is_gone_is_said(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        (folder / "x").write_text("x\n")
        changed = await home.turn(folder, lambda: shutil.rmtree(folder))
        assert changed is not None
        assert changed.note
        await home.turn(folder.parent / "never", lambda: None)

    story(scenario)


def test_a_stop_ends_a_snapshot_that_takes_long(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        (folder / "x").write_text("x\n")
        bin_ = home.path.parent / "bin"
        bin_.mkdir()
        (bin_ / "git").write_text("#!/bin/sh\nsleep 300\n")
        (bin_ / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
        slow, run = Home(home.path), run_in(folder)
        told: list[Any] = []

        async def turn() -> None:
            async with slow.changes.watched((GATEWAY, 1), run, told.append):
                pass

        work = asyncio.create_task(turn())
        await asyncio.sleep(0.1)
        run.stop.set()
        async with asyncio.timeout(30):
            await work
        assert told == []

    story(scenario)


def test_a_turn_that_fails_has_its_changes_too(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        told: list[Any] = []
        for error in (RuntimeError, asyncio.CancelledError):
            with pytest.raises(error):
                async with home.changes.watched((GATEWAY, len(told) + 1), run_in(folder), told.append):
                    (folder / error.__name__).write_text("x")
                    raise error
        assert [paths(one) for one in told] == [["added RuntimeError"], ["added CancelledError"]]

    story(scenario)


def test_a_turn_in_which_the_executor_was_killed_is_looked_at_by_the_next(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        fill(folder)
        stuck = home.changes.watched((GATEWAY, 7), run_in(folder), lambda _event: None)
        await stuck.__aenter__()  # and never left
        (folder / "text.txt").write_text("half done\n")
        again = Home(home.path)
        changed = await again.turn(folder, lambda: (folder / "x").write_text("by the next turn\n"), number=8)
        assert paths(changed) == ["added x"]
        listed = await again.list(attempt_id=7)
        assert [one["path"] for one in listed["items"]] == ["text.txt"]
        assert (await again.revert(attempt_id=7))["success"]
        assert (folder / "text.txt").read_bytes() == b"one\ntwo\n"

    story(scenario)


def test_changes_are_known_after_a_restart_and_to_their_own_gateway_only(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await home.turn(folder, lambda: (folder / "x").write_text("x\n"))
        again = await home.started_again()
        assert (await again.list())["total"] == 1
        assert await again.changes.find(("another", again.last)) is None

    story(scenario)


def test_a_damaged_record_costs_its_own_turn_only(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        await home.turn(folder, lambda: (folder / "x").write_text("x\n"))
        [record] = (home.path / "snapshots" / "attempts").iterdir()
        record.write_text("{")
        await home.turn(folder, lambda: (folder / "x").write_text("y\n"))
        assert (await home.list(attempt_id=1))["code"] == "no_changes"
        assert (await home.list())["total"] == 1

    story(scenario)


def test_what_is_old_goes_and_what_is_needed_stays(
    home: Home, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(change_records, "KEEP_ATTEMPTS", 2)
        other = tmp_path / "other"
        other.mkdir()
        await home.turn(other, lambda: (other / "x").write_text("x\n"))
        for number in range(4):
            await home.turn(folder, lambda number=number: (folder / "x").write_text(f"{number}\n"))  # type: ignore[misc]
        [old] = (home.path / "snapshots" / "attempts").glob("1-*")
        record = json.loads(old.read_text())
        old.write_text(json.dumps({**record, "began": 1.0}))
        os.utime(home.path / "snapshots" / record["store"], (1, 1))
        again = await home.started_again()
        await again.changes.stores.tidy()
        kept = sorted(one.name.split("-")[0] for one in (home.path / "snapshots" / "attempts").iterdir())
        assert kept == ["4", "5"]
        assert len(list((home.path / "snapshots").glob("*/objects"))) == 1
        refs = [one.name.split("-")[0] for one in (home.path / "snapshots").glob("*/refs/turns/*")]
        assert sorted(refs) == ["4", "5"]
        assert (await again.list(attempt_id=5))["total"] == 1

    story(scenario)


def test_cleaning_up_keeps_what_can_be_asked_for(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("wegent_jupyter.executor.changes.objects.Objects._untidy", lambda _self: True)
        for number in range(3):
            await home.turn(folder, lambda number=number: (folder / "x").write_text(f"{number}\n"))  # type: ignore[misc]
        await home.changes.close()
        record = await home.changes.find((GATEWAY, 2))
        assert record is not None
        await home.changes.stores.of_record(record).tidy()
        assert (await home.ask("changes:file", attempt_id=2, path="x"))["before"] == "0\n"
        changed = await home.turn(folder, lambda: (folder / "x").write_text("3\n"))
        assert paths(changed) == ["modified x"]

    story(scenario)


def test_two_turns_in_one_directory_do_not_disturb_each_other(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        fill(folder)
        first, second = (folder / name for name in ("first", "second"))
        both = await asyncio.gather(
            home.turn(folder, lambda: first.write_text("x"), number=1),
            home.turn(folder, lambda: second.write_text("x"), number=2),
        )
        assert "added first" in paths(both[0])
        assert "added second" in paths(both[1])

    story(scenario)


def test_our_own_environment_leads_git_nowhere_else(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        for name in git_settings.LOCAL:
            monkeypatch.setenv(name, str(tmp_path / "nowhere"))
        home = Home(tmp_path / "executor")
        assert paths(await home.turn(folder, lambda: (folder / "x").write_text("x"))) == ["added x"]

    story(scenario)
