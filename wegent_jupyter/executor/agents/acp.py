"""Run any agent that speaks the Agent Client Protocol on its standard streams: one process per turn.

`agent-client-protocol` brings the JSON-RPC connection; updates are read by an observer, because both supported versions
run one task per notification and only observers see them in wire order. It is imported with the first turn: its schema
takes half a second and 20 MiB.
"""

import asyncio
import importlib
import time
from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents.base import AgentFailed, Emit, Run
from wegent_jupyter.executor.agents.updates import Updates
from wegent_jupyter.executor.approvals import Request
from wegent_jupyter.executor.processes import GuardedProcess, ProgramNotFound, spawn
from wegent_jupyter.protocol.api import Decision, Usage
from wegent_jupyter.protocol.events import Ended, Started, Tool
from wegent_jupyter.protocol.states import AttemptState

PROTOCOL_VERSION = 1
START_SECONDS = 60.0
"""For the answers to `initialize` and `session/new`: a slow disk, a cold cache; beyond that the agent hangs."""
CANCEL_SECONDS = 2.0
"""For the agent's own end of a cancelled turn, before its processes are ended."""
EXIT_SECONDS = 5.0
"""For the end of a tree whose program closed its output: the guard's whole ladder takes less."""


class AcpDriver:
    """Starts the agent, resumes its session where it can, and follows one prompt."""

    def __init__(self, agent: str, command: list[str], environment: dict[str, str]) -> None:
        """Run `command` as the agent called `agent`, with `environment` on top of the device's."""
        self._agent, self._command, self._environment = agent, command, environment

    async def run(self, run: Run, emit: Emit) -> Ended:
        """Run a turn to its end, when no process of it is left; raises AgentFailed."""
        acp = await asyncio.to_thread(importlib.import_module, "acp.connection")
        try:
            process = await spawn(
                self._command,
                cwd=run.workspace,
                env={**run.environment, **self._environment},
                marker=str(run.attempt_id),
                records=run.records,
            )
        except ProgramNotFound as error:
            raise AgentFailed("agent_missing", str(error)) from error
        try:
            return await _Conversation(self._agent, run, emit, process, acp).follow()
        finally:
            await process.end()


class _Conversation:
    """One process, one session, one prompt."""

    def __init__(self, agent: str, run: Run, emit: Emit, process: GuardedProcess, acp: Any) -> None:
        self._agent, self._run, self._emit, self._process = agent, run, emit, process
        self._updates = Updates(emit, run.next_index, time.monotonic)
        self._listening = False
        self._incoming = acp.StreamDirection.INCOMING
        self._connection = acp.Connection(self._answer, process.stdin, process.stdout, observers=[self._observe])

    async def follow(self) -> Ended:
        stopped = asyncio.create_task(self._run.stop.wait())
        turn = asyncio.create_task(self._turn())
        try:
            await asyncio.wait({stopped, turn}, return_when=asyncio.FIRST_COMPLETED)
            if not turn.done():
                return await self._stop(turn)
            return turn.result()
        except ConnectionError as error:
            if self._run.stop.is_set():
                return Ended(AttemptState.CANCELLED)
            raise await self._died() from error
        finally:
            stopped.cancel()
            turn.cancel()
            await asyncio.gather(stopped, turn, return_exceptions=True)
            self._updates.finish()
            await self._close()

    async def _turn(self) -> Ended:
        try:
            async with asyncio.timeout(START_SECONDS):
                session_id = await self._open_session()
        except TimeoutError as error:
            raise AgentFailed("agent_silent", f"{self._agent} did not answer within {START_SECONDS:.0f} s.") from error
        self._session_id = session_id
        self._emit(Started(self._agent, str(self._run.workspace), self._run.chat_folder, session_id))
        self._listening = True
        said = [self._run.context, self._run.prompt] if self._run.context else [self._run.prompt]
        prompt = [{"type": "text", "text": text} for text in said]
        answer = await self._request("session/prompt", {"sessionId": session_id, "prompt": prompt})
        reason = str(answer.get("stopReason", "end_turn"))
        state = AttemptState.CANCELLED if reason == "cancelled" else AttemptState.COMPLETED
        return Ended(state, reason, _usage(answer), session_id)

    async def _open_session(self) -> str:
        hello = await self._request(
            "initialize",
            {
                "protocolVersion": PROTOCOL_VERSION,
                "clientCapabilities": {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False},
            },
        )
        where = {"cwd": str(self._run.workspace), "mcpServers": []}
        known = self._run.session_id
        if known is not None and (hello.get("agentCapabilities") or {}).get("loadSession"):
            session = await self._request("session/load", {"sessionId": known, **where})
            session_id = known
        else:
            session = await self._request("session/new", where)
            session_id = str(session["sessionId"])
        offered = [mode.get("id") for mode in (session.get("modes") or {}).get("availableModes") or []]
        if self._run.mode in offered:
            await self._request("session/set_mode", {"sessionId": session_id, "modeId": self._run.mode})
        return session_id

    async def _request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the agent; its own refusal becomes AgentFailed, its end ConnectionError."""
        try:
            answer = await self._connection.send_request(method, params)
        except ConnectionError:
            raise
        except Exception as error:
            if type(error).__name__ != "RequestError":  # the library is imported late, so its class is known by name
                raise
            raise AgentFailed("agent_error", _explain(error)) from error
        return answer if isinstance(answer, dict) else {}

    async def _stop(self, turn: "asyncio.Task[Ended]") -> Ended:
        """Ask the agent to end its turn, wait a moment for what it still says; its processes are ended anyway."""
        if self._listening:
            params = {"sessionId": self._session_id}
            try:
                await self._connection.send_notification("session/cancel", params)
                done, _ = await asyncio.wait({turn}, timeout=CANCEL_SECONDS)
                if done and turn.exception() is None:
                    return Ended(AttemptState.CANCELLED, "cancelled", turn.result().usage, self._session_id)
            except ConnectionError:
                pass  # it ended by itself meanwhile, which is what was wanted
        return Ended(AttemptState.CANCELLED, "cancelled")

    async def _died(self) -> AgentFailed:
        try:
            async with asyncio.timeout(EXIT_SECONDS):
                status = await self._process.wait()
        except TimeoutError:  # it lives: its output ended, or held what the library cannot read
            return AgentFailed("agent_protocol", f"{self._agent} no longer speaks the Agent Client Protocol.")
        words = self._process.stderr_tail.strip()[-2000:]
        said = f" Its last words: {words}" if words else ""
        if status == 0:
            said = f" It ended without an answer.{said}"
        return AgentFailed("agent_exited", f"{self._agent} ended with exit status {status} in mid-turn.{said}")

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._connection.close()
        except (TimeoutError, ConnectionError, OSError):
            return  # its pipes are closed with the process, right after this

    def _observe(self, event: Any) -> None:
        message = event.message
        if self._listening and event.direction == self._incoming and message.get("method") == "session/update":
            update = (message.get("params") or {}).get("update")
            if isinstance(update, dict):
                self._updates.take(update)

    async def _answer(self, method: str, params: Any, is_notification: bool) -> Any:
        """Answer what the agent asks of us: permissions, by the mode of the turn."""
        if method == "session/request_permission":
            return await self._permission(params or {})
        if is_notification:
            return None
        errors = importlib.import_module("acp.exceptions")
        raise errors.RequestError.method_not_found(method)

    async def _permission(self, params: dict[str, Any]) -> dict[str, Any]:
        options = [one for one in params.get("options") or [] if isinstance(one, dict)]
        request = _request(self._updates.call(params.get("toolCall") or {}), options)
        decision = await self._run.gate.ask(request)
        if decision is None:
            return {"outcome": {"outcome": "cancelled"}}
        chosen = _chosen(decision, request, options)
        if chosen is None:
            return {"outcome": {"outcome": "cancelled"}}
        answer: dict[str, Any] = {"outcome": {"outcome": "selected", "optionId": chosen}}
        if decision.reason:
            answer["_meta"] = {"wegent": {"reason": decision.reason}}
        return answer


def _request(call: Tool, options: list[dict[str, Any]]) -> Request:
    """Return what is asked. Several ways to say yes are a question: which of them it is matters to the agent."""
    names = [str(one.get("name")) for one in options if one.get("kind") == "allow_once"]
    request = Request(
        title=call.title,
        tool=call.tool,
        name=call.title,
        paths=_paths(call),
        tool_item=call.item_id,
        input=call.input,
        diffs=call.diffs,
    )
    if len(names) > 1:
        request.asks = "question"
        choices = [{"label": name} for name in names]
        request.questions = [{"question": call.title, "options": choices, "free": False}]
    elif call.tool == "switch_mode":
        request.asks = "plan"
        request.input = {"plan": call.output or call.title}
    return request


def _paths(call: Tool) -> list[Path]:
    """Return what a call touches: what it says, and every string of its input that is called a path or file."""
    said = [one.get("path") for one in (*call.locations, *call.diffs)]
    given = call.input if isinstance(call.input, dict) else {}
    meant = [value for name, value in given.items() if "path" in name.lower() or "file" in name.lower()]
    return [Path(one) for one in (*said, *meant) if isinstance(one, str) and one]


def _chosen(decision: Decision, request: Request, options: list[dict[str, Any]]) -> str | None:
    """Return the option that says what the person said. The agent itself never gets a lasting permission from us."""
    if decision.decision != "deny" and request.asks == "question":
        answer = (decision.answers or {}).get(request.title)
        found = (one for one in options if one.get("name") == answer)
    else:
        wanted = ("reject_once", "reject_always") if decision.decision == "deny" else ("allow_once", "allow_always")
        found = (one for kind in wanted for one in options if one.get("kind") == kind)
    option = next(found, None)
    return None if option is None else str(option.get("optionId"))


def _usage(answer: dict[str, Any]) -> Usage | None:
    """Return the tokens of an answer: ACP's `usage`, or the same in `_meta` from agents of an older protocol."""
    found = answer.get("usage") or (answer.get("_meta") or {}).get("usage")
    if not isinstance(found, dict):
        return None
    names = {"input_tokens": "inputTokens", "output_tokens": "outputTokens", "total_tokens": "totalTokens"}
    return Usage.model_validate({ours: found.get(theirs, found.get(ours)) for ours, theirs in names.items()})


def _explain(error: Exception) -> str:
    """Return what a JSON-RPC error says, with its details."""
    data = getattr(error, "data", None)
    details = data.get("details") or data.get("message") if isinstance(data, dict) else data
    return f"{error}: {details}" if details else str(error)
