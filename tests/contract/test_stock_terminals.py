"""Terminals of Wegent's own executors on our gateway, and of our executor on Wegent's own backend."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.executor import Program
from tests.support.peers import Peer
from tests.support.server import wait_for
from tests.support.stand_in import StandIn
from tests.support.terminal import Seen
from tests.support.world import OWNER, World
from wegent_jupyter.gateway import terminals as module
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.terminals import Viewer
from wegent_jupyter.protocol import terminals as wire

# A stock executor: it sends text to nobody in particular, and keeps nothing.


class House:
    """A gateway with a stock executor, and a terminal of it."""

    def __init__(self, world: World, peer: Peer, session_id: str) -> None:
        assert world.gateway is not None
        self.world, self.peer, self.session_id = world, peer, session_id
        self.terminals = world.gateway.terminals

    async def look(self, key: str, **fields: Any) -> Seen:
        seen = Seen()

        async def send(event: str, data: dict[str, Any]) -> None:
            seen.take(event, data)

        message = wire.Attach(session_id=self.session_id, viewer=key, **fields)
        assert (await self.terminals.attach(OWNER, Viewer(key, send), message))["success"]
        return seen

    async def told(self, event: str, **fields: Any) -> None:
        """Wait until the executor was told something about the terminal."""
        wanted = {"session_id": self.session_id, **fields}

        async def there() -> bool:
            return (event, wanted) in self.peer.got

        await self.world.until(there, f"{event} {fields} among {self.peer.got}")

    async def prints(self, text: str) -> None:
        answer = await self.peer.tell(wire.OUTPUT, {"session_id": self.session_id, "data": text})
        assert answer == {"success": True}


def in_house(tmp_path: Path, script: Callable[[House], Coroutine[Any, Any, None]], **answers: Any) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            peer = Peer(world.gateway)
            peer.answers[wire.START] = {"success": True, "session_id": "x", "path": "/home/u/ws", **answers}
            await peer.register("stock", device_type="remote")
            await peer.beat("stock")
            request = wire.StartTerminal(rows=30, cols=100)
            started = await world.gateway.terminals.start(OWNER, "stock", request)
            assert started.path == "/home/u/ws"
            await script(House(world, peer, started.session_id))
            await peer.leave()

    asyncio.run(scenario())


def test_it_is_started_in_wegents_words(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        _, start = next(one for one in house.peer.got if one[0] == wire.START)
        assert (start["type"], start["project_id"], start["path"]) == ("terminal", 0, "")
        assert start["create_if_missing"] is True
        assert start["session_id"] == house.session_id
        assert len(start["access_token"]) >= 32

    in_house(tmp_path, script)


def test_a_viewer_sees_what_it_prints_from_where_it_stopped(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        first = await house.look("a", rows=24, cols=80)
        await house.told(wire.ATTACH)
        await house.told(wire.RESIZE, rows=24, cols=80)
        await house.prints("hello Ä日🙂\r\n")
        await first.until("hello Ä日🙂\r\n".encode())
        await house.terminals.detach(house.session_id, "a")
        await house.prints("meanwhile\r\n")
        again = await house.look("a", since=first.cursor)
        again.cursor = first.cursor
        await again.until(b"meanwhile\r\n")
        assert bytes(again.output) == b"meanwhile\r\n"
        late = await house.look("b")
        await late.until(b"meanwhile\r\n")
        assert late.output == first.output + again.output

    in_house(tmp_path, script)


def test_what_is_typed_arrives_as_text_even_when_a_character_comes_in_pieces(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        await house.look("a")
        encoded = "日".encode()
        for piece in (b"x", encoded[:2], encoded[2:]):
            await house.terminals.input("a", wire.Input(session_id=house.session_id, data=piece))
        await house.told(wire.INPUT, data="x")
        await house.told(wire.INPUT, data="日")

    in_house(tmp_path, script)


def test_a_slow_viewer_costs_no_more_than_the_ring_and_starts_over(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        seen = await house.look("a")
        line = "x" * 1023 + "\n"
        for _ in range(40):
            await house.prints(line * 64)
        await seen.until(b"x")
        assert len(seen.output) <= wire.WINDOW
        while not seen.resets or seen.cursor < 40 * 64 * 1024:
            await house.terminals.credit("a", house.session_id, seen.cursor)
            await asyncio.sleep(0.01)
        assert seen.resets == 1
        assert len(seen.output) <= wire.STOCK_RING_BYTES * 9 // 8

    in_house(tmp_path, script)


def test_its_end_is_told_with_the_last_output_and_it_is_off_the_list(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        seen = await house.look("a")
        await house.prints("last words")
        await house.peer.tell(wire.EXIT, {"session_id": house.session_id, "exit_code": 3})
        assert (await seen.exit())["exit_code"] == 3
        assert bytes(seen.output) == b"last words"
        assert house.terminals.items(OWNER) == []
        late = await house.look("b")
        assert (await late.exit())["exit_code"] == 3

    in_house(tmp_path, script)


def test_closing_it_ends_it_there(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        seen = await house.look("a")
        await house.terminals.end(OWNER, house.session_id)
        await house.told(wire.CLOSE)
        assert (await seen.exit())["reason"] == "closed"

    in_house(tmp_path, script)


def test_it_lives_over_a_dropped_connection_if_its_executor_still_has_it(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        seen = await house.look("a")
        await house.prints("before ")
        await house.peer.leave()
        await seen.event(wire.AWAY)
        assert house.terminals.items(OWNER)[0].state == "away"
        with pytest.raises(Refused) as refused:
            await house.look("a")
        assert refused.value.code == "device_offline"
        assert house.world.gateway is not None
        house.peer = Peer(house.world.gateway)
        await house.peer.register("stock", device_type="remote")
        await house.peer.beat("stock")
        await seen.event(wire.BACK)
        again = await house.look("a", since=seen.cursor)
        again.cursor = seen.cursor
        await house.prints("after")
        await again.until(b"after")
        assert again.resets == 0

    in_house(tmp_path, script)


def test_it_is_over_when_its_executor_no_longer_knows_it(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        seen = await house.look("a")
        await house.peer.leave()
        assert house.world.gateway is not None
        house.peer = Peer(house.world.gateway)
        house.peer.answers[wire.ATTACH] = {"success": False, "error": "Terminal session not found"}
        await house.peer.register("stock", device_type="remote")
        await house.peer.beat("stock")
        assert (await seen.exit())["reason"] == "executor_ended"

    in_house(tmp_path, script)


def test_any_number_can_be_opened_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ON_STOCK", 3)

    async def script(house: House) -> None:
        for _ in range(10):
            started = await house.terminals.start(OWNER, "stock", wire.StartTerminal())
            await house.terminals.end(OWNER, started.session_id)
        for _ in range(2):
            await house.terminals.start(OWNER, "stock", wire.StartTerminal())
        with pytest.raises(Refused) as refused:
            await house.terminals.start(OWNER, "stock", wire.StartTerminal())
        assert refused.value.code == "too_many_terminals"

    in_house(tmp_path, script)


def test_one_whose_start_is_not_answered_is_ended_should_it_start_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_SECONDS", 0.2)

    async def script(house: House) -> None:
        house.peer.silent = True
        with pytest.raises(Refused) as refused:
            await house.terminals.start(OWNER, "stock", wire.StartTerminal())
        assert refused.value.code == "unanswered"

        async def ended() -> bool:
            return any(event == wire.CLOSE and data["session_id"] != house.session_id for event, data in house.peer.got)

        await house.world.until(ended, "it is closed")

    in_house(tmp_path, script)


def test_a_device_that_prints_into_a_terminal_that_nobody_knows_stays_connected(tmp_path: Path) -> None:
    """As one of Wegent's does after the gateway was restarted."""

    async def script(house: House) -> None:
        for _ in range(300):
            answer = await house.peer.tell(wire.OUTPUT, {"session_id": "terminal-0-old", "data": "x"})
            assert answer["code"] == "not_found"
        assert not house.peer.channel.closed

    in_house(tmp_path, script)


def test_a_refusal_is_passed_on_in_its_own_words(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            peer = Peer(world.gateway)
            peer.answers[wire.START] = {"success": False, "error": "PTY is not available on this device"}
            await peer.register("stock")
            await peer.beat("stock")
            with pytest.raises(Refused) as refused:
                await world.gateway.terminals.start(OWNER, "stock", wire.StartTerminal())
            assert (refused.value.status, refused.value.message) == (400, "PTY is not available on this device")
            peer.answers[wire.START] = ["nonsense"]
            with pytest.raises(Refused) as refused:
                await world.gateway.terminals.start(OWNER, "stock", wire.StartTerminal())
            assert (refused.value.status, refused.value.code) == (503, "unanswered")
            assert world.gateway.terminals.items(OWNER) == []
            await peer.leave()

    asyncio.run(scenario())


def test_what_another_device_says_about_it_is_refused(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        seen = await house.look("a")
        assert house.world.gateway is not None
        for owner in (OWNER, "bob"):
            intruder = Peer(house.world.gateway, owner)
            await intruder.register(f"intruder-{owner}")
            await intruder.beat(f"intruder-{owner}")
            for event, more in ((wire.OUTPUT, {"data": "forged"}), (wire.EXIT, {"exit_code": 0})):
                answer = await intruder.tell(event, {"session_id": house.session_id, **more})
                assert answer == {"error": "Terminal session does not belong to this device"}
            await intruder.leave()
        await house.prints("true")
        await seen.until(b"true")
        assert b"forged" not in seen.output

    in_house(tmp_path, script)


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (wire.OUTPUT, {"session_id": "s", "data": 7}),
        (wire.OUTPUT, {}),
        (wire.OUTPUT, None),
        (wire.EXIT, {"session_id": "../"}),
        (wire.REPORT, {"session_id": "s"}),
        (wire.REPORT_ALL, {"terminals": "x"}),
        (wire.REPORT_ALL, {"terminals": [{"session_id": "s", "path": "x" * 9999, "created_at": ""}]}),
    ],
)
def test_malformed_messages_of_a_device_are_refused(tmp_path: Path, event: str, data: Any) -> None:
    async def script(house: House) -> None:
        assert "error" in await house.peer.tell(event, data)
        assert [one.session_id for one in house.terminals.items(OWNER)] == [house.session_id]

    in_house(tmp_path, script)


# A stock backend: it asks for output, and gets text.


@pytest.fixture
def backend() -> Iterator[StandIn]:
    with StandIn() as listening:
        yield listening


@pytest.fixture
def executor(tmp_path: Path, backend: StandIn) -> Iterator[Program]:
    with Program(tmp_path, WEGENT_BACKEND_URL=backend.url, WEGENT_AUTH_TOKEN="wg-x", SHELL="/bin/sh") as program:
        program.start()
        backend.registered()
        program.reach("connected")
        yield program


def start(backend: StandIn, session_id: str = "terminal-0-a", **fields: Any) -> dict[str, Any]:
    message = {
        "type": "terminal",
        "session_id": session_id,
        "project_id": 0,
        "path": "",
        "create_if_missing": True,
        "ttl_seconds": 3600,
        "expires_at": "2026-08-22T11:00:00+00:00",
        "access_token": "n0t-a-real-token",
        **fields,
    }
    answer: dict[str, Any] = backend.call(wire.START, message)
    return answer


def printed(backend: StandIn) -> str:
    return "".join(data["data"] for data in backend.got(wire.OUTPUT))


def test_our_executor_serves_a_stock_backend(backend: StandIn, executor: Program) -> None:
    answer = start(backend)
    assert (answer["success"], answer["type"], answer["transport"]) == (True, "terminal", "socketio")
    assert os.path.isdir(answer["path"])  # noqa: PTH112
    named = {"session_id": "terminal-0-a"}
    assert backend.call(wire.ATTACH, named) == {"success": True}
    assert backend.call(wire.RESIZE, {**named, "rows": 33, "cols": 77}) == {"success": True}
    assert backend.call(wire.INPUT, {**named, "data": "stty size; echo Ä日🙂; seq 1 300000; echo e''nd\n"})["success"]
    wait_for(lambda: "end\r\n" in printed(backend), "all is printed")
    assert "33 77\r\nÄ日🙂\r\n1\r\n" in printed(backend)
    assert "299999\r\n300000\r\n" in printed(backend), "it gives no credit, and needs none"
    assert backend.call(wire.INPUT, {**named, "data": "exit 6\n"})["success"]
    wait_for(lambda: backend.got(wire.EXIT), "its end is told")
    assert backend.got(wire.EXIT)[0]["exit_code"] == 6
    assert backend.call(wire.CLOSE, named) == {"success": True}
    unknown = backend.call(wire.INPUT, {"session_id": "terminal-0-b", "data": "x"})
    assert unknown == {"success": False, "error": "Terminal session not found"}


def test_our_executor_refuses_a_stock_backend_with_the_reason(backend: StandIn, executor: Program) -> None:
    assert "outside allowed workspace roots" in start(backend, path="/etc", create_if_missing=False)["error"]
    assert start(backend, session_id="")["success"] is False
    assert start(backend, rows=0)["error"].startswith("rows: ")
