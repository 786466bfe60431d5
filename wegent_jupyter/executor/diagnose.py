"""Find out why a gateway is not reached, by asking again step by step: name, port, proxy, TLS, HTTP, WebSocket.

The Socket.IO client has one error for all of it. This uses plain sockets of the standard library, in a thread.
"""

import base64
import email.utils
import http.client
import io
import os
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from wegent_jupyter.executor import network
from wegent_jupyter.executor.config import Settings

SECONDS = 8.0
"""For each step."""
HEAD_BYTES = 64 << 10
BODY_BYTES = 64 << 10
Step = Literal["address", "name", "port", "proxy", "certificate", "http", "websocket"]


@dataclass(slots=True, frozen=True)
class Route:
    """Where the gateway is, and how it is reached."""

    url: str
    ca_bundle: str | None = None
    proxy: str | None = None


@dataclass(slots=True, frozen=True)
class Finding:
    """What came of one step. `text` is a sentence, `fix` what to do."""

    step: Step
    ok: bool
    text: str
    fix: str | None = None
    clock_ahead: float | None = None
    """Seconds by which this machine's clock is ahead of the server's."""


class Failed(Exception):
    """A step that failed."""

    def __init__(self, step: Step, text: str, fix: str | None = None) -> None:
        """Keep what is told."""
        super().__init__(text)
        self.finding = Finding(step, False, text, fix)


def route(settings: Settings) -> Route:
    """Return how the gateway of these settings is reached."""
    url = settings.socket_url or settings.backend_url
    return Route(url, settings.ca_bundle, network.proxy_for(url))


def cause(route: Route) -> Finding | None:
    """Return why the gateway is not reached; None if it is, now."""
    return next((finding for finding in examine(route) if not finding.ok), None)


def examine(route: Route) -> Iterator[Finding]:
    """Go the way to the gateway, as far as it leads."""
    way = _Way(route)
    try:
        for step in (way.find, way.connect, way.ask, way.upgrade):
            yield from step()
    except Failed as error:
        yield error.finding
    except TimeoutError:
        yield Finding(
            way.step,
            False,
            f"{way.name} did not answer within {SECONDS:.0f} s.",
            "Is it overloaded, or does a firewall swallow what is sent?",
        )
    except (OSError, ValueError, http.client.HTTPException) as error:
        yield Finding(way.step, False, f"{way.name} broke off: {str(error) or type(error).__name__}.")
    finally:
        way.close()


@dataclass(slots=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class _Way:
    """The way to one gateway."""

    def __init__(self, route: Route) -> None:
        self._route, self._url = route, urlsplit(route.url)
        self._proxy = urlsplit(route.proxy) if route.proxy else None
        self._tls = self._url.scheme == "https"
        self._open: socket.socket | None = None
        self._looks_like_ours = False
        self._page: str | None = None
        self.step: Step = "address"
        self.name = self._url.netloc

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def find(self) -> Iterator[Finding]:
        """Find the host that is asked first: the proxy, if there is one."""
        if not self._url.hostname:
            raise Failed("address", f"{self._route.url} names no host.")
        if self._proxy is not None:
            self.step = "proxy"
            if self._proxy.scheme not in ("http", "https"):
                text = f"The proxy {network.without_secret(self._proxy.geturl())} is of a kind that is not supported."
                raise Failed("proxy", text, "Set HTTPS_PROXY to an HTTP proxy, or NO_PROXY to go around it.")
            yield Finding("proxy", True, f"The way leads through the proxy {self._proxy_name}.")
        self.step = "name"
        host, port = self._first
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            what = "proxy" if self._proxy else "host"
            raise Failed(
                "name",
                f"The {what} name {host} is not known here ({getattr(error, 'strerror', None) or error}).",
                "Check its spelling, the DNS and the VPN of this machine.",
            ) from error
        yield Finding("name", True, f"{host} is known.")

    def connect(self) -> Iterator[Finding]:
        """Reach the port, and come to an understanding about the certificate."""
        self._open = self._reach()
        what = "the proxy" if self._proxy else self.name
        yield Finding("port", True, f"{what} accepts connections.")
        if self._tls:
            if self._proxy is not None:
                yield Finding("proxy", True, "The proxy let us through.")
            yield Finding("certificate", True, "Its certificate is trusted.")

    def ask(self) -> Iterator[Finding]:
        """Ask in plain HTTP."""
        self.step = "http"
        answer = self._get("transport=polling", {})
        self._judge(answer)
        self._looks_like_ours = "Only WebSocket connections" in answer.text or answer.body.startswith(
            (b'0{"sid"', b'{"code":')
        )
        self._page = answer.headers.get("Server")
        yield Finding("http", True, "It answers HTTP.", clock_ahead=_clock_ahead(answer))

    def upgrade(self) -> Iterator[Finding]:
        """Open the WebSocket, and look whether a gateway is at its end."""
        self.step = "websocket"
        self.close()
        self._open = self._reach()
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        try:
            answer = self._get("transport=websocket", headers)
        except (TimeoutError, OSError, http.client.HTTPException) as error:
            raise self._blocked("was not answered") from error
        if answer.status != 101:
            raise self._blocked(f"was answered with {answer.status}")
        if not self._opened(answer.body):
            raise Failed("websocket", f"{self._route.url} is not a Wegent gateway: it opens other WebSockets.", _WHERE)
        yield Finding("websocket", True, "A gateway answers through a WebSocket.")

    def _blocked(self, what: str) -> Failed:
        if not self._looks_like_ours:
            return Failed("websocket", f"{self._route.url} is not a Wegent gateway.", _WHERE)
        between = f"the proxy {self._proxy_name}" if self._proxy else "a proxy or firewall on the way"
        return Failed(
            "websocket",
            f"The gateway is there, but the WebSocket {what}: {between} blocks WebSockets.",
            "Allow WebSockets there, set NO_PROXY for this host, use https, or join over SSH (Add device shows how).",
        )

    # Steps of steps.

    @property
    def _first(self) -> tuple[str, int]:
        parts = self._proxy or self._url
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def _proxy_name(self) -> str:
        return self._proxy.netloc.rpartition("@")[2] if self._proxy else ""

    @property
    def _authority(self) -> str:
        return f"{self._url.hostname}:{self._url.port or (443 if self._tls else 80)}"

    def _reach(self) -> socket.socket:
        """Return a connection to the server: TCP, through the proxy, with TLS."""
        self.step = "port"
        made = self._tcp()
        try:
            if self._proxy is not None and self._proxy.scheme == "https":
                made = _secured(made, self._proxy.hostname or "", self._route.ca_bundle, self._proxy_name)
            if self._tls:
                if self._proxy is not None:
                    self._through(made, self._proxy)
                self.step = "certificate"
                made = _secured(made, self._url.hostname or "", self._route.ca_bundle, self.name)
        except TimeoutError as error:
            made.close()
            if self.step == "certificate" and self._answers_without_tls():
                raise _no_tls(self.name) from error
            raise
        except BaseException:
            made.close()
            raise
        return made

    def _answers_without_tls(self) -> bool:
        """Say whether a server that is silent in TLS answers plain HTTP."""
        if self._proxy is not None:
            return False
        try:
            with self._tcp() as made:
                made.sendall(f"HEAD / HTTP/1.0\r\nHost: {self._url.netloc}\r\n\r\n".encode())
                return made.recv(5) == b"HTTP/"
        except (OSError, Failed):
            return False

    def _tcp(self) -> socket.socket:
        host, port = self._first
        what = f"the proxy {self._proxy_name}" if self._proxy else self.name
        try:
            return socket.create_connection((host, port), timeout=SECONDS)
        except ConnectionRefusedError as error:
            fix = "Is the server running, and is the port right?"
            if host in ("localhost", "127.0.0.1", "::1") and not self._proxy:
                fix += " If it was an SSH tunnel, it has ended: start it again."
            raise Failed("port", f"Nothing listens on {what}: the connection was refused.", fix) from error
        except TimeoutError as error:
            fix = "Is that machine up, and does a firewall let this port through?"
            raise Failed("port", f"{what} did not answer within {SECONDS:.0f} s.", fix) from error
        except OSError as error:
            raise Failed(
                "port", f"{what} cannot be reached: {error.strerror or error}.", "Check the network of this machine."
            ) from error

    def _through(self, made: socket.socket, proxy: SplitResult) -> None:
        """Let the proxy connect us to the server."""
        self.step = "proxy"
        head = f"CONNECT {self._authority} HTTP/1.1\r\nHost: {self._authority}\r\n"
        made.sendall((head + _proxy_authorization(proxy) + "\r\n").encode())
        answer = _read(made, body=False)
        if answer.status != 200:
            raise self._proxy_refused(answer.status)

    def _proxy_refused(self, status: int) -> Failed:
        if status == 407:
            text = f"The proxy {self._proxy_name} asks for a name and a password, or does not take the ones given."
            return Failed("proxy", text, "Put them into HTTPS_PROXY: http://NAME:PASSWORD@HOST:PORT")
        text = f"The proxy {self._proxy_name} refuses to connect to {self._authority} ({status})."
        return Failed("proxy", text, "Ask who runs it to allow this, or set NO_PROXY for this host.")

    def _get(self, query: str, headers: dict[str, str]) -> _Answer:
        if self._open is None:
            raise OSError("not connected")
        path = f"{self._url.path}/socket.io/?EIO=4&{query}"
        plain_proxy = self._proxy is not None and not self._tls
        target = f"{self._url.scheme}://{self._url.netloc}{path}" if plain_proxy else path
        lines = [f"GET {target} HTTP/1.1", f"Host: {self._url.netloc}", "User-Agent: wegent-executor"]
        lines += [f"{name}: {value}" for name, value in ({"Connection": "close"} | headers).items()]
        proxied = _proxy_authorization(self._proxy) if plain_proxy and self._proxy else ""
        self._open.sendall(("\r\n".join(lines) + "\r\n" + proxied + "\r\n").encode())
        return _read(self._open, body=not headers)

    def _judge(self, answer: _Answer) -> None:
        """Look at a plain answer; raises Failed for one from which no gateway will come."""
        status, url = answer.status, self._route.url
        if status == 407 and self._proxy:
            raise self._proxy_refused(status)
        if status in (401, 403):
            if self._proxy and not self._tls and "Server" not in answer.headers:
                raise self._proxy_refused(status)
            raise Failed(
                "http",
                f"{self.name} does not let us in at all ({status}).",
                "If it is Jupyter, it may refuse this host name: start it with ServerApp.allow_remote_access=True. "
                "If a login page is in front of it, let /wegent/ through.",
            )
        location = answer.headers.get("Location", "")
        # Jupyter sends whoever asks for a path that it does not have to the same without the slash at its end.
        if status == 404 or (300 <= status < 400 and urlsplit(location).path == f"{self._url.path}/socket.io"):
            fix = "Copy the address from Add device in JupyterLab: it ends in /wegent, after the server's base URL."
            raise Failed("http", f"{url} is not there (404): the path is wrong, or Wegent is not installed.", fix)
        if 300 <= status < 400:
            raise self._redirected(location)
        if status in (502, 503, 504):
            text = f"{self.name} answers, but the gateway behind it does not ({status})."
            raise Failed("http", text, "It may be starting, or Wegent runs in another server on that machine.")
        if status >= 500:
            raise Failed("http", f"{self.name} has an error of its own ({status}).", "Look into its log.")
        if status == 400 and "HTTPS port" in answer.text:
            raise Failed("http", f"{self.name} speaks TLS.", f"Use https://{self.name}{self._url.path}")

    def _redirected(self, location: str) -> Failed:
        shown = location.partition("?")[0]
        if location.startswith("https:") and not self._tls:
            return Failed("http", f"{self.name} sends us to TLS.", f"Use https://{self.name}{self._url.path}")
        if "/hub/" in location:
            fix = "Start your server in JupyterHub, and give its address: …/user/YOUR-NAME/wegent"
            return Failed("http", f"{self.name} is JupyterHub, and this server is not running there.", fix)
        return Failed("http", f"{self.name} sends us to {shown or 'another place'}: the path is wrong.", _WHERE)

    def _opened(self, frames: bytes) -> bool:
        """Say whether the first frame is Engine.IO's."""
        until = time.monotonic() + SECONDS
        while len(frames) < 4 and self._open is not None and time.monotonic() < until:
            more = self._open.recv(1024)
            if not more:
                return False
            frames += more
        start = 2 if frames[1] < 126 else 4  # a server's frame: two bytes, or four for a longer one, then the text
        return frames[:1] == b"\x81" and frames[start : start + 2] == b"0{"


_WHERE = "Copy the address from Add device in JupyterLab: it ends in /wegent."


def _proxy_authorization(proxy: SplitResult) -> str:
    if proxy.username is None:
        return ""
    both = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(both.encode()).decode()}\r\n"


def _read(made: socket.socket, *, body: bool) -> _Answer:
    """Read an answer: its head, and what came with it or, with `body`, what follows until the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = made.recv(8192)
        if not more or len(data) > HEAD_BYTES:
            raise http.client.RemoteDisconnected("it closed the connection without an answer")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    line, _, fields = head.partition(b"\r\n")
    words = line.decode("latin-1").split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise http.client.BadStatusLine("it does not speak HTTP")
    headers = http.client.parse_headers(io.BytesIO(fields + b"\r\n\r\n"))
    length = int(headers.get("Content-Length") or BODY_BYTES) if body else 0
    while body and len(rest) < min(length, BODY_BYTES) and (more := made.recv(8192)):
        rest += more
    return _Answer(int(words[1]), headers, rest)


def _clock_ahead(answer: _Answer) -> float | None:
    try:
        return time.time() - email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None


def _secured(made: socket.socket, host: str, bundle: str | None, name: str) -> socket.socket:
    """Speak TLS over a connection; raises Failed that names what is wrong with it."""
    try:
        context = network.trust(bundle)
    except OSError as error:
        raise Failed("certificate", str(error), "Correct connection.ca_bundle, or REQUESTS_CA_BUNDLE.") from error
    try:
        return context.wrap_socket(made, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise _distrusted(error, name) from error
    except ssl.SSLError as error:
        if error.reason in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"):
            raise _no_tls(name) from error
        raise Failed("certificate", f"There is no secure connection to {name}: {error.reason or error}.") from error


def _no_tls(name: str) -> Failed:
    return Failed("certificate", f"{name} does not speak TLS.", f"Use http:// instead of https:// for {name}.")


def _distrusted(error: ssl.SSLCertVerificationError, name: str) -> Failed:
    """Say what is wrong with a certificate (X509_V_ERR_… of OpenSSL's x509_vfy.h)."""
    code = error.verify_code
    give = "If it is the right server, give its certificate: wegent-executor join --ca FILE URL"
    if code == 10:
        return Failed("certificate", f"The certificate of {name} has expired.", "Renew it; is this clock right?")
    if code == 9:
        return Failed("certificate", f"The certificate of {name} is not valid yet.", "Is the clock here right?")
    if code in (62, 64):
        text = f"The certificate of {name} is for another name."
        return Failed("certificate", text, "Use the name that it is for.")
    if code in (18, 19):
        return Failed("certificate", f"The certificate of {name} is self-signed, so nothing vouches for it.", give)
    if code in (2, 20, 21):
        text = f"The certificate of {name} was issued by an authority that is not known here."
        return Failed("certificate", text, f"{give} (a company's proxy has an authority of its own).")
    return Failed("certificate", f"The certificate of {name} is not trusted: {error.verify_message}.", give)
