"""The way to the gateway: through which proxy, and which certificates are trusted."""

import os
import ssl
import struct
import sys
import urllib.request
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit


def proxy_for(url: str) -> str | None:
    """Return the proxy for an address, as HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say; may hold a password."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    host = parts.hostname or ""
    if not proxy or is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def is_loopback(host: str) -> bool:
    """Say whether a host is this computer itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class ForeignListener(OSError):
    """Another user of this computer listens where the gateway should; the text says who, `fix` what to do."""

    fix = "End that program, or take another port for the tunnel. A gateway of another user is reached by https."


def check_listener(url: str) -> None:
    """Raise ForeignListener where another user would get what we send: a port is anybody's when its tunnel breaks.

    TLS shows by itself who answers. Where the kernel does not say who listens, nothing is known, and nothing refused.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if sys.platform != "linux" or parts.scheme in ("https", "wss") or not is_loopback(host):
        return
    listening = _listening(parts.port or 80)
    for address in ("127.0.0.1", "::1") if host == "localhost" else (host,):
        for uid in _who_answers(address, listening):
            if uid not in (0, os.getuid(), os.geteuid()):
                raise ForeignListener(
                    f"Port {parts.port or 80} of this computer is held by another user ({_user(uid)}), not by your "
                    "gateway or a tunnel to it. Nothing was sent there."
                )


def _who_answers(address: str, listening: list[tuple[str, int]]) -> list[int]:
    """Return the users whose sockets take connections to an address: its own one goes before those of all addresses."""
    wanted = [address] if ":" in address else [address, f"::ffff:{address}"]
    for group in (wanted, ["0.0.0.0", "::"] if ":" not in address else ["::"]):  # noqa: S104 - nothing is bound
        known = {_as_in_proc(one) for one in group}
        if found := [uid for where, uid in listening if where in known]:
            return found
    return []


def _listening(port: int) -> list[tuple[str, int]]:
    """Return the address, as the kernel writes it, and the user of every socket that listens on a port."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for _, local, _, state, _, _, _, uid, *_ in map(str.split, lines):
            where, _, there = local.partition(":")
            if state == "0A" and int(there, 16) == port:
                found.append((where, int(uid)))
    return found


def _as_in_proc(address: str) -> str:
    packed = ip_address(address).packed
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def without_secret(url: str) -> str:
    """Return an address without name and password, to be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def trust(bundle: str | None) -> ssl.SSLContext:
    """Trust what the system does (SSL_CERT_FILE, SSL_CERT_DIR) and the authorities of a bundle; raises OSError."""
    context = ssl.create_default_context()
    bundle = bundle or os.environ.get("REQUESTS_CA_BUNDLE") or None
    if bundle:
        path = Path(bundle).expanduser()
        try:
            if path.is_dir():
                context.load_verify_locations(capath=str(path))
            else:
                context.load_verify_locations(cafile=str(path))
        except OSError as error:  # ssl.SSLError is one
            raise OSError(f"The certificates in {path} cannot be read: {error.strerror or error}.") from error
    return context
