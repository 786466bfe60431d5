"""Devices in the faces: the section, the selector, queues, the settings tab, adding one, and one that is lost."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.support.face import DARK, LIGHT, LIVENESS, Face
from tests.support.lab import lab_server
from tests.support.looks import READABLE, contrast
from tests.support.machine import Machine
from tests.support.narrow import narrow_side, too_wide
from tests.support.server import JupyterServer, private_environment, wait_for

pytestmark = pytest.mark.ui

WINDOW = 8
"""Seconds for which a device may stay away here."""
BLOCK = "!bash until [ -e {} ]; do sleep 0.1; done"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab with a short time to reconnect."""
    server = lab_server(tmp_path_factory.mktemp("lab"), options=[f"--WegentApp.reconnect_window={WINDOW}"])
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture(scope="module")
def running_box(lab: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("machine") / "gpu-box", lab)
    try:
        yield machine.start()
    finally:
        machine.kill()


@pytest.fixture
def box(running_box: Machine, face: Face) -> Machine:
    """Give the second device, seen by the page, with five slots and without a star."""
    if running_box.process is not None and running_box.process.poll() is not None:
        running_box.start()
    running_box.reach("online")
    expect(row(face, "gpu-box")).to_contain_text("Online")
    for device in running_box.server.get("/devices").json()["items"]:
        running_box.server.request("DELETE", f"/devices/{device['device_id']}/default")
    expect(face.side.locator('.wegent-Star[data-starred="true"]')).to_have_count(0)  # else the next one is no news
    set_slots(running_box, 5)
    return running_box


@pytest.fixture(autouse=True)
def no_dialog(face: Face) -> Iterator[None]:
    """Close what a test that failed left open."""
    yield
    for left in dialog(face).all():
        left.get_by_role("button", name=re.compile("Close|Cancel")).click()


def set_slots(machine: Machine, slots: int) -> None:
    path = f"/devices/{machine.device_id}/runtime-settings"
    answer = machine.server.request("PUT", path, json={"max_concurrent_tasks": slots})
    assert answer.status_code == 200, answer.text


def row(face: Face, name: str) -> Locator:
    """Return a device in the sidebar."""
    title = face.page.locator(".wegent-RowTop > .wegent-Title").get_by_text(name, exact=True)
    return face.device.filter(has=title)


def menu(face: Face, opener: Locator, item: str) -> None:
    """Choose from the menu behind three dots."""
    opener.click()
    face.page.locator(".lm-Menu-item").filter(has=face.page.get_by_text(item, exact=True)).click()


def device_menu(face: Face, name: str, item: str) -> None:
    menu(face, row(face, name).get_by_role("button", name=f"More about {name}"), item)


def dialog(face: Face) -> Locator:
    return face.page.locator(".jp-Dialog")


def pick(face: Face, where: Locator, name: str) -> None:
    """Choose a device in the selector of the composer or of a reply."""
    where.get_by_label("Device", exact=True).click()
    where.locator(".wegent-Choice").filter(has_text=name).click()


def fill(box: Machine, slots: int = 1) -> None:
    """Take all slots of a device with tasks that end when somebody makes the file `go`."""
    set_slots(box, slots)
    for _ in range(slots):
        box.submit(BLOCK.format("go"), title="Blocker")
    box.reach("busy")


def let_go(box: Machine) -> None:
    (box.files / "go").touch()
    wait_for(lambda: box.server.get(f"/devices/{box.device_id}").json()["slot_used"] == 0, "nothing runs on it")
    (box.files / "go").unlink()


# The section.


def test_two_executors_on_one_machine_stand_under_its_name(face: Face, box: Machine) -> None:
    machine = face.side.locator(".wegent-Machine")
    expect(machine).to_have_count(1)
    expect(machine.locator("h3")).to_contain_text("This computer")
    expect(machine.locator("h3")).to_contain_text("2 executors on one machine")
    expect(row(face, "This computer")).to_contain_text("embedded")
    expect(row(face, "gpu-box")).to_contain_text("standalone")


def test_one_device_has_the_star_and_new_tasks_start_there(face: Face, box: Machine) -> None:
    chosen = face.side.get_by_label("Device", exact=True)
    expect(chosen).to_have_text("This computer")
    star = row(face, "gpu-box").get_by_role("button", name="Default: gpu-box")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(chosen).to_have_text("gpu-box")
    other = row(face, "This computer").get_by_role("button", name="Default: This computer")
    other.click()
    expect(other).to_have_attribute("aria-pressed", "true")
    expect(star).to_have_attribute("aria-pressed", "false")
    other.click()
    expect(other).to_have_attribute("aria-pressed", "false")
    device_menu(face, "gpu-box", "Set as Default")
    expect(chosen).to_have_text("gpu-box")
    device_menu(face, "gpu-box", "Remove Default")
    expect(chosen).to_have_text("This computer")


def test_a_device_says_what_it_is_busy_with_and_each_leads_to_its_task(face: Face, box: Machine) -> None:
    fill(box)
    asking = face.server.submit("!bash echo 1", mode="ask", title="Wants to ask")
    device = row(face, "gpu-box")
    expect(device).to_contain_text("Busy")
    expect(device).to_contain_text("1/1 slots in use")
    expect(row(face, "This computer").locator(".wegent-Work")).to_contain_text("Waiting for you")
    device.locator(".wegent-Work").get_by_role("button", name="Blocker").click()
    expect(face.page.locator(".wegent-Task .wegent-Header")).to_contain_text("gpu-box")
    face.shot("devices-1-busy")
    let_go(box)
    expect(device.locator(".wegent-Work")).to_have_count(0)
    face.server.post(f"/tasks/{asking['task']['id']}/cancel", {})


def test_slots_change_at_once_and_only_within_their_limits(face: Face, box: Machine) -> None:
    fill(box)
    waits = box.submit("!say started", title="Waits")
    expect(face.row(waits)).to_contain_text("Next in queue")
    device_menu(face, "gpu-box", "Slots…")
    field, accept = dialog(face).get_by_role("textbox"), dialog(face).get_by_role("button", name="Set")
    expect(field).to_have_value("1")
    field.fill("21")
    expect(accept).to_be_disabled()
    field.fill("2")
    accept.click()
    expect(row(face, "gpu-box")).to_contain_text("/2 slots in use")
    box.server.finished(waits)
    let_go(box)


def test_a_device_is_renamed_by_the_keyboard(face: Face, box: Machine) -> None:
    keyboard = face.page.keyboard
    row(face, "gpu-box").get_by_role("button", name="More about gpu-box").focus()
    keyboard.press("Enter")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(dialog(face).get_by_role("textbox")).to_be_focused()
    keyboard.press("Control+a")
    keyboard.type("Number cruncher")
    keyboard.press("Enter")
    expect(row(face, "Number cruncher")).to_be_visible()
    answer = face.server.request("PUT", f"/devices/{box.device_id}/alias", json={"alias": "gpu-box"})
    assert answer.status_code == 200
    expect(row(face, "gpu-box")).to_be_visible()


def test_a_device_with_work_is_not_deleted_and_the_embedded_one_never(face: Face, box: Machine) -> None:
    row(face, "This computer").get_by_role("button", name="More about This computer").click()
    expect(face.page.locator(".lm-Menu-itemLabel", has_text="Slots…")).to_be_visible()
    expect(face.page.locator(".lm-Menu-itemLabel", has_text="Delete")).to_have_count(0)
    face.page.keyboard.press("Escape")
    fill(box)
    with refused(face):
        device_menu(face, "gpu-box", "Delete…")
        expect(dialog(face)).to_contain_text("If its executor still runs")
        face.shot("devices-2-delete")
        dialog(face).get_by_role("button", name="Delete").click()
        expect(dialog(face)).to_contain_text("gpu-box was not deleted")
        face.shot("devices-3-not-deleted")
        dialog(face).get_by_role("button").last.click()
    expect(row(face, "gpu-box")).to_be_visible()
    let_go(box)


@contextmanager
def refused(face: Face) -> Iterator[None]:
    """Do something that the server refuses, of which the browser logs the status."""
    yield
    face.errors[:] = [error for error in face.errors if "the server responded with a status of 4" not in error]


# The selector.


def test_the_selector_is_worked_by_the_keyboard_and_has_the_stars(face: Face, box: Machine) -> None:
    chosen, keyboard = face.side.get_by_label("Device", exact=True), face.page.keyboard
    chosen.focus()
    keyboard.press("Enter")
    choices = face.side.locator(".wegent-Choice")
    expect(choices).to_have_count(2)
    expect(choices.first).to_be_focused()
    expect(choices.nth(1)).to_contain_text("0/5 slots in use")
    keyboard.press("ArrowDown")
    expect(choices.nth(1)).to_be_focused()
    face.shot("devices-4-selector")
    keyboard.press("ArrowRight")
    keyboard.press("Enter")
    expect(face.side.locator('.wegent-Popover [aria-pressed="true"]')).to_have_attribute(
        "aria-label", "Default: gpu-box"
    )
    keyboard.press("Escape")
    expect(choices).to_have_count(0)
    expect(chosen).to_be_focused()
    expect(chosen).to_have_text("gpu-box")
    pick(face, face.side, "This computer")
    expect(chosen).to_have_text("This computer")


def test_a_device_that_is_away_can_be_chosen_and_another_is_one_click_away(face: Face, box: Machine) -> None:
    box.server.request("PUT", f"/devices/{box.device_id}/default")
    box.stop()
    expect(row(face, "gpu-box")).to_contain_text("Offline", timeout=LIVENESS)
    expect(row(face, "gpu-box")).to_have_attribute("data-status", "offline")
    expect(face.side.get_by_label("Device", exact=True)).to_have_text("gpu-box")
    composer = face.side.locator(".wegent-Composer")
    expect(composer).to_contain_text("gpu-box is offline: the task waits until it is back.")
    face.shot("devices-5-starred-is-away")
    known = face.task_ids()
    face.composer.fill("!say from afar")
    face.side.get_by_role("button", name="Send").click()
    task = face.new_task(known)
    task.is_state("Queued")
    expect(task.root.locator(".wegent-Header")).to_contain_text("gpu-box is offline")
    expect(task.turns).to_contain_text("gpu-box is offline")
    composer.get_by_role("button", name="Use This computer instead").click()
    expect(face.side.get_by_label("Device", exact=True)).to_have_text("This computer")
    expect(composer).not_to_contain_text("offline")
    box.start()
    task.is_state("Done")
    task.says("from afar")
    pick(face, face.side, "This computer")


# Queues.


def test_a_queue_is_looked_at_and_its_order_changed(face: Face, box: Machine) -> None:
    fill(box)
    first, second, third = (box.submit(f"!say {name}", title=name) for name in ("One", "Two", "Three"))
    device = row(face, "gpu-box")
    device.get_by_role("button", name="3 queued").click()
    queued = device.locator(".wegent-Queued .wegent-NeedTask")
    expect(queued).to_have_text(["One", "Two", "Three"])
    expect(device.locator(".wegent-Queued").first).to_contain_text("all slots are in use")
    menu(face, device.get_by_role("button", name="Place of Three"), "Next")
    expect(queued).to_have_text(["Three", "One", "Two"])
    menu(face, device.get_by_role("button", name="Place of Two"), "Earlier")
    expect(queued).to_have_text(["Three", "Two", "One"])
    expect(face.row(third)).to_contain_text("Next in queue")
    expect(face.row(first)).to_contain_text("3rd in queue")
    face.shot("devices-6-queue")
    task = face.open(second)
    expect(task.turns).to_contain_text("2nd in queue")
    menu(face, task.root.get_by_role("button", name="Place in the queue"), "Last")
    expect(queued).to_have_text(["Three", "One", "Two"])
    menu(face, face.row(third).get_by_role("button", name="Place of Three"), "Remove from the Queue")
    expect(queued).to_have_text(["One", "Two"])
    let_go(box)
    task.is_state("Done")


def test_a_turn_that_waits_moves_to_another_device(face: Face, box: Machine) -> None:
    fill(box)
    waits = box.submit("!say elsewhere", title="Moves")
    task = face.open(waits)
    menu(face, face.row(waits).get_by_role("button", name="Place of Moves"), "Move to Another Device…")
    expect(dialog(face)).to_contain_text("A fresh session on This computer.")
    face.shot("devices-7-move")
    dialog(face).get_by_role("button", name="Move").click()
    task.is_state("Done")
    expect(task.root.locator(".wegent-Header")).to_contain_text("This computer")
    task.says("elsewhere")
    let_go(box)


def test_messages_behind_one_that_failed_wait_for_a_word(face: Face, box: Machine) -> None:
    waits = box.submit(f"{BLOCK.format('go')}\n!error overloaded", title="Breaks")
    task = face.open(waits)
    task.is_state("Running")
    task.reply.fill("!say after all")
    task.root.get_by_role("button", name="Queue").click()
    expect(task.turns.nth(1)).to_contain_text("Queued next")
    let_go(box)
    expect(task.turns.nth(1)).to_contain_text("Paused")
    expect(task.turns.nth(1)).to_contain_text("an earlier message failed")
    expect(face.row(waits)).to_contain_text("Paused")
    face.shot("devices-8-paused")
    task.turns.nth(1).get_by_role("button", name="Go on").click()
    task.is_state("Done")
    task.says("after all")


# A task that changes its device.


def test_the_next_message_goes_to_another_device(face: Face, box: Machine) -> None:
    task = face.send("!say here")
    task.is_state("Done")
    header = task.root.locator(".wegent-Header")
    expect(header).to_contain_text("This computer")
    pick(face, task.root, "gpu-box")
    expect(task.root).to_contain_text("A fresh session on gpu-box. What was said goes along, files do not travel.")
    face.shot("devices-9-reply-elsewhere")
    task.root.get_by_label("Workspace", exact=True).select_option(label="in another folder…")
    task.root.get_by_label("Folder on gpu-box").fill(str(box.files))
    task.reply.fill("!say there")
    task.reply.press("Enter")
    task.says("there")
    task.is_state("Done")
    expect(header).to_contain_text("gpu-box")
    expect(header).to_contain_text(box.files.name)
    expect(task.turns.nth(1).locator(".wegent-Who").last).to_contain_text("gpu-box")
    expect(task.root).not_to_contain_text("A fresh session")
    assert task.record()["device_id"] == box.device_id


# The settings.


def settings(face: Face, section: str) -> Locator:
    face.execute("wegent:open-settings", section=section)
    tab = face.page.locator(".wegent-SettingsTab")
    expect(tab).to_be_visible()
    return tab


def test_connections_show_every_group_and_manage_its_devices(face: Face, box: Machine) -> None:
    face.side.get_by_label("Settings", exact=True).click()
    face.page.locator(".lm-Menu-item").filter(has_text="Connections").click()
    tab = face.page.locator(".wegent-SettingsTab")
    local = tab.get_by_role("region", name="Local devices")
    line = local.locator("tr[data-device-id]").filter(has_text="gpu-box")
    for text in ("Online", "0/5", "now", "standalone on This computer", "127.0.0.1"):
        expect(line).to_contain_text(text)
    expect(tab.get_by_role("region", name="Cloud devices")).to_contain_text("No cloud provider is configured")
    face.shot("devices-10-connections")
    line.get_by_role("button", name="Rename gpu-box").click()
    dialog(face).get_by_role("textbox").fill("Renamed")
    dialog(face).get_by_role("button", name="Rename").click()
    expect(local).to_contain_text("Renamed")
    face.server.request("PUT", f"/devices/{box.device_id}/alias", json={"alias": "gpu-box"})
    expect(local).not_to_contain_text("Renamed")
    embedded = local.locator("tr[data-device-id]").filter(has_text="embedded")
    expect(embedded.get_by_role("button", name=re.compile("Delete"))).to_have_count(0)


def test_a_token_is_shown_once_works_and_is_revoked(face: Face) -> None:
    tab = settings(face, "tokens")
    tab.get_by_label("What it is for").fill("nightly")
    tab.get_by_role("button", name="Generate").click()
    card = tab.get_by_role("group", name="nightly")
    expect(card).to_contain_text("You will not see it again.")
    secret = card.locator("code").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    assert face.server.get("/devices", headers=headers).status_code == 200
    line = tab.locator("tr[data-kind='token']").filter(has_text="nightly")
    expect(line).to_contain_text("in 7 days")
    face.shot("devices-11-token")
    card.get_by_role("button", name="I have it").click()
    expect(tab).not_to_contain_text(secret[:40])
    line.get_by_role("button", name="Revoke…").click()
    expect(dialog(face)).to_contain_text("disconnected at once")
    dialog(face).get_by_role("button", name="Revoke").click()
    expect(line).to_have_count(0)
    assert face.server.get("/devices", headers=headers).status_code in (401, 403)


# Adding one.


@contextmanager
def joining(face: Face, home: Path, *arguments: str, text: str = "") -> Iterator[Path]:
    """Run `wegent-executor join` on a new machine; gives the file with what it says."""
    home.mkdir()
    said = home / "said.txt"
    environment = private_environment(home)
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "wegent_jupyter.executor", "join", f"{face.server.url}wegent", *arguments],
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
        )
    assert process.stdin is not None
    process.stdin.write(text.encode())
    process.stdin.close()
    try:
        yield said
    finally:
        process.terminate()
        process.wait(30)


def add_device(face: Face) -> Locator:
    face.side.locator('[data-command="wegent:add-device"]').click()
    steps = dialog(face)
    expect(steps).to_contain_text("Put the executor on the machine")
    return steps


def test_a_machine_is_let_in_by_the_code_that_it_shows_and_tested(face: Face, tmp_path: Path) -> None:
    steps = add_device(face)
    expect(steps.locator('[data-way="ssh"] code').first).to_contain_text("-R 127.0.0.1:18888:127.0.0.1:")
    done = steps.get_by_role("button", name="Done")
    with joining(face, tmp_path / "new", "--name", "lab-mac") as said:
        code = wait_for(lambda: re.search("[A-Z]{4}-[A-Z]{4}", said.read_text()), "it shows a code").group()
        field = steps.get_by_label("Code of the machine")
        field.press_sequentially(code.lower().replace("-", ""))
        expect(field).to_have_value(code)
        asking = steps.get_by_role("group", name="lab-mac asks to join")
        expect(asking).to_contain_text("127.0.0.1")
        expect(asking).to_be_focused()
        expect(done).to_be_disabled()
        face.shot("devices-12-asking")
        face.page.keyboard.press("Enter")  # as people do after a code, before they read who asks
        face.page.keyboard.press("Space")
        assert face.server.get(f"/join/{code}").json()["state"] == "waiting"
        face.page.keyboard.press("Tab")
        expect(asking.get_by_role("button", name="Approve")).to_be_focused()
        face.page.keyboard.press("Enter")
        expect(steps).to_contain_text("lab-mac was let in")
        expect(steps).to_contain_text("lab-mac is connected", timeout=LIVENESS)
        expect(done).to_be_enabled(timeout=LIVENESS)
        face.shot("devices-13-works")
        done.click()
        expect(row(face, "lab-mac")).to_contain_text("Online")
    expect(row(face, "lab-mac")).to_contain_text("Offline", timeout=LIVENESS)
    device_menu(face, "lab-mac", "Delete and Revoke…")
    expect(dialog(face)).to_contain_text("cannot connect again")
    dialog(face).get_by_role("button", name="Delete and Revoke").click()
    expect(row(face, "lab-mac")).to_have_count(0)


def test_a_machine_that_nobody_knows_is_turned_away(face: Face, tmp_path: Path) -> None:
    steps = add_device(face)
    with refused(face):
        steps.get_by_label("Code of the machine").fill("ABCDEFGH")
        expect(steps.get_by_role("alert")).to_be_visible()
    with joining(face, tmp_path / "stranger", "--name", "stranger") as said:
        code = wait_for(lambda: re.search("[A-Z]{4}-[A-Z]{4}", said.read_text()), "it shows a code").group()
        steps.get_by_label("Code of the machine").fill(code)
        steps.get_by_role("button", name="Reject").click()
        expect(steps).to_contain_text("Turned away")
        wait_for(lambda: "denied" in said.read_text(), "the machine is told")
    expect(steps.get_by_role("button", name="Done")).to_be_disabled()
    face.page.keyboard.press("Escape")
    expect(steps).to_have_count(0)


def ask_to_join(face: Face, name: str) -> str:
    """Ask as a machine does; returns the code that it shows."""
    request = {"device_id": f"id-of-{name}", "name": name, "system": "Linux"}
    answer = httpx.post(f"{face.server.url}wegent/api/join", json=request, trust_env=False, verify=False)
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["user_code"]
    return code


def test_who_is_shown_is_who_is_let_in_whatever_order_answers_come_in(face: Face) -> None:
    meant, other = ask_to_join(face, "meant"), ask_to_join(face, "other")
    held: list[Route] = []
    face.page.route(f"**/wegent/api/join/{other}*", lambda route: held.append(route))
    steps = add_device(face)
    field = steps.get_by_label("Code of the machine")
    field.fill(other)
    wait_for_page(face, lambda: bool(held))
    field.fill(meant)
    asking = steps.get_by_role("group", name="meant asks to join")
    expect(asking).to_contain_text("id-of-meant")
    with face.page.expect_response(f"**/wegent/api/join/{other}*") as late:
        for route in held:
            route.continue_()
    late.value.finished()
    expect(asking.get_by_role("button", name="Approve")).to_be_enabled()
    expect(steps.get_by_role("group", name="other asks to join")).to_have_count(0)
    asking.get_by_role("button", name="Approve").click()
    expect(steps).to_contain_text("meant was let in")
    states = [face.server.get(f"/join/{code}").json()["state"] for code in (meant, other)]
    assert states == ["approved", "waiting"]
    face.page.unroute_all()
    face.server.request("POST", f"/join/{other}", json={"approve": False})
    face.page.keyboard.press("Escape")
    expect(steps).to_have_count(0)


def wait_for_page(face: Face, condition: Callable[[], bool]) -> None:
    """Let the page's events arrive until something is so."""
    wait_for(lambda: face.page.evaluate("() => true") and condition(), "the page did it")


def test_a_device_that_takes_the_name_of_this_computer_is_told_from_it(face: Face, box: Machine) -> None:
    def rename(alias: str) -> None:
        answer = face.server.request("PUT", f"/devices/{box.device_id}/alias", json={"alias": alias})
        assert answer.status_code == 200, answer.text

    chosen = face.side.get_by_label("Device", exact=True)
    expect(chosen).to_have_text("This computer")
    rename("This computer")
    try:
        expect(chosen).to_have_text("This computerembedded")
        chosen.click()
        choices = face.side.locator(".wegent-Choice")
        expect(choices.nth(0)).to_contain_text("embedded")
        expect(choices.nth(1)).to_contain_text("standalone")
        face.shot("devices-18-namesake")
        choices.nth(1).click()
        expect(chosen).to_have_text("This computerstandalone")
        chosen.click()
        choices.nth(0).click()
    finally:
        rename("gpu-box")
    expect(row(face, "gpu-box")).to_be_visible()


def test_a_machine_without_a_person_brings_a_code(face: Face, tmp_path: Path) -> None:
    steps = add_device(face)
    steps.get_by_role("button", name="Without a person").click()
    steps.get_by_role("button", name="Make a join code").click()
    code = steps.locator("code", has_text="wgj-").inner_text()
    expect(steps.locator("code", has_text="--code -")).to_be_visible()
    expect(steps).to_contain_text("Expires in 15 min")
    with joining(face, tmp_path / "robot", "--name", "robot", "--code", "-", text=f"{code}\n"):
        expect(steps).to_contain_text("robot is connected", timeout=LIVENESS)
        expect(steps.get_by_role("button", name="Done")).to_be_enabled(timeout=LIVENESS)
        face.shot("devices-14-unattended")
        steps.get_by_role("button", name="Done").click()
        device = face.server.get("/devices").json()["items"]
        [robot] = [one["device_id"] for one in device if one["name"] == "robot"]
    expect(row(face, "robot")).to_contain_text("Offline", timeout=LIVENESS)
    face.server.request("DELETE", f"/devices/{robot}?revoke=true")
    expect(row(face, "robot")).to_have_count(0)


# One that is lost.


def test_a_device_that_is_lost_is_seen_at_once_and_told_when_its_turns_failed(face: Face, box: Machine) -> None:
    task = face.open(box.submit(BLOCK.format("go"), title="Long work"))
    task.is_state("Running")
    face.execute("wegent:open-settings")  # so that nobody looks at the task
    box.kill()
    expect(row(face, "gpu-box")).to_contain_text(re.compile(r"Reconnecting, \d s left"))
    expect(task.root.locator(".wegent-Header")).to_contain_text("gpu-box is reconnecting; nothing is lost.")
    face.shot("devices-15-reconnecting")
    expect(row(face, "gpu-box")).to_contain_text("Offline", timeout=LIVENESS)
    told = face.page.locator(".Toastify__toast", has_text="gpu-box went offline with 1 running task")
    expect(told).to_be_visible()
    face.shot("devices-16-lost")
    (box.files / "go").touch()
    box.start()
    expect(told).to_have_count(0)
    expect(face.page.locator(".Toastify__toast", has_text="gpu-box is online again")).to_be_visible()
    (box.files / "go").unlink()


# Looks.


def readable(face: Face, box: Machine) -> dict[str, float]:
    fill(box)
    waits = box.submit("!say x", title="Waits")
    device = row(face, "gpu-box")
    device.get_by_role("button", name="1 queued").click()
    expect(face.row(waits)).to_contain_text("Next in queue")
    face.side.get_by_label("Device", exact=True).click()
    popover = face.side.get_by_role("dialog", name="Choose a device")
    texts = {
        "machine": face.side.locator(".wegent-Machine h3"),
        "how many": face.side.locator(".wegent-Machine h3 .wegent-Small"),
        "work": device.locator(".wegent-Work button"),
        "what of it": device.locator(".wegent-Work span"),
        "queue": device.locator(".wegent-Queue > .wegent-Disclosure"),
        "queued": device.locator(".wegent-Queued button").first,
        "place": device.locator(".wegent-Place"),
        "reason": device.locator(".wegent-Queued .wegent-Small"),
        "choice": popover.locator(".wegent-Title").first,
        "choice's facts": popover.locator(".wegent-Facts").first,
    }
    found = {what: contrast(text) for what, text in texts.items()}
    face.page.keyboard.press("Escape")
    tab = settings(face, "connections")
    for what, selector in {
        "section": "nav button",
        "heading": "thead th",
        "cell": "td",
        "name": ".wegent-Title",
    }.items():
        found[what] = contrast(tab.locator(selector).first)
    let_go(box)
    return {what: round(ratio, 2) for what, ratio in found.items() if ratio < READABLE}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_devices_and_queues_can_be_read(face: Face, box: Machine, theme: str) -> None:
    face.set_theme(theme)
    try:
        assert readable(face, box) == {}
    finally:
        face.set_theme(LIGHT)


def test_everything_of_devices_has_a_name_for_screen_readers(face: Face, box: Machine) -> None:
    settings(face, "tokens")
    face.side.get_by_label("Device", exact=True).click()
    nameless = face.page.evaluate(
        """() => [...document.querySelectorAll('#wegent-side, .wegent-SettingsTab')]
            .flatMap(part => [...part.querySelectorAll('button, select, input, table th')])
            .filter(node => !(node.getAttribute('aria-label') || node.textContent || node.title).trim())
            .map(node => node.outerHTML)"""
    )
    assert nameless == []
    face.page.keyboard.press("Escape")


def test_devices_work_at_240_pixels(face: Face, box: Machine) -> None:
    fill(box)
    for number in (1, 2):
        box.submit("!say x", title=f"A task that waits and has a long title {number}")
    device = row(face, "gpu-box")
    device.get_by_role("button", name="2 queued").click()
    expect(device.locator(".wegent-Queued")).to_have_count(2)
    pick(face, face.side, "gpu-box")
    face.side.get_by_label("Workspace", exact=True).select_option(label="in another folder…")
    with narrow_side(face):
        device.scroll_into_view_if_needed()
        face.shot("devices-17-sidebar-240")
        assert too_wide(face) == []
        face.side.get_by_label("Device", exact=True).click()
        popover = face.side.get_by_role("dialog", name="Choose a device")
        expect(popover.locator(".wegent-Choice")).to_have_count(2)
        place = popover.bounding_box()
        assert place is not None and place["x"] >= 0
        face.page.keyboard.press("Escape")
    face.side.get_by_label("Workspace", exact=True).select_option(label="in a new chat folder")
    pick(face, face.side, "This computer")
    let_go(box)
