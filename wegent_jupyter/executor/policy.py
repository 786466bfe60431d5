"""What an agent may do in each mode. The gate is on our side, whatever the agent itself promises."""

from wegent_jupyter.protocol.api import Mode

READING = frozenset({"read", "search", "think", "fetch", "switch_mode"})
EDITING = frozenset({"edit", "delete", "move"})
"""ACP's tool kinds (agentclientprotocol.com, "Tool calls"); the others are `execute` and `other`."""


def allows(mode: Mode, kind: str) -> bool:
    """Say whether a tool call of this kind goes ahead."""
    if mode == "full":
        return True
    return kind in READING or (mode == "edits" and kind in EDITING)
