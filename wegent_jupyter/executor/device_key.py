"""The device's own key: given by the gateway, kept 0600 in the home, used for the gateway that gave it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from wegent_jupyter.locks import write_private

NAME = "device-key.json"


@dataclass(slots=True, frozen=True)
class DeviceKey:
    """A key, and the gateway for which it is good."""

    url: str
    key: str
    gateway_id: str | None = None


def load(home: Path) -> DeviceKey | None:
    """Return the key; None when there is none, or a file that is not ours."""
    try:
        found = json.loads((home / NAME).read_text(encoding="utf-8"))
        url, key, gateway_id = found["url"], found["key"], found.get("gateway_id")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(url, str) or not isinstance(key, str) or not key:
        return None
    return DeviceKey(url, key, gateway_id if isinstance(gateway_id, str) else None)


def save(home: Path, key: DeviceKey) -> None:
    """Keep a key, 0600, atomically; raises OSError."""
    write_private(home / NAME, json.dumps(asdict(key)) + "\n")


def forget(home: Path) -> None:
    """Forget the key."""
    (home / NAME).unlink(missing_ok=True)


def stamp(home: Path) -> tuple[int, int] | None:
    """Return what tells one version of the file from the next."""
    try:
        found = (home / NAME).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
