"""Fetch what a person attached to a message, so that the agent finds it as files on the device."""

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.executor.journal import Key
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.attachments import READ, Attachment, Read, ReadAnswer, file_name
from wegent_jupyter.protocol.channel import Channel, NotSent, Unanswered

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.2
KEEP_SECONDS = 30 * 86_400.0
"""After a task's last attachment."""


class Attachments:
    """The attachments of one executor home, and the connection over which they come."""

    def __init__(self, home: Path) -> None:
        """Keep them below `home`, by task and attempt."""
        self._folder = home / "attachments"
        self._channel: Channel | None = None
        self._gateway = ""
        self._connected = asyncio.Event()

    def of_task(self, task_id: int) -> Path:
        """Return where the attachments of a task are: agents may read them in every mode."""
        return self._folder / str(task_id)

    def connected(self, channel: Channel, gateway: str) -> None:
        """Ask a gateway over this connection."""
        self._channel, self._gateway = channel, gateway
        self._connected.set()
        self._tidy()

    def disconnected(self) -> None:
        """Wait for the next connection."""
        self._channel = None
        self._connected.clear()

    async def fetch(self, key: Key, task_id: int, attachments: Sequence[Attachment]) -> str:
        """Bring files to the device and return what to tell the agent of them; raises AgentFailed.

        A connection that ends in between is waited for.
        """
        if not attachments:
            return ""
        folder = self.of_task(task_id) / str(key[1])
        try:
            await asyncio.to_thread(self._tidy)
            await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
            paths = [await self._fetch(key, one, folder) for one in attachments]
        except OSError as error:
            message = f"The attachments could not be stored on the device: {error.strerror or error}."
            raise AgentFailed("device_storage", message, "Free disk space on the device.") from error
        return _told(list(zip(paths, attachments, strict=True)))

    async def _fetch(self, key: Key, attachment: Attachment, folder: Path) -> Path:
        path = _free(folder, attachment.name)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                done = 0
                while done < attachment.size:
                    part = await self._part(key, attachment, done)
                    await asyncio.to_thread(file.write, part)
                    done += len(part)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    async def _part(self, key: Key, attachment: Attachment, offset: int) -> bytes:
        """Return bytes from an offset, at least one and no more than were announced; raises AgentFailed."""
        question = Read(attempt_id=key[1], attachment_id=attachment.id, offset=offset)
        answer = await self._ask(key[0], question)
        if not answer.success:
            raise _failed(attachment, answer.message or "the gateway does not give it")
        if not answer.data or (answer.eof and offset + len(answer.data) < attachment.size):
            raise _failed(attachment, "it is shorter than was announced")
        if offset + len(answer.data) > attachment.size:
            raise _failed(attachment, "it is longer than was announced")
        return answer.data

    async def _ask(self, gateway: str, question: Read) -> ReadAnswer:
        while True:
            await self._connected.wait()
            channel = self._channel
            if channel is not None and self._gateway == gateway:
                with contextlib.suppress(NotSent, Unanswered):
                    told = await channel.call(READ, question.model_dump(), wire.CALL_SECONDS)
                    if channel is self._channel:
                        return _answer(told)
            # The end of a connection is noticed a little later than what it does to a call.
            await asyncio.sleep(RETRY_SECONDS)

    def _tidy(self) -> None:
        """Remove what belongs to tasks that had no attachment for 30 days."""
        oldest = time.time() - KEEP_SECONDS
        for task in list(self._folder.iterdir()) if self._folder.is_dir() else []:
            with contextlib.suppress(OSError):
                if task.stat().st_mtime < oldest:
                    shutil.rmtree(task)


def _answer(told: object) -> ReadAnswer:
    try:
        return ReadAnswer.model_validate(told)
    except ValidationError as error:
        return ReadAnswer(success=False, message=f"the gateway's answer makes no sense ({error.errors()[0]['msg']})")


def _failed(attachment: Attachment, why: str) -> AgentFailed:
    text = f"The attachment {attachment.name} could not be fetched: {why.rstrip('.')}."
    return AgentFailed("attachment_failed", text, "Attach it again.")


def _free(folder: Path, given: str) -> Path:
    """Return a path for a file of this name that is not there, on file systems that do not tell a from A as well."""
    name = file_name(given)
    taken = {one.name.lower() for one in folder.iterdir()}
    stem, dot, ending = name.rpartition(".")
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}.{ending}" if dot and stem else f"{file_name(given)}-{number}"
    return folder / name


def _told(files: list[tuple[Path, Attachment]]) -> str:
    lines = [f"- {path} ({one.type}, {one.size:,} bytes)" for path, one in files]
    return "\n".join(["", "", "Attached files, on this device:", *lines])
