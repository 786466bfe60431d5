"""Answer what the gateway asks about the skills of this device: which there are, share them, take that back."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from wegent_jupyter.executor.config import Settings
from wegent_jupyter.protocol.skills import LIST, SHARE, SHARING, UNSHARE, ListSkills, ShareSkills
from wegent_jupyter.protocol.wire import Done

if TYPE_CHECKING:
    from wegent_jupyter.executor.skills.work import Printed, Work

Answer = dict[str, Any]
_T = TypeVar("_T")


class SkillAnswers:
    """The answers of one device; the work is done in threads.

    Running turns do not stand in the way of sharing: what an agent has open stays open when it moves, and its path
    leads to the same file again a moment later.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing is looked at yet."""
        self._settings = settings

    def questions(self) -> dict[str, Callable[[Answer], Awaitable[Answer]]]:
        """Return what answers each question."""
        return {LIST: self._list, SHARING: self._sharing, SHARE: self._share, UNSHARE: self._unshare}

    async def ls_skills(self) -> "Printed":
        """Return what the command of this name prints."""
        return await asyncio.to_thread(self._work.ls_skills)

    async def setup_shared_skills(self) -> "Printed":
        """Do what the command of this name does, and return what it prints."""
        return await _to_the_end(self._work.setup_shared_skills)

    @cached_property
    def _work(self) -> "Work":
        from wegent_jupyter.executor.skills.work import Work  # an idle device has no need of it

        return Work(self._settings)

    async def _list(self, data: Answer) -> Answer:
        question = ListSkills.model_validate(data)
        return _told(await asyncio.to_thread(self._work.listed, question.workspace))

    async def _sharing(self, _data: Answer) -> Answer:
        return _told(await asyncio.to_thread(self._work.sharing))

    async def _share(self, data: Answer) -> Answer:
        question = ShareSkills.model_validate(data)
        return _told(await _to_the_end(lambda: self._work.share(question.digest)))

    async def _unshare(self, _data: Answer) -> Answer:
        return _told(await _to_the_end(self._work.unshare))


async def _to_the_end(work: Callable[[], _T]) -> _T:
    """Do it to its end, also when the connection that asked for it ends meanwhile."""
    return await asyncio.shield(asyncio.create_task(asyncio.to_thread(work)))


def _told(done: Done) -> Answer:
    return done.model_dump(by_alias=True)
