"""Variables as an agent gets them: what they are, how large, and their beginning, in a bounded number of steps."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from wegent_jupyter.notebook.bounded import cell, known_as, shown
from wegent_jupyter.protocol.context import MAX_CHARS

ROWS, COLUMNS, DTYPES = 5, 30, 200
ENTRIES = 100
"""Of an array."""
MAX_PNG: Final = 2 << 20
"""Bytes of a figure."""
MAX_PIXELS: Final = 1_600
"""Along the longer side of a figure: finer than that no model looks."""


@dataclass(slots=True, frozen=True)
class Rendering:
    """A value as it is sent."""

    detail: str
    """What it is and how much of it this is."""
    text: str = ""
    png: bytes = b""
    """Instead of a text."""


def render(value: object) -> Rendering:
    """Return the rendering of any value; raises whatever the value raises."""
    if known_as(value, "pandas", "DataFrame"):
        return _frame(value)
    if known_as(value, "pandas", "Series"):
        return _series(value)
    if known_as(value, "numpy", "ndarray"):
        return _array(value)
    if known_as(value, "matplotlib.figure", "Figure"):
        return _figure(value)
    if known_as(value, "matplotlib.axes", "Axes"):
        return render(value.get_figure())  # type: ignore[attr-defined]
    if known_as(value, "PIL.Image", "Image"):
        return _picture(value)
    if isinstance(value, str):
        return Rendering(f"str, {len(value):,} characters", value[: 2 * MAX_CHARS])
    return _object(value)


def _frame(frame: Any) -> Rendering:
    rows, columns = frame.shape
    part = frame.iloc[:ROWS, :COLUMNS]
    dtypes = [f"{cell(name)}: {dtype}" for name, dtype in zip(frame.columns[:DTYPES], frame.dtypes.iloc[:DTYPES])]  # noqa: B905 - cut to the same length
    head = ["", *(cell(name) for name in part.columns)]
    body = [
        [cell(part.index[row]), *(cell(part.iat[row, column]) for column in range(part.shape[1]))]
        for row in range(part.shape[0])
    ]
    lines = [f"{type(frame).__name__}: {_count(rows, 'row')}, {_count(columns, 'column')}"]
    lines += ["dtypes:", *(f"  {line}" for line in dtypes)]
    lines += [f"  … {columns - DTYPES:,} more columns"] if columns > DTYPES else []
    lines += (
        [f"first {_count(len(body), 'row')}{_of_columns(part.shape[1], columns)}:", *_table([head, *body])]
        if body
        else []
    )
    detail = f"{type(frame).__name__}, {_count(columns, 'column')}, {_part(len(body), rows, 'row')}"
    return Rendering(detail, "\n".join(lines))


def _series(series: Any) -> Rendering:
    count, part = len(series), series.iloc[:ROWS]
    body = [[cell(part.index[row]), cell(part.iat[row])] for row in range(len(part))]
    kind = type(series).__name__
    lines = [f"{kind} {cell(series.name)}: {_count(count, 'value')}, dtype {series.dtype}", *_table(body)]
    return Rendering(f"{kind}, {series.dtype}, {_part(len(body), count, 'value')}", "\n".join(lines))


def _array(array: Any) -> Rendering:
    shape = " x ".join(f"{one:,}" for one in array.shape) or "one value"
    kind = type(array).__name__
    lines = [f"{kind}: {shape}, dtype {array.dtype}"]
    if array.ndim == 2:
        part = array[: ROWS * 2, : ROWS * 2]
        lines += [f"first {part.shape[0]} x {part.shape[1]}:", *_table([[cell(one) for one in row] for row in part])]
    elif array.size:
        values = array.flat[:ENTRIES]
        lines += [f"first {_count(len(values), 'value')}:", ", ".join(cell(one) for one in values)]
    return Rendering(f"{kind}, {shape}, {array.dtype}", "\n".join(lines))


def _figure(figure: Any) -> Rendering:
    width, height = figure.get_size_inches()
    dpi = min(100.0, MAX_PIXELS / max(width, height, 0.1))
    for scale in (1.0, 0.5, 0.25):
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=dpi * scale)
        if file.tell() <= MAX_PNG:
            size = f"{width * dpi * scale:,.0f} x {height * dpi * scale:,.0f} pixels"
            return Rendering(f"Figure, {size}", png=file.getvalue())
    raise ValueError(f"as a picture it has more than {MAX_PNG >> 20} MiB")


def _picture(picture: Any) -> Rendering:
    small, file = picture.reduce(max(1, max(picture.size) // MAX_PIXELS)), io.BytesIO()
    small.convert("RGBA").save(file, format="png")
    if file.tell() > MAX_PNG:
        raise ValueError(f"as a PNG it has more than {MAX_PNG >> 20} MiB; resize it")
    return Rendering(f"Image, {small.size[0]:,} x {small.size[1]:,} pixels", png=file.getvalue())


def _object(value: Any) -> Rendering:
    text = shown(value)
    kind = type(value).__name__
    if isinstance(value, dict | list | tuple | set | frozenset):
        return Rendering(f"{kind}, {_count(len(value), 'entry', 'entries')}", text)
    return Rendering(kind, text or "(its repr is empty)")


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(one.ljust(width) for one, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _of_columns(shown_: int, columns: int) -> str:
    return f", {shown_} of {columns:,} columns" if shown_ < columns else ""


def _part(some: int, every: int, what: str) -> str:
    return _count(every, what) if some >= every else f"{some} of {_count(every, what)}"


def _count(number: int, one: str, more: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"
