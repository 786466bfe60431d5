"""Messages of the device link: Wegent's own (backend/app/api/ws/device_namespace.py there) and our extensions.

Extensions travel in `runtime_features.wegentJupyter` of `device:register` and in its ack; a stock peer ignores both.
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from wegent_jupyter.protocol.access import DeviceId, printable
from wegent_jupyter.protocol.api import MAX_ATTACHMENTS, Agent, Attachment, Decision, Mode, ModelName, TrustedPath
from wegent_jupyter.protocol.states import AttemptState

NAMESPACE = "/local-executor"
EXTENSION_VERSION = 1

REGISTER = "device:register"
HEARTBEAT = "device:heartbeat"
EXECUTE = "task:execute"
CANCEL = "task:cancel"
EVENTS = "attempt:events"
"""Ours, device to gateway: several stream events of an attempt in one message, a tenth of the work of one for each."""
ACKS = "attempt:acks"
"""Ours, gateway to device: the highest `seq` of each attempt that is committed."""
CHECK_WORKSPACE = "workspace:check"
"""Ours, gateway to device: can a turn run in this directory?"""
DECIDE = "approval:decide"
"""Ours, gateway to device: a person's answer. Idempotent; the ack says that the device has it."""
STEER = "turn:steer"
"""Ours, gateway to device: a message for the turn that runs."""
AGENTS = "agents:report"
"""Ours, device to gateway: its agents, whenever they changed."""
REFRESH = "agents:refresh"
"""Ours, gateway to device: look again which agents can run."""
AGENT_PATH = "agents:path"
"""Ours, gateway to device: where an agent's program is."""
TRUST = "workspace:trust"
"""Ours, gateway to device: what a person said about a directory's own agent configuration."""
TRUSTED = "workspace:trusted"
"""Ours, gateway to device: list these."""
COMMAND = "device:execute_command"
UPGRADE, UPGRADE_STATUS = "device:upgrade", "device:upgrade_status"
STATUS = "device:status"
HARMLESS = ("runtime:event", "runtime.tasks.updated")
"""What Wegent's executors tell of their own work: taken, and of no use to us."""
PING = "device:ping"
"""Ours, gateway to device: are you there? Asked when a second process comes with the same identity."""
GOODBYE = "device:goodbye"
"""Ours, device to gateway: it ends on purpose and has nothing more to tell."""
SHUTDOWN = "executor:shutdown"
"""Ours, gateway to the embedded device: end when idle."""

HEARTBEAT_SECONDS = 30.0
"""Wegent's `LOCAL_HEARTBEAT_INTERVAL`."""
CALL_SECONDS = 30.0
"""How long we wait for an ack before its outcome counts as unknown."""
MAX_MESSAGE_BYTES = 16 << 20
"""16 MiB: the largest frame either of our sides takes. A 1 MiB prompt, escaped six-fold, fits."""

WireId = Annotated[int, Field(gt=0, lt=1 << 53)]


class Wire(BaseModel):
    """Base of all messages: unknown fields are ignored, as Wegent does."""

    # What was sent is not repeated in errors, which are logged: it may hold keys.
    model_config = ConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class AttemptReport(Wire):
    """What a device says of one attempt when it registers."""

    task_id: WireId
    attempt_id: WireId
    running: bool
    last_seq: int = Field(ge=0)
    approvals: list[str] = Field(default=[], max_length=1_000)
    """Those that still wait for an answer."""


class DeviceExtension(Wire):
    """Our part of a registration."""

    version: int
    boot_id: str = Field(max_length=100)
    """New at each start of the executor process."""
    agents: list[Agent] = Field(default=[], max_length=50)
    workspace_root: str | None = Field(default=None, max_length=4096)
    machine: str | None = Field(default=None, max_length=100)
    """The same for all executors of one account on one machine; tells nothing else of it."""
    attempts: list[AttemptReport] = Field(default=[], max_length=10_000)


class RuntimeFeatures(Wire):
    """`runtime_features` of a registration."""

    schemaVersion: int = 1
    wegentJupyter: DeviceExtension | None = None


class Register(Wire):
    """`device:register` (Wegent's backend/app/schemas/device.py)."""

    device_id: DeviceId
    name: str = Field(min_length=1, max_length=100)
    device_type: Literal["local", "app", "cloud", "remote"] = "local"
    bind_shell: Literal["claudecode", "openclaw"] = "claudecode"
    executor_version: str | None = Field(default=None, max_length=50)
    client_ip: str | None = Field(default=None, max_length=50)
    runtime_transfer_host: str | None = Field(default=None, max_length=255)
    runtime_instance_id: str | None = Field(default=None, max_length=100)
    app_device_id: str | None = Field(default=None, max_length=100)
    capabilities: list[Annotated[str, Field(max_length=100)]] | None = Field(default=None, max_length=100)
    runtime_features: RuntimeFeatures | None = None

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        """Keep what can be shown of a name: a device is not refused for what its machine is called."""
        return printable(value) or "unnamed"

    @field_validator("runtime_transfer_host")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        """Keep the name of a host, of a URL as well; what has a path is dropped, as Wegent does."""
        host = urlsplit(value).hostname if value and "://" in value else value
        return host if host and "/" not in host else None

    @field_validator("runtime_features", mode="wrap")
    @classmethod
    def _features(cls, value: Any, read: ValidatorFunctionWrapHandler) -> RuntimeFeatures | None:
        """Take features that make no sense as absent, as Wegent does, but not if they are ours."""
        try:
            found: RuntimeFeatures | None = read(value)
        except ValidationError:
            if isinstance(value, dict) and "wegentJupyter" in value:
                raise
            return None
        return found


Verdict = Literal["keep", "cancel", "forget"]


class AttemptVerdict(Wire):
    """What the gateway makes of one reported attempt, and how far it has its events."""

    attempt_id: WireId
    verdict: Verdict
    acked: int = 0
    decisions: dict[str, Decision] = {}
    """Answers that the device does not have yet, by approval."""


class GatewayExtension(Wire):
    """Our part of the answer to a registration."""

    version: int = EXTENSION_VERSION
    gateway_id: str
    attempts: list[AttemptVerdict] = []
    device_key: str | None = None
    """A key of the device's own, for one that came with an API token or key: it uses this from now on."""


class RegisterAck(Wire):
    """Answer to `device:register`."""

    success: bool = True
    device_id: str
    wegentJupyter: GatewayExtension | None = None


class AuthFile(Wire):
    """A runtime's login file on a device."""

    target_path: str = Field(default="", max_length=4096)
    exists: bool


class Heartbeat(Wire):
    """`device:heartbeat` (Wegent's backend/app/schemas/device.py)."""

    device_id: str
    running_task_ids: list[int] = Field(default=[], max_length=10_000)
    executor_version: str | None = Field(default=None, max_length=50)
    runtime_auth_files: dict[str, AuthFile] = Field(default={}, max_length=10)
    """By runtime (`codex`): its login file on the device (wire §3.4)."""

    @field_validator("runtime_auth_files", mode="wrap")
    @classmethod
    def _files(cls, value: Any, read: ValidatorFunctionWrapHandler) -> dict[str, AuthFile]:
        """Take a report that makes no sense as none: it is no reason to take a device that lives for dead."""
        try:
            found: dict[str, AuthFile] = read(value)
        except ValidationError:
            return {}
        return found


class DeviceStatusReport(Wire):
    """`device:status`: what an executor thinks of itself."""

    device_id: str
    status: Literal["online", "offline", "busy"]


class UpgradeStatus(Wire):
    """`device:upgrade_status`."""

    device_id: str
    status: Literal["checking", "downloading", "installing", "restarting", "success", "error", "skipped", "busy"]
    message: str = Field(default="", max_length=4_000)


class WorktreeOrder(Wire):
    """Run a task's first turn in a new Git worktree of its own."""

    source: str
    """A directory of the repository; the agent starts in the same one of the worktree."""


class ExecuteExtension(Wire):
    """What our executor needs beyond Wegent's ExecutionRequest."""

    agent: str
    mode: Mode
    turn_id: WireId
    model: ModelName | None = None
    session_id: str | None = None
    """The agent's own session of this task on this device, to be resumed."""
    worktree: WorktreeOrder | None = None
    attachments: list[Attachment] = Field(default=[], max_length=MAX_ATTACHMENTS)


class Bot(Wire):
    """One entry of `bot`; stock executors read `shell_type`."""

    id: int = 1
    name: str
    shell_type: str
    agent_config: dict[str, Any] = {"env": {}}
    system_prompt: str = ""
    mcp_servers: list[Any] = []
    skills: list[Any] = []


class Execute(Wire):
    """`task:execute`: what we use of Wegent's ExecutionRequest; the fields that it is strict about are never null."""

    task_id: WireId
    subtask_id: WireId
    prompt: str
    bot: list[Bot]
    llm: Annotated[dict[str, Any], BeforeValidator(lambda given: {} if given is None else given)] = Field(
        default={}, alias="model_config"
    )
    """A `models.ModelConfig`. Holds secrets: never logged, never stored."""
    system_prompt: str = ""
    mcp_servers: list[Any] = []
    history: list[Any] = []
    inherited_sessions: list[Any] = []
    new_session: bool = False
    skip_git_clone: bool = False
    task_title: str = ""
    project_workspace_path: str | None = None
    standalone_chat_workspace: bool = False
    wegent_jupyter: ExecuteExtension | None = None


class ExecuteAck(Wire):
    """Our device's answer to `task:execute`; a duplicate gets the state of the attempt it already has."""

    accepted: bool
    state: AttemptState = AttemptState.RUNNING
    requeue: bool = False
    """Refused for a reason that passes, such as a shutdown: the turn goes back to the queue."""
    code: str = "refused"
    message: str = ""
    fix: str | None = None


class Cancel(Wire):
    """`task:cancel`: Wegent names both ids, and so do we."""

    task_id: WireId
    subtask_id: WireId


class Decide(Wire):
    """`approval:decide`."""

    task_id: WireId
    subtask_id: WireId
    approval_id: str = Field(max_length=100)
    decision: Decision


class Steer(Wire):
    """`turn:steer`. `steer_id` makes a repetition harmless."""

    task_id: WireId
    subtask_id: WireId
    steer_id: WireId
    text: str


class ExecuteCommand(Wire):
    """`device:execute_command`; the ack is a `CommandResult`. Our devices go by `command_key`."""

    command: str
    argv: list[str] = []
    command_key: str | None = None
    cwd: str | None = None
    args: list[str] = []
    env: dict[str, str] = {}
    timeout_seconds: int = Field(default=60, ge=1, le=600)
    max_output_bytes: int = Field(default=1 << 20, ge=1, le=5 << 20)
    roots: list[str] = []
    """Ours: directories that the gateway has registered for this device, beside the device's own."""


class Done(Wire):
    """Answer to what a device is asked to do; `message` says why not."""

    success: bool
    message: str = ""
    code: str = "refused"
    fix: str | None = None


class AgentsReport(Wire):
    """`agents:report`, and part of the answers to `agents:refresh` and `agents:path`."""

    agents: list[Agent] = Field(default=[], max_length=50)


class AgentsAnswer(AgentsReport, Done):
    """Answer to `agents:refresh` and `agents:path`."""


class TrustAnswer(Done):
    """Answer to `workspace:trust` and `workspace:trusted`."""

    items: list[TrustedPath] = []


class WorkspaceAnswer(Wire):
    """Answer to `workspace:check`."""

    ok: bool
    path: str | None = None
    message: str | None = None


class Envelope(Wire):
    """Every `response.*` and `error` event of Wegent's stream; `seq` is ours."""

    event_type: str = Field(max_length=100)
    task_id: WireId
    subtask_id: WireId
    message_id: int | None = None
    seq: int = Field(ge=1)
    data: dict[str, Any]


class Events(Wire):
    """`attempt:events`: consecutive stream events of one attempt, the first of which has the number `seq`.

    Only for a gateway that put its part into the answer to the registration; others get one `Envelope` for each.
    """

    task_id: WireId
    subtask_id: WireId
    seq: int = Field(ge=1)
    events: list[tuple[str, dict[str, Any]]] = Field(min_length=1, max_length=1_000)
    """(event name, data)"""
