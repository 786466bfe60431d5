"""One connection that tells whatever changes, and follows any number of tasks."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, Literal

import socketio

from wegent_jupyter.client.client import NAMESPACE, ApiError, Client
from wegent_jupyter.client.seen import SeenTask, SeenTurn, turns_of
from wegent_jupyter.client.sockets import DROPPED
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.transcript import Hole, Transcript

log = logging.getLogger(__name__)

What = Literal["connection", "devices", "tasks", "approvals", "settings"]
Listener = Callable[[What, Any], None]
"""Called in the loop of the watch: what is new, and of it the object or id that it is about; None: all of it."""
_ITEM_TYPES: Final = ("item", "delta")


class Followed:
    """A task that is being followed: its transcript as far as it is known, shared by all who follow it."""

    def __init__(self, task_id: int) -> None:
        """Know nothing yet."""
        self.task_id = task_id
        self.transcript = Transcript()
        self.users = 0
        self.error: ApiError | None = None
        """Why it cannot be followed: there is no such task here, or not for us."""
        self._readers: set[asyncio.Queue[api.Event | None]] = set()

    def apply(self, events: list[dict[str, Any]]) -> bool:
        """Take a batch; says whether it continues what is there: else the task has to be read from its start."""
        for data in events:
            event = api.Event.model_validate(data)
            if event.pos <= self.transcript.pos:
                continue
            try:
                self.transcript.apply(event)
            except Hole:
                self.transcript = Transcript()
                return False
            for reader in self._readers:
                reader.put_nowait(event)
        return True

    def fail(self, error: ApiError) -> None:
        """Tell all who read that there is nothing to read."""
        self.error = error
        for reader in self._readers:
            reader.put_nowait(None)

    async def events(self) -> AsyncGenerator[api.Event, None]:
        """Yield what is known, as whole objects, then whatever comes, for ever; raises ApiError."""
        reader: asyncio.Queue[api.Event | None] = asyncio.Queue()
        self._readers.add(reader)
        try:
            for event in self._known():
                yield event
            while self.error is None and (event_or_end := await reader.get()) is not None:
                yield event_or_end
        finally:
            self._readers.discard(reader)
        if self.error is not None:
            raise self.error

    def _known(self) -> list[api.Event]:
        found, pos = [], self.transcript.pos
        for seen in turns_of(self.transcript):
            turn = seen.turn
            about = {"task_id": self.task_id, "pos": pos, "turn_id": turn.id, "attempt_id": turn.attempt_id}
            found += [api.Event.model_validate({**about, "type": "item", "data": item}) for item in seen.items]
            found.append(api.Event.model_validate({**about, "type": "turn", "data": turn.model_dump(mode="json")}))
        return found


class Watch:
    """What one client knows of its gateway, kept up to date by `run`. For one event loop."""

    def __init__(self, client: Client) -> None:
        """Connect nothing yet."""
        self.client = client
        self.version: api.Version | None = None
        self.devices: dict[str, api.Device] = {}
        self.tasks: dict[int, api.Task] = {}
        """The newest, and those that changed or are followed."""
        self.approvals: dict[str, api.Approval] = {}
        """The open ones."""
        self.connected = asyncio.Event()
        self._listeners: list[Listener] = []
        self._followed: dict[int, Followed] = {}
        self._socket: socketio.AsyncClient | None = None
        self._lost = asyncio.Event()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a listener at each change; returns how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def run(self) -> None:
        """Stay connected until cancelled; raises ApiError when the server does not know us any more."""
        while True:
            try:
                async with self.client.socket(NAMESPACE, self._handlers()) as socket:
                    await self._enter(socket)
                    await self._lost.wait()
            except DROPPED:
                pass  # it is tried again
            finally:
                self._socket = None
                if self.connected.is_set():
                    self.connected.clear()
                    self._tell("connection", None)
            await self.client.find_again()

    @contextlib.asynccontextmanager
    async def follow(self, task_id: int) -> AsyncGenerator[Followed, None]:
        """Follow a task as long as somebody does."""
        followed = self._followed.get(task_id)
        if followed is None:
            followed = self._followed[task_id] = Followed(task_id)
        followed.users += 1
        try:
            if followed.users == 1 and self._socket is not None:
                await self._join(followed)
            yield followed
        finally:
            followed.users -= 1
            if followed.users == 0:
                del self._followed[task_id]
                await self._leave(task_id)

    def seen(self, followed: Followed, task: api.Task) -> SeenTask:
        """Return a followed task as it is now."""
        task = self.tasks.get(task.id, task)
        device = self.devices.get(task.device_id)
        turns: list[SeenTurn] = turns_of(followed.transcript)
        gateway = self.version.gateway_id if self.version else None
        return SeenTask(gateway, task, device.name if device else task.device_id, turns)

    async def _enter(self, socket: socketio.AsyncClient) -> None:
        self._lost.clear()
        answer = await socket.call("watch", {}, namespace=NAMESPACE)
        self._socket = socket
        self._know(answer)
        for followed in list(self._followed.values()):
            await self._join(followed)
        self.connected.set()
        self._tell("connection", None)
        for what in ("devices", "tasks", "approvals", "settings"):
            self._tell(what, None)

    def _know(self, snapshot: dict[str, Any]) -> None:
        self.version = api.Version.model_validate(snapshot["version"])
        self.devices = {one["device_id"]: api.Device.model_validate(one) for one in snapshot["devices"]}
        self.tasks |= {one["id"]: api.Task.model_validate(one) for one in snapshot["tasks"]}
        self.approvals = {one["id"]: api.Approval.model_validate(one) for one in snapshot["approvals"]}

    async def _join(self, followed: Followed) -> None:
        socket = self._socket
        if socket is None:
            return
        where = {"task_id": followed.task_id, "after_pos": followed.transcript.pos}
        answer = await socket.call("task:join", where, namespace=NAMESPACE)
        if "error" in answer:
            error = answer["error"]
            problem = api.Problem(detail=error["message"], message=error["message"], code=error["code"])
            followed.fail(ApiError(error["status"], problem))

    async def _leave(self, task_id: int) -> None:
        if self._socket is not None:
            with contextlib.suppress(*DROPPED):
                await self._socket.emit("task:leave", {"task_id": task_id}, namespace=NAMESPACE)

    def _handlers(self) -> dict[str, Callable[..., Any]]:
        async def events(data: dict[str, Any]) -> bool:
            followed = self._followed.get(data["task_id"])
            if followed is not None and not followed.apply(data["events"]):
                await self._join(followed)
            return True  # the acknowledgement that asks for the next batch

        async def lagged(data: dict[str, Any]) -> None:
            if (followed := self._followed.get(data["task_id"])) is not None:
                await self._join(followed)

        async def lost(*_reason: Any) -> None:
            self._lost.set()

        return {
            "task:events": events,
            "lagged": lagged,
            "disconnect": lost,
            "gateway": self._on_gateway,
            "device:update": lambda data: self._put("devices", self.devices, "device_id", api.Device, data),
            "device:removed": lambda data: self._drop("devices", self.devices, data["device_id"]),
            "task:update": lambda data: self._put("tasks", self.tasks, "id", api.Task, data),
            "approval:update": self._on_approval,
            "settings": lambda data: self._tell("settings", data["what"]),
        }

    def _on_gateway(self, data: dict[str, Any]) -> None:
        before, self.version = self.version, api.Version.model_validate(data)
        if self.version.state == "running" and (before is None or before.state != "running"):
            self._lost.set()  # what it knows is there now: enter again
        self._tell("connection", None)

    def _on_approval(self, data: dict[str, Any]) -> None:
        if data["state"] == "open":
            self._put("approvals", self.approvals, "id", api.Approval, data)
        else:
            self._drop("approvals", self.approvals, data["id"])

    def _put(self, what: What, known: dict[Any, Any], key: str, model: type[Any], data: dict[str, Any]) -> None:
        known[data[key]] = model.model_validate(data)
        self._tell(what, data[key])

    def _drop(self, what: What, known: dict[Any, Any], key: Any) -> None:
        known.pop(key, None)
        self._tell(what, key)

    def _tell(self, what: Any, about: Any) -> None:
        for listener in list(self._listeners):
            try:
                listener(what, about)
            except Exception:  # one that fails must not keep the others from hearing
                log.exception("A listener failed")
