"""Sharing skills in real directories: everything is somewhere at every moment, and comes back where it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.skills import End, Person, Tree, cannot_link, skill
from wegent_jupyter.executor.skills import steps
from wegent_jupyter.executor.skills.errors import NotDone
from wegent_jupyter.executor.skills.journal import Journal, Record
from wegent_jupyter.protocol.skills import SharingReport


def furnish(person: Person) -> Person:
    """Let both agents have skills: some with the same name, links of each kind, files, Codex's own."""
    skill(person.shared / "common", "before")
    skill(person.codex / "lint", "of codex")
    skill(person.codex / "Format")
    skill(person.codex / ".system" / "maker")
    (person.codex / "README.md").write_text("mine")
    skill(person.claude / "lint", "of claude")
    skill(person.claude / "docs")
    (person.claude / "docs" / "empty").mkdir()
    (person.claude / "odd name \n'\"é").mkdir()
    (person.claude / "empty").touch()
    (person.claude / "common").symlink_to("../../.agents/skills/common")
    (person.claude / "alias").symlink_to(person.codex / "lint")
    (person.claude / "broken").symlink_to("../nowhere")
    (person.codex / "docs").symlink_to("../../.claude/skills/docs")
    skill(person.home / "dotfiles" / "mine")
    (person.claude / "mine").symlink_to("../../dotfiles/mine")
    person.codex.chmod(0o700)
    return person


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_skills_of_both_are_in_one_directory_to_which_both_lead(person: Person) -> None:
    furnish(person)
    result = person.migration.share()
    assert person.codex.readlink() == person.claude.readlink() == person.shared
    names = {path.name for path in person.shared.iterdir()}
    assert names == {
        *("common", "lint", "lint-claude", "Format", "README.md", "docs", "mine"),
        *(".system", "odd name \n'\"é", "empty", "alias", "broken"),
    }
    assert "of codex" in (person.claude / "lint" / "SKILL.md").read_text()
    assert "of claude" in (person.codex / "lint-claude" / "SKILL.md").read_text()
    assert (person.codex / "alias").resolve() == person.shared / "lint"
    assert (person.codex / "mine").resolve() == person.home / "dotfiles" / "mine"
    assert (person.codex / ".system" / "maker" / "SKILL.md").is_file()
    assert (result.status, result.moved_count, len(result.moved)) == ("configured", 10, 10)
    assert [(one.source, Path(one.to).name, one.renamed) for one in result.moved][:4] == [
        ("codex", "Format", False),
        ("codex", "lint", False),
        ("codex", "README.md", False),
        ("claude", "alias", False),
    ]
    assert [link.status for link in result.links] == ["created", "created"]


def test_sharing_again_changes_nothing(person: Person) -> None:
    furnish(person)
    person.migration.share()
    shared = person.tree
    again = person.migration.share()
    assert person.tree == shared
    assert (again.moved_count, [link.status for link in again.links]) == (0, ["already_configured"] * 2)
    look = person.migration.look()
    assert (look.state, look.moves, look.undoable) == ("shared", [], True)


def test_undoing_puts_everything_back(person: Person) -> None:
    before = furnish(person).tree
    person.migration.share()
    result = person.migration.undo()
    assert person.tree == before
    assert (result.status, result.moved_count, result.kept) == ("undone", 10, [])
    assert {Path(move.to).name for move in result.moved if Path(move.from_).name == "lint-claude"} == {"lint"}
    look = person.migration.look()
    assert (look.state, look.undoable) == ("separate", False)
    with pytest.raises(NotDone, match="nothing to undo"):
        person.migration.undo()


def test_a_person_without_any_skills_gets_links_and_loses_them_again(person: Person) -> None:
    assert person.migration.share().shared_created
    assert (person.codex.resolve(), person.claude.resolve()) == (person.shared, person.shared)
    person.migration.undo()
    assert person.tree == {}


def test_looking_changes_nothing_and_tells_what_is_then_done(person: Person) -> None:
    before = furnish(person).tree
    look = person.migration.look()
    assert person.tree == before
    assert (look.state, look.obstacles, look.undoable) == ("separate", [], False)
    result = person.migration.share(look.digest)
    assert (result.moved, result.links) == (look.moves, look.links)
    assert sorted(Path(one).name for one in look.left) == [".system", "common", "docs"]


def test_what_came_later_stays_where_it_came_and_is_named(person: Person) -> None:
    before = furnish(person).tree
    person.migration.share()
    skill(person.claude / "later")
    (person.shared / "Format").rename(person.home / "aside")
    skill(person.shared / "Format", "another one")
    shutil.rmtree(person.home / "aside")
    result = person.migration.undo()
    assert result.kept == [str(person.shared / "Format"), str(person.shared / "later")]
    gone = {name for name in before if name.startswith(".codex/skills/Format")}
    new = {name: what for name, what in person.tree.items() if not name.startswith(".agents/skills/")}
    assert new == {name: what for name, what in before.items() if name not in gone and ".agents/skills/" not in name}


def test_a_skill_that_was_edited_goes_back_with_what_was_written(person: Person) -> None:
    furnish(person)
    person.migration.share()
    (person.shared / "lint-claude" / "SKILL.md").write_text("new")
    (person.shared / "lint-claude" / "__pycache__").mkdir()
    assert person.migration.undo().kept == []
    assert (person.claude / "lint" / "SKILL.md").read_text() == "new"
    assert (person.claude / "lint" / "__pycache__").is_dir()


def test_undoing_overwrites_nothing(person: Person) -> None:
    furnish(person)
    person.migration.share()
    person.claude.unlink()
    skill(person.claude / "docs", "a new one")
    result = person.migration.undo()
    assert result.kept == [str(person.shared / "docs")]
    assert "a new one" in (person.claude / "docs" / "SKILL.md").read_text()
    assert "of claude" in (person.claude / "lint" / "SKILL.md").read_text()


def test_what_codex_makes_in_the_shared_directory_is_its_own_again(person: Person) -> None:
    skill(person.claude / "docs")
    before = person.tree
    person.migration.share()
    skill(person.codex / ".system" / "maker")
    assert person.migration.undo().kept == [str(person.shared / ".system")], "Codex had no directory before"
    shutil.rmtree(person.home / ".agents")
    assert person.tree == before

    person.codex.mkdir(parents=True)
    person.migration.share()
    skill(person.codex / ".system" / "maker")
    assert person.migration.undo().kept == []
    assert (person.codex / ".system" / "maker" / "SKILL.md").is_file()


def test_new_skills_after_a_link_was_replaced_are_shared_too_and_come_back(person: Person) -> None:
    furnish(person)
    person.migration.share()
    person.codex.unlink()
    skill(person.codex / "lint", "a third one")
    look = person.migration.look()
    assert (look.state, [Path(one.to).name for one in look.moves]) == ("partial", ["lint-codex"])
    assert person.migration.share(look.digest).moved_count == 1
    assert "a third one" in (person.claude / "lint-codex" / "SKILL.md").read_text()
    assert person.migration.undo().kept == [str(person.shared / "lint")], "two of one name cannot both go back"
    assert "a third one" in (person.codex / "lint" / "SKILL.md").read_text()


def test_a_link_that_was_there_before_is_no_ones_to_remove(person: Person) -> None:
    skill(person.codex / "lint")
    person.claude.parent.mkdir()
    person.shared.mkdir(parents=True)
    person.claude.symlink_to("../.agents/skills")
    before = person.tree
    result = person.migration.share()
    assert [link.status for link in result.links] == ["created", "already_configured"]
    person.migration.undo()
    assert person.tree == before


def test_directories_elsewhere_in_the_home_are_shared_and_links_still_lead_where_they_led(tmp_path: Path) -> None:
    home = tmp_path / "person"
    person = Person(tmp_path, CLAUDE_CONFIG_DIR=str(home / "deep" / "down" / "claude"), CODEX_HOME=str(home / "cx"))
    person.claude, person.codex = home / "deep" / "down" / "claude" / "skills", home / "cx" / "skills"
    skill(home / "deep" / "own")
    skill(person.codex / "lint")
    person.claude.mkdir(parents=True)
    (person.claude / "own").symlink_to("../../../own")
    (person.claude / "second").symlink_to("../../../../cx/skills/lint")
    before = person.tree
    person.migration.share()
    assert (person.codex / "own").resolve() == home / "deep" / "own"
    assert (person.shared / "second").resolve() == person.shared / "lint"
    person.migration.undo()
    assert person.tree == before


def test_where_no_links_can_be_made_both_get_copies_and_undoing_removes_them(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(person)
    for path in (person.claude / "alias", person.claude / "broken", person.claude / "common", person.codex / "docs"):
        path.unlink()
    before = person.tree
    monkeypatch.setattr(steps, "link", cannot_link)
    assert [link.status for link in person.migration.look().links] == ["copied", "copied"]
    person.migration.share()
    names = {path.name for path in person.shared.iterdir()}
    assert {path.name for path in person.codex.iterdir()} == {path.name for path in person.claude.iterdir()} == names
    shared = person.tree
    again = person.migration.share()
    assert ([link.status for link in again.links], again.moved_count) == (["already_configured"] * 2, 0)
    assert person.tree == shared
    skill(person.shared / "later")
    assert person.migration.share().links[0].status == "copied"
    assert (person.codex / "later" / "SKILL.md").is_file()
    assert person.migration.undo().kept == [str(person.shared / "later")]
    shutil.rmtree(person.shared / "later")
    assert person.tree == before


@pytest.mark.parametrize(
    ("link", "says"),
    [
        (".claude/skills", "/elsewhere/\udcff"),
        (".claude/skills/odd", "/elsewhere/\udcff"),
        (".claude/skills/by-way", "../../way"),
        (".claude/skills/lint/inner", "../../\udcff"),
        (".agents/skills/odd", "../../.claude/skills/lint/\udcff"),
    ],
)
def test_links_to_names_that_are_no_text_are_in_the_way_and_told_in_text(person: Person, link: str, says: str) -> None:
    (person.home / "way").symlink_to("/elsewhere/\udcff")
    if link != ".claude/skills":
        skill(person.claude / "lint")
    path = person.home / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(says)
    before = person.tree

    sharing = person.migration.look()
    assert [one.path for one in sharing.obstacles] == [str(path)]
    assert "\ufffd" in SharingReport(device_id="d", sharing=sharing).model_dump_json()
    with pytest.raises(NotDone) as refused:
        person.migration.share()
    assert (refused.value.code, str(refused.value).encode().decode()) == ("in_the_way", sharing.obstacles[0].message)
    assert person.tree == before
    assert list(person.executor.glob("skills-*")) == [], "and nothing was begun"


def test_a_shared_name_that_is_no_text_does_not_hinder_copies(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "link", cannot_link)
    skill(person.codex / "lint")
    skill(person.shared / "\udcff", name="odd")
    assert person.migration.share().moved_count == 1
    assert [path.name for path in person.claude.iterdir()] == ["lint"], "no agent lists the other one"


def test_a_record_that_cannot_be_written_down_leaves_nothing(person: Person) -> None:
    journal = Journal(person.executor, person.shared)
    with pytest.raises(ValueError, match="serializ"):
        journal.write(Record("\udcff", "sharing"))
    assert list(person.executor.rglob("*")) == []


def test_a_copy_that_was_changed_is_not_removed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    skill(person.codex / "lint")
    monkeypatch.setattr(steps, "link", cannot_link)
    person.migration.share()
    (person.claude / "lint" / "SKILL.md").write_text("changed")
    person.migration.undo()
    assert (person.claude / "lint" / "SKILL.md").read_text() == "changed"
    assert "What it is for" in (person.codex / "lint" / "SKILL.md").read_text()


def small(person: Person) -> None:
    """Let there be one of each kind of step."""
    skill(person.shared / "common")
    skill(person.codex / "lint")
    (person.codex / "lint" / "ref").mkdir()
    (person.codex / "notes").write_text("mine")
    (person.codex / ".system").mkdir()
    (person.codex / "void").mkdir()
    skill(person.claude / "lint", "of claude")
    (person.claude / "empty").touch()


def with_links(person: Person) -> None:
    small(person)
    (person.claude / "common").symlink_to("../../.agents/skills/common")
    (person.claude / "alias").symlink_to(person.codex / "lint")
    (person.claude / "other").symlink_to("../../other")


def few(person: Person) -> None:
    skill(person.codex / "lint")
    (person.codex / "lint" / "ref").touch()
    (person.codex / "void").mkdir()


def nothing(person: Person) -> None:
    person.home.chmod(0o755)


class Ways:
    """How one home looks before and after, and fresh ones like it."""

    def __init__(self, base: Path, furniture: Callable[[Person], None], linkable: bool = True) -> None:
        self._base, self._furniture, self._linkable, self._count = base, furniture, linkable, 0
        person = self.fresh()
        self.separate = self.plain(person)
        person.migration.share()
        self.shared = self.plain(person)
        assert self.shared != self.separate

    def fresh(self) -> Person:
        self._count += 1
        person = Person(self._base / str(self._count))
        self._furniture(person)
        return person

    def cut_off(self, person: Person, what: str, at: int) -> End:
        return person.cut_off(what, at, linkable=self._linkable)

    @staticmethod
    def plain(person: Person) -> Tree:
        """Return what is in a home, whatever its path."""
        here = str(person.home)
        return {
            name: tuple(part.replace(here, "~") if isinstance(part, str) else part for part in what)
            for name, what in person.tree.items()
            if isinstance(what, tuple)
        }


def finish(person: Person, what: str) -> None:
    """Share, or undo where there is something to undo."""
    try:
        getattr(person.migration, what)()
    except NotDone as error:
        assert (what, error.code) == ("undo", "not_undoable")


@pytest.mark.parametrize(
    ("furniture", "linkable"), [(with_links, True), (nothing, True), (few, False)], ids=["links", "nothing", "copies"]
)
@pytest.mark.parametrize("first", ["share", "undo"])
def test_killed_at_any_point_repeating_or_undoing_ends_right(
    tmp_path: Path, furniture: Callable[[Person], None], linkable: bool, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not linkable:
        monkeypatch.setattr(steps, "link", cannot_link)
    ways = Ways(tmp_path, furniture, linkable)
    end, at = "killed", 0
    while end == "killed":
        at += 1
        for second in ("share", "undo"):
            person = ways.fresh()
            if first == "undo":
                person.migration.share()
            end = ways.cut_off(person, first, at)
            where = f"{first} {end} at change {at}, then {second}"
            if ways.plain(person) not in (ways.separate, ways.shared):
                assert person.migration.look().state == "unfinished", where
            finish(person, second)
            assert ways.plain(person) == (ways.shared if second == "share" else ways.separate), where
            assert person.migration.look().state != "unfinished", where
    assert (end, at > 5) == ("done", True), "there were points to be killed at"


def test_killed_again_and_again_it_still_ends_right(tmp_path: Path) -> None:
    ways = Ways(tmp_path, with_links)
    person = ways.fresh()
    ends = [ways.cut_off(person, what, at) for at in (30, 12, 25, 7, 18, 33, 14, 40, 21) for what in ("share", "undo")]
    assert ends.count("killed") > 10
    person.migration.share()
    assert ways.plain(person) == ways.shared
    person.migration.undo()
    assert ways.plain(person) == ways.separate


def test_thousands_of_skills_are_shared_and_come_back(person: Person) -> None:
    for number in range(1_000):
        skill(person.codex / f"a{number:04}")
        skill(person.claude / f"a{number:04}" if number % 2 else person.claude / f"b{number:04}")
    before = person.tree
    result = person.migration.share()
    assert (result.moved_count, sum(move.renamed for move in result.moved)) == (2_000, 500)
    assert len(list(person.claude.iterdir())) == 2_000
    person.migration.undo()
    assert person.tree == before
