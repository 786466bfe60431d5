"""Run Claude Code: one process of the real program per turn, under the guard, driven by the Claude Agent SDK.

The SDK (0.5 s to import, so only with the first turn) speaks the control protocol: permissions, interrupt, modes. We
start and end the process ourselves. Permissions are never bypassed: in every mode the program asks, our gate answers.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents import claude_errors
from wegent_jupyter.executor.agents.base import PROVIDER_KEY, AgentFailed, Background, Emit, Run
from wegent_jupyter.executor.agents.claude_environment import SOURCES, Account, account
from wegent_jupyter.executor.agents.claude_gate import Permissions
from wegent_jupyter.executor.agents.claude_messages import Messages
from wegent_jupyter.executor.agents.claude_progress import Progress
from wegent_jupyter.executor.agents.claude_transport import LINE_LIMIT, Gone, GuardedTransport
from wegent_jupyter.executor.agents.hiding import Hiding, hiding
from wegent_jupyter.executor.agents.shapes import amount, words
from wegent_jupyter.executor.agents.trusting import say_trust
from wegent_jupyter.executor.processes import ProgramNotFound, spawn
from wegent_jupyter.executor.trust import Found, TrustStore
from wegent_jupyter.protocol.api import PRACTICE_MODEL, Usage
from wegent_jupyter.protocol.events import Ended, Started, Steered
from wegent_jupyter.protocol.states import AttemptState

START_SECONDS = 55.0
"""For the answer to the first request, less than the SDK's own 60 s: a cold start, the person's own MCP servers."""
INTERRUPT_SECONDS = 2.0
"""For the program's own end of an interrupted turn (it takes 0.02 s), before its processes are ended."""
LOST = "Claude Code no longer has this conversation: it starts a new one, without what was said before."
UNFIT_TOOLS = "CronCreate,CronDelete,CronList,ScheduleWakeup"
"""What promises to happen after the turn, when no process of it is left."""


@dataclass(slots=True, frozen=True)
class Claude:
    """What a driver has to know of the program."""

    path: Path
    login_command: str
    install_command: str
    background: Background = "wait"
    """What becomes of background work when the answer is complete."""


class ClaudeDriver:
    """Starts the program, resumes its conversation where it can, and follows one turn."""

    def __init__(self, claude: Claude) -> None:
        """Run the program that was found."""
        self._claude = claude

    async def run(self, run: Run, emit: Emit) -> Ended:
        """Run a turn to its end, when no process of it is left; raises AgentFailed."""
        sdk = await asyncio.to_thread(_load, self._claude.install_command)
        trust = await asyncio.to_thread(TrustStore(run.home).look, run.workspace, run.chat_folder)
        say_trust(trust, run, emit)
        async with account(run) as given:
            if run.stop.is_set():
                return Ended(AttemptState.CANCELLED, "cancelled", session_id=run.session_id)
            with hiding(run, emit, given.secrets) as hidden:
                return await self._follow(sdk, run, hidden, given, trust)

    async def _follow(self, sdk: Any, run: Run, emit: Hiding, given: Account, trust: Found) -> Ended:
        conversation = _Conversation(self._claude, sdk, run, emit, given, trust)
        conversation.say_sources()
        try:
            return await conversation.follow(run.session_id)
        except _SessionLost:
            conversation = _Conversation(self._claude, sdk, run, emit, given, trust)
            conversation.messages.notice(LOST, "warning")
            return await conversation.follow(None)


class _SessionLost(Exception):
    """The program does not know the conversation that it was to resume."""


class _Conversation:
    """One process, one session, one turn."""

    def __init__(self, claude: Claude, sdk: Any, run: Run, emit: Hiding, account: Account, trust: Found) -> None:
        self._claude, self._sdk, self._run, self._emit = claude, sdk, run, emit
        self._account, self._trust = account, trust
        self.messages = Messages(emit, run.next_index, run.workspace, emit.end)
        self._permissions = Permissions(run, self.messages, sdk)
        self._progress = Progress()
        self._changed = asyncio.Event()
        self._broken: Exception | None = None
        self._told_waiting = False
        self._session_id = ""
        self._known: str | None = None
        self._client: Any = None
        self._transport: GuardedTransport

    async def follow(self, resumed: str | None) -> Ended:
        """Run the turn; raises AgentFailed, _SessionLost."""
        await self._start(resumed)
        stopped = asyncio.create_task(self._run.stop.wait())
        turn = asyncio.create_task(self._turn())
        try:
            await asyncio.wait({stopped, turn}, return_when=asyncio.FIRST_COMPLETED)
            if not turn.done():
                return await self._stop(turn)
            return turn.result()
        finally:
            self._run.steerable = False
            stopped.cancel()
            turn.cancel()
            await asyncio.gather(stopped, turn, return_exceptions=True)
            self.messages.finish()
            await self._close()

    async def _start(self, resumed: str | None) -> None:
        self._session_id = resumed or str(uuid.uuid4())
        try:
            process = await spawn(
                [str(self._claude.path), *self._arguments(resumed)],
                cwd=self._run.workspace,
                env=self._account.environment,
                marker=str(self._run.attempt_id),
                line_limit=LINE_LIMIT,
                records=self._run.records,
            )
        except ProgramNotFound as error:
            raise AgentFailed("agent_missing", f"{error}.", self._claude.install_command) from error
        self._transport = GuardedTransport(process, self._observe, self._lost)
        options = self._sdk.ClaudeAgentOptions(can_use_tool=self._permissions.ask)
        self._client = self._sdk.ClaudeSDKClient(options, transport=self._transport)
        self._started(resumed)

    def _started(self, session_id: str | None) -> None:
        """Say that it runs, and in which session: one that the program does not have yet cannot be resumed."""
        self._known = session_id
        self._emit(Started("Claude Code", str(self._run.workspace), self._run.chat_folder, session_id))

    def _sources(self) -> list[str]:
        """Return whose settings are read."""
        trusted = SOURCES if self._trust.usable else SOURCES[:1]
        return [one for one in trusted if one not in self._account.off]

    def say_sources(self) -> None:
        """Say which settings stay off, since they name another account than the one that answers."""
        off = [one for one in self._account.off if one == "user" or self._trust.usable]
        if off:
            names = " and ".join(off)
            text = f"Claude Code's {names} settings name an account of their own, so they stay off for this provider."
            self.messages.notice(text, "warning")

    def _arguments(self, resumed: str | None) -> list[str]:
        sources = ",".join(self._sources())
        mode = "plan" if self._run.mode == "plan" else "default"
        session = f"--resume={resumed}" if resumed else f"--session-id={self._session_id}"
        return [
            *("--output-format", "stream-json", "--input-format", "stream-json", "--verbose"),
            *("--include-partial-messages", "--permission-prompt-tool", "stdio", "--permission-mode", mode),
            *("--disallowedTools", UNFIT_TOOLS, f"--setting-sources={sources}", session, *self._account.arguments),
            # Without the sources it is not read. This is a second lock, which would also shut out the person's own.
            *(["--strict-mcp-config"] if self._trust.brings(".mcp.json") else []),
        ]

    async def _turn(self) -> Ended:
        try:
            await self._connect()
            await self._send(self._run.prompt, self._run.context)
            steering = asyncio.create_task(self._steer())
            try:
                return await self._end()
            finally:
                self._run.steerable = False
                steering.cancel()
                await asyncio.gather(steering, return_exceptions=True)
        except Gone as error:
            raise await self._died() from error

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._client.connect()
        except TimeoutError as error:
            message = f"Claude Code did not answer within {START_SECONDS:.0f} s."
            raise AgentFailed("agent_silent", message) from error

    async def _end(self) -> Ended:
        """Wait for the end of the turn; raises AgentFailed, Gone, _SessionLost."""
        while True:
            self._changed.clear()
            if self._broken is not None:
                raise self._broken
            self._judge()
            self._run.steerable = self._progress.follows
            left = self._progress.left()
            if self._progress.answered and self._progress.background and self._claude.background == "end":
                self._tell_ended()
                left = 0.0
            if left == 0.0 and self._run.steering.empty():
                self._run.steerable = False
                return self._ended()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    def _judge(self) -> None:
        """Look at the newest result; raises AgentFailed or _SessionLost for one that is an error."""
        result = self._progress.result
        if result is None or not self._progress.answered:
            return
        if claude_errors.session_is_lost(result):
            raise _SessionLost
        if result.get("is_error"):
            raise self._failed(result)
        if self._progress.background and self._claude.background == "wait" and not self._told_waiting:
            self._told_waiting = True
            self.messages.notice(f"Waiting for what still runs in the background: {self._running}")

    def _failed(self, result: dict[str, Any]) -> AgentFailed:
        return claude_errors.failure(result, self._progress.error, self._login_fix)

    @property
    def _login_fix(self) -> str | None:
        if self._run.model == PRACTICE_MODEL:
            return None
        return PROVIDER_KEY if self._account.issued else f"Log in: `{self._claude.login_command}`"

    @property
    def _running(self) -> str:
        return "; ".join(self._progress.background) + "."

    def _tell_ended(self) -> None:
        self.messages.notice(f"Ended with the turn, as this device is set: {self._running}", "warning")

    def _ended(self) -> Ended:
        result = self._progress.result or {}
        text = result.get("result")
        if not self.messages.said and isinstance(text, str) and text:
            self.messages.say(text)  # a command of its own, such as /cost, is answered without the model
        return Ended(AttemptState.COMPLETED, words(result.get("stop_reason")) or None, self._usage(), self._known)

    def _usage(self) -> Usage | None:
        result, tokens = self._progress.result, self._progress.tokens
        if result is None:
            return None
        return Usage(**tokens, total_tokens=sum(tokens.values()), session_cost_usd=amount(result.get("total_cost_usd")))

    async def _steer(self) -> None:
        while True:
            text = await self._run.steering.get()
            index = self._run.next_index()
            await self._send(text)
            self._emit(Steered(f"steer-{index}", index, text))

    async def _send(self, text: str, context: str | None = None) -> None:
        """Give the program a message of the user's, and what was said before, if it does not know it."""
        content = [{"type": "text", "text": one} for one in (context, text)] if context else text
        message = {
            "type": "user",
            "message": {"role": "user", "content": content},
            "parent_tool_use_id": None,
            "uuid": str(uuid.uuid4()),
        }
        self._progress.sent(str(message["uuid"]))
        await self._client.query(_one(message))

    def _observe(self, message: dict[str, Any]) -> None:
        try:
            if self._known is None and message.get("session_id") == self._session_id:
                self._started(self._session_id)
            self._progress.take(message)
            self.messages.take(message)
        except Exception as error:  # the reader of the SDK would only log it, and the turn would never end
            self._broken = error
        self._changed.set()

    def _lost(self, error: Gone) -> None:
        self._broken = self._broken or error
        self._changed.set()

    async def _stop(self, turn: "asyncio.Task[Ended]") -> Ended:
        """Ask the program to end its turn, wait a moment for what it still says; its processes are ended anyway."""
        self._run.steerable = False
        if not self._progress.began:
            turn.cancel()  # the program is not to hear of the message any more
        elif not self._progress.answered:
            with contextlib.suppress(Exception):  # it ended by itself meanwhile, which is what is wanted
                await self._interrupt()
        await self._transport.kill()
        return Ended(AttemptState.CANCELLED, "cancelled", self._usage(), self._known)

    async def _interrupt(self) -> None:
        """Interrupt the program and wait for what it makes of it; raises TimeoutError, or what the SDK raises."""
        before = self._progress.result
        async with asyncio.timeout(INTERRUPT_SECONDS):
            await self._client.interrupt()
            while self._progress.result is before and self._broken is None:
                self._changed.clear()
                await self._changed.wait()

    async def _died(self) -> Exception:
        if claude_errors.session_is_lost(self._progress.result):
            return _SessionLost()
        result = self._progress.result
        if result is not None and result.get("is_error"):
            return self._failed(result)
        fix = None if self._claude.path.exists() else self._claude.install_command
        return AgentFailed("agent_exited", f"Claude Code {await self._transport.died()}", fix)

    async def _close(self) -> None:
        try:
            await self._client.disconnect()
        finally:
            await self._transport.kill()


async def _one(message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield message


def _load(install_command: str) -> Any:
    importlib.invalidate_caches()  # it may have been installed since we started
    try:
        return importlib.import_module("claude_agent_sdk")
    except ImportError as error:
        message = f"The Claude Agent SDK cannot be used: {error}."
        raise AgentFailed("agent_missing", message, install_command) from error
