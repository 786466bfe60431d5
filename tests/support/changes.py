"""Turns without an agent: what changes a directory is a function, between the snapshots of a real executor home."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import stat
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from wegent_jupyter.executor.changes.answers import ChangeAnswers
from wegent_jupyter.executor.changes.watching import Changes
from wegent_jupyter.protocol.changes import FILE, LIST, REVERT
from wegent_jupyter.protocol.events import Changed

GATEWAY = "gateway"
Work = Callable[[], object]
ODD = [
    "with space.txt",
    "-leading-dash",
    "line\nbreak",
    "tab\there",
    "'quotes\".md",
    "日本語.txt",
    ":(top)magic",
    "*?[x]",
]


class Home:
    """The snapshots of one executor home; `busy` are the directories in which a turn runs."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.changes = Changes(path)
        self.busy: set[Path] = set()
        self._numbers = itertools.count(1)

    async def turn(self, workspace: Path, work: Work, number: int = 0) -> Changed | None:
        """Do something as a turn; returns what the transcript says of it. `last` is its number."""
        self.last = number or next(self._numbers)
        told: list[Any] = []
        async with self.changes.watched((GATEWAY, self.last), run_in(workspace), told.append):
            await asyncio.to_thread(work)
        return told[0] if told else None

    async def ask(self, question: str, **data: Any) -> dict[str, Any]:
        """Ask about the last turn, or `attempt_id`."""
        answers = ChangeAnswers(self.changes, lambda folder: folder in self.busy).questions(lambda: GATEWAY)
        return await answers[question]({"attempt_id": self.last, **data})

    async def list(self, **data: Any) -> dict[str, Any]:
        return await self.ask(LIST, **data)

    async def states(self) -> dict[str, str]:
        """Return how each changed file looks now."""
        return {one["path"]: one["now"] for one in (await self.list())["items"]}

    async def file(self, path: str) -> dict[str, Any]:
        return await self.ask(FILE, path=path)

    async def revert(self, paths: Sequence[str] | None = None, **data: Any) -> dict[str, Any]:
        return await self.ask(REVERT, paths=paths, **data)

    async def started_again(self) -> Home:
        """Return the home as the executor's next process has it."""
        await self.changes.close()
        again = Home(self.path)
        again.last = self.last
        again._numbers = self._numbers
        return again


def story(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


def run_in(workspace: Path) -> Any:
    """Return what a snapshot needs to know of a run."""
    return SimpleNamespace(workspace=workspace, stop=asyncio.Event(), next_index=itertools.count(1).__next__)


def picture(folder: Path) -> dict[str, tuple[str, str]]:
    """Return all that is in a directory: kind and mode, and the content, of each entry."""
    found: dict[str, tuple[str, str]] = {}
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(above, name)
            about = path.lstat()
            if stat.S_ISLNK(about.st_mode):
                content = str(path.readlink())
            elif stat.S_ISREG(about.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                content = ""
            found[os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")] = (
                oct(about.st_mode),
                content,
            )
    return found


def paths(changed: Changed | None) -> list[str]:
    """Return the files of a transcript's item as `status path`."""
    assert changed is not None
    return [f"{one['status']} {one['path']}" for one in changed.files]


def fill(folder: Path) -> None:
    """Make files of every kind."""
    (folder / "text.txt").write_bytes(b"one\ntwo\n")
    (folder / "crlf.txt").write_bytes(b"one\r\ntwo\r\nthree\n")
    (folder / "latin1.txt").write_bytes("Äpfel\n".encode("latin-1"))
    (folder / "data.bin").write_bytes(bytes(range(256)) * 20)
    (folder / "empty").write_bytes(b"")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "private").write_text("for me\n")
    (folder / "private").chmod(0o600)
    (folder / "link").symlink_to("text.txt")
    (folder / "broken").symlink_to("nowhere")
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file").write_text("deep\n")
    (folder / "to-folder").symlink_to("deep")
    for name in ODD:
        (folder / name).write_text(f"{name}\n")
    Path(os.fsdecode(os.fsencode(folder) + b"/no\xffutf8")).write_text("x\n")
