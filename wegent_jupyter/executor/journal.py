"""What the executor must not forget: its attempts, and their events until a gateway has them.

SQLite of the standard library, used on the event loop: a write takes about 12 µs, and it survives `kill -9`.
"""

import json
import logging
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Key = tuple[str, int]
"""(gateway id, attempt id): two gateways may mint the same attempt id."""
Stored = tuple[int, str, dict[str, Any]]
"""(seq, event name, data)"""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    gateway TEXT NOT NULL, id INTEGER NOT NULL, task_id INTEGER NOT NULL,
    running INTEGER NOT NULL, last_seq INTEGER NOT NULL DEFAULT 0, acked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (gateway, id)
);
CREATE TABLE IF NOT EXISTS events (
    gateway TEXT NOT NULL, attempt INTEGER NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (gateway, attempt, seq)
);
CREATE TABLE IF NOT EXISTS grants (
    gateway TEXT NOT NULL, task_id INTEGER NOT NULL, rule TEXT NOT NULL, PRIMARY KEY (gateway, task_id, rule)
);
"""


_HALVES = re.compile("[\ud800-\udfff]")


def _text(data: Any) -> str:
    """Return compact JSON. Half a surrogate pair, which SQLite does not take, becomes U+FFFD.

    Agents in JavaScript send such halves when they cut a character in two. One for one: offsets count characters.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


class JournalBroken(Exception):
    """The journal cannot be used; the text names it and says what to do."""


@dataclass(slots=True)
class Entry:
    """One attempt as the journal has it."""

    key: Key
    task_id: int
    running: bool
    last_seq: int
    acked: int


class Journal:
    """Attempts and the outbox of their events."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, 0600; raises JournalBroken and leaves a damaged one as it is."""
        path.touch(mode=0o600)
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute("SELECT count(*) FROM events").fetchone()
        except sqlite3.DatabaseError as error:
            raise JournalBroken(
                f"The journal {path} cannot be used: {error}. It was left as it is. Move it away to start anew."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def begin(self, key: Key, task_id: int) -> None:
        """Write an attempt down; raises sqlite3.OperationalError on a full disk."""
        self._db.execute("INSERT INTO attempts (gateway, id, task_id, running) VALUES (?, ?, ?, 1)", (*key, task_id))

    def get(self, key: Key) -> Entry | None:
        """Return an attempt."""
        rows = self._entries("WHERE gateway = ? AND id = ?", key)
        return rows[0] if rows else None

    def entries(self) -> list[Entry]:
        """Return all attempts, oldest first."""
        return self._entries("ORDER BY id", ())

    def _entries(self, where: str, values: tuple[Any, ...]) -> list[Entry]:
        rows = self._db.execute(
            f"SELECT gateway, id, task_id, running, last_seq, acked FROM attempts {where}",  # noqa: S608 - our own text
            values,
        )
        return [Entry((row[0], row[1]), row[2], bool(row[3]), row[4], row[5]) for row in rows]

    def append(self, key: Key, events: list[tuple[str, dict[str, Any]]], *, ended: bool) -> int:
        """Add events in one transaction and return the last `seq`; raises sqlite3.OperationalError."""
        entry = self.get(key)
        if entry is None:
            return 0
        rows = [(*key, seq, name, _text(data)) for seq, (name, data) in enumerate(events, start=entry.last_seq + 1)]
        last = entry.last_seq + len(rows)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
            self._db.execute(
                "UPDATE attempts SET last_seq = ?, running = ? WHERE gateway = ? AND id = ?",
                (last, 0 if ended else int(entry.running), *key),
            )
            self._db.execute("COMMIT")
        except BaseException:  # an open transaction would fail every later one
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return last

    def after(self, key: Key, seq: int, limit: int, max_chars: int = 1 << 30) -> list[Stored]:
        """Return the next events of an attempt: at most `limit`, and at most `max_chars` of data but at least one."""
        rows = self._db.execute(
            "SELECT seq, name, data FROM events WHERE gateway = ? AND attempt = ? AND seq > ? ORDER BY seq LIMIT ?",
            (*key, seq, limit),
        )
        found: list[Stored] = []
        chars = 0
        for number, name, data in rows:
            chars += len(data)
            if found and chars > max_chars:
                break
            found.append((number, name, json.loads(data)))
        return found

    def acknowledge(self, key: Key, seq: int) -> None:
        """Drop events that a gateway has; an ended attempt of which it has all is forgotten."""
        self._db.execute("DELETE FROM events WHERE gateway = ? AND attempt = ? AND seq <= ?", (*key, seq))
        self._db.execute("UPDATE attempts SET acked = max(acked, ?) WHERE gateway = ? AND id = ?", (seq, *key))
        self._db.execute("DELETE FROM attempts WHERE gateway = ? AND id = ? AND running = 0 AND acked >= last_seq", key)

    def forget(self, key: Key) -> None:
        """Drop an attempt and its events."""
        self._db.execute("DELETE FROM events WHERE gateway = ? AND attempt = ?", key)
        self._db.execute("DELETE FROM attempts WHERE gateway = ? AND id = ?", key)

    def granted(self, gateway: str, task_id: int, rule: str) -> bool:
        """Say whether a person allowed something for the rest of a task."""
        found = self._db.execute(
            "SELECT 1 FROM grants WHERE gateway = ? AND task_id = ? AND rule = ?", (gateway, task_id, rule)
        )
        return found.fetchone() is not None

    def grant(self, gateway: str, task_id: int, rule: str) -> None:
        """Keep what a person allowed for the rest of a task; raises sqlite3.OperationalError on a full disk."""
        self._db.execute("INSERT OR IGNORE INTO grants VALUES (?, ?, ?)", (gateway, task_id, rule))


class TaskGrants:
    """What a person allowed for the rest of one task."""

    def __init__(self, journal: Journal, gateway: str, task_id: int) -> None:
        """Keep it in the journal."""
        self._journal, self._gateway, self._task_id = journal, gateway, task_id

    def granted(self, rule: str) -> bool:
        """Say whether a rule was granted."""
        return self._journal.granted(self._gateway, self._task_id, rule)

    def grant(self, rule: str) -> None:
        """Keep a rule. On a full disk it is not kept: then a person is asked again."""
        try:
            self._journal.grant(self._gateway, self._task_id, rule)
        except sqlite3.OperationalError as error:
            log.warning("What was allowed for task %d cannot be kept: %s", self._task_id, error)
