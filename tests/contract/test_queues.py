"""Queues as people change them: order, moves, pauses. Over restarts, full disks and dispatches under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import OWNER, World
from wegent_jupyter.gateway import dispatch
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.gateway.gateway import Gateway
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.protocol.managing import Requeue
from wegent_jupyter.protocol.states import TurnState

Make = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(wire, "CALL_SECONDS", 0.3)
    monkeypatch.setattr(dispatch, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr("wegent_jupyter.gateway.ledger.RETRY_SECONDS", 0.05)
    return lambda **options: World(tmp_path, **{"default_slots": 1, **options})


def gateway_of(world: World) -> Gateway:
    assert world.gateway is not None
    return world.gateway


def waiting(world: World, device_id: str | None = None) -> list[int]:
    """Return the tasks that wait for a device, next first."""
    items = gateway_of(world).queues.show(OWNER, device_id or world.device_id).items
    assert [one.position for one in items] == list(range(1, len(items) + 1))
    return [one.turn.task_id for one in items]


async def requeue(world: World, task: int, **fields: Any) -> api.Turn:
    turn = (await world.detail(task)).turn_list[-1]
    return await gateway_of(world).queues.requeue(OWNER, task, turn.id, Requeue.model_validate(fields))


async def busy(world: World, count: int) -> tuple[int, list[int]]:
    """Fill the one slot, and let so many more wait."""
    running = await world.submit("!hang")
    await world.reach(running, TurnState.RUNNING)
    return running, [await world.submit(f"!say {n}") for n in range(count)]


async def stop(world: World, *tasks: int) -> None:
    for task in tasks:
        await world.cancel(task)
        await world.finish(task)


def test_a_person_changes_the_order_and_it_survives_a_restart_of_the_gateway(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            running, [one, two, three] = await busy(world, 3)
            await requeue(world, three, position=1)
            await requeue(world, one, position=99)
            assert waiting(world) == [three, two, one]
            assert [(await world.detail(task)).queue_position for task in (one, two, three)] == [3, 2, 1]
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            assert waiting(world) == [three, two, one]
            last = await world.submit("!say last")
            assert waiting(world) == [three, two, one, last]
            await stop(world, running)
            ended = [(await world.finish(task)).ended_at for task in (three, two, one, last)]
            assert ended == sorted(str(time) for time in ended)

    asyncio.run(scenario())


def test_a_waiting_turn_goes_to_another_device_with_its_task_and_runs_there(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            running, [one, two] = await busy(world, 2)
            turn = await requeue(world, one, device_id=gpu.device_id)
            assert turn.device_id == gpu.device_id
            done = await world.finish(one)
            assert (done.state, done.device_id) == (TurnState.COMPLETED, gpu.device_id)
            detail = await world.detail(one)
            assert detail.device_id == gpu.device_id
            assert str(detail.workspace).startswith(str(gpu.home))
            assert waiting(world) == [two]
            assert [event.data["device_id"] for event in await world.stored(one) if event.type == "turn"][0] == (
                world.device_id
            )
            await stop(world, running)
            await world.finish(two)

    asyncio.run(scenario())


def test_a_moved_turn_is_last_there_or_at_the_place_that_it_is_given_also_after_a_restart(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            running, [one, two] = await busy(world, 2)
            there = await world.submit("!hang", device_id=gpu.device_id)
            await world.reach(there, TurnState.RUNNING)
            others = [await world.submit("!say x", device_id=gpu.device_id) for _ in range(2)]
            await requeue(world, one, device_id=gpu.device_id)
            assert waiting(world, gpu.device_id) == [*others, one]
            await requeue(world, two, device_id=gpu.device_id, position=2)
            expected = [others[0], two, others[1], one]
            assert waiting(world, gpu.device_id) == expected
            await world.stop_gateway()
            gpu.cut()
            world.cut()
            await world.start_gateway()
            assert (waiting(world), waiting(world, gpu.device_id)) == ([], expected)
            await world.until(gpu.is_online, "the device is back")
            await stop(world, running, there)
            for task in expected:
                assert (await world.finish(task)).device_id == gpu.device_id

    asyncio.run(scenario())


def test_bad_moves_are_refused_with_their_reason_and_nothing_is_half_done(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            gateway = gateway_of(world)
            done = await world.submit("!say done")
            await world.finish(done)
            running, [one] = await busy(world, 1)
            before = (await world.detail(one)).turn_list[0].model_copy()

            async def refused(task: int, error: type[Refused], code: str, **fields: Any) -> None:
                with pytest.raises(error) as caught:
                    await requeue(world, task, **fields)
                assert caught.value.code == code
                assert waiting(world) == [one]
                assert waiting(world, gpu.device_id) == []

            await refused(done, Conflict, "not_waiting", position=1)
            await refused(running, Conflict, "not_waiting", position=1)
            await refused(running, Conflict, "not_waiting", device_id=gpu.device_id)
            await refused(one, NotFound, "not_found", device_id="nowhere")
            await refused(one, Refused, "same_device", workspace={"path": "/tmp"})
            await refused(one, Refused, "bad_workspace", device_id=gpu.device_id, workspace={"path": "/no/such/place"})
            kept = gateway.devices.get(OWNER, gpu.device_id).kept
            practice = kept.agents
            kept.agents = []
            await refused(one, Refused, "agent_unknown", device_id=gpu.device_id)
            kept.agents = [{**practice[0], "ready": False, "reason": "not installed"}]
            await refused(one, Refused, "agent_missing", device_id=gpu.device_id)
            kept.agents = practice
            for owner, task, turn in (("bob", one, before.id), (OWNER, one, 12345), (OWNER, 999, before.id)):
                with pytest.raises(NotFound):
                    await gateway.queues.requeue(owner, task, turn, Requeue(position=1))
            assert (await world.detail(one)).turn_list[0] == before
            await stop(world, running)
            assert (await world.finish(one)).state is TurnState.COMPLETED

    asyncio.run(scenario())


def test_what_waits_for_an_absent_device_can_be_moved_and_cancelled(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            await gpu.stop()
            one = await world.submit("!say one", device_id=gpu.device_id)
            two = await world.submit("!say two", device_id=gpu.device_id)
            assert (await world.detail(one)).queue_reason == "offline"
            assert (await world.cancel(two)).state is TurnState.CANCELLED
            await requeue(world, one, device_id=world.device_id)
            assert (await world.finish(one)).state is TurnState.COMPLETED

    asyncio.run(scenario())


def test_a_change_that_cannot_be_stored_is_refused_and_taken_back(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            running, [one, two] = await busy(world, 2)
            with world.full_disk():
                with pytest.raises(Unavailable):
                    await requeue(world, two, position=1)
                assert waiting(world) == [one, two]
                with pytest.raises(Unavailable):
                    await requeue(world, two, device_id=gpu.device_id, position=1)
                assert (waiting(world), waiting(world, gpu.device_id)) == ([one, two], [])
                assert (await world.detail(two)).device_id == world.device_id
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            assert waiting(world) == [one, two]
            await world.until(world.first.is_online, "the device is back")
            await stop(world, running)
            for task in (one, two):
                turn = await world.finish(task)
                assert (turn.state, turn.device_id) == (TurnState.COMPLETED, world.device_id)

    asyncio.run(scenario())


def test_a_turn_is_dispatched_once_however_its_move_and_its_start_meet(make_world: Make) -> None:
    """Invariant 1: a slot becomes free in the very moment in which the turn is moved."""

    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            given: list[tuple[str, int]] = []
            for box in world.boxes:
                note_executes(box, given)
            for delay in range(6):
                running, [one] = await busy(world, 1)
                await world.cancel(running)
                move = asyncio.create_task(requeue(world, one, device_id=gpu.device_id))
                for _ in range(delay):
                    await asyncio.sleep(0)
                back = asyncio.create_task(requeue(world, one, device_id=world.device_id))
                results = await asyncio.gather(move, back, return_exceptions=True)
                assert all(isinstance(one, api.Turn | Conflict) for one in results), results
                turn = await world.finish(one)
                assert turn.state is TurnState.COMPLETED
                assert [device for device, task in given if task == one] == [turn.device_id]
                await world.finish(running)
                assert await world.slots() == 0

    asyncio.run(scenario())


def note_executes(box: Any, given: list[tuple[str, int]]) -> None:
    handle = box.device.handle

    async def noting(channel: Any, event: str, data: Any) -> Any:
        if event == wire.EXECUTE:
            given.append((box.device_id, data["task_id"]))
        return await handle(channel, event, data)

    box.device.handle = noting


def test_a_move_meets_a_dispatch_that_cannot_be_stored_and_the_turn_still_runs_once(
    make_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 1: what was not stored was not sent, so the turn waits again, and goes where it was moved."""
    monkeypatch.setattr(dispatch, "STORE_SECONDS", 0.1)

    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            given: list[tuple[str, int]] = []
            for box in world.boxes:
                note_executes(box, given)
            running, [one] = await busy(world, 1)
            [turn] = (await world.detail(one)).turn_list

            async def failed_to_start() -> bool:
                now = gateway_of(world).tasks.open[turn.id].turn
                return now.state is TurnState.QUEUED and now.attempt_id is not None

            with world.full_disk():
                await world.cancel(running)
                await world.until(failed_to_start, "its start could not be stored")
            await gateway_of(world).queues.requeue(OWNER, one, turn.id, Requeue(device_id=gpu.device_id))
            turn = await world.finish(one)
            assert (turn.state, turn.device_id) == (TurnState.COMPLETED, gpu.device_id)
            assert [device for device, task in given if task == one] == [gpu.device_id]
            await world.finish(running)
            assert await world.slots() == 0

    asyncio.run(scenario())


def test_after_a_failure_the_tasks_next_turns_wait_for_a_person(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world(default_slots=5) as world:
            gateway = gateway_of(world)
            task = await failing_with_more(world)
            detail = await world.detail(task)
            assert (detail.paused, detail.queue_reason) == (True, "paused")
            assert [turn.state for turn in detail.turn_list] == [TurnState.FAILED, TurnState.QUEUED, TurnState.QUEUED]
            other = await world.submit("!say others are not held up")
            assert (await world.finish(other)).state is TurnState.COMPLETED
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            gateway = gateway_of(world)
            await world.until(world.first.is_online, "the device is back")
            assert (await world.detail(task)).paused, "a restart decides nothing"
            assert (await world.state(task)) is TurnState.QUEUED
            shown = await gateway.queues.resume(OWNER, task)
            assert not shown.paused
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert [turn.state for turn in (await world.detail(task)).turn_list[1:]] == [TurnState.COMPLETED] * 2
            with pytest.raises(Conflict, match="not paused"):
                await gateway.queues.resume(OWNER, task)

    asyncio.run(scenario())


async def failing_with_more(world: World) -> int:
    """Return a task whose first turn failed while two more waited."""
    task = await world.submit("!bash read -t 1 _ < <(sleep 5)\n!error 500")
    await world.reach(task, TurnState.RUNNING)
    for prompt in ("!say two", "!say three"):
        await gateway_of(world).create_turn(OWNER, task, api.CreateTurn(prompt=prompt))

    async def paused() -> bool:
        detail = await world.detail(task)  # the failure is stored a moment after it is known
        return detail.paused and detail.turn_list[0].state is TurnState.FAILED

    await world.until(paused, "the task pauses")
    return task


def test_continue_takes_up_what_failed_before_what_waited_goes_on(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await failing_with_more(world)
            turn = await gateway_of(world).continue_task(OWNER, task)

            async def ended() -> bool:
                return not (await world.detail(task)).state or all(
                    one.state.final for one in (await world.detail(task)).turn_list
                )

            await world.until(ended, "everything ran")
            turns = {one.id: one for one in (await world.detail(task)).turn_list}
            starts = sorted(turns.values(), key=lambda one: str(one.started_at))
            assert starts[1].id == turn.id
            assert not (await world.detail(task)).paused

    asyncio.run(scenario())


def test_a_stop_is_no_failure_and_pauses_nothing(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!hang")
            await world.reach(task, TurnState.RUNNING)
            await gateway_of(world).create_turn(OWNER, task, api.CreateTurn(prompt="!say next"))
            await world.cancel(task)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert not (await world.detail(task)).paused

    asyncio.run(scenario())


def test_when_nothing_waits_any_more_there_is_no_pause(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await failing_with_more(world)
            await world.cancel(task)
            await world.cancel(task)
            assert not (await world.detail(task)).paused
            await gateway_of(world).create_turn(OWNER, task, api.CreateTurn(prompt="!say anew"))
            assert (await world.finish(task)).state is TurnState.COMPLETED

    asyncio.run(scenario())


def test_a_found_turn_takes_its_failure_and_with_it_the_pause_back(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world(reconnect_window=1.0) as world:
            task = await world.submit("!slow 150 0.02\n!say back")
            await world.reach(task, TurnState.RUNNING)
            await gateway_of(world).create_turn(OWNER, task, api.CreateTurn(prompt="!say next"))
            world.connect = False
            world.cut()

            async def paused() -> bool:
                return (await world.detail(task)).paused

            await world.until(paused, "the device is lost")
            world.connect = True
            assert (await world.finish(task)).state is TurnState.COMPLETED
            first = (await world.detail(task)).turn_list[0]
            assert (first.state, first.corrected) == (TurnState.COMPLETED, True)

    asyncio.run(scenario())


def test_continue_ends_the_pause_also_for_a_restart_of_the_gateway(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await failing_with_more(world)
            world.connect = False
            world.cut()
            await gateway_of(world).continue_task(OWNER, task)
            await world.stop_gateway()
            await world.start_gateway()
            assert not (await world.detail(task)).paused
            world.connect = True

            async def ended() -> bool:
                return all(one.state.final for one in (await world.detail(task)).turn_list)

            await world.until(ended, "everything ran")
            turns = sorted((await world.detail(task)).turn_list, key=lambda one: str(one.started_at))
            assert [one.number for one in turns] == [1, 4, 2, 3]

    asyncio.run(scenario())


def test_a_continue_that_cannot_be_stored_leaves_the_pause(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await failing_with_more(world)
            tasks = gateway_of(world).tasks
            add = tasks._add

            async def full(*args: Any) -> Any:
                with world.full_disk():
                    return await add(*args)

            monkeypatch.setattr(tasks, "_add", full)
            with pytest.raises(Unavailable):
                await gateway_of(world).continue_task(OWNER, task)
            monkeypatch.undo()
            assert (await world.detail(task)).paused
            other = await world.submit("!say others are not held up")
            assert (await world.finish(other)).state is TurnState.COMPLETED
            assert (await world.state(task)) is TurnState.QUEUED

    asyncio.run(scenario())
