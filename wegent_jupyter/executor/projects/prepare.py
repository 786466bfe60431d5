"""Make the directories of projects: at once, or by a clone in the background that is asked for again and again."""

import asyncio
import contextlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.executor import workspaces
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.git import GitFailed, enter
from wegent_jupyter.executor.git_words import Reason
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.executor.projects.clone import Clone, NotCloned
from wegent_jupyter.executor.roots import Outside, Roots
from wegent_jupyter.protocol.projects import Prepare, Prepared, ProjectGit

AT_ONCE = 8
"""Clones that may go on at the same time."""
REMEMBERED = 100
"""Orders of which the end is still known when they are asked for again."""
MAX_SIBLINGS = 1_000
MAX_NAME = 100


class NotPrepared(Exception):
    """There is no directory for the project, and nothing was made; `reason` says why."""

    def __init__(self, code: str, message: str, fix: str | None = None) -> None:
        """Keep what is shown."""
        super().__init__(message)
        self.reason = Reason(code, message, fix)


@dataclass
class _Order:
    begun: "asyncio.Task[None]"
    answer: Prepared = field(default_factory=lambda: Prepared(success=True, state="preparing"))
    clone: Clone | None = None
    work: "asyncio.Task[None] | None" = None

    @property
    def done(self) -> bool:
        return self.begun.done() and (self.work is None or self.work.done())


class Projects:
    """The directories of a device's projects."""

    def __init__(self, settings: Settings, records: ProcessRecords) -> None:
        """Nothing is being made."""
        self._root, self._records = settings.workspace_root.absolute(), records
        self._orders: dict[str, _Order] = {}
        self._choosing = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Say whether something is being made."""
        return any(not order.done for order in self._orders.values())

    async def prepare(self, data: dict[str, Any]) -> dict[str, Any]:
        """Begin an order, or tell how far it is; raises ValidationError."""
        message = Prepare.model_validate(data)
        order = self._orders.get(message.id)
        if order is None:
            self._forget()
            order = _Order(asyncio.create_task(self._begin(message)))
            self._orders[message.id] = order
        await asyncio.shield(order.begun)
        answer = order.answer
        if order.clone is not None and answer.state == "preparing":
            answer = answer.model_copy(update={"progress": order.clone.progress})
        return answer.model_dump(exclude_none=True)

    async def close(self) -> None:
        """End what is being made: nothing of it is left."""
        tasks = [task for order in self._orders.values() for task in (order.begun, order.work) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self) -> None:
        done = [id_ for id_, order in self._orders.items() if order.done]
        for id_ in done[: max(0, len(self._orders) - REMEMBERED)]:
            del self._orders[id_]

    async def _begin(self, message: Prepare) -> None:
        try:
            async with self._choosing:
                answer = await self._clone(message) if message.url else await self._directory(message)
        except NotPrepared as error:
            answer = _failed(error.reason)
        except (workspaces.BadWorkspace, Outside, OSError) as error:
            answer = _failed(Reason("bad_path", str(error)))
        order = self._orders[message.id]
        order.answer = answer
        if order.clone is not None:
            order.work = asyncio.create_task(self._work(order, order.clone))

    async def _directory(self, message: Prepare) -> Prepared:
        if message.path is None:
            raise NotPrepared("bad_path", "An order without an address needs a path.")
        path = await asyncio.to_thread(self._made, message.path)
        return await _ready(path, [])

    def _made(self, given: str) -> Path:
        path = self._resolved(given)
        made = workspaces.make(path)
        try:
            return workspaces.check(str(path))
        except workspaces.BadWorkspace:
            workspaces.unmake(made)
            raise

    async def _clone(self, message: Prepare) -> Prepared:
        """Choose where to clone to, or find that it is there already; raises NotPrepared, BadWorkspace, Outside."""
        source, branch = _source(message)
        if sum(order.clone is not None and not order.done for order in self._orders.values()) >= AT_ONCE:
            raise NotPrepared("busy", f"{AT_ONCE} repositories are being cloned on this device.", "Try again later.")
        if message.path is None:
            target, there = await self._free(source)
        else:
            target = await asyncio.to_thread(self._resolved, message.path)
            there = await self._look(target, source)
        if there:
            text = f"{workspaces.shown(str(target))} was there already, cloned from the same address; nothing was done."
            return await _ready(target, [text])
        self._orders[message.id].clone = Clone(message.id, source, branch, target, self._records)
        return Prepared(success=True, state="preparing", path=str(target))

    async def _free(self, source: str) -> tuple[Path, bool]:
        """Return a directory by the repository's name, and whether the clone is there already."""
        base = self._resolved("projects") / _name(source)
        for number in range(1, MAX_SIBLINGS):
            target = base if number == 1 else base.with_name(f"{base.name}-{number}")
            try:
                return target, await self._look(target, source)
            except NotPrepared as error:
                if error.reason.code != "target_taken":
                    raise
        raise NotPrepared("target_taken", f"{base} and all that are numbered after it are taken.", "Give a path.")

    async def _look(self, target: Path, source: str) -> bool:
        """Say whether a clone is there already; raises NotPrepared when something else is."""
        shown = workspaces.shown(str(target))
        if any(order.clone and not order.done and order.clone.target == target for order in self._orders.values()):
            raise NotPrepared("target_taken", f"{shown} is being cloned to right now.", "Choose another directory.")
        state = await asyncio.to_thread(_state, target)
        if state == "free":
            return False
        if state == "mount":
            text = f"{shown} is a mount point, which a clone cannot take the place of."
            raise NotPrepared("bad_path", text, "Choose a directory in it.")
        if state == "directory" and _same(await _origin(target), source):
            await asyncio.to_thread(workspaces.check, str(target))
            return True
        what = "is not empty, and no clone of this repository" if state == "directory" else "is a file"
        raise NotPrepared("target_taken", f"{shown} {what}.", "Choose another directory.")

    async def _work(self, order: _Order, clone: Clone) -> None:
        try:
            order.answer = await _ready(clone.target, await clone.run())
        except NotCloned as error:
            order.answer = _failed(error.reason)
        except workspaces.BadWorkspace as error:
            order.answer = _failed(Reason("bad_path", str(error)))

    def _resolved(self, given: str) -> Path:
        """Return the real path of what is given, relative to the workspace root; raises BadWorkspace, Outside."""
        if given.startswith("~") or Path(given).is_absolute():
            return workspaces.absolute(given)
        if ".." in Path(given).parts:
            raise workspaces.BadWorkspace("Give a path below the device's workspace root, without '..'.")
        return workspaces.telling(Roots([self._root]).inside(str(self._root / given)))


async def _ready(path: Path, warnings: list[str]) -> Prepared:
    real = await asyncio.to_thread(workspaces.check, str(path))
    repository = False
    with contextlib.suppress(GitFailed):
        _, place = await enter(real)
        repository = place.top is not None
    return Prepared(success=True, state="ready", path=str(real), repository=repository, warnings=warnings)


def _failed(reason: Reason) -> Prepared:
    return Prepared(success=False, state="failed", code=reason.code, message=reason.message, fix=reason.fix)


def _source(message: Prepare) -> tuple[str, str | None]:
    """Return what to clone, and which branch, as the API takes them; raises NotPrepared."""
    try:
        given = ProjectGit.model_validate({"url": message.url, "branch": message.branch})
    except ValidationError as error:
        raise NotPrepared("bad_address", error.errors()[0]["msg"].removeprefix("Value error, ") + ".") from error
    if given.url.startswith(("/", "~")):
        return str(workspaces.absolute(given.url)), given.branch
    return given.url, given.branch


def _name(source: str) -> str:
    """Return what a repository is called, as a name of a directory."""
    last = re.split(r"[/:]", source.rstrip("/").removesuffix("/.git").removesuffix(".git"))[-1]
    return re.sub(r"[^\w.-]+", "-", last)[:MAX_NAME].strip(".-") or "repository"


def _state(target: Path) -> str:
    """Return what is there: `free` (or empty), `mount` (empty, too), `directory` or `file`; raises NotPrepared."""
    if not os.path.lexists(target):
        return "free"
    if not target.is_dir():
        return "file"
    try:
        empty = next(target.iterdir(), None) is None
    except OSError as error:
        text = f"{workspaces.shown(str(target))} cannot be read: {error.strerror}."
        raise NotPrepared("bad_path", text, "Choose another directory.") from error
    if not empty:
        return "directory"
    return "mount" if target.is_mount() else "free"


async def _origin(target: Path) -> str:
    """Return from where the repository whose top a directory is was cloned; empty: it is none, or from nowhere."""
    try:
        git, place = await enter(target)
        if place.top != target:
            return ""
        return (await git.text(["config", "--get", "remote.origin.url"], target))[1].strip()
    except GitFailed:
        return ""


def _same(one: str, other: str) -> bool:
    """Say whether two addresses mean one repository, but for a password in one of them."""
    plain = [re.sub(r"(?<=://)[^/]*@", "", address).rstrip("/").removesuffix(".git") for address in (one, other)]
    return bool(one) and plain[0] == plain[1]
