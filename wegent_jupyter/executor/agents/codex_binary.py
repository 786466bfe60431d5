"""Find Codex on this device: where the person said, on PATH, or in its Python package; and which version it is."""

import json
import os
import re
from pathlib import Path

from wegent_jupyter.executor.agents import programs
from wegent_jupyter.executor.agents.programs import Kind, Program, Unusable

__all__ = ["Program", "Unusable"]

MINIMUM = (0, 158, 0)
"""The oldest that asks before every command; 0.144 runs what it knows as safe (`ls`, `cat`), without asking."""
INSTALL_MB = 142
"""The wheel of openai-codex-cli-bin."""
REQUIREMENT = "wegent-jupyter[codex]"
_PACKAGE = "codex_cli_bin"
_VERSION = re.compile(r"codex(?:-cli)?\s+(\d+)\.(\d+)\.(\d+)")
_NUMBERS = re.compile(r"\d+\.\d+\.\d+")


def find(given: str | None) -> Program | None:
    """Return the program to run, None when there is none; raises Unusable. May start it for its version: blocks."""
    return programs.find(_KIND, given, (on_path(), bundled()))


def check(given: str) -> Program:
    """Return the program at a path; raises Unusable with what is wrong with it."""
    return programs.check(_KIND, given)


def bundled() -> Path | None:
    """Return the program that the Python package openai-codex-cli-bin brings."""
    directory = programs.package_directory(_PACKAGE)
    path = directory / "bin" / ("codex.exe" if os.name == "nt" else "codex") if directory else None
    return path if path is not None and path.is_file() else None


def on_path() -> Path | None:
    """Return the `codex` of PATH."""
    return programs.on_path("codex")


def install_command() -> str:
    """Return the command for a terminal that adds the program's package to this very environment."""
    return programs.install_command(REQUIREMENT)


def login_command(program: Path) -> str:
    """Return the command for a terminal that runs the program's own login."""
    return programs.quoted([str(program), "login"])


def _bundled_version(path: Path) -> str | None:
    """Return the version of the bundled program from the file beside it."""
    if path != bundled():
        return None
    try:
        version = json.loads((path.parent.parent / "codex-package.json").read_text(encoding="utf-8"))["version"]
        found = _NUMBERS.match(version)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found.group(0) if found else None


_KIND = Kind("Codex", MINIMUM, _VERSION, _bundled_version, "Install a newer one, or take the old one off PATH.")
