"""A Codex login file (`auth.json`) as people bring it: what is taken, and what may be shown of it."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from wegent_jupyter.gateway.errors import Refused, TooLarge
from wegent_jupyter.protocol.personal import MAX_AUTH_BYTES

WHERE = "Take the whole of ~/.codex/auth.json from a computer on which Codex is logged in."


@dataclass(slots=True, frozen=True)
class AuthFile:
    """A login that was taken."""

    text: str = field(repr=False)
    """As devices get it: sorted keys, indented by two, a final newline (wire §11.2)."""
    sha256: str
    """Of `text`."""
    kind: Literal["chatgpt", "api_key"] | None


def read_auth(given: Any) -> AuthFile:
    """Return the login in a JSON object or its text; raises Refused, which never repeats any of it."""
    if isinstance(given, str):
        given = _parsed(given)
    if not isinstance(given, dict) or not given:
        raise _invalid("It has to be a JSON object that is not empty.")
    try:
        text = json.dumps(given, indent=2, sort_keys=True, allow_nan=False) + "\n"
    except (ValueError, RecursionError):
        raise _invalid("It holds a value that JSON does not have, or is nested too deeply.") from None
    _check_size(len(text))
    return AuthFile(text, hashlib.sha256(text.encode()).hexdigest(), _kind(given))


def _parsed(text: str) -> Any:
    _check_size(len(text.encode(errors="replace")))
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _invalid("It is not JSON.") from None  # the parser's own error quotes it


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _check_size(size: int) -> None:
    if size > MAX_AUTH_BYTES:
        raise TooLarge(
            f"auth.json has {size:,} bytes; {MAX_AUTH_BYTES:,} are allowed.", code="auth_too_large", fix=WHERE
        )


def _kind(auth: dict[str, Any]) -> Literal["chatgpt", "api_key"] | None:
    mode = str(auth.get("auth_mode") or "").lower()
    if auth.get("tokens") and mode != "apikey":
        return "chatgpt"
    return "api_key" if auth.get("OPENAI_API_KEY") or mode == "apikey" else None


def _invalid(why: str) -> Refused:
    return Refused(f"This is no auth.json of Codex. {why}", code="auth_invalid", fix=WHERE)
