"""Turns end to end: gateway, device link, executor, a real agent process. Over a good channel and over bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.channels import Faults, MemoryChannel
from tests.support.world import Watcher, World, folded, shown
from wegent_jupyter.executor import sender
from wegent_jupyter.gateway import dispatch
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.protocol.states import AttemptState, TurnState

CHANNELS = {
    "good": Faults(),
    "drops": Faults(seed=1, drop=0.05),
    "duplicates": Faults(seed=2, duplicate=0.2),
    "reorders": Faults(seed=3, reorder=0.1),
    "delays": Faults(seed=4, delay=0.3),
    "cuts": Faults(seed=5, cut=0.02),
    "everything": Faults(seed=6, drop=0.02, duplicate=0.05, reorder=0.05, delay=0.05, cut=0.01),
}
Make = Callable[..., World]


@pytest.fixture(params=list(CHANNELS))
def world(request: pytest.FixtureRequest, make_world: Make) -> World:
    """A world over each kind of channel."""
    faults = CHANNELS[request.param]
    return make_world(Faults(faults.seed, faults.drop, faults.duplicate, faults.reorder, faults.delay, faults.cut))


@pytest.fixture
def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    # What waits for half a minute in the real world waits for a moment here: lost messages are the point.
    monkeypatch.setattr(wire, "CALL_SECONDS", 0.3)
    monkeypatch.setattr(sender, "RESEND_SECONDS", 0.2)
    monkeypatch.setattr(dispatch, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr("wegent_jupyter.executor.device.REGISTER_SECONDS", 0.5)
    monkeypatch.setattr("wegent_jupyter.gateway.placing.WORKSPACE_SECONDS", 0.5)
    return lambda faults=None, **options: World(tmp_path, faults, **options)


def practice_text(text: str) -> str:
    return f"Practice: a scripted answer, not AI.\n\n{text}"


def test_a_turn_runs_once_and_its_whole_transcript_arrives(world: World) -> None:
    """Invariants 1 and 2: whatever the channel does, the work is done once, and all of it is seen in order."""

    async def scenario() -> None:
        async with world:
            prompt = "!think first\n!bash echo run >> runs.txt; cat runs.txt\n!slow 40 0.01\n!say the end"
            task = await world.submit(prompt)
            watcher = Watcher(world, task)
            await watcher.join()
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED, turn.error
            await watcher.wait_finished()
            detail = await world.detail(task)
            assert detail.workspace is not None
            assert (Path(detail.workspace) / "runs.txt").read_text() == "run\n"
            transcript = await world.transcript(task)
            kinds = [item["kind"] for item in transcript.items(turn)]
            assert kinds == ["message", "thought", "tool", "message", "changes"]
            words = [f"{n}" for n in range(1, 41)]
            said = transcript.text(turn)
            assert [said.index(word) for word in words] == sorted(said.index(word) for word in words)
            assert said.endswith("the end")
            assert shown(folded(watcher.events)) == shown(transcript)

    asyncio.run(scenario())


def test_positions_rise_and_never_repeat(world: World) -> None:
    async def scenario() -> None:
        async with world:
            task = await world.submit("!slow 30 0.01\n!bash seq 50\n!say done")
            watcher = Watcher(world, task)
            await watcher.join()
            await watcher.wait_finished()
            positions = [event.pos for event in watcher.events]
            assert positions == sorted(set(positions))

    asyncio.run(scenario())


def test_a_viewer_that_leaves_and_returns_at_any_point_sees_the_same(world: World) -> None:
    """Invariant 2: reload, reconnect and a second tab converge on the stored transcript."""

    async def scenario() -> None:
        async with world:
            task = await world.submit("!say one\n!slow 60 0.01\n!bash seq 200\n!say two")
            steady, hopper = Watcher(world, task, "steady"), Watcher(world, task, "hopper")
            await steady.join()
            while not hopper.finished:
                await hopper.join()
                await asyncio.sleep(0.03)
            await steady.wait_finished()
            await world.until(lambda: _compacted(world, task), "the history is compacted")
            late = Watcher(world, task, "late")
            await late.join()
            await late.wait_finished()
            expected = shown(await world.transcript(task))
            assert shown(folded(steady.events)) == expected
            assert shown(folded(hopper.events)) == expected
            assert shown(folded(late.events)) == expected
            for cut in range(0, len(steady.events), 7):
                half = folded(steady.events[:cut])
                for event in await world.stored(task, half.pos):
                    half.apply(event)
                assert shown(half) == expected

    asyncio.run(scenario())


async def _compacted(world: World, task: int) -> bool:
    return all(event.type != "delta" or event.data["offset"] == 0 for event in await world.stored(task))


def test_stop_ends_the_turn_and_every_process_of_it(world: World) -> None:
    """Invariant 6, also for what was detached."""

    async def scenario() -> None:
        async with world:
            task = await world.submit("!detach 300\n!bash sleep 301 & sleep 302\n!say never")
            turn = await world.reach(task, TurnState.RUNNING)
            await world.until(lambda: _sleeps(turn.attempt_id), "the command runs")
            await world.cancel(task)
            ended = await world.finish(task)
            assert ended.state is TurnState.CANCELLED
            assert processes_of(ended.attempt_id) == []
            assert await world.slots() == 0

    asyncio.run(scenario())


async def _sleeps(attempt_id: int | None) -> bool:
    names = []
    for process in processes_of(attempt_id):
        with contextlib.suppress(psutil.NoSuchProcess):  # one that is short, such as a shell's own
            names.append(process.name())
    return sum("sleep" in name for name in names) >= 2


def processes_of(attempt_id: int | None) -> list[psutil.Process]:
    """Return the living processes that carry an attempt's marker."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WEGENT_ATTEMPT") == str(attempt_id) and process.status() != "zombie":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_six_turns_fill_five_slots_and_the_sixth_waits_its_turn(world: World) -> None:
    async def scenario() -> None:
        async with world:
            tasks = [await world.submit("!hang") for _ in range(5)]
            for task in tasks:
                await world.reach(task, TurnState.RUNNING)
            sixth = await world.submit("!say at last")
            shown_task = await world.detail(sixth)
            assert (shown_task.state, shown_task.queue_position) == (TurnState.QUEUED, 1)
            assert world.gateway is not None
            device = world.gateway.show_devices("ann")[0]
            assert (device.status, device.slot_used, device.slot_max, device.queued) == ("busy", 5, 5, 1)
            await world.cancel(tasks[2])
            assert (await world.finish(sixth)).state is TurnState.COMPLETED
            for task in tasks:
                if task != tasks[2]:
                    await world.cancel(task)
                assert (await world.finish(task)).state is TurnState.CANCELLED
            assert await world.slots() == 0

    asyncio.run(scenario())


def test_a_follow_up_goes_on_in_the_same_conversation_and_directory(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!write a.txt one")
            await world.finish(task)
            assert world.gateway is not None
            await world.gateway.create_turn("ann", task, api.CreateTurn(prompt="!bash cat a.txt; pwd"))
            second = await world.finish(task)
            transcript = await world.transcript(task)
            [tool] = [item for item in transcript.items(second) if item["kind"] == "tool"]
            workspace = (await world.detail(task)).workspace
            assert tool["output"].startswith("one")
            assert str(workspace) in tool["output"]
            assert "message 2 of this conversation" in transcript.text(second)

    asyncio.run(scenario())


def test_at_most_one_turn_of_a_task_runs(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!bash echo first >> log; read -t 1 _ < <(sleep 5); echo first >> log")
            assert world.gateway is not None
            await world.gateway.create_turn("ann", task, api.CreateTurn(prompt="!bash echo second >> log"))
            other = await world.submit("!say another task is not held up")
            assert (await world.finish(other)).state is TurnState.COMPLETED
            detail = await world.detail(task)
            assert [turn.state for turn in detail.turn_list] == [TurnState.RUNNING, TurnState.QUEUED]
            await world.finish(task)
            detail = await world.detail(task)
            assert (Path(str(detail.workspace)) / "log").read_text().split() == ["first", "first", "second"]

    asyncio.run(scenario())


def test_a_queued_turn_is_cancelled_at_once_and_never_starts(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world(default_slots=1) as world:
            running = await world.submit("!hang")
            waiting = await world.submit("!bash touch started")
            turn = await world.cancel(waiting)
            assert turn.state is TurnState.CANCELLED
            await world.cancel(running)
            await world.finish(running)
            last = await world.submit("!say after both")
            await world.finish(last)
            assert (await world.detail(waiting)).turn_list[0].attempt_id is None

    asyncio.run(scenario())


def test_queues_are_first_in_first_out(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world(default_slots=1) as world:
            first = await world.submit("!hang")
            waiting = [await world.submit(f"!say {n}") for n in range(3)]
            positions = [(await world.detail(task)).queue_position for task in waiting]
            assert positions == [1, 2, 3]
            await world.cancel(first)
            ended = [(await world.finish(task)).ended_at for task in waiting]
            assert ended == sorted(str(time) for time in ended)

    asyncio.run(scenario())


def test_a_restarted_gateway_finds_its_queue_its_running_turns_and_its_history(make_world: Make) -> None:
    """Invariant 8: the turn goes on without the gateway, and its events arrive afterwards."""

    async def scenario() -> None:
        async with make_world(default_slots=1) as world:
            done = await world.submit("!say old")
            await world.finish(done)
            running = await world.submit("!slow 60 0.02\n!say survived")
            await world.reach(running, TurnState.RUNNING)
            waiting = await world.submit("!say and I came after")
            before = shown(await world.transcript(done))
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            assert (await world.finish(running)).state is TurnState.COMPLETED
            assert (await world.finish(waiting)).state is TurnState.COMPLETED
            text = (await world.transcript(running)).text((await world.detail(running)).turn_list[0])
            assert text.endswith("survived")
            assert all(f"{n}" in text for n in range(1, 61))
            assert shown(await world.transcript(done)) == before

    asyncio.run(scenario())


def test_a_restarted_executor_ends_its_turns_with_a_reason_and_works_on(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!bash sleep 300")
            await world.reach(task, TurnState.RUNNING)
            await world.stop_device()
            await world.start_device()
            turn = await world.finish(task)
            assert turn.state is TurnState.FAILED
            assert turn.error is not None
            assert turn.error.code in ("executor_stopped", "executor_restarted")
            assert processes_of(turn.attempt_id) == []
            assert (await world.finish(await world.submit("!say again"))).state is TurnState.COMPLETED

    asyncio.run(scenario())


def test_nothing_fails_within_the_reconnect_window(make_world: Make) -> None:
    """Invariant 3."""

    async def scenario() -> None:
        async with make_world(reconnect_window=30.0) as world:
            task = await world.submit("!slow 40 0.02\n!say back")
            await world.reach(task, TurnState.RUNNING)
            world.connect = False
            world.cut()
            assert world.gateway is not None

            async def reconnecting() -> bool:
                return world.gateway is not None and world.gateway.show_devices("ann")[0].status == "reconnecting"

            await world.until(reconnecting, "the drop shows at once")
            assert (await world.state(task)) is TurnState.RUNNING
            world.connect = True
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED
            assert (await world.transcript(task)).text(turn).endswith("back")

    asyncio.run(scenario())


def test_after_the_reconnect_window_the_turn_failed_as_device_lost_and_its_slot_is_free(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world(reconnect_window=1.0) as world:
            task = await world.submit("!hang")
            await world.reach(task, TurnState.RUNNING)
            world.connect = False
            world.cut()
            turn = await world.finish(task)
            assert turn.state is TurnState.FAILED
            assert turn.error is not None
            assert turn.error.code == "device_lost"
            assert "reconnect window" in turn.error.message
            assert world.gateway is not None
            device = world.gateway.show_devices("ann")[0]
            assert (device.status, device.slot_used) == ("offline", 0)
            waiting = await world.submit("!say when you are back")
            world.connect = True
            assert (await world.finish(waiting)).state is TurnState.COMPLETED
            assert (await world.reach(task, TurnState.RUNNING)).corrected
            await world.cancel(task)
            await world.finish(task)

    asyncio.run(scenario())


def test_a_stop_for_an_absent_device_is_carried_out_when_it_returns(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!hang")
            turn = await world.reach(task, TurnState.RUNNING)
            world.connect = False
            world.cut()
            assert (await world.cancel(task)).cancelling
            world.connect = True
            assert (await world.finish(task)).state is TurnState.CANCELLED
            assert processes_of(turn.attempt_id) == []

    asyncio.run(scenario())


def test_one_terminal_event_per_attempt_whatever_the_agent_does(make_world: Make) -> None:
    """Invariant 6, for agents that misbehave."""
    prompts = {
        "!garbage": TurnState.FAILED,
        "!exit 3": TurnState.FAILED,
        "!exit 0": TurnState.FAILED,
        "!error 500": TurnState.FAILED,
        "!detach 300\n!say done": TurnState.COMPLETED,
        "!flood 100000000": TurnState.COMPLETED,
    }

    async def scenario() -> None:
        async with make_world() as world:
            memory = psutil.Process(os.getpid()).memory_info().rss
            tasks = {prompt: await world.submit(prompt) for prompt in prompts}
            for prompt, task in tasks.items():
                turn = await world.finish(task)
                assert turn.state is prompts[prompt], (prompt, turn.error)
                assert (turn.error is None) == (turn.state is TurnState.COMPLETED)
                final = [event for event in await world.stored(task) if event.type == "turn" and event.data["ended_at"]]
                assert len(final) == 1, prompt
                assert processes_of(turn.attempt_id) == [], prompt
            grown = psutil.Process(os.getpid()).memory_info().rss - memory
            # 100 MB came in; 4 MiB of text are kept, in the store. Both sides live in this process.
            assert grown < 150 << 20
            notices = [e.data for e in await world.stored(tasks["!flood 100000000"]) if e.data.get("kind") == "notice"]
            assert ["longer than" in notice["text"] for notice in notices] == [True]

    asyncio.run(scenario())


def test_an_agent_that_ignores_the_stop_is_ended_all_the_same(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!hang")
            await world.reach(task, TurnState.RUNNING)
            await world.cancel(task)
            turn = await world.finish(task)
            assert turn.state is TurnState.CANCELLED
            assert processes_of(turn.attempt_id) == []

    asyncio.run(scenario())


def test_the_mode_decides_what_the_agent_may_do(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            done: dict[str, set[str]] = {}
            for mode in ("plan", "edits", "full"):
                task = await world.submit("!write w.txt x\n!bash touch b.txt", mode=mode)
                if mode == "edits":
                    await world.decide(await world.asked(task), "deny")
                assert (await world.finish(task)).state is TurnState.COMPLETED
                workspace = Path(str((await world.detail(task)).workspace))
                done[mode] = {path.name for path in workspace.iterdir()}
            assert done == {"plan": set(), "edits": {"w.txt"}, "full": {"w.txt", "b.txt"}}

    asyncio.run(scenario())


def test_a_workspace_that_cannot_be_used_is_refused_with_the_reason(make_world: Make, tmp_path: Path) -> None:
    async def scenario() -> None:
        file = tmp_path / "file"
        file.write_text("")
        async with make_world() as world:
            for path, reason in (("/no/such/place", "does not exist"), (str(file), "is a file"), ("here", "absolute")):
                with pytest.raises(Refused, match=reason):
                    await world.submit("!say x", workspace={"path": path})
            assert await world.slots() == 0

    asyncio.run(scenario())


def test_unknown_objects_and_those_of_others_look_the_same(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!say mine")
            await world.finish(task)
            assert world.gateway is not None
            for owner, wanted in (("ann", 12345), ("bob", task)):
                with pytest.raises(NotFound):
                    await world.gateway.tasks.detail(owner, wanted)
                with pytest.raises(NotFound):
                    await world.gateway.cancel(owner, wanted, None)
                with pytest.raises(NotFound):
                    await world.gateway.events(owner, wanted, 0, 10, 1000)
            with pytest.raises(Conflict):
                await world.gateway.cancel("ann", task, None)

    asyncio.run(scenario())


def test_a_lost_answer_to_a_dispatch_never_starts_the_work_twice(make_world: Make) -> None:
    """Invariant 1: the outcome is unknown, so the slot is kept until the device says that it has the attempt."""

    async def scenario() -> None:
        async with make_world() as world:
            await cut_at_first_execute(world, before=False)
            task = await world.submit("!bash echo run >> runs.txt")
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED
            workspace = Path(str((await world.detail(task)).workspace))
            assert (workspace / "runs.txt").read_text() == "run\n"

    asyncio.run(scenario())


def test_a_dispatch_that_never_arrived_is_made_again_as_a_new_attempt(make_world: Make) -> None:
    """Invariant 1: the device proves at its registration that it does not have it."""

    async def scenario() -> None:
        async with make_world() as world:
            lost = await cut_at_first_execute(world, before=True)
            task = await world.submit("!bash echo run >> runs.txt")
            turn = await world.finish(task)
            assert turn.state is TurnState.COMPLETED
            assert lost and turn.attempt_id not in lost
            workspace = Path(str((await world.detail(task)).workspace))
            assert (workspace / "runs.txt").read_text() == "run\n"

    asyncio.run(scenario())


async def cut_at_first_execute(world: World, *, before: bool) -> list[int]:
    """Cut the connection when the first `task:execute` arrives, before or after the device has taken it."""
    assert world.device is not None
    handle, seen = world.device.handle, list[int]()

    async def cutting(channel: Any, event: str, data: Any) -> Any:
        if event != wire.EXECUTE or seen:
            return await handle(channel, event, data)
        seen.append(data["subtask_id"])
        if not before:
            await handle(channel, event, data)
        world.cut()
        return None

    world.device.handle = cutting  # type: ignore[method-assign]
    return seen


def test_a_duplicate_dispatch_is_answered_with_the_state_of_the_attempt(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            assert world.device is not None
            runner = world.device.runner
            bot = [wire.Bot(name="practice", shell_type="practice")]
            message = wire.Execute(task_id=1, subtask_id=2, prompt="!hang", bot=bot)
            answers = [runner.execute("elsewhere", message) for _ in range(3)]
            assert [answer.accepted for answer in answers] == [True, True, True]
            assert runner.task_ids == [1]
            assert runner.cancel("elsewhere", wire.Cancel(task_id=1, subtask_id=2))

            async def idle() -> bool:
                return runner.idle

            await world.until(idle, "the attempt ends")

    asyncio.run(scenario())


def test_a_cancel_that_overtakes_its_dispatch_wins(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            assert world.device is not None
            runner = world.device.runner
            assert not runner.cancel("elsewhere", wire.Cancel(task_id=1, subtask_id=2))
            bot = [wire.Bot(name="practice", shell_type="practice")]
            answer = runner.execute("elsewhere", wire.Execute(task_id=1, subtask_id=2, prompt="!say x", bot=bot))
            assert (answer.accepted, answer.code) == (False, "cancelled")
            assert runner.idle

    asyncio.run(scenario())


def test_a_model_that_makes_no_sense_is_refused_in_words_and_null_is_none(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            assert world.device is not None
            runner = world.device.runner
            message = {
                "task_id": 1,
                "subtask_id": 2,
                "prompt": "!say x",
                "bot": [{"name": "x", "shell_type": "practice"}],
            }
            bad = {"model_id": "m", "runtime_config": {"codex": {"use_proxy": "canary-11"}}}
            answer = runner.execute("elsewhere", wire.Execute.model_validate({**message, "model_config": bad}))
            assert (answer.accepted, answer.code, answer.state) == (False, "bad_model_config", AttemptState.NOT_STARTED)
            assert "runtime_config.codex.use_proxy" in answer.message
            assert answer.fix
            assert "canary" not in answer.model_dump_json()
            null = {"model_id": None, "api_key": None, "proxy": None}
            assert runner.execute("elsewhere", wire.Execute.model_validate({**message, "model_config": null})).accepted

            async def idle() -> bool:
                return runner.idle

            await world.until(idle, "the attempt ends")

    asyncio.run(scenario())


@pytest.mark.parametrize("answer", [None, 7, {}, {"ok": "?"}, {"ok": True, "path": "\ud800"}, {"success": False}])
def test_a_device_that_answers_nonsense_about_a_folder_is_said_to(
    make_world: Make, tmp_path: Path, answer: Any
) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            assert world.device is not None
            handle = world.device.handle

            async def hostile(channel: Any, event: str, data: Any) -> Any:
                return answer if event == wire.CHECK_WORKSPACE else await handle(channel, event, data)

            world.device.handle = hostile  # type: ignore[method-assign]
            with pytest.raises(Unavailable) as caught:
                await world.submit("!say x", workspace={"path": str(tmp_path)})
            assert caught.value.code == "bad_answer"

    asyncio.run(scenario())


def test_a_hostile_device_cannot_write_into_a_turn_that_is_not_its_own(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!hang")
            turn = await world.reach(task, TurnState.RUNNING)
            assert world.gateway is not None
            ours, theirs = MemoryChannel(Faults()), MemoryChannel(Faults())
            ours.connect(theirs, _ignore, in_order=True)
            session = DeviceSession(world.gateway, "ann", theirs)
            theirs.connect(ours, session.handle, in_order=True)
            answer = await ours.call(wire.REGISTER, {"device_id": "intruder", "name": "x"}, 5)
            assert answer == {"success": True, "device_id": "intruder"}
            end = {"event_type": "error", "task_id": task, "subtask_id": turn.attempt_id, "seq": 1}
            await ours.call("error", {**end, "data": {"message": "gotcha"}}, 5)
            await ours.call(wire.HEARTBEAT, {"device_id": "intruder"}, 5)
            assert (await world.state(task)) is TurnState.RUNNING
            ours.end()
            await session.closed()
            await world.cancel(task)
            assert (await world.finish(task)).state is TurnState.CANCELLED

    asyncio.run(scenario())


async def _ignore(_event: str, _data: Any) -> None:
    return None


@pytest.mark.parametrize(
    ("event", "data", "says"),
    [
        (wire.REGISTER, {"name": "x"}, "device_id"),
        (wire.REGISTER, {"device_id": "a:b", "name": "x"}, "device_id"),
        (wire.REGISTER, None, "Invalid payload"),
        (wire.HEARTBEAT, {}, "not registered"),
        ("response.created", {}, "not registered"),
        ("nonsense", {}, "not registered"),
    ],
)
def test_a_malformed_message_of_a_device_is_refused_by_name(make_world: Make, event: str, data: Any, says: str) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            assert world.gateway is not None
            session = DeviceSession(world.gateway, "ann", MemoryChannel(Faults()))
            assert says in (await session.handle(event, data))["error"]

    asyncio.run(scenario())


def test_a_gateway_that_lost_its_database_ends_what_the_embedded_device_still_ran_for_the_old_one(
    make_world: Make,
) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!hang")
            turn = await world.reach(task, TurnState.RUNNING)
            await world.stop_gateway()
            for path in world.directory.glob("wegent.db*"):
                path.unlink()
            await world.start_gateway()
            await world.until(world.is_online, "the device is back")
            assert (await world.finish(await world.submit("!say anew"))).state is TurnState.COMPLETED

            async def gone() -> bool:
                return processes_of(turn.attempt_id) == []

            await world.until(gone, "nobody's agent is ended")

    asyncio.run(scenario())


def test_a_turn_that_could_not_be_stored_is_refused_and_leaves_nothing(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            assert world.gateway is not None
            store = world.gateway._store
            await store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1").scalar())
            shown_before = len(world.faces.tasks)
            with pytest.raises(Refused, match="full"):
                await world.submit("!say x" * 50_000)
            assert world.gateway.tasks.open == {}
            assert len(world.faces.tasks) == shown_before
            await store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000").scalar())
            assert (await world.finish(await world.submit("!say fits"))).state is TurnState.COMPLETED

    asyncio.run(scenario())


def test_nothing_is_acknowledged_that_a_full_disk_did_not_take(make_world: Make) -> None:
    """Invariant 2: also when the device drops its connection meanwhile."""

    async def scenario() -> None:
        async with make_world() as world:
            assert world.gateway is not None
            task = await world.submit("!say begun\n!slow 40 0.02\n!say whole")
            await world.reach(task, TurnState.RUNNING)
            store, refused = world.gateway._store, list[object]()
            write = store.write

            def full(job: Any) -> asyncio.Future[Any]:
                refused.append(job)
                failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                failed.set_exception(StoreFailed("database or disk is full"))
                return failed

            store.write = full  # type: ignore[method-assign]

            async def noticed() -> bool:
                return bool(refused)

            await world.until(noticed, "something could not be stored")
            world.cut()
            await asyncio.sleep(0)
            store.write = write  # type: ignore[method-assign]
            turn = await world.finish(task)
            text = (await world.transcript(task)).text(turn)
            assert text.endswith("whole")
            assert [word for word in text.split() if word.isdigit()] == [str(n) for n in range(1, 41)]

    asyncio.run(scenario())


def test_what_is_lost_while_nothing_can_be_stored_is_lost_at_once_and_found_again(make_world: Make) -> None:
    """Invariants 3 and 5: a disk that is full holds up no other device, and fails nothing of one that is back."""

    async def scenario() -> None:
        async with make_world(reconnect_window=1.0) as world:
            gpu = await world.add_device("gpu")
            hanging = [await world.submit("!hang", device_id=id_) for id_ in [world.device_id] * 2 + [gpu.device_id]]
            for task in hanging:
                await world.reach(task, TurnState.RUNNING)
            gateway = world.gateway
            assert gateway is not None

            async def lost() -> bool:
                return gateway.tasks.open == {}

            with world.full_disk():
                for box in world.boxes:
                    box.connect = False
                    box.cut()
                await world.until(lost, "the turns of both devices are lost")
                for box in world.boxes:
                    box.connect = True
                await asyncio.sleep(0.1)
            for box in world.boxes:
                await world.until(box.is_online, "it is back")
            for task in hanging:
                assert (await world.reach(task, TurnState.RUNNING)).corrected
                await world.cancel(task)
                assert (await world.finish(task)).state is TurnState.CANCELLED

    asyncio.run(scenario())
