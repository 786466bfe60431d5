"""One POST over a connection that is open, and as much of its answer as is looked at."""

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from wegent_jupyter._version import __version__
from wegent_jupyter.executor.personal.way import Streams, status_of

BODY_BYTES = 256 << 10
"""Of an answer that is looked at."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    location: str
    body: bytes


async def post(streams: Streams, url: str, headers: dict[str, str], body: dict[str, Any]) -> Answer:
    """Send a request, and read its answer as far as it is looked at; raises ValueError for what is not HTTP."""
    parts, data = urlsplit(url), json.dumps(body).encode()
    fields = {
        "Host": parts.netloc.encode("idna").decode(),
        "Content-Type": "application/json",
        "Content-Length": str(len(data)),
        "Accept": "application/json, text/event-stream",
        "Accept-Encoding": "identity",
        "User-Agent": f"wegent-jupyter/{__version__}",
        "Connection": "close",
        **headers,
        **(streams.forwarded or {}),
    }
    path = quote(parts.path, safe="/%!$&'()*+,;=:@~")
    target = path if streams.forwarded is None else f"{parts.scheme}://{fields['Host']}{path}"
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    streams.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + data)
    head = await streams.reader.readuntil(b"\r\n\r\n")
    told = _fields(head)
    return Answer(status_of(head), told.get("location", ""), await _body(streams.reader, told))


def _fields(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, told: dict[str, str]) -> bytes:
    """Read a body, or its beginning: by its length, in chunks, or to the end of the connection."""
    if "chunked" in told.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    left = min(int(told.get("content-length") or BODY_BYTES), BODY_BYTES)
    read = bytearray()
    while left > 0 and (more := await reader.read(left)):
        read += more
        left -= len(more)
    return bytes(read)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    read = bytearray()
    while len(read) < BODY_BYTES:
        size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
        if size <= 0:
            break
        read += await reader.readexactly(min(size, BODY_BYTES - len(read)))
        if len(read) < BODY_BYTES:
            await reader.readexactly(2)
    return bytes(read)
