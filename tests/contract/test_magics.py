"""`%wegent` and `%%wegent` in a real kernel of a real server, seen as a notebook sees them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters.html import HTMLExporter

from tests.support.kernels import Kernel
from tests.support.server import LIVENESS, TOKEN, JupyterServer, private_environment

MIME = "application/vnd.wegent.task+json"
HOSTILE = (
    "!say <script>alert(1)</script><img src=x onerror=alert(2)> ![p](https://example.org/p.png) "
    "[go](javascript:alert(3)) $\\href{javascript:alert(4)}{x}$ **bold**"
)
ENDED = ("completed", "failed", "cancelled")


class Notebook:
    """The front end of a kernel: cells are run, and their outputs are updated as long as anybody looks."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.cards: list[dict[str, Any]] = []
        """As they are now, in the order in which they appeared."""
        self._shown: dict[str, int] = {}
        self._running = ""
        self._outputs: list[dict[str, Any]] = []
        self._error: dict[str, Any] | None = None

    def start(self, code: str) -> None:
        """Begin a cell."""
        self._outputs, self._error = [], None
        self._running = self._kernel.client.execute(code, allow_stdin=False)

    def end(self) -> list[dict[str, Any]]:
        """Wait for the cell to end and return what it showed, by MIME type; raises what it says."""
        while self._running:
            self._take()
        if self._error is not None:
            raise Refused("\n".join(self._error["traceback"]))
        return self._outputs

    def run(self, code: str) -> list[dict[str, Any]]:
        self.start(code)
        return self.end()

    def text(self, code: str) -> str:
        """Return the text of a cell's only output."""
        [output] = self.run(code)
        text: str = output["text/plain"]
        return text

    def refused(self, code: str) -> str:
        """Return what a cell says that fails."""
        with pytest.raises(Refused) as caught:
            self.run(code)
        return str(caught.value)

    def card(self, *states: str) -> dict[str, Any]:
        """Wait until the newest card tells one of these states, and return its output."""
        while not self.cards or self.cards[-1][MIME]["snapshot"]["state"] not in states:
            self._take()
        return self.cards[-1]

    def interrupt(self) -> None:
        self._kernel._ask("POST", f"/kernels/{self._kernel.id}/interrupt")

    def _take(self) -> None:
        message = self._kernel.client.get_iopub_msg(timeout=LIVENESS)
        kind, content = message["msg_type"], message["content"]
        mine = message["parent_header"].get("msg_id") == self._running
        if kind in ("display_data", "update_display_data", "execute_result"):
            self._show(kind, content, mine)
        elif mine and kind == "error":
            self._error = content
        elif mine and kind == "status" and content["execution_state"] == "idle":
            self._running = ""

    def _show(self, kind: str, content: dict[str, Any], mine: bool) -> None:
        data, id_ = content["data"], content.get("transient", {}).get("display_id")
        if kind == "update_display_data":
            self.cards[self._shown[id_]] = data
            return
        if mine:
            self._outputs.append(data)
        if id_ is not None:
            self._shown[id_] = len(self.cards)
            self.cards.append(data)


class Refused(Exception):
    """A cell failed."""


@pytest.fixture(scope="module")
def server(fresh_server: JupyterServer) -> JupyterServer:
    return fresh_server


@pytest.fixture(scope="module")
def notebook(server: JupyterServer) -> Iterator[Notebook]:
    with Kernel(server) as kernel:
        made = Notebook(kernel)
        made.run("import sys, matplotlib; matplotlib.use('agg')\nfrom wegent_jupyter import notebook as wg")
        yield made


def shot(card: dict[str, Any]) -> dict[str, Any]:
    snapshot: dict[str, Any] = card[MIME]["snapshot"]
    return snapshot


def turns(server: JupyterServer, card: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(f"/tasks/{card[MIME]['task_id']}").json()["turn_list"]
    return found


def count(server: JupyterServer) -> int:
    total: int = server.get("/tasks?limit=1").json()["total"]
    return total


def test_importing_it_gives_the_magics_and_costs_nothing_before_their_first_use(notebook: Notebook) -> None:
    heavy = ("pydantic", "socketio", "ipywidgets", "wegent_jupyter.notebook.magics")
    assert notebook.text(f"[one for one in {heavy} if one in sys.modules]") == "[]"
    assert "%%wegent" in notebook.text("%wegent")


def test_loading_the_extension_gives_the_name_unless_it_is_taken(notebook: Notebook) -> None:
    notebook.run("before, wg = wg, 'mine'\n%load_ext wegent_jupyter")
    assert notebook.text("wg") == "'mine'"
    notebook.run("del wg\n%reload_ext wegent_jupyter")
    assert notebook.text("wg is before") == "True"
    assert "Online" in notebook.text("%wegent devices")


def test_help_names_every_option_and_list(notebook: Notebook) -> None:
    [output] = notebook.run("%wegent")
    page = BeautifulSoup(output["text/html"], "html.parser").get_text()
    for name in ("device", "agent", "mode", "model", "cwd", "with", "as", "task", "wait", "project", "worktree"):
        assert f"--{name}" in page
        assert f"--{name}" in output["text/plain"]
    for name in ("devices", "use", "tasks", "approvals"):
        assert f"%wegent {name}" in output["text/plain"]


def test_a_prompt_returns_at_once_with_a_card_that_tells_when_it_needs_you_and_how_it_ended(
    server: JupyterServer, notebook: Notebook
) -> None:
    outputs = notebook.run("%%wegent --agent practice --mode ask\n!write made.txt hello\n!say all done")
    assert [sorted(one) for one in outputs] == [[MIME, "text/markdown", "text/plain"]]
    assert shot(outputs[0])["state"] not in ENDED, "it did not wait"
    card = notebook.card("waiting")
    assert "Waiting for you" in card["text/markdown"]
    assert str(card[MIME]["task_id"]) in notebook.text("%wegent approvals")
    assert "Waiting for you" in notebook.text("%wegent tasks")
    asked = server.asked(card[MIME]["task_id"])
    server.post(f"/approvals/{asked['id']}", {"decision": "allow"})
    ended = notebook.card(*ENDED)
    assert shot(ended)["state"] == "completed"
    assert "all done" in shot(ended)["answer"]
    assert shot(ended)["diffs"] == [{"path": "made.txt", "added": 1, "removed": 0}]
    for form in ("text/markdown", "text/plain"):
        assert "PRACTICE: scripted, not AI" in ended[form]
        assert "all done" in ended[form]
        assert "made.txt" in ended[form]
    assert ended[MIME]["gateway"] == server.get("/version").json()["gateway_id"]
    assert (server.files / "made.txt").read_text() == "hello", "it worked in the directory of the notebook"


def test_what_was_sent_of_variables_arrives_and_is_listed_on_the_card(
    server: JupyterServer, notebook: Notebook
) -> None:
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'a': range(1000)})\nfig = df.plot().figure\nfig.clf()")
    notebook.run("%%wegent --agent practice --mode full --with df,fig --wait\n!say $HOME {df} stay as they are")
    card = notebook.card(*ENDED)
    [sent, picture] = shot(card)["sent"]
    assert (sent["name"], sent["detail"]) == ("df", "DataFrame, 1 column, 5 of 1,000 rows")
    assert (picture["name"], picture["detail"]) == ("fig.png", "image/png")
    assert "`df` DataFrame, 1 column, 5 of 1,000 rows; " in card["text/markdown"]
    [turn] = turns(server, card)
    assert turn["prompt"] == "!say $HOME {df} stay as they are"
    assert [one["name"] for one in turn["context"]] == ["df"]
    assert "a: int64" in turn["context"][0]["text"]
    assert sent["size"] == len(turn["context"][0]["text"].encode())
    assert [one["name"] for one in turn["attachments"]] == ["fig.png"]


def test_a_task_is_kept_in_a_variable_and_continued_with_a_card_of_that_turn(
    server: JupyterServer, notebook: Notebook
) -> None:
    notebook.run("%%wegent --agent practice --mode full --as t --wait\n!say first answer")
    first = notebook.card(*ENDED)
    assert notebook.text("t.id") == str(first[MIME]["task_id"])
    notebook.run("%%wegent --task t --wait\n!say second answer")
    second = notebook.card(*ENDED)
    notebook.run(f"%%wegent --task {first[MIME]['task_id']} --wait\n!say third answer")
    third = notebook.card(*ENDED)
    cards = [first, second, third]
    assert [card[MIME]["turn_id"] for card in cards] == [turn["id"] for turn in turns(server, first)]
    said = [shot(card)["answer"].rpartition("\n")[2] for card in cards]
    assert said == ["first answer", "second answer", "third answer"]
    [whole] = notebook.run("t")
    assert whole[MIME]["turn_id"] is None


def test_an_interrupt_of_the_kernel_stops_the_turn_that_is_waited_for(
    server: JupyterServer, notebook: Notebook
) -> None:
    notebook.start("%%wegent --agent practice --mode full --wait --as long\n!slow 1000 1")
    task_id = notebook.card("running", "starting", "queued")[MIME]["task_id"]
    notebook.interrupt()
    with pytest.raises(Refused, match=f"Interrupted: task {task_id} was stopped") as caught:
        notebook.end()
    assert "Traceback" not in str(caught.value)
    assert server.turn(task_id)["state"] == "cancelled"
    assert shot(notebook.card(*ENDED))["state"] == "cancelled"
    assert notebook.text("long.status") == "'cancelled'"


def test_an_interrupt_in_the_moment_of_the_end_says_how_it_ended(notebook: Notebook) -> None:
    notebook.run("%%wegent --agent practice --mode full --wait --as done\n!say x")
    said = notebook.refused(
        "from wegent_jupyter.notebook import magics\n"
        "class Late(wg.Task):\n"
        "    def wait(self, timeout=None):\n"
        "        super().wait(timeout)\n"
        "        if timeout is None: raise KeyboardInterrupt\n"
        "late = Late(done.session, done.known)\n"
        "magics._wait(late, late.turns[-1].turn.id)"
    )
    assert said.endswith("had ended already: completed.")


def test_a_turn_that_failed_fails_the_cell_that_waited_for_it(notebook: Notebook) -> None:
    said = notebook.refused("%%wegent --agent practice --mode full --wait\n!error 500")
    assert "500" in said
    assert "Traceback" not in said
    card = notebook.card(*ENDED)
    assert shot(card)["state"] == "failed"
    assert "**Error:**" in card["text/markdown"]


BAD = [
    ("%%wegent --nope\nx", "unrecognized arguments: --nope"),
    ("%%wegent --dev x\nx", "unrecognized arguments: --dev x"),
    ("%%wegent --device\nx", "argument --device: expected one argument"),
    ("%%wegent --device a --device b\nx", "--device is given twice"),
    ("%%wegent --device ''\nx", "--device is empty"),
    ("%%wegent --device 'a\nx", "no closing quotation"),
    ("%%wegent --mode nope\nx", "invalid choice: 'nope'"),
    ("%%wegent --as 1a\nx", "no name for a variable"),
    ("%%wegent --as for\nx", "no name for a variable"),
    ("%%wegent --as sys\nx", "would hide"),
    ("%%wegent --as print\nx", "would hide"),
    ("%%wegent --with a.b\nx", "variables are given by name"),
    ("%%wegent --with missing\nx", "There is no variable 'missing'"),
    ("%%wegent --task missing\nx", "there is no such variable"),
    ("%%wegent --task sys\nx", "that is no task, it is module"),
    ("%%wegent --task 5 --worktree\nx", "for new tasks"),
    ("%%wegent --task 5\nx", "5"),
    ("%%wegent --task 0\nx", "There is no task 0."),
    (f"%%wegent --task {'9' * 5000}\nx", "There is no task with a number as large as that."),
    ("%%wegent --device missing\nx", "The device 'missing' is unknown"),
    ("%%wegent --agent missing\nx", "missing"),
    ("%%wegent --agent practice --project missing\nx", "The project 'missing' is unknown"),
    ("%%wegent --agent practice --model missing\nx", "missing"),
    ("%%wegent --agent practice --cwd /does/not/exist\nx", "/does/not/exist"),
    ("%%wegent --agent practice\n \n", "empty"),
    ("%wegent nope", "There is: devices, use, tasks, approvals"),
    ("%wegent --device x", "begins with %%wegent"),
    ("%wegent tasks 5", "takes nothing behind it"),
    ("%wegent use", "needs the name of a device"),
    ("%wegent use missing", "The device 'missing' is unknown"),
    ("%wegent 'a", "no closing quotation"),
]


def test_what_makes_no_sense_is_told_in_a_short_message_and_nothing_is_sent(
    server: JupyterServer, notebook: Notebook
) -> None:
    before = count(server)
    for code, says in BAD:
        said = notebook.refused(code)
        assert says in said, code
        assert said.startswith("Wegent: ")
        assert len(said.splitlines()) <= 2, said
    said = notebook.refused("%%wegent\nx")
    assert "Use --agent with one of: practice, claude, codex" in said
    assert "Claude Code: " in said, "why it is not the one that is meant"
    assert count(server) == before


def test_a_variable_that_cannot_be_shown_keeps_all_of_the_message_back(
    server: JupyterServer, notebook: Notebook
) -> None:
    before = count(server)
    notebook.run("class Bad:\n    def __repr__(self): raise ValueError('secret ways')\nbad, good = Bad(), 1")
    said = notebook.refused("%%wegent --agent practice --with good,bad\nx")
    assert said.splitlines()[0] == "Wegent: 'bad' cannot be sent: ValueError: secret ways."
    assert count(server) == before


def test_a_device_is_chosen_for_what_follows(server: JupyterServer, notebook: Notebook) -> None:
    assert "From now on" in notebook.text("%wegent use 'This computer'")
    assert "in use here" in notebook.text("%wegent devices")
    notebook.run("%%wegent --agent practice --mode full --wait\n!say x")
    assert shot(notebook.card(*ENDED))["device"] == "This computer"
    notebook.run("%wegent use --none")
    assert "in use here" not in notebook.text("%wegent devices")


def test_a_name_that_somebody_gave_is_text_in_every_list(server: JupyterServer, notebook: Notebook) -> None:
    device = server.device_online() or {}
    name = "<img src=x onerror=alert(1)>"
    server.request("PUT", f"/devices/{device['device_id']}/alias", json={"alias": name})
    server.finished(server.submit("!say x", title="<script>alert(1)</script>")["task"]["id"])
    try:
        for command in ("devices", "tasks"):
            [output] = notebook.run(f"%wegent {command}")
            page = BeautifulSoup(output["text/html"], "html.parser")
            assert page.find_all(["img", "script"]) == []
            assert name in page.get_text()
            assert name in output["text/plain"]
    finally:
        server.request("PUT", f"/devices/{device['device_id']}/alias", json={"alias": "This computer"})


def test_a_notebook_that_is_run_without_a_browser_keeps_the_answers_and_its_page_does_nothing(
    server: JupyterServer, tmp_path: Path
) -> None:
    cells = [
        "%load_ext wegent_jupyter",
        f"%%wegent --agent practice --mode full --as t\n!slow 3 0.2\n{HOSTILE}",
        "t.wait().status",
        f"%%wegent --task t --wait\n{HOSTILE}",
        "%wegent devices",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    source, out = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    nbformat.write(made, source)
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--output", str(out), str(source)]
    done = subprocess.run(
        command, cwd=tmp_path, env=private_environment(server.home), capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = nbformat.read(out, as_version=4)
    cards = [one["data"] for cell in found.cells for one in cell.get("outputs", []) if MIME in one.get("data", {})]
    assert [shot(card)["state"] for card in cards] == ["completed", "completed"]
    assert all("<script>alert(1)</script>" in shot(card)["answer"] for card in cards), "as it was said"
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(found)
    outputs = BeautifulSoup(html, "html.parser").select(".jp-OutputArea-output.jp-RenderedMarkdown")
    assert len(outputs) == 2
    for output in outputs:
        assert output.find_all(["script", "img", "a", "iframe", "style"]) == []
        assert {name for tag in output.find_all(True) for name in tag.attrs} <= {"class", "data-mime-type", "tabindex"}
        for tag in output.find_all("code"):
            tag.replace_with("|")
        assert "<script>alert(1)</script>" in output.get_text()
        assert "$" not in output.get_text()
    assert TOKEN not in json.dumps(found)
    assert not re.search(r"127\.0\.0\.1|wegent [0-9a-f]{16}", json.dumps(found))
