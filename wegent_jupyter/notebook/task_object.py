"""A task as an object of a notebook: look at it, wait for it, answer it, stop it."""

import asyncio
import os
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wegent_jupyter.client.client import ApiError, Unreachable
from wegent_jupyter.client.projects import starting
from wegent_jupyter.client.seen import Seeing, SeenTask, SeenTurn
from wegent_jupyter.notebook import deciding, sending
from wegent_jupyter.notebook.changed import diff_of, files_of
from wegent_jupyter.notebook.context import gather
from wegent_jupyter.notebook.errors import BadCall, NoServer, TookTooLong, WegentError, path_of, seconds_of
from wegent_jupyter.notebook.events import events
from wegent_jupyter.notebook.session import Session, translated
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.changes import FileChange
from wegent_jupyter.protocol.states import TurnState

RETRY_SECONDS = 1.0


class Task:
    """A conversation with an agent. What is asked of it is read from the server each time."""

    def __init__(self, session: Session, task: api.Task) -> None:
        """Stand for a task of the session's server."""
        self.session = session
        self.known = task
        """As it was when somebody last looked."""
        self._seeing = Seeing(session.client, task.id)
        self._gateway: str | None = None

    def __repr__(self) -> str:
        """Name it, without asking anybody."""
        practice = ", PRACTICE: scripted, not AI" if self.known.practice else ""
        return f"<Task {self.id}: {self.known.title!r}{practice}>"

    def __eq__(self, other: object) -> bool:
        """Say whether it is the same task of the same server."""
        return isinstance(other, Task) and other.session is self.session and other.id == self.id

    def __hash__(self) -> int:
        """Return what goes with that."""
        return hash(self.id)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return its card: live where the front end shows it, with a copy of what it says now."""
        from wegent_jupyter.notebook.card import bundle

        try:
            return bundle(self.seen())
        except WegentError as error:
            return {"text/plain": f"{self!r}\n{error}"}

    @property
    def id(self) -> int:
        """Return its number."""
        return self.known.id

    @property
    def title(self) -> str:
        """Return how faces call it."""
        return self.known.title

    @property
    def status(self) -> str:
        """Return the state of the newest turn: `queued`, `starting`, `running`, `waiting` (for you), or how it ended:
        `completed`, `failed`, `cancelled`."""
        return status_of(self.now())

    @property
    def error(self) -> api.TurnError | None:
        """Return why the newest turn failed."""
        return self.now().error

    @property
    def turns(self) -> Sequence[SeenTurn]:
        """Return all turns, oldest first, with what the agent did in each."""
        return self.seen().turns

    @property
    def text(self) -> str:
        """Return what the agent said in the newest turn."""
        turn = self.seen().turn()
        return turn.text if turn is not None else ""

    @property
    def files(self) -> list[FileChange]:
        """Return the files that the newest turn changed; known at its end."""
        return files_of(self.seen().turn())

    @property
    def diff(self) -> str:
        """Return what the newest turn changed, as a unified diff; its device is asked."""
        return self.session.call(diff_of(self.session.client, self.seen().turn()))

    @property
    def usage(self) -> api.Usage | None:
        """Return the tokens of the newest turn, as its agent reported them."""
        turn = self.seen().turn()
        return turn.turn.usage if turn is not None else None

    @property
    def cost(self) -> float | None:
        """Return what the task has cost so far in US dollars, as its agent says; None if it says nothing."""
        known = [one.turn.usage.session_cost_usd for one in self.seen().turns if one.turn.usage is not None]
        return next((one for one in reversed(known) if one is not None), None)

    @property
    def approvals(self) -> list[api.Approval]:
        """Return what it asks you at the moment."""
        return self.session.call(deciding.asked(self.session.client, self.id))

    def now(self) -> api.Task:
        """Return the task without its turns, as it is now; raises WegentError."""
        self.known = self.session.call(self.session.client.task(self.id))
        return self.known

    def seen(self) -> SeenTask:
        """Return the whole task as it is now; raises WegentError."""
        return self.session.call(self.look())

    async def look(self) -> SeenTask:
        """Do the same in the session's loop; raises NoServer and the client's errors."""
        seen = await self._seeing.look()
        if self._gateway is not None and seen.gateway_id not in (None, self._gateway):
            raise NoServer(f"Another server answers now: task {self.id} is not there.")
        self.known, self._gateway = seen.task, seen.gateway_id or self._gateway
        return seen

    def wait(self, timeout: float | None = None) -> "Task":
        """Wait until nothing of it runs or waits any more, `timeout` seconds at most; raises WegentError.

        A turn that fails is no error here: look at `status`. An interrupt ends the waiting, not the turn.
        """
        seconds = seconds_of(timeout, "timeout")
        try:
            self.known = self.session.call(ended(self.session, self.id), seconds)
        except TimeoutError:
            raise TookTooLong(
                f"Task {self.id} is not finished after {seconds or 0:g} s.",
                "It goes on: wait() waits again, stop() stops it.",
            ) from None
        return self

    def __await__(self) -> Generator[Any, None, "Task"]:
        """Wait until it is finished, in any event loop."""
        return self._finished().__await__()

    def __aiter__(self) -> AsyncIterator[api.Event]:
        """Yield what happened and happens in the newest turn, until it ends (`protocol.api.Event`)."""
        return events(self.session, self.id)

    def reply(
        self,
        prompt: str,
        *,
        device: sending.Chosen | None = None,
        agent: str | None = None,
        mode: api.Mode | None = None,
        model: str | None = None,
        cwd: str | os.PathLike[str] | None = None,
        context: Mapping[str, Any] | Sequence[Any] = (),
    ) -> "Task":
        """Send the next message; what is not given stays as it was. It waits its turn while the agent works."""
        message = sending.Message(prompt, device, agent, mode, model, cwd, gather(context))
        self.session.call(sending.next_one(self.session.client, self.now(), message))
        return self

    def steer(self, text: str) -> "Task":
        """Hand a message to the agent while it works."""
        self.session.call(deciding.steer(self.session.client, self.id, text))
        return self

    def approve(
        self,
        approval: str | api.Approval | None = None,
        *,
        for_task: bool = False,
        answers: Mapping[str, str | list[str]] | None = None,
        input: dict[str, Any] | None = None,
    ) -> "Task":
        """Say yes to what it asks; `for_task`: to the same from now on, too. Questions want `answers={question: …}`."""
        how = deciding.Answer("allow_task" if for_task else "allow", answers=answers, input=input)
        self.session.call(deciding.decide(self.session.client, self.id, approval, how))
        return self

    def deny(self, reason: str | None = None, approval: str | api.Approval | None = None) -> "Task":
        """Say no to what it asks; the agent is told why where it can be."""
        how = deciding.Answer("deny", reason=reason)
        self.session.call(deciding.decide(self.session.client, self.id, approval, how))
        return self

    def stop(self) -> "Task":
        """Stop the turn that runs, or waits; does nothing when all is finished."""
        self.session.call(deciding.stop(self.session.client, self.id))
        return self

    def resume(self) -> "Task":
        """Let the messages run that wait since an earlier one failed."""
        self.session.call(self.session.client.resume(self.id))
        return self

    def to_notebook(self, path: str | Path, overwrite: bool = False) -> Path:
        """Save its transcript as a notebook and return where; replaces a file only with `overwrite`."""
        file = path_of(path, "path")
        import nbformat  # noqa: F401 - it takes seconds: here it delays nobody else

        from wegent_jupyter.client.transcript_file import BadTranscript, save

        try:
            return self.session.call(save(self.session.client, self.id, file, overwrite=overwrite))
        except BadTranscript as error:
            raise BadCall(str(error)) from None

    async def _finished(self) -> "Task":
        with translated():
            self.known = await asyncio.wrap_future(self.session.submit(ended(self.session, self.id)))
        return self


async def ended(session: Session, task_id: int) -> api.Task:
    """Return a task when it is finished, in the session's loop; raises ApiError, Unreachable.

    What the watch tells only says when to look: an update may be an old one.
    """
    changed = asyncio.Event()

    def hear(what: str, about: Any) -> None:
        if what in ("tasks", "connection") and about in (None, task_id):
            changed.set()

    end = session.watch.listen(hear)
    try:
        while True:
            changed.clear()
            try:
                task: api.Task = await session.client.task(task_id)
            except (Unreachable, ApiError) as error:
                if not passing(error):
                    raise
                await session.unless_away(asyncio.sleep(RETRY_SECONDS))
                continue
            if task.state.final:
                return task
            if task.paused:
                raise WegentError(
                    f"Task {task_id} is paused: a message failed while others waited.", "task.resume() lets those run."
                )
            await session.unless_away(changed.wait())
    finally:
        end()


def passing(error: Unreachable | ApiError) -> bool:
    """Say whether it may pass by itself: the server starts, or its database is not there for a moment."""
    return isinstance(error, Unreachable) or starting(error)


def status_of(task: api.Task) -> str:
    """Return a task's state as a word; `waiting` while it needs a person."""
    return "waiting" if task.waiting and task.state is TurnState.RUNNING else task.state.value
