"""Import python-socketio without what only its synchronous client and its servers use: 8 MiB of an idle executor."""

import importlib
import sys

UNUSED = ("requests", "websocket", "tornado")
"""What engineio imports where it is installed, and does without where it is not."""


def import_socketio() -> None:
    """Import it as if these were not installed; whoever imports them later finds them."""
    hidden = [name for name in UNUSED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # "not there", to the import system
    try:
        importlib.import_module("socketio")
    finally:
        for name in hidden:
            del sys.modules[name]
