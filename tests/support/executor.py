"""The executor program in a process of its own, with a home of its own, against whatever gateway a test has."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.server import private_environment, wait_for


class Program:
    """`wegent-executor` on one home. Use as a context manager, so that nothing is left of it."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.environment: Mapping[str, str] = {
            **private_environment(home),
            "WEGENT_EXECUTOR_HOME": str(home / "executor"),
            "PYTHONUNBUFFERED": "1",
            "LOCAL_RECONNECT_DELAY": "0.2",
            "LOCAL_RECONNECT_MAX_DELAY": "1",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def executor_home(self) -> Path:
        return Path(self.environment["WEGENT_EXECUTOR_HOME"])

    @property
    def said(self) -> str:
        """Return what it wrote to its terminal."""
        path = self.home / "terminal.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def log(self) -> str:
        path = self.executor_home / "logs" / "executor.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def status(self) -> dict[str, Any]:
        path = self.executor_home / "status.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def reach(self, state: str) -> dict[str, Any]:
        """Wait until it says that it is in a state, and return all that it says."""
        wait_for(lambda: self.status.get("state") == state, f"it is {state}: {self.status}\n{self.said[-2000:]}")
        return self.status

    def start(self, *arguments: str) -> Program:
        """Run it in the background."""
        with (self.home / "terminal.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(arguments), env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def stop(self) -> int:
        """Stop it as an operator does; returns its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run one of its commands to the end."""
        return subprocess.run(
            self._command(arguments), env=self.environment, input=stdin, capture_output=True, text=True, timeout=60
        )

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "wegent_jupyter.executor", *arguments]
