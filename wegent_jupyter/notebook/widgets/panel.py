"""All widgets in one, about one device."""

from typing import Any

from ipywidgets import Tab

from wegent_jupyter.notebook.widgets.codex_config import CodexConfig
from wegent_jupyter.notebook.widgets.device_selector import DeviceSelector
from wegent_jupyter.notebook.widgets.linked import Linked
from wegent_jupyter.notebook.widgets.looks import Part
from wegent_jupyter.notebook.widgets.skills_migration import SkillsMigration
from wegent_jupyter.notebook.widgets.slot_status import SlotStatus


class Panel(Linked):
    """A selector, and what the device that it chooses is doing; its Codex login and its skills."""

    def __init__(self, selector: DeviceSelector | None = None) -> None:
        """Follow a selector, or one of its own: `panel.selector.value` drives the rest."""
        super().__init__(selector, quiet=False)
        self.slots = SlotStatus(self.selector, quiet=True)
        self.codex = CodexConfig(self.selector, quiet=True)
        self.skills = SkillsMigration(self.selector, quiet=True)
        self._tabs = Tab([self.slots, self.codex, self.skills], titles=["Slots", "Codex", "Skills"])
        self._begin(*self.own, self._tabs)

    @property
    def parts(self) -> list[Any]:
        """Return the widgets, in the order in which they are shown."""
        return [self.selector, self.slots, self.codex, self.skills]

    def close(self) -> None:
        """Take it away, with all that is in it; a selector that it was given stays."""
        if not self._closed:
            for one in self.parts[1:]:
                one.close()
        super().close()

    def _paint(self) -> None:
        """Show nothing of its own."""

    def _static(self) -> list[Part]:
        return [part for one in self.parts for part in one._static()]
