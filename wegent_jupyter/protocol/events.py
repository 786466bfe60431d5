"""What agents do, in ACP's shapes, and its two encodings: Wegent's `response.*` on the wire, `Event` for viewers.

An *item* is one message, thought, tool call, plan or notice of an attempt. Text grows by deltas that name the item and
the character offset, everything else is sent whole, so that applying an event twice changes nothing.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from wegent_jupyter.protocol.api import Asks, TurnError, Usage
from wegent_jupyter.protocol.states import AttemptState

TextKind = Literal["message", "thought", "output"]
Json = dict[str, Any]


@dataclass(slots=True)
class Started:
    """The agent answers; `session_id` resumes its conversation later."""

    agent: str
    workspace: str
    chat_folder: bool = False
    session_id: str | None = None


@dataclass(slots=True)
class Delta:
    """Text added to an item at `offset`, in code points."""

    item_id: str
    index: int
    kind: TextKind
    offset: int
    text: str


@dataclass(slots=True)
class Tool:
    """A tool call, whole. `tool` is ACP's kind; `output` is text; `seconds` is None while it runs."""

    item_id: str
    index: int
    title: str
    tool: str = "other"
    status: Literal["pending", "in_progress", "completed", "failed"] = "pending"
    input: Any = None
    output: str = ""
    diffs: list[Json] = field(default_factory=list)
    locations: list[Json] = field(default_factory=list)
    seconds: float | None = None


@dataclass(slots=True)
class Plan:
    """The agent's plan, whole: entries of {content, status, priority}."""

    item_id: str
    index: int
    entries: list[Json]


@dataclass(slots=True)
class Notice:
    """A sentence of ours about the run, such as a truncation."""

    item_id: str
    index: int
    text: str
    level: Literal["info", "warning"] = "info"


@dataclass(slots=True)
class Steered:
    """What the user said to the agent while it worked."""

    item_id: str
    index: int
    text: str


@dataclass(slots=True)
class Trust:
    """The workspace brings agent configuration (`found`) that is off, since nobody said that `path` is trusted."""

    item_id: str
    index: int
    path: str
    found: list[str]


@dataclass(slots=True)
class Changed:
    """What the turn changed in its directory: entries of `changes.FileChange`, `total` of them in all.

    `note` says why nothing is known, such as that the directory is too large.
    """

    item_id: str
    index: int
    files: list[Json]
    total: int
    note: str | None = None


@dataclass(slots=True)
class Asked:
    """The agent needs a person, or (`withdrawn`) no longer does; fields as in `api.Approval`."""

    item_id: str
    index: int
    approval_id: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,15}\.[1-9][0-9]{0,6}$")]
    title: str
    asks: Asks = "tool"
    tool: str = "other"
    tool_item: str | None = None
    input: Any = None
    diffs: list[Json] = field(default_factory=list)
    scope: str | None = None
    editable: bool = False
    questions: list[Json] = field(default_factory=list)
    withdrawn: bool = False


@dataclass(slots=True)
class Ended:
    """The one terminal event of an attempt."""

    state: AttemptState
    stop_reason: str | None = None
    usage: Usage | None = None
    session_id: str | None = None
    error: TurnError | None = None


Plain = Tool | Plan | Notice | Steered | Trust | Changed
"""Items that only viewers care about."""
Block = Plain | Asked
AgentEvent = Started | Delta | Block | Ended

TERMINAL_EVENTS = frozenset({"response.completed", "response.incomplete", "error"})
"""Those that Wegent's dispatcher takes as the end of a run; it drops `response.failed`, so we never send that."""

_BLOCK_STATUS = {"pending": "pending", "in_progress": "pending", "completed": "done", "failed": "error"}


def encode(event: AgentEvent) -> tuple[str, Json]:
    """Return (event name, data) of Wegent's stream for one agent event."""
    name, data = _ENCODERS[type(event)](event)
    return name, {"type": name, **data}


def _started(event: Started) -> tuple[str, Json]:
    data: Json = {"shell_type": event.agent, "workspace": event.workspace, "session_id": event.session_id}
    if event.chat_folder:
        data["standalone_chat_workspace_path"] = event.workspace
    return "response.created", data


_DELTA_NAMES: dict[TextKind, str] = {
    "message": "response.output_text.delta",
    "thought": "response.reasoning_summary_text.delta",
    # Ours: a stock peer drops it and reads the output from the block's last update.
    "output": "response.block.output.delta",
}
_DELTA_KINDS = {name: kind for kind, name in _DELTA_NAMES.items()}


def _delta(event: Delta) -> tuple[str, Json]:
    return _DELTA_NAMES[event.kind], {
        "delta": event.text,
        "block_id": event.item_id,
        "block_offset": event.offset,
        "output_index": event.index,
    }


def _tool(event: Tool) -> tuple[str, Json]:
    block = {
        "id": event.item_id,
        "type": "tool",
        "tool_use_id": event.item_id,
        "tool_name": event.title,
        "tool_input": event.input,
        "tool_output": event.output,
        "status": _BLOCK_STATUS[event.status],
        "item": asdict(event),
    }
    return "response.block.created", {"block": block}


_KINDS: dict[type, str] = {
    Tool: "tool",
    Plan: "plan",
    Notice: "notice",
    Steered: "steer",
    Trust: "trust",
    Changed: "changes",
    Asked: "approval",
}
_CLASSES = {kind: cls for cls, kind in _KINDS.items()}


@cache
def _checker(kind: str) -> TypeAdapter[Any]:
    """Return what checks the types of an item; made when first needed, as a device never needs one."""
    return TypeAdapter(_CLASSES[kind])


def _other_block(event: Block) -> tuple[str, Json]:
    block = {"id": event.item_id, "type": _KINDS[type(event)], "item": asdict(event)}
    return "response.block.created", {"block": block}


def _ended(event: Ended) -> tuple[str, Json]:
    if event.state is AttemptState.FAILED:
        error = event.error or TurnError(code="runtime_error", message="The agent failed without saying why.")
        return "error", error.model_dump(exclude_none=True)
    cancelled = event.state is AttemptState.CANCELLED
    response: Json = {
        "object": "response",
        "status": "cancelled" if cancelled else "completed",
        "stop_reason": event.stop_reason,
        "usage": event.usage.model_dump() if event.usage else None,
        "executor_session": event.session_id,
        "output": [],
    }
    if cancelled:
        response["error"] = {"code": "cancelled", "message": "Task cancelled"}
    return ("response.incomplete" if cancelled else "response.completed"), {"response": response}


_ENCODERS: dict[type, Callable[[Any], tuple[str, Json]]] = {
    Started: _started,
    Delta: _delta,
    Tool: _tool,
    Plan: _other_block,
    Notice: _other_block,
    Steered: _other_block,
    Trust: _other_block,
    Changed: _other_block,
    Asked: _other_block,
    Ended: _ended,
}


class BadEvent(ValueError):
    """A stream event whose data does not have the shape that its name promises."""


def decode(name: str, data: Json) -> AgentEvent | None:
    """Return what a `response.*` event means, or None for one that carries nothing for us; raises BadEvent."""
    try:
        return _decode(name, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadEvent(f"{name}: {error!r}") from error


def _decode(name: str, data: Json) -> AgentEvent | None:
    if name in _DELTA_KINDS:
        if not isinstance(data["delta"], str):
            raise TypeError("'delta' is not text")
        kind = _DELTA_KINDS[name]
        return Delta(str(data["block_id"]), int(data["output_index"]), kind, int(data["block_offset"]), data["delta"])
    if name == "response.block.created":
        return _decode_block(data["block"])
    if name == "response.created":
        return Started(
            str(data.get("shell_type") or ""),
            str(data.get("workspace") or ""),
            "standalone_chat_workspace_path" in data,
            data.get("session_id"),
        )
    if name in TERMINAL_EVENTS:
        return _decode_end(name, data)
    return None


def _decode_block(block: Json) -> AgentEvent | None:
    kind = block["type"]
    return _checker(kind).validate_python(block["item"]) if kind in _CLASSES else None


def _decode_end(name: str, data: Json) -> Ended:
    if name == "error":
        message = str(data.get("message") or "The agent failed without saying why.")
        error = TurnError(code=str(data.get("code") or "runtime_error"), message=message, fix=data.get("fix"))
        return Ended(AttemptState.FAILED, error=error)
    response = data["response"]
    state = AttemptState.COMPLETED if name == "response.completed" else AttemptState.CANCELLED
    usage = Usage.model_validate(response["usage"]) if response.get("usage") else None
    return Ended(state, response.get("stop_reason"), usage, response.get("executor_session"))


_NAMES = {cls: [one.name for one in fields(cls)] for cls in (Delta, *_KINDS)}


def viewer_event(event: Delta | Plain) -> tuple[Literal["delta", "item"], Json]:
    """Return (type, data) of the `Event` that viewers get for an item; `data` shares what the event holds."""
    # Not `asdict`, which copies deeply and takes ten times as long.
    data = {name: getattr(event, name) for name in _NAMES[type(event)]}
    return ("delta", data) if isinstance(event, Delta) else ("item", {"kind": _KINDS[type(event)], **data})
