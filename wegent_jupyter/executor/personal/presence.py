"""Tell with each heartbeat whether Codex's login file is there (wire §3.4), without ever waiting for a disk."""

import asyncio
import logging
import os
import stat
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from wegent_jupyter.executor.agents import codex_login
from wegent_jupyter.protocol.personal import Runtime
from wegent_jupyter.protocol.wire import AuthFile

log = logging.getLogger(__name__)

CODEX: Runtime = "codex"


class Presence:
    """The login file of one device, as it was when it was last looked at."""

    def __init__(
        self, offered: Callable[[], bool], wake: Callable[[], None], agents: Callable[[], Awaitable[None]]
    ) -> None:
        """`offered`: does this device run Codex? `wake` beats at once; `agents` looks whether it is logged in."""
        self._offered, self._wake, self._agents = offered, wake, agents
        self._known: AuthFile | None = None
        self._looking: asyncio.Task[None] | None = None

    def report(self) -> dict[str, AuthFile]:
        """Return what is known, by runtime, and look again meanwhile; nothing at the very first."""
        if not self._offered():
            return {}
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return {} if self._known is None else {CODEX: self._known}

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def refresh(self) -> None:
        """Look, so that the next heartbeat says what is there now."""
        self._known = await asyncio.to_thread(look)

    async def _look(self) -> None:
        try:
            await self._look_and_tell()
        except Exception:  # the next heartbeat looks again
            log.exception("Codex's login file was not looked at to the end")

    async def _look_and_tell(self) -> None:
        before = self._known
        await self.refresh()
        if self._known != before:
            self._wake()
            if before is not None:  # somebody logged in or out beside us, such as in a terminal
                await self._agents()


def look() -> AuthFile | None:
    """Return where Codex keeps its login, and whether it is there; None when that cannot be seen."""
    try:
        path = codex_login.auth_file(os.environ)
    except RuntimeError:  # there is no home directory
        return None
    try:
        exists = not _blank(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        exists = False
    except OSError:
        return None
    return AuthFile(target_path=str(path)[:4096], exists=exists)


def is_blank(path: Path, older_than: float = 0.0) -> bool:
    """Say whether a login file is there with nothing in it, as a kill can leave it; `older_than`: in seconds."""
    try:
        about = path.stat()
    except OSError:
        return False
    return _blank(about) and time.time() - about.st_mtime >= older_than


def _blank(about: os.stat_result) -> bool:
    return stat.S_ISREG(about.st_mode) and about.st_size == 0
