"""Notebooks whose cells agents are asked about, and what a person sees and does with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.face import Face, Task
from tests.support.server import JupyterServer

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ESC = "\x1b"
TRACE = [
    f"{ESC}[31m---------------------------------------------------------------------------{ESC}[39m",
    f"{ESC}[31mZeroDivisionError{ESC}[39m                         Traceback (most recent call last)",
    f"{ESC}[36mCell{ESC}[39m{ESC}[36m {ESC}[39m{ESC}[32mIn[3]{ESC}[39m\n----> 1 mean = total / 0",
    f"{ESC}[31mZeroDivisionError{ESC}[39m: division by zero",
]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TOTAL, BROKEN, PLOT = "total = 7\nprint(total)", "mean = total / 0", "plot(total)"


def cell(cell_id: str, source: str, count: int | None, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    fields = {"id": cell_id, "metadata": metadata, "source": source}
    return {"cell_type": "code", **fields, "execution_count": count, "outputs": list(outputs)}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def error(name: str, value: str, traceback: list[str]) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}


def image() -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL, "text/plain": "<Figure>"}}


def card_output(server: JupyterServer, task_id: int) -> dict[str, Any]:
    """Return the card of a task as an output."""
    gateway = server.get("/version").json()["gateway_id"]
    card = {"version": 1, "gateway": gateway, "task_id": task_id, "turn_id": None, "snapshot": {}}
    return {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.wegent.task+json": card}}


def analysis() -> list[dict[str, Any]]:
    """Return the cells of a small analysis: one that printed, one that failed, one with a picture, and a text."""
    return [
        {"cell_type": "markdown", "id": "intro", "metadata": {}, "source": "# Sums"},
        cell("total", TOTAL, 2, stream("7\n")),
        cell("broken", BROKEN, 3, error("ZeroDivisionError", "division by zero", TRACE)),
        cell("plot", PLOT, 4, image()),
    ]


def write_notebook(path: Path, cells: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))


FRONT = "[...window.jupyterapp.shell.widgets('main')].find(widget => widget.content?.activeCellIndex !== undefined)"
"""The notebook of a page that has one."""


class Notebook:
    """The notebook that a page shows in front."""

    def __init__(self, face: Face) -> None:
        self.face, self.page = face, face.page
        self.root = face.page.locator(".jp-NotebookPanel:visible")

    @classmethod
    def open(cls, face: Face, path: str) -> Notebook:
        """Open a notebook in JupyterLab, without a kernel, which none of this needs."""
        face.execute("docmanager:open", path=path, kernelPreference={"canStart": False, "shouldStart": False})
        return cls(face).ready(path)

    def ready(self, path: str) -> Notebook:
        """Wait until a notebook has its cells."""
        self.page.wait_for_function(
            """path => {
                const { currentWidget } = window.jupyterapp.shell;
                return currentWidget?.context?.path === path && currentWidget.context.isReady
                    && currentWidget.content.widgets.length > 0;
            }""",
            arg=path,
        )
        return self

    def cell(self, source: str) -> Locator:
        """Return the cell whose source begins like that."""
        return (
            self.root.locator(".jp-Cell")
            .filter(has=self.page.locator(".cm-content", has_text=source.splitlines()[0]))
            .first
        )

    def choose(self, source: str) -> Locator:
        """Make a cell the active one, and return its toolbar."""
        found = self.cell(source)
        found.locator(".jp-InputPrompt").click()
        return found.locator(".jp-cell-toolbar")

    def has(self, *sources: str) -> None:
        """Wait until these are its cells."""
        self.page.wait_for_function(
            f"""sources => JSON.stringify(({FRONT})?.content.widgets.map(cell => cell.model.sharedModel.getSource()))
                === JSON.stringify(sources)""",
            arg=list(sources),
        )

    def active(self) -> str:
        """Return the source of the active cell."""
        found: str = self.page.evaluate(FRONT + ".content.activeCell.model.sharedModel.getSource()")
        return found

    def close(self) -> None:
        """Save it, and close its tab."""
        self.page.evaluate(f"async () => {{ const it = ({FRONT}); await it.context.save(); it.dispose(); }}")

    def rename(self, name: str) -> None:
        self.page.evaluate(f"async name => {{ await ({FRONT}).context.rename(name); }}", name)

    # What another person, or a kernel, would do meanwhile.

    def set_outputs(self, source: str, outputs: list[dict[str, Any]]) -> None:
        self._of(source, "model.outputs.fromJSON(value)", outputs)

    def type_into(self, source: str, text: str) -> None:
        self._of(source, "model.sharedModel.setSource(value)", text)

    def set_metadata(self, source: str, **values: Any) -> None:
        self._of(source, "Object.entries(value).forEach(([key, one]) => model.setMetadata(key, one))", values)

    def delete(self, source: str) -> None:
        self._of(source, "notebook.model.sharedModel.deleteCell(at)")

    def set_read_only(self) -> None:
        self.page.evaluate(FRONT + ".content.model.readOnly = true")

    def _of(self, source: str, what: str, value: Any = None) -> None:
        self.page.evaluate(
            f"""([source, value]) => {{
                const notebook = ({FRONT}).content;
                const at = notebook.widgets.findIndex(one => one.model.sharedModel.getSource() === source);
                const {{ model }} = notebook.widgets[at];
                {what};
            }}""",
            [source, value],
        )

    def context_menu(self, source: str) -> Locator:
        """Click at the output of a cell with the other button"""
        self.cell(source).locator(".jp-Cell-outputArea").click(button="right")
        return self.page.locator(".lm-Menu")


def button(toolbar: Locator, caption: str) -> Locator:
    return toolbar.locator(f'[title^="{caption}"]')


def chips(place: Locator | Page, label: str = "Goes with the message") -> Locator:
    """Return what goes, or went, with a message."""
    return place.get_by_role("list", name=label).get_by_role("listitem")


def code_of(task: Task) -> Locator:
    """Return what is offered for each block of code of the newest answer that has some."""
    return task.root.get_by_role("list", name="Code of this answer").last.get_by_role("listitem")


def answered(face: Face, *lines: str) -> Task:
    """Send a script from the composer, with what goes with it; return the task when it is done."""
    task = face.send("\n".join(f"!say {line}" for line in lines))
    task.is_state("Done")
    expect(task.root.locator(".wegent-Plain")).to_have_count(0)
    return task
