"""Tasks and turns: make, show, find, stop. Dispatch is in `dispatch.py`."""

from collections.abc import Callable
from weakref import WeakValueDictionary

from wegent_jupyter.gateway.devices import DeviceEntry, Devices, now
from wegent_jupyter.gateway.errors import Conflict, Forbidden, NotFound, Refused, TooLarge, Unavailable
from wegent_jupyter.gateway.ledger import Changes, Ledger, OpenTurn, TaskEntry
from wegent_jupyter.gateway.scheduler import Scheduler
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import (
    MAX_PROMPT_BYTES,
    Agent,
    CreateTask,
    CreateTurn,
    QueueReason,
    Task,
    TaskDetail,
    Turn,
)
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.states import TurnState, turn_change

TITLE_CHARS = 80
CONTINUE = "Continue where you were interrupted."
WORKSPACE_SECONDS = 10.0


class Tasks:
    """Every task of every owner; those with an unfinished turn are also in memory."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        devices: Devices,
        scheduler: Scheduler,
        ids: IdSource,
        *,
        allow_full_access: bool,
        changed: Callable[[TaskEntry], None],
    ) -> None:
        """Call `changed` after every change that a list of tasks would show."""
        self._store, self._ledger, self._devices, self._scheduler = store, ledger, devices, scheduler
        self._ids = ids
        self._allow_full_access = allow_full_access
        self._changed = changed
        self._known: WeakValueDictionary[int, TaskEntry] = WeakValueDictionary()
        self.open: dict[int, OpenTurn] = {}

    def restore(self, owner: str, data: dict[str, object], turn: Turn) -> OpenTurn:
        """Put back an unfinished turn at the gateway's start."""
        entry = self._known.get(turn.task_id) or self._remember(owner, data)
        open_turn = self._open(entry, turn)
        self._follow(entry, turn)  # the task may have been stored before its turn was known to be
        return open_turn

    def reopen(self, entry: TaskEntry, turn: Turn) -> OpenTurn:
        """Put back a turn whose end is taken back."""
        open_turn = self._open(entry, turn)
        self.touch(entry, turn)
        return open_turn

    async def create(self, owner: str, request: CreateTask) -> OpenTurn:
        """Store a new conversation with its first turn, queued; raises Refused."""
        device = self._target(owner, request.device_id)
        agent = self._check(device, request.prompt, request.agent, request.mode, request.model)
        workspace = await self._check_workspace(device, request.workspace.path)
        time = now()
        task_id, turn_id = self._ids.mint(), self._ids.mint()
        common = {
            "agent": agent.id,
            "practice": agent.practice or request.model is not None,
            "mode": request.mode,
            "model": request.model,
            "device_id": device.kept.device_id,
            "state": TurnState.QUEUED,
            "created_at": time,
        }
        title = request.title or title_of(request.prompt)
        task = Task.model_validate(
            {**common, "id": task_id, "title": title, "workspace": workspace, "updated_at": time}
        )
        turn = Turn.model_validate({**common, "id": turn_id, "task_id": task_id, "number": 1, "prompt": request.prompt})
        entry = TaskEntry(owner, task)
        self._known[task_id] = entry
        return await self._add(entry, turn)

    async def create_turn(self, owner: str, task_id: int, request: CreateTurn) -> OpenTurn:
        """Store the next message of a conversation, queued; raises Refused."""
        entry = await self.entry(owner, task_id)
        task = entry.task
        device = self._devices.get(owner, task.device_id)
        mode = request.mode or task.mode
        agent = self._check(device, request.prompt, task.agent, mode, task.model)
        before, number = task.mode, task.turns + 1
        task.mode, task.turns, task.updated_at = mode, number, now()
        turn = Turn(
            id=self._ids.mint(),
            task_id=task.id,
            number=number,
            prompt=request.prompt,
            agent=agent.id,
            practice=task.practice,
            mode=mode,
            model=task.model,
            device_id=task.device_id,
            state=TurnState.QUEUED,
            created_at=task.updated_at,
        )
        try:
            return await self._add(entry, turn)
        except Unavailable:
            if task.turns == number:  # else a later message has been given the next number
                task.mode, task.turns = before, number - 1
            raise

    async def continue_task(self, owner: str, task_id: int) -> OpenTurn:
        """Store a message that takes up what failed or was stopped, queued; raises Refused."""
        entry = await self.entry(owner, task_id)
        last = (await self.detail(owner, task_id)).turn_list[-1]
        if entry.open or last.state not in (TurnState.FAILED, TurnState.CANCELLED):
            raise Conflict("There is nothing to continue: the newest message did not fail.", code="nothing_to_continue")
        # Without a session the agent knows nothing of it.
        known = entry.sessions.get(last.device_id) is not None
        return await self.create_turn(owner, task_id, CreateTurn(prompt=CONTINUE if known else last.prompt))

    async def _add(self, entry: TaskEntry, turn: Turn) -> OpenTurn:
        open_turn = self._open(entry, turn)
        changes = Changes()
        changes.task(entry)
        changes.turn(turn)
        try:
            await self._ledger.save(changes)
        except StoreFailed as error:
            self._close(open_turn)
            raise Unavailable(f"Nothing was stored: {error}", code="store_failed", fix="Free disk space.") from error
        self.touch(entry, turn)
        return open_turn

    async def entry(self, owner: str, task_id: int) -> TaskEntry:
        """Return a task of an owner; raises NotFound."""
        found = self._known.get(task_id)
        if found is None:
            row = await self._store.read(lambda connection: records.load_task(connection, task_id))
            if row is None:
                raise NotFound("Task", task_id)
            # Somebody else may have loaded it during the read: there is one entry of a task, always.
            found = self._known.get(task_id) or self._remember(row[0], row[1])
        if found.owner != owner:
            raise NotFound("Task", task_id)
        return found

    async def detail(self, owner: str, task_id: int) -> TaskDetail:
        """Return a task with its turns."""
        entry = await self.entry(owner, task_id)
        turns = await self._store.read(lambda connection: records.turns_of(connection, task_id))
        row = await self._store.read(lambda connection: records.load_task(connection, task_id))
        current = [entry.open[turn.id].turn if turn.id in entry.open else turn for turn in turns]
        return TaskDetail(**self.show(entry).model_dump(), turn_list=current, last_pos=row[2] if row else 0)

    async def list(self, owner: str, limit: int, before: str | None) -> tuple[list[Task], int]:
        """Return an owner's tasks, newest activity first, and how many there are."""
        rows, total = await self._store.read(lambda c: records.list_tasks(c, owner, limit, before))
        # What is in memory is as new as the disk or newer.
        return [self._shown(Task.model_validate(row)) for row in rows], total

    def _shown(self, stored: Task) -> Task:
        entry = self._known.get(stored.id)
        return self.show(entry) if entry else stored

    def show(self, entry: TaskEntry) -> Task:
        """Return a task as lists show it, with the place of its next turn in the queue."""
        key = (entry.owner, entry.task.device_id)
        places = [self._scheduler.position(key, turn_id) for turn_id in entry.open]
        waiting = [place for place in places if place is not None]
        shown = {
            "queue_position": min(waiting, default=None),
            "queue_reason": self._queue_reason(entry) if waiting else None,
            "waiting": sum(open_turn.waiting for open_turn in entry.open.values()),
        }
        return entry.task.model_copy(update=shown)

    def _queue_reason(self, entry: TaskEntry) -> QueueReason | None:
        key = (entry.owner, entry.task.device_id)
        device = self._devices.by_key(key)
        if device is None or not device.online:
            return "offline"
        if any(open_turn.turn.state.holds_slot for open_turn in entry.open.values()):
            return "earlier_message"
        running = self._scheduler.running(key)
        if len(running) < device.slots:
            return None  # it starts in this very moment
        return "waiting_for_you" if any(self.open[turn_id].waiting for turn_id in running) else "slots"

    def show_again(self, entry: TaskEntry) -> None:
        """Tell faces that a task looks different, though nothing of it was stored."""
        self._changed(entry)

    def find_open(self, entry: TaskEntry, turn_id: int | None) -> OpenTurn:
        """Return the unfinished turn to stop: the one named, or the one that runs, or the newest."""
        if turn_id is not None:
            if turn_id not in entry.open:
                raise NotFound("Unfinished turn", turn_id)
            return entry.open[turn_id]
        if not entry.open:
            raise Conflict("Nothing of this task runs or waits.", code="nothing_to_stop")
        active = [one for one in entry.open.values() if one.turn.state.holds_slot]
        return (active or list(entry.open.values()))[-1]

    def update(self, open_turn: OpenTurn, state: TurnState, changes: Changes) -> None:
        """Bring a turn into a state, and its task with it."""
        turn = open_turn.turn
        turn.state = turn_change(turn.state, state)
        if state is TurnState.STARTING:
            turn.started_at = now()
        if state.final:
            turn.ended_at, turn.cancelling = now(), False
            self._close(open_turn)
        self.touch(open_turn.entry, turn)
        changes.task(open_turn.entry)
        changes.turn(turn)

    def touch(self, entry: TaskEntry, turn: Turn) -> None:
        """Let a task show what its current turn shows: the running one, else the waiting one, else the last."""
        self._follow(entry, turn)
        entry.task.updated_at = now()
        self._changed(entry)

    @staticmethod
    def _follow(entry: TaskEntry, turn: Turn) -> None:
        unfinished = [one.turn for one in entry.open.values()]
        current = next((one for one in unfinished if one.state.holds_slot), unfinished[0] if unfinished else turn)
        entry.task.state, entry.task.cancelling, entry.task.error = current.state, current.cancelling, current.error

    def _remember(self, owner: str, data: dict[str, object]) -> TaskEntry:
        sessions = data.get("sessions")
        entry = TaskEntry(owner, Task.model_validate(data), sessions if isinstance(sessions, dict) else {})
        self._known[entry.task.id] = entry
        return entry

    def _open(self, entry: TaskEntry, turn: Turn) -> OpenTurn:
        open_turn = OpenTurn(entry, turn)
        entry.open[turn.id] = open_turn
        self.open[turn.id] = open_turn
        return open_turn

    def _close(self, open_turn: OpenTurn) -> None:
        open_turn.entry.open.pop(open_turn.turn.id, None)
        self.open.pop(open_turn.turn.id, None)

    def _target(self, owner: str, device_id: str | None) -> DeviceEntry:
        if device_id is not None:
            return self._devices.get(owner, device_id)
        device = self._devices.default(owner)
        if device is None:
            raise Refused("There is no device to run on.", code="no_device", fix="Wait until the executor is online.")
        return device

    def _check(self, device: DeviceEntry, prompt: str, agent_id: str, mode: str, model: str | None) -> Agent:
        check_size(prompt)
        if mode == "full" and not self._allow_full_access:
            raise Forbidden("Full access is switched off by the operator of this server.", code="full_access_forbidden")
        agent = next((one for one in device.agents if one.id == agent_id), None)
        if agent is None:
            there = ", ".join(one.id for one in device.agents) or "none"
            raise Refused(f"{device.kept.name} has no agent '{agent_id}'. It has: {there}.", code="agent_unknown")
        if not agent.ready:
            raise Refused(f"{agent.name} cannot run: {agent.reason}", code="agent_missing", fix=agent.fix)
        if model is not None and model not in agent.models:
            raise Refused(f"{agent.name} cannot be run with the model '{model}'.", code="model_unknown")
        return agent

    async def _check_workspace(self, device: DeviceEntry, path: str | None) -> str | None:
        """Ask the device whether a turn can run in `path`; an absent device is asked again at dispatch."""
        if path is None or device.channel is None:
            return path
        try:
            answer = await device.channel.call(wire.CHECK_WORKSPACE, {"path": path}, WORKSPACE_SECONDS)
        except (NotSent, Unanswered):
            return path
        checked = wire.WorkspaceAnswer.model_validate(answer)
        if not checked.ok:
            raise Refused(checked.message or f"{path} cannot be used.", code="bad_workspace")
        return checked.path


def check_size(prompt: str) -> None:
    """Refuse a prompt that is too large."""
    size = len(prompt.encode())
    if size > MAX_PROMPT_BYTES:
        raise TooLarge(
            f"The prompt has {size:,} bytes; {MAX_PROMPT_BYTES:,} are allowed.",
            code="prompt_too_large",
            fix="Put the text into a file of the workspace and name the file.",
        )


def title_of(prompt: str) -> str:
    """Return the first line of a prompt that says something, cut to the length of a title."""
    # None says something if it is of characters that Python takes for blank and the validator does not.
    line = next((line.strip() for line in prompt.splitlines() if line.strip()), "…")
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rstrip() + "…"
