"""What of a directory Codex may use: all of it where a person trusts the directory, else nothing.

Of a project that is `untrusted`, Codex (0.158 to 0.171) leaves `.codex/config.toml` with its tool servers, rules and
AGENTS.md alone, but not the skills in `.codex/skills` and `.agents/skills`, which are switched off one by one. Of a
project about which nothing is said it uses everything and, where a turn has full access, writes `trusted` into the
person's own config.toml. So it is told one or the other in every turn, before it looks at anything, and writes nothing.
"""

import asyncio
import json
from pathlib import Path

from wegent_jupyter.executor.agents.base import AgentFailed
from wegent_jupyter.executor.agents.codex_rpc import AppServer
from wegent_jupyter.executor.agents.shapes import Json, mappings, words
from wegent_jupyter.executor.trust import Found, repository


async def program(trust: Found, workspace: Path) -> str:
    """Return the setting of the whole program that makes it follow the person's answer.

    A setting of the thread alone comes too late: the answers to `skills/list` and `config/read` do not know it.
    """
    level = '{trust_level="trusted"}' if trust.usable else '{trust_level="untrusted"}'
    places = await asyncio.to_thread(_places, trust, workspace)
    return f"projects={{{', '.join(f'{_toml(one)}={level}' for one in places)}}}"


async def config(server: AppServer, trust: Found, workspace: Path) -> Json:
    """Return what is set besides; raises AgentFailed, RpcError, Gone, TimeoutError."""
    if trust.usable:
        return {}
    return {"project_doc_max_bytes": 0, "skills": {"config": await _off(server, workspace)}}


def _toml(text: str) -> str:
    """Return a text as TOML writes it; unlike JSON, it wants a DEL escaped, and no halves of characters."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _places(trust: Found, workspace: Path) -> list[str]:
    """List the directories by which Codex may know the project: whichever it looks at, the answer is the same."""
    real = workspace.resolve()
    return sorted({str(one) for one in (workspace, real, repository(real), trust.path)})


async def _off(server: AppServer, workspace: Path) -> list[Json]:
    """List the skills of the project, and those that the person switched off, since this replaces their list."""
    told = mappings((await server.request("skills/list", {"cwds": [str(workspace)]})).get("data"))
    for error in (one for entry in told for one in mappings(entry.get("errors"))):
        if Path(words(error.get("path"))).name != "SKILL.md":  # one broken skill is not used, but here all are missing
            raise AgentFailed("agent_error", f"Codex does not say which skills it has: {words(error.get('message'))}")
    found = [skill for entry in told for skill in mappings(entry.get("skills"))]
    off = [words(one.get("path")) for one in found if one.get("scope") == "repo" or one.get("enabled") is False]
    return [{"path": path, "enabled": False} for path in off if path]
