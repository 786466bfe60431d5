"""Answer what the gateway asks about the changes of attempts: which, one file before and after, take them back."""

import asyncio
import codecs
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from wegent_jupyter.executor.changes.contained import Folder, state
from wegent_jupyter.executor.changes.records import Record
from wegent_jupyter.executor.changes.reverting import InTheWay, Reverting
from wegent_jupyter.executor.changes.snapshots import Store
from wegent_jupyter.executor.changes.trees import Change, Outside, folders_of
from wegent_jupyter.executor.changes.watching import Changes
from wegent_jupyter.executor.changes.words import describe, name_some
from wegent_jupyter.executor.git import GitFailed
from wegent_jupyter.protocol.changes import (
    FILE,
    LIST,
    MAX_FILES,
    MAX_TEXT,
    REVERT,
    ChangesAnswer,
    ChangesQuestion,
    FileAnswer,
    FileQuestion,
    FileState,
    Now,
    RevertAnswer,
    RevertQuestion,
)
from wegent_jupyter.protocol.wire import Done, Wire

BATCH_BYTES = 32 << 20
"""Of contents that are in memory at the same time, beside one file."""
NAMED = 10
"""Files that a refusal names."""
MAX_PATHS = 10_000
"""In an answer."""
SNIFFED = 8_000
"""Bytes in which a NUL says that it is no text, as for git."""
_Q = TypeVar("_Q", bound=Wire)
Answer = dict[str, Any]


class Refused(Exception):
    """What is not done; the text says why."""

    def __init__(self, code: str, message: str) -> None:
        """`code` is for programs."""
        super().__init__(message)
        self.code = code


class ChangeAnswers:
    """The answers of one device. `busy` says whether a turn runs in a directory."""

    def __init__(self, changes: Changes, busy: Callable[[Path], bool]) -> None:
        """Answer from these records."""
        self._changes, self._busy = changes, busy

    def questions(self, gateway: Callable[[], str]) -> dict[str, Callable[[Answer], Awaitable[Answer]]]:
        """Return what answers each question, of the gateway that is connected."""

        def answering(
            model: type[_Q], work: Callable[[str, _Q], Awaitable[Done]]
        ) -> Callable[[Answer], Awaitable[Answer]]:
            async def answer(data: Answer) -> Answer:
                # What is put back is put back whole, also when the connection ends meanwhile.
                return await asyncio.shield(asyncio.create_task(_answer(model, work, gateway(), data)))

            return answer

        return {
            LIST: answering(ChangesQuestion, self._list),
            FILE: answering(FileQuestion, self._file),
            REVERT: answering(RevertQuestion, self._revert),
        }

    async def _list(self, gateway: str, question: ChangesQuestion) -> Done:
        record, store = await self._find(gateway, question.attempt_id)
        changes, _ = await self._changes.changes(store, record, lines=True)
        states = await asyncio.to_thread(_states, Path(record.workspace), changes[:MAX_FILES])
        items = [FileState(**describe(one).model_dump(), now=now) for one, now in zip(changes, states, strict=False)]
        return ChangesAnswer(success=True, workspace=record.workspace, items=items, total=len(changes))

    async def _file(self, gateway: str, question: FileQuestion) -> Done:
        record, store = await self._find(gateway, question.attempt_id)
        changes, _ = await self._changes.changes(store, record)
        [change, *_] = _chosen(changes, [question.path])
        sides = [None if side is None else side[1] for side in (change.before, change.after)]
        contents = await store.contents([oid for oid in sides if oid is not None])
        before, after = (None if oid is None else contents[oid] for oid in sides)
        [now] = await asyncio.to_thread(_states, Path(record.workspace), [change])
        binary = any(data is not None and b"\0" in data[:SNIFFED] for data in (before, after))
        return FileAnswer(
            success=True,
            status=change.status,
            now=now,
            binary=binary,
            truncated=any(data is not None and len(data) > MAX_TEXT for data in (before, after)),
            before=None if binary else _text(before),
            after=None if binary else _text(after),
        )

    async def _revert(self, gateway: str, question: RevertQuestion) -> Done:
        record, store = await self._find(gateway, question.attempt_id)
        workspace = Path(record.workspace)
        async with store.lock:
            if self._busy(workspace):
                raise Refused("busy", "A turn runs in this folder. Stop it, or let it end.")
            changes, outside = await self._changes.changes(store, record)
            chosen = _chosen(changes, question.paths)
            existed = await self._existed(store, record, chosen, outside)
            folder = await asyncio.to_thread(_open, workspace)
            with folder:
                await _put_back(store, Reverting(folder, chosen, lambda one: not existed(one)))
        return RevertAnswer(success=True, paths=[one.path for one in chosen][:MAX_PATHS])

    async def _find(self, gateway: str, attempt_id: int) -> tuple[Record, Store]:
        record = await self._changes.find((gateway, attempt_id))
        if record is None:
            raise Refused("no_changes", "This turn changed no files, or its changes are not kept any more.")
        return record, self._changes.stores.of_record(record)

    @staticmethod
    async def _existed(
        store: Store, record: Record, changes: Iterable[Change], outside: Outside
    ) -> Callable[[bytes], bool]:
        """Return what says of a folder, with a slash at its end, whether it was there before the turn."""
        if all(one.before is not None for one in changes):
            return lambda _folder: True
        names = await store.names(record.before, os.fsencode(record.prefix))
        others = outside.unfit | outside.hidden | outside.empty
        known = {folder for name in (*names, *others) for folder in folders_of(name)}
        # What was in a folder that is in no snapshot is not known.
        return lambda folder: folder in known or any(one in others for one in folders_of(folder))


async def _answer(model: type[_Q], work: Callable[[str, _Q], Awaitable[Done]], gateway: str, data: Answer) -> Answer:
    """Return the answer to one question, or why there is none."""
    try:
        done = await work(gateway, model.model_validate(data))
    except ValidationError as error:
        first = error.errors()[0]
        done = Done(success=False, code="malformed", message=f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except Refused as error:
        done = Done(success=False, code=error.code, message=str(error))
    except InTheWay as error:
        names = name_some(error.names, NAMED)
        text = f"Nothing was taken back, since these files are not as this turn left them: {names}."
        done = Done(success=False, code="changed_since", message=text)
    except GitFailed as error:
        done = Done(success=False, code="not_kept", message=str(error))
    except OSError as error:
        done = Done(success=False, code="device_storage", message=f"Nothing was taken back: {error.strerror or error}.")
    return done.model_dump()


def _chosen(changes: list[Change], paths: Sequence[str] | None) -> list[Change]:
    """Return the changes of these paths, or all; raises Refused."""
    if paths is None:
        return changes
    wanted = set(paths)
    unknown = sorted(wanted - {one.path for one in changes})
    if unknown:
        raise Refused("no_changes", f"This turn did not change {name_some([one.encode() for one in unknown], NAMED)}.")
    return [one for one in changes if one.path in wanted]


def _states(workspace: Path, changes: list[Change]) -> list[Now]:
    try:
        folder = Folder(workspace)
    except OSError:  # it is gone, and with it all that was in it
        return [state(None, one) for one in changes]
    with folder:
        return [state(folder, one) for one in changes]


def _open(workspace: Path) -> Folder:
    try:
        if workspace.resolve() == workspace:
            return Folder(workspace)
    except (OSError, RuntimeError) as error:
        raise Refused("no_workspace", f"The folder {workspace} cannot be opened: {error}.") from error
    raise Refused("no_workspace", f"The folder {workspace} is not there any more: a link is in its place.")


async def _put_back(store: Store, reverting: Reverting) -> None:
    """Take changes back: all, or, where an error is raised, none; raises InTheWay, GitFailed, OSError."""
    try:
        wanted = await asyncio.to_thread(reverting.check)
        sizes = await store.sizes(one.before[1] for one in wanted if one.before is not None)
        for batch in _batches(wanted, sizes):
            contents = await store.contents([one.before[1] for one in batch if one.before is not None])
            await asyncio.to_thread(reverting.prepare, contents, batch)
        await asyncio.to_thread(reverting.put)
    finally:
        await asyncio.to_thread(reverting.clean)


def _batches(changes: list[Change], sizes: dict[str, int]) -> Iterator[list[Change]]:
    """Split changes so that the contents of each part fit into memory."""
    batch, size = list[Change](), 0
    for change in changes:
        batch.append(change)
        size += sizes[change.before[1]] if change.before is not None else 0
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _text(data: bytes | None) -> str | None:
    """Return the beginning of a text, cut between two characters; what is no UTF-8 is replaced."""
    if data is None:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(data[:MAX_TEXT], final=len(data) <= MAX_TEXT)
