"""A pseudo terminal with a shell under the guard: bytes in, bytes out, nothing that blocks."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ptyprocess import PtyProcess
from terminado.management import PtyWithClients

from wegent_jupyter.executor.processes import (
    GUARD_GRACE,
    MARKER_VARIABLE,
    ProcessRecords,
    end_marked,
    guard_command,
    keeper_pipe,
)
from wegent_jupyter.protocol.terminals import CHUNK

log = logging.getLogger(__name__)

DELAY = 0.004
"""Seconds for which output is collected, so that a flood travels in large messages."""
SMALL = 1024
"""Output that stays below so many bytes in `DELAY` is passed on at once: an echo must not wait."""
MAX_UNREAD = 4 << 20
"""Bytes of input that a program may leave unread; more is refused."""
WRITE_PIECE = 64 << 10
MAX_DRAIN = 64
"""Chunks of last output; more than the kernel keeps can only come from what outlived a guard that was killed."""
HANG_UP_GRACE = 0.5
"""Seconds for a shell to end by itself."""
POLL = 0.05
"""Seconds between looks whether the guard has ended, where the kernel does not tell (not Linux)."""


class InputRefused(Exception):
    """A program reads its input too slowly, or not at all; `first`: since it last read all of it."""

    def __init__(self, first: bool) -> None:
        """Say whether it is the first refusal of several."""
        super().__init__()
        self.first = first


class Pty(PtyWithClients):
    """One terminal's process. terminado starts and ends it; reading and writing are ours.

    terminado reads with a poll of 100 ms, decodes what it reads, writes through one thread for all terminals and keeps
    what a slow client does not take without a limit (see docs/architecture.md, *Terminals*).
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        size: tuple[int, int],
        marker: str,
        records: ProcessRecords,
        output: Callable[[bytes], None],
        ended: Callable[[int], None],
    ) -> None:
        """Start `argv`; raises OSError. `output` gets what it prints, `ended` its exit status, after all output.

        `size` is (rows, columns); `marker` names its tree, in `records` as well, until it is gone.
        """
        self._output, self._on_ended = output, ended
        self._marker, self._records = marker, records
        self._loop = asyncio.get_running_loop()
        reader, keeper = keeper_pipe()
        self._keeper: int | None = keeper
        try:
            os.set_inheritable(reader, True)  # ptyprocess keeps it open, and leaves the flag alone
            self.ptyproc = PtyProcess.spawn(
                guard_command(argv, reader),
                env={**env, MARKER_VARIABLE: marker},
                dimensions=size,
                pass_fds=(reader,),
                # Not its own `cwd`: an error there would let the child go on as a second one of us.
                preexec_fn=partial(os.chdir, cwd),
            )
        except BaseException:
            os.close(keeper)
            raise
        finally:
            os.close(reader)
        self.ptyproc.delayafterclose = 0  # it would sleep, also in its destructor
        self._fd: int = self.ptyproc.fd
        os.set_blocking(self._fd, False)
        self._collected = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._since, self._sent = 0.0, 0
        """What was passed on since when, by the monotonic clock, for at most `DELAY`."""
        self._unwritten = bytearray()
        self._refusing = False
        self._reading = self._closed = False
        self._done: asyncio.Future[int] = self._loop.create_future()
        self._watch_end()
        try:
            records.write(marker, self.ptyproc.pid)
        except OSError:
            self._on_ended = lambda _code: None
            self._release()
            raise
        self.read(True)

    @property
    def busy(self) -> bool:
        """Say whether a program other than the shell has the terminal."""
        if self._closed:
            return False
        try:
            foreground = os.tcgetpgrp(self._fd)
            return foreground > 0 and foreground != os.getsid(foreground)
        except OSError:
            return False

    def read(self, on: bool) -> None:
        """Read what it prints, or leave it: then its programs stop as soon as the kernel's buffer is full."""
        if on == self._reading or self._closed:
            return
        self._reading = on
        if on:
            self._loop.add_reader(self._fd, self._readable)
        else:
            self._loop.remove_reader(self._fd)

    def write(self, data: bytes) -> None:
        """Give it input, in order, as fast as it reads; raises InputRefused, and takes nothing of it then.

        Once something was refused, all is until the program has read what it has: no hole in the middle of a paste.
        """
        if self._closed:
            return
        waited, first = len(self._unwritten), not self._refusing
        self._refusing = waited > 0 and (self._refusing or waited + len(data) > MAX_UNREAD)
        if self._refusing:
            raise InputRefused(first)
        self._unwritten += data
        if not waited:
            self._writable()

    def resize(self, rows: int, cols: int) -> None:
        """Set its size."""
        if not self._closed:
            with contextlib.suppress(OSError):
                self.ptyproc.setwinsize(rows, cols)

    async def end(self) -> int:
        """End the whole tree; return the exit status."""
        if not self._closed:
            self.kill(signal.SIGHUP)  # as when a terminal's line is cut: shells obey it, unlike SIGINT and SIGTERM
            await asyncio.wait({self._done}, timeout=HANG_UP_GRACE)
        self._release()
        # The guard needs up to 2 s. Only then it is killed itself: earlier, it would leave orphans behind.
        await asyncio.wait({self._done}, timeout=GUARD_GRACE)
        if not self._closed:
            await self.terminate(force=True)
            await asyncio.to_thread(end_marked, {self._marker})
        return await asyncio.shield(self._done)

    # Reading.

    def _readable(self) -> None:
        if self._fill():
            self._loop.remove_reader(self._fd)  # EIO: nothing holds the other end; the guard is about to end
            self._reading = False
            self._flush()
            return
        if time.monotonic() - self._since >= DELAY:
            self._since, self._sent = time.monotonic(), 0
        if len(self._collected) >= CHUNK or len(self._collected) + self._sent < SMALL:
            self._flush()
        elif self._collected and self._timer is None:
            self._timer = self._loop.call_later(DELAY, self._flush)

    def _fill(self) -> bool:
        """Read until there is enough, or nothing more now; says whether it is the end."""
        try:
            while len(self._collected) < CHUNK:
                data = os.read(self._fd, CHUNK)  # Linux gives 4 KiB at most
                if not data:
                    return True
                self._collected += data
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        data, self._collected = bytes(self._collected), bytearray()
        if not data:
            return
        self._sent += len(data)
        self._output(data)

    # Writing.

    def _writable(self) -> None:
        try:
            while self._unwritten:
                del self._unwritten[: os.write(self._fd, bytes(self._unwritten[:WRITE_PIECE]))]
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._writable)
            return
        except OSError:  # it ended
            self._unwritten.clear()
        self._loop.remove_writer(self._fd)

    # The end.

    def _watch_end(self) -> None:
        try:
            self._pidfd: int | None = os.pidfd_open(self.ptyproc.pid)
        except (AttributeError, OSError):
            self._pidfd = None
            self._loop.call_later(POLL, self._poll_end)
            return
        self._loop.add_reader(self._pidfd, self._guard_ended)

    def _poll_end(self) -> None:
        if self.ptyproc.isalive():
            self._loop.call_later(POLL, self._poll_end)
        else:
            self._guard_ended()

    def _guard_ended(self) -> None:
        """Pass on the last output, then the exit status; the tree is gone, so nothing more can come."""
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        self.ptyproc.isalive()  # the only one who collects it
        self._closed, self._reading = True, False
        self._release()
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._drain()
        self.ptyproc.fileobj.close()
        self.ptyproc.fd, self.ptyproc.closed = -1, True
        self._unwritten.clear()
        code = self.ptyproc.exitstatus if self.ptyproc.signalstatus is None else -self.ptyproc.signalstatus
        self._settling = asyncio.create_task(self._settle(-signal.SIGKILL if code is None else code))

    def _drain(self) -> None:
        for _ in range(MAX_DRAIN):
            over = self._fill()
            full = len(self._collected) >= CHUNK
            self._flush()
            if over or not full:
                return

    async def _settle(self, code: int) -> None:
        """Tell the end once it is sure that nothing is left."""
        try:
            if code < 0:  # perhaps not the shell's signal, but one that ended the guard before its work
                await asyncio.to_thread(end_marked, {self._marker})
            self._records.remove(self._marker)
            self._on_ended(code)
        finally:
            self._done.set_result(code)

    def _release(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            os.close(keeper)
