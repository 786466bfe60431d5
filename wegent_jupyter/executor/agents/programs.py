"""Find the program of an agent: where the person said, brought by a Python package, or on PATH; and its version.

Nothing of a package is imported for it: that would cost every executor time and memory.
"""

import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

VERSION_SECONDS = 20.0
"""For `--version`: a cold start of 400 MB from a slow disk."""
_versions: dict[tuple[Path, int, int], str] = {}


class Unusable(Exception):
    """A program that cannot be used; the text says why."""


@dataclass(slots=True, frozen=True)
class Program:
    """A program as it was found."""

    path: Path
    version: str


@dataclass(slots=True, frozen=True)
class Kind:
    """What is known of one agent's program. `says` matches its answer to `--version`, with three groups."""

    name: str
    minimum: tuple[int, int, int]
    says: re.Pattern[str]
    bundled_version: Callable[[Path], str | None]
    """The version of a program from a file beside it, which spares starting it; None where there is none."""
    hint: str = ""
    """A sentence for whoever has one that is too old."""


def find(kind: Kind, given: str | None, places: Iterable[Path | None]) -> Program | None:
    """Return the given program or the first of `places` that can be used; None when there is none.

    Raises Unusable with what is wrong with the given one, else with the first. May start it for its version: blocks.
    """
    if given is not None:
        return check(kind, given)
    wrong: Unusable | None = None
    for path in places:
        try:
            if path is not None:
                return check(kind, str(path))
        except Unusable as error:
            wrong = wrong or error
    if wrong is not None:
        raise wrong
    return None


def check(kind: Kind, given: str) -> Program:
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
        _versions[key] = kind.bundled_version(path) or _ask_version(kind, path)
    version = _versions[key]
    if tuple(int(part) for part in version.split(".")) < kind.minimum:
        needed = ".".join(str(part) for part in kind.minimum)
        raise Unusable(f"Found {kind.name} {version} at {path}; {needed} or newer is needed. {kind.hint}".strip())
    return Program(path, version)


def package_directory(name: str) -> Path | None:
    """Return where a Python package is, also one that was installed just now, without importing it."""
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def on_path(name: str) -> Path | None:
    """Return a program of PATH."""
    found = shutil.which(name)
    return Path(found).absolute() if found else None


def install_command(requirement: str) -> str:
    """Return the command for a terminal that adds a requirement to this very environment."""
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        return quoted(["uv", "pip", "install", "--python", sys.executable, requirement])
    return quoted([sys.executable, "-m", "pip", "install", requirement])


def quoted(command: Sequence[str]) -> str:
    """Return a command as one types it in a shell of this system."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _ask_version(kind: Kind, path: Path) -> str:
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
    found = kind.says.match(answer.stdout.decode(errors="replace").strip())
    if found is None:
        raise Unusable(f"{path} is not {kind.name}: `--version` says something else.")
    return ".".join(found.groups())
