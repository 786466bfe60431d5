"""Run attempts: accept once, run under a driver, end with exactly one terminal event."""

import asyncio
import itertools
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.executor import hook, workspaces
from wegent_jupyter.executor.agents.base import AgentFailed, Driver, Run
from wegent_jupyter.executor.agents.catalogue import Catalogue
from wegent_jupyter.executor.approvals import Gate
from wegent_jupyter.executor.attachments import Attachments
from wegent_jupyter.executor.changes.watching import Changes
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.environment import agent_environment
from wegent_jupyter.executor.journal import Journal, Key, TaskGrants
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.executor.projects.worktrees import NotMade, Worktrees
from wegent_jupyter.executor.recorder import Recorder
from wegent_jupyter.executor.sender import Sender
from wegent_jupyter.executor.stopping import unless_stopped
from wegent_jupyter.protocol import history, wire
from wegent_jupyter.protocol.api import TurnError
from wegent_jupyter.protocol.events import Ended, Notice
from wegent_jupyter.protocol.models import ModelConfig
from wegent_jupyter.protocol.states import AttemptState

log = logging.getLogger(__name__)

REMEMBERED_CANCELS = 10_000


@dataclass(slots=True)
class _Running:
    run: Run
    task_id: int
    work: "asyncio.Task[None]"
    steered: set[int] = field(default_factory=set)


class Runner:
    """The attempts of one executor home."""

    def __init__(
        self,
        journal: Journal,
        sender: Sender,
        catalogue: Catalogue,
        records: ProcessRecords,
        settings: Settings,
        worktrees: Worktrees,
        changes: Changes,
        attachments: Attachments,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Call `changed` when the set of running attempts changes."""
        self._journal, self._sender, self._catalogue, self._records = journal, sender, catalogue, records
        self._settings, self._worktrees, self._changed = settings, worktrees, changed
        self._changes, self._attachments = changes, attachments
        self._running: dict[Key, _Running] = {}
        self._cancelled_early: OrderedDict[Key, None] = OrderedDict()
        self.closing = False

    def recover(self) -> None:
        """Take up the journal of an earlier process: end what it ran, offer what it had not delivered."""
        self._records.sweep()
        for entry in self._journal.entries():
            self._sender.add(entry.key, entry.task_id, entry.last_seq, entry.acked)
            if entry.running:
                error = TurnError(
                    code="executor_restarted",
                    message="The executor on the device was restarted in mid-turn; its processes were ended.",
                    fix="Continue takes up the agent's session where it stopped.",
                )
                self._recorder(entry.key)(Ended(AttemptState.FAILED, error=error))

    @property
    def task_ids(self) -> list[int]:
        """Return the tasks that run, for heartbeats."""
        return [one.task_id for one in self._running.values()]

    def end_task(self, gateway: str, task_id: Any) -> None:
        """End whatever runs for a task."""
        for key, one in self._running.items():
            if key[0] == gateway and one.task_id == task_id:
                one.run.stop.set()

    def works_in(self, task_id: int, folder: Path) -> bool:
        """Say whether a turn of a task runs, or any turn in a directory."""
        return any(one.task_id == task_id or one.run.workspace.is_relative_to(folder) for one in self._running.values())

    def works_near(self, folder: Path) -> bool:
        """Say whether a turn runs in a directory, in one below it or in one around it."""
        places = [one.run.workspace for one in self._running.values()]
        return any(one.is_relative_to(folder) or folder.is_relative_to(one) for one in places)

    @property
    def idle(self) -> bool:
        """Say whether nothing runs."""
        return not self._running

    def reports(self, gateway: str) -> list[wire.AttemptReport]:
        """Return what a registration says of the attempts of a gateway."""
        return [
            wire.AttemptReport(
                task_id=entry.task_id,
                attempt_id=entry.key[1],
                running=entry.running,
                last_seq=entry.last_seq,
                approvals=self._running[entry.key].run.gate.open if entry.key in self._running else [],
            )
            for entry in self._journal.entries()
            if entry.key[0] == gateway
        ]

    def execute(self, gateway: str, message: wire.Execute) -> wire.ExecuteAck:
        """Accept an attempt, once: it is written down before this returns, and runs on its own."""
        key = (gateway, message.subtask_id)
        known = self._journal.get(key)
        if known is not None:
            return wire.ExecuteAck(accepted=True)  # a duplicate: it runs, or its end is on the way
        if key in self._cancelled_early:
            return _refuse("cancelled", "It was cancelled before it arrived.")
        if message.task_id in self._worktrees.leaving:
            return _refuse("worktree_leaving", "The worktree of this task is being removed.", fix="Start a new task.")
        if self.closing:
            return _refuse("shutting_down", "The executor is shutting down.", requeue=True)
        try:
            recorder = self._recorder(key)
            driver, run = self._prepare(key, message, recorder)
            self._journal.begin(key, message.task_id)
        except AgentFailed as error:
            return _refuse(error.error.code, error.error.message, fix=error.error.fix)
        except sqlite3.OperationalError as error:
            return _refuse("device_storage", f"The device cannot write: {error}.", fix="Free disk space on the device.")
        self._sender.add(key, message.task_id, 0, 0)
        work = asyncio.create_task(self._work(key, message, driver, run, recorder))
        self._running[key] = _Running(run, message.task_id, work)
        self._changed()
        return wire.ExecuteAck(accepted=True)

    def cancel(self, gateway: str, message: wire.Cancel) -> bool:
        """End an attempt; says whether it is known. An unknown one is refused if it arrives later."""
        key = (gateway, message.subtask_id)
        running = self._running.get(key)
        if running is not None:
            running.run.stop.set()
            return True
        if self._journal.get(key) is None:
            self._cancelled_early[key] = None
            if len(self._cancelled_early) > REMEMBERED_CANCELS:
                self._cancelled_early.popitem(last=False)
        return False

    def decide(self, gateway: str, message: wire.Decide) -> bool:
        """Hand a person's answer to the agent that asked; says whether it still runs and did ask."""
        running = self._running.get((gateway, message.subtask_id))
        return running is not None and running.run.gate.decide(message.approval_id, message.decision)

    def steer(self, gateway: str, message: wire.Steer) -> wire.Done:
        """Hand a message to an agent at work, once."""
        running = self._running.get((gateway, message.subtask_id))
        if running is None:
            return wire.Done(success=False, code="not_running", message="This turn does not run any more.")
        if message.steer_id in running.steered:
            return wire.Done(success=True)
        if not running.run.steerable or running.run.stop.is_set():
            return wire.Done(
                success=False,
                code="not_steerable",
                message="The agent takes no messages at this moment.",
                fix="Queue the message: it is answered next.",
            )
        running.steered.add(message.steer_id)
        running.run.steering.put_nowait(message.text)
        return wire.Done(success=True)

    def judge(self, gateway: str, verdicts: list[wire.AttemptVerdict]) -> None:
        """Carry out what the gateway makes of the attempts that it was told of."""
        for verdict in verdicts:
            key = (gateway, verdict.attempt_id)
            if verdict.verdict == "forget" and key not in self._running:
                self._sender.forget(key)
                continue
            self._sender.acknowledged(key, verdict.acked)
            if key not in self._running:
                continue
            if verdict.verdict == "cancel":
                self._running[key].run.stop.set()
            for approval_id, decision in verdict.decisions.items():
                self._running[key].run.gate.decide(approval_id, decision)

    def abandon_others(self, gateway: str) -> None:
        """End and forget what came from another gateway: for a home that has one, whose database was lost."""
        for entry in self._journal.entries():
            if entry.key[0] == gateway:
                continue
            if entry.key in self._running:
                self._running[entry.key].run.stop.set()
            else:
                self._sender.forget(entry.key)

    async def close(self) -> None:
        """End everything; each attempt's terminal event is on the disk afterwards."""
        self.closing = True
        works = [one.work for one in self._running.values()]
        for one in self._running.values():
            one.run.gate.closing = True
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)

    def _prepare(self, key: Key, message: wire.Execute, recorder: Recorder) -> tuple[Driver, Run]:
        ours = message.wegent_jupyter
        agent = ours.agent if ours else message.bot[0].shell_type.lower()
        driver = self._catalogue.driver(agent)
        try:
            workspace, chat = self._workspace(message)
        except workspaces.BadWorkspace as error:
            raise AgentFailed("bad_workspace", str(error)) from error
        mode = ours.mode if ours else "edits"
        stop, next_index = asyncio.Event(), itertools.count(1).__next__
        grants, given = TaskGrants(self._journal, key[0], message.task_id), self._attachments.of_task(message.task_id)
        run = Run(
            attempt_id=message.subtask_id,
            prompt=message.prompt,
            context=history.render(message.history),
            workspace=workspace,
            chat_folder=chat,
            mode=mode,
            model=ours.model if ours else None,
            llm=_model_config(message),
            session_id=ours.session_id if ours else None,
            environment=agent_environment(),
            records=self._records,
            home=self._settings.home,
            gate=Gate(
                message.subtask_id, mode, workspace, grants, next_index, recorder, stop, self._settings.home, given
            ),
            stop=stop,
            next_index=next_index,
        )
        return driver, run

    def _workspace(self, message: wire.Execute) -> tuple[Path, bool]:
        """Return where a turn runs and whether that is a chat folder, which is made; raises BadWorkspace."""
        if _worktree(message) is not None:
            return self._worktrees.home(message.task_id), False  # until it is made
        if message.project_workspace_path is not None:
            return workspaces.check(message.project_workspace_path), False
        if self._settings.standalone_chats:
            return workspaces.make_chat_folder(self._settings.chats, message.prompt), True
        return workspaces.make_task_folder(self._settings.workspace_root, message.task_id), False

    def _recorder(self, key: Key) -> Recorder:
        return Recorder(self._journal, key, self._sender.appended)

    async def _work(self, key: Key, message: wire.Execute, driver: Driver, run: Run, recorder: Recorder) -> None:
        end = Ended(AttemptState.FAILED, error=TurnError(code="executor_error", message="The run ended unexpectedly."))
        ran = False
        try:
            if not await unless_stopped(run.stop, self._set_up(key, message, run, recorder)):
                end = Ended(AttemptState.CANCELLED, "cancelled")
                return
            if any(other.run.workspace == run.workspace for known, other in self._running.items() if known != key):
                text = "Another task works in this folder, too: they may overwrite each other's changes."
                recorder(Notice("shared-folder", run.next_index(), text, "warning"))
            async with self._changes.watched(key, run, recorder):
                end, ran = await driver.run(run, recorder), True
        except AgentFailed as error:
            end = Ended(AttemptState.FAILED, error=error.error)
        except asyncio.CancelledError:
            stopped = TurnError(code="executor_stopped", message="The executor was stopped.", fix="Send it again.")
            end = end if ran else Ended(AttemptState.FAILED, error=stopped)
            raise
        except Exception as error:
            log.exception("Attempt %d failed in the driver", key[1])
            end = Ended(AttemptState.FAILED, error=TurnError(code="executor_error", message=f"Internal error: {error}"))
        finally:
            self._running.pop(key, None)
            recorder(end)
            self._changed()

    async def _set_up(self, key: Key, message: wire.Execute, run: Run, recorder: Recorder) -> None:
        """Make the worktree that was ordered, run the operator's script, fetch what is attached; raises AgentFailed."""
        order, script = _worktree(message), self._settings.pre_execute
        if order is not None:
            try:
                made = await self._worktrees.make(message.task_id, order.source)
            except NotMade as error:
                raise AgentFailed("worktree_failed", str(error), error.fix) from error
            run.workspace = run.gate.workspace = made.workspace
            for number, text in enumerate(made.notices):
                recorder(Notice(f"worktree-{number}", run.next_index(), text))
        if script is not None:
            failed = await hook.run(script, run.workspace, message.task_id, run.attempt_id, self._records)
            if failed is not None:
                recorder(Notice("hook", run.next_index(), failed, "warning"))
        if message.wegent_jupyter is not None:
            run.prompt += await self._attachments.fetch(key, message.task_id, message.wegent_jupyter.attachments)


def _model_config(message: wire.Execute) -> ModelConfig:
    """Return by whose account a turn is answered; raises AgentFailed, which repeats no value: some are secrets."""
    try:
        return ModelConfig.model_validate(message.llm)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        text = f"The model that the turn was given makes no sense to this device: {field}."
        raise AgentFailed("bad_model_config", text, "Choose another model, or upgrade wegent-jupyter there.") from None


def _worktree(message: wire.Execute) -> wire.WorktreeOrder | None:
    return message.wegent_jupyter.worktree if message.wegent_jupyter else None


def _refuse(code: str, message: str, *, fix: str | None = None, requeue: bool = False) -> wire.ExecuteAck:
    return wire.ExecuteAck(
        accepted=False, state=AttemptState.NOT_STARTED, requeue=requeue, code=code, message=message, fix=fix
    )
