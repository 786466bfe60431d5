"""Which agents this device has, and whether each can run."""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from wegent_jupyter._version import __version__
from wegent_jupyter.executor.agents.acp import AcpDriver
from wegent_jupyter.executor.agents.base import AgentFailed, Driver
from wegent_jupyter.protocol.api import Agent


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

    def __init__(self, configured: dict[str, AcpAgent], home: Path, allowed: list[str] | None = None) -> None:
        """Offer the practice agent and what the configuration adds, or of these only `allowed`."""
        practice = AcpAgent(
            "Practice (scripted, not AI)",
            [sys.executable, "-m", "wegent_jupyter.practice"],
            {"WEGENT_PRACTICE_HOME": str(home / "practice")},
        )
        every = {"practice": practice, **configured}
        self._agents = {id_: one for id_, one in every.items() if allowed is None or id_ in allowed}

    def report(self) -> list[Agent]:
        """Return the agents as the gateway shows them."""
        return [self._report(id_, agent) for id_, agent in self._agents.items()]

    def driver(self, agent_id: str) -> Driver:
        """Return what runs an agent; raises AgentFailed when it cannot run here."""
        agent = self._agents.get(agent_id)
        if agent is None:
            raise AgentFailed("agent_unknown", f"This device has no agent '{agent_id}'.")
        report = self._report(agent_id, agent)
        if not report.ready:
            raise AgentFailed("agent_missing", f"{agent.name} cannot run: {report.reason}", report.fix)
        return AcpDriver(agent.name, agent.command, agent.env)

    def _report(self, id_: str, agent: AcpAgent) -> Agent:
        practice = id_ == "practice"
        program = agent.command[0]
        if shutil.which(program) is None:
            reason = f"the program '{program}' was not found on this device."
            return Agent(id=id_, name=agent.name, practice=practice, ready=False, reason=reason, fix=agent.fix)
        return Agent(id=id_, name=agent.name, practice=practice, version=__version__ if practice else None)
