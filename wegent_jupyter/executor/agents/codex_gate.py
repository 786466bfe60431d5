"""Ask a person, through the gate of the run, what Codex wants to do or to know.

Codex asks before every command and patch (`codex.py` sees to that), and gets one-time answers only: what a person
allowed for the rest of a task is the gate's knowledge, not Codex's.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from wegent_jupyter.executor.agents import codex_forms, codex_items, codex_patch
from wegent_jupyter.executor.agents.base import Run
from wegent_jupyter.executor.agents.codex_messages import Messages
from wegent_jupyter.executor.agents.codex_rpc import refuse
from wegent_jupyter.executor.agents.shapes import Json, mapping, mappings, words
from wegent_jupyter.executor.agents.titles import short
from wegent_jupyter.executor.approvals import Request
from wegent_jupyter.protocol.api import Decision

DENIED = "The user did not allow this."
Tell = Callable[[str], Awaitable[None]]
"""Says something to the agent in its running turn."""


class Approvals:
    """The answers to what `codex app-server` asks."""

    def __init__(self, run: Run, messages: Messages, tell: Tell) -> None:
        """Ask through `run.gate`."""
        self._run, self._messages, self._tell = run, messages, tell
        self._known: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "item/commandExecution/requestApproval": self._command,
            "item/fileChange/requestApproval": self._change,
            "item/permissions/requestApproval": self._permissions,
            "item/tool/requestUserInput": self._question,
            "mcpServer/elicitation/request": self._elicitation,
        }

    async def answer(self, method: str, params: Json) -> Json:
        """Return the answer to one request; raises RpcError for what nobody here can answer."""
        known = self._known.get(method)
        return await (known(params) if known is not None else refuse(method, params))

    async def _command(self, params: Json) -> Json:
        item_id = words(params.get("itemId"))
        command = codex_items.script(words(params.get("command")))
        host = words(mapping(params.get("networkApprovalContext")).get("host"))
        given = codex_items.command_input(command, words(params.get("cwd")), self._run.workspace)
        reason = words(params.get("reason"))
        request = Request(
            title=short(f"Reach {host}: {command}" if host else command),
            tool="execute",
            name="shell",
            command=command,
            tool_item=f"tool-{item_id}",
            input={**given, **({"description": reason} if reason else {}), **({"host": host} if host else {})},
        )
        return {"decision": await self._decide(request, item_id)}

    async def _change(self, params: Json) -> Json:
        item_id = words(params.get("itemId"))
        item = self._messages.item(item_id)
        described = codex_items.describe({**item, "type": "fileChange"}, self._run.workspace)
        root, reason = words(params.get("grantRoot")), words(params.get("reason"))
        extra = {**({"reason": reason} if reason else {}), **({"writes below": root} if root else {})}
        request = Request(
            title=described.title if described else "Edit files",
            tool=codex_patch.kind(item.get("changes")),
            name="apply_patch",
            paths=[*(described.paths if described else []), *([Path(root)] if root else [])],
            tool_item=f"tool-{item_id}",
            input=extra or None,
            diffs=self._messages.diffs(item_id),
        )
        return {"decision": await self._decide(request, item_id)}

    async def _permissions(self, params: Json) -> Json:
        """Ask for more than a command: no rule is kept for it, and it ends with the turn."""
        wanted, reason = mapping(params.get("permissions")), words(params.get("reason"))
        title = short(f"More permissions: {reason}" if reason else "More permissions")
        decision = await self._run.gate.ask(Request(title=title, tool="other", input=wanted))
        allowed = decision is not None and decision.decision != "deny"
        await self._say_why(decision, title)
        return {"permissions": wanted if allowed else {}, "scope": "turn"}

    async def _question(self, params: Json) -> Json:
        questions = [one for one in mappings(params.get("questions")) if not one.get("isSecret")]
        if len(questions) < len(mappings(params.get("questions"))):
            self._messages.notice("Codex asked for something secret: that is not asked for here.", "warning")
        if not questions:
            return {"answers": {}}
        request = Request(
            title=short("Ask: " + " ".join(words(one.get("question")) for one in questions)),
            tool="other",
            asks="question",
            questions=[codex_forms.question(one) for one in questions],
        )
        decision = await self._run.gate.ask(request)
        await self._say_why(decision, request.title)
        if decision is None or decision.decision == "deny":
            return {"answers": {}}
        return {"answers": codex_forms.answers(questions, decision.answers or {})}

    async def _elicitation(self, params: Json) -> Json:
        """Answer a server of tools: whether its tool may run, or a form of its own."""
        if mapping(params.get("_meta")).get("codex_approval_kind") == "mcp_tool_call":
            item_id = self._messages.claim_call(params)
            if item_id is not None:
                return await self._mcp_tool(params, item_id)
            # A server can say the same of a form of its own: without a call that waits nothing is taken for granted.
            if self._run.gate.mode == "plan":
                return {"action": "decline", "content": None}
        form = codex_forms.Form(params)
        decision = await self._run.gate.ask(form.request)
        if decision is None:
            return {"action": "cancel", "content": None}
        content = None if decision.decision == "deny" else form.content(decision.answers or {})
        if content is None:
            await self._say_why(decision, form.request.title)
            return {"action": "decline", "content": None}
        return {"action": "accept", "content": content}

    async def _mcp_tool(self, params: Json, item_id: str) -> Json:
        described = codex_items.describe(self._messages.item(item_id), self._run.workspace)
        title = described.title if described else short(words(params.get("message")))
        request = Request(
            title=title,
            tool="other",
            name=title,
            tool_item=f"tool-{item_id}",
            input=mapping(params.get("_meta")).get("tool_params"),
        )
        decision = await self._decide(request, item_id)
        return {"action": decision, "content": {} if decision == "accept" else None}

    async def _decide(self, request: Request, item_id: str) -> str:
        """Return Codex's word for what was decided; a person's reason is told to the agent, for want of a field."""
        decision = await self._run.gate.ask(request)
        if decision is None:
            return "cancel"
        denied = decision.decision == "deny"
        self._messages.decided(item_id, (decision.reason or DENIED) if denied else None)
        await self._say_why(decision, request.title)
        return "decline" if denied else "accept"

    async def _say_why(self, decision: Decision | None, title: str) -> None:
        if decision is not None and decision.decision == "deny" and decision.reason:
            await self._tell(f"The user did not allow “{title}”: {decision.reason}")
