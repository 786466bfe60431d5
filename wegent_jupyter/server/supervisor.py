"""Start and watch the embedded executor: a process with a home of its own, which outlives a restart of the server."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from wegent_jupyter.locks import DirectoryLock, write_private

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
STARTED_SECONDS = 3.0
"""A process that lived so long has read its settings and its journal: what ended the one before is no longer so."""
STEADY_SECONDS = 30.0
"""A process that lived so long counts as having started well."""
MAX_DELAY = 30.0
STOP_SECONDS = 5.0


class Supervisor:
    """Keeps one executor running in a home, ours or one that an earlier server left working."""

    def __init__(
        self,
        home: Path,
        target: dict[str, str | None],
        allowed_agents: list[str] | None,
        problem: Callable[[str | None], None],
    ) -> None:
        """`target` says how to reach this server; `problem` is told why the executor does not run."""
        self._home, self._target, self._allowed, self._problem = home, target, allowed_agents, problem
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Say where we are, and start an executor if none works in the home."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._home / "server.json", json.dumps(self._target))
        self._watch = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """Stop watching, and wait for a process that was asked to end; a working one goes on without us."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def wait_ended(self) -> None:
        """Wait a moment for the process that we started to end."""
        for _ in range(int(STOP_SECONDS / 0.05)):
            if self._process is None or self._process.poll() is not None:
                return
            await asyncio.sleep(0.05)
        log.warning("The embedded executor did not end in time; it goes on by itself")

    async def _keep_running(self) -> None:
        delay = 1.0
        while True:
            if self._free():
                started = asyncio.get_running_loop().time()
                self._process = self._spawn()
                status = await self._ended(self._process)
                if asyncio.get_running_loop().time() - started > STEADY_SECONDS:
                    delay = 1.0
                self._problem(f"The embedded executor ended with status {status}. {self._last_words()}".strip())
            else:
                self._problem(None)  # one that an earlier server started is at work; it finds us by the file
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_DELAY)

    def _free(self) -> bool:
        """Say whether no executor works in the home."""
        lock = DirectoryLock(self._home, "executor")
        if not lock.acquire():
            return False
        lock.release()
        return True

    async def _ended(self, process: "subprocess.Popen[bytes]") -> int:
        # Polled, because asyncio's subprocesses do not work on the loop that Jupyter uses on Windows.
        started = asyncio.get_running_loop().time()
        while (status := process.poll()) is None:
            await asyncio.sleep(POLL_SECONDS)
            if asyncio.get_running_loop().time() - started > STARTED_SECONDS:
                self._problem(None)
        return status

    def _spawn(self) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "WEGENT_EXECUTOR_HOME": str(self._home),
            "WEGENT_EMBEDDED": str(self._home / "server.json"),
            "DEVICE_NAME": "This computer",
            "DEVICE_TYPE": "local",
        }
        environment.pop("DEVICE_ID", None)
        if self._allowed is not None:
            environment["WEGENT_ALLOWED_AGENTS"] = ",".join(self._allowed)
        with self._stderr().open("wb") as stderr:
            return subprocess.Popen(
                [sys.executable, "-m", "wegent_jupyter.executor"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=environment,
                cwd=self._home,
                # A Ctrl-C in the server's terminal is not for it.
                start_new_session=True,
            )

    def _stderr(self) -> Path:
        logs = self._home / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        return logs / "stderr.log"

    def _last_words(self) -> str:
        return self._stderr().read_text(encoding="utf-8", errors="replace")[-1000:].strip()
