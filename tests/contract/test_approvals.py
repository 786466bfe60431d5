"""What agents ask and people answer, over every kind of channel."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Faults
from tests.support.world import OWNER, Watcher, World
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.states import TurnState

CHANNELS = {
    "good": Faults(),
    "dropping": Faults(seed=1, drop=0.2),
    "duplicating": Faults(seed=2, duplicate=0.5),
    "cutting": Faults(seed=3, cut=0.05),
    "everything": Faults(seed=4, drop=0.1, duplicate=0.2, delay=0.2, cut=0.02),
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make what was lost be sent again soon."""
    for name in ("gateway.approvals.RETRY_SECONDS", "gateway.dispatch.RETRY_SECONDS", "executor.sender.RESEND_SECONDS"):
        monkeypatch.setattr(f"wegent_jupyter.{name}", 0.05)
    for name in ("CALL_SECONDS", "HEARTBEAT_SECONDS"):
        monkeypatch.setattr(f"wegent_jupyter.protocol.wire.{name}", 0.5)


def test_a_write_waits_for_a_person_and_happens_once_allowed(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write hello.txt hi", mode="ask")
            approval = await world.asked(task)
            detail = await world.detail(task)
            hello = Path(detail.workspace or "") / "hello.txt"
            assert not hello.exists()
            assert detail.waiting == 1
            assert approval.title == "Write hello.txt"
            assert approval.workspace == detail.workspace
            assert approval.diffs == [{"path": str(hello), "old": None, "new": "hi"}]
            assert approval.scope == "edits of files in this folder"
            await world.decide(approval)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert hello.read_text() == "hi"
            assert (await world.detail(task)).waiting == 0

    asyncio.run(script())


def test_a_denied_write_does_not_happen_and_the_agent_hears_why(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write hello.txt hi\n!say done", mode="ask")
            await world.decide(await world.asked(task), "deny", reason="not in this folder")
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED
            items = (await world.transcript(task)).items(turn)
            tool = next(item for item in items if item["kind"] == "tool")
            assert tool["status"] == "failed"
            assert "not in this folder" in tool["output"]
            assert not (Path((await world.detail(task)).workspace or "") / "hello.txt").exists()

    asyncio.run(script())


def test_what_was_allowed_for_the_task_is_not_asked_again_even_after_a_restart(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write a.txt 1\n!write b.txt 2", mode="ask")
            await world.decide(await world.asked(task), "allow_task")
            assert (await world.finish(task)).state is TurnState.COMPLETED
            await world.stop_device()
            await world.start_device()
            assert world.gateway is not None
            await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="!write c.txt 3\n!bash true"))
            approval = await world.asked(task)
            assert approval.tool == "execute", "only the command is asked for, the edits were allowed"
            await world.decide(approval)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            folder = Path((await world.detail(task)).workspace or "")
            assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b.txt", "c.txt"]

    asyncio.run(script())


def test_another_task_does_not_profit_from_what_was_allowed_for_one(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            first = await world.submit("!write a.txt 1", mode="ask")
            await world.decide(await world.asked(first), "allow_task")
            await world.finish(first)
            second = await world.submit("!write a.txt 1", mode="ask")
            await world.asked(second)
            await world.cancel(second)
            assert (await world.finish(second)).state is TurnState.CANCELLED

    asyncio.run(script())


def test_the_first_answer_wins(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write hello.txt hi", mode="ask")
            approval = await world.asked(task)
            answers = await asyncio.gather(
                world.decide(approval, "deny"), world.decide(approval), return_exceptions=True
            )
            late = answers[1]
            assert isinstance(late, Conflict)
            assert late.code == "already_decided"
            turn = await world.finish(task)
            assert not (Path((await world.detail(task)).workspace or "") / "hello.txt").exists()
            with pytest.raises(Conflict, match="denied"):
                await world.decide(approval)
            shown = [item for item in (await world.transcript(task)).items(turn) if item["kind"] == "approval"]
            assert [item["approval"]["state"] for item in shown] == ["denied"]

    asyncio.run(script())


def test_an_approval_is_only_there_for_its_owner(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!bash true", mode="ask")
            approval = await world.asked(task)
            assert world.gateway is not None
            allow = api.Decision(decision="allow")
            for owner, wanted in (("bob", approval.id), (OWNER, "1.1"), ("bob", "1.1")):
                with pytest.raises(NotFound):
                    await world.gateway.approvals.decide(owner, wanted, allow)
            assert world.gateway.approvals.open("bob") == []
            assert [one.id for one in world.gateway.approvals.open(OWNER)] == [approval.id]
            await world.decide(approval)
            assert (await world.finish(task)).state is TurnState.COMPLETED

    asyncio.run(script())


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ({"decision": "allow", "input": {"command": "false"}}, "not_editable"),
        ({"decision": "allow_task"}, None),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_changes_nothing(
    tmp_path: Path, decision: dict[str, Any], code: str | None
) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!bash true", mode="ask")
            approval = await world.asked(task)
            if code is not None:
                with pytest.raises(Refused) as refused:
                    await world.decide(approval, **decision)
                assert refused.value.code == code
                assert world.asking(task) == [approval]
                await world.decide(approval)
            else:
                await world.decide(approval, **decision)
            assert (await world.finish(task)).state is TurnState.COMPLETED

    asyncio.run(script())


def test_a_question_of_the_agent_is_answered_with_one_of_its_choices(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!ask Which colour? | red | green", mode="full")
            approval = await world.asked(task)
            assert approval.asks == "question"
            assert [one.label for one in approval.questions[0].options] == ["red", "green"]
            for answers, code in ((None, "unanswered"), ({approval.questions[0].question: "blue"}, "not_offered")):
                with pytest.raises(Refused) as refused:
                    await world.decide(approval, answers=answers)
                assert refused.value.code == code
            await world.decide(approval, answers={approval.questions[0].question: "green"})
            turn = await world.finish(task)
            assert "You chose green" in (await world.transcript(task)).text(turn)

    asyncio.run(script())


@pytest.mark.parametrize(
    ("mode", "prompt", "asks"),
    [
        ("ask", "!write a.txt 1", True),
        ("ask", "!bash true", True),
        ("edits", "!write a.txt 1", False),
        ("edits", "!write .git/hooks/pre-commit x", True),
        ("edits", "!bash true", True),
        ("full", "!write a.txt 1", False),
        ("full", "!bash true", False),
    ],
)
def test_the_mode_says_what_is_asked(tmp_path: Path, mode: str, prompt: str, asks: bool) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit(prompt, mode=mode)
            if asks:
                await world.decide(await world.asked(task))
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED
            shown = [item for item in (await world.transcript(task)).items(turn) if item["kind"] == "approval"]
            assert len(shown) == int(asks)

    asyncio.run(script())


def test_stop_withdraws_what_is_asked(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write a.txt 1", mode="ask")
            approval = await world.asked(task)
            await world.cancel(task)
            turn = await world.finish(task)
            assert turn.state is TurnState.CANCELLED
            with pytest.raises(Conflict) as late:
                await world.decide(approval)
            assert late.value.code == "withdrawn"
            shown = [item for item in (await world.transcript(task)).items(turn) if item["kind"] == "approval"]
            assert [item["approval"]["state"] for item in shown] == ["withdrawn"]

    asyncio.run(script())


def test_an_approval_survives_a_restart_of_the_gateway(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write a.txt 1", mode="ask")
            approval = await world.asked(task)
            await world.stop_gateway()
            await world.start_gateway()
            assert world.asking(task) == [approval]
            await world.decide(approval)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert (Path((await world.detail(task)).workspace or "") / "a.txt").exists()

    asyncio.run(script())


def test_an_answer_given_while_the_device_is_away_reaches_it_when_it_is_back(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write a.txt 1", mode="ask")
            approval = await world.asked(task)
            world.connect = False
            world.cut()
            await world.decide(approval)
            await world.stop_gateway()
            await world.start_gateway()
            world.connect = True
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert (Path((await world.detail(task)).workspace or "") / "a.txt").read_text() == "1"

    asyncio.run(script())


def test_an_approval_expires_with_its_executor_and_says_so(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!write a.txt 1", mode="ask")
            approval = await world.asked(task)
            await world.stop_device()
            await world.start_device()
            turn = await world.finish(task)
            assert turn.state is TurnState.FAILED
            with pytest.raises(Conflict) as late:
                await world.decide(approval)
            assert late.value.code == "expired"
            shown = [item for item in (await world.transcript(task)).items(turn) if item["kind"] == "approval"]
            assert [item["approval"]["state"] for item in shown] == ["expired"]

    asyncio.run(script())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_approval_is_asked_once_and_answered_once_over_any_channel(tmp_path: Path, channel: str) -> None:
    async def script() -> None:
        async with World(tmp_path, CHANNELS[channel]) as world:
            task = await world.submit("\n".join(f"!write {name}.txt {name}" for name in "abcdef"), mode="ask")
            watcher = Watcher(world, task)
            await watcher.join()
            for number in range(6):
                approval = await world.asked(task)
                await world.decide(approval, "deny" if number % 2 else "allow")
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED
            folder = Path((await world.detail(task)).workspace or "")
            assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "c.txt", "e.txt"]
            shown = [item for item in (await world.transcript(task)).items(turn) if item["kind"] == "approval"]
            states = [item["approval"]["state"] for item in shown]
            assert states == ["allowed", "denied"] * 3

    asyncio.run(script())


def test_five_approvals_fill_five_slots_and_the_sixth_task_waits(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            tasks = [await world.submit("!write a.txt 1", mode="ask") for _ in range(6)]
            for task in tasks[:5]:
                await world.asked(task)
            assert world.gateway is not None
            device = world.gateway.show_devices(OWNER)[0]
            assert (device.slot_used, device.queued) == (5, 1)
            assert all(one.waiting for one in device.running_tasks)
            assert await world.state(tasks[5]) is TurnState.QUEUED
            assert (await world.detail(tasks[5])).queue_reason == "waiting_for_you"
            await world.decide(world.asking(tasks[0])[0])
            await world.asked(tasks[5])
            for task in tasks[1:]:
                await world.decide(await world.asked(task))
            for task in tasks:
                assert (await world.finish(task)).state is TurnState.COMPLETED

    asyncio.run(script())


def test_continue_takes_up_the_session_of_what_failed(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!slow 1000 0.05")
            await world.reach(task, TurnState.RUNNING)
            await world.until(lambda: _said(world, task), "it says something")
            await world.stop_device()
            await world.start_device()
            failed = await world.finish(task)
            assert failed.state is TurnState.FAILED
            assert world.gateway is not None
            turn = await world.gateway.continue_task(OWNER, task)
            assert turn.prompt == "Continue where you were interrupted."
            assert (await world.finish(task)).state is TurnState.COMPLETED
            text = (await world.transcript(task)).text((await world.detail(task)).turn_list[-1])
            assert "message 2 of this conversation" in text
            with pytest.raises(Conflict):
                await world.gateway.continue_task(OWNER, task)

    asyncio.run(script())


def test_a_stop_that_a_device_could_not_take_yet_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that has not read the answer to its registration refuses everything from that connection."""
    monkeypatch.setattr("wegent_jupyter.gateway.dispatch.RETRY_SECONDS", 0.05)

    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!slow 1000 0.05")
            await world.until(lambda: _said(world, task), "it says something")
            device = world.device
            assert device is not None
            real, device._channel = device._channel, None
            stopping = asyncio.create_task(world.cancel(task))
            await asyncio.sleep(0)
            await stopping
            device._channel = real
            assert (await world.finish(task)).state is TurnState.CANCELLED

    asyncio.run(script())


def test_continue_repeats_the_message_of_a_turn_that_had_no_session(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!say hello", mode="ask", workspace={"path": str(tmp_path)})
            await world.finish(task)
            assert world.gateway is not None
            entry = await world.gateway.tasks.entry(OWNER, task)
            entry.places[world.device_id].session = None
            await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="!error 500"))
            assert (await world.finish(task)).state is TurnState.FAILED
            entry.places[world.device_id].session = None
            turn = await world.gateway.continue_task(OWNER, task)
            assert turn.prompt == "!error 500"
            await world.finish(task)

    asyncio.run(script())


@pytest.mark.parametrize("depth", [70, 210, 300])
def test_an_approval_that_is_nested_deeply_is_kept_and_read_again(tmp_path: Path, depth: int) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!slow 1000 0.05")
            turn = await world.reach(task, TurnState.RUNNING)
            assert world.device is not None
            assert world.gateway is not None
            nested: Any = "half a pair: \ud800"
            for _ in range(depth):
                nested = [nested]
            item = {"approval_id": f"{turn.attempt_id}.1", "title": "x", "input": nested}
            block = {"type": "approval", "item": {"item_id": "approval-1", "index": 9, **item}}
            runner = world.device.runner
            key = (world.gateway.id, turn.attempt_id or 0)
            last = runner._journal.append(key, [("response.block.created", {"block": block})], ended=False)
            runner._sender.appended(key, last)
            shown = await world.asked(task)
            assert api.ApprovalList(items=[shown], total=1).model_dump_json()
            await world.stop_gateway()
            await world.start_gateway()
            assert world.asking(task) == [shown]
            await world.cancel(task)
            assert (await world.finish(task)).state is TurnState.CANCELLED

    asyncio.run(script())


def test_an_agent_that_takes_no_messages_while_it_works_says_so(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!slow 1000 0.05")
            await world.reach(task, TurnState.RUNNING)
            assert world.gateway is not None
            with pytest.raises(Conflict) as refused:
                await world.gateway.steer(OWNER, task, api.Steer(prompt="and faster"))
            assert refused.value.code == "not_steerable"
            assert refused.value.fix is not None
            await world.cancel(task)
            await world.finish(task)

    asyncio.run(script())


async def _said(world: World, task: int) -> bool:
    return any(event.type == "delta" for event in await world.stored(task))


def test_a_turn_that_counted_as_lost_is_found_again_when_its_device_comes_back(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path, reconnect_window=0.1) as world:
            task = await world.submit("!write a.txt 1\n!say end", mode="ask")
            approval = await world.asked(task)
            world.connect = False
            world.cut()
            lost = await world.reach(task, TurnState.FAILED)
            assert lost.error is not None
            assert lost.error.code == "device_lost"
            assert await world.slots() == 0
            with pytest.raises(Conflict):
                await world.decide(approval)
            world.connect = True
            found = await world.reach(task, TurnState.RUNNING)
            assert found.corrected
            assert await world.slots() == 1
            await world.decide(await world.asked(task))
            turn = await world.finish(task)
            assert (turn.state, turn.corrected, turn.error) == (TurnState.COMPLETED, True, None)
            assert (Path((await world.detail(task)).workspace or "") / "a.txt").exists()
            assert "end" in (await world.transcript(task)).text(turn)

    asyncio.run(script())


def test_a_turn_that_ended_while_it_counted_as_lost_gets_its_true_end(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path, reconnect_window=0.1) as world:
            task = await world.submit("!slow 20 0.1\n!say end")
            await world.until(lambda: _said(world, task), "it says something")
            world.connect = False
            world.cut()
            await world.reach(task, TurnState.FAILED)
            assert world.device is not None
            device = world.device

            async def idle() -> bool:
                return device.runner.idle

            await world.until(idle, "the device has finished the turn")
            world.connect = True
            turn = await world.reach(task, TurnState.COMPLETED)
            assert turn.corrected
            transcript = await world.transcript(task)
            assert " 20" in transcript.text(turn)
            assert transcript.text(turn).endswith("end")
            assert await world.slots() == 0

    asyncio.run(script())


def test_a_stopped_turn_stays_stopped_when_its_lost_device_comes_back(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path, reconnect_window=0.1) as world:
            task = await world.submit("!slow 1000 0.05")
            await world.until(lambda: _said(world, task), "it says something")
            world.connect = False
            world.cut()
            await world.cancel(task)
            assert (await world.finish(task)).state is TurnState.CANCELLED
            world.connect = True
            assert world.device is not None
            device = world.device

            async def idle() -> bool:
                return device.runner.idle

            await world.until(idle, "the device has ended the turn")
            turn = (await world.detail(task)).turn_list[-1]
            assert (turn.state, turn.corrected) == (TurnState.CANCELLED, False)

    asyncio.run(script())


@pytest.mark.parametrize(
    "item",
    [
        {"approval_id": "1.1"},
        {"approval_id": "{attempt}.1", "questions": [{"no": "question"}]},
        {"approval_id": "{attempt}.1", "asks": "everything"},
        {"approval_id": ["{attempt}.1"]},
    ],
)
def test_a_malformed_approval_of_a_hostile_device_does_not_hold_up_its_stream(
    tmp_path: Path, item: dict[str, Any]
) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!slow 20 0.05\n!say end")
            turn = await world.reach(task, TurnState.RUNNING)
            assert world.device is not None
            assert world.gateway is not None
            given = json.loads(json.dumps(item).replace("{attempt}", str(turn.attempt_id)))
            block = {"type": "approval", "item": {"item_id": "approval-9", "index": 9, "title": "x", **given}}
            key = (world.gateway.id, turn.attempt_id or 0)
            journal, sender = world.device.runner._journal, world.device.runner._sender
            last = journal.append(key, [("response.block.created", {"block": block})], ended=False)
            sender.appended(key, last)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            transcript = await world.transcript(task)
            assert transcript.text((await world.detail(task)).turn_list[-1]).endswith("end")
            assert world.gateway.approvals.open(OWNER) == []

    asyncio.run(script())


def test_a_task_in_a_folder_where_another_one_works_says_so(tmp_path: Path) -> None:
    async def script() -> None:
        async with World(tmp_path) as world:
            shared = tmp_path / "shared"
            shared.mkdir()
            first = await world.submit("!write a.txt 1", mode="ask", workspace={"path": str(shared)})
            await world.asked(first)
            second = await world.submit("!say hello", workspace={"path": str(shared)})
            alone = await world.submit("!say hello")
            said = {}
            for task in (second, alone):
                turn = await world.finish(task)
                items = (await world.transcript(task)).items(turn)
                said[task] = [item["text"] for item in items if item["kind"] == "notice"]
            assert "Another task works in this folder" in said[second][0]
            assert said[alone] == []
            await world.cancel(first)
            await world.finish(first)

    asyncio.run(script())


def test_a_question_outlives_a_disk_of_its_device_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("recorder.RETRY_SECONDS", "sender.RESEND_SECONDS"):
        monkeypatch.setattr(f"wegent_jupyter.executor.{name}", 0.02)

    async def script() -> None:
        async with World(tmp_path) as world:
            task = await world.submit("!slow 3 0.1\n!write a.txt 1", mode="ask")
            await world.until(lambda: _said(world, task), "it says something")
            assert world.device is not None
            device = world.device
            database = device.runner._journal._db
            database.execute("PRAGMA query_only = ON")

            async def asks() -> bool:
                return any(one.run.gate.open for one in device.runner._running.values())

            await world.until(asks, "the agent asks")
            assert world.asking(task) == [], "the device could not write it down, so nobody was told"
            database.execute("PRAGMA query_only = OFF")
            await world.decide(await world.asked(task))
            assert (await world.finish(task)).state is TurnState.COMPLETED

    asyncio.run(script())
