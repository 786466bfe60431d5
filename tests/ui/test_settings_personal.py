"""The personal settings: a Codex login for several devices, and a proxy; secrets go in and are never seen again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.face import LIVENESS, Face
from tests.support.lab import lab_server
from tests.support.machine import Machine
from tests.support.server import JupyterServer, free_port, wait_for
from tests.support.settings_face import Settings, confirm, dialog

pytestmark = pytest.mark.ui

CANARY = "canary-5b7e"
LOGIN = {"OPENAI_API_KEY": None, "tokens": {"refresh_token": CANARY, "access_token": "a"}}
KEY = {"auth_mode": "apikey", "OPENAI_API_KEY": CANARY}
TITLE = {"codex": "Codex", "proxy": "Proxy"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab in a home where Codex is logged in."""
    home = tmp_path_factory.mktemp("lab")
    write(home, LOGIN)
    with ExitStack() as stack:
        server = lab_server(home)
        stack.callback(server.end_executor)
        stack.callback(server.kill)
        server.start()
        server.agent_ready("codex")
        yield server


@pytest.fixture(scope="module")
def machines(lab: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Machine]]:
    """Run two more devices, of which the second has a login of its own."""
    base = tmp_path_factory.mktemp("machines")
    without, having = Machine(base / "without", lab), Machine(base / "having", lab)
    write(having.home, KEY)
    with ExitStack() as stack:
        for machine in (without, having):
            stack.callback(machine.kill)
            machine.start(wait=False)
        for machine in (without, having):
            machine.reach("online")
        yield without, having


@pytest.fixture(autouse=True)
def clean(lab: JupyterServer, face: Face) -> Iterator[None]:
    """Begin without anything saved; close what a test that failed left open."""
    lab.request("DELETE", "/users/me/runtime-configs/codex/auth-json")
    lab.request("PUT", "/users/me/proxy-config", json={"proxy_url": ""})
    lab.request("PUT", "/users/me/runtime-configs/codex", json={"use_user_config": False, "use_proxy": False})
    yield
    for left in dialog(face).all():
        left.get_by_role("button", name="Cancel").click()


def write(home: Path, login: object) -> Path:
    path = home / ".codex" / "auth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(login))
    return path


def open_(face: Face, section: str) -> Settings:
    return Settings(face).open(section, TITLE[section])


def choose(settings: Settings, path: Path) -> None:
    """Choose a file in the browser's own dialog."""
    page: Page = settings.face.page
    with page.expect_file_chooser() as chooser:
        settings.button("Upload auth.json…").click()
    chooser.value.set_files(path)


def test_a_login_is_imported_sent_where_there_is_none_and_skipped_where_there_is_one(
    face: Face, lab: JupyterServer, machines: tuple[Machine, Machine]
) -> None:
    without, having = machines
    settings = open_(face, "codex")
    expect(settings.main).to_contain_text("A ChatGPT login breaks when it is copied.")
    expect(settings.row("without")).to_contain_text("Has none", timeout=LIVENESS)
    expect(settings.row("having")).to_contain_text("Has a login", timeout=LIVENESS)
    expect(settings.row("This computer")).to_contain_text("Has a login")
    settings.picture("personal-1-nothing-saved")

    # Only devices that are online and have a login can be imported from.
    settings.main.get_by_label("Device", exact=True).click()
    choices = settings.main.locator(".wegent-Choice .wegent-Title")
    expect(choices).to_have_text(["This computer", "having"])
    choices.filter(has_text="This computer").click()
    settings.button("Import").click()
    expect(settings.known("Saved login")).to_have_text("ChatGPT login")
    digest = lab.get("/users/me/runtime-configs/codex").json()["auth_json_sha256"]
    expect(settings.known("Digest")).to_have_text(digest[:12])
    expect(settings.known("Path on devices")).to_have_text("~/.codex/auth.json")

    target = without.home / ".codex" / "auth.json"
    assert not target.exists()
    switch = settings.main.get_by_role("switch", name="Use personal configuration")
    switch.focus()
    face.page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(settings.row("without")).to_contain_text("Got the saved one", timeout=LIVENESS)
    expect(settings.row("without")).to_contain_text("ready, logged in", timeout=LIVENESS)
    assert json.loads(target.read_text()) == LOGIN
    assert target.stat().st_mode & 0o777 == 0o600
    expect(settings.row("having")).to_contain_text("Skipped: has its own, which is kept")
    assert json.loads((having.home / ".codex" / "auth.json").read_text()) == KEY
    settings.picture("personal-2-sent")
    assert CANARY not in face.page.content()

    settings.button("Forget…").click()
    confirm(face, "Forget")
    expect(settings.known("Saved login")).to_have_text("none")
    assert target.exists()


def test_what_is_uploaded_is_checked_before_it_is_sent_and_never_shown(
    face: Face, lab: JupyterServer, tmp_path: Path
) -> None:
    settings = open_(face, "codex")
    alert = settings.main.get_by_role("alert")
    (broken := tmp_path / "broken.json").write_text('{"tokens": "' + CANARY)
    choose(settings, broken)
    expect(alert).to_contain_text("not a JSON object")
    (large := tmp_path / "large.json").write_text(json.dumps({"x": "y" * (512 << 10)}))
    choose(settings, large)
    expect(alert).to_contain_text("up to 525 kB")
    settings.picture("personal-3-refused")
    assert not lab.get("/users/me/runtime-configs/codex").json()["configured"]

    choose(settings, write(tmp_path, KEY))
    expect(settings.known("Saved login")).to_have_text("API key")
    expect(alert).to_have_count(0)
    expect(settings.main).not_to_contain_text("A ChatGPT login breaks")  # a key does not
    (other := tmp_path / "other.json").write_text(json.dumps(LOGIN))
    choose(settings, other)
    expect(dialog(face)).to_contain_text("Replace the saved login?")
    confirm(face, "Replace")
    expect(settings.known("Saved login")).to_have_text("ChatGPT login")
    assert CANARY not in face.page.content()


def test_a_proxy_is_saved_masked_tried_and_switched_on_for_codex(face: Face, lab: JupyterServer) -> None:
    settings = open_(face, "proxy")
    switch = settings.main.get_by_role("switch", name="Use for Codex")
    expect(switch).to_be_disabled()
    expect(settings.main).to_contain_text("Save a proxy first.")
    field = settings.main.get_by_label("Address of the proxy")
    expect(field).to_have_attribute("type", "password")
    field.fill("gopher://127.0.0.1:1")
    field.press("Enter")
    expect(settings.main.get_by_role("alert")).to_contain_text("http")
    face.errors[:] = [error for error in face.errors if "status of 4" not in error]
    port = free_port()
    field.fill(f"http://ann:{CANARY}@127.0.0.1:{port}")
    field.press("Enter")
    expect(settings.known("Saved proxy")).to_have_text(f"http://***:***@127.0.0.1:{port}")
    expect(field).to_have_value("")

    switch.check()
    expect(switch).to_be_checked()
    wait_for(lambda: lab.get("/users/me/runtime-configs/codex").json()["use_proxy"], "the server has it")
    settings.button("Test").click()
    result = settings.main.locator(".wegent-Result")
    expect(result).to_have_attribute("data-ok", "false", timeout=LIVENESS)  # nothing listens there
    settings.picture("personal-4-proxy")
    assert CANARY not in face.page.content()

    settings.button("Clear…").click()
    confirm(face, "Clear")
    expect(settings.known("Saved proxy")).to_have_text("none")
    expect(switch).not_to_be_checked()


def test_what_changes_elsewhere_is_seen_without_a_reload(face: Face, lab: JupyterServer) -> None:
    settings = open_(face, "codex")
    expect(settings.known("Saved login")).to_have_text("none")
    lab.post("/users/me/runtime-configs/codex/auth-json", {"auth_json": KEY})
    expect(settings.known("Saved login")).to_have_text("API key")
    open_(face, "proxy")
    lab.request("PUT", "/users/me/proxy-config", json={"proxy_url": "http://127.0.0.1:3128"})
    expect(settings.known("Saved proxy")).to_have_text("http://127.0.0.1:3128")
    expect(settings.main.get_by_role("switch", name="Use for Codex")).to_be_enabled()


def test_every_section_is_in_the_palette_and_comes_back_with_the_page(face: Face) -> None:
    face.page.keyboard.press("Control+Shift+c")
    items = face.page.locator(".lm-CommandPalette-item")
    for label in ("Connections", "Models", "Skills", "API Tokens", "Personal: Codex", "Personal: Proxy"):
        expect(items.filter(has_text=label).first).to_be_attached()
    face.page.keyboard.press("Escape")
    settings = open_(face, "proxy")
    current = settings.root.get_by_role("navigation").locator("[aria-current]")
    expect(current).to_have_text("Proxy")
    settings.root.get_by_role("navigation").get_by_role("button", name="Codex").focus()
    face.page.keyboard.press("Enter")
    expect(current).to_have_text("Codex")


def test_of_a_device_that_is_away_everything_that_needs_it_says_so(
    face: Face, machines: tuple[Machine, Machine]
) -> None:
    """The last: a device is stopped."""
    settings = Settings(face).open("skills", "Skills")
    settings.main.get_by_label("Device", exact=True).click()
    settings.main.locator(".wegent-Choice").filter(has_text="having").click()
    expect(settings.main).to_contain_text("No skills there.")
    machines[1].stop()
    expect(settings.main).to_contain_text("having is not online: its skills can be seen once it is back.")
    settings.picture("personal-5-offline")
    open_(face, "codex")
    settings.main.get_by_label("Device", exact=True).click()
    expect(settings.main.locator(".wegent-Choice").filter(has_text="This computer")).to_have_count(1)
    expect(settings.main.locator(".wegent-Choice").filter(has_text="having")).to_have_count(0)
    face.page.keyboard.press("Escape")
