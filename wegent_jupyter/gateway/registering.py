"""Who may register as which device, and which of two connections of one device is the one that counts."""

import logging
from collections.abc import Callable

from wegent_jupyter.gateway.credentials import REMOVED, CredentialEntry, Credentials
from wegent_jupyter.gateway.devices import DeviceEntry, Devices, note_hello
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import Channel, NotSent, Unanswered

log = logging.getLogger(__name__)

PING_SECONDS = 3.0
"""How long the connection that is there may take to show that it lives before a newcomer takes over."""

SECOND = (
    "Registration failed: another executor with this identity is connected and answers. Two processes cannot be one "
    "device. End one of them; or, if this home or machine is a copy, make it a device of its own: "
    "wegent-executor identity new"
)
HAS_KEY = (
    "Registration failed: this device joined and has a key of its own. Join it again if that is lost: "
    "wegent-executor join URL"
)
FOREIGN_KEY = "Registration failed: this key belongs to another device"
EMBEDDED = (
    "Registration failed: this is the identity of the server's own device. Give this one its own: "
    "wegent-executor identity new"
)
DELETED = "Registration failed: this device is being deleted"
REPLACED = "Registration failed: a newer connection of this device has taken over"
DISCONNECTED = "Client disconnected during device registration"


class NotRegistered(Exception):
    """A device is not taken in; the text is for whoever runs it."""


class Registrar:
    """Lets connections become devices."""

    def __init__(self, devices: Devices, credentials: Credentials) -> None:
        """Keep who is connected in `devices`."""
        self._devices, self._credentials = devices, credentials

    async def claim(
        self,
        owner: str,
        hello: wire.Register,
        channel: Channel,
        *,
        embedded: bool,
        credential: CredentialEntry | None,
        address: str | None,
    ) -> tuple[DeviceEntry, Channel | None]:
        """Make a connection the one of its device; returns also the earlier one; raises NotRegistered."""
        self._check(owner, hello, credential, embedded)
        ours = hello.runtime_features.wegentJupyter if hello.runtime_features else None
        boot_id = ours.boot_id if ours else None
        await self._wait_for_earlier(owner, hello.device_id, boot_id)
        if channel.closed:
            raise NotRegistered(DISCONNECTED)
        self._check(owner, hello, credential, embedded)  # it may have been deleted meanwhile
        device = self._devices.known_or_new(owner, hello)
        note_hello(device.kept, hello, embedded=embedded, address=address)
        earlier, device.channel, device.ready = device.channel, channel, False
        device.boot_id, device.may_work, device.leaving = boot_id, self.may_work(credential), False
        return device, earlier

    def _check(self, owner: str, hello: wire.Register, credential: CredentialEntry | None, embedded: bool) -> None:
        """Refuse a device that its credential is not for; the embedded one has none."""
        known = self._devices.by_key((owner, hello.device_id))
        if known is not None and known.kept.embedded and not embedded:
            raise NotRegistered(EMBEDDED)
        if credential is None:
            return
        if not self._credentials.alive(credential):
            raise NotRegistered("Registration failed: Invalid or expired token")
        if credential.kind == "device":
            if credential.device_id != hello.device_id:
                raise NotRegistered(FOREIGN_KEY)
        elif self._credentials.removed(owner, hello.device_id):
            raise NotRegistered(REMOVED)
        elif self._credentials.joined(owner, hello.device_id):
            raise NotRegistered(HAS_KEY)  # whoever has a token must not be able to take its place

    async def _wait_for_earlier(self, owner: str, device_id: str, boot_id: str | None) -> None:
        """Ask another process with this identity whether it lives; raises NotRegistered when it does.

        One that says nothing of its process, such as Wegent's own executors, is simply the newest of one process.
        """
        silent: Channel | None = None
        while (device := self._devices.by_key((owner, device_id))) is not None and device.connected:
            earlier = device.channel
            if earlier is None or earlier is silent or None in (boot_id, device.boot_id) or boot_id == device.boot_id:
                return
            if await answers(earlier):
                log.warning("A second executor with the identity %s was refused", device_id)
                raise NotRegistered(SECOND)
            silent = earlier

    def may_work(self, credential: CredentialEntry | None) -> Callable[[], bool]:
        """Return what says whether a device may get new work: not by a token that has expired."""
        return lambda: credential is None or not self._credentials.expired(credential)

    async def own_key(self, device: DeviceEntry, credential: CredentialEntry) -> tuple[CredentialEntry, str] | None:
        """Make the key of a device that came with an API token or key; None: it has one, or gets none now."""
        if credential.kind == "device" or not device.kept.ours:
            return None
        try:
            return await self._credentials.create_device_key(credential, device.kept.device_id, device.kept.name)
        except StoreFailed as error:
            log.error("Device %s gets its own key another time: %s", device.kept.device_id, error)
            return None


async def answers(channel: Channel) -> bool:
    """Say whether the other end of a connection lives: any answer shows it."""
    try:
        await channel.call(wire.PING, {}, PING_SECONDS)
    except (NotSent, Unanswered):
        return False
    return True
