"""Texts compared, line by line."""

import difflib
from typing import Any


def unified(path: str, old: str | None, new: str | None) -> list[str]:
    """Return a unified diff of two texts, None where there is no such file; empty when no line differs."""
    before, after = (path if text is not None else "/dev/null" for text in (old, new))
    return list(difflib.unified_diff(_lines(old), _lines(new), before, after, lineterm=""))


def _lines(text: Any) -> list[str]:
    """Split at line feeds alone: what else may end a line is shown as what it is."""
    lines = str(text or "").split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines, "\\ No newline at end of file"]
