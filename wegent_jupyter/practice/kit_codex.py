"""The tools of Codex."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any, ClassVar

from wegent_jupyter.practice import script
from wegent_jupyter.practice.kit import Kit, Offer, options, patch_adding
from wegent_jupyter.practice.parts import Call
from wegent_jupyter.practice.transcript import Result, call_id

YIELD = 30_000
"""Milliseconds after which a command that still runs is asked after: the longest that Codex waits at once."""
SHELLS: dict[str, Callable[[str], dict[str, Any]]] = {
    "exec_command": lambda command: {"cmd": command, "yield_time_ms": YIELD},
    "shell_command": lambda command: {"command": command},
    "shell": lambda command: {"command": ["bash", "-lc", command]},
}
"""The shells of Codex, newest first, and what each is called with."""
SHOWN = 500
"""Characters of a result that are repeated."""
_DENIED, _UNKNOWN = "rejected by user", "unsupported call: "
"""What Codex says instead of a result."""
_DONE = {"apply_patch": re.compile("^Success", re.MULTILINE), "request_user_input": re.compile(r"\A\{")}
"""How the results of tools begin that did what they were asked; Codex does not say so in another way."""
_RUNNING = re.compile(r"^Process running with session ID (\d+)", re.MULTILINE)


class CodexKit(Kit):
    """A shell, apply_patch and request_user_input, as far as they are offered."""

    prefix: ClassVar[str] = "call"

    def shell(self, number: int, command: str) -> Call | None:
        """Run a command with the newest shell that is offered."""
        name = next((name for name in SHELLS if name in self.names), None)
        return self.made(number, name, SHELLS[name](command)) if name else None

    def write(self, number: int, path: str, text: str, folder: str | None) -> Call | None:
        """Write a file with a patch that adds it, also over an old one; a shell does it where none is offered.

        Either way the file ends in a line break: a patch knows whole lines only.
        """
        if Offer("apply_patch", custom=True) in self.offers:
            return self.made(number, "apply_patch", patch_adding(path, text))
        lines, end = text.removesuffix("\n").split("\n"), "END"
        while end in lines:
            end += "_"
        body = "\n".join([*lines, end])
        return self.shell(number, f"cat > {shlex.quote(path)} <<'{end}'\n{body}")

    def ask(self, number: int, text: str, choices: tuple[str, ...]) -> Call | None:
        """Ask with request_user_input, which Codex may refuse outside its plan mode."""
        if "request_user_input" not in self.names:
            return None
        question = {"id": "practice", "header": "Practice", "question": text, "options": options(choices)}
        return self.made(number, "request_user_input", {"questions": [question]})

    def tool(self, number: int, name: str, value: dict[str, Any]) -> Call:
        """Call any tool; one of a group by `GROUP__NAME`, one that takes free text with `{"input": TEXT}`."""
        identity = call_id(number, "Tool", self.prefix)
        for offer in self.offers:
            if name in (offer.name, f"{offer.namespace}__{offer.name}"):
                return Call(
                    identity, offer.name, str(value.get("input", "")) if offer.custom else value, offer.namespace
                )
        return Call(identity, name, value)

    def again(self, last: Result, step: script.Step, folder: str | None) -> Call | None:
        """Wait on for a command that still runs."""
        found = _RUNNING.search(last.text) if isinstance(step, script.Bash) else None
        if not found or "write_stdin" not in self.names:
            return None
        value = {"session_id": int(found[1]), "chars": "", "yield_time_ms": YIELD}
        return self.made(last.step, "write_stdin", value)

    def outcome(self, result: Result) -> str | None:
        """Say what was chosen, denied or impossible; a command that failed speaks for itself."""
        if _DENIED in result.text[:SHOWN]:
            return f"That was not allowed: {_DENIED}"
        if result.tool == "request_user_input" and (chosen := _chosen(result.text)):
            return f"You chose {chosen}."
        done = _DONE.get(result.tool)
        if result.text.startswith(_UNKNOWN) or (done is not None and not done.search(result.text)):
            return f"That failed: {result.text[:SHOWN]}"
        return None


def _chosen(text: str) -> str | None:
    try:
        return str(json.loads(text)["answers"]["practice"]["answers"][0])
    except (ValueError, KeyError, IndexError, TypeError):
        return None
