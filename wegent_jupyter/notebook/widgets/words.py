"""Words for devices, slots, the Codex login and skills: those that the sidebar and the settings use."""

from collections.abc import Sequence
from datetime import UTC, datetime
from unicodedata import category, normalize

from wegent_jupyter.notebook.widgets.looks import Mark, Tone
from wegent_jupyter.protocol import api, personal, skills
from wegent_jupyter.protocol.states import TurnState

STATUS: dict[api.DeviceStatus, str] = {
    "online": "Online",
    "busy": "Busy",
    "reconnecting": "Reconnecting…",
    "offline": "Offline",
}
_STATUS_TONES: dict[api.DeviceStatus, Tone] = {
    "online": "good",
    "busy": "warn",
    "reconnecting": "busy",
    "offline": "none",
}
STATES = {
    TurnState.QUEUED: "Queued",
    TurnState.STARTING: "Starting",
    TurnState.RUNNING: "Running",
    TurnState.COMPLETED: "Done",
    TurnState.FAILED: "Failed",
    TurnState.CANCELLED: "Stopped",
}
REASONS: dict[api.QueueReason, str] = {
    "offline": "the device is offline",
    "earlier_message": "after the message before it",
    "paused": "an earlier message failed",
    "waiting_for_you": "all slots are in use, and tasks in them wait for you",
    "slots": "all slots are in use",
}
NONE = "\N{EN DASH}"
ITS_OWN = "Codex uses the login that it has on the device."
KINDS = {"chatgpt": "ChatGPT login", "api_key": "API key", None: "unknown kind"}
AGENTS = {"claude": "Claude Code", "codex": "Codex"}
SHARING: dict[skills.SharingState, str] = {
    "separate": "Separate: each agent uses the skills in its own directory alone.",
    "shared": "Shared: both agents use {path}.",
    "partial": "Shared in part: only one of the two agents uses {path}.",
    "unfinished": "Unfinished: sharing was cut off in the middle. Share again to finish it, or undo it.",
}


def present(device: api.Device) -> bool:
    """Say whether turns can start there now."""
    return device.status in ("online", "busy")


def presence(device: api.Device) -> Mark:
    """Return whether it is there, and since when not."""
    word, seen = STATUS[device.status], ago(device.last_heartbeat)
    if device.status == "offline" and seen not in ("", "now"):
        word = f"{word}, {seen}"
    sign = "●" if device.status == "busy" else None
    return Mark(word, _STATUS_TONES[device.status], sign)


def slots(device: api.Device) -> str:
    """Return how many slots are in use."""
    return f"{device.slot_used}/{device.slot_max} slots in use"


def work(task: api.RunningTask) -> Mark:
    """Return what a turn that holds a slot is doing."""
    return Mark("Waiting for you", "warn") if task.waiting else Mark(STATES[task.status], "busy", "●")


def sending(device: api.Device) -> str:
    """Return what becomes of a turn that is sent there now; '' where it starts at once."""
    match device.status:
        case "busy":
            return f"All slots of {device.name} are in use: the task waits for a free one."
        case "reconnecting":
            return f"{device.name} is reconnecting: the task waits until it is back."
        case "offline":
            return f"{device.name} is offline: the task waits until it is back."
        case _:
            return ""


def apart(devices: Sequence[api.Device], device: api.Device) -> str:
    """Return what tells a device from one that it may be taken for; '' where its name does."""
    others = [one for one in devices if one.device_id != device.device_id]
    alike = any(
        _to_the_eye(one.name) == _to_the_eye(device.name)
        or (device.machine is not None and one.machine == device.machine)
        for one in others
    )
    if (device.embedded and others) or alike:
        return "embedded" if device.embedded else "standalone"
    return ""


def _to_the_eye(name: str) -> str:
    seen = "".join(one for one in normalize("NFKC", name) if category(one) != "Cf")
    return " ".join(seen.split()).casefold()


def ago(iso: str | None) -> str:
    """Return how long ago something was; '' when it never was."""
    if iso is None:
        return ""
    minutes = int((datetime.now(UTC) - datetime.fromisoformat(iso)).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 24 else f"{hours // 24} day{'s' if hours >= 48 else ''} ago"


def usable(agent: api.Agent) -> bool:
    """Say whether an agent can work right away."""
    return agent.ready and agent.logged_in is not False


def agent_state(agent: api.Agent) -> Mark:
    """Return whether an agent works, or why not."""
    if not agent.ready:
        return Mark(agent.reason or "not ready")
    if agent.logged_in is None:
        return Mark("ready", "good", "✓")
    return Mark("ready, logged in", "good", "✓") if agent.logged_in else Mark(agent.reason or "not logged in")


def login_file(auth: personal.DeviceAuth, *, sends: bool) -> Mark:
    """Return how the login file stands on a device; `sends`: devices without one get the saved one."""
    skipped = Mark("Skipped: has its own, which is kept", "good", "✓")
    match auth.status:
        case "unknown":
            return Mark("Not reported yet")
        case "present":
            return skipped if sends else Mark("Has a login", "good", "✓")
        case "missing":
            return Mark("Has none")
        case "writing":
            return Mark("Is being sent…", "busy")
        case "written":
            when = ago(auth.synced_at)
            return Mark(f"Got the saved one, {when}" if when else "Got the saved one", "good", "✓")
        case "skipped_existing":
            return skipped
        case "failed":
            return Mark("Could not be written", "bad")


def own_login(config: personal.RuntimeConfig) -> str:
    """Return what the switch does, as things stand."""
    if not config.use_user_config:
        return (
            "Off: Codex uses the default model of Models where there is one, and its own login on the device "
            "otherwise. Nothing is sent to devices."
        )
    if config.configured:
        return (
            f"On: {ITS_OWN} A device that reports that it has none gets the saved "
            "one; a login that is there is never overwritten."
        )
    return f"On: {ITS_OWN} No login is saved that could be sent to devices without one."


def proxy(config: personal.RuntimeConfig) -> str:
    """Return what the proxy does, or why it cannot be switched on."""
    if not config.proxy_configured:
        return "Save a proxy first."
    return (
        "Codex, and nothing else, gets it as HTTP_PROXY, HTTPS_PROXY and ALL_PROXY. Addresses of the device itself are "
        "reached directly."
    )


def sharing(state: skills.Sharing) -> Mark:
    """Return how sharing stands."""
    word = SHARING[state.state].format(path=state.shared_path)
    match state.state:
        case "shared":
            return Mark(word, "good", "✓")
        case "separate":
            return Mark(word)
        case _:
            return Mark(word, "warn")


def plan(state: skills.Sharing) -> str:
    """Return what sharing would do, in a sentence."""
    if state.obstacles:
        return "This cannot be done as things are. Nothing is changed."
    if state.moves:
        count = len(state.moves)
        moved = "One skill would move." if count == 1 else f"{count:,} skills would move."
        return " ".join(filter(None, (moved, renamed(state.moves))))
    return "All is shared already: nothing would move." if state.state == "shared" else "No skill has to move."


def renamed(moves: Sequence[skills.Move]) -> str:
    """Return how many would be, or were, renamed; '' for none."""
    count = sum(move.renamed for move in moves)
    if count == 0:
        return ""
    one = "One is renamed, as another has its name."
    return one if count == 1 else f"{count:,} are renamed, as others have their names."


def link(one: skills.Link, *, done: bool) -> str:
    """Return what becomes, or became, of one of the two directories."""
    match one.status:
        case "created":
            return f"{one.path} is a link to {one.target} now" if done else f"{one.path} becomes a link to {one.target}"
        case "already_configured":
            return f"{one.path} is a link to {one.target} already"
        case "copied":
            return f"{one.path} cannot be a link here: it gets copies of the skills in {one.target}"
        case "removed":
            return f"{one.path} is a directory of its own again"


def result(done: skills.SharingResult) -> Mark:
    """Return what was done, with the counts."""
    if done.status == "failed" or not done.success:
        return Mark(done.error or "It failed.", "bad")
    count = done.moved_count
    if done.status == "undone":
        word = "one skill is back where it was" if count == 1 else f"{count:,} skills are back where they were"
        return Mark(f"Undone: {word}.", "good", "✓")
    if count == 0:
        return Mark("Shared. Nothing had to move.", "good", "✓")
    moved = "Shared: one skill was moved." if count == 1 else f"Shared: {count:,} skills were moved."
    return Mark(" ".join(filter(None, (moved, renamed(done.moved)))), "good", "✓")


def folder(path: str) -> str:
    """Return the folder of a skill, without where it is."""
    return next((part for part in reversed(path.replace("\\", "/").split("/")) if part), path)
