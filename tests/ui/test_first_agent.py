"""From no agent to one that works, in the sidebar and a terminal of JupyterLab; a stand-in has the login's place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.support.face import LIVENESS, Face

pytestmark = pytest.mark.ui

STAND_IN = """#!/bin/sh
if [ "$1" = --version ]; then echo "2.9.9 (Claude Code)"; exit; fi
mkdir -p ~/.claude
echo '{"claudeAiOauth": {"accessToken": "a", "refreshToken": "r"}}' > ~/.claude/.credentials.json
"""
"""Says the version that it is asked for; anything else is the login, which keeps a token as the real one does."""


def program(path: Path) -> Path:
    """Write the stand-in."""
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return path


def claude(face: Face) -> Locator:
    return face.device.locator('.wegent-Agent[data-agent-id="claude"]')


def lose_claude(face: Face, path: Path) -> None:
    """Let the device know Claude Code at a path where it no longer is."""
    device = face.server.get("/devices").json()["items"][0]["device_id"]
    answer = face.server.request("PUT", f"/devices/{device}/agents/claude", json={"path": str(program(path))})
    assert answer.status_code == 200, answer.text
    path.unlink()
    face.server.post(f"/devices/{device}/agents/refresh", {})


def test_an_agent_gets_from_missing_to_logged_in_without_a_restart(face: Face, tmp_path: Path) -> None:
    lose_claude(face, tmp_path / "lost")
    expect(claude(face)).to_contain_text("There is no file")
    expect(face.side.get_by_role("region", name="Try the practice agent")).to_be_visible()
    face.shot("first-agent-1-missing")

    claude(face).get_by_role("button", name="Install, 168 MB").click()
    dialog = face.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Install Claude Code?")
    expect(dialog.locator("pre")).to_have_text(re.compile(r"pip install .*wegent-jupyter\[claude\]"))
    face.shot("first-agent-2-install")
    dialog.get_by_role("button", name="Cancel").click()

    claude(face).get_by_role("button", name="I have it…").click()
    path = claude(face).get_by_label("Path of Claude Code")
    path.fill("/nowhere/claude")
    path.press("Enter")
    expect(claude(face).get_by_role("alert")).to_contain_text("There is no file /nowhere/claude")
    face.errors[:] = [error for error in face.errors if "status of 400" not in error]
    path.fill(str(program(tmp_path / "claude")))
    path.press("Enter")
    expect(claude(face)).to_contain_text("Claude Code 2.9.9")
    expect(claude(face)).to_contain_text("not logged in")
    face.shot("first-agent-3-not-logged-in")

    claude(face).get_by_role("button", name="Log in").click()
    expect(face.page.locator(".jp-Terminal")).to_be_visible()
    expect(claude(face)).to_contain_text("ready, logged in", timeout=LIVENESS)
    face.shot("first-agent-4-ready")
    expect(face.side.get_by_role("region", name="Try the practice agent")).to_have_count(0)
    expect(face.side.get_by_label("Agent", exact=True)).to_have_text("Claude Code")
    face.side.get_by_label("Agent", exact=True).click()
    expect(face.side.locator(".wegent-AgentChoice .wegent-Title")).to_have_text(["Claude Code", "Codex"])
    face.page.keyboard.press("Escape")
    face.page.keyboard.press("Control+Shift+c")
    expect(face.page.locator(".lm-CommandPalette-item", has_text="Practice: Stream an answer")).to_be_attached()
    face.page.keyboard.press("Escape")
