"""Which agent's tools a request offers."""

from __future__ import annotations

from collections.abc import Sequence

from wegent_jupyter.practice.kit import Kit, Offer
from wegent_jupyter.practice.kit_claude import ClaudeKit
from wegent_jupyter.practice.kit_codex import SHELLS, CodexKit
from wegent_jupyter.practice.kit_opencode import SHELL, OpencodeKit


def kit_for(offers: Sequence[Offer]) -> Kit:
    """Return the kit of the agent that offers these tools, known by its shell; Claude Code where nothing is known."""
    names = {offer.name for offer in offers}
    if names & SHELLS.keys() or any(offer.custom for offer in offers):
        return CodexKit(offers)
    return OpencodeKit(offers) if SHELL in names else ClaudeKit(offers)
