"""Take out of what a device says whatever it was entrusted with: it may repeat it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

HIDDEN = "***"
SECRET_LENGTH = 6
"""Characters from which on something is a secret; what is shorter would tear holes into every sentence."""


def hidden(text: str, secrets: Iterable[str | None]) -> str:
    """Return a text without secrets, longest first: one may be a part of another."""
    parts = {part for one in secrets if one for part in _parts(one) if len(part) >= SECRET_LENGTH}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, HIDDEN)
    return text


def strings_in(text: str) -> list[str]:
    """Return the texts in a JSON document, such as the tokens of a login; itself, if it is none."""
    try:
        return list(_strings(json.loads(text)))
    except (ValueError, RecursionError):
        return [text]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _parts(secret: str) -> list[str]:
    """Return a secret and, of an address, its user name with the password."""
    credentials = secret.partition("://")[2].rpartition("@")[0]
    return [secret, credentials] if credentials else [secret]
