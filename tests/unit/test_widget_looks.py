"""What widgets show: the same words as HTML and as text, in which nothing from elsewhere can act."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from wegent_jupyter.notebook.widgets import words
from wegent_jupyter.notebook.widgets.looks import (
    MAX_TEXT,
    Boxes,
    Cell,
    Code,
    Faint,
    Items,
    Known,
    Line,
    Link,
    Mark,
    Part,
    Strong,
    Table,
    Title,
    page,
    plain,
    problem,
)
from wegent_jupyter.protocol import api, personal, skills

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e"
SHOWN = "⟨U+202E⟩"
WORDS: list[Cell] = [HOSTILE, Mark(HOSTILE), Code(HOSTILE), Strong(HOSTILE), Faint(HOSTILE), Link(HOSTILE, HOSTILE)]


@pytest.mark.parametrize("word", WORDS, ids=lambda word: type(word).__name__)
def test_text_from_elsewhere_is_text_in_every_part(word: Cell) -> None:
    parts: list[Part] = [Line(word), Known([("Name", word)]), Table(("A",), [[word]]), Items([word])]
    shown = page(parts)
    assert "<img" not in shown
    assert shown.count(SHOWN) == len(parts)
    assert plain(parts).count(SHOWN) == len(parts)


def test_titles_boxes_and_problems_are_text_too() -> None:
    shown = page([Title(HOSTILE), Boxes(1, 2, HOSTILE), *problem(HOSTILE, HOSTILE)])
    assert "<img" not in shown
    assert shown.count(SHOWN) == 4


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "\u200bjavascript:alert(1)", "data:text/html,x", "//evil", "", "http:/x", " https://x"],
)
def test_only_addresses_of_the_web_are_links(address: str) -> None:
    assert "<a " not in page([Line(Link(address, "Open the page"))])


def test_a_link_leads_where_it_says_and_stays_within_its_quotes() -> None:
    shown = page([Line(Link('https://x/?a="><b>', "Open the page"))])
    assert 'href="https://x/?a=&quot;&gt;&lt;b&gt;"' in shown
    assert 'rel="noopener noreferrer"' in shown


def test_long_text_is_cut() -> None:
    assert len(plain([Line("x" * 10 * MAX_TEXT)])) < MAX_TEXT + 10


def test_what_is_not_shown_is_counted() -> None:
    assert "and 1,200 more" in plain([Items(["x"], 1200)])
    assert "and 7 more" in plain([Table(("A", "B"), [["x", "y"]], 7)])
    assert page([]) == ""


def test_slots_are_drawn_as_long_as_they_can_be_counted() -> None:
    assert plain([Boxes(2, 5, "2/5 slots in use")]) == "■■□□□ 2/5 slots in use"
    assert plain([Boxes(7, 5, "7/5 slots in use")]) == "■■■■■■■ 7/5 slots in use"  # set to fewer while they ran
    assert plain([Boxes(2, 10**9, "2 of many")]) == "2 of many"
    assert len(page([Boxes(2, 10**9, "2 of many")])) < 1_000


def device(name: str, **fields: Any) -> api.Device:
    return api.Device.model_validate({"device_id": name, "name": name, "status": "online", **fields})


def test_devices_that_may_be_taken_for_another_are_told_apart() -> None:
    mine, box = device("This computer", embedded=True), device("gpu-box")
    twin = device("GPU-BOX\u200b ")
    assert words.apart([mine], mine) == ""
    assert words.apart([mine, box], mine) == "embedded"
    assert words.apart([mine, box], box) == ""
    assert words.apart([mine, box, twin], box) == "standalone"
    one, other = device("a", machine="m"), device("b", machine="m")
    assert words.apart([one, other], one) == "standalone"


LOGINS: list[tuple[personal.SyncStatus, bool, str]] = [
    ("unknown", False, "Not reported yet"),
    ("present", False, "Has a login"),
    ("present", True, "Skipped: has its own, which is kept"),
    ("missing", True, "Has none"),
    ("writing", True, "Is being sent…"),
    ("written", True, "Got the saved one"),
    ("skipped_existing", True, "Skipped: has its own, which is kept"),
    ("failed", True, "Could not be written"),
]


@pytest.mark.parametrize(("status", "sends", "said"), LOGINS)
def test_the_login_file_is_told_as_in_the_settings(status: personal.SyncStatus, sends: bool, said: str) -> None:
    auth = personal.DeviceAuth(device_id="d", name="d", online=True, status=status)
    assert words.login_file(auth, sends=sends).word == said


def move(name: str, *, renamed: bool = False) -> skills.Move:
    return skills.Move.model_validate({"source": "codex", "from": f"/a/{name}", "to": f"/b/{name}", "renamed": renamed})


def test_plans_and_results_of_sharing_are_told_with_their_counts() -> None:
    plan = skills.Sharing(state="separate", shared_path="/s")
    assert words.plan(plan) == "No skill has to move."
    assert words.plan(plan.model_copy(update={"state": "shared"})) == "All is shared already: nothing would move."
    one, two = [move("x", renamed=True)], [move("x"), move("y")]
    assert words.plan(plan.model_copy(update={"moves": one})).startswith("One skill would move. One is renamed")
    assert words.plan(plan.model_copy(update={"moves": two})) == "2 skills would move."
    stuck = plan.model_copy(update={"moves": two, "obstacles": [skills.Obstacle(path="/x", message="in the way")]})
    assert words.plan(stuck) == "This cannot be done as things are. Nothing is changed."
    done = skills.SharingResult(shared_path="/s", moved_count=2, moved=two)
    assert words.result(done).word == "Shared: 2 skills were moved."
    assert words.result(done.model_copy(update={"status": "undone"})).word.startswith("Undone: 2 skills are back")
    failed = words.result(done.model_copy(update={"success": False, "status": "failed", "error": "No space left"}))
    assert (failed.word, failed.tone) == ("No space left", "bad")


def test_the_folder_of_a_skill_is_found_on_every_system() -> None:
    assert [words.folder(path) for path in ("/a/b/tidy", "C:\\a\\tidy\\", "tidy", "/")] == ["tidy", "tidy", "tidy", "/"]


def test_looks_are_there_without_ipywidgets() -> None:
    code = "import sys, wegent_jupyter.notebook.widgets.looks; print('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
