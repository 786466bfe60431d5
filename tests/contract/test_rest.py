"""The REST API as its users meet it: what it answers, and what it says about input that is not right."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from tornado.web import RequestHandler

from tests.support.server import JupyterServer
from tests.support.terminal import open_terminal
from wegent_jupyter.protocol import api
from wegent_jupyter.server import openapi, rest
from wegent_jupyter.server.handler import Handler

Json = dict[str, Any]
MIB = 1 << 20
NEW: Json = {"prompt": "!say hi", "agent": "practice"}
COMMIT = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "--allow-empty", "-m", "first"]
UNKNOWN = 4_503_599_627_370_497


def problem(answer: httpx.Response, status: int, code: str) -> Json:
    """Check that an answer is a Problem and return it."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json"), answer.text[:500]
    found: Json = answer.json()
    assert set(found) == {"detail", "message", "code", "fix"}
    assert found["code"] == code, found
    assert found["message"]
    # Nothing that only a log should hold.
    assert not re.search(r"Traceback|File \"|\.py\b|sqlalchemy|pydantic|tornado", answer.text), answer.text
    return found


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server whose operator allows little, with an agent that is not installed and one that is not allowed."""
    home = tmp_path_factory.mktemp("strict")
    executor = home / "data" / "wegent" / "executor"
    executor.mkdir(parents=True)
    agents = {
        "ghost": {"name": "Ghost", "command": ["no-such-program"], "fix": "pip install ghost"},
        "hidden": {"command": ["sh"]},
    }
    (executor / "device-config.json").write_text(json.dumps({"agents": agents}))
    allowed = [f"--WegentApp.allowed_agents={agent}" for agent in ("practice", "ghost")]
    server = JupyterServer(home, options=["--WegentApp.allow_full_access=False", *allowed]).start()
    yield server
    server.stop()
    server.end_executor()


# What does not exist.


def test_a_name_is_measured_as_it_is_and_not_as_an_address_writes_it(server: JupyterServer) -> None:
    assert "Device '架" in problem(server.get(f"/devices/{'架' * 100}"), 404, "not_found")["message"]
    assert "Device '\N{GRINNING FACE}" in server.get(f"/devices/{chr(0x1F600) * 100}/queue").json()["message"]
    assert "Device" not in problem(server.get(f"/devices/{'架' * 101}"), 404, "not_found")["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tasks/{id}"),
        ("GET", "/tasks/{id}/events"),
        ("POST", "/tasks/{id}/turns"),
        ("POST", "/tasks/{id}/cancel"),
        ("GET", "/nothing"),
        ("DELETE", "/tasks/nothing/at/all"),
        ("GET", "/"),
        ("GET", "/agents?device_id=nobody"),
    ],
)
def test_what_does_not_exist_is_404(server: JupyterServer, method: str, path: str) -> None:
    body = {"prompt": "x"} if path.endswith("turns") else {}
    answer = server.request(method, path.format(id=UNKNOWN), json=None if method == "GET" else body)
    assert "not found" in problem(answer, 404, "not_found")["message"]


@pytest.mark.parametrize("id_", ["0", "-1", "01", "1.0", "1e3", "abc", "%31%00", str(10**16), str(1 << 63), "9" * 500])
def test_an_id_that_cannot_be_one_is_404(server: JupyterServer, id_: str) -> None:
    for method, end in (("GET", ""), ("GET", "/events"), ("POST", "/turns"), ("POST", "/cancel")):
        problem(server.request(method, f"/tasks/{id_}{end}"), 404, "not_found")


def test_a_new_task_for_an_unknown_device_is_404(server: JupyterServer) -> None:
    answer = server.post("/tasks", {**NEW, "device_id": "nobody"})
    assert "'nobody'" in problem(answer, 404, "not_found")["message"]


@pytest.mark.parametrize(("method", "path"), [("PUT", "/tasks"), ("DELETE", "/tasks/1"), ("HEAD", "/version")])
def test_a_method_that_a_route_does_not_have_is_405(server: JupyterServer, method: str, path: str) -> None:
    answer = server.request(method, path)
    assert answer.status_code == 405
    if method != "HEAD":
        problem(answer, 405, "http_405")


# Bodies.


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": ["x"]}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \t\n\u3000 "}, "prompt"),
        ({"agent": None}, "agent"),
        ({"agent": ""}, "agent"),
        ({"agent": "x" * 65}, "agent"),
        ({"mode": "root"}, "mode"),
        ({"mode": None}, "mode"),
        ({"device_id": 7}, "device_id"),
        ({"title": "x" * 201}, "title"),
        ({"workspace": "/tmp"}, "workspace"),
        ({"workspace": {"path": ""}}, "workspace.path"),
        ({"workspace": {"path": "/" + "x" * 4096}}, "workspace.path"),
        ({"workspace": {"path": 7}}, "workspace.path"),
        ({"workspace": {"directory": "/tmp"}}, "workspace.directory"),
        ({"owner": "somebody else"}, "owner"),
        ({"trust": True}, "trust"),
    ],
    ids=repr,
)
def test_a_wrong_field_is_422_and_named(server: JupyterServer, fields: Json, place: str) -> None:
    found = problem(server.post("/tasks", {**NEW, **fields}), 422, "invalid")
    assert found["message"].startswith(f"{place}: ")
    assert [".".join(error["loc"]) for error in found["detail"]] == [f"body.{place}"]
    assert set(found["detail"][0]) == {"loc", "msg", "type"}


@pytest.mark.parametrize("missing", ["prompt", "agent"])
def test_a_missing_field_is_422_and_named(server: JupyterServer, missing: str) -> None:
    body = {name: value for name, value in NEW.items() if name != missing}
    assert problem(server.post("/tasks", body), 422, "invalid")["message"] == f"{missing}: Field required"


def test_every_wrong_field_is_named_at_once(server: JupyterServer) -> None:
    found = problem(server.post("/tasks", {"prompt": 1, "mode": "x", "more": 1}), 422, "invalid")
    assert {error["loc"][-1] for error in found["detail"]} == {"prompt", "agent", "mode", "more"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"\xff\xfe",
        b'{"prompt": "\\ud800", "agent": "practice"}',
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("path", ["/tasks", "/tasks/{task}/turns"])
def test_a_body_that_is_no_object_is_422(server: JupyterServer, task: int, path: str, body: bytes) -> None:
    problem(server.request("POST", path.format(task=task), content=body), 422, "invalid")


@pytest.mark.parametrize(
    ("fields", "place"),
    [({"prompt": ""}, "prompt"), ({"mode": "root"}, "mode"), ({"agent": ""}, "agent"), ({"x": 1}, "x")],
)
def test_a_wrong_field_of_a_follow_up_is_422_and_named(
    server: JupyterServer, task: int, fields: Json, place: str
) -> None:
    answer = server.post(f"/tasks/{task}/turns", {"prompt": "!say more", **fields})
    assert problem(answer, 422, "invalid")["message"].startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("body", "place"), [({"turn_id": "x"}, "turn_id"), ({"turn_id": 1.5}, "turn_id"), ({"task": 1}, "task")]
)
def test_a_wrong_field_of_a_cancel_is_422_and_named(server: JupyterServer, task: int, body: Json, place: str) -> None:
    answer = server.post(f"/tasks/{task}/cancel", body)
    assert problem(answer, 422, "invalid")["message"].startswith(f"{place}: ")


@pytest.mark.parametrize("control", ["\x1c", "\x1d\x1e", "\x85\x1f"])
def test_a_prompt_of_control_characters_is_answered(server: JupyterServer, control: str) -> None:
    """Python and the validator do not agree on what is blank; either answer will do, a 500 will not."""
    answer = server.post("/tasks", {**NEW, "prompt": control})
    if answer.status_code == 422:
        problem(answer, 422, "invalid")
    else:
        assert answer.status_code == 201, answer.text
        assert server.finished(answer.json()["task"]["id"])["prompt"] == control


# Sizes.


def test_a_prompt_of_one_mebibyte_is_taken_however_it_is_written(server: JupyterServer) -> None:
    start = "!say kept\n"
    prompt = start + "\x01" * (MIB - len(start))
    escaped = json.dumps({**NEW, "prompt": prompt, "mode": "full"}).encode()
    assert len(escaped) > 6_000_000
    answer = server.request("POST", "/tasks", content=escaped)
    assert answer.status_code == 201, answer.text[:500]
    turn = server.finished(answer.json()["task"]["id"])
    assert (turn["state"], turn["prompt"] == prompt) == ("completed", True)


@pytest.mark.parametrize("prompt", ["x" * (MIB + 1), "é" * (MIB // 2 + 1)], ids=["letters", "bytes count"])
def test_a_larger_prompt_is_413(server: JupyterServer, task: int, prompt: str) -> None:
    for path, body in (("/tasks", {**NEW, "prompt": prompt}), (f"/tasks/{task}/turns", {"prompt": prompt})):
        found = problem(server.post(path, body), 413, "prompt_too_large")
        assert "1,048,576" in found["message"]
        assert "file" in found["fix"]


@pytest.mark.parametrize("size", [8 * MIB + 1, 64 * MIB])
@pytest.mark.parametrize("path", ["/tasks", "/tasks/{task}/turns", "/tasks/{task}/cancel"])
def test_a_body_over_eight_mebibytes_is_413(server: JupyterServer, task: int, path: str, size: int) -> None:
    problem(server.request("POST", path.format(task=task), content=b" " * size), 413, "body_too_large")


# Queries.


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "limit=1.5", "limit=1e3", "limit=%20", "limit=٣", "limit=" + "9" * 5000]
)
def test_a_number_that_is_none_is_400_and_named(server: JupyterServer, task: int, query: str) -> None:
    assert problem(server.get(f"/tasks?{query}"), 400, "invalid")["message"].startswith("'limit' has to be")
    query = query.replace("limit", "after_pos")
    answer = server.get(f"/tasks/{task}/events?{query}")
    assert problem(answer, 400, "invalid")["message"].startswith("'after_pos' has to be")


def test_a_query_that_is_no_text_is_400(server: JupyterServer) -> None:
    message = problem(server.get("/agents?device_id=%FF"), 400, "http_400")["message"]
    assert "device_id" in message
    assert "%s" not in message


def test_odd_but_harmless_queries_are_answered(server: JupyterServer, task: int) -> None:
    assert server.get("/tasks?limit=0").json()["items"] == []
    assert len(server.get("/tasks?limit=999999999999").json()["items"]) >= 1
    assert server.get("/tasks?before=zzz&limit=1").status_code == 200
    assert server.get("/tasks?before=%00'--").json()["items"] == []
    end = server.get(f"/tasks/{task}/events?after_pos={10**19}").json()
    assert (end["items"], end["last_pos"]) == ([], 1 << 53)


# Workspaces.


def read_only_directory() -> Path:
    """Return a directory in which not even root may write."""
    for path in (Path("/proc/sys"), Path("/System/Library")):
        if path.is_dir() and not os.access(path, os.W_OK):
            return path
    raise AssertionError("name a directory of this system in which nobody may write")


@pytest.fixture
def odd_places(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    return {
        "missing": str(tmp_path / "missing"),
        "file": str(tmp_path / "file"),
        "below a file": str(tmp_path / "file" / "x"),
        "loop": str(tmp_path / "loop"),
        "dangling": str(tmp_path / "dangling"),
        "read-only": str(read_only_directory()),
        "too long": str(tmp_path / ("x" * 300)),
    }


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing", "does not exist"),
        ("file", "is a file"),
        ("below a file", "cannot be used"),
        ("loop", "cannot be used"),
        ("dangling", "does not exist"),
        ("read-only", "is not writable"),
        ("too long", "cannot be used"),
        ("relative/path", "is not absolute"),
        (".", "is not absolute"),
        ("~nobody-at-all/x", "home"),
        ("/a/\0/b", "NUL"),
        ("$HOME", "is not absolute"),
    ],
)
def test_a_workspace_that_cannot_be_used_is_400_with_the_reason(
    server: JupyterServer, odd_places: dict[str, str], place: str, reason: str
) -> None:
    before = server.get("/tasks").json()["total"]
    answer = server.post("/tasks", {**NEW, "workspace": {"path": odd_places.get(place, place)}})
    assert reason in problem(answer, 400, "bad_workspace")["message"]
    assert server.get("/tasks").json()["total"] == before


def test_a_workspace_is_remembered_by_its_real_path(server: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    created = server.submit("!write here.txt hi", workspace={"path": f"{tmp_path}/link/../link"})
    assert created["task"]["workspace"] == str(tmp_path / "real")
    assert server.finished(created["task"]["id"])["state"] == "completed"
    assert (tmp_path / "real" / "here.txt").read_text() == "hi"
    home = server.submit("!say hi", workspace={"path": "~"})
    assert home["task"]["workspace"] == str(server.home)


def test_a_workspace_that_went_away_fails_the_next_turn_with_the_reason(server: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    task = server.submit("!say hi", workspace={"path": str(tmp_path / "gone")})["task"]["id"]
    server.finished(task)
    (tmp_path / "gone").rmdir()
    assert server.post(f"/tasks/{task}/turns", {"prompt": "!say again"}).status_code == 201
    turn = server.finished(task)
    assert (turn["state"], turn["error"]["code"]) == ("failed", "bad_workspace")
    assert "does not exist" in turn["error"]["message"]


# Agents and what the operator allows.


def test_an_unknown_agent_is_400_and_the_known_ones_are_named(server: JupyterServer) -> None:
    found = problem(server.post("/tasks", {**NEW, "agent": "nobody"}), 400, "agent_unknown")
    assert "'nobody'" in found["message"]
    assert "practice" in found["message"]


def test_an_agent_that_is_not_installed_is_400_at_once_with_the_command_that_installs_it(strict: JupyterServer) -> None:
    found = problem(strict.post("/tasks", {**NEW, "agent": "ghost"}), 400, "agent_missing")
    assert "no-such-program" in found["message"]
    assert found["fix"] == "pip install ghost"
    shown = {agent["id"]: agent for agent in strict.get("/agents").json()["items"]}["ghost"]
    assert (shown["ready"], shown["fix"]) == (False, "pip install ghost")


def test_only_allowed_agents_are_offered_and_run(strict: JupyterServer) -> None:
    assert [agent["id"] for agent in strict.get("/agents").json()["items"]] == ["practice", "ghost"]
    problem(strict.post("/tasks", {**NEW, "agent": "hidden"}), 400, "agent_unknown")


def test_full_access_that_the_operator_forbids_is_403(strict: JupyterServer) -> None:
    problem(strict.post("/tasks", {**NEW, "mode": "full"}), 403, "full_access_forbidden")
    task = strict.submit("!say hi", mode="edits")["task"]["id"]
    strict.finished(task)
    answer = strict.post(f"/tasks/{task}/turns", {"prompt": "!say hi", "mode": "full"})
    problem(answer, 403, "full_access_forbidden")
    detail = strict.get(f"/tasks/{task}").json()
    assert (detail["mode"], detail["turns"]) == ("edits", 1)


# Stop.


def test_there_is_nothing_to_stop_in_a_finished_task(server: JupyterServer, task: int) -> None:
    problem(server.post(f"/tasks/{task}/cancel"), 409, "nothing_to_stop")
    finished = server.turn(task)["id"]
    problem(server.post(f"/tasks/{task}/cancel", {"turn_id": finished}), 404, "not_found")
    problem(server.post(f"/tasks/{task}/cancel", {"turn_id": 1 << 80}), 404, "not_found")


def test_stop_may_be_asked_for_twice_and_by_the_turns_id(server: JupyterServer) -> None:
    created = server.submit("!slow 600 0.1")
    task, turn = created["task"]["id"], created["turn"]["id"]
    assert server.post(f"/tasks/{task}/cancel", {"turn_id": turn}).json()["id"] == turn
    again = server.post(f"/tasks/{task}/cancel")
    assert again.status_code in (200, 409), again.text  # it may come after the end
    assert server.finished(task)["state"] == "cancelled"


# Pages.


@pytest.fixture(scope="module")
def task(server: JupyterServer) -> int:
    """Return a finished task."""
    id_: int = server.submit("!say hi\n!bash true\n!write made.txt hi")["task"]["id"]
    server.finished(id_)
    return id_


def test_pages_of_tasks_hold_each_once_newest_activity_first(server: JupyterServer) -> None:
    made = [server.submit(f"!say {number}")["task"]["id"] for number in range(5)]
    for id_ in made:
        server.finished(id_)
    seen: list[Json] = []
    query = "limit=2"
    while items := (page := server.get(f"/tasks?{query}").json())["items"]:
        assert len(items) <= 2
        seen += items
        query = f"limit=2&before={seen[-1]['updated_at'].replace('+', '%2B')}"
    assert len({item["id"] for item in seen}) == len(seen) == page["total"]
    assert [item["updated_at"] for item in seen] == sorted((item["updated_at"] for item in seen), reverse=True)
    assert set(made) <= {item["id"] for item in seen}


def pages_of_events(server: JupyterServer, task: int) -> Iterator[Json]:
    """Read a history as its documentation says: on from the last position, until a page is empty."""
    position = 0
    while True:
        page: Json = server.get(f"/tasks/{task}/events?after_pos={position}").json()
        assert page["last_pos"] == (page["items"][-1]["pos"] if page["items"] else position)
        if not page["items"]:
            return
        yield page
        position = page["last_pos"]


def test_pages_of_events_are_one_history_without_gap_or_repetition(server: JupyterServer) -> None:
    task = server.submit("\n".join(f'!tool step {{"number": {number}}}' for number in range(2500)))["task"]["id"]
    assert server.finished(task)["state"] == "completed"
    pages = list(pages_of_events(server, task))
    items = [item for page in pages for item in page["items"]]
    assert len(pages) > 1
    positions = [item["pos"] for item in items]
    assert positions == sorted(set(positions))
    assert positions[-1] == server.get(f"/tasks/{task}").json()["last_pos"]
    numbers = [item["data"]["input"]["number"] for item in items if is_tool(item)]
    assert list(dict.fromkeys(numbers)) == list(range(2500))


def is_tool(item: Json) -> bool:
    return bool(item["type"] == "item" and item["data"]["kind"] == "tool")


# What goes wrong on our side.


def test_our_own_error_is_500_and_tells_nothing_of_us(server: JupyterServer) -> None:
    """A stored object that cannot be read is not the caller's fault, and its text is for the log alone."""
    task = server.submit("!say hi")["task"]["id"]
    server.finished(task)
    with contextlib.closing(sqlite3.connect(server.data / "wegent.db")) as database, database:
        database.execute("UPDATE turns SET data = ? WHERE task_id = ?", ('{"canary": 1}', task))
    answer = server.get(f"/tasks/{task}")
    assert problem(answer, 500, "http_500")["message"] == "Internal Server Error"
    assert "canary" not in answer.text
    assert str(server.home) not in answer.text
    assert "ValidationError" in server.log, "the log says what the answer does not"


# The OpenAPI document.


@pytest.fixture(scope="module")
def document(server: JupyterServer) -> Json:
    found: Json = server.get("/openapi.json").json()
    return found


def test_every_route_is_in_the_openapi_document_and_nothing_else() -> None:
    served = {
        (openapi_path(pattern), method.lower())
        for pattern, handler, _ in rest.routes("", None)  # type: ignore[arg-type]  # no request is made
        for method in RequestHandler.SUPPORTED_METHODS
        if handler is not rest.UnknownHandler and method in own_methods(handler)
    }
    documented = {
        (re.sub(r"{\w+}", "{}", path), method)
        for path, methods in openapi.document()["paths"].items()
        for method in methods
    }
    assert documented == served


def own_methods(handler: type[Handler]) -> set[str]:
    return {name.upper() for name in ("get", "post", "put", "patch", "delete") if name in vars(handler)}


def openapi_path(pattern: str) -> str:
    """Return a route with `{}` for each of its groups, as the document's paths are compared."""
    return re.sub(r"\((?:[^()\\]|\\.)*\)", "{}", pattern).replace("\\", "")


def test_the_openapi_document_is_whole(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(document["info"])
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            declared = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
            assert declared == re.findall(r"\{(\w+)\}", path)
            assert operation["summary"]
            assert "default" in operation["responses"]
            bodied = method in ("post", "put") and not path.endswith("/default")  # the path says it all
            assert ("requestBody" in operation) == bodied


@pytest.mark.parametrize("path", sorted({op[0] for op in openapi.OPERATIONS if op[1] == "get" and op[5] is not bytes}))
def test_an_answer_is_what_the_document_says(server: JupyterServer, document: Json, task: int, path: str) -> None:
    device = server.get("/devices").json()["items"][0]["device_id"]
    names = {"task_id": task, "device_id": device, "turn_id": server.turn(task)["id"], "agent_id": "codex"}
    if "{provider_id}" in path:
        names["provider_id"] = server.post("/models/providers", NEW_PROVIDER).json()["id"]
    if "{project_id}" in path:
        names["project_id"] = new_project(server, device)["id"]
    if "/worktree" in path and "{task_id}" in path:
        names["task_id"] = worktree_task(server, device)
    if "{session_id}" in path:
        names["session_id"] = open_terminal(server)["session_id"]
    if "{user_code}" in path:
        names["user_code"] = server.post("/join", {"device_id": "waits", "name": "x"}).json()["user_code"]
    query = "?path=made.txt" if path.endswith("/file") else f"?path={server.home}" if path.endswith("/files") else ""
    answer = server.get(path.format(**names) + query)
    assert answer.status_code == 200
    content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    check(document, content["schema"], answer.json())


NEW_PROVIDER = {"name": "work", "kind": "openai", "models": ["m"]}


def new_project(server: JupyterServer, device: str) -> Json:
    config = {"execution": {"deviceId": device}, "workspace": {"checkoutPath": "churn"}}
    made: Json = server.post("/projects", {"name": "Churn", "config": config}).json()
    return made


def worktree_task(server: JupyterServer, device: str) -> int:
    """Return a finished task that has a worktree of its own."""
    repository = server.home / "repository"
    for words in (["init", "-q", str(repository)], ["-C", str(repository), *COMMIT]):
        subprocess.run(["git", *words], check=True)
    body = {**NEW, "device_id": device, "workspace": {"path": str(repository), "worktree": True}}
    id_: int = server.post("/tasks", body).json()["task"]["id"]
    assert server.finished(id_)["state"] == "completed"
    return id_


def test_the_answer_to_a_new_task_and_a_refusal_are_what_the_document_says(
    server: JupyterServer, document: Json
) -> None:
    responses = document["paths"]["/tasks"]["post"]["responses"]
    created = server.post("/tasks", NEW)
    check(document, responses["201"]["content"]["application/json"]["schema"], created.json())
    refused = server.post("/tasks", {})
    check(document, responses["default"]["content"]["application/json"]["schema"], refused.json())
    api.Problem.model_validate(refused.json())


def check(document: Json, schema: Json, value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)
