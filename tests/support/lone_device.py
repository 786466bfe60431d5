"""A device whose gateway is the test itself: an executor process with a home of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.executor import Program
from tests.support.stand_in import StandIn


class LoneDevice:
    """Use as a context manager."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.gateway = StandIn()
        self.gateway.registration = {"wegentJupyter": {"gateway_id": "g"}}
        self.program = Program(home, WEGENT_AUTH_TOKEN="t", WEGENT_BACKEND_URL=self.gateway.url, **environment)

    def __enter__(self) -> LoneDevice:
        self.gateway.__enter__()
        self.program.start()
        self.gateway.registered()
        self.program.reach("connected")
        return self

    def __exit__(self, *_: object) -> None:
        self.program.__exit__()
        self.gateway.__exit__(None, None, None)

    @property
    def login(self) -> Path:
        """Return Codex's login file."""
        return self.program.home / ".codex" / "auth.json"

    def ask(self, event: str, **message: Any) -> dict[str, Any]:
        """Ask it something, and return its answer."""
        found: dict[str, Any] = self.gateway.call(event, message, 60)
        return found

    def command(self, key: str, env: dict[str, str]) -> dict[str, Any]:
        message = {"command": key, "command_key": key, "args": [], "env": env, "timeout_seconds": 60}
        found: dict[str, Any] = self.gateway.call("device:execute_command", message)
        return found

    def told(self) -> dict[str, Any] | None:
        """Return what its newest heartbeat says of the file."""
        beats = self.gateway.got("device:heartbeat")
        found: dict[str, Any] | None = beats[-1]["runtime_auth_files"].get("codex") if beats else None
        return found

    def logged_in(self) -> bool | None:
        """Return what it last said of Codex."""
        reports = [one["agents"] for one in self.gateway.got("agents:report")]
        for agents in reversed(reports):
            for agent in agents:
                if agent["id"] == "codex":
                    found: bool | None = agent["logged_in"]
                    return found
        return None
