"""Find Claude Code on this device: where the person said, bundled with the SDK, or on PATH; and which version it is."""

import os
import re
from pathlib import Path

from wegent_jupyter.executor.agents import programs
from wegent_jupyter.executor.agents.programs import Kind, Program, Unusable

__all__ = ["Program", "Unusable"]

MINIMUM = (2, 1, 100)
"""It says what still runs in the background, and for how long it is busy (2.1.0 does not): a turn waits for that."""
INSTALL_MB = 168
"""The wheel of claude-agent-sdk, which brings the program."""
REQUIREMENT = "wegent-jupyter[claude]"
_SDK = "claude_agent_sdk"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)\S*\s+\(Claude Code\)")
_BUNDLED_VERSION = re.compile(r"__cli_version__\s*=\s*['\"](\d+\.\d+\.\d+)")


def find(given: str | None) -> Program | None:
    """Return the program to run, None when there is none; raises Unusable. May start it for its version: blocks."""
    return programs.find(_KIND, given, (bundled(), on_path()))


def check(given: str) -> Program:
    """Return the program at a path; raises Unusable with what is wrong with it."""
    return programs.check(_KIND, given)


def sdk_installed() -> bool:
    """Say whether claude-agent-sdk can be imported, also when it was installed just now."""
    return programs.package_directory(_SDK) is not None


def bundled() -> Path | None:
    """Return the program that the SDK's wheel brings; None for a wheel without one."""
    directory = programs.package_directory(_SDK)
    path = directory / "_bundled" / ("claude.exe" if os.name == "nt" else "claude") if directory else None
    return path if path is not None and path.is_file() else None


def on_path() -> Path | None:
    """Return the `claude` of PATH."""
    return programs.on_path("claude")


def install_command() -> str:
    """Return the command for a terminal that adds the SDK, with the program in it, to this very environment."""
    return programs.install_command(REQUIREMENT)


def login_command(program: Path) -> str:
    """Return the command for a terminal that runs the program's own login."""
    return programs.quoted([str(program), "auth", "login"])


def _bundled_version(path: Path) -> str | None:
    """Return the version of the bundled program from the file beside it."""
    if path != bundled():
        return None
    try:
        found = _BUNDLED_VERSION.search((path.parent.parent / "_cli_version.py").read_text(encoding="utf-8"))
    except OSError:
        return None
    return found.group(1) if found else None


_KIND = Kind(
    "Claude Code", MINIMUM, _VERSION, _bundled_version, "(npm on an old Node.js silently installs an old one.)"
)
