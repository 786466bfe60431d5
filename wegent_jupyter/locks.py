"""One gateway per data directory: an OS file lock, and private files beside it."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

SECRET_BYTES = 32


class DirectoryLock:
    """The right to be the one `name` of a directory. The OS frees it when the process ends, however it ends."""

    def __init__(self, directory: Path, name: str) -> None:
        """Nothing is made or locked yet."""
        self._directory = directory
        self._info = directory / f"{name}.json"
        self._lock = FileLock(directory / f"{name}.lock", mode=0o600)

    def acquire(self) -> bool:
        """Take the lock if it is free, making the directory if needed, private to its owner; raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def publish(self, info: dict[str, Any]) -> None:
        """Write where the holder is reached, 0600, atomically."""
        write_private(self._info, json.dumps(info))

    def holder(self) -> dict[str, Any]:
        """Return what the holder published; empty when it has not yet."""
        try:
            found = json.loads(self._info.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # being written, or never written: the caller says "elsewhere" without a place
        return found if isinstance(found, dict) else {}

    def release(self) -> None:
        """Give the lock back and remove the file; does nothing for one who does not hold it."""
        if self._lock.is_locked:
            self._info.unlink(missing_ok=True)
            self._lock.release()


def write_private(path: Path, text: str) -> None:
    """Write a 0600 file atomically: readers see the old text or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def private_secret(path: Path) -> str:
    """Return the secret of a 0600 file, made at the first use; raises OSError or ValueError."""
    if not path.exists():
        write_private(path, secrets.token_hex(SECRET_BYTES))
    path.chmod(0o600)
    found = path.read_text(encoding="utf-8").strip()
    if len(found) < SECRET_BYTES:
        raise ValueError(f"{path} is damaged. Remove it: API tokens then have to be made anew.")
    return found
