"""What the gateway's REST and Socket.IO API takes and gives; the OpenAPI document is made from these models.

Times are ISO 8601 in UTC. Devices follow the field names of Wegent's `DeviceInfo` where it has them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from wegent_jupyter.protocol.context import ContextItem, Given
from wegent_jupyter.protocol.states import TurnState

MAX_PROMPT_BYTES = 1 << 20
"""1 MiB of UTF-8: the largest prompt; more is answered 413."""
DEFAULT_SLOTS = 5
MAX_SLOTS = 20
"""Feature page: 5 concurrent tasks; 1 to 20 as Wegent's runtime settings allow."""

Mode = Literal["ask", "edits", "plan", "full"]
"""How much an agent may do without asking: look only, edit files too, look and propose a plan, everything."""
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Which model answers, beside the agent's own choice: `practice` is the scripted one, never an AI; `PROVIDER/MODEL` is
one of a provider that the person configured (`protocol/models.py`)."""
PRACTICE_MODEL = "practice"
QueueReason = Literal["offline", "earlier_message", "paused", "waiting_for_you", "slots"]
"""Its device is away; an earlier message of the task runs; an earlier message failed, so that a person says whether to
go on; all slots are in use, some by turns that wait for a person; all slots are in use."""
AgentText = Annotated[str, StringConstraints(max_length=4096)]
"""What a device may say of an agent: it is kept, and shown in every face."""
WorkspaceSource = Literal["local_path", "chat", "git_worktree"]
"""A directory that a person named, of a project or not; a folder of the task's own; a Git worktree of its own."""
DeviceStatus = Literal["online", "busy", "reconnecting", "offline"]


class Model(BaseModel):
    """Base of what we give out: unknown fields are ignored, so that old clients survive new servers."""

    model_config = ConfigDict(extra="ignore")


class Request(BaseModel):
    """Base of what we take in: an unknown field is an error that names it."""

    model_config = ConfigDict(extra="forbid")


class Agent(Model):
    """An agent as one device reports it."""

    id: Annotated[str, StringConstraints(max_length=100)]
    name: Annotated[str, StringConstraints(max_length=200)]
    practice: bool = False
    """Scripted, not an AI. Every face has to say so."""
    ready: bool = True
    version: AgentText | None = None
    reason: AgentText | None = None
    """Why it cannot run there, in words."""
    fix: AgentText | None = None
    """What makes it ready: a command, or a sentence."""
    path: AgentText | None = None
    """The program that would run."""
    logged_in: bool | None = None
    """None: not known, or it needs no login."""
    login_command: AgentText | None = None
    """A command for a terminal of that device: the agent's own login."""
    install_command: AgentText | None = None
    """A command for a terminal of that device that installs it."""
    install_mb: int | None = None
    """What that downloads, in MB."""
    accepts_path: bool = False
    """A person may say where the program is (`PUT …/agents/{id}`)."""
    steering: bool = False
    """Takes messages while it works."""
    models: Annotated[list[ModelName], Field(max_length=20)] = []
    """What `CreateTask.model` may name beside the models of providers."""
    provider: Literal["anthropic", "openai"] | None = None
    """The API whose providers it can use; None: none."""
    device_login: bool = False
    """It can be logged in on that device by a code (`POST …/agents/{id}/login`)."""


class RunningTask(Model):
    """A turn that holds a slot, in the shape of Wegent's `device:slot_update`."""

    task_id: int
    subtask_id: int
    title: str
    status: TurnState
    created_at: str | None = None
    waiting: bool = False
    """It waits for a person's answer."""


class Device(Model):
    """A device as faces show it: Wegent's `DeviceInfo` and what we know beyond it."""

    id: int = 0
    device_id: str
    name: str
    """The person's own name for it, else the device's."""
    status: DeviceStatus
    device_type: Literal["local", "remote", "cloud", "app"] = "local"
    bind_shell: str = "claudecode"
    embedded: bool = False
    """Started and supervised by this very server."""
    is_default: bool = False
    connection_mode: str = "websocket"
    slot_used: int = 0
    slot_max: int = DEFAULT_SLOTS
    queued: int = 0
    running_tasks: list[RunningTask] = []
    executor_version: str | None = None
    last_heartbeat: str | None = None
    agents: list[Agent] = []
    workspace_root: str | None = None
    """Where the device makes chat folders."""
    problem: str | None = None
    """Why it is not online, in words, when we know."""
    machine: str | None = None
    """Devices with the same value are executors on one machine, for the same account of it."""
    reported_name: str | None = None
    """What the device calls itself."""
    reconnect_seconds: int | None = None
    """While `reconnecting`: how long it may stay away before its turns fail."""
    capabilities: list[str] = []
    latest_version: str | None = None
    """The gateway's own: what the device could have."""
    update_available: bool = False
    client_ip: str | None = None
    runtime_transfer_host: str | None = None
    runtime_instance_id: str | None = None
    app_device_id: str | None = None
    socket_device_id: str | None = None
    runtime_features: dict[str, Any] | None = None
    cloud_config: dict[str, Any] | None = None
    remote_config: dict[str, Any] | None = None


class TurnError(Model):
    """Why a turn failed."""

    code: str
    message: str
    fix: str | None = None


class Usage(Model):
    """What a turn used, as the agent reported it."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    session_cost_usd: float | None = None
    """What the agent's session has cost so far in US dollars, earlier turns included, as the agent says."""


class Attachment(Model):
    """A file that a person sent with a message."""

    id: int
    name: str
    type: str
    size: int
    """Bytes."""


class Turn(Model):
    """One user message and the run that answers it."""

    id: int
    task_id: int
    number: int
    """1 for the task's first message."""
    prompt: str
    agent: str
    practice: bool = False
    mode: Mode
    model: ModelName | None = None
    device_id: str
    attachments: list[Attachment] = []
    context: list[ContextItem] = []
    """What of a notebook went with it."""
    state: TurnState
    cancelling: bool = False
    """Stop was asked for and is being carried out."""
    corrected: bool = False
    """It had counted as lost with its device, which came back and knew better."""
    position: int | None = None
    """What orders a queue, where a person changed the order; else its id does."""
    attempt_id: int | None = None
    """The wire's `subtask_id` of the newest dispatch."""
    error: TurnError | None = None
    usage: Usage | None = None
    stop_reason: str | None = None
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None


class Task(Model):
    """A conversation, without its turns."""

    id: int
    title: str
    agent: str
    practice: bool = False
    mode: Mode
    model: ModelName | None = None
    device_id: str
    workspace: str | None = None
    """The directory in which it runs; None until a new chat folder or worktree was made."""
    workspace_source: WorkspaceSource = "local_path"
    """What that directory is."""
    project_id: int | None = None
    standalone_chat_workspace_path: str | None = None
    """Wegent's label `standaloneChatWorkspacePath`: the chat folder, where it works in one."""
    state: TurnState
    """That of its newest turn."""
    cancelling: bool = False
    error: TurnError | None = None
    waiting: int = 0
    """Approvals that wait for a person."""
    queue_reason: QueueReason | None = None
    """Why it waits, when it does."""
    paused: bool = False
    """A message failed while others waited: they go on when a person says so (`…/resume`)."""
    queue_position: int | None = None
    """1 for the turn that starts next on its device; None when nothing of it waits."""
    turns: int = 1
    created_at: str
    updated_at: str


class TaskDetail(Task):
    """A conversation with its turns; the events of its transcript come from `/tasks` or `…/events`."""

    turn_list: list[Turn] = []
    last_pos: int = 0


class Event(Model):
    """One position of a task's history. Applying one twice changes nothing.

    * `turn`: `data` is the whole Turn, replacing what was known of it.
    * `delta`: `data` is {item_id, index, kind: "message"|"thought"|"output", offset, text}; `offset` counts code
      points. For `output`, the text belongs to the tool item of that id.
    * `item`: `data` is {item_id, index, kind: "message"|"thought"|"tool"|"plan"|"notice"|"steer"|"approval"|
      "trust", …}: the whole item, replacing what was known of it. Messages, thoughts, notices and steering messages of
      the user carry `text`; tools carry `title`, `tool`
      (ACP kind), `status`, `input`, `output`, `diffs` [{path, old, new}], `locations` [{path, line}], `seconds`;
      plans carry `entries` [{content, status, priority}]; approvals carry `approval`, a whole Approval; trust
      questions carry `path` and `found`, the agent configuration that stays off until the path is trusted.

    Items are shown in the order of `index` within their attempt; an attempt's items follow its turn's prompt.
    """

    task_id: int
    pos: int
    turn_id: int
    attempt_id: int | None = None
    type: Literal["turn", "delta", "item"]
    data: dict[str, Any]


class Workspace(Request):
    """Where a new task runs: an existing directory of the device, or a new chat folder."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    """Absolute, or starting with `~`. None: the project's directory, else a new chat folder."""
    worktree: bool = False
    """In a Git worktree of the task's own, of the repository at `path` or of the project's."""


MAX_ATTACHMENTS = 20
"""With one message."""
AttachmentIds = Annotated[list[Annotated[int, Field(gt=0, lt=1 << 53)]], Field(max_length=MAX_ATTACHMENTS)]
Prompt = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


class CreateTask(Request):
    """A new conversation."""

    prompt: Prompt
    agent: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    mode: Mode = "ask"
    model: ModelName | None = None
    device_id: str | None = None
    """None: the starred device, else the embedded one."""
    workspace: Workspace = Field(default_factory=Workspace)
    project_id: Annotated[int, Field(gt=0, lt=1 << 53)] | None = None
    """On the project's device, in its directory."""
    attachments: AttachmentIds = []
    context: Given = []
    title: Annotated[str, StringConstraints(max_length=200)] | None = None


class CreateTurn(Request):
    """The next message of a conversation."""

    prompt: Prompt
    mode: Mode | None = None
    """None: as before."""
    device_id: str | None = None
    """Where to run it; None: where the task ran last. Elsewhere it goes on with a fresh session of the agent, in that
    device's own directory, with what was said as context. Files do not travel."""
    agent: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    """None: as before. Another one only together with another device."""
    model: ModelName | Literal[""] | None = None
    """None: as before. '' : none any more."""
    workspace: Workspace | None = None
    """On another device. None: where the task ran there before, else a new chat folder."""
    attachments: AttachmentIds = []
    context: Given = []


class Steer(Request):
    """A message for the turn that runs."""

    prompt: Prompt


class Choice(Model):
    """One answer that a question offers."""

    label: str
    description: str = ""


class Question(Model):
    """A question of the agent's own."""

    question: str
    header: str = ""
    multiple: bool = False
    options: list[Choice] = []
    free: bool = True
    """Any other text is an answer, too."""


ApprovalState = Literal["open", "allowed", "denied", "expired", "withdrawn"]
"""`expired`: its run died before it had the answer; `withdrawn`: the agent no longer asks, such as after Stop."""
Asks = Literal["tool", "question", "plan"]
"""May I do this? Which of these? Shall I carry out this plan?"""


class Approval(Model):
    """Something for which an agent needs a person. The first answer wins, whichever face it comes from."""

    id: str
    """`{attempt_id}.{number}`"""
    task_id: int
    turn_id: int
    attempt_id: int
    device_id: str
    agent: str
    practice: bool = False
    task_title: str = ""
    index: int = 0
    """Its place in the transcript."""
    asks: Asks = "tool"
    title: str
    tool: str = "other"
    """ACP's kind of tool."""
    tool_item: str | None = None
    """The tool card that it is about, by item id."""
    workspace: str | None = None
    """Where."""
    input: Any = None
    """What the tool would get. A plan has its text in `plan`."""
    diffs: list[dict[str, Any]] = []
    """[{path, old, new}]"""
    scope: str | None = None
    """What `allow_task` would allow from now on, in words; None: it cannot be allowed for the whole task."""
    editable: bool = False
    """The answer may carry another `input`."""
    questions: list[Question] = []
    state: ApprovalState = "open"
    decision: "Decision | None" = None
    created_at: str
    decided_at: str | None = None


class Decision(Request):
    """A person's answer."""

    decision: Literal["allow", "allow_task", "deny"]
    reason: Annotated[str, StringConstraints(max_length=4000)] | None = None
    """Why not; the agent is told where it can be."""
    input: dict[str, Any] | None = None
    """Instead of the tool's own, where the approval is `editable`."""
    answers: dict[str, str | list[str]] | None = None
    """To the questions, by their text."""


class ApprovalList(Model):
    """Answer of `GET /approvals`: the open ones, oldest first."""

    items: list[Approval]
    total: int


class AgentPath(Request):
    """Where an agent's program is on its device; None: look for it again."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None


class TrustRequest(Request):
    """Say whether the agent configuration that a directory brings may be used."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    trusted: bool | None
    """None: forget the answer, and ask again."""


class TrustedPath(Model):
    """A directory about which a person decided."""

    path: str
    trusted: bool


class TrustList(Model):
    """Answer of `…/trust`."""

    items: list[TrustedPath]


class CancelTurn(Request):
    """Stop one turn; None: the newest that is not finished."""

    turn_id: int | None = None


class ContinueTask(Request):
    """Take up a conversation whose newest turn failed or was stopped."""


class ResumeTask(Request):
    """Let the messages of a paused conversation run."""


class RefreshAgents(Request):
    """Look again which agents can run on a device."""


class CreatedTask(Model):
    """Answer to a new conversation."""

    task: Task
    turn: Turn


class DeviceList(Model):
    """Answer of `GET /devices`, in Wegent's shape."""

    items: list[Device]
    total: int


class AgentList(Model):
    """Answer of `GET /agents`: those of one device."""

    device_id: str
    items: list[Agent]


class TaskList(Model):
    """Answer of `GET /tasks`, newest activity first."""

    items: list[Task]
    total: int


class EventList(Model):
    """Answer of `GET /tasks/{id}/events`."""

    items: list[Event]
    last_pos: int


GatewayState = Literal["running", "starting", "elsewhere", "broken"]


class Version(Model):
    """Who answers, and whether its gateway runs here."""

    name: str = "wegent-jupyter"
    version: str
    protocol: int
    state: GatewayState
    url: str | None = None
    """Where the gateway of this data directory runs, when `elsewhere`."""
    reason: str | None = None
    """What is wrong, when `broken`."""
    root: str | None = None
    """The directory whose files this server shows, links followed; None where they are no files of its machine."""
    gateway_id: str | None = None
    """Which gateway runs here: the numbers of its tasks are its own."""
    notice: str | None = None
    """What the operator wants every face to say."""


class Problem(Model):
    """Every error answer. `detail` is Wegent's; `fix` says what to do."""

    detail: str | list[dict[str, Any]]
    message: str
    code: str
    fix: str | None = None
