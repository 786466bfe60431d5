"""Which skills a device has, and which agent can be told to use each, by the rules that the two really follow."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.skills import skill
from wegent_jupyter.executor.skills import front_matter, listing, places
from wegent_jupyter.protocol.skills import Skill


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("---\nname: a\ndescription: b c\n---\nbody: no\n", {"name": "a", "description": "b c"}),
        ("---\r\nname: a\r\n---\r\n", {"name": "a"}),
        ("---\ndescription: a: b: c # why\n---", {"description": "a: b: c"}),
        ("---\ndescription: 'it''s # here'\n---", {"description": "it's # here"}),
        ('---\ndescription: "say \\"x\\"\\n"\n---', {"description": 'say "x"\n'}),
        ("---\ndescription: >-\n  one\n  two\n\nname: x\n---", {"description": "one two", "name": "x"}),
        ("---\ndescription: |\n  one\n  two\n---", {"description": "one\ntwo"}),
        ("---\ndescription: one\n  two\n---", {"description": "one two"}),
        ("---\ndescription:\n  one\n  two\n---", {"description": "one two"}),
        ("---\nmetadata:\n  short-description: s\nname: a\n---", {"metadata.short-description": "s", "name": "a"}),
        ("---\n- a\n---", {}),
        ("---\nname:\n---", {"name": ""}),
        ("---\n---", {}),
        ("\n---\nname: a\n---", None),
        ("---\nname: a\n", None),
        ("no head", None),
        ("", None),
    ],
)
def test_the_head_of_a_skill_is_read(text: str, fields: dict[str, str] | None) -> None:
    assert front_matter.parse(text) == fields


class Home:
    """A person's home with skills."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.workspace = path / "work" / "project"
        self.workspace.mkdir(parents=True)
        (self.workspace / ".git").mkdir()

    def skills(self, *, workspace: Path | None = None, trusted: bool = False, **environment: str) -> list[Skill]:
        found = places.find({"HOME": str(self.path), **environment})
        return listing.collect(found, workspace=workspace, trusted=trusted)[0]

    def seen(self, **options: object) -> list[tuple[str, str, list[str]]]:
        return [(one.name, one.source, list(one.agents)) for one in self.skills(**options)]  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "person")


def test_each_place_has_its_agents(home: Home) -> None:
    skill(home.path / ".agents/skills/one")
    skill(home.path / ".claude/skills/two")
    skill(home.path / ".codex/skills/three")
    skill(home.path / ".codex/skills/.system/four")
    assert home.seen() == [
        ("four", "codex", ["codex"]),
        ("one", "agents", ["codex"]),
        ("three", "codex", ["codex"]),
        ("two", "claude", ["claude"]),
    ]


def test_what_is_shared_is_one_entry_for_both(home: Home) -> None:
    skill(home.path / ".agents/skills/one")
    for name in (".claude", ".codex"):
        (home.path / name).mkdir()
        (home.path / name / "skills").symlink_to(home.path / ".agents/skills")
    assert home.seen() == [("one", "agents", ["claude", "codex"])]
    [only] = home.skills()
    assert only.path == str(home.path / ".agents/skills/one")
    assert (only.description, only.mtime > 0) == ("What it is for", True)


def test_two_of_one_name_are_two_entries_where_each_agent_sees_another(home: Home) -> None:
    skill(home.path / ".claude/skills/lint", "of claude")
    skill(home.path / ".codex/skills/lint", "of codex")
    skill(home.path / ".agents/skills/lint", "of both")
    assert [(one.description, one.agents) for one in home.skills()] == [
        ("of both", ["codex"]),
        ("of claude", ["claude"]),
    ]


def test_each_agent_has_its_own_rules(home: Home) -> None:
    for root in (home.path / ".claude/skills", home.path / ".codex/skills"):
        skill(root / "folder", name="other")
        skill(root / ".dotted")
        skill(root / "group" / "nested")
        skill(root / "plain").joinpath("SKILL.md").write_text("no head\n")
        skill(root / "hidden").joinpath("SKILL.md").write_text("---\ndescription: d\nuser-invocable: false\n---\n")
        skill(root / ("n" * 70)).joinpath("SKILL.md").write_text("---\ndescription: d\n---\n")
        (root / "no-skill").mkdir()
        (root / "file.md").touch()
    seen = home.seen()
    assert [name for name, _, agents in seen if agents == ["claude"]] == [".dotted", "folder", "n" * 70, "plain"]
    assert [name for name, _, agents in seen if agents == ["codex"]] == ["hidden", "nested", "other"]


def test_a_workspace_brings_its_own_up_to_its_repository_for_use_when_it_is_trusted(home: Home) -> None:
    inner = home.workspace / "src"
    inner.mkdir()
    skill(inner / ".claude/skills/a")
    skill(home.workspace / ".agents/skills/b")
    skill(home.workspace / ".codex/skills/c")
    skill(home.workspace.parent / ".codex/skills/not")
    assert home.seen() == []
    assert home.seen(workspace=inner, trusted=True) == [
        ("a", "project-claude", ["claude"]),
        ("b", "project-codex", ["codex"]),
        ("c", "project-codex", ["codex"]),
    ]
    assert [agents for _, _, agents in home.seen(workspace=inner)] == [[], [], []]


def test_the_home_directory_as_a_workspace_brings_nothing_twice(home: Home) -> None:
    skill(home.path / ".claude/skills/a")
    skill(home.path / ".codex/skills/b")
    assert home.seen(workspace=home.path, trusted=True) == [("a", "claude", ["claude"]), ("b", "codex", ["codex"])]


def test_plugins_are_listed_where_they_are_switched_on(home: Home) -> None:
    claude, codex = home.path / ".claude", home.path / ".codex"
    skill(home.path / "cache/tools/skills/saw")
    skill(home.path / "cache/off/skills/no")
    (claude / "plugins").mkdir(parents=True)
    installs = {f"{name}@shop": [{"installPath": str(home.path / "cache" / name)}] for name in ("tools", "off")}
    (claude / "plugins/installed_plugins.json").write_text(json.dumps({"version": 2, "plugins": installs}))
    (claude / "settings.json").write_text(json.dumps({"enabledPlugins": {"tools@shop": True, "off@shop": False}}))
    skill(codex / "plugins/cache/shop/kit/1.0.0/skills/file")
    (codex / "config.toml").write_text(
        '[plugins."kit@shop"]\nenabled = true\n[plugins."../../x@shop"]\nenabled = true\n'
    )
    found = [(one.name, one.source, one.plugin_name, one.agents) for one in home.skills()]
    # Codex has its plugins switched off in our turns.
    assert found == [
        ("kit:file", "codex-plugin", "kit", []),
        ("tools:saw", "claude-plugin", "tools", ["claude"]),
    ]


def test_what_is_switched_off_in_codex_is_not_listed(home: Home) -> None:
    for name in ("one", "two", "three"):
        skill(home.path / f".codex/skills/{name}")
    file = home.path / ".codex/skills/one/SKILL.md"
    off = [f'[[skills.config]]\n{key} = "{value}"\n' for key, value in (("path", file), ("name", "two"))]
    (home.path / ".codex/config.toml").write_text("".join(f"{one}enabled = false\n" for one in off))
    assert [name for name, _, _ in home.seen()] == ["three"]


@pytest.mark.parametrize("text", ["{", "[]", '{"plugins": []}', '{"plugins": {"a@b": 1, "c@d": [1]}}'])
def test_damaged_lists_of_plugins_cost_only_the_plugins(home: Home, text: str) -> None:
    (home.path / ".claude/plugins").mkdir(parents=True)
    (home.path / ".claude/plugins/installed_plugins.json").write_text(text)
    (home.path / ".claude/settings.json").write_text('{"enabledPlugins": {"a@b": true, "c@d": true}}')
    skill(home.path / ".claude/skills/a")
    skill(home.path / ".codex/skills/b")
    (home.path / ".codex/config.toml").write_text("[[[")
    assert [one.name for one in home.skills()] == ["a", "b"]


def test_what_cannot_be_read_is_skipped(home: Home) -> None:
    root = home.path / ".codex/skills"
    skill(root / "good")
    for name in ("pipe", "folder", "gone", "loop", "bytes", "huge"):
        (root / name).mkdir()
    os.mkfifo(root / "pipe/SKILL.md")
    (root / "folder/SKILL.md").mkdir()
    (root / "gone/SKILL.md").symlink_to("nowhere")
    (root / "loop/inner").symlink_to("..")
    (root / "bytes/SKILL.md").write_bytes(b"\xff\xfe---\n")
    (root / "huge/SKILL.md").write_text("---\ndescription: d\n" + "x" * (1 << 20) + "\n---\n")
    (root / "knot").symlink_to("knot")
    os.mkdir(os.fsencode(root) + b"/\xff\xfe")  # noqa: PTH102 - no text
    assert home.seen() == [("good", "codex", ["codex"])]


def test_descriptions_and_numbers_are_bounded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        skill(home.path / f".claude/skills/s{number}", "d" * 1_000)
    assert {len(one.description) for one in home.skills()} == {300}
    monkeypatch.setattr(listing, "MAX_SKILLS", 10)
    items, truncated = listing.collect(places.find({"HOME": str(home.path)}))
    assert (len(items), truncated) == (10, True)


def test_the_command_names_each_skill_once_and_none_of_a_workspace(home: Home) -> None:
    skill(home.path / ".claude/skills/lint", "of claude")
    skill(home.path / ".codex/skills/lint", "of codex")
    skill(home.workspace / ".claude/skills/own")
    [only] = listing.by_name(home.skills(workspace=home.workspace, trusted=True))
    assert only == {
        "name": "lint",
        "description": "of claude",
        "short_description": "",
        "path": str(home.path / ".claude/skills/lint"),
        "source": "claude",
        "origin": "local",
        "mtime": only["mtime"],
        "plugin_name": None,
    }
