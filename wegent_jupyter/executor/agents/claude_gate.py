"""Ask a person, through the gate of the run, what Claude Code wants to do or to know."""

from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents import claude_tools
from wegent_jupyter.executor.agents.base import Run
from wegent_jupyter.executor.agents.claude_messages import Messages
from wegent_jupyter.executor.agents.shapes import Json, mappings, words
from wegent_jupyter.executor.approvals import Request
from wegent_jupyter.protocol.api import Decision

DENIED = "The user did not allow this."


class Permissions:
    """The answers to `can_use_tool`. `sdk` is the claude_agent_sdk module, which is imported late."""

    def __init__(self, run: Run, messages: Messages, sdk: Any) -> None:
        """Ask through `run.gate`."""
        self._run, self._messages, self._sdk = run, messages, sdk

    async def ask(self, name: str, given: Json, context: Any) -> Any:
        """Return what may happen: the SDK's PermissionResultAllow or PermissionResultDeny."""
        call = str(context.tool_use_id)
        request = self._request(name, given, call, context.blocked_path)
        decision = await self._run.gate.ask(request)
        if decision is None:
            return self._sdk.PermissionResultDeny(message="The user stopped the turn.", interrupt=True)
        if decision.decision == "deny":
            self._messages.decided(call, None)
            return self._sdk.PermissionResultDeny(message=decision.reason or DENIED)
        return self._allow(request, given, call, decision)

    def _request(self, name: str, given: Json, call: str, blocked: str | None) -> Request:
        described = claude_tools.describe(name, given, self._run.workspace)
        paths = [*described.paths, *([Path(blocked)] if blocked and described.command is None else [])]
        request = Request(
            title=described.title,
            tool=described.kind,
            name=name,
            command=described.command,
            paths=paths,
            tool_item=f"tool-{call}",
            input=given,
            diffs=described.diffs,
            editable=True,
        )
        if name == "AskUserQuestion":
            request.asks, request.editable = "question", False
            request.questions = [_question(one) for one in mappings(given.get("questions"))]
        elif name == "ExitPlanMode":
            request.asks, request.editable = "plan", False
            # Newer programs keep the plan in a file and add it to the call that they report, not to what they ask.
            request.input = {"plan": str(given.get("plan") or self._messages.given(call).get("plan") or "")}
        return request

    def _allow(self, request: Request, given: Json, call: str, decision: Decision) -> Any:
        allow = self._sdk.PermissionResultAllow
        self._messages.decided(call, decision.input if request.editable else None)
        if request.asks == "question":
            return allow(updated_input={**given, "answers": _answers(decision)})
        if request.asks == "plan":
            leave = self._sdk.PermissionUpdate(type="setMode", mode="default", destination="session")
            return allow(updated_input=given, updated_permissions=[leave])
        return allow(updated_input=decision.input if decision.input is not None else given)


def _question(given: Json) -> Json:
    return {
        "question": words(given.get("question")),
        "header": words(given.get("header")),
        "multiple": bool(given.get("multiSelect")),
        "options": [
            {"label": words(one.get("label")), "description": words(one.get("description"))}
            for one in mappings(given.get("options"))
        ],
    }


def _answers(decision: Decision) -> dict[str, str]:
    given = decision.answers or {}
    return {question: answer if isinstance(answer, str) else ", ".join(answer) for question, answer in given.items()}
