"""Terminals: what the API takes and gives, and what crosses the device link and the namespace `/terminal`.

The device owns a terminal; the gateway routes. Positions are byte offsets in what the terminal ever printed. Wegent's
own messages are those of its backend/app/api/ws/terminal_namespace.py and executor/src/local/pty.rs; ours add viewers,
offsets and credit.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from wegent_jupyter.protocol.api import Model, Request
from wegent_jupyter.protocol.wire import Wire

NAMESPACE = "/terminal"

START = "device:start_terminal_session"
"""Gateway to device."""
ATTACH, DETACH = "terminal:attach", "terminal:detach"
"""A viewer wants to see a terminal, no longer. Ours carry the viewer; Wegent's `attach` only asks for output."""
INPUT, RESIZE, CLOSE = "terminal:input", "terminal:resize", "terminal:close"
CREDIT = "terminal:credit"
"""Ours: a viewer has shown everything up to an offset."""
OUTPUT, EXIT = "terminal:output", "terminal:exit"
"""Device to gateway to viewer."""
REPORT, REPORT_ALL = "terminal:report", "terminal:report_all"
"""Ours, device to gateway: how a terminal is now; how all are, after each registration: those that are not named are
over."""
NOTICE = "terminal:notice"
"""Ours, to a viewer: a sentence about the terminal, such as that it takes no more input."""
AWAY, BACK = "terminal:away", "terminal:back"
"""Ours, gateway to viewer: the device is not connected, so the terminal stands still; it is there again: attach."""

WINDOW = 256 << 10
"""Bytes of output that a viewer may have before it says that it has shown them."""
CREDIT_STEP = WINDOW // 4
"""A viewer says so each time it has shown this many more."""
CHUNK = 64 << 10
"""Bytes of output in one message, at most."""
RING_BYTES, STOCK_RING_BYTES = 4 << 20, 1 << 20
"""What is kept of the output of one of our terminals, and of one of Wegent's executors."""
MAX_SIDE = 1_000
"""Rows or columns; a larger terminal is a mistake, and costs programs memory."""
MAX_INPUT_BYTES = 2 << 20
"""One message of input: a paste of 1 MiB, and as much again for what is not ASCII."""

SessionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
ViewerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Offset = Annotated[int, Field(ge=0, lt=1 << 53)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
ExitReason = Literal["exited", "closed", "unused", "executor_ended", "device_removed"]
"""Its shell ended; a person closed it; nobody looked at it for too long; its executor ended, and the shell with it; its
device was deleted."""


def _as_bytes(value: Any) -> Any:
    """Take text as UTF-8: a stock browser sends text, and halves of surrogate pairs come from JavaScript."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


Data = Annotated[bytes, BeforeValidator(_as_bytes)]

# The API.


class StartTerminal(Request):
    """Open a terminal on a device."""

    path: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """Where it starts: absolute, below `~`, or relative to the device's workspace root, which it is by default."""
    task_id: Annotated[int, Field(gt=0, lt=1 << 53)] | None = None
    """Start where this task works on that device. A given `path` wins."""
    rows: Side = 24
    cols: Side = 80


class StartedTerminal(Model):
    """Wegent's answer to it."""

    session_id: str
    device_id: str
    project_id: int = 0
    type: Literal["terminal"] = "terminal"
    path: str
    url: str = ""
    transport: Literal["socketio"] = "socketio"


class StartedProjectTerminal(StartedTerminal):
    """Wegent's answer for a terminal in a project."""

    expires_at: str | None = None
    """Ours do not expire: unused ones are ended."""


class Terminal(Model):
    """A terminal as faces show it."""

    session_id: str
    device_id: str
    device_name: str
    project_id: int = 0
    path: str
    """The directory in which it started."""
    created_at: str
    state: Literal["open", "away", "ended"]
    """`away`: its device is not connected; `ended`: its last output can still be read."""
    busy: bool = False
    """A program runs in it, beside the shell."""
    viewers: int = 0
    exit_code: int | None = None
    """-N for signal N."""


class TerminalList(Model):
    """A list of them, oldest first."""

    items: list[Terminal]
    total: int


# The device link.


class Start(Wire):
    """`device:start_terminal_session`; the fields of Wegent's backend, of which we need neither token nor times."""

    type: str = "terminal"
    session_id: SessionId
    project_id: int = Field(default=0, ge=0)
    path: str | None = Field(default=None, max_length=4096)
    create_if_missing: bool = False
    ttl_seconds: int = 3600
    expires_at: str = ""
    access_token: str = ""
    rows: Side = 24
    cols: Side = 80
    roots: list[str] = Field(default=[], max_length=10_000)
    """Ours: directories that the gateway has registered for this device, beside the device's own."""


class StartAnswer(Wire):
    """Its ack."""

    success: bool
    session_id: str = ""
    path: str = Field(default="", max_length=4096)
    error: str = Field(default="", max_length=4000)
    code: str = Field(default="refused", max_length=40)
    """Ours: `bad_path`, `too_many_terminals`, `malformed`, or that there can be none."""


class Report(Wire):
    """How one terminal is: `terminal:report`, and in a registration."""

    session_id: SessionId
    project_id: int = Field(default=0, ge=0)
    path: str = Field(max_length=4096)
    created_at: str = Field(max_length=40)
    busy: bool = False
    ended: bool = False
    exit_code: int | None = None


class Reports(Wire):
    """`terminal:report_all`."""

    terminals: list[Report] = Field(default=[], max_length=1_000)


class Attach(Wire):
    """`terminal:attach`. From faces without `viewer`: a stock browser, which gets text and no credit."""

    session_id: SessionId
    device_id: str | None = Field(default=None, max_length=100)
    """Where it should be: tells a device that is away from a terminal that never was."""
    viewer: ViewerId | None = None
    """Named by the face: one socket may look at a terminal more than once."""
    since: Offset | None = None
    """What the viewer has; None: nothing."""
    rows: Side | None = None
    cols: Side | None = None


class Watch(Wire):
    """`terminal:attach` and `terminal:detach` on the device link: `viewer` is the gateway's own name for one."""

    session_id: SessionId
    viewer: str = Field(max_length=128)
    """Empty: a stock backend, which takes text and gives no credit."""
    since: Offset | None = None
    rows: Side | None = None
    cols: Side | None = None


class Input(Wire):
    """`terminal:input`."""

    session_id: SessionId
    viewer: str | None = Field(default=None, max_length=128)
    data: Data


class Resize(Wire):
    """`terminal:resize`; `focus`: the person looks at this viewer, which sets the size from now on."""

    session_id: SessionId
    viewer: str | None = Field(default=None, max_length=128)
    rows: Side
    cols: Side
    focus: bool = False


class Credit(Wire):
    """`terminal:credit`."""

    session_id: SessionId
    viewer: str = Field(min_length=1, max_length=128)
    offset: Offset


class Session(Wire):
    """What only names a terminal, and perhaps a viewer."""

    session_id: SessionId
    viewer: str | None = Field(default=None, max_length=128)


class Output(Wire):
    """`terminal:output`: what was printed from `offset` to `end`; `data` is shorter where questions were taken out.

    `reset`: forget what was shown; what the viewer has does not continue.
    """

    session_id: SessionId
    viewer: str | None = Field(default=None, max_length=128)
    offset: Offset = 0
    end: Offset = 0
    data: Data
    reset: bool = False


class Exit(Wire):
    """`terminal:exit`, after all output that the viewer gets."""

    session_id: SessionId
    viewer: str | None = Field(default=None, max_length=128)
    exit_code: int | None = None
    reason: ExitReason = "exited"
    error: str | None = Field(default=None, max_length=4000)


class Notice(Wire):
    """`terminal:notice`."""

    session_id: SessionId
    viewer: str | None = Field(default=None, max_length=128)
    message: str = Field(max_length=4000)
