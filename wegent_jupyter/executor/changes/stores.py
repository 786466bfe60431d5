"""Which store has the snapshots of which directory, and for how long."""

import asyncio
import contextlib
import hashlib
import os
import time
from pathlib import Path

from wegent_jupyter.executor.changes import records as change_records
from wegent_jupyter.executor.changes import snapshot_place
from wegent_jupyter.executor.changes.records import Record, Records
from wegent_jupyter.executor.changes.snapshot_place import Place, TooLarge
from wegent_jupyter.executor.changes.snapshots import Store
from wegent_jupyter.executor.git import Git


class Stores:
    """The stores of one executor home, and the records of what is in them."""

    def __init__(self, home: Path) -> None:
        """Make nothing yet."""
        self._home = home.resolve()
        self._folder = self._home / "snapshots"
        self.records = Records(self._folder)
        self._git = Git()
        self._open: dict[str, Store] = {}

    async def of(self, workspace: Path) -> Store:
        """Return where the snapshots of a directory are; raises TooLarge, GitFailed, OSError."""
        if workspace == self._home:
            raise TooLarge("This folder is the executor's own, so what a turn changes here is not recorded.")
        place = await asyncio.to_thread(snapshot_place.find, workspace)
        store = self._at(place)
        if place.prefix and await store.ignored():
            store = self._at(Place(workspace, workspace))
        return store

    def of_record(self, record: Record) -> Store:
        """Return where an attempt's snapshots are; the directory itself may be gone."""
        workspace = Path(record.workspace)
        top = Path(record.workspace.removesuffix("/" + record.prefix.rstrip("/"))) if record.prefix else workspace
        return self._open.get(record.store) or self._at(Place(workspace, top), record.store)

    def drop(self, record: Record) -> None:
        """Forget an attempt that changed nothing, or of which nothing is known."""
        with contextlib.suppress(OSError):
            self.records.drop_running(record)
        self.of_record(record).drop(record.name)

    async def tidy(self) -> None:
        """Forget what is kept long enough; raises OSError."""
        now = time.time()
        old, needed = await asyncio.to_thread(self.records.outdated, now)
        await asyncio.to_thread(self.records.forget, old)
        for record in old:
            await asyncio.to_thread(self.of_record(record).drop, record.name)
        for name in await asyncio.to_thread(change_records.remove_stores, self._folder, needed, now):
            self._open.pop(name, None)

    def _at(self, place: Place, name: str = "") -> Store:
        name = name or hashlib.sha256(os.fsencode(f"{place.top}\0{place.workspace}")).hexdigest()[:32]
        store = self._open.get(name)
        if store is None:
            store = self._open[name] = Store(self._folder / name, place, self._home, self._git)
        store.place = place
        return store
