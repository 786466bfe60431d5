"""Records of processes: what a killed executor left is ended at the next start, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from wegent_jupyter.executor.processes import MARKER_VARIABLE, ProcessRecords, end_marked, marked

if os.name != "posix":
    pytest.skip("there is no guard on Windows", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
LIVENESS = 20.0  # seconds; nothing here takes longer than 5 on an idle machine
DETACHED = "(setsid sleep 300 >&- 2>&- &)"

EXECUTOR = textwrap.dedent(
    """
    import asyncio, os, sys
    from pathlib import Path
    from wegent_jupyter.executor.processes import ProcessRecords, spawn

    async def main(home, marker, script):
        records = ProcessRecords(home / "processes")
        argv = ["bash", "-c", script]
        process = await spawn(argv, cwd=home, env=dict(os.environ), marker=marker, records=records)
        print((await process.stdout.readline()).decode().strip(), process.pid, flush=True)
        await process.wait()

    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
    """
)


@pytest.fixture
def marker() -> Iterator[str]:
    """Name the tree of one test; what a failed test leaves is killed."""
    name = f"test-{uuid.uuid4().hex}"
    yield name
    end_marked({name})


@pytest.fixture
def records(tmp_path: Path) -> ProcessRecords:
    return ProcessRecords(tmp_path / "processes")


def eventually(condition: Callable[[], bool]) -> bool:
    """Poll for what no event tells: the state of processes that are not our children."""
    until = time.monotonic() + LIVENESS
    while not (met := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return met


def crashed_executor(home: Path, marker: str, script: str, kill_guard: bool) -> None:
    """Run an executor with one tree, and kill it, on request after the guard and before it can notice that."""
    argv = [sys.executable, "-c", EXECUTOR, str(home), marker, script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}) as executor:
        assert executor.stdout is not None
        ready, guard = executor.stdout.readline().split()
        assert ready == b"ready"
        if kill_guard:
            executor.send_signal(signal.SIGSTOP)
            os.kill(int(guard), signal.SIGKILL)
        executor.kill()


@pytest.mark.parametrize("kill_guard", [False, True], ids=["guard lives", "guard killed"])
def test_the_next_start_ends_what_a_killed_executor_left(
    records: ProcessRecords, tmp_path: Path, marker: str, kill_guard: bool
) -> None:
    script = f"trap '' INT TERM; {DETACHED}; {DETACHED}; echo ready; sleep 300"
    crashed_executor(tmp_path, marker, script, kill_guard)
    assert len(list((tmp_path / "processes").iterdir())) == 1
    found = records.sweep()
    assert len(found) >= 2
    assert marked({marker}) == []
    assert list((tmp_path / "processes").iterdir()) == []
    assert records.sweep() == []


def test_a_guard_that_hangs_is_ended_with_its_tree_at_the_next_start(
    records: ProcessRecords, tmp_path: Path, marker: str
) -> None:
    crashed_executor(tmp_path, marker, f"kill -STOP $PPID; {DETACHED}; echo ready; sleep 300", False)
    assert len(records.sweep()) >= 3
    assert marked({marker}) == []


def test_a_process_that_only_has_the_pid_of_a_record_is_left_alone(
    records: ProcessRecords, tmp_path: Path, marker: str
) -> None:
    with subprocess.Popen(["sleep", "300"]) as bystander:
        started = psutil.Process(bystander.pid).create_time()
        record = {"pid": bystander.pid, "started": started - 60, "marker": marker}
        (tmp_path / "processes" / f"{marker}.json").write_text(json.dumps(record))
        assert records.sweep() == []
        assert bystander.poll() is None
        bystander.kill()


def test_a_zombie_counts_as_dead(records: ProcessRecords, tmp_path: Path, marker: str) -> None:
    with subprocess.Popen(["true"], env=os.environ | {MARKER_VARIABLE: marker}) as ended:
        assert eventually(lambda: psutil.Process(ended.pid).status() == psutil.STATUS_ZOMBIE)
        records.write(marker, ended.pid)
        assert records.sweep() == []
        assert list((tmp_path / "processes").iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "x", "started": 1}', '{"pid": 1, "started": null}'])
def test_an_unreadable_record_is_reported_and_removed(
    records: ProcessRecords, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / "processes" / "x.json").write_text(text)
    assert records.sweep() == []
    assert "x.json" in caplog.text
    assert list((tmp_path / "processes").iterdir()) == []


def test_a_process_that_has_ended_already_is_not_recorded(records: ProcessRecords, tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    records.write("gone", ended.pid)
    assert list((tmp_path / "processes").iterdir()) == []


def test_only_the_marked_are_ended(marker: str) -> None:
    other = f"{marker}-other"
    with (
        subprocess.Popen(["sleep", "300"], env=os.environ | {MARKER_VARIABLE: other}) as bystander,
        subprocess.Popen(["sleep", "300"], env=os.environ | {MARKER_VARIABLE: marker}) as target,
    ):
        assert eventually(lambda: len(marked({marker, other})) == 2)
        assert end_marked({marker}) == {target.pid}
        assert end_marked(set()) == set()
        assert bystander.poll() is None
        assert end_marked({other}) == {bystander.pid}
