"""What the extension costs the server that it lives in, and what an idle executor costs the machine."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench import servers
from tests.bench.rows import Aim, Row, row
from tests.support.server import LIVENESS, JupyterServer, wait_for

IDLE_SECONDS = 5.0
"""Between the first answer and the look at the memory; the extension has been at rest for most of it."""
MIB = 1 << 20

REFERENCE = "the same server with the extension switched off"


@dataclass(frozen=True)
class Start:
    """One start of a server: times in milliseconds, memory in MiB. `ready`: the embedded device is online."""

    answer: float
    ready: float
    rss: float
    pss: float
    executor_rss: float
    executor_pss: float


def rows(rounds: int) -> list[Row]:
    """Start with and without the extension in turn, the other one first in every second round."""
    with tempfile.TemporaryDirectory(prefix="wegent-bench-") as home:
        plain, ours = (JupyterServer(Path(home) / name) for name in ("plain", "ours"))
        plain.extended = False
        # Not counted: it migrates the new database, compiles what is imported, and brings the files into the cache.
        first = {True: _start(ours), False: _start(plain)}
        starts: list[dict[bool, Start]] = []
        for number in range(rounds):
            order = (False, True) if number % 2 else (True, False)
            starts.append({extended: _start(ours if extended else plain) for extended in order})

    def against(what: str, unit: str, name: str, aim: Aim | None, note: str) -> Row:
        pairs: list[tuple[float, float | None]] = [
            (getattr(one[True], name), getattr(one[False], name)) for one in starts
        ]
        return row(what, unit, pairs, reference_is=REFERENCE, compare="difference", aim=aim, note=note)

    def alone(what: str, unit: str, name: str, aim: Aim | None, note: str) -> Row:
        return row(what, unit, [(getattr(one[True], name), None) for one in starts], aim=aim, note=note)

    idle = f"{IDLE_SECONDS:.0f} s after the first answer, without the executor"
    least = min(one[True].answer for one in starts) - min(one[False].answer for one in starts)
    grown = first[True].rss - first[False].rss
    return [
        against("start: first HTTP answer", "ms", "answer", Aim("at most", 250), f"fastest of each: {least:+.0f} ms"),
        against(
            "memory of the server, RSS",
            "MiB",
            "rss",
            Aim("at most", 15),
            f"{idle}; at the very first start {grown:+.1f}",
        ),
        against("memory of the server, PSS", "MiB", "pss", None, idle),
        alone("start: the embedded device is online", "ms", "ready", None, "since the start of the server"),
        alone("memory of an idle executor, RSS", "MiB", "executor_rss", Aim("at most", 60), ""),
        alone("memory of an idle executor, PSS", "MiB", "executor_pss", None, ""),
    ]


def _start(server: JupyterServer) -> Start:
    began = time.perf_counter()
    server.start(wait=False)
    try:
        answered = servers.first_answer(server.port, LIVENESS)
        assert answered is not None, server.log[-4000:]
        if server.extended:
            wait_for(server.device_online, "the embedded device is online")
        ready = time.perf_counter()
        time.sleep(max(0.0, answered + IDLE_SECONDS - ready))
        assert server.process is not None
        rss, pss = _memory(server.process.pid)
        executor = _memory(server.executor_pid()) if server.extended else (0.0, 0.0)
    finally:
        servers.end(server)
    return Start(1000 * (answered - began), 1000 * (ready - began), rss, pss, *executor)


def _memory(pid: int) -> tuple[float, float]:
    """Return RSS and PSS in MiB. Only Linux has the latter, which divides what several processes share."""
    info = psutil.Process(pid).memory_full_info()
    return info.rss / MIB, getattr(info, "pss", info.rss) / MIB
