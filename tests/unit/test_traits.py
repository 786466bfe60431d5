"""What an operator writes on the command line is what counts."""

from __future__ import annotations

import pytest
from traitlets import TraitError

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


@pytest.mark.parametrize("text", ["", "Ask the team first.", " <b>not</b> a page\nsecond line ", "é" * 500])
def test_a_notice_is_plain_text(text: str) -> None:
    assert WegentApp(notice=text).notice == text.strip()


@pytest.mark.parametrize("text", ["x" * 501, "\x1b[31mred", "a\x00b", "\u202egnp.exe"])
def test_a_notice_that_is_too_long_or_no_text_is_refused_with_what_it_has_to_be(text: str) -> None:
    with pytest.raises(TraitError, match="plain text of at most 500 characters"):
        WegentApp(notice=text)
