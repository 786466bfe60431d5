"""The namespace `/tasks`: what faces follow."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.store.records import Stored
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import wire
from wegent_jupyter.server.face_namespace import FaceNamespace, problem_of
from wegent_jupyter.server.packets import Encoded
from wegent_jupyter.server.sockets import FACES, ask

if TYPE_CHECKING:
    from wegent_jupyter.server.service import Service


class Follow(BaseModel):
    """What `task:join` and `task:leave` say."""

    task_id: wire.WireId
    after_pos: Annotated[int, Field(ge=0, lt=1 << 53)] | None = None


class TasksNamespace(FaceNamespace):
    """`/tasks`: what faces follow."""

    def __init__(self, service: "Service") -> None:
        """Answer for a service."""
        super().__init__(FACES, service)

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Forget a viewer."""
        await super().on_disconnect(sid)
        self._service.forget_viewer(sid)

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Answer `watch`, `task:join` and `task:leave`."""
        answers = {"watch": self._watch, "task:join": self._join, "task:leave": self._leave}
        if event not in answers:
            return await super().trigger_event(event, *args)
        sid, data = args[0], args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
        try:
            return {"ok": True, **await answers[event](sid, data)}
        except (Refused, StoreFailed, ValidationError) as error:
            return {"error": problem_of(error)}

    async def _watch(self, sid: str, _data: dict[str, Any]) -> dict[str, Any]:
        owner = self._owners[sid]
        await self.enter_room(sid, room_of(owner))
        snapshot: dict[str, Any] = {"version": self._service.version().model_dump()}
        snapshot |= {"devices": [], "tasks": [], "approvals": [], "terminals": [], "projects": []}
        if self._service.state == "running":
            gateway = self._service.gateway
            tasks, _ = await gateway.tasks.list(owner, 50, None)
            snapshot["tasks"] = [task.model_dump(mode="json") for task in tasks]
            snapshot["devices"] = [device.model_dump(mode="json") for device in gateway.show_devices(owner)]
            snapshot["approvals"] = [approval.model_dump(mode="json") for approval in gateway.approvals.open(owner)]
            snapshot["terminals"] = [terminal.model_dump() for terminal in gateway.terminals.items(owner)]
            snapshot["projects"] = [project.model_dump(mode="json") for project in gateway.projects.items(owner)]
        return snapshot

    async def _join(self, sid: str, data: dict[str, Any]) -> dict[str, Any]:
        wanted = Follow.model_validate(data)
        task_id = wanted.task_id

        async def send(events: list[Stored]) -> None:
            batch = ",".join(event.text for event in events)
            await (await ask(self, sid, "task:events", Encoded(f'{{"task_id":{task_id},"events":[{batch}]}}')))

        async def lagged(pos: int) -> None:
            await self.emit("lagged", {"task_id": task_id, "pos": pos}, to=sid)

        await self._service.gateway.join(self._owners[sid], sid, task_id, wanted.after_pos or 0, send, lagged)
        return {}

    async def _leave(self, sid: str, data: dict[str, Any]) -> dict[str, Any]:
        self._service.gateway.viewers.leave(sid, Follow.model_validate(data).task_id)
        return {}


def room_of(owner: str) -> str:
    """Return the room of an owner's faces."""
    return f"owner:{owner}"
