"""The gate before an agent's tools: the mode of the turn decides, else what was allowed for the task, else a person."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from wegent_jupyter.executor import policy
from wegent_jupyter.protocol.api import Asks, Decision, Mode
from wegent_jupyter.protocol.events import AgentEvent, Asked
from wegent_jupyter.protocol.jsonable import bounded

MAX_SHOWN = 1 << 20
"""1 Mi characters of JSON: what is longer cannot be shown whole, and nobody is asked for what they cannot see."""

MAX_OPEN = 50
"""Questions of one attempt that may wait at once: more is an agent that went wrong."""

_DENIED = "Plan mode is read-only: propose the change instead."


_SCOPES = {
    "edit": "edits of files in this folder",
    "delete": "deletions of files in this folder",
    "move": "moves of files in this folder",
}
_TELLING = ("description", "timeout")
"""Parts of a command's input that say something about it and change nothing of what is run."""


class Grants(Protocol):
    """What a person allowed for the rest of a task; survives the executor."""

    def granted(self, rule: str) -> bool:
        """Say whether a rule was granted."""
        ...

    def grant(self, rule: str) -> None:
        """Keep a rule."""
        ...


@dataclass(slots=True)
class Request:
    """What an agent wants to do, or to know.

    `tool` is ACP's kind, `name` the agent's own name of the tool, `command` the shell command if it is one, `paths` all
    files that it touches as far as is known. `tool_item` is the item id of its tool card.
    """

    title: str
    tool: str = "other"
    name: str = ""
    command: str | None = None
    paths: list[Path] = field(default_factory=list)
    asks: Asks = "tool"
    tool_item: str | None = None
    input: Any = None
    diffs: list[dict[str, Any]] = field(default_factory=list)
    editable: bool = False
    questions: list[dict[str, Any]] = field(default_factory=list)


class Gate:
    """The approvals of one attempt."""

    def __init__(
        self,
        attempt_id: int,
        mode: Mode,
        workspace: Path,
        grants: Grants,
        next_index: Callable[[], int],
        emit: Callable[[AgentEvent], None],
        stop: asyncio.Event,
        home: Path | None = None,
        given: Path | None = None,
    ) -> None:
        """Nothing is asked yet. `stop` withdraws what is open; `home` is the executor's, which no agent may edit.

        `given` is where the task's attachments are: a person gave them to be read.
        """
        self._attempt_id, self.mode, self.workspace, self._grants = attempt_id, mode, workspace, grants
        self._next_index, self._emit, self._stop, self._home = next_index, emit, stop, home
        self._given = given
        self._asked = 0
        self._open: dict[str, asyncio.Future[Decision]] = {}
        self._decided: set[str] = set()
        self.hide: Callable[[Asked], Asked] = lambda asked: asked
        """Takes the secrets of a turn out of what is shown; whoever runs the agent sets it."""
        self.closing = False
        """The executor ends: what is open then is left to expire, not withdrawn."""

    @property
    def open(self) -> list[str]:
        """Return the ids of the approvals that wait."""
        return list(self._open)

    async def ask(self, request: Request) -> Decision | None:
        """Return what may happen, waiting for a person as long as it takes; None when the run was stopped meanwhile."""
        if self._stop.is_set():
            return None
        if request.asks == "tool":
            known = self._known(request)
            if known is not None:
                return known
        shown = [request.input, request.diffs, request.questions]
        if bounded(shown) != shown:
            return Decision(decision="deny", reason="It is nested too deeply for anybody to check: do it more simply.")
        if len(json.dumps(shown)) > MAX_SHOWN:
            reason = f"It is longer than {MAX_SHOWN:,} characters, so nobody can check it: do it in smaller parts."
            return Decision(decision="deny", reason=reason)
        if len(self._open) >= MAX_OPEN:
            return Decision(decision="deny", reason=f"More than {MAX_OPEN} questions wait for an answer already.")
        return await self._put(request)

    def decide(self, approval_id: str, decision: Decision) -> bool:
        """Take a person's answer; says whether the approval is known. Another answer changes nothing."""
        waiting = self._open.get(approval_id)
        if waiting is not None and not waiting.done():
            self._decided.add(approval_id)
            waiting.set_result(decision)
        return waiting is not None or approval_id in self._decided

    def _known(self, request: Request) -> Decision | None:
        verdict = policy.verdict(self.mode, request.tool, request.paths, self.workspace, self._home, self._given)
        if verdict == "deny":
            return Decision(decision="deny", reason=_DENIED)
        rule, _ = self._rule(request)
        if verdict == "allow" or (rule is not None and self.mode != "plan" and self._grants.granted(rule)):
            return Decision(decision="allow")
        return None

    def _rule(self, request: Request) -> tuple[str | None, str | None]:
        """Return what allowing for the task would grant, as a rule and in words."""
        if request.asks != "tool" or self.mode == "plan":
            return None, None
        if request.tool in policy.EDITING:
            if policy.ordinary(request.paths, self.workspace, self._home):
                return request.tool, _SCOPES[request.tool]
            return None, None
        if request.tool == "execute":
            if request.command is None and request.input is None:
                return None, None  # there is only a title, which may leave something out
            return f"run {request.name} {_exactly(request)}", "this very command"
        if request.name and request.tool not in policy.LOOKING:
            return f"tool {request.name}", f"the tool {request.name}"
        return None, None

    async def _put(self, request: Request) -> Decision | None:
        self._asked += 1
        number = self._asked
        rule, scope = self._rule(request)
        asked = Asked(
            item_id=f"approval-{number}",
            index=self._next_index(),
            approval_id=f"{self._attempt_id}.{number}",
            title=request.title,
            asks=request.asks,
            tool=request.tool,
            tool_item=request.tool_item,
            input=request.input,
            diffs=request.diffs,
            scope=scope,
            editable=request.editable,
            questions=request.questions,
        )
        decision = await self._wait(self.hide(asked))
        as_asked = decision is not None and decision.decision == "allow_task" and decision.input is None
        if as_asked and rule is not None:
            self._grants.grant(rule)
        if decision is not None and request.asks == "plan" and decision.decision != "deny":
            self.mode = "ask"  # the plan is to be carried out now, step by step before the person's eyes
        return decision

    async def _wait(self, event: Asked) -> Decision | None:
        waiting: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        stopped = asyncio.create_task(self._stop.wait())
        self._open[event.approval_id] = waiting
        self._emit(event)
        try:
            either: set[asyncio.Future[Any]] = {waiting, stopped}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            stopped.cancel()
            del self._open[event.approval_id]
            if not waiting.done() and not self.closing:
                self._emit(replace(event, withdrawn=True))


def _exactly(request: Request) -> str:
    """Return what is run, with everything that decides about it."""
    given = request.input
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if name not in _TELLING}
    return json.dumps([request.command, given], sort_keys=True)
