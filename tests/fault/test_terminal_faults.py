"""Terminals under faults: nothing printed is lost or comes twice, and what is over is said to be."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.machine import Machine
from tests.support.proxy import Proxy
from tests.support.server import LIVENESS, TOKEN, JupyterServer, wait_for
from tests.support.sockets import Peer
from tests.support.terminal import Screen, open_terminal
from wegent_jupyter.executor.processes import marked
from wegent_jupyter.protocol import terminals as wire

if os.name != "posix":
    pytest.skip("ends processes with POSIX signals", allow_module_level=True)

PLAIN = {"SHELL": "/bin/sh"}
QUICK = {"LOCAL_HEARTBEAT_INTERVAL": "1", "LOCAL_HEARTBEAT_CALL_TIMEOUT": "1", "LOCAL_RECONNECT_MAX_DELAY": "1"}
COUNT = 1_500
NUMBERS = b"".join(b"%d\r\n" % number for number in range(1, COUNT + 1))
SEQ = f"printf g''o; for i in $(seq 1 {COUNT}); do echo $i; [ $((i % 30)) != 0 ] || sleep 0.05; done; echo fini''shed\n"
"""Seconds of output, steadily."""

Start = Callable[..., JupyterServer]


def numbers(screen: Screen) -> bytes:
    output = bytes(screen.output)
    return output[output.rindex(b"go1\r\n") + 2 : output.rindex(b"finished")]


async def again(screen: Screen) -> None:
    """Open the socket again, until it can be, and go on where it stopped."""
    await screen.disconnect()
    async with asyncio.timeout(LIVENESS):
        while True:
            try:
                await screen.connect()
                break
            except Exception:  # the server is not there yet
                await screen.disconnect()
                await asyncio.sleep(0.1)
    await screen.attached()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_gateway_that_is_restarted_while_it_prints_loses_no_byte(start_server: Start, end: str) -> None:
    server = start_server(environment=PLAIN)

    async def check() -> None:
        screen = Screen(server, open_terminal(server))
        async with screen:
            await screen.type("cd /; " + SEQ)
            await screen.until(b"go1\r\n")
            executor = server.executor_pid()
            await asyncio.to_thread(getattr(server, end))
            await asyncio.to_thread(server.start)
            assert server.executor_pid() == executor, "the executor went on"
            await again(screen)
            await screen.until(b"finished")
            assert numbers(screen) == NUMBERS
            assert screen.resets == 0
            assert await screen.run("pwd") == b"/\r\n", "it is the same shell"
            [shown] = server.get("/terminals").json()["items"]
            assert (shown["session_id"], shown["state"]) == (screen.session_id, "open")

    asyncio.run(check())


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_device_that_is_cut_off_while_it_prints_loses_no_byte(
    start_server: Start, tmp_path: Path, reset: bool
) -> None:
    server = start_server()

    async def check(machine: Machine, proxy: Proxy) -> None:
        async with Screen(server, open_terminal(server, machine.device_id)) as screen:
            await screen.type(SEQ)
            await screen.until(b"go1\r\n")
            proxy.refuse()
            proxy.cut(reset=reset)
            await screen.event(wire.AWAY)
            assert (await screen.attach())["code"] == "device_offline"
            assert server.get(f"/terminals/{screen.session_id}").json()["state"] == "away"
            proxy.accept()
            await screen.event(wire.BACK)
            await screen.attached()
            await screen.until(b"finished")
            assert numbers(screen) == NUMBERS
            assert screen.resets == 0

    with Proxy(server.port) as proxy:
        machine = Machine(tmp_path / "box", server, url=proxy.url, environment={**PLAIN, **QUICK}).start()
        asyncio.run(check(machine, proxy))
        machine.stop()


def test_a_viewer_that_is_cut_off_loses_no_byte_and_holds_up_nothing(start_server: Start) -> None:
    server = start_server(environment=PLAIN)

    async def check(proxy: Proxy) -> None:
        opened = open_terminal(server)
        screen = Screen(server, opened, url=f"http://127.0.0.1:{proxy.port}")
        async with screen:
            await screen.type(SEQ)
            await screen.until(b"go1\r\n")
            for _ in range(3):
                proxy.cut(reset=True)
                await again(screen)
                cursor = screen.cursor
                async with asyncio.timeout(LIVENESS):
                    while screen.cursor == cursor:
                        screen.changed.clear()
                        await screen.changed.wait()
            await screen.until(b"finished")
            assert numbers(screen) == NUMBERS

    with Proxy(server.port) as proxy:
        asyncio.run(check(proxy))


def test_a_viewer_whose_network_is_dead_slows_no_other(start_server: Start) -> None:
    server = start_server(environment=PLAIN)

    async def check(proxy: Proxy) -> None:
        opened = open_terminal(server)
        dead = Screen(server, opened, url=f"http://127.0.0.1:{proxy.port}")
        async with Screen(server, opened) as alive, dead:
            proxy.hold()
            await alive.type("seq 1 1000000; echo do''ne\n")
            await alive.until(b"done")
            assert alive.resets == 0
            proxy.release()

    with Proxy(server.port) as proxy:
        asyncio.run(check(proxy))


def test_a_viewer_that_never_reads_and_claims_to_have_shown_everything_costs_little(start_server: Start) -> None:
    server = start_server(environment=PLAIN)
    assert server.process is not None
    process = psutil.Process(server.process.pid)

    async def claim(liar: Peer, named: dict[str, str]) -> None:
        for step in range(1, 100_000):
            message = [wire.CREDIT, {**named, "offset": step * wire.CREDIT_STEP}]
            await liar.send(f"42{wire.NAMESPACE},{json.dumps(message)}")

    async def check() -> None:
        opened = open_terminal(server)
        named = {"session_id": opened["session_id"], "viewer": "liar"}
        async with Peer(server, {"Authorization": f"token {TOKEN}"}) as liar:
            assert await liar.connect(wire.NAMESPACE) is None
            for message in ([wire.ATTACH, named], [wire.INPUT, {**named, "data": "yes\n"}]):
                await liar.send(f"42{wire.NAMESPACE},{json.dumps(message)}")
            before = process.memory_info().rss
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(8):
                    await claim(liar, named)
            assert process.memory_info().rss - before < 48 << 20
            async with Screen(server, open_terminal(server)) as other:
                assert await other.run("echo x") == b"x\r\n", "nobody else notices"

    asyncio.run(check())


def test_a_killed_executor_ends_its_terminals_and_says_so(start_server: Start, tmp_path: Path) -> None:
    server = start_server(environment=PLAIN)
    machine = Machine(tmp_path / "box", server, environment={**PLAIN, **QUICK}).start()

    async def check() -> None:
        async with Screen(server, open_terminal(server, machine.device_id)) as screen:
            await screen.type("setsid sleep 1000 & echo runn''ing\n")
            await screen.until(b"running")
            await asyncio.to_thread(machine.kill)
            await screen.event(wire.AWAY)
            await gone(screen.session_id)
            machine.start(wait=False)
            assert (await screen.exit())["reason"] == "executor_ended"
            missing = await screen.attach()
            assert (missing["status"], missing["code"]) == (404, "not_found")
            assert server.get("/terminals").json()["items"] == []
            # And a new one works.
            async with Screen(server, open_terminal(server, machine.device_id)) as fresh:
                assert await fresh.run("echo x") == b"x\r\n"

    asyncio.run(check())
    machine.stop()


def test_an_executor_that_is_stopped_says_so_at_once_and_leaves_nothing(start_server: Start, tmp_path: Path) -> None:
    server = start_server()
    machine = Machine(tmp_path / "box", server, environment=PLAIN).start()

    async def check() -> None:
        async with Screen(server, open_terminal(server, machine.device_id)) as screen:
            await screen.type("sleep 1000 & echo runn''ing\n")
            await screen.until(b"running")
            await asyncio.to_thread(machine.stop)
            assert (await screen.exit())["reason"] == "executor_ended"
            await gone(screen.session_id)

    asyncio.run(check())


def test_the_embedded_executor_comes_back_after_a_kill_with_new_terminals(start_server: Start) -> None:
    server = start_server(environment=PLAIN)

    async def check() -> None:
        async with Screen(server, open_terminal(server)) as screen:
            await screen.run("true")
            os.kill(server.executor_pid(), signal.SIGKILL)
            assert (await screen.exit())["reason"] == "executor_ended"
        await asyncio.to_thread(wait_for, server.device_online, "it is started again")
        async with Screen(server, open_terminal(server)) as fresh:
            assert await fresh.run("echo x") == b"x\r\n"

    asyncio.run(check())


def test_a_deleted_device_ends_the_view_of_its_terminals(start_server: Start, tmp_path: Path) -> None:
    server = start_server()
    machine = Machine(tmp_path / "box", server, environment=PLAIN).start()

    async def check() -> None:
        async with Screen(server, open_terminal(server, machine.device_id)) as screen:
            assert server.request("DELETE", f"/devices/{machine.device_id}?revoke=true").status_code == 200
            assert (await screen.exit())["reason"] == "device_removed"
            assert server.get("/terminals").json()["items"] == []

    asyncio.run(check())
    machine.kill()


def test_a_full_screen_program_comes_back_whole_when_its_beginning_is_no_longer_kept(start_server: Start) -> None:
    """As htop that ran for hours: it draws only what changes, and what it drew first is gone."""
    server = start_server(environment=PLAIN)
    script = server.files / "full.sh"
    script.write_text(
        "printf '\\033[?1049h'; trap 'printf \"\\033[Hwhole picture\"' WINCH; seq 1 900000; "
        "printf ready; while :; do sleep 0.05; done"
    )

    async def check() -> None:
        opened = open_terminal(server)
        async with Screen(server, opened) as screen:
            await screen.type(f"sh {script}\n")
            await screen.until(b"ready")
        async with Screen(server, opened) as reloaded:
            await reloaded.until(b"whole picture")
            assert reloaded.resets == 1
            assert reloaded.output.startswith(b"\x1b[?1049h")

    asyncio.run(check())


def test_what_runs_in_a_terminal_outlives_a_server_that_stops_and_a_prompt_does_not_for_ever(
    start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(environment=PLAIN)
    opened: dict[str, Any] = open_terminal(server)
    server.stop()
    executor = psutil.Process(server.executor_pid())
    assert executor.is_running(), "ten minutes are left for the server to come back"
    server.start()
    assert server.executor_pid() == executor.pid
    assert server.request("DELETE", f"/terminals/{opened['session_id']}").status_code == 200
    server.stop()
    wait_for(lambda: not executor.is_running() or executor.status() == psutil.STATUS_ZOMBIE, "an idle one ends")


async def gone(session_id: str) -> None:
    """Wait until nothing that a terminal started is left."""
    async with asyncio.timeout(LIVENESS):
        while await asyncio.to_thread(marked, {session_id}):
            await asyncio.sleep(0.02)
