"""Commands by key: what a program may have run on a device, and what it gets for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.peers import Peer
from tests.support.world import OWNER, World
from wegent_jupyter.gateway import commands
from wegent_jupyter.gateway.commands import processed
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.commands import COMMANDS
from wegent_jupyter.protocol.managing import Command, CommandResult, Upgrade

PRINTED = {"success": True, "exit_code": 0, "stdout": "x", "stderr": "", "duration": 0.1, "timed_out": False}


async def run(world: World, device_id: str, key: str, owner: str = OWNER, **fields: Any) -> CommandResult:
    assert world.gateway is not None
    request = Command.model_validate({"command_key": key, **fields})
    return await world.gateway.commands.run(owner, device_id, request)


async def refusal(work: Coroutine[Any, Any, Any]) -> tuple[int, str, str]:
    with pytest.raises(Refused) as caught:
        await work
    return caught.value.status, caught.value.code, caught.value.message


def in_world(tmp_path: Path, script: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            await script(world)

    asyncio.run(scenario())


async def stock(world: World, device_type: str = "local", answer: Any = PRINTED) -> Peer:
    """Connect one of Wegent's own executors, which answers every command like this."""
    assert world.gateway is not None
    peer = Peer(world.gateway)
    peer.answers[wire.COMMAND] = answer
    await peer.register("stock", device_type=device_type)
    await peer.beat("stock")
    return peer


def test_our_device_runs_a_command_where_its_tasks_work(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        folder = tmp_path / "project"
        (folder / "sub").mkdir(parents=True)
        (folder / "a.txt").write_text("hello")
        assert not (await run(world, world.device_id, "ls_a", path=str(folder))).success, "nobody works there yet"
        await world.finish(await world.submit("!say x", workspace={"path": str(folder)}))
        listed = await run(world, world.device_id, "ls_a", path=str(folder))
        assert (listed.success, listed.exit_code, listed.stdout) == (True, 0, ["a.txt", "sub"])
        assert (await run(world, world.device_id, "ls_dirs", path=str(folder))).stdout == ["sub"]
        tree = await run(world, world.device_id, "workspace_tree", path=str(folder))
        assert [entry["name"] for entry in tree.stdout["entries"]] == ["sub", "a.txt"]
        text = await run(world, world.device_id, "workspace_read_text_file", path=str(folder), args=["a.txt"])
        assert text.stdout["content"] == "hello"
        outside = await run(world, world.device_id, "workspace_read_text_file", args=["/etc/hostname"])
        assert not outside.success
        assert outside.error

    in_world(tmp_path, script)


def test_an_unknown_key_an_unknown_device_and_wrong_arguments_are_refused_in_wegents_words(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        mine = world.device_id
        unknown = (400, "command_unknown", "Device command key 'rm_rf' is not configured")
        assert await refusal(run(world, mine, "rm_rf")) == unknown
        nowhere = (404, "not_found", "Device not found or access denied")
        assert await refusal(run(world, "nowhere", "pwd")) == nowhere
        assert await refusal(run(world, mine, "pwd", owner="bob")) == nowhere
        assert (await refusal(run(world, mine, "pwd", args=["-P"])))[:2] == (400, "bad_arguments")
        assert (await refusal(run(world, mine, "git_commit")))[:2] == (400, "bad_arguments")

    in_world(tmp_path, script)


def test_a_device_that_is_offline_is_said_to_be(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        gpu = await world.add_device("gpu")
        await gpu.stop()
        assert await refusal(run(world, gpu.device_id, "pwd")) == (400, "device_offline", "Device is offline")

    in_world(tmp_path, script)


def test_a_device_that_does_not_answer_in_time_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MARGIN_SECONDS", -0.8)

    async def script(world: World) -> None:
        peer = await stock(world)
        peer.silent = True
        found = await refusal(run(world, "stock", "pwd", timeout_seconds=1))
        assert found == (400, "unanswered", "Command RPC failed: Box did not answer")
        asking = asyncio.create_task(refusal(run(world, "stock", "pwd", timeout_seconds=600)))
        await world.until(lambda: _asked(peer, 2), "it was asked again")
        peer.channel.end()
        assert (await asking)[1] == "unanswered", "no call outlives its connection"
        await peer.leave()

    in_world(tmp_path, script)


async def _asked(peer: Peer, times: int) -> bool:
    return peer.asked.count(wire.COMMAND) == times


@pytest.mark.parametrize("device_type", ["remote", "cloud"])
def test_stock_devices_are_held_to_wegents_limits_by_type(tmp_path: Path, device_type: str) -> None:
    async def script(world: World) -> None:
        peer = await stock(world, device_type)
        text = f"Device command key 'git_clone' is not supported for {device_type} devices"
        refused = await refusal(run(world, "stock", "git_clone", args=["https://example.org/x"]))
        assert refused == (400, "command_not_supported", text)
        assert (await refusal(run(world, "stock", "home_dir")))[1] == "command_unknown", "it cannot do that"
        assert (await run(world, "stock", "git_status_porcelain")).stdout == "x"
        await peer.leave()

    in_world(tmp_path, script)


def test_a_stock_device_gets_wegents_message_and_nobody_sets_its_roots(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        peer = await stock(world)
        env = {"LANG": "C", "WEGENT_WORKSPACE_ROOTS": "/"}
        await run(world, "stock", "git_checkout", path="/srv/demo", args=["a b"], env=env)
        _, message = peer.got[-1]
        assert message["argv"] == [*COMMANDS["git_checkout"].argv, "a b"]
        assert message["command"].endswith("'a b'")
        assert (message["cwd"], message["args"], "command_key" in message) == ("/srv/demo", [], False)
        assert message["env"] == {"LANG": "C", "WEGENT_WORKSPACE_ROOTS": ""}
        peer.answers[wire.COMMAND] = {**PRINTED, "stdout": '{"entries": []}'}
        assert (await run(world, "stock", "workspace_tree", args=["src"])).stdout == {"entries": []}
        _, message = peer.got[-1]
        assert (message["command_key"], message["args"], message["argv"]) == ("workspace_tree", ["src"], [])
        await peer.leave()

    in_world(tmp_path, script)


@pytest.mark.parametrize("answer", [None, "x", [], {"success": "perhaps"}, {"error": "Not registered"}])
def test_an_answer_that_is_none_is_named(tmp_path: Path, answer: Any) -> None:
    async def script(world: World) -> None:
        peer = await stock(world, answer=answer)
        status, code, text = await refusal(run(world, "stock", "pwd"))
        assert (status, code) == (400, "bad_answer")
        assert text.startswith("Command RPC failed: ")
        await peer.leave()

    in_world(tmp_path, script)


def test_a_device_that_sends_more_than_it_was_allowed_is_cut(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        peer = await stock(world, answer={**PRINTED, "stdout": "é" * 100, "stderr": "e" * 5})
        found = await run(world, "stock", "pwd", max_output_bytes=11)
        assert (found.stdout, found.stdout_truncated, found.stderr_truncated) == ("é" * 5, True, False)
        await peer.leave()

    in_world(tmp_path, script)


def result(**fields: Any) -> CommandResult:
    return CommandResult.model_validate({**PRINTED, **fields})


@pytest.mark.parametrize(
    ("post", "given", "expected"),
    [
        ("text", {"stdout": "a\n"}, {"stdout": "a\n"}),
        ("file_list", {"stdout": ".\n..\n.git\na b\n\n"}, {"stdout": [".git", "a b"]}),
        ("directory_list", {"stdout": "./\n../\nsrc/\nfile\n"}, {"stdout": ["src"]}),
        ("json", {"stdout": '{"a": [1]}'}, {"stdout": {"a": [1]}, "success": True}),
        (
            "json",
            {"stdout": "oops"},
            {"stdout": "oops", "success": False, "error": "The command printed no valid JSON"},
        ),
        ("json", {"stdout": "[" * 100_000}, {"success": False}),
        ("json", {"stdout": '{"a": 1', "stdout_truncated": True}, {"success": False}),
        (
            "json",
            {"stdout": '{"error": "no such file"}', "success": False, "exit_code": 64},
            {"success": False, "error": "no such file"},
        ),
        ("json", {"stdout": "", "success": False, "error": "timed out"}, {"success": False, "error": "timed out"}),
    ],
)
def test_the_output_becomes_what_its_key_promises(post: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = processed(result(**given), post).model_dump()
    assert {name: found[name] for name in expected} == expected


def test_truncated_json_says_which_limit_it_met() -> None:
    assert "max_output_bytes" in str(processed(result(stdout="{", stdout_truncated=True), "json").error)


@pytest.mark.parametrize(
    "fields",
    [
        {"command_key": ""},
        {"timeout_seconds": 0},
        {"timeout_seconds": 601},
        {"max_output_bytes": (5 << 20) + 1},
        {"args": ["x"] * 101},
        {"argv": ["rm"]},
        {"command": "rm -rf /"},
    ],
)
def test_requests_beyond_the_limits_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Command.model_validate({"command_key": "pwd", **fields})


def test_cwd_is_the_old_name_of_path() -> None:
    assert Command.model_validate({"command_key": "pwd", "cwd": "/a"}).path == "/a"
    assert Command.model_validate({"command_key": "pwd", "cwd": "/a", "path": "/b"}).path == "/b"


def test_an_upgrade_says_what_a_person_has_to_do_or_is_sent_on(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        assert world.gateway is not None
        upgrade = world.gateway.commands.upgrade
        sent = await upgrade(OWNER, world.device_id, Upgrade())
        assert not sent.success
        assert "pip install --upgrade" in sent.message
        peer = await stock(world)
        assert (await upgrade(OWNER, "stock", Upgrade())).message == "Upgrade command sent to device"
        await world.until(lambda: _has(peer, wire.UPGRADE), "it arrives")
        await peer.leave()
        assert (await refusal(upgrade(OWNER, "stock", Upgrade())))[1] == "device_offline"
        denied = (404, "not_found", "Device not found or access denied")
        assert await refusal(upgrade("bob", world.device_id, Upgrade())) == denied
        task = await world.submit("!hang")
        status, code, text = await refusal(upgrade(OWNER, world.device_id, Upgrade()))
        assert (status, code) == (400, "device_busy")
        assert text.startswith("Device has 1 running task(s).")
        await world.cancel(task)
        await world.finish(task)

    in_world(tmp_path, script)


async def _has(peer: Peer, event: str) -> bool:
    return event in peer.asked
