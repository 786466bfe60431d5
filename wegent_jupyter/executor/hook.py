"""The script that an operator has run before each turn's agent (Wegent's pre-execute hook)."""

import asyncio
import contextlib
import logging
import re
from pathlib import Path

from wegent_jupyter.executor import guarded
from wegent_jupyter.executor.environment import agent_environment
from wegent_jupyter.executor.git import GitFailed, enter
from wegent_jupyter.executor.processes import ProcessRecords, ProgramNotFound

log = logging.getLogger(__name__)

SECONDS = 30.0
"""Wegent's time-out (executor/src/hooks/pre_execute.rs there)."""
MAX_OUTPUT = 64 << 10
MAX_SHOWN = 500


async def run(script: str, folder: Path, task_id: int, attempt_id: int, records: ProcessRecords) -> str | None:
    """Run it for a turn's directory; returns what went wrong, which ends nothing."""
    told = {"WEGENT_TASK_DIR": str(folder), "WEGENT_TASK_ID": str(task_id), "WEGENT_GIT_URL": await _origin(folder)}
    try:
        async with asyncio.timeout(SECONDS):
            ran = await guarded.run(
                ["bash", script, str(folder)],
                cwd=folder,
                env={**agent_environment(), **told},
                marker=f"hook-{attempt_id}",
                records=records,
                limit=MAX_OUTPUT,
            )
    except TimeoutError:
        return _failed(task_id, f"took longer than {SECONDS:.0f} s")
    except (ProgramNotFound, OSError) as error:
        return _failed(task_id, f"cannot be run: {error}")
    if ran.status == 0:
        return None
    said = (ran.stderr.strip() or ran.stdout.decode(errors="replace").strip())[-MAX_SHOWN:]
    return _failed(task_id, f"ended with status {ran.status}{f': {said}' if said else ''}")


def _failed(task_id: int, what: str) -> str:
    log.warning("Task %d: the pre-execute hook %s", task_id, what)
    return f"The pre-execute hook of this device (WEGENT_HOOK_PRE_EXECUTE) {what}."


async def _origin(folder: Path) -> str:
    """Return from where the directory's repository was cloned, without a password."""
    with contextlib.suppress(GitFailed):
        git, _ = await enter(folder)
        url = (await git.text(["config", "--get", "remote.origin.url"], folder))[1].strip()
        return re.sub(r"(?<=://)[^/]*@", "", url)
    return ""
