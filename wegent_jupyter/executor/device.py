"""One side of the device link, whatever carries it: register, reconcile, work, stream."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wegent_jupyter._version import __version__
from wegent_jupyter.executor import workspaces
from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.executor.agents.catalogue import Catalogue
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.journal import Journal
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.executor.runner import Runner
from wegent_jupyter.executor.sender import Sender
from wegent_jupyter.executor.trust import TrustDamaged, TrustStore
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import TrustedPath, TrustRequest
from wegent_jupyter.protocol.channel import Channel, NotSent, Unanswered

log = logging.getLogger(__name__)

REGISTER_SECONDS = 10.0
"""Wegent's time-out of a registration."""


class Refused(Exception):
    """The gateway does not take this device; the text is its reason."""


class Device:
    """An executor home at work."""

    def __init__(self, settings: Settings, stop: Callable[[], None] = lambda: None) -> None:
        """Open the home; raises JournalBroken. `stop` ends the process."""
        self._settings = settings
        self._stop = stop
        self._boot_id = secrets.token_hex(8)
        self._journal = Journal(settings.home / "journal.db")
        self._sender = Sender(self._journal)
        self._catalogue = Catalogue(
            settings.agents,
            settings.home,
            settings.allowed_agents,
            config=settings.config,
            background=settings.background_work,
        )
        records = ProcessRecords(settings.home / "processes")
        self.runner = Runner(
            self._journal, self._sender, self._catalogue, records, settings.home, settings.chats, changed=self.wake
        )
        self._trust = TrustStore(settings.home)
        self._channel: Channel | None = None
        self._gateway = ""
        self._beat = asyncio.Event()
        self.runner.recover()

    async def serve(self, channel: Channel) -> None:
        """Register over a new connection and work until it ends; raises Refused, NotSent or Unanswered."""
        ack = await self._register(channel)
        if ack.wegentJupyter is not None:
            self._gateway = ack.wegentJupyter.gateway_id
            self.runner.judge(self._gateway, ack.wegentJupyter.attempts)
            if self._settings.embedded is not None:
                self.runner.abandon_others(self._gateway)
        self._channel = channel
        sender = self._sender.run(self._gateway, channel, together=ack.wegentJupyter is not None)
        background = [asyncio.create_task(sender)]
        if ack.wegentJupyter is not None:
            background.append(asyncio.create_task(self._look_for_agents(channel)))
        try:
            await self._heartbeats(channel)
        finally:
            self._channel = None
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)

    async def close(self) -> None:
        """End what runs and close the home."""
        await self.runner.close()
        self._journal.close()

    async def handle(self, channel: Channel, event: str, data: Any) -> Any:
        """Answer one message of the gateway; the result is its ack."""
        handlers: dict[str, Callable[[Any], Any]] = {
            wire.EXECUTE: self._execute,
            "chat:message": self._execute,
            wire.CANCEL: self._cancel,
            wire.DECIDE: self._decide,
            wire.STEER: self._steer,
            wire.ACKS: self._acks,
            wire.SHUTDOWN: self._shutdown,
        }
        questions: dict[str, Callable[[Any], Awaitable[dict[str, Any]]]] = {
            wire.CHECK_WORKSPACE: self._check_workspace,
            wire.REFRESH: self._refresh_agents,
            wire.AGENT_PATH: self._set_agent_path,
            wire.TRUST: self._set_trust,
            wire.TRUSTED: self._list_trust,
        }
        if event in questions:
            return await questions[event](data if isinstance(data, dict) else {})
        handler = handlers.get(event)
        if handler is None:
            return {"success": False, "code": "unsupported_method", "error": f"{event} is not supported"}
        if channel is not self._channel:
            # From an earlier connection: the gateway has already been told what we have, without this.
            return wire.ExecuteAck(accepted=False, requeue=True, code="stale").model_dump()
        try:
            return handler(data)
        except ValidationError as error:
            log.warning("Refused a malformed %s: %s", event, error)
            return {"accepted": False, "success": False, "code": "malformed", "message": f"Malformed {event}: {error}"}

    async def _register(self, channel: Channel) -> wire.RegisterAck:
        settings = self._settings
        extension = wire.DeviceExtension(
            version=wire.EXTENSION_VERSION,
            boot_id=self._boot_id,
            agents=self._catalogue.report(),
            workspace_root=str(settings.workspace_root),
            attempts=self._reports(),
        )
        hello = wire.Register.model_validate(
            {
                "device_id": settings.device_id,
                "name": settings.device_name,
                "device_type": settings.device_type,
                "executor_version": __version__,
                "runtime_features": {"schemaVersion": 1, "wegentJupyter": extension.model_dump()},
            }
        )
        answer = await channel.call(wire.REGISTER, hello.model_dump(exclude_none=True), REGISTER_SECONDS)
        if not isinstance(answer, dict) or not answer.get("success"):
            raise Refused(str(answer.get("error") if isinstance(answer, dict) else answer))
        return wire.RegisterAck.model_validate(answer)

    def _reports(self) -> list[wire.AttemptReport]:
        """Return what there is to tell the gateway. Before the first ack any gateway may be meant: it knows its own."""
        gateways = [self._gateway] if self._gateway else sorted({gateway for gateway, _ in self._sender.keys})
        return [report for gateway in gateways for report in self.runner.reports(gateway)]

    def wake(self) -> None:
        """Look again whether the connection lives, and beat if so."""
        self._beat.set()

    async def _heartbeats(self, channel: Channel) -> None:
        """Beat at once, at each change and every 30 s, until the connection ends or two in a row fail."""
        failures = 0
        while not channel.closed and failures < 2:
            self._beat.clear()
            beat = wire.Heartbeat(
                device_id=self._settings.device_id,
                running_task_ids=self.runner.task_ids,
                executor_version=__version__,
            )
            try:
                answer = await channel.call(wire.HEARTBEAT, beat.model_dump(), wire.HEARTBEAT_SECONDS)
                failures = 0 if isinstance(answer, dict) and answer.get("success") else failures + 1
            except Unanswered:
                failures += 1
            except NotSent:
                return
            try:
                async with asyncio.timeout(wire.HEARTBEAT_SECONDS):
                    await self._beat.wait()
            except TimeoutError:
                continue

    def _execute(self, data: Any) -> dict[str, Any]:
        ack = self.runner.execute(self._gateway, wire.Execute.model_validate(data))
        return ack.model_dump(exclude_none=True)

    def _cancel(self, data: Any) -> dict[str, Any]:
        known = self.runner.cancel(self._gateway, wire.Cancel.model_validate(data))
        return {"success": True, "known": known}

    def _decide(self, data: Any) -> dict[str, Any]:
        known = self.runner.decide(self._gateway, wire.Decide.model_validate(data))
        return {"success": True, "known": known}

    def _steer(self, data: Any) -> dict[str, Any]:
        return self.runner.steer(self._gateway, wire.Steer.model_validate(data)).model_dump(exclude_none=True)

    def _acks(self, data: Any) -> None:
        for attempt_id, seq in (data.get("acks") or {}).items():
            self._sender.acknowledged((self._gateway, int(attempt_id)), int(seq))

    def _shutdown(self, _data: Any) -> dict[str, Any]:
        if not self.runner.idle:
            return {"success": False, "error": "Turns are running"}
        self.runner.closing = True
        asyncio.get_running_loop().call_soon(self._stop)
        return {"success": True}

    # Questions, answered while everything else goes on.

    async def _check_workspace(self, data: dict[str, Any]) -> dict[str, Any]:
        try:
            path = await asyncio.to_thread(workspaces.check, str(data.get("path", "")))
        except workspaces.BadWorkspace as error:
            return wire.WorkspaceAnswer(ok=False, message=str(error)).model_dump()
        return wire.WorkspaceAnswer(ok=True, path=str(path)).model_dump()

    async def _refresh_agents(self, _data: dict[str, Any]) -> dict[str, Any]:
        await self._catalogue.refresh()
        return wire.AgentsAnswer(success=True, agents=self._catalogue.report()).model_dump()

    async def _set_agent_path(self, data: dict[str, Any]) -> dict[str, Any]:
        path = data.get("path")
        try:
            await self._catalogue.set_path(str(data.get("agent")), None if path is None else str(path))
        except AgentFailed as error:
            return _not_done(error.error.message, error.error.code, error.error.fix)
        return wire.AgentsAnswer(success=True, agents=self._catalogue.report()).model_dump()

    async def _set_trust(self, data: dict[str, Any]) -> dict[str, Any]:
        try:
            await asyncio.to_thread(self._keep_trust, TrustRequest.model_validate(data))
        except (ValidationError, TrustDamaged, OSError, RuntimeError) as error:
            return _not_done(str(error), "not_stored")
        except workspaces.BadWorkspace as error:
            return _not_done(str(error), "bad_path")
        return await self._list_trust({})

    def _keep_trust(self, request: TrustRequest) -> None:
        path = Path(request.path).expanduser()
        if not path.is_absolute():
            raise workspaces.BadWorkspace(f"{request.path} is not absolute. Give a path that starts with / or ~.")
        self._trust.set(path, request.trusted)

    async def _list_trust(self, _data: dict[str, Any]) -> dict[str, Any]:
        try:
            found = await asyncio.to_thread(self._trust.items)
        except TrustDamaged as error:
            return _not_done(str(error), "not_stored")
        items = [TrustedPath(path=str(path), trusted=trusted) for path, trusted in found]
        return wire.TrustAnswer(success=True, items=items).model_dump()

    async def _look_for_agents(self, channel: Channel) -> None:
        """Look which agents can run, which takes a second, and tell the gateway if that is news."""
        if await self._catalogue.refresh():
            report = wire.AgentsReport(agents=self._catalogue.report())
            with contextlib.suppress(NotSent):  # the next connection's registration tells it
                await channel.emit(wire.AGENTS, report.model_dump())


def _not_done(message: str, code: str, fix: str | None = None) -> dict[str, Any]:
    return wire.Done(success=False, message=message, code=code, fix=fix).model_dump(exclude_none=True)
