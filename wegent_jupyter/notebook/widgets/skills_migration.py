"""Shares the skills of a device between Claude Code and Codex: shown first, then done, and undone."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from ipywidgets import HBox
from traitlets import Instance

from wegent_jupyter.client.client import Client
from wegent_jupyter.client.watch import What
from wegent_jupyter.notebook.errors import BadCall
from wegent_jupyter.notebook.session import session
from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.asked import Asked
from wegent_jupyter.notebook.widgets.controls import Question, Text, button, shown
from wegent_jupyter.notebook.widgets.device_selector import DeviceSelector
from wegent_jupyter.notebook.widgets.linked import Linked
from wegent_jupyter.notebook.widgets.looks import Cell, Code, Faint, Items, Line, Part, Strong, Table, Title, problem
from wegent_jupyter.notebook.widgets.worker import LOCK
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.skills import Move, Sharing, SharingReport, SharingResult

SHOWN = 100
"""Moves and entries; more are counted only."""
UNDO = "Skills go back to where they were. What came to the shared directory later stays there."


class SkillsMigration(Linked):
    """Previews, does and undoes sharing: by its buttons, or by `preview()`, `migrate()` and `undo()`."""

    follows: ClassVar[set[What]] = {"devices"}
    report = Instance(SharingReport, allow_none=True, read_only=True, help="What was done last; None before anything.")

    def __init__(self, device: DeviceSelector | str | api.Device | None = None, *, quiet: bool = False) -> None:
        """Follow a selector, one device by its id or name, or a selector of its own."""
        super().__init__(device, quiet=quiet)
        self._stands: Asked[SharingReport] = Asked(self)
        self._plan: Sharing | None = None
        """What is shown, and would be done."""
        self._done: SharingReport | None = None
        self._text, self._told = Text(), Text()
        self._look = button("Share again…", self._show_plan, tip="Shows first what would move where")
        self._share = button("Share", self._do_it, style="primary")
        self._leave = button("Cancel", self._drop_plan)
        self._undo = button("Undo…", self._ask_undo, tip="Put the skills back where they were")
        self._question = Question()
        buttons = HBox([self._look, self._share, self._leave, self._undo])
        self._begin(*self.own, self._text, self._told, buttons, self._question)

    def preview(self) -> Sharing:
        """Return what sharing would do, and change nothing; raises WegentError."""
        id_ = self._device_id()
        return self._now(lambda client: client.sharing(id_)).sharing

    def migrate(self) -> SharingResult | None:
        """Share the skills, and return what was done; raises WegentError."""
        id_ = self._device_id()
        return self._now(lambda client: client.share_skills(id_), done=True).result

    def undo(self) -> SharingResult | None:
        """Put the skills back where they were, and return what was done; raises WegentError."""
        id_ = self._device_id()
        return self._now(lambda client: client.unshare_skills(id_), done=True).result

    def _device_id(self) -> str:
        if self.selector.value is None:
            raise BadCall("No device is chosen.", "Set it: widget.selector.value = 'the name of a device'")
        return str(self.selector.value)

    def _now(
        self, work: Callable[[Client], Coroutine[Any, Any, SharingReport]], *, done: bool = False
    ) -> SharingReport:
        found = session()
        report = found.call(work(found.client))
        with LOCK:
            self._stands.take(report)
            if done:
                self._take(report)
        self._refresh()
        return report

    def _take(self, report: SharingReport) -> None:
        self._done, self._plan = report, None
        self._stands.take(report)

    def _publish(self) -> None:
        self.set_trait("report", self._done)

    def _chose(self, change: object) -> None:
        with LOCK:
            self._plan = self._done = None
        self._question.drop()
        super()._chose(change)

    # The buttons.

    def _show_plan(self) -> None:
        device = self.device
        if device is not None:
            self._do(f"Asking {device.name}…", lambda client: client.sharing(device.device_id), self._planned)

    def _planned(self, report: SharingReport) -> None:
        self._stands.take(report)
        if report.device_id == self.selector.value:
            self._plan, self._done = report.sharing, None

    def _do_it(self) -> None:
        device, plan = self.device, self._plan
        if device is None or plan is None:
            return
        with LOCK:
            self._plan = None  # refused, it is looked at again
        id_, digest = device.device_id, plan.digest
        self._do(f"Asking {device.name}…", lambda client: client.share_skills(id_, digest), self._take)

    def _drop_plan(self) -> None:
        with LOCK:
            self._plan = None
        self._refresh()

    def _ask_undo(self) -> None:
        device = self.device
        if device is not None:
            self._question.ask(f"Undo sharing on {device.name}?", UNDO, "Undo", lambda: self._undo_on(device.device_id))

    def _undo_on(self, id_: str) -> None:
        self._do("Undoing…", lambda client: client.unshare_skills(id_), self._take)

    # What is shown.

    def _paint(self) -> None:
        device, plan = self.device, self._plan
        if device is not None and words.present(device):
            id_ = device.device_id
            self._stands.want(lambda client: client.sharing(id_), id_)
        else:
            self._stands.drop()
        stands = self._stands.value.sharing if self._stands.value else None
        self._text.show(self._parts(heading=self.headed))
        self._told.show(_plan(plan) if plan else _told(self._done))
        blocked = plan is not None and bool(plan.obstacles)
        separate = stands is not None and stands.state == "separate"
        self._look.description = (
            "Look again" if blocked else "Share skills between Claude and Codex…" if separate else "Share again…"
        )
        shown(self._look, stands is not None and (plan is None or blocked))
        shown(self._share, plan is not None and not blocked)
        shown(self._leave, plan is not None)
        shown(self._undo, plan is None and stands is not None and stands.undoable)
        for one in (self._look, self._share, self._undo):
            one.disabled = not self.idle

    def _static(self) -> list[Part]:
        return [*self._parts(heading=True), *_told(self._done)]

    def _parts(self, *, heading: bool) -> list[Part]:
        device, stands = self.device, self._stands
        parts: list[Part] = [Title("Sharing between Claude Code and Codex")]
        if device is None:
            return [*parts, Line("Choose a device to see its skills.", "hint")] if self.connected else parts
        if heading:
            parts.append(Line([Strong(device.name), words.presence(device)]))
        if not words.present(device):
            away = f"{device.name} is not online: its skills can be seen once it is back."
            return [*parts, Line(away, "warning")]
        if stands.problem is not None:
            return parts + problem(stands.problem.message, stands.problem.fix)
        if stands.value is None:
            return [*parts, Line(f"Asking {device.name}…", "hint")] if self.connected else parts
        return [*parts, Line(words.sharing(stands.value.sharing))]


def _plan(sharing: Sharing) -> list[Part]:
    """Return what sharing would do: what moves where, under which name, and what is in the way."""
    parts: list[Part] = [Line(words.plan(sharing), "warning" if sharing.obstacles else "plain")]
    if sharing.obstacles:
        for one in sharing.obstacles[:SHOWN]:
            parts += [Line(Code(one.path)), *problem(one.message, one.fix)]
        return parts
    if sharing.moves:
        parts += [Title("What moves"), _moves(sharing.moves)]
    made = [f"{sharing.shared_path} is made"] if sharing.shared_created else []
    links = [words.link(one, done=False) for one in sharing.links]
    left = [f"{path} is no skill, and stays usable" for path in sharing.left]
    entries = [*made, *links, *left]
    if entries:
        parts += [Title("What becomes of the directories"), _items(entries)]
    return [*parts, Line("Nothing is overwritten, and it can be undone.", "hint")]


def _told(report: SharingReport | None) -> list[Part]:
    """Return what was done, with each move."""
    done = report.result if report is not None else None
    if done is None:
        return []
    parts: list[Part] = [Line(words.result(done))]
    if done.moved:
        parts += [Title("What was done"), _moves(done.moved)]
    if done.links:
        parts.append(_items([words.link(one, done=True) for one in done.links]))
    if done.kept:
        count = len(done.kept)
        stayed = "One entry stayed" if count == 1 else f"{count:,} entries stayed"
        parts += [Title(f"{stayed} in the shared directory"), _items(done.kept)]
    return parts


def _moves(moves: list[Move]) -> Table:
    rows: list[list[Cell]] = [
        [
            words.folder(one.from_),
            words.AGENTS[one.source],
            [Code(words.folder(one.to)), *([Faint("renamed")] if one.renamed else [])],
        ]
        for one in moves[:SHOWN]
    ]
    return Table(("Skill", "From", "To"), rows, max(0, len(moves) - SHOWN))


def _items(entries: list[str]) -> Items:
    return Items(entries[:SHOWN], max(0, len(entries) - SHOWN))
