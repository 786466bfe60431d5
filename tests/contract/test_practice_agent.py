"""The practice agent over its protocol, as the executor runs it: the real process, under the guard."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from acp import PROTOCOL_VERSION, RequestError, text_block
from acp.client import ClientSideConnection
from acp.interfaces import Client
from acp.schema import (
    AllowedOutcome,
    DeniedOutcome,
    PermissionOption,
    PromptResponse,
    RequestPermissionResponse,
    ToolCallUpdate,
)

from wegent_jupyter.executor.processes import GuardedProcess, end_marked, marked, spawn

if os.name != "posix":
    pytest.skip("runs the agent under the guard", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
Json = dict[str, Any]


class Person:
    """A client that answers every question in the same way, or leaves it open."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[tuple[ToolCallUpdate, list[PermissionOption]]] = []
        self.question = asyncio.Event()

    async def request_permission(
        self, session_id: str, tool_call: ToolCallUpdate, options: list[PermissionOption], **_: Any
    ) -> RequestPermissionResponse:
        self.asked.append((tool_call, options))
        self.question.set()
        if self.answer == "silence":
            await asyncio.Event().wait()
        if self.answer == "error":
            raise RequestError.internal_error({"details": "no face is open"})
        if self.answer == "cancelled":
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=self.answer))

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        """Do nothing: the observer has seen it, and in order."""


@dataclass
class Chat:
    """One running agent with a session, and all that it sent."""

    process: GuardedProcess
    connection: ClientSideConnection
    person: Person
    updates: list[Json]
    session_id: str = ""
    modes: Json = field(default_factory=dict)
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, text: str) -> PromptResponse:
        """Send a message; what the answer brought is in `updates`."""
        self.updates.clear()
        return await self.connection.prompt(session_id=self.session_id, prompt=[text_block(text)])

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for updates that meet a condition."""
        while not condition():
            self.seen.clear()
            await self.seen.wait()

    def text(self, kind: str = "agent_message_chunk") -> str:
        return "".join(update["content"]["text"] for update in self.chunks(kind))

    def chunks(self, kind: str = "agent_message_chunk") -> list[Json]:
        return [update for update in self.updates if update["sessionUpdate"] == kind]

    def cards(self) -> list[Json]:
        """Return the tool calls as a client shows them: later fields replace earlier ones."""
        cards: dict[str, Json] = {}
        for update in self.updates:
            if update["sessionUpdate"].startswith("tool_call"):
                cards.setdefault(update["toolCallId"], {}).update(update)
        return list(cards.values())

    def card(self) -> Json:
        (card,) = self.cards()
        return card


@pytest.fixture
def marker() -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex}"
    yield name
    end_marked({name})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the directory in which sessions work."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


Story = Callable[[Chat], Coroutine[Any, Any, None]]
Run = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path, folder: Path, marker: str) -> Run:
    """Run a story with an agent of its own; `load` goes on with an earlier session instead of a new one."""

    async def begin(story: Story, answer: str, load: str | None) -> None:
        home = {"WEGENT_PRACTICE_HOME": str(tmp_path / "practice"), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
        argv = [sys.executable, "-m", "wegent_jupyter.practice"]
        async with await spawn(argv, cwd=tmp_path, env=os.environ | home, marker=marker) as process:
            chat = connected(process, Person(answer))
            await chat.connection.initialize(protocol_version=PROTOCOL_VERSION)
            await opened(chat, str(folder), load)
            await story(chat)
            await chat.connection.close()

    def run_story(story: Story, answer: str = "allow_once", load: str | None = None) -> None:
        asyncio.run(begin(story, answer, load))

    return run_story


def connected(process: GuardedProcess, person: Person) -> Chat:
    """Connect to an agent with an observer, the one way that sees updates in the order in which they were sent."""

    def observe(event: Any) -> None:
        if event.message.get("method") == "session/update":
            chat.updates.append(event.message["params"]["update"])
            chat.seen.set()

    connection = ClientSideConnection(cast(Client, person), process.stdin, process.stdout, observers=[observe])
    chat = Chat(process, connection, person, [])
    return chat


async def opened(chat: Chat, cwd: str, load: str | None) -> None:
    if load is None:
        session = await chat.connection.new_session(cwd=cwd, mcp_servers=[])
        chat.session_id, modes = session.session_id, session.modes
    else:
        loaded = await chat.connection.load_session(cwd=cwd, session_id=load, mcp_servers=[])
        chat.session_id, modes = load, loaded.modes
    assert modes is not None
    chat.modes = modes.model_dump()


def test_it_says_that_it_is_a_script_wherever_it_introduces_itself(tmp_path: Path, run: Run) -> None:
    async def story(chat: Chat) -> None:
        hello = await chat.connection.initialize(protocol_version=PROTOCOL_VERSION)
        assert hello.protocol_version == PROTOCOL_VERSION
        assert hello.agent_info is not None
        assert hello.agent_capabilities is not None
        assert "practice" in hello.agent_info.name
        assert hello.agent_info.title == "Practice agent (scripted, not AI)"
        assert hello.agent_capabilities.load_session is True
        assert hello.field_meta == {"scripted": True}

    run(story)


@pytest.mark.parametrize("prompt", ["!say a", "!slow 1 0", "!flood 1", "!tool x {}", "!think hm"])
def test_every_answer_says_that_it_is_scripted(run: Run, prompt: str) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask(prompt)
        assert chat.text().startswith("Practice: a scripted answer, not AI.")
        await chat.ask(prompt)
        assert chat.text().startswith("Practice: a scripted answer, not AI. (message 2 of this conversation)")

    run(story)


def test_free_text_is_not_pretended_to_be_understood(run: Run) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("Please fix my code!")
        assert response.stop_reason == "end_turn"
        assert chat.text().startswith("I am a script; I did not read your message.\n\n")
        assert "\n- `!bash CMD`" in chat.text()
        await chat.ask("Really?")
        assert chat.text().startswith("I am a script; I did not read your message. (message 2 of this conversation)")

    run(story)


def test_text_and_thoughts_are_streamed_in_words(run: Run) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!say one two  three\n!think let me see\n!say four")
        assert chat.text().endswith("not AI.\n\none two  three\n\nfour")
        assert [chunk["content"]["text"] for chunk in chat.chunks()][-4:] == ["\n\none ", "two  ", "three", "\n\nfour"]
        assert chat.text("agent_thought_chunk") == "let me see"
        assert len(chat.chunks("agent_thought_chunk")) == 3

    run(story)


def test_chunks_arrive_complete_and_in_order(run: Run) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!slow 3000 0")
        assert response.stop_reason == "end_turn"
        assert [int(chunk["content"]["text"]) for chunk in chat.chunks()[-3000:]] == list(range(1, 3001))

    run(story)


def test_a_flood_has_the_size_that_was_asked_for(run: Run) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!flood 1000000")
        sizes = [len(chunk["content"]["text"]) for chunk in chat.chunks()][-62:]
        assert (sum(sizes), max(sizes)) == (1_000_000, 16 << 10)

    run(story)


def test_words_are_counted_as_usage_and_labelled(run: Run) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!say one two\n!think three")
        assert response.usage is not None
        counted = len(f"{chat.text()} {chat.text('agent_thought_chunk')}".split())
        assert (response.usage.input_tokens, response.usage.output_tokens) == (5, counted)
        assert response.usage.total_tokens == 5 + counted
        assert response.usage.field_meta == {"scripted": True, "unit": "words"}

    run(story)


def test_a_wrong_step_refuses_the_turn_before_anything_is_done(run: Run, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!write a.txt x\n!say hi\n!dance")
        assert response.stop_reason == "refusal"
        assert "Nothing was done" in chat.text()
        assert "line 3, `!dance`: there is no step `!dance`" in chat.text()
        assert chat.cards() == []
        assert chat.person.asked == []

    run(story)
    assert list(folder.iterdir()) == []


def test_an_error_fails_the_turn_and_the_next_one_works(run: Run) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(RequestError, match="Scripted error: 529 overloaded") as raised:
            await chat.ask("!say before\n!error 529 overloaded\n!say after")
        assert raised.value.data == {"scripted": True, "status": "529 overloaded"}
        assert chat.text().endswith("before")
        assert (await chat.ask("!say again")).stop_reason == "end_turn"

    run(story)


def test_a_tool_card_shows_its_input_and_does_nothing(run: Run, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask('!tool WebSearch {"query": "x", "limit": 2}')
        card = chat.card()
        assert (card["title"], card["kind"], card["status"]) == ("WebSearch", "other", "completed")
        assert card["rawInput"] == {"query": "x", "limit": 2}
        assert "nothing was done" in card["content"][0]["content"]["text"]
        assert chat.person.asked == []

    run(story)


def test_a_command_asks_first_and_shows_output_and_exit_code(run: Run, folder: Path) -> None:
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


def test_output_is_shown_while_the_command_runs(run: Run, folder: Path) -> None:
    os.mkfifo(folder / "gate")

    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!bash echo first; cat gate"))
        await chat.until(lambda: any("first" in json.dumps(update) for update in chat.updates if "content" in update))
        await asyncio.to_thread((folder / "gate").write_text, "second\n")
        await turn
        assert chat.card()["rawOutput"] == {"exit_code": 0, "output": "first\nsecond\n"}

    run(story)


def test_long_output_is_cut_and_says_so(run: Run) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!bash head -c 400000 /dev/zero | tr '\\0' x")
        text = chat.card()["content"][0]["content"]["text"]
        assert text == "x" * (256 << 10) + f"\n[output truncated: {400_000 - (256 << 10)} more bytes]"
        assert chat.card()["status"] == "completed"

    run(story)


def test_a_command_in_the_background_does_not_hold_the_turn(run: Run) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!bash sleep 300 & echo started")
        assert chat.card()["rawOutput"] == {"exit_code": 0, "output": "started\n"}

    run(story)


def test_a_file_is_written_as_its_diff_said(run: Run, folder: Path) -> None:
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
def test_nothing_is_written_outside_the_session(run: Run, folder: Path, tmp_path: Path, path: str) -> None:
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


def test_what_is_not_a_small_text_file_is_left_alone(run: Run, folder: Path) -> None:
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
def test_what_is_declined_is_not_done_and_the_script_goes_on(run: Run, folder: Path, answer: str, reason: str) -> None:
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


def test_a_question_answered_with_cancelled_ends_the_turn(run: Run, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!write a.txt x\n!say next")
        assert response.stop_reason == "cancelled"
        assert chat.card()["status"] == "failed"
        assert not chat.text().endswith("next")

    run(story, "cancelled")
    assert list(folder.iterdir()) == []


def test_what_is_allowed_for_good_is_not_asked_again_but_other_kinds_are(run: Run, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!write a x\n!write b x\n!bash true")
        await chat.ask("!write c x\n!bash true")
        assert [asked.kind for asked, _ in chat.person.asked] == ["edit", "execute"]

    run(story, "allow_always")
    assert {path.name for path in folder.iterdir()} == {"a", "b", "c"}


def test_a_cancel_ends_the_turn_and_what_it_runs(run: Run, marker: str) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!bash trap '' INT TERM; echo up; sleep 300 & sleep 300\n!say next"))
        await chat.until(lambda: any(card["status"] == "in_progress" and card.get("content") for card in chat.cards()))
        running = [process for process in marked({marker}) if process.name() in ("bash", "sleep")]
        assert len(running) == 3
        await chat.connection.cancel(session_id=chat.session_id)
        assert (await turn).stop_reason == "cancelled"
        assert chat.card()["status"] == "failed"
        assert "next" not in chat.text()
        assert (await asyncio.to_thread(psutil.wait_procs, running, timeout=10))[1] == []
        assert (await chat.ask("!say on")).stop_reason == "end_turn"

    run(story)


@pytest.mark.parametrize("script", ["!slow 10000 60", "!write a.txt x", "!bash sleep 300"])
def test_a_cancel_is_answered_whatever_the_turn_does(run: Run, script: str) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask(script))
        await chat.until(lambda: len(chat.chunks()) > 6 or bool(chat.person.asked) or bool(chat.cards()))
        await chat.connection.cancel(session_id=chat.session_id)
        assert (await turn).stop_reason == "cancelled"

    run(story, "silence")


def test_a_cancel_without_a_turn_changes_nothing(run: Run) -> None:
    async def story(chat: Chat) -> None:
        await chat.connection.cancel(session_id=chat.session_id)
        await chat.connection.cancel(session_id="unknown")
        assert (await chat.ask("!say on")).stop_reason == "end_turn"

    run(story)


def test_one_turn_at_a_time(run: Run) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!slow 10000 60"))
        await chat.until(lambda: bool(chat.chunks()))
        with pytest.raises(RequestError, match="Invalid request"):
            await chat.connection.prompt(session_id=chat.session_id, prompt=[text_block("!say x")])
        await chat.connection.cancel(session_id=chat.session_id)
        await turn

    run(story)


def test_sessions_of_one_agent_run_beside_each_other(run: Run, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        first = asyncio.create_task(chat.ask("!slow 10000 60"))
        await chat.until(lambda: bool(chat.chunks()))
        other = await chat.connection.new_session(cwd=str(folder), mcp_servers=[])
        answer = await chat.connection.prompt(session_id=other.session_id, prompt=[text_block("!say x")])
        assert answer.stop_reason == "end_turn"
        await chat.connection.cancel(session_id=chat.session_id)
        assert (await first).stop_reason == "cancelled"

    run(story)


def test_a_loaded_session_goes_on_where_it_was(run: Run, tmp_path: Path, folder: Path) -> None:
    session_ids = []

    async def first(chat: Chat) -> None:
        session_ids.append(chat.session_id)
        await chat.ask("!say one")
        await chat.ask("!say two")
        await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="plan")

    async def second(chat: Chat) -> None:
        assert chat.updates == []  # nothing is replayed
        assert chat.modes["current_mode_id"] == "plan"
        await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="full")
        await chat.ask("!bash pwd")
        assert "(message 3 of this conversation)" in chat.text()
        assert chat.card()["rawOutput"]["output"] == f"{folder}\n"

    run(first)
    (kept,) = (tmp_path / "practice").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    run(second, load=session_ids[0])


@pytest.mark.parametrize("session_id", ["0" * 32, "../practice", ""])
def test_an_unknown_session_is_an_error(run: Run, folder: Path, session_id: str) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(RequestError, match="not found"):
            await chat.connection.load_session(cwd=str(folder), session_id=session_id, mcp_servers=[])
        with pytest.raises(RequestError, match="not found"):
            await chat.connection.prompt(session_id=session_id, prompt=[text_block("!say x")])

    run(story)


@pytest.mark.parametrize("cwd", ["work", "/no/such/directory", ""])
def test_a_session_needs_a_directory(run: Run, cwd: str) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(RequestError, match="Invalid params"):
            await chat.connection.new_session(cwd=cwd, mcp_servers=[])

    run(story)


def test_modes_are_offered_kept_and_checked(run: Run) -> None:
    async def story(chat: Chat) -> None:
        assert [mode["id"] for mode in chat.modes["available_modes"]] == ["ask", "edits", "plan", "full"]
        assert chat.modes["current_mode_id"] == "ask"
        with pytest.raises(RequestError, match="Invalid params"):
            await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="bypass")

    run(story)


def test_plan_mode_only_says_what_would_be_done(run: Run, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="plan")
        await chat.ask("!write a.txt x\n!bash touch b.txt")
        assert "would do: write `a.txt`" in chat.text()
        assert "would do: run `touch b.txt`" in chat.text()
        assert (chat.cards(), chat.person.asked) == ([], [])

    run(story)
    assert list(folder.iterdir()) == []


def test_a_hanging_agent_ignores_cancel_and_dies_with_its_guard(run: Run, marker: str) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!say up\n!hang"))
        await chat.until(lambda: chat.text().endswith("up"))
        await chat.connection.cancel(session_id=chat.session_id)
        await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="ask")  # it was read after cancel
        assert not turn.done()
        await chat.process.end()
        with pytest.raises(ConnectionError):
            await turn
        assert marked({marker}) == []

    run(story)


@pytest.mark.parametrize(("script", "status"), [("!garbage", 0), ("!exit 7", 7), ("!exit 0", 0)])
def test_an_agent_that_breaks_off_is_seen_as_such(run: Run, script: str, status: int) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(ConnectionError):
            await chat.ask(f"!say up\n{script}")
        assert chat.text().endswith("up")
        assert await chat.process.wait() == status

    run(story)


def test_a_detached_process_ends_with_the_tree_and_on_request(run: Run, marker: str) -> None:
    async def story(chat: Chat) -> None:
        assert (await chat.ask("!detach 300")).stop_reason == "end_turn"
        (sleeper,) = [process for process in marked({marker}) if process.name() == "sleep"]
        assert os.getsid(sleeper.pid) != os.getsid(chat.process.pid)
        chat.process.reap_orphans()
        await asyncio.to_thread(sleeper.wait, 10)
        assert (await chat.ask("!detach 300")).stop_reason == "end_turn"
        await chat.process.end()
        assert marked({marker}) == []

    run(story)


@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "SIGINT"])
def test_it_ends_with_its_client_and_takes_its_command_along(run: Run, marker: str, how: str) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!bash sleep 300"))
        await chat.until(lambda: any(card["status"] == "in_progress" for card in chat.cards()))
        if how == "end of input":
            chat.process.stdin.close()
        else:
            os.kill(chat.process.pid, getattr(signal, how))  # the guard passes it on
        assert await chat.process.wait() == 0
        assert chat.process.stderr_tail == ""
        with pytest.raises(ConnectionError):
            await turn

    run(story)
