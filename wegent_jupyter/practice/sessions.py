"""Sessions of the practice agent, each kept as a small JSON file."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MODES = {
    "ask": ("Ask", "Asks before it writes or runs anything."),
    "edits": ("Accept edits", "Asks before it runs anything; edits may be accepted for you."),
    "plan": ("Plan", "Only says what it would do."),
    "full": ("Full access", "Everything may be accepted for you."),
}
"""Mode id to (name, description). Whether a request is answered for the person is decided by the client."""

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Session:
    """One conversation: where it works, how, and how many messages it had."""

    id: str
    cwd: Path
    mode: str = "ask"
    messages: int = 0


class SessionStore:
    """The sessions of one directory."""

    def __init__(self, directory: Path) -> None:
        """Keep the files (0600) in `directory`, which is made if missing (0700)."""
        self._directory = directory

    def create(self, cwd: Path) -> Session:
        """Begin and keep a session."""
        session = Session(uuid.uuid4().hex, cwd)
        self.save(session)
        return session

    def load(self, session_id: str, cwd: Path) -> Session:
        """Return a kept session, in `cwd` if that is a directory, else where it was; KeyError for an unknown one."""
        if not _ID.fullmatch(session_id):
            raise KeyError(session_id)
        try:
            kept = json.loads(self._path(session_id).read_text(encoding="utf-8"))
            mode = kept["mode"] if kept["mode"] in MODES else "ask"
            session = Session(session_id, Path(kept["cwd"]), mode, int(kept["messages"]))
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            raise KeyError(session_id) from None
        if cwd.is_absolute() and cwd.is_dir():
            session.cwd = cwd
        return session

    def save(self, session: Session) -> None:
        """Write a session, all or nothing."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {"cwd": str(session.cwd), "mode": session.mode, "messages": session.messages}
        fd, name = tempfile.mkstemp(dir=self._directory, prefix=".")  # 0600
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            Path(name).replace(self._path(session.id))
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, session_id: str) -> Path:
        return self._directory / f"{session_id}.json"


def practice_home(env: Mapping[str, str]) -> Path:
    """Return $WEGENT_PRACTICE_HOME, else `practice` in our folder of the user's state directory."""
    if home := env.get("WEGENT_PRACTICE_HOME"):
        return Path(home)
    return _state_directory(env) / "wegent-jupyter" / "practice"


def _state_directory(env: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    state = Path(env.get("XDG_STATE_HOME", ""))
    return state if state.is_absolute() else Path.home() / ".local" / "state"
