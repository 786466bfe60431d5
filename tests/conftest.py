"""Fixtures that several kinds of tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import JupyterServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Share one real server among tests that do not restart or break it."""
    running = JupyterServer(tmp_path_factory.mktemp("server")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture(scope="module")
def fresh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run a server for one module, which may count what is there: the shared one has what others left."""
    running = JupyterServer(tmp_path_factory.mktemp("fresh")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., JupyterServer]]:
    """Start servers of a test's own; all are ended with it."""
    started: list[JupyterServer] = []

    def start(home: Path | None = None, *, wait: bool = True, **fields: Any) -> JupyterServer:
        server = JupyterServer(home or tmp_path / f"server-{len(started)}", **fields)
        started.append(server)
        return server.start(wait=wait)

    yield start
    for server in started:
        server.kill()
        server.end_executor()
