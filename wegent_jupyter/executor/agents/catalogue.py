"""Which agents this device has, and whether each can run."""

import asyncio
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from wegent_jupyter._version import __version__
from wegent_jupyter.executor import config_file
from wegent_jupyter.executor.agents import installed
from wegent_jupyter.executor.agents.acp import AcpDriver
from wegent_jupyter.executor.agents.base import AgentFailed, Background, Driver
from wegent_jupyter.executor.agents.programs import Unusable
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

    def __init__(
        self,
        configured: dict[str, AcpAgent],
        home: Path,
        allowed: list[str] | None = None,
        *,
        config: Path | None = None,
        background: Background = "wait",
    ) -> None:
        """Offer Claude Code, Codex, the practice agent and what the configuration adds, or of these only `allowed`.

        `config` is the file that keeps the paths that a person gave, by default that of `home`. Installed programs are
        looked for by `refresh`.
        """
        practice = AcpAgent(
            "Practice (scripted, not AI)",
            [sys.executable, "-m", "wegent_jupyter.practice"],
            {"WEGENT_PRACTICE_HOME": str(home / "practice")},
        )
        every = {"practice": practice, **configured}
        self._agents = {id_: one for id_, one in every.items() if allowed is None or id_ in allowed}
        self._installed = {
            id_: one
            for id_, one in installed.ALL.items()
            if id_ not in configured and (allowed is None or id_ in allowed)
        }
        self._config = config or home / config_file.NAME
        self._background = background
        looking = "It is being looked for."
        self._found = {
            id_: Agent(id=id_, name=one.name, provider=one.provider, ready=False, reason=looking)
            for id_, one in self._installed.items()
        }

    def report(self) -> list[Agent]:
        """Return the agents as the gateway shows them."""
        return [*(_report_acp(id_, agent) for id_, agent in self._agents.items()), *self._found.values()]

    async def refresh(self) -> bool:
        """Look for the agents again; says whether the report has changed."""
        before = self._found
        self._found = await asyncio.to_thread(lambda: {id_: self._look(id_) for id_ in self._installed})
        return self._found != before

    async def set_path(self, agent_id: str, path: str | None) -> None:
        """Keep where an agent's program is, None to look for it again; raises AgentFailed."""
        known = self._installed.get(agent_id)
        if known is None:
            raise AgentFailed("bad_path", f"The agent '{agent_id}' takes no path on this device.")
        try:
            program = await asyncio.to_thread(known.binary.check, path) if path is not None else None
            kept = str(program.path) if program is not None else None
            await asyncio.to_thread(config_file.set_agent_path, self._config, agent_id, kept)
        except Unusable as error:
            raise AgentFailed("bad_path", str(error)) from error
        except (OSError, ValueError) as error:
            raise AgentFailed("bad_path", f"{self._config} cannot be changed: {error}.") from error
        await self.refresh()

    def driver(self, agent_id: str) -> Driver:
        """Return what runs an agent; raises AgentFailed when it cannot run here."""
        if agent_id in self._installed:
            # What was installed or removed meanwhile counts. The version is known, so looking is quick. It is not
            # kept: `refresh` tells the gateway only what differs from what it was told.
            found = self._look(agent_id)
            _require(found)
            return self._installed[agent_id].make(found, self._background)
        agent = self._agents.get(agent_id)
        if agent is None:
            raise AgentFailed("agent_unknown", f"This device has no agent '{agent_id}'.")
        _require(_report_acp(agent_id, agent))
        return AcpDriver(agent.name, agent.command, agent.env)

    def _look(self, agent_id: str) -> Agent:
        return self._installed[agent_id].look(config_file.agent_path(self._config, agent_id))


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
