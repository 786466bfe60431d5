"""Files that a person sends with a message: what the API takes and gives, and what crosses the device link."""

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from wegent_jupyter.protocol.access import printable
from wegent_jupyter.protocol.api import Attachment, Model
from wegent_jupyter.protocol.wire import Done, Wire, WireId

READ = "attachment:read"
"""Device to gateway: a part of an attachment of an attempt that it runs."""
CHUNK = 1 << 20
"""Bytes in one answer, at most."""

MAX_BYTES = 10 << 20
"""One attachment."""

_NAME_CHARS = 120


def file_name(given: str) -> str:
    """Return a name that every file system takes, with what can be shown of the given one."""
    shown = "".join("_" if char in '/\\:*?"<>|' else char for char in printable(given)).strip(" .")
    stem, dot, ending = shown.rpartition(".")
    if dot and stem and len(ending) <= 10:
        return f"{stem[: _NAME_CHARS - len(ending) - 1]}.{ending}"
    return shown[:_NAME_CHARS] or "attachment"


class NewAttachment(Model):
    """What `POST /attachments?name=…` says of its body, which is the file itself."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    type: Annotated[str, StringConstraints(max_length=200, pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/octet-stream"

    @field_validator("name")
    @classmethod
    def _fitting(cls, value: str) -> str:
        return file_name(value)


class Read(Wire):
    """`attachment:read`."""

    attempt_id: WireId
    attachment_id: WireId
    offset: int = Field(ge=0)


class ReadAnswer(Done):
    """Answer to it."""

    data: bytes = b""
    eof: bool = False


__all__ = ["CHUNK", "MAX_BYTES", "READ", "Attachment", "NewAttachment", "Read", "ReadAnswer", "file_name"]
