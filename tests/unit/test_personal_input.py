"""What is taken as a Codex login or a proxy's address, what is shown of it, and what a refusal never repeats."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from wegent_jupyter.gateway.auth_file import read_auth
from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.proxy_url import read_proxy
from wegent_jupyter.protocol.personal import MAX_AUTH_BYTES, MAX_PROXY_BYTES

CANARY = "canary-9be2"
LOGIN = {"tokens": {"refresh_token": CANARY, "id_token": "π"}, "OPENAI_API_KEY": None}


@pytest.mark.parametrize("given", [LOGIN, json.dumps(LOGIN), "\ufeff" + json.dumps(LOGIN, indent=7)])
def test_a_login_is_kept_as_devices_get_it_whatever_its_layout(given: Any) -> None:
    auth = read_auth(given)
    assert auth.text == json.dumps(LOGIN, indent=2, sort_keys=True) + "\n"
    assert auth.sha256 == hashlib.sha256(auth.text.encode()).hexdigest()
    assert CANARY not in repr(auth)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (LOGIN, "chatgpt"),
        ({"auth_mode": "chatgpt", "tokens": {"a": 1}}, "chatgpt"),
        ({"OPENAI_API_KEY": "sk-x"}, "api_key"),
        ({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-x", "tokens": {"a": 1}}, "api_key"),
        ({"something": "else"}, None),
    ],
)
def test_it_is_told_apart_what_breaks_on_two_machines(given: Any, kind: str | None) -> None:
    assert read_auth(given).kind == kind


NESTED = "[" * 100_000


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"{CANARY}", 400),
        (f'{{"a": "{CANARY}"', 400),
        (f'["{CANARY}"]', 400),
        ("", 400),
        ("null", 400),
        ("{}", 400),
        ({}, 400),
        ([CANARY], 400),
        (7, 400),
        (None, 400),
        (f'{{"{CANARY}": NaN}}', 400),
        ({CANARY: float("inf")}, 400),
        (f'{{"{CANARY}": ' + NESTED, 400),
        ({CANARY: "x" * MAX_AUTH_BYTES}, 413),
        (json.dumps({CANARY: "x" * MAX_AUTH_BYTES}), 413),
        ('{"a": 1}' + " " * MAX_AUTH_BYTES, 413),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_login_is_refused_without_repeating_it(given: Any, status: int) -> None:
    with pytest.raises(Refused) as caught:
        read_auth(given)
    error = caught.value
    assert error.status == status
    assert error.fix
    assert CANARY not in f"{error.message} {error.fix} {error.__cause__!r}"
    assert error.__suppress_context__ or error.__context__ is None, "nor does a traceback"


def test_a_login_that_is_nested_too_deeply_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(Refused, match="nested too deeply"):
        read_auth(deep)
    while deep:  # taken apart step by step: the interpreter would do it by recursion
        deep = deep["a"]


def test_the_largest_login_is_taken() -> None:
    text = json.dumps({"a": "x" * (MAX_AUTH_BYTES - len('{\n  "a": ""\n}\n'))})
    assert len(read_auth(text).text) == MAX_AUTH_BYTES


@pytest.mark.parametrize(
    ("given", "url", "masked"),
    [
        ("http://proxy:3128", "http://proxy:3128", "http://proxy:3128"),
        (" https://proxy.example:443/ ", "https://proxy.example:443", "https://proxy.example:443"),
        (f"http://u:{CANARY}@p:1", f"http://u:{CANARY}@p:1", "http://***:***@p:1"),
        (f"socks5://u:{CANARY}%40x@[::1]:1080", f"socks5://u:{CANARY}%40x@[::1]:1080", "socks5://***:***@[::1]:1080"),
        (f"http://{CANARY}@p:1", f"http://{CANARY}@p:1", "http://***:***@p:1"),
        (f"http://a@{CANARY}:b@p:1", f"http://a@{CANARY}:b@p:1", "http://***:***@p:1"),
        ("HTTP://Proxy:80", "http://proxy:80", "http://proxy:80"),
    ],
)
def test_a_proxy_is_kept_as_it_is_used_and_shown_without_its_credentials(given: str, url: str, masked: str) -> None:
    taken = read_proxy(given)
    assert (taken.url, taken.masked) == (url, masked)
    assert CANARY not in repr(taken)


@pytest.mark.parametrize(
    "given",
    [
        CANARY,
        f"//{CANARY}:1",
        f"ftp://{CANARY}:1",
        f"socks4://{CANARY}:1",
        f"http://{CANARY}",
        f"http://u:{CANARY}@:80",
        "http://:80",
        f"http://{CANARY}:0",
        f"http://{CANARY}:65536",
        f"http://{CANARY}:port",
        f"http://[{CANARY}:1",
        f"http://p:1/{CANARY}",
        f"http://p:1?{CANARY}",
        f"http://p:1#{CANARY}",
        f"http://u:{CANARY} x@p:1",
        f"http://u:{CANARY}\n@p:1",
        f"http://u:{CANARY}é@p:1",
        "http://u:" + CANARY * (MAX_PROXY_BYTES // 10) + "@p:1",
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_proxy_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(Refused) as caught:
        read_proxy(given)
    error = caught.value
    assert (error.status, error.code) == (400, "proxy_invalid")
    assert CANARY not in f"{error.message} {error.fix} {error.__cause__!r}"
    assert error.__suppress_context__ or error.__context__ is None, "nor does a traceback"
