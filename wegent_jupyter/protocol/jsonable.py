"""JSON that can be stored, sent and read everywhere, whatever a peer sent."""

from typing import Any

MAX_DEPTH = 64
"""Levels that are kept. Nobody reads as many; pydantic gives up at 255, Python's own recursion at a thousand."""


def bounded(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a value with `…` for everything that is nested too deeply."""
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        return {key: bounded(one, depth - 1) for key, one in value.items()}
    return [bounded(one, depth - 1) for one in value]
