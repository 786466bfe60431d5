"""The key of the person's model provider reaches the agent that needs it, and nothing that we keep, log or show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.model import running_model
from tests.support.server import JupyterServer, wait_for

WRONG = "canary-5b1e70-wrong-key"


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[JupyterServer, str]]:
    """A server whose agent has worked, was refused once by its provider, and works now."""
    home = tmp_path_factory.mktemp("provider")
    with running_model() as model:
        server = JupyterServer(
            home, options=["--ServerApp.log_level=DEBUG"], environment=dict(model.environment(home))
        ).start()
        server.agent_ready("claude")
        first = server.submit("!say hello\n!error 401", agent="claude")["task"]["id"]
        assert server.finished(first)["error"]["code"] == "agent_login"
        working = server.submit("!slow 2000 0.05", agent="claude")["task"]["id"]
        wait_for(lambda: server.get(f"/tasks/{working}/events?after_pos=3").json()["items"], "it streams")
        yield server, model.key
        server.post(f"/tasks/{working}/cancel", {})
        server.finished(working)
        server.stop()
        server.end_executor()


def test_a_providers_key_is_in_nothing_that_we_keep(used: tuple[JupyterServer, str]) -> None:
    server, key = used
    holders = [path for path in server.data.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert holders == []


def test_a_providers_key_is_in_no_log_and_no_event(used: tuple[JupyterServer, str]) -> None:
    server, key = used
    assert key not in server.log
    for task in server.get("/tasks").json()["items"]:
        assert key not in json.dumps(server.get(f"/tasks/{task['id']}").json())
        assert key not in json.dumps(server.get(f"/tasks/{task['id']}/events").json())
    assert key not in json.dumps(server.get("/devices").json())


def test_a_providers_key_is_in_the_arguments_of_no_process(used: tuple[JupyterServer, str]) -> None:
    server, key = used
    executor = psutil.Process(server.executor_pid())
    tree = [executor, *executor.children(recursive=True)]
    assert len(tree) >= 3, "executor, guard and program"
    assert [one.cmdline() for one in tree if key in " ".join(one.cmdline())] == []


def test_the_practice_model_leaves_the_persons_own_configuration_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "settings.json").write_text('{"env": {"ANTHROPIC_API_KEY": "' + WRONG + '"}}')
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*")}
    server = JupyterServer(tmp_path / "home", environment={"CLAUDE_CONFIG_DIR": str(own), "ANTHROPIC_API_KEY": WRONG})
    server.start()
    try:
        server.agent_ready("claude")
        task = server.submit("!say hello", agent="claude", model="practice")["task"]["id"]
        assert server.finished(task)["state"] == "completed"
        assert {path: path.stat().st_mtime_ns for path in own.rglob("*")} == before
    finally:
        server.stop()
        server.end_executor()
