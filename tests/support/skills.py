"""Directories of skills for tests: making them, looking at all that is in them, and migrations that are cut off."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from wegent_jupyter.executor.skills import places, steps
from wegent_jupyter.executor.skills.errors import NotDone
from wegent_jupyter.executor.skills.migration import Migration

NOTHING = 3
End = Literal["done", "killed", "nothing"]
ENDS: dict[int, End] = {0: "done", -signal.SIGKILL: "killed", NOTHING: "nothing"}
"""By exit status; `nothing`: there was nothing to undo."""
Tree = dict[str, object]
CHANGES = (
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.symlink",
    "os.remove",
    "os.chmod",
    "shutil.rmtree",
    "shutil.copystat",
)
"""Audit events (docs.python.org, "Audit events table") of what changes a file system, beside files that are made."""
_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload(["tests.support.skills"])


def skill(folder: Path, description: str = "What it is for", name: str | None = None, body: str = "Do it.") -> Path:
    """Make a skill that both agents take."""
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: {name or folder.name}\ndescription: {description}\n---\n{body}\n")
    return folder


def tree(folder: Path) -> Tree:
    """Return all that is in a directory: kinds, modes, contents, what links say."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        mode = stat.S_IMODE(about.st_mode)
        name = str(path.relative_to(folder))
        if stat.S_ISLNK(about.st_mode):
            found[name] = ("link", str(path.readlink()))
        elif stat.S_ISDIR(about.st_mode):
            found[name] = ("folder", mode)
        else:
            found[name] = ("file", mode, path.read_bytes())
    return found


class Person:
    """A home directory, and beside it that of an executor."""

    def __init__(self, base: Path, **environment: str) -> None:
        self.home, self.executor = base / "person", base / "executor"
        self.home.mkdir(parents=True)
        self.environment = {"HOME": str(self.home), **environment}
        self.shared = self.home / ".agents" / "skills"
        self.codex, self.claude = self.home / ".codex" / "skills", self.home / ".claude" / "skills"

    @property
    def migration(self) -> Migration:
        return Migration(places.find(self.environment), self.executor)

    @property
    def tree(self) -> Tree:
        return tree(self.home)

    def cut_off(self, what: str, at: int, *, linkable: bool = True) -> End:
        """Share or undo in a process of its own, killed when it is about to change the file system for the n-th time.

        With 0 it is not killed.
        """
        process = _SPAWN.Process(target=_work, args=(self.environment, str(self.executor), what, at, linkable))
        process.start()
        process.join(60)
        return ENDS[process.exitcode or 0]


def cannot_link(_text: str, _folder: int, name: str) -> None:
    """Answer as a file system that has no links."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM), name)


def _work(environment: dict[str, str], executor: str, what: str, at: int, linkable: bool) -> None:
    if not linkable:
        steps.link = cannot_link  # type: ignore[assignment]
    migration = Migration(places.find(environment), Path(executor))
    sys.addaudithook(_killer(at))
    try:
        getattr(migration, what)()
    except NotDone as error:
        if error.code != "not_undoable":
            raise
        sys.exit(NOTHING)


def _killer(at: int) -> Callable[[str, tuple[Any, ...]], None]:
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        made = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if event in CHANGES or made:
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook
