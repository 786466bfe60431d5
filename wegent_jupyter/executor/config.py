"""Settings of an executor: environment over `device-config.json` over defaults, with Wegent's names."""

import platform
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wegent_jupyter.executor import config_file
from wegent_jupyter.executor.agents.catalogue import AcpAgent

DEFAULT_HOME = Path("~/.wegent-executor")
CONFIG_NAME = config_file.NAME
BackgroundWork = Literal["wait", "end"]


class ConfigBroken(Exception):
    """The configuration cannot be used; the text names the file and the place in it."""


class _AgentConfig(BaseModel):
    name: str | None = None
    command: list[str] = Field(min_length=1)
    env: dict[str, str] = {}
    fix: str | None = None


class _Connection(BaseModel):
    backend_url: str = ""
    auth_token: str = ""


class _File(BaseModel):
    """What we read of the file; Wegent's other keys are left as they are."""

    model_config = ConfigDict(extra="allow")

    device_id: str = ""
    device_name: str = ""
    device_type: Literal["local", "remote", "cloud", "app"] = "local"
    connection: _Connection = _Connection()
    agents: dict[str, _AgentConfig] = {}
    agent_paths: dict[str, str] = {}
    background_work: BackgroundWork = "wait"


@dataclass(slots=True, frozen=True)
class Settings:
    """Everything an executor needs to know before it connects."""

    home: Path
    device_id: str
    device_name: str
    device_type: str
    backend_url: str
    auth_token: str
    workspace_root: Path
    chats: Path
    agents: dict[str, AcpAgent]
    allowed_agents: list[str] | None
    background_work: BackgroundWork
    """What becomes of an agent's background work when its answer is complete: the turn waits for it, or ends it."""
    config: Path
    """The file from which these were read."""
    embedded: Path | None
    """The file in which the server that started us says how to reach it; it changes with each start of the server."""


def load(environment: Mapping[str, str], config: Path | None = None) -> Settings:
    """Read the settings, making home, identity and file at the first start; raises ConfigBroken."""
    home = Path(environment.get("WEGENT_EXECUTOR_HOME") or DEFAULT_HOME).expanduser()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = config or home / CONFIG_NAME
    file = _read(config)
    root = Path(environment.get("LOCAL_WORKSPACE_ROOT") or home / "workspace").expanduser()
    allowed = environment.get("WEGENT_ALLOWED_AGENTS")
    embedded = environment.get("WEGENT_EMBEDDED")
    return Settings(
        home=home,
        device_id=environment.get("DEVICE_ID") or file.device_id,
        device_name=environment.get("DEVICE_NAME") or file.device_name,
        device_type=environment.get("DEVICE_TYPE") or file.device_type,
        backend_url=(environment.get("WEGENT_BACKEND_URL") or file.connection.backend_url).rstrip("/"),
        auth_token=environment.get("WEGENT_AUTH_TOKEN") or file.connection.auth_token,
        workspace_root=root,
        chats=Path(environment.get("WEGENT_EXECUTOR_CHATS_DIR") or root / "chats").expanduser(),
        agents={
            id_: AcpAgent(agent.name or id_, agent.command, agent.env, agent.fix) for id_, agent in file.agents.items()
        },
        allowed_agents=allowed.split(",") if allowed is not None else None,
        background_work=_background(environment, file),
        config=config,
        embedded=Path(embedded) if embedded else None,
    )


def _background(environment: Mapping[str, str], file: _File) -> BackgroundWork:
    said = environment.get("WEGENT_BACKGROUND_WORK")
    if not said:
        return file.background_work
    if said not in ("wait", "end"):
        raise ConfigBroken(f"WEGENT_BACKGROUND_WORK is '{said}'; it has to be 'wait' or 'end'.")
    return "wait" if said == "wait" else "end"


def _read(path: Path) -> _File:
    try:
        found = config_file.read(path)
    except (OSError, ValueError) as error:
        raise ConfigBroken(f"{path} cannot be read: {error}. It was left as it is; mend it or move it away.") from error
    try:
        file = _File.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigBroken(f"{path}: {place}: {first['msg']}. It was left as it is; mend it.") from error
    if not file.device_id or not file.device_name:
        _add_identity(path, found, file)
    return file


def _add_identity(path: Path, found: dict[str, Any], file: _File) -> None:
    """Give the home an identity of its own, and write only that into the file."""
    file.device_id = file.device_id or f"device-{secrets.token_hex(12)}"
    file.device_name = (file.device_name or f"{platform.system()} - {platform.node()}")[:100]
    identity = {"mode": "local", **found, "device_id": file.device_id, "device_name": file.device_name}
    config_file.write(path, identity)
