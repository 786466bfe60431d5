"""The way from this device to a server: straight or through a proxy, with TLS; and what is in the way, in words.

Small on purpose: it serves tests of one request each, over asyncio's own streams. No error text repeats a password.
"""

import asyncio
import base64
import ipaddress
import socket
import ssl
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from wegent_jupyter.executor import network

HEAD_BYTES = 64 << 10
CONNECT_SECONDS = 10.0
GREETING_SECONDS = 8.0
"""For the first words of TLS or SOCKS: who waits for others says nothing."""
_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_SOCKS_REFUSALS = {
    2: "does not allow it",
    3: "has no network to it",
    4: "does not find or reach it",
    5: "was refused by it",
}
"""RFC 1928, 6; the rest are failures of the proxy's own."""


class Failed(Exception):
    """What is in the way, and what to do."""

    def __init__(self, text: str, fix: str | None = None) -> None:
        """Keep both."""
        super().__init__(text)
        self.text, self.fix = text, fix


class Streams(NamedTuple):
    """An open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    forwarded: dict[str, str] | None = None
    """Header fields for a proxy that reads the request itself and passes it on, as they do without TLS."""


def proxy_of(url: str, given: str | None) -> str | None:
    """Return the proxy for an address: the given one, else the environment's; none for what NO_PROXY names."""
    host = urlsplit(url).hostname or ""
    if not given or network.is_loopback(host) or urllib.request.proxy_bypass(host):
        return network.proxy_for(url)
    return given


@asynccontextmanager
async def opened(url: str, proxy: str | None, bundle: str | None = None) -> AsyncIterator[Streams]:
    """Connect to the host of an address; raises Failed, TimeoutError. `bundle`: certificates that are trusted, too."""
    parts = urlsplit(url)
    host, tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    if proxy is None:
        streams = await _direct(host, port)
    elif tls or not urlsplit(proxy).scheme.startswith("http"):
        streams = await through(proxy, host, port)
    else:
        streams = await _to_proxy(proxy)
        streams = streams._replace(forwarded=_authorization(urlsplit(proxy)))
    try:
        if tls:
            await _secure(streams.writer, host, f"{host}:{port}", bundle)
        yield streams
    finally:
        streams.writer.transport.abort()


async def through(proxy: str, host: str, port: int) -> Streams:
    """Connect to a host through a proxy; raises Failed, TimeoutError."""
    parts, name = urlsplit(proxy), _name(proxy)
    streams = await _to_proxy(proxy)
    try:
        talk = _socks if parts.scheme.startswith("socks") else _connect
        await talk(streams, parts, f"the proxy {name}", host, port)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        streams.writer.transport.abort()
        kind = "SOCKS5" if parts.scheme.startswith("socks") else "HTTP"
        text = f"The proxy {name} broke off: it is no {kind} proxy."
        raise Failed(text, "Check its port and its kind: http, https or socks5.") from error
    except BaseException:
        streams.writer.transport.abort()
        raise
    return streams


async def _to_proxy(proxy: str) -> Streams:
    parts, name = urlsplit(proxy), _name(proxy)
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS:
        raise Failed(f"The proxy {name} is of a kind that is not supported.", "Use an http, https or socks5 proxy.")
    streams = await _direct(host, parts.port or _DEFAULT_PORTS[parts.scheme], "the proxy ")
    try:
        if parts.scheme == "https":
            await _secure(streams.writer, host, name, None)
    except BaseException:
        streams.writer.transport.abort()
        raise
    return streams


def _name(proxy: str) -> str:
    """Return a proxy as it is shown, without name and password."""
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, '')}"


async def _direct(host: str, port: int, what: str = "") -> Streams:
    name = f"{what}{host}:{port}"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return Streams(*await asyncio.open_connection(host, port, limit=HEAD_BYTES))
    except TimeoutError:
        text = f"{_upper(name)} does not answer: there was no connection within {CONNECT_SECONDS:.0f} s."
        raise Failed(text, "Is that machine up, and does a firewall let this port through?") from None
    except (socket.gaierror, UnicodeError) as error:
        text = f"The name {host} is not known on this device."
        raise Failed(text, "Check its spelling, the DNS and the VPN of the device.") from error
    except ConnectionRefusedError as error:
        text = f"Nothing listens on {name}: the connection was refused."
        raise Failed(text, "Is the server running, and is the port right?") from error
    except OSError as error:
        text = f"{_upper(name)} cannot be reached from this device: {error.strerror or error}."
        raise Failed(text, "Check the network of the device.") from error


async def _secure(writer: asyncio.StreamWriter, host: str, name: str, bundle: str | None) -> None:
    try:
        context = await asyncio.to_thread(network.trust, bundle)
    except OSError as error:
        raise Failed(str(error)) from error
    try:
        await writer.start_tls(context, server_hostname=host, ssl_handshake_timeout=GREETING_SECONDS)
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate of {name} is not trusted on this device: {error.verify_message}."
        fix = "If it is the right server, let the device trust who issued it (SSL_CERT_FILE)."
        raise Failed(text, fix) from error
    except (ssl.SSLError, ConnectionError) as error:
        text = f"{_upper(name)} does not speak TLS."
        raise Failed(text, "Is it an http:// address, and is the port right?") from error


async def _connect(streams: Streams, proxy: SplitResult, name: str, host: str, port: int) -> None:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    fields = {"Host": authority, **_authorization(proxy)}
    lines = [f"CONNECT {authority} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    streams.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = await streams.reader.readuntil(b"\r\n\r\n")
    status = status_of(head)
    if status == 407:
        raise _unwelcome(name, proxy)
    if status // 100 != 2:
        text = f"{_upper(name)} refuses to connect to {authority} ({status})."
        raise Failed(text, "Ask who runs it to allow this host.")


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    both = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(both).decode()}"}


def status_of(head: bytes) -> int:
    """Return the status of an HTTP answer; raises ValueError."""
    words = head.split(b"\r\n", 1)[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3:
        raise ValueError("it does not speak HTTP")
    return int(words[1])


async def _socks(streams: Streams, proxy: SplitResult, name: str, host: str, port: int) -> None:
    """Ask a SOCKS5 proxy to connect (RFC 1928), with name and password (RFC 1929) if there are any."""
    reader, writer = streams.reader, streams.writer
    user, password = unquote(proxy.username or "").encode(), unquote(proxy.password or "").encode()
    writer.write(b"\x05\x02\x00\x02" if user else b"\x05\x01\x00")
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            version, method = await reader.readexactly(2)
    except TimeoutError:
        raise ValueError("it waits for something else") from None
    if version != 5:
        raise ValueError("not SOCKS5")
    if method == 2 and user:
        writer.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if (await reader.readexactly(2))[1] != 0:
            raise _unwelcome(name, proxy)
    elif method != 0:
        raise _unwelcome(name, proxy)
    writer.write(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2, "big"))
    _, reply, _, kind = await reader.readexactly(4)
    if reply != 0:
        why = _SOCKS_REFUSALS.get(reply, f"failed (SOCKS reply {reply})")
        raise Failed(f"{_upper(name)} does not connect to {host}:{port}: it {why}.", "Ask who runs it to allow this.")
    length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
    await reader.readexactly(length + 2)


def _socks_address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name: the proxy looks it up
        name = host.encode("idna")
        return bytes([3, len(name)]) + name
    return bytes([1 if address.version == 4 else 4]) + address.packed


def _unwelcome(name: str, proxy: SplitResult) -> Failed:
    fix = "Write them into its address: SCHEME://NAME:PASSWORD@HOST:PORT"
    if proxy.username is None:
        return Failed(f"{_upper(name)} wants a name and a password.", fix)
    return Failed(f"{_upper(name)} does not accept the name and password of its address.", fix)


def _upper(text: str) -> str:
    """Begin a sentence with a text; a host's name stays as it is."""
    return f"T{text[1:]}" if text.startswith("the ") else text
