"""Run a program under the guard to its end, and keep so much of its output and no more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor.processes import GuardedProcess, ProcessRecords, spawn

READ_BYTES = 64 << 10


class Output(NamedTuple):
    """How a program ended, and what it said."""

    status: int
    stdout: bytes
    cut: bool
    """There was more of it."""
    stderr: str
    """Its end."""


async def run(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], marker: str, records: ProcessRecords, limit: int
) -> Output:
    """Run a program, which reads nothing, and end its tree, also when this is cancelled; raises as `spawn` does."""
    process = await spawn(argv, cwd=cwd, env=env, marker=marker, records=records)
    try:
        process.stdin.close()
        stdout, cut = await _read(process, limit)
        status = await process.wait()
    finally:
        await process.end()
    return Output(status, stdout, cut, process.stderr_tail)


async def _read(process: GuardedProcess, limit: int) -> tuple[bytes, bool]:
    """Read all output, keep its beginning; says whether it was cut."""
    kept, cut = bytearray(), False
    while data := await process.stdout.read(READ_BYTES):
        room = limit - len(kept)
        kept += data[:room]
        cut = cut or len(data) > room
    return bytes(kept), cut
