"""Share the skills of both agents: what a plan says, step by step, so that it can be cut off at any point."""

import errno
import os
from pathlib import Path

from wegent_jupyter.executor.skills import plan as planning
from wegent_jupyter.executor.skills import steps, trees
from wegent_jupyter.executor.skills.errors import Again, NotDone, in_the_way
from wegent_jupyter.executor.skills.journal import Damaged, Journal, Record, Side, Step, sync
from wegent_jupyter.executor.skills.locking import exclusive
from wegent_jupyter.executor.skills.observe import observe, shown
from wegent_jupyter.executor.skills.places import Places
from wegent_jupyter.executor.skills.plan import Plan
from wegent_jupyter.executor.skills.scene import COPYING, Place, Scene
from wegent_jupyter.executor.skills.undo import Undoing
from wegent_jupyter.protocol.skills import Link, Sharing, SharingResult

ROUNDS = 5
"""Times to look again when an agent puts skills there meanwhile."""
CHANGED = "The skills on this device are no longer as they were shown."


class Migration:
    """Sharing on one device, for one person."""

    def __init__(self, places: Places, home: Path) -> None:
        """`home` is the executor's: the journal is there."""
        self._places, self._home = places, home
        self._journal = Journal(home, places.shared)

    @property
    def shared(self) -> bool:
        """Say whether both have what is shared, without looking into any directory; raises NotDone, OSError."""
        real = os.path.realpath(self._places.shared)
        apart = [
            agent for agent, path in self._places.legacy if not path.is_symlink() or os.path.realpath(path) != real
        ]
        if not apart:
            return self._places.shared.is_dir()
        record = self._record()  # where no links can be made there are copies
        sides = [record.side(agent) for agent in apart] if record is not None and record.state == "shared" else []
        return bool(sides) and all(side is not None and side.copies for side in sides)

    def look(self) -> Sharing:
        """Return how it stands, and what sharing would do; raises NotDone, OSError."""
        return self._plan(self._record())[1].sharing

    def share(self, digest: str | None = None) -> SharingResult:
        """Do what is to be done, all or, where an error is raised, nothing; raises NotDone, OSError.

        `digest` is of what was shown: with another one nothing is done.
        """
        with exclusive(self._home, self._places.home):
            record = self._record()
            scene, plan = self._plan(record)
            if digest is not None and digest != plan.sharing.digest:
                raise NotDone("changed_since", CHANGED, "Look again at what would be done, then share.")
            if plan.sharing.obstacles:
                raise in_the_way(plan.sharing.obstacles)
            finished = record is None or record.state == "shared"
            if plan.complete and finished:
                return _result(plan.sharing, self._places, [], plan.sharing.links)
            fresh = record is None
            try:
                record = self._carry_out(record, scene, plan)
            except (NotDone, OSError) as error:
                raise self._failed(error, fresh) from error
            result = _result(plan.sharing, self._places, record.steps[record.reported :], plan.sharing.links)
            record.state, record.reported = "shared", len(record.steps)
            self._journal.write(record)
            return result

    def undo(self) -> SharingResult:
        """Put everything back; raises NotDone, OSError, and then it can be undone again."""
        with exclusive(self._home, self._places.home):
            record = self._record()
            if record is None:
                raise NotDone("not_undoable", "Skills were not shared by this device: there is nothing to undo.")
            record.state = "undoing"
            self._journal.write(record)
            try:
                result = Undoing(self._places.home, record).run()
                self._journal.remove()
            except OSError as error:
                raise _not_done(
                    error, f"{_why(error)} What was not put back yet is still shared: undo again."
                ) from error
            return result

    def _record(self) -> Record | None:
        try:
            return self._journal.read()
        except Damaged as error:
            fix = "Mend the file, or move it away: what it tells can then not be undone."
            raise NotDone("not_kept", str(error), fix) from error

    def _plan(self, record: Record | None) -> tuple[Scene, Plan]:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        scene = observe(self._places, linkable=steps.can_link(self._home))
        return scene, planning.make(scene, record)

    def _carry_out(self, record: Record | None, scene: Scene, plan: Plan) -> Record:
        """Write down and do it, until nothing new comes meanwhile; returns what was done."""
        for _ in range(ROUNDS):
            record = _extended(record, scene, plan)
            self._journal.write(record)
            try:
                _Doing(scene, plan, record).run()
                return record
            except Again:
                scene, plan = self._plan(record)
                if plan.sharing.obstacles:
                    raise in_the_way(plan.sharing.obstacles) from None
        text = "An agent puts skills into these directories all the time: they do not become empty."
        raise NotDone("busy", text, "Stop it, then share again.")

    def _failed(self, error: NotDone | OSError, fresh: bool) -> NotDone:
        """Return why it failed, everything put back if there was nothing before."""
        why = str(error) if isinstance(error, NotDone) else _why(error)
        record = self._record()
        if not fresh or record is None:
            left = "Nothing was changed." if record is None else "It is not finished: share again, or undo."
            return _not_done(error, f"{why} {left}")
        try:
            Undoing(self._places.home, record).run()
            self._journal.remove()
        except OSError as second:
            return _not_done(error, f"{why} Not everything could be put back ({_why(second)}): undo.")
        return _not_done(error, f"{why} Everything is where it was.")


def _not_done(error: NotDone | OSError, text: str) -> NotDone:
    if isinstance(error, NotDone):
        return NotDone(error.code, text, error.fix, error.status)
    return NotDone("device_storage", text)


def _why(error: OSError) -> str:
    if error.errno == errno.EXDEV:
        return f"{error.filename} cannot be moved in one step: it lies on another file system, or layer of a container."
    return f"{error.filename or 'A file'}: {error.strerror or error}."


class _Doing:
    """One pass over a plan."""

    def __init__(self, scene: Scene, plan: Plan, record: Record) -> None:
        self._scene, self._plan, self._record = scene, plan, record

    def run(self) -> None:
        """Do all of it; raises Again, OSError."""
        home, shared = self._scene.home, self._scene.shared
        for path in self._record.made:
            steps.make(home, Path(path), 0o755)
        open_places = [place for place in self._scene.places if place.state != "linked"]
        with steps.opened(home, shared) as target:
            for place in open_places:
                with steps.opened(home, place.path.parent) as parent:
                    self._empty(place, parent, target)
                    if self._scene.linkable:
                        self._link(place, parent)
                    sync(parent)
            sync(target)
        for place in open_places:
            self._copy_back(place)

    def _empty(self, place: Place, parent: int, target: int) -> None:
        if place.state != "own":
            return
        source = os.open(place.path.name, steps.FOLDER, dir_fd=parent)
        try:
            trees.remove(place.path / COPYING)
            for agent, name, kind in self._plan.unneeded:
                if agent == place.agent:
                    steps.release(source, name, kind)
            for step in self._plan.steps:
                if step.agent == place.agent:
                    try:
                        self._step(step, source, target)
                    except (FileExistsError, FileNotFoundError):
                        raise Again from None
            sync(source)
        finally:
            os.close(source)

    def _step(self, step: Step, source: int, target: int) -> None:
        held = (step.agent, step.name) in self._plan.held
        if step.new_text and not held:
            steps.link(step.new_text, target, step.to)
        if step.dropped or step.new_text:
            os.unlink(step.name, dir_fd=source)
        else:
            steps.move(source, step.name, target, step.to, step.kind, held=held)

    def _link(self, place: Place, parent: int) -> None:
        try:
            if place.state == "own":
                os.rmdir(place.path.name, dir_fd=parent)
            steps.link(str(self._scene.shared), parent, place.path.name)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise Again from error
            raise

    def _copy_back(self, place: Place) -> None:
        """Give an agent its own copies of what is shared, where no links can be made."""
        if self._scene.linkable:
            return
        steps.make(self._scene.home, place.path, place.mode)
        unfinished = place.path / COPYING
        with steps.opened(self._scene.home, place.path) as folder:
            for name in self._plan.copies[place.agent]:
                source = self._scene.shared / name
                trees.remove(unfinished)
                trees.copy(source, unfinished)
                made = steps.entry(folder, COPYING)
                if made is None or not trees.equal(source, unfinished):
                    raise OSError(errno.EIO, "It changed while it was copied", str(source))
                steps.move(folder, COPYING, folder, name, made.kind)


def _extended(record: Record | None, scene: Scene, plan: Plan) -> Record:
    """Return a record with what a plan adds."""
    if record is None:
        names = [shown(entry.name) for entry in scene.entries]
        record = Record(shared=str(scene.shared), state="sharing", before=names)
    planned = {(step.agent, step.name): step for step in plan.steps}
    kept, reported = list[Step](), 0
    for number, step in enumerate(record.steps):
        again = planned.get((step.agent, step.name))
        if again is None or not step.same(again):
            kept.append(step)
            reported += number < record.reported
    record.steps, record.reported = [*kept, *plan.steps], reported
    record.state = "sharing"
    for place in scene.places:
        side = record.side(place.agent)
        if side is None and place.state != "linked":
            side = Side(place.agent, str(place.path), place.state == "own", place.mode)
            record.sides.append(side)
        if side is not None:
            side.copies = sorted({*side.copies, *plan.copies.get(place.agent, [])})
    missing = [scene.shared, *(place.path.parent for place in scene.places if place.state != "linked")]
    for path in missing:
        record.made += [one for one in _not_there(scene.home, path) if one not in record.made]
    return record


def _not_there(home: Path, path: Path) -> list[str]:
    ancestors = [one for one in (*reversed(path.parents), path) if one.is_relative_to(home)]
    return [str(one) for one in ancestors if not os.path.lexists(one)]


def _result(sharing: Sharing, places: Places, done: list[Step], links: list[Link]) -> SharingResult:
    moved = planning.shown(places.shared, dict(places.legacy), done)
    return SharingResult(
        shared_path=sharing.shared_path,
        shared_created=sharing.shared_created,
        legacy_paths=sharing.legacy_paths,
        moved_count=len(moved),
        moved=moved,
        links=links,
    )
