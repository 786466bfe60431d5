"""What a person sees and does in a real browser."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, expect

from tests.support.server import ROOT, TOKEN, JupyterServer, wait_for

SHOTS = ROOT / "test-output"
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
PRACTICE = "PRACTICE: scripted, not AI"
HOST = "127.0.0.1"
LIVENESS = 30_000
"""Milliseconds after which something that should have happened did not."""

CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# At times, also without our front end: JupyterLab's shortcuts plugin when settings are loaded side by side, and
# Notebook's file browser when its page of a document is loaded slowly.
NOT_OURS = ("reading 'schema'", "Command 'filebrowser:open-path' not registered")


def launch_chromium(playwright: Playwright) -> Browser:
    """Run the system's Chromium; nothing is fetched."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "This needs the program `chromium` on PATH (Debian: apt-get install chromium)"
    return playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)


class Face:
    """One page of a server. It keeps what went wrong in the page, and whom the page talked to."""

    def __init__(self, page: Page, server: JupyterServer) -> None:
        self.page, self.server = page, server
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self._numbers = itertools.count()
        page.set_default_timeout(LIVENESS)
        # On a slow machine a restart takes so long that JupyterLab asks whether to go on trying.
        gone = page.get_by_role("dialog", name=re.compile("Server Connection Error"))
        page.add_locator_handler(gone, lambda dialog: dialog.get_by_role("button").last.click())
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._on_uncaught(error.stack or str(error)))
        page.on("request", lambda request: self._on_address(request.url))
        page.on("websocket", lambda socket: self._on_address(socket.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location['url']})")

    def _on_uncaught(self, trace: str) -> None:
        if not any(known in trace for known in NOT_OURS):
            self.errors.append(f"uncaught: {trace}")

    def _on_address(self, url: str) -> None:
        found = urlsplit(url)
        if found.scheme not in ("data", "blob"):
            self.hosts.add(found.hostname or url)

    def load(self, path: str = "lab") -> Face:
        """Open a page of the server and wait until the application is restored."""
        self.page.goto(f"{self.server.url}{path}?token={TOKEN}")
        return self.restored()

    def reload(self) -> Face:
        self.page.reload()
        return self.restored()

    def restored(self) -> Face:
        # A second page of the same workspace is sent on to one of its own; this waits over that.
        self.page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)")
        self.side.wait_for(state="attached")
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        return self

    def show_side(self) -> Face:
        """Open the sidebar, which opens by itself only at the very first time."""
        self.execute("wegent:open-panel")
        expect(self.side).to_be_visible()
        return self

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Do something during which the server is away; what the page logs of that is no fault."""
        before = list(self.errors)
        yield
        self.errors = before

    def shot(self, name: str) -> None:
        """Save what the window shows, for people to look at."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")

    def execute(self, command: str, **args: Any) -> None:
        """Start a command without waiting for what it returns."""
        self.page.evaluate(
            "([command, args]) => { void window.jupyterapp.commands.execute(command, args); }", [command, args]
        )

    def set_theme(self, name: str) -> None:
        """Change the theme as the Settings menu does."""
        self.execute("apputils:change-theme", theme=name)
        expect(self.page.locator(f'body[data-jp-theme-name="{name}"]')).to_be_attached()
        # JupyterLab's own splash fails when two changes overlap.
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def layout(self) -> dict[str, Any]:
        """Return the layout as JupyterLab has stored it; empty sides before it did."""
        address = f"{self.server.url}lab/api/workspaces/default"
        answer = httpx.get(address, headers={"Authorization": f"token {TOKEN}"}, trust_env=False, verify=False)
        found: dict[str, Any] = answer.json().get("data", {}).get("layout-restorer:data", {})
        return {"main": {}, "left": {"collapsed": False}, **found}

    def watch_texts(self, selector: str) -> Callable[[], list[str]]:
        """Record, from now on, each new text of the last element that fits; returns how to get them."""
        key = f"watched{next(self._numbers)}"
        self.page.evaluate(
            """([key, selector]) => {
                const texts = (window[key] = []);
                new MutationObserver(() => {
                    const found = [...document.querySelectorAll(selector)].at(-1);
                    const text = found?.innerText.trim(); // what is seen: without what is hidden
                    if (text && text !== texts.at(-1)) { texts.push(text); }
                }).observe(document.body, { childList: true, subtree: true, characterData: true });
            }""",
            [key, selector],
        )

        def texts() -> list[str]:
            found: list[str] = self.page.evaluate("key => window[key]", key)
            return found

        return texts

    # The sidebar.

    @property
    def side(self) -> Locator:
        return self.page.locator("#wegent-side")

    @property
    def composer(self) -> Locator:
        return self.side.get_by_label("Message", exact=True)

    @property
    def device(self) -> Locator:
        return self.side.locator(".wegent-Device")

    @property
    def rows(self) -> Locator:
        return self.side.locator(".wegent-TaskRow")

    def row(self, task_id: int) -> Locator:
        return self.side.locator(f'.wegent-TaskRow[data-task-id="{task_id}"]')

    @property
    def needs(self) -> Locator:
        """Return the cards of the section that is there while something needs the user."""
        return self.side.locator(".wegent-Need .wegent-Approval")

    def practice(self, label: str) -> None:
        """Press one of the practice buttons, in its block if that is closed."""
        block = self.side.get_by_role("region", name="Try the practice agent")
        summary = block.get_by_role("button", expanded=False)
        if summary.count():
            summary.click()
        block.get_by_role("button", name=label, exact=True).click()

    def send(self, prompt: str, mode: str = "Full access", workspace: str = "in a new chat folder") -> Task:
        """Write a message, choose mode and workspace, press Send; return the task whose tab opens."""
        self.composer.fill(prompt)
        self.side.get_by_label("Mode").select_option(label=mode)
        self.side.get_by_label("Workspace").select_option(label=workspace)
        known = self.task_ids()
        self.side.get_by_role("button", name="Send").click()
        return self.new_task(known)

    # Tasks.

    def task_ids(self) -> set[int]:
        return {task["id"] for task in self.server.get("/tasks").json()["items"]}

    def new_task(self, known: set[int]) -> Task:
        """Return the one task that is not among the known, once its tab is open."""
        [task_id] = wait_for(lambda: self.task_ids() - known, "a task is made")
        return self.task(task_id)

    def task(self, task_id: int) -> Task:
        task = Task(self, task_id)
        expect(task.root).to_be_visible()
        return task

    def open(self, task_id: int) -> Task:
        """Open a task by its row in the sidebar."""
        self.row(task_id).locator(".wegent-RowMain").click()
        return self.task(task_id)

    def close_tasks(self) -> None:
        """Close every task tab."""
        self.page.evaluate(
            """() => { for (const tab of [...window.jupyterapp.shell.widgets('main')]) {
                if (tab.id.startsWith('wegent-task-')) { tab.dispose(); }
            } }"""
        )

    def stop_everything(self) -> None:
        """End, by REST, all that waits or runs, if this server has the gateway."""
        if self.server.get("/version").json()["state"] != "running":
            return
        for task in self.server.get("/tasks").json()["items"]:
            for turn in self.server.get(f"/tasks/{task['id']}").json()["turn_list"]:
                if turn["state"] in ("queued", "starting", "running"):
                    self.server.post(f"/tasks/{task['id']}/cancel", {"turn_id": turn["id"]})
        wait_for(lambda: self.server.get("/devices").json()["items"][0]["slot_used"] == 0, "all slots are free")


class Task:
    """A task's tab."""

    def __init__(self, face: Face, task_id: int) -> None:
        self.face, self.id = face, task_id
        self.root = face.page.locator(f'.wegent-Task[data-task-id="{task_id}"]')
        self.state = self.root.locator(".wegent-Header .wegent-State")
        self.turns = self.root.locator(".wegent-Turn")
        self.items = self.root.locator(".wegent-Item")
        self.messages = self.root.locator('.wegent-Item[data-kind="message"]')
        self.tools = self.root.locator(".wegent-Tool")
        self.cards = self.root.locator(".wegent-Approval")
        self.stop = self.root.get_by_role("button", name="Stop", exact=True)
        self.reply = self.root.get_by_label("Reply", exact=True)

    def record(self) -> dict[str, Any]:
        """Return the task as REST tells it."""
        found: dict[str, Any] = self.face.server.get(f"/tasks/{self.id}").json()
        return found

    def is_state(self, word: str) -> None:
        """Wait until the header says so."""
        expect(self.state).to_have_text(word, timeout=LIVENESS)

    def says(self, text: str | re.Pattern[str]) -> None:
        """Wait until the newest message has a text."""
        expect(self.messages.last).to_contain_text(text, timeout=LIVENESS)

    def tab(self) -> Locator:
        """Return the tab in the tab bar of the main area."""
        return self.face.page.locator(f'[role="tab"][data-id="wegent-task-{self.id}"]')

    def transcript(self) -> list[tuple[str, str]]:
        """Return kind and text of every item as shown, with all that can be opened open; the task must have ended."""
        # In the page, because what is out of sight is not laid out and cannot be clicked at.
        closed = self.items.locator('.wegent-Disclosure[aria-expanded="false"]')
        closed.evaluate_all("nodes => nodes.forEach(node => node.click())")
        expect(self.root.locator(".wegent-Plain")).to_have_count(0)  # everything is rendered
        expect(self.items.get_by_text("Loading…")).to_have_count(0)
        found = self.items.evaluate_all("nodes => nodes.map(node => [node.dataset.kind, node.textContent])")
        return [(kind, text) for kind, text in found]
