"""Turns of the real Codex, driven directly: a driver, a run, a gate, and what came out."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.support import claude
from wegent_jupyter.executor.agents.base import Driver
from wegent_jupyter.executor.agents.codex import Codex, CodexDriver
from wegent_jupyter.executor.agents.codex_binary import bundled

INSTALL = f"{sys.executable} -m pip install 'wegent-jupyter[codex]'"
Turn = claude.Turn
Json = dict[str, Any]


@dataclass
class Bench(claude.Bench):
    """A device on which turns of Codex run; see its base."""

    @property
    def codex_home(self) -> Path:
        """Return where the person's own Codex keeps everything."""
        return self.home / ".codex"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: text for name, text in super().environment.items() if not name.startswith(("CODEX_", "OPENAI_"))}
        return {**kept, **self.extra}

    def driver(self) -> Driver:
        found = self.program or bundled()
        assert found is not None
        return CodexDriver(Codex(found, "codex login", INSTALL, self.background))


def tool(name: str, **given: object) -> str:
    return f"!tool {name} {json.dumps(given)}"


def patch(*lines: str) -> str:
    """Return the step that applies a patch."""
    return tool("apply_patch", input="\n".join(["*** Begin Patch", *lines, "*** End Patch"]) + "\n")


def _message(number: str, text: str) -> tuple[list[Json], list[Json]]:
    """Return how a message grows, and the message."""
    message = {"type": "message", "role": "assistant", "id": number}
    grows = [
        {"type": "response.output_item.added", "output_index": 0, "item": {**message, "content": []}},
        {"type": "response.output_text.delta", "item_id": number, "output_index": 0, "delta": text},
    ]
    return grows, [{**message, "content": [{"type": "output_text", "text": text}]}]


@asynccontextmanager
async def saying(*answers: str | list[Json]) -> AsyncIterator[str]:
    """Serve a model that gives these answers, one after the other, word for word; yields the address for Codex.

    An answer is a text, or items of the Responses API.
    """
    left = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        given = left.pop(0)
        usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        items = _message(f"m{len(left)}", given)[1] if isinstance(given, str) else given
        response = {"id": f"r{len(left)}", "output": items, "usage": usage}
        done = [{"type": "response.output_item.done", "output_index": at, "item": one} for at, one in enumerate(items)]
        events: list[Json] = [
            {"type": "response.created", "response": {"id": response["id"]}},
            *(_message(f"m{len(left)}", given)[0] if isinstance(given, str) else []),
            *done,
            {"type": "response.completed", "response": response},
        ]
        body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return web.Response(text=body, content_type="text/event-stream")

    application = web.Application(client_max_size=1 << 26)
    application.router.add_post("/v1/responses", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()
