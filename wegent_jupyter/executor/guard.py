"""Run one program and end its whole process tree when the keeper goes away.

The keeper (the executor) holds the writing end of a pipe. The guard stands between keeper and program: it leads a
session of its own, adopts orphans (Linux), and ends everything below it when the pipe reads end-of-file, when its
parent dies, or, unless told to wait, when the program ends. It exits as the program did.

It imports the standard library only, few modules at that, and starts as
`python -I -S guard.py --pipe FD [--on-exit end|wait] -- PROGRAM ARGS…`. The pipe may also be the path of a FIFO, for
callers that cannot pass descriptors. A guard that was made the leader of a terminal's session hands the terminal on.
On macOS, without adoption and without /proc, it does what `ps` snapshots allow; on Windows it cannot run.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

TYPE_CHECKING = False  # spares the start-up the import of typing
if TYPE_CHECKING:
    from typing import NoReturn

USAGE = "usage: guard.py --pipe FD|FIFO [--on-exit end|wait] -- PROGRAM ARGS..."

REAP_ORPHANS = b"o"
"""The byte on the pipe that asks for the end of orphans only."""

INTERRUPT_GRACE, TERMINATE_GRACE, KILL_GRACE = 0.4, 0.6, 1.0
"""Seconds after each rung of the ladder; the last bounds what cannot be killed (another user's process)."""

FORWARDED_TERM_GRACE = 2.5
"""Seconds a program has after a forwarded SIGTERM: ladder included, less than the 5 s after which callers kill."""

TICK = 0.5
"""Seconds between looks at the parent and at `ps` where the kernel does not tell us (not Linux)."""

BAD_USAGE, NO_STATUS, NOT_EXECUTABLE, NOT_FOUND = 2, 125, 126, 127  # as the shell and env(1) number them

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36  # <linux/prctl.h>

Table = dict[int, tuple[int, str]]
"""Process id to (parent id, start time), for every living process that can be seen."""


def prctl(option: int, value: int) -> bool:
    """Set a process attribute; return False where the system does not have it."""
    return sys.platform == "linux" and int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0)) == 0


def proc_table() -> Table:
    """Read all processes from /proc, newest first."""
    table: Table = {}
    for pid in sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True):
        with suppress(OSError):  # it ended meanwhile
            fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
            if fields[0] not in (b"Z", b"X"):
                table[pid] = (int(fields[1]), fields[19].decode())
    return table


def children() -> list[int]:
    """List our own children as of this very moment (the first 4 KiB of them), none where the kernel does not tell."""
    with suppress(OSError):
        return [int(pid) for pid in _read(f"/proc/self/task/{os.getpid()}/children").rpartition(b" ")[0].split()]
    return []


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)


def ps_table() -> Table:
    """Read all processes from ps(1), where there is no /proc."""
    import subprocess

    with subprocess.Popen(["ps", "-A", "-o", "pid=,ppid=,stat=,lstart="], stdout=subprocess.PIPE) as ps:
        lines = [line.split(None, 3) for line in ps.communicate()[0].decode(errors="replace").splitlines()]
    rows = [row for row in lines if len(row) == 4 and int(row[0]) != ps.pid and row[2][0] not in "ZX"]
    return {int(pid): (int(parent), started) for pid, parent, _, started in rows}


def below(table: Table, roots: set[int]) -> set[int]:
    """Return `roots` and all their descendants."""
    found, size = set(roots), -1
    while len(found) != size:
        size = len(found)
        found |= {pid for pid, (parent, _) in table.items() if parent in found}
    return found


class Tree:
    """The processes below this guard: the program, its descendants and the orphans among them."""

    def __init__(self, adopts: bool, table: Callable[[], Table]) -> None:
        """Take whether orphans come to us, and the reader of the process table."""
        self.adopts, self._table = adopts, table
        self.program = 0
        self.status: int | None = None
        self._known: dict[int, str] = {}

    def reap(self) -> bool:
        """Collect ended children, keep the program's status, return whether any child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.program:
                self.status = status

    def ended(self) -> bool:
        """Tell whether the program itself has ended."""
        self.reap()
        return self.status is not None

    def gone(self) -> bool:
        """Tell whether nothing is left: "no child" proves it for one that adopts, others look."""
        return not self.reap() and (self.adopts or not self.pids())

    def pids(self) -> list[int]:
        """List the living processes: the program, lest it ends by itself when a child does, then the newest first."""
        return self._members(self._table())

    def _members(self, table: Table) -> list[int]:
        escaped = {pid for pid, started in self._known.items() if pid in table and table[pid][1] == started}
        found = below(table, {os.getpid()} | escaped) - {os.getpid()}
        members = sorted((pid for pid in table if pid in found), key=lambda pid: pid != self.program)
        self._known = {} if self.adopts else {pid: table[pid][1] for pid in members}
        return members

    def orphans(self) -> list[int]:
        """List what outlived its own parent, with all below it, newest first."""
        table = self._table()
        members = self._members(table)
        within = {*members}
        found = below(table, {pid for pid in members if table[pid][0] not in within and pid != self.program})
        return [pid for pid in members if pid in found]

    def end_orphans(self) -> None:
        """Kill the orphans; the program and its own descendants stay."""
        until = time.monotonic() + KILL_GRACE
        while (orphans := self.orphans()) and time.monotonic() < until:
            send(orphans, signal.SIGKILL)
            self.reap()

    def end(self) -> None:
        """Interrupt the program, terminate the tree, kill what is left; return when nothing is, at most after 2 s."""
        self._interrupt()
        self._terminate()
        self._kill()

    def _interrupt(self) -> None:
        until = time.monotonic() + INTERRUPT_GRACE
        if not self.ended():
            send([self.program], signal.SIGINT, signal.SIGCONT)
        while not self.ended() and time.monotonic() < until:
            time.sleep(0.01)

    def _terminate(self) -> None:
        until, sent = time.monotonic() + TERMINATE_GRACE, set[int]()
        while not self.gone() and time.monotonic() < until:
            fresh = [pid for pid in self.pids() if pid not in sent]
            send(fresh, signal.SIGTERM, signal.SIGCONT)
            sent.update(fresh)
            time.sleep(0.01)

    def _kill(self) -> None:
        until = time.monotonic() + KILL_GRACE
        while not self.gone() and time.monotonic() < until:
            send(self.pids(), signal.SIGKILL)
            for _ in range(50):  # a chain that forks and exits outruns a whole scan, but each link becomes our child
                send(children(), signal.SIGKILL)


def send(pids: list[int], *numbers: int) -> None:
    """Send signals to processes, passing over those that are gone or not ours."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            for number in numbers:
                os.kill(pid, number)


class Guard:
    """Watch keeper, parent, signals and program until the tree has to end."""

    def __init__(self, tree: Tree, keeper: int, signals: int, on_exit: str) -> None:
        """Take the tree, the reading ends of the keeper's and the signals' pipe, and `end` or `wait`."""
        self._tree, self._keeper, self._signals, self._on_exit = tree, keeper, signals, on_exit
        self._parent, self._stop_at = os.getppid(), float("inf")
        self._look_at, self._seen_gone = time.monotonic(), False
        self._ready: dict[int, Callable[[], None]] = {keeper: self.heed_keeper, signals: self.heed_signals}
        parent_fd = open_pidfd(self._parent)
        if parent_fd is not None:
            self._ready[parent_fd] = self.stop
        self._ticks = parent_fd is None or not tree.adopts
        self._poll = select.poll()
        for fd in self._ready:
            self._poll.register(fd, select.POLLIN)

    def run(self) -> None:
        """Return when the keeper or parent is gone, a SIGTERM's time is over, or the program ended (see `on_exit`)."""
        self.heed_keeper()  # a FIFO that never had a writer reads as end-of-file, but does not poll as one
        while not self._over():
            for fd, _ in self._poll.poll(self._timeout()):
                self._ready[fd]()
            if self._ticks and time.monotonic() >= self._look_at:
                self._look()

    def stop(self, after: float = 0.0) -> None:
        """Let `run` return in `after` seconds, if not earlier."""
        self._stop_at = min(self._stop_at, time.monotonic() + after)

    def heed_keeper(self) -> None:
        """Read the pipe: end-of-file stops, `o` ends the orphans."""
        with suppress(BlockingIOError):
            commands = os.read(self._keeper, 4096)
            if not commands:
                self.stop()
            elif REAP_ORPHANS in commands:
                self._tree.end_orphans()

    def heed_signals(self) -> None:
        """Forward what was sent to us; SIGTERM also sets the program a time."""
        with suppress(BlockingIOError):
            for number in os.read(self._signals, 4096):
                if number != signal.SIGCHLD:
                    self._forward(number)

    def _forward(self, number: int) -> None:
        ended = self._tree.ended()
        if not ended:
            send([self._tree.program], number)
        if number == signal.SIGTERM:
            self.stop(0.0 if ended else FORWARDED_TERM_GRACE)

    def _over(self) -> bool:
        if time.monotonic() >= self._stop_at:
            return True
        if not self._tree.ended() or self._on_exit == "end":
            return self._tree.ended()
        return self._tree.gone() if self._tree.adopts else self._seen_gone

    def _timeout(self) -> float | None:
        left = min(self._stop_at - time.monotonic(), TICK if self._ticks else float("inf"))
        return None if left == float("inf") else max(left, 0.0) * 1000

    def _look(self) -> None:
        if os.getppid() != self._parent:
            self.stop()
        if not self._tree.adopts:
            self._seen_gone = not self._tree.pids()  # which also remembers what may escape later
        self._look_at = time.monotonic() + TICK  # not at each wake-up: that `ps` ended is one, too


def open_pidfd(pid: int) -> int | None:
    """Open a descriptor that is readable once `pid` ended; None where that cannot be had (not Linux)."""
    with suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None


def own_session() -> bool:
    """Become a session leader without a terminal; return whether there was one to hand on."""
    if os.getsid(0) != os.getpid():
        with suppress(PermissionError):  # already a group leader: we cannot, and need not, leave
            os.setsid()
        return False
    import fcntl
    import termios

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # giving up the terminal hangs up on its foreground group: us
    with suppress(OSError):  # there is none
        fcntl.ioctl(0, termios.TIOCNOTTY)
        return True
    return False


def open_pipe(name: str) -> int:
    """Take the keeper's pipe, a descriptor number or the path of a FIFO, non-blocking and not inheritable."""
    fd = int(name) if name.isdigit() else os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    os.set_inheritable(fd, False)
    os.set_blocking(fd, False)
    return fd


def listen() -> int:
    """Turn SIGCHLD and the signals to forward into bytes on a pipe; return its reading end."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def start(program: list[str], terminal: bool, mask: set[int]) -> int:
    """Fork the program, all signals blocked until it is ready; return its pid. `mask` is what it gets."""
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            become(program, terminal, mask, guard)
        finally:
            os._exit(NOT_EXECUTABLE)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return pid


def become(program: list[str], terminal: bool, mask: set[int], guard: int) -> NoReturn:
    """Turn the forked child into the program, which dies with its guard; exit 127 or 126 if it cannot."""
    os.setsid()
    if terminal:
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if prctl(PR_SET_PDEATHSIG, signal.SIGKILL) and os.getppid() != guard:
        os._exit(NO_STATUS)  # the guard died before it could be watched
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError):  # the C library keeps a few for itself
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        os.execvp(program[0], program)  # noqa: S606 - running it is what a guard is for
    except OSError as error:
        os.write(2, f"guard: cannot run {program[0]}: {error.strerror}\n".encode(errors="surrogateescape"))
        os._exit(NOT_FOUND if isinstance(error, (FileNotFoundError, NotADirectoryError)) else NOT_EXECUTABLE)


def let_go() -> None:
    """Drop the standard streams and the directory, so that their ends show when the program's do."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.chdir("/")


def exit_like(status: int | None) -> NoReturn:
    """End as the program did: same exit code, or the same signal without a second core dump."""
    if status is None:
        os._exit(NO_STATUS)
    if not os.WIFSIGNALED(status):
        os._exit(os.WEXITSTATUS(status))
    import resource

    number = os.WTERMSIG(status)
    prctl(PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # SIGKILL has no handler to reset
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def parse(argv: list[str]) -> tuple[str, str, list[str]]:
    """Split the command line into pipe, `end` or `wait`, and program; ValueError if it is malformed."""
    split = argv.index("--")
    options = dict(zip(argv[:split:2], argv[1:split:2], strict=True))
    pipe, on_exit = options.pop("--pipe", ""), options.pop("--on-exit", "end")
    if options or not pipe or on_exit not in ("end", "wait") or not argv[split + 1 :]:
        raise ValueError(argv)
    return pipe, on_exit, argv[split + 1 :]


def main(argv: list[str]) -> NoReturn:
    """Guard the program named in `argv` and end as it does; exit 2 for a command line that is malformed."""
    try:
        pipe, on_exit, program = parse(argv)
        keeper = open_pipe(pipe)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"guard: {error}\n{USAGE}\n")
        raise SystemExit(BAD_USAGE) from None
    terminal = own_session()
    tree = Tree(prctl(PR_SET_CHILD_SUBREAPER, 1), proc_table if os.path.exists("/proc/self/stat") else ps_table)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signals = listen()
    tree.program = start(program, terminal, mask)
    try:
        let_go()
        Guard(tree, keeper, signals, on_exit).run()
    finally:
        tree.end()
    exit_like(tree.status)


if __name__ == "__main__":
    main(sys.argv[1:])
