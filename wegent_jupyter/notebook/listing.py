"""What `%wegent` lists: as a table, and as text."""

from collections.abc import Sequence
from typing import Any, Final

from wegent_jupyter.notebook import sending
from wegent_jupyter.notebook.errors import BadCall
from wegent_jupyter.notebook.session import session
from wegent_jupyter.notebook.widgets.looks import (
    Cell,
    Code,
    Faint,
    Known,
    Line,
    Mark,
    Part,
    Strong,
    Table,
    Title,
    Word,
    page,
    plain,
)
from wegent_jupyter.notebook.widgets.words import REASONS, STATES, ago, presence, usable
from wegent_jupyter.protocol import api

MOST: Final = 20
RUNS: Final = [
    ("--device NAME", "where; by default what %wegent use chose, else the starred device, else this computer"),
    ("--agent NAME", "claude, codex, practice, …; by default the only one that is ready there"),
    ("--mode MODE", "ask (by default), edits, plan or full: what it may do without asking you"),
    ("--model NAME", "of the agent, or PROVIDER/MODEL"),
    ("--cwd PATH", "the directory in which it works; by default this notebook's, on another machine a new one"),
    ("--with a,b", "send variables with the prompt; the card lists what was sent"),
    ("--as t", "keep the task in the variable t: t.text, t.wait(), t.reply(…), t.stop()"),
    ("--task T", "go on with a task, by number or variable"),
    ("--wait", "wait for the end; Interrupt kernel then stops it"),
    ("--project NAME", "in a project"),
    ("--worktree", "in a Git worktree of the task's own"),
]
LISTS: Final = [
    ("%wegent devices", "your devices, and what runs there"),
    ("%wegent use NAME", "run on a device from now on; %wegent use --none goes back to the default"),
    ("%wegent tasks", "the newest tasks"),
    ("%wegent approvals", "what waits for you"),
]


class Listing:
    """Something to read, in any front end."""

    def __init__(self, parts: list[Part]) -> None:
        """Keep what it says."""
        self._parts = parts

    def __repr__(self) -> str:
        """Return it as text."""
        return plain(self._parts).strip("\n")

    def _repr_html_(self) -> str:
        return page(self._parts)


def help_() -> Listing:
    """Return what there is."""
    return Listing(
        [
            Title("Run an agent"),
            Line(["A cell that begins with", Code("%%wegent"), "and has the prompt below it. Options:"]),
            Known(RUNS),
            Title("See what there is"),
            Known(LISTS),
            Line(
                ["In Python:", Code("from wegent_jupyter import notebook as wg"), "then", Code('wg.run("…")')], "hint"
            ),
        ]
    )


def devices(words: list[str]) -> Listing:
    """Return the devices; raises WegentError."""
    _no_more("devices", words)
    here = session()
    found, used = here.call(here.client.devices()), sending.default_device()
    if not found:
        return Listing([Line(["No devices yet. Add one in the Wegent sidebar:", Strong("Devices, +")])])
    alike = len({one.name for one in found}) < len(found)
    head = ("Name", "Status", "Slots", "Queued", "Agents", *(["Id"] if alike else []))
    rows: list[Sequence[Cell]] = [
        (
            [Strong(one.name), *([Mark("default", "good", "★")] if one.is_default else []), *_used(one, used)],
            presence(one),
            f"{one.slot_used}/{one.slot_max}",
            str(one.queued or ""),
            _agents(one),
            *([Faint(one.device_id)] if alike else []),
        )
        for one in found
    ]
    return Listing([Table(head, rows)])


def use(words: list[str]) -> Listing:
    """Choose the device for what is run from now on; raises WegentError."""
    if words == ["--none"]:
        sending.use(None)
        return Listing([Line("From now on tasks run on the starred device, else on this computer.")])
    if not words:
        raise BadCall("%wegent use needs the name of a device.", "%wegent devices lists them.")
    found = sending.use(" ".join(words))
    name = found.name if found is not None else words[0]
    return Listing([Line(["From now on tasks run on", Strong(name), "if nothing else is said."])])


def tasks(words: list[str]) -> Listing:
    """Return the newest tasks; raises WegentError."""
    _no_more("tasks", words)
    here = session()
    found = here.call(here.client.tasks(MOST))
    if not found:
        return Listing([Line(["No tasks yet. Run one with", Code("%%wegent"), "and a prompt below it."])])
    names = {one.device_id: one.name for one in here.call(here.client.devices())}
    rows = [
        (
            str(one.id),
            _state(one),
            Strong(one.title),
            _agent(one),
            names.get(one.device_id, one.device_id),
            ago(one.updated_at),
        )
        for one in found
    ]
    head = ("Task", "State", "Title", "Agent", "Device", "Last")
    hint = Line(
        [Code(f"%%wegent --task {found[0].id}"), "goes on with one,", Code(f"wg.task({found[0].id})"), "gets it."]
    )
    return Listing([Table(head, rows), hint])


def approvals(words: list[str]) -> Listing:
    """Return what waits for a person; raises WegentError."""
    _no_more("approvals", words)
    here = session()
    found = here.call(here.client.approvals())
    if not found:
        return Listing([Line("Nothing waits for you.")])
    rows = [(str(one.task_id), Strong(one.title), one.task_title, _agent(one), ago(one.created_at)) for one in found]
    first = found[0].task_id
    hint = Line(["Answer on the card, or with", Code(f"wg.task({first}).approve()"), "or", Code(".deny()")])
    return Listing([Table(("Task", "Wants", "Title", "Agent", "Since"), rows[:MOST], max(0, len(rows) - MOST)), hint])


def _used(device: api.Device, used: str | None) -> list[Mark]:
    return [Mark("in use here", "busy", "▸")] if used == device.device_id else []


def _agents(device: api.Device) -> list[Word]:
    ready = [one.name for one in device.agents if usable(one)]
    others = [one.name for one in device.agents if not usable(one)]
    return [*([", ".join(ready)] if ready else []), *([Faint(f"not ready: {', '.join(others)}")] if others else [])]


def _state(task: api.Task) -> Mark:
    if task.queue_position is not None:
        why = f": {REASONS[task.queue_reason]}" if task.queue_reason is not None else ""
        return Mark(f"Queued, number {task.queue_position}{why}", "none", "◷")
    if task.waiting:
        return Mark("Waiting for you", "warn")
    tones: dict[str, Any] = {"completed": ("good", "✓"), "failed": ("bad", "✕"), "cancelled": ("none", "■")}
    return Mark(STATES[task.state], *tones.get(task.state.value, ("busy", "●")))


def _agent(one: api.Task | api.Approval) -> str:
    return "practice (scripted, not AI)" if one.practice else one.agent


def _no_more(command: str, words: list[str]) -> None:
    if words:
        raise BadCall(f"%wegent {command} takes nothing behind it.")
