"""Find the gateway: of this user's data directory by its 0600 file, or the one that the environment names."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jupyter_core.paths import jupyter_data_dir

SERVER_URL: Final = "WEGENT_SERVER_URL"
TOKEN_FILE: Final = "WEGENT_TOKEN_FILE"  # noqa: S105 - the name of a variable
OTHERS = 0o077
"""The rights of everybody else in a file's mode."""


@dataclass(slots=True, frozen=True)
class Server:
    """Where a gateway is and what opens it."""

    url: str
    authorization: str
    """Value of the `Authorization` header."""
    unix: str | None = None
    ca: str | None = None
    remote: bool = False
    """It was named by a person, and may be on another machine."""


class BadSetting(Exception):
    """The environment names a server in a way that cannot be used; the text says what to set instead."""


def data_dir() -> Path:
    """Return the default data directory of the gateway."""
    return Path(jupyter_data_dir()) / "wegent"


def running_server(directory: Path | None = None) -> Server | None:
    """Return the gateway that runs on a data directory, or None."""
    path = (directory or data_dir()) / "gateway.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        pid = int(found["pid"])
        server = Server(found["url"], f"wegent {found['token']}", found.get("unix"), found.get("ca"))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no server, or one that is just starting: to the caller it is the same
    return server if _alive(pid) else None


def kernel_server() -> Server | None:
    """Return the server of this kernel, None if none is found; raises BadSetting.

    It is the one that the environment names, else the Jupyter server that started the kernel, else the one that runs on
    this user's data directory.
    """
    return named_server() or running_server()


def named_server() -> Server | None:
    """Return the server that the environment names, None if it names none; raises BadSetting."""
    url, file = os.environ.get(SERVER_URL, ""), os.environ.get(TOKEN_FILE, "")
    if not url and not file:
        return None
    if not url or not file:
        there, missing = (SERVER_URL, TOKEN_FILE) if url else (TOKEN_FILE, SERVER_URL)
        raise BadSetting(f"{there} is set and {missing} is not. Another server needs both, this computer's neither.")
    return Server(_address(url), f"Bearer {_secret(Path(file).expanduser())}", remote=True)


def _address(given: str) -> str:
    """Return the gateway's address for that of its Jupyter server, or its own."""
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc or parts.query:
        # Not repeated: what is wrong may be a password or a token.
        raise BadSetting(f"{SERVER_URL} has to be an address alone, such as https://host:8888/wegent: no token in it.")
    url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return url if url.endswith("/wegent") else f"{url}/wegent"


def _secret(file: Path) -> str:
    try:
        found, mode = file.read_text(encoding="utf-8").strip(), file.stat()
    except (OSError, ValueError) as error:
        raise BadSetting(f"{TOKEN_FILE} cannot be read: {error}") from error
    if os.name == "posix" and mode.st_uid == os.geteuid() and mode.st_mode & OTHERS:
        raise BadSetting(f"Others can read your token. What to do: chmod 600 {file}")
    if not found.isascii() or not found.isprintable() or len(found.split()) != 1:
        raise BadSetting(f"{file} does not hold an API token: one line, and nothing else.")
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
