"""One process of Codex, one thread, one turn of ours, which may take several of Codex's."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from wegent_jupyter.executor.agents import codex_errors, codex_modes, codex_servers, codex_trust
from wegent_jupyter.executor.agents.base import PROVIDER_KEY, AgentFailed, Run
from wegent_jupyter.executor.agents.codex_account import Account
from wegent_jupyter.executor.agents.codex_gate import Approvals
from wegent_jupyter.executor.agents.codex_messages import Messages
from wegent_jupyter.executor.agents.codex_rpc import AppServer, Gone, RpcError
from wegent_jupyter.executor.agents.codex_said import Said
from wegent_jupyter.executor.agents.hiding import Hiding
from wegent_jupyter.executor.agents.shapes import Json, mapping, words
from wegent_jupyter.executor.approvals import Request
from wegent_jupyter.executor.processes import ProgramNotFound
from wegent_jupyter.executor.trust import Found
from wegent_jupyter.protocol.api import PRACTICE_MODEL
from wegent_jupyter.protocol.events import Ended, Started, Steered
from wegent_jupyter.protocol.states import AttemptState

if TYPE_CHECKING:
    from wegent_jupyter.executor.agents.codex import Codex

INTERRUPT_SECONDS = 2.0
"""For the program's own end of an interrupted turn (it takes 0.01 s), before its processes are ended."""
TELL_SECONDS = 10.0
IMPLEMENT = "Implement the plan."
"""What Codex's own terminal says once a plan was accepted."""


class SessionLost(Exception):
    """The program does not know the thread that it was to resume."""


class Died(Exception):
    """The program ended in mid-turn; `failure` says so."""

    def __init__(self, failure: AgentFailed) -> None:
        """Take what the turn shows if it ends here."""
        super().__init__(str(failure))
        self.failure = failure


class Conversation:
    """Follow it once."""

    def __init__(self, codex: "Codex", run: Run, emit: Hiding, account: Account, trust: Found, said: Said) -> None:
        """Start nothing yet. `said` outlives the process."""
        self._codex, self._run, self._emit, self._account, self._trust = codex, run, emit, account, trust
        self._said = said
        self.messages = Messages(emit, run.next_index, run.workspace, emit.end)
        self._approvals = Approvals(run, self.messages, self._tell)
        self._changed = asyncio.Event()
        self._server: AppServer | None = None
        self._thread: Json = {}
        self._turn_id: str | None = None
        self._ended: Json | None = None
        """The turn of Codex that is over; None while one runs or before the first."""
        self._sending = False
        self._patience = codex_errors.Patience()
        self.resumable: str | None = None
        """The thread, once Codex has begun a turn in it: before, it keeps nothing of it."""
        self._told = False

    async def follow(self, resumed: str | None) -> Ended:
        """Run the turn; raises AgentFailed, SessionLost, Died."""
        self.resumable = resumed
        stopped = asyncio.create_task(self._run.stop.wait())
        turn = asyncio.create_task(self._work(resumed))
        try:
            await asyncio.wait({stopped, turn}, return_when=asyncio.FIRST_COMPLETED)
            return turn.result() if turn.done() else await self._stop(turn)
        finally:
            self._run.steerable = False
            stopped.cancel()
            turn.cancel()
            await asyncio.gather(stopped, turn, return_exceptions=True)
            self.messages.finish()
            if self._server is not None:
                await self._server.close()

    async def _work(self, resumed: str | None) -> Ended:
        try:
            server = self._server = await self._start()
            server.gone.add_done_callback(lambda _: self._changed.set())
            try:
                return await self._turn(server, resumed)
            except Gone as error:
                raise Died(await self._death(server)) from error
        except TimeoutError as error:
            raise AgentFailed("agent_silent", str(error) or "Codex stopped answering.") from error

    async def _turn(self, server: AppServer, resumed: str | None) -> Ended:
        await self._open(server, resumed)
        await self._begin(server, await self._said.missing(server, self.messages.thread))
        steering = asyncio.create_task(self._steer(server))
        steering.add_done_callback(lambda _: self._changed.set())
        try:
            return await self._end(server, steering)
        finally:
            self._run.steerable = False
            steering.cancel()
            await asyncio.gather(steering, return_exceptions=True)

    async def _start(self) -> AppServer:
        run = self._run
        try:
            return await AppServer.start(
                self._codex.path,
                cwd=run.home,  # not the workspace: what lies there is not to configure the program itself
                env=self._account.environment,
                marker=str(run.attempt_id),
                records=run.records,
                config=(*self._account.program, await codex_trust.program(self._trust, run.workspace)),
                on_notification=self._observe,
                on_request=self._approvals.answer,
            )
        except ProgramNotFound as error:
            raise AgentFailed("agent_missing", f"{error}.", self._codex.install_command) from error
        except Gone as error:
            raise AgentFailed("agent_exited", f"Codex did not start: it {error}", self._reinstall) from error
        except RpcError as error:
            raise AgentFailed("agent_error", f"Codex did not start: {error.message}") from error

    async def _open(self, server: AppServer, resumed: str | None) -> None:
        """Resume a thread or make one; raises AgentFailed, SessionLost, Gone, TimeoutError."""
        await self._check_login(server)
        policy, account = codex_modes.policy(self._run.mode), self._account
        try:
            trusted = await codex_trust.config(server, self._trust, self._run.workspace)
            trusted |= await codex_servers.config(server, self._run.workspace)
            params: Json = {"cwd": str(self._run.workspace), "config": {**account.config, **trusted}, **policy.thread}
            params |= {"model": account.model} if account.model else {}
            params |= {"modelProvider": account.provider} if account.provider else {}
            if resumed is not None:
                params |= {"threadId": resumed, "excludeTurns": True}
                params |= {} if account.provider else {"modelProvider": await _own_provider(server)}
            self._thread = await server.request("thread/resume" if resumed else "thread/start", params)
        except RpcError as error:
            if resumed is not None and codex_errors.session_is_lost(error):
                raise SessionLost from error
            raise AgentFailed("agent_error", f"Codex refused to start: {error.message}") from error
        self.messages.thread = words(mapping(self._thread.get("thread")).get("id"))

    async def _check_login(self, server: AppServer) -> None:
        """Fail at once where nobody is logged in: the program itself would try for long, and say something else."""
        if self._account.provider is not None:
            return
        try:
            told = await server.request("account/read", {"refreshToken": False})
        except RpcError:
            return
        if told.get("requiresOpenaiAuth") is True and told.get("account") is None:
            raise AgentFailed("agent_login", "Codex is not logged in on this device.", self._login_fix)

    async def _begin(self, server: AppServer, texts: list[str]) -> None:
        """Start a turn of Codex; raises AgentFailed, Gone, TimeoutError."""
        policy = codex_modes.policy(self._run.gate.mode)  # a plan that was accepted has changed it
        settings = {
            "model": words(self._thread.get("model")),
            "reasoning_effort": self._thread.get("reasoningEffort"),
            "developer_instructions": None,
        }
        params: Json = {
            "threadId": self.messages.thread,
            "input": [{"type": "text", "text": text, "text_elements": []} for text in texts],
            "collaborationMode": {"mode": policy.collaboration, "settings": settings},
            **policy.turn,
        }
        self._turn_id, self._ended, self.messages.proposal = None, None, ""
        try:
            told = await server.request("turn/start", params)
        except RpcError as error:
            raise AgentFailed("agent_error", f"Codex refused the message: {error.message}") from error
        self._turn_id = words(mapping(told.get("turn")).get("id"))
        self._said.turns.add(self._turn_id)
        self.resumable = self.messages.thread
        if not self._told:
            self._told = True
            self._emit(Started("Codex", str(self._run.workspace), self._run.chat_folder, self.resumable))

    async def _end(self, server: AppServer, steering: "asyncio.Task[None]") -> Ended:
        """Wait for the end of the turn; raises AgentFailed, Gone, TimeoutError."""
        waiting = False
        while True:
            self._changed.clear()
            if server.gone.done():
                raise server.gone.result()
            if steering.done():
                steering.result()  # it only ends by an error
            left = self._patience.left
            if left == 0.0 or (self._patience.refused and self._account.provider is not None):
                raise codex_errors.failure(self._patience.error, self._login_fix)
            self._run.steerable = True
            if self._idle and await self._next_turn(server):
                continue
            if self._idle:
                running = self.messages.running
                if not running or self._codex.background == "end":
                    self._run.steerable = False
                    return self._completed(running)
                if not waiting:
                    waiting = True
                    self.messages.notice(f"Waiting for what still runs in the background: {'; '.join(running)}.")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    async def _next_turn(self, server: AppServer) -> bool:
        """Judge the turn of Codex that is over; says whether another one was begun. Raises AgentFailed."""
        ended = self._ended or {}
        status = words(ended.get("status"))
        if status == "failed":
            raise codex_errors.failure(mapping(ended.get("error")), self._login_fix, self._patience.error)
        if status == "interrupted" and not self._run.stop.is_set():
            raise AgentFailed("agent_error", "Codex broke off its turn.", "Continue, or send it again.")
        return bool(self.messages.proposal) and await self._propose(server)

    async def _propose(self, server: AppServer) -> bool:
        """Ask a person about the plan that was proposed, and have it carried out, revised or left."""
        plan, self.messages.proposal = self.messages.proposal, ""
        self._run.steerable = False  # what to change in the plan is part of the answer; other words are for afterwards
        decision = await self._run.gate.ask(Request(title="Propose a plan", asks="plan", input={"plan": plan}))
        if decision is None or (decision.decision == "deny" and not decision.reason):
            return False
        text = decision.reason or "" if decision.decision == "deny" else IMPLEMENT
        self._said.texts.append(text)
        await self._begin(server, [text])
        return True

    def _completed(self, running: list[str]) -> Ended:
        if running:
            text = f"Ended with the turn, as this device is set: {'; '.join(running)}."
            self.messages.notice(text, "warning")
        return Ended(AttemptState.COMPLETED, "end_turn", self.messages.usage, self.resumable)

    async def _steer(self, server: AppServer) -> None:
        while True:
            text = await self._run.steering.get()
            self._sending = True
            self._said.texts.append(text)
            index = self._run.next_index()
            try:
                await self._say(server, text)
            finally:  # where the program died it is said again, to the next one
                self._emit(Steered(f"steer-{index}", index, text))
                self._sending = False
                self._changed.set()

    async def _say(self, server: AppServer, text: str) -> None:
        """Give the agent a message of the user's: into its turn, or, where that has just ended, as a new one."""
        if self._running:
            with contextlib.suppress(RpcError):
                return await self._put(server, text)
        await self._begin(server, [text])

    async def _put(self, server: AppServer, text: str) -> None:
        said = [{"type": "text", "text": text, "text_elements": []}]
        params = {"threadId": self.messages.thread, "expectedTurnId": self._turn_id, "input": said}
        await server.request("turn/steer", params, TELL_SECONDS)

    async def _tell(self, text: str) -> None:
        """Let the agent know something, if it still listens."""
        if self._server is not None and self._running:
            with contextlib.suppress(RpcError, Gone, TimeoutError):
                await self._put(self._server, text)

    def _observe(self, method: str, params: Json) -> None:
        main = params.get("threadId") == self.messages.thread
        if main and method == "turn/started":
            self._turn_id = words(mapping(params.get("turn")).get("id"))
            self._said.turns.add(self._turn_id)
        self.messages.take(method, params)
        if main:
            self._patience.take(method, params)
        # That of an earlier turn may come late, when a message has begun the next one.
        if main and method == "turn/completed" and mapping(params.get("turn")).get("id") == self._turn_id:
            self._ended = mapping(params.get("turn"))
        self._changed.set()

    async def _stop(self, turn: "asyncio.Task[Ended]") -> Ended:
        """Ask the program to end its turn, wait a moment for what it still says; its processes are ended anyway."""
        self._run.steerable = False
        server = self._server
        if server is not None and self._turn_id is not None:
            with contextlib.suppress(Exception):  # it ended by itself meanwhile, which is what is wanted
                async with asyncio.timeout(INTERRUPT_SECONDS):
                    await self._interrupt(server)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        if self._server is not None:
            await self._server.kill()
        return Ended(AttemptState.CANCELLED, "cancelled", self.messages.usage, self.resumable)

    async def _interrupt(self, server: AppServer) -> None:
        """Interrupt the turn and end its commands, which `turn/interrupt` leaves running."""
        thread = {"threadId": self.messages.thread}
        if self._running:
            await server.request("turn/interrupt", {**thread, "turnId": self._turn_id})
            await self._over(server)
        await server.request("thread/backgroundTerminals/clean", thread)

    async def _over(self, server: AppServer) -> None:
        while self._running and not server.gone.done():
            self._changed.clear()
            await self._changed.wait()

    @property
    def _running(self) -> bool:
        return self._turn_id is not None and self._ended is None

    @property
    def _idle(self) -> bool:
        return self._ended is not None and not self._sending and self._run.steering.empty()

    async def _death(self, server: AppServer) -> AgentFailed:
        fix = self._reinstall or "Continue: it goes on where it was."
        return AgentFailed("agent_exited", f"Codex {await server.died()}", fix)

    @property
    def _reinstall(self) -> str | None:
        return None if self._codex.path.exists() else self._codex.install_command

    @property
    def _login_fix(self) -> str | None:
        if self._run.model == PRACTICE_MODEL:
            return None
        if self._account.provider is not None:
            return PROVIDER_KEY
        return f"Log in: `{self._codex.login_command}`"


async def _own_provider(server: AppServer) -> str:
    """Return who answers by the person's own settings, and by the model that these name, where none is given.

    It has to be said: a thread keeps who answered it last, which may have been a provider that was issued.
    """
    told = await server.request("config/read")
    return words(mapping(told.get("config")).get("model_provider")) or "openai"
