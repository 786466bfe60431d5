"""What people do with queues: look, change the order, move a turn to another device, let a paused task go on.

A turn is in one queue at any time: changes are made in memory in one step, while its task is held so that nothing of it
starts, and are taken back in one step when they cannot be stored.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from wegent_jupyter.gateway.devices import DeviceEntry, Devices
from wegent_jupyter.gateway.dispatch import STORE_SECONDS, Dispatcher
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.gateway.ledger import Changes, Ledger, OpenTurn
from wegent_jupyter.gateway.scheduler import DeviceKey, Scheduler
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.gateway.tasks import Tasks
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.managing import Queue, QueuedTurn, Requeue
from wegent_jupyter.protocol.states import TurnState

Undo = Callable[[], None]


@dataclass(slots=True)
class Queues:
    """The queues of all devices, as people change them."""

    tasks: Tasks
    devices: Devices
    scheduler: Scheduler
    dispatcher: Dispatcher
    ledger: Ledger
    ids: IdSource

    def show(self, owner: str, device_id: str) -> Queue:
        """Return what waits for a device, next first; raises NotFound."""
        device = self.devices.get(owner, device_id)
        waiting = [self.tasks.open[turn_id] for turn_id in self.scheduler.queued(device.key)]
        items = [
            QueuedTurn(
                position=place,
                task_title=open_turn.entry.task.title,
                reason=self.tasks.queue_reason(open_turn),
                turn=open_turn.turn,
            )
            for place, open_turn in enumerate(waiting, start=1)
        ]
        return Queue(device_id=device_id, items=items, total=len(items))

    async def requeue(self, owner: str, task_id: int, turn_id: int, request: Requeue) -> api.Turn:
        """Give a waiting turn another place or another device; raises Refused, and then nothing has changed."""
        open_turn = await self._find(owner, task_id, turn_id)
        target = self.devices.get(owner, request.device_id or open_turn.turn.device_id)
        moves = target.kept.device_id != open_turn.turn.device_id
        if request.workspace is not None and not moves:
            raise Refused("A turn keeps its directory as long as it stays on its device.", code="same_device")
        if not self.scheduler.hold(task_id):
            raise Conflict("Another change of this task is under way.", code="changing", fix="Try again.")
        try:
            await (self._move(open_turn, target, request) if moves else self._reorder(open_turn, request.position))
        finally:
            self.scheduler.release(task_id)
            self.dispatcher.schedule_task(task_id)
        return open_turn.turn

    async def _find(self, owner: str, task_id: int, turn_id: int) -> OpenTurn:
        """Return a waiting turn; raises NotFound, or Conflict for one that no longer waits."""
        entry = await self.tasks.entry(owner, task_id)
        if turn_id not in entry.open and all(
            turn.id != turn_id for turn in (await self.tasks.detail(owner, task_id)).turn_list
        ):
            raise NotFound("Turn", turn_id)
        found = entry.open.get(turn_id)
        if found is None or found.turn.state is not TurnState.QUEUED:
            raise _gone()
        return found

    async def resume(self, owner: str, task_id: int) -> api.Task:
        """Let what waits of a paused task run; raises Conflict."""
        entry = await self.tasks.entry(owner, task_id)
        if not entry.task.paused:
            raise Conflict("This task is not paused.", code="not_paused")
        self.tasks.unpause(entry)
        self.dispatcher.schedule_task(task_id)
        self.tasks.show_again(entry)

        def now() -> Changes:
            changes = Changes()
            changes.task(entry)
            return changes

        # It goes on with a full disk, too: what was to be decided is decided.
        storing = self.dispatcher.spawn(self.ledger.save_surely(now))
        await asyncio.wait({storing}, timeout=STORE_SECONDS)
        return self.tasks.show(entry)

    async def _reorder(self, open_turn: OpenTurn, place: int | None) -> None:
        if place is None:
            return
        changes, undo = Changes(), list[Undo]()
        self._place(open_turn, place, changes, undo)
        if not undo:
            return
        try:
            await self.ledger.save(changes)
        except StoreFailed as error:
            take_back(undo)
            raise _not_stored(error) from error
        finally:
            self.dispatcher.queue_changed(open_turn.key)

    async def _move(self, open_turn: OpenTurn, target: DeviceEntry, request: Requeue) -> None:
        agent = self.tasks.check_agent(target, open_turn.turn)
        self.tasks.placing.check_bound(open_turn.entry, target, request.workspace)
        place = await self.tasks.placing.place_for(open_turn.entry, target, request.workspace)
        if open_turn.turn.state is not TurnState.QUEUED:
            raise _gone()  # it was stopped while its new device was asked
        source = open_turn.key
        changes, undo = Changes(), [self.tasks.move(open_turn, target, place, agent)]
        self._change_queue(open_turn, source, target.key, undo)
        if request.position is not None:
            self._place(open_turn, request.position, changes, undo)
        changes.task(open_turn.entry)
        changes.turn(open_turn.turn)
        try:
            await self.ledger.save(changes)
        except StoreFailed as error:
            self._move_back(open_turn, source, undo)
            raise _not_stored(error) from error
        finally:
            self.tasks.show_again(open_turn.entry)
            self.dispatcher.queue_changed(source)
            self.dispatcher.queue_changed(target.key)

    def _move_back(self, open_turn: OpenTurn, source: DeviceKey, undo: list[Undo]) -> None:
        """Take back a move that was not stored, unless the turn was stopped or its old device deleted meanwhile."""
        if open_turn.turn.state is TurnState.QUEUED and self.devices.by_key(source) is not None:
            take_back(undo)
        # What was stored meanwhile of this task, if anything was, has the new device.
        self.dispatcher.spawn(self.ledger.save_surely(lambda: self.dispatcher.snapshot(open_turn, Changes())))

    def _change_queue(self, open_turn: OpenTurn, source: DeviceKey, target: DeviceKey, undo: list[Undo]) -> None:
        """Put a turn at the end of another queue."""
        turn = open_turn.turn
        before = turn.position
        if (before or turn.id) <= self.scheduler.last_position(target):
            turn.position = self.ids.mint()  # the ids of later turns are higher still
        self.scheduler.move(turn.id, turn.task_id, target, turn.position or turn.id)

        def back() -> None:
            turn.position = before
            self.scheduler.move(turn.id, turn.task_id, source, before or turn.id)

        undo.append(back)

    def _place(self, open_turn: OpenTurn, place: int, changes: Changes, undo: list[Undo]) -> None:
        """Give a turn a place in its queue; in a transcript a position is no news."""
        key = open_turn.key
        new = self.scheduler.order(key, open_turn.turn.id, place)
        turns = [self.tasks.open[turn_id].turn for turn_id in new]
        old = {turn.id: turn.position or turn.id for turn in turns}

        def set_positions(positions: dict[int, int]) -> None:
            for turn in turns:
                turn.position = positions[turn.id]
            self.scheduler.set_positions(key, positions)

        if new:
            set_positions(new)
            changes.turns += [turn.model_copy() for turn in turns]
            undo.append(lambda: set_positions(old))


def take_back(undo: list[Undo]) -> None:
    """Take changes back, the last one first."""
    for step in reversed(undo):
        step()


def _gone() -> Conflict:
    return Conflict("This turn no longer waits.", code="not_waiting", fix="Only what waits can be moved.")


def _not_stored(error: StoreFailed) -> Unavailable:
    return Unavailable(f"Nothing was changed: {error}", code="store_failed", fix="Free disk space.")
