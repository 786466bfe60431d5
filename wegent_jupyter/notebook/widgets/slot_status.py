"""What a device is doing: its slots, what runs in them and what waits; and how many it has."""

from typing import ClassVar

from ipywidgets import BoundedIntText, HBox
from traitlets import Int

from wegent_jupyter.client.watch import What
from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.asked import Asked
from wegent_jupyter.notebook.widgets.controls import FLUSH, Text, button
from wegent_jupyter.notebook.widgets.device_selector import DeviceSelector
from wegent_jupyter.notebook.widgets.linked import Linked
from wegent_jupyter.notebook.widgets.looks import Boxes, Cell, Faint, Items, Line, Part, Strong, Title, problem
from wegent_jupyter.protocol import api, managing

SHOWN = 20
"""Turns of each kind; more are counted only."""


class SlotStatus(Linked):
    """Shows the slots of a device: `used` of `max`, and how many turns are `queued`."""

    used = Int(0, read_only=True, help="Slots in use.")
    max = Int(0, read_only=True, help="Slots in all.")
    queued = Int(0, read_only=True, help="Turns that wait for this device.")
    follows: ClassVar[set[What]] = {"devices", "tasks"}

    def __init__(self, device: DeviceSelector | str | api.Device | None = None, *, quiet: bool = False) -> None:
        """Follow a selector, one device by its id or name, or a selector of its own."""
        super().__init__(device, quiet=quiet)
        self._text = Text()
        self._max = 0
        self._queue: Asked[list[managing.QueuedTurn]] = Asked(self)
        self._number = BoundedIntText(
            value=api.DEFAULT_SLOTS,
            min=1,
            max=api.MAX_SLOTS,
            description="Slots",
            tooltip=f"How many turns it may run at once, 1 to {api.MAX_SLOTS}",
            style=FLUSH,
            layout={"width": "110px"},
        )
        self._set = button("Set", self._set_slots, tip="How many turns it may run at once")
        self._begin(*self.own, self._text, HBox([self._number, self._set]))

    def _set_slots(self) -> None:
        device, slots = self.device, self._number.value
        if device is not None:
            self._do(f"Asking {device.name}…", lambda client: client.set_slots(device.device_id, slots))

    def _publish(self) -> None:
        device = self.device
        self.set_trait("used", device.slot_used if device else 0)
        self.set_trait("max", device.slot_max if device else 0)
        self.set_trait("queued", device.queued if device else 0)

    def _paint(self) -> None:
        device = self.device
        if device is None or device.queued == 0:
            self._queue.drop()
        else:
            id_ = device.device_id
            self._queue.want(lambda client: client.queue(id_), id_, device.queued, self._places(id_))
        if device is not None and device.slot_max != self._max:
            self._max = self._number.value = device.slot_max  # what somebody types meanwhile stays
        self._number.disabled = self._set.disabled = device is None or not self.idle
        self._text.show(self._parts(heading=self.headed))

    def _places(self, device_id: str) -> tuple[tuple[int, int | None], ...]:
        """Return what of the tasks tells that a queue is another one than before."""
        watch = self.watch
        tasks = list(watch.tasks.values()) if watch is not None else []
        return tuple((one.id, one.queue_position) for one in tasks if one.device_id == device_id and one.queue_position)

    def _static(self) -> list[Part]:
        return self._parts(heading=True)

    def _parts(self, *, heading: bool) -> list[Part]:
        device = self.device
        if device is None:
            return [Line("Choose a device to see what it is doing.", "hint")] if self.connected else []
        parts: list[Part] = [Line([Strong(device.name), words.presence(device)])] if heading else []
        parts.append(Boxes(device.slot_used, device.slot_max, words.slots(device)))
        running = sorted(device.running_tasks, key=lambda task: not task.waiting)
        if running:
            shown: list[Cell] = [[task.title, words.work(task)] for task in running[:SHOWN]]
            parts += [Title("Running"), Items(shown, max(0, len(running) - SHOWN))]
        elif device.queued == 0:
            parts.append(Line("Nothing runs there, and nothing waits.", "hint"))
        return parts + self._waiting(device)

    def _waiting(self, device: api.Device) -> list[Part]:
        if device.queued == 0:
            return []
        asked, parts = self._queue, list[Part]([Title(f"{device.queued} queued")])
        if asked.problem is not None:
            return parts + problem(asked.problem.message, asked.problem.fix)
        queue = asked.value or []
        rows: list[Cell] = [
            [one.task_title, *([Faint(words.REASONS[one.reason])] if one.reason else [])] for one in queue[:SHOWN]
        ]
        return [*parts, Items(rows, max(0, len(queue) - SHOWN), numbered=True)] if rows else parts
