"""Where a person's skills lie: the shared directory, and those of Codex and Claude Code, their variables honoured."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

AgentId = Literal["codex", "claude"]


@dataclass(slots=True, frozen=True)
class Places:
    """The directories of one person."""

    home: Path
    codex_home: Path
    claude_home: Path

    @property
    def shared(self) -> Path:
        """Return the directory of both."""
        return self.home / ".agents" / "skills"

    @property
    def legacy(self) -> list[tuple[AgentId, Path]]:
        """Return the directory of each, in the order in which they are moved (wire §12)."""
        return [("codex", self.codex_home / "skills"), ("claude", self.claude_home / "skills")]


def find(environment: Mapping[str, str], home: Path | None = None) -> Places:
    """Return the places of the person whose environment this is."""
    home = Path(os.path.abspath(home or environment.get("HOME") or Path.home()))  # noqa: PTH100 - links are kept
    return Places(
        home,
        _below(environment.get("CODEX_HOME"), home, ".codex"),
        _below(environment.get("CLAUDE_CONFIG_DIR"), home, ".claude"),
    )


def _below(given: str | None, home: Path, name: str) -> Path:
    """Return an agent's directory; one in the home directory by way of the latter's own name, whatever leads there."""
    if not given or not given.strip():
        return home / name
    path = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - links are kept
    real = home.resolve()
    return home / path.relative_to(real) if path.is_relative_to(real) else path
