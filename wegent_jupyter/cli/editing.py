"""Let a person edit what a tool would get, in their own editor."""

import asyncio
import json
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

from wegent_jupyter.cli.screen import Screen
from wegent_jupyter.protocol import api


async def edit_input(approval: api.Approval, screen: Screen) -> dict[str, Any] | None:
    """Return the input as the person left it; None, with the reason said, when there is nothing to send."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "input.json")
        _write(path, approval.input)
        if not await _edit(path, screen):
            return None
        try:
            return _read(path)
        except (OSError, ValueError) as error:
            screen.say(f"Not used: {error}")
            return None


def _write(path: Path, given: Any) -> None:
    path.write_text(json.dumps(given, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    return parse_input(path.read_text(encoding="utf-8"))


def parse_input(text: str) -> dict[str, Any]:
    """Return a tool's input; raises ValueError in words for people."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the input is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("the input has to be a JSON object")
    return found


async def _edit(path: Path, screen: Screen) -> bool:
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    screen.hold()
    try:
        process = await asyncio.create_subprocess_exec(*editor, str(path))
        status = await process.wait()
        problem = f"it ended with status {status}" if status else ""
    except OSError as error:
        problem = str(error)
    finally:
        screen.release()
    if problem:
        screen.say(f"The editor '{editor[0]}' failed: {problem}. Set EDITOR to choose another one.")
    return not problem
