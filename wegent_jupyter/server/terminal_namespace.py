"""The namespace `/terminal`: viewers of terminals, ours and stock ones (Wegent's backend/app/api/ws there)."""

import asyncio
import codecs
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wegent_jupyter.gateway.errors import Refused, TooLarge, TooMany
from wegent_jupyter.gateway.store.store import StoreFailed
from wegent_jupyter.gateway.terminals import Viewer
from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.server.face_namespace import FaceNamespace, problem_of

if TYPE_CHECKING:
    from wegent_jupyter.gateway.terminals import Terminals
    from wegent_jupyter.server.service import Service

log = logging.getLogger(__name__)

MAX_VIEWERS = 100
"""Of one connection: each may have a window of output on its way."""
READ_SECONDS = 0.02
"""Between looks whether a stock browser, which gives no credit, has taken what was sent."""


class TerminalNamespace(FaceNamespace):
    """`/terminal`."""

    for_kernels = False

    def __init__(self, service: "Service") -> None:
        """Answer for a service."""
        super().__init__(wire.NAMESPACE, service)
        self._attached: dict[str, dict[str, str]] = {}
        """By socket: viewers, with the session of each."""
        self._answers: dict[str, Callable[[str, Any], Awaitable[dict[str, Any]]]] = {
            wire.ATTACH: self._attach,
            wire.DETACH: self._detach,
            wire.INPUT: self._input,
            wire.RESIZE: self._resize,
            wire.CREDIT: self._credit,
            wire.CLOSE: self._close,
        }

    @property
    def _terminals(self) -> "Terminals":
        return self._service.gateway.terminals

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Forget the viewers of a socket."""
        await super().on_disconnect(sid)
        for key, session_id in self._attached.pop(sid, {}).items():
            await self._terminals.detach(session_id, key)

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Answer a message; one of a client is handled at a time, so none waits for a device here."""
        if event not in self._answers:
            return await super().trigger_event(event, *args)
        sid, data = args[0], args[1] if len(args) > 1 else None
        if sid not in self._owners:
            return {"error": "Not authenticated", "code": "not_authenticated", "status": 403}
        try:
            return await self._answers[event](sid, data)
        except (Refused, StoreFailed, ValidationError) as error:
            problem = problem_of(error)
            return {**problem, "error": problem["message"]}

    async def _attach(self, sid: str, data: Any) -> dict[str, Any]:
        wanted = wire.Attach.model_validate(data)
        key = _key(sid, wanted.viewer)
        mine = self._attached.setdefault(sid, {})
        if key not in mine and len(mine) >= MAX_VIEWERS:
            raise TooMany(f"This connection shows {MAX_VIEWERS} terminals already.", code="too_many_viewers")
        if mine.get(key, wanted.session_id) != wanted.session_id:  # a stock browser has one at a time
            await self._terminals.detach(mine[key], key)
        send = self._sender(sid, key, wanted.viewer) if wanted.viewer is not None else self._plain_sender(sid, key)
        ack = await self._terminals.attach(self._owners[sid], Viewer(key, send), wanted)
        mine[key] = wanted.session_id
        return ack

    async def _detach(self, sid: str, data: Any) -> dict[str, Any]:
        named = wire.Session.model_validate(data)
        key = _key(sid, named.viewer)
        if self._attached.get(sid, {}).get(key) == named.session_id:
            del self._attached[sid][key]
            await self._terminals.detach(named.session_id, key)
        return {"success": True}

    async def _input(self, sid: str, data: Any) -> dict[str, Any]:
        message = wire.Input.model_validate(data)
        if len(message.data) > wire.MAX_INPUT_BYTES:
            raise TooLarge("Send what was typed or pasted in smaller pieces.", code="input_too_large")
        await self._terminals.input(_key(sid, message.viewer), message)
        return {"success": True}

    async def _resize(self, sid: str, data: Any) -> dict[str, Any]:
        message = wire.Resize.model_validate(data)
        await self._terminals.resize(_key(sid, message.viewer), message)
        return {"success": True}

    async def _credit(self, sid: str, data: Any) -> dict[str, Any]:
        message = wire.Credit.model_validate(data)
        await self._terminals.credit(_key(sid, message.viewer), message.session_id, message.offset)
        return {"success": True}

    async def _close(self, sid: str, data: Any) -> dict[str, Any]:
        session_id, owner = wire.Session.model_validate(data).session_id, self._owners[sid]
        self._terminals.check_end(owner, session_id)
        self._service.spawn(self._end_quietly(owner, session_id))
        return {"success": True}

    async def _end_quietly(self, owner: str, session_id: str) -> None:
        """End it; that it ended is what its viewers are told."""
        try:
            await self._terminals.end(owner, session_id)
        except Refused as refused:
            log.info("Terminal %s was not ended: %s", session_id, refused.message)

    def _sender(self, sid: str, key: str, viewer: str) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
        async def send(event: str, data: dict[str, Any]) -> None:
            await self.emit(event, {**data, "viewer": viewer}, to=sid)
            if event == wire.EXIT:
                self._attached.get(sid, {}).pop(key, None)

        return send

    def _plain_sender(self, sid: str, key: str) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
        """Return what speaks to a stock browser: text, without offsets; credit is given for it once it has read."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")

        async def send(event: str, data: dict[str, Any]) -> None:
            session_id = data["session_id"]
            if event == wire.OUTPUT:
                text = data["data"] if isinstance(data["data"], str) else decoder.decode(data["data"])
                await self.emit(event, {"session_id": session_id, "data": text}, to=sid)
                self._service.spawn(self._credit_when_read(sid, key, session_id, data["end"]))
            elif event == wire.EXIT:
                told = {"session_id": session_id, "exit_code": data.get("exit_code")}
                await self.emit(event, told, to=sid)
                self._attached.get(sid, {}).pop(key, None)

        return send

    async def _credit_when_read(self, sid: str, key: str, session_id: str, offset: int) -> None:
        while sid in self._handlers and self._handlers[sid].sending:  # noqa: ASYNC110 - Tornado has no event
            await asyncio.sleep(READ_SECONDS)
        if sid in self._handlers:
            try:
                await self._terminals.credit(key, session_id, offset)
            except Refused:
                return  # it looks no more


def _key(sid: str, viewer: str | None) -> str:
    """Return what a device calls a viewer."""
    return f"{sid}.{viewer or ''}"
