"""Projects, folders and worktrees in the faces: made, cloned, worked in, cleaned up."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.changes_face import agree, card, named, show
from tests.support.face import DARK, LIGHT, LIVENESS, Face, Task
from tests.support.lab import lab_server
from tests.support.looks import READABLE, contrast
from tests.support.machine import Machine
from tests.support.narrow import narrow_side, too_wide
from tests.support.repositories import bare, git, repository, slow_git
from tests.support.server import JupyterServer, wait_for
from tests.support.terminal_face import BASH, Terminal, end_all, new_terminal, plain_prompt, sessions

pytestmark = pytest.mark.ui

HERE, BOX = "This computer", "gpu-box"
BLOCK = "!bash until [ -e go ]; do sleep 0.1; done"
NOTICE = "IDE and Desktop need a cloud device; terminals work here."


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the file without which nothing is cloned."""
    made = tmp_path_factory.mktemp("gate") / "open"
    made.touch()
    return made


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, gate: Path) -> Iterator[JupyterServer]:
    """Run JupyterLab where clones wait for a gate, and shells have a known prompt."""
    home = tmp_path_factory.mktemp("lab")
    program = slow_git(home / "programs", gate)
    server = lab_server(home, environment={**BASH, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}"})
    plain_prompt(home)
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture(scope="module")
def running_box(lab: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("machine") / BOX, lab, environment=BASH)
    plain_prompt(machine.home)
    try:
        yield machine.start()
    finally:
        machine.kill()


@pytest.fixture
def box(running_box: Machine, face: Face) -> Machine:
    """Give the second device, seen by the page."""
    running_box.reach("online")
    expect(face.device.filter(has_text=BOX)).to_contain_text("Online", timeout=LIVENESS)
    return running_box


@pytest.fixture(autouse=True)
def clean(face: Face, gate: Path) -> Iterator[None]:
    """Let no test find dialogs, terminals or projects of another."""
    yield
    gate.touch()
    face.page.evaluate("() => document.querySelectorAll(':popover-open').forEach(one => one.hidePopover())")
    for left in dialog(face).all():
        left.get_by_role("button", name=re.compile("Close|Cancel|Keep it|Dismiss")).first.click()
    end_all(face)
    face.stop_everything()
    wait_for(lambda: all(forget(face, project["id"]) for project in projects(face)), "no project is left")
    expect(rows(face)).to_have_count(0)


def forget(face: Face, project_id: int) -> bool:
    return face.server.request("DELETE", f"/projects/{project_id}").status_code == 200


# What a person does.


def dialog(face: Face) -> Locator:
    return face.page.locator(".jp-Dialog")


def projects(face: Face) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = face.server.get("/projects").json()["items"]
    return found


def rows(face: Face) -> Locator:
    return face.side.locator(".wegent-Project")


def row(face: Face, name: str) -> Locator:
    """Return a project in the sidebar."""
    return rows(face).filter(has=face.page.locator(".wegent-RowMain").get_by_text(name, exact=True))


def main_button(face: Face, name: str) -> Locator:
    return row(face, name).locator(".wegent-RowMain")


def new_project(face: Face) -> Locator:
    """Open the dialog by the button of the section."""
    face.side.locator('[data-command="wegent:new-project"]').click()
    made = dialog(face)
    expect(made.get_by_label("Name", exact=True)).to_be_focused()
    return made


def create(face: Face, name: str) -> None:
    """Press Create, and wait for the project."""
    dialog(face).get_by_role("button", name="Create", exact=True).click()
    expect(dialog(face)).to_have_count(0)
    expect(row(face, name)).to_be_visible()


def add(face: Face, folder: Path, name: str = "", device: str | None = None) -> dict[str, Any]:
    """Make a project by REST, and wait until the page shows it."""
    device_id = device or face.server.get("/devices").json()["items"][0]["device_id"]
    config = {
        "execution": {"deviceId": device_id},
        "workspace": {"source": "local_path", "localPath": str(folder)},
    }
    answer = face.server.post("/projects", {"name": name or folder.name, "config": config})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    expect(row(face, made["name"])).to_be_visible()
    return made


def menu(face: Face, opener: Locator, item: str) -> None:
    """Choose from the menu behind three dots."""
    opener.click()
    face.page.locator(".lm-Menu-item").filter(has=face.page.get_by_text(item, exact=True)).click()


def project_menu(face: Face, name: str, item: str) -> None:
    menu(face, row(face, name).get_by_role("button", name=f"More about {name}"), item)


def started_in(terminal: Terminal) -> str:
    path: str = terminal.face.server.get(f"/terminals/{terminal.session}").json()["path"]
    return path


def place(face: Face) -> Locator:
    """Return where the composer's next task goes."""
    return face.side.get_by_label("Workspace", exact=True)


def shown_place(face: Face) -> str:
    found: str = place(face).evaluate("node => node.selectedOptions[0].label")
    return found


def aim(face: Face, name: str) -> None:
    """Put the composer on a project, by its row."""
    main_button(face, name).click()
    expect(face.composer).to_be_focused()
    wait_for(lambda: shown_place(face) == f"in {name}", "the composer is on the project")


def send_there(face: Face, prompt: str) -> Task:
    """Send a message to where the composer is."""
    face.composer.fill(prompt)
    face.side.get_by_label("Mode").select_option(label="Full access")
    known = face.task_ids()
    face.side.get_by_role("button", name="Send").click()
    return face.new_task(known)


@contextmanager
def refused(face: Face) -> Iterator[None]:
    """Do something that the server refuses, of which the browser logs the status."""
    yield
    face.errors[:] = [error for error in face.errors if "the server responded with a status of 4" not in error]


def both(face: Face, name: str, look: Callable[[], object] = lambda: None) -> None:
    """Picture a surface in light and dark."""
    look()
    face.shot(f"projects-{name}-light")
    face.set_theme(DARK)
    look()
    face.shot(f"projects-{name}-dark")
    face.set_theme(LIGHT)


# The section, the dialog, the folders.


def test_the_section_says_what_to_do_while_there_are_no_projects(face: Face) -> None:
    title = face.side.locator(".lm-AccordionPanel-title", has_text="Projects")
    expect(title).to_have_attribute("aria-expanded", "false")
    title.click()
    expect(face.side).to_contain_text("No projects yet. A project is a folder or a Git repository on a device")
    both(face, "1-empty")
    face.side.get_by_role("button", name="New project…").click()
    expect(dialog(face).get_by_label("Name", exact=True)).to_be_focused()
    expect(dialog(face).get_by_role("button", name="Create", exact=True)).to_be_disabled()
    face.page.keyboard.press("Escape")
    expect(dialog(face)).to_have_count(0)


def test_a_folder_is_looked_for_on_the_device_and_becomes_a_project(face: Face) -> None:
    repository(face.server.files / "code" / "churn")
    (face.server.files / "code" / "notes").mkdir()
    steps = new_project(face)
    steps.get_by_role("button", name=f"Browse {HERE}").click()
    folders = steps.get_by_role("dialog", name=f"Folders of {HERE}")
    folders.get_by_role("option", name="files", exact=True).click()
    folders.get_by_role("option", name="code", exact=True).click()
    expect(folders.get_by_role("option", name="churn")).to_contain_text("Git")
    expect(folders.get_by_role("option", name="notes")).not_to_contain_text("Git")
    expect(folders.get_by_label("Filter the folders")).to_be_focused()
    both(face, "2-folders", lambda: reopen(steps, folders))
    folders.get_by_role("option", name="churn").click()
    folders.get_by_role("button", name="Use …/code/churn").or_(
        folders.get_by_role("button", name="Use …/files/code/churn")
    ).click()
    expect(folders).to_be_hidden()
    expect(steps.get_by_label("Folder", exact=True)).to_have_value(str(face.server.files / "code" / "churn"))
    expect(steps.get_by_label("Name", exact=True)).to_have_value("churn")
    both(face, "3-dialog")
    create(face, "churn")
    line = row(face, "churn")
    expect(line).to_contain_text(HERE)
    expect(line).to_contain_text("files/code/churn")
    expect(line).to_contain_text("Git")
    [made] = projects(face)
    assert (made["state"], made["path"]) == ("ready", str(face.server.files / "code" / "churn"))


def reopen(steps: Locator, folders: Locator) -> None:
    """Show the folders again, which close when another theme is chosen."""
    if not folders.is_visible():
        steps.get_by_role("button", name=f"Browse {HERE}").click()
        folders.get_by_role("option", name="files", exact=True).click()
        folders.get_by_role("option", name="code", exact=True).click()
    expect(folders.get_by_role("option", name="churn")).to_be_visible()


def test_folders_are_walked_by_the_keyboard_and_escape_keeps_what_was_typed(face: Face) -> None:
    for name in ("alpha", "alpha/inner", "beta", ".hidden"):
        (face.server.files / "walk" / name).mkdir(parents=True, exist_ok=True)
    steps, keyboard = new_project(face), face.page.keyboard
    keyboard.type("Typed")
    steps.get_by_label("Folder", exact=True).fill(str(face.server.files / "walk"))
    steps.get_by_role("button", name=f"Browse {HERE}").focus()
    keyboard.press("Enter")
    options = steps.get_by_role("option")
    expect(options).to_have_text(["alpha", "beta", ".hidden"])
    filtering = steps.get_by_label("Filter the folders")
    expect(filtering).to_be_focused()
    keyboard.type("a")
    expect(options).to_have_text(["alpha", "beta"])
    keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    expect(options).to_have_text(["inner"])
    expect(filtering).to_be_focused()
    keyboard.press("Backspace")
    expect(options).to_have_count(3)
    keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(steps.get_by_label("Name", exact=True)).to_have_value("Typed")
    keyboard.press("Enter")
    expect(options).to_have_count(3)
    keyboard.press("Control+Enter")
    expect(steps.get_by_label("Folder", exact=True)).to_have_value(str(face.server.files / "walk" / "alpha"))
    steps.get_by_label("Folder", exact=True).focus()
    keyboard.press("Enter")
    expect(row(face, "Typed")).to_be_visible()


def test_what_the_device_refuses_stands_in_the_dialog_and_nothing_that_was_typed_is_lost(face: Face) -> None:
    (face.server.files / "in-the-way").write_text("a file")
    steps = new_project(face)
    steps.get_by_label("Name", exact=True).fill("Careful")
    field = steps.get_by_label("Folder", exact=True)
    field.fill("~/files/in-the-way")
    with refused(face):
        steps.get_by_role("button", name="Create", exact=True).click()
        expect(steps.get_by_role("alert")).to_contain_text("in-the-way")
    assert projects(face) == []
    expect(steps.get_by_label("Name", exact=True)).to_have_value("Careful")
    expect(field).to_have_value("~/files/in-the-way")
    both(face, "4-refused")
    steps.get_by_label("Clone a Git repository").check()
    steps.get_by_label("Address", exact=True).fill("https://me:secret@127.0.0.1/x.git")
    with refused(face):
        steps.get_by_role("button", name="Create", exact=True).click()
        expect(steps.get_by_role("alert")).to_contain_text("credential helper")
    steps.get_by_label("Existing or new folder").check()
    field.fill("~/files/made-by-it")
    create(face, "Careful")
    assert (face.server.files / "made-by-it").is_dir()


# Clones.


def clone(face: Face, source: Path) -> None:
    """Ask for a clone in the dialog, which closes while it goes on."""
    steps = new_project(face)
    steps.get_by_label("Clone a Git repository").check()
    steps.get_by_label("Address", exact=True).fill(str(source))
    steps.get_by_role("button", name="Create", exact=True).click()
    expect(dialog(face)).to_have_count(0)


def test_a_repository_is_cloned_with_progress_and_worked_in_when_it_is_there(
    face: Face, gate: Path, tmp_path: Path
) -> None:
    gate.unlink()
    clone(face, bare(tmp_path / "customers.git", repository(tmp_path / "work")))
    line = row(face, "customers")
    expect(line).to_contain_text("Receiving objects, 43 %")
    expect(line.get_by_role("progressbar", name="Preparing customers")).to_have_attribute("value", "43")
    expect(main_button(face, "customers")).to_be_disabled()
    option = place(face).locator("option", has_text="customers")
    expect(option).to_have_text("in customers (it is being prepared)")
    expect(option).to_be_disabled()
    both(face, "5-cloning")
    gate.touch()
    expect(line.get_by_role("progressbar")).to_have_count(0, timeout=LIVENESS)
    expect(line).to_contain_text("Git")
    expect(option).to_be_enabled()
    [made] = projects(face)
    assert git(Path(made["path"]), "log", "--format=%s") == "a commit"
    face.reload().show_side()
    expect(row(face, "customers")).to_contain_text("projects/customers")


def test_a_clone_that_failed_says_why_and_is_tried_again(face: Face, tmp_path: Path) -> None:
    source = tmp_path / "late.git"
    clone(face, source)
    line = row(face, "late")
    expect(line).to_have_attribute("data-state", "failed", timeout=LIVENESS)
    expect(line.locator(".wegent-Reason")).not_to_be_empty()
    expect(main_button(face, "late")).to_be_disabled()
    expect(line.get_by_role("button", name="Open a terminal in late")).to_be_disabled()
    both(face, "6-failed")
    bare(source, repository(tmp_path / "work"))
    line.get_by_role("button", name="Try again").click()
    expect(line).to_have_attribute("data-state", "ready", timeout=LIVENESS)
    expect(main_button(face, "late")).to_be_enabled()


# A project, once it is there.


def test_a_double_click_puts_the_composer_on_a_project_and_its_task_runs_there(face: Face, tmp_path: Path) -> None:
    made = add(face, repository(tmp_path / "churn"))
    main_button(face, "churn").dblclick()
    expect(face.composer).to_be_focused()
    wait_for(lambda: shown_place(face) == "in churn", "the composer is on the project")
    expect(main_button(face, "churn")).to_have_attribute("aria-current", "true")
    both(face, "7-aimed")
    task = send_there(face, "!write f hi")
    task.is_state("Done")
    header = task.root.locator(".wegent-Header")
    expect(header).to_contain_text("churn")
    expect(header.locator(".wegent-Where")).to_have_attribute("title", made["path"])
    assert (tmp_path / "churn" / "f").read_text().strip() == "hi"
    expect(task.root.get_by_label("Device", exact=True)).to_be_disabled()
    expect(task.root.get_by_label("Device", exact=True)).to_have_attribute("title", "Tasks of churn run on its device.")


def test_a_project_is_chosen_by_the_keyboard_and_brings_its_device(face: Face, box: Machine, tmp_path: Path) -> None:
    add(face, repository(tmp_path / "near"))
    add(face, box.files / "far", device=box.device_id)
    device = face.side.get_by_label("Device", exact=True)
    expect(device).to_have_text(HERE)
    main_button(face, "far").focus()
    face.page.keyboard.press("Enter")
    expect(device).to_have_text(BOX)
    expect(face.composer).to_be_focused()
    assert shown_place(face) == "in far"
    expect(place(face).locator("option", has_text="near")).to_have_count(0)
    task = send_there(face, "!bash pwd")
    task.is_state("Done")
    expect(task.root.locator(".wegent-Header")).to_contain_text(BOX)
    assert task.record()["workspace"] == str(box.files / "far")
    device.click()
    face.side.locator(".wegent-Choice").filter(has_text=HERE).click()
    expect(place(face).locator("option", has_text="near")).to_have_count(1)
    assert shown_place(face) != "in far"


def test_a_terminal_opens_in_a_project_and_what_a_local_device_lacks_is_said(face: Face, tmp_path: Path) -> None:
    made = add(face, repository(tmp_path / "churn"))
    known = sessions(face)
    row(face, "churn").get_by_role("button", name="Open a terminal in churn").click()
    terminal = new_terminal(face, known)
    assert started_in(terminal) == made["path"]
    row(face, "churn").get_by_role("button", name="Details of churn").click()
    expect(row(face, "churn")).to_contain_text(NOTICE)
    expect(row(face, "churn")).to_contain_text(made["path"])
    row(face, "churn").get_by_role("button", name="More about churn").click()
    items = face.page.locator(".lm-Menu-itemLabel")
    expect(items.get_by_text(NOTICE)).to_be_visible()
    expect(items.get_by_text(re.compile("code-server|VNC|^IDE$|^Desktop$"))).to_have_count(0)
    face.shot("projects-8-menu")
    face.page.keyboard.press("Escape")


def test_a_project_is_renamed_and_deleted_and_its_files_stay(face: Face, tmp_path: Path) -> None:
    folder = repository(tmp_path / "churn")
    add(face, folder)
    project_menu(face, "churn", "Edit…")
    steps = dialog(face)
    expect(steps.get_by_label("Folder", exact=True)).to_have_value(str(folder))
    steps.get_by_label("Name", exact=True).fill("Customers")
    face.page.keyboard.press("Enter")
    expect(row(face, "Customers")).to_be_visible()
    expect(row(face, "churn")).to_have_count(0)
    project_menu(face, "Customers", "Delete…")
    expect(dialog(face)).to_contain_text(f"Its files stay in {folder}")
    face.shot("projects-9-delete")
    dialog(face).get_by_role("button", name="Delete").click()
    expect(rows(face)).to_have_count(0)
    assert (folder / "a.txt").is_file()


def test_a_project_that_moves_asks_for_its_path_on_the_other_device(face: Face, box: Machine, tmp_path: Path) -> None:
    add(face, repository(tmp_path / "churn"))
    project_menu(face, "churn", "Edit…")
    steps = dialog(face)
    steps.get_by_label("Device", exact=True).click()
    steps.locator(".wegent-Choice").filter(has_text=BOX).click()
    field = steps.get_by_label("Folder", exact=True)
    expect(field).to_have_value("")
    expect(steps).to_contain_text(f"Say where it lies on {BOX}.")
    expect(steps.get_by_role("button", name="Save")).to_be_disabled()
    both(face, "10-moving")
    field.fill("~/files/churn")
    steps.get_by_role("button", name="Save").click()
    expect(row(face, "churn")).to_contain_text(BOX)
    assert (box.files / "churn").is_dir()
    assert (tmp_path / "churn" / "a.txt").is_file()


# Worktrees.


def in_worktree(face: Face, name: str, prompt: str) -> Task:
    """Run a task in a worktree of a project."""
    aim(face, name)
    face.side.get_by_label("worktree", exact=True).check()
    task = send_there(face, prompt)
    face.side.get_by_label("worktree", exact=True).uncheck()
    return task


def clean_up(face: Face, task: Task) -> Locator:
    """Open what shows what would be lost with a task's worktree."""
    menu(face, task.root.get_by_role("button", name="More about where this task works"), "Clean Up Worktree…")
    expect(dialog(face)).to_contain_text("Clean up the worktree")
    return dialog(face)


def test_a_task_works_in_a_worktree_which_is_cleaned_up_only_when_nothing_is_lost(face: Face, tmp_path: Path) -> None:
    folder = repository(tmp_path / "churn", **{".gitignore": "build/\n", "readme.md": "# Churn\n"})
    add(face, folder)
    task = in_worktree(face, "churn", "!write f hi")
    task.is_state("Done")
    header = task.root.locator(".wegent-Header")
    expect(header.locator(".wegent-Where")).to_have_text("worktree of churn")
    worktree = Path(task.record()["workspace"])
    assert (worktree / "f").read_text().strip() == "hi"
    assert not (folder / "f").exists()
    both(face, "11-header")
    known = sessions(face)
    header.get_by_role("button", name="Open a terminal where this task works").click()
    terminal = new_terminal(face, known)
    assert started_in(terminal) == str(worktree)
    face.open(task.id)

    (worktree / "build").mkdir()
    (worktree / "build" / "out").touch()
    steps = clean_up(face, task)
    expect(steps).to_contain_text("It stays.")
    expect(steps.get_by_role("region", name="Uncommitted changes (1)")).to_contain_text("f")
    expect(steps.get_by_role("region", name="Ignored by Git, deleted with it (1)")).to_contain_text("build/")
    remove = steps.get_by_role("button", name="Remove worktree")
    expect(remove).to_be_disabled()
    expect(steps.get_by_role("button", name="Open terminal")).to_be_visible()
    both(face, "12-dirty")

    git(worktree, "add", "f")
    git(worktree, "commit", "-q", "-m", "Say hi")
    steps.get_by_role("button", name="Look again").click()
    expect(steps.get_by_role("region", name="Commits that nothing else keeps (1)")).to_contain_text("Say hi")
    expect(remove).to_be_disabled()
    git(worktree, "branch", "kept")
    steps.get_by_role("button", name="Look again").click()
    expect(steps).to_contain_text("All work in it is committed and kept elsewhere.")
    both(face, "13-clean")
    remove.click()
    expect(dialog(face)).to_have_count(0)
    expect(face.page.locator(".Toastify__toast", has_text="The worktree was removed.")).to_be_visible()
    assert not worktree.exists()
    assert git(folder, "log", "--format=%s", "kept").splitlines() == ["Say hi", "a commit"]
    assert not (folder / "f").exists()


def test_the_palette_cleans_up_the_worktree_of_the_current_task_and_of_no_other(face: Face, tmp_path: Path) -> None:
    add(face, repository(tmp_path / "churn"))
    plain = face.send("!say plain")
    plain.is_state("Done")
    enabled = "() => window.jupyterapp.commands.isEnabled('wegent:clean-up-worktree')"
    assert face.page.evaluate(enabled) is False
    task = in_worktree(face, "churn", "!say in a worktree")
    task.is_state("Done")
    wait_for(lambda: face.page.evaluate(enabled), "the command is there for it")
    face.execute("wegent:clean-up-worktree")
    expect(dialog(face)).to_contain_text("All work in it is committed and kept elsewhere.")
    expect(dialog(face).get_by_role("button", name="Keep it")).to_be_focused()
    face.page.keyboard.press("Escape")
    expect(dialog(face)).to_have_count(0)
    assert Path(task.record()["workspace"]).is_dir()


def test_a_folder_in_which_another_task_works_is_offered_a_worktree(face: Face, tmp_path: Path) -> None:
    folder = repository(tmp_path / "churn")
    add(face, folder)
    aim(face, "churn")
    first = send_there(face, BLOCK)
    first.is_state("Running")
    hint = face.side.locator(".wegent-Composer .wegent-Hint", has_text="works in this folder, too")
    expect(hint).to_be_visible()
    both(face, "14-shared")
    hint.get_by_role("button", name="Use a worktree").click()
    expect(face.side.get_by_label("worktree", exact=True)).to_be_checked()
    expect(hint).to_have_count(0)
    second = send_there(face, "!write g there")
    second.is_state("Done")
    assert not (folder / "g").exists()
    face.side.get_by_label("worktree", exact=True).uncheck()
    expect(hint).to_be_visible()
    (folder / "go").touch()
    first.is_state("Done")
    expect(hint).to_have_count(0)


def test_the_folder_of_the_file_browser_gets_the_same_offer(face: Face) -> None:
    task = face.send(BLOCK, workspace="in ~/files")
    task.is_state("Running")
    hint = face.side.locator(".wegent-Composer .wegent-Hint", has_text="works in this folder, too")
    expect(hint).to_be_visible()
    (face.server.files / "go").touch()
    task.is_state("Done")
    (face.server.files / "go").unlink()
    expect(hint).to_have_count(0)


def test_where_there_can_be_no_worktree_none_is_offered(face: Face, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    add(face, folder)
    check = face.side.get_by_label("worktree", exact=True)
    place(face).select_option(label="in a new chat folder")
    expect(check).to_be_disabled()
    aim(face, "plain")
    expect(check).to_be_disabled()
    expect(face.side.locator(".wegent-Check")).to_have_attribute("title", re.compile("plain is no Git repository"))
    place(face).select_option(label="in another folder…")
    face.side.get_by_label(f"Folder on {HERE}").fill(str(folder))
    check.check()
    known = face.task_ids()
    face.composer.fill("!say x")
    with refused(face):
        face.side.get_by_role("button", name="Send").click()
        said = face.page.get_by_text(re.compile("no Git repository|not a Git repository|no repository"))
        expect(said.first).to_be_visible(timeout=LIVENESS)
    for task_id in face.task_ids() - known:
        assert face.server.finished(task_id)["state"] == "failed"
    check.uncheck()
    place(face).select_option(label="in a new chat folder")


# Looks.


def test_projects_work_at_240_pixels(face: Face, gate: Path, tmp_path: Path) -> None:
    add(face, repository(tmp_path / "a-repository-with-a-long-name-that-does-not-fit"))
    row(face, "a-repository-with-a-long-name-that-does-not-fit").get_by_role("button", name="Details of").click()
    gate.unlink()
    clone(face, bare(tmp_path / "cloning.git", repository(tmp_path / "work")))
    place(face).select_option(label="in another folder…")
    face.side.get_by_label(f"Folder on {HERE}").fill("")
    with narrow_side(face):
        rows(face).last.scroll_into_view_if_needed()
        face.shot("projects-15-sidebar-240")
        assert too_wide(face) == []
    place(face).select_option(label="in a new chat folder")


def readable(face: Face, gate: Path, tmp_path: Path) -> dict[str, float]:
    add(face, repository(tmp_path / "churn"))
    clone(face, tmp_path / "never.git")
    expect(row(face, "never")).to_have_attribute("data-state", "failed", timeout=LIVENESS)
    gate.unlink()
    clone(face, bare(tmp_path / "slow.git", repository(tmp_path / "work")))
    line = row(face, "churn")
    line.get_by_role("button", name="Details of churn").click()
    main_button(face, "churn").click()
    texts = {
        "name": main_button(face, "churn"),
        "name of one that is not ready": main_button(face, "slow"),
        "facts": line.locator(".wegent-Facts span").first,
        "term": line.locator("dt").first,
        "path": line.locator("dd").first,
        "notice": line.locator(".wegent-Hint"),
        "progress": row(face, "slow").locator(".wegent-Progress span"),
        "reason": row(face, "never").locator(".wegent-Reason"),
        "worktree": face.side.locator(".wegent-Check"),
    }
    found = {what: contrast(text) for what, text in texts.items()}
    steps = new_project(face)
    steps.get_by_role("button", name=f"Browse {HERE}").click()
    expect(steps.get_by_role("option").first).to_be_visible()
    for what, text in {
        "label": steps.get_by_text("Source", exact=True).first,
        "choice": steps.locator(".wegent-Check").first,
        "crumb": steps.locator(".wegent-Crumb").first,
        "folder": steps.get_by_role("option", name="files"),
        "chosen folder": steps.locator('[role="option"][aria-selected="true"]'),
        "hidden folder": steps.locator('[role="option"][data-hidden="true"]').first,
    }.items():
        found[what] = contrast(text)
    return {what: round(ratio, 2) for what, ratio in found.items() if ratio < READABLE}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_projects_can_be_read(face: Face, gate: Path, tmp_path: Path, theme: str) -> None:
    (face.server.home / ".hidden").mkdir(exist_ok=True)
    face.set_theme(theme)
    try:
        assert readable(face, gate, tmp_path) == {}
    finally:
        face.page.keyboard.press("Escape")
        face.page.keyboard.press("Escape")
        face.set_theme(LIGHT)


def test_everything_of_projects_has_a_name_for_screen_readers(face: Face, tmp_path: Path) -> None:
    add(face, repository(tmp_path / "churn"))
    row(face, "churn").get_by_role("button", name="Details of churn").click()
    steps = new_project(face)
    steps.get_by_role("button", name=f"Browse {HERE}").click()
    expect(steps.get_by_role("option").first).to_be_visible()
    nameless = face.page.evaluate(
        """() => [...document.querySelectorAll('#wegent-side, .jp-Dialog')]
            .flatMap(part => [...part.querySelectorAll('button, select, input, progress, [role]')])
            .filter(node => node.checkVisibility() && !node.matches('[role="status"], jp-toolbar'))
            .filter(node => ![node.ariaLabel, node.textContent, node.title, node.labels?.[0]?.textContent]
                .some(name => name?.trim()))
            .map(node => node.outerHTML)"""
    )
    assert nameless == []
    face.page.keyboard.press("Escape")


# All of it, with a real agent.

STORY = """!say I look at the customers first.
!write a.txt two
!write new.txt hello
!say Done"""


@pytest.mark.parametrize("where", [HERE, BOX])
def test_claude_works_in_a_worktree_of_a_clone_and_half_of_it_is_taken_back(
    face: Face, box: Machine, tmp_path: Path, where: str
) -> None:
    source = bare(tmp_path / "customers.git", repository(tmp_path / "work"))
    steps = new_project(face)
    steps.get_by_label("Device", exact=True).click()
    steps.locator(".wegent-Choice").filter(has_text=where).first.click()
    steps.get_by_label("Clone a Git repository").check()
    steps.get_by_label("Address", exact=True).fill(str(source))
    create(face, "customers")
    wait_for(lambda: projects(face)[0]["state"] == "ready", "it is cloned")
    [made] = projects(face)
    device = made["device_id"]
    assert (device == box.device_id) == (where == BOX)
    ready = f"/agents?device_id={device}"
    wait_for(
        lambda: any(one["id"] == "claude" and one["ready"] for one in face.server.get(ready).json()["items"]), ready
    )

    body = {"agent": "claude", "model": "practice", "mode": "edits", "project_id": made["id"]}
    created = face.server.post("/tasks", {**body, "prompt": STORY, "workspace": {"worktree": True}})
    assert created.status_code == 201, created.text
    task = face.open(created.json()["task"]["id"])
    task.is_state("Done")
    expect(task.root.locator(".wegent-Where")).to_have_text("worktree of customers")
    worktree, clone_ = Path(task.record()["workspace"]), Path(made["path"])
    known = sessions(face)
    task.root.get_by_role("button", name="Open a terminal where this task works").click()
    terminal = new_terminal(face, known)
    assert started_in(terminal) == str(worktree)
    terminal.run("cat a.txt new.txt")
    terminal.shows("twohello")
    face.open(task.id)

    expect(card(task)).to_contain_text("2 files changed")
    expect(show(task, "a.txt").locator('[data-change="added"]')).to_contain_text("two")
    both(face, f"16-story-{where.replace(' ', '-')}")
    show(task, "new.txt").get_by_role("button", name="Revert file").click()
    agree(face)
    expect(named(task, "new.txt")).to_contain_text("reverted")
    assert not (worktree / "new.txt").exists()
    assert (worktree / "a.txt").read_text() == "two"

    steps = clean_up(face, task)
    expect(steps.get_by_role("button", name="Remove worktree")).to_be_disabled()
    steps.get_by_role("button", name="Keep it").click()
    named(task, "a.txt").get_by_role("button", name="Revert file").click()
    agree(face)
    expect(named(task, "a.txt")).to_contain_text("reverted")
    clean_up(face, task).get_by_role("button", name="Remove worktree").click()
    expect(dialog(face)).to_have_count(0)
    assert not worktree.exists()
    assert git(clone_, "status", "--porcelain", "--branch") == "## main...origin/main"
    assert (clone_ / "a.txt").read_text() == "one\n"
