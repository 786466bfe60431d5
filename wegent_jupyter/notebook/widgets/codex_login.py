"""Codex on one device: how its login stands there, and logging it in by a code."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from ipywidgets import HBox, VBox

from wegent_jupyter.client.client import Client
from wegent_jupyter.notebook.errors import WegentError
from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.asked import outcome
from wegent_jupyter.notebook.widgets.controls import Text, button, shown
from wegent_jupyter.notebook.widgets.live import Live
from wegent_jupyter.notebook.widgets.looks import Cell, Code, Faint, Known, Line, Link, Mark, Part, Strong, problem
from wegent_jupyter.notebook.widgets.worker import LOCK, worker
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.personal import AgentLogin, DeviceAuth

AGENT = "codex"
PENDING = ("starting", "waiting")
ALONE = "nothing is copied from another machine, and nothing is kept here."


class DeviceLogin(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The row of a device: its state, *Log in…*, and while that goes on, where to type which code."""

    def __init__(self, owner: Live, device_id: str) -> None:
        """Show nothing yet."""
        self._owner, self._id = owner, device_id
        self._name = device_id
        self._login: AgentLogin | None = None
        self._failed: WegentError | None = None
        self._following: object | None = None
        """Which login is followed; what comes of one that was called off meanwhile does not count."""
        self._facts, self._steps = Text(), Text()
        self._begin = button("Log in…", self._start)
        self._cancel = button("Cancel", self._give_up)
        super().__init__(
            [HBox([self._facts, self._begin], layout={"justify_content": "space-between"}), self._steps, self._cancel],
            layout={"border_bottom": "1px solid var(--jp-border-color2, #ddd)"},
        )

    def show(self, auth: DeviceAuth, device: api.Device | None, *, sends: bool) -> None:
        """Show how it stands. Called with the lock."""
        agent = codex(device)
        self._name = device.name if device else auth.name
        self._facts.show(facts(auth, device, sends=sends))
        pending = self._following is not None and (self._login is None or self._login.state in PENDING)
        can = agent is not None and agent.ready and agent.device_login and not words.usable(agent)
        shown(self._begin, can and not pending)
        self._begin.disabled = not self._owner.connected or device is None or not words.present(device)
        shown(self._cancel, pending)
        failed = problem(self._failed.message, self._failed.fix) if self._failed else []
        self._steps.show([*self._told(pending), *failed])

    def _told(self, pending: bool) -> list[Part]:
        login = self._login
        if login is None:
            return [Line(Mark(f"Asking {self._name}…", "busy"))] if pending else []
        match login.state:
            case "starting":
                return [Line(Mark("Codex asks for a code…", "busy"))]
            case "waiting":
                return _steps(login, self._name)
            case "done":
                return [Line(Mark(f"Codex is logged in on {self._name}.", "good", "✓"))]
            case "failed":
                return problem(login.message or "The login failed.", login.fix)
            case "cancelled":
                return [Line("The login was called off. Nothing was changed.", "warning")]
            case "none":
                return [Line("This login is no longer waited for.", "warning")]

    def _start(self) -> None:
        with LOCK:
            if self._following is not None or not self._owner.connected:
                return
            self._following, self._login, self._failed = (which := object()), None, None
            self._owner._submit(self._follow(which), lambda future: self._ended(which, future))
            self._owner._paint_all()

    async def _follow(self, which: object) -> None:
        """Log in, and tell each step; in the session's thread."""
        session = self._owner._session
        if session is not None:
            async for login in _logging_in(session.client, self._id):
                worker.do(partial(self._step, which, login))

    def _step(self, which: object, login: AgentLogin) -> None:
        with LOCK:
            if self._following is which:
                self._login = login
        self._owner._refresh()

    def _ended(self, which: object, future: Any) -> None:
        _, failed = outcome(future)
        with LOCK:
            if self._following is which:
                self._following, self._failed = None, failed
                if self._login is not None and self._login.state in PENDING:
                    self._login = None  # nobody follows it any more
        self._owner._refresh()

    def _give_up(self) -> None:
        session = self._owner._session
        if session is not None:
            self._owner._submit(session.client.cancel_login(self._id, AGENT), self._given_up)

    def _given_up(self, future: Any) -> None:
        found, failed = outcome(future)
        with LOCK:
            self._failed = failed
            if found is not None:
                self._following, self._login = None, found
        self._owner._refresh()


async def _logging_in(client: Client, device_id: str) -> AsyncIterator[AgentLogin]:
    async for login in client.logging_in(await client.login(device_id, AGENT)):
        yield login


def codex(device: api.Device | None) -> api.Agent | None:
    """Return what a device says of Codex."""
    return next((one for one in device.agents if one.id == AGENT), None) if device is not None else None


def facts(auth: DeviceAuth, device: api.Device | None, *, sends: bool) -> list[Part]:
    """Return how Codex and its login file stand on a device."""
    agent = codex(device)
    name: Cell = [Strong(device.name), words.presence(device)] if device else Strong(auth.name)
    state: Cell = words.agent_state(agent) if agent else words.NONE
    file = words.login_file(auth, sends=sends)
    rows: list[tuple[str, Cell]] = [
        ("Codex", state),
        ("Login file", [file, *([Faint(auth.target_path)] if auth.target_path else [])]),
    ]
    parts: list[Part] = [Line(name), Known(rows)]
    if auth.error:
        parts += problem(auth.error)
    return parts + (_help(agent) if agent is not None else [])


def _help(agent: api.Agent) -> list[Part]:
    """Return what makes it work, where a login by code does not."""
    if words.usable(agent) or (agent.ready and agent.device_login):
        return []
    lines = [agent.fix, agent.install_command if not agent.ready else agent.login_command]
    return [Line(Code(one)) for one in dict.fromkeys(filter(None, lines))]


def _steps(login: AgentLogin, name: str) -> list[Part]:
    url = login.url or ""
    return [
        Line(
            f"This is a login of {name} alone: {ALONE}",
            "hint",
        ),
        Line(["1.", Strong("Open this page, in any browser:"), Link(url, "Open the page"), Code(url)]),
        Line(["2.", Strong("Log in there, and type this code:"), Code(login.code or "", large=True)]),
        Line("Only if you began this login yourself: whoever types the code lets this device use the account.", "hint"),
        Line(Mark("Waiting for you to confirm it there…", "busy")),
    ]
