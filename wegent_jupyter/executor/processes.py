"""Start programs under the guard, end their trees, and find what outlived an executor that was killed.

Every program carries its marker (`WEGENT_ATTEMPT`) in the environment, and so does all it starts: that is how a tree is
found whose guard was killed, too. On Windows there is no guard: a tree is ended by its marker alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import psutil

MARKER_VARIABLE = "WEGENT_ATTEMPT"
"""Environment variable by which every process of a tree is known."""

GUARD = Path(__file__).with_name("guard.py")
GUARDED = os.name == "posix"

LINE_LIMIT = 8 << 20
"""Bytes that one line of a program's standard output may have, by default."""

STDERR_TAIL = 64 << 10
"""Bytes of standard error that are kept: its end, where the reason for a failure stands."""

DRAIN_GRACE = 0.2
"""Seconds for the last output to arrive once a tree is gone."""

GUARD_GRACE = 2.5
"""Seconds a guard has to end its tree by itself; its ladder takes 2 s at most."""

SWEEP_TIME = 2.0
"""Seconds during which marked processes are killed again and again; bounds what cannot be killed."""

SAME_START = 2.0
"""Seconds by which two readings of one process's start may differ: the boot time they rest on follows the clock."""

_MARKER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_log = logging.getLogger(__name__)


class ProgramNotFound(Exception):
    """The program to start does not exist or cannot be executed."""

    def __init__(self, program: str) -> None:
        """Take the name or path that was asked for."""
        super().__init__(f"{program} was not found, or is not executable")
        self.program = program


class GuardedProcess:
    """A running program with its whole tree; `end` it, also after it ended by itself, to free its pipes.

    Standard error is read and only its tail is kept, so a program cannot block on it.
    """

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        streams: _Streams,
        keeper: int | None,
        marker: str,
        records: ProcessRecords | None,
    ) -> None:
        """Take over the started process and the writing end of its guard's pipe; see `spawn`."""
        self._transport, self._streams, self._keeper = transport, streams, keeper
        self._marker, self._records = marker, records
        self._finishing = asyncio.create_task(self._finish())
        self._ending: asyncio.Task[int] | None = None

    @property
    def pid(self) -> int:
        """Return the process id of the guard, which leads the tree."""
        return self._transport.get_pid()

    @property
    def stdin(self) -> asyncio.StreamWriter:
        """Return the writer of the program's standard input."""
        assert self._streams.stdin is not None  # noqa: S101 - always a pipe, see spawn
        return self._streams.stdin

    @property
    def stdout(self) -> asyncio.StreamReader:
        """Return the reader of the program's standard output."""
        assert self._streams.stdout is not None  # noqa: S101 - always a pipe, see spawn
        return self._streams.stdout

    @property
    def stderr_tail(self) -> str:
        """Return the last 64 KiB of standard error, decoded as UTF-8 with replacement."""
        return self._streams.tail.decode(errors="replace")

    @property
    def returncode(self) -> int | None:
        """Return the program's exit status (-N for signal N), None while it runs."""
        return self._transport.get_returncode()

    async def wait(self) -> int:
        """Wait until the tree is gone; return the program's exit status, -N for signal N. Does not read its output."""
        return await asyncio.shield(self._finishing)

    async def end(self, timeout: float = 5.0) -> int:
        """End the whole tree and free the pipes; return the exit status. May be called at any time, repeatedly.

        The guard has `timeout` seconds for its ladder (the first call's number counts), then it is killed and the
        tree is swept by marker. Goes on when the caller is cancelled.
        """
        self._release()
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(timeout))
        return await asyncio.shield(self._ending)

    def reap_orphans(self) -> None:
        """Let the guard kill what outlived its own parent inside the tree; the program stays."""
        if self._keeper is not None:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):  # asked often enough; gone
                os.write(self._keeper, b"o")

    async def __aenter__(self) -> Self:
        """Return the process itself."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """End the tree."""
        await self.end()

    def _release(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            os.close(keeper)

    async def _finish(self) -> int:
        await self._streams.exited
        self._release()
        code = self._transport.get_returncode()
        assert code is not None  # noqa: S101 - process_exited was called
        if code < 0 or not GUARDED:  # perhaps not the program's signal, but one that ended the guard before its work
            await asyncio.to_thread(end_marked, {self._marker})
        if self._records is not None:
            self._records.remove(self._marker)
        return code

    async def _end(self, timeout: float) -> int:
        if GUARDED:
            await asyncio.wait({self._finishing}, timeout=timeout)
        if not self._finishing.done():
            await self._kill()
        code = await self._finishing
        await asyncio.wait({self._streams.closed}, timeout=DRAIN_GRACE)
        self._transport.close()  # a reader that stopped reading, or a process that escaped, keeps pipes open
        await self._streams.closed
        return code

    async def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if GUARDED:
                os.kill(self.pid, signal.SIGKILL)  # transport.kill() polls first, and so may swallow the exit status
            else:
                self._transport.kill()
        await asyncio.to_thread(end_marked, {self._marker})


class _Streams(asyncio.subprocess.SubprocessStreamProtocol):
    """The standard streams: tells exit and closing apart (Process.wait() may wait for both), keeps stderr's tail."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit, loop)
        self.tail = bytearray()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._open = {0, 1, 2}

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if fd == 2 and isinstance(data, bytes):
            self.tail += data
            del self.tail[:-STDERR_TAIL]
        else:
            super().pipe_data_received(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        super().pipe_connection_lost(fd, exc)
        self._open.discard(fd)
        if not self._open and not self.closed.done():
            self.closed.set_result(None)

    def process_exited(self) -> None:
        super().process_exited()
        if not self.exited.done():
            self.exited.set_result(None)


async def spawn(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    marker: str,
    line_limit: int = LINE_LIMIT,
    records: ProcessRecords | None = None,
    on_exit: Literal["end", "wait"] = "end",
) -> GuardedProcess:
    """Start `argv` in `cwd` under the guard, with pipes for its standard streams.

    `marker` names the tree: letters, digits, `.`, `_`, `-`; unique on this machine while it runs. `on_exit` says what
    happens to processes that outlive the program. Raises ProgramNotFound, NotADirectoryError, ValueError (marker) and
    OSError (no process or no record could be made).
    """
    _check(argv, cwd, env, marker)
    loop = asyncio.get_running_loop()
    reader, keeper = keeper_pipe() if GUARDED else (None, None)
    command = list(argv) if reader is None else guard_command(argv, reader, on_exit)
    options: dict[str, Any] = {"pass_fds": (reader,)} if reader is not None else {}
    try:
        transport, streams = await loop.subprocess_exec(
            lambda: _Streams(line_limit, loop), *command, cwd=cwd, env={**env, MARKER_VARIABLE: marker}, **options
        )
    except BaseException:
        if keeper is not None:
            os.close(keeper)
        raise
    finally:
        if reader is not None:
            os.close(reader)
    return await _recorded(GuardedProcess(transport, streams, keeper, marker, records), marker, records)


async def _recorded(process: GuardedProcess, marker: str, records: ProcessRecords | None) -> GuardedProcess:
    try:
        if records is not None:
            records.write(marker, process.pid)
    except OSError:
        await process.end()
        raise
    return process


def guard_command(argv: Sequence[str], pipe: int | Path, on_exit: Literal["end", "wait"] = "end") -> list[str]:
    """Return the command that runs `argv` under the guard; `pipe` is a descriptor to pass on or a FIFO."""
    return [sys.executable, "-I", "-S", str(GUARD), "--pipe", str(pipe), "--on-exit", on_exit, "--", *argv]


def keeper_pipe() -> tuple[int, int]:
    """Return the pipe by which a guard lives: its end and ours. Closing ours ends the tree."""
    reader, keeper = os.pipe()
    os.set_blocking(keeper, False)
    return reader, keeper


def _check(argv: Sequence[str], cwd: Path, env: Mapping[str, str], marker: str) -> None:
    if not _MARKER.fullmatch(marker):
        raise ValueError(f"not a marker: {marker!r}")
    if not cwd.is_dir():
        raise NotADirectoryError(f"{cwd} is not a directory")
    program = str(cwd / argv[0]) if os.sep in argv[0] else argv[0]
    if shutil.which(program, path=env.get("PATH", os.defpath)) is None:
        raise ProgramNotFound(argv[0])


class _Record(NamedTuple):
    marker: str
    pid: int
    started: float


class ProcessRecords:
    """One small file per running tree, so that the next start can end what a killed executor left."""

    def __init__(self, directory: Path) -> None:
        """Keep the files (0600) in `directory`, which is made if missing (0700)."""
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, marker: str, pid: int) -> None:
        """Note a tree and the process that leads it; a process that has ended already is not noted."""
        with contextlib.suppress(psutil.NoSuchProcess):
            record = _Record(marker, pid, psutil.Process(pid).create_time())
            self._replace(self._path(marker), json.dumps(record._asdict()))

    def remove(self, marker: str) -> None:
        """Forget a tree that is gone."""
        self._path(marker).unlink(missing_ok=True)

    def sweep(self) -> list[int]:
        """End every recorded survivor, forget the records, return the pids that were still there. Takes 5 s at most."""
        records = self._read()
        markers = {record.marker for record in records}
        guards = [process for record in records if (process := _living(record)) is not None]
        found = {process.pid for process in (*guards, *marked(markers))}
        _kill_trees(_outliving(guards, GUARD_GRACE if GUARDED else 0.0))
        found |= end_marked(markers)
        for marker in markers:
            self.remove(marker)
        return sorted(found)

    def _path(self, marker: str) -> Path:
        return self._directory / f"{marker}.json"

    def _replace(self, path: Path, text: str) -> None:
        fd, name = tempfile.mkstemp(dir=self._directory, prefix=".")  # 0600
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _read(self) -> list[_Record]:
        return [record for path in self._directory.glob("[!.]*.json") if (record := _parse(path)) is not None]


def _parse(path: Path) -> _Record | None:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return _Record(path.stem, int(fields["pid"]), float(fields["started"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        _log.warning("unreadable process record %s removed: %s", path.name, error)
        path.unlink(missing_ok=True)
        return None


def _living(record: _Record) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.started) <= SAME_START and _alive(process):
            return process
    return None


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE  # nobody may be there to collect it
    return False


def _outliving(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    until = time.monotonic() + seconds
    while (left := [process for process in processes if _alive(process)]) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def _kill_trees(roots: Collection[psutil.Process]) -> None:
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            _kill([root, *root.children(recursive=True)])


def _kill(processes: Collection[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            _log.warning("process %d of an ended tree belongs to another user and was left", process.pid)


def marked(markers: Collection[str]) -> list[psutil.Process]:
    """List the living processes that carry one of `markers` in their environment, as far as it may be read."""
    return [process for process in psutil.process_iter() if _marker_of(process) in markers] if markers else []


def _marker_of(process: psutil.Process) -> str | None:
    if process.pid == os.getpid():
        return None
    with contextlib.suppress(psutil.Error, OSError):  # gone, a zombie, or another user's
        return process.environ().get(MARKER_VARIABLE)
    return None


def end_marked(markers: Collection[str]) -> set[int]:
    """Kill the processes that carry one of `markers`, again until none is left or 2 s passed; return their pids."""
    until, ended = time.monotonic() + SWEEP_TIME, set[int]()
    while (found := marked(markers)) and time.monotonic() < until:
        _kill(found)
        ended |= {process.pid for process in found}
        _outliving(found, 0.1)
    if found:
        _log.warning("could not end processes %s", sorted(process.pid for process in found))
    return ended
