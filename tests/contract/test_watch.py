"""One connection that tells what changes and follows tasks, through a network that breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.support.proxy import Proxy
from tests.support.server import LIVENESS, TOKEN, JupyterServer
from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.client.discover import Server
from wegent_jupyter.client.followed import Followed
from wegent_jupyter.client.known import MAX_TASKS
from wegent_jupyter.client.watch import Watch
from wegent_jupyter.protocol import api

MANY = 10


@pytest.fixture(scope="module")
def server(fresh_server: JupyterServer) -> JupyterServer:
    return fresh_server


@pytest.fixture
def proxy(server: JupyterServer) -> Iterator[Proxy]:
    with Proxy(server.port) as between:
        yield between


@contextlib.asynccontextmanager
async def watching(url: str, authorization: str = f"token {TOKEN}", *, remote: bool = False) -> AsyncIterator[Watch]:
    """Watch a server, and bound all that a test waits for."""
    async with Client(Server(url, authorization, remote=remote)) as client:
        watch = Watch(client)
        running = asyncio.create_task(watch.run())
        try:
            async with asyncio.timeout(LIVENESS):
                yield watch
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def direct(server: JupyterServer) -> str:
    return f"{server.url}wegent"


async def heard(watch: Watch, condition: Any) -> None:
    """Wait until something that the watch knows is so."""
    told = asyncio.Event()
    end = watch.listen(lambda _what, _about: told.set())
    while not condition():
        told.clear()
        await told.wait()
    end()


async def ended(watch: Watch, task_id: int) -> tuple[str, list[api.Event]]:
    """Follow a task to the end of its newest turn; return what its agent said, and the events."""
    found = []
    async with watch.follow(task_id) as followed:
        async for event in followed.events():
            found.append(event)
            if event.type == "turn" and api.Turn.model_validate(event.data).state.final:
                break
        [seen] = watch.seen(followed, await watch.client.task(task_id)).turns
        return seen.text, found


def test_what_there_is_and_what_changes_is_known_without_asking(server: JupyterServer) -> None:
    async def look() -> tuple[str, str, int]:
        async with watching(direct(server)) as watch:
            await watch.ready()
            [device] = watch.devices.values()
            task_id = server.submit("!say hello")["task"]["id"]
            await heard(watch, lambda: task_id in watch.tasks and watch.tasks[task_id].state.final)
            return device.name, watch.tasks[task_id].state.value, len(watch.approvals)

    assert asyncio.run(look()) == ("This computer", "completed", 0)


def test_an_open_approval_is_known_until_it_is_decided(server: JupyterServer) -> None:
    async def look() -> tuple[str, dict[str, api.Approval]]:
        async with watching(direct(server)) as watch:
            await watch.ready()
            task_id = server.submit("!ask leave?", mode="ask")["task"]["id"]
            await heard(watch, lambda: any(one.task_id == task_id for one in watch.approvals.values()))
            [approval] = watch.approvals.values()
            await watch.client.decide(approval.id, api.Decision(decision="allow"))
            await heard(watch, lambda: not watch.approvals)
            return approval.title, watch.approvals

    assert asyncio.run(look()) == ("leave?", {})


def test_many_tasks_are_followed_over_one_connection(server: JupyterServer, proxy: Proxy) -> None:
    tasks = [server.submit(f"!say number {at}")["task"]["id"] for at in range(MANY)]

    async def follow(watch: Watch, task_id: int) -> str:
        async with watch.follow(task_id) as followed:
            async for event in followed.events():
                if event.type == "turn" and api.Turn.model_validate(event.data).state.final:
                    break
            return followed.transcript.text(next(iter(followed.transcript.turns.values())))

    async def look() -> list[str]:
        async with watching(proxy.url) as watch:
            await watch.ready()
            return await asyncio.gather(*(follow(watch, one) for one in tasks))

    texts = asyncio.run(look())
    assert [text.rsplit("\n", 1)[-1] for text in texts] == [f"number {at}" for at in range(MANY)]
    assert len(proxy.attempts) == 1


def test_two_who_follow_a_task_share_it_and_one_who_leaves_takes_nothing_from_the_other(server: JupyterServer) -> None:
    task_id = server.submit("!ask go on?\n!say end", mode="ask")["task"]["id"]
    approval = server.asked(task_id)

    async def look() -> str:
        async with watching(direct(server)) as watch:
            await watch.ready()
            async with watch.follow(task_id) as followed:
                async with watch.follow(task_id) as second:
                    assert second is followed
                    await anext(second.events())
                server.post(f"/approvals/{approval['id']}", {"decision": "allow"})
                return (await ended(watch, task_id))[0]

    assert asyncio.run(look()).endswith("end")


def test_followed_left_and_followed_again_at_once_it_is_heard(server: JupyterServer) -> None:
    task_id = server.submit("!say again")["task"]["id"]

    async def look() -> str:
        async with watching(direct(server)) as watch:
            await watch.ready()
            for _ in range(MANY):
                async with watch.follow(task_id):
                    await asyncio.sleep(0)
            return (await ended(watch, task_id))[0]

    assert asyncio.run(look()).endswith("again")


def test_through_cuts_a_task_goes_on_where_it_stopped_and_nothing_comes_twice(
    server: JupyterServer, proxy: Proxy
) -> None:
    task_id = server.submit("!slow 40 0.1")["task"]["id"]

    async def cut(watch: Watch) -> None:
        for _ in range(3):
            await watch.ready()
            proxy.cut()
            await heard(watch, lambda: not watch.connected.is_set())

    async def look() -> tuple[str, list[int]]:
        async with watching(proxy.url) as watch:
            await watch.ready()
            cutting = asyncio.create_task(cut(watch))
            text, found = await ended(watch, task_id)
            await cutting
            return text, [event.pos for event in found]

    text, positions = asyncio.run(look())
    whole = server.get(f"/tasks/{task_id}/events").json()["items"]
    assert text == next(one["data"]["text"] for one in reversed(whole) if one["data"].get("kind") == "message")
    assert positions == sorted(set(positions))


def test_what_happened_while_the_server_was_away_is_known_when_it_is_back(server: JupyterServer, proxy: Proxy) -> None:
    task_id = server.submit("!ask stay?", mode="ask")["task"]["id"]
    approval = server.asked(task_id)

    async def look() -> tuple[str, bool]:
        async with watching(proxy.url) as watch:
            await watch.ready()
            before = approval["id"] in watch.approvals
            proxy.refuse()
            await heard(watch, lambda: not watch.connected.is_set())
            server.post(f"/approvals/{approval['id']}", {"decision": "allow"})
            server.finished(task_id)
            proxy.accept()
            await watch.ready()
            return watch.tasks[task_id].state.value, before and approval["id"] not in watch.approvals

    assert asyncio.run(look()) == ("completed", True)


def test_a_task_that_is_not_there_is_an_error_for_all_who_follow_it_and_for_nobody_else(server: JupyterServer) -> None:
    task_id = server.submit("!say here")["task"]["id"]

    async def look() -> tuple[list[int], str]:
        async with watching(direct(server)) as watch:
            await watch.ready()
            gone = await asyncio.gather(ended(watch, 12345), ended(watch, 12345), return_exceptions=True)
            statuses = [one.status for one in gone if isinstance(one, ApiError)]
            return statuses, (await ended(watch, task_id))[0]

    statuses, text = asyncio.run(look())
    assert (statuses, text.endswith("here")) == ([404, 404], True)


def test_a_listener_that_fails_keeps_no_other_from_hearing(server: JupyterServer) -> None:
    def broken(_what: str, _about: Any) -> None:
        raise RuntimeError("a widget of somebody's")

    async def look() -> set[str]:
        async with watching(direct(server)) as watch:
            told: set[str] = set()
            watch.listen(broken)
            watch.listen(lambda what, _about: told.add(what))
            await heard(watch, lambda: "settings" in told)
            return told

    assert asyncio.run(look()) == {"connection", "devices", "tasks", "approvals", "settings"}


def test_a_token_that_opens_nothing_is_an_error_and_one_that_does_is_used_at_once(server: JupyterServer) -> None:
    async def look() -> tuple[int, bool]:
        async with watching(direct(server), "Bearer wgt_nothing", remote=True) as watch:
            with pytest.raises(ApiError) as refused:
                await watch.ready()
            watch.client._find = lambda: Server(direct(server), f"token {TOKEN}", remote=True)
            with contextlib.suppress(ApiError):  # it may still be at the try before
                await watch.ready()
            await watch.ready()
            return refused.value.status, bool(watch.devices)

    assert asyncio.run(look()) == (403, True)


def test_where_another_server_answers_a_task_is_not_the_one_that_has_its_number_there(
    server: JupyterServer, proxy: Proxy, start_server: Callable[..., JupyterServer]
) -> None:
    task_id = server.submit("!hang")["task"]["id"]
    other = start_server()

    async def look() -> str:
        async with watching(proxy.url) as watch:
            await watch.ready()
            async with watch.follow(task_id) as followed:
                events = followed.events()
                await anext(events)
                proxy.target = other.port
                proxy.cut()
                with pytest.raises(ApiError) as refused:
                    async for _ in events:
                        pass
            return refused.value.problem.message

    assert asyncio.run(look()) == "Another server answers now. This task is not there."
    server.post(f"/tasks/{task_id}/cancel", {})


def test_who_waits_for_a_server_that_stays_away_is_told(server: JupyterServer, proxy: Proxy) -> None:
    async def look() -> None:
        async with watching(proxy.url) as watch:
            await watch.ready()
            proxy.refuse()
            await watch.away(0.5)

    with pytest.raises(Unreachable, match="away"):
        asyncio.run(look())


def task(at: int, state: str = "queued") -> dict[str, Any]:
    """Return a task as the server tells it."""
    about = {"title": "t", "agent": "practice", "mode": "ask", "device_id": "d", "state": state}
    return {"id": at, **about, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}


def nowhere() -> Watch:
    """Return a watch that is not connected."""
    return Watch(Client(Server("http://127.0.0.1:9/wegent", "token x")))


def test_a_change_that_is_told_before_the_answer_to_watch_is_not_lost() -> None:
    async def tell() -> list[tuple[int, str]]:
        watch = nowhere()
        takes = watch._handlers(asyncio.Event())
        takes["task:update"](task(1, "completed"))
        version = api.Version(version="1", protocol=1, state="running").model_dump()
        watch._know({"version": version, "devices": [], "tasks": [task(2), task(1, "running")], "approvals": []})
        takes["task:update"](task(3))
        return [(one.id, one.state.value) for one in watch.tasks.values()]

    assert asyncio.run(tell()) == [(2, "queued"), (1, "completed"), (3, "queued")]


def test_of_many_tasks_those_that_changed_last_are_known() -> None:
    async def fill() -> list[int]:
        watch = nowhere()
        for at in [*range(1, MAX_TASKS + 1), 1, MAX_TASKS + 1]:
            watch._on_task(task(at))
        return list(watch.tasks)

    known = asyncio.run(fill())
    assert (len(known), known[-2:], 2 in known) == (MAX_TASKS, [1, MAX_TASKS + 1], False)


def test_after_a_hole_a_task_is_read_from_its_start() -> None:
    followed, about = Followed(1), {"task_id": 1, "turn_id": 2, "attempt_id": 3, "type": "delta"}
    delta = {"item_id": "a", "index": 0, "kind": "message"}
    assert followed.apply([{**about, "pos": 5, "data": {**delta, "offset": 0, "text": "ab"}}])
    assert not followed.apply([{**about, "pos": 9, "data": {**delta, "offset": 7, "text": "z"}}])
    assert followed.transcript.pos == 0
