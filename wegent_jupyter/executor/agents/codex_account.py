"""By whose account Codex works: its own login, what the gateway issued for a turn, or the practice model.

What is secret is only in the environment of the one process; settings go to it over its standard input.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wegent_jupyter.executor.agents.base import Run
from wegent_jupyter.executor.agents.hiding import of_url
from wegent_jupyter.executor.agents.practice_model import practice_home, practice_model
from wegent_jupyter.executor.agents.proxies import with_loopback, with_proxy
from wegent_jupyter.executor.processes import MARKER_VARIABLE
from wegent_jupyter.protocol.api import PRACTICE_MODEL, Mode
from wegent_jupyter.protocol.models import VENDOR, ModelConfig

KEY_VARIABLE = "WEGENT_CODEX_KEY"
PROVIDER = "wegent"
"""The name of the provider that is issued or practised with, in Codex's own settings."""
PRACTICE_NAME = "gpt-5.5"
"""A model that Codex knows: only such ones are offered `apply_patch`."""
PRACTICE_OFFERS: dict[str, Any] = {
    "tools": {"update_plan": {"enabled": True}},
    "features.default_mode_request_user_input": True,
    "suppress_unstable_features_warning": True,
}
"""Tools that Codex has, though not for every model and mode: practice is to show all that can come."""
OUTER = ("CODEX_THREAD_ID", "CODEX_SESSION_ID", "CODEX_TOOL_CALL_ID", "CODEX_CI", "CODEX_SANDBOX", "CODEX_VERSION")
"""What another Codex sets for its commands; ours is none of them."""
_OWN = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN")


@dataclass(slots=True, frozen=True)
class Account:
    """What one turn of Codex works with. `config` holds settings of Codex, none of them secret."""

    environment: dict[str, str] = field(repr=False)
    config: dict[str, Any]
    model: str | None = None
    provider: str | None = None
    """None: what the person's own settings say, with their own login."""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def program(self) -> tuple[str, ...]:
        """Return settings of the whole program: without the person's login where another account answers.

        With it, Codex calls its own vendor at each start (seen with 0.163), whoever the model is.
        """
        return ('cli_auth_credentials_store="ephemeral"',) if self.provider is not None else ()


@contextlib.asynccontextmanager
async def account(run: Run) -> AsyncIterator[Account]:
    """Yield what a turn works with; the practice model runs inside the block. Raises AgentFailed."""
    environment = with_loopback({name: value for name, value in run.environment.items() if name not in OUTER})
    settings = _settings(str(run.attempt_id), run.mode)
    if run.model == PRACTICE_MODEL:
        async with practice_model(run, environment) as model:
            kept = {name: value for name, value in environment.items() if not name.startswith(("OPENAI_", "CODEX_"))}
            private = {**kept, "CODEX_HOME": str(practice_home(run, "codex")), KEY_VARIABLE: model.key}
            provider = _provider("Practice model", f"{model.url}/v1", keyed=True, retries=1)
            config = {**settings, **PRACTICE_OFFERS, "model_providers": {PROVIDER: provider}}
            yield Account(private, config, PRACTICE_NAME, PROVIDER, (model.key,))
    else:
        yield _real(environment, settings, run.llm)


def _real(environment: Mapping[str, str], settings: dict[str, Any], llm: ModelConfig) -> Account:
    proxy = llm.proxy_url
    given = with_proxy(environment, proxy) if proxy else dict(environment)
    secrets = (*([llm.api_key] if llm.api_key else []), *of_url(proxy))
    if not llm.issued:
        return Account(given, settings, llm.model_id or None, None, secrets)
    # The login on the device is for its own vendor: it is never sent to an address that was issued.
    given = {name: value for name, value in given.items() if name not in _OWN}
    if llm.api_key:
        given[KEY_VARIABLE] = llm.api_key
    provider = _provider("wegent-jupyter", llm.base_url or VENDOR["openai"], keyed=bool(llm.api_key))
    return Account(
        given, {**settings, "model_providers": {PROVIDER: provider}}, llm.model_id or None, PROVIDER, secrets
    )


def _settings(marker: str, mode: Mode) -> dict[str, Any]:
    """Return what holds for every turn: commands do not see the key, and stay findable after a crash.

    Off is what would pass by the gate: text typed into a command that was allowed (`write_stdin`; without a terminal it
    can only wait), searches, for which Codex asks nobody, and goals, by which it goes on by itself. A snapshot of the
    shell would write the whole environment into a file, a proxy's password with it. Each feature is set by itself: a
    table would replace what is set for the whole program.
    """
    return {
        "shell_environment_policy": {"set": {KEY_VARIABLE: "", MARKER_VARIABLE: marker}},
        **{f"features.{name}": False for name in ("shell_snapshot", "unified_exec_tty", "goals")},
        **({} if mode == "full" else {"web_search": "disabled"}),
    }


def _provider(name: str, url: str, *, keyed: bool, retries: int | None = None) -> dict[str, Any]:
    provider: dict[str, Any] = {"name": name, "base_url": url, "wire_api": "responses"}
    if keyed:
        provider["env_key"] = KEY_VARIABLE
    if retries is not None:
        provider |= {"request_max_retries": retries, "stream_max_retries": retries}
    return provider
