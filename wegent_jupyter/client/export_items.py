"""What an agent did in a turn, item by item, as cells of a transcript."""

import json
from collections.abc import Sequence
from typing import Any

from wegent_jupyter.client.diffs import unified
from wegent_jupyter.client.export_cells import Cells, fenced, quoted
from wegent_jupyter.client.harmless import harmless, words
from wegent_jupyter.protocol.changes import FileDiff
from wegent_jupyter.protocol.transcript import Item

MAX_DIFF = 20_000
"""Characters of one diff."""
BRIEF = 0.05
"""Seconds that are not worth a word."""
MARKS = {"completed": "✓", "failed": "✕"}
OUTCOMES = {
    "allowed": "✓ Allowed",
    "denied": "✕ Denied",
    "expired": "Not answered before its run ended",
    "withdrawn": "No longer asked",
    "open": "Waits for an answer",
}
PLANNED = {"completed": "x"}


def add_items(cells: Cells, items: Sequence[Item], diffs: Sequence[FileDiff], workspace: str) -> None:
    """Add all items of one turn; `diffs` are those of the files that it changed in its workspace."""
    for item in items:
        match item.get("kind"):
            case "message":
                cells.tell(_text(item))
            case "thought" if _text(item).strip():
                cells.say("*Thought*", quoted(harmless(_text(item))), folded=True)
            case "tool":
                _add_tool(cells, item, workspace)
            case "plan":
                cells.say("*Plan*", "\n".join(_planned(one) for one in _dicts(item.get("entries"))))
            case "steer":
                cells.say("**You**, while it worked:", quoted(harmless(_text(item))))
            case "notice":
                cells.say(quoted(harmless(_text(item))))
            case "trust":
                cells.say(_trust(item))
            case "approval":
                cells.say(_outcome(item))
            case "changes":
                _add_changes(cells, item, items, diffs)


def _text(item: Item) -> str:
    return str(item.get("text") or "")


def _dicts(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _trust(item: Item) -> str:
    found = ", ".join(words(str(one)) for one in item.get("found") or [])
    return f"> {words(str(item.get('path')))} brings agent configuration of its own ({found}). It was off."


def _planned(entry: dict[str, Any]) -> str:
    return f"- [{PLANNED.get(str(entry.get('status')), ' ')}] {words(str(entry.get('content') or ''))}"


def _outcome(item: Item) -> str:
    approval = item.get("approval") or {}
    decision = approval.get("decision") or {}
    reason = f" ({words(str(decision['reason']))})" if decision.get("reason") else ""
    return f"*{OUTCOMES.get(str(approval.get('state')), 'Asked')}*: {words(str(approval.get('title') or ''))}{reason}"


# Tools.


def _add_tool(cells: Cells, item: Item, workspace: str) -> None:
    command = _command(item)
    if command is not None:
        cells.code(f"%%bash\n{command}", _outputs(cells, item), "wegent-command")
        return
    diffs = _dicts(item.get("diffs"))
    if diffs or not item.get("output"):
        cells.say(_head(item))
        for diff in diffs:
            _add_edit(cells, item, diff, workspace)
    if item.get("output"):
        # A comment: to run it does nothing.
        cells.code(f"# {_line(item.get('title'))}", _outputs(cells, item), "wegent-tool")


def _command(item: Item) -> str | None:
    given = item.get("input")
    found = given.get("command") if isinstance(given, dict) and item.get("tool") == "execute" else None
    return found if isinstance(found, str) and found.strip() else None


def _line(text: Any) -> str:
    return " ".join(str(text or "").split())


def _head(item: Item) -> str:
    mark = MARKS.get(str(item.get("status")), "…")
    seconds = item.get("seconds")
    time = f" · {seconds:.1f} s" if isinstance(seconds, int | float) and seconds >= BRIEF else ""
    return f"{mark} **{words(str(item.get('title') or 'Tool'))}**{time}"


def _outputs(cells: Cells, item: Item) -> list[Any]:
    status = item.get("status")
    found = [cells.output(str(item["output"]))] if item.get("output") else []
    if status == "failed":
        found.append(cells.output("Failed.\n", "stderr"))
    elif status != "completed":
        found.append(cells.output("Not finished when this was saved.\n", "stderr"))
    return found


def _add_edit(cells: Cells, item: Item, diff: dict[str, Any], workspace: str) -> None:
    path, old, new = str(diff.get("path") or ""), diff.get("old"), str(diff.get("new") or "")
    if old is None and item.get("status") == "completed" and (sources := _python(path, new)):
        for source in sources:
            cells.code(source)
    else:
        _add_diff(cells, unified(path.removeprefix(f"{workspace}/"), old, new))


def _python(path: str, text: str) -> list[str]:
    """Return the code of a new file of Python, or of a new notebook."""
    if path.endswith(".py"):
        return [text] if text.strip() else []
    if not path.endswith(".ipynb"):
        return []
    try:
        whole = json.loads(text)
    except ValueError:
        return [text] if text.strip() else []  # the source of one cell
    found = _dicts(whole.get("cells")) if isinstance(whole, dict) else []
    return [_source(one) for one in found if one.get("cell_type") == "code" and _source(one).strip()]


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source")
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source or "")


def _add_diff(cells: Cells, lines: list[str]) -> None:
    if lines:
        text = "\n".join(lines)
        more = "\n… more lines" if len(text) > MAX_DIFF else ""
        cells.say(fenced(text[:MAX_DIFF] + more, "diff"))


# What the turn changed.


def _add_changes(cells: Cells, item: Item, items: Sequence[Item], diffs: Sequence[FileDiff]) -> None:
    files = _dicts(item.get("files"))
    if files:
        more = int(item.get("total") or 0) - len(files)
        rows = [_changed(one) for one in files] + ([f"- … and {more:,} more"] if more > 0 else [])
        cells.say("**Changed files**", "\n".join(rows))
    if item.get("note"):
        cells.say(quoted(harmless(str(item["note"]))))
    shown = [str(one.get("path") or "") for tool in items for one in _dicts(tool.get("diffs"))]
    for diff in diffs:
        if not any(path == diff.path or path.endswith(f"/{diff.path}") for path in shown):
            _add_diff(cells, _compared(diff))


def _changed(file: dict[str, Any]) -> str:
    added, removed = file.get("added"), file.get("removed")
    lines = f" +{added:,} \N{MINUS SIGN}{removed:,}" if isinstance(added, int) and isinstance(removed, int) else ""
    return f"- {words(str(file.get('path')))}: {words(str(file.get('status')))}{lines}"


def _compared(diff: FileDiff) -> list[str]:
    if diff.cells is None:
        return unified(diff.path, diff.before, diff.after)
    lines = []
    for number, cell in enumerate(diff.cells, 1):
        if cell.status != "same":
            lines.append(f"@@ cell {number}, {cell.cell_type}, {cell.status} @@")
            lines += unified(diff.path, cell.before, cell.after)[2:]
    return [f"--- {diff.path}", f"+++ {diff.path}", *lines] if lines else []
