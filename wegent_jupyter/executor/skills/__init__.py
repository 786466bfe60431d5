"""The skills of a device: which there are, and one directory of them for Claude Code and Codex together."""
