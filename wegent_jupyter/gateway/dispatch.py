"""Bring turns to devices, stop them, and take in what devices say of them (docs/architecture.md)."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.gateway import history
from wegent_jupyter.gateway.accounts import INTERNAL, Accounts, NoAccount, refused, sent
from wegent_jupyter.gateway.approvals import Approvals
from wegent_jupyter.gateway.devices import DeviceEntry, Devices
from wegent_jupyter.gateway.errors import Conflict, Unavailable
from wegent_jupyter.gateway.ledger import Attempt, Changes, Ledger, OpenTurn
from wegent_jupyter.gateway.places import where
from wegent_jupyter.gateway.scheduler import DeviceKey, Scheduler
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.gateway.tasks import Tasks, settle
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import Approval, ApprovalState, TurnError
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.context import with_context
from wegent_jupyter.protocol.events import Asked, Ended, Started
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.states import AttemptState, TurnState, attempt_change

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""Between two tries to deliver a cancel, or to dispatch after a failed write."""

STORE_SECONDS = 2.0
"""How long an answer waits for what it reports to be stored."""

_OUTCOMES = {
    AttemptState.COMPLETED: TurnState.COMPLETED,
    AttemptState.FAILED: TurnState.FAILED,
    AttemptState.CANCELLED: TurnState.CANCELLED,
}


@dataclass(slots=True)
class _Given:
    """What a turn is sent beside its prompt."""

    said: list[dict[str, str]] = field(default_factory=list)
    """In the task, since its agent's session heard of it."""
    llm: dict[str, Any] = field(default_factory=dict, repr=False)
    """By whose account; it holds secrets."""


class Dispatcher:
    """Starts turns, stops them, and takes in what devices say of their attempts."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        devices: Devices,
        scheduler: Scheduler,
        tasks: Tasks,
        accounts: Accounts,
        ids: IdSource,
        *,
        device_changed: Callable[[DeviceEntry], None],
        approval_changed: Callable[[str, Approval], None],
        dispatched: Callable[[float], None],
    ) -> None:
        """Call `device_changed` whenever slots or queue of a device changed, `approval_changed` with its owner, and
        `dispatched` with the seconds from a turn's slot to the device's answer.
        """
        self._store, self._ledger, self._devices = store, ledger, devices
        self._scheduler, self._tasks, self._accounts, self._ids = scheduler, tasks, accounts, ids
        self._device_changed, self._dispatched = device_changed, dispatched
        self._background: set[asyncio.Task[None]] = set()
        self.approvals = Approvals(
            store,
            ledger,
            devices,
            tasks,
            changed=approval_changed,
            queue_changed=self.queue_changed,
            spawn=self.spawn,
        )

    async def close(self) -> None:
        """End what runs in the background."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def enqueue(self, open_turn: OpenTurn) -> None:
        """Queue a stored turn and start it if there is a slot."""
        turn, key = open_turn.turn, open_turn.key
        if turn.state is not TurnState.QUEUED:
            return  # cancelled while it was being stored
        self._scheduler.enqueue(key, turn.id, turn.task_id, turn.position)
        self.schedule(key)
        self.queue_changed(key)

    def restore(self, open_turn: OpenTurn, attempt: Attempt | None) -> None:
        """Put back an unfinished turn at the gateway's start: what may run keeps its slot until its device says."""
        turn = open_turn.turn
        open_turn.attempt = attempt
        put = self._scheduler.enqueue if turn.state is TurnState.QUEUED else self._scheduler.resume
        put(open_turn.key, turn.id, turn.task_id, turn.position)

    def schedule(self, key: DeviceKey) -> None:
        """Start whatever can start on a device."""
        device = self._devices.by_key(key)
        if device is None or not device.online or not device.may_work():
            return
        while (turn_id := self._scheduler.start_next(key, device.slots)) is not None:
            open_turn = self._tasks.open[turn_id]
            open_turn.attempt = Attempt(self._ids.mint())
            open_turn.turn.attempt_id = open_turn.attempt.id
            changes = Changes()
            self._tasks.update(open_turn, TurnState.STARTING, changes)
            changes.attempt(open_turn)
            self.spawn(self._dispatch(device, open_turn, open_turn.attempt, self._ledger.save(changes)))
            self.queue_changed(key)

    def schedule_task(self, task_id: int) -> None:
        """Start what can start of a task, wherever it waits: something that was in its way is gone."""
        for key in self._scheduler.waits_on(task_id):
            self.schedule(key)

    async def _dispatch(
        self, device: DeviceEntry, open_turn: OpenTurn, attempt: Attempt, stored: "asyncio.Future[Any]"
    ) -> None:
        """Send one attempt once it is written down (invariant 1)."""
        slotted = time.perf_counter()
        given = _Given()
        try:
            await stored
            if self._may_lag(device, open_turn):
                given.said = await self._said(device, open_turn)
            given.llm = await self._llm(device, open_turn)
        except NoAccount as error:
            await self._end_unsent(open_turn, attempt, error.error)
            return
        except StoreFailed as error:
            log.error("Turn %d was not started: %s", open_turn.turn.id, error)
            await asyncio.sleep(RETRY_SECONDS)
            await self.not_started(open_turn, attempt)
            return
        except Exception:
            log.exception("Turn %d was not started", open_turn.turn.id)
            await self._end_unsent(open_turn, attempt, INTERNAL.model_copy())
            return
        if open_turn.turn.cancelling:
            await self._end_unsent(open_turn, attempt, None)
            return
        while not attempt.state.final:
            try:
                await self._ask(device, open_turn, attempt, given)
                self._dispatched(time.perf_counter() - slotted)
                return
            except NotSent:
                await self.not_started(open_turn, attempt)
                return
            except Unanswered:
                # The device may have it. While one of ours is connected, the same attempt can be offered again: it
                # answers a duplicate with the state of the attempt. Else reconciliation or the lease decides.
                if not device.online or device.boot_id is None:
                    return
                await asyncio.sleep(RETRY_SECONDS)

    async def _end_unsent(self, open_turn: OpenTurn, attempt: Attempt, error: TurnError | None) -> None:
        """End what was never sent, a proven non-start: as cancelled if a person stopped it meanwhile."""
        stopped = error is None or open_turn.turn.cancelling
        state = AttemptState.CANCELLED if stopped else AttemptState.FAILED
        await self.end(open_turn, attempt, Ended(state, error=None if stopped else error))

    async def _llm(self, device: DeviceEntry, open_turn: OpenTurn) -> dict[str, Any]:
        """Return the `model_config` of a turn, which holds secrets; raises NoAccount."""
        turn = open_turn.turn
        agent = next((one for one in device.agents if one.id == turn.agent), None)
        return sent(await self._accounts.of(device.owner, turn.agent, agent, turn.model))

    @classmethod
    def _may_lag(cls, device: DeviceEntry, open_turn: OpenTurn) -> bool:
        """Say whether the agent's session on the device may lack something that was said in the task.

        On more than one device only what is stored tells: a turn may have been there and failed before its prompt.
        """
        entry = open_turn.entry
        return entry.ran_on is not None and (len(entry.places) > 1 or not cls._knows(device, open_turn))

    @staticmethod
    def _knows(device: DeviceEntry, open_turn: OpenTurn) -> bool:
        """Say whether the agent on the device has a session of the task; stock ones keep theirs to themselves."""
        turn = open_turn.turn
        return device.boot_id is None or open_turn.entry.session(turn.device_id, turn.agent) is not None

    async def _said(self, device: DeviceEntry, open_turn: OpenTurn) -> list[dict[str, str]]:
        turn, knows = open_turn.turn, self._knows(device, open_turn)
        await self._store.write(settle)  # the end of the turn before it may be stored after this turn's start
        return await self._store.read(lambda connection: history.said(connection, turn, session=knows))

    async def _ask(self, device: DeviceEntry, open_turn: OpenTurn, attempt: Attempt, given: _Given) -> None:
        if device.channel is None:
            raise NotSent
        message = self._message(open_turn, attempt, given)
        answer = await device.channel.call(wire.EXECUTE, message, wire.CALL_SECONDS)
        try:
            ack = wire.ExecuteAck.model_validate(answer)
        except ValidationError as bad:
            # Not the answer itself: the device may repeat what it was entrusted with.
            what = ".".join(map(str, bad.errors()[0]["loc"]))
            log.warning("Attempt %d: an answer that is none: %s %s", attempt.id, type(answer).__name__, what)
            raise Unanswered from None
        if ack.accepted:
            await self.accepted(open_turn, attempt)
        elif ack.requeue:
            await self.not_started(open_turn, attempt)
        elif not attempt.state.final:
            state = AttemptState.CANCELLED if ack.code == "cancelled" else AttemptState.FAILED
            error = refused(ack, device.name, given.llm) if state is AttemptState.FAILED else None
            await self.end(open_turn, attempt, Ended(state, error=error))

    def _message(self, open_turn: OpenTurn, attempt: Attempt, given: _Given) -> dict[str, Any]:
        turn, entry = open_turn.turn, open_turn.entry
        session = entry.session(turn.device_id, turn.agent)
        to = where("turn", place=entry.place(turn.device_id))
        message = wire.Execute(
            task_id=turn.task_id,
            subtask_id=attempt.id,
            prompt=with_context(turn.prompt, turn.context),
            bot=[wire.Bot(name=turn.agent, shell_type=turn.agent)],
            llm=given.llm,
            history=given.said,
            task_title=entry.task.title,
            new_session=session is None,
            project_workspace_path=to.path,
            standalone_chat_workspace=to.create,
            wegent_jupyter=wire.ExecuteExtension(
                agent=turn.agent,
                mode=turn.mode,
                turn_id=turn.id,
                model=turn.model,
                session_id=session,
                worktree=wire.WorktreeOrder(source=to.worktree_of) if to.worktree_of else None,
                attachments=turn.attachments,
            ),
        )
        return message.model_dump(by_alias=True, exclude_none=True)

    async def accepted(self, open_turn: OpenTurn, attempt: Attempt) -> None:
        """Note that the device has an attempt."""
        if attempt.state is not AttemptState.SENT:
            return  # its first event was faster than the ack
        changes = Changes()
        self._run(open_turn, attempt, changes)
        await self._ledger.save_surely(lambda: self.snapshot(open_turn, changes))

    def _run(self, open_turn: OpenTurn, attempt: Attempt, changes: Changes) -> None:
        attempt.state = attempt_change(attempt.state, AttemptState.RUNNING)
        open_turn.entry.ran_on, open_turn.entry.ran_at = open_turn.turn.device_id, open_turn.turn.started_at or ""
        self._tasks.update(open_turn, TurnState.RUNNING, changes)

    async def not_started(self, open_turn: OpenTurn, attempt: Attempt) -> None:
        """Give a proven non-start back to the queue, or end it if a person wants it stopped."""
        if attempt.state is not AttemptState.SENT:
            return
        if open_turn.turn.cancelling:
            await self.end(open_turn, attempt, Ended(AttemptState.CANCELLED))
            return
        attempt.state = attempt_change(attempt.state, AttemptState.NOT_STARTED)
        key = open_turn.key
        changes = Changes()
        self._tasks.update(open_turn, TurnState.QUEUED, changes)
        self._scheduler.requeue(key, open_turn.turn.id)
        await self._ledger.save_surely(lambda: self.snapshot(open_turn, changes))
        self.schedule(key)
        self.queue_changed(key)

    async def end(self, open_turn: OpenTurn, attempt: Attempt, event: Ended) -> None:
        """End an attempt of which the device will not tell the end, and its turn."""
        if attempt.state.final:
            return
        changes = Changes()
        self.ended(open_turn, event, changes)
        await self._ledger.save_surely(lambda: self.snapshot(open_turn, changes))

    @classmethod
    def snapshot(cls, open_turn: OpenTurn, changes: Changes) -> Changes:
        """Return the events of `changes` with its objects as they are now."""
        return cls.snapshots([open_turn], changes)

    @staticmethod
    def snapshots(open_turns: list[OpenTurn], changes: Changes) -> Changes:
        """Return the events of `changes` with its objects, of several turns, as they are now."""
        again = Changes(events=changes.events)
        asked = {approval.id for _, approval, _ in changes.approvals}
        for open_turn in open_turns:
            again.task(open_turn.entry)
            again.turns.append(open_turn.turn.model_copy())
            again.attempt(open_turn)
            again.approvals_of(open_turn, asked)
        return again

    # What the stream of a device tells.

    def running_on(self, owner: str, device_id: str, attempt_id: int) -> OpenTurn | None:
        """Return the turn whose newest attempt this is, if it runs on that device."""
        for turn_id in self._scheduler.running((owner, device_id)):
            open_turn = self._tasks.open.get(turn_id)
            if open_turn is not None and open_turn.attempt is not None and open_turn.attempt.id == attempt_id:
                return open_turn
        return None

    def started(self, open_turn: OpenTurn, event: Started, changes: Changes) -> None:
        """Note the agent's session and the directory in which it runs."""
        entry, turn, attempt = open_turn.entry, open_turn.turn, open_turn.attempt
        if event.workspace:
            place = entry.place(turn.device_id)
            place.workspace = event.workspace
            if entry.task.device_id == turn.device_id:
                place.show(entry.task)
        if event.session_id:
            entry.remember_session(turn.device_id, turn.agent, event.session_id)
        if attempt is not None and attempt.state is AttemptState.SENT:
            self._run(open_turn, attempt, changes)
        else:
            self._tasks.touch(entry, turn)

    def asked(self, open_turn: OpenTurn, event: Asked, changes: Changes) -> None:
        """Note what the agent asks, or that it no longer asks."""
        self.approvals.asked(open_turn, event, changes)

    def ended(self, open_turn: OpenTurn, event: Ended, changes: Changes) -> None:
        """End a turn, free its slot and start what waited for it."""
        attempt, turn = open_turn.attempt, open_turn.turn
        if attempt is None:
            return
        attempt.state = attempt_change(attempt.state, event.state)
        turn.error, turn.usage, turn.stop_reason = event.error, event.usage, event.stop_reason
        if event.session_id:
            open_turn.entry.remember_session(turn.device_id, turn.agent, event.session_id)
        left: ApprovalState = "expired" if event.state is AttemptState.FAILED else "withdrawn"
        self.approvals.end(open_turn, left, changes)
        self._tasks.update(open_turn, _OUTCOMES[event.state], changes)
        key = open_turn.key
        self._scheduler.end(key, turn.id)
        self.schedule(key)
        self.schedule_task(turn.task_id)
        self.queue_changed(key)
        self.spawn(self._compact(attempt.id))

    async def _compact(self, attempt_id: int) -> None:
        """Shrink a finished attempt's history, after whatever is being written now."""
        await asyncio.sleep(0)
        try:
            await self._store.write(lambda connection: records.compact_attempt(connection, attempt_id))
        except StoreFailed as error:
            log.warning("The history of attempt %d stays long: %s", attempt_id, error)

    # Stop.

    async def cancel(self, open_turn: OpenTurn) -> None:
        """Stop a turn: at once when queued, else as an intent that reaches its device sooner or later."""
        turn = open_turn.turn
        changes = Changes()
        if turn.state is TurnState.QUEUED:
            self.cancel_waiting(open_turn, changes)
        elif turn.cancelling:
            return
        else:
            turn.cancelling = True
            self._tasks.touch(open_turn.entry, turn)
            changes.task(open_turn.entry)
            changes.turn(turn)
            if open_turn.attempt is not None:
                self.spawn(self._deliver_cancel(open_turn, open_turn.attempt))
        storing = self.spawn(self._ledger.save_surely(lambda: self.snapshot(open_turn, changes)))
        # Stop works on a full disk, too: it is under way, and is stored when that can be done.
        await asyncio.wait({storing}, timeout=STORE_SECONDS)

    def cancel_waiting(self, open_turn: OpenTurn, changes: Changes) -> None:
        """End a turn that waits."""
        turn, key = open_turn.turn, open_turn.key
        self._tasks.update(open_turn, TurnState.CANCELLED, changes)
        self._scheduler.end(key, turn.id)
        self.schedule_task(turn.task_id)
        self.queue_changed(key)

    async def _deliver_cancel(self, open_turn: OpenTurn, attempt: Attempt) -> None:
        """Tell the device until it has heard; an absent one hears it when it registers."""
        message = wire.Cancel(task_id=open_turn.turn.task_id, subtask_id=attempt.id).model_dump()
        device = self._devices.by_key(open_turn.key)
        while device is not None and device.channel is not None and not attempt.state.final:
            try:
                answer = await device.channel.call(wire.CANCEL, message, wire.CALL_SECONDS)
            except (NotSent, Unanswered):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            # One of ours that has not read the answer to its registration yet takes nothing; a stock one says nothing.
            if device.boot_id is None or (isinstance(answer, dict) and answer.get("success")):
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def steer(self, open_turn: OpenTurn, text: str) -> None:
        """Hand a message to the agent at work; raises Conflict or Unavailable."""
        device, attempt = self._devices.by_key(open_turn.key), open_turn.attempt
        if device is None or attempt is None or device.channel is None:
            raise Conflict("The device is not connected.", code="device_offline", fix="Queue the message instead.")
        message = wire.Steer(
            task_id=open_turn.turn.task_id, subtask_id=attempt.id, steer_id=self._ids.mint(), text=text
        ).model_dump()
        try:
            done = wire.Done.model_validate(await device.channel.call(wire.STEER, message, wire.CALL_SECONDS))
        except (NotSent, Unanswered, ValidationError) as error:
            raise Unavailable(
                "The device did not answer; the message may have arrived.", code="unanswered", fix="Look at the task."
            ) from error
        if not done.success:
            raise Conflict(done.message, code=done.code, fix=done.fix)

    def queue_changed(self, key: DeviceKey) -> None:
        """Show new places in the queue, and the device's slots."""
        for turn_id in self._scheduler.queued(key):
            open_turn = self._tasks.open.get(turn_id)
            if open_turn is not None:
                self._tasks.show_again(open_turn.entry)
        device = self._devices.by_key(key)
        if device is not None:
            self._device_changed(device)

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run something in the background until the gateway closes."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._spawned_ended)
        return task

    def _spawned_ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Background work failed", exc_info=error)
