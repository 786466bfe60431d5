"""Widgets of ours in a notebook that a real browser shows."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.support.face import DARK, LIGHT, LIVENESS, Face
from tests.support.server import JupyterServer
from tests.support.settings_face import CUT_OFF, NAMELESS, faint

IMPORT = "from wegent_jupyter import notebook as wg"
NOT_WORDS = ("●", "○", "◌", "▲", "✓", "✕", "▸", "Slots", "Codex", "Skills")
"""Signs, whose words stand beside them; and the tabs, whose colours are those of ipywidgets."""
COPY = "root => { const copy = root.cloneNode(true); copy.dataset.copy = ''; root.after(copy); }"
"""Beside it, with the same style: the widget itself is live, and may be drawn anew while each of its words is read."""
SHOWN = "path => window.jupyterapp.shell.currentWidget?.context?.path === path"
READY = """async path => {
    const shown = [...window.jupyterapp.shell.widgets('main')].find(one => one.context?.path === path);
    await shown.context.ready;
    await shown.sessionContext.ready;
    await shown.sessionContext.session.kernel.info; // "idle" is shown before it is usable
}"""

RESTART = """async path => {
    const shown = [...window.jupyterapp.shell.widgets('main')].find(one => one.context?.path === path);
    await shown.sessionContext.session.kernel.restart();
}"""


def write_notebook(server: JupyterServer, name: str, *cells: str) -> str:
    """Write a notebook of code cells; returns its path."""
    code: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made: dict[str, Any] = {
        "cells": [{"id": f"cell-{at}", "source": source, **code} for at, source in enumerate(cells)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    server.files.mkdir(parents=True, exist_ok=True)
    (server.files / name).write_text(json.dumps(made))
    return name


class Notebook:
    """A notebook that is open in a page."""

    def __init__(self, face: Face, path: str) -> None:
        self.face, self.path = face, path
        self.cells = face.page.locator(".jp-Notebook:visible .jp-CodeCell")

    def open(self) -> Notebook:
        """Open it in JupyterLab, or show it where it is open."""
        self.face.execute("docmanager:open", path=self.path, factory="Notebook")
        self.face.page.wait_for_function(SHOWN, arg=self.path)
        return self

    def run(self) -> Notebook:
        """Run all cells, once the kernel can."""
        self.face.page.wait_for_function(SHOWN, arg=self.path)
        self.face.page.evaluate(READY, self.path)
        self.face.execute("notebook:run-all-cells")
        return self

    def restart(self) -> Notebook:
        """Restart the kernel, and forget what the cells showed."""
        self.face.page.evaluate(RESTART, self.path)
        self.face.execute("notebook:clear-all-cell-outputs")
        expect(self.cells.locator(".jp-OutputArea-output")).to_have_count(0)
        return self

    def output(self, cell: int = 0) -> Locator:
        """Return what a cell shows."""
        return self.cells.nth(cell).locator(".jp-OutputArea-output").last

    def widget(self, cell: int = 0) -> Locator:
        """Return the widget that a cell shows, once it is there."""
        found = self.output(cell).locator(".jupyter-widgets").first
        expect(found).to_be_visible(timeout=LIVENESS)
        return found

    def picture(self, name: str, root: Locator) -> None:
        """Save what it shows in both themes, and fail where something cannot be read, is cut off or has no name."""
        assert root.evaluate(NAMELESS) == []
        try:
            for theme in (LIGHT, DARK):
                self.face.set_theme(theme)
                self.face.shot(f"{name}-{'dark' if theme == DARK else 'light'}")
                root.evaluate(COPY)
                copy = root.locator("xpath=following-sibling::*[@data-copy]")
                hard = {text: ratio for text, ratio in faint(copy).items() if text not in NOT_WORDS}
                copy.evaluate("copy => copy.remove()")
                assert hard == {}, f"{theme}: {hard}"
        finally:
            self.face.set_theme(LIGHT)
        assert root.evaluate(CUT_OFF) == []


def known(widget: Locator, name: str) -> Locator:
    """Return what is told under a name."""
    return widget.get_by_role("rowheader", name=name, exact=True).locator("xpath=following-sibling::td")


def button(widget: Locator, name: str) -> Locator:
    return widget.get_by_role("button", name=re.compile(f"^{re.escape(name)}$"))
