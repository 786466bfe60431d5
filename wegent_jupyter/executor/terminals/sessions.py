"""All terminals of a device: start them, hand messages to them, end those that nobody uses."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.executor.terminals import place
from wegent_jupyter.executor.terminals.pty import Pty
from wegent_jupyter.executor.terminals.terminal import Terminal
from wegent_jupyter.executor.workspaces import BadWorkspace
from wegent_jupyter.protocol import terminals as wire
from wegent_jupyter.protocol.channel import Channel, NotSent

log = logging.getLogger(__name__)

MAX_TERMINALS = 100
MAX_ENDED = 20
"""Ended terminals whose last output is kept, the newest ones."""
KEEP_ENDED_SECONDS = 600.0
"""For a viewer that was away to read it."""
MAX_ERROR = 4_000
TICK = 2.0
"""Seconds between looks at what runs in the terminals."""


class TooMany(Exception):
    """No more terminals are started; the text says why."""


class Sessions:
    """The terminals of one device. Those of one gateway are nothing to another."""

    def __init__(self, settings: Settings, records: ProcessRecords) -> None:
        """None yet."""
        self._settings, self._records = settings, records
        self._all: dict[str, tuple[str, Terminal]] = {}
        """By session: (gateway, terminal)."""
        self._channel: Channel | None = None
        self._gateway = ""
        self._busy: dict[str, bool] = {}
        self._starting: dict[str, bool] = {}
        """Sessions that are about to be started, and whether they are still wanted."""
        self._reporting: set[asyncio.Task[None]] = set()
        self._ticking = asyncio.create_task(self._tick())

    @property
    def open(self) -> bool:
        """Say whether a shell lives."""
        return any(not one.ended for _, one in self._all.values())

    @property
    def busy(self) -> bool:
        """Say whether a program runs in one, beside the shell."""
        return any(one.busy for _, one in self._all.values())

    def connected(self, channel: Channel, gateway: str) -> None:
        """Send what is to be sent to a gateway over this connection."""
        self._channel, self._gateway = channel, gateway

    def disconnected(self) -> None:
        """Forget who looked over the connection that ended."""
        self._channel = None
        for _, one in self._all.values():
            one.detach_all()

    def reports(self, gateway: str) -> list[wire.Report]:
        """Return how a gateway's terminals are."""
        return [one.report() for whose, one in self._all.values() if whose == gateway]

    async def start(self, gateway: str, data: dict[str, Any]) -> dict[str, Any]:
        """Start one, and return Wegent's answer."""
        try:
            message = wire.Start.model_validate(data)
            self._starting[message.session_id] = True
            path = await asyncio.to_thread(place.resolve, self._settings, message)
            await self._start(gateway, message, path)
        except ValidationError as error:
            first = error.errors()[0]
            return _failed(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", "malformed")
        except BadWorkspace as error:
            return _failed(str(error), "bad_path")
        except TooMany as error:
            return _failed(str(error), "too_many_terminals")
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            return _failed(f"No terminal can be started on this device: {reason}.", "not_started")
        finally:
            self._starting.pop(str(data.get("session_id")), None)
        return wire.StartAnswer(success=True, session_id=message.session_id, path=str(path)).model_dump() | {
            "project_id": message.project_id,
            "type": "terminal",
            "transport": "socketio",
        }

    async def _start(self, gateway: str, message: wire.Start, path: Path) -> None:
        if not self._starting.get(message.session_id):
            raise RuntimeError("it took too long, and is no longer wanted")
        if sum(not one.ended for _, one in self._all.values()) >= MAX_TERMINALS:
            raise TooMany(f"{MAX_TERMINALS} terminals are open on this device. End one first.")
        if (earlier := self._all.pop(message.session_id, None)) is not None:
            await earlier[1].close("closed")

        def make_pty(output: Callable[[bytes], None], ended: Callable[[int], None]) -> Pty:
            return Pty(
                place.login_shell(),
                cwd=path,
                env=place.environment(),
                size=(message.rows, message.cols),
                marker=message.session_id,
                records=self._records,
                output=output,
                ended=ended,
            )

        now = datetime.now(UTC).isoformat()
        terminal = Terminal(message, str(path), now, make_pty, self._emit, self._ended)
        self._all[message.session_id] = gateway, terminal

    def has(self, gateway: str, session_id: str) -> bool:
        """Say whether this is a terminal of a gateway."""
        return session_id in self._all and self._all[session_id][0] == gateway

    def handle(self, session_id: str, event: str, data: Any) -> None:
        """Take what is neither start nor end; raises ValidationError."""
        terminal = self._all[session_id][1]
        if event == wire.ATTACH:
            terminal.attach(wire.Watch.model_validate({"viewer": "", **data}))
        elif event == wire.INPUT:
            message = wire.Input.model_validate(data)
            terminal.input(message.viewer, message.data)
        elif event == wire.RESIZE:
            terminal.resize(wire.Resize.model_validate(data))
        elif event == wire.CREDIT:
            credit = wire.Credit.model_validate(data)
            terminal.credit(credit.viewer, credit.offset)
        else:
            terminal.detach(wire.Session.model_validate(data).viewer or "")

    async def end(self, gateway: str, session_id: str) -> None:
        """End one, or see that it does not start."""
        if self.has(gateway, session_id):
            await self._all[session_id][1].end("closed")
        elif session_id in self._starting:
            self._starting[session_id] = False

    async def close(self) -> None:
        """End all."""
        self._ticking.cancel()
        closing = [one.close("executor_ended") for _, one in self._all.values()]
        for failed in await asyncio.gather(*closing, return_exceptions=True):
            if failed is not None:
                log.error("A terminal did not end cleanly: %s", failed)
        self._all.clear()

    async def _emit(self, event: str, data: dict[str, Any]) -> None:
        if self._channel is None:
            raise NotSent
        await self._channel.emit(event, data)

    async def _report(self, terminal: Terminal) -> None:
        if not self.has(self._gateway, terminal.session_id):
            return
        with contextlib.suppress(NotSent):  # it is told when it is connected again
            await self._emit(wire.REPORT, terminal.report().model_dump())

    def _ended(self, terminal: Terminal) -> None:
        log.info("Terminal %s ended with %s", terminal.session_id, terminal.exit_code)
        task = asyncio.create_task(self._report(terminal))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            for terminal in [one for _, one in self._all.values()]:
                await self._look_at(terminal)
            ended = [one for _, one in self._all.values() if one.ended]
            for terminal in ended[:-MAX_ENDED]:
                await self._forget(terminal)

    async def _look_at(self, terminal: Terminal) -> None:
        unused = time.monotonic() - terminal.used
        if terminal.watched:
            terminal.used = time.monotonic()
        elif terminal.ended and unused > KEEP_ENDED_SECONDS:
            await self._forget(terminal)
            return
        elif not terminal.ended and 0 < self._settings.terminal_idle < unused:
            log.info("Terminal %s was not used for %.0f s", terminal.session_id, unused)
            await terminal.end("unused")
        busy = terminal.busy
        if busy != self._busy.get(terminal.session_id, False):
            self._busy[terminal.session_id] = busy
            await self._report(terminal)

    async def _forget(self, terminal: Terminal) -> None:
        self._all.pop(terminal.session_id, None)
        self._busy.pop(terminal.session_id, None)
        await terminal.close("exited")


def _failed(error: str, code: str) -> dict[str, Any]:
    return {"success": False, "error": error[:MAX_ERROR], "code": code}
