"""The example notebooks run from top to bottom on the practice agent, in a home in which nothing was ever set up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.support.kernels import Kernel
from tests.support.server import ROOT, JupyterServer, private_environment, wait_for

FOLDER = ROOT / "notebooks"
NAMES = ("quickstart", "devices-and-queue", "codex-and-skills", "batch-over-devices")
CARD = "application/vnd.wegent.task+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
PRACTICE = "PRACTICE: scripted, not AI"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Share a server of its own: one notebook counts the slots."""
    running = JupyterServer(tmp_path_factory.mktemp("examples")).start()
    yield running
    running.stop()
    running.end_executor()


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", 4)


class Shown:
    """What a notebook shows after a run."""

    def __init__(self, outputs: list[dict[str, Any]]) -> None:
        contents = [one["content"] for one in outputs if one["msg_type"] not in ("comm_open", "comm_msg", "comm_close")]
        self.bundles = [one["data"] for one in contents if "data" in one]
        texts = [one["text"] for one in contents if "text" in one]
        self.text = "\n".join([*texts, *(bundle.get("text/plain", "") for bundle in self.bundles)])

    def of(self, mime: str) -> list[Any]:
        """Return all representations of that type."""
        return [bundle[mime] for bundle in self.bundles if mime in bundle]


def run(server: JupyterServer, name: str) -> Shown:
    """Run all cells in a kernel that the server started, as a person does in JupyterLab."""
    outputs: list[dict[str, Any]] = []
    with Kernel(server) as kernel:
        for cell in read(name).cells:
            if cell.cell_type == "code":
                outputs += kernel.outputs(cell.source)
    return Shown(outputs)


def free(server: JupyterServer) -> bool:
    device = server.device_online()
    return device is not None and device["slot_used"] == 0


def test_the_examples_are_those_that_are_tested() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_valid_says_that_it_is_practice_and_has_no_outputs(name: str) -> None:
    made = read(name)
    nbformat.validate(made)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)
    assert PRACTICE in made.cells[0].source
    assert made.metadata.kernelspec.name == "python3"


def test_the_quickstart_runs_without_a_page_and_keeps_what_its_cards_said(
    server: JupyterServer, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", str(tmp_path)]
    ran = subprocess.run(
        [*command, str(FOLDER / "quickstart.ipynb")],
        env=private_environment(server.home),
        cwd=tmp_path,
        capture_output=True,
        timeout=110,
    )
    assert ran.returncode == 0, ran.stderr.decode()[-4000:]
    outputs = [one for cell in nbformat.read(tmp_path / "quickstart.ipynb", 4).cells for one in cell.get("outputs", [])]
    cards = [one.data[CARD]["snapshot"] for one in outputs if CARD in one.get("data", {})]
    assert [(card["state"], card["practice"]) for card in cards] == [("completed", True)] * 2
    text = "".join(one.text for one in outputs if one.output_type == "stream")
    assert "Hello from a notebook" in text
    assert "It asks: echo approved\ncompleted" in text
    assert "DataFrame, 2 columns, 5 of 1,000 rows" in text
    assert [one.data["text/plain"] for one in outputs if one.output_type == "execute_result"][-1] == "'completed'"


def test_devices_and_their_queue(server: JupyterServer) -> None:
    shown = run(server, "devices-and-queue")
    assert len(shown.of(WIDGET)) == 2
    assert "This computer online 0 of 5 slots in use" in shown.text
    assert "'queued'], 1)" in shown.text  # the sixth waits, first in the queue
    assert "['cancelled', 'running', 'running', 'running', 'running', 'running']" in shown.text
    assert str(["cancelled"] * 6) in shown.text
    wait_for(lambda: free(server), "nothing runs on")


def test_codex_and_skills_changes_nothing_by_being_run(server: JupyterServer) -> None:
    skill = server.home / ".claude" / "skills" / "tidy" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: tidy\ndescription: Tidies up.\n---\nTidy up.\n")
    shown = run(server, "codex-and-skills")
    assert len(shown.of(WIDGET)) == 3
    assert "Claude Code" in shown.text and "Codex" in shown.text
    assert "tidy" in shown.text  # the preview says what would move
    assert {card["snapshot"]["practice"] for card in shown.of(CARD)} == {True}
    assert shown.of(CARD)[-1]["snapshot"]["state"] == "completed"
    assert skill.is_file() and not skill.parent.parent.is_symlink()
    assert not (server.home / ".agents").exists() and not (server.home / ".codex" / "auth.json").exists()


def test_a_batch_over_devices_makes_a_table_a_plot_and_transcripts(server: JupyterServer) -> None:
    shown = run(server, "batch-over-devices")
    assert "8 of 8: 7 finished, 1 failed" in shown.text
    assert len(shown.of("image/png")) == 1
    assert "completed · " in shown.text and "Done, at the second attempt." in shown.text
    assert shown.text.count(".ipynb'") == 8
