"""Widgets that are about one device, which a selector chooses."""

from typing import Any

from wegent_jupyter.notebook.widgets.device_selector import DeviceSelector
from wegent_jupyter.notebook.widgets.live import Live
from wegent_jupyter.protocol import api


class Linked(Live):
    """Follows a selector; where it is given none, it has one of its own, which it shows."""

    def __init__(self, device: DeviceSelector | str | api.Device | None, *, quiet: bool) -> None:
        """Follow a selector, one device by its id or name, or a selector of its own; raises BadCall."""
        given = device if isinstance(device, DeviceSelector) else None
        selector = given if given is not None else DeviceSelector(device, quiet=True)
        super().__init__(quiet=quiet)
        self.selector = selector
        self.own: list[Any] = [self.selector] if device is None else []
        """The selector, where it is to be shown."""
        self._private = None if given is not None else self.selector
        self.selector.observe(self._chose, "value")

    @property
    def device(self) -> api.Device | None:
        """Return the device as it is now."""
        watch, id_ = self.watch, self.selector.value
        return watch.devices.get(id_) if watch is not None and id_ is not None else None

    @property
    def headed(self) -> bool:
        """Say whether it has to name the device: no selector is shown beside it."""
        return not self.own and not self._quiet

    def close(self) -> None:
        """Take it away; a selector that it was given stays."""
        if not self._closed:
            self.selector.unobserve(self._chose, "value")
            if self._private is not None:
                self._private.close()
        super().close()

    def _chose(self, _: object) -> None:
        self._failed = None  # that was about another device
        self._refresh()
