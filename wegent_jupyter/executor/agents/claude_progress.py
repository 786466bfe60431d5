"""Know when a turn of Claude Code is over: its messages answered, its background work done, nothing more owed.

What the program says about it: `result` ends an answer, not the turn. `session_state_changed` says `idle` once no
answer is owed, yet a background shell may run and, when it ends, wake the agent up again. `command_lifecycle` follows
each of our messages, by its uuid. Programs too old for one of these are judged by the others.
"""

import time
from typing import Any

from wegent_jupyter.executor.agents.shapes import mapping, mappings, number, words

WAKE_SECONDS = 3.0
"""For the answer to the end of a background task; it begins within 0.1 s. One that was stopped gets none."""
QUEUED = frozenset({"queued", "started"})
DONE = frozenset({"completed", "failed", "stopped", "killed", "cancelled"})


class Progress:
    """What is known of a turn's progress."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self.result: dict[str, Any] | None = None
        """The newest."""
        self.error: str | None = None
        """The kind of the newest error of the model, such as `rate_limit`."""
        self._tasks: dict[str, str] = {}
        self.began = False
        """A message was sent."""
        self.follows = False
        """The program says what becomes of each message, so more of them can be sent."""
        self.tokens = {"input_tokens": 0, "output_tokens": 0}
        self._unanswered: set[str] = set()
        self._state: str | None = None
        self._woken_until = 0.0

    def sent(self, uuid: str) -> None:
        """Note a message that was given to the program."""
        self.began = True
        self._unanswered.add(uuid)

    def take(self, message: dict[str, Any]) -> None:
        """Take what the program says."""
        kind = message.get("type")
        if kind == "result":
            self._ended(message)
        elif kind == "assistant":
            self.error = words(message.get("error")) or None
        elif kind == "command_lifecycle":
            self.follows = True
            if words(message.get("state")) not in QUEUED:
                self._unanswered.discard(str(message.get("command_uuid")))
        elif kind == "system":
            self._system(message)

    def left(self) -> float | None:
        """Return how long to wait for the turn's end: 0.0 when it is over, None when only the program knows."""
        if self.result is None or self._unanswered or self.background or self._state not in (None, "idle"):
            return None
        return max(self._woken_until - time.monotonic(), 0.0)

    @property
    def background(self) -> list[str]:
        """Return descriptions of what runs in the background."""
        return list(self._tasks.values())

    @property
    def answered(self) -> bool:
        """Say whether only background work is left."""
        return self.result is not None and not self._unanswered

    def _ended(self, result: dict[str, Any]) -> None:
        self.result = result
        self._woken_until = 0.0
        if not self.follows:
            self._unanswered.clear()
        used = mapping(result.get("usage"))
        cached = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        self.tokens["input_tokens"] += sum(number(used.get(name)) for name in cached)
        self.tokens["output_tokens"] += number(used.get("output_tokens"))

    def _system(self, message: dict[str, Any]) -> None:
        subtype = message.get("subtype")
        if subtype == "session_state_changed":
            self._state = message.get("state")
        elif subtype == "background_tasks_changed":
            self._tasks = {str(task.get("task_id")): _name(task) for task in mappings(message.get("tasks"))}
        elif subtype == "task_started":
            self._tasks.setdefault(str(message.get("task_id")), _name(message))
        elif subtype in ("task_notification", "task_updated"):
            status = words(message.get("status")) or words(mapping(message.get("patch")).get("status"))
            if status in DONE:
                self._tasks.pop(str(message.get("task_id")), None)
                self._woken_until = time.monotonic() + WAKE_SECONDS


def _name(task: dict[str, Any]) -> str:
    return words(task.get("description")) or words(task.get("task_type")) or "a task"
