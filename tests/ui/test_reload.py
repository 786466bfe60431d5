"""What a page shows after reloads, lost connections and beside another page: always the same, and all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.face import LIVENESS, Face, Task
from tests.support.server import JupyterServer, wait_for
from wegent_jupyter.protocol.api import Event
from wegent_jupyter.protocol.transcript import Item, Transcript

pytestmark = pytest.mark.ui

Open = Callable[..., Face]

COUNT = 40
STORY = f"""!think Thoughts before the numbers, 😀 and 𝒜
!slow {COUNT} 0.1
!bash line=0; until [ -e go ]; do echo line $((line += 1)); sleep 0.1; done
!write story.txt once upon a time
!say The end, 😀"""
"""It streams until somebody makes the file `go` in its folder, so that no test races with it."""
NUMBERS = " ".join(str(number) for number in range(1, COUNT + 1))


def test_a_reload_in_mid_stream_and_a_second_page_show_the_identical_transcript(open_face: Open) -> None:
    first = open_face()
    task = first.send(STORY)
    task.says("1 2 3")
    second = open_face()
    beside = second.open(task.id)
    remembered(first, task)
    first.reload()
    expect(task.root).to_be_visible()  # the layout was restored
    expect(task.state).to_have_text("Running")
    first.shot("reload-1-restored-in-mid-stream")
    for one in (task, beside):
        expect(one.tools.first).to_contain_text("line 2")
    let_go(task)
    for one in (task, beside):
        one.is_state("Done")
    shown = task.transcript()
    assert beside.transcript() == shown
    assert_told(shown, task)
    first.shot("reload-2-complete")

    first.reload()  # now the history comes compacted
    expect(task.items).to_have_count(len(shown))
    assert task.transcript() == shown


def test_a_restarted_server_is_found_again_and_nothing_is_lost_or_doubled(open_face: Open, lab: JupyterServer) -> None:
    face = open_face()
    with face.outage():
        task = face.send(STORY)
        task.says("1 2 3")
        lab.kill()
        expect(task.root).to_contain_text("Reconnecting")
        expect(face.side).to_contain_text("Reconnecting")
        face.shot("reload-3-server-away")
        lab.start()
        expect(task.root).not_to_contain_text("Reconnecting", timeout=LIVENESS)
        expect(task.state).to_have_text("Running")
        let_go(task)
        task.is_state("Done")
        expect(face.side).not_to_contain_text("Reconnecting")
        expect(face.device.locator(".wegent-State")).to_have_text("Online")
        dismiss_dialogs(face)
        assert_told(task.transcript(), task)
    face.shot("reload-4-server-back")
    # The page goes on as before.
    task.reply.fill("!say after the restart")
    task.reply.press("Enter")
    task.says("after the restart")


def test_closing_the_tab_does_not_stop_the_task(open_face: Open) -> None:
    face = open_face()
    task = face.send(STORY)
    task.says("1 2 3")
    task.tab().locator(".lm-TabBar-tabCloseIcon").click()
    expect(task.root).to_have_count(0)
    assert task.record()["state"] == "running"
    again = face.open(task.id)
    expect(again.tools.first).to_contain_text("line 2")
    let_go(again)
    again.is_state("Done")
    assert_told(again.transcript(), again)


def let_go(task: Task) -> None:
    """Let the story come to its end."""
    (Path(task.record()["workspace"]) / "go").touch()


def remembered(face: Face, task: Task) -> None:
    """Wait until JupyterLab has stored a layout with the task's tab."""
    wait_for(lambda: f"wegent-task:{task.id}" in str(face.layout()["main"]), "the layout is stored")


def dismiss_dialogs(face: Face) -> None:
    """Close what JupyterLab itself says about a server that was away."""
    dialogs = face.page.locator(".jp-Dialog")
    while dialogs.count():
        dialogs.first.get_by_role("button").last.click()


def assert_told(shown: list[tuple[str, str]], task: Task) -> None:
    """Compare what a page shows with the history that REST tells, and with what the script does."""
    history = Transcript()
    for event in task.face.server.get(f"/tasks/{task.id}/events").json()["items"]:
        history.apply(Event.model_validate(event))
    [turn] = history.turns.values()
    items = history.items(turn)
    assert [kind for kind, _ in shown] == [item["kind"] for item in items]
    for (kind, text), item in zip(shown, items, strict=True):
        if kind == "changes":  # what is in the files is not in the history
            assert all(one["path"] in text for one in item["files"]), text
        else:
            assert words(text) == words(as_shown(kind, item))
    told = history.text(turn)
    assert (told.count(NUMBERS), told.count("The end, 😀")) == (1, 1)
    output = next(item["output"] for item in items if item["kind"] == "tool")
    assert output == "".join(f"line {number}\n" for number in range(1, output.count("\n") + 1))


def as_shown(kind: str, item: Item) -> str:
    """Return what the page has to say about an item; the scripts here use no Markdown."""
    if kind == "thought":
        return f"Thought {item['text']}"
    if kind == "message":
        return str(item["text"])
    diffs = "".join(f"{diff['path'].rsplit('/')[-1]} new file +1 −0 + {diff['new']}" for diff in item["diffs"])
    given = diffs or f"Input $ {item['input']['command']}"
    output = f"Output {item['output']}" if item["output"] else ""
    return f"{item['title']} Done {duration(item['seconds'])} {given} {output}"


def duration(seconds: float) -> str:
    """Write it as the page does; a busy machine takes its time."""
    if seconds >= 60:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
    if seconds >= 10:
        return f"{int(seconds + 0.5)} s"
    return f"{seconds:.1f} s" if seconds >= 0.1 else ""


def words(text: str) -> str:
    """Leave out the space between words, which is the layout's."""
    return "".join(text.split())
