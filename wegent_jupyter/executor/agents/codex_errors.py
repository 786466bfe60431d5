"""Say what went wrong with Codex or its model, and what to do about it."""

import re
import time
from typing import Any

from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.executor.agents.codex_rpc import RpcError
from wegent_jupyter.executor.agents.shapes import Json, mapping, words

_TRYING = "Reconnecting"
_LOST = ("no rollout found", "thread not found", "invalid session id", "invalid thread id")
_STATUS = re.compile(r"\b(?:unexpected status|status(?: code)?|HTTP)[: ]+(\d{3})\b", re.IGNORECASE)
_UNREACHABLE = ("error sending request", "connection refused", "dns error", "stream disconnected", "proxy")
_FIXES = {
    "model_billing": "Look at the plan or the balance of your account with the provider.",
    "model_rate_limit": "Wait until the limit allows more, then continue.",
    "model_overloaded": "The model is overloaded: continue in a few minutes.",
    "model_context": "The conversation has become too long for the model: start a new task.",
    "model_unreachable": "Check this device's network and proxy settings, and the provider's address, then continue.",
}
_KINDS = {
    "unauthorized": "agent_login",
    "usageLimitExceeded": "model_billing",
    "sessionBudgetExceeded": "model_billing",
    "rateLimitExceeded": "model_rate_limit",
    "serverOverloaded": "model_overloaded",
    "contextWindowExceeded": "model_context",
    "internalServerError": "model_error",
    "badRequest": "model_error",
    "cyberPolicy": "model_error",
    "misalignmentPolicyViolation": "model_error",
}
_CONNECTIONS = (
    "httpConnectionFailed",
    "responseStreamConnectionFailed",
    "responseStreamDisconnected",
    "responseTooManyFailedAttempts",
)


NETWORK_SECONDS = 180.0
"""Codex itself waits for the network for ever (seen with 0.163), and a turn that waits holds a slot."""


class Patience:
    """How long the model has not been reached, by what Codex says when it tries again."""

    def __init__(self) -> None:
        """Nothing has failed."""
        self._since: float | None = None
        self.error: Json = {}
        """The newest."""

    def take(self, method: str, params: Json) -> None:
        """Take one notification: an error that is tried again, or a sign of life."""
        if method == "error" and params.get("willRetry"):
            self.error = mapping(params.get("error"))
            self._since = self._since if self._since is not None else time.monotonic()
        elif method.startswith("item/"):
            self._since = None

    @property
    def left(self) -> float | None:
        """Return the seconds until it is enough; None while nothing fails."""
        return None if self._since is None else max(self._since + NETWORK_SECONDS - time.monotonic(), 0.0)

    @property
    def refused(self) -> bool:
        """Say whether the model refused the key, for which trying again is of no use."""
        return self._since is not None and _status(self.error.get("codexErrorInfo"), _said(self.error)) in (401, 403)


def session_is_lost(error: RpcError) -> bool:
    """Say whether a refusal means that the conversation to be resumed does not exist."""
    said = error.message.lower()
    return any(one in said for one in _LOST)


def failure(error: Json, login_fix: str | None, before: Json | None = None) -> AgentFailed:
    """Return what a turn's error means, in the provider's own words; `login_fix` says what gives access.

    `before` is the newest error after which Codex tried again: what it says in the end may leave out the reason.
    """
    said, reason = _said(error), words((before or {}).get("additionalDetails")).strip()
    code, status = _code(error.get("codexErrorInfo"), said), _status(error.get("codexErrorInfo"), said)
    if reason and reason not in said:
        said = f"{said} {reason}"
    if code == "model_error" and (status is None or status >= 500) and error.get("codexErrorInfo") != "badRequest":
        return AgentFailed(code, said, "The provider had a failure of its own: continue in a moment.")
    return AgentFailed(code, said, login_fix if code == "agent_login" else _FIXES.get(code))


def retrying(error: Json) -> str:
    """Return a sentence about an error after which Codex tries again."""
    how, details = words(error.get("message")).strip(), words(error.get("additionalDetails")).strip()
    return f"{details.rstrip('.')}. {how}" if details else how or "The connection to the model failed; trying again."


def _said(error: Json) -> str:
    """Return what went wrong, without how often it was tried."""
    said, details = words(error.get("message")).strip(), words(error.get("additionalDetails")).strip()
    if said.startswith(_TRYING):
        said = details or said
    elif details and details not in said:
        said = f"{said} {details}"
    return said or "Codex ended its turn without saying why."


def _code(info: Any, said: str) -> str:
    status = _status(info, said)
    if status in (401, 403):
        return "agent_login"
    if isinstance(info, str) and info in _KINDS:
        return _KINDS[info]
    if status == 429:
        return "model_rate_limit"
    if status is not None:
        return "model_error"
    connecting = isinstance(info, dict) and any(name in info for name in _CONNECTIONS)
    if connecting or any(one in said.lower() for one in _UNREACHABLE):
        return "model_unreachable"
    return "agent_error"


def _status(info: Any, said: str) -> int | None:
    for name in _CONNECTIONS:
        status = mapping(mapping(info).get(name)).get("httpStatusCode")
        if isinstance(status, int):
            return status
    found = _STATUS.search(said)
    return int(found.group(1)) if found else None
