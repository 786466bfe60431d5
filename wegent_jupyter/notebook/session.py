"""The kernel's one connection: a client and a watch in a thread of their own, shared by widgets, magics and tasks."""

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from wegent_jupyter.client.choosing import BadInput
from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.client.discover import SERVER_URL, TOKEN_FILE, BadSetting, Server, kernel_server, server_at
from wegent_jupyter.client.watch import Watch
from wegent_jupyter.notebook.errors import BadCall, NoServer, Refused, WegentError, path_of

T = TypeVar("T")

HELP = (
    "In a terminal, start one with: jupyter lab. If this kernel runs on another computer than the server, set "
    "WEGENT_SERVER_URL and WEGENT_TOKEN_FILE in its environment (docs/notebooks.md)."
)
CONNECT_SECONDS = 20.0
ANSWER_SECONDS = 3.0
AWAY_SECONDS = 120.0
"""What waits gives up when the server stays away for so long; a restart takes a fraction of it."""
CLOSE_SECONDS = 2.0
SLICE_SECONDS = 1.0
"""Some systems let an interrupt through only between two waits."""


class Session:
    """Runs coroutines of `client` and `watch` for whoever calls from other threads."""

    def __init__(self, server: Server, find: Callable[[], Server | None]) -> None:
        """Start the thread; the watch connects by itself. `find` says where the server is after a restart."""
        self.client = Client(server, find)
        self.watch = Watch(self.client)
        self._pid, self._closed = os.getpid(), False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wegent", daemon=True)
        self._thread.start()
        self._watching = self.submit(self.watch.run())

    @property
    def alive(self) -> bool:
        """Say whether it can be used: not after its end, and not in a forked process, which has none of our threads."""
        return not self._closed and self._pid == os.getpid()

    def submit(self, work: Coroutine[Any, Any, T]) -> "concurrent.futures.Future[T]":
        """Run a coroutine in the thread; its errors are the client's own. Raises BadCall."""
        if not self.alive:
            work.close()
            raise BadCall(
                "The connection of this object has ended: it is from before a fork, or from another server.",
                "Make the object anew, such as with wg.task(number).",
            )
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine in the thread and wait for it, `timeout` seconds at most; raises WegentError, TimeoutError.

        An interrupt of the kernel gives up waiting and cancels it.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise BadCall("This would wait for itself: a listener of the watch starts work with submit(), not call().")
        future = self.submit(work)
        try:
            with translated():
                return _result(future, timeout)
        except concurrent.futures.CancelledError:
            raise WegentError("The connection to the server was ended meanwhile.") from None
        finally:
            future.cancel()  # does nothing to what is done

    def ready(self, seconds: float | None = None) -> Watch:
        """Return the watch once it knows what there is; raises WegentError, at once where no server listens."""
        self.call(self._known(CONNECT_SECONDS if seconds is None else seconds))
        return self.watch

    async def unless_away(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something that waits for the server's word, in the thread; raises Unreachable when that stays away."""
        doing, away = asyncio.ensure_future(work), asyncio.ensure_future(self.watch.away(AWAY_SECONDS))
        waiting: set[asyncio.Future[Any]] = {doing, away}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                away.result()  # raises why
            return await doing
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _known(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                if not self.watch.connected.is_set():
                    await self.client.version()  # says at once that nothing listens there
                await self.watch.ready()
        except TimeoutError:
            raise Unreachable(await self._why_not()) from None

    async def _why_not(self) -> str:
        """Return why the watch is not ready, as the server says, if it does."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                version = await self.client.version()
        except TimeoutError:
            return "The server does not answer."
        if version.state == "running":
            return "The server answers, but no WebSocket comes through."
        return version.reason or f"The gateway of the server is {version.state}."

    def close(self) -> None:
        """End the connection and the thread."""
        if not self.alive:
            return
        self._closed = True  # at first: whoever hears that the connection ends finds another session
        closing = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        with contextlib.suppress(Exception):
            closing.result(CLOSE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    async def _close(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.client.__aexit__(None, None, None)


def _result(future: "concurrent.futures.Future[T]", timeout: float | None) -> T:
    """Wait for a result in slices; raises TimeoutError, and what the work raised."""
    until = time.monotonic() + timeout if timeout is not None else None
    while True:
        left = SLICE_SECONDS if until is None else min(SLICE_SECONDS, until - time.monotonic())
        with contextlib.suppress(TimeoutError):
            return future.result(max(left, 0))
        if future.done():
            return future.result()  # the work's own TimeoutError, or it ended in between
        if until is not None and time.monotonic() >= until:
            raise TimeoutError


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
    except BadInput as error:
        raise BadCall(error.message, error.fix) from None
    except ValidationError as error:
        raise BadCall(said(error)) from None


def said(error: ValidationError) -> str:
    """Return what is wrong with something that a person gave, without what they gave."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


_session: Session | None = None
_lock = threading.Lock()


def session() -> Session:
    """Return the kernel's session, made at the first use; raises NoServer."""
    with _lock:
        if _session is not None and _session.alive:
            return _session
        with translated():
            server = kernel_server()
        if server is None:
            raise NoServer("No server with Wegent was found.", HELP)
        return _opened(server, find)


def connect(url: str, token_file: str | Path) -> None:
    """Use the server at an address from now on, with the API token in a file of yours; raises WegentError.

    Without this the server is found by itself: the one that started this kernel, or that `WEGENT_SERVER_URL` names.
    """

    if not isinstance(url, str):
        raise BadCall("url is the address of a Jupyter server, such as 'https://host.example.org:8888/'.")
    file = path_of(token_file, "token_file")

    def look() -> Server | None:
        with contextlib.suppress(BadSetting):
            return server_at(url, file)
        return None

    try:
        server = server_at(url, file)
    except BadSetting as error:
        raise BadCall(str(error).replace(SERVER_URL, "url").replace(TOKEN_FILE, "token_file")) from None
    with _lock:
        if _session is not None:
            _session.close()
        found = _opened(server, look)
    found.ready()


def _opened(server: Server, finder: Callable[[], Server | None]) -> Session:
    global _session
    if _session is not None:
        atexit.unregister(_session.close)
    try:
        _session = Session(server, finder)
    except (OSError, ValueError) as error:  # such as a certificate that cannot be read
        raise NoServer(f"The server cannot be used: {error}", HELP) from None
    atexit.register(_session.close)
    return _session


def find() -> Server | None:
    """Return where the server is now."""
    try:
        return kernel_server()
    except BadSetting:
        return None


def _forked() -> None:
    """Begin anew in a forked process: another thread of the kernel may have held the lock."""
    global _session, _lock
    _session, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
