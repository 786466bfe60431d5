"""Read a secret: typed by a person without being shown, or from a pipe; never from the command line."""

import asyncio
import sys

from wegent_jupyter.cli import keyboard
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import Screen


async def secret(prompt: str, limit: int) -> str:
    """Return what is typed, or comes on standard input, in one line of `limit` bytes at most; raises BadInput."""
    typed = await (_typed(prompt) if sys.stdin.isatty() else piped(limit))
    text = typed.strip()
    if len(text.encode()) > limit:
        raise BadInput(f"That is too long: {limit:,} bytes at most.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise BadInput("That is no address and no key: one line without spaces is wanted.")
    return text


async def _typed(prompt: str) -> str:
    screen = Screen()
    typing = asyncio.create_task(keyboard.hidden_line())
    await asyncio.sleep(0)  # what was typed before is thrown away, then the prompt is shown
    screen.prompt(f"{prompt} (it is not shown): ")
    try:
        return await typing or ""
    finally:
        screen.drop_prompt()


async def piped(limit: int) -> str:
    """Return what comes on standard input to its end, as text; raises BadInput."""
    found = b""
    while len(found) <= limit and (data := await keyboard.data()):
        found += data
    try:
        return found.decode()
    except UnicodeDecodeError as error:
        raise BadInput("What comes on standard input is no text.") from error
