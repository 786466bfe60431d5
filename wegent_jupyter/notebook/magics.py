"""`%wegent` and `%%wegent`."""

import builtins
import contextlib
import shlex
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from wegent_jupyter.notebook import listing, live, sending
from wegent_jupyter.notebook.calls import task as task_of
from wegent_jupyter.notebook.cell_options import CellOptions, parse
from wegent_jupyter.notebook.context import Gathered, gather, variables
from wegent_jupyter.notebook.deciding import CONFLICT
from wegent_jupyter.notebook.errors import BadCall, Refused, TookTooLong, WegentError
from wegent_jupyter.notebook.session import session
from wegent_jupyter.notebook.task_object import Task
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.states import TurnState

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

STOP_SECONDS: Final = 30.0
GONE: Final = 404
"""No turn of that number is unfinished."""
MOST_DIGITS: Final = 30
"""Of a task's number: one that is longer is none, and Python refuses to read very long ones."""


@magics_class
class WegentMagics(Magics):
    """Run agents, and see what there is."""

    @no_var_expand  # a prompt and a path may hold dollars and braces
    @line_cell_magic
    def wegent(self, line: str, cell: str | None = None) -> Any:
        """%wegent: what there is, and how to run an agent. %%wegent: run one, with the cell as prompt."""
        if cell is None:
            return self._line(line)
        options = parse(line)
        try:
            self._run(options, cell)
        except KeyboardInterrupt:
            raise WegentError("Interrupted.", "Whether the task was made, %wegent tasks says.") from None
        return None

    @property
    def _names(self) -> dict[str, Any]:
        """The variables of the notebook."""
        return self.shell.user_ns if self.shell is not None else {}

    def _line(self, line: str) -> Any:
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise BadCall(f"%wegent: {str(error).lower()} in this line.", "%wegent lists what there is.") from None
        if not words:
            return listing.help_()
        if words[0].startswith("-"):
            raise BadCall("%wegent takes no options; a cell that runs an agent begins with %%wegent.")
        command = COMMANDS.get(words[0])
        if command is None:
            raise BadCall(f"%wegent {words[0]} is unknown.", f"There is: {', '.join(COMMANDS)}.")
        return command(words[1:])

    def _run(self, options: CellOptions, prompt: str) -> None:
        if options.name is not None:
            self._free(options.name)
        sent = gather(variables(options.variables, self._names), self._names)
        task, turn_id = self._send(options, prompt, sent)
        if options.name is not None:
            self._names[options.name] = task
        if options.wait:
            _wait(task, turn_id)
        else:
            live.show(task, turn_id)

    def _free(self, name: str) -> None:
        """Refuse a name for a variable that would hide a module or a function of Python; raises BadCall."""
        if isinstance(self._names.get(name), ModuleType) or (name not in self._names and hasattr(builtins, name)):
            raise BadCall(
                f"--as {name}: that would hide what has this name now.", "Choose another one, such as: --as t"
            )

    def _send(self, options: CellOptions, prompt: str, sent: Gathered) -> tuple[Task, int]:
        message = sending.Message(
            prompt.strip("\n"),
            options.device,
            options.agent,
            options.mode,
            options.model,
            options.cwd,
            sent,
            options.project,
            options.worktree,
        )
        if options.task is not None:
            task = self._task(options.task)
            return task, task.session.call(_next(task, message)).id
        here = session()
        created = here.call(sending.first(here.client, message, sending.default_device(), "--agent"))
        return Task(here, created.task), created.turn.id

    def _task(self, given: str) -> Task:
        if given.isascii() and given.isdigit():
            return task_of(int(given[:MOST_DIGITS]))
        found = self._names.get(given)
        if not isinstance(found, Task):
            kind = "there is no such variable" if found is None else f"that is no task, it is {type(found).__name__}"
            raise BadCall(f"--task {given}: {kind}.", "Give the number of a task, or the name after --as.")
        return found


async def _next(task: Task, message: sending.Message) -> api.Turn:
    client = task.session.client
    return await sending.next_one(client, await client.task(task.id), message)


def _wait(task: Task, turn_id: int) -> None:
    """Show it and wait for the end; an interrupt stops the turn.

    What ended badly is an error: later cells must not run on it.
    """
    try:
        live.show(task, turn_id)
        task.wait()
    except KeyboardInterrupt:
        _stop(task, turn_id)
        raise WegentError(f"Interrupted: task {task.id} {_ended(task.known.state)}.") from None
    if (error := task.error) is not None:
        raise WegentError(error.message, error.fix)
    if task.known.state is TurnState.CANCELLED:
        raise WegentError(f"Task {task.id} was stopped.")


def _ended(state: TurnState) -> str:
    """Return how a task stands that was to be stopped: it may have ended in the same moment."""
    if state is TurnState.CANCELLED:
        return "was stopped"
    return f"had ended already: {state.value}" if state.final else "is being stopped"


def _stop(task: Task, turn_id: int) -> None:
    try:
        task.session.call(task.session.client.cancel(task.id, turn_id))
    except Refused as error:
        if error.status not in (CONFLICT, GONE):  # it ended in the same moment
            raise
    with contextlib.suppress(TookTooLong):
        task.wait(STOP_SECONDS)


COMMANDS: Final[dict[str, Callable[[list[str]], Any]]] = {
    "devices": listing.devices,
    "use": listing.use,
    "tasks": listing.tasks,
    "approvals": listing.approvals,
}


def register(shell: "InteractiveShell") -> None:
    """Give a shell the magics."""
    shell.register_magics(WegentMagics)
