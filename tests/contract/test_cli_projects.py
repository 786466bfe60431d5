"""`jupyter wegent projects`, `changes` and `worktrees`, and files with a prompt, typed as a user types them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import repositories
from tests.support.access import credential
from tests.support.machine import Machine
from tests.support.repositories import bare, git, slow_git
from tests.support.server import JupyterServer, wait_for
from tests.support.shell import Ran, Terminal, wegent

HERE = "This computer"
HELD = "Receiving objects 43 %"
"""How far a clone gets while the gate is closed."""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file without which no clone goes on."""
    return tmp_path_factory.mktemp("gate") / "open"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, gate: Path) -> Iterator[JupyterServer]:
    programs = slow_git(tmp_path_factory.mktemp("programs") / "bin", gate)
    path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    running = JupyterServer(tmp_path_factory.mktemp("projects"), environment=path).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture(scope="module")
def box(server: JupyterServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Share a second machine."""
    key = credential(server, "key")["secret"]
    machine = Machine(tmp_path_factory.mktemp("second") / "gpubox", server, token=key).start()
    yield machine
    machine.stop()


@pytest.fixture(autouse=True)
def no_project_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let each test find no projects, and clones that go on."""
    if "server" in request.fixturenames:
        request.getfixturevalue("gate").touch()
    yield
    if "server" in request.fixturenames:
        server: JupyterServer = request.getfixturevalue("server")
        for one in server.get("/projects").json()["items"]:
            assert server.request("DELETE", f"/projects/{one['id']}").status_code == 200


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """Return what is cloned: a bare repository with `a.txt` and `b.txt`."""
    source = repositories.repository(tmp_path / "source", **{"a.txt": "one\n", "b.txt": "one\n"})
    return bare(tmp_path / f"{tmp_path.name}.git", source)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a work tree in which tasks run."""
    place = repositories.repository(tmp_path / "churn", **{"a.txt": "one\n", "b.txt": "one\n"})
    (place / ".gitignore").write_text("*.log\n")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "Ignore logs")
    return place


def done(ran: Ran, status: int = 0) -> str:
    assert ran.status == status, (ran.out, ran.err)
    assert "Traceback" not in ran.err
    return ran.out


def added(server: JupyterServer, name: str, *arguments: str, cwd: Path | None = None) -> dict[str, Any]:
    """Make a project and return it."""
    found: dict[str, Any] = json.loads(done(wegent(server, "projects", "add", name, *arguments, "--json", cwd=cwd)))
    return found


def shown(server: JupyterServer, project: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done(wegent(server, "projects", "show", project, "--json")))
    return found


def run(server: JupyterServer, *arguments: str, cwd: Path) -> Ran:
    return wegent(server, "run", "--agent", "practice", "--mode", "full", *arguments, cwd=cwd)


def task_of(ran: Ran) -> str:
    """Return the task that a run says at its end."""
    done(ran)
    found = re.search(r"completed · task (\d+)", ran.err)
    assert found is not None, ran.err
    return found[1]


def worked(server: JupyterServer, folder: Path, *steps: str) -> str:
    """Let a task do these steps in a folder, and return its id."""
    return task_of(run(server, "\n".join(steps), cwd=folder))


# Projects.


def test_the_current_directory_becomes_a_project_in_which_tasks_and_terminals_start(
    server: JupyterServer, repository: Path, tmp_path: Path
) -> None:
    assert f"Churn is ready: {repository}" in done(wegent(server, "projects", "add", "Churn", cwd=repository))
    done(run(server, "--project", "Churn", "!write new.txt hi", cwd=tmp_path))
    assert (repository / "new.txt").read_text() == "hi"
    said = done(wegent(server, "terminal", "--project", "Churn", text="pwd\nexit\n", cwd=tmp_path))
    assert str(repository) in said


def test_a_directory_that_is_missing_is_made_here_or_below_the_workspace(server: JupyterServer, tmp_path: Path) -> None:
    name = "new 'one' ünï"
    assert added(server, "Path", "--path", name, cwd=tmp_path)["path"] == str(tmp_path / name)
    assert (tmp_path / name).is_dir()
    below = Path(added(server, "Below", "--checkout", "team/churn")["path"])
    assert below.is_dir()
    assert below.parts[-3:] == ("workspace", "team", "churn")


def test_projects_are_a_table_for_people_and_json_for_programs(server: JupyterServer, origin: Path) -> None:
    assert "No projects yet" in wegent(server, "projects").err
    project = added(server, "Churn", "--git", str(origin), "--branch", "main")
    head, row = done(wegent(server, "projects")).splitlines()
    assert head.split() == ["NAME", "STATE", "DEVICE", "DIRECTORY", "GIT", "ID"]
    assert all(one in row for one in ("Churn", "ready", HERE, project["path"], f"{origin} (main)", str(project["id"])))
    assert json.loads(done(wegent(server, "projects", "--json"))) == [project]
    said = done(wegent(server, "projects", "show", "Churn"))
    assert all(one in said for one in (project["path"], "ready", HERE, str(origin), "Worktrees:   possible"))


def test_a_clone_is_shown_while_it_goes_on_to_its_end(server: JupyterServer, origin: Path, gate: Path) -> None:
    gate.unlink()
    with Terminal(server, "projects", "add", "Churn", "--git", str(origin)) as terminal:
        terminal.see(HELD)
        assert HELD in done(wegent(server, "projects"))
        gate.touch()
        terminal.see("Churn is ready: ")
        assert terminal.end() == 0
    assert (Path(shown(server, "Churn")["path"]) / "a.txt").read_text() == "one\n"


def test_ctrl_c_leaves_a_clone_going_on_and_says_so(server: JupyterServer, origin: Path, gate: Path) -> None:
    gate.unlink()
    with Terminal(server, "projects", "add", "Churn", "--git", str(origin)) as terminal:
        terminal.see(HELD)
        terminal.type("\x03")
        terminal.see("It goes on. To look at it: jupyter wegent projects show ")
        project = terminal.word()
        assert terminal.end() == 130
    assert shown(server, project)["state"] == "preparing"
    gate.touch()
    wait_for(lambda: shown(server, project)["state"] == "ready", "the clone is there")


def test_the_server_may_restart_while_a_clone_is_followed(
    start_server: Callable[..., JupyterServer], origin: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    programs = slow_git(tmp_path / "bin", gate)
    server = start_server(environment={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"})
    with Terminal(server, "projects", "add", "Churn", "--git", str(origin)) as terminal:
        terminal.see(HELD)
        server.kill()
        server.start()
        gate.touch()
        terminal.see("Churn is ready: ")
        assert terminal.end() == 0
    assert (Path(shown(server, "Churn")["path"]) / "a.txt").exists()


def test_a_failed_clone_says_why_and_is_tried_again(server: JupyterServer, origin: Path, tmp_path: Path) -> None:
    ran = wegent(server, "projects", "add", "Late", "--git", str(origin), "--branch", "late")
    done(ran, 1)
    assert "late" in ran.err
    assert f"What to do: {shown(server, 'Late')['error']['fix']}" in ran.err
    assert "failed" in done(wegent(server, "projects", "show", "Late"))
    done(wegent(server, "projects", "retry", "Late"), 1)
    git(origin, "branch", "late", "main")
    [retry] = re.findall(r"jupyter wegent (projects retry \d+)", ran.err)
    assert "Late is ready" in done(wegent(server, *retry.split()))


def test_a_directory_that_cannot_be_made_is_no_project(server: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = wegent(server, "projects", "add", "Churn", "--path", "file/below", cwd=tmp_path)
    done(ran, 2)
    assert "file/below" in ran.err
    assert json.loads(done(wegent(server, "projects", "--json"))) == []


def test_names_or_ids_are_taken_and_an_ambiguous_name_is_refused_with_the_ids(
    server: JupyterServer, tmp_path: Path
) -> None:
    ids = [str(added(server, "Twin", "--path", name, cwd=tmp_path)["id"]) for name in ("one", "two")]
    ran = wegent(server, "projects", "show", "Twin")
    done(ran, 2)
    assert "is ambiguous" in ran.err
    assert all(one in ran.err for one in ids)
    assert shown(server, ids[1])["path"] == str(tmp_path / "two")
    done(wegent(server, "projects", "rename", ids[0], "Other"))
    assert str(shown(server, "Twin")["id"]) == ids[1]


def test_a_project_moves_to_another_directory_and_nothing_of_the_old_one_goes(
    server: JupyterServer, origin: Path, tmp_path: Path
) -> None:
    old = added(server, "Churn", "--git", str(origin))["path"]
    git(origin, "branch", "other", "main")
    moved = done(wegent(server, "projects", "move", "Churn", "--path", "there", "--branch", "other", cwd=tmp_path))
    assert f"Churn is ready: {tmp_path / 'there'}" in moved
    assert git(tmp_path / "there", "branch", "--show-current") == "other"
    assert (Path(old) / "a.txt").exists()
    ran = wegent(server, "projects", "move", "Churn")
    done(ran, 2)
    assert "Where to?" in ran.err


def test_a_project_lives_on_another_machine_and_its_tasks_run_there(
    server: JupyterServer, box: Machine, tmp_path: Path
) -> None:
    place = box.home / "code"
    assert added(server, "Far", "--device", "gpubox", "--path", str(place))["device_id"] == box.device_id
    done(run(server, "--project", "Far", "!write far.txt hi", cwd=tmp_path))
    assert (place / "far.txt").read_text() == "hi"
    ran = wegent(server, "projects", "add", "Lost", "--device", "gpubox", "--path", "relative")
    done(ran, 2)
    assert "starts with / or ~" in ran.err
    ran = wegent(server, "projects", "move", "Far", "--device", HERE)
    done(ran, 2)
    assert "--path" in ran.err
    done(wegent(server, "projects", "move", "Far", "--device", HERE, "--path", "near", cwd=tmp_path))
    assert (shown(server, "Far")["path"], place.is_dir()) == (str(tmp_path / "near"), True)
    ran = run(server, "--project", "Far", "--device", "gpubox", "!say hi", cwd=tmp_path)
    done(ran, 2)
    assert "project's device" in ran.err


def test_a_project_is_deleted_after_a_yes_and_its_files_stay(server: JupyterServer, tmp_path: Path) -> None:
    added(server, "Churn", "--path", "here", cwd=tmp_path)
    (tmp_path / "here" / "a.txt").touch()
    ran = wegent(server, "projects", "delete", "Churn")
    done(ran, 2)
    assert "--yes" in ran.err
    for answer, status in (("n", 130), ("y", 0)):
        with Terminal(server, "projects", "delete", "Churn") as terminal:
            terminal.see(f"Its files stay in {tmp_path / 'here'}. [y/N] ")
            terminal.type(f"{answer}\r")
            assert terminal.end() == status
    assert json.loads(done(wegent(server, "projects", "--json"))) == []
    assert (tmp_path / "here" / "a.txt").exists()


# What turns changed.


def test_a_run_says_what_it_changed(server: JupyterServer, repository: Path) -> None:
    ran = run(server, r"!write a.txt two\nthree\n" + "\n!write new.txt x\n!bash rm b.txt", cwd=repository)
    done(ran)
    assert "3 files changed, +3 −2: a.txt, b.txt, new.txt\n" in ran.err


def test_a_run_says_what_of_it_is_not_recorded(server: JupyterServer, repository: Path) -> None:
    ran = run(server, "!bash head -c 17000000 /dev/zero > huge.bin", cwd=repository)
    done(ran)
    assert re.search(r"^! .*huge\.bin.*16 MiB", ran.err, re.MULTILINE)


def test_changes_are_listed_with_what_became_of_them(server: JupyterServer, repository: Path) -> None:
    task = worked(server, repository, r"!write a.txt two\n", "!write new.txt x", "!bash rm b.txt")
    head, *rows = done(wegent(server, "changes", task)).splitlines()
    assert head.split() == ["FILE", "WHAT", "LINES", "SINCE", "THEN"]
    assert [row.split() for row in rows] == [
        ["a.txt", "modified", "+1", "−1"],
        ["b.txt", "deleted", "+0", "−1"],
        ["new.txt", "added", "+1", "−0"],
    ]
    (repository / "a.txt").write_text("one\n")
    (repository / "new.txt").write_text("y")
    listed = json.loads(done(wegent(server, "changes", task, "--json")))
    assert [one["now"] for one in listed["items"]] == ["reverted", "as_left", "changed_since"]
    rows = done(wegent(server, "changes", task)).splitlines()
    assert (rows[1].endswith("taken back"), rows[3].endswith("changed again")) == (True, True)


def test_each_message_has_changes_of_its_own_and_the_newest_counts(server: JupyterServer, repository: Path) -> None:
    task = worked(server, repository, "!write first.txt x")
    done(run(server, "--task", task, "!write second.txt x", cwd=repository))
    assert "second.txt" in done(wegent(server, "changes", task))
    assert "first.txt" in done(wegent(server, "changes", task, "--turn", "1"))
    done(run(server, "--task", task, "!say nothing", cwd=repository))
    for arguments in ([], ["--diff"]):
        ran = wegent(server, "changes", task, *arguments)
        assert (done(ran), "changed no files" in ran.err) == ("", True)
    assert json.loads(done(wegent(server, "changes", task, "--json")))["items"] == []


def test_a_diff_is_unified_and_can_be_of_some_files(server: JupyterServer, repository: Path) -> None:
    task = worked(server, repository, r"!write a.txt one\ntwo\n", "!bash rm b.txt", r"!bash printf 'a\000' > c.bin")
    first = ["--- a.txt", "+++ a.txt", "@@ -1 +1,2 @@", " one", "+two"]
    second = ["--- b.txt", "+++ /dev/null", "@@ -1 +0,0 @@", "-one"]
    assert done(wegent(server, "changes", task, "--diff")).splitlines() == [*first, *second, "c.bin: added, no text"]
    assert done(wegent(server, "changes", task, "--diff", "b.txt")).splitlines() == second
    [diff] = json.loads(done(wegent(server, "changes", task, "--diff", "a.txt", "--json")))
    assert (diff["before"], diff["after"]) == ("one\n", "one\ntwo\n")
    ran = wegent(server, "changes", task, "--diff", "other.md")
    done(ran, 2)
    assert "other.md" in ran.err


def test_a_notebook_is_compared_cell_by_cell(server: JupyterServer, repository: Path) -> None:
    def notebook(*sources: str) -> str:
        cells = [{"id": f"c{at}", "cell_type": "code", "source": text} for at, text in enumerate(sources)]
        return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})

    (repository / "eda.ipynb").write_text(notebook("x = 1", "y = 2"))
    (repository / "new").write_text(notebook("x = 1", "y = 3", "z = 4"))
    task = worked(server, repository, "!bash cp new eda.ipynb")
    assert done(wegent(server, "changes", task, "--diff")).splitlines() == [
        "--- eda.ipynb",
        "+++ eda.ipynb",
        "@@ cell 2, code, modified @@",
        "@@ -1,2 +1,2 @@",
        "-y = 2",
        "+y = 3",
        " \\ No newline at end of file",
        "@@ cell 3, code, added @@",
        "@@ -0,0 +1,2 @@",
        "+z = 4",
        "+\\ No newline at end of file",
    ]


def test_a_diff_has_colours_on_a_terminal_alone_and_none_of_the_files_own(
    server: JupyterServer, repository: Path
) -> None:
    task = worked(server, repository, r"!bash printf '\033[2Jred\n' > a.txt")
    assert "\x1b" not in done(wegent(server, "changes", task, "--diff"))
    with Terminal(server, "changes", task, "--diff") as terminal:
        terminal.see("\x1b[31m-one\x1b[m")
        terminal.see("\x1b[32m+�[2Jred\x1b[m")
        assert terminal.end() == 0
    with Terminal(server, "changes", task, "--diff", environment={"NO_COLOR": "1"}) as terminal:
        assert terminal.end() == 0
        assert "\x1b" not in terminal.said


def test_files_are_taken_back_one_or_all_after_a_yes(server: JupyterServer, repository: Path) -> None:
    task = worked(server, repository, r"!write a.txt two\n", r"!write b.txt two\n", "!write new.txt x")
    ran = wegent(server, "changes", task, "--revert", "a.txt")
    done(ran, 2)
    assert "--yes" in ran.err
    with Terminal(server, "changes", task, "--revert", "a.txt") as terminal:
        terminal.see(f"In {repository}: take back what message 1 of task {task} changed in 1 file? [y/N] ")
        terminal.type("\r")
        assert terminal.end() == 130
    assert (repository / "a.txt").read_text() == "two\n"
    assert done(wegent(server, "changes", task, "--revert", "a.txt", "--yes")) == "Taken back: a.txt\n"
    assert [(repository / name).read_text() for name in ("a.txt", "b.txt")] == ["one\n", "two\n"]
    done(wegent(server, "changes", task, "--revert", "--all", "--yes"))
    assert git(repository, "status", "--porcelain") == ""


def test_a_file_that_was_changed_since_keeps_all_from_being_taken_back(server: JupyterServer, repository: Path) -> None:
    task = worked(server, repository, r"!write a.txt two\n", r"!write b.txt two\n")
    (repository / "b.txt").write_text("mine\n")
    ran = wegent(server, "changes", task, "--revert", "--all", "--yes")
    done(ran, 1)
    assert "b.txt" in ran.err
    assert [(repository / name).read_text() for name in ("a.txt", "b.txt")] == ["two\n", "mine\n"]


# Worktrees.


def test_a_task_gets_a_worktree_which_goes_only_when_nothing_is_lost(
    server: JupyterServer, repository: Path, tmp_path: Path
) -> None:
    assert "No task has a worktree" in wegent(server, "worktrees").err
    added(server, "Churn", cwd=repository)
    prompt = "!write a.txt two\n!bash touch x.log"
    task = task_of(run(server, "--project", "Churn", "--worktree", prompt, cwd=tmp_path))
    place = Path(server.get(f"/tasks/{task}").json()["workspace"])
    assert ((repository / "a.txt").read_text(), (place / "a.txt").read_text()) == ("one\n", "two")
    head, row = done(wegent(server, "worktrees")).splitlines()
    assert head.split()[:3] == ["TASK", "DEVICE", "DIRECTORY"]
    assert re.search(rf"{task} +{HERE} +{re.escape(str(place))} +1 +0 +1 +Files with changes", row)
    for arguments, status in (([task], 1), (["--clean"], 0)):
        ran = wegent(server, "worktrees", "remove", *arguments, "--yes")
        done(ran, status)
        assert f"Task {task} keeps {place}" in ran.err
        assert "M a.txt" in ran.err
    (place / "a.txt").write_text("one\n")
    with Terminal(server, "worktrees", "remove", "--clean") as terminal:
        terminal.see(f"Of task {task} goes {place}, with what Git ignores there: 1\n    x.log\n")
        terminal.see("Delete 1 worktree? [y/N] ")
        terminal.type("n\r")
        assert terminal.end() == 130
    assert place.exists()
    assert done(wegent(server, "worktrees", "remove", task, "--yes")) == f"Deleted: {place}\n"
    assert not place.exists()
    assert json.loads(done(wegent(server, "worktrees", "--json"))) == []


def test_of_several_worktrees_those_go_with_which_nothing_is_lost(
    server: JupyterServer, repository: Path, tmp_path: Path
) -> None:
    dirty = task_of(run(server, "--worktree", "!write a.txt two", cwd=repository))
    clean = task_of(run(server, "--worktree", "!say hi", cwd=repository))
    gone = json.loads(done(wegent(server, "worktrees", "remove", "--clean", "--yes", "--json")))
    assert [(str(one["task_id"]), one["exists"]) for one in gone] == [(clean, False)]
    [left] = json.loads(done(wegent(server, "worktrees", "--json")))
    assert (str(left["task_id"]), left["removable"]) == (dirty, False)


# Files with a prompt.


def kept(server: JupyterServer) -> list[bytes]:
    """Return what the server keeps of files that were sent."""
    return sorted(path.read_bytes() for path in (server.data / "attachments").glob("*"))


def test_files_are_sent_with_a_prompt_and_reach_the_device(server: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("some notes")
    (tmp_path / "plot ünï.png").write_bytes(b"\x89PNG")
    files = ("--attach", "notes.txt", "--attach", "plot ünï.png")
    task = task_of(run(server, *files, "!say hi", cwd=tmp_path))
    sent = [(one["name"], one["type"], one["size"]) for one in server.turn(int(task))["attachments"]]
    assert sent == [("notes.txt", "text/plain", 10), ("plot ünï.png", "image/png", 4)]
    there = (server.data / "executor" / "attachments" / task).rglob("*")
    assert {path.name: path.read_bytes() for path in there if path.is_file()} == {
        "notes.txt": b"some notes",
        "plot ünï.png": b"\x89PNG",
    }
    done(run(server, "--task", task, "--attach", "notes.txt", "!say more", cwd=tmp_path))
    assert [one["name"] for one in server.turn(int(task))["attachments"]] == ["notes.txt"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--attach", "notes.txt", "--attach", "none.txt"], "none.txt cannot be attached: No such file"),
        (["--attach", "notes.txt", "--attach", "."], "cannot be attached: Is a directory"),
        (["--attach", "notes.txt", "--attach", "large.bin"], "large.bin cannot be attached: it has more than 10 MiB"),
        (["--attach", "notes.txt"] * 21, "21 files are too many for one message: 20 are allowed"),
        (["--attach", "notes.txt", "--workspace", "/no/such"], "does not exist"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_nothing_is_left_of_it(
    server: JupyterServer, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "notes.txt").write_text("some notes")
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate((10 << 20) + 1)
    before = kept(server)
    ran = run(server, *arguments, "!say hi", cwd=tmp_path)
    done(ran, 2)
    assert says in ran.err
    assert kept(server) == before


# What is refused.


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["projects", "show", "moon"], "'moon' is unknown. Projects: none"),
        (["projects", "add", "  "], "name"),
        (["projects", "add", "X", "--device", "moon"], "'moon' is unknown"),
        (["projects", "add", "X", "--checkout", "../out"], "without '..'"),
        (["projects", "add", "X", "--path", "a", "--checkout", "b"], "not allowed with"),
        (["projects", "add", "X", "--branch", "main"], "it needs --git"),
        (["projects", "add", "X", "--git", "https://ann:secret@example.org/x"], "a credential helper on the device"),
        (["projects", "add", "X", "--git", "ext::touch x"], "only https, http and ssh"),
        (["projects", "dance"], "invalid choice: 'dance'"),
        (["run", "--project", "moon", "!say x"], "'moon' is unknown"),
        (["run", "--project", "moon", "--workspace", "/", "!say x"], "not allowed with"),
        (["run", "--task", "7", "--worktree", "!say x"], "--worktree is for new tasks"),
        (["run", "--task", "7", "--project", "moon", "!say x"], "--project is for new tasks"),
        (["terminal", "--project", "moon"], "'moon' is unknown"),
        (["terminal", HERE, "--project", "moon"], "--project takes no DEVICE"),
        (["changes", "7"], "'7' not found"),
        (["changes", "7", "--revert"], "--revert --all"),
        (["changes", "7", "--revert", "a.txt", "--all"], "Which files?"),
        (["changes", "7", "--all"], "it needs --revert"),
        (["worktrees", "remove"], "--clean"),
        (["worktrees", "remove", "7"], "'7' not found"),
        (["worktrees", "remove", "7", "--clean"], "Which?"),
    ],
)
def test_bad_input_exits_with_2_and_says_what_is_wrong(
    server: JupyterServer, arguments: list[str], says: str, tmp_path: Path
) -> None:
    ran = wegent(server, *arguments, cwd=tmp_path)
    done(ran, 2)
    assert says in ran.err
    assert "secret" not in ran.err


def test_a_message_that_is_not_there_and_a_turn_that_runs_have_no_changes(
    server: JupyterServer, tmp_path: Path
) -> None:
    task = server.submit("!hang", workspace={"path": str(tmp_path)})["task"]["id"]
    for arguments in ([], ["--turn", "1"]):
        ran = wegent(server, "changes", str(task), *arguments)
        done(ran, 2)
        assert "not over yet" in ran.err
    ran = wegent(server, "changes", str(task), "--turn", "2")
    done(ran, 2)
    assert "has no message 2" in ran.err
    server.post(f"/tasks/{task}/cancel", {})
    server.finished(task)


def test_without_a_server_there_is_nothing(tmp_path: Path) -> None:
    for arguments in (["projects"], ["projects", "add", "x"], ["changes", "1"], ["worktrees"]):
        ran = wegent(tmp_path, *arguments)
        assert ran.status == 3, (arguments, ran.err)
        assert "jupyter lab" in ran.err
