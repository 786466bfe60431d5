"""Agents are asked about cells, and code of their answers comes into notebooks, in JupyterLab and in Notebook 7."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.support.cells_face import (
    BROKEN,
    PLOT,
    TOTAL,
    Notebook,
    analysis,
    answered,
    button,
    card_output,
    chips,
    code_of,
    error,
    write_notebook,
)
from tests.support.face import DARK, LIGHT, Face
from tests.support.lab import lab_server
from tests.support.server import JupyterServer

pytestmark = pytest.mark.ui

INTRO = "# Sums"
FIXED = "mean = total / 2"
CLASSIC = "sums/analysis.ipynb"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab and, on the same server, Notebook 7."""
    options = ["--JupyterNotebookApp.expose_app_in_browser=True"]
    server = lab_server(tmp_path_factory.mktemp("lab"), options=options)
    write_notebook(server.files / CLASSIC, analysis())
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture
def notebook(face: Face, lab: JupyterServer, request: pytest.FixtureRequest) -> Notebook:
    """Open a notebook of the test's own, and nothing else."""
    face.page.evaluate("() => { for (const one of [...window.jupyterapp.shell.widgets('main')]) { one.dispose(); } }")
    name = request.node.name.removeprefix("test_")[:12] + ".ipynb"
    write_notebook(lab.files / name, analysis())
    face.show_side()
    return Notebook.open(face, name)


def test_a_cell_goes_with_a_message_only_once_it_is_sent(notebook: Notebook, face: Face) -> None:
    known = face.task_ids()
    button(notebook.choose(PLOT), "Ask an agent").click()
    expect(chips(face.side)).to_have_count(1)
    expect(chips(face.side, "Attached files")).to_contain_text([".png"])
    button(notebook.choose(TOTAL), "Ask an agent").click()
    expect(chips(face.side)).to_contain_text(["In [4]", "In [2]", "Output of In [2]"])
    expect(face.composer).to_be_focused()
    expect(face.side.get_by_role("button", name="Send")).to_be_disabled()
    face.shot("cells-1-chips")
    chips(face.side).nth(1).get_by_role("button").first.click()
    expect(face.side.get_by_role("region", name="In [2]")).to_have_text(TOTAL)
    face.side.get_by_role("button", name="Remove In [4]").click()
    assert face.task_ids() == known
    task = answered(face, "Yes")
    (turn,) = task.record()["turn_list"]
    assert [(one["kind"], one["text"]) for one in turn["context"]] == [("cell", TOTAL), ("output", "7\n")]
    assert len(turn["attachments"]) == 1
    expect(chips(face.side)).to_have_count(0)
    expect(chips(task.root, "Sent with this message")).to_contain_text(["In [2]", "Output of In [2]"])
    task.root.get_by_role("button", name="Output of In [2]").click()
    expect(task.root.get_by_role("region", name="Output of In [2]")).to_have_text("7")


def test_the_menu_is_for_the_cell_under_the_mouse(notebook: Notebook, face: Face) -> None:
    expect(button(notebook.choose(TOTAL), "Ask an agent")).to_be_visible()
    expect(button(notebook.choose(TOTAL), "Let an agent fix")).to_be_hidden()
    menu = notebook.context_menu(PLOT)
    expect(menu.get_by_text("Fix This Error")).to_be_hidden()
    face.page.keyboard.press("Escape")
    notebook.context_menu(BROKEN).get_by_text("Fix This Error").click()
    expect(chips(face.side)).to_contain_text(["In [3]", "ZeroDivisionError"])
    expect(face.composer).to_have_value(re.compile("^Fix this error"))
    face.shot("cells-2-error")


def test_an_error_that_comes_and_goes_brings_its_button_along(notebook: Notebook, face: Face) -> None:
    toolbar = notebook.choose(BROKEN)
    expect(button(toolbar, "Let an agent fix")).to_be_visible()
    notebook.set_outputs(BROKEN, [])
    expect(button(toolbar, "Let an agent fix")).to_be_hidden()
    notebook.set_outputs(BROKEN, [error("ValueError", "no\x1b]0;\x07 <b>bold</b>\u202e", ["<img src=x>\u202e"] * 9000)])
    button(toolbar, "Let an agent fix").click()
    chip = chips(face.side).last
    expect(chip).to_contain_text("ValueError")
    expect(chip).to_contain_text("16,000 of")
    expect(chip).to_contain_text("<b>bold</b>⟨U+202E⟩")
    chip.get_by_role("button").first.click()
    expect(face.side.get_by_role("region", name="ValueError")).to_contain_text("<img src=x>⟨U+202E⟩")
    task = answered(face, "Yes")
    sent = task.record()["turn_list"][0]["context"][-1]["text"]
    assert len(sent) <= 16_000
    assert "characters are left out" in sent


def test_code_replaces_the_cell_that_was_sent_only_as_shown_and_can_be_undone(notebook: Notebook, face: Face) -> None:
    button(notebook.choose(BROKEN), "Let an agent fix").click()
    expect(chips(face.side)).to_have_count(2)
    task = answered(face, "So:", "```python", FIXED, "```")
    face.shot("cells-3-answer")
    dialog = face.page.locator(".jp-Dialog")
    replace = code_of(task).get_by_role("button", name="Replace the cell")
    replace.click()
    expect(dialog.locator('[data-change="removed"]')).to_contain_text(BROKEN)
    expect(dialog.locator('[data-change="added"]')).to_contain_text(FIXED)
    for theme, name in ((DARK, "dark"), (LIGHT, "light")):
        face.set_theme(theme)
        face.shot(f"cells-4-replace-{name}")
    # Somebody else is at work in the cell: what was agreed to is shown again.
    notebook.type_into(BROKEN, BROKEN + "  # mine")
    dialog.get_by_role("button", name="Replace").click()
    expect(dialog).to_contain_text("changed meanwhile")
    expect(dialog.locator('[data-change="removed"]')).to_contain_text("# mine")
    dialog.get_by_role("button", name="Cancel").click()
    notebook.has(INTRO, TOTAL, BROKEN + "  # mine", PLOT)
    face.open(task.id)
    replace.click()
    expect(dialog).to_contain_text("changed meanwhile")  # since it was sent
    dialog.get_by_role("button", name="Replace").click()
    notebook.has(INTRO, TOTAL, FIXED, PLOT)
    assert notebook.active() == FIXED
    face.page.keyboard.press("Control+z")
    notebook.has(INTRO, TOTAL, BROKEN + "  # mine", PLOT)


def test_code_goes_below_the_cell_that_was_sent_its_notebook_opened_for_that(notebook: Notebook, face: Face) -> None:
    button(notebook.choose(TOTAL), "Ask an agent").click()
    expect(chips(face.side)).to_have_count(2)
    fence = "```"
    task = answered(face, f"{fence}python", FIXED, fence, f"{fence}bash", "ls", fence, f"{fence}text", "no code", fence)
    expect(code_of(task)).to_have_count(2)
    notebook.close()
    code_of(task).nth(1).get_by_role("button", name="Insert ls below").click()
    notebook.has(INTRO, TOTAL, "%%bash\nls", BROKEN, PLOT)
    notebook.rename("renamed.ipynb")
    face.open(task.id)
    with face.outage():  # the browser logs that the old name is not found
        insert, dialog = code_of(task).nth(0).get_by_role("button", name="Insert"), face.page.locator(".jp-Dialog")
        insert.click()  # a copy has cells of the same ids: not without a question
        expect(dialog).to_contain_text("Insert the code into renamed.ipynb")
        dialog.get_by_role("button", name="Cancel").click()
        notebook.has(INTRO, TOTAL, "%%bash\nls", BROKEN, PLOT)
        insert.click()
        dialog.get_by_role("button", name="Insert").click()
        notebook.has(INTRO, TOTAL, FIXED, "%%bash\nls", BROKEN, PLOT)
    face.shot("cells-5-inserted")
    face.execute("notebook:undo-cell-action")
    notebook.has(INTRO, TOTAL, "%%bash\nls", BROKEN, PLOT)


def test_only_code_that_is_seen_is_offered_and_all_of_a_change_is_shown(notebook: Notebook, face: Face) -> None:
    button(notebook.choose(BROKEN), "Let an agent fix").click()
    seen = f"y = 2{' ' * 300}; import os  # \u3164"
    wrapped = (
        ("<!--", "-->"),
        ("<!-- > --!>", "-->"),
        ('<ul class="lm-mod-hidden"><li>', "</li></ul>"),
        ('<pre><code>a<span class="lm-mod-hidden">', "</span></code></pre>"),
        ("<details>", "</details>"),
    )
    lines = ["```python", seen, "```", "```bash", "ls", "```"]
    for number, (before, after) in enumerate(wrapped):
        lines += [before, "```python", f"evil({number})", "```", after]
    task = answered(face, *lines)
    expect(code_of(task)).to_contain_text(["y = 2 ; import os # ⟨U+3164⟩1 line", "ls1 line"])
    expect(code_of(task)).to_have_count(2)
    face.shot("cells-8-offered")
    with face.outage():  # the browser logs that the old name is not found
        notebook.rename("sums\u202egnp.ipynb")
        code_of(task).first.get_by_role("button", name="Replace the cell").click()
        dialog = face.page.locator(".jp-Dialog")
        expect(dialog.locator(".wegent-Path")).to_contain_text("sums⟨U+202E⟩gnp.ipynb")
        diff = dialog.locator(".wegent-Diff pre")
        expect(diff).to_contain_text("import os  # ⟨U+3164⟩")
        assert diff.evaluate("node => node.scrollWidth <= node.clientWidth"), "nothing is beside the visible part"
        face.shot("cells-9-all-of-it")
        dialog.get_by_role("button", name="Cancel").click()


def test_buttons_follow_a_notebook_that_is_opened_after_others_were_closed(
    notebook: Notebook, face: Face, lab: JupyterServer
) -> None:
    for name in ("behind.ipynb", "next.ipynb"):
        write_notebook(lab.files / name, analysis())
    notebook.choose(TOTAL)
    face.execute("docmanager:open", path="behind.ipynb", options={"activate": False})
    face.page.wait_for_function(
        """() => [...window.jupyterapp.shell.widgets('main')].some(
            one => one.context?.path === 'behind.ipynb' && one.content.activeCell)"""
    )
    face.page.evaluate(
        """() => {
            const open = [...window.jupyterapp.shell.widgets('main')].filter(one => one.context);
            const behind = open.find(one => one.context.path === 'behind.ipynb');
            open.find(one => one !== behind).dispose();
            behind.dispose();
        }"""
    )
    opened = Notebook.open(face, "next.ipynb")
    toolbar = opened.choose(TOTAL)
    expect(button(toolbar, "Let an agent fix")).to_be_hidden()
    opened.set_outputs(TOTAL, [error("ValueError", "no", ["no"])])
    expect(button(toolbar, "Let an agent fix")).to_be_visible()


def test_nothing_is_changed_where_the_cell_is_gone_or_may_not_be_edited(notebook: Notebook, face: Face) -> None:
    button(notebook.choose(BROKEN), "Let an agent fix").click()
    task = answered(face, "```python", FIXED, "```")
    offered, dialog = code_of(task), face.page.locator(".jp-Dialog")
    notebook.set_metadata(BROKEN, editable=False)
    offered.get_by_role("button", name="Replace the cell").click()
    expect(offered.get_by_role("alert")).to_contain_text("may not be edited")
    notebook.delete(BROKEN)
    offered.get_by_role("button", name="Replace the cell").click()
    expect(dialog).to_contain_text("The cell is not in nothing_is_c.ipynb any more")
    dialog.get_by_role("button", name="Cancel").click()
    notebook.has(INTRO, TOTAL, PLOT)
    notebook.set_read_only()
    offered.get_by_role("button", name="Insert").click()
    dialog.get_by_role("button", name="Insert").click()
    expect(offered.get_by_role("alert")).to_contain_text("can only be read here")
    notebook.has(INTRO, TOTAL, PLOT)


def test_in_notebook_7_an_error_is_fixed_and_asked_about_beside_the_cells(
    open_face: Callable[..., Face], lab: JupyterServer
) -> None:
    face = open_face(f"notebooks/{CLASSIC}")
    notebook = Notebook(face).ready(CLASSIC)
    button(notebook.choose(BROKEN), "Let an agent fix").click()
    expect(chips(face.side)).to_contain_text(["In [3]", "ZeroDivisionError"])
    task = answered(face, "```python", FIXED, "```")
    code_of(task).get_by_role("button", name="Insert").click()
    notebook.has(INTRO, TOTAL, BROKEN, FIXED, PLOT)
    code_of(task).get_by_role("button", name="Replace the cell").click()
    face.shot("cells-6-notebook")
    face.page.locator(".jp-Dialog").get_by_role("button", name="Replace").click()
    notebook.has(INTRO, TOTAL, FIXED, FIXED, PLOT)
    # What was written in last, and is in sight, takes the next cell.
    task.reply.click()
    button(notebook.choose(TOTAL), "Ask an agent").click()
    expect(chips(task.root)).to_contain_text(["In [2]", "Output of In [2]"])
    task.reply.fill("!say Again")
    task.root.get_by_role("button", name="Send").click()
    expect(chips(task.root, "Sent with this message")).to_have_count(4)
    expect(chips(task.root)).to_have_count(0)


def test_beside_notebook_7s_files_code_is_not_lost_with_the_tab_that_opens(
    open_face: Callable[..., Face], lab: JupyterServer
) -> None:
    cell = {"path": CLASSIC, "cell_id": "total"}
    item = {"name": "In [2]", "kind": "cell", "detail": "", "text": TOTAL, "cell": cell}
    made = lab.submit("!say ```python\n!say x = 1\n!say ```", context=[item])["task"]["id"]
    face = open_face("tree")
    task = face.open(made)
    task.is_state("Done")
    insert = code_of(task).get_by_role("button", name="Insert")
    with face.page.context.expect_page() as opened:
        insert.click()
    expect(code_of(task).get_by_role("alert")).to_contain_text("opens in a tab of its own")
    assert opened.value.url.endswith(f"/notebooks/{CLASSIC}")
    opened.value.close()


def test_code_of_a_task_card_goes_below_the_cards_cell(notebook: Notebook, face: Face, lab: JupyterServer) -> None:
    made = lab.submit("!say ```python\n!say x = 1\n!say ```")["task"]["id"]
    lab.finished(made)
    notebook.set_outputs(TOTAL, [card_output(lab, made)])
    offered = notebook.root.get_by_role("list", name="Code of this answer").get_by_role("listitem")
    notebook.choose(PLOT)
    expect(offered.get_by_role("button")).to_have_count(1)  # the task is about no cell that could be replaced
    offered.get_by_role("button", name="Insert").click()
    notebook.has(INTRO, TOTAL, "x = 1", BROKEN, PLOT)
    face.shot("cells-7-card")
    assert notebook.active() == "x = 1"
