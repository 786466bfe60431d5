"""Snapshots: what a turn changed is known to the byte, and the person's repository is not touched for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.changes import ODD, Home, fill, paths, picture, story
from tests.support.repositories import git, repository
from wegent_jupyter.protocol.changes import MAX_FILES, MAX_TEXT


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


def spoil(folder: Path) -> None:
    """Change all of them."""
    (folder / "text.txt").write_bytes(b"one\r\n2\r\n")
    (folder / "crlf.txt").write_bytes(b"one\ntwo\nthree\n")
    (folder / "latin1.txt").unlink()
    (folder / "data.bin").write_bytes(b"\0\r\n\0")
    (folder / "empty").write_bytes(b"not any more")
    (folder / "run.sh").chmod(0o644)
    (folder / "private").write_text("for others\n")
    (folder / "link").unlink()
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "broken").unlink()
    (folder / "broken").write_text("a file now\n")
    shutil.rmtree(folder / "deep")
    (folder / "to-folder").unlink()
    (folder / "new" / "deep").mkdir(parents=True)
    (folder / "new" / "deep" / "file").write_text("new\n")
    for name in ODD:
        (folder / name).write_text("changed\n")
    Path(os.fsdecode(os.fsencode(folder) + b"/no\xffutf8")).unlink()


@pytest.mark.parametrize("kind", ["plain", "repository", "below a repository"])
def test_a_turn_is_taken_back_to_the_byte(home: Home, tmp_path: Path, kind: str) -> None:
    async def scenario() -> None:
        workspace = tmp_path / "work"
        if kind != "plain":
            repository(workspace)
            workspace = workspace / ("sub folder" if kind.startswith("below") else ".")
            workspace = workspace.resolve()
        workspace.mkdir(exist_ok=True)
        fill(workspace)
        before = picture(workspace)
        changed = await home.turn(workspace, lambda: spoil(workspace))
        assert changed is not None
        assert changed.total == 12 + len(ODD) + 1
        assert picture(workspace) != before
        answer = await home.revert()
        assert answer["success"], answer
        assert len(answer["paths"]) == changed.total
        assert picture(workspace) == before
        assert set((await home.states()).values()) == {"reverted"}

    story(scenario)


def test_lines_are_counted_and_files_sorted_by_path(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        fill(folder)

        def work() -> None:
            (folder / "text.txt").write_text("one\nTWO\nthree\n")
            (folder / "data.bin").write_bytes(b"\0\0")
            (folder / "empty").unlink()
            (folder / "a.txt").write_text("1\n2\n")
            (folder / "run.sh").chmod(0o644)

        changed = await home.turn(folder, work)
        assert changed is not None
        assert [tuple(one.values()) for one in changed.files] == [
            ("a.txt", "added", 2, 0),
            ("data.bin", "modified", None, None),
            ("empty", "deleted", 0, 0),
            ("run.sh", "modified", 0, 0),
            ("text.txt", "modified", 2, 1),
        ]
        assert (changed.total, changed.note) == (5, None)

    story(scenario)


def test_a_turn_that_changes_nothing_says_nothing(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        fill(folder)
        assert await home.turn(folder, lambda: (folder / "text.txt").read_text()) is None
        assert (await home.list())["code"] == "no_changes"

    story(scenario)


def test_a_moved_file_is_one_that_went_and_one_that_came(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        fill(folder)
        changed = await home.turn(folder, lambda: (folder / "deep").rename(folder / "moved"))
        assert paths(changed) == ["deleted deep/er/file", "added moved/er/file"]
        assert (await home.revert())["success"]
        assert (folder / "deep/er/file").read_text() == "deep\n"
        assert not (folder / "moved").exists()

    story(scenario)


def test_more_files_than_are_listed_are_counted(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        def work() -> None:
            for number in range(MAX_FILES + 20):
                (folder / f"{number:04}").write_text("x")

        changed = await home.turn(folder, work)
        assert changed is not None
        assert (len(changed.files), changed.total) == (MAX_FILES, MAX_FILES + 20)
        listed = await home.list()
        assert (len(listed["items"]), listed["total"]) == (MAX_FILES, MAX_FILES + 20)
        assert (await home.revert())["success"]
        assert list(folder.iterdir()) == []

    story(scenario)


def test_one_file_is_shown_before_and_after(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        fill(folder)
        await home.turn(folder, lambda: spoil(folder))
        crlf = await home.file("crlf.txt")
        assert (crlf["before"], crlf["after"]) == ("one\r\ntwo\r\nthree\n", "one\ntwo\nthree\n")
        link = await home.file("link")
        assert (link["status"], link["before"], link["after"]) == ("modified", "text.txt", "/etc/passwd")
        gone = await home.file("latin1.txt")
        assert (gone["status"], gone["before"], gone["after"]) == ("deleted", "\ufffdpfel\n", None)
        data = await home.file("data.bin")
        assert (data["binary"], data["before"], data["after"]) == (True, None, None)
        odd = await home.file("no\ufffdutf8")
        assert (odd["status"], odd["before"]) == ("deleted", "x\n")
        assert (await home.file("run.sh"))["status"] == "modified"
        assert (await home.file("../secret"))["code"] == "no_changes"

    story(scenario)


def test_a_long_text_is_cut_between_two_characters(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        text = "x" + "樹" * 400_000
        changed = await home.turn(folder, lambda: (folder / "long.txt").write_text(text))
        assert paths(changed) == ["added long.txt"]
        shown = await home.file("long.txt")
        assert shown["truncated"]
        assert text.startswith(shown["after"])
        assert MAX_TEXT - 3 < len(shown["after"].encode()) <= MAX_TEXT

    story(scenario)


# The person's repository.


def states_of_repositories(path: Path) -> dict[str, Callable[[], Path]]:
    """Return makers of repositories in every state, with an untracked and a changed file in each."""

    def ordinary() -> Path:
        top = repository(path, a="a\n", b="b\n")
        (top / "b").write_text("staged\n")
        git(top, "add", "b")
        (top / "b").write_text("more\n")
        git(top, "stash", "push", "-q", "--keep-index")
        (top / "a").write_text("changed\n")
        git(top, "branch", "other")
        return top

    def unborn() -> Path:
        path.mkdir()
        git(path, "init", "-q")
        (path / "a").write_text("a\n")
        git(path, "add", "a")
        return path

    def detached() -> Path:
        git(ordinary(), "checkout", "-q", "--detach")
        return path

    def conflicted() -> Path:
        top = repository(path, a="a\n")
        git(top, "checkout", "-q", "-b", "other")
        (top / "a").write_text("theirs\n")
        git(top, "commit", "-qam", "theirs")
        git(top, "checkout", "-q", "main")
        (top / "a").write_text("ours\n")
        git(top, "commit", "-qam", "ours")
        with pytest.raises(AssertionError, match="merge"):
            git(top, "merge", "other")
        return top

    def shallow() -> Path:
        source = repository(path.parent / "source", a="a\n")
        git(source, "commit", "-q", "--allow-empty", "-m", "second")
        git(path.parent, "clone", "-q", "--depth=1", source.as_uri(), str(path))
        return path

    def sparse() -> Path:
        top = repository(path, a="a\n")
        for name in ("kept", "left-out"):
            (top / name).mkdir()
            (top / name / "file").write_text(name)
        git(top, "add", "-A")
        git(top, "commit", "-qm", "second")
        git(top, "sparse-checkout", "set", "kept")
        assert not (top / "left-out").exists()
        return top

    def worktree() -> Path:
        git(repository(path.parent / "source", a="a\n"), "worktree", "add", "-q", "--detach", str(path))
        return path

    def packed() -> Path:
        git(repository(path, a="a\n"), "gc", "-q")
        return path

    def submodules() -> Path:
        inner = repository(path.parent / "inner", i="i\n")
        git(repository(path, a="a\n"), "submodule", "-q", "add", str(inner), "sub")
        git(path, "commit", "-qm", "with a submodule")
        (path / "sub" / "i").write_text("changed in it\n")
        return path

    makers = (ordinary, unborn, detached, conflicted, shallow, sparse, worktree, packed, submodules)
    return {maker.__name__: maker for maker in makers}


@pytest.mark.parametrize("state", list(states_of_repositories(Path())))
def test_snapshots_and_revert_leave_a_repository_as_it_is(home: Home, tmp_path: Path, state: str) -> None:
    """Index, branches, stash, HEAD, objects: the same bytes, and the same status after a turn was taken back."""

    async def scenario() -> None:
        top = states_of_repositories(tmp_path / "work")[state]()
        (top / "untracked").write_text("mine\n")
        everything = [one for one in tmp_path.iterdir() if one.name in ("work", "source", "inner")]
        before = [picture(one) for one in everything]
        status = git(top, "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--show-stash")

        def work() -> None:
            (top / "a").unlink()
            (top / "untracked").write_text("theirs\n")
            (top / "new").mkdir()
            (top / "new" / "file").write_text("new\n")

        changed = await home.turn(top, work)
        assert paths(changed) == ["deleted a", "added new/file", "modified untracked"]
        assert (await home.revert())["success"]
        assert [picture(one) for one in everything] == before
        assert git(top, "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--show-stash") == status

    story(scenario)


def test_what_git_does_in_a_turn_is_seen_by_its_files(home: Home, tmp_path: Path) -> None:
    async def scenario() -> None:
        top = repository(tmp_path / "work", a="a\n", b="b\n")

        def work() -> None:
            (top / "a").write_text("committed\n")
            git(top, "commit", "-qam", "by the agent")

        changed = await home.turn(top, work)
        assert paths(changed) == ["modified a"]
        head = git(top, "rev-parse", "HEAD")
        assert (await home.revert())["success"]
        assert (top / "a").read_text() == "a\n"
        assert git(top, "rev-parse", "HEAD") == head, "commits are the person's to take back"

    story(scenario)


def test_a_bare_repository_is_a_directory_of_files(home: Home, tmp_path: Path) -> None:
    async def scenario() -> None:
        source = repository(tmp_path / "source", a="a\n")
        git(tmp_path, "clone", "-q", "--bare", str(source), "bare.git")
        bare = tmp_path / "bare.git"
        before = picture(bare)
        assert paths(await home.turn(bare, lambda: (bare / "description").write_text("x"))) == ["modified description"]
        assert (await home.revert())["success"]
        assert picture(bare) == before

    story(scenario)


def test_what_is_ignored_is_not_looked_at(home: Home, tmp_path: Path, person: Path) -> None:
    """By the .gitignore files of the directory and above it, by info/exclude, and by what the person always ignores."""

    async def scenario() -> None:
        top = repository(tmp_path / "work", **{".gitignore": "*.log\nbuild/\n/only-here\n"})
        (top / ".git" / "info" / "exclude").write_text("excluded\n")
        (person / ".config" / "git").mkdir(parents=True)
        (person / ".config" / "git" / "ignore").write_text("*.mine\n")
        inner = top / "inner"
        inner.mkdir()
        (inner / ".gitignore").write_text("*.tmp\n!keep.tmp\n")

        def work() -> None:
            (inner / "build").mkdir()
            for name in ("x.log", "build/x", "excluded", "x.mine", "x.tmp", "keep.tmp", "only-here", "shown.txt"):
                (inner / name).write_text("x\n")
            (top / "above.txt").write_text("x\n")

        assert paths(await home.turn(inner, work)) == ["added keep.tmp", "added only-here", "added shown.txt"]

    story(scenario)


def test_a_directory_that_its_repository_ignores_is_looked_at_for_itself(home: Home, tmp_path: Path) -> None:
    """Such as a chat folder in a home directory whose dotfiles are in git, with all else ignored."""

    async def scenario() -> None:
        top = repository(tmp_path / "work", **{".gitignore": "*\n"})
        inner = top / "chats" / "today"
        inner.mkdir(parents=True)
        assert paths(await home.turn(inner, lambda: (inner / "x.txt").write_text("x\n"))) == ["added x.txt"]
        assert (await home.revert())["success"]
        assert list(inner.iterdir()) == []

    story(scenario)


def test_nested_repositories_are_left_alone(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        nested = repository(folder / "nested", a="a\n")
        (folder / "own").write_text("x\n")

        def work() -> None:
            (nested / "a").write_text("changed\n")
            (folder / "own").write_text("changed\n")

        changed = await home.turn(folder, work)
        assert paths(changed) == ["modified own"]
        assert changed is not None
        assert "nested/" in str(changed.note)
        assert (await home.revert())["success"]
        assert (nested / "a").read_text() == "changed\n"

    story(scenario)


def test_nothing_that_a_hostile_repository_names_runs(home: Home, tmp_path: Path) -> None:
    async def scenario() -> None:
        ran = tmp_path / "ran"
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\necho $0 $* >> {ran}\ncat\n")
        program.chmod(0o755)
        top = repository(tmp_path / "work", **{"a.txt": "a\n", "b.lfs": "b\r\n"})
        attributes = "* filter=evil diff=evil text eol=crlf ident working-tree-encoding=UTF-16 merge=evil\n"
        for name in (".gitattributes", ".git/info/attributes"):
            (top / name).write_text(attributes)
        with (top / ".git" / "config").open("a") as config:
            config.write(f'[filter "evil"]\nclean = {program}\nsmudge = {program}\nprocess = {program}\nrequired\n')
            config.write(f'[diff "evil"]\ntextconv = {program}\ncommand = {program}\n[core]\nfsmonitor = {program}\n')
            config.write(f"hooksPath = {tmp_path}\neditor = {program}\npager = {program}\nattributesFile = /dev/null\n")
        for hook in ("post-index-change", "reference-transaction", "pre-auto-gc"):
            shutil.copy(program, tmp_path / hook)
            shutil.copy(program, top / ".git" / "hooks" / hook)
        before = picture(top)

        def work() -> None:
            (top / "a.txt").write_bytes(b"$Id$\nchanged\r\n")
            (top / "b.lfs").unlink()

        assert paths(await home.turn(top, work)) == ["modified a.txt", "deleted b.lfs"]
        assert (await home.file("a.txt"))["after"] == "$Id$\nchanged\r\n"
        assert (await home.list())["success"]
        assert (await home.revert())["success"]
        assert picture(top) == before
        assert not ran.exists(), ran.read_text()

    story(scenario)


def test_a_filter_that_the_person_set_for_all_repositories_does_not_run_either(
    home: Home, tmp_path: Path, person: Path
) -> None:
    """As that of LFS: what counts is what is in the files."""

    async def scenario() -> None:
        (person / ".gitconfig").write_text('[filter "lfs"]\nclean = false\nprocess = false\nrequired\n')
        (person / ".gitconfig").open("a").write("[core]\nautocrlf = true\n[core]\nsparseCheckout = true\n")
        top = tmp_path / "work"
        top.mkdir()
        git(top, "init", "-q")
        (top / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        (top / "x.bin").write_bytes(b"one\r\n")
        assert paths(await home.turn(top, lambda: (top / "x.bin").write_bytes(b"two\r\n"))) == ["modified x.bin"]
        assert (await home.revert())["success"]
        assert (top / "x.bin").read_bytes() == b"one\r\n"

    story(scenario)


@pytest.mark.parametrize("pointer", ["a pipe", "no repository", "gitdir: ../elsewhere/.git", "gitdir: /etc"])
def test_a_git_entry_that_is_no_repository_makes_a_plain_directory(home: Home, folder: Path, pointer: str) -> None:
    async def scenario() -> None:
        if pointer == "a pipe":
            os.mkfifo(folder / ".git")
        else:
            (folder / ".git").write_text(pointer)
        assert paths(await home.turn(folder, lambda: (folder / "x").write_text("x"))) == ["added x"]

    story(scenario)
