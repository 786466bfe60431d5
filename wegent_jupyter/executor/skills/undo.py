"""Put shared skills back where they were; what came later stays in the shared directory, and is named."""

import os
from pathlib import Path

from wegent_jupyter.executor.skills import plan as planning
from wegent_jupyter.executor.skills import steps, trees
from wegent_jupyter.executor.skills.journal import Record, Side, Step, sync
from wegent_jupyter.executor.skills.naming import holds, is_held
from wegent_jupyter.executor.skills.observe import shown
from wegent_jupyter.executor.skills.scene import COPYING
from wegent_jupyter.protocol.skills import Link, Move, SharingResult

SYSTEM = ".system"
"""Codex's own skills, which it makes anew where they are missing: through a link, in the shared directory."""
MAX_KEPT = 1_000


class Undoing:
    """One pass over a record, which looks at each step whether it is still to be undone."""

    def __init__(self, home: Path, record: Record) -> None:
        """Nothing is looked at yet."""
        self._home, self._record, self._shared = home, record, Path(record.shared)
        self._returned = list[Step]()
        self._links = list[Link]()

    def run(self) -> SharingResult:
        """Put everything back; raises OSError, and then it can be run again."""
        self._make_shared()
        with steps.opened(self._home, self._shared) as shared:
            for side in self._record.sides:  # before anything leaves the shared directory: they are compared with it
                self._remove_copies(side)
            for side in self._record.sides:
                self._side(side, shared)
            sync(shared)
            kept = self._kept(shared)
        for path in reversed(self._record.made):
            self._unmake(Path(path))
        paths = {side.agent: Path(side.path) for side in self._record.sides}
        return SharingResult(
            status="undone",
            shared_path=self._record.shared,
            legacy_paths=[side.path for side in self._record.sides],
            moved_count=sum(not step.dotted for step in self._returned),
            moved=[_back(one) for one in planning.shown(self._shared, paths, self._returned)],
            links=self._links,
            kept=kept,
        )

    def _make_shared(self) -> None:
        """Let the shared directory be there: who removed it wants his links removed all the same."""
        for path in (self._shared.parent, self._shared):
            if not os.path.lexists(path) and str(path) not in self._record.made:
                self._record.made.append(str(path))
            steps.make(self._home, path, 0o755)

    def _side(self, side: Side, shared: int) -> None:
        path = Path(side.path)
        if side.existed:
            for ancestor in reversed(path.parents):
                if ancestor != self._home and ancestor.is_relative_to(self._home):
                    steps.make(self._home, ancestor, 0o700)
        elif not path.parent.is_dir():
            return
        with steps.opened(self._home, path.parent) as parent:
            there = steps.entry(parent, path.name)
            if there is not None and there.kind == "link" and there.text == self._record.shared:
                os.unlink(path.name, dir_fd=parent)
                there = None
                self._links.append(Link(path=side.path, target=self._record.shared, status="removed"))
            if there is None and side.existed:
                os.mkdir(path.name, 0o700, dir_fd=parent)
            elif there is None or there.kind != "folder":
                return
            self._fill(side, parent, shared)
            if not side.existed:
                _remove_empty(parent, path.name)
            sync(parent)

    def _fill(self, side: Side, parent: int, shared: int) -> None:
        folder = os.open(Path(side.path).name, steps.FOLDER, dir_fd=parent)
        try:
            os.fchmod(folder, side.mode)
            for step in reversed(self._record.steps):
                if step.agent == side.agent:
                    self._put_back(step, folder, shared)
            if side.agent == "codex":
                self._return_system(folder, shared)
            sync(folder)
        finally:
            os.close(folder)

    def _put_back(self, step: Step, folder: int, shared: int) -> None:
        here = steps.entry(folder, step.name)
        if step.dropped:
            if here is None:
                steps.link(step.text, folder, step.name)
            return
        there = steps.entry(shared, step.to)
        if here is not None and step.is_of(here):
            if there is not None and is_held(step, there) and step.to not in self._record.before:
                steps.release(shared, step.to, there.kind)
            return
        if there is None or not step.moved_to(there):
            return
        # A place that an undoing, cut off, holds already; else it is another's, and ours stays where it is.
        held = here is not None and holds(step.kind, here)
        if here is not None and not held:
            return
        if step.new_text:
            steps.link(step.text, folder, step.name)
            os.unlink(step.to, dir_fd=shared)
        else:
            steps.move(shared, step.to, folder, step.name, step.kind, held=held)
        self._returned.append(step)

    def _return_system(self, folder: int, shared: int) -> None:
        """Let Codex have back what it made in the shared directory meanwhile, so that it does not lie about there."""
        there = steps.entry(shared, SYSTEM)
        if there is not None and SYSTEM not in self._record.before and steps.entry(folder, SYSTEM) is None:
            steps.move(shared, SYSTEM, folder, SYSTEM, there.kind)

    def _remove_copies(self, side: Side) -> None:
        """Remove our copies that are the same in the shared directory; what was changed since stays."""
        folder = Path(side.path)
        if not side.copies or folder.is_symlink() or not folder.is_dir():
            return
        originals = {(step.name, step.inode) for step in self._record.steps if step.agent == side.agent}
        trees.remove(folder / COPYING)
        with steps.opened(self._home, folder) as descriptor, steps.opened(self._home, self._shared) as shared:
            for name in side.copies:
                copy, original = steps.entry(descriptor, name), steps.entry(shared, name)
                if copy is None or original is None or (name, copy.inode) in originals:
                    continue
                if holds(original.kind, copy) or trees.equal(folder / name, self._shared / name):
                    (folder / name).rename(folder / COPYING)  # half of a copy would look like a skill
                    trees.remove(folder / COPYING)

    def _kept(self, shared: int) -> list[str]:
        names = sorted(shown(name) for name in os.listdir(shared))
        before = set(self._record.before)
        return [str(self._shared / name) for name in names if name not in before][:MAX_KEPT]

    def _unmake(self, path: Path) -> None:
        if path.parent.is_dir():
            with steps.opened(self._home, path.parent) as parent:
                _remove_empty(parent, path.name)


def _remove_empty(parent: int, name: str) -> None:
    there = steps.entry(parent, name)
    if there is not None and there.kind == "folder" and there.blank:
        os.rmdir(name, dir_fd=parent)


def _back(move: Move) -> Move:
    return move.model_copy(update={"from_": move.to, "to": move.from_})
