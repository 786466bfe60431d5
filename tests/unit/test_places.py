"""Where a turn, a terminal or an IDE runs, as a table (wire-protocol: Wegent's project_device_session_service.py)."""

from __future__ import annotations

from typing import Any

import pytest

from wegent_jupyter.gateway.errors import Refused
from wegent_jupyter.gateway.places import Place, What, Where, where
from wegent_jupyter.protocol.projects import Project, ProjectConfig

WORKTREE = "/w/worktrees/7/churn"


def project(path: str | None = None, *, git: str | None = None, **workspace: Any) -> Project:
    config = {
        "execution": {"deviceId": "box"},
        "workspace": {"source": "git" if git else "local_path", **workspace},
        "git": {"url": git} if git else None,
    }
    return Project(
        id=3,
        name="Churn",
        config=ProjectConfig.model_validate(config),
        device_id="box",
        path=path,
        state="ready",
        created_at="",
        updated_at="",
    )


MADE = project("/home/ann/churn", localPath="~/churn")
HAS_WORKTREE = Place(WORKTREE, source="git_worktree", worktree_of="/home/ann/churn")
WILL_HAVE_WORKTREE = Place(source="git_worktree", worktree_of="/home/ann/churn")

TABLE: list[tuple[str, What, str | None, Place | None, Project | None, Where]] = [
    ("a path that a person names wins", "session", "/srv", Place("/home/ann/other"), MADE, Where("/srv")),
    ("a turn runs where its task is", "turn", None, Place("/srv/code"), None, Where("/srv/code")),
    ("a turn without a place gets a folder", "turn", None, Place(source="chat"), None, Where(create=True)),
    ("a turn goes on in its chat folder", "turn", None, Place("/w/chats/x", source="chat"), None, Where("/w/chats/x")),
    ("a turn goes on in its worktree", "turn", None, HAS_WORKTREE, None, Where(WORKTREE)),
    ("a worktree is made first", "turn", None, WILL_HAVE_WORKTREE, None, Where(worktree_of="/home/ann/churn")),
    (
        "a terminal of a task is in its worktree, not in its project",
        "session",
        None,
        HAS_WORKTREE,
        MADE,
        Where(WORKTREE),
    ),
    ("a terminal of a project is where that was made", "session", None, None, MADE, Where("/home/ann/churn", True)),
    (
        "a checkout of git is below projects/",
        "session",
        None,
        None,
        project(git="https://x.org/churn", checkoutPath="churn"),
        Where("projects/churn", True),
    ),
    ("a local path is taken as it is", "session", None, None, project(localPath="/srv/c"), Where("/srv/c", True)),
    ("so is a checkout path without git", "session", None, None, project(checkoutPath="c"), Where("c", True)),
    ("nothing configured", "session", None, None, project(), Where("project3", True)),
    ("nothing at all is the device's own choice", "session", None, None, None, Where(create=True)),
]


@pytest.mark.parametrize(
    ("what", "given", "place", "of", "found"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_where_it_runs(what: What, given: str | None, place: Place | None, of: Project | None, found: Where) -> None:
    assert where(what, given=given, place=place, project=of) == found


@pytest.mark.parametrize("place", [Place(), Place(source="chat"), WILL_HAVE_WORKTREE], ids=["none", "chat", "worktree"])
def test_a_terminal_of_a_task_without_a_directory_is_refused_and_not_put_elsewhere(place: Place) -> None:
    with pytest.raises(Refused, match="Task execution workspace path is required"):
        where("session", place=place, project=MADE)
