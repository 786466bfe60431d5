"""What people call: run something, and see what there is."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from wegent_jupyter.notebook import sending
from wegent_jupyter.notebook.context import gather
from wegent_jupyter.notebook.errors import BadCall, NoServer, count_of, path_of
from wegent_jupyter.notebook.session import session
from wegent_jupyter.notebook.task_object import Task
from wegent_jupyter.protocol import api

MOST_TASKS: Final = 200
MOST_TASK: Final = 1 << 53
"""No number of a task is as large as that."""


def run(
    prompt: str,
    *,
    device: sending.Chosen | None = None,
    agent: str | None = None,
    mode: api.Mode | None = None,
    model: str | None = None,
    cwd: str | os.PathLike[str] | None = None,
    context: Mapping[str, Any] | Sequence[Any] = (),
    project: str | int | None = None,
    worktree: bool = False,
    title: str | None = None,
) -> Task:
    """Give an agent something to do and return at once with the task; raises WegentError.

    `device`: name or id; by default what `use` chose, else the starred one, else this computer. `agent`: by default the
    only one that is ready there. `mode`: `ask` (by default), `edits`, `plan` or `full`. `cwd`: the directory in which
    it works; by default this notebook's, on another machine a new one. `context`: variables to send with it.
    """
    here = session()
    message = sending.Message(prompt, device, agent, mode, model, cwd, gather(context), project, worktree, title)
    return Task(here, here.call(sending.first(here.client, message, sending.default_device())).task)


def task(task_id: int) -> Task:
    """Return the task of that number; raises WegentError."""
    number = count_of(task_id, "A task has a number, such as wg.task(12)")
    if not 0 < number < MOST_TASK:
        raise BadCall(f"There is no task {number if abs(number) < MOST_TASK else 'with a number as large as that'}.")
    here = session()
    return Task(here, here.call(here.client.task(number)))


def tasks(limit: int = 20) -> list[Task]:
    """Return the newest tasks, at most 200; raises WegentError."""
    most = max(1, min(count_of(limit, "wg.tasks(20) returns the newest 20: a number"), MOST_TASKS))
    here = session()
    return [Task(here, one) for one in here.call(here.client.tasks(most))]


def devices() -> list[api.Device]:
    """Return all devices; raises WegentError."""
    here = session()
    return here.call(here.client.devices())


def load(path: str | Path) -> Task:
    """Return the task of a transcript that was saved as a notebook, to go on with it; raises WegentError."""
    from wegent_jupyter.client.transcript_file import BadTranscript, read

    file = path_of(path, "path")
    try:
        found = read(file)
    except BadTranscript as error:
        raise BadCall(str(error)) from None
    here = session()
    gateway = here.call(here.client.version()).gateway_id
    if found.gateway is not None and gateway is not None and found.gateway != gateway:
        raise NoServer(f"{path} is of a task on another server: number {found.task_id} means something else here.")
    return task(found.task_id)
