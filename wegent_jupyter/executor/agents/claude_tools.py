"""What Claude Code's tools are, in ACP's words: title, kind, the files they touch, the changes they make."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wegent_jupyter.executor.agents.old_text import on_disk
from wegent_jupyter.executor.agents.shapes import mappings, words
from wegent_jupyter.executor.agents.titles import relative, short

_KINDS = {
    "Bash": "execute",
    "PowerShell": "execute",
    "Monitor": "execute",
    "Read": "read",
    "NotebookRead": "read",
    "Edit": "edit",
    "MultiEdit": "edit",
    "Write": "edit",
    "NotebookEdit": "edit",
    "Glob": "search",
    "Grep": "search",
    "LS": "search",
    "ToolSearch": "search",
    "WebFetch": "fetch",
    "WebSearch": "fetch",
    "Task": "think",
    "Agent": "think",
    "TodoWrite": "think",
    "TaskCreate": "think",
    "TaskUpdate": "think",
    "TaskGet": "think",
    "TaskList": "think",
    "EnterPlanMode": "switch_mode",
    "ExitPlanMode": "switch_mode",
}
_PATHS = ("file_path", "notebook_path", "path")
_VERBS = {"Read": "Read", "Edit": "Edit", "MultiEdit": "Edit", "Write": "Write", "NotebookEdit": "Edit", "LS": "List"}


@dataclass(slots=True)
class Described:
    """A tool call in words."""

    title: str
    kind: str
    command: str | None = None
    paths: list[Path] = field(default_factory=list)
    diffs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def locations(self) -> list[dict[str, Any]]:
        """Return the files that it touches, as a tool card shows them."""
        return [{"path": str(path), "line": None} for path in self.paths]


def kind_of(name: str) -> str:
    """Return ACP's kind of a tool."""
    return _KINDS.get(name, "other")


def describe(name: str, given: dict[str, Any], workspace: Path) -> Described:
    """Describe a tool call; what the model gave may have any shape."""
    paths = [workspace / given[key] for key in _PATHS if isinstance(given.get(key), str) and given[key]]
    command = given.get("command") if kind_of(name) == "execute" else None
    return Described(
        title=short(_title(name, given, workspace)),
        kind=kind_of(name),
        command=command if isinstance(command, str) else None,
        paths=paths,
        diffs=_diffs(name, given, paths),
    )


def _title(name: str, given: dict[str, Any], workspace: Path) -> str:
    def text(key: str) -> str:
        return words(given.get(key))

    path = next((text(key) for key in _PATHS if text(key)), "")
    if kind_of(name) == "execute" and text("command"):
        return text("command")
    if name in _VERBS and path:
        return f"{_VERBS[name]} {relative(path, workspace)}"
    where = f" in {relative(path, workspace)}" if path else ""
    if name == "Grep" and text("pattern"):
        return f"Search “{text('pattern')}”{where}"
    if name == "Glob" and text("pattern"):
        return f"Find {text('pattern')}{where}"
    if name == "WebFetch" and text("url"):
        return f"Fetch {text('url')}"
    if name == "WebSearch" and text("query"):
        return f"Search the web for “{text('query')}”"
    if name in ("Task", "Agent") and text("description"):
        return f"Subagent: {text('description')}"
    if name == "Skill" and (text("skill") or text("command")):
        return f"Skill {text('skill') or text('command')}"
    if name == "ExitPlanMode":
        return "Propose a plan"
    if name == "AskUserQuestion":
        return "Ask: " + " ".join(words(one.get("question")) for one in mappings(given.get("questions")))
    if name.startswith("mcp__"):
        return ": ".join(name.removeprefix("mcp__").split("__", 1))
    return name


def _diffs(name: str, given: dict[str, Any], paths: list[Path]) -> list[dict[str, Any]]:
    if not paths or kind_of(name) != "edit":
        return []
    path = str(paths[0])
    if name == "Write":
        return [{"path": path, "old": on_disk(paths[0]), "new": words(given.get("content"))}]
    if name == "NotebookEdit":
        return [{"path": path, "old": None, "new": words(given.get("new_source"))}]
    edits = given.get("edits") if name == "MultiEdit" else [given]
    return [
        {"path": path, "old": words(edit.get("old_string")), "new": words(edit.get("new_string"))}
        for edit in mappings(edits)
    ]
