"""Somebody who follows one task and all devices, in a thread, and notices when an event is missing or comes twice."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.bench import peer
from tests.support.server import JupyterServer, wait_for
from wegent_jupyter.protocol.api import Event
from wegent_jupyter.protocol.transcript import Transcript


class Viewer:
    """Use as a context manager; everything that arrives is folded at once, and must fit."""

    def __init__(self, server: JupyterServer, task_id: int) -> None:
        self._server, self._task_id = server, task_id
        self._wrong: list[str] = []
        self._shown = Transcript()
        self.statuses: list[tuple[float, str, str]] = []
        """(monotonic time, device id, status), whenever a device looks different."""
        self._joined, self._leave = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="viewer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._joined.wait(30), "the viewer joined"
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()
        assert not self._wrong, self._wrong

    def items(self) -> list[dict[str, Any]]:
        """Return the items of the newest turn as they are shown now, without times."""
        newest = self._shown.turns[max(self._shown.turns)]
        return [{**item, "seconds": None} for item in self._shown.items(newest)]

    def reach(self, state: str) -> None:
        """Wait until the newest turn is shown in a state."""

        def there() -> bool:
            return bool(self._shown.turns) and self._shown.turns[max(self._shown.turns)].state == state

        wait_for(there, f"the viewer sees {state}")

    @property
    def pos(self) -> int:
        """Return the position up to which everything has arrived."""
        return self._shown.pos

    def statuses_of(self, device_id: str) -> list[str]:
        return [status for _, one, status in self.statuses if one == device_id]

    def first(self, device_id: str, status: str, since: float) -> float:
        """Wait until a device is shown in a state, and return how many seconds after `since`."""

        def there() -> float | None:
            found = (at for at, one, now in list(self.statuses) if (one, now) == (device_id, status) and at >= since)
            return next(found, None)

        at: float = wait_for(there, f"the viewer sees {device_id} {status}")
        return at - since

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._follow())

    async def _follow(self) -> None:
        async with (
            aiohttp.ClientSession() as http,
            peer.connected(http, self._server, "/tasks") as socket,
        ):
            socket.on = {"task:events": self._take, "device:update": self._device}
            await socket.call("watch", {})
            await socket.call("task:join", {"task_id": self._task_id, "after_pos": 0})
            self._joined.set()
            await self._leave.wait()

    def _device(self, device: dict[str, Any]) -> None:
        self.statuses.append((time.monotonic(), device["device_id"], device["status"]))

    def _take(self, batch: dict[str, Any]) -> bool:
        for one in batch["events"]:
            event = Event.model_validate(one)
            # Of a finished attempt there is one whole item instead of its deltas, for who was not there yet.
            missing = event.pos != self._shown.pos + 1 and event.type == "delta"
            if missing or event.pos <= self._shown.pos:
                self._wrong.append(f"{event.type} {event.pos} after {self._shown.pos}")
            try:
                self._shown.apply(event)
            except Exception as error:  # the thread is not where a test can fail
                self._wrong.append(repr(error))
        return True
