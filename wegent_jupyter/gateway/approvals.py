"""What agents ask and people answer: the first answer wins, is stored, and reaches the device once (invariant 9)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.gateway.devices import Devices, now
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.gateway.ledger import Asking, Changes, Ledger, OpenTurn
from wegent_jupyter.gateway.scheduler import DeviceKey
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.gateway.tasks import Tasks
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import Approval, ApprovalState, Decision
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.events import Asked

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
MAX_OPEN, MAX_ASKED = 100, 5_000
"""Approvals of one attempt, waiting and in all. Our executor lets 50 wait: only a hostile device gets here."""

WORDS: dict[ApprovalState, str] = {
    "open": "It waits for an answer.",
    "allowed": "It was answered already: allowed.",
    "denied": "It was answered already: denied.",
    "expired": "It expired: the run ended before it was answered.",
    "withdrawn": "The agent no longer asks.",
}


class Approvals:
    """The approvals of all open turns; those of finished turns are only in the store."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        devices: Devices,
        tasks: Tasks,
        *,
        changed: Callable[[str, Approval], None],
        queue_changed: Callable[[DeviceKey], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """Call `changed` with (owner, approval) when one looks different, and `queue_changed`, as it may be why
        others wait; `spawn` delivers in the background.
        """
        self._store, self._ledger, self._devices, self._tasks = store, ledger, devices, tasks
        self._changed, self._queue_changed, self._spawn = changed, queue_changed, spawn

    async def restore(self, open_turn: OpenTurn) -> None:
        """Put back the approvals of an unfinished turn's newest attempt."""
        attempt = open_turn.attempt
        found = await self._store.read(lambda connection: records.approvals_of(connection, open_turn.turn.id))
        open_turn.asking = {
            approval.id: Asking(approval, delivered)
            for approval, delivered in found
            if attempt is not None and approval.attempt_id == attempt.id
        }

    def open(self, owner: str) -> list[Approval]:
        """Return what waits for an owner, oldest first."""
        found = [
            asking.approval
            for open_turn in self._tasks.open.values()
            if open_turn.entry.owner == owner
            for asking in open_turn.asking.values()
            if asking.approval.state == "open"
        ]
        return sorted(found, key=lambda approval: approval.created_at)

    def asked(self, open_turn: OpenTurn, event: Asked, changes: Changes) -> None:
        """Take in what an agent asks, or that it no longer asks."""
        if event.approval_id.partition(".")[0] != str(open_turn.turn.attempt_id):
            log.warning("Approval %s is not one of attempt %s", event.approval_id, open_turn.turn.attempt_id)
            return
        asking = open_turn.asking.get(event.approval_id)
        if event.withdrawn:
            if asking is not None:
                self._close(open_turn, asking, "withdrawn", changes)
        elif asking is None:
            if open_turn.waiting >= MAX_OPEN or len(open_turn.asking) >= MAX_ASKED:
                log.warning("Approval %s is one too many of its attempt", event.approval_id)
                return
            try:
                asking = Asking(_approval(open_turn, event))
            except ValidationError as error:
                log.warning("Approval %s cannot be shown: %s", event.approval_id, error)
                return
            open_turn.asking[event.approval_id] = asking
            self._show(open_turn, asking, changes)

    def end(self, open_turn: OpenTurn, state: ApprovalState, changes: Changes) -> None:
        """Close what is open, or was answered too late to be heard: the run is over."""
        for asking in open_turn.asking.values():
            self._close(open_turn, asking, state, changes)

    def reopen(self, open_turn: OpenTurn, waiting: list[str], changes: Changes) -> None:
        """Open again what counted as expired with its device, which came back and still waits for it."""
        for asking in open_turn.asking.values():
            if asking.approval.id in waiting and asking.approval.state == "expired":
                asking.approval.state, asking.approval.decided_at = "open", None
                if (decision := asking.approval.decision) is not None:
                    asking.approval.state = _outcome(decision)
                self._show(open_turn, asking, changes)

    def undelivered(self, open_turn: OpenTurn) -> dict[str, Decision]:
        """Return the answers that the turn's device does not have yet."""
        return {
            approval_id: asking.approval.decision
            for approval_id, asking in open_turn.asking.items()
            if asking.approval.decision is not None and not asking.delivered
        }

    async def decide(self, owner: str, approval_id: str, decision: Decision) -> Approval:
        """Take a person's answer; raises NotFound, Conflict when somebody was faster, Refused for a bad one."""
        open_turn, asking = self._find(owner, approval_id)
        if open_turn is None or asking is None:
            found = await self._store.read(lambda c: records.load_approval(c, owner, approval_id))
            if found is None:
                raise NotFound("Approval", approval_id)
            raise _too_late(found)
        approval = asking.approval
        if approval.state != "open":
            raise _too_late(approval)
        _check(approval, decision)
        approval.state, approval.decision, approval.decided_at = _outcome(decision), decision, now()
        changes = Changes()
        changes.approval(open_turn, asking)
        carried = approval.asks == "plan" and decision.decision != "deny" and open_turn.entry.task.mode == "plan"
        if carried:
            # The plan is being carried out: the next messages are no longer about planning.
            open_turn.entry.task.mode = "ask"
            changes.task(open_turn.entry)
        try:
            await self._ledger.save(changes)
        except StoreFailed as error:
            if approval.state == _outcome(decision):
                approval.state, approval.decision, approval.decided_at = "open", None, None
            raise Unavailable(f"Nothing was stored: {error}", code="store_failed", fix="Free disk space.") from error
        self._tell(open_turn, asking)
        self._spawn(self._deliver(open_turn, asking))
        return approval

    async def _deliver(self, open_turn: OpenTurn, asking: Asking) -> None:
        """Tell the device until it has heard; an absent one hears it when it registers."""
        approval, decision = asking.approval, asking.approval.decision
        if decision is None:
            return
        message = wire.Decide(
            task_id=approval.task_id, subtask_id=approval.attempt_id, approval_id=approval.id, decision=decision
        ).model_dump(exclude_none=True)
        device = self._devices.by_key((open_turn.entry.owner, approval.device_id))
        while device is not None and device.channel is not None and open_turn.turn.id in self._tasks.open:
            try:
                answer = await device.channel.call(wire.DECIDE, message, wire.CALL_SECONDS)
            except (NotSent, Unanswered):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if isinstance(answer, dict) and answer.get("success"):
                await self.heard(open_turn, [approval.id])
                return
            log.warning("The device did not take the answer to approval %s: %r", approval.id, answer)
            await asyncio.sleep(RETRY_SECONDS)

    async def heard(self, open_turn: OpenTurn, approval_ids: list[str]) -> None:
        """Note that the device has answers."""
        for approval_id in approval_ids:
            open_turn.asking[approval_id].delivered = True

        def build() -> Changes:
            changes = Changes()
            changes.approvals_of(open_turn, approval_ids)
            return changes

        if approval_ids:
            await self._ledger.save_surely(build)

    def _find(self, owner: str, approval_id: str) -> tuple[OpenTurn | None, Asking | None]:
        for open_turn in self._tasks.open.values():
            if open_turn.entry.owner == owner and approval_id in open_turn.asking:
                return open_turn, open_turn.asking[approval_id]
        return None, None

    def _close(self, open_turn: OpenTurn, asking: Asking, state: ApprovalState, changes: Changes) -> None:
        approval = asking.approval
        unheard = approval.state in ("allowed", "denied") and not asking.delivered and state == "expired"
        if approval.state == "open" or unheard:
            approval.state, approval.decided_at = state, approval.decided_at or now()
            self._show(open_turn, asking, changes)

    def _show(self, open_turn: OpenTurn, asking: Asking, changes: Changes) -> None:
        changes.approval(open_turn, asking)
        self._tell(open_turn, asking)

    def _tell(self, open_turn: OpenTurn, asking: Asking) -> None:
        self._changed(open_turn.entry.owner, asking.approval.model_copy())
        self._tasks.show_again(open_turn.entry)
        self._queue_changed((open_turn.entry.owner, open_turn.turn.device_id))


def _approval(open_turn: OpenTurn, event: Asked) -> Approval:
    entry, turn = open_turn.entry, open_turn.turn
    # As it will be read from the store: without what is nested too deeply, or is no Unicode.
    return Approval.model_validate(
        records.storable(
            {
                "id": event.approval_id,
                "task_id": turn.task_id,
                "turn_id": turn.id,
                "attempt_id": turn.attempt_id,
                "device_id": turn.device_id,
                "agent": turn.agent,
                "practice": turn.practice,
                "task_title": entry.task.title,
                "index": event.index,
                "asks": event.asks,
                "title": event.title,
                "tool": event.tool,
                "tool_item": event.tool_item,
                "workspace": entry.task.workspace,
                "input": event.input,
                "diffs": event.diffs,
                "scope": event.scope,
                "editable": event.editable,
                "questions": event.questions,
                "created_at": now(),
            }
        )
    )


def _outcome(decision: Decision) -> ApprovalState:
    return "denied" if decision.decision == "deny" else "allowed"


def _too_late(approval: Approval) -> Conflict:
    code = "already_decided" if approval.state in ("allowed", "denied") else approval.state
    return Conflict(WORDS[approval.state], code=code)


def _check(approval: Approval, decision: Decision) -> None:
    """Refuse an answer that does not fit what was asked."""
    if decision.decision == "deny":
        return
    if decision.input is not None and not approval.editable:
        raise Refused("The agent takes no other input for this.", code="not_editable")
    if decision.decision == "allow_task" and approval.scope is None:
        raise Refused("This can only be allowed once.", code="no_scope", fix="Allow it once.")
    if decision.decision == "allow_task" and decision.input is not None:
        raise Refused("What was changed can only be allowed once.", code="changed_input", fix="Allow it once.")
    if approval.asks != "question":
        return
    for question in approval.questions:
        answer = (decision.answers or {}).get(question.question)
        if not answer:
            raise Refused(f"The question '{question.question}' is not answered.", code="unanswered")
        offered = [choice.label for choice in question.options]
        given = [answer] if isinstance(answer, str) else answer
        if offered and not question.free and not set(given) <= set(offered):
            choices = ", ".join(offered)
            raise Refused(f"'{', '.join(given)}' is not offered. Choose from: {choices}.", code="not_offered")
