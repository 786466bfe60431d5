"""Files that are sent with a prompt."""

import mimetypes
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.client import attaching
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol.api import MAX_ATTACHMENTS
from wegent_jupyter.protocol.attachments import MAX_BYTES


def attached(client: Client, paths: Sequence[str]) -> AbstractAsyncContextManager[list[int]]:
    """Upload files and give their ids; if that, or sending them, fails, none is left; raises BadInput."""
    if len(paths) > MAX_ATTACHMENTS:
        raise BadInput(f"{len(paths)} files are too many for one message: {MAX_ATTACHMENTS} are allowed.")
    return attaching.attached(client, _files(paths))


def _files(paths: Sequence[str]) -> Iterator[attaching.File]:
    for path in paths:
        type_ = mimetypes.guess_type(path)[0] or "application/octet-stream"
        yield attaching.File(Path(path).name, type_, _read(path))


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be attached: {error.strerror or error}.") from error
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"{path} cannot be attached: it has more than {MAX_BYTES >> 20} MiB. "
            "Put it into the task's directory and name it in the prompt."
        )
    return data
