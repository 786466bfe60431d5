"""Have Codex ask before every tool of a server or an app, whatever the tool says of itself.

By itself it asks for none that calls itself harmless (`readOnlyHint`), nor where its settings say `approve`. What is
set here is merged with the person's own entries, over Codex's input; nothing is written. Plugins are off (`QUIET`).
"""

from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents.codex_rpc import AppServer
from wegent_jupyter.executor.agents.shapes import Json, mapping


async def config(server: AppServer, workspace: Path) -> Json:
    """Return the settings; raises RpcError, Gone, TimeoutError."""
    told = mapping((await server.request("config/read", {"cwd": str(workspace)})).get("config"))
    return asking(told)


def asking(told: Json) -> Json:
    """Return what to set beside settings of Codex, so that nothing in them lets a tool run by itself."""
    servers = _all(told.get("mcp_servers"))
    return {"apps": _apps(mapping(told.get("apps"))), **({"mcp_servers": servers} if servers else {})}


def _asking(entry: Any) -> Json:
    """Return an entry of which each tool asks, also one that is set by itself."""
    tools = {name: {"approval_mode": "prompt"} for name in mapping(mapping(entry).get("tools"))}
    return {"default_tools_approval_mode": "prompt", **({"tools": tools} if tools else {})}


def _all(entries: Any) -> Json:
    return {name: _asking(entry) for name, entry in mapping(entries).items()}


def _apps(told: Json) -> Json:
    """Return the same for apps of the person's account, and that a person answers, not a model."""
    apps = {"_default": _asking({}), **_all(told)}
    for name, app in apps.items():
        app["approvals_reviewer"] = "user"
        if links := _all(mapping(told.get(name)).get("links")):
            app["links"] = {link: {**one, "approvals_reviewer": "user"} for link, one in links.items()}
    return apps
