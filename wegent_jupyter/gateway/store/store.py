"""One writer thread with group commit, a small pool of readers."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError

from wegent_jupyter.gateway.store.engine import open_engine

log = logging.getLogger(__name__)
T = TypeVar("T")
Job = Callable[[Connection], T]

MAX_GROUP = 256
"""Jobs in one transaction: bounds how long the first one waits for the last."""
READERS = 2


class StoreFailed(Exception):
    """A write was not committed, or a read not done; the text is the database's, such as `disk is full`."""


@dataclass(slots=True)
class _Pending:
    job: Job[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class Store:
    """The database of one gateway. Writes are done in the order in which `write` was called."""

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened yet."""
        self._url = url
        self._engine: Engine | None = None
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="wegent-read")
        self._writer = threading.Thread(target=self._write_loop, name="wegent-write", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Open and migrate the database; raises StoreBroken."""
        self._loop = asyncio.get_running_loop()
        self._engine = await self._loop.run_in_executor(self._readers, open_engine, self._url)
        self._writer.start()

    async def close(self) -> None:
        """Finish what was asked for, then close."""
        if self._writer.is_alive():
            self._queue.put(None)
            await asyncio.get_running_loop().run_in_executor(self._readers, self._writer.join)
        self._readers.shutdown(wait=False)
        if self._engine is not None:
            self._engine.dispose()

    def write(self, job: Job[T]) -> "asyncio.Future[T]":
        """Run a job in the next transaction; the future holds its result once committed, or StoreFailed."""
        if self._loop is None:
            raise RuntimeError("the store is not open")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Pending(job, future))
        return future

    async def read(self, job: Job[T]) -> T:
        """Run a job that only reads, on a connection of its own; raises StoreFailed."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    def _read(self, job: Job[T]) -> T:
        if self._engine is None:
            raise RuntimeError("the store is not open")
        try:
            with self._engine.connect() as connection:
                return job(connection)
        except DatabaseError as error:
            raise StoreFailed(str(error.orig or error)) from error

    def _write_loop(self) -> None:
        """Commit whatever waited during the last commit together: the busier, the bigger the groups."""
        while True:
            group: list[_Pending] = []
            first = self._queue.get()
            while first is not None:
                group.append(first)
                if len(group) == MAX_GROUP or self._queue.empty():
                    break
                first = self._queue.get()
            if group:
                self._commit(group)
            if first is None:
                return

    def _commit(self, group: list[_Pending]) -> None:
        try:
            self._run_group(group)
        except Exception as error:
            # The whole transaction is undone, so every job of it failed. A job's own bug is reported as it is.
            log.error("Nothing of %d writes was stored: %s", len(group), error)
            for pending in group:
                pending.error = pending.error or StoreFailed(str(getattr(error, "orig", None) or error))
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, group)

    def _run_group(self, group: list[_Pending]) -> None:
        assert self._engine is not None  # noqa: S101 - the thread starts after open()
        with self._engine.begin() as connection:
            if len(group) == 1:
                self._run_alone(connection, group[0])
                return
            for pending in group:
                self._run_nested(connection, pending)

    @staticmethod
    def _run_alone(connection: Connection, pending: _Pending) -> None:
        """Run the only job of a transaction: it needs no savepoint, which would cost more than most jobs."""
        try:
            pending.result = pending.job(connection)
        except Exception as error:
            if not _of_the_database(error):
                pending.error = error
            raise

    @staticmethod
    def _run_nested(connection: Connection, pending: _Pending) -> None:
        """Run one job of several; what it alone did wrong does not undo the others."""
        try:
            with connection.begin_nested():
                pending.result = pending.job(connection)
        except Exception as error:
            if _of_the_database(error):
                raise
            pending.error = error


def _of_the_database(error: Exception) -> bool:
    """Say whether the database itself cannot go on (a full disk, a damaged file), whatever the job was."""
    ours = (DataError, IntegrityError, ProgrammingError)
    return isinstance(error, DatabaseError) and not isinstance(error, ours)


def _settle(group: list[_Pending]) -> None:
    for pending in group:
        if pending.future.cancelled():
            continue
        if pending.error is not None:
            pending.future.set_exception(pending.error)
        else:
            pending.future.set_result(pending.result)
