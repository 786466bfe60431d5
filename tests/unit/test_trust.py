"""Trust: what a directory brings is off until a person says otherwise, for this directory and what is below it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from wegent_jupyter.executor.trust import TrustDamaged, TrustStore, main_checkout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    person = tmp_path / "person"
    person.mkdir()
    monkeypatch.setenv("HOME", str(person))
    return person


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    (tmp_path / "executor").mkdir()
    return TrustStore(tmp_path / "executor")


def git(directory: Path, *command: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, *command], cwd=directory, check=True, capture_output=True)


def repository(path: Path) -> Path:
    path.mkdir(parents=True)
    git(path, "init", "-q")
    git(path, "commit", "-q", "--allow-empty", "-m", "first")
    return path


def test_a_plain_directory_brings_nothing(home: Path, store: TrustStore) -> None:
    found = store.look(home / "work")
    assert (found.path, found.found, found.state, found.usable) == (home / "work", [], "unanswered", False)


def test_everything_that_configures_an_agent_is_named(home: Path, store: TrustStore) -> None:
    for name in (".claude", ".codex"):
        (home / "work" / name).mkdir(parents=True)
    for name in (".mcp.json", "CLAUDE.md", "CLAUDE.local.md"):
        (home / "work" / name).touch()
    found = store.look(home / "work").found
    assert found == [".claude", ".mcp.json", "CLAUDE.md", "CLAUDE.local.md", ".codex"]


def test_parents_count_up_to_the_root_of_the_repository_and_no_further(home: Path, store: TrustStore) -> None:
    root = repository(home / "code" / "project")
    (root / ".mcp.json").touch()
    (root.parent / "CLAUDE.md").touch()
    (root / "deep" / "down").mkdir(parents=True)
    (root / "deep" / "CLAUDE.md").touch()
    found = store.look(root / "deep" / "down")
    assert (found.path, found.found) == (root, ["deep/CLAUDE.md", ".mcp.json"])


def test_the_persons_own_configuration_is_not_the_directorys(home: Path, store: TrustStore) -> None:
    (home / ".claude").mkdir()
    (home / ".codex").mkdir()
    assert store.look(home).found == []


def test_an_answer_is_kept_and_can_be_forgotten(home: Path, store: TrustStore, tmp_path: Path) -> None:
    for answer, state in ((True, "trusted"), (False, "declined"), (None, "unanswered")):
        store.set(home / "work", answer)
        assert store.look(home / "work").state == state
        assert TrustStore(tmp_path / "executor").look(home / "work").state == state
    assert store.items() == []
    store.set(home / "work", True)
    assert store.items() == [(home / "work", True)]
    assert (tmp_path / "executor" / "trust.json").stat().st_mode & 0o777 == 0o600


def test_what_is_below_a_trusted_directory_is_trusted_and_a_nearer_answer_counts_more(
    home: Path, store: TrustStore
) -> None:
    store.set(home / "work", True)
    store.set(home / "work" / "theirs", False)
    assert store.look(home / "work" / "mine" / "deep").usable
    assert store.look(home / "work" / "theirs" / "deep").state == "declined"
    assert store.look(home / "workshop").state == "unanswered"
    assert store.look(home).state == "unanswered"


def test_a_link_to_a_directory_is_that_directory(home: Path, store: TrustStore) -> None:
    (home / "real").mkdir()
    (home / "link").symlink_to(home / "real")
    store.set(home / "link", True)
    assert store.items() == [(home / "real", True)]
    (home / "trusted").mkdir()
    store.set(home / "trusted", True)
    (home / "trusted" / "out").symlink_to(home / "elsewhere")
    assert store.look(home / "trusted" / "out").state == "unanswered", "it leads out of what is trusted"


def test_a_linked_worktree_has_its_repositorys_answer(home: Path, store: TrustStore) -> None:
    root = repository(home / "project")
    git(root, "worktree", "add", "-q", str(home / "tree"))
    (home / "tree" / "CLAUDE.md").touch()
    found = store.look(home / "tree")
    assert (found.path, found.found, found.state) == (root, ["CLAUDE.md"], "unanswered")
    store.set(found.path, True)
    assert store.look(home / "tree").usable
    assert store.look(home / "tree" / "below").usable


def test_a_directory_cannot_claim_to_be_a_worktree_of_a_trusted_repository(home: Path, store: TrustStore) -> None:
    root = repository(home / "project")
    git(root, "worktree", "add", "-q", str(home / "tree"))
    store.set(root, True)
    evil = home / "evil"
    evil.mkdir()
    (evil / ".git").write_text((home / "tree" / ".git").read_text())
    assert main_checkout(evil) == evil
    assert store.look(evil).state == "unanswered"

    private = evil / "own" / "worktrees" / "evil"  # everything of its own, only the repository is another's
    private.mkdir(parents=True)
    (private / "gitdir").write_text(str(evil / ".git"))
    (private / "commondir").write_text(str(root / ".git"))
    (evil / ".git").write_text(f"gitdir: {private}")
    assert store.look(evil).state == "unanswered"


def test_a_submodule_is_asked_about_itself(home: Path, store: TrustStore) -> None:
    inner = home / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / ".git").write_text("gitdir: ../.git/modules/inner")
    assert store.look(inner).path == inner


def test_a_chat_folder_is_ours(home: Path, store: TrustStore) -> None:
    assert store.look(home / "chats" / "one", ours=True).usable


@pytest.mark.parametrize("text", ["{", "[]", '{"paths": {"/": "yes"}}', '{"paths": []}', "\udcff"])
def test_a_damaged_file_is_named_left_alone_and_trusts_nothing(
    text: str, home: Path, store: TrustStore, tmp_path: Path
) -> None:
    file = tmp_path / "executor" / "trust.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    assert store.look(home).state == "unanswered"
    with pytest.raises(TrustDamaged, match="mend it"):
        store.set(home, True)
    with pytest.raises(TrustDamaged, match="mend it"):
        store.items()
    assert file.read_bytes() == text.encode(errors="surrogateescape")


def test_the_file_holds_nothing_but_paths_and_answers(home: Path, store: TrustStore, tmp_path: Path) -> None:
    store.set(home, True)
    assert json.loads((tmp_path / "executor" / "trust.json").read_text()) == {"paths": {str(home): True}}


def test_a_linked_git_does_not_inherit_what_it_points_to(home: Path, store: TrustStore) -> None:
    """An archive can carry such a link."""
    good = repository(home / "good")
    git(good, "worktree", "add", "-q", "../tree")
    store.set(good, True)
    assert store.look(home / "tree").usable
    (home / "evil").mkdir()
    (home / "evil" / ".git").symlink_to(home / "tree" / ".git")
    assert store.look(home / "evil").state == "unanswered"


def test_an_answer_about_a_folder_says_nothing_of_the_repositories_in_it(home: Path, store: TrustStore) -> None:
    repository(home / "work" / "cloned")
    store.set(home / "work", True)
    assert store.look(home / "work" / "notes").usable
    assert store.look(home / "work" / "cloned").state == "unanswered"
    assert store.look(home / "work" / "cloned" / "src").state == "unanswered"
    store.set(home / "work" / "cloned", True)
    assert store.look(home / "work" / "cloned" / "src").usable
