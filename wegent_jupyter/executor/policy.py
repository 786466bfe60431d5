"""What an agent may do in each mode. The gate is on our side, whatever the agent itself promises."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from wegent_jupyter.protocol.api import Mode

Verdict = Literal["allow", "ask", "deny"]

LOOKING = frozenset({"read", "search", "think", "switch_mode"})
EDITING = frozenset({"edit", "delete", "move"})
"""ACP's tool kinds (agentclientprotocol.com, "Tool calls"); the others are `fetch`, `execute` and `other`."""
PROTECTED = frozenset({".git", ".claude", ".codex", ".mcp.json", ".vscode", ".idea", ".envrc", ".husky"})
"""What other programs execute or obey: editing it amounts to running something."""


def verdict(mode: Mode, kind: str, paths: Sequence[Path], workspace: Path) -> Verdict:
    """Say whether a tool call of this kind goes ahead; `paths` are all that it touches, as far as is known."""
    if mode == "full":
        return "allow"
    if kind in LOOKING and all(inside(path, workspace) for path in paths):
        return "allow"
    if mode == "plan":
        return "ask" if kind in LOOKING or kind == "fetch" else "deny"
    if mode == "edits" and kind in EDITING and ordinary(paths, workspace):
        return "allow"
    return "ask"


def ordinary(paths: Sequence[Path], workspace: Path) -> bool:
    """Say whether the paths, at least one, are files of the workspace that no program executes or obeys."""
    return bool(paths) and all(inside(path, workspace) and not _protected(path, workspace) for path in paths)


def inside(path: Path, workspace: Path) -> bool:
    """Say whether a path, links followed, lies in the workspace."""
    return _real(path, workspace).is_relative_to(workspace.resolve())


def _protected(path: Path, workspace: Path) -> bool:
    parts = _real(path, workspace).relative_to(workspace.resolve()).parts
    return any(part.lower() in PROTECTED for part in parts)


def _real(path: Path, workspace: Path) -> Path:
    try:
        return (workspace / path).resolve()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, a loop of links
        return Path("/")
