"""What people do with devices: star, name, slots, delete."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from wegent_jupyter._version import __version__
from wegent_jupyter.gateway.credentials import Credentials
from wegent_jupyter.gateway.devices import DeviceEntry, Devices
from wegent_jupyter.gateway.dispatch import STORE_SECONDS, Dispatcher
from wegent_jupyter.gateway.errors import Conflict, Refused, Unavailable
from wegent_jupyter.gateway.ledger import Changes, Ledger, OpenTurn
from wegent_jupyter.gateway.scheduler import Scheduler
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.gateway.tasks import Tasks
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.managing import RuntimeSettings
from wegent_jupyter.protocol.states import TurnState


@dataclass(slots=True)
class Manager:
    """The devices of all owners, as people manage them."""

    devices: Devices
    tasks: Tasks
    scheduler: Scheduler
    dispatcher: Dispatcher
    ledger: Ledger
    credentials: Credentials
    changed: Callable[[DeviceEntry], None]
    removed: Callable[[DeviceEntry], None]
    """Told (owner, device_id)."""

    async def set_default(self, owner: str, device_id: str, *, star: bool) -> None:
        """Give the star of an owner to a device, or take it away; raises NotFound."""
        chosen = self.devices.get(owner, device_id)
        touched = [chosen, *(other for other in self.devices.of(owner) if star and other is not chosen)]
        touched = [one for one in touched if one.kept.is_default is not (star and one is chosen)]

        def toggle() -> None:
            for one in touched:
                one.kept.is_default = not one.kept.is_default

        await self._change(touched, toggle, toggle)

    async def rename(self, owner: str, device_id: str, alias: str) -> None:
        """Give a device a name of the person's own; raises NotFound."""
        device = self.devices.get(owner, device_id)
        before = device.kept.alias

        def set_(name: str | None) -> None:
            device.kept.alias = name

        await self._change([device], lambda: set_(alias), lambda: set_(before))

    async def set_slots(self, owner: str, device_id: str, slots: int) -> RuntimeSettings:
        """Set how many turns a device may run at once; what runs goes on; raises Refused."""
        device = self.devices.get(owner, device_id)
        if slots > device.max_slots:
            raise Refused(f"The operator of this server allows {device.max_slots} turns at once.", code="slots_limited")
        before = device.kept.slots

        def set_(number: int) -> None:
            device.kept.slots = number

        await self._change([device], lambda: set_(slots), lambda: set_(before))
        self.dispatcher.schedule(device.key)
        self.dispatcher.queue_changed(device.key)
        return self.settings(owner, device_id)

    def settings(self, owner: str, device_id: str) -> RuntimeSettings:
        """Return how many turns a device may run, runs and has waiting; raises NotFound."""
        device = self.devices.get(owner, device_id)
        return RuntimeSettings(
            device_id=device_id,
            max_concurrent_tasks=device.slots,
            active_tasks=self.scheduler.used(device.key),
            queued_tasks=self.scheduler.depth(device.key),
        )

    async def _change(self, devices: list[DeviceEntry], change: Callable[[], None], undo: Callable[[], None]) -> None:
        """Change devices and store them; raises Unavailable, and then nothing has changed."""
        change()
        try:
            await self.ledger.save(Changes.of_devices(devices))
        except StoreFailed as error:
            undo()
            raise Unavailable(f"Nothing was changed: {error}", code="store_failed", fix="Free disk space.") from error
        for device in devices:
            if not device.removed:
                self.changed(device)

    async def delete(self, owner: str, device_id: str, *, revoke: bool) -> None:
        """Remove a device and cancel what waits for it; raises Refused while it runs turns.

        Its key stays good, so that it is there again when it registers, unless `revoke`.
        """
        device = self.devices.get(owner, device_id)
        if device.kept.embedded:
            raise Refused("This is the server's own device; it cannot be deleted.", code="embedded")
        if used := self.scheduler.used(device.key):
            runs, them = ("1 turn runs", "it") if used == 1 else (f"{used} turns run", "them")
            raise Conflict(f"{runs} on {device.name}.", code="device_busy", fix=f"Stop {them} first.")
        if revoke:
            await self._revoke(device)
        changes, cancelled, channel = Changes(), self._waiting(device), device.channel
        device.channel, device.ready, device.lease = None, False, None
        self.devices.remove(device)
        for open_turn in cancelled:
            self.dispatcher.cancel_waiting(open_turn, changes)
        self.scheduler.forget(device.key)
        self.removed(device)
        if channel is not None:
            await channel.close("It was deleted")
        storing = self.dispatcher.spawn(self.ledger.save_surely(lambda: self._deletion(device, cancelled, changes)))
        await asyncio.wait({storing}, timeout=STORE_SECONDS)

    async def _revoke(self, device: DeviceEntry) -> None:
        """End the keys of a device; raises Refused when turns started on it meanwhile."""
        before, device.may_work = device.may_work, lambda: False
        try:
            await self.credentials.revoke_device(device.owner, device.kept.device_id)
        except StoreFailed as error:
            device.may_work = before
            raise Unavailable(f"Nothing was changed: {error}", code="store_failed", fix="Free disk space.") from error
        if self.scheduler.used(device.key):
            raise Conflict(f"A turn has just started on {device.name}.", code="device_busy", fix="Stop it first.")

    def _waiting(self, device: DeviceEntry) -> list[OpenTurn]:
        """Return the turns that are to run on a device, also those that are just being stored."""
        mine = [one for one in self.tasks.open.values() if one.key == device.key]
        return [one for one in mine if one.turn.state is TurnState.QUEUED]

    def _deletion(self, device: DeviceEntry, cancelled: list[OpenTurn], changes: Changes) -> Changes:
        again = Changes(events=changes.events)
        for open_turn in cancelled:
            again.task(open_turn.entry)
            again.turns.append(open_turn.turn.model_copy())
        if self.devices.by_key(device.key) is None:  # else it has registered again
            again.gone.append(device.key)
        return again


def shown(device: DeviceEntry, used: int, queued: int, running: list[api.RunningTask]) -> api.Device:
    """Return a device as faces show it."""
    kept = device.kept
    status = device.status(used)
    away = device.lease if status == "reconnecting" else None
    return api.Device(
        id=kept.id,
        device_id=kept.device_id,
        name=device.name,
        reported_name=kept.name,
        status=status,
        device_type=kept.device_type,  # type: ignore[arg-type]  # stored from a validated registration
        bind_shell=kept.bind_shell,
        embedded=kept.embedded,
        is_default=kept.is_default,
        slot_used=used,
        slot_max=device.slots,
        queued=queued,
        running_tasks=running,
        executor_version=kept.executor_version,
        last_heartbeat=kept.last_seen,
        agents=device.agents,
        workspace_root=kept.workspace_root,
        problem=device.problem,
        machine=kept.machine,
        reconnect_seconds=math.ceil(away) if away is not None else None,
        capabilities=kept.capabilities,
        latest_version=__version__ if kept.ours else None,
        update_available=kept.ours and _older(kept.executor_version, __version__),
        client_ip=kept.client_ip,
        runtime_transfer_host=kept.runtime_transfer_host,
        runtime_instance_id=kept.runtime_instance_id,
        app_device_id=kept.app_device_id,
    )


def _older(version: str | None, than: str) -> bool:
    """Say whether a release is an older one; pre-releases count as their release."""
    return version is None or _release(version) < _release(than)


def _release(version: str) -> list[int]:
    numbers: list[int] = []
    for part in version.split("."):
        if not part.isascii() or not part.isdigit() or len(part) > 9:
            break
        numbers.append(int(part))
    return numbers
