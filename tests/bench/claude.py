"""Turns of the real Claude Code on the practice model: through server, gateway and executor, against the SDK alone."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import psutil
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, StreamEvent

from tests.bench import peer, servers
from tests.bench.rows import Row, row
from tests.support.model import Model, running_model
from tests.support.server import JupyterServer, private_environment

SECONDS = 600.0
AT_ONCE = 5
PROMPT = "!say ready"
LONG = "!say ready\n!slow 400 0.05"
MIB = 1 << 20

REFERENCE = "the Claude Agent SDK driven directly, same program, same model"


@dataclass(frozen=True)
class First:
    """Milliseconds from the message to the first sign of the agent, and to the first word of its answer."""

    event: float
    text: float


def rows(rounds: int) -> list[Row]:
    """Measure ours and the reference in turn: a new conversation, its second message, five at once, memory."""
    return asyncio.run(_rows(rounds))


async def _rows(rounds: int) -> list[Row]:
    cold: list[tuple[First, First]] = []
    warm: list[tuple[First, First]] = []
    five: list[tuple[float, float | None]] = []
    memory: list[tuple[float, float | None]] = []
    with running_model() as model, servers.jupyter(model.environment) as server:
        server.agent_ready("claude")
        async with (
            asyncio.timeout(SECONDS),
            aiohttp.ClientSession(headers=peer.AUTHORIZED) as http,
            peer.connected(http, server, "/tasks") as face,
        ):
            ours, alone = Ours(http, server, face), _Alone(model, server.home / "alone")
            # Not counted: the first start of a program of 380 MB reads it from the disk.
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
        made("claude: first event, new task", "ms", [(one.event, other.event) for one, other in cold]),
        made("claude: first text, new task", "ms", [(one.text, other.text) for one, other in cold]),
        made("claude: first event, next message", "ms", [(one.event, other.event) for one, other in warm], "resumed"),
        made("claude: first text, next message", "ms", [(one.text, other.text) for one, other in warm], "resumed"),
        made(f"claude: {AT_ONCE} new tasks at once, first text", "ms", five, "median of the five"),
        made("claude: memory of a turn, RSS", "MiB", memory, "the program with its guard, while it streams"),
    ]


class Ours:
    """Conversations through the whole house."""

    def __init__(
        self, http: aiohttp.ClientSession, server: JupyterServer, face: peer.Socket, agent: str = "claude"
    ) -> None:
        self._http, self._server, self._face, self._agent = http, server, face, agent
        self._seen: dict[int, asyncio.Queue[tuple[float, dict[str, Any]]]] = {}
        face.on["task:events"] = self._take

    async def conversation(self) -> tuple[First, First]:
        """Send two messages, one after the other."""
        began = time.perf_counter()
        task = await self._new(PROMPT)
        first = await self._first(task, began)
        await self._end(task)
        began = time.perf_counter()
        await self._post(f"/tasks/{task}/turns", {"prompt": PROMPT})
        second = await self._first(task, began)
        await self._end(task)
        return first, second

    async def at_once(self) -> float:
        """Begin five conversations; returns the median time to the first text."""

        async def one() -> tuple[int, float]:
            began = time.perf_counter()
            task = await self._new(PROMPT)
            return task, (await self._first(task, began)).text

        found = await asyncio.gather(*(one() for _ in range(AT_ONCE)))
        await asyncio.gather(*(self._end(task) for task, _ in found))
        return median(seconds for _, seconds in found)

    async def memory(self) -> float:
        """Return what the processes of one streaming turn take."""
        began = time.perf_counter()
        task = await self._new(LONG)
        await self._first(task, began)
        turn = self._server.turn(task)
        found = _memory({str(turn["attempt_id"])})
        await self._post(f"/tasks/{task}/cancel", {})
        await self._end(task)
        return found

    async def _new(self, prompt: str) -> int:
        created = await self._post("/tasks", {"prompt": prompt, "agent": self._agent, "mode": "full"})
        task: int = created["task"]["id"]
        self._seen[task] = asyncio.Queue()
        await self._face.call("task:join", {"task_id": task, "after_pos": 0})
        return task

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(f"{self._server.url}wegent/api{path}", json=body) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status < 300, found
            return found

    def _take(self, data: dict[str, Any]) -> bool:
        now = time.perf_counter()
        for event in data["events"]:
            self._seen[data["task_id"]].put_nowait((now, event))
        return True

    async def _first(self, task: int, began: float) -> First:
        event = 0.0
        while True:
            at, seen = await self._seen[task].get()
            started = seen["type"] == "turn" and seen["data"]["state"] == "running"
            event = event or (at if started else 0.0)
            if seen["type"] == "delta" and seen["data"]["kind"] == "message":
                return First(1000 * ((event or at) - began), 1000 * (at - began))

    async def _end(self, task: int) -> None:
        while True:
            _, seen = await self._seen[task].get()
            if seen["type"] == "turn" and seen["data"]["state"] in ("completed", "failed", "cancelled"):
                assert seen["data"]["state"] != "failed", seen["data"]["error"]
                return


class _Alone:
    """Conversations by the SDK, in this process."""

    def __init__(self, model: Model, home: Path) -> None:
        self._environment = model.environment(home)
        self._workspace = home / "work"
        self._workspace.mkdir(parents=True)
        self._private = private_environment(home)

    async def conversation(self) -> tuple[First, First]:
        """Send two messages, each to a process of its own, as we do."""
        session = str(uuid.uuid4())
        async with self._asked(PROMPT, session_id=session) as (client, first):
            await _drain(client)
        async with self._asked(PROMPT, resume=session) as (client, second):
            await _drain(client)
        return first, second

    async def at_once(self) -> float:
        """Begin five conversations; returns the median time to the first text."""

        async def one() -> float:
            async with self._asked(PROMPT) as (client, first):
                await _drain(client)
                return first.text

        return median(await asyncio.gather(*(one() for _ in range(AT_ONCE))))

    async def memory(self) -> float:
        """Return what the process of one streaming turn takes."""
        before = {child.pid for child in psutil.Process().children()}
        async with self._asked(LONG) as (client, _):
            started = [child for child in psutil.Process().children() if child.pid not in before]
            found = sum(child.memory_info().rss for child in started) / MIB
            await client.interrupt()
            await _drain(client)
        return found

    @asynccontextmanager
    async def _asked(self, prompt: str, **options: Any) -> AsyncIterator[tuple[ClaudeSDKClient, First]]:
        began = time.perf_counter()
        made = ClaudeAgentOptions(
            cwd=self._workspace,
            env={**self._private, **self._environment},
            include_partial_messages=True,
            setting_sources=["user"],
            **options,
        )
        async with ClaudeSDKClient(made) as client:
            await client.query(prompt)
            event = 0.0
            async for message in client.receive_messages():
                event = event or time.perf_counter()
                if isinstance(message, StreamEvent) and message.event.get("delta", {}).get("type") == "text_delta":
                    break
            yield client, First(1000 * (event - began), 1000 * (time.perf_counter() - began))


async def _drain(client: ClaudeSDKClient) -> None:
    async for _ in client.receive_response():
        pass


def _memory(markers: set[str]) -> float:
    total = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("WEGENT_ATTEMPT") in markers:
                total += process.memory_info().rss
    return total / MIB
