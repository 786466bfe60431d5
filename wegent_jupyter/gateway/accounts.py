"""By whose account a turn is answered: decided at each dispatch, explicitly, never by an environment variable.

A person's own login is never sent to an address that the gateway issued, and the other way round: what is issued has an
address and a key, else the login on the device is left in charge.
"""

from typing import Any

from wegent_jupyter.gateway.asking import MAX_CODE, told
from wegent_jupyter.gateway.personal import UNDER_PERSONAL, Personal
from wegent_jupyter.gateway.providers import UNDER_MODELS, Kept, Providers
from wegent_jupyter.gateway.vault import Unreadable
from wegent_jupyter.protocol.api import PRACTICE_MODEL, Agent, TurnError
from wegent_jupyter.protocol.models import (
    AGENT_OF,
    FAMILY,
    VENDOR,
    CodexRuntime,
    ModelConfig,
    ProviderKind,
    Proxy,
    RuntimeConfigs,
    split_model,
)
from wegent_jupyter.protocol.wire import ExecuteAck

SHELLS: dict[str, ProviderKind] = {**{agent: kind for kind, agent in AGENT_OF.items()}, "claudecode": "anthropic"}
"""What agents use that do not say so themselves, such as those of Wegent's own executors."""

INTERNAL = TurnError(
    code="internal_error",
    message="The server could not prepare this turn; nothing was sent. Its log says why.",
    fix="Send it again, or name another model.",
)


class NoAccount(Exception):
    """A turn cannot be answered as it was meant; `error` is what it shows."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        """Keep what the turn will show."""
        super().__init__(message)
        self.error = TurnError(code=code, message=message, fix=fix)


class Accounts:
    """Makes the `model_config` of a turn."""

    def __init__(self, personal: Personal, providers: Providers) -> None:
        """Look into what the owner configured."""
        self._personal, self._providers = personal, providers

    async def of(self, owner: str, agent_id: str, agent: Agent | None, model: str | None) -> ModelConfig:
        """Return what a turn is given; it holds secrets. `agent` is as its device reported it. Raises NoAccount."""
        own = agent is not None and (agent.practice or model in agent.models)
        if own or model == PRACTICE_MODEL:
            return ModelConfig()
        kind = agent.provider if agent is not None else SHELLS.get(agent_id.lower())
        if kind is None:
            if model is not None:
                raise _unfit(model)
            return ModelConfig()
        config = await self._issued(owner, kind, model)
        if kind == "openai":
            await self._add_codex(owner, config)
        return config

    async def _issued(self, owner: str, kind: ProviderKind, model: str | None) -> ModelConfig:
        found = self._chosen(owner, kind, model)
        if found is None:
            return ModelConfig()
        kept, model_id = found
        family, protocol = FAMILY[kind]
        config = ModelConfig(model=family, model_id=model_id, protocol=protocol)
        if kept.issues:
            try:
                config.api_key = await self._providers.key(owner, kept)
            except Unreadable as error:
                text = f"The key of the provider “{kept.name}”: {error}"
                fix = f"{UNDER_MODELS[:-1]}, or name another model."
                raise NoAccount("secret_unreadable", text, fix) from error
            config.base_url = kept.base_url or VENDOR[kind]
        return config

    def _chosen(self, owner: str, kind: ProviderKind, model: str | None) -> tuple[Kept, str] | None:
        """Return the provider and the model that answer; None: the agent's own login and choice."""
        if model is None:
            if kind == "openai" and self._personal.codex(owner).use_user_config:
                return None
            kept = self._providers.default(owner, kind)
            return (kept, kept.default_model) if kept is not None and kept.default_model else None
        name, model_id = split_model(model)
        kept = self._providers.named(owner, name)
        if kept is None or model_id not in kept.models:
            text = f"The model '{model}' is no longer configured."
            raise NoAccount("model_unknown", text, "Name another model in the next message, or add it again.")
        if kept.kind != kind:
            raise _unfit(model)
        return kept, model_id

    async def _add_codex(self, owner: str, config: ModelConfig) -> None:
        """Say whose login Codex uses, and through which proxy."""
        codex, proxy = self._personal.codex(owner), self._personal.proxy(owner)
        codex_config = CodexRuntime(
            use_user_config=not config.issued,
            configured=codex.sealed is not None,
            auth_json_sha256=codex.sha256,
            use_proxy=codex.use_proxy,
            proxy_configured=proxy.sealed is not None,
        )
        config.runtime_config = RuntimeConfigs(codex=codex_config)
        if not codex.use_proxy:
            return
        try:
            found = await self._personal.proxy_url(owner)
        except Unreadable as error:
            raise NoAccount("secret_unreadable", f"The saved proxy: {error}", UNDER_PERSONAL) from error
        if found is not None:
            config.proxy = Proxy(url=found.url)


def sent(config: ModelConfig) -> dict[str, Any]:
    """Return what is sent: nothing where nothing was decided, and never null, which Wegent's executors do not take."""
    return config.model_dump(exclude_none=True) if config != ModelConfig() else {}


def _unfit(model: str) -> NoAccount:
    text = f"The agent cannot be run with the model '{model}'."
    return NoAccount("model_unknown", text, "Name another model in the next message.")


def refused(ack: ExecuteAck, device: str, llm: dict[str, Any]) -> TurnError:
    """Return why a device did not take a turn, without what it was entrusted with."""
    secrets = (llm.get("api_key"), llm.get("proxy", {}).get("url"))
    message = told(ack.message, secrets) or f"{device} refused."
    fix = told(ack.fix, secrets) if ack.fix else None
    return TurnError(code=told(ack.code, secrets, MAX_CODE), message=message, fix=fix)
