"""The practice agent for tests: the real process under the guard, and a client that sees updates in order."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from acp import PROTOCOL_VERSION, RequestError, text_block
from acp.client import ClientSideConnection
from acp.interfaces import Client
from acp.schema import (
    AllowedOutcome,
    DeniedOutcome,
    PermissionOption,
    PromptResponse,
    RequestPermissionResponse,
    ToolCallUpdate,
)

from wegent_jupyter.executor.processes import GuardedProcess, spawn

ROOT = Path(__file__).resolve().parents[2]
Json = dict[str, Any]


class Person:
    """A client that answers every question in the same way, or leaves it open; `reason` goes with each answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.reason: str | None = None
        self.asked: list[tuple[ToolCallUpdate, list[PermissionOption]]] = []
        self.question = asyncio.Event()

    async def request_permission(
        self, session_id: str, tool_call: ToolCallUpdate, options: list[PermissionOption], **_: Any
    ) -> RequestPermissionResponse:
        self.asked.append((tool_call, options))
        self.question.set()
        if self.answer == "silence":
            await asyncio.Event().wait()
        if self.answer == "error":
            raise RequestError.internal_error({"details": "no face is open"})
        if self.answer == "cancelled":
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        meta = {"wegent": {"reason": self.reason}} if self.reason else None
        outcome = AllowedOutcome(outcome="selected", option_id=self.answer)
        return RequestPermissionResponse(outcome=outcome, field_meta=meta)

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        """Do nothing: the observer has seen it, and in order."""


@dataclass
class Chat:
    """One running agent with a session, and all that it sent."""

    process: GuardedProcess
    connection: ClientSideConnection
    person: Person
    updates: list[Json]
    session_id: str = ""
    modes: Json = field(default_factory=dict)
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, text: str) -> PromptResponse:
        """Send a message; what the answer brought is in `updates`."""
        self.updates.clear()
        return await self.connection.prompt(session_id=self.session_id, prompt=[text_block(text)])

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for updates that meet a condition."""
        while not condition():
            self.seen.clear()
            await self.seen.wait()

    def text(self, kind: str = "agent_message_chunk") -> str:
        return "".join(update["content"]["text"] for update in self.chunks(kind))

    def chunks(self, kind: str = "agent_message_chunk") -> list[Json]:
        return [update for update in self.updates if update["sessionUpdate"] == kind]

    def cards(self) -> list[Json]:
        """Return the tool calls as a client shows them: later fields replace earlier ones."""
        cards: dict[str, Json] = {}
        for update in self.updates:
            if update["sessionUpdate"].startswith("tool_call"):
                cards.setdefault(update["toolCallId"], {}).update(update)
        return list(cards.values())

    def card(self) -> Json:
        (card,) = self.cards()
        return card


Story = Callable[[Chat], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Agents:
    """Runs stories, each with an agent of its own, whose sessions are kept beside the others' and work in `folder`."""

    home: Path
    marker: str

    @property
    def folder(self) -> Path:
        """Return the directory in which sessions work."""
        return self.home / "work"

    def __call__(self, story: Story, answer: str = "allow_once", load: str | None = None) -> None:
        """Run a story in a new session, or go on with the session `load`; `answer` is given to every question."""
        self.folder.mkdir(exist_ok=True)
        asyncio.run(self._run(story, answer, load))

    async def _run(self, story: Story, answer: str, load: str | None) -> None:
        home = {"WEGENT_PRACTICE_HOME": str(self.home / "practice"), "HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        argv = [sys.executable, "-m", "wegent_jupyter.practice"]
        async with await spawn(argv, cwd=self.home, env=os.environ | home, marker=self.marker) as process:
            chat = connected(process, Person(answer))
            await chat.connection.initialize(protocol_version=PROTOCOL_VERSION)
            await opened(chat, str(self.folder), load)
            await story(chat)
            await chat.connection.close()


def connected(process: GuardedProcess, person: Person) -> Chat:
    """Connect to an agent with an observer, the one way that sees updates in the order in which they were sent."""

    def observe(event: Any) -> None:
        if event.message.get("method") == "session/update":
            chat.updates.append(event.message["params"]["update"])
            chat.seen.set()

    connection = ClientSideConnection(cast(Client, person), process.stdin, process.stdout, observers=[observe])
    chat = Chat(process, connection, person, [])
    return chat


async def opened(chat: Chat, cwd: str, load: str | None) -> None:
    if load is None:
        session = await chat.connection.new_session(cwd=cwd, mcp_servers=[])
        chat.session_id, modes = session.session_id, session.modes
    else:
        loaded = await chat.connection.load_session(cwd=cwd, session_id=load, mcp_servers=[])
        chat.session_id, modes = load, loaded.modes
    assert modes is not None
    chat.modes = modes.model_dump()
