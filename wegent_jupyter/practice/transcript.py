"""What a request to the practice model says: the newest prompt, what was done for it since, and the working directory.

The model keeps nothing between two requests. The step that a tool call stands for is part of the call's id, so a
resumed, interrupted or branched conversation goes on where its own messages say.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wegent_jupyter.protocol.history import is_history

_CALL = re.compile(r"toolu_practice_(\d+)_(\w+)_[0-9a-f]+")
_REMINDER = re.compile(r"<system-reminder>(.*?)</system-reminder>", re.DOTALL)
_QUEUED = re.compile(
    r"The user sent (?:a new|the following) message[^\n]*:\n(.*?)(?=\n\s*\n(?:IMPORTANT:|This is how )|\Z)", re.DOTALL
)
_INTERRUPTED = "[Request interrupted by user"
_CUT_OFF = "Your response above was cut off mid-stream."
_FOLDER = re.compile(r"^\W*(?:Primary working directory|Working directory|cwd): *(\S.*?)\s*$", re.MULTILINE)


class Result(NamedTuple):
    """What came of a tool call: of which step, by which tool, and whether it went wrong."""

    step: int
    tool: str
    text: str
    failed: bool


@dataclass(slots=True)
class Transcript:
    """A conversation up to the answer that is wanted."""

    prompt: str = ""
    number: int = 0
    """How many prompts there were."""
    results: list[Result] = field(default_factory=list)
    """Of the tool calls since the newest prompt."""
    meanwhile: list[str] = field(default_factory=list)
    """What the user said since the newest call, while the script was running."""
    answered: bool = False
    """Whether an answer to the newest prompt has begun."""
    ended: bool = False
    """Whether the script was done, and the agent only tells what happened since."""
    folder: str | None = None
    tools: bool = False
    words: int = 0
    """What is new to the model, counted in words."""


def call_id(step: int, tool: str) -> str:
    """Return a new id for a call of a tool that does a step."""
    return f"toolu_practice_{step}_{tool}_{uuid.uuid4().hex[:12]}"


def read(body: dict[str, Any]) -> Transcript:
    """Read the body of a request; ValueError if it has no messages."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise ValueError("messages: a list of at least one message is required")
    reader = _Reader(Transcript(tools=bool(body.get("tools"))))
    for message in messages:
        reader.take(message)
    told = [message.get("content") for message in messages if message.get("role") == "system"]
    reader.found.folder = _folder([body.get("system"), *told])
    return reader.found


class _Reader:
    """Goes through the messages, from the first to the last."""

    def __init__(self, found: Transcript) -> None:
        self.found = found
        self._running = False

    def take(self, message: dict[str, Any]) -> None:
        role, blocks = message.get("role"), list(_blocks(message.get("content")))
        if role == "assistant":
            self._running = any(block.get("type") == "tool_use" for block in blocks)
            self.found.meanwhile, self.found.words, self.found.answered = [], 0, True
            self.found.ended = not self._running
            return
        for block in blocks:
            if block.get("type") == "tool_result" and role == "user":
                self._result(block)
            elif block.get("type") == "text":
                self._text(str(block.get("text", "")), by_user=role == "user")

    def _result(self, block: dict[str, Any]) -> None:
        text = "\n".join(_texts(block.get("content")))
        self.found.words += len(text.split())
        if match := _CALL.fullmatch(str(block.get("tool_use_id"))):
            result = Result(int(match[1]), match[2], _REMINDER.sub("", text).strip(), bool(block.get("is_error")))
            self.found.results.append(result)

    def _text(self, text: str, by_user: bool) -> None:
        for reminder in _REMINDER.findall(text) if by_user else [text]:
            self._said(match[1] for match in _QUEUED.finditer(reminder))
        rest = _REMINDER.sub("", text).strip() if by_user else ""
        if rest.startswith(_INTERRUPTED):
            self._running = False
        elif rest.startswith(_CUT_OFF):
            self.found.answered = self.found.ended = False  # the same prompt is to be answered again
        elif is_history(rest):
            return  # said before, on another device: no script of this turn
        elif rest and self._running:
            # Some releases of Claude Code put their own words around it, in a reminder or without one.
            self._said([match[1] for match in _QUEUED.finditer(rest)] or [rest])
        elif rest:
            self._prompt(rest)

    def _said(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.found.meanwhile.append(text.strip())
            self.found.words += len(text.split())

    def _prompt(self, text: str) -> None:
        self.found.prompt, self.found.number = text, self.found.number + 1
        self.found.results, self.found.meanwhile = [], []
        self.found.answered = self.found.ended = False
        self.found.words = len(text.split())


def _blocks(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        yield from (block for block in content if isinstance(block, dict))


def _texts(content: Any) -> Iterator[str]:
    return (str(block.get("text", "")) for block in _blocks(content) if block.get("type") == "text")


def _folder(contents: Iterable[Any]) -> str | None:
    """Return the working directory that was named last: a resumed conversation may have moved."""
    found = [match for content in contents for text in _texts(content) for match in _FOLDER.findall(text)]
    return str(found[-1]) if found else None


def words(value: Any) -> int:
    """Count the words of a JSON value."""
    return len(json.dumps(value, ensure_ascii=False).split())
