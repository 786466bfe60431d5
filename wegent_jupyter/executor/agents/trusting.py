"""Say in a turn what of its directory is off, since nobody said that it is trusted."""

from wegent_jupyter.executor.agents.base import Emit, Run
from wegent_jupyter.executor.trust import Found
from wegent_jupyter.protocol.events import Notice, Trust


def say_trust(trust: Found, run: Run, emit: Emit) -> None:
    """Ask once, and say it in every later turn; nothing for a trusted directory or one that brings nothing."""
    if not trust.found or trust.state == "trusted":
        return
    index = run.next_index()
    if trust.state == "unanswered":
        emit(Trust("trust", index, str(trust.path), trust.found))
    else:
        names = ", ".join(trust.found)
        emit(Notice(f"notice-{index}", index, f"The agent configuration of {trust.path} stays off ({names})."))
