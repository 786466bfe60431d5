"""Who this device is: an id that lives in its home, and the machine on which that home was made."""

import hashlib
import json
import os
import platform
import secrets
import subprocess
import sys
from pathlib import Path

from wegent_jupyter.executor import config_file, device_key
from wegent_jupyter.locks import write_private

NAME = "identity.json"
MACHINE_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_SALT = b"wegent-jupyter machine 1\0"
"""Nobody else learns the machine's own id, which is meant to stay on it (machine-id(5))."""
_SECONDS = 5.0


class Copied(Exception):
    """The home was made on another machine; the text says what to do."""


def new_device_id() -> str:
    """Return an id for a new device, in Wegent's form."""
    return f"device-{secrets.token_hex(12)}"


def default_name() -> str:
    """Return how a device is called until a person names it."""
    return f"{platform.system()} - {platform.node()}"[:100]


def machine() -> str | None:
    """Return what all executors of this account on this machine have in common; None where nothing tells."""
    own = _machine_id()
    if not own:
        return None
    account = os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "")
    return hashlib.sha256(_SALT + f"{own}\0{account}".encode()).hexdigest()[:32]


def check(home: Path) -> None:
    """Remember the machine of a new home; raises Copied for one that was made elsewhere, OSError."""
    here, known = machine(), made_on(home)
    if here is None or here == known:
        return
    if known is not None:
        raise Copied(
            f"{home} was made on another machine, or for another account. Two devices with one identity would take "
            "each other's work.\n"
            "  wegent-executor identity new    this is a copy: make it a device of its own\n"
            "  wegent-executor identity keep   the home has moved here and the other one is gone: go on as before"
        )
    keep(home)


def made_on(home: Path) -> str | None:
    """Return the machine on which a home was made; None when it is not known."""
    try:
        found = json.loads((home / NAME).read_text(encoding="utf-8")).get("machine")
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def keep(home: Path) -> None:
    """Say that the home belongs on this machine; raises OSError."""
    write_private(home / NAME, json.dumps({"machine": machine()}) + "\n")


def renew(home: Path, config: Path) -> str:
    """Make the home a device of its own and return its id; raises OSError, ValueError.

    Its key goes: it is another device's.
    """
    made = new_device_id()
    values = config_file.read(config)
    config_file.write(config, {**values, "device_id": made})
    device_key.forget(home)
    keep(home)
    return made


def system() -> str:
    """Return operating system and architecture."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"[:100]


def _machine_id() -> str | None:
    if sys.platform == "win32":
        return _windows_id()
    if sys.platform == "darwin":
        return _mac_id()
    for path in MACHINE_FILES:
        try:
            found = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if found and found != "uninitialized":
            return found
    return None


def _mac_id() -> str | None:
    try:
        asked = subprocess.run(
            ["ioreg", "-rd1", "-c", "IOPlatformExpertDevice"], capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (line.partition("=")[2].strip(' "') for line in asked.stdout.splitlines() if "IOPlatformUUID" in line)
    return next(lines, None)


def _windows_id() -> str | None:
    import importlib

    winreg = importlib.import_module("winreg")
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    except OSError:
        return None
