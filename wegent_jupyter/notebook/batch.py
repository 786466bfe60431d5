"""Many prompts over several devices: as many at once as these have slots."""

import asyncio
import contextlib
import queue
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from wegent_jupyter.notebook import deciding, sending
from wegent_jupyter.notebook.context import gather
from wegent_jupyter.notebook.errors import BadCall, Interrupted, WegentError
from wegent_jupyter.notebook.results import Progress, Results, Row, row_of
from wegent_jupyter.notebook.session import AWAY_SECONDS, Session, session, translated
from wegent_jupyter.notebook.task_object import Task, ended
from wegent_jupyter.protocol import api

MAX_PROMPTS: Final = 1_000
USABLE: Final = ("online", "busy")
LOOK_SECONDS: Final = 1.0
STOP_SECONDS: Final = 30.0


def map(
    prompts: Iterable[str],
    *,
    devices: Sequence[sending.Chosen] | None = None,
    agent: str | None = None,
    mode: api.Mode | None = None,
    model: str | None = None,
    cwd: str | None = None,
    context: Mapping[str, Any] | Sequence[Any] = (),
    worktree: bool = False,
) -> Results:
    """Run each prompt as a task of its own, wait for all, and return their results in the order of the prompts.

    They are spread over `devices` (by default the one that `run` would use): each gets as many at once as it has slots,
    and the next as one ends. A task that fails is a row that says so. *Interrupt kernel* stops those that run, and
    raises Interrupted, which has the rows. Raises WegentError when nothing can be started.
    """
    if not isinstance(prompts, Iterable):
        raise BadCall(f"prompts is a list of prompts; {type(prompts).__name__} is none.")
    given = [prompts] if isinstance(prompts, str) else list(prompts)
    if len(given) > MAX_PROMPTS:
        raise BadCall(f"{len(given):,} prompts are too many at once: {MAX_PROMPTS:,} are allowed.")
    sent = gather(context)
    messages = [sending.Message(one, None, agent, mode, model, cwd, sent, worktree=worktree) for one in given]
    here = session()
    here.ready()
    chosen = here.call(sending.several(here.client, devices))
    batch = _Batch(here, messages, chosen)
    progress = Progress(len(messages))
    try:
        _show(batch, here, progress)
    except KeyboardInterrupt:
        raise _interrupted(batch, here) from None
    if batch.refused is not None:
        raise batch.refused
    return batch.results()


def _interrupted(batch: "_Batch", here: Session) -> Interrupted:
    """Stop what runs, and return the error to raise: what had ended is not lost."""
    with contextlib.suppress(WegentError, TimeoutError, KeyboardInterrupt):  # a second one: no more waiting
        here.call(batch.stop(), STOP_SECONDS)
    results = batch.results("Interrupted before it was started")
    counts = {status: sum(one["status"] == status for one in results) for status in ("completed", "failed")}
    done = " and ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "none completed"
    return Interrupted(
        f"Interrupted: of {len(results):,} tasks {done}. Those that ran were stopped.",
        "What came of them: import sys; results = sys.last_value.results",
        results,
    )


def _show(batch: "_Batch", here: Session, progress: Progress) -> None:
    """Run a batch, and show how far it is in the thread of the notebook: only there outputs find their cell."""
    future = here.submit(batch.run())
    try:
        while not future.done():
            progress.show(batch.count())
            try:
                batch.news.get(timeout=LOOK_SECONDS)
                while True:
                    batch.news.get_nowait()
            except queue.Empty:
                pass
        progress.show(batch.count())
        with translated():
            future.result()
    finally:
        future.cancel()


class _Batch:
    """What is to be done, what is under way, and what came of it. Lives in the session's loop."""

    def __init__(self, here: Session, messages: Sequence[sending.Message], devices: Sequence[api.Device]) -> None:
        self.news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._session, self._messages, self._devices = here, messages, devices
        self._left = deque(range(len(messages)))
        self._rows: dict[int, Row] = {}
        self._on: dict[int, str] = {}
        """The name of the device, once it is to be started there."""
        self._tasks: dict[int, Task] = {}
        self._names = {one.device_id: one.name for one in devices}
        self._running: asyncio.Task[Any] | None = None
        """What runs `run`."""
        self._refusals: list[WegentError] = []

    @property
    def refused(self) -> WegentError | None:
        """Return why nothing at all was started, where that is what was asked for."""
        return self._refusals[0] if self._refusals and not self._tasks else None

    def results(self, unused_as: str | None = None) -> Results:
        """Return a row for each prompt, in their order."""
        why = unused_as or f"No device was online: {', '.join(self._names.values())}"
        rows = [self._rows.get(at) or self._row(at, why) for at in range(len(self._messages))]
        return Results(rows, [self._tasks.get(at) for at in range(len(rows))])

    def count(self) -> dict[str, int]:
        """Return how many stand how."""
        watch, found = self._session.watch, {"running": 0, "waiting": 0, "queued": 0, "finished": 0, "failed": 0}
        for row in list(self._rows.values()):
            found["finished" if row["status"] == "completed" else "failed"] += 1
        for at, task in list(self._tasks.items()):
            if at not in self._rows:
                known = watch.tasks.get(task.id)
                status = "waiting" if known is not None and known.waiting else known.state if known else "queued"
                found["running" if status in ("starting", "running") else status if status in found else "running"] += 1
        return found

    async def run(self) -> None:
        """Do all of it."""
        self._running = asyncio.current_task()
        end = self._session.watch.listen(self._hear)
        try:
            async with asyncio.TaskGroup() as group:
                for slot in range(max((one.slot_max for one in self._devices), default=0)):
                    for device in self._devices:
                        if slot < device.slot_max:
                            group.create_task(self._work(device.device_id))
        finally:
            end()

    async def stop(self) -> None:
        """Stop what runs, and note how that ended; after `run` was cancelled."""
        self._left.clear()
        if self._running is not None:
            await asyncio.wait({self._running})  # what was being made is known then
        running = [at for at in self._tasks if at not in self._rows]
        await asyncio.gather(*(self._stopped(at) for at in running), return_exceptions=True)

    async def _stopped(self, at: int) -> None:
        task = self._tasks[at]
        await deciding.stop(self._session.client, task.id)
        await ended(self._session, task.id)
        self._rows[at] = row_of(self._messages[at].prompt, await task.look())

    def _hear(self, what: str, about: Any) -> None:
        if what != "settings":
            self.news.put(None)

    async def _work(self, device_id: str) -> None:
        """Use one slot of a device until nothing is left, or until the device has been away for too long."""
        while self._left and await self._usable(device_id):
            if self._left:
                await self._one(self._left.popleft(), device_id)

    async def _usable(self, device_id: str) -> bool:
        """Wait until a device is online, while there is something to do; say whether it is."""
        watch, changed = self._session.watch, asyncio.Event()
        end = watch.listen(lambda _what, _about: changed.set())
        try:
            async with asyncio.timeout(AWAY_SECONDS):
                while self._left:
                    changed.clear()
                    if (device := watch.devices.get(device_id)) is not None and device.status in USABLE:
                        return True
                    await changed.wait()
        except TimeoutError:
            pass
        finally:
            end()
        return False

    async def _one(self, at: int, device_id: str) -> None:
        message = self._messages[at]
        self._on[at] = self._names[device_id]
        try:
            with translated():
                task = self._tasks[at] = await self._start(message, device_id, at)
                await ended(self._session, task.id)
                self._rows[at] = row_of(message.prompt, await task.look())
        except WegentError as error:
            self._refusals.append(error)
            self._failed(at, error.message)
        self.news.put(None)

    def _failed(self, at: int, why: str) -> None:
        task = self._tasks.get(at)
        self._rows[at] = row_of(
            self._messages[at].prompt, status="failed", error=why, device=self._on[at], task_id=task and task.id
        )

    def _row(self, at: int, why: str) -> Row:
        """Return the row of what has not ended, as far as is known."""
        prompt, task = self._messages[at].prompt, self._tasks.get(at)
        if task is None:
            return row_of(prompt, status="not started", error=why)
        unheard = "It was not heard how it ended."
        return row_of(prompt, status="unknown", error=unheard, device=self._on[at], task_id=task.id)

    async def _start(self, message: sending.Message, device_id: str, at: int) -> Task:
        """Make a task; one that is being made when this is cancelled is known all the same, so that it is stopped."""
        making = asyncio.ensure_future(sending.first(self._session.client, message, device_id))
        try:
            created = await asyncio.shield(making)
        except asyncio.CancelledError:
            created = await making
            self._tasks[at] = Task(self._session, created.task)
            raise
        return Task(self._session, created.task)
