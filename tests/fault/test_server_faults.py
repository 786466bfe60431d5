"""Servers and executors that are killed, started twice, find damaged files or a full disk: real ones, from outside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.server import TOKEN, JupyterServer, wait_for
from tests.support.sockets import Peer
from wegent_jupyter.executor.processes import MARKER_VARIABLE
from wegent_jupyter.gateway.store.engine import StoreBroken, open_engine
from wegent_jupyter.protocol.api import Event
from wegent_jupyter.protocol.transcript import Transcript

if os.name != "posix":
    pytest.skip("ends processes with POSIX signals", allow_module_level=True)

Json = dict[str, Any]
Start = Callable[..., JupyterServer]


def version(server: JupyterServer, state: str) -> Json:
    """Wait until a server says that it is in a state, and return its answer."""

    def find() -> Json | None:
        with contextlib.suppress(httpx.TransportError):
            answer = server.get("/version")
            if answer.status_code == 200 and answer.json()["state"] == state:
                found: Json = answer.json()
                return found
        return None

    found: Json = wait_for(find, f"the server is {state}")
    return found


def blames(server: JupyterServer, path: Path) -> bool:
    """Say whether a running gateway names a file as the reason why something does not work."""
    return str(path) in (version(server, "running")["reason"] or "")


def transcript(server: JupyterServer, task: int) -> list[Json]:
    """Return the items of a task's newest turn as a viewer has them, without times."""
    shown = Transcript()
    while items := server.get(f"/tasks/{task}/events?after_pos={shown.pos}").json()["items"]:
        for item in items:
            shown.apply(Event.model_validate(item))
    newest = shown.turns[max(shown.turns)]
    return [{**item, "seconds": None} for item in shown.items(newest)]


# Two servers.


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_second_server_says_where_wegent_runs_and_takes_over(start_server: Start, tmp_path: Path, end: str) -> None:
    first = start_server(tmp_path / "home")
    task = first.submit("!say from the first")["task"]["id"]
    first.finished(task)
    second = start_server(tmp_path / "home", wait=False)
    place = first.url
    assert version(second, "elsewhere")["url"] == place
    for method, path in (("GET", "/devices"), ("GET", "/tasks"), ("GET", f"/tasks/{task}"), ("POST", "/tasks")):
        answer = second.request(method, path, json={"prompt": "x", "agent": "practice"} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (503, "elsewhere")
        assert place in answer.json()["message"]
        assert place in answer.json()["fix"]
    assert first.get("/tasks").json()["total"] == 1

    async def follow() -> list[str]:
        """Watch the second from before to after the end of the first."""
        async with Peer(second, {"Authorization": f"token {TOKEN}"}) as face:
            assert await face.connect("/tasks") is None
            states = [(await face.call("/tasks", "watch", {}))["version"]["state"]]
            await asyncio.to_thread(getattr(first, end))
            while states[-1] != "running":
                states.append((await face.event("gateway"))["state"])
            return states

    assert asyncio.run(follow()) == ["elsewhere", "running"]
    wait_for(second.device_online, "the embedded device is online at the second server")
    assert second.get(f"/tasks/{task}").json()["state"] == "completed"
    again = second.submit("!say from the second")["task"]["id"]
    assert second.finished(again)["state"] == "completed"


# Files that cannot be used: named, left as they are.


def a_database(path: Path) -> Path:
    """Make a database of our own."""
    path.parent.mkdir(parents=True)
    open_engine(f"sqlite:///{path}").dispose()
    return path


def garbage(path: Path) -> str:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this was a database once " * 1000)
    return "not a database"


def damaged_inside(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(a_database(path))) as database:
        [(root,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'devices'")
        [(size,)] = database.execute("PRAGMA page_size")
        with database:
            database.execute("INSERT INTO meta VALUES ('gateway_id', 'one that was here before')")
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    return "malformed"


@pytest.mark.parametrize("damage", [garbage, damaged_inside])
def test_a_database_that_cannot_be_used_is_named_and_left_as_it_is(
    start_server: Start, tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    path = tmp_path / "home" / "data" / "wegent" / "wegent.db"
    why = damage(path)
    before = path.read_bytes()
    server = start_server(tmp_path / "home", wait=False)
    found = version(server, "broken")["reason"]
    assert str(path) in found
    assert why in found
    answer = server.get("/tasks")
    assert (answer.status_code, answer.json()["code"]) == (503, "broken")
    assert answer.json()["message"] == found
    server.stop()
    assert path.read_bytes() == before


def test_a_database_that_is_not_ours_to_use_is_named(tmp_path: Path) -> None:
    newer = a_database(tmp_path / "newer" / "wegent.db")
    with contextlib.closing(sqlite3.connect(newer)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    (tmp_path / "directory").mkdir()
    for path, why in ((newer, "newer"), (tmp_path / "directory", "unable to open"), (tmp_path / "no" / "x", "No such")):
        with pytest.raises(StoreBroken, match=f"{re.escape(str(path))}.*{why}"):
            open_engine(f"sqlite:///{path}")


def test_a_data_directory_that_cannot_be_made_is_named_and_used_as_soon_as_it_can(
    start_server: Start, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.touch()
    server = start_server(wait=False, options=[f"--WegentApp.data_dir={place}"])
    assert str(place) in version(server, "broken")["reason"]
    place.unlink()
    assert version(server, "running")["reason"] is None


def test_a_database_url_that_cannot_be_used_is_named_without_its_password(start_server: Start) -> None:
    server = start_server(wait=False, options=["--WegentApp.database_url=nodb://user:canary-9c1@127.0.0.1/x"])
    assert "database_url" in version(server, "broken")["reason"]
    assert "canary" not in server.get("/version").text + server.get("/tasks").text + server.log


def test_a_damaged_file_of_the_executor_is_named_and_left_as_it_is(start_server: Start, tmp_path: Path) -> None:
    home = tmp_path / "home" / "data" / "wegent" / "executor"
    home.mkdir(parents=True)
    damaged = {
        home / "device-config.json": b'{"device_id": "mine", ',
        home / "journal.db": b"this was a journal once " * 1000,
    }
    for path, content in damaged.items():
        path.write_bytes(content)
    server = start_server(tmp_path / "home", wait=False)
    for path, content in damaged.items():
        wait_for(partial(blames, server, path), f"{path} is named")
        assert server.device_online() is None
        refused = server.post("/tasks", {"prompt": "x", "agent": "practice"})
        assert (refused.status_code, refused.json()["code"]) == (400, "no_device")
        assert path.read_bytes() == content
        path.unlink()
    # Once they are out of the way, nobody has to restart anything.
    wait_for(server.device_online, "the device is online")
    wait_for(lambda: version(server, "running")["reason"] is None, "the reason is gone")


# A full disk.


class TinyDisk:
    """A file system of 32 MiB, for root."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=32m,mode=700", "wegent-test", str(path)]
        subprocess.run(command, check=True, capture_output=True)

    def fill(self, _server: JupyterServer) -> None:
        """Leave no room for anything."""
        with self._ballast.open("wb", buffering=0) as file:
            for block in (b"\0" * 4096, b"\0"):
                with contextlib.suppress(OSError):
                    while file.write(block):
                        pass

    def free(self, _server: JupyterServer) -> None:
        self._ballast.unlink()

    def remove(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True, capture_output=True)


class LimitedFiles:
    """Where nothing may be mounted: the server may not make a file longer, which fails in the same places."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def fill(self, server: JupyterServer) -> None:
        """Allow no file to grow."""
        longest = max(file.stat().st_size for file in self.path.iterdir())
        self._limit(server, longest)

    def free(self, server: JupyterServer) -> None:
        self._limit(server, resource.RLIM_INFINITY)

    def remove(self) -> None:
        shutil.rmtree(self.path)

    def _limit(self, server: JupyterServer, size: int) -> None:
        assert server.process is not None
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[TinyDisk | LimitedFiles]:
    made: TinyDisk | LimitedFiles
    try:
        made = TinyDisk(tmp_path / "disk")
    except (subprocess.CalledProcessError, FileNotFoundError):
        made = LimitedFiles(tmp_path / "limited")
    yield made
    made.remove()


def test_a_full_disk_is_a_clear_refusal_and_the_database_stays_sound(
    start_server: Start, tmp_path: Path, disk: TinyDisk | LimitedFiles
) -> None:
    home = tmp_path / "home"
    executor = home / "data" / "wegent" / "executor"
    options = [f"--WegentApp.data_dir={disk.path}", f"--WegentApp.executor_home={executor}"]
    server = start_server(home, options=options)
    place = {"path": str(server.files)}
    early = server.submit("!say before")["task"]["id"]
    server.finished(early)
    working = server.submit("!bash until [ -e go ]; do sleep 0.05; done; echo gone\n!say end", workspace=place)["task"]
    wait_for(lambda: server.turn(working["id"])["state"] == "running", "a turn runs")
    disk.fill(server)
    large = {"prompt": "!say large\n" + "x" * 800_000, "agent": "practice"}
    for path, body in (("/tasks", large), (f"/tasks/{early}/turns", {"prompt": large["prompt"]})):
        answer = server.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_failed"), answer.text
        assert any(text in answer.json()["message"] for text in ("disk is full", "disk I/O error"))
        assert "disk space" in answer.json()["fix"]
    assert server.get("/tasks").json()["total"] == 2
    shown = server.get(f"/tasks/{early}").json()
    assert (shown["turns"], shown["state"]) == (1, "completed")
    assert integrity(disk.path / "wegent.db") == "ok"
    (server.files / "go").touch()
    wait_for(lambda: not marked(server.turn(working["id"])["attempt_id"]), "the agent ended")
    disk.free(server)
    assert server.finished(working["id"])["state"] == "completed"
    assert [item["kind"] for item in transcript(server, working["id"])] == ["message", "tool", "message", "changes"]
    assert server.finished(server.post("/tasks", large).json()["task"]["id"])["state"] == "completed"
    assert server.post(f"/tasks/{early}/turns", {"prompt": "!say after"}).json()["number"] == 2
    assert server.finished(early)["state"] == "completed"
    assert server.get("/tasks").json()["total"] == 3
    server.stop()
    assert integrity(disk.path / "wegent.db") == "ok"


def integrity(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as database:
        found: str = database.execute("PRAGMA integrity_check").fetchone()[0]
        return found


def test_a_database_that_somebody_else_locks_is_a_clear_refusal(server: JupyterServer) -> None:
    before = server.get("/tasks").json()["total"]
    with contextlib.closing(sqlite3.connect(server.data / "wegent.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        answer = server.post("/tasks", {"prompt": "!say canary-5d2", "agent": "practice"})
    assert (answer.status_code, answer.json()["code"]) == (503, "store_failed")
    assert "locked" in answer.json()["message"]
    assert "locked" in server.log
    assert "canary-5d2" not in server.log, "what people write is not for the log"
    assert server.get("/tasks").json()["total"] == before
    assert server.finished(server.submit("!say hi")["task"]["id"])["state"] == "completed"


# Ends in mid-turn.

LONG = "!say start\n!slow 100 0.02\n!bash until [ -e go ]; do sleep 0.05; done; echo gone\n!slow 100 0.01\n!say end"
"""It streams while the server is away, and waits for its return whenever that is."""


def marked(attempt: int) -> list[psutil.Process]:
    """Return every process of an attempt's tree, detached ones too."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARKER_VARIABLE) == str(attempt):
                found.append(process)
    return found


def test_a_turn_goes_on_without_the_server_and_is_complete_afterwards(start_server: Start) -> None:
    server = start_server()
    (server.files / "go").touch()
    place = {"path": str(server.files)}
    reference = server.submit(LONG, workspace=place)["task"]["id"]
    server.finished(reference)
    (server.files / "go").unlink()
    task = server.submit(LONG, workspace=place)["task"]["id"]
    wait_for(lambda: transcript(server, task), "it streams")
    attempt, executor = server.turn(task)["attempt_id"], server.executor_pid()
    for end in (server.stop, server.kill):
        end()
        assert marked(attempt), "the agent works without a server"
        server.start()
        assert server.executor_pid() == executor
        assert server.turn(task)["state"] == "running"
    (server.files / "go").touch()
    turn = server.finished(task)
    assert (turn["state"], turn["attempt_id"]) == ("completed", attempt)
    told = [item for item in transcript(server, task) if item["kind"] != "changes"]  # `go` came while it ran
    assert told == transcript(server, reference)
    assert server.get("/devices").json()["items"][0]["slot_used"] == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_an_approval_survives_the_server_and_is_answered_afterwards(start_server: Start, end: str) -> None:
    server = start_server()
    place = {"path": str(server.files)}
    task = server.submit("!write kept.txt hi\n!say end", mode="ask", workspace=place)["task"]["id"]
    before = server.asked(task)
    wait_for(lambda: [item for item in transcript(server, task) if item["kind"] == "approval"], "it is stored")
    getattr(server, end)()
    server.start()
    assert server.asked(task) == before
    assert server.post(f"/approvals/{before['id']}", {"decision": "allow"}).json()["state"] == "allowed"
    assert server.finished(task)["state"] == "completed"
    assert (server.files / "kept.txt").read_text() == "hi"
    again = server.post(f"/approvals/{before['id']}", {"decision": "deny"})
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")


def test_an_answer_reaches_an_executor_that_stood_still(start_server: Start) -> None:
    """As on a laptop that slept: the answer is stored, and is heard when the device runs again."""
    server = start_server()
    place = {"path": str(server.files)}
    task = server.submit("!write kept.txt hi", mode="ask", workspace=place)["task"]["id"]
    approval = server.asked(task)["id"]
    executor = psutil.Process(server.executor_pid())
    executor.suspend()
    try:
        assert server.post(f"/approvals/{approval}", {"decision": "allow"}).json()["state"] == "allowed"
        server.kill()
        server.start(wait=False)
        version(server, "running")
        assert server.get("/approvals").json()["items"] == []
    finally:
        executor.resume()
    assert server.finished(task)["state"] == "completed"
    assert (server.files / "kept.txt").exists()


def test_an_approval_expires_with_a_killed_executor_and_says_so(start_server: Start) -> None:
    server = start_server()
    task = server.submit("!write lost.txt hi", mode="ask")["task"]["id"]
    approval, attempt = server.asked(task)["id"], server.turn(task)["attempt_id"]
    psutil.Process(server.executor_pid()).kill()
    turn = server.finished(task)
    assert (turn["state"], turn["error"]["code"]) == ("failed", "executor_restarted")
    late = server.post(f"/approvals/{approval}", {"decision": "allow"})
    assert (late.status_code, late.json()["code"]) == (409, "expired")
    assert "expired" in late.json()["message"]
    shown = [item["approval"]["state"] for item in transcript(server, task) if item["kind"] == "approval"]
    assert shown == ["expired"]
    wait_for(lambda: not marked(attempt), "no process of the agent is left")
    assert server.get("/approvals").json()["items"] == []


def test_an_agent_whose_guard_is_killed_while_it_asks_fails_its_turn_and_leaves_nothing(start_server: Start) -> None:
    server = start_server()
    task = server.submit("!write lost.txt hi", mode="ask")["task"]["id"]
    approval, attempt = server.asked(task)["id"], server.turn(task)["attempt_id"]
    guard = next(one for one in marked(attempt) if "guard.py" in " ".join(one.cmdline()))
    guard.kill()
    turn = server.finished(task)
    assert (turn["state"], turn["error"]["code"]) == ("failed", "agent_exited")
    wait_for(lambda: not marked(attempt), "no process of the agent is left")
    late = server.post(f"/approvals/{approval}", {"decision": "allow"})
    assert late.status_code == 409
    assert server.get("/approvals").json()["items"] == []


def test_an_answer_that_cannot_be_stored_is_refused_and_can_be_given_again(
    start_server: Start, tmp_path: Path, disk: TinyDisk | LimitedFiles
) -> None:
    home = tmp_path / "home"
    executor = home / "data" / "wegent" / "executor"
    options = [f"--WegentApp.data_dir={disk.path}", f"--WegentApp.executor_home={executor}"]
    server = start_server(home, options=options)
    place = {"path": str(server.files)}
    task = server.submit("!write kept.txt hi", mode="ask", workspace=place)["task"]["id"]
    approval = server.asked(task)["id"]
    disk.fill(server)
    reason = "x" * 4000
    answer = server.post(f"/approvals/{approval}", {"decision": "deny", "reason": reason})
    assert (answer.status_code, answer.json()["code"]) == (503, "store_failed"), answer.text
    assert [one["id"] for one in server.get("/approvals").json()["items"]] == [approval]
    disk.free(server)
    assert server.post(f"/approvals/{approval}", {"decision": "allow"}).json()["state"] == "allowed"
    assert server.finished(task)["state"] == "completed"
    assert (server.files / "kept.txt").exists()


def test_a_queue_survives_the_server(start_server: Start) -> None:
    server = start_server(options=["--WegentApp.default_slots=1"])
    place = {"path": str(server.files)}
    before = server.submit("!say before")["task"]["id"]
    server.finished(before)
    first = server.submit("!bash until [ -e go ]; do sleep 0.05; done", workspace=place)["task"]["id"]
    waiting = [before, *(server.submit(f"!say {number}")["task"]["id"] for number in range(2))]
    assert server.post(f"/tasks/{before}/turns", {"prompt": "!say more"}).status_code == 201
    wait_for(lambda: server.turn(first)["state"] == "running", "the first runs")
    server.kill()
    server.start()
    shown = {task: server.get(f"/tasks/{task}").json() for task in waiting}
    assert {task["state"] for task in shown.values()} == {"queued"}
    assert sorted(shown, key=lambda task: shown[task]["queue_position"]) == [waiting[1], waiting[2], before]
    (server.files / "go").touch()
    ended = [server.finished(task) for task in (first, waiting[1], waiting[2], before)]
    assert [turn["state"] for turn in ended] == ["completed"] * 4
    starts = [turn["started_at"] for turn in ended]
    assert starts == sorted(starts)


def test_a_killed_executor_fails_its_turns_leaves_no_process_and_comes_back(start_server: Start) -> None:
    server = start_server()
    task = server.submit("!detach 300\n!bash sleep 300 & sleep 300")["task"]["id"]
    attempt = wait_for(lambda: server.turn(task)["attempt_id"], "an attempt")
    wait_for(lambda: sum("sleep" in process.name() for process in marked(attempt)) >= 3, "the whole tree is there")
    wait_for(lambda: transcript(server, task), "what it does is told")  # else Continue begins anew
    executor = psutil.Process(server.executor_pid())
    executor.send_signal(signal.SIGKILL)
    turn = server.finished(task)
    assert (turn["state"], turn["error"]["code"]) == ("failed", "executor_restarted")
    assert "Continue" in turn["error"]["fix"]
    wait_for(lambda: not marked(attempt), "no process of the agent is left")
    wait_for(server.device_online, "the device is online again")
    assert server.executor_pid() != executor.pid
    assert server.post(f"/tasks/{task}/continue", {}).status_code == 201
    assert server.finished(task)["state"] == "completed"
    assert "message 2 of this conversation" in transcript(server, task)[0]["text"], "the agent's session was resumed"
    assert server.get("/devices").json()["items"][0]["slot_used"] == 0


def test_a_server_that_stops_ends_its_idle_executor_and_leaves_nothing_behind(start_server: Start) -> None:
    server = start_server()
    executor = psutil.Process(server.executor_pid())

    async def main() -> None:
        async with Peer(server, {"Authorization": f"token {TOKEN}"}) as face:
            assert await face.connect("/tasks") is None
            assert (await face.call("/tasks", "watch", {}))["ok"]
            await asyncio.to_thread(server.stop)
            # The connection, not the namespace: a face that was told to leave would not look for the next server.
            assert await face.ended()

    asyncio.run(main())
    assert not executor.is_running()
    assert not (server.data / "gateway.json").exists()
    assert not (server.data / "executor" / "executor.json").exists()
    assert [line for line in server.log.splitlines() if "Traceback" in line or "was destroyed" in line] == []


# Agents that say what no program should.

AGENT = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    result = {"protocolVersion": 1, "agentCapabilities": {}, "sessionId": "s", "stopReason": "end_turn"}
    if message["method"] == "session/prompt":
        for update in json.loads(sys.argv[1]):
            print('{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":%s}}' % update)
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


def says(text: str) -> str:
    return f'{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"{text}"}}}}'


def calls(given: str) -> str:
    call = '"sessionUpdate":"tool_call","toolCallId":"t","title":"x","kind":"other","status":"completed"'
    return f'{{{call},"rawInput":{given}}}'


GARBAGE: dict[str, tuple[list[str], list[Any]]] = {
    "a-character-cut-in-two": ([says(r"a\ud83d"), says(r"\ude00b")], ["a\ufffd\ufffdb"]),
    "half-a-character": ([says(r"a\ud83d"), says(r"b\u0000c")], ["a\ufffdb\0c"]),
    "no-numbers": ([calls(r'{"\ud83d":[NaN,1e999,-Infinity]}'), says("end")], [{"\ufffd": [None] * 3}, "end"]),
    "a-number-too-long": ([calls("1" * 5000), says("end")], ["end"]),
    "nested-deeply": ([calls('{"deep":' + "[" * 300 + "]" * 300 + "}"), says("end")], ["deep", "end"]),
}
"""What each agent says, and what is shown of it."""


@pytest.fixture(scope="module")
def talkers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    home = tmp_path_factory.mktemp("talkers")
    agents = {
        name: {"command": [sys.executable, "-c", AGENT, json.dumps(updates)]} for name, (updates, _) in GARBAGE.items()
    }
    path = home / "data" / "wegent" / "executor" / "device-config.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"agents": agents}))
    server = JupyterServer(home).start()
    yield server
    server.kill()
    server.end_executor()


@pytest.mark.parametrize("agent", GARBAGE)
def test_nothing_that_an_agent_says_holds_up_its_device(talkers: JupyterServer, agent: str) -> None:
    task = talkers.submit("hi", agent=agent)["task"]["id"]
    assert talkers.finished(task)["state"] == "completed"
    text = talkers.get(f"/tasks/{task}/events").text
    events = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["items"]
    assert events
    items = transcript(talkers, task)
    shown = [item["text"] if item["kind"] == "message" else item["input"] for item in items]
    expected = GARBAGE[agent][1]
    if expected[0] == "deep":
        assert json.dumps(shown[0]).count("[") < 100
        shown[0] = next(iter(shown[0]))
    assert shown == expected
    assert talkers.finished(talkers.submit("!say well")["task"]["id"])["state"] == "completed"
