"""Chooses a device."""

from typing import Any

from ipywidgets import HBox
from traitlets import Bool, Instance, List, Unicode, validate

from wegent_jupyter.client.choosing import BadInput, named
from wegent_jupyter.notebook.errors import BadCall
from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.controls import FLUSH, Choice, Text
from wegent_jupyter.notebook.widgets.live import Live
from wegent_jupyter.notebook.widgets.looks import Faint, Line, Mark, Part, Table, Title, Word, unhidden
from wegent_jupyter.protocol import api

NOTHING = "No devices. This computer appears here as soon as its executor has started."
SHOWN = 50
"""Devices in a saved view; more are counted only."""


class DeviceSelector(Live):
    """Chooses a device: `value` is its id, `device` what is known of it, `devices` all that there are."""

    value = Unicode(None, allow_none=True, help="The id of the chosen device. It may be set to an id or a name.")
    device = Instance(api.Device, allow_none=True, read_only=True, help="What is known of it; None while nothing is.")
    devices = List(Instance(api.Device), read_only=True, help="All devices, this computer first.")
    online_only = Bool(False, help="Offer only devices on which a task would start, or wait for a slot.")

    def __init__(
        self, value: str | api.Device | None = None, *, online_only: bool = False, quiet: bool = False
    ) -> None:
        """Choose a device by its id or name, by default the starred one, else this computer; raises BadCall."""
        if isinstance(value, api.Device):
            value = value.device_id
        if value is not None and not isinstance(value, str):
            raise BadCall(
                f"A device is given by its name or id, or by a DeviceSelector; {type(value).__name__} is none."
            )
        super().__init__(quiet=quiet)
        self._chosen = value is not None
        self._choice = Choice(self._picked, description="Device", style=FLUSH, layout={"width": "320px"})
        self._line = Text()
        self.online_only = online_only
        self._begin(HBox([self._choice]), self._line)
        if value is not None:
            self.value = value
        self.observe(lambda _: self._refresh(), ["value", "online_only"])
        self._refresh()

    def __repr__(self) -> str:
        """Return what is chosen."""
        return f"DeviceSelector({self.value!r})"

    @validate("value")
    def _named(self, proposal: dict[str, Any]) -> str | None:
        wanted, known = proposal["value"], self._known()
        if wanted is None or (not known and not self.connected):
            return None if wanted is None else str(wanted)
        try:
            return named("device", wanted, [(one.device_id, one.name, one) for one in known]).device_id
        except BadInput as error:
            raise BadCall(unhidden(str(error))) from None

    def _picked(self, device_id: str | None) -> None:
        self._chosen = True
        self.value = device_id

    def _known(self) -> list[api.Device]:
        """Return the devices as they are shown: this computer first, then by name."""
        watch = self.watch
        found = list(watch.devices.values()) if watch is not None else []
        return sorted(found, key=lambda one: (not one.embedded, one.name.casefold(), one.device_id))

    def _current(self) -> api.Device | None:
        watch = self.watch
        return watch.devices.get(self.value) if watch is not None and self.value is not None else None

    def _publish(self) -> None:
        known = self._known()
        self.set_trait("devices", known)
        if self.connected and self.value is not None and self._current() is None:
            # It was set by its name while nothing was known; or it was removed, and nobody chose another one.
            same = [one.device_id for one in known if one.name == self.value]
            self.value, self._chosen = same[0] if len(same) == 1 else None, True
        elif self.value is None and not self._chosen and known:
            starred = [one for one in known if one.is_default] or [one for one in known if one.embedded] or known
            self.value = starred[0].device_id
        self.set_trait("device", self._current())

    def _paint(self) -> None:
        known = self._known()
        offered = [one for one in known if not self.online_only or words.present(one) or one.device_id == self.value]
        there = [(_label(known, one), one.device_id) for one in offered]
        self._choice.offer(there, self.value if any(id_ == self.value for _, id_ in there) else None)
        self._choice.disabled = not there
        self._line.show(self._about(known, offered))

    def _about(self, known: list[api.Device], offered: list[api.Device]) -> list[Part]:
        device = self._current()
        if device is not None:
            why: list[Part] = [Line(device.problem, "hint")] if device.problem else []
            wait = words.sending(device)
            return [Line(_facts(device)), *why, *([Line(wait, "hint")] if wait else [])]
        if not self.connected:
            return []
        if not known:
            return [Line(NOTHING, "hint")]
        if not offered:
            return [Line("No device is online now.", "warning")]
        return [Line("Choose a device." if self.value is None else "This device was removed.", "warning")]

    def _static(self) -> list[Part]:
        known = self._known()
        if not known:
            return [Title("Devices"), *self._about(known, [])]
        rows = [
            [_name(one, chosen=one.device_id == self.value), words.presence(one), words.slots(one)]
            for one in known[:SHOWN]
        ]
        return [Title("Devices"), Table(("Device", "Status", "Slots"), rows, max(0, len(known) - SHOWN))]


def _name(device: api.Device, *, chosen: bool) -> Word:
    return Mark(device.name, "busy", "▸") if chosen else device.name


def _facts(device: api.Device) -> list[Word]:
    waiting = sum(task.waiting for task in device.running_tasks)
    more = [
        words.slots(device),
        f"{device.queued} queued" if device.queued else "",
        f"{waiting} waiting for you" if waiting else "",
    ]
    return [words.presence(device), Faint(" ".join(f"· {one}" for one in more if one))]


def _label(known: list[api.Device], device: api.Device) -> str:
    """Return a device in the list of choices: what changes often is below it, as a list that changes closes."""
    away = "" if words.present(device) else words.STATUS[device.status].lower().rstrip("…")
    more = ", ".join(filter(None, (words.apart(known, device), away)))
    return f"{unhidden(device.name)} ({more})" if more else unhidden(device.name)
