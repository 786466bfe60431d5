"""What sharing would do, decided from what was found: names, order, links, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wegent_jupyter.executor.skills import plan
from wegent_jupyter.executor.skills.journal import Record, Side, Step
from wegent_jupyter.executor.skills.places import AgentId, find
from wegent_jupyter.executor.skills.scene import Entry, Kind, Place, Scene
from wegent_jupyter.protocol.skills import Obstacle

HOME = Path("/home/ann")
SHARED = HOME / ".agents" / "skills"
_numbers = iter(range(1, 1_000_000))


def entry(name: str, kind: Kind = "folder", **fields: object) -> Entry:
    number = next(_numbers)
    return replace(Entry(name, kind, number, number), **fields)  # type: ignore[arg-type]


def link(name: str, leads: Path | str, *, steady: bool = True) -> Entry:
    return entry(name, "link", text=str(leads), leads=str(leads), steady=steady)


def place(agent: AgentId, *entries: Entry, state: str = "own") -> Place:
    path = HOME / f".{agent}" / "skills"
    return Place(agent, path, str(path), state, entries=list(entries))  # type: ignore[arg-type]


def scene(*places: Place, shared: list[Entry] | None = None, linkable: bool = True) -> Scene:
    return Scene(HOME, SHARED, str(SHARED), shared is not None, shared or [], list(places), [], linkable)


def names(made: plan.Plan) -> list[tuple[str, str, str]]:
    return [(step.agent, step.name, step.to) for step in made.steps]


def test_codex_moves_first_and_each_in_an_order_that_ignores_case() -> None:
    made = plan.make(scene(place("codex", entry("b"), entry("A")), place("claude", entry("C"), entry("a1"))), None)
    assert names(made) == [("codex", "A", "A"), ("codex", "b", "b"), ("claude", "a1", "a1"), ("claude", "C", "C")]
    assert [move.renamed for move in made.sharing.moves] == [False] * 4
    assert (made.sharing.state, made.sharing.shared_created) == ("separate", True)


@pytest.mark.parametrize(
    ("taken", "name", "to"),
    [
        ([], "lint", "lint"),
        (["lint"], "lint", "lint-claude"),
        (["lint", "lint-claude"], "lint", "lint-claude-2"),
        (["lint", "lint-claude", "lint-claude-2", "lint-claude-3"], "lint", "lint-claude-4"),
        (["Lint"], "lint", "lint-claude"),
        (["caf\u00e9"], "cafe\u0301", "cafe\u0301-claude"),
        (["STRASSE"], "straße", "straße-claude"),
        (["README.md"], "README.md", "README.md-claude"),
    ],
)
def test_a_name_that_is_taken_gets_a_suffix(taken: list[str], name: str, to: str) -> None:
    made = plan.make(scene(place("claude", entry(name)), shared=[entry(one) for one in taken]), None)
    assert names(made) == [("claude", name, to)]
    assert made.sharing.moves[0].renamed is (to != name)


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        (["x", "x-codex", *(f"x-codex-{number}" for number in range(2, 1_000))], "x"),
        (["y" * 250], "y" * 250),
    ],
)
def test_without_a_free_name_nothing_is_done(taken: list[str], name: str) -> None:
    made = plan.make(scene(place("codex", entry(name)), shared=[entry(one) for one in taken]), None)
    assert [obstacle.fix for obstacle in made.sharing.obstacles] == ["Rename it."]


def test_the_last_suffix_is_999() -> None:
    taken = ["x", "x-codex", *(f"x-codex-{number}" for number in range(2, 999))]
    made = plan.make(scene(place("codex", entry("x")), shared=[entry(one) for one in taken]), None)
    assert names(made) == [("codex", "x", "x-codex-999")]


def test_what_begins_with_a_dot_goes_along_and_is_no_skill() -> None:
    made = plan.make(scene(place("codex", entry(".system"), entry("lint"))), None)
    assert [move.from_ for move in made.sharing.moves] == [str(HOME / ".codex/skills/lint")]
    assert made.sharing.left == [str(HOME / ".codex/skills/.system")]
    assert (".system", ".system") in [(step.name, step.to) for step in made.steps]


def test_a_link_to_what_is_shared_under_its_name_anyway_is_not_needed() -> None:
    codex, claude = HOME / ".codex" / "skills", HOME / ".claude" / "skills"
    made = plan.make(
        scene(
            place("codex", link("docs", claude / "docs"), entry("lint")),
            place("claude", entry("docs"), link("lint", codex / "lint"), link("old", SHARED / "old")),
            shared=[entry("old")],
        ),
        None,
    )
    assert [step.name for step in made.steps if step.dropped] == ["docs", "lint", "old"]
    assert [(move.source, Path(move.to).name) for move in made.sharing.moves] == [("codex", "lint"), ("claude", "docs")]
    assert len(made.sharing.left) == 3


@pytest.mark.parametrize(
    ("moving", "says"),
    [
        (link("other", HOME / ".codex" / "skills" / "lint" / "deep"), "lint-codex/deep"),
        (link("other", "/opt/skills/x"), ""),
        (link("other", HOME / "x", steady=False), str(HOME / "x")),
    ],
)
def test_links_that_move_lead_where_they_led(moving: Entry, says: str) -> None:
    there = scene(place("codex", entry("lint")), place("claude", moving), shared=[entry("lint")])
    [step] = [step for step in plan.make(there, None).steps if step.name == "other"]
    assert step.new_text == says


def test_a_shared_link_to_what_would_move_is_in_the_way() -> None:
    there = scene(place("claude", entry("x")), shared=[link("x", HOME / ".claude" / "skills" / "x")])
    [obstacle] = plan.make(there, None).sharing.obstacles
    assert obstacle.path == str(SHARED / "x")
    assert "Remove this link" in (obstacle.fix or "")


def test_skills_that_belong_together_are_not_parted_by_a_new_name() -> None:
    together = [entry("a", siblings=("b",)), entry("b")]
    assert plan.make(scene(place("claude", *together)), None).sharing.obstacles == []
    [obstacle] = plan.make(scene(place("claude", *together), shared=[entry("b")]), None).sharing.obstacles
    assert obstacle.path == str(HOME / ".claude/skills/a")


@pytest.mark.parametrize(
    ("codex", "claude", "state", "links"),
    [
        ("own", "missing", "separate", ["created", "created"]),
        ("linked", "own", "partial", ["already_configured", "created"]),
        ("linked", "linked", "shared", ["already_configured", "already_configured"]),
    ],
)
def test_how_sharing_stands_is_told(codex: str, claude: str, state: str, links: list[str]) -> None:
    made = plan.make(scene(place("codex", state=codex), place("claude", state=claude), shared=[]), None)
    assert (made.sharing.state, [one.status for one in made.sharing.links]) == (state, links)
    assert made.complete is (state == "shared")


def test_links_to_a_directory_that_is_gone_are_not_called_shared() -> None:
    made = plan.make(scene(place("codex", state="linked"), place("claude", state="linked")), None)
    assert (made.sharing.state, made.complete) == ("partial", False)


def test_a_migration_that_was_cut_off_keeps_the_names_that_were_written_down() -> None:
    lint, other = entry("lint"), entry("other")
    record = Record(
        str(SHARED),
        "sharing",
        steps=[
            Step("claude", "lint", "lint-claude", "folder", lint.inode, lint.mtime),
            Step("claude", "other", "other", "folder", other.inode, other.mtime),
        ],
    )
    made = plan.make(scene(place("claude", lint, other), shared=[entry("other", blank=True)]), record)
    assert names(made) == [("claude", "lint", "lint-claude"), ("claude", "other", "other")]
    assert (made.held, made.sharing.state) == ({("claude", "other")}, "unfinished")
    taken = plan.make(scene(place("claude", other), shared=[entry("other")]), record)
    assert names(taken) == [("claude", "other", "other-claude")], "someone else's by now"


def test_the_digest_is_of_what_is_there_and_what_would_be_done() -> None:
    lint, system = entry("lint"), entry(".system")
    first = plan.make(scene(place("codex", lint)), None).sharing.digest
    assert plan.make(scene(place("codex", lint)), None).sharing.digest == first
    assert plan.make(scene(place("codex", system, lint)), None).sharing.digest == first, "Codex makes its own anew"
    others = [
        scene(place("codex", replace(lint, mtime=0))),
        scene(place("codex", replace(lint, inode=0))),
        scene(place("codex", lint, entry("new"))),
        scene(place("claude", lint)),
        scene(place("codex", lint), shared=[]),
    ]
    assert len({plan.make(one, None).sharing.digest for one in others} | {first}) == 6


def test_another_directory_of_an_agent_than_was_shared_is_in_the_way() -> None:
    record = Record(str(SHARED), "shared", sides=[Side("codex", "/home/ann/other/skills", True, 0o755)])
    [obstacle] = plan.make(scene(place("codex"), place("claude"), shared=[]), record).sharing.obstacles
    assert (obstacle.path, obstacle.fix) == (str(HOME / ".codex/skills"), "Undo sharing first, then share again.")


def test_obstacles_are_told_up_to_a_number() -> None:
    there = scene(place("codex"))
    there.obstacles += [Obstacle(path=str(number), message="x") for number in range(200)]
    made = plan.make(there, None)
    assert (len(made.sharing.obstacles), made.sharing.state) == (50, "separate")


def test_without_links_what_each_lacks_is_copied() -> None:
    there = scene(
        place("codex", entry("lint"), entry("old", copied=True)),
        place("claude", state="missing"),
        shared=[entry("old")],
        linkable=False,
    )
    made = plan.make(there, None)
    assert names(made) == [("codex", "lint", "lint")]
    assert made.copies == {"codex": ["lint"], "claude": ["lint", "old"]}
    assert [one.status for one in made.sharing.links] == ["copied", "copied"]


@pytest.mark.parametrize(
    ("environment", "codex", "claude"),
    [
        ({}, "/h/.codex/skills", "/h/.claude/skills"),
        ({"CODEX_HOME": "/h/x/../cx", "CLAUDE_CONFIG_DIR": "/opt/c"}, "/h/cx/skills", "/opt/c/skills"),
        ({"CODEX_HOME": " ", "CLAUDE_CONFIG_DIR": ""}, "/h/.codex/skills", "/h/.claude/skills"),
    ],
)
def test_the_agents_own_variables_say_where_their_skills_are(
    environment: dict[str, str], codex: str, claude: str
) -> None:
    found = find({"HOME": "/h", **environment})
    assert [str(path) for _, path in found.legacy] == [codex, claude]
    assert found.shared == Path("/h/.agents/skills")


def test_a_home_that_is_a_link_is_still_home(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to("real")
    found = find({"HOME": str(tmp_path / "home"), "CODEX_HOME": str(tmp_path / "real" / "cx")})
    assert found.codex_home == tmp_path / "home" / "cx"
