"""The tools of Claude Code."""

from __future__ import annotations

import re
from typing import ClassVar

from wegent_jupyter.practice import script
from wegent_jupyter.practice.kit import Kit, absolute, options
from wegent_jupyter.practice.parts import Call
from wegent_jupyter.practice.transcript import Result

_UNREAD = "has not been read"
"""What Claude Code says of a file that would be overwritten unseen."""
_TOOL_ERROR = re.compile(r"<tool_use_error>(.*?)</tool_use_error>", re.DOTALL)


class ClaudeKit(Kit):
    """Bash, Write, Read and AskUserQuestion."""

    prefix: ClassVar[str] = "toolu"

    def shell(self, number: int, command: str) -> Call:
        """Run a command with Bash."""
        return self.made(number, "Bash", {"command": command, "description": "A step of the practice script"})

    def write(self, number: int, path: str, text: str, folder: str | None) -> Call:
        """Write a file with Write."""
        return self.made(number, "Write", {"file_path": absolute(path, folder), "content": text})

    def ask(self, number: int, text: str, choices: tuple[str, ...]) -> Call:
        """Ask with AskUserQuestion."""
        question = {"question": text, "header": "Practice", "options": options(choices), "multiSelect": False}
        return self.made(number, "AskUserQuestion", {"questions": [question]})

    def again(self, last: Result, step: script.Step, folder: str | None) -> Call | None:
        """Read a file that exists before it is overwritten, as Claude Code demands."""
        if not isinstance(step, script.Write):
            return None
        if last.tool == "Write" and last.failed and _UNREAD in last.text:
            return self.made(last.step, "Read", {"file_path": absolute(step.path, folder)})
        if last.tool == "Read" and not last.failed:
            return self.call(last.step, step, folder)
        return None

    def outcome(self, result: Result) -> str | None:
        """Say what was chosen, denied or impossible; a command that failed speaks for itself."""
        if result.tool == "AskUserQuestion" and not result.failed:
            chosen = re.search(r'="((?:[^"\\]|\\.)*)"', result.text)
            return f"You chose {chosen[1]}." if chosen else None
        if not result.failed or result.text.startswith("Exit code"):
            return None
        if error := _TOOL_ERROR.search(result.text):
            return f"That failed: {error[1].strip()}"
        return f"That was not allowed: {result.text}"
