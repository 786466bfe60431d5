"""What all widgets have in common: they follow the server's news, say when it is away and what came of a click."""

import concurrent.futures
import math
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from weakref import WeakSet

from ipywidgets import VBox

from wegent_jupyter.client.client import Client
from wegent_jupyter.client.watch import Watch, What
from wegent_jupyter.notebook.errors import WegentError
from wegent_jupyter.notebook.session import Session, session, translated
from wegent_jupyter.notebook.widgets.asked import Asked, outcome
from wegent_jupyter.notebook.widgets.controls import Text, button, close_all, shown
from wegent_jupyter.notebook.widgets.looks import Code, Faint, Line, Mark, Part, Strong, page, plain, problem
from wegent_jupyter.notebook.widgets.worker import LOCK, worker
from wegent_jupyter.protocol import api

T = TypeVar("T")

SETTLE_SECONDS = 5.0
"""How long a cell waits for what a widget shows at first."""


AGAIN_SECONDS = 3.0
"""How long it waits for a server that was there before: a widget says in place that it is away, and comes back."""
SAME_CELL_SECONDS = 2.0
"""If a widget has waited in vain, those that are made within this time after it, as in a panel, do not wait."""
_in_vain = -math.inf
"""When a widget last waited in vain, by the monotonic clock."""


_alone: WeakSet["Live"] = WeakSet()
"""Those that have found no server."""


class Live(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A widget that follows the server. Subclasses say what it shows (`_paint`) and, without a kernel, (`_static`)."""

    follows: ClassVar[set[What]] = {"devices"}
    """Of which news it shows anything."""
    _session: Session | None = None
    _unlisten: Callable[[], None] | None = None
    _away: WegentError | None = None
    _failed: WegentError | None = None
    _busy = ""
    _due = False
    _closed = False
    _connections = 0

    def __init__(self, *, quiet: bool = False) -> None:
        """Be empty; `quiet`: another widget says when the server is away."""
        self._quiet = quiet
        self._notice, self._outcome = Text(), Text()
        self._again = button("Try again", lambda: worker.do(self._try_again))
        self._asked: list[Asked[Any]] = []
        self._works: set[concurrent.futures.Future[Any]] = set()
        super().__init__(layout={"max_width": "760px"})

    @property
    def watch(self) -> Watch | None:
        """Return what is known of the gateway; None where no server was found."""
        return self._session.watch if self._session is not None else None

    @property
    def connected(self) -> bool:
        """Say whether what is shown is so now."""
        watch = self.watch
        return watch is not None and watch.connected.is_set() and self._state() == "running"

    @property
    def idle(self) -> bool:
        """Say whether something can be asked for now."""
        return self.connected and not self._busy

    def close(self) -> None:
        """Take it away: it follows nothing any more, and shows nowhere."""
        if self._closed:
            return
        self._closed = True
        if self._unlisten is not None:
            self._unlisten()
        for work in list(getattr(self, "_works", ())):
            work.cancel()
        _alone.discard(self)
        for part in (*self.children, self.layout):
            close_all(part)
        super().close()

    def __repr__(self) -> str:
        """Return what it is: all that is in it would fill a page."""
        return f"{type(self).__name__}()"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**options) or {}
        when = f"As of {datetime.now(UTC):%d %b %Y, %H:%M} UTC. Run the cell to see it live."
        parts = [*self._noticed(), *self._static(), Line(Faint(when))]
        return {**bundle, "text/plain": plain(parts).strip("\n"), "text/html": page(parts)}

    # For subclasses.

    def _begin(self, *children: Any) -> None:
        """Show children, from now on as the server tells."""
        self.children = [self._notice, self._again, *children, self._outcome]
        self._connect()
        self._refresh()
        until = time.monotonic() + SETTLE_SECONDS
        for asked in self._asked:
            if _patient() and not asked.settled(until - time.monotonic()):
                _waited_in_vain()

    def _paint(self) -> None:
        """Show what is known now. Called with the lock."""
        raise NotImplementedError

    def _publish(self) -> None:
        """Set the traits that others observe. Called without the lock."""

    def _static(self) -> list[Part]:
        """Return what is known now, for where nothing is live."""
        raise NotImplementedError

    def _news(self, what: What, about: Any) -> None:
        """Note what is new; in the session's thread."""

    def _do(
        self, word: str, work: Callable[[Client], Coroutine[Any, Any, T]], then: Callable[[T], None] = lambda _: None
    ) -> None:
        """Do what a person asked for; `then` is called with the lock. What goes wrong is shown."""
        with LOCK:
            if self._session is None or not self._session.alive or self._busy or self._closed:
                return
            self._busy, self._failed = word, None
            self._paint_all()
            self._submit(work(self._session.client), lambda future: self._did(future, then))

    # The server's news.

    def _connect(self, *, wait: bool = True) -> None:
        """Find the server; what is wrong is shown."""
        try:
            found = session()
            if found is not self._session:
                self._session, self._unlisten = found, found.call(self._listen(found.watch))
                self._connections += 1
                _alone.discard(self)
                for other in list(_alone):
                    worker.do(other._join)
            if wait and _patient():
                found.ready(None if found.watch.version is None else AGAIN_SECONDS)
            self._away = None
        except WegentError as error:
            self._away = error
            if self._session is None:
                _alone.add(self)
            else:
                _waited_in_vain()

    def _join(self) -> None:
        """Do as another widget did, which has found a server."""
        if self._session is None and not self._closed:
            self._connect(wait=False)
            self._refresh()

    async def _listen(self, watch: Watch) -> Callable[[], None]:
        return watch.listen(self._heard)

    def _try_again(self) -> None:
        self._connect()
        self._refresh()

    def _heard(self, what: What, about: Any) -> None:
        if what == "connection":
            self._connections += 1
        self._news(what, about)
        if what == "connection" or what in self.follows:
            self._later()

    def _later(self) -> None:
        """Show what is new, in the worker's thread; once for all that came until then."""
        if not self._due:
            self._due = True
            worker.do(self._refresh)

    def _refresh(self) -> None:
        self._due = False
        if self._closed:
            return
        if self._session is not None and not self._session.alive:
            self._connect(wait=False)  # somebody connected this kernel to another server
        with LOCK:
            self._paint_all()
        self._publish()

    def _paint_all(self) -> None:
        noticed = [] if self._quiet else self._noticed()
        self._notice.show(noticed)
        shown(self._again, bool(noticed) and self._state() is None)
        self._paint()
        busy: list[Part] = [Line(Mark(self._busy, "busy"))] if self._busy else []
        self._outcome.show([*busy, *(problem(self._failed.message, self._failed.fix) if self._failed else [])])

    def _state(self) -> api.GatewayState | None:
        """Return how the gateway is; None without a connection."""
        watch = self.watch
        if watch is None or not watch.connected.is_set() or watch.version is None:
            return None
        return watch.version.state

    def _noticed(self) -> list[Part]:
        """Return why there is nothing to do here, if so."""
        state, watch = self._state(), self.watch
        if state is None:
            away = self._why()
            if away is not None:
                return problem(away.message, away.fix)
            return [Line([Strong("Reconnecting…"), "The Jupyter server does not answer."], "warning")]
        version = watch.version if watch is not None else None
        if state == "starting":
            return [Line(Strong("Wegent is starting…"), "warning")]
        if state == "broken" and version is not None:
            return [Line([Strong("Wegent cannot start"), version.reason or ""], "problem")]
        if state == "elsewhere" and version is not None:
            return [Line([Strong("Wegent runs in another Jupyter server"), Code(version.url or "")], "warning")]
        return []

    def _why(self) -> WegentError | None:
        """Return why there is no connection; None where the server is just away, as during a restart."""
        watch = self.watch
        if watch is None or (self._away is not None and not watch.devices):
            return self._away or WegentError("No server with Wegent was found.")
        if watch.problem is None:
            return None
        try:
            with translated():
                raise watch.problem
        except WegentError as error:
            return error

    # What is asked of it.

    def _submit(self, work: Coroutine[Any, Any, T], then: Callable[["concurrent.futures.Future[T]"], None]) -> None:
        """Let the session do something, and the worker what comes after it."""
        if self._session is None or not self._session.alive:
            work.close()
            return
        future = self._session.submit(work)
        self._works.add(future)

        def ended(_: object) -> None:
            self._works.discard(future)
            if not self._closed:
                worker.do(lambda: then(future))

        future.add_done_callback(ended)

    def _did(self, future: "concurrent.futures.Future[T]", then: Callable[[T], None]) -> None:
        found, failed = outcome(future)
        with LOCK:
            self._busy, self._failed = "", failed
            if found is not None:
                then(found)
        self._refresh()


def _patient() -> bool:
    return time.monotonic() - _in_vain > SAME_CELL_SECONDS


def _waited_in_vain() -> None:
    global _in_vain
    _in_vain = time.monotonic()
