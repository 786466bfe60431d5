"""A terminal as a person sees it: what stands on its screen, what its tab says, and how it is typed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.support.face import LIVENESS, Face
from tests.support.server import wait_for

PROMPT = "ready>"
BASH = {"SHELL": "/bin/bash"}

XTERM = """node => {
    const { shell } = window.jupyterapp;
    const widgets = [...shell.widgets('main'), ...shell.widgets('right')];
    const terminal = widgets.find(widget => widget.content?.node === node)?.content._term;
    const { active } = terminal?.buffer ?? {};
    const lines = Array.from({ length: active?.length ?? 0 }, (_, at) => active.getLine(at));
    return {
        columns: terminal?.cols ?? 0,
        lines: lines.map(line => ({ text: line.translateToString(true), wrapped: line.isWrapped }))
    };
}"""
"""What JupyterLab's xterm.js has on its screen and above it. It paints on a canvas, where no text is found."""


def plain_prompt(home: Path) -> None:
    """Let the shells of a home have the same short prompt everywhere, and keep no history."""
    home.mkdir(parents=True, exist_ok=True)
    (home / ".bash_profile").write_text(f"unset HISTFILE PROMPT_COMMAND; PS1='{PROMPT} '\n")


class Terminal:
    """One of the tabs that show a shell."""

    def __init__(self, face: Face, session: str, nth: int = 0) -> None:
        self.face, self.session = face, session
        mark = f'[data-wegent-terminal="{session}"]'
        self.screen = face.page.locator(f".wegent-Terminal{mark}").nth(nth)
        self.tab = face.page.locator(f'.lm-DockPanel-tabBar [role="tab"]{mark}').nth(nth)
        around = face.page.locator(".jp-MainAreaWidget").filter(has=face.page.locator(f".wegent-Terminal{mark}"))
        self.banner = around.nth(nth).locator(".wegent-TerminalState")
        self.status = self.banner.get_by_role("status")

    def is_state(self, state: str) -> None:
        """Wait until it stands so."""
        expect(self.banner).to_have_attribute("data-state", state, timeout=LIVENESS)

    def lines(self) -> list[str]:
        """Return all that it shows, what was scrolled away included, without the room below."""
        lines: list[str] = []
        for line in self.screen.evaluate(XTERM)["lines"]:
            if line["wrapped"] and lines:
                lines[-1] += line["text"]
            else:
                lines.append(line["text"])
        return "\n".join(line.rstrip() for line in lines).rstrip("\n").split("\n")

    def columns(self) -> int:
        found: int = self.screen.evaluate(XTERM)["columns"]
        return found

    def text(self) -> str:
        return "\n".join(self.lines())

    def shows(self, text: str | re.Pattern[str]) -> None:
        """Wait until this stands in it."""
        found = text if isinstance(text, re.Pattern) else re.compile(re.escape(text))
        self.until(lambda: found.search(self.text()), f"{found.pattern} is shown")

    def prompts(self) -> None:
        """Wait until the shell waits for a command."""
        self.until(lambda: self.lines()[-1:] == [PROMPT], "a prompt without anything after it")

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for what can be seen in it."""
        try:
            wait_for(condition, what, LIVENESS / 1000)
        except AssertionError as error:
            raise AssertionError(f"{error}; the terminal shows:\n{self.text()[-2000:]}") from None

    def focus(self) -> None:
        """Click into it."""
        self.screen.click()
        self.is_focused()

    def is_focused(self) -> None:
        expect(self.screen.locator("textarea")).to_be_focused()

    def type(self, text: str) -> None:
        """Type what goes to whatever has the focus, which has to be the terminal."""
        self.is_focused()
        self.face.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.is_focused()
        self.face.page.keyboard.press(key)

    def run(self, command: str) -> None:
        """Type a command when there is a prompt."""
        self.prompts()
        self.type(f"{command}\n")

    def remembered(self) -> None:
        """Wait until JupyterLab has stored a layout that has it in front."""
        wait_for(lambda: self.session in self.face.layout()["main"].get("current", ""), "the layout is stored")


def sessions(face: Face) -> set[str]:
    return {one["session_id"] for one in face.server.get("/terminals").json()["items"]}


def new_terminal(face: Face, known: set[str]) -> Terminal:
    """Return the terminal that is not among the known, once its tab shows the shell and has the focus."""
    [session] = wait_for(lambda: sessions(face) - known, "a terminal is made")
    terminal = Terminal(face, session)
    expect(terminal.screen).to_be_visible()
    terminal.is_state("attached")
    terminal.is_focused()
    terminal.prompts()
    return terminal


def end_all(face: Face) -> None:
    """End every shell and close every terminal's tab."""
    for session in sessions(face):
        face.server.request("DELETE", f"/terminals/{session}")
    face.page.evaluate(
        """() => { for (const tab of [...window.jupyterapp.shell.widgets('main')]) {
            if (tab.content?.hasClass?.('wegent-Terminal')) { tab.dispose(); }
        } }"""
    )
