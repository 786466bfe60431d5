"""What the commands of the user's pages find: a second machine; logins, proxies and models, played on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.access import credential
from tests.support.executor import Program
from tests.support.http_proxy import HttpProxy
from tests.support.model import Model, running_model
from tests.support.server import JupyterServer, wait_for
from tests.support.vendor import Vendor

NAME = "GPU box"
"""The second machine of the pages."""
CODEX, PROXY = "/users/me/runtime-configs/codex", "/users/me/proxy-config"
LOGIN = json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-of-the-pages"})
VENDORS = ("https://llm.example.com/v1", "https://llm2.example.com/v1")
"""Addresses of providers in the pages."""


@dataclass
class PageSettings:
    """Providers, a proxy and the vendor of logins, on this computer."""

    server: JupyterServer
    model: Model
    vendor: Vendor
    proxy: HttpProxy

    def ready(self, command: str, box: Program | None, folder: Path) -> str:
        """Return a command as it can be given here; `box` is the second machine, where it names that."""
        (folder / "key").write_text(self.model.key)
        (folder / "proxy-address").write_text(self._proxy)
        if " codex " in command:
            self._codex(command, box)
        if " proxy " in command:
            self._ask("PUT", PROXY, {"proxy_url": self._proxy})
        if " models " in command or " --model work/" in command:
            self._providers(command)
        if " skills undo " in command:
            self._ask("POST", f"/devices/{self._box()}/skills/sharing", {})
        for url in VENDORS:
            command = command.replace(url, f"{self.model.url}/v1")
        if " --model work/" in command:
            self.server.agent_ready("claude")
            command = command.replace("[options]", "--agent claude --mode edits")
        return command

    @property
    def _proxy(self) -> str:
        return f"http://127.0.0.1:{self.proxy.port}"

    def _codex(self, command: str, box: Program | None) -> None:
        self._ask("PUT", CODEX, {"use_user_config": False})
        here = self.server.home / ".codex" / "auth.json"
        here.parent.mkdir(exist_ok=True)
        here.write_text(LOGIN)
        if box is not None:
            there = box.home / ".codex" / "auth.json"
            there.write_text(LOGIN) if " import " in command else there.unlink(missing_ok=True)
            wait_for(lambda: self._there()["ready"], "Codex is found")
        self.vendor.verdict = "approve"

    def _there(self) -> dict[str, Any]:
        """Return what the second machine says of Codex."""
        agents = self.server.post(f"/devices/{self._box()}/agents/refresh", {}).json()["items"]
        found: dict[str, Any] = next(one for one in agents if one["id"] == "codex")
        return found

    def _box(self) -> str:
        [device] = [one for one in self.server.get("/devices").json()["items"] if not one["embedded"]]
        device_id: str = device["device_id"]
        return device_id

    def _providers(self, command: str) -> None:
        for one in self.server.get("/models/providers").json()["items"]:
            self._ask("DELETE", f"/models/providers/{one['id']}")
        if " add " in command:
            return
        known = {"key": self.model.key}
        work = {"name": "work", "kind": "anthropic", "base_url": self.model.url, "models": ["claude-opus-4-7"]}
        gateway = {"name": "gateway", "kind": "openai", "base_url": f"{self.model.url}/v1", "models": ["gpt-5.5"]}
        for body in (work, gateway):
            self._ask("POST", "/models/providers", {**known, **body})

    def _ask(self, method: str, path: str, body: Any = None) -> None:
        answer = self.server.request(method, path, json=body)
        assert answer.is_success, answer.text


@dataclass
class Second:
    """The second machine of the pages; made anew when a command has renamed or removed it."""

    server: JupyterServer
    settings: PageSettings
    folder: Path
    program: Program | None = None
    count: int = 0

    def joined(self) -> Program:
        """Return a machine that has joined and does not run; nobody else has its name."""
        self.end()
        self.count += 1
        home = self.folder / str(self.count)
        program = Program(home, **self.settings.vendor.environment(home / ".codex"))
        code = credential(self.server, "join")["secret"]
        asked = ("join", f"{self.server.url}wegent", "--name", NAME, "--code", "-", "--no-run")
        done = program.run(*asked, stdin=code)
        assert done.returncode == 0, done.stderr
        self.program = program
        return program

    def running(self) -> Program:
        """Return the machine, online."""
        if self.program is None or not self.online():
            self.joined().start().reach("connected")
            wait_for(self.online, f"{NAME} is online")
        assert self.program is not None
        return self.program

    def entries(self) -> list[dict[str, Any]]:
        """Return the devices that the server has beside its own."""
        return [one for one in self.server.get("/devices").json()["items"] if not one["embedded"]]

    def online(self) -> bool:
        """Say whether it is there, under its name, and nothing else is."""
        return [(one["name"], one["status"]) for one in self.entries()] == [(NAME, "online")]

    def end(self) -> None:
        """Stop it, and remove what the server has of it."""
        if self.program is not None and self.program.process is not None and self.program.process.poll() is None:
            self.program.stop()
        self.program = None
        for one in self.entries():
            answer = self.server.request("DELETE", f"/devices/{one['device_id']}?revoke=true")
            assert answer.status_code == 200, answer.text


@contextmanager
def page_settings(server: JupyterServer) -> Iterator[PageSettings]:
    """Have it all inside the block."""
    with running_model() as model, Vendor() as vendor, HttpProxy() as proxy:
        yield PageSettings(server, model, vendor, proxy)
