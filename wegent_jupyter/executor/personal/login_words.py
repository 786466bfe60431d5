"""Say what is wrong with a login, from what `codex app-server` says of it (seen with 0.163)."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

MAX_TEXT = 1_000
_URL = re.compile(r"error sending request for url \((\S+?)\)")
_AGAIN = "Start the login again."


class Words(NamedTuple):
    """What went wrong, and what to do."""

    text: str
    fix: str


def is_kept(error: str) -> bool:
    """Say whether Codex means: the login is kept, only the vendor's other hosts were not reached yet."""
    return "workspace routing" in error


def explain(error: str) -> Words:
    """Return words for a person."""
    if found := _URL.search(error):
        host = urlsplit(found.group(1)).netloc or found.group(1)
        text = f"This device does not reach {host}, where Codex logs in."
        return Words(
            text, "Check its network, and its proxy (HTTPS_PROXY) if it needs one. Then start the login again."
        )
    if "not enabled" in error:
        text = "Logging in by a code is not enabled there."
        return Words(text, "Allow it in the security settings of ChatGPT, or run `codex login` on the device.")
    if "timed out" in error:
        return Words("Nobody entered the code in time.", _AGAIN)
    if "device auth failed" in error:
        return Words(f"The login was refused: {error[:MAX_TEXT]}.", _AGAIN)
    if "workspace" in error:
        text = f"The login was not completed: {error[:MAX_TEXT]}."
        return Words(text, "Check that this device reaches chatgpt.com. Then start the login again.")
    return Words(f"Codex could not log in: {error[:MAX_TEXT].rstrip('.')}.", _AGAIN)
