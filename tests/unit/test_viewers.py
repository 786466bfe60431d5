"""Viewers pull: in order, from memory or from the store, each at its own pace."""

from __future__ import annotations

import asyncio

import pytest

from wegent_jupyter.gateway import viewers as module
from wegent_jupyter.gateway.store.records import Stored
from wegent_jupyter.gateway.viewers import Viewers


def event(pos: int, size: int = 1) -> Stored:
    return Stored(pos, "x" * size)


class History:
    """A store of events, and a hub in front of it."""

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self.events: list[Stored] = []
        self.reads = 0
        self.viewers = Viewers(self.read)

    async def read(self, task_id: int, after: int, limit: int, max_chars: int) -> list[Stored]:
        self.reads += 1
        await asyncio.sleep(0)
        return [one for one in self.events if one.pos > after][: max(1, min(limit, max_chars // self.size))]

    def commit(self, count: int) -> None:
        first = len(self.events) + 1
        new = [event(pos, self.size) for pos in range(first, first + count)]
        self.events += new
        self.viewers.publish(7, new)


class Seen:
    def __init__(self) -> None:
        self.positions: list[int] = []
        self.lagged: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, events: list[Stored]) -> None:
        await self.gate.wait()
        self.positions += [one.pos for one in events]

    async def tell(self, pos: int) -> None:
        self.lagged.append(pos)

    async def reach(self, pos: int) -> None:
        async with asyncio.timeout(20):
            while not self.positions or self.positions[-1] < pos:
                await asyncio.sleep(0)


def test_a_viewer_gets_what_it_missed_and_then_what_comes() -> None:
    async def scenario() -> None:
        history, seen = History(), Seen()
        history.commit(1000)
        history.viewers.join("a", 7, 400, seen.send, seen.tell)
        await seen.reach(1000)
        history.commit(5)
        await seen.reach(1005)
        assert seen.positions == list(range(401, 1006))
        await history.viewers.close()

    asyncio.run(scenario())


def test_events_committed_during_the_catch_up_are_neither_lost_nor_doubled() -> None:
    async def scenario() -> None:
        history, seen = History(), Seen()
        history.commit(3000)
        history.viewers.join("a", 7, 0, seen.send, seen.tell)
        for _ in range(200):
            history.commit(7)
            await asyncio.sleep(0)
        await seen.reach(4400)
        assert seen.positions == list(range(1, 4401))
        await history.viewers.close()

    asyncio.run(scenario())


def test_a_live_viewer_does_not_read_the_store() -> None:
    async def scenario() -> None:
        history, seen = History(), Seen()
        history.viewers.join("a", 7, 0, seen.send, seen.tell)
        history.commit(1)
        await seen.reach(1)
        reads = history.reads
        for _ in range(50):
            history.commit(10)
            await seen.reach(len(history.events))
        assert history.reads == reads
        await history.viewers.close()

    asyncio.run(scenario())


def test_a_stalled_viewer_slows_nobody_and_costs_no_memory() -> None:
    async def scenario() -> None:
        history, fast, slow = History(size=1024), Seen(), Seen()
        history.viewers.join("fast", 7, 0, fast.send, fast.tell)
        slow.gate.clear()
        history.viewers.join("slow", 7, 0, slow.send, slow.tell)
        for _ in range(50):
            history.commit(1024)  # 1 MiB
            await fast.reach(len(history.events))
        held = sum(len(one.text) for one in history.viewers._watched[7].tail)
        assert history.viewers._watched[7].chars <= module.TAIL_CHARS
        assert held <= module.TAIL_CHARS
        slow.gate.set()
        await slow.reach(len(history.events))
        assert slow.positions == fast.positions
        await history.viewers.close()

    asyncio.run(scenario())


def test_a_viewer_that_never_acknowledges_is_told_that_it_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACK_SECONDS", 0.05)

    async def scenario() -> None:
        history, seen = History(), Seen()
        history.commit(10)
        seen.gate.clear()
        history.viewers.join("a", 7, 3, seen.send, seen.tell)
        async with asyncio.timeout(20):
            while not seen.lagged:
                await asyncio.sleep(0.01)
        assert seen.lagged == [3]
        assert seen.positions == []
        seen.gate.set()
        history.viewers.join("a", 7, 3, seen.send, seen.tell)
        await seen.reach(10)
        assert seen.positions == list(range(4, 11))
        await history.viewers.close()

    asyncio.run(scenario())


def test_nothing_is_kept_of_a_task_that_nobody_looks_at() -> None:
    async def scenario() -> None:
        history, seen = History(), Seen()
        history.viewers.join("a", 7, 0, seen.send, seen.tell)
        history.commit(3)
        await seen.reach(3)
        history.viewers.leave_all("a")
        await asyncio.sleep(0.01)
        assert history.viewers._watched == {}
        assert history.viewers._pumps == {}

    asyncio.run(scenario())
