"""Task cards in notebooks: files as a kernel would have left them, and the cards as a page shows them."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, expect

from tests.support.face import LIVENESS, Face
from tests.support.server import JupyterServer

CARD = "application/vnd.wegent.task+json"
AT = "2026-11-29T12:00:00Z"


def snapshot(**fields: Any) -> dict[str, Any]:
    """Return what a notebook saves of a task."""
    return {
        "title": "Saved title",
        "agent": "practice",
        "agent_name": "Practice agent",
        "practice": True,
        "device": "This computer",
        "mode": "full",
        "state": "running",
        "prompt": "The saved prompt",
        "sent": [],
        "answer": "The saved **answer**",
        "tools": [],
        "diffs": [],
        "error": None,
        "usage": None,
        "at": AT,
        **fields,
    }


def card(server: JupyterServer, task_id: int, turn_id: int | None = None, **fields: Any) -> dict[str, Any]:
    """Return a card of a server's task; `fields` are those of its snapshot."""
    gateway = server.get("/version").json()["gateway_id"]
    return {
        "version": 1,
        "gateway": gateway,
        "task_id": task_id,
        "turn_id": turn_id,
        "snapshot": snapshot(**fields),
    }


def write_notebook(server: JupyterServer, name: str, *cards: Any) -> str:
    """Write a notebook with one card in the output of each cell; no kernel has ever run it, and nobody trusts it."""
    return _write(server, name, [_cell(number, "%%wegent\nprompt", [one]) for number, one in enumerate(cards)], {})


def write_code(server: JupyterServer, name: str, *sources: str) -> str:
    """Write a notebook that a kernel is to run."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return _write(server, name, [_cell(number, source, []) for number, source in enumerate(sources)], kernel)


def _write(server: JupyterServer, name: str, cells: list[dict[str, Any]], metadata: dict[str, Any]) -> str:
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (server.files / name).write_text(json.dumps(notebook))
    return name


def _cell(number: int, source: str, cards: list[Any]) -> dict[str, Any]:
    beside = {"text/markdown": "The *Markdown* beside it", "text/plain": "The text beside it"}
    return {
        "id": f"cell-{number}",
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "execution_count": None,
        "outputs": [{"output_type": "display_data", "data": {CARD: one, **beside}, "metadata": {}} for one in cards],
    }


def open_notebook(face: Face, name: str) -> Locator:
    """Open a notebook in JupyterLab without a kernel; return its panel."""
    face.execute("docmanager:open", path=name, factory="Notebook")
    return without_kernel(face)


def without_kernel(face: Face) -> Locator:
    """Answer, of the notebook that has just been opened, that it needs no kernel; return its panel."""
    dialog = face.page.locator(".jp-Dialog", has_text="Select Kernel")
    dialog.locator("button.jp-mod-reject").click()
    expect(dialog).to_have_count(0)
    return face.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


class Card:
    """A card in the output of a cell."""

    def __init__(self, notebook: Locator, number: int = 0) -> None:
        self.root = notebook.locator(".wegent-TaskCard").nth(number)
        self.card = self.root.locator(".wegent-Card")
        # While it changes from the saved copy to the live task, both are there for a moment.
        self.state = self.root.locator(".wegent-CardHeader .wegent-State")
        self.messages = self.root.locator('.wegent-Item[data-kind="message"]')
        self.tools = self.root.locator(".wegent-Tool")
        self.approvals = self.root.locator(".wegent-Approval")

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def is_live(self) -> None:
        expect(self.card).to_have_attribute("data-kind", "live", timeout=LIVENESS)

    def is_state(self, word: str) -> None:
        expect(self.state).to_have_text(word, timeout=LIVENESS)
