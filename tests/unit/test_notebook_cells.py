"""Two notebooks, cell by cell."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wegent_jupyter.gateway.notebooks import cells


def notebook(*sources: str | tuple[str, str], ids: bool = True, **outputs: list[Any]) -> str:
    made = []
    for number, source in enumerate(sources):
        name, text = source if isinstance(source, tuple) else (f"c{number}", source)
        cell: dict[str, Any] = {"cell_type": "code", "source": text.splitlines(keepends=True)}
        cell["outputs"] = outputs.get(name, [])
        made.append({**cell, "id": name} if ids else cell)
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


def told(before: str | None, after: str | None) -> list[tuple[str, str | None, str | None]]:
    found = cells(before, after)
    assert found is not None
    return [(one.status, one.before, one.after) for one in found]


def test_an_edited_cell_is_one_that_changed_with_and_without_ids() -> None:
    for ids in (True, False):
        found = told(notebook("a = 1", "b = 2", ids=ids), notebook("a = 1", "b = 3", ids=ids))
        assert found == [("same", "a = 1", "a = 1"), ("modified", "b = 2", "b = 3")]


def test_a_new_and_a_removed_cell_are_told_at_their_place() -> None:
    before = notebook(("x", "1"), ("y", "2"), ("z", "3"))
    after = notebook(("x", "1"), ("new", "9"), ("z", "3"), ("last", "4"))
    assert [status for status, _, _ in told(before, after)].count("same") == 2
    assert ("added", None, "4") in told(before, after)
    assert told(before, notebook(("x", "1"), ("z", "3"))) == [
        ("same", "1", "1"),
        ("deleted", "2", None),
        ("same", "3", "3"),
    ]


def test_other_outputs_of_the_same_source_are_told() -> None:
    (found,) = cells(notebook("1 + 1"), notebook("1 + 1", c0=[{"output_type": "stream", "text": "2"}])) or []
    assert (found.status, found.outputs_changed) == ("modified", True)


def test_a_new_notebook_is_all_added_and_a_deleted_one_all_gone() -> None:
    assert told(None, notebook("a")) == [("added", None, "a")]
    assert told(notebook("a"), None) == [("deleted", "a", None)]


def test_what_is_no_notebook_has_no_cells() -> None:
    for text in ("not json", "[]", '{"cells": 3}', '{"cells": [1]}', "[" * 100_000):
        assert cells(text, notebook("a")) is None


@given(st.lists(st.sampled_from("abcde")), st.lists(st.sampled_from("abcde")))
def test_every_cell_of_both_is_told_once_and_in_order(old: list[str], new: list[str]) -> None:
    found = told(notebook(*old, ids=False), notebook(*new, ids=False))
    assert [before for _, before, _ in found if before is not None] == old
    assert [after for _, _, after in found if after is not None] == new


def test_a_strange_notebook_is_shown_or_said_to_be_none_and_never_takes_long() -> None:
    odd = json.dumps({"cells": [{"cell_type": "code", "id": [], "source": "\ud83d"}, {"id": {}, "source": 3}]})
    assert told(None, odd) == [("added", None, "?"), ("added", None, "3")]
    alike = notebook(*["pass"] * 1_000, ids=False)
    assert cells(alike, alike) is None
