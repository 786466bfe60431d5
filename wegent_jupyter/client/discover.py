"""Find the gateway of this user's data directory by its 0600 file."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir


@dataclass(slots=True, frozen=True)
class Server:
    """Where a gateway is and what opens it."""

    url: str
    authorization: str
    """Value of the `Authorization` header."""
    unix: str | None = None
    ca: str | None = None


def data_dir() -> Path:
    """Return the default data directory of the gateway."""
    return Path(jupyter_data_dir()) / "wegent"


def running_server(directory: Path | None = None) -> Server | None:
    """Return the gateway that runs on a data directory, or None."""
    path = (directory or data_dir()) / "gateway.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        pid = int(found["pid"])
        server = Server(found["url"], f"wegent {found['token']}", found.get("unix"), found.get("ca"))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no server, or one that is just starting: to the caller it is the same
    return server if _alive(pid) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
