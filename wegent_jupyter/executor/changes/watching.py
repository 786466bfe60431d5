"""Record what each turn changes in its directory: a snapshot before it, and one after it.

Whatever fails here is said in the transcript, and never fails a turn.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from wegent_jupyter.executor.agents.base import Emit, Run
from wegent_jupyter.executor.changes.records import Record
from wegent_jupyter.executor.changes.snapshot_place import Stamp, TooLarge
from wegent_jupyter.executor.changes.snapshots import Store, Taken
from wegent_jupyter.executor.changes.stores import Stores
from wegent_jupyter.executor.changes.trees import Change, Outside
from wegent_jupyter.executor.changes.words import note, told
from wegent_jupyter.executor.git import GitFailed
from wegent_jupyter.executor.journal import Key
from wegent_jupyter.executor.stopping import unless_stopped
from wegent_jupyter.protocol.events import Changed

log = logging.getLogger(__name__)

STOPPED_SECONDS = 10.0
"""For the second snapshot of a turn that a person stopped: its slot is not held for longer."""
CLOSING_SECONDS = 3.0
"""For the second snapshot when the executor is stopped; what is not done then is done at the next start."""
SLOW_SECONDS, SLOW_AGAIN_SECONDS = 1.0, 600.0
"""A directory that is too large, and of which that took so long to find out, is not looked at again for ten minutes."""
OLDER_SECONDS = 2.0
"""By so much a file must be older than a turn to have been there before it: clocks of file servers differ."""
TIDY_SECONDS = 86_400.0
_T = TypeVar("_T")


@dataclass(slots=True)
class _Turn:
    """What is known of a turn that runs."""

    store: Store | None = None
    record: Record | None = None
    unfit: dict[bytes, Stamp] = field(default_factory=dict)
    rules: bytes | None = None
    note: str | None = None


class Changes:
    """The snapshots of one executor home."""

    def __init__(self, home: Path) -> None:
        """Read which attempts were interrupted; raises OSError."""
        self.stores = Stores(home)
        self._records = self.stores.records
        self._interrupted, self._resuming = self._records.interrupted(), asyncio.Lock()
        self._too_slow: dict[str, tuple[float, str]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._tidied: float | None = None

    @contextlib.asynccontextmanager
    async def watched(self, key: Key, run: Run, emit: Emit) -> AsyncIterator[None]:
        """Emit at the end what a run changed, or why that is not known, if there is something to say."""
        turn, closing = _Turn(), False
        await self._explained(turn, unless_stopped(run.stop, self._look_before(turn, key, run.workspace)))
        try:
            yield
        except asyncio.CancelledError:
            closing = True
            raise
        finally:
            changed = await self._finish(turn, closing, stopped=run.stop.is_set())
            if changed is not None:
                emit(Changed("changes", run.next_index(), *changed))

    def start(self) -> None:
        """Look in the background at what was interrupted, and clean up."""
        if self._tidied is None:
            self._do(self._resume_all)
        self._tidy_now_and_then()

    async def close(self) -> None:
        """End what is done in the background."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def find(self, key: Key) -> Record | None:
        """Return the record of an attempt that changed something."""
        if any(one.key == key for one in self._interrupted):
            await self._resume_all()
        return await asyncio.to_thread(self._records.get, key)

    async def changes(self, store: Store, record: Record, *, lines: bool = False) -> tuple[list[Change], Outside]:
        """Return what an attempt changed, and what was there before and is in no snapshot; raises GitFailed."""
        if record.after is None:
            return [], Outside()
        found = await store.compare(record.before, record.after, os.fsencode(record.prefix), lines=lines)
        data = await store.contents([record.outside]) if record.outside else {}
        outside = Outside.decode(data[record.outside]) if record.outside else Outside()
        return outside.without(found), outside

    async def _look_before(self, turn: _Turn, key: Key, workspace: Path) -> None:
        store = await self.stores.of(workspace)
        slow = self._too_slow.get(store.path.name)
        if slow is not None and time.monotonic() < slow[0]:
            raise TooLarge(slow[1])
        await self._resume(store)
        began = time.time()
        taken = await self._take(store, before=True)
        outside = (await store.outside(taken)).encode()
        prefix = os.fsdecode(store.place.prefix)
        record = Record(*key, str(workspace), prefix, store.path.name, began, taken.tree)
        await store.keep(record.name, "before", taken.tree)
        if outside:
            record.outside = await store.write(outside)
            await store.keep(record.name, "outside", record.outside)
        turn.store, turn.record, turn.unfit, turn.rules = store, record, taken.unfit, taken.rules
        await asyncio.to_thread(self._records.begin, record)

    async def _take(self, store: Store, *, before: bool) -> Taken:
        began = time.monotonic()
        try:
            return await store.take(before=before)
        except (TooLarge, GitFailed) as error:
            final = isinstance(error, TooLarge) or error.status is None
            if final and time.monotonic() - began > SLOW_SECONDS:
                self._too_slow[store.path.name] = (time.monotonic() + SLOW_AGAIN_SECONDS, _words(error))
            raise

    async def _finish(
        self, turn: _Turn, closing: bool, *, stopped: bool
    ) -> tuple[list[dict[str, Any]], int, str | None] | None:
        """Return what the transcript says at a turn's end, if anything: files, how many, a note."""
        if turn.store is None or turn.record is None:
            return ([], 0, turn.note) if turn.note is not None else None
        try:
            async with asyncio.timeout(CLOSING_SECONDS if closing else STOPPED_SECONDS if stopped else None):
                found = await self._explained(turn, self._look_after(turn, turn.store, turn.record))
        except TimeoutError:
            if closing:
                return [], 0, "The executor was stopped before it could look at what this turn changed."
            found, turn.note = None, "What this turn changed before it was stopped took too long to look at."
        if found is None:
            await asyncio.to_thread(self.stores.drop, turn.record)
        self._do(turn.store.tidy)
        self._tidy_now_and_then()
        return (told(found or []), len(found or []), turn.note) if found or turn.note is not None else None

    async def _look_after(self, turn: _Turn, store: Store, record: Record) -> list[Change]:
        taken = await self._take(store, before=False)
        record.after = taken.tree
        changes, outside = await self.changes(store, record, lines=True)
        other_rules = turn.rules not in (None, taken.rules)
        outside.unfit |= outside.hidden if other_rules else set()
        changes = outside.without(changes)
        older = await self._older(store, record, changes)
        outside.unfit |= older
        if older or other_rules:
            record.outside = await store.write(outside.encode())
            await store.keep(record.name, "outside", record.outside)
            changes = outside.without(changes)
        if changes:
            await store.keep(record.name, "after", taken.tree)
            await asyncio.to_thread(self._records.end, record)
        else:
            await asyncio.to_thread(self.stores.drop, record)
        turn.note = note(store.place, taken, turn.unfit, older)
        return changes

    async def _older(self, store: Store, record: Record, changes: list[Change]) -> set[bytes]:
        """Return what seems to be new but was there before: in a folder that was ignored, and was moved, say.

        It is no longer where it was, so that taking it back would remove the only one.
        """
        new = [one for one in changes if one.before is None]
        moment = int((record.began - OLDER_SECONDS) * 1e9)
        root = os.fsencode(record.workspace)
        old = await asyncio.to_thread(lambda: [one for one in new if _unchanged_since(root + b"/" + one.name, moment)])
        if not old:
            return set()
        kept = {*(await store.names(record.before, os.fsencode(record.prefix))).values()}
        return {one.name for one in old if one.after is not None and one.after[1] not in kept}

    async def _explained(self, turn: _Turn, work: Coroutine[Any, Any, _T]) -> _T | None:
        """Do some work; keep as the turn's note why it was not done."""
        try:
            return await work
        except TooLarge as error:
            turn.note = str(error)
        except (GitFailed, OSError) as error:
            turn.note = _words(error)
        except Exception as error:
            log.exception("The changes of a turn could not be recorded")
            turn.note = f"What this turn changed is not recorded, because of an internal error: {error!r}"
        return None

    # What an earlier process did not finish.

    async def _resume_all(self) -> None:
        for record in list(self._interrupted):
            await self._explained(_Turn(), self._resume_in(Path(record.workspace)))
            async with self._resuming:
                if record in self._interrupted:
                    self._interrupted.remove(record)
                    await asyncio.to_thread(self.stores.drop, record)

    async def _resume_in(self, workspace: Path) -> None:
        await self._resume(await self.stores.of(workspace))

    async def _resume(self, store: Store) -> None:
        """Take the second snapshot of turns that ran when the executor was ended; before anything else runs there."""
        async with self._resuming:
            for record in [one for one in self._interrupted if one.workspace == str(store.place.workspace)]:
                turn = _Turn()
                same = record.store == store.path.name
                if not same or await self._explained(turn, self._look_after(turn, store, record)) is None:
                    await asyncio.to_thread(self.stores.drop, record)
                self._interrupted.remove(record)

    # Cleaning up.

    def _tidy_now_and_then(self) -> None:
        if self._tidied is None or time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            self._do(self.stores.tidy)

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def logged() -> None:
            try:
                await work()
            except Exception as error:
                log.warning("Snapshots could not be cleaned up: %s", error)

        task = asyncio.create_task(logged())
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _words(error: Exception) -> str:
    if isinstance(error, TooLarge):
        return str(error)
    return f"What this turn changed is not recorded: {error}".rstrip(".") + "."


def _unchanged_since(path: bytes, moment: int) -> bool:
    try:
        about = os.lstat(path)
    except OSError:
        return False
    return max(about.st_mtime_ns, about.st_ctime_ns) < moment
