"""The tools of opencode, and of agents whose tools have the same names."""

from __future__ import annotations

from wegent_jupyter.practice.kit import Kit, absolute, patch_adding
from wegent_jupyter.practice.parts import Call
from wegent_jupyter.practice.transcript import Result

SHELL = "bash"


class OpencodeKit(Kit):
    """bash, and write or apply_patch."""

    def shell(self, number: int, command: str) -> Call:
        """Run a command with bash."""
        return self.made(number, SHELL, {"command": command, "description": "A step of the practice script"})

    def write(self, number: int, path: str, text: str, folder: str | None) -> Call | None:
        """Write a file with write, or, where models of OpenAI get another tool, with a patch."""
        if "write" in self.names:
            return self.made(number, "write", {"filePath": absolute(path, folder), "content": text})
        if "apply_patch" in self.names:
            return self.made(number, "apply_patch", {"patchText": patch_adding(path, text)})
        return None

    def ask(self, number: int, text: str, choices: tuple[str, ...]) -> None:
        """Ask nothing: these agents offer no way."""

    def outcome(self, result: Result) -> str | None:
        """Say what was denied or impossible; a command that failed speaks for itself."""
        return f"That failed: {result.text}" if result.failed else None
