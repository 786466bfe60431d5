"""Commands and files of the practice agent: asked for, shown as they happen, kept inside the session."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.practice import Agents, Chat
from wegent_jupyter.executor.processes import end_marked

if os.name != "posix":
    pytest.skip("runs the agent under the guard", allow_module_level=True)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Agents]:
    """Run stories with the practice agent; what a failed one leaves is killed."""
    agents = Agents(tmp_path, f"test-{uuid.uuid4().hex}")
    yield agents
    end_marked({agents.marker})


@pytest.fixture
def folder(run: Agents) -> Path:
    """Return the directory in which sessions work, made."""
    run.folder.mkdir()
    return run.folder


def test_a_tool_card_shows_its_input_and_does_nothing(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask('!tool WebSearch {"query": "x", "limit": 2}')
        card = chat.card()
        assert (card["title"], card["kind"], card["status"]) == ("WebSearch", "other", "completed")
        assert card["rawInput"] == {"query": "x", "limit": 2}
        assert "nothing was done" in card["content"][0]["content"]["text"]
        assert chat.person.asked == []

    run(story)


def test_a_command_asks_first_and_shows_output_and_exit_code(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!bash pwd; echo é >&2; exit 3")
        card = chat.card()
        output = f"{folder}\né\n"
        assert (card["title"], card["kind"], card["status"]) == ("pwd; echo é >&2; exit 3", "execute", "failed")
        assert card["rawInput"] == {"command": "pwd; echo é >&2; exit 3"}
        assert card["rawOutput"] == {"exit_code": 3, "output": output}
        assert card["content"][0]["content"]["text"] == output
        assert [update.get("status") for update in chat.updates if "toolCallId" in update][:2] == [
            "pending",
            "in_progress",
        ]
        ((asked, options),) = chat.person.asked
        assert asked.tool_call_id == card["toolCallId"]
        assert asked.raw_input == card["rawInput"]
        assert [option.kind for option in options] == ["allow_once", "allow_always", "reject_once"]

    run(story)


def test_output_is_shown_while_the_command_runs(run: Agents, folder: Path) -> None:
    os.mkfifo(folder / "gate")

    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!bash echo first; cat gate"))
        await chat.until(lambda: any("first" in json.dumps(update) for update in chat.updates if "content" in update))
        await asyncio.to_thread((folder / "gate").write_text, "second\n")
        await turn
        assert chat.card()["rawOutput"] == {"exit_code": 0, "output": "first\nsecond\n"}

    run(story)


def test_long_output_is_cut_and_says_so(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!bash head -c 400000 /dev/zero | tr '\\0' x")
        text = chat.card()["content"][0]["content"]["text"]
        assert text == "x" * (256 << 10) + f"\n[output truncated: {400_000 - (256 << 10)} more bytes]"
        assert chat.card()["status"] == "completed"

    run(story)


def test_a_command_in_the_background_does_not_hold_the_turn(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!bash sleep 300 & echo started")
        assert chat.card()["rawOutput"] == {"exit_code": 0, "output": "started\n"}

    run(story)


def test_a_file_is_written_as_its_diff_said(run: Agents, folder: Path) -> None:
    (folder / "old.txt").write_text("before\n")

    async def story(chat: Chat) -> None:
        await chat.ask("!write sub/new.txt one\\ntwo\\n\n!write old.txt after")
        new, old = chat.cards()
        assert (new["kind"], new["status"], new["title"]) == ("edit", "completed", "Write sub/new.txt")
        assert new["locations"] == [{"path": str(folder / "sub" / "new.txt")}]
        assert new["content"] == [
            {"type": "diff", "path": str(folder / "sub" / "new.txt"), "newText": "one\ntwo\n"},
        ]
        assert (old["content"][0]["oldText"], old["content"][0]["newText"]) == ("before\n", "after")
        asked = chat.person.asked[1][0].model_dump(by_alias=True)
        assert asked["content"][0]["oldText"] == "before\n"

    run(story)
    assert (folder / "sub" / "new.txt").read_text() == "one\ntwo\n"
    assert (folder / "old.txt").read_text() == "after"


@pytest.mark.parametrize("path", ["../out.txt", "/etc/out.txt", "link/out.txt", "file-link", ".", "sub/../.."])
def test_nothing_is_written_outside_the_session(run: Agents, folder: Path, tmp_path: Path, path: str) -> None:
    (folder / "link").symlink_to(tmp_path)
    (folder / "file-link").symlink_to(tmp_path / "out.txt")

    async def story(chat: Chat) -> None:
        response = await chat.ask(f"!write {path} x\n!say next")
        assert response.stop_reason == "end_turn"
        assert chat.card()["status"] == "failed"
        assert "is outside the working directory" in chat.card()["content"][0]["content"]["text"]
        assert chat.person.asked == []
        assert chat.text().endswith("next")

    run(story)
    assert not (tmp_path / "out.txt").exists()


def test_what_is_not_a_small_text_file_is_left_alone(run: Agents, folder: Path) -> None:
    (folder / "folder").mkdir()
    (folder / "binary").write_bytes(b"\xff\xfe")
    os.mkfifo(folder / "fifo")

    async def story(chat: Chat) -> None:
        await chat.ask("!write folder x\n!write binary x\n!write fifo x\n!write folder/a\0b x")
        assert [card["status"] for card in chat.cards()] == ["failed"] * 4
        assert chat.person.asked == []

    run(story)
    assert (folder / "binary").read_bytes() == b"\xff\xfe"


@pytest.mark.parametrize(
    ("answer", "reason"), [("reject_once", "you did not"), ("x", "you did not"), ("error", "could")]
)
def test_what_is_declined_is_not_done_and_the_script_goes_on(
    run: Agents, folder: Path, answer: str, reason: str
) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!write a.txt x\n!bash touch b.txt\n!say next")
        assert response.stop_reason == "end_turn"
        for card in chat.cards():
            assert card["status"] == "failed"
            assert card["content"][0]["content"]["text"].startswith("declined: ")
            assert reason in card["content"][0]["content"]["text"]
        assert len(chat.cards()) == 2
        assert chat.text().endswith("next")

    run(story, answer)
    assert list(folder.iterdir()) == []


def test_a_question_answered_with_cancelled_ends_the_turn(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!write a.txt x\n!say next")
        assert response.stop_reason == "cancelled"
        assert chat.card()["status"] == "failed"
        assert not chat.text().endswith("next")

    run(story, "cancelled")
    assert list(folder.iterdir()) == []


def test_each_call_is_asked_for_whatever_was_allowed_before(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!write a x\n!write b x\n!bash true")
        assert [asked.kind for asked, _ in chat.person.asked] == ["edit", "edit", "execute"]

    run(story, "allow_always")
    assert {path.name for path in folder.iterdir()} == {"a", "b"}


def test_the_reason_of_a_denial_is_shown(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        chat.person.reason = "Not on a Monday."
        await chat.ask("!write a.txt x")
        assert chat.card()["content"][0]["content"]["text"] == "declined: Not on a Monday."

    run(story, "reject_once")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "reason", "status", "said"),
    [
        ("allow_once", None, "completed", "You allowed it."),
        ("reject_once", None, "failed", "You did not allow it."),
        ("reject_once", "Too dear.", "failed", "You did not allow it: Too dear."),
    ],
)
def test_leave_is_asked_for_and_the_answer_said(
    run: Agents, answer: str, reason: str | None, status: str, said: str
) -> None:
    async def story(chat: Chat) -> None:
        chat.person.reason = reason
        await chat.ask("!ask May I spend money?\n!say next")
        card = chat.card()
        assert (card["title"], card["kind"], card["status"]) == ("May I spend money?", "other", status)
        assert chat.text().endswith(f"{said}\n\nnext")
        ((_, options),) = chat.person.asked
        assert [option.kind for option in options] == ["allow_once", "allow_always", "reject_once"]

    run(story, answer)


@pytest.mark.parametrize(
    ("answer", "said"), [("0", "You chose Left."), ("1", "You chose Right."), ("reject_once", "You did not allow it.")]
)
def test_a_question_offers_its_choices_and_the_answer_is_said(run: Agents, answer: str, said: str) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!ask Which way? | Left | Right\n!say next")
        assert chat.card()["title"] == "Which way?"
        assert chat.text().endswith(f"{said}\n\nnext")
        ((_, options),) = chat.person.asked
        assert [(option.name, option.kind) for option in options] == [
            ("Left", "allow_once"),
            ("Right", "allow_once"),
            ("Deny", "reject_once"),
        ]

    run(story, answer)
