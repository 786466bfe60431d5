"""What agents ask of people: in the task, in the sidebar, in notifications, by keyboard, and from another face."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.face import DARK, LIGHT, LIVENESS, PRACTICE, Face, Task
from tests.support.looks import READABLE, contrast
from tests.support.server import wait_for

pytestmark = pytest.mark.ui

WRITE = "!write notes.txt one line\n!say The end"
QUESTION = "!ask Which colour? | red | green"


def asked(face: Face, prompt: str = WRITE) -> tuple[Task, Locator]:
    """Send a message in the mode Ask, and return the task with the card that it shows."""
    task = face.send(prompt, mode="Ask")
    expect(task.cards).to_have_count(1, timeout=LIVENESS)
    return task, task.cards.first


def questioned(face: Face) -> tuple[Task, Locator]:
    """Let the practice model ask a question through Claude Code, and return the task with the card that it shows."""
    made = face.server.submit(QUESTION, agent="claude", model="practice", mode="ask")
    task = face.open(made["task"]["id"])
    expect(task.cards).to_have_count(1, timeout=LIVENESS)
    return task, task.cards.first


def written(task: Task) -> bool:
    """Say whether the file is there."""
    return (Path(task.record()["workspace"]) / "notes.txt").exists()


def outcome(card: Locator) -> Locator:
    """Return the words that a decided card is left with."""
    return card.locator(".wegent-Outcome")


def open_approval(face: Face) -> dict[str, Any]:
    """Return the one approval that is open, as REST tells it."""
    [found] = face.server.get("/approvals").json()["items"]
    assert isinstance(found, dict)
    return found


def toast(face: Face) -> Locator:
    return face.page.locator(".Toastify__toast").filter(has_text="wants to")


def test_a_card_in_the_task_shows_what_would_happen_and_lets_it_happen(face: Face) -> None:
    task, card = asked(face)
    expect(card).to_have_attribute("role", "group")
    expect(card).to_contain_text("wants to change a file")
    expect(card).to_contain_text("notes.txt")
    expect(card.locator('.wegent-DiffLine[data-change="added"]')).to_have_text("+ one line")
    expect(card).to_contain_text(f"in {task.record()['workspace']}")
    expect(card).to_contain_text("This computer")
    expect(card.locator(".wegent-Practice")).to_have_text(PRACTICE)
    expect(task.state).to_have_text("Waiting for you")
    face.shot("approvals-1-card")
    assert not written(task)
    card.get_by_role("button", name="Allow once").click()
    expect(outcome(card)).to_have_text("Allowed")
    task.is_state("Done")
    assert written(task)
    expect(card.get_by_role("button", expanded=False)).to_be_visible()
    face.shot("approvals-2-allowed")


def test_a_denial_takes_its_reason_to_the_agent_and_nothing_is_written(face: Face) -> None:
    task, card = asked(face)
    card.get_by_role("button", name="Deny…").click()
    reason = card.get_by_label("Reason for the agent")
    expect(reason).to_be_focused()
    reason.fill("not in this folder")
    face.shot("approvals-3-deny")
    reason.press("Enter")
    expect(outcome(card)).to_have_text("Denied: not in this folder")
    task.is_state("Done")
    assert not written(task)


def test_what_is_allowed_for_the_task_is_not_asked_again(face: Face) -> None:
    task, card = asked(face, "!write notes.txt one\n!write notes.txt two\n!say The end")
    expect(card).to_contain_text("edits of files in this folder")
    card.get_by_role("button", name="Allow for this task").click()
    task.is_state("Done")
    expect(task.cards).to_have_count(1)
    expect(outcome(card)).to_have_text("Allowed for this task")
    assert (Path(task.record()["workspace"]) / "notes.txt").read_text() == "two"


def test_whatever_needs_the_user_shows_in_every_corner_and_goes_away_everywhere(face: Face) -> None:
    expect(face.needs).to_have_count(0)
    task, card = asked(face)
    tab = face.page.locator('[role="tab"][data-id="wegent-side"]')
    expect(face.side).to_contain_text("Needs you (1)")
    expect(face.needs).to_have_count(1)
    expect(face.row(task.id).locator(".wegent-State")).to_have_text("Waiting for you")
    expect(face.device).to_contain_text("1 waiting for you")
    expect(face.page.locator(".wegent-StatusItem")).to_have_text(re.compile(r"Wegent 1/5\s*1"))
    expect(tab).to_have_attribute("title", "Wegent: 1 needs you")
    expect(tab).to_have_class(re.compile("wegent-mod-waiting"))
    face.shot("approvals-4-everywhere")
    face.needs.get_by_role("button", name="Allow once").click()
    expect(face.needs).to_have_count(0)
    expect(outcome(card)).to_have_text("Allowed")
    task.is_state("Done")
    expect(face.side).not_to_contain_text("Needs you")
    expect(face.page.locator(".wegent-StatusItem")).to_have_text("Wegent 0/5")
    expect(tab).to_have_attribute("title", "Wegent: agents on your computers")
    expect(tab).not_to_have_class(re.compile("wegent-mod-waiting"))


def test_a_question_is_answered_with_one_of_its_choices(face: Face) -> None:
    task, card = questioned(face)
    expect(card).to_contain_text("has a question")
    expect(card.get_by_role("group", name=re.compile("Which colour"))).to_be_visible()
    answer = card.get_by_role("button", name="Answer", exact=True)
    expect(answer).to_be_disabled()
    card.get_by_label("green").check()
    face.shot("approvals-5-question")
    answer.click()
    expect(outcome(card)).to_have_text("Answered: green")
    task.is_state("Done")
    task.says("green")


def test_a_question_takes_an_answer_that_was_not_offered(face: Face) -> None:
    task, card = questioned(face)
    card.get_by_label("red").check()
    card.get_by_label("Something else").fill("blue")
    expect(card.get_by_label("red")).not_to_be_checked()
    expect(card.get_by_role("button", name="Answer", exact=True)).to_be_enabled()
    card.get_by_label("Something else").press("Enter")
    expect(outcome(card)).to_have_text("Answered: blue")
    task.is_state("Done")
    task.says("blue")


def test_a_question_can_be_skipped(face: Face) -> None:
    task, card = questioned(face)
    card.get_by_role("button", name="Skip").click()
    expect(outcome(card)).to_have_text("Skipped")
    task.is_state("Done")


def test_an_answer_from_elsewhere_settles_every_card(face: Face) -> None:
    task, card = asked(face)
    approval = open_approval(face)
    answer = face.server.post(f"/approvals/{approval['id']}", {"decision": "deny", "reason": "from elsewhere"})
    assert answer.status_code == 200
    expect(outcome(card)).to_have_text("Denied: from elsewhere")
    expect(face.needs).to_have_count(0)
    task.is_state("Done")


def test_who_comes_second_sees_who_was_first(face: Face) -> None:
    task, card = asked(face)
    approval = open_approval(face)
    held: list[Callable[[], None]] = []
    face.page.route(re.compile("/api/approvals/"), lambda route: held.append(route.continue_))
    card.get_by_role("button", name="Allow once").click()
    wait_for(lambda: face.page.evaluate("() => 1") and held, "the click is on its way")
    expect(card.get_by_role("button", name="Allow once")).to_be_disabled()
    face.server.post(f"/approvals/{approval['id']}", {"decision": "deny", "reason": "first"})
    held[0]()
    expect(outcome(card)).to_have_text("Denied: first")
    face.page.unroute(re.compile("/api/approvals/"))
    expect(card.get_by_role("alert")).to_have_count(0)
    task.is_state("Done")
    face.errors[:] = [error for error in face.errors if "status of 409" not in error]
    assert not written(task)


def test_stop_withdraws_what_was_asked(face: Face) -> None:
    task, card = asked(face)
    task.stop.click()
    task.is_state("Stopped")
    expect(outcome(card)).to_have_text("No longer needed")
    expect(face.needs).to_have_count(0)
    assert not written(task)


def test_a_reload_keeps_the_card_and_its_outcome(face: Face) -> None:
    task, card = asked(face)
    wait_for(lambda: f"wegent-task:{task.id}" in str(face.layout()["main"]), "the layout is stored")
    face.reload()
    expect(face.needs).to_have_count(1)
    expect(toast(face)).to_have_count(0)
    card.get_by_role("button", name="Allow once").click()
    expect(outcome(card)).to_have_text("Allowed")
    task.is_state("Done")
    face.reload()
    expect(outcome(card)).to_have_text("Allowed")
    expect(face.needs).to_have_count(0)


def test_the_keyboard_allows_and_denies_only_where_the_card_has_the_focus(face: Face) -> None:
    keyboard = face.page.keyboard
    for key, words in (("Enter", "Allowed"), ("Escape", "Denied")):
        task, card = asked(face)
        expect(task.reply).to_be_focused()
        keyboard.press(key)
        expect(card.get_by_role("button", name="Allow once")).to_be_enabled()
        tab_to(face, card)
        assert card.evaluate("card => getComputedStyle(card).outlineStyle") != "none"
        keyboard.press(key)
        expect(outcome(card)).to_have_text(words)
        expect(card).to_be_focused()
        task.is_state("Done")
        assert written(task) == (key == "Enter")


def test_typing_a_reason_neither_allows_nor_denies(face: Face) -> None:
    task, card = asked(face)
    card.get_by_role("button", name="Deny…").click()
    card.get_by_label("Reason for the agent").press_sequentially("no")
    face.page.keyboard.press("Escape")
    expect(card.get_by_role("button", name="Allow once")).to_be_visible()
    assert open_approval(face)["task_id"] == task.id


def test_a_task_out_of_sight_asks_by_a_notification_that_goes_away_with_the_answer(face: Face) -> None:
    spoken = face.watch_texts(".wegent-Live")
    for answer in ("Allow once", "Show task", "elsewhere"):
        known = face.task_ids()
        face.page.get_by_role("tab", name="Launcher").click()
        face.server.submit(WRITE, mode="ask")
        expect(toast(face)).to_contain_text("wants to change a file", timeout=LIVENESS)
        if answer == "Allow once":
            face.shot("approvals-6-notification")
        if answer == "elsewhere":
            face.needs.get_by_role("button", name="Deny…").click()
            face.needs.get_by_role("button", name="Deny", exact=True).click()
        else:
            toast(face).get_by_role("button", name=answer).click()
        expect(toast(face)).to_have_count(0)
        [task_id] = face.task_ids() - known
        if answer == "Show task":
            task = face.task(task_id)
            task.cards.get_by_role("button", name="Allow once").click()
        face.server.finished(task_id)
        expect(face.needs).to_have_count(0)
    assert sum("wants to change a file" in text for text in spoken()) == 3


def test_a_card_that_slides_under_the_pointer_does_not_take_its_click(face: Face) -> None:
    for _ in range(2):
        face.server.submit(WRITE, mode="ask")
    expect(face.needs).to_have_count(2, timeout=LIVENESS)
    face.needs.first.get_by_role("button", name="Allow once").dblclick()
    expect(face.needs).to_have_count(1)
    expect(face.needs.get_by_role("button", name="Allow once")).to_be_enabled()
    assert len(face.server.get("/approvals").json()["items"]) == 1


@pytest.fixture(params=[LIGHT, DARK])
def themed(face: Face, request: pytest.FixtureRequest) -> Iterator[Face]:
    """Give the page in one theme and then in the other."""
    face.set_theme(request.param)
    yield face
    face.set_theme(LIGHT)


def test_everything_on_a_card_can_be_read(themed: Face) -> None:
    face = themed
    task, card = asked(face, f"!bash echo 1\n{WRITE}")
    faint = {f"command {what}": ratio for what, ratio in poor(card).items()}
    faint |= {f"sidebar {what}": ratio for what, ratio in poor(face.needs).items()}
    card.get_by_role("button", name="Allow once").click()
    write = task.cards.nth(1)
    expect(write.get_by_role("button", name="Allow once")).to_be_enabled()
    name = "dark" if "Dark" in str(face.page.locator("body").get_attribute("data-jp-theme-name")) else "light"
    face.shot(f"approvals-7-{name}")
    faint |= {f"decided {what}": ratio for what, ratio in poor(card).items()}
    faint |= {f"edit {what}": ratio for what, ratio in poor(write).items()}
    write.get_by_role("button", name="Deny…").click()
    faint |= {f"deny {what}": ratio for what, ratio in poor(write).items()}
    faint["placeholder"] = contrast(write.get_by_label("Reason for the agent"), "::placeholder")
    assert {what: ratio for what, ratio in faint.items() if ratio < READABLE} == {}


def poor(card: Locator) -> dict[str, float]:
    """Return the texts of a card that cannot be read well, with their contrast."""
    leaves = card.locator("xpath=.//*[normalize-space(text())]")
    return {
        leaf.inner_text()[:40]: round(ratio, 2)
        for leaf in leaves.all()
        if leaf.is_visible() and leaf.is_enabled() and (ratio := contrast(leaf)) < READABLE
    }


def tab_to(face: Face, target: Locator) -> None:
    """Go back with the Tab key until an element has the focus."""
    for _ in range(40):
        face.page.keyboard.press("Shift+Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {target}")
