"""The real Claude Code on the practice model before a person: allowed, denied, answered in a shell, and restarted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.face import DARK, LIGHT, LIVENESS, PRACTICE, Face
from tests.support.server import JupyterServer
from tests.support.shell import wegent

pytestmark = pytest.mark.ui

STORY = """!think I look at the folder first.
!write story.txt Once upon a time
!bash touch unwanted.txt
!bash touch from-the-shell.txt
!write after.txt Still here
!say The end"""


def test_a_story_with_claude_code(open_face: Callable[..., Face], lab: JupyterServer) -> None:
    face = open_face()
    lab.agent_ready("claude")
    place = {"path": str(lab.files)}
    made = lab.submit(STORY, agent="claude", model="practice", mode="ask", workspace=place)
    task = face.open(made["task"]["id"])
    with face.outage():
        # Allowed in the browser: an edit, shown as what would change.
        card = task.cards.first
        expect(card).to_contain_text("Claude Code wants to change a file", timeout=LIVENESS)
        expect(card.locator(".wegent-Practice")).to_have_text(PRACTICE)
        expect(card.locator('.wegent-DiffLine[data-change="added"]')).to_have_text("+ Once upon a time")
        face.shot("claude-1-edit")
        assert not (lab.files / "story.txt").exists()
        card.get_by_role("button", name="Allow once").click()

        # Denied with a reason, which the model hears.
        card = task.cards.nth(1)
        expect(card).to_contain_text("touch unwanted.txt")
        assert (lab.files / "story.txt").read_text() == "Once upon a time"
        card.get_by_role("button", name="Deny…").click()
        card.get_by_label("Reason for the agent").fill("I do not want that one")
        card.get_by_label("Reason for the agent").press("Enter")
        task.says("I do not want that one")

        # Answered from a shell.
        expect(task.cards.nth(2)).to_contain_text("touch from-the-shell.txt")
        [waiting] = lab.get("/approvals").json()["items"]
        ran = wegent(lab, "approvals", "allow", waiting["id"])
        assert ran.status == 0, ran.err
        expect(task.cards.nth(2).locator(".wegent-Outcome")).to_have_text("Allowed")

        # Asked before a restart of the server, answered afterwards.
        expect(task.cards.nth(3)).to_contain_text("after.txt")
        lab.kill()
        expect(task.root).to_contain_text("Reconnecting")
        lab.start()
        expect(task.root).not_to_contain_text("Reconnecting", timeout=LIVENESS)
        expect(face.needs).to_have_count(1)
        face.set_theme(DARK)
        face.shot("claude-2-after-the-restart")
        face.set_theme(LIGHT)
        task.cards.nth(3).get_by_role("button", name="Allow once").click()
        task.is_state("Done")
    task.says("The end")
    face.shot("claude-3-done")
    assert sorted(path.name for path in lab.files.glob("*.txt")) == ["after.txt", "from-the-shell.txt", "story.txt"]
    outcomes = [card.locator(".wegent-Outcome").inner_text() for card in task.cards.all()]
    assert outcomes == ["Allowed", "Denied: I do not want that one", "Allowed", "Allowed"]
    expect(face.side).not_to_contain_text("Needs you")
