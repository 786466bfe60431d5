"""Commands by key on a device: each key, in its workspaces, bounded, ended with its tree, without a secret of ours."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from wegent_jupyter.executor import command_files, git_settings, guarded, processes
from wegent_jupyter.executor import commands as module
from wegent_jupyter.executor.commands import Commands
from wegent_jupyter.executor.config import Settings, load
from wegent_jupyter.executor.git import OLD_GIT
from wegent_jupyter.executor.personal.answers import PersonalAnswers
from wegent_jupyter.executor.processes import MARKER_VARIABLE, ProcessRecords
from wegent_jupyter.executor.projects.worktree_removal import Removal
from wegent_jupyter.executor.projects.worktrees import Worktrees
from wegent_jupyter.executor.roots import OUTSIDE
from wegent_jupyter.protocol.commands import COMMANDS, CommandSpec

GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@x",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@x",
}


def commands_of(settings: Settings, records: ProcessRecords) -> Commands:
    removal = Removal(Worktrees(settings, records), lambda _task, _path: False)
    personal = PersonalAnswers(settings.home, records, list, wake=lambda: None, look=_nothing_new)
    return Commands(settings, records, removal, personal)


async def _nothing_new() -> None:
    """Have no agents to look at again."""


class Box:
    """A device's commands, in a temporary home."""

    def __init__(self, home: Path) -> None:
        self.root = home / "workspace"
        self.project = self.root / "projects" / "demo"
        self.project.mkdir(parents=True)
        self.outside = home / "outside"
        self.outside.mkdir()
        (self.outside / "secret.txt").write_text("secret")
        self.settings = load({"WEGENT_EXECUTOR_HOME": str(home / "h"), "LOCAL_WORKSPACE_ROOT": str(self.root)})
        self.records = ProcessRecords(home / "processes")

    @property
    def commands(self) -> Commands:
        return commands_of(self.settings, self.records)

    def __call__(self, key: str | None, *args: str, cwd: Path | None = None, **fields: Any) -> dict[str, Any]:
        message = {
            "command": key or "x",
            "command_key": key,
            "args": list(args),
            "cwd": str(cwd or self.project),
            **fields,
        }
        result: dict[str, Any] = asyncio.run(self.commands.run(message))
        return result

    def ok(self, key: str, *args: str, **fields: Any) -> Any:
        result = self(key, *args, **fields)
        assert result["success"], result
        return json.loads(result["stdout"]) if COMMANDS[key].post == "json" else result["stdout"]

    def git(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["git", *arguments], cwd=self.project, env={**os.environ, **GIT}, check=True, capture_output=True, text=True
        )
        return ran.stdout

    def repository(self) -> None:
        self.git("init", "-q", "-b", "main")
        (self.project / "a.txt").write_text("one\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))  # skills are moved there
    (tmp_path / "person").mkdir()
    return Box(tmp_path)


def test_where_things_are_is_told(box: Box) -> None:
    assert box.ok("pwd").strip() == str(box.project)
    assert box.ok("home_dir").strip() == str(Path.home())
    assert box.ok("project_workspace_root").strip() == str(box.root / "projects")
    nowhere = asyncio.run(box.commands.run({"command": "pwd", "command_key": "pwd"}))
    assert nowhere["stdout"].strip() == str(box.root)


def test_directories_are_listed_and_made(box: Box) -> None:
    assert box("mkdir_p", "deep/er", "-p")["success"]
    (box.project / "file").write_text("x")
    assert set(box.ok("ls_a").split()) == {".", "..", "deep", "-p", "file"}
    assert "deep/" in box.ok("ls_dirs").split()
    assert box("path_exists", "deep/er")["success"]
    missing = box("path_exists", "nowhere")
    assert (missing["success"], missing["exit_code"], missing["error"]) == (False, 1, None)


def test_a_tree_lists_directories_first_and_names_no_link_a_directory(box: Box) -> None:
    (box.project / "b").mkdir()
    (box.project / "a.txt").write_text("hello")
    (box.project / "out").symlink_to(box.outside)
    found = box.ok("workspace_tree")
    assert [(one["name"], one["is_directory"]) for one in found["entries"]] == [
        ("b", True),
        ("a.txt", False),
        ("out", False),
    ]
    assert found["entries"][1]["size"] == 5
    assert box.ok("workspace_tree", "b")["entries"] == []


def test_files_are_read_up_to_their_limits(box: Box) -> None:
    (box.project / "big.txt").write_bytes(b"x" * (300 << 10))
    text = box.ok("workspace_read_text_file", "big.txt")
    assert (len(text["content"]), text["truncated"], text["size"], text["name"]) == (
        256 << 10,
        True,
        300 << 10,
        "big.txt",
    )
    data = os.urandom((1 << 20) + 10)
    (box.project / "big.bin").write_bytes(data)
    first = box.ok("workspace_read_file_chunk", "big.bin")
    rest = box.ok("workspace_read_file_chunk", "big.bin", str(1 << 20))
    assert base64.b64decode(first["content_base64"]) + base64.b64decode(rest["content_base64"]) == data
    assert (first["eof"], rest["eof"], rest["offset"]) == (False, True, 1 << 20)


def test_what_is_no_file_is_not_read(box: Box) -> None:
    os.mkfifo(box.project / "pipe")
    for name in ("pipe", "missing", "."):
        result = box("workspace_read_text_file", name)
        assert (result["success"], bool(result["error"])) == (False, True)
    assert box("workspace_read_file_chunk", "pipe", "-1")["error"]


@pytest.mark.parametrize("way", ["../../../outside", "{outside}", "link", "link/../../outside", "/", "~root", "a\0b"])
def test_nothing_outside_of_the_workspaces_is_reached(box: Box, way: str) -> None:
    (box.project / "link").symlink_to(box.outside)
    place = way.format(outside=box.outside)
    for key in ("workspace_tree", "mkdir_p", "path_exists", "project_folder_status", "workspace_read_text_file"):
        result = box(key, place)
        assert (result["success"], bool(result["error"])) == (False, True), key
    inside = box("workspace_read_text_file", f"{place}/secret.txt")
    assert "secret" not in str(inside["stdout"])
    assert not box("pwd", cwd=box.project / place if "\0" not in place else Path(place))["success"]


def test_a_refusal_has_wegents_words_and_status(box: Box) -> None:
    result = box("workspace_tree", str(box.outside))
    assert (result["exit_code"], result["error"]) == (64, OUTSIDE)
    assert json.loads(result["stdout"])["error"] == OUTSIDE


def test_directories_of_the_gateway_and_of_the_environment_are_workspaces_too(tmp_path: Path) -> None:
    box = Box(tmp_path)
    assert not box("pwd", cwd=box.outside)["success"]
    assert box("pwd", cwd=box.outside, roots=[str(box.outside)])["success"]
    assert not box("pwd", cwd=box.outside, roots=["/", "relative", ""])["success"], "the root of everything is none"
    settings = load(
        {"WEGENT_EXECUTOR_HOME": str(tmp_path / "h"), "WEGENT_WORKSPACE_ROOTS": f"{box.outside}{os.pathsep}/nowhere"}
    )
    message = {"command": "pwd", "command_key": "pwd", "cwd": str(box.outside)}
    assert asyncio.run(commands_of(settings, box.records).run(message))["success"]


def test_a_missing_directory_is_named(box: Box) -> None:
    assert box("pwd", cwd=box.project / "no")["error"].startswith("Working directory does not exist")


def test_git_tells_and_changes_a_repository(box: Box) -> None:
    box.repository()
    assert box.ok("git_branch").strip() == "main"
    assert box.ok("git_is_worktree").strip() == "true"
    assert box("git_checkout_new", "work")["success"]
    (box.project / "a.txt").write_text("two\n")
    (box.project / "new.txt").write_text("new\n")
    assert "+two" in box.ok("git_diff_unstaged")
    assert "a.txt" in box.ok("git_status_porcelain")
    diff = box.ok("git_diff")
    assert "+two" in diff
    assert "+new" in diff
    assert box("git_add_all")["success"]
    assert "+new" in box.ok("git_diff_staged")
    assert "2 files changed" in box.ok("git_diff_shortstat")
    assert box("git_commit", "second")["success"]
    assert "+new" in box.ok("git_diff_last_commit")
    assert "+two" in box.ok("git_branch_diff")
    assert "2 files changed" in box.ok("git_branch_diff_shortstat")
    assert box.ok("git_diff") == ""
    assert set(box.ok("git_branch_list").split()) == {"main", "work"}
    assert box("git_commit_available", "HEAD")["success"]
    assert not box("git_commit_available", "--help")["success"]
    box.git("remote", "add", "origin", str(box.outside))
    assert box.ok("git_remote_url").strip() == str(box.outside)
    assert box.ok("git_config", "remote.origin.url").strip() == str(box.outside)


def test_a_repository_is_cloned_fetched_and_pushed_within_the_workspaces(box: Box) -> None:
    box.repository()
    bare = box.root / "bare.git"
    box.git("init", "-q", "--bare", str(bare))
    clone = box.root / "clone"
    assert box("git_clone", str(box.project), str(clone), cwd=box.root)["success"]
    box.git("remote", "add", "origin", str(bare))
    assert box("git_push")["success"]
    assert box("git_fetch")["success"]
    assert not box("git_clone", str(box.project), str(box.outside / "x"), cwd=box.root)["success"]
    assert not (box.outside / "x").exists()
    assert box("git_checkout_new", "work")["success"]
    assert box("git_checkout", "main")["success"]
    assert not box("git_checkout", "--detach")["success"]


def test_a_repository_without_a_commit_has_a_diff_too(box: Box) -> None:
    box.git("init", "-q", "-b", "main")
    (box.project / "new.txt").write_text("new\n")
    assert "+new" in box.ok("git_diff")
    assert "+new" in box.ok("git_branch_diff")


def test_a_project_folder_is_described(box: Box) -> None:
    assert box.ok("project_folder_status", "nowhere") == {
        "exists": False,
        "isDirectory": False,
        "isEmpty": False,
        "isGitRepo": False,
        "remoteUrl": None,
        "headCommit": None,
    }
    assert box.ok("project_folder_status", ".")["isEmpty"] is True
    box.repository()
    status = box.ok("project_folder_status", ".")
    assert (status["isGitRepo"], status["headCommit"]) == (True, box.git("rev-parse", "HEAD").strip())


def test_a_repository_cannot_make_a_diff_run_a_program(box: Box) -> None:
    box.repository()
    ran = box.project / "ran"
    hook = box.root / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    for name in ("diff.external", "core.fsmonitor", "core.pager", "core.editor"):
        box.git("config", name, str(hook))
    (box.project / "a.txt").write_text("two\n")
    for key in ("git_diff", "git_diff_unstaged", "git_diff_shortstat", "git_status_porcelain", "git_diff_last_commit"):
        box.ok(key)
    assert not ran.exists()


LOOKS = (
    "git_diff",
    "git_diff_unstaged",
    "git_diff_staged",
    "git_diff_shortstat",
    "git_branch_diff",
    "git_branch_diff_shortstat",
    "git_status_porcelain",
    "git_diff_last_commit",
    "git_branch",
    "git_branch_list",
    "git_is_worktree",
)


def trap(box: Box) -> tuple[str, Path]:
    """Return a program that passes its input on, and the file that tells it ran."""
    ran, program = box.root / "ran", box.root / "trap"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {ran}\ncat\n")
    program.chmod(0o755)
    return str(program), ran


def change(path: Path, text: str) -> None:
    """Write what git cannot tell from its time and size to be the same."""
    path.write_text(text)
    os.utime(path, (1, 1))


@pytest.mark.parametrize("ways", [("clean", "smudge"), ("process",)])
def test_no_filter_of_a_repository_runs(box: Box, ways: tuple[str, ...]) -> None:
    box.repository()
    box.git("branch", "other")
    program, ran = trap(box)
    (box.project / ".gitattributes").write_text("* filter=x.y=z\n")
    for way in ways:
        box.git("config", f"filter.x.y=z.{way}", program)
    box.git("config", "filter.x.y=z.required", "true")
    change(box.project / "a.txt", "two\n")
    (box.project / "new.txt").write_text("new\n")
    for key in LOOKS:
        box.ok(key)
    assert "+two" in box.ok("git_diff")
    assert "+new" in box.ok("git_diff")
    for key, *args in (
        ("git_add_all",),
        ("git_commit", "-second"),
        ("git_checkout", "other"),
        ("git_checkout", "main"),
    ):
        box.ok(key, *args)
    assert not ran.exists()


def test_a_filter_from_an_included_or_a_worktrees_file_does_not_run_either(box: Box) -> None:
    box.repository()
    program, ran = trap(box)
    (box.project / ".gitattributes").write_text("*.txt filter=one\n*.md filter=two\n")
    (box.root / "more").write_text(f'[filter "one"]\nclean = {program}\n')
    box.git("config", "include.path", str(box.root / "more"))
    box.git("config", "extensions.worktreeConfig", "true")
    box.git("config", "--worktree", "filter.two.clean", program)
    change(box.project / "a.txt", "two\n")
    (box.project / "b.md").write_text("b")
    for key in (*LOOKS, "git_add_all"):
        box.ok(key)
    assert not ran.exists()


def test_a_filter_that_a_person_set_for_all_runs(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.repository()
    program, ran = trap(box)
    settings = box.root / "gitconfig"
    settings.write_text('[filter "up"]\nclean = tr a-z A-Z\nrequired = true\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    (box.project / ".gitattributes").write_text("*.txt filter=up\n")
    box.git("config", "filter.up.clean", program)
    change(box.project / "a.txt", "two\n")
    assert "+TWO" in box.ok("git_diff")
    box.ok("git_add_all")
    box.ok("git_commit", "second")
    assert box.git("show", "HEAD:a.txt") == "TWO\n"
    assert not ran.exists()


def test_no_program_that_checks_a_signature_runs_to_look(box: Box) -> None:
    box.repository()
    program, ran = trap(box)
    commit = box.git("cat-file", "commit", "HEAD")
    head, _, text = commit.partition("\n\n")
    (box.root / "signed").write_text(f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n\n{text}")
    box.git("reset", "-q", "--soft", box.git("hash-object", "-t", "commit", "-w", str(box.root / "signed")).strip())
    box.git("config", "log.showSignature", "true")
    box.git("config", "gpg.program", program)
    box.ok("git_diff_last_commit")
    assert not ran.exists()


def test_no_program_of_a_submodule_runs(box: Box) -> None:
    box.repository()
    program, ran = trap(box)
    sub = box.project / "sub"
    sub.mkdir()
    inner = ("-C", str(sub))
    box.git(*inner, "init", "-q", "-b", "main")
    (sub / "s.txt").write_text("s\n")
    box.git(*inner, "add", "-A")
    box.git(*inner, "commit", "-q", "-m", "one")
    box.git("add", "sub")
    box.git("commit", "-q", "-m", "sub")
    box.git("branch", "other")
    box.git("config", "diff.submodule", "diff")
    box.git(*inner, "config", "diff.external", program)
    box.git(*inner, "config", "core.fsmonitor", program)
    box.git(*inner, "config", "filter.x.clean", program)
    (sub / ".gitattributes").write_text("* filter=x\n")
    box.git(
        *inner, "-c", "filter.x.clean=cat", "-c", "core.fsmonitor=false", "commit", "-q", "--allow-empty", "-m", "two"
    )
    change(sub / "s.txt", "t\n")
    (box.project / "a.txt").unlink()
    (box.project / "b.txt").write_text("b")
    for key in LOOKS:
        box.ok(key)
    for key, *args in (("git_add_all",), ("git_commit", "two"), ("git_checkout", "other"), ("git_checkout", "main")):
        box.ok(key, *args)
    assert not ran.exists()
    head = box.git(*inner, "rev-parse", "HEAD").strip()
    assert head in box.git("ls-tree", "HEAD"), "where the submodule stands was committed"
    assert set(box.git("ls-tree", "--name-only", "HEAD").split()) == {"sub", "b.txt"}


def test_no_hook_of_a_repository_runs(box: Box) -> None:
    box.repository()
    program, ran = trap(box)
    bare = box.root / "bare.git"
    box.git("init", "-q", "--bare", str(bare))
    box.git("remote", "add", "origin", str(bare))
    for name in ("pre-commit", "commit-msg", "post-commit", "post-checkout", "pre-push", "reference-transaction"):
        hook = box.project / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.symlink_to(program)
    for name in ("core.sshCommand", "credential.helper"):
        box.git("config", name, program)
    (box.project / "a.txt").write_text("two\n")
    for key, *args in (("git_commit", "x"), ("git_checkout_new", "y"), ("git_checkout", "main")):
        box("git_add_all")
        box.ok(key, *args)
    box.ok("git_push")
    box.ok("git_fetch")
    assert not ran.exists()


def test_a_repository_above_the_workspaces_is_not_seen(box: Box, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for key in (*LOOKS, "git_add_all", "git_push"):
        result = box(key)
        assert (result["success"], "secret" in result["stdout"]) == (False, False), key
        assert "not a git repository" in result["stderr"], key
    assert box.ok("project_folder_status", ".")["isGitRepo"] is False
    assert subprocess.run(["git", "-C", str(tmp_path), "ls-files"], check=True, capture_output=True).stdout == b""


@pytest.mark.parametrize("way", ["file", "link", "worktree"])
def test_a_repository_that_points_outside_is_refused(box: Box, way: str) -> None:
    subprocess.run(["git", "init", "-q", str(box.outside)], check=True)
    if way == "file":
        (box.project / ".git").write_text(f"gitdir: {box.outside / '.git'}\n")
    elif way == "link":
        (box.project / ".git").symlink_to(box.outside / ".git")
    else:
        box.repository()
        box.git("config", "core.worktree", str(box.outside))
    for key in (*LOOKS, "git_add_all"):
        result = box(key)
        assert (result["error"], result["stdout"]) == (module.OTHER_REPOSITORY, ""), key
    assert not box("project_folder_status", ".")["success"]
    if way != "worktree":
        assert box("git_clone", str(box.project), "x", cwd=box.root)["error"] == module.OTHER_REPOSITORY


def test_a_worktree_within_the_workspaces_is_one(box: Box) -> None:
    box.repository()
    tree = box.root / "worktrees" / "one"
    box.git("worktree", "add", "-q", str(tree))
    (tree / "a.txt").write_text("two\n")
    assert "+two" in box.ok("git_diff", cwd=tree)


@pytest.mark.parametrize(
    "source",
    [
        "ext::sh -c true",
        "--upload-pack=true",
        "file:///etc",
        "git://x/y",
        "{outside}",
        "../../../outside",
        "-x@y:z",
        "ssh://-oProxyCommand=x/y",
        "a@-oProxyCommand=x:y",
        "HTTP::x",
        ".",
    ],
)
def test_only_addresses_and_paths_in_the_workspaces_are_cloned(box: Box, source: str) -> None:
    subprocess.run(["git", "init", "-q", str(box.outside)], check=True)
    result = box("git_clone", source.format(outside=box.outside), "made")
    assert (result["success"], bool(result["error"])) == (False, True)
    assert not (box.project / "made").exists()


@pytest.mark.parametrize("source", ["https://127.0.0.1:1/x", "http://127.0.0.1:1/x", "ssh://127.0.0.1:1/x"])
def test_an_address_is_given_to_git(box: Box, source: str) -> None:
    assert box("git_clone", source, "made")["error"] is None


@pytest.mark.parametrize("key", ["git_config", "git_checkout", "git_checkout_new", "git_commit_available"])
def test_no_argument_is_an_option_of_git(box: Box, key: str) -> None:
    box.repository()
    assert "may not begin" in box(key, "--list")["error"]


def test_what_we_inherit_does_not_lead_git_elsewhere(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.repository()
    subprocess.run(["git", "init", "-q", "-b", "elsewhere", str(box.outside)], check=True)
    monkeypatch.setenv("GIT_DIR", str(box.outside / ".git"))
    assert box.ok("git_branch").strip() == "main"


def test_a_git_that_takes_no_settings_from_the_environment_is_not_used(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.repository()
    monkeypatch.setattr(git_settings, "ALWAYS", [])
    assert box("git_status_porcelain")["error"] == OLD_GIT


def test_a_diff_stops_beyond_its_limit(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.repository()
    for number in range(9):
        (box.project / f"new{number}.txt").write_text("x" * 900 + "\n")
    ran: list[list[str]] = []
    spawn = processes.spawn

    async def counted(argv: list[str], **fields: Any) -> Any:
        ran.append(argv)
        return await spawn(argv, **fields)

    monkeypatch.setattr(guarded, "spawn", counted)
    result = box("git_diff", max_output_bytes=2000)
    assert (len(result["stdout"]), result["stdout_truncated"]) == (2000, True)
    assert sum("--no-index" in argv for argv in ran) == 2
    change(box.project / "a.txt", "y" * 3000)
    result = box("git_diff", max_output_bytes=2000)
    assert (len(result["stdout"]), result["stdout_truncated"]) == (2000, True)


def test_a_name_that_is_no_text_is_in_the_diff(box: Box) -> None:
    box.repository()
    (box.project / os.fsdecode(b"n\xff.txt")).write_text("new\n")
    assert "+new" in box.ok("git_diff")


def test_a_result_fits_into_a_message(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "flood", CommandSpec(("sh", "-c", "head -c 6000000 /dev/zero | tr '\\0' '\\377'")))
    result = box("flood", max_output_bytes=5 << 20)
    assert result["stdout_truncated"]
    assert 10 << 20 < len(json.dumps(result)) < 13 << 20


def test_what_is_read_as_json_is_not_cut(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    (box.project / "big.bin").write_bytes(os.urandom(1 << 20))
    assert len(base64.b64decode(box.ok("workspace_read_file_chunk", "big.bin")["content_base64"])) == 1 << 20
    monkeypatch.setattr(command_files, "MAX_TREE", 1000)
    for number in range(50):
        (box.project / f"f{number}").touch()
    tree = box.ok("workspace_tree", max_output_bytes=1)
    assert (tree["truncated"], len(tree["entries"]) < 10) == (True, True)


@pytest.mark.parametrize("key", ["rm_rf", "git_gc", "", "../pwd"])
def test_a_key_that_is_not_in_the_table_is_not_run(box: Box, key: str) -> None:
    result = box(key)
    assert (result["success"], result["exit_code"], bool(result["error"])) == (False, None, True)


def test_every_key_of_the_table_is_known_here(box: Box) -> None:
    box.repository()
    for key, spec in COMMANDS.items():
        result = box(key, *["a.txt"] * spec.min_args)
        assert "not known" not in str(result["error"]), key


@pytest.mark.parametrize(("key", "count"), [("pwd", 1), ("git_clone", 3), ("path_exists", 0), ("git_commit", 2)])
def test_too_many_or_too_few_arguments_are_refused(box: Box, key: str, count: int) -> None:
    assert "arguments" in box(key, *["x"] * count)["error"]


def test_what_a_stock_backend_sends_is_run_only_if_it_is_one_of_the_keys(box: Box) -> None:
    box.repository()
    known = ["git", "status", "--porcelain"]
    assert box(None, argv=known)["success"]
    assert box(None, argv=["mkdir", "-p", "--", "made"])["success"]
    for argv in (["rm", "-rf", "."], ["git", "status"], [*known, "--ignored"], ["sh", "-c", "pwd"], []):
        assert "known commands only" in box(None, argv=argv)["error"], argv
    assert not box(None, argv=["mkdir", "-p", "--", str(box.outside / "made")])["success"]


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "WEGENT_X", "BASH_ENV"])
def test_a_caller_cannot_set_what_makes_programs_run_others(box: Box, name: str) -> None:
    assert name in box("pwd", env={name: "x"})["error"]


def test_no_secret_of_ours_reaches_a_command(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "env", CommandSpec(("env",)))
    for name in ("WEGENT_AUTH_TOKEN", "JPY_PARENT_PID", "JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, "canary")
    shown = box("env", env={"TZ": "UTC"})["stdout"]
    assert "canary" not in shown
    assert "TZ=UTC" in shown


def test_output_is_cut_at_its_limit_and_the_command_ends(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "flood", CommandSpec(("sh", "-c", "head -c 20000000 /dev/zero; echo err >&2")))
    result = box("flood", max_output_bytes=1000)
    assert (len(result["stdout"]), result["stdout_truncated"], result["stderr"]) == (1000, True, "err\n")
    assert result["success"]


def test_a_time_out_ends_the_whole_tree(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "trap '' INT TERM; (setsid sleep 297 &); sh -c 'sleep 298' & sleep 299"
    monkeypatch.setitem(COMMANDS, "hang", CommandSpec(("bash", "-c", script)))
    began = time.monotonic()
    result = box("hang", timeout_seconds=1)
    assert time.monotonic() - began < 60
    assert (result["timed_out"], result["error"], result["stdout"]) == (True, "Command timed out after 1 seconds", "")
    assert not any(_marked(one) for one in psutil.process_iter())
    assert list((box.records._directory).glob("*.json")) == []


def _marked(process: psutil.Process) -> bool:
    try:
        ours = process.environ().get(MARKER_VARIABLE, "").startswith("command-")
        return ours and any(word in process.cmdline() for word in ("296", "297", "298", "299"))
    except (psutil.Error, OSError):
        return False


def test_what_a_command_leaves_in_the_background_ends_with_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "leave", CommandSpec(("bash", "-c", "(setsid sleep 296 &); echo done; exit 3")))
    began = time.monotonic()
    result = box("leave")
    assert time.monotonic() - began < 60
    assert (result["exit_code"], result["success"], result["stdout"]) == (3, False, "done\n")
    assert not any(_marked(one) for one in psutil.process_iter())


def test_a_command_reads_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "cat", CommandSpec(("cat",)))
    assert box("cat")["success"]


def test_so_many_run_at_once_and_no_more(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "nap", CommandSpec(("sleep", "1")))

    async def scenario() -> list[dict[str, Any]]:
        commands = box.commands
        message = {"command": "x", "command_key": "nap", "cwd": str(box.project)}
        return await asyncio.gather(*(commands.run(message) for _ in range(module.AT_ONCE + 2)))

    results = asyncio.run(scenario())
    assert sum(one["success"] for one in results) == module.AT_ONCE
    assert all("try again" in one["error"] for one in results if not one["success"])


@pytest.mark.parametrize(
    "message", [{}, {"command": "x", "timeout_seconds": 0}, {"command": "x", "args": "no list"}, {"command": None}]
)
def test_a_malformed_request_is_answered_by_the_name_of_its_field(box: Box, message: dict[str, Any]) -> None:
    result = asyncio.run(box.commands.run(message))
    assert not result["success"]
    assert result["error"].split(":")[0] in ("command", "timeout_seconds", "args")


def test_a_program_that_is_not_installed_is_named(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(box.outside))
    assert "git was not found" in box("git_branch")["error"]


def test_worktrees_are_made_listed_and_removed_within_the_workspaces(box: Box) -> None:
    box.repository()
    box.git("branch", "side")
    trees = box.root / "worktrees"
    assert box("git_worktree_add", str(box.project), str(trees / "7" / "demo"))["success"]
    assert box("git_worktree_add", str(box.project), str(trees / "8" / "demo"), "side")["success"]
    assert (trees / "8" / "demo" / "a.txt").read_text() == "one\n"
    listed = box.ok("git_worktree_list", str(box.project))
    assert [line.split()[1] for line in listed.splitlines() if line.startswith("worktree ")] == [
        str(box.project),
        str(trees / "7" / "demo"),
        str(trees / "8" / "demo"),
    ]
    assert box.ok("find_worktree_dirs", str(trees)).split() == [str(trees / "7" / "demo"), str(trees / "8" / "demo")]
    assert box("git_worktree_remove", str(box.project), str(trees / "7" / "demo"))["success"]
    assert box("remove_worktree_dir", str(trees / "8" / "demo"))["success"]
    assert box.ok("find_worktree_dirs", str(trees)) == ""
    assert list(trees.iterdir()) == []
    assert box.ok("find_worktree_dirs", str(box.root / "nowhere")) == ""


def test_no_worktree_takes_the_place_of_anything_or_goes_with_work_in_it(box: Box) -> None:
    box.repository()
    place = box.root / "worktrees" / "7" / "demo"
    assert box("git_worktree_add", str(box.project), str(place))["success"]
    (place / "new.txt").write_text("work")
    assert "is there already" in box("git_worktree_add", str(box.project), str(place))["error"]
    for key, *args in (("git_worktree_remove", str(box.project), str(place)), ("remove_worktree_dir", str(place))):
        assert "not committed" in box(key, *args)["error"]
    assert (place / "new.txt").exists()
    for target in (box.project, box.root / "worktrees", box.root / "worktrees" / "7", box.root / "projects"):
        assert box("remove_worktree_dir", str(target))["error"], target
    assert (box.project / "a.txt").exists()
    assert "no commit" in box("git_worktree_add", str(box.project), str(box.root / "x"), "nowhere")["error"]
    assert "may not begin" in box("git_worktree_add", str(box.project), str(box.root / "x"), "--detach")["error"]
    for args in ([str(box.project), str(box.outside / "x")], [str(box.outside), str(box.root / "x")]):
        assert box("git_worktree_add", *args)["error"] == OUTSIDE
    assert not (box.root / "x").exists()
