"""Wegent in notebooks: `from wegent_jupyter import notebook as wg`.

Everything is imported at its first use: what a kernel pays for importing this module is next to nothing.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wegent_jupyter.notebook.batch import map as map
    from wegent_jupyter.notebook.calls import devices as devices
    from wegent_jupyter.notebook.calls import load as load
    from wegent_jupyter.notebook.calls import run as run
    from wegent_jupyter.notebook.calls import task as task
    from wegent_jupyter.notebook.calls import tasks as tasks
    from wegent_jupyter.notebook.errors import BadCall as BadCall
    from wegent_jupyter.notebook.errors import Interrupted as Interrupted
    from wegent_jupyter.notebook.errors import NoServer as NoServer
    from wegent_jupyter.notebook.errors import Refused as Refused
    from wegent_jupyter.notebook.errors import TookTooLong as TookTooLong
    from wegent_jupyter.notebook.errors import WegentError as WegentError
    from wegent_jupyter.notebook.results import Results as Results
    from wegent_jupyter.notebook.sending import use as use
    from wegent_jupyter.notebook.session import connect as connect
    from wegent_jupyter.notebook.task_object import Task as Task
    from wegent_jupyter.notebook.widgets.codex_config import CodexConfig as CodexConfig
    from wegent_jupyter.notebook.widgets.device_selector import DeviceSelector as DeviceSelector
    from wegent_jupyter.notebook.widgets.panel import Panel as Panel
    from wegent_jupyter.notebook.widgets.skills_migration import SkillsMigration as SkillsMigration
    from wegent_jupyter.notebook.widgets.slot_status import SlotStatus as SlotStatus

_WHERE: Final = {
    "BadCall": "errors",
    "Interrupted": "errors",
    "NoServer": "errors",
    "Refused": "errors",
    "Results": "results",
    "Task": "task_object",
    "TookTooLong": "errors",
    "WegentError": "errors",
    "connect": "session",
    "devices": "calls",
    "load": "calls",
    "map": "batch",
    "run": "calls",
    "task": "calls",
    "tasks": "calls",
    "use": "sending",
    "CodexConfig": "widgets.codex_config",
    "DeviceSelector": "widgets.device_selector",
    "Panel": "widgets.panel",
    "SkillsMigration": "widgets.skills_migration",
    "SlotStatus": "widgets.slot_status",
}
"""What there is, and in which module."""
__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return what people use."""
    return sorted(_WHERE)


def _offer_magics() -> None:
    """Let IPython, where this is imported in it, load the magics at their first use."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    if shell is not None:
        shell.magics_manager.register_lazy("wegent", "wegent_jupyter")


_offer_magics()
