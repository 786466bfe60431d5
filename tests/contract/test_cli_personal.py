"""`jupyter wegent codex` and `proxy`: the Codex login, and the proxy that only Codex gets, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.access import credential
from tests.support.http_proxy import HttpProxy
from tests.support.machine import Machine
from tests.support.server import JupyterServer, wait_for
from tests.support.shell import Ran, Terminal, wegent
from tests.support.vendor import REFRESH, Vendor

CODEX = "/users/me/runtime-configs/codex"
HERE, BOX = "This computer", "gpubox"
SECRET = "sk-canary-of-a-login-4711"
LOGIN = {"auth_mode": "apikey", "OPENAI_API_KEY": SECRET}
PASSWORD = "canary-of-a-password"
PROXY = f"http://ann:{PASSWORD}@proxy.example.com:3128"
MASKED = "http://***:***@proxy.example.com:3128"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    running = JupyterServer(tmp_path_factory.mktemp("personal")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture(scope="module")
def box(server: JupyterServer, vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Share a second machine, on which Codex has no login."""
    key = credential(server, "key")["secret"]
    home = tmp_path_factory.mktemp("second") / BOX
    machine = Machine(home, server, token=key, environment=vendor.environment(home / ".codex")).start()
    yield machine
    machine.stop()


@pytest.fixture
def login(box: Machine) -> Iterator[Path]:
    """Return the file of the second machine's login, which is not there."""
    path = box.home / ".codex" / "auth.json"
    path.unlink(missing_ok=True)
    wait_for(lambda: codex(box)["ready"], "Codex is found")
    yield path
    path.unlink(missing_ok=True)


def codex(machine: Machine) -> dict[str, Any]:
    """Return what a machine says of Codex."""
    answer = machine.server.post(f"/devices/{machine.device_id}/agents/refresh", {})
    found: dict[str, Any] = next(one for one in answer.json()["items"] if one["id"] == "codex")
    return found


@pytest.fixture(autouse=True)
def nothing_is_saved(server: JupyterServer) -> Iterator[None]:
    """Leave no login and no proxy to the next test."""
    yield
    for method, path, body in (
        ("PUT", CODEX, {"use_user_config": False}),
        ("DELETE", f"{CODEX}/auth-json", None),
        ("PUT", "/users/me/proxy-config", {"proxy_url": ""}),
    ):
        assert server.request(method, path, json=body).status_code == 200
    (server.home / ".codex" / "auth.json").unlink(missing_ok=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a login."""
    path = tmp_path / "auth.json"
    path.write_text(json.dumps(LOGIN))
    return path


def done(ran: Ran, status: int = 0) -> str:
    assert ran.status == status, (ran.out, ran.err)
    assert "Traceback" not in ran.err
    return ran.out


def shown(server: JupyterServer) -> dict[str, Any]:
    found: dict[str, Any] = server.get(CODEX).json()
    return found


def device(server: JupyterServer, name: str) -> dict[str, Any]:
    """Return what is known of the login file of a device."""
    items: list[dict[str, Any]] = server.get(f"{CODEX}/devices").json()["items"]
    return next(one for one in items if one["name"] == name)


def everything(server: JupyterServer) -> bytes:
    """Return all that the server has written."""
    files = [*server.data.rglob("*"), server.home / "server.log"]
    return b"".join(path.read_bytes() for path in files if path.is_file())


# The Codex login.


def test_what_is_saved_is_shown_by_digest_kind_and_time_and_never_itself(server: JupyterServer, file: Path) -> None:
    assert "nothing; each device has the login that it has" in done(wegent(server, "codex"))
    ran = wegent(server, "codex", "upload", str(file), "--yes")
    machine = done(wegent(server, "codex", "--json"))
    every = done(ran) + ran.err + done(wegent(server, "codex", "status")) + machine
    saved = json.loads(machine)
    assert [one["name"] for one in saved["devices"]][0] == HERE
    assert (saved["configured"], saved["auth_kind"], saved["use_user_config"]) == (True, "api_key", False)
    assert f"Digest:      {saved['auth_json_sha256']}" in every
    assert "an API key, now" in every
    assert SECRET not in every
    assert SECRET.encode() not in everything(server)


def test_before_a_login_is_saved_the_person_is_warned_and_may_say_no(server: JupyterServer, file: Path) -> None:
    ran = wegent(server, "codex", "upload", str(file))
    done(ran, 2)
    assert "--yes" in ran.err
    for answer, status in (("n", 130), ("y", 0)):
        with Terminal(server, "codex", "upload", str(file)) as terminal:
            terminal.see("used on two machines breaks on both")
            terminal.see("jupyter wegent codex login DEVICE")
            terminal.see("[y/N] ")
            terminal.type(f"{answer}\r")
            assert terminal.end() == status
        assert shown(server)["configured"] is (answer == "y")


def test_a_login_comes_from_a_pipe_too(server: JupyterServer) -> None:
    done(wegent(server, "codex", "upload", "-", "--yes", text=json.dumps(LOGIN)))
    assert shown(server)["configured"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{not json", "not JSON"),
        (b'["a list"]', "JSON object"),
        (b"\xff\xfe", "no text"),
        (b'{"a": "' + b"x" * (512 << 10) + b'"}', "524,288 bytes"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_login_is_refused_in_words_and_nothing_is_saved(
    server: JupyterServer, tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "auth.json"
    if content is not None:
        path.write_bytes(content)
    ran = wegent(server, "codex", "upload", str(path), "--yes")
    done(ran, 2)
    assert says in ran.err
    assert not shown(server)["configured"]


def test_a_login_is_taken_from_a_device_and_sent_only_where_there_is_none(
    server: JupyterServer, box: Machine, login: Path
) -> None:
    own = server.home / ".codex" / "auth.json"
    own.parent.mkdir(exist_ok=True)
    own.write_text(json.dumps(LOGIN))
    ran = wegent(server, "codex", "import", HERE, "--yes")
    assert "No device gets it yet" in done(ran)
    assert not login.exists()
    assert "none is overwritten" in done(wegent(server, "codex", "on"))
    wait_for(login.exists, "the login is sent to the second machine")
    wait_for(lambda: device(server, BOX)["status"] in ("written", "present"), "and that is shown")
    assert json.loads(login.read_text()) == LOGIN
    assert login.stat().st_mode & 0o777 == 0o600
    assert json.loads(own.read_text()) == LOGIN
    wait_for(lambda: device(server, HERE)["exists"], "this computer reports its own")
    rows = {line.split("  ")[0]: line for line in done(wegent(server, "codex")).splitlines()}
    assert str(login) in rows[BOX] or "~/.codex/auth.json" in rows[BOX]
    assert "there" in rows[HERE]
    done(wegent(server, "codex", "forget", "--yes"))
    assert login.exists()
    assert SECRET.encode() not in everything(server)
    assert SECRET not in box.log


def test_nothing_can_be_taken_from_a_device_without_a_login_or_that_is_away(
    server: JupyterServer, box: Machine
) -> None:
    ran = wegent(server, "codex", "import", HERE, "--yes")
    assert ran.status in (1, 2)
    assert "auth.json" in ran.err
    box.stop()
    wait_for(lambda: not device(server, BOX)["online"], "the second machine is away")
    ran = wegent(server, "codex", "import", BOX, "--yes")
    assert ran.status in (1, 3)
    assert not shown(server)["configured"]
    box.start()


def test_a_token_shows_settings_and_cannot_change_them(server: JupyterServer, file: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(credential(server, "token")["secret"])
    token.chmod(0o600)
    away = {"WEGENT_SERVER_URL": server.url, "WEGENT_TOKEN_FILE": str(token)}

    def over_there(*arguments: str) -> Ran:
        return wegent(tmp_path, *arguments, environment=away, text=PROXY)

    assert "Own login:" in done(over_there("codex"))
    for command in (["codex", "on"], ["codex", "upload", str(file), "--yes"], ["proxy", "set"], ["codex", "login"]):
        ran = over_there(*command)
        done(ran, 2)
        assert ran.err.strip()
    assert not shown(server)["configured"]


# Logging in on a device.


def test_a_login_shows_page_and_code_and_waits_until_it_is_there(
    server: JupyterServer, box: Machine, vendor: Vendor, login: Path
) -> None:
    assert f"jupyter wegent codex login {BOX}" in done(wegent(server, "agents", "--device", BOX))
    vendor.verdict = "wait"
    with Terminal(server, "codex", "login", BOX) as terminal:
        terminal.see(f"{vendor.url}/codex/device")
        terminal.see("CODE-")
        assert not login.exists()
        vendor.verdict = "approve"
        terminal.see(f"Codex is logged in on {BOX}.")
        assert terminal.end() == 0
    assert json.loads(login.read_text())["tokens"]["refresh_token"] == REFRESH
    listed = json.loads(done(wegent(server, "agents", "--device", BOX, "--json")))
    assert [one["logged_in"] for one in listed if one["id"] == "codex"] == [True]
    ran = wegent(server, "codex", "login", BOX)
    done(ran, 1)
    assert "codex logout" in ran.err
    assert REFRESH.encode() not in everything(server)


def test_ctrl_c_cancels_a_login_and_the_device_is_as_it_was(
    server: JupyterServer, box: Machine, vendor: Vendor, login: Path
) -> None:
    vendor.verdict = "wait"
    with Terminal(server, "codex", "login", BOX) as terminal:
        terminal.see("CODE-")
        terminal.type("\x03")
        terminal.see("The login was cancelled.")
        assert terminal.end() == 130
    state = server.get(f"/devices/{box.device_id}/agents/codex/login").json()["state"]
    assert (state, login.exists()) == ("cancelled", False)


def test_a_login_that_is_denied_says_why_and_what_to_do(server: JupyterServer, vendor: Vendor, login: Path) -> None:
    vendor.verdict = "deny"
    ran = wegent(server, "codex", "login", BOX)
    done(ran, 1)
    assert f"✕ Codex is not logged in on {BOX}: The login was refused" in ran.err
    assert "What to do: " in ran.err
    found = json.loads(done(wegent(server, "codex", "login", BOX, "--json"), 1))
    assert (found["state"], login.exists()) == ("failed", False)


# The proxy.


def test_a_proxy_is_tried_from_a_device(server: JupyterServer, box: Machine) -> None:
    with HttpProxy(credentials=f"ann:{PASSWORD}") as proxy:
        done(wegent(server, "proxy", "set", text=f"http://ann:{PASSWORD}@127.0.0.1:{proxy.port}"))
        assert f"✓ From {BOX}: " in done(wegent(server, "proxy", "test", BOX))
        assert proxy.asked == ["api.openai.com:443"]
        done(wegent(server, "proxy", "set", text=f"http://127.0.0.1:{proxy.port}"))
        ran = wegent(server, "proxy", "test", BOX)
        done(ran, 1)
        assert "wants a name and a password" in ran.err
        assert "What to do: " in ran.err
        assert json.loads(done(wegent(server, "proxy", "test", BOX, "--json"), 1))["ok"] is False


def test_a_proxy_goes_in_by_a_pipe_and_only_its_place_is_shown(server: JupyterServer) -> None:
    ran = wegent(server, "proxy", "set", text=f"{PROXY}\n")
    every = done(ran) + ran.err + done(wegent(server, "proxy")) + done(wegent(server, "proxy", "status", "--json"))
    assert f"Saved, encrypted: {MASKED}." in every
    assert "Use:         off" in every
    assert "Codex uses" in done(wegent(server, "proxy", "on"))
    assert shown(server)["use_proxy"]
    assert "Codex uses it" in done(wegent(server, "proxy"))
    done(wegent(server, "proxy", "off"))
    assert not shown(server)["use_proxy"]
    assert PASSWORD not in every
    assert PASSWORD.encode() not in everything(server)


def test_a_proxy_that_is_typed_is_not_shown(server: JupyterServer) -> None:
    with Terminal(server, "proxy", "set") as terminal:
        terminal.see("(it is not shown): ")
        terminal.type(f"{PROXY}\r")
        assert terminal.end() == 0
        assert MASKED in terminal.said
        assert PASSWORD not in terminal.said


def test_switching_the_proxy_leaves_the_use_of_the_login_as_it_is(server: JupyterServer) -> None:
    done(wegent(server, "proxy", "set", text=PROXY))
    done(wegent(server, "codex", "on"))
    done(wegent(server, "proxy", "on"))
    assert (shown(server)["use_user_config"], shown(server)["use_proxy"]) == (True, True)
    done(wegent(server, "codex", "off"))
    assert (shown(server)["use_user_config"], shown(server)["use_proxy"]) == (False, True)
    done(wegent(server, "proxy", "clear"))
    assert (shown(server)["proxy_configured"], shown(server)["use_proxy"]) == (False, False)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "No address was given"),
        ("http://:3128", "host"),
        ("gopher://proxy.example.com:70", "http://, https:// or socks5://"),
        ("http://proxy.example.com", "port"),
        (f"http://{'x' * 2048}:3128", "too long"),
        ("http://proxy .example.com:3128", "without spaces"),
    ],
)
def test_what_is_no_proxy_is_refused_in_words_without_repeating_it(
    server: JupyterServer, given: str, says: str
) -> None:
    ran = wegent(server, "proxy", "set", text=given)
    done(ran, 2)
    assert says in ran.err
    assert not given or given not in ran.err
    assert not shown(server)["proxy_configured"]


def test_a_proxy_that_is_not_saved_cannot_be_switched_on_or_tried(server: JupyterServer) -> None:
    for command in (["proxy", "on"], ["proxy", "test", HERE]):
        ran = wegent(server, *command)
        assert ran.status == 2, ran.err
        assert "What to do: " in ran.err
