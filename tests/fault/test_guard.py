"""The guard: whatever happens to keeper, guard or program, nothing of the tree survives, and no status is lost."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guards import GUARD, LIVENESS, Run, Start, alive, command, survivors
from wegent_jupyter.executor import guard

if sys.platform != "linux":
    pytest.skip("without adoption of orphans the guard is best effort", allow_module_level=True)

STUBBORN = {
    "ignores every polite signal": "trap '' INT TERM HUP; echo ready; while :; do sleep 1; done",
    "new sessions": "trap '' INT TERM HUP; setsid sleep 300 & setsid sleep 300 & echo ready; wait",
    "double fork": "trap '' INT TERM HUP; (setsid sh -c 'sleep 300 & sleep 300 &' &); echo ready; sleep 300",
    "stopped children": "sleep 300 & kill -STOP $!; setsid sleep 300 & kill -STOP $!; echo ready; sleep 300",
    "stopped program": "echo ready; kill -STOP $$; sleep 300",
    "no child at all": "echo ready; exec sleep 300",
}


@pytest.fixture
def marker() -> Iterator[str]:
    """Name the processes of one test; what a failed test leaves is killed."""
    name = uuid.uuid4().hex
    yield name
    for process in alive(name):
        process.kill()


@pytest.fixture
def runs(marker: str) -> Iterator[list[Run]]:
    """Collect the guards of one test, to close their pipes."""
    started: list[Run] = []
    yield started
    for run in started:
        run.close()
        run.process.wait(LIVENESS)
        for stream in (run.process.stdin, run.process.stdout, run.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def start(marker: str, runs: list[Run]) -> Start:
    return Start(marker, runs)


@pytest.mark.parametrize("script", STUBBORN.values(), ids=STUBBORN.keys())
def test_nothing_survives_the_end_of_the_pipe(start: Start, script: str) -> None:
    run = start.shell(script)
    assert run.line() == b"ready"
    assert run.release() < 0
    assert alive(run.marker) == []  # already when the guard has ended


@pytest.mark.parametrize("script", STUBBORN.values(), ids=STUBBORN.keys())
def test_nothing_survives_a_killed_keeper(marker: str, script: str) -> None:
    keeper_program = (
        "import os, subprocess, sys\n"
        "reader, keeper = os.pipe()\n"
        "command = [str(reader) if word == 'PIPE' else word for word in sys.argv[1:]]\n"
        "sys.exit(subprocess.call(command, pass_fds=(reader,)))\n"
    )
    keeper = subprocess.Popen(
        [sys.executable, "-c", keeper_program, *command(Path("PIPE"), "bash", "-c", script)],
        stdout=subprocess.PIPE,
        env=os.environ | {"GUARD_TEST": marker},
    )
    assert keeper.stdout is not None
    with keeper.stdout:
        assert keeper.stdout.readline().strip() == b"ready"
        keeper.kill()
        keeper.wait()
        assert survivors(marker) == []


def test_the_death_of_the_parent_is_enough_when_the_pipe_stays_open(marker: str) -> None:
    leaky_parent = "import subprocess, sys; subprocess.call(sys.argv[1:], close_fds=False)"
    reader, keeper = os.pipe()
    parent = subprocess.Popen(
        [sys.executable, "-c", leaky_parent, *command(reader, "sh", "-c", "echo ready; sleep 300")],
        stdout=subprocess.PIPE,
        env=os.environ | {"GUARD_TEST": marker},
        pass_fds=(reader,),
    )
    os.close(reader)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline().strip() == b"ready"
        parent.kill()
        parent.wait()
        assert survivors(marker) == []
    os.close(keeper)


def test_a_loop_that_detaches_children_ends(start: Start) -> None:
    run = start.shell(
        "trap '' INT TERM HUP; for i in $(seq 40); do (setsid sleep 300 &); done; echo ready;"
        "while :; do (trap '' INT TERM; setsid sleep 300 &); sleep 0.01; done"
    )
    assert run.line() == b"ready"
    began = time.monotonic()
    assert run.release() == -signal.SIGKILL
    assert time.monotonic() - began < 60
    assert alive(run.marker) == []


def test_a_chain_of_forks_that_never_stands_still_ends(start: Start) -> None:
    chain = (
        "import os, signal\n"
        "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)\n"
        "if os.fork(): print('ready', flush=True); signal.pause()\n"
        "while True:\n"
        "    if os.fork(): os._exit(0)\n"
        "    os.setsid()\n"
    )
    run = start(sys.executable, "-S", "-c", chain)
    assert run.line() == b"ready"
    assert run.release() == -signal.SIGKILL
    assert alive(run.marker) == []


def test_a_well_behaved_program_is_interrupted_first(start: Start) -> None:
    run = start.shell("trap 'exit 7' INT; trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done")
    assert run.line() == b"ready"
    assert run.release() == 7


def test_children_are_terminated_before_they_are_killed(start: Start, tmp_path: Path) -> None:
    said = tmp_path / "said"
    run = start.shell(f"(trap 'echo term > {said}; exit' TERM; echo ready; while :; do sleep 0.05; done) & wait")
    assert run.line() == b"ready"
    run.release()
    assert said.read_text() == "term\n"


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
def test_exit_status_is_that_of_the_program(start: Start, code: int) -> None:
    assert start.shell(f"exit {code}").process.wait(LIVENESS) == code


@pytest.mark.parametrize("number", [2, 6, 9, 11, 13, 15])
def test_a_fatal_signal_is_that_of_the_program(start: Start, number: int) -> None:
    assert start.shell(f"kill -{number} $$").process.wait(LIVENESS) == -number


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1"])
def test_signals_are_forwarded_to_the_program(start: Start, name: str) -> None:
    run = start.shell(f"trap 'exit 42' {name}; echo ready; while :; do sleep 0.05; done")
    assert run.line() == b"ready"
    run.process.send_signal(getattr(signal, f"SIG{name}"))
    assert run.process.wait(LIVENESS) == 42


def test_a_program_that_ignores_a_forwarded_term_is_ended_before_callers_lose_patience(start: Start) -> None:
    run = start.shell("trap '' INT TERM; (setsid sleep 300 &); echo ready; while :; do sleep 1; done")
    assert run.line() == b"ready"
    began = time.monotonic()
    run.process.terminate()
    assert run.process.wait(LIVENESS) == -signal.SIGKILL
    assert time.monotonic() - began < 5  # then the caller of the guard would kill it, and only it
    assert alive(run.marker) == []


def test_a_missing_program_is_exit_127_with_a_message(start: Start) -> None:
    run = start("./no-such-program")
    assert run.process.wait(LIVENESS) == 127
    assert run.process.stderr is not None
    assert run.process.stderr.read() == b"guard: cannot run ./no-such-program: No such file or directory\n"


def test_a_program_without_permission_is_exit_126(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    assert start(str(tmp_path / "data")).process.wait(LIVENESS) == 126


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "true",
        "-- true",
        "--pipe 0 --",
        "--pipe -- true",
        "--pipe 999 -- true",
        "--pipe 0 --on-exit x -- true",
        "--pipe 0 --unknown x -- true",
    ],
)
def test_a_malformed_command_line_is_refused(arguments: str) -> None:
    argv = [sys.executable, "-I", "-S", GUARD, *arguments.split()]
    done = subprocess.run(argv, capture_output=True, timeout=LIVENESS)
    assert done.returncode == 2
    assert b"usage: guard.py --pipe" in done.stderr


def test_bytes_pass_unchanged(start: Start) -> None:
    data = os.urandom(16 << 20)
    run = start("cat")
    assert run.process.communicate(data, timeout=LIVENESS)[0] == data
    assert run.process.returncode == 0


def test_the_end_of_the_output_shows_while_the_program_goes_on(start: Start) -> None:
    run = start.shell("exec >&- 2>&-; read; exit 5")
    assert run.line() == b""
    assert run.process.poll() is None
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.process.wait(LIVENESS) == 5


def test_what_outlives_the_program_is_ended(start: Start) -> None:
    run = start.shell("(setsid sleep 300 >&- 2>&- &); sleep 300 >&- 2>&- & exit 4")
    assert run.process.wait(LIVENESS) == 4
    assert alive(run.marker) == []


def test_what_outlives_the_program_is_waited_for_when_asked(start: Start, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    run = start.shell(f"(setsid sh -c 'read x < {tmp_path}/gate; echo late' &); exit 4", on_exit="wait")
    with (tmp_path / "gate").open("w") as gate:
        assert run.process.poll() is None
        gate.write("\n")
    assert run.line() == b"late"
    assert run.process.wait(LIVENESS) == 4


def test_the_pipe_ends_also_a_tree_that_is_waited_for(start: Start) -> None:
    run = start.shell("echo ready; (setsid sleep 300 >&- 2>&- &); exit 4", on_exit="wait")
    assert run.line() == b"ready"
    assert run.line() == b""  # bash has ended
    assert run.release() == 4
    assert alive(run.marker) == []


def test_orphans_end_on_request_and_the_program_with_its_children_stays(start: Start) -> None:
    run = start.shell(
        "(setsid sh -c 'trap \"\" TERM; echo up; sleep 300 & wait' &); sleep 300 & echo $$ $!; read x; kill $!"
    )
    program, child = map(int, min(run.line(), run.line()).split())  # digits sort before `up`
    os.write(run.keeper, guard.REAP_ORPHANS)
    assert survivors(run.marker, but={run.process.pid, program, child}) == []
    assert {program, child} <= {process.pid for process in alive(run.marker)}
    assert run.process.communicate(b"\n", timeout=LIVENESS)[0] == b""
    assert run.process.returncode == 0


def test_the_program_dies_with_a_killed_guard(start: Start) -> None:
    run = start.shell("echo ready; exec sleep 300")
    assert run.line() == b"ready"
    run.process.kill()
    assert survivors(run.marker) == []


def test_the_program_inherits_neither_pipe_nor_signal_settings(start: Start) -> None:
    run = start.shell("ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status")
    files, _, blocked, _, ignored = run.process.communicate(timeout=LIVENESS)[0].split()
    assert files == b"4"  # 3 streams and the directory that ls reads
    # Signals 32 and 33 belong to the C library: it lets nobody set them, so what a caller left of them stays.
    library = 1 << 31 | 1 << 32
    assert (int(blocked, 16) & ~library, int(ignored, 16) & ~library) == (0, 0)


def test_a_fifo_serves_where_descriptors_cannot_be_passed(marker: str, tmp_path: Path) -> None:
    fifo = tmp_path / "keeper"
    os.mkfifo(fifo, 0o600)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    keeper = os.open(fifo, os.O_WRONLY)
    env = os.environ | {"GUARD_TEST": marker}
    argv = command(fifo, "sh", "-c", "echo ready; sleep 300")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.close(reader)
        assert process.poll() is None
        os.close(keeper)
        assert process.wait(LIVENESS) < 0
    assert alive(marker) == []


def test_a_fifo_whose_keeper_is_gone_already_ends_the_program(marker: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keeper", 0o600)
    argv = command(tmp_path / "keeper", "sleep", "300")
    assert subprocess.run(argv, env=os.environ | {"GUARD_TEST": marker}, timeout=LIVENESS).returncode < 0
    assert alive(marker) == []


def read_until(master: int, pattern: bytes) -> re.Match[bytes]:
    """Read a terminal until the pattern shows."""
    output = b""
    while not (found := re.search(pattern, output)):
        assert select.select([master], [], [], LIVENESS)[0], output
        output += os.read(master, 4096)
    return found


def test_a_terminal_is_handed_on_to_the_program(marker: str) -> None:
    reader, keeper = os.pipe()
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command(reader, "bash", "--norc", "-i"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        pass_fds=(reader,),
        env=os.environ | {"GUARD_TEST": marker},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(reader)
    os.close(slave)
    os.write(master, b"sh -c 'echo wait''ing; exec sleep 300'\n")
    read_until(master, b"waiting")
    os.write(master, b"\x03")  # reaches the foreground job; neither the guard nor the shell ends
    os.write(master, b"echo status=$? sid=$(ps -o sid= -p $$) pid=$$\n")
    status, session, shell = read_until(master, rb"status=(\d+) sid= *(\d+) pid=(\d+)").groups()
    assert (status, session) == (b"130", shell)
    os.close(keeper)
    process.wait(LIVENESS)
    assert alive(marker) == []
    os.close(master)


def test_without_adoption_and_proc_the_tree_is_found_by_snapshots(marker: str) -> None:
    portable = (
        "import runpy, sys\n"
        "guard = __import__('importlib.util').util\n"
        "spec = guard.spec_from_file_location('guard', sys.argv.pop(1))\n"
        "module = guard.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "module.prctl = lambda *_: False\n"
        "module.proc_table = module.ps_table\n"
        "module.open_pidfd = lambda _: None\n"
        "module.main(sys.argv[1:])\n"
    )
    script = (
        "trap '' INT TERM; setsid sleep 300 & (setsid sleep 300 & sleep 1.5); echo ready; while :; do sleep 1; done"
    )
    reader, keeper = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", portable, GUARD, *command(reader, "bash", "-c", script)[4:]],
        stdout=subprocess.PIPE,
        pass_fds=(reader,),
        env=os.environ | {"GUARD_TEST": marker},
    ) as process:
        os.close(reader)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.close(keeper)
        assert process.wait(LIVENESS) == -signal.SIGKILL
    assert survivors(marker) == []
