"""The kernel's one connection: a client and a watch in a thread of their own, shared by widgets, magics and tasks."""

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.client.discover import BadSetting, Server, kernel_server
from wegent_jupyter.client.watch import Watch
from wegent_jupyter.notebook.errors import NoServer, Refused

T = TypeVar("T")

HELP = (
    "In a terminal, start one with: jupyter lab. If this kernel runs on another computer than the server, set "
    "WEGENT_SERVER_URL and WEGENT_TOKEN_FILE in its environment (docs/notebooks.md)."
)
CONNECT_SECONDS = 10.0


class Session:
    """Runs coroutines of `client` and `watch` for whoever calls from other threads."""

    def __init__(self, server: Server) -> None:
        """Start the thread; the watch connects by itself."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wegent", daemon=True)
        self._thread.start()
        self.client: Client
        self.watch: Watch
        self._watching: concurrent.futures.Future[None]
        self.call(self._open(server))

    async def _open(self, server: Server) -> None:
        self.client = Client(server, find)
        self.watch = Watch(self.client)
        self._watching = self.submit(self.watch.run())

    def submit(self, work: Coroutine[Any, Any, T]) -> "concurrent.futures.Future[T]":
        """Run a coroutine in the thread; its errors are the client's own."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine in the thread and wait for it; raises WegentError, TimeoutError.

        An interrupt of the kernel gives up waiting and cancels it.
        """
        future = self.submit(work)
        try:
            with translated():
                return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def ready(self) -> Watch:
        """Return the watch once it knows what there is; raises WegentError."""
        self.call(self._known())
        return self.watch

    async def _known(self) -> None:
        if self._watching.done():
            self._watching = self.submit(self.watch.run())  # what ended it may have been mended
        connected = asyncio.ensure_future(self.watch.connected.wait())
        ended = asyncio.wrap_future(self._watching)
        waiting: set[asyncio.Future[Any]] = {connected, ended}
        done, _ = await asyncio.wait(waiting, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        connected.cancel()
        if ended in done:
            ended.result()  # raises why
        if not done:
            await self.client.version()  # says why, if the server does
            raise Unreachable("The server answers, but no WebSocket comes through.")

    def close(self) -> None:
        """End the connection and the thread."""
        with contextlib.suppress(Exception):
            self.submit(self._close()).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _close(self) -> None:
        watching = asyncio.wrap_future(self._watching)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await self.client.__aexit__(None, None, None)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into those that notebooks show; raises WegentError."""
    try:
        yield
    except ApiError as error:
        problem = error.problem
        raise Refused(problem.message, problem.fix, problem.code, error.status) from None
    except Unreachable as error:
        raise NoServer(str(error), HELP) from None
    except BadSetting as error:
        raise NoServer(str(error)) from None


_session: Session | None = None
_pid = 0
_lock = threading.Lock()


def session() -> Session:
    """Return the kernel's session, made at the first use; raises NoServer."""
    global _session, _pid
    with _lock:
        if _session is None or _pid != os.getpid():  # a fork has none of our threads
            with translated():
                server = kernel_server()
            if server is None:
                raise NoServer("No server with Wegent was found.", HELP)
            _session, _pid = Session(server), os.getpid()
            atexit.register(_session.close)
        return _session


def find() -> Server | None:
    """Return where the server is now."""
    try:
        return kernel_server()
    except BadSetting:
        return None
