"""The person's terminal: the answer on standard output, everything else, and what is asked, on standard error."""

import shutil
import sys
from typing import TextIO


class Screen:
    """Keeps lines whole while two streams and a prompt share one terminal."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._in_line = False
        self._prompt = ""
        self._prompt_shown = False
        self._held: list[tuple[TextIO, str]] | None = None

    def write(self, text: str) -> None:
        """Add to the answer on standard output."""
        self._leave_prompt()
        self._put(sys.stdout, clean(text))
        if text:
            self._in_line = not text.endswith("\n")

    def say(self, text: str) -> None:
        """Write a line to standard error."""
        self._leave_prompt()
        self.end_line()
        self._put(sys.stderr, clean(text) + "\n")

    def end_line(self) -> None:
        """End the answer's line, if it is in one."""
        if self._in_line:
            self._put(sys.stdout, "\n")
            self._in_line = False

    def prompt(self, text: str) -> None:
        """Show a prompt; `refresh` shows it again after other output."""
        self._prompt = clean(text)
        self.refresh()

    def typed(self) -> None:
        """Note that the person ended the prompt's line with Enter."""
        self._prompt, self._prompt_shown = "", False

    def drop_prompt(self) -> None:
        """Give the prompt up."""
        self._leave_prompt()
        self._prompt = ""

    def refresh(self) -> None:
        """Show the prompt again if output came in between."""
        if self._prompt and not self._prompt_shown:
            self.end_line()
            self._put(sys.stderr, self._prompt)
            self._prompt_shown = True

    def hold(self) -> None:
        """Keep what comes: another program has the terminal."""
        self._held = []

    def release(self) -> None:
        """Write what was kept."""
        held, self._held = self._held or [], None
        for stream, text in held:
            self._put(stream, text)

    def _leave_prompt(self) -> None:
        if self._prompt_shown:
            self._put(sys.stderr, "\n")
            self._prompt_shown = False

    def _put(self, stream: TextIO, text: str) -> None:
        if self._held is not None:
            self._held.append((stream, text))
            return
        stream.write(text)
        stream.flush()


def progress(text: str) -> None:
    """Show on a terminal that something goes on, in a line that the next one replaces."""
    if sys.stderr.isatty():
        shown = printable(text)[: shutil.get_terminal_size().columns - 3]
        print(f"\r\033[K… {shown}", end="", file=sys.stderr, flush=True)


def erase_progress() -> None:
    """Remove that line."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def clean(text: str) -> str:
    """Return text without control characters but tab and newline: an agent must not steer the terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else "�" for one in text)


def printable(text: str) -> str:
    """Return text as one line without control characters: titles come from agents, too."""
    return "".join(character if character.isprintable() else "�" for character in text)
