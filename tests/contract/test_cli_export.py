"""`jupyter wegent export`, typed as a user types it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.support.server import JupyterServer
from tests.support.shell import Ran, wegent
from wegent_jupyter.client.transcript_file import read

STEPS = """!say Some **Markdown** <b>x</b>
!bash echo hello; echo oops >&2
!write hello.py print('hi')
!write a.txt one"""


@pytest.fixture(scope="module")
def task(server: JupyterServer) -> int:
    """Share a task that has ended, with two messages."""
    task_id: int = server.submit(STEPS, title="Greet")["task"]["id"]
    server.finished(task_id)
    assert server.post(f"/tasks/{task_id}/turns", {"prompt": "!error 500"}).status_code == 201
    assert server.finished(task_id)["state"] == "failed"
    return task_id


@pytest.fixture
def asked(server: JupyterServer) -> Iterator[int]:
    """Return a task that waits for a person."""
    task_id: int = server.submit("!bash echo once", mode="ask")["task"]["id"]
    server.asked(task_id)
    yield task_id
    server.post(f"/tasks/{task_id}/cancel", {})
    server.finished(task_id)


def refused(ran: Ran, said: str, status: int = 2) -> None:
    assert (ran.status, ran.out) == (status, ""), (ran.out, ran.err)
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_task_is_saved_as_a_valid_notebook_that_leads_back_to_it(
    server: JupyterServer, task: int, tmp_path: Path
) -> None:
    ran = wegent(server, "export", str(task), "greet.ipynb", cwd=tmp_path)
    assert (ran.status, ran.out, ran.err) == (0, "Saved: greet.ipynb\n", "")
    made = nbformat.read(tmp_path / "greet.ipynb", 4)
    nbformat.validate(made)
    sources = [(cell.cell_type, cell.source) for cell in made.cells]
    assert ("code", "print('hi')") in sources
    [command] = [cell for cell in made.cells if cell.source.startswith("%%bash")]
    assert command.source == "%%bash\necho hello; echo oops >&2"
    assert command.outputs[0].text.splitlines() == ["hello", "oops"]
    text = "\n".join(source for _, source in sources)
    assert "Some **Markdown** &lt;b>x&lt;/b>" in text
    assert text.count("PRACTICE: scripted, not AI") == 3  # the head, and both turns
    assert "+++ a.txt" in text and "- hello.py: added" in text
    assert "*Failed" in text
    assert read(tmp_path / "greet.ipynb").task_id == task


def test_a_task_that_waits_for_its_person_can_be_saved(server: JupyterServer, asked: int, tmp_path: Path) -> None:
    assert wegent(server, "export", str(asked), "x.ipynb", cwd=tmp_path).status == 0
    text = (tmp_path / "x.ipynb").read_text()
    assert "Waits for an answer" in text and "Not over when this was saved" in text


def test_a_file_that_exists_is_overwritten_only_when_that_is_said(
    server: JupyterServer, task: int, tmp_path: Path
) -> None:
    (tmp_path / "mine.ipynb").write_text("mine")
    refused(wegent(server, "export", str(task), "mine.ipynb", cwd=tmp_path), "mine.ipynb exists")
    assert (tmp_path / "mine.ipynb").read_text() == "mine"
    assert wegent(server, "export", str(task), "mine.ipynb", "--overwrite", cwd=tmp_path).status == 0
    assert read(tmp_path / "mine.ipynb").task_id == task


def test_what_cannot_be_done_is_said_with_what_to_do(server: JupyterServer, task: int, tmp_path: Path) -> None:
    refused(wegent(server, "export", str(task), "no/out.ipynb", cwd=tmp_path), "There is no folder no")
    refused(wegent(server, "export", "12345", "out.ipynb", cwd=tmp_path), "Task '12345' not found")
    assert list(tmp_path.iterdir()) == []


def test_without_a_server_nothing_is_written(tmp_path: Path) -> None:
    refused(wegent(tmp_path, "export", "1", "out.ipynb", cwd=tmp_path), "jupyter lab", status=3)
    assert not (tmp_path / "out.ipynb").exists()
