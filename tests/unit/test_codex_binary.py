"""Codex is found where it is, and what is wrong with it is said."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from wegent_jupyter.executor import config_file
from wegent_jupyter.executor.agents import codex_binary
from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.executor.agents.catalogue import Catalogue
from wegent_jupyter.protocol.api import Agent

if os.name != "posix":
    pytest.skip("the programs of these tests are shell scripts", allow_module_level=True)


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide what this machine has."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    monkeypatch.setattr(codex_binary, "_PACKAGE", "no_such_package_anywhere")
    (tmp_path / "bin").mkdir()


def program(path: Path, says: str = "codex-cli 0.169.0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def package(directory: Path, monkeypatch: pytest.MonkeyPatch, version: str = "0.163.0") -> Path:
    """Make a package like openai-codex-cli-bin that must not be imported."""
    made = directory / "fake_codex"
    made.mkdir(parents=True)
    (made / "__init__.py").write_text("raise RuntimeError('looking must not import it')\n")
    (made / "codex-package.json").write_text(f'{{"version": "{version}"}}')
    monkeypatch.setattr(codex_binary, "_PACKAGE", "fake_codex")
    monkeypatch.syspath_prepend(directory)
    return program(made / "bin" / "codex", "not asked")


def looked(catalogue: Catalogue) -> Agent:
    asyncio.run(catalogue.refresh())
    return next(agent for agent in catalogue.report() if agent.id == "codex")


def test_a_device_without_codex_says_how_to_install_it(tmp_path: Path) -> None:
    found = looked(Catalogue({}, tmp_path))
    assert (found.ready, found.reason) == (False, "It is not installed on this device.")
    assert found.fix == found.install_command == f"{sys.executable} -m pip install 'wegent-jupyter[codex]'"
    assert found.install_mb
    assert found.accepts_path
    assert (found.provider, found.device_login) == ("openai", False)


def test_codex_of_the_package_is_ready_without_being_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = package(tmp_path / "site", monkeypatch)
    found = looked(Catalogue({}, tmp_path))
    assert (found.ready, found.version, found.path) == (True, "0.163.0", str(path))
    assert (found.steering, found.models, found.provider) == (True, ["practice"], "openai")
    assert (found.logged_in, found.login_command, found.device_login) == (False, f"{path} login", True)


def test_a_login_that_a_turn_meets_first_is_news_to_the_gateway_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path / "site", monkeypatch)
    catalogue = Catalogue({}, tmp_path)
    assert looked(catalogue).logged_in is False
    home = tmp_path / "codex-home"
    home.mkdir()
    (home / "auth.json").write_text('{"OPENAI_API_KEY": "any"}')
    monkeypatch.setenv("CODEX_HOME", str(home))
    catalogue.driver("codex")
    assert asyncio.run(catalogue.refresh()), "the report has changed since the gateway was told"
    assert looked(catalogue).logged_in is True


def test_the_one_on_path_comes_first_unless_it_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(tmp_path / "bin" / "codex")
    bundled = package(tmp_path / "site", monkeypatch)
    assert looked(Catalogue({}, tmp_path)).path == str(own)
    program(own, "codex-cli 0.10.0 (an old one)")
    assert looked(Catalogue({}, tmp_path)).path == str(bundled), "installing helps, whatever else is on PATH"


def test_one_that_is_too_old_says_so_with_the_fix(tmp_path: Path) -> None:
    path = program(tmp_path / "bin" / "codex", "codex-cli 0.100.0")
    found = looked(Catalogue({}, tmp_path))
    assert not found.ready
    assert f"Found Codex 0.100.0 at {path}; 0.158.0 or newer is needed." in (found.reason or "")
    assert found.fix == found.install_command
    with pytest.raises(AgentFailed) as caught:
        Catalogue({}, tmp_path).driver("codex")
    assert caught.value.error.code == "agent_missing"


@pytest.mark.parametrize("says", ["codex-cli 0.163.0", "codex-cli 0.170.0-alpha.1", "codex 1.0.0"])
def test_versions_are_read_as_the_program_writes_them(says: str, tmp_path: Path) -> None:
    assert codex_binary.check(str(program(tmp_path / "some" / "codex", says))).version in says


def test_a_given_path_counts_alone_and_is_kept(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "codex")
    own = program(tmp_path / "own" / "codex", "codex-cli 0.165.0")
    catalogue = Catalogue({}, tmp_path)
    asyncio.run(catalogue.set_path("codex", str(own)))
    assert looked(catalogue).path == str(own)
    assert config_file.agent_path(tmp_path / config_file.NAME, "codex") == str(own)
    assert config_file.agent_path(tmp_path / config_file.NAME, "claude") is None
    own.unlink()
    found = looked(catalogue)
    assert (found.ready, found.reason) == (False, f"There is no file {own}.")
    asyncio.run(catalogue.set_path("codex", None))
    assert looked(catalogue).path == str(tmp_path / "bin" / "codex")


def test_a_path_of_something_else_is_refused(tmp_path: Path) -> None:
    other = program(tmp_path / "bin" / "other", "2.1.330 (Claude Code)")
    with pytest.raises(AgentFailed, match="is not Codex") as caught:
        asyncio.run(Catalogue({}, tmp_path).set_path("codex", str(other)))
    assert caught.value.error.code == "bad_path"


def test_a_device_offers_only_what_its_operator_allows(tmp_path: Path) -> None:
    assert {agent.id for agent in Catalogue({}, tmp_path, ["codex"]).report()} == {"codex"}
    assert {agent.id for agent in Catalogue({}, tmp_path, ["claude"]).report()} == {"claude"}
