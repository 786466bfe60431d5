"""What the practice model makes of an agent's tools: which call does a step, and what came of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, ClassVar, NamedTuple

from wegent_jupyter.practice import script
from wegent_jupyter.practice.parts import Call
from wegent_jupyter.practice.transcript import Result, call_id

LEAVE = ("Yes", "No")
"""The choices of a question for leave."""


class Offer(NamedTuple):
    """A tool that a request offers."""

    name: str
    custom: bool = False
    """Whether it takes free text instead of a JSON object."""
    namespace: str | None = None


class Kit(ABC):
    """The tools of one kind of agent."""

    prefix: ClassVar[str] = "toolu"
    """How the ids of calls begin."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        """Take what the request offers."""
        self.offers = offers
        self.names = {offer.name for offer in offers}

    def call(self, number: int, step: script.Step, folder: str | None) -> Call | None:
        """Return the call that does a step, None for a step that no tool does."""
        match step:
            case script.Bash(command):
                return self.shell(number, command)
            case script.Write(path, text):
                return self.write(number, path, text, folder)
            case script.Ask(text, choices):
                return self.ask(number, text, choices)
            case script.Tool(name, value):
                return self.tool(number, name, value)
        return None

    @abstractmethod
    def shell(self, number: int, command: str) -> Call | None:
        """Return the call that runs a shell command."""

    @abstractmethod
    def write(self, number: int, path: str, text: str, folder: str | None) -> Call | None:
        """Return the call that writes a file; `path` is relative to `folder`."""

    @abstractmethod
    def ask(self, number: int, text: str, choices: tuple[str, ...]) -> Call | None:
        """Return the call that asks a question; without choices it asks for leave."""

    def tool(self, number: int, name: str, value: dict[str, Any]) -> Call:
        """Return the call of any tool, offered or not."""
        return Call(call_id(number, "Tool", self.prefix), name, value)

    def again(self, last: Result, step: script.Step, folder: str | None) -> Call | None:
        """Return the call that goes on with the step of the last result, None when the step is done."""
        return None

    @abstractmethod
    def outcome(self, result: Result) -> str | None:
        """Return the sentence about a result that the user should see: what was chosen, denied or impossible."""

    def made(self, number: int, name: str, value: dict[str, Any] | str) -> Call:
        """Return the call of a tool of this kit."""
        return Call(call_id(number, name, self.prefix), name, value)


def options(choices: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the choices of a question as agents want them."""
    return [{"label": choice, "description": f"Say {choice}"} for choice in choices or LEAVE]


def absolute(path: str, folder: str | None) -> str:
    """Return a path of the script for a tool that wants absolute ones."""
    return str(PurePath(folder) / path) if folder else path


def patch_adding(path: str, text: str) -> str:
    """Return the patch that writes a file, new or not, in the language of Codex: of whole lines, so with an end."""
    lines = text.removesuffix("\n").split("\n")
    added = "\n".join(f"+{line}" for line in lines)
    return f"*** Begin Patch\n*** Add File: {path}\n{added}\n*** End Patch\n"
