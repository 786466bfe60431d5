"""`jupyter wegent models`, and tasks whose model a provider has, typed as a user types them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.model import Model, running_model
from tests.support.server import JupyterServer, free_port
from tests.support.shell import Ran, Terminal, wegent

KEY = "sk-canary-of-a-key-4711"
HERE = "This computer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    running = JupyterServer(tmp_path_factory.mktemp("models")).start()
    yield running
    running.stop()
    running.end_executor()


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """Share the practice model, which is a provider of both kinds."""
    with running_model() as running:
        yield running


@pytest.fixture(autouse=True)
def no_provider_is_left(server: JupyterServer) -> Iterator[None]:
    yield
    for one in server.get("/models/providers").json()["items"]:
        assert server.request("DELETE", f"/models/providers/{one['id']}").status_code == 200


def done(ran: Ran, status: int = 0) -> str:
    assert ran.status == status, (ran.out, ran.err)
    assert "Traceback" not in ran.err
    return ran.out


def add(server: JupyterServer, name: str, *arguments: str, key: str = KEY) -> None:
    """Add a provider with a key from a pipe."""
    done(wegent(server, "models", "add", name, *arguments, text=f"{key}\n"))


def practice(model: Model, kind: str) -> list[str]:
    """Return how the practice model is added as a provider."""
    url = model.url if kind == "anthropic" else f"{model.url}/v1"
    return ["--kind", kind, "--base-url", url, "--model", "scripted", "--model", "gpt-5.5"]


def provider(server: JupyterServer, name: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = server.get("/models/providers").json()["items"]
    return next(one for one in items if one["name"] == name)


def test_models_and_providers_are_tables_for_people_and_json_for_programs(server: JupyterServer) -> None:
    assert "No models yet" in wegent(server, "models").err
    assert "No providers yet" in wegent(server, "models", "providers").err
    add(server, "work", "--kind", "anthropic", "--model", "big", "--model", "vendor/small", "--default", "big")
    made = wegent(server, "models", "add", "plan", "--kind", "openai", "--model", "gpt-5.5", "--no-key")
    assert "jupyter wegent run --model plan/gpt-5.5" in done(made)
    head, *rows = done(wegent(server, "models")).splitlines()
    assert head.split() == ["MODEL", "AGENT", "DEFAULT", "WHO", "PAYS"]
    assert [re.split(r"  +", row) for row in rows] == [
        ["plan/gpt-5.5", "Codex", "the agent's own login"],
        ["work/big", "Claude Code", "yes", "the provider work"],
        ["work/vendor/small", "Claude Code", "the provider work"],
    ]
    listed = json.loads(done(wegent(server, "models", "list", "--json")))
    assert [one["model"] for one in listed] == ["plan/gpt-5.5", "work/big", "work/vendor/small"]
    said = done(wegent(server, "models", "providers"))
    assert "https://api.anthropic.com (the vendor's own)" in said
    assert provider(server, "work")["has_key"]
    assert not provider(server, "plan")["has_key"]


def test_a_key_goes_in_by_a_pipe_and_is_never_seen_again(server: JupyterServer) -> None:
    ran = wegent(server, "models", "add", "work", "--kind", "openai", "--model", "gpt-5.5", text=f"{KEY}\n")
    every = done(ran) + ran.err
    for arguments in ([], ["--json"], ["providers"], ["providers", "--json"]):
        every += done(wegent(server, "models", *arguments))
    assert "work/gpt-5.5" in every
    assert KEY not in every
    assert KEY not in server.log
    stored = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert b"gpt-5.5" in stored
    assert KEY.encode() not in stored


def test_a_key_that_is_typed_is_not_shown(server: JupyterServer) -> None:
    arguments = ["models", "add", "work", "--kind", "openai", "--model", "gpt-5.5"]
    with Terminal(server, *arguments) as terminal:
        terminal.see("Enter for none (it is not shown): ")
        terminal.type(f"{KEY}\r")
        assert terminal.end() == 0
        assert "work is added" in terminal.said
        assert KEY not in terminal.said
    assert provider(server, "work")["has_key"]


@pytest.mark.parametrize(("kind", "agent"), [("anthropic", "claude"), ("openai", "codex")])
def test_a_run_names_a_model_and_the_agent_that_fits_asks_that_provider(
    server: JupyterServer, model: Model, tmp_path: Path, kind: str, agent: str
) -> None:
    server.agent_ready(agent)
    add(server, "lab", *practice(model, kind), key=model.key)
    before = len(model.requests)
    ran = wegent(server, "run", "--model", "lab/gpt-5.5", "--mode", "full", "!write made.txt hi", cwd=tmp_path)
    done(ran)
    assert (tmp_path / "made.txt").read_text().strip() == "hi"
    asked = [one["body"]["model"] for one in model.requests[before:] if "model" in one["body"]]
    assert "gpt-5.5" in asked
    task = re.search(r"task (\d+)", ran.err)
    assert task is not None
    found = server.get(f"/tasks/{task[1]}").json()
    assert (found["agent"], found["model"]) == (agent, "lab/gpt-5.5")


def test_a_follow_up_can_name_another_model(server: JupyterServer, model: Model, tmp_path: Path) -> None:
    server.agent_ready("codex")
    add(server, "lab", *practice(model, "openai"), key=model.key)
    first = wegent(server, "run", "--agent", "codex", "--model", "lab/gpt-5.5", "!say one", cwd=tmp_path)
    done(first)
    task = re.search(r"task (\d+)", first.err)
    assert task is not None
    before = len(model.requests)
    done(wegent(server, "run", "--task", task[1], "--model", "lab/scripted", "!say two", cwd=tmp_path))
    asked = [one["body"]["model"] for one in model.requests[before:] if "model" in one["body"]]
    assert "scripted" in asked


def test_a_model_that_is_not_there_or_does_not_fit_is_refused_with_what_is(server: JupyterServer) -> None:
    add(server, "lab", "--kind", "openai", "--model", "gpt-5.5")
    ran = wegent(server, "run", "--model", "lab/other", "!say hi")
    done(ran, 2)
    assert "Models: lab/gpt-5.5, practice" in ran.err
    ran = wegent(server, "run", "--agent", "claude", "--model", "lab/gpt-5.5", "!say hi")
    done(ran, 2)
    assert "What to do: " in ran.err
    ran = wegent(server, "run", "--agent", "practice", "--model", "lab/gpt-5.5", "!say hi")
    done(ran, 2)
    assert "lab/gpt-5.5" in ran.err


def test_a_provider_is_tried_from_a_device(server: JupyterServer, model: Model) -> None:
    add(server, "lab", *practice(model, "openai"), key=model.key)
    assert f"✓ From {HERE}: " in done(wegent(server, "models", "test", "lab"))
    add(server, "wrong", *practice(model, "openai"), key="another")
    ran = wegent(server, "models", "test", "wrong", "--device", HERE)
    done(ran, 1)
    assert f"✕ From {HERE}: " in ran.err
    assert "What to do: " in ran.err
    result = json.loads(done(wegent(server, "models", "test", "wrong", "--json"), 1))
    assert result["ok"] is False
    assert "another" not in ran.err + json.dumps(result)


def test_a_new_provider_is_added_only_if_it_works(server: JupyterServer, model: Model) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    nobody = ["--kind", "anthropic", "--base-url", url, "--model", "big", "--test", HERE]
    ran = wegent(server, "models", "add", "nobody", *nobody, text=KEY)
    done(ran, 1)
    assert f"✕ From {HERE}: " in ran.err
    assert "No providers yet" in wegent(server, "models", "providers").err
    made = ["--kind", "anthropic", "--base-url", model.url, "--model", "big", "--test", HERE]
    assert "lab is added" in done(wegent(server, "models", "add", "lab", *made, text=model.key))


def test_a_new_address_wants_the_key_again_and_the_rest_stays(server: JupyterServer, model: Model) -> None:
    add(server, "lab", "--kind", "openai", "--base-url", "https://llm.example.com/v1", "--model", "gpt-5.5")
    ran = wegent(server, "models", "edit", "lab", "--base-url", f"{model.url}/v1")
    done(ran, 2)
    assert "No key was given" in ran.err
    assert provider(server, "lab")["base_url"] == "https://llm.example.com/v1"
    done(wegent(server, "models", "edit", "lab", "--base-url", f"{model.url}/v1", text=model.key))
    changed = provider(server, "lab")
    assert (changed["base_url"], changed["models"], changed["has_key"]) == (f"{model.url}/v1", ["gpt-5.5"], True)
    assert "✓" in done(wegent(server, "models", "test", "lab"))
    done(wegent(server, "models", "edit", "lab", "--no-key"))
    assert not provider(server, "lab")["has_key"]


def test_one_provider_of_a_kind_has_the_default(server: JupyterServer) -> None:
    for name in ("one", "two"):
        add(server, name, "--kind", "openai", "--model", "gpt-5.5", "--default", "gpt-5.5")
    assert [provider(server, name)["default_model"] for name in ("one", "two")] == [None, "gpt-5.5"]
    done(wegent(server, "models", "edit", "two", "--no-default"))
    assert provider(server, "two")["default_model"] is None


def test_a_provider_is_removed_after_a_yes(server: JupyterServer) -> None:
    add(server, "work", "--kind", "openai", "--model", "gpt-5.5")
    ran = wegent(server, "models", "remove", "work")
    done(ran, 2)
    assert "--yes" in ran.err
    for answer, status in (("n", 130), ("y", 0)):
        with Terminal(server, "models", "remove", "work") as terminal:
            terminal.see("[y/N] ")
            terminal.type(f"{answer}\r")
            assert terminal.end() == status
    assert json.loads(done(wegent(server, "models", "providers", "--json"))) == []


NEW = ["models", "add", "work", "--kind", "openai"]


@pytest.mark.parametrize(
    ("arguments", "key", "says"),
    [
        (NEW, "", "Give --model"),
        (["models", "add", "Work!", "--kind", "openai", "--model", "m"], "", "small letters"),
        ([*NEW, "--model", "m", "--base-url", "ftp://example.com"], "", "http or https"),
        ([*NEW, "--model", "m", "--base-url", "https://me:pw@example.com"], "", "does not belong into the address"),
        ([*NEW, "--model", "m", "--default", "other"], "", "none of the models"),
        ([*NEW, "--model", "m"], "two words", "without spaces"),
        ([*NEW, "--model", "m"], "x" * 8193, "too long"),
        (["models", "edit", "work", "--default", "m"], "", "unknown"),
        (["models", "edit", "work"], "", "What?"),
        (["models", "remove", "work", "--yes"], "", "unknown"),
        (["models", "test", "work"], "", "unknown"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_added(
    server: JupyterServer, arguments: list[str], key: str, says: str
) -> None:
    ran = wegent(server, *arguments, text=key)
    done(ran, 2)
    assert says in ran.err
    assert server.get("/models/providers").json()["items"] == []


def test_a_lost_key_file_is_named_by_the_list_the_doctor_and_the_run(server: JupyterServer, tmp_path: Path) -> None:
    server.agent_ready("codex")
    add(server, "work", "--kind", "openai", "--base-url", "http://127.0.0.1:9/v1", "--model", "gpt-5.5")
    [file] = server.data.glob("vault.key")
    kept = file.rename(tmp_path / "kept")
    try:
        assert "key file" in provider(server, "work")["problem"]
        checks = {one["name"]: one for one in json.loads(wegent(server, "doctor", "--json").out)}
        assert checks["provider work"]["status"] == "warning"
        ran = wegent(server, "run", "--model", "work/gpt-5.5", "!say hi", cwd=tmp_path)
        done(ran, 1)
        assert "key file" in ran.err
    finally:
        kept.rename(file)
    assert provider(server, "work")["problem"] is None
