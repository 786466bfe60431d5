"""What a driver gets, gives and may raise."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from wegent_jupyter.executor.approvals import Gate
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.protocol.api import Mode, ModelName, TurnError
from wegent_jupyter.protocol.events import AgentEvent, Ended
from wegent_jupyter.protocol.models import ModelConfig

Background = Literal["wait", "end"]
"""What becomes of an agent's background work when its answer is complete."""
PROVIDER_KEY = "Check the provider's key in the settings, under Models."
"""What to do where a provider that was issued refuses its key."""
Emit = Callable[[AgentEvent], None]


@dataclass(slots=True)
class Run:
    """One attempt, as a driver sees it. Set `stop` to end it."""

    attempt_id: int
    prompt: str
    workspace: Path
    chat_folder: bool
    mode: Mode
    model: ModelName | None
    session_id: str | None
    environment: dict[str, str]
    records: ProcessRecords
    home: Path
    """The executor's home, for what a driver keeps."""
    gate: Gate
    """Asked before anything that the mode may not allow."""
    stop: asyncio.Event
    llm: ModelConfig = field(default_factory=ModelConfig, repr=False)
    """By whose account: what the gateway issues for this turn, else the agent's own login. Holds secrets."""
    context: str | None = None
    """What was said in the task before, in another session or elsewhere: given to the agent before the prompt."""
    next_index: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)
    """Gives each item its place in the transcript."""
    steering: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    steerable: bool = False
    """A driver that can take messages from `steering` sets this while it does. It clears it, with the queue empty and
    without awaiting in between, before it ends, so that no message is taken that nobody reads."""


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
