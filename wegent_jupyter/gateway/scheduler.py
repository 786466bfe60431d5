"""Which turn starts next on which device. Pure bookkeeping: no clock, no I/O, nothing to await.

Slots are derived: a device has as many in use as it has turns here that started and did not end.
"""

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass


@dataclass(order=True, slots=True)
class Entry:
    """A turn. Lower `position` first; ids make positions until a person changes the order, so the default is FIFO."""

    position: int
    turn_id: int
    task_id: int


DeviceKey = tuple[str, str]
"""(owner, device_id): the same hardware may serve several owners."""


class Scheduler:
    """Queues and slots of all devices. A turn is in one queue, or holds one slot, or neither."""

    def __init__(self) -> None:
        """Start with nothing queued and nothing running."""
        self._queues: dict[DeviceKey, list[Entry]] = defaultdict(list)
        self._running: dict[DeviceKey, dict[int, Entry]] = defaultdict(dict)
        self._active_tasks: set[int] = set()
        self._paused_tasks: set[int] = set()
        self._held_tasks: set[int] = set()
        self._waiting: dict[int, dict[int, tuple[DeviceKey, Entry]]] = {}
        """The queued turns of each task."""

    def enqueue(self, device: DeviceKey, turn_id: int, task_id: int, position: int | None = None) -> None:
        """Put a turn into a device's queue, by default at the place that its id gives it."""
        self._put(device, Entry(turn_id if position is None else position, turn_id, task_id))

    def resume(self, device: DeviceKey, turn_id: int, task_id: int, position: int | None = None) -> None:
        """Record a turn that already runs, at the gateway's start; its slot counts even above the limit."""
        self._running[device][turn_id] = Entry(turn_id if position is None else position, turn_id, task_id)
        self._active_tasks.add(task_id)

    def start_next(self, device: DeviceKey, slots: int) -> int | None:
        """Take a slot for the first turn that may run, and return its id; None when none can start."""
        if self.used(device) >= slots:
            return None
        for place, entry in enumerate(self._queues[device]):
            if self._may_run(device, entry):
                del self._queues[device][place]
                self._forget_waiting(entry)
                self._running[device][entry.turn_id] = entry
                self._active_tasks.add(entry.task_id)
                return entry.turn_id
        return None

    def _may_run(self, device: DeviceKey, entry: Entry) -> bool:
        """Say whether nothing of the turn's task is in its way: one that runs, a pause, an earlier turn elsewhere."""
        task_id = entry.task_id
        if task_id in self._active_tasks or task_id in self._paused_tasks or task_id in self._held_tasks:
            return False
        return not self._earlier_elsewhere(device, entry)

    def _earlier_elsewhere(self, device: DeviceKey, entry: Entry) -> bool:
        return any(
            other.turn_id < entry.turn_id and other < entry
            for key, other in self._waiting[entry.task_id].values()
            if key != device
        )

    def behind_another(self, device: DeviceKey, turn_id: int, task_id: int) -> bool:
        """Say whether a waiting turn waits for another turn of its task."""
        waiting = self._waiting.get(task_id, {})
        if task_id in self._active_tasks or turn_id not in waiting:
            return task_id in self._active_tasks
        return self._earlier_elsewhere(device, waiting[turn_id][1])

    def requeue(self, device: DeviceKey, turn_id: int) -> None:
        """Give a proven non-start its place in the queue and its slot back."""
        entry = self._running[device].pop(turn_id)
        self._active_tasks.discard(entry.task_id)
        self._put(device, entry)

    def end(self, device: DeviceKey, turn_id: int) -> None:
        """Forget a turn, queued or running, and free what it held."""
        entry = self._running[device].pop(turn_id, None)
        if entry is not None:
            self._active_tasks.discard(entry.task_id)
        self.take(device, turn_id)

    def take(self, device: DeviceKey, turn_id: int) -> bool:
        """Take a turn out of a queue, so that it cannot start; says whether it was there."""
        entry = next((one for one in self._queues[device] if one.turn_id == turn_id), None)
        if entry is None:
            return False
        self._queues[device].remove(entry)
        self._forget_waiting(entry)
        return True

    def pause(self, task_id: int) -> None:
        """Let no turn of a task start."""
        self._paused_tasks.add(task_id)

    def unpause(self, task_id: int) -> None:
        """Let turns of a task start again."""
        self._paused_tasks.discard(task_id)

    def hold(self, task_id: int) -> bool:
        """Let no turn of a task start while one of its turns changes its place; False: another one does already."""
        if task_id in self._held_tasks:
            return False
        self._held_tasks.add(task_id)
        return True

    def release(self, task_id: int) -> None:
        """End a hold."""
        self._held_tasks.discard(task_id)

    def move(self, turn_id: int, task_id: int, target: DeviceKey, position: int) -> None:
        """Take a waiting turn from one queue to another."""
        device, _ = self._waiting[task_id][turn_id]
        self.take(device, turn_id)
        self.enqueue(target, turn_id, task_id, position)

    def order(self, device: DeviceKey, turn_id: int, place: int) -> dict[int, int]:
        """Return the positions that bring a waiting turn to a place, 1 for the next; only those that change.

        The waiting turns exchange their positions, so nothing is renumbered and a new turn is still last.
        """
        before = self._queues[device]
        positions = [entry.position for entry in before]
        turns = [entry.turn_id for entry in before if entry.turn_id != turn_id]
        turns.insert(place - 1, turn_id)
        old = {entry.turn_id: entry.position for entry in before}
        new = zip(turns, positions, strict=True)
        return {turn: position for turn, position in new if old[turn] != position}

    def set_positions(self, device: DeviceKey, positions: dict[int, int]) -> None:
        """Give turns of a device these positions; one that started meanwhile has it in case it comes back."""
        for entry in [*self._queues[device], *self._running[device].values()]:
            entry.position = positions.get(entry.turn_id, entry.position)
        self._queues[device].sort()

    def last_position(self, device: DeviceKey) -> int:
        """Return the position of the last in a queue, 0 when nothing waits."""
        return self._queues[device][-1].position if self._queues[device] else 0

    def used(self, device: DeviceKey) -> int:
        """Return how many slots of a device are in use."""
        return len(self._running[device])

    def running(self, device: DeviceKey) -> list[int]:
        """Return the turns that hold a slot."""
        return list(self._running[device])

    def queued(self, device: DeviceKey) -> list[int]:
        """Return the waiting turns, next first."""
        return [entry.turn_id for entry in self._queues[device]]

    def depth(self, device: DeviceKey) -> int:
        """Return how many turns wait."""
        return len(self._queues[device])

    def position(self, device: DeviceKey, turn_id: int) -> int | None:
        """Return a turn's place in the queue, 1 for the next; None when it does not wait."""
        places = (n for n, entry in enumerate(self._queues[device], start=1) if entry.turn_id == turn_id)
        return next(places, None)

    def waits_on(self, task_id: int) -> set[DeviceKey]:
        """Return the devices on which turns of a task wait."""
        waiting = self._waiting.get(task_id)
        return {key for key, _ in waiting.values()} if waiting else set()

    def forget(self, device: DeviceKey) -> None:
        """Forget a device of which nothing waits or runs."""
        self._queues.pop(device, None)
        self._running.pop(device, None)

    def _put(self, device: DeviceKey, entry: Entry) -> None:
        insort(self._queues[device], entry)
        self._waiting.setdefault(entry.task_id, {})[entry.turn_id] = device, entry

    def _forget_waiting(self, entry: Entry) -> None:
        waiting = self._waiting[entry.task_id]
        del waiting[entry.turn_id]
        if not waiting:
            del self._waiting[entry.task_id]
