"""Secrets at rest: what a copy of the database tells, and what becomes of them when the key is lost or damaged."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from wegent_jupyter.gateway.vault import Unreadable, Vault, VaultFailed

SECRET = "canary-41c7"
ABOUT = "codex of ann"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.key"


def test_what_was_sealed_is_opened_again_also_by_the_next_process(path: Path) -> None:
    vault = Vault(path)
    sealed = vault.seal(f"{SECRET}\nπ", ABOUT)
    assert SECRET not in sealed
    assert vault.seal(f"{SECRET}\nπ", ABOUT) != sealed, "equal secrets do not look equal"
    assert Vault(path).open(sealed, ABOUT) == f"{SECRET}\nπ"
    assert Vault(path).problem(sealed) is None
    assert vault.problem(None) is None


def test_the_key_file_is_made_with_the_first_secret_and_is_its_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        vault = Vault(path)
        assert not path.exists()
        sealed = vault.seal(SECRET, ABOUT)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert vault.open(sealed, ABOUT) == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secrets_that_are_sealed_at_once_share_one_key(path: Path) -> None:
    vault = Vault(path)
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda n: vault.seal(str(n), ABOUT), range(32)))
    assert [vault.open(one, ABOUT) for one in sealed] == [str(n) for n in range(32)]


def test_a_secret_opens_only_as_what_it_was_sealed_for(path: Path) -> None:
    vault = Vault(path)
    sealed = vault.seal(SECRET, ABOUT)
    with pytest.raises(Unreadable, match="belongs to something else"):
        vault.open(sealed, "codex of bob")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-3],
        lambda text: text[:20] + "AAAA" + text[24:],
        lambda _: "",
        lambda text: text[:-3] + "π",
        lambda text: text[:-3] + "\ud800",
        lambda text: text.rpartition(":")[0],
    ],
)
def test_a_secret_that_was_changed_does_not_open(path: Path, damage: object) -> None:
    vault = Vault(path)
    sealed = vault.seal(SECRET, ABOUT)
    assert callable(damage)
    with pytest.raises(Unreadable):
        vault.open(damage(sealed), ABOUT)


DAMAGED = [b"", b"\xff\xfe" * 40, b"x" * 43, b"!" * 44, Fernet.generate_key()[:-2]]


@pytest.mark.parametrize(
    "content", [None, Fernet.generate_key(), *DAMAGED], ids=["lost", "other", *map(str, range(len(DAMAGED)))]
)
def test_a_key_that_is_lost_damaged_or_another_is_said_and_new_secrets_can_be_kept(
    path: Path, content: bytes | None
) -> None:
    vault = Vault(path)
    lost = vault.seal(SECRET, ABOUT)
    good = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    problem = vault.problem(lost) or ""
    assert "vault.key" in problem
    assert "Enter it again" in problem
    with pytest.raises(Unreadable, match=r"vault\.key"):
        vault.open(lost, ABOUT)
    assert (path.read_bytes() if path.exists() else None) == content, "looking changes nothing"

    fresh = vault.seal("new", ABOUT)
    assert vault.open(fresh, ABOUT) == "new"
    assert vault.problem(lost), "what the old key protected stays unreadable"
    kept = {one.read_bytes() for one in path.parent.iterdir()}
    assert content is None or content in {one.strip() for one in kept}, "a key file is never written over"

    path.write_bytes(good)
    assert vault.open(lost, ABOUT) == SECRET, "a copy of the file brings it back"


def test_a_key_file_that_cannot_be_read_is_left_alone(path: Path) -> None:
    path.mkdir()
    vault = Vault(path)
    with pytest.raises(VaultFailed, match=r"vault\.key"):
        vault.seal(SECRET, ABOUT)
    assert "cannot be read" in (vault.problem("1:x:y") or "")
    assert path.is_dir()


def test_a_gateway_without_secrets_does_not_carry_the_library() -> None:
    """It takes 7 MiB and 20 ms, which a server that keeps none has no need of."""
    code = "import sys, wegent_jupyter.gateway.gateway; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
