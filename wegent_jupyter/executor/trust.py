"""Which directories a person trusts to configure agents: kept on the device, per real path."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wegent_jupyter.locks import write_private

FILE_NAME = "trust.json"
NAMES = (".claude", ".mcp.json", "CLAUDE.md", "CLAUDE.local.md", ".codex")
"""What agents read from a directory: settings, hooks, tools, instructions."""
CODEX_NAMES = (".codex", ".agents", "AGENTS.md", "AGENTS.override.md")
"""What Codex reads from one: settings, tools, rules, skills, instructions."""
State = Literal["unanswered", "trusted", "declined"]


class TrustDamaged(Exception):
    """The file cannot be used; the text names it. Nothing is trusted meanwhile."""


@dataclass(slots=True, frozen=True)
class Found:
    """What a workspace brings, and whether it may be used."""

    path: Path
    """The directory that an answer is about: the repository, or the workspace itself."""
    found: list[str]
    state: State

    @property
    def usable(self) -> bool:
        """Say whether the configuration of the directory may be used."""
        return self.state == "trusted"

    def brings(self, name: str) -> bool:
        """Say whether there is configuration of a name that may not be used."""
        return not self.usable and any(Path(one).name == name for one in self.found)


class TrustStore:
    """The answers of one device. Each use reads the file, so that several stores of one home agree."""

    def __init__(self, home: Path) -> None:
        """Keep the answers in the executor's home."""
        self._file = home / FILE_NAME

    def look(self, workspace: Path, ours: bool = False, names: tuple[str, ...] = NAMES) -> Found:
        """Return what configuration of an agent a workspace brings; `ours` is a chat folder, which we made."""
        workspace = workspace.resolve()
        root = repository(workspace)
        found = _found(workspace, root, names)
        if ours:
            return Found(workspace, found, "trusted")
        try:
            answers = self._read()
        except TrustDamaged:
            answers = {}
        return Found(main_checkout(root), found, _state(answers, workspace, root))

    def set(self, path: Path, trusted: bool | None) -> None:
        """Keep an answer, or forget it; raises TrustDamaged, OSError."""
        answers = self._read()
        real = str(path.expanduser().resolve())
        if trusted is None:
            answers.pop(real, None)
        else:
            answers[real] = trusted
        write_private(self._file, json.dumps({"paths": answers}, indent=2, sort_keys=True) + "\n")

    def items(self) -> list[tuple[Path, bool]]:
        """Return the answers, by path; raises TrustDamaged."""
        return [(Path(path), trusted) for path, trusted in sorted(self._read().items())]

    def _read(self) -> dict[str, bool]:
        try:
            paths = json.loads(self._file.read_text(encoding="utf-8"))["paths"]
            if all(isinstance(path, str) and isinstance(trusted, bool) for path, trusted in paths.items()):
                return dict(paths)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrustDamaged(f"{self._file} cannot be read: {error}. It was left as it is; mend it.") from error
        raise TrustDamaged(f"{self._file} is not what we wrote. It was left as it is; mend it or move it away.")


def repository(path: Path) -> Path:
    """Return the root of the repository or linked worktree around a path, else the path itself."""
    return next((one for one in (path, *path.parents) if (one / ".git").exists()), path)


def main_checkout(root: Path) -> Path:
    """Return the repository to which a linked worktree belongs; any other directory is its own.

    A worktree's `.git` names a directory of its repository, and that directory names the worktree: a file alone, which
    anyone may bring, proves nothing.
    """
    try:
        if (root / ".git").is_symlink():
            return root
        pointer = (root / ".git").read_text(encoding="utf-8").strip()
        private = (root / pointer.removeprefix("gitdir:").strip()).resolve()
        back = Path((private / "gitdir").read_text(encoding="utf-8").strip())
        common = (private / (private / "commondir").read_text(encoding="utf-8").strip()).resolve()
        if not pointer.startswith("gitdir:") or (private / back).parent.resolve() != root.resolve():
            return root
        if private.parent != common / "worktrees" or common.name != ".git":
            return root
        return common.parent
    except (OSError, ValueError):  # a directory (an ordinary repository), none, or one that is not a worktree
        return root


def _found(workspace: Path, root: Path, names: tuple[str, ...]) -> list[str]:
    """List the configuration in a workspace and its parents up to the repository's root, but not of the home directory.

    What is in the home directory is the person's own, and always on.
    """
    home = Path.home().resolve()
    upwards = [workspace, *(one for one in workspace.parents if one.is_relative_to(root))]
    return [
        str((directory / name).relative_to(root))
        for directory in upwards
        for name in names
        if (directory / name).exists() and not (directory == home and name in (".claude", ".codex", ".agents"))
    ]


def _state(answers: dict[str, bool], workspace: Path, root: Path) -> State:
    """Return the nearest answer: about the workspace or a directory around it, else about its repository.

    An answer about a directory says nothing of the repositories in it: they come from elsewhere.
    """
    main = main_checkout(root)
    places = [(workspace, root)]
    if main != root:
        places.append((main / workspace.relative_to(root), main))
    for path, top in places:
        bounded = (top / ".git").exists()
        for one in (path, *path.parents):
            if str(one) in answers:
                return "trusted" if answers[str(one)] else "declined"
            if bounded and one == top:
                break
    return "unanswered"
