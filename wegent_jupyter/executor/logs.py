"""The executor's log: written to a file that rotates, and shown to people."""

import logging
import logging.handlers
import sys
import time
from collections import deque
from pathlib import Path

from wegent_jupyter.executor.config import Logs

POLL_SECONDS = 0.3


def start(logs: Logs) -> None:
    """Write the log from now on; raises OSError."""
    logs.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        logs.path, maxBytes=logs.max_bytes, backupCount=logs.backups, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logs.level.upper(), handlers=[handler])


def show(path: Path, count: int, *, follow: bool) -> int:
    """Print the last lines, and what comes if wanted; returns the exit status."""
    if not path.exists() and not follow:
        print(f"wegent-executor: there is no log yet at {path}.", file=sys.stderr)
        return 1
    try:
        place = _end(path, count)
        if follow:
            _follow(path, place)
    except (KeyboardInterrupt, BrokenPipeError):  # `| head`, which has what it wanted
        return 0
    return 0


def _end(path: Path, count: int) -> int:
    """Print the last lines; returns where the file ended."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines, place = deque(file, maxlen=count), file.tell()
    except FileNotFoundError:
        return 0
    print("".join(lines), end="", flush=True)
    return place


def _follow(path: Path, place: int) -> None:
    """Print what is written, for ever; goes on in the new file when the log was rotated."""
    known = _inode(path)
    while True:
        time.sleep(POLL_SECONDS)
        found = _inode(path)
        if found is None:
            continue
        if found != known:
            if known is not None:
                _rest(path.with_name(f"{path.name}.1"), place)
            known, place = found, 0
        place = _rest(path, place)


def _rest(path: Path, place: int) -> int:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            file.seek(place)
            print(file.read(), end="", flush=True)
            return file.tell()
    except FileNotFoundError:
        return place


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
