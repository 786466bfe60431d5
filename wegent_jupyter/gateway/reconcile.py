"""Keep the gateway and a device in step: when it registers, and when it does not come back (invariants 3 to 5)."""

import asyncio
import logging

from wegent_jupyter.gateway.devices import DeviceEntry
from wegent_jupyter.gateway.dispatch import Dispatcher
from wegent_jupyter.gateway.ledger import Attempt, Changes, Ledger, OpenTurn, TaskEntry
from wegent_jupyter.gateway.scheduler import DeviceKey, Scheduler
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store
from wegent_jupyter.gateway.tasks import Tasks
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import Turn, TurnError
from wegent_jupyter.protocol.events import Ended
from wegent_jupyter.protocol.states import AttemptState, turn_found

log = logging.getLogger(__name__)

LOST = "device_lost"
RESTARTED = TurnError(
    code="executor_restarted",
    message="The executor on the device was restarted and no longer knows this run.",
    fix="Continue takes up the agent's session where it stopped.",
)


def device_lost(name: str) -> TurnError:
    """Return the error of a turn whose device went away."""
    return TurnError(
        code=LOST,
        message=f"Device disconnected: {name} did not come back within the reconnect window.",
        fix="Check that the device runs and reaches this server. A run that goes on there is shown once it is back.",
    )


def went_on(entry: TaskEntry, lost: Turn) -> bool:
    """Say whether anything of a task started after a turn that was lost; an agent must not work beside another."""
    active = any(one.turn.state.holds_slot for one in entry.open.values() if one.turn.id != lost.id)
    return active or entry.ran_at > (lost.started_at or "")


class Reconciler:
    """Compares what a device has with what we believe."""

    def __init__(
        self, store: Store, ledger: Ledger, scheduler: Scheduler, tasks: Tasks, dispatcher: Dispatcher
    ) -> None:
        """Change turns by `dispatcher`."""
        self._store, self._ledger, self._scheduler, self._tasks = store, ledger, scheduler, tasks
        self._dispatcher = dispatcher
        self._losing: dict[DeviceKey, asyncio.Task[None]] = {}
        """What is being stored of devices that did not come back."""

    async def reconcile(self, device: DeviceEntry, ours: wire.DeviceExtension | None) -> list[wire.AttemptVerdict]:
        """Compare what a device has with what we believe (invariant 4), before anything is dispatched to it."""
        if (storing := self._losing.get(device.key)) is not None:
            await asyncio.wait({storing})  # what counts as lost is looked for in the store
        reported = {report.attempt_id: report for report in (ours.attempts if ours else [])}
        for turn_id in self._scheduler.running(device.key):
            open_turn = self._tasks.open[turn_id]
            attempt = open_turn.attempt
            if attempt is None or attempt.id in reported:
                continue
            if attempt.state is AttemptState.SENT:
                # It never arrived, and cannot any more: a device takes nothing from an earlier connection.
                await self._dispatcher.not_started(open_turn, attempt)
            else:
                await self._dispatcher.end(open_turn, attempt, Ended(AttemptState.FAILED, error=RESTARTED))
        return [await self._verdict(device, report) for report in reported.values()]

    async def _verdict(self, device: DeviceEntry, report: wire.AttemptReport) -> wire.AttemptVerdict:
        open_turn = self._dispatcher.running_on(device.owner, device.kept.device_id, report.attempt_id)
        if open_turn is None:
            open_turn = await self._found_again(device, report)
        if open_turn is None or open_turn.attempt is None or open_turn.attempt.state.final:
            verdict: wire.Verdict = "cancel" if report.running else "forget"
            return wire.AttemptVerdict(attempt_id=report.attempt_id, verdict=verdict, acked=report.last_seq)
        await self._dispatcher.accepted(open_turn, open_turn.attempt)
        wanted: wire.Verdict = "cancel" if open_turn.turn.cancelling and report.running else "keep"
        return wire.AttemptVerdict(
            attempt_id=report.attempt_id,
            verdict=wanted,
            acked=open_turn.attempt.last_seq,
            decisions=self._dispatcher.approvals.undelivered(open_turn),
        )

    async def _found_again(self, device: DeviceEntry, report: wire.AttemptReport) -> OpenTurn | None:
        """Correct the verdict on a turn that counted as lost with its device: it runs, or its end is on the way.

        It gets its slot back, even above the limit; but not once the task went on, such as on another device.
        """
        turn, row = await self._store.read(lambda connection: records.lost_turn(connection, report.attempt_id))
        if turn is None or row is None or turn.error is None or turn.error.code != LOST:
            return None
        if (row["owner"], row["device_id"]) != device.key:
            return None
        entry = await self._tasks.entry(device.owner, turn.task_id)
        if went_on(entry, turn):
            return None
        if (known := self._dispatcher.running_on(device.owner, device.kept.device_id, report.attempt_id)) is not None:
            return known  # another connection of the device was faster
        turn.error, turn.ended_at, turn.corrected = None, None, True
        turn.state = turn_found(turn.state)
        self._tasks.unpause(entry)
        open_turn = self._tasks.reopen(entry, turn)
        open_turn.attempt = Attempt(report.attempt_id, AttemptState.RUNNING, row["last_seq"])
        self._scheduler.resume(device.key, turn.id, turn.task_id, turn.position)
        await self._dispatcher.approvals.restore(open_turn)
        changes = Changes()
        changes.turn(turn)
        self._dispatcher.approvals.reopen(open_turn, report.approvals, changes)
        await self._ledger.save_surely(lambda: self._dispatcher.snapshot(open_turn, changes))
        log.info("Attempt %d was found again with %s", report.attempt_id, device.kept.device_id)
        return open_turn

    def confirm(self, device: DeviceEntry) -> None:
        """Note that a device has read the answer to its registration, and with it people's answers."""
        verdicts, device.verdicts = device.verdicts, []
        for verdict in verdicts:
            open_turn = self._dispatcher.running_on(device.owner, device.kept.device_id, verdict.attempt_id)
            if open_turn is not None and verdict.decisions:
                self._dispatcher.spawn(self._dispatcher.approvals.heard(open_turn, list(verdict.decisions)))

    def lost(self, device: DeviceEntry) -> None:
        """Fail what ran on a device that did not come back within the reconnect window.

        All in one step, which is stored afterwards: while the disk is full the device may be back, and what it then
        runs is not to be failed by a step that comes late.
        """
        changes, lost = Changes(), list[OpenTurn]()
        for turn_id in self._scheduler.running(device.key):
            open_turn = self._tasks.open[turn_id]
            if open_turn.attempt is None or open_turn.attempt.state.final:
                continue
            state = AttemptState.CANCELLED if open_turn.turn.cancelling else AttemptState.FAILED
            error = None if open_turn.turn.cancelling else device_lost(device.name)
            self._dispatcher.ended(open_turn, Ended(state, error=error), changes)
            lost.append(open_turn)
        if lost:
            storing = self._ledger.save_surely(lambda: self._dispatcher.snapshots(lost, changes))
            self._losing[device.key] = self._dispatcher.spawn(storing)
            self._losing[device.key].add_done_callback(lambda _done: self._losing.pop(device.key, None))
