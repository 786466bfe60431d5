"""Find the gateway: the one that the environment names, or one of this user by the 0600 file that it wrote."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir

SERVER_URL: Final = "WEGENT_SERVER_URL"
TOKEN_FILE: Final = "WEGENT_TOKEN_FILE"  # noqa: S105 - the name of a variable
PARENT: Final = "JPY_PARENT_PID"
"""By this variable Jupyter tells a kernel which process started it."""
SCHEME: Final = "wegent "
"""Of tokens that a server made at its start."""
OTHERS = 0o077
"""The rights of everybody else in a file's mode."""


@dataclass(slots=True, frozen=True)
class Server:
    """Where a gateway is and what opens it."""

    url: str
    authorization: str = field(repr=False)
    """Value of the `Authorization` header."""
    unix: str | None = None
    ca: str | None = None
    remote: bool = False
    """It was named by a person, and may be on another machine."""

    @property
    def published(self) -> bool:
        """Say whether it said itself where it is, and with which token: both are new after a restart."""
        return self.authorization.startswith(SCHEME)


class BadSetting(Exception):
    """The environment names a server in a way that cannot be used; the text says what to set instead."""


def data_dir() -> Path:
    """Return the default data directory of the gateway."""
    return Path(jupyter_data_dir()) / "wegent"


def running_server(directory: Path | None = None) -> Server | None:
    """Return the gateway that runs on a data directory, or None."""
    return _published((directory or data_dir()) / "gateway.json", "token")


def kernel_server() -> Server | None:
    """Return the server of this kernel, None if none is found; raises BadSetting.

    It is the one that the environment names, else the Jupyter server that started the kernel, else the one that runs on
    this user's data directory.
    """
    return named_server() or _parents_server() or _published(data_dir() / "gateway.json", "kernel_token")


def _parents_server() -> Server | None:
    """Return where the Jupyter server that started this kernel says that the gateway is."""
    parent = os.environ.get(PARENT, "")
    if not parent.isascii() or not parent.isdigit():
        return None
    file = Path(jupyter_runtime_dir()) / f"wegent-{parent}.json"
    # The directory may be one of several people, where anybody can lay down a file that leads to a server of theirs.
    return _published(file, "token") if _is_ours(file) else None


def _is_ours(file: Path) -> bool:
    try:
        return os.name != "posix" or file.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _published(file: Path, token: str) -> Server | None:
    """Return the server that the file of a living process tells of, or None."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        pid = int(found["pid"])
        server = Server(str(found["url"]), f"{SCHEME}{found[token]}", found.get("unix"), found.get("ca"))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no server, or one that is just starting: to the caller it is the same
    return server if _alive(pid) else None


def named_server() -> Server | None:
    """Return the server that the environment names, None if it names none; raises BadSetting."""
    url, file = os.environ.get(SERVER_URL, ""), os.environ.get(TOKEN_FILE, "")
    if not url and not file:
        return None
    if not url or not file:
        there, missing = (SERVER_URL, TOKEN_FILE) if url else (TOKEN_FILE, SERVER_URL)
        raise BadSetting(f"{there} is set and {missing} is not. Another server needs both, this computer's neither.")
    return server_at(url, Path(file))


def server_at(url: str, token_file: Path) -> Server:
    """Return the server at an address, with the API token that a file holds; raises BadSetting."""
    return Server(_address(url), f"Bearer {_secret(token_file)}", remote=True)


def _address(given: str) -> str:
    """Return the gateway's address for that of its Jupyter server, or its own."""
    parts = _parts(given)
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc or parts.query:
        # Not repeated: what is wrong may be a password or a token.
        raise BadSetting(f"{SERVER_URL} has to be an address alone, such as https://host:8888/wegent: no token in it.")
    url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return url if url.endswith("/wegent") else f"{url}/wegent"


def _parts(given: str) -> SplitResult | None:
    """Return the parts of an address; None for what is none, its port included."""
    try:
        parts = urlsplit(given)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _secret(file: Path) -> str:
    try:
        file = file.expanduser()
        found, mode = file.read_text(encoding="utf-8").strip(), file.stat()
    except (OSError, ValueError, RuntimeError) as error:  # the last: there is no such user
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
