"""A real kernel that no Jupyter server started, so that it outlives one: as nbconvert and scripts have it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jupyter_client.manager import KernelManager

from tests.support.server import LIVENESS, private_environment


class LoneKernel:
    """Use as a context manager: it is shut down at the end."""

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        """Start it in the home of a server, with which it shares its user."""
        self.displays: list[dict[str, Any]] = []
        """What the newest cell displayed, by MIME type; what it replaced, too."""
        (home / "files").mkdir(parents=True, exist_ok=True)
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env={**private_environment(home), **(environment or {})}, cwd=str(home / "files"))
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LIVENESS)
        self.run("from wegent_jupyter import notebook as wg")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()

    def start(self, code: str) -> str:
        """Send a cell and return its id, without waiting."""
        self.displays.clear()
        return str(self.client.execute(code, allow_stdin=False))

    def end(self, cell: str) -> str:
        """Wait for the end of a cell; return what it showed: what it printed, and an error as a notebook shows it."""
        shown: list[str] = []
        while True:
            message = self.client.get_iopub_msg(timeout=LIVENESS)
            if message["parent_header"].get("msg_id") != cell:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append(content["text"])
            elif kind == "error":
                shown.append("\n".join(content["traceback"]))
            elif kind in ("display_data", "update_display_data"):
                self.displays.append(content["data"])
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(shown)

    def printed(self, cell: str) -> str:
        """Wait until a cell prints something, and return that."""
        while True:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=LIVENESS)
            if message["parent_header"].get("msg_id") == cell and message["msg_type"] == "stream":
                return str(message["content"]["text"])

    def run(self, code: str) -> str:
        """Run a cell to its end; return what it showed."""
        return self.end(self.start(code))

    def interrupt(self) -> None:
        """Do what *Interrupt kernel* does."""
        self.manager.interrupt_kernel()
