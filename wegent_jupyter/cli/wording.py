"""Approvals, and what turns changed, in words, for a terminal."""

import json
from typing import Any

from wegent_jupyter.cli.screen import printable
from wegent_jupyter.client.diffs import unified
from wegent_jupyter.protocol import api

NAMED = 3
"""Files that a line about many names."""
VERBS = {"tool": "asks for leave", "question": "asks", "plan": "proposes a plan"}


def describe(approval: api.Approval) -> list[str]:
    """Return what an agent wants, where, and all of it: a person decides on what they see."""
    practice = " (PRACTICE: scripted, not AI)" if approval.practice else ""
    head = f"? {printable(approval.agent)}{practice} {VERBS[approval.asks]}: {printable(approval.title)}"
    where = [f"  in {printable(approval.workspace)}"] if approval.workspace else []
    return [head, *where, *(f"  │ {line}" for line in _content(approval))]


def _content(approval: api.Approval) -> list[str]:
    if approval.asks == "question":
        return [line for question in approval.questions for line in ask(question)]
    given = approval.input
    if approval.diffs:
        return [line for diff in approval.diffs for line in _proposed(diff)] + _rest(given, _IN_DIFFS)
    if isinstance(given, dict) and isinstance(text := given.get("plan" if approval.asks == "plan" else "command"), str):
        lines = text.split("\n")
        if approval.asks == "plan":
            return lines
        return [f"$ {lines[0]}", *(f"  {line}" for line in lines[1:]), *_rest(given, _IN_COMMANDS)]
    return _rest(given, frozenset())


_IN_COMMANDS = frozenset({"command", "description"})
_IN_DIFFS = frozenset({"path", "file_path", "content", "old_string", "new_string", "edits"})


def _rest(given: Any, shown: frozenset[str]) -> list[str]:
    """Return what of an input was not shown otherwise, as JSON."""
    left = {key: value for key, value in given.items() if key not in shown} if isinstance(given, dict) else given
    return json.dumps(left, indent=2, ensure_ascii=False).split("\n") if left not in (None, {}) else []


def _proposed(diff: dict[str, Any]) -> list[str]:
    path, old = printable(str(diff.get("path") or "")), diff.get("old")
    lines = unified(path, old, diff.get("new") or "")
    return lines or [f"{path}: {'nothing changes' if old is not None else 'a new, empty file'}"]


def changed(files: list[dict[str, Any]], total: int) -> str:
    """Return what a turn changed: how many files and lines, and the first files."""
    names = ", ".join(printable(one["path"]) for one in files[:NAMED])
    added, removed = (sum(one[side] or 0 for one in files) for side in ("added", "removed"))
    lines = f", {lines_changed(added, removed)}" if len(files) == total else ""
    return f"{counted(total, 'file')} changed{lines}: {names}{'…' if total > NAMED else ''}"


def lines_changed(added: int | None, removed: int | None) -> str:
    """Return how many lines came and went; empty where there are none, as it is no text."""
    return "" if added is None or removed is None else f"+{added:,} \N{MINUS SIGN}{removed:,}"


def counted(number: int, what: str) -> str:
    """Return so many of something."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def ask(question: api.Question) -> list[str]:
    """Return a question with its options, numbered."""
    options = [
        f"{number}. {printable(choice.label)}" + (f": {printable(choice.description)}" if choice.description else "")
        for number, choice in enumerate(question.options, 1)
    ]
    return [*question.question.splitlines(), *options]


def how_to_answer(question: api.Question) -> str:
    """Return what may be typed."""
    count = len(question.options)
    numbers = "" if not count else "1" if count == 1 else f"1-{count}"
    if numbers and question.multiple:
        numbers += ", several as 1,2"
    own = "your own words" if question.free or not count else ""
    return " or ".join(part for part in (numbers, own) if part)


def parse_answer(question: api.Question, text: str) -> str | list[str]:
    """Return what a typed answer means: labels, their numbers, or own words; raises ValueError."""
    whole = _label(question, text.strip())
    if question.multiple and question.options:
        parts = [whole] if whole is not None else [_label(question, part.strip()) for part in text.split(",")]
        labels = [part for part in parts if part is not None]
        if len(labels) == len(parts):
            return list(dict.fromkeys(labels))
    if whole is not None:
        return whole
    if text.strip() and (question.free or not question.options):
        return text.strip()
    raise ValueError(f"'{text}' is not offered for '{question.question}'. Answer with {how_to_answer(question)}.")


def _label(question: api.Question, text: str) -> str | None:
    labels = [choice.label for choice in question.options]
    if text in labels:
        return text
    known = text.isascii() and text.isdigit() and 1 <= int(text) <= len(labels)
    return labels[int(text) - 1] if known else None


def outcome(approval: api.Approval) -> str:
    """Return what became of an approval."""
    title, decision = printable(approval.title), approval.decision
    if approval.state == "allowed":
        if approval.asks == "question":
            return f"✓ answered: {title}"
        always = decision is not None and decision.decision == "allow_task"
        changed = " with another input" if decision is not None and decision.input is not None else ""
        return f"✓ allowed{' for this task' if always else changed}: {title}"
    if approval.state == "denied":
        reason = f" ({printable(decision.reason)})" if decision is not None and decision.reason else ""
        return f"✕ denied: {title}{reason}"
    if approval.state == "expired":
        return f"! expired: {title}. The run ended before it was answered."
    return f"! no longer asked: {title}"
