"""One terminal of a device: a PTY, what it printed, and who looks at it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from wegent_jupyter.executor.terminals.pty import InputRefused, Pty
from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.protocol.audience import Audience
from wegent_jupyter.protocol.channel import NotSent
from wegent_jupyter.protocol.ring import Ring
from wegent_jupyter.protocol.viewer import STALLED_SECONDS

log = logging.getLogger(__name__)

REPAINT_SECONDS = 0.1
"""For a full-screen program to see that the size changed, before it changes back."""
NOT_READ = "The program in this terminal does not read what is typed. This was not sent."

Emit = Callable[[str, dict[str, Any]], Awaitable[None]]
"""(event, data), to the gateway; raises NotSent."""
MakePty = Callable[[Callable[[bytes], None], Callable[[int], None]], Pty]
"""(output, ended)"""


class Terminal:
    """Carries bytes between its PTY and its viewers. Nobody's slowness costs memory, or another viewer's time."""

    def __init__(
        self,
        start: wire.Start,
        path: str,
        created_at: str,
        make_pty: MakePty,
        emit: Emit,
        ended: Callable[["Terminal"], None],
    ) -> None:
        """Start it; raises OSError. `ended` is told of its end."""
        self.session_id, self._project_id, self._path = start.session_id, start.project_id, path
        self._created_at, self._emit, self._tell_end = created_at, emit, ended
        self._ring = Ring(wire.RING_BYTES)
        self._audience = Audience(start.session_id, self._ring, start.rows, start.cols)
        self._size = self._audience.size
        self._due = asyncio.Event()
        self._looking: asyncio.TimerHandle | None = None
        self._saying: set[asyncio.Task[None]] = set()
        self._reason: wire.ExitReason = "exited"
        self.exit_code: int | None = None
        self.used = time.monotonic()
        """When somebody last looked at it, or it last printed something."""
        self._pty = make_pty(self._printed, self._ended)
        self._sending = asyncio.create_task(self._send())

    @property
    def ended(self) -> bool:
        """Say whether its shell, and all that this started, is gone."""
        return self.exit_code is not None

    @property
    def watched(self) -> bool:
        """Say whether somebody looks at it."""
        return len(self._audience) > 0

    @property
    def busy(self) -> bool:
        """Say whether a program runs in it, beside the shell."""
        return self._pty.busy

    def report(self) -> wire.Report:
        """Return how it is."""
        return wire.Report(
            session_id=self.session_id,
            project_id=self._project_id,
            path=self._path,
            created_at=self._created_at,
            busy=self.busy,
            ended=self.ended,
            exit_code=self.exit_code,
        )

    def attach(self, watch: wire.Watch) -> None:
        """Let a viewer see it, from where it stopped."""
        self._audience.attach(watch, time.monotonic())
        self._fit()
        if self._audience.misses_screen(watch.viewer):
            self._repaint()
        self._changed()

    def detach(self, viewer_id: str) -> None:
        """Forget a viewer."""
        self._audience.detach(viewer_id)
        self._left()

    def detach_all(self) -> None:
        """Forget all viewers: the connection over which they look is gone."""
        self._audience.clear()
        self._left()

    def _left(self) -> None:
        self.used = time.monotonic()
        self._fit()
        self._changed()

    def input(self, viewer_id: str | None, data: bytes) -> None:
        """Give it what was typed."""
        self._audience.typed(viewer_id)
        self._fit()
        try:
            self._pty.write(data)
        except InputRefused as refused:
            if refused.first:
                self._say(viewer_id, NOT_READ)

    def resize(self, message: wire.Resize) -> None:
        """Note a viewer's size."""
        self._audience.resize(message)
        self._fit()

    def credit(self, viewer_id: str, offset: int) -> None:
        """Note what a viewer has shown."""
        self._audience.credit(viewer_id, offset, time.monotonic())
        self._changed()

    async def end(self, reason: wire.ExitReason) -> None:
        """End its shell and all that this started."""
        if not self.ended:
            self._reason = reason
            await self._pty.end()

    async def close(self, reason: wire.ExitReason) -> None:
        """End it, and send nothing any more."""
        await self.end(reason)
        if self._looking is not None:
            self._looking.cancel()
        self._sending.cancel()
        await asyncio.gather(self._sending, return_exceptions=True)

    # From the PTY.

    def _printed(self, data: bytes) -> None:
        self._ring.append(data)
        self.used = time.monotonic()
        self._changed()

    def _ended(self, code: int) -> None:
        self.exit_code = code
        self._due.set()
        self._tell_end(self)

    def _changed(self) -> None:
        self._due.set()
        self._regulate()

    def _regulate(self) -> None:
        """Read on while those who look keep up; else the programs in it have to wait."""
        go_on = self._audience.keeps_up(time.monotonic())
        self._pty.read(go_on)
        if not go_on and self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(STALLED_SECONDS + 0.1, self._look_again)

    def _look_again(self) -> None:
        """See whether who shows nothing counts as stalled by now."""
        self._looking = None
        self._changed()

    # To the viewers.

    async def _send(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                while messages := self._audience.messages(time.monotonic(), self._exit()):
                    for event, data in messages:
                        await self._emit(event, data)
            except NotSent:
                log.debug("Nobody can be told of terminal %s now", self.session_id)
            self._regulate()

    def _exit(self) -> wire.Exit | None:
        if self.exit_code is None:
            return None
        return wire.Exit(session_id=self.session_id, exit_code=self.exit_code, reason=self._reason)

    def _say(self, viewer_id: str | None, message: str) -> None:
        async def tell() -> None:
            notice = wire.Notice(session_id=self.session_id, viewer=viewer_id, message=message)
            try:
                await self._emit(wire.NOTICE, notice.model_dump(exclude_none=True))
            except NotSent:
                log.debug("Nobody can be told of terminal %s now", self.session_id)

        task = asyncio.create_task(tell())
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    # Size.

    def _fit(self) -> None:
        if self._audience.size != self._size:
            self._size = self._audience.size
            self._pty.resize(*self._size)

    def _repaint(self) -> None:
        """Let a full-screen program draw everything again, by a size that changes and changes back."""
        rows, cols = self._size
        self._pty.resize(rows, cols - 1 if cols > 1 else 2)
        asyncio.get_running_loop().call_later(REPAINT_SECONDS, lambda: self._pty.resize(*self._size))
