"""How agents are called where their device is not asked."""

from typing import Final

AGENTS: Final = {"claude": "Claude Code", "codex": "Codex", "practice": "Practice agent"}
"""By id; others are called by their id."""
