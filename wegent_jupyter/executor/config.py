"""Settings of an executor: environment over `device-config.json` over defaults, with Wegent's names."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wegent_jupyter._version import __version__
from wegent_jupyter.executor import address, config_file, identity
from wegent_jupyter.executor.agents.catalogue import AcpAgent

DEFAULT_HOME = Path("~/.wegent-executor")
CONFIG_NAME = config_file.NAME
BackgroundWork = Literal["wait", "end"]
DeviceType = Literal["local", "remote", "cloud", "app"]
BindShell = Literal["claudecode", "openclaw"]
LogLevel = Literal["debug", "info", "warning", "error"]
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_LEVELS = {"warn": "warning", "critical": "error"}
_N = TypeVar("_N", int, float)


TERMINAL_IDLE_SECONDS = 86_400.0
"""A day: long enough for what runs over night without saying a word, not for shells that were forgotten."""


class ConfigBroken(Exception):
    """The configuration cannot be used; the text names the file, or the variable, and the place in it."""


class _AgentConfig(BaseModel):
    name: str | None = None
    command: list[str] = Field(min_length=1)
    env: dict[str, str] = {}
    fix: str | None = None


class _Connection(BaseModel):
    backend_url: str = ""
    socket_url: str = ""
    auth_token: str = ""
    ca_bundle: str = ""


class _Logging(BaseModel):
    level: str = "info"
    max_size_mb: float = Field(default=10, gt=0)
    backup_count: int = Field(default=5, ge=0)


class _File(BaseModel):
    """What we read of the file; Wegent's other keys are left as they are."""

    model_config = ConfigDict(extra="allow")

    mode: str = "local"
    device_id: str = Field(default="", max_length=100, pattern=r"^[^:/\s]*$")
    device_name: str = Field(default="", max_length=100)
    device_type: DeviceType = "local"
    bind_shell: str = "claudecode"
    capabilities: list[str] = Field(default=[], max_length=100)
    connection: _Connection = _Connection()
    logging: _Logging = _Logging()
    agents: dict[str, _AgentConfig] = {}
    agent_paths: dict[str, str] = {}
    background_work: BackgroundWork = "wait"


@dataclass(slots=True, frozen=True)
class Logs:
    """Where the log is, and how it rotates."""

    directory: Path
    name: str = "executor.log"
    level: LogLevel = "info"
    max_bytes: int = 10 << 20
    backups: int = 5

    @property
    def path(self) -> Path:
        """Return the newest file."""
        return self.directory / self.name


@dataclass(slots=True, frozen=True)
class Timing:
    """Seconds, with Wegent's defaults."""

    heartbeat: float = 30.0
    heartbeat_call: float = 10.0
    """Wegent waits 30 s, or 15; the shorter, the sooner a half-open connection is noticed."""
    first_retry: float = 1.0
    longest_retry: float = 30.0


@dataclass(slots=True, frozen=True)
class Settings:
    """Everything an executor needs to know before it connects."""

    home: Path
    device_id: str
    device_name: str
    device_type: str
    bind_shell: str
    capabilities: list[str]
    version: str
    """As reported to the gateway."""
    client_ip: str | None
    backend_url: str
    socket_url: str
    """Where the sockets are, if not at `backend_url`."""
    auth_token: str
    ca_bundle: str | None
    workspace_root: Path
    workspace_roots: list[Path]
    """More directories in which commands may work."""
    chats: Path
    standalone_chats: bool
    """Tasks without a workspace get a folder of `chats`; else one of the workspace root, by their id."""
    pre_execute: str | None
    """A script that is run before each turn's agent (Wegent's pre-execute hook)."""
    agents: dict[str, AcpAgent]
    allowed_agents: list[str] | None
    background_work: BackgroundWork
    """What becomes of an agent's background work when its answer is complete: the turn waits for it, or ends it."""
    terminal_idle: float
    """Seconds without a viewer and without output after which a terminal is ended; 0: never."""
    timing: Timing
    logs: Logs
    config: Path
    """The file from which these were read."""
    embedded: Path | None
    """The file in which the server that started us says how to reach it; it changes with each start of the server."""
    from_environment: frozenset[str] = frozenset()
    """The variables that were set: they win over the file, and are not written into it."""


def load(environment: Mapping[str, str], config: Path | None = None) -> Settings:
    """Read the settings, making home, identity and file at the first start; raises ConfigBroken."""
    home = Path(environment.get("WEGENT_EXECUTOR_HOME") or DEFAULT_HOME).expanduser()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigBroken(f"The home {home} cannot be made: {error.strerror}.") from error
    config = config or home / CONFIG_NAME
    found, file = _read(config)
    known = bool(file.device_id and file.device_name)
    file.device_id = file.device_id or identity.new_device_id()
    file.device_name = file.device_name or identity.default_name()
    settings = _settings(environment, file, home, config)
    if not known:
        _write_identity(config, found, file)
    return settings


def _settings(environment: Mapping[str, str], file: _File, home: Path, config: Path) -> Settings:
    root = Path(environment.get("LOCAL_WORKSPACE_ROOT") or home / "workspace").expanduser()
    allowed = environment.get("WEGENT_ALLOWED_AGENTS")
    embedded = environment.get("WEGENT_EMBEDDED")
    if not embedded:
        _check_mode(environment, file, config)
    return Settings(
        home=home,
        device_id=_device_id(environment, file),
        device_name=(environment.get("DEVICE_NAME") or file.device_name)[:100],
        device_type=_one_of(environment, "DEVICE_TYPE", get_args(DeviceType)) or file.device_type,
        bind_shell=_bind_shell(environment, file, config),
        capabilities=file.capabilities,
        version=(environment.get("WEGENT_EXECUTOR_VERSION") or __version__)[:50],
        client_ip=environment.get("RUNTIME_TRANSFER_HOST") or None,
        # An embedded executor is told by its server, whatever the environment says to others.
        backend_url="" if embedded else _url(environment, "WEGENT_BACKEND_URL", file.connection.backend_url, config),
        socket_url="" if embedded else _url(environment, "WEGENT_SOCKET_URL", file.connection.socket_url, config),
        auth_token=_token(environment.get("WEGENT_AUTH_TOKEN") or file.connection.auth_token),
        ca_bundle=file.connection.ca_bundle or None,
        workspace_root=root,
        workspace_roots=_paths(environment.get("WEGENT_WORKSPACE_ROOTS")),
        chats=Path(environment.get("WEGENT_EXECUTOR_CHATS_DIR") or root / "chats").expanduser(),
        standalone_chats=_switch(environment, "WEGENT_EXECUTOR_STANDALONE_CHATS_ENABLED", default=True),
        pre_execute=environment.get("WEGENT_HOOK_PRE_EXECUTE") or None,
        agents={
            id_: AcpAgent(agent.name or id_, agent.command, agent.env, agent.fix) for id_, agent in file.agents.items()
        },
        allowed_agents=allowed.split(",") if allowed is not None else None,
        background_work=_background(environment, file),
        terminal_idle=_terminal_idle(environment),
        timing=_timing(environment),
        logs=Logs(home / "logs") if embedded else _logs(environment, file, home, config),
        config=config,
        embedded=Path(embedded) if embedded else None,
        from_environment=frozenset(name for name, value in environment.items() if value),
    )


def _device_id(environment: Mapping[str, str], file: _File) -> str:
    given = environment.get("DEVICE_ID")
    if given and (len(given) > 100 or any(one in ":/" or one.isspace() for one in given)):
        raise ConfigBroken(f"DEVICE_ID is {given[:120]!r}; it may have 100 characters, without ':', '/' and spaces.")
    return given or file.device_id


def _background(environment: Mapping[str, str], file: _File) -> BackgroundWork:
    said = _one_of(environment, "WEGENT_BACKGROUND_WORK", get_args(BackgroundWork))
    if said is None:
        return file.background_work
    return "wait" if said == "wait" else "end"


def _check_mode(environment: Mapping[str, str], file: _File, config: Path) -> None:
    given = environment.get("EXECUTOR_MODE")
    if (given or file.mode) != "local":
        place = "EXECUTOR_MODE" if given else f"{config}: mode"
        raise ConfigBroken(f"{place} is '{given or file.mode}'; this executor only knows 'local'.")


def _bind_shell(environment: Mapping[str, str], file: _File, config: Path) -> str:
    given = (environment.get("BIND_SHELL") or file.bind_shell).lower()
    if given not in get_args(BindShell):
        place = "BIND_SHELL" if environment.get("BIND_SHELL") else f"{config}: bind_shell"
        raise ConfigBroken(f"{place} is '{given}'; it has to be 'claudecode' or 'openclaw'.")
    return given


def _one_of(environment: Mapping[str, str], name: str, values: tuple[str, ...]) -> str | None:
    given = environment.get(name)
    if given and given not in values:
        known = ", ".join(f"'{one}'" for one in values[:-1])
        raise ConfigBroken(f"{name} is '{given}'; it has to be {known} or '{values[-1]}'.")
    return given or None


def _switch(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    given = environment.get(name, "").strip().lower()
    if given and given not in (*_ON, *_OFF):
        raise ConfigBroken(
            f"{name} is '{given}'; it has to be 'true' or 'false' ('1' or '0', 'yes' or 'no', 'on' or 'off')."
        )
    return given in _ON if given else default


def _url(environment: Mapping[str, str], name: str, saved: str, config: Path) -> str:
    given = environment.get(name)
    if not given and not saved:
        return ""
    try:
        return address.normal(given or saved)
    except address.BadAddress as error:
        key = "backend_url" if name == "WEGENT_BACKEND_URL" else "socket_url"
        raise ConfigBroken(f"{name if given else f'{config}: connection.{key}'}: {error}") from error


def _token(given: str) -> str:
    """Return a token without the word that people copy with it."""
    given = given.strip()
    return given[7:].strip() if given.lower().startswith("bearer ") else given


def _paths(given: str | None) -> list[Path]:
    return [Path(one).expanduser() for one in (given or "").split(os.pathsep) if one]


def _timing(environment: Mapping[str, str]) -> Timing:
    default = Timing()
    return Timing(
        heartbeat=_positive(environment, "LOCAL_HEARTBEAT_INTERVAL", default.heartbeat),
        heartbeat_call=_positive(environment, "LOCAL_HEARTBEAT_CALL_TIMEOUT", default.heartbeat_call),
        first_retry=_positive(environment, "LOCAL_RECONNECT_DELAY", default.first_retry),
        longest_retry=_positive(environment, "LOCAL_RECONNECT_MAX_DELAY", default.longest_retry),
    )


def _logs(environment: Mapping[str, str], file: _File, home: Path, config: Path) -> Logs:
    default, saved = Logs(home / "logs"), file.logging
    given = environment.get("WEGENT_EXECUTOR_LOG_LEVEL")
    said = (given or saved.level).lower()
    level: LogLevel | None = next((one for one in get_args(LogLevel) if one == _LEVELS.get(said, said)), None)
    if level is None:
        place = "WEGENT_EXECUTOR_LOG_LEVEL" if given else f"{config}: logging.level"
        raise ConfigBroken(f"{place} is '{said}'; it has to be 'debug', 'info', 'warning' or 'error'.")
    megabytes = _positive(environment, "WEGENT_EXECUTOR_LOG_MAX_SIZE", saved.max_size_mb)
    return Logs(
        directory=Path(environment.get("WEGENT_EXECUTOR_LOG_DIR") or default.directory).expanduser(),
        name=Path(environment.get("WEGENT_EXECUTOR_LOG_FILE") or default.name).name,
        level=level,
        max_bytes=int(megabytes * (1 << 20)),
        backups=int(_positive(environment, "WEGENT_EXECUTOR_LOG_BACKUP_COUNT", saved.backup_count)),
    )


def _terminal_idle(environment: Mapping[str, str]) -> float:
    given = environment.get("WEGENT_TERMINAL_IDLE_SECONDS")
    return 0.0 if given == "0" else _positive(environment, "WEGENT_TERMINAL_IDLE_SECONDS", TERMINAL_IDLE_SECONDS)


def _positive(environment: Mapping[str, str], name: str, default: _N) -> float:
    """Return a number of the environment; one that is not above 0 counts as not given, as in Wegent."""
    given = environment.get(name)
    if not given:
        return default
    try:
        number = float(given)
    except ValueError as error:
        raise ConfigBroken(f"{name} is '{given}', which is not a number.") from error
    return number if 0 < number < float("inf") else default


def _read(path: Path) -> tuple[dict[str, Any], _File]:
    """Return what the file holds, as it is and as we read it; raises ConfigBroken."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        found = config_file.parse(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        place = f"{path}, line {error.lineno}: {error.msg}"
        raise ConfigBroken(f"{place}. It was left as it is; mend it or move it away.") from error
    except (OSError, ValueError) as error:
        raise ConfigBroken(f"{path} cannot be read: {error}. It was left as it is; mend it or move it away.") from error
    try:
        return found, _File.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        line = config_file.line_of(text, [str(part) for part in first["loc"]])
        raise ConfigBroken(f"{path}, line {line}: {place}: {first['msg']}. It was left as it is; mend it.") from error


def _write_identity(path: Path, found: dict[str, Any], file: _File) -> None:
    """Write a new identity into the file, and nothing else of what the environment may have said."""
    first = {} if found else {"connection": {"backend_url": "", "auth_token": ""}}
    known = {"device_id": file.device_id, "device_name": file.device_name}
    try:
        config_file.write(path, {"mode": "local", "device_type": "local", **found, **known, **first})
    except OSError as error:
        raise ConfigBroken(f"{path} cannot be written: {error.strerror}.") from error
