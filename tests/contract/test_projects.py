"""Projects: their directory is there before anything uses it, on the right device, and nothing half done is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.repositories import git, repository, slow_git
from tests.support.world import OWNER, Box, World
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.attachments import NewAttachment
from wegent_jupyter.protocol.projects import CreateProject, Project, ProjectTerminal, UpdateProject
from wegent_jupyter.protocol.states import TurnState
from wegent_jupyter.protocol.terminals import StartTerminal


def config(device_id: str, *, git: str | None = None, branch: str | None = None, **workspace: Any) -> dict[str, Any]:
    """Return Wegent's configuration of a project."""
    source = {"source": "git"} if git else {}
    found: dict[str, Any] = {"execution": {"deviceId": device_id}, "workspace": {**source, **workspace}}
    return {**found, "git": {"url": git, "branch": branch}} if git else found


async def create(world: World, device: Box | None = None, *, name: str = "Churn", **fields: Any) -> Project:
    assert world.gateway is not None
    device_id = (device or world.first).device_id
    request = CreateProject.model_validate({"name": name, "config": config(device_id, **fields)})
    return await world.gateway.projects.create(OWNER, request)


async def update(world: World, project: Project, **fields: Any) -> Project:
    assert world.gateway is not None
    return await world.gateway.projects.update(OWNER, project.id, UpdateProject.model_validate(fields))


async def made(world: World, project: Project) -> Project:
    """Wait until a project is ready or failed."""

    async def there() -> Project | None:
        assert world.gateway is not None
        found = world.gateway.projects.show(OWNER, project.id)
        return found if found.state != "preparing" else None

    found: Project = await world.until(there, "the project is made or not")
    return found


def origin(path: Path, **branches: str) -> Path:
    """Give a bare repository these branches, each with a commit of `a.txt`; the first is its own choice."""
    if not path.exists():
        path.mkdir()
        git(path, "init", "-q", "--bare", "-b", next(iter(branches)))
    for branch, text in branches.items():
        made = repository(path.parent / f"{path.name}-{branch.replace('/', '-')}", **{"a.txt": text})
        git(made, "push", "-q", str(path), f"main:refs/heads/{branch}")
    return path


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Name the file without which nothing is cloned."""
    gate = tmp_path / "go"
    programs = slow_git(tmp_path / "programs", gate)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    yield gate
    gate.touch()


# Made.


def test_a_directory_is_made_before_anything_uses_it_and_tasks_and_terminals_find_it(tmp_path: Path) -> None:
    place = tmp_path / "code" / "churn ünï 'quoted'"

    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            project = await create(world, localPath=str(place))
            assert (project.state, project.path, project.repository) == ("ready", str(place), False)
            assert project.config.execution.targetType == "local"
            assert place.is_dir()
            task = await world.submit("!write a.txt hi", project_id=project.id)
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert (place / "a.txt").read_text() == "hi"
            shown = await world.detail(task)
            assert (shown.workspace, shown.project_id, shown.workspace_source) == (
                str(place),
                project.id,
                "local_path",
            )
            for task_id in (None, task):
                request = ProjectTerminal(task_id=task_id)
                started = await world.gateway.project_terminal(OWNER, project.id, request)
                assert (started.path, started.project_id, started.transport) == (str(place), project.id, "socketio")
                assert started.session_id.startswith(f"terminal-{project.id}-")
            assert world.faces.projects[project.id].name == "Churn"

    asyncio.run(scenario())


def test_a_checkout_path_is_below_the_devices_workspace_and_never_outside(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            project = await create(world, checkoutPath="team/churn")
            assert project.path == str(world.first.home / "workspace" / "team" / "churn")
            assert Path(project.path).is_dir()
            for path in ("../out", "a/../../out", "/etc", "~/x", "-x", "a\0b"):
                with pytest.raises(ValidationError):
                    await create(world, checkoutPath=path)
            (world.first.home / "workspace" / "link").symlink_to(tmp_path)
            with pytest.raises(Refused):
                await create(world, name="Out", checkoutPath="link/out")
            assert not (tmp_path / "out").exists()
            assert world.gateway is not None
            assert [one.name for one in world.gateway.projects.items(OWNER)] == ["Churn"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "path", ["{file}", "{file}/below", "/proc/none/x", "/dev/null/x", "~nobody-here/x", "/" + "long/" * 800 + "x" * 300]
)
def test_a_directory_that_cannot_be_made_is_no_project_and_the_device_says_why(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()

    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            with pytest.raises((Refused, ValidationError)) as refused:
                await create(world, localPath=path.format(file=tmp_path / "file"))
            assert len(str(refused.value)) > 10
            assert world.gateway.projects.items(OWNER) == []
            assert world.faces.projects == {}

    asyncio.run(scenario())


def test_a_repository_is_cloned_and_its_branch_is_there(tmp_path: Path) -> None:
    source = origin(tmp_path / "churn.git", main="one", **{"feature/x": "two"})

    async def scenario() -> None:
        async with World(tmp_path) as world:
            project = await made(world, await create(world, git=str(source)))
            assert (project.state, project.error, project.repository) == ("ready", None, True)
            assert project.path == str(world.first.home / "workspace" / "projects" / "churn")
            assert (Path(project.path) / "a.txt").read_text() == "one"
            other = await made(
                world,
                await create(world, name="Other", git=str(source), branch="feature/x", checkoutPath="churn x"),
            )
            assert (Path(other.path or "") / "a.txt").read_text() == "two"
            told = world.faces.projects[project.id]
            assert (told.state, told.progress) == ("ready", None)

    asyncio.run(scenario())


def test_a_failed_clone_says_why_leaves_nothing_and_can_be_tried_again(tmp_path: Path) -> None:
    late = tmp_path / "late.git"

    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            origin(late, main="one")
            project = await made(world, await create(world, git=str(late), branch="gone"))
            assert project.state == "failed"
            assert project.error is not None
            assert "gone" in project.error.message
            assert not [*(world.first.home / "workspace" / "projects").glob("*")]
            with pytest.raises(Conflict):
                await world.submit("!say hi", project_id=project.id)
            with pytest.raises(Conflict):
                await world.gateway.project_terminal(OWNER, project.id, ProjectTerminal())
            origin(late, gone="found")
            again = await made(world, await world.gateway.projects.prepare(OWNER, project.id))
            assert (again.state, again.error) == ("ready", None)
            assert (Path(again.path or "") / "a.txt").read_text() == "found"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:secret@git.example.org/x.git",
        "https://token@git.example.org/x.git",
        "ext::sh -c touch% x",
        "--upload-pack=touch x",
        "-oProxyCommand=x",
        "git://git.example.org/x",
        "ftp://git.example.org/x",
        "ssh://-oProxyCommand=x/y",
        "relative/path",
        "",
    ],
)
def test_an_address_that_is_not_cloned_is_refused_at_the_door(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CreateProject.model_validate({"name": "X", "config": config("box", git=url or " ")})
    assert "secret" not in str([error["msg"] for error in refused.value.errors()])


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "\u202e\u200b"},
        {"name": "x" * 101},
        {"config": {"execution": {"deviceId": "box"}, "workspace": {"source": "git"}}},
        {"config": {"execution": {"deviceId": "box"}, "git": {"url": "https://x.org/y"}}},
        {"config": config("box", localPath="/a", checkoutPath="b")},
        {"config": config("box", localPath="relative")},
        {"config": config("box", localPath="/a\0b")},
        {"config": config("box", localPath="/" + "x" * 4096)},
        {"config": config("box", git="https://x.org/y", branch="-x")},
        {"config": config("box", git="https://x.org/y", branch="a..b")},
        {"config": {**config("box"), "unknown": 1}},
    ],
)
def test_a_malformed_project_is_refused(fields: dict[str, Any]) -> None:
    whole = {"name": "Churn", "config": config("box", localPath="/srv/churn"), **fields}
    with pytest.raises(ValidationError):
        CreateProject.model_validate(whole)


# Faults.


def test_a_device_that_is_away_or_unknown_gets_no_project(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            gpu = await world.add_device("gpu")
            await gpu.stop()
            with pytest.raises(Conflict) as refused:
                await create(world, gpu, localPath=str(tmp_path / "x"))
            assert (refused.value.code, refused.value.fix) == (
                "device_offline",
                "Start its executor, or wait until it is back.",
            )
            with pytest.raises(NotFound):
                await world.gateway.projects.create(
                    OWNER, CreateProject.model_validate({"name": "X", "config": config("none", localPath="/srv")})
                )
            assert world.gateway.projects.items(OWNER) == []

    asyncio.run(scenario())


def test_a_clone_survives_a_cut_and_a_restart_of_the_gateway(tmp_path: Path, go: Path) -> None:
    source = origin(tmp_path / "churn.git", main="one")

    async def scenario() -> None:
        async with World(tmp_path) as world:
            project = await create(world, git=str(source))
            assert project.state == "preparing"
            with pytest.raises(Conflict):
                await world.submit("!say hi", project_id=project.id)
            world.cut()
            await world.stop_gateway()
            await world.start_gateway()
            assert world.gateway is not None
            assert world.gateway.projects.show(OWNER, project.id).state == "preparing"
            go.touch()
            assert (await made(world, project)).state == "ready"
            assert [path.name for path in (world.first.home / "workspace" / "projects").iterdir()] == ["churn"]

    asyncio.run(scenario())


def test_a_clone_that_died_with_its_executor_starts_anew_and_leaves_one_directory(tmp_path: Path, go: Path) -> None:
    source = origin(tmp_path / "churn.git", main="one")

    async def scenario() -> None:
        async with World(tmp_path) as world:
            project = await create(world, git=str(source))
            await world.stop_device()
            go.touch()
            await world.start_device()
            assert (await made(world, project)).state == "ready"
            assert [path.name for path in (world.first.home / "workspace" / "projects").iterdir()] == ["churn"]

    asyncio.run(scenario())


def test_nothing_is_a_project_that_could_not_be_stored(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            project = await create(world, localPath=str(tmp_path / "one"))
            with world.full_disk():
                with pytest.raises(Unavailable):
                    await create(world, name="Two", localPath=str(tmp_path / "two"))
                with pytest.raises(Unavailable):
                    await update(world, project, name="Renamed")
            assert [one.name for one in world.gateway.projects.items(OWNER)] == ["Churn"]

    asyncio.run(scenario())


def test_two_projects_do_not_lie_on_one_path(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            await create(world, localPath=str(tmp_path / "one"))
            (tmp_path / "link").symlink_to(tmp_path / "one")
            for path in ("one", "link"):
                with pytest.raises(Conflict) as refused:
                    await create(world, name="Two", localPath=str(tmp_path / path))
                assert refused.value.code == "project_exists"
                assert "Churn" in refused.value.message
            assert len(world.gateway.projects.items(OWNER)) == 1

    asyncio.run(scenario())


# Changed.


def test_a_project_is_renamed_moved_and_deleted_and_its_files_stay(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            gpu = await world.add_device("gpu")
            project = await create(world, localPath=str(tmp_path / "here"))
            task = await world.submit("!write a.txt one", project_id=project.id)
            await world.finish(task)
            assert (await update(world, project, name="  Tuning ")).name == "Tuning"
            moved = await update(world, project, config=config(gpu.device_id, localPath=str(tmp_path / "there")))
            assert (moved.device_id, moved.path) == (gpu.device_id, str(tmp_path / "there"))
            assert (tmp_path / "here" / "a.txt").exists()
            await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="!write b.txt two"))
            turn = await world.finish(task)
            assert (turn.state, turn.device_id) == (TurnState.COMPLETED, gpu.device_id)
            assert (tmp_path / "there" / "b.txt").read_text() == "two"
            await world.gateway.projects.delete(OWNER, project.id)
            assert world.gateway.projects.items(OWNER) == []
            assert project.id not in world.faces.projects
            assert (tmp_path / "there" / "b.txt").exists()
            await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="!write c.txt three"))
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert (tmp_path / "there" / "c.txt").exists(), "a task of a deleted project goes on where it was"

    asyncio.run(scenario())


def test_a_move_that_the_device_refuses_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            project = await create(world, localPath=str(tmp_path / "here"))
            with pytest.raises(Refused):
                await update(world, project, config=config(world.device_id, localPath=str(tmp_path / "file")))
            assert world.gateway.projects.show(OWNER, project.id) == project

    asyncio.run(scenario())


def test_a_project_at_work_is_neither_moved_nor_deleted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            project = await create(world, localPath=str(tmp_path / "here"))
            task = await world.submit("!bash until [ -e go ]; do sleep 0.05; done", project_id=project.id)
            await world.reach(task, TurnState.RUNNING)
            for refused in (
                update(world, project, config=config(world.device_id, localPath=str(tmp_path / "there"))),
                world.gateway.projects.delete(OWNER, project.id),
            ):
                with pytest.raises(Conflict) as said:
                    await refused
                assert said.value.code == "project_busy"
            (tmp_path / "here" / "go").touch()
            await world.finish(task)
            await world.gateway.projects.delete(OWNER, project.id)

    asyncio.run(scenario())


def test_a_task_of_a_project_stays_on_the_projects_device_and_in_its_directory(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            gpu = await world.add_device("gpu")
            project = await create(world, localPath=str(tmp_path / "here"))
            wrong: list[tuple[dict[str, Any], str]] = [
                ({"device_id": gpu.device_id}, "project_device"),
                ({"workspace": {"path": str(tmp_path)}}, "project_path"),
                ({"workspace": {"worktree": True}}, "no_repository"),
            ]
            for fields, code in wrong:
                with pytest.raises(Refused) as refused:
                    await world.submit("!say hi", project_id=project.id, **fields)
                assert refused.value.code == code
            with pytest.raises(NotFound):
                await world.submit("!say hi", project_id=project.id + 1)
            task = await world.submit("!say hi", project_id=project.id)
            await world.finish(task)
            with pytest.raises(Refused) as refused:
                await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="x", device_id=gpu.device_id))
            assert refused.value.code == "project_device"
            (tmp_path / "here").rmdir()
            with pytest.raises(Refused, match="does not exist"):
                await world.submit("!say hi", project_id=project.id)

    asyncio.run(scenario())


def test_a_terminal_of_a_foreign_task_is_not_opened_in_a_project(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            project = await create(world, localPath=str(tmp_path / "here"))
            other = await world.submit("!say hi")
            await world.finish(other)
            with pytest.raises(NotFound):
                await world.gateway.project_terminal(OWNER, project.id, ProjectTerminal(task_id=other))
            with pytest.raises(NotFound):
                await world.gateway.project_terminal("bob", project.id, ProjectTerminal())

    asyncio.run(scenario())


# Worktrees.


def test_a_worktree_of_a_project_is_the_tasks_own_from_its_first_turn_to_its_clean_up(tmp_path: Path) -> None:
    home = repository(tmp_path / "churn", **{"src__a.txt": "one"})

    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            files = world.gateway.files
            project = await create(world, localPath=str(home / "src"))
            assert project.repository
            task = await world.submit("!write a.txt two", project_id=project.id, workspace={"worktree": True})
            assert (await world.detail(task)).workspace_source == "git_worktree"
            assert (await world.finish(task)).state is TurnState.COMPLETED
            place = (await world.detail(task)).workspace
            tree = world.first.home / "workspace" / "worktrees" / str(task) / "churn"
            assert place == str(tree / "src")
            assert (home / "src" / "a.txt").read_text() == "one"
            assert (tree / "src" / "a.txt").read_text() == "two"
            terminal = await world.gateway.project_terminal(OWNER, project.id, ProjectTerminal(task_id=task))
            assert terminal.path == place
            await world.gateway.terminals.end(OWNER, terminal.session_id)
            report = await files.worktree(OWNER, task)
            assert (report.removable, report.uncommitted_total) == (False, 1)
            with pytest.raises(Conflict) as refused:
                await files.remove_worktree(OWNER, task)
            assert refused.value.code == "worktree_not_clean"
            assert (await files.worktrees(OWNER))[0].task_id == task
            (tree / "src" / "a.txt").write_text("one")
            assert (await files.worktree(OWNER, task)).removable
            assert not (await files.remove_worktree(OWNER, task)).exists
            assert not tree.exists()
            assert await files.worktrees(OWNER) == []
            with pytest.raises(Refused, match="does not exist"):
                await world.gateway.terminals.start(OWNER, world.device_id, _terminal_of(task))
            await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="!write b.txt lost"))
            assert (await world.finish(task)).state is TurnState.FAILED
            assert not (home / "src" / "b.txt").exists(), "it never falls back to the project"

    asyncio.run(scenario())


def _terminal_of(task: int) -> StartTerminal:
    return StartTerminal(task_id=task)


def test_a_worktree_needs_a_directory_and_a_repository(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            with pytest.raises(Refused) as refused:
                await world.submit("!say hi", workspace={"worktree": True})
            assert refused.value.code == "worktree_without_folder"
            (tmp_path / "plain").mkdir()
            task = await world.submit("!write a x", workspace={"path": str(tmp_path / "plain"), "worktree": True})
            turn = await world.finish(task)
            assert turn.state is TurnState.FAILED
            assert turn.error is not None
            assert turn.error.code == "worktree_failed"
            assert not [*(tmp_path / "plain").iterdir()], "it never falls back to the directory"
            with pytest.raises(NotFound):
                assert world.gateway is not None
                await world.gateway.files.worktree(OWNER, task)

    asyncio.run(scenario())


# Chats.


def test_a_chat_folder_is_kept_with_its_task_and_used_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            task = await world.submit("!write a.txt one")
            await world.finish(task)
            shown = await world.detail(task)
            assert shown.workspace_source == "chat"
            assert shown.standalone_chat_workspace_path == shown.workspace
            await world.stop_gateway()
            await world.start_gateway()
            await world.until(world.is_online, "it is back")
            await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="!write b.txt two"))
            await world.finish(task)
            assert {path.name for path in Path(shown.workspace or "").iterdir()} == {"a.txt", "b.txt"}
            assert (await world.detail(task)).standalone_chat_workspace_path == shown.workspace

    asyncio.run(scenario())


# What a review found.


def test_a_refused_move_is_corrected_and_goes_where_it_was_asked_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def scenario() -> None:
        async with World(tmp_path) as world:
            project = await create(world, localPath=str(tmp_path / "here"))
            for path in ("file", "file/below"):
                with pytest.raises(Refused):
                    await update(world, project, config=config(world.device_id, localPath=str(tmp_path / path)))
            moved = await update(world, project, config=config(world.device_id, localPath=str(tmp_path / "there")))
            assert (moved.path, moved.state) == (str(tmp_path / "there"), "ready")

    asyncio.run(scenario())


def test_what_could_not_start_is_continued_with_its_prompt_and_its_attachments(tmp_path: Path) -> None:
    home = tmp_path / "churn"
    home.mkdir()

    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            new = NewAttachment(name="notes.txt", type="text/plain")
            sent = await world.gateway.attachments.add(OWNER, new, b"hello")
            place = {"path": str(home), "worktree": True}
            task = await world.submit("!write a.txt one", workspace=place, attachments=[sent.id])
            assert (await world.finish(task)).state is TurnState.FAILED, "it is no repository yet"
            home.rmdir()
            repository(home)
            turn = await world.gateway.continue_task(OWNER, task)
            assert (turn.prompt, turn.attachments) == ("!write a.txt one", [sent])
            assert (await world.finish(task)).state is TurnState.COMPLETED
            assert (Path((await world.detail(task)).workspace or "") / "a.txt").read_text() == "one"

    asyncio.run(scenario())


def test_a_task_is_continued_where_its_project_is_now(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            gpu = await world.add_device("gpu")
            project = await create(world, localPath=str(tmp_path / "here"))
            task = await world.submit("!error broken", project_id=project.id)
            assert (await world.finish(task)).state is TurnState.FAILED
            await update(world, project, config=config(gpu.device_id, localPath=str(tmp_path / "there")))
            turn = await world.gateway.continue_task(OWNER, task)
            assert (turn.device_id, turn.prompt) == (gpu.device_id, "!error broken")
            await world.finish(task)
            assert (await world.detail(task)).workspace == str(tmp_path / "there")

    asyncio.run(scenario())


def test_a_turn_does_not_start_in_a_worktree_that_is_being_removed(tmp_path: Path) -> None:
    home = repository(tmp_path / "churn")

    async def scenario() -> None:
        async with World(tmp_path) as world:
            assert world.gateway is not None
            assert world.device is not None
            task = await world.submit("!say hi", workspace={"path": str(home), "worktree": True})
            await world.finish(task)
            world.device.runner._worktrees.leaving.add(task)
            await world.gateway.create_turn(OWNER, task, api.CreateTurn(prompt="!write a.txt lost"))
            turn = await world.finish(task)
            assert turn.error is not None
            assert turn.error.code == "worktree_leaving"
            world.device.runner._worktrees.leaving.clear()
            assert not (await world.gateway.files.remove_worktree(OWNER, task)).exists

    asyncio.run(scenario())
