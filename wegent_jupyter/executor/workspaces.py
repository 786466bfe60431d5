"""Directories in which turns run."""

import os
import re
from datetime import date
from pathlib import Path

SLUG_CHARS = 20
"""Length of a chat folder's name, as Wegent makes them."""


class BadWorkspace(Exception):
    """A directory in which no turn can run; the text says why."""


def check(path: str) -> Path:
    """Return the real path of an existing, writable directory; raises BadWorkspace."""
    if "\0" in path:
        raise BadWorkspace("The path holds a NUL character.")
    try:
        given = Path(path).expanduser()
    except RuntimeError as error:
        raise BadWorkspace(f"{path}: {error}") from error
    if not given.is_absolute():
        raise BadWorkspace(f"{path} is not absolute. Give a path that starts with / or ~.")
    try:
        real = given.resolve(strict=True)
    except FileNotFoundError as error:
        raise BadWorkspace(f"{path} does not exist on this device.") from error
    except (OSError, RuntimeError) as error:
        raise BadWorkspace(f"{path} cannot be used: {error}.") from error
    if not real.is_dir():
        raise BadWorkspace(f"{path} is a file, not a directory.")
    if not os.access(real, os.W_OK | os.X_OK):
        raise BadWorkspace(f"{path} is not writable for the user that runs the executor.")
    return real


def make_chat_folder(root: Path, prompt: str) -> Path:
    """Make `root/YYYY-MM-DD/words-of-the-prompt` and return it; raises BadWorkspace, as Wegent does."""
    day = root / date.today().isoformat()
    base = slug(prompt)
    try:
        day.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = 0
        while True:
            end = f"-{number}" if number else ""
            folder = day / f"{base[: SLUG_CHARS - len(end)]}{end}"
            number += 1
            if not folder.exists():
                folder.mkdir(mode=0o700)
                return folder.resolve()
    except OSError as error:
        raise BadWorkspace(f"No chat folder could be made in {day}: {error.strerror or error}.") from error


def slug(prompt: str) -> str:
    """Return the words of a prompt as a folder name of at most 20 characters."""
    words = "-".join(re.findall(r"[A-Za-z0-9]+", prompt)).lower()
    return words[:SLUG_CHARS].strip("-") or "new-chat"
