"""What a practice answer says of itself: that it is a script, and what it can do."""

from __future__ import annotations

PREFACE = "Practice: a scripted answer, not AI."
NOT_READ = "I am a script; I did not read your message."

_STEPS = """\
What can be typed, one step per line:

- `!say TEXT` or `!think TEXT`: stream a text or a thought
- `!slow N SEC`: stream N chunks, SEC seconds apart
- `!bash CMD`: run a command, after asking
- `!write PATH TEXT`: write a file here, after asking (`\\n` is a new line)
- `!ask TEXT` or `!ask QUESTION | A | B`: ask you for leave, or a question
- `!tool NAME {"key": "value"}`: %s
- `!error STATUS`: fail"""

AGENT_HELP = _STEPS % "show a tool call that does nothing"
MODEL_HELP = _STEPS % "call a tool of the agent, after asking"


def note(number: int) -> str:
    """Return what is said of a message after the first of a conversation."""
    return f" (message {number} of this conversation)" if number > 1 else ""


def wrong(error: ValueError) -> str:
    """Return what is said to a script with a wrong line."""
    return f"Nothing was done, for this is not a script that I can follow: {error}."
