"""The practice agent over its protocol, as the executor runs it: the real process, under the guard."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from acp import PROTOCOL_VERSION, RequestError, text_block

from tests.support.practice import Agents, Chat
from wegent_jupyter.executor.processes import end_marked, marked

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


def test_it_says_that_it_is_a_script_wherever_it_introduces_itself(tmp_path: Path, run: Agents) -> None:
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
def test_every_answer_says_that_it_is_scripted(run: Agents, prompt: str) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask(prompt)
        assert chat.text().startswith("Practice: a scripted answer, not AI.")
        await chat.ask(prompt)
        assert chat.text().startswith("Practice: a scripted answer, not AI. (message 2 of this conversation)")

    run(story)


def test_free_text_is_not_pretended_to_be_understood(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("Please fix my code!")
        assert response.stop_reason == "end_turn"
        assert chat.text().startswith("I am a script; I did not read your message.\n\n")
        assert "\n- `!bash CMD`" in chat.text()
        await chat.ask("Really?")
        assert chat.text().startswith("I am a script; I did not read your message. (message 2 of this conversation)")

    run(story)


def test_text_and_thoughts_are_streamed_in_words(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!say one two  three\n!think let me see\n!say four")
        assert chat.text().endswith("not AI.\n\none two  three\n\nfour")
        assert [chunk["content"]["text"] for chunk in chat.chunks()][-4:] == ["\n\none ", "two  ", "three", "\n\nfour"]
        assert chat.text("agent_thought_chunk") == "let me see"
        assert len(chat.chunks("agent_thought_chunk")) == 3

    run(story)


def test_chunks_arrive_complete_and_in_order(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!slow 3000 0")
        assert response.stop_reason == "end_turn"
        assert [int(chunk["content"]["text"]) for chunk in chat.chunks()[-3000:]] == list(range(1, 3001))

    run(story)


def test_a_flood_has_the_size_that_was_asked_for(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        await chat.ask("!flood 1000000")
        sizes = [len(chunk["content"]["text"]) for chunk in chat.chunks()][-62:]
        assert (sum(sizes), max(sizes)) == (1_000_000, 16 << 10)

    run(story)


def test_words_are_counted_as_usage_and_labelled(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!say one two\n!think three")
        assert response.usage is not None
        counted = len(f"{chat.text()} {chat.text('agent_thought_chunk')}".split())
        assert (response.usage.input_tokens, response.usage.output_tokens) == (5, counted)
        assert response.usage.total_tokens == 5 + counted
        assert response.usage.field_meta == {"scripted": True, "unit": "words"}

    run(story)


def test_a_wrong_step_refuses_the_turn_before_anything_is_done(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        response = await chat.ask("!write a.txt x\n!say hi\n!dance")
        assert response.stop_reason == "refusal"
        assert "Nothing was done" in chat.text()
        assert "line 3, `!dance`: there is no step `!dance`" in chat.text()
        assert chat.cards() == []
        assert chat.person.asked == []

    run(story)
    assert list(folder.iterdir()) == []


def test_an_error_fails_the_turn_and_the_next_one_works(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(RequestError, match="Scripted error: 529 overloaded") as raised:
            await chat.ask("!say before\n!error 529 overloaded\n!say after")
        assert raised.value.data == {"scripted": True, "status": "529 overloaded"}
        assert chat.text().endswith("before")
        assert (await chat.ask("!say again")).stop_reason == "end_turn"

    run(story)


def test_a_cancel_ends_the_turn_and_what_it_runs(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!bash trap '' INT TERM; sleep 300 & sleep 300 & echo up; wait\n!say next"))
        await chat.until(lambda: any(card["status"] == "in_progress" and card.get("content") for card in chat.cards()))
        running = [process for process in marked({run.marker}) if process.name() in ("bash", "sleep")]
        assert len(running) == 3
        await chat.connection.cancel(session_id=chat.session_id)
        assert (await turn).stop_reason == "cancelled"
        assert chat.card()["status"] == "failed"
        assert "next" not in chat.text()
        assert (await asyncio.to_thread(psutil.wait_procs, running, timeout=10))[1] == []
        assert (await chat.ask("!say on")).stop_reason == "end_turn"

    run(story)


@pytest.mark.parametrize("script", ["!slow 10000 60", "!write a.txt x", "!bash sleep 300"])
def test_a_cancel_is_answered_whatever_the_turn_does(run: Agents, script: str) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask(script))
        await chat.until(lambda: len(chat.chunks()) > 6 or bool(chat.person.asked) or bool(chat.cards()))
        await chat.connection.cancel(session_id=chat.session_id)
        assert (await turn).stop_reason == "cancelled"

    run(story, "silence")


def test_a_cancel_without_a_turn_changes_nothing(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        await chat.connection.cancel(session_id=chat.session_id)
        await chat.connection.cancel(session_id="unknown")
        assert (await chat.ask("!say on")).stop_reason == "end_turn"

    run(story)


def test_one_turn_at_a_time(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!slow 10000 60"))
        await chat.until(lambda: bool(chat.chunks()))
        with pytest.raises(RequestError, match="Invalid request"):
            await chat.connection.prompt(session_id=chat.session_id, prompt=[text_block("!say x")])
        await chat.connection.cancel(session_id=chat.session_id)
        await turn

    run(story)


def test_sessions_of_one_agent_run_beside_each_other(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        first = asyncio.create_task(chat.ask("!slow 10000 60"))
        await chat.until(lambda: bool(chat.chunks()))
        other = await chat.connection.new_session(cwd=str(folder), mcp_servers=[])
        answer = await chat.connection.prompt(session_id=other.session_id, prompt=[text_block("!say x")])
        assert answer.stop_reason == "end_turn"
        await chat.connection.cancel(session_id=chat.session_id)
        assert (await first).stop_reason == "cancelled"

    run(story)


def test_a_loaded_session_goes_on_where_it_was(run: Agents, tmp_path: Path, folder: Path) -> None:
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
        await chat.connection.load_session(cwd="/no/such/directory", session_id=chat.session_id, mcp_servers=[])
        await chat.ask("!bash pwd")
        assert "(message 4 of this conversation)" in chat.text()
        assert chat.card()["rawOutput"]["output"] == f"{folder}\n"

    run(first)
    (kept,) = (tmp_path / "practice").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    run(second, load=session_ids[0])


@pytest.mark.parametrize("session_id", ["0" * 32, "../practice", ""])
def test_an_unknown_session_is_an_error(run: Agents, folder: Path, session_id: str) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(RequestError, match="not found"):
            await chat.connection.load_session(cwd=str(folder), session_id=session_id, mcp_servers=[])
        with pytest.raises(RequestError, match="not found"):
            await chat.connection.prompt(session_id=session_id, prompt=[text_block("!say x")])

    run(story)


@pytest.mark.parametrize("cwd", ["work", "/no/such/directory", ""])
def test_a_session_needs_a_directory(run: Agents, cwd: str) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(RequestError, match="Invalid params"):
            await chat.connection.new_session(cwd=cwd, mcp_servers=[])

    run(story)


def test_modes_are_offered_kept_and_checked(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        assert [mode["id"] for mode in chat.modes["available_modes"]] == ["ask", "edits", "plan", "full"]
        assert chat.modes["current_mode_id"] == "ask"
        with pytest.raises(RequestError, match="Invalid params"):
            await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="bypass")

    run(story)


def test_plan_mode_only_says_what_would_be_done(run: Agents, folder: Path) -> None:
    async def story(chat: Chat) -> None:
        await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="plan")
        await chat.ask("!write a.txt x\n!bash touch b.txt")
        assert "would do: write `a.txt`" in chat.text()
        assert "would do: run `touch b.txt`" in chat.text()
        assert (chat.cards(), chat.person.asked) == ([], [])

    run(story)
    assert list(folder.iterdir()) == []


def test_a_hanging_agent_ignores_cancel_and_dies_with_its_guard(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        turn = asyncio.create_task(chat.ask("!say up\n!hang"))
        await chat.until(lambda: chat.text().endswith("up"))
        await chat.connection.cancel(session_id=chat.session_id)
        await chat.connection.set_session_mode(session_id=chat.session_id, mode_id="ask")  # it was read after cancel
        assert not turn.done()
        await chat.process.end()
        with pytest.raises(ConnectionError):
            await turn
        assert marked({run.marker}) == []

    run(story)


@pytest.mark.parametrize(("script", "status"), [("!garbage", 0), ("!exit 7", 7), ("!exit 0", 0), ("!break", 1)])
def test_an_agent_that_breaks_off_is_seen_as_such(run: Agents, script: str, status: int) -> None:
    async def story(chat: Chat) -> None:
        with pytest.raises(ConnectionError):
            await chat.ask(f"!say up\n{script}")
        assert chat.text().endswith("up")
        assert await chat.process.wait() == status

    run(story)


def test_a_detached_process_ends_with_the_tree_and_on_request(run: Agents) -> None:
    async def story(chat: Chat) -> None:
        assert (await chat.ask("!detach 300")).stop_reason == "end_turn"
        (sleeper,) = [process for process in marked({run.marker}) if process.name() in ("sh", "sleep")]
        assert os.getsid(sleeper.pid) != os.getsid(chat.process.pid)
        chat.process.reap_orphans()
        await asyncio.to_thread(sleeper.wait, 10)
        assert (await chat.ask("!detach 300")).stop_reason == "end_turn"
        await chat.process.end()
        assert marked({run.marker}) == []

    run(story)


@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "SIGINT"])
def test_it_ends_with_its_client_and_takes_its_command_along(run: Agents, how: str) -> None:
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
