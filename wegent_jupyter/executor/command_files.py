"""Commands that the device answers itself: what is in its workspaces. Each returns JSON with Wegent's names."""

import base64
import json
import os
import stat
from datetime import UTC, datetime
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

MAX_ENTRIES = 5_000
MAX_TREE = 4 << 20
"""Bytes of a directory's entries as JSON: the gateway takes 5 MiB."""
TEXT_BYTES, CHUNK_BYTES = 256 << 10, 1 << 20
"""Wegent's limits of `workspace_read_text_file` and `workspace_read_file_chunk`."""


class NotDone(Exception):
    """What cannot be answered; the text says why."""


def tree(path: Path) -> dict[str, Any]:
    """List a directory, directories first; raises NotDone."""
    try:
        with os.scandir(path) as found:
            entries = [one for entry in islice(found, MAX_ENTRIES) if (one := _entry(entry)) is not None]
    except OSError as error:
        raise NotDone(f"{path} cannot be listed: {error.strerror}") from error
    entries.sort(key=lambda one: (not one["is_directory"], one["name"].lower(), one["name"]))
    fitting = _fitting(entries)
    truncated = len(entries) >= MAX_ENTRIES or len(fitting) < len(entries)
    return {"path": str(path), "entries": fitting, "truncated": truncated}


def _fitting(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sizes = accumulate(len(json.dumps(one)) + 2 for one in entries)
    return [one for one, size in zip(entries, sizes, strict=True) if size <= MAX_TREE]


def read_text(path: Path) -> dict[str, Any]:
    """Return the beginning of a text file, at most 256 KiB; raises NotDone."""
    data, found = _read(path, 0, TEXT_BYTES)
    text = data.decode("utf-8", errors="replace")
    return {"success": True, **_about(path, found), "content": text, "truncated": found.st_size > len(data)}


def read_chunk(path: Path, offset: str = "0") -> dict[str, Any]:
    """Return at most 1 MiB of a file from an offset; raises NotDone."""
    if not offset.isascii() or not offset.isdigit() or len(offset) > 18:
        raise NotDone("offset has to be a number of bytes")
    start = int(offset)
    data, found = _read(path, start, CHUNK_BYTES)
    content = base64.b64encode(data).decode()
    eof = start + len(data) >= found.st_size
    return {"success": True, **_about(path, found), "content_base64": content, "offset": start, "eof": eof}


def _entry(entry: os.DirEntry[str]) -> dict[str, Any] | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return None
    return {
        "name": entry.name,
        "path": entry.path,
        "is_directory": stat.S_ISDIR(found.st_mode),
        "size": found.st_size,
        "modified_at": _when(found),
    }


def folders_within(root: Path) -> str:
    """List the directories in the directories of one, a line each; links are none."""
    found = [inner for outer in _folders(root) for inner in _folders(outer)]
    return "".join(f"{path}\n" for path in found)


def _folders(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            return sorted(path / entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:  # it is none, or cannot be read
        return []


def _read(path: Path, offset: int, limit: int) -> tuple[bytes, os.stat_result]:
    try:
        # Not to wait for the other end of a pipe, nor to follow a link that was put here since the path was checked.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise NotDone(f"{path} is not a file")
            file.seek(offset)
            return file.read(limit), found
    except OSError as error:
        raise NotDone(f"{path} cannot be read: {error.strerror}") from error


def _about(path: Path, found: os.stat_result) -> dict[str, Any]:
    return {"path": str(path), "name": path.name, "size": found.st_size, "modified_at": _when(found)}


def _when(found: os.stat_result) -> str:
    return datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
