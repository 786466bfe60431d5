"""Try a model's provider, or a proxy, from this device: one tiny real request, and what came of it in words.

The key goes to the address that was named and to no other: redirections are not followed. No answer repeats it.
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from wegent_jupyter.executor.personal import way
from wegent_jupyter.executor.personal.request import Answer, post
from wegent_jupyter.executor.personal.way import Failed
from wegent_jupyter.protocol.models import (
    TEST_SECONDS,
    VENDOR,
    CheckAnswer,
    ProviderCheck,
    ProxyCheck,
    check_base_url,
)
from wegent_jupyter.protocol.personal import MAX_PROXY_BYTES, PROXY_SCHEMES

SAID = 300
"""Characters of a provider's own words that are shown."""
PROBE = ("api.openai.com", 443)
"""Where a proxy is asked to lead: where Codex goes."""
MAX_NAME = 255
"""Bytes of a name or password that SOCKS5 has room for."""
MAX_TOKENS = 16
"""The fewest that OpenAI's Responses accept."""
_SPOKEN = {"anthropic": "Anthropic Messages", "openai": "OpenAI Responses"}
_ENDS = {"anthropic": "before /v1", "openai": "in /v1"}
_MORE_TRUST = {"openai": "CODEX_CA_CERTIFICATE", "anthropic": "NODE_EXTRA_CA_CERTS"}
"""The variable by which the agent of that API trusts more certificates."""


async def check_provider(check: ProviderCheck) -> CheckAnswer:
    """Send one request for a word or two."""
    try:
        url, headers, body = _request(check)
    except ValueError as error:
        return CheckAnswer(success=True, result=f"It cannot be tried: {error}.")

    async def ask() -> str:
        proxy = way.proxy_of(url, _checked_proxy(check.proxy_url) if check.proxy_url else None)
        async with way.opened(url, proxy, os.environ.get(_MORE_TRUST[check.kind])) as streams:
            answer = await post(streams, url, headers, body)
        return _judge(check, url, answer)

    return await _tried(ask, urlsplit(url).netloc)


async def check_proxy(check: ProxyCheck) -> CheckAnswer:
    """Let a proxy connect to OpenAI, and say nothing there."""

    async def ask() -> str:
        proxy = _checked_proxy(check.proxy_url)
        streams = await way.through(proxy, *PROBE)
        streams.writer.transport.abort()
        return f"The proxy {_host_of(proxy)} connects to {PROBE[0]}."

    return await _tried(ask, "The proxy")


async def _tried(ask: Callable[[], Awaitable[str]], name: str) -> CheckAnswer:
    began = time.monotonic()
    fix = None
    try:
        async with asyncio.timeout(TEST_SECONDS):
            text, ok = await ask(), True
    except Failed as error:
        text, fix, ok = error.text, error.fix, False
    except TimeoutError:
        text, ok = f"{name} did not answer within {TEST_SECONDS:.0f} s.", False
        fix = "Is it overloaded, or does a firewall or proxy swallow what is sent?"
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        text, fix, ok = f"{name} broke off, or does not speak HTTP.", "Check the address, and its port.", False
    return CheckAnswer(success=True, ok=ok, result=text, fix=fix, seconds=round(time.monotonic() - began, 3))


def _request(check: ProviderCheck) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return address, header fields and body of the smallest request to an API; raises ValueError."""
    base, key = check_base_url(check.base_url) or VENDOR[check.kind], check.api_key
    if not (key.isascii() and key.isprintable()):
        raise ValueError("the key has characters that no key has")
    if check.kind == "anthropic":
        messages = [{"role": "user", "content": "Hi"}]
        body: dict[str, Any] = {"model": check.model_id, "max_tokens": 1, "messages": messages}
        return f"{base}/v1/messages", {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}, body
    text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    body = {"model": check.model_id, "input": [text], "max_output_tokens": MAX_TOKENS, "store": False}
    return f"{base}/responses", {"Authorization": f"Bearer {key}"} if key else {}, body


def _judge(check: ProviderCheck, url: str, answer: Answer) -> str:
    """Return what to say of an answer that shows that it works; raises Failed."""
    name, status = urlsplit(url).netloc, answer.status
    found = _json(answer.body)
    said = _said(found, check.api_key)
    shown = f" ({status}): {said}." if said else f" ({status})."
    if status == 200 and _fits(check, found, answer.body):
        return f"{name} answers as {check.model_id} by {_SPOKEN[check.kind]}."
    if 300 <= status < 400:
        where = urlsplit(answer.location).hostname or "another address"
        text = f"{name} sends us on to {where} ({status}), where the key is not sent."
        raise Failed(text, "Give the address that it ends at.")
    if status == 401 or (status == 403 and not answer.body.lstrip().startswith(b"<")):
        given = "does not accept the key" if check.api_key else "wants a key"
        raise Failed(f"{name} is there, but {given}{shown}", "Check the key, and what it is allowed.")
    if status == 407:
        raise Failed("The proxy on the way wants a name and a password (407).", "Write them into its address.")
    if status == 429:
        raise Failed(f"{name} is there, but takes no more for now{shown}", "Check limits and credit there.")
    if status >= 500:
        raise Failed(f"{name} has an error of its own{shown}", "Try again later, or look into its log.")
    if said and status in (400, 404, 422) and _names_model(check.model_id, said, found):
        text = f"{name} is there, but does not have the model {check.model_id}{shown}"
        raise Failed(text, "Write the model's name as the provider does.")
    if said and status >= 400 and status not in (404, 405):
        raise Failed(f"{name} does not take the request{shown}", f"Does it speak {_SPOKEN[check.kind]}?")
    raise _other_protocol(check, url, status)


def _other_protocol(check: ProviderCheck, url: str, status: int) -> Failed:
    parts = urlsplit(url)
    answers = f"there is nothing at {parts.path}" if status in (404, 405) else "it answers something else"
    text = f"{parts.netloc} is there, but does not speak {_SPOKEN[check.kind]}: {answers} ({status})."
    return Failed(text, f"Check the address; it usually ends {_ENDS[check.kind]}.")


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _said(found: dict[str, Any], key: str) -> str:
    """Return a provider's own words about an error, in one line, without the key."""
    error = found.get("error")
    said = error.get("message") if isinstance(error, dict) else error or found.get("message") or found.get("detail")
    line = " ".join(said.split()) if isinstance(said, str) else ""
    line = line.replace(key, "***") if key else line
    return "".join(one for one in line if one.isprintable())[:SAID].rstrip(".")


def _names_model(model: str, said: str, found: dict[str, Any]) -> bool:
    error = found.get("error")
    code = str(error.get("code") or error.get("type") or "") if isinstance(error, dict) else ""
    return model in said or "model" in code or (code == "not_found_error" and "model" in said.lower())


def _fits(check: ProviderCheck, found: dict[str, Any], body: bytes) -> bool:
    """Say whether an answer is one of the API's, whole or, unasked, as a stream."""
    if check.kind == "anthropic":
        return (found.get("type") == "message" and "content" in found) or b"event: message_start" in body
    return (found.get("object") == "response" and "output" in found) or b"event: response.created" in body


def _checked_proxy(url: str) -> str:
    """Return a proxy's address if there is sense in it; raises Failed, which does not repeat it."""
    try:
        parts = urlsplit(url)
        fits = bool(parts.hostname) and parts.scheme in PROXY_SCHEMES and (parts.port or 1) > 0
        fits = fits and len(url.encode()) <= MAX_PROXY_BYTES
        fits = fits and all(len(unquote(one or "").encode()) <= MAX_NAME for one in (parts.username, parts.password))
    except ValueError:
        fits = False
    if not fits:
        raise Failed("This is not the address of a proxy.", "Write it as http://HOST:PORT or socks5://HOST:PORT.")
    return url


def _host_of(proxy: str) -> str:
    return urlsplit(proxy).netloc.rpartition("@")[2]
