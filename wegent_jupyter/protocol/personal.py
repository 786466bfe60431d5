"""A person's own runtime configuration: the Codex login and the proxy (Wegent's `/users/me`, wire §11).

The login and the proxy's address are taken in and never given out again.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StringConstraints

from wegent_jupyter.protocol.api import Model, Request
from wegent_jupyter.protocol.wire import Done

LOGIN = "agents:login"
"""Ours, gateway to device: a `LoginOrder`; the ack is a `LoginAnswer`."""
CODEX_TARGET = "~/.codex/auth.json"
MAX_AUTH_BYTES = 512 << 10
"""512 KiB of JSON text (Wegent's user_runtime_config.py)."""
MAX_PROXY_BYTES = 2_048
PROXY_SCHEMES = ("http", "https", "socks5")

Runtime = Literal["codex"]
SyncStatus = Literal["unknown", "present", "missing", "writing", "written", "skipped_existing", "failed"]
"""Of the file on a device: not reported; it is there; it is not; it is being sent; it was; it was there already; why
not is in `error`."""
LoginState = Literal["none", "starting", "waiting", "done", "failed", "cancelled"]


class RuntimeConfig(Model):
    """State of a runtime's personal configuration, in Wegent's shape."""

    runtime: Runtime = "codex"
    display_name: str = "Codex"
    use_user_config: bool = False
    use_proxy: bool = False
    configured: bool = False
    target_path: str = CODEX_TARGET
    auth_json_sha256: str | None = None
    auth_json_updated_at: str | None = None
    proxy_configured: bool = False
    proxy_url_masked: str | None = None
    proxy_updated_at: str | None = None
    updated_at: str | None = None
    auth_kind: Literal["chatgpt", "api_key"] | None = None
    """Ours: a ChatGPT login breaks when it is used on two machines, a key does not."""
    upload_allowed: bool = True
    """Ours: the operator's `allow_codex_upload`."""
    problem: str | None = None
    """Ours: why what is saved cannot be used, such as a lost key file."""


class UpdateRuntimeConfig(Request):
    """`PUT /users/me/runtime-configs/{runtime}`."""

    use_user_config: bool
    use_proxy: bool | None = None
    """None: as it is."""


class UploadAuth(Request):
    """`POST …/auth-json`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    auth_json: Any
    """A JSON object, or its text."""


class ImportAuth(Request):
    """`POST …/import-device`: read the file of an online device."""

    device_id: str


class DeviceAuth(Model):
    """The login file on one device, and what became of sending it there."""

    device_id: str
    name: str
    online: bool
    exists: bool | None = None
    """None: not reported."""
    target_path: str | None = None
    """As the device names it."""
    status: SyncStatus = "unknown"
    error: str | None = None
    synced_at: str | None = None


class DeviceAuthList(Model):
    """Answer of `GET …/devices`: the devices that run Codex, or could."""

    items: list[DeviceAuth]
    total: int


class ProxyConfig(Model):
    """Answer of `GET` and `PUT /users/me/proxy-config`, in Wegent's shape."""

    configured: bool = False
    proxy_url_masked: str | None = None
    """`scheme://***:***@host:port`, or without credentials `scheme://host:port`"""
    proxy_updated_at: str | None = None
    updated_at: str | None = None
    problem: str | None = None
    """Ours: why what is saved cannot be used, such as a lost key file."""


class UpdateProxy(Request):
    """`PUT /users/me/proxy-config`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    proxy_url: str
    """'' clears it, and turns `use_proxy` off."""


class TestProxy(Request):
    """`POST /users/me/proxy-config/test`: try a proxy from a device."""

    __test__ = False  # not one of pytest's
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    device_id: str
    proxy_url: str | None = None
    """None: the saved one."""


class AgentLogin(Model):
    """An agent's own login on one device: `…/devices/{id}/agents/{agent}/login`."""

    device_id: str
    agent: str
    state: LoginState = "none"
    url: str | None = None
    """To be opened in any browser, while `waiting`."""
    code: str | None = None
    """To be typed there."""
    message: str | None = None
    """Why it failed."""
    fix: str | None = None


class StartLogin(Request):
    """`POST …/login`: begin, or show what has begun."""


# What crosses the device link.


class LoginOrder(Model):
    """`agents:login`. All three can be repeated: `start` while one waits answers that one."""

    agent: Annotated[str, StringConstraints(max_length=100)]
    action: Literal["start", "status", "cancel"]


class LoginAnswer(Done):
    """Answer to `agents:login`."""

    state: LoginState = "none"
    url: Annotated[str, StringConstraints(max_length=2_048)] | None = None
    user_code: Annotated[str, StringConstraints(max_length=100)] | None = None
    text: Annotated[str, StringConstraints(max_length=4_096)] | None = None
    """Why it failed."""
