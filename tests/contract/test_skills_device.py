"""Skills of a device, asked for as the gateway asks; what we say each agent can use is what the real agents see."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_device_commands import commands_of
from tests.support.channels import Faults, MemoryChannel
from tests.support.server import free_port, private_environment
from tests.support.skills import Person, skill
from wegent_jupyter.executor.agents import claude_binary, codex_binary
from wegent_jupyter.executor.agents.codex_rpc import AppServer
from wegent_jupyter.executor.config import Settings, load
from wegent_jupyter.executor.device import Device
from wegent_jupyter.executor.processes import ProcessRecords
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.skills import LIST, SHARE, SHARING, UNSHARE, SharingAnswer, SkillsAnswer

Ask = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    made = Person(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    for name in ("CODEX_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    return made


def settings(person: Person) -> Settings:
    return load({"WEGENT_EXECUTOR_HOME": str(person.executor), "LOCAL_WORKSPACE_ROOT": str(person.home / "work")})


def asking(person: Person, scenario: Callable[[Ask], Coroutine[Any, Any, None]]) -> None:
    """Run a device and let a scenario ask it, with all that is said as it travels."""

    async def run() -> None:
        async with a_device(person) as ask:
            await scenario(ask)

    asyncio.run(run())


@asynccontextmanager
async def a_device(person: Person) -> Any:
    device = Device(settings(person))
    channel = MemoryChannel(Faults())

    async def ask(event: str, **data: object) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(await device.handle(channel, event, data)))
        return answer

    try:
        yield ask
    finally:
        await device.close()


def test_skills_are_shared_as_shown_repeated_and_taken_back(person: Person) -> None:
    skill(person.codex / "lint")
    skill(person.claude / "lint", "of claude")
    before = person.tree

    async def scenario(ask: Ask) -> None:
        shown = await ask(SHARING)
        assert (shown["success"], shown["result"], shown["sharing"]["state"]) == (True, None, "separate")
        assert [(move["from"], move["renamed"]) for move in shown["sharing"]["moves"]] == [
            (str(person.codex / "lint"), False),
            (str(person.claude / "lint"), True),
        ]
        assert person.tree == before

        done = await ask(SHARE, digest=shown["sharing"]["digest"])
        assert (done["result"]["moved"], done["sharing"]["state"]) == (shown["sharing"]["moves"], "shared")
        SharingAnswer.model_validate(done)
        again = await ask(SHARE)
        assert (again["success"], again["result"]["moved_count"]) == (True, 0)

        undone = await ask(UNSHARE)
        assert (undone["result"]["status"], undone["sharing"]["state"]) == ("undone", "separate")
        assert person.tree == before
        nothing = await ask(UNSHARE)
        assert (nothing["success"], nothing["code"]) == (False, "not_undoable")

    asking(person, scenario)


def test_skills_are_listed_whatever_became_of_what_was_written_down(person: Person) -> None:
    skill(person.codex / "lint")

    async def scenario(ask: Ask) -> None:
        async def listed() -> tuple[list[str], bool]:
            answer = SkillsAnswer.model_validate(await ask(LIST))
            return [one.name for one in answer.items], answer.shared

        assert await listed() == (["lint"], False)
        await ask(SHARE)
        assert await listed() == (["lint"], True)
        [journal] = person.executor.glob("skills-*.json")
        journal.write_text("{")
        assert await listed() == (["lint"], True)
        person.claude.unlink()
        assert await listed() == (["lint"], False)
        assert (await ask(SHARING))["code"] == "not_kept", "who asks for it is told"

    asking(person, scenario)


def test_what_is_not_done_is_said_with_what_to_do(person: Person) -> None:
    skill(person.codex / "lint")
    person.claude.parent.mkdir()
    person.claude.symlink_to("elsewhere")

    async def scenario(ask: Ask) -> None:
        shown = await ask(SHARING)
        assert [one["path"] for one in shown["sharing"]["obstacles"]] == [str(person.claude)]
        refused = await ask(SHARE)
        assert (refused["success"], refused["code"], refused["result"]) == (False, "in_the_way", None)
        assert "Remove the link" in refused["fix"]
        person.claude.unlink()
        old = await ask(SHARE, digest=shown["sharing"]["digest"])
        assert (old["success"], old["code"]) == (False, "changed_since")
        assert (await ask(SHARE, digest="x" * 65))["code"] == "malformed"
        assert (await ask(LIST, workspace="relative"))["code"] == "bad_path"

    asking(person, scenario)


def test_the_skills_of_a_workspace_are_for_use_when_it_is_trusted(person: Person) -> None:
    project = person.home / "project"
    skill(project / ".claude" / "skills" / "own")
    chat = settings(person).chats / "one"
    skill(chat / ".claude" / "skills" / "made")

    async def scenario(ask: Ask) -> None:
        async def agents(folder: Path) -> list[tuple[str, list[str]]]:
            answer = await ask(LIST, workspace=str(folder))
            return [(one["name"], one["agents"]) for one in SkillsAnswer.model_validate(answer).model_dump()["items"]]

        assert await agents(project) == [("own", [])]
        await ask(wire.TRUST, path=str(project), trusted=True)
        assert await agents(project) == [("own", ["claude"])]
        assert await agents(chat) == [("made", ["claude"])]

    asking(person, scenario)


def run_command(person: Person, key: str, **fields: object) -> dict[str, Any]:
    commands = commands_of(settings(person), ProcessRecords(person.executor / "processes"))
    return asyncio.run(commands.run({"command": key, "command_key": key, **fields}))


def test_the_commands_print_what_wegents_print(person: Person) -> None:
    skill(person.shared / "lint", "before")
    skill(person.codex / "lint", "of codex")
    skill(person.claude / "docs")
    listed = json.loads(run_command(person, "ls_skills")["stdout"])
    assert [(one["name"], one["source"]) for one in listed] == [("docs", "claude"), ("lint", "agents")]

    ran = run_command(person, "setup_shared_skills")
    codex, claude, shared = str(person.codex), str(person.claude), str(person.shared)
    assert (ran["success"], ran["exit_code"], ran["error"]) == (True, 0, None)
    assert json.loads(ran["stdout"]) == {
        "success": True,
        "status": "configured",
        "shared_path": shared,
        "shared_created": False,
        "legacy_paths": [codex, claude],
        "moved_count": 2,
        "moved": [
            {"source": "codex", "from": f"{codex}/lint", "to": f"{shared}/lint-codex", "renamed": True},
            {"source": "claude", "from": f"{claude}/docs", "to": f"{shared}/docs", "renamed": False},
        ],
        "links": [
            {"path": codex, "target": shared, "status": "created"},
            {"path": claude, "target": shared, "status": "created"},
        ],
    }
    again = json.loads(run_command(person, "setup_shared_skills")["stdout"])
    assert [link["status"] for link in again["links"]] == ["already_configured"] * 2
    assert not run_command(person, "setup_shared_skills", args=["now"])["success"]


def test_a_command_that_fails_has_wegents_words_and_status(person: Person) -> None:
    (person.home / ".agents").mkdir()
    person.shared.touch()
    ran = run_command(person, "setup_shared_skills")
    told = json.loads(ran["stdout"])
    assert (ran["success"], ran["exit_code"], set(told)) == (False, 64, {"success", "status", "error"})
    assert (told["success"], told["status"]) == (False, "failed")
    assert "is a file" in told["error"]
    assert ran["stderr"].strip() == told["error"]


# What the real agents see.


def claude_sees(person: Person, folder: Path, *options: str) -> set[str]:
    """Return what Claude Code can be told to use, of all that is not its own."""
    program = claude_binary.bundled()
    assert program is not None
    environment = {
        **{name: value for name, value in private_environment(person.home).items() if not name.startswith("CLAUDE")},
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{free_port()}",
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
    }
    argv = [str(program), "-p", "--verbose", "--output-format", "stream-json", *options, "hello"]
    ran = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=100)
    messages = [json.loads(line) for line in ran.stdout.splitlines()]
    [init] = [one for one in messages if one.get("subtype") == "init"]
    return {*init["skills"], *init["slash_commands"]}


async def codex_sees(person: Person, folder: Path) -> set[str]:
    """Return the skills of which Codex tells."""
    program = codex_binary.bundled()
    assert program is not None
    environment = {name: value for name, value in private_environment(person.home).items() if "CODEX" not in name}
    records = ProcessRecords(person.executor / "processes")
    marker = f"skills-{secrets.token_hex(4)}"
    server = await AppServer.start(program, cwd=folder, env=environment, marker=marker, records=records)
    try:
        found = await server.request("skills/list", {"cwds": [str(folder)], "forceReload": True})
    finally:
        await server.close()
    return {one["name"] for part in found["data"] for one in part["skills"]}


def test_the_real_agents_see_what_we_say_before_and_after_sharing(person: Person, tmp_path: Path) -> None:
    project = person.home / "project"
    project.mkdir()
    (project / ".git").mkdir()
    own = claude_sees(person, project)
    for place in (person.claude, person.codex, person.shared):
        kind = place.parent.name.strip(".")
        skill(place / f"{kind}-one", name=f"{kind}-other")
        skill(place / f".{kind}-dotted")
        skill(place / "group" / f"{kind}-nested")
        skill(place / f"{kind}-broken").joinpath("SKILL.md").write_text("no head\n")
        skill(place / f"{kind}-same", name=f"{kind}-same")
        skill(tmp_path / "elsewhere" / f"{kind}-linked")
        (place / f"{kind}-linked").symlink_to(tmp_path / "elsewhere" / f"{kind}-linked")
        skill(project / place.relative_to(person.home) / f"project-{kind}")
    skill(person.claude / "lint", "of claude", name="lint-of-claude")
    skill(person.codex / "lint", "of codex")

    async def scenario(ask: Ask) -> None:
        async def said() -> dict[str, set[str]]:
            items = (await ask(LIST, workspace=str(project)))["items"]
            return {agent: {one["name"] for one in items if agent in one["agents"]} for agent in ("claude", "codex")}

        async def agree() -> dict[str, set[str]]:
            seen = {
                "codex": await codex_sees(person, project),  # first: it makes `.system`
                "claude": await asyncio.to_thread(claude_sees, person, project) - own,
            }
            assert await said() == seen
            return seen

        await ask(wire.TRUST, path=str(project), trusted=True)
        before = await agree()
        assert {"claude-one", "lint", "project-claude"} <= before["claude"]
        assert {"codex-other", "agents-nested", "lint", "skill-creator"} <= before["codex"]
        await ask(SHARE)
        after = await agree()
        assert {"codex-one", "agents-same", "lint", "lint-claude"} <= after["claude"]
        assert {"claude-other", "lint", "lint-of-claude", "skill-creator"} <= after["codex"]
        await ask(UNSHARE)
        assert await agree() == before
        await ask(wire.TRUST, path=str(project), trusted=False)
        untrusted = await asyncio.to_thread(claude_sees, person, project, "--setting-sources", "user") - own
        now = await said()
        assert (now["claude"], before["codex"] - now["codex"]) == (untrusted, {"project-agents", "project-codex"})

    asking(person, scenario)
