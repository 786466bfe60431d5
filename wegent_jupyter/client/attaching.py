"""Files that are sent with a message."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from wegent_jupyter.client.client import ApiError, Client, Unreachable


@dataclass(slots=True, frozen=True)
class File:
    """What is to be sent."""

    name: str
    type: str
    """Its media type."""
    data: bytes


@contextlib.asynccontextmanager
async def attached(client: Client, files: Iterable[File]) -> AsyncIterator[list[int]]:
    """Upload files, one after the other, and give their ids; if that, or sending them, fails, none is left."""
    ids: list[int] = []
    try:
        for file in files:
            ids.append((await client.attach(file.name, file.type, file.data)).id)
        yield ids
    except BaseException:
        for one in ids:
            with contextlib.suppress(ApiError, Unreachable):
                await client.detach(one)
        raise
