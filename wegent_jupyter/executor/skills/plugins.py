"""What the agents' own files say of skills: where installed plugins have theirs, and which are switched off."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_FILE = 1 << 20
MAX_PLUGINS = 1_000


def of_claude(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and skills directory of each plugin that is installed and not switched off."""
    plugins = _table(_json(home / "plugins" / "installed_plugins.json").get("plugins"))
    enabled = _table(_json(home / "settings.json").get("enabledPlugins"))
    for key, installs in list(plugins.items())[:MAX_PLUGINS]:
        if enabled.get(key) is not True or not isinstance(installs, list):
            continue
        for install in installs[:1]:
            path = _table(install).get("installPath")
            if isinstance(path, str) and Path(path).is_absolute():
                yield key.partition("@")[0], Path(path) / "skills"


def of_codex(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and skills directory of each plugin that is switched on."""
    for key, plugin in list(_table(_toml(home / "config.toml").get("plugins")).items())[:MAX_PLUGINS]:
        name, _, market = key.partition("@")
        if _table(plugin).get("enabled") is not True or not _plain(name) or not _plain(market):
            continue
        for version in _newest(home / "plugins" / "cache" / market / name):
            yield name, version / "skills"


def off_in_codex(home: Path) -> set[str]:
    """Return paths of SKILL.md files, and names, of the skills that a person switched off."""
    configured = _table(_toml(home / "config.toml").get("skills")).get("config")
    off = [_table(one) for one in configured] if isinstance(configured, list) else []
    values = [one.get(key) for one in off if one.get("enabled") is False for key in ("path", "name")]
    return {value for value in values if isinstance(value, str)}


def _newest(folder: Path) -> list[Path]:
    """Return the version that was installed last, if any."""
    try:
        versions = [one for one in folder.iterdir() if not one.name.startswith(".")]
        return sorted(versions, key=lambda one: one.stat().st_mtime)[-1:]
    except OSError:
        return []


def _plain(name: str) -> bool:
    return bool(name) and "/" not in name and name not in (".", "..")


def _json(path: Path) -> dict[str, Any]:
    try:
        return _table(json.loads(_text(path)))
    except (OSError, ValueError, RecursionError):
        return {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (OSError, ValueError, RecursionError):
        return {}


def _text(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > MAX_FILE:
        raise ValueError(f"{path} is no ordinary file")
    return path.read_text(encoding="utf-8")


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
