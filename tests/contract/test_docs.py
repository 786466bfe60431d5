"""Every command of the user's pages is run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import ROOT, TOKEN, JupyterServer, private_environment
from wegent_jupyter.executor.agents.claude_binary import bundled

PAGES = ("README.md", "docs/using.md", "docs/troubleshooting.md")
ELSEWHERE = {
    "make lab": "tests/ui/test_newcomer.py and .ci/run start what it starts",
    "make test": "it is what runs this test",
}


def commands(page: str) -> list[str]:
    """Return the commands of a page's fenced blocks, without comments and prompts of the practice agent."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", "").splitlines()]
    bare = [re.sub(r"\s+#.*", "", line).strip() for line in lines]
    return [line for line in bare if line and not line.startswith("!")]


ALL = [(page, command) for page in PAGES for command in commands(page)]


def test_the_pages_have_commands() -> None:
    assert {command.split()[0] for _, command in ALL} == {"make", "jupyter", "curl"}


@pytest.mark.parametrize(("page", "command"), ALL)
def test_a_command_of_the_pages_works_as_it_stands(
    server: JupyterServer, tmp_path: Path, page: str, command: str
) -> None:
    if command in ELSEWHERE:
        assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()
        return
    command = filled(server, command, tmp_path)
    environment = {**private_environment(server.home), "TOKEN": TOKEN}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    ran = subprocess.run(["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, timeout=100)
    assert ran.returncode == 0, ran.stderr.decode()
    if command.startswith("curl"):
        assert json.loads(ran.stdout)["task"]["id"]


def filled(server: JupyterServer, command: str, folder: Path) -> str:
    """Return a command with what its placeholders stand for, which is made to be there."""
    command = command.replace("[options]", "--agent practice --mode edits").replace("[--json]", "--json")
    command = command.replace("http://localhost:8888/", server.url)
    (server.home / "churn").mkdir(exist_ok=True)
    if "ID" in command.split():
        asks = "!ask Which colour? | red | green" if " answer " in command else "!write a.txt a"
        task = server.submit(asks, mode="ask", workspace={"path": str(folder)})["task"]["id"]
        command = command.replace(" ID", f" {server.asked(task)['id']}")
    if "TASK" in command.split():
        task = at_work(server, folder) if " steer " in command else failed(server)
        command = command.replace(" TASK", f" {task}")
    if "~/bin/claude" in command:
        (server.home / "bin").mkdir(exist_ok=True)
        (server.home / "bin" / "claude").symlink_to(claude())
    return command


def failed(server: JupyterServer) -> int:
    """Return a task that can be taken up: it was stopped in the middle of an answer."""
    task: int = server.submit("!slow 50 0.02")["task"]["id"]
    assert server.post(f"/tasks/{task}/cancel", {}).status_code == 200
    server.finished(task)
    return task


def at_work(server: JupyterServer, folder: Path) -> int:
    """Return a task whose agent takes messages while it works."""
    claude()
    fields = {"agent": "claude", "model": "practice", "mode": "ask", "workspace": {"path": str(folder)}}
    task: int = server.submit("!write a.txt a", **fields)["task"]["id"]
    server.asked(task)
    return task


def claude() -> Path:
    """Return the real program."""
    program = bundled()
    if program is None:
        pytest.skip("claude-agent-sdk is not installed")
    return Path(program)
