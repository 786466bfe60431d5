"""One connection that tells whatever changes, and follows any number of tasks."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Final

import socketio

from wegent_jupyter.client.client import NAMESPACE, ApiError, Client, Unreachable
from wegent_jupyter.client.followed import Followed
from wegent_jupyter.client.known import Known, Listener, What
from wegent_jupyter.client.seen import SeenTask, turns_of
from wegent_jupyter.client.sockets import DROPPED
from wegent_jupyter.protocol import api

__all__ = ["Followed", "Listener", "Watch", "What"]

log = logging.getLogger(__name__)

SERVER_ERROR: Final = 500
"""From this status on it is the server that has a problem, which may pass."""
RETRY_SECONDS, MOST_SECONDS = 1.0, 30.0
"""Between two tries with a server that does not know us, at first and at last."""


class Watch(Known):
    """What one client knows of its gateway, kept up to date by `run`. For one event loop."""

    def __init__(self, client: Client) -> None:
        """Connect nothing yet."""
        super().__init__()
        self.client = client
        self.connected = asyncio.Event()
        """It knows what there is, as far as a gateway runs there (`version`)."""
        self.problem: ApiError | Unreachable | None = None
        """Why nobody gets in, where it is not just away. It is tried again now and then; `retry` does so at once."""
        self._followed: dict[int, Followed] = {}
        self._socket: socketio.AsyncClient | None = None
        self._lost = asyncio.Event()
        self._retry = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Stay connected until cancelled, whatever happens to the server meanwhile."""
        pause = RETRY_SECONDS
        try:
            while True:
                try:
                    with contextlib.suppress(*DROPPED):
                        await self._connection()
                    await self.client.find_again()
                    self.problem, pause = None, RETRY_SECONDS
                except Exception as error:  # nothing may end this: what stands in the way can be mended
                    self._refused(error)
                    await self._pause(pause)
                    pause = min(pause * 2, MOST_SECONDS)
        finally:
            self._end_jobs()

    def retry(self) -> None:
        """Try at once to get in, if the server did not let us."""
        self._retry.set()

    async def ready(self) -> None:
        """Wait until a gateway is there that lets us in; raises what is in `problem`."""
        self.retry()
        while not (self.connected.is_set() and self.version is not None and self.version.state == "running"):
            if self.problem is not None and not self._retry.is_set():
                raise self.problem
            await self._change("connection")

    async def away(self, seconds: float) -> None:
        """Wait until nothing was heard of the server for so long; raises Unreachable then, else `problem`."""
        while True:
            if not self.connected.is_set():
                try:
                    async with asyncio.timeout(seconds):
                        await self.ready()
                except TimeoutError:
                    raise Unreachable(f"The server has been away for {seconds:.0f} s.") from None
            await self._change("connection")

    @contextlib.asynccontextmanager
    async def follow(self, task_id: int) -> AsyncGenerator[Followed, None]:
        """Follow a task as long as somebody does."""
        followed = self._followed.get(task_id)
        if followed is None or followed.error is not None:
            followed = self._followed[task_id] = Followed(task_id)
            self._start(self._join, followed)
        followed.users += 1
        try:
            yield followed
        finally:
            followed.users -= 1
            if followed.users == 0 and self._followed.get(task_id) is followed:
                del self._followed[task_id]
                self._start(self._leave, task_id)

    def seen(self, followed: Followed, task: api.Task) -> SeenTask:
        """Return a followed task as it is now."""
        task = self.tasks.get(task.id, task)
        device = self.devices.get(task.device_id)
        gateway = self.version.gateway_id if self.version else None
        return SeenTask(gateway, task, device.name if device else task.device_id, turns_of(followed.transcript))

    async def _connection(self) -> None:
        """Connect, and stay so until the connection is lost; raises DROPPED."""
        self._lost = asyncio.Event()
        try:
            async with self.client.socket(NAMESPACE, self._handlers(self._lost)) as socket:
                await self._enter(socket)
                await self._lost.wait()
        finally:
            self._socket = None
            self._end_jobs()
            if self.connected.is_set():
                self.connected.clear()
                self._tell("connection", None)

    async def _enter(self, socket: socketio.AsyncClient) -> None:
        snapshot = await self._ask(socket, "watch", {})
        before, after = self.version, api.Version.model_validate(snapshot["version"])
        if before is not None and after.gateway_id not in (None, before.gateway_id) and before.gateway_id is not None:
            self._forget()
        self._know(snapshot)
        self._socket, self.problem = socket, None
        self.connected.set()
        self._tell("connection", None)
        for what in ("devices", "tasks", "approvals", "settings"):
            self._tell(what, None)
        for followed in self._followed.values():
            self._start(self._join, followed)

    def _forget(self) -> None:
        """End what was followed: another gateway answers now, whose numbers mean other tasks."""
        text = "Another server answers now. This task is not there."
        for followed in self._followed.values():
            followed.fail(ApiError(404, api.Problem(detail=text, message=text, code="not_found")))
        self._followed.clear()

    async def _ask(self, socket: socketio.AsyncClient, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """Return what the server answers; raises ApiError, and DROPPED as soon as the connection is lost."""
        answering = asyncio.ensure_future(socket.call(event, data, namespace=NAMESPACE))
        losing = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({answering, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise socketio.exceptions.ConnectionError("The connection was lost.")
            answer: dict[str, Any] = answering.result()
        finally:
            answering.cancel()
            losing.cancel()
        if "error" in answer:
            error = answer["error"]
            problem = api.Problem(detail=error["message"], message=error["message"], code=error["code"])
            raise ApiError(error["status"], problem)
        return answer

    async def _join(self, followed: Followed) -> None:
        """Let the server send what is new of a task. A new connection, or a gateway that starts, begins anew."""
        while (socket := self._socket) is not None and self._followed.get(followed.task_id) is followed:
            try:
                where = {"task_id": followed.task_id, "after_pos": followed.transcript.pos}
                await self._ask(socket, "task:join", where)
                return
            except ApiError as error:
                if error.status < SERVER_ERROR:
                    followed.fail(error)
                    return
            await asyncio.sleep(RETRY_SECONDS)  # its database, or all of it, is not there at the moment

    async def _leave(self, task_id: int) -> None:
        if self._socket is not None and task_id not in self._followed:
            await self._socket.emit("task:leave", {"task_id": task_id}, namespace=NAMESPACE)

    def _handlers(self, lost: asyncio.Event) -> dict[str, Callable[..., Any]]:
        async def events(data: dict[str, Any]) -> bool:
            followed = self._followed.get(data["task_id"])
            if followed is None:
                self._start(self._leave, data["task_id"])  # the server may have heard *leave* before *join*
            elif not followed.apply(data["events"]):
                self._start(self._join, followed)
            return True  # the acknowledgement that asks for the next batch

        async def lagged(data: dict[str, Any]) -> None:
            if (followed := self._followed.get(data["task_id"])) is not None:
                self._start(self._join, followed)

        async def gone(*_reason: Any) -> None:
            lost.set()

        return {
            "task:events": events,
            "lagged": lagged,
            "disconnect": gone,
            "gateway": self._on_gateway,
            **self._news(),
        }

    def _on_gateway(self, data: dict[str, Any]) -> None:
        before, self.version = self.version, api.Version.model_validate(data)
        if self.version.state == "running" and (before is None or before.state != "running"):
            self._lost.set()  # what it knows is there now: enter again
        self._tell("connection", None)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ApiError):
            log.debug("The connection to the server ended", exc_info=error)
            self.problem = Unreachable(f"The server cannot be used: {error}")
        elif error.status < SERVER_ERROR:
            self.problem = error
        self._retry.clear()
        self._tell("connection", None)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._retry.wait()

    def _start(self, work: Callable[..., Coroutine[Any, Any, None]], about: Any) -> None:
        """Do something beside, as long as this connection lasts."""
        job = asyncio.create_task(_unless_dropped(work, about))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    def _end_jobs(self) -> None:
        for job in self._jobs:
            job.cancel()


async def _unless_dropped(work: Callable[..., Coroutine[Any, Any, None]], about: Any) -> None:
    with contextlib.suppress(*DROPPED):  # a new connection does it again
        await work(about)
