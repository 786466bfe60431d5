"""One side of the device link, whatever carries it: register, reconcile, work, stream."""

import asyncio
import contextlib
import logging
import secrets
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wegent_jupyter.executor import identity, workspaces
from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.executor.agents.catalogue import Catalogue
from wegent_jupyter.executor.attachments import Attachments
from wegent_jupyter.executor.changes.answers import ChangeAnswers
from wegent_jupyter.executor.changes.watching import Changes
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.journal import Journal
from wegent_jupyter.executor.personal.answers import PersonalAnswers
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.executor.projects.listing import Listing
from wegent_jupyter.executor.projects.prepare import Projects
from wegent_jupyter.executor.projects.worktree_removal import Removal
from wegent_jupyter.executor.projects.worktrees import Worktrees
from wegent_jupyter.executor.runner import Runner
from wegent_jupyter.executor.sender import Sender
from wegent_jupyter.executor.skills.answers import SkillAnswers
from wegent_jupyter.executor.terminals.door import EVENTS as TERMINAL_EVENTS
from wegent_jupyter.executor.terminals.door import Door
from wegent_jupyter.executor.trust_answers import TrustAnswers
from wegent_jupyter.protocol import projects, terminals, wire
from wegent_jupyter.protocol.channel import Channel, NotSent, Unanswered

if TYPE_CHECKING:
    from wegent_jupyter.executor.commands import Commands

log = logging.getLogger(__name__)

REGISTER_SECONDS = 10.0
"""Wegent's time-out of a registration."""
GOODBYE_SECONDS = 1.0
TELL_SECONDS = 2.0
"""For the gateway to take what is left to tell when the executor is stopped."""


class Refused(Exception):
    """The gateway does not take this device; the text is its reason."""


class Device:
    """An executor home at work."""

    def __init__(self, settings: Settings, stop: Callable[[], None] = lambda: None) -> None:
        """Open the home; raises JournalBroken. `stop` ends the process."""
        self._settings = settings
        self._stop = stop
        self._boot_id = secrets.token_hex(8)
        self._machine = identity.machine()
        self._journal = Journal(settings.home / "journal.db")
        self._sender = Sender(self._journal, silent=self.wake)
        self._catalogue = Catalogue(
            settings.agents,
            settings.home,
            settings.allowed_agents,
            config=settings.config,
            background=settings.background_work,
        )
        self._records = ProcessRecords(settings.home / "processes")
        worktrees = Worktrees(settings, self._records)
        self._changes, self._attachments = Changes(settings.home), Attachments(settings.home)
        self.runner = Runner(
            self._journal,
            self._sender,
            self._catalogue,
            self._records,
            settings,
            worktrees,
            self._changes,
            self._attachments,
            changed=self.wake,
        )
        self._projects, self._listing = Projects(settings, self._records), Listing()
        self._removal = Removal(worktrees, self.runner.works_in)
        self._commands: Commands | None = None
        self._terminals = Door(settings, self._records)
        self._personal = PersonalAnswers(
            settings.home, self._records, self._catalogue.report, wake=self.wake, look=self._look_again
        )
        self._channel: Channel | None = None
        self._gateway = ""
        self._beat, self._online = asyncio.Event(), asyncio.Event()
        self._handlers: dict[str, Callable[[Any], Any]] = {
            wire.EXECUTE: self._execute,
            "chat:message": self._execute,
            wire.CANCEL: self._cancel,
            wire.DECIDE: self._decide,
            wire.STEER: self._steer,
            wire.ACKS: self._acks,
            wire.SHUTDOWN: self._shutdown,
            "task:close-session": self._close_session,
            **{event: partial(self._terminals.handle, event) for event in TERMINAL_EVENTS},
        }
        self._questions: dict[str, Callable[[Any], Awaitable[dict[str, Any]]]] = {
            wire.CHECK_WORKSPACE: self._check_workspace,
            wire.REFRESH: self._refresh_agents,
            wire.AGENT_PATH: self._set_agent_path,
            wire.PING: self._ping,
            wire.COMMAND: self._run_command,
            wire.UPGRADE: self._upgrade,
            terminals.START: self._terminals.start,
            terminals.CLOSE: self._terminals.end,
            projects.PREPARE: self._projects.prepare,
            projects.FOLDERS: self._listing.folders,
            projects.FILES: self._listing.files,
            projects.WORKTREE: self._removal.examine,
            projects.REMOVE_WORKTREE: self._removal.remove,
            **TrustAnswers(settings.home).questions(),
            **self._personal.questions(),
            **SkillAnswers(settings).questions(),
            **ChangeAnswers(self._changes, self.runner.works_near).questions(lambda: self._gateway),
            "device:sync_capabilities": self._sync_capabilities,
        }
        self.runner.recover()

    async def serve(self, channel: Channel, registered: Callable[[wire.RegisterAck], None] = lambda _ack: None) -> None:
        """Register over a new connection and work until it ends; raises Refused, NotSent or Unanswered."""
        self._changes.start()
        self._online.clear()
        ack = await self._register(channel)
        registered(ack)
        if ack.wegentJupyter is not None:
            self._gateway = ack.wegentJupyter.gateway_id
            self.runner.judge(self._gateway, ack.wegentJupyter.attempts)
            if self._settings.embedded is not None:
                self.runner.abandon_others(self._gateway)
        self._channel = channel
        self._terminals.connected(channel, self._gateway)
        self._attachments.connected(channel, self._gateway)
        sender = self._sender.run(self._gateway, channel, together=ack.wegentJupyter is not None)
        background = [asyncio.create_task(sender)]
        if ack.wegentJupyter is not None:
            background.append(asyncio.create_task(self._look_for_agents(channel)))
            background.append(asyncio.create_task(self._report_terminals(channel)))
        try:
            await self._heartbeats(channel)
        finally:
            self._channel = None
            self._terminals.disconnected()
            self._attachments.disconnected()
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)

    @property
    def idle(self) -> bool:
        """Say whether nothing runs, nothing is being cloned, no terminal is open and nobody is logging in."""
        return not (self._personal.busy or self._terminals.open or self._projects.busy) and self.runner.idle

    @property
    def working(self) -> bool:
        """Say whether something runs that goes on when nobody asks: a turn, a clone, a program in a terminal."""
        return not self.runner.idle or self._terminals.busy or self._projects.busy

    async def alive(self, channel: Channel, seconds: float) -> bool:
        """Say whether the gateway answers within so many seconds."""
        try:
            await channel.call(wire.HEARTBEAT, self._heartbeat(), seconds)
        except (Unanswered, NotSent):
            return False
        return True

    async def close(self) -> None:
        """End what runs, tell the gateway while it is there, and close the home."""
        await self._terminals.close()
        await self._personal.close()
        await self._projects.close()
        await self.runner.close()
        await self._changes.close()
        if self._channel is not None:
            with contextlib.suppress(TimeoutError):  # else with the next start
                async with asyncio.timeout(TELL_SECONDS):
                    await self._sender.delivered(self._gateway)
                    await self._say_goodbye(self._channel)
        self._journal.close()

    async def _say_goodbye(self, channel: Channel | None) -> None:
        """Tell a gateway of ours that it need not wait for us."""
        if channel is not None and self._gateway:
            with contextlib.suppress(NotSent, Unanswered):
                await channel.call(wire.GOODBYE, {}, GOODBYE_SECONDS)

    async def handle(self, channel: Channel, event: str, data: Any) -> Any:
        """Answer one message of the gateway; the result is its ack."""
        if event in self._questions:
            return await self._answer(event, data)
        handler = self._handlers.get(event)
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

    async def _answer(self, event: str, data: Any) -> dict[str, Any]:
        try:
            return await self._questions[event](data if isinstance(data, dict) else {})
        except ValidationError as error:
            return _not_done(f"Malformed {event}: {error}", "malformed")

    async def _register(self, channel: Channel) -> wire.RegisterAck:
        settings = self._settings
        extension = wire.DeviceExtension(
            version=wire.EXTENSION_VERSION,
            boot_id=self._boot_id,
            agents=self._catalogue.report(),
            workspace_root=str(settings.workspace_root),
            machine=self._machine,
            attempts=self._reports(),
        )
        hello = wire.Register.model_validate(
            {
                "device_id": settings.device_id,
                "name": settings.device_name,
                "device_type": settings.device_type,
                "bind_shell": settings.bind_shell,
                "executor_version": settings.version,
                "client_ip": settings.client_ip,
                "runtime_transfer_host": settings.client_ip,
                "capabilities": settings.capabilities or None,
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

    async def _report_terminals(self, channel: Channel) -> None:
        """Tell what terminals there are, once we count as online: who hears that one is over may open another."""
        await self._online.wait()
        await self._terminals.report(channel)

    def wake(self) -> None:
        """Look again whether the connection lives, and beat if so."""
        self._beat.set()

    async def _heartbeats(self, channel: Channel) -> None:
        """Beat at once, at each change and every 30 s, until the connection ends or two in a row fail."""
        failures, timing = 0, self._settings.timing
        while not channel.closed and failures < 2:
            self._beat.clear()
            try:
                answer = await channel.call(wire.HEARTBEAT, self._heartbeat(), timing.heartbeat_call)
                failures = 0 if isinstance(answer, dict) and answer.get("success") else failures + 1
                if not failures:
                    self._online.set()
            except Unanswered:
                failures += 1
                continue  # at once: where nothing passes any more, nobody hears an end
            except NotSent:
                return
            try:
                async with asyncio.timeout(timing.heartbeat):
                    await self._beat.wait()
            except TimeoutError:
                continue

    def _heartbeat(self) -> dict[str, Any]:
        beat = wire.Heartbeat(
            device_id=self._settings.device_id,
            running_task_ids=self.runner.task_ids,
            executor_version=self._settings.version,
            runtime_auth_files=self._personal.auth_files(),
        )
        return beat.model_dump()

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
        acks = data.get("acks") if isinstance(data, dict) else None
        for attempt_id, seq in (acks if isinstance(acks, dict) else {}).items():
            self._sender.acknowledged((self._gateway, int(attempt_id)), int(seq))

    def _shutdown(self, _data: Any) -> dict[str, Any]:
        if not self.idle:
            return {"success": False, "error": "Turns or clones are running, or terminals are open"}
        self.runner.closing = True
        asyncio.get_running_loop().call_soon(self._stop)
        return {"success": True}

    def _close_session(self, data: Any) -> dict[str, Any]:
        """End all that runs for a task, as Wegent's backend asks when a task is deleted."""
        self.runner.end_task(self._gateway, data.get("task_id") if isinstance(data, dict) else None)
        return {"success": True}

    # Questions, answered while everything else goes on.

    async def _ping(self, _data: dict[str, Any]) -> dict[str, Any]:
        return {"success": True}

    async def _run_command(self, data: dict[str, Any]) -> dict[str, Any]:
        if self._commands is None:
            from wegent_jupyter.executor.commands import Commands  # an idle device has no need of it

            self._commands = Commands(self._settings, self._records, self._removal, self._personal)
        return await self._commands.run(data)

    async def _upgrade(self, _data: dict[str, Any]) -> dict[str, Any]:
        """Say that upgrades are pip's: it knows the environment in which we are installed."""
        message = f"Upgrade it on the device: {sys.executable} -m pip install --upgrade wegent-jupyter"
        version = self._settings.version
        status = {
            "device_id": self._settings.device_id,
            "status": "skipped",
            "message": message,
            "old_version": version,
        }
        if self._channel is not None:
            with contextlib.suppress(NotSent):
                await self._channel.emit(wire.UPGRADE_STATUS, status)
        return {"success": False, "status": "skipped", "error": message, "old_version": version}

    async def _sync_capabilities(self, _data: dict[str, Any]) -> dict[str, Any]:
        """Say that there is nothing to bring up to date: a backend of Wegent's waits for an answer."""
        return {"success": True, "skills": [], "plugins": [], "mcps": []}

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

    async def _look_again(self) -> None:
        """Look which agents can run, whether or not there is a gateway to be told."""
        if self._channel is not None:
            await self._look_for_agents(self._channel)
        else:
            await self._catalogue.refresh()

    async def _look_for_agents(self, channel: Channel) -> None:
        """Look which agents can run, which takes a second, and tell the gateway if that is news."""
        if await self._catalogue.refresh():
            report = wire.AgentsReport(agents=self._catalogue.report())
            with contextlib.suppress(NotSent):  # the next connection's registration tells it
                await channel.emit(wire.AGENTS, report.model_dump())


def _not_done(message: str, code: str, fix: str | None = None) -> dict[str, Any]:
    return wire.Done(success=False, message=message, code=code, fix=fix).model_dump(exclude_none=True)
