"""What a driver gets, gives and may raise."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.protocol.api import Mode, TurnError
from wegent_jupyter.protocol.events import AgentEvent, Ended

Emit = Callable[[AgentEvent], None]


@dataclass(slots=True)
class Run:
    """One attempt, as a driver sees it. Set `stop` to end it."""

    attempt_id: int
    prompt: str
    workspace: Path
    chat_folder: bool
    mode: Mode
    session_id: str | None
    environment: dict[str, str]
    records: ProcessRecords
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class AgentFailed(Exception):
    """The agent could not do its work; `error` is shown to the user."""

    def __init__(self, code: str, message: str, fix: str | None = None) -> None:
        """Keep what the turn will show."""
        super().__init__(message)
        self.error = TurnError(code=code, message=message, fix=fix)


class Driver(Protocol):
    """Runs one kind of agent."""

    async def run(self, run: Run, emit: Emit) -> Ended:
        """Run a turn to its end, when no process of it is left; raises AgentFailed."""
        ...
