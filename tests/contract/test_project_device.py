"""A project's directory on its device: made or cloned whole, or not at all and said why."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from tests.support.git_server import stalling_server, web_server
from tests.support.hostile import set_traps, trap
from tests.support.repositories import bare, commit, git, repository
from tests.support.sshd import SshServer
from tests.support.world import World
from wegent_jupyter.executor.config import load
from wegent_jupyter.executor.processes import MARKER_VARIABLE, ProcessRecords
from wegent_jupyter.executor.projects import clone as cloning
from wegent_jupyter.executor.projects import prepare as module
from wegent_jupyter.executor.projects.prepare import Projects
from wegent_jupyter.protocol.projects import PREPARE, REMOVE_WORKTREE, WORKTREE
from wegent_jupyter.protocol.wire import SHUTDOWN

LIVENESS = 60.0


class Device:
    """The projects of a device, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "workspace"
        self.settings = load({"WEGENT_EXECUTOR_HOME": str(home / "h"), "LOCAL_WORKSPACE_ROOT": str(self.root)})
        self.records = ProcessRecords(home / "processes")
        self._orders = 0

    def run(self, scenario: Callable[[Projects], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            projects = Projects(self.settings, self.records)
            try:
                async with asyncio.timeout(LIVENESS):
                    return await scenario(projects)
            finally:
                await projects.close()

        return asyncio.run(whole())

    def prepare(self, path: str | None = None, url: str | None = None, branch: str | None = None) -> dict[str, Any]:
        """Have a new order carried out, and return how it ended."""
        self._orders += 1
        order = {"id": str(self._orders), "path": path, "url": url, "branch": branch}
        answer: dict[str, Any] = self.run(lambda projects: finished(projects, order))
        return answer

    def refused(self, path: str | None = None, url: str | None = None, branch: str | None = None) -> dict[str, Any]:
        """Have an order fail, with a message that can be shown, and nothing left."""
        before = everything(self.home)
        answer = self.prepare(path, url, branch)
        assert (answer["success"], answer["state"]) == (False, "failed"), answer
        assert 10 < len(answer["message"]) < 1000, answer
        assert everything(self.home) == before, "something was left"
        return answer


async def finished(projects: Projects, order: dict[str, Any]) -> dict[str, Any]:
    while (answer := await projects.prepare(order))["state"] == "preparing":
        await asyncio.sleep(0.01)
    return answer


def everything(home: Path) -> set[str]:
    return {str(path) for path in home.rglob("*") if ".git" not in path.parts and "processes" not in path.parts}


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Device:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_ASKPASS", "SSH_ASKPASS", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "person").mkdir()
    return Device(tmp_path / "device")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A bare repository to clone."""
    made = repository(tmp_path / "origin", **{"a.txt": "one\n"})
    git(made, "branch", "side")
    return bare(tmp_path / "churn.git", made)


@pytest.fixture
def web(tmp_path: Path, source: Path) -> Iterator[str]:
    with web_server(tmp_path) as url:
        yield url


# Directories.

ODD = [
    "with space",
    "quo'te\"s",
    "new\nline",
    "-dash",
    "--help",
    "dépôt 🚀",
    "$(touch x)",
    ".hidden",
    "a/b/c",
    "*",
    "~x~",
]


@pytest.mark.parametrize("name", ODD)
def test_a_directory_is_made_where_it_is_said_whatever_its_name(device: Device, name: str) -> None:
    below = f"./{name}" if name.startswith("~") else name
    for path, place in ((below, device.root / name), (str(device.home / name), device.home / name)):
        answer = device.prepare(path)
        assert (answer["success"], answer["state"], answer["path"]) == (True, "ready", str(place))
        assert place.is_dir()
        assert answer["repository"] is False


def test_a_directory_below_the_home_directory_is_made(device: Device) -> None:
    assert device.prepare("~/work/new")["path"] == str(Path.home() / "work" / "new")
    assert (Path.home() / "work" / "new").is_dir()


def test_an_existing_directory_is_taken_as_it_is_and_links_are_followed(device: Device, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "file").write_text("kept")
    (tmp_path / "link").symlink_to(there)
    for _ in range(2):
        assert device.prepare(str(tmp_path / "link"))["path"] == str(there)
    assert (there / "file").read_text() == "kept"


def test_a_directory_in_a_repository_is_said_to_be_in_one(device: Device, source: Path, tmp_path: Path) -> None:
    assert device.prepare(str(tmp_path / "origin" / "deeper"))["repository"] is True
    assert device.prepare(str(source))["repository"] is False, "a bare one has no work tree"


@pytest.mark.parametrize(
    "path",
    [
        "../out",
        "a/../../out",
        "link/out",
        "a\0b",
        "{home}/file",
        "{home}/file/below",
        "{home}/loop",
        "{home}/loop/below",
        "x" * 300,
        "ok/" + "y" * 4000,
        "~nobody-of-that-name/x",
        "/proc/nowhere/x",
    ],
)
def test_what_cannot_be_a_directory_is_refused_and_nothing_is_made(device: Device, path: str, tmp_path: Path) -> None:
    device.root.mkdir(parents=True)
    (device.home / "file").write_text("x")
    (device.home / "loop").symlink_to(device.home / "loop")
    (device.root / "link").symlink_to(tmp_path)
    answer = device.refused(path.format(home=device.home))
    assert answer["code"] == "bad_path"
    answer["message"].encode()


def test_a_name_that_is_no_utf8_is_refused(device: Device) -> None:
    with pytest.raises(ValidationError):
        device.prepare("no\udcfftext")
    folder = device.home / os.fsdecode(b"n\xff")
    folder.mkdir()
    (device.home / "link").symlink_to(folder)
    assert "no UTF-8" in device.refused(str(device.home / "link"))["message"]


def test_an_unwritable_place_is_named(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    (device.home / "closed").mkdir()
    # The superuser may write anywhere, and runs these tests in some places.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != device.home / "closed")
    answer = device.refused(str(device.home / "closed"))
    assert "not writable" in answer["message"]


def test_the_same_order_is_carried_out_once(device: Device, source: Path) -> None:
    async def scenario(projects: Projects) -> list[dict[str, Any]]:
        order = {"id": "same", "path": None, "url": str(source)}
        first = await asyncio.gather(*(projects.prepare(order) for _ in range(5)))
        await finished(projects, order)
        return [*first, await projects.prepare(order), await projects.prepare(order)]

    answers = device.run(scenario)
    assert {answer["path"] for answer in answers} == {str(device.root / "projects" / "churn")}
    assert answers[-1]["state"] == answers[-2]["state"] == "ready"
    assert [path.name for path in (device.root / "projects").iterdir()] == ["churn"]


# Clones.


def test_a_clone_is_whole_by_the_repositorys_name_with_its_branch_and_no_secret(device: Device, source: Path) -> None:
    answer = device.prepare(url=str(source), branch="side")
    place = device.root / "projects" / "churn"
    assert (answer["success"], answer["state"], answer["path"]) == (True, "ready", str(place))
    assert (answer["repository"], answer["warnings"]) == (True, [])
    assert (place / "a.txt").read_text() == "one\n"
    assert git(place, "status", "--porcelain", "--branch") == "## side...origin/side"
    assert git(place, "remote", "get-url", "origin") == str(source)
    assert [path.name for path in place.parent.iterdir()] == ["churn"]


def test_a_tag_can_be_cloned_as_well(device: Device, source: Path) -> None:
    git(source, "tag", "v1", "main")
    path = device.prepare(url=str(source), branch="v1")["path"]
    assert git(Path(path), "describe", "--tags") == "v1"


@pytest.mark.parametrize("name", ODD)
def test_a_clone_goes_where_it_is_said_whatever_its_name(device: Device, source: Path, name: str) -> None:
    answer = device.prepare(str(device.home / name), str(source))
    assert answer["path"] == str(device.home / name)
    assert (device.home / name / "a.txt").exists()


def test_a_name_that_is_taken_is_numbered_and_a_clone_that_is_there_is_used(device: Device, source: Path) -> None:
    taken = device.root / "projects" / "churn"
    taken.mkdir(parents=True)
    (taken / "file").write_text("x")
    first = device.prepare(url=str(source))
    assert (first["path"], first["warnings"]) == (f"{taken}-2", [])
    (taken.with_name("churn-2") / "a.txt").write_text("mine")
    second = device.prepare(url=f"file://{source}")
    assert second["path"] == f"{taken}-2"
    assert "was there already" in second["warnings"][0]
    assert (taken.with_name("churn-2") / "a.txt").read_text() == "mine"


def test_two_clones_of_one_address_at_a_time_get_two_directories(device: Device, source: Path) -> None:
    async def scenario(projects: Projects) -> list[dict[str, Any]]:
        orders = [{"id": str(number), "url": str(source)} for number in range(3)]
        return await asyncio.gather(*(finished(projects, order) for order in orders))

    answers = device.run(scenario)
    assert len({answer.get("path") for answer in answers if answer["success"]}) == 3, answers


def test_an_empty_directory_is_cloned_into_and_another_is_left_alone(device: Device, source: Path) -> None:
    empty, full, file = device.home / "empty", device.home / "full", device.home / "file"
    empty.mkdir()
    (full / "sub").mkdir(parents=True)
    file.write_text("x")
    assert device.prepare(str(empty), str(source))["success"]
    assert (empty / "a.txt").exists()
    repository(device.home / "other")
    for path in (full, file, device.home / "other"):
        assert device.refused(str(path), str(source))["code"] == "target_taken"


def test_what_came_to_the_target_meanwhile_is_not_overwritten(
    device: Device, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = device.home / "target"

    async def late(self: cloning.Clone, staging: Path) -> list[str]:
        target.mkdir()
        (target / "mine").write_text("x")
        return []

    monkeypatch.setattr(cloning.Clone, "_warnings", late)
    answer = device.prepare(str(target), str(source))
    assert (answer["code"], answer["state"]) == ("target_taken", "failed")
    assert [path.name for path in target.parent.iterdir() if path.name.startswith((".w", "t"))] == ["target"]
    assert (target / "mine").exists()


@pytest.mark.parametrize(
    ("address", "code", "word"),
    [
        ("{web}/nowhere.git", "repository_not_found", "nowhere.git"),
        ("{web}/private/churn.git", "needs_password", "credential helper"),
        ("{web}/forbidden/churn.git", "access_denied", "127.0.0.1"),
        ("{web}/away/churn.git", "redirected", "localhost"),
        ("{web}/page/churn.git", "not_a_repository", "churn.git"),
        ("http://127.0.0.1:1/x.git", "unreachable", "127.0.0.1:1"),
        ("http://nowhere.invalid/x.git", "host_not_found", "nowhere.invalid"),
        ("ssh://git@127.0.0.1:1/x.git", "unreachable", "127.0.0.1:1"),
        ("git@nowhere.invalid:x.git", "host_not_found", "nowhere.invalid"),
        ("{folder}/nowhere.git", "repository_not_found", "nowhere.git"),
        ("{folder}/person", "repository_not_found", "person"),
        ("{folder}/origin/a.txt", "not_a_repository", "a.txt"),
    ],
)
def test_why_nothing_was_cloned_is_said_with_what_to_do(
    device: Device, web: str, tmp_path: Path, address: str, code: str, word: str
) -> None:
    answer = device.refused(url=address.format(web=web, folder=tmp_path))
    assert (answer["code"], bool(answer["fix"])) == (code, True), answer
    assert word in answer["message"] + answer["fix"]
    assert not device.root.exists()


def test_a_server_that_sends_to_another_place_of_its_own_is_followed(device: Device, web: str) -> None:
    assert device.prepare(url=f"{web}/near/churn.git")["state"] == "ready"


def test_a_branch_that_is_gone_is_named(device: Device, source: Path, web: str) -> None:
    for url in (str(source), f"{web}/churn.git"):
        answer = device.refused(url=url, branch="gone/away")
        assert (answer["code"], "gone/away" in answer["message"]) == ("branch_not_found", True)


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:secret@example.org/x.git",
        "https://secret@example.org/x",
        "ext::sh -c 'touch secret'",
        "--upload-pack=secret",
        "git://x/secret",
        "file://host/secret",
        "secret",
        "ssh://-oProxyCommand=secret/x",
        "-secret@host:x",
        "/x\0secret",
        "http://x y/secret",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(device: Device, url: str) -> None:
    answer = device.refused(url=url)
    assert "secret" not in answer["message"]


@pytest.mark.parametrize("branch", ["--orphan", "a..b", "a b", "x.lock", "@{-1}", "a\nb"])
def test_what_is_no_branch_is_refused(device: Device, source: Path, branch: str) -> None:
    assert device.refused(url=str(source), branch=branch)["code"] == "bad_address"


def test_no_password_of_the_persons_own_settings_is_told_or_kept(device: Device, web: str) -> None:
    secret = web.replace("://", "://ann:canary@")
    git(Path.home(), "config", "--global", f"url.{secret}/.insteadOf", f"{web}/")
    answer = device.prepare(url=f"{web}/nowhere.git")
    assert (answer["code"], "canary" in str(answer)) == ("repository_not_found", False)
    path = Path(device.prepare(url=f"{web}/churn.git")["path"])
    assert "canary" not in (path / ".git" / "config").read_text()


def test_the_persons_credential_helper_is_asked(device: Device, web: str, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    git(Path.home(), "config", "--global", "credential.helper", f"!f() {{ cat >> {asked}; }}; f")
    device.refused(url=f"{web}/private/churn.git")
    assert "host=127.0.0.1" in asked.read_text()


def test_nothing_ever_waits_for_a_person(device: Device, web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program, ran = trap(Path.home())
    git(Path.home(), "config", "--global", "core.askPass", program)
    monkeypatch.setenv("SSH_ASKPASS", program)
    monkeypatch.setenv("DISPLAY", ":0")
    device.refused(url=f"{web}/private/churn.git")
    assert not ran.exists()
    said = Path.home() / "said"
    ssh = Path.home() / "my ssh"
    ssh.write_text(f"#!/bin/sh\necho \"$@\" > {said}\necho 'Permission denied (publickey).' >&2; exit 255\n")
    ssh.chmod(0o755)
    git(Path.home(), "config", "--global", "core.sshCommand", shlex.join([str(ssh), "-v"]))
    assert device.refused(url="git@127.0.0.1:x.git")["code"] == "needs_key"
    assert "-v -o BatchMode=yes" in said.read_text()


def test_a_server_of_ssh_that_is_not_known_or_knows_no_key_is_named(device: Device, tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    with SshServer(tmp_path / "ssh", os.environ):
        config = (tmp_path / "ssh" / "ssh_config").read_text()
        settings = tmp_path / "asking"
        git(Path.home(), "config", "--global", "core.sshCommand", f"ssh -F {settings}")
        settings.write_text(config.replace("accept-new", "ask"))
        assert device.refused(url="git@machine:x.git")["code"] == "host_key_unknown"
        settings.write_text(config.replace("IdentityFile", "#"))
        answer = device.refused(url="git@machine:x.git")
        assert (answer["code"], "machine" in answer["message"]) == ("needs_key", True)


def test_no_program_of_what_is_cloned_or_of_a_template_runs(device: Device, tmp_path: Path) -> None:
    program, ran = trap(tmp_path)
    evil = repository(tmp_path / "evil", **{"a.txt": "one\n", "b.md": "two\n"})
    set_traps(evil, program)
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "hooks" / "post-checkout").symlink_to(program)
    git(Path.home(), "config", "--global", "init.templateDir", str(template))
    ran.unlink(missing_ok=True)
    answer = device.prepare(url=str(evil))
    assert answer["state"] == "ready", answer
    assert (Path(answer["path"]) / "a.txt").read_text() == "one\n"
    assert not ran.exists()


def test_what_is_not_as_one_may_think_is_said(device: Device, tmp_path: Path, source: Path) -> None:
    main = repository(tmp_path / "main", **{"big.bin": "version https://git-lfs\n"})
    (main / ".gitattributes").write_text("*.bin filter=lfs\n")
    git(main, "submodule", "add", "-q", str(source), "lib")
    commit(main)
    warnings = device.prepare(url=str(main))["warnings"]
    assert "1 submodule was not cloned (lib)" in warnings[0]
    assert "1 file is only a pointer of Git LFS (big.bin)" in warnings[1]
    assert not (device.root / "projects" / "main" / "lib" / "a.txt").exists()
    git(
        tmp_path, "clone", "-q", "--bare", "--depth=1", f"file://{commit(main) and main}", str(tmp_path / "shallow.git")
    )
    assert "shallow" in " ".join(device.prepare(url=str(tmp_path / "shallow.git"))["warnings"])
    git(tmp_path, "init", "-q", "--bare", "empty.git")
    empty = device.prepare(url=str(tmp_path / "empty.git"))
    assert (empty["state"], empty["repository"], "empty" in empty["warnings"][0]) == ("ready", True, True)


def limited_git(folder: Path, kilobytes: int) -> None:
    """Put a git on the way that cannot write files beyond a size, as on a disk that is full."""
    real = shutil.which("git")
    (folder / "git").write_text(f"#!/bin/bash\ntrap '' XFSZ\nulimit -f {kilobytes}\nexec {real} \"$@\"\n")
    (folder / "git").chmod(0o755)


@pytest.mark.parametrize("way", ["pack", "files"])
def test_a_disk_that_is_full_in_mid_clone_leaves_nothing(
    device: Device, tmp_path: Path, web: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    big = repository(tmp_path / "big")
    (big / "big.bin").write_bytes(os.urandom(400_000) if way == "pack" else bytes(400_000))
    commit(big)
    bare(tmp_path / "big.git", big)
    programs = tmp_path / "programs"
    programs.mkdir()
    limited_git(programs, 100)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    answer = device.refused("a/b/big", f"{web}/smart/big.git" if way == "pack" else str(big))
    assert answer["code"] == "disk_full", answer


def test_progress_is_told_and_a_clone_that_is_ended_leaves_nothing(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    real = shutil.which("git")
    slow = "printf 'remote: <b>hello</b>\\rReceiving objects:  43%% (43/100), 1 MiB\\r' >&2; sleep 299"
    (programs / "git").write_text(f'#!/bin/sh\n[ "$1" != clone ] || {{ {slow}; }}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)

    async def scenario(projects: Projects) -> dict[str, Any]:
        order = {"id": "1", "path": "a/b/c", "url": str(source)}
        while (answer := await projects.prepare(order)).get("progress") is None or "percent" not in answer["progress"]:
            await asyncio.sleep(0.01)
        assert projects.busy
        taken = await projects.prepare({**order, "id": "2"})
        assert "being cloned" in taken["message"]
        return answer

    answer = device.run(scenario)
    assert (answer["state"], answer["progress"]) == ("preparing", {"phase": "Receiving objects", "percent": 43})
    assert not device.root.exists()
    assert not [one for one in psutil.process_iter() if _marked(one)]
    assert list((device.home / "processes").iterdir()) == []


def _marked(process: psutil.Process) -> bool:
    try:
        found = process.environ()
        return found.get("HOME") == str(Path.home()) and found.get(MARKER_VARIABLE, "").startswith("clone-")
    except (psutil.Error, OSError):
        return False


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloning, "SILENT_SECONDS", 1)
    with stalling_server() as url:
        assert device.refused(url=url)["code"] == "interrupted"


def test_a_clone_of_an_executor_that_was_killed_begins_anew(device: Device, source: Path) -> None:
    async def cut(projects: Projects) -> Path:
        answer = await projects.prepare({"id": "7", "path": "churn", "url": str(source)})
        order = projects._orders["7"]
        await asyncio.wait([order.work] if order.work else [])
        return Path(answer["path"])

    target = device.run(cut)
    shutil.rmtree(target)
    other, left = target.with_name(f"{cloning.PREFIX}other"), staging(target, "7")
    for path in (other, left):
        path.mkdir()
        (path / "half").write_text("x")
    device.run(lambda projects: finished(projects, {"id": "7", "path": "churn", "url": str(source)}))
    assert (target / "a.txt").exists()
    assert not left.exists()
    assert other.exists(), "another order's is its own"


def staging(target: Path, order: str) -> Path:
    return target.with_name(f"{cloning.PREFIX}{hashlib.sha256(order.encode()).hexdigest()[:16]}")


def test_nothing_is_cloned_through_a_link_that_lies_in_wait(device: Device, source: Path, tmp_path: Path) -> None:
    device.home.joinpath("victim").mkdir()
    device.root.mkdir(parents=True)
    staging(device.root / "churn", "1").symlink_to(device.home / "victim")
    answer = device.prepare("churn", str(source))
    assert answer["state"] == "failed"
    assert list((device.home / "victim").iterdir()) == []


def test_so_many_are_cloned_at_once_and_no_more(device: Device, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)

    async def scenario(projects: Projects) -> list[dict[str, Any]]:
        first = await projects.prepare({"id": "1", "path": "a", "url": str(source)})
        return [first, await projects.prepare({"id": "2", "path": "b", "url": str(source)})]

    first, second = device.run(scenario)
    assert (first["state"], second["code"]) == ("preparing", "busy")


def test_how_many_orders_are_remembered_is_bounded(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)

    async def scenario(projects: Projects) -> int:
        for number in range(10):
            await projects.prepare({"id": str(number), "path": "a"})
        return len(projects._orders)

    assert device.run(scenario) <= 4


def test_a_device_without_git_says_so(device: Device, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(device.home))
    assert "git was not found" in device.refused(url=str(source))["message"]


def test_a_repository_of_another_user_is_refused_with_git_s_own_remedy(
    device: Device, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    answer = device.refused(url=str(source))
    assert (answer["code"], "safe.directory" in answer["fix"]) == ("other_owner", True)


def test_a_malformed_question_is_answered_by_its_name(device: Device, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path / "world") as world:
            assert world.device is not None
            assert world.wire is not None
            for event in (PREPARE, WORKTREE, REMOVE_WORKTREE):
                answer = await world.device.handle(world.wire, event, {"id": 7, "path": []})
                assert (answer["success"], answer["code"], event in answer["message"]) == (False, "malformed", True)

    (tmp_path / "world").mkdir()
    asyncio.run(scenario())


def test_an_executor_that_clones_is_not_idle_and_leaves_nothing_when_it_is_stopped(
    device: Device, tmp_path: Path
) -> None:
    async def scenario(url: str) -> None:
        async with World(tmp_path / "world") as world:
            assert world.device is not None
            assert world.wire is not None
            order = {"id": "1", "path": str(tmp_path / "made" / "here"), "url": url}
            assert (await world.device.handle(world.wire, PREPARE, order))["state"] == "preparing"
            assert (world.device.idle, world.device.working) == (False, True)
            assert not (await world.device.handle(world.wire, SHUTDOWN, {}))["success"]
            await world.first.end()
            assert not (tmp_path / "made").exists()

    (tmp_path / "world").mkdir()
    with stalling_server() as url:
        asyncio.run(scenario(url))
