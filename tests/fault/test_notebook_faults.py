"""Kernels whose server restarts, is not there, or does not know them any more; whose device vanishes; that fork."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lone_kernel import LoneKernel
from tests.support.proxy import Proxy
from tests.support.server import JupyterServer, free_port, wait_for

if os.name != "posix":
    pytest.skip("ends processes with POSIX signals", allow_module_level=True)

ASK = "t = wg.run('!ask go on?\\n!say went on', agent='practice'); print(t.id)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Share a server whose executor is killed."""
    made = JupyterServer(tmp_path_factory.mktemp("faults")).start()
    yield made
    made.stop()
    made.end_executor()


@pytest.fixture(scope="module")
def kernel(server: JupyterServer) -> Iterator[LoneKernel]:
    with LoneKernel(server.home) as made:
        yield made


def allow(server: JupyterServer, task_id: int) -> None:
    server.post(f"/approvals/{server.asked(task_id)['id']}", {"decision": "allow"})


def test_where_no_server_is_a_cell_says_so_and_works_once_there_is_one(
    tmp_path: Path, start_server: Callable[..., JupyterServer]
) -> None:
    """And what waits goes on when that server is restarted at another port, with another token."""
    with LoneKernel(tmp_path) as kernel:
        told = kernel.run("wg.tasks()")
        assert told.splitlines()[0] == "Wegent: No server with Wegent was found."
        assert "jupyter lab" in told
        assert "Traceback" not in told
        server = start_server(tmp_path)
        task_id = int(kernel.run(ASK))
        server.asked(task_id)
        waiting = kernel.start("print(t.wait().text[-7:])")
        server.kill()
        server.port = free_port()
        server.start()
        allow(server, task_id)
        assert kernel.end(waiting) == "went on\n"
        assert kernel.run("print(t.reply('!say more').wait().text[-4:], len(t.turns))") == "more 2\n"
        server.stop()
        told = kernel.run("t.status")
        assert told.startswith("Wegent: ")
        assert "does not answer" in told
        assert "Traceback" not in told


def test_with_a_token_that_was_revoked_a_cell_says_so_and_a_new_one_in_the_file_is_used(
    server: JupyterServer, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.touch(0o600)

    def make() -> int:
        made = server.post("/credentials", {"name": "for a kernel"}).json()
        file.write_text(made["secret"])
        found: int = made["id"]
        return found

    credential = make()
    with LoneKernel(tmp_path / "home") as kernel:
        assert kernel.run(f"wg.connect('{server.url}', '{file}')") == ""
        task_id = int(kernel.run(ASK))
        server.asked(task_id)
        waiting = kernel.start("t.wait()")
        server.request("DELETE", f"/credentials/{credential}")
        told = kernel.end(waiting)
        assert told.startswith("Wegent: ")
        assert "Traceback" not in told
        make()
        allow(server, task_id)
        assert kernel.run("print(t.wait().text[-7:], wg.devices()[0].status)") == "went on online\n"


def test_when_the_device_vanishes_the_waiting_ends_with_why(server: JupyterServer, kernel: LoneKernel) -> None:
    kernel.run("t = wg.run('!say first\\n!hang', agent='practice', mode='full')")
    waiting = kernel.start("t.wait(); print(t.status, t.error.code, t.error.message)")
    wait_for(lambda: server.get("/tasks?limit=1").json()["items"][0]["state"] == "running", "it runs")
    os.kill(server.executor_pid(), signal.SIGKILL)
    shown = kernel.end(waiting)
    assert shown.startswith("failed ")
    assert len(shown.split()) > 3
    wait_for(server.device_online, "the device is back")


def test_a_server_that_hangs_costs_a_cell_one_wait_for_all_its_cards_and_none_where_nothing_is_new(
    server: JupyterServer, kernel: LoneKernel
) -> None:
    kernel.run(
        "from wegent_jupyter.notebook import live\n"
        "from wegent_jupyter.notebook.session import Session\n"
        "calls, call = [], Session.call\n"
        "def counted(self, work, timeout=None):\n"
        "    calls.append(work.__qualname__)\n"
        "    return call(self, work, timeout)\n"
        "Session.call, live.SETTLE_SECONDS = counted, 0.5\n"
        "for _ in range(3):\n"
        "    get_ipython().run_cell_magic('wegent', '--agent practice --mode full', '!hang')\n"
        "cards = list(live._live)"
    )
    running = newest(server, 3)
    wait_for(
        lambda: kernel.run("print({c.session.watch.tasks[c.task.id].state.value for c in cards})") == "{'running'}\n",
        "known",
    )
    kernel.run("calls.clear()")
    assert kernel.run("print(len(cards), calls)") == "3 []\n"
    os.kill(server.process.pid if server.process else 0, signal.SIGSTOP)
    try:
        kernel.run("calls.clear()\nfor card in cards: card.said = 'waiting'")
        assert kernel.run("print(calls)\nfor card in cards: card.said = 'running'") == "['_settled']\n"
        shown = kernel.run(
            "from wegent_jupyter.notebook.widgets import asked, live as widgets\n"
            "vain, settled = [], asked.Asked.settled\n"
            "def seen(self, seconds):\n"
            "    done = settled(self, seconds)\n"
            "    if not done: vain.append(self)\n"
            "    return done\n"
            "asked.Asked.settled, widgets.SETTLE_SECONDS, widgets.SAME_CELL_SECONDS = seen, 0.2, 60\n"
            "wg.Panel().close(); print(len(vain))"
        )
        assert shown == "1\n", "of five widgets one waits"
    finally:
        os.kill(server.process.pid if server.process else 0, signal.SIGCONT)
        for task in running:
            server.post(f"/tasks/{task['id']}/cancel", {})
            server.finished(task["id"])
    kernel.run("Session.call, asked.Asked.settled = call, settled\nwidgets.SAME_CELL_SECONDS = 2.0")


def test_of_many_those_that_ran_on_a_device_that_vanished_fail_and_the_others_run_when_it_is_back(
    server: JupyterServer, kernel: LoneKernel
) -> None:
    code = "['!hang'] * 2 + ['!say done'] * 6"
    many = kernel.start(f"r = wg.map({code}, agent='practice', mode='full'); print([one['status'] for one in r])")

    def hang() -> bool:
        newest_ = newest(server, 8)
        return len([one for one in newest_ if one["title"] == "!hang" and one["state"] == "running"]) == 2

    wait_for(hang, "both run")
    os.kill(server.executor_pid(), signal.SIGKILL)
    statuses = kernel.end(many)
    assert statuses.count("failed") >= 2
    assert statuses.count("failed") + statuses.count("completed") == 8
    assert "completed" in statuses
    wait_for(server.device_online, "the device is back")


def test_a_forked_process_connects_anew_and_never_waits_for_a_thread_that_it_does_not_have(kernel: LoneKernel) -> None:
    shown = kernel.run(
        "t = wg.run('!say forked', agent='practice').wait()\n"
        "import os\n"
        "read, write = os.pipe()\n"
        "if (child := os.fork()) == 0:\n"
        "    try:\n"
        "        t.status\n"
        "    except wg.WegentError as error:\n"
        "        os.write(write, f'{error.message[:35]}|{wg.task(t.id).text[-6:]}'.encode())\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(os.read(read, 1000).decode(), t.status)\n"
    )
    assert shown == "The connection of this object has e|forked completed\n"


def test_two_kernels_see_the_same_task_and_what_the_other_did(server: JupyterServer, kernel: LoneKernel) -> None:
    task_id = int(kernel.run("t = wg.run('!hang', agent='practice', mode='full'); print(t.id)"))
    with LoneKernel(server.home) as other:
        waiting = kernel.start("print(t.wait().status)")
        assert other.run(f"print(wg.task({task_id}).stop().wait().status)") == "cancelled\n"
        assert kernel.end(waiting) == "cancelled\n"


def test_many_who_wait_share_one_connection_and_survive_its_end(server: JupyterServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text(server.post("/credentials", {"name": "for many"}).json()["secret"])
    with Proxy(server.port) as between:
        named = {"WEGENT_SERVER_URL": between.url, "WEGENT_TOKEN_FILE": str(token)}
        between.watched = b"101 Switching Protocols"
        with LoneKernel(tmp_path / "home", named) as kernel:
            kernel.run("tasks = [wg.run(f'!ask {at}?\\n!say {at}', agent='practice') for at in range(4)]")
            waiting = kernel.start(
                "import asyncio\n"
                "async def last(task):\n"
                "    return [event async for event in task][-1].data['state']\n"
                "print(set(await asyncio.gather(*(last(one) for one in tasks))), "
                "{one.status for one in await asyncio.gather(*tasks)})"
            )
            asked = wait_for(lambda: [server.asked(one["id"]) for one in newest(server, 4)], "all ask")
            assert len(between.passed) == 1
            between.cut()
            for one in asked:
                server.post(f"/approvals/{one['id']}", {"decision": "allow"})
            assert kernel.end(waiting) == "{'completed'} {'completed'}\n"
        assert len(between.passed) == 2


def newest(server: JupyterServer, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(f"/tasks?limit={count}").json()["items"]
    return found
