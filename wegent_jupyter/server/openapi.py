"""The OpenAPI document, made from the models; imported only when somebody asks for it."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from wegent_jupyter._version import __version__
from wegent_jupyter.protocol import api

Operation = tuple[str, str, str, type[BaseModel] | None, int, type[BaseModel] | None]
"""(path, method, summary, request, status, response)"""

OPERATIONS: list[Operation] = [
    ("/version", "get", "Who answers, and whether the gateway runs here", None, 200, api.Version),
    ("/devices", "get", "List devices, offline ones too", None, 200, api.DeviceList),
    ("/agents", "get", "List the agents of a device", None, 200, api.AgentList),
    ("/tasks", "get", "List tasks, newest activity first", None, 200, api.TaskList),
    ("/tasks", "post", "Make a task with its first turn", api.CreateTask, 201, api.CreatedTask),
    ("/tasks/{task_id}", "get", "Show a task with its turns", None, 200, api.TaskDetail),
    ("/tasks/{task_id}/turns", "post", "Add a message to a task", api.CreateTurn, 201, api.Turn),
    ("/tasks/{task_id}/cancel", "post", "Stop a turn", api.CancelTurn, 200, api.Turn),
    ("/tasks/{task_id}/events", "get", "Read a part of a task's history", None, 200, api.EventList),
    ("/tasks/{task_id}/steer", "post", "Hand a message to the agent at work", api.Steer, 200, api.Turn),
    ("/tasks/{task_id}/continue", "post", "Take up what failed or was stopped", api.ContinueTask, 201, api.Turn),
    ("/approvals", "get", "List what waits for a person, oldest first", None, 200, api.ApprovalList),
    ("/approvals/{approval_id}", "post", "Answer; the first answer wins", api.Decision, 200, api.Approval),
    ("/devices/{device_id}/agents/refresh", "post", "Look again for agents", api.RefreshAgents, 200, api.AgentList),
    ("/devices/{device_id}/agents/{agent_id}", "put", "Say where an agent is", api.AgentPath, 200, api.AgentList),
    ("/devices/{device_id}/trust", "get", "List directories about which a person decided", None, 200, api.TrustList),
    ("/devices/{device_id}/trust", "put", "Trust a directory, or not", api.TrustRequest, 200, api.TrustList),
    ("/openapi.json", "get", "This document", None, 200, None),
]

PARAMETERS = {"task_id": "integer"}
"""Types of the parts of paths that are not text."""

QUERIES: dict[str, list[tuple[str, str]]] = {
    "/agents": [("device_id", "string")],
    "/tasks": [("limit", "integer"), ("before", "string")],
    "/tasks/{task_id}/events": [("after_pos", "integer")],
}


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the REST API."""
    models: set[type[BaseModel]] = {api.Problem, api.Event}
    models |= {model for op in OPERATIONS for model in (op[3], op[5]) if model is not None}
    _, schemas = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, Any] = {}
    for path, method, summary, request, status, response in OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(path, method, summary, request, status, response)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "wegent-jupyter",
            "version": __version__,
            "description": "Paths are below `{base_url}wegent/api`. Authenticate as for any Jupyter Server API.",
        },
        "paths": paths,
        "components": {"schemas": schemas.get("$defs", {})},
    }


def _operation(
    path: str, method: str, summary: str, request: type[BaseModel] | None, status: int, response: type[BaseModel] | None
) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": PARAMETERS.get(name, "string")}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    if method == "get":
        parameters += [{"name": n, "in": "query", "schema": {"type": t}} for n, t in QUERIES.get(path, [])]
    operation: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters,
        "responses": {str(status): _content("Done", response), "default": _content("Refused", api.Problem)},
    }
    if request is not None:
        operation["requestBody"] = {"required": True, **_content("", request)}
        del operation["requestBody"]["description"]
    return operation


def _content(description: str, model: type[BaseModel] | None) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"} if model else {"type": "object"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
