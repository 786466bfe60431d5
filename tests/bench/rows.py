"""What a benchmark gives: rows of a table, each compared with a reference that was measured in the same run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Compare = Literal["ratio", "difference", "alone"]
"""Against the reference: ours / reference, ours - reference, or nothing to compare with."""


@dataclass(frozen=True)
class Aim:
    """`limit` in the unit of what is compared: a factor for a ratio, else the row's own unit."""

    direction: Literal["at most", "at least"]
    limit: float

    def met(self, value: float) -> bool:
        return value <= self.limit if self.direction == "at most" else value >= self.limit


@dataclass(frozen=True)
class Row:
    """One line. The figures are medians over the rounds; `samples` keeps each round for the JSON."""

    what: str
    unit: str
    ours: float
    reference: float | None = None
    reference_is: str = ""
    compare: Compare = "alone"
    compared: float | None = None
    aim: Aim | None = None
    note: str = ""
    samples: tuple[tuple[float, float | None], ...] = ()

    @property
    def met(self) -> bool | None:
        value = self.ours if self.compare == "alone" else self.compared
        return None if self.aim is None or value is None else self.aim.met(value)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def row(
    what: str,
    unit: str,
    samples: list[tuple[float, float | None]],
    *,
    reference_is: str = "",
    compare: Compare = "alone",
    aim: Aim | None = None,
    note: str = "",
) -> Row:
    """Make a row of (ours, reference) pairs, one for each round.

    Compared are the two of a round, and then the median is taken: what a busy neighbour does to a round it does to
    both of them.
    """
    pairs = [(ours, reference) for ours, reference in samples if reference is not None]
    compared = None
    if compare == "ratio":
        compared = median(ours / reference for ours, reference in pairs)
    elif compare == "difference":
        compared = median(ours - reference for ours, reference in pairs)
    return Row(
        what=what,
        unit=unit,
        ours=median(ours for ours, _ in samples),
        reference=median(reference for _, reference in pairs) if pairs else None,
        reference_is=reference_is,
        compare=compare,
        compared=compared,
        aim=aim,
        note=note,
        samples=tuple(samples),
    )


def table(rows: list[Row]) -> str:
    """Lay rows out as text, notes below."""
    head = ["what", "ours", "reference", "compared", "aim", "met?"]
    lines = [head, *[_cells(one) for one in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    laid = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    laid.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"  {one.what}: {text}" for one in rows if (text := _note(one))]
    return "\n".join([*laid, *(["", *notes] if notes else [])])


def _cells(one: Row) -> list[str]:
    signs = {"at most": "≤", "at least": "≥"}
    aim = f"{signs[one.aim.direction]} {_compared(one, one.aim.limit)}" if one.aim else ""
    return [
        one.what,
        _figure(one.ours, one.unit),
        _figure(one.reference, one.unit) if one.reference is not None else "",
        _compared(one, one.compared) if one.compared is not None else "",
        aim,
        {True: "yes", False: "NO", None: ""}[one.met],
    ]


def _note(one: Row) -> str:
    reference = f"against {one.reference_is}" if one.reference_is else ""
    return "; ".join(part for part in (reference, one.note) if part)


def _compared(one: Row, value: float) -> str:
    if one.compare == "ratio":
        return f"{value:.2f} x"
    return f"{'+' if one.compare == 'difference' and value >= 0 else ''}{_figure(value, one.unit)}"


def _figure(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
