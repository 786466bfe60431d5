"""Answers of the server that widgets show, asked for anew when they may be others."""

import concurrent.futures
import logging
from collections.abc import Callable, Coroutine, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wegent_jupyter.client.client import Client
from wegent_jupyter.notebook.errors import WegentError
from wegent_jupyter.notebook.session import Session, translated
from wegent_jupyter.notebook.widgets.worker import LOCK

if TYPE_CHECKING:
    from wegent_jupyter.notebook.widgets.live import Live

log = logging.getLogger(__name__)

T = TypeVar("T")


class Asked(Generic[T]):
    """An answer of the server, asked for anew when what it depends on is another. For whoever has the lock."""

    def __init__(self, owner: "Live") -> None:
        """Ask nothing yet."""
        self.value: T | None = None
        self.problem: WegentError | None = None
        self._owner, self._key, self._asking = owner, tuple[Hashable, ...](), False
        self._settled: concurrent.futures.Future[None] | None = None
        owner._asked.append(self)

    def want(self, ask: Callable[[Client], Coroutine[Any, Any, T]], subject: Hashable, *more: Hashable) -> None:
        """Ask, if it was not yet for this subject and as things are."""
        key, session_ = (subject, self._owner._connections, *more), self._owner._session
        if key == self._key or session_ is None or not session_.alive:
            return
        if subject != (self._key[0] if self._key else None):
            self.value = self.problem = None
        self._key, self._work = key, ask
        if not self._asking:
            self._ask(session_)

    def drop(self) -> None:
        """Forget it."""
        self._key, self.value, self.problem = (), None, None

    def take(self, value: T) -> None:
        """Take an answer that came another way."""
        self.value, self.problem = value, None

    def settled(self, seconds: float) -> bool:
        """Wait until nothing is being asked; say whether that is so."""
        return self._settled is None or bool(concurrent.futures.wait([self._settled], max(0.0, seconds)).done)

    def _ask(self, session_: Session) -> None:
        key, self._asking = self._key, True
        if self._settled is None or self._settled.done():
            self._settled = concurrent.futures.Future()
        self._owner._submit(self._work(session_.client), lambda future: self._answered(future, key))

    def _answered(self, future: "concurrent.futures.Future[T]", key: tuple[Hashable, ...]) -> None:
        found, failed = outcome(future)
        with LOCK:
            self._asking = False
            session_ = self._owner._session
            if key != self._key and self._key and session_ is not None and session_.alive:
                self._ask(session_)  # something changed meanwhile
                return
            if self._key:
                self.value, self.problem = (found if failed is None else self.value), failed
        self._owner._refresh()
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)


def outcome(future: "concurrent.futures.Future[Any]") -> tuple[Any, WegentError | None]:
    """Return what came of it: a result, or what went wrong."""
    try:
        with translated():
            return future.result(), None
    except WegentError as error:
        return None, error
    except concurrent.futures.CancelledError:  # the connection was ended
        return None, None
    except Exception as error:  # shown in place, as all that goes wrong here
        log.exception("Unexpected")
        return None, WegentError(f"It did not work ({type(error).__name__}).")
