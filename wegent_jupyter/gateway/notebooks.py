"""Compare two notebooks cell by cell.

nbdime does more, but its package switches on a server extension and buttons in everybody's JupyterLab.
"""

import json
from collections import Counter
from difflib import SequenceMatcher
from typing import Any

from wegent_jupyter.protocol.changes import NotebookCell

MAX_CELLS = 2_000
"""Of one notebook."""
MAX_PAIRS = 200_000
"""Cells that say the same, in pairs: matching takes time that grows with their number."""
Cell = dict[str, Any]


def cells(before: str | None, after: str | None) -> list[NotebookCell] | None:
    """Return the cells of both in order; None when one of them is no notebook that we can read."""
    old, new = _cells_of(before), _cells_of(after)
    if old is None or new is None or max(len(old), len(new)) > MAX_CELLS:
        return None
    mine, theirs = _keys(old, new), _keys(new, old)
    counts = Counter(theirs)
    if sum(counts[key] for key in mine) > MAX_PAIRS:
        return None
    found: list[NotebookCell] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [_pair(one, other) for one, other in zip(old[i1:i2], new[j1:j2], strict=True)]
        else:
            found += _changed(old[i1:i2], new[j1:j2])
    return found


def _cells_of(text: str | None) -> list[Cell] | None:
    if text is None:
        return []
    try:
        found = json.loads(text)["cells"] if text.strip() else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    ok = isinstance(found, list) and all(isinstance(one, dict) for one in found)
    return found if ok else None


def _keys(mine: list[Cell], others: list[Cell]) -> list[str]:
    """Return by what cells are matched: their ids where both notebooks have them, else what they say."""
    theirs = {_id(one) for one in others}
    return [f"id:{known}" if (known := _id(one)) and known in theirs else _text(one) for one in mine]


def _id(cell: Cell) -> str:
    found = cell.get("id")
    return found if isinstance(found, str) else ""


def _changed(old: list[Cell], new: list[Cell]) -> list[NotebookCell]:
    """Pair what was replaced in its order: a cell without an id that was edited is one cell that changed."""
    pairs = min(len(old), len(new))
    fitting = [_kind(one) == _kind(other) for one, other in zip(old, new, strict=False)]
    found: list[NotebookCell] = []
    for number in range(max(len(old), len(new))):
        if number < pairs and fitting[number]:
            found.append(_pair(old[number], new[number]))
            continue
        if number < len(old):
            found.append(NotebookCell(status="deleted", cell_type=_kind(old[number]), before=_source(old[number])))
        if number < len(new):
            found.append(NotebookCell(status="added", cell_type=_kind(new[number]), after=_source(new[number])))
    return found


def _pair(one: Cell, other: Cell) -> NotebookCell:
    before, after = _source(one), _source(other)
    outputs = one.get("outputs") != other.get("outputs")
    same = before == after and not outputs and _kind(one) == _kind(other)
    return NotebookCell(
        status="same" if same else "modified",
        cell_type=_kind(other),
        before=before,
        after=after,
        outputs_changed=outputs,
    )


def _kind(cell: Cell) -> str:
    return _whole(str(cell.get("cell_type"))[:20])


def _source(cell: Cell) -> str:
    source = cell.get("source", "")
    return _whole("".join(map(str, source)) if isinstance(source, list) else str(source))


def _whole(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can name and no answer holds."""
    return text.encode(errors="replace").decode()


def _text(cell: Cell) -> str:
    return f"{_kind(cell)}:{_source(cell)}"
