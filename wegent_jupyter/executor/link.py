"""The device link over Socket.IO: connect, serve, connect again."""

import asyncio
import contextlib
import json
import logging
import random
import sqlite3
import ssl
import time
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
import socketio
from socketio.exceptions import ConnectionError as ConnectFailed

from wegent_jupyter.executor import delays, network
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.credentials import Credential, Credentials
from wegent_jupyter.executor.device import Device, Refused
from wegent_jupyter.executor.socket_channel import SocketChannel
from wegent_jupyter.executor.status import Reporter
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered

log = logging.getLogger(__name__)

CONNECT_SECONDS = 30.0
CLOSE_SECONDS = 3.0
EMBEDDED_FIRST, EMBEDDED_LONGEST = 0.2, 2.0
"""Seconds between tries. The embedded device's server is on this machine: it may be asked often."""
STEADY_SECONDS = 2.0
"""A connection that lived so long counts as good: when it ends, the next try is at once."""
WATCH_SECONDS = 2.0
ASLEEP_SECONDS = 5.0
"""When the clock, or this process, is so far off, the machine slept or the clock was set: the connection is probed."""
PROBE_SECONDS = 5.0
_PASSING = (
    "Server is not ready",
    "Server is shutting down",
    "Authentication service unavailable",
    "Too many device connection attempts",
    "Client disconnected during",
)
"""Refusals that pass by themselves (Wegent's backend/app/api/ws/device_namespace.py, and ours)."""
Outcome = Literal["served", "failed", "refused", "again"]


@dataclass(slots=True, frozen=True)
class Target:
    """Where the gateway is. `unix`: Jupyter's socket file; `ca`: the certificate to trust, and no other."""

    url: str
    token: str
    unix: str | None = None
    ca: str | None = None


class ServerRefused(Exception):
    """The gateway does not take the credential; the text is its reason."""


def embedded_target(settings: Settings) -> Target | None:
    """Return where the server that started us is now; None when it did not say so yet."""
    if settings.embedded is None:
        return None
    try:
        return Target(**json.loads(settings.embedded.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        log.debug("No server to connect to: %s", error)
        return None


class Link:
    """Keeps a device connected to its gateway."""

    def __init__(self, settings: Settings, device: Device, reporter: Reporter) -> None:
        """Connect nothing yet."""
        self._settings, self._device, self._reporter = settings, device, reporter
        self._credentials = Credentials(settings)
        self._channel: SocketChannel | None = None
        self._hurry = asyncio.Event()
        self._failures = 0
        self._cause: tuple[str, str | None] | None = None
        self._shown = Credential("", "token")
        self.connected = False

    @property
    def _url(self) -> str:
        return self._settings.backend_url or "this computer's Jupyter server"

    async def run(self) -> None:
        """Connect and serve for ever: again at once when a connection ends, then after a longer and longer pause."""
        if self._settings.embedded is None:
            self._reporter.tell("starting", self._url)
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                began = time.monotonic()
                outcome = await self._once()
                await self._pause(outcome, time.monotonic() - began)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _pause(self, outcome: Outcome, lasted: float) -> None:
        timing = self._settings.timing
        first, longest = timing.first_retry, timing.longest_retry
        if self._settings.embedded is not None:
            first, longest = EMBEDDED_FIRST, EMBEDDED_LONGEST
        if outcome == "again":
            return
        if outcome == "served" and lasted >= STEADY_SECONDS:
            self._failures = 0
        chance = random.random()  # noqa: S311 - spreads load, hides nothing
        if outcome == "refused":
            seconds = delays.long_pause(longest, chance)
        else:
            seconds = delays.pause(self._failures, first, longest, chance)
        self._failures += outcome == "served"
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    async def _once(self) -> Outcome:
        """Make one connection and serve it to its end."""
        try:
            target = await self._target()
            if target is None:
                return self._waits()
            return await self._serve(target)
        except ServerRefused as error:
            return self._server_refused(str(error))
        except (Refused, NotSent, Unanswered) as error:
            reason = str(error) or "It did not answer the registration."
            return self._refused(reason) if isinstance(error, Refused) else await self._failed(reason)
        except sqlite3.OperationalError as error:
            # A full disk: what runs goes on, and the next try may find room.
            return await self._failed(f"The journal cannot be written: {error}.", "Free disk space on this device.")
        except network.ForeignListener as error:
            return await self._failed(str(error), error.fix)
        except (ConnectFailed, aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            return await self._unreached(error)

    async def _target(self) -> Target | None:
        if self._settings.embedded is not None:
            return embedded_target(self._settings)
        credential = self._credentials.current()
        if credential is None:
            return None
        self._shown = credential
        if credential.kind == "join code":
            return await self._redeem(credential)
        return Target(self._settings.socket_url or self._settings.backend_url, credential.secret)

    async def _redeem(self, code: Credential) -> Target:
        """Exchange a join code for a key of our own; raises ServerRefused, OSError."""
        from wegent_jupyter.executor import joining  # once in the life of a home

        settings = self._settings
        try:
            joined = await asyncio.to_thread(joining.ask, settings, settings.backend_url, code.secret)
        except joining.Passing as error:
            raise ConnectionError(str(error)) from error
        except joining.NotAllowed as error:
            raise ServerRefused(str(error)) from error
        if joined.key is None:
            raise ServerRefused("The join code was not accepted.")
        self._keep(joined.key, joined.gateway_id)
        return Target(settings.socket_url or settings.backend_url, joined.key)

    async def _serve(self, target: Target) -> Outcome:
        async with aiohttp.ClientSession(connector=_connector(target, self._settings)) as session:
            client = socketio.AsyncClient(
                reconnection=False,
                handle_sigint=False,
                http_session=session,
                websocket_extra_options=_websocket_options(target),
            )
            channel = SocketChannel(client)
            refusals = self._listen(client, channel)
            try:
                await _connect(client, target, refusals)
                self._channel = channel
                await self._device.serve(channel, self._registered)
            finally:
                self.connected, self._channel = False, None
                channel.end()
                with contextlib.suppress(TimeoutError):  # half-open: the session closes it
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await client.disconnect()
        self._reporter.tell("reconnecting", self._url, "The connection ended.")
        return "served"

    def _registered(self, ack: wire.RegisterAck) -> None:
        """Note that the gateway took us, and keep the key that it gave; raises Refused."""
        extension = ack.wegentJupyter
        expected = self._shown.gateway_id if self._settings.embedded is None else None
        if expected is not None and (extension is None or extension.gateway_id != expected):
            raise Refused("Another gateway answers there than the one that gave this device its key")
        self.connected, self._cause = True, None
        if extension is not None and extension.device_key and self._settings.embedded is None:
            self._keep(extension.device_key, extension.gateway_id)
        self._reporter.tell("connected", self._url)

    def _keep(self, key: str, gateway_id: str | None) -> None:
        """Use a key from now on, even where it cannot be stored: it is given once."""
        self._shown = Credential(key, "device key", gateway_id)
        try:
            self._credentials.keep(key, gateway_id)
        except OSError as error:
            log.error("The device's key cannot be kept, it is good until this process ends: %s", error)

    def _listen(self, client: socketio.AsyncClient, channel: SocketChannel) -> list[str]:
        """Hand on what arrives; returns a list that will hold why the server refuses, if it does."""
        refusals: list[str] = []

        async def on_any(event: str, data: Any = None) -> Any:
            return await self._device.handle(channel, event, data)

        async def on_disconnect(_reason: str = "") -> None:
            channel.end()
            self._device.wake()

        async def on_refused(data: Any = None) -> None:
            if isinstance(data, dict) and data.get("message"):  # else the connection failed before it could be asked
                refusals.append(str(data["message"])[:1000])

        client.on("*", on_any, namespace=wire.NAMESPACE)
        client.on("disconnect", on_disconnect, namespace=wire.NAMESPACE)
        client.on("connect_error", on_refused, namespace=wire.NAMESPACE)
        return refusals

    # What came of a try, said once.

    def _waits(self) -> Outcome:
        if self._settings.embedded is not None:
            self._failures += 1
            return "failed"
        fix = f"Run: wegent-executor join {self._url}"
        self._reporter.tell("not joined", self._url, "There is neither a key nor a token for this gateway.", fix)
        return "refused"

    def _server_refused(self, reason: str) -> Outcome:
        if reason.startswith(_PASSING):
            return self._passing(reason)
        if self._settings.embedded is None and self._credentials.refuse(self._shown.secret):
            log.warning("The gateway does not take the %s (%s): trying the other one", self._shown.kind, reason)
            return "again"
        return self._refused(reason)

    def _refused(self, reason: str) -> Outcome:
        if reason.startswith(_PASSING) or self._settings.embedded is not None:  # that server says anew where it is
            return self._passing(reason)
        words = reason.lower()
        about_credential = any(one in words for one in ("token", "key", "code", "credential")) and "join" not in words
        fix = f"Let it join again: wegent-executor join {self._url}" if about_credential else None
        self._failures += 1
        self._reporter.tell("refused", self._url, f"{reason.rstrip('.')}.", fix)
        return "refused"

    def _passing(self, reason: str) -> Outcome:
        self._failures += 1
        self._reporter.tell("reconnecting", self._url, f"{reason}.")
        return "failed"

    async def _failed(self, reason: str, fix: str | None = None) -> Outcome:
        self._failures += 1
        self._reporter.tell("reconnecting", self._url, reason, fix)
        return "failed"

    async def _unreached(self, error: Exception) -> Outcome:
        """Find out why there was no connection, now and then, and say it."""
        self._failures += 1
        count = self._failures
        if self._settings.embedded is not None:
            log.info("Cannot connect to the server: %s", error)
            return "failed"
        if self._cause is None or count & (count - 1) == 0 or count % 8 == 0:
            from wegent_jupyter.executor import diagnose  # only when there is something to find out

            found = await asyncio.to_thread(diagnose.cause, diagnose.route(self._settings))
            self._cause = (found.text, found.fix) if found else (f"{str(error) or type(error).__name__}.", None)
        self._reporter.tell("reconnecting", self._url, *self._cause)
        return "failed"

    # Sleep, and keys that others bring.

    async def _watch(self) -> None:
        """Notice that the machine slept, and that a person joined again meanwhile."""
        wall, steady = time.time(), time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now_wall, now_steady = time.time(), time.monotonic()
            behind = max(abs(now_wall - wall), now_steady - steady) - WATCH_SECONDS
            wall, steady = now_wall, now_steady
            if behind > ASLEEP_SECONDS:
                log.info("This process or its machine slept for %.0f s, or the clock was set", behind)
                self._hurry.set()
                await self._probe()
            if self._settings.embedded is None and self._credentials.changed():
                self._hurry.set()
                self._end("The key was changed")

    async def _probe(self) -> None:
        channel = self._channel
        if channel is not None and self.connected and not await self._device.alive(channel, PROBE_SECONDS):
            self._end("The gateway does not answer any more")

    def _end(self, reason: str) -> None:
        if self._channel is not None:
            log.info("Disconnecting: %s", reason)
            self._channel.end()
            self._device.wake()


async def check(settings: Settings) -> str | None:
    """Show the credential to the gateway without registering, and return why it was refused, if it was."""
    credential = Credentials(settings).current()
    if credential is None:
        return "There is none."
    target = Target(settings.socket_url or settings.backend_url, credential.secret)
    refusals: list[str] = []

    async def on_refused(data: Any = None) -> None:
        if isinstance(data, dict):
            refusals.append(str(data.get("message")))

    async with aiohttp.ClientSession(connector=_connector(target, settings)) as session:
        client = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            http_session=session,
            websocket_extra_options=_websocket_options(target),
        )
        client.on("connect_error", on_refused, namespace=wire.NAMESPACE)
        try:
            await _connect(client, target, refusals)
        except ServerRefused as error:
            return str(error)
        finally:
            await client.disconnect()
    return None


async def _connect(client: socketio.AsyncClient, target: Target, refusals: list[str]) -> None:
    """Connect; raises ServerRefused, and much else when the server is not reached."""
    foreign: list[network.ForeignListener] = []

    def credential() -> dict[str, str]:
        """Return what shows who we are, once somebody answers: since the first look another may have taken the port."""
        try:
            _check_listener(target)
        except network.ForeignListener as error:
            foreign.append(error)
            return {}
        return {"token": target.token}

    _check_listener(target)
    parts = urlsplit(target.url)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await client.connect(
                f"{parts.scheme}://{parts.netloc}",
                auth=credential,
                namespaces=[wire.NAMESPACE],
                transports=["websocket"],
                # python-socketio ignores the path of the URL.
                socketio_path=f"{parts.path.strip('/')}/socket.io".lstrip("/"),
                wait_timeout=CONNECT_SECONDS,
            )
    except (ConnectFailed, TimeoutError) as error:
        if foreign:
            raise foreign[0] from error
        if refusals:
            raise ServerRefused(refusals[0]) from error
        raise
    if foreign:
        raise foreign[0]


def _check_listener(target: Target) -> None:
    """Raise ForeignListener where another user would get what we send."""
    if target.unix is None:
        network.check_listener(target.url)


def _connector(target: Target, settings: Settings) -> aiohttp.BaseConnector:
    if target.unix:
        return aiohttp.UnixConnector(path=target.unix)
    if target.ca:
        context = ssl.create_default_context(cafile=target.ca)
        # The server's own certificate, read from its file: it is pinned, whatever name it carries.
        context.check_hostname = False
        return aiohttp.TCPConnector(ssl=context)
    if settings.embedded is None and target.url.startswith("https:"):
        return aiohttp.TCPConnector(ssl=network.trust(settings.ca_bundle))
    return aiohttp.TCPConnector()


def _websocket_options(target: Target) -> dict[str, Any]:
    options: dict[str, Any] = {"max_msg_size": wire.MAX_MESSAGE_BYTES}
    proxy = None if target.unix else network.proxy_for(target.url)
    if proxy:
        options["proxy"] = proxy  # aiohttp looks up `wss`, not `https`, so it has to be told
    return options
