"""The practice agent's side of the Agent Client Protocol: sessions, modes, prompts, cancel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from acp import PROTOCOL_VERSION, RequestError
from acp.interfaces import Client
from acp.schema import (
    AgentCapabilities,
    Implementation,
    InitializeResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PromptResponse,
    SessionMode,
    SessionModeState,
    SetSessionModeResponse,
    StopReason,
    TextContentBlock,
)

from wegent_jupyter._version import __version__
from wegent_jupyter.practice.cards import TurnCancelled
from wegent_jupyter.practice.sessions import MODES, Session, SessionStore
from wegent_jupyter.practice.turn import Turn
from wegent_jupyter.protocol.history import is_history

NAME, TITLE = "wegent-practice", "Practice agent (scripted, not AI)"


class PracticeAgent:
    """A scripted agent. What it does is written in the prompt; it never is an AI and says so in every answer."""

    def __init__(self, store: SessionStore) -> None:
        """Take the place where sessions are kept."""
        self._store = store
        self._client: Client | None = None
        self._sessions: dict[str, Session] = {}
        self._turns: dict[str, Turn] = {}

    def on_connect(self, conn: Client) -> None:
        """Take the connection to the client."""
        self._client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> InitializeResponse:
        """Say who this is and that sessions can be loaded."""
        return InitializeResponse(
            protocol_version=PROTOCOL_VERSION,
            agent_capabilities=AgentCapabilities(load_session=True),
            agent_info=Implementation(name=NAME, title=TITLE, version=__version__),
            field_meta={"scripted": True},
        )

    async def new_session(self, cwd: str, **_: Any) -> NewSessionResponse:
        """Begin a session in an absolute directory."""
        session = self._store.create(_directory(cwd))
        self._sessions[session.id] = session
        return NewSessionResponse(session_id=session.id, modes=_modes(session))

    async def load_session(self, cwd: str, session_id: str, **_: Any) -> LoadSessionResponse:
        """Go on with a kept session: directory, mode and number of messages; nothing is replayed."""
        try:
            session = self._sessions[session_id] = self._store.load(session_id, Path(cwd))
        except KeyError:
            raise RequestError.resource_not_found(session_id) from None
        return LoadSessionResponse(modes=_modes(session))

    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> SetSessionModeResponse:
        """Set and keep the mode."""
        session = self._session(session_id)
        if mode_id not in MODES:
            raise RequestError.invalid_params({"mode": mode_id})
        session.mode = mode_id
        self._store.save(session)
        return SetSessionModeResponse()

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> PromptResponse:
        """Answer a message; its text blocks are the script."""
        turn = self._begin(self._session(session_id), "\n".join(_texts(prompt)))
        task = turn.start()
        try:
            await asyncio.wait({task})  # not the task itself: its cancel must not become ours, which has to answer
            return PromptResponse(stop_reason=_stop_reason(task), usage=turn.usage())
        finally:
            task.cancel()
            del self._turns[session_id]

    async def cancel(self, session_id: str, **_: Any) -> None:
        """End the session's turn, if there is one."""
        turn = self._turns.get(session_id)
        if turn is not None:
            turn.cancel()

    def _begin(self, session: Session, text: str) -> Turn:
        if session.id in self._turns or self._client is None:
            raise RequestError.invalid_request({"details": "a turn of this session is running"})
        session.messages += 1
        self._store.save(session)
        turn = self._turns[session.id] = Turn(self._client, session, text)
        return turn

    def _session(self, session_id: str) -> Session:
        if session_id not in self._sessions:
            raise RequestError.resource_not_found(session_id)
        return self._sessions[session_id]


def _directory(cwd: str) -> Path:
    path = Path(cwd)
    if not path.is_absolute() or not path.is_dir():
        raise RequestError.invalid_params({"cwd": f"{cwd} is not an absolute path of a directory"})
    return path


def _modes(session: Session) -> SessionModeState:
    modes = [SessionMode(id=key, name=name, description=text) for key, (name, text) in MODES.items()]
    return SessionModeState(current_mode_id=session.mode, available_modes=modes)


def _texts(blocks: list[Any]) -> list[str]:
    """Return what a person wrote; what was said before, on another device, is no script of this turn."""
    texts = [block.text for block in blocks if isinstance(block, TextContentBlock)]
    return [text for text in texts if not is_history(text)]


def _stop_reason(task: asyncio.Task[StopReason]) -> StopReason:
    try:
        return task.result()
    except (asyncio.CancelledError, TurnCancelled):
        return "cancelled"
