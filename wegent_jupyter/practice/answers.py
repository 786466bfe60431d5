"""What the practice model answers: the steps of a script up to the next tool call, as parts that can be streamed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeAlias

from wegent_jupyter.practice import script
from wegent_jupyter.practice.transcript import Result, Transcript, call_id
from wegent_jupyter.practice.words import MODEL_HELP, NOT_READ, PREFACE, note, wrong

FLOOD_CHUNK = 16 << 10
"""Characters of one part of `!flood`."""
_UNREAD = "has not been read"
"""What Claude Code says of a file that would be overwritten unseen."""
_LEAVE = ("Yes", "No")
_TOOL_ERROR = re.compile(r"<tool_use_error>(.*?)</tool_use_error>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of a thought."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the agent's tools; the answer ends with it."""

    id: str
    name: str
    input: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds in which nothing comes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer is, or ends with, an HTTP status."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Break:
    """The connection ends in the middle of the answer."""


Part: TypeAlias = Text | Thought | Call | Pause | Failure | Break


def answer(transcript: Transcript) -> Iterator[Part]:
    """Yield the parts of the answer."""
    if not transcript.tools:  # a title, a summary: asked by the agent for itself, not by the user
        return _streamed(PREFACE)
    return _Answer(transcript).parts()


class _Answer:
    """One answer; knows whether text was said already."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._spoken = False

    def parts(self) -> Iterator[Part]:
        if self._transcript.ended:
            return self._begin(True, "What ran in the background has ended.")
        return self._script()

    def _script(self) -> Iterator[Part]:
        try:
            steps = script.parse(self._transcript.prompt)
        except script.ScriptError as error:
            yield from self._say(PREFACE + note(self._transcript.number))
            yield from self._say(wrong(error))
            return
        last = self._transcript.results[-1] if self._transcript.results else None
        left = list(enumerate(steps))[0 if last is None else last.step + 1 :]
        again = None if last is None else _again(last, steps, self._transcript.folder)
        if not self._silent(left):
            yield from self._begin(bool(steps), None if last is None or again else _outcome(last))
        if again:
            yield again
            return
        yield from self._steps(left)
        if not self._spoken:
            yield from self._say("Done.")

    def _silent(self, left: list[tuple[int, script.Step]]) -> bool:
        """Say whether the answer is an error, or nothing at all, instead of text."""
        return bool(left) and isinstance(left[0][1], script.Error | script.Hang)

    def _begin(self, scripted: bool, outcome: str | None) -> Iterator[Part]:
        transcript, numbered = self._transcript, note(self._transcript.number)
        if not transcript.answered:
            yield from self._say(f"{PREFACE}{numbered}" if scripted else f"{NOT_READ}{numbered}\n\n{MODEL_HELP}")
        if outcome:
            yield from self._say(outcome)
        for text in transcript.meanwhile:
            yield from self._say(f"You said meanwhile: {text}")

    def _steps(self, left: list[tuple[int, script.Step]]) -> Iterator[Part]:
        for number, step in left:
            if call := _call(number, step, self._transcript.folder):
                yield call
                self._spoken = True
                return
            yield from self._do(step)

    def _do(self, step: script.Step) -> Iterator[Part]:
        match step:
            case script.Say(text):
                yield from self._say(text)
            case script.Think(text):
                self._spoken = False  # the text after it is a block of its own
                yield from (Thought(word) for word in _split(text))
            case script.Slow(count, pause):
                for number in range(1, count + 1):
                    yield from self._say("1") if number == 1 else iter([Text(f" {number}")])
                    yield Pause(pause)
            case script.Flood(size):
                yield from (Text("x" * min(FLOOD_CHUNK, size - start)) for start in range(0, size, FLOOD_CHUNK))
            case script.Error(status):
                yield Failure(_status(status), f"Scripted error: {status}")
            case script.Hang():
                yield Pause(math.inf)
            case script.Break():
                yield Break()
            case _:
                yield from self._say(f"A model cannot do `!{type(step).__name__.lower()}`; this step was passed over.")

    def _say(self, text: str) -> Iterator[Part]:
        yield from _streamed(f"\n\n{text}" if self._spoken else text)
        self._spoken = True


def _split(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*", text)


def _streamed(text: str) -> Iterator[Part]:
    return (Text(word) for word in _split(text))


def _call(number: int, step: script.Step, folder: str | None) -> Call | None:
    match step:
        case script.Bash(command):
            value = {"command": command, "description": "A step of the practice script"}
            return Call(call_id(number, "Bash"), "Bash", value)
        case script.Write(path, text):
            return Call(call_id(number, "Write"), "Write", {"file_path": _absolute(path, folder), "content": text})
        case script.Ask(text, choices):
            return Call(call_id(number, "AskUserQuestion"), "AskUserQuestion", _question(text, choices))
        case script.Tool(name, value):
            return Call(call_id(number, "Tool"), name, value)
    return None


def _absolute(path: str, folder: str | None) -> str:
    return str(PurePath(folder) / path) if folder else path


def _question(text: str, choices: tuple[str, ...]) -> dict[str, Any]:
    options = [{"label": choice, "description": f"Say {choice}"} for choice in choices or _LEAVE]
    return {"questions": [{"question": text, "header": "Practice", "options": options, "multiSelect": False}]}


def _again(last: Result, steps: list[script.Step], folder: str | None) -> Call | None:
    """Return the call that goes on with a step: the agent overwrites a file only after reading it."""
    step = steps[last.step] if last.step < len(steps) else None
    if not isinstance(step, script.Write):
        return None
    if last.tool == "Write" and last.failed and _UNREAD in last.text:
        return Call(call_id(last.step, "Read"), "Read", {"file_path": _absolute(step.path, folder)})
    if last.tool == "Read" and not last.failed:
        return _call(last.step, step, folder)
    return None


def _outcome(result: Result) -> str | None:
    """Return the sentence about a result that the user should see: what was chosen, denied or impossible."""
    if result.tool == "AskUserQuestion" and not result.failed:
        chosen = re.search(r'="((?:[^"\\]|\\.)*)"', result.text)
        return f"You chose {chosen[1]}." if chosen else None
    if not result.failed or result.text.startswith("Exit code"):
        return None
    if error := _TOOL_ERROR.search(result.text):
        return f"That failed: {error[1].strip()}"
    return f"That was not allowed: {result.text}"


def _status(text: str) -> int:
    word = text.split()[0]
    return int(word) if re.fullmatch(r"[45][0-9][0-9]", word) else 500
