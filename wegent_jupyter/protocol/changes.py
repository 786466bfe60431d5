"""What a turn changed in its directory: what the API takes and gives, and what crosses the device link about it.

The device keeps a snapshot from before and one from after each turn (docs/architecture.md, *Projects and files*).
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from wegent_jupyter.protocol.api import Model, Request
from wegent_jupyter.protocol.wire import Done, Wire, WireId

LIST, FILE, REVERT = "changes:list", "changes:file", "changes:revert"
"""Gateway to device: what an attempt changed and how that looks now; one file before and after; take it back."""

MAX_FILES = 500
"""Files that are listed of one turn; more are counted."""
MAX_TEXT = 1 << 20
"""Bytes of a file, before or after, that are shown."""

Status = Literal["added", "modified", "deleted"]
Now = Literal["as_left", "changed_since", "reverted"]
"""A file as the turn left it; changed by somebody since; as it was before the turn."""
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""Relative to the task's directory, `/` between names."""


class FileChange(Model):
    """A file that a turn changed."""

    path: FilePath
    status: Status
    added: int | None = None
    """Lines; None where it is not text."""
    removed: int | None = None


class FileState(FileChange):
    """The same, and how it looks now."""

    now: Now = "as_left"


class TurnChanges(Model):
    """Answer of `…/turns/{turn}/changes`."""

    turn_id: int
    attempt_id: int
    workspace: str
    items: list[FileState]
    total: int


class NotebookCell(Model):
    """A cell that a turn changed, or next to which one was."""

    status: Literal["added", "deleted", "modified", "same"]
    cell_type: str
    before: str | None = None
    """Its source; None where there was no such cell."""
    after: str | None = None
    outputs_changed: bool = False


class FileDiff(Model):
    """Answer of `…/changes/file`: one file before and after a turn."""

    path: str
    status: Status
    now: Now = "as_left"
    binary: bool = False
    truncated: bool = False
    """It is too long: only the beginning is here."""
    before: str | None = None
    """None where there was no such file, or it is no text."""
    after: str | None = None
    cells: list[NotebookCell] | None = None
    """Of a notebook that could be read before and after."""


class Revert(Request):
    """Take back what a turn changed: all of it, or some files. All are taken back, or none."""

    paths: Annotated[list[FilePath], Field(min_length=1, max_length=10_000)] | None = None


class Reverted(Model):
    """Answer to it."""

    paths: list[str]


# What crosses the device link.


class ChangesQuestion(Wire):
    """`changes:list`."""

    attempt_id: WireId


class ChangesAnswer(Done):
    """Answer to it."""

    workspace: str = ""
    items: list[FileState] = Field(default=[], max_length=MAX_FILES)
    total: int = 0


class FileQuestion(Wire):
    """`changes:file`."""

    attempt_id: WireId
    path: FilePath


class FileAnswer(Done):
    """Answer to it."""

    status: Status = "modified"
    now: Now = "as_left"
    binary: bool = False
    truncated: bool = False
    before: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    after: Annotated[str, Field(max_length=MAX_TEXT)] | None = None


class RevertQuestion(Wire):
    """`changes:revert`."""

    attempt_id: WireId
    paths: Annotated[list[FilePath], Field(max_length=10_000)] | None = None


class RevertAnswer(Done):
    """Answer to it; `message` names the files that stand in the way."""

    paths: list[str] = Field(default=[])
