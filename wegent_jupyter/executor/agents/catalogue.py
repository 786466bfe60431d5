"""Which agents this device has, and whether each can run."""

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from wegent_jupyter._version import __version__
from wegent_jupyter.executor import config_file
from wegent_jupyter.executor.agents import claude_binary, claude_login
from wegent_jupyter.executor.agents.acp import AcpDriver
from wegent_jupyter.executor.agents.base import AgentFailed, Background, Driver
from wegent_jupyter.protocol.api import Agent

CLAUDE = "claude"


@dataclass(slots=True, frozen=True)
class AcpAgent:
    """An agent of the configuration: any program that speaks ACP on its standard streams."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    fix: str | None = None
    """The command that installs it, shown when it is missing."""


class Catalogue:
    """The agents of one device."""

    def __init__(
        self,
        configured: dict[str, AcpAgent],
        home: Path,
        allowed: list[str] | None = None,
        *,
        config: Path | None = None,
        background: Background = "wait",
    ) -> None:
        """Offer Claude Code, the practice agent and what the configuration adds, or of these only `allowed`.

        `config` is the file that keeps the paths that a person gave, by default that of `home`. Claude Code is
        looked for by `refresh`.
        """
        practice = AcpAgent(
            "Practice (scripted, not AI)",
            [sys.executable, "-m", "wegent_jupyter.practice"],
            {"WEGENT_PRACTICE_HOME": str(home / "practice")},
        )
        every = {"practice": practice, **configured}
        self._agents = {id_: one for id_, one in every.items() if allowed is None or id_ in allowed}
        self._offers_claude = CLAUDE not in configured and (allowed is None or CLAUDE in allowed)
        self._config = config or home / config_file.NAME
        self._background = background
        self._claude = Agent(id=CLAUDE, name="Claude Code", ready=False, reason="It is being looked for.")

    def report(self) -> list[Agent]:
        """Return the agents as the gateway shows them."""
        found = [_report_acp(id_, agent) for id_, agent in self._agents.items()]
        return [*found, self._claude] if self._offers_claude else found

    async def refresh(self) -> bool:
        """Look for the agents again; says whether the report has changed."""
        before = self._claude
        if self._offers_claude:
            self._claude = await asyncio.to_thread(self._look_for_claude)
        return self._claude != before

    async def set_path(self, agent_id: str, path: str | None) -> None:
        """Keep where an agent's program is, None to look for it again; raises AgentFailed."""
        if agent_id != CLAUDE or not self._offers_claude:
            raise AgentFailed("bad_path", f"The agent '{agent_id}' takes no path on this device.")
        try:
            program = await asyncio.to_thread(claude_binary.check, path) if path is not None else None
            kept = str(program.path) if program is not None else None
            await asyncio.to_thread(config_file.set_agent_path, self._config, CLAUDE, kept)
        except claude_binary.Unusable as error:
            raise AgentFailed("bad_path", str(error)) from error
        except (OSError, ValueError) as error:
            raise AgentFailed("bad_path", f"{self._config} cannot be changed: {error}.") from error
        await self.refresh()

    def driver(self, agent_id: str) -> Driver:
        """Return what runs an agent; raises AgentFailed when it cannot run here."""
        if agent_id == CLAUDE and self._offers_claude:
            return self._claude_driver()
        agent = self._agents.get(agent_id)
        if agent is None:
            raise AgentFailed("agent_unknown", f"This device has no agent '{agent_id}'.")
        _require(_report_acp(agent_id, agent))
        return AcpDriver(agent.name, agent.command, agent.env)

    def _claude_driver(self) -> Driver:
        """Look again: what was installed or removed meanwhile counts. The version is known, so this is quick."""
        # With the first turn: an idle device has no need of it.
        from wegent_jupyter.executor.agents.claude import Claude, ClaudeDriver

        self._claude = self._look_for_claude()
        _require(self._claude)
        return ClaudeDriver(
            Claude(
                Path(self._claude.path or ""),
                self._claude.login_command or "",
                self._claude.install_command or "",
                self._background,
            )
        )

    def _look_for_claude(self) -> Agent:
        agent = Agent(
            id=CLAUDE,
            name="Claude Code",
            ready=False,
            install_command=claude_binary.install_command(),
            install_mb=claude_binary.INSTALL_MB,
            accepts_path=True,
            steering=True,
            models=["practice"],
        )
        given = config_file.agent_path(self._config, CLAUDE)
        try:
            program = claude_binary.find(given)
        except claude_binary.Unusable as error:
            fix = "Say where it is, or let it be looked for again." if given else agent.install_command
            return agent.model_copy(update={"reason": str(error), "fix": fix, "path": given})
        if program is None:
            return agent.model_copy(
                update={"reason": "It is not installed on this device.", "fix": agent.install_command}
            )
        found = {
            "path": str(program.path),
            "version": program.version,
            "login_command": claude_binary.login_command(program.path),
            "logged_in": claude_login.logged_in(os.environ),
        }
        if claude_binary.sdk_installed():
            return agent.model_copy(update={**found, "ready": True})
        reason = (
            f"Found Claude Code {program.version} at {program.path}, "
            "but not the Python package claude-agent-sdk, which drives it."
        )
        return agent.model_copy(update={**found, "reason": reason, "fix": agent.install_command})


def _report_acp(id_: str, agent: AcpAgent) -> Agent:
    practice = id_ == "practice"
    program = agent.command[0]
    if shutil.which(program) is None:
        reason = f"the program '{program}' was not found on this device."
        return Agent(id=id_, name=agent.name, practice=practice, ready=False, reason=reason, fix=agent.fix)
    return Agent(id=id_, name=agent.name, practice=practice, version=__version__ if practice else None)


def _require(agent: Agent) -> None:
    if not agent.ready:
        raise AgentFailed("agent_missing", f"{agent.name} cannot run: {agent.reason}", agent.fix)
