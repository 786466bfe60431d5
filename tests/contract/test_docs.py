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

PAGES = ("README.md", "docs/using.md")
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
    if "[options]" in command or "[--json]" in command:
        command = command.replace("[options]", "--agent practice").replace("[--json]", "--json")
    command = command.replace("http://localhost:8888/", server.url)
    (server.home / "churn").mkdir(exist_ok=True)
    environment = {**private_environment(server.home), "TOKEN": TOKEN}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    ran = subprocess.run(["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, timeout=100)
    assert ran.returncode == 0, ran.stderr.decode()
    if command.startswith("curl"):
        assert json.loads(ran.stdout)["task"]["id"]
