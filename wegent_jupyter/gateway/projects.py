"""Projects: named codebases on devices. Their directory is made on the device before anything uses it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.gateway.asking import ask
from wegent_jupyter.gateway.devices import DeviceEntry, Devices, now
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused, Unavailable
from wegent_jupyter.gateway.places import configured_path
from wegent_jupyter.gateway.store import project_records
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.protocol.api import TurnError
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.projects import (
    PREPARE,
    CreateProject,
    Prepare,
    Prepared,
    Progress,
    Project,
    ProjectConfig,
    UpdateProject,
)

log = logging.getLogger(__name__)

MAX_PROJECTS = 1_000
"""Of one owner."""
POLL_SECONDS = 0.5
"""Between two questions how far a clone is."""
AWAY = "Waiting for the device"


@dataclass(slots=True)
class Entry:
    """One project."""

    owner: str
    project: Project
    order: int = 0
    """What was asked of its device, by a number that is never used again: it answers an order that it knows with what
    came of that."""
    removed: bool = False

    def waits(self, order: int) -> bool:
        """Say whether an order is still being carried out."""
        return not self.removed and self.order == order and self.project.state == "preparing"

    def data(self) -> dict[str, Any]:
        """Return what is stored."""
        return {**self.project.model_dump(mode="json", exclude={"progress"}), "order": self.order}


class Projects:
    """All projects of all owners."""

    def __init__(
        self,
        store: Store,
        devices: Devices,
        ids: IdSource,
        *,
        busy: Callable[[int], bool],
        changed: Callable[[str, Project], None],
        removed: Callable[[str, int], None],
        spawn: Callable[[Coroutine[Any, Any, None]], Any],
    ) -> None:
        """`busy` says whether turns of a project wait or run; `changed` and `removed` tell its owner's faces."""
        self._store, self._devices, self._ids = store, devices, ids
        self._busy, self._changed, self._removed, self._spawn = busy, changed, removed, spawn
        self._all: dict[int, Entry] = {}

    async def open(self) -> None:
        """Read what is stored, and go on with what was being made."""
        for owner, data in await self._store.read(project_records.all_projects):
            entry = Entry(owner, Project.model_validate(data), data.get("order", 0))
            self._all[entry.project.id] = entry
            self._follow(entry)

    # What people do.

    def items(self, owner: str) -> list[Project]:
        """Return an owner's projects, by name."""
        mine = [entry.project for entry in self._all.values() if entry.owner == owner]
        return sorted(mine, key=lambda project: (project.name.casefold(), project.id))

    def show(self, owner: str, project_id: int) -> Project:
        """Return one; raises NotFound."""
        return self._find(owner, project_id).project

    def known(self, owner: str, project_id: int | None) -> Project | None:
        """Return one, or None where there is none any more."""
        entry = self._all.get(project_id or 0)
        return entry.project if entry is not None and entry.owner == owner else None

    def ready(self, owner: str, project_id: int) -> Project:
        """Return one in which something can run; raises NotFound, Conflict."""
        project = self.show(owner, project_id)
        if project.state != "ready":
            said = "is still being made" if project.state == "preparing" else "could not be made"
            raise Conflict(
                f"The project “{project.name}” {said}.", code="project_not_ready", fix="Look at it under Projects."
            )
        return project

    def paths_on(self, owner: str, device_id: str) -> list[str]:
        """Return where an owner's projects lie on a device."""
        mine = (entry.project for entry in self._all.values() if entry.owner == owner)
        return [project.path for project in mine if project.device_id == device_id and project.path]

    async def create(self, owner: str, request: CreateProject) -> Project:
        """Make one: its directory is there, or being cloned, when this returns; raises Refused, and there is none."""
        if len(self.items(owner)) >= MAX_PROJECTS:
            raise Conflict(f"There are {MAX_PROJECTS:,} projects already.", code="too_many_projects")
        project_id, time = self._ids.mint(), now()
        project = Project(
            id=project_id,
            name=request.name,
            config=request.config,
            device_id=request.config.execution.deviceId,
            state="preparing",
            created_at=time,
            updated_at=time,
        )
        entry = Entry(owner, project)
        await self._begin(entry)
        await self._keep(entry)
        self._all[project_id] = entry
        self._show(entry)
        self._follow(entry)
        return entry.project

    async def update(self, owner: str, project_id: int, request: UpdateProject) -> Project:
        """Rename one, or give it another place; raises Refused, and then it is as it was."""
        entry = self._find(owner, project_id)
        new = Entry(owner, entry.project.model_copy(), entry.order)
        new.project.name = request.name or new.project.name
        new.project.updated_at = now()
        if request.config is not None and not same_place(request.config, entry.project.config):
            self._check_idle(entry)
            self._set_config(new.project, request.config)
            new.order = self._ids.mint()
            await self._begin(new)
        await self._replace(entry, new)
        return entry.project

    async def prepare(self, owner: str, project_id: int) -> Project:
        """Try once more to make a project's directory; raises Refused."""
        entry = self._find(owner, project_id)
        if entry.project.state == "preparing":
            return entry.project
        self._check_idle(entry)
        new = Entry(owner, entry.project.model_copy(), self._ids.mint())
        self._set_config(new.project, entry.project.config)
        await self._begin(new)
        await self._replace(entry, new)
        return entry.project

    async def delete(self, owner: str, project_id: int) -> None:
        """Forget one; its files stay, and so do its tasks; raises Refused."""
        entry = self._find(owner, project_id)
        self._check_idle(entry)
        entry.removed = True  # from now on nothing puts it back
        try:
            await self._store.write(lambda connection: project_records.remove_project(connection, project_id))
        except StoreFailed:
            entry.removed = False
            self._follow(entry)
            raise
        self._all.pop(project_id, None)
        self._removed(owner, project_id)

    # How its directory is made.

    async def _begin(self, entry: Entry) -> None:
        """Have the device begin; raises Refused with its reason."""
        project = entry.project
        device = self._device(entry)
        answer = await ask(device, PREPARE, self._order(entry), Prepared)
        take(project, answer)
        config = project.config
        project.config = config.model_copy(
            update={"execution": config.execution.model_copy(update={"targetType": target_type(device)})}
        )
        twin = self._at_same_path(entry)
        if twin is not None:
            raise Conflict(
                f"The project “{twin.name}” lies there already.", code="project_exists", fix="Choose another directory."
            )

    def _follow(self, entry: Entry) -> None:
        if entry.project.state == "preparing":
            self._spawn(self._wait(entry, entry.order))

    async def _wait(self, entry: Entry, order: int) -> None:
        """Ask how far it is until it is made or not; a device that is away is waited for."""
        while entry.waits(order):
            await asyncio.sleep(POLL_SECONDS)
            answer = await self._ask_again(entry)
            if not entry.waits(order):
                return
            before = entry.project.model_copy()
            take(entry.project, answer)
            if entry.project.state != "preparing":
                await self._keep_surely(entry)
            if entry.project != before:
                self._show(entry)

    async def _ask_again(self, entry: Entry) -> Prepared:
        device = self._devices.by_key((entry.owner, entry.project.device_id))
        if device is None:
            return Prepared(success=False, code="device_removed", message="The device of this project was deleted.")
        if not device.online or device.channel is None:
            return Prepared(success=True, state="preparing", progress=Progress(phase=AWAY))
        try:
            return Prepared.model_validate(await device.channel.call(PREPARE, self._order(entry), 10.0))
        except (NotSent, Unanswered):
            return Prepared(success=True, state="preparing", progress=entry.project.progress)
        except ValidationError:
            return Prepared(success=False, code="bad_answer", message=f"{device.name} answered nonsense.")

    def _order(self, entry: Entry) -> dict[str, Any]:
        project, git = entry.project, entry.project.config.git
        space = project.config.workspace
        chosen = git is not None and not (space.localPath or space.checkoutPath)
        order = Prepare(
            id=f"{project.id}-{entry.order}",
            path=None if chosen else configured_path(project.id, project.config),
            url=git.url if git else None,
            branch=git.branch if git else None,
        )
        return order.model_dump()

    def _device(self, entry: Entry) -> DeviceEntry:
        device = self._devices.get(entry.owner, entry.project.device_id)
        if not device.kept.ours or device.kept.bind_shell != "claudecode":
            raise Refused(
                f"{device.name} cannot have projects: it runs another executor.",
                code="device_unfit",
                fix="Choose a device that runs wegent-executor.",
            )
        return device

    def _at_same_path(self, entry: Entry) -> Project | None:
        mine = (one.project for one in self._all.values() if one.owner == entry.owner)
        project = entry.project
        others = (one for one in mine if one.id != project.id and one.device_id == project.device_id)
        return next((one for one in others if project.path and one.path == project.path), None)

    @staticmethod
    def _set_config(project: Project, config: ProjectConfig) -> None:
        project.config, project.device_id = config, config.execution.deviceId
        project.path, project.state, project.error = None, "preparing", None
        project.progress, project.warnings, project.repository = None, [], False

    # Keeping.

    def _find(self, owner: str, project_id: int) -> Entry:
        entry = self._all.get(project_id)
        if entry is None or entry.owner != owner:
            raise NotFound("Project", project_id)
        return entry

    def _check_idle(self, entry: Entry) -> None:
        if self._busy(entry.project.id):
            raise Conflict(
                f"Tasks of “{entry.project.name}” wait or run.", code="project_busy", fix="Stop them, or let them end."
            )

    async def _replace(self, entry: Entry, new: Entry) -> None:
        if entry.removed:
            raise NotFound("Project", entry.project.id)
        await self._keep(new)
        if entry.removed:
            raise NotFound("Project", entry.project.id)
        entry.project, entry.order = new.project, new.order
        self._show(entry)
        self._follow(entry)

    async def _keep(self, entry: Entry) -> None:
        owner, project_id, data = entry.owner, entry.project.id, entry.data()
        try:
            await self._store.write(
                lambda connection: project_records.save_project(connection, owner, project_id, data)
            )
        except StoreFailed as error:
            raise Unavailable(f"Nothing was stored: {error}", code="store_failed", fix="Free disk space.") from error

    async def _keep_surely(self, entry: Entry) -> None:
        """Store how it ended; on a full disk it is asked again after the next start, with the same answer."""
        try:
            await self._keep(entry)
        except Unavailable as error:
            log.error("Project %d is not stored as it is: %s", entry.project.id, error)

    def _show(self, entry: Entry) -> None:
        if not entry.removed:
            self._changed(entry.owner, entry.project)


def take(project: Project, answer: Prepared) -> None:
    """Take over what a device says of a project's directory."""
    project.state = answer.state if answer.success else "failed"
    project.progress = answer.progress if project.state == "preparing" else None
    project.error = None
    if project.state == "failed":
        message = answer.message or "The device did not say why."
        project.error = TurnError(code=answer.code, message=message, fix=answer.fix)
        return
    project.path = answer.path or project.path
    project.repository, project.warnings = answer.repository, answer.warnings


def same_place(one: ProjectConfig, other: ProjectConfig) -> bool:
    """Say whether two configurations mean the same directory of the same device."""
    return (one.execution.deviceId, one.workspace, one.git) == (other.execution.deviceId, other.workspace, other.git)


def target_type(device: DeviceEntry) -> str:
    """Return Wegent's `targetType` for a device."""
    return device.kept.device_type if device.kept.device_type in ("cloud", "remote") else "local"
