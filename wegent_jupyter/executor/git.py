"""Run git for ourselves: from argument lists, bounded, and so that no repository makes it run a program of its own."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor import git_settings
from wegent_jupyter.executor.environment import agent_environment

SECONDS = 60.0


class GitFailed(Exception):
    """git said no, took too long or is not there; the text is what to show."""


class Result(NamedTuple):
    """What a call of git gave."""

    status: int
    stdout: bytes
    stderr: str


class Git:
    """git with given settings, beside those that are always ours."""

    def __init__(self, settings: git_settings.Settings = git_settings.ALWAYS, ceilings: Iterable[str] = ()) -> None:
        """Look for no repository above `ceilings`."""
        own = {name: value for name, value in agent_environment().items() if name not in git_settings.LOCAL}
        self._environment = {**own, **git_settings.environment(ceilings, settings, os.pathsep), "LC_ALL": "C.UTF-8"}

    async def run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        *,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        seconds: float = SECONDS,
    ) -> Result:
        """Run `git arguments` to its end, whatever its status; raises GitFailed when it cannot be run or does not end.

        Without a guard, which would cost five times the call itself: git's plumbing starts nothing that outlives it.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *arguments,
                cwd=cwd,
                env={**self._environment, **(environment or {})},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise GitFailed(f"git cannot be run in {cwd}: {error.strerror or error}.") from error
        try:
            async with asyncio.timeout(seconds):
                stdout, stderr = await process.communicate(stdin)
        except TimeoutError:
            raise GitFailed(f"git {arguments[0]} took longer than {seconds:.0f} s.") from None
        finally:
            await _end(process)
        return Result(process.returncode or 0, stdout, stderr.decode(errors="replace").strip())

    async def ask(
        self, arguments: Sequence[str], cwd: Path, *, environment: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> bytes:
        """Return what git prints; raises GitFailed with its words, also where its status is not 0."""
        result = await self.run(arguments, cwd, environment=environment, stdin=stdin)
        if result.status != 0:
            raise GitFailed(result.stderr[-1000:] or f"git {arguments[0]} failed with status {result.status}.")
        return result.stdout


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        await process.wait()
