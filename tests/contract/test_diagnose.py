"""Why a gateway is not reached is said in words that lead to the cure: each cause with real sockets."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.executor import Program
from tests.support.server import free_port
from tests.support.stand_in import StandIn
from tests.support.wires import Talk, answering, certificate, connecting, head_of, in_tls, listening, pipe, silent
from wegent_jupyter.executor import diagnose, network
from wegent_jupyter.executor.diagnose import Finding, Route


def swallowing(target: int) -> Talk:
    """Be a proxy for plain HTTP that answers a WebSocket's upgrade with a page of its own."""

    def talk(peer: socket.socket) -> None:
        head = head_of(peer)
        if "Upgrade: websocket" in head:
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", target)) as far:
            far.sendall(head.encode())
            pipe(peer, far)

    return talk


@pytest.fixture(scope="module")
def gateway() -> Iterator[StandIn]:
    with StandIn() as gateway:
        yield gateway


def why(port: int, path: str = "/wegent", scheme: str = "http", **route: str | None) -> Finding:
    found = diagnose.cause(Route(f"{scheme}://127.0.0.1:{port}{path}", **route))
    assert found is not None
    return found


def test_a_gateway_that_is_there_has_nothing_wrong(gateway: StandIn) -> None:
    steps = list(diagnose.examine(Route(gateway.url)))
    assert [step.step for step in steps if step.ok] == ["name", "port", "http", "websocket"]
    assert diagnose.cause(Route(gateway.url)) is None
    [ahead] = [step.clock_ahead for step in steps if step.clock_ahead is not None]
    assert abs(ahead) < 60


def test_an_unknown_name_is_named() -> None:
    found = diagnose.cause(Route("http://no-such-host.invalid/wegent"))
    assert found is not None
    assert (found.step, "no-such-host.invalid is not known" in found.text) == ("name", True)


def test_a_refused_port_is_named_and_a_tunnel_thought_of() -> None:
    found = why(free_port())
    assert found.step == "port"
    assert "refused" in found.text
    assert "SSH tunnel" in str(found.fix)


def test_a_server_that_says_nothing_is_waited_for_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "SECONDS", 0.3)
    with listening(silent) as port:
        found = why(port)
    assert "did not answer within" in found.text


def test_a_server_that_closes_at_once_is_named() -> None:
    with listening(lambda peer: peer.close()) as port:
        found = why(port)
    assert found.step == "http"
    assert "broke off" in found.text


def test_a_server_that_is_no_gateway_is_told_from_a_blocked_websocket(gateway: StandIn) -> None:
    with listening(answering("200 OK", "<html>My page</html>", "Content-Type: text/html")) as port:
        assert "is not a Wegent gateway" in why(port).text


def test_what_does_not_speak_http_is_told() -> None:
    with listening(lambda peer: peer.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")) as port:
        assert "does not speak HTTP" in why(port).text


def test_a_wrong_path_is_named(gateway: StandIn) -> None:
    found = why(gateway.port, "/elsewhere")
    assert "404" in found.text
    assert "/wegent" in str(found.fix)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (answering("403 Forbidden", "", "Server: TornadoServer/6.5"), "allow_remote_access"),
        (answering("401 Unauthorized"), "login page"),
        (answering("302 Found", "", "Location: /hub/login?next=x"), "/user/YOUR-NAME/wegent"),
        (answering("301 Moved", "", "Location: https://box/wegent/"), "Use https://"),
        (answering("302 Found", "", "Location: /login"), "/wegent"),
        (answering("302 Found", "", "Location: /wegent/socket.io?EIO=4"), "base URL"),
        (answering("502 Bad Gateway"), "starting"),
        (answering("503 Service Unavailable"), "starting"),
        (answering("500 Internal Server Error"), "log"),
        (answering("400 Bad Request", "The plain HTTP request was sent to HTTPS port"), "Use https://"),
    ],
)
def test_what_a_server_answers_leads_to_the_cure(answer: Talk, says: str) -> None:
    with listening(answer) as port:
        found = why(port)
    assert not found.ok
    assert says in str(found.fix)


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    def flood(peer: socket.socket) -> None:
        head_of(peer)
        while True:
            peer.sendall(b"x" * 65536)

    with listening(flood) as port:
        assert not why(port).ok


def test_a_proxy_that_blocks_websockets_is_named(gateway: StandIn) -> None:
    with listening(swallowing(gateway.port)) as port:
        found = why(port)
    assert found.step == "websocket"
    assert "blocks WebSockets" in found.text
    assert "SSH" in str(found.fix)


def test_a_websocket_of_another_kind_is_no_gateway() -> None:
    def talk(peer: socket.socket) -> None:
        if "Upgrade: websocket" in head_of(peer):
            peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")
        else:
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with listening(talk) as port:
        assert "is not a Wegent gateway" in why(port).text


# TLS. The name `gateway.test` is known to no resolver: a proxy leads to it.


def secure(port: int, proxy: int, bundle: Path | None = None, password: str = "") -> Finding | None:
    user = f"{password}@" if password else ""
    url = f"https://gateway.test:{port}/wegent"
    return diagnose.cause(Route(url, str(bundle) if bundle else None, f"http://{user}127.0.0.1:{proxy}"))


@contextlib.contextmanager
def behind(file: Path, gateway: StandIn, heads: list[str] | None = None, password: str | None = None) -> Iterator[int]:
    """Put the gateway behind TLS, and that behind a proxy; yields the proxy's port."""
    with (
        listening(in_tls(file, gateway.port)) as tls,
        listening(connecting(tls, password=password, heads=heads if heads is not None else [])) as proxy,
    ):
        yield proxy


def test_a_self_signed_certificate_is_named_and_trusted_when_it_is_given(gateway: StandIn, tmp_path: Path) -> None:
    file = certificate(tmp_path)
    with behind(file, gateway) as proxy:
        found = secure(443, proxy)
        assert found is not None
        assert (found.step, "self-signed" in found.text, "--ca" in str(found.fix)) == ("certificate", True, True)
        assert secure(443, proxy, file) is None


@pytest.mark.parametrize(
    ("name", "days", "issuer", "says"),
    [
        ("gateway.test", -1, None, "has expired"),
        ("other.test", 1, None, "is for another name"),
        ("gateway.test", 1, "My Company", "an authority that is not known"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    gateway: StandIn, tmp_path: Path, name: str, days: int, issuer: str | None, says: str
) -> None:
    file = certificate(tmp_path, name, days=days, issuer=issuer)
    with behind(file, gateway) as proxy:
        found = secure(443, proxy, None if issuer else file)
    assert found is not None
    assert says in found.text


def test_a_server_without_tls_is_told(gateway: StandIn) -> None:
    found = why(gateway.port, scheme="https")
    assert "does not speak TLS" in found.text
    assert "http://" in str(found.fix)


def test_a_server_that_waits_for_plain_http_is_told_from_a_silent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "SECONDS", 0.5)
    with listening(answering("200 OK")) as port:  # as Tornado does, it waits for the end of a head
        assert "does not speak TLS" in why(port, scheme="https").text
    with listening(silent) as port:
        assert "did not answer within" in why(port, scheme="https").text


def test_a_bundle_that_cannot_be_read_is_named(gateway: StandIn, tmp_path: Path) -> None:
    with behind(certificate(tmp_path), gateway) as proxy:
        found = secure(443, proxy, tmp_path / "missing.pem")
    assert found is not None
    assert "missing.pem" in found.text


def test_a_proxy_that_refuses_is_named() -> None:
    with listening(connecting(1, allow=False, heads=[])) as proxy:
        found = secure(443, proxy)
    assert found is not None
    assert (found.step, "refuses to connect to gateway.test:443" in found.text) == ("proxy", True)


def test_a_proxy_that_wants_a_password_is_named_and_gets_it(gateway: StandIn, tmp_path: Path) -> None:
    file = certificate(tmp_path)
    with behind(file, gateway, password="ann:se cret") as proxy:
        found = secure(443, proxy, file)
        assert found is not None
        assert "asks for a name and a password" in found.text
        assert secure(443, proxy, file, "ann:se%20cret") is None


def test_a_proxy_that_is_not_there_is_told_from_the_gateway(gateway: StandIn) -> None:
    found = diagnose.cause(Route("https://gateway.test/wegent", None, f"http://ann:secret@127.0.0.1:{free_port()}"))
    assert found is not None
    assert "the proxy 127.0.0.1" in found.text
    assert "secret" not in f"{found.text} {found.fix}"


def test_a_proxy_of_a_kind_that_is_not_supported_is_named() -> None:
    found = diagnose.cause(Route("http://gateway.test/wegent", None, "socks5://127.0.0.1:1080"))
    assert found is not None
    assert "not supported" in found.text


def test_which_proxy_is_taken_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", ".inside.test")
    assert network.proxy_for("https://gateway.test/wegent") == "http://proxy:3128"
    assert network.proxy_for("https://gateway.inside.test/wegent") is None
    assert network.proxy_for("https://127.0.0.1:8888/wegent") is None
    assert network.proxy_for("https://localhost/wegent") is None
    assert network.proxy_for("http://gateway.test/wegent") is None


# The executor itself takes the same way.


def test_an_executor_works_through_a_proxy_with_a_password_and_a_company_certificate(
    gateway: StandIn, tmp_path: Path
) -> None:
    file, heads = certificate(tmp_path), list[str]()
    with behind(file, gateway, heads, "ann:secret") as proxy:
        environment = {
            "WEGENT_BACKEND_URL": "wss://gateway.test/wegent/",
            "WEGENT_AUTH_TOKEN": "t",
            "HTTPS_PROXY": f"http://ann:secret@127.0.0.1:{proxy}",
            "REQUESTS_CA_BUNDLE": str(file),
        }
        before = len(gateway.got("device:register"))
        with Program(tmp_path / "machine", **environment) as program:
            program.start()
            gateway.registered(before + 1)
            program.reach("connected")
            assert "secret" not in program.said + program.log
        assert heads[0].startswith("CONNECT gateway.test:443 ")


def test_an_executor_says_what_a_proxy_does(tmp_path: Path) -> None:
    with listening(connecting(1, allow=False, heads=[])) as proxy:
        environment = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}", "WEGENT_BACKEND_URL": "https://gateway.test/wegent"}
        with Program(tmp_path, WEGENT_AUTH_TOKEN="t", **environment) as program:
            program.start()
            assert "refuses to connect to gateway.test:443" in program.reach("reconnecting")["error"]
