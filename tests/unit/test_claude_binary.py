"""Claude Code is found where it is, and what is wrong with it is said."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from wegent_jupyter.executor import config_file
from wegent_jupyter.executor.agents import claude_binary, claude_login
from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.executor.agents.catalogue import AcpAgent, Catalogue
from wegent_jupyter.executor.config import ConfigBroken, load
from wegent_jupyter.protocol.api import Agent

if os.name != "posix":
    pytest.skip("the programs of these tests are shell scripts", allow_module_level=True)


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide what this machine has."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setattr(claude_binary, "_SDK", "no_such_package_anywhere")
    for name in [name for name in os.environ if name.startswith(("ANTHROPIC_", "CLAUDE"))]:
        monkeypatch.delenv(name)
    (tmp_path / "bin").mkdir()


def program(path: Path, says: str = "2.1.330 (Claude Code)", mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\necho run >> {path}.runs\n")
    path.chmod(mode)
    return path


def install_sdk(directory: Path, monkeypatch: pytest.MonkeyPatch, *, with_program: bool = True) -> None:
    """Make a package like claude-agent-sdk that can be imported."""
    package = directory / "fake_claude_sdk"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('probing must not import it')\n")
    (package / "_cli_version.py").write_text('"""Bundled."""\n\n__cli_version__ = "2.1.331"\n')
    if with_program:
        program(package / "_bundled" / "claude", "not asked")
    monkeypatch.setattr(claude_binary, "_SDK", "fake_claude_sdk")
    monkeypatch.syspath_prepend(directory)


def looked(catalogue: Catalogue) -> Agent:
    asyncio.run(catalogue.refresh())
    return next(agent for agent in catalogue.report() if agent.id == "claude")


def test_a_device_without_it_says_how_to_install_it(tmp_path: Path) -> None:
    agent = looked(Catalogue({}, tmp_path))
    assert (agent.ready, agent.reason) == (False, "It is not installed on this device.")
    assert agent.fix == agent.install_command
    assert shlex.split(agent.install_command or "") == [
        sys.executable,
        "-m",
        "pip",
        "install",
        "wegent-jupyter[claude]",
    ]
    assert agent.install_mb == 168
    assert agent.accepts_path and agent.steering


def test_without_pip_the_install_command_is_that_of_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "uv", "uv 1")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else found(name))
    command = shlex.split(claude_binary.install_command())
    assert command == ["uv", "pip", "install", "--python", sys.executable, "wegent-jupyter[claude]"]


def test_a_claude_on_path_needs_the_sdk_as_well(tmp_path: Path) -> None:
    path = program(tmp_path / "bin" / "claude")
    agent = looked(Catalogue({}, tmp_path))
    assert not agent.ready
    assert f"Found Claude Code 2.1.330 at {path}" in (agent.reason or "")
    assert "claude-agent-sdk" in (agent.reason or "")
    assert agent.fix == agent.install_command


def test_an_installation_is_seen_without_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    catalogue = Catalogue({}, tmp_path)
    assert not looked(catalogue).ready
    install_sdk(tmp_path / "site", monkeypatch)
    assert asyncio.run(catalogue.refresh()), "the report has changed"
    agent = looked(catalogue)
    assert (agent.ready, agent.version, agent.reason) == (True, "2.1.331", None)
    assert agent.path == str(tmp_path / "site" / "fake_claude_sdk" / "_bundled" / "claude")
    assert not Path(f"{agent.path}.runs").exists(), "the bundled program is not started for its version"
    assert "fake_claude_sdk" not in sys.modules
    assert not asyncio.run(catalogue.refresh()), "nothing has changed since"


def test_the_bundled_program_comes_before_that_of_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "claude")
    install_sdk(tmp_path / "site", monkeypatch)
    assert "_bundled" in (looked(Catalogue({}, tmp_path)).path or "")


def test_an_sdk_without_a_program_uses_that_of_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = program(tmp_path / "bin" / "claude")
    install_sdk(tmp_path / "site", monkeypatch, with_program=False)
    agent = looked(Catalogue({}, tmp_path))
    assert (agent.ready, agent.path, agent.version) == (True, str(path), "2.1.330")


def test_a_given_path_comes_first_and_survives_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install_sdk(tmp_path / "site", monkeypatch)
    (tmp_path / config_file.NAME).write_text(json.dumps({"device_id": "d", "theirs": [1]}))
    path = program(tmp_path / "own" / "claude", "2.2.0 (Claude Code)")
    catalogue = Catalogue({}, tmp_path)
    asyncio.run(catalogue.set_path("claude", str(path)))
    for one in (catalogue, Catalogue({}, tmp_path)):
        agent = looked(one)
        assert (agent.ready, agent.path, agent.version) == (True, str(path), "2.2.0")
    kept = json.loads((tmp_path / config_file.NAME).read_text())
    assert kept == {"device_id": "d", "theirs": [1], "agent_paths": {"claude": str(path)}}
    assert (tmp_path / config_file.NAME).stat().st_mode & 0o777 == 0o600

    asyncio.run(catalogue.set_path("claude", None))
    assert "_bundled" in (looked(catalogue).path or "")


def test_a_given_path_that_is_gone_is_an_error_and_nothing_else_is_run_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_sdk(tmp_path / "site", monkeypatch)
    path = program(tmp_path / "own" / "claude")
    catalogue = Catalogue({}, tmp_path)
    asyncio.run(catalogue.set_path("claude", str(path)))
    path.unlink()
    agent = looked(catalogue)
    assert (agent.ready, agent.reason) == (False, f"There is no file {path}.")
    with pytest.raises(AgentFailed) as caught:
        catalogue.driver("claude")
    assert caught.value.error.code == "agent_missing"
    assert caught.value.error.fix


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "There is no file"),
        (lambda path: path.mkdir(), "is not a file"),
        (lambda path: program(path, mode=0o644), "is not executable"),
        (lambda path: program(path, "GNU bash 5"), "is not Claude Code"),
        (lambda path: program(path, "1.0.3 (Claude Code)"), "Found Claude Code 1.0.3"),
        (lambda path: (path.write_text("\x7fELF nonsense"), path.chmod(0o755)), "cannot be run"),
    ],
    ids=["missing", "directory", "not executable", "other program", "too old", "broken"],
)
def test_a_bad_path_is_refused_with_its_reason_and_not_kept(make: object, said: str, tmp_path: Path) -> None:
    path = tmp_path / "given"
    assert callable(make)
    make(path)
    with pytest.raises(AgentFailed) as caught:
        asyncio.run(Catalogue({}, tmp_path).set_path("claude", str(path)))
    assert caught.value.error.code == "bad_path"
    assert said in caught.value.error.message
    assert str(path) in caught.value.error.message
    assert not (tmp_path / config_file.NAME).exists()


def test_an_old_version_says_what_is_needed_and_where_it_may_come_from(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "claude", "2.1.99 (Claude Code)")
    agent = looked(Catalogue({}, tmp_path))
    assert "2.1.100 or newer is needed" in (agent.reason or "")
    assert "Node.js" in (agent.reason or "")
    assert agent.fix == agent.install_command


def test_a_relative_path_and_another_agents_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AgentFailed, match="not an absolute path"):
        asyncio.run(Catalogue({}, tmp_path).set_path("claude", "claude"))
    with pytest.raises(AgentFailed, match="takes no path"):
        asyncio.run(Catalogue({}, tmp_path).set_path("practice", "/bin/sh"))


def test_a_version_is_asked_for_once_per_program(tmp_path: Path) -> None:
    path = program(tmp_path / "claude")
    for _ in range(3):
        claude_binary.check(str(path))
    assert Path(f"{path}.runs").read_text() == "run\n"
    program(path, "2.1.400 (Claude Code), newer")
    assert claude_binary.check(str(path)).version == "2.1.400"


def test_an_operator_can_leave_it_out(tmp_path: Path) -> None:
    assert [agent.id for agent in Catalogue({}, tmp_path, ["practice"]).report()] == ["practice"]
    assert [agent.id for agent in Catalogue({}, tmp_path, ["claude"]).report()] == ["claude"]
    with pytest.raises(AgentFailed, match="no agent 'claude'"):
        Catalogue({}, tmp_path, ["practice"]).driver("claude")


def test_an_agent_of_the_configuration_may_take_its_name(tmp_path: Path) -> None:
    own = Catalogue({"claude": AcpAgent("My Claude", ["sh"])}, tmp_path)
    assert [agent.name for agent in own.report() if agent.id == "claude"] == ["My Claude"]


def test_a_program_without_a_login_is_ready_and_says_how_to_log_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_sdk(tmp_path / "with space", monkeypatch)
    agent = looked(Catalogue({}, tmp_path))
    assert (agent.ready, agent.logged_in) == (True, False)
    assert shlex.split(agent.login_command or "") == [agent.path, "auth", "login"]


def test_a_login_is_told_by_keys_files_and_settings(tmp_path: Path) -> None:
    def told(**environment: str) -> bool | None:
        return claude_login.logged_in(environment, tmp_path)

    assert told() is False
    assert told(ANTHROPIC_API_KEY="") is False
    assert told(ANTHROPIC_AUTH_TOKEN="t") is True
    assert told(CLAUDE_CODE_OAUTH_TOKEN="t") is True
    files = tmp_path / ".claude"
    files.mkdir()
    cases = {
        ".credentials.json": {"claudeAiOauth": {"accessToken": "a", "refreshToken": "r", "expiresAt": 1}},
        "settings.json": {"env": {"ANTHROPIC_API_KEY": "k"}},
    }
    for name, content in cases.items():
        (files / name).write_text(json.dumps(content))
        assert told() is True, name
        assert told(CLAUDE_CONFIG_DIR=str(tmp_path / "other")) is False, "which has files of its own"
        (files / name).unlink()
    (tmp_path / ".claude.json").write_text(json.dumps({"primaryApiKey": "k"}))
    assert told() is True


def test_a_login_that_has_run_out_is_none_and_a_damaged_file_is_unknown(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    file = tmp_path / ".claude" / ".credentials.json"
    for expires, expected in ((time.time() - 60, False), (time.time() + 60, True)):
        file.write_text(json.dumps({"claudeAiOauth": {"accessToken": "a", "expiresAt": expires * 1000}}))
        assert claude_login.logged_in({}, tmp_path) is expected
    file.write_text("{")
    assert claude_login.logged_in({}, tmp_path) is None


def test_background_work_is_a_setting_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    home = {"WEGENT_EXECUTOR_HOME": str(tmp_path)}
    assert load(home).background_work == "wait"
    assert load({**home, "WEGENT_BACKGROUND_WORK": "end"}).background_work == "end"
    file = tmp_path / config_file.NAME
    file.write_text(json.dumps({**json.loads(file.read_text()), "background_work": "end"}))
    assert load(home).background_work == "end"
    with pytest.raises(ConfigBroken, match="WEGENT_BACKGROUND_WORK"):
        load({**home, "WEGENT_BACKGROUND_WORK": "later"})
    file.write_text(json.dumps({"background_work": "later"}))
    with pytest.raises(ConfigBroken, match="background_work"):
        load(home)
