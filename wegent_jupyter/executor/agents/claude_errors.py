"""Say what went wrong with Claude Code or its model, and what to do about it."""

import re
from typing import Any

from wegent_jupyter.executor.agents.base import AgentFailed

_LOGIN = ("Not logged in", "Invalid API key", "OAuth token", "Please run /login", "authentication_error")
_NO_SESSION = ("No conversation found", "--resume requires a valid session")


def session_is_lost(result: dict[str, Any] | None) -> bool:
    """Say whether a result means that the conversation to be resumed does not exist."""
    said = " ".join(str(error) for error in _list((result or {}).get("errors")))
    return any(one in said for one in _NO_SESSION)


def failure(result: dict[str, Any], kind: str | None, login_fix: str | None) -> AgentFailed:
    """Return what a result that is an error means, in the provider's own words.

    `kind` is the model's last error, `login_fix` says what gives access.
    """
    said = _said(result)
    status = result.get("api_error_status") or _status(said)
    if kind == "authentication_failed" or status in (401, 403) or any(one in said for one in _LOGIN):
        return AgentFailed("agent_login", said, login_fix)
    if kind == "billing_error":
        return AgentFailed("model_billing", said, "Look at the plan or the balance of your account with the provider.")
    if kind == "rate_limit" or status == 429:
        return AgentFailed("model_rate_limit", said, "Wait until the limit allows more, then continue.")
    if kind == "overloaded" or status == 529:
        return AgentFailed("model_overloaded", said, "The model is overloaded: continue in a few minutes.")
    if isinstance(status, int) and status >= 500:
        return AgentFailed("model_error", said, "The provider had a failure of its own: continue in a moment.")
    if result.get("api_error") == "connection_failed" or "Connection" in said:
        fix = "Check this device's network and proxy settings (and ANTHROPIC_BASE_URL, if set), then continue."
        return AgentFailed("model_unreachable", said, fix)
    return AgentFailed("model_error" if result.get("terminal_reason") == "api_error" else "agent_error", said)


def _status(said: str) -> int | None:
    """Return the status that programs before 2.1.110 only tell in words."""
    found = re.search(r"API Error: (\d{3})\b", said)
    return int(found.group(1)) if found else None


def _said(result: dict[str, Any]) -> str:
    text = result.get("result")
    if isinstance(text, str) and text.strip():
        return text.strip()
    errors = [str(error).strip() for error in _list(result.get("errors")) if str(error).strip()]
    return " ".join(errors) or f"Claude Code ended its turn with '{result.get('subtype')}'."


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
