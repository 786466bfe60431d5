"""Who may import whom. The rules and their reasons are in docs/architecture.md."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = "wegent_jupyter"

# What each part may import of ours, besides itself. A new part must be entered here, by a decision.
MAY_IMPORT: dict[str, set[str]] = {
    "protocol": set(),
    "gateway": {"protocol", "locks", "_version"},
    "executor": {"protocol", "locks", "_version"},
    "practice": {"protocol", "_version"},
    "client": {"protocol", "_version"},
    "notebook": {"client", "protocol", "_version"},
    "cli": {"client", "protocol", "_version"},
    "server": {"protocol", "gateway", "executor", "practice", "client", "cli", "bridge", "locks", "_version"},
}
# Libraries that a part stays free of: protocol does no I/O and has no clock; the others know no web framework.
MUST_NOT_IMPORT: dict[str, set[str]] = {
    "protocol": {"aiohttp", "httpx", "socket", "socketio", "sqlalchemy", "sqlite3", "subprocess", "time", "tornado"},
    "gateway": {"jupyter_server", "tornado"},
    "executor": {"jupyter_server", "sqlalchemy", "tornado"},
    "client": {"jupyter_server", "tornado"},
}


def python_files(part: str) -> list[Path]:
    return sorted((ROOT / OURS / part).rglob("*.py"))


def imports(source: str, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield line and absolute dotted name of everything that a module imports, at any depth of nesting.

    `from a import b` yields `a.b`: whether `b` is a module cannot be seen, and for these rules it need not be.
    """
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    is_package = path.name == "__init__.py"
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = ".".join(parts[:-1] if is_package else parts)
    return imports(path.read_text(encoding="utf-8"), module, is_package)


def faults(part: str, may_import: set[str], must_not_import: set[str]) -> list[str]:
    found = []
    for path in python_files(part):
        for line, name in imports_of(path):
            top, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if (top == OURS and target not in may_import | {part}) or top in must_not_import:
                found.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    return found


def parts_on_disk() -> list[str]:
    return sorted(p.name for p in (ROOT / OURS).iterdir() if any(p.glob("*.py")))


def test_every_part_has_a_rule() -> None:
    assert parts_on_disk()
    assert set(parts_on_disk()) <= set(MAY_IMPORT), "enter the new part in MAY_IMPORT and in docs/architecture.md"


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_a_part_imports_only_what_its_rule_allows(part: str) -> None:
    assert faults(part, MAY_IMPORT[part], MUST_NOT_IMPORT.get(part, set())) == []


def test_importing_the_package_imports_nothing() -> None:
    tree = ast.parse((ROOT / OURS / "__init__.py").read_text(encoding="utf-8"))
    at_import = {ast.unparse(n) for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)}
    assert at_import <= {"from typing import Any"}  # loaded by any program that has annotations


def test_the_guard_needs_only_the_standard_library() -> None:
    guard = ROOT / OURS / "executor" / "guard.py"
    names = {name.partition(".")[0] for _, name in imports_of(guard)}
    assert names
    assert names <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import wegent_jupyter.gateway.store", "wegent_jupyter.gateway.store"),
        ("from wegent_jupyter import gateway", "wegent_jupyter.gateway"),
        ("from ..gateway import store", "wegent_jupyter.gateway.store"),
        ("from .. import gateway", "wegent_jupyter.gateway"),
        ("from . import runner", "wegent_jupyter.executor.runner"),
        ("def late():\n    from wegent_jupyter.gateway.store import Store", "wegent_jupyter.gateway.store.Store"),
    ],
)
def test_the_rules_see_every_form_of_import(source: str, name: str) -> None:
    assert [found for _, found in imports(source, "wegent_jupyter.executor.link", is_package=False)] == [name]


def test_the_rules_resolve_relative_imports_of_a_package() -> None:
    found = [name for _, name in imports("from ..gateway import store", "wegent_jupyter.executor", is_package=True)]
    assert found == ["wegent_jupyter.gateway.store"]
