"""`jupyter wegent projects`: named codebases on devices."""

import argparse
import asyncio
import sys

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean, erase_progress, printable, progress
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_done, print_facts, print_json, print_table
from wegent_jupyter.client.choosing import here, pick, pick_project, place
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.projects import (
    CreateProject,
    Progress,
    Project,
    ProjectConfig,
    ProjectExecution,
    ProjectGit,
    ProjectWorkspace,
    UpdateProject,
)

FAILED, STOPPED = 1, 130
HEAD = ("NAME", "STATE", "DEVICE", "DIRECTORY", "GIT", "ID")
EMPTY = "No projects yet. Make one of the current directory with: jupyter wegent projects add NAME"


async def projects(options: argparse.Namespace) -> int:
    """List all."""
    async with existing_client() as client:
        found = await client.projects()
        names = {one.device_id: one.name for one in await client.devices()}
    if options.json:
        return print_json(found)
    return print_table(HEAD, [_row(one, names) for one in found], EMPTY)


def _row(project: Project, names: dict[str, str]) -> tuple[str, ...]:
    device = names.get(project.device_id, project.device_id)
    return project.name, _state(project), device, project.path or "", _git(project), str(project.id)


async def show(options: argparse.Namespace) -> int:
    """Show one."""
    async with existing_client() as client:
        project = await pick_project(client, options.project)
        names = {one.device_id: one.name for one in await client.devices()}
    if options.json:
        return print_json(project)
    error = project.error
    return print_facts(
        [
            ("Name", project.name),
            ("Id", str(project.id)),
            ("State", _state(project)),
            ("Why", error.message if error else None),
            ("What to do", error.fix if error else None),
            ("Device", names.get(project.device_id, f"{project.device_id}, which was deleted")),
            ("Directory", project.path),
            ("Git", _git(project)),
            ("Worktrees", "possible" if project.repository else None),
            *(("Note", one) for one in project.warnings),
        ]
    )


def _state(project: Project) -> str:
    return _words(project.progress) if project.state == "preparing" else project.state


def _words(progress: Progress | None) -> str:
    if progress is None:
        return "preparing"
    return progress.phase if progress.percent is None else f"{progress.phase} {progress.percent} %"


def _git(project: Project) -> str:
    git = project.config.git
    return "" if git is None else git.url if git.branch is None else f"{git.url} ({git.branch})"


async def add(options: argparse.Namespace) -> int:
    """Make one, and follow its clone."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        config = ProjectConfig(
            execution=ProjectExecution(deviceId=device.device_id),
            workspace=_workspace(client, device, options, _new_workspace(client, device, options)),
            git=_repository(options, None),
        )
        project = await client.create_project(CreateProject(name=options.name, config=config))
        return await _made(client, project, options)


def _new_workspace(client: Client, device: api.Device, options: argparse.Namespace) -> ProjectWorkspace:
    """Return where a project lies when nothing is said: here it is the current directory, as for `run`."""
    if options.git is not None or not here(client, device):
        return ProjectWorkspace()
    return ProjectWorkspace(localPath=place(client, device, "."))


def _workspace(
    client: Client, device: api.Device, options: argparse.Namespace, otherwise: ProjectWorkspace
) -> ProjectWorkspace:
    source = "git" if options.git is not None else otherwise.source
    if options.path is not None:
        return ProjectWorkspace(source=source, localPath=place(client, device, options.path))
    if options.checkout is not None:
        return ProjectWorkspace(source=source, checkoutPath=options.checkout)
    return otherwise.model_copy(update={"source": source})


def _repository(options: argparse.Namespace, before: ProjectGit | None) -> ProjectGit | None:
    if options.git is not None:
        return ProjectGit(url=options.git, branch=options.branch)
    if options.branch is None:
        return before
    if before is None:
        raise BadInput("--branch says what to clone: it needs --git.")
    return ProjectGit(url=before.url, branch=options.branch)


async def move(options: argparse.Namespace) -> int:
    """Give one another device or directory."""
    async with existing_client() as client:
        project = await pick_project(client, options.project)
        device = await pick(client, options.device or project.device_id)
        request = UpdateProject(config=_moved(client, project, device, options))
        return await _made(client, await client.update_project(project.id, request), options)


def _moved(client: Client, project: Project, device: api.Device, options: argparse.Namespace) -> ProjectConfig:
    given = (options.path, options.checkout, options.git, options.branch)
    before = project.config
    elsewhere = device.device_id != project.device_id
    if not elsewhere and given == (None,) * len(given):
        raise BadInput("Where to? Give --device, --path, --checkout, --git or --branch.")
    if elsewhere and before.workspace.localPath and options.path is None and options.checkout is None:
        raise BadInput(f"In which directory of {device.name}? Give --path or --checkout.")
    return ProjectConfig(
        execution=ProjectExecution(deviceId=device.device_id),
        workspace=_workspace(client, device, options, before.workspace),
        git=_repository(options, before.git),
    )


async def rename(options: argparse.Namespace) -> int:
    """Give one another name."""
    async with existing_client() as client:
        project = await pick_project(client, options.project)
        answer = await client.update_project(project.id, UpdateProject(name=options.name))
    return print_done(options, answer, f"{project.name} is called {answer.name} now.")


async def retry(options: argparse.Namespace) -> int:
    """Try again to make one's directory."""
    async with existing_client() as client:
        project = await pick_project(client, options.project)
        return await _made(client, await client.prepare_project(project.id), options)


async def delete(options: argparse.Namespace) -> int:
    """Forget one."""
    async with existing_client() as client:
        project = await pick_project(client, options.project)
        files = f" Its files stay in {project.path}." if project.path else " Nothing on the device is deleted."
        if not await agreed(f"Delete the project {project.name} ({project.id})?{files}", already=options.yes):
            print("Nothing was deleted.", file=sys.stderr)
            return STOPPED
        answer = await client.delete_project(project.id)
    return print_done(options, answer, f"The project {project.name} is deleted.{files}")


async def _made(client: Client, project: Project, options: argparse.Namespace) -> int:
    """Show how a project is being made, to its end, and how that was; Ctrl-C leaves it going on."""
    try:
        async for now in client.making(project):
            project = now
            if now.state == "preparing" and not options.json:
                progress(f"{now.name}: {_words(now.progress)}")
    except asyncio.CancelledError:
        erase_progress()
        print(f"It goes on. To look at it: jupyter wegent projects show {project.id}", file=sys.stderr)
        raise
    erase_progress()
    status = FAILED if project.state == "failed" else 0
    if options.json:
        print_json(project)
        return status
    if project.error is not None:
        _explain(project, project.error)
        return status
    print(clean(f"{project.name} is ready: {project.path}"))
    for warning in project.warnings:
        print(f"! {printable(warning)}", file=sys.stderr)
    return status


def _explain(project: Project, error: api.TurnError) -> None:
    print(clean(f"✕ {project.name}: {error.message}"), file=sys.stderr)
    if error.fix:
        print(clean(f"  What to do: {error.fix}"), file=sys.stderr)
    print(f"  Then: jupyter wegent projects retry {project.id}", file=sys.stderr)
