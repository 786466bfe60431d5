"""Guarded processes: started with clear errors, ended with their trees, found again after a crash, leaking nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import stat
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from wegent_jupyter.executor.processes import (
    MARKER_VARIABLE,
    STDERR_TAIL,
    GuardedProcess,
    ProcessRecords,
    ProgramNotFound,
    end_marked,
    marked,
    spawn,
)

if os.name != "posix":
    pytest.skip("there is no guard on Windows", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
LIVENESS = 20.0  # seconds; nothing here takes longer than 5 on an idle machine
DETACHED = "(setsid sleep 300 >&- 2>&- &)"


@pytest.fixture
def marker() -> Iterator[str]:
    """Name the tree of one test; what a failed test leaves is killed."""
    name = f"test-{uuid.uuid4().hex}"
    yield name
    end_marked({name})


@pytest.fixture
def records(tmp_path: Path) -> ProcessRecords:
    return ProcessRecords(tmp_path / "processes")


Starter = Callable[..., Awaitable[GuardedProcess]]


@pytest.fixture
def start(tmp_path: Path, marker: str) -> Starter:
    """Start a program or, given one string, a shell script, in the test's directory and under its marker."""

    async def run(
        program: str | Sequence[str], line_limit: int = 1 << 20, records: ProcessRecords | None = None
    ) -> GuardedProcess:
        argv = ["bash", "-c", program] if isinstance(program, str) else program
        env = dict(os.environ)
        return await spawn(argv, cwd=tmp_path, env=env, marker=marker, line_limit=line_limit, records=records)

    return run


def eventually(condition: Callable[[], bool]) -> bool:
    """Poll for what no event tells: the state of processes that are not our children."""
    until = time.monotonic() + LIVENESS
    while not (met := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return met


def test_a_program_is_talked_to_and_its_status_returned(start: Starter, tmp_path: Path, marker: str) -> None:
    async def main() -> None:
        process = await start(f"read line; echo $line; pwd; echo ${MARKER_VARIABLE}; exit 3")
        process.stdin.write(b"hello\n")
        lines = [(await process.stdout.readline()).decode().strip() for _ in range(3)]
        assert lines == ["hello", str(tmp_path), marker]
        assert await process.wait() == 3
        assert process.returncode == 3
        assert await process.end() == 3

    asyncio.run(main())


def test_a_fatal_signal_is_the_status(start: Starter) -> None:
    async def main() -> None:
        async with await start("kill -11 $$") as process:
            assert await process.wait() == -signal.SIGSEGV

    asyncio.run(main())


@pytest.mark.parametrize("program", ["no-such-program", "./missing", "/no/such/file", "./data", "folder/"])
def test_a_missing_program_is_named_before_anything_starts(start: Starter, tmp_path: Path, program: str) -> None:
    (tmp_path / "data").write_text("not executable")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProgramNotFound, match="was not found") as raised:
        asyncio.run(_started(start([program])))
    assert raised.value.program == program


async def _started(process: Awaitable[GuardedProcess]) -> None:
    await (await process).end()


def test_the_program_is_looked_for_in_its_own_path_and_directory(tmp_path: Path, marker: str) -> None:
    tool = tmp_path / "bin" / "my-tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\nexit 9\n")
    tool.chmod(0o755)

    async def status(program: str, path: str) -> int:
        async with await spawn([program], cwd=tmp_path, env={"PATH": path}, marker=marker) as process:
            return await process.wait()

    assert asyncio.run(status("my-tool", f"{tool.parent}:/usr/bin:/bin")) == 9
    assert asyncio.run(status("bin/my-tool", "/usr/bin:/bin")) == 9
    with pytest.raises(ProgramNotFound):
        asyncio.run(status("my-tool", "/usr/bin:/bin"))


def test_a_missing_directory_is_refused(tmp_path: Path, marker: str) -> None:
    with pytest.raises(NotADirectoryError, match="is not a directory"):
        asyncio.run(_started(spawn(["true"], cwd=tmp_path / "no", env=dict(os.environ), marker=marker)))


@pytest.mark.parametrize("marker_", ["", ".", "../x", "a/b", "a b", "x" * 129, "a\n"])
def test_a_marker_that_is_not_a_plain_name_is_refused(tmp_path: Path, marker_: str) -> None:
    with pytest.raises(ValueError, match="not a marker"):
        asyncio.run(_started(spawn(["true"], cwd=tmp_path, env=dict(os.environ), marker=marker_)))


def test_bytes_pass_unchanged(start: Starter) -> None:
    data = os.urandom(16 << 20)

    async def main() -> None:
        async with await start(["cat"]) as process:
            process.stdin.write(data)
            process.stdin.write_eof()
            assert await process.stdout.read() == data
            assert await process.wait() == 0

    asyncio.run(main())


def test_long_lines_are_read_up_to_the_limit(start: Starter) -> None:
    async def main() -> None:
        async with await start("head -c 3000000 /dev/zero | tr '\\0' x; echo", line_limit=4 << 20) as process:
            assert len(await process.stdout.readline()) == 3_000_001

    asyncio.run(main())


def test_output_that_nobody_read_yet_outlives_the_program(start: Starter) -> None:
    async def main() -> None:
        async with await start(["head", "-c", "60000", "/dev/zero"], line_limit=1 << 13) as process:
            assert await process.wait() == 0
            assert len(await process.stdout.read()) == 60_000

    asyncio.run(main())


def test_the_end_of_standard_error_is_kept(start: Starter) -> None:
    async def main() -> None:
        async with await start("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo -n 'the reason ✓' >&2") as process:
            await process.stdout.read()
            await process.end()
            tail = process.stderr_tail
            assert tail.endswith("xxx" + "the reason ✓")
            assert len(tail.encode()) == STDERR_TAIL

    asyncio.run(main())


def test_the_last_words_of_an_interrupted_program_are_read(start: Starter) -> None:
    async def main() -> None:
        process = await start("trap 'echo last words; exit 0' INT; echo ready; while :; do sleep 0.05; done")
        assert await process.stdout.readline() == b"ready\n"
        assert await process.end() == 0
        assert await process.stdout.read() == b"last words\n"

    asyncio.run(main())


def test_ending_ends_the_whole_tree(start: Starter, marker: str) -> None:
    async def main() -> None:
        process = await start(f"trap '' INT TERM HUP; {DETACHED}; sleep 300 & kill -STOP $!; echo ready; wait")
        assert await process.stdout.readline() == b"ready\n"
        assert await process.end() == -signal.SIGKILL
        assert marked({marker}) == []

    asyncio.run(main())


def test_ending_may_be_asked_for_at_any_time_by_many_and_cancelled(start: Starter, marker: str) -> None:
    async def main() -> None:
        process = await start("trap '' INT; echo ready; while :; do sleep 0.05; done")
        assert await process.stdout.readline() == b"ready\n"
        waiting = asyncio.create_task(process.wait())
        first = asyncio.create_task(process.end())
        await asyncio.sleep(0)
        first.cancel()
        statuses = await asyncio.gather(process.end(), process.end(), waiting)
        assert first.cancelled()
        assert set(statuses) == {-signal.SIGTERM}
        assert await process.end() == -signal.SIGTERM
        process.reap_orphans()  # nothing to do, and no error
        assert marked({marker}) == []

    asyncio.run(main())


def test_a_process_ended_before_it_began_leaves_nothing(start: Starter, marker: str) -> None:
    async def main() -> None:
        process = await start(["sleep", "300"])
        assert await process.end() < 0
        assert marked({marker}) == []

    asyncio.run(main())


def test_a_cancelled_start_leaves_nothing(start: Starter, marker: str) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(start(["sleep", "300"]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert eventually(lambda: marked({marker}) == [])


def test_a_guard_that_does_not_react_is_killed_with_its_tree(start: Starter, marker: str) -> None:
    async def main() -> None:
        process = await start(f"{DETACHED}; echo ready; sleep 300")
        assert await process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGSTOP)
        assert await process.end(timeout=0.2) == -signal.SIGKILL
        assert marked({marker}) == []

    asyncio.run(main())


def test_nothing_survives_a_killed_guard(start: Starter, marker: str) -> None:
    async def main() -> None:
        async with await start(f"trap '' INT TERM; {DETACHED}; echo ready; sleep 300") as process:
            assert await process.stdout.readline() == b"ready\n"
            os.kill(process.pid, signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
            assert marked({marker}) == []

    asyncio.run(main())


def test_orphans_end_on_request_and_the_program_stays(start: Starter, marker: str) -> None:
    async def main() -> None:
        async with await start(f"{DETACHED}; sleep 300 & echo ready; read x; kill $!; echo bye") as process:
            assert await process.stdout.readline() == b"ready\n"
            process.reap_orphans()
            assert await asyncio.to_thread(eventually, lambda: len(marked({marker})) == 3)  # guard, bash, its child
            process.stdin.write(b"\n")
            assert await process.stdout.readline() == b"bye\n"
            assert await process.wait() == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    "script",
    ["exit 0", "cat", "cat /dev/zero", "cat /dev/zero >&2", "exec >&- 2>&- <&-; sleep 300", "kill -9 $PPID; sleep 300"],
)
def test_descriptors_are_given_back(start: Starter, records: ProcessRecords, script: str) -> None:
    async def main() -> None:
        counts = []
        gc.collect()  # what earlier tests of this process left might be given back in between
        for _ in range(4):
            process = await start(script, line_limit=1 << 16, records=records)
            await asyncio.sleep(0.05)  # some output, if any
            await process.end()
            counts.append(len(psutil.Process().open_files()) + psutil.Process().num_fds())
        assert counts[0] == counts[-1]

    asyncio.run(main())


def test_failed_starts_give_back_their_descriptors(start: Starter, tmp_path: Path, marker: str) -> None:
    async def main() -> None:
        async def fail() -> int:
            with pytest.raises(ValueError, match="null byte"):
                await start(["sleep", "1\0"])
            return psutil.Process().num_fds()

        gc.collect()  # as above
        assert await fail() == await fail()

    asyncio.run(main())


def test_a_record_lives_as_long_as_its_tree_and_is_private(
    start: Starter, records: ProcessRecords, tmp_path: Path, marker: str
) -> None:
    directory = tmp_path / "processes"

    async def main() -> None:
        async with await start(["cat"], records=records) as process:
            (path,) = directory.iterdir()
            assert path.name == f"{marker}.json"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
            record = json.loads(path.read_text())
            started = psutil.Process(process.pid).create_time()
            assert record == {"pid": process.pid, "started": started, "marker": marker}
            process.stdin.close()
            assert await process.wait() == 0
            assert list(directory.iterdir()) == []

    asyncio.run(main())


def test_a_tree_that_cannot_be_recorded_is_not_left_running(
    start: Starter, records: ProcessRecords, tmp_path: Path, marker: str
) -> None:
    (tmp_path / "processes").rmdir()
    with pytest.raises(FileNotFoundError):
        asyncio.run(_started(start(["sleep", "300"], records=records)))
    assert marked({marker}) == []
