"""Run the practice model, the scripted one, beside an agent for as long as a turn takes."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wegent_jupyter.executor.agents.base import AgentFailed, Run
from wegent_jupyter.executor.processes import spawn

MODEL_SECONDS = 30.0
"""For the practice model to say where it listens: a Python program on a slow disk."""


@dataclass(slots=True, frozen=True)
class PracticeModel:
    """Where it listens, and the key that it wants."""

    url: str
    key: str = field(repr=False)


@contextlib.asynccontextmanager
async def practice_model(run: Run, environment: Mapping[str, str]) -> AsyncIterator[PracticeModel]:
    """Run the scripted model inside the block; raises AgentFailed."""
    command = [sys.executable, "-m", "wegent_jupyter.practice.model"]
    marker = f"{run.attempt_id}-model"
    async with await spawn(command, cwd=run.home, env=environment, marker=marker, records=run.records) as model:
        try:
            async with asyncio.timeout(MODEL_SECONDS):
                where = json.loads(await model.stdout.readline())
                found = PracticeModel(str(where["url"]), str(where["key"]))
        except (TimeoutError, ValueError, KeyError, TypeError) as error:
            words = model.stderr_tail.strip()[-500:]
            raise AgentFailed("practice_model", f"The practice model did not start. {words}".strip()) from error
        yield found


def practice_home(run: Run, agent: str) -> Path:
    """Return the directory that stands in for an agent's own while it practises; it is made if missing (0700)."""
    home = run.home / "practice" / agent
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home
