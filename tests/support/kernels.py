"""A real kernel, started by a real Jupyter server as a notebook starts it, and spoken to over its own channels."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

import httpx
from jupyter_client.blocking.client import BlockingKernelClient

from tests.support.server import LIVENESS, TOKEN, JupyterServer, wait_for


class Failed(AssertionError):
    """A cell raised; the text is what the notebook shows."""


class Kernel:
    """Use as a context manager: it is shut down at the end."""

    def __init__(self, server: JupyterServer, path: str = "") -> None:
        """Start it where a notebook at `path` works."""
        self._server = server
        self.id: str = self._ask("POST", "/kernels", {"name": "python3", "path": path})["id"]
        file = server.home / "runtime" / f"kernel-{self.id}.json"
        wait_for(file.exists, "the kernel has a connection file")
        self.client = BlockingKernelClient(connection_file=str(file))
        self.client.load_connection_file()
        # On a busy machine a kernel that starts may be silent for longer than the second after which it counts as dead.
        self.client.hb_channel.time_to_dead = LIVENESS
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LIVENESS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.client.stop_channels()
        if self._server.process is not None and self._server.process.poll() is None:
            self._ask("DELETE", f"/kernels/{self.id}")

    def run(self, code: str) -> str:
        """Run a cell and return what it printed; raises Failed."""
        return "".join(one["content"].get("text", "") for one in self.outputs(code) if one["msg_type"] == "stream")

    def value(self, expression: str, before: str = "") -> Any:
        """Return the value of an expression that JSON can hold."""
        return json.loads(self.run(f"{before}\nimport json as _json\nprint(_json.dumps({expression}))"))

    def outputs(self, code: str) -> list[dict[str, Any]]:
        """Run a cell and return the messages of its outputs; raises Failed."""
        shown: list[dict[str, Any]] = []
        answer = self.client.execute_interactive(
            code, timeout=LIVENESS, output_hook=shown.append, allow_stdin=False, store_history=False
        )
        if answer["content"]["status"] != "ok":
            raise Failed("\n".join(answer["content"].get("traceback", [])) or str(answer["content"]))
        return shown

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"token {TOKEN}"}
        with httpx.Client(trust_env=False, verify=False, timeout=30, headers=headers) as http:
            answer = http.request(method, f"{self._server.url}api{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None
