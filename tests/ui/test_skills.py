"""Skills in the settings and in the composer: listed, shared between the agents, shared again, undone, completed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Locator, expect

from tests.support.face import Face
from tests.support.lab import lab_server
from tests.support.model import Model, running_model
from tests.support.server import JupyterServer
from tests.support.settings_face import Settings, confirm, dialog
from tests.support.skills import skill, tree

pytestmark = pytest.mark.ui

SHARE = "Share skills between Claude and Codex…"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab in a home with skills of both agents, two of them with one name."""
    server = lab_server(tmp_path_factory.mktemp("lab"))
    claude, codex = (server.home / name / "skills" for name in (".claude", ".codex"))
    skill(claude / "review", "Reviews a change for mistakes, and says what it would mend first")
    skill(claude / "release-notes", "Writes release notes from a range of commits")
    skill(codex / "review", "Another review")
    skill(codex / "plot-style", "The house style of figures")
    skill(server.files / "project" / ".claude" / "skills" / "of-the-project", "What this project wants")
    with ExitStack() as stack:
        stack.callback(server.end_executor)
        stack.callback(server.kill)
        server.start()
        for agent in ("claude", "codex"):
            server.agent_ready(agent)
        yield server


@pytest.fixture(scope="module")
def accounts(lab: JupyterServer) -> Iterator[Model]:
    """Let both agents work without a login, by a provider each."""
    with running_model() as model:
        for name, kind, url in (("a", "anthropic", model.url), ("o", "openai", f"{model.url}/v1")):
            body = {
                "name": name,
                "kind": kind,
                "base_url": url,
                "key": model.key,
                "models": ["m"],
                "default_model": "m",
            }
            assert lab.post("/models/providers", body).status_code == 201
        yield model


@pytest.fixture
def skills(face: Face) -> Settings:
    return Settings(face).open("skills", "Skills")


def line(settings: Settings, name: str) -> Locator:
    return settings.main.locator(f'tr[data-skill="{name}"]')


def test_skills_are_shared_shared_again_and_put_back(skills: Settings, lab: JupyterServer) -> None:
    face, main = skills.face, skills.main
    before = {name: tree(lab.home / name / "skills") for name in (".claude", ".codex")}
    expect(main).to_contain_text("Separate:")
    expect(line(skills, "release-notes").locator("td").last).to_have_text("Claude Code")
    expect(line(skills, "plot-style").locator("td").last).to_have_text("Codex")
    skills.picture("skills-1-separate")

    # What would be done is shown first, and nothing is done before somebody says so.
    skills.button(SHARE).click()
    asked = dialog(face)
    expect(asked).to_contain_text("4 skills would move. One is renamed, as another has its name.")
    expect(asked.locator('tr[data-renamed="true"]')).to_contain_text("renamed")
    skills.picture("skills-2-plan", of=asked.locator(".wegent-SharingPlan"))
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_have_count(0)
    assert {name: tree(lab.home / name / "skills") for name in before} == before

    skills.button(SHARE).click()
    expect(asked).to_contain_text("4 skills would move")
    asked.get_by_role("button", name="Share", exact=True).click()
    expect(asked).to_have_count(0)
    expect(main).to_contain_text("Shared: 4 skills were moved.")
    expect(main).to_contain_text("Shared: both agents use")
    expect(line(skills, "plot-style").locator("td").last).to_have_text("Claude Code, Codex")
    assert all((lab.home / name / "skills").is_symlink() for name in before)
    skills.button("What was done").click()
    skills.picture("skills-3-shared")

    # Again: nothing moves, and nothing is broken by it.
    skills.button("Share again…").click()
    expect(asked).to_contain_text("nothing would move")
    asked.get_by_role("button", name="Share", exact=True).click()
    expect(main).to_contain_text("Shared. Nothing had to move.")

    skills.button("Undo…").click()
    confirm(face, "Undo")
    expect(main).to_contain_text("Undone: 4 skills are back where they were.")
    expect(main).to_contain_text("Separate:")
    assert {name: tree(lab.home / name / "skills") for name in before} == before


def test_what_is_in_the_way_is_named_and_nothing_can_be_confirmed(skills: Settings, lab: JupyterServer) -> None:
    face = skills.face
    (lab.home / ".agents").mkdir(exist_ok=True)
    in_the_way = lab.home / ".agents" / "skills"
    in_the_way.rmdir() if in_the_way.is_dir() else None
    in_the_way.write_text("not a directory")
    try:
        skills.button(SHARE).click()
        asked = dialog(face)
        expect(asked).to_contain_text("This cannot be done as things are")
        expect(asked.locator(".wegent-Problem")).to_contain_text(str(in_the_way))
        expect(asked.get_by_role("button", name="Share", exact=True)).to_be_disabled()
        skills.picture("skills-4-obstacle", of=asked.locator(".wegent-SharingPlan"))
    finally:
        in_the_way.unlink()
    asked.get_by_role("button", name="Look again").click()
    expect(asked.get_by_role("button", name="Share", exact=True)).to_be_enabled()
    asked.get_by_role("button", name="Cancel").click()


def test_a_skill_is_found_by_a_part_of_its_name(skills: Settings) -> None:
    skills.main.get_by_label("Find a skill").fill("plot")
    expect(line(skills, "plot-style")).to_be_visible()
    expect(line(skills, "release-notes")).to_have_count(0)
    skills.main.get_by_label("Find a skill").fill("")


def choose(face: Face, agent: str) -> None:
    face.side.get_by_label("Agent", exact=True).click()
    face.side.locator(".wegent-AgentChoice").get_by_role("button", name=agent).first.click()
    expect(face.side.get_by_label("Agent", exact=True)).to_have_text(agent)


@pytest.mark.usefixtures("accounts")
def test_a_slash_completes_the_skills_of_the_agent_as_that_agent_wants_them(face: Face, lab: JupyterServer) -> None:
    keyboard, options = face.page.keyboard, face.page.get_by_role("listbox", name="Skills").get_by_role("option")
    choose(face, "Claude Code")
    face.composer.click()
    keyboard.type("/re")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(options.locator(".wegent-Title")).to_have_text(["/release-notes", "/review"])
    expect(face.composer).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "?")
    face.shot("skills-5-completion")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(face.composer).to_have_value("/review ")
    keyboard.type("what is in src/re or /etc/x")
    expect(options).to_have_count(0)

    choose(face, "Codex")
    face.composer.fill("")
    face.composer.click()
    keyboard.type("use /plot")
    expect(options.locator(".wegent-Title")).to_have_text(["$plot-style"])
    keyboard.press("Tab")
    expect(face.composer).to_have_value("use $plot-style ")
    keyboard.type("/")
    expect(options.first).to_be_visible()
    keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(face.composer).to_have_value("use $plot-style /")
    face.composer.fill("")


def test_the_menu_of_a_device_leads_to_its_skills(face: Face) -> None:
    face.device.first.get_by_role("button", name="More about This computer").click()
    face.page.locator(".lm-Menu-item").filter(has_text="Skills…").click()
    expect(Settings(face).main.get_by_role("heading", name="Skills", level=2)).to_be_visible()
    expect(Settings(face).main.get_by_label("Device", exact=True)).to_have_text("This computer")
