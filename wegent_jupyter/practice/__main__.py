"""Run the practice agent on standard input and output: `python -m wegent_jupyter.practice`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import cast

from acp import Agent, run_agent

from wegent_jupyter.practice.agent import PracticeAgent
from wegent_jupyter.practice.sessions import SessionStore, practice_home


async def serve() -> None:
    """Answer one client until its end of the pipe closes, or SIGINT or SIGTERM comes; what runs is ended."""
    agent = PracticeAgent(SessionStore(practice_home(os.environ)))
    task = asyncio.create_task(run_agent(cast(Agent, agent)))
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(serve())
