"""What a request of Anthropic's Messages API says, in all the shapes in which Claude Code sends one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from wegent_jupyter.practice.kit import Offer
from wegent_jupyter.practice.kits import kit_for
from wegent_jupyter.practice.transcript import Tools, Transcript
from wegent_jupyter.protocol.history import is_history

_REMINDER = re.compile(r"<system-reminder>(.*?)</system-reminder>", re.DOTALL)
_QUEUED = re.compile(
    r"The user sent (?:a new|the following) message[^\n]*:\n(.*?)(?=\n\s*\n(?:IMPORTANT:|This is how )|\Z)", re.DOTALL
)
_INTERRUPTED = "[Request interrupted by user"
_CUT_OFF = "Your response above was cut off mid-stream."
_FOLDER = re.compile(r"^\W*(?:Primary working directory|Working directory|cwd): *(\S.*?)\s*$", re.MULTILINE)


def read(body: dict[str, Any]) -> Transcript:
    """Read the body of a request; ValueError if it has no messages."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise ValueError("messages: a list of at least one message is required")
    found = Transcript(tools=_tools(body.get("tools")))
    for message in messages:
        _take(found, message)
    told = [message.get("content") for message in messages if message.get("role") == "system"]
    found.folder = _folder([body.get("system"), *told])
    return found


def _tools(offered: Any) -> Tools | None:
    if not offered:
        return None
    tools = offered if isinstance(offered, list) else []
    return kit_for([Offer(str(one.get("name"))) for one in tools if isinstance(one, dict)])


def _take(found: Transcript, message: dict[str, Any]) -> None:
    role, blocks = message.get("role"), list(_blocks(message.get("content")))
    if role == "assistant":
        found.take_answer(called=any(block.get("type") == "tool_use" for block in blocks))
        return
    for block in blocks:
        if block.get("type") == "tool_result" and role == "user":
            text = _REMINDER.sub("", "\n".join(_texts(block.get("content"))))
            found.take_result(block.get("tool_use_id"), text, failed=bool(block.get("is_error")))
        elif block.get("type") == "text":
            _text(found, str(block.get("text", "")), by_user=role == "user")


def _text(found: Transcript, text: str, by_user: bool) -> None:
    for reminder in _REMINDER.findall(text) if by_user else [text]:
        found.take_said(match[1] for match in _QUEUED.finditer(reminder))
    rest = _REMINDER.sub("", text).strip() if by_user else ""
    if rest.startswith(_INTERRUPTED):
        found.running = False
    elif rest.startswith(_CUT_OFF):
        found.answered = found.ended = False  # the same prompt is to be answered again
    elif found.running and not is_history(rest) and (queued := [match[1] for match in _QUEUED.finditer(rest)]):
        found.take_said(queued)  # some releases of Claude Code put their own words around it
    else:
        found.take_text(rest)


def _blocks(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        yield from (block for block in content if isinstance(block, dict))


def _texts(content: Any) -> Iterator[str]:
    return (str(block.get("text", "")) for block in _blocks(content) if block.get("type") == "text")


def _folder(contents: Iterable[Any]) -> str | None:
    """Return the working directory that was named last: a resumed conversation may have moved."""
    found = [match for content in contents for text in _texts(content) for match in _FOLDER.findall(text)]
    return str(found[-1]) if found else None
