"""A real Jupyter server in a process and a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "test-token"
LIVENESS = 60.0
"""Seconds after which something that should have happened did not; nothing normal takes a quarter of it."""
SCRUBBED = ("ANTHROPIC_", "OPENAI_", "CLAUDE", "CODEX", "WEGENT_", "JUPYTER", "JPY_")


def private_environment(home: Path) -> dict[str, str]:
    """Return an environment in which nothing of whoever runs the tests is reached."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED)}
    return {
        **kept,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(home / "ipython"),
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONPATH": str(ROOT),
    }


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], Any], what: str, timeout: float = LIVENESS) -> Any:
    """Poll another process until it is so, and return what was found."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout} s: {what}")


FACES = ("jupyterlab", "jupyter_lsp", "notebook", "notebook_shim")
"""Server extensions that only pages in a browser need."""


@dataclass
class JupyterServer:
    """Start with `start()`, end with `stop()` or `kill()`; start again to restart it on the same home."""

    home: Path
    app: str = "jupyter_server"
    options: list[str] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    ip: str = "127.0.0.1"
    """Where it listens; tests reach it over loopback."""
    base_url: str = "/"
    extended: bool = True
    pages: bool = False
    """With JupyterLab's pages, though it is not JupyterLab that is started."""
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base_url}"

    @property
    def extensions(self) -> dict[str, bool]:
        """Return what it loads: without a face it needs none of JupyterLab's, which take it two seconds."""
        faces = {} if self.pages or self.app != "jupyter_server" else dict.fromkeys(FACES, False)
        return {"wegent_jupyter": self.extended, **faces}

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def data(self) -> Path:
        return self.home / "data" / "wegent"

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text(errors="replace")

    def start(self, *, wait: bool = True) -> JupyterServer:
        self.files.mkdir(parents=True, exist_ok=True)
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    self.app,
                    "--no-browser",
                    "--allow-root",
                    f"--ServerApp.ip={self.ip}",
                    f"--ServerApp.port={self.port}",
                    "--ServerApp.port_retries=0",
                    f"--ServerApp.base_url={self.base_url}",
                    f"--IdentityProvider.token={TOKEN}",
                    f"--ServerApp.jpserver_extensions={self.extensions}",
                    *self.options,
                ],
                cwd=self.files,
                env={**private_environment(self.home), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            wait_for(self.device_online, "the embedded device is online")
        return self

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, json=body, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"token {TOKEN}", **options.pop("headers", {})}
        with httpx.Client(trust_env=False, verify=False, timeout=30) as client:
            return client.request(method, f"{self.url}wegent/api{path}", headers=headers, **options)

    def device_online(self) -> dict[str, Any] | None:
        """Return the embedded device once it is online."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log[-4000:]}")
        try:
            answer = self.get("/devices")
        except httpx.TransportError:
            return None
        items = answer.json().get("items", []) if answer.status_code == 200 else []
        return next((item for item in items if item["status"] in ("online", "busy")), None)

    def submit(self, prompt: str, **fields: Any) -> dict[str, Any]:
        """Make a task of the practice agent and return the answer."""
        body = {"prompt": prompt, "agent": "practice", "mode": "full", **fields}
        answer = self.post("/tasks", body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def turn(self, task_id: int) -> dict[str, Any]:
        """Return the newest turn of a task."""
        newest: dict[str, Any] = self.get(f"/tasks/{task_id}").json()["turn_list"][-1]
        return newest

    def finished(self, task_id: int) -> dict[str, Any]:
        """Wait for the newest turn of a task to end, and return it."""

        def final() -> dict[str, Any] | None:
            turn = self.turn(task_id)
            return turn if turn["state"] in ("completed", "failed", "cancelled") else None

        found: dict[str, Any] = wait_for(final, f"task {task_id} ends")
        return found

    def agent_ready(self, agent_id: str) -> dict[str, Any]:
        """Wait until the embedded device can run an agent, and return what it says of it."""

        def ready() -> dict[str, Any] | None:
            items = self.get("/agents").json()["items"]
            return next((one for one in items if one["id"] == agent_id and one["ready"]), None)

        found: dict[str, Any] = wait_for(ready, f"{agent_id} is ready")
        return found

    def asked(self, task_id: int) -> dict[str, Any]:
        """Wait until a task needs a person, and return what it asks."""

        def open_() -> dict[str, Any] | None:
            items = self.get("/approvals").json()["items"]
            return next((one for one in items if one["task_id"] == task_id), None)

        found: dict[str, Any] = wait_for(open_, f"task {task_id} asks")
        return found

    def executor_pid(self) -> int:
        import json

        pid: int = json.loads((self.data / "executor" / "executor.json").read_text())["pid"]
        return pid

    def stop(self) -> None:
        """Stop it as an operator does."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop:\n{self.log[-4000:]}") from None

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end_executor(self) -> None:
        """End an executor that outlived the server, with its tree."""
        import psutil

        try:
            executor = psutil.Process(self.executor_pid())
        except (OSError, ValueError, psutil.NoSuchProcess):
            return
        if "wegent_jupyter.executor" not in " ".join(executor.cmdline()):
            return
        executor.terminate()
        try:
            executor.wait(15)
        except psutil.TimeoutExpired:
            executor.kill()
