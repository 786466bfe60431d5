"""What the practice model answers: the steps of a script up to the next tool call, as parts that can be streamed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from wegent_jupyter.practice import script
from wegent_jupyter.practice.parts import Break, Call, Failure, Mark, Part, Pause, Text, Thought
from wegent_jupyter.practice.transcript import Tools, Transcript
from wegent_jupyter.practice.words import MODEL_HELP, NOT_READ, PREFACE, note, wrong

FLOOD_CHUNK = 16 << 10
"""Characters of one part of `!flood`."""
_SPOKEN = script.Say | script.Slow | script.Flood
"""Steps that are texts; those that follow each other are one text."""


def answer(transcript: Transcript) -> Iterator[Part]:
    """Yield the parts of the answer."""
    if transcript.tools is None:  # a title, a summary: asked by the agent for itself, not by the user
        return _streamed(PREFACE)
    return _Answer(transcript, transcript.tools).parts()


class _Answer:
    """One answer; knows whether text was said already."""

    def __init__(self, transcript: Transcript, tools: Tools) -> None:
        self._transcript, self._tools = transcript, tools
        self._spoken = False

    def parts(self) -> Iterator[Part]:
        if self._transcript.ended:
            return self._begin(True, None if self._transcript.meanwhile else "What ran in the background has ended.")
        return self._script()

    def _script(self) -> Iterator[Part]:
        try:
            steps = script.parse(self._transcript.prompt)
        except script.ScriptError as error:
            yield from self._say(PREFACE + note(self._transcript.number))
            yield from self._say(wrong(error))
            return
        last = self._transcript.results[-1] if self._transcript.results else None
        left = list(enumerate(steps))[self._next(steps) :]
        yield Mark(left[0][0] if left else len(steps))
        again = self._again(steps)
        if not self._silent(left):
            yield from self._begin(bool(steps), None if last is None or again else self._tools.outcome(last))
        if again:
            yield again
            return
        yield from self._steps(left)
        if not self._spoken:
            yield from self._say("Done.")

    def _next(self, steps: list[script.Step]) -> int:
        """Return the first step that is to be done: after the last call, and after what was said since."""
        said, number = self._transcript.said, 0
        if self._transcript.results:
            number = self._transcript.results[-1].step + 1
        if said is not None:
            number = max(number, said.step)
            while number < len(steps) and isinstance(steps[number], script.Think if said.thought else _SPOKEN):
                number += 1
        return number

    def _again(self, steps: list[script.Step]) -> Call | None:
        last = self._transcript.results[-1] if self._transcript.results else None
        if last is None or last.step >= len(steps):
            return None
        return self._tools.again(last, steps[last.step], self._transcript.folder)

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
            yield Mark(number)
            if call := self._tools.call(number, step, self._transcript.folder):
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


def _status(text: str) -> int:
    word = text.split()[0]
    return int(word) if re.fullmatch(r"[45][0-9][0-9]", word) else 500
