"""Claude Code's own program, run with the practice model: steering, trust, and what makes an agent ready."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.face import PRACTICE, Face, Task
from tests.support.lab import lab_server
from tests.support.server import JupyterServer

pytestmark = pytest.mark.ui


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab with a folder that brings its own agent configuration."""
    server = lab_server(tmp_path_factory.mktemp("lab"))
    project = server.files / "project"
    (project / ".claude").mkdir(parents=True)
    (project / ".claude" / "settings.json").write_text(json.dumps({"permissions": {"allow": ["Bash"]}}))
    try:
        yield server.start()
    finally:
        server.kill()
        server.end_executor()


def send(face: Face, prompt: str, **fields: Any) -> Task:
    """Run a message with Claude Code and the practice model, and open its task."""
    made = face.server.submit(prompt, agent="claude", model="practice", mode="ask", **fields)
    return face.open(made["task"]["id"])


def test_the_practice_model_is_named_wherever_its_answers_are(face: Face) -> None:
    task = send(face, "!say hello")
    task.is_state("Done")
    expect(task.root.locator(".wegent-Practice")).to_have_text([PRACTICE, PRACTICE])
    expect(face.row(task.id)).to_contain_text("PRACTICE")
    expect(task.turns).not_to_contain_text("$")  # nobody pays for a script


def test_an_installed_agent_can_be_tried_without_an_account(face: Face) -> None:
    known = face.task_ids()
    face.execute("wegent:try-practice-model")
    task = face.new_task(known)
    expect(task.root.locator(".wegent-Header .wegent-Practice")).to_have_text(PRACTICE)
    question = task.cards.first
    question.get_by_label("Good day").check()
    question.get_by_role("button", name="Answer", exact=True).click()
    for number in range(1, 3):
        task.cards.nth(number).get_by_role("button", name="Allow once").click()
    task.is_state("Done")
    expect(task.root.locator(".wegent-Outcome")).to_have_text(["Answered: Good day", "Allowed", "Allowed"])
    face.shot("agents-3-practice-model")


def test_what_is_said_to_a_working_agent_reaches_it_in_the_same_turn(face: Face) -> None:
    task = send(face, "!slow 60 0.1")
    task.says("1 2 3")
    task.reply.fill("!say as you wish")
    task.root.get_by_role("button", name="Steer").click()
    expect(task.reply).to_have_value("")
    steer = task.root.locator('.wegent-Item[data-kind="steer"]')
    expect(steer).to_have_text(re.compile(r"You, meanwhile:\s*!say as you wish"))
    task.is_state("Done")
    task.says("as you wish")
    expect(task.turns).to_have_count(1)
    face.shot("agents-1-steered")


def test_an_agent_that_takes_no_messages_while_it_works_offers_only_the_queue(face: Face) -> None:
    task = face.send("!slow 600 0.1")
    task.says("1 2 3")
    expect(task.root.get_by_role("button", name="Queue")).to_be_visible()
    expect(task.root.get_by_role("button", name="Steer")).to_have_count(0)


def test_a_folder_with_agent_configuration_asks_for_trust_and_keeps_the_answer(face: Face) -> None:
    folder = face.server.files / "project"
    task = send(face, "!say hello", workspace={"path": str(folder)})
    card = task.root.get_by_role("group", name="Agent configuration of this folder")
    expect(card).to_contain_text("brings its own agent configuration (.claude)")
    expect(card).to_contain_text(str(folder))
    face.shot("agents-2-trust")
    card.get_by_role("button", name="Keep it off").click()
    expect(card).to_contain_text("Kept off")
    card.get_by_role("button", name="Change…").click()
    card.get_by_role("button", name="Trust this folder").click()
    expect(card).to_contain_text("on from the next message on")
    device = face.server.get("/devices").json()["items"][0]["device_id"]
    assert face.server.get(f"/devices/{device}/trust").json()["items"] == [{"path": str(folder), "trusted": True}]
    task.is_state("Done")
    task.reply.fill("!say again")
    task.reply.press("Enter")
    expect(task.turns).to_have_count(2)
    task.is_state("Done")
    expect(task.root.locator('.wegent-Item[data-kind="trust"]')).to_have_count(1)


def test_what_an_agent_writes_reaches_no_command_of_jupyterlab(face: Face) -> None:
    command = 'data-commandlinker-command="wegent:log-in" data-commandlinker-args="{}"'
    task = face.send(
        f"!say <button {command}>Press</button> <b {command}>bold</b> <form><input value=x></form> <i>end</i>\n"
        "!think hm\n!say - [x] done"
    )
    task.is_state("Done")
    text = task.turns.locator(".jp-RenderedHTMLCommon", has_text="Press")
    expect(text.locator("i")).to_have_text("end")  # HTML is rendered
    expect(text.locator("b")).to_have_text("bold")
    expect(text.locator("button, form, input")).to_have_count(0)
    expect(text.locator("[data-commandlinker-command], [data-commandlinker-args]")).to_have_count(0)
    expect(task.turns.locator(".jp-RenderedHTMLCommon li")).to_have_text("☑ done")
