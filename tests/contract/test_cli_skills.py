"""`jupyter wegent skills`: listing and sharing the skills of a device, typed as a user types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import skills
from tests.support.access import credential
from tests.support.machine import Machine
from tests.support.server import JupyterServer
from tests.support.shell import Ran, Terminal, wegent

HERE = "This computer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    running = JupyterServer(tmp_path_factory.mktemp("skills")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture
def home(server: JupyterServer) -> Iterator[Path]:
    """Return the home directory of this computer, without any skills; what was shared is undone at the end."""
    yield server.home
    wegent(server, "skills", "undo", "--yes")
    for name in (".claude", ".codex", ".agents"):
        place = server.home / name / "skills"
        place.unlink() if place.is_symlink() else shutil.rmtree(place, ignore_errors=True)


def skill(place: Path, name: str, what: str = "Looks for mistakes") -> Path:
    """Make a skill of an agent and return its directory."""
    return skills.skill(place / "skills" / name, what)


def done(ran: Ran, status: int = 0) -> str:
    assert ran.status == status, (ran.out, ran.err)
    assert "Traceback" not in ran.err
    return ran.out


def listed(server: JupyterServer, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done(wegent(server, "skills", *arguments, "--json")))
    return found


def agents(found: dict[str, Any], name: str) -> set[str]:
    """Return which agents can use a skill."""
    return {agent for one in found["items"] if one["name"] == name for agent in one["agents"]}


def test_skills_are_a_table_for_people_and_json_for_programs(server: JupyterServer, home: Path) -> None:
    skill(home / ".claude", "lint")
    skill(home / ".codex", "review", "Reads a change")
    ran = wegent(server, "skills")
    head, *rows = done(ran).splitlines()
    assert head.split()[:3] == ["SKILL", "AGENTS", "FROM"]
    lint = next(row for row in rows if row.startswith("lint "))
    assert "Claude Code" in lint
    assert "Looks for mistakes" in lint
    assert "jupyter wegent skills share" in ran.err
    found = listed(server, "list", "--device", HERE)
    assert (agents(found, "lint"), agents(found, "review")) == ({"claude"}, {"codex"})


def test_skills_of_a_trusted_directory_are_listed_when_it_is_named(
    server: JupyterServer, home: Path, tmp_path: Path
) -> None:
    skill(tmp_path / ".claude", "deploy")
    assert agents(listed(server), "deploy") == set()
    assert agents(listed(server, "--workspace", str(tmp_path)), "deploy") == set()
    done(wegent(server, "trust", str(tmp_path)))
    assert agents(listed(server, "--workspace", str(tmp_path)), "deploy") == {"claude"}


def test_sharing_shows_first_what_moves_and_a_no_moves_nothing(server: JupyterServer, home: Path) -> None:
    lint, other = skill(home / ".claude", "lint"), skill(home / ".codex", "lint", "Another one")
    ran = wegent(server, "skills", "share")
    done(ran, 2)
    assert str(lint) in ran.err
    assert "--yes" in ran.err
    for answer, status in (("n", 130), ("y", 0)):
        with Terminal(server, "skills", "share") as terminal:
            terminal.see("2 skills would move")
            terminal.see("lint-claude (renamed)")
            terminal.see("[y/N] ")
            assert lint.is_dir()
            assert not lint.parent.is_symlink()
            terminal.type(f"{answer}\r")
            assert terminal.end() == status
    assert (home / ".agents" / "skills" / "lint-claude" / "SKILL.md").is_file()
    assert (home / ".claude" / "skills").resolve() == home / ".agents" / "skills"
    assert "Another one" in (other / "SKILL.md").read_text(), "the one that came first keeps its name"


def test_shared_skills_are_for_both_agents_sharing_is_repeatable_and_can_be_undone(
    server: JupyterServer, home: Path
) -> None:
    lint, review = skill(home / ".claude", "lint"), skill(home / ".codex", "review")
    assert "2 skills moved to" in done(wegent(server, "skills", "share", "--yes"))
    found = listed(server)
    assert found["shared"]
    assert agents(found, "lint") == agents(found, "review") == {"claude", "codex"}
    again = json.loads(done(wegent(server, "skills", "share", "--yes", "--json")))
    assert (again["result"]["moved_count"], again["sharing"]["state"]) == (0, "shared")
    assert "Nothing was to be done" in done(wegent(server, "skills", "share"))
    assert "went back" in done(wegent(server, "skills", "undo", "--yes"))
    for one in (lint, review):
        assert (one / "SKILL.md").is_file()
        assert not one.parent.is_symlink()
    assert agents(listed(server), "lint") == {"claude"}


def test_what_is_in_the_way_is_named_with_what_to_do_and_nothing_moves(
    server: JupyterServer, home: Path, tmp_path: Path
) -> None:
    review = skill(home / ".codex", "review")
    (tmp_path / "dotfiles").mkdir()
    (home / ".claude").mkdir(exist_ok=True)
    (home / ".claude" / "skills").symlink_to(tmp_path / "dotfiles")
    ran = wegent(server, "skills", "share", "--yes")
    done(ran, 1)
    assert str(home / ".claude" / "skills") in ran.err
    assert "What to do: " in ran.err
    assert (review / "SKILL.md").is_file()
    report = json.loads(done(wegent(server, "skills", "share", "--yes", "--json"), 1))
    assert len(report["sharing"]["obstacles"]) == 1


def test_skills_of_another_machine_are_shared_there(
    server: JupyterServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = credential(server, "key")["secret"]
    machine = Machine(tmp_path_factory.mktemp("second") / "gpubox", server, token=key)
    skill(machine.home / ".claude", "lint")
    machine.start()
    try:
        assert agents(listed(server, "--device", "gpubox"), "lint") == {"claude"}
        assert "1 skill moved" in done(wegent(server, "skills", "share", "--device", "gpubox", "--yes"))
        assert (machine.home / ".agents" / "skills" / "lint").is_dir()
        assert agents(listed(server), "lint") == set()
    finally:
        machine.stop()


@pytest.mark.parametrize("action", ["list", "share", "undo"])
def test_an_unknown_device_is_refused_with_those_that_there_are(server: JupyterServer, action: str) -> None:
    ran = wegent(server, "skills", action, "--device", "moon")
    done(ran, 2)
    assert HERE in ran.err
