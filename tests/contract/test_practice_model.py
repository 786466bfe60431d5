"""The practice model over its API: the real process, asked by the real Claude Code and by plain HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    PermissionResultAllow,
    PermissionResultDeny,
    ResultMessage,
    StreamEvent,
    TextBlock,
    ToolPermissionContext,
    ToolResultBlock,
    UserMessage,
)

from tests.support.model import Model, running_model
from tests.support.server import SCRUBBED

Gate = Callable[[str, dict[str, Any]], PermissionResultAllow | PermissionResultDeny]
TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    """Run a model; nothing of whoever runs the tests reaches the program that asks it."""
    for name in [name for name in os.environ if name.startswith(SCRUBBED)]:
        monkeypatch.delenv(name)
    with running_model() as found:
        yield found


def allow(_: str, __: dict[str, Any]) -> PermissionResultAllow:
    return PermissionResultAllow()


@dataclass
class Answer:
    """One turn of Claude Code, as its user gets it."""

    said: list[str] = field(default_factory=list)
    results: list[ToolResultBlock] = field(default_factory=list)
    deltas: list[dict[str, Any]] = field(default_factory=list)
    end: ResultMessage | None = None

    def take(self, message: Any) -> None:
        match message:
            case StreamEvent(event={"type": "content_block_delta", "delta": delta}):
                self.deltas.append(delta)
            case AssistantMessage(content=blocks):
                self.said += [block.text for block in blocks if isinstance(block, TextBlock)]
            case UserMessage(content=list(blocks)):
                self.results += [block for block in blocks if isinstance(block, ToolResultBlock)]
            case ResultMessage():
                self.end = message

    @property
    def session(self) -> str:
        assert self.end is not None
        return self.end.session_id

    @property
    def failed(self) -> bool:
        assert self.end is not None
        return self.end.is_error

    @property
    def text(self) -> str:
        return "\n\n".join(self.said)


@dataclass
class Claude:
    """The real Claude Code, asking the model; what it keeps and works on is below `home`."""

    model: Model
    home: Path
    gate: Gate = allow
    steer: str | None = None

    @property
    def folder(self) -> Path:
        return self.home / "work"

    def __call__(self, *prompts: str, resume: str | None = None) -> list[Answer]:
        """Have one conversation and return its answers."""
        self.folder.mkdir(exist_ok=True)
        return asyncio.run(self._talk(prompts, resume))

    async def _talk(self, prompts: tuple[str, ...], resume: str | None) -> list[Answer]:
        options = ClaudeAgentOptions(
            cwd=self.folder,
            env=self.model.environment(self.home),
            include_partial_messages=True,
            setting_sources=[],
            can_use_tool=self._may,
            resume=resume,
        )
        async with ClaudeSDKClient(options) as self._client:
            answers = [await self._turn(prompt) for prompt in prompts]
        return answers

    async def _turn(self, prompt: str) -> Answer:
        answer = Answer()
        await self._client.query(prompt)
        async for message in self._client.receive_response():
            answer.take(message)
        return answer

    async def _may(
        self, name: str, value: dict[str, Any], _: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        if self.steer:
            await self._client.query(self.steer)
            self.steer = None
        return self.gate(name, value)


@pytest.fixture
def claude(model: Model, tmp_path: Path) -> Claude:
    return Claude(model, tmp_path)


def test_claude_streams_text_and_thoughts_word_by_word(claude: Claude) -> None:
    (answer,) = claude("!say one two\n!think let me see\n!say three")
    assert answer.said == ["Practice: a scripted answer, not AI.\n\none two", "three"]
    texts = [delta["text"] for delta in answer.deltas if delta["type"] == "text_delta"]
    assert texts[-3:] == ["\n\none ", "two", "three"]
    thoughts = [delta["thinking"] for delta in answer.deltas if delta["type"] == "thinking_delta"]
    assert thoughts == ["let ", "me ", "see"]
    assert answer.end is not None
    assert answer.end.usage is not None
    assert (answer.end.usage["input_tokens"], answer.end.usage["output_tokens"]) == (9, 12)


def test_free_text_is_not_pretended_to_be_understood(claude: Claude) -> None:
    (answer,) = claude("Please fix my code!")
    assert answer.text.startswith("I am a script; I did not read your message.\n\n")
    assert "\n- `!bash CMD`" in answer.text


def test_a_wrong_step_is_named_and_nothing_is_done(claude: Claude) -> None:
    (answer,) = claude("!write a.txt x\n!dance")
    assert "line 2, `!dance`: there is no step `!dance`" in answer.text
    assert list(claude.folder.iterdir()) == []


def test_claude_runs_commands_and_writes_files_in_its_directory(claude: Claude) -> None:
    (answer,) = claude("!bash echo he''llo > made; cat made\n!write a.txt one\\ntwo\n!write a.txt three\n!say end")
    assert answer.results[0].content == "hello"
    assert (claude.folder / "a.txt").read_text() == "three"
    assert answer.said == ["Practice: a scripted answer, not AI.", "end"]


def test_a_file_that_claude_has_not_read_is_read_before_it_is_overwritten(claude: Claude) -> None:
    claude.folder.mkdir()
    (claude.folder / "old.txt").write_text("before")
    (answer,) = claude("!write old.txt after\n!say end")
    assert (claude.folder / "old.txt").read_text() == "after"
    assert answer.said == ["Practice: a scripted answer, not AI.", "end"]


def test_a_resumed_conversation_counts_its_own_steps(claude: Claude) -> None:
    (first,) = claude("!bash touch one\n!bash touch two\n!say first")
    second, third = claude("!bash touch three\n!say second", "!bash touch four\n!say third", resume=first.session)
    assert second.said == ["Practice: a scripted answer, not AI. (message 2 of this conversation)", "second"]
    assert third.said == ["Practice: a scripted answer, not AI. (message 3 of this conversation)", "third"]
    assert [len(answer.results) for answer in (first, second, third)] == [2, 1, 1]
    assert {path.name for path in claude.folder.iterdir()} == {"one", "two", "three", "four"}


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 529])
def test_an_error_status_reaches_the_user_and_the_next_message_works(claude: Claude, status: int) -> None:
    failed, worked = claude(f"!error {status} so it is written", "!say on")
    assert failed.failed
    assert str(status) in failed.text
    assert f"Scripted error: {status} so it is written" in failed.text
    assert not worked.failed
    assert worked.text.endswith("on")


def test_an_error_or_a_break_in_mid_stream_fails_the_turn(claude: Claude) -> None:
    error, broken, worked = claude("!say up\n!error 529\n!say no", "!say up\n!break\n!say no", "!say on")
    assert error.failed
    assert "529 Scripted error" in error.text
    assert broken.failed
    assert "ECONNRESET" in broken.text
    assert worked.text.endswith("on")


def test_what_was_denied_is_said_with_the_reason_and_the_script_goes_on(claude: Claude) -> None:
    claude.gate = lambda name, value: PermissionResultDeny(message="not on a Monday")
    (answer,) = claude("!write a.txt x\n!say end")
    assert answer.said[-1] == "That was not allowed: not on a Monday\n\nend"
    assert list(claude.folder.iterdir()) == []


def test_a_failed_command_is_no_denial_and_an_unknown_tool_is_named(claude: Claude) -> None:
    (answer,) = claude('!bash exit 3\n!tool Nope {"a": 1}\n!say end')
    assert answer.said[1:] == ["That failed: Error: No such tool available: Nope\n\nend"]


def test_a_question_is_asked_and_its_answer_said(claude: Claude) -> None:
    def choose(name: str, value: dict[str, Any]) -> PermissionResultAllow:
        (question,) = value["questions"]
        labels = [option["label"] for option in question["options"]]
        return PermissionResultAllow(updated_input={**value, "answers": {question["question"]: labels[1]}})

    claude.gate = choose
    (answer,) = claude("!ask Which way? | Left | Right\n!ask May I?\n!say end")
    assert answer.said[1:] == ["You chose Right.", "You chose No.\n\nend"]


def test_what_the_user_says_in_mid_run_is_said_back_and_no_step_is_lost(claude: Claude) -> None:
    claude.steer = "Use tabs.\n\nAlways."
    (answer,) = claude("!bash touch one\n!bash touch two\n!say end")
    assert answer.said[1:] == ["You said meanwhile: Use tabs.\n\nAlways.", "end"]
    assert {path.name for path in claude.folder.iterdir()} == {"one", "two"}


def test_after_an_interrupt_the_next_message_is_the_script(claude: Claude) -> None:
    async def story() -> Answer:
        answers = [Answer(), Answer()]
        async with ClaudeSDKClient(options) as client:
            await client.query("!bash touch up; while :; do command sleep 0.1; done\n!say no")
            while not (claude.folder / "up").exists():
                await asyncio.sleep(0.02)
            await client.interrupt()
            async for message in client.receive_response():
                answers[0].take(message)
            await client.query("!bash touch next\n!say end")
            async for message in client.receive_response():
                answers[1].take(message)
        assert answers[0].failed
        return answers[1]

    async def may(*_: Any) -> PermissionResultAllow:
        return PermissionResultAllow()

    claude.folder.mkdir()
    options = ClaudeAgentOptions(
        cwd=claude.folder, env=claude.model.environment(claude.home), setting_sources=[], can_use_tool=may
    )
    answer = asyncio.run(story())
    assert answer.said == ["Practice: a scripted answer, not AI. (message 2 of this conversation)", "end"]
    assert (claude.folder / "next").exists()


def asked(model: Model, prompt: str, key: str | None = None, **more: Any) -> httpx.Response:
    body = {"model": "x", "max_tokens": 9, "messages": [{"role": "user", "content": prompt}], "tools": TOOLS, **more}
    headers = {"x-api-key": model.key if key is None else key}
    return httpx.post(f"{model.url}/v1/messages", json=body, headers=headers, timeout=30)


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "wrong"}, {"x-api-key": "é".encode()}, {"authorization": "Bearer wrong"}]
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/v1/models", "/none"])
def test_nothing_is_answered_without_the_key(model: Model, headers: dict[str, Any], path: str) -> None:
    answer = httpx.post(model.url + path, json={}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert model.requests == []


def test_the_key_is_taken_from_either_header_and_never_logged(model: Model) -> None:
    bearer = httpx.post(
        f"{model.url}/v1/messages?beta=true",
        json={"messages": [{"role": "user", "content": "!say hi"}]},
        headers={"authorization": f"bearer {model.key}"},
    )
    assert bearer.status_code == 200
    assert asked(model, "!say hi").status_code == 200
    assert [request["path"] for request in model.requests] == ["/v1/messages?beta=true", "/v1/messages"]
    assert model.key not in model.log.read_text()
    assert stat.S_IMODE(model.log.stat().st_mode) == 0o600


def test_a_whole_message_says_what_a_stream_says(model: Model) -> None:
    whole = asked(model, "!think hm\n!say a b\n!bash ls").json()
    streamed = asked(model, "!think hm\n!say a b\n!bash ls", stream=True).text
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: ")]
    types = [event["type"] for event in events]
    assert types.count("content_block_start") == types.count("content_block_stop") == len(whole["content"]) == 4
    assert types[-2:] == ["message_delta", "message_stop"]
    assert events[-2]["usage"] == whole["usage"]
    assert events[-2]["delta"]["stop_reason"] == whole["stop_reason"] == "tool_use"
    assert whole["content"][-1]["input"]["command"] == "ls"


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"messages": []}', '{"messages": [1]}', '{"messages": "x"}'])
def test_what_is_no_request_is_refused_as_such(model: Model, body: str) -> None:
    answer = httpx.post(f"{model.url}/v1/messages", content=body, headers={"x-api-key": model.key})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_what_clients_look_up_is_there(model: Model) -> None:
    headers = {"x-api-key": model.key}
    assert httpx.head(model.url, headers=headers).status_code == 200
    (only,) = httpx.get(f"{model.url}/v1/models", headers=headers).json()["data"]
    assert "scripted, not AI" in only["display_name"]
    counted = httpx.post(
        f"{model.url}/v1/messages/count_tokens",
        json={"messages": [{"role": "user", "content": "one two"}]},
        headers=headers,
    )
    assert counted.json()["input_tokens"] > 0
    assert httpx.get(f"{model.url}/none", headers=headers).json()["error"]["type"] == "not_found_error"


def test_what_an_agent_asks_for_itself_is_answered_without_the_script(model: Model) -> None:
    answer = asked(model, "Write a title for:\n!error 500", tools=[])
    assert [block["text"] for block in answer.json()["content"]] == ["Practice: a scripted answer, not AI."]


def test_a_step_that_a_model_cannot_do_is_said(model: Model) -> None:
    said = asked(model, "!detach 5\n!say on").json()["content"][0]["text"]
    assert said.endswith("A model cannot do `!detach`; this step was passed over.\n\non")


def test_only_this_computer_is_served(model: Model) -> None:
    listening = [one.laddr for one in psutil.Process(model.process.pid).net_connections() if one.status == "LISTEN"]
    assert [address.ip for address in listening] == ["127.0.0.1"]


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
def test_it_ends_on_request_whatever_it_does(model: Model, how: str) -> None:
    headers = {"x-api-key": model.key}
    body = {"messages": [{"role": "user", "content": "!say up\n!hang"}], "tools": TOOLS, "stream": True}
    with httpx.stream("POST", f"{model.url}/v1/messages", json=body, headers=headers, timeout=30) as answer:
        assert "message_start" in next(answer.iter_text())
        if how == "SIGTERM":
            model.process.send_signal(signal.SIGTERM)
        else:
            assert model.process.stdin is not None
            model.process.stdin.close()
        assert model.process.wait(20) == 0
