"""Transcripts of tasks as files: written whole or not at all, and read again to go on with the task."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeGuard

from wegent_jupyter.client.client import ApiError, Client
from wegent_jupyter.client.export import KEY, VERSION, notebook
from wegent_jupyter.client.seen import SeenTask, SeenTurn, look
from wegent_jupyter.protocol.changes import FileDiff

MAX_BYTES: Final = 100 << 20
"""Of a notebook that is read."""
MAX_DIFFS: Final = 50
"""Files of one turn of which the diff is saved."""
DIFFS_SECONDS: Final = 60.0
"""For all of them: a device may be slow to answer, and a transcript is one without them."""
MAX_TASK: Final = 1 << 53


class BadTranscript(ValueError):
    """A transcript that cannot be written or read there; the message says why and what to do."""


@dataclass(slots=True, frozen=True)
class Reference:
    """The task of a transcript."""

    task_id: int
    gateway: str | None
    """Whose number that is."""


async def save(client: Client, task_id: int, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a task's transcript and return where; raises BadTranscript, ApiError, Unreachable."""
    target = check(path, overwrite=overwrite)
    seen = await look(client, task_id)
    made = notebook(seen, await diffs(client, seen), target.name)
    write(target, made, overwrite=overwrite)
    return target


async def diffs(client: Client, seen: SeenTask) -> Mapping[int, Sequence[FileDiff]]:
    """Return the diffs of the files that each turn changed, as far as its device still has and tells them."""
    found: dict[int, Sequence[FileDiff]] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DIFFS_SECONDS):
            for turn in seen.turns:
                # Not kept any more, or the device is away: the list of files says enough.
                with contextlib.suppress(ApiError):
                    found[turn.turn.id] = [
                        await client.diff(seen.task.id, turn.turn.id, path) for path in _paths(turn)[:MAX_DIFFS]
                    ]
    return found


def _paths(turn: SeenTurn) -> list[str]:
    """Return the files that a turn changed; what its device says of them is not checked anywhere."""
    files = [one for item in turn.items if item["kind"] == "changes" for one in item.get("files") or []]
    return [one["path"] for one in files if isinstance(one, dict) and isinstance(one.get("path"), str)]


def check(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return where a transcript would be written; raises BadTranscript when it cannot be."""
    target = _expanded(path)
    try:
        return _checked(target, overwrite=overwrite)
    except OSError as error:  # such as a name that is too long
        raise BadTranscript(f"{target} cannot be written: {error.strerror or error}.") from error


def _expanded(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise BadTranscript(f"{path} names the folder of somebody whom this computer does not know.") from error


def _checked(target: Path, *, overwrite: bool) -> Path:
    if target.suffix != ".ipynb":
        raise BadTranscript(f"A transcript is a notebook: give {target.name or 'it'} a name that ends in .ipynb.")
    if not target.parent.is_dir():
        raise BadTranscript(f"There is no folder {target.parent}: make it first, or choose another.")
    if target.is_dir():
        raise BadTranscript(f"{target} is a folder: choose another name.")
    if os.path.lexists(target) and not overwrite:
        raise BadTranscript(f"{target} exists: choose another name, or allow that it is overwritten (overwrite).")
    return target


def write(target: Path, made: Any, *, overwrite: bool = False) -> None:
    """Write a notebook in one step; raises BadTranscript."""
    import nbformat

    # Beside it, as only a rename within one file system is one step.
    draft = target.with_name(f".wegent-{secrets.token_hex(8)}.part")
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(nbformat.writes(made))
        _put(draft, target, overwrite=overwrite)
    except FileExistsError as error:
        raise BadTranscript(f"{error.filename2 or error.filename} exists: choose another name.") from error
    except OSError as error:
        raise BadTranscript(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _put(draft: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        draft.replace(target)
        return
    try:
        os.link(draft, target)  # fails if somebody made one meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with target.open("x"):
            pass
        draft.replace(target)


def read(path: str | Path) -> Reference:
    """Return the task of a transcript; raises BadTranscript for any file that is none."""
    import nbformat

    source = _expanded(path)
    try:
        data = _bounded(source)
    except OSError as error:
        raise BadTranscript(f"{source} cannot be read: {error.strerror or error}.") from error
    try:
        found = nbformat.reads(data.decode(), as_version=4)
    except (ValueError, TypeError, AttributeError, KeyError, nbformat.ValidationError, RecursionError) as error:
        raise BadTranscript(f"{source} is no notebook that can be read; is it damaged?") from error
    metadata = found.get("metadata") if isinstance(found, dict) else None
    return _reference(source, metadata.get(KEY) if isinstance(metadata, dict) else None)


def _bounded(source: Path) -> bytes:
    """Return what a file holds; raises BadTranscript for what is no file, and OSError."""
    if not source.is_file() and source.exists():  # a pipe or a device may never end
        raise BadTranscript(f"{source} cannot be read: it is no file.")
    with source.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadTranscript(f"{source} has more than {MAX_BYTES >> 20} MiB: it is no transcript of Wegent.")
    return data


def _reference(source: Path, about: Any) -> Reference:
    if not isinstance(about, dict):
        raise BadTranscript(f"{source} names no task: it was not saved by Wegent. Save one with `task.to_notebook(…)`.")
    version, task_id, gateway = (about.get(key) for key in ("version", "task_id", "gateway"))
    if isinstance(version, int) and version > VERSION:
        raise BadTranscript(f"{source} was saved by a newer wegent-jupyter: update this one.")
    if version == VERSION and _is_number(task_id) and (gateway is None or _is_name(gateway)):
        return Reference(task_id, gateway)
    raise BadTranscript(f"What {source} says of its task makes no sense; was it edited? Save the task once more.")


def _is_number(task_id: Any) -> TypeGuard[int]:
    return isinstance(task_id, int) and not isinstance(task_id, bool) and 0 < task_id < MAX_TASK


def _is_name(gateway: Any) -> TypeGuard[str]:
    return isinstance(gateway, str) and 0 < len(gateway) <= 100
