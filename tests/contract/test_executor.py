"""The executor's own promises: its journal, its limits, its configuration, its workspaces."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.server import private_environment, wait_for
from wegent_jupyter.executor import recorder as limits
from wegent_jupyter.executor import serving, workspaces
from wegent_jupyter.executor.agents.updates import Updates
from wegent_jupyter.executor.config import ConfigBroken, load
from wegent_jupyter.executor.journal import Journal, JournalBroken
from wegent_jupyter.executor.policy import verdict
from wegent_jupyter.executor.recorder import Recorder
from wegent_jupyter.protocol.api import Mode
from wegent_jupyter.protocol.events import AgentEvent, Delta, Ended, Notice, Tool
from wegent_jupyter.protocol.states import AttemptState

KEY = ("gateway", 7)
MODES: list[Mode] = ["plan", "ask", "edits", "full"]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal.db")
    made.begin(KEY, task_id=1)
    return made


def record(journal: Journal, events: list[AgentEvent]) -> list[tuple[int, str, dict[str, Any]]]:
    async def scenario() -> None:
        recorder = Recorder(journal, KEY, lambda _key, _last: None)
        for event in events:
            recorder(event)
        recorder.flush()

    asyncio.run(scenario())
    return journal.after(KEY, 0, 1_000_000)


def words(count: int, size: int = 1, item: str = "m", kind: Any = "message") -> list[AgentEvent]:
    return [Delta(item, 1, kind, n * size, "x" * size) for n in range(count)]


def test_an_attempt_is_written_down_once(journal: Journal) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        journal.begin(KEY, task_id=1)


def test_deltas_are_put_together_and_none_is_lost(journal: Journal) -> None:
    stored = record(journal, [*words(5000), Ended(AttemptState.COMPLETED)])
    texts = [data["delta"] for _, name, data in stored if name == "response.output_text.delta"]
    assert len("".join(texts)) == 5000
    assert len(texts) < 100
    assert [seq for seq, _, _ in stored] == list(range(1, len(stored) + 1))


def test_nothing_follows_the_terminal_event(journal: Journal) -> None:
    stored = record(journal, [Ended(AttemptState.COMPLETED), *words(3), Ended(AttemptState.FAILED)])
    assert [name for _, name, _ in stored] == ["response.completed"]


def test_a_flood_of_text_is_cut_with_one_notice(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_TEXT", 1000)
    stored = record(journal, [*words(50, 100), *words(50, 100, "t", "thought"), Ended(AttemptState.COMPLETED)])
    kept = sum(len(data.get("delta", "")) for _, _, data in stored)
    notices = [data for _, name, data in stored if name == "response.block.created"]
    assert kept == 1000
    assert len(notices) == 1
    assert stored[-1][1] == "response.completed"


def test_a_flood_of_tool_calls_is_cut_with_one_notice(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ITEMS", 10)
    tools: list[AgentEvent] = [Tool(f"t{n}", n, "ls") for n in range(100)]
    stored = record(journal, [*tools, Ended(AttemptState.COMPLETED)])
    assert len(stored) == 10 + 1 + 1


def test_a_tool_call_of_any_size_is_kept_small(journal: Journal) -> None:
    huge = Tool(
        "t", 1, "write", "edit", "completed", {"x": "y" * 2_000_000}, "o" * 2_000_000, [{"new": "z" * 2_000_000}]
    )
    stored = record(journal, [huge, Ended(AttemptState.COMPLETED)])
    assert sum(len(json.dumps(data)) for _, _, data in stored) < 1_500_000


def test_a_full_disk_loses_nothing_that_was_said(journal: Journal) -> None:
    async def scenario() -> None:
        journal._db.execute("PRAGMA max_page_count = 8")
        recorder = Recorder(journal, KEY, lambda _key, _last: None)
        recorder(Delta("m", 1, "message", 0, "y" * 100_000))
        recorder(Ended(AttemptState.COMPLETED))
        assert journal.after(KEY, 0, 10) == []
        journal._db.execute("PRAGMA max_page_count = 100000")
        recorder.flush()

    asyncio.run(scenario())
    stored = journal.after(KEY, 0, 10)
    assert "".join(data.get("delta", "") for _, _, data in stored) == "y" * 100_000
    assert stored[-1][1] == "response.completed"


def test_what_is_acknowledged_is_dropped_and_an_ended_attempt_forgotten(journal: Journal) -> None:
    stored = record(journal, [*words(2), Ended(AttemptState.COMPLETED)])
    journal.acknowledge(KEY, 1)
    assert journal.get(KEY) is not None
    journal.acknowledge(KEY, stored[-1][0])
    assert journal.get(KEY) is None
    assert journal.after(KEY, 0, 10) == []


def test_a_damaged_journal_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"no database" * 500)
    with pytest.raises(JournalBroken, match=r"broken\.db"):
        Journal(path)
    assert path.read_bytes() == b"no database" * 500


def take(*updates: dict[str, Any]) -> list[AgentEvent]:
    taken: list[AgentEvent] = []
    clock = iter(range(1000))
    made = Updates(taken.append, itertools.count(1).__next__, lambda: float(next(clock)))
    for update in updates:
        made.take(update)
    return taken


def said(text: str, kind: str = "agent_message_chunk") -> dict[str, Any]:
    return {"sessionUpdate": kind, "content": {"type": "text", "text": text}}


def output(text: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "content", "content": {"type": "text", "text": text}}]
    return {"sessionUpdate": "tool_call_update", "toolCallId": "c", "content": content, **more}


CALL = {"sessionUpdate": "tool_call", "toolCallId": "c", "title": "ls", "kind": "execute", "status": "in_progress"}


def test_text_after_a_tool_call_is_a_new_item() -> None:
    events = take(said("a"), said("b"), CALL, said("c"), said("d", "agent_thought_chunk"))
    shown = [(type(event).__name__, event.item_id, getattr(event, "offset", None)) for event in events]  # type: ignore[union-attr]
    assert shown == [
        ("Delta", "message-1", 0),
        ("Delta", "message-1", 1),
        ("Tool", "tool-c", None),
        ("Delta", "message-3", 0),
        ("Delta", "thought-4", 0),
    ]


def test_growing_output_is_sent_as_what_was_added() -> None:
    events = take(CALL, output("one\n"), output("one\ntwo\n"), output("one\ntwo\n", status="completed"))
    assert [(event.offset, event.text) for event in events if isinstance(event, Delta)] == [(0, "one\n"), (4, "two\n")]
    last = events[-1]
    assert isinstance(last, Tool)
    assert (last.status, last.output, last.seconds) == ("completed", "one\ntwo\n", 1.0)


def test_replaced_output_is_sent_whole() -> None:
    events = take(CALL, output("one"), output("other"))
    last = events[-1]
    assert isinstance(last, Tool)
    assert last.output == "other"


@pytest.mark.parametrize("update", [{}, {"sessionUpdate": "plan"}, {"sessionUpdate": "agent_message_chunk"}, said("")])
def test_updates_that_show_nothing_are_passed_over(update: dict[str, Any]) -> None:
    assert take(update) == []


def test_the_modes_are_a_ladder(tmp_path: Path) -> None:
    kinds = ["read", "search", "edit", "delete", "fetch", "execute", "other", "unknown-kind"]
    here = [tmp_path / "file.py"]
    found = {mode: [verdict(mode, kind, here, tmp_path) for kind in kinds] for mode in MODES}
    assert found == {
        "plan": [*["allow"] * 2, *["deny"] * 2, "ask", *["deny"] * 3],
        "ask": [*["allow"] * 2, *["ask"] * 6],
        "edits": [*["allow"] * 4, *["ask"] * 4],
        "full": ["allow"] * 8,
    }


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("file.py", "allow"),
        ("deep/er/file.py", "allow"),
        ("../other/file.py", "ask"),
        ("/etc/passwd", "ask"),
        ("link/file.py", "ask"),
        (".git/hooks/pre-commit", "ask"),
        ("sub/.claude/settings.json", "ask"),
        (".CLAUDE/settings.json", "ask"),
        (".mcp.json", "ask"),
        (".bashrc", "ask"),
        (".ssh/authorized_keys", "ask"),
        (".gitmodules", "ask"),
        ("CLAUDE.md", "ask"),
        ("deep/Agents.md", "ask"),
        (".gitignore", "allow"),
        ("executor/trust.json", "ask"),
        ("nul\0", "ask"),
    ],
)
def test_edits_are_accepted_in_the_workspace_and_not_where_they_run_something(
    tmp_path: Path, path: str, said: str
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "other")
    executor = tmp_path / "here" / "executor"
    assert verdict("edits", "edit", [Path(path)], tmp_path / "here", executor) == said
    assert verdict("edits", "edit", [], tmp_path / "here") == "ask", "nobody knows what it touches"


def test_a_chat_folder_in_the_executors_home_can_be_edited(tmp_path: Path) -> None:
    chat = tmp_path / ".wegent-executor" / "workspace" / "chats" / "today"
    assert verdict("edits", "edit", [chat / "a.txt"], chat, tmp_path / ".wegent-executor") == "allow"


def test_looking_outside_the_workspace_is_asked_for(tmp_path: Path) -> None:
    outside = [tmp_path / "secret"]
    here = tmp_path / "here"
    assert [verdict(mode, "read", outside, here) for mode in MODES[:3]] == ["ask"] * 3


def test_a_home_gets_an_identity_once_and_keeps_it(tmp_path: Path) -> None:
    home = {"WEGENT_EXECUTOR_HOME": str(tmp_path / "home")}
    first, again = load(home), load(home)
    assert first.device_id == again.device_id
    assert first.device_id.startswith("device-")
    assert stat.S_IMODE((tmp_path / "home" / "device-config.json").stat().st_mode) == 0o600


def test_the_environment_wins_over_the_file_and_is_not_written_back(tmp_path: Path) -> None:
    home = {"WEGENT_EXECUTOR_HOME": str(tmp_path)}
    load(home)
    secret = {**home, "WEGENT_AUTH_TOKEN": "canary", "DEVICE_NAME": "named", "WEGENT_BACKEND_URL": "http://b/"}
    settings = load(secret)
    assert (settings.auth_token, settings.device_name, settings.backend_url) == ("canary", "named", "http://b")
    assert "canary" not in (tmp_path / "device-config.json").read_text()
    assert load(home).device_name != "named"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "device-config.json"),
        ('{"agents": {"x": {}}}', "agents.x.command"),
        ('{"device_type": "toy"}', "device_type"),
    ],
)
def test_a_damaged_configuration_is_named_and_left_as_it_is(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "device-config.json"
    path.write_text(content)
    with pytest.raises(ConfigBroken, match=says):
        load({"WEGENT_EXECUTOR_HOME": str(tmp_path)})
    assert path.read_text() == content


def test_keys_of_wegent_that_are_not_ours_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "device-config.json"
    path.write_text('{"update": {"registry": "r"}}')
    load({"WEGENT_EXECUTOR_HOME": str(tmp_path)})
    assert json.loads(path.read_text())["update"] == {"registry": "r"}


def test_two_executors_on_one_home_are_impossible(tmp_path: Path) -> None:
    environment = {
        **private_environment(tmp_path),
        "WEGENT_EXECUTOR_HOME": str(tmp_path / "home"),
        "WEGENT_BACKEND_URL": "http://127.0.0.1:9",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "wegent_jupyter.executor"]
    first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        while not (tmp_path / "home" / "journal.db").exists():
            assert first.poll() is None
        second = subprocess.run(command, env=environment, capture_output=True, timeout=60)
        assert second.returncode == 3
        assert str(first.pid) in second.stderr.decode()
    finally:
        first.terminate()
        assert first.wait(30) == 0


def test_an_executor_without_a_gateway_says_what_is_missing(tmp_path: Path) -> None:
    environment = {**private_environment(tmp_path), "WEGENT_EXECUTOR_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-m", "wegent_jupyter.executor"], env=environment, capture_output=True, timeout=60
    )
    assert ran.returncode == 2
    assert b"WEGENT_BACKEND_URL" in ran.stderr


def test_chat_folders_are_named_by_date_and_words_and_never_shared(tmp_path: Path) -> None:
    made = [workspaces.make_chat_folder(tmp_path, "Fix the ETL pipeline, please!") for _ in range(3)]
    assert len(set(made)) == 3
    assert [path.name for path in made] == ["fix-the-etl-pipeline", "fix-the-etl-pipeli-1", "fix-the-etl-pipeli-2"]
    assert all(len(path.name) <= 20 for path in made)
    assert stat.S_IMODE(made[0].stat().st_mode) == 0o700


@pytest.mark.parametrize("prompt", ["", "  ", "你好", "../../etc", "///"])
def test_no_prompt_leads_out_of_the_chats(tmp_path: Path, prompt: str) -> None:
    folder = workspaces.make_chat_folder(tmp_path, prompt)
    assert folder.parent.parent == tmp_path.resolve()


def test_a_symbolic_link_is_followed_to_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert workspaces.check(str(tmp_path / "link")) == (tmp_path / "real").resolve()


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(workspaces.BadWorkspace):
        workspaces.check(str(tmp_path / "a"))


def test_agents_get_nothing_of_ours_in_their_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from wegent_jupyter.executor.environment import agent_environment

    for name in ("WEGENT_AUTH_TOKEN", "JPY_PARENT_PID", "JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("MY_TOOL", "kept")
    environment = agent_environment()
    assert "canary" not in environment.values()
    assert environment["MY_TOOL"] == "kept"
    assert environment["PATH"] == os.environ["PATH"]


def test_notices_come_last() -> None:
    kept = limits.Limits()
    kept._text = limits.MAX_TEXT
    [notice] = kept.apply(Delta("m", 3, "message", 0, "x"))
    assert isinstance(notice, Notice)
    assert notice.index > 1000


def test_an_embedded_executor_ends_when_its_home_is_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {
        **private_environment(tmp_path),
        "WEGENT_EXECUTOR_HOME": str(home),
        "WEGENT_EMBEDDED": str(home / "server.json"),
    }
    executor = subprocess.Popen([sys.executable, "-m", "wegent_jupyter.executor"], env=environment)
    try:
        log = home / "logs" / "executor.log"
        wait_for(lambda: log.exists() and "works in" in log.read_text(), "the executor works")
        shutil.rmtree(home)
        assert executor.wait(30) == 0
    finally:
        executor.kill()


def test_a_piece_of_text_of_any_size_becomes_events_that_fit_into_a_message(journal: Journal) -> None:
    text = "樹" * 1_000_000
    stored = record(journal, [Delta("m", 1, "message", 0, text), Ended(AttemptState.COMPLETED)])
    deltas = [data for _, name, data in stored if name == "response.output_text.delta"]
    assert "".join(delta["delta"] for delta in deltas) == text
    assert [delta["block_offset"] for delta in deltas] == [n * limits.MAX_DELTA for n in range(len(deltas))]
    assert max(len(json.dumps(delta)) for delta in deltas) < 1 << 20


def test_what_is_sent_in_one_message_is_bounded_but_never_nothing(journal: Journal) -> None:
    record(journal, [*words(10, limits.MAX_DELTA), Ended(AttemptState.COMPLETED)])
    assert len(journal.after(KEY, 0, 64, 3 * limits.MAX_DELTA)) == 2
    assert len(journal.after(KEY, 0, 64, 1)) == 1


def test_a_program_in_a_terminal_keeps_an_executor_without_a_server_for_a_time_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "ORPHAN_SECONDS", 0.5)
    monkeypatch.setattr(serving, "ABANDONED_SECONDS", 2.5)
    link: Any = SimpleNamespace(connected=False)
    busy: Any = SimpleNamespace(runner=SimpleNamespace(idle=True), working=True)

    async def looks() -> int:
        """Return how often it was looked at before it counted as abandoned."""
        count = 0

        async def tick(_seconds: float) -> None:
            nonlocal count
            count += 1
            now[0] += 1.0

        monkeypatch.setattr(asyncio, "sleep", tick)
        await serving._until_orphaned(link, busy, tmp_path)
        return count

    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    assert asyncio.run(looks()) == 3, "two looks within the time, and one beyond it"
    now[0], busy.working = 100.0, False
    assert asyncio.run(looks()) == 1, "a shell at its prompt keeps it no longer than nothing does"
