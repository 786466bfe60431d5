"""The real Codex under our driver, against the practice model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.codex import Bench, Turn, patch, saying, tool
from wegent_jupyter.executor.agents.codex_binary import bundled
from wegent_jupyter.protocol.api import Decision
from wegent_jupyter.protocol.events import Asked, Delta, Plan, Started, Steered, Tool
from wegent_jupyter.protocol.models import ModelConfig
from wegent_jupyter.protocol.states import AttemptState

if bundled() is None:
    pytest.skip("openai-codex-cli-bin is not installed", allow_module_level=True)

LOOP = "for i in 1 2 3 4 5 6 7 8 9; do command sleep 30; done"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A device in a home of its own; no process may be left when the test ends."""
    found = Bench(tmp_path)
    yield found
    assert found.processes() == []


def on(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


async def until(condition: Callable[[], bool], turn: Turn) -> None:
    """Wait for something outside of the turn's events."""
    async with asyncio.timeout(60):
        while not condition():
            assert not turn.work.done(), turn.work
            await asyncio.sleep(0.02)


def test_text_and_thoughts_are_streamed_in_order_with_exact_offsets(bench: Bench) -> None:
    async def check() -> None:
        turn = await bench.run("!think first a thought\n!say then 😀 text")
        end = await turn.finish()
        assert turn.text().endswith("then 😀 text")
        assert turn.text("thought") == "first a thought"
        lengths: dict[str, int] = {}
        for delta in turn.of(Delta):
            assert delta.offset == lengths.get(delta.item_id, 0)
            lengths[delta.item_id] = delta.offset + len(delta.text)
        assert len([one for one in turn.of(Delta) if one.kind == "message"]) > 3, "token by token, not at once"
        assert end.state is AttemptState.COMPLETED
        assert [one.session_id for one in turn.of(Started)] == [end.session_id]
        assert end.usage and end.usage.input_tokens and end.usage.output_tokens
        assert end.usage.total_tokens == end.usage.input_tokens + end.usage.output_tokens
        assert turn.notices() == []

    on(check)


def test_the_output_of_a_command_is_seen_while_it_runs(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!bash until [ -e go ]; do echo tick; sleep 0.1; done; echo over")
        await turn.until(lambda: "tick\ntick" in turn.text("output"), "it prints")
        assert [call.status for call in turn.tools()] == ["in_progress"]
        (bench.workspace / "go").touch()
        assert (await turn.finish()).state is AttemptState.COMPLETED
        (call,) = turn.tools()
        assert (call.tool, call.status) == ("execute", "completed")
        assert call.input == {"command": "until [ -e go ]; do echo tick; sleep 0.1; done; echo over"}
        assert call.output.startswith("tick\n")
        assert call.output.endswith("over\n")
        assert call.seconds is not None

    on(check)


def test_a_command_that_fails_says_with_what(bench: Bench) -> None:
    turn = asyncio.run(bench.run("!bash echo no such thing >&2; exit 3"))
    (call,) = turn.tools()
    assert (call.status, call.output) == ("failed", "no such thing\n(exit status 3)")


def test_a_patch_is_asked_for_shown_as_a_diff_and_really_applied(bench: Bench) -> None:
    path = bench.workspace / "utils.py"
    path.write_text("a\nold = 1\nb\n")
    steps = patch("*** Update File: utils.py", "@@", " a", "-old = 1", "+new = 1", " b", "*** Add File: made.txt", "+x")
    turn = asyncio.run(bench.run(steps))
    assert path.read_text() == "a\nnew = 1\nb\n"
    assert (bench.workspace / "made.txt").read_text() == "x\n"
    (edit,) = turn.tools()
    assert (edit.title, edit.tool, edit.status) == ("Edit made.txt, utils.py", "edit", "completed")
    made = {"path": str(bench.workspace / "made.txt"), "old": None, "new": "x\n"}
    changed = {"path": str(path), "old": "a\nold = 1\nb\n", "new": "a\nnew = 1\nb\n"}
    assert sorted(edit.diffs, key=lambda one: one["path"]) == [made, changed]
    assert {one["path"] for one in edit.locations} == {made["path"], changed["path"]}
    (asked,) = turn.of(Asked)
    assert (asked.title, asked.diffs, asked.tool_item) == (edit.title, edit.diffs, edit.item_id)
    assert asked.scope == "edits of files in this folder"


def test_an_overwritten_file_is_shown_with_its_old_text(bench: Bench) -> None:
    path = bench.workspace / "notes.txt"
    path.write_text("before\n")
    turn = asyncio.run(bench.run("!write notes.txt after", mode="edits"))
    assert turn.of(Asked) == [], "files of the folder may be edited"
    assert turn.tools()[-1].diffs == [{"path": str(path), "old": "before\n", "new": "after\n"}]
    assert path.read_text() == "after\n"


def test_leave_to_edit_does_not_delete_or_overwrite(bench: Bench) -> None:
    keep, path = bench.workspace / "keep.txt", bench.workspace / "a.txt"
    keep.write_text("precious\n")
    path.write_text("x\n")
    bench.answer = lambda asked: Decision(decision="allow_task" if asked.title == "Edit a.txt" else "deny")
    edit = ("*** Update File: a.txt", "@@", "-x", "+x")
    moved = ("*** Update File: a.txt", "*** Move to: keep.txt", "@@", "-x", "+y")
    steps = [patch(*edit), patch(*edit, "*** Delete File: keep.txt"), patch(*moved)]
    turn = asyncio.run(bench.run("\n".join(steps)))
    first, deleting, moving = turn.of(Asked)
    assert deleting.title == "Delete and edit a.txt, keep.txt"
    assert [one.scope for one in (first, deleting, moving)] == [
        "edits of files in this folder",
        "deletions of files in this folder",
        "moves of files in this folder",
    ]
    assert moving.diffs == [
        {"path": str(keep), "old": "precious\n", "new": ""},
        {"path": str(keep), "old": "x\n", "new": "y\n"},
    ]
    assert (keep.read_text(), path.read_text()) == ("precious\n", "x\n")


def test_a_diff_is_what_is_written_whatever_looks_like_an_end_of_line(bench: Bench) -> None:
    (bench.workspace / "a.js").write_text("x\n")
    added = ["// fine\u2028-evil()", "// ok\r@@ hidden()", "\x0b@@ too", "\\ also"]
    turn = asyncio.run(bench.run(patch("*** Update File: a.js", "@@", " x", *(f"+{one}" for one in added))))
    (asked,) = turn.of(Asked)
    (shown,) = asked.diffs
    assert shown["new"] == (bench.workspace / "a.js").read_bytes().decode() == "\n".join(["x", *added]) + "\n"


def test_a_patch_outside_of_the_folder_is_asked_for_where_edits_are_not(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="deny")
    turn = asyncio.run(bench.run("!write ../outside.txt text\n!write .bashrc text\n!write in.txt text", mode="edits"))
    assert [one.title for one in turn.of(Asked)] == [f"Edit {bench.home / 'outside.txt'}", "Edit .bashrc"]
    assert not (bench.home / "outside.txt").exists()
    assert not (bench.workspace / ".bashrc").exists()
    assert (bench.workspace / "in.txt").exists()


def test_a_denied_command_does_not_run_and_the_agent_hears_why(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="deny", reason="not on a Friday")
    turn = asyncio.run(bench.run("!bash touch made\n!say after"))
    assert not (bench.workspace / "made").exists()
    (call,) = turn.tools()
    assert (call.status, call.output) == ("failed", "not on a Friday")
    assert "The user did not allow “touch made”: not on a Friday" in turn.text(), "the model repeats what it heard"
    assert turn.text().endswith("after")


def test_every_command_is_asked_for_also_one_that_only_looks(bench: Bench) -> None:
    commands = ["ls", "cat /etc/hostname", "pwd", "git status", "echo x > made"]
    bench.answer = lambda asked: Decision(decision="deny")
    turn = asyncio.run(bench.run("\n".join(f"!bash {command}" for command in commands)))
    assert [one.input["command"] for one in turn.of(Asked)] == commands
    assert not (bench.workspace / "made").exists()


def test_what_was_allowed_for_the_task_is_ours_to_know_and_not_codexs(bench: Bench) -> None:
    async def check() -> None:
        bench.answer = lambda asked: Decision(decision="allow_task")
        turn = await bench.run("!bash touch made\n!bash touch made\n!write a.txt x\n!write b.txt x")
        assert [one.title for one in turn.of(Asked)] == ["touch made", "Edit a.txt"]
        assert [call.status for call in turn.tools()] == ["completed"] * 4
        bench.grants.rules.clear()
        again = await bench.run("!bash touch made\n!write a.txt y", session=(await turn.finish()).session_id)
        assert [one.title for one in again.of(Asked)] == ["touch made", "Edit a.txt"]

    on(check)


def test_full_access_asks_nobody(bench: Bench) -> None:
    steps = f"!bash touch made\n!write ../outside.txt x\n!bash touch {bench.home}/far"
    turn = asyncio.run(bench.run(steps, mode="full"))
    assert turn.of(Asked) == []
    assert (bench.workspace / "made").exists()
    assert (bench.home / "outside.txt").exists()
    assert (bench.home / "far").exists()


def test_a_question_is_answered_by_a_person(bench: Bench) -> None:
    bench.answer = lambda asked: Decision(decision="allow", answers={"Which one?": "B"})
    turn = asyncio.run(bench.run("!ask Which one? | A | B"))
    (asked,) = turn.of(Asked)
    assert asked.asks == "question"
    assert [one["label"] for one in asked.questions[0]["options"]] == ["A", "B"]
    assert "You chose B." in turn.text()


def test_the_agents_own_list_of_steps_is_shown_as_a_plan(bench: Bench) -> None:
    def steps(read: str, write: str) -> str:
        return tool("update_plan", plan=[{"step": "Read", "status": read}, {"step": "Write", "status": write}])

    turn = asyncio.run(bench.run(f"{steps('in_progress', 'pending')}\n{steps('completed', 'in_progress')}"))
    plans = turn.of(Plan)
    assert len({(plan.item_id, plan.index) for plan in plans}) == 1
    entries = [(one["content"], one["status"]) for one in plans[0].entries]
    assert entries == [("Read", "in_progress"), ("Write", "pending")]
    assert [one["status"] for one in plans[-1].entries] == ["completed", "in_progress"]


def test_plan_mode_changes_nothing_until_the_plan_is_allowed(bench: Bench) -> None:
    async def check() -> None:
        bench.model = None
        plan = "<proposed_plan>\n# Write late\n- one file\n</proposed_plan>\n"
        async with saying(plan, plan.replace("late", "later"), "carried out") as url:
            bench.llm = ModelConfig(base_url=url, model_id="gpt-5.5")
            answers = [Decision(decision="deny", reason="later, please"), Decision(decision="allow")]
            bench.answer = lambda asked: answers.pop(0)
            turn = await bench.run("plan it", mode="plan")
        plans = turn.of(Asked)
        assert [one.asks for one in plans] == ["plan", "plan"]
        assert plans[0].input == {"plan": "# Write late\n- one file\n"}
        assert plans[1].input == {"plan": "# Write later\n- one file\n"}, "it was told why, and planned again"
        assert turn.text().endswith("carried out")
        assert turn.gate.mode == "ask", "step by step before the person's eyes"

    on(check)


def test_a_message_that_comes_while_a_plan_waits_is_answered_also_where_the_plan_is_declined(bench: Bench) -> None:
    async def check() -> None:
        bench.model, bench.answer = None, lambda asked: None
        async with saying("<proposed_plan>\nDo it\n</proposed_plan>\n", "the answer to it") as url:
            bench.llm = ModelConfig(base_url=url, model_id="gpt-5.5")
            turn = bench.turn("plan it", mode="plan")
            plan = await turn.until(lambda: next(iter(turn.of(Asked)), None), "the plan is proposed")
            assert not turn.run.steerable, "it is told that the message has to wait"
            turn.run.steering.put_nowait("taken a moment before")
            await turn.until(lambda: turn.of(Steered), "the message is sent")
            turn.gate.decide(plan.approval_id, Decision(decision="deny"))
            assert (await turn.finish()).state is AttemptState.COMPLETED
        assert turn.text().endswith("the answer to it")

    on(check)


def test_plan_mode_looks_around_and_changes_nothing(bench: Bench) -> None:
    (bench.workspace / "there").write_text("seen")
    turn = asyncio.run(bench.run("!bash touch made\n!bash cat there\n!write early text\n!say end", mode="plan"))
    assert turn.of(Asked) == []
    assert turn.text().endswith("end")
    assert [path.name for path in bench.workspace.iterdir()] == ["there"]


def test_a_conversation_goes_on_in_a_new_process(bench: Bench) -> None:
    async def check() -> None:
        first = await (await bench.run(f"!say {'word ' * 100}")).finish()
        turn = await bench.run("!say two", session=first.session_id)
        second = await turn.finish()
        assert second.session_id == first.session_id
        assert "(message 2 of this conversation)" in turn.text()
        assert first.usage and second.usage
        assert (first.usage.output_tokens or 0) >= 100
        assert 0 < (second.usage.output_tokens or 0) < 100, "of this turn, not of the conversation"

    on(check)


@pytest.mark.parametrize("unknown", ["11111111-1111-4111-8111-111111111111", "no id at all"])
def test_a_lost_conversation_starts_anew_and_says_so(unknown: str, bench: Bench) -> None:
    async def check() -> None:
        turn = await bench.run("!say hello", session=unknown)
        end = await turn.finish()
        assert "no longer has this conversation" in turn.notices()[0]
        assert end.session_id not in (None, unknown)
        assert turn.of(Started)[-1].session_id == end.session_id
        assert "hello" in turn.text()

    on(check)


def test_stop_ends_a_running_command_with_everything_below_it_and_the_conversation_can_go_on(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn(f"!bash (setsid sleep 300 &) ; echo $$ > pid; {LOOP}")
        await until(lambda: (bench.workspace / "pid").exists() and bool((bench.workspace / "pid").read_text()), turn)
        turn.run.stop.set()
        end = await turn.finish()
        assert end.state is AttemptState.CANCELLED
        assert not psutil.pid_exists(int((bench.workspace / "pid").read_text()))
        assert turn.tools()[0].status == "failed"
        assert bench.processes() == []
        again = await bench.run("!say here again", session=end.session_id)
        assert "here again" in again.text()
        assert again.notices() == []
        unheard = bench.turn("!slow 100 0.1", session=end.session_id)
        unheard.run.stop.set()
        assert (await unheard.finish()).session_id == end.session_id

    on(check)


def test_stop_withdraws_what_is_asked(bench: Bench) -> None:
    async def check() -> None:
        bench.answer = lambda asked: None
        turn = bench.turn("!bash touch made")
        await turn.until(lambda: turn.of(Asked), "it asks")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert turn.of(Asked)[-1].withdrawn
        assert not (bench.workspace / "made").exists()

    on(check)


def test_stop_at_once_starts_nothing(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 100 0.1")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert turn.events == []

    on(check)


def test_stop_in_mid_text_keeps_what_came(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 300 0.1")
        await turn.until(lambda: "5" in turn.text(), "it talks")
        turn.run.stop.set()
        assert (await turn.finish()).state is AttemptState.CANCELLED
        assert "300" not in turn.text()

    on(check)


def test_a_message_to_the_working_agent_is_answered_in_the_same_turn(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!bash touch begun; until [ -e go ]; do sleep 0.1; done\n!say after")
        await until(lambda: (bench.workspace / "begun").exists(), turn)
        assert turn.run.steerable
        turn.run.steering.put_nowait("use tabs")
        await turn.until(lambda: turn.of(Steered), "the message is sent")
        (bench.workspace / "go").touch()
        assert (await turn.finish()).state is AttemptState.COMPLETED
        assert turn.of(Steered)[0].text == "use tabs"
        assert "You said meanwhile: use tabs" in turn.text()
        assert not turn.run.steerable

    on(check)


def test_a_message_during_the_last_words_is_answered(bench: Bench) -> None:
    async def check() -> None:
        turn = bench.turn("!slow 10 0.1")
        await turn.until(lambda: turn.run.steerable and "2" in turn.text(), "it talks")
        turn.run.steering.put_nowait("!say to you, too")
        assert (await turn.finish()).state is AttemptState.COMPLETED
        assert "to you, too" in turn.text()

    on(check)


def background(command: str) -> str:
    """Return the step that starts a command and does not wait for it."""
    return tool("exec_command", cmd=command, yield_time_ms=250)


def test_a_turn_waits_for_what_runs_in_the_background_and_says_so(bench: Bench) -> None:
    command = "until [ -e go ]; do sleep 0.1; done; touch done"

    async def check() -> None:
        turn = bench.turn(f"{background(command)}\n!say begun")
        await turn.until(turn.notices, "it says that it waits")
        assert turn.notices() == [f"Waiting for what still runs in the background: {command}."]
        (bench.workspace / "go").touch()
        assert (await turn.finish()).state is AttemptState.COMPLETED
        assert (bench.workspace / "done").exists()
        assert turn.tools()[0].status == "completed"

    on(check)


def test_a_device_can_be_set_to_end_what_runs_in_the_background_with_the_turn(bench: Bench) -> None:
    bench.background = "end"
    turn = asyncio.run(bench.run(f"{background(f'echo $$ > pid; {LOOP}')}\n!say begun"))
    assert turn.notices()[0].startswith("Ended with the turn, as this device is set: echo $$ > pid;")
    assert not psutil.pid_exists(int((bench.workspace / "pid").read_text()))


def test_tool_cards_come_in_the_order_of_their_places(bench: Bench) -> None:
    turn = asyncio.run(bench.run("!say a\n!bash touch b\n!say c\n!bash touch d\n!say e"))
    places: dict[str, int] = {}
    for event in turn.events:
        if isinstance(event, Tool | Delta | Asked):
            assert places.setdefault(event.item_id, event.index) == event.index
    assert list(places.values()) == sorted(places.values())


def test_a_model_that_fails_ends_the_turn_with_what_to_do(bench: Bench) -> None:
    async def check() -> None:
        error = await bench.turn("!error 429").failure()
        assert (error.code, error.fix) == ("model_rate_limit", "Wait until the limit allows more, then continue.")

    on(check)
