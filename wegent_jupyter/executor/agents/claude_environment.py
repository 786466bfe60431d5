"""What environment Claude Code gets, and the practice model that may stand in for its own."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping

from wegent_jupyter.executor.agents.base import AgentFailed, Run
from wegent_jupyter.executor.processes import spawn

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SWITCHES = {
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",
}
OUTER = ("CLAUDECODE", "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_SESSION_ID", "CLAUDE_AGENT_SDK_CLIENT_APP")
"""What another Claude Code sets for its children; ours is none of them."""
MODEL_SECONDS = 30.0
"""For the practice model to say where it listens: a Python program on a slow disk."""


def agent_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for the program: the person's own, quiet, with loopback out of the proxy's reach."""
    kept = {name: value for name, value in environment.items() if name not in OUTER}
    own = kept.get("no_proxy") or kept.get("NO_PROXY") or ""
    excepted = [one.strip() for one in own.split(",") if one.strip()]
    no_proxy = ",".join([*excepted, *(one for one in LOOPBACK if one not in excepted)])
    return {**kept, **SWITCHES, "NO_PROXY": no_proxy, "no_proxy": no_proxy}


@contextlib.asynccontextmanager
async def practice_model(run: Run, environment: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """Run the scripted model, and yield the environment in which the program uses it and nothing of the person's."""
    command = [sys.executable, "-m", "wegent_jupyter.practice.model"]
    marker = f"{run.attempt_id}-model"
    async with await spawn(command, cwd=run.home, env=environment, marker=marker, records=run.records) as model:
        try:
            async with asyncio.timeout(MODEL_SECONDS):
                where = json.loads(await model.stdout.readline())
                url, key = str(where["url"]), str(where["key"])
        except (TimeoutError, ValueError, KeyError, TypeError) as error:
            words = model.stderr_tail.strip()[-500:]
            raise AgentFailed("practice_model", f"The practice model did not start. {words}".strip()) from error
        home = run.home / "practice" / "claude"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {name: value for name, value in environment.items() if not name.startswith(("ANTHROPIC_", "CLAUDE"))}
        yield {
            **kept,
            **SWITCHES,
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": key,
            "CLAUDE_CONFIG_DIR": str(home),
            "CLAUDE_CODE_MAX_RETRIES": "1",
        }
