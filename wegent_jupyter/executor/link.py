"""The device link over Socket.IO: connect, serve, connect again."""

import asyncio
import json
import logging
import sqlite3
import ssl
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import socketio
from socketio.exceptions import BadNamespaceError, DisconnectedError
from socketio.exceptions import ConnectionError as ConnectFailed
from socketio.exceptions import TimeoutError as AckTimeout

from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.device import Device, Refused
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered

log = logging.getLogger(__name__)

CONNECT_SECONDS = 30.0
FIRST_DELAY, MAX_DELAY = 0.2, 30.0
EMBEDDED_MAX_DELAY = 2.0
"""Seconds between tries, doubling. The embedded device's server is on this machine: it may be asked often."""


@dataclass(slots=True, frozen=True)
class Target:
    """Where the gateway is. `unix`: Jupyter's socket file; `ca`: the certificate to trust."""

    url: str
    token: str
    unix: str | None = None
    ca: str | None = None


def target_of(settings: Settings) -> Target | None:
    """Return where to connect now; None when nobody says so yet."""
    if settings.embedded is None:
        return Target(settings.backend_url, settings.auth_token) if settings.backend_url else None
    try:
        return Target(**json.loads(settings.embedded.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        log.debug("No server to connect to: %s", error)
        return None


class SocketChannel:
    """A Channel over one connection of python-socketio's client."""

    def __init__(self, client: socketio.AsyncClient) -> None:
        """Wrap a client that is about to connect."""
        self._client = client
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def closed(self) -> bool:
        """Say whether the connection ended."""
        return self._ended.done()

    def end(self) -> None:
        """Note that the connection ended."""
        if not self._ended.done():
            self._ended.set_result(None)

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        """Send; raises NotSent."""
        try:
            await self._client.emit(event, data, namespace=wire.NAMESPACE)
        except (BadNamespaceError, DisconnectedError) as error:
            raise NotSent from error

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        """Send and wait for the ack, at most until the connection ends; raises NotSent or Unanswered."""
        if self.closed:
            raise NotSent
        # python-socketio leaves a pending call alone when the connection ends, so the end is raced.
        asked = asyncio.ensure_future(self._client.call(event, data, namespace=wire.NAMESPACE, timeout=timeout))
        await asyncio.wait({asked, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
            raise Unanswered
        try:
            return asked.result()
        except (BadNamespaceError, DisconnectedError) as error:
            raise NotSent from error
        except (AckTimeout, asyncio.CancelledError) as error:
            raise Unanswered from error

    async def close(self, reason: str) -> None:
        """Disconnect."""
        log.info("Disconnecting: %s", reason)
        await self._client.disconnect()


class Link:
    """Keeps a device connected to its gateway."""

    def __init__(self, settings: Settings, device: Device) -> None:
        """Connect nothing yet."""
        self._settings, self._device = settings, device
        self.connected = False

    async def run(self) -> None:
        """Connect and serve for ever; a failed try is followed by a longer pause."""
        longest = EMBEDDED_MAX_DELAY if self._settings.embedded else MAX_DELAY
        delay = FIRST_DELAY
        while True:
            target = target_of(self._settings)
            if target is not None and await self._try(target):
                delay = FIRST_DELAY
            await asyncio.sleep(delay)
            delay = min(delay * 2, longest)

    async def _try(self, target: Target) -> bool:
        """Serve one connection; says whether it was ever registered."""
        async with aiohttp.ClientSession(connector=_connector(target)) as session:
            client = socketio.AsyncClient(
                reconnection=False,
                handle_sigint=False,
                http_session=session,
                websocket_extra_options=_websocket_options(target),
            )
            channel = SocketChannel(client)
            self._listen(client, channel)
            try:
                await self._connect(client, target)
                self.connected = True
                await self._device.serve(channel)
            except ConnectFailed as error:
                log.info("Cannot connect to %s: %s", target.url, error)
                return False
            except (Refused, NotSent, Unanswered) as error:
                log.warning("The gateway at %s did not register this device: %s", target.url, error)
                return False
            except sqlite3.OperationalError as error:
                # A full disk: what runs goes on, and the next try may find room.
                log.error("The journal cannot be written: %s", error)
                return False
            finally:
                self.connected = False
                channel.end()
                await client.disconnect()
        return True

    def _listen(self, client: socketio.AsyncClient, channel: SocketChannel) -> None:
        async def on_any(event: str, data: Any = None) -> Any:
            return await self._device.handle(channel, event, data)

        async def on_disconnect(_reason: str = "") -> None:
            channel.end()
            self._device.wake()

        client.on("*", on_any, namespace=wire.NAMESPACE)
        client.on("disconnect", on_disconnect, namespace=wire.NAMESPACE)

    async def _connect(self, client: socketio.AsyncClient, target: Target) -> None:
        parts = urlsplit(target.url)
        await client.connect(
            f"{parts.scheme}://{parts.netloc}",
            auth={"token": target.token},
            namespaces=[wire.NAMESPACE],
            transports=["websocket"],
            # python-socketio ignores the path of the URL.
            socketio_path=f"{parts.path.strip('/')}/socket.io".lstrip("/"),
            wait_timeout=CONNECT_SECONDS,
        )


def _connector(target: Target) -> aiohttp.BaseConnector:
    if target.unix:
        return aiohttp.UnixConnector(path=target.unix)
    if target.ca:
        context = ssl.create_default_context(cafile=target.ca)
        # The server's own certificate, read from its file: it is pinned, whatever name it carries.
        context.check_hostname = False
        return aiohttp.TCPConnector(ssl=context)
    return aiohttp.TCPConnector()


def _websocket_options(target: Target) -> dict[str, Any]:
    options: dict[str, Any] = {"max_msg_size": wire.MAX_MESSAGE_BYTES}
    parts = urlsplit(target.url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not target.unix and not urllib.request.proxy_bypass(parts.hostname or ""):
        options["proxy"] = proxy  # aiohttp looks up `wss`, not `https`, so it has to be told
    return options
