"""The agents whose real programs we look for on a device, and how each is reported and run."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wegent_jupyter.executor.agents import claude_binary, claude_login, codex_binary, codex_login
from wegent_jupyter.executor.agents.base import Background, Driver
from wegent_jupyter.executor.agents.programs import Program, Unusable
from wegent_jupyter.protocol.api import PRACTICE_MODEL, Agent

NOT_INSTALLED = "It is not installed on this device."


@dataclass(slots=True, frozen=True)
class Binary:
    """What knows one program: the functions of such a module as `codex_binary`."""

    install_mb: int
    find: Callable[[str | None], Program | None]
    check: Callable[[str], Program]
    install_command: Callable[[], str]
    login_command: Callable[[Path], str]


@dataclass(slots=True, frozen=True)
class Installed:
    """One agent with a program of its own."""

    id: str
    name: str
    provider: Literal["anthropic", "openai"]
    binary: Binary
    logged_in: Callable[[Mapping[str, str]], bool | None]
    make: Callable[[Agent, Background], Driver]
    lacks: Callable[[Program], str | None] = lambda program: None
    """What is missing beside the program, in words."""
    device_login: bool = False

    def look(self, given: str | None) -> Agent:
        """Report it; `given` is the path that a person gave. Blocks."""
        agent = Agent(
            id=self.id,
            name=self.name,
            ready=False,
            install_command=self.binary.install_command(),
            install_mb=self.binary.install_mb,
            accepts_path=True,
            steering=True,
            models=[PRACTICE_MODEL],
            provider=self.provider,
        )
        try:
            program = self.binary.find(given)
        except Unusable as error:
            fix = "Say where it is, or let it be looked for again." if given else agent.install_command
            return agent.model_copy(update={"reason": str(error), "fix": fix, "path": given})
        if program is None:
            return agent.model_copy(update={"reason": NOT_INSTALLED, "fix": agent.install_command})
        found = {
            "path": str(program.path),
            "version": program.version,
            "login_command": self.binary.login_command(program.path),
            "logged_in": self.logged_in(os.environ),
            "device_login": self.device_login,
        }
        lacking = self.lacks(program)
        if lacking is None:
            return agent.model_copy(update={**found, "ready": True})
        return agent.model_copy(update={**found, "reason": lacking, "fix": agent.install_command})


def _claude_lacks(program: Program) -> str | None:
    if claude_binary.sdk_installed():
        return None
    return (
        f"Found Claude Code {program.version} at {program.path}, "
        "but not the Python package claude-agent-sdk, which drives it."
    )


# With the first turn: an idle device has no need of a driver.


def _claude(agent: Agent, background: Background) -> Driver:
    from wegent_jupyter.executor.agents.claude import Claude, ClaudeDriver

    return ClaudeDriver(Claude(*_known(agent), background))


def _codex(agent: Agent, background: Background) -> Driver:
    from wegent_jupyter.executor.agents.codex import Codex, CodexDriver

    return CodexDriver(Codex(*_known(agent), background))


def _known(agent: Agent) -> tuple[Path, str, str]:
    return Path(agent.path or ""), agent.login_command or "", agent.install_command or ""


CLAUDE = Installed(
    "claude",
    "Claude Code",
    "anthropic",
    Binary(
        claude_binary.INSTALL_MB,
        claude_binary.find,
        claude_binary.check,
        claude_binary.install_command,
        claude_binary.login_command,
    ),
    claude_login.logged_in,
    _claude,
    lacks=_claude_lacks,
)
CODEX = Installed(
    "codex",
    "Codex",
    "openai",
    Binary(
        codex_binary.INSTALL_MB,
        codex_binary.find,
        codex_binary.check,
        codex_binary.install_command,
        codex_binary.login_command,
    ),
    codex_login.logged_in,
    _codex,
    device_login=True,
)
ALL = {one.id: one for one in (CLAUDE, CODEX)}
