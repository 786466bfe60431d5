"""What a device knows of its terminals. The rest is loaded with the first one: an idle device has no need of it."""

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any

from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.protocol.channel import Channel, NotSent

if TYPE_CHECKING:
    from wegent_jupyter.executor.terminals.sessions import Sessions

EVENTS = (wire.ATTACH, wire.DETACH, wire.INPUT, wire.RESIZE, wire.CREDIT)
"""What is handed on in its order; starting and ending take their time beside it."""
NOT_FOUND = {"success": False, "error": "Terminal session not found"}


class Door:
    """Hands the gateway's messages to the terminals, once there are any."""

    def __init__(self, settings: Settings, records: ProcessRecords) -> None:
        """Load nothing yet."""
        self._settings, self._records = settings, records
        self._channel: Channel | None = None
        self._gateway = ""
        self._sessions: Sessions | None = None
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> bool:
        """Say whether a shell lives."""
        return self._sessions is not None and self._sessions.open

    @property
    def busy(self) -> bool:
        """Say whether a program runs in one, beside the shell."""
        return self._sessions is not None and self._sessions.busy

    def connected(self, channel: Channel, gateway: str) -> None:
        """Talk to a gateway over this connection."""
        self._channel, self._gateway = channel, gateway
        if self._sessions is not None:
            self._sessions.connected(channel, gateway)

    def disconnected(self) -> None:
        """Forget who looked over the connection that ended."""
        self._channel = None
        if self._sessions is not None:
            self._sessions.disconnected()

    async def report(self, channel: Channel) -> None:
        """Tell which terminals there are: all others that the gateway knows of ended with an earlier process."""
        there = self._sessions.reports(self._gateway) if self._sessions is not None else []
        with contextlib.suppress(NotSent):
            await channel.emit(wire.REPORT_ALL, wire.Reports(terminals=there).model_dump())

    async def start(self, data: dict[str, Any]) -> dict[str, Any]:
        """Start one; returns Wegent's answer."""
        if os.name != "posix":
            return {"success": False, "error": "PTY is not available on this device"}
        if self._sessions is None:
            from wegent_jupyter.executor.terminals.sessions import Sessions

            self._sessions = Sessions(self._settings, self._records)
            if self._channel is not None:
                self._sessions.connected(self._channel, self._gateway)
        return await self._sessions.start(self._gateway, data)

    async def end(self, data: dict[str, Any]) -> dict[str, Any]:
        """End one; returns Wegent's answer. One that is not there is ended already."""
        if self._sessions is not None:
            await self._sessions.end(self._gateway, str(data.get("session_id")))
        return {"success": True}

    def handle(self, event: str, data: Any) -> dict[str, Any]:
        """Take one of `EVENTS`; returns Wegent's answer; raises ValidationError."""
        session_id = str(data.get("session_id")) if isinstance(data, dict) else ""
        if self._sessions is not None and self._sessions.has(self._gateway, session_id):
            self._sessions.handle(session_id, event, data)
            return {"success": True}
        named = wire.Session.model_validate(data)
        if event == wire.ATTACH:
            task = asyncio.create_task(self._tell_gone(named))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        return NOT_FOUND

    async def close(self) -> None:
        """End all."""
        if self._sessions is not None:
            await self._sessions.close()

    async def _tell_gone(self, named: wire.Session) -> None:
        """Tell a viewer that the terminal is over, which its gateway did not know yet."""
        gone = wire.Exit(session_id=named.session_id, viewer=named.viewer, reason="executor_ended")
        if self._channel is not None:
            with contextlib.suppress(NotSent):
                await self._channel.emit(wire.EXIT, gone.model_dump(exclude_none=True))
