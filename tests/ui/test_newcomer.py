"""The newcomer's path in a real browser. Each step leaves a picture in test-output/."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from tests.support.face import HOST, LIVENESS, PRACTICE, Face
from tests.support.lab import BUILT, processes_of
from tests.support.server import wait_for

pytestmark = pytest.mark.ui


def test_the_pages_here_run_the_front_end_of_this_clone(face: Face) -> None:
    config = json.loads(face.page.locator("#jupyter-config-data").text_content() or "")
    [loaded] = [found["load"] for found in config["federated_extensions"] if found["name"] == "wegent-jupyter"]
    assert (BUILT / loaded).is_file()


def test_the_sidebar_opens_once_by_itself_and_says_what_there_is(face: Face) -> None:
    expect(face.side).to_be_visible()
    expect(face.device).to_have_count(1)
    expect(face.device).to_contain_text("This computer")
    expect(face.device.locator(".wegent-State")).to_have_text("Online")
    expect(face.device).to_contain_text("0/5 slots in use")
    agent = face.device.locator('.wegent-Agent[data-agent-id="practice"]')
    expect(agent).to_contain_text("scripted, not AI")
    expect(agent).to_contain_text("ready")
    expect(agent).to_be_in_viewport(ratio=1)
    for resource in ("CPU", "Memory", "Disk"):  # shown for cloud devices only
        expect(face.device).not_to_contain_text(resource)
    expect(face.side.get_by_label("Device", exact=True)).to_have_text("This computer")
    expect(face.side).to_contain_text("no AI, no network")
    expect(face.side).to_contain_text("No tasks yet")
    face.page.locator(".jp-Launcher").wait_for()
    face.shot("newcomer-1-first-look")

    face.page.locator('[role="tab"][data-id="wegent-side"]').click()
    expect(face.side).to_be_hidden()
    wait_for(lambda: face.layout()["left"]["collapsed"], "the closed sidebar is remembered")
    face.reload()
    expect(face.page.locator(".jp-Launcher")).to_be_visible()
    expect(face.side).to_be_hidden()
    face.execute("wegent:open-panel")
    expect(face.side).to_be_visible()


def test_an_answer_streams_with_thoughts_markdown_and_usage(face: Face) -> None:
    watched = face.watch_texts('.wegent-Task .wegent-Item[data-kind="message"]')
    states = face.watch_texts(".wegent-Task .wegent-Header .wegent-State")
    known = face.task_ids()
    face.practice("Stream an answer")
    task = face.new_task(known)
    expect(task.tab()).to_contain_text("Stream an answer")
    task.says("1 2 3")
    face.shot("newcomer-2-streaming")
    task.is_state("Done")
    growing = [text.partition("That")[0] for text in watched() if text.startswith("1 2 3")]
    assert len(growing) > 5, "the answer came at once"
    pairs = itertools.pairwise(growing)
    assert [(before, after) for before, after in pairs if not after.startswith(before.strip())] == []
    assert states()[-2:] == ["Running", "Done"]

    expect(task.messages.last.locator("strong")).to_have_text("Markdown")
    expect(task.messages.last.locator("li")).to_have_text(["one", "two, with code"])
    expect(task.messages.last.locator("code")).to_have_text("code")
    thought = task.root.locator('.wegent-Item[data-kind="thought"]')
    thought.get_by_role("button", name="Thought").click()
    expect(thought).to_contain_text("word by word")
    expect(task.turns.locator(".wegent-TurnEnd")).to_have_text(re.compile(r"Done.*\d s.*\d+ in, \d+ out"))
    face.shot("newcomer-3-streamed")


def test_every_face_and_object_of_practice_says_that_it_is_scripted(face: Face) -> None:
    task = face.send("!say one")
    task.is_state("Done")
    expect(face.side.locator(".wegent-Practice")).to_have_text(PRACTICE)
    expect(task.root.locator(".wegent-Header .wegent-Practice")).to_have_text(PRACTICE)
    expect(task.turns.locator(".wegent-Practice")).to_have_text(PRACTICE)
    expect(face.row(task.id)).to_contain_text("PRACTICE")
    record = task.record()
    assert (record["practice"], record["agent"]) == (True, "practice")
    assert [turn["practice"] for turn in record["turn_list"]] == [True]
    events = face.server.get(f"/tasks/{task.id}/events").json()["items"]
    assert {event["data"]["practice"] for event in events if event["type"] == "turn"} == {True}
    agents = face.server.get("/agents").json()["items"]
    assert [agent["id"] for agent in agents if agent["practice"]] == ["practice"]


def test_a_file_is_really_written_and_a_command_really_run_after_the_user_allowed_it(face: Face) -> None:
    known = face.task_ids()
    face.practice("Write a file and ask me first")
    task = face.new_task(known)
    task.is_state("Waiting for you")
    folder = Path(task.record()["workspace"])
    assert not (folder / "hello.txt").exists()
    for card in (task.cards.nth(0), task.cards.nth(1)):
        card.get_by_role("button", name="Allow once").click()
        expect(card.locator(".wegent-Outcome")).to_have_text("Allowed")
    task.is_state("Done")
    assert (folder / "hello.txt").read_text() == "Hello from the practice agent"
    assert folder.is_relative_to(face.server.data / "executor")
    expect(task.root.locator(".wegent-Header")).to_contain_text(str(folder))

    write, run = task.tools.nth(0), task.tools.nth(1)
    expect(write).to_contain_text("Write hello.txt")
    expect(write.locator(".wegent-Diff figcaption")).to_have_text(re.compile(r"hello\.txt.*new file.*\+1"))
    expect(write.locator('.wegent-DiffLine[data-change="added"]')).to_have_text("+ Hello from the practice agent")
    expect(run).to_contain_text("Input$ ls -la && cat hello.txt")
    expect(run.locator(".jp-RenderedText")).to_have_text(
        re.compile(r"^total .* hello\.txt\s+Hello from the practice agent$", re.DOTALL)
    )
    for card in (write, run):
        expect(card.locator(".wegent-State")).to_have_text("Done")
        expect(card.get_by_role("button", expanded=True)).to_have_text(re.compile(r"Done(\d.* s)?$"))
    face.shot("newcomer-4-file-and-command")


def test_a_follow_up_goes_on_in_the_same_conversation_and_directory(face: Face) -> None:
    task = face.send("!write note.txt from the first message")
    task.is_state("Done")
    task.reply.fill("!bash pwd; cat note.txt")
    task.reply.press("Enter")
    expect(task.turns).to_have_count(2)
    expect(task.reply).to_have_value("")
    expect(task.messages.last).to_contain_text("message 2 of this conversation")
    expect(task.tools.last).to_contain_text(f"{task.record()['workspace']}\nfrom the first message")
    task.is_state("Done")
    expect(task.root.locator(".wegent-Turn .wegent-Practice")).to_have_text([PRACTICE, PRACTICE])
    face.shot("newcomer-5-follow-up")


def test_stop_ends_the_turn_and_leaves_no_process_of_it(face: Face) -> None:
    task = face.send("!detach 300\n!bash sleep 301 & sleep 302\n!say never")
    expect(task.tools.locator(".wegent-State")).to_have_text("Running")
    attempt: int = task.record()["turn_list"][-1]["attempt_id"]
    wait_for(lambda: sum("sleep" in one.name() for one in processes_of(attempt)) >= 3, "all that sleeps has started")
    face.shot("newcomer-6-before-stop")
    task.stop.click()
    task.is_state("Stopped")
    assert processes_of(attempt) == []
    expect(task.stop).to_have_count(0)
    expect(task.root).not_to_contain_text("never said")
    expect(face.device).to_contain_text("0/5 slots in use")
    face.shot("newcomer-7-stopped")


def test_a_message_sent_while_the_answer_runs_waits_and_can_be_removed(face: Face) -> None:
    task = face.send("!slow 600 0.1")
    task.says("1 2 3")
    for text in ("!say second", "!say third"):
        task.reply.fill(text)
        task.reply.press("Enter")
        expect(task.reply).to_have_value("")
    expect(task.turns.nth(1)).to_contain_text("Queued next")
    task.turns.nth(1).get_by_role("button", name="Remove from the queue").click()
    expect(task.turns.nth(1)).not_to_contain_text("Queued")
    assert [turn["state"] for turn in task.record()["turn_list"]] == ["running", "cancelled", "queued"]
    face.shot("newcomer-8-queued-next")
    task.is_state("Running")


def test_six_tasks_fill_five_slots_and_the_sixth_waits_its_turn(face: Face) -> None:
    known = face.task_ids()
    face.practice("Fill five slots and queue a sixth")
    wait_for(lambda: len(face.task_ids() - known) == 6, "six tasks are made")
    rows = [face.rows.filter(has_text=f"Practice {number} of 6") for number in range(1, 7)]
    for row in rows[:5]:
        expect(row.locator(".wegent-State")).to_have_text("Running", timeout=LIVENESS)
    expect(rows[5]).to_contain_text("Queued")
    expect(rows[5]).to_contain_text("Next in queue")
    expect(face.device.locator(".wegent-State")).to_have_text("Busy")
    expect(face.device).to_contain_text("5/5 slots in use")
    expect(face.device).to_contain_text("1 queued")
    expect(face.page.locator(".wegent-StatusItem")).to_have_text("Wegent 5/5")
    face.shot("newcomer-9-five-run-one-waits")
    rows[2].get_by_role("button", name="Stop").click()
    expect(rows[2].locator(".wegent-State")).to_have_text("Stopped", timeout=LIVENESS)
    expect(rows[5].locator(".wegent-State")).to_have_text("Running", timeout=LIVENESS)
    expect(rows[5]).not_to_contain_text("queue")


def test_free_text_is_answered_by_a_script_that_says_so(face: Face) -> None:
    task = face.send("Which weather do we have?")
    task.says("I am a script; I did not read your message.")
    task.is_state("Done")
    face.shot("newcomer-10-free-text")


def test_a_failed_turn_says_why_in_the_tab_in_the_list_and_in_a_notification(face: Face) -> None:
    task = face.send("!error overloaded")
    task.is_state("Failed")
    problem = task.turns.get_by_role("alert")
    expect(problem).to_contain_text("Scripted error: overloaded")
    expect(face.row(task.id)).to_contain_text("Scripted error: overloaded")
    face.shot("newcomer-11-failed")
    # The tab is in sight, so no notification; when it is not, there is one.
    expect(face.page.locator(".Toastify__toast")).to_have_count(0)
    task.reply.fill("!slow 10 0.1\n!error out of sight")
    task.reply.press("Enter")
    expect(task.turns).to_have_count(2)
    face.page.get_by_role("tab", name="Launcher").click()
    expect(face.page.locator(".Toastify__toast")).to_contain_text("Scripted error: out of sight", timeout=LIVENESS)
    face.page.locator(".Toastify__toast").get_by_role("button", name="Open").click()
    expect(task.root).to_be_visible()


def test_an_executor_that_dies_fails_its_turns_says_what_to_do_and_comes_back(face: Face) -> None:
    task = face.send("!slow 600 0.1")
    task.says("1 2 3")
    psutil.Process(face.server.executor_pid()).kill()
    task.is_state("Failed")
    problem = task.turns.get_by_role("alert")
    expect(problem).to_contain_text("The executor on the device was restarted")
    expect(face.device.locator(".wegent-State")).to_have_text("Online", timeout=LIVENESS)
    expect(face.device).to_contain_text("0/5 slots in use")
    face.shot("newcomer-12-executor-died")
    task.root.get_by_role("button", name="Continue").click()
    expect(task.turns).to_have_count(2)
    task.is_state("Done")
    expect(task.root.get_by_role("button", name="Continue")).to_have_count(0)


def test_a_workspace_that_is_gone_is_refused_where_the_message_was_written(face: Face) -> None:
    folder = face.server.files / "gone"
    folder.mkdir()
    face.execute("filebrowser:go-to-path", path="gone", dontShowBrowser=True)
    workspace = face.side.get_by_label("Workspace")
    expect(workspace.locator("option").first).to_have_text(re.compile("gone$"))
    # The file browser has not noticed yet.
    contents = face.page.request.get(f"{face.server.url}api/contents/gone?content=1").json()
    face.page.route(re.compile("/api/contents/gone"), lambda route: route.fulfill(json=contents))
    folder.rmdir()
    known = face.task_ids()
    face.composer.fill("!say hello")
    workspace.select_option(index=0)
    face.side.get_by_role("button", name="Send").click()
    expect(face.side.get_by_role("alert")).to_contain_text("does not exist")
    expect(face.composer).to_have_value("!say hello")
    assert face.task_ids() == known
    face.shot("newcomer-13-workspace-gone")
    # What the browser itself logs of the refused request.
    face.errors[:] = [error for error in face.errors if "status of 400" not in error]
    face.execute("filebrowser:go-to-path", path="", dontShowBrowser=True)
    expect(workspace.locator("option").first).not_to_have_text(re.compile("gone$"))
    face.page.unroute(re.compile("/api/contents/gone"))
    face.composer.fill("")


def test_the_page_talked_to_this_machine_only(face: Face) -> None:
    assert face.hosts == {HOST}
