"""What an operator writes on the command line is what counts."""

from __future__ import annotations

import pytest

from wegent_jupyter.server.app import WegentApp


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        ([], None),
        (["--WegentApp.allowed_agents=practice"], ["practice"]),
        (["--WegentApp.allowed_agents=practice", "--WegentApp.allowed_agents=claude"], ["practice", "claude"]),
        (["--WegentApp.allowed_agents=['practice', 'claude']"], ["practice", "claude"]),
        (["--WegentApp.allowed_agents=[]"], []),
    ],
)
def test_only_the_agents_that_were_named_are_allowed(arguments: list[str], allowed: list[str] | None) -> None:
    app = WegentApp()
    app.parse_command_line(arguments)
    assert app.allowed_agents == allowed
