"""Tool calls of the practice agent as the client sees them, and the question before them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from acp import RequestError, start_tool_call, text_block, tool_content, tool_diff_content, update_tool_call
from acp.interfaces import Client
from acp.schema import (
    AllowedOutcome,
    ContentToolCallContent,
    FileEditToolCallContent,
    PermissionOption,
    TerminalToolCallContent,
    ToolCallLocation,
    ToolCallStatus,
    ToolCallUpdate,
    ToolKind,
)

from wegent_jupyter.practice.sessions import Session

Content: TypeAlias = ContentToolCallContent | FileEditToolCallContent | TerminalToolCallContent

OPTIONS = [
    PermissionOption(option_id="allow_once", name="Allow once", kind="allow_once"),
    PermissionOption(option_id="allow_always", name="Always allow in this conversation", kind="allow_always"),
    PermissionOption(option_id="reject_once", name="Deny", kind="reject_once"),
]


class ToolFailed(Exception):
    """A tool call cannot be done; the message says why."""


class Declined(ToolFailed):
    """The client did not allow a tool call."""

    def __init__(self, reason: str = "") -> None:
        """Take the reason that was given, if any."""
        super().__init__(f"declined: {reason or 'you did not allow this'}")
        self.reason = reason


class TurnCancelled(Exception):
    """The client answered a question by ending the turn."""


class Card:
    """One tool call: its id, what it is about, and its state at the client."""

    def __init__(
        self, client: Client, session: Session, call_id: str, kind: ToolKind, title: str, value: dict[str, Any]
    ) -> None:
        """Take the client and its session, and the call; `value` is its input."""
        self._client, self._session = client, session
        self._id, self._kind, self._title, self._raw = call_id, kind, title, value
        self._content: list[Content] | None = None
        self._locations: list[ToolCallLocation] | None = None
        self._shown = False
        self._text = ""

    def about(self, path: Path, old: str | None, new: str) -> None:
        """Attach the file and the change to it."""
        self._locations = [ToolCallLocation(path=str(path))]
        self._content = [tool_diff_content(str(path), new, old)]

    async def show(self, status: ToolCallStatus = "pending") -> None:
        """Put the card before the client."""
        self._shown = True
        start = start_tool_call(
            self._id,
            self._title,
            kind=self._kind,
            status=status,
            content=self._content,
            locations=self._locations,
            raw_input=self._raw,
        )
        await self._client.session_update(self._session.id, start)

    async def ask(self, options: list[PermissionOption] = OPTIONS) -> str:
        """Ask for permission; return the option chosen, or raise Declined or TurnCancelled.

        What was allowed for good is not remembered here: the client answers for the person then.
        """
        try:
            answer = await self._client.request_permission(self._session.id, self._described(), options)
        except RequestError as error:
            raise Declined(f"the client could not ask ({error})") from error
        if not isinstance(answer.outcome, AllowedOutcome):
            raise TurnCancelled
        chosen = answer.outcome.option_id
        if not any(option.option_id == chosen and option.kind.startswith("allow") for option in options):
            raise Declined(_reason(answer.field_meta))
        return chosen

    def _described(self) -> ToolCallUpdate:
        return ToolCallUpdate(
            tool_call_id=self._id,
            kind=self._kind,
            status="pending",
            title=self._title,
            content=list(self._content) if self._content else None,
            locations=self._locations,
            raw_input=self._raw,
        )

    async def update(self, status: ToolCallStatus, text: str | None = None, output: Any = None) -> None:
        """Tell the client the new state; `text` replaces what the card shows."""
        self._text = self._text if text is None else text
        content: Sequence[Content] | None = None if text is None else [tool_content(text_block(text))]
        update = update_tool_call(self._id, status=status, content=content, raw_output=output)
        await self._client.session_update(self._session.id, update)

    async def fail(self, reason: str) -> None:
        """Show why the call failed, below what it had shown before."""
        if not self._shown:
            await self.show()
        before = f"{self._text.rstrip()}\n\n" if self._text else ""
        await self.update("failed", f"{before}{reason}")


def _reason(meta: dict[str, Any] | None) -> str:
    """Return what the person said to a denial, if the client passed it on."""
    ours = (meta or {}).get("wegent")
    reason = ours.get("reason") if isinstance(ours, dict) else None
    return reason.strip() if isinstance(reason, str) else ""
