"""Terminals as faces have them, over a real server: on its own device, and on another machine with its own home."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import access
from tests.support.machine import Machine
from tests.support.server import LIVENESS, JupyterServer, wait_for
from tests.support.sockets import Peer
from tests.support.terminal import Screen, open_terminal
from wegent_jupyter.gateway.terminals import MAX_VIEWERS as MAX_LOOKING
from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.server.terminal_namespace import MAX_VIEWERS

NOTHING = "terminal-0-nothing"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Share a server whose terminals are plain."""
    server = JupyterServer(tmp_path_factory.mktemp("house"), environment={"SHELL": "/bin/sh"}).start()
    yield server
    server.stop()
    server.end_executor()


@pytest.fixture(scope="module")
def machine(house: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine") / "gpu-box", house, environment={"SHELL": "/bin/sh"}).start()
    yield made
    made.stop()


@pytest.fixture(params=["embedded", "standalone"])
def device(request: pytest.FixtureRequest, house: JupyterServer, machine: Machine) -> dict[str, Any]:
    """Return a device of each kind."""
    items = house.get("/devices").json()["items"]
    if request.param == "embedded":
        return next(one for one in items if one["embedded"])
    return next(one for one in items if one["device_id"] == machine.device_id)


def refused(house: JupyterServer, device_id: str, **body: Any) -> tuple[int, str, str]:
    answer = house.post(f"/devices/{device_id}/terminal", body)
    problem = answer.json()
    return answer.status_code, problem["code"], problem["message"]


# REST.


def test_opening_one_is_answered_as_wegent_does(house: JupyterServer, device: dict[str, Any]) -> None:
    opened = open_terminal(house, device["device_id"])
    assert opened == {
        "session_id": opened["session_id"],
        "device_id": device["device_id"],
        "project_id": 0,
        "type": "terminal",
        "path": device["workspace_root"],
        "url": "",
        "transport": "socketio",
    }
    assert opened["session_id"].startswith("terminal-0-")


def test_what_is_typed_reaches_the_shell_of_that_device(house: JupyterServer, device: dict[str, Any]) -> None:
    async def check() -> None:
        async with Screen(house, open_terminal(house, device["device_id"])) as screen:
            assert (await screen.run("pwd")).strip().decode() == device["workspace_root"]
            assert await screen.run("printf '%s' $((6 * 7))") == b"42"
            assert b"not a tty" not in await screen.run("tty")

    asyncio.run(check())


def test_one_for_a_task_starts_where_the_task_works_and_a_given_path_wins(house: JupyterServer) -> None:
    folder = house.files / "of a task"
    folder.mkdir(exist_ok=True)
    task = house.submit("!say x", workspace={"path": str(folder)})["task"]["id"]
    house.finished(task)
    assert open_terminal(house, task_id=task)["path"] == str(folder)
    assert open_terminal(house, task_id=task, path=str(house.files))["path"] == str(house.files)


def test_one_for_a_task_that_has_no_folder_there_is_refused(house: JupyterServer, machine: Machine) -> None:
    task = house.submit("!say x", workspace={"path": str(house.files)})["task"]["id"]
    house.finished(task)
    status, code, message = refused(house, machine.device_id, task_id=task)
    assert (status, code) == (400, "no_workspace")
    assert "Task execution workspace path is required" in message
    assert refused(house, machine.device_id, task_id=1)[:2] == (404, "not_found")


def test_the_files_that_the_server_shows_are_a_place_for_its_own_device(house: JupyterServer, machine: Machine) -> None:
    assert open_terminal(house, path=str(house.files))["path"] == str(house.files)
    assert refused(house, machine.device_id, path=str(house.files))[:2] == (400, "bad_path")


@pytest.mark.parametrize(
    ("path", "reason"), [("/etc", "outside"), ("missing", "does not exist"), ("a\0b", "NUL"), ("x" * 5000, "path")]
)
def test_a_bad_path_is_refused_with_the_reason_and_opens_nothing(
    house: JupyterServer, device: dict[str, Any], path: str, reason: str
) -> None:
    before = house.get("/terminals").json()["total"]
    status, code, message = refused(house, device["device_id"], path=path)
    assert (status, code) in ((400, "bad_path"), (422, "invalid"))
    assert reason in message
    assert house.get("/terminals").json()["total"] == before


@pytest.mark.parametrize("size", [{"rows": 0}, {"cols": -1}, {"rows": 10**6}, {"cols": "x"}, {"task_id": 0}])
def test_absurd_sizes_and_ids_are_refused(house: JupyterServer, size: dict[str, Any]) -> None:
    device_id = house.get("/devices").json()["items"][0]["device_id"]
    status, code, message = refused(house, device_id, **size)
    assert (status, code) == (422, "invalid")
    assert next(iter(size)) in message


def test_what_is_not_there_is_not_found(house: JupyterServer) -> None:
    assert refused(house, "nowhere")[:2] == (404, "not_found")
    assert house.get(f"/terminals/{NOTHING}").status_code == 404
    assert house.request("DELETE", f"/terminals/{NOTHING}").status_code == 404


def test_a_device_that_is_away_is_said_to_be(house: JupyterServer, tmp_path: Path) -> None:
    gone = Machine(tmp_path / "gone", house).start()
    device_id = gone.device_id
    gone.stop()
    wait_for(lambda: house.get(f"/devices/{device_id}").json()["status"] == "offline", "it is away")
    assert refused(house, device_id)[:2] == (409, "device_offline")


def test_the_operator_can_turn_terminals_off(tmp_path: Path) -> None:
    server = JupyterServer(tmp_path, options=["--ServerApp.terminals_enabled=False"]).start()
    try:
        device_id = server.get("/devices").json()["items"][0]["device_id"]
        assert refused(server, device_id)[:2] == (403, "terminals_disabled")
    finally:
        server.stop()
        server.end_executor()


def test_they_are_listed_shown_and_ended(house: JupyterServer, device: dict[str, Any]) -> None:
    opened = open_terminal(house, device["device_id"])
    session = opened["session_id"]
    [shown] = [one for one in house.get("/terminals").json()["items"] if one["session_id"] == session]
    assert (shown["state"], shown["busy"], shown["viewers"]) == ("open", False, 0)
    assert (shown["device_name"], shown["path"]) == (device["name"], opened["path"])
    assert house.get(f"/terminals/{session}").json() == shown

    async def check() -> None:
        async with Screen(house, opened) as screen:
            assert house.get(f"/terminals/{session}").json()["viewers"] == 1
            ended = house.request("DELETE", f"/terminals/{session}")
            assert (ended.status_code, ended.json()) == (200, {"message": f"Terminal '{session}' ended"})
            assert (await screen.exit())["reason"] == "closed"

    asyncio.run(check())
    assert session not in [one["session_id"] for one in house.get("/terminals").json()["items"]]
    assert house.get(f"/terminals/{session}").json()["state"] == "ended"
    assert house.request("DELETE", f"/terminals/{session}").status_code == 200, "ending twice harms nothing"


def test_faces_are_told_of_each_terminal_without_asking(house: JupyterServer, device: dict[str, Any]) -> None:
    async def check() -> None:
        async with Peer(house, {"Authorization": "token test-token"}) as face:
            assert await face.connect("/tasks") is None
            assert isinstance((await face.call("/tasks", "watch", {}))["terminals"], list)
            session = (await asyncio.to_thread(open_terminal, house, device["device_id"]))["session_id"]
            while (told := await face.event("terminal:update"))["session_id"] != session:
                continue
            assert (told["state"], told["device_id"]) == ("open", device["device_id"])
            again = await face.call("/tasks", "watch", {})
            assert session in [one["session_id"] for one in again["terminals"]]
            await asyncio.to_thread(house.request, "DELETE", f"/terminals/{session}")
            while (await face.event("terminal:removed"))["session_id"] != session:
                continue

    asyncio.run(check())


# What is printed.


def test_random_bytes_arrive_identical(house: JupyterServer, device: dict[str, Any], tmp_path: Path) -> None:
    data = os.urandom(8 << 20)
    (tmp_path / "data").write_bytes(data)

    async def check() -> None:
        async with Screen(house, open_terminal(house, device["device_id"])) as screen:
            await screen.type("stty raw -echo; printf 'rea''dy'\n")
            at = await screen.until(b"ready")
            start = len(screen.output) if len(screen.output) > at else at
            await screen.type(f"exec sh -c 'printf be''gin; cat {tmp_path / 'data'}; exit 5'\n")
            begin = await screen.until(b"begin", start)
            assert (await screen.exit())["exit_code"] == 5
            printed = bytes(screen.output[begin:])
            assert hashlib.sha256(printed).hexdigest() == hashlib.sha256(data).hexdigest()

    asyncio.run(check())


def test_a_paste_of_a_mebibyte_arrives_whole(house: JupyterServer, device: dict[str, Any]) -> None:
    paste = os.urandom(1 << 19).hex()

    async def check() -> None:
        async with Screen(house, open_terminal(house, device["device_id"])) as screen:
            await screen.type(f"stty raw -echo; printf g''o; head -c {len(paste)} | sha256sum\n")
            await screen.until(b"go")
            for at in range(0, len(paste), 64 << 10):
                await screen.type(paste[at : at + (64 << 10)])
            await screen.until(hashlib.sha256(paste.encode()).hexdigest().encode())

    asyncio.run(check())


def test_two_faces_look_at_one_shell_and_the_focused_one_sets_its_size(
    house: JupyterServer, device: dict[str, Any]
) -> None:
    async def check() -> None:
        opened = open_terminal(house, device["device_id"])
        async with Screen(house, opened) as first, Screen(house, opened) as second:
            await first.resize(30, 100)
            assert await first.run("stty size") == b"30 100\r\n"
            await second.resize(40, 90)
            assert await second.run("stty size") == b"40 90\r\n"
            await first.type("echo typed in th''e first\n")
            await second.until(b"typed in the first")
            assert house.get(f"/terminals/{opened['session_id']}").json()["viewers"] == 2

    asyncio.run(check())


def test_a_reload_shows_all_that_is_kept_and_one_that_was_away_goes_on(
    house: JupyterServer, device: dict[str, Any]
) -> None:
    async def check() -> None:
        opened = open_terminal(house, device["device_id"])
        first = Screen(house, opened)
        async with first:
            await first.run("seq 1 100")
        async with Screen(house, opened) as reloaded:
            await reloaded.until(b"100\r\n")
            await reloaded.run("seq 101 200")
            whole = bytes(reloaded.output)
        async with first:
            await first.until(b"200\r\n")
            assert whole.startswith(bytes(first.output)) or bytes(first.output).startswith(whole)
            assert first.resets == 0

    asyncio.run(check())


# Stock browsers.


class Stock:
    """A browser of Wegent's: it names no viewer, and gets text."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.text = ""
        screen.take = self._take  # type: ignore[method-assign]

    def _take(self, event: str, data: dict[str, Any]) -> None:
        self.screen.changed.set()
        if event == wire.OUTPUT:
            assert set(data) == {"session_id", "data"}
            self.text += data["data"]
        else:
            self.screen.exits.append(data)

    async def call(self, event: str, session_id: str, **fields: Any) -> dict[str, Any]:
        return await self.screen.call(event, {"session_id": session_id, **fields})

    async def until(self, what: str) -> None:
        async with asyncio.timeout(LIVENESS):
            while what not in self.text:
                self.screen.changed.clear()
                await self.screen.changed.wait()


def test_a_stock_browser_is_served_in_its_own_words(house: JupyterServer, device: dict[str, Any]) -> None:
    async def check() -> None:
        first, second = (open_terminal(house, device["device_id"]) for _ in range(2))
        screen = Screen(house, first)
        await screen.connect()
        try:
            stock, session = Stock(screen), first["session_id"]
            assert await stock.call(wire.INPUT, session, data="x") == {
                "error": "Terminal session is not attached",
                "message": "Terminal session is not attached",
                "code": "not_attached",
                "status": 409,
            }
            attached = {key: first[key] for key in ("session_id", "device_id", "project_id", "path")}
            assert await stock.call(wire.ATTACH, session) == {"success": True, **attached}
            assert await stock.call(wire.RESIZE, session, rows=31, cols=99) == {"success": True}
            assert await stock.call(wire.INPUT, session, data="stty size; echo Ä日🙂; seq 1 200000; echo e''nd\n") == {
                "success": True
            }
            await stock.until("end\r\n")
            assert "31 99\r\nÄ日🙂\r\n1\r\n2\r\n" in stock.text
            assert "199999\r\n200000\r\n" in stock.text
            # Another one: a browser of Wegent's has one at a time.
            await stock.call(wire.ATTACH, second["session_id"])
            shown = house.get(f"/terminals/{session}").json()
            assert shown["viewers"] == 0
            await stock.call(wire.INPUT, second["session_id"], data="exit 4\n")
            assert await screen.exit() == {"session_id": second["session_id"], "exit_code": 4}
            assert await stock.call(wire.CLOSE, session) == {"success": True}
            wait_for(lambda: house.get(f"/terminals/{session}").json()["state"] == "ended", "it is closed")
        finally:
            await screen.disconnect()

    asyncio.run(check())


# Bad input.


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (wire.ATTACH, {}),
        (wire.ATTACH, None),
        (wire.ATTACH, {"session_id": "../x"}),
        (wire.ATTACH, {"session_id": NOTHING, "since": -1}),
        (wire.ATTACH, {"session_id": NOTHING, "since": "x"}),
        (wire.ATTACH, {"session_id": NOTHING, "rows": 0, "cols": 80}),
        (wire.ATTACH, {"session_id": NOTHING, "viewer": "a b"}),
        (wire.INPUT, {"session_id": NOTHING}),
        (wire.INPUT, {"session_id": NOTHING, "data": 7}),
        (wire.RESIZE, {"session_id": NOTHING, "rows": 0, "cols": 80}),
        (wire.RESIZE, {"session_id": NOTHING, "rows": 24, "cols": 10**9}),
        (wire.CREDIT, {"session_id": NOTHING, "viewer": "a", "offset": -1}),
        (wire.CREDIT, {"session_id": NOTHING, "viewer": "a", "offset": 1 << 60}),
        (wire.DETACH, []),
        (wire.CLOSE, {"session_id": 7}),
    ],
)
def test_a_malformed_message_is_answered_and_nothing_breaks(house: JupyterServer, event: str, data: Any) -> None:
    async def check() -> None:
        async with Screen(house, open_terminal(house)) as screen:
            answer = await screen.call(event, data)
            assert (answer["status"], answer["code"]) == (422, "invalid"), answer
            assert answer["error"]
            await screen.run("true")

    asyncio.run(check())


def test_a_session_that_never_was_is_not_found_and_one_that_is_not_attached_takes_nothing(
    house: JupyterServer, device: dict[str, Any]
) -> None:
    async def check() -> None:
        opened = open_terminal(house, device["device_id"])
        async with Screen(house, open_terminal(house)) as screen:
            for device_id in (None, device["device_id"], "nowhere"):
                answer = await screen.call(wire.ATTACH, {"session_id": NOTHING, "viewer": "v", "device_id": device_id})
                assert (answer["status"], answer["code"]) == (404, "not_found")
            named = {"session_id": opened["session_id"], "viewer": screen.viewer}
            for event, more in (
                (wire.INPUT, {"data": "touch x\n"}),
                (wire.RESIZE, {"rows": 10, "cols": 10}),
                (wire.CREDIT, {"offset": 1}),
            ):
                answer = await screen.call(event, {**named, **more})
                assert (answer["status"], answer["code"]) == (409, "not_attached")
            assert (await screen.call(wire.CLOSE, {"session_id": NOTHING}))["status"] == 404

    asyncio.run(check())


def test_input_that_is_too_long_is_refused_and_the_terminal_goes_on(house: JupyterServer) -> None:
    async def check() -> None:
        async with Screen(house, open_terminal(house)) as screen:
            message = {"session_id": screen.session_id, "viewer": screen.viewer, "data": "x" * (3 << 20)}
            answer = await screen.call(wire.INPUT, message)
            assert (answer["status"], answer["code"]) == (413, "input_too_large")
            await screen.run("true")

    asyncio.run(check())


def test_one_connection_shows_so_many_terminals_and_no_more(house: JupyterServer) -> None:
    async def check() -> None:
        async with Screen(house, open_terminal(house)) as screen:
            others = [open_terminal(house)["session_id"] for _ in range(3)]
            attached = 1
            while attached < MAX_VIEWERS:
                session = others[attached % 2]
                assert (await screen.attach(session_id=session, viewer=f"n{attached}"))["success"]
                attached += 1
            assert (await screen.attach(session_id=others[2], viewer="x"))["code"] == "too_many_viewers"
            assert (await screen.call(wire.DETACH, {"session_id": others[1], "viewer": "n1"}))["success"]
            assert (await screen.attach(session_id=others[2], viewer="x"))["success"]

    asyncio.run(check())


def test_so_many_look_at_one_terminal_and_no_more(house: JupyterServer) -> None:
    async def check() -> None:
        async with Screen(house, open_terminal(house)) as screen:
            for number in range(MAX_LOOKING - 1):
                assert (await screen.attach(viewer=f"n{number}"))["success"]
            assert (await screen.attach(viewer="x"))["code"] == "too_many_viewers"
            assert (await screen.attach(viewer="n0"))["success"], "who looks already may attach again"

    asyncio.run(check())


def test_a_revoked_token_closes_its_terminals_view(house: JupyterServer) -> None:
    async def check() -> None:
        token = access.credential(house, "token")
        screen = Screen(house, open_terminal(house))
        await screen.connect({"Authorization": f"Bearer {token['secret']}"})
        assert (await screen.attach())["success"]
        await screen.type("echo vis''ible\n")
        await screen.until(b"visible")
        assert house.request("DELETE", f"/credentials/{token['id']}").status_code == 200
        assert screen._client is not None
        async with asyncio.timeout(LIVENESS):
            await screen._client.wait()
        await screen.disconnect()

    asyncio.run(check())
