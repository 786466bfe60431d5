"""Read what is about to be overwritten, for a diff."""

import os
import stat
from pathlib import Path

MAX_OLD = 256 << 10
"""256 KiB of a file that is about to be overwritten; a larger one is shown without its old text."""


def on_disk(path: Path) -> str | None:
    """Return the text of a small file. The model names the path: it may be a pipe or a device that never ends."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = file.read(MAX_OLD + 1)
        return data.decode() if len(data) <= MAX_OLD else None
    except (OSError, ValueError):  # a new file, or none of text
        return None
