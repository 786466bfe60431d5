"""Tell whether Claude Code has a login on this device, from what it keeps on the disk.

Its own `claude auth status` says the same, but looks up names in the network and makes files in the person's home.
"""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")


def logged_in(environment: Mapping[str, str], home: Path | None = None) -> bool | None:
    """Say whether there is a key, token or login; None when the files cannot be read. `home` is the home directory."""
    home = home or Path.home()
    own = environment.get("CLAUDE_CONFIG_DIR")
    directory = Path(own).expanduser() if own else home / ".claude"
    try:
        settings = _read(directory / "settings.json")
        credentials = _read(directory / ".credentials.json")
        state = _read((directory if own else home) / ".claude.json")
    except (OSError, ValueError):
        return None
    extra = settings.get("env")
    variables = {**environment, **(extra if isinstance(extra, dict) else {})}
    return (
        any(variables.get(name) for name in (*KEYS, *CLOUDS))
        or bool(settings.get("apiKeyHelper") or state.get("primaryApiKey"))
        or _has_token(credentials)
        or (sys.platform == "darwin" and bool(state.get("oauthAccount")))  # its token is in the keychain
    )


def _has_token(credentials: dict[str, Any]) -> bool:
    token = credentials.get("claudeAiOauth")
    if not isinstance(token, dict) or not token.get("accessToken"):
        return False
    expires = token.get("expiresAt")
    return bool(token.get("refreshToken")) or not isinstance(expires, int | float) or expires / 1000 > time.time()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return found if isinstance(found, dict) else {}
