"""`run` without `--agent` uses the only agent that can be meant, and asks where several can."""

from __future__ import annotations

import pytest

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.client.choosing import only_agent
from wegent_jupyter.protocol.api import Agent, Device
from wegent_jupyter.protocol.models import ProviderKind


def device(*, claude: str = "", codex: str = "") -> Device:
    """Return a device with both agents, each `ready`, `in` (and logged in) or `out` (not logged in), or missing."""
    logins = {"in": True, "out": False}
    both = (("claude", "anthropic", claude), ("codex", "openai", codex))
    agents = [
        Agent.model_validate(
            {
                "id": id_,
                "name": id_,
                "ready": bool(how),
                "logged_in": logins.get(how),
                "models": ["practice"],
                "provider": provider,
            }
        )
        for id_, provider, how in both
    ]
    practice = Agent(id="practice", name="practice", practice=True)
    return Device(device_id="a", name="a", status="online", agents=[practice, *agents])


@pytest.mark.parametrize(
    ("claude", "codex", "model", "kind", "chosen"),
    [
        ("in", "", None, None, "claude"),
        ("out", "", None, None, "claude"),
        ("in", "out", None, None, "claude"),
        ("out", "in", None, None, "codex"),
        ("out", "ready", None, None, "codex"),
        ("", "out", "practice", None, "codex"),
        ("in", "out", "work/m", "openai", "codex"),
        ("out", "in", "work/m", "anthropic", "claude"),
    ],
)
def test_the_only_one_that_can_be_meant_is_used(
    claude: str, codex: str, model: str | None, kind: ProviderKind | None, chosen: str
) -> None:
    assert only_agent(device(claude=claude, codex=codex), model, kind) == chosen


@pytest.mark.parametrize(
    ("claude", "codex", "model", "kind", "says"),
    [
        ("in", "in", None, None, "one of: practice, claude, codex"),
        ("out", "out", None, None, "one of: practice, claude, codex"),
        ("in", "out", "practice", None, "one of: claude, codex"),
        ("", "", None, None, "one of: practice, claude, codex"),
        ("in", "", "work/m", "openai", "one of: codex"),
    ],
)
def test_where_several_or_none_can_be_meant_the_person_is_asked(
    claude: str, codex: str, model: str | None, kind: ProviderKind | None, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        only_agent(device(claude=claude, codex=codex), model, kind)


def test_where_none_is_ready_each_says_why_and_what_makes_it_ready() -> None:
    lacking = device()
    lacking.agents[1] = Agent(
        id="claude", name="Claude Code", ready=False, reason="It is not\ninstalled.", fix="install it"
    )
    lacking.agents[2] = Agent(id="codex", name="Codex", logged_in=False, login_command="codex login")
    lacking.agents.append(Agent(id="other", name="Other", logged_in=False))
    with pytest.raises(BadInput) as told:
        only_agent(lacking, None, None)
    assert told.value.message.endswith("one of: practice, claude, codex, other")
    assert (told.value.fix or "").splitlines() == [
        "None is ready on a, but for the practice agent, which is scripted, not AI.",
        "Claude Code: It is not installed. To make it ready: install it",
        "Codex: It is not logged in. To make it ready: codex login",
        "Other: It is not logged in.",
    ]


def test_where_several_are_ready_nothing_is_said_of_what_they_lack() -> None:
    with pytest.raises(BadInput) as told:
        only_agent(device(claude="in", codex="in"), None, None)
    assert told.value.fix is None
