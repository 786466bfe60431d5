"""A gateway without devices of its own, to which people entrust secrets, and devices that are only a connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.peers import Peer
from tests.support.world import OWNER, Silent, World
from wegent_jupyter.gateway.gateway import Gateway, Options
from wegent_jupyter.protocol import api, models, wire
from wegent_jupyter.protocol.personal import UpdateRuntimeConfig
from wegent_jupyter.protocol.states import TurnState

LOGIN = {"tokens": {"refresh_token": "canary-refresh"}, "last_refresh": "2026-01-01T00:00:00Z"}
AGENTS: list[dict[str, Any]] = [
    {"id": "codex", "name": "Codex", "provider": "openai", "models": ["practice"], "device_login": True},
    {"id": "claude", "name": "Claude Code", "provider": "anthropic", "models": ["practice"]},
    {"id": "practice", "name": "Practice", "practice": True},
    {"id": "opencode", "name": "opencode"},
]


class Desk(Peer):
    """A device of ours that runs every kind of agent, and keeps a login file in memory."""

    def __init__(self, gateway: Gateway, name: str = "desk", owner: str = OWNER, **login: Any) -> None:
        super().__init__(gateway, owner)
        self.name = name
        self.login: Any = login.get("login")
        """What is in the file; None: there is none."""
        self.fails: str | None = None
        """What keeps it from reading and writing."""
        self.hold: asyncio.Event | None = None
        """Until it is set, no command is answered."""
        self.claims: str | None = None
        """What it says of every file that it is sent, and does not keep."""
        self.executes: list[Any] = []
        """What it answers to the next turns; by default that it takes them."""

    async def start(self, *, ours: bool = True) -> Desk:
        """Register, and say for the first time what there is."""
        await self.register(self.name, f"boot-{self.name}" if ours else None, ours={"agents": AGENTS} if ours else {})
        await self.beats()
        return self

    async def beats(self, **fields: Any) -> dict[str, Any]:
        """Send a heartbeat that says whether the file is there, unless `fields` say something else of it."""
        files = {"codex": {"target_path": "/home/ann/.codex/auth.json", "exists": self.login is not None}}
        return await self.tell(wire.HEARTBEAT, {"device_id": self.name, "runtime_auth_files": files, **fields})

    async def _answer(self, event: str, data: Any) -> Any:
        if event != wire.COMMAND:
            answer = await super()._answer(event, data)
            if event != wire.EXECUTE:
                return answer
            return self.executes.pop(0) if self.executes else {**answer, "accepted": True}
        self.got.append((event, data))
        if self.hold is not None:
            await self.hold.wait()
        told = self._file(data["command_key"], data["env"])
        failed = told["status"] == "failed"
        return {"success": not failed, "exit_code": 74 if failed else 0, "stdout": json.dumps(told)}

    def _file(self, key: str, variables: dict[str, str]) -> dict[str, Any]:
        assert variables["WEGENT_RUNTIME_CONFIG_RUNTIME"] == "codex"
        assert variables["WEGENT_RUNTIME_CONFIG_TARGET_PATH"] == "~/.codex/auth.json"
        if self.fails is not None:
            return {"status": "failed", "error": self.fails}
        if key == "read_runtime_auth_file":
            if self.login is None:
                return {"status": "failed", "error": "There is no such file."}
            return {"status": "read", "path": "/home/ann/.codex/auth.json", "content": self.login}
        if self.claims is not None:
            return {"status": self.claims}
        if self.login is not None:
            return {"status": "skipped_existing"}
        self.login = variables["WEGENT_RUNTIME_CONFIG_CONTENT"]
        return {"status": "written"}

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Return the turns that it was given."""
        return [data for event, data in self.got if event == wire.EXECUTE]

    @property
    def commands(self) -> list[str]:
        """Return the keys of the commands that it was given."""
        return [data["command_key"] for event, data in self.got if event == wire.COMMAND]


class Safe:
    """A gateway on a directory; end and start it again with `restart`."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.directory, self.options = directory, options
        self.faces = Silent()
        self.gateway: Gateway = None  # type: ignore[assignment]  # opened at once

    async def start(self) -> None:
        options = Options(f"sqlite:///{self.directory / 'wegent.db'}", self.directory / "attachments", **self.options)
        self.gateway = Gateway(options, self.faces)
        await self.gateway.open()

    async def restart(self) -> None:
        await self.gateway.close()
        await self.start()

    @property
    def key_file(self) -> Path:
        return self.directory / "vault.key"

    async def desk(self, name: str = "desk", *, ours: bool = True, **fields: Any) -> Desk:
        """Connect a device."""
        return await Desk(self.gateway, name, **fields).start(ours=ours)

    async def upload(self, login: Any = LOGIN, owner: str = OWNER) -> None:
        await self.gateway.settings.personal.upload(owner, login)

    async def switch(self, *, use: bool = True, proxy: bool | None = None, owner: str = OWNER) -> None:
        request = UpdateRuntimeConfig(use_user_config=use, use_proxy=proxy)
        await self.gateway.settings.personal.update(owner, request)

    async def provider(self, name: str, kind: str = "openai", **fields: Any) -> models.Provider:
        """Add a provider with one model, `m`."""
        request = {"name": name, "kind": kind, "models": ["m"], **fields}
        created = models.CreateProvider.model_validate(request)
        return await self.gateway.settings.providers.create(OWNER, created)

    async def submit(self, desk: Desk, **fields: Any) -> int:
        request = {"prompt": "hi", "agent": "codex", "device_id": desk.name, **fields}
        created = await self.gateway.create_task(OWNER, api.CreateTask.model_validate(request))
        return created.task.id

    async def given(self, desk: Desk, **fields: Any) -> dict[str, Any]:
        """Start a turn and return the `model_config` with which it was sent."""
        task_id = await self.submit(desk, **fields)

        async def there() -> Any:
            return next((one for one in desk.sent if one["task_id"] == task_id), None)

        message = await World.until(there, "the turn was sent")
        config: dict[str, Any] = message["model_config"]
        return config

    async def failed(self, task_id: int) -> api.TurnError:
        """Wait until the newest turn of a task has failed, and return why."""

        async def there() -> api.TurnError | None:
            turn = (await self.gateway.tasks.detail(OWNER, task_id)).turn_list[-1]
            return turn.error if turn.state is TurnState.FAILED else None

        error: api.TurnError = await World.until(there, f"task {task_id} has failed")
        return error

    def auth(self, name: str = "desk") -> dict[str, Any]:
        """Return what is shown of the login file on a device."""
        shown = self.gateway.settings.logins.shown(OWNER)
        return next(one for one in shown if one.device_id == name).model_dump()

    async def reach(self, status: str, name: str = "desk") -> dict[str, Any]:
        """Wait until the login file on a device is in a state."""

        async def there() -> dict[str, Any] | None:
            found = self.auth(name)
            return found if found["status"] == status else None

        found: dict[str, Any] = await World.until(there, f"the login on {name} is {status}")
        return found


@asynccontextmanager
async def a_safe(directory: Path, **options: Any) -> AsyncIterator[Safe]:
    """Open a gateway for the block. What fails in the background fails the test."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context))
    safe = Safe(directory, **options)
    await safe.start()
    try:
        yield safe
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await safe.gateway.close()
    assert errors == []
