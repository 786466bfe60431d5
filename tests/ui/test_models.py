"""Models in the settings and in the composer: a provider is added, tried from a device, used, changed and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.support.face import LIVENESS, Face
from tests.support.lab import lab_server
from tests.support.model import Model, running_model
from tests.support.narrow import narrow_side, too_wide
from tests.support.server import JupyterServer
from tests.support.settings_face import Settings, confirm

pytestmark = pytest.mark.ui

NAME = "work/claude-practice"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab where Claude Code and Codex are installed, and nobody is logged in."""
    with ExitStack() as stack:
        server = lab_server(tmp_path_factory.mktemp("lab"))
        stack.callback(server.end_executor)
        stack.callback(server.kill)
        server.start()
        for agent in ("claude", "codex"):
            server.agent_ready(agent)
        yield server


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with running_model() as running:
        yield running


@pytest.fixture
def models(face: Face, lab: JupyterServer) -> Settings:
    """Open the section, without any provider."""
    for provider in lab.get("/models/providers").json()["items"]:
        lab.request("DELETE", f"/models/providers/{provider['id']}")
    return Settings(face).open("models", "Models")


def save(lab: JupyterServer, model: Model, **fields: object) -> None:
    body = {
        "name": "work",
        "kind": "anthropic",
        "base_url": model.url,
        "key": model.key,
        "models": ["claude-practice", "claude-other"],
        "default_model": "claude-practice",
        **fields,
    }
    answer = lab.post("/models/providers", body)
    assert answer.status_code == 201, answer.text


def test_a_provider_is_added_tried_and_answers_a_turn(models: Settings, lab: JupyterServer, model: Model) -> None:
    face, main = models.face, models.main
    expect(main).to_contain_text("No provider yet")
    expect(face.side.get_by_label("Model", exact=True)).to_have_count(0)
    models.button("Add provider…").click()
    expect(main.get_by_label("Name", exact=True)).to_be_focused()
    keyboard = face.page.keyboard
    keyboard.type("Work!")
    keyboard.press("Enter")  # nothing is sent while something is wrong, and the first field that is says so
    expect(main.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(main).to_contain_text("Small letters, digits")
    expect(main).to_contain_text("Name at least one model.")
    main.get_by_label("Name", exact=True).fill("work")
    main.get_by_label("Address", exact=True).fill(model.url)
    main.get_by_label("Key", exact=True).fill("wrong-key")
    main.get_by_role("textbox", name="Models").fill("claude-practice\nclaude-other")
    main.get_by_label("Default", exact=True).select_option("claude-practice")

    # Tried before it is saved: what is wrong is told, and what was typed stays.
    models.button("Test from device…").click()
    models.button("Test").click()
    result = main.locator(".wegent-Result")
    expect(result).to_have_attribute("data-ok", "false", timeout=LIVENESS)
    main.get_by_label("Key", exact=True).fill(model.key)
    expect(result).to_have_count(0)
    models.button("Test").click()
    expect(result).to_have_attribute("data-ok", "true", timeout=LIVENESS)
    models.picture("models-1-form")
    models.button("Add").click()

    card = main.get_by_role("region", name="work", exact=True)
    expect(card).to_contain_text("Key saved")
    expect(card.locator('[data-default="true"]')).to_have_text("claude-practicedefault")
    card.get_by_role("button", name="Test from device…").click()
    card.get_by_role("button", name="Test", exact=True).click()
    expect(card.locator(".wegent-Result")).to_have_attribute("data-ok", "true", timeout=LIVENESS)
    models.picture("models-2-saved")
    assert model.key not in face.page.content()

    # In the composer: the agent needs no login of its own, and the default is named.
    expect(face.side.get_by_label("Agent", exact=True)).to_have_text("Claude Code")
    choice = face.side.get_by_label("Model", exact=True)
    expect(choice.locator("option")).to_have_text([f"Default: {NAME}", NAME, "work/claude-other"])
    choice.select_option("work/claude-other")
    known = face.task_ids()
    face.composer.fill("!say from a provider")
    face.composer.press("Enter")
    task = face.new_task(known)
    task.says("from a provider")
    task.is_state("Done")
    assert task.record()["model"] == "work/claude-other"

    # The next message goes to the same model, or to another one.
    expect(task.root.get_by_label("Model", exact=True)).to_have_value("work/claude-other")
    task.root.get_by_label("Model", exact=True).select_option(NAME)
    task.reply.fill("!say again")
    task.reply.press("Enter")
    expect(task.turns).to_have_count(2)
    task.is_state("Done")
    assert [turn["model"] for turn in task.record()["turn_list"]] == ["work/claude-other", NAME]
    face.shot("models-3-turn")
    asked = {request["body"]["model"] for request in model.requests if "body" in request and "model" in request["body"]}
    assert {"claude-practice", "claude-other"} <= asked


def test_a_saved_key_stays_unless_it_is_replaced_and_goes_to_no_other_address(
    models: Settings, lab: JupyterServer, model: Model
) -> None:
    face, main = models.face, models.main
    save(lab, model)  # by another page: this one shows it by itself
    card = main.get_by_role("region", name="work", exact=True)
    expect(card).to_contain_text("Key saved")
    with narrow_side(face):  # three things to choose from: the model has a row of its own
        expect(face.side.get_by_label("Model", exact=True)).to_be_visible()
        face.shot("models-5-sidebar-240")
        assert too_wide(face) == []
    card.get_by_role("button", name="Edit work").click()
    form = main.get_by_role("form", name="Edit work")
    expect(form.get_by_label("Key", exact=True)).to_have_value("")
    expect(form.get_by_label("Key", exact=True)).to_have_attribute("placeholder", "saved, never shown")
    form.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/other")
    form.get_by_role("button", name="Save").click()
    expect(form).to_contain_text("Give the key again")
    expect(form.get_by_label("Key", exact=True)).to_be_focused()
    form.get_by_label("Address", exact=True).fill(model.url)
    form.get_by_role("textbox", name="Models").fill("claude-practice")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    expect(card).to_contain_text("Key saved")
    [kept] = lab.get("/models/providers").json()["items"]
    assert (kept["has_key"], kept["models"], kept["default_model"]) == (True, ["claude-practice"], "claude-practice")
    card.get_by_role("button", name="Delete work").click()
    confirm(face, "Delete")
    expect(main).to_contain_text("No provider yet")
    expect(face.side.get_by_label("Model", exact=True)).to_have_count(0)


def test_an_address_at_which_nobody_answers_is_told_in_words(
    models: Settings, lab: JupyterServer, model: Model
) -> None:
    save(lab, model, base_url="http://127.0.0.1:9")
    card = models.main.get_by_role("region", name="work", exact=True)
    card.get_by_role("button", name="Test from device…").click()
    card.get_by_role("button", name="Test", exact=True).click()
    expect(card.locator(".wegent-Result")).to_have_attribute("data-ok", "false", timeout=LIVENESS)
    expect(card.locator(".wegent-Result")).to_contain_text("127.0.0.1:9")
    models.picture("models-4-failed")
