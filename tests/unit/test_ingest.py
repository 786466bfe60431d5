"""What a device streams, taken in by a real gateway: joined where it waits, in order, published once committed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wegent_jupyter.gateway.gateway import Gateway, Options
from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.gateway.store.records import Stored
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.protocol.events import AgentEvent, Delta, Ended, Notice, encode, viewer_event
from wegent_jupyter.protocol.projects import Project
from wegent_jupyter.protocol.states import AttemptState
from wegent_jupyter.protocol.terminals import Terminal
from wegent_jupyter.protocol.transcript import apply_item

OWNER = "ann"


class Faces:
    def task_changed(self, owner: str, task: api.Task) -> None:
        pass

    def device_changed(self, owner: str, device: api.Device) -> None:
        pass

    def approval_changed(self, owner: str, approval: api.Approval) -> None:
        pass

    def device_removed(self, owner: str, device_id: str) -> None:
        pass

    def terminal_changed(self, owner: str, terminal: Terminal) -> None:
        pass

    def terminal_removed(self, owner: str, session_id: str) -> None:
        pass

    def project_changed(self, owner: str, project: Project) -> None:
        pass

    def project_removed(self, owner: str, project_id: int) -> None:
        pass

    def settings_changed(self, owner: str, what: str) -> None:
        pass


class Channel:
    """A device that accepts everything and keeps what it is told."""

    closed = False

    def __init__(self) -> None:
        self.given: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.acked: asyncio.Queue[int] = asyncio.Queue()

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        if event == wire.ACKS:
            self.acked.put_nowait(*data["acks"].values())

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        self.given.put_nowait(data)
        return {"accepted": True}

    async def close(self, reason: str) -> None:
        self.closed = True


class Stream:
    """One running attempt of a device that is connected to a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.channel = Channel()
        self.session = DeviceSession(gateway, OWNER, self.channel)
        self.ids: dict[str, int] = {}
        self.seq = 0

    async def start(self) -> None:
        await self.connect([])
        request = api.CreateTask(prompt="x", agent="practice", mode="full", device_id="d")
        await self.gateway.create_task(OWNER, request)
        execute = await self.channel.given.get()
        self.ids = {"task_id": execute["task_id"], "subtask_id": execute["subtask_id"]}

    async def connect(self, attempts: list[dict[str, Any]]) -> dict[str, Any]:
        ours = {"version": 1, "boot_id": "b", "agents": [{"id": "practice", "name": "P"}], "attempts": attempts}
        hello = {"device_id": "d", "name": "D", "runtime_features": {"wegentJupyter": ours}}
        answer = await self.session.handle(wire.REGISTER, hello)
        assert (await self.session.handle(wire.HEARTBEAT, {"device_id": "d"}))["success"]
        return answer

    async def reconnect(self) -> None:
        """Drop the connection and come back; what did not arrive has to be sent again."""
        self.channel.closed = True
        await self.session.closed()
        self.channel = Channel()
        self.session = DeviceSession(self.gateway, OWNER, self.channel)
        report = {"task_id": self.ids["task_id"], "attempt_id": self.ids["subtask_id"], "running": True}
        answer = await self.connect([{**report, "last_seq": self.seq}])
        self.seq = answer["wegentJupyter"]["attempts"][0]["acked"]

    async def send(self, *events: AgentEvent) -> None:
        message = {**self.ids, "seq": self.seq + 1, "events": [list(encode(event)) for event in events]}
        self.seq += len(events)
        assert await self.session.handle(wire.EVENTS, message) == {"success": True}

    async def acknowledged(self) -> None:
        async with asyncio.timeout(20):
            while await self.channel.acked.get() < self.seq:
                pass

    async def stored(self) -> list[api.Event]:
        events = await self.gateway.events(OWNER, self.ids["task_id"], 0, 10_000, 1 << 24)
        return [event for event in events if event.type != "turn"]


def with_stream(scenario: Callable[[Stream], Awaitable[None]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as home:
            gateway = Gateway(Options(f"sqlite:///{Path(home) / 'wegent.db'}", Path(home) / "attachments"), Faces())
            await gateway.open()
            stream = Stream(gateway)
            try:
                await stream.start()
                await scenario(stream)
            finally:
                await stream.session.closed()
                await gateway.close()

    asyncio.run(run())


def notice(number: int) -> Notice:
    return Notice(f"notice-{number}", number, "something")


def test_text_that_waits_becomes_one_event() -> None:
    async def scenario(stream: Stream) -> None:
        await stream.send(*[Delta("m", 1, "message", 3 * n, "Zoë") for n in range(100)])
        await stream.acknowledged()
        (event,) = await stream.stored()
        assert event.data == {"item_id": "m", "index": 1, "kind": "message", "offset": 0, "text": "Zoë" * 100}

    with_stream(scenario)


def test_one_event_of_joined_text_stays_small() -> None:
    async def scenario(stream: Stream) -> None:
        await stream.send(*[Delta("m", 1, "message", n << 14, "x" * (1 << 14)) for n in range(20)])
        await stream.acknowledged()
        lengths = [len(event.data["text"]) for event in await stream.stored()]
        assert sum(lengths) == 20 << 14
        assert max(lengths) <= 80 << 10

    with_stream(scenario)


steps = st.lists(st.tuples(st.sampled_from(["m1", "m2", "t1", "notice", "pause"]), st.text(max_size=4)), max_size=25)


@given(steps)
@settings(max_examples=25, deadline=None)
def test_joining_changes_nothing_for_any_viewer(steps: list[tuple[str, str]]) -> None:
    async def scenario(stream: Stream) -> None:
        wanted: dict[str, dict[str, Any]] = {}
        lengths: dict[str, int] = {}
        batch: list[Delta | Notice] = []
        for number, (item, text) in enumerate(steps):
            if item == "pause" and batch:
                await stream.send(*batch)
                batch = []
            elif item == "notice":
                batch.append(notice(number))
            elif item != "pause":
                kind: Any = "output" if item == "t1" else "message"
                batch.append(Delta(item, 1, kind, lengths.get(item, 0), text))
                lengths[item] = lengths.get(item, 0) + len(text)
            if batch and item != "pause":
                apply_item(wanted, *viewer_event(batch[-1]))
        if batch:
            await stream.send(*batch)
        if stream.seq:
            await stream.acknowledged()
        found: dict[str, dict[str, Any]] = {}
        for event in await stream.stored():
            apply_item(found, event.type, event.data)
        assert found == wanted

    with_stream(scenario)


def test_text_comes_before_the_end_of_its_turn() -> None:
    async def scenario(stream: Stream) -> None:
        await stream.send(Delta("m", 1, "message", 0, "done"), Ended(AttemptState.COMPLETED))
        await stream.acknowledged()
        events = await stream.gateway.events(OWNER, stream.ids["task_id"], 0, 100, 1 << 20)
        assert [event.type for event in events[-2:]] == ["delta", "turn"]
        assert events[-1].data["state"] == "completed"

    with_stream(scenario)


def test_an_event_with_a_wrong_shape_harms_no_other() -> None:
    async def scenario(stream: Stream) -> None:
        name, data = encode(Delta("m", 1, "message", 0, "a"))
        broken = {**stream.ids, "seq": 1, "events": [[name, {**data, "delta": None}], [name, {"type": name}]]}
        assert await stream.session.handle(wire.EVENTS, broken) == {"success": True}
        stream.seq = 2
        await stream.send(Delta("m", 1, "message", 0, "b"))
        await stream.acknowledged()
        assert [event.data["text"] for event in await stream.stored()] == ["b"]

    with_stream(scenario)


def test_repeated_and_early_events_of_a_message_change_nothing() -> None:
    async def scenario(stream: Stream) -> None:
        await stream.send(notice(1), notice(2))
        stream.seq = 1
        await stream.send(notice(2), notice(3))  # the first of which it has already
        stream.seq = 8
        await stream.send(notice(9))  # 4 to 8 are missing
        stream.seq = 3
        await stream.send(notice(4))
        await stream.acknowledged()
        assert [event.data["item_id"] for event in await stream.stored()] == [f"notice-{n}" for n in range(1, 5)]

    with_stream(scenario)


def test_a_live_viewer_misses_nothing_when_the_device_drops_during_a_commit() -> None:
    async def scenario(stream: Stream) -> None:
        seen: list[int] = []

        async def send(events: list[Stored]) -> None:
            seen.extend(event.pos for event in events)

        async def lagged(_pos: int) -> None:
            raise AssertionError

        await stream.gateway.join(OWNER, "viewer", stream.ids["task_id"], 0, send, lagged)
        for turns_of_the_loop in range(6):
            await stream.send(notice(stream.seq))
            for _ in range(turns_of_the_loop):
                await asyncio.sleep(0)
            await stream.reconnect()
            await stream.send(notice(stream.seq))
            await stream.acknowledged()
        last = (await stream.stored())[-1].pos
        async with asyncio.timeout(20):
            while not seen or seen[-1] < last:
                await asyncio.sleep(0.01)
        assert seen == list(range(1, last + 1))

    with_stream(scenario)
