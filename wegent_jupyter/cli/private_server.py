"""Ask a Jupyter server that we started why it does not become the gateway."""

import json
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.client.discover import Server

SETTLE_LOOKS = 30
"""Looks for which `elsewhere` is believed to be a server that is just starting or ending."""


class Watch:
    """Looks at the server with a process id."""

    def __init__(self, pid: int) -> None:
        """It was just started."""
        self._pid = pid
        self._elsewhere = 0

    async def refusal(self) -> str | None:
        """Return why the server has no gateway, None as long as it may still get one."""
        server = _published(self._pid)
        if server is None:
            return None
        try:
            async with Client(server) as client:
                version = await client.version()
        except (ApiError, Unreachable):
            return None  # it is still starting
        if version.state == "broken":
            return version.reason or "The gateway cannot start."
        self._elsewhere = self._elsewhere + 1 if version.state == "elsewhere" else 0
        if self._elsewhere < SETTLE_LOOKS:
            return None
        where = f" at {version.url}" if version.url else ""
        return f"Wegent runs in another server{where}, which this command cannot find."


def _published(pid: int) -> Server | None:
    try:
        found = json.loads(Path(jupyter_runtime_dir(), f"jpserver-{pid}.json").read_text(encoding="utf-8"))
        return Server(f"{found['url']}wegent", f"token {found['token']}")
    except (OSError, ValueError, KeyError, TypeError):
        return None
