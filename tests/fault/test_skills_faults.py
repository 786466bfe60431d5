"""Sharing skills where something is in the way, or goes wrong: nothing is lost, and it is said what to do."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.skills import Person, cannot_link, skill, tree
from wegent_jupyter.executor.skills import steps, trees
from wegent_jupyter.executor.skills.errors import NotDone
from wegent_jupyter.executor.skills.locking import exclusive
from wegent_jupyter.executor.skills.scene import Kind

NOBODY = 65_534
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def person(tmp_path: Path) -> Person:
    made = Person(tmp_path)
    skill(made.codex / "lint")
    skill(made.claude / "docs")
    return made


def refused(person: Person, **arguments: Any) -> NotDone:
    """Return why sharing was refused, with everything as it was."""
    before = person.tree
    with pytest.raises(NotDone) as caught:
        person.migration.share(**arguments)
    assert person.tree == before
    assert not list(person.executor.glob("skills-*")), "nothing is written down"
    return caught.value


def replace(path: Path, make: Callable[[Path], object]) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)


def managed(path: Path) -> None:
    """Let a directory be a link, as dot-file managers make it."""
    kept = path.parent / "dotfiles" / path.name
    kept.parent.mkdir(exist_ok=True)
    shutil.move(path, kept)
    path.symlink_to(kept.relative_to(path.parent))


IN_THE_WAY: dict[str, tuple[Callable[[Person], object], str]] = {
    "the shared path is a file": (lambda one: replace(one.shared, Path.touch), "is a file"),
    "a source is a file": (lambda one: replace(one.codex, Path.touch), "is a file"),
    ".agents is a file": (lambda one: (one.home / ".agents").touch(), "is a file"),
    ".agents is a link out of the home": (
        lambda one: (one.home / ".agents").symlink_to(one.executor.parent),
        "dot-file manager",
    ),
    "the shared directory is a link": (lambda one: replace(one.shared, lambda p: p.symlink_to(one.claude)), "link"),
    ".claude is a link": (lambda one: managed(one.claude.parent), "dot-file manager"),
    "a source is a link elsewhere": (lambda one: managed(one.claude), "is a link to"),
    "one source is a link to the other": (lambda one: replace(one.codex, lambda p: p.symlink_to(one.claude)), "link"),
    "a source is read-only": (lambda one: one.claude.chmod(0o555), "cannot be written"),
    "a skill is read-only": (lambda one: (one.claude / "docs").chmod(0o555), "cannot be written"),
    "a source is a git repository": (lambda one: (one.claude / ".git").mkdir(), "git repository"),
    "a link in a skill leads out of its directory": (
        lambda one: (one.claude / "docs" / "lib").symlink_to("../../lib"),
        "would not after a move",
    ),
    "a shared skill is a link to one that would move": (
        lambda one: replace(one.shared / "docs", lambda path: path.symlink_to(one.claude / "docs")),
        "would move",
    ),
    "a name is no text": (lambda one: os.mkdir(os.fsencode(one.claude) + b"/\xff"), "no text"),  # noqa: PTH102
}


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_is_in_the_way_is_named_before_anything_is_touched(person: Person, what: str) -> None:
    make, says = IN_THE_WAY[what]
    if what == ".agents is a link out of the home":
        (person.home / "lib").mkdir()
    make(person)
    (person.home / ".claude" / "lib").mkdir(exist_ok=True)
    look = person.migration.look()
    assert look.obstacles
    assert all(one.fix for one in look.obstacles)
    error = refused(person)
    assert says in str(error)
    assert (error.code, error.status, bool(error.fix)) == ("in_the_way", 64, True)


@pytest.mark.skipif(not IS_ROOT, reason="only root can give files to others")
@pytest.mark.parametrize("what", [".claude/skills", ".claude/skills/docs", ".codex", ".claude/skills/docs.md"])
def test_what_belongs_to_another_user_is_left_alone(person: Person, what: str) -> None:
    (person.claude / "docs.md").touch()
    os.chown(person.home / what, NOBODY, NOBODY)
    assert "another user" in str(refused(person))


def test_directories_outside_of_the_home_are_left_alone(tmp_path: Path) -> None:
    person = Person(tmp_path, CODEX_HOME=str(tmp_path / "elsewhere"))
    skill(tmp_path / "elsewhere" / "skills" / "lint")
    error = refused(person)
    assert "CODEX_HOME" in (error.fix or "")
    assert (tmp_path / "elsewhere" / "skills" / "lint" / "SKILL.md").is_file()


@pytest.mark.parametrize("variable", ["CODEX_HOME", "CLAUDE_CONFIG_DIR"])
def test_directories_in_each_other_are_not_shared(tmp_path: Path, variable: str) -> None:
    home = tmp_path / "person"
    person = Person(tmp_path, **{variable: str(home / ".agents" / "skills" / "deep")})
    assert "in each other" in str(refused(person))


def test_too_many_entries_are_too_many(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wegent_jupyter.executor.skills.observe.MAX_SKILLS", 1)
    skill(person.claude / "second")
    assert "more than 1 entries" in str(refused(person))


def test_what_changed_since_it_was_shown_is_shown_again_first(person: Person) -> None:
    look = person.migration.look()
    skill(person.codex / "new")
    error = refused(person, digest=look.digest)
    assert (error.code, error.fix) == ("changed_since", "Look again at what would be done, then share.")
    assert person.migration.share(person.migration.look().digest).moved_count == 3


@pytest.fixture
def disk(person: Person) -> Iterator[Path]:
    """Mount a small file system as Claude Code's directory."""
    path = person.claude.parent
    shutil.rmtree(path)
    path.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "wegent-test", str(path)]
        subprocess.run(command, check=True, capture_output=True)
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("nothing may be mounted here")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True, capture_output=True)


def test_skills_on_another_file_system_stay_there(person: Person, disk: Path) -> None:
    skill(disk / "skills" / "docs")
    error = refused(person)
    assert (error.code, "another file system" in str(error)) == ("in_the_way", True)


def test_a_skill_that_is_a_mounted_file_system_stays_there(person: Person, disk: Path) -> None:
    subprocess.run(["mount", "--bind", str(disk), str(person.codex / "lint")], check=True, capture_output=True)
    try:
        assert "mounted" in str(refused(person))
    finally:
        subprocess.run(["umount", "--lazy", str(person.codex / "lint")], check=True, capture_output=True)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_move_that_fails_in_the_middle_is_taken_back(
    person: Person, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Such as of a directory that came with a container's image, which only looks as if it were on the same disk."""
    skill(person.codex / "second")
    rename, count = os.rename, 0

    def failing(source: str, target: str, **options: Any) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, None, target)
        rename(source, target, **options)

    before = person.tree
    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(NotDone, match=r"layer of a container.* Everything is where it was") as caught:
        person.migration.share()
    assert caught.value.status == 74
    assert person.tree == before
    assert person.migration.look().state == "separate"


def _share_with_little_room(environment: dict[str, str], executor: str) -> None:
    person = Person.__new__(Person)
    person.environment, person.executor = environment, Path(executor)
    steps.link = cannot_link  # type: ignore[assignment]
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, resource.RLIM_INFINITY))
    try:
        person.migration.share()
    except NotDone as error:
        os._exit(7 if "Everything is where it was" in str(error) else 8)


def test_a_copy_that_does_not_fit_is_taken_back(person: Person) -> None:
    (person.codex / "lint" / "big").write_bytes(b"x" * (100 << 10))
    before = person.tree
    spawn = multiprocessing.get_context("forkserver")
    process = spawn.Process(target=_share_with_little_room, args=(person.environment, str(person.executor)))
    process.start()
    process.join(60)
    assert process.exitcode == 7
    assert person.tree == before
    assert not list(person.executor.glob("skills-*"))


def test_what_cannot_be_written_down_is_not_done(person: Person) -> None:
    person.migration.look()
    journal = person.migration._journal._file
    journal.with_suffix(".new").mkdir()
    before = person.tree
    with pytest.raises(NotDone, match="Nothing was changed"):
        person.migration.share()
    assert person.tree == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "shared": "", "state": "shared"}'])
def test_a_damaged_journal_is_named_and_left_alone(person: Person, text: str) -> None:
    person.migration.share()
    journal = person.migration._journal._file
    journal.write_text(text)
    before = person.tree
    for work in (person.migration.look, person.migration.share, person.migration.undo):
        with pytest.raises(NotDone, match=journal.name) as caught:
            work()
        assert caught.value.fix
    assert (person.tree, journal.read_text()) == (before, text)


def test_the_journal_is_private(person: Person) -> None:
    person.migration.share()
    assert person.migration._journal._file.stat().st_mode & 0o777 == 0o600


def _hold(home: str, person: str, ready: Any, done: Any) -> None:
    with exclusive(Path(home), Path(person)):
        ready.set()
        done.wait(60)


def cannot_lock(*_: object) -> None:
    """Answer as a network file system that locks no directories."""
    raise OSError(errno.EBADF, os.strerror(errno.EBADF))


@pytest.mark.parametrize(("which", "lockable"), [("executor", True), ("other", True), ("executor", False)])
def test_two_at_once_do_not_get_in_each_others_way(
    person: Person, which: str, lockable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads of one executor, or two executors of one person."""
    if not lockable:
        shim = SimpleNamespace(flock=cannot_lock, LOCK_EX=0, LOCK_NB=0)
        monkeypatch.setattr("wegent_jupyter.executor.skills.locking.fcntl", shim)
    spawn = multiprocessing.get_context("forkserver")
    ready, done = spawn.Event(), spawn.Event()
    process = spawn.Process(target=_hold, args=(str(tmp_path / which), str(person.home), ready, done))
    process.start()
    assert ready.wait(60)
    for work in (person.migration.share, person.migration.undo):
        with pytest.raises(NotDone, match="at this moment") as caught:
            work()
        assert caught.value.code == "busy"
    done.set()
    process.join(60)
    assert person.migration.share().moved_count == 2


def test_skills_that_come_meanwhile_are_shared_too(person: Person) -> None:
    """As when an agent installs some while they move."""
    made, stop = list[str](), threading.Event()

    def install() -> None:
        while not stop.is_set() and len(made) < 500:
            name = f"new{len(made)}"
            try:
                skill(person.codex / name)
            except (FileExistsError, FileNotFoundError, NotADirectoryError):
                continue  # between two steps; an agent would try again
            made.append(name)

    for number in range(300):
        skill(person.codex / f"old{number}")
    installer = threading.Thread(target=install)
    installer.start()
    try:
        result = person.migration.share()
    except NotDone as error:
        assert error.code == "busy"  # all the time: said so, everything put back
        result = None
    stop.set()
    installer.join()
    if result is None:
        result = person.migration.share()
    there = {path.name for path in person.claude.iterdir() if (path / "SKILL.md").is_file()}
    assert there >= {"lint", "docs", *made, *(f"old{number}" for number in range(300))}


def test_what_is_in_the_way_of_undoing_is_told_and_it_can_be_undone_afterwards(person: Person) -> None:
    before = person.tree
    person.migration.share()
    (person.home / ".claude").rename(person.home / "moved")
    (person.home / ".claude").symlink_to("moved")
    with pytest.raises(NotDone, match=f"{person.home}/.claude: it is a link"):
        person.migration.undo()
    assert person.migration.look().state == "unfinished"
    (person.home / ".claude").unlink()
    (person.home / "moved").rename(person.home / ".claude")
    person.migration.undo()
    assert person.tree == before


def test_a_shared_directory_that_was_removed_leaves_only_the_links_to_undo(person: Person) -> None:
    person.migration.share()
    shutil.rmtree(person.home / ".agents")
    result = person.migration.undo()
    assert (result.moved_count, result.kept) == (0, [])
    assert (list(person.codex.iterdir()), list(person.claude.iterdir())) == ([], [])
    assert not (person.home / ".agents").exists()


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
@pytest.mark.parametrize("there", ["folder", "full folder", "file", "link"])
def test_a_move_replaces_nothing_whatever_came_to_its_place(tmp_path: Path, kind: Kind, there: str) -> None:
    make: dict[str, Callable[[Path], object]] = {
        "folder": Path.mkdir,
        "full folder": skill,
        "file": lambda path: path.write_text(str(path)),
        "link": lambda path: path.symlink_to("nowhere"),
    }
    make[kind](tmp_path / "one")
    make[there](tmp_path / "other")
    before = tree(tmp_path)
    with steps.opened(tmp_path.parent, tmp_path) as folder:
        with pytest.raises(FileExistsError):
            steps.move(folder, "one", folder, "other", kind)
        assert tree(tmp_path) == before
        steps.move(folder, "one", folder, "third", kind)
    after = {name.replace("third", "one"): what for name, what in tree(tmp_path).items()}
    assert after == before


def test_a_copy_is_the_same_in_every_file_or_is_none(tmp_path: Path) -> None:
    one, other = skill(tmp_path / "one" / "x"), tmp_path / "other"
    (one / "run.sh").write_text("#!/bin/sh\n")
    (one / "run.sh").chmod(0o755)
    (one / "link").symlink_to("run.sh")
    (one / "deep" / "er").mkdir(parents=True)
    trees.copy(one, other)
    assert trees.equal(one, other)
    assert (other / "run.sh").stat().st_mode & 0o777 == 0o755
    (other / "deep" / "er" / "new").touch()
    assert not trees.equal(one, other)
    (other / "deep" / "er" / "new").unlink()
    (other / "run.sh").write_text("#!/bin/zz\n")
    assert not trees.equal(one, other)
