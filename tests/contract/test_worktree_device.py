"""Worktrees of tasks on a device: made whole or not at all, removed only when nothing would be lost with them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile import set_traps, trap
from tests.support.repositories import bare, commit, git, repository
from wegent_jupyter.executor.config import load
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.executor.projects import worktrees as module
from wegent_jupyter.executor.projects.worktree_removal import Removal
from wegent_jupyter.executor.projects.worktrees import Made, NotMade, Worktrees

LIVENESS = 60.0


class Device:
    """The worktrees of a device, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.root = home / "workspace"
        self.settings = load({"WEGENT_EXECUTOR_HOME": str(home / "h"), "LOCAL_WORKSPACE_ROOT": str(self.root)})
        self.records = ProcessRecords(home / "processes")
        self.busy: Callable[[int, Path], bool] = lambda _task, _path: False

    @property
    def worktrees(self) -> Worktrees:
        return Worktrees(self.settings, self.records)

    def make(self, source: Path | str, task_id: int = 7) -> Made:
        async def whole() -> Made:
            async with asyncio.timeout(LIVENESS):
                return await self.worktrees.make(task_id, str(source))

        return asyncio.run(whole())

    def not_made(self, source: Path | str, task_id: int = 7) -> NotMade:
        """Have a worktree fail, with nothing of it left."""
        with pytest.raises(NotMade) as failed:
            self.make(source, task_id)
        assert 10 < len(str(failed.value)) < 1000
        assert not (self.root / "worktrees" / str(task_id)).exists()
        return failed.value

    def ask(self, path: Path | str, task_id: int = 7, *, remove: bool = False) -> dict[str, Any]:
        removal = Removal(self.worktrees, self.busy)
        act = removal.remove if remove else removal.examine
        found: dict[str, Any] = asyncio.run(act({"task_id": task_id, "path": str(path)}))
        return found

    def stays(self, path: Path) -> dict[str, Any]:
        """Examine a worktree that must stay, try to remove it, and return what was found."""
        found = self.ask(path)
        assert (found["success"], found["exists"], found["removable"]) == (True, True, False), found
        assert found["reason"]
        answer = self.ask(path, remove=True)
        assert (answer["success"], answer["code"], answer["message"]) == (False, "worktree_not_clean", found["reason"])
        assert path.exists()
        return found

    def goes(self, path: Path) -> dict[str, Any]:
        """Remove a worktree, and return what was found before."""
        found = self.ask(path)
        assert found["removable"], found
        answer = self.ask(path, remove=True)
        assert (answer["success"], answer["exists"]) == (True, False), answer
        assert not path.exists()
        return found


def listed(source: Path) -> list[str]:
    """Return the worktrees that a repository knows of, beside its own."""
    lines = git(source, "worktree", "list", "--porcelain").splitlines()
    return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")][1:]


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Device:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "person").mkdir()
    return Device(tmp_path / "device")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return repository(tmp_path / "my demo", **{"a.txt": "one\n", "deep__er__b.txt": "two\n"})


# Making.


def test_a_task_gets_a_worktree_of_the_last_commit_and_no_branch_moves(device: Device, source: Path) -> None:
    before = git(source, "for-each-ref"), git(source, "status", "--porcelain", "--branch"), git(source, "stash", "list")
    made = device.make(source)
    assert made.workspace == device.root / "worktrees" / "7" / "my demo"
    assert (made.workspace / "a.txt").read_text() == "one\n"
    assert made.notices == []
    assert git(made.workspace, "rev-parse", "HEAD") == git(source, "rev-parse", "HEAD")
    assert git(made.workspace, "status", "--porcelain", "--branch") == "## HEAD (no branch)"
    assert before == (
        git(source, "for-each-ref"),
        git(source, "status", "--porcelain", "--branch"),
        git(source, "stash", "list"),
    )


def test_it_starts_in_the_same_subdirectory_also_where_nothing_is_committed_there(device: Device, source: Path) -> None:
    assert device.make(source / "deep" / "er").workspace == device.root / "worktrees/7/my demo/deep/er"
    (source / "new").mkdir()
    assert device.make(source / "new").workspace.is_dir()


def test_asked_again_it_is_the_same_worktree_with_what_was_done_in_it(device: Device, source: Path) -> None:
    first = device.make(source).workspace
    (first / "a.txt").write_text("mine\n")
    commit(source, **{"a.txt": "later\n"})
    assert device.make(source).workspace == first
    assert (first / "a.txt").read_text() == "mine\n"


def test_two_tasks_have_two_worktrees(device: Device, source: Path) -> None:
    one, other = device.make(source, 7).workspace, device.make(source, 8).workspace
    (one / "a.txt").write_text("mine\n")
    assert (other / "a.txt").read_text() == (source / "a.txt").read_text() == "one\n"


@pytest.mark.parametrize("way", ["changed", "staged", "unknown"])
def test_what_is_not_committed_stays_out_and_is_told(device: Device, source: Path, way: str) -> None:
    (source / ("b.txt" if way == "unknown" else "a.txt")).write_text("two\n")
    if way == "staged":
        git(source, "add", "-A")
    made = device.make(source)
    assert "not committed" in made.notices[0]
    assert not (made.workspace / "b.txt").exists()
    assert (made.workspace / "a.txt").read_text() == "one\n"


@pytest.mark.parametrize("name", ["quo'te\"s", "-dash", "new\nline", "dépôt 🚀", "a.git", " "])
def test_a_repository_may_have_any_name(device: Device, tmp_path: Path, name: str) -> None:
    made = device.make(repository(tmp_path / name))
    assert (made.workspace.name, (made.workspace / "a.txt").exists()) == (name, True)
    device.goes(made.workspace)


def test_bare_detached_and_shallow_repositories_and_worktrees_can_be_sources(
    device: Device, source: Path, tmp_path: Path
) -> None:
    bare(tmp_path / "bare.git", source)
    (tmp_path / "within").mkdir()
    shutil.copytree(tmp_path / "bare.git", tmp_path / "within" / ".git")
    git(source, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    commit(tmp_path / "side", **{"a.txt": "side\n"})
    detached = repository(tmp_path / "detached")
    git(detached, "checkout", "-q", "--detach")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{source}", "shallow")
    names = ["bare.git", "within", "side", "detached", "shallow"]
    made = [device.make(tmp_path / name, task_id) for task_id, name in enumerate(names, 1)]
    assert [one.workspace.name for one in made] == ["bare", "within", "side", "detached", "shallow"]
    assert [(one.workspace / "a.txt").read_text() for one in made] == ["one\n", "one\n", "side\n", "one\n", "one\n"]
    for task_id, one in enumerate(made, 1):
        assert device.ask(one.workspace, task_id, remove=True)["success"]


def test_a_repository_in_the_middle_of_a_conflict_can_be_a_source(device: Device, source: Path) -> None:
    conflict(source)
    made = device.make(source)
    assert (made.workspace / "a.txt").read_text() == "ours\n"
    assert "not committed" in made.notices[0]


def conflict(source: Path) -> None:
    """Leave a merge unfinished."""
    git(source, "checkout", "-q", "-b", "theirs")
    commit(source, **{"a.txt": "theirs\n"})
    git(source, "checkout", "-q", "-")
    commit(source, **{"a.txt": "ours\n"})
    with pytest.raises(AssertionError, match="merge"):
        git(source, "merge", "theirs")


def test_submodules_are_empty_and_that_is_told(device: Device, source: Path, tmp_path: Path) -> None:
    with_submodule(source, tmp_path)
    made = device.make(source)
    assert list((made.workspace / "lib").iterdir()) == []
    assert "Submodules are empty" in made.notices[0]
    device.goes(made.workspace)


def with_submodule(source: Path, tmp_path: Path) -> None:
    lib = repository(tmp_path / "lib", **{"lib.txt": "lib\n"})
    git(source, "submodule", "add", "-q", str(lib), "lib")
    commit(source)


def test_why_there_is_no_worktree_is_said_and_nothing_is_left(device: Device, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "unborn").mkdir()
    git(tmp_path / "unborn", "init", "-q")
    (tmp_path / "file").write_text("x")
    assert "no Git repository" in str(device.not_made(tmp_path / "plain"))
    assert "no commit yet" in str(device.not_made(tmp_path / "unborn"))
    assert "is a file" in str(device.not_made(tmp_path / "file"))
    assert "does not exist" in str(device.not_made(tmp_path / "nowhere"))
    assert "not absolute" in str(device.not_made("relative"))


def test_what_is_in_the_way_is_left_alone(device: Device, source: Path, tmp_path: Path) -> None:
    place = device.root / "worktrees" / "7" / "my demo"
    place.mkdir(parents=True)
    (place / "mine").write_text("x")
    with pytest.raises(NotMade, match="is there already"):
        device.make(source)
    shutil.rmtree(place)
    place.symlink_to(source)
    with pytest.raises(NotMade, match="is there already"):
        device.make(source)
    place.unlink()
    git(tmp_path, "clone", "-q", str(source), str(place))
    with pytest.raises(NotMade, match="is there already"):
        device.make(source)
    assert (place / "a.txt").exists()


def test_no_link_of_the_repository_leads_a_task_out_of_its_worktree(
    device: Device, source: Path, tmp_path: Path
) -> None:
    (source / "out").symlink_to(tmp_path)
    commit(source)
    (source / "out").unlink()
    (source / "out").mkdir()
    assert "link" in str(device.not_made(source / "out"))
    assert listed(source) == []


def test_a_linked_home_of_worktrees_is_not_followed(device: Device, source: Path, tmp_path: Path) -> None:
    (device.root / "worktrees").mkdir(parents=True)
    (device.root / "worktrees" / "7").symlink_to(tmp_path)
    with pytest.raises(NotMade, match="link"):
        device.make(source)
    assert listed(source) == []


def test_no_program_that_a_repository_names_runs(device: Device, source: Path, tmp_path: Path) -> None:
    commit(source, **{"b.md": "two\n"})
    program, ran = trap(tmp_path)
    set_traps(source, program)
    ran.unlink(missing_ok=True)
    made = device.make(source)
    assert (made.workspace / "a.txt").read_text() == "one\n"
    assert (made.workspace / "b.md").read_text() == "two\n"
    os.utime(made.workspace / "a.txt", (1, 1))
    os.utime(made.workspace / "b.md", (1, 1))
    device.goes(made.workspace)
    assert not ran.exists(), ran.read_text()
    git(source, "worktree", "add", "-q", "--detach", str(tmp_path / "plain"))
    assert ran.exists(), "a plain git does run it"


def test_a_filter_that_a_person_set_for_all_repositories_is_used(device: Device, source: Path) -> None:
    commit(source, **{".gitattributes": "a.txt filter=up\n"})
    git(source, "config", "--global", "filter.up.smudge", "tr a-z A-Z")
    assert (device.make(source).workspace / "a.txt").read_text() == "ONE\n"


def slow_git(programs: Path, then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a git on the way that does something else in place of a checkout."""
    programs.mkdir()
    real = shutil.which("git")
    (programs / "git").write_text(f'#!/bin/bash\n[ "$1" != reset ] || {{ {then}; }}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)


def test_one_that_is_cut_off_leaves_nothing(
    device: Device, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_git(tmp_path / "programs", f"touch {tmp_path}/there; sleep 299", monkeypatch)

    async def scenario() -> None:
        making = asyncio.create_task(device.worktrees.make(7, str(source)))
        async with asyncio.timeout(LIVENESS):
            while not (tmp_path / "there").exists():
                await asyncio.sleep(0.01)
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        assert making.cancelled()

    asyncio.run(scenario())
    assert listed(source) == []
    assert not (device.root / "worktrees" / "7").exists()
    assert list(device.records._directory.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing_and_is_named(
    device: Device, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "big").write_bytes(bytes(300_000))
    commit(source)
    slow_git(tmp_path / "programs", "trap '' XFSZ; ulimit -f 100", monkeypatch)
    failed = device.not_made(source)
    assert "Free disk space" in str(failed.fix)
    assert listed(source) == []


def test_what_an_executor_that_was_killed_left_half_made_is_made_anew(device: Device, source: Path) -> None:
    place = device.root / "worktrees" / "7" / "my demo"
    git(source, "worktree", "add", "-q", "--no-checkout", "--detach", str(place))
    (place / "a.txt").write_text("half")
    (source / ".git" / "worktrees" / "mydemo").mkdir(exist_ok=True)
    assert (device.make(source).workspace / "a.txt").read_text() == "one\n"
    shutil.rmtree(place)
    place.mkdir()
    (place / ".git").write_text("gitdir: /nowhere\n")
    assert (device.make(source).workspace / "a.txt").read_text() == "one\n"
    assert listed(source) == [str(place)]


# Examining and removing.


def test_a_clean_worktree_goes_with_its_directory_and_leaves_the_repository_as_it_was(
    device: Device, source: Path
) -> None:
    commit(source, **{".gitignore": "*.log\nbuild/\n"})
    place = device.make(source / "deep").workspace
    top = place.parent
    (top / "x.log").write_text("x")
    (top / "build" / "deep").mkdir(parents=True)
    (top / "build" / "deep" / "file").write_text("x")
    found = device.ask(place)
    assert (found["source"], found["ignored"], found["ignored_total"]) == (str(source), ["build/", "x.log"], 2)
    device.goes(place)
    assert not (device.root / "worktrees" / "7").exists()
    assert listed(source) == []
    assert json.loads((device.settings.home / module.FILE_NAME).read_text()) == {}


@pytest.mark.parametrize("way", ["changed", "staged", "unknown", "deleted", "nested", "hidden", "assumed"])
def test_work_that_is_not_committed_is_never_removed(device: Device, source: Path, way: str) -> None:
    place = device.make(source).workspace
    if way in ("hidden", "assumed"):
        git(place, "update-index", "--skip-worktree" if way == "hidden" else "--assume-unchanged", "a.txt")
    if way == "deleted":
        (place / "a.txt").unlink()
    elif way == "nested":
        repository(place / "other", **{"n.txt": "x"})
    else:
        (place / ("new.txt" if way == "unknown" else "a.txt")).write_text("work\n")
    if way == "staged":
        git(place, "add", "-A")
    # A repository cannot hide it by its settings.
    git(source, "config", "status.showUntrackedFiles", "no")
    found = device.stays(place)
    lines = {"staged": "M  a.txt", "unknown": "?? new.txt", "deleted": " D a.txt", "nested": "?? other/"}
    expected = lines.get(way, " M a.txt" + (" (git does not look)" if way in ("hidden", "assumed") else ""))
    assert (found["uncommitted"], found["uncommitted_total"]) == ([expected], 1)


def test_commits_that_nothing_else_has_are_never_removed(device: Device, source: Path) -> None:
    place = device.make(source).workspace
    made = commit(place, "precious\nwork", **{"a.txt": "two\n"})
    found = device.stays(place)
    assert (found["unpushed"], found["unpushed_total"]) == ([f"{made[:7]} precious work"], 1)
    git(place, "checkout", "-q", "--detach", "main")
    assert device.stays(place)["unpushed_total"] == 1, (
        "it was left behind by a checkout, and only this worktree knows it"
    )
    git(place, "branch", "kept", made)
    device.goes(place)
    assert git(source, "rev-parse", "kept") == made


@pytest.mark.parametrize("keeper", ["branch", "tag", "remote"])
def test_commits_that_something_else_has_are_not_in_the_way(device: Device, source: Path, keeper: str) -> None:
    place = device.make(source).workspace
    made = commit(place, **{"a.txt": "two\n"})
    git(source, "update-ref", f"refs/{ {'branch': 'heads', 'tag': 'tags', 'remote': 'remotes'}[keeper] }/x/y", made)
    device.goes(place)


def test_what_was_amended_is_not_in_the_way(device: Device, source: Path) -> None:
    place = device.make(source).workspace
    commit(place, **{"a.txt": "two\n"})
    git(place, "commit", "-q", "--amend", "-m", "better")
    git(place, "branch", "kept")
    device.goes(place)


def test_many_losses_are_counted_and_the_first_are_named(device: Device, source: Path) -> None:
    place = device.make(source).workspace
    for number in range(300):
        (place / f"f{number}").touch()
    found = device.stays(place)
    assert (len(found["uncommitted"]), found["uncommitted_total"]) == (200, 300)


@pytest.mark.parametrize("what", ["merge", "rebase", "cherry-pick", "bisect"])
def test_a_worktree_in_the_middle_of_something_stays(device: Device, source: Path, what: str) -> None:
    conflict(source)
    git(source, "merge", "--abort")
    place = device.make(source).workspace
    if what == "bisect":
        git(place, "bisect", "start")
    else:
        with pytest.raises(AssertionError):
            git(place, what, "theirs")
        git(place, "checkout", "-f", "HEAD", "--", ".") if what == "none" else None
    assert f"in the middle of a {what}" in device.stays(place)["reason"]


def test_a_locked_worktree_stays(device: Device, source: Path) -> None:
    place = device.make(source).workspace
    git(source, "worktree", "lock", "--reason", "on a stick", str(place))
    assert "on a stick" in device.stays(place)["reason"]
    git(source, "worktree", "unlock", str(place))
    device.goes(place)


def test_a_worktree_in_which_a_turn_runs_stays(device: Device, source: Path) -> None:
    place = device.make(source).workspace
    device.busy = lambda task_id, top: (task_id, top) == (7, place)
    assert "A turn runs in it" in device.stays(place)["reason"]


@pytest.mark.parametrize("way", ["changed", "unknown", "committed", "branch", "stashed", "moved", "not cloned"])
def test_work_in_a_submodule_is_never_removed(device: Device, source: Path, tmp_path: Path, way: str) -> None:
    with_submodule(source, tmp_path)
    place = device.make(source).workspace
    lib = place / "lib"
    if way != "not cloned":
        git(place, "submodule", "update", "-q", "--init")
    if way in ("unknown", "not cloned"):
        (lib / "new.txt").write_text("x")
    elif way == "moved":
        commit(tmp_path / "lib", **{"lib.txt": "two\n"})
        git(lib, "pull", "-q", "origin", "main")
    else:
        (lib / "lib.txt").write_text("two\n")
    if way in ("committed", "branch"):
        git(lib, "checkout", "-q", "-B", "work" if way == "branch" else "main")
        commit(lib, "deep work")
        git(lib, "checkout", "-q", "--detach", "origin/main") if way == "branch" else git(place, "add", "-A")
    if way == "stashed":
        git(lib, "stash", "-q")
    found = device.stays(place)
    told = found.get("uncommitted", []) + found.get("unpushed", [])
    assert any("lib" in line for line in told), found


def test_a_worktree_with_submodules_that_lose_nothing_goes(device: Device, source: Path, tmp_path: Path) -> None:
    with_submodule(source, tmp_path)
    place = device.make(source).workspace
    git(place, "submodule", "update", "-q", "--init")
    device.goes(place)
    assert listed(source) == []


def test_no_program_of_a_submodule_or_a_nested_repository_runs(device: Device, source: Path, tmp_path: Path) -> None:
    with_submodule(source, tmp_path)
    place = device.make(source).workspace
    git(place, "submodule", "update", "-q", "--init")
    program, ran = trap(tmp_path)
    module_dir = Path(git(place / "lib", "rev-parse", "--absolute-git-dir"))
    for name in ("core.fsmonitor", "filter.x.clean", "diff.external"):
        git(place / "lib", "config", name, program)
    (module_dir / "info").mkdir(exist_ok=True)
    (module_dir / "info" / "attributes").write_text("* filter=x\n")
    os.utime(place / "lib" / "lib.txt", (1, 1))
    ran.unlink(missing_ok=True)
    found = device.ask(place)
    assert found["removable"], found
    device.goes(place)
    assert not ran.exists(), ran.read_text()


@pytest.mark.parametrize(
    "path",
    [
        "{root}",
        "{root}/worktrees",
        "{root}/worktrees/7",
        "{root}/worktrees/8/demo",
        "{root}/worktrees/7/../8/demo",
        "{root}/worktrees/7/../../projects/x",
        "{root}/projects/x",
        "{source}",
        "/",
        "relative",
        "worktrees/7/demo",
        "{root}/worktrees/7/link",
        "{root}/worktrees/7/link/x",
        "{root}/worktrees/7/a\0b",
        "",
    ],
)
def test_nothing_but_a_worktree_of_the_task_is_touched(device: Device, source: Path, path: str) -> None:
    (device.root / "worktrees" / "7").mkdir(parents=True)
    (device.root / "worktrees" / "7" / "link").symlink_to(source)
    device.make(source, 8)
    given = path.format(root=device.root, source=source)
    for remove in (False, True):
        answer = device.ask(given, remove=remove)
        assert (answer["success"], answer["code"]) == (False, "bad_path")
    assert (source / "a.txt").exists()
    assert (device.root / "worktrees" / "8" / "my demo" / "a.txt").exists()


def test_a_directory_that_is_no_worktree_stays(device: Device, source: Path, tmp_path: Path) -> None:
    place = device.root / "worktrees" / "7" / "clone"
    git(tmp_path, "clone", "-q", str(source), str(place))
    assert "cannot be told" in device.stays(place)["reason"]
    (place.parent / "plain").mkdir()
    (place.parent / "plain" / "file").write_text("x")
    device.stays(place.parent / "plain")


def test_a_worktree_whose_repository_is_gone_stays(device: Device, source: Path) -> None:
    place = device.make(source).workspace
    shutil.rmtree(source)
    found = device.stays(place)
    assert ("cannot be told" in found["reason"], found["source"]) == (True, str(source))


def test_a_worktree_that_has_vanished_is_pruned_and_others_are_not(
    device: Device, source: Path, tmp_path: Path
) -> None:
    git(source, "worktree", "add", "-q", "--detach", str(tmp_path / "on a stick"))
    place = device.make(source).workspace
    shutil.rmtree(place.parent)
    shutil.rmtree(tmp_path / "on a stick")
    found = device.ask(place)
    assert (found["exists"], found["removable"], found["source"]) == (False, True, str(source))
    assert device.ask(place, remove=True)["success"]
    assert listed(source) == [str(tmp_path / "on a stick")]
    assert device.ask(place, remove=True)["success"], "once more"


def test_the_register_of_worktrees_may_be_damaged(device: Device, source: Path) -> None:
    (device.settings.home / module.FILE_NAME).write_text("[1, 2")
    place = device.make(source).workspace
    device.goes(place)


def test_what_cannot_be_deleted_is_said(
    device: Device, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = device.make(source).workspace
    programs = tmp_path / "programs"
    programs.mkdir()
    real = shutil.which("git")
    says = "echo \"error: failed to delete 'x': Permission denied\" >&2; exit 255"
    (programs / "git").write_text(f'#!/bin/bash\n[ "$3" != remove ] || {{ {says}; }}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    answer = device.ask(place, remove=True)
    assert (answer["success"], "Permission denied" in answer["message"]) == (False, True)
    assert place.exists()
