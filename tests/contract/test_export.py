"""Transcripts of tasks as notebooks: what is in them, their bounds, and the way back to the task."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.support.transcripts import HOME, message, seen, tool, turn
from wegent_jupyter.client import export_cells
from wegent_jupyter.client.export import notebook
from wegent_jupyter.client.transcript_file import BadTranscript, check, read, write
from wegent_jupyter.protocol.changes import FileDiff, NotebookCell
from wegent_jupyter.protocol.states import TurnState


def cells(*items: dict[str, Any], **fields: Any) -> list[Any]:
    """Return the cells between the head of the one turn and its end."""
    found: list[Any] = notebook(seen(turn(1, "Do it", *items, **fields))).cells
    return found[3:-3]


def sources(*items: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in cells(*items)]


# What is in one.


def test_a_question_and_its_answer_are_markdown_in_order_with_who_said_it() -> None:
    made = notebook(seen(turn(1, "First\nline two", message("**Yes**.")), turn(2, "And?", message("No."))))
    shown = [cell.source for cell in made.cells]
    assert shown[0].startswith("# Clean up") and "On gpu-box, in /home/ann/churn" in shown[0]
    assert shown[1:4] == ["## 1. You\n\nFirst  \nline two", "### Claude Code\n\nasks first", "**Yes**."]
    assert shown[5].startswith("## 2. You") and shown[7] == "No."


def test_a_command_is_a_cell_of_its_own_with_what_it_printed_and_that_it_failed() -> None:
    given = {
        "tool": "execute",
        "input": {"command": "pytest -q\necho $HOME"},
        "output": "1 failed\n",
        "status": "failed",
    }
    [cell] = cells(tool("pytest -q", **given))
    assert (cell.cell_type, cell.source) == ("code", "%%bash\npytest -q\necho $HOME")
    assert [(one.name, one.text) for one in cell.outputs] == [("stdout", "1 failed\n"), ("stderr", "Failed.\n")]
    assert cell.metadata.tags == ["wegent-command", "skip-execution"]


def test_only_python_of_an_answer_and_new_python_files_become_code() -> None:
    answer = "Try:\n\n```python\nx = 1\n```\n\nor\n\n```bash\nls\n```"
    new = {"path": f"{HOME}/load.py", "old": None, "new": "import csv\n"}
    old = {"path": f"{HOME}/old.py", "old": "a\n", "new": "b\n"}
    found = sources(message(answer), tool("Write load.py", diffs=[new]), tool("Edit old.py", diffs=[old]))
    assert [source for kind, source in found if kind == "code"] == ["x = 1", "import csv\n"]
    assert ("markdown", "or\n\n```bash\nls\n```") in found
    assert ("markdown", "```diff\n--- old.py\n+++ old.py\n@@ -1 +1 @@\n-a\n+b\n```") in found


def test_the_code_of_a_notebook_that_was_written_becomes_code() -> None:
    whole = {"cells": [{"cell_type": "markdown", "source": "# T"}, {"cell_type": "code", "source": ["a = 1\n", "a"]}]}
    diff = {"path": f"{HOME}/eda.ipynb", "old": None, "new": json.dumps(whole)}
    assert ("code", "a = 1\na") in sources(tool("Write eda.ipynb", diffs=[diff]))


def test_a_file_that_was_not_written_after_all_is_shown_as_what_it_would_have_been() -> None:
    diff = {"path": f"{HOME}/x.py", "old": None, "new": "x\n"}
    found = sources(tool("Write x.py", status="failed", diffs=[diff]))
    assert [kind for kind, _ in found] == ["markdown", "markdown"]
    assert "+x" in found[1][1]


def test_what_other_tools_returned_is_the_output_of_a_comment() -> None:
    [cell] = cells(tool("Read\nutils.py", output="def load(): …"))
    assert (cell.source, cell.outputs[0].text) == ("# Read utils.py", "def load(): …")


def test_changed_files_are_listed_and_their_diffs_shown_once() -> None:
    files = [{"path": name, "status": "modified", "added": 1, "removed": 1} for name in ("a.txt", "b.txt", "c.ipynb")]
    edit = tool("Edit a.txt", diffs=[{"path": f"{HOME}/a.txt", "old": "1\n", "new": "2\n"}])
    one = turn(1, "Do", edit, {"kind": "changes", "files": files, "total": 4})
    compared = [FileDiff(path=name, status="modified", before="1\n", after="2\n") for name in ("a.txt", "b.txt")]
    cell = NotebookCell(status="modified", cell_type="code", before="x", after="y")
    compared.append(FileDiff(path="c.ipynb", status="modified", cells=[cell]))
    text = "\n".join(one.source for one in notebook(seen(one), {1: compared}).cells)
    assert "- b.txt: modified +1 \N{MINUS SIGN}1" in text and "… and 1 more" in text
    assert [text.count(f"+++ {name}\n") for name in ("a.txt", "b.txt", "c.ipynb")] == [1, 1, 1]
    assert "@@ cell 1, code, modified @@" in text


def test_what_a_device_says_in_another_shape_is_left_out_and_harms_nothing() -> None:
    odd: list[Any] = ["x", 7, None, {"path": 7, "added": "many", "removed": [1]}, {"added": 1}]
    items: list[dict[str, Any]] = [{"kind": "changes", "files": odd, "total": 5}, {"kind": "plan", "entries": odd}]
    items += [tool("Write", diffs=odd), tool("Run", tool="execute", input=["ls"]), {"kind": "a new one"}]
    text = "\n".join(cell.source for cell in cells(*items))
    assert "- 7: None" in text and "✓ **Run**" in text


def test_what_was_sent_used_and_went_wrong_is_told() -> None:
    one = turn(
        1,
        "Look",
        {"kind": "thought", "text": "hm"},
        {"kind": "plan", "entries": [{"content": "Read", "status": "completed"}, {"content": "Write", "status": "x"}]},
        {"kind": "steer", "text": "faster"},
        {"kind": "approval", "approval": {"state": "denied", "title": "rm x", "decision": {"reason": "no"}}},
        state="failed",
        context=[{"name": "df", "kind": "variable", "detail": "DataFrame, 5 of 1,000 rows", "text": "…"}],
        attachments=[{"id": 1, "name": "plot.png", "type": "image/png", "size": 2048}],
        usage={"input_tokens": 1200, "output_tokens": 34, "session_cost_usd": 0.5},
        error={"code": "x", "message": "It broke.", "fix": "Try again."},
    )
    text = "\n".join(cell.source for cell in notebook(seen(one)).cells)
    for told in (
        "*Sent with it:* df (DataFrame, 5 of 1,000 rows), plot.png (2,048 bytes)",
        "- [x] Read\n- [ ] Write",
        "*✕ Denied*: rm x (no)",
        "*Failed · 1,200 tokens in, 34 out · 0.5000 US dollars so far*\n\n> It broke.\n\n> What to do: Try again.",
    ):
        assert told in text


def test_a_practice_turn_says_so_and_only_that_one() -> None:
    made = notebook(seen(turn(1, "a", practice=True, agent="practice"), turn(2, "b")))
    marked = [cell.source for cell in made.cells if "PRACTICE: scripted, not AI" in cell.source]
    assert len(marked) == 2  # the head, and that turn
    assert marked[0].startswith("# Clean up") and marked[1].startswith("### Practice agent")


@pytest.mark.parametrize("state", [one for one in TurnState if not one.final])
def test_a_task_that_still_runs_can_be_saved_and_says_so(state: TurnState) -> None:
    running = turn(1, "Do", tool("ls", tool="execute", input={"command": "ls"}, status="in_progress"), state=state)
    text = json.dumps(notebook(seen(running)))
    assert "Not over when this was saved" in text and "Not finished when this was saved" in text


def test_two_transcripts_of_one_task_are_the_same_bytes() -> None:
    first, second = (nbformat.writes(notebook(seen(turn(1, "a", message("b"))))) for _ in range(2))
    assert first == second


# It is bounded.


def test_a_long_output_is_cut_and_says_so() -> None:
    [cell] = cells(tool("Read", output="x" * (export_cells.MAX_OUTPUT + 1)))
    assert len(cell.outputs[0].text) < export_cells.MAX_OUTPUT + 100
    assert cell.outputs[0].text.endswith(export_cells.CUT)


def test_a_task_without_end_makes_a_notebook_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_cells, "MAX_CELLS", 20)
    many = [tool(f"Read {number}", output="x") for number in range(100)]
    made = notebook(seen(turn(1, "Do", *many)))
    assert len(made.cells) == 21
    assert made.cells[-1].source == export_cells.CUT


def test_an_output_has_its_colours_and_no_other_control_sequence() -> None:
    [cell] = cells(tool("Read", output="\x1b[31mred\x1b[0m \x1b]8;;https://a.example\x07x\x1b[2J\x00"))
    assert cell.outputs[0].text == "\x1b[31mred\x1b[0m �]8;;https://a.example�x�[2J�"


# Files.


def test_a_transcript_leads_back_to_its_task(tmp_path: Path) -> None:
    target = tmp_path / "out.ipynb"
    write(target, notebook(seen(turn(1, "a")), name=target.name))
    found = read(target)
    assert (found.task_id, found.gateway) == (7, "gateway-1")
    last = nbformat.read(target, 4).cells[-1].source
    assert 'wg.load("out.ipynb")' in last


def test_a_file_is_never_overwritten_unasked_and_never_half_written(tmp_path: Path) -> None:
    target = tmp_path / "out.ipynb"
    write(target, notebook(seen(turn(1, "a"))))
    before = target.read_bytes()
    with pytest.raises(BadTranscript, match="exists"):
        write(target, notebook(seen(turn(1, "other"))))
    assert target.read_bytes() == before
    write(target, notebook(seen(turn(1, "other"))), overwrite=True)
    assert target.read_bytes() != before
    assert [path.name for path in tmp_path.iterdir()] == ["out.ipynb"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("out.txt", "ends in .ipynb"), ("no/such/out.ipynb", "There is no folder"), ("folder.ipynb", "is a folder")],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_asked(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.ipynb").mkdir()
    with pytest.raises(BadTranscript, match=said):
        check(tmp_path / name, overwrite=True)


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "out.ipynb").symlink_to(tmp_path / "elsewhere.ipynb")
    with pytest.raises(BadTranscript, match="exists"):
        check(tmp_path / "out.ipynb")


def _about(**fields: Any) -> str:
    metadata = {"wegent": {"version": 1, "gateway": "g", "task_id": 7, **fields}}
    return json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


NONE = [
    ("", "no notebook"),
    ("{", "no notebook"),
    ("[]", "no notebook"),
    ("null", "no notebook"),
    ('"x"', "no notebook"),
    ("{}", "no notebook"),
    ("\ufeff\x00", "no notebook"),
    ("[" * 100_000, "no notebook"),
    ('{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}', "no notebook"),
    ('{"nbformat": 4, "nbformat_minor": 5, "metadata": [], "cells": []}', "no notebook|names no task"),
    ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "was not saved by Wegent"),
    ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {"wegent": 7}, "cells": []}', "was not saved by Wegent"),
    (_about(version=2), "newer"),
    (_about(version="1"), "makes no sense"),
    (_about(task_id="7; rm"), "makes no sense"),
    (_about(task_id=True), "makes no sense"),
    (_about(task_id=-1), "makes no sense"),
    (_about(task_id=1 << 60), "makes no sense"),
    (_about(gateway={"a": 1}), "makes no sense"),
    (_about(gateway="g" * 1000), "makes no sense"),
]


@pytest.mark.parametrize(("text", "said"), NONE, ids=range(len(NONE)))
def test_a_notebook_that_is_no_transcript_is_told_from_one(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(BadTranscript, match=said):
        read(path)


def test_what_is_no_text_or_not_there_is_told_from_a_transcript(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_bytes(os.urandom(100) + b"\xff")
    for name in ("x.ipynb", "absent.ipynb", "."):
        with pytest.raises(BadTranscript, match=r"no notebook|cannot be read"):
            read(tmp_path / name)
