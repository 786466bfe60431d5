"""Run the practice agent on standard input and output: `python -m wegent_jupyter.practice`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import cast

from acp import Agent, run_agent

from wegent_jupyter.practice.agent import PracticeAgent
from wegent_jupyter.practice.sessions import SessionStore, practice_home


async def serve() -> None:
    """Answer one client until its end of the pipe closes or SIGTERM comes; what runs is ended."""
    task = asyncio.create_task(run_agent(cast(Agent, PracticeAgent(SessionStore(practice_home(os.environ))))))
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


def main() -> int:
    """Run the agent; return the exit status: 0, or 128+N after SIGINT or SIGTERM."""
    try:
        asyncio.run(serve())
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
