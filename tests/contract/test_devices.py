"""Devices as people manage them and as they come and go: star, names, slots, delete, identity, presence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.peers import Peer
from tests.support.world import OWNER, World
from wegent_jupyter._version import __version__
from wegent_jupyter.gateway import registering
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.gateway.gateway import Gateway
from wegent_jupyter.protocol import access, api, wire
from wegent_jupyter.protocol.channel import Unanswered
from wegent_jupyter.protocol.states import TurnState

Make = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(registering, "PING_SECONDS", 0.2)
    return lambda **options: World(tmp_path, **options)


def gateway_of(world: World) -> Gateway:
    assert world.gateway is not None
    return world.gateway


def test_one_star_for_each_owner_and_none_by_itself(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            gateway = gateway_of(world)

            def starred() -> list[str]:
                return [device.device_id for device in gateway.show_devices(OWNER) if device.is_default]

            bob = Peer(gateway, "bob")
            await bob.register(gpu.device_id)
            assert starred() == []
            await gateway.manage.set_default("bob", gpu.device_id, star=True)
            assert starred() == []
            for device_id in (gpu.device_id, world.device_id, world.device_id):
                await gateway.manage.set_default(OWNER, device_id, star=True)
                assert starred() == [device_id]
            await gateway.manage.set_default(OWNER, gpu.device_id, star=False)
            assert starred() == [world.device_id], "taking away what is not there changes nothing"
            await gateway.manage.set_default(OWNER, world.device_id, star=False)
            assert starred() == []
            assert [device.is_default for device in gateway.show_devices("bob")] == [True]
            with pytest.raises(NotFound):
                await gateway.manage.set_default(OWNER, "nowhere", star=True)
            await bob.leave()

    asyncio.run(scenario())


def test_an_offline_star_is_kept_and_its_turns_wait(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world(reconnect_window=1.0) as world:
            gpu = await world.add_device("gpu")
            await gateway_of(world).manage.set_default(OWNER, gpu.device_id, star=True)
            await gpu.stop()

            async def offline() -> bool:
                return gpu.shown().status == "offline"

            await world.until(offline, "it is offline")
            task = await world.submit("!say x")
            detail = await world.detail(task)
            assert (detail.device_id, detail.queue_reason) == (gpu.device_id, "offline")
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            assert gpu.shown().is_default
            await gpu.start()
            assert (await world.finish(task)).device_id == gpu.device_id

    asyncio.run(scenario())


def test_a_persons_name_survives_registration_and_restart_and_the_devices_own_is_known(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            await gateway_of(world).manage.rename(OWNER, gpu.device_id, "Big one")
            assert world.faces.devices[-1].name == "Big one"
            id_ = gpu.shown().id
            for _ in range(2):
                gpu.cut()
                await world.stop_gateway()
                world.cut()
                await world.start_gateway()
                await world.until(gpu.is_online, "it is back")
                shown = gpu.shown()
                assert (shown.name, shown.reported_name, shown.id) == ("Big one", "gpu", id_)

    asyncio.run(scenario())


def test_slots_are_settable_live_lowering_kills_nothing_and_raising_starts_what_waits(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world(default_slots=2, max_slots=3) as world:
            manage = gateway_of(world).manage
            tasks = [await world.submit("!hang") for _ in range(4)]
            for task in tasks[:2]:
                await world.reach(task, TurnState.RUNNING)
            lowered = await manage.set_slots(OWNER, world.device_id, 1)
            assert (lowered.max_concurrent_tasks, lowered.active_tasks, lowered.queued_tasks) == (1, 2, 2)
            await world.cancel(tasks[0])
            await world.finish(tasks[0])
            assert (await world.state(tasks[2])) is TurnState.QUEUED, "one slot, and one is in use"
            await manage.set_slots(OWNER, world.device_id, 3)
            for task in tasks[1:]:
                await world.reach(task, TurnState.RUNNING)
            with pytest.raises(Refused) as caught:
                await manage.set_slots(OWNER, world.device_id, 4)
            assert caught.value.code == "slots_limited"
            assert world.first.shown().slot_max == 3
            for task in tasks[1:]:
                await world.cancel(task)
                await world.finish(task)

    asyncio.run(scenario())


def test_slots_of_an_absent_device_can_be_set_and_are_kept(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            await gpu.stop()
            await gateway_of(world).manage.set_slots(OWNER, gpu.device_id, 7)
            await world.stop_gateway()
            await world.start_gateway()
            await gpu.start()
            assert gpu.shown().slot_max == 7

    asyncio.run(scenario())


def test_what_cannot_be_stored_is_refused_and_changes_nothing(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gateway = gateway_of(world)
            before = world.first.shown()
            with world.full_disk():
                for change in (
                    gateway.manage.set_default(OWNER, world.device_id, star=True),
                    gateway.manage.rename(OWNER, world.device_id, "Other"),
                    gateway.manage.set_slots(OWNER, world.device_id, 9),
                ):
                    with pytest.raises(Unavailable):
                        await change
            after = world.first.shown()
            assert (after.name, after.slot_max, after.is_default) == (before.name, before.slot_max, before.is_default)

    asyncio.run(scenario())


def test_delete_is_refused_while_turns_run_and_for_the_servers_own_device(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            manage = gateway_of(world).manage
            task = await world.submit("!hang", device_id=gpu.device_id)
            await world.reach(task, TurnState.RUNNING)
            for device_id, code in ((gpu.device_id, "device_busy"), (world.device_id, "embedded")):
                with pytest.raises(Refused) as caught:
                    await manage.delete(OWNER, device_id, revoke=True)
                assert caught.value.code == code
            with pytest.raises(NotFound):
                await manage.delete("bob", gpu.device_id, revoke=False)
            assert gpu.shown().status == "online"
            assert world.faces.removed == []
            await world.cancel(task)
            await world.finish(task)

    asyncio.run(scenario())


def test_delete_cancels_the_queue_closes_the_socket_and_the_device_comes_back_when_it_registers(
    make_world: Make,
) -> None:
    async def scenario() -> None:
        async with make_world(default_slots=1) as world:
            gpu = await world.add_device("gpu")
            gateway = gateway_of(world)
            await gateway.manage.rename(OWNER, gpu.device_id, "Big one")
            await gateway.manage.set_default(OWNER, gpu.device_id, star=True)
            gpu.connect = False
            gpu.cut()
            tasks = [await world.submit("!say never", device_id=gpu.device_id) for _ in range(2)]
            await gateway.manage.delete(OWNER, gpu.device_id, revoke=False)
            assert [await world.state(task) for task in tasks] == [TurnState.CANCELLED] * 2
            assert world.faces.removed == [gpu.device_id]
            with pytest.raises(NotFound):
                gateway.devices.get(OWNER, gpu.device_id)
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            with pytest.raises(NotFound):
                gateway_of(world).devices.get(OWNER, gpu.device_id)
            gpu.connect = True
            await world.until(gpu.is_online, "it registers again")
            shown = gpu.shown()
            assert (shown.name, shown.is_default, shown.queued) == ("gpu", False, 0)
            wire_before = gpu.wire
            await gateway_of(world).manage.delete(OWNER, gpu.device_id, revoke=False)
            assert wire_before is not None
            assert wire_before.closed, "its connection was closed"
            await world.until(gpu.is_online, "it is back at once, as its key is good")
            assert (await world.finish(await world.submit("!say again", device_id=gpu.device_id))).state is (
                TurnState.COMPLETED
            )

    asyncio.run(scenario())


def test_two_processes_with_one_identity_the_second_is_refused_while_the_first_answers(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            twin = Peer(gateway_of(world), silent=True)
            answer = await twin.register(gpu.device_id, boot="another process")
            assert answer["error"].startswith("Registration failed: another executor with this identity is connected")
            assert "wegent-executor identity new" in answer["error"]
            assert gpu.shown().status == "online"
            assert gpu.wire is not None
            assert not gpu.wire.closed
            task = await world.submit("!say still me", device_id=gpu.device_id)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert wire.EXECUTE not in twin.asked
            await twin.leave()

    asyncio.run(scenario())


def test_two_processes_with_one_identity_the_second_wins_when_the_first_does_not_answer(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            first, second = Peer(gateway_of(world), silent=True), Peer(gateway_of(world))
            await first.register(boot="dead")
            assert (await first.beat())["success"]
            assert (await second.register(boot="alive"))["success"]
            assert first.asked == [wire.PING]
            assert first.channel.closed
            assert (await second.beat())["success"]
            await first.leave()
            await second.leave()

    asyncio.run(scenario())


def test_of_two_newcomers_at_once_one_is_the_device(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            peers = [Peer(gateway_of(world)) for _ in range(4)]
            answers = await asyncio.gather(*[peer.register(boot=f"b{n}") for n, peer in enumerate(peers)])
            assert sum("success" in answer for answer in answers) == 1
            assert all("another executor" in answer["error"] for answer in answers if "error" in answer)
            for peer in peers:
                await peer.leave()

    asyncio.run(scenario())


@pytest.mark.parametrize("boots", [("same", "same"), (None, None), ("ours", None), (None, "ours")])
def test_the_newest_socket_of_one_process_wins_and_so_it_does_where_nobody_says_which_process_it_is(
    make_world: Make, boots: tuple[str | None, str | None]
) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            older, newer = Peer(gateway_of(world)), Peer(gateway_of(world))
            await older.register(boot=boots[0])
            assert (await newer.register(boot=boots[1]))["success"]
            assert older.channel.closed
            assert older.asked == [], "nobody was asked"
            assert (await newer.beat())["success"]
            await older.leave()
            assert gateway_of(world).devices.get(OWNER, "d").online, "the end of the older one means nothing"
            await newer.leave()

    asyncio.run(scenario())


def test_what_a_superseded_connection_says_counts_no_more(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            older, newer = Peer(gateway_of(world)), Peer(gateway_of(world))
            await older.register(boot="b")
            handle = older.session.handle
            await newer.register(boot="b")
            await newer.beat()
            assert (await handle(wire.HEARTBEAT, {"device_id": "d"}))["error"] == "Stale device connection"
            assert (await handle(wire.AGENTS, {"agents": [{"id": "x", "name": "X"}]})) == {
                "error": "Stale device connection"
            }
            assert gateway_of(world).devices.get(OWNER, "d").agents == []
            await newer.leave()

    asyncio.run(scenario())


def test_a_stock_peer_is_taken_in_sanely(make_world: Make) -> None:
    """As Wegent's executors register: empty texts, URLs for hosts, features of their own, ids as text."""

    async def scenario() -> None:
        async with make_world() as world:
            peer = Peer(gateway_of(world), address="10.1.2.3")
            answer = await peer.register(
                device_type="remote",
                executor_version="1.9.2",
                client_ip="192.168.1.20",
                app_device_id="",
                runtime_transfer_host="http://10.0.0.5:8080",
                runtime_instance_id="runtime-1",
                capabilities=["gpu"],
                unknown={"field": 1},
            )
            assert answer == {"success": True, "device_id": "d"}
            assert await peer.tell(
                wire.HEARTBEAT,
                {
                    "device_id": "d",
                    "running_task_ids": ["812"],
                    "runtime_capacity": None,
                    "capabilities": {"digest": "x", "skills": []},
                    "runtime_auth_files": {"codex": {"exists": True}},
                },
            ) == {"success": True}
            shown = gateway_of(world).show_device(gateway_of(world).devices.get(OWNER, "d"))
            assert shown.status == "online"
            assert (shown.client_ip, shown.runtime_transfer_host, shown.app_device_id) == ("10.1.2.3", "10.0.0.5", None)
            assert (shown.capabilities, shown.agents, shown.machine) == (["gpu"], [], None)
            assert (shown.executor_version, shown.latest_version, shown.update_available) == ("1.9.2", None, False)
            await peer.leave()

    asyncio.run(scenario())


@pytest.mark.parametrize("features", ["nonsense", 3, {"schemaVersion": "x"}, {"schemaVersion": 1, "worktrees": {}}])
def test_features_of_a_stock_peer_that_make_no_sense_count_as_absent(make_world: Make, features: Any) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            peer = Peer(gateway_of(world))
            hello = {"device_id": "d", "name": "Box", "runtime_features": features, "runtime_transfer_host": "a/b"}
            assert (await peer.tell(wire.REGISTER, hello))["success"]
            assert gateway_of(world).devices.get(OWNER, "d").kept.runtime_transfer_host is None
            await peer.leave()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("event", "data", "says"),
    [
        (wire.HEARTBEAT, {"device_id": "other"}, {"error": "Device ID mismatch"}),
        (wire.HEARTBEAT, {"device_id": "d", "running_task_ids": ["x"]}, "running_task_ids.0"),
        (wire.HEARTBEAT, {"device_id": "d", "running_task_ids": [1] * 10_001}, "running_task_ids"),
        (wire.HEARTBEAT, None, "Invalid payload"),
        (wire.HEARTBEAT, [], "Invalid payload"),
        (wire.STATUS, {"device_id": "d", "status": "busy"}, {"success": True}),
        (wire.STATUS, {"device_id": "d", "status": "on fire"}, "status"),
        (wire.UPGRADE_STATUS, {"device_id": "d", "status": "skipped", "message": "pip"}, {"success": True}),
        (wire.UPGRADE_STATUS, {"status": "skipped"}, "device_id"),
        ("runtime:event", {"type": "event"}, {"success": True}),
        ("runtime.tasks.updated", {"localTaskId": "1"}, {"success": True}),
        ("terminal:output", {"session_id": "s", "data": "x"}, "Terminal session not found"),
        ("terminal:exit", {"session_id": "s"}, "Terminal session not found"),
        ("x" * 10_000, {}, "unsupported_method"),
        (wire.AGENTS, {"agents": [{"id": "x"}]}, "agents.0.name"),
        (wire.AGENTS, {"agents": [{"id": "x", "name": "X"}] * 51}, "agents"),
        (wire.EVENTS, {"task_id": 1, "subtask_id": 2, "seq": 1, "events": []}, "events"),
        (wire.EVENTS, {"task_id": 1, "subtask_id": 2, "seq": 1, "events": [["error", {}]] * 1_001}, "events"),
        (wire.EVENTS, {"task_id": -1, "subtask_id": 1 << 60, "seq": 1, "events": [["error", {}]]}, "task_id"),
        ("response.created", {"task_id": 1, "subtask_id": 2}, "event_type"),
        ("error", None, "Invalid event data"),
        (wire.REGISTER, {"device_id": "d", "name": "again"}, "registered already"),
    ],
)
def test_every_event_is_answered_and_what_is_wrong_is_named(
    make_world: Make, event: str, data: Any, says: str | dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            peer = Peer(gateway_of(world))
            await peer.register(boot="b")
            await peer.beat()
            answer = await peer.session.handle(event, data)
            if isinstance(says, dict):
                assert answer == says
            else:
                assert says in str(answer)
                assert "error" in answer
                assert len(str(answer)) < 1_000
            assert (await peer.beat())["success"], "the device is none the worse"
            await peer.leave()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "hello",
    [
        {},
        {"device_id": "", "name": "x"},
        {"device_id": "a b", "name": "x"},
        {"device_id": "x" * 101, "name": "x"},
        {"device_id": "d", "name": "x" * 101},
        {"device_id": "d", "name": "x", "device_type": "toaster"},
        {"device_id": "d", "name": "x", "capabilities": ["c"] * 101},
        {"device_id": "d", "name": "x", "capabilities": ["c" * 101]},
        {"device_id": "d", "name": "x", "runtime_features": {"wegentJupyter": {"version": 1}}},
        {
            "device_id": "d",
            "name": "x",
            "runtime_features": {"wegentJupyter": {"version": 1, "boot_id": "b", "attempts": [{}] * 10_001}},
        },
    ],
)
def test_a_malformed_registration_leaves_no_device_and_can_be_repeated(make_world: Make, hello: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            peer = Peer(gateway_of(world))
            answer = await peer.tell(wire.REGISTER, hello)
            assert answer["error"].startswith("Invalid payload: ")
            assert not peer.session.registered
            assert len(gateway_of(world).show_devices(OWNER)) == 1
            assert (await peer.register())["success"]
            await peer.leave()

    asyncio.run(scenario())


def test_a_key_registers_its_own_device_only(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            credentials = gateway_of(world).credentials
            entry = credentials.check(await credentials.admit(OWNER, "d", "Box"), "device")
            peer = Peer(gateway_of(world), credential=entry)
            answer = await peer.register("another", boot="b")
            assert answer == {"error": "Registration failed: this key belongs to another device"}
            assert len(gateway_of(world).show_devices(OWNER)) == 1
            ack = await peer.register("d", boot="b")
            assert ack["success"]
            assert "device_key" not in ack["wegentJupyter"], "it has one"
            await peer.leave()

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", ["token", "key"])
def test_a_device_that_comes_with_a_token_is_given_a_key_of_its_own(make_world: Make, kind: Any) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            credentials = gateway_of(world).credentials
            made = await credentials.create(OWNER, access.CreateCredential(kind=kind, name="laptop"))
            entry = credentials.check(made.secret, kind)
            assert entry is not None
            peer = Peer(gateway_of(world), credential=entry)
            ack = await peer.register(boot="b")
            own = credentials.check(ack["wegentJupyter"]["device_key"], "device")
            assert own is not None
            assert own.device_id == "d"
            assert peer.session.credential is own
            entry.expires = 0.0
            assert gateway_of(world).devices.get(OWNER, "d").may_work(), "the token's end is not the device's"
            entry.expires = None
            stock = Peer(gateway_of(world), credential=entry)
            assert await stock.register("s") == {"success": True, "device_id": "s"}
            assert stock.session.credential is entry
            await peer.leave()
            await stock.leave()

    asyncio.run(scenario())


def test_a_device_that_was_deleted_and_revoked_has_to_join_again(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gateway = gateway_of(world)
            made = await gateway.credentials.create(OWNER, access.CreateCredential(kind="key", name="laptop"))
            entry = gateway.credentials.check(made.secret, "key")
            peer = Peer(gateway, credential=entry)
            key = (await peer.register(boot="b"))["wegentJupyter"]["device_key"]
            await peer.beat()
            await gateway.manage.delete(OWNER, "d", revoke=True)
            assert peer.channel.closed
            assert gateway.credentials.check(key, "device") is None
            again = Peer(gateway, credential=entry)
            assert "Join it again" in (await again.register(boot="b"))["error"]
            admitted = gateway.credentials.check(await gateway.credentials.admit(OWNER, "d", "Box"), "device")
            joined = Peer(gateway, credential=admitted)
            assert (await joined.register(boot="b"))["success"]
            for one in (peer, again, joined):
                await one.leave()

    asyncio.run(scenario())


def test_a_token_that_expired_gets_no_new_work(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gateway = gateway_of(world)
            made = await gateway.credentials.create(OWNER, access.CreateCredential(kind="token", name="t"))
            entry = gateway.credentials.check(made.secret, "token")
            assert entry is not None
            peer = Peer(gateway, credential=entry)
            await peer.register()
            await peer.beat()
            gateway.devices.get(OWNER, "d").kept.agents = [{"id": "practice", "name": "P"}]
            entry.expires = 0.0
            task = await world.submit("!say x", device_id="d")
            assert (await world.state(task)) is TurnState.QUEUED
            assert wire.EXECUTE not in peer.asked
            await world.cancel(task)
            await peer.leave()

    asyncio.run(scenario())


def test_a_restarted_gateway_knows_who_was_away_for_long_and_counts_from_anew_for_the_others(make_world: Make) -> None:
    """Invariant 3: what may still run is believed to run; who was offline stays offline."""

    async def scenario() -> None:
        async with make_world(reconnect_window=1.0) as world:
            long_away, lately = await world.add_device("away"), await world.add_device("lately")
            await long_away.stop()

            async def offline() -> bool:
                return long_away.shown().status == "offline"

            await world.until(offline, "it is offline")
            await lately.stop()
            assert lately.shown().status == "reconnecting"
            assert lately.shown().reconnect_seconds in (1, 2)  # up to one tick more
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            assert (long_away.shown().status, lately.shown().status) == ("offline", "reconnecting")
            assert long_away.shown().reconnect_seconds is None
            assert long_away.shown().last_heartbeat is not None

    asyncio.run(scenario())


def test_a_device_shows_what_it_is(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gateway = gateway_of(world)
            peer = Peer(gateway)
            await peer.register(boot="b", executor_version="0.0.0", ours={"machine": "m1"}, client_ip="10.0.0.9")
            await peer.beat()
            shown = gateway.show_device(gateway.devices.get(OWNER, "d"))
            assert (shown.machine, shown.client_ip) == ("m1", "10.0.0.9")
            assert (shown.latest_version, shown.update_available) == (__version__, True)
            assert shown.id > 0
            assert len({device.id for device in gateway.show_devices(OWNER)}) == 2
            assert not world.first.shown().update_available
            await peer.leave()

    asyncio.run(scenario())


def test_a_device_deleted_while_it_registers_is_told_so_and_stays_deleted(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gateway = gateway_of(world)
            peer = Peer(gateway)
            await peer.register()
            await peer.leave()
            reconcile = gateway._reconciler.reconcile

            async def meanwhile(device: Any, ours: Any) -> Any:
                found = await reconcile(device, ours)
                await gateway.manage.delete(OWNER, "d", revoke=False)
                return found

            gateway._reconciler.reconcile = meanwhile  # type: ignore[method-assign]
            again = Peer(gateway)
            with pytest.raises(Unanswered):  # its connection is closed with the device
                await again.register()
            gateway._reconciler.reconcile = reconcile  # type: ignore[method-assign]
            with pytest.raises(NotFound):
                gateway.devices.get(OWNER, "d")
            await world.stop_gateway()
            world.cut()
            await world.start_gateway()
            with pytest.raises(NotFound):
                gateway_of(world).devices.get(OWNER, "d")
            await again.leave()

    asyncio.run(scenario())


def test_a_task_cannot_be_made_for_a_device_that_is_deleted_meanwhile(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            gateway = gateway_of(world)
            write, held = gateway._store.write, list[Any]()

            def slow(job: Any) -> asyncio.Future[Any]:
                if held:
                    return write(job)
                held.append(job)
                waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                held.append(waiting)
                return waiting

            gpu.connect = False
            gpu.cut()
            gateway._store.write = slow  # type: ignore[method-assign]
            making = asyncio.create_task(world.submit("!say x", device_id=gpu.device_id))

            async def storing() -> bool:
                return len(held) == 2

            await world.until(storing, "the task is being stored")
            deleting = asyncio.create_task(gateway.manage.delete(OWNER, gpu.device_id, revoke=False))
            await asyncio.sleep(0)
            write(held[0]).add_done_callback(lambda done: held[1].set_result(done.result()))
            task = await making
            await deleting
            assert (await world.state(task)) is TurnState.CANCELLED
            assert gateway.tasks.open == {}

    asyncio.run(scenario())


def test_conflicts_say_what_to_do(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            task = await world.submit("!hang")
            await world.reach(task, TurnState.RUNNING)
            gpu = await world.add_device("gpu")
            hanging = await world.submit("!hang", device_id=gpu.device_id)
            await world.reach(hanging, TurnState.RUNNING)
            with pytest.raises(Conflict) as caught:
                await gateway_of(world).manage.delete(OWNER, gpu.device_id, revoke=False)
            assert caught.value.fix == "Stop it first."
            assert caught.value.message == "1 turn runs on gpu."
            for one in (task, hanging):
                await world.cancel(one)
                await world.finish(one)

    asyncio.run(scenario())


def test_the_practice_of_one_owner_is_nothing_to_another(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gateway = gateway_of(world)
            for call in (
                gateway.manage.rename("bob", world.device_id, "mine"),
                gateway.manage.set_slots("bob", world.device_id, 1),
                gateway.manage.set_default("bob", world.device_id, star=True),
                gateway.create_task("bob", api.CreateTask(prompt="x", agent="practice", device_id=world.device_id)),
            ):
                with pytest.raises(NotFound):
                    await call
            with pytest.raises(NotFound):
                gateway.queues.show("bob", world.device_id)

    asyncio.run(scenario())


@pytest.mark.parametrize("device_id", ["a/b", "a:b", "a b", "a\x07b", "a\N{RIGHT-TO-LEFT OVERRIDE}b", "x" * 101, ""])
def test_an_id_that_no_address_could_name_is_refused(make_world: Make, device_id: str) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            peer = Peer(gateway_of(world))
            assert (await peer.register(device_id))["error"].startswith("Invalid payload: device_id: ")
            await peer.leave()

    asyncio.run(scenario())


def test_what_cannot_be_shown_of_a_name_is_left_out(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            names = {"B\N{RIGHT-TO-LEFT OVERRIDE}o\x1b[31mx\n": "Bo[31mx", "\x07": "unnamed", "架 1": "架 1"}
            for name, shown in names.items():
                peer = Peer(gateway_of(world))
                assert (await peer.register("d", name=name))["success"]
                assert gateway_of(world).devices.get(OWNER, "d").name == shown
                await peer.leave()

    asyncio.run(scenario())


def test_a_device_that_says_goodbye_is_offline_at_once_and_online_when_it_comes_again(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gpu = await world.add_device("gpu")
            task = await world.submit("!hang", device_id=gpu.device_id)
            await world.reach(task, TurnState.RUNNING)
            waiting = await world.submit("!say later", device_id=gpu.device_id)
            await world.finish(waiting)
            await gpu.end()
            assert (await world.state(task)).final
            assert (gpu.shown().status, gpu.shown().slot_used) == ("offline", 0)
            later = await world.submit("!say later", device_id=gpu.device_id)
            await gpu.start()
            assert (await world.finish(later)).state is TurnState.COMPLETED

    asyncio.run(scenario())


def test_a_goodbye_counts_only_of_ours_and_only_where_nothing_runs(make_world: Make) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            gateway = gateway_of(world)
            stock = Peer(gateway)
            await stock.register("stock")
            await stock.beat("stock")
            assert (await stock.tell(wire.GOODBYE, {}))["code"] == "unsupported_method"
            await stock.leave()
            assert gateway.devices.get(OWNER, "stock").status(0) == "reconnecting"
            agents = [{"id": "a", "name": "A"}]
            ours = Peer(gateway)
            ours.answers[wire.EXECUTE] = {"accepted": True}
            await ours.register("ours", boot="b", ours={"agents": agents})
            await ours.beat("ours")
            task = await world.submit("x", device_id="ours", agent="a")
            await world.reach(task, TurnState.RUNNING)
            assert (await ours.tell(wire.GOODBYE, {}))["success"]
            assert (await ours.beat("ours"))["success"], "a beat that was under way"
            assert not gateway.devices.get(OWNER, "ours").online
            await ours.leave()
            assert gateway.devices.get(OWNER, "ours").status(1) == "reconnecting"
            assert (await world.state(task)) is TurnState.RUNNING

    asyncio.run(scenario())
