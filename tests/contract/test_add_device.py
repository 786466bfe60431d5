"""The commands of *Add device* fit how the server is reachable, or it says what to change."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.server import JupyterServer
from wegent_jupyter.server.reach import ways_in

EVERYWHERE = "0.0.0.0"  # noqa: S104
SSH = "ssh -t -o ExitOnForwardFailure=yes -o ServerAliveInterval=15 -R 127.0.0.1:18888:127.0.0.1:{port} USER@HOST "


@pytest.fixture(autouse=True)
def an_ssh(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ssh").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("JUPYTERHUB_API_URL", "JUPYTERHUB_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def settings(**changes: Any) -> Any:
    """Return a server's settings, as far as they say how it is reached; the defaults are a laptop's."""
    laptop = {
        "ip": "localhost",
        "port": 8888,
        "base_url": "/",
        "certfile": "",
        "sock": "",
        "allow_remote_access": False,
        "custom_display_url": "",
    }
    return SimpleNamespace(**{**laptop, **changes})


def ways(**changes: Any) -> dict[str, Any]:
    return {way.id: way for way in ways_in(settings(**changes), allowed=True).ways}


def test_a_laptop_offers_ssh_first_and_says_why_nothing_else_works(server: JupyterServer) -> None:
    answer = server.get("/add-device").json()
    ssh, direct = answer["ways"]
    command = SSH.format(port=server.port)
    assert answer["allowed"]
    assert "wegent-jupyter" in answer["install"]
    assert (ssh["id"], ssh["url"]) == ("ssh", "http://127.0.0.1:18888/wegent")
    assert ssh["join"] == f"{command}wegent-executor --wait join http://127.0.0.1:18888/wegent"
    assert ssh["run"] == f"{command}wegent-executor --wait"
    assert (direct["id"], direct["works"]) == ("direct", False)
    assert "127.0.0.1 only" in direct["reason"]
    assert direct["fix"]
    assert (answer["stock"], answer["stock_reason"]) == (True, None)


def test_a_server_on_the_network_gives_its_url_and_says_what_plain_http_means(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server(base_url="/team/", ip=EVERYWHERE)
    answer = server.get("/add-device").json()
    ssh, direct = answer["ways"]
    url = f"http://{socket.gethostname()}:{server.port}/team/wegent"
    assert (direct["works"], direct["url"], direct["join"]) == (True, url, f"wegent-executor join {url}")
    assert direct["run"] == "wegent-executor"
    assert "Without TLS" in direct["reason"]
    assert ssh["url"] == "http://127.0.0.1:18888/team/wegent"
    assert ssh["works"]
    assert answer["stock"] is False
    assert "/team/" in answer["stock_reason"]


def test_tls_makes_the_direct_way_the_better_one() -> None:
    found = ways_in(settings(ip="", allow_remote_access=True, certfile="cert.pem"), allowed=True).ways
    assert [way.id for way in found] == ["direct", "ssh"]
    assert found[0].url.startswith("https://")
    assert found[0].reason is None
    assert "--ca" in (found[1].fix or "")


def test_a_server_that_refuses_remote_names_offers_no_direct_way() -> None:
    direct = ways(ip="192.168.1.5")["direct"]
    assert not direct.works
    assert "allow_remote_access" in direct.fix
    assert ways(ip="192.168.1.5", allow_remote_access=True)["direct"].url == "http://192.168.1.5:8888/wegent"


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"ip": ""}, "127.0.0.1:8888"),
        ({"ip": EVERYWHERE}, "127.0.0.1:8888"),
        ({"ip": "*"}, "127.0.0.1:8888"),
        ({"ip": "localhost"}, "localhost:8888"),
        ({"ip": "::1"}, "[::1]:8888"),
        ({"ip": "192.168.1.5"}, "192.168.1.5:8888"),
        ({"sock": "/run/user/1/jupyter.sock"}, "/run/user/1/jupyter.sock"),
        ({"sock": "/run/a b.sock"}, "/run/a b.sock"),
    ],
)
def test_the_tunnel_ends_where_the_server_listens(changes: dict[str, str], end: str) -> None:
    words = shlex.split(ways(**changes)["ssh"].join)
    assert words[words.index("-R") + 1] == f"127.0.0.1:18888:{end}"


def test_a_socket_file_is_reached_over_ssh_only() -> None:
    found = ways(sock="/run/user/1/jupyter.sock")
    assert found["ssh"].works
    assert not found["direct"].works


def test_a_base_url_with_odd_letters_survives_both_shells() -> None:
    found = ways(base_url="/a&b/", ip="", allow_remote_access=True)
    over_there = " ".join(shlex.split(found["ssh"].join)[8:])
    assert shlex.split(over_there)[-1] == "http://127.0.0.1:18888/a&b/wegent"
    assert shlex.split(found["direct"].join)[-1].endswith("/a&b/wegent")


def test_without_ssh_it_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = ways_in(settings(), allowed=True)
    assert [way.works for way in found.ways] == [False, False]
    assert "no ssh" in (next(way for way in found.ways if way.id == "ssh").reason or "")


def test_in_a_hub_the_direct_way_is_the_hubs_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:8081/hub/api")
    hub = {"ip": "127.0.0.1", "base_url": "/user/ann/"}
    direct = ways(**hub)["direct"]
    assert not direct.works
    assert "/user/ann/wegent" in direct.fix
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://hub.example.org/user/ann/")
    direct = ways(**hub)["direct"]
    assert (direct.works, direct.url) == (True, "https://hub.example.org/user/ann/wegent")


def test_the_address_that_the_operator_shows_is_the_one_that_is_given() -> None:
    direct = ways(ip="127.0.0.1", custom_display_url="https://lab.example.org:8443/x/lab?token=secret")["direct"]
    assert (direct.works, direct.url) == (True, "https://lab.example.org:8443/wegent")
    assert not ways(custom_display_url="http://127.0.0.1:9999/")["direct"].works
    secret = ways(custom_display_url="https://ann:secret@lab.example.org/")["direct"]
    assert "secret" not in secret.model_dump_json()
