"""What becomes of the connection, for people: a file in the home, the log, and the terminal of an executor in front."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wegent_jupyter.locks import DirectoryLock, write_private

if TYPE_CHECKING:
    from wegent_jupyter.executor.config import Settings

log = logging.getLogger(__name__)

NAME = "status.json"
SAME_START = 2.0
"""Seconds by which two readings of one process's start may differ."""
State = Literal["starting", "connected", "reconnecting", "refused", "not joined", "stopped"]


@dataclass(slots=True, frozen=True)
class Status:
    """How the connection is, and since when."""

    state: State
    since: str
    url: str = ""
    error: str | None = None
    fix: str | None = None
    pid: int | None = None


class Reporter:
    """Tells each change once."""

    def __init__(self, home: Path, say: Callable[[str], None] = lambda _text: None) -> None:
        """Nothing was told yet; `say` tells a person who looks on."""
        self._file, self._say = home / NAME, say
        self._told: Status | None = None

    def tell(self, state: State, url: str, error: str | None = None, fix: str | None = None) -> None:
        """Write down how it is now; what did not change is not said again."""
        told = self._told
        if told is not None and (told.state, told.url, told.error, told.fix) == (state, url, error, fix):
            return
        same = told is not None and told.state == state
        since = told.since if told is not None and same else datetime.now(UTC).isoformat(timespec="seconds")
        self._told = Status(state, since, url, error, fix, os.getpid())
        level = logging.INFO if state in ("starting", "connected", "stopped") else logging.WARNING
        text = _sentence(self._told)
        log.log(level, "%s", text)
        self._say(text)
        try:
            write_private(self._file, json.dumps(asdict(self._told)) + "\n")
        except OSError as error_:  # a full disk, or a home that was removed: it says less, and works on
            log.info("%s cannot be written: %s", self._file, error_)


def read(home: Path) -> Status | None:
    """Return what the home's last executor told; None when there was none."""
    try:
        return Status(**json.loads((home / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def running(home: Path) -> int | None:
    """Return the process that works in a home; None when there is none."""
    import psutil

    holder = DirectoryLock(home, "executor").holder()
    pid, started = holder.get("pid"), holder.get("started")
    if not isinstance(pid, int) or not isinstance(started, int | float):
        return None
    try:
        same = abs(psutil.Process(pid).create_time() - started) < SAME_START
    except psutil.Error:
        return None
    return pid if same else None


def show(settings: "Settings") -> int:
    """Print how the executor of a home is; returns 0 if it is connected, 3 if it is not, 1 if it does not run."""
    pid, told = running(settings.home), read(settings.home)
    rows = [("Device", f"{settings.device_name} ({settings.device_id})"), ("Home", str(settings.home))]
    rows.append(("Gateway", settings.backend_url or "none: run wegent-executor join URL"))
    if pid is None:
        rows.append(("State", "not running"))
    elif told is None or told.pid != pid:
        rows.append(("State", f"starting (process {pid})"))
    else:
        rows.append(("State", f"{told.state} since {told.since} (process {pid})"))
    if told is not None and (told.error or told.fix):
        label = "Reason" if pid is not None else "Last said"
        rows.append((label, " ".join(part for part in (told.error, told.fix) if part)))
    rows.append(("Log", str(settings.logs.path)))
    for label, text in rows:
        print(f"{label:<10} {text}")
    if pid is None:
        return 1
    return 0 if told is not None and told.pid == pid and told.state == "connected" else 3


def to_terminal(text: str) -> None:
    """Say something to whoever started the program by hand; the log has it, too, should the terminal be gone."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _sentence(status: Status) -> str:
    heads = {
        "starting": f"Connecting to {status.url} …",
        "connected": f"Connected to {status.url}.",
        "reconnecting": f"Not connected to {status.url}; it is tried again and again.",
        "refused": f"{status.url} refused this device.",
        "not joined": "This machine has not joined a gateway yet.",
        "stopped": "Stopped.",
    }
    return " ".join(part for part in (heads[status.state], status.error, status.fix) if part)
