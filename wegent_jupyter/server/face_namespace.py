"""The base of the namespaces that people and programs use: who may come in, and when they have to leave."""

from typing import TYPE_CHECKING, Any

import socketio
from pydantic import ValidationError

from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.server.auth import KERNELS_MAY_NOT

if TYPE_CHECKING:
    from wegent_jupyter.gateway.credentials import CredentialEntry
    from wegent_jupyter.server.service import Service
    from wegent_jupyter.server.sockets import SocketHandler


class FaceNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """Takes in whom Jupyter knows, and who brought a secret of ours."""

    for_kernels = True
    """Kernels of notebooks may come in."""

    def __init__(self, namespace: str, service: "Service") -> None:
        """Answer for a service."""
        super().__init__(namespace)
        self._service = service
        self._owners: dict[str, str] = {}
        self._handlers: dict[str, SocketHandler] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any], _auth: Any = None) -> None:
        """Accept whom Jupyter knows, and who brought a secret of ours."""
        handler: SocketHandler = environ["tornado.handler"]
        if handler.current_user is None:
            raise socketio.exceptions.ConnectionRefusedError("Not authenticated")
        if handler.credential is not None and not self._service.gateway.credentials.alive(handler.credential):
            raise socketio.exceptions.ConnectionRefusedError("Not authenticated")
        if handler.by_kernel and not self.for_kernels:
            raise socketio.exceptions.ConnectionRefusedError(KERNELS_MAY_NOT)
        handler.admitted = True
        self._handlers[sid] = handler
        self._owners[sid] = self._service.owner_of(handler.current_user)

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Forget who left."""
        self._owners.pop(sid, None)
        self._handlers.pop(sid, None)

    async def end(self, entry: "CredentialEntry") -> None:
        """Disconnect whoever is connected by a credential that was revoked."""
        for sid, handler in list(self._handlers.items()):
            if handler.credential is entry:
                await self.disconnect(sid)
                handler.close()

    async def end_expired(self) -> None:
        """Disconnect whoever is connected by a token that has expired."""
        entries = {one.credential for one in self._handlers.values() if one.credential is not None}
        for entry in entries:
            if self._service.gateway.credentials.expired(entry):
                await self.end(entry)


def problem_of(error: Refused | StoreFailed | ValidationError) -> dict[str, Any]:
    """Return what an ack says of a message that was refused."""
    if isinstance(error, Refused):
        return {"message": error.message, "code": error.code, "status": error.status}
    if isinstance(error, StoreFailed):
        return {"message": f"The database cannot be used now: {error}", "code": "store_failed", "status": 503}
    first = error.errors()[0]
    return {"message": f"{'.'.join(map(str, first['loc']))}: {first['msg']}", "code": "invalid", "status": 422}
