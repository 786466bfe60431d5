"""Find Claude Code on this device: where the person said, bundled with the SDK, or on PATH; and which version it is.

Nothing of the SDK is imported for it: that would cost every executor half a second and 20 MiB.
"""

import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MINIMUM = (2, 1, 100)
"""It says what still runs in the background, and for how long it is busy (2.1.0 does not): a turn waits for that."""
VERSION_SECONDS = 20.0
"""For `--version`: a cold start of 400 MB from a slow disk."""
INSTALL_MB = 168
"""The wheel of claude-agent-sdk, which brings the program."""
REQUIREMENT = "wegent-jupyter[claude]"
_SDK = "claude_agent_sdk"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)\S*\s+\(Claude Code\)")
_BUNDLED_VERSION = re.compile(r"__cli_version__\s*=\s*['\"](\d+\.\d+\.\d+)")
_versions: dict[tuple[Path, int, int], str] = {}


class Unusable(Exception):
    """A program that cannot be used; the text says why."""


@dataclass(slots=True, frozen=True)
class Program:
    """Claude Code, as it was found."""

    path: Path
    version: str


def find(given: str | None) -> Program | None:
    """Return the program to run, None when there is none; raises Unusable. May start it for its version: blocks."""
    if given is not None:
        return check(given)
    for path in (bundled(), on_path()):
        if path is not None:
            return check(str(path))
    return None


def check(given: str) -> Program:
    """Return the program at a path; raises Unusable with what is wrong with it."""
    path = Path(given).expanduser()
    if not path.is_absolute():
        raise Unusable(f"{given} is not an absolute path.")
    try:
        found = path.stat()
    except (OSError, ValueError):
        raise Unusable(f"There is no file {path}.") from None
    if not path.is_file():
        raise Unusable(f"{path} is not a file; the path of the program itself is needed.")
    if not os.access(path, os.X_OK):
        raise Unusable(f"{path} is not executable.")
    key = (path, found.st_mtime_ns, found.st_size)
    if key not in _versions:
        _versions[key] = _bundled_version(path) or _ask_version(path)
    version = _versions[key]
    if tuple(int(part) for part in version.split(".")) < MINIMUM:
        needed = ".".join(str(part) for part in MINIMUM)
        raise Unusable(
            f"Found Claude Code {version} at {path}; {needed} or newer is needed. "
            "(npm on an old Node.js silently installs an old one.)"
        )
    return Program(path, version)


def sdk_installed() -> bool:
    """Say whether claude-agent-sdk can be imported, also when it was installed just now."""
    return _sdk_directory() is not None


def bundled() -> Path | None:
    """Return the program that the SDK's wheel brings; None for a wheel without one."""
    directory = _sdk_directory()
    path = directory / "_bundled" / ("claude.exe" if os.name == "nt" else "claude") if directory else None
    return path if path is not None and path.is_file() else None


def on_path() -> Path | None:
    """Return the `claude` of PATH."""
    found = shutil.which("claude")
    return Path(found).absolute() if found else None


def install_command() -> str:
    """Return the command for a terminal that adds the SDK, with the program in it, to this very environment."""
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        return quoted(["uv", "pip", "install", "--python", sys.executable, REQUIREMENT])
    return quoted([sys.executable, "-m", "pip", "install", REQUIREMENT])


def login_command(program: Path) -> str:
    """Return the command for a terminal that runs the program's own login."""
    return quoted([str(program), "auth", "login"])


def quoted(command: Sequence[str]) -> str:
    """Return a command as one types it in a shell of this system."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _sdk_directory() -> Path | None:
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(_SDK)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _bundled_version(path: Path) -> str | None:
    """Return the version of the bundled program from the file beside it, which spares starting it."""
    if path != bundled():
        return None
    try:
        found = _BUNDLED_VERSION.search((path.parent.parent / "_cli_version.py").read_text(encoding="utf-8"))
    except OSError:
        return None
    return found.group(1) if found else None


def _ask_version(path: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WEGENT_", "JUPYTER"))}
    try:
        answer = subprocess.run(
            [str(path), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unusable(f"{path} does not say its version within {VERSION_SECONDS:.0f} s.") from None
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} cannot be run: {error}.") from None
    found = _VERSION.match(answer.stdout.decode(errors="replace").strip())
    if found is None:
        raise Unusable(f"{path} is not Claude Code: `--version` says something else.")
    return ".".join(found.groups())
