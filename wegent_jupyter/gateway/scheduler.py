"""Which turn starts next on which device. Pure bookkeeping: no clock, no I/O, nothing to await.

Slots are derived: a device has as many in use as it has turns here that started and did not end.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(order=True, slots=True, frozen=True)
class Entry:
    """A queued turn. Lower `priority` first, then lower `position`; ids make positions, so the default is FIFO."""

    priority: int
    position: int
    turn_id: int = field(compare=False)
    task_id: int = field(compare=False)


DeviceKey = tuple[str, str]
"""(owner, device_id): the same hardware may serve several owners."""


class Scheduler:
    """Queues and slots of all devices."""

    def __init__(self) -> None:
        """Start with nothing queued and nothing running."""
        self._queues: dict[DeviceKey, list[Entry]] = defaultdict(list)
        self._running: dict[DeviceKey, dict[int, Entry]] = defaultdict(dict)
        self._active_tasks: set[int] = set()

    def enqueue(self, device: DeviceKey, turn_id: int, task_id: int, priority: int = 0) -> None:
        """Put a turn into a device's queue. Re-queued turns keep their place, since ids are time-ordered."""
        insort(self._queues[device], Entry(priority, turn_id, turn_id, task_id))

    def resume(self, device: DeviceKey, turn_id: int, task_id: int) -> None:
        """Record a turn that already runs, at the gateway's start; its slot counts even above the limit."""
        self._running[device][turn_id] = Entry(0, turn_id, turn_id, task_id)
        self._active_tasks.add(task_id)

    def start_next(self, device: DeviceKey, slots: int) -> int | None:
        """Take a slot for the first turn whose task is not active, and return its id; None when none can start."""
        if self.used(device) >= slots:
            return None
        for place, entry in enumerate(self._queues[device]):
            if entry.task_id not in self._active_tasks:
                del self._queues[device][place]
                self._running[device][entry.turn_id] = entry
                self._active_tasks.add(entry.task_id)
                return entry.turn_id
        return None

    def requeue(self, device: DeviceKey, turn_id: int) -> None:
        """Give a proven non-start its place in the queue and its slot back."""
        entry = self._running[device].pop(turn_id)
        self._active_tasks.discard(entry.task_id)
        insort(self._queues[device], entry)

    def end(self, device: DeviceKey, turn_id: int) -> None:
        """Forget a turn, queued or running, and free what it held."""
        entry = self._running[device].pop(turn_id, None)
        if entry is not None:
            self._active_tasks.discard(entry.task_id)
        self._queues[device] = [queued for queued in self._queues[device] if queued.turn_id != turn_id]

    def used(self, device: DeviceKey) -> int:
        """Return how many slots of a device are in use."""
        return len(self._running[device])

    def running(self, device: DeviceKey) -> list[int]:
        """Return the turns that hold a slot."""
        return list(self._running[device])

    def queued(self, device: DeviceKey) -> list[int]:
        """Return the waiting turns, next first."""
        return [entry.turn_id for entry in self._queues[device]]

    def position(self, device: DeviceKey, turn_id: int) -> int | None:
        """Return a turn's place in the queue, 1 for the next; None when it does not wait."""
        places = (n for n, entry in enumerate(self._queues[device], start=1) if entry.turn_id == turn_id)
        return next(places, None)

    def devices(self) -> Iterator[DeviceKey]:
        """Iterate over the devices that have anything."""
        return iter([*dict.fromkeys([*self._queues, *self._running])])
