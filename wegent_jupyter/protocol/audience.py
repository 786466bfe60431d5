"""Who looks at a terminal: who gets what next, whose size counts, and whether the terminal has to wait."""

from typing import Any

from wegent_jupyter.protocol.ring import Ring
from wegent_jupyter.protocol.terminals import EXIT, OUTPUT, Exit, Resize, Watch
from wegent_jupyter.protocol.viewer import Viewer


class Audience:
    """The viewers of one terminal, each with a cursor in its ring. Times are of a monotonic clock."""

    def __init__(self, session_id: str, ring: Ring, rows: int, cols: int) -> None:
        """Nobody looks yet; the terminal was started with a size."""
        self._session_id, self._ring = session_id, ring
        self._viewers: dict[str, Viewer] = {}
        self._leader: Viewer | None = None
        """Who was focused or typed last: sets the size, and answers what programs ask."""
        self.size = rows, cols
        """What the terminal's size should be."""

    def __len__(self) -> int:
        """Return how many look at it."""
        return len(self._viewers)

    def attach(self, watch: Watch, now: float) -> None:
        """Let a viewer see it, from where it stopped."""
        led = self._leader is not None and self._leader.id == watch.viewer
        self._viewers.pop(watch.viewer, None)
        viewer = Viewer(watch.viewer, self._ring, watch.since, now)
        if watch.rows is not None and watch.cols is not None:
            viewer.size = watch.rows, watch.cols
        self._viewers[watch.viewer] = viewer
        if self._leader is None or led:
            self._lead(viewer)

    def misses_screen(self, viewer_id: str) -> bool:
        """Say whether what a full-screen program drew is gone with the oldest output, for a viewer that needs it."""
        return self._viewers[viewer_id].starts_over and self._ring.full_screen

    def detach(self, viewer_id: str) -> None:
        """Forget a viewer; its size counts no more."""
        viewer = self._viewers.pop(viewer_id, None)
        if viewer is not None and viewer is self._leader:
            self._leader = None
            if self._viewers:
                self._lead(next(reversed(self._viewers.values())))

    def clear(self) -> None:
        """Forget all: the connection over which they look is gone."""
        self._viewers, self._leader = {}, None

    def typed(self, viewer_id: str | None) -> None:
        """Note who types: the person is there."""
        viewer = self._viewers.get(viewer_id or "")
        if viewer is not None and viewer is not self._leader:
            self._lead(viewer)

    def resize(self, message: Resize) -> None:
        """Note a viewer's size; that of the one that was focused last is the terminal's."""
        viewer = self._viewers.get(message.viewer or "")
        if viewer is None:
            return
        viewer.size = message.rows, message.cols
        if message.focus or viewer is self._leader:
            self._lead(viewer)

    def credit(self, viewer_id: str, offset: int, now: float) -> None:
        """Note what a viewer has shown."""
        if (viewer := self._viewers.get(viewer_id)) is not None:
            viewer.credit(offset, now)

    def keeps_up(self, now: float) -> bool:
        """Say whether the terminal may go on: nobody looks, or one of those who do has shown what there was."""
        counting = [one for one in self._viewers.values() if not one.stalled(now)]
        return not counting or any(one.has_room for one in counting)

    def messages(self, now: float, exit_: Exit | None) -> list[tuple[str, dict[str, Any]]]:
        """Return what to send next, (event, data), at most one for each; none when all have what they can get.

        `exit_` is how the terminal ended: it comes after the last output, and who is told looks no more.
        """
        found = (self._next(viewer, now, exit_) for viewer in list(self._viewers.values()))
        return [message for message in found if message is not None]

    def _next(self, viewer: Viewer, now: float, exit_: Exit | None) -> tuple[str, dict[str, Any]] | None:
        output = viewer.next(now, last=exit_ is not None)
        if output is not None:
            return OUTPUT, {"session_id": self._session_id, **output}
        if exit_ is None or not viewer.has_all:
            return None
        self.detach(viewer.id)
        return EXIT, {**exit_.model_dump(exclude_none=True), **({"viewer": viewer.id} if viewer.id else {})}

    def _lead(self, viewer: Viewer) -> None:
        if self._leader is not None:
            self._leader.answers = False
        self._leader, viewer.answers = viewer, True
        if viewer.size is not None:
            self.size = viewer.size
