"""Devices: what is kept of each, and what is only true while it is connected."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wegent_jupyter.gateway.errors import NotFound
from wegent_jupyter.gateway.scheduler import DeviceKey
from wegent_jupyter.protocol.api import DEFAULT_SLOTS, Agent, DeviceStatus
from wegent_jupyter.protocol.channel import Channel
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.wire import AttemptVerdict, Register


def now() -> str:
    """Return the time as all our objects carry it: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat()


@dataclass(slots=True)
class Kept:
    """What the store has of a device."""

    device_id: str
    name: str
    """What it calls itself."""
    id: int = 0
    alias: str | None = None
    """The person's own name for it."""
    device_type: str = "local"
    bind_shell: str = "claudecode"
    embedded: bool = False
    is_default: bool = False
    slots: int = DEFAULT_SLOTS
    executor_version: str | None = None
    last_seen: str | None = None
    agents: list[dict[str, object]] = field(default_factory=list)
    workspace_root: str | None = None
    ours: bool = False
    """It is one of our executors, not one of Wegent's."""
    present: bool = False
    """It was not known to be away for longer than the reconnect window."""
    machine: str | None = None
    client_ip: str | None = None
    capabilities: list[str] = field(default_factory=list)
    runtime_transfer_host: str | None = None
    runtime_instance_id: str | None = None
    app_device_id: str | None = None


@dataclass(slots=True)
class DeviceEntry:
    """One device of one owner."""

    owner: str
    kept: Kept
    max_slots: int
    """The operator's limit."""
    channel: Channel | None = None
    ready: bool = False
    """It has read the answer to its registration, so that work may be sent."""
    boot_id: str | None = None
    lease: float | None = None
    """Seconds for which its turns are still believed to run; None while connected or confirmed offline."""
    leaving: bool = False
    """It said goodbye: when its connection ends, it is not waited for."""
    quiet: float = 0.0
    """Seconds since its last heartbeat, while it is connected."""
    problem: str | None = None
    verdicts: list[AttemptVerdict] = field(default_factory=list)
    """The answer to its registration, until it is known to have read it."""
    may_work: Callable[[], bool] = lambda: True
    """It gets new work; not by a token that has expired."""
    known: bool = False
    """It was online before, since this gateway started."""
    terminals_told: bool = False
    """It said which terminals it has, since it is connected."""
    removed: bool = False
    """It was deleted; who still holds this entry leaves it alone."""

    @property
    def key(self) -> DeviceKey:
        """Return what the scheduler calls it."""
        return self.owner, self.kept.device_id

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self.kept.alias or self.kept.name

    @property
    def connected(self) -> bool:
        """Say whether it has a living connection, registered to its end or not."""
        return self.channel is not None and not self.channel.closed

    @property
    def slots(self) -> int:
        """Return how many turns it may run at once."""
        return min(self.kept.slots, self.max_slots)

    @property
    def online(self) -> bool:
        """Say whether a message can be sent to it now."""
        return self.ready and self.connected

    @property
    def agents(self) -> list[Agent]:
        """Return the agents that it last reported."""
        return [Agent.model_validate(agent) for agent in self.kept.agents]

    def status(self, used: int) -> DeviceStatus:
        """Return the status as the feature page names it."""
        if self.online:
            return "busy" if used >= self.slots else "online"
        return "reconnecting" if self.lease is not None else "offline"


class Devices:
    """All devices by owner and id."""

    def __init__(self, default_slots: int, max_slots: int, ids: IdSource) -> None:
        """Give new devices `default_slots`, and none more than `max_slots`."""
        self._entries: dict[DeviceKey, DeviceEntry] = {}
        self._default_slots, self._max_slots, self._ids = default_slots, max_slots, ids

    def restore(self, owner: str, kept: Kept) -> DeviceEntry:
        """Put back a stored device; nobody is connected yet."""
        kept.id = kept.id or self._ids.mint()
        entry = DeviceEntry(owner, kept, self._max_slots)
        self._entries[entry.key] = entry
        return entry

    def known_or_new(self, owner: str, hello: Register) -> DeviceEntry:
        """Return the entry of a device that registers."""
        entry = self._entries.get((owner, hello.device_id))
        return entry or self.restore(owner, Kept(hello.device_id, hello.name, slots=self._default_slots))

    def remove(self, entry: DeviceEntry) -> None:
        """Forget a device."""
        entry.removed = True
        self._entries.pop(entry.key, None)

    def get(self, owner: str, device_id: str) -> DeviceEntry:
        """Return a device of an owner; raises NotFound."""
        entry = self._entries.get((owner, device_id))
        if entry is None:
            raise NotFound("Device", device_id)
        return entry

    def by_key(self, key: DeviceKey) -> DeviceEntry | None:
        """Return a device by what the scheduler calls it."""
        return self._entries.get(key)

    def of(self, owner: str) -> list[DeviceEntry]:
        """Return an owner's devices: the embedded one first, then by name."""
        mine = [entry for entry in self._entries.values() if entry.owner == owner]
        return sorted(mine, key=lambda entry: (not entry.kept.embedded, entry.name, entry.kept.device_id))

    def all(self) -> list[DeviceEntry]:
        """Return every device."""
        return list(self._entries.values())

    def default(self, owner: str) -> DeviceEntry | None:
        """Return the device for new tasks: the starred one, else a cloud device, else the embedded one."""
        mine = self.of(owner)
        ranked = [
            *(entry for entry in mine if entry.kept.is_default),
            *(entry for entry in mine if entry.kept.device_type == "cloud"),
            *(entry for entry in mine if entry.kept.embedded),
        ]
        return ranked[0] if ranked else None


def note_hello(kept: Kept, hello: Register, *, embedded: bool, address: str | None) -> None:
    """Take over what a device says of itself; `address` is from where it connected."""
    kept.name, kept.device_type, kept.bind_shell = hello.name, hello.device_type, hello.bind_shell
    kept.embedded, kept.executor_version, kept.last_seen = embedded, hello.executor_version, now()
    kept.client_ip, kept.capabilities = address or hello.client_ip, hello.capabilities or []
    kept.runtime_transfer_host, kept.app_device_id = hello.runtime_transfer_host, hello.app_device_id or None
    kept.runtime_instance_id, kept.present = hello.runtime_instance_id, True
    ours = hello.runtime_features.wegentJupyter if hello.runtime_features else None
    kept.ours = ours is not None
    kept.agents = [agent.model_dump() for agent in ours.agents] if ours else []
    kept.workspace_root, kept.machine = (ours.workspace_root, ours.machine) if ours else (None, None)
