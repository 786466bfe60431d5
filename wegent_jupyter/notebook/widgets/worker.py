"""Who may change widgets when: one lock, and one thread that does what the server's news bring.

News come in the session's thread, which must never wait for a notebook: it only hands work over. Cells and clicks
change widgets in their own threads (a click may come in one beside that of a running cell), and the worker in its own:
so what widgets show goes on while a cell runs.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

log = logging.getLogger(__name__)

LOCK: Final = threading.RLock()
"""Held while widgets change, and not while somebody waits, or while what others wrote is called."""


class Worker:
    """Does one thing after the other, in the order in which they came."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._pool: ThreadPoolExecutor | None = None
        self._pid = 0

    def do(self, work: Callable[[], None]) -> None:
        """Do something soon; nothing at the end of the process."""
        if self._pool is None or self._pid != os.getpid():  # a fork has none of our threads
            self._pool, self._pid = ThreadPoolExecutor(1, "wegent-widgets"), os.getpid()
        with contextlib.suppress(RuntimeError):  # the interpreter ends
            self._pool.submit(_logged, work)


def _logged(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:  # such as that of an observer in a cell: what comes after it is done nevertheless
        log.exception("A widget could not be updated")


worker: Final = Worker()
