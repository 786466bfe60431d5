"""How the kernel of a notebook finds its server, and finds it again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.kernels import Kernel
from tests.support.server import LIVENESS, JupyterServer, free_port, wait_for
from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.client.discover import BadSetting, Server, kernel_server
from wegent_jupyter.protocol import api
from wegent_jupyter.server.kernel_access import KernelAccess

T = TypeVar("T")
NOTICE = "For lessons: <b>do not</b> paste keys here."
NEW = api.CreateTask(prompt="!say hello", agent="practice", mode="full")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    made = JupyterServer(tmp_path_factory.mktemp("access"), options=[f"--WegentApp.notice={NOTICE}"]).start()
    yield made
    made.stop()
    made.end_executor()


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Callable[[JupyterServer], None]:
    """Give this process the environment that a server gives to its kernels."""

    def be(server: JupyterServer) -> None:
        assert server.process is not None
        monkeypatch.setenv("JPY_PARENT_PID", str(server.process.pid))
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(server.home / "runtime"))
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(server.home / "data"))
        for name in ("WEGENT_SERVER_URL", "WEGENT_TOKEN_FILE"):
            monkeypatch.delenv(name, raising=False)

    return be


Beside = Callable[[JupyterServer], None]


def runtime_file(server: JupyterServer) -> Path:
    assert server.process is not None
    return server.home / "runtime" / f"wegent-{server.process.pid}.json"


def found() -> Server:
    server = kernel_server()
    assert server is not None
    return server


def run(work: Callable[[Client], Coroutine[Any, Any, T]], server: Server) -> T:
    """Use a client that looks for its server as kernels do."""

    async def main() -> T:
        async with Client(server, kernel_server) as client:
            return await asyncio.wait_for(work(client), LIVENESS)

    return asyncio.run(main())


# Found.

WORK = """
from wegent_jupyter.notebook.session import session
from wegent_jupyter.protocol.api import CreateTask
def work(text):
    wg = session()
    made = wg.call(wg.client.create_task(CreateTask(prompt="!say " + text, agent="practice", mode="full")))
    return made.task.id
"""


def test_a_kernel_needs_no_setting_to_work_on_its_server(server: JupyterServer) -> None:
    with Kernel(server) as kernel:
        task, version = kernel.value("[work('hi'), session().ready().version.model_dump()]", WORK)
    assert server.finished(task)["state"] == "completed"
    assert version == server.get("/version").json()


def test_a_version_names_its_gateway_and_what_the_operator_says(server: JupyterServer) -> None:
    version = server.get("/version").json()
    assert version["notice"] == NOTICE
    assert re.fullmatch(r"[0-9a-f]{32}", version["gateway_id"])


def test_without_its_servers_file_the_gateway_of_the_data_directory_is_used(
    server: JupyterServer, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is under `jupyter nbconvert --execute` and Voilà. The token is that of kernels, never that of the shell."""
    beside(server)
    by_file = found()
    gateway = json.loads((server.data / "gateway.json").read_text())
    for other in ("", "none", "-1", "../x", "999999999", str(os.getpid())):
        monkeypatch.setenv("JPY_PARENT_PID", other)
        assert found() == by_file
        assert found().authorization == f"wegent {gateway['kernel_token']}"
    monkeypatch.delenv("JPY_PARENT_PID")
    assert found() == by_file
    monkeypatch.setenv("JUPYTER_DATA_DIR", "/nowhere")
    assert kernel_server() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"pid": 1}', '{"pid": "x", "url": "u", "token": "t"}', "\0"])
def test_a_file_that_makes_no_sense_is_none(
    beside: Beside, server: JupyterServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    beside(server)
    expected = found()
    (tmp_path / runtime_file(server).name).write_text(text)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    assert found() == expected


def test_a_file_of_another_user_is_none(
    beside: Beside, server: JupyterServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside(server)
    expected = found()
    lure = json.loads(runtime_file(server).read_text()) | {"url": "http://127.0.0.1:1/wegent"}
    (tmp_path / runtime_file(server).name).write_text(json.dumps(lure))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    assert found().url == lure["url"], "ours would be followed"
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert found() == expected


def test_a_server_that_a_person_named_comes_first(
    beside: Beside, server: JupyterServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside(server)
    monkeypatch.setenv("WEGENT_SERVER_URL", "https://there.example/hub")
    with pytest.raises(BadSetting, match="WEGENT_TOKEN_FILE is not"):
        kernel_server()
    token = tmp_path / "token"
    token.write_text("wg-1\n")
    token.chmod(0o600)
    monkeypatch.setenv("WEGENT_TOKEN_FILE", str(token))
    assert (found().url, found().authorization) == ("https://there.example/hub/wegent", "Bearer wg-1")


def test_a_server_that_cannot_write_the_file_says_so_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    access = KernelAccess(str(tmp_path / "missing"))
    access.tell("http://127.0.0.1:1/wegent", {})
    access.forget()
    assert "Kernels will not find Wegent" in caplog.text
    assert access.token not in caplog.text


def test_the_file_follows_whoever_has_the_gateway(tmp_path: Path) -> None:
    access = KernelAccess(str(tmp_path))
    file = tmp_path / f"wegent-{os.getpid()}.json"
    for url, token in (("http://127.0.0.1:1/wegent", "a"), ("http://127.0.0.1:2/wegent", "b")):
        access.tell_of({"pid": 1, "url": url, "token": "of the shell", "kernel_token": token, "ca": "cert.pem"})
        expected = {"pid": os.getpid(), "url": url, "token": token, "unix": None, "ca": "cert.pem"}
        assert json.loads(file.read_text()) == expected
    access.tell_of({"pid": 1, "url": "http://127.0.0.1:1/wegent", "token": "of an older version"})
    assert not file.exists()


def test_a_file_that_could_not_be_written_is_tried_again(tmp_path: Path) -> None:
    access = KernelAccess(str(tmp_path / "later"))
    access.tell("http://127.0.0.1:1/wegent", {})
    (tmp_path / "later").mkdir()
    access.tell("http://127.0.0.1:1/wegent", {})
    told = json.loads((tmp_path / "later" / f"wegent-{os.getpid()}.json").read_text())
    assert told["url"] == "http://127.0.0.1:1/wegent"


def test_a_kernel_is_told_why_its_server_has_no_gateway(
    start_server: Callable[..., JupyterServer], tmp_path: Path, beside: Beside
) -> None:
    broken = tmp_path / "missing" / "wegent.db"
    server = start_server(wait=False, options=[f"--WegentApp.database_url=sqlite:///{broken}"])
    wait_for(runtime_file(server).exists, "the server tells its kernels where it is")
    beside(server)
    with pytest.raises(ApiError) as refused:
        run(lambda client: client.create_task(NEW), found())
    assert refused.value.status == 503
    assert str(broken) in refused.value.problem.message


# Found again.


@pytest.mark.parametrize("port", ["the same port", "another port"])
def test_a_request_finds_the_server_after_a_restart_and_happens_once(
    server: JupyterServer, beside: Beside, port: str
) -> None:
    beside(server)

    async def work(client: Client) -> tuple[int, int]:
        before, gateway = len(await client.tasks()), (await client.version()).gateway_id
        await asyncio.to_thread(server.stop)
        with pytest.raises(Unreachable, match="does not answer"):
            await client.version()
        if port == "another port":
            server.port = free_port()
        await asyncio.to_thread(server.start)
        await client.create_task(NEW)
        assert (await client.version()).gateway_id == gateway, "its tasks are the same ones"
        return before, len(await client.tasks())

    before, after = run(work, found())
    assert after == before + 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"HTTP/1.1 500 No\r\n\r\n"])
def test_a_request_that_may_have_arrived_is_never_repeated(
    server: JupyterServer, beside: Beside, answer: bytes
) -> None:
    beside(server)
    arrived: list[bytes] = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.readuntil(b"}"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def work(client: Client) -> tuple[int, int]:
        before = len(await client.tasks())
        async with await asyncio.start_server(swallow, "127.0.0.1", 0) as other:
            port = other.sockets[0].getsockname()[1]
            async with Client(Server(f"http://127.0.0.1:{port}/wegent", "wegent old"), kernel_server) as lost:
                with pytest.raises((Unreachable, ApiError)):
                    await lost.create_task(NEW)
        return before, len(await client.tasks())

    before, after = run(work, found())
    assert (len(arrived), after) == (1, before)


def test_what_the_server_itself_refuses_is_asked_once(server: JupyterServer, beside: Beside) -> None:
    beside(server)
    place = found()
    with pytest.raises(ApiError) as refused:
        run(lambda client: client.delete_device("any", revoke=True), place)
    assert refused.value.problem.code == "not_from_kernels"


# A second server on the same data directory.


def test_kernels_of_a_second_server_work_on_the_first_and_go_on_when_it_ends(
    start_server: Callable[..., JupyterServer], tmp_path: Path
) -> None:
    first = start_server(tmp_path / "home")
    second = start_server(tmp_path / "home", wait=False)
    wait_for(runtime_file(second).exists, "the second tells its kernels where the gateway is")
    assert stat.S_IMODE(runtime_file(second).stat().st_mode) == 0o600
    told = json.loads(runtime_file(second).read_text())
    assert told == json.loads(runtime_file(first).read_text()) | {"pid": told["pid"]}
    with Kernel(second) as kernel:
        task = kernel.value("work('to the first')", WORK)
        assert first.finished(task)["state"] == "completed"
        first.stop()
        wait_for(second.device_online, "the second has taken over")
        assert json.loads(runtime_file(second).read_text())["url"] == f"{second.url}wegent"
        task = kernel.value("work('to the second')", WORK)
        assert second.finished(task)["state"] == "completed"
