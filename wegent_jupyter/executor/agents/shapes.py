"""Take what is needed from JSON of any shape: what an agent says may change with each version."""

from typing import Any

Json = dict[str, Any]


def mapping(value: Any) -> Json:
    """Return an object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[Json]:
    """Return the objects of a list, none for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def words(value: Any) -> str:
    """Return a text, empty for anything else."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """Return a whole number, 0 for anything else."""
    return value if isinstance(value, int) else 0


def amount(value: Any) -> float | None:
    """Return a number, None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
