"""The gate before an agent's tools."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.claude import Granted
from wegent_jupyter.executor import approvals
from wegent_jupyter.executor.approvals import Gate, Request
from wegent_jupyter.protocol.api import Decision, Mode
from wegent_jupyter.protocol.events import AgentEvent, Asked

ALLOW = Decision(decision="allow")
Script = Callable[[Gate, list[AgentEvent], asyncio.Event], Awaitable[None]]


def play(script: Script, workspace: Path, mode: Mode = "ask") -> list[Asked]:
    """Run a script with a gate and return what was asked."""

    async def main() -> list[Asked]:
        events: list[AgentEvent] = []
        stop = asyncio.Event()
        gate = Gate(7, mode, workspace, Granted(), count(1).__next__, events.append, stop)
        await script(gate, events, stop)
        return [event for event in events if isinstance(event, Asked)]

    return asyncio.run(main())


async def begun(work: asyncio.Task[Decision | None], gate: Gate) -> None:
    """Let a question reach the gate."""
    while not gate.open and not work.done():
        await asyncio.sleep(0)


def test_what_cannot_be_shown_whole_is_denied_and_nobody_is_asked(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        decision = await gate.ask(Request("Write", "edit", input={"content": "x" * approvals.MAX_SHOWN}))
        assert decision is not None
        assert decision.decision == "deny"
        assert "smaller parts" in (decision.reason or "")

    assert play(script, tmp_path) == []


def test_an_agent_that_asks_without_end_is_denied(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], stop: asyncio.Event) -> None:
        asked = [asyncio.create_task(gate.ask(Request("Run", "execute", command=str(n)))) for n in range(60)]
        while len(gate.open) < approvals.MAX_OPEN:
            await asyncio.sleep(0)
        stop.set()
        decisions = await asyncio.gather(*asked)
        assert sum(one is not None and one.decision == "deny" for one in decisions) == 60 - approvals.MAX_OPEN
        assert gate.open == []

    asked = play(script, tmp_path)
    assert len({one.approval_id for one in asked}) == approvals.MAX_OPEN
    assert sum(one.withdrawn for one in asked) == approvals.MAX_OPEN


def test_a_question_whose_asker_gave_up_is_withdrawn(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        work = asyncio.create_task(gate.ask(Request("Run", "execute", command="true")))
        await begun(work, gate)
        approval = gate.open[0]
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        assert not gate.decide(approval, ALLOW), "nobody is there to hear it"

    assert [one.withdrawn for one in play(script, tmp_path)] == [False, True]


def test_an_answer_that_comes_twice_counts_once(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        work = asyncio.create_task(gate.ask(Request("Run", "execute", command="true")))
        await begun(work, gate)
        approval = gate.open[0]
        assert gate.decide(approval, ALLOW)
        assert gate.decide(approval, Decision(decision="deny"))
        assert (await work) == ALLOW
        assert gate.decide(approval, ALLOW), "it is known for as long as the run lasts"

    play(script, tmp_path)


def test_what_is_allowed_for_the_task_is_this_very_command_and_no_other(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        first = asyncio.create_task(gate.ask(Request("Run", "execute", command="git status")))
        await begun(first, gate)
        gate.decide(gate.open[0], Decision(decision="allow_task"))
        await first
        assert await gate.ask(Request("Run", "execute", command="git status")) == ALLOW
        other = asyncio.create_task(gate.ask(Request("Run", "execute", command="git status; rm -r .")))
        await begun(other, gate)
        gate.decide(gate.open[0], ALLOW)
        await other

    assert [one.scope for one in play(script, tmp_path)] == ["this very command"] * 2


def test_an_edit_outside_the_folder_cannot_be_allowed_for_the_task(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        for path in (Path("/etc/hosts"), tmp_path / ".git" / "config"):
            work = asyncio.create_task(gate.ask(Request("Edit", "edit", paths=[path])))
            await begun(work, gate)
            gate.decide(gate.open[0], ALLOW)
            await work

    assert [one.scope for one in play(script, tmp_path, "edits")] == [None, None]


def test_a_plan_that_is_carried_out_is_carried_out_step_by_step(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        edit = Request("Edit", "edit", paths=[tmp_path / "file"])
        denied = await gate.ask(edit)
        assert denied is not None
        assert denied.decision == "deny", "plan mode is read-only"
        work = asyncio.create_task(gate.ask(Request("Plan", asks="plan", input={"plan": "1. edit"})))
        await begun(work, gate)
        gate.decide(gate.open[0], ALLOW)
        await work
        work = asyncio.create_task(gate.ask(edit))
        await begun(work, gate)
        gate.decide(gate.open[0], ALLOW)
        assert (await work) == ALLOW

    assert [one.asks for one in play(script, tmp_path, "plan")] == ["plan", "tool"]


def test_what_was_changed_before_it_was_allowed_is_not_allowed_for_the_task(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        asked = Request("rm", "execute", "Bash", command="rm -rf all", input={"command": "rm -rf all"}, editable=True)
        changed = Decision(decision="allow_task", input={"command": "rm -rf build"})
        for _ in range(2):
            work = asyncio.create_task(gate.ask(asked))
            await begun(work, gate)
            gate.decide(gate.open[0], changed)
            assert (await work) == changed

    assert len(play(script, tmp_path)) == 2, "the command that was asked for is asked for again"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("Bash", "execute", {"command": "make"}), ("Bash", "execute", {"command": "make", "unsafe": True})),
        (("Bash", "execute", {"command": "make"}), ("Other", "execute", {"command": "make"})),
        (("Edit", "edit", {}), ("Remove", "delete", {})),
        (("mcp__a__run", "other", {}), ("mcp__b__run", "other", {})),
    ],
)
def test_what_was_allowed_for_the_task_covers_nothing_else(
    tmp_path: Path, first: tuple[str, str, dict[str, Any]], second: tuple[str, str, dict[str, Any]]
) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        for name, kind, given in (first, first, second):
            command = given.get("command")
            paths = [tmp_path / "file"]
            work = asyncio.create_task(gate.ask(Request(name, kind, name, command=command, paths=paths, input=given)))
            await begun(work, gate)
            if gate.open:
                gate.decide(gate.open[0], Decision(decision="allow_task"))
            await work

    assert [one.title for one in play(script, tmp_path)] == [first[0], second[0]]


def test_a_command_whose_description_differs_is_the_same_command(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        for description in ("Build", "Build again"):
            given = {"command": "make", "description": description}
            work = asyncio.create_task(gate.ask(Request("make", "execute", "Bash", command="make", input=given)))
            await begun(work, gate)
            if gate.open:
                gate.decide(gate.open[0], Decision(decision="allow_task"))
            await work

    assert len(play(script, tmp_path)) == 1


def test_what_is_nested_too_deeply_to_be_shown_is_denied(tmp_path: Path) -> None:
    async def script(gate: Gate, _events: list[AgentEvent], _stop: asyncio.Event) -> None:
        deep: Any = "bottom"
        for _ in range(300):
            deep = [deep]
        decision = await gate.ask(Request("Tool", input={"deep": deep}))
        assert decision is not None
        assert decision.decision == "deny"

    assert play(script, tmp_path) == []
