"""Where the practice agent keeps its sessions, and what it makes of damaged ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wegent_jupyter.practice.sessions import SessionStore, practice_home


def test_the_variable_says_where_sessions_are_kept() -> None:
    assert practice_home({"WEGENT_PRACTICE_HOME": "/some/where", "XDG_STATE_HOME": "/state"}) == Path("/some/where")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these have places of their own")
@pytest.mark.parametrize("state", ["", "relative"])
def test_else_they_are_kept_with_the_users_state(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    kept = Path("wegent-jupyter") / "practice"
    assert practice_home({"XDG_STATE_HOME": "/state"}) == Path("/state") / kept
    assert practice_home({"XDG_STATE_HOME": state}) == Path("/home/someone/.local/state") / kept


def test_a_session_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    session = store.create(tmp_path)
    session.messages, session.mode = 2, "plan"
    store.save(session)
    again = store.load(session.id, tmp_path / "missing")
    assert (again.cwd, again.messages, again.mode) == (tmp_path, 2, "plan")
    assert len(list((tmp_path / "sessions").iterdir())) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cwd": 1, "mode": "ask", "messages": 1}', '{"cwd": "/", "mode": "ask"}']
)
def test_a_damaged_session_is_an_unknown_one(tmp_path: Path, text: str) -> None:
    store = SessionStore(tmp_path)
    session = store.create(tmp_path)
    (tmp_path / f"{session.id}.json").write_text(text)
    with pytest.raises(KeyError):
        store.load(session.id, tmp_path)


def test_a_session_that_cannot_be_saved_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = SessionStore(tmp_path)
    session = store.create(tmp_path)
    path = tmp_path / f"{session.id}.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match=session.id):
        store.save(session)
    assert list(tmp_path.iterdir()) == [path]
