"""Directories in which turns run."""

import os
import re
from datetime import date
from pathlib import Path

SLUG_CHARS = 20
"""Length of a chat folder's name, as Wegent makes them."""
SHOWN_CHARS = 200
"""Of a path in a message."""


class BadWorkspace(Exception):
    """A directory in which no turn can run; the text says why."""


def absolute(path: str) -> Path:
    """Return a path that is given as absolute or below `~`, links followed; it need not exist; raises BadWorkspace."""
    if "\0" in path:
        raise BadWorkspace("The path holds a NUL character.")
    try:
        given = Path(path).expanduser()
    except RuntimeError as error:
        raise BadWorkspace(f"{shown(path)}: {error}") from error
    if not given.is_absolute():
        raise BadWorkspace(f"{shown(path)} is not absolute. Give a path that starts with / or ~.")
    try:
        return telling(given.resolve())
    except (OSError, RuntimeError) as error:
        raise BadWorkspace(f"{shown(path)} cannot be used: {error}.") from error


def existing(path: str) -> Path:
    """Return the real path of a directory; raises BadWorkspace."""
    real = absolute(path)
    try:
        real.stat()
    except FileNotFoundError as error:
        raise BadWorkspace(f"{shown(path)} does not exist on this device.") from error
    except OSError as error:
        raise BadWorkspace(f"{shown(path)} cannot be used: {error.strerror}.") from error
    if not real.is_dir():
        raise BadWorkspace(f"{shown(path)} is a file, not a directory.")
    return real


def check(path: str) -> Path:
    """Return the real path of an existing, writable directory; raises BadWorkspace."""
    real = existing(path)
    if not os.access(real, os.W_OK | os.X_OK):
        raise BadWorkspace(f"{shown(path)} is not writable for the user that runs the executor.")
    return real


def telling(path: Path) -> Path:
    """Return a path that can be told, as JSON is UTF-8; raises BadWorkspace."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise BadWorkspace(f"{shown(str(path))} is no UTF-8. Rename it, or choose another directory.") from error
    return path


def shown(path: str) -> str:
    """Return so much of a path as fits into a message."""
    text = path.encode(errors="replace").decode()
    return text if len(text) <= SHOWN_CHARS else f"{text[:100]}…{text[-80:]}"


def make(path: Path) -> list[Path]:
    """Make a directory and what is missing above it; return what was made, the outermost first; raises BadWorkspace."""
    missing = [one for one in (path, *path.parents) if not os.path.lexists(one)]
    made: list[Path] = []
    try:
        for one in reversed(missing):
            try:
                one.mkdir()
            except FileExistsError:
                if not one.is_dir():
                    raise
                continue  # somebody else made it meanwhile
            made.append(one)
    except OSError as error:
        unmake(made)
        raise BadWorkspace(f"{shown(str(path))} cannot be made: {error.strerror or error}.") from error
    return made


def unmake(made: list[Path]) -> None:
    """Remove directories that were made, the innermost first, as far as they are empty."""
    for one in reversed(made):
        try:
            one.rmdir()
        except OSError:  # somebody uses it meanwhile
            return


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


def make_task_folder(root: Path, task_id: int) -> Path:
    """Make `root/task_id` and return it, also where it is there already; raises BadWorkspace."""
    folder = root / str(task_id)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadWorkspace(f"No folder of the task could be made in {root}: {error.strerror or error}.") from error
    return check(str(folder.absolute()))


def slug(prompt: str) -> str:
    """Return the words of a prompt as a folder name of at most 20 characters."""
    words = "-".join(re.findall(r"[A-Za-z0-9]+", prompt)).lower()
    return words[:SLUG_CHARS].strip("-") or "new-chat"
