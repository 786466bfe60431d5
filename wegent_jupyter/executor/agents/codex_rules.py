"""Find rules by which Codex runs commands without asking: then our gate never hears of them.

They are in `rules/*.rules` of its own directory, which its terminal writes when a person says "always", and of
`.codex` in a trusted directory: Starlark, which reads like Python. What a rule allows runs outside of Codex's sandbox,
in plan mode, too (seen with 0.163), and no setting of a turn switches them off.
"""

import ast
import asyncio
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from wegent_jupyter.executor.agents.base import AgentFailed, Emit, Run
from wegent_jupyter.executor.agents.codex_login import codex_home
from wegent_jupyter.executor.trust import Found, repository
from wegent_jupyter.protocol.events import Notice

SYSTEM = Path("/etc/codex")
MAX_BYTES = 1 << 20
"""1 MiB of a file of rules; a larger one counts as allowing something."""
_ASKED = ("prompt", "forbidden")


async def check(run: Run, environment: Mapping[str, str], trust: Found, emit: Emit) -> None:
    """Say which rules decide in place of a person; raises AgentFailed in plan mode, where nothing may be changed."""
    if run.mode == "full":
        return
    own = environment.get("HOME")
    home = codex_home(environment, Path(own) if own else None)
    found = await asyncio.to_thread(lambda: list(_found(_directories(home, trust, run.workspace))))
    if not found:
        return
    names = " and ".join(str(path) for path in found)
    if run.mode == "plan":
        message = f"Codex would run, also in plan mode, what {names} allows, without asking and outside of its sandbox."
        fix = "Take the rules with the decision “allow” out of there, or choose another mode."
        raise AgentFailed("agent_rules", message, fix)
    index = run.next_index()
    emit(Notice(f"notice-{index}", index, f"Codex does not ask before it runs what {names} allows.", "info"))


def allows(text: str) -> bool:
    """Say whether a text of rules may let a command run. Only what is plainly `prompt` or `forbidden` does not."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "prefix_rule" in text
    asking = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _asks(node)}
    return any(isinstance(node, ast.Name) and node.id == "prefix_rule" and id(node) not in asking for node in nodes)


def _asks(call: ast.Call) -> bool:
    decisions = [one.value for one in call.keywords if one.arg == "decision"]  # without one, it is "allow"
    return bool(decisions) and all(isinstance(one, ast.Constant) and one.value in _ASKED for one in decisions)


def _directories(home: Path, trust: Found, workspace: Path) -> Iterator[Path]:
    yield home
    yield SYSTEM
    if trust.usable:
        real = workspace.resolve()
        root = repository(real)
        yield from (one / ".codex" for one in (real, *real.parents) if one.is_relative_to(root))


def _found(directories: Iterator[Path]) -> Iterator[Path]:
    for directory in dict.fromkeys(directories):
        for path in sorted((directory / "rules").glob("*.rules")):
            if _may_allow(path):
                yield path


def _may_allow(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return False
    return len(data) > MAX_BYTES or allows(data.decode(errors="replace"))
