"""Run Codex: one `codex app-server` of the real program per turn, under the guard.

Its thread is our session. Permissions are never bypassed: in every mode the program asks, our gate answers.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from wegent_jupyter.executor.agents import codex_rules
from wegent_jupyter.executor.agents.base import Background, Emit, Run
from wegent_jupyter.executor.agents.codex_account import Account, account
from wegent_jupyter.executor.agents.codex_conversation import Conversation, Died, SessionLost
from wegent_jupyter.executor.agents.codex_messages import Messages
from wegent_jupyter.executor.agents.codex_said import Said
from wegent_jupyter.executor.agents.hiding import Hiding, hiding
from wegent_jupyter.executor.agents.trusting import say_trust
from wegent_jupyter.executor.trust import CODEX_NAMES, Found, TrustStore
from wegent_jupyter.protocol.events import Ended
from wegent_jupyter.protocol.states import AttemptState

LOST = "Codex no longer has this conversation: it starts a new one, without what was said before."


@dataclass(slots=True, frozen=True)
class Codex:
    """What a driver has to know of the program."""

    path: Path
    login_command: str
    install_command: str
    background: Background = "wait"
    """What becomes of commands that still run when the answer is complete."""


class CodexDriver:
    """Starts the program, resumes its thread where it can, and follows one turn."""

    def __init__(self, codex: Codex) -> None:
        """Run the program that was found."""
        self._codex = codex

    async def run(self, run: Run, emit: Emit) -> Ended:
        """Run a turn to its end, when no process of it is left; raises AgentFailed."""
        trust = await asyncio.to_thread(TrustStore(run.home).look, run.workspace, run.chat_folder, CODEX_NAMES)
        say_trust(trust, run, emit)
        async with account(run) as given:
            await codex_rules.check(run, given.environment, trust, emit)
            with hiding(run, emit, given.secrets) as hidden:
                return await self._follow(run, hidden, given, trust)

    async def _follow(self, run: Run, emit: Hiding, given: Account, trust: Found) -> Ended:
        """Follow the turn, starting the program again where nothing can happen twice."""
        session_id, restarted, said = run.session_id, False, Said(run)
        while True:
            if run.stop.is_set():
                return Ended(AttemptState.CANCELLED, "cancelled", session_id=session_id)
            conversation = Conversation(self._codex, run, emit, given, trust, said)
            try:
                return await conversation.follow(session_id)
            except SessionLost:
                conversation.messages.notice(LOST, "warning")
                session_id = None
            except Died as error:
                _again_or_fail(error, restarted, conversation.messages)
                session_id, restarted = conversation.resumable or session_id, True


def _again_or_fail(error: Died, restarted: bool, messages: Messages) -> None:
    """Say that the program is started again with the same message, or raise AgentFailed.

    Only while the agent has only thought and talked: every command, patch and tool is announced, and asked for, before
    it runs, so then none has run, and none can run twice. Once one was announced it may have run to any point. Only the
    person can judge that, and *Continue* resumes the thread, in which the agent finds what it did.
    """
    if restarted or messages.acted:
        raise error.failure
    messages.notice(f"{error.failure.error.message} It had not done anything yet, so it is started again.", "warning")
