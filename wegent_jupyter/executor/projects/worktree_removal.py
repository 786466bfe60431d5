"""Tell what would be lost with a task's worktree, and remove it if that is nothing. Nobody can force it."""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wegent_jupyter.executor import git_words
from wegent_jupyter.executor.git import Git, GitFailed, enter
from wegent_jupyter.executor.projects import losses
from wegent_jupyter.executor.projects.losses import MAX_LISTED, Losses
from wegent_jupyter.executor.projects.worktrees import Worktrees, repository, unregister
from wegent_jupyter.protocol.projects import WorktreeAnswer, WorktreeQuestion

NOT_OURS = "This is no worktree of this task on this device."
NOT_CLEAN = "worktree_not_clean"


class NotRemoved(Exception):
    """A worktree that stays, or that is none; the text says why."""


class Removal:
    """Examines and removes the worktrees of a device."""

    def __init__(self, worktrees: Worktrees, busy: Callable[[int, Path], bool]) -> None:
        """`busy` says whether a turn of a task, or any turn in a directory, runs."""
        self._worktrees, self._busy = worktrees, busy
        self._removing = asyncio.Lock()
        self._background: set[asyncio.Task[WorktreeAnswer]] = set()

    async def examine(self, data: dict[str, Any]) -> dict[str, Any]:
        """Answer `worktree:examine`; raises ValidationError."""
        return await self._answer(data, self._examine)

    async def remove(self, data: dict[str, Any]) -> dict[str, Any]:
        """Answer `worktree:remove`; raises ValidationError."""
        return await self._answer(data, self._remove_whole)

    async def remove_named(self, path: Path) -> None:
        """Remove a task's worktree, by its path alone; raises NotRemoved, GitFailed, OSError."""
        task = path.parent.name
        if not re.fullmatch(r"[1-9][0-9]{0,15}", task):
            raise NotRemoved(NOT_OURS)
        question = WorktreeQuestion(task_id=int(task), path=str(path))
        answer = await self._remove_whole(question.task_id, await asyncio.to_thread(self._top, question))
        if not answer.success:
            raise NotRemoved(answer.message)

    async def _remove_whole(self, task_id: int, top: Path) -> WorktreeAnswer:
        """Remove it to its end, also when whoever asked waits no longer: of half a worktree all would seem changed."""
        work = asyncio.create_task(self._alone(task_id, top))
        self._background.add(work)
        work.add_done_callback(self._background.discard)
        return await asyncio.shield(work)

    async def _alone(self, task_id: int, top: Path) -> WorktreeAnswer:
        async with self._removing:
            self._worktrees.leaving.add(task_id)
            try:
                return await self._remove(task_id, top)
            finally:
                self._worktrees.leaving.discard(task_id)

    async def _answer(self, data: dict[str, Any], act: Any) -> dict[str, Any]:
        question = WorktreeQuestion.model_validate(data)
        try:
            top = await asyncio.to_thread(self._top, question)
            answer: WorktreeAnswer = await act(question.task_id, top)
        except NotRemoved as error:
            answer = WorktreeAnswer(success=False, code="bad_path", message=str(error))
        except (GitFailed, OSError) as error:
            answer = WorktreeAnswer(success=False, code="git_failed", message=git_words.harmless(str(error)))
        return answer.model_dump(exclude_none=True)

    def _top(self, question: WorktreeQuestion) -> Path:
        """Return the top of the worktree in which a path lies; raises NotRemoved, also where a link leads elsewhere."""
        home = self._worktrees.home(question.task_id)
        path = Path(os.path.normpath(question.path))
        names = path.relative_to(home).parts if path.is_relative_to(home) and "\0" not in question.path else ()
        if not names or (home / names[0]).resolve() != home / names[0]:
            raise NotRemoved(NOT_OURS)
        return home / names[0]

    async def _examine(self, task_id: int, top: Path) -> WorktreeAnswer:
        noted = self._worktrees.noted(top)
        source = repository(noted) if noted else None
        if not await asyncio.to_thread(os.path.lexists, top):
            return WorktreeAnswer(success=True, source=source, removable=True)
        try:
            git, place = await enter(top)
            if place.top != top or place.own == place.common:
                raise GitFailed("it is a repository of its own, or in another one.")
            found = await losses.look(git, place, top)
        except GitFailed as error:
            text = f"What would be lost cannot be told: {git_words.harmless(str(error))}"
            fix = "Take out of it what you need, then delete it yourself."
            return WorktreeAnswer(success=True, exists=True, source=source, reason=text, fix=fix)
        if self._busy(task_id, top):
            found.obstacles.append("A turn runs in it.")
        return _told(found, repository(place.common))

    async def _remove(self, task_id: int, top: Path) -> WorktreeAnswer:
        answer = await self._examine(task_id, top)
        if not answer.removable:
            fix = answer.fix or "Commit it to a branch, push it, or take it out of the worktree."
            said = {"code": NOT_CLEAN, "message": answer.reason or "", "fix": fix}
            return answer.model_copy(update={"success": False, **said})
        if answer.exists:
            await _take_away(top)
        elif (common := self._worktrees.noted(top)) is not None and common.is_dir():
            await unregister(Git(), common, top)
        self._worktrees.note(top, None)
        with contextlib.suppress(OSError):  # it has another one, or is gone itself
            top.parent.rmdir()
        return WorktreeAnswer(success=True, source=answer.source, removable=True)


async def _take_away(top: Path) -> None:
    git, place = await enter(top)
    # git removes none with submodules else. It would not look into them, and we did.
    force = ["--force"] if await losses.submodules(git, top) else []
    done = await unregister(git, place.common, top, *force)
    if done.status != 0:
        raise GitFailed(done.stderr)


def _told(found: Losses, source: str) -> WorktreeAnswer:
    reasons = found.reasons
    return WorktreeAnswer(
        success=True,
        exists=True,
        source=source,
        uncommitted=found.uncommitted[:MAX_LISTED],
        uncommitted_total=len(found.uncommitted),
        unpushed=found.unpushed[:MAX_LISTED],
        unpushed_total=len(found.unpushed),
        ignored=found.ignored[:MAX_LISTED],
        ignored_total=len(found.ignored),
        reason=" ".join(reasons) or None,
        removable=not reasons,
    )
