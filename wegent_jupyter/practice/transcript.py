"""A conversation with the practice model: the newest prompt, and what was done for it since.

The model keeps nothing between two requests. The step that a tool call stands for is part of the call's id, so a
resumed, interrupted or branched conversation goes on where its own messages say. How the messages are written is a
matter of the API by which they come: `messages_read` and `responses_read`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from wegent_jupyter.practice.parts import Call
from wegent_jupyter.practice.script import Step
from wegent_jupyter.protocol.history import is_history

_CALL = re.compile(r"(?:toolu|call)_practice_(\d+)_(\w+)_[0-9a-f]+")


class Result(NamedTuple):
    """What came of a tool call: of which step, by which tool, and whether it went wrong."""

    step: int
    tool: str
    text: str
    failed: bool


class Said(NamedTuple):
    """A text or a thought that the user has got as a whole, in answer to the newest prompt."""

    step: int
    """The first step of which it told."""
    thought: bool


class Tools(Protocol):
    """The tools of an agent, as far as a script can use them."""

    def call(self, number: int, step: Step, folder: str | None) -> Call | None:
        """Return the call that does a step, None for a step that no tool does."""

    def again(self, last: Result, step: Step, folder: str | None) -> Call | None:
        """Return the call that goes on with the step of the last result, None when the step is done."""

    def outcome(self, result: Result) -> str | None:
        """Return the sentence about a result that the user should see: what was chosen, denied or impossible."""


@dataclass(slots=True)
class Transcript:
    """A conversation up to the answer that is wanted."""

    prompt: str = ""
    number: int = 0
    """How many prompts there were."""
    results: list[Result] = field(default_factory=list)
    """Of the tool calls since the newest prompt."""
    said: Said | None = None
    """The last that was said since the newest call, as far as the API tells."""
    meanwhile: list[str] = field(default_factory=list)
    """What the user said since the newest call, while the script was running."""
    answered: bool = False
    """Whether an answer to the newest prompt has begun."""
    ended: bool = False
    """Whether the script was done, and the agent only tells what happened since."""
    folder: str | None = None
    tools: Tools | None = None
    words: int = 0
    """What is new to the model, counted in words."""
    running: bool = False
    """Whether the newest message of the model called a tool."""

    def take_answer(self, *, called: bool) -> None:
        """Take a message of the model's own; `called` says whether it ended in a tool call."""
        self.running, self.ended, self.answered = called, not called, True
        self.meanwhile, self.words = [], 0
        if called:
            self.said = None

    def take_result(self, identity: object, text: str, *, failed: bool) -> None:
        """Take what came of the call with an id."""
        self.words += len(text.split())
        if match := _CALL.fullmatch(str(identity)):
            self.results.append(Result(int(match[1]), match[2], text.strip(), failed))

    def take_said(self, texts: Iterable[str]) -> None:
        """Take what the user said while the script was running."""
        for text in texts:
            self.meanwhile.append(text.strip())
            self.words += len(text.split())

    def take_text(self, text: str) -> None:
        """Take a text of the user's: a new prompt, or, while the script is running, something said meanwhile."""
        if not text or is_history(text):
            return  # the latter was said before, on another device: no script of this turn
        if self.running:
            self.take_said([text])
        else:
            self.take_prompt(text)

    def take_prompt(self, text: str) -> None:
        """Take a new prompt, with which everything begins again."""
        self.running = False
        self.prompt, self.number = text, self.number + 1
        self.results, self.meanwhile, self.said = [], [], None
        self.answered = self.ended = False
        self.words = len(text.split())


def call_id(step: int, tool: str, prefix: str = "toolu") -> str:
    """Return a new id for a call of a tool that does a step."""
    return f"{prefix}_practice_{step}_{tool}_{uuid.uuid4().hex[:12]}"


def words(value: Any) -> int:
    """Count the words of a JSON value."""
    return len(json.dumps(value, ensure_ascii=False).split())
