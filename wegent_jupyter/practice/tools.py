"""What the practice agent really does: it runs commands and writes files, each behind a card and a question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acp.schema import PermissionOption, ToolCallStatus

from wegent_jupyter.practice import shell
from wegent_jupyter.practice.cards import Card, ToolFailed

MAX_FILE = 1 << 20
"""Bytes of a file that may be overwritten: its old text travels in the diff."""


async def bash(card: Card, command: str, cwd: Path) -> None:
    """Ask, run the command and show its output while it grows."""
    await card.show()
    await card.ask()
    await card.update("in_progress")
    result = await shell.run(command, cwd, lambda text: card.update("in_progress", text))
    status: ToolCallStatus = "completed" if result.exit_code == 0 else "failed"
    await card.update(status, result.output, {"exit_code": result.exit_code, "output": result.output})


async def write(card: Card, path: str, text: str, cwd: Path) -> None:
    """Show the change, ask, and write the file; ToolFailed outside `cwd` and for what is not a small text file."""
    target = inside(path, cwd)
    card.about(target, old_text(target), text)
    await card.show()
    await card.ask()
    await card.update("in_progress")
    put(inside(path, cwd), text)  # looked at again: a link may have appeared while the question was open
    await card.update("completed")


async def ask(card: Card, choices: Sequence[str]) -> str:
    """Ask for leave, or let a choice be made; return what to say of it. Declined goes to the caller."""
    await card.show()
    if not choices:
        await card.ask()
        await card.update("completed", "Allowed.")
        return "You allowed it."
    chosen = int(await card.ask(_options(choices)))
    await card.update("completed", choices[chosen])
    return f"You chose {choices[chosen]}."


def _options(choices: Sequence[str]) -> list[PermissionOption]:
    """Return one way to say yes for each choice; more than one makes a question of a request."""
    options = [
        PermissionOption(option_id=str(number), name=choice, kind="allow_once") for number, choice in enumerate(choices)
    ]
    return [*options, PermissionOption(option_id="reject_once", name="Deny", kind="reject_once")]


async def nothing(card: Card) -> None:
    """Show a call that has no effect."""
    await card.show("in_progress")
    await card.update("completed", "Scripted card: nothing was done.")


def inside(path: str, cwd: Path) -> Path:
    """Return the real path of a file in `cwd`, links followed; ToolFailed if it lies elsewhere."""
    try:
        root = cwd.resolve()
        target = (root / path).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null byte, a loop of links
        raise ToolFailed(f"{path!r} is not a usable path: {error}") from error
    if target == root or not target.is_relative_to(root):
        raise ToolFailed(f"{path} is outside the working directory")
    return target


def old_text(target: Path) -> str | None:
    """Return the text that would be overwritten, None for a new file; ToolFailed if it is not a small text file."""
    if not target.exists():
        return None
    if not target.is_file() or target.stat().st_size > MAX_FILE:
        raise ToolFailed(f"{target.name} is not a text file of at most {MAX_FILE >> 20} MiB")
    try:
        return target.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ToolFailed(f"{target.name} is not UTF-8 text") from error


def put(target: Path, text: str) -> None:
    """Write a file with the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", newline="")
