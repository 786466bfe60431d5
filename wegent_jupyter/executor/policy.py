"""What an agent may do in each mode. The gate is on our side, whatever the agent itself promises."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from wegent_jupyter.protocol.api import Mode

Verdict = Literal["allow", "ask", "deny"]

LOOKING = frozenset({"read", "search", "think", "switch_mode"})
EDITING = frozenset({"edit", "delete", "move"})
"""ACP's tool kinds (agentclientprotocol.com, "Tool calls"); the others are `fetch`, `execute` and `other`."""
HARMLESS = frozenset({".gitignore", ".gitkeep", ".dockerignore", ".npmignore", ".editorconfig", ".python-version"})
INSTRUCTIONS = frozenset({"claude.md", "claude.local.md", "agents.md", "agents.override.md"})
"""Other names that begin with a dot, and these, are what other programs execute or obey (`.git`, `.bashrc`, `.ssh`,
`.claude`, …): editing them amounts to running something."""


def verdict(
    mode: Mode,
    kind: str,
    paths: Sequence[Path],
    workspace: Path,
    home: Path | None = None,
    given: Path | None = None,
) -> Verdict:
    """Say whether a tool call of this kind goes ahead.

    `paths` are all that it touches, as far as is known; `home` is the executor's own directory, `given` one whose files
    a person gave to be read.
    """
    if mode == "full":
        return "allow"
    if kind in LOOKING and (paths or kind != "read") and all(_readable(path, workspace, given) for path in paths):
        return "allow"
    if mode == "plan":
        return "ask" if kind in LOOKING or kind == "fetch" else "deny"
    if mode == "edits" and kind in EDITING and ordinary(paths, workspace, home):
        return "allow"
    return "ask"


def _readable(path: Path, workspace: Path, given: Path | None) -> bool:
    return inside(path, workspace) or (given is not None and _real(path, workspace).is_relative_to(given.resolve()))


def ordinary(paths: Sequence[Path], workspace: Path, home: Path | None) -> bool:
    """Say whether the paths, at least one, are files of the workspace that no program executes or obeys."""
    return bool(paths) and all(inside(path, workspace) and not _protected(path, workspace, home) for path in paths)


def inside(path: Path, workspace: Path) -> bool:
    """Say whether a path, links followed, lies in the workspace."""
    return _real(path, workspace).is_relative_to(workspace.resolve())


def _protected(path: Path, workspace: Path, home: Path | None) -> bool:
    real, root = _real(path, workspace), workspace.resolve()
    # A chat folder is in the executor's home: only a home in the workspace is out of bounds.
    ours = home is not None and home.resolve().is_relative_to(root) and real.is_relative_to(home.resolve())
    return ours or any(_obeyed(part.lower()) for part in real.relative_to(root).parts)


def _obeyed(name: str) -> bool:
    return (name.startswith(".") and name not in HARMLESS) or name in INSTRUCTIONS


def _real(path: Path, workspace: Path) -> Path:
    try:
        return (workspace / path).resolve()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, a loop of links
        return Path("/")
