"""By whose account Claude Code works: its own login, what the gateway issued for a turn, or the practice model."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents.base import Run
from wegent_jupyter.executor.agents.practice_model import practice_home, practice_model
from wegent_jupyter.executor.agents.proxies import with_loopback
from wegent_jupyter.executor.trust import repository
from wegent_jupyter.protocol.api import PRACTICE_MODEL
from wegent_jupyter.protocol.models import VENDOR, ModelConfig

SWITCHES = {
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",
}
OUTER = ("CLAUDECODE", "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_SESSION_ID", "CLAUDE_AGENT_SDK_CLIENT_APP")
"""What another Claude Code sets for its children; ours is none of them."""
ACCOUNT = (
    "ANTHROPIC_",
    "CLAUDE_CODE_OAUTH",
    "CLAUDE_CODE_USE_",
    "CLAUDE_CODE_SKIP_",
    "CLAUDE_CODE_API_KEY",
    "AWS_BEARER",
)
"""How the variables begin that say who answers, and by which login."""
HELPERS = ("apiKeyHelper", "awsAuthRefresh", "awsCredentialExport", "gcpAuthRefresh", "forceLoginMethod")
"""Settings that do the same."""
KEYLESS = "none"
"""For an address that wants no key: without one, the program would send the login of the device."""
MAX_SETTINGS = 1 << 20
"""1 MiB of a settings file; a larger one counts as naming an account."""
SOURCES = ("user", "project", "local")


@dataclass(slots=True, frozen=True)
class Account:
    """What one turn of Claude Code works with. `arguments` are shown to everybody on the machine."""

    environment: dict[str, str] = field(repr=False)
    arguments: tuple[str, ...] = ()
    issued: bool = False
    off: tuple[str, ...] = ()
    """Sources of settings that name another account, and so stay off."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Claude Code's commands are given its environment, so they can print them."""


@contextlib.asynccontextmanager
async def account(run: Run) -> AsyncIterator[Account]:
    """Yield what a turn works with; the practice model runs inside the block. Raises AgentFailed."""
    environment = agent_environment(run.environment)
    if run.model == PRACTICE_MODEL:
        async with practice_model(run, environment) as model:
            kept = {name: text for name, text in environment.items() if not name.startswith(("ANTHROPIC_", "CLAUDE"))}
            yield Account(
                {
                    **kept,
                    **SWITCHES,
                    "ANTHROPIC_BASE_URL": model.url,
                    "ANTHROPIC_API_KEY": model.key,
                    "CLAUDE_CONFIG_DIR": str(practice_home(run, "claude")),
                    "CLAUDE_CODE_MAX_RETRIES": "1",
                },
                secrets=(model.key,),
            )
    else:
        arguments = ("--model", run.llm.model_id) if run.llm.model_id else ()
        if run.llm.issued:
            off = naming_accounts(run.environment, run.workspace)
            secrets = (run.llm.api_key,) if run.llm.api_key else ()
            yield Account(_issued(environment, run.llm), arguments, True, off, secrets)
        else:
            yield Account(environment, arguments)


def agent_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for the program: the person's own, quiet, with loopback out of the proxy's reach."""
    return with_loopback({**{name: text for name, text in environment.items() if name not in OUTER}, **SWITCHES})


def _issued(environment: Mapping[str, str], llm: ModelConfig) -> dict[str, str]:
    """Return an environment in which the program uses what was issued, and nothing of the login on the device."""
    kept = {name: text for name, text in environment.items() if not name.startswith(ACCOUNT)}
    url = llm.base_url or VENDOR["anthropic"]
    given = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": llm.api_key or KEYLESS}
    if llm.model_id and url != VENDOR["anthropic"]:  # what it does on the side is to find its model there as well
        given |= dict.fromkeys(("ANTHROPIC_SMALL_FAST_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL"), llm.model_id)
    return {**kept, **given}


def naming_accounts(environment: Mapping[str, str], workspace: Path) -> tuple[str, ...]:
    """Return the sources of settings that name an account: they win over the environment, so they have to stay off.

    Else a key of the person's own would be sent to an address that was issued, or the issued key elsewhere. Blocks.
    """
    own = environment.get("CLAUDE_CONFIG_DIR")
    user = Path(own).expanduser() if own else Path(environment.get("HOME") or Path.home()) / ".claude"
    root = repository(workspace.resolve())
    projects = [one for one in (workspace.resolve(), *workspace.resolve().parents) if one.is_relative_to(root)]
    files = {
        "user": [user / "settings.json"],
        "project": [one / ".claude" / "settings.json" for one in projects],
        "local": [one / ".claude" / "settings.local.json" for one in projects],
    }
    return tuple(source for source in SOURCES if any(_names_account(path) for path in files[source]))


def _names_account(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SETTINGS + 1)
        settings = json.loads(text.decode("utf-8-sig")) if len(text) <= MAX_SETTINGS else None
    except FileNotFoundError:
        return False
    except (OSError, ValueError, RecursionError):
        return True
    return not isinstance(settings, dict) or _any_account(settings)


def _any_account(settings: dict[str, Any]) -> bool:
    variables = settings.get("env")
    named = variables if isinstance(variables, dict) else {}
    told = any(name.startswith(ACCOUNT) and "MODEL" not in name for name in named)
    return told or any(settings.get(name) for name in HELPERS)
