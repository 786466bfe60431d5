"""Turns of the real Codex on the practice model: through server, gateway and executor, against its app-server alone."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import psutil

from tests.bench import peer, servers
from tests.bench.claude import AT_ONCE, LONG, MIB, PROMPT, SECONDS, First, Ours
from tests.bench.rows import Row, row
from tests.support.model import Model, running_model
from tests.support.server import private_environment
from wegent_jupyter.executor.agents.codex_binary import bundled

KEY = "KEY_OF_THE_MODEL"
REFERENCE = "codex app-server driven directly, same program, same model"


def rows(rounds: int) -> list[Row]:
    """Measure ours and the reference in turn: a new conversation, its second message, five at once, memory."""
    return asyncio.run(_rows(rounds))


async def _rows(rounds: int) -> list[Row]:
    cold: list[tuple[First, First]] = []
    warm: list[tuple[First, First]] = []
    five: list[tuple[float, float | None]] = []
    memory: list[tuple[float, float | None]] = []
    with running_model() as model, servers.jupyter(lambda home: configured(model, home)) as server:
        server.agent_ready("codex")
        async with (
            asyncio.timeout(SECONDS),
            aiohttp.ClientSession(headers=peer.AUTHORIZED) as http,
            peer.connected(http, server, "/tasks") as face,
        ):
            ours, alone = Ours(http, server, face, "codex"), _Alone(model, server.home / "alone")
            # Not counted: the first start of a program of 300 MB reads it from the disk.
            await ours.conversation()
            await alone.conversation()
            for _ in range(rounds):
                (first, second), (alone_first, alone_second) = await ours.conversation(), await alone.conversation()
                cold.append((first, alone_first))
                warm.append((second, alone_second))
                five.append((await ours.at_once(), await alone.at_once()))
                memory.append((await ours.memory(), await alone.memory()))

    def made(what: str, unit: str, samples: list[tuple[float, float | None]], note: str = "") -> Row:
        return row(what, unit, samples, reference_is=REFERENCE, compare="ratio", note=note)

    return [
        made("codex: first event, new task", "ms", [(one.event, other.event) for one, other in cold]),
        made("codex: first text, new task", "ms", [(one.text, other.text) for one, other in cold]),
        made("codex: first event, next message", "ms", [(one.event, other.event) for one, other in warm], "resumed"),
        made("codex: first text, next message", "ms", [(one.text, other.text) for one, other in warm], "resumed"),
        made(f"codex: {AT_ONCE} new tasks at once, first text", "ms", five, "median of the five"),
        made("codex: memory of a turn, RSS", "MiB", memory, "the program with its guard, while it streams"),
    ]


def configured(model: Model, home: Path) -> dict[str, str]:
    """Give a home the settings by which Codex asks this model, as a person's own provider; return the environment."""
    folder = home / ".codex"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        'model = "gpt-5.5"\nmodel_provider = "bench"\n[model_providers.bench]\nname = "bench"\nwire_api = "responses"\n'
        f'base_url = "{model.url}/v1"\nenv_key = "{KEY}"\n'
        "[analytics]\nenabled = false\n[features]\nplugins = false\n"
    )
    return {"HOME": str(home), "CODEX_HOME": str(folder), KEY: model.key, "NO_PROXY": "127.0.0.1,localhost"}


class _Alone:
    """Conversations with a process each, as a small client of one's own would hold them."""

    def __init__(self, model: Model, home: Path) -> None:
        self._environment = {**private_environment(home), **configured(model, home)}
        self._workspace = home / "work"
        self._workspace.mkdir(parents=True)

    async def conversation(self) -> tuple[First, First]:
        """Send two messages, each to a process of its own, as we do."""
        async with self._asked(PROMPT) as (client, first):
            await client.until("turn/completed")
        async with self._asked(PROMPT, client.thread) as (client, second):
            await client.until("turn/completed")
        return first, second

    async def at_once(self) -> float:
        """Begin five conversations; returns the median time to the first text."""

        async def one() -> float:
            async with self._asked(PROMPT) as (client, first):
                await client.until("turn/completed")
                return first.text

        return median(await asyncio.gather(*(one() for _ in range(AT_ONCE))))

    async def memory(self) -> float:
        """Return what the process of one streaming turn takes."""
        async with self._asked(LONG) as (client, _):
            return psutil.Process(client.process.pid).memory_info().rss / MIB

    @asynccontextmanager
    async def _asked(self, prompt: str, thread: str | None = None) -> AsyncIterator[tuple[_Client, First]]:
        began = time.perf_counter()
        program = bundled()
        assert program is not None
        process = await asyncio.create_subprocess_exec(
            program,
            "app-server",
            cwd=self._workspace,
            env={**os.environ, **self._environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=1 << 26,
        )
        client = _Client(process)
        try:
            await client.open(self._workspace, thread)
            await client.ask("turn/start", {"threadId": client.thread, "input": [{"type": "text", "text": prompt}]})
            event = time.perf_counter()
            await client.until("item/agentMessage/delta")
            yield client, First(1000 * (event - began), 1000 * (time.perf_counter() - began))
        finally:
            process.kill()
            await process.wait()


class _Client:
    """As little of the protocol as it takes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.thread, self._number = process, "", 0

    async def open(self, workspace: Path, thread: str | None) -> None:
        await self.ask("initialize", {"clientInfo": {"name": "bench", "title": "bench", "version": "1"}})
        where = {"cwd": str(workspace), "approvalPolicy": "never", "sandbox": "danger-full-access"}
        if thread is None:
            answer = await self.ask("thread/start", where)
        else:
            answer = await self.ask("thread/resume", {"threadId": thread, **where})
        self.thread = answer["thread"]["id"]

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": self._number, "method": method, "params": params}).encode() + b"\n")
        while (message := await self._next()).get("id") != self._number:
            pass
        answer: dict[str, Any] = message["result"]
        return answer

    async def until(self, method: str) -> None:
        while (await self._next()).get("method") != method:
            pass

    async def _next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "it ended"
        message: dict[str, Any] = json.loads(line)
        return message
