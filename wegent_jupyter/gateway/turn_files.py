"""What turns changed, worktrees, and what is in directories: asked of the device that has them."""

import asyncio
from dataclasses import dataclass

from wegent_jupyter.gateway.asking import ask
from wegent_jupyter.gateway.devices import DeviceEntry, Devices
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused
from wegent_jupyter.gateway.notebooks import cells
from wegent_jupyter.gateway.places import Place
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store
from wegent_jupyter.gateway.tasks import Tasks
from wegent_jupyter.protocol import changes, projects
from wegent_jupyter.protocol.api import Turn

FILES = 50
"""Files that are offered for completion, by default."""
EXAMINE_SECONDS = 60.0
WORK_SECONDS = 300.0
"""To remove or put back 20,000 files takes a device up to 40 s; asked again, it answers what became of it."""
AT_ONCE = 8
"""Worktrees that are examined at the same time."""


@dataclass(slots=True)
class Files:
    """Questions of people about files on their devices."""

    devices: Devices
    tasks: Tasks
    store: Store

    async def folders(self, owner: str, device_id: str, path: str | None) -> projects.FolderList:
        """Return the directories in a directory; raises Refused."""
        device = self.devices.get(owner, device_id)
        answer = await ask(device, projects.FOLDERS, {"path": path}, projects.FoldersAnswer)
        return projects.FolderList.model_validate(answer.model_dump())

    async def files(self, owner: str, device_id: str, path: str, query: str, limit: int) -> projects.FileList:
        """Return the files of a workspace that match; raises Refused."""
        device = self.devices.get(owner, device_id)
        data = {"path": path, "query": query, "limit": limit or FILES}
        answer = await ask(device, projects.FILES, data, projects.FilesAnswer)
        return projects.FileList.model_validate(answer.model_dump())

    # What a turn changed.

    async def changed(self, owner: str, task_id: int, turn_id: int) -> changes.TurnChanges:
        """Return what a turn changed, and how that looks now; raises Refused."""
        turn, device, attempt_id = await self._turn(owner, task_id, turn_id)
        question = changes.ChangesQuestion(attempt_id=attempt_id)
        answer = await ask(device, changes.LIST, question.model_dump(), changes.ChangesAnswer, EXAMINE_SECONDS)
        return changes.TurnChanges(
            turn_id=turn.id,
            attempt_id=attempt_id,
            workspace=answer.workspace,
            items=answer.items,
            total=answer.total,
        )

    async def diff(self, owner: str, task_id: int, turn_id: int, path: str) -> changes.FileDiff:
        """Return one file before and after a turn; raises Refused."""
        _, device, attempt_id = await self._turn(owner, task_id, turn_id)
        question = changes.FileQuestion(attempt_id=attempt_id, path=path)
        answer = await ask(device, changes.FILE, question.model_dump(), changes.FileAnswer)
        found = changes.FileDiff(path=path, **answer.model_dump(include=set(changes.FileDiff.model_fields)))
        if path.endswith(".ipynb") and not (found.binary or found.truncated):
            found.cells = await asyncio.to_thread(cells, found.before, found.after)
        return found

    async def revert(self, owner: str, task_id: int, turn_id: int, request: changes.Revert) -> changes.Reverted:
        """Take back what a turn changed, all that is asked or nothing; raises Refused."""
        _, device, attempt_id = await self._turn(owner, task_id, turn_id)
        question = changes.RevertQuestion(attempt_id=attempt_id, paths=request.paths)
        answer = await ask(device, changes.REVERT, question.model_dump(), changes.RevertAnswer, WORK_SECONDS)
        return changes.Reverted(paths=answer.paths)

    async def _turn(self, owner: str, task_id: int, turn_id: int) -> tuple[Turn, DeviceEntry, int]:
        await self.tasks.entry(owner, task_id)
        turns = await self.store.read(lambda connection: records.turns_of(connection, task_id))
        turn = next((one for one in turns if one.id == turn_id), None)
        if turn is None:
            raise NotFound("Turn", turn_id)
        device = self.devices.by_key((owner, turn.device_id))
        if device is None:
            raise Conflict("The device of this turn was deleted: its files are there.", code="device_removed")
        if turn.attempt_id is None:
            raise Refused("This turn did not start, so it changed nothing.", code="no_changes")
        return turn, device, turn.attempt_id

    # Worktrees.

    async def worktree(self, owner: str, task_id: int) -> projects.WorktreeReport:
        """Return what would go with a task's worktree; raises Refused."""
        return await self._about_worktree(owner, task_id, projects.WORKTREE)

    async def remove_worktree(self, owner: str, task_id: int) -> projects.WorktreeReport:
        """Remove a task's worktree if nothing is lost with it; raises Refused."""
        entry = await self.tasks.entry(owner, task_id)
        if entry.open:
            raise Conflict("Turns of this task wait or run in it.", code="busy", fix="Stop them, or let them end.")
        return await self._about_worktree(owner, task_id, projects.REMOVE_WORKTREE)

    async def worktrees(self, owner: str) -> list[projects.WorktreeReport]:
        """Return the worktrees of all tasks, newest first; those of a device that is away are said to be there."""
        found = await self.store.read(lambda connection: records.worktrees_of(connection, owner))
        limit = asyncio.Semaphore(AT_ONCE)

        async def report(task_id: int, device_id: str, path: str) -> projects.WorktreeReport:
            async with limit:
                try:
                    device = self.devices.get(owner, device_id)
                    return await self._examine(device, task_id, path, projects.WORKTREE)
                except Refused as error:
                    text = error.message
                    return projects.WorktreeReport(
                        task_id=task_id, device_id=device_id, path=path, exists=True, reason=text
                    )

        reports = await asyncio.gather(*(report(*one) for one in found))
        return [one for one in reports if one.exists]

    async def _about_worktree(self, owner: str, task_id: int, event: str) -> projects.WorktreeReport:
        entry = await self.tasks.entry(owner, task_id)
        device_id = entry.task.device_id
        place = entry.places.get(device_id) or Place()
        if place.source != "git_worktree" or not place.workspace:
            raise NotFound("Worktree of task", task_id)
        return await self._examine(self.devices.get(owner, device_id), task_id, place.workspace, event)

    @staticmethod
    async def _examine(device: DeviceEntry, task_id: int, path: str, event: str) -> projects.WorktreeReport:
        question = projects.WorktreeQuestion(task_id=task_id, path=path)
        seconds = WORK_SECONDS if event == projects.REMOVE_WORKTREE else EXAMINE_SECONDS
        answer = await ask(device, event, question.model_dump(), projects.WorktreeAnswer, seconds)
        known = answer.model_dump(include=set(projects.WorktreeReport.model_fields))
        return projects.WorktreeReport(**known, task_id=task_id, device_id=device.kept.device_id, path=path)
