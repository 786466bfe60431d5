"""What a person sees and does of the files that a turn changed."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.support.face import Face, Task


def card(task: Task) -> Locator:
    return task.root.get_by_role("region", name="Changed files").last


def files(task: Task) -> Locator:
    return card(task).locator(".wegent-ChangedFiles > li")


def named(task: Task, path: str) -> Locator:
    """Return a file in the newest card."""
    return files(task).filter(has=task.face.page.locator(".wegent-Path").get_by_text(path, exact=True))


def show(task: Task, path: str) -> Locator:
    """Open a file in the newest card, and return it."""
    found = named(task, path)
    found.locator("> .wegent-Disclosure").click()
    expect(found.get_by_text("Loading…")).to_have_count(0)
    return found


def agree(face: Face, word: str = "Revert") -> str:
    """Accept a dialog, and return what it said."""
    dialog = face.page.locator(".jp-Dialog")
    said = dialog.inner_text()
    dialog.get_by_role("button", name=word).click()
    expect(dialog).to_have_count(0)
    return said
