"""Cards in the outputs of cells: shown at once, and kept true, so that the saved notebook says how it ended.

A front end that knows the card shows more, by itself; this is what stays in the notebook.
"""

import asyncio
import contextlib
import sys
import uuid
from typing import Any, Final

from wegent_jupyter.client.client import ApiError, Unreachable
from wegent_jupyter.client.seen import Seeing, SeenTask
from wegent_jupyter.notebook.card import bundle, state_of
from wegent_jupyter.notebook.session import Session
from wegent_jupyter.notebook.task_object import Task, passing, status_of
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.states import FINAL

ENDED: Final = {state.value for state in FINAL}
RETRY_SECONDS, SETTLE_SECONDS = 30.0, 3.0
_live: "set[LiveCard]" = set()
"""Cards that have something to tell yet."""
_hooked: Final[list[Any]] = []
"""The shells that call `settle` after each cell."""


class LiveCard:
    """One output, updated when its turn needs a person, when that was answered, and when it ends."""

    def __init__(self, task: Task, turn_id: int | None) -> None:
        """Show nothing yet."""
        self.task, self.turn_id = task, turn_id
        self.session = task.session
        self._seeing = Seeing(self.session.client, task.id)
        self._display_id = uuid.uuid4().hex
        self._one_at_a_time = asyncio.Lock()
        self._output: dict[str, Any] = {}
        self.said = ""
        """The state that the output tells."""
        self.between = False
        """It was told while no cell may have listened."""

    @property
    def over(self) -> bool:
        """Say whether the output tells how it ended."""
        return self.said in ENDED

    @property
    def outdated(self) -> bool:
        """Say whether something newer is known than the output tells."""
        found = [self.task.known, self.session.watch.tasks.get(self.task.id)]
        known = [one for one in found if one is not None]
        newest = max(one.updated_at for one in known)
        return any(self._worth(status_of(one)) for one in known if one.updated_at == newest)

    def show(self) -> None:
        """Display it, and keep it true from now on; raises WegentError."""
        self.session.call(self._show())
        if not self.over:
            _live.add(self)
            self.session.submit(self._keep())

    async def _show(self) -> None:
        self._publish(await self._seeing.look(), update=False)

    async def _keep(self) -> None:
        changed = asyncio.Event()

        def hear(what: str, about: Any) -> None:
            if what in ("tasks", "connection") and about in (None, self.task.id):
                changed.set()

        end = self.session.watch.listen(hear)
        try:
            while not self.over:
                changed.clear()
                wait = None if await self._refreshed() else RETRY_SECONDS
                if not self.over:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), wait)
        finally:
            end()
            if not (self.over and self.between):
                _live.discard(self)

    async def _refreshed(self) -> bool:
        """Update the output and say whether that could be done; raises ApiError when the task is gone for good."""
        try:
            await self.refresh()
        except (ApiError, Unreachable) as error:
            if not passing(error):
                raise
            return False
        return True

    async def refresh(self) -> None:
        """Update the output, if it tells what is not so any more; raises ApiError and Unreachable."""
        async with self._one_at_a_time:
            if not self.over and self._tells(await self.session.client.task(self.task.id)):
                self._publish(await self._seeing.look(), update=True)
                self.between = True

    async def settle(self) -> None:
        """Do the same while a cell runs, and tell again what was told between cells."""
        with contextlib.suppress(ApiError, Unreachable):
            if self.outdated and self.session.watch.connected.is_set():
                await self.refresh()
        if self.between:
            self.between = False
            self._display(update=True)
        if self.over:
            _live.discard(self)

    def _tells(self, detail: api.TaskDetail) -> bool:
        """Say whether the output has to tell what the server says."""
        turn = next((one for one in detail.turn_list if one.id == self.turn_id), None)
        state = status_of(detail) if turn is None or turn.id == detail.turn_list[-1].id else turn.state.value
        return self._worth(state)

    def _worth(self, state: str) -> bool:
        """Say whether a state has to be told after the one that was: that it runs now is not."""
        return state != self.said and (state in ENDED or "waiting" in (state, self.said))

    def _publish(self, seen: SeenTask, update: bool) -> None:
        turn = seen.turn(self.turn_id)
        self.said = state_of(turn) if turn is not None else seen.task.state.value
        self._output = bundle(seen, self.turn_id)
        self._display(update)

    def _display(self, update: bool) -> None:
        from IPython.display import publish_display_data

        where = {"display_id": self._display_id}
        publish_display_data(self._output, {}, transient=where, update=update)  # type: ignore[no-untyped-call]


def show(task: Task, turn_id: int | None = None) -> None:
    """Display the card of a task, or of one of its turns, in the cell that runs; raises WegentError."""
    _hook()
    LiveCard(task, turn_id).show()


def settle() -> None:
    """Bring the outputs of this kernel up to date.

    Called at the end of each cell: what executes notebooks without a browser only takes what comes while a cell runs.
    """
    due: dict[Session, list[LiveCard]] = {}
    for card in list(_live):
        if card.outdated or card.between:
            due.setdefault(card.session, []).append(card)
    with contextlib.suppress(Exception, KeyboardInterrupt):  # the cards themselves go on trying
        for session, cards in due.items():
            session.call(_settled(cards), SETTLE_SECONDS)


async def _settled(cards: list[LiveCard]) -> None:
    """Bring cards up to date, all at once: a server that hangs must not cost each cell a wait for each of them."""
    await asyncio.gather(*(card.settle() for card in cards), return_exceptions=True)


def _hook() -> None:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and shell not in _hooked:
        shell.events.register("post_run_cell", lambda _result: settle())
        _hooked.append(shell)
