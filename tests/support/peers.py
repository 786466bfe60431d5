"""Devices that are only a connection in memory."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.channels import Faults, MemoryChannel
from tests.support.world import OWNER
from wegent_jupyter.gateway.gateway import Gateway
from wegent_jupyter.gateway.session import DeviceSession
from wegent_jupyter.protocol import wire


class Peer:
    """A device that is only a connection; it answers what it is asked, or nothing at all."""

    def __init__(self, gateway: Gateway, owner: str = OWNER, *, silent: bool = False, **session: Any) -> None:
        self.channel, theirs = MemoryChannel(Faults()), MemoryChannel(Faults())
        self.session = DeviceSession(gateway, owner, theirs, **session)
        self.silent = silent
        self.got: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {}
        """By event; others are answered with success."""
        theirs.connect(self.channel, self.session.handle, in_order=True)
        self.channel.connect(theirs, self._answer, in_order=False)

    async def _answer(self, event: str, data: Any) -> Any:
        self.got.append((event, data))
        if self.silent:
            await asyncio.Event().wait()
        return self.answers.get(event, {"success": True})

    @property
    def asked(self) -> list[str]:
        """Return the events that it got."""
        return [event for event, _ in self.got]

    async def tell(self, event: str, data: Any = None) -> dict[str, Any]:
        answer = await self.channel.call(event, data, 10)
        assert isinstance(answer, dict)
        return answer

    async def register(self, device_id: str = "d", boot: str | None = None, **fields: Any) -> dict[str, Any]:
        ours = {"wegentJupyter": {"version": 1, "boot_id": boot, **fields.pop("ours", {})}} if boot else None
        hello = {"device_id": device_id, "name": "Box", "runtime_features": ours, **fields}
        return await self.tell(wire.REGISTER, {name: value for name, value in hello.items() if value is not None})

    async def beat(self, device_id: str = "d") -> dict[str, Any]:
        return await self.tell(wire.HEARTBEAT, {"device_id": device_id, "running_task_ids": ["12"]})

    async def leave(self) -> None:
        self.channel.end()
        await self.session.closed()
