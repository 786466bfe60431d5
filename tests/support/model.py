"""The practice model for tests: the real process, and what it was asked."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Model:
    """A running model: its address and key, its process, and the file with what it was asked."""

    url: str
    key: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return what it was asked so far: `path`, `headers` (without the key) and `body`."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def environment(self, home: Path) -> dict[str, str]:
        """Return what the `claude` program needs to ask this model, with everything it keeps under `home`."""
        return {
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": self.key,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "0",
            "NO_PROXY": "127.0.0.1,localhost",
        }


@contextmanager
def running_model(log: Path | None = None) -> Iterator[Model]:
    """Run the practice model inside the block; `log` is the file to add its requests to."""
    with tempfile.TemporaryDirectory() as folder:
        path = log or Path(folder, "requests.jsonl")
        argv = [sys.executable, "-m", "wegent_jupyter.practice.model", "--log", str(path)]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            started = json.loads(process.stdout.readline())
            yield Model(started["url"], started["key"], process, path)
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            finally:
                process.kill()
                process.stdout.close()
