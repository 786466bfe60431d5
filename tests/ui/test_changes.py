"""What a turn changed: its diff, the way back, comments; files with a message, `@file`, and documents that are open."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.changes_face import agree, card, files, named, show
from tests.support.face import DARK, LIGHT, Face, Task
from tests.support.lab import lab_server
from tests.support.looks import READABLE, contrast
from tests.support.machine import Machine
from tests.support.narrow import narrow_side, too_wide
from tests.support.server import JupyterServer

pytestmark = pytest.mark.ui


def png(width: int) -> bytes:
    """Return a picture: a square that goes from orange to blue."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + b"".join(bytes((255 - 255 * x // width, 140, 255 * x // width)) for x in range(width))
    header = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(row * width)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    server = lab_server(tmp_path_factory.mktemp("lab"))
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture
def project(lab: JupyterServer, request: pytest.FixtureRequest) -> Path:
    """Make a folder of the test's own that the file browser can show."""
    folder = lab.files / re.sub(r"\W+", "_", request.node.name)[-40:]
    (folder / "src").mkdir(parents=True)
    (folder / "utils.py").write_text("".join(f"line {number}\n" for number in range(1, 41)))
    (folder / "src" / "my notes.txt").write_text("one\n")
    (folder / "old.txt").write_text("old\n")
    (folder / "eda.ipynb").write_text(notebook("import os", "print(1)", "x = 1", "y = 2"))
    return folder


def notebook(*sources: str) -> str:
    """Return a notebook of code cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def run(face: Face, prompt: str, folder: Path, **fields: Any) -> Task:
    """Run a message of the practice agent in a folder and show its task."""
    made = face.server.submit(prompt, workspace={"path": str(folder)}, **fields)
    task = face.open(made["task"]["id"])
    task.is_state("Done")
    return task


def script(folder: Path, name: str, content: str) -> str:
    """Return a step that writes a file; the practice language has one line for it."""
    escaped = content.replace("\n", "\\n")
    return f"!write {folder / name} {escaped}"


def chips(box: Locator) -> Locator:
    return box.get_by_role("list", name="Attached files").locator("li")


def attach(box: Locator, *files: dict[str, Any]) -> None:
    box.locator('input[type="file"]').set_input_files(list(files))  # type: ignore[arg-type]


def text_file(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


# Files of a message.


def test_attached_files_reach_the_agent_and_stay_with_the_message(face: Face, project: Path) -> None:
    box = face.side.locator(".wegent-MessageBox")
    attach(
        box, text_file("hello.txt", "attached words"), {"name": "plot.png", "mimeType": "image/png", "buffer": png(32)}
    )
    expect(chips(box)).to_have_count(2)
    expect(chips(box).nth(0)).to_contain_text("hello.txt")
    expect(chips(box).nth(0)).to_contain_text("14 bytes")
    assert chips(box).nth(1).locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 32
    face.composer.fill(f"!bash cat {face.server.data}/executor/attachments/*/*/hello.txt")
    face.shot("changes-1-attached")
    task = face.send(face.composer.input_value())
    task.is_state("Done")
    expect(task.tools.first).to_contain_text("attached words")
    expect(chips(box)).to_have_count(0)
    sent = task.root.get_by_role("list", name="Files of this message").get_by_role("link")
    expect(sent).to_have_text([re.compile("hello.txt"), re.compile("plot.png")])
    with face.page.expect_download() as download:
        sent.first.click()
    assert download.value.suggested_filename == "hello.txt"
    assert Path(download.value.path()).read_text() == "attached words"


def test_a_file_that_was_not_uploaded_says_why_and_the_text_stays(face: Face) -> None:
    box = face.side.locator(".wegent-MessageBox")
    face.composer.fill("!say typed with care")
    attach(box, {"name": "large.bin", "mimeType": "application/octet-stream", "buffer": bytes((10 << 20) + 1)})
    expect(chips(box).first).to_contain_text("too large")
    expect(box.get_by_role("button", name="Send")).to_be_disabled()
    box.get_by_role("button", name="Remove large.bin").click()
    with face.outage():
        face.page.route("**/wegent/api/attachments?*", lambda route: route.abort())
        attach(box, text_file("a.txt", "a"))
        expect(chips(box).first.get_by_role("alert")).to_contain_text("Not uploaded")
        face.shot("changes-2-not-uploaded")
        face.page.unroute("**/wegent/api/attachments?*")
    box.get_by_role("button", name="Try a.txt again").click()
    expect(chips(box)).to_have_attribute("data-state", "ready")
    expect(face.composer).to_have_value("!say typed with care")
    box.get_by_role("button", name="Remove a.txt").click()
    expect(box.get_by_role("button", name="Send")).to_be_enabled()
    face.composer.fill("")


def test_files_are_pasted_and_dropped_into_a_message(face: Face) -> None:
    box = face.side.locator(".wegent-MessageBox")
    data = face.page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(['dropped'], 'dropped.csv', { type: 'text/csv' }));
            return data;
        }"""
    )
    for event in ("dragover", "drop"):
        face.composer.dispatch_event(event, {"dataTransfer": data})
    expect(chips(box)).to_have_text(re.compile("dropped.csv"))
    face.composer.evaluate(
        """(area, data) => area.dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))""",
        data,
    )
    expect(chips(box)).to_have_count(2)
    for _ in range(2):
        box.get_by_role("button", name="Remove dropped.csv").first.click()
    expect(chips(box)).to_have_count(0)


def test_with_files_the_sidebar_fits_into_240_px(face: Face) -> None:
    box = face.side.locator(".wegent-MessageBox")
    with narrow_side(face):
        attach(box, text_file(f"{'a-long-name-' * 6}.txt", "a"))
        expect(chips(box)).to_have_attribute("data-state", "ready")
        assert too_wide(face) == []
        face.shot("changes-3-narrow")
    box.get_by_role("button", name=re.compile("Remove a-long-name")).click()


# What a turn changed.


def everything(folder: Path) -> str:
    """Return a message after which a file of each kind has changed."""
    lines = [f"line {number}" for number in range(1, 41)]
    lines[19:20] = ["def load(path):", "    return path"]
    cells = notebook("import os", "print(2)", "x = 1", "z = 3")
    return "\n".join(
        (
            f"!write {folder}/utils.py " + "\\n".join(lines) + "\\n",
            f"!write {folder}/new.txt hello\\n",
            f"!write {folder}/eda.ipynb " + cells.replace("\n", " "),
            f"!bash rm {folder}/old.txt && printf 'a\\0b' > {folder}/data.bin",
        )
    )


def test_a_finished_turn_lists_what_it_changed_with_a_diff_of_each(face: Face, project: Path) -> None:
    task = run(face, everything(project), project)
    expect(card(task)).to_contain_text("5 files changed")
    expect(files(task)).to_have_count(5)
    expect(named(task, "new.txt")).to_contain_text("new")
    expect(named(task, "new.txt")).to_contain_text("+1")
    expect(named(task, "old.txt")).to_contain_text("deleted")
    expect(named(task, "utils.py")).to_contain_text("+2 −1")

    text = show(task, "utils.py").locator(".wegent-Lines")
    expect(text.locator('[data-change="removed"] code')).to_have_text("line 20")
    expect(text.locator('[data-change="added"] code')).to_have_text(["def load(path):", "    return path"])
    expect(text.locator('[data-change="added"] .wegent-Gutter').first).to_have_text("20")
    gap = text.locator(".wegent-DiffGap").first
    expect(gap).to_have_text("⋯ 16 unchanged lines")
    face.shot("changes-4-diff")
    gap.click()
    expect(text.locator("code").first).to_have_text("line 1")

    expect(show(task, "data.bin")).to_contain_text("not text")
    expect(show(task, "old.txt").locator('[data-change="removed"] code')).to_have_text("old")
    cells = show(task, "eda.ipynb").locator(".wegent-Cell")
    expect(cells).to_have_count(2)
    expect(cells.first).to_contain_text("Code cell")
    expect(cells.first.locator('[data-change="added"] code')).to_have_text("print(2)")
    expect(named(task, "eda.ipynb").get_by_role("button", name="1 unchanged cell")).to_have_count(2)
    named(task, "eda.ipynb").scroll_into_view_if_needed()
    face.shot("changes-5-notebook")


def test_half_of_a_turn_is_reverted_and_what_was_changed_since_is_not(face: Face, project: Path) -> None:
    before = (project / "eda.ipynb").read_text()
    task = run(face, everything(project), project)
    show(task, "eda.ipynb").get_by_role("button", name="Revert file").click()
    assert "1 file gets its content from before this message back." in agree(face)
    expect(named(task, "eda.ipynb").locator(".wegent-Tag")).to_have_text("reverted")
    assert (project / "eda.ipynb").read_text() == before
    show(task, "new.txt").get_by_role("button", name="Revert file").click()
    assert "1 new file is deleted." in agree(face)
    expect(named(task, "new.txt")).to_contain_text("reverted")
    assert not (project / "new.txt").exists()
    assert (project / "utils.py").read_text().count("def load") == 1

    (project / "utils.py").write_text("a person's own\n")
    with face.outage():  # the browser logs the refusal
        card(task).get_by_role("button", name="Revert all").click()
        agree(face)
        expect(card(task).locator(".wegent-Problem")).to_contain_text("utils.py")
    expect(named(task, "utils.py").locator(".wegent-Tag")).to_have_text("changed since")
    face.shot("changes-6-refused")
    assert (project / "utils.py").read_text() == "a person's own\n"
    assert not (project / "old.txt").exists()  # all or nothing

    show(task, "old.txt").get_by_role("button", name="Revert file").click()
    assert "1 deleted file comes back." in agree(face)
    expect(named(task, "old.txt")).to_contain_text("reverted")
    assert (project / "old.txt").read_text() == "old\n"


def test_a_whole_turn_is_reverted_only_after_a_yes(face: Face, project: Path) -> None:
    task = run(face, everything(project), project)
    whole = card(task).get_by_role("button", name="Revert all")
    whole.click()
    said = agree(face, "Cancel")
    assert "2 new files are deleted." in said
    assert (project / "new.txt").exists()
    whole.click()
    agree(face)
    expect(card(task)).to_contain_text("All of it was reverted.")
    expect(whole).to_have_count(0)
    assert sorted(path.name for path in project.iterdir()) == ["eda.ipynb", "old.txt", "src", "utils.py"]
    assert "def load" not in (project / "utils.py").read_text()


def test_a_later_message_makes_its_own_card_and_the_earlier_says_what_changed_since(face: Face, project: Path) -> None:
    task = run(face, f"!write {project}/a.txt one\\n", project)
    task.reply.fill(f"!write {project}/a.txt two\\n")
    task.reply.press("Enter")
    expect(task.root.get_by_role("region", name="Changed files")).to_have_count(2)
    task.is_state("Done")
    first = task.root.get_by_role("region", name="Changed files").first
    expect(first.locator(".wegent-Tag")).to_have_text("changed since")
    expect(show(task, "a.txt").locator('[data-change="added"] code')).to_have_text("two")


def test_a_turn_that_changed_nothing_has_no_card(face: Face, project: Path) -> None:
    task = run(face, "!say nothing to see", project)
    expect(task.root.locator('.wegent-Item[data-kind="changes"]')).to_have_count(0)


# Comments.


def gutter(task: Task, path: str, text: str) -> Locator:
    """Return what starts a comment on a line."""
    line = named(task, path).locator(".wegent-DiffLine").filter(has=task.face.page.get_by_text(text, exact=True))
    return line.locator(".wegent-Gutter")


def test_a_comment_on_a_line_is_sent_with_file_line_and_quote(face: Face, project: Path) -> None:
    task = run(face, everything(project), project)
    show(task, "utils.py")
    gutter(task, "utils.py", "def load(path):").click()
    editor = card(task).get_by_role("textbox", name="Comment")
    expect(editor).to_be_focused()
    editor.fill("!say I understand")
    face.shot("changes-7-comment")
    card(task).get_by_role("button", name="Send to the agent").click()
    expect(task.turns).to_have_count(2)
    task.is_state("Done")
    task.says("I understand")
    prompt = task.record()["turn_list"][-1]["prompt"]
    assert prompt == "`utils.py`, line 20:\n> def load(path):\n\n!say I understand"
    expect(editor).to_have_count(0)


def test_comments_are_collected_by_keyboard_and_go_with_the_reply(face: Face, project: Path) -> None:
    task = run(face, everything(project), project)
    show(task, "utils.py")
    page = face.page
    gutter(task, "utils.py", "line 19").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("Why is it gone?")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Add to the reply
    expect(gutter(task, "utils.py", "line 20")).to_be_focused()
    cell = show(task, "eda.ipynb").locator(".wegent-Gutter").nth(1)
    cell.click()
    page.keyboard.type("And this?")
    card(task).get_by_role("button", name="Add to the reply").click()
    pending = task.root.get_by_role("region", name="Comments to send")
    expect(pending.locator("li")).to_have_count(2)
    face.shot("changes-8-pending")
    cell.click()
    page.keyboard.type("Not this one")
    card(task).get_by_role("button", name="Add to the reply").click()
    pending.locator("li").nth(2).get_by_role("button").click()
    expect(pending.locator("li")).to_have_count(2)
    task.reply.fill("!say both answered")
    task.reply.press("Enter")
    task.says("both answered")
    expect(pending).to_have_count(0)
    prompt = task.record()["turn_list"][-1]["prompt"]
    assert prompt == (
        "!say both answered\n\n`utils.py`, removed line 20:\n> line 20\n\nWhy is it gone?\n\n"
        "`eda.ipynb`, line 1 of the cell that begins with `print(2)`:\n> print(2)\n\nAnd this?"
    )


# `@file`.


def test_a_file_of_the_workspace_is_completed_by_keyboard(face: Face, project: Path) -> None:
    task = run(face, "!say hello", project)
    page = face.page
    task.reply.click()
    page.keyboard.type("Look at @util")
    options = page.get_by_role("listbox", name="Files").get_by_role("option")
    expect(options.first).to_have_text("utils.py")
    face.shot("changes-9-files")
    page.keyboard.press("Enter")
    expect(task.reply).to_have_value("Look at @utils.py ")
    expect(options).to_have_count(0)
    page.keyboard.type("and @not")
    expect(options).to_have_text([re.compile("my notes.txt")])
    expect(task.reply).to_have_attribute("aria-activedescendant", re.compile(".+"))
    page.keyboard.press("Tab")
    expect(task.reply).to_have_value('Look at @utils.py and @"src/my notes.txt" ')
    page.keyboard.type("@util")
    expect(options).to_have_count(1)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(task.reply).to_have_value('Look at @utils.py and @"src/my notes.txt" @util')
    expect(task.turns).to_have_count(1)
    page.keyboard.press("Enter")  # now it sends
    expect(task.turns).to_have_count(2)


def test_the_composer_completes_files_of_the_folder_that_is_chosen(face: Face, project: Path) -> None:
    page = face.page
    face.execute("filebrowser:open-path", path=str(project.relative_to(face.server.files)))
    place = face.side.get_by_label("Workspace")
    expect(place.locator("option").first).to_contain_text(project.name)
    expect(page.locator("#filebrowser")).to_be_visible()  # the command shows it, too
    face.show_side()
    place.select_option(index=0)
    face.composer.click()
    page.keyboard.type("@notes")
    option = page.get_by_role("option", name=re.compile("my notes.txt"))
    option.click()
    expect(face.composer).to_have_value('@"src/my notes.txt" ')
    expect(face.composer).to_be_focused()
    face.composer.fill("")


# Documents that are open.


def open_document(face: Face, path: Path) -> Locator:
    """Open a file in JupyterLab, and return its text."""
    face.execute("docmanager:open", path=str(path.relative_to(face.server.files)))
    shown = face.page.locator(".jp-Document:has(.cm-content):not(.lm-mod-hidden)")
    expect(shown).to_be_visible()
    return shown.locator(".cm-content").first


@pytest.fixture
def no_documents(face: Face) -> Iterator[None]:
    """Close the documents that a test opened, saved or not."""
    yield
    face.page.evaluate(
        """() => { for (const tab of [...window.jupyterapp.shell.widgets('main')]) {
            if (tab.context) { tab.context.model.dirty = false; tab.dispose(); }
        } }"""
    )


@pytest.mark.usefixtures("no_documents")
def test_an_open_document_without_changes_shows_at_once_what_the_agent_wrote(face: Face, project: Path) -> None:
    text = open_document(face, project / "old.txt")
    expect(text).to_have_text("old")
    face.server.submit(f"!write {project}/old.txt written by the agent", workspace={"path": str(project)})
    expect(text).to_have_text("written by the agent")
    expect(face.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)


@pytest.mark.usefixtures("no_documents")
def test_a_changed_file_is_opened_from_its_card_and_follows_what_is_reverted(face: Face, project: Path) -> None:
    task = run(face, f"!write {project}/old.txt written by the agent", project)
    show(task, "old.txt").get_by_role("button", name="Open file").click()
    text = face.page.locator(".jp-FileEditor .cm-content")
    expect(text).to_have_text("written by the agent")
    task.tab().click()
    card(task).get_by_role("button", name="Revert", exact=True).click()
    agree(face)
    expect(card(task)).to_contain_text("All of it was reverted.")
    face.page.get_by_role("tab", name="old.txt").click()
    expect(text).to_have_text("old")


@pytest.mark.usefixtures("no_documents")
def test_an_open_notebook_without_changes_shows_the_cells_that_the_agent_wrote(face: Face, project: Path) -> None:
    path = str((project / "eda.ipynb").relative_to(face.server.files))
    face.execute("docmanager:open", path=path, kernelPreference={"canStart": False, "shouldStart": False})
    cells = face.page.locator(".jp-Notebook .jp-CodeCell .cm-content")
    expect(cells).to_have_text(["import os", "print(1)", "x = 1", "y = 2"])
    face.server.submit(everything(project), workspace={"path": str(project)})
    expect(cells).to_have_text(["import os", "print(2)", "x = 1", "z = 3"])


@pytest.mark.usefixtures("no_documents")
def test_of_an_open_document_with_changes_the_user_is_asked(face: Face, project: Path) -> None:
    text = open_document(face, project / "old.txt")
    text.click()
    face.page.keyboard.type("mine ")
    made = face.server.submit(f"!write {project}/old.txt theirs", workspace={"path": str(project)})
    question = face.page.locator(".Toastify__toast").filter(has_text="old.txt was changed by an agent")
    expect(question).to_be_visible()
    expect(text).to_contain_text("mine")
    face.shot("changes-10-asked")
    question.get_by_role("button", name="View diff").click()
    task = face.task(made["task"]["id"])
    expect(named(task, "old.txt").locator('[data-change="added"] code')).to_have_text("theirs")
    expect(question).to_be_visible()
    question.get_by_role("button", name="Take theirs").click()
    expect(question).to_have_count(0)
    face.page.get_by_role("tab", name="old.txt").click()
    expect(text).to_have_text("theirs")


@pytest.mark.usefixtures("no_documents")
def test_who_keeps_their_own_changes_is_not_asked_again_about_that_turn(face: Face, project: Path) -> None:
    text = open_document(face, project / "old.txt")
    text.click()
    face.page.keyboard.type("mine ")
    made = face.server.submit(f"!write {project}/old.txt theirs", workspace={"path": str(project)})
    question = face.page.locator(".Toastify__toast").filter(has_text="old.txt was changed by an agent")
    question.get_by_role("button", name="Keep mine").click()
    expect(question).to_have_count(0)
    face.open(made["task"]["id"]).is_state("Done")  # its history is replayed
    expect(card(face.task(made["task"]["id"]))).to_be_visible()
    expect(question).to_have_count(0)
    assert (project / "old.txt").read_text() == "theirs"


@pytest.mark.usefixtures("no_documents")
def test_an_open_document_that_the_agent_deleted_stays_and_says_so(face: Face, project: Path) -> None:
    text = open_document(face, project / "old.txt")
    expect(text).to_have_text("old")
    face.server.submit(f"!bash rm {project}/old.txt", workspace={"path": str(project)})
    toast = face.page.locator(".Toastify__toast").filter(has_text="old.txt was deleted by an agent")
    expect(toast).to_be_visible()
    expect(text).to_have_text("old")
    face.execute("application:close")
    expect(toast).to_have_count(0)


# Looks, other devices, outputs of cells.


@pytest.fixture
def box(lab: JupyterServer, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "gpu-box", lab)
    try:
        yield machine.start()
    finally:
        machine.kill()


def test_while_the_device_is_away_its_files_are_listed_and_it_is_said_what_to_do(face: Face, box: Machine) -> None:
    task = face.open(box.submit(f"!write {box.files}/far.txt hello"))
    task.is_state("Done")
    expect(show(task, "far.txt").locator("code")).to_have_text("hello")
    box.stop()
    expect(card(task)).to_contain_text("gpu-box is offline, and the files are there: start it")
    expect(named(task, "far.txt")).to_be_visible()
    expect(card(task).get_by_role("button", name="Revert file")).to_be_disabled()
    box.start()
    expect(card(task).get_by_role("button", name="Revert file")).to_be_enabled()
    expect(named(task, "far.txt").locator("code")).to_have_text("hello")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_all_of_it_can_be_read_in_both_themes(face: Face, project: Path, theme: str) -> None:
    face.set_theme(theme)
    task = run(face, everything(project), project)
    text, root = show(task, "utils.py"), task.root
    gutter(task, "utils.py", "def load(path):").click()
    face.page.keyboard.type("Say what it returns")
    card(task).get_by_role("button", name="Add to the reply").click()
    attach(root.locator(".wegent-Reply"), text_file("a.txt", "a"))
    expect(chips(root.locator(".wegent-Reply"))).to_have_attribute("data-state", "ready")
    show(task, "new.txt").get_by_role("button", name="Revert file").click()
    agree(face)
    expect(named(task, "new.txt").locator(".wegent-Tag")).to_be_visible()
    for shown in (
        card(task).locator("> .wegent-Disclosure .wegent-Title"),
        card(task).locator("> .wegent-Disclosure > span").last,
        named(task, "utils.py").locator(".wegent-Path"),
        named(task, "utils.py").locator(".wegent-Counts"),
        named(task, "old.txt").locator(".wegent-Small").first,
        named(task, "new.txt").locator(".wegent-Path"),
        named(task, "new.txt").locator(".wegent-Tag"),
        text.locator(".wegent-DiffGap").first,
        text.locator('[data-change="added"] code').first,
        text.locator('[data-change="removed"] code'),
        text.locator('[data-change="added"] .wegent-Gutter > span').last,
        text.locator('[data-change="removed"] .wegent-Gutter > span').first,
        root.locator(".wegent-PendingText > .wegent-Small"),
        root.locator(".wegent-Chip .wegent-Small"),
    ):
        shown.scroll_into_view_if_needed()
        assert contrast(shown) >= READABLE, shown
    task.reply.click()
    face.page.keyboard.type("Look at @tx")
    option = face.page.get_by_role("listbox", name="Files").get_by_role("option").filter(has_text="src")
    expect(option).to_be_visible()
    face.page.keyboard.press("ArrowUp")
    expect(option).to_have_attribute("aria-selected", "true")
    assert contrast(option.locator(".wegent-Folder")) >= READABLE
    named(task, "utils.py").scroll_into_view_if_needed()
    face.shot(f"changes-11-{'dark' if theme == DARK else 'light'}")
    face.page.keyboard.press("Escape")
    task.reply.fill("!say ok")
    task.reply.press("Enter")
    task.says("ok")
    face.set_theme(LIGHT)


@pytest.mark.usefixtures("no_documents")
def test_the_output_of_a_cell_goes_with_a_message(face: Face, project: Path) -> None:
    outputs: list[dict[str, Any]] = [
        {"output_type": "stream", "name": "stdout", "text": "a table\n"},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(png(64)).decode()}, "metadata": {}},
    ]
    content = json.loads(notebook("plot()"))
    content["cells"][0] |= {"outputs": outputs, "execution_count": 3}
    (project / "plot.ipynb").write_text(json.dumps(content))
    path = str((project / "plot.ipynb").relative_to(face.server.files))
    face.execute("docmanager:open", path=path, kernelPreference={"canStart": False, "shouldStart": False})
    page = face.page
    page.locator(".jp-Notebook .jp-OutputArea-output").first.click(button="right")
    page.locator(".lm-Menu-item").filter(has_text="Attach Output to a Message").click()
    box = face.side.locator(".wegent-MessageBox")
    expect(chips(box)).to_have_text([re.compile("plot-3.png"), re.compile("plot-3.txt")])
    expect(face.composer).to_be_focused()
    face.shot("changes-12-output")
    for name in ("plot-3.png", "plot-3.txt"):
        box.get_by_role("button", name=f"Remove {name}").click()


def test_a_file_of_the_file_browser_is_dragged_into_a_message(face: Face, project: Path) -> None:
    page = face.page
    task = run(face, "!say hello", project)
    face.execute("filebrowser:open-path", path=str(project.relative_to(face.server.files)))
    row = page.locator(".jp-DirListing-item", has_text="utils.py")
    row.hover()
    page.mouse.down()
    target = task.reply.bounding_box()
    assert target is not None
    page.mouse.move(target["x"] + 40, target["y"] + 10, steps=10)
    page.mouse.up()
    expect(chips(task.root.locator(".wegent-Reply"))).to_have_text(re.compile("utils.py"))
    task.root.get_by_role("button", name="Remove utils.py").click()
    face.show_side()
