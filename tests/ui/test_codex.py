"""The real Codex before a person: logged in by a code, run on the practice model, allowed, denied, steered, stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Locator, expect

from tests.support.face import LIVENESS, PRACTICE, Face
from tests.support.lab import lab_server
from tests.support.server import JupyterServer, wait_for
from tests.support.settings_face import Settings, dialog
from tests.support.vendor import REFRESH, Vendor

pytestmark = pytest.mark.ui

STORY = """!think I look at the folder first.
!bash until [ -e go ]; do echo waiting; sleep 0.2; done; echo gone
!write story.txt Once upon a time
!bash touch unwanted.txt
!say The **end**"""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, vendor: Vendor) -> Iterator[JupyterServer]:
    """Run JupyterLab with the real Codex, whose vendor is on loopback."""
    home = tmp_path_factory.mktemp("lab")
    with ExitStack() as stack:
        server = lab_server(home, environment=vendor.environment(home / ".codex"))
        stack.callback(server.end_executor)
        stack.callback(server.kill)
        server.start()
        server.agent_ready("codex")
        yield server


@pytest.fixture
def logged_out(lab: JupyterServer, vendor: Vendor, face: Face) -> Iterator[None]:
    """Begin without a login, and with a vendor that waits for a person."""
    vendor.verdict = "wait"
    (lab.home / ".codex" / "auth.json").unlink(missing_ok=True)
    lab.post(f"/devices/{device(lab)}/agents/refresh", {})
    expect(codex(face)).to_contain_text("not logged in")
    yield
    for left in dialog(face).all():
        left.get_by_role("button", name="Cancel").click()


def device(lab: JupyterServer) -> str:
    found: str = lab.get("/devices").json()["items"][0]["device_id"]
    return found


def codex(face: Face) -> Locator:
    return face.device.locator('.wegent-Agent[data-agent-id="codex"]')


def test_a_practice_turn_with_codex(face: Face, lab: JupyterServer) -> None:
    made = lab.submit(STORY, agent="codex", model="practice", mode="ask", workspace={"path": str(lab.files)})
    task = face.open(made["task"]["id"])

    # A command, allowed here; what it says is there while it runs.
    card = task.cards.first
    expect(card).to_contain_text("Codex wants to run a command", timeout=LIVENESS)
    expect(card.locator(".wegent-Practice")).to_have_text(PRACTICE)
    card.get_by_role("button", name="Allow once").click()
    tool = task.tools.first
    expect(tool.locator(".jp-RenderedText")).to_contain_text("waiting", timeout=LIVENESS)
    expect(tool.locator(".wegent-State")).to_have_text("Running")
    (lab.files / "go").touch()
    expect(tool.locator(".jp-RenderedText")).to_contain_text("gone", timeout=LIVENESS)

    # A patch, shown as what would change.
    card = task.cards.nth(1)
    expect(card).to_contain_text("Codex wants to change a file", timeout=LIVENESS)
    expect(card.locator('.wegent-DiffLine[data-change="added"]')).to_have_text("+ Once upon a time")
    face.shot("codex-1-patch")
    assert not (lab.files / "story.txt").exists()
    card.get_by_role("button", name="Allow once").click()

    card = task.cards.nth(2)
    expect(card).to_contain_text("touch unwanted.txt", timeout=LIVENESS)
    assert (lab.files / "story.txt").read_text().strip() == "Once upon a time"
    card.get_by_role("button", name="Deny…").click()
    card.get_by_label("Reason for the agent").fill("I do not want that one")
    card.get_by_label("Reason for the agent").press("Enter")
    task.is_state("Done")
    outcomes = [one.locator(".wegent-Outcome").inner_text() for one in task.cards.all()]
    assert outcomes == ["Allowed", "Allowed", "Denied: I do not want that one"]
    assert not (lab.files / "unwanted.txt").exists()
    expect(task.root.locator('.wegent-Item[data-kind="thought"]')).to_be_visible()
    expect(task.root.get_by_label("Model", exact=True)).to_have_count(0)  # a practice run stays one
    face.shot("codex-2-done")


def test_a_running_turn_of_codex_is_steered_and_stopped(face: Face, lab: JupyterServer) -> None:
    made = lab.submit("!slow 600 0.1", agent="codex", model="practice", mode="ask")
    task = face.open(made["task"]["id"])
    task.says("1 2 3")
    task.reply.fill("!slow 600 0.1")
    task.root.get_by_role("button", name="Steer").click()
    expect(task.root.locator('.wegent-Item[data-kind="steer"]')).to_contain_text("!slow 600 0.1")
    task.stop.click()
    task.is_state("Stopped")


@pytest.mark.usefixtures("logged_out")
def test_codex_is_logged_in_by_a_code_from_the_settings(face: Face, lab: JupyterServer, vendor: Vendor) -> None:
    settings = Settings(face).open("codex", "Codex")
    here = settings.row("This computer")
    face.device.get_by_role("button", name="More about This computer").click()
    expect(face.page.locator(".lm-Menu-item").filter(has_text="Log in to Codex…")).to_be_visible()
    face.page.keyboard.press("Escape")
    codes = vendor.codes
    here.get_by_role("button", name="Log in…").click()
    asked = dialog(face)
    code = asked.locator(".wegent-LoginCode code")
    expect(code).to_have_text(f"CODE-{codes + 1}", timeout=LIVENESS)
    link = asked.get_by_role("link", name="Open the page")
    expect(link).to_have_attribute("href", f"{vendor.url}/codex/device")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(asked.get_by_role("button", name="Done")).to_be_disabled()
    settings.picture("codex-3-code", of=asked.locator(".wegent-Login"))

    vendor.verdict = "deny"
    expect(asked.get_by_role("alert")).to_contain_text("refused", timeout=LIVENESS)
    settings.picture("codex-4-refused", of=asked.locator(".wegent-Login"))
    vendor.verdict = "wait"
    asked.get_by_role("button", name="Try again").click()
    expect(code).to_have_text(f"CODE-{codes + 2}", timeout=LIVENESS)

    vendor.verdict = "approve"
    expect(asked).to_contain_text("Codex is logged in on This computer.", timeout=LIVENESS)
    asked.get_by_role("button", name="Done").click()
    expect(here).to_contain_text("ready, logged in", timeout=LIVENESS)
    expect(codex(face)).to_contain_text("ready, logged in")
    expect(here.get_by_role("button")).to_have_count(0)
    assert (lab.home / ".codex" / "auth.json").is_file()
    assert REFRESH not in face.page.content()


@pytest.mark.usefixtures("logged_out")
def test_a_login_that_is_called_off_leaves_everything_as_it_was(face: Face, lab: JupyterServer, vendor: Vendor) -> None:
    # From the composer: what cannot work there says why, and offers what helps.
    face.side.get_by_label("Agent", exact=True).click()
    choice = face.side.locator('.wegent-AgentChoice[data-agent-id="codex"]')
    expect(choice).to_contain_text("not logged in")
    face.shot("codex-5-picker")
    codes = vendor.codes
    choice.get_by_role("button", name="Log in…").click()
    expect(dialog(face).locator(".wegent-LoginCode code")).to_have_text(f"CODE-{codes + 1}", timeout=LIVENESS)
    face.page.keyboard.press("Escape")
    expect(dialog(face)).to_have_count(0)
    login = f"/devices/{device(lab)}/agents/codex/login"
    wait_for(lambda: lab.get(login).json()["state"] == "cancelled", "nobody waits for the code any more")
    assert not (lab.home / ".codex" / "auth.json").exists()
    expect(codex(face)).to_contain_text("not logged in")


@pytest.mark.usefixtures("logged_out")
def test_the_keyboard_alone_chooses_an_agent(face: Face) -> None:
    keyboard = face.page.keyboard
    face.side.get_by_label("Agent", exact=True).focus()
    keyboard.press("Enter")
    choices = face.side.locator(".wegent-AgentChoice")
    expect(choices.locator(".wegent-Choice").first).to_be_focused()
    for _ in range(choices.count()):
        keyboard.press("ArrowDown")
    expect(choices.last.locator(".wegent-Choice")).to_be_focused()
    keyboard.press("ArrowRight")
    expect(choices.last.get_by_role("button", name="Log in…")).to_be_focused()
    keyboard.press("ArrowLeft")
    keyboard.press("Enter")
    expect(face.side.get_by_label("Agent", exact=True)).to_have_text("Codex")
    expect(face.side.locator(".wegent-AgentHint")).to_contain_text("Codex is not logged in on This computer.")
    face.shot("codex-6-chosen")
