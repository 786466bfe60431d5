"""Task cards in notebooks, most of them untrusted and without a kernel: live where the task is, else a saved copy."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Dialog, Request, expect

from tests.support.cards import CARD, Card, card, open_notebook, without_kernel, write_code, write_notebook
from tests.support.face import DARK, LIGHT, LIVENESS, PRACTICE, Face
from tests.support.lab import lab_server
from tests.support.looks import READABLE, contrast
from tests.support.server import TOKEN, JupyterServer, wait_for

pytestmark = pytest.mark.ui

NOTICE = "A public demo: <b>do not paste keys here</b>."
WAITS = "!slow 20 0.05\n!bash until [ -e go ]; do sleep 0.1; done\n!say The **end**"
"""It streams, then waits until somebody makes the file `go` in its folder."""
HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>[click](javascript:alert(3)) ![](http://evil.invalid/i.png)"
)

NARROW = "node => { node.closest('.wegent-Card').style.width = '240px'; }"
TO_SIGHT = "node => { node.scrollIntoView(); return node.querySelector('.wegent-Card').dataset.kind; }"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab and, on the same server, Notebook 7."""
    options = ["--JupyterNotebookApp.expose_app_in_browser=True", f"--WegentApp.notice={NOTICE}"]
    server = lab_server(tmp_path_factory.mktemp("lab"), options=options)
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture
def face(face: Face) -> Iterator[Face]:
    """Give the module's page; afterwards no notebook is open."""
    yield face
    close_notebooks(face)


def close_notebooks(face: Face) -> None:
    """Close every notebook without saving it."""
    face.page.evaluate(
        """() => { for (const tab of [...window.jupyterapp.shell.widgets('main')]) {
            if (tab.hasClass('jp-NotebookPanel')) { tab.context.model.dirty = false; tab.dispose(); }
        } }"""
    )


@pytest.fixture
def asked(first_face: Face) -> Iterator[list[str]]:
    """Collect what the page asks of our routes beside its own start: method and path."""
    found: list[str] = []

    def note(request: Request) -> None:
        if "/wegent/api/" in request.url:
            found.append(f"{request.method} {request.url.split('/wegent/api')[1].split('?')[0]}")

    first_face.page.on("request", note)
    yield found
    first_face.page.remove_listener("request", note)


def submit(server: JupyterServer, prompt: str, **fields: Any) -> int:
    """Make a task; return its id."""
    task_id: int = server.submit(prompt, **fields)["task"]["id"]
    return task_id


def let_go(server: JupyterServer, task_id: int) -> None:
    """Let a task that waits come to its end."""
    workspace = wait_for(lambda: server.get(f"/tasks/{task_id}").json()["workspace"], "the folder is made")
    (Path(workspace) / "go").touch()


def kernel_is_idle(server: JupyterServer) -> bool:
    """Say whether a kernel is ready."""
    headers = {"Authorization": f"token {TOKEN}"}
    answer = httpx.get(f"{server.url}api/kernels", headers=headers, trust_env=False, timeout=30)
    return any(one["execution_state"] == "idle" for one in answer.json())


def test_a_card_is_live_and_its_buttons_work_without_a_kernel(face: Face, lab: JupyterServer, asked: list[str]) -> None:
    asks = submit(lab, "!say I write a file.\n!write hello.txt hi", mode="ask", title="Ask me first")
    runs = submit(lab, WAITS, title="Stop me")
    lab.asked(asks)
    texts = face.watch_texts(".wegent-TaskCard")
    notebook = open_notebook(face, write_notebook(lab, "live.ipynb", card(lab, asks), card(lab, runs)))
    first, second = Card(notebook), Card(notebook, 1)
    for one in (first, second):
        one.is_live()
        expect(one.root.locator(".wegent-CardHeader .wegent-Practice")).to_have_text(PRACTICE)
    first.is_state("Waiting for you")
    # The notebook calls both of them "Saved title".
    expect(notebook.get_by_role("group", name="Task: Ask me first", exact=True)).to_be_visible()
    expect(second.messages.last).to_contain_text("20")
    assert all("Saved title" in text or "Stop me" in text for text in texts()), "the card is never empty"
    assert {line.split()[0] for line in asked} == {"GET"}, "nothing is changed until somebody clicks"
    for theme in (LIGHT, DARK):
        face.set_theme(theme)
        for part in (".wegent-CardTitle .wegent-Title", ".wegent-CardReply .wegent-Disclosure"):
            assert contrast(first.root.locator(part)) >= READABLE
        face.shot(f"card-1-live-{theme.split()[-1].lower()}")

    first.button("Allow once").click()
    first.is_state("Done")
    assert (Path(lab.get(f"/tasks/{asks}").json()["workspace"]) / "hello.txt").read_text() == "hi"
    second.button("Stop").click()
    second.is_state("Stopped")
    expect(second.button("Stop")).to_have_count(0)

    second.button("Reply").click()
    reply = second.root.get_by_label("Reply", exact=True)
    reply.fill("!say Heard in the card")
    face.shot("card-2-reply")
    before = (lab.files / "live.ipynb").stat().st_mtime_ns
    reply.press("Control+s")
    wait_for(lambda: (lab.files / "live.ipynb").stat().st_mtime_ns > before, "the notebook is saved")
    reply.press("Enter")
    expect(second.messages.last).to_contain_text("Heard in the card", timeout=LIVENESS)
    expect(notebook.locator(".jp-CodeCell")).to_have_count(2)  # no key went to the notebook
    expect(face.page.get_by_text("Ask me first (practice) is done")).to_have_count(0)  # who sees the card sees it

    face.page.get_by_role("button", name="Open the task").first.click()
    face.task(asks).is_state("Done")


def test_a_card_of_one_message_shows_that_one_and_says_that_more_came(face: Face, lab: JupyterServer) -> None:
    made = lab.submit("!say The first answer", title="Two messages")
    task_id, turn_id = made["task"]["id"], made["turn"]["id"]
    lab.finished(task_id)
    lab.post(f"/tasks/{task_id}/turns", {"prompt": "!say The second answer"})
    lab.finished(task_id)
    notebook = open_notebook(face, write_notebook(lab, "turn.ipynb", card(lab, task_id, turn_id)))
    shown = Card(notebook)
    shown.is_live()
    expect(shown.root.locator(".wegent-Turn")).to_have_count(1)
    expect(shown.messages.last).to_contain_text("The first answer")
    expect(shown.root).to_contain_text("The task went on: 1 later message.")


def test_what_is_not_of_this_server_stays_a_saved_copy_and_nothing_in_it_runs(
    face: Face, lab: JupyterServer, asked: list[str]
) -> None:
    mine = submit(lab, "!say Mine, not theirs", title="Mine")
    lab.finished(mine)
    alerts: list[Dialog] = []
    face.page.on("dialog", lambda dialog: alerts.append(dialog))
    error = {"message": f"Lost {HOSTILE}", "fix": "rm -rf ~"}
    sent = [{"name": "df", "detail": "DataFrame, 12 columns, 5 of 1,000 rows", "size": 2000}]
    lies: dict[str, Any] = {
        "title": f"Theirs {HOSTILE}",
        "answer": f"Answer {HOSTILE}",
        "prompt": HOSTILE,
        "error": error,
        "sent": sent,
    }
    foreign = {**card(lab, mine, **lies), "gateway": "another-gateway"}
    unsigned = {**card(lab, mine), "gateway": None}
    name = write_notebook(lab, "foreign.ipynb", foreign, unsigned, {**foreign, "version": 2}, {"task_id": "../x"}, 7)
    notebook = open_notebook(face, name)
    for number in (0, 1):
        saved = Card(notebook, number)
        expect(saved.root).to_contain_text("This task is not on this server")
        expect(saved.root.locator(".wegent-SavedMark")).to_contain_text("Saved copy")
        expect(saved.state).to_have_text("Running when saved")
        expect(saved.root.get_by_role("button")).to_have_count(0)
        expect(saved.root).not_to_contain_text("Mine, not theirs")
    first = Card(notebook).root
    expect(first).to_contain_text("df")
    expect(first).to_contain_text("DataFrame, 12 columns, 5 of 1,000 rows; 2 kB")
    chip = first.locator(".wegent-SavedItem")
    chip.evaluate(NARROW)
    assert chip.locator(".wegent-Title").evaluate("node => node.getBoundingClientRect().width > 5")
    assert chip.evaluate("node => node.scrollWidth <= node.clientWidth")
    expect(first.get_by_role("heading")).to_have_count(0)
    expect(first.locator(".jp-RenderedMarkdown")).to_contain_text("Answer")
    expect(first.locator("img, script, a[href^=javascript]")).to_have_count(0)
    expect(Card(notebook, 2).root).to_contain_text("made by a newer version")
    expect(Card(notebook, 3).root).to_contain_text("cannot be read")
    expect(Card(notebook, 3).root).to_contain_text("The text beside it")
    expect(Card(notebook, 4).root).to_contain_text("cannot be read")
    for theme in (LIGHT, DARK):
        face.set_theme(theme)
        face.shot(f"card-3-saved-{theme.split()[-1].lower()}")
    assert not alerts
    assert not [line for line in asked if "/tasks" in line], "a foreign card makes the page ask for nothing"


def test_a_task_that_this_server_does_not_know_is_a_saved_copy(face: Face, lab: JupyterServer) -> None:
    with face.outage():  # the browser logs the 404
        notebook = open_notebook(face, write_notebook(lab, "gone.ipynb", card(lab, 987654)))
        expect(Card(notebook).root).to_contain_text("This task is not on this server", timeout=LIVENESS)
        expect(Card(notebook).root.get_by_role("button")).to_have_count(0)


def test_of_fifty_cards_only_those_near_the_visible_part_ask_for_anything(
    face: Face, lab: JupyterServer, asked: list[str]
) -> None:
    above, below = submit(lab, "!say Above"), submit(lab, "!say Below")
    lab.finished(above)
    lab.finished(below)
    cards = [card(lab, above)] * 49 + [card(lab, below)]
    notebook = open_notebook(face, write_notebook(lab, "fifty.ipynb", *cards))
    first, last = Card(notebook), Card(notebook, 49)
    first.is_live()
    expect(first.messages.last).to_contain_text("Above")
    assert f"GET /tasks/{below}" not in asked
    assert notebook.locator('.wegent-Card[data-kind="live"]').count() < 25
    # JupyterLab guesses how high the cells are that it has not laid out yet.
    wait_for(lambda: last.root.evaluate(TO_SIGHT) == "live", "the last card is live")
    expect(last.messages.last).to_contain_text("Below")


def test_one_task_in_two_cards_and_a_tab_is_shown_by_each_whichever_of_them_is_closed(
    face: Face, lab: JupyterServer
) -> None:
    task_id = submit(lab, WAITS, title="Three views")
    name = write_notebook(lab, "twice.ipynb", card(lab, task_id), card(lab, task_id))
    notebook = open_notebook(face, name)
    for number in (0, 1):
        Card(notebook, number).is_live()
        expect(Card(notebook, number).messages.last).to_contain_text("20")
    tab = face.open(task_id)
    tab.says("20")
    close_notebooks(face)
    assert lab.turn(task_id)["state"] == "running"
    tab.says("20")
    notebook = open_notebook(face, name)
    Card(notebook).is_live()
    tab.tab().locator(".lm-TabBar-tabCloseIcon").click()
    expect(tab.root).to_have_count(0)
    let_go(lab, task_id)
    for number in (0, 1):
        Card(notebook, number).is_state("Done")
        expect(Card(notebook, number).messages.last.locator("strong")).to_have_text("end")


def test_a_card_whose_device_is_lost_while_it_streams_says_so_and_goes_on_at_a_click(
    face: Face, lab: JupyterServer
) -> None:
    task_id = submit(lab, WAITS)
    notebook = open_notebook(face, write_notebook(lab, "lost.ipynb", card(lab, task_id)))
    shown = Card(notebook)
    shown.is_live()
    expect(shown.messages.last).to_contain_text("20")
    os.kill(lab.executor_pid(), signal.SIGKILL)
    shown.is_state("Failed")
    expect(shown.root.locator(".wegent-TurnEnd .wegent-Problem")).to_contain_text("device")
    wait_for(lab.device_online, "the device is back")
    let_go(lab, task_id)
    shown.button("Continue").click()
    shown.is_state("Done")


def test_the_operators_words_show_as_text_in_sidebar_and_settings(face: Face) -> None:
    face.show_side()
    expect(face.side.get_by_role("note", name="From the operator of this server")).to_have_text(NOTICE)
    face.execute("wegent:open-settings", section="connections")
    settings = face.page.locator(".wegent-SettingsMain")
    expect(settings.get_by_role("note", name="From the operator of this server")).to_have_text(NOTICE)
    face.shot("card-4-notice")


def test_in_notebook_7_a_card_is_live_and_opens_its_task_beside(
    lab: JupyterServer, context: BrowserContext, open_face: Callable[..., Face]
) -> None:
    task_id = submit(lab, "!write seven.txt 7", mode="ask", title="In Notebook 7")
    lab.asked(task_id)
    name = write_notebook(lab, "seven.ipynb", card(lab, task_id))
    face = open_face(f"notebooks/{name}")
    shown = Card(without_kernel(face))
    shown.is_live()
    shown.button("Allow once").click()
    shown.is_state("Done")
    face.shot("card-5-notebook-7")
    shown.button("Open the task").click()
    face.task(task_id).is_state("Done")


def test_the_card_of_a_cell_outlives_its_kernel_its_server_and_a_reload(
    lab: JupyterServer, open_face: Callable[..., Face]
) -> None:
    cells = ["%load_ext wegent_jupyter", f"%%wegent --agent practice --mode full\n{WAITS}"]
    name = write_code(lab, "kernel.ipynb", *cells)
    face = open_face(f"lab/tree/{name}")
    shown = Card(face.page.locator(".jp-NotebookPanel"))
    wait_for(lambda: kernel_is_idle(lab), "a kernel is there")
    face.execute("notebook:run-all-cells")
    shown.is_live()
    expect(shown.messages.last).to_contain_text("20")
    face.execute("docmanager:save")
    wait_for(lambda: CARD in (lab.files / name).read_text(), "the notebook is saved")
    [task] = [one for one in lab.get("/tasks").json()["items"] if one["state"] == "running"]
    with face.outage():
        lab.kill()
        expect(shown.root).to_contain_text("Reconnecting", timeout=LIVENESS)
        lab.start()
        expect(shown.root).not_to_contain_text("Reconnecting", timeout=LIVENESS)
        shown.is_state("Running")
        face.reload()
        shown.is_live()
        let_go(lab, task["id"])
        shown.is_state("Done")
    assert shown.messages.last.inner_text() == "The end"
    face.shot("card-6-from-a-cell")
