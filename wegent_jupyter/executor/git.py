"""Run git for ourselves: from argument lists, bounded, and so that no repository makes it run a program of its own.

`enter` is the way into a repository that may be hostile.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor import git_settings
from wegent_jupyter.executor.environment import agent_environment

SECONDS = 60.0
MAX_OUTPUT = 64 << 20
"""Bytes that a call may print: the names of half a million files."""
READ_BYTES = 64 << 10
OLD_GIT = "The git of this device is older than 2.31: it cannot be kept from running a repository's programs."


class GitFailed(Exception):
    """git said no, took too long or is not there; the text is what to show."""

    def __init__(self, text: str, status: int | None = None) -> None:
        """`status` is git's own, if it ran to its end."""
        super().__init__(text)
        self.status = status


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
        self.environment = {**own, **git_settings.environment(ceilings, settings, os.pathsep), "LC_ALL": "C.UTF-8"}

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
                env={**self.environment, **(environment or {})},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            if shutil.which("git", path=self.environment.get("PATH")) is None:
                raise GitFailed("git was not found on this device. Install it there.") from error
            raise GitFailed(f"git cannot be run in {cwd}: {error.strerror or error}.") from error
        try:
            async with asyncio.timeout(seconds):
                stdout, stderr = await _talk(process, stdin)
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
            text = result.stderr[-1000:] or f"git {arguments[0]} failed with status {result.status}."
            raise GitFailed(text, result.status)
        return result.stdout

    async def text(self, arguments: Sequence[str], cwd: Path) -> tuple[int, str]:
        """Return status and output, what is no UTF-8 as surrogates; raises GitFailed when it cannot be run."""
        result = await self.run(arguments, cwd)
        return result.status, os.fsdecode(result.stdout)


class Place(NamedTuple):
    """Where a repository is, as seen from a directory; links are followed."""

    top: Path | None
    """Of the work tree; None: it is bare."""
    own: Path
    """The git directory of this work tree."""
    common: Path
    """The git directory that all its work trees share."""


async def find(git: Git, folder: Path, git_dir: Path | None = None) -> Place:
    """Return where the repository of a directory in a work tree is, or the one in `git_dir`; raises GitFailed."""
    asked = ["--absolute-git-dir", "--git-common-dir", *([] if git_dir else ["--show-toplevel"])]
    here = [f"--git-dir={git_dir}"] if git_dir else []
    # One by one, as each may hold a newline.
    told = await asyncio.gather(*(git.ask([*here, "rev-parse", one], folder) for one in asked))
    paths = [folder / os.fsdecode(one.removesuffix(b"\n")) for one in told]
    own, common, *top = await asyncio.to_thread(lambda: [path.resolve() for path in paths])
    return Place(top[0] if top else None, own, common)


async def taming(git: Git, folder: Path) -> git_settings.Settings:
    """Return with which settings none of the programs that a repository's settings name runs; raises GitFailed."""
    listed = await git.ask(["config", "--list", "--includes", "--show-scope", "-z"], folder)
    against = git_settings.overriding(os.fsdecode(listed))
    if against is None:
        raise GitFailed(OLD_GIT)
    return [*git_settings.ALWAYS, *against]


async def enter(folder: Path) -> tuple[Git, Place]:
    """Return git for the repository of a directory, none of whose programs it runs, and its place; raises GitFailed.

    A bare repository is one only where the directory is its own: one somewhere in a work tree may be anybody's.
    """
    git, environment = Git(git_settings.ALWAYS), dict[str, str]()
    try:
        place = await find(git, folder)
    except GitFailed:
        bare = await _find_bare(git, folder)
        if bare is None:
            raise
        place, environment = bare, {"GIT_DIR": str(bare.own)}
    git.environment |= environment
    tamed = Git(await taming(git, folder))
    tamed.environment |= environment
    return tamed, place


async def _find_bare(git: Git, folder: Path) -> Place | None:
    for path in (folder / ".git", folder):
        if not await asyncio.to_thread(os.path.isfile, path / "HEAD"):
            continue
        asked = await git.run([f"--git-dir={path}", "rev-parse", "--is-bare-repository"], folder)
        if asked.stdout == b"true\n":
            return await find(git, folder, path)
    return None


async def _talk(process: asyncio.subprocess.Process, stdin: bytes) -> tuple[bytes, bytes]:
    """Say something to a program and read all that it says; raises GitFailed when that is too much."""
    assert process.stdin and process.stdout and process.stderr  # noqa: S101 - they are pipes
    told = asyncio.gather(_read(process.stdout), _read(process.stderr), _write(process.stdin, stdin))
    stdout, stderr, _ = await told
    await process.wait()
    return stdout, stderr


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
        writer.write(data)
        await writer.drain()
    writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    found = bytearray()
    while data := await reader.read(READ_BYTES):
        found += data
        if len(found) > MAX_OUTPUT:
            raise GitFailed(f"git printed more than {MAX_OUTPUT >> 20} MiB.")
    return bytes(found)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        await process.wait()
