"""Tasks and turns: make, show, find, stop. Dispatch is in `dispatch.py`."""

from collections.abc import Callable, Sequence
from weakref import WeakValueDictionary

from wegent_jupyter.gateway import history
from wegent_jupyter.gateway.attachments import Attachments
from wegent_jupyter.gateway.devices import DeviceEntry, Devices, now
from wegent_jupyter.gateway.errors import Conflict, Forbidden, NotFound, Refused, TooLarge, Unavailable
from wegent_jupyter.gateway.ledger import Changes, Ledger, OpenTurn, TaskEntry
from wegent_jupyter.gateway.places import Place, places_of
from wegent_jupyter.gateway.placing import Placing, still_there
from wegent_jupyter.gateway.projects import Projects
from wegent_jupyter.gateway.providers import Providers
from wegent_jupyter.gateway.scheduler import Scheduler
from wegent_jupyter.gateway.store import records
from wegent_jupyter.gateway.store.store import Store, StoreFailed
from wegent_jupyter.protocol.api import (
    MAX_PROMPT_BYTES,
    PRACTICE_MODEL,
    Agent,
    Attachment,
    CreateTask,
    CreateTurn,
    QueueReason,
    Task,
    TaskDetail,
    Turn,
)
from wegent_jupyter.protocol.context import ContextItem, GivenItem
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.states import TurnState, turn_change

TITLE_CHARS = 80
CONTINUE = "Continue where you were interrupted."


class Tasks:
    """Every task of every owner; those with an unfinished turn are also in memory."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        devices: Devices,
        scheduler: Scheduler,
        ids: IdSource,
        projects: Projects,
        attachments: Attachments,
        providers: Providers,
        *,
        allow_full_access: bool,
        changed: Callable[[TaskEntry], None],
    ) -> None:
        """Call `changed` after every change that a list of tasks would show."""
        self._store, self._ledger, self._devices, self._scheduler = store, ledger, devices, scheduler
        self._ids, self._projects, self._attachments, self._providers = ids, projects, attachments, providers
        self.placing = Placing(devices, projects)
        self._allow_full_access = allow_full_access
        self._changed = changed
        self._known: WeakValueDictionary[int, TaskEntry] = WeakValueDictionary()
        self.open: dict[int, OpenTurn] = {}

    def restore(self, owner: str, data: dict[str, object], turn: Turn) -> OpenTurn:
        """Put back an unfinished turn at the gateway's start."""
        entry = self._known.get(turn.task_id) or self._remember(owner, data)
        open_turn = self._open(entry, turn)
        if entry.task.paused:
            self._scheduler.pause(entry.task.id)
        self._follow(entry, turn)  # the task may have been stored before its turn was known to be
        return open_turn

    def reopen(self, entry: TaskEntry, turn: Turn) -> OpenTurn:
        """Put back a turn whose end is taken back."""
        open_turn = self._open(entry, turn)
        self.touch(entry, turn)
        return open_turn

    async def create(self, owner: str, request: CreateTask) -> OpenTurn:
        """Store a new conversation with its first turn, queued; raises Refused."""
        device, folder = self.placing.first_device_and_path(owner, request)
        agent = self._check(device, request.prompt, request.agent, request.mode, request.model)
        place = Place.at(await self.placing.check_workspace(device, folder), request.workspace.worktree)
        attachments = await self._attachments.unsent(owner, request.attachments)
        still_there(device)
        time = now()
        task_id, turn_id = self._ids.mint(), self._ids.mint()
        common = {
            "agent": agent.id,
            "practice": _practice(agent, request.model),
            "mode": request.mode,
            "model": request.model,
            "device_id": device.kept.device_id,
            "state": TurnState.QUEUED,
            "created_at": time,
        }
        title = request.title or title_of(request.prompt)
        task = Task.model_validate(
            {**common, "id": task_id, "title": title, "project_id": request.project_id, "updated_at": time}
        )
        place.show(task)
        own = {"id": turn_id, "task_id": task_id, "number": 1, "prompt": request.prompt, "attachments": attachments}
        turn = Turn.model_validate({**common, **own, "context": _plain(request)})
        entry = TaskEntry(owner, task, {task.device_id: place})
        self._known[task_id] = entry
        return await self._add(entry, turn)

    async def create_turn(
        self,
        owner: str,
        task_id: int,
        request: CreateTurn,
        position: int | None = None,
        carried: Sequence[Attachment] = (),
    ) -> OpenTurn:
        """Store the next message of a conversation, queued, on the device that it names; raises Refused.

        `carried`: what went with an earlier message that is said again.
        """
        entry = await self.entry(owner, task_id)
        task = entry.task
        device = self.placing.next_device(entry, request)
        mode = request.mode or task.mode
        model = _next_model(task, request)
        agent = self._check(device, request.prompt, request.agent or task.agent, mode, model)
        stays = device.kept.device_id == task.device_id
        place = await self.placing.place_for(entry, device, None if stays else request.workspace)
        attachments = [*carried, *await self._attachments.unsent(owner, request.attachments)]
        still_there(device)
        before, number = (task.mode, task.model), task.turns + 1
        task.model = model
        undo = self._go_to(entry, device, place, agent)
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
            attachments=attachments,
            context=_plain(request),
            state=TurnState.QUEUED,
            position=position,
            created_at=task.updated_at,
        )
        try:
            return await self._add(entry, turn)
        except Unavailable:
            if task.turns == number:  # else a later message has been given the next number
                (task.mode, task.model), task.turns = before, number - 1
                undo()
            raise

    async def continue_task(self, owner: str, task_id: int) -> OpenTurn:
        """Store a message that takes up what failed or was stopped, queued; raises Refused.

        What waited behind a failure goes on after it.
        """
        entry = await self.entry(owner, task_id)
        await self._store.write(settle)  # what ended a moment ago is stored before it is read
        turns = (await self.detail(owner, task_id)).turn_list
        failed = [turn for turn in turns if turn.state is TurnState.FAILED] if entry.task.paused else turns[-1:]
        last = max(failed, key=lambda turn: turn.ended_at or "", default=None)
        stopped = last is not None and last.state in (TurnState.FAILED, TurnState.CANCELLED)
        if last is None or not stopped or (entry.open and not entry.task.paused):
            raise Conflict("There is nothing to continue: the newest message did not fail.", code="nothing_to_continue")
        # Without a session, or before it began, the agent knows nothing of it.
        known = entry.session(last.device_id, last.agent) is not None
        known = known and await self._store.read(lambda connection: history.worked(connection, last))
        there = last.device_id if self._devices.by_key((owner, last.device_id)) else None
        project = self._projects.known(owner, entry.task.project_id)
        if project is not None and project.device_id != last.device_id:
            there, known = None, False  # the project was moved, and the task goes with it
        request = CreateTurn(
            prompt=CONTINUE if known else last.prompt,
            device_id=there,
            agent=last.agent if there else None,
            model=(last.model or "") if there else None,  # a later message may have named one of another kind
            context=[] if known else [GivenItem(**one.model_dump()) for one in last.context],
        )
        first = last.position or last.id  # the place of what it takes up, which is before what waits
        carried = [] if known else last.attachments
        if not entry.task.paused:
            return await self.create_turn(owner, task_id, request, carried=carried)
        entry.task.paused = False  # stored with the turn; what waits is let go when that is done
        try:
            open_turn = await self.create_turn(owner, task_id, request, first, carried)
        except Refused:
            entry.task.paused = self._waits(entry)
            raise
        finally:
            if not entry.task.paused:
                self.unpause(entry)
        return open_turn

    @staticmethod
    def _go_to(entry: TaskEntry, device: DeviceEntry, place: Place, agent: Agent | None) -> Callable[[], None]:
        """Let a task have a place on a device and, with `agent`, go on there; returns what takes that back."""
        task, id_ = entry.task, device.kept.device_id
        before, had = (task.device_id, task.agent, task.practice), entry.places.get(id_)

        def undo() -> None:
            task.device_id, task.agent, task.practice = before
            if had is None:
                entry.places.pop(id_, None)
            else:
                entry.places[id_] = had
            entry.place(task.device_id).show(task)

        entry.places[id_] = place
        if agent is not None:
            task.device_id, task.agent, task.practice = id_, agent.id, _practice(agent, task.model)
        entry.place(task.device_id).show(task)
        return undo

    def move(self, open_turn: OpenTurn, device: DeviceEntry, place: Place, agent: Agent) -> Callable[[], None]:
        """Bring a waiting turn, and its task if it is its newest, to a device; returns what takes that back."""
        entry, turn = open_turn.entry, open_turn.turn
        before = turn.device_id, turn.agent, turn.practice
        undo_task = self._go_to(entry, device, place, agent if turn.id == max(entry.open) else None)
        turn.device_id, turn.agent = device.kept.device_id, agent.id
        turn.practice = _practice(agent, turn.model)

        def undo() -> None:
            turn.device_id, turn.agent, turn.practice = before
            undo_task()

        return undo

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
        waiting = self._next_waiting(entry)
        shown = {
            "queue_position": waiting[0] if waiting else None,
            "queue_reason": self.queue_reason(waiting[1]) if waiting else None,
            "waiting": sum(open_turn.waiting for open_turn in entry.open.values()),
        }
        return entry.task.model_copy(update=shown)

    def _next_waiting(self, entry: TaskEntry) -> tuple[int, OpenTurn] | None:
        """Return the turn of a task that starts next, and its place in its queue."""
        found: tuple[int, OpenTurn] | None = None
        for open_turn in entry.open.values():
            place = self._scheduler.position(open_turn.key, open_turn.turn.id)
            if place is not None and (found is None or place < found[0]):
                found = place, open_turn
        return found

    def queue_reason(self, open_turn: OpenTurn) -> QueueReason | None:
        """Return why a waiting turn waits."""
        entry, key = open_turn.entry, open_turn.key
        if entry.task.paused:
            return "paused"
        device = self._devices.by_key(key)
        if device is None or not device.online:
            return "offline"
        if self._scheduler.behind_another(key, open_turn.turn.id, entry.task.id):
            return "earlier_message"
        running = self._scheduler.running(key)
        if len(running) < device.slots:
            return None  # it starts in this very moment
        return "waiting_for_you" if any(self.open[turn_id].waiting for turn_id in running) else "slots"

    def pause(self, entry: TaskEntry) -> None:
        """Let what waits of a task wait for a person."""
        entry.task.paused = True
        self._scheduler.pause(entry.task.id)

    def unpause(self, entry: TaskEntry) -> None:
        """Let what waits of a task go on."""
        entry.task.paused = False
        self._scheduler.unpause(entry.task.id)

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
            self._pause_or_not(open_turn.entry, state)
        self.touch(open_turn.entry, turn)
        changes.task(open_turn.entry)
        changes.turn(turn)

    def _pause_or_not(self, entry: TaskEntry, state: TurnState) -> None:
        """After a failure what waits of the task waits for a person; where nothing waits there is nothing to pause."""
        waits = self._waits(entry)
        if waits and state is TurnState.FAILED:
            self.pause(entry)
        elif not waits and entry.task.paused:
            self.unpause(entry)

    @staticmethod
    def _waits(entry: TaskEntry) -> bool:
        return any(one.turn.state is TurnState.QUEUED for one in entry.open.values())

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
        task = Task.model_validate(data)
        entry = TaskEntry(owner, task, places_of(data, task))
        ran_on = data.get("ran_on", task.device_id)
        entry.ran_on = ran_on if isinstance(ran_on, str) else None
        entry.ran_at = str(data.get("ran_at") or "")
        self._known[task.id] = entry
        return entry

    def _open(self, entry: TaskEntry, turn: Turn) -> OpenTurn:
        open_turn = OpenTurn(entry, turn)
        entry.open[turn.id] = open_turn
        self.open[turn.id] = open_turn
        return open_turn

    def _close(self, open_turn: OpenTurn) -> None:
        open_turn.entry.open.pop(open_turn.turn.id, None)
        self.open.pop(open_turn.turn.id, None)

    def check_agent(self, device: DeviceEntry, turn: Turn) -> Agent:
        """Return the agent with which a turn can run on a device; raises Refused."""
        return self._check(device, turn.prompt, turn.agent, turn.mode, turn.model)

    def _check(self, device: DeviceEntry, prompt: str, agent_id: str, mode: str, model: str | None) -> Agent:
        check_size(prompt)
        if mode == "full" and not self._allow_full_access:
            raise Forbidden("Full access is switched off by the operator of this server.", code="full_access_forbidden")
        agent = next((one for one in device.agents if one.id == agent_id), None)
        if agent is None:
            there = ", ".join(one.id for one in device.agents) or "none"
            raise Refused(f"{device.name} has no agent '{agent_id}'. It has: {there}.", code="agent_unknown")
        if not agent.ready:
            raise Refused(f"{agent.name} cannot run: {agent.reason}", code="agent_missing", fix=agent.fix)
        if model is not None:
            self._providers.check(device.owner, agent, model)
        return agent


def _practice(agent: Agent, model: str | None) -> bool:
    """Say whether no AI answers."""
    return agent.practice or model == PRACTICE_MODEL


def _next_model(task: Task, request: CreateTurn) -> str | None:
    """Return the model that a message names, by default the one before; raises Refused."""
    model = task.model if request.model is None else request.model or None
    if PRACTICE_MODEL in (model, task.model) and model != task.model:
        raise Refused(
            "A practice run stays one, and no other becomes one.", code="practice_stays", fix="Start a new task."
        )
    return model


def settle(_connection: object) -> None:
    """Do nothing, after all that was to be written before."""


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


def _plain(request: CreateTask | CreateTurn) -> list[ContextItem]:
    """Return what came with a message as it is kept."""
    return [ContextItem(**one.model_dump()) for one in request.context]
