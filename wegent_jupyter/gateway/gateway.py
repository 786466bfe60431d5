"""The gateway as one object: opens the store, knows who is connected, and hands requests to the part that answers."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from wegent_jupyter.gateway.asking import D, ask
from wegent_jupyter.gateway.attachments import Attachments
from wegent_jupyter.gateway.commands import Commands
from wegent_jupyter.gateway.credentials import CredentialEntry, Credentials
from wegent_jupyter.gateway.devices import DeviceEntry, Devices, Kept
from wegent_jupyter.gateway.dispatch import Dispatcher
from wegent_jupyter.gateway.errors import Conflict, Refused
from wegent_jupyter.gateway.ingest import Inbound
from wegent_jupyter.gateway.joining import Joins
from wegent_jupyter.gateway.ledger import Attempt, Changes, Ledger
from wegent_jupyter.gateway.manage import Manager, shown
from wegent_jupyter.gateway.projects import Projects
from wegent_jupyter.gateway.queues import Queues
from wegent_jupyter.gateway.reconcile import Reconciler
from wegent_jupyter.gateway.registered import Registered
from wegent_jupyter.gateway.registering import DELETED, REPLACED, NotRegistered, Registrar, answers
from wegent_jupyter.gateway.relay import Relay
from wegent_jupyter.gateway.scheduler import DeviceKey, Scheduler
from wegent_jupyter.gateway.settings import Settings, What
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.gateway.tasks import Tasks, check_size
from wegent_jupyter.gateway.terminals import Terminals
from wegent_jupyter.gateway.turn_files import Files
from wegent_jupyter.gateway.viewers import Lagged, Send, Viewers
from wegent_jupyter.protocol import api, attachments, terminals, wire
from wegent_jupyter.protocol.channel import Channel
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.projects import Project, ProjectTerminal
from wegent_jupyter.protocol.states import AttemptState, TurnState

log = logging.getLogger(__name__)

LEASE_TICK = 1.0
SILENT_SECONDS = 45.0
"""One of our executors beats every 30 s. One that has not for so long is asked: Socket.IO alone takes 85 s to notice
that nothing passes any more, which neither end is told."""
LOOP_GAP = 5.0
"""Seconds without a tick after which leases start anew: the machine slept, which says nothing about a device."""


class Faces(Protocol):
    """Who is told that something looks different."""

    def task_changed(self, owner: str, task: api.Task) -> None:
        """Show a task."""
        ...

    def device_changed(self, owner: str, device: api.Device) -> None:
        """Show a device."""
        ...

    def device_removed(self, owner: str, device_id: str) -> None:
        """Show a device no longer."""
        ...

    def approval_changed(self, owner: str, approval: api.Approval) -> None:
        """Show an approval."""
        ...

    def project_changed(self, owner: str, project: Project) -> None:
        """Show a project."""
        ...

    def project_removed(self, owner: str, project_id: int) -> None:
        """Show a project no longer."""
        ...

    def terminal_changed(self, owner: str, terminal: terminals.Terminal) -> None:
        """Show a terminal."""
        ...

    def terminal_removed(self, owner: str, session_id: str) -> None:
        """Show a terminal no longer."""
        ...

    def settings_changed(self, owner: str, what: What) -> None:
        """Let them fetch again what a person configured."""
        ...


@dataclass(slots=True, frozen=True)
class Options:
    """What the operator sets."""

    database_url: str
    attachments: Path
    """The directory of what people send with messages."""
    default_slots: int = api.DEFAULT_SLOTS
    max_slots: int = api.MAX_SLOTS
    allow_full_access: bool = True
    reconnect_window: float = 60.0
    """Seconds for which a dropped device's turns are believed to go on."""
    token_key: str | None = None
    """Signs API tokens. None: they end with this process."""
    allow_remote_devices: bool = True
    allow_terminals: bool = True
    file_root: str | None = None
    """The directory whose files the server shows, if it shows some."""
    key_file: Path | None = None
    """What encrypts secrets; None: `vault.key`, beside the directory of attachments."""
    allow_codex_upload: bool = True


class Registration(NamedTuple):
    """A device that was taken in."""

    device: DeviceEntry
    ack: wire.RegisterAck
    credential: CredentialEntry | None
    """By what it is connected from now on: its own key, where it was given one."""


class Gateway:
    """Devices, tasks, queues and history of one data directory."""

    def __init__(
        self, options: Options, faces: Faces, dispatched: Callable[[float], None] = lambda _seconds: None
    ) -> None:
        """Nothing is opened yet. `dispatched` is told the seconds that each dispatch took."""
        self.options = options
        self._faces = faces
        self._store = Store(options.database_url)
        self._ids = IdSource(lambda: int(time.time() * 1000))
        self.credentials = Credentials(self._store, self._ids, options.token_key)
        self.devices = Devices(options.default_slots, options.max_slots, self._ids)
        self.joins = Joins(self.credentials, self.devices, allowed=options.allow_remote_devices)
        self._scheduler = Scheduler()
        self.viewers = Viewers(self._read_events)
        self._ledger = Ledger(self._store, self.viewers)
        self.projects = Projects(
            self._store,
            self.devices,
            self._ids,
            busy=lambda project_id: any(one.entry.task.project_id == project_id for one in self.tasks.open.values()),
            changed=faces.project_changed,
            removed=faces.project_removed,
            spawn=lambda work: self._dispatcher.spawn(work),
        )
        self.attachments = Attachments(self._store, options.attachments, self._ids)
        self.settings = Settings(
            self._store,
            options.key_file or options.attachments.with_name("vault.key"),
            self.devices,
            self._ids,
            faces,
            allow_upload=options.allow_codex_upload,
            run=lambda *command: self.commands.run_private(*command),
            spawn=lambda work: self._dispatcher.spawn(work),
        )
        self.relay = Relay(self.devices)
        self.tasks = Tasks(
            self._store,
            self._ledger,
            self.devices,
            self._scheduler,
            self._ids,
            self.projects,
            self.attachments,
            self.settings.providers,
            allow_full_access=options.allow_full_access,
            changed=lambda entry: faces.task_changed(entry.owner, self.tasks.show(entry)),
        )
        self._dispatcher = Dispatcher(
            self._store,
            self._ledger,
            self.devices,
            self._scheduler,
            self.tasks,
            self.settings.accounts,
            self._ids,
            device_changed=self.device_changed,
            approval_changed=faces.approval_changed,
            dispatched=dispatched,
        )
        self.approvals = self._dispatcher.approvals
        self._reconciler = Reconciler(self._store, self._ledger, self._scheduler, self.tasks, self._dispatcher)
        parts = self.tasks, self.devices, self._scheduler, self._dispatcher, self._ledger
        self.queues = Queues(*parts, self._ids)
        self.manage = Manager(
            self.devices,
            self.tasks,
            self._scheduler,
            self._dispatcher,
            self._ledger,
            self.credentials,
            changed=self.device_changed,
            removed=self._device_removed,
        )
        registered = Registered(self._store, self.projects, options.file_root)
        self.commands = Commands(self.devices, registered, self.used)
        self.files = Files(self.devices, self.tasks, self._store)
        self.terminals = Terminals(
            self.devices,
            self.tasks,
            registered,
            allowed=options.allow_terminals,
            changed=faces.terminal_changed,
            removed=faces.terminal_removed,
        )
        self._registrar = Registrar(self.devices, self.credentials)
        self.reconnects = 0
        """Devices that came back, since this gateway started."""
        self.id = ""
        self._inbound: dict[DeviceKey, Inbound] = {}
        self._leases: asyncio.Task[None] | None = None
        self._ticked = 0.0
        """When leases were last counted, by the monotonic clock."""

    async def open(self) -> None:
        """Open the store and take up what was left unfinished; raises StoreBroken."""
        await self._store.open()
        self.id = await self._store.write(_gateway_id)
        floor = await self._store.read(records.highest_id)
        self._ids.raise_floor(floor)
        await self.credentials.open()
        for owner, data in await self._store.read(records.all_devices):
            self.devices.restore(owner, Kept(**data))
        await self.attachments.open()
        await self.projects.open()
        await self.settings.open()
        await self._restore_turns()
        self._leases = asyncio.create_task(self._count_leases())

    async def close(self) -> None:
        """Close connections and the store. Devices go on with what they run."""
        self._ledger.close()
        if self._leases is not None:
            self._leases.cancel()
        for device in self.devices.all():
            if device.channel is not None:
                await device.channel.close("Server is shutting down")
        self.terminals.close()
        await self._keep_last_seen()
        await self._dispatcher.close()
        await self.viewers.close()
        await self._store.close()

    async def _keep_last_seen(self) -> None:
        """Store when devices were last seen: heartbeats do not (invariant 7)."""
        if self.id:
            with contextlib.suppress(StoreFailed):
                await self._ledger.save(Changes.of_devices(self.devices.all()))

    async def _restore_turns(self) -> None:
        turns = await self._store.read(records.open_turns)
        rows = await self._store.read(lambda c: records.load_attempts(c, [turn.id for turn in turns]))
        attempts = {row["id"]: Attempt(row["id"], AttemptState(row["state"]), row["last_seq"]) for row in rows}
        for turn in turns:
            found = await self._store.read(partial(records.load_task, task_id=turn.task_id))
            if found is None:
                continue
            open_turn = self.tasks.restore(found[0], found[1], turn)
            self._dispatcher.restore(open_turn, attempts.get(turn.attempt_id or 0))
            await self.approvals.restore(open_turn)
        for device in self.devices.all():
            if device.kept.present or self._scheduler.used(device.key):
                device.lease = self.options.reconnect_window

    # Requests of people and programs.

    async def create_task(self, owner: str, request: api.CreateTask) -> api.CreatedTask:
        """Make a conversation and start or queue its first turn; raises Refused."""
        open_turn = await self.tasks.create(owner, request)
        self._dispatcher.enqueue(open_turn)
        return api.CreatedTask(task=self.tasks.show(open_turn.entry), turn=open_turn.turn)

    async def create_turn(self, owner: str, task_id: int, request: api.CreateTurn) -> api.Turn:
        """Add a message to a conversation; raises Refused."""
        open_turn = await self.tasks.create_turn(owner, task_id, request)
        self._dispatcher.enqueue(open_turn)
        return open_turn.turn

    async def cancel(self, owner: str, task_id: int, turn_id: int | None) -> api.Turn:
        """Stop a turn of a task; raises Refused."""
        open_turn = self.tasks.find_open(await self.tasks.entry(owner, task_id), turn_id)
        await self._dispatcher.cancel(open_turn)
        return open_turn.turn

    async def continue_task(self, owner: str, task_id: int) -> api.Turn:
        """Take up a conversation whose newest turn failed or was stopped; raises Refused."""
        open_turn = await self.tasks.continue_task(owner, task_id)
        self._dispatcher.enqueue(open_turn)
        return open_turn.turn

    async def steer(self, owner: str, task_id: int, request: api.Steer) -> api.Turn:
        """Hand a message to the agent that works on a task; raises Refused."""
        check_size(request.prompt)
        open_turn = self.tasks.find_open(await self.tasks.entry(owner, task_id), None)
        if open_turn.turn.state is not TurnState.RUNNING:
            raise Conflict("Nothing of this task runs yet.", code="not_running", fix="Queue the message instead.")
        await self._dispatcher.steer(open_turn, request.prompt)
        return open_turn.turn

    async def ask_device(self, owner: str, device_id: str, event: str, data: dict[str, Any], answer: type[D]) -> D:
        """Ask something of a connected device; raises Refused with the device's own words."""
        return await ask(self.devices.get(owner, device_id), event, data, answer)

    async def ask_agents(self, owner: str, device_id: str, event: str, data: dict[str, Any]) -> api.AgentList:
        """Let a device look at its agents; raises Refused."""
        answer = await self.ask_device(owner, device_id, event, data, wire.AgentsAnswer)
        await self.agents_changed(self.devices.get(owner, device_id), answer.agents)
        return api.AgentList(device_id=device_id, items=answer.agents)

    async def agents_changed(self, device: DeviceEntry, agents: list[api.Agent]) -> None:
        """Take over what a device says of its agents."""
        told = [agent.model_dump() for agent in agents]
        if told != device.kept.agents:
            device.kept.agents = told
            self.device_changed(device)
            await self._ledger.save_surely(lambda: Changes.of_device(device))

    async def attachment_part(self, device: DeviceEntry, question: attachments.Read) -> dict[str, Any]:
        """Return a part of a file that was sent with what runs on a device."""
        owner, device_id = device.key
        open_turn = self._dispatcher.running_on(owner, device_id, question.attempt_id)
        if open_turn is None or all(one.id != question.attachment_id for one in open_turn.turn.attachments):
            return attachments.ReadAnswer(success=False, code="not_found", message="Attachment not found").model_dump()
        try:
            data, eof = await self.attachments.part(question.attachment_id, question.offset)
        except Refused as error:
            return attachments.ReadAnswer(success=False, code=error.code, message=error.message).model_dump()
        return attachments.ReadAnswer(success=True, data=data, eof=eof).model_dump()

    async def project_terminal(
        self, owner: str, project_id: int, request: ProjectTerminal
    ) -> terminals.StartedProjectTerminal:
        """Open a terminal in a project; raises Refused."""
        return await self.terminals.start_in_project(owner, self.projects.ready(owner, project_id), request)

    async def events(self, owner: str, task_id: int, after_pos: int, limit: int, max_chars: int) -> list[api.Event]:
        """Return a part of a task's history; raises NotFound."""
        await self.tasks.entry(owner, task_id)
        stored = await self._read_events(task_id, after_pos, limit, max_chars)
        return [api.Event.model_validate_json(one.text) for one in stored]

    async def join(self, owner: str, viewer: str, task_id: int, after_pos: int, send: Send, lagged: Lagged) -> None:
        """Let a viewer follow a task; raises NotFound."""
        await self.tasks.entry(owner, task_id)
        self.viewers.join(viewer, task_id, after_pos, send, lagged)

    async def _read_events(self, task_id: int, after: int, limit: int, max_chars: int) -> list[records.Stored]:
        return await self._store.read(lambda c: records.events_after(c, task_id, after, limit, max_chars))

    def used(self, device: DeviceEntry) -> int:
        """Return how many slots of a device are in use."""
        return self._scheduler.used(device.key)

    def queued(self, device: DeviceEntry) -> int:
        """Return how many turns wait for a device."""
        return self._scheduler.depth(device.key)

    def show_devices(self, owner: str) -> list[api.Device]:
        """Return an owner's devices."""
        return [self.show_device(device) for device in self.devices.of(owner)]

    def show_device(self, device: DeviceEntry) -> api.Device:
        """Return a device as faces show it."""
        running = [self._running_task(turn_id) for turn_id in self._scheduler.running(device.key)]
        return shown(device, len(running), self._scheduler.depth(device.key), running)

    def _running_task(self, turn_id: int) -> api.RunningTask:
        open_turn = self.tasks.open[turn_id]
        turn = open_turn.turn
        return api.RunningTask(
            task_id=turn.task_id,
            subtask_id=turn.attempt_id or 0,
            title=open_turn.entry.task.title,
            status=turn.state if turn.state is not TurnState.QUEUED else TurnState.STARTING,
            created_at=turn.created_at,
            waiting=open_turn.waiting > 0,
        )

    # Devices come and go.

    async def register(
        self,
        owner: str,
        hello: wire.Register,
        channel: Channel,
        *,
        embedded: bool,
        credential: CredentialEntry | None = None,
        address: str | None = None,
    ) -> Registration:
        """Take a device in; raises NotRegistered. It is online from its first heartbeat, when it has read the answer.

        `credential` is by what it is connected, unless it is the embedded one; `address` from where.
        """
        device, earlier = await self._registrar.claim(
            owner, hello, channel, embedded=embedded, credential=credential, address=address
        )
        if earlier is not None:
            await earlier.close("Replaced by a newer connection of the same device")
        if credential is not None:
            await self.credentials.confirm(credential)  # now that it counts as this device, and no sooner
        if (streaming := self._inbound.pop(device.key, None)) is not None:
            await streaming.close()  # what it took in counts in the comparison
        ours = hello.runtime_features.wegentJupyter if hello.runtime_features else None
        verdicts = await self._reconciler.reconcile(device, ours)
        await self._ledger.save_surely(lambda: Changes.of_device(device))
        made = await self._registrar.own_key(device, credential) if credential is not None else None
        if device.channel is not channel:
            raise NotRegistered(DELETED if device.removed else REPLACED)
        device.verdicts = verdicts
        if made is not None:
            device.may_work = self._registrar.may_work(made[0])  # the token's days no longer count
        key = made[1] if made else None
        extension = wire.GatewayExtension(gateway_id=self.id, attempts=verdicts, device_key=key) if ours else None
        ack = wire.RegisterAck(device_id=hello.device_id, wegentJupyter=extension)
        return Registration(device, ack, made[0] if made else credential)

    def inbound(self, device: DeviceEntry, channel: Channel) -> Inbound:
        """Return the consumer of what a registered connection streams."""
        made = Inbound(device.owner, device.kept.device_id, channel, self._ledger, self._dispatcher)
        self._inbound[device.key] = made
        return made

    def ready(self, device: DeviceEntry) -> None:
        """Let a registered device work."""
        if device.ready or device.leaving:
            return
        device.ready, device.lease, device.problem = True, None, None
        self.reconnects += device.known
        device.known = True
        log.info("Device %s is online", device.kept.device_id)
        self.device_changed(device)
        self._reconciler.confirm(device)
        self._dispatcher.schedule(device.key)
        if not device.kept.ours:
            self._dispatcher.spawn(self.terminals.stock_back(device))

    async def leaves(self, device: DeviceEntry) -> None:
        """Give a device that says goodbye no more work."""
        device.leaving, device.ready = True, False
        self.device_changed(device)
        await self.terminals.device_left(device, "executor_ended")

    async def disconnected(self, device: DeviceEntry, channel: Channel) -> None:
        """Start the reconnect window of a dropped device, unless it is already back, or left with nothing running."""
        if device.channel is not channel:
            return
        device.channel, device.ready, device.quiet = None, False, 0.0
        await self.terminals.device_away(device)
        if device.leaving and not self.used(device):
            log.info("Device %s left", device.kept.device_id)
            self._gone(device)
            return
        # The next tick takes off all since the last one.
        device.lease = self.options.reconnect_window + time.monotonic() - self._ticked
        log.info("Device %s dropped its connection", device.kept.device_id)
        self.device_changed(device)

    def _gone(self, device: DeviceEntry) -> None:
        """Take a device as offline, and what ran on it as lost."""
        device.lease, device.kept.present = None, False
        self.device_changed(device)
        self._reconciler.lost(device)
        self._dispatcher.spawn(self._ledger.save_surely(partial(Changes.of_device, device)))

    def device_changed(self, device: DeviceEntry) -> None:
        """Show a device again."""
        if not device.removed:
            self._faces.device_changed(device.owner, self.show_device(device))

    def _device_removed(self, device: DeviceEntry) -> None:
        """Take a device off every list, and what a person approved for it with it."""
        owner, device_id = device.key
        self.joins.forget(owner, device_id)
        self.settings.logins.forget(device.key)
        self._dispatcher.spawn(self.terminals.device_left(device, "device_removed"))
        self._faces.device_removed(owner, device_id)

    async def _count_leases(self) -> None:
        """Count reconnect windows down in time in which this loop ran; no wall clock (invariant 3)."""
        self._ticked = time.monotonic()
        while True:
            await asyncio.sleep(LEASE_TICK)
            elapsed, self._ticked = time.monotonic() - self._ticked, time.monotonic()
            for device in self.devices.all():
                self._count_quiet(device, elapsed)
                if device.lease is None or device.connected:
                    continue  # it is back, though its registration may wait for the store
                device.lease = self.options.reconnect_window if elapsed > LOOP_GAP else device.lease - elapsed
                if device.lease <= 0:
                    self._gone(device)

    def _count_quiet(self, device: DeviceEntry, elapsed: float) -> None:
        """Ask one of ours that has not beaten for long whether it is there."""
        if not device.online or device.boot_id is None or device.channel is None:
            return
        device.quiet = 0.0 if elapsed > LOOP_GAP else device.quiet + elapsed
        if device.quiet >= SILENT_SECONDS:
            device.quiet = 0.0
            self._dispatcher.spawn(self._end_if_silent(device.channel))

    @staticmethod
    async def _end_if_silent(channel: Channel) -> None:
        if not await answers(channel):
            await channel.close("It neither beats nor answers")


def _gateway_id(connection: Any) -> str:
    known = records.get_meta(connection, "gateway_id")
    if known is None:
        known = secrets.token_hex(16)
        records.set_meta(connection, "gateway_id", known)
    return known
