"""docs/feature-map.md says where each sentence of the feature page is built and tested: what it names must exist."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAP = ROOT / "docs" / "feature-map.md"
CELL = re.compile(r"(?<!\\)\|")
CODE = re.compile(r"`([^`]+)`")
# What a row may say instead of a path: work still to come, or a decision with its reason.
REASON = re.compile(r"(?:not yet|not offered|differs|said only) \([^)]+\)")


@dataclass(frozen=True)
class Row:
    line: int
    sentence: str
    where: str
    test: str

    @property
    def references(self) -> list[str]:
        """The paths of the last two columns, as written: `path` or `path::test`."""
        return CODE.findall(self.where) + CODE.findall(self.test)


@cache
def rows() -> tuple[Row, ...]:
    """Return every row of every table of the map, without heads and rules."""
    found = []
    for number, line in enumerate(MAP.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.startswith("|") or line.startswith(("| Sentence |", "|---")):
            continue
        cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
        assert len(cells) == 3, f"line {number}: {len(cells)} cells instead of 3"
        found.append(Row(number, *cells))
    return tuple(found)


def test_the_map_has_rows() -> None:
    assert len(rows()) > 200


def test_every_path_of_the_map_exists() -> None:
    missing = [
        f"line {row.line}: {reference}"
        for row in rows()
        for reference in row.references
        if not (ROOT / reference.partition("::")[0]).exists()
    ]
    assert missing == []


def test_every_named_test_of_the_map_is_in_its_file() -> None:
    missing = []
    for row in rows():
        for reference in row.references:
            path, _, name = reference.partition("::")
            if name and name not in _functions(ROOT / path):
                missing.append(f"line {row.line}: {reference}")
    assert missing == []


def test_every_row_is_built_and_tested_or_says_why_not() -> None:
    unclear = [
        f"line {row.line}: {row.sentence[:60]}"
        for row in rows()
        if not REASON.match(row.where) and not (CODE.search(row.where) and _has_test(row))
    ]
    assert unclear == []


def _has_test(row: Row) -> bool:
    tests = CODE.findall(row.test)
    return bool(tests) and all(path.startswith(("tests/", ".ci/")) for path in tests)


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
