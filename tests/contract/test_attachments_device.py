"""What a person attaches is on the device before the agent starts, whole and private; else the turn says why."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Faults
from tests.support.world import OWNER, World
from wegent_jupyter.executor import attachments as device
from wegent_jupyter.executor.agents.acp import AcpDriver
from wegent_jupyter.executor.agents.base import AgentFailed, Emit, Run
from wegent_jupyter.executor.attachments import Attachments
from wegent_jupyter.executor.policy import verdict
from wegent_jupyter.gateway import attachments as gateway
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import Attachment, Mode
from wegent_jupyter.protocol.attachments import READ, NewAttachment
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.events import Ended
from wegent_jupyter.protocol.states import TurnState

MODES: list[Mode] = ["plan", "ask", "edits", "full"]
KEY = ("gateway", 7)


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


async def attach(world: World, **files: bytes) -> list[int]:
    """Upload files; returns their ids."""
    assert world.gateway is not None
    made = [
        await world.gateway.attachments.add(OWNER, NewAttachment(name=name, type="text/plain"), data)
        for name, data in files.items()
    ]
    return [one.id for one in made]


def fetched(world: World) -> dict[str, bytes]:
    """Return the files that are on the device, by name."""
    found = [one for one in (world.first.home / "attachments").rglob("*") if one.is_file()]
    return {one.name: one.read_bytes() for one in found}


def test_attachments_are_there_before_the_agent_starts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            data = os.urandom((2 << 20) + 17)
            ids = await attach(world, **{"big.bin": data, "a b.txt": b"text\n", "empty": b""})
            assert world.gateway is not None
            again = await world.gateway.attachments.add(OWNER, NewAttachment(name="A B.txt"), b"other\n")
            prompt = f"!bash ls -la {world.first.home}/attachments/*/*/; cat {world.first.home}/attachments/*/*/*.txt"
            task = await world.submit(prompt, attachments=[*ids, again.id])
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED, turn.error
            transcript = await world.transcript(task)
            [tool] = [one for one in transcript.items(turn) if one["kind"] == "tool"]
            assert tool["output"].endswith("other\ntext\n"), tool["output"]
            files = fetched(world)
            assert files == {"big.bin": data, "a b.txt": b"text\n", "empty": b"", "A B-2.txt": b"other\n"}
            [folder] = (world.first.home / "attachments" / str(task)).iterdir()
            assert folder.name == str(turn.attempt_id)
            assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    asyncio.run(scenario())


def test_the_agent_is_told_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        prompts: list[str] = []
        real = AcpDriver.run

        async def listening(driver: AcpDriver, run: Run, emit: Emit) -> Ended:
            prompts.append(run.prompt)
            return await real(driver, run, emit)

        monkeypatch.setattr(AcpDriver, "run", listening)
        async with World(tmp_path) as world:
            [one] = await attach(world, **{"notes.md": b"x" * 1234})
            task = await world.submit("!say yes", attachments=[one])
            turn = await world.finish(task)
            path = world.first.home / "attachments" / str(task) / str(turn.attempt_id) / "notes.md"
            told = f"!say yes\n\nAttached files, on this device:\n- {path} (text/plain, 1,234 bytes)"
            assert prompts == [told]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "faults",
    [Faults(seed=1, drop=0.1), Faults(seed=2, duplicate=0.3), Faults(seed=3, cut=0.03), Faults(seed=4, reorder=0.1)],
    ids=["drops", "duplicates", "cuts", "reorders"],
)
def test_a_bad_connection_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: Faults) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(wire, "CALL_SECONDS", 0.3)
        monkeypatch.setattr(gateway, "CHUNK", 1_000)
        monkeypatch.setattr(device, "RETRY_SECONDS", 0.01)
        monkeypatch.setattr("wegent_jupyter.executor.device.REGISTER_SECONDS", 0.5)
        monkeypatch.setattr("wegent_jupyter.executor.sender.RESEND_SECONDS", 0.2)
        monkeypatch.setattr("wegent_jupyter.gateway.dispatch.RETRY_SECONDS", 0.05)
        async with World(tmp_path, faults) as world:
            data = os.urandom(40_000)
            task = await world.submit("!say done", attachments=await attach(world, file=data))
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED, turn.error
            assert fetched(world) == {"file": data}

    asyncio.run(scenario())


def test_what_cannot_be_fetched_fails_the_turn_before_the_agent_starts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            ids = await attach(world, here=b"x", gone=b"y")
            (tmp_path / "attachments" / str(ids[1])).unlink()
            task = await world.submit("!say never", attachments=ids)
            turn = await world.finish(task)
            assert turn.error is not None
            assert (turn.state, turn.error.code) == (TurnState.FAILED, "attachment_failed")
            assert "gone" in turn.error.message
            assert (await world.transcript(task)).text(turn) == ""

    asyncio.run(scenario())


def test_a_stop_ends_the_wait_for_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(gateway, "CHUNK", 10)
        async with World(tmp_path) as world:
            task = await world.submit("!say never", attachments=await attach(world, file=b"x" * 100_000))

            await world.reach(task, TurnState.RUNNING)
            await world.until(lambda: _there(world), "it is being fetched")
            world.connect = False
            world.cut()
            await world.cancel(task)
            world.connect = True
            assert (await world.finish(task)).state is TurnState.CANCELLED
            assert fetched(world) == {}, "nothing half done is left"

    asyncio.run(scenario())


async def _there(world: World) -> bool:
    return any((world.first.home / "attachments").rglob("file"))


@pytest.fixture
def full_disk() -> Iterator[Callable[[], None]]:
    """Let this process write no file of more than 100,000 bytes, which fails as a full disk does."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


class Gateway:
    """A gateway that answers with what a test says, on a connection that a test ends."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.closed = False

    async def emit(self, event: str, data: dict[str, Any]) -> None:
        raise AssertionError(event)

    async def call(self, event: str, data: dict[str, Any], timeout: float) -> Any:
        assert event == READ
        self.asked.append(data)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self, reason: str) -> None:
        self.closed = True


def part(data: bytes, *, eof: bool = False) -> dict[str, Any]:
    return {"success": True, "data": data, "eof": eof}


def fetch(home: Path, size: int, *answers: Any) -> tuple[str, Gateway]:
    """Fetch one attachment from a gateway that answers like this."""

    async def scenario() -> tuple[str, Gateway]:
        peer, attachments = Gateway(*answers), Attachments(home)
        attachments.connected(peer, KEY[0])
        one = Attachment(id=3, name="file", type="text/plain", size=size)
        return await attachments.fetch(KEY, 5, [one]), peer

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([part(b"1234", eof=True)], "shorter"),
        ([part(b"12345"), part(b"")], "shorter"),
        ([part(b"1" * 11)], "longer"),
        ([part(b"12345"), part(b"1" * 6)], "longer"),
        ([{"success": False, "message": "Attachment not found"}], "Attachment not found"),
        (["nonsense"], "makes no sense"),
        ([{"error": "Event attachment:read is not supported"}], "makes no sense"),
        ([{"success": True, "data": 7}], "makes no sense"),
    ],
)
def test_an_answer_that_is_not_what_was_announced_is_refused(tmp_path: Path, answers: list[Any], why: str) -> None:
    with pytest.raises(AgentFailed, match=why) as failed:
        fetch(tmp_path, 10, *answers)
    assert failed.value.error.code == "attachment_failed"
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_an_unanswered_question_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "RETRY_SECONDS", 0.0)
    told, peer = fetch(tmp_path, 10, Unanswered(), part(b"12345"), NotSent(), Unanswered(), part(b"67890", eof=True))
    assert [one["offset"] for one in peer.asked] == [0, 0, 5, 5, 5]
    assert (tmp_path / "attachments" / "5" / "7" / "file").read_bytes() == b"1234567890"
    assert str(tmp_path / "attachments" / "5" / "7" / "file") in told


def test_another_gateway_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attachment of one gateway's turn is none of another's, even if that one is connected meanwhile."""
    monkeypatch.setattr(device, "RETRY_SECONDS", 0.0)

    async def scenario() -> None:
        attachments, other, own = Attachments(tmp_path), Gateway(), Gateway(part(b"own", eof=True))
        attachments.connected(other, "another")
        one = Attachment(id=3, name="file", type="text/plain", size=3)
        fetching = asyncio.create_task(attachments.fetch(KEY, 5, [one]))
        for _ in range(100):
            await asyncio.sleep(0)
        attachments.disconnected()
        attachments.connected(own, KEY[0])
        await fetching
        assert (other.asked, len(own.asked)) == ([], 1)

    asyncio.run(scenario())


def test_a_full_disk_fails_the_turn_and_leaves_nothing(tmp_path: Path, full_disk: Callable[[], None]) -> None:
    full_disk()
    with pytest.raises(AgentFailed, match="could not be stored") as failed:
        fetch(tmp_path, 200_000, part(b"x" * 100_000), part(b"x" * 100_000, eof=True))
    assert failed.value.error.code == "device_storage"
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        attachments = Attachments(tmp_path)
        attachments.connected(Gateway(*[part(b"x", eof=True)] * 5), KEY[0])
        names = ["../../../out", "/etc/passwd", ".", "..", "nul\0\n"]
        await attachments.fetch(KEY, 5, [Attachment(id=3, name=name, type="a/b", size=1) for name in names])

    asyncio.run(scenario())
    folder = tmp_path / "attachments" / "5" / "7"
    assert len(list(folder.iterdir())) == 5
    assert {one.parent for one in tmp_path.rglob("*") if one.is_file()} == {folder}


def test_attachments_may_be_read_in_every_mode_and_not_edited(tmp_path: Path) -> None:
    work, given = tmp_path / "work", tmp_path / "executor" / "attachments" / "5"
    work.mkdir()
    given.mkdir(parents=True)
    inside, others = [given / "7" / "file"], [given.parent / "6" / "7" / "file"]
    (given / "link").symlink_to(tmp_path)

    def said(kind: str, paths: list[Path]) -> list[str]:
        return [verdict(mode, kind, paths, work, tmp_path / "executor", given) for mode in MODES]

    assert said("read", inside) == ["allow"] * 4
    assert said("read", others) == ["ask"] * 3 + ["allow"]
    assert said("read", [given / "link" / "secret"]) == ["ask"] * 3 + ["allow"]
    assert said("edit", inside) == ["deny", "ask", "ask", "allow"]


def test_old_attachments_go_and_those_of_a_live_task_stay(tmp_path: Path) -> None:
    for task in ("1", "2"):
        (tmp_path / "attachments" / task / "7").mkdir(parents=True)
        (tmp_path / "attachments" / task / "7" / "file").write_text("x")
    os.utime(tmp_path / "attachments" / "1", (1, 1))
    fetch(tmp_path, 1, part(b"x", eof=True))
    assert sorted(one.name for one in (tmp_path / "attachments").iterdir()) == ["2", "5"]
