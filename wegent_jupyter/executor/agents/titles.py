"""Words for the cards of tools."""

from pathlib import Path

MAX_TITLE = 120
"""Characters; the whole is in the input."""


def short(title: str) -> str:
    """Return a title on one line: an ellipsis says that there is more of it, and nothing in it can disguise it."""
    lines = title.strip().splitlines() or [title]
    cut = len(lines) > 1 or len(lines[0]) > MAX_TITLE
    first = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in lines[0][:MAX_TITLE])
    return first + " …" if cut else first


def relative(path: str, workspace: Path) -> str:
    """Return a path as seen from the workspace, where it is inside."""
    found = Path(path)
    return str(found.relative_to(workspace)) if found.is_relative_to(workspace) else path
