"""Servers in processes of their own, in a home that is removed afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import ROOT, JupyterServer, free_port, wait_for


@contextmanager
def jupyter(
    environment: Callable[[Path], Mapping[str, str]] = lambda _home: {},
    prepare: Callable[[JupyterServer], None] = lambda _server: None,
) -> Iterator[JupyterServer]:
    """Run a Jupyter server with the extension, and `environment` of its home; its embedded device is online."""
    with tempfile.TemporaryDirectory(prefix="wegent-bench-") as home:
        server = JupyterServer(Path(home), environment=environment(Path(home)))
        prepare(server)
        try:
            yield server.start()
        finally:
            end(server)


def end(server: JupyterServer) -> None:
    """End a server and its executor."""
    try:
        server.stop()
    finally:
        server.end_executor()


@contextmanager
def raw_websocket() -> Iterator[str]:
    """Run `raw_server` and yield its URL."""
    with raw("raw_server") as (port, _):
        yield f"ws://127.0.0.1:{port}/"


@contextmanager
def raw(module: str) -> Iterator[tuple[int, int]]:
    """Run a reference of this package and yield its port and its process id."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", f"tests.bench.{module}", str(port)], cwd=ROOT) as process:
        try:
            wait_for(lambda: first_answer(port, 0.1), f"{module} answers")
            yield port, process.pid
        finally:
            process.terminate()


def first_answer(port: int, within: float) -> float | None:
    """Ask for any HTTP answer until there is one; returns the time at which it came."""
    until = time.perf_counter() + within
    while time.perf_counter() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=within) as connection:
                connection.sendall(b"GET /api HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                if connection.recv(1):
                    return time.perf_counter()
        except OSError:
            time.sleep(0.002)
    return None
