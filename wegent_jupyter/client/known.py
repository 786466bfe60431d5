"""What a client knows of a gateway without asking, and whom it tells of changes."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Literal

from wegent_jupyter.protocol import api

log = logging.getLogger(__name__)

What = Literal["connection", "devices", "tasks", "approvals", "settings"]
Listener = Callable[[What, Any], None]
"""Called in the loop of the watch: what is new, and of it the object or id that it is about; None: all of it."""
MAX_TASKS: Final = 500
"""How many tasks are known at once; of more, those that changed last."""


class Known:
    """Devices, tasks and approvals as far as they are known. For one event loop."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.version: api.Version | None = None
        self.devices: dict[str, api.Device] = {}
        self.tasks: dict[int, api.Task] = {}
        """The newest when it connected, and those that changed since."""
        self.approvals: dict[str, api.Approval] = {}
        """The open ones."""
        self._listeners: list[Listener] = []
        self._early: list[tuple[Callable[[dict[str, Any]], None], dict[str, Any]]] | None = None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a listener at each change; returns how to end that. To be called in the loop, as all of this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _news(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        """Return what takes which message, for a connection that begins: before all is known, messages wait."""
        self._early = []

        def taking(take: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
            return lambda data: take(data) if self._early is None else self._early.append((take, data))

        takes: dict[str, Callable[[dict[str, Any]], None]] = {
            "device:update": lambda data: self._put("devices", self.devices, "device_id", api.Device, data),
            "device:removed": lambda data: self._drop("devices", self.devices, data["device_id"]),
            "task:update": self._on_task,
            "approval:update": self._on_approval,
            "settings": lambda data: self._tell("settings", data["what"]),
        }
        return {event: taking(take) for event, take in takes.items()}

    def _know(self, snapshot: dict[str, Any]) -> None:
        """Take what there is, then what was told meanwhile: it may be newer."""
        self.version = api.Version.model_validate(snapshot["version"])
        self.devices = {one["device_id"]: api.Device.model_validate(one) for one in snapshot["devices"]}
        self.tasks = {one["id"]: api.Task.model_validate(one) for one in reversed(snapshot["tasks"])}
        self.approvals = {one["id"]: api.Approval.model_validate(one) for one in snapshot["approvals"]}
        early, self._early = self._early or [], None
        for take, data in early:
            take(data)

    def _on_task(self, data: dict[str, Any]) -> None:
        self.tasks.pop(data["id"], None)  # the end of the table is what changed last
        while len(self.tasks) >= MAX_TASKS:
            del self.tasks[next(iter(self.tasks))]
        self._put("tasks", self.tasks, "id", api.Task, data)

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

    async def _change(self, wanted: What) -> None:
        """Wait until something of a kind is told."""
        told = asyncio.Event()
        end = self.listen(lambda what, _about: told.set() if what == wanted else None)
        try:
            await told.wait()
        finally:
            end()
