"""A second machine: a `wegent-executor` in a process and a home of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.support.server import JupyterServer, private_environment, wait_for
from wegent_jupyter.gateway.credentials import Credentials
from wegent_jupyter.gateway.store.store import Store
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.server.auth import SINGLE_OWNER


def new_key(server: JupyterServer) -> str:
    """Return a new key of the API, as a person makes one for a machine."""
    answer = server.post("/credentials", {"kind": "key", "name": "tests"})
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["secret"]
    return secret


@dataclass
class Machine:
    """Start with `start()`, end with `stop()` or `kill()`; start again to restart it in the same home."""

    home: Path
    server: JupyterServer
    url: str = ""
    """Where it finds the gateway; empty: at the server's own address."""
    token: str = ""
    """What it shows at first; empty: a new key of the API. It is given a key of its own then, and keeps that."""
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def executor_home(self) -> Path:
        return self.home / ".wegent-executor"

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def log(self) -> str:
        """Return what it wrote: to its log file, and to its terminal."""
        paths = (self.executor_home / "logs" / "executor.log", self.home / "terminal.log")
        return "".join(path.read_text(errors="replace") for path in paths if path.exists())

    def status(self) -> dict[str, Any]:
        """Return what it says of its connection."""
        try:
            found: dict[str, Any] = json.loads((self.executor_home / "status.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    @property
    def device_id(self) -> str:
        if given := self.environment.get("DEVICE_ID"):
            return given
        found: str = json.loads((self.executor_home / "device-config.json").read_text())["device_id"]
        return found

    def start(self, *arguments: str, wait: bool = True) -> Machine:
        """Run it; `wait` until the server shows it as online."""
        self.files.mkdir(parents=True, exist_ok=True)
        self.token = self.token or new_key(self.server)
        connection = {
            "WEGENT_BACKEND_URL": self.url or f"{self.server.url}wegent",
            "WEGENT_AUTH_TOKEN": self.token,
            "DEVICE_NAME": self.home.name,
        }
        with (self.home / "terminal.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wegent_jupyter.executor", *arguments],
                cwd=self.files,
                env={**private_environment(self.home), **connection, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            self.reach("online", "busy")
        return self

    def device(self) -> dict[str, Any] | None:
        """Return the device as the server shows it now; None before it is known, or without a server."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the executor ended with {self.process.returncode}:\n{self.log[-4000:]}")
        try:
            answer = self.server.get("/devices")
        except httpx.TransportError:
            return None
        items = answer.json().get("items", []) if answer.status_code == 200 else []
        return next((item for item in items if item["name"] == self.home.name), None)

    def reach(self, *states: str) -> dict[str, Any]:
        """Wait until the server shows the device in one of the states, and return it."""

        def there() -> dict[str, Any] | None:
            found = self.device()
            return found if found is not None and found["status"] in states else None

        shown: dict[str, Any] = wait_for(there, f"{self.home.name} is {' or '.join(states)}\n{self.log[-2000:]}")
        return shown

    def submit(self, prompt: str, **fields: Any) -> int:
        """Make a task of the practice agent here, in `files`; returns its id."""
        place = {"path": str(self.files)}
        created = self.server.submit(prompt, **{"device_id": self.device_id, "workspace": place, **fields})
        task: int = created["task"]["id"]
        return task

    @property
    def ps(self) -> psutil.Process:
        assert self.process is not None
        return psutil.Process(self.process.pid)

    def pause(self) -> None:
        """Let it stand still, as on a laptop that sleeps."""
        self.ps.suspend()

    def resume(self) -> None:
        self.ps.resume()

    def stop(self) -> None:
        """Stop it as an operator does."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(psutil.NoSuchProcess):
            self.resume()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the executor did not stop:\n{self.log[-4000:]}") from None

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def device_keys(data: Path, device_ids: list[str]) -> dict[str, str]:
    """Let devices in at a server that does not run, whose directory is `data`; returns the key of each."""

    async def make() -> dict[str, str]:
        store = Store(f"sqlite:///{data / 'wegent.db'}")
        await store.open()
        credentials = Credentials(store, IdSource(lambda: int(time.time() * 1000)))
        await credentials.open()
        keys = await asyncio.gather(*(credentials.admit(SINGLE_OWNER, id_, id_) for id_ in device_ids))
        await store.close()
        return dict(zip(device_ids, keys, strict=True))

    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return asyncio.run(make())
