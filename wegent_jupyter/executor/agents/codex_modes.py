"""What each of our modes is in Codex's words: when it asks, and what its own sandbox lets commands do.

Our gate decides, so Codex has to ask. `untrusted` makes it ask before every command and patch (seen with 0.158 to
0.171: also `ls` and `cat`), but for what the person's own rules in their Codex home allow (`codex_rules`), for tools
that call themselves harmless (`codex_servers` has them ask, too), and for looking at pictures: some are attachments.
A command that was allowed is to work, so there is no sandbox around it: that would fail where there are no user
namespaces, and what it forbids was just allowed.

In plan mode nobody is asked and nothing can change: the system's sandbox holds the commands (no writing, no network),
escalations are refused, and tools of servers come to our gate, which denies them. Reading is not limited there.
"""

from dataclasses import dataclass
from typing import Any

from wegent_jupyter.protocol.api import Mode


@dataclass(slots=True, frozen=True)
class Policy:
    """How Codex is to work in one turn; `collaboration` is its own name of the way in which it answers."""

    approval: Any
    sandbox: str
    policy: dict[str, Any]
    """The sandbox as `turn/start` wants it."""
    collaboration: str

    @property
    def thread(self) -> dict[str, Any]:
        """Return the parameters for `thread/start` and `thread/resume`. A person answers, never a reviewing model."""
        return {"approvalPolicy": self.approval, "approvalsReviewer": "user", "sandbox": self.sandbox}

    @property
    def turn(self) -> dict[str, Any]:
        """Return the parameters for `turn/start`."""
        return {"approvalPolicy": self.approval, "approvalsReviewer": "user", "sandboxPolicy": self.policy}


_ASKING = Policy("untrusted", "danger-full-access", {"type": "dangerFullAccess"}, "default")
_PLANNING = Policy(
    {
        "granular": {
            "sandbox_approval": False,
            "rules": False,
            "skill_approval": False,
            "request_permissions": False,
            "mcp_elicitations": True,
        }
    },
    "read-only",
    {"type": "readOnly"},
    "plan",
)


def policy(mode: Mode) -> Policy:
    """Return what Codex is told for a mode."""
    return _PLANNING if mode == "plan" else _ASKING
