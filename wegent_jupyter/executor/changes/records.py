"""What the device remembers of each attempt's snapshots: one small file for each, beside the stores."""

import hashlib
import json
import logging
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from wegent_jupyter.executor.journal import Key
from wegent_jupyter.locks import write_private

log = logging.getLogger(__name__)

KEEP_SECONDS = 30 * 86_400.0
KEEP_ATTEMPTS = 500
"""Of one directory."""


@dataclass(slots=True)
class Record:
    """An attempt's snapshots. Trees are named by their object ids."""

    gateway: str
    attempt: int
    workspace: str
    prefix: str
    """The way from the trees' top to the workspace, ending with a slash unless it is empty."""
    store: str
    began: float
    """Seconds since the epoch."""
    before: str
    outside: str | None = None
    """What was there before and is in no snapshot; None: nothing."""
    after: str | None = None
    """None: the executor was ended in mid-turn, and has not looked since."""

    @property
    def key(self) -> Key:
        """Return whose it is."""
        return self.gateway, self.attempt

    @property
    def name(self) -> str:
        """Return what the attempt is called here: two gateways may give the same number."""
        return name_of(self.key)


def name_of(key: Key) -> str:
    """Return the name of an attempt's record, and of its refs."""
    gateway, attempt = key
    return f"{attempt}-{hashlib.sha256(gateway.encode()).hexdigest()[:16]}"


class Records:
    """The records of one home. What is damaged counts as not there, and is removed."""

    def __init__(self, folder: Path) -> None:
        """Keep ended attempts in `folder/attempts`, and those that run in `folder/running`."""
        self._ended, self._running = folder / "attempts", folder / "running"

    def begin(self, record: Record) -> None:
        """Write down that an attempt has a first snapshot; raises OSError."""
        _write(self._running, record)

    def end(self, record: Record) -> None:
        """Write down both snapshots; raises OSError."""
        _write(self._ended, record)
        self.drop_running(record)

    def drop_running(self, record: Record) -> None:
        """Forget an attempt that changed nothing, or of which nothing is known."""
        (self._running / f"{record.name}.json").unlink(missing_ok=True)

    def get(self, key: Key) -> Record | None:
        """Return the record of an ended attempt."""
        return _read(self._ended / f"{name_of(key)}.json")

    def interrupted(self) -> list[Record]:
        """Return the attempts whose second snapshot was never taken."""
        return _all(self._running)

    def outdated(self, now: float) -> tuple[list[Record], set[str]]:
        """Return the ended attempts that need not be kept any more, and the stores that others need."""
        old, needed, counts = list[Record](), {one.store for one in self.interrupted()}, dict[str, int]()
        for record in sorted(_all(self._ended), key=lambda one: -one.began):
            counts[record.store] = counts.get(record.store, 0) + 1
            if now - record.began > KEEP_SECONDS or counts[record.store] > KEEP_ATTEMPTS:
                old.append(record)
            else:
                needed.add(record.store)
        return old, needed

    def forget(self, records: list[Record]) -> None:
        """Remove records."""
        for record in records:
            (self._ended / f"{record.name}.json").unlink(missing_ok=True)


def _write(folder: Path, record: Record) -> None:
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / f"{record.name}.json", json.dumps(asdict(record)))


def _read(path: Path) -> Record | None:
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        log.warning("%s cannot be used: %s", path, error)
        return None


def _all(folder: Path) -> list[Record]:
    if not folder.is_dir():
        return []
    found = []
    for path in folder.glob("*.json"):
        record = _read(path)
        if record is None:
            path.unlink(missing_ok=True)
        else:
            found.append(record)
    return found


def remove_stores(folder: Path, needed: set[str], now: float) -> list[str]:
    """Remove the stores that no record needs and that were not used for long; returns their names."""
    removed = []
    for store in [one for one in folder.iterdir() if (one / "objects").is_dir()] if folder.is_dir() else []:
        if store.name not in needed and now - store.stat().st_mtime > KEEP_SECONDS:
            shutil.rmtree(store, ignore_errors=True)
            removed.append(store.name)
    return removed
