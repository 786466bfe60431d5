"""The Codex login on a device: written once and whole, nowhere else, never over another, never seen elsewhere."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.lone_device import LoneDevice
from tests.support.server import free_port, wait_for
from wegent_jupyter.executor.personal import auth_file, presence
from wegent_jupyter.executor.personal.login import has_login
from wegent_jupyter.protocol.personal import CODEX_TARGET, MAX_AUTH_BYTES
from wegent_jupyter.protocol.wire import AuthFile

SECRET = "canary-refresh-token-5b1f"
LOGIN = {"tokens": {"refresh_token": SECRET, "access_token": "canary-access"}, "OPENAI_API_KEY": None}
WRITTEN = json.dumps(LOGIN, indent=2, sort_keys=True) + "\n"


def variables(content: str | None = None, target: str = CODEX_TARGET, runtime: str = "codex") -> dict[str, str]:
    given = dict(zip(auth_file.VARIABLES, (runtime, target), strict=False))
    return given if content is None else {**given, auth_file.VARIABLES[2]: content}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def sync(
    home: Path,
    content: Any = LOGIN,
    environment: dict[str, str] | None = None,
    target: str = CODEX_TARGET,
    runtime: str = "codex",
) -> tuple[int, Any]:
    text = content if isinstance(content, str) else json.dumps(content)
    return auth_file.sync(variables(text, target, runtime), environment or {}, home)


def read(home: Path, environment: dict[str, str] | None = None) -> tuple[int, Any]:
    return auth_file.read(variables(), environment or {}, home)


def all_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_login_is_written_for_its_owner_only_and_read_back(home: Path) -> None:
    path = home / ".codex" / "auth.json"
    assert sync(home) == (0, {"status": "written", "runtime": "codex", "path": str(path)})
    assert path.read_text() == WRITTEN
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert all_of(home) == [".codex", ".codex/auth.json"], "and nothing else"
    assert read(home) == (0, {"status": "read", "runtime": "codex", "path": str(path), "content": WRITTEN})


def test_a_login_that_is_there_is_never_changed(home: Path) -> None:
    path = home / ".codex" / "auth.json"
    path.parent.mkdir()
    path.write_text("{}")
    path.chmod(0o640)
    assert sync(home)[1]["status"] == "skipped_existing"
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("{}", 0o640)
    assert all_of(home) == [".codex", ".codex/auth.json"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"content": ""}, "no content"),
        ({"content": "{" + SECRET}, "not JSON"),
        ({"content": f'["{SECRET}"]'}, "not an object"),
        ({"content": f'{{"a": NaN, "b": "{SECRET}"}}'}, "not JSON"),
        ({"content": json.dumps({"a": "x" * MAX_AUTH_BYTES})}, "larger than 512 KiB"),
        ({"content": '{"a":' + "[" * 50_000 + "]" * 50_000 + "}"}, "not JSON"),
        ({"content": '{"a":' + "[" * 400 + ",".join(["1"] * 5_000) + "]" * 400 + "}"}, "would be larger"),
        ({"runtime": ""}, "codex only"),
        ({"runtime": "claude"}, "codex only"),
        ({"target": ""}, "start with ~/"),
        ({"target": "/etc/passwd"}, "start with ~/"),
        ({"target": "~root/.codex/auth.json"}, "start with ~/"),
        ({"target": "~/../other/.codex/auth.json"}, "start with ~/"),
        ({"target": "~/.codex/../../x"}, "start with ~/"),
        ({"target": "~/.codex/auth.json\0"}, "start with ~/"),
        ({"target": "~/.bashrc"}, "Only Codex's own login file"),
        ({"target": "~/.codex/config.toml"}, "Only Codex's own login file"),
        ({"target": "~/"}, "Only Codex's own login file"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_nothing_is_written(
    home: Path, given: dict[str, str], says: str
) -> None:
    whole = {"content": json.dumps(LOGIN), "target": CODEX_TARGET, "runtime": "codex", **given}
    status, answer = sync(home, whole["content"], target=whole["target"], runtime=whole["runtime"])
    assert (status, answer["status"]) == (64, "failed")
    assert says in answer["error"]
    assert SECRET not in json.dumps(answer)
    assert list(home.parent.rglob("*")) == [home]


def test_links_are_followed_inside_the_home_and_refused_out_of_it(home: Path, tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", home / "dotfiles" / "codex"
    outside.mkdir()
    inside.mkdir(parents=True)
    link = home / ".codex"

    link.symlink_to(outside)
    for found in (sync(home), read(home)):
        assert found[0] == 64
        assert f"{outside} on this device (a link leads there)" in found[1]["error"]
    link.unlink()

    link.symlink_to(inside)
    (inside / "auth.json").symlink_to(outside / "auth.json")
    (outside / "auth.json").write_text(SECRET)
    for found in (sync(home), read(home)):
        assert (found[0], SECRET in str(found)) == (64, False)
    (inside / "auth.json").unlink()

    (inside / "auth.json").symlink_to("real.json")
    assert sync(home)[1]["path"] == str(inside / "real.json"), "where Codex would write it, too"
    assert (inside / "auth.json").read_text() == WRITTEN
    assert all_of(outside) == ["auth.json"]

    link.unlink()
    link.symlink_to(link)
    assert sync(home)[0] == 64, "in a circle"


def test_codex_home_says_where_the_login_is_as_long_as_that_is_in_the_home(home: Path, tmp_path: Path) -> None:
    inside, outside = {"CODEX_HOME": str(home / "cfg" / "codex")}, {"CODEX_HOME": str(tmp_path / "elsewhere")}
    assert sync(home, environment=inside)[1]["path"] == str(home / "cfg" / "codex" / "auth.json")
    assert sync(home, environment=inside, target="~/cfg/codex/auth.json")[1]["status"] == "skipped_existing"
    assert read(home, inside)[1]["content"] == WRITTEN
    status, answer = sync(home, environment=outside)
    assert status == 64
    assert "CODEX_HOME says so" in answer["error"]
    assert not (tmp_path / "elsewhere").exists()
    assert not (home / ".codex").exists()


def test_what_is_in_the_way_is_named_and_left_alone(home: Path) -> None:
    (home / ".codex").write_text("a file")
    status, answer = sync(home)
    assert (status, "Not a directory" in answer["error"]) == (74, True)
    (home / ".codex").unlink()
    (home / ".codex" / "auth.json").mkdir(parents=True)
    status, answer = sync(home)
    assert (status, "is not a file" in answer["error"]) == (74, True)
    assert all_of(home) == [".codex", ".codex/auth.json"]


def test_what_is_read_is_a_file_of_text_and_small(home: Path) -> None:
    assert read(home)[0] == 66, "there is none"
    path = home / ".codex" / "auth.json"
    path.parent.mkdir()
    os.mkfifo(path)
    assert (read(home)[0], "is not a file" in read(home)[1]["error"]) == (74, True)
    path.unlink()
    path.write_bytes(b"\xff\xfe\x00")
    assert (read(home)[0], "is not text" in read(home)[1]["error"]) == (64, True)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert (read(home)[0], "is larger" in read(home)[1]["error"]) == (64, True)


def test_of_many_at_once_one_writes_and_the_file_is_whole(home: Path) -> None:
    gate = threading.Barrier(12)

    def one(number: int) -> str:
        gate.wait()
        status: str = sync(home, {"number": number, "filling": "x" * 200_000})[1]["status"]
        return status

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(one, range(12)))
    assert sorted(set(statuses)) == ["skipped_existing", "written"]
    assert statuses.count("written") == 1
    assert json.loads((home / ".codex" / "auth.json").read_text())["number"] == statuses.index("written")
    assert all_of(home) == [".codex", ".codex/auth.json"]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let this process write no file of more than 100,000 bytes, which fails as a full disk does."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_nothing_of_a_login(home: Path) -> None:
    status, answer = sync(home, {"filling": "x" * 300_000})
    assert (status, answer["status"]) == (74, "failed")
    assert f"{CODEX_TARGET} cannot be used: File too large." == answer["error"]
    assert all_of(home) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from wegent_jupyter.executor.personal import auth_file
os.link = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
names = dict(zip(auth_file.VARIABLES, ("codex", "~/.codex/auth.json", '{"a": 1}')))
auth_file.sync(names, {}, Path(sys.argv[1]))
"""


def test_a_kill_in_the_middle_leaves_no_half_file_and_the_next_time_tidies_up(home: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(home)], timeout=60)
    assert ended.returncode == -signal.SIGKILL
    [left] = [path for path in home.rglob("*") if path.is_file()]
    assert (left.name != "auth.json", stat.S_IMODE(left.stat().st_mode)) == (True, 0o600)
    long_ago = time.time() - 3_600
    os.utime(left, (long_ago, long_ago))
    assert sync(home)[1]["status"] == "written"
    assert all_of(home) == [".codex", ".codex/auth.json"]


def not_permitted(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_where_a_file_has_one_name_only_it_is_written_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", not_permitted)
    assert sync(home)[1]["status"] == "written"
    path = home / ".codex" / "auth.json"
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (WRITTEN, 0o600)
    assert all_of(home) == [".codex", ".codex/auth.json"]


def test_a_login_that_cannot_get_its_name_leaves_no_empty_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", not_permitted)
    monkeypatch.setattr(Path, "replace", not_permitted)
    assert sync(home)[0] == 74
    assert all_of(home) == []


def test_an_empty_file_that_was_left_is_no_login_and_is_written_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / ".codex" / "auth.json"
    path.parent.mkdir()
    path.touch()
    monkeypatch.setenv("CODEX_HOME", str(path.parent))
    assert presence.look() == AuthFile(target_path=str(path), exists=False)
    assert not has_login({"CODEX_HOME": str(path.parent)})
    assert (sync(home)[1]["status"], path.read_text()) == ("skipped_existing", ""), "somebody may be writing it"
    long_ago = time.time() - 3_600
    os.utime(path, (long_ago, long_ago))
    assert sync(home)[1]["status"] == "written"
    assert path.read_text() == WRITTEN
    assert presence.look() == AuthFile(target_path=str(path), exists=True)


# Two devices, each an executor process with a home of its own.


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LoneDevice, LoneDevice]]:
    root = tmp_path_factory.mktemp("machines")
    with LoneDevice(root / "without") as without, LoneDevice(root / "with") as having:
        having.login.parent.mkdir()
        having.login.write_text('{"OPENAI_API_KEY": "mine"}')
        yield without, having


def test_a_device_without_the_login_gets_it_and_one_with_it_keeps_its_own(
    machines: tuple[LoneDevice, LoneDevice],
) -> None:
    without, having = machines
    wait_for(lambda: without.told() == {"target_path": str(without.login), "exists": False}, "its absence is told")

    result = without.command("sync_runtime_auth_file", variables(json.dumps(LOGIN)))
    assert (result["success"], result["exit_code"], result["error"]) == (True, 0, None)
    assert json.loads(result["stdout"]) == {"status": "written", "runtime": "codex", "path": str(without.login)}
    assert without.login.read_text() == WRITTEN
    wait_for(lambda: without.told() == {"target_path": str(without.login), "exists": True}, "its presence is told")
    wait_for(lambda: without.logged_in() is True, "the agent shows as logged in")

    result = having.command("sync_runtime_auth_file", variables(json.dumps(LOGIN)))
    assert json.loads(result["stdout"])["status"] == "skipped_existing"
    assert having.login.read_text() == '{"OPENAI_API_KEY": "mine"}'
    back = having.command("read_runtime_auth_file", variables())
    assert json.loads(back["stdout"])["content"] == '{"OPENAI_API_KEY": "mine"}'


def test_a_refused_order_has_its_status_and_its_words(machines: tuple[LoneDevice, LoneDevice]) -> None:
    result = machines[0].command("sync_runtime_auth_file", variables("[]", "~/.ssh/authorized_keys"))
    assert (result["success"], result["exit_code"]) == (False, 64)
    assert result["error"] == json.loads(result["stdout"])["error"]
    assert "Only Codex's own login file" in result["error"]


def test_a_stock_backend_which_sends_a_program_for_it_is_understood(machines: tuple[LoneDevice, LoneDevice]) -> None:
    """It names no key; what it wants is in the variables, and its program is not run."""
    having = machines[1]
    trap = having.program.home / "ran"
    argv = ["sh", "-c", f"touch '{trap}'"]
    for env, status in ((variables(json.dumps(LOGIN)), "skipped_existing"), (variables(), "read")):
        result = having.ask("device:execute_command", command="python3 -c …", argv=argv, env=env)
        assert (result["success"], json.loads(result["stdout"])["status"]) == (True, status)
    assert not trap.exists()


def test_a_login_is_seen_nowhere_but_in_its_file(machines: tuple[LoneDevice, LoneDevice]) -> None:
    program = machines[0].program
    machines[0].command("sync_runtime_auth_file", variables(json.dumps({**LOGIN, "again": "again"})))
    assert program.process is not None
    executor = psutil.Process(program.process.pid)
    for process in (executor, *executor.children(recursive=True)):
        assert SECRET not in f"{process.cmdline()} {process.environ()}"
    holding = [
        path
        for path in program.home.rglob("*")
        if path.is_file() and path != machines[0].login and SECRET.encode() in path.read_bytes()
    ]
    assert holding == []
    assert SECRET not in program.said + program.log
    assert SECRET not in json.dumps(machines[0].gateway.events), "and nothing of it goes back"


def test_providers_and_proxies_are_tried_from_the_device_and_no_key_is_kept(
    machines: tuple[LoneDevice, LoneDevice],
) -> None:
    device, closed = machines[0], f"http://127.0.0.1:{free_port()}"
    check = {"kind": "openai", "base_url": closed, "api_key": SECRET, "model_id": "m"}
    found = device.ask("provider:test", **check)
    assert (found["success"], found["ok"], "refused" in found["result"]) == (True, False, True)
    found = device.ask("proxy:test", proxy_url=closed.replace("//", f"//me:{SECRET}@"))
    assert (found["success"], found["ok"], "refused" in found["result"]) == (True, False, True)
    malformed = device.ask("provider:test", **{**check, "kind": SECRET})
    assert (malformed["success"], malformed["code"]) == (False, "malformed")
    assert SECRET not in json.dumps([found, malformed]) + device.program.said + device.program.log


def test_a_login_that_comes_or_goes_beside_us_is_told(machines: tuple[LoneDevice, LoneDevice]) -> None:
    without = machines[1]
    wait_for(lambda: (without.told() or {}).get("exists") is True, "it is there")
    without.login.rename(without.login.with_name("kept"))
    without.gateway.drop()  # the next connection begins with a heartbeat, as every 30 s would
    wait_for(lambda: (without.told() or {}).get("exists") is False, "that it went is told")
    without.login.with_name("kept").rename(without.login)
    without.gateway.drop()
    wait_for(lambda: (without.told() or {}).get("exists") is True, "that it came is told")
    assert without.told() == {"target_path": str(without.login), "exists": True}


def test_a_device_that_does_not_offer_codex_says_and_writes_nothing(tmp_path: Path) -> None:
    with LoneDevice(tmp_path / "other", WEGENT_ALLOWED_AGENTS="practice,claude") as machine:
        result = machine.command("sync_runtime_auth_file", variables(json.dumps(LOGIN)))
        assert (result["success"], result["exit_code"]) == (False, 64)
        assert "not allowed on this device" in result["error"]
        wait_for(lambda: machine.gateway.got("device:heartbeat"), "a heartbeat")
        assert machine.told() is None
        assert not machine.login.parent.exists()
