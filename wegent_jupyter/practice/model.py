"""A model that only follows scripts, behind two APIs: `python -m wegent_jupyter.practice.model`.

Anthropic's Messages API is below `/v1/messages`, OpenAI's Responses API below `/v1/responses`; the key is the same.

Prints one line of JSON with its `url` and `key`, and serves the loopback interface until its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from wegent_jupyter.practice.answers import answer
from wegent_jupyter.practice.reply import MESSAGES, RESPONSES, Api, Reply, failed
from wegent_jupyter.practice.transcript import words

MAX_REQUEST = 64 << 20
"""Bytes of a request: images of a long conversation come with each."""
MODEL: dict[str, Any] = {
    "type": "model",
    "object": "model",
    "id": "practice",
    "display_name": "Practice model (scripted, not AI)",
    "created_at": "2026-01-01T00:00:00Z",
    "created": 1767225600,
    "owned_by": "wegent-jupyter",
}
"""The only model, in the words of both APIs."""
_SECRET = frozenset({"authorization", "x-api-key"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PracticeModel:
    """Answers requests that carry the key."""

    def __init__(self, log: Path | None = None) -> None:
        """Make a key; every request is added to `log`, a file of JSON lines, without the key."""
        self.key = secrets.token_urlsafe(24)
        self._log = log

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve the loopback interface inside the block; yields the address."""
        runner = web.AppRunner(self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._checked], client_max_size=MAX_REQUEST)
        application.router.add_get("/", _alive)  # also HEAD, with which clients look whether a server is there
        application.router.add_get("/v1/models", _models)
        application.router.add_get("/v1/models/{id}", _model)
        application.router.add_post("/v1/messages", self._answer)
        application.router.add_post("/v1/messages/count_tokens", self._count)
        application.router.add_post("/v1/responses", self._answer)
        return application

    @web.middleware
    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        api = _api(request)
        if not self._may(request):
            return failed(api, 401, "The key is missing or wrong.")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return failed(api, error.status, error.text or error.reason)
        except ValueError as error:
            return failed(api, 400, str(error))

    def _may(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = [request.headers.get("X-Api-Key", ""), token if scheme.lower() == "bearer" else ""]
        return any(hmac.compare_digest(key.encode(errors="surrogateescape"), self.key.encode()) for key in given)

    async def _read(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        if not isinstance(body, dict):
            raise ValueError("the request is not a JSON object")
        if self._log is not None:
            await asyncio.to_thread(_add_line, self._log, _logged(request, body))
        return body

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body, api = await self._read(request), _api(request)
        asked = api.read(body)
        message = api.message(str(body.get("model", MODEL["id"])), asked.words)
        return await Reply(request, api, message, bool(body.get("stream"))).send(answer(asked))

    async def _count(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"input_tokens": words((await self._read(request)).get("messages"))})


def _api(request: web.Request) -> Api:
    return RESPONSES if request.path.startswith("/v1/responses") else MESSAGES


async def _alive(_: web.Request) -> web.StreamResponse:
    return web.json_response(MODEL)


async def _models(_: web.Request) -> web.StreamResponse:
    page = {"has_more": False, "first_id": MODEL["id"], "last_id": MODEL["id"]}
    return web.json_response({"object": "list", "data": [MODEL], **page})


async def _model(request: web.Request) -> web.StreamResponse:
    return web.json_response({**MODEL, "id": request.match_info["id"]})


def _logged(request: web.Request, body: dict[str, Any]) -> str:
    headers = {name.lower(): text for name, text in request.headers.items() if name.lower() not in _SECRET}
    return json.dumps({"path": request.path_qs, "headers": headers, "body": body}) + "\n"


def _add_line(path: Path, line: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
        file.write(line)


async def serve(log: Path | None) -> None:
    """Serve until standard input ends or SIGTERM or SIGINT comes."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
    threading.Thread(target=_watch_input, args=(loop, ended), daemon=True).start()
    model = PracticeModel(log)
    async with model.serve() as url:
        print(json.dumps({"url": url, "key": model.key}), flush=True)
        await ended.wait()


def _watch_input(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    with contextlib.suppress(OSError):  # there is no input
        while os.read(0, 4096):  # not sys.stdin: a thread in it would hold its lock when the process ends
            pass
    with contextlib.suppress(RuntimeError):  # the loop has ended already
        loop.call_soon_threadsafe(ended.set)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m wegent_jupyter.practice.model", description="A scripted model.")
    parser.add_argument("--log", type=Path, metavar="FILE", help="add every request to this file, as a line of JSON")
    asyncio.run(serve(parser.parse_args().log))


if __name__ == "__main__":
    main()
