"""What a test of a provider or proxy says, from a device: each cause with real sockets, and never the key."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.model import Model, running_model
from tests.support.server import free_port
from tests.support.wires import Talk, certificate, connecting, in_tls, listening, pipe, silent
from wegent_jupyter.executor.personal import checks, way
from wegent_jupyter.protocol.models import CheckAnswer, ProviderCheck, ProviderKind, ProxyCheck

KEY = "canary-key-93bc"
PASSWORD = "canary-password-71aa"
MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}]}
RESPONSE = {"object": "response", "status": "completed", "output": []}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def provider(
    base: str, kind: ProviderKind = "openai", key: str = KEY, model: str = "gpt-x", proxy: str | None = None
) -> CheckAnswer:
    check = ProviderCheck(kind=kind, base_url=base, api_key=key, model_id=model, proxy_url=proxy)
    return shown(asyncio.run(checks.check_provider(check)))


def proxy(url: str) -> CheckAnswer:
    return shown(asyncio.run(checks.check_proxy(ProxyCheck(proxy_url=url))))


def shown(answer: CheckAnswer) -> CheckAnswer:
    """Return an answer that says something, and nothing that is secret."""
    told = answer.model_dump_json()
    assert not any(one in told for one in (KEY, PASSWORD)), told
    assert answer.success
    assert answer.result
    return answer


def whole(peer: socket.socket) -> bytes:
    """Read a request with its body."""
    data = b""
    while b"\r\n\r\n" not in data and (more := peer.recv(4096)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (more := peer.recv(4096)):
        body += more
    return head + b"\r\n\r\n" + body


def serving(status: str, body: Any = "", *headers: str, heard: list[bytes] | None = None) -> Talk:
    """Answer a request."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    def talk(peer: socket.socket) -> None:
        request = whole(peer)
        if heard is not None:
            heard.append(request)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *headers, "", ""]
        peer.sendall("\r\n".join(lines).encode() + data)

    return talk


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with running_model() as model:
        yield model


@pytest.mark.parametrize(("kind", "path"), [("anthropic", ""), ("openai", "/v1")])
def test_a_provider_that_works_is_said_to_work_and_one_that_refuses_the_key_to_refuse_it(
    model: Model, kind: ProviderKind, path: str
) -> None:
    found = provider(model.url + path, kind, model.key, "practice-1")
    assert (found.ok, found.fix) == (True, None), found
    assert "answers as practice-1" in found.result
    assert found.seconds is not None
    found = provider(model.url + path, kind, KEY)
    assert (found.ok, "does not accept the key (401)" in found.result) == (False, True), found


@pytest.mark.parametrize(
    ("kind", "answer", "says"),
    [
        ("openai", serving("401 No", {"error": {"message": f"Bad key {KEY}."}}), "does not accept the key (401): Bad"),
        ("openai", serving("403 No", {"error": {"message": "Not your region"}}), "does not accept the key (403): Not"),
        ("openai", serving("403 No", "<html>Blocked</html>"), "does not speak OpenAI Responses"),
        (
            "openai",
            serving("404 No", {"error": {"message": "The model `gpt-x` does not exist", "code": "model_not_found"}}),
            "does not have the model gpt-x (404): The model `gpt-x` does not exist.",
        ),
        (
            "anthropic",
            serving("404 No", {"type": "error", "error": {"type": "not_found_error", "message": "model: gpt-x"}}),
            "does not have the model gpt-x (404)",
        ),
        ("openai", serving("400 No", {"error": {"message": "unknown model", "code": "invalid_model"}}), "the model"),
        ("openai", serving("400 No", {"error": "bad field"}), "does not take the request (400): bad field."),
        ("openai", serving("404 Not Found", "<html>"), "there is nothing at /v1/responses (404)"),
        ("anthropic", serving("404 Not Found", {"detail": "Not Found"}), "there is nothing at /v1/v1/messages (404)"),
        ("openai", serving("405 No", {"detail": "Method Not Allowed"}), "there is nothing at /v1/responses (405)"),
        ("openai", serving("200 OK", "<html>Welcome</html>"), "it answers something else (200)"),
        ("openai", serving("200 OK", MESSAGE), "does not speak OpenAI Responses"),
        ("anthropic", serving("200 OK", RESPONSE), "does not speak Anthropic Messages"),
        ("openai", serving("200 OK", "[" * 100_000), "it answers something else (200)"),
        ("openai", serving("429 Slow", {"error": {"message": "Quota"}}), "takes no more for now (429): Quota."),
        ("openai", serving("500 No", "oops"), "has an error of its own (500)."),
        (
            "openai",
            serving("302 Found", "", "Location: http://127.0.0.1:1/login?x=1"),
            "sends us on to 127.0.0.1 (302)",
        ),
        ("openai", lambda peer: None, "broke off"),
        ("openai", lambda peer: peer.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"), "does not speak HTTP"),
        ("openai", lambda peer: peer.sendall(b"\0" * 200_000), "does not speak HTTP"),
    ],
)
def test_what_a_provider_answers_is_said_in_words(kind: ProviderKind, answer: Talk, says: str) -> None:
    with listening(answer) as port:
        found = provider(f"http://127.0.0.1:{port}/v1", kind)
        assert (found.ok, says in found.result) == (False, True), found.result
        assert found.fix


def test_the_key_goes_nowhere_but_to_the_address_that_was_named() -> None:
    elsewhere: list[bytes] = []
    with listening(serving("200 OK", RESPONSE, heard=elsewhere)) as other:
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            with listening(serving(status, "", f"Location: http://127.0.0.1:{other}/v1/responses")) as port:
                assert not provider(f"http://127.0.0.1:{port}/v1").ok
    assert elsewhere == []


def test_one_small_request_is_sent_with_the_key_as_each_api_wants_it() -> None:
    heard: list[bytes] = []
    with listening(serving("200 OK", MESSAGE, heard=heard)) as port:
        assert provider(f"http://127.0.0.1:{port}", "anthropic").ok
    head, _, body = heard[0].decode().partition("\r\n\r\n")
    assert head.startswith("POST /v1/messages HTTP/1.1\r\n")
    assert f"x-api-key: {KEY}" in head
    assert json.loads(body)["max_tokens"] == 1
    with listening(serving("200 OK", RESPONSE, heard=heard)) as port:
        assert provider(f"http://127.0.0.1:{port}/v1").ok
        assert provider(f"http://127.0.0.1:{port}/v1", key="").ok
    head, _, body = heard[1].decode().partition("\r\n\r\n")
    assert head.startswith("POST /v1/responses HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}" in head
    assert json.loads(body)["model"] == "gpt-x"
    assert b"authorization" not in heard[2].lower()


def chunked(peer: socket.socket) -> None:
    whole(peer)
    data = json.dumps(RESPONSE).encode()
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for part in (data[:7], data[7:]):
        peer.sendall(f"{len(part):x};x=y\r\n".encode() + part + b"\r\n")
    peer.sendall(b"0\r\n\r\n")


def streamed(peer: socket.socket) -> None:
    whole(peer)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: response.created\ndata: {}\n\n")


@pytest.mark.parametrize("talk", [chunked, streamed])
def test_an_answer_in_pieces_or_as_a_stream_is_understood(talk: Talk) -> None:
    with listening(talk) as port:
        assert provider(f"http://127.0.0.1:{port}/v1").ok


@pytest.mark.parametrize("head", ["", "Transfer-Encoding: chunked\r\n", "Content-Length: 99999999999\r\n"])
def test_an_answer_without_end_is_not_read_to_its_end(head: str) -> None:
    sent = 0

    def talk(peer: socket.socket) -> None:
        nonlocal sent
        whole(peer)
        peer.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())
        block = b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n" if "chunked" in head else b"x" * 0xFFFF
        while sent < 1 << 30:
            peer.sendall(block)
            sent += len(block)

    with listening(talk) as port:
        assert not provider(f"http://127.0.0.1:{port}/v1").ok
    assert sent < 64 << 20


def test_a_provider_that_is_not_there_is_told_from_one_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    found = provider(f"http://127.0.0.1:{free_port()}/v1")
    assert (found.ok, "the connection was refused" in found.result) == (False, True)
    found = provider("http://nowhere.invalid/v1")
    assert (found.ok, "The name nowhere.invalid is not known" in found.result) == (False, True)
    monkeypatch.setattr(checks, "TEST_SECONDS", 0.5)
    with listening(silent) as port:
        found = provider(f"http://127.0.0.1:{port}/v1")
    assert (found.ok, "did not answer within" in found.result) == (False, True)


def test_tls_is_checked_and_its_absence_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path, "localhost")
    with listening(serving("200 OK", RESPONSE)) as plain, listening(in_tls(file, plain)) as port:
        found = provider(f"https://localhost:{port}/v1")
        assert (found.ok, "is not trusted on this device: self-signed" in found.result) == (False, True), found
        monkeypatch.setenv("CODEX_CA_CERTIFICATE", str(file))
        assert provider(f"https://localhost:{port}/v1").ok, "as Codex trusts it"
        monkeypatch.setenv("CODEX_CA_CERTIFICATE", str(tmp_path / "gone.pem"))
        assert "cannot be read" in provider(f"https://localhost:{port}/v1").result
        monkeypatch.delenv("CODEX_CA_CERTIFICATE")
        monkeypatch.setattr(way, "GREETING_SECONDS", 0.2)
        found = provider(f"https://localhost:{plain}/v1")
        assert (found.ok, "does not speak TLS" in found.result) == (False, True), found


@pytest.mark.parametrize(
    ("base", "key"), [("ftp://x/v1", KEY), ("http://u:canary-password-71aa@x", KEY), ("http://x/v1", "a\r\nHost: y")]
)
def test_what_makes_no_sense_is_not_tried(base: str, key: str) -> None:
    found = provider(base, key=key)
    assert (found.ok, "cannot be tried" in found.result) == (False, True)


# Proxies.


def socks(target: int, *, password: str | None = None, reply: int = 0, asked: list[bytes] | None = None) -> Talk:
    """Be a SOCKS5 proxy that connects everybody to one port."""

    def talk(peer: socket.socket) -> None:
        _, count = peer.recv(2)
        methods = peer.recv(count)
        if password is not None:
            if 2 not in methods:
                peer.sendall(b"\x05\xff")
                return
            peer.sendall(b"\x05\x02")
            given = peer.recv(600)
            right = given == b"\x01\x02me" + bytes([len(password)]) + password.encode()
            peer.sendall(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return
        else:
            peer.sendall(b"\x05\x00")
        request = peer.recv(600)
        if asked is not None:
            asked.append(request)
        peer.sendall(bytes([5, reply, 0, 1]) + bytes(6))
        if reply == 0:
            with socket.create_connection(("127.0.0.1", target)) as far:
                pipe(peer, far)

    return talk


@pytest.fixture(scope="module")
def far() -> Iterator[int]:
    """Give a provider that only a proxy reaches."""
    with listening(serving("200 OK", RESPONSE)) as port:
        yield port


def test_a_proxy_that_connects_is_said_to_connect(far: int) -> None:
    heads: list[str] = []
    asked: list[bytes] = []
    with listening(connecting(far, password=f"me:{PASSWORD}", heads=heads)) as port:
        found = proxy(f"http://me:{PASSWORD}@127.0.0.1:{port}")
        assert (found.ok, found.result) == (True, f"The proxy 127.0.0.1:{port} connects to api.openai.com.")
    assert heads[0].startswith("CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n")
    with listening(socks(far, password=PASSWORD, asked=asked)) as port:
        assert proxy(f"socks5://me:{PASSWORD}@127.0.0.1:{port}").ok
    assert asked == [b"\x05\x01\x00\x03\x0eapi.openai.com\x01\xbb"], "the proxy looks the name up"
    with listening(socks(far)) as port:
        assert proxy(f"socks5://127.0.0.1:{port}").ok
        assert proxy(f"socks5://me:{PASSWORD}@127.0.0.1:{port}").ok, "it wants none"


def test_what_is_wrong_with_a_proxy_is_said(far: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(connecting(far, password=f"me:{PASSWORD}x", heads=[])) as port:
        assert "wants a name and a password" in proxy(f"http://127.0.0.1:{port}").result
        assert "does not accept the name and password" in proxy(f"http://me:{PASSWORD}@127.0.0.1:{port}").result
        with monkeypatch.context() as hurry:
            hurry.setattr(way, "GREETING_SECONDS", 0.2)
            assert "is no SOCKS5 proxy" in proxy(f"socks5://127.0.0.1:{port}").result
            assert "does not speak TLS" in proxy(f"https://127.0.0.1:{port}").result
    with listening(connecting(far, allow=False, heads=[])) as port:
        assert "refuses to connect to api.openai.com:443 (403)" in proxy(f"http://127.0.0.1:{port}").result
    with listening(socks(far, password=f"{PASSWORD}x")) as port:
        assert "wants a name and a password" in proxy(f"socks5://127.0.0.1:{port}").result
        assert "does not accept the name and password" in proxy(f"socks5://me:{PASSWORD}@127.0.0.1:{port}").result
        assert "is no HTTP proxy" in proxy(f"http://127.0.0.1:{port}").result
    with listening(socks(far, reply=2)) as port:
        assert "it does not allow it" in proxy(f"socks5://127.0.0.1:{port}").result
    assert "the connection was refused" in proxy(f"http://127.0.0.1:{free_port()}").result
    assert "The name nowhere.invalid is not known" in proxy("socks5://nowhere.invalid:1080").result
    with listening(in_tls(certificate(tmp_path, "localhost"), far)) as port:
        assert "is not trusted on this device" in proxy(f"https://localhost:{port}").result


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:80", "ftp://x:1", "http://", "http://x:99999", "http://x:" + "1" * 4_000, "http://[x"]
)
def test_what_is_no_address_of_a_proxy_is_told(url: str) -> None:
    found = proxy(url)
    assert (found.ok, found.result) == (False, "This is not the address of a proxy.")


def forwarding(target: int, heard: list[bytes]) -> Talk:
    """Be a proxy that passes plain requests on."""

    def talk(peer: socket.socket) -> None:
        heard.append(whole(peer))
        with socket.create_connection(("127.0.0.1", target)) as onward:
            onward.sendall(heard[-1])
            pipe(peer, onward)

    return talk


def test_a_provider_is_reached_through_the_proxy_that_was_given(
    far: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    with listening(forwarding(far, heard)) as port:
        assert provider("http://provider.test/v1", proxy=f"http://me:{PASSWORD}@127.0.0.1:{port}").ok
    both = base64.b64encode(f"me:{PASSWORD}".encode())
    assert heard[0].startswith(b"POST http://provider.test/v1/responses HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " + both in heard[0]

    file = certificate(tmp_path, "provider.test")
    monkeypatch.setenv("CODEX_CA_CERTIFICATE", str(file))
    heads: list[str] = []
    with listening(in_tls(file, far)) as tls:
        with listening(connecting(tls, heads=heads)) as port:
            assert provider("https://provider.test/v1", proxy=f"http://127.0.0.1:{port}").ok
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            assert provider("https://provider.test/v1").ok, "the proxy of the device's own environment"
            monkeypatch.setenv("NO_PROXY", "provider.test")
            assert "is not known" in provider("https://provider.test/v1", proxy=f"http://127.0.0.1:{port}").result
            monkeypatch.delenv("NO_PROXY")
        with listening(socks(tls)) as port:
            assert provider("https://provider.test/v1", proxy=f"socks5://127.0.0.1:{port}").ok
    assert [head.split()[1] for head in heads] == ["provider.test:443"] * 2
    with listening(serving("407 No")) as port:
        found = provider("http://provider.test/v1", proxy=f"http://127.0.0.1:{port}")
        assert "wants a name and a password (407)" in found.result
    monkeypatch.setenv("HTTPS_PROXY", f"socks4://me:{PASSWORD}@127.0.0.1:1")
    assert "of a kind that is not supported" in provider("https://provider.test/v1").result


def test_a_proxy_in_tls_carries_tls(far: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer, inner = certificate(tmp_path, "localhost"), certificate(tmp_path, "provider.test")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(outer))
    monkeypatch.setenv("CODEX_CA_CERTIFICATE", str(inner))
    with (
        listening(in_tls(inner, far)) as tls,
        listening(connecting(tls, heads=[])) as plain,
        listening(in_tls(outer, plain)) as port,
    ):
        assert provider("https://provider.test/v1", proxy=f"https://localhost:{port}").ok


def test_loopback_is_reached_without_the_proxy(far: int) -> None:
    assert provider(f"http://127.0.0.1:{far}/v1", proxy=f"http://127.0.0.1:{free_port()}").ok


def test_no_connection_is_left_behind(far: int) -> None:
    async def scenario() -> int:
        before = len(asyncio.all_tasks())
        for url in (f"http://127.0.0.1:{far}/v1", f"http://127.0.0.1:{free_port()}/v1"):
            await checks.check_provider(ProviderCheck(kind="openai", base_url=url, api_key=KEY, model_id="m"))
        await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - before

    assert asyncio.run(scenario()) == 0
