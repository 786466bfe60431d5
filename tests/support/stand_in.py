"""A gateway that does what a test says: a real Socket.IO server over aiohttp, in a thread, without ours behind it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import socketio
from aiohttp import web

from tests.support.server import free_port, wait_for

NAMESPACE = "/local-executor"


class StandIn:
    """Listens while it is used as a context manager. Events and credentials that came are kept."""

    def __init__(self, port: int | None = None, path: str = "/wegent", ping: tuple[float, float] = (25, 20)) -> None:
        self.port = port or free_port()
        self.path, self._ping = path, ping
        self.refuses: Callable[[str], str | None] = lambda _token: None
        """Why a credential is refused, None if it is not."""
        self.registration: dict[str, Any] = {}
        """What is added to the answer of a registration."""
        self.tokens: list[tuple[float, str]] = []
        self.events: list[tuple[str, Any]] = []
        self.connected: list[str] = []
        self.ended: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._sockets: Any = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def leave(self) -> None:
        """Stop listening, and end all connections."""
        self._do(self._close())

    def come_back(self) -> None:
        """Listen again on the same port."""
        self._do(self._open())

    def registered(self, count: int = 1) -> dict[str, Any]:
        """Wait until devices have registered so often, and return the newest registration."""
        wait_for(lambda: len(self.got("device:register")) >= count, f"{count} registrations")
        found: dict[str, Any] = self.got("device:register")[-1]
        return found

    def got(self, name: str) -> list[Any]:
        return [data for event, data in list(self.events) if event == name]

    def call(self, event: str, data: Any, timeout: float = 30) -> Any:
        """Ask the newest device, and return its ack."""
        return self._do(self._sockets.call(event, data, to=self.connected[-1], namespace=NAMESPACE, timeout=timeout))

    def drop(self) -> None:
        """End all connections."""
        for sid in list(self.connected):
            self._do(self._sockets.disconnect(sid, namespace=NAMESPACE))

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _open(self) -> None:
        interval, timeout = self._ping
        self._sockets = socketio.AsyncServer(
            async_mode="aiohttp", namespaces=[NAMESPACE], ping_interval=interval, ping_timeout=timeout
        )
        self._sockets.on("connect", self._connect, namespace=NAMESPACE)
        self._sockets.on("disconnect", self._disconnect, namespace=NAMESPACE)
        self._sockets.on("*", self._event, namespace=NAMESPACE)
        app = web.Application()
        self._sockets.attach(app, socketio_path=f"{self.path}/socket.io".lstrip("/"))
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connect(self, sid: str, _environ: Any, auth: Any = None) -> None:
        token = str((auth or {}).get("token"))
        self.tokens.append((time.monotonic(), token))
        why = self.refuses(token)
        if why is not None:
            raise socketio.exceptions.ConnectionRefusedError(why)
        self.connected.append(sid)

    async def _disconnect(self, sid: str, reason: str = "") -> None:
        if sid in self.connected:
            self.connected.remove(sid)
        self.ended.append(reason)

    async def _event(self, event: str, _sid: str, data: Any = None) -> Any:
        self.events.append((event, data))
        if event != "device:register":
            return {"success": True}
        return {"success": True, "device_id": data["device_id"], **self.registration}
