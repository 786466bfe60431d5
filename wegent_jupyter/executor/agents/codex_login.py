"""Tell whether Codex has a login on this device, from what it keeps on the disk; nothing is run for it."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20
"""1 MiB of a file; what is larger is none of Codex's."""


def codex_home(environment: Mapping[str, str], home: Path | None = None) -> Path:
    """Return where Codex keeps everything; `home` is the home directory."""
    own = environment.get("CODEX_HOME")
    return Path(own).expanduser() if own else (home or Path.home()) / ".codex"


def auth_file(environment: Mapping[str, str], home: Path | None = None) -> Path:
    """Return the file that holds Codex's login; `home` is the home directory."""
    return codex_home(environment, home) / "auth.json"


def logged_in(environment: Mapping[str, str], home: Path | None = None) -> bool | None:
    """Say whether there is a key or login; None when that is not to be seen or a provider of the person's needs none.

    A file that is not what Codex writes counts as no login: that is what Codex makes of it. Of the environment only
    CODEX_HOME counts: `codex app-server` takes no key from there, unlike `codex exec`.
    """
    directory = codex_home(environment, home)
    try:
        auth = _json(_text(directory / "auth.json"))
        config = _toml(_text(directory / "config.toml"))
    except OSError:
        return None
    if _has_login(auth):
        return True
    if config is None or config.get("model_provider", "openai") != "openai":
        return None
    # In the system's keyring it is out of sight.
    return None if config.get("cli_auth_credentials_store", "file") in ("keyring", "auto") else False


def _has_login(auth: dict[str, Any]) -> bool:
    tokens = auth.get("tokens")
    token = tokens.get("access_token") if isinstance(tokens, dict) else None
    return any(isinstance(one, str) and one for one in (auth.get("OPENAI_API_KEY"), token))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8-sig", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
