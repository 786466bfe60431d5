"""Take the pictures of the README: `python -m tests.support.pictures`. Needs the right to make and remove /home/you."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.support.face import DARK, LIGHT, PRACTICE, Face, launch_chromium
from tests.support.lab import lab_server
from tests.support.server import ROOT, JupyterServer, wait_for

HOME = Path("/home/you")
PROJECT = HOME / "churn"
FILES = {"churn.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'}
TITLE = "Write a file and ask me first"
PROMPT = """!say I will write hello.txt and list the folder.
!write hello.txt Hello from the practice agent
!bash ls && cat hello.txt"""
THEMES = {"light": LIGHT, "dark": DARK}
MOST = 200_000
"""Bytes of a picture."""


def main() -> None:
    """Run a task in a home with a neutral name until it asks, and take it in both themes; the home is removed again."""
    HOME.mkdir()  # fails where somebody has it
    server = lab_server(HOME, options=[f"--ServerApp.root_dir={PROJECT}"])
    try:
        PROJECT.mkdir()
        for name, text in FILES.items():
            (PROJECT / name).write_text(text)
        server.start()
        task_id = server.submit(PROMPT, title=TITLE, mode="ask", workspace={"path": str(PROJECT)})["task"]["id"]
        server.post(f"/approvals/{asked(server)}", {"decision": "allow"})
        asked(server)
        with sync_playwright() as playwright:
            browser = launch_chromium(playwright)
            face = Face(browser.new_page(viewport={"width": 1280, "height": 800}), server).load()
            face.page.locator(".jp-Launcher").wait_for()
            take(face, task_id)
            browser.close()
    finally:
        server.kill()
        server.end_executor()
        shutil.rmtree(HOME)


def asked(server: JupyterServer) -> str:
    """Return the id of what the agent asks next."""
    [approval] = wait_for(lambda: server.get("/approvals").json()["items"], "the agent asks")
    return str(approval["id"])


def take(face: Face, task_id: int) -> None:
    """Take the task in each theme."""
    task = face.open(task_id)
    task.is_state("Waiting for you")
    face.page.get_by_role("tab", name="Launcher").locator(".lm-TabBar-tabCloseIcon").click()
    for theme, name in THEMES.items():
        face.set_theme(name)
        expect(task.root.locator(".wegent-Plain")).to_have_count(0)
        expect(task.root.locator(".wegent-Header .wegent-Practice")).to_have_text(PRACTICE)
        # Buttons of a card that has just moved take no clicks for a moment.
        expect(task.root.get_by_role("button", name="Allow once")).to_be_enabled()
        face.page.mouse.move(640, 5)
        picture = ROOT / "docs" / "images" / f"task-{theme}.png"
        picture.parent.mkdir(exist_ok=True)
        face.page.screenshot(path=picture)
        assert picture.stat().st_size <= MOST, f"{picture} is too large"


if __name__ == "__main__":
    main()
