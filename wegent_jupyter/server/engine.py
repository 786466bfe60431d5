"""Socket.IO's server with an end: by itself it leaves tasks behind that asyncio complains of when the server stops."""

import asyncio
from collections.abc import Callable
from typing import Any

import engineio
import socketio

LEAVE_SECONDS = 1.0
"""For the connections to be closed when the server stops."""


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO that knows what it started: among it, for each connection, the wait for the next ping."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what `engineio.AsyncServer` takes."""
        super().__init__(*args, **kwargs)
        self._started: set[asyncio.Task[Any]] = set()

    def start_background_task(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> "asyncio.Task[Any]":
        """Start a task, and remember it while it runs."""
        task: asyncio.Task[Any] = super().start_background_task(target, *args, **kwargs)
        self._started.add(task)
        task.add_done_callback(self._started.discard)
        return task

    async def shutdown(self) -> None:
        """End everything that was started."""
        started = list(self._started)
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO over that engine."""

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def shutdown(self) -> None:
        """Close every connection, as a network would: a face that was told to leave would not come back."""
        leaving = [environ["tornado.handler"].leave() for environ in self.environ.values()]
        if leaving:
            await asyncio.wait(leaving, timeout=LEAVE_SECONDS)
        await super().shutdown()
