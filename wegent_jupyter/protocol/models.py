"""Model providers: what a person configures, what a turn is given of it, and tests from a device.

A model is named `PROVIDER/MODEL` where a task names one, such as `work/gpt-5.5`; a model's own name may have slashes.
`practice` is the scripted model, never an AI.
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from wegent_jupyter.protocol.api import Model, Request
from wegent_jupyter.protocol.wire import Done, Wire

TEST_PROVIDER = "provider:test"
"""Ours, gateway to device: a `ProviderCheck`; the ack is a `CheckAnswer`."""
TEST_PROXY = "proxy:test"
"""Ours, gateway to device: a `ProxyCheck`; the ack is a `CheckAnswer`."""
TEST_SECONDS = 20.0
"""How long a device tries."""

ProviderKind = Literal["anthropic", "openai"]
"""The API that it speaks: Anthropic Messages, which Claude Code uses; OpenAI Responses, which Codex uses."""
MAX_MODELS = 50
MAX_KEY = 8_192

ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
"""Part of a model's name in tasks and on command lines."""
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=150, pattern=r"^[!-~]+$")]
"""The name that the provider knows it by."""
Key = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_KEY, pattern=r"^[!-~]*$")]


def check_base_url(url: str) -> str:
    """Return a provider's address without a slash at its end, '' for the vendor's own; raises ValueError."""
    url = url.strip().rstrip("/")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("it is not an address such as https://api.example.com/v1") from error
    if parts.scheme not in ("http", "https") or not host or "?" in url or "#" in url or not url.isprintable():
        raise ValueError("it has to be an http or https address such as https://api.example.com/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a key does not belong into the address; give it as the key")
    return url


BaseUrl = Annotated[str, StringConstraints(max_length=2_048), AfterValidator(check_base_url)]


class Provider(Model):
    """A provider as it is shown: whether there is a key, never the key."""

    id: int
    name: str
    kind: ProviderKind
    base_url: str = ""
    """'' : the vendor's own address."""
    has_key: bool = False
    models: list[str] = Field(default=[])
    default_model: str | None = None
    """What tasks get that name no model; None: those use the agent's own login."""
    problem: str | None = None
    """Why it cannot be used, such as a key that can no longer be decrypted."""
    created_at: str
    updated_at: str


class ProviderList(Model):
    """Answer of `GET /models/providers`, by name."""

    items: list[Provider]
    total: int


class CreateProvider(Request):
    """A new provider. Without `key` and `base_url` it only names models, for the agent's own login on a device."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: ProviderName
    kind: ProviderKind
    base_url: BaseUrl = ""
    key: Key = ""
    models: Annotated[list[ModelId], Field(min_length=1, max_length=MAX_MODELS)]
    default_model: ModelId | None = None
    """One of `models`. At most one provider of a kind has one: setting it here clears it elsewhere."""


class UpdateProvider(Request):
    """Changes to a provider; what is absent stays. Its name and kind stay: tasks know it by them."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    base_url: BaseUrl | None = None
    key: Key | None = None
    """'' removes it. A new `base_url` needs the key again: a saved key is never sent to another address unasked."""
    models: Annotated[list[ModelId], Field(min_length=1, max_length=MAX_MODELS)] | None = None
    default_model: ModelId | Literal[""] | None = None
    """'' : none."""


class TestProvider(Request):
    """Try a saved provider from a device."""

    __test__ = False  # not one of pytest's

    device_id: str
    model: ModelId | None = None
    """None: its default, else its first."""


class TestNewProvider(CreateProvider):
    """Try a provider from a device before it is saved."""

    __test__ = False

    device_id: str


class TestResult(Model):
    """What came of a test; a test that failed is an answer, not an error."""

    __test__ = False

    ok: bool
    message: str
    fix: str | None = None
    seconds: float | None = None


class ModelChoice(Model):
    """A model that tasks may name."""

    model: str
    """`PROVIDER/MODEL`"""
    kind: ProviderKind
    is_default: bool = False
    issued: bool = True
    """The gateway gives the address or key; else the agent's own login on the device is used."""


class ModelChoices(Model):
    """Answer of `GET /models`."""

    items: list[ModelChoice]
    total: int


# What crosses the device link.


class _Nullable(Wire):
    """Part of Wegent's `model_config`, in which null is as good as absent."""

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        return {name: value for name, value in data.items() if value is not None} if isinstance(data, dict) else data


class CodexRuntime(_Nullable):
    """`runtime_config.codex` of Wegent's `model_config` (wire §5.3, §11.3)."""

    use_user_config: bool = False
    """The decision for this very run: Codex uses the login that it has on the device."""
    configured: bool = False
    target_path: str = "~/.codex/auth.json"
    auth_json_sha256: str | None = None
    use_proxy: bool = False
    proxy_configured: bool = False


class RuntimeConfigs(_Nullable):
    """`runtime_config` of Wegent's `model_config`."""

    codex: CodexRuntime | None = None


class Proxy(_Nullable):
    """`proxy` of Wegent's `model_config`."""

    url: str = ""


class ModelConfig(_Nullable):
    """Wegent's `model_config`: which model answers a turn and by whose account. Empty: the agent's own.

    Carries secrets: it is never logged, never stored and never put into an argument list.
    """

    model_config = ConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    model: str = ""
    """Wegent's family: `claude` or `openai`."""
    model_id: str = ""
    """The name that the provider knows it by; '' : the agent's own choice."""
    api_key: str = ""
    base_url: str = ""
    protocol: str = ""
    """`anthropic-messages` or `responses`."""
    runtime_config: RuntimeConfigs | None = None
    proxy: Proxy | None = None

    @property
    def issued(self) -> bool:
        """Say whether the gateway gives address or key, so that the login on the device is left alone."""
        return bool(self.api_key or self.base_url)

    @property
    def proxy_url(self) -> str | None:
        """Return the proxy that Codex is to use, and nobody else (wire §11.4)."""
        codex = self.runtime_config.codex if self.runtime_config is not None else None
        if codex is None or not codex.use_proxy or self.proxy is None:
            return None
        return self.proxy.url or None


class ProviderCheck(Wire):
    """`provider:test`."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    kind: ProviderKind
    base_url: str = ""
    api_key: str = ""
    model_id: str
    proxy_url: str | None = None


class ProxyCheck(Wire):
    """`proxy:test`."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    proxy_url: str


class CheckAnswer(Done):
    """Answer to `provider:test` and `proxy:test`; `success` says that it was tried, `ok` what came of it."""

    ok: bool = False
    result: str = ""
    """What came of it, in words."""
    seconds: float | None = None


VENDOR: dict[ProviderKind, str] = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
}
"""Where a provider without an address of its own is."""
AGENT_OF: dict[ProviderKind, str] = {"anthropic": "claude", "openai": "codex"}
FAMILY: dict[ProviderKind, tuple[str, str]] = {
    "anthropic": ("claude", "anthropic-messages"),
    "openai": ("openai", "responses"),
}
"""(`model`, `protocol`) of Wegent's `model_config`."""


def split_model(name: str) -> tuple[str, str]:
    """Return (provider, model) of a model's name in a task; the second is '' when there is no provider in it."""
    provider, _, model = name.partition("/")
    return provider, model
