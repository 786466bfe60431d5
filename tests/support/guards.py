"""Guards for tests: started with a pipe, ended with the test, their processes known by their environment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import psutil

from wegent_jupyter.executor import guard

GUARD = guard.__file__
LIVENESS = 20.0  # seconds; nothing here takes longer than 5 on an idle machine


@dataclass
class Run:
    """A guard with its program, and the writing end of the keeper's pipe."""

    process: subprocess.Popen[bytes]
    keeper: int
    marker: str

    def line(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def release(self) -> int:
        """Close the pipe; return the exit status."""
        self.close()
        return self.process.wait(LIVENESS)

    def close(self) -> None:
        if self.keeper >= 0:
            os.close(self.keeper)
        self.keeper = -1


def command(pipe: int | Path, *program: str, on_exit: str = "end") -> list[str]:
    return [sys.executable, "-I", "-S", GUARD, "--pipe", str(pipe), "--on-exit", on_exit, "--", *program]


def alive(marker: str) -> list[psutil.Process]:
    """Return the living processes of one test, known by their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GUARD_TEST") == marker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def survivors(marker: str, but: Container[int] = ()) -> list[list[str]]:
    """Return the command lines of what is still there, `but` some, when all had time to end."""
    until = time.monotonic() + LIVENESS
    while (left := [process for process in alive(marker) if process.pid not in but]) and time.monotonic() < until:
        psutil.wait_procs(left, timeout=0.1)
    return [process.cmdline() for process in left]


class Start:
    """Starts guards that are cleaned up at the end of the test."""

    def __init__(self, marker: str, runs: list[Run]) -> None:
        self.marker, self.runs = marker, runs

    def __call__(self, *program: str, on_exit: str = "end") -> Run:
        reader, keeper = os.pipe()
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command(reader, *program, on_exit=on_exit),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=os.environ | {"GUARD_TEST": self.marker},
            pass_fds=(reader,),
        )
        os.close(reader)
        self.runs.append(Run(process, keeper, self.marker))
        return self.runs[-1]

    def shell(self, script: str, on_exit: str = "end") -> Run:
        return self("bash", "-c", script, on_exit=on_exit)
