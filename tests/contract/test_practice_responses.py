"""The practice model over OpenAI's Responses API: the real process, asked by plain HTTP and by the real Codex."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.model import Model, running_model
from wegent_jupyter.executor.agents.codex_binary import bundled

PREFACE = "Practice: a scripted answer, not AI."
EXEC = {"type": "function", "name": "exec_command", "parameters": {"type": "object"}}
PATCH = {"type": "custom", "name": "apply_patch", "format": {"type": "text"}}
SECONDS = 60


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with running_model() as found:
        yield found


def asked(model: Model, prompt: Any, **more: Any) -> httpx.Response:
    body = {"model": "gpt-5.5", "input": prompt, "tools": [EXEC, PATCH], **more}
    headers = {"authorization": f"Bearer {model.key}"}
    return httpx.post(f"{model.url}/v1/responses", json=body, headers=headers, timeout=SECONDS)


def streamed(model: Model, prompt: str) -> list[dict[str, Any]]:
    answer = asked(model, prompt, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [dict(line.split(": ", 1) for line in block.splitlines()) for block in answer.text.strip().split("\n\n")]
    bodies = [json.loads(event["data"]) for event in events]
    assert [event["event"] for event in events] == [body["type"] for body in bodies]
    assert [body["sequence_number"] for body in bodies] == list(range(len(bodies)))
    return bodies


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Return what the events are, without repetitions of deltas."""
    found = [event["type"].removeprefix("response.") for event in events]
    return [kind for before, kind in zip([None, *found], found, strict=False) if kind != before]


TEXT = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]
THOUGHT = [
    "output_item.added",
    "reasoning_summary_part.added",
    "reasoning_summary_text.delta",
    "reasoning_summary_text.done",
    "reasoning_summary_part.done",
    "output_item.done",
]


def call(field: str) -> list[str]:
    return ["output_item.added", f"{field}.delta", f"{field}.done", "output_item.done"]


@pytest.mark.parametrize(
    ("script", "items"),
    [
        ("!say one two", TEXT),
        ("!think one two\n!say three", TEXT + THOUGHT + TEXT),
        ("!bash ls\n!say no", TEXT + call("function_call_arguments")),
        ("!write a x\n!say no", TEXT + call("custom_tool_call_input")),
    ],
)
def test_a_stream_has_the_events_that_clients_wait_for_in_their_order(
    model: Model, script: str, items: list[str]
) -> None:
    assert kinds(streamed(model, script)) == ["created", "in_progress", *items, "completed"]


def test_texts_and_thoughts_come_word_by_word_and_add_up(model: Model) -> None:
    events = streamed(model, "!think let me\n!say one two")
    deltas = {
        kind: [event["delta"] for event in events if event["type"] == f"response.{kind}.delta"]
        for kind in ("reasoning_summary_text", "output_text")
    }
    assert deltas["reasoning_summary_text"] == ["let ", "me"]
    assert deltas["output_text"][-2:] == ["one ", "two"]
    done = [event["text"] for event in events if event["type"].endswith("_text.done")]
    assert done == [PREFACE, "let me", "one two"]


def test_what_is_announced_is_what_is_done(model: Model) -> None:
    events = streamed(model, "!say a\n!bash ls")
    final = events[-1]["response"]
    assert [event["item"] for event in events if event["type"] == "response.output_item.done"] == final["output"]
    ids = [event["item"]["id"] for event in events if event["type"] == "response.output_item.added"]
    assert ids == [item["id"] for item in final["output"]]
    assert {event["output_index"] for event in events if "delta" in event} == {0, 1}
    (text, run) = final["output"]
    assert text["content"] == [{"type": "output_text", "text": f"{PREFACE}\n\na", "annotations": []}]
    assert (run["type"], run["name"], json.loads(run["arguments"])["cmd"]) == ("function_call", "exec_command", "ls")


def test_a_whole_response_says_what_a_stream_says_and_counts_words(model: Model) -> None:
    whole = asked(model, "!say a b").json()
    assert (whole["object"], whole["status"], whole["error"], whole["model"]) == (
        "response",
        "completed",
        None,
        "gpt-5.5",
    )
    assert whole["output"][0]["content"][0]["text"] == f"{PREFACE}\n\na b"
    usage = whole["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 8, 11)
    assert streamed(model, "!say a b")[-1]["response"]["usage"] == usage


def test_a_conversation_is_followed_call_by_call(model: Model) -> None:
    told: list[dict[str, Any]] = [{"role": "user", "content": "!bash a\n!write b x\n!say end"}]
    names = []
    while (last := asked(model, told).json()["output"])[-1]["type"] != "message":
        run = last[-1]
        names.append(run["name"])
        told += [*last, {"type": f"{run['type']}_output", "call_id": run["call_id"], "output": "Success."}]
    assert names == ["exec_command", "apply_patch"]
    assert last[-1]["content"][0]["text"] == "end"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer"}])
def test_nothing_is_answered_without_the_key(model: Model, headers: dict[str, str]) -> None:
    before = len(model.requests)
    answer = httpx.post(f"{model.url}/v1/responses", json={"input": "!say hi"}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert len(model.requests) == before


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"input": []}', '{"input": [1]}', '{"input": 1}'])
def test_what_is_no_request_is_refused_as_such(model: Model, body: str) -> None:
    headers = {"authorization": f"Bearer {model.key}"}
    answer = httpx.post(f"{model.url}/v1/responses", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("status", "code"), [(400, "invalid_prompt"), (429, "rate_limit_exceeded"), (500, "server_error")]
)
def test_an_error_has_its_status_or_ends_the_stream(model: Model, status: int, code: str) -> None:
    alone = asked(model, f"!error {status} so it is written", stream=True)
    assert alone.status_code == status
    assert alone.json()["error"]["message"] == f"Scripted error: {status} so it is written"
    assert alone.json()["error"]["code"] == code
    last = streamed(model, f"!say up\n!error {status}")[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"] == {"code": code, "message": f"Scripted error: {status}"}


def test_a_broken_stream_is_seen_as_broken(model: Model) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        asked(model, "!say up\n!break", stream=True)


def test_the_only_model_is_listed_for_either_kind_of_client(model: Model) -> None:
    answer = httpx.get(f"{model.url}/v1/models", headers={"authorization": f"Bearer {model.key}"}).json()
    (only,) = answer["data"]
    assert (answer["object"], only["object"], only["id"]) == ("list", "model", "practice")


class Codex:
    """The real Codex, asking the model; what it keeps and works on is below `home`."""

    def __init__(self, model: Model, home: Path) -> None:
        self.model, self.home, self.folder = model, home, home / "work"
        self.folder.mkdir()

    def __call__(self, prompt: str, *more: str) -> list[dict[str, Any]]:
        """Run `codex exec` and return what it tells."""
        provider = f'name="p",base_url="{self.model.url}/v1",wire_api="responses",env_key="PRACTICE_KEY"'
        settings = {
            "model": '"gpt-5.5"',
            "model_provider": '"p"',
            "model_providers.p": f"{{{provider},request_max_retries=0,stream_max_retries=0}}",
            "features.plugins": "false",
            "analytics.enabled": "false",
            "check_for_update_on_startup": "false",
        }
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        argv = [str(bundled()), "exec", *more, "--json", "--skip-git-repo-check"]
        argv += ["--dangerously-bypass-approvals-and-sandbox", *given, prompt]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home / ".codex"),
            "PRACTICE_KEY": self.model.key,
            "NO_PROXY": "127.0.0.1",
        }
        (self.home / ".codex").mkdir(exist_ok=True)
        done = subprocess.run(
            argv, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def codex(model: Model, tmp_path: Path) -> Codex:
    if bundled() is None:
        pytest.skip("openai-codex-cli-bin is not installed")
    return Codex(model, tmp_path)


def items(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["item"] for event in events if event["type"] == "item.completed"]


def test_codex_shows_texts_thoughts_commands_and_patches(codex: Codex) -> None:
    told = codex("!think let me see\n!bash echo he''llo; exit 3\n!write a.txt one\\ntwo\n!write a.txt three\n!say end")
    thought, command, first, second, end = items(told)[1:]
    assert (thought["type"], thought["text"]) == ("reasoning", "let me see")
    assert (command["type"], command["aggregated_output"], command["exit_code"]) == ("command_execution", "hello\n", 3)
    assert (first["type"], first["status"]) == (second["type"], second["status"]) == ("file_change", "completed")
    assert (codex.folder / "a.txt").read_text() == "three\n"
    assert end["text"] == "end"
    assert told[-1]["type"] == "turn.completed"
    assert told[-1]["usage"]["output_tokens"] > 0


def test_codex_goes_on_with_a_conversation_and_counts_its_own_steps(codex: Codex) -> None:
    began = codex("!bash touch one\n!say first")[0]["thread_id"]
    told = codex("!bash touch two\n!say second", "resume", began)
    assert [item["text"] for item in items(told) if item["type"] == "agent_message"] == [
        f"{PREFACE} (message 2 of this conversation)",
        "second",
    ]
    assert {path.name for path in codex.folder.iterdir()} == {"one", "two"}


def test_codex_says_what_failed(codex: Codex) -> None:
    told = codex('!tool Nope {"a": 1}\n!ask Well? | A | B\n!error 400 so it is written')
    texts = [item["text"] for item in items(told) if item["type"] == "agent_message"]
    assert texts == [PREFACE, "That failed: unsupported call: Nope"]
    assert told[-1]["type"] == "turn.failed"
    assert "Scripted error: 400 so it is written" in told[-1]["error"]["message"]
