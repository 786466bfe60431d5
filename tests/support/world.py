"""A gateway and devices in one loop, joined by channels in memory; the agents are real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.channels import Faults, MemoryChannel
from wegent_jupyter.executor.config import load
from wegent_jupyter.executor.device import Device, Refused
from wegent_jupyter.gateway.gateway import Gateway, Options
from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.gateway.store.records import Stored
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.projects import Project
from wegent_jupyter.protocol.states import TurnState
from wegent_jupyter.protocol.terminals import Terminal
from wegent_jupyter.protocol.transcript import Transcript

OWNER = "ann"
LIVENESS = 60.0


class Silent:
    """Faces that nobody looks at; they keep what they were told."""

    def __init__(self) -> None:
        self.tasks: list[api.Task] = []
        self.devices: list[api.Device] = []
        self.approvals: list[api.Approval] = []
        self.removed: list[str] = []
        self.terminals: dict[str, Terminal] = {}
        self.projects: dict[int, Project] = {}
        self.settings: list[str] = []

    def task_changed(self, owner: str, task: api.Task) -> None:
        self.tasks.append(task)

    def device_changed(self, owner: str, device: api.Device) -> None:
        self.devices.append(device)

    def approval_changed(self, owner: str, approval: api.Approval) -> None:
        self.approvals.append(approval)

    def device_removed(self, owner: str, device_id: str) -> None:
        self.removed.append(device_id)

    def terminal_changed(self, owner: str, terminal: Terminal) -> None:
        self.terminals[terminal.session_id] = terminal

    def terminal_removed(self, owner: str, session_id: str) -> None:
        self.terminals.pop(session_id, None)

    def project_changed(self, owner: str, project: Project) -> None:
        self.projects[project.id] = project

    def project_removed(self, owner: str, project_id: int) -> None:
        self.projects.pop(project_id, None)

    def settings_changed(self, owner: str, what: str) -> None:
        self.settings.append(what)


class Box:
    """An executor home and its connection. It connects again by itself unless `connect` is off."""

    def __init__(self, world: World, name: str, home: Path, *, embedded: bool) -> None:
        self.world, self.name, self.home, self.embedded = world, name, home, embedded
        self.device: Device | None = None
        self.device_id = ""
        self.wire: MemoryChannel | None = None
        self.connect = True
        self.refused: list[str] = []
        """Why the gateway did not take it."""
        self._link: asyncio.Task[None] | None = None

    async def start(self, *, wait: bool = True) -> None:
        """Start its executor and connect it; `wait` until it is online."""
        environment = {"WEGENT_EXECUTOR_HOME": str(self.home), "DEVICE_NAME": self.name}
        if self.embedded:
            environment["WEGENT_EMBEDDED"] = str(self.home / "server.json")
        settings = load(environment)
        self.device_id = settings.device_id
        self.device = Device(settings)
        self._link = asyncio.create_task(self._stay_connected(self.device))
        if wait:
            await self.world.until(self.is_online, f"{self.name} is online")

    async def stop(self) -> None:
        if self._link is not None:
            self._link.cancel()
            await asyncio.gather(self._link, return_exceptions=True)
        if self.device is not None:
            await self.device.close()
            self.device = None

    async def end(self) -> None:
        """End its executor as a SIGTERM does, which is while it is connected."""
        assert self.device is not None
        await self.device.close()
        self.device = None
        await self.stop()

    def cut(self) -> None:
        """Cut the connection."""
        if self.wire is not None:
            self.wire.end()

    def shown(self) -> api.Device:
        """Return the device as faces see it."""
        assert self.world.gateway is not None
        return self.world.gateway.show_device(self.world.gateway.devices.get(OWNER, self.device_id))

    async def is_online(self) -> bool:
        shown = self.world.gateway.show_devices(OWNER) if self.world.gateway else []
        return any(one.device_id == self.device_id and one.status in ("online", "busy") for one in shown)

    async def _stay_connected(self, device: Device) -> None:
        while True:
            if self.connect and self.world.gateway is not None:
                await self._serve(device, self.world.gateway)
            await asyncio.sleep(0.01)

    async def _serve(self, device: Device, gateway: Gateway) -> None:
        ours, theirs = MemoryChannel(self.world.faults), MemoryChannel(self.world.faults)
        session = DeviceSession(gateway, OWNER, theirs, embedded=self.embedded)
        theirs.connect(ours, session.handle, in_order=True)
        ours.connect(theirs, lambda event, data: device.handle(ours, event, data), in_order=False)
        self.wire = ours
        serving = asyncio.create_task(device.serve(ours))
        ended = asyncio.create_task(ours.wait_closed())
        try:
            await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
            device.wake()
            try:
                await serving
            except Refused as error:
                self.refused.append(str(error))
            except (NotSent, Unanswered):
                pass
        finally:
            serving.cancel()
            ended.cancel()
            ours.end()
            await asyncio.gather(serving, ended, return_exceptions=True)
            await session.closed()


class World:
    """One gateway and one device, to which others can be added. Each can be ended, started again, and cut off.

    What is said of *the* device is about the first, which is the embedded one.
    """

    def __init__(self, directory: Path, faults: Faults | None = None, **options: Any) -> None:
        self.directory = directory
        self.faults = faults or Faults()
        self.options = options
        self.faces = Silent()
        self.errors: list[dict[str, Any]] = []
        self.gateway: Gateway | None = None
        self.dispatched: Callable[[float], None] = lambda _seconds: None
        self.first = Box(self, "box", directory / "home", embedded=True)
        self.boxes = [self.first]

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: self.errors.append(context))
        await self.start_gateway()
        await self.start_device()
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for box in self.boxes:
            await box.stop()
        await self.stop_gateway()
        if type_ is None:
            assert self.errors == []

    async def add_device(self, name: str, home: Path | None = None, *, wait: bool = True) -> Box:
        """Start another device, with a home of its own (or an existing one), and wait until it is online."""
        box = Box(self, name, home or self.directory / f"home-{name}", embedded=False)
        self.boxes.append(box)
        await box.start(wait=wait)
        return box

    async def start_gateway(self) -> None:
        database = self.directory / "wegent.db"
        options = Options(f"sqlite:///{database}", self.directory / "attachments", **self.options)
        gateway = Gateway(options, self.faces, self.dispatched)
        await gateway.open()
        self.gateway = gateway

    async def stop_gateway(self) -> None:
        gateway, self.gateway = self.gateway, None
        if gateway is not None:
            await gateway.close()

    @property
    def device(self) -> Device | None:
        return self.first.device

    @property
    def device_id(self) -> str:
        return self.first.device_id

    @property
    def wire(self) -> MemoryChannel | None:
        return self.first.wire

    @property
    def connect(self) -> bool:
        return self.first.connect

    @connect.setter
    def connect(self, value: bool) -> None:
        self.first.connect = value

    async def start_device(self) -> None:
        await self.first.start()

    async def stop_device(self) -> None:
        await self.first.stop()

    def cut(self) -> None:
        """Cut the first device's connection."""
        self.first.cut()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let nothing be stored meanwhile."""
        assert self.gateway is not None
        store = self.gateway._store
        write = store.write

        def full(_job: Any) -> asyncio.Future[Any]:
            failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreFailed("database or disk is full"))
            return failed

        store.write = full  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            store.write = write  # type: ignore[method-assign]

    # What a user does and sees.

    async def submit(self, prompt: str, **fields: Any) -> int:
        request = {"prompt": prompt, "agent": "practice", "mode": "full", **fields}
        assert self.gateway is not None
        created = await self.gateway.create_task(OWNER, api.CreateTask.model_validate(request))
        return created.task.id

    async def detail(self, task_id: int) -> api.TaskDetail:
        assert self.gateway is not None
        return await self.gateway.tasks.detail(OWNER, task_id)

    async def cancel(self, task_id: int) -> api.Turn:
        assert self.gateway is not None
        return await self.gateway.cancel(OWNER, task_id, None)

    async def state(self, task_id: int) -> TurnState:
        return (await self.detail(task_id)).turn_list[-1].state

    async def reach(self, task_id: int, *states: TurnState) -> api.Turn:
        """Wait until the newest turn of a task is in one of the states."""

        async def there() -> api.Turn | None:
            turn = (await self.detail(task_id)).turn_list[-1]
            return turn if turn.state in states else None

        found: api.Turn = await self.until(there, f"task {task_id} is {states}")
        return found

    async def finish(self, task_id: int) -> api.Turn:
        return await self.reach(task_id, TurnState.COMPLETED, TurnState.FAILED, TurnState.CANCELLED)

    async def stored(self, task_id: int, after: int = 0) -> list[api.Event]:
        """Read the whole history."""
        assert self.gateway is not None
        events: list[api.Event] = []
        while page := await self.gateway.events(OWNER, task_id, after, 500, 1 << 20):
            events += page
            after = page[-1].pos
        return events

    async def transcript(self, task_id: int) -> Transcript:
        return folded(await self.stored(task_id))

    def asking(self, task_id: int) -> list[api.Approval]:
        """Return what waits for a person."""
        assert self.gateway is not None
        return [one for one in self.gateway.approvals.open(OWNER) if one.task_id == task_id]

    async def asked(self, task_id: int) -> api.Approval:
        """Wait until a task needs a person."""

        async def there() -> api.Approval | None:
            return next(iter(self.asking(task_id)), None)

        found: api.Approval = await self.until(there, f"task {task_id} asks")
        return found

    async def decide(self, approval: api.Approval, decision: str = "allow", **fields: Any) -> api.Approval:
        assert self.gateway is not None
        answer = api.Decision.model_validate({"decision": decision, **fields})
        return await self.gateway.approvals.decide(OWNER, approval.id, answer)

    async def slots(self) -> int:
        assert self.gateway is not None
        return self.gateway.show_devices(OWNER)[0].slot_used

    async def is_online(self) -> bool:
        devices = self.gateway.show_devices(OWNER) if self.gateway else []
        return any(device.status in ("online", "busy") for device in devices)

    @staticmethod
    async def until(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Look again and again until it is so."""
        try:
            async with asyncio.timeout(LIVENESS):
                while not (found := await condition()):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"not within {LIVENESS} s: {what}") from None
        return found


class Watcher:
    """A viewer that joins a task and keeps what it is sent."""

    def __init__(self, world: World, task_id: int, name: str = "viewer") -> None:
        self.world, self.task_id, self.name = world, task_id, name
        self.events: list[api.Event] = []
        self.lagged_at: int | None = None

    async def join(self, after: int | None = None) -> None:
        assert self.world.gateway is not None
        pos = after if after is not None else (self.events[-1].pos if self.events else 0)
        await self.world.gateway.join(OWNER, self.name, self.task_id, pos, self._send, self._lagged)

    async def _send(self, events: list[Stored]) -> None:
        self.events += [api.Event.model_validate_json(event.text) for event in events]

    async def _lagged(self, pos: int) -> None:
        self.lagged_at = pos

    @property
    def finished(self) -> bool:
        turns = [event.data["state"] for event in self.events if event.type == "turn"]
        return bool(turns) and turns[-1] in ("completed", "failed", "cancelled")

    async def wait_finished(self) -> None:
        async def there() -> bool:
            return self.finished

        await self.world.until(there, "the viewer sees the end")


def folded(events: list[api.Event]) -> Transcript:
    transcript = Transcript()
    for event in events:
        transcript.apply(event)
    return transcript


def shown(transcript: Transcript) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return what a face shows of a transcript, for comparison."""
    return [(turn.state.value, transcript.items(turn)) for turn in transcript.turns.values()]
