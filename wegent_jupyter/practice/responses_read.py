"""What a request of OpenAI's Responses API says, in the shapes in which Codex sends one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from wegent_jupyter.practice.kit import Offer
from wegent_jupyter.practice.kits import kit_for
from wegent_jupyter.practice.transcript import Said, Tools, Transcript
from wegent_jupyter.protocol.history import is_history

_CONTEXT = re.compile(r"# AGENTS\.md instructions|<(skill|[a-z]+(?:_[a-z]+)+)[ >].*</\1>\Z", re.DOTALL)
"""What Codex says in the user's name: rules of the project, and whole texts between tags of its own."""
_ABORTED = "<turn_aborted>"
_SAID = re.compile(r"(msg|rs)_practice_(\d+)_[0-9a-f]+")
_CUT = re.compile(r"(?:Wall time: .*\n)?aborted")
"""What Codex gives as the output of a call that was cut off."""
_CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call"})
_RESULTS = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output"})
_UUID7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
_FOLDER = re.compile(r"<cwd>(.*?)</cwd>|^\W*Working directory: *(\S.*?)\s*$", re.MULTILINE)


def read(body: dict[str, Any]) -> Transcript:
    """Read the body of a request; ValueError if it has no input."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
        raise ValueError("input: a text or a list of at least one item is required")
    found = Transcript(tools=_tools(body.get("tools")))
    found.folder = _folder([str(body.get("instructions") or "")])
    reader = _Reader(found, _moment(_turn(body)))
    for item in items:
        reader.take(item)
    return found


def _turn(body: dict[str, Any]) -> str:
    told = body.get("client_metadata")
    return str(told.get("turn_id")) if isinstance(told, dict) else ""


def _moment(identity: str) -> int | None:
    """Return when an id was made, in milliseconds of Unix time, as far as it has a UUID of version 7."""
    found = _UUID7.search(identity)
    return int(found[1] + found[2], 16) if found else None


def _tools(offered: Any) -> Tools | None:
    offers = list(_offers(offered)) if isinstance(offered, list) else []
    return kit_for(offers) if offers else None


def _offers(tools: Iterable[Any], namespace: str | None = None) -> Iterator[Offer]:
    for tool in tools:
        if not isinstance(tool, dict):
            continue
        if tool.get("type") == "namespace" and isinstance(tool.get("tools"), list):
            yield from _offers(tool["tools"], str(tool.get("name")))
        elif tool.get("type") in ("function", "custom"):
            yield Offer(str(tool.get("name")), tool["type"] == "custom", namespace)


class _Reader:
    """Goes through the items, from the first to the last.

    Codex steers a turn by one more message of the user, and throws away what the model was saying. Only its ids tell
    such a message from a new prompt after a turn that failed: the first one of the running turn is the prompt.
    """

    def __init__(self, found: Transcript, began: int | None) -> None:
        self.found = found
        self._began, self._asked = began, False

    def take(self, item: dict[str, Any]) -> None:
        kind = item.get("type", "message")
        if kind in _CALLS:
            self.found.take_answer(called=True)
        elif kind in _RESULTS:
            self._result(item)
        elif kind == "reasoning":
            self._said(item)
        elif kind == "message" and item.get("role") == "assistant":
            self.found.take_answer(called=False)
            self._said(item)
        elif kind == "message":
            made = _moment(str(item.get("id", ""))) if item.get("role") == "user" else None
            self._message(item, self._began is not None and made is not None and made >= self._began)

    def _said(self, item: dict[str, Any]) -> None:
        if match := _SAID.fullmatch(str(item.get("id"))):
            self.found.said = Said(int(match[2]), match[1] == "rs")

    def _result(self, item: dict[str, Any]) -> None:
        text = "\n".join(_texts(item.get("output")))
        self.found.take_result(item.get("call_id"), text, failed=False)
        if _CUT.match(text):
            self.found.running = False

    def _message(self, item: dict[str, Any], in_turn: bool) -> None:
        asked = []
        for text in map(str.strip, _texts(item.get("content"))):
            if text.startswith(_ABORTED):
                self.found.running = False
            elif item.get("role") != "user" or _CONTEXT.match(text):
                self.found.folder = _folder([text]) or self.found.folder
            elif not is_history(text):
                asked.append(text)
        if text := "\n".join(asked).strip():
            self._text(text, in_turn)

    def _text(self, text: str, in_turn: bool) -> None:
        if not in_turn:
            self.found.take_text(text)
        elif self._asked:
            self.found.ended = False  # what was to be said has been cut off
            self.found.take_said([text])
        else:
            self._asked = True
            self.found.take_prompt(text)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)


def _folder(texts: Iterable[str]) -> str | None:
    """Return the working directory that was named last: a resumed conversation may have moved."""
    found = [match[0] or match[1] for text in texts for match in _FOLDER.findall(text)]
    return str(found[-1]) if found else None
