"""Notebook 7: the same faces, as far as its shell has room for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.face import PRACTICE, Face
from tests.support.lab import lab_server
from tests.support.server import JupyterServer

pytestmark = pytest.mark.ui

KERNEL = {"name": "python3", "display_name": "Python 3"}
NOTEBOOK = {"cells": [], "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run Notebook 7 with a notebook in a folder."""
    server = lab_server(tmp_path_factory.mktemp("notebook"), app="notebook")
    folder = server.files / "analysis"
    folder.mkdir(parents=True)
    (folder / "first.ipynb").write_text(json.dumps(NOTEBOOK))
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


@pytest.fixture(scope="module")
def first_face(context: BrowserContext, lab: JupyterServer) -> Face:
    """Load the page of the files."""
    return Face(context.new_page(), lab).load("tree")


def test_the_sidebar_opens_once_and_a_task_runs_beside_the_files(face: Face) -> None:
    expect(face.side).to_be_visible()
    expect(face.device).to_contain_text("This computer")
    expect(face.device).to_contain_text("0/5 slots in use")
    task = face.send("!say some **Markdown**\n!write hello.txt hi\n!bash cat hello.txt")
    task.is_state("Done")
    expect(task.messages.last.locator("strong")).to_have_text("Markdown")
    expect(task.tools).to_have_count(2)
    expect(task.root.locator(".wegent-Header .wegent-Practice")).to_have_text(PRACTICE)
    assert (Path(task.record()["workspace"]) / "hello.txt").read_text() == "hi"
    face.shot("notebook-1-tree")


def test_a_task_started_beside_a_notebook_runs_in_its_folder(
    open_face: Callable[..., Face], lab: JupyterServer
) -> None:
    face = open_face("notebooks/analysis/first.ipynb")
    task = face.send("!bash pwd", workspace="in …/files/analysis")
    task.is_state("Done")
    expect(task.tools).to_contain_text(str(lab.files / "analysis"))
    face.shot("notebook-2-notebook")
