"""Turns of the real Claude Code, driven directly: a driver, a run, a gate, and what came out."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.server import private_environment
from wegent_jupyter.executor.agents.base import AgentFailed, Background, Driver, Run
from wegent_jupyter.executor.agents.claude import Claude, ClaudeDriver
from wegent_jupyter.executor.agents.claude_binary import bundled
from wegent_jupyter.executor.approvals import Gate
from wegent_jupyter.executor.processes import ProcessRecords, marked
from wegent_jupyter.protocol.api import Decision, Mode, TurnError
from wegent_jupyter.protocol.events import AgentEvent, Asked, Delta, Ended, Notice, Tool
from wegent_jupyter.protocol.models import ModelConfig

LIVENESS = 60.0
INSTALL = f"{sys.executable} -m pip install 'wegent-jupyter[claude]'"
One = TypeVar("One")


class Granted:
    """Grants of a task, in memory."""

    def __init__(self) -> None:
        self.rules: set[str] = set()

    def granted(self, rule: str) -> bool:
        return rule in self.rules

    def grant(self, rule: str) -> None:
        self.rules.add(rule)


@dataclass
class Bench:
    """A device on which turns run, one after the other; `answer` decides what is asked."""

    home: Path
    answer: Callable[[Asked], Decision | None] = lambda asked: Decision(decision="allow")
    program: Path | None = None
    background: Background = "wait"
    extra: dict[str, str] = field(default_factory=dict)
    model: Any = "practice"
    llm: ModelConfig = field(default_factory=ModelConfig)
    attempts: int = field(default_factory=lambda: secrets.randbelow(1 << 50))

    def __post_init__(self) -> None:
        self.workspace = self.home / "work"
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.records = ProcessRecords(self.home / "processes")
        self.grants = Granted()
        self.numbers: list[int] = []

    @property
    def environment(self) -> dict[str, str]:
        return {**private_environment(self.home), **self.extra}

    def driver(self) -> Driver:
        """Return what runs the turns."""
        found = self.program or bundled()
        assert found is not None
        return ClaudeDriver(Claude(found, "claude auth login", INSTALL, self.background))

    def turn(self, prompt: str, *, mode: Mode = "ask", session: str | None = None, chat: bool = False) -> Turn:
        self.attempts += 1
        self.numbers.append(self.attempts)
        return Turn(self, prompt, mode, session, chat)

    def processes(self) -> list[str]:
        """Return what is left of all turns so far."""
        markers = {f"{number}{part}" for number in self.numbers for part in ("", "-model")}
        return [" ".join(process.cmdline()) for process in marked(markers)]

    async def run(self, prompt: str, **options: Any) -> Turn:
        """Run a turn to its end."""
        turn = self.turn(prompt, **options)
        await turn.finish()
        return turn


class Turn:
    """One turn and what it gave."""

    def __init__(self, bench: Bench, prompt: str, mode: Mode, session: str | None, chat: bool) -> None:
        self.bench = bench
        self.events: list[AgentEvent] = []
        self._changed = asyncio.Event()
        stop = asyncio.Event()
        numbers = iter(range(1, 1_000_000))
        index = numbers.__next__
        given = bench.home / "attachments"
        self.gate = Gate(bench.attempts, mode, bench.workspace, bench.grants, index, self._emit, stop, given=given)
        self.run = Run(
            attempt_id=bench.attempts,
            prompt=prompt,
            workspace=bench.workspace,
            chat_folder=chat,
            mode=mode,
            model=bench.model,
            llm=bench.llm,
            session_id=session,
            environment=bench.environment,
            records=bench.records,
            home=bench.home,
            gate=self.gate,
            stop=stop,
            next_index=index,
        )
        self.work = asyncio.create_task(bench.driver().run(self.run, self._emit))

    async def finish(self) -> Ended:
        async with asyncio.timeout(LIVENESS):
            return await self.work

    def _emit(self, event: AgentEvent) -> None:
        self.events.append(event)
        self._changed.set()
        if isinstance(event, Asked) and not event.withdrawn:
            decision = self.bench.answer(event)
            if decision is not None:
                asyncio.get_running_loop().call_soon(self.gate.decide, event.approval_id, decision)

    async def failure(self) -> TurnError:
        """Return why the turn failed, once it has."""
        with pytest.raises(AgentFailed) as caught:
            await self.finish()
        return caught.value.error

    async def until(self, condition: Callable[[], One | None], what: str) -> One:
        """Wait until the events make it so."""
        try:
            async with asyncio.timeout(LIVENESS):
                while not (found := condition()):
                    self._changed.clear()
                    if self.work.done():
                        raise AssertionError(f"the turn ended before: {what}: {self.work}")
                    await asyncio.wait(
                        {asyncio.create_task(self._changed.wait()), self.work}, return_when=asyncio.FIRST_COMPLETED
                    )
                return found
        except TimeoutError:
            raise AssertionError(f"not within {LIVENESS} s: {what}") from None

    def of(self, kind: type[One]) -> list[One]:
        return [event for event in self.events if isinstance(event, kind)]

    def text(self, kind: str = "message") -> str:
        return "".join(event.text for event in self.of(Delta) if event.kind == kind)

    def tools(self) -> list[Tool]:
        """Return the tool calls as they are now, in their order."""
        newest = {tool.item_id: tool for tool in self.of(Tool)}
        return sorted(newest.values(), key=lambda tool: tool.index)

    def notices(self) -> list[str]:
        return [notice.text for notice in self.of(Notice)]
