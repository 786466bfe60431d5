"""A home remembers on which machine it was made, and tells nobody which one that is."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from wegent_jupyter.executor import config_file, device_key, identity
from wegent_jupyter.executor.device_key import DeviceKey


@pytest.fixture
def machine_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand on a machine of its own."""
    path = tmp_path / "machine-id"
    path.write_text("11112222333344445555666677778888\n")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(identity, "MACHINE_FILES", (tmp_path / "missing", path))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_a_machine_is_the_same_for_all_homes_of_an_account_and_shows_nothing_of_its_id(machine_id: Path) -> None:
    here = identity.machine()
    assert here == identity.machine()
    assert here is not None
    assert len(here) == 32
    assert "1111" not in here
    machine_id.write_text("other")
    assert identity.machine() != here


def test_another_account_is_another_machine(machine_id: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = identity.machine()
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert identity.machine() != here


@pytest.mark.parametrize("text", ["", "uninitialized\n", "\x00\xff"])
def test_a_machine_without_an_id_is_not_checked(machine_id: Path, home: Path, text: str) -> None:
    machine_id.write_text(text)
    if text.startswith("\x00"):
        machine_id.write_bytes(b"\xff\xfe")
    assert identity.machine() is None
    identity.check(home)
    assert identity.made_on(home) is None


def test_a_new_home_remembers_its_machine(machine_id: Path, home: Path) -> None:
    identity.check(home)
    identity.check(home)
    assert identity.made_on(home) == identity.machine()
    assert stat.S_IMODE((home / "identity.json").stat().st_mode) == 0o600


def test_a_copy_on_another_machine_is_refused_with_both_ways_out(machine_id: Path, home: Path) -> None:
    identity.check(home)
    machine_id.write_text("another machine")
    with pytest.raises(identity.Copied, match="identity new") as raised:
        identity.check(home)
    assert "identity keep" in str(raised.value)
    assert identity.made_on(home) != identity.machine()


def test_a_home_that_moved_is_kept(machine_id: Path, home: Path) -> None:
    identity.check(home)
    machine_id.write_text("another machine")
    identity.keep(home)
    identity.check(home)


def test_a_copy_becomes_a_device_of_its_own_without_the_others_key(machine_id: Path, home: Path) -> None:
    config = home / "device-config.json"
    config.write_text(json.dumps({"device_id": "device-old", "device_name": "n", "update": {"registry": "r"}}))
    device_key.save(home, DeviceKey("http://g/wegent", "wgd-old"))
    identity.check(home)
    machine_id.write_text("another machine")
    made = identity.renew(home, config)
    identity.check(home)
    values = config_file.read(config)
    assert values["device_id"] == made != "device-old"
    assert values["update"] == {"registry": "r"}
    assert device_key.load(home) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": 5}'])
def test_a_damaged_memory_is_made_anew(machine_id: Path, home: Path, text: str) -> None:
    (home / "identity.json").write_text(text)
    identity.check(home)
    assert identity.made_on(home) == identity.machine()


def test_a_key_is_kept_private_and_read_back(home: Path) -> None:
    key = DeviceKey("http://g/wegent", "wgd-x", "gateway")
    device_key.save(home, key)
    assert device_key.load(home) == key
    assert stat.S_IMODE((home / "device-key.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "[]", '{"url": 1, "key": "x"}', '{"url": "u", "key": ""}', '{"key": "x"}'])
def test_a_file_that_is_no_key_counts_as_none(home: Path, text: str) -> None:
    (home / "device-key.json").write_text(text)
    assert device_key.load(home) is None
