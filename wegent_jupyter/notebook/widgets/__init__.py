"""Widgets for notebooks: which device, what it is doing, the Codex login, skills, and all of it in one panel.

They are imported at their first use: their looks are used by what needs no ipywidgets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wegent_jupyter.notebook.widgets.codex_config import CodexConfig as CodexConfig
    from wegent_jupyter.notebook.widgets.device_selector import DeviceSelector as DeviceSelector
    from wegent_jupyter.notebook.widgets.panel import Panel as Panel
    from wegent_jupyter.notebook.widgets.skills_migration import SkillsMigration as SkillsMigration
    from wegent_jupyter.notebook.widgets.slot_status import SlotStatus as SlotStatus

_WHERE: Final = {
    "CodexConfig": "codex_config",
    "DeviceSelector": "device_selector",
    "Panel": "panel",
    "SkillsMigration": "skills_migration",
    "SlotStatus": "slot_status",
}
__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    """Import the widget that is asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
