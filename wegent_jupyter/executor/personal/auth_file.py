"""Put a person's saved Codex login where Codex on this device reads it, or read it from there (wire §11.2).

A file that is there is never changed. What is written is there whole or not at all.
"""

import contextlib
import json
import os
import secrets
import stat
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from wegent_jupyter.executor.agents import codex_login
from wegent_jupyter.executor.personal.presence import is_blank
from wegent_jupyter.protocol.personal import CODEX_TARGET, MAX_AUTH_BYTES

VARIABLES = tuple(f"WEGENT_RUNTIME_CONFIG_{name}" for name in ("RUNTIME", "TARGET_PATH", "CONTENT"))
INVALID, MISSING, STORAGE = 64, 66, 74
"""Wegent's exit statuses: what was asked for is refused, there is no such file, the disk says no."""
MAX_WRITTEN = 2 * MAX_AUTH_BYTES
"""Bytes of the file: what was sent grows by its indentation."""
STALE_SECONDS = 60.0
"""Nobody needs that long between writing a file and giving it its name: whoever wrote it was killed."""
_TEMPORARY = ".auth.json.wegent-"


class NotDone(Exception):
    """Why there is nothing written or read; `status` is the exit status."""

    def __init__(self, status: int, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.status = status


def sync(given: Mapping[str, str], environment: Mapping[str, str], home: Path) -> tuple[int, dict[str, Any]]:
    """Write the login unless there is one; return exit status and answer. `given` are the command's variables."""
    return _answer(_sync, given, environment, home)


def read(given: Mapping[str, str], environment: Mapping[str, str], home: Path) -> tuple[int, dict[str, Any]]:
    """Read the login; return exit status and answer, which holds it."""
    return _answer(_read, given, environment, home)


def _answer(work: Any, given: Mapping[str, str], environment: Mapping[str, str], home: Path) -> tuple[int, Any]:
    runtime, target, content = (given.get(name, "") for name in VARIABLES)
    try:
        path = _place(runtime, target, environment, home)
        return 0, {**work(path, content), "runtime": runtime, "path": str(path)}
    except NotDone as error:
        return error.status, {"status": "failed", "error": str(error)}
    except OSError as error:
        where = error.filename or target
        return STORAGE, {"status": "failed", "error": f"{where} cannot be used: {error.strerror or error}."}


def _place(runtime: str, target: str, environment: Mapping[str, str], home: Path) -> Path:
    """Return the very file that Codex uses, links followed; raises NotDone unless it is meant and in the home."""
    if runtime != "codex":
        raise NotDone(INVALID, f"This device keeps the login of codex only, not of {runtime[:40] or 'nothing'!r}.")
    parts = PurePosixPath(target).parts
    if not target.startswith("~/") or ".." in parts or "\0" in target:
        raise NotDone(INVALID, "The target path has to start with ~/ and to stay in the home directory.")
    used = codex_login.auth_file(environment, home)
    if target != CODEX_TARGET and home.joinpath(*parts[1:]) != used:
        raise NotDone(INVALID, f"Only Codex's own login file is written and read here: {CODEX_TARGET}")
    try:
        real, root = used.resolve(), home.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise NotDone(INVALID, f"{used} leads nowhere: {error}.") from error
    if not real.is_relative_to(root):
        how = "CODEX_HOME says so" if environment.get("CODEX_HOME") else "a link leads there"
        text = f"Codex keeps its login in {real.parent} on this device ({how}), which is not in the home directory."
        raise NotDone(INVALID, f"{text} Log in on the device itself instead.")
    return real


def _sync(path: Path, content: str) -> dict[str, Any]:
    text = _pretty(content)
    if _is_there(path) and not _clear(path):
        return {"status": "skipped_existing"}
    made = _make_folder(path.parent)
    try:
        return {"status": "written" if _create(path, text.encode()) else "skipped_existing"}
    except BaseException:
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def _pretty(content: str) -> str:
    """Return a login as it is written; raises NotDone for what is none. Never repeats any of it."""
    if not content.strip():
        raise NotDone(INVALID, "There is no content to write.")
    if len(content.encode(errors="replace")) > MAX_AUTH_BYTES:
        raise NotDone(INVALID, f"The content is larger than {MAX_AUTH_BYTES >> 10} KiB.")
    try:
        found = json.loads(content, parse_constant=_no_constant)
        if not isinstance(found, dict):
            raise NotDone(INVALID, "The content is JSON, but not an object, as Codex's auth.json is.")
        parts, size = [], 0
        for part in json.JSONEncoder(indent=2, sort_keys=True).iterencode(found):
            parts.append(part)
            size += len(part)
            if size >= MAX_WRITTEN:  # deeply nested, it would grow without end
                raise NotDone(INVALID, f"The content would be larger than {MAX_WRITTEN >> 10} KiB in the file.")
    except (ValueError, RecursionError):
        raise NotDone(INVALID, "The content is not JSON.") from None
    return "".join(parts) + "\n"


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _is_there(path: Path) -> bool:
    """Say whether there is a file; raises NotDone where something else is in its place."""
    try:
        mode = path.lstat().st_mode  # its links have been followed
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        raise NotDone(STORAGE, f"{path} is not a file. Nothing was changed.")
    return True


def _clear(path: Path) -> bool:
    """Remove a file with nothing in it, unless it is so new that somebody may be writing it; says whether it did."""
    blank = is_blank(path, STALE_SECONDS)
    if blank:
        path.unlink(missing_ok=True)
    return blank


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder for its owner only; return those that were not there, the innermost first."""
    made: list[Path] = []
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    for one in reversed(made):
        one.mkdir(mode=0o700, exist_ok=True)
    return made


def _create(path: Path, data: bytes) -> bool:
    """Give a new file its name once all of it is on the disk; says whether nobody else was first."""
    _remove_stale(path.parent)
    temporary = path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return _name(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _name(temporary: Path, path: Path) -> bool:
    """Let a file have its name unless it is taken; says whether it has it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: take the name first, so that nothing is overwritten
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        try:
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                if is_blank(path):  # still ours
                    path.unlink()
            raise
    return True


def _remove_stale(folder: Path) -> None:
    """Remove what a killed executor left: it holds a login."""
    for one in folder.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - one.stat().st_mtime > STALE_SECONDS:
                one.unlink()


def _read(path: Path, _content: str) -> dict[str, Any]:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        text = f"Codex has no login on this device: there is no {path}."
        raise NotDone(MISSING, text) from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotDone(STORAGE, f"{path} is not a file.")
        data = file.read(MAX_WRITTEN + 1)
    if len(data) > MAX_WRITTEN:
        raise NotDone(INVALID, f"{path} is larger than {MAX_WRITTEN >> 10} KiB: it is no login of Codex.")
    try:
        return {"status": "read", "content": data.decode("utf-8-sig")}
    except UnicodeDecodeError:
        raise NotDone(INVALID, f"{path} is not text: it is no login of Codex.") from None
