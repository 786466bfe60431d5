"""Errors of Codex with what to do about them; questions of its tools, as ours."""

from __future__ import annotations

from typing import Any

import pytest

from wegent_jupyter.executor.agents import codex_errors, codex_rules, codex_servers
from wegent_jupyter.executor.agents.codex_forms import Form, answers, question
from wegent_jupyter.executor.agents.codex_rpc import RpcError

ERRORS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no login": ({"message": "m", "codexErrorInfo": "unauthorized"}, "agent_login", "Log in"),
    "a refused key": (
        {"message": "m", "codexErrorInfo": {"responseStreamConnectionFailed": {"httpStatusCode": 401}}},
        "agent_login",
        "Log in",
    ),
    "a refused key, in words": ({"message": "unexpected status 403 Forbidden"}, "agent_login", "Log in"),
    "a used up plan": ({"message": "m", "codexErrorInfo": "usageLimitExceeded"}, "model_billing", "plan"),
    "a rate limit": ({"message": "m", "codexErrorInfo": "rateLimitExceeded"}, "model_rate_limit", "Wait"),
    "a rate limit, as a status": (
        {"message": "m", "codexErrorInfo": {"responseTooManyFailedAttempts": {"httpStatusCode": 429}}},
        "model_rate_limit",
        "Wait",
    ),
    "an overloaded model": ({"message": "m", "codexErrorInfo": "serverOverloaded"}, "model_overloaded", "few minutes"),
    "a conversation that is too long": (
        {"message": "m", "codexErrorInfo": "contextWindowExceeded"},
        "model_context",
        "new task",
    ),
    "a failing provider": ({"message": "m", "codexErrorInfo": "internalServerError"}, "model_error", "continue"),
    "a bad request": ({"message": "m", "codexErrorInfo": "badRequest"}, "model_error", ""),
    "no connection": (
        {"message": "Reconnecting... 5/5", "codexErrorInfo": {"httpConnectionFailed": {"httpStatusCode": None}}},
        "model_unreachable",
        "network",
    ),
    "anything else": ({"message": "m", "codexErrorInfo": "other"}, "agent_error", ""),
    "nothing": ({}, "agent_error", ""),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_to_do(name: str) -> None:
    error, code, fix = ERRORS[name]
    found = codex_errors.failure(error, "Log in: `codex login`").error
    assert found.code == code
    assert fix in (found.fix or "")
    assert found.message


def test_the_reason_of_a_retry_is_kept_where_the_end_leaves_it_out() -> None:
    before = {"message": "Reconnecting... 5/5", "additionalDetails": "unexpected status 429: slow down"}
    found = codex_errors.failure({"message": "exceeded retry limit, last status: 429"}, None, before).error
    assert found.message == "exceeded retry limit, last status: 429 unexpected status 429: slow down"


@pytest.mark.parametrize(
    ("message", "lost"),
    [("no rollout found for thread id 1", True), ("invalid session id: x", True), ("failed to load config", False)],
)
def test_a_lost_conversation_is_told_from_other_refusals(message: str, lost: bool) -> None:
    assert codex_errors.session_is_lost(RpcError(-32600, message)) is lost


def test_patience_ends_only_while_nothing_else_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codex_errors, "NETWORK_SECONDS", 0.0)
    patience, left = codex_errors.Patience(), []
    for method in ("turn/started", "error", "item/agentMessage/delta"):
        patience.take(method, {"willRetry": True, "error": {"message": "m"}})
        left.append(patience.left)
    assert left == [None, 0.0, None]


def test_a_question_and_its_answer_find_each_other_by_the_text() -> None:
    asked = {"id": "q", "header": "H", "question": "Which?", "options": [{"label": "A", "description": "a"}]}
    assert question(asked)["question"] == "Which?"
    assert answers([asked, {"id": "r", "question": "Else?"}], {"Which?": "A"}) == {"q": {"answers": ["A"]}}


FIELDS: dict[str, tuple[dict[str, Any], list[str], str | list[str], Any]] = {
    "a text": ({"type": "string"}, [], "x", "x"),
    "a choice": ({"type": "string", "enum": ["a", "b"]}, ["a", "b"], "b", "b"),
    "a named choice": ({"type": "string", "oneOf": [{"const": "a", "title": "A"}]}, ["a"], "a", "a"),
    "several": ({"type": "array", "items": {"enum": ["a", "b"]}}, ["a", "b"], ["a", "b"], ["a", "b"]),
    "yes or no": ({"type": "boolean"}, ["Yes", "No"], "No", False),
    "a whole number": ({"type": "integer"}, [], "5", 5),
    "a number": ({"type": "number"}, [], "1.5", 1.5),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_a_form_is_asked_and_answered_in_its_type(name: str) -> None:
    field, labels, answer, value = FIELDS[name]
    form = Form({"serverName": "s", "message": "Tell me", "requestedSchema": {"properties": {"f": field}}})
    (asked,) = form.request.questions
    assert form.request.asks == "question"
    assert [one["label"] for one in asked["options"]] == labels
    assert form.content({asked["question"]: answer}) == {"f": value}


def test_an_answer_that_does_not_fit_declines() -> None:
    form = Form({"message": "m", "requestedSchema": {"properties": {"f": {"type": "integer"}}}})
    assert form.content({form.request.questions[0]["question"]: "many"}) is None


def test_an_address_to_look_at_is_shown_and_confirmed() -> None:
    form = Form({"serverName": "s", "mode": "url", "message": "Log in", "url": "https://example.com/x"})
    (asked,) = form.request.questions
    assert "https://example.com/x" in asked["question"]
    assert form.content({asked["question"]: "Done"}) == {}
    assert form.content({asked["question"]: "No"}) is None


@pytest.mark.parametrize("schema", [None, 5, {"properties": 5}, {"properties": {"f": 5}}])
def test_a_form_of_any_shape_is_survived(schema: Any) -> None:
    form = Form({"message": 5, "requestedSchema": schema})
    assert form.request.questions
    assert form.content({}) in (None, {})


RULES = {
    "": False,
    "# prefix_rule(pattern=['ls'])": False,
    "prefix_rule(pattern=['rm'], decision='forbidden')\nprefix_rule(['rm'], decision=\"prompt\")": False,
    "prefix_rule(pattern=['touch'], decision='allow')": True,
    "prefix_rule(\n    pattern=['touch'],\n)": True,
    "prefix_rule(['a', 'b'], 'prompt')": True,
    "prefix_rule(pattern=['rm'], decision='prompt')\nprefix_rule(pattern=['ls'])": True,
    "rule = prefix_rule\nrule(pattern=['touch'])": True,
    "[prefix_rule(pattern=[one], decision=how) for one, how in [('touch', 'allow')]]": True,
    "prefix_rule(**{'pattern': ['touch']})": True,
    "prefix_rule(this is no Starlark": True,
    "nothing of the kind (": False,
}


@pytest.mark.parametrize("text", RULES)
def test_a_rule_counts_as_allowing_unless_it_plainly_does_not(text: str) -> None:
    assert codex_rules.allows(text) is RULES[text]


def test_every_tool_of_a_server_and_an_app_is_to_ask() -> None:
    told = {
        "mcp_servers": {"own": {"command": "x", "tools": {"peek": {"approval_mode": "approve"}}}, "other.one": {}},
        "apps": {"mail": {"approvals_reviewer": "auto_review", "links": {"l": {}}}},
    }
    prompt = {"default_tools_approval_mode": "prompt"}
    person = {**prompt, "approvals_reviewer": "user"}
    assert codex_servers.asking(told) == {
        "mcp_servers": {"own": {**prompt, "tools": {"peek": {"approval_mode": "prompt"}}}, "other.one": prompt},
        "apps": {"_default": person, "mail": {**person, "links": {"l": person}}},
    }


@pytest.mark.parametrize("told", [{}, {"mcp_servers": 5, "apps": []}, {"apps": {"_default": None}}])
def test_settings_of_any_shape_are_survived(told: Any) -> None:
    assert codex_servers.asking(told)["apps"]["_default"]["default_tools_approval_mode"] == "prompt"
