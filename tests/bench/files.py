"""A repository of 20,000 files: snapshots around a turn, a worktree, `@file`, against git itself in the same run."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from tests.bench.rows import Row, row
from tests.support.repositories import git
from wegent_jupyter.executor.changes.stores import Stores
from wegent_jupyter.executor.config import load
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.executor.projects.listing import Listing
from wegent_jupyter.executor.projects.worktrees import Worktrees

FILES, IN_FOLDER = 20_000, 100
Samples = list[tuple[float, float | None]]
T = TypeVar("T")


def rows(rounds: int) -> list[Row]:
    """Return the rows; each round is a repository and a home of its own."""
    found: dict[str, Samples] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            for name, pair in asyncio.run(_round(Path(place))).items():
                found.setdefault(name, []).append(pair)
    add, status, tree = "`git add` into an empty index", "`git status` on the warm repository", "`git worktree add`"
    return [
        row(
            "first snapshot, 20,000 files",
            "ms",
            found["first"],
            reference_is=add,
            compare="ratio",
        ),
        row("later snapshot, one file changed", "ms", found["later"], reference_is=status, compare="ratio"),
        row("worktree of 20,000 files", "ms", found["worktree"], reference_is=tree, compare="ratio"),
        row("@file among 20,000, cached", "ms", found["file"]),
    ]


async def _round(place: Path) -> dict[str, tuple[float, float | None]]:
    repository = _repository(place / "repository")
    settings = load({"WEGENT_EXECUTOR_HOME": str(place / "home")})
    store = await Stores(settings.home).of(repository)
    first, _ = await _timed(store.take(before=True))
    (repository / "0" / "0.py").write_text("changed\n")
    later, taken = await _timed(store.take(before=False))
    assert taken.tree
    index = {"GIT_INDEX_FILE": str(place / "index")}
    added = _git(repository, "add", "-A", **index)
    _git(repository, "status", "--porcelain")
    status = _git(repository, "status", "--porcelain")
    made, worktree = await _timed(Worktrees(settings, ProcessRecords(place / "records")).make(7, str(repository)))
    assert len([*worktree.workspace.iterdir()]) > FILES / IN_FOLDER
    plain = _git(repository, "worktree", "add", "-q", "--detach", str(place / "plain"))
    listing, question = Listing(), {"path": str(repository), "query": "99.py", "limit": 50}
    await listing.files(question)
    found, answer = await _timed(listing.files(question))
    assert len(answer["items"]) == 50
    return {
        "first": (first, added),
        "later": (later, status),
        "worktree": (made, plain),
        "file": (found, None),
    }


def _repository(folder: Path) -> Path:
    for number in range(FILES):
        file = folder / str(number // IN_FOLDER) / f"{number % IN_FOLDER}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"value = {number}\n" * 200)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


async def _timed(work: Awaitable[T]) -> tuple[float, T]:
    began = time.perf_counter()
    found = await work
    return (time.perf_counter() - began) * 1000, found


def _git(folder: Path, *words: str, **environment: Any) -> float:
    began = time.perf_counter()
    git(folder, *words, **environment)
    return (time.perf_counter() - began) * 1000
