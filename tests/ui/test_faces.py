"""The faces in JupyterLab: themes, keyboard, screen readers, narrow sidebars, and every place where Wegent shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.support.face import DARK, LIGHT, LIVENESS, Face, Task
from tests.support.lab import configure_agents, lab_server
from tests.support.looks import READABLE, colour, contrast, variable
from tests.support.narrow import narrow_side, too_wide
from tests.support.server import JupyterServer

pytestmark = pytest.mark.ui

GHOST = {"name": "Ghost", "command": ["ghost-agent-that-nobody-has"], "fix": "pipx install ghost-agent"}
STORY = """!think A thought
!say Some **bold** text, a [link](https://example.org) and `code`
!write notes.txt one line
!bash echo output
!tool WebSearch {"query": "x"}
!error overloaded"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab with a device that lacks one of its agents."""
    server = lab_server(tmp_path_factory.mktemp("lab"))
    configure_agents(server, {"ghost": GHOST})
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture
def dark(face: Face) -> Iterator[Face]:
    """Give the page in the dark theme."""
    face.set_theme(DARK)
    yield face
    face.set_theme(LIGHT)


def everything(face: Face) -> Task:
    """Show a task with one of each, and a second one that runs."""
    task = face.send(STORY)
    task.is_state("Failed")
    task.root.get_by_role("button", name="Thought").click()
    expect(task.root.locator(".wegent-Plain")).to_have_count(0)
    return task


def texts(face: Face, task: Task) -> dict[str, Locator]:
    """Return everything that is to be read, by what it is."""
    side, root = face.side, task.root
    return {
        "answer": task.messages.last.locator("p"),
        "bold": task.messages.last.locator("strong"),
        "link": task.messages.last.locator("a").first,
        "code": task.messages.last.locator("code"),
        "thought": root.locator('.wegent-Item[data-kind="thought"] p'),
        "thought's title": root.locator(".wegent-Thought > .wegent-Disclosure"),
        "prompt": root.locator(".wegent-PromptText"),
        "who asked": root.locator(".wegent-Prompt .wegent-Who"),
        "who answered": root.locator(".wegent-Turn > .wegent-Who"),
        "header": root.locator(".wegent-Header .wegent-Path"),
        "state": task.state,
        "practice band": root.locator(".wegent-Header .wegent-Practice"),
        "practice band of the composer": side.locator(".wegent-Composer .wegent-Practice"),
        "practice tag": face.row(task.id).locator(".wegent-Tag"),
        "tool's title": task.tools.first.locator(".wegent-Title"),
        "tool's state": task.tools.first.locator(".wegent-State"),
        "tool's time": task.tools.first.locator(".wegent-Disclosure > span").last,
        "diff's title": root.locator(".wegent-Diff .wegent-Path"),
        "diff": root.locator('.wegent-DiffLine[data-change="added"]'),
        "label": root.locator(".wegent-Label").first,
        "input": root.locator("pre.wegent-Box").first,
        "output": root.locator(".wegent-Box .jp-RenderedText pre").first,
        "problem": root.get_by_role("alert"),
        "end of turn": root.locator(".wegent-TurnEnd .wegent-Facts"),
        "reply": task.reply,
        "row's title": face.row(task.id).locator(".wegent-Title"),
        "row's state": face.row(task.id).locator(".wegent-State"),
        "row's facts": face.row(task.id).locator(".wegent-Facts"),
        "row's reason": face.row(task.id).locator(".wegent-Reason"),
        "device": face.device.locator(".wegent-Title"),
        "device's state": face.device.locator(".wegent-State"),
        "device's facts": face.device.locator(".wegent-Facts"),
        "agent's state": face.device.locator(".wegent-AgentState").first,
        "agent's reason": face.device.locator(".wegent-AgentState").last,
        "fix": face.device.locator(".wegent-Fix code"),
        "choice": side.get_by_label("Device", exact=True),
        "heading": side.locator(".wegent-SideTitle h2"),
        "status bar": face.page.locator(".wegent-StatusItem"),
    }


def faint(face: Face, task: Task) -> dict[str, float]:
    """Return what cannot be read well, with its contrast."""
    found = {what: contrast(text) for what, text in texts(face, task).items()}
    found["placeholder"] = contrast(face.composer, "::placeholder")
    return {what: round(ratio, 2) for what, ratio in found.items() if ratio < READABLE}


def test_everything_can_be_read_in_the_light_theme(face: Face) -> None:
    task = everything(face)
    face.shot("faces-1-light")
    assert faint(face, task) == {}


def test_everything_can_be_read_in_the_dark_theme(dark: Face) -> None:
    task = everything(dark)
    dark.shot("faces-2-dark")
    assert faint(dark, task) == {}


def test_colours_are_the_themes(face: Face) -> None:
    task = everything(face)
    pairs = {
        ("backgroundColor", "--jp-layout-color1", "background-color"): task.root,
        ("color", "--jp-ui-font-color1", "color"): task.root.locator(".wegent-PromptText"),
    }

    def seen() -> list[str]:
        for (name, theme, property_), element in pairs.items():
            assert colour(element, name) == variable(element, theme, property_)
        return [colour(element, name) for (name, _, _), element in pairs.items()]

    light = seen()
    face.set_theme(DARK)
    try:
        night = seen()
    finally:
        face.set_theme(LIGHT)
    assert all(before != after for before, after in zip(light, night, strict=True))


def test_the_keyboard_alone_asks_stops_and_asks_again(face: Face) -> None:
    keyboard = face.page.keyboard
    keyboard.press("Control+Alt+w")
    expect(face.composer).to_be_focused()
    known = face.task_ids()
    keyboard.type("!slow 600 0.1")
    keyboard.press("Shift+Enter")
    keyboard.type("!say never")
    keyboard.press("Enter")
    task = face.new_task(known)
    expect(face.composer).to_have_value("")
    task.says("1 2 3")
    expect(task.reply).to_be_focused()
    tab_to(face, task.stop, "Shift+Tab")
    assert task.stop.evaluate("button => getComputedStyle(button).outlineStyle") != "none"
    keyboard.press("Enter")
    task.is_state("Stopped")

    face.execute("wegent:new-task")
    tab_to(face, face.row(task.id).locator(".wegent-RowMain"), "Tab")
    task.reply.focus()
    known = face.task_ids()
    palette(face, "Practice: Stream an answer")
    face.new_task(known).is_state("Done")


def test_a_shortcut_and_the_palette_stop_the_task_in_sight(face: Face) -> None:
    for way in ("shortcut", "palette"):
        task = face.send("!slow 600 0.1")
        task.says("1 2 3")
        expect(task.reply).to_be_focused()
        if way == "shortcut":
            face.page.keyboard.press("Control+Alt+.")
        else:
            palette(face, "Stop the Task")
        task.is_state("Stopped")


def tab_to(face: Face, target: Locator, key: str) -> None:
    """Press a key until an element has the focus."""
    for _ in range(60):
        face.page.keyboard.press(key)
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {target}")


def palette(face: Face, text: str) -> None:
    """Run a command by typing its name."""
    face.page.keyboard.press("Control+Shift+c")
    search = face.page.locator(".jp-ModalCommandPalette input")
    expect(search).to_be_focused()
    search.fill(text)
    expect(face.page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text(text)
    search.press("Enter")


def test_everything_has_a_name_for_screen_readers(face: Face) -> None:
    task = everything(face)
    nameless = face.page.evaluate(
        """() => [...document.querySelectorAll(
            '#wegent-side, .wegent-Task, .wegent-StatusItem'
        )].flatMap(part => [part, ...part.querySelectorAll('*')])
            .filter(node => node.matches('button, select, textarea, a, input'))
            .filter(node => !(node.getAttribute('aria-label') || node.textContent || node.title).trim())
            .map(node => node.outerHTML)"""
    )
    assert nameless == []
    expect(face.page.get_by_role("region", name="Wegent", exact=True)).to_be_visible()
    expect(task.root.get_by_role("region", name="Transcript")).to_be_visible()
    expect(task.root.get_by_role("article", name="Message 1")).to_be_visible()
    expect(task.root.get_by_role("note")).to_have_count(2)
    expect(face.side.get_by_role("listitem").filter(has_text="This computer").first).to_be_visible()
    for label in ("Message", "Device", "Agent", "Mode", "Workspace", "Send"):
        expect(face.side.get_by_label(label, exact=True).first).to_be_visible()


def test_one_live_region_speaks_of_states_and_never_per_token(face: Face) -> None:
    spoken = face.watch_texts(".wegent-Live")
    task = face.send("!slow 30 0.05")
    task.is_state("Done")
    said = [text for text in spoken() if text.startswith("!slow 30")]
    assert said[-1] == "!slow 30 0.05: Done"
    assert set(said) <= {f"!slow 30 0.05: {state}" for state in ("Queued", "Starting", "Running", "Done")}
    assert len(said) == len(set(said))
    live = face.page.locator(
        '#wegent-side :is([aria-live], [role="status"]), .wegent-Task :is([aria-live], [role="status"]), .wegent-Live'
    )
    expect(live).to_have_count(1)
    expect(live).to_have_attribute("aria-live", "polite")


def test_the_sidebar_works_at_240_pixels(face: Face) -> None:
    everything(face)
    face.server.submit("!bash echo 1", mode="ask")
    expect(face.needs).to_have_count(1, timeout=LIVENESS)
    with narrow_side(face):
        face.shot("faces-3-sidebar-240")
        assert too_wide(face) == []


def test_an_agent_that_is_missing_says_how_to_get_it(face: Face) -> None:
    ghost = face.device.locator('.wegent-Agent[data-agent-id="ghost"]')
    expect(ghost).to_contain_text("ghost-agent-that-nobody-has")
    expect(ghost.locator("code")).to_have_text("pipx install ghost-agent")
    expect(ghost.get_by_role("button", name="Copy")).to_be_visible()
    face.side.get_by_label("Agent", exact=True).click()
    choice = face.side.locator('.wegent-AgentChoice[data-agent-id="ghost"]')
    expect(choice.locator(".wegent-Choice")).to_be_disabled()  # with the reason and what helps, as above
    expect(choice).to_contain_text("ghost-agent-that-nobody-has")
    expect(choice.locator("code")).to_have_text("pipx install ghost-agent")
    face.page.keyboard.press("Escape")


def test_the_status_bar_counts_slots_and_opens_the_sidebar(face: Face) -> None:
    item = face.page.locator(".wegent-StatusItem")
    expect(item).to_have_text("Wegent 0/5")
    task = face.send("!slow 600 0.1")
    task.says("1 2 3")
    expect(item).to_have_text("Wegent 1/5")
    face.page.locator('[role="tab"][data-id="wegent-side"]').click()
    expect(face.side).to_be_hidden()
    item.click()
    expect(face.side).to_be_visible()


def test_the_running_panel_lists_tasks_and_stops_them(face: Face) -> None:
    task = face.send("!slow 600 0.1")
    task.says("1 2 3")
    face.execute("running:show-panel")
    section = face.page.get_by_role("region", name="Wegent Tasks Section")
    item = section.get_by_role("treeitem").filter(has_text="!slow 600 0.1")
    expect(item).to_contain_text("Running")
    expect(item).to_contain_text("PRACTICE")
    face.shot("faces-4-running-panel")
    item.hover()
    item.get_by_title("Stop").click()
    task.is_state("Stopped")
    expect(item).to_have_count(0)
    face.show_side()


def test_the_launcher_card_leads_to_the_composer(face: Face) -> None:
    face.page.get_by_role("tab", name="Launcher").click()
    face.page.locator(".jp-LauncherCard").filter(has_text="Ask an Agent").click()
    expect(face.composer).to_be_focused()


def test_the_wegent_menu_has_everything_that_the_palette_has(face: Face) -> None:
    face.page.get_by_role("menuitem", name="Wegent").click()
    menu = face.page.get_by_role("menu").last
    for label in ("Ask an Agent", "Open the Latest Task", "Stop the Task", "Show Wegent", "Try the Practice Agent"):
        expect(menu.locator(".lm-Menu-itemLabel", has_text=label)).to_be_visible()
    face.page.keyboard.press("Escape")
