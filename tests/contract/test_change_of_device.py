"""A conversation that goes on on another device: what its agent there knows, and where it works."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import OWNER, Box, World
from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.gateway import history
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.protocol.states import TurnState

Told = dict[int, dict[str, Any]]
"""`task:execute` by prompt's number."""


def listen(*boxes: Box) -> list[dict[str, Any]]:
    """Keep every `task:execute` that these devices get."""
    given: list[dict[str, Any]] = []

    def wrap(box: Box) -> None:
        assert box.device is not None
        handle = box.device.handle

        async def noting(channel: Any, event: str, data: Any) -> Any:
            if event == wire.EXECUTE:
                given.append({**data, "device": box.device_id})
            return await handle(channel, event, data)

        box.device.handle = noting  # type: ignore[method-assign]

    for box in boxes:
        wrap(box)
    return given


async def say(world: World, task: int, prompt: str, **fields: Any) -> api.Turn:
    assert world.gateway is not None
    return await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt=prompt, **fields))


def test_it_goes_on_with_what_was_said_and_coming_back_sends_what_the_first_device_missed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            given = listen(world.first, gpu)
            task = await world.submit("!say alpha")
            await world.finish(task)
            first = (await world.detail(task)).workspace
            await say(world, task, "!say beta", device_id=gpu.device_id)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            there = await world.detail(task)
            assert there.device_id == gpu.device_id
            assert str(there.workspace).startswith(str(gpu.home))
            await say(world, task, "!say gamma")
            assert (await world.finish(task)).device_id == gpu.device_id, "the next message stays where the task is"
            await say(world, task, "!say delta", device_id=world.device_id)
            await world.finish(task)
            assert (await world.detail(task)).workspace == first, "it goes on where it was there before"
            told = [[(one["role"], one["content"].splitlines()[-1]) for one in data["history"]] for data in given]
            assert told == [
                [],
                [("user", "!say alpha"), ("assistant", "alpha")],
                [],
                [("user", "!say beta"), ("assistant", "beta"), ("user", "!say gamma"), ("assistant", "gamma")],
            ]
            sessions = [data["wegent_jupyter"].get("session_id") for data in given]
            assert sessions[0] is sessions[1] is None
            assert sessions[2] not in (None, sessions[3])
            assert [data["new_session"] for data in given] == [True, True, False, False]

    asyncio.run(scenario())


def test_it_is_remembered_through_a_restart_of_the_gateway(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            task = await world.submit("!say alpha")
            await world.finish(task)
            home = (await world.detail(task)).workspace
            await say(world, task, "!say beta", device_id=gpu.device_id)
            await world.finish(task)
            await world.stop_gateway()
            world.cut()
            gpu.cut()
            await world.start_gateway()
            for box in world.boxes:
                await world.until(box.is_online, "the device is back")
            given = listen(world.first, gpu)
            assert (await world.detail(task)).device_id == gpu.device_id
            await say(world, task, "!say gamma", device_id=world.device_id)
            await world.finish(task)
            assert (await world.detail(task)).workspace == home
            assert [one["content"].splitlines()[-1] for one in given[0]["history"]] == ["!say beta", "beta"]

    asyncio.run(scenario())


def test_a_directory_of_the_other_device_can_be_chosen(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            folder = tmp_path / "elsewhere"
            folder.mkdir()
            task = await world.submit("!say alpha")
            await world.finish(task)
            await say(world, task, "!bash pwd", device_id=gpu.device_id, workspace={"path": str(folder)})
            turn = await world.finish(task)
            [tool] = [item for item in (await world.transcript(task)).items(turn) if item["kind"] == "tool"]
            assert tool["output"].strip() == str(folder)
            assert (await world.detail(task)).workspace == str(folder)

    asyncio.run(scenario())


def test_a_long_conversation_is_told_within_its_bound(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            given = listen(gpu)
            task = await world.submit("!flood 300000\n!say the end")
            await world.finish(task)
            await say(world, task, "!say beta", device_id=gpu.device_id)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            told = given[0]["history"]
            assert sum(len(one["content"].encode()) for one in told) <= history.MAX_BYTES + 200
            assert told[0] == {"role": "note", "content": history.CUT}
            assert told[-1]["content"].endswith("the end")

    asyncio.run(scenario())


def test_bad_changes_are_refused_with_their_reason_and_change_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            assert world.gateway is not None
            task = await world.submit("!say alpha")
            await world.finish(task)
            before = await world.detail(task)

            async def refused(error: type[Refused], code: str, **fields: Any) -> None:
                with pytest.raises(error) as caught:
                    await say(world, task, "!say beta", **fields)
                assert caught.value.code == code
                assert await world.detail(task) == before

            await refused(NotFound, "not_found", device_id="nowhere")
            await refused(Refused, "same_device", agent="claude")
            await refused(Refused, "same_device", workspace={"path": str(tmp_path)})
            await refused(Refused, "agent_unknown", device_id=gpu.device_id, agent="nobody")
            await refused(Refused, "bad_workspace", device_id=gpu.device_id, workspace={"path": "/no/such/place"})
            world.gateway.devices.get(OWNER, gpu.device_id).kept.agents = []
            await refused(Refused, "agent_unknown", device_id=gpu.device_id)

    asyncio.run(scenario())


def test_a_change_that_cannot_be_stored_leaves_the_task_where_it_was(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            assert world.gateway is not None
            task = await world.submit("!say alpha")
            await world.finish(task)
            before = await world.detail(task)
            with world.full_disk(), pytest.raises(Unavailable):
                await say(world, task, "!say beta", device_id=gpu.device_id)
            after = await world.detail(task)
            assert (after.device_id, after.workspace) == (before.device_id, before.workspace)
            await say(world, task, "!say beta")
            assert (await world.finish(task)).device_id == world.device_id

    asyncio.run(scenario())


def test_the_messages_of_a_task_run_in_their_order_also_when_the_first_waits_elsewhere(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            await gpu.stop()
            task = await world.submit("!say alpha", device_id=gpu.device_id)
            second = await say(world, task, "!say beta", device_id=world.device_id)
            assert (await world.detail(task)).turn_list[1].state is TurnState.QUEUED
            assert world.gateway is not None
            [waits] = world.gateway.queues.show(OWNER, world.device_id).items
            assert (waits.turn.id, waits.reason) == (second.id, "earlier_message")
            await gpu.start()
            assert (await world.finish(task)).id == second.id
            states = [turn.state for turn in (await world.detail(task)).turn_list]
            assert states == [TurnState.COMPLETED] * 2

    asyncio.run(scenario())


def test_a_turn_that_was_lost_is_not_taken_up_again_once_the_task_went_on_elsewhere(tmp_path: Path) -> None:
    """Invariant 5: at most one turn of a task runs, also when a lost device comes back."""

    async def scenario() -> None:
        async with World(tmp_path, reconnect_window=1.0) as world:
            gpu = await world.add_device("gpu")
            task = await world.submit("!hang")
            lost = await world.reach(task, TurnState.RUNNING)
            world.connect = False
            world.cut()
            assert (await world.finish(task)).state is TurnState.FAILED
            await say(world, task, "!hang", device_id=gpu.device_id)
            second = await world.reach(task, TurnState.RUNNING)
            world.connect = True
            await world.until(world.first.is_online, "the device is back")

            async def idle() -> bool:
                return world.device is not None and world.device.runner.idle

            await world.until(idle, "what it still ran is ended")
            turns = (await world.detail(task)).turn_list
            assert [turn.state for turn in turns] == [TurnState.FAILED, TurnState.RUNNING]
            assert (turns[0].id, turns[1].id, turns[0].corrected) == (lost.id, second.id, False)
            await world.cancel(task)
            await world.finish(task)

    asyncio.run(scenario())


def test_a_task_of_a_deleted_device_goes_on_on_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            task = await world.submit("!say alpha", device_id=gpu.device_id)
            await world.finish(task)
            await gpu.stop()
            assert world.gateway is not None
            await world.gateway.manage.delete(OWNER, gpu.device_id, revoke=False)
            with pytest.raises(Conflict) as caught:
                await say(world, task, "!say beta")
            assert caught.value.code == "device_removed"
            await say(world, task, "!say beta", device_id=world.device_id)
            assert (await world.finish(task)).state is TurnState.COMPLETED

    asyncio.run(scenario())


def test_what_a_turn_that_failed_before_its_prompt_was_told_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back on its first device, where the agent has a session, and cannot start."""

    async def scenario() -> None:
        async with World(tmp_path) as world:
            gpu = await world.add_device("gpu")
            task = await world.submit("!say alpha")
            await world.finish(task)
            await say(world, task, "!say beta", device_id=gpu.device_id)
            await world.finish(task)
            given = listen(world.first)

            async def logged_out(*_args: Any) -> Any:
                raise AgentFailed("agent_login", "Not logged in.")

            monkeypatch.setattr("wegent_jupyter.executor.agents.acp._Conversation._open_session", logged_out)
            await say(world, task, "!say gamma", device_id=world.device_id)
            assert (await world.finish(task)).state is TurnState.FAILED
            monkeypatch.undo()
            assert world.gateway is not None
            await world.gateway.continue_task(OWNER, task)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            told = [[one["content"].splitlines()[-1] for one in data["history"]] for data in given]
            assert told == [["!say beta", "beta"]] * 2
            assert [data["prompt"] for data in given] == ["!say gamma"] * 2

    asyncio.run(scenario())
