"""Ask a person for a yes."""

import asyncio

from wegent_jupyter.cli import keyboard
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import Screen


async def agreed(question: str, *, already: bool) -> bool:
    """Return whether the person says yes; `already`: they said so on the command line."""
    if already:
        return True
    screen = Screen()
    if not keyboard.is_there():
        screen.say(question)
        raise BadInput("Nobody can answer here. If you mean it, add --yes")
    typing = asyncio.create_task(keyboard.line())
    await asyncio.sleep(0)  # what was typed before is thrown away, then the prompt is shown
    screen.prompt(f"{question} [y/N] ")
    return (await typing or "").strip().lower() in ("y", "yes")
