"""A proxy's address as people give it: what is taken, and what may be shown of it."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.protocol.personal import MAX_PROXY_BYTES, PROXY_SCHEMES

EXAMPLE = "Give it as http://user:password@proxy.example.com:3128, or with https or socks5."
_PLAIN = re.compile(r"[!-~]+")
"""Visible ASCII: whatever else a user name or password has is percent-encoded in an address."""


@dataclass(slots=True, frozen=True)
class ProxyUrl:
    """A proxy's address that was taken."""

    url: str = field(repr=False)
    masked: str
    """`scheme://***:***@host:port`; without credentials `scheme://host:port` (wire §11.1)."""


def read_proxy(given: str) -> ProxyUrl:
    """Return an address as it is used, and as it is shown; raises Refused, which never repeats any of it."""
    url = given.strip()
    if len(url.encode(errors="replace")) > MAX_PROXY_BYTES:
        raise _invalid(f"It is longer than {MAX_PROXY_BYTES:,} bytes.")
    if not _PLAIN.fullmatch(url):
        raise _invalid("It holds a space or a character that an address does not have.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _invalid("Its host or port makes no sense.") from None
    if parts.scheme not in PROXY_SCHEMES:
        raise _invalid("It has to begin with http://, https:// or socks5://.")
    if not host or not port:
        raise _invalid("It needs a host and a port.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _invalid("Nothing may follow the port.")
    place = f"{f'[{host}]' if ':' in host else host}:{port}"
    credentials, at, _ = parts.netloc.rpartition("@")
    masked = f"{parts.scheme}://{'***:***@' if at else ''}{place}"
    return ProxyUrl(f"{parts.scheme}://{credentials}{at}{place}", masked)


def _invalid(why: str) -> Refused:
    return Refused(f"This address of a proxy cannot be used. {why}", code="proxy_invalid", fix=EXAMPLE)
