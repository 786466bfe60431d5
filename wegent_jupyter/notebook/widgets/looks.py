"""What widgets show, as HTML and as text: the same where it is live, in a saved notebook, and on a terminal.

Everything that comes from elsewhere is text here, and can be no markup. Colours are those of JupyterLab's theme; where
there is none, such as on GitHub, words and signs say all of it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Tone = Literal["good", "busy", "warn", "bad", "none"]

_SIGNS: dict[Tone, str] = {"good": "●", "busy": "◌", "warn": "▲", "bad": "✕", "none": "○"}
_COLOURS: dict[Tone, str] = {
    "good": "var(--jp-success-color1, #2e7d32)",
    "busy": "var(--jp-brand-color1, #1976d2)",
    "warn": "var(--jp-warn-color1, #c56200)",
    "bad": "var(--jp-error-color1, #c62828)",
    "none": "var(--jp-ui-font-color2, inherit)",
}
_FAINT = "color:var(--jp-ui-font-color2, inherit)"
_LINE = "var(--jp-border-width, 1px) solid var(--jp-border-color2, #ddd)"
_CODE = "font-family:var(--jp-code-font-family, monospace);font-size:var(--jp-code-font-size, 13px);background:none"
_ROOT = (
    "font-family:var(--jp-ui-font-family, system-ui, sans-serif);font-size:var(--jp-ui-font-size1, 13px);"
    "line-height:1.5;color:var(--jp-ui-font-color1, inherit);overflow-wrap:anywhere;white-space:normal"
)
_HIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""Characters that hide or reorder others."""
MAX_TEXT = 2_000
"""Characters of one piece."""
MAX_BOXES = 40
"""Of more slots, the number alone is shown."""


def unhidden(text: str) -> str:
    """Return text in which characters that cannot be seen are written as their code."""
    cut = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", cut.replace("\r\n", "\n"))


@dataclass(slots=True, frozen=True)
class Mark:
    """A sign and a word, so that colour is never the only sign."""

    word: str
    tone: Tone = "none"
    sign: str | None = None


@dataclass(slots=True, frozen=True)
class Code:
    """Something to be read letter by letter: a path, a command, a code."""

    code: str
    large: bool = False


@dataclass(slots=True, frozen=True)
class Strong:
    """A word that counts."""

    word: str


@dataclass(slots=True, frozen=True)
class Faint:
    """A word that says more about another."""

    word: str


@dataclass(slots=True, frozen=True)
class Link:
    """An address to be opened; what is not of the web stays text."""

    address: str
    word: str


Word = str | Mark | Code | Strong | Faint | Link
Cell = Word | Sequence[Word]
"""One word, or several beside each other."""


@dataclass(slots=True, frozen=True)
class Title:
    """A heading."""

    text: str


@dataclass(slots=True, frozen=True)
class Line:
    """A paragraph."""

    cell: Cell
    level: Literal["plain", "hint", "warning", "problem"] = "plain"


@dataclass(slots=True, frozen=True)
class Known:
    """Facts under their names."""

    rows: Sequence[tuple[str, Cell]]


@dataclass(slots=True, frozen=True)
class Table:
    """Rows under a head; '' heads a column that needs none."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    more: int = 0
    """How many are not shown."""


@dataclass(slots=True, frozen=True)
class Items:
    """A list."""

    items: Sequence[Cell]
    more: int = 0
    numbered: bool = False


@dataclass(slots=True, frozen=True)
class Boxes:
    """Slots: those in use are filled."""

    used: int
    all: int
    word: str


Part = Title | Line | Known | Table | Items | Boxes


def page(parts: Iterable[Part]) -> str:
    """Return parts as HTML; '' for none."""
    inside = "".join(_html(part) for part in parts)
    return f'<div style="{_ROOT}">{inside}</div>' if inside else ""


def plain(parts: Iterable[Part]) -> str:
    """Return parts as text."""
    return "\n".join(line for part in parts for line in _text(part))


def problem(message: str, fix: str | None = None) -> list[Part]:
    """Return what went wrong, and what makes it right."""
    cell: list[Word] = [Mark(message, "bad"), *([Faint(fix)] if fix else [])]
    return [Line(cell, "problem")]


def _html(part: Part) -> str:
    match part:
        case Title(text):
            style = "font-weight:600;margin:6px 0 2px"
            return f'<div role="heading" aria-level="4" style="{style}">{_safe(text)}</div>'
        case Line():
            return _line(part)
        case Known(rows):
            inside = "".join(
                f'<tr><th scope="row" style="{_cell(_FAINT)};white-space:nowrap">{_safe(name)}</th>'
                f'<td style="{_cell()}">{_cells(cell)}</td></tr>'
                for name, cell in rows
            )
            return _table(inside)
        case Table():
            return _rows(part)
        case Items(items, more, numbered):
            shown = [*items, *([_more(more)] if more else [])]
            inside = "".join(f"<li>{_cells(cell)}</li>" for cell in shown)
            tag = "ol" if numbered else "ul"
            return f'<{tag} style="margin:2px 0;padding-left:20px">{inside}</{tag}>'
        case Boxes(used, all_, word):
            boxes = "".join(_box(at < used) for at in range(all_ if all_ <= MAX_BOXES else 0))
            return (
                f'<div style="display:flex;align-items:center;gap:3px;margin:3px 0"><span aria-hidden="true" '
                f'style="display:inline-flex;gap:3px;margin-right:5px">{boxes}</span>{_safe(word)}</div>'
            )


def _line(line: Line) -> str:
    style, role = "margin:2px 0", ""
    if line.level == "hint":
        style += f";{_FAINT}"
    elif line.level != "plain":
        colour = _COLOURS["bad" if line.level == "problem" else "warn"]
        style += f";padding:2px 8px;border-left:3px solid {colour}"
        role = ' role="alert"' if line.level == "problem" else ""
    return f'<div{role} style="{style}">{_cells(line.cell)}</div>'


def _rows(table: Table) -> str:
    style = f"{_cell(_FAINT)};border-bottom:{_LINE};font-size:12px;white-space:nowrap"
    head = "".join(f'<th scope="col" style="{style}">{_safe(name)}</th>' for name in table.head)
    rows = [[*row] for row in table.rows]
    if table.more:
        rows.append([_more(table.more), *([""] * (len(table.head) - 1))])
    body = "".join(f"<tr>{''.join(_data(cell) for cell in row)}</tr>" for row in rows)
    return _table(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def _data(cell: Cell) -> str:
    return f'<td style="{_cell(f"border-bottom:{_LINE}")}">{_cells(cell)}</td>'


def _table(inside: str) -> str:
    style = "border-collapse:collapse;margin:2px 0;font-size:inherit;table-layout:auto;border:0;color:inherit"
    return f'<table style="{style}">{inside}</table>'


def _cell(more: str = "") -> str:
    """Return the style of a cell; it wins over what notebooks give to tables."""
    return f"padding:2px 14px 2px 0;text-align:left;vertical-align:top;font-weight:400;background:none;{more}"


def _box(filled: bool) -> str:
    colour = _COLOURS["busy"] if filled else "transparent"
    edge = _COLOURS["busy"] if filled else "var(--jp-ui-font-color3, #999)"
    return (
        '<span style="display:inline-block;box-sizing:border-box;width:14px;height:14px;border-radius:2px;'
        f'border:1px solid {edge};background:{colour}"></span>'
    )


def _more(count: int) -> Word:
    return Faint(f"and {count:,} more")


def _words(cell: Cell) -> Sequence[Word]:
    return cell if isinstance(cell, (list, tuple)) else [cell]  # type: ignore[list-item]  # what is left is a word


def _cells(cell: Cell) -> str:
    return " ".join(_word(one) for one in _words(cell))


def _word(word: Word) -> str:
    match word:
        case str():
            return _safe(word)
        case Mark(text, tone, sign):
            style = f"color:{_COLOURS[tone]};margin-right:4px"
            return f'<span aria-hidden="true" style="{style}">{sign or _SIGNS[tone]}</span><span>{_safe(text)}</span>'
        case Code(code, large):
            more = ";font-size:22px;letter-spacing:0.08em;user-select:all" if large else ""
            return f'<code style="{_CODE}{more};color:inherit">{_safe(code)}</code>'
        case Strong(text):
            return f"<strong>{_safe(text)}</strong>"
        case Faint(text):
            return f'<span style="{_FAINT}">{_safe(text)}</span>'
        case Link(address, text):
            if not re.match(r"https?://", unhidden(address)):
                return _safe(address)
            style = "color:var(--jp-content-link-color, #1565c0);font-weight:600"
            href = escape(address, quote=True)
            return f'<a href="{href}" target="_blank" rel="noopener noreferrer" style="{style}">{_safe(text)}</a>'


def _safe(text: str) -> str:
    return escape(unhidden(text), quote=True).replace("\n", "<br>")


def _text(part: Part) -> list[str]:
    match part:
        case Title(text):
            return ["", unhidden(text)]
        case Line(cell):
            return [_spoken(cell)]
        case Known(rows):
            width = max((len(name) for name, _ in rows), default=0)
            return [f"  {name:<{width}}  {_spoken(cell)}" for name, cell in rows]
        case Table(_, rows, more):
            lines = [" · ".join(filter(None, (_spoken(cell) for cell in row))) for row in rows]
            return [*(f"  {line}" for line in lines), *([f"  and {more:,} more"] if more else [])]
        case Items(items, more, numbered):
            lines = [f"  {f'{at}.' if numbered else '-'} {_spoken(cell)}" for at, cell in enumerate(items, 1)]
            return [*lines, *([f"  and {more:,} more"] if more else [])]
        case Boxes(used, all_, word):
            full, free = (used, max(0, all_ - used)) if max(used, all_) <= MAX_BOXES else (0, 0)
            return [f"{'■' * full}{'□' * free} {word}".strip()]


def _spoken(cell: Cell) -> str:
    return " ".join(_said(one) for one in _words(cell)).replace("\n", " ")


def _said(word: Word) -> str:
    match word:
        case str():
            return unhidden(word)
        case Mark(text, tone, sign):
            return f"{sign or _SIGNS[tone]} {unhidden(text)}"
        case Code(text, _) | Strong(text) | Faint(text):
            return unhidden(text)
        case Link(address, _):
            return unhidden(address)
