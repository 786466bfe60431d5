"""What the items of Codex are, in ACP's words: title, kind, input, output, files and changes."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from wegent_jupyter.executor.agents import codex_patch
from wegent_jupyter.executor.agents.shapes import Json, mapping, mappings, number, words
from wegent_jupyter.executor.agents.titles import relative, short

Status = Literal["in_progress", "completed", "failed"]
SHELLS = frozenset({"bash", "sh", "zsh", "dash", "fish"})
_STATUSES: dict[str, Status] = {
    "inProgress": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "declined": "failed",
    "interrupted": "failed",
}


@dataclass(slots=True)
class Described:
    """An item in words."""

    title: str
    kind: str
    input: Any = None
    command: str | None = None
    paths: list[Path] = field(default_factory=list)
    diffs: list[Json] = field(default_factory=list)
    output: str | None = None
    """None: nothing is known beyond what was streamed."""

    @property
    def locations(self) -> list[Json]:
        """Return the files that it touches, as a tool card shows them."""
        return [{"path": str(path), "line": None} for path in self.paths]


def describe(item: Json, workspace: Path) -> Described | None:
    """Describe an item that is shown as a tool; None for one that is not."""
    make = _KINDS.get(words(item.get("type")))
    return make(item, workspace) if make is not None else None


def status(item: Json, ended: bool) -> Status:
    """Return the status of an item; some kinds tell none, only that they ended."""
    return _STATUSES.get(words(item.get("status")), "completed" if ended else "in_progress")


def script(command: str) -> str:
    """Return what a shell is to run, without the shell that Codex puts around it."""
    try:
        parts = shlex.split(command)
    except ValueError:
        return command
    if len(parts) == 3 and Path(parts[0]).name in SHELLS and parts[1] in ("-c", "-lc"):
        return parts[2]
    return command


def command_input(command: str, where: str, workspace: Path) -> Json:
    """Return the input of a command as a card shows it."""
    elsewhere = where and Path(where) != workspace
    return {"command": command, **({"cwd": where} if elsewhere else {})}


def _command(item: Json, workspace: Path) -> Described:
    command = script(words(item.get("command")))
    output, code = item.get("aggregatedOutput"), item.get("exitCode")
    shown = output if isinstance(output, str) else None
    if isinstance(code, int) and code != 0:
        shown = f"{shown or ''}{'' if not shown or shown.endswith(chr(10)) else chr(10)}(exit status {code})"
    given = command_input(command, words(item.get("cwd")), workspace)
    return Described(short(command), "execute", given, command, output=shown)


def _change(item: Json, workspace: Path) -> Described:
    changes = item.get("changes")
    paths, kind = codex_patch.paths(changes, workspace), codex_patch.kind(changes)
    names = list(dict.fromkeys(relative(str(path), workspace) for path in paths))
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    verbs = " and ".join(codex_patch.kinds(changes)) or "edit"
    title = short(f"{verbs.capitalize()} {shown or 'files'}")
    return Described(title, kind, None, None, paths, codex_patch.diffs(changes))


def _mcp(item: Json, workspace: Path) -> Described:
    title = short(f"{words(item.get('server'))}: {words(item.get('tool'))}")
    error = words(mapping(item.get("error")).get("message"))
    result = mapping(item.get("result"))
    output = error or _texts(result.get("content")) if error or result else None
    return Described(title, "other", item.get("arguments"), output=output)


def _dynamic(item: Json, workspace: Path) -> Described:
    output = _texts(item.get("contentItems")) if item.get("contentItems") else None
    return Described(short(words(item.get("tool")) or "Tool"), "other", item.get("arguments"), output=output)


def _search(item: Json, workspace: Path) -> Described:
    action = mapping(item.get("action"))
    query = words(item.get("query")) or words(action.get("query")) or words(action.get("url"))
    return Described(short(f"Search the web for “{query}”" if query else "Search the web"), "fetch")


def _image(item: Json, workspace: Path) -> Described:
    path = words(item.get("path"))
    return Described(short(f"Look at {relative(path, workspace)}"), "read", {"path": path}, paths=[Path(path)])


def _drawing(item: Json, workspace: Path) -> Described:
    path = words(item.get("savedPath"))
    return Described("Make a picture", "other", {"prompt": words(item.get("revisedPrompt"))}, output=path or None)


def _subagent(item: Json, workspace: Path) -> Described:
    prompt, tool = words(item.get("prompt")), words(item.get("tool"))
    return Described(short(f"Subagent: {prompt or tool}"), "think", {"prompt": prompt} if prompt else None)


def _sleep(item: Json, workspace: Path) -> Described:
    return Described(f"Wait {number(item.get('durationMs')) / 1000:.0f} s", "other")


def _texts(content: Any) -> str:
    parts = (words(one.get("text")) or f"[{words(one.get('type')) or 'something'}]" for one in mappings(content))
    return "\n".join(parts)


_KINDS: dict[str, Callable[[Json, Path], Described]] = {
    "commandExecution": _command,
    "fileChange": _change,
    "mcpToolCall": _mcp,
    "dynamicToolCall": _dynamic,
    "webSearch": _search,
    "imageView": _image,
    "imageGeneration": _drawing,
    "collabAgentToolCall": _subagent,
    "sleep": _sleep,
}
