"""One turn of the practice agent: the steps of a script, done one after another before the client's eyes."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeAlias

from acp import RequestError, update_agent_message_text, update_agent_thought_text
from acp.interfaces import Client
from acp.schema import AgentMessageChunk, AgentThoughtChunk, StopReason, ToolKind, Usage

from wegent_jupyter.practice import script, shell, tools
from wegent_jupyter.practice.cards import Card, Declined, ToolFailed, TurnCancelled
from wegent_jupyter.practice.sessions import Session
from wegent_jupyter.practice.words import AGENT_HELP, NOT_READ, PREFACE, note, wrong

FLOOD_CHUNK = 16 << 10
"""Bytes of one chunk of `!flood`."""

TITLE = 120
"""Characters of a command that its card's title shows."""

Chunk: TypeAlias = Callable[[str], AgentMessageChunk | AgentThoughtChunk]


class Turn:
    """Answers one prompt of a session."""

    def __init__(self, client: Client, session: Session, prompt: str) -> None:
        """Take the client to show things to, the session, and the text of the message."""
        self._client, self._session, self._prompt = client, session, prompt
        self._task: asyncio.Task[StopReason] | None = None
        self._cancelled = self._hanging = self._spoken = False
        self._words = self._calls = 0

    def start(self) -> asyncio.Task[StopReason]:
        """Begin to answer; the task ends with the stop reason, TurnCancelled or RequestError."""
        self._task = asyncio.create_task(self._run())
        return self._task

    def cancel(self) -> None:
        """End the turn at once, what it runs included (but not `!hang`)."""
        if self._task is not None and not self._hanging:
            self._cancelled = True
            self._task.cancel()

    def usage(self) -> Usage:
        """Return the words of the message and of the answer so far, as what a model would count in tokens."""
        asked = len(self._prompt.split())
        return Usage(
            input_tokens=asked,
            output_tokens=self._words,
            total_tokens=asked + self._words,
            field_meta={"scripted": True, "unit": "words"},
        )

    async def _run(self) -> StopReason:
        numbered = note(self._session.messages)
        try:
            steps = script.parse(self._prompt)
        except script.ScriptError as error:
            await self._paragraph(f"{PREFACE}{numbered}")
            await self._paragraph(wrong(error))
            return "refusal"
        await self._paragraph(f"{PREFACE}{numbered}" if steps else f"{NOT_READ}{numbered}\n\n{AGENT_HELP}")
        for step in steps:
            await self._do(step)
        return "end_turn"

    async def _do(self, step: script.Step) -> None:
        match step:
            case script.Say(text):
                await self._paragraph(text)
            case script.Think(text):
                await self._stream(text, update_agent_thought_text)
            case script.Slow(count, pause):
                await self._slow(count, pause)
            case script.Bash() | script.Write() | script.Tool():
                await self._call(step)
            case script.Ask(text, choices):
                await self._ask(text, choices)
            case script.Error(status):
                raise RequestError(-32603, f"Scripted error: {status}", {"scripted": True, "status": status})
            case _:
                await self._fault(step)

    async def _call(self, step: script.Bash | script.Write | script.Tool) -> None:
        cwd, planning = self._session.cwd, self._session.mode == "plan"
        match step:
            case script.Tool(name, value):
                async with self._card("other", name, value) as card:
                    await tools.nothing(card)
            case _ if planning:
                await self._paragraph(f"In plan mode I only say what I would do: {_intent(step)}.")
            case script.Bash(command):
                async with self._card("execute", command, {"command": command}) as card:
                    await tools.bash(card, command, cwd)
            case script.Write(path, text):
                async with self._card("edit", f"Write {path}", {"path": path, "content": text}) as card:
                    await tools.write(card, path, text, cwd)

    async def _ask(self, text: str, choices: tuple[str, ...]) -> None:
        said = ""
        async with self._card("other", text, {"question": text, "choices": list(choices)}) as card:
            try:
                said = await tools.ask(card, choices)
            except Declined as declined:
                reason = f": {declined.reason.removesuffix('.')}" if declined.reason else ""
                said = f"You did not allow it{reason}."
                raise
        await self._paragraph(said)

    async def _fault(self, step: script.Step) -> None:
        match step:
            case script.Hang():
                self._hanging = True
                await asyncio.Event().wait()
            case script.Garbage():
                _end_with(b"this line is not JSON\n", 0)
            case script.Exit(code):
                _end_with(b"", code)
            case script.Break():
                _end_with(b"", 1)
            case script.Flood(size):
                await self._flood(size)
            case script.Detach(seconds):
                process = await asyncio.create_subprocess_exec(
                    *shell.detached_sleep(seconds), cwd=self._session.cwd, start_new_session=True
                )
                await process.wait()

    async def _paragraph(self, text: str) -> None:
        await self._stream(f"\n\n{text}" if self._spoken else text, update_agent_message_text)
        self._spoken = True

    async def _stream(self, text: str, chunk: Chunk) -> None:
        for word in re.findall(r"\s*\S+\s*", text):
            await self._client.session_update(self._session.id, chunk(word))
            self._words += 1

    async def _slow(self, count: int, pause: float) -> None:
        for number in range(1, count + 1):
            await self._stream("\n\n1" if number == 1 else f" {number}", update_agent_message_text)
            await asyncio.sleep(pause)

    async def _flood(self, size: int) -> None:
        chunk = (("0123456789abcdef" * 4)[1:] + "\n") * (FLOOD_CHUNK // 64)
        for start in range(0, size, FLOOD_CHUNK):
            await self._client.session_update(self._session.id, update_agent_message_text(chunk[: size - start]))

    @asynccontextmanager
    async def _card(self, kind: ToolKind, title: str, value: dict[str, Any]) -> AsyncIterator[Card]:
        self._calls += 1
        call_id = f"call_{self._session.messages}_{self._calls}"
        card = Card(self._client, self._session, call_id, kind, title[:TITLE], value)
        try:
            yield card
        except (ToolFailed, OSError) as error:
            await card.fail(str(error))
        except TurnCancelled:
            await card.fail("cancelled")
            raise
        except asyncio.CancelledError:
            if self._cancelled:  # else the connection closes, and nobody is there to be told
                await card.fail("cancelled")
            raise


def _intent(step: script.Bash | script.Write) -> str:
    return f"run `{step.command}`" if isinstance(step, script.Bash) else f"write `{step.path}`"


def _end_with(output: bytes, code: int) -> NoReturn:
    os.set_blocking(sys.stdout.fileno(), True)
    os.write(sys.stdout.fileno(), output)
    os._exit(code)
