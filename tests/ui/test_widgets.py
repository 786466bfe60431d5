"""Widgets in JupyterLab and Notebook 7: used by a person, in light and dark, over reloads and restarts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.support.face import LIVENESS, Face
from tests.support.lab import lab_server, set_settings
from tests.support.machine import Machine
from tests.support.server import JupyterServer, wait_for
from tests.support.skills import skill
from tests.support.widgets_face import IMPORT, Notebook, button, known, write_notebook

pytestmark = pytest.mark.ui

CANARY = "canary-91ab"
VIEW = "application/vnd.jupyter.widget-view+json"
MANAGER = "@jupyter-widgets/jupyterlab-manager"
PANEL = f"{IMPORT}\npanel = wg.Panel()\npanel"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab with skills of both agents, which saves the states of widgets in notebooks."""
    home = tmp_path_factory.mktemp("lab")
    for agent, name in (("codex", "tidy"), ("codex", "plot"), ("claude", "plot")):
        skill(home / f".{agent}" / "skills" / name, f"As {agent} has it")
    set_settings(home, MANAGER, "plugin", {"saveState": True})
    server = lab_server(home)
    with ExitStack() as stack:
        stack.callback(server.end_executor)
        stack.callback(server.kill)
        server.start()
        server.agent_ready("codex")
        yield server


@pytest.fixture(scope="module")
def first_face(context: BrowserContext, lab: JupyterServer) -> Face:
    """Load JupyterLab with room for notebooks."""
    face = Face(context.new_page(), lab).load()
    face.execute("application:toggle-left-area")
    return face


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run Notebook 7."""
    server = lab_server(tmp_path_factory.mktemp("notebook"), app="notebook")
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture(scope="module")
def box(lab: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("machines") / "gpu-box", lab)
    yield machine.start()
    machine.kill()


def tab(panel: Locator, name: str) -> None:
    panel.get_by_role("tab", name=name).click()
    expect(panel.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def choose(panel: Locator, label: str) -> None:
    panel.get_by_label("Device", exact=True).select_option(label=label)


def chosen(panel: Locator, label: str) -> None:
    expect(panel.get_by_label("Device", exact=True).locator("option:checked")).to_have_text(label)


def test_a_panel_shows_and_does_what_a_person_wants_of_a_device(face: Face, lab: JupyterServer, box: Machine) -> None:
    notebook = Notebook(face, write_notebook(lab, "panel.ipynb", PANEL)).open().run()
    panel = notebook.widget()
    expect(panel).to_contain_text("0/5 slots in use")

    # Slots: what runs is seen as it is; how many there are is set by keys alone.
    task = lab.submit("!write a.txt hi", mode="ask", title="Write a file")["task"]["id"]
    expect(panel).to_contain_text("Write a file")
    expect(panel).to_contain_text("Waiting for you", timeout=LIVENESS)
    face.page.keyboard.press("Escape")
    slots = panel.get_by_label("Slots", exact=True)
    slots.fill("1")
    slots.press("Enter")
    slots.press("Tab")
    expect(button(panel, "Set")).to_be_focused()
    face.page.keyboard.press("Enter")
    expect(panel).to_contain_text("1/1 slots in use", timeout=LIVENESS)
    lab.submit("!say hi", title="Comes later")
    expect(panel).to_contain_text("1 queued")
    expect(panel.get_by_role("listitem").filter(has_text="Comes later")).to_contain_text("all slots are in use")
    notebook.picture("widgets-1-slots", panel)
    choose(panel, "gpu-box (standalone)")
    expect(panel).to_contain_text("Nothing runs there, and nothing waits.")
    choose(panel, "This computer (embedded)")
    lab.post(f"/tasks/{task}/cancel", {})
    expect(panel).to_contain_text("Nothing runs there, and nothing waits.", timeout=LIVENESS)

    # Skills: shown, done, undone.
    tab(panel, "Skills")
    expect(panel).to_contain_text("Separate: each agent uses the skills in its own directory alone.")
    button(panel, "Share skills between Claude and Codex…").click()
    expect(panel).to_contain_text("3 skills would move. One is renamed, as another has its name.")
    notebook.picture("widgets-2-skills-plan", panel)
    button(panel, "Share").click()
    expect(panel).to_contain_text("Shared: 3 skills were moved.", timeout=LIVENESS)
    assert (lab.home / ".codex" / "skills").is_symlink()
    button(panel, "Undo…").click()
    expect(panel).to_contain_text("Undo sharing on This computer?")
    button(panel, "Undo").click()
    expect(panel).to_contain_text("Undone: 3 skills are back where they were.", timeout=LIVENESS)
    assert not (lab.home / ".codex" / "skills").is_symlink()


def test_a_secret_typed_into_a_notebook_is_never_saved_with_it(face: Face, lab: JupyterServer, box: Machine) -> None:
    name = write_notebook(lab, "codex.ipynb", f"{IMPORT}\nwg.CodexConfig()")
    notebook = Notebook(face, name).open().run()
    codex = notebook.widget()
    expect(codex).to_contain_text("A ChatGPT login breaks when it is copied.")
    expect(codex.get_by_label("Use for Codex")).to_be_disabled()
    expect(button(codex, "Log in…")).to_have_count(2)
    notebook.picture("widgets-3-codex", codex)
    field = codex.get_by_label("Address of the proxy")
    expect(field).to_have_attribute("type", "password")
    field.fill(f"http://ann:{CANARY}@127.0.0.1:3128")
    field.press("Enter")
    expect(field).to_have_value("")
    expect(codex).to_contain_text("It is not saved yet.")
    face.execute("docmanager:save")
    saved = lab.files / name
    wait_for(lambda: VIEW in saved.read_text(), "the notebook is saved")
    button(codex, "Save").click()
    expect(known(codex, "Saved proxy")).to_have_text("http://***:***@127.0.0.1:3128")
    codex.get_by_label("Use for Codex").check()
    wait_for(lambda: lab.get("/users/me/runtime-configs/codex").json()["use_proxy"], "the server has it")
    face.execute("docmanager:save")
    wait_for(lambda: "3128" in saved.read_text(), "the state is saved, too")
    assert CANARY not in saved.read_text()
    assert CANARY not in face.page.content()
    [output] = json.loads(saved.read_text())["cells"][0]["outputs"]
    assert "Log in on each device" in "".join(output["data"]["text/html"])


def test_a_widget_is_live_in_every_place_after_a_reload_and_a_restart(
    face: Face, lab: JupyterServer, box: Machine
) -> None:
    cells = (f"{IMPORT}\nselector = wg.DeviceSelector()\nselector", "wg.SlotStatus(selector)", "selector")
    other = Notebook(face, write_notebook(lab, "other.ipynb", *cells)).open().run()
    other.widget(2)
    one = Notebook(face, write_notebook(lab, "one.ipynb", *cells)).open().run()
    choose(one.widget(2), "gpu-box (standalone)")
    for at in (0, 2):  # shown twice, it is one
        chosen(one.widget(at), "gpu-box (standalone)")
    expect(one.widget(1)).to_contain_text("gpu-box")
    other.open()  # has a kernel, and a choice, of its own
    chosen(other.widget(0), "This computer (embedded)")
    one.open()
    face.execute("docmanager:save")
    wait_for(lambda: VIEW in (lab.files / one.path).read_text(), "the notebook is saved")

    with face.outage():
        face.reload()
    one.open()
    task = lab.submit("!write a.txt hi", mode="ask", title="After the reload")["task"]["id"]
    choose(one.widget(0), "This computer (embedded)")
    expect(one.widget(1)).to_contain_text("After the reload", timeout=LIVENESS)
    lab.post(f"/tasks/{task}/cancel", {})

    with face.outage():
        one.restart().run()
        expect(one.widget(1)).to_contain_text("Nothing runs there, and nothing waits.", timeout=LIVENESS)
    task = lab.submit("!write a.txt hi", mode="ask", title="After the restart")["task"]["id"]
    expect(one.widget(1)).to_contain_text("After the restart", timeout=LIVENESS)
    lab.post(f"/tasks/{task}/cancel", {})


def test_the_panel_works_in_notebook_7_too(open_face: Callable[..., Face], seven: JupyterServer) -> None:
    name = write_notebook(seven, "panel.ipynb", PANEL)
    face = open_face(f"notebooks/{name}", seven)
    notebook = Notebook(face, name).run()
    panel = notebook.widget()
    expect(panel).to_contain_text("0/5 slots in use")
    seven.submit("!write a.txt hi", mode="ask", title="Write a file")
    expect(panel.get_by_role("listitem").filter(has_text="Write a file")).to_contain_text("Waiting for you")
    notebook.picture("widgets-4-notebook", panel)
    tab(panel, "Skills")
    expect(panel).to_contain_text("Separate: each agent uses the skills in its own directory alone.")
