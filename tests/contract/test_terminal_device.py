"""Terminals of a device: real PTYs with real shells, whose bytes reach each viewer whole, in order and bounded."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.server import LIVENESS
from tests.support.terminal import Seen
from wegent_jupyter.executor.config import load
from wegent_jupyter.executor.processes import ProcessRecords, marked
from wegent_jupyter.executor.terminals import place
from wegent_jupyter.executor.terminals import sessions as module
from wegent_jupyter.executor.terminals.sessions import Sessions
from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.protocol import viewer as viewer_module
from wegent_jupyter.protocol.channel import NotSent

GATEWAY = "g"
QUIET = "unset HISTFILE; PS1=; stty -echo; printf 'rea''dy\\n'\n"


@pytest.fixture(autouse=True)
def plain_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a shell that prints nothing of its own, such as sequences for bracketed paste."""
    monkeypatch.setenv("SHELL", "/bin/sh")


class Link:
    """The connection to the gateway: it hands to each viewer what is for it."""

    def __init__(self) -> None:
        self.viewers: dict[str, Seen] = {}
        self.reports: list[dict[str, Any]] = []
        self.reported = asyncio.Event()
        self.closed = False
        self.largest = 0

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        if self.closed:
            raise NotSent
        if event == wire.REPORT:
            self.reports.append(data)
            self.reported.set()
            return
        if event == wire.OUTPUT:
            self.largest = max(self.largest, len(data["data"]))
        if (viewer := self.viewers.get(data["viewer"])) is not None:
            viewer.take(event, data)


class Device:
    """A device's terminals, and one shell of it, at which `a` looks."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.root = home / "workspace"
        settings = {"WEGENT_EXECUTOR_HOME": str(home / "h"), "LOCAL_WORKSPACE_ROOT": str(self.root), **environment}
        self.sessions = Sessions(load(settings), ProcessRecords(home / "processes"))
        self.records = home / "processes"
        self.link = Link()
        self.sessions.connected(self.link, GATEWAY)  # type: ignore[arg-type]  # a Channel, as far as it is used

    async def start(self, session_id: str = "s1", **fields: Any) -> dict[str, Any]:
        return await self.sessions.start(GATEWAY, {"session_id": session_id, "project_id": 0, **fields})

    def tell(self, event: str, session_id: str = "s1", **fields: Any) -> None:
        self.sessions.handle(session_id, event, {"session_id": session_id, **fields})

    def look(self, viewer: str = "a", session_id: str = "s1", *, shows: bool = True, **fields: Any) -> Seen:
        seen = _Shows(self, viewer, session_id) if shows else Seen(shows=False)
        self.link.viewers[viewer] = seen
        self.tell(wire.ATTACH, session_id, viewer=viewer, **fields)
        return seen

    def type(self, text: str | bytes, session_id: str = "s1", viewer: str = "a") -> None:
        self.tell(wire.INPUT, session_id, viewer=viewer, data=text)

    async def ready(self, session_id: str = "s1", viewer: str = "a") -> Seen:
        """Start a shell without echo and prompt, and look at it."""
        assert (await self.start(session_id))["success"]
        seen = self.look(viewer, session_id)
        self.type(QUIET, session_id, viewer)
        await seen.until(b"ready\r\n")
        return seen


class _Shows(Seen):
    """A viewer that gives credit at once."""

    def __init__(self, device: Device, viewer: str, session_id: str) -> None:
        super().__init__()
        self._device, self._viewer, self._session_id = device, viewer, session_id

    def take(self, event: str, data: dict[str, Any]) -> None:
        super().take(event, data)
        self._device.tell(wire.CREDIT, self._session_id, viewer=self._viewer, offset=self.cursor)


def on_device(home: Path, script: Callable[[Device], Coroutine[Any, Any, None]], **environment: str) -> None:
    async def scenario() -> None:
        async with _device(home, **environment) as device:
            await script(device)

    asyncio.run(scenario())


@contextlib.asynccontextmanager
async def _device(home: Path, **environment: str) -> AsyncIterator[Device]:
    device = Device(home, **environment)
    try:
        yield device
    finally:
        await device.sessions.close()


async def gone(session_id: str = "s1") -> None:
    """Wait until nothing that a terminal started is left."""
    async with asyncio.timeout(LIVENESS):
        while await asyncio.to_thread(marked, {session_id}):
            await asyncio.sleep(0.02)


# Where it starts, and as what.


def test_it_starts_in_the_workspace_root_which_is_made_as_a_login_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/bash")

    async def script(device: Device) -> None:
        answer = await device.start()
        assert answer["success"]
        assert answer["path"] == str(device.root)
        assert (answer["type"], answer["transport"], answer["project_id"]) == ("terminal", "socketio", 0)
        seen = device.look()
        device.type("echo $PWD:$TERM; shopt -q login_shell && echo log''in\n")
        await seen.until(f"{device.root}:xterm-256color".encode())
        await seen.until(b"login\r\n")

    on_device(tmp_path, script)


def test_it_starts_where_it_is_asked_to(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        there = device.root / "projects" / "a b"
        there.mkdir(parents=True)
        for number, path in enumerate((str(there), "projects/a b")):
            answer = await device.start(f"s{number}", path=path)
            assert (answer["success"], answer.get("path")) == (True, str(there)), answer

    on_device(tmp_path, script)


def test_registered_directories_and_those_of_the_environment_are_roots(tmp_path: Path) -> None:
    mine, tasks = tmp_path / "mine", tmp_path / "tasks"
    mine.mkdir()
    tasks.mkdir()

    async def script(device: Device) -> None:
        assert (await device.start("s1", path=str(mine)))["success"]
        assert not (await device.start("s2", path=str(tasks)))["success"]
        assert (await device.start("s2", path=str(tasks), roots=[str(tasks)]))["success"]

    on_device(tmp_path, script, WEGENT_WORKSPACE_ROOTS=str(mine))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc", "is outside allowed workspace roots"),
        ("~", "is outside allowed workspace roots"),
        ("../outside", "is outside allowed workspace roots"),
        ("link", "is outside allowed workspace roots"),
        ("missing", "does not exist"),
        ("file", "is a file, not a directory"),
        ("a\0b", "NUL character"),
        ("loop", "outside allowed workspace roots"),
    ],
)
def test_a_path_where_none_may_start_is_refused_with_the_reason_and_nothing_is_started(
    tmp_path: Path, path: str, reason: str
) -> None:
    async def script(device: Device) -> None:
        device.root.mkdir()
        (tmp_path / "outside").mkdir()
        (device.root / "file").touch()
        (device.root / "link").symlink_to(tmp_path / "outside")
        (device.root / "loop").symlink_to("loop")
        answer = await device.start(path=path)
        assert (answer["success"], answer["code"]) == (False, "bad_path")
        assert reason in answer["error"]
        assert device.sessions.reports(GATEWAY) == []
        assert await asyncio.to_thread(marked, {"s1"}) == []

    on_device(tmp_path, script)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_is_not_writable_is_refused(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        locked = device.root / "locked"
        locked.mkdir(parents=True, mode=0o500)
        answer = await device.start(path=str(locked))
        assert "is not writable" in answer["error"]

    on_device(tmp_path, script)


@pytest.mark.parametrize(
    "fields",
    [
        {"rows": 0},
        {"cols": -1},
        {"rows": 1_001},
        {"cols": 10**9},
        {"rows": "x"},
        {"session_id": "../x"},
        {"session_id": ""},
        {"project_id": -1},
    ],
)
def test_a_malformed_start_is_refused(tmp_path: Path, fields: dict[str, Any]) -> None:
    async def script(device: Device) -> None:
        answer = await device.sessions.start(GATEWAY, {"session_id": "s1", "project_id": 0, **fields})
        assert (answer["success"], answer["code"]) == (False, "malformed")
        assert next(iter(fields)) in answer["error"]

    on_device(tmp_path, script)


def test_no_secret_of_ours_is_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEGENT_AUTH_TOKEN", "JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "DEVICE_ID"):
        monkeypatch.setenv(name, "canary-1")
    monkeypatch.setenv("OF_THE_PERSON", "kept")

    async def script(device: Device) -> None:
        seen = await device.ready()
        device.type("env; echo do''ne\n")
        await seen.until(b"done\r\n")
        assert b"canary-1" not in seen.output
        assert b"OF_THE_PERSON=kept" in seen.output

    on_device(tmp_path, script)


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false", "/nowhere/sh", ""])
def test_an_account_without_a_shell_gets_a_plain_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    """As in a container that runs as any number, of whom nothing is registered."""
    monkeypatch.setenv("SHELL", shell)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)

    async def script(device: Device) -> None:
        seen = await device.ready()
        device.type("echo $0\n")
        await seen.until(b"/bin/sh\r\n")

    on_device(tmp_path, script)


def copies_of_us() -> list[int]:
    """Return forks of this process that became no other program."""
    us, found = psutil.Process(), []
    for one in us.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            found += [one.pid] if one.cmdline() == us.cmdline() else []
    return found


def test_a_directory_that_vanishes_at_the_last_moment_is_said_and_starts_no_second_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "resolve", lambda _settings, _start: tmp_path / "gone")

    async def script(device: Device) -> None:
        answer = await device.start()
        assert (answer["success"], answer["code"]) == (False, "not_started")
        assert "gone" in answer["error"] or "No such file" in answer["error"]
        async with asyncio.timeout(LIVENESS):  # what was forked for it ends by itself, or it never does
            while copies_of_us():
                await asyncio.sleep(0.02)
        assert device.sessions.reports(GATEWAY) == []

    on_device(tmp_path, script)


def test_a_directory_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        device.root.mkdir()
        os.mkdir(os.fsencode(device.root) + b"/\xff")  # noqa: PTH102
        (device.root / "link").symlink_to(os.fsdecode(b"\xff"))
        answer = await device.start(path="link")
        assert (answer["success"], answer["code"]) == (False, "bad_path")
        assert "no UTF-8 text" in answer["error"]

    on_device(tmp_path, script)


def test_a_full_disk_starts_none_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_records: ProcessRecords, _marker: str, _pid: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ProcessRecords, "write", full)

    async def script(device: Device) -> None:
        answer = await device.start()
        assert answer["code"] == "not_started"
        assert "No space left" in answer["error"]
        await gone()

    on_device(tmp_path, script)


def test_one_that_is_closed_before_it_started_does_not_start(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        starting = asyncio.create_task(device.start())
        await asyncio.sleep(0)
        await device.sessions.end(GATEWAY, "s1")
        assert not (await starting)["success"]
        assert device.sessions.reports(GATEWAY) == []

    on_device(tmp_path, script)


def test_no_more_than_the_limit_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TERMINALS", 2)

    async def script(device: Device) -> None:
        assert (await device.start("s1"))["success"]
        assert (await device.start("s2"))["success"]
        answer = await device.start("s3")
        assert (answer["success"], answer["code"]) == (False, "too_many_terminals")
        await device.sessions.end(GATEWAY, "s1")
        assert (await device.start("s3"))["success"], "what has ended does not count"

    on_device(tmp_path, script)


def test_fifty_at_once_each_have_their_own_shell(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        names = [f"s{number}" for number in range(50)]
        seen = {name: await device.ready(name, f"v-{name}") for name in names}
        for name in names:
            device.type(f"echo I am {name}.\n", name, f"v-{name}")
        for name, one in seen.items():
            await one.until(f"I am {name}.".encode())

    on_device(tmp_path, script)


# Bytes.


def test_every_byte_arrives_as_it_was_printed_with_the_exit_code_after_it(tmp_path: Path) -> None:
    data = os.urandom(20 << 20)
    (tmp_path / "data").write_bytes(data)

    async def script(device: Device) -> None:
        seen = await device.ready()
        before = len(seen.output)
        device.type(f"exec sh -c 'stty raw; cat {tmp_path / 'data'}; exit 7'\n")
        assert (await seen.exit())["exit_code"] == 7
        printed = seen.output[before:]
        assert hashlib.sha256(printed).hexdigest() == hashlib.sha256(data).hexdigest()
        assert device.link.largest <= wire.CHUNK
        assert seen.resets == 0

    on_device(tmp_path, script)


def test_characters_of_several_bytes_are_not_harmed(tmp_path: Path) -> None:
    text = "Ä日本語🙂é" * 100_000
    (tmp_path / "data").write_text(text, encoding="utf-8")

    async def script(device: Device) -> None:
        seen = await device.ready()
        before = len(seen.output)
        device.type(f"exec sh -c 'stty raw; cat {tmp_path / 'data'}'\n")
        await seen.exit()
        assert bytes(seen.output[before:]).decode() == text

    on_device(tmp_path, script)


def test_a_large_paste_arrives_whole_and_in_order(tmp_path: Path) -> None:
    paste = os.urandom(1 << 20).hex()[: 1 << 20]

    async def script(device: Device) -> None:
        seen = await device.ready()
        device.type(f"stty raw; printf go; head -c {len(paste)} | sha256sum\n")
        await seen.until(b"go")
        device.type(paste)
        await seen.until(hashlib.sha256(paste.encode()).hexdigest().encode())

    on_device(tmp_path, script)


def test_input_that_is_never_read_is_refused_and_said_and_holds_up_no_other_terminal(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        stuck = await device.ready("stuck", "x")
        device.type("stty raw; printf go; sleep 1000\n", "stuck", "x")
        await stuck.until(b"go")
        for _ in range(6):
            device.type("x" * (1 << 20), "stuck", "x")
        device.type("a small piece that would fit", "stuck", "x")
        assert "does not read" in await stuck.notice()
        assert len(stuck.notices) == 1, "it is said once, and no piece is taken behind a hole"
        other = await device.ready("other", "y")
        device.type("echo I still an''swer\n", "other", "y")
        await other.until(b"I still answer")

    on_device(tmp_path, script)


def test_the_last_output_and_the_exit_status_are_never_lost(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        for number in range(40):
            name = f"s{number}"
            assert (await device.start(name))["success"]
            seen = device.look("v", name)
            device.type(f"stty -echo; exec sh -c 'printf last-%d {number}; exit {number % 7}'\n", name, "v")
            assert (await seen.exit())["exit_code"] == number % 7
            assert seen.output.endswith(f"last-{number}".encode())

    on_device(tmp_path, script)


def test_a_shell_that_is_killed_is_told_by_its_signal(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        seen = await device.ready()
        device.type("kill -9 $$\n")
        assert (await seen.exit())["exit_code"] == -signal.SIGKILL
        assert device.sessions.reports(GATEWAY)[0].ended

    on_device(tmp_path, script)


# Viewers.


def test_a_viewer_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        seen = await device.ready()
        device.tell(wire.DETACH, viewer="a")
        cursor = seen.cursor
        other = device.look("b")
        device.type("seq 1 20000; echo do''ne\n", viewer="b")
        await other.until(b"done")
        again = device.look("a", since=cursor)
        again.cursor = cursor
        await again.until(b"done")
        assert seen.output + again.output == other.output

    on_device(tmp_path, script)


def test_two_viewers_see_the_same(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        first = await device.ready()
        second = device.look("b")
        device.type("seq 1 30000; echo do''ne\n", viewer="b")
        await first.until(b"done")
        await second.until(b"done")
        assert first.output == second.output

    on_device(tmp_path, script)


def test_without_credit_a_viewer_gets_its_window_and_the_program_waits(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        await device.ready()
        device.tell(wire.DETACH, viewer="a")
        slow = device.look("slow", shows=False)
        device.type(f"seq 1 1000000; touch {tmp_path / 'over'}\n", viewer="slow")
        last, until = -1, time.monotonic() + LIVENESS
        while len(slow.output) != last and time.monotonic() < until:
            last = len(slow.output)
            await asyncio.sleep(0.3)
        assert wire.WINDOW - wire.CHUNK <= len(slow.output) <= wire.WINDOW
        assert not (tmp_path / "over").exists(), "seq waits"
        while not slow.output.endswith(b"1000000\r\n"):
            device.tell(wire.CREDIT, viewer="slow", offset=slow.cursor)
            slow.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await slow.changed.wait()
        assert slow.resets == 0, "a flood does not outrun its only viewer"
        numbers = slow.output[slow.output.index(b"1\r\n2\r\n") :]
        assert numbers == b"".join(b"%d\r\n" % number for number in range(1, 1_000_001))

    on_device(tmp_path, script)


def test_a_viewer_that_shows_nothing_slows_nobody_and_starts_over_when_it_fell_behind(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        quick = await device.ready()
        slow = device.look("slow", shows=False)
        device.type("seq 1 1500000; echo do''ne\n")
        await quick.until(b"done")
        assert slow.cursor <= wire.WINDOW
        device.tell(wire.CREDIT, viewer="slow", offset=slow.cursor)
        slow.shows = True
        while not slow.output.endswith(quick.output[-1000:]):
            device.tell(wire.CREDIT, viewer="slow", offset=slow.cursor)
            slow.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await slow.changed.wait()
        assert slow.resets == 1
        assert quick.output.endswith(slow.output), "from there on, it misses nothing"

    on_device(tmp_path, script)


def test_a_stalled_viewer_no_longer_holds_up_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wegent_jupyter.executor.terminals import terminal

    monkeypatch.setattr(viewer_module, "STALLED_SECONDS", 0.2)
    monkeypatch.setattr(terminal, "STALLED_SECONDS", 0.2)

    async def script(device: Device) -> None:
        await device.ready()
        device.tell(wire.DETACH, viewer="a")
        device.look("stalled", shows=False)
        over = tmp_path / "over"
        device.type(f"seq 1 1000000; touch {over}\n", viewer="stalled")
        async with asyncio.timeout(LIVENESS):
            while not over.exists():
                await asyncio.sleep(0.02)

    on_device(tmp_path, script)


def test_it_runs_on_while_nobody_looks(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        await device.ready()
        over = tmp_path / "over"
        device.type(f"sleep 0.2; seq 1 1000000; touch {over}\n")
        device.tell(wire.DETACH, viewer="a")
        async with asyncio.timeout(LIVENESS):
            while not over.exists():
                await asyncio.sleep(0.02)
        late = device.look("late")
        await late.until(b"1000000\r\n")
        assert late.resets == 1, "the beginning is no longer kept"
        assert len(late.output) <= wire.RING_BYTES * 9 // 8 + 100

    on_device(tmp_path, script)


def test_the_focused_viewer_sets_the_size(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        seen = await device.ready()

        async def size() -> bytes:
            start = len(seen.output)
            device.type("stty size; echo do''ne\n", viewer="")  # from nobody: typing takes the focus
            await seen.until(b"done", start)
            return bytes(seen.output[start:].split(b"\r\n")[0])

        device.tell(wire.RESIZE, viewer="a", rows=30, cols=100, focus=True)
        assert await size() == b"30 100"
        device.look("b", rows=10, cols=20)
        device.tell(wire.RESIZE, viewer="b", rows=11, cols=21)
        assert await size() == b"30 100", "b is not focused"
        device.tell(wire.RESIZE, viewer="b", rows=12, cols=22, focus=True)
        assert await size() == b"12 22"
        device.tell(wire.RESIZE, viewer="a", rows=31, cols=101)
        assert await size() == b"12 22"
        device.type("true\n", viewer="a")
        assert await size() == b"31 101", "who types is there"
        device.tell(wire.DETACH, viewer="a")
        device.link.viewers.pop("a")
        device.look("c")
        device.link.viewers["b"] = seen
        assert b"12 22" in (await size_after(device, device.link.viewers["c"]))

    async def size_after(device: Device, seen: Seen) -> bytes:
        device.type("stty size; echo ov''er\n", viewer="")
        await seen.until(b"over")
        return bytes(seen.output)

    on_device(tmp_path, script)


def test_only_the_focused_viewer_is_asked_what_programs_ask_a_terminal(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        first = await device.ready()
        second = device.look("b")
        device.type("printf 'x\\033[6ny\\n'; echo do''ne\n")
        await first.until(b"done")
        await second.until(b"done")
        assert b"x\x1b[6ny" in first.output
        assert b"xy" in second.output
        late = device.look("c")
        await late.until(b"done")
        assert b"\x1b[6n" not in late.output, "nobody waits for an answer any more"

    on_device(tmp_path, script)


# Its end.


def test_all_that_it_started_ends_with_it(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        seen = await device.ready()
        device.type("trap '' HUP TERM; (trap '' HUP TERM INT; setsid sleep 1000 &) ; sleep 1001 & echo do''ne\n")
        await seen.until(b"done")
        assert len(await asyncio.to_thread(marked, {"s1"})) >= 3
        await device.sessions.end(GATEWAY, "s1")
        assert (await seen.exit())["reason"] == "closed"
        await gone()
        assert list(device.records.iterdir()) == []

    on_device(tmp_path, script)


def test_what_a_killed_executor_left_is_ended_by_the_next_start(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        await device.ready()
        guard = psutil.Process(next(iter(await asyncio.to_thread(marked, {"s1"}))).pid)
        assert guard.is_running()
        assert len(list(device.records.iterdir())) == 1
        swept = await asyncio.to_thread(ProcessRecords(device.records).sweep)
        assert guard.pid in swept or swept
        await gone()

    on_device(tmp_path, script)


def test_one_that_nobody_uses_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0.05)

    async def script(device: Device) -> None:
        await device.ready()
        await asyncio.sleep(0.6)
        assert not device.sessions.reports(GATEWAY)[0].ended, "somebody looks"
        device.tell(wire.DETACH, viewer="a")
        await gone()
        assert (await device.look("b").exit())["reason"] == "unused"

    on_device(tmp_path, script, WEGENT_TERMINAL_IDLE_SECONDS="0.3")


def test_a_program_in_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0.05)

    async def script(device: Device) -> None:
        seen = await device.ready()
        assert [one.busy for one in device.sessions.reports(GATEWAY)] == [False]
        device.type("sh -c 'echo run''ning; exec cat'\n")
        await seen.until(b"running\r\n")  # what a shell itself runs at its start is over
        await _reported(device, lambda report: bool(report["busy"]))
        assert device.sessions.busy, "and so it is not ended for nobody asking"
        device.type("\x03")
        await _reported(device, lambda report: not report["busy"])
        device.type("exit 3\n")
        await seen.exit()
        await _reported(device, lambda report: report["ended"] and report["exit_code"] == 3)

    on_device(tmp_path, script)


async def _reported(device: Device, wanted: Callable[[dict[str, Any]], bool]) -> None:
    async with asyncio.timeout(LIVENESS):
        while not (device.link.reports and wanted(device.link.reports[-1])):
            device.link.reported.clear()
            await device.link.reported.wait()


def test_ctrl_c_silences_a_flood_at_once(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        seen = await device.ready()
        device.type("yes\n")
        await seen.until(b"y\r\n" * 100_000)
        before = len(seen.output)
        device.type("\x03")
        device.type("echo qui''et\n")
        at = await seen.until(b"quiet", before)
        assert at - before < 2 * wire.WINDOW

    on_device(tmp_path, script)


@pytest.mark.timeout(400)  # five hundred shells, under their guards
def test_no_descriptor_is_left_open_over_many_terminals(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        await device.ready()
        await device.sessions.end(GATEWAY, "s1")
        before = len(list(Path("/proc/self/fd").iterdir()))
        for number in range(500):
            assert (await device.start("s1"))["success"]
            if number % 10 == 0:
                device.look("v").shows = True
            await device.sessions.end(GATEWAY, "s1")
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2

    on_device(tmp_path, script)


def test_terminals_of_one_gateway_are_nothing_to_another(tmp_path: Path) -> None:
    async def script(device: Device) -> None:
        await device.ready()
        assert device.sessions.reports("other") == []
        assert not device.sessions.has("other", "s1")
        await device.sessions.end("other", "s1")
        assert device.sessions.open

    on_device(tmp_path, script)
