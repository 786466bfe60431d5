"""The OpenAPI document, made from the models; imported only when somebody asks for it."""

import re
from typing import Any, TypeGuard

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from wegent_jupyter._version import __version__
from wegent_jupyter.protocol import access, api, changes, managing, models, personal, projects, skills, terminals

Body = type[BaseModel] | type[bytes] | None
Operation = tuple[str, str, str, Body, int, Body]
"""(path, method, summary, request, status, response); `bytes` is a file."""

CODEX = "/users/me/runtime-configs/codex"
SHARING = "/devices/{device_id}/skills/sharing"
LOGIN = "/devices/{device_id}/agents/{agent_id}/login"

OPERATIONS: list[Operation] = [
    ("/version", "get", "Who answers, and whether the gateway runs here", None, 200, api.Version),
    ("/devices", "get", "List devices, offline ones too", None, 200, api.DeviceList),
    ("/devices/online", "get", "List devices that are connected", None, 200, api.DeviceList),
    ("/devices/{device_id}", "get", "Show a device", None, 200, api.Device),
    ("/devices/{device_id}", "delete", "Remove a device and cancel what waits for it", None, 200, managing.Message),
    ("/devices/{device_id}/default", "put", "Send new tasks to this device", None, 200, managing.Message),
    ("/devices/{device_id}/default", "delete", "No longer send them there", None, 200, managing.Message),
    ("/devices/{device_id}/alias", "put", "Rename a device", managing.DeviceAlias, 200, managing.AliasMessage),
    ("/devices/{device_id}/runtime-settings", "get", "Show the slots", None, 200, managing.RuntimeSettings),
    (
        "/devices/{device_id}/runtime-settings",
        "put",
        "Set how many turns a device may run at once",
        managing.SetRuntimeSettings,
        200,
        managing.RuntimeSettings,
    ),
    ("/devices/{device_id}/upgrade", "post", "Upgrade an executor", managing.Upgrade, 200, managing.UpgradeSent),
    ("/devices/{device_id}/commands", "post", "Run a known command", managing.Command, 200, managing.CommandResult),
    ("/devices/{device_id}/queue", "get", "List what waits, next first", None, 200, managing.Queue),
    (
        "/devices/{device_id}/terminal",
        "post",
        "Open a terminal",
        terminals.StartTerminal,
        200,
        terminals.StartedTerminal,
    ),
    ("/terminals", "get", "List terminals, oldest first", None, 200, terminals.TerminalList),
    ("/terminals/{session_id}", "get", "Show a terminal", None, 200, terminals.Terminal),
    ("/terminals/{session_id}", "delete", "End a shell and all that it started", None, 200, managing.Message),
    ("/agents", "get", "List the agents of a device", None, 200, api.AgentList),
    ("/tasks", "get", "List tasks, newest activity first", None, 200, api.TaskList),
    ("/tasks", "post", "Make a task with its first turn", api.CreateTask, 201, api.CreatedTask),
    ("/tasks/{task_id}", "get", "Show a task with its turns", None, 200, api.TaskDetail),
    ("/tasks/{task_id}/turns", "post", "Add a message to a task", api.CreateTurn, 201, api.Turn),
    ("/tasks/{task_id}/cancel", "post", "Stop a turn", api.CancelTurn, 200, api.Turn),
    ("/tasks/{task_id}/events", "get", "Read a part of a task's history", None, 200, api.EventList),
    ("/tasks/{task_id}/steer", "post", "Hand a message to the agent at work", api.Steer, 200, api.Turn),
    ("/tasks/{task_id}/resume", "post", "Let what a failure paused go on", api.ResumeTask, 200, api.Task),
    ("/tasks/{task_id}/turns/{turn_id}/queue", "put", "Move what waits", managing.Requeue, 200, api.Turn),
    ("/tasks/{task_id}/continue", "post", "Take up what failed or was stopped", api.ContinueTask, 201, api.Turn),
    ("/approvals", "get", "List what waits for a person, oldest first", None, 200, api.ApprovalList),
    ("/approvals/{approval_id}", "post", "Answer; the first answer wins", api.Decision, 200, api.Approval),
    ("/devices/{device_id}/agents/refresh", "post", "Look again for agents", api.RefreshAgents, 200, api.AgentList),
    ("/devices/{device_id}/agents/{agent_id}", "put", "Say where an agent is", api.AgentPath, 200, api.AgentList),
    ("/devices/{device_id}/trust", "get", "List directories about which a person decided", None, 200, api.TrustList),
    ("/devices/{device_id}/trust", "put", "Trust a directory, or not", api.TrustRequest, 200, api.TrustList),
    ("/projects", "get", "List projects, by name", None, 200, projects.ProjectList),
    ("/projects", "post", "Make a project", projects.CreateProject, 201, projects.Project),
    ("/projects/{project_id}", "get", "Show a project", None, 200, projects.Project),
    ("/projects/{project_id}", "put", "Rename or move a project", projects.UpdateProject, 200, projects.Project),
    ("/projects/{project_id}", "delete", "Forget a project; its files stay", None, 200, managing.Message),
    (
        "/projects/{project_id}/prepare",
        "post",
        "Try again to make its directory",
        projects.PrepareProject,
        200,
        projects.Project,
    ),
    (
        "/projects/{project_id}/terminal",
        "post",
        "Open a terminal in a project",
        projects.ProjectTerminal,
        200,
        terminals.StartedProjectTerminal,
    ),
    ("/projects/{project_id}/code-server", "post", "Not on local devices", projects.ProjectTerminal, 400, api.Problem),
    ("/devices/{device_id}/folders", "get", "List the directories in one", None, 200, projects.FolderList),
    ("/devices/{device_id}/files", "get", "List files of a workspace that match", None, 200, projects.FileList),
    ("/worktrees", "get", "List the worktrees of all tasks", None, 200, projects.WorktreeReports),
    ("/tasks/{task_id}/worktree", "get", "Show what would go with it", None, 200, projects.WorktreeReport),
    ("/tasks/{task_id}/worktree", "delete", "Remove it, if nothing is lost", None, 200, projects.WorktreeReport),
    ("/tasks/{task_id}/turns/{turn_id}/changes", "get", "List what a turn changed", None, 200, changes.TurnChanges),
    (
        "/tasks/{task_id}/turns/{turn_id}/changes/file",
        "get",
        "Show a file before and after a turn",
        None,
        200,
        changes.FileDiff,
    ),
    (
        "/tasks/{task_id}/turns/{turn_id}/changes/revert",
        "post",
        "Take back what a turn changed",
        changes.Revert,
        200,
        changes.Reverted,
    ),
    ("/attachments", "post", "Keep a file, which is the body, to be sent", bytes, 201, api.Attachment),
    ("/attachments/{attachment_id}", "get", "Download a file that was sent", None, 200, bytes),
    ("/attachments/{attachment_id}", "delete", "Forget one that was not sent", None, 200, managing.Message),
    ("/credentials", "get", "List tokens, keys and codes", None, 200, access.CredentialList),
    ("/credentials", "post", "Make one", access.CreateCredential, 201, access.CreatedCredential),
    ("/credentials/{credential_id}", "delete", "Revoke one", None, 200, managing.Message),
    ("/add-device", "get", "Say how another machine joins", None, 200, access.AddDevice),
    ("/join", "post", "Ask to become a device (no authentication)", access.Join, 201, access.Joining),
    ("/join/poll", "post", "Ask what became of that (no authentication)", access.PollJoin, 200, access.Joining),
    ("/join/{user_code}", "get", "Show the machine with this code", None, 200, access.JoinRequest),
    ("/join/{user_code}", "post", "Let it in, or not", access.AnswerJoin, 200, access.JoinRequest),
    (CODEX, "get", "Show the personal Codex configuration", None, 200, personal.RuntimeConfig),
    (CODEX, "put", "Use it, or not", personal.UpdateRuntimeConfig, 200, personal.RuntimeConfig),
    (f"{CODEX}/auth-json", "post", "Save a Codex login", personal.UploadAuth, 200, personal.RuntimeConfig),
    (f"{CODEX}/auth-json", "delete", "Forget it; devices keep theirs", None, 200, personal.RuntimeConfig),
    (f"{CODEX}/import-device", "post", "Save a device's login", personal.ImportAuth, 200, personal.RuntimeConfig),
    (f"{CODEX}/devices", "get", "Say which devices have a login", None, 200, personal.DeviceAuthList),
    ("/users/me/proxy-config", "get", "Show the proxy, masked", None, 200, personal.ProxyConfig),
    ("/users/me/proxy-config", "put", "Save or clear it", personal.UpdateProxy, 200, personal.ProxyConfig),
    ("/users/me/proxy-config/test", "post", "Try a proxy from a device", personal.TestProxy, 200, models.TestResult),
    ("/models", "get", "List the models that tasks may name", None, 200, models.ModelChoices),
    ("/models/test", "post", "Try a new provider from a device", models.TestNewProvider, 200, models.TestResult),
    ("/models/providers", "get", "List providers, by name", None, 200, models.ProviderList),
    ("/models/providers", "post", "Add a provider", models.CreateProvider, 201, models.Provider),
    ("/models/providers/{provider_id}", "get", "Show a provider", None, 200, models.Provider),
    ("/models/providers/{provider_id}", "put", "Change it", models.UpdateProvider, 200, models.Provider),
    ("/models/providers/{provider_id}", "delete", "Forget it, and its key", None, 200, managing.Message),
    (
        "/models/providers/{provider_id}/test",
        "post",
        "Try a provider from a device",
        models.TestProvider,
        200,
        models.TestResult,
    ),
    ("/devices/{device_id}/skills", "get", "List the skills of a device", None, 200, skills.SkillList),
    (SHARING, "get", "Show what sharing them would do", None, 200, skills.SharingReport),
    (SHARING, "post", "Share them between agents", skills.ShareRequest, 200, skills.SharingReport),
    (SHARING, "delete", "Take that back", None, 200, skills.SharingReport),
    (LOGIN, "get", "Show how far a login is", None, 200, personal.AgentLogin),
    (LOGIN, "post", "Begin a login on the device", personal.StartLogin, 200, personal.AgentLogin),
    (LOGIN, "delete", "End it", None, 200, personal.AgentLogin),
    ("/openapi.json", "get", "This document", None, 200, None),
]

PARAMETERS = dict.fromkeys(
    ("task_id", "turn_id", "credential_id", "project_id", "attachment_id", "provider_id"), "integer"
)
"""Types of the parts of paths that are not text."""

QUERIES: dict[str, list[tuple[str, str]]] = {
    "delete /devices/{device_id}": [("revoke", "boolean")],
    "get /agents": [("device_id", "string")],
    "get /tasks": [("limit", "integer"), ("before", "string")],
    "get /tasks/{task_id}/events": [("after_pos", "integer")],
    "get /devices/{device_id}/folders": [("path", "string")],
    "get /devices/{device_id}/files": [("path", "string"), ("query", "string"), ("limit", "integer")],
    "get /tasks/{task_id}/turns/{turn_id}/changes/file": [("path", "string")],
    "get /devices/{device_id}/skills": [("workspace", "string")],
    "post /attachments": [("name", "string"), ("type", "string")],
}


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the REST API."""
    models: set[type[BaseModel]] = {api.Problem, api.Event}
    models |= {model for op in OPERATIONS for model in (op[3], op[5]) if is_model(model)}
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


def is_model(body: Body) -> TypeGuard[type[BaseModel]]:
    """Say whether a body is JSON of a model."""
    return body is not None and issubclass(body, BaseModel)


def _operation(path: str, method: str, summary: str, request: Body, status: int, response: Body) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": PARAMETERS.get(name, "string")}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    queries = QUERIES.get(f"{method} {path}", [])
    parameters += [{"name": n, "in": "query", "schema": {"type": t}} for n, t in queries]
    operation: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters,
        "responses": {str(status): _content("Done", response), "default": _content("Refused", api.Problem)},
    }
    if request is not None:
        operation["requestBody"] = {"required": True, **_content("", request)}
        del operation["requestBody"]["description"]
    return operation


def _content(description: str, body: Body) -> dict[str, Any]:
    if body is bytes:
        return {"description": description, "content": {"application/octet-stream": {"schema": {}}}}
    schema = {"$ref": f"#/components/schemas/{body.__name__}"} if body else {"type": "object"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
