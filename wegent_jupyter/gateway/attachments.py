"""Files that people send with messages: kept here until their device has fetched them, and for the transcript."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wegent_jupyter.gateway.devices import now
from wegent_jupyter.gateway.errors import Conflict, NotFound, TooLarge, TooMany, Unavailable
from wegent_jupyter.gateway.store import project_records
from wegent_jupyter.gateway.store.records import Row
from wegent_jupyter.gateway.store.store import Store
from wegent_jupyter.protocol.api import Attachment
from wegent_jupyter.protocol.attachments import CHUNK, MAX_BYTES, NewAttachment
from wegent_jupyter.protocol.ids import IdSource

MAX_UNSENT_BYTES = 20 * MAX_BYTES
"""What one owner may have uploaded and not sent."""
UNSENT_DAYS = 1


class Attachments:
    """The attachments of all owners: what they are in the store, their bytes in a directory."""

    def __init__(self, store: Store, directory: Path, ids: IdSource) -> None:
        """Keep the bytes in `directory`, which is made when first needed."""
        self._store, self._directory, self._ids = store, directory, ids
        self._adding = asyncio.Lock()
        """Two uploads at once are counted one after the other."""

    async def open(self) -> None:
        """Forget what was uploaded long ago and never sent."""
        await self._forget_old(await self._store.read(project_records.unsent_attachments))

    async def add(self, owner: str, new: NewAttachment, data: bytes) -> Attachment:
        """Keep a file; raises Refused."""
        check_attachment_size(len(data))
        async with self._adding:
            return await self._add(owner, new, data)

    async def _add(self, owner: str, new: NewAttachment, data: bytes) -> Attachment:
        rows = await self._store.read(lambda connection: project_records.unsent_attachments(connection, owner))
        unsent = await self._forget_old(rows)
        if sum(row["size"] for row in unsent) + len(data) > MAX_UNSENT_BYTES:
            raise TooMany(
                "Too much was uploaded and not sent.", code="too_many_attachments", fix="Send or remove some."
            )
        made = Attachment(id=self._ids.mint(), name=new.name, type=new.type, size=len(data))
        try:
            await asyncio.to_thread(self._write, made.id, data)
        except OSError as error:
            text = f"Nothing was stored: {error.strerror or error}."
            raise Unavailable(text, code="store_failed", fix="Free disk space.") from error
        row = {**made.model_dump(), "created_at": now()}
        try:
            await self._store.write(lambda c: project_records.add_attachment(c, owner, made.id, row))
        except BaseException:
            await asyncio.to_thread(self._unlink, [made.id])
            raise
        return made

    async def content(self, owner: str, attachment_id: int) -> tuple[Attachment, bytes]:
        """Return a file of an owner; raises NotFound."""
        found = await self._load(owner, [attachment_id])
        if not found:
            raise NotFound("Attachment", attachment_id)
        try:
            return found[0][0], await asyncio.to_thread(self._path(attachment_id).read_bytes)
        except FileNotFoundError:
            raise NotFound("Attachment", attachment_id) from None

    async def remove(self, owner: str, attachment_id: int) -> None:
        """Forget what was not sent; raises Refused."""
        found = await self._load(owner, [attachment_id])
        if not found:
            raise NotFound("Attachment", attachment_id)
        if found[0][1] is not None:
            raise Conflict("It was sent: it stays with its message.", code="attachment_sent")
        await self._remove([attachment_id])

    async def unsent(self, owner: str, ids: Sequence[int]) -> list[Attachment]:
        """Return what is about to be sent; raises NotFound, Conflict."""
        found = await self._load(owner, ids) if ids else []
        missing = set(ids) - {one.id for one, _ in found}
        if missing:
            raise NotFound("Attachment", min(missing))
        if any(turn_id is not None for _, turn_id in found):
            raise Conflict("This file was sent with another message.", code="attachment_sent", fix="Attach it again.")
        return [one for one, _ in found]

    async def sent(self, attachments: Sequence[Attachment], turn_id: int) -> None:
        """Note with which turn they went."""
        ids = [one.id for one in attachments]
        if ids:
            await self._store.write(lambda connection: project_records.send_attachments(connection, ids, turn_id))

    async def part(self, attachment_id: int, offset: int) -> tuple[bytes, bool]:
        """Return bytes from an offset, and whether they are the last; raises NotFound."""

        def read() -> tuple[bytes, bool]:
            with self._path(attachment_id).open("rb") as file:
                file.seek(offset)
                data = file.read(CHUNK)
                return data, file.tell() >= os.fstat(file.fileno()).st_size

        try:
            return await asyncio.to_thread(read)
        except FileNotFoundError:
            raise NotFound("Attachment", attachment_id) from None

    async def _forget_old(self, unsent: list[Row]) -> list[Row]:
        """Forget what was uploaded long ago and never sent; returns the rest."""
        oldest = (datetime.now(UTC) - timedelta(days=UNSENT_DAYS)).isoformat()
        await self._remove([row["id"] for row in unsent if row["created_at"] < oldest])
        return [row for row in unsent if row["created_at"] >= oldest]

    async def _load(self, owner: str, ids: Sequence[int]) -> list[tuple[Attachment, int | None]]:
        rows = await self._store.read(lambda connection: project_records.load_attachments(connection, owner, ids))
        return [(Attachment.model_validate(data), turn_id) for data, turn_id in rows]

    async def _remove(self, ids: Sequence[int]) -> None:
        if ids:
            await self._store.write(lambda connection: project_records.remove_attachments(connection, ids))
            await asyncio.to_thread(self._unlink, ids)

    def _path(self, attachment_id: int) -> Path:
        return self._directory / str(attachment_id)

    def _write(self, attachment_id: int, data: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(attachment_id)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
        except OSError:
            path.unlink(missing_ok=True)
            raise

    def _unlink(self, ids: Sequence[int]) -> None:
        for attachment_id in ids:
            with contextlib.suppress(FileNotFoundError):
                self._path(attachment_id).unlink()


def check_attachment_size(size: int) -> None:
    """Refuse a file that is too large."""
    if size > MAX_BYTES:
        raise TooLarge(
            f"The file has {size:,} bytes; {MAX_BYTES:,} are allowed.",
            code="attachment_too_large",
            fix="Put it into the task's folder and name it in the message.",
        )
