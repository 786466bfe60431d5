"""Where a terminal starts, and with which shell."""

import os
import pwd
from pathlib import Path

from wegent_jupyter.executor import workspaces
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.environment import agent_environment
from wegent_jupyter.executor.roots import Outside, roots_of
from wegent_jupyter.protocol.terminals import Start

NO_SHELLS = ("nologin", "false")
"""What accounts of services have for a shell."""
OUTSIDE = (
    "{} is outside allowed workspace roots: a terminal starts in the workspace of this device, in a folder of its "
    "tasks, or in one of WEGENT_WORKSPACE_ROOTS. From there, you can go anywhere."
)


def resolve(settings: Settings, start: Start) -> Path:
    """Return the real path of an existing, writable directory in the device's roots; raises BadWorkspace."""
    given = start.path or str(settings.workspace_root)
    try:
        path = roots_of(settings, start.roots).inside(given, settings.workspace_root)
    except Outside as error:
        text = str(error) if "\0" in given else OUTSIDE.format(given)
        raise workspaces.BadWorkspace(text) from error
    if start.create_if_missing or not start.path:
        _make(path)
    if not _is_text(path):
        raise workspaces.BadWorkspace("The name of this directory is no UTF-8 text. Rename it, or start elsewhere.")
    return workspaces.check(str(path))


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise workspaces.BadWorkspace(f"{path} cannot be made: {error.strerror or error}.") from error


def login_shell() -> list[str]:
    """Return the person's own shell, as a login shell."""
    shell = os.environ.get("SHELL") or _registered_shell()
    usable = os.access(shell, os.X_OK) and Path(shell).name not in NO_SHELLS
    return [shell if usable else "/bin/sh", "-l"]


def _registered_shell() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:  # as in a container that runs as any number
        return ""


def environment() -> dict[str, str]:
    """Return our environment without secrets of ours, for what a browser's terminal can do."""
    kept = {name: value for name, value in agent_environment().items() if name not in ("COLUMNS", "LINES")}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
