"""The namespace `/tasks`: what faces follow."""

from typing import TYPE_CHECKING, Annotated, Any

import socketio
from pydantic import BaseModel, Field, ValidationError

from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.store.records import Stored
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.protocol import wire
from wegent_jupyter.server.packets import Encoded
from wegent_jupyter.server.sockets import FACES, ask

if TYPE_CHECKING:
    from wegent_jupyter.gateway.credentials import CredentialEntry
    from wegent_jupyter.server.service import Service
    from wegent_jupyter.server.sockets import SocketHandler


class Follow(BaseModel):
    """What `task:join` and `task:leave` say."""

    task_id: wire.WireId
    after_pos: Annotated[int, Field(ge=0, lt=1 << 53)] | None = None


class TasksNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """`/tasks`: what faces follow."""

    def __init__(self, service: "Service") -> None:
        """Answer for a service."""
        super().__init__(FACES)
        self._service = service
        self._owners: dict[str, str] = {}
        self._by_credential: dict[str, tuple[CredentialEntry, SocketHandler]] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any], _auth: Any = None) -> None:
        """Accept whom Jupyter knows, and who brought an API token or key."""
        handler: SocketHandler = environ["tornado.handler"]
        if handler.current_user is None:
            raise socketio.exceptions.ConnectionRefusedError("Not authenticated")
        if handler.credential is not None:
            if not self._service.gateway.credentials.alive(handler.credential):
                raise socketio.exceptions.ConnectionRefusedError("Not authenticated")
            self._by_credential[sid] = handler.credential, handler
        handler.admitted = True
        self._owners[sid] = self._service.owner_of(handler.current_user)

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Forget a viewer."""
        self._owners.pop(sid, None)
        self._by_credential.pop(sid, None)
        self._service.forget_viewer(sid)

    async def end(self, entry: "CredentialEntry") -> None:
        """Disconnect whoever is connected by a credential that was revoked."""
        for sid, (used, handler) in list(self._by_credential.items()):
            if used is entry:
                await self.disconnect(sid)
                handler.close()

    async def end_expired(self) -> None:
        """Disconnect whoever is connected by a token that has expired."""
        entries = {used for used, _ in self._by_credential.values()}
        for entry in entries:
            if self._service.gateway.credentials.expired(entry):
                await self.end(entry)

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Answer `watch`, `task:join` and `task:leave`."""
        answers = {"watch": self._watch, "task:join": self._join, "task:leave": self._leave}
        if event not in answers:
            return await super().trigger_event(event, *args)
        sid, data = args[0], args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
        try:
            return {"ok": True, **await answers[event](sid, data)}
        except Refused as refused:
            return _problem(refused.message, refused.code, refused.status)
        except StoreFailed as error:
            return _problem(f"The database cannot be used now: {error}", "store_failed", 503)
        except ValidationError as error:
            first = error.errors()[0]
            return _problem(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", "invalid", 422)

    async def _watch(self, sid: str, _data: dict[str, Any]) -> dict[str, Any]:
        owner = self._owners[sid]
        await self.enter_room(sid, room_of(owner))
        snapshot: dict[str, Any] = {"version": self._service.version().model_dump()}
        snapshot |= {"devices": [], "tasks": [], "approvals": []}
        if self._service.state == "running":
            gateway = self._service.gateway
            tasks, _ = await gateway.tasks.list(owner, 50, None)
            snapshot["tasks"] = [task.model_dump(mode="json") for task in tasks]
            snapshot["devices"] = [device.model_dump(mode="json") for device in gateway.show_devices(owner)]
            snapshot["approvals"] = [approval.model_dump(mode="json") for approval in gateway.approvals.open(owner)]
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


def _problem(message: str, code: str, status: int) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "status": status}}
