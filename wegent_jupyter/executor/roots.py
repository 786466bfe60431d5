"""In which directories commands may work: paths are resolved first, so no link leads out."""

from collections.abc import Iterable
from pathlib import Path

from wegent_jupyter.executor.config import Settings

OUTSIDE = "workspace path is outside allowed workspace roots"
"""Wegent's words (its executor's local/workspace_files)."""


class Outside(Exception):
    """A path that lies in none of the roots, or is none; the text says so."""


class Roots:
    """The directories of a device that commands may reach."""

    def __init__(self, roots: Iterable[Path]) -> None:
        """Resolve them; what is no absolute path, or the root of everything, is no root."""
        found = (_resolved(root.expanduser()) for root in roots if root.expanduser().is_absolute())
        self._roots = [root for root in found if root is not None and root != Path(root.anchor)]

    def inside(self, given: str, base: Path | None = None) -> Path:
        """Return the real path of what is given, relative to `base`; it need not exist; raises Outside."""
        if "\0" in given:
            raise Outside("The path holds a NUL character.")
        try:
            path = Path(given).expanduser()
        except RuntimeError as error:
            raise Outside(f"{given}: {error}") from error
        real = _resolved(path if path.is_absolute() or base is None else base / path)
        if real is None or not real.is_absolute() or not any(real.is_relative_to(root) for root in self._roots):
            raise Outside(OUTSIDE)
        return real

    def ceilings(self) -> list[str]:
        """Name the directories just above the roots, into which nothing may look up."""
        outermost = {one for one in self._roots if not any(other in one.parents for other in self._roots)}
        return sorted(str(one.parent) for one in outermost)


def roots_of(settings: Settings, registered: Iterable[str]) -> Roots:
    """Return a device's roots: its own, and the directories that the gateway has registered for it."""
    root = settings.workspace_root
    own = [root, settings.chats, root / "projects", root / "worktrees", *settings.workspace_roots]
    return Roots([*own, *(Path(one) for one in registered)])


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return None
