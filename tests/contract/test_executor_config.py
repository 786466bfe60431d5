"""Settings of an executor: environment over file over defaults; a broken one is named and left alone."""

from __future__ import annotations

import json
import platform
import stat
from pathlib import Path
from typing import Any

import pytest

from wegent_jupyter._version import __version__
from wegent_jupyter.executor import address, identity
from wegent_jupyter.executor.config import ConfigBroken, Settings, load


def read(home: Path, **environment: str) -> Settings:
    return load({"WEGENT_EXECUTOR_HOME": str(home), **environment})


def write(home: Path, values: Any) -> Path:
    path = home / "device-config.json"
    path.write_text(values if isinstance(values, str) else json.dumps(values, indent=2))
    return path


def test_the_first_start_makes_the_file_with_an_identity_and_the_pages_default_name(tmp_path: Path) -> None:
    settings = read(tmp_path / "home")
    path = tmp_path / "home" / "device-config.json"
    made = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert made["device_name"] == settings.device_name == f"{platform.system()} - {platform.node()}"
    assert made["device_id"] == settings.device_id
    assert made["connection"] == {"backend_url": "", "auth_token": ""}


def test_two_homes_on_one_machine_are_two_devices_of_one_name(tmp_path: Path) -> None:
    one, other = read(tmp_path / "one"), read(tmp_path / "other")
    assert one.device_id != other.device_id
    assert one.device_name == other.device_name


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    connection = {"backend_url": "http://file:1/wegent", "auth_token": "from-file"}
    logging = {"level": "debug", "max_size_mb": 2, "backup_count": 1}
    write(
        tmp_path,
        {"device_type": "remote", "bind_shell": "OpenClaw", "connection": connection, "logging": logging},
    )
    file = read(tmp_path)
    assert (file.device_type, file.bind_shell, file.backend_url) == ("remote", "openclaw", "http://file:1/wegent")
    assert (file.auth_token, file.logs.level, file.logs.max_bytes, file.logs.backups) == (
        "from-file",
        "debug",
        2 << 20,
        1,
    )
    assert (file.timing.heartbeat, file.timing.longest_retry, file.version) == (30.0, 30.0, __version__)
    over = read(
        tmp_path,
        DEVICE_TYPE="cloud",
        BIND_SHELL="claudecode",
        WEGENT_BACKEND_URL="https://env/wegent/",
        WEGENT_AUTH_TOKEN="Bearer from-env",
        DEVICE_ID="mine",
        DEVICE_NAME="named",
        LOCAL_HEARTBEAT_INTERVAL="7",
        LOCAL_RECONNECT_DELAY="0.5",
        LOCAL_RECONNECT_MAX_DELAY="9",
        WEGENT_EXECUTOR_LOG_LEVEL="warn",
        WEGENT_EXECUTOR_LOG_DIR=str(tmp_path / "logs-there"),
        WEGENT_EXECUTOR_LOG_FILE="it.log",
        WEGENT_EXECUTOR_LOG_MAX_SIZE="1",
        WEGENT_WORKSPACE_ROOTS="/a:/b",
        WEGENT_EXECUTOR_VERSION="9.9",
    )
    assert (over.device_type, over.bind_shell, over.backend_url) == ("cloud", "claudecode", "https://env/wegent")
    assert (over.auth_token, over.device_id, over.device_name) == ("from-env", "mine", "named")
    assert (over.timing.heartbeat, over.timing.first_retry, over.timing.longest_retry) == (7.0, 0.5, 9.0)
    assert (over.logs.level, over.logs.path) == ("warning", tmp_path / "logs-there" / "it.log")
    assert (over.workspace_roots, over.version) == ([Path("/a"), Path("/b")], "9.9")


def test_what_the_environment_says_is_not_written_into_the_file(tmp_path: Path) -> None:
    values = {
        "WEGENT_AUTH_TOKEN": "canary-token",
        "WEGENT_BACKEND_URL": "http://canary-url",
        "DEVICE_ID": "canary-id",
        "DEVICE_NAME": "canary-name",
        "DEVICE_TYPE": "cloud",
    }
    read(tmp_path, **values)
    text = (tmp_path / "device-config.json").read_text()
    assert "canary" not in text
    assert "cloud" not in text


def test_empty_variables_count_as_not_set(tmp_path: Path) -> None:
    write(tmp_path, {"device_id": "kept", "device_name": "kept"})
    settings = read(tmp_path, DEVICE_ID="", WEGENT_BACKEND_URL="", DEVICE_TYPE="", LOCAL_HEARTBEAT_INTERVAL="")
    assert (settings.device_id, settings.backend_url, settings.device_type) == ("kept", "", "local")


@pytest.mark.parametrize("given", ["0", "-3", "inf", "nan"])
def test_numbers_that_make_no_sense_count_as_not_set(tmp_path: Path, given: str) -> None:
    assert read(tmp_path, LOCAL_HEARTBEAT_INTERVAL=given).timing.heartbeat == 30.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n  "device_id": "x",\n  oops\n}', "device-config.json, line 3"),
        ('{\n  "a": 1,\n  "device_type": "toy"\n}', "line 3: device_type"),
        ('{\n  "connection": {\n    "backend_url": 5\n  }\n}', "line 3: connection.backend_url"),
        ('{\n  "logging": {"max_size_mb": -1}\n}', "line 2: logging.max_size_mb"),
        ("[]", "not a JSON object"),
        ('{"mode": "docker"}', "mode"),
        ('{"bind_shell": "zsh"}', "bind_shell"),
        ('{"logging": {"level": "loud"}}', "logging.level"),
        ('{"connection": {"backend_url": "ftp://x"}}', "connection.backend_url"),
    ],
)
def test_a_broken_file_is_named_with_line_and_reason_and_left_as_it_is(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigBroken) as raised:
        read(tmp_path)
    assert says in str(raised.value)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXECUTOR_MODE", "docker"),
        ("DEVICE_TYPE", "toy"),
        ("BIND_SHELL", "zsh"),
        ("DEVICE_ID", "a:b"),
        ("LOCAL_HEARTBEAT_INTERVAL", "soon"),
        ("WEGENT_BACKEND_URL", "box:8888"),
        ("WEGENT_EXECUTOR_LOG_LEVEL", "loud"),
        ("WEGENT_BACKGROUND_WORK", "maybe"),
    ],
)
def test_a_bad_variable_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigBroken, match=name):
        read(tmp_path, **{name: value})


def test_an_embedded_executor_minds_no_variable_that_is_meant_for_another(tmp_path: Path) -> None:
    embedded = str(tmp_path / "server.json")
    settings = read(tmp_path, WEGENT_EMBEDDED=embedded, WEGENT_BACKEND_URL="nonsense", EXECUTOR_MODE="docker")
    assert settings.backend_url == ""


def test_a_file_can_be_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "my.json"
    path.write_text('{"device_id": "x", "device_name": "y"}')
    assert load({"WEGENT_EXECUTOR_HOME": str(tmp_path / "home")}, path).device_id == "x"
    assert not (tmp_path / "home" / "device-config.json").exists()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://box:8888/wegent", "http://box:8888/wegent"),
        ("http://box:8888/wegent/", "http://box:8888/wegent"),
        ("http://box:8888", "http://box:8888/wegent"),
        ("http://box:8888/", "http://box:8888/wegent"),
        ("ws://box:8888/wegent", "http://box:8888/wegent"),
        ("wss://box/wegent", "https://box/wegent"),
        ("https://box/user/ann/lab/tree/x.ipynb?reset", "https://box/user/ann/wegent"),
        ("https://box/user/lab/lab", "https://box/user/lab/wegent"),
        ("https://box/user/wegent/lab", "https://box/user/wegent/wegent"),
        ("http://box:8888/base/tree", "http://box:8888/base/wegent"),
        ("http://box:8888/wegent/api/devices", "http://box:8888/wegent"),
        ("http://[::1]:8888/lab", "http://[::1]:8888/wegent"),
        (" http://box:8888/lab#x ", "http://box:8888/wegent"),
    ],
)
def test_an_address_is_understood_however_it_is_copied(given: str, meant: str) -> None:
    assert address.gateway(given) == meant


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("http://box:8888/lab?token=canary", "token"),
        ("http://box:8888/lab#token=canary", "token"),
        ("http://ann:canary@box/wegent", "name and password"),
        ("box:8888", "http://"),
        ("localhost", "http://"),
        ("ftp://box/wegent", "http://"),
        ("http://", "names no host"),
        ("http://box:99999/", "not an address"),
        ("http://box/hub/home", "JupyterHub"),
        ("", "http://"),
    ],
)
def test_an_address_that_cannot_be_is_refused_without_repeating_a_secret(given: str, says: str) -> None:
    with pytest.raises(address.BadAddress, match=says) as raised:
        address.gateway(given)
    assert "canary" not in str(raised.value)


def test_a_url_in_the_environment_keeps_its_path(tmp_path: Path) -> None:
    assert read(tmp_path, WEGENT_BACKEND_URL="wss://wegent.example.com/").backend_url == "https://wegent.example.com"
    with pytest.raises(ConfigBroken, match="token"):
        read(tmp_path, WEGENT_BACKEND_URL="http://box/?token=x")


def test_the_default_name_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "n" * 300)
    assert len(identity.default_name()) == 100
